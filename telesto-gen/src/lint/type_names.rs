//! Rules about the names of types.

use std::collections::HashMap;

use crate::document::{Node, join};

use super::Report;
use crate::names::pascal;
use crate::spec::alternatives::Union;
use crate::spec::{Found, Spec, component_name};

/// Names that typify and the coercion use without a path.
const TAKEN: &[&str] = &["D", "Default", "Err", "None", "Ok", "S", "Some", "String"];

/// typify does not check whether it has used the name of a type before.
pub(super) fn name(spec: &Spec<'_>, report: &mut Report<'_>) {
    nested(spec, report);
    let schemas = spec.components("schemas");
    let mut named: HashMap<String, &str> = HashMap::new();
    for entry in schemas {
        let name = &entry.key;
        let rust = pascal(name);
        let at = join("/components/schemas", name);
        let legal = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        if name.is_empty() || !name.chars().all(legal) {
            report.at_key(
                &at,
                format!("the schema name `{name}` has characters that a `$ref` cannot contain"),
                "use ASCII letters and digits, such as `PurchaseOrder`",
            );
        } else if TAKEN.contains(&rust.as_str()) {
            report.at_key(
                &at,
                format!("`{rust}` is a name that the generated code uses itself"),
                format!("make it more specific, such as `Product{rust}`"),
            );
        } else if let Some(first) = named.get(&rust) {
            report.at_key(
                &at,
                format!("the schemas `{first}` and `{name}` are both `{rust}` in Rust"),
                "rename one of the two",
            );
        }
        named.entry(rust).or_insert(name);
    }
}

/// typify names a nested schema after its title, or after those that it is in. If
/// another type has that name, it silently uses that one.
fn nested(spec: &Spec<'_>, report: &mut Report<'_>) {
    let unions = spec.unions.iter();
    let mut types = Types {
        unions: unions
            .map(|union| (union.pointer.as_str(), union))
            .collect(),
        known: HashMap::new(),
        clashes: Vec::new(),
    };
    for entry in spec.components("schemas") {
        let pointer = join("/components/schemas", &entry.key);
        types.add(&pascal(&entry.key), &entry.value, &pointer);
    }
    for operation in &spec.operations {
        let Some(id) = operation.id() else { continue };
        for parameter in spec.parameters(operation) {
            if let Some(schema) = parameter.found.node.get("schema") {
                let name = format!("{id}-{}", parameter.name);
                types.add(&name, schema, &parameter.found.field("schema"));
            }
        }
        let body = spec.request_body(operation).map(|body| (body, "body"));
        let responses = spec.successes(operation);
        let responses = responses.into_iter().map(|(_, found)| (found, "response"));
        for (found, suffix) in body.into_iter().chain(responses) {
            let content = found.field("content");
            for entry in found.node.get("content").map_or(&[][..], Node::entries) {
                if let Some(schema) = entry.value.get("schema") {
                    let pointer = join(&join(&content, &entry.key), "schema");
                    types.add(&format!("{id}-{suffix}"), schema, &pointer);
                }
            }
        }
    }
    for (name, first, second) in types.clashes {
        let line = spec.document.line(&first);
        report.at_key(
            &second,
            format!("this schema is `{name}` in Rust, and so is another one, on line {line}"),
            "move one of the two to `components/schemas`, with a name of its own",
        );
    }
}

/// The types that schemas become, by name.
struct Types<'s, 'a> {
    /// The schemas with alternatives, by their pointers.
    unions: HashMap<&'s str, &'s Union>,
    known: HashMap<String, Found<'a>>,
    /// A name, the first schema with it, and another one.
    clashes: Vec<(String, String, String)>,
}

impl<'a> Types<'_, 'a> {
    /// Adds a schema of a component, a parameter or a body, and those in it.
    fn add(&mut self, name: &str, schema: &'a Node, pointer: &str) {
        let title = schema
            .text_of("title")
            .filter(|_| component_name(pointer).is_none());
        self.walk(title.unwrap_or(name), schema, pointer);
    }

    fn walk(&mut self, name: &str, schema: &'a Node, pointer: &str) {
        let name = pascal(name);
        let is_reference = schema.get("$ref").is_some();
        // Every component is a type.
        if component_name(pointer).is_some() || (is_type(schema) && !is_reference) {
            self.take(&name, schema, pointer);
        }
        // What is referred to has its own name.
        if !is_reference {
            self.walk_into(&name, schema, pointer);
        }
    }

    /// Walks what is in a schema. The parts of an `allOf` are one type.
    fn walk_into(&mut self, name: &str, schema: &'a Node, pointer: &str) {
        let properties = schema.get("properties").map_or(&[][..], Node::entries);
        for entry in properties {
            let pointer = join(&join(pointer, "properties"), &entry.key);
            self.child(format!("{name}_{}", entry.key), &entry.value, &pointer);
        }
        let values = match properties {
            [] => format!("{name}Value"),
            _ => format!("{name}_extra"),
        };
        for (key, name) in [
            ("items", format!("{name}_item")),
            ("additionalProperties", values),
        ] {
            if let Some(child) = schema.get(key) {
                self.child(name, child, &join(pointer, key));
            }
        }
        self.alternatives(name, schema, pointer);
        let parts = schema.get("allOf").map_or(&[][..], Node::items);
        for (index, part) in parts.iter().enumerate() {
            if part.get("$ref").is_none() {
                self.walk_into(name, part, &format!("{pointer}/allOf/{index}"));
            }
        }
    }

    /// Walks the alternatives of a schema. With properties beside them, each is
    /// merged with those.
    fn alternatives(&mut self, name: &str, schema: &'a Node, pointer: &str) {
        let Some(union) = self.unions.get(pointer).copied() else {
            return;
        };
        for (index, alternative) in union.alternatives.iter().enumerate() {
            let list = schema.get(union.keyword).map_or(&[][..], Node::items);
            let Some(part) = list.get(index) else {
                continue;
            };
            let name = format!("{name}_{}", alternative.name);
            let pointer = format!("{pointer}/{}/{index}", union.keyword);
            match union.is_merged {
                true => {
                    let name = pascal(&name);
                    self.take(&name, part, &pointer);
                    self.walk_into(&name, part, &pointer);
                }
                false => self.child(name, part, &pointer),
            }
        }
    }

    fn child(&mut self, name: String, schema: &'a Node, pointer: &str) {
        let title = schema.text_of("title").map(str::to_owned);
        self.walk(&title.unwrap_or(name), schema, pointer);
    }

    fn take(&mut self, name: &str, schema: &'a Node, pointer: &str) {
        match self.known.get(name) {
            // Two names may well stand for the same. Components are compared above.
            Some(first) if first.node == schema || component_name(pointer).is_some() => {}
            Some(first) => {
                let clash = (name.to_owned(), first.pointer.clone(), pointer.to_owned());
                self.clashes.push(clash);
            }
            None => {
                let found = Found {
                    node: schema,
                    pointer: pointer.to_owned(),
                };
                self.known.insert(name.to_owned(), found);
            }
        }
    }
}

/// Whether a schema becomes a type of its own.
fn is_type(schema: &Node) -> bool {
    let has = |key: &str| schema.get(key).is_some();
    let texts = schema.text_of("type") == Some("string") && has("enum");
    texts
        || ["properties", "allOf", "oneOf", "anyOf"]
            .into_iter()
            .any(has)
}

//! The types that schemas become, as typify names them.

use std::collections::HashMap;

use heck::ToSnakeCase as _;

use crate::document::{Node, find, join};
use crate::names::{fields, pascal, snake};

use super::alternatives::Union;
use super::{Found, Spec, component_name, sent_as, statuses};

/// The types that schemas become.
pub(crate) struct Types<'s, 'a> {
    spec: &'s Spec<'a>,
    /// The schemas with alternatives, by their pointers.
    unions: HashMap<&'s str, &'s Union>,
    /// The parts that are being walked: a schema may be a part of itself.
    within: Vec<String>,
    /// The first schema of each name.
    pub(crate) known: HashMap<String, Found<'a>>,
    /// A name, the first schema with it, and another one.
    pub(crate) clashes: Vec<(String, String, String)>,
}

impl<'s, 'a> Types<'s, 'a> {
    pub(crate) fn of(spec: &'s Spec<'a>) -> Self {
        let unions = spec.unions.iter();
        let unions = unions.map(|union| (union.pointer.as_str(), union));
        let mut types = Self {
            spec,
            unions: unions.collect(),
            within: Vec::new(),
            known: HashMap::new(),
            clashes: Vec::new(),
        };
        for entry in spec.components("schemas") {
            let pointer = join("/components/schemas", &entry.key);
            types.walk(&entry.key, &entry.value, &pointer);
        }
        for operation in &spec.operations {
            let Some(id) = operation.id() else { continue };
            for parameter in spec.parameters(operation) {
                if let Some(schema) = parameter.found.node.get("schema") {
                    let name = format!("{id}-{}", parameter.name);
                    types.walk(&name, schema, &parameter.found.field("schema"));
                }
            }
            let body = spec.request_body(operation);
            let body = body.and_then(|body| spec.media(&body, sent_as));
            let body = body.map(|(_, media)| (media, "body"));
            let mut contents = spec.contents(operation);
            if spec.returns_by_status(operation)
                && let Some(responses) = operation.node.get("responses")
            {
                let (name, pointer) = (format!("{id}-response"), statuses::pointer(operation));
                types.take(&pascal(&name), responses, &pointer);
                types.alternatives(&pascal(&name), &pointer);
                contents.clear();
            }
            let responses = contents.into_iter().flat_map(|content| {
                let entries = content.node.entries().iter();
                entries.filter_map(move |entry| spec.field(&content, &entry.key))
            });
            for (media, suffix) in body.into_iter().chain(responses.map(|m| (m, "response"))) {
                if let Some(schema) = media.node.get("schema") {
                    types.walk(&format!("{id}-{suffix}"), schema, &media.field("schema"));
                }
            }
        }
        types
    }

    /// Adds a schema, and those in it. Only those that are not a component are
    /// named after their title.
    fn walk(&mut self, suggested: &str, schema: &'a Node, pointer: &str) {
        let is_component = component_name(pointer).is_some();
        let title = schema.text_of("title").filter(|_| !is_component);
        let name = pascal(title.unwrap_or(suggested));
        let is_reference = schema.get("$ref").is_some();
        // Every component is a type.
        if is_component || (is_type(schema) && !is_reference) {
            self.take(&name, schema, pointer);
        }
        // What is referred to has its own name.
        if !is_reference {
            self.walk_into(&name, suggested, schema, pointer);
        }
    }

    /// Walks what is in a schema. The parts of an `allOf` are one type.
    fn walk_into(&mut self, name: &str, suggested: &str, schema: &'a Node, pointer: &str) {
        let properties = schema.get("properties").map_or(&[][..], Node::entries);
        let fields = fields(properties.iter().map(|entry| &entry.key));
        for (entry, field) in properties.iter().zip(fields) {
            let pointer = join(&join(pointer, "properties"), &entry.key);
            // Of two that are the same field, the second one has a number.
            let field = match field == snake(&entry.key) {
                true => entry.key.to_snake_case(),
                false => field,
            };
            self.walk(&format!("{name}_{field}"), &entry.value, &pointer);
        }
        // A map ignores its title.
        let values = match properties {
            [] => format!("{suggested}Value"),
            _ => format!("{name}_extraValue"),
        };
        for (key, suggested) in [
            ("items", format!("{name}Item")),
            ("additionalProperties", values),
        ] {
            if let Some(child) = schema.get(key) {
                self.walk(&suggested, child, &join(pointer, key));
            }
        }
        self.alternatives(name, pointer);
        let whole = Found {
            node: schema,
            pointer: pointer.to_owned(),
        };
        let is_merged = self.spec.unwrapped(&whole).pointer == pointer;
        for (part, pointer) in whole.parts("allOf") {
            if part.get("$ref").is_none() {
                self.walk_into(name, suggested, part, &pointer);
                continue;
            }
            // Of what is merged, even the types in what it refers to are new ones.
            let part = self.spec.resolve(part, &pointer).filter(|_| is_merged);
            if let Some(part) = part.filter(|part| !self.within.contains(&part.pointer)) {
                self.within.push(part.pointer.clone());
                self.walk_into(name, suggested, part.node, &part.pointer);
                self.within.pop();
            }
        }
    }

    /// Walks the alternatives of a schema. With properties beside them, each is
    /// merged with those.
    fn alternatives(&mut self, name: &str, pointer: &str) {
        let Some(union) = self.unions.get(pointer).copied() else {
            return;
        };
        for alternative in &union.alternatives {
            let pointer = &alternative.pointer;
            let part = find(self.spec.root, pointer).node;
            let suggested = format!("{name}_{}", alternative.name.to_snake_case());
            match union.is_merged {
                true => {
                    let name = pascal(&suggested);
                    self.take(&name, part, pointer);
                    self.walk_into(&name, &suggested, part, pointer);
                }
                false => self.walk(&suggested, part, pointer),
            }
        }
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

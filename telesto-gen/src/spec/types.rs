//! The types that schemas become, as typify names them.

use std::collections::{HashMap, HashSet};

use heck::ToSnakeCase as _;

use crate::document::{Node, find, join};
use crate::names::{Pascal, fields, snake};

use super::alternatives::Union;
use super::parameters::with_other_setters;
use super::{Found, Spec, component_name, media_type, says_nothing, sent_as, statuses};

/// The types that schemas become.
pub(crate) struct Types<'s, 'a> {
    spec: &'s Spec<'a>,
    names: Pascal,
    /// The schemas with alternatives, by their pointers.
    unions: HashMap<&'s str, &'s Union>,
    /// The parts that are being walked: a schema may be a part of itself.
    within: Vec<String>,
    /// The parts that were walked, with the types that they are merged into: a schema may be
    /// a part of several other parts.
    walked: HashSet<(String, String)>,
    /// What the outermost of them is a part of.
    merged: Option<String>,
    /// The first schema of each name.
    pub(crate) known: HashMap<String, Found<'a>>,
    /// The schema that parts are merged in, by the names of what is in those that it
    /// refers to.
    merged_in: HashMap<String, String>,
    /// The nested schemas that would have another name without their title.
    pub(crate) titled: HashSet<String>,
    /// A name, the first schema with it, and another one.
    pub(crate) clashes: Vec<(String, String, String)>,
}

impl<'s, 'a> Types<'s, 'a> {
    pub(crate) fn of(spec: &'s Spec<'a>) -> Self {
        let unions = spec.unions.iter();
        let unions = unions.map(|union| (union.pointer.as_str(), union));
        let mut types = Self {
            spec,
            names: Pascal::default(),
            unions: unions.collect(),
            within: Vec::new(),
            walked: HashSet::new(),
            merged: None,
            merged_in: HashMap::new(),
            known: HashMap::new(),
            titled: HashSet::new(),
            clashes: Vec::new(),
        };
        let components = spec.components("schemas").iter().map(|entry| {
            let pointer = join("/components/schemas", &entry.key);
            (entry, pointer)
        });
        // Every component is a type, and has its name whatever is nested in others.
        for (entry, pointer) in components.clone() {
            let name = types.names.of(&entry.key);
            types.take(&name, &entry.value, &pointer);
        }
        for (entry, pointer) in components {
            let name = types.names.of(&entry.key);
            types.walk_named(&name, &entry.key, &entry.value, &pointer);
        }
        for operation in &spec.operations {
            let Some(id) = operation.id() else { continue };
            let parameters = spec.parameters(operation);
            for (parameter, other) in with_other_setters(&parameters) {
                if let Some(schema) = parameter.found.node.get("schema") {
                    let name = other.as_deref().unwrap_or(parameter.name);
                    let suggested = format!("{id}-{name}");
                    types.walk(&suggested, schema, &parameter.found.field("schema"));
                }
            }
            let body = spec.request_body(operation);
            let body = body.and_then(|body| spec.media(&body, sent_as));
            let body = body.map(|(_, media)| (media, "body"));
            let mut successes = spec.successes(operation);
            if spec.returns_by_status(operation)
                && let Some(responses) = operation.node.get("responses")
            {
                let name = types.names.of(&format!("{id}-response"));
                let pointer = statuses::pointer(operation);
                types.take(&name, responses, &pointer);
                types.alternatives(&name, &pointer);
                successes.clear();
            }
            let responses = successes.iter().filter_map(|(_, success)| {
                let (_, media) = spec.media(success, media_type)?;
                Some((media, "response"))
            });
            for (media, suffix) in body.into_iter().chain(responses) {
                if let Some(schema) = media.node.get("schema") {
                    types.walk(&format!("{id}-{suffix}"), schema, &media.field("schema"));
                }
            }
        }
        types
    }

    /// Adds a nested schema, which is named after its title, and those in it.
    fn walk(&mut self, suggested: &str, schema: &'a Node, pointer: &str) {
        if !has_types(schema) {
            return;
        }
        if let Some((part, place)) = only_part(schema, pointer) {
            return self.walk(suggested, part, &place);
        }
        let name = self.names.of(schema.text_of("title").unwrap_or(suggested));
        if is_type(schema) && schema.get("$ref").is_none() {
            self.take(&name, schema, pointer);
            if name != self.names.of(suggested) {
                self.titled.insert(pointer.to_owned());
            }
        }
        self.walk_named(&name, suggested, schema, pointer);
    }

    /// Walks what is in the schema `name`. What is referred to has its own name.
    fn walk_named(&mut self, name: &str, suggested: &str, schema: &'a Node, pointer: &str) {
        if schema.get("$ref").is_none() {
            self.walk_into(name, suggested, schema, pointer);
        }
    }

    /// Walks what is in a schema. The parts of an `allOf` are one type.
    fn walk_into(&mut self, name: &str, suggested: &str, schema: &'a Node, pointer: &str) {
        let properties = schema.get("properties").map_or(&[][..], Node::entries);
        let fields = match properties.iter().any(|entry| has_types(&entry.value)) {
            true => fields(properties.iter().map(|entry| &entry.key)),
            false => Vec::new(),
        };
        let fields = properties.iter().zip(fields);
        for (entry, field) in fields.filter(|(entry, _)| has_types(&entry.value)) {
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
        let is_merged = only_part(schema, pointer).is_none();
        let whole = Found {
            node: schema,
            pointer: pointer.to_owned(),
        };
        for (part, pointer) in whole.parts("allOf") {
            if part.get("$ref").is_none() {
                self.walk_into(name, suggested, part, &pointer);
                continue;
            }
            // Of what is merged, even the types in what it refers to are new ones.
            let part = self.spec.resolve(part, &pointer).filter(|_| is_merged);
            let Some(part) = part.filter(|part| !self.within.contains(&part.pointer)) else {
                continue;
            };
            let key = (name.to_owned(), part.pointer.clone());
            if self.walked.insert(key) {
                let is_outermost = self.merged.is_none();
                self.merged.get_or_insert_with(|| whole.pointer.clone());
                self.within.push(part.pointer.clone());
                self.walk_into(name, suggested, part.node, &part.pointer);
                self.within.pop();
                self.merged.take_if(|_| is_outermost);
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
                    let name = self.names.of(&suggested);
                    self.take(&name, part, pointer);
                    self.walk_into(&name, &suggested, part, pointer);
                }
                false => self.walk(&suggested, part, pointer),
            }
        }
    }

    /// Where the schema of a type is, or else that of a type that it is in, going by their
    /// names. Of what is merged, it is the schema that is made of the parts.
    pub(crate) fn place(&self, name: &str) -> Option<&str> {
        let ends = name.char_indices().map(|(start, c)| start + c.len_utf8());
        let mut holders = ends.rev().map(|end| &name[..end]);
        holders.find_map(|name| {
            let known = self.known.get(name).map(|found| found.pointer.as_str());
            let merged = self.merged_in.get(name).map(String::as_str);
            known.filter(|at| is_component(at)).or(merged).or(known)
        })
    }

    fn take(&mut self, name: &str, schema: &'a Node, pointer: &str) {
        if let Some(merged) = &self.merged {
            let merged_in = self.merged_in.entry(name.to_owned());
            merged_in.or_insert_with(|| merged.clone());
        }
        match self.known.get(name) {
            // Two names may well stand for the same, but a component is always a type of
            // its own.
            Some(first) if first.node == schema && !is_component(&first.pointer) => {}
            // The lint compares the names of components.
            Some(_) if is_component(pointer) => {}
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

fn is_component(pointer: &str) -> bool {
    component_name(pointer).is_some()
}

/// The part that a schema is the type of, whatever its own title is: there is nothing to
/// merge. Parts that only document do not count.
pub(crate) fn only_part<'a>(schema: &'a Node, pointer: &str) -> Option<(&'a Node, String)> {
    const OBJECTS: [&str; 5] = [
        "properties",
        "required",
        "additionalProperties",
        "minProperties",
        "maxProperties",
    ];
    if has_any(schema, &OBJECTS) {
        return None;
    }
    let parts = schema.get("allOf").map_or(&[][..], Node::items);
    let mut saying = parts
        .iter()
        .enumerate()
        .filter(|(_, part)| !says_nothing(part));
    match (saying.next(), saying.next()) {
        (Some((index, only)), None) => Some((only, format!("{pointer}/allOf/{index}"))),
        _ => None,
    }
}

/// Whether a schema becomes a type of its own.
fn is_type(schema: &Node) -> bool {
    let texts = schema.text_of("type") == Some("string") && schema.get("enum").is_some();
    let parts = schema.get("allOf").map_or(&[][..], Node::items);
    let is_merged = parts.iter().any(|part| !says_nothing(part));
    texts || is_merged || has_any(schema, &["properties", "oneOf", "anyOf"])
}

/// Whether a schema may become a type of its own, or one in it.
fn has_types(schema: &Node) -> bool {
    is_type(schema) || has_any(schema, &["items", "additionalProperties"])
}

fn has_any(schema: &Node, keys: &[&str]) -> bool {
    keys.iter().any(|key| schema.get(key).is_some())
}

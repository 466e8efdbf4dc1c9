//! What OpenAPI 3.1 writes in another way than 3.0. It is written as in 3.0 into the nodes
//! while reading, so that no later step sees it. All that a node becomes has its place.

use std::mem;
use std::ops::Range;

use super::node::{Data, Entry, Node};
use super::objects::{DOCUMENT, Kind, Object, SCHEMA, Shape, shape_of};
use crate::formats;

/// Schemas that are defined within another.
const DEFINITIONS: &str = "$defs";
static ARE_DEFINITIONS: Shape = Shape::Map(&Shape::Ref(&SCHEMA));

/// Writes a document of OpenAPI 3.1 as one of 3.0. What has no form there stays, for the
/// survey to refuse.
pub(super) fn write_as_3_0(root: &mut Node) {
    each_object(&DOCUMENT, root, &(0..0), &mut |object, entries, at| {
        match object.kind {
            Kind::Document => {
                entries.retain(|e| !matches!(e.key.as_str(), "webhooks" | "jsonSchemaDialect"));
                if let Some(version) = entry(entries, "openapi") {
                    version.value.data = Data::Text("3.0.3".into());
                }
                complete(entries, "paths", at);
            }
            Kind::Info => entries.retain(|entry| entry.key != "summary"),
            Kind::License => entries.retain(|entry| entry.key != "identifier"),
            // What paths refer to is written out already.
            Kind::Components => entries.retain(|entry| entry.key != "pathItems"),
            Kind::Operation => complete(entries, "responses", at),
            Kind::Schema => schema(entries),
            // A reference may be described, but for readers of the document only.
            _ if !object.section.is_empty() && entry(entries, "$ref").is_some() => {
                entries.retain(|e| !matches!(e.key.as_str(), "summary" | "description"));
            }
            _ => {}
        }
    });
}

/// Takes out definitions within schemas, once nothing refers to them any more.
pub(super) fn without_definitions(root: &mut Node) {
    each_object(&DOCUMENT, root, &(0..0), &mut |object, entries, _| {
        if object.kind == Kind::Schema {
            entries.retain(|entry| entry.key != DEFINITIONS);
        }
    });
}

/// What is done with an object of a kind, with its entries, and the place of its key.
type Visit<'v> = &'v mut dyn FnMut(&'static Object, &mut Vec<Entry>, &Range<usize>);

/// Visits all objects, each before those within it.
fn each_object(object: &'static Object, node: &mut Node, at: &Range<usize>, visit: Visit<'_>) {
    let Data::Map(entries) = &mut node.data else {
        return;
    };
    visit(object, entries, at);
    for entry in entries {
        let is_definitions = object.kind == Kind::Schema && entry.key == DEFINITIONS;
        let shape = match entry.key.as_str() {
            _ if is_definitions => Some(&ARE_DEFINITIONS),
            key if key.starts_with("x-") => None,
            key => shape_of(object, key),
        };
        if let Some(shape) = shape {
            each_within(shape, &mut entry.value, &entry.key_span, visit);
        }
    }
}

fn each_within(shape: &'static Shape, node: &mut Node, at: &Range<usize>, visit: Visit<'_>) {
    match shape {
        Shape::Is(object) => each_object(object, node, at, visit),
        Shape::Ref(object) => {
            if object.kind == Kind::Schema && node.data == Data::Flag(true) {
                node.data = Data::Map(Vec::new());
            }
            each_object(object, node, at, visit);
        }
        Shape::FlagOrSchema => each_object(&SCHEMA, node, at, visit),
        Shape::List(item) => {
            if let Data::List(items) = &mut node.data {
                for node in items {
                    let at = node.span.clone();
                    each_within(item, node, &at, visit);
                }
            }
        }
        Shape::Map(value) => {
            for entry in node.entries_mut() {
                each_within(value, &mut entry.value, &entry.key_span, visit);
            }
        }
        Shape::Any
        | Shape::Text
        | Shape::Flag
        | Shape::Integer
        | Shape::Number
        | Shape::OneOf(_) => {}
    }
}

/// Adds a field that need not be there in 3.1.
fn complete(entries: &mut Vec<Entry>, key: &str, at: &Range<usize>) {
    if entry(entries, key).is_none() {
        entries.push(new(key, Data::Map(Vec::new()), at));
    }
}

fn schema(entries: &mut Vec<Entry>) {
    entries.retain(|entry| !matches!(entry.key.as_str(), "$comment" | "$schema"));
    constant(entries);
    choices(entries);
    example(entries);
    exclusive(entries, "exclusiveMinimum", "minimum", f64::gt);
    exclusive(entries, "exclusiveMaximum", "maximum", f64::lt);
    content(entries);
    tuple(entries);
    keys(entries);
    types(entries);
    if text_of(entries, "type") == Some("array") && entry(entries, "items").is_none() {
        let at = span_of(entries, "type");
        entries.push(new("items", Data::Map(Vec::new()), &at));
    }
    reference(entries);
}

/// `const` is a list of one value.
fn constant(entries: &mut Vec<Entry>) {
    let Some(constant) = take(entries, "const") else {
        return;
    };
    entries.retain(|entry| entry.key != "enum");
    let at = constant.key_span;
    let node = Node {
        span: constant.value.span.clone(),
        data: Data::List(vec![constant.value]),
    };
    entries.push(renamed("enum", node, at));
}

/// Alternatives that are values, each with its description, are a list of values.
fn choices(entries: &mut Vec<Entry>) {
    let keyword = |entry: &&mut Entry| matches!(entry.key.as_str(), "oneOf" | "anyOf");
    let Some(alternatives) = entries.iter_mut().find(keyword) else {
        return;
    };
    let value = |node: &Node| {
        let mut constant = None;
        for entry in node.entries() {
            match entry.key.as_str() {
                "const" => constant = Some(entry.value.clone()),
                "type" if entry.value.text().is_some() => {}
                "title" | "description" | "deprecated" => {}
                _ => return None,
            }
        }
        constant
    };
    let items = alternatives.value.items();
    let Some(values) = items.iter().map(value).collect::<Option<Vec<Node>>>() else {
        return;
    };
    let types = items.iter().map(|item| item.get("type").cloned());
    let mut types: Vec<Option<Node>> = types.collect();
    types.dedup();
    alternatives.key = "enum".into();
    alternatives.value.data = Data::List(values);
    let at = alternatives.key_span.clone();
    if let ([Some(node)], None) = (&types[..], entry(entries, "type")) {
        entries.push(renamed("type", node.clone(), at));
    }
}

/// Of several examples, the first.
fn example(entries: &mut Vec<Entry>) {
    let Some(examples) = take(entries, "examples") else {
        return;
    };
    if let (Some(first), None) = (examples.value.items().first(), entry(entries, "example")) {
        entries.push(renamed("example", first.clone(), examples.key_span));
    }
}

/// A bound that is itself not meant. If there is another, the one that is further within
/// holds.
fn exclusive(entries: &mut Vec<Entry>, key: &str, bound: &str, within: fn(&f64, &f64) -> bool) {
    let number = |entry: Option<&mut Entry>| match entry?.value.data {
        #[expect(clippy::cast_precision_loss, reason = "only to compare them")]
        Data::Integer(number) => Some(number as f64),
        Data::Number(number) => Some(number),
        _ => None,
    };
    let Some(exclusive) = number(entry(entries, key)) else {
        return;
    };
    let other = number(entry(entries, bound));
    let Some(taken) = take(entries, key) else {
        return;
    };
    if other.is_some_and(|other| within(&other, &exclusive)) {
        return;
    }
    entries.retain(|entry| entry.key != bound);
    let at = taken.key_span;
    entries.push(renamed(bound, taken.value, at.clone()));
    entries.push(new(key, Data::Flag(true), &at));
}

/// Text that is other data.
fn content(entries: &mut Vec<Entry>) {
    let encoding = take(entries, "contentEncoding");
    let media_type = take(entries, "contentMediaType");
    entries.retain(|entry| entry.key != "contentSchema");
    if entry(entries, "format").is_some() {
        return;
    }
    let format = match (&encoding, &media_type) {
        (Some(encoding), _) if encoding.value.text() == Some("base64") => ("byte", encoding),
        (None, Some(typ)) if typ.value.text() == Some("application/octet-stream") => {
            ("binary", typ)
        }
        _ => return,
    };
    let (name, said) = format;
    entries.push(new("format", Data::Text(name.into()), &said.key_span));
}

/// A tuple whose items are all alike is a list.
fn tuple(entries: &mut Vec<Entry>) {
    let Some(prefix) = entry(entries, "prefixItems") else {
        return;
    };
    let mut items = prefix.value.items().to_vec();
    let at = prefix.key_span.clone();
    let others = entry(entries, "items").map(|entry| entry.value.clone());
    let are_closed = matches!(&others, Some(node) if node.data == Data::Flag(false));
    items.extend(others.filter(|_| !are_closed));
    items.dedup();
    if let [item] = &items[..] {
        entries.retain(|entry| !matches!(entry.key.as_str(), "prefixItems" | "items"));
        entries.push(renamed("items", item.clone(), at));
    }
}

/// Keys of one pattern are keys.
fn keys(entries: &mut Vec<Entry>) {
    let additional = entry(entries, "additionalProperties");
    let is_open = additional.is_some_and(|entry| entry.value.data != Data::Flag(false));
    let Some(patterns) = entry(entries, "patternProperties") else {
        return;
    };
    let at = patterns.key_span.clone();
    if let ([pattern], false) = (patterns.value.entries(), is_open) {
        let value = pattern.value.clone();
        let replaced = ["patternProperties", "additionalProperties"];
        entries.retain(|entry| !replaced.contains(&entry.key.as_str()));
        entries.push(renamed("additionalProperties", value, at));
    }
}

/// One of several types, and null as one of them.
fn types(entries: &mut Vec<Entry>) {
    let Some(typ) = entry(entries, "type") else {
        return;
    };
    let names: Option<Vec<&str>> = match &typ.value.data {
        Data::Text(name) if name == "null" => Some(vec![name]),
        Data::List(items) if !items.is_empty() => items.iter().map(Node::text).collect(),
        _ => return,
    };
    let Some(names) = names else {
        return;
    };
    let names: Vec<String> = names.into_iter().map(str::to_owned).collect();
    let at = typ.key_span.clone();
    let span = typ.value.span.clone();
    let mut left: Vec<&str> = Vec::new();
    for name in names.iter().map(String::as_str) {
        // Whole numbers are numbers.
        let is_number = name == "integer" && names.iter().any(|name| name == "number");
        if name != "null" && !is_number && !left.contains(&name) {
            left.push(name);
        }
    }
    if names.iter().any(|name| name == "null") && entry(entries, "nullable").is_none() {
        entries.push(new("nullable", Data::Flag(true), &at));
    }
    let says_more = ["$ref", "allOf", "oneOf", "anyOf"];
    let says_more = entries.iter().any(|e| says_more.contains(&e.key.as_str()));
    match &left[..] {
        [] => {
            // A text that is never there.
            let replaced = ["type", "enum", "default", "example"];
            entries.retain(|entry| !replaced.contains(&entry.key.as_str()));
            let null = Node {
                span,
                data: Data::Null,
            };
            entries.push(new("type", Data::Text("string".into()), &at));
            entries.push(new("enum", Data::List(vec![null]), &at));
        }
        [name] => {
            let node = Node {
                span,
                data: Data::Text((*name).into()),
            };
            if let Some(typ) = entry(entries, "type") {
                typ.value = node;
            }
        }
        // What it may be is said there.
        _ if says_more => entries.retain(|entry| entry.key != "type"),
        names => {
            entries.retain(|entry| entry.key != "type");
            let parts = alternatives(entries, names, &at);
            let node = Node {
                span,
                data: Data::List(parts),
            };
            entries.push(renamed("oneOf", node, at));
        }
    }
}

/// An alternative for each type, with what is said of its values.
fn alternatives(entries: &mut Vec<Entry>, types: &[&str], at: &Range<usize>) -> Vec<Node> {
    let mut parts: Vec<(&str, Vec<Entry>)> = types
        .iter()
        .map(|typ| {
            let entry = new("type", Data::Text((*typ).into()), at);
            (*typ, vec![entry])
        })
        .collect();
    for said in mem::take(entries) {
        match said.key.as_str() {
            "enum" => {
                for (typ, part) in &mut parts {
                    let values = said.value.items().iter();
                    let values = values.filter(|value| is_of(value, typ)).cloned();
                    let data = Data::List(values.collect());
                    let span = said.value.span.clone();
                    part.push(renamed("enum", Node { span, data }, said.key_span.clone()));
                }
                parts.retain(|(_, part)| {
                    let values = part.last().map_or(&[][..], |values| values.value.items());
                    !values.is_empty()
                });
            }
            key => {
                let is_about = |typ: &str| match key {
                    "format" => {
                        let name = said.value.text().unwrap_or_default();
                        formats::find(typ, name).is_some()
                    }
                    key => limits(typ).contains(&key),
                };
                let about = parts.iter_mut().find(|(typ, _)| is_about(typ));
                match about {
                    Some((_, part)) => part.push(said),
                    None => entries.push(said),
                }
            }
        }
    }
    let nodes = parts.into_iter().map(|(_, part)| Node {
        span: at.clone(),
        data: Data::Map(part),
    });
    nodes.collect()
}

/// The keywords that are about values of a type.
fn limits(typ: &str) -> &'static [&'static str] {
    match typ {
        "string" => &["minLength", "maxLength", "pattern"],
        "integer" | "number" => &[
            "minimum",
            "maximum",
            "exclusiveMinimum",
            "exclusiveMaximum",
            "multipleOf",
        ],
        "array" => &[
            "items",
            "prefixItems",
            "minItems",
            "maxItems",
            "uniqueItems",
        ],
        "object" => &[
            "properties",
            "required",
            "additionalProperties",
            "patternProperties",
            "minProperties",
            "maxProperties",
            "discriminator",
        ],
        _ => &[],
    }
}

fn is_of(value: &Node, typ: &str) -> bool {
    match value.data {
        Data::Null => false,
        Data::Flag(_) => typ == "boolean",
        Data::Integer(_) => matches!(typ, "integer" | "number"),
        Data::Number(_) => typ == "number",
        Data::Text(_) => typ == "string",
        Data::List(_) => typ == "array",
        Data::Map(_) => typ == "object",
    }
}

/// A reference is one of the parts beside what else is said.
fn reference(entries: &mut Vec<Entry>) {
    if entries.len() < 2 {
        return;
    }
    let Some(reference) = take(entries, "$ref") else {
        return;
    };
    let at = reference.key_span.clone();
    let part = Node {
        span: reference.key_span.start..reference.value.span.end,
        data: Data::Map(vec![reference]),
    };
    match entry(entries, "allOf").map(|entry| &mut entry.value.data) {
        Some(Data::List(parts)) => parts.insert(0, part),
        _ => {
            let span = part.span.clone();
            let data = Data::List(vec![part]);
            entries.insert(0, renamed("allOf", Node { span, data }, at));
        }
    }
}

fn entry<'e>(entries: &'e mut [Entry], key: &str) -> Option<&'e mut Entry> {
    entries.iter_mut().find(|entry| entry.key == key)
}

fn text_of<'e>(entries: &'e mut [Entry], key: &str) -> Option<&'e str> {
    entry(entries, key)?.value.text()
}

fn span_of(entries: &mut [Entry], key: &str) -> Range<usize> {
    entry(entries, key).map_or(0..0, |entry| entry.key_span.clone())
}

fn take(entries: &mut Vec<Entry>, key: &str) -> Option<Entry> {
    let at = entries.iter().position(|entry| entry.key == key)?;
    Some(entries.remove(at))
}

/// An entry that stands for one at `at`.
fn new(key: &str, data: Data, at: &Range<usize>) -> Entry {
    let span = at.clone();
    Entry::new(key, Node { span, data })
}

/// As [`new`], with a value that has a place of its own.
fn renamed(key: &str, value: Node, at: Range<usize>) -> Entry {
    Entry {
        key_span: at,
        ..Entry::new(key, value)
    }
}

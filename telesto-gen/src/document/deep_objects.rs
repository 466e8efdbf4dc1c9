//! Query parameters that are objects, as `deepObject`: `filter[name]=x`. Each property is
//! a parameter of its own, and they are written so into the nodes while reading, so that
//! no later step knows of objects in queries.

use super::node::{Data, Entry, Node};
use super::pointer::{self, resolved};
use crate::formats::is_plain;

/// What the schema of such an object may say beside its properties.
const KNOWN: [&str; 10] = [
    "type",
    "properties",
    "required",
    "title",
    "description",
    "example",
    "externalDocs",
    "nullable",
    "minProperties",
    "maxProperties",
];

/// Writes them out, where all properties are plain values. The others stay as they are,
/// for the lint to report.
pub(super) fn write_out(root: &mut Node) {
    let before = root.clone();
    let Some(paths) = pointer::find_mut(root, "/paths") else {
        return;
    };
    for path in paths.entries_mut() {
        for field in path.value.entries_mut() {
            if field.key == "parameters" {
                replace(&before, &mut field.value);
            } else if let Some(parameters) = pointer::find_mut(&mut field.value, "/parameters") {
                replace(&before, parameters);
            }
        }
    }
    // Nothing refers to them any more.
    let shared = pointer::find_mut(root, "/components/parameters");
    if let Some(Data::Map(shared)) = shared.map(|shared| &mut shared.data) {
        shared.retain(|entry| parts(&before, &entry.value).is_none());
    }
}

/// Replaces the objects in a list of parameters. What is added comes last, as a pointer to
/// a parameter has its place in the list.
fn replace(root: &Node, parameters: &mut Node) {
    let Data::List(parameters) = &mut parameters.data else {
        return;
    };
    let mut more = Vec::new();
    for parameter in parameters.iter_mut() {
        let target = resolved(root, parameter);
        let mut parts = target
            .and_then(|found| parts(root, found))
            .into_iter()
            .flatten();
        if let Some(first) = parts.next() {
            *parameter = first;
            more.extend(parts);
        }
    }
    parameters.extend(more);
}

/// The parameters that the properties of one are, if it is one of plain values.
fn parts(root: &Node, parameter: &Node) -> Option<Vec<Node>> {
    let is_deep = parameter.text_of("style") == Some("deepObject");
    let is_closed = |node: &Node| node.data == Data::Flag(false);
    if !is_deep
        || parameter.text_of("in") != Some("query")
        || parameter.get("explode").is_some_and(is_closed)
    {
        return None;
    }
    let name = parameter.text_of("name")?;
    let schema = resolved(root, parameter.get("schema")?)?;
    let is_known = |entry: &Entry| match entry.key.as_str() {
        "additionalProperties" => is_closed(&entry.value),
        key => KNOWN.contains(&key) || key.starts_with("x-"),
    };
    if !schema.entries().iter().all(is_known) {
        return None;
    }
    let required = schema.get("required").map_or(&[][..], Node::items);
    let part = |property: &Entry| {
        let typ = resolved(root, &property.value)?.text_of("type")?;
        if !is_plain(typ) {
            return None;
        }
        let key = property.key.as_str();
        let is_required =
            parameter.is_set("required") && required.iter().any(|name| name.text() == Some(key));
        let at = |data| Node {
            span: property.key_span.clone(),
            data,
        };
        let new = |key: &str, data| Entry::new(key, at(data));
        let mut entries = vec![
            new("name", Data::Text(format!("{name}[{key}]").into())),
            new("in", Data::Text("query".into())),
            new("required", Data::Flag(is_required)),
            Entry {
                key_span: property.key_span.clone(),
                ..Entry::new("schema", property.value.clone())
            },
        ];
        for (from, key) in [(&property.value, "description"), (parameter, "deprecated")] {
            entries.extend(from.entry(key).cloned());
        }
        Some(at(Data::Map(entries)))
    };
    let properties = schema.get("properties").map_or(&[][..], Node::entries);
    let parts: Option<Vec<Node>> = properties.iter().map(part).collect();
    parts.filter(|parts| !parts.is_empty())
}

//! Types that schemas do not state, but imply. They are written into the nodes while
//! reading, so that no later step misses them.

use super::node::{Data, Entry, Node};
use super::{Kind, Survey, pointer};
use crate::formats;

/// The schemas without a type whose `enum` or `format` has only one, by their pointers.
pub(super) fn types(survey: &Survey<'_>) -> Vec<(String, &'static str)> {
    let schemas = survey
        .places
        .iter()
        .filter(|place| place.kind == Kind::Schema);
    let implied = schemas.filter_map(|place| Some((place.pointer.clone(), of(place.node)?)));
    implied.collect()
}

/// Writes such a type into a schema, at the place of what implies it.
pub(super) fn write(root: &mut Node, pointer: &str, typ: &str) {
    let Some(Node {
        data: Data::Map(entries),
        ..
    }) = pointer::find_mut(root, pointer)
    else {
        return;
    };
    let implies = |entry: &&Entry| matches!(entry.key.as_str(), "enum" | "format");
    let Some(span) = entries
        .iter()
        .find(implies)
        .map(|entry| entry.key_span.clone())
    else {
        return;
    };
    entries.push(Entry {
        key: "type".to_owned(),
        key_span: span.clone(),
        key_data: Data::Text("type".to_owned()),
        value: Node {
            span,
            data: Data::Text(typ.to_owned()),
        },
    });
}

fn of(schema: &Node) -> Option<&'static str> {
    let says = ["$ref", "type", "allOf", "oneOf", "anyOf", "not"];
    if says.iter().any(|key| schema.get(key).is_some()) {
        return None;
    }
    match schema.get("enum") {
        Some(values) => of_values(values.items()),
        None => {
            let format = schema.text_of("format")?;
            let mut types = ["string", "integer", "number"].into_iter();
            types.find(|typ| formats::find(typ, format).is_some())
        }
    }
}

/// The type of all of these, but for nulls.
fn of_values(values: &[Node]) -> Option<&'static str> {
    let is_of = |value: &Node, typ: &str| match value.data {
        Data::Null => true,
        Data::Text(_) => typ == "string",
        Data::Integer(_) => matches!(typ, "integer" | "number"),
        Data::Number(_) => typ == "number",
        Data::Flag(_) => typ == "boolean",
        Data::List(_) | Data::Map(_) => false,
    };
    let says_something = values.iter().any(|value| value.data != Data::Null);
    let mut types = ["string", "integer", "number", "boolean"].into_iter();
    let typ = types.find(|typ| values.iter().all(|value| is_of(value, typ)));
    typ.filter(|_| says_something)
}

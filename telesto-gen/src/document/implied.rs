//! Types that schemas do not state, but imply. They are written into the nodes while
//! reading, so that no later step misses them.

use super::node::{Data, Entry, Node};
use super::{Kind, Survey, pointer};
use crate::formats;

/// What a type follows from: the values, or the format; and then what only values of one
/// type have.
const IMPLYING: [(&str, Option<&str>); 10] = [
    ("enum", None),
    ("format", None),
    ("items", Some("array")),
    ("pattern", Some("string")),
    ("minLength", Some("string")),
    ("maxLength", Some("string")),
    ("minimum", Some("number")),
    ("maximum", Some("number")),
    ("multipleOf", Some("number")),
    ("uniqueItems", Some("array")),
];

/// The schemas without a type that have only one, by their pointers.
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
    let implies = |entry: &&Entry| IMPLYING.iter().any(|(key, _)| *key == entry.key);
    let Some(span) = entries
        .iter()
        .find(implies)
        .map(|entry| entry.key_span.clone())
    else {
        return;
    };
    let data = Data::Text(typ.into());
    entries.push(Entry::new("type", Node { span, data }));
}

fn of(schema: &Node) -> Option<&'static str> {
    let says = [
        "$ref",
        "type",
        "allOf",
        "oneOf",
        "anyOf",
        "not",
        "properties",
        "additionalProperties",
        "required",
    ];
    if says.iter().any(|key| schema.get(key).is_some()) {
        return None;
    }
    match schema.get("enum") {
        Some(values) => of_values(values.items()),
        None => of_format(schema).or_else(|| {
            let mut implying = IMPLYING.iter();
            implying.find_map(|(key, typ)| typ.filter(|_| schema.get(key).is_some()))
        }),
    }
}

fn of_format(schema: &Node) -> Option<&'static str> {
    let format = schema.text_of("format")?;
    let mut types = ["string", "integer", "number"].into_iter();
    types.find(|typ| formats::find(typ, format).is_some())
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

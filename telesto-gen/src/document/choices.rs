//! Alternatives that are no choice: those that are only another way to write nothing, null
//! or an empty text, so that what is left may be null; and those that are the same in Rust
//! as another one, such as two texts. They are written so into the nodes while reading, so
//! that no later step sees them.

use std::collections::HashSet;

use super::Kind;
use super::node::{Data, Entry, Node};
use super::pointer;
use super::survey::Survey;
use crate::formats;

/// A schema that has such alternatives, or only one that may be null.
pub(super) struct Fewer {
    pointer: String,
    keyword: &'static str,
    /// The alternatives that are a choice, by their indices.
    left: Vec<usize>,
    nullable: bool,
}

/// All of them, the inner ones first.
pub(super) fn find(root: &Node, survey: &Survey<'_>) -> Vec<Fewer> {
    let schemas = survey.places.iter().filter(|p| p.kind == Kind::Schema);
    let mut found: Vec<Fewer> = schemas
        .flat_map(|place| {
            let keywords = ["oneOf", "anyOf"].into_iter();
            keywords.filter_map(move |keyword| of(root, &place.pointer, place.node, keyword))
        })
        .collect();
    found.sort_by_key(|fewer| std::cmp::Reverse(fewer.pointer.len()));
    found
}

fn of(root: &Node, pointer: &str, schema: &Node, keyword: &'static str) -> Option<Fewer> {
    let parts = schema.get(keyword)?.items();
    let saying = (0..parts.len()).filter(|at| !is_nothing(root, &parts[*at]));
    let saying: Vec<usize> = saying.collect();
    let nullable = saying.len() < parts.len() || schema.is_set("nullable");
    let mut known = HashSet::new();
    let is_new = |at: &usize| in_rust(&parts[*at]).is_none_or(|plain| known.insert(plain));
    let left: Vec<usize> = saying.into_iter().filter(is_new).collect();
    let is_one = left.len() == 1 && (parts.len() > 1 || schema.is_set("nullable"));
    // Beside another part, the one that is left may be merged in another way.
    let changes = (is_one && schema.get("allOf").is_none()) || left.len() < parts.len();
    (changes && !left.is_empty()).then(|| Fewer {
        pointer: pointer.to_owned(),
        keyword,
        left,
        nullable,
    })
}

/// The type and the format in Rust of a plain schema that has no name of its own.
fn in_rust(schema: &Node) -> Option<(&str, Option<&str>)> {
    let named = ["$ref", "title", "enum", "allOf", "oneOf", "anyOf"];
    if named.iter().any(|key| schema.get(key).is_some()) {
        return None;
    }
    let typ = schema.text_of("type")?;
    let format = schema.text_of("format");
    match typ {
        "string" => {
            let known = format.and_then(|name| formats::find(typ, name));
            Some((
                typ,
                format.filter(|_| known.is_some_and(formats::is_useful)),
            ))
        }
        "integer" => Some((typ, format)),
        "number" | "boolean" => Some((typ, None)),
        _ => None,
    }
}

/// Whether a schema has no value but null and the empty text.
fn is_nothing(root: &Node, schema: &Node) -> bool {
    let Some(schema) = pointer::resolved(root, schema) else {
        return false;
    };
    let is_empty = |value: &Node| match &value.data {
        Data::Null => true,
        Data::Text(text) => text.is_empty(),
        _ => false,
    };
    let values = schema.get("enum").map_or(&[][..], Node::items);
    !values.is_empty() && values.iter().all(is_empty)
}

/// Writes it into the schema.
pub(super) fn write(root: &mut Node, fewer: &Fewer) {
    let Some(Node {
        data: Data::Map(entries),
        ..
    }) = pointer::find_mut(root, &fewer.pointer)
    else {
        return;
    };
    let is_alone = entries.iter().all(|entry| entry.key != "allOf");
    let Some(entry) = entries.iter_mut().find(|entry| entry.key == fewer.keyword) else {
        return;
    };
    let span = entry.key_span.clone();
    if let Data::List(parts) = &mut entry.value.data {
        let mut index = 0;
        parts.retain(|_| {
            index += 1;
            fewer.left.contains(&(index - 1))
        });
    }
    if fewer.left.len() == 1 && is_alone {
        // Another name for the one that is left.
        entry.key = "allOf".into();
    }
    if fewer.nullable {
        entries.retain(|entry| entry.key != "nullable");
        let data = Data::Flag(true);
        entries.push(Entry::new("nullable", Node { span, data }));
    }
}

//! Alternatives that are only another way to write nothing: null, or an empty text. What
//! is left may be null. They are written so into the nodes while reading, so that no
//! later step sees them.

use super::Kind;
use super::node::{Data, Entry, Node};
use super::pointer;
use super::survey::Survey;

/// A schema that has such alternatives, or only one that may be null.
pub(super) struct Nullable {
    pointer: String,
    keyword: &'static str,
    /// The alternatives that say something, by their indices.
    left: Vec<usize>,
}

/// All of them, the inner ones first.
pub(super) fn find(root: &Node, survey: &Survey<'_>) -> Vec<Nullable> {
    let schemas = survey.places.iter().filter(|p| p.kind == Kind::Schema);
    let mut found: Vec<Nullable> = schemas
        .flat_map(|place| {
            let keywords = ["oneOf", "anyOf"].into_iter();
            keywords.filter_map(move |keyword| of(root, &place.pointer, place.node, keyword))
        })
        .collect();
    found.sort_by_key(|nullable| std::cmp::Reverse(nullable.pointer.len()));
    found
}

fn of(root: &Node, pointer: &str, schema: &Node, keyword: &'static str) -> Option<Nullable> {
    let parts = schema.get(keyword)?.items();
    let left = (0..parts.len()).filter(|at| !is_nothing(root, &parts[*at]));
    let left: Vec<usize> = left.collect();
    let is_one = left.len() == 1 && (parts.len() > 1 || schema.is_set("nullable"));
    // Beside another part, the one that is left may be merged in another way.
    let changes = (is_one && schema.get("allOf").is_none()) || left.len() < parts.len();
    (changes && !left.is_empty()).then(|| Nullable {
        pointer: pointer.to_owned(),
        keyword,
        left,
    })
}

/// Whether a schema has no value but null and the empty text.
fn is_nothing(root: &Node, schema: &Node) -> bool {
    let target = schema.text_of("$ref").and_then(pointer::of_reference);
    let found = target.map(|at| pointer::find(root, &at));
    let schema = match &found {
        Some(target) if target.exact => target.node,
        Some(_) => return false,
        None => schema,
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
pub(super) fn write(root: &mut Node, nullable: &Nullable) {
    let Some(Node {
        data: Data::Map(entries),
        ..
    }) = pointer::find_mut(root, &nullable.pointer)
    else {
        return;
    };
    let is_alone = entries.iter().all(|entry| entry.key != "allOf");
    let Some(entry) = entries
        .iter_mut()
        .find(|entry| entry.key == nullable.keyword)
    else {
        return;
    };
    let span = entry.key_span.clone();
    if let Data::List(parts) = &mut entry.value.data {
        let mut index = 0;
        parts.retain(|_| {
            index += 1;
            nullable.left.contains(&(index - 1))
        });
    }
    if nullable.left.len() == 1 && is_alone {
        // Another name for the one that is left.
        entry.key = "allOf".to_owned();
        entry.key_data = Data::Text("allOf".to_owned());
    }
    entries.retain(|entry| entry.key != "nullable");
    let data = Data::Flag(true);
    entries.push(Entry::new("nullable".to_owned(), Node { span, data }));
}

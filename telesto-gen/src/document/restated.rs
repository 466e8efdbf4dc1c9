//! Objects of which two parts of an `allOf` say something about one property, such as one
//! that lists fewer values of an enum than the schema that it extends. typify has no type
//! for most of these. They are written as one object while reading, in which the later part
//! goes before the earlier one, so that no later step sees the parts. Those that contradict
//! each other in the type stay, for the lint to report.
//!
//! The same holds for parts whose alternatives only say which properties are required,
//! which is left to the server, and for parts that say what all other properties are: what
//! is meant is the others of the whole object.

use super::Kind;
use std::collections::BTreeSet;

use super::node::{Data, Entry, Node};
use super::pointer::{self, resolved};
use super::survey::Survey;

/// How deep parts of parts are followed: a schema may be a part of itself.
const DEEPEST: usize = 8;

/// What documents a schema.
const DOCUMENTATION: [&str; 5] = [
    "title",
    "description",
    "example",
    "deprecated",
    "externalDocs",
];

/// What does not change the type of a value, but whether there is one.
const BESIDE_TYPES: [&str; 4] = ["nullable", "default", "readOnly", "writeOnly"];

/// Writes such objects, and those of `wanted` that can be, the inner ones first. Returns
/// their pointers.
pub(super) fn write(
    root: &mut Node,
    mut pointers: Vec<String>,
    wanted: &BTreeSet<String>,
) -> BTreeSet<String> {
    pointers.sort_by_key(|pointer| std::cmp::Reverse(pointer.len()));
    pointers.retain(|pointer| {
        let whole = whole(root, pointer, wanted.contains(pointer));
        let schema = pointer::find_mut(root, pointer);
        let is_written = whole.is_some() && schema.is_some();
        if let (Some(whole), Some(schema)) = (whole, schema) {
            *schema = whole;
        }
        is_written
    });
    pointers.into_iter().collect()
}

/// The schemas that are made of several.
pub(super) fn merged(survey: &Survey<'_>) -> Vec<String> {
    let schemas = survey
        .places
        .iter()
        .filter(|place| place.kind == Kind::Schema);
    let merged = schemas.filter(|place| place.node.get("allOf").is_some());
    merged.map(|place| place.pointer.clone()).collect()
}

/// A schema as one object, if it has to be, or is `wanted` so.
fn whole(root: &Node, pointer: &str, wanted: bool) -> Option<Node> {
    let target = pointer::find(root, pointer);
    let schema = Some(target.node).filter(|_| target.exact)?;
    let mut object = Object::default();
    object.add(root, schema, 0)?;
    let names_others = object.others_of_part && !object.properties.is_empty();
    if !object.is_restated && !names_others && !wanted {
        return None;
    }
    let span = schema.entry("allOf")?.key_span.clone();
    let at = |data| Node {
        span: span.clone(),
        data,
    };
    let new = |key: &str, data| Entry::new(key, at(data));
    let kept = schema.entries().iter().filter(|entry| {
        let key = entry.key.as_str();
        is_beside(key) || key == "discriminator"
    });
    let mut entries: Vec<Entry> = kept.cloned().collect();
    entries.push(new("type", Data::Text("object".into())));
    entries.push(new("properties", Data::Map(object.properties)));
    if !object.required.is_empty() {
        entries.push(new("required", Data::List(object.required)));
    }
    entries.extend(object.others);
    Some(Node {
        span: schema.span.clone(),
        data: Data::Map(entries),
    })
}

/// What the parts of an object say, taken together.
#[derive(Default)]
struct Object {
    properties: Vec<Entry>,
    required: Vec<Node>,
    /// `additionalProperties`.
    others: Option<Entry>,
    /// Whether a part says what they are, beside other parts.
    others_of_part: bool,
    /// Whether typify has no type for the parts.
    is_restated: bool,
}

impl Object {
    /// Adds a part; `None` if it is not an object like others.
    fn add(&mut self, root: &Node, part: &Node, depth: usize) -> Option<()> {
        let part = resolved(root, part).filter(|_| depth < DEEPEST)?;
        let is_object = part.text_of("type").is_none_or(|typ| typ == "object");
        let mut unlike = ["not", "enum", "$ref"].iter();
        if !is_object || unlike.any(|key| part.get(key).is_some()) {
            return None;
        }
        for keyword in ["oneOf", "anyOf"] {
            let alternatives = part.get(keyword).map_or(&[][..], Node::items);
            if !alternatives.iter().all(only_requires) {
                return None;
            }
            self.is_restated |= depth > 0 && !alternatives.is_empty();
        }
        for part in part.get("allOf").map_or(&[][..], Node::items) {
            self.add(root, part, depth + 1)?;
        }
        for property in part.get("properties").map_or(&[][..], Node::entries) {
            let mut known = self.properties.iter_mut();
            let Some(known) = known.find(|known| known.key == property.key) else {
                self.properties.push(property.clone());
                continue;
            };
            if says(&known.value) == says(&property.value) {
                continue;
            }
            known.value = restated(root, &known.value, &property.value)?;
            self.is_restated = true;
        }
        let required = part.get("required").map_or(&[][..], Node::items);
        for name in required {
            if !self.required.contains(name) {
                self.required.push(name.clone());
            }
        }
        if let Some(others) = part.entry("additionalProperties") {
            self.others_of_part |= depth > 0 && !others.value.entries().is_empty();
            self.add_others(root, others);
        }
        Some(())
    }

    /// Adds what all other properties are. They may be anything if the parts contradict
    /// each other.
    fn add_others(&mut self, root: &Node, others: &Entry) {
        let Some(known) = &mut self.others else {
            self.others = Some(others.clone());
            return;
        };
        let is_schema = |others: &Node| matches!(others.data, Data::Map(_));
        if is_schema(&known.value) && is_schema(&others.value) && known.value != others.value {
            let both = restated(root, &known.value, &others.value);
            known.value.data = both.map_or(Data::Map(Vec::new()), |both| both.data);
            self.is_restated = true;
        } else if !is_schema(&known.value) {
            *known = others.clone();
        }
    }
}

/// Whether all that a schema says is which properties are required.
pub(crate) fn only_requires(schema: &Node) -> bool {
    let known = ["required", "title", "description", "type"];
    let mut keys = schema.entries().iter().map(|entry| entry.key.as_str());
    schema.get("required").is_some() && keys.all(|key| known.contains(&key))
}

/// What a property is that is first described as `one`, and then as `other`; `None` if no
/// value is both.
fn restated(root: &Node, one: &Node, other: &Node) -> Option<Node> {
    if let Some(part) = only_part(other) {
        return Some(beside(&restated(root, one, part)?, other));
    }
    if let Some(part) = only_part(one) {
        return Some(beside(&beside(&restated(root, part, other)?, one), other));
    }
    let (first, second) = (resolved(root, one)?, resolved(root, other)?);
    let types = [first, second].map(|schema| type_of(root, schema, 0));
    if let [Some(first), Some(second)] = types
        && first != second
    {
        return None;
    }
    if adds_nothing(first, second) {
        return Some(beside(one, other));
    }
    if adds_nothing(second, first) {
        return Some(match other.get("$ref") {
            Some(_) => other.clone(),
            None => over(first, second),
        });
    }
    let mut parts = ["oneOf", "anyOf", "not"].iter();
    if parts.any(|parts| first.get(parts).is_some() || second.get(parts).is_some()) {
        return None;
    }
    let [Some(typ), Some(_)] = types else {
        return None;
    };
    match typ {
        "object" if is_part(root, one, second, 0) => Some(other.clone()),
        // Two schemas of their own may lead back to themselves, so merging may never end.
        "object" if one.get("$ref").is_some() && other.get("$ref").is_some() => None,
        "object" => Some(all_of(other, vec![one.clone(), other.clone()])),
        "array" => {
            let items = restated(root, first.get("items")?, second.get("items")?)?;
            let mut list = over(first, second);
            let mut entries = list.entries_mut().iter_mut();
            entries.find(|entry| entry.key == "items")?.value = items;
            Some(list)
        }
        _ => Some(over(first, second)),
    }
}

/// The schema that another one is, with nothing beside it but what `beside` takes.
fn only_part(schema: &Node) -> Option<&Node> {
    let mut others = schema.entries().iter().filter(|entry| entry.key != "allOf");
    match schema.get("allOf").map_or(&[][..], Node::items) {
        [only] if others.all(|entry| is_beside(&entry.key)) => Some(only),
        _ => None,
    }
}

/// Whether a keyword does not change what a value is.
fn is_beside(key: &str) -> bool {
    is_documentation(key) || BESIDE_TYPES.contains(&key)
}

/// Whether a schema says no more about the type of values than another one.
fn adds_nothing(whole: &Node, part: &Node) -> bool {
    let is_known = |entry: &Entry| {
        let key = entry.key.as_str();
        let is_same = whole.get(key) == Some(&entry.value);
        is_beside(key) || is_same
    };
    part.entries().iter().all(is_known)
}

/// A schema, with what another one says beside the type.
fn beside(whole: &Node, part: &Node) -> Node {
    let said = part.entries().iter();
    let said = said.filter(|entry| is_beside(&entry.key)).cloned();
    let said = Node {
        span: part.span.clone(),
        data: Data::Map(said.collect()),
    };
    match whole.get("$ref") {
        Some(_) if said.entries().is_empty() => whole.clone(),
        Some(_) => {
            let mut named = all_of(part, vec![whole.clone()]);
            if let (Data::Map(entries), Data::Map(said)) = (&mut named.data, said.data) {
                entries.extend(said);
            }
            named
        }
        None => over(whole, &said),
    }
}

/// An `allOf` at the place of a schema.
fn all_of(at: &Node, parts: Vec<Node>) -> Node {
    let at = |data| Node {
        span: at.span.clone(),
        data,
    };
    let parts = Entry::new("allOf", at(Data::List(parts)));
    at(Data::Map(vec![parts]))
}

/// A schema, with the fields of another one in place of its own. An example or a default
/// that the other one does not list goes.
fn over(first: &Node, second: &Node) -> Node {
    let listed = second.get("enum").map(Node::items);
    let is_value = |key: &str| ["example", "default"].contains(&key);
    let is_left = |entry: &&Entry| {
        let is_listed = || listed.is_none_or(|listed| listed.contains(&entry.value));
        second.get(&entry.key).is_none() && (!is_value(&entry.key) || is_listed())
    };
    let left = first.entries().iter().filter(is_left);
    let entries = left.chain(second.entries()).cloned();
    Node {
        span: second.span.clone(),
        data: Data::Map(entries.collect()),
    }
}

/// The type of a schema, or of the parts of its `allOf`.
fn type_of<'n>(root: &'n Node, schema: &'n Node, depth: usize) -> Option<&'n str> {
    let schema = resolved(root, schema).filter(|_| depth < DEEPEST)?;
    let is_object = schema.get("properties").is_some();
    let own = schema.text_of("type").or(is_object.then_some("object"));
    let mut parts = schema.get("allOf").map_or(&[][..], Node::items).iter();
    own.or_else(|| parts.find_map(|part| type_of(root, part, depth + 1)))
}

/// Whether a schema is among the parts of an object.
fn is_part(root: &Node, schema: &Node, object: &Node, depth: usize) -> bool {
    let Some(object) = resolved(root, object).filter(|_| depth < DEEPEST) else {
        return false;
    };
    let mut parts = object.get("allOf").map_or(&[][..], Node::items).iter();
    parts.any(|part| part == schema || is_part(root, schema, part, depth + 1))
}

/// The fields of a schema that are not documentation, sorted by key.
pub(crate) fn says(schema: &Node) -> Vec<(&str, &Node)> {
    let entries = schema.entries().iter();
    let entries = entries.map(|entry| (entry.key.as_str(), &entry.value));
    let mut said: Vec<_> = entries.filter(|(key, _)| !is_documentation(key)).collect();
    said.sort_unstable_by_key(|(key, _)| *key);
    said
}

fn is_documentation(key: &str) -> bool {
    DOCUMENTATION.contains(&key)
}

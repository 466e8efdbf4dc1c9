//! Schemas that are merged from others.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use crate::document::{Kind, Node, join};

use super::Report;
use crate::names;
use crate::spec::{Found, Spec};

/// The schemas that are merged into one, by their pointers.
type Parts<'a> = BTreeMap<String, &'a Node>;

/// typify merges what two parts say about one property, and what those say
/// about theirs. If that leads back to the same parts, it never ends, and
/// overflows the stack, which cannot be caught.
pub(super) fn endless(spec: &Spec<'_>, report: &mut Report<'_>) {
    let mut merges = Merges {
        spec,
        ended: HashSet::new(),
    };
    for place in spec.objects(Kind::Schema) {
        let schema = Found::from(place);
        let Some(property) = merges.of(&schema) else {
            continue;
        };
        report.at_key(
            &place.pointer,
            format!(
                "several parts of this schema have `{property}`, of different schemas that lead \
                 back to themselves: merging them never ends"
            ),
            format!(
                "leave `{property}` to one of the parts, or let all of them refer to the same \
                 schema"
            ),
        );
    }
}

/// Properties that are the same in Rust get names by their order in an object. In
/// several parts, an edit of one of them would rename those of another one.
pub(super) fn equal_properties(spec: &Spec<'_>, report: &mut Report<'_>) {
    let merges = Merges {
        spec,
        ended: HashSet::new(),
    };
    let mut reported = HashSet::new();
    for place in spec.objects(Kind::Schema) {
        let schema = Found::from(place);
        if !is_combined(schema.node) {
            continue;
        }
        for parts in merges.whole(&schema, &mut Vec::new()) {
            let Some((one, other, rust)) = equal(&parts) else {
                continue;
            };
            let [(one, at), (other, other_at)] = [one, other];
            if reported.insert((at.clone(), other_at.clone())) {
                let [line, other_line] = [at, other_at].map(|at| spec.document.line(&at));
                report.at_key(
                    &schema.pointer,
                    format!(
                        "`{one}`, on line {line}, and `{other}`, on line {other_line}, are in two \
                         parts of this schema, and both are `{rust}` in Rust"
                    ),
                    "write both in one part, the older one first: the other one gets a number",
                );
            }
        }
    }
}

/// The name of a property, and its pointer.
type Property<'a> = (&'a str, String);

/// Two properties of different parts that are the same field, and the field.
fn equal<'a>(parts: &Parts<'a>) -> Option<(Property<'a>, Property<'a>, String)> {
    let mut known: BTreeMap<String, Property<'a>> = BTreeMap::new();
    for (pointer, node) in parts {
        let properties = node.get("properties").map_or(&[][..], Node::entries);
        let fields = names::fields(properties.iter().map(|property| &property.key));
        let holder = join(pointer, "properties");
        for (property, field) in properties.iter().zip(fields) {
            let wire = property.key.as_str();
            let found = (wire, join(&holder, wire));
            match known.get(&field) {
                Some(first) if first.0 != wire => return Some((first.clone(), found, field)),
                Some(_) => {}
                None => drop(known.insert(field, found)),
            }
        }
    }
    None
}

/// Whether a schema is made of others.
fn is_combined(schema: &Node) -> bool {
    let combined = ["allOf", "oneOf", "anyOf"];
    combined.iter().any(|key| schema.get(key).is_some())
}

struct Merges<'s, 'a> {
    spec: &'s Spec<'a>,
    /// Those that are known to end.
    ended: HashSet<BTreeSet<String>>,
}

impl<'a> Merges<'_, 'a> {
    /// The property at which the merging of a schema never ends.
    fn of(&mut self, schema: &Found<'a>) -> Option<String> {
        if !is_combined(schema.node) {
            return None;
        }
        let whole = self.whole(schema, &mut Vec::new());
        self.any_endless(whole, &mut Vec::new())
    }

    /// What a schema consists of, in each of its alternatives.
    fn whole(&self, schema: &Found<'a>, within: &mut Vec<String>) -> Vec<Parts<'a>> {
        let own = Parts::from([(schema.pointer.clone(), schema.node)]);
        // Another rule refuses a component that is made of itself.
        if within.contains(&schema.pointer) {
            return vec![own];
        }
        within.push(schema.pointer.clone());
        let mut whole = vec![own];
        for part in self.spec.parts(schema, "allOf") {
            whole = together(whole, &self.whole(&part, within));
        }
        for key in ["oneOf", "anyOf"] {
            let parts = self.spec.parts(schema, key);
            let alternatives: Vec<_> = parts.flat_map(|part| self.whole(&part, within)).collect();
            if !alternatives.is_empty() {
                whole = together(whole, &alternatives);
            }
        }
        within.pop();
        whole
    }

    fn any_endless(
        &mut self,
        alternatives: Vec<Parts<'a>>,
        within: &mut Vec<BTreeSet<String>>,
    ) -> Option<String> {
        let mut alternatives = alternatives.into_iter();
        alternatives.find_map(|parts| self.endless(&parts, within))
    }

    fn endless(&mut self, parts: &Parts<'a>, within: &mut Vec<BTreeSet<String>>) -> Option<String> {
        let name: BTreeSet<String> = parts.keys().cloned().collect();
        if self.ended.contains(&name) {
            return None;
        }
        within.push(name.clone());
        let mut shared: BTreeMap<&str, Parts<'a>> = BTreeMap::new();
        for (pointer, node) in parts {
            for (property, child, pointer) in children(node, pointer) {
                if let Some(child) = self.spec.resolve(child, &pointer) {
                    let both = shared.entry(property).or_default();
                    both.insert(child.pointer, child.node);
                }
            }
        }
        for (property, children) in shared {
            // One schema, or the same in all parts, is left as it is.
            if children.len() < 2 {
                continue;
            }
            let mut merged = vec![Parts::new()];
            for (pointer, node) in children {
                let child = self.whole(&Found { node, pointer }, &mut Vec::new());
                merged = together(merged, &child);
            }
            let again = |parts: &Parts<'a>| within.iter().any(|name| name.iter().eq(parts.keys()));
            if merged.iter().any(again) {
                return Some(property.to_owned());
            }
            if let Some(found) = self.any_endless(merged, within) {
                return Some(found);
            }
        }
        within.pop();
        self.ended.insert(name);
        None
    }
}

/// Each of the one with each of the other alternatives; all in one if these are
/// too many.
fn together<'a>(some: Vec<Parts<'a>>, others: &[Parts<'a>]) -> Vec<Parts<'a>> {
    const MOST: usize = 64;
    if some.len() * others.len() > MOST {
        let all = some.iter().chain(others).flatten();
        return vec![
            all.map(|(pointer, node)| (pointer.clone(), *node))
                .collect(),
        ];
    }
    let pairs = some.iter().flat_map(|one| {
        others.iter().map(move |other| {
            let both = one.iter().chain(other);
            both.map(|(pointer, node)| (pointer.clone(), *node))
                .collect()
        })
    });
    pairs.collect()
}

/// What typify merges of two schemas: by name, the schema and where it stands.
fn children<'a>(schema: &'a Node, pointer: &str) -> Vec<(&'a str, &'a Node, String)> {
    let holder = join(pointer, "properties");
    let properties = schema.get("properties").map_or(&[][..], Node::entries);
    let mut children: Vec<_> = properties
        .iter()
        .map(|entry| (entry.key.as_str(), &entry.value, join(&holder, &entry.key)))
        .collect();
    for key in ["items", "additionalProperties"] {
        if let Some(child) = schema.get(key)
            && !child.is_scalar()
        {
            children.push((key, child, join(pointer, key)));
        }
    }
    children
}

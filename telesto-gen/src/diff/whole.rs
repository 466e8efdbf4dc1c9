//! Schemas with the parts of their `allOf` merged: such a schema has the same type in Rust as
//! one that declares everything itself.

use std::collections::{HashMap, HashSet};

use super::sides::Matched;
use crate::document::{Node, NodeId, join, only_requires};
use crate::spec::types::only_part;
use crate::spec::{Found, Spec, component_name, split_reference};

/// A schema with all its parts.
#[derive(Clone)]
pub(super) struct Whole<'a> {
    /// The schema itself, then the parts of its `allOf`, and theirs.
    parts: Vec<Found<'a>>,
    /// The schema itself, then the schemas that it wraps, such as the one part of its `allOf`.
    chain: Vec<Found<'a>>,
    /// The component that this component is another name for. Its type is a new type around
    /// that component's.
    pub(super) alias_of: Option<Found<'a>>,
    /// Whether a value may be null.
    pub(super) is_nullable: bool,
}

impl<'a> Whole<'a> {
    pub(super) fn new(spec: &Spec<'a>, schema: Found<'a>) -> Self {
        let chain = chain(spec, &schema);
        let is_component = |schema: &&Found<'_>| component_name(&schema.pointer).is_some();
        let named = chain.iter().skip(1).find(is_component);
        let alias_of = named.filter(|_| is_component(&&schema)).cloned();
        let mut parts = Vec::new();
        let mut seen = HashSet::new();
        let mut next = vec![schema];
        while let Some(part) = next.pop() {
            // A schema may be a part of itself, or a part of several others.
            if !seen.insert(part.node.id()) {
                continue;
            }
            if alias_of.is_none() {
                let within: Vec<_> = spec.parts(&part, "allOf").collect();
                next.extend(within.into_iter().rev());
            }
            parts.push(part);
        }
        Self {
            is_nullable: chain.iter().any(|schema| schema.node.is_set("nullable")),
            parts,
            chain,
            alias_of,
        }
    }

    /// The schema itself.
    pub(super) fn schema(&self) -> &Found<'a> {
        &self.parts[0]
    }

    /// The schema itself, then the parts of its `allOf`, and theirs.
    pub(super) fn parts(&self) -> &[Found<'a>] {
        &self.parts
    }

    /// The first part that has a keyword.
    pub(super) fn saying(&self, key: &str) -> Option<&Found<'a>> {
        let mut parts = self.parts.iter();
        parts.find(|part| part.node.get(key).is_some())
    }

    /// The value of a keyword in the first part that has it.
    pub(super) fn get(&self, key: &str) -> Option<&'a Node> {
        self.saying(key)?.node.get(key)
    }

    /// The schema whose type is the type of this one.
    pub(super) fn typed(&self) -> &Found<'a> {
        let mut chain = self.chain.iter();
        // A component has a type of its own.
        let named = chain.find(|schema| component_name(&schema.pointer).is_some());
        named.or(self.chain.last()).unwrap_or(self.schema())
    }

    /// The schema that has a documenting keyword: this one, or one that it wraps. Other parts
    /// document themselves.
    pub(super) fn documenting(&self, key: &str) -> Option<&Found<'a>> {
        let mut chain = self.chain.iter();
        chain.find(|schema| schema.node.get(key).is_some())
    }

    pub(super) fn text_of(&self, key: &str) -> Option<&'a str> {
        self.get(key)?.text()
    }

    /// The pointer of a keyword, or the pointer that it would have.
    pub(super) fn field(&self, key: &str) -> String {
        self.saying(key).unwrap_or(self.schema()).field(key)
    }

    /// Whether one of several alternatives is a value of this.
    pub(super) fn has_alternatives(&self) -> bool {
        self.parts.iter().any(|part| !choices(part).is_empty())
    }

    /// The alternatives, references followed.
    pub(super) fn alternatives(&self, spec: &Spec<'a>) -> Vec<Listed<'a>> {
        let listed = self.parts.iter().flat_map(choices);
        let listed = listed.filter_map(|(node, mention)| {
            let found = target(spec, node, &mention)?;
            Some(Listed { found, mention })
        });
        listed.collect()
    }

    /// The properties, in the order in which the parts declare them.
    pub(super) fn properties(&self) -> Vec<Property<'a>> {
        let mut known = HashSet::new();
        let mut properties = Vec::new();
        for part in &self.parts {
            let holder = part.field("properties");
            let declared = part.node.get("properties").map_or(&[][..], Node::entries);
            for entry in declared {
                if known.insert(entry.key.as_str()) {
                    properties.push(Property {
                        name: &entry.key,
                        part: part.clone(),
                        found: Found {
                            node: &entry.value,
                            pointer: join(&holder, &entry.key),
                        },
                    });
                }
            }
        }
        properties
    }

    /// The first part that requires a property.
    pub(super) fn requiring(&self, name: &str) -> Option<&Found<'a>> {
        let mut parts = self.parts.iter();
        parts.find(|part| required(part).any(|known| known == name))
    }

    /// The names that the parts require.
    pub(super) fn required(&self) -> impl Iterator<Item = &'a str> {
        self.parts.iter().flat_map(required)
    }
}

/// A property of a schema.
#[derive(Clone)]
pub(super) struct Property<'a> {
    pub(super) name: &'a str,
    /// The part that declares it.
    pub(super) part: Found<'a>,
    /// The schema as written: perhaps a reference.
    pub(super) found: Found<'a>,
}

/// The properties of both sides, and those of only one of them.
pub(super) type Properties<'a> = Matched<(Property<'a>, Property<'a>), Property<'a>>;

/// Matches properties by their names.
pub(super) fn properties<'a>(base: &Whole<'a>, new: &Whole<'a>) -> Properties<'a> {
    let mut removed: Vec<Option<Property<'a>>> = base.properties().into_iter().map(Some).collect();
    let names = removed.iter().flatten().map(|property| property.name);
    let places: HashMap<&str, usize> = names.zip(0..).collect();
    let (mut both, mut added) = (Vec::new(), Vec::new());
    for property in new.properties() {
        let place = places.get(property.name);
        match place.and_then(|place| removed[*place].take()) {
            Some(known) => both.push((known, property)),
            None => added.push(property),
        }
    }
    Matched {
        both,
        removed: removed.into_iter().flatten().collect(),
        added,
    }
}

/// A schema that is listed, and where.
pub(super) struct Listed<'a> {
    pub(super) found: Found<'a>,
    pub(super) mention: String,
}

impl Listed<'_> {
    pub(super) fn is_component(&self) -> bool {
        self.found.pointer != self.mention
    }
}

fn required<'a>(schema: &Found<'a>) -> impl Iterator<Item = &'a str> + use<'a> {
    let names = schema.node.get("required").map_or(&[][..], Node::items);
    names.iter().filter_map(Node::text)
}

/// The alternatives that a schema lists: to the client, `oneOf` and `anyOf` are the same.
/// None if all that they say is which properties are required.
fn choices<'a>(schema: &Found<'a>) -> Vec<(&'a Node, String)> {
    let listed: Vec<_> = schema.parts("oneOf").chain(schema.parts("anyOf")).collect();
    if listed.iter().all(|(node, _)| only_requires(node)) {
        return Vec::new();
    }
    listed
}

/// Follows one reference: a component has a type of its own, even if it is a reference, too.
pub(super) fn target<'a>(spec: &Spec<'a>, node: &'a Node, pointer: &str) -> Option<Found<'a>> {
    let Some(reference) = node.text_of("$ref") else {
        let pointer = pointer.to_owned();
        return Some(Found { node, pointer });
    };
    let (section, name) = split_reference(reference)?;
    let entry = spec.component(section, name)?;
    Some(Found {
        node: &entry.value,
        pointer: join(&format!("/components/{section}"), name),
    })
}

/// A schema, then the schemas that it wraps, from the outside in.
fn chain<'a>(spec: &Spec<'a>, schema: &Found<'a>) -> Vec<Found<'a>> {
    let mut seen: HashSet<NodeId> = HashSet::new();
    let mut chain = Vec::new();
    let mut next = Some(schema.clone());
    while let Some(schema) = next.filter(|schema| seen.insert(schema.node.id())) {
        next = match schema.node.get("$ref") {
            Some(_) => target(spec, schema.node, &schema.pointer),
            None => {
                let part = only_part(schema.node, &schema.pointer);
                part.and_then(|(part, pointer)| target(spec, part, &pointer))
            }
        };
        chain.push(schema);
    }
    chain
}

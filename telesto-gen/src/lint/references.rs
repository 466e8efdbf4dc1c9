//! Rules about references.

use std::collections::{HashMap, HashSet};

use crate::document::{Node, closest, find, join, of_reference};

use super::Report;
use crate::spec::{Spec, split_reference};

/// progenitor looks only at the last part of a reference, and panics if there
/// is no such component.
pub(super) fn unresolved(spec: &Spec<'_>, report: &mut Report<'_>) {
    for (place, reference) in spec.references() {
        let pointer = join(&place.pointer, "$ref");
        let section = place.section;
        let Some((given, name)) = split_reference(reference) else {
            let (message, help) =
                match (meant(spec, section, reference), reference.starts_with('#')) {
                    (Some(name), _) => (
                        format!("`{reference}` is not a component"),
                        format!("did you mean `#/components/{section}/{name}`?"),
                    ),
                    (None, true) if exists(spec, reference) => (
                        format!("`{reference}` leads back to itself"),
                        format!("move its target to `#/components/{section}`, and refer to that"),
                    ),
                    (None, true) => (
                        format!("`{reference}` does not exist"),
                        format!("refer to one of `#/components/{section}/…`"),
                    ),
                    (None, false) => (
                        format!("`{reference}` is not in this file"),
                        format!("copy its target to `#/components/{section}`, and refer to that"),
                    ),
                };
            report.at(&pointer, message, help);
            continue;
        };
        if given != section {
            report.at(
                &pointer,
                format!("`{reference}` is in `{given}`, but one of `{section}` is expected"),
                match spec.component(section, name).is_some() {
                    true => format!("write `#/components/{section}/{name}`"),
                    false => format!("refer to one of `#/components/{section}/…`"),
                },
            );
        } else if spec.component(section, name).is_none() {
            let known = spec.components(section).iter().map(|e| e.key.as_str());
            report.at(
                &pointer,
                format!("`{reference}` does not exist"),
                match closest(name, known) {
                    Some(close) => format!("did you mean `#/components/{section}/{close}`?"),
                    None => format!("add `{name}` to `components/{section}`"),
                },
            );
        }
    }
}

/// Whether a reference leads to a node of this file. Only one within what it leads to is
/// left, as the others are written out.
fn exists(spec: &Spec<'_>, reference: &str) -> bool {
    let pointer = of_reference(reference);
    pointer.is_some_and(|pointer| find(spec.root, &pointer).exact)
}

/// The component that a malformed reference to this file probably means.
fn meant<'r>(spec: &Spec<'_>, section: &str, reference: &'r str) -> Option<&'r str> {
    let file = reference.split('#').next().unwrap_or_default();
    if file.contains(':') || file.ends_with(".yaml") || file.ends_with(".json") {
        return None;
    }
    let name = reference.rsplit(['/', '#']).next()?;
    spec.component(section, name).map(|_| name)
}

/// progenitor and typify follow such circles until the stack overflows, which
/// cannot be caught.
pub(super) fn circular(spec: &Spec<'_>, report: &mut Report<'_>) {
    for section in [
        "schemas",
        "responses",
        "parameters",
        "requestBodies",
        "headers",
        "examples",
        "links",
        "callbacks",
        "securitySchemes",
    ] {
        let components = spec.components(section);
        let edges: HashMap<&str, Vec<&str>> = components
            .iter()
            .map(|entry| (entry.key.as_str(), made_of(&entry.value)))
            .collect();
        for entry in components {
            if reaches_itself(&entry.key, &edges) {
                report.at_key(
                    &join(&format!("/components/{section}"), &entry.key),
                    format!("`{}` refers to itself", entry.key),
                    match section {
                        "schemas" => {
                            "describe its fields here: only a field or an item may refer back to it"
                        }
                        _ => "describe it here instead of the `$ref`",
                    },
                );
            }
        }
    }
}

/// The components that `node` is another name for, or is put together from.
fn made_of(node: &Node) -> Vec<&str> {
    let mut names = combined(node);
    if let Some((_, name)) = node.text_of("$ref").and_then(split_reference) {
        names.push(name);
    }
    names.extend(copied(node));
    names
}

/// The components that the combinators of a schema name.
fn combined(node: &Node) -> Vec<&str> {
    let parts = ["allOf", "oneOf", "anyOf"]
        .iter()
        .flat_map(|keyword| node.get(keyword).map_or(&[][..], Node::items));
    parts.chain(node.get("not")).flat_map(made_of).collect()
}

/// The components whose fields typify copies into the unnamed schemas of the
/// fields and items of `node`. A component may refer back to itself there, but
/// a copy of it would hold a copy of it.
fn copied(node: &Node) -> Vec<&str> {
    let fields = node.get("properties").map_or(&[][..], Node::entries);
    fields
        .iter()
        .map(|entry| &entry.value)
        .chain(node.get("items"))
        .chain(node.get("additionalProperties"))
        .flat_map(copied_into)
        .collect()
}

/// The same for an unnamed schema and those that it is put together from.
fn copied_into(schema: &Node) -> Vec<&str> {
    let mut names = copied(schema);
    // A single part stays a reference; two or more are merged.
    let lone = |keyword: &str| schema.get(keyword).is_none_or(|p| p.items().len() == 1);
    let own = ["type", "properties", "required", "additionalProperties"];
    if !lone("allOf") || own.iter().any(|key| schema.get(key).is_some()) {
        names.extend(combined(schema));
    }
    for keyword in ["allOf", "oneOf", "anyOf"] {
        let parts = schema.get(keyword).map_or(&[][..], Node::items);
        names.extend(parts.iter().flat_map(copied_into));
    }
    names
}

fn reaches_itself(start: &str, edges: &HashMap<&str, Vec<&str>>) -> bool {
    let mut seen: HashSet<&str> = HashSet::new();
    let mut next: Vec<&str> = edges.get(start).cloned().unwrap_or_default();
    while let Some(name) = next.pop() {
        if name == start {
            return true;
        }
        if seen.insert(name) {
            next.extend(edges.get(name).into_iter().flatten());
        }
    }
    false
}

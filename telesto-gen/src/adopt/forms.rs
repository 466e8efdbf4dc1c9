//! Gives forms a schema of their own where they share one with JSON: a form holds files
//! and plain values, and what it cannot hold must not change the JSON.

use std::collections::{BTreeMap, HashSet};

use super::ways::{Map, whole};
use crate::document::{Node, find, find_mut, join};
use crate::finding::Finding;
use crate::spec::alternatives::DEEPEST;
use crate::spec::{Coding, sent_among};

/// The schemas of forms, by their pointers, with copies of what they refer to.
pub(super) fn own_schemas(map: &Map<'_>, errors: &[&Finding]) -> BTreeMap<String, Node> {
    let mut schemas: BTreeMap<String, Node> = BTreeMap::new();
    for error in errors {
        let is_of_form = ["unsupported-media-type", "shared-file"].contains(&error.rule);
        let Some(component) = component(map, &error.pointer).filter(|_| is_of_form) else {
            continue;
        };
        let users = Users::of(component, map);
        for (at, component) in users.forms.iter().filter(|_| !users.are_forms) {
            let (whole, _) = outermost(at);
            let schema = schemas.entry(whole.to_owned());
            let schema = schema.or_insert_with(|| find(map.root, whole).node.clone());
            if let Some(part) = find_mut(schema, &at[whole.len()..]) {
                *part = find(map.root, component).node.clone();
            }
        }
    }
    schemas
}

/// What uses a schema as a whole, or as a part of an `allOf` and the like.
struct Users {
    /// The references in forms, and the components that they lead to.
    forms: Vec<(String, String)>,
    /// Whether all are forms.
    are_forms: bool,
}

impl Users {
    fn of(schema: String, map: &Map<'_>) -> Self {
        let mut users = Self {
            forms: Vec::new(),
            are_forms: true,
        };
        let mut seen = HashSet::from([schema.clone()]);
        let mut next = vec![schema];
        while let Some(component) = next.pop() {
            for at in map.mentions.get(&component).into_iter().flatten() {
                let (whole, depth) = outermost(at);
                if is_form(map.root, whole) && depth < DEEPEST {
                    users.forms.push((at.clone(), component.clone()));
                } else if self::component(map, whole).as_deref() == Some(whole) {
                    if seen.insert(whole.to_owned()) {
                        next.push(whole.to_owned());
                    }
                } else {
                    users.are_forms = false;
                }
            }
        }
        users
    }
}

/// The schema of the components that a pointer leads to, or into.
fn component(map: &Map<'_>, pointer: &str) -> Option<String> {
    let is_schema = pointer.starts_with("/components/schemas/");
    map.unit(pointer).filter(|_| is_schema)
}

/// The schema that a part of a part belongs to, and how deep the part is in it.
fn outermost(mut at: &str) -> (&str, usize) {
    let mut depth = 0;
    while let Some(schema) = whole(at) {
        at = schema;
        depth += 1;
    }
    (at, depth)
}

/// Whether a schema is that of a form that the client sends.
fn is_form(root: &Node, schema: &str) -> bool {
    let media = schema.strip_suffix("/schema");
    let content = media.and_then(|media| Some((media, media.rsplit_once('/')?.0)));
    let Some((media, content)) = content else {
        return false;
    };
    let body = content.strip_suffix("/content").unwrap_or_default();
    if !body.ends_with("/requestBody") && !body.starts_with("/components/requestBodies/") {
        return false;
    }
    let kinds = find(root, content).node.entries().iter();
    sent_among(kinds.map(|entry| entry.key.as_str())).is_some_and(|kind| {
        let coding = Coding::of(kind, false);
        join(content, kind) == media && matches!(coding, Coding::Form | Coding::FormData)
    })
}

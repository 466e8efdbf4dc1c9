//! Operations whose successes have different JSON: their client returns an enum, with
//! an alternative for each status.

use crate::document::{Node, join};

use super::alternatives::{Alternative, Case, Union};
use super::{Found, Operation, Spec, is_json, media_type};

/// Those of the whole document.
pub(super) fn all(spec: &Spec<'_>) -> Vec<Union> {
    let operations = spec.operations.iter();
    operations.filter_map(|op| of(spec, op)).collect()
}

/// The alternatives of an operation, if it has some.
fn of(spec: &Spec<'_>, operation: &Operation<'_>) -> Option<Union> {
    let bodies = bodies(spec, operation)?;
    let (_, first) = bodies.first()?;
    if operation.method == "head" || bodies.iter().all(|(_, body)| body.node == first.node) {
        return None;
    }
    let name = |status: &str| format!("Status{}", status.to_ascii_uppercase());
    let alternatives = bodies.iter().map(|(status, body)| Alternative {
        name: name(status),
        pointer: body.pointer.clone(),
        kind: None,
    });
    let cases = bodies.iter().enumerate();
    let mut cases: Vec<_> = cases
        .map(|(index, (status, _))| (index, Case::Status(status.to_ascii_uppercase())))
        .collect();
    // A range is for the statuses that are not listed by themselves.
    cases.sort_by_key(|(index, _)| is_range(bodies[*index].0));
    Some(Union {
        pointer: pointer(operation),
        is_merged: false,
        alternatives: alternatives.collect(),
        cases,
        tag: None,
    })
}

/// Where such alternatives are.
pub(crate) fn pointer(operation: &Operation<'_>) -> String {
    join(&operation.pointer, "responses")
}

fn is_range(status: &str) -> bool {
    status.bytes().any(|byte| !byte.is_ascii_digit())
}

/// The schemas of the successes that have a body, as they are written, with their
/// statuses; `None` if one of them is not JSON.
fn bodies<'a>(spec: &Spec<'a>, operation: &Operation<'a>) -> Option<Vec<(&'a str, Found<'a>)>> {
    let successes = spec.successes(operation).into_iter();
    let media = successes.filter_map(|(status, success)| {
        let (kind, media) = spec.media(&success, media_type)?;
        Some((status, kind, media))
    });
    let schemas = media.map(|(status, kind, media)| {
        let node: &Node = media.node.get("schema").filter(|_| is_json(kind))?;
        let pointer = media.field("schema");
        Some((status, Found { node, pointer }))
    });
    schemas.collect()
}

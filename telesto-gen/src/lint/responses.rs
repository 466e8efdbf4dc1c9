//! Rules about what responses hold.

use crate::document::{Kind, Node, Place, only_requires};

use super::Report;
use crate::spec::{Found, Spec, alternatives};

/// Telesto sends `""` for an empty value. A required field has no `None` for it:
/// a number or a date would fail the whole response, a string would be empty
/// instead of absent. Only what alternatives are told apart by has to be there.
pub(super) fn required_may_be_empty(spec: &Spec<'_>, report: &mut Report<'_>) {
    for place in spec.objects(Kind::Schema) {
        // Alternatives that only say which properties are required are left to the server.
        let is_left = only_requires(place.node) && !is_merged(&place.pointer);
        if spec.usage.is_received(place.node) && !is_left {
            check(spec, report, place);
        }
    }
}

/// Whether a schema is a part of an `allOf`.
fn is_merged(pointer: &str) -> bool {
    let holder = pointer.rsplit_once('/').map(|(holder, _)| holder);
    holder.is_some_and(|holder| holder.ends_with("/allOf"))
}

fn check(spec: &Spec<'_>, report: &mut Report<'_>, schema: &Place<'_>) {
    let required = schema.node.get("required").map_or(&[][..], Node::items);
    if required.is_empty() {
        return;
    }
    let whole = spec.whole(&Found::from(schema));
    for (index, name) in required.iter().enumerate() {
        let Some(name) = name.text() else { continue };
        let Some(property) = spec.property(&whole, name) else {
            continue;
        };
        let goes_one_way = ["readOnly", "writeOnly"]
            .iter()
            .any(|key| property.node.is_set(key));
        if alternatives::is_identifier(name) || is_constant(property.node) || goes_one_way {
            continue;
        }
        // It would be missing where alternatives are told apart by it.
        if spec
            .telling
            .contains(&(schema.pointer.clone(), name.to_owned()))
        {
            continue;
        }
        report.in_vain(
            &format!("{}/required/{index}", schema.pointer),
            format!("`{name}` is required, but it may be empty in a response"),
            format!("remove `{name}` from `required`: an empty value is `None` then"),
        );
    }
}

/// A constant tells objects of one schema from those of another.
fn is_constant(property: &Node) -> bool {
    property
        .get("enum")
        .is_some_and(|values| values.items().len() == 1)
}

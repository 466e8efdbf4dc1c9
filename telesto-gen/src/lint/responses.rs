//! Rules about what responses hold.

use std::collections::BTreeSet;

use crate::document::{Node, join};

use super::Report;
use crate::spec::{Found, Spec};

/// Telesto sends `""` for an empty value. A required field has no `None` for it:
/// a number or a date would fail the whole response, a string would be empty
/// instead of absent.
pub(super) fn required_may_be_empty(spec: &Spec<'_>, report: &mut Report<'_>) {
    let mut responses = Responses {
        spec,
        report,
        seen: BTreeSet::new(),
    };
    for operation in &spec.operations {
        for (_, response) in spec.successes(operation) {
            let Some(content) = spec.field(&response, "content") else {
                continue;
            };
            for entry in content.node.entries() {
                let pointer = join(&content.pointer, &entry.key);
                if let Some(schema) = entry.value.get("schema") {
                    responses.walk(schema, &join(&pointer, "schema"));
                }
            }
        }
    }
}

struct Responses<'s, 'a, 'r, 'd> {
    spec: &'s Spec<'a>,
    report: &'r mut Report<'d>,
    seen: BTreeSet<String>,
}

impl<'a> Responses<'_, 'a, '_, '_> {
    fn walk(&mut self, schema: &'a Node, pointer: &str) {
        let Some(schema) = self.spec.resolve(schema, pointer) else {
            return;
        };
        if !self.seen.insert(schema.pointer.clone()) {
            return;
        }
        self.check(&schema);
        let properties = schema.node.get("properties").map_or(&[][..], Node::entries);
        for entry in properties {
            self.walk(&entry.value, &join(&schema.field("properties"), &entry.key));
        }
        for key in ["items", "additionalProperties"] {
            if let Some(inner) = schema.node.get(key)
                && !inner.is_scalar()
            {
                self.walk(inner, &schema.field(key));
            }
        }
        for key in ["allOf", "oneOf", "anyOf"] {
            let parts = schema.node.get(key).map_or(&[][..], Node::items);
            for (index, part) in parts.iter().enumerate() {
                self.walk(part, &join(&schema.field(key), &index.to_string()));
            }
        }
    }

    fn check(&mut self, schema: &Found<'a>) {
        let required = schema.node.get("required").map_or(&[][..], Node::items);
        for (index, name) in required.iter().enumerate() {
            let Some(name) = name.text() else { continue };
            let whole = self.spec.whole(schema);
            let Some(property) = self.spec.property(&whole, name) else {
                continue;
            };
            let goes_one_way = ["readOnly", "writeOnly"]
                .iter()
                .any(|key| property.node.is_set(key));
            if is_identifier(name) || is_constant(property.node) || goes_one_way {
                continue;
            }
            self.report.at(
                &format!("{}/required/{index}", schema.pointer),
                format!("`{name}` is required, but it may be empty in a response"),
                format!("remove `{name}` from `required`: an empty value is `None` then"),
            );
        }
    }
}

/// Identifiers are never empty.
fn is_identifier(name: &str) -> bool {
    name == "id" || name.ends_with("_id") || name.ends_with("Id")
}

/// A constant tells objects of one schema from those of another.
fn is_constant(property: &Node) -> bool {
    property
        .get("enum")
        .is_some_and(|values| values.items().len() == 1)
}

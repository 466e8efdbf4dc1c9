//! A property that is `readOnly` is not sent, and one that is `writeOnly` does
//! not come back, even if it is required. typify knows neither, and one type
//! serves both ways: so its field is optional, whether or not the schema is sent
//! today.

use std::collections::BTreeSet;

use openapiv3::{OpenAPI, ReferenceOr, Schema};

use crate::schemas::{self, DEEPEST, Members, component};

/// Makes such properties optional. Returns how many.
pub(super) fn apply(api: &mut OpenAPI, document: &OpenAPI) -> usize {
    let mut changed = 0;
    schemas::for_each(api, &mut |_, schema| {
        let mut names = BTreeSet::new();
        collect(document, schema, 0, &mut names);
        if !names.is_empty() {
            changed += make_optional(schema, &names);
        }
    });
    changed
}

/// Collects the properties that go one way, with those of all parts.
fn collect(document: &OpenAPI, schema: &Schema, depth: usize, names: &mut BTreeSet<String>) {
    let (properties, parts) = schemas::members(schema);
    for (name, property) in properties.into_iter().flatten() {
        let property = match property {
            ReferenceOr::Item(property) => Some(&**property),
            ReferenceOr::Reference { reference } => component(document, reference),
        };
        let data = property.map(|property| &property.schema_data);
        if data.is_some_and(|data| data.read_only || data.write_only) {
            names.insert(name.clone());
        }
    }
    for part in parts.iter().filter(|_| depth < DEEPEST) {
        if let Some(part) = schemas::resolved(document, part) {
            collect(document, part, depth + 1, names);
        }
    }
}

/// Removes names from what a schema requires, and the parts written in it.
fn make_optional(schema: &mut Schema, names: &BTreeSet<String>) -> usize {
    let Members {
        required, parts, ..
    } = schemas::members_mut(schema);
    let mut changed = 0;
    if let Some(required) = required {
        let before = required.len();
        required.retain(|name| !names.contains(name));
        changed += before - required.len();
    }
    for part in parts {
        if let ReferenceOr::Item(part) = part {
            changed += make_optional(part, names);
        }
    }
    changed
}

//! A property that is `readOnly` is not sent, and one that is `writeOnly` does
//! not come back, even if it is required. typify knows neither, and one type
//! serves both ways: so its field is optional, whether or not the schema is sent
//! today.

use std::collections::{BTreeSet, HashMap};

use openapiv3::{OpenAPI, ReferenceOr, Schema, SchemaKind, Type};

use crate::schemas;

/// How deep parts of parts are followed.
const DEEPEST: usize = 8;

/// Makes such properties optional. Returns how many.
pub(super) fn apply(api: &mut OpenAPI) -> usize {
    let components = api.components.iter();
    let known = components
        .flat_map(|components| &components.schemas)
        .filter_map(|(name, schema)| Some((name.clone(), schema.as_item()?.clone())));
    let known: HashMap<String, Schema> = known.collect();
    let mut changed = 0;
    schemas::for_each(api, &mut |_, schema| {
        let mut names = BTreeSet::new();
        collect(&known, schema, 0, &mut names);
        if !names.is_empty() {
            changed += make_optional(schema, &names);
        }
    });
    changed
}

/// Collects the properties that go one way, with those of all parts.
fn collect(
    known: &HashMap<String, Schema>,
    schema: &Schema,
    depth: usize,
    names: &mut BTreeSet<String>,
) {
    let target = |reference: &str| {
        let name = reference.strip_prefix("#/components/schemas/")?;
        known.get(name)
    };
    let (properties, parts) = match &schema.schema_kind {
        SchemaKind::Type(Type::Object(object)) => (Some(&object.properties), &[][..]),
        SchemaKind::AllOf { all_of } => (None, &all_of[..]),
        SchemaKind::Any(any) => (Some(&any.properties), &any.all_of[..]),
        _ => return,
    };
    for (name, property) in properties.into_iter().flatten() {
        let property = match property {
            ReferenceOr::Item(property) => Some(&**property),
            ReferenceOr::Reference { reference } => target(reference),
        };
        let one_way =
            |schema: &Schema| schema.schema_data.read_only || schema.schema_data.write_only;
        if property.is_some_and(one_way) {
            names.insert(name.clone());
        }
    }
    for part in parts.iter().filter(|_| depth < DEEPEST) {
        let part = match part {
            ReferenceOr::Item(part) => Some(part),
            ReferenceOr::Reference { reference } => target(reference),
        };
        if let Some(part) = part {
            collect(known, part, depth + 1, names);
        }
    }
}

/// Removes names from what a schema requires, and the parts written in it.
fn make_optional(schema: &mut Schema, names: &BTreeSet<String>) -> usize {
    let (required, parts) = match &mut schema.schema_kind {
        SchemaKind::Type(Type::Object(object)) => (Some(&mut object.required), &mut [][..]),
        SchemaKind::AllOf { all_of } => (None, &mut all_of[..]),
        SchemaKind::Any(any) => (Some(&mut any.required), &mut any.all_of[..]),
        _ => return 0,
    };
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

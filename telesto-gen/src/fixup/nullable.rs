//! typify makes a nullable schema of the components a struct around an `Option`
//! of the type that has its name otherwise. Here it is its uses that are
//! nullable: fields, items, values of maps and responses.

use std::collections::HashSet;

use openapiv3::{AdditionalProperties, OpenAPI, ReferenceOr, Schema, SchemaData, SchemaKind, Type};

use crate::schemas::{self, component};
use crate::spec::component_name;

/// Moves `nullable` from components to their uses. Returns how many there were.
pub(super) fn apply(api: &mut OpenAPI, document: &OpenAPI) -> usize {
    let components = document.components.iter();
    let names = components.flat_map(|components| components.schemas.keys());
    let is_nullable = |reference: &String| {
        component(document, reference).is_some_and(|schema| schema.schema_data.nullable)
    };
    let nullable: HashSet<String> = names
        .map(|name| format!("#/components/schemas/{name}"))
        .filter(is_nullable)
        .collect();
    if nullable.is_empty() {
        return 0;
    }
    schemas::for_each(api, &mut |pointer, schema| {
        if component_name(pointer).is_some() {
            schema.schema_data.nullable = false;
        }
        in_schema(schema, &nullable);
    });
    schemas::for_each_response(api, &mut |response| {
        for schema in response
            .content
            .values_mut()
            .filter_map(|m| m.schema.as_mut())
        {
            if let Some(whole) = whole(schema, &nullable) {
                *schema = ReferenceOr::Item(whole);
            }
        }
    });
    nullable.len()
}

fn in_schema(schema: &mut Schema, nullable: &HashSet<String>) {
    let (properties, items, others) = match &mut schema.schema_kind {
        SchemaKind::Type(Type::Object(object)) => (
            Some(&mut object.properties),
            None,
            object.additional_properties.as_mut(),
        ),
        SchemaKind::Type(Type::Array(array)) => (None, array.items.as_mut(), None),
        SchemaKind::Any(any) => (
            Some(&mut any.properties),
            any.items.as_mut(),
            any.additional_properties.as_mut(),
        ),
        // What is only another name for a nullable schema is nullable as well.
        SchemaKind::AllOf { all_of } => {
            if let [ReferenceOr::Reference { reference }] = &all_of[..] {
                schema.schema_data.nullable |= nullable.contains(reference);
            }
            return;
        }
        _ => return,
    };
    let properties = properties.into_iter().flat_map(|all| all.values_mut());
    for used in properties.chain(items) {
        if let Some(whole) = whole(used, nullable) {
            *used = ReferenceOr::Item(Box::new(whole));
        }
    }
    if let Some(AdditionalProperties::Schema(used)) = others
        && let Some(whole) = whole(used, nullable)
    {
        **used = ReferenceOr::Item(whole);
    }
}

/// A nullable schema for what refers to one.
fn whole<T>(used: &ReferenceOr<T>, nullable: &HashSet<String>) -> Option<Schema> {
    let ReferenceOr::Reference { reference } = used else {
        return None;
    };
    nullable.contains(reference).then(|| Schema {
        schema_data: SchemaData {
            nullable: true,
            ..SchemaData::default()
        },
        schema_kind: SchemaKind::AllOf {
            all_of: vec![ReferenceOr::Reference {
                reference: reference.clone(),
            }],
        },
    })
}

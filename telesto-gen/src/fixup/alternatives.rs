//! typify tries the alternatives of a `oneOf` in order, puts those of an `anyOf`
//! into one struct, ignores discriminators, and names variants after what all
//! alternatives have in common, so that another one renames them.
//!
//! Here they become the required properties of an object, of which
//! `refine::alternatives` makes an enum: the struct has the type of each
//! alternative, boxed where it holds itself.

use std::collections::HashMap;

use openapiv3::{
    AnySchema, BooleanType, MediaType, ObjectType, OpenAPI, ReferenceOr, Response, Schema,
    SchemaData, SchemaKind, StatusCode, Type,
};
use serde_json::Value;

use super::{is_success, shared_responses};
use crate::document::join;
use crate::schemas;
use crate::spec::alternatives::Union;
use crate::spec::{Coding, read_among};

/// What the name of the property that marks such an object starts with.
pub(crate) const MARK: &str = "zq_alternatives_";

/// Replaces alternatives. Returns how many schemas had some.
pub(super) fn apply(api: &mut OpenAPI, unions: &[Union]) -> usize {
    if unions.is_empty() {
        return 0;
    }
    let numbered = unions.iter().enumerate();
    let numbered: HashMap<&str, usize> = numbered
        .map(|(number, union)| (union.pointer.as_str(), number))
        .collect();
    // Replacing a schema changes the pointers of those within it.
    schemas::for_each(api, &mut |pointer, schema| {
        if let Some(number) = numbered.get(pointer) {
            let extensions = &mut schema.schema_data.extensions;
            extensions.insert(MARK.to_owned(), Value::from(*number));
        }
    });
    by_status(api, &numbered);
    let mut replaced = 0;
    schemas::for_each(api, &mut |_, schema| {
        let number = schema.schema_data.extensions.shift_remove(MARK);
        let number = number.and_then(|number| usize::try_from(number.as_u64()?).ok());
        if let Some((number, union)) = number.and_then(|n| Some((n, unions.get(n)?))) {
            replace(schema, number, union);
            replaced += 1;
        }
    });
    replaced
}

/// Makes one response of those of an operation whose bodies depend on the status. The
/// bodies are the alternatives of a schema.
fn by_status(api: &mut OpenAPI, numbered: &HashMap<&str, usize>) {
    let shared = shared_responses(api);
    schemas::for_each_operation(api, &mut |pointer, operation| {
        let number = numbered.get(join(pointer, "responses").as_str());
        let Some(number) = number else { return };
        let responses = &mut operation.responses.responses;
        let mut bodies = Vec::new();
        responses.retain(|status, response| {
            let found = schemas::resolve(response, |name| shared.get(name));
            let body = found.filter(|_| is_success(status)).and_then(read);
            let has_body = body.is_some();
            bodies.extend(body);
            !has_body
        });
        let mut schema = Schema {
            schema_data: SchemaData::default(),
            schema_kind: SchemaKind::OneOf { one_of: bodies },
        };
        let extensions = &mut schema.schema_data.extensions;
        extensions.insert(MARK.to_owned(), Value::from(*number));
        let mut response = Response::default();
        let media = MediaType {
            schema: Some(ReferenceOr::Item(schema)),
            ..MediaType::default()
        };
        let json = Coding::Json.known_as().to_owned();
        response.content.insert(json, media);
        responses.insert(StatusCode::Range(2), ReferenceOr::Item(response));
    });
}

/// The schema of what is read of a response.
fn read(response: &Response) -> Option<ReferenceOr<Schema>> {
    let kinds = response.content.keys().map(String::as_str);
    response.content.get(read_among(kinds)?)?.schema.clone()
}

fn replace(schema: &mut Schema, number: usize, union: &Union) {
    let (parts, beside) = match &mut schema.schema_kind {
        SchemaKind::OneOf { one_of: parts } | SchemaKind::AnyOf { any_of: parts } => {
            (std::mem::take(parts), None)
        }
        SchemaKind::Any(any) => {
            let mut parts = std::mem::take(&mut any.one_of);
            parts.append(&mut any.any_of);
            (parts, union.is_merged.then(|| any.clone()))
        }
        _ => return,
    };
    if union.alternatives.is_empty() {
        return;
    }
    let mut object = ObjectType::default();
    let mark = Schema {
        schema_data: SchemaData::default(),
        schema_kind: SchemaKind::Type(Type::Boolean(BooleanType::default())),
    };
    let mark = (format!("{MARK}{number}"), ReferenceOr::Item(Box::new(mark)));
    let parts = parts.into_iter().map(|part| with(part, beside.as_ref()));
    let names = union
        .alternatives
        .iter()
        .map(|alternative| &alternative.name);
    let properties = names.cloned().zip(parts).chain([mark]);
    object.properties = properties.collect();
    object.required = object.properties.keys().cloned().collect();
    schema.schema_data.discriminator = None;
    schema.schema_kind = SchemaKind::Type(Type::Object(object));
}

/// An alternative, with what is beside all of them.
fn with(mut part: ReferenceOr<Schema>, beside: Option<&AnySchema>) -> ReferenceOr<Box<Schema>> {
    if let ReferenceOr::Item(part) = &mut part {
        // It is the whole that may be null.
        part.schema_data.nullable = false;
    }
    let Some(beside) = beside else {
        return match part {
            ReferenceOr::Item(part) => ReferenceOr::Item(Box::new(part)),
            ReferenceOr::Reference { reference } => ReferenceOr::Reference { reference },
        };
    };
    let beside = Schema {
        schema_data: SchemaData::default(),
        schema_kind: SchemaKind::Any(beside.clone()),
    };
    ReferenceOr::Item(Box::new(Schema {
        schema_data: SchemaData::default(),
        schema_kind: SchemaKind::AllOf {
            all_of: vec![ReferenceOr::Item(beside), part],
        },
    }))
}

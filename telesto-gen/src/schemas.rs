//! Visits every schema of a document.

use indexmap::IndexMap;
use openapiv3::{
    AdditionalProperties, MediaType, OpenAPI, Operation, Parameter, ParameterSchemaOrContent,
    ReferenceOr, Schema, SchemaKind, Type,
};

/// A visitor of schemas. It gets the name of the schema in the components, if
/// it has one.
type Visit<'a> = &'a mut dyn FnMut(Option<&str>, &mut Schema);

/// Visits every schema, each before those within it.
pub(crate) fn for_each(api: &mut OpenAPI, visit: Visit<'_>) {
    if let Some(components) = &mut api.components {
        for (name, schema) in &mut components.schemas {
            if let ReferenceOr::Item(schema) = schema {
                one(Some(name), schema, visit);
            }
        }
        for parameter in components.parameters.values_mut() {
            in_parameter(parameter, visit);
        }
        for body in components.request_bodies.values_mut() {
            if let ReferenceOr::Item(body) = body {
                in_content(&mut body.content, visit);
            }
        }
        for response in components.responses.values_mut() {
            if let ReferenceOr::Item(response) = response {
                in_content(&mut response.content, visit);
            }
        }
    }
    for item in api.paths.paths.values_mut() {
        if let ReferenceOr::Item(item) = item {
            for parameter in &mut item.parameters {
                in_parameter(parameter, visit);
            }
        }
    }
    for operation in operations(api) {
        for parameter in &mut operation.parameters {
            in_parameter(parameter, visit);
        }
        if let Some(ReferenceOr::Item(body)) = &mut operation.request_body {
            in_content(&mut body.content, visit);
        }
        let responses = &mut operation.responses;
        for response in responses
            .responses
            .values_mut()
            .chain(&mut responses.default)
        {
            if let ReferenceOr::Item(response) = response {
                in_content(&mut response.content, visit);
            }
        }
    }
}

/// Every operation that the paths have.
pub(crate) fn operations(api: &mut OpenAPI) -> impl Iterator<Item = &mut Operation> {
    slots(api).flatten()
}

/// The places where the paths may have an operation.
pub(crate) fn slots(api: &mut OpenAPI) -> impl Iterator<Item = &mut Option<Operation>> {
    let items = api.paths.paths.values_mut().filter_map(|item| match item {
        ReferenceOr::Item(item) => Some(item),
        ReferenceOr::Reference { .. } => None,
    });
    items.flat_map(|item| {
        [
            &mut item.get,
            &mut item.put,
            &mut item.post,
            &mut item.delete,
            &mut item.options,
            &mut item.head,
            &mut item.patch,
            &mut item.trace,
        ]
    })
}

fn in_parameter(parameter: &mut ReferenceOr<Parameter>, visit: Visit<'_>) {
    let ReferenceOr::Item(
        Parameter::Query { parameter_data, .. }
        | Parameter::Header { parameter_data, .. }
        | Parameter::Path { parameter_data, .. }
        | Parameter::Cookie { parameter_data, .. },
    ) = parameter
    else {
        return;
    };
    match &mut parameter_data.format {
        ParameterSchemaOrContent::Schema(schema) => in_reference(schema, visit),
        ParameterSchemaOrContent::Content(content) => in_content(content, visit),
    }
}

fn in_content(content: &mut IndexMap<String, MediaType>, visit: Visit<'_>) {
    for media in content.values_mut() {
        if let Some(schema) = &mut media.schema {
            in_reference(schema, visit);
        }
    }
}

fn in_reference(schema: &mut ReferenceOr<Schema>, visit: Visit<'_>) {
    if let ReferenceOr::Item(schema) = schema {
        one(None, schema, visit);
    }
}

fn in_boxed(schema: &mut ReferenceOr<Box<Schema>>, visit: Visit<'_>) {
    if let ReferenceOr::Item(schema) = schema {
        one(None, schema, visit);
    }
}

fn one(name: Option<&str>, schema: &mut Schema, visit: Visit<'_>) {
    visit(name, schema);
    match &mut schema.schema_kind {
        SchemaKind::Type(Type::Object(object)) => {
            for property in object.properties.values_mut() {
                in_boxed(property, visit);
            }
            if let Some(AdditionalProperties::Schema(schema)) = &mut object.additional_properties {
                in_reference(schema, visit);
            }
        }
        SchemaKind::Type(Type::Array(array)) => {
            if let Some(items) = &mut array.items {
                in_boxed(items, visit);
            }
        }
        SchemaKind::OneOf { one_of: parts }
        | SchemaKind::AllOf { all_of: parts }
        | SchemaKind::AnyOf { any_of: parts } => {
            for part in parts {
                in_reference(part, visit);
            }
        }
        SchemaKind::Any(any) => {
            for property in any.properties.values_mut() {
                in_boxed(property, visit);
            }
            if let Some(items) = &mut any.items {
                in_boxed(items, visit);
            }
            if let Some(AdditionalProperties::Schema(schema)) = &mut any.additional_properties {
                in_reference(schema, visit);
            }
            let parts = any
                .one_of
                .iter_mut()
                .chain(&mut any.all_of)
                .chain(&mut any.any_of);
            for part in parts {
                in_reference(part, visit);
            }
        }
        SchemaKind::Type(_) | SchemaKind::Not { .. } => {}
    }
}

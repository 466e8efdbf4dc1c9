//! Visits every schema of a document, and what holds them.

use indexmap::IndexMap;
use openapiv3::{
    AdditionalProperties, MediaType, OpenAPI, Operation, Parameter, ParameterData,
    ParameterSchemaOrContent, ReferenceOr, RequestBody, Response, Schema, SchemaKind, Type,
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
    }
    for_each_parameter(api, &mut |parameter| in_parameter(parameter, visit));
    for_each_body(api, &mut |body| in_content(&mut body.content, visit));
    for_each_response(api, &mut |response| {
        in_content(&mut response.content, visit)
    });
}

/// Visits every parameter: of the components, of paths and of operations.
pub(crate) fn for_each_parameter(api: &mut OpenAPI, visit: &mut dyn FnMut(&mut ParameterData)) {
    if let Some(components) = &mut api.components {
        let parameters = components.parameters.values_mut();
        parameters.filter_map(data).for_each(&mut *visit);
    }
    for item in api.paths.paths.values_mut().filter_map(item) {
        let parameters = item.parameters.iter_mut();
        parameters.filter_map(data).for_each(&mut *visit);
    }
    for operation in operations(api) {
        let parameters = operation.parameters.iter_mut();
        parameters.filter_map(data).for_each(&mut *visit);
    }
}

/// Visits every request body: of the components and of operations.
pub(crate) fn for_each_body(api: &mut OpenAPI, visit: &mut dyn FnMut(&mut RequestBody)) {
    if let Some(components) = &mut api.components {
        let bodies = components.request_bodies.values_mut();
        bodies.filter_map(item).for_each(&mut *visit);
    }
    for operation in operations(api) {
        let bodies = operation.request_body.iter_mut();
        bodies.filter_map(item).for_each(&mut *visit);
    }
}

/// Visits every response: of the components and of operations.
pub(crate) fn for_each_response(api: &mut OpenAPI, visit: &mut dyn FnMut(&mut Response)) {
    if let Some(components) = &mut api.components {
        let responses = components.responses.values_mut();
        responses.filter_map(item).for_each(&mut *visit);
    }
    for operation in operations(api) {
        let responses = &mut operation.responses;
        let all = responses.responses.values_mut();
        all.chain(&mut responses.default)
            .filter_map(item)
            .for_each(&mut *visit);
    }
}

/// What is written in place, instead of a reference.
pub(crate) fn item<T>(item: &mut ReferenceOr<T>) -> Option<&mut T> {
    match item {
        ReferenceOr::Item(item) => Some(item),
        ReferenceOr::Reference { .. } => None,
    }
}

fn data(parameter: &mut ReferenceOr<Parameter>) -> Option<&mut ParameterData> {
    let (Parameter::Query { parameter_data, .. }
    | Parameter::Header { parameter_data, .. }
    | Parameter::Path { parameter_data, .. }
    | Parameter::Cookie { parameter_data, .. }) = item(parameter)?;
    Some(parameter_data)
}

/// How deep parts of parts are followed: a schema may be a part of itself.
pub(crate) const DEEPEST: usize = 8;

/// The properties of an object.
type Properties = IndexMap<String, ReferenceOr<Box<Schema>>>;

/// The properties of an object, and the parts that are merged with it.
pub(crate) fn members(schema: &Schema) -> (Option<&Properties>, &[ReferenceOr<Schema>]) {
    match &schema.schema_kind {
        SchemaKind::Type(Type::Object(object)) => (Some(&object.properties), &[]),
        SchemaKind::AllOf { all_of } => (None, all_of),
        // An object without a `type`, or with parts beside its properties.
        SchemaKind::Any(any) => (Some(&any.properties), &any.all_of),
        _ => (None, &[]),
    }
}

/// The properties of an object, those that it requires, and the parts that are
/// merged with it.
pub(crate) struct Members<'a> {
    pub(crate) properties: Option<&'a mut Properties>,
    pub(crate) required: Option<&'a mut Vec<String>>,
    pub(crate) parts: &'a mut [ReferenceOr<Schema>],
}

pub(crate) fn members_mut(schema: &mut Schema) -> Members<'_> {
    let (properties, required, parts): (_, _, &mut [_]) = match &mut schema.schema_kind {
        SchemaKind::Type(Type::Object(object)) => (
            Some(&mut object.properties),
            Some(&mut object.required),
            &mut [],
        ),
        SchemaKind::AllOf { all_of } => (None, None, all_of),
        SchemaKind::Any(any) => (
            Some(&mut any.properties),
            Some(&mut any.required),
            &mut any.all_of,
        ),
        _ => (None, None, &mut []),
    };
    Members {
        properties,
        required,
        parts,
    }
}

/// The target of a reference among the components of its section.
pub(crate) fn resolve<'a, T>(
    start: &'a ReferenceOr<T>,
    component: impl Fn(&str) -> Option<&'a ReferenceOr<T>>,
) -> Option<&'a T> {
    let mut found = start;
    // Ends a circle of references.
    for _ in 0..8 {
        match found {
            ReferenceOr::Item(item) => return Some(item),
            ReferenceOr::Reference { reference } => {
                let (_, name) = reference.rsplit_once('/')?;
                found = component(name)?;
            }
        }
    }
    None
}

/// The schema of the components that a reference leads to.
pub(crate) fn component<'a>(api: &'a OpenAPI, reference: &str) -> Option<&'a Schema> {
    let schemas = &api.components.as_ref()?.schemas;
    let name = reference.strip_prefix("#/components/schemas/")?;
    resolve(schemas.get(name)?, |name| schemas.get(name))
}

/// A part, or what it refers to.
pub(crate) fn resolved<'a>(api: &'a OpenAPI, part: &'a ReferenceOr<Schema>) -> Option<&'a Schema> {
    match part {
        ReferenceOr::Item(part) => Some(part),
        ReferenceOr::Reference { reference } => component(api, reference),
    }
}

/// Every operation that the paths have.
pub(crate) fn operations(api: &mut OpenAPI) -> impl Iterator<Item = &mut Operation> {
    slots(api).flatten()
}

/// The places where the paths may have an operation.
pub(crate) fn slots(api: &mut OpenAPI) -> impl Iterator<Item = &mut Option<Operation>> {
    let items = api.paths.paths.values_mut().filter_map(item);
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

fn in_parameter(parameter: &mut ParameterData, visit: Visit<'_>) {
    match &mut parameter.format {
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

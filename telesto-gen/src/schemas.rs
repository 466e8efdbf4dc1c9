//! Visits every schema of a document, and what holds them.

use indexmap::IndexMap;
use openapiv3::{
    AdditionalProperties, MediaType, OpenAPI, Operation, Parameter, ParameterData,
    ParameterSchemaOrContent, PathItem, ReferenceOr, RequestBody, Response, Schema, SchemaKind,
    Type,
};

use crate::document::{join, push};

/// A visitor of schemas. It gets the JSON pointer of each.
type Visit<'a> = &'a mut dyn FnMut(&str, &mut Schema);

/// Visits every schema, each before those within it.
pub(crate) fn for_each(api: &mut OpenAPI, visit: Visit<'_>) {
    let mut walk = Walk {
        pointer: String::new(),
        visit,
    };
    if let Some(components) = &mut api.components {
        walk.named("/components/schemas", &mut components.schemas, Walk::one);
        let parameters = &mut components.parameters;
        walk.named("/components/parameters", parameters, Walk::parameter);
        let bodies = &mut components.request_bodies;
        walk.named("/components/requestBodies", bodies, Walk::body);
        let responses = &mut components.responses;
        walk.named("/components/responses", responses, Walk::response);
    }
    walk.named("/paths", &mut api.paths.paths, Walk::path_item);
}

/// Visits every parameter: of the components, of paths and of operations.
pub(crate) fn for_each_parameter(api: &mut OpenAPI, visit: &mut dyn FnMut(&mut Parameter)) {
    if let Some(components) = &mut api.components {
        let parameters = components.parameters.values_mut();
        parameters.filter_map(item).for_each(&mut *visit);
    }
    for path in api.paths.paths.values_mut().filter_map(self::item) {
        let parameters = path.parameters.iter_mut();
        parameters.filter_map(item).for_each(&mut *visit);
    }
    for operation in operations(api) {
        let parameters = operation.parameters.iter_mut();
        parameters.filter_map(item).for_each(&mut *visit);
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

/// A parameter, or the one that a reference leads to.
pub(crate) fn parameter<'a>(
    api: &'a OpenAPI,
    parameter: &'a ReferenceOr<Parameter>,
) -> Option<&'a Parameter> {
    let mut found = parameter;
    for _ in 0..DEEPEST {
        let reference = match found {
            ReferenceOr::Item(parameter) => return Some(parameter),
            ReferenceOr::Reference { reference } => reference,
        };
        let name = reference.strip_prefix("#/components/parameters/")?;
        found = api.components.as_ref()?.parameters.get(name)?;
    }
    None
}

/// What every parameter has, wherever it is sent.
pub(crate) fn data_of(parameter: &mut Parameter) -> &mut ParameterData {
    let (Parameter::Query { parameter_data, .. }
    | Parameter::Header { parameter_data, .. }
    | Parameter::Path { parameter_data, .. }
    | Parameter::Cookie { parameter_data, .. }) = parameter;
    parameter_data
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

/// Visits every operation that the paths have, with its JSON pointer.
pub(crate) fn for_each_operation(api: &mut OpenAPI, visit: &mut dyn FnMut(&str, &mut Operation)) {
    for (path, item) in &mut api.paths.paths {
        let pointer = join("/paths", path);
        let methods = self::item(item).into_iter().flat_map(methods);
        for (method, slot) in methods {
            if let Some(operation) = slot {
                visit(&join(&pointer, method), operation);
            }
        }
    }
}

/// The places where the paths may have an operation.
pub(crate) fn slots(api: &mut OpenAPI) -> impl Iterator<Item = &mut Option<Operation>> {
    let items = api.paths.paths.values_mut().filter_map(item);
    items.flat_map(|item| methods(item).map(|(_, slot)| slot))
}

/// The places where a path may have an operation, by method.
pub(crate) fn methods(item: &mut PathItem) -> [(&'static str, &mut Option<Operation>); 8] {
    [
        ("get", &mut item.get),
        ("put", &mut item.put),
        ("post", &mut item.post),
        ("delete", &mut item.delete),
        ("options", &mut item.options),
        ("head", &mut item.head),
        ("patch", &mut item.patch),
        ("trace", &mut item.trace),
    ]
}

/// Visits schemas, and keeps track of where they are.
struct Walk<'v> {
    pointer: String,
    visit: Visit<'v>,
}

impl Walk<'_> {
    /// Walks something within the current place.
    fn within(&mut self, token: &str, walk: impl FnOnce(&mut Self)) {
        let length = self.pointer.len();
        push(&mut self.pointer, token);
        walk(self);
        self.pointer.truncate(length);
    }

    /// Walks what is written in place, instead of a reference.
    fn at<T>(&mut self, token: &str, found: &mut ReferenceOr<T>, walk: fn(&mut Self, &mut T)) {
        if let Some(found) = item(found) {
            self.within(token, |within| walk(within, found));
        }
    }

    /// Walks a section of the document.
    fn named<K: AsRef<str>, T>(
        &mut self,
        section: &str,
        all: &mut IndexMap<K, ReferenceOr<T>>,
        walk: fn(&mut Self, &mut T),
    ) {
        self.pointer.push_str(section);
        for (name, found) in all {
            self.at(name.as_ref(), found, walk);
        }
        self.pointer.clear();
    }

    fn path_item(&mut self, path_item: &mut PathItem) {
        self.parameters(&mut path_item.parameters);
        for (method, slot) in methods(path_item) {
            if let Some(operation) = slot {
                self.within(method, |within| within.operation(operation));
            }
        }
    }

    fn operation(&mut self, operation: &mut Operation) {
        self.parameters(&mut operation.parameters);
        if let Some(body) = &mut operation.request_body {
            self.at("requestBody", body, Self::body);
        }
        let responses = &mut operation.responses;
        self.within("responses", |within| {
            for (status, response) in &mut responses.responses {
                within.at(&status.to_string(), response, Self::response);
            }
            if let Some(response) = &mut responses.default {
                within.at("default", response, Self::response);
            }
        });
    }

    fn parameters(&mut self, parameters: &mut [ReferenceOr<Parameter>]) {
        self.within("parameters", |within| {
            for (index, parameter) in parameters.iter_mut().enumerate() {
                within.at(&index.to_string(), parameter, Self::parameter);
            }
        });
    }

    fn parameter(&mut self, parameter: &mut Parameter) {
        match &mut data_of(parameter).format {
            ParameterSchemaOrContent::Schema(schema) => self.at("schema", schema, Self::one),
            ParameterSchemaOrContent::Content(content) => self.content(content),
        }
    }

    fn body(&mut self, body: &mut RequestBody) {
        self.content(&mut body.content);
    }

    fn response(&mut self, response: &mut Response) {
        self.content(&mut response.content);
    }

    fn content(&mut self, content: &mut IndexMap<String, MediaType>) {
        self.within("content", |within| {
            for (media_type, media) in content {
                if let Some(schema) = &mut media.schema {
                    within.within(media_type, |within| {
                        within.at("schema", schema, Self::one);
                    });
                }
            }
        });
    }

    fn boxed(&mut self, schema: &mut Box<Schema>) {
        self.one(schema);
    }

    fn one(&mut self, schema: &mut Schema) {
        (self.visit)(&self.pointer, schema);
        match &mut schema.schema_kind {
            SchemaKind::Type(Type::Object(object)) => {
                self.properties(&mut object.properties);
                self.others(object.additional_properties.as_mut());
            }
            SchemaKind::Type(Type::Array(array)) => {
                if let Some(items) = &mut array.items {
                    self.at("items", items, Self::boxed);
                }
            }
            SchemaKind::OneOf { one_of } => self.parts("oneOf", one_of),
            SchemaKind::AllOf { all_of } => self.parts("allOf", all_of),
            SchemaKind::AnyOf { any_of } => self.parts("anyOf", any_of),
            SchemaKind::Any(any) => {
                self.properties(&mut any.properties);
                if let Some(items) = &mut any.items {
                    self.at("items", items, Self::boxed);
                }
                self.others(any.additional_properties.as_mut());
                self.parts("oneOf", &mut any.one_of);
                self.parts("allOf", &mut any.all_of);
                self.parts("anyOf", &mut any.any_of);
            }
            SchemaKind::Type(_) | SchemaKind::Not { .. } => {}
        }
    }

    fn properties(&mut self, properties: &mut Properties) {
        self.within("properties", |within| {
            for (name, property) in properties {
                within.at(name, property, Self::boxed);
            }
        });
    }

    fn others(&mut self, others: Option<&mut AdditionalProperties>) {
        if let Some(AdditionalProperties::Schema(schema)) = others {
            self.at("additionalProperties", schema, Self::one);
        }
    }

    fn parts(&mut self, keyword: &str, parts: &mut [ReferenceOr<Schema>]) {
        self.within(keyword, |within| {
            for (index, part) in parts.iter_mut().enumerate() {
                within.at(&index.to_string(), part, Self::one);
            }
        });
    }
}

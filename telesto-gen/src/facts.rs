//! What the document says and progenitor's output no longer shows.

use std::collections::{BTreeMap, HashMap};

use openapiv3::{OpenAPI, Operation, ReferenceOr, Response, Schema, SchemaKind, StatusCode, Type};

use crate::schemas;

/// The facts that the refinements and the table of operations are made from.
#[derive(Debug)]
pub(crate) struct Facts {
    /// How doc examples name the crate.
    pub(crate) crate_name: String,
    /// In the order of the document.
    pub(crate) operations: Vec<OperationFacts>,
    /// Every object schema of the document, named or not.
    pub(crate) objects: Vec<ObjectFacts>,
    /// The properties whose names progenitor is not given, by those that it is.
    pub(crate) renamed: BTreeMap<String, String>,
}

/// An operation of the document.
#[derive(Debug)]
pub(crate) struct OperationFacts {
    pub(crate) id: String,
    /// In capital letters.
    pub(crate) method: String,
    pub(crate) path: String,
    /// The first one.
    pub(crate) tag: Option<String>,
    /// Status and description of each documented error.
    pub(crate) errors: Vec<(String, String)>,
    /// Where the operation is documented.
    pub(crate) documented_at: Option<String>,
}

/// The properties of an object, in the order of the document.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ObjectFacts {
    /// Its name in the components, if it has one.
    pub(crate) name: Option<String>,
    pub(crate) properties: Vec<String>,
}

impl Facts {
    pub(crate) fn of(api: &OpenAPI, crate_name: &str, renamed: BTreeMap<String, String>) -> Self {
        Self {
            crate_name: crate_name.to_owned(),
            operations: api
                .operations()
                .map(|(path, method, operation)| operation_facts(api, path, method, operation))
                .collect(),
            objects: objects(api),
            renamed,
        }
    }

    /// The operations by their ids.
    pub(crate) fn by_id(&self) -> HashMap<&str, &OperationFacts> {
        let operations = self.operations.iter();
        operations
            .map(|operation| (operation.id.as_str(), operation))
            .collect()
    }
}

fn operation_facts(
    api: &OpenAPI,
    path: &str,
    method: &str,
    operation: &Operation,
) -> OperationFacts {
    let responses = &operation.responses;
    let codes = responses
        .responses
        .iter()
        .filter(|(code, _)| !is_success(code))
        .map(|(code, response)| (code.to_string(), response));
    let default = responses
        .default
        .iter()
        .map(|response| ("any other".to_owned(), response));
    OperationFacts {
        id: operation.operation_id.clone().unwrap_or_default(),
        method: method.to_ascii_uppercase(),
        path: path.to_owned(),
        tag: operation.tags.first().cloned(),
        errors: codes
            .chain(default)
            .map(|(code, response)| (code, description(api, response)))
            .collect(),
        documented_at: operation
            .external_docs
            .as_ref()
            .map(|docs| docs.url.clone()),
    }
}

/// Whether a documented status is one of a success.
pub(crate) fn is_success(code: &StatusCode) -> bool {
    match code {
        StatusCode::Code(code) => (200..300).contains(code),
        StatusCode::Range(range) => *range == 2,
    }
}

fn description(api: &OpenAPI, response: &ReferenceOr<Response>) -> String {
    let mut response = response;
    // A chain of references ends; a circle of them ends here.
    for _ in 0..8 {
        match response {
            ReferenceOr::Item(response) => return response.description.clone(),
            ReferenceOr::Reference { reference } => {
                let target = reference
                    .strip_prefix("#/components/responses/")
                    .and_then(|name| api.components.as_ref()?.responses.get(name));
                match target {
                    Some(target) => response = target,
                    None => break,
                }
            }
        }
    }
    String::new()
}

fn objects(api: &OpenAPI) -> Vec<ObjectFacts> {
    let mut objects = Vec::new();
    schemas::for_each(&mut api.clone(), &mut |name, schema| {
        let properties = properties(api, schema, 0);
        if !properties.is_empty() {
            objects.push(ObjectFacts {
                name: name.map(str::to_owned),
                properties,
            });
        }
    });
    objects
}

/// The properties of an object, with those of all parts of an `allOf`.
pub(crate) fn properties(api: &OpenAPI, schema: &Schema, depth: usize) -> Vec<String> {
    const DEEPEST: usize = 8;
    let (own, parts): (Vec<String>, &[ReferenceOr<Schema>]) = match &schema.schema_kind {
        SchemaKind::Type(Type::Object(object)) => {
            (object.properties.keys().cloned().collect(), &[])
        }
        SchemaKind::AllOf { all_of } => (Vec::new(), all_of),
        // An object that does not say that it is one, or says it in several ways.
        SchemaKind::Any(any) => (any.properties.keys().cloned().collect(), &any.all_of),
        _ => return Vec::new(),
    };
    let mut merged = own;
    for part in parts.iter().filter(|_| depth < DEEPEST) {
        let part = match part {
            ReferenceOr::Item(schema) => Some(schema),
            ReferenceOr::Reference { reference } => component(api, reference),
        };
        let inherited = part.map(|part| properties(api, part, depth + 1));
        for property in inherited.unwrap_or_default() {
            if !merged.contains(&property) {
                merged.push(property);
            }
        }
    }
    merged
}

fn component<'a>(api: &'a OpenAPI, reference: &str) -> Option<&'a Schema> {
    let name = reference.strip_prefix("#/components/schemas/")?;
    api.components.as_ref()?.schemas.get(name)?.as_item()
}

//! Facts of the document that progenitor's output no longer shows.

use std::collections::HashMap;

use indexmap::IndexMap;
use openapiv3::{MediaType, OpenAPI, Operation, Parameter, ReferenceOr, Schema, StatusCode};

use crate::names::pascal;
use crate::schemas::{self, resolve};
use crate::spec::alternatives::Union;
use crate::spec::component_name;

/// The facts that the refinements and the table of operations need.
#[derive(Debug)]
pub(crate) struct Facts {
    /// The name of the crate in doc examples.
    pub(crate) crate_name: String,
    /// In the order of the document.
    pub(crate) operations: Vec<OperationFacts>,
    /// Every object schema of the document, named or not.
    pub(crate) objects: Vec<ObjectFacts>,
    /// Every schema with alternatives.
    pub(crate) unions: Vec<Union>,
}

/// An operation of the document.
#[derive(Debug)]
pub(crate) struct OperationFacts {
    pub(crate) id: String,
    /// In uppercase.
    pub(crate) method: String,
    pub(crate) path: String,
    /// The first one.
    pub(crate) tag: Option<String>,
    /// Status and description of each documented error.
    pub(crate) errors: Vec<(String, String)>,
    /// Where the operation is documented.
    pub(crate) documented_at: Option<String>,
    /// Its parameters, those of its path included.
    pub(crate) parameters: Vec<ParameterFacts>,
    /// Its request body.
    pub(crate) body: Option<BodyFacts>,
    /// What its success is read as.
    pub(crate) returns: Returns,
}

/// What the success of an operation is read as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Returns {
    Json,
    /// Of this media type.
    Bytes(String),
    Nothing,
}

/// A parameter of an operation.
#[derive(Debug)]
pub(crate) struct ParameterFacts {
    /// Its name on the wire.
    pub(crate) name: String,
    /// Where it is sent: `path`, `query` or `header`.
    pub(crate) place: &'static str,
    pub(crate) description: String,
}

/// The body of a request.
#[derive(Debug)]
pub(crate) struct BodyFacts {
    pub(crate) required: bool,
    pub(crate) description: String,
    /// Its media type, without parameters.
    pub(crate) sent_in: String,
}

impl BodyFacts {
    pub(crate) fn is_form(&self) -> bool {
        self.sent_in == "application/x-www-form-urlencoded"
    }
}

/// The properties of an object, in the order of the document.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ObjectFacts {
    /// Its name in the components, if it has one.
    pub(crate) name: Option<String>,
    pub(crate) properties: Vec<String>,
}

impl Facts {
    pub(crate) fn of(api: &OpenAPI, unions: Vec<Union>, crate_name: &str) -> Self {
        Self {
            unions,
            crate_name: crate_name.to_owned(),
            operations: api
                .operations()
                .map(|(path, method, operation)| operation_facts(api, path, method, operation))
                .collect(),
            objects: objects(api),
        }
    }

    /// The operations by the names of their builders.
    pub(crate) fn by_builder(&self) -> HashMap<String, &OperationFacts> {
        let operations = self.operations.iter();
        operations
            .map(|operation| (pascal(&operation.id), operation))
            .collect()
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
    let components = api.components.as_ref();
    let response = |response| resolve(response, |name| components?.responses.get(name));
    let mut successes = responses
        .responses
        .iter()
        .filter(|(code, _)| is_success(code))
        .filter_map(|(_, success)| response(success));
    OperationFacts {
        id: operation.operation_id.clone().unwrap_or_default(),
        method: method.to_ascii_uppercase(),
        path: path.to_owned(),
        tag: operation.tags.first().cloned(),
        errors: codes
            .chain(default)
            .map(|(code, error)| {
                let description = response(error).map(|error| error.description.clone());
                (code, description.unwrap_or_default())
            })
            .collect(),
        documented_at: operation
            .external_docs
            .as_ref()
            .map(|docs| docs.url.clone()),
        parameters: parameters(api, path, operation),
        body: operation
            .request_body
            .as_ref()
            .and_then(|body| resolve(body, |name| components?.request_bodies.get(name)))
            .map(|body| BodyFacts {
                required: body.required,
                description: body.description.clone().unwrap_or_default(),
                sent_in: media_type(&body.content).unwrap_or_default(),
            }),
        returns: match successes.find_map(|response| media_type(&response.content)) {
            Some(_) if method == "head" => Returns::Nothing,
            Some(media_type) if media_type == "application/json" => Returns::Json,
            Some(media_type) => Returns::Bytes(media_type),
            None => Returns::Nothing,
        },
    }
}

/// The parameters of an operation, then those of its path that it does not
/// override.
fn parameters(api: &OpenAPI, path: &str, operation: &Operation) -> Vec<ParameterFacts> {
    let item = api.paths.paths.get(path).and_then(ReferenceOr::as_item);
    let shared = item.iter().flat_map(|item| &item.parameters);
    let components = api.components.as_ref();
    let mut found: Vec<ParameterFacts> = Vec::new();
    for parameter in operation.parameters.iter().chain(shared) {
        let Some(parameter) = resolve(parameter, |name| components?.parameters.get(name)) else {
            continue;
        };
        let place = match parameter {
            Parameter::Query { .. } => "query",
            Parameter::Header { .. } => "header",
            Parameter::Path { .. } => "path",
            Parameter::Cookie { .. } => "cookie",
        };
        let data = parameter.parameter_data_ref();
        if !found.iter().any(|known| known.name == data.name) {
            found.push(ParameterFacts {
                name: data.name.clone(),
                place,
                description: data.description.clone().unwrap_or_default(),
            });
        }
    }
    found
}

/// The media type of a content that progenitor chooses, without parameters: JSON,
/// or else the first.
fn media_type(content: &IndexMap<String, MediaType>) -> Option<String> {
    let essence = |kind: &String| kind.split(';').next().unwrap_or_default().trim().to_owned();
    let mut all = content.keys().map(essence);
    let first = all.next()?;
    let json = "application/json";
    let is_json = first == json || all.any(|kind| kind == json);
    Some(if is_json { json.to_owned() } else { first })
}

/// Whether a documented status is one of a success.
pub(crate) fn is_success(code: &StatusCode) -> bool {
    match code {
        StatusCode::Code(code) => (200..300).contains(code),
        StatusCode::Range(range) => *range == 2,
    }
}

fn objects(api: &OpenAPI) -> Vec<ObjectFacts> {
    let mut objects = Vec::new();
    schemas::for_each(&mut api.clone(), &mut |pointer, schema| {
        let properties = properties(api, schema, 0);
        if !properties.is_empty() {
            objects.push(ObjectFacts {
                name: component_name(pointer).map(str::to_owned),
                properties,
            });
        }
    });
    objects
}

/// The properties of an object, with those of all parts of an `allOf`.
fn properties(api: &OpenAPI, schema: &Schema, depth: usize) -> Vec<String> {
    let (own, parts) = schemas::members(schema);
    let mut merged: Vec<String> = own.into_iter().flat_map(IndexMap::keys).cloned().collect();
    for part in parts.iter().filter(|_| depth < schemas::DEEPEST) {
        let inherited = schemas::resolved(api, part).map(|part| properties(api, part, depth + 1));
        for property in inherited.unwrap_or_default() {
            if !merged.contains(&property) {
                merged.push(property);
            }
        }
    }
    merged
}

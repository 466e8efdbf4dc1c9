//! Facts of the document that progenitor's output no longer shows.

use std::collections::{BTreeSet, HashMap, HashSet};

use crate::descriptions;
use crate::document::{Kind, Node};
use crate::names::{pascal, setter};
use crate::spec::alternatives::Union;
use crate::spec::extensions::Cache;
use crate::spec::parameters::with_other_setters;
use crate::spec::{
    Coding, Found, Operation, Parameter, RateLimit, Spec, component_name, essence, is_json, sent_as,
};

/// The facts that the refinements and the table of operations need.
#[derive(Debug)]
pub(crate) struct Facts {
    /// The name of the crate in doc examples.
    pub(crate) crate_name: String,
    /// The URL of the server.
    pub(crate) server: Option<String>,
    pub(crate) api_key_header: Option<String>,
    pub(crate) rate_limit: Option<RateLimit>,
    /// In the order of the document.
    pub(crate) operations: Vec<OperationFacts>,
    /// Every object schema of the document, named or not.
    pub(crate) objects: Vec<ObjectFacts>,
    /// Every schema with alternatives.
    pub(crate) unions: Vec<Union>,
    /// The pointers of the schemas of files in forms.
    pub(crate) files: BTreeSet<String>,
}

/// An operation of the document.
#[derive(Debug)]
pub(crate) struct OperationFacts {
    pub(crate) id: String,
    /// In uppercase.
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) tags: Vec<String>,
    /// The status and the description of each documented error.
    pub(crate) errors: Vec<(String, String)>,
    /// Where the operation is documented.
    pub(crate) documented_at: Option<String>,
    /// Its parameters, those of its path included.
    pub(crate) parameters: Vec<ParameterFacts>,
    /// Its request body.
    pub(crate) body: Option<BodyFacts>,
    /// What its success is read as.
    pub(crate) returns: Returns,
    /// Whether it may also succeed without a body.
    pub(crate) may_return_nothing: bool,
    /// The media types of its successes, without parameters.
    pub(crate) media_types: Vec<String>,
    /// Whether its responses can be cached.
    pub(crate) is_cacheable: bool,
    pub(crate) cache: Option<Cache>,
    /// Whether a request may arrive twice.
    pub(crate) is_idempotent: bool,
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
    /// Its name in Rust, but for the underscore after a keyword.
    pub(crate) setter: String,
    /// Whether that is not the usual one.
    pub(crate) is_renamed: bool,
    /// Where it is sent: `path`, `query` or `header`.
    pub(crate) place: String,
    /// What a list is joined with into one value.
    pub(crate) joined_by: Option<&'static str>,
    /// Marked if the parameter is deprecated.
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

/// The properties of an object, in the order of the document.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ObjectFacts {
    /// Its name in the components, if it has one.
    pub(crate) name: Option<String>,
    pub(crate) properties: Vec<String>,
}

impl OperationFacts {
    /// How its body is written.
    pub(crate) fn coding(&self) -> Option<Coding> {
        let body = self.body.as_ref()?;
        Some(Coding::of(&body.sent_in, false))
    }

    /// What the lists of a query parameter are joined with.
    pub(crate) fn joined_by(&self, name: &str) -> Option<&'static str> {
        let mut query = self.parameters.iter().filter(|p| p.place == "query");
        query.find(|parameter| parameter.name == name)?.joined_by
    }
}

impl Facts {
    pub(crate) fn of(spec: &Spec<'_>, crate_name: &str) -> Self {
        Self {
            crate_name: crate_name.to_owned(),
            server: spec.server().map(str::to_owned),
            api_key_header: spec.api_key_header().map(str::to_owned),
            rate_limit: spec.rate_limit(),
            operations: spec
                .operations
                .iter()
                .map(|operation| operation_facts(spec, operation))
                .collect(),
            objects: objects(spec),
            unions: spec.unions.clone(),
            files: spec.files.pointers.clone(),
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

fn operation_facts(spec: &Spec<'_>, operation: &Operation<'_>) -> OperationFacts {
    let node = operation.node;
    let tags = node.get("tags").map_or(&[][..], Node::items);
    let docs = node.get("externalDocs");
    let contents = spec.contents(operation);
    let mut media_types: Vec<String> = Vec::new();
    for entry in contents.iter().flat_map(|content| content.node.entries()) {
        let kind = essence(&entry.key).to_ascii_lowercase();
        if !media_types.contains(&kind) {
            media_types.push(kind);
        }
    }
    OperationFacts {
        id: operation.id().unwrap_or_default().to_owned(),
        method: operation.method.to_ascii_uppercase(),
        path: operation.route().to_owned(),
        tags: tags
            .iter()
            .filter_map(Node::text)
            .map(str::to_owned)
            .collect(),
        errors: errors(spec, operation),
        documented_at: docs.and_then(|docs| docs.text_of("url")).map(str::to_owned),
        parameters: with_other_setters(&spec.parameters(operation))
            .map(|(parameter, other_setter)| parameter_facts(spec, parameter, other_setter))
            .collect(),
        body: spec.request_body(operation).map(|body| {
            let sent_in = spec.media(&body, sent_as);
            BodyFacts {
                required: body.node.is_set("required"),
                description: description(&body),
                sent_in: sent_in.map_or("", |(kind, _)| essence(kind)).to_owned(),
            }
        }),
        returns: match spec.read_as(operation) {
            Some(_) if operation.method == "head" => Returns::Nothing,
            Some(media_type) if is_json(media_type) => Returns::Json,
            Some(media_type) => Returns::Bytes(media_type.to_owned()),
            None => Returns::Nothing,
        },
        may_return_nothing: spec.may_return_nothing(operation),
        media_types,
        is_cacheable: spec.is_cacheable(operation),
        cache: Cache::of(node),
        is_idempotent: operation.is_idempotent(),
    }
}

/// The status and the description of each documented error, that of any other
/// status last.
fn errors(spec: &Spec<'_>, operation: &Operation<'_>) -> Vec<(String, String)> {
    let mut errors = spec.responses(operation);
    errors.retain(|(status, _)| !status.starts_with('2'));
    errors.sort_by_key(|(status, _)| *status == "default");
    let errors = errors.into_iter().map(|(status, error)| {
        let status = match status {
            "default" => "any other",
            status => status,
        };
        (status.to_owned(), description(&error))
    });
    errors.collect()
}

fn parameter_facts<'a>(
    spec: &Spec<'a>,
    parameter: &Parameter<'a>,
    other_setter: Option<String>,
) -> ParameterFacts {
    let described = description(&parameter.found);
    ParameterFacts {
        name: parameter.name.to_owned(),
        is_renamed: other_setter.is_some(),
        setter: other_setter.unwrap_or_else(|| setter(parameter.name)),
        place: parameter.place.to_owned(),
        joined_by: parameter.joined_by(spec),
        description: match parameter.found.node.is_set("deprecated") {
            true => descriptions::deprecated(&described),
            false => described,
        },
    }
}

/// The description of something, as a doc comment can have it.
fn description(found: &Found<'_>) -> String {
    let text = found.node.text_of("description").unwrap_or_default();
    descriptions::plain(text).unwrap_or_else(|| text.to_owned())
}

/// The objects, those of the components first.
fn objects(spec: &Spec<'_>) -> Vec<ObjectFacts> {
    let mut objects = Vec::new();
    for is_shared in [true, false] {
        for place in spec.objects(Kind::Schema) {
            if place.pointer.starts_with("/components/") != is_shared {
                continue;
            }
            let schema = Found::from(place);
            let mut properties = Vec::new();
            add_properties(spec, &schema, &mut properties, &mut HashSet::new());
            if !properties.is_empty() {
                objects.push(ObjectFacts {
                    name: component_name(&place.pointer).map(str::to_owned),
                    properties,
                });
            }
        }
    }
    objects
}

/// Adds the names of the properties of an object, with those of all parts of an
/// `allOf`.
fn add_properties<'a>(
    spec: &Spec<'a>,
    schema: &Found<'a>,
    names: &mut Vec<String>,
    seen: &mut HashSet<String>,
) {
    // A schema may be a part of itself, which has a finding of its own.
    if !seen.insert(schema.pointer.clone()) {
        return;
    }
    let own = schema.node.get("properties").map_or(&[][..], Node::entries);
    for entry in own {
        if !names.iter().any(|name| entry.key == *name) {
            names.push(entry.key.to_string());
        }
    }
    for part in spec.parts(schema, "allOf") {
        add_properties(spec, &part, names, seen);
    }
}

//! The operations of a spec, and their responses.

use serde_json::{Value, json};
use telesto_gen::spec::{self, Found, Spec};

use crate::check::{Checks, Schemas};
use crate::response::Response;
use crate::sample::{self, Fill};

/// An operation that the mock server serves.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Operation {
    /// Its `operationId`, or its method and path if it has none.
    pub id: String,
    /// Its method, in uppercase.
    pub method: String,
    /// The template of its path, below that of the server.
    pub path: String,
    /// Its response, unless another one is set.
    pub(crate) response: Response,
    /// What its requests have to be.
    pub(crate) checks: Checks,
}

impl Operation {
    /// All operations of a spec, sorted by their paths. The schemas of what is
    /// sent are added to `schemas`.
    pub(crate) fn all(spec: &Spec<'_>, schemas: &mut Schemas) -> Vec<Self> {
        let operations = spec.operations.iter().map(|operation| {
            let method = operation.method.to_ascii_uppercase();
            let path = operation.route();
            let id = operation.id().map(str::to_owned);
            Self {
                id: id.unwrap_or_else(|| format!("{method} {}", operation.path)),
                response: response(spec, operation),
                checks: Checks::of(spec, operation, schemas),
                path: path.to_owned(),
                method,
            }
        });
        let mut operations: Vec<Self> = operations.collect();
        operations.sort_by(|one, other| one.path.cmp(&other.path));
        operations
    }
}

/// The example of the error with this status, from any operation that has one.
pub(crate) fn error_example(spec: &Spec<'_>, status: u16) -> Option<Value> {
    let status = status.to_string();
    let responses = spec.operations.iter().flat_map(|o| spec.responses(o));
    responses
        .filter(|(known, _)| *known == status)
        .filter_map(|(_, response)| spec.field(&response, "content"))
        .flat_map(|content| media_types(spec, &content))
        .find_map(|media| example(spec, &media))
}

/// The success of an operation.
fn response(spec: &Spec<'_>, operation: &spec::Operation<'_>) -> Response {
    let responses = spec.responses(operation);
    let successes = responses
        .iter()
        .filter_map(|(status, response)| Some((success(status)?, response)));
    let default = || {
        let default = responses.iter().find(|(status, _)| *status == "default");
        default.map(|(_, response)| (200, response))
    };
    let first = successes.min_by_key(|(status, _)| *status);
    let Some((status, response)) = first.or_else(default) else {
        return Response::empty(204);
    };
    let content = spec.field(response, "content");
    let Some((content, kind)) = content.and_then(|c| Some((c.clone(), spec::media_type(&c)?)))
    else {
        return Response::empty(status);
    };
    let media = spec.field(&content, kind);
    let given = media.as_ref().and_then(|media| example(spec, media));
    match given {
        _ if is_json(kind) => {
            let body = given.unwrap_or_else(|| {
                let schema = media.and_then(|media| spec.field(&media, "schema"));
                let schema = schema.map(|schema| sample::of(spec, &schema, Fill::Full));
                schema.unwrap_or_else(|| json!({}))
            });
            Response::new(status, kind, body.to_string())
        }
        Some(Value::String(text)) => Response::new(status, kind, text),
        Some(other) => Response::new(status, kind, other.to_string()),
        None if kind == "application/pdf" => Response::new(status, kind, "%PDF-1.4\n%%EOF\n"),
        None => Response::new(status, kind, "text\n"),
    }
}

/// The media types of a content.
fn media_types<'a>(spec: &Spec<'a>, content: &Found<'a>) -> Vec<Found<'a>> {
    let entries = content.node.entries().iter();
    let media = entries.filter_map(|entry| spec.field(content, entry.key()));
    media.collect()
}

/// The example of a body, if it has one.
fn example<'a>(spec: &Spec<'a>, media: &Found<'a>) -> Option<Value> {
    if let Some(example) = media.node.get("example") {
        return Some(example.to_json());
    }
    let examples = spec.field(media, "examples")?;
    let first = examples.node.entries().first()?;
    let first = spec.field(&examples, first.key())?;
    Some(first.node.get("value")?.to_json())
}

/// The status of a documented success: `2XX` stands for 200.
fn success(code: &str) -> Option<u16> {
    if code.eq_ignore_ascii_case("2XX") {
        return Some(200);
    }
    code.parse().ok().filter(|code| (200..300).contains(code))
}

fn is_json(kind: &str) -> bool {
    let kind = spec::essence(kind);
    kind == "application/json" || kind.ends_with("+json")
}

#[cfg(test)]
mod tests {
    use telesto_gen::Document;

    use super::*;

    #[test]
    fn the_shipped_spec_has_an_example_of_an_error() {
        let text = include_str!("generated/telesto.yaml");
        let document = Document::parse("telesto.yaml", text.to_owned()).unwrap();
        let spec = Spec::of(&document);
        let example = error_example(&spec, 401).unwrap();
        assert_eq!(example["error"]["type"], "UNAUTHORIZED");
    }
}

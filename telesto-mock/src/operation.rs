//! The operations of a spec, and their responses.

use serde_json::Value;

use crate::response::Response;
use crate::sample::{self, Fill};
use crate::spec::Spec;

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
}

impl Operation {
    /// All operations of a spec, sorted by their paths.
    pub(crate) fn all(spec: &Spec) -> Vec<Self> {
        let operations = spec.operations().map(|(path, method, operation)| {
            let id = operation.get("operationId").and_then(Value::as_str);
            Self {
                id: id.map_or_else(|| format!("{method} {path}"), str::to_owned),
                response: response(spec, operation),
                path: path.to_owned(),
                method,
            }
        });
        operations.collect()
    }
}

/// The example of the error with this status, from any operation that has one.
pub(crate) fn error_example(spec: &Spec, status: u16) -> Option<Value> {
    let responses = spec.operations().filter_map(|(_, _, operation)| {
        let responses = operation.get("responses")?;
        responses.get(status.to_string())
    });
    responses
        .filter_map(|response| spec.resolve(response).get("content")?.as_object())
        .flat_map(|content| content.values())
        .find_map(|media| spec.example(media))
}

/// The success of an operation.
fn response(spec: &Spec, operation: &Value) -> Response {
    let responses = operation.get("responses").and_then(Value::as_object);
    let mut successes: Vec<(u16, &Value)> = responses
        .into_iter()
        .flatten()
        .filter_map(|(code, response)| Some((success(code)?, spec.resolve(response))))
        .collect();
    successes.sort_by_key(|(status, _)| *status);
    let default = || Some((200, spec.resolve(responses?.get("default")?)));
    let Some((status, response)) = successes.first().copied().or_else(default) else {
        return Response::empty(204);
    };
    let content = response.get("content").and_then(Value::as_object);
    // The client asks for JSON where there is some.
    let media = content.and_then(|content| {
        let json = content.iter().find(|(kind, _)| is_json(kind));
        json.or_else(|| content.iter().next())
    });
    match media {
        None => Response::empty(status),
        Some((kind, media)) if is_json(kind) => {
            let body = spec.example(media).unwrap_or_else(|| {
                sample::of(
                    spec,
                    media.get("schema").unwrap_or(&Value::Null),
                    Fill::Full,
                )
            });
            Response::new(status, kind, body.to_string())
        }
        Some((kind, media)) => match spec.example(media) {
            Some(Value::String(text)) => Response::new(status, kind, text),
            Some(other) => Response::new(status, kind, other.to_string()),
            None if kind == "application/pdf" => Response::new(status, kind, "%PDF-1.4\n%%EOF\n"),
            None => Response::new(status, kind, "text\n"),
        },
    }
}

/// The status of a documented success: `2XX` stands for 200.
fn success(code: &str) -> Option<u16> {
    if code.eq_ignore_ascii_case("2XX") {
        return Some(200);
    }
    code.parse().ok().filter(|code| (200..300).contains(code))
}

fn is_json(kind: &str) -> bool {
    let kind = kind.split(';').next().unwrap_or_default().trim();
    kind.eq_ignore_ascii_case("application/json") || kind.ends_with("+json")
}

/// Whether a path matches a template, and if so, how many of its segments are
/// literally those of the template. More of them make a better match.
pub(crate) fn matches(template: &str, path: &str) -> Option<usize> {
    let template: Vec<&str> = template.split('/').collect();
    let path: Vec<&str> = path.split('/').collect();
    if template.len() != path.len() {
        return None;
    }
    let mut literal = 0;
    for (expected, segment) in template.iter().zip(path) {
        if *expected == segment {
            literal += 1;
        } else if segment.is_empty() || !fits(expected, segment) {
            return None;
        }
    }
    Some(literal)
}

/// Whether a segment fits one of a template, such as `{id}` or `{id}.pdf`.
fn fits(expected: &str, segment: &str) -> bool {
    let (Some(open), Some(close)) = (expected.find('{'), expected.rfind('}')) else {
        return false;
    };
    let (before, after) = (&expected[..open], &expected[close + 1..]);
    segment.len() > before.len() + after.len()
        && segment.starts_with(before)
        && segment.ends_with(after)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_literal_segment_is_a_better_match_than_a_parameter() {
        assert_eq!(matches("/products", "/products"), Some(2));
        assert_eq!(matches("/products/{id}", "/products/7"), Some(2));
        assert_eq!(matches("/products/all", "/products/all"), Some(3));
        assert_eq!(matches("/products/{id}.pdf", "/products/7.pdf"), Some(2));
        assert_eq!(matches("/products/{id}.pdf", "/products/7.png"), None);
        assert_eq!(matches("/products/{id}", "/products/"), None);
        assert_eq!(matches("/products/{id}", "/products"), None);
    }

    #[test]
    fn the_shipped_spec_has_an_example_of_an_error() {
        let spec = Spec::read(include_str!("generated/telesto.yaml")).unwrap();
        let example = error_example(&spec, 401).unwrap();
        assert_eq!(example["error"]["type"], "UNAUTHORIZED");
    }
}

//! The document that the stand-in is driven by.

use std::fmt;
use std::time::Duration;

use serde_json::Value;

use crate::answer::Answer;
use crate::limiter::RateLimit;
use crate::sample::{self, Fill};

/// The methods that a path item may have.
const METHODS: [&str; 8] = [
    "get", "put", "post", "delete", "options", "head", "patch", "trace",
];

/// A document, with references that can be followed.
#[derive(Debug)]
pub(crate) struct Spec {
    document: Value,
}

/// An operation that the stand-in serves.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Operation {
    /// Its `operationId`, or its method and path if it has none.
    pub id: String,
    /// In capital letters.
    pub method: String,
    /// The template of its path, below that of the server.
    pub path: String,
    /// What it answers, unless it is told something else.
    pub(crate) answer: Answer,
}

/// Why a document cannot be served.
#[derive(Debug)]
#[non_exhaustive]
pub enum SpecError {
    /// It is not YAML. The text tells where and why.
    Yaml(String),
    /// It is not an OpenAPI 3.0 document. The text tells what it lacks.
    OpenApi(String),
}

impl fmt::Display for SpecError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Yaml(reason) => write!(formatter, "the spec is not YAML: {reason}"),
            Self::OpenApi(reason) => write!(formatter, "the spec cannot be served: {reason}"),
        }
    }
}

impl std::error::Error for SpecError {}

impl Spec {
    pub(crate) fn read(text: &str) -> Result<Self, SpecError> {
        let document: Value =
            serde_yaml::from_str(text).map_err(|error| SpecError::Yaml(error.to_string()))?;
        let lacks = |what: &str| SpecError::OpenApi(what.to_owned());
        match document.get("openapi").and_then(Value::as_str) {
            Some(version) if version.starts_with("3.0.") => {}
            Some(version) => {
                return Err(lacks(&format!(
                    "it is OpenAPI {version}, and 3.0 is understood"
                )));
            }
            None => return Err(lacks("it has no `openapi: 3.0.3`")),
        }
        if !document.get("paths").is_some_and(Value::is_object) {
            return Err(lacks("it has no `paths`"));
        }
        Ok(Self { document })
    }

    /// A node, or what it refers to.
    pub(crate) fn resolve<'a>(&'a self, node: &'a Value) -> &'a Value {
        let mut node = node;
        // A circle of references ends here.
        for _ in 0..16 {
            let target = node
                .get("$ref")
                .and_then(Value::as_str)
                .and_then(|reference| self.document.pointer(reference.strip_prefix('#')?));
            match target {
                Some(target) => node = target,
                None => return node,
            }
        }
        &Value::Null
    }

    /// The path of the first server, without a slash at its end.
    pub(crate) fn base_path(&self) -> String {
        let url = self
            .document
            .pointer("/servers/0/url")
            .and_then(Value::as_str);
        let rest = url.unwrap_or_default();
        let rest = rest.split_once("://").map_or(rest, |(_, rest)| rest);
        let path = rest.find('/').map_or("", |slash| &rest[slash..]);
        path.trim_end_matches('/').to_owned()
    }

    /// The header that carries the key, in small letters.
    pub(crate) fn api_key_header(&self) -> Option<String> {
        let schemes = self
            .document
            .pointer("/components/securitySchemes")?
            .as_object()?;
        let scheme = schemes
            .values()
            .map(|scheme| self.resolve(scheme))
            .find(|scheme| {
                scheme.get("type").is_some_and(|kind| kind == "apiKey")
                    && scheme.get("in").is_some_and(|place| place == "header")
            })?;
        Some(scheme.get("name")?.as_str()?.to_ascii_lowercase())
    }

    /// What `x-rate-limit` says.
    pub(crate) fn rate_limit(&self) -> Option<RateLimit> {
        let limit = self.document.get("x-rate-limit")?;
        let seconds = |name: &str| Some(Duration::from_secs(limit.get(name)?.as_u64()?));
        Some(RateLimit {
            requests: limit.get("requests")?.as_u64()?.try_into().ok()?,
            window: seconds("window")?,
            lockout: seconds("lockout")?,
        })
    }

    /// All operations, sorted by their paths.
    pub(crate) fn operations(&self) -> Vec<Operation> {
        let paths = self.document.get("paths").and_then(Value::as_object);
        let mut operations = Vec::new();
        for (path, item) in paths.into_iter().flatten() {
            let item = self.resolve(item);
            for method in METHODS {
                let Some(operation) = item.get(method) else {
                    continue;
                };
                let id = operation.get("operationId").and_then(Value::as_str);
                let method = method.to_ascii_uppercase();
                operations.push(Operation {
                    id: id.map_or_else(|| format!("{method} {path}"), str::to_owned),
                    answer: self.answer(operation),
                    path: path.clone(),
                    method,
                });
            }
        }
        operations
    }

    /// The error with this status as some operation documents it, if one gives
    /// an example.
    pub(crate) fn error_example(&self, status: u16) -> Option<Value> {
        let paths = self.document.get("paths")?.as_object()?;
        let items = paths.values().map(|item| self.resolve(item));
        let operations =
            items.flat_map(|item| METHODS.iter().filter_map(|method| item.get(method)));
        operations
            .filter_map(|operation| operation.get("responses")?.get(status.to_string()))
            .filter_map(|response| self.resolve(response).get("content")?.as_object())
            .flat_map(|content| content.values())
            .find_map(|media| self.example(media))
    }

    /// The success of an operation.
    fn answer(&self, operation: &Value) -> Answer {
        let responses = operation.get("responses").and_then(Value::as_object);
        let mut successes: Vec<(u16, &Value)> = responses
            .into_iter()
            .flatten()
            .filter_map(|(code, response)| Some((success(code)?, self.resolve(response))))
            .collect();
        successes.sort_by_key(|(status, _)| *status);
        let default = || Some((200, self.resolve(responses?.get("default")?)));
        let Some((status, response)) = successes.first().copied().or_else(default) else {
            return Answer::empty(204);
        };
        let content = response.get("content").and_then(Value::as_object);
        match content.and_then(|content| content.iter().next()) {
            None => Answer::empty(status),
            Some((kind, media)) if is_json(kind) => {
                let body = self.example(media).unwrap_or_else(|| {
                    sample::of(
                        self,
                        media.get("schema").unwrap_or(&Value::Null),
                        Fill::Full,
                    )
                });
                Answer::new(status, kind, body.to_string())
            }
            Some((kind, media)) => match self.example(media) {
                Some(Value::String(text)) => Answer::new(status, kind, text),
                Some(other) => Answer::new(status, kind, other.to_string()),
                None if kind == "application/pdf" => Answer::new(status, kind, "%PDF-1.4\n%%EOF\n"),
                None => Answer::new(status, kind, "text\n"),
            },
        }
    }

    fn example(&self, media: &Value) -> Option<Value> {
        if let Some(example) = media.get("example") {
            return Some(example.clone());
        }
        let first = media.get("examples")?.as_object()?.values().next()?;
        self.resolve(first).get("value").cloned()
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

/// Whether a path is one of those of a template: how many of its segments are
/// those of the template to the letter. More letters make the better match.
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
    fn the_shipped_spec_says_all_that_is_needed() {
        let spec = Spec::read(include_str!("generated/telesto.yaml")).unwrap();
        assert_eq!(spec.base_path(), "/v2");
        assert_eq!(spec.api_key_header().as_deref(), Some("authorization"));
        assert_eq!(spec.rate_limit().unwrap().requests, 100);
        assert!(spec.error_example(401).is_some());
        assert_eq!(spec.operations()[0].id, "list_products");
    }
}

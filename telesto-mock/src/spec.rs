//! The document that the mock server serves.

use std::fmt;
use std::time::Duration;

use serde_json::Value;

use crate::limiter::RateLimit;

/// The methods that a path item may have.
const METHODS: [&str; 8] = [
    "get", "put", "post", "delete", "options", "head", "patch", "trace",
];

/// A document, with references that can be followed.
#[derive(Debug)]
pub(crate) struct Spec {
    document: Value,
}

/// Why a document cannot be served.
#[derive(Debug)]
#[non_exhaustive]
pub enum SpecError {
    /// It is not YAML. The text says where and why.
    Yaml(String),
    /// It is not an OpenAPI 3.0 document. The text says what is missing.
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
        // JSON is YAML, but for pairs of escapes such as `\ud83d\udc4d`.
        let json = serde_json::from_str(text).ok();
        let document: Value = match json {
            Some(document) => document,
            None => serde_yaml::from_str(text).map_err(|e| SpecError::Yaml(e.to_string()))?,
        };
        let lacks = |what: &str| SpecError::OpenApi(what.to_owned());
        match document.get("openapi").and_then(Value::as_str) {
            Some(version) if version.starts_with("3.0.") => {}
            Some(version) => {
                return Err(lacks(&format!(
                    "OpenAPI {version} is not supported, only 3.0"
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

    /// The header that carries the key, in lowercase.
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

    /// Path, method in uppercase, and node of every operation, sorted by path.
    pub(crate) fn operations(&self) -> impl Iterator<Item = (&str, String, &Value)> {
        let paths = self.document.get("paths").and_then(Value::as_object);
        paths.into_iter().flatten().flat_map(|(path, item)| {
            // Fields beside the `$ref` override its target.
            let shared = self.resolve(item);
            METHODS.iter().filter_map(move |method| {
                let operation = item.get(method).or_else(|| shared.get(method))?;
                Some((path.as_str(), method.to_ascii_uppercase(), operation))
            })
        })
    }

    /// The example of a body, if it has one.
    pub(crate) fn example(&self, media: &Value) -> Option<Value> {
        if let Some(example) = media.get("example") {
            return Some(example.clone());
        }
        let first = media.get("examples")?.as_object()?.values().next()?;
        self.resolve(first).get("value").cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_spec_says_all_that_is_needed() {
        let spec = Spec::read(include_str!("generated/telesto.yaml")).unwrap();
        assert_eq!(spec.base_path(), "/v2");
        assert_eq!(spec.api_key_header().as_deref(), Some("authorization"));
        assert_eq!(spec.rate_limit().unwrap().requests, 100);
        let (path, method, _) = spec.operations().next().unwrap();
        assert_eq!((path, method.as_str()), ("/products", "GET"));
    }

    #[test]
    fn json_is_read_as_json() {
        let text = r#"{"openapi": "3.0.3", "info": {"title": "\ud83d\udc4d"}, "paths": {}}"#;
        let spec = Spec::read(text).unwrap();
        assert_eq!(spec.document["info"]["title"], "👍");
    }
}

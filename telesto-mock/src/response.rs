//! A response of the mock server.

use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::IntoResponse;
use bytes::Bytes;
use serde_json::{Value, json};

use crate::fault::Fault;

/// A response, to replace the one that the spec gives.
#[derive(Clone, Debug, PartialEq)]
pub struct Response {
    pub(crate) status: u16,
    content_type: Option<String>,
    headers: Vec<(String, String)>,
    pub(crate) body: Bytes,
    pub(crate) fault: Option<Fault>,
}

impl Response {
    /// A response with a body of some media type.
    pub fn new(status: u16, content_type: &str, body: impl Into<Bytes>) -> Self {
        Self {
            status,
            content_type: Some(content_type.to_owned()),
            headers: Vec::new(),
            body: body.into(),
            fault: None,
        }
    }

    /// A response with a JSON body.
    #[must_use]
    pub fn json(status: u16, value: &Value) -> Self {
        Self::new(status, "application/json", value.to_string())
    }

    /// A response without a body.
    #[must_use]
    pub fn empty(status: u16) -> Self {
        Self {
            status,
            content_type: None,
            headers: Vec::new(),
            body: Bytes::new(),
            fault: None,
        }
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Has the connection fail. The request is counted all the same.
    #[must_use]
    pub fn fault(mut self, fault: Fault) -> Self {
        self.fault = Some(fault);
        self
    }

    /// The envelope that all errors come in.
    pub(crate) fn error(status: u16, kind: &str, description: &str) -> Self {
        let error = json!({"type": kind, "description": description});
        Self::json(status, &json!({"statusCode": status, "error": error}))
    }

    /// What cannot be sent, if anything.
    pub(crate) fn defect(&self) -> Option<String> {
        if StatusCode::from_u16(self.status).is_err() || self.status < 200 {
            return Some(format!("{} is not a valid status", self.status));
        }
        self.all_headers()
            .find(|(name, value)| {
                HeaderName::try_from(*name).is_err() || HeaderValue::try_from(*value).is_err()
            })
            .map(|(name, _)| format!("the header `{name}` cannot be sent"))
    }

    fn all_headers(&self) -> impl Iterator<Item = (&str, &str)> {
        let content_type = self.content_type.as_deref();
        let content_type = content_type.map(|value| ("content-type", value));
        let headers = self.headers.iter();
        content_type
            .into_iter()
            .chain(headers.map(|(name, value)| (name.as_str(), value.as_str())))
    }
}

impl IntoResponse for Response {
    fn into_response(self) -> axum::response::Response {
        let mut response = axum::response::Response::new(self.body.clone().into());
        // `defect` has refused what cannot be sent.
        *response.status_mut() =
            StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        for (name, value) in self.all_headers() {
            if let (Ok(name), Ok(value)) =
                (HeaderName::try_from(name), HeaderValue::try_from(value))
            {
                response.headers_mut().append(name, value);
            }
        }
        response
    }
}

//! Calls of endpoints that are not in the spec.

use bytes::Bytes;
use progenitor_client::{ClientInfo as _, ResponseValue};
use reqwest::{Method, Response};
use serde::Serialize;
use serde_json::Value;

use crate::generated::Client;
use crate::operation::{Call, Returns};
use crate::{ByteStream, Error, call, decode};

/// A request for an endpoint that is not in the spec, made by
/// [`Client::request`].
///
/// It has the same authentication, limits, errors and decoding as every other
/// call.
#[derive(Debug)]
#[must_use = "nothing is sent before `send` or `bytes`"]
pub struct RequestBuilder<'a> {
    client: &'a Client,
    /// The name in errors and spans.
    name: String,
    request: Result<reqwest::RequestBuilder, Error>,
}

impl<'a> RequestBuilder<'a> {
    pub(crate) fn new(client: &'a Client, method: Method, path: &str) -> Self {
        let name = format!("{method} {path}");
        let request = call::valid(&name, check_path(path)).map(|()| {
            let url = format!("{}{path}", client.baseurl());
            client.client().request(method, url)
        });
        Self {
            client,
            name,
            request,
        }
    }

    /// Appends a parameter to the query, percent-encoded as needed.
    pub fn query(self, name: &str, value: impl ToString) -> Self {
        let pair = [(name, value.to_string())];
        self.map(|request| request.query(&pair))
    }

    /// Sends `body` as JSON.
    pub fn json<T: Serialize + ?Sized>(self, body: &T) -> Self {
        self.map(|request| request.json(body))
    }

    /// Sends the request, and decodes the response as JSON. Every `""` in it
    /// becomes `null`.
    ///
    /// # Errors
    ///
    /// Those of every call: see [`ErrorKind`](crate::ErrorKind).
    pub async fn send(self) -> Result<ResponseValue<Value>, Error> {
        let client = self.client;
        let (name, response) = self.sent(Returns::Json).await?;
        decode::response(client, &name, response).await
    }

    /// Sends the request, and returns the body of the response as bytes, such as
    /// those of a PDF.
    ///
    /// # Errors
    ///
    /// Those of every call: see [`ErrorKind`](crate::ErrorKind).
    pub async fn bytes(self) -> Result<ResponseValue<Bytes>, Error> {
        let limit = self.client.inner().settings().body_limit;
        let (name, mut response) = self.sent(Returns::Bytes).await?;
        let (status, headers) = (response.status(), std::mem::take(response.headers_mut()));
        let body = ByteStream::new(&name, response, limit).bytes().await?;
        Ok(ResponseValue::new(body, status, headers))
    }

    async fn sent(self, returns: Returns) -> Result<(String, Response), Error> {
        let Self {
            client,
            name,
            request,
        } = self;
        let request = call::valid(&name, request?.build())?;
        let call = Call {
            name: &name,
            template: None,
            returns,
            media_types: &[],
        };
        let response = client.inner().send(client.client(), request, call).await?;
        Ok((name, response))
    }

    fn map(
        mut self,
        edit: impl FnOnce(reqwest::RequestBuilder) -> reqwest::RequestBuilder,
    ) -> Self {
        self.request = self.request.map(edit);
        self
    }
}

/// Checks that a path, appended to the base URL, stays below it.
fn check_path(path: &str) -> Result<(), String> {
    let wrong = if !path.starts_with('/') {
        "does not start with a slash"
    } else if path.contains(['?', '#']) {
        "has a query or a fragment: pass parameters with `query`"
    } else if path[1..].split('/').any(is_dots) {
        "has a segment of dots, which leads to another path"
    } else if path.contains('\\') || path.contains("//") {
        "has an empty segment or a backslash"
    } else {
        return Ok(());
    };
    Err(format!("the path {wrong}"))
}

/// Whether URLs read a segment as "this folder" or "the one above".
fn is_dots(segment: &str) -> bool {
    matches!(
        segment.to_ascii_lowercase().replace("%2e", ".").as_str(),
        "." | ".."
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_stays_below_the_base_url() {
        for path in ["/", "/products", "/products/a.b..c", "/a%20b", "/products/"] {
            assert_eq!(check_path(path), Ok(()), "{path}");
        }
        for path in [
            "",
            "products",
            "//evil.example",
            "/a//b",
            "/a?b=c",
            "/a#b",
            "/../v1",
            "/a/..",
            "/a/./b",
            "/%2e%2E/v1",
            "/.%2e",
            "/\\evil.example",
        ] {
            assert!(check_path(path).is_err(), "{path}");
        }
    }
}

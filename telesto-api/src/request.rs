//! Calls of endpoints that are not in the spec.

use std::time::Duration;

use bytes::Bytes;
use progenitor_client::{ClientInfo as _, RequestBuilderExt, ResponseValue};
use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use serde::Serialize;
use serde_json::Value;

use crate::call::Freshness;
use crate::generated::Client;
use crate::operation::{Caching, Call, Returns};
use crate::outcome::Received;
use crate::{Error, call, decode};

/// A request for an endpoint that is not in the spec, made by
/// [`Client::request`].
///
/// It has the same authentication, limits, errors and decoding as every other
/// call.
///
/// ```no_run
/// # async fn example(client: &telesto_api::Client) -> Result<(), telesto_api::Error> {
/// use std::time::Duration;
/// use telesto_api::Method;
///
/// let report = client
///     .request(Method::GET, "/report")
///     .query("year", 2024)
///     .header("accept", "text/csv")
///     .timeout(Duration::from_secs(300))
///     .bytes()
///     .await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "nothing is sent before `send` or `bytes`"]
pub struct RequestBuilder<'a> {
    client: &'a Client,
    /// The name in errors and spans.
    name: String,
    request: Result<reqwest::RequestBuilder, Error>,
    caching: Caching,
    freshness: Freshness,
}

impl<'a> RequestBuilder<'a> {
    pub(crate) fn new(client: &'a Client, method: Method, path: &str) -> Self {
        let name = format!("{method} {path}");
        let url = match method {
            Method::CONNECT => Err("CONNECT is for proxies".to_owned()),
            Method::TRACE => Err("a server answers TRACE with the API key".to_owned()),
            _ => client.inner().settings().base_url.below(path),
        };
        let request = call::valid(&name, url).map(|url| client.client().request(method, url));
        Self {
            client,
            name,
            request,
            caching: Caching::Never,
            freshness: Freshness::default(),
        }
    }

    /// Has the cache of the client serve a response that is at most so old. Without
    /// this, or without a cache, the server is always asked. It is for `GET`
    /// requests; what the spec does not know may be about anything, so any write
    /// drops the response.
    ///
    /// ```no_run
    /// # async fn example(client: &telesto_api::Client) -> Result<(), telesto_api::Error> {
    /// use std::time::Duration;
    /// use telesto_api::Method;
    ///
    /// let report = client
    ///     .request(Method::GET, "/report")
    ///     .fresh_for(Duration::from_secs(3600))
    ///     .send()
    ///     .await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn fresh_for(self, time: Duration) -> Self {
        self.cached(|fresh, _| *fresh = Some(time))
    }

    /// Has the cache of the client serve a response for so much longer if the server
    /// cannot be asked.
    pub fn stale_for(self, time: Duration) -> Self {
        self.cached(|_, stale| *stale = Some(time))
    }

    fn cached(mut self, edit: impl FnOnce(&mut Option<Duration>, &mut Option<Duration>)) -> Self {
        let (mut fresh, mut stale) = match self.caching {
            Caching::Never => (Some(Duration::ZERO), Some(Duration::ZERO)),
            Caching::For { fresh, stale } => (fresh, stale),
        };
        edit(&mut fresh, &mut stale);
        self.caching = Caching::For { fresh, stale };
        self
    }

    /// Asks the server, whatever the cache of the client holds: see
    /// [`Client::fresh`].
    pub fn fresh(mut self) -> Self {
        self.freshness = Freshness::Fresh;
        self
    }

    /// Takes a stale response rather than wait for the rate limit: see
    /// [`Client::allow_stale`].
    pub fn allow_stale(mut self) -> Self {
        self.freshness = Freshness::AllowStale;
        self
    }

    /// Appends a parameter to the query, percent-encoded as needed.
    pub fn query(self, name: &str, value: impl ToString) -> Self {
        let pair = [(name, value.to_string())];
        self.map(|request| Ok(request.query(&pair)))
    }

    /// Adds a header. The one of the API key is the client's, and refused.
    ///
    /// Without an `Accept` here, [`send`](Self::send) accepts JSON and
    /// [`bytes`](Self::bytes) anything.
    pub fn header(self, name: &str, value: &str) -> Self {
        let key = &self.client.inner().settings().api_key_header;
        let valid = || {
            let shown = self.client.inner().redact(&name.escape_debug().to_string());
            let name = HeaderName::try_from(name);
            let name = name.map_err(|_| format!("`{shown}` is not a valid header name"))?;
            if name == *key {
                return Err(format!(
                    "the header `{name}` carries the API key: the client sets it"
                ));
            }
            match HeaderValue::try_from(value) {
                Ok(value) => Ok((name, value)),
                Err(_) => Err(format!("the header `{name}` cannot have this value")),
            }
        };
        let header = valid();
        self.map(|request| {
            let (name, value) = header.map_err(Error::invalid_request)?;
            Ok(request.header(name, value))
        })
    }

    /// How long this call may take, in place of the
    /// [timeout of the client](crate::ClientBuilder::timeout).
    pub fn timeout(self, timeout: Duration) -> Self {
        self.map(|request| Ok(request.timeout(timeout)))
    }

    /// Sends `body` as JSON.
    pub fn json<T: Serialize + ?Sized>(self, body: &T) -> Self {
        self.map(|request| Ok(request.json(body)))
    }

    /// Sends `fields`, such as a struct or a list of pairs, as a form.
    pub fn form<T: Serialize + ?Sized>(self, fields: &T) -> Self {
        self.map(|request| {
            let request = RequestBuilderExt::<()>::form_urlencoded(request, &fields);
            request.map_err(Error::invalid_request)
        })
    }

    /// Sends `body` as it is, with its media type, such as `text/csv`.
    pub fn body(self, media_type: &str, body: impl Into<Bytes>) -> Self {
        let body = body.into();
        self.header(CONTENT_TYPE.as_str(), media_type)
            .map(|request| Ok(request.body(body)))
    }

    /// Sends the request, and decodes the response as JSON. Every `""` in it
    /// becomes `null`.
    ///
    /// # Errors
    ///
    /// Those of every call: see [`ErrorKind`](crate::ErrorKind).
    pub async fn send(self) -> Result<ResponseValue<Value>, Error> {
        let client = self.client;
        let (name, received) = self.sent(Returns::Json).await?;
        decode::response(client, &name, received).await
    }

    /// Sends the request, and returns the body of the response as bytes, such as
    /// those of a PDF.
    ///
    /// # Errors
    ///
    /// Those of every call: see [`ErrorKind`](crate::ErrorKind).
    pub async fn bytes(self) -> Result<ResponseValue<Bytes>, Error> {
        let (_, received) = self.sent(Returns::Bytes).await?;
        received.keep().await;
        let Received {
            status,
            headers,
            body,
            ..
        } = received;
        Ok(ResponseValue::new(body, status, headers))
    }

    async fn sent(self, returns: Returns) -> Result<(String, Received), Error> {
        let Self {
            client,
            name,
            request,
            caching,
            freshness,
        } = self;
        let request = call::valid(&name, request?.build())?;
        if caching != Caching::Never && request.method() != Method::GET {
            let reason = "only responses to GET requests are cached";
            return Err(Error::invalid_request(reason).of(&name));
        }
        let call = Call {
            name: &name,
            template: None,
            sends: None,
            returns,
            media_types: &[],
            streams: false,
            tags: &[],
            caching,
            is_idempotent: request.method().is_idempotent(),
        };
        let middleware = client.inner();
        let sent = middleware.send(request, call, freshness);
        let received = sent.await?;
        Ok((name, received))
    }

    fn map(
        mut self,
        edit: impl FnOnce(reqwest::RequestBuilder) -> Result<reqwest::RequestBuilder, Error>,
    ) -> Self {
        let name = &self.name;
        self.request = self
            .request
            .and_then(|request| edit(request).map_err(|error| error.of(name)));
        self
    }
}

//! The one error type.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;
use reqwest::header::HeaderMap;
use reqwest::{Method, StatusCode};

use crate::api_error::ApiError;

/// Why a call failed.
///
/// The type is opaque: [`kind`](Self::kind), or one of the predicates, says
/// what to do about it. Its `Display` is one short line that names the
/// operation; it holds no body, no header and no key. Clones are cheap.
///
/// ```no_run
/// # async fn example(client: &telesto_api::Client) {
/// match client.list_products().await {
///     Ok(products) => println!("{} products", products.len()),
///     // It says when to try again.
///     Err(error) if error.is_rate_limited() => println!("later: {error}"),
///     Err(error) => println!("{error}"),
/// }
/// # }
/// ```
#[derive(Clone)]
pub struct Error(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    kind: ErrorKind,
    message: String,
    operation: Option<String>,
    status: Option<StatusCode>,
    retry_at: Option<Timestamp>,
    api_error: Option<ApiError>,
    path: Option<String>,
    attempts: u32,
    /// Whether the server cannot have got the request.
    never_left: bool,
    /// Whether the server may have acted on an attempt before the last one.
    may_have_acted_before: bool,
    response: Option<(HeaderMap, Bytes)>,
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

/// The kind of an [`Error`], which says what to do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A setting of the client is invalid. Nothing was sent.
    Config,
    /// The arguments of the call do not make a valid request. Nothing was sent.
    InvalidRequest,
    /// 401: the API key is missing or invalid. Check the key.
    Unauthorized,
    /// 403: the account needs a Pro plan for the API, or something before it, such
    /// as a firewall, refuses access. The message says which.
    Forbidden,
    /// 404: the path, or what it names, does not exist.
    NotFound,
    /// 429, or refused before sending because the budget is spent or the
    /// address is locked out. [`Error::retry_at`] says when to try again.
    RateLimited,
    /// Any other refusal (4xx): the request should not be repeated as it is.
    Rejected,
    /// The server failed (5xx). Try again later.
    Server,
    /// 304: what was asked for has not changed, as a conditional request wanted to know. There
    /// is no body.
    NotModified,
    /// A redirect that is not followed, because it leads to another origin or
    /// nowhere.
    Redirect,
    /// No response in time, or a 408. The server may have acted on the request.
    Timeout,
    /// Cannot connect, or the connection was lost. The server may have acted on
    /// a request that was sent before.
    Transport,
    /// The response is larger than the body limit of the client.
    BodyTooLarge,
    /// The response does not match the spec. [`Error::path`] says where.
    Decode,
    /// The writer that [`ByteStream::write_to`](crate::ByteStream::write_to) was
    /// given failed.
    Io,
    /// The budget that several processes share cannot be read or written.
    /// Nothing was sent.
    Budget,
}

impl Error {
    /// The kind of the error.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The `operationId` of the call, or its method and path if the spec does
    /// not know it. `None` for an error of the configuration.
    #[must_use]
    pub fn operation(&self) -> Option<&str> {
        self.0.operation.as_deref()
    }

    /// The HTTP status of the response; `None` if there was no response, as for a
    /// request that was not sent. For an error that came in a success, this is
    /// the status that the error states.
    #[must_use]
    pub fn status(&self) -> Option<StatusCode> {
        self.0.status
    }

    /// When to try again: for [`RateLimited`](ErrorKind::RateLimited), at the
    /// latest; for [`Server`](ErrorKind::Server), if the server says when. `None`
    /// otherwise.
    #[must_use]
    pub fn retry_at(&self) -> Option<Timestamp> {
        self.0.retry_at
    }

    /// The error that the server sent, if the response held one.
    #[must_use]
    pub fn api_error(&self) -> Option<&ApiError> {
        self.0.api_error.as_ref()
    }

    /// The place in the response of the value that could not be read, such as
    /// `[3].stock_onhand`, for [`Decode`](ErrorKind::Decode).
    #[must_use]
    pub fn path(&self) -> Option<&str> {
        self.0.path.as_deref()
    }

    /// The body of the response as it came, for what a request was spent on: to be
    /// looked at, or saved, after a [`Decode`](ErrorKind::Decode). `None` if there
    /// was no response.
    ///
    /// It ends where reading it ended: at the
    /// [body limit](crate::ClientBuilder::body_limit), after 64 KiB if the status
    /// is not a success, or where the connection was lost. The API key is
    /// redacted. No output of the error shows the body.
    #[must_use]
    pub fn body(&self) -> Option<&[u8]> {
        self.0.response.as_ref().map(|(_, body)| &**body)
    }

    /// The headers of the response, such as the id of a request that a support
    /// may ask for; `None` if there was no response. No output of the error shows
    /// them.
    #[must_use]
    pub fn headers(&self) -> Option<&HeaderMap> {
        self.0.response.as_ref().map(|(headers, _)| headers)
    }

    /// How often the request was tried: more than once if it was
    /// [tried again](crate::Retry), and 0 if it was held back or could not be made.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// Whether a setting is invalid: fix the configuration.
    #[must_use]
    pub fn is_config(&self) -> bool {
        self.kind() == ErrorKind::Config
    }

    /// Whether the arguments of the call do not make a valid request: fix them.
    #[must_use]
    pub fn is_invalid_request(&self) -> bool {
        self.kind() == ErrorKind::InvalidRequest
    }

    /// Whether the key was refused: ask Telesto's support for a valid one.
    #[must_use]
    pub fn is_unauthorized(&self) -> bool {
        self.kind() == ErrorKind::Unauthorized
    }

    /// Whether access is refused: the account needs a Pro plan, or a firewall
    /// refuses the request.
    #[must_use]
    pub fn is_forbidden(&self) -> bool {
        self.kind() == ErrorKind::Forbidden
    }

    /// Whether the path, or what it names, does not exist.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.kind() == ErrorKind::NotFound
    }

    /// Whether the rate limit was hit, whether the server refused or the client
    /// held the request back: wait until [`retry_at`](Self::retry_at).
    #[must_use]
    pub fn is_rate_limited(&self) -> bool {
        self.kind() == ErrorKind::RateLimited
    }

    /// Whether the server rejected the request in another way (4xx): do not
    /// repeat it as it is.
    #[must_use]
    pub fn is_rejected(&self) -> bool {
        self.kind() == ErrorKind::Rejected
    }

    /// Whether the server failed (5xx): try again later.
    #[must_use]
    pub fn is_server(&self) -> bool {
        self.kind() == ErrorKind::Server
    }

    /// Whether what was asked for has not changed.
    #[must_use]
    pub fn is_not_modified(&self) -> bool {
        self.kind() == ErrorKind::NotModified
    }

    /// Whether a redirect was not followed: check the base URL.
    #[must_use]
    pub fn is_redirect(&self) -> bool {
        self.kind() == ErrorKind::Redirect
    }

    /// Whether no response came in time. The server may have acted on the
    /// request.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        self.kind() == ErrorKind::Timeout
    }

    /// Whether the connection failed: check the network, and try again. The
    /// server may have acted on a request that was sent before.
    #[must_use]
    pub fn is_transport(&self) -> bool {
        self.kind() == ErrorKind::Transport
    }

    /// Whether the response is larger than the body limit: raise it with
    /// [`ClientBuilder::body_limit`](crate::ClientBuilder::body_limit).
    #[must_use]
    pub fn is_body_too_large(&self) -> bool {
        self.kind() == ErrorKind::BodyTooLarge
    }

    /// Whether the response does not match the spec, which may need an edit.
    #[must_use]
    pub fn is_decode(&self) -> bool {
        self.kind() == ErrorKind::Decode
    }

    /// Whether the writer of a body failed, such as for a full disk.
    #[must_use]
    pub fn is_io(&self) -> bool {
        self.kind() == ErrorKind::Io
    }

    /// Whether the shared budget cannot be read or written: see the message.
    #[must_use]
    pub fn is_budget(&self) -> bool {
        self.kind() == ErrorKind::Budget
    }
}

/// How the crate makes errors.
impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Arc::new(Inner {
            kind,
            message: message.into(),
            operation: None,
            status: None,
            retry_at: None,
            api_error: None,
            path: None,
            attempts: 0,
            never_left: false,
            may_have_acted_before: false,
            response: None,
            source: None,
        }))
    }

    pub(crate) fn config(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Config, message)
    }

    /// The error of a request that got no response, or only a part of one.
    pub(crate) fn transport(error: reqwest::Error) -> Self {
        // The URL is in the span; in the text it would hide what happened.
        let error = error.without_url();
        // Connecting has a timeout of its own.
        let is_connect = error.is_connect();
        let what = if is_connect {
            "cannot connect"
        } else if error.is_timeout() {
            return Self::timeout().with_source(error);
        } else {
            "the connection was lost"
        };
        let message = format!("{what}: {}", root_cause(&error));
        let transport = Self::new(ErrorKind::Transport, message).with_source(error);
        transport.with_never_left(is_connect)
    }

    pub(crate) fn timeout() -> Self {
        Self::new(ErrorKind::Timeout, "no response in time")
    }

    /// The same as an error of the configuration.
    pub(crate) fn into_config(self) -> Self {
        self.with(|inner| inner.kind = ErrorKind::Config)
    }

    pub(crate) fn budget(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Budget, message)
    }

    /// The error of a writer.
    pub(crate) fn io(error: std::io::Error) -> Self {
        Self::new(ErrorKind::Io, format!("cannot write the body: {error}")).with_source(error)
    }

    /// The error of arguments that do not make a request.
    pub(crate) fn invalid_request(reason: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        let reason = reason.into();
        let error = Self::new(ErrorKind::InvalidRequest, root_cause(&*reason).to_string());
        match reason.source() {
            // The message says all of it.
            None => error,
            Some(_) => error.with(|inner| inner.source = Some(reason.into())),
        }
    }

    /// The error of a 404, which says what was asked for.
    pub(crate) fn not_found(method: &Method, path: &str) -> Self {
        Self::new(ErrorKind::NotFound, format!("not found: {method} {path}"))
            .with_status(StatusCode::NOT_FOUND)
    }

    /// The error that an HTTP status other than a success stands for.
    ///
    /// What is not JSON does not come from the API.
    pub(crate) fn from_status(status: StatusCode, is_json: bool) -> Self {
        let (kind, message) = match status.as_u16() {
            401 => (ErrorKind::Unauthorized, "the API key is missing or invalid"),
            403 if is_json => (ErrorKind::Forbidden, "the API needs a Pro plan"),
            403 => (
                ErrorKind::Forbidden,
                "access is refused, perhaps by a firewall",
            ),
            408 => (
                ErrorKind::Timeout,
                "the server did not get the request in time",
            ),
            429 => (
                ErrorKind::RateLimited,
                "the address is blocked for too many requests",
            ),
            304 => (
                ErrorKind::NotModified,
                "not modified since what the request asks about",
            ),
            300..=399 => (ErrorKind::Redirect, "the server redirects elsewhere"),
            500.. => (ErrorKind::Server, "the server failed, try again later"),
            _ => (ErrorKind::Rejected, "the server rejected the request"),
        };
        Self::new(kind, message).with_status(status)
    }

    pub(crate) fn of(self, operation: &str) -> Self {
        if self.operation() == Some(operation) {
            return self;
        }
        self.with(|inner| inner.operation = Some(operation.to_owned()))
    }

    pub(crate) fn with_status(self, status: StatusCode) -> Self {
        self.with(|inner| inner.status = Some(status))
    }

    pub(crate) fn with_retry_at(self, retry_at: Option<Timestamp>) -> Self {
        self.with(|inner| inner.retry_at = retry_at)
    }

    pub(crate) fn with_api_error(self, api_error: Option<ApiError>) -> Self {
        self.with(|inner| inner.api_error = api_error)
    }

    /// Keeps what was received, with the key redacted.
    pub(crate) fn with_response(self, headers: HeaderMap, body: Bytes) -> Self {
        self.with(|inner| inner.response = Some((headers, body)))
    }

    /// The error of a call with so many attempts, of which all but the last one may have
    /// been acted on.
    pub(crate) fn after_attempts(self, attempts: u32, may_have_acted_before: bool) -> Self {
        self.with(|inner| {
            inner.attempts = attempts;
            inner.may_have_acted_before = may_have_acted_before;
        })
    }

    /// Whether the server may have acted on the request, in any attempt.
    pub(crate) fn may_have_acted(&self) -> bool {
        let is_refusal = matches!(
            self.kind(),
            ErrorKind::Config
                | ErrorKind::InvalidRequest
                | ErrorKind::Unauthorized
                | ErrorKind::Forbidden
                | ErrorKind::NotFound
                | ErrorKind::RateLimited
                | ErrorKind::Rejected
                | ErrorKind::Budget
        );
        self.0.may_have_acted_before || !(is_refusal || self.never_left())
    }

    pub(crate) fn with_never_left(self, never_left: bool) -> Self {
        self.with(|inner| inner.never_left = never_left)
    }

    pub(crate) fn never_left(&self) -> bool {
        self.0.never_left
    }

    pub(crate) fn with_path(self, path: String) -> Self {
        self.with(|inner| inner.path = Some(path))
    }

    pub(crate) fn with_source(self, source: impl StdError + Send + Sync + 'static) -> Self {
        self.with(|inner| inner.source = Some(Arc::new(source)))
    }

    /// Edits the texts that may quote the server.
    pub(crate) fn map_texts(self, edit: impl Fn(&str) -> String) -> Self {
        self.with(|inner| {
            inner.message = edit(&inner.message);
            inner.path = inner.path.as_deref().map(&edit);
        })
    }

    /// Edits this error, and none of its clones.
    fn with(mut self, edit: impl FnOnce(&mut Inner)) -> Self {
        edit(Arc::make_mut(&mut self.0));
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner {
            message,
            operation,
            status,
            retry_at,
            api_error,
            path,
            ..
        } = &*self.0;
        if let Some(operation) = operation {
            write!(formatter, "{operation}: ")?;
        }
        if let Some(path) = path {
            write!(formatter, "{path}: ")?;
        }
        formatter.write_str(message)?;
        let kind = api_error.as_ref().and_then(ApiError::short_type);
        match (status, kind) {
            (Some(status), Some(kind)) => write!(formatter, " ({} {kind})", status.as_u16())?,
            (Some(status), None) => write!(formatter, " ({})", status.as_u16())?,
            (None, _) => {}
        }
        if let Some(retry_at) = retry_at {
            // Rounded up, so that a call at this second is not too early.
            let second = retry_at.as_second() + i64::from(retry_at.subsec_nanosecond() > 0);
            let shown = Timestamp::from_second(second).unwrap_or(*retry_at);
            write!(formatter, "; retry at {shown}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    /// What a person reads if `main` returns the error: its `Display`, followed
    /// by its causes. `{:#?}` shows the fields.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner {
            kind,
            message,
            operation,
            status,
            retry_at,
            api_error,
            path,
            attempts,
            never_left: _,
            may_have_acted_before: _,
            response,
            source,
        } = &*self.0;
        if !formatter.alternate() {
            fmt::Display::fmt(self, formatter)?;
            let mut cause = self.source();
            if cause.is_some() {
                formatter.write_str("\n\nCaused by:")?;
            }
            while let Some(error) = cause {
                write!(formatter, "\n    {error}")?;
                cause = error.source();
            }
            return Ok(());
        }
        formatter
            .debug_struct("Error")
            .field("kind", kind)
            .field("message", message)
            .field("operation", operation)
            .field("status", status)
            .field("retry_at", retry_at)
            .field("api_error", api_error)
            .field("path", path)
            .field("attempts", attempts)
            .field("body_size", &response.as_ref().map(|(_, body)| body.len()))
            .field("source", source)
            .finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

/// The last error in a chain of causes, which says what went wrong.
pub(crate) fn root_cause<'a>(error: &'a (dyn StdError + 'static)) -> &'a (dyn StdError + 'static) {
    std::iter::successors(Some(error), |error| (*error).source())
        .last()
        .unwrap_or(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_its_predicate() {
        type Predicate = fn(&Error) -> bool;
        let predicates: [(ErrorKind, Predicate); 16] = [
            (ErrorKind::Config, Error::is_config),
            (ErrorKind::InvalidRequest, Error::is_invalid_request),
            (ErrorKind::Unauthorized, Error::is_unauthorized),
            (ErrorKind::Forbidden, Error::is_forbidden),
            (ErrorKind::NotFound, Error::is_not_found),
            (ErrorKind::RateLimited, Error::is_rate_limited),
            (ErrorKind::Rejected, Error::is_rejected),
            (ErrorKind::Server, Error::is_server),
            (ErrorKind::NotModified, Error::is_not_modified),
            (ErrorKind::Redirect, Error::is_redirect),
            (ErrorKind::Timeout, Error::is_timeout),
            (ErrorKind::Transport, Error::is_transport),
            (ErrorKind::BodyTooLarge, Error::is_body_too_large),
            (ErrorKind::Decode, Error::is_decode),
            (ErrorKind::Io, Error::is_io),
            (ErrorKind::Budget, Error::is_budget),
        ];
        for (kind, _) in predicates {
            let error = Error::new(kind, "");
            for (other, is) in predicates {
                assert_eq!(is(&error), kind == other, "{kind:?} {other:?}");
            }
        }
    }
}

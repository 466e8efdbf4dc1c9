//! What a response is: a success, or which error. The raw status decides first,
//! then an error that the body states, then whether the body is what the
//! operation returns.

#[cfg(feature = "cache")]
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{CONTENT_RANGE, CONTENT_TYPE, HeaderMap};
use reqwest::{Method, Response, StatusCode};
use serde::de::IgnoredAny;
use tracing::Span;

use crate::api_error::ApiError;
use crate::body::{self, Buffer, looks_like_html, without_mark};
use crate::budget::Reservation;
#[cfg(feature = "cache")]
use crate::cache::Unsaved;
use crate::middleware::{Arrived, Middleware, Slot};
use crate::operation::{Call, Returns};
use crate::{Error, ErrorKind};

/// A success.
#[derive(Debug)]
pub(crate) struct Received {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    /// The whole body or, if there is a rest, its beginning.
    pub(crate) body: Bytes,
    /// What a call that reads the body as a stream has not read yet.
    pub(crate) rest: Option<Rest>,
    /// How often the request was tried; 0 if the cache has served it.
    pub(crate) attempts: u32,
    /// That of the call, which the response is decoded in.
    pub(crate) span: Span,
    /// If it is to be cached once it is decoded.
    #[cfg(feature = "cache")]
    pub(crate) unsaved: Option<Arc<Unsaved>>,
}

impl Received {
    /// Keeps the response for other calls, if a cache waits for that: its body is what
    /// the call expects.
    pub(crate) async fn keep(&self) {
        #[cfg(feature = "cache")]
        if let Some(unsaved) = &self.unsaved {
            Box::pin(unsaved.save()).await;
        }
    }
}

/// The rest of a body that is read as a stream.
#[derive(Debug)]
pub(crate) struct Rest {
    pub(crate) response: Response,
    /// How long each part of it may take.
    pub(crate) timeout: Duration,
}

/// Reads a response until it is known what it is. That of a success has its
/// whole body then, unless the call reads it as a stream.
pub(crate) async fn of(
    middleware: &Middleware,
    arrived: Arrived,
    method: &Method,
    call: Call<'_>,
) -> Result<Received, Error> {
    let Arrived {
        mut response,
        timeout,
        asks_for_range,
        slot,
    } = arrived;
    match slot {
        Slot::Settled(locked) => Err(refusal(middleware, response, method, locked, timeout).await),
        Slot::Reserved(reservation) if !asks_for_range && is_part(&response) => {
            reservation.responded().await;
            let reason = "the response is a part of what the call has asked for";
            let error = Error::new(ErrorKind::Decode, reason).with_status(response.status());
            Err(middleware.with_response(error, response.headers(), Bytes::new()))
        }
        Slot::Reserved(reservation) => {
            let read = success(
                middleware,
                &mut response,
                reservation,
                method,
                call,
                timeout,
            );
            let body = read.await?;
            let mut headers = std::mem::take(response.headers_mut());
            middleware.redact_headers(&mut headers);
            Ok(Received {
                status: response.status(),
                headers,
                body,
                rest: call.streams.then_some(Rest { response, timeout }),
                attempts: 1,
                span: Span::none(),
                #[cfg(feature = "cache")]
                unsaved: None,
            })
        }
    }
}

/// Whether it is a part of a body, of which the call would not know that it is one.
fn is_part(response: &Response) -> bool {
    response.status() == StatusCode::PARTIAL_CONTENT
        && response.headers().contains_key(CONTENT_RANGE)
}

/// The body of a success; of one that is read as a stream, its beginning.
async fn success(
    middleware: &Middleware,
    response: &mut Response,
    reservation: Reservation,
    method: &Method,
    call: Call<'_>,
    timeout: Duration,
) -> Result<Bytes, Error> {
    let status = response.status();
    let announced = response.content_length().filter(|_| !call.streams);
    let limit = match call.streams {
        true => usize::MAX,
        false => middleware.settings().body_limit,
    };
    let mut buffer = Buffer::new(limit);
    let begun = match buffer.announce(announced) {
        Ok(()) if call.streams => {
            let beginning = tokio::time::timeout(timeout, buffer.read_beginning(response));
            beginning.await.unwrap_or_else(|_| Err(Error::timeout()))
        }
        Ok(()) => buffer.read_beginning(response).await,
        Err(error) => Err(error),
    };
    let stated = match begun {
        Ok(true) => error_in_success(middleware, buffer.bytes()),
        _ => None,
    };
    if let Some((status, api_error)) = stated {
        // Before anybody who waits learns that there was a response.
        let retry_at = if status == StatusCode::TOO_MANY_REQUESTS {
            let asked = middleware.asked(response.headers());
            Some(reservation.limited(asked.unwrap_or_default()).await)
        } else {
            reservation.responded().await;
            None
        };
        let error = Stated {
            status,
            retry_at,
            api_error: Some(api_error),
            is_json: true,
        };
        let error = error.into_error(middleware, response, method);
        return Err(middleware.with_response(error, response.headers(), buffer.into_bytes()));
    }
    reservation.responded().await;
    let mut read = begun.map(drop);
    if read.is_ok() && !call.streams {
        read = buffer.read_to_end(response).await;
    }
    let body = buffer.into_bytes();
    let checked = read.and_then(|()| match foreign(call, response.headers(), &body) {
        Some(reason) => Err(Error::new(ErrorKind::Decode, reason)),
        None => Ok(()),
    });
    if let Err(error) = checked {
        let error = error.with_status(status);
        return Err(middleware.with_response(error, response.headers(), body));
    }
    Ok(body)
}

/// Why a body cannot be what the operation returns. JSON is not looked at: to
/// decode it says more.
fn foreign(call: Call<'_>, headers: &HeaderMap, body: &[u8]) -> Option<String> {
    let body = without_mark(body);
    match call.returns {
        Returns::Json => None,
        // There is nothing to read. A page, though, comes from something before the API.
        Returns::Nothing => looks_like_html(body).then(|| HTML.to_owned()),
        Returns::Bytes => {
            let expected = call.media_types;
            let actual = essence(headers);
            if !expected.is_empty() && !actual.is_empty() && !is_one(expected, &actual) {
                let expected = expected.join(" or ");
                return Some(format!(
                    "the response is {actual}, the spec says {expected}"
                ));
            }
            // As a server sends it that does not know the type of its errors.
            (looks_like_html(body) && !expected.iter().any(|kind| may_be_markup(kind)))
                .then(|| HTML.to_owned())
        }
    }
}

const HTML: &str = "the response is an HTML page, perhaps from a proxy or a login page";

/// The media type of a response, without parameters.
fn essence(headers: &HeaderMap) -> String {
    let kind = headers
        .get(CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok());
    let kind = kind.unwrap_or_default().split(';').next();
    kind.unwrap_or_default().trim().to_ascii_lowercase()
}

/// Whether a media type is one of these.
fn is_one(expected: &[&str], actual: &str) -> bool {
    // What servers send for files of any type.
    const ANY_FILE: [&str; 4] = [
        "application/octet-stream",
        "binary/octet-stream",
        "application/force-download",
        "application/x-download",
    ];
    let is_text = |kind: &str| kind.starts_with("text/") && kind != "text/html";
    ANY_FILE.contains(&actual)
        || expected
            .iter()
            .any(|expected| match expected.strip_suffix('*') {
                Some("*/") => true,
                Some(range) => actual.starts_with(range),
                None => actual == *expected || (is_text(expected) && is_text(actual)),
            })
}

/// Whether a file of this type may begin with `<`.
fn may_be_markup(kind: &str) -> bool {
    kind.starts_with("text/") || kind.ends_with("xml") || kind.ends_with('*')
}

/// The error of a response whose status is not 2xx.
async fn refusal(
    middleware: &Middleware,
    mut response: Response,
    method: &Method,
    locked_until: Option<jiff::Timestamp>,
    timeout: Duration,
) -> Error {
    let mut buffer = Buffer::new(body::MAX_ERROR_BODY);
    let read = tokio::time::timeout(timeout, buffer.read_to_end(&mut response));
    // What is too long, late or cut off, is no envelope.
    let whole = matches!(read.await, Ok(Ok(())));
    let body = buffer.into_bytes();
    let json = without_mark(&body);
    let status = response.status();
    let asked = || {
        let wait = middleware.asked(response.headers())?;
        let wall = middleware.settings().clock.wall();
        wall.saturating_add(wait).ok()
    };
    let error = Stated {
        status,
        retry_at: match status.is_server_error() {
            true => asked(),
            false => locked_until,
        },
        api_error: match whole {
            true => ApiError::read(json, |text| middleware.redact(text)),
            false => None,
        },
        is_json: whole && is_json(json),
    };
    let error = error.into_error(middleware, &response, method);
    middleware.with_response(error, response.headers(), body)
}

fn is_json(body: &[u8]) -> bool {
    body::lenient(body, |body| serde_json::from_slice::<IgnoredAny>(body)).is_ok()
}

/// An error that the server sent, as a status or within a success.
struct Stated {
    status: StatusCode,
    retry_at: Option<jiff::Timestamp>,
    api_error: Option<ApiError>,
    /// Whether the body is JSON, as the API sends it.
    is_json: bool,
}

impl Stated {
    fn into_error(self, middleware: &Middleware, response: &Response, method: &Method) -> Error {
        let error = match self.status {
            StatusCode::NOT_FOUND => {
                Error::not_found(method, &middleware.redact(response.url().path()))
            }
            status => Error::from_status(status, self.is_json),
        };
        error
            .with_retry_at(self.retry_at)
            .with_api_error(self.api_error)
    }
}

/// The error that a whole body states.
fn error_in_success(middleware: &Middleware, body: &[u8]) -> Option<(StatusCode, ApiError)> {
    // Most objects are not worth a second look.
    const SIGN: &[u8] = b"\"statusCode\"";
    body.windows(SIGN.len()).find(|part| *part == SIGN)?;
    ApiError::read_in_success(without_mark(body), |text| middleware.redact(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_of_the_type_of_the_spec_or_of_any() {
        for (expected, actual) in [
            ("application/pdf", "application/pdf"),
            ("application/pdf", "application/octet-stream"),
            ("application/pdf", "application/force-download"),
            ("image/*", "image/png"),
            ("*/*", "text/html"),
            ("text/csv", "text/plain"),
            ("text/html", "text/html"),
        ] {
            assert!(is_one(&[expected], actual), "{expected} {actual}");
            assert!(is_one(&["image/svg+xml", expected], actual));
        }
        for (expected, actual) in [
            ("application/pdf", "text/html"),
            ("application/pdf", "text/plain"),
            ("application/pdf", "application/json"),
            ("image/*", "text/html"),
            ("text/csv", "text/html"),
        ] {
            assert!(!is_one(&[expected], actual), "{expected} {actual}");
        }
    }
}

//! Decoding: from the body of a response to typed values.

use progenitor_client::{ClientInfo as _, ResponseValue};
use reqwest::StatusCode;
use serde_path_to_error::Track;

use crate::body::{self, looks_like_html, without_mark};
use crate::generated::Client;
use crate::outcome::Received;
use crate::wire::{self, Wire};
use crate::{Error, ErrorKind, trace};

/// Decodes the response of a call, within its span.
pub(crate) async fn response<T: Wire>(
    client: &Client,
    operation: &str,
    received: Received,
) -> Result<ResponseValue<T>, Error> {
    let decoded = received
        .span
        .in_scope(|| json(&received.body, received.status));
    if decoded.is_ok() {
        received.keep().await;
    }
    let Received {
        status,
        headers,
        body,
        attempts,
        span,
        ..
    } = received;
    match decoded {
        Ok(value) => Ok(ResponseValue::new(value, status, headers)),
        Err(error) => {
            let middleware = client.inner();
            // Redacted before it is shortened: half a key would not be recognised.
            let error = error.map_texts(|text| one_line(&middleware.redact(text)));
            let error = error.with_status(status).after_attempts(attempts, true);
            let error = error.of(operation);
            let error = middleware.with_response(error, &headers, body);
            trace::record_error(&span, &error);
            Err(error)
        }
    }
}

/// Decodes a body. An empty one is an empty value.
fn json<T: Wire>(body: &[u8], status: StatusCode) -> Result<T, Error> {
    let body = without_mark(body);
    if body.trim_ascii().is_empty() {
        let none = T::none();
        if none.is_some() && status != StatusCode::NO_CONTENT {
            // Somebody may delete what is not in a list.
            tracing::warn!(target: "telesto_api", "the response is empty, and read as no value");
        }
        return none
            .ok_or_else(|| undecodable("the response is empty, but the spec requires a value"));
    }
    match body::lenient(body, |body| whole(body, status)) {
        Ok(value) => Ok(value),
        Err(_) if looks_like_html(body) => Err(undecodable(
            "the response is an HTML page, perhaps from a proxy or a login page",
        )),
        // Keeping track of the place takes time, so only failures pay for it.
        Err(_) => {
            let replaced = body::without_lone_surrogates(body);
            Err(explain::<T>(replaced.as_deref().unwrap_or(body), status))
        }
    }
}

/// Decodes a value, with nothing after it.
fn whole<T: Wire>(body: &[u8], status: StatusCode) -> Result<T, serde_json::Error> {
    let mut json = serde_json::Deserializer::from_slice(body);
    let value = wire::deserialize_body(&mut json, status)?;
    json.end()?;
    Ok(value)
}

/// Decodes again, keeping track of the path of every value.
fn explain<T: Wire>(body: &[u8], status: StatusCode) -> Error {
    let mut json = serde_json::Deserializer::from_slice(body);
    let mut track = Track::new();
    let traced = serde_path_to_error::Deserializer::new(&mut json, &mut track);
    let error = match wire::deserialize_body::<T, _>(traced, status) {
        Err(error) => error,
        Ok(_) => {
            return match json.end() {
                Err(error) => undecodable(error.to_string()),
                Ok(()) => undecodable("the response cannot be decoded"),
            };
        }
    };
    let path = track.path().to_string();
    let error = undecodable(error.to_string());
    // "." is how serde_path_to_error writes the root, which needs no path.
    if path == "." {
        error
    } else {
        error.with_path(path)
    }
}

fn undecodable(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Decode, message)
}

/// The message on one line, cut to a readable length.
fn one_line(message: &str) -> String {
    const LONGEST: usize = 200;
    let message = message.replace(['\n', '\r'], " ");
    match message.char_indices().nth(LONGEST) {
        None => message,
        Some((cut, _)) => format!("{}…", &message[..cut]),
    }
}

//! The functions that the generated `send()` of every operation calls.
#![allow(
    dead_code,
    reason = "which of these are called depends on the spec that the client is made from"
)]

use std::error::Error as StdError;
use std::time::Duration;

use progenitor_client::{ClientInfo as _, RequestBuilderExt, ResponseValue, encode_path};
use reqwest::header::HeaderValue;
use reqwest::multipart::{Form, Part};
use reqwest::{Request, RequestBuilder};

use crate::generated::Client;
use crate::outcome::Received;
use crate::upload::escaped;
use crate::wire::{FormPart, Wire, form_fields, form_parts, to_text};
use crate::{ByteStream, Error, decode, operation};

/// What a call asks for in place of what its client does.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Options {
    pub(crate) timeout: Option<Duration>,
    pub(crate) freshness: Freshness,
}

/// Which responses of the cache a call accepts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Freshness {
    /// As its client does; of a client, fresh ones, and stale ones if there is no
    /// other.
    #[default]
    Usual,
    /// None.
    Fresh,
    /// Stale ones, too, rather than wait for the rate limit.
    AllowStale,
}

/// Turns the error of an argument, or of a request that cannot be built, into
/// ours.
pub(crate) fn valid<T, E>(operation: &str, result: Result<T, E>) -> Result<T, Error>
where
    E: Into<Box<dyn StdError + Send + Sync>>,
{
    result.map_err(|reason| Error::invalid_request(reason).of(operation))
}

/// A path parameter as one segment of the path.
///
/// Values that would change the shape of the path are refused: `GET
/// /products/{id}` with an empty id is another operation.
pub(crate) fn path_segment<T: Wire>(
    operation: &str,
    name: &str,
    value: &T,
) -> Result<String, Error> {
    let text = valid(operation, to_text(value))?;
    if matches!(text.as_str(), "" | "." | "..") {
        let reason = format!("`{text}` cannot be the path parameter `{name}`");
        return valid(operation, Err(reason));
    }
    // In the path of a URL, a backslash is read as a slash.
    Ok(encode_path(&text).replace('\\', "%5C"))
}

/// The value of a header.
pub(crate) fn header<T: Wire>(operation: &str, value: &T) -> Result<HeaderValue, Error> {
    let text = valid(operation, to_text(value))?;
    valid(operation, HeaderValue::try_from(text))
}

/// A request with a form as its body.
pub(crate) fn form<T: Wire>(
    operation: &str,
    request: RequestBuilder,
    body: &T,
) -> Result<RequestBuilder, Error> {
    let fields = valid(operation, form_fields(body))?;
    let request = RequestBuilderExt::<()>::form_urlencoded(request, &fields);
    valid(operation, request)
}

/// A request with a form as its body that may hold files.
pub(crate) fn multipart<T: Wire>(
    operation: &str,
    request: RequestBuilder,
    body: &T,
) -> Result<RequestBuilder, Error> {
    let form = multipart_form(body).map_err(|error| error.of(operation))?;
    Ok(request.multipart(form))
}

/// A form that may hold files.
pub(crate) fn multipart_form<T: Wire>(body: &T) -> Result<Form, Error> {
    let parts = form_parts(body).map_err(Error::invalid_request)?;
    // As browsers write them: PHP, for one, does not read encoded names.
    let mut form = Form::new().percent_encode_noop();
    for (name, part) in parts {
        let part = match part {
            FormPart::Text(text) => Part::text(text),
            FormPart::Json(json) => {
                let part = Part::text(json).mime_str("application/json");
                part.map_err(Error::invalid_request)?
            }
            FormPart::File(file) => file.part()?,
        };
        form = form.part(escaped(&name), part);
    }
    Ok(form)
}

/// Sends the request of an operation through the middleware.
pub(crate) async fn exec(
    client: &Client,
    mut request: Request,
    operation: &str,
    options: Options,
) -> Result<Received, Error> {
    let known = operation::find(operation).ok_or_else(|| {
        Error::config("the operation is not in the table of operations").of(operation)
    })?;
    *request.timeout_mut() = options.timeout;
    let middleware = client.inner();
    middleware
        .send(request, known.into(), options.freshness)
        .await
}

/// The response of an operation that returns JSON.
pub(crate) async fn json<T: Wire>(
    client: &Client,
    operation: &str,
    received: Result<Received, Error>,
) -> Result<ResponseValue<T>, Error> {
    decode::response(client, operation, received?).await
}

/// The response of an operation that returns bytes, as a stream.
pub(crate) fn bytes(
    client: &Client,
    operation: &str,
    received: Result<Received, Error>,
) -> Result<ResponseValue<ByteStream>, Error> {
    let Received {
        status,
        headers,
        body,
        rest,
        ..
    } = received?;
    let limit = client.inner().settings().body_limit;
    let stream = ByteStream::new(operation, body, rest, limit);
    Ok(ResponseValue::new(stream, status, headers))
}

/// The response of an operation that returns nothing.
pub(crate) fn nothing(received: Result<Received, Error>) -> Result<ResponseValue<()>, Error> {
    let Received {
        status, headers, ..
    } = received?;
    Ok(ResponseValue::new((), status, headers))
}

//! The functions that the generated `send()` of every operation calls.
#![allow(
    dead_code,
    reason = "which of these are called depends on the spec that the client is made from"
)]

use std::error::Error as StdError;
use std::time::Duration;

use progenitor_client::{ClientInfo as _, RequestBuilderExt, ResponseValue, encode_path};
use reqwest::header::HeaderValue;
use reqwest::{Request, RequestBuilder, Response};

use crate::generated::Client;
use crate::wire::{Wire, form_fields, to_text};
use crate::{ByteStream, Error, decode, middleware};

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

/// A request with the timeout of its call, if it has one of its own.
pub(crate) fn timed(mut request: Request, timeout: Option<Duration>) -> Request {
    *request.timeout_mut() = timeout;
    request
}

/// The response of an operation that returns JSON.
pub(crate) async fn json<T: Wire>(
    client: &Client,
    operation: &str,
    response: reqwest::Result<Response>,
) -> Result<ResponseValue<T>, Error> {
    decode::response(client, operation, received(operation, response)?).await
}

/// The response of an operation that returns bytes, as a stream.
pub(crate) fn bytes(
    client: &Client,
    operation: &str,
    response: reqwest::Result<Response>,
) -> Result<ResponseValue<ByteStream>, Error> {
    let mut response = received(operation, response)?;
    let (status, headers) = (response.status(), std::mem::take(response.headers_mut()));
    let limit = client.inner().settings().body_limit;
    let stream = ByteStream::new(operation, response, limit);
    Ok(ResponseValue::new(stream, status, headers))
}

/// The response of an operation that returns nothing.
pub(crate) fn nothing(
    operation: &str,
    response: reqwest::Result<Response>,
) -> Result<ResponseValue<()>, Error> {
    received(operation, response).map(ResponseValue::empty)
}

/// The response, or the error that the middleware returned in its place.
fn received(operation: &str, response: reqwest::Result<Response>) -> Result<Response, Error> {
    let mut response = response.map_err(|error| Error::transport(error).of(operation))?;
    match response.extensions_mut().remove::<middleware::Failed>() {
        Some(middleware::Failed(error)) => Err(error),
        None => Ok(response),
    }
}

//! Reading the body of a response into one buffer, up to the limit.

use bytes::Bytes;
use reqwest::header::HeaderMap;
use reqwest::{Response, StatusCode};

use crate::{Error, ErrorKind};

/// Reads a body of at most `limit` bytes.
pub(crate) async fn read(response: &mut Response, limit: usize) -> Result<Bytes, Error> {
    let mut buffer = Buffer::new(response.content_length(), limit)?;
    while let Some(chunk) = response.chunk().await.map_err(Error::transport)? {
        buffer.push(&chunk)?;
    }
    Ok(buffer.into_bytes())
}

/// The part of a body that has been read, of at most `limit` bytes.
pub(crate) struct Buffer {
    bytes: Vec<u8>,
    limit: usize,
}

impl Buffer {
    /// A buffer for a body whose length may have been announced.
    pub(crate) fn new(announced: Option<u64>, limit: usize) -> Result<Self, Error> {
        let announced = announced.map(|length| usize::try_from(length).unwrap_or(usize::MAX));
        if announced.is_some_and(|length| length > limit) {
            return Err(too_large(limit));
        }
        let mut bytes = Vec::new();
        // A hint: a length that is a lie must not exhaust the memory.
        let _ = bytes.try_reserve_exact(announced.unwrap_or(0));
        Ok(Self { bytes, limit })
    }

    pub(crate) fn push(&mut self, chunk: &[u8]) -> Result<(), Error> {
        if chunk.len() > self.limit - self.bytes.len() {
            return Err(too_large(self.limit));
        }
        self.bytes.extend_from_slice(chunk);
        Ok(())
    }

    pub(crate) fn into_bytes(mut self) -> Bytes {
        self.bytes.shrink_to_fit();
        self.bytes.into()
    }
}

/// The parts of a response whose body the middleware has read already: nothing
/// is awaited or copied.
pub(crate) async fn parts(
    operation: &str,
    mut response: Response,
) -> Result<(StatusCode, HeaderMap, Bytes), Error> {
    let status = response.status();
    let headers = std::mem::take(response.headers_mut());
    let body = response.bytes().await;
    let body = body.map_err(|error| Error::transport(error).of(operation))?;
    Ok((status, headers, body))
}

/// A body without a byte order mark. A PHP file that was saved with one sends
/// it first.
pub(crate) fn without_mark(body: &[u8]) -> &[u8] {
    body.strip_prefix("\u{feff}".as_bytes()).unwrap_or(body)
}

fn too_large(limit: usize) -> Error {
    Error::new(
        ErrorKind::BodyTooLarge,
        format!(
            "the response is larger than the limit of {limit} bytes: \
             raise it with `body_limit`"
        ),
    )
}

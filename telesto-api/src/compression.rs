//! Decompresses the bodies of responses.
//!
//! reqwest can do this as well, but it loses all but the first member of a gzip body.

use std::io;
use std::mem;

use async_compression::tokio::bufread::{GzipDecoder, ZlibDecoder};
use futures_util::TryStreamExt as _;
use reqwest::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, HeaderMap, HeaderValue};
use reqwest::{Body, ClientBuilder, Response, ResponseBuilderExt as _};
use tokio::io::AsyncRead;
use tokio_util::io::{ReaderStream, StreamReader};

/// How much of a body is decompressed at once, in bytes.
const CHUNK: usize = 32 * 1024;

/// Makes an HTTP client ask for the encodings that [`decompress`] reads, and decode none itself.
pub(crate) fn accept(http: ClientBuilder) -> ClientBuilder {
    let accepted = HeaderValue::from_static("gzip, deflate");
    // Another crate of the program may turn on these features of reqwest.
    http.no_gzip()
        .no_deflate()
        .no_brotli()
        .no_zstd()
        .default_headers(HeaderMap::from_iter([(ACCEPT_ENCODING, accepted)]))
}

/// Returns the response with a body that is decompressed as it is read.
///
/// A response without a body, or in another encoding, is returned unchanged.
pub(crate) fn decompress(mut response: Response) -> Response {
    let Some(encoding) = Encoding::from_headers(response.headers()) else {
        return response;
    };
    // A response to HEAD describes a body that it does not have.
    if response.content_length() == Some(0) {
        return response;
    }
    // `From<http::Response>` finds the URL among the extensions.
    let url = http::Response::builder()
        .url(response.url().clone())
        .extensions_mut()
        .map(mem::take);
    let mut decompressed = http::Response::new(Body::default());
    *decompressed.status_mut() = response.status();
    *decompressed.version_mut() = response.version();
    *decompressed.headers_mut() = mem::take(response.headers_mut());
    *decompressed.extensions_mut() = mem::take(response.extensions_mut());
    decompressed
        .extensions_mut()
        .extend(url.unwrap_or_default());
    decompressed.headers_mut().remove(CONTENT_ENCODING);
    decompressed.headers_mut().remove(CONTENT_LENGTH);

    let compressed = StreamReader::new(response.bytes_stream().map_err(io::Error::other));
    *decompressed.body_mut() = match encoding {
        Encoding::Gzip => {
            let mut decoder = GzipDecoder::new(compressed);
            decoder.multiple_members(true);
            body(decoder)
        }
        Encoding::Deflate => body(ZlibDecoder::new(compressed)),
    };
    decompressed.into()
}

fn body(decoder: impl AsyncRead + Send + 'static) -> Body {
    Body::wrap_stream(ReaderStream::with_capacity(decoder, CHUNK))
}

enum Encoding {
    Gzip,
    Deflate,
}

impl Encoding {
    fn from_headers(headers: &HeaderMap) -> Option<Self> {
        let encoding = headers.get(CONTENT_ENCODING)?.to_str().ok()?;
        match encoding.trim().to_ascii_lowercase().as_str() {
            "gzip" | "x-gzip" => Some(Self::Gzip),
            "deflate" => Some(Self::Deflate),
            _ => None,
        }
    }
}

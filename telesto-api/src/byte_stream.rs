//! The body of a response that is bytes, such as a PDF.

use std::fmt;
use std::future::{Future as _, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use futures_core::Stream;
use reqwest::Response;
use tokio::io::{AsyncWrite, AsyncWriteExt as _};
use tokio::time::{Sleep, sleep};

use crate::Error;
use crate::body::Buffer;
use crate::outcome::Rest;

/// The body of a response that is bytes, such as a PDF. It is read from the
/// connection as you ask for it.
///
/// Read it into memory with [`bytes`](Self::bytes), or write it to a file with
/// [`write_to`](Self::write_to):
///
/// ```
/// # async fn example(response: telesto_api::ResponseValue<telesto_api::ByteStream>)
/// # -> Result<(), Box<dyn std::error::Error>> {
/// let mut file = tokio::fs::File::create("order.pdf").await?;
/// let size = response.into_inner().write_to(&mut file).await?;
/// println!("{size} bytes");
/// # Ok(())
/// # }
/// ```
///
/// It is a [`Stream`] of chunks as well; [`chunk`](Self::chunk) reads one by
/// one without further crates. The connection is closed when it is dropped.
pub struct ByteStream {
    /// What has been read already.
    beginning: Bytes,
    /// How long to wait for a chunk.
    timeout: Option<Duration>,
    /// When the chunk that is waited for is late.
    late: Option<Pin<Box<Sleep>>>,
    /// What has not been read yet.
    chunks: Option<Chunks>,
    operation: String,
    /// The length that the server has announced.
    announced: Option<u64>,
    /// The most bytes that are read into memory.
    limit: usize,
}

type Chunks = Pin<Box<dyn Stream<Item = reqwest::Result<Bytes>> + Send + Sync>>;

impl ByteStream {
    pub(crate) fn new(operation: &str, beginning: Bytes, rest: Option<Rest>, limit: usize) -> Self {
        let (response, timeout) = rest.map(|rest| (rest.response, rest.timeout)).unzip();
        Self {
            beginning,
            timeout,
            late: None,
            operation: operation.to_owned(),
            announced: response.as_ref().and_then(Response::content_length),
            limit,
            chunks: response.map(|response| Box::pin(response.bytes_stream()) as Chunks),
        }
    }

    /// Reads the whole body into memory.
    ///
    /// # Errors
    ///
    /// [`BodyTooLarge`](crate::ErrorKind::BodyTooLarge) if it is larger than the
    /// [body limit](crate::ClientBuilder::body_limit) of the client; and those
    /// of [`chunk`](Self::chunk).
    pub async fn bytes(mut self) -> Result<Bytes, Error> {
        let mut buffer = Buffer::new(self.limit);
        buffer
            .announce(self.announced)
            .map_err(|error| error.of(&self.operation))?;
        while let Some(chunk) = self.chunk().await? {
            buffer
                .push(&chunk)
                .map_err(|error| error.of(&self.operation))?;
        }
        Ok(buffer.into_bytes())
    }

    /// Writes the body to `writer` as it arrives, whatever its size, and
    /// flushes. Returns the number of bytes.
    ///
    /// # Errors
    ///
    /// [`Io`](crate::ErrorKind::Io) if the writer fails, and those of
    /// [`chunk`](Self::chunk). A part of the body has been written then.
    pub async fn write_to(mut self, mut writer: impl AsyncWrite + Unpin) -> Result<u64, Error> {
        let mut written = 0;
        while let Some(chunk) = self.chunk().await? {
            let result = writer.write_all(&chunk).await;
            result.map_err(|error| Error::io(error).of(&self.operation))?;
            written += chunk.len() as u64;
        }
        let result = writer.flush().await;
        result.map_err(|error| Error::io(error).of(&self.operation))?;
        Ok(written)
    }

    /// The next part of the body; `None` at its end.
    ///
    /// # Errors
    ///
    /// [`Timeout`](crate::ErrorKind::Timeout) if nothing arrives for as long as the
    /// timeout of the call, and [`Transport`](crate::ErrorKind::Transport) if the
    /// connection is lost.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, Error> {
        poll_fn(|context| Pin::new(&mut *self).poll_next(context))
            .await
            .transpose()
    }
}

impl Stream for ByteStream {
    type Item = Result<Bytes, Error>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        if !this.beginning.is_empty() {
            return Poll::Ready(Some(Ok(std::mem::take(&mut this.beginning))));
        }
        let Some(chunks) = &mut this.chunks else {
            return Poll::Ready(None);
        };
        let chunk = match chunks.as_mut().poll_next(context) {
            Poll::Ready(chunk) => {
                this.late = None;
                chunk.transpose().map_err(Error::transport)
            }
            Poll::Pending => {
                let Some(timeout) = this.timeout else {
                    return Poll::Pending;
                };
                let late = this.late.get_or_insert_with(|| Box::pin(sleep(timeout)));
                ready!(late.as_mut().poll(context));
                Err(Error::timeout())
            }
        };
        Poll::Ready(chunk.map_err(|error| error.of(&this.operation)).transpose())
    }
}

impl fmt::Debug for ByteStream {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ByteStream")
            .field("announced", &self.announced)
            .finish_non_exhaustive()
    }
}

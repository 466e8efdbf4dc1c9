//! Bodies that are bytes: read whole within the limit, written on, or chunk by
//! chunk, with our errors.

use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use futures_core::Stream;
use telesto_fixture_api::{ByteStream, Client, ErrorKind};
use tokio::io::AsyncWrite;

use crate::support::{KEY, raw_server};

/// The PDF that a server sends which announces `length` bytes of it.
async fn pdf(length: usize, body: &str, limit: usize) -> ByteStream {
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/pdf\r\ncontent-length: {length}\r\n\r\n"
    );
    let client = Client::builder()
        .api_key(KEY)
        .base_url(raw_server(head + body).await)
        .body_limit(limit)
        .build()
        .unwrap();
    let response = client.get_order_pdf().number("7").await.unwrap();
    assert_eq!(response.headers()["content-type"], "application/pdf");
    response.into_inner()
}

#[tokio::test]
async fn bytes_are_read_up_to_the_limit() {
    assert_eq!(
        pdf(8, "%PDF-1.4", 8).await.bytes().await.unwrap(),
        "%PDF-1.4"
    );
    let error = pdf(8, "%PDF-1.4", 7).await.bytes().await.unwrap_err();
    assert!(error.is_body_too_large());
    assert_eq!(
        error.to_string(),
        "get_order_pdf: the response is larger than the limit of 7 bytes: \
         raise it with `body_limit`"
    );
}

#[tokio::test]
async fn a_writer_gets_any_size() {
    let mut written = Vec::new();
    let stream = pdf(8, "%PDF-1.4", 1).await;
    assert_eq!(stream.write_to(&mut written).await.unwrap(), 8);
    assert_eq!(written, b"%PDF-1.4");
}

#[tokio::test]
async fn a_body_that_is_cut_off_is_our_error_everywhere() {
    let cut = async || pdf(8, "%PDF", 8).await;
    let mut written = Vec::new();
    let mut chunks = cut().await;
    while let Ok(Some(_)) = chunks.chunk().await {}
    let mut stream = pin!(cut().await);
    let streamed = loop {
        let next = std::future::poll_fn(|context| stream.as_mut().poll_next(context)).await;
        if let Err(error) = next.unwrap() {
            break error;
        }
    };
    for error in [
        cut().await.bytes().await.unwrap_err(),
        cut().await.write_to(&mut written).await.unwrap_err(),
        streamed,
    ] {
        assert_eq!(error.kind(), ErrorKind::Transport);
        assert_eq!(error.operation(), Some("get_order_pdf"));
        let line = error.to_string();
        assert!(
            line.starts_with("get_order_pdf: the connection was lost: "),
            "{line}"
        );
        assert!(!format!("{error:?}").contains("http://"), "{error:?}");
    }
    assert_eq!(written, b"%PDF");
}

/// A disk without space.
struct Full;

impl AsyncWrite for Full {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, _: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Err(io::ErrorKind::StorageFull.into()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[tokio::test]
async fn a_writer_that_fails_is_an_error_of_its_own() {
    let stream = pdf(8, "%PDF-1.4", 8).await;
    let error = stream.write_to(Full).await.unwrap_err();
    assert!(error.is_io());
    assert_eq!(
        error.to_string(),
        "get_order_pdf: cannot write the body: no storage space"
    );
}

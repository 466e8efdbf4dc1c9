//! How much memory a call takes that decodes a large list: the body once, plus
//! the values.

#![allow(
    clippy::unwrap_used,
    reason = "a test stops at what it does not expect"
)]

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;

mod products;

#[global_allocator]
static HEAP: dhat::Alloc = dhat::Alloc;

/// Sends `response` to every request, without allocating memory for it.
fn serve(response: Vec<u8>) -> std::io::Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let url = format!("http://{}", listener.local_addr()?);
    let response: &'static [u8] = response.leak();
    std::thread::spawn(move || {
        for socket in listener.incoming() {
            let Ok(mut socket) = socket else { continue };
            let mut request = [0; 4096];
            let _ = socket.read(&mut request);
            let _ = socket.write_all(response);
        }
    });
    Ok(url)
}

/// A response with these headers, and this body.
fn response(headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 200 OK\r\n{headers}connection: close\r\n\r\n");
    [head.as_bytes(), body].concat()
}

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}

/// In the chunks of a server that does not know the length of what it sends.
fn chunked(body: &[u8]) -> Vec<u8> {
    let chunks = body.chunks(8_000).flat_map(|chunk| {
        let size = format!("{:x}\r\n", chunk.len());
        [size.as_bytes(), chunk, b"\r\n"].concat()
    });
    chunks.chain(*b"0\r\n\r\n").collect()
}

#[test]
fn a_call_takes_the_body_once_and_the_values() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let body = products::list("\"\"");
    let length = |body: &[u8]| format!("content-length: {}\r\n", body.len());
    let small = gzip(&body);
    for (what, response) in [
        ("of known length", response(&length(&body), &body)),
        (
            "in chunks",
            response("transfer-encoding: chunked\r\n", &chunked(&body)),
        ),
        (
            "compressed",
            response(
                &format!("content-encoding: gzip\r\n{}", length(&small)),
                &small,
            ),
        ),
    ] {
        let client = telesto_api::Client::builder()
            .api_key("a-key")
            .base_url(serve(response).unwrap())
            .timeout(Duration::from_secs(300))
            .build()
            .unwrap();
        // What a first call sets up once is not that of every call.
        runtime.block_on(client.list_products().send()).unwrap();

        let profiler = dhat::Profiler::builder().testing().build();
        let products = runtime.block_on(client.list_products().send()).unwrap();
        let stats = dhat::HeapStats::get();
        drop(profiler);
        assert_eq!(products.len(), products::COUNT);
        let needed = body.len() + stats.curr_bytes;
        let ratio = stats.max_bytes as f64 / needed as f64;
        assert!(
            ratio <= 1.05,
            "{what}: the peak of {} bytes is {ratio:.3} times the {} of the body and the {} of the values",
            stats.max_bytes,
            body.len(),
            stats.curr_bytes
        );
    }
}

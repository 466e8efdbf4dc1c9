//! How much memory a call takes that decodes a large list: the body once, plus
//! the values.

#![allow(
    clippy::unwrap_used,
    reason = "a test stops at what it does not expect"
)]

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::time::Duration;

mod products;

#[global_allocator]
static HEAP: dhat::Alloc = dhat::Alloc;

/// Sends `body` in response to every request, without allocating memory for it.
fn serve(body: Vec<u8>) -> std::io::Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let url = format!("http://{}", listener.local_addr()?);
    let body: &'static [u8] = body.leak();
    std::thread::spawn(move || {
        for socket in listener.incoming() {
            let Ok(mut socket) = socket else { continue };
            let mut request = [0; 4096];
            let _ = socket.read(&mut request);
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                body.len()
            );
            let _ = socket
                .write_all(head.as_bytes())
                .and_then(|()| socket.write_all(body));
        }
    });
    Ok(url)
}

#[test]
fn a_call_takes_the_body_once_and_the_values() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let body = products::list("\"\"");
    let body_size = body.len();
    let url = serve(body).unwrap();
    let client = telesto_api::Client::builder()
        .api_key("a-key")
        .base_url(url)
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
    let needed = body_size + stats.curr_bytes;
    let ratio = stats.max_bytes as f64 / needed as f64;
    assert!(
        ratio <= 1.05,
        "the peak of {} bytes is {ratio:.3} times the {body_size} of the body and the {} of the values",
        stats.max_bytes,
        stats.curr_bytes
    );
}

//! How much memory a cache takes: the bodies, and a little for each.

#![allow(
    clippy::unwrap_used,
    reason = "a test stops at what it does not expect"
)]

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use telesto_api::{Cache, Client, ManualClock, Method};

#[global_allocator]
static HEAP: dhat::Alloc = dhat::Alloc;

const BODY: usize = 10_000;

/// Sends a body of this size to every request.
fn serve() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {BODY}\r\nconnection: close\r\n\r\n");
    let response = format!("{head}\"{}\"", "x".repeat(BODY - 2)).leak();
    std::thread::spawn(move || {
        for socket in listener.incoming() {
            let Ok(mut socket) = socket else { continue };
            let mut request = [0; 4096];
            let _ = socket.read(&mut request);
            let _ = socket.write_all(response.as_bytes());
        }
    });
    url
}

#[test]
fn an_entry_takes_its_body_and_a_little() {
    let hour = Duration::from_secs(3_600);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let clock = Arc::new(ManualClock::new(jiff::Timestamp::UNIX_EPOCH));
    let url = serve();
    let client = |bytes: usize| {
        Client::builder()
            .api_key("a-key")
            .base_url(&url)
            .clock(Arc::clone(&clock) as _)
            .cache(Cache::in_memory().max_bytes(bytes))
            .build()
            .unwrap()
    };
    let call = |client: &Client, number: usize| {
        let call = client
            .request(Method::GET, "/thing")
            .query("number", number);
        let text = runtime.block_on(call.fresh_for(24 * 365 * hour).send());
        assert_eq!(text.unwrap().as_str().unwrap().len(), BODY - 2);
        clock.advance(hour);
    };
    let _profiler = dhat::Profiler::builder().testing().build();
    let heap = || dhat::HeapStats::get().curr_bytes;

    let large = client(usize::MAX);
    // What a first call sets up once is not that of every entry.
    (0..100).for_each(|number| call(&large, number));
    let before = heap();
    (100..400).for_each(|number| call(&large, number));
    let each = (heap() - before) / 300;
    assert!((BODY..BODY + 2_000).contains(&each), "{each} bytes");
    let stats = large.cache_stats();
    assert_eq!((stats.hits, stats.misses), (0, 400));
    (0..400).for_each(|number| call(&large, number));
    assert_eq!(large.cache_stats().hits, 400);

    // What does not fit goes.
    let small = client(20 * BODY);
    (0..100).for_each(|number| call(&small, number));
    let before = heap();
    (100..400).for_each(|number| call(&small, number));
    let more = heap().saturating_sub(before);
    // The HTTP client has memory of its own, now more and now less.
    assert!(more < 30 * BODY, "{more} bytes");
}

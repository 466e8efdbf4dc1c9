//! What a response from the cache costs, from the call to the typed value.
//!
//! `cargo bench -p telesto-api --features cache --bench cache` compares, in rounds
//! that take turns:
//!
//! - a hit in memory, and what somebody would write by hand: moka with the bodies by
//!   their URLs, decoded by serde_json into plain structs; once alone, and once where
//!   it is a layer below reqwest, which has built a request by then;
//! - a hit on the host, and reading a file with tokio, decoded in the same way.

#![allow(clippy::print_stdout, reason = "a benchmark prints its results")]

use std::hint::black_box;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::time::Duration;

use bytes::Bytes;
use jiff::civil::DateTime;
use rust_decimal::Decimal;
use serde::Deserialize;
use telesto_api::{Cache, Client, Served};
use tokio::runtime::Builder;

mod medians;

type Error = Box<dyn std::error::Error>;

const HOUR: Duration = Duration::from_secs(3_600);

fn main() -> Result<(), Error> {
    for bytes in [1_000, 1_000_000] {
        in_memory(bytes)?;
        on_host(bytes)?;
    }
    Ok(())
}

/// A product, as somebody would write it by hand, with the same types.
#[derive(Deserialize)]
#[allow(dead_code, reason = "its fields are decoded and not looked at")]
struct Plain {
    id: String,
    name: Option<String>,
    ean_upc: Option<String>,
    stock_onhand: Option<Decimal>,
    created: Option<DateTime>,
}

/// A list of about so many bytes.
fn list(bytes: usize) -> Bytes {
    let product = r#"{"id":"a1b2c3","name":"Widget","ean_upc":"4006381333931","stock_onhand":"50.25","created":"2024-01-15 10:30:00"}"#;
    let products = vec![product; bytes / product.len() + 1];
    format!("[{}]", products.join(",")).into()
}

fn in_memory(bytes: usize) -> Result<(), Error> {
    let body = list(bytes);
    let by_hand = moka::sync::Cache::<String, Bytes>::builder()
        .max_capacity(64 * 1024 * 1024)
        .weigher(|url, body| (url.len() + body.len()) as u32)
        .time_to_live(HOUR)
        .build();
    let url = serve(&body)?;
    by_hand.insert(format!("{url}/products"), body.clone());
    let get = async || by_hand.get(&format!("{url}/products")).expect("a body");
    let names = ["a hit in memory", "moka and serde_json"];
    compare(names, &url, Cache::in_memory(), body.len(), &get)?;

    let (http, products) = (reqwest::Client::new(), format!("{url}/products"));
    let get = async || {
        let request = http.get(&products).header("accept", "application/json");
        let request = request.build().expect("a request");
        by_hand.get(request.url().as_str()).expect("a body")
    };
    let names = ["a hit in memory", "the same below reqwest"];
    compare(names, &url, Cache::in_memory(), body.len(), &get)
}

fn on_host(bytes: usize) -> Result<(), Error> {
    let body = list(bytes);
    let directory = tempfile::tempdir()?;
    let path = directory.path().join("by-hand");
    std::fs::write(&path, &body)?;
    let get = async || tokio::fs::read(&path).await.expect("a body").into();
    let names = ["a hit on the host", "tokio::fs and serde_json"];
    let cache = Cache::on_host_at(directory.path().join("cache"));
    compare(names, &serve(&body)?, cache, body.len(), &get)
}

/// Compares the calls of a client with this cache with decoding what `get` returns.
fn compare(
    names: [&str; 2],
    url: &str,
    cache: Cache,
    bytes: usize,
    get: &impl AsyncFn() -> Bytes,
) -> Result<(), Error> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let client = Client::builder()
        .api_key("a-key")
        .base_url(url)
        .cache(cache.fresh_for(HOUR))
        .build()?;
    let calls = (4_000_000 / bytes.max(4_000)) as u32;
    let ours = || {
        runtime.block_on(async {
            for _ in 0..calls {
                let products = client.list_products().await.expect("a list");
                black_box(products.into_inner());
            }
        });
    };
    let theirs = || {
        runtime.block_on(async {
            for _ in 0..calls {
                let products: Vec<Plain> = serde_json::from_slice(&get().await).expect("a list");
                black_box(products);
            }
        });
    };
    ours();
    let last = runtime.block_on(client.list_products().into_future())?;
    assert!(matches!(Served::of(last.headers()), Served::Cached { .. }));
    let times = medians::of(medians::rounds(51), [&ours, &theirs]);
    println!("{bytes} bytes");
    for (name, time) in names.iter().zip(times) {
        let each = time.as_secs_f64() * 1e6 / f64::from(calls);
        println!("{name:26}{each:>12.2} µs");
    }
    let ratio = times[0].as_secs_f64() / times[1].as_secs_f64();
    println!("{:26}{ratio:>12.3}\n", "ratio");
    Ok(())
}

/// Sends this body to every request.
fn serve(body: &Bytes) -> Result<String, Error> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let url = format!("http://{}", listener.local_addr()?);
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
         connection: close\r\n\r\n",
        body.len()
    );
    let body = body.clone();
    std::thread::spawn(move || {
        for socket in listener.incoming() {
            let Ok(mut socket) = socket else { continue };
            let _ = socket.read(&mut [0; 4096]);
            let _ = socket.write_all(head.as_bytes());
            let _ = socket.write_all(&body);
        }
    });
    Ok(url)
}

//! What a call costs on the wire.
//!
//! `cargo bench -p telesto-api --bench call` compares, in rounds that take turns:
//!
//! - a call on the loopback that returns 1 KB, and the same request with bare
//!   reqwest, decoded by serde_json into plain structs;
//! - a list of 15 MB over a connection of 50 Mbit/s, compressed and not.

#![allow(clippy::print_stdout, reason = "a benchmark prints its results")]

use std::hint::black_box;
use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use jiff::civil::DateTime;
use rust_decimal::Decimal;
use serde::Deserialize;
use telesto_api::reqwest::header::{ACCEPT_ENCODING, HeaderMap, HeaderValue};
use telesto_api::{Client, ClientBuilder, ManualClock};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};
use tokio::time::Instant;

mod medians;
#[path = "../tests/products/mod.rs"]
mod products;

type Error = Box<dyn std::error::Error>;

const KEY: &str = "a-key";

/// Requests of a candidate in a round. They must not use up the rate limit.
const REQUESTS: u32 = 100;

const HOUR: Duration = Duration::from_secs(3_600);

fn main() -> Result<(), Error> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    small(&runtime)?;
    large(&runtime)
}

/// A product, as somebody would write it by hand, with the same types.
#[derive(Deserialize)]
#[allow(dead_code, reason = "its fields are decoded and not looked at")]
struct Plain {
    id: String,
    name: String,
    ean_upc: String,
    stock_onhand: Decimal,
    created: DateTime,
}

/// A call against bare reqwest.
fn small(runtime: &Runtime) -> Result<(), Error> {
    let product = r#"{"id":"a1b2c3","name":"Widget","ean_upc":"4006381333931","stock_onhand":"50.25","created":"2024-01-15 10:30:00"}"#;
    let body = format!("[{}]", [product; 9].join(","));
    let size = body.len();
    let url = serve(vec![Body::plain(body.into_bytes())], None)?;
    let clock = Arc::new(ManualClock::new(jiff::Timestamp::UNIX_EPOCH));
    let client = builder(&url).clock(Arc::clone(&clock) as Arc<_>).build()?;
    let bare = reqwest::Client::builder()
        .timeout(Duration::from_secs(60))
        .build()?;
    let url = format!("{url}/products");

    let ours = || {
        runtime.block_on(async {
            for _ in 0..REQUESTS {
                let products = client.list_products().await.expect("a list");
                black_box(products.into_inner());
            }
        });
        clock.advance(2 * HOUR);
    };
    let theirs = || {
        runtime.block_on(async {
            for _ in 0..REQUESTS {
                let request = bare.get(&url).header("authorization", KEY);
                let response = request.send().await.expect("a response");
                let body = response.bytes().await.expect("a body");
                let products: Vec<Plain> = serde_json::from_slice(&body).expect("a list");
                black_box(products);
            }
        });
    };
    let [ours, theirs] = medians::of(medians::rounds(201), [&ours, &theirs]);
    let each = |time: Duration| format!("{:.1} µs", time.as_secs_f64() * 1e6 / f64::from(REQUESTS));
    println!("a call on the loopback, {size} bytes  {:>9}", each(ours));
    println!("with reqwest and serde_json         {:>9}", each(theirs));
    println!(
        "ratio                               {:>9.3}\n",
        ours.as_secs_f64() / theirs.as_secs_f64()
    );
    Ok(())
}

/// A large list over a slow connection.
fn large(runtime: &Runtime) -> Result<(), Error> {
    const BITS_PER_SECOND: f64 = 50e6;
    let list = products::list("\"\"");
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(&list)?;
    let bodies = vec![Body::gzip(encoder.finish()?), Body::plain(list)];
    let sizes: Vec<f64> = bodies
        .iter()
        .map(|body| body.bytes.len() as f64 / 1e6)
        .collect();
    let url = serve(bodies, Some(BITS_PER_SECOND / 8.0))?;
    let client = |builder: ClientBuilder| {
        let clock = ManualClock::new(jiff::Timestamp::UNIX_EPOCH);
        builder.clock(Arc::new(clock)).build()
    };
    let compressed = client(builder(&url))?;
    let identity = HeaderMap::from_iter([(ACCEPT_ENCODING, HeaderValue::from_static("identity"))]);
    let plain = client(builder(&url).configure_http(|http| http.default_headers(identity)))?;
    let call = |client: &Client| {
        let products = runtime.block_on(client.list_products().into_future());
        assert_eq!(products.expect("a list").len(), products::COUNT);
    };
    // Of each candidate, a round takes two requests.
    let times = medians::of(
        medians::rounds(5),
        [&|| call(&compressed), &|| call(&plain)],
    );
    for ((what, time), size) in ["compressed", "plain"].iter().zip(times).zip(sizes) {
        println!(
            "{} products at 50 Mbit/s, {what:<10} ({size:>4.1} MB)  {:>6.2} s",
            products::COUNT,
            time.as_secs_f64()
        );
    }
    Ok(())
}

fn builder(url: &str) -> ClientBuilder {
    Client::builder().api_key(KEY).base_url(url)
}

/// A body, and what the client has to accept for it.
struct Body {
    bytes: Vec<u8>,
    accepted: &'static str,
    headers: &'static str,
}

impl Body {
    fn plain(bytes: Vec<u8>) -> Self {
        let (accepted, headers) = ("", "");
        Self {
            bytes,
            accepted,
            headers,
        }
    }

    fn gzip(bytes: Vec<u8>) -> Self {
        let (accepted, headers) = ("gzip", "content-encoding: gzip\r\n");
        Self {
            bytes,
            accepted,
            headers,
        }
    }
}

/// Serves the first body that is accepted, on connections that stay open, and
/// with so many bytes a second. One thread does all of it, so that the candidates
/// have the same distance to the server.
fn serve(bodies: Vec<Body>, rate: Option<f64>) -> Result<String, Error> {
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    listener.set_nonblocking(true)?;
    let url = format!("http://{}", listener.local_addr()?);
    let bodies = Arc::new(bodies);
    let runtime = Builder::new_current_thread().enable_all().build()?;
    std::thread::spawn(move || {
        runtime.block_on(async {
            let listener = TcpListener::from_std(listener)?;
            loop {
                let (socket, _) = listener.accept().await?;
                let bodies = Arc::clone(&bodies);
                tokio::spawn(async move { respond(socket, &bodies, rate).await });
            }
            #[allow(unreachable_code, reason = "it names the type of the error")]
            std::io::Result::Ok(())
        })
    });
    Ok(url)
}

async fn respond(socket: TcpStream, bodies: &[Body], rate: Option<f64>) -> std::io::Result<()> {
    socket.set_nodelay(true)?;
    let mut socket = BufReader::new(socket);
    loop {
        let mut request = String::new();
        while !request.ends_with("\r\n\r\n") {
            if socket.read_line(&mut request).await? == 0 {
                return Ok(());
            }
        }
        let encodings = request
            .lines()
            .find_map(|line| line.strip_prefix("accept-encoding: "));
        let accepts = |body: &&Body| encodings.unwrap_or_default().contains(body.accepted);
        let Some(Body { bytes, headers, .. }) = bodies.iter().find(accepts) else {
            return Ok(());
        };
        let length = bytes.len();
        let head = format!("HTTP/1.1 200 OK\r\n{headers}content-length: {length}\r\n\r\n");
        let mut response = head.into_bytes();
        let Some(rate) = rate else {
            response.extend_from_slice(bytes);
            socket.write_all(&response).await?;
            continue;
        };
        socket.write_all(&response).await?;
        let (start, mut sent) = (Instant::now(), 0.0);
        for part in bytes.chunks(32 * 1024) {
            socket.write_all(part).await?;
            sent += part.len() as f64;
            tokio::time::sleep_until(start + Duration::from_secs_f64(sent / rate)).await;
        }
    }
}

//! How long a call waits, for what, and what it costs.

use std::io::{Read as _, Write as _};
use std::time::Duration;

use telesto_fixture_api::{Client, ErrorKind, Method};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

use crate::support::{KEY, start};

fn client(url: &str, timeout: Duration) -> Client {
    Client::builder()
        .api_key(KEY)
        .base_url(url)
        .clock(std::sync::Arc::new(telesto_fixture_api::ManualClock::new(
            start(),
        )))
        .timeout(timeout)
        .build()
        .unwrap()
}

/// That of the made-up spec.
const LIMIT: u32 = 9;

async fn remaining(client: &Client) -> u32 {
    client.budget().await.unwrap().remaining()
}

/// A server that does not take up connections, as a host behind a firewall that
/// drops packets. It lives as long as what is returned.
async fn black_hole() -> (String, TcpListener, Vec<TcpStream>) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    // Until no more fit into its queue.
    let mut waiting = Vec::new();
    let patience = Duration::from_millis(200);
    while let Ok(connected) = tokio::time::timeout(patience, TcpStream::connect(address)).await {
        waiting.push(connected.unwrap());
    }
    (format!("http://{address}"), listener, waiting)
}

#[tokio::test]
async fn a_host_that_cannot_be_reached_spends_nothing() {
    let (url, _listener, _waiting) = black_hole().await;
    let client = client(&url, Duration::from_millis(600));
    for _ in 0..2 {
        for error in [
            client.list_suppliers().await.unwrap_err(),
            client.get_order_pdf().number("7").await.err().unwrap(),
        ] {
            assert_eq!(error.kind(), ErrorKind::Transport, "{error}");
            assert!(error.to_string().contains(": cannot connect: "), "{error}");
        }
        assert_eq!(remaining(&client).await, LIMIT);
    }
}

/// Sends a body in parts, with a pause before each.
async fn slow_server(
    head: &'static str,
    part: &'static str,
    parts: usize,
    pause: Duration,
) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        loop {
            let (mut socket, _) = listener.accept().await.unwrap();
            tokio::spawn(async move {
                let _ = socket.read(&mut [0; 4096]).await;
                let head = format!(
                    "HTTP/1.1 200 OK\r\n{head}content-length: {parts}\r\nconnection: close\r\n\r\n"
                );
                let _ = socket.write_all(head.as_bytes()).await;
                for _ in 0..parts {
                    tokio::time::sleep(pause).await;
                    if socket.write_all(part.as_bytes()).await.is_err() {
                        return;
                    }
                }
            });
        }
    });
    url
}

const PDF: &str = "content-type: application/pdf\r\n";

#[tokio::test]
async fn a_stream_may_take_longer_in_all_but_not_for_a_part() {
    let timeout = Duration::from_millis(500);
    let url = slow_server(PDF, "%", 12, timeout / 10).await;
    let client = client(&url, timeout);
    let pdf = client.get_order_pdf().number("7").await.unwrap();
    assert_eq!(pdf.into_inner().bytes().await.unwrap(), "%".repeat(12));
    // What is read whole may not.
    let list = client.list_suppliers().await;
    let file = client.request(Method::GET, "/file").bytes().await;
    for (error, name) in [
        (list.unwrap_err(), "list_suppliers"),
        (file.unwrap_err(), "GET /file"),
    ] {
        assert!(error.is_timeout(), "{error}");
        let line = format!("{name}: no response in time (200)");
        assert_eq!(error.to_string(), line);
    }
    assert_eq!(remaining(&client).await, LIMIT - 3);
}

#[tokio::test]
async fn a_stream_that_stalls_is_a_timeout() {
    let url = slow_server(PDF, "%", 2, Duration::from_secs(60)).await;
    let client = client(&url, Duration::from_millis(300));
    // Before it is known that it is no error,
    let error = client.get_order_pdf().number("7").await.err().unwrap();
    assert!(error.is_timeout(), "{error}");
    assert_eq!(error.status().unwrap(), 200);
    // and later.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let _ = socket.read(&mut [0; 4096]).await;
        let begun = format!("HTTP/1.1 200 OK\r\n{PDF}content-length: 100\r\n\r\n%PDF-1.4");
        let _ = socket.write_all(begun.as_bytes()).await;
        std::future::pending::<()>().await;
    });
    let client = self::client(&url, Duration::from_millis(300));
    let mut pdf = client
        .get_order_pdf()
        .number("7")
        .await
        .unwrap()
        .into_inner();
    assert_eq!(pdf.chunk().await.unwrap().unwrap(), "%PDF-1.4");
    let error = pdf.chunk().await.unwrap_err();
    assert!(error.is_timeout(), "{error}");
    assert_eq!(error.to_string(), "get_order_pdf: no response in time");
}

#[tokio::test]
async fn a_compressed_body_that_stalls_is_a_timeout_and_one_that_is_cut_off_is_lost() {
    for (stalls, kind) in [(true, ErrorKind::Timeout), (false, ErrorKind::Transport)] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move {
            loop {
                let (mut socket, _) = listener.accept().await.unwrap();
                let _ = socket.read(&mut [0; 4096]).await;
                let head =
                    b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 100\r\n\r\n";
                // The magic number of gzip, deflate, and no flags.
                let begun = [&head[..], &[0x1f, 0x8b, 8, 0]].concat();
                let _ = socket.write_all(&begun).await;
                if stalls {
                    tokio::time::sleep(Duration::from_secs(60)).await;
                }
            }
        });
        let client = client(&url, Duration::from_millis(300));
        let list = client.list_suppliers().await.unwrap_err();
        assert_eq!(list.kind(), kind, "{list}");
    }
}

/// The server sends interim responses as fast as it can, and never a final one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn endless_interim_responses_are_a_timeout() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = tokio::task::spawn_blocking(move || {
        let hints = "HTTP/1.1 103 Early Hints\r\n\r\n".repeat(1_000);
        let (mut socket, _) = listener.accept().unwrap();
        let _ = socket.read(&mut [0; 4096]);
        while socket.write_all(hints.as_bytes()).is_ok() {}
    });
    let client = client(&url, Duration::from_millis(300));
    let error = client.list_suppliers().await.unwrap_err();
    assert!(error.is_timeout(), "{error}");
    // The client closes the connection.
    server.await.unwrap();
}

#[tokio::test]
async fn an_error_whose_body_stalls_is_that_error() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let _ = socket.read(&mut [0; 4096]).await;
        let head = b"HTTP/1.1 404 No\r\ncontent-length: 100\r\n\r\n{";
        let _ = socket.write_all(head).await;
        std::future::pending::<()>().await;
    });
    let client = client(&url, Duration::from_millis(300));
    let error = client.get_order_pdf().number("7").await.err().unwrap();
    assert!(error.is_not_found(), "{error}");
}

#[tokio::test]
async fn each_call_can_have_a_timeout_of_its_own() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let client = client(&url, Duration::from_secs(600));
    let short = Duration::from_millis(50);
    for error in [
        client.list_suppliers().timeout(short).await.unwrap_err(),
        client
            .get_order_pdf()
            .number("7")
            .timeout(short)
            .await
            .err()
            .unwrap(),
        client
            .request(Method::GET, "/other")
            .timeout(short)
            .send()
            .await
            .unwrap_err(),
    ] {
        assert!(error.is_timeout(), "{error}");
    }
    // A longer one than that of the client.
    let timeout = Duration::from_millis(100);
    let url = slow_server("", " ", 8, timeout / 2).await;
    let client = self::client(&url, timeout);
    let call = client.list_suppliers().timeout(Duration::from_secs(600));
    assert!(call.await.unwrap().is_empty());
}

#[tokio::test]
async fn a_timeout_of_zero_is_refused() {
    let builder = Client::builder().api_key(KEY).timeout(Duration::ZERO);
    let error = builder.build().unwrap_err();
    assert!(error.is_config());
    assert_eq!(error.to_string(), "the timeout is zero");
    let client = client("http://127.0.0.1:9", Duration::from_secs(1));
    let error = client
        .list_suppliers()
        .timeout(Duration::ZERO)
        .await
        .unwrap_err();
    assert!(error.is_invalid_request());
    assert_eq!(error.to_string(), "list_suppliers: the timeout is zero");
    let request = client.request(Method::GET, "/x").timeout(Duration::ZERO);
    assert!(request.send().await.unwrap_err().is_invalid_request());
    assert_eq!(remaining(&client).await, LIMIT);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_time_is_too_long() {
    use telesto_api::{Budget, Client, OnLimit, Retry};

    let directory = tempfile::tempdir().unwrap();
    let redis = telesto_redis_server::RedisServer::start();
    let in_redis = redis.as_ref().map(|redis| {
        let budget = Budget::redis(redis.url()).timeout(Duration::MAX);
        Budget::from(budget)
    });
    let budgets = [
        Some(Budget::in_process()),
        Some(Budget::on_host_at(directory.path())),
        in_redis,
    ];
    for budget in budgets.into_iter().flatten() {
        let telesto = telesto_mock::MockServer::builder().start().await.unwrap();
        let retry = Retry::default().pauses(Duration::MAX, Duration::MAX);
        let client = Client::builder()
            .api_key(telesto.api_key())
            .base_url(telesto.url())
            .budget(budget)
            .timeout(Duration::MAX)
            .retry(retry.attempt_timeout(Duration::MAX))
            .on_limit(OnLimit::WaitAtMost(Duration::MAX))
            .build()
            .unwrap();
        client.list_products().await.unwrap();
        let other = client.list_products().timeout(Duration::MAX);
        other.await.unwrap();
        let raw = client.request(reqwest::Method::GET, "/products");
        raw.timeout(Duration::MAX).bytes().await.unwrap();
        let budget = client.budget().await.unwrap();
        assert_eq!(budget.remaining(), 97, "{budget:?}");
    }
}

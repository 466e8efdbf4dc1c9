//! What a response is taken for, whatever it claims to be.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use httpmock::MockServer;
use telesto_api::{Client, ErrorKind, Method, OnLimit};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::support::{KEY, Log, client, clock, made_up, respond};

const ENVELOPE: &str = r#"{"statusCode":404,"error":{"type":"NOT_FOUND","description":"Nein"}}"#;

const PAGE: &str = "<b>Fatal error</b>: Uncaught Exception in /var/www/api.php";

/// A client of a server that sends this body as this media type.
async fn serving(
    media_type: Option<&str>,
    body: &[u8],
) -> (MockServer, telesto_fixture_api::Client) {
    let server = MockServer::start_async().await;
    server
        .mock_async(|when, then| {
            when.any_request();
            let then = then.status(200).body(body);
            if let Some(media_type) = media_type {
                then.header("content-type", media_type);
            }
        })
        .await;
    let client = made_up(&server);
    (server, client)
}

#[tokio::test]
async fn an_operation_that_returns_nothing_takes_no_page_for_that() {
    for body in [
        "",
        " \r\n",
        "null",
        "\"\"",
        "[]",
        "{\"deleted\":true}",
        "\u{feff}{}",
        "OK",
        "{\"deleted\":",
    ] {
        let (_server, client) = serving(Some("text/html"), body.as_bytes()).await;
        client.delete_supplier().supplier_id("s1").await.unwrap();
    }
    let (_server, client) = serving(None, PAGE.as_bytes()).await;
    let error = client.delete_supplier().supplier_id("s1").await;
    let error = error.unwrap_err();
    assert!(error.is_decode(), "{error}");
    let says = "the response is an HTML page, perhaps from a proxy or a login page (200)";
    assert_eq!(error.to_string(), format!("delete_supplier: {says}"));
    assert_eq!(error.body(), Some(PAGE.as_bytes()));
}

/// JavaScript sends half of a character where a text was cut.
#[tokio::test]
async fn half_of_a_character_costs_no_response() {
    let server = MockServer::start_async().await;
    let list = r#"[{"id":"1","name":"Tea \ud83d","created":"2024-01-15 10:30:00"}]"#;
    respond(&server, 200, list).await;
    let products = client(&server).list_products().await.unwrap();
    assert_eq!(products[0].name.as_deref(), Some("Tea \u{fffd}"));
    let server = MockServer::start_async().await;
    let error = r#"{"statusCode":404,"error":{"type":"NOT_FOUND","description":"\udc4d"}}"#;
    respond(&server, 404, error).await;
    let error = client(&server).list_products().await.unwrap_err();
    assert_eq!(error.api_error().unwrap().description(), Some("\u{fffd}"));
}

#[tokio::test]
async fn a_304_is_no_redirect() {
    let server = MockServer::start_async().await;
    respond(&server, 304, "").await;
    let client = client(&server);
    let call = client.request(Method::GET, "/products");
    let error = call
        .header("if-none-match", "\"1\"")
        .send()
        .await
        .unwrap_err();
    assert!(error.is_not_modified(), "{error}");
    assert_eq!(
        error.to_string(),
        "GET /products: not modified since what the request asks about (304)"
    );
}

#[tokio::test]
async fn a_file_is_what_the_spec_says() {
    for media_type in [
        Some("application/pdf"),
        Some("Application/PDF; charset=binary"),
        Some("application/octet-stream"),
        None,
    ] {
        let (_server, client) = serving(media_type, b"%PDF-1.4").await;
        let pdf = client
            .get_order_pdf()
            .number("7")
            .await
            .unwrap()
            .into_inner();
        assert_eq!(pdf.bytes().await.unwrap(), "%PDF-1.4");
    }
    for (media_type, body, says) in [
        (
            Some("text/html; charset=utf-8"),
            PAGE,
            "is text/html, the spec says application/pdf",
        ),
        (
            Some("text/plain"),
            "Fatal error",
            "is text/plain, the spec says application/pdf",
        ),
        (
            Some("application/json"),
            "[]",
            "is application/json, the spec says application/pdf",
        ),
        (Some("application/pdf"), PAGE, "is an HTML page"),
        (None, PAGE, "is an HTML page"),
    ] {
        let (_server, client) = serving(media_type, body.as_bytes()).await;
        let error = client.get_order_pdf().number("7").await.err().unwrap();
        assert!(error.is_decode(), "{error}");
        assert!(error.to_string().contains(says), "{error}");
        assert_eq!(error.body(), Some(body.as_bytes()));
    }
}

#[tokio::test]
async fn an_envelope_is_found_whatever_the_media_type_says() {
    for media_type in [
        Some("text/html"),
        Some("application/pdf"),
        Some("text/plain"),
        None,
    ] {
        let (_server, client) = serving(media_type, ENVELOPE.as_bytes()).await;
        let pdf = client.get_order_pdf().number("7").await;
        let deleted = client.delete_supplier().supplier_id("s1").await;
        let listed = client.list_suppliers().await;
        let other = client.request(Method::GET, "/other").bytes().await;
        for error in [pdf.err(), deleted.err(), listed.err(), other.err()] {
            let error = error.unwrap();
            assert!(error.is_not_found(), "{media_type:?} {error}");
            assert_eq!(error.api_error().unwrap().description(), Some("Nein"));
            assert_eq!(error.body(), Some(ENVELOPE.as_bytes()));
        }
    }
}

#[tokio::test]
async fn what_is_read_to_find_out_is_not_lost() {
    // No errors: one is too long, the other one is not whole.
    let long = format!(
        "{{\"statusCode\":404,\"error\":{{\"type\":\"{}\"}}}}",
        "x".repeat(200_000)
    );
    for body in ["{", "{}", "[1]", &long] {
        let (_server, client) = serving(Some("application/pdf"), body.as_bytes()).await;
        let file = client.get_order_pdf().number("7").await.unwrap();
        assert_eq!(file.into_inner().bytes().await.unwrap(), body);
        let mut written = Vec::new();
        let file = client.get_order_pdf().number("7").await.unwrap();
        let size = file.into_inner().write_to(&mut written).await.unwrap();
        assert_eq!((size, &*written), (body.len() as u64, body.as_bytes()));
        let file = client.request(Method::GET, "/file").bytes().await.unwrap();
        assert_eq!(*file, *body);
    }
}

/// Sends a 429 at first, then successes that state a 429 a while after their
/// heads. Returns its URL, and the number of requests.
async fn blocking_server() -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let requests = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&requests);
    tokio::spawn(async move {
        loop {
            let (mut socket, _) = listener.accept().await.unwrap();
            let index = counted.fetch_add(1, Ordering::SeqCst);
            tokio::spawn(async move {
                let _ = socket.read(&mut [0; 4096]).await;
                if index == 0 {
                    let head = b"HTTP/1.1 429 No\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
                    let _ = socket.write_all(head).await;
                    return;
                }
                let body = ENVELOPE.replace("404", "429");
                let head = format!(
                    "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{{",
                    body.len()
                );
                let _ = socket.write_all(head.as_bytes()).await;
                // Time for others to send, if they think that the block is over.
                tokio::time::sleep(Duration::from_millis(200)).await;
                let _ = socket.write_all(&body.as_bytes()[1..]).await;
            });
        }
    });
    (url, requests)
}

#[tokio::test]
async fn a_block_that_a_success_states_holds_back_those_who_wait() {
    let (url, requests) = blocking_server().await;
    let clock = clock();
    let client = Client::builder()
        .api_key(KEY)
        .base_url(url)
        .clock(clock.clone())
        .on_limit(OnLimit::Wait)
        .build()
        .unwrap();
    assert!(client.list_products().await.unwrap_err().is_rate_limited());
    let mut waiting = tokio::task::JoinSet::new();
    for _ in 0..3 {
        let client = client.clone();
        waiting.spawn(async move { client.list_products().await.map(drop) });
    }
    clock.sleeping(3).await;
    clock.advance(Duration::from_secs(901));
    let probe = waiting.join_next().await.unwrap().unwrap().unwrap_err();
    assert!(probe.is_rate_limited());
    assert!(probe.retry_at().unwrap() > crate::support::start() + Duration::from_secs(1800));
    assert_eq!(requests.load(Ordering::SeqCst), 2);
    // The others wait for the end of the second block.
    clock.sleeping(2).await;
    let budget = client.budget().await.unwrap();
    assert!(budget.locked_until().is_some());
}

#[tokio::test]
async fn a_403_names_the_plan_only_if_the_api_says_it() {
    for (body, says) in [
        (r#"{"message":"no"}"#, "the API needs a Pro plan (403)"),
        (PAGE, "access is refused, perhaps by a firewall (403)"),
        ("", "access is refused, perhaps by a firewall (403)"),
    ] {
        let server = MockServer::start_async().await;
        respond(&server, 403, body).await;
        let error = client(&server).list_products().await.unwrap_err();
        assert!(error.is_forbidden());
        assert_eq!(error.to_string(), format!("list_products: {says}"));
    }
}

#[tokio::test]
async fn a_server_says_when_to_try_again() {
    for (status, kind, line) in [
        (
            408,
            ErrorKind::Timeout,
            "the server did not get the request in time (408)",
        ),
        (
            503,
            ErrorKind::Server,
            "the server failed, try again later (503); retry at 2024-01-15T10:32:00Z",
        ),
        (
            404,
            ErrorKind::NotFound,
            "not found: GET /v2/products (404)",
        ),
    ] {
        let server = MockServer::start_async().await;
        server
            .mock_async(|when, then| {
                when.any_request();
                then.status(status).header("retry-after", "120");
            })
            .await;
        let error = client(&server).list_products().await.unwrap_err();
        assert_eq!(error.kind(), kind);
        assert_eq!(error.to_string(), format!("list_products: {line}"));
        assert_eq!(error.retry_at().is_some(), status == 503);
    }
    for said in [None, Some("soon")] {
        let server = MockServer::start_async().await;
        server
            .mock_async(|when, then| {
                when.any_request();
                let then = then.status(503);
                if let Some(said) = said {
                    then.header("retry-after", said);
                }
            })
            .await;
        let error = client(&server).list_products().await.unwrap_err();
        assert_eq!(error.retry_at(), None);
    }
}

#[tokio::test]
async fn what_was_received_is_kept_and_not_shown() {
    for (status, body) in [
        (200, r#"[{"id":"1","stock_onhand":"many","name":"a name"}]"#),
        (
            200,
            r#"{"statusCode":401,"error":{"type":"UNAUTHORIZED","description":"a name"}}"#,
        ),
        (500, "a name"),
    ] {
        let server = MockServer::start_async().await;
        server
            .mock_async(|when, then| {
                when.any_request();
                then.status(status).header("x-request", "a name").body(body);
            })
            .await;
        let error = client(&server).list_products().await.unwrap_err();
        assert_eq!(error.body(), Some(body.as_bytes()));
        assert_eq!(error.headers().unwrap()["x-request"], "a name");
        if error.api_error().is_none() {
            assert!(!format!("{error} {error:?} {error:#?}").contains("a name"));
        }
        assert!(format!("{error:#?}").contains(&format!("{}", body.len())));
    }
    // Of what is too large, the part that was read.
    let server = MockServer::start_async().await;
    respond(&server, 200, &"[".repeat(1000)).await;
    let builder = crate::support::builder(&server).body_limit(999);
    let error = builder.build().unwrap().list_products().await.unwrap_err();
    assert!(error.is_body_too_large());
    assert!(error.headers().is_some() && error.body().unwrap().len() <= 999);
}

#[tokio::test]
async fn a_failure_to_decode_is_in_the_span_of_its_call() {
    let log = Log::default();
    let guard = log.subscriber().set_default();
    let server = MockServer::start_async().await;
    respond(&server, 200, r#"[{"id":""}, 7]"#).await;
    client(&server).list_products().await.unwrap_err();
    drop(guard);
    let log = log.text();
    let closed = log.lines().rfind(|line| line.contains("close")).unwrap();
    assert!(closed.contains("http.response.status_code=200"), "{log}");
    assert!(closed.contains("otel.status_code=\"ERROR\""), "{log}");
    assert!(closed.contains("error.type=Decode"), "{log}");
}

#[tokio::test]
async fn an_empty_response_is_an_empty_list_and_a_warning() {
    for (body, warns) in [("", true), ("[]", false)] {
        let log = Log::default();
        let guard = log.subscriber().set_default();
        let server = MockServer::start_async().await;
        respond(&server, 200, body).await;
        assert!(client(&server).list_products().await.unwrap().is_empty());
        drop(guard);
        let log = log.text();
        let warning = log.lines().find(|line| line.contains(" WARN "));
        assert_eq!(warning.is_some(), warns, "{log}");
        if let Some(warning) = warning {
            assert!(
                warning.contains("telesto.operation=\"list_products\""),
                "{warning}"
            );
            assert!(warning.contains("the response is empty"), "{warning}");
        }
    }
}

/// A part of a list looks like a whole one, so it is taken only by who has asked for it.
#[tokio::test]
async fn a_part_that_nobody_asked_for_is_no_success() {
    let server = MockServer::start_async().await;
    server
        .mock_async(|when, then| {
            when.any_request();
            then.status(206)
                .header("content-range", "bytes 0-1/4")
                .body("[]");
        })
        .await;
    let client = client(&server);
    let error = client.list_products().await.unwrap_err();
    assert!(error.is_decode(), "{error}");
    assert_eq!(
        error.to_string(),
        "list_products: the response is a part of what the call has asked for (206)"
    );
    let call = client.request(Method::GET, "/products");
    let part = call.header("range", "bytes=0-1").bytes().await.unwrap();
    assert_eq!(&part[..], b"[]");
    assert_eq!(client.budget().await.unwrap().remaining(), 98);
}

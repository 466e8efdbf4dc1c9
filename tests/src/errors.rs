//! Every way in which a call can fail.

use std::time::Duration;

use httpmock::MockServer;
use telesto_api::{Client, Error, ErrorKind, Method};
use tokio::net::TcpListener;

use crate::support::{KEY, builder, client, clock, made_up, raw_server, respond};

/// The error of a call to a server that responds like this.
async fn error(status: u16, body: &str) -> Error {
    let server = MockServer::start_async().await;
    respond(&server, status, body).await;
    client(&server).list_products().send().await.unwrap_err()
}

fn envelope(status: u16, kind: &str) -> String {
    format!(r#"{{"statusCode":{status},"error":{{"type":"{kind}","description":"Ein Text"}}}}"#)
}

#[tokio::test]
async fn every_documented_error_has_its_kind() {
    for (status, kind, expected, line) in [
        (
            401,
            "UNAUTHORIZED",
            ErrorKind::Unauthorized,
            "list_products: the API key is missing or invalid (401 UNAUTHORIZED)",
        ),
        (
            403,
            "FORBIDDEN",
            ErrorKind::Forbidden,
            "list_products: the API needs a Pro plan (403 FORBIDDEN)",
        ),
        (
            404,
            "NOT_FOUND",
            ErrorKind::NotFound,
            "list_products: not found: GET /v2/products (404 NOT_FOUND)",
        ),
        (
            429,
            "TOO_MANY_REQUESTS",
            ErrorKind::RateLimited,
            "list_products: the address is blocked for too many requests \
             (429 TOO_MANY_REQUESTS); retry at 2024-01-15T10:45:01Z",
        ),
        (
            500,
            "SERVER_ERROR",
            ErrorKind::Server,
            "list_products: the server failed, try again later (500 SERVER_ERROR)",
        ),
        (
            422,
            "NEW_TYPE",
            ErrorKind::Rejected,
            "list_products: the server rejected the request (422 NEW_TYPE)",
        ),
    ] {
        let error = error(status, &envelope(status, kind)).await;
        assert_eq!(error.kind(), expected);
        assert_eq!(error.to_string(), line);
        assert_eq!(error.status().unwrap(), status);
        assert_eq!(error.operation(), Some("list_products"));
        assert_eq!(error.retry_at().is_some(), status == 429);
        let stated = error.api_error().unwrap();
        assert_eq!(stated.status_code(), Some(status));
        assert_eq!(stated.error_type(), Some(kind));
        assert_eq!(stated.description(), Some("Ein Text"));
    }
}

#[tokio::test]
async fn the_status_decides_whatever_the_body_is() {
    let page = "<!DOCTYPE html><html><body>Bad gateway</body></html>";
    for body in ["", page, "{", "[]", "\"\"", r#"{"error":"no object"}"#] {
        for (status, expected) in [
            (401, ErrorKind::Unauthorized),
            (403, ErrorKind::Forbidden),
            (404, ErrorKind::NotFound),
            (409, ErrorKind::Rejected),
            (429, ErrorKind::RateLimited),
            (500, ErrorKind::Server),
            (502, ErrorKind::Server),
            (503, ErrorKind::Server),
        ] {
            let error = error(status, body).await;
            assert_eq!(error.kind(), expected, "{status} {body}");
            assert!(error.api_error().is_none());
            assert!(!error.to_string().contains("gateway"), "{error}");
        }
    }
}

#[tokio::test]
async fn an_error_in_a_success_is_an_error() {
    let error = error(200, &envelope(403, "FORBIDDEN")).await;
    assert_eq!(error.kind(), ErrorKind::Forbidden);
    assert_eq!(error.status().unwrap(), 403);
    assert_eq!(error.api_error().unwrap().error_type(), Some("FORBIDDEN"));

    // Also where nothing, or something other than JSON, is expected.
    let server = MockServer::start_async().await;
    server
        .mock_async(|when, then| {
            when.any_request();
            then.status(200)
                .header("content-type", "application/json; charset=utf-8")
                .body(envelope(404, "NOT_FOUND"));
        })
        .await;
    let client = made_up(&server);
    let deleted = client.delete_supplier().supplier_id("s1").send().await;
    assert!(deleted.unwrap_err().is_not_found());
    let document = client.get_order_pdf().number("1").send().await;
    assert!(document.err().unwrap().is_not_found());
}

#[tokio::test]
async fn an_error_is_read_behind_a_byte_order_mark() {
    for status in [200, 403] {
        let body = format!("\u{feff}{}", envelope(403, "FORBIDDEN"));
        let error = error(status, &body).await;
        assert_eq!(error.kind(), ErrorKind::Forbidden);
        assert!(error.api_error().is_some());
    }
}

#[tokio::test]
async fn a_block_that_is_stated_in_a_success_locks_like_any_other() {
    let server = MockServer::start_async().await;
    let mock = respond(&server, 200, &envelope(429, "TOO_MANY_REQUESTS")).await;
    let client = client(&server);
    let error = client.list_products().send().await.unwrap_err();
    assert!(error.is_rate_limited() && error.retry_at().is_some());
    client.list_products().send().await.unwrap_err();
    assert_eq!(mock.calls_async().await, 1);
}

#[tokio::test]
async fn a_value_that_cannot_be_read_is_named_with_its_path() {
    for (body, path, line) in [
        (
            r#"[{"id":"1"},{"id":"2"},{"id":"3"},{"id":"4","stock_onhand":"many"}]"#,
            Some("[3].stock_onhand"),
            "list_products: [3].stock_onhand: invalid value: string \"many\", \
             expected a decimal number at line 1 column 66 (200)",
        ),
        (
            r#"[{"name":"x"}]"#,
            Some("[0]"),
            "list_products: [0]: missing field `id` at line 1 column 13 (200)",
        ),
        (
            r#"{"id":"1"}"#,
            None,
            "list_products: invalid type: map, expected a list at line 1 column 5 (200)",
        ),
        (
            r#"[{"id":"1"}"#,
            None,
            "list_products: EOF while parsing a list at line 1 column 11 (200)",
        ),
        (
            "<html><body>Log in</body></html>",
            None,
            "list_products: the response is an HTML page, perhaps from a proxy or a login page (200)",
        ),
        (
            "[] []",
            None,
            "list_products: trailing characters at line 1 column 4 (200)",
        ),
    ] {
        let error = error(200, body).await;
        assert_eq!(error.kind(), ErrorKind::Decode, "{error}");
        assert_eq!(error.to_string(), line);
        assert_eq!(error.path(), path);
    }
}

#[tokio::test]
async fn a_long_value_is_cut() {
    let body = format!(r#"[{{"id":"1","stock_onhand":"{}"}}]"#, "ä".repeat(10_000));
    let error = error(200, &body).await.to_string();
    assert!(error.len() < 600, "{error}");
    assert!(error.contains("[0].stock_onhand"), "{error}");
}

#[tokio::test]
async fn a_response_that_is_too_large_is_not_read() {
    let server = MockServer::start_async().await;
    let body = format!("[{}]", " ".repeat(1000));
    respond(&server, 200, &body).await;
    for (limit, fits) in [(1001, false), (1002, true)] {
        let client = builder(&server).body_limit(limit).build().unwrap();
        let result = client.list_products().send().await;
        assert_eq!(result.is_ok(), fits);
        if let Err(error) = result {
            assert_eq!(error.kind(), ErrorKind::BodyTooLarge);
            assert!(error.to_string().contains("1001 bytes"), "{error}");
        }
    }
}

fn client_of(url: &str) -> Client {
    let builder = Client::builder().api_key(KEY).base_url(url).clock(clock());
    builder.timeout(Duration::from_millis(500)).build().unwrap()
}

#[tokio::test]
async fn a_response_of_unknown_length_is_not_read_beyond_the_limit() {
    let mut response = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
    for _ in 0..10 {
        response.extend_from_slice(b"64\r\n");
        response.extend_from_slice(&[b' '; 100]);
        response.extend_from_slice(b"\r\n");
    }
    let url = raw_server(response).await;
    let builder = Client::builder().api_key(KEY).base_url(url).clock(clock());
    let client = builder.body_limit(999).build().unwrap();
    let error = client.list_products().send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BodyTooLarge);
}

#[tokio::test]
async fn a_connection_that_cannot_be_made_spends_nothing() {
    // A port without a server: it was free a moment ago.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let client = client_of(&url);
    let error = client.list_products().send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Transport);
    let line = error.to_string();
    assert!(
        line.starts_with("list_products: cannot connect: "),
        "{line}"
    );
    assert_eq!(error.status(), None);
    assert_eq!(client.budget().await.unwrap().remaining(), 100);
}

#[tokio::test]
async fn a_connection_that_breaks_spends_a_request() {
    for response in [
        &b""[..],
        b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n[",
        b"this is not HTTP\r\n\r\n",
    ] {
        let client = client_of(&raw_server(response).await);
        let error = client.list_products().send().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Transport, "{error}");
        assert_eq!(client.budget().await.unwrap().remaining(), 99);
    }
}

#[tokio::test]
async fn no_response_in_time_is_a_timeout_and_spends_a_request() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let builder = Client::builder().api_key(KEY).base_url(url).clock(clock());
    let client = builder.timeout(Duration::from_millis(50)).build().unwrap();
    let error = client.list_products().send().await.unwrap_err();
    assert!(error.is_timeout(), "{error:?}");
    assert_eq!(error.to_string(), "list_products: no response in time");
    assert_eq!(client.budget().await.unwrap().remaining(), 99);
}

#[test]
fn settings_that_cannot_be_used_are_refused() {
    let builder = || Client::builder().api_key(KEY);
    for (builder, says) in [
        (Client::builder(), "no API key"),
        (Client::builder().api_key(""), "is empty"),
        (Client::builder().api_key("a b"), "a space"),
        (Client::builder().api_key("a\n"), "line break"),
        (builder().base_url("http://telesto.app/v2"), "unencrypted"),
        (builder().base_url("https://a:b@telesto.app"), "credentials"),
        (builder().base_url(""), "is invalid"),
        (
            builder().api_key_header("not a header"),
            "not a valid header name",
        ),
    ] {
        let error = builder.build().unwrap_err();
        assert!(error.is_config(), "{error:?}");
        assert!(error.to_string().contains(says), "{error}");
        assert_eq!(error.operation(), None);
    }
    builder()
        .base_url("https://telesto.example")
        .build()
        .unwrap();
}

#[tokio::test]
async fn what_the_spec_does_not_know_fails_in_the_same_way() {
    let server = MockServer::start_async().await;
    respond(&server, 404, &envelope(404, "NOT_FOUND")).await;
    let client = client(&server);
    for error in [
        client.request(Method::GET, "/suppliers").send().await.err(),
        client
            .request(Method::GET, "/suppliers")
            .bytes()
            .await
            .err(),
    ] {
        let error = error.unwrap();
        assert!(error.is_not_found());
        assert_eq!(
            error.to_string(),
            "GET /suppliers: not found: GET /v2/suppliers (404 NOT_FOUND)"
        );
    }
}

#[tokio::test]
async fn a_404_names_the_path_without_the_query() {
    let server = MockServer::start_async().await;
    respond(&server, 404, "").await;
    let client = client(&server);
    let call = client.request(Method::DELETE, "/suppliers/7");
    let error = call.query("a", "secret").send().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "DELETE /suppliers/7: not found: DELETE /v2/suppliers/7 (404)"
    );
}

/// A value that serde refuses.
struct Unserializable;

impl serde::Serialize for Unserializable {
    fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(serde::ser::Error::custom("no such color"))
    }
}

#[tokio::test]
async fn a_body_that_cannot_be_written_says_why() {
    let server = MockServer::start_async().await;
    let client = client(&server);
    let call = client.request(Method::POST, "/suppliers");
    let error = call.json(&Unserializable).send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidRequest);
    assert_eq!(error.to_string(), "POST /suppliers: no such color");
}

/// As a program prints it whose `main` returns the error.
#[tokio::test]
async fn debug_reads_like_display_followed_by_the_causes() {
    let error = error(404, "").await;
    assert_eq!(format!("{error:?}"), error.to_string());

    let refused = client_of("http://127.0.0.1:1").list_products().send().await;
    let error = refused.unwrap_err();
    let text = format!("{error:?}");
    let (line, causes) = text.split_once("\n\nCaused by:\n    ").unwrap();
    assert_eq!(line, error.to_string());
    assert!(
        line.starts_with("list_products: cannot connect: "),
        "{line}"
    );
    let last = causes.lines().last().unwrap().trim();
    assert!(line.ends_with(last), "{text}");
    // The fields are still there to be looked at.
    assert!(format!("{error:#?}").contains("kind: Transport"));
}

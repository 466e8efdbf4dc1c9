//! The API key shows nowhere: not in what a client prints of itself, not in an
//! error, not in a log of any crate.

use std::error::Error as _;
use std::time::Duration;

use httpmock::MockServer;
use serde_json::{Value, json};
use telesto_api::{Budget, Client, ClientBuilder, Error, Method};
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::support::{Log, clock};

/// A key with all that is quoted, escaped or cut in some place.
const KEY: &str = r#"k3y/0fa"\t3st"#;

fn builder(server: &MockServer) -> ClientBuilder {
    crate::support::builder(server)
        .api_key(KEY)
        // It would log all that is sent.
        .configure_http(|http| http.connection_verbose(true))
}

/// Everything that may be printed of an error, down to its causes.
fn shown(error: &Error) -> String {
    let mut text = format!("{error} {error:#} {error:?} {error:#?}");
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(&format!(" {cause} {cause:?}"));
        source = cause.source();
    }
    if let Some(stated) = error.api_error() {
        text.push_str(&format!(
            " {stated:?} {:?} {:?} {}",
            stated.error_type(),
            stated.description(),
            stated.body()
        ));
    }
    text.push_str(&format!("{:?} {:?}", error.path(), error.headers()));
    text.push_str(&String::from_utf8_lossy(error.body().unwrap_or_default()));
    text
}

#[track_caller]
fn assert_hidden(what: &str, text: &str) {
    assert!(!text.is_empty());
    // Parts of it, since it may be cut or have escapes.
    for part in ["k3y", "0fa", "t3st"] {
        assert!(!text.contains(part), "{what} shows the key: {text}");
    }
}

/// Servers that repeat the key in whatever they can.
fn responses_with_key() -> Vec<(u16, String)> {
    let json = |value: Value| value.to_string();
    let envelope = |status: u16, kind: &str, description: &str| {
        json(json!({"statusCode": status, "error": {"type": kind, "description": description}}))
    };
    // So long that the message is cut within the key.
    let long = format!("{}{KEY}", "x".repeat(170));
    vec![
        (200, json(json!([{"id": "1", "stock_onhand": KEY}]))),
        (200, json(json!([{"id": "1", "stock_onhand": long}]))),
        (
            200,
            json(json!([{"id": "1", "created": format!("{KEY}{KEY}")}])),
        ),
        (200, json(json!({KEY: 1}))),
        (200, format!("<html>{KEY}</html>")),
        (200, envelope(401, KEY, KEY)),
        (401, envelope(401, "UNAUTHORIZED", &format!("no {KEY}"))),
        // As PHP writes JSON.
        (401, envelope(401, "UNAUTHORIZED", KEY).replace('/', "\\/")),
        (
            403,
            json(json!({"error": {"type": KEY, KEY: KEY}, KEY: [KEY]})),
        ),
        (404, KEY.to_owned()),
        (429, envelope(429, "TOO_MANY_REQUESTS", KEY)),
        (500, format!("<html>{KEY}</html>")),
    ]
}

#[tokio::test]
async fn no_error_and_no_log_line_shows_the_key() {
    // For the whole program: what a thread without a subscriber sees first
    // would be left out of the log of another.
    let log = Log::default();
    log.subscriber().init();

    for (status, body) in responses_with_key() {
        let server = MockServer::start_async().await;
        server
            .mock_async(|when, then| {
                when.any_request();
                then.status(status).header("x-key", KEY).body(&body);
            })
            .await;
        let client = builder(&server).build().unwrap();
        let error = client.list_products().send().await.unwrap_err();
        assert_hidden(&format!("an error of {status} {body}"), &shown(&error));
        assert_hidden("a client", &format!("{client:?} {client:#?}"));
        let call = client.list_products();
        assert_hidden("an operation", &format!("{call:?}"));
        let request = client.request(Method::POST, "/products").json(&1);
        assert_hidden("a request", &format!("{request:?}"));
        let _ = request.send().await;
    }
    for location in ["http://example.invalid/", "not a url: [", "/v2/products"] {
        let server = MockServer::start_async().await;
        server
            .mock_async(|when, then| {
                when.any_request();
                then.status(302).header("location", location);
            })
            .await;
        let client = builder(&server).build().unwrap();
        let error = client.list_products().send().await.unwrap_err();
        assert_hidden("a redirect", &shown(&error));
    }
    for url in ["http://127.0.0.1:9/v2", "https://127.0.0.1:9/v2"] {
        let builder = Client::builder().api_key(KEY).base_url(url).clock(clock());
        let client = builder.timeout(Duration::from_millis(200)).build().unwrap();
        let error = client.list_products().send().await.unwrap_err();
        assert_hidden("a failed connection", &shown(&error));
    }

    let log = log.text();
    assert_hidden("the log", &log);
    // The log is that of the calls, with spans as OpenTelemetry names them.
    for attribute in [
        "otel.kind=\"client\"",
        "otel.name=\"GET /products\"",
        "http.request.method=\"GET\"",
        "http.response.status_code=401",
        "server.address=\"127.0.0.1\"",
        "url.template=\"/products\"",
        "error.type=Unauthorized",
    ] {
        assert!(log.contains(attribute), "no {attribute} in {log}");
    }
}

/// A redirect may have the key as a host, in another case, or encoded.
#[tokio::test]
async fn no_redirect_shows_the_key() {
    for location in [
        "https://k3y-0fa-t3st.example/",
        "https://K3Y-0FA-T3ST/",
        "//%4b3y-0FA-%743st:1/",
        "https://elsewhere.example/?key=k3y-0fa-t3st",
        "http://[k3y-0fa-t3st",
        // Within the origin.
        "/%6B3y-0fa-%743st",
        "/%256b3y-0fa-%25743ST",
    ] {
        let server = MockServer::start_async().await;
        server
            .mock_async(|when, then| {
                when.path("/v2/products");
                then.status(302).header("location", location);
            })
            .await;
        let client = builder(&server).api_key("K3y-0fa-t3st").build().unwrap();
        let error = client.list_products().await.unwrap_err();
        let shown = shown(&error).to_lowercase();
        assert_hidden(location, &shown.replace("%6b", "k").replace("%74", "t"));
    }
}

#[test]
fn no_setting_shows_the_key() {
    for builder in [
        Client::builder().api_key(KEY),
        Client::builder().api_key(format!("{KEY} ")),
        Client::builder().api_key(format!("{KEY}\n")),
        Client::builder().api_key(format!("{KEY}ö")),
        Client::builder()
            .api_key("x")
            .base_url("https://k3y@telesto.example"),
        Client::builder()
            .api_key("x")
            .base_url("https://telesto.example/?k=k3y"),
        Client::builder().api_key("x").base_url("https://k3y:["),
        Client::builder().api_key("x").base_url("k3y:9"),
        Client::builder()
            .api_key("x")
            .base_url("http://k3y.example"),
        Client::builder().api_key("x").user_agent_suffix("k3y\n"),
        Client::builder().api_key("x").api_key_header("k3y t3st"),
        Client::builder()
            .api_key("x")
            .budget(Budget::redis("redis://localhost").named("k3y?")),
        Client::builder()
            .api_key("x")
            .budget(Budget::redis("redis:k3y@localhost")),
    ] {
        assert_hidden("a builder", &format!("{builder:?} {builder:#?}"));
        match builder.build() {
            Ok(client) => assert_hidden("a client", &format!("{client:?}")),
            Err(error) => assert_hidden("a refusal", &shown(&error)),
        }
    }
}

#[tokio::test]
async fn a_success_does_not_show_the_key_that_its_headers_repeat() {
    let server = MockServer::start_async().await;
    server
        .mock_async(|when, then| {
            when.any_request();
            then.status(200)
                .header("x-key", format!("yours is {KEY}"))
                .header("x-other", "7")
                .body("[]");
        })
        .await;
    let client = builder(&server).build().unwrap();
    let products = client.list_products().await.unwrap();
    let file = client.request(Method::GET, "/file").bytes().await.unwrap();
    for headers in [products.headers(), file.headers()] {
        assert_eq!(headers["x-key"], "[redacted]");
        assert_eq!(headers["x-other"], "7");
    }
    assert_hidden("a response", &format!("{products:?}"));
}

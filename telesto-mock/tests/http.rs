//! The mock server, over HTTP.

#![allow(
    clippy::unwrap_used,
    reason = "a test stops at what it does not expect"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use reqwest::{Client, Method};
use serde_json::{Value, json};
use telesto_mock::{MockServer, MockServerBuilder, RateLimit, Response, RetryAfter, StartError};

fn made_up() -> MockServerBuilder {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../tests/fixture-api/made-up.yaml"
    );
    MockServer::builder_for(&std::fs::read_to_string(path).unwrap())
}

async fn get(telesto: &MockServer, path: &str) -> reqwest::Response {
    let request = Client::new().get(format!("{}{path}", telesto.url()));
    request
        .header("authorization", telesto.api_key())
        .send()
        .await
        .unwrap()
}

async fn json_of(response: reqwest::Response) -> Value {
    serde_json::from_str(&response.text().await.unwrap()).unwrap()
}

#[tokio::test]
async fn an_operation_sends_its_example() {
    let telesto = MockServer::builder().start().await.unwrap();
    assert!(telesto.url().ends_with("/v2"));
    let response = get(&telesto, "/products").await;
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "application/json");
    let products = json_of(response).await;
    assert_eq!(products[0]["name"], "Widget");
    assert_eq!(products[0]["stock_onhand"], "50");
    assert_eq!(telesto.stats().served, 1);
    telesto.stop().await;
}

#[tokio::test]
async fn each_error_comes_in_the_documented_envelope() {
    let telesto = MockServer::builder().start().await.unwrap();
    let url = format!("{}/products", telesto.url());
    for wrong in [None, Some("Bearer telesto-mock-key"), Some("other")] {
        let mut request = Client::new().get(&url);
        if let Some(key) = wrong {
            request = request.header("authorization", key);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 401);
        let body = json!({
            "statusCode": 401,
            "error": {"type": "UNAUTHORIZED", "description": "Invalid API key"}
        });
        assert_eq!(json_of(response).await, body);
    }
    for path in ["/nothing", "/products/7", "/products/"] {
        let response = get(&telesto, path).await;
        assert_eq!(response.status(), 404, "{path}");
        assert_eq!(json_of(response).await["error"]["type"], "NOT_FOUND");
    }

    let free = MockServer::builder().pro_plan(false).start().await.unwrap();
    let response = get(&free, "/products").await;
    assert_eq!(response.status(), 403);
    assert_eq!(json_of(response).await["error"]["type"], "FORBIDDEN");
    let stats = telesto.stats();
    assert_eq!(
        (stats.unauthorized, stats.not_found, stats.served),
        (3, 3, 0)
    );
}

#[tokio::test]
async fn one_request_too_many_blocks_until_the_clock_says_otherwise() {
    let seconds = Arc::new(AtomicU64::new(1_000_000));
    let clock = Arc::clone(&seconds);
    let limit = RateLimit {
        requests: 2,
        window: Duration::from_secs(3600),
        lockout: Duration::from_secs(900),
    };
    let telesto = MockServer::builder()
        .rate_limit(limit)
        .now(move || UNIX_EPOCH + Duration::from_secs(clock.load(Ordering::SeqCst)))
        .start()
        .await
        .unwrap();
    let status = async |path: &str| get(&telesto, path).await.status().as_u16();
    // What fails counts as well.
    assert_eq!(status("/nothing").await, 404);
    assert_eq!(status("/products").await, 200);
    let refused = get(&telesto, "/products").await;
    assert_eq!(refused.status(), 429);
    assert_eq!(refused.headers().get("retry-after"), None);
    assert_eq!(json_of(refused).await["error"]["type"], "TOO_MANY_REQUESTS");
    seconds.fetch_add(899, Ordering::SeqCst);
    assert_eq!(status("/products").await, 429);
    seconds.fetch_add(1, Ordering::SeqCst);
    assert_eq!(status("/products").await, 200);
    assert_eq!((telesto.stats().served, telesto.stats().refused), (2, 2));
}

#[tokio::test]
async fn a_429_may_be_empty_and_may_tell_when_to_come_back() {
    let start = |form| {
        let at = |seconds| UNIX_EPOCH + Duration::from_secs(seconds);
        let builder = MockServer::builder()
            .rate(1, Duration::from_secs(60))
            .empty_429(true);
        builder
            .retry_after(form)
            .now(move || at(1_705_314_600))
            .start()
    };
    for (form, expected) in [
        (RetryAfter::None, None),
        (RetryAfter::Seconds, Some("900")),
        (RetryAfter::HttpDate, Some("Mon, 15 Jan 2024 10:45:00 GMT")),
    ] {
        let telesto = start(form).await.unwrap();
        get(&telesto, "/products").await;
        let refused = get(&telesto, "/products").await;
        assert_eq!(refused.status(), 429);
        let header = refused
            .headers()
            .get("retry-after")
            .map(|value| value.to_str().unwrap());
        assert_eq!(header, expected);
        assert_eq!(refused.text().await.unwrap(), "");
    }
}

#[tokio::test]
async fn every_operation_of_any_spec_is_served() {
    let telesto = made_up()
        .rate(100, Duration::from_secs(60))
        .start()
        .await
        .unwrap();
    assert!(telesto.url().ends_with("/v9"));
    let send = async |method: Method, path: &str| {
        let request = Client::new().request(method, format!("{}{path}", telesto.url()));
        request
            .header("x-made-up-key", telesto.api_key())
            .send()
            .await
            .unwrap()
    };
    let list = json_of(send(Method::GET, "/suppliers?limit=1").await).await;
    assert_eq!(list[0]["balance"], "12.50");
    assert_eq!(list[0]["changed"], "2024-01-15 10:30:00");
    assert_eq!(list[0]["status"], "In Progress");
    assert_eq!(list[0]["products"][0]["purchase_price"], "12.50");
    // The second one has what may be empty in Telesto's form.
    assert_eq!(list[1]["id"], "text");
    assert_eq!(list[1]["balance"], "");
    assert_eq!(list[1]["products"], "");
    assert_eq!(send(Method::GET, "/suppliers/a%20b").await.status(), 200);
    assert_eq!(send(Method::POST, "/suppliers").await.status(), 400);
    assert_eq!(send(Method::DELETE, "/suppliers/7").await.status(), 204);
    let document = send(Method::GET, "/orders/0001/pdf").await;
    assert_eq!(document.headers()["content-type"], "application/pdf");
    assert!(document.text().await.unwrap().starts_with("%PDF"));
    let ids: Vec<_> = telesto
        .requests()
        .into_iter()
        .map(|request| request.operation_id)
        .collect();
    let expected = [
        "list_suppliers",
        "get_supplier",
        "create_supplier",
        "delete_supplier",
        "get_order_pdf",
    ];
    assert_eq!(ids, expected.map(|id| Some(id.to_owned())));
}

#[tokio::test]
async fn a_response_can_be_replaced_from_the_start_and_while_it_runs() {
    let first = Response::new(502, "text/html", "<html>").header("x-proxy", "down");
    let telesto = MockServer::builder()
        .response("list_products", first)
        .start()
        .await
        .unwrap();
    let response = get(&telesto, "/products").await;
    assert_eq!(response.status(), 502);
    assert_eq!(response.headers()["x-proxy"], "down");
    assert_eq!(response.text().await.unwrap(), "<html>");

    telesto
        .set_response("list_products", Response::json(200, &json!([])))
        .unwrap();
    assert_eq!(json_of(get(&telesto, "/products").await).await, json!([]));

    let unknown = telesto.set_response("no_operation", Response::empty(200));
    assert!(matches!(unknown, Err(StartError::UnknownOperation(id)) if id == "no_operation"));
    let unsendable = Response::empty(200).header("a\nb", "c");
    let unsendable = telesto.set_response("list_products", unsendable);
    assert!(matches!(unsendable, Err(StartError::Response(..))));
    let started = MockServer::builder()
        .response("list_products", Response::empty(99))
        .start()
        .await;
    assert!(matches!(started, Err(StartError::Response(..))));
}

#[tokio::test]
async fn requests_are_recorded_without_the_key() {
    let telesto = MockServer::builder()
        .api_key("s3cret")
        .start()
        .await
        .unwrap();
    let request = Client::new().post(format!("{}/products?a=b", telesto.url()));
    let request = request
        .header("authorization", "s3cret")
        .header("x-other", "1")
        .body("body");
    request.send().await.unwrap();
    let recorded = telesto.requests().remove(0);
    assert_eq!(recorded.method, "POST");
    assert_eq!(recorded.path_and_query, "/v2/products?a=b");
    assert_eq!(recorded.operation_id, None);
    assert_eq!(&recorded.body[..], b"body");
    assert!(recorded.key_is_right);
    assert_eq!(recorded.status, 405);
    assert!(recorded.when <= SystemTime::now());
    assert!(
        recorded
            .headers
            .contains(&("x-other".to_owned(), "1".to_owned()))
    );
    let shown = format!(
        "{recorded:?} {telesto:?} {:?}",
        MockServer::builder().api_key("s3cret")
    );
    assert!(!shown.contains("s3cret"), "{shown}");
}

/// Large bodies push the oldest requests out.
#[tokio::test]
async fn the_memory_of_recorded_requests_is_bounded() {
    let telesto = MockServer::builder().start().await.unwrap();
    let megabytes = 16;
    for number in 0..6 {
        let url = format!("{}/products?number={number}", telesto.url());
        let body = vec![b' '; megabytes << 20];
        Client::new().post(url).body(body).send().await.unwrap();
    }
    let recorded = telesto.requests();
    let bytes: usize = recorded.iter().map(|request| request.body.len()).sum();
    assert_eq!((recorded.len(), bytes), (4, 64 << 20));
    assert!(recorded[3].path_and_query.ends_with("number=5"));
    assert_eq!(telesto.stats().unauthorized, 6);
}

#[tokio::test]
async fn what_cannot_be_served_is_refused_with_the_reason() {
    for (spec, says) in [
        ("a: [", "error[yaml-syntax]"),
        ("a: 1", "start it with `openapi: 3.0.3`"),
        ("openapi: 3.2.0", "spec:1:10"),
        ("openapi: 3.0.3", "the document has no `paths`"),
        (
            "{ openapi: 3.0.3, info: { title: Made up, version: '0' }, paths: {} }",
            "no `x-rate-limit`",
        ),
    ] {
        let error = MockServer::builder_for(spec).start().await.unwrap_err();
        assert!(error.to_string().contains(says), "{error}");
    }
    let first = MockServer::builder().start().await.unwrap();
    let second = MockServer::builder()
        .listen(first.address())
        .start()
        .await
        .unwrap_err();
    assert!(
        second
            .to_string()
            .starts_with("cannot listen on 127.0.0.1:"),
        "{second}"
    );
}

/// A mock server that checks what it receives.
async fn boxes() -> MockServer {
    let builder = MockServer::builder_for(include_str!("spec.yaml"));
    builder.start().await.unwrap()
}

/// A request with the key, and what is wrong with it: `None` if nothing is.
async fn wrong(telesto: &MockServer, request: reqwest::RequestBuilder) -> Option<String> {
    let request = request.header("authorization", telesto.api_key());
    let response = request.send().await.unwrap();
    if response.status().is_success() {
        return None;
    }
    assert_eq!(response.status(), 400);
    let body = json_of(response).await;
    assert_eq!(body["error"]["type"], "BAD_REQUEST");
    Some(body["error"]["description"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn parameters_are_checked_against_the_spec() {
    let telesto = boxes().await;
    let get = |path: &str| Client::new().get(format!("{}/boxes/{path}", telesto.url()));
    for path in [
        "7?size=small",
        "7?size=large&on=2024-01-15&tag[]=1&tag%5B%5D=2",
        "-7?size=small",
    ] {
        assert_eq!(wrong(&telesto, get(path)).await, None, "{path}");
    }
    let shop = |value: &str| get("7?size=small").header("x-shop", value);
    assert_eq!(wrong(&telesto, shop("1")).await, None);
    for (request, says) in [
        (get("7"), "the query parameter `size` is missing"),
        (
            get("7?size=big"),
            "the query parameter `size`: expected one of \"small\", \"large\", got `big`",
        ),
        (
            get("7?size=small&on=15.01.2024"),
            "the query parameter `on`: expected 2024-01-15, got `15.01.2024`",
        ),
        (
            get("7?size=small&tag[]=1&tag[]=x%20y"),
            "the query parameter `tag[]`: expected an integer, got `x y`",
        ),
        (
            get("7?size=small&colour=red"),
            "there is no query parameter `colour`",
        ),
        (
            get("s%20even?size=small"),
            "the path parameter `box_id`: expected an integer, got `s even`",
        ),
        (
            shop("yes"),
            "the header parameter `X-Shop`: expected a boolean, got `yes`",
        ),
        (
            get("7?size=small").body("x"),
            "there is no body in this operation",
        ),
    ] {
        assert_eq!(wrong(&telesto, request).await.as_deref(), Some(says));
    }
    assert_eq!(telesto.stats().bad_request, 8);
}

/// The template is `/größe/{name}.{size}`.
#[tokio::test]
async fn a_segment_may_have_two_parameters_and_letters_of_any_script() {
    let telesto = boxes().await;
    let get = |path: &str| Client::new().get(format!("{}/größe/{path}", telesto.url()));
    for path in ["box.7", "a%2Eb.7", "größe.7"] {
        assert_eq!(wrong(&telesto, get(path)).await, None, "{path}");
    }
    let says = "the path parameter `size`: expected an integer, got `b.7`";
    let found = wrong(&telesto, get("a.b.7")).await;
    assert_eq!(found.as_deref(), Some(says));
    let recorded = telesto.requests();
    let ids = recorded
        .iter()
        .map(|request| request.operation_id.as_deref());
    assert!({ ids }.all(|id| id == Some("get_size")), "{recorded:?}");
}

#[tokio::test]
async fn bodies_are_checked_against_the_spec() {
    let telesto = boxes().await;
    let url = format!("{}/boxes/7", telesto.url());
    let patch = || Client::new().patch(&url);
    for body in [
        json!({"name": "a"}),
        json!({"name": "", "weight": "", "lines": "", "inner": ""}),
        json!({"name": "a", "weight": "1.50", "count": 7, "fragile": true}),
        json!({"name": "a", "weight": 1.5, "count": "7", "fragile": "0"}),
        json!({"name": "a", "packed": "2024-01-15 10:30:00.5"}),
        json!({"name": "a", "inner": {"name": "b", "inner": {"name": "c"}}}),
        json!({"name": "a", "lines": [{"kind": "x", "ean": "1"}, {"kind": "x", "sku": 1}]}),
    ] {
        assert_eq!(wrong(&telesto, patch().json(&body)).await, None, "{body}");
    }
    // It is not required.
    assert_eq!(wrong(&telesto, patch()).await, None);
    for (body, says) in [
        (json!({}), "the body, `name` is missing"),
        (json!([1]), "the body: expected an object, got `[1]`"),
        (
            json!({"name": 7}),
            "the body, `name`: expected text, got `7`",
        ),
        (
            json!({"name": "a", "weight": "1,5"}),
            "the body, `weight`: expected a decimal number, got `1,5`",
        ),
        (
            json!({"name": "a", "count": 7.5}),
            "the body, `count`: expected an integer, got `7.5`",
        ),
        (
            json!({"name": "a", "packed": "today"}),
            "the body, `packed`: expected 2024-01-15 10:30:00, got `today`",
        ),
        (
            json!({"name": "a", "colour": "red"}),
            "the body, `colour`: the spec knows no such property",
        ),
        (
            json!({"name": "a", "inner": {"name": "b", "inner": {}}}),
            "the body, `inner.inner.name` is missing",
        ),
        (
            json!({"name": "a", "lines": [{"kind": "x", "ean": "1"}, {"ean": "1"}]}),
            "the body, `lines[1].kind` is missing",
        ),
        (
            json!({"name": "a", "lines": [{"kind": "x"}]}),
            "the body, `lines[0].ean` is missing (of all alternatives)",
        ),
    ] {
        let wrong = wrong(&telesto, patch().json(&body)).await;
        assert_eq!(wrong.as_deref(), Some(says), "{body}");
    }
    let raw = |kind: &str, body: &'static str| patch().header("content-type", kind).body(body);
    let says = wrong(&telesto, raw("application/json", "{")).await.unwrap();
    assert!(says.starts_with("the body is not JSON: "), "{says}");
    let says = wrong(&telesto, raw("text/csv", "a")).await.unwrap();
    assert_eq!(
        says,
        "the body is `text/csv`, the spec says application/json"
    );

    let put = |fields: &'static str| {
        let put = Client::new().put(&url);
        put.header("content-type", "application/x-www-form-urlencoded")
            .body(fields)
    };
    assert_eq!(wrong(&telesto, put("name=a&count=7&weight=")).await, None);
    for (fields, says) in [
        ("", "the body, `name` is missing"),
        ("count=7", "the body, `name` is missing"),
        (
            "name=a&count=x",
            "the body, `count`: expected an integer, got `x`",
        ),
    ] {
        assert_eq!(wrong(&telesto, put(fields)).await.as_deref(), Some(says));
    }

    let says = wrong(&telesto, Client::new().put(&url)).await.unwrap();
    assert_eq!(says, "the body is missing");

    let lenient = MockServer::builder_for(include_str!("spec.yaml"));
    let lenient = lenient.check_requests(false).start().await.unwrap();
    let patch = Client::new().patch(format!("{}/boxes/7", lenient.url()));
    assert_eq!(wrong(&lenient, patch.json(&json!([1]))).await, None);
}

#[tokio::test]
async fn a_method_that_a_path_does_not_have_is_a_405() {
    let telesto = boxes().await;
    let delete = Client::new().delete(format!("{}/boxes/7", telesto.url()));
    let delete = delete.header("authorization", telesto.api_key());
    let response = delete.send().await.unwrap();
    assert_eq!(response.status(), 405);
    assert_eq!(response.headers()["allow"], "GET, PATCH, PUT");
    let body = json_of(response).await;
    assert_eq!(body["error"]["type"], "METHOD_NOT_ALLOWED");
    let stats = telesto.stats();
    assert_eq!((stats.method_not_allowed, stats.not_found), (1, 0));
    assert_eq!(get(&telesto, "/boxes").await.status(), 404);
}

#[tokio::test]
async fn connections_fail_as_told() {
    use std::error::Error as _;

    use telesto_mock::Fault;

    let telesto = MockServer::builder().start().await.unwrap();
    let body = json!([{"id": "1"}]);
    let serve = |fault| {
        let response = Response::json(200, &body);
        let response = match fault {
            Some(fault) => response.fault(fault),
            None => response,
        };
        telesto.set_response("list_products", response).unwrap();
    };
    let url = format!("{}/products", telesto.url());
    let client = Client::new();
    let send = || {
        let request = client.get(&url).header("authorization", telesto.api_key());
        request.send()
    };
    let cause = |error: &reqwest::Error| {
        let last = std::iter::successors(error.source(), |error| (*error).source()).last();
        last.map(ToString::to_string).unwrap_or_default()
    };

    serve(Some(Fault::Reset));
    let error = send().await.unwrap_err();
    assert!(cause(&error).contains("reset"), "{error:?}");

    serve(Some(Fault::CutBody));
    let response = send().await.unwrap();
    assert_eq!(response.status(), 200);
    let announced = response.content_length().unwrap();
    assert_eq!(announced, body.to_string().len() as u64);
    let error = response.bytes().await.unwrap_err();
    assert!(!error.is_timeout(), "{error:?}");

    // Some 100 bytes of a head.
    serve(Some(Fault::SlowHead(Duration::from_millis(2))));
    let start = std::time::Instant::now();
    let response = send().await.unwrap();
    assert!(start.elapsed() > Duration::from_millis(150));
    assert_eq!(json_of(response).await, body);

    // The connection is as good as any afterwards.
    serve(None);
    assert_eq!(json_of(send().await.unwrap()).await, body);
    assert_eq!(telesto.stats().served, 4);

    let failing = MockServer::builder().fault(Fault::Reset);
    let failing = failing.start().await.unwrap();
    let request = client.get(format!("{}/nothing", failing.url()));
    request.send().await.unwrap_err();
}

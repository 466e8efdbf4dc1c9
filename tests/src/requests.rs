//! Requests for endpoints that are not in the spec, as they are sent.

use httpmock::Method::{GET, POST};
use httpmock::{HttpMockRequest, MockServer};
use serde_json::json;
use telesto_api::{ErrorKind, Method};

use crate::support::{KEY, client, made_up, respond};

#[tokio::test]
async fn json_is_asked_for_unless_something_else_is() {
    let server = MockServer::start_async().await;
    let accepts = |path: &'static str, accept: &'static str| {
        server.mock(|when, then| {
            when.path(path).header("accept", accept);
            then.status(200).body("[]");
        })
    };
    let made_up = made_up(&server);
    for (path, accept) in [
        ("/v2/products", "application/json"),
        ("/v2/json", "application/json"),
        ("/v2/bytes", "*/*"),
        ("/v2/csv", "text/csv"),
        ("/v9/suppliers/s1", "application/json"),
        ("/v9/orders/7/pdf", "application/pdf"),
    ] {
        accepts(path, accept);
    }
    let client = client(&server);
    client.list_products().await.unwrap();
    client.request(Method::GET, "/json").send().await.unwrap();
    client.request(Method::GET, "/bytes").bytes().await.unwrap();
    let csv = client
        .request(Method::GET, "/csv")
        .header("Accept", "text/csv");
    csv.bytes().await.unwrap();
    made_up.delete_supplier().supplier_id("s1").await.unwrap();
    made_up.get_order_pdf().number("7").await.unwrap();
}

#[tokio::test]
async fn a_request_has_what_it_is_given_and_the_key() {
    let server = MockServer::start_async().await;
    let is_form = |request: &HttpMockRequest| request.body_string() == "a=1&b=x+%26&a=2";
    let mocks = [
        server.mock(|when, then| {
            when.method(GET)
                .path("/v2/a")
                .query_param("q", "x & y")
                .header("x-shop", "7")
                .header("authorization", KEY);
            then.status(200);
        }),
        server.mock(|when, then| {
            when.method(POST)
                .path("/v2/form")
                .header("content-type", "application/x-www-form-urlencoded")
                .is_true(is_form);
            then.status(200);
        }),
        server.mock(|when, then| {
            when.method(POST)
                .path("/v2/raw")
                .header("content-type", "text/csv; charset=utf-8")
                .body("a;b\n");
            then.status(200);
        }),
        server.mock(|when, then| {
            when.method(POST)
                .path("/v2/json")
                .json_body(json!({"a": 1}));
            then.status(200);
        }),
    ];
    let client = client(&server);
    let get = client.request(Method::GET, "/a").query("q", "x & y");
    get.header("X-Shop", "7").send().await.unwrap();
    let post = |path| client.request(Method::POST, path);
    let form = post("/form").form(&[("a", "1"), ("b", "x &"), ("a", "2")]);
    form.send().await.unwrap();
    let raw = post("/raw").body("text/csv; charset=utf-8", "a;b\n");
    raw.send().await.unwrap();
    post("/json").json(&json!({"a": 1})).send().await.unwrap();
    for mock in mocks {
        mock.assert();
    }
}

#[tokio::test]
async fn what_makes_no_request_is_refused_and_not_sent() {
    let server = MockServer::start_async().await;
    let mock = respond(&server, 200, "[]").await;
    let client = client(&server);
    let get = || client.request(Method::GET, "/a");
    for (request, says) in [
        (
            get().header("Authorization", "an0ther"),
            "GET /a: the header `authorization` carries the API key: the client sets it",
        ),
        (
            get().header("not a name", "x"),
            "GET /a: `not a name` is not a valid header name",
        ),
        (
            get().header("x", "a\nb"),
            "GET /a: the header `x` cannot have this value",
        ),
        (
            get().body("a\nb", "x"),
            "GET /a: the header `content-type` cannot have this value",
        ),
        (get().form(&7), "GET /a: "),
        (
            client.request(Method::GET, "/.\t./admin"),
            "GET /.\t./admin: the path has a control character",
        ),
        (
            client.request(Method::GET, "/.. "),
            "GET /.. : the path has a control character, or a blank",
        ),
        (
            client.request(Method::CONNECT, "/a"),
            "CONNECT /a: CONNECT is for proxies",
        ),
        (
            client.request(Method::TRACE, "/a"),
            "TRACE /a: a server answers TRACE with the API key",
        ),
        (
            client.request(Method::GET, "/../admin"),
            "the path has a segment of dots",
        ),
    ] {
        let error = request.send().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidRequest);
        assert!(error.to_string().contains(says), "{error}");
        assert!(!format!("{error:?}").contains("an0ther"));
    }
    assert_eq!(mock.calls(), 0);
    assert_eq!(client.budget().await.unwrap().remaining(), 100);
}

#[tokio::test]
async fn a_program_can_name_itself() {
    let server = MockServer::start_async().await;
    let agent = concat!("telesto-api/", env!("CARGO_PKG_VERSION"), " my-shop/1.2");
    let mock = server.mock(|when, then| {
        when.header("user-agent", agent);
        then.status(200).body("[]");
    });
    let builder = || crate::support::builder(&server);
    let client = builder().user_agent_suffix("my-shop/1.2").build().unwrap();
    client.list_products().await.unwrap();
    mock.assert();
    let error = builder().user_agent_suffix("a\nb").build().unwrap_err();
    assert!(error.is_config(), "{error}");
}

//! Where a request may be sent on to.

use std::time::{Duration, Instant};

use httpmock::Method::{GET, POST};
use httpmock::MockServer;
use telesto_api::{ErrorKind, Method};

use crate::support::{KEY, client, respond};

#[tokio::test]
async fn a_redirect_within_the_origin_is_followed_and_spends_a_request() {
    let server = MockServer::start_async().await;
    let target = server
        .mock_async(|when, then| {
            when.method(GET)
                .path("/v2/goods")
                .header("authorization", KEY);
            then.status(200).body("[]");
        })
        .await;
    server
        .mock_async(|when, then| {
            when.method(GET).path("/v2/products");
            then.status(301).header("location", "/v2/goods");
        })
        .await;
    let client = client(&server);
    client.list_products().send().await.unwrap();
    target.assert_async().await;
    assert_eq!(client.budget().await.unwrap().remaining(), 98);
}

#[tokio::test]
async fn the_key_goes_to_no_other_origin() {
    let elsewhere = MockServer::start_async().await;
    let other = respond(&elsewhere, 200, "[]").await;
    for location in [
        elsewhere.url("/v2/products"),
        "https://telesto.app/v2/products".to_owned(),
    ] {
        let server = MockServer::start_async().await;
        server
            .mock_async(|when, then| {
                when.any_request();
                then.status(302).header("location", &location);
            })
            .await;
        let error = client(&server).list_products().send().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Redirect);
        assert_eq!(error.status().unwrap(), 302);
        assert!(
            error
                .to_string()
                .contains("and the API key must not go to another origin"),
            "{error}"
        );
    }
    assert_eq!(other.calls_async().await, 0);
}

#[tokio::test]
async fn a_circle_of_redirects_ends() {
    let server = MockServer::start_async().await;
    let mock = server
        .mock_async(|when, then| {
            when.any_request();
            then.status(308).header("location", "/v2/products");
        })
        .await;
    let error = client(&server).list_products().send().await.unwrap_err();
    assert_eq!(error.to_string(), "list_products: more than 5 redirects");
    assert_eq!(mock.calls_async().await, 6);
}

#[tokio::test]
async fn a_write_is_sent_on_whole_or_not_at_all() {
    let server = MockServer::start_async().await;
    let target = server
        .mock_async(|when, then| {
            when.method(POST).path("/v2/new").body("{\"a\":1}");
            then.status(200).body("{}");
        })
        .await;
    for (path, status) in [("/v2/kept", 307), ("/v2/lost", 302)] {
        server
            .mock_async(|when, then| {
                when.path(path);
                then.status(status).header("location", "/v2/new");
            })
            .await;
    }
    let client = client(&server);
    let body = serde_json::json!({"a": 1});
    client
        .request(Method::POST, "/kept")
        .json(&body)
        .send()
        .await
        .unwrap();
    let lost = client
        .request(Method::POST, "/lost")
        .json(&body)
        .send()
        .await;
    let error = lost.unwrap_err().to_string();
    assert!(
        error.contains("with 302 would turn the POST into a GET"),
        "{error}"
    );
    target.assert_async().await;
}

/// All hops of a call share its timeout.
#[tokio::test]
async fn a_redirect_has_what_is_left_of_the_time() {
    let server = MockServer::start_async().await;
    let mock = server
        .mock_async(|when, then| {
            when.any_request();
            then.status(308)
                .header("location", "/v2/products")
                .delay(Duration::from_millis(400));
        })
        .await;
    let client = client(&server);
    let start = Instant::now();
    let call = client.list_products().timeout(Duration::from_secs(1));
    let error = call.await.unwrap_err();
    assert!(error.is_timeout(), "{error}");
    assert!(
        start.elapsed() < Duration::from_millis(1_800),
        "{:?}",
        start.elapsed()
    );
    assert!(mock.calls_async().await <= 3);
}

//! What an operation returns depends on the status.

use std::sync::Arc;

use httpmock::MockServer;
use serde_json::json;
use telesto_fixture_api::httpmock::MockServerExt as _;
use telesto_fixture_api::types::{
    ListStocktakesResponse as Listed, ListStocktakesResponseStatus203Next as Next,
    StartStocktakeResponse as Started, StocktakeJob,
};
use telesto_fixture_api::{Cache, Client, ManualClock, Served};

use crate::support::{KEY, made_up, respond, start};

#[tokio::test]
async fn each_status_has_its_own_body() {
    let server = MockServer::start_async().await;
    let client = made_up(&server);
    let body = r#"{"id": "7", "counted": "1.5", "job": "count", "note": "enough"}"#;
    let mut read = Vec::new();
    for status in [200, 201, 202, 203] {
        let mock = respond(&server, status, body).await;
        let response = client.start_stocktake().send().await.unwrap();
        assert_eq!(response.status(), status);
        read.push(response.into_inner().unwrap());
        mock.delete_async().await;
    }
    let Started::Status200(whole) = &read[0] else {
        panic!("{:?}", read[0]);
    };
    assert_eq!((whole.id, whole.counted), (Some(7), "1.5".parse().ok()));
    assert!(matches!(&read[1], Started::Status201(same) if same == whole));
    assert!(matches!(&read[2], Started::Status202(job) if job.job.as_deref() == Some("count")));
    // A range has the statuses that are not listed by themselves.
    assert!(matches!(&read[3], Started::Status2XX(it) if it.note.as_deref() == Some("enough")));

    let mock = respond(&server, 204, "").await;
    let nothing = client.start_stocktake().send().await.unwrap();
    assert_eq!(nothing.into_inner(), None);
    mock.delete_async().await;
}

#[tokio::test]
async fn a_status_that_is_not_documented_keeps_its_body() {
    let server = MockServer::start_async().await;
    respond(&server, 201, r#"[{"id": 7}]"#).await;
    let listed = made_up(&server).list_stocktakes().await.unwrap();
    assert_eq!(listed.into_inner(), Listed::Unknown(json!([{"id": 7}])));
}

#[tokio::test]
async fn an_error_says_where_the_body_of_the_status_is_wrong() {
    let server = MockServer::start_async().await;
    let client = made_up(&server);
    let body = r#"{"items": [{"id": 1}, {"id": "many"}], "next": {"url_id": "3"}}"#;
    let mock = respond(&server, 203, body).await;
    let error = client.list_stocktakes().await.unwrap_err();
    assert!(error.is_decode() && error.to_string().contains("items[1].id"), "{error}");
    mock.delete_async().await;
    respond(&server, 203, &body.replace("many", "2")).await;
    let listed = client.list_stocktakes().await.unwrap().into_inner();
    let Listed::Status203(part) = listed else {
        panic!("{listed:?}");
    };
    assert_eq!(part.items.len(), 2);
    assert!(matches!(part.next, Some(Next::Url(_))));
}

#[tokio::test]
async fn the_cache_keeps_the_status() {
    let server = MockServer::start_async().await;
    let mock = respond(&server, 203, r#"{"items": [{"id": 1}]}"#).await;
    let clock = Arc::new(ManualClock::new(start()));
    let client = Client::builder()
        .api_key(KEY)
        .base_url(server.url("/v9"))
        .clock(clock as _)
        .cache(Cache::in_memory())
        .build()
        .unwrap();
    let first = client.list_stocktakes().await.unwrap();
    let second = client.list_stocktakes().await.unwrap();
    assert!(matches!(Served::of(second.headers()), Served::Cached { .. }));
    assert!(matches!(*second, Listed::Status203(_)));
    assert_eq!(first.into_inner(), second.into_inner());
    mock.assert_async().await;
}

#[tokio::test]
async fn a_mock_responds_with_any_of_them() {
    let server = MockServer::start_async().await;
    let client = made_up(&server);
    let job = StocktakeJob::builder().job("count").build().unwrap();
    let started = Started::Status202(job);
    let mock = server.start_stocktake(|_, then| {
        then.success(202, &started);
    });
    let response = client.start_stocktake().send().await.unwrap();
    assert_eq!(response.into_inner(), Some(started));
    mock.assert_async().await;
}

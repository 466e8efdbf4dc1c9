//! What random documents have found.

use serde_json::{Value, json};
use telesto_fixture_api::types::{EarlierFound, Found, FoundPart, FoundPartHolder};

use crate::support::mock_server;

/// What is sent of a body, and what is read of a response.
async fn exchanged(sent: &Found, received: Value) -> (Value, Found) {
    let telesto = mock_server().await;
    let response = telesto_mock::Response::json(200, &received);
    telesto.server.set_response("exchange_found", response).unwrap();
    let read = telesto.client().exchange_found().body(sent).await.unwrap();
    let requests = telesto.server.requests();
    let sent = serde_json::from_slice(&requests[0].body).unwrap();
    (sent, read.into_inner())
}

/// They were sent as `null`.
#[tokio::test]
async fn recursive_optional_properties_are_left_out() {
    let inner = FoundPart::builder().id("2").holder(FoundPartHolder::default());
    let holder = FoundPartHolder::builder().held(inner.build().unwrap());
    let part = FoundPart::builder().id("1").holder(holder.build().unwrap());
    let earlier = EarlierFound::builder().middle(part.build().unwrap());
    let found = Found::builder().recursive(earlier.build().unwrap());
    let found = found.build().unwrap();
    let part = json!({"id": "1", "holder": {"held": {"id": "2", "holder": {}}}});
    let value = json!({"recursive": {"middle": part}});
    assert_eq!(exchanged(&found, value.clone()).await, (value, found));
}

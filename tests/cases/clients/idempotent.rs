//! A `POST` is sent again after a failure if the spec says that it may be, with the
//! same body, and not otherwise.

use std::time::Duration;

use httpmock::MockServer;
use telesto_fixture_api::{Client, Retry, operations, types};

use crate::support::KEY;

fn client(server: &MockServer, retry: Retry) -> Client {
    let pause = Duration::from_millis(1);
    Client::builder()
        .api_key(KEY)
        .base_url(server.url("/v9"))
        .retry(retry.pauses(pause, pause))
        .build()
        .unwrap()
}

#[tokio::test]
async fn what_the_spec_calls_idempotent_is_sent_again() {
    let server = MockServer::start_async().await;
    let failing = server.mock(|when, then| {
        when.json_body(serde_json::json!({ "boxes": 3 }));
        then.status(503);
    });
    let arrival = types::Arrival::builder().boxes(3);
    let shared = client(&server, Retry::default());
    let confirmed = shared.confirm_delivery().delivery_id(7).body(arrival.clone()).await;
    assert_eq!(confirmed.unwrap_err().attempts(), 3);
    assert_eq!(failing.calls_async().await, 3);
    let announced = shared.announce_delivery().body(arrival.clone()).await;
    assert_eq!(announced.unwrap_err().attempts(), 1);
    assert_eq!(failing.calls_async().await, 4);
    // Nor is it where that is turned off.
    let once = client(&server, Retry::off());
    let confirmed = once.confirm_delivery().delivery_id(7).body(arrival).await;
    assert_eq!(confirmed.unwrap_err().attempts(), 1);
    assert_eq!(failing.calls_async().await, 5);
}

#[test]
fn the_table_of_operations_says_what_is_idempotent() {
    let is = |id| {
        let found = operations().iter().find(|known| known.id == id);
        found.unwrap().is_idempotent
    };
    assert!(is("confirm_delivery") && is("list_rates"));
    assert!(!is("announce_delivery"));
}

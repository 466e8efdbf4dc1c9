//! What `x-cache` says goes before what the client says, and a parameter has a setter
//! whatever its name is.

use std::sync::Arc;
use std::time::Duration;

use httpmock::MockServer;
use telesto_fixture_api::{Cache, Client, ManualClock, Served, operations};

use crate::support::{KEY, respond, start};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test]
async fn each_operation_has_times_of_its_own() {
    let server = MockServer::start_async().await;
    let mock = respond(&server, 200, r#"["1.5"]"#).await;
    let clock = Arc::new(ManualClock::new(start()));
    let cache = Cache::in_memory().fresh_for(60 * SECOND).stale_for(60 * SECOND);
    let client = Client::builder()
        .api_key(KEY)
        .base_url(server.url("/v9"))
        .clock(Arc::clone(&clock) as _)
        .cache(cache)
        .build()
        .unwrap();
    client.list_rates().await.unwrap();
    clock.advance(9 * SECOND);
    client.list_rates().await.unwrap();
    assert_eq!(mock.calls_async().await, 1);
    // It is not fresh for as long as the client says,
    clock.advance(SECOND);
    mock.delete_async().await;
    let failing = respond(&server, 500, "").await;
    let stale = client.list_rates().await.unwrap();
    assert!(matches!(Served::of(stale.headers()), Served::Stale { .. }));
    // and not stale either.
    clock.advance(20 * SECOND);
    assert!(client.list_rates().await.unwrap_err().is_server());
    failing.delete_async().await;
    // One that is never fresh is not kept.
    let mock = respond(&server, 200, "[]").await;
    for _ in 0..2 {
        let live = client.list_live_rates().await.unwrap();
        assert_eq!(Served::of(live.headers()), Served::Fresh);
    }
    assert_eq!(mock.calls_async().await, 2);
}

#[tokio::test]
async fn parameters_have_setters_beside_those_of_the_call() {
    let server = MockServer::start_async().await;
    let mock = server.mock(|when, then| {
        when.query_param("fresh", "true").query_param("allow_stale", "false");
        then.body("[]");
    });
    let client = crate::support::made_up(&server);
    let call = client.list_rates().fresh_(true).allow_stale_(false);
    call.fresh().allow_stale().await.unwrap();
    mock.assert();
}

#[test]
fn the_table_of_operations_has_the_times_and_the_tags() {
    let find = |id| operations().iter().find(|known| known.id == id).unwrap();
    let rates = find("list_rates");
    assert_eq!((rates.fresh_for, rates.stale_for), (Some(10 * SECOND), Some(20 * SECOND)));
    let live = find("list_live_rates");
    assert_eq!((live.fresh_for, live.stale_for), (Some(Duration::ZERO), Some(Duration::ZERO)));
    let other = find("list_suppliers");
    assert_eq!((other.fresh_for, other.stale_for), (None, None));
    assert_eq!((rates.tags, other.tags), (&["rates"][..], &["suppliers"][..]));
}

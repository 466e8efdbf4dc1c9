//! Builders take values in the forms that people have them in, name in errors
//! what is wrong, and end in `build`, `send` or `.await`.

use jiff::civil::date;
use telesto_fixture_api::httpmock::{MockServer, MockServerExt as _};
use telesto_fixture_api::types::{Batch, BatchMeasure, BatchOrigin, BatchState};
use telesto_fixture_api::{Error, ErrorKind, dec};

use crate::support::made_up;

fn batch() -> Batch {
    Batch::builder()
        .batch_id("B 1")
        .note("cold")
        .price("12.50")
        .expires("2025-01-31")
        .state("Open")
        .measure(7i64)
        .from(BatchOrigin::builder().supplier_id("S1").build_("yes"))
        .labels(["a", "b"])
        .build()
        .unwrap()
}

#[test]
fn a_value_is_built_from_text_where_that_is_meant() {
    let built = batch();
    assert_eq!(built.batch_id, "B 1");
    assert_eq!(built.note.as_deref(), Some("cold"));
    assert_eq!(built.price, Some(dec!(12.50)));
    assert_eq!(built.expires, Some(date(2025, 1, 31)));
    assert_eq!(built.state, Some(BatchState::Open));
    assert!(matches!(built.measure, Some(BatchMeasure::Integer(7))));
    let origin = built.from.unwrap();
    assert_eq!(
        (&*origin.supplier_id, origin.build.as_deref()),
        ("S1", Some("yes"))
    );
    assert_eq!(built.labels, ["a", "b"]);
}

#[test]
fn typed_values_and_options_are_taken_as_well() {
    let built = Batch::builder()
        .batch_id(String::from("B 1"))
        .note(None)
        .price(Some(dec!(12.50)))
        .expires(date(2025, 1, 31))
        .state(BatchState::Open)
        .measure(BatchState::Closed)
        .labels(vec!["a".to_owned()])
        .build()
        .unwrap();
    assert_eq!((built.note, built.price), (None, Some(dec!(12.50))));
    assert!(matches!(
        built.measure,
        Some(BatchMeasure::BatchState(BatchState::Closed))
    ));
}

#[test]
fn what_is_missing_or_invalid_is_named() {
    let says = |error: Error| {
        assert!(error.is_invalid_request());
        error.to_string()
    };
    let error = Batch::builder().note("cold").build().unwrap_err();
    assert_eq!(says(error), "Batch: missing required field `batch_id`");
    let builder = Batch::builder().batch_id("B 1");
    let error = builder.clone().expires("31.1.2025").build().unwrap_err();
    assert_eq!(
        says(error),
        "Batch: invalid value for `expires`: string \"31.1.2025\", \
         expected a date (YYYY-MM-DD)"
    );
    let error = builder.clone().price("a lot").build().unwrap_err();
    assert!(says(error).starts_with("Batch: invalid value for `price`: "));
    let error = builder.state("Lost").build().unwrap_err();
    assert_eq!(
        says(error),
        "Batch: invalid value for `state`: `Lost` is not a valid BatchState: \
         expected `Open` or `Closed`"
    );
}

#[tokio::test]
async fn a_mock_matches_what_a_call_takes_in_the_same_forms() {
    let server = MockServer::start_async().await;
    let mock = server.put_batch(|when, then| {
        when.batch_id("B 1")
            .since("2024-01-15")
            .codes(["x", "y"])
            .build(7)
            .body(batch());
        then.ok(&batch());
    });
    let client = made_up(&server);
    let call = client.put_batch().batch_id("B 1").since("2024-01-15");
    let call = call.codes(["x", "y"]).build(7u8).body(batch());
    let response = call.await.unwrap();
    assert_eq!(response.into_inner(), batch());
    mock.assert();
}

#[tokio::test]
async fn a_call_names_what_it_misses_and_sends_nothing() {
    let server = MockServer::start_async().await;
    let client = made_up(&server);
    let error_of = async |call: telesto_fixture_api::builder::PutBatch<'_>| {
        let error = call.await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidRequest);
        error.to_string()
    };
    let call = client.put_batch();
    assert_eq!(
        error_of(call.clone().body(batch())).await,
        "put_batch: missing required parameter `batch_id`"
    );
    assert_eq!(
        error_of(call.clone().batch_id("B 1").body(Batch::builder())).await,
        "put_batch: missing required field `batch_id`"
    );
    assert_eq!(
        error_of(call.batch_id("B 1").since("soon").body(batch())).await,
        "put_batch: invalid value for `since`: string \"soon\", \
         expected a date (YYYY-MM-DD)"
    );
}

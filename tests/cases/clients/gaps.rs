//! Lists with gaps, and floats of 32 bits.

use httpmock::MockServer;
use serde_json::{Value, json};
use telesto_fixture_api::httpmock::MockServerExt as _;
use telesto_fixture_api::types::{GapPlace, Gaps, GapsKindsItem as Kind};

use crate::support::{made_up, respond};

/// As a server writes them.
fn written() -> Value {
    json!({
        "notes": ["a", null, "b"],
        "counts": ["1", null, 3],
        "weights": [0.1, null, "16777217.5"],
        "prices": [null, "2.50"],
        "days": ["2026-11-28", null],
        "places": [{"shelf": "A1"}, null],
        "rows": [[1, null], null, []],
        "kinds": [null, "dry"],
        "by_name": {"a": null, "b": 0.7},
        "any": [null, 1],
        "factor": 0.1,
        "full": [1, null, "", 2],
    })
}

#[tokio::test]
async fn what_is_null_keeps_its_place() {
    let server = MockServer::start_async().await;
    respond(&server, 200, &written().to_string()).await;
    let gaps = made_up(&server).compare_gaps().send().await.unwrap();
    let texts = |texts: [Option<&str>; 3]| texts.map(|text| text.map(str::to_owned));
    assert_eq!(gaps.notes, texts([Some("a"), None, Some("b")]));
    assert_eq!(gaps.counts, [Some(1), None, Some(3)]);
    assert_eq!(gaps.weights, [Some(0.1), None, Some(16_777_217.5)]);
    assert_eq!(gaps.prices, [None, Some("2.5".parse().unwrap())]);
    assert_eq!(gaps.days, [Some("2026-11-28".parse().unwrap()), None]);
    assert!(gaps.places[0].is_some() && gaps.places[1].is_none());
    assert_eq!(gaps.rows, [Some(vec![Some(1.0), None]), None, Some(vec![])]);
    assert_eq!(gaps.kinds, [None, Some(Kind::Dry)]);
    let by_name: Vec<_> = gaps.by_name.values().copied().collect();
    assert_eq!(by_name, [None, Some(0.7)]);
    assert_eq!(gaps.any, [Value::Null, json!(1)]);
    assert_eq!(gaps.factor, Some(0.1));
    // Where nothing may be null, it is left out.
    assert_eq!(gaps.full, [1, 2]);
}

#[tokio::test]
async fn it_is_sent_where_it_is() {
    let server = MockServer::start_async().await;
    let read = respond(&server, 200, &written().to_string()).await;
    let client = made_up(&server);
    let gaps: Gaps = client.compare_gaps().send().await.unwrap().into_inner();
    read.delete_async().await;
    let sent = server.mock(|when, then| {
        // A query has no word for null.
        let when = when.is_true(|request| {
            request.uri().query() == Some("limit=0.1&notes=a&notes=b")
        });
        when.json_body(json!({
            "notes": ["a", null, "b"],
            "counts": [1, null, 3],
            "weights": [0.1, null, 16_777_217.5],
            "prices": [null, "2.50"],
            "days": ["2026-11-28", null],
            "places": [{"shelf": "A1"}, null],
            "rows": [[1.0, null], null, []],
            "kinds": [null, "dry"],
            "by_name": {"a": null, "b": 0.7},
            "any": [null, 1],
            "factor": 0.1,
            "full": [1, 2],
        }));
        then.status(200).json_body(written());
    });
    let call = client.compare_gaps().limit(0.1_f32).body(gaps.clone());
    let call = call.notes(vec![Some("a".to_owned()), None, Some("b".to_owned())]);
    assert_eq!(call.clone().send().await.unwrap().into_inner(), gaps);
    sent.assert_async().await;
    sent.delete_async().await;
    let mock = server.compare_gaps(|when, then| {
        when.limit(0.1).body(&gaps);
        then.ok(&gaps);
    });
    assert_eq!(call.send().await.unwrap().into_inner(), gaps);
    mock.assert_async().await;
}

#[tokio::test]
async fn a_response_may_be_nothing() {
    let server = MockServer::start_async().await;
    let client = made_up(&server);
    let place = GapPlace::try_from(GapPlace::builder().shelf("A1")).unwrap();
    for there in [Some(place), None] {
        let mock = server.get_gap_place(|_, then| {
            then.ok(there.as_ref());
        });
        let read = client.get_gap_place().send().await.unwrap().into_inner();
        assert_eq!(read, there);
        mock.assert_async().await;
        mock.delete_async().await;
    }
    for (written, widths) in [("null", None), ("[1, \"2\"]", Some(vec![1, 2]))] {
        let mock = respond(&server, 200, written).await;
        let read = client.list_gap_widths().send().await.unwrap().into_inner();
        assert_eq!(read, widths);
        mock.delete_async().await;
        let mock = server.list_gap_widths(|_, then| {
            then.ok(widths.as_ref());
        });
        let read = client.list_gap_widths().send().await.unwrap().into_inner();
        assert_eq!(read, widths);
        mock.delete_async().await;
    }
}

#[tokio::test]
async fn a_body_may_be_of_a_schema_that_may_be_nothing() {
    let server = MockServer::start_async().await;
    let client = made_up(&server);
    let place = GapPlace::builder().shelf("B2");
    for words in [Some("second shelf"), None] {
        let mock = server.set_gap_place(|when, then| {
            when.body(GapPlace::try_from(place.clone()).unwrap());
            then.ok(words);
        });
        let read = client.set_gap_place().body(place.clone()).send().await;
        assert_eq!(read.unwrap().into_inner().as_deref(), words);
        mock.assert_async().await;
        mock.delete_async().await;
    }
}

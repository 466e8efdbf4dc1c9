//! A value in every form that the wire may have, there and back.

use httpmock::MockServer;
use jiff::civil::date;
use rust_decimal::Decimal;
use serde_json::{Value, json};
use telesto_fixture_api::httpmock::MockServerExt as _;
use telesto_fixture_api::types::{Bounds, Reading};

use crate::support::{respond, made_up};

async fn read(body: Value) -> Reading {
    let server = MockServer::start_async().await;
    respond(&server, 200, &body.to_string()).await;
    let client = made_up(&server);
    let call = client.post_reading().body(Reading::builder());
    call.send().await.unwrap().into_inner()
}

fn full() -> Reading {
    let reading = Reading::builder().text("A".to_owned()).int(7).int32(-1);
    let reading = reading.int64(9_007_199_254_740_993_i64).double(0.5);
    let reading = reading.decimal(Decimal::new(5000, 2)).flag(true);
    let reading = reading.day(date(2024, 1, 15)).free(json!([1]));
    let reading = reading.local(date(2024, 1, 15).at(10, 30, 0, 0));
    let reading = reading.instant("2024-01-15T10:30:00Z".parse::<jiff::Timestamp>().unwrap());
    let reading = reading.uuid("not-one".to_owned()).uri("//".to_owned());
    let reading = reading.byte("AA==".to_owned()).email("?".to_owned());
    let reading = reading.ip("::1".to_owned()).list(vec![1, 1]);
    reading.try_into().unwrap()
}

#[tokio::test]
async fn a_value_outside_of_its_limits_is_read() {
    let server = MockServer::start_async().await;
    let body = json!({
        "from_one": 0, "byte": -256, "small": -1, "large": "9007199254740993", "merged": 0,
        "parts": "", "list": [-1, 256], "amount": 1e39,
    });
    respond(&server, 200, &body.to_string()).await;
    let bounds: Bounds = made_up(&server).get_bounds().await.unwrap().into_inner();
    let read: (Option<i64>, Option<i64>, Option<i32>) = (bounds.from_one, bounds.byte, bounds.small);
    assert_eq!(read, (Some(0), Some(-256), Some(-1)));
    assert_eq!(bounds.large, Some(9_007_199_254_740_993));
    assert_eq!((bounds.merged.map(i64::from), bounds.parts.map(i64::from)), (Some(0), None));
    assert_eq!(bounds.list, [-1, 256]);
    assert_eq!(bounds.amount, Some(1e39));
}

#[tokio::test]
async fn text_and_native_values_are_the_same() {
    let as_text = json!({
        "text": "A", "decimal": "50.00", "int": "7", "int32": "-1", "int64": "9007199254740993",
        "double": "0.5", "flag": "1", "day": "2024-01-15", "instant": "2024-01-15T10:30:00Z",
        "local": "2024-01-15 10:30:00", "uuid": "not-one", "uri": "//", "byte": "AA==",
        "email": "?", "ip": "::1", "list": ["1", "1"], "free": [1], "brand_new": {}
    });
    let native = json!({
        "text": "A", "decimal": 50, "int": 7, "int32": -1, "int64": 9_007_199_254_740_993_i64,
        "double": 0.5, "flag": true, "day": "2024-01-15", "instant": "2024-01-15T11:30:00+01:00",
        "local": "2024-01-15T10:30:00", "uuid": "not-one", "uri": "//", "byte": "AA==",
        "email": "?", "ip": "::1", "list": [1, 1], "free": [1]
    });
    assert_eq!(read(as_text).await, full());
    assert_eq!(read(native).await, full());
}

#[tokio::test]
async fn what_is_empty_is_none() {
    let names = serde_json::to_value(full()).unwrap();
    let names = names.as_object().unwrap().keys();
    assert_eq!(names.len(), 17);
    for empty in [json!(""), Value::Null] {
        let body: Value = names.clone().map(|name| (name.clone(), empty.clone())).collect();
        assert_eq!(read(body).await, Reading::builder().try_into().unwrap());
    }
}

#[tokio::test]
async fn a_mock_expects_and_responds_in_the_wire_format() {
    let server = MockServer::start_async().await;
    server.post_reading(|when, then| {
        when.body(full());
        then.ok(&full());
    });
    let client = made_up(&server);
    let call = client.post_reading().body(full());
    assert_eq!(call.send().await.unwrap().into_inner(), full());
}

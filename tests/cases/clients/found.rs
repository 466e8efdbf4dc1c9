//! What random documents have found.

use telesto_fixture_api::jiff::civil::date;
use telesto_fixture_api::dec;
use serde_json::{Value, json};
use telesto_fixture_api::httpmock::{MockServer, MockServerExt as _};
use telesto_fixture_api::types::{
    EarlierFound, Found, FoundCodesItem, FoundForm, FoundInBox, FoundInBox2, FoundPart, FoundPartHolder,
};

use crate::support::{made_up, mock_server};

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

/// They failed.
#[tokio::test]
async fn lists_are_fields_of_forms() {
    let telesto = mock_server().await;
    let client = telesto.client();
    let form = FoundForm::builder().z(["b", "a&b", ""]).a([dec!(1.50)]).open(true);
    client.put_found_form().body(form).await.unwrap();
    let requests = telesto.server.requests();
    assert_eq!(&requests[0].body[..], b"z=b&z=a%26b&z=&a=1.50&open=true");

    let server = MockServer::start_async().await;
    let mock = server.put_found_form(|when, then| {
        when.body(FoundForm::builder().z(["b", "c"]).name("d"));
        then.no_content();
    });
    let form = FoundForm::builder().z(["b", "c"]).name("d");
    made_up(&server).put_found_form().body(form).await.unwrap();
    mock.assert_async().await;
}

/// typify renamed all of them if two were the same.
#[tokio::test]
async fn a_value_keeps_its_name_beside_another_one() {
    let known = [
        FoundCodesItem::AB,
        FoundCodesItem::X,
        FoundCodesItem::X2,
        FoundCodesItem::Unknown_,
        FoundCodesItem::Self_,
    ];
    let found = Found::builder().codes(known.clone()).build().unwrap();
    let sent = json!(["a_b", "<>", "x", "Unknown", "Self"]);
    let received = json!({"codes": ["a_b", "<>", "x", "Unknown", "Self", "new"]});
    let (body, mut read) = exchanged(&found, received).await;
    assert_eq!(body, json!({"codes": sent}));
    assert_eq!(read.codes.pop(), Some(FoundCodesItem::Unknown("new".to_owned())));
    assert_eq!(read.codes, known);
    let texts: Vec<String> = known.iter().map(ToString::to_string).collect();
    assert_eq!(json!(texts), sent);
    let parsed = texts.iter().map(|text| text.parse::<FoundCodesItem>().unwrap());
    assert_eq!(parsed.collect::<Vec<_>>(), known);
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

/// They were of a crate that nobody depends on.
#[tokio::test]
async fn a_scalar_of_several_parts_has_the_format_of_one() {
    let changed = date(2024, 1, 15).at(10, 30, 0, 0);
    let found = Found::builder().changed(changed).price(dec!(1.50)).build().unwrap();
    let sent = json!({"changed": "2024-01-15 10:30:00", "price": "1.50"});
    let received = json!({"changed": "2024-01-15 10:30:00", "price": 1.5});
    assert_eq!(exchanged(&found, received).await, (sent, found));
}

/// The name of the second one's type held its property in hexadecimal.
#[tokio::test]
async fn types_are_named_after_fields() {
    let first = FoundInBox::builder().a("1").build().unwrap();
    let second = FoundInBox2::builder().b("2").build().unwrap();
    let found = Found::builder().in_box(first).in_box_2(second);
    let found = found.build().unwrap();
    let value = json!({"in-box": {"a": "1"}, "in/box": {"b": "2"}});
    assert_eq!(exchanged(&found, value.clone()).await, (value, found));
}

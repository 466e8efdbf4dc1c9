//! Responses of every kind, from mocks that write them as Telesto does.

use std::collections::BTreeMap;

use httpmock::MockServer;
use jiff::civil::date;
use rust_decimal::Decimal;
use serde_json::{Value, json};
use telesto_fixture_api::httpmock::MockServerExt as _;
use telesto_fixture_api::types::{Parcel, ParcelSize};

use crate::support::made_up;

fn parcel() -> Parcel {
    let parcel = Parcel::builder().parcel_id("0007");
    parcel.weight(Decimal::new(250, 2)).try_into().unwrap()
}

#[tokio::test]
async fn several_successes_of_one_type() {
    let server = MockServer::start_async().await;
    let created = server.put_parcel(|when, then| {
        when.parcel("new / 1").body(parcel());
        then.created(&parcel());
    });
    server.put_parcel(|when, then| {
        when.parcel("old");
        then.ok(&parcel());
    });
    let client = made_up(&server);
    let call = client.put_parcel().parcel("new / 1").body(parcel());
    let response = call.send().await.unwrap();
    assert_eq!((response.status().as_u16(), &*response), (201, &parcel()));
    let call = client.put_parcel().parcel("old").body(parcel());
    let response = call.send().await.unwrap();
    assert_eq!((response.status().as_u16(), &*response), (200, &parcel()));
    created.assert_async().await;

    server.get_last_parcel(|_, then| {
        then.success(203, &parcel());
    });
    let last = client.get_last_parcel().send().await.unwrap();
    assert_eq!((last.status().as_u16(), last.into_inner()), (203, parcel()));
}

#[tokio::test]
async fn what_is_empty_comes_as_an_empty_text() {
    let server = MockServer::start_async().await;
    let mut sized = parcel();
    sized.size = Some(ParcelSize::builder().try_into().unwrap());
    server.get_last_parcel(|_, then| {
        then.success(200, &sized);
    });
    let sent = reqwest::get(server.url("/parcels/last")).await.unwrap();
    let sent: Value = sent.json().await.unwrap();
    let written = json!({
        "parcel_id": "0007", "weight": "2.50", "sent": "", "stops": "", "size": {"height": ""}
    });
    assert_eq!(sent, written);
    let read = made_up(&server).get_last_parcel().send().await.unwrap();
    assert_eq!(*read, sized);
}

#[tokio::test]
async fn none_text_and_bytes() {
    let server = MockServer::start_async().await;
    server.delete_parcel(|when, then| {
        when.parcel("1");
        then.no_content();
    });
    server.delete_parcel(|when, then| {
        when.parcel("2");
        then.accepted();
    });
    server.get_label(|_, then| {
        then.ok([0x89, b'P', b'N', b'G', 0, 255]);
    });
    server.get_note(|_, then| {
        then.ok("Müller");
    });
    let client = made_up(&server);
    let gone = client.delete_parcel().parcel("1").send().await.unwrap();
    assert_eq!(gone.status(), 204);
    let later = client.delete_parcel().parcel("2").send().await.unwrap();
    assert_eq!(later.status(), 202);
    let label = client.get_label().parcel("1").send().await.unwrap();
    assert_eq!(label.headers()["content-type"], "image/png");
    assert_eq!(label.into_inner().bytes().await.unwrap()[..], [0x89, b'P', b'N', b'G', 0, 255]);
    let note = client.get_note().parcel("1").send().await.unwrap();
    assert_eq!(note.headers()["content-type"], "text/plain");
    assert_eq!(note.into_inner().bytes().await.unwrap()[..], *"Müller".as_bytes());
}

#[tokio::test]
async fn json_that_is_no_object() {
    let server = MockServer::start_async().await;
    let names = BTreeMap::from([("a".to_owned(), vec!["b".to_owned()])]);
    server.count_parcels(|_, then| {
        then.ok(7);
    });
    server.name_parcels(|_, then| {
        then.ok(&names);
    });
    server.get_anything(|_, then| {
        then.ok(&json!({"sent": date(2024, 1, 15).to_string()}));
    });
    let client = made_up(&server);
    assert_eq!(*client.count_parcels().send().await.unwrap(), 7);
    assert_eq!(*client.name_parcels().send().await.unwrap(), names);
    let anything = client.get_anything().send().await.unwrap();
    assert_eq!(anything["sent"], "2024-01-15");
}

/// A success without a body, beside one with a body, is `None`.
#[tokio::test]
async fn a_success_may_have_no_body() {
    let server = MockServer::start_async().await;
    server.get_route(|when, then| {
        when.parcel("left");
        then.ok(&vec!["Gouda".to_owned()]);
    });
    server.get_route(|when, then| {
        when.parcel("here");
        then.nothing();
    });
    let client = made_up(&server);
    let route = client.get_route().parcel("left").await.unwrap();
    assert_eq!(route.into_inner(), Some(vec!["Gouda".to_owned()]));
    let route = client.get_route().parcel("here").send().await.unwrap();
    assert_eq!((route.status().as_u16(), route.into_inner()), (204, None));
}

//! Values that a user takes away.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use telesto_fixture_api::httpmock::{MockServer, MockServerExt as _};
use telesto_fixture_api::types::{Record, RecordForm, RecordOwner, builder};
use telesto_fixture_api::{Empty, dec};

use crate::support::{made_up, mock_server};

/// The body that is sent of a record.
async fn sent(record: impl Into<builder::Record>) -> Value {
    let telesto = mock_server().await;
    let client = telesto.client();
    client.change_record().record("1").body(record.into()).await.unwrap();
    serde_json::from_slice(&telesto.server.requests()[0].body).unwrap()
}

#[tokio::test]
async fn a_property_of_any_type_is_emptied() {
    let record = Record::builder()
        .note(Empty)
        .price(Empty)
        .count(Empty)
        .open(Empty)
        .sold(Empty)
        .state(Empty)
        .owner(Empty)
        .kind(Empty)
        .extra(Empty)
        .labels(Empty)
        .codes(Empty)
        .prices(Empty)
        .nullable(Empty)
        .anything(Empty);
    let expected = json!({
        "note": "", "Price": "", "count": "", "open": "", "sold": "", "state": "", "owner": "",
        "kind": "", "extra": "", "labels": [], "codes": [], "prices": {}, "nullable": [],
        "anything": {}
    });
    assert_eq!(sent(record).await, expected);
    assert_eq!(sent(Record::builder()).await, json!({}));
}

#[tokio::test]
async fn an_object_within_one_is_emptied_in_part() {
    let owner = RecordOwner::builder().name(Empty);
    let record = Record::builder().owner(owner).note("kept");
    let expected = json!({"note": "kept", "owner": {"name": ""}});
    assert_eq!(sent(record).await, expected);
}

#[tokio::test]
async fn the_last_value_counts() {
    let record = Record::builder().note("a").note(Empty).price(Empty).price(dec!(1.50));
    let record = record.labels(Empty).labels(["a"]).count(Empty).count(None);
    let mut record = record.build().unwrap();
    assert_eq!(sent(record.clone()).await, json!({"note": "", "Price": "1.50", "labels": ["a"]}));
    record.note = Some("b".to_owned());
    let expected = json!({"note": "b", "Price": "1.50", "labels": ["a"]});
    assert_eq!(sent(record).await, expected);
}

#[tokio::test]
async fn an_empty_list_or_map_is_sent_if_it_was_set() {
    let record = Record::builder().labels(Vec::<String>::new()).prices(BTreeMap::new());
    assert_eq!(sent(record).await, json!({"labels": [], "prices": {}}));
}

#[tokio::test]
async fn the_fields_of_forms_are_emptied() {
    let telesto = mock_server().await;
    let form = RecordForm::builder().note(Empty).labels(Empty);
    telesto.client().put_record().record("1").body(form).await.unwrap();
    assert_eq!(&telesto.server.requests()[0].body[..], b"note=&labels=");
}

#[tokio::test]
async fn mocks_expect_it() {
    let server = MockServer::start_async().await;
    let mock = server.change_record(|when, then| {
        when.record("1").body(Record::builder().note(Empty));
        then.no_content();
    });
    let client = made_up(&server);
    let call = client.change_record().record("1").body(Record::builder().note(Empty));
    call.await.unwrap();
    mock.assert_async().await;
}

#[tokio::test]
async fn a_parameter_is_not_emptied() {
    let telesto = mock_server().await;
    let client = telesto.client();
    let call = client.change_record().record("1").reason(Empty);
    let error = call.body(Record::builder()).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "change_record: invalid value for `reason`: only an optional property of a body can be \
         emptied"
    );
    assert!(telesto.server.requests().is_empty());
}

#[test]
fn it_shows_what_is_emptied() {
    let record = RecordOwner::builder().name("a").build().unwrap();
    assert_eq!(format!("{record:?}"), r#"RecordOwner { name: Some("a"), extra: {} }"#);
    let emptied = RecordOwner::builder().name(Empty).build().unwrap();
    assert_eq!(format!("{emptied:?}"), r#"RecordOwner { name: None, extra: {}, emptied: ["name"] }"#);
    assert_ne!(emptied, RecordOwner::builder().build().unwrap());
}

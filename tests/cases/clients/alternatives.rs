//! Values of one of several schemas: each is read as what it is, nothing of it
//! is lost, and one that nobody knows yet does not cost the list.

use jiff::civil::date;
use serde_json::{Value, json};
use telesto_fixture_api::httpmock::{MockServer, MockServerExt as _};
use telesto_fixture_api::types::{
    Barrel, Company, Consignment, ConsignmentCarrier as Carrier, ConsignmentCode as Code,
    ConsignmentDue as Due, ConsignmentEvent as Event, ConsignmentInsurance as Insurance,
    ConsignmentSize as Size, ConsignmentSizeListed, ContactState, Crate, Load, Pallet, Person,
    Measured, Pile, Robot, RobotModel, Stack,
};
use telesto_fixture_api::{ErrorKind, dec};

use crate::support::{made_up, respond};

async fn read(bodies: Value) -> Vec<Consignment> {
    let server = MockServer::start_async().await;
    respond(&server, 200, &bodies.to_string()).await;
    let list = made_up(&server).list_consignments().await;
    list.unwrap().into_inner()
}

/// Reads a consignment with a property.
async fn with(name: &str, value: Value) -> Consignment {
    let mut list = read(json!([{"id": "1", name: value}])).await;
    list.remove(0)
}

#[tokio::test]
async fn the_discriminator_decides() {
    let load = async |value| with("content", value).await.content;
    let crate_ = Crate::builder().kind("box").height("2").build().unwrap();
    let read = load(json!({"kind": "box", "height": 2})).await;
    assert_eq!(read, Some(Load::Crate(crate_)));
    let Some(Load::Pallet(pallet)) = load(json!({"height": "2", "kind": "pallet"})).await else {
        panic!("another kind");
    };
    assert_eq!(pallet.height, Some(dec!(2)));
    let Some(Load::Barrel(barrel)) = load(json!({"kind": "Barrel", "volume": "7.5"})).await else {
        panic!("another kind");
    };
    assert_eq!(barrel.volume, Some(dec!(7.5)));
    assert_eq!(load(json!("")).await, None);
    assert_eq!(load(json!([])).await, None);
}

#[tokio::test]
async fn what_nobody_knows_yet_is_kept_as_it_came() {
    let bag = json!({"kind": "bag", "weight": "", "more": [1, {"a": null}]});
    let list = json!([
        {"id": "1", "content": {"kind": "pallet"}},
        {"id": "2", "content": bag},
        {"id": "3", "content": {"height": "1"}, "carrier": {"id": "7", "model": "c3"}},
        {"id": "4", "content": "soon", "size": "huge"},
    ]);
    let list = read(list).await;
    assert!(matches!(list[0].content, Some(Load::Pallet(_))));
    assert_eq!(list[1].content, Some(Load::Unknown(bag)));
    let untagged = json!({"height": "1"});
    assert_eq!(list[2].content, Some(Load::Unknown(untagged)));
    // A value that its enum does not list is still one of that enum.
    let huge = ConsignmentSizeListed::Unknown("huge".to_owned());
    assert_eq!(list[3].size, Some(Size::Listed(huge)));
    assert_eq!(list[3].content, Some(Load::Unknown(json!("soon"))));
}

#[tokio::test]
async fn an_error_within_an_alternative_has_its_path() {
    let server = MockServer::start_async().await;
    let body = json!([{"id": "1", "content": {"kind": "pallet", "height": "tall"}}]);
    respond(&server, 200, &body.to_string()).await;
    let error = made_up(&server).list_consignments().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    let error = error.to_string();
    assert!(error.contains("[0].content: `height`: "), "{error}");
    assert!(error.contains("tall"), "{error}");
}

#[tokio::test]
async fn alternatives_that_overlap_are_read_without_loss() {
    let due = async |text: &str| with("due", json!(text)).await.due;
    assert_eq!(due("2024-01-15").await, Some(Due::Date(date(2024, 1, 15))));
    assert_eq!(due("soon").await, Some(Due::Text("soon".to_owned())));
    let form = "2024-01-15 00:00:00";
    assert_eq!(due(form).await, Some(Due::Text(form.to_owned())));
    assert_eq!(due("").await, None);
    assert_eq!(due("0000-00-00").await, None);

    let code = async |value| with("code", value).await.code;
    assert_eq!(code(json!(7)).await, Some(Code::Integer(7)));
    assert_eq!(code(json!("7")).await, Some(Code::Integer(7)));
    assert_eq!(code(json!("007")).await, Some(Code::Text("007".to_owned())));

    let size = async |value| with("size", value).await.size;
    let small = Size::Listed(ConsignmentSizeListed::Small);
    assert_eq!(size(json!("small")).await, Some(small));
    assert_eq!(size(json!(true)).await, Some(Size::Boolean(true)));
    assert_eq!(size(json!("7")).await, Some(Size::Integer(7)));
    assert_eq!(size(json!(["1", 2])).await, Some(Size::List(vec![1, 2])));
    let Some(Size::Object(object)) = size(json!({"width": "0.5"})).await else {
        panic!("another kind");
    };
    assert_eq!(object.width, Some(dec!(0.5)));
}

#[tokio::test]
async fn objects_are_told_apart_by_what_they_have() {
    let carrier = async |value| with("carrier", value).await.carrier;
    let person = Person::builder().id("1").first_name("Ada").build().unwrap();
    let read = carrier(json!({"id": "1", "first_name": "Ada", "company_id": ""})).await;
    assert_eq!(read, Some(Carrier::Person(person)));
    let company = Company::builder().id("1").company_id("9").build().unwrap();
    let read = carrier(json!({"id": "1", "company_id": "9"})).await;
    assert_eq!(read, Some(Carrier::Company(company)));
    let robot = Robot::builder().id("1").model(RobotModel::R2);
    let read = carrier(json!({"id": "1", "model": "r2"})).await;
    assert_eq!(read, Some(Carrier::Robot(robot.build().unwrap())));
}

#[tokio::test]
async fn objects_are_told_apart_by_lists_of_values() {
    let event = async |value| with("event", value).await.event;
    let read = event(json!({"source": "humidity", "state": ""})).await;
    let measured = Measured::builder().source("humidity").build().unwrap();
    assert_eq!(read, Some(Event::Measured(measured)));
    let Some(Event::Contact(contact)) = event(json!({"source": "door", "state": "off"})).await
    else {
        panic!("another kind");
    };
    assert_eq!(contact.state, Some(ContactState::Off));
    let smoke = json!({"source": "smoke", "state": "on"});
    assert_eq!(event(smoke.clone()).await, Some(Event::Unknown(smoke)));
}

#[tokio::test]
async fn properties_beside_the_alternatives_are_in_each() {
    let insurance = json!({"sum": "9", "policy_id": "p"});
    let Some(Insurance::Own(own)) = with("insurance", insurance).await.insurance else {
        panic!("another kind");
    };
    assert_eq!((own.sum, &*own.policy_id), (Some(dec!(9)), "p"));
    let insurance = json!({"sum": "9", "insurer": "Northern"});
    let Some(Insurance::Foreign(foreign)) = with("insurance", insurance).await.insurance else {
        panic!("another kind");
    };
    assert_eq!(foreign.insurer.as_deref(), Some("Northern"));
    // Which of them are required is left to the server.
    let stamp = with("stamp", json!({"day": "2024-01-15"})).await.stamp;
    assert_eq!(stamp.unwrap().day, Some(date(2024, 1, 15)));
}

#[tokio::test]
async fn an_alternative_is_sent_with_its_kind() {
    let server = MockServer::start_async().await;
    let sent = server
        .mock_async(|when, then| {
            when.json_body(json!({"kind": "pallet", "height": "2"}));
            then.status(200).body(r#"{"kind":"Barrel","volume":"1"}"#);
        })
        .await;
    let client = made_up(&server);
    let pallet = Pallet::builder().height("2").build().unwrap();
    let received = client.send_load().body(pallet).await.unwrap();
    assert!(matches!(received.into_inner(), Load::Barrel(Barrel { .. })));
    sent.assert_async().await;

    let error = client.send_load().await.unwrap_err();
    assert_eq!(error.to_string(), "send_load: missing request body");
    let unknown = Load::Unknown(json!({"kind": "bag"}));
    let error = client.send_load().body(unknown).await.unwrap_err();
    assert!(error.to_string().contains("is not sent"), "{error}");
}

#[tokio::test]
async fn an_alternative_may_hold_others() {
    let server = MockServer::start_async().await;
    let crate_ = Crate::builder().kind("Crate").build().unwrap();
    let inner = Pile::builder().kind("pile").others([crate_.clone()]);
    let stack = Pile::builder()
        .kind("pile")
        .top(Stack::from(inner.build().unwrap()))
        .others([Stack::from(crate_)])
        .build()
        .unwrap();
    let mock = server.stack_consignments(|when, then| {
        when.body(Stack::from(stack.clone()));
        then.ok(&Stack::from(stack.clone()));
    });
    let client = made_up(&server);
    let response = client.stack_consignments().body(stack.clone()).await;
    assert_eq!(response.unwrap().into_inner(), Stack::from(stack));
    mock.assert();
    // Its body is optional.
    assert!(client.stack_consignments().await.is_err());
}

#[test]
fn setters_take_alternatives_and_their_text() {
    let built = Consignment::builder()
        .id("1")
        .due("2024-01-15")
        .size("small")
        .code(7i64)
        .carrier(Person::builder().id("1").build().unwrap())
        .build()
        .unwrap();
    assert_eq!(built.due, Some(Due::Date(date(2024, 1, 15))));
    let small = Size::Listed(ConsignmentSizeListed::Small);
    assert_eq!(built.size, Some(small));
    assert_eq!(built.code, Some(Code::Integer(7)));
    let read: Consignment = serde_json::from_value(serde_json::to_value(&built).unwrap()).unwrap();
    assert_eq!(read, built);
}

//! Parts of an `allOf` that say something about a property of another part.

use std::collections::BTreeMap;

use httpmock::MockServer;
use serde_json::json;
use telesto_fixture_api::httpmock::MockServerExt as _;
use telesto_fixture_api::types::{
    ContainerState as State, Skid, SkidLabelsItem as Label, SkidObject as Object, SkidOwner,
};

use crate::support::{made_up, respond};

#[tokio::test]
async fn the_later_part_goes_before_the_earlier_one() {
    let server = MockServer::start_async().await;
    let body = json!({
        "id": "c1",
        "object": "pallet",
        "state": "closed",
        "size": "8",
        "weight": "12.50",
        "owner": {"name": "Ann", "pallets": 3},
        "place": {"aisle": "a", "shelf": "2", "door": "7"},
        "labels": ["heavy", "old"],
        "parent": {"id": "c0", "object": "pallet", "weight": "1"},
        "seen": "2026-11-28 10:30:00",
        "plain": "text",
        "was": "lost",
        "will_be": "open",
        "sender": "Bob",
        "carries": [{"id": "c2", "object": "box", "weight": "light"}],
        "height": "12",
    });
    let mock = respond(&server, 200, &body.to_string()).await;
    let client = made_up(&server);
    let skid = Skid::builder().id("c1").object(Object::Pallet).build().unwrap();
    let call = client.change_container().container_id("c1");
    let skid: Skid = call.body(skid).send().await.unwrap().into_inner();
    mock.delete_async().await;
    assert_eq!((skid.id.as_str(), skid.object.clone()), ("c1", Object::Pallet));
    assert_eq!((skid.state.clone(), skid.size), (Some(State::Closed), Some(8)));
    assert_eq!(skid.weight, "12.5".parse().ok());
    let owner: SkidOwner = skid.owner.clone().unwrap();
    assert_eq!((owner.name.as_deref(), owner.pallets), (Some("Ann"), Some(3)));
    let place = skid.place.clone().unwrap();
    assert_eq!((place.aisle.as_deref(), place.door), (Some("a"), Some(7)));
    assert_eq!(place.shelf.as_deref(), Some("2"));
    let old = Label::Unknown("old".to_owned());
    assert_eq!(skid.labels, [Label::Heavy, old]);
    assert_eq!(skid.parent.as_ref().unwrap().weight, "1".parse().ok());
    assert_eq!(skid.seen, "2026-11-28T10:30:00".parse().ok());
    assert_eq!(skid.plain.as_deref(), Some("text"));
    assert_eq!((skid.was.clone(), skid.will_be.clone()), (Some(State::Lost), Some(State::Open)));
    assert_eq!((skid.sender.as_deref(), skid.origin.as_deref()), (Some("Bob"), None));
    // What the others extend is as it was.
    assert_eq!(skid.carries[0].weight.as_deref(), Some("light"));
    assert_eq!(skid.carries[0].object.as_deref(), Some("box"));
    assert_eq!(skid.extra, BTreeMap::from([("height".to_owned(), 12)]));
}

#[tokio::test]
async fn a_call_and_a_mock_send_the_same() {
    let server = MockServer::start_async().await;
    let skid = Skid::builder()
        .id("c1")
        .object(Object::Pallet)
        .weight("12.50")
        .labels(vec![Label::Fragile])
        .build()
        .unwrap();
    let sent = json!({"id": "c1", "object": "pallet", "weight": "12.50", "labels": ["fragile"]});
    let client = made_up(&server);
    let call = client.change_container().container_id("c1").body(skid.clone());
    let raw = server.mock(|when, then| {
        when.path("/v9/containers/c1").json_body(sent);
        then.status(200).body("{}");
    });
    assert!(call.clone().send().await.is_err(), "the id is required");
    raw.assert_async().await;
    raw.delete_async().await;
    let mock = server.change_container(|when, then| {
        when.body(&skid);
        then.ok(&skid);
    });
    assert_eq!(call.send().await.unwrap().into_inner(), skid);
    mock.assert_async().await;
}

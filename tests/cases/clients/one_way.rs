//! Properties that are only sent, or only received.

use httpmock::MockServer;
use serde_json::json;
use telesto_fixture_api::types::{Card, Member};

use crate::support::made_up;

#[tokio::test]
async fn a_required_property_goes_its_way_only() {
    let server = MockServer::start_async().await;
    let mock = server.mock(|when, then| {
        when.method("POST")
            .path("/v9/members")
            .json_body(json!({"name_id": "n", "secret_id": "s"}));
        then.status(201)
            .json_body(json!({"member_id": "m", "name_id": "n"}));
    });
    let member: Member = Member::builder().name_id("n").secret_id("s").build().unwrap();
    let added = made_up(&server).add_member().body(member).await.unwrap().into_inner();
    mock.assert_async().await;
    assert_eq!((added.member_id.as_deref(), added.secret_id), (Some("m"), None));
    // What goes both ways is still required.
    let error = Member::builder().secret_id("s").build().unwrap_err();
    assert!(error.to_string().contains("`name_id`"), "{error}");
}

#[tokio::test]
async fn so_does_one_whose_schema_is_elsewhere() {
    let server = MockServer::start_async().await;
    let mock = server.mock(|when, then| {
        when.method("PUT")
            .path("/v9/members/m/card")
            .json_body(json!({"owner_id": "o"}));
        then.status(204);
    });
    let card: Card = Card::builder().owner_id("o").build().unwrap();
    made_up(&server).put_card().member_id("m").body(card).await.unwrap();
    mock.assert_async().await;
}

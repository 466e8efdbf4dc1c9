//! Schemas that are made of others, read from what the wire may hold.

use httpmock::MockServer;
use jiff::civil::date;
use rust_decimal::Decimal;
use serde_json::json;
use telesto_fixture_api::httpmock::MockServerExt as _;
use telesto_fixture_api::types::{Shape, Tree, TreeAmount, TreeContact};

use crate::support::{respond, made_up};

async fn read(body: serde_json::Value) -> Tree {
    let server = MockServer::start_async().await;
    respond(&server, 200, &body.to_string()).await;
    let tree = made_up(&server).get_tree().tree_id("1").send().await;
    tree.unwrap().into_inner()
}

#[tokio::test]
async fn all_parts_are_there() {
    let tree = read(json!({
        "id": "1", "name": null, "owner_id": null, "price": "12.50", "brand_new": [1],
        "children": [{"id": "2", "children": "", "price": 3}], "parent": {"id": "0"},
        "place": {"row": {"shelves": [{"boxes": [["1.5", 2], ""]}]}},
        "shape": {"kind": "square", "side": "2", "new": true},
        "contact": {"phone_id": "5", "since": "2024-01-15"},
        "amount": "7",
        "ean-upc": "1", "ean_upc": "2", "eanUpc": "3", "1st": "4", "fn": "5", "crate": "6",
        "with space & more": "7",
        "labels": {"a": {"id": "9", "name": ""}}
    }))
    .await;
    assert_eq!((tree.id.as_str(), tree.name.as_deref()), ("1", None));
    assert_eq!((&tree.owner_id, &tree.children[0].owner_id), (&None, &None));
    assert_eq!(tree.price, Some(Decimal::new(1250, 2)));
    assert_eq!(tree.children[0].price, Some(Decimal::from(3)));
    assert_eq!(tree.parent.as_ref().unwrap().id, "0");
    let row = tree.place.as_ref().unwrap().row.as_ref().unwrap();
    let boxes = &row.shelves[0].boxes;
    assert_eq!(boxes[0], [Decimal::new(15, 1), Decimal::from(2)]);
    assert!(boxes[1].is_empty());
    let Some(Shape::Square(square)) = &tree.shape else {
        panic!("{:?}", tree.shape);
    };
    assert_eq!(square.side, Some(Decimal::from(2)));
    let Some(TreeContact::Phone(phone)) = &tree.contact else {
        panic!("{:?}", tree.contact);
    };
    assert_eq!(phone.since, Some(date(2024, 1, 15)));
    assert_eq!(
        [&tree.ean_upc, &tree.ean_upc_2, &tree.ean_upc_3].map(|code| code.as_deref().unwrap()),
        ["1", "2", "3"]
    );
    assert_eq!(tree.x1st.as_deref(), Some("4"));
    assert_eq!((tree.fn_.as_deref(), tree.crate_.as_deref()), (Some("5"), Some("6")));
    assert_eq!(tree.with_space_more.as_deref(), Some("7"));
    assert_eq!(tree.labels["a"].name, None);
    assert!(matches!(tree.amount, Some(TreeAmount::Integer(7))), "{:?}", tree.amount);
}

#[tokio::test]
async fn all_parts_are_empty() {
    let tree = read(json!({
        "id": "1", "name": "", "price": "", "children": "", "parent": "", "place": [],
        "shape": "", "contact": "", "amount": "", "ean-upc": "", "labels": ""
    }))
    .await;
    let bare: Tree = Tree::builder().id("1").owner_id(None).try_into().unwrap();
    assert_eq!(tree, bare);
    let nested = read(json!({"id": "1", "place": {"row": {"shelves": ""}}})).await;
    assert!(nested.place.unwrap().row.unwrap().shelves.is_empty());
}

#[tokio::test]
async fn what_a_mock_sends_is_what_is_read() {
    let tree = read(json!({
        "id": "1", "price": "12.50", "children": [{"id": "2"}], "parent": {"id": "0"},
        "shape": {"kind": "round", "radius": "1"}, "contact": {"mail_id": "m"},
        "amount": {"id": "3"}, "labels": {"a": {"id": "9"}}, "eanUpc": "3"
    }))
    .await;
    let server = MockServer::start_async().await;
    server.get_tree(|when, then| {
        when.tree_id("1");
        then.ok(&tree);
    });
    let response = made_up(&server).get_tree().tree_id("1").send().await;
    assert_eq!(response.unwrap().into_inner(), tree);
    // What is required and may be null is empty as well.
    let sent = reqwest::get(server.url("/trees/1")).await.unwrap();
    let sent: serde_json::Value = sent.json().await.unwrap();
    assert_eq!(sent["owner_id"], "");
}

//! References wherever OpenAPI 3.0 allows them.

use httpmock::MockServer;
use rust_decimal::Decimal;
use serde_json::json;
use telesto_fixture_api::types::{Shelf, ShelfKind};

use crate::support::{respond, made_up, mock_server};

#[tokio::test]
async fn what_they_lead_to_is_read() {
    let server = MockServer::start_async().await;
    let body = json!([{
        "name": "A", "kind": "wide", "beside": {"name": "", "kind": "new"}, "near": ["B", ""],
        "prices": {"x": "1.5"}
    }]);
    respond(&server, 200, &body.to_string()).await;
    let shelves = made_up(&server).list_shelves().send().await.unwrap();
    let shelf: &Shelf = &shelves[0];
    assert_eq!(shelf.name.as_ref().unwrap().to_string(), "A");
    assert_eq!(shelf.kind.as_ref().unwrap().to_string(), "wide");
    assert_eq!(shelf.beside.as_ref().unwrap().name, None);
    assert_eq!(shelf.near.len(), 2);
    assert_eq!(Decimal::from(shelf.prices["x"].clone()), Decimal::new(15, 1));
}

#[tokio::test]
async fn a_path_item_has_its_own_operations_and_those_it_refers_to() {
    let telesto = mock_server().await;
    let client = telesto.client();
    client.list_shelves().kind(ShelfKind::Deep).send().await.unwrap();
    let shelf: Shelf = Shelf::builder().try_into().unwrap();
    client.create_shelf().body(shelf).send().await.unwrap();
    client.get_shelf().shelf("A".to_owned()).send().await.unwrap();
    let deleted = client.delete_shelf().shelf("A".to_owned()).send().await;
    assert_eq!(deleted.unwrap().status(), 204);
    let sent = telesto.server.requests();
    let sent: Vec<&str> = sent.iter().map(|sent| sent.path_and_query.as_str()).collect();
    assert_eq!(
        sent,
        ["/v9/shelves?kind=deep", "/v9/shelves", "/v9/shelves/A", "/v9/shelves/A"]
    );
    let known = telesto_fixture_api::operations();
    assert!(known.iter().all(|operation| operation.id != "never_there"));
}

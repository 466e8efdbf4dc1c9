//! The client and the mock server are made from the same spec: they understand
//! each other in every operation.

use std::sync::Arc;

use rust_decimal::Decimal;
use telesto_fixture_api::types::{GoodsForm, NewSupplier};
use telesto_fixture_api::{Client, ManualClock};
use telesto_mock::MockServer;

use crate::support::{client_of, mock_server, start};

#[tokio::test]
async fn the_documented_operation() {
    let telesto = MockServer::builder().start().await.unwrap();
    let products = client_of(&telesto).list_products().send().await.unwrap();
    assert_eq!(products[0].stock_onhand, Some(Decimal::from(50)));
}

#[tokio::test]
async fn both_know_the_same_operations() {
    let telesto = MockServer::builder().start().await.unwrap();
    let known = telesto_api::operations().iter();
    let known = known.map(|operation| (operation.id, operation.method, operation.path));
    assert!(known.eq(served(&telesto)));

    let telesto = mock_server().await.server;
    let known = telesto_fixture_api::operations().iter();
    let known = known.map(|operation| (operation.id, operation.method, operation.path));
    assert!(known.eq(served(&telesto)));
}

/// The operations of a mock server, sorted by their ids.
fn served(telesto: &MockServer) -> Vec<(&str, &str, &str)> {
    let operations = telesto.operations().iter().map(|operation| {
        let (method, path) = (operation.method.as_str(), operation.path.as_str());
        (operation.id.as_str(), method, path)
    });
    let mut served: Vec<_> = operations.collect();
    served.sort_unstable();
    served
}

#[tokio::test]
async fn every_operation_of_a_made_up_spec() {
    let spec = concat!(env!("CARGO_MANIFEST_DIR"), "/fixture-api/made-up.yaml");
    let spec = std::fs::read_to_string(spec).unwrap();
    let telesto = MockServer::builder_for(&spec).start().await.unwrap();
    let client = Client::builder()
        .api_key(telesto.api_key())
        .base_url(telesto.url())
        .clock(Arc::new(ManualClock::new(start())))
        .build()
        .unwrap();
    // Host, header and limit follow from the spec alone.
    let limit = client.budget().await.unwrap().limit();
    assert_eq!(
        (
            limit.requests(),
            limit.window().as_secs(),
            limit.lockout().as_secs()
        ),
        (9, 60, 30)
    );

    let suppliers = client.list_suppliers().send().await.unwrap();
    assert_eq!(suppliers[0].balance, Some(Decimal::new(1250, 2)));
    assert_eq!(suppliers[0].products[0].product_id, "text");
    // The second one has nothing but what is required.
    assert_eq!(suppliers[1].balance, None);
    assert!(suppliers[1].products.is_empty() && suppliers[1].labels.is_empty());
    let body = NewSupplier::builder().supplier_name("Müller");
    client.create_supplier().body(body).send().await.unwrap();
    client
        .get_supplier()
        .supplier_id("s/1")
        .send()
        .await
        .unwrap();
    client
        .delete_supplier()
        .supplier_id("s/1")
        .send()
        .await
        .unwrap();
    client.get_goods().goods_id(7).send().await.unwrap();
    let change = client.change_goods().goods_id(7).body(GoodsForm::builder());
    change.send().await.unwrap();
    client.get_settings().send().await.unwrap();
    client.get_prices().send().await.unwrap();
    client.get_order_pdf().number("0001").send().await.unwrap();

    assert_eq!(telesto.stats().served, 9);
    let served: Vec<_> = telesto
        .requests()
        .into_iter()
        .map(|request| request.operation_id)
        .collect();
    let mut expected: Vec<_> = telesto
        .operations()
        .iter()
        .map(|operation| Some(operation.id.clone()))
        .collect();
    let mut sorted = served.clone();
    sorted.sort();
    expected.sort();
    assert_eq!(sorted, expected);
    let body = &telesto.requests()[1].body;
    assert_eq!(&body[..], "{\"supplier_name\":\"Müller\"}".as_bytes());
    // One more than the spec allows is not sent.
    assert!(
        client
            .list_suppliers()
            .send()
            .await
            .unwrap_err()
            .is_rate_limited()
    );
}

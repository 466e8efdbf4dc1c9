//! Operations with the same method and path, which a fragment tells apart.

use reqwest::Method;
use serde_json::json;
use telesto_fixture_api::httpmock::{MockServer, MockServerExt as _};
use telesto_fixture_api::types::{Cart, CartCount, CartMove, CartScale};
use telesto_mock::Response;

use crate::support::{made_up, mock_server};

#[tokio::test]
async fn no_request_has_a_fragment() {
    let server = MockServer::start_async().await;
    let client = made_up(&server);
    let counts = server.count_carts(|when, then| {
        when.action("CountCarts");
        then.ok(&CartCount::builder().carts(3).build().unwrap());
    });
    let finds = server.find_cart(|when, then| {
        when.action("FindCart").label("b/7");
        then.ok(&Cart::builder().label("b/7").build().unwrap());
    });
    let moves = server.move_cart(|when, then| {
        when.label("b/7").body(CartMove::builder().bay("north"));
        then.no_content();
    });
    let count = client.count_carts().action("CountCarts").await.unwrap();
    assert_eq!(count.carts, Some(3));
    let found = client.find_cart().action("FindCart").label("b/7").await.unwrap();
    assert_eq!(found.label.as_deref(), Some("b/7"));
    let to = CartMove::builder().bay("north");
    client.move_cart().label("b/7").body(to).await.unwrap();
    for mock in [counts, finds, moves] {
        mock.assert_async().await;
    }
}

#[test]
fn an_operation_has_the_path_of_its_requests() {
    let path = |id: &str| {
        let mut all = telesto_fixture_api::operations().iter();
        all.find(|operation| operation.id == id).unwrap().path
    };
    assert_eq!(path("find_cart"), "/carts");
    assert_eq!(path("weigh_cart"), "/carts/{label}");
    // Nor does its code, or its docs, say otherwise.
    for code in [
        include_str!("../../fixture-api/generated/client.rs"),
        include_str!("../../fixture-api/generated/httpmock.rs"),
    ] {
        assert!(code.contains("/carts"));
        let mut lines = code.lines();
        assert_eq!(lines.find(|line| line.contains("/carts") && line.contains('#')), None);
    }
}

#[tokio::test]
async fn the_mock_server_tells_them_apart_by_what_is_sent() {
    let made_up = mock_server().await;
    for (id, body) in [
        ("count_carts", json!({"carts": "4"})),
        ("find_cart", json!({"label": "c"})),
        ("weigh_cart", json!({"weight": "120"})),
    ] {
        made_up.server.set_response(id, Response::json(200, &body)).unwrap();
    }
    let client = made_up.client();
    let count = client.count_carts().action("CountCarts").await.unwrap();
    assert_eq!(count.carts, Some(4));
    let found = client.find_cart().action("FindCart").label("c").await.unwrap();
    assert_eq!(found.label.as_deref(), Some("c"));
    let to = CartMove::builder().bay("north");
    client.move_cart().label("c").body(to).await.unwrap();
    let scale = CartScale::builder().scale("big");
    let weighed = client.weigh_cart().label("c").body(scale).await.unwrap();
    assert_eq!(weighed.weight, Some(120));
    let served = made_up.server.requests();
    let served: Vec<_> = served.iter().map(|request| request.operation_id.as_deref()).collect();
    let called = ["count_carts", "find_cart", "move_cart", "weigh_cart"];
    assert_eq!(served, called.map(Some));

    // What fits neither is answered as the first would.
    let request = client.request(Method::GET, "/carts").query("Action", "Count");
    let error = request.send().await.unwrap_err();
    assert_eq!(error.status().map(|status| status.as_u16()), Some(400));
}

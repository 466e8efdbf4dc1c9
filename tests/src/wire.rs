//! What goes over the wire and comes back.

use httpmock::Method::{DELETE, GET, POST};
use httpmock::MockServer;
use jiff::civil::date;
use rust_decimal::Decimal;
use serde_json::{Value, json};
use telesto_api::Method;
use telesto_fixture_api::types::{NewSupplier, SuppliedProduct, SupplierStatus};

use crate::support::{KEY, builder, client, made_up, respond};

#[tokio::test]
async fn the_documented_response_comes_as_typed_values() {
    let server = MockServer::start_async().await;
    // The example of Telesto's help, and an element with nothing but an id.
    let body = r#"[
        {"id":"a1b2c3...","name":"Widget","ean_upc":"123456789","stock_onhand":"50",
         "created":"2024-01-15 10:30:00"},
        {"id":"d4","name":"","ean_upc":"","stock_onhand":"","created":"0000-00-00 00:00:00"}
    ]"#;
    respond(&server, 200, body).await;

    let products = client(&server).list_products().send().await.unwrap();
    assert_eq!(products.status(), 200);
    let products = products.into_inner();
    assert_eq!(products.len(), 2);
    assert_eq!(products[0].id, "a1b2c3...");
    assert_eq!(products[0].name.as_deref(), Some("Widget"));
    assert_eq!(products[0].ean_upc.as_deref(), Some("123456789"));
    assert_eq!(products[0].stock_onhand, Some(Decimal::from(50)));
    assert_eq!(
        products[0].created,
        Some(date(2024, 1, 15).at(10, 30, 0, 0))
    );
    assert_eq!(products[1].id, "d4");
    assert_eq!(products[1].name, None);
    assert_eq!(products[1].ean_upc, None);
    assert_eq!(products[1].stock_onhand, None);
    assert_eq!(products[1].created, None);
}

#[tokio::test]
async fn a_request_carries_the_raw_key_and_nothing_that_nobody_asked_for() {
    let server = MockServer::start_async().await;
    let mock = server
        .mock_async(|when, then| {
            when.method(GET)
                .path("/v2/products")
                .header("authorization", KEY)
                .header("accept", "application/json")
                .header_missing("api-version")
                .header_missing("cookie");
            then.status(200).body("[]");
        })
        .await;
    client(&server).list_products().send().await.unwrap();
    mock.assert_async().await;
}

#[tokio::test]
async fn the_header_of_the_key_follows_from_the_spec_and_can_be_another() {
    let server = MockServer::start_async().await;
    let of_spec = server
        .mock_async(|when, then| {
            when.header("x-made-up-key", KEY)
                .header_missing("authorization");
            then.status(200).body("[]");
        })
        .await;
    let of_builder = server
        .mock_async(|when, then| {
            when.header("x-other", KEY).header_missing("authorization");
            then.status(200).body("[]");
        })
        .await;
    made_up(&server).list_suppliers().send().await.unwrap();
    let other = builder(&server).api_key_header("X-Other").build().unwrap();
    other.list_products().send().await.unwrap();
    of_spec.assert_async().await;
    of_builder.assert_async().await;
}

#[tokio::test]
async fn a_list_that_is_empty_is_one_in_every_form() {
    for body in ["", "  \n", "[]", "\"\"", "null", "\u{feff}[]", "\u{feff}"] {
        let server = MockServer::start_async().await;
        respond(&server, 200, body).await;
        let products = client(&server).list_products().send().await;
        assert_eq!(products.unwrap().into_inner(), [], "{body:?}");
    }
    let server = MockServer::start_async().await;
    respond(&server, 204, "").await;
    let products = client(&server).list_products().send().await.unwrap();
    assert_eq!(products.into_inner(), []);
}

#[tokio::test]
async fn every_field_of_every_type_is_coerced() {
    let server = MockServer::start_async().await;
    let as_text = json!([{
        "supplier_name": "Müller & Söhne", "id": "s1", "balance": "12.50", "rating": "4.5",
        "lead_days": "7", "orders_total": "9007199254740993", "active": "1",
        "since": "2024-01-15", "changed": "2024-01-15 10:30:00",
        "synced": "2024-01-15T10:30:00Z", "status": "In Progress",
        "address": {"street": "Hauptstr. 1", "zip": "01067", "type": ""},
        "products": [
            {"product_id": "p1", "purchase_price": "3.00", "first_bought": "0000-00-00"}
        ],
        "notes": ["a", ""], "parent": {"id": "s0", "products": "", "parent": ""},
        "labels": {"color": "red"}, "extra": {"free": ""}, "unknown": "new"
    }]);
    let native = json!([{
        "supplier_name": "Müller & Söhne", "id": "s1", "balance": 12.5, "rating": 4.5,
        "lead_days": 7, "orders_total": 9_007_199_254_740_993_i64, "active": true,
        "since": "2024-01-15", "changed": "2024-01-15T10:30:00",
        "synced": "2024-01-15T11:30:00+01:00", "status": "In Progress",
        "address": {"street": "Hauptstr. 1", "zip": "01067", "type": null},
        "products": [{"product_id": "p1", "purchase_price": 3, "first_bought": null}],
        "notes": ["a", null], "parent": {"id": "s0", "products": [], "parent": null},
        "labels": {"color": "red"}, "extra": {"free": null}
    }]);
    let text = server
        .mock_async(|when, then| {
            when.any_request();
            then.status(200).json_body(as_text);
        })
        .await;
    let client = made_up(&server);
    let from_text = client.list_suppliers().send().await.unwrap().into_inner();
    text.delete_async().await;
    server
        .mock_async(|when, then| {
            when.any_request();
            then.status(200).json_body(native);
        })
        .await;
    let from_native = client.list_suppliers().send().await.unwrap().into_inner();
    assert_eq!(from_text, from_native);

    let supplier = &from_text[0];
    assert_eq!(supplier.balance, Some(Decimal::new(125, 1)));
    assert_eq!(supplier.lead_days, Some(7));
    assert_eq!(supplier.orders_total, Some(9_007_199_254_740_993));
    assert_eq!(supplier.active, Some(true));
    assert_eq!(supplier.since, Some(date(2024, 1, 15)));
    assert_eq!(supplier.changed, Some(date(2024, 1, 15).at(10, 30, 0, 0)));
    assert_eq!(
        supplier.synced,
        Some("2024-01-15T10:30:00Z".parse().unwrap())
    );
    assert_eq!(supplier.status, Some(SupplierStatus::InProgress));
    let address = supplier.address.as_ref().unwrap();
    assert_eq!(address.zip.as_deref(), Some("01067"));
    assert_eq!(address.type_, None);
    assert_eq!(supplier.products[0].purchase_price, Some(Decimal::from(3)));
    assert_eq!(supplier.products[0].first_bought, None);
    assert_eq!(supplier.notes, ["a", ""]);
    assert_eq!(supplier.labels["color"], "red");
    assert_eq!(supplier.extra, Some(json!({ "free": null })));
    assert_eq!(supplier.parent.as_ref().unwrap().products, []);
}

#[tokio::test]
async fn an_object_with_nothing_in_it_has_nothing_but_what_is_required() {
    let empty = json!([{
        "id": "s1", "supplier_name": "", "balance": "", "rating": "", "lead_days": "",
        "orders_total": "", "active": "", "since": "", "changed": "", "synced": "",
        "status": "", "address": "", "products": "", "notes": "", "parent": "", "labels": "",
        "extra": ""
    }]);
    let server = MockServer::start_async().await;
    let sent = server
        .mock_async(|when, then| {
            when.any_request();
            then.status(200).json_body(empty);
        })
        .await;
    let client = made_up(&server);
    let from_empty = client.list_suppliers().send().await.unwrap().into_inner();
    sent.delete_async().await;
    respond(&server, 200, r#"[{"id":"s1"}]"#).await;
    let from_missing = client.list_suppliers().send().await.unwrap().into_inner();
    assert_eq!(from_empty, from_missing);
    assert_eq!(from_empty[0].address, None);
    assert_eq!(from_empty[0].status, None);
    assert!(from_empty[0].products.is_empty() && from_empty[0].labels.is_empty());
}

#[tokio::test]
async fn a_body_is_written_in_the_wire_format() {
    let server = MockServer::start_async().await;
    let mock = server
        .mock_async(|when, then| {
            when.method(POST)
                .path("/v9/suppliers")
                .header("content-type", "application/json")
                .json_body(json!({
                    "supplier_name": "Müller", "balance": "12.50", "since": "2024-01-15",
                    "changed": "2024-01-15 10:30:00", "active": true,
                    "products": [{"product_id": "0001"}]
                }));
            then.status(201).json_body(json!({"id": "s1"}));
        })
        .await;
    let product = SuppliedProduct::builder().product_id("0001");
    let body = NewSupplier::builder()
        .supplier_name("Müller")
        .balance(Decimal::new(1250, 2))
        .since(date(2024, 1, 15))
        .changed(date(2024, 1, 15).at(10, 30, 0, 0))
        .active(true)
        .products(vec![product.try_into().unwrap()]);
    let made = made_up(&server)
        .create_supplier()
        .body(body)
        .send()
        .await
        .unwrap();
    mock.assert_async().await;
    assert_eq!(made.status(), 201);
    assert_eq!(made.id, "s1");
}

#[tokio::test]
async fn parameters_are_written_in_the_wire_format() {
    let server = MockServer::start_async().await;
    let query = server
        .mock_async(|when, then| {
            when.method(GET)
                .path("/v9/suppliers")
                .query_param("changed_since", "2024-01-15 10:30:00")
                .query_param("limit", "7");
            then.status(200).body("[]");
        })
        .await;
    let client = made_up(&server);
    let call = client
        .list_suppliers()
        .limit(7)
        .changed_since(date(2024, 1, 15).at(10, 30, 0, 0));
    call.send().await.unwrap();
    query.assert_async().await;
}

#[tokio::test]
async fn a_path_parameter_stays_one_segment_whatever_it_holds() {
    let spec = include_str!("../fixture-api/made-up.yaml");
    for (id, sent) in [
        ("s1", "s1"),
        ("a/b", "a%2Fb"),
        ("a b?c#d", "a%20b%3Fc%23d"),
        ("%2e%2e", "%252e%252e"),
        ("..\\..", "..%5C.."),
        ("ö", "%C3%B6"),
        ("a\tb", "a%09b"),
        ("...", "..."),
    ] {
        let telesto = telesto_mock::MockServer::builder_for(spec)
            .start()
            .await
            .unwrap();
        let client = telesto_fixture_api::Client::builder()
            .api_key(telesto.api_key())
            .base_url(telesto.url())
            .build()
            .unwrap();
        client.get_supplier().supplier_id(id).send().await.unwrap();
        let request = telesto.requests().remove(0);
        assert_eq!(request.path_and_query, format!("/v9/suppliers/{sent}"));
        assert_eq!(request.operation_id.as_deref(), Some("get_supplier"));
    }
}

#[tokio::test]
async fn an_argument_that_changes_the_path_is_refused() {
    let server = MockServer::start_async().await;
    let mock = respond(&server, 200, r#"{"id":"s1"}"#).await;
    let client = made_up(&server);
    for id in ["", ".", ".."] {
        let error = client
            .get_supplier()
            .supplier_id(id)
            .send()
            .await
            .unwrap_err();
        assert_eq!(error.kind(), telesto_fixture_api::ErrorKind::InvalidRequest);
        let shown = format!("get_supplier: `{id}` cannot be the path parameter `supplier_id`");
        assert_eq!(error.to_string(), shown);
    }
    let error = client.get_supplier().send().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "get_supplier: missing required parameter `supplier_id`"
    );
    assert_eq!(mock.calls_async().await, 0);
}

#[tokio::test]
async fn an_operation_may_return_nothing_or_bytes() {
    let server = MockServer::start_async().await;
    let deleted = server
        .mock_async(|when, then| {
            when.method(DELETE).path("/v9/suppliers/s1");
            then.status(204);
        })
        .await;
    server
        .mock_async(|when, then| {
            when.method(GET).path("/v9/orders/0001/pdf");
            then.status(200)
                .header("content-type", "application/pdf")
                .body("%PDF-1.4");
        })
        .await;
    let client = made_up(&server);
    client
        .delete_supplier()
        .supplier_id("s1")
        .send()
        .await
        .unwrap();
    deleted.assert_async().await;
    let document = client.get_order_pdf().number("0001").await.unwrap();
    assert_eq!(document.into_inner().bytes().await.unwrap(), "%PDF-1.4");
}

#[tokio::test]
async fn what_the_spec_does_not_know_goes_the_same_way() {
    let server = MockServer::start_async().await;
    let mock = server
        .mock_async(|when, then| {
            when.method(POST)
                .path("/v2/suppliers/7")
                .query_param("a b", "c&d")
                .header("authorization", KEY)
                .json_body(json!({"name": "x"}));
            then.status(200)
                .body(r#"{"id":"7","note":"","list":["",{"a":""}]}"#);
        })
        .await;
    let client = client(&server);
    let before = client.budget().await.unwrap().remaining();
    let request = client
        .request(Method::POST, "/suppliers/7")
        .query("a b", "c&d");
    let response = request.json(&json!({"name": "x"})).send().await.unwrap();
    mock.assert_async().await;
    let expected = json!({"id": "7", "note": null, "list": [null, {"a": null}]});
    assert_eq!(*response, expected);
    assert_eq!(client.budget().await.unwrap().remaining(), before - 1);

    let error = client
        .request(Method::GET, "/../v1")
        .send()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), telesto_api::ErrorKind::InvalidRequest);
    assert_eq!(error.operation(), Some("GET /../v1"));
}

#[tokio::test]
async fn what_the_spec_does_not_know_may_be_bytes_or_nothing() {
    let server = MockServer::start_async().await;
    let pdf = respond(&server, 200, "%PDF-1.4").await;
    let client = client(&server);
    let bytes = client
        .request(Method::GET, "/orders/1/pdf")
        .bytes()
        .await
        .unwrap();
    assert_eq!(&bytes[..], b"%PDF-1.4");
    pdf.delete_async().await;

    respond(&server, 200, "").await;
    let nothing = client
        .request(Method::DELETE, "/orders/1")
        .send()
        .await
        .unwrap();
    assert_eq!(*nothing, Value::Null);
}

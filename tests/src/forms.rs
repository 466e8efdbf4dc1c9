//! Forms of operations and schemas that the documented one does not have: what
//! an edit of the spec may bring, by way of the made-up spec.

use httpmock::MockServer;
use jiff::civil::date;
use rust_decimal::Decimal;
use serde_json::json;
use telesto_fixture_api::ErrorKind;
use telesto_fixture_api::types::{GoodsForm, GoodsPacking, GoodsSold, SupplierStatus};
use telesto_mock::Response;

use crate::support::{made_up, respond};

#[tokio::test]
async fn schemas_that_are_made_of_others() {
    let server = MockServer::start_async().await;
    let body = json!({
        "id": "7", "created": "2024-01-15 10:30:00", "uid": "not-a-uuid", "code": "ab",
        "codes": ["x", "x", ""], "level": "9", "packing": {"kind": "bag", "weight": "1.50"},
        "sold": "2024-01-15", "count": "", "open": "", "note": null, "ean-upc": "0001",
        "ean_upc": "0002", "1st": "first",
        "self": "me", "more": {"color": "red", "height": "2.5", "width": 3}, "brand_new": {}
    });
    respond(&server, 200, &body.to_string()).await;
    let goods = made_up(&server)
        .get_goods()
        .goods_id(7)
        .send()
        .await
        .unwrap();
    assert_eq!(goods.id, 7);
    assert_eq!(goods.created, Some(date(2024, 1, 15).at(10, 30, 0, 0)));
    // What narrows a text, a number or a list does not refuse a response.
    assert_eq!(goods.uid.as_deref(), Some("not-a-uuid"));
    assert_eq!(goods.code.as_ref().unwrap().0, "ab");
    assert_eq!(goods.codes.len(), 3);
    assert_eq!(i64::from(goods.level.clone().unwrap()), 9);
    let Some(GoodsPacking::Bag(bag)) = &goods.packing else {
        panic!("{:?}", goods.packing);
    };
    assert_eq!(bag.weight, Some(Decimal::new(15, 1)));
    assert_eq!(goods.sold, Some(GoodsSold::Date(date(2024, 1, 15))));
    assert_eq!(
        (goods.ean_upc_2.as_deref(), goods.ean_upc.as_deref()),
        (Some("0002"), Some("0001"))
    );
    // A default is the server's to apply.
    assert_eq!((goods.count, goods.open), (None, None));
    assert_eq!(
        (goods.x1st.as_deref(), goods.self_.as_deref()),
        (Some("first"), Some("me"))
    );
    let more = goods.more.as_ref().unwrap();
    assert_eq!(more.extra["height"], Decimal::new(25, 1));
    assert_eq!(more.extra["width"], Decimal::from(3));
}

#[tokio::test]
async fn schemas_that_are_made_of_others_may_be_empty() {
    let server = MockServer::start_async().await;
    let body = json!({
        "id": 7, "packing": "", "sold": "", "more": [], "level": "", "code": "", "codes": ""
    });
    respond(&server, 200, &body.to_string()).await;
    let goods = made_up(&server)
        .get_goods()
        .goods_id(7)
        .send()
        .await
        .unwrap();
    assert_eq!(
        (&goods.packing, &goods.sold, &goods.more),
        (&None, &None, &None)
    );
    assert!(goods.level.is_none() && goods.code.is_none() && goods.codes.is_empty());
}

#[tokio::test]
async fn a_value_that_an_enum_does_not_list_is_kept_and_never_sent() {
    let server = MockServer::start_async().await;
    let mock = respond(
        &server,
        200,
        r#"[{"id":"1","status":"In Prüfung"},{"id":"2","status":"Draft"}]"#,
    )
    .await;
    let client = made_up(&server);
    let suppliers = client.list_suppliers().send().await.unwrap();
    let unknown = suppliers[0].status.clone().unwrap();
    assert_eq!(unknown, SupplierStatus::Unknown("In Prüfung".to_owned()));
    assert_eq!(unknown.to_string(), "In Prüfung");
    assert_eq!(suppliers[1].status, Some(SupplierStatus::Draft));
    let error = "In Prüfung".parse::<SupplierStatus>().unwrap_err();
    assert_eq!(
        error.to_string(),
        "`In Prüfung` is not a valid SupplierStatus: expected `In Progress`, \
         `Completed`, `Delayed`, `Canceled` or `Draft`"
    );

    let call = client.get_goods().goods_id(7).states(vec![unknown]);
    let error = call.send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidRequest);
    assert_eq!(
        error.to_string(),
        "get_goods: the spec does not list the value `In Prüfung`, so it is not sent"
    );
    assert_eq!(mock.calls_async().await, 1);
}

#[tokio::test]
async fn parameters_of_every_kind() {
    let spec = include_str!("../fixture-api/made-up.yaml");
    let telesto = telesto_mock::MockServer::builder_for(spec)
        .start()
        .await
        .unwrap();
    let client = telesto_fixture_api::Client::builder()
        .api_key(telesto.api_key())
        .base_url(telesto.url())
        .build()
        .unwrap();
    let call = client
        .get_goods()
        .goods_id(7)
        .x_trace(date(2024, 1, 15).at(10, 30, 0, 0))
        .states(vec![SupplierStatus::InProgress, SupplierStatus::Draft])
        .page_size(50)
        .type_("a b")
        ._2nd(true);
    call.send().await.unwrap();
    let request = telesto.requests().remove(0);
    let (path, query) = request.path_and_query.split_once('?').unwrap();
    assert_eq!(path, "/v9/goods/7");
    let mut pairs: Vec<&str> = query.split('&').collect();
    pairs.sort_unstable();
    let expected = [
        "2nd=true",
        "page%5Bsize%5D=50",
        "states=Draft",
        "states=In+Progress",
        "type=a+b",
    ];
    assert_eq!(pairs, expected);
    let trace = ("x-trace".to_owned(), "2024-01-15 10:30:00".to_owned());
    assert!(request.headers.contains(&trace), "{:?}", request.headers);
}

#[tokio::test]
async fn a_form_goes_out_and_a_text_comes_back() {
    let spec = include_str!("../fixture-api/made-up.yaml");
    let receipt = Response::new(200, "text/plain", "receipt 0001");
    let telesto = telesto_mock::MockServer::builder_for(spec)
        .response("change_goods", receipt)
        .start()
        .await
        .unwrap();
    let client = telesto_fixture_api::Client::builder()
        .api_key(telesto.api_key())
        .base_url(telesto.url())
        .build()
        .unwrap();
    let form = GoodsForm::builder()
        .name("Müller & Söhne".to_owned())
        .price(Decimal::new(1250, 2))
        .sold_on(date(2024, 1, 15));
    let response = client
        .change_goods()
        .goods_id(7)
        .body(form)
        .send()
        .await
        .unwrap();
    let bytes = response.into_inner().bytes().await.unwrap();
    assert_eq!(bytes, "receipt 0001");
    let request = telesto.requests().remove(0);
    let sent = String::from_utf8(request.body.to_vec()).unwrap();
    assert_eq!(
        sent,
        "name=M%C3%BCller+%26+S%C3%B6hne&price=12.50&sold_on=2024-01-15"
    );
    let kind = (
        "content-type".to_owned(),
        "application/x-www-form-urlencoded".to_owned(),
    );
    assert!(request.headers.contains(&kind), "{:?}", request.headers);
}

#[tokio::test]
async fn responses_that_are_free_or_a_map() {
    for (body, settings) in [
        (r#"{"a":"","b":[""]}"#, json!({"a": null, "b": [null]})),
        ("\"\"", json!(null)),
        ("", json!(null)),
        ("7", json!(7)),
    ] {
        let server = MockServer::start_async().await;
        respond(&server, 200, body).await;
        let response = made_up(&server).get_settings().send().await.unwrap();
        assert_eq!(*response, settings, "{body}");
    }
    for (body, count) in [
        (r#"{"p1":"2.50","p2":3}"#, 2),
        ("[]", 0),
        ("\"\"", 0),
        ("", 0),
    ] {
        let server = MockServer::start_async().await;
        respond(&server, 200, body).await;
        let prices = made_up(&server).get_prices().send().await.unwrap();
        assert_eq!(prices.len(), count, "{body}");
    }
}

//! Any JSON that a server which loves `""` may send for a generated type
//! decodes, or is an error that says where.

use std::cell::Cell;

use httpmock::MockServer;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Map, Value, json};
use telesto_fixture_api::ErrorKind;

use crate::support::{KEY, start};

/// A value that may come instead of the expected one.
fn value() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        30 => Just(json!("")),
        1 => Just(Value::Null),
        1 => any::<bool>().prop_map(Value::from),
        1 => any::<i64>().prop_map(Value::from),
        1 => any::<u64>().prop_map(Value::from),
        1 => any::<f64>().prop_map(Value::from),
        1 => any::<i32>().prop_map(|number| json!(number.to_string())),
        1 => "[0-9]{1,6}\\.[0-9]{1,4}".prop_map(Value::from),
        1 => "[0-9]{4}-[0-9]{2}-[0-9]{2}( [0-9]{2}:[0-9]{2}:[0-9]{2})?".prop_map(Value::from),
        1 => Just(json!("0000-00-00 00:00:00")),
        1 => Just(json!("In Progress")),
        1 => ".{0,8}".prop_map(Value::from),
    ];
    scalar.prop_recursive(2, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::vec((name(), inner), 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// Names that the made-up types have, and one that they do not.
fn name() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "id",
        "supplier_name",
        "balance",
        "rating",
        "lead_days",
        "orders_total",
        "active",
        "since",
        "changed",
        "synced",
        "status",
        "address",
        "street",
        "zip",
        "type",
        "products",
        "product_id",
        "purchase_price",
        "first_bought",
        "notes",
        "parent",
        "labels",
        "extra",
        "unknown",
    ])
    .prop_map(str::to_owned)
}

fn supplier() -> impl Strategy<Value = Value> {
    prop::collection::vec((name(), value()), 0..12).prop_map(|members| {
        let mut members: Map<String, Value> = members.into_iter().collect();
        members.entry("id").or_insert(json!("s1"));
        Value::Object(members)
    })
}

#[test]
fn any_response_decodes_or_says_where_it_does_not() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let server = runtime.block_on(MockServer::start_async());
    let client = telesto_fixture_api::Client::builder()
        .api_key(KEY)
        .base_url(server.url("/v9"))
        .clock(std::sync::Arc::new(telesto_fixture_api::ManualClock::new(
            start(),
        )))
        .rate_limit(
            telesto_fixture_api::RateLimit::new(
                1_000_000,
                std::time::Duration::from_secs(1),
                std::time::Duration::ZERO,
            )
            .unwrap(),
        )
        .build()
        .unwrap();
    let (decoded, refused) = (Cell::new(0), Cell::new(0));
    let mut runner = TestRunner::new(Config::with_cases(300));
    let responses = prop::collection::vec(supplier(), 1..4);
    let result = runner.run(&responses, |suppliers| {
        let count = suppliers.len();
        let outcome = runtime.block_on(async {
            let mock = server
                .mock_async(|when, then| {
                    when.any_request();
                    then.status(200).json_body(Value::from(suppliers));
                })
                .await;
            let outcome = client.list_suppliers().send().await;
            mock.delete_async().await;
            outcome
        });
        match outcome {
            Ok(suppliers) => {
                prop_assert_eq!(suppliers.len(), count);
                decoded.set(decoded.get() + 1);
            }
            Err(error) => {
                prop_assert_eq!(error.kind(), ErrorKind::Decode);
                let path = error.path().unwrap_or_default();
                prop_assert!(path.starts_with('['), "no path in {error:?}");
                refused.set(refused.get() + 1);
            }
        }
        Ok(())
    });
    result.unwrap();
    let (decoded, refused) = (decoded.get(), refused.get());
    assert!(
        decoded > 0 && refused > 0,
        "{decoded} decoded, {refused} refused"
    );
}

#[test]
fn any_field_may_be_empty() {
    // Every subset of fields that are `""`, the rest being absent: all decode.
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let fields = [
        "supplier_name",
        "balance",
        "rating",
        "lead_days",
        "orders_total",
        "active",
        "since",
        "changed",
        "synced",
        "status",
        "address",
        "products",
        "notes",
        "parent",
        "labels",
        "extra",
    ];
    let suppliers: Vec<Value> = (0..1_u32 << fields.len())
        .step_by(37)
        .map(|bits| {
            let empty = fields
                .iter()
                .enumerate()
                .filter(|(index, _)| bits >> index & 1 == 1);
            let mut members: Map<_, _> = empty
                .map(|(_, field)| ((*field).to_owned(), json!("")))
                .collect();
            members.insert("id".to_owned(), json!("s1"));
            Value::Object(members)
        })
        .collect();
    let count = suppliers.len();
    runtime.block_on(async {
        let server = MockServer::start_async().await;
        server
            .mock_async(|when, then| {
                when.any_request();
                then.status(200).json_body(Value::from(suppliers));
            })
            .await;
        let client = crate::support::made_up(&server);
        let decoded = client.list_suppliers().send().await.unwrap().into_inner();
        assert_eq!(decoded.len(), count);
        assert!(decoded.windows(2).all(|pair| pair[0] == pair[1]));
    });
}

//! Query parameters that are objects.

use httpmock::MockServer;
use telesto_fixture_api::httpmock::MockServerExt as _;
use telesto_fixture_api::{ErrorKind, Method, types};

use crate::support::{made_up, mock_server};

#[tokio::test]
async fn each_property_is_a_parameter() {
    let server = MockServer::start_async().await;
    let mock = server.mock(|when, then| {
        when.path("/v9/ledgers")
            .query_param("sort[by]", "size")
            .query_param("filter[since]", "2024-01-15")
            .query_param("filter[min-size]", "1.50")
            .query_param("filter[name]", "Ma&n")
            .query_param("page", "2")
            .query_param_missing("sort[down]");
        then.status(200).json_body(serde_json::json!([]));
    });
    let client = made_up(&server);
    let call = client.list_ledgers().sort_by(types::ListLedgersSortBy::Size).page(2);
    let call = call.filter_since("2024-01-15").filter_min_size("1.50").filter_name("Ma&n");
    call.await.unwrap();
    mock.assert_calls_async(1).await;

    let error = client.list_ledgers().filter_name("Main").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidRequest);
    assert!(error.to_string().contains("`sort_by`"), "{error}");
}

#[tokio::test]
async fn mocks_expect_each_of_them() {
    let server = MockServer::start_async().await;
    let mock = server.list_ledgers(|when, then| {
        when.sort_by("name").filter_since("2024-01-15");
        then.ok(&Vec::new());
    });
    let client = made_up(&server);
    let call = || client.list_ledgers().sort_by("name");
    call().filter_since("2024-01-15").await.unwrap();
    assert_eq!(call().await.unwrap_err().kind(), ErrorKind::NotFound);
    mock.assert_calls(1);
}

#[tokio::test]
async fn the_mock_server_checks_each_of_them() {
    let mock = mock_server().await;
    let client = mock.client();
    let ledgers = client.list_ledgers().sort_by("name").sort_down(true).await.unwrap();
    assert_eq!(ledgers[0].name.as_deref(), Some("Main"));
    for (query, says) in [
        ("sort[down]", "`sort[by]` is missing"),
        ("sort[up]", "sort[by]"),
        ("filter[other]", "sort[by]"),
    ] {
        let call = client.request(Method::GET, "/ledgers").query(query, true);
        let error = call.send().await.unwrap_err();
        let said = error.api_error().unwrap().description().unwrap().to_owned();
        assert!(said.contains(says), "{query}: {said}");
    }
    let call = client.request(Method::GET, "/ledgers").query("sort[by]", "name");
    let error = call.query("filter[other]", "x").send().await.unwrap_err();
    let said = error.api_error().unwrap().description().unwrap().to_owned();
    assert!(said.contains("there is no query parameter `filter[other]`"), "{said}");
}

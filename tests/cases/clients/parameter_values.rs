//! Lists in one value, and parameters that may be one of several plain values.

use httpmock::MockServer;
use jiff::civil::date;
use telesto_fixture_api::ErrorKind;
use telesto_fixture_api::httpmock::MockServerExt as _;
use telesto_fixture_api::types::{DrawerColor, DrawerTime};

use crate::support::{made_up, mock_server};

#[tokio::test]
async fn lists_are_joined_and_choices_are_text() {
    let server = MockServer::start_async().await;
    let raw = server.mock(|when, then| {
        when.path("/v9/drawers/7")
            .query_param("sizes", "1,2,3")
            .query_param("colors", "red|blue")
            .query_param("words", "a b")
            .query_param("labels", "x")
            .query_param("labels", "y|z")
            .query_param("since", "2024-01-15")
            .header("x-any", "none");
        then.body(r#""2024-01-15""#);
    });
    let client = made_up(&server);
    let call = client.get_drawer().drawer("7").sizes([1, 2, 3]).words(["a", "b"]);
    let call = call.colors([DrawerColor::Red, DrawerColor::Blue]);
    let call = call.labels(["x", "y|z"]).since("2024-01-15").x_any("none");
    let since = call.await.unwrap().into_inner();
    assert_eq!(since, DrawerTime::Date(date(2024, 1, 15)));
    raw.assert_async().await;
}

/// What is in the list may not look like two.
#[tokio::test]
async fn a_value_that_would_be_two_is_not_sent() {
    let server = MockServer::start_async().await;
    let client = made_up(&server);
    let call = client.get_drawer().drawer("7").words(["a b", "c"]);
    let error = call.send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidRequest);
    let expected = "`a b` contains ` `, which is between the values of this parameter";
    assert!(error.to_string().contains(expected), "{error}");
}

#[tokio::test]
async fn mocks_expect_what_is_sent() {
    let server = MockServer::start_async().await;
    let some = server.get_drawer(|when, then| {
        when.drawer("7").sizes(vec![1, 2]).words(vec!["a".to_owned(), "b".to_owned()]);
        then.ok(&DrawerTime::Integer(7));
    });
    let client = made_up(&server);
    client.get_drawer().drawer("7").sizes([1, 2]).words(["a", "b"]).await.unwrap();
    some.assert_async().await;
    // An empty list is not sent.
    let none = server.get_drawer(|when, then| {
        when.drawer("8").sizes(Vec::new());
        then.ok(&DrawerTime::Integer(8));
    });
    client.get_drawer().drawer("8").sizes([0_i64; 0]).words(["a"]).await.unwrap();
    none.assert_async().await;
}

#[tokio::test]
async fn the_mock_server_checks_each_of_them() {
    let mock = mock_server().await;
    let client = mock.client();
    let call = client.get_drawer().drawer("7").sizes([1, 2]).words(["a", "b"]);
    call.colors([DrawerColor::Red]).since("7").await.unwrap();
    let error = client.get_drawer().drawer("7").words(["a"]).since("soon").await;
    assert_eq!(error.unwrap_err().kind(), ErrorKind::Rejected);
}

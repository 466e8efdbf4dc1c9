//! A body that may be left out is sent if it was given, and not otherwise.

use httpmock::MockServer;
use rust_decimal::Decimal;
use telesto_fixture_api::httpmock::MockServerExt as _;
use telesto_fixture_api::types::{StartRecountBody, StartRecountByFormBody};

use crate::support::{made_up, mock_server};

#[tokio::test]
async fn none_is_sent() {
    let telesto = mock_server().await;
    let client = telesto.client();
    client.start_recount().send().await.unwrap();
    client.put_recounts().send().await.unwrap();
    client.start_recount_by_form().quick(true).send().await.unwrap();
    client.upload_recount().send().await.unwrap();
    client.note_recount().send().await.unwrap();
    for request in telesto.server.requests() {
        assert!(request.body.is_empty(), "{}", request.path_and_query);
        let named = request.headers.iter().find(|(name, _)| name == "content-type");
        assert_eq!(named, None, "{}", request.path_and_query);
    }
}

#[tokio::test]
async fn one_is_sent() {
    let server = MockServer::start_async().await;
    let shelf = StartRecountBody::builder().shelf("A 1");
    let form = StartRecountByFormBody::builder().count(Decimal::new(125, 2));
    let mocks = [
        server.start_recount(|when, then| {
            when.body(shelf.clone());
            then.accepted();
        }),
        server.put_recounts(|when, then| {
            when.body(["A 1"]);
            then.no_content();
        }),
        server.start_recount_by_form(|when, then| {
            when.quick(None).body(form.clone());
            then.no_content();
        }),
        server.upload_recount(|when, then| {
            when.body([0, 159, 146]);
            then.no_content();
        }),
        server.note_recount(|when, then| {
            when.body("Müller");
            then.no_content();
        }),
    ];
    let client = made_up(&server);
    client.start_recount().body(shelf).send().await.unwrap();
    client.put_recounts().body(vec!["A 1".to_owned()]).send().await.unwrap();
    client.start_recount_by_form().body(form).send().await.unwrap();
    client.upload_recount().body(vec![0, 159, 146]).send().await.unwrap();
    client.note_recount().body("Müller").send().await.unwrap();
    for mock in mocks {
        mock.assert_async().await;
    }
    // Other bodies are other requests.
    let form = StartRecountByFormBody::builder().count(Decimal::new(126, 2));
    let other = client.start_recount_by_form().body(form).send().await;
    assert!(other.unwrap_err().is_not_found());
    let other = client.upload_recount().body(vec![0, 159]).send().await;
    assert!(other.unwrap_err().is_not_found());
    let other = client.note_recount().body("Mueller").send().await;
    assert!(other.unwrap_err().is_not_found());
    let other = client.put_recounts().body(vec![]).send().await;
    assert!(other.unwrap_err().is_not_found());
}

#[tokio::test]
async fn one_that_lacks_what_it_requires_is_not_sent() {
    let server = MockServer::start_async().await;
    let client = made_up(&server);
    let call = client.start_recount();
    let error = call.body_map(|body| body).send().await.unwrap_err();
    assert!(error.to_string().contains("shelf"), "{error}");
}

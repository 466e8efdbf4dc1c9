//! Of several media types of a body, one is sent, with its header: JSON if it is among
//! them.

use httpmock::MockServer;
use telesto_fixture_api::Method;
use telesto_fixture_api::types::{LabelSatchelBody, Satchel};

use crate::support::{made_up, mock_server};

#[tokio::test]
async fn json_is_taken_wherever_it_is() {
    let server = MockServer::start_async().await;
    let mock = server.mock(|when, then| {
        when.path("/v9/satchels")
            .header("content-type", "application/json")
            .json_body(serde_json::json!({ "weight": "1.50" }));
        then.status(204);
    });
    let satchel = Satchel::builder().weight("1.50".parse::<rust_decimal::Decimal>().unwrap());
    made_up(&server).add_satchel().body(satchel).await.unwrap();
    mock.assert_calls_async(1).await;
}

#[tokio::test]
async fn without_json_what_can_be_sent_is_taken() {
    let server = MockServer::start_async().await;
    let label = server.mock(|when, then| {
        when.path("/v9/satchels/7/label")
            .header("content-type", "application/x-www-form-urlencoded")
            .form_urlencoded_tuple("text", "Fragile")
            .form_urlencoded_tuple("copies", "2");
        then.status(204);
    });
    let note = server.mock(|when, then| {
        when.path("/v9/satchels/7/note")
            .header("content-type", "text/plain")
            .body("Ring twice");
        then.status(204);
    });
    let client = made_up(&server);
    let body = LabelSatchelBody::builder().text("Fragile").copies(2);
    client.label_satchel().satchel_id(7).body(body).await.unwrap();
    client.note_satchel().satchel_id(7).body("Ring twice").await.unwrap();
    label.assert_calls_async(1).await;
    note.assert_calls_async(1).await;
}

#[tokio::test]
async fn the_mock_server_takes_each_of_them_and_no_other() {
    let mock = mock_server().await;
    let client = mock.client();
    for (kind, is_taken) in [
        ("text/rtf", true),
        ("text/plain; charset=utf-8", true),
        ("application/octet-stream", true),
        ("text/markdown", false),
    ] {
        let request = client.request(Method::PUT, "/satchels/7/note");
        let sent = request.body(kind, "Ring twice").send().await;
        assert_eq!(sent.is_ok(), is_taken, "{kind}");
    }
}

//! Of several media types of a body, one is sent, with its header: JSON if it is among
//! them.

use httpmock::MockServer;
use telesto_fixture_api::Method;
use telesto_fixture_api::types::{LabelSatchelBody, Satchel, Strap};

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

/// JSON by another name is JSON, with its own headers.
#[tokio::test]
async fn other_kinds_of_json_are_json() {
    let server = MockServer::start_async().await;
    let mock = server.mock(|when, then| {
        when.method("PATCH")
            .path("/v9/satchels/7/strap")
            .header("content-type", "application/vnd.api+json")
            .header("accept", "application/vnd.api+json")
            .json_body(serde_json::json!({ "length": "60" }));
        then.status(200)
            .header("content-type", "application/vnd.api+json")
            .body(r#"{ "length": "" }"#);
    });
    let strap = Strap::builder().length(rust_decimal::Decimal::from(60));
    let client = made_up(&server);
    let changed = client.change_strap().satchel_id(7).body(strap.clone()).await.unwrap();
    assert_eq!(changed.length, None);
    mock.assert_calls_async(1).await;

    let mock = mock_server().await;
    let changed = mock.client().change_strap().satchel_id(7).body(strap).await.unwrap();
    assert_eq!(changed.length, Some(rust_decimal::Decimal::from(60)));
}

/// What is neither JSON nor a form goes and comes as it is.
#[tokio::test]
async fn other_media_types_are_bytes_or_text_with_their_own_headers() {
    let server = MockServer::start_async().await;
    let import = server.mock(|when, then| {
        when.method("PUT")
            .header("content-type", "text/csv")
            .header("accept", "application/xml")
            .body("id;contents\n7;pens\n");
        then.status(200).header("content-type", "application/xml").body("<imported/>");
    });
    let replace = server.mock(|when, then| {
        when.method("POST").header("content-type", "application/xml").body("<satchels/>");
        then.status(204);
    });
    let client = made_up(&server);
    let imported = client.import_satchels().body("id;contents\n7;pens\n").await.unwrap();
    let imported = imported.into_inner().bytes().await.unwrap();
    assert_eq!(imported, "<imported/>");
    client.replace_satchels().body("<satchels/>").await.unwrap();
    import.assert_calls_async(1).await;
    replace.assert_calls_async(1).await;

    let known = telesto_fixture_api::operations().iter();
    let sends: Vec<_> = known
        .filter(|operation| operation.path.starts_with("/satchels/contents"))
        .map(|operation| operation.sends)
        .collect();
    assert_eq!(sends, [Some("text/csv"), Some("application/xml")]);
}

//! What documents say that a generator may stumble over.

use httpmock::MockServer;
use jiff::civil::{date, datetime};
use serde_json::json;
use telesto_fixture_api::httpmock::MockServerExt as _;
use telesto_fixture_api::types::{AwkwardThing, AwkwardTurned, Made, OptionSort, ResultBody};

use crate::support::{made_up, mock_server};

#[tokio::test]
async fn a_named_date_is_sent_and_read_in_its_format() {
    let server = MockServer::start_async().await;
    let made: Made = "2024-01-15T10:30:00Z".parse().unwrap();
    let thing = json!({
        "day": "2024-01-15", "price": "12.50", "made": "2024-01-15T10:30:00Z", "happened": "",
        "on": "2024-02-29", "at": "2024-01-15T11:30:00+01:00", "local": "2024-01-15 10:30:00",
        "amount": 3, "closed": {"a": "1", "new": "field"}, "open": {"a": "1", "new": ["field"]}, "lot": {"lot_id": "l", "lot-no": "1", "lot_no": "2"}, "size": "S", "size²": "4",
    });
    let mock = server.mock(|when, then| {
        when.method("POST")
            .path("/v9/awkward/2024-01-15T10:30:00Z")
            .query_param("since", "2024-01-15T10:30:00Z")
            .query_param("*", "star")
            .json_body(json!({"note": "a"}));
        then.status(299).json_body(thing.clone());
    });
    let client = made_up(&server);
    let body: ResultBody = ResultBody::builder().note("a").build().unwrap();
    let call = client.result().made(made.clone()).since(made.clone());
    let sent = call.x("star").body(body).send().await.unwrap();
    mock.assert_async().await;
    assert_eq!(sent.status(), 299);
    let read: AwkwardThing = sent.into_inner();
    assert_eq!(read.made, Some(made));
    assert_eq!(read.happened, None);
    assert_eq!(read.day, Some(date(2024, 1, 15)));
    assert_eq!(read.on, Some(date(2024, 2, 29)));
    assert_eq!(read.at.unwrap().to_string(), "2024-01-15T10:30:00Z");
    assert_eq!(read.local, Some(datetime(2024, 1, 15, 10, 30, 0, 0)));
    assert_eq!(read.amount.unwrap().to_string(), "3");
    assert_eq!(serde_json::to_value(&read.lot).unwrap(), thing["lot"]);
    assert_eq!(read.closed.unwrap().a.as_deref(), Some("1"));
    assert_eq!(serde_json::to_value(&read.open).unwrap(), thing["open"]);
    assert_eq!((read.size.as_deref(), read.size_2.as_deref()), (Some("S"), Some("4")));
}

/// rustc refuses characters that turn the direction of text, unless they are escaped.
#[tokio::test]
async fn names_and_texts_may_turn_the_direction_of_text() {
    let server = MockServer::start_async().await;
    let options = server.option(|when, then| {
        when.turn_ed("le\u{202e}ft");
        then.ok(&vec![]);
    });
    let turned = server.turn(|when, then| {
        when.body(AwkwardTurned::builder().na_me("u\u{2067}p"));
        then.ok(&AwkwardTurned::builder().na_me("down").build().unwrap());
    });
    let client = made_up(&server);
    client.option().turn_ed("le\u{202e}ft").await.unwrap();
    let body = AwkwardTurned::builder().na_me("u\u{2067}p");
    let sent = client.turn().body(body).await.unwrap();
    assert_eq!(serde_json::to_value(&*sent).unwrap(), json!({"na\u{202e}me": "down"}));
    options.assert_async().await;
    turned.assert_async().await;
}

#[tokio::test]
async fn operations_may_have_the_names_of_the_prelude() {
    let server = MockServer::start_async().await;
    let made: Made = "2024-01-15T10:30:00Z".parse().unwrap();
    let options = server.option(|when, then| {
        when.sort(OptionSort::Up);
        then.ok(&vec![made.clone()]);
    });
    let text = server.string(|_, then| {
        then.ok("text");
    });
    let client = made_up(&server);
    let made_of = client.option().sort(OptionSort::Up).await.unwrap();
    assert_eq!(made_of.into_inner(), [made]);
    assert_eq!(client.string().await.unwrap().into_inner(), "text");
    options.assert_async().await;
    text.assert_async().await;
}

#[tokio::test]
async fn a_status_without_a_name_is_mocked_as_one_of_its_range() {
    let server = MockServer::start_async().await;
    let thing: AwkwardThing = AwkwardThing::builder().size("S").build().unwrap();
    server.result(|_, then| {
        then.success(299, &thing);
    });
    let call = made_up(&server).result().made("2024-01-15T10:30:00Z").send().await;
    assert_eq!(call.unwrap().into_inner(), thing);
}

#[tokio::test]
async fn a_head_request_has_no_body_to_decode() {
    let server = MockServer::start_async().await;
    let mock = server.mock(|when, then| {
        when.method("HEAD").path("/v9/awkward/text");
        then.status(200).header("content-type", "application/json");
    });
    let call = made_up(&server).has_text().send().await.unwrap();
    assert_eq!(call.status(), 200);
    mock.assert_async().await;
}

#[tokio::test]
async fn a_request_may_ask_for_the_options() {
    let server = MockServer::start_async().await;
    let mock = server.mock(|when, then| {
        when.method("OPTIONS")
            .path("/v9/awkward/text")
            .query_param("options", "all");
        then.status(200).json_body(json!({ "text": "read" }));
    });
    let client = made_up(&server);
    let call = client.text_options().options("all").send().await.unwrap();
    assert_eq!(call.text.as_deref(), Some("read"));
    mock.assert_async().await;

    let server = mock_server().await;
    let answer = server.client().text_options().send().await.unwrap();
    assert_eq!(answer.status(), 200);

    let server = MockServer::start_async().await;
    let mock = server.text_options(|when, then| {
        when.options("all");
        then.ok(&serde_json::from_value(json!({ "text": "written" })).unwrap());
    });
    let call = made_up(&server).text_options().options("all").await;
    assert_eq!(call.unwrap().text.as_deref(), Some("written"));
    mock.assert_async().await;
}

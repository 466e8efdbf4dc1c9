//! Names that Rust, its prelude or the generated code have too.

use httpmock::MockServer;
use telesto_fixture_api::httpmock::MockServerExt as _;
use telesto_fixture_api::types;

use crate::support::{made_up, respond};

#[tokio::test]
async fn they_are_names_like_others() {
    let server = MockServer::start_async().await;
    let all = types::Result::builder()
        .self_("a".to_owned())
        .builder("b".to_owned())
        .value("c".to_owned())
        .try_from("d".to_owned())
        .string(types::Copy::Str)
        .async_(true);
    let all: types::Result = all.try_into().unwrap();
    let mock = server.send(|when, then| {
        when.value("v")
            .self_("s")
            .request("1")
            .client("2")
            .result("3")
            .info("4")
            .url("5")
            .response("6")
            .error("7")
            .when("8")
            .option(types::Option::None)
            .api_version("9")
            .body(&all);
        then.ok(&all);
    });
    let client = made_up(&server);
    let call = client.send().value("v").self_("s").request("1").client("2");
    let call = call.result("3").info("4").url("5").response("6").error("7");
    let call = call.when("8").option(types::Option::None).api_version("9");
    let response = call.body(all.clone()).send().await.unwrap();
    assert_eq!(response.into_inner(), all);
    mock.assert_async().await;
}

/// Those that the middleware and its dependencies have.
#[tokio::test]
async fn types_of_ours_are_names_like_others() {
    let server = MockServer::start_async().await;
    let body = r#"{"error": {"error": "a"}, "value": {"of": {"client": "b"}, "upload": "Bytes",
        "empty": {"c": {"d": {}}}, "date": "2026-11-28T12:00:00"}, "client": {"client": "e"},
        "decimal": {"decimal": "1.5"}, "exact": "2.5"}"#;
    let mock = respond(&server, 200, body).await;
    let client = made_up(&server);
    let stream: types::ByteStream = client.stream_names().send().await.unwrap().into_inner();
    mock.delete_async().await;
    assert_eq!(stream.error.unwrap().error, "a");
    assert_eq!(stream.decimal.unwrap().decimal, stream.exact.map(|exact| exact - rust_decimal::Decimal::ONE));
    let value = stream.value.unwrap();
    assert_eq!(value.upload, Some(types::Upload::Bytes));
    let all = vec![value.clone(); 2];
    let more = server.stream_more_names(|when, then| {
        when.body(&value);
        then.ok(&all);
    });
    let read = client.stream_more_names().body(value).send().await.unwrap();
    assert_eq!(read.into_inner(), all);
    more.assert_async().await;
}

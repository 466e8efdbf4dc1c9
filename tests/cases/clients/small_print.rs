//! What OpenAPI allows in its small print: what is deprecated, `null` among the
//! values of an enum, an `allOf` around one schema, several media types.

use serde_json::json;
use telesto_fixture_api::httpmock::{MockServer, MockServerExt as _};
use telesto_fixture_api::types::{PrintState, SmallPrint, SmallPrintPaper};

use crate::support::{made_up, mock_server, respond};

/// Each `expect` fails if that is not deprecated.
#[tokio::test]
async fn what_is_deprecated_says_so() {
    let server = MockServer::start_async().await;
    let mock = server
        .mock_async(|when, then| {
            when.path("/v9/small/a")
                .query_param("state", "open")
                .query_param("names", "b")
                .header("x-print", "c");
            then.status(200).body(r#"{"name":"d","old":"e"}"#);
        })
        .await;
    let client = made_up(&server);
    #[expect(deprecated, reason = "that is what is tested")]
    let call = client.read_small_print();
    #[expect(deprecated, reason = "that is what is tested")]
    let call = call.state("open");
    #[expect(deprecated, reason = "that is what is tested")]
    let call = call.x_print("c");
    let print = call.print("a").names(["b"]).await.unwrap();
    mock.assert_async().await;
    #[expect(deprecated, reason = "that is what is tested")]
    let name = &print.name;
    #[expect(deprecated, reason = "that is what is tested")]
    let old = &print.old;
    assert_eq!(name.as_deref(), Some("d"));
    assert_eq!(old.as_ref().map(|name| &***name), Some("e"));
    #[expect(deprecated, reason = "that is what is tested")]
    let builder = SmallPrint::builder().name("d");
    #[expect(deprecated, reason = "that is what is tested")]
    let builder = builder.old("e");
    assert_eq!(builder.build().unwrap(), print.into_inner());
    #[expect(deprecated, reason = "that is what is tested")]
    let _: Option<telesto_fixture_api::types::OldPrint> = None;
}

#[tokio::test]
async fn null_is_none_even_if_an_enum_lists_it() {
    let server = MockServer::start_async().await;
    let body = json!({"state": null, "states": [null, "open"], "size": null, "paper": null});
    respond(&server, 200, &body.to_string()).await;
    let client = made_up(&server);
    #[expect(deprecated, reason = "it is the one that sends such a body")]
    let print = client.read_small_print().print("a").await.unwrap();
    assert_eq!((&print.state, &print.size, &print.paper), (&None, &None, &None));
    assert_eq!(print.states, [None, Some(PrintState::Open)]);

    let server = MockServer::start_async().await;
    let mock = server.write_small_print(|when, then| {
        when.print("a").body(SmallPrint::builder().state("read").paper("a4"));
        then.ok(&Default::default());
    });
    let body = SmallPrint::builder();
    let body = body.state(PrintState::Read).paper(SmallPrintPaper::A4);
    let client = made_up(&server);
    client.write_small_print().print("a").body(body).await.unwrap();
    mock.assert_async().await;
}

#[tokio::test]
async fn the_mock_server_sends_the_media_type_that_the_client_reads() {
    let telesto = mock_server().await;
    #[expect(deprecated, reason = "it is the one with several media types")]
    let call = telesto.client().read_small_print().print("a").await;
    assert_eq!(call.unwrap().state, None);
}

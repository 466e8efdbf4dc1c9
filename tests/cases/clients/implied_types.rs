//! A type that is not stated is that of the values, or of the format.

use httpmock::MockServer;
use jiff::civil::date;
use telesto_fixture_api::types::{Finish, PaintBase, PaintThinner};

use crate::support::{made_up, mock_server};

#[tokio::test]
async fn what_is_implied_is_read_and_sent() {
    let server = MockServer::start_async().await;
    let mock = server.mock(|when, then| {
        when.query_param("finish", "matt").query_param("mixed_on", "2024-01-15");
        then.body(
            r#"[{"finish":"gloss","mixed_on":"2024-01-15","litres":"2.50","cans":"3","coats":"2",
                "indoor":"1"},{"finish":"satin","mixed_on":"","litres":"","cans":"","coats":""}]"#,
        );
    });
    let client = made_up(&server);
    let call = client.list_paints().finish(Finish::Matt).mixed_on(date(2024, 1, 15));
    let paints = call.await.unwrap().into_inner();
    mock.assert_calls_async(1).await;
    let first = &paints[0];
    assert_eq!(first.finish, Some(Finish::Gloss));
    assert_eq!(first.mixed_on, Some(date(2024, 1, 15)));
    assert_eq!(first.litres, Some("2.50".parse().unwrap()));
    assert_eq!((first.cans, first.indoor), (Some(3), Some(true)));
    assert_eq!(first.coats.as_deref(), Some(&2));
    let second = &paints[1];
    assert_eq!(second.finish, Some(Finish::Unknown("satin".to_owned())));
    assert_eq!((second.mixed_on, second.litres, second.cans), (None, None, None));
}

/// Null, or an empty text, is no alternative: it is `None`.
#[tokio::test]
async fn alternatives_that_are_nothing_are_none() {
    let server = MockServer::start_async().await;
    server.mock(|_, then| {
        then.body(
            r#"[{"names":["White",""],"gloss":0.5,"base":{"name":"oil"},"primer":{"name":"chalk"},
                "thinner":"water"},
                {"base":null,"primer":null,"thinner":null},
                {"base":"","primer":"","thinner":""},
                {"thinner":{"name":"spirit"}}]"#,
        );
    });
    let paints = made_up(&server).list_paints().await.unwrap().into_inner();
    assert_eq!(paints[0].names, ["White", ""]);
    assert_eq!(paints[0].gloss, Some(0.5));
    let name = |base: &Option<PaintBase>| base.as_ref().and_then(|base| base.name.clone());
    assert_eq!(name(&paints[0].base).as_deref(), Some("oil"));
    assert_eq!(name(&paints[0].primer).as_deref(), Some("chalk"));
    assert!(matches!(&paints[0].thinner, Some(PaintThinner::Text(name)) if name == "water"));
    for paint in &paints[1..3] {
        assert_eq!((&paint.base, &paint.primer, &paint.thinner), (&None, &None, &None));
    }
    assert!(matches!(&paints[3].thinner, Some(PaintThinner::PaintBase(base)) if base.name.is_some()));
}

#[tokio::test]
async fn the_mock_server_sends_it() {
    let mock = mock_server().await;
    let paints = mock.client().list_paints().await.unwrap();
    assert!(paints[0].finish.is_some() && paints[0].litres.is_some());
}

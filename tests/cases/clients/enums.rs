//! Enums whose values are no names; and values that none of them lists.

use httpmock::MockServer;
use serde_json::json;
use telesto_fixture_api::httpmock::MockServerExt as _;
use telesto_fixture_api::types::{
    EqualUnit as Unit, ListMoodsResponseItemCode as Code, ListMoodsResponseItemFlag as Flag,
    ListMoodsResponseItemState as State, Mood,
};

use crate::support::{respond, made_up};

#[tokio::test]
async fn they_are_read_and_kept() {
    let server = MockServer::start_async().await;
    let body = json!([
        {"mood": "In Progress", "level": "2", "code": "0", "flag": "yes"},
        {"mood": "Gelöscht", "level": 30, "depth": "-1", "code": 10, "flag": "maybe", "state": "unknown"},
        {"mood": "", "level": "", "code": "", "flag": ""},
        {"mood": "neu", "level": 1, "code": "11", "flag": null, "state": "new"}
    ]);
    respond(&server, 200, &body.to_string()).await;
    let moods = made_up(&server).list_moods().send().await.unwrap();
    assert_eq!(moods[0].mood, Some(Mood::InProgress));
    assert_eq!(i64::from(moods[0].level.clone().unwrap()), 2);
    assert_eq!((&moods[0].code, &moods[0].flag), (&Some(Code::X0), &Some(Flag::Yes)));
    assert_eq!(moods[1].mood, Some(Mood::Gelöscht));
    assert_eq!(i64::from(moods[1].level.clone().unwrap()), 30);
    assert_eq!(i64::from(moods[1].depth.clone().unwrap()), -1);
    assert_eq!(moods[1].code, Some(Code::X10));
    assert_eq!(moods[1].flag, Some(Flag::Unknown("maybe".to_owned())));
    assert_eq!(moods[1].state, Some(State::Unknown_));
    assert_eq!(moods[3].state, Some(State::Unknown("new".to_owned())));
    // The empty text is no value, even where the spec lists it as one.
    let none = &moods[2];
    assert!(none.mood.is_none() && none.level.is_none());
    assert!(none.code.is_none() && none.flag.is_none());
    assert_eq!(moods[3].mood, Some(Mood::Unknown("neu".to_owned())));
}

/// Values that have the same letters and digits, which are all that a name can have.
#[tokio::test]
async fn those_that_look_alike_are_told_apart() {
    let all = [
        (Unit::M, "m²"),
        (Unit::MX, "m³"),
        (Unit::X, "%"),
        (Unit::X2, "#"),
        (Unit::PerM, "per m"),
        (Unit::PerXm, "per-m"),
        (Unit::PerM2, "Per M"),
        (Unit::PerM3, "per_m"),
        (Unit::Unknown("m".to_owned()), "m"),
    ];
    let values = all.each_ref().map(|(_, value)| *value);
    let server = MockServer::start_async().await;
    let body = json!(values.map(|value| json!({ "unit": value })));
    let mock = respond(&server, 200, &body.to_string()).await;
    let client = made_up(&server);
    let moods = client.list_moods().send().await.unwrap();
    for ((unit, value), mood) in all.iter().zip(moods.iter()) {
        assert_eq!(mood.unit.as_ref(), Some(unit), "{value}");
        assert_eq!(unit.to_string(), *value);
        assert_eq!(value.parse::<Unit>().as_ref().ok(), Some(unit).filter(|_| *value != "m"));
    }
    mock.delete_async().await;
    let sent = server.mock(|when, then| {
        values[..8].iter().fold(when, |when, value| when.query_param("units", *value));
        then.status(200).body("[]");
    });
    let units: Vec<Unit> = all[..8].iter().map(|(unit, _)| unit.clone()).collect();
    client.list_moods().units(units).send().await.unwrap();
    sent.assert_async().await;
}

#[tokio::test]
async fn they_are_sent_as_they_are() {
    for (mood, query) in [
        (Mood::InProgress, "In Progress"),
        (Mood::Gelöscht, "Gelöscht"),
        (Mood::AB, "a/b"),
        (Mood::Self_, "self"),
        (Mood::X3rd, "3rd"),
    ] {
        let server = MockServer::start_async().await;
        let mock = server.mock(|when, then| {
            when.query_param("mood", query);
            then.status(200).body("[]");
        });
        let client = made_up(&server);
        let typed = client.list_moods().mood(mood.clone());
        typed.clone().send().await.unwrap();
        mock.assert_async().await;
        mock.delete_async().await;
        let mock = server.list_moods(|when, then| {
            when.mood(mood);
            then.ok(&vec![]);
        });
        typed.send().await.unwrap();
        mock.assert_async().await;
    }
}

//! Parameters of every kind, as the client sends them and mocks expect them.

use std::time::Duration;

use httpmock::MockServer;
use jiff::Timestamp;
use jiff::civil::date;
use rust_decimal::Decimal;
use telesto_fixture_api::ErrorKind;
use telesto_fixture_api::httpmock::MockServerExt as _;
use telesto_fixture_api::types::{GetPlankBody, GetPlankId2, RackType};

use crate::support::{made_up, mock_server};

#[tokio::test]
async fn all_of_them() {
    let server = MockServer::start_async().await;
    let day = date(2024, 1, 15);
    let until: Timestamp = "2024-01-15T10:30:00Z".parse().unwrap();
    let mock = server.get_rack(|when, then| {
        when.rack_id(7)
            .type_(RackType::LowRack)
            ._2nd(day)
            .x_shared(3)
            .filter_name("a & b")
            .types([RackType::HighRack, RackType::Größe])
            .numbers([1, 2])
            .since(day.at(10, 30, 0, 0))
            .until(until)
            .price(Decimal::new(125, 1))
            .size(None)
            .open(false)
            .match_("x")
            .timeout(30)
            .x_required("yes")
            .x_when(day);
        then.no_content();
    });
    let client = made_up(&server);
    let call = || {
        let call = client.get_rack().rack_id(7).type_(RackType::LowRack);
        let call = call._2nd(day).filter_name("a & b").numbers(vec![1, 2]);
        let call = call.types(vec![RackType::HighRack, RackType::Größe]);
        let call = call.since(day.at(10, 30, 0, 0)).until(until);
        let call = call.price(Decimal::new(125, 1)).open(false).match_("x");
        // Not to be confused with how long the call may take.
        let call = call.timeout_(30).timeout(Duration::from_secs(60));
        call.x_shared(3).x_required("yes").x_when(day)
    };
    call().send().await.unwrap();
    mock.assert_async().await;
    // What differs in one of them is another request.
    assert!(call().rack_id(8).send().await.unwrap_err().is_not_found());
    let others = call().numbers(vec![1, 3]).send().await;
    assert!(others.unwrap_err().is_not_found());
    assert!(call().size(20).send().await.unwrap_err().is_not_found());
    assert!(call().x_shared(4).send().await.unwrap_err().is_not_found());
}

#[tokio::test]
async fn those_whose_names_clash() {
    let server = MockServer::start_async().await;
    let day = date(2024, 1, 15);
    let mock = server.get_plank(|when, then| {
        when.send_("a")
            .id(7)
            .id_2(GetPlankId2::B)
            .id_3([1, 2])
            .id_4(day)
            .x_start(3)
            .x_start_2(4)
            .new_(true)
            .body_(GetPlankBody::C);
        then.no_content();
    });
    let other = server.put_plank(|when, then| {
        when.send_("a").id(7).body_("b").body_map_("c");
        then.no_content();
    });
    let client = made_up(&server);
    let call = || {
        let call = client.get_plank().send_("a").id(7).id_2(GetPlankId2::B);
        let call = call.id_3(vec![1, 2]).id_4(day).x_start(3).x_start_2(4);
        call.new_(true).body_(GetPlankBody::C)
    };
    call().send().await.unwrap();
    mock.assert_async().await;
    assert!(call().id_4(None).send().await.unwrap_err().is_not_found());
    let call = client.put_plank().send_("a").id(7).body_("b");
    let call = call.body_map_("c").body_map(|plank| plank.width(3));
    call.send().await.unwrap();
    other.assert_async().await;
}

#[tokio::test]
async fn those_whose_names_clash_are_sent_as_they_are() {
    let telesto = mock_server().await;
    let client = telesto.client();
    let call = client.get_plank().send_("a/").id(7).id_2(GetPlankId2::B);
    let call = call.id_3(vec![1, 2]).id_4(date(2024, 1, 15)).x_start(3);
    let call = call.x_start_2(4).new_(true).body_(GetPlankBody::C);
    call.send().await.unwrap();
    let request = &telesto.server.requests()[0];
    assert_eq!(
        request.path_and_query,
        "/v9/v1.0/planks/a%2F/7?body=c&id=b&id%3C=1%2C2&new=true&x-start=4"
    );
    let header = |name: &str| {
        let headers = request.headers.iter();
        let mut values = headers.filter(|(header, _)| header == name);
        values.next().map(|(_, value)| value.as_str())
    };
    assert_eq!(header("id"), Some("2024-01-15"));
    assert_eq!(header("x-start"), Some("3"));
    let error = client.get_plank().id(7).send_("a").send().await;
    let error = error.unwrap_err();
    assert!(error.to_string().contains("`id_2`"), "{error}");
}

#[tokio::test]
async fn they_are_escaped_where_they_stand() {
    let telesto = mock_server().await;
    let client = telesto.client();
    let call = client.get_rack().rack_id(7).x_required("yes");
    let call = call.type_(RackType::LowRack)._2nd(date(2024, 1, 15));
    let call = call.filter_name("ü&").numbers(vec![1, 2]);
    call.send().await.unwrap();
    assert_eq!(
        telesto.server.requests()[0].path_and_query,
        "/v9/v1.0/racks/7/low%2Frack/2024-01-15?filter%5Bname%5D=%C3%BC%26&numbers=1&numbers=2"
    );
}

#[tokio::test]
async fn those_that_are_required_are_asked_for() {
    let telesto = mock_server().await;
    let client = telesto.client();
    let error = client.get_rack().send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidRequest);
    let unknown = RackType::Unknown("new".to_owned());
    let call = client.get_rack().rack_id(7).type_(unknown);
    let call = call._2nd(date(2024, 1, 15)).filter_name("a");
    let call = call.numbers(vec![]).x_required("yes");
    let error = call.send().await.unwrap_err();
    assert!(error.to_string().contains("`new`"), "{error}");
    assert!(telesto.server.requests().is_empty());
}

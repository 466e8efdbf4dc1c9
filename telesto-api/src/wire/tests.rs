//! What the wire may hold, and what it is read as.

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, date};
use proptest::prelude::*;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{Emptied, Wire, Written, to_text};

/// A field as the generator writes it.
#[derive(Debug, Deserialize, Serialize)]
#[serde(bound = "T: Wire")]
struct Field<T> {
    #[serde(with = "crate::wire")]
    value: T,
}

fn read<T: Wire>(value: Value) -> Result<T, String> {
    read_text(&value.to_string())
}

/// Reads JSON as it comes from the server.
fn read_text<T: Wire>(json: &str) -> Result<T, String> {
    serde_json::from_str::<Field<T>>(&format!("{{\"value\": {json}}}"))
        .map(|field| field.value)
        .map_err(|error| error.to_string())
}

fn write<T: Wire>(value: T) -> Value {
    serde_json::to_value(Written(&value)).unwrap()
}

/// A made-up object, with attributes as the generator writes them.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
struct Part {
    #[serde(default, with = "crate::wire")]
    size: Option<i64>,
    #[serde(rename = "$serde_json::private::Number", default, skip_serializing)]
    emptied: Emptied,
}

fn part(size: Option<i64>) -> Part {
    Part {
        size,
        ..Part::default()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize)]
enum Status {
    #[serde(rename = "In Progress")]
    InProgress,
    #[serde(rename = "0001")]
    First,
}

#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(transparent)]
struct Parts(Vec<Part>);

/// An enum as the generator opens it.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
enum Open {
    Known,
    #[serde(untagged, serialize_with = "crate::wire::never_sent")]
    Unknown(String),
}

super::schemas! { Part: Object, Status: Text, Open: Text }
super::newtypes! { Parts: Vec<Part> }

#[test]
fn an_empty_text_is_none_whatever_the_type() {
    fn is_none<T: Wire + PartialEq + std::fmt::Debug>() {
        for empty in [json!(""), json!(null)] {
            assert_eq!(read::<Option<T>>(empty.clone()), Ok(None), "{empty}");
        }
    }
    is_none::<String>();
    is_none::<i32>();
    is_none::<i64>();
    is_none::<NonZeroU32>();
    is_none::<f64>();
    is_none::<bool>();
    is_none::<Decimal>();
    is_none::<Date>();
    is_none::<DateTime>();
    is_none::<Timestamp>();
    is_none::<Value>();
    is_none::<Vec<String>>();
    is_none::<BTreeMap<String, i32>>();
    is_none::<Box<Part>>();
    is_none::<Part>();
    is_none::<Status>();
    is_none::<Parts>();
}

#[test]
fn what_is_required_is_empty_or_an_error() {
    assert_eq!(read::<String>(json!("")), Ok(String::new()));
    assert_eq!(read::<Vec<Part>>(json!("")), Ok(Vec::new()));
    assert_eq!(read::<Parts>(json!("")), Ok(Parts(Vec::new())));
    assert_eq!(
        read::<BTreeMap<String, i32>>(json!("")),
        Ok(BTreeMap::new())
    );
    for error in [
        read::<Decimal>(json!("")).unwrap_err(),
        read::<bool>(json!(null)).unwrap_err(),
        read::<Part>(json!("")).unwrap_err(),
        read::<Date>(json!("0000-00-00")).unwrap_err(),
    ] {
        assert!(error.contains("but the spec requires one"), "{error}");
    }
}

#[test]
fn what_is_empty_in_a_list_or_a_map_is_left_out() {
    let one_and_two = json!(["1", "", 2, null]);
    assert_eq!(read::<Vec<i32>>(one_and_two.clone()), Ok(vec![1, 2]));
    let prices = json!({"retail": "", "trade": "2.50", "none": null});
    let trade = BTreeMap::from([("trade".to_owned(), Decimal::new(250, 2))]);
    assert_eq!(read::<BTreeMap<String, Decimal>>(prices), Ok(trade));
    // These types have a value for it.
    let texts = ["1", "", "2", ""].map(str::to_owned);
    assert_eq!(read::<Vec<String>>(one_and_two.clone()), Ok(texts.to_vec()));
    let nullable = vec![Some(1), None, Some(2), None];
    assert_eq!(read::<Vec<Option<i32>>>(one_and_two), Ok(nullable));
    // What is not empty is never left out.
    assert!(read::<Vec<i32>>(json!(["1", "x"])).is_err());
}

#[test]
fn quantities_are_the_same_in_every_form() {
    let fifty = Decimal::from(50);
    for form in [
        json!("50"),
        json!(50),
        json!("50.00"),
        json!(50.0),
        json!(" 50 "),
    ] {
        assert_eq!(read::<Decimal>(form.clone()), Ok(fifty), "{form}");
        assert_eq!(read::<i32>(form.clone()), Ok(50), "{form}");
        assert_eq!(read::<u64>(form.clone()), Ok(50), "{form}");
        assert_eq!(read::<f64>(form.clone()), Ok(50.0), "{form}");
        assert_eq!(
            read::<NonZeroU32>(form.clone()).map(NonZeroU32::get),
            Ok(50)
        );
    }
    assert_eq!(read::<Decimal>(json!("-0.10")), Ok(Decimal::new(-1, 1)));
    assert_eq!(read::<Decimal>(json!(12.35)), Ok(Decimal::new(1235, 2)));
    assert_eq!(read::<Decimal>(json!("1e3")), Ok(Decimal::from(1000)));
}

#[test]
fn a_number_that_does_not_fit_is_an_error() {
    for (error, says) in [
        (
            read::<i32>(json!("50.5")).unwrap_err(),
            "a whole number (i32)",
        ),
        (read::<i32>(json!(3_000_000_000_u32)).unwrap_err(), "(i32)"),
        (read::<u8>(json!("-1")).unwrap_err(), "(u8)"),
        (read::<NonZeroU32>(json!("0")).unwrap_err(), "not zero"),
        (read::<i64>(json!("many")).unwrap_err(), "\"many\""),
        (read::<i64>(json!(true)).unwrap_err(), "boolean"),
        (read::<f64>(json!("NaN")).unwrap_err(), "a number"),
        (
            read::<Decimal>(json!("many")).unwrap_err(),
            "string \"many\"",
        ),
        (read::<Decimal>(json!(true)).unwrap_err(), "boolean `true`"),
        (
            read::<Decimal>(json!(false)).unwrap_err(),
            "boolean `false`",
        ),
        (read::<Decimal>(json!("1,50")).unwrap_err(), "\"1,50\""),
        (
            read::<Decimal>(json!("0.12345678901234567890123456789012")).unwrap_err(),
            "decimal",
        ),
        (read::<Decimal>(json!({})).unwrap_err(), "a decimal number"),
    ] {
        assert!(error.contains(says), "{error}");
    }
}

#[test]
fn a_boolean_is_one_in_every_form() {
    for form in [
        json!(true),
        json!("true"),
        json!("TRUE"),
        json!("1"),
        json!(1),
    ] {
        assert_eq!(read::<bool>(form.clone()), Ok(true), "{form}");
    }
    for form in [json!(false), json!("false"), json!("0"), json!(0)] {
        assert_eq!(read::<bool>(form.clone()), Ok(false), "{form}");
    }
    for form in [json!("yes"), json!(2), json!("2"), json!([])] {
        assert!(read::<bool>(form.clone()).is_err(), "{form}");
    }
}

#[test]
fn false_is_none_where_it_can_mean_nothing_else() {
    let none = json!(false);
    assert_eq!(read::<Option<String>>(none.clone()), Ok(None));
    assert_eq!(read::<Option<Date>>(none.clone()), Ok(None));
    assert_eq!(read::<Option<DateTime>>(none.clone()), Ok(None));
    assert_eq!(read::<Option<Part>>(none.clone()), Ok(None));
    assert_eq!(read::<Option<Box<Part>>>(none.clone()), Ok(None));
    assert_eq!(read::<Option<Status>>(none.clone()), Ok(None));
    assert_eq!(read::<Option<Open>>(none.clone()), Ok(None));
    assert_eq!(read::<Option<Vec<i32>>>(none.clone()), Ok(None));
    assert_eq!(
        read::<Option<BTreeMap<String, i32>>>(none.clone()),
        Ok(None)
    );
    assert_eq!(read::<Option<Map<String, Value>>>(none.clone()), Ok(None));
    // A value.
    assert_eq!(read::<Option<bool>>(none.clone()), Ok(Some(false)));
    assert_eq!(read::<Option<Value>>(none.clone()), Ok(Some(none.clone())));
    for error in [
        // Perhaps zero.
        read::<Option<i32>>(none.clone()).map(drop),
        read::<Option<Decimal>>(none.clone()).map(drop),
        // There has to be a value.
        read::<String>(none.clone()).map(drop),
        read::<Date>(none.clone()).map(drop),
        read::<Status>(none.clone()).map(drop),
        read::<Vec<i32>>(none.clone()).map(drop),
        read::<BTreeMap<String, i32>>(none.clone()).map(drop),
        read::<Map<String, Value>>(none.clone()).map(drop),
        read::<Part>(none).map(drop),
        // Nothing that PHP says.
        read::<Option<String>>(json!(true)).map(drop),
        read::<Option<Date>>(json!(true)).map(drop),
        read::<Option<Status>>(json!(true)).map(drop),
        read::<Option<Part>>(json!(true)).map(drop),
    ] {
        let error = error.unwrap_err();
        assert!(error.contains("boolean `"), "{error}");
    }
}

/// Any crate of a program may turn on `serde_json/arbitrary_precision`, with
/// which numbers come as maps. CI runs these tests with it and without.
#[test]
fn a_native_number_is_read_alike_whichever_features_are_on() {
    let decimal = |text: &str| text.parse::<Decimal>().unwrap();
    assert_eq!(read_text::<Decimal>("12.5"), Ok(decimal("12.5")));
    assert_eq!(read_text::<Decimal>("-12.50"), Ok(decimal("-12.50")));
    assert_eq!(
        read_text::<Option<Decimal>>("12.5"),
        Ok(Some(decimal("12.5")))
    );
    assert_eq!(read_text::<f64>("12.5"), Ok(12.5));
    assert_eq!(read_text::<i32>("12.0"), Ok(12));
    assert_eq!(read_text::<i64>("1e3"), Ok(1000));
    assert_eq!(
        read_text::<NonZeroU32>("5.0"),
        Ok(NonZeroU32::new(5).unwrap())
    );
    assert_eq!(read_text::<String>("12.50"), Ok("12.5".to_owned()));
    assert_eq!(
        read_text::<Vec<Decimal>>("[12.5, 1]"),
        Ok(vec![decimal("12.5"), decimal("1")])
    );
    assert_eq!(
        read_text::<Value>("[12.5, {\"a\": 2.5}]"),
        Ok(json!([12.5, {"a": 2.5}]))
    );
    assert_eq!(
        read_text::<Open>("12.5"),
        Ok(Open::Unknown("12.5".to_owned()))
    );
    for (error, expected) in [
        (read_text::<Part>("12.5").map(drop), "an object"),
        (read_text::<Option<Part>>("12.5").map(drop), "an object"),
        (
            read_text::<BTreeMap<String, String>>("12.5").map(drop),
            "an object",
        ),
        (
            read_text::<Map<String, Value>>("12.5").map(drop),
            "an object",
        ),
        (read_text::<Vec<String>>("12.5").map(drop), "a list"),
        (read_text::<Date>("12.5").map(drop), "a date"),
        (read_text::<bool>("0.5").map(drop), "a boolean"),
        (read_text::<i32>("12.5").map(drop), "a whole number"),
        (
            read_text::<i64>("12345678901234567890").map(drop),
            "a whole number",
        ),
        (
            read_text::<String>("12345678901234567890123").map(drop),
            "text",
        ),
        (read_text::<Decimal>("[12.5]").map(drop), "a decimal number"),
        (read_text::<Decimal>("true").map(drop), "a decimal number"),
    ] {
        let error = error.unwrap_err();
        assert!(error.contains(&format!("expected {expected}")), "{error}");
    }
}

#[test]
fn a_decimal_is_exact_or_an_error() {
    for exact in [
        "1234567890123456789012345678",
        "0.1234567890123456789012345678",
        "9007199254740993.5",
    ] {
        let decimal: Decimal = exact.parse().unwrap();
        assert_eq!(decimal.to_string(), exact);
        assert_eq!(read_text::<Decimal>(exact), Ok(decimal));
        assert_eq!(read_text::<Decimal>(&format!("\" {exact}\"")), Ok(decimal));
    }
    for rounded in [
        "1.23456789012345678901234567891",
        "123456789012345678901234567891",
        "0.12345678901234567890123456789",
        "1.23456789012345678901234567891e3",
        "1e-29",
    ] {
        for json in [rounded.to_owned(), format!("\"{rounded}\"")] {
            let error = read_text::<Decimal>(&json).unwrap_err();
            assert!(
                error.contains("expected a decimal number"),
                "{json}: {error}"
            );
            assert!(error.contains(rounded), "{error}");
        }
    }
    assert_eq!(
        read_text::<Decimal>("\"\\u0031.5\""),
        Ok(Decimal::new(15, 1))
    );
}

/// An object that holds any others, too: serde buffers these, so that numbers
/// are doubles.
#[derive(Debug, Deserialize)]
struct Rest {
    #[serde(flatten, with = "crate::wire")]
    rest: BTreeMap<String, Decimal>,
}

#[test]
fn an_underscore_is_no_part_of_a_number() {
    for json in [r#""1_0""#, r#""1_0.5""#, r#""_1""#, r#""1_0e2""#] {
        assert!(read_text::<Decimal>(json).is_err(), "{json}");
        assert!(read_text::<i64>(json).is_err(), "{json}");
        assert!(read_text::<f64>(json).is_err(), "{json}");
    }
}

#[test]
fn a_double_is_a_decimal_as_long_as_it_can_hold_its_digits() {
    let read = |json: &str| serde_json::from_str::<Rest>(json);
    let Rest { rest } = read(r#"{"a": 12.5, "b": "0.10", "c": 3, "d": ""}"#).unwrap();
    let rest: Vec<_> = rest.values().map(Decimal::to_string).collect();
    assert_eq!(rest, ["12.5", "0.10", "3"]);
    assert!(read(r#"{"a": 12345678901234567890123456789.5}"#).is_err());
}

#[test]
fn a_code_keeps_its_zeros_and_one_sent_as_a_number_its_digits() {
    assert_eq!(read::<String>(json!("0001")), Ok("0001".to_owned()));
    assert_eq!(
        read::<String>(json!(4_006_381_333_931_u64)),
        Ok("4006381333931".to_owned())
    );
    assert_eq!(read::<String>(json!(-5)), Ok("-5".to_owned()));
    assert_eq!(read::<String>(json!(1.5)), Ok("1.5".to_owned()));
    // Its last digits are lost already.
    assert!(read::<String>(json!(1e300)).is_err());
    assert!(read::<String>(json!(["a"])).is_err());
}

#[test]
fn dates_are_read_without_a_zone() {
    let day = date(2024, 1, 15);
    assert_eq!(read::<Date>(json!("2024-01-15")), Ok(day));
    assert_eq!(read::<Date>(json!("2024-01-15 00:00:00")), Ok(day));
    assert_eq!(read::<Date>(json!("2024-01-15T00:00:00.000Z")), Ok(day));
    let moment = day.at(10, 30, 0, 0);
    assert_eq!(read::<DateTime>(json!("2024-01-15 10:30:00")), Ok(moment));
    assert_eq!(read::<DateTime>(json!("2024-01-15T10:30:00")), Ok(moment));
    assert_eq!(read::<DateTime>(json!("2024-01-15 10:30")), Ok(moment));
    assert_eq!(
        read::<DateTime>(json!("2024-01-15")),
        Ok(day.at(0, 0, 0, 0))
    );
    let instant = "2024-01-15T09:30:00Z".parse::<Timestamp>().unwrap();
    assert_eq!(
        read::<Timestamp>(json!("2024-01-15T10:30:00+01:00")),
        Ok(instant)
    );
}

#[test]
fn zero_dates_are_none() {
    for zero in ["0000-00-00", "0000-00-00 00:00:00", "-0001-11-30 00:00:00"] {
        assert_eq!(read::<Option<Date>>(json!(zero)), Ok(None), "{zero}");
        assert_eq!(read::<Option<DateTime>>(json!(zero)), Ok(None), "{zero}");
        assert_eq!(read::<Option<Timestamp>>(json!(zero)), Ok(None), "{zero}");
    }
}

#[test]
fn a_date_that_is_none_is_an_error() {
    for wrong in [
        json!("2024-02-30"),
        json!("15.01.2024"),
        json!("2024-01-15 25:00:00"),
        // The zone would be lost, and with it the time.
        json!("2024-01-15T10:30:00Z"),
        json!("2024-01-15 10:30:00+01:00"),
        json!(1_705_314_600),
    ] {
        assert!(read::<Option<DateTime>>(wrong.clone()).is_err(), "{wrong}");
    }
    // A time of day in a date would be lost.
    assert!(read::<Date>(json!("2024-01-15 10:30:00")).is_err());
}

#[test]
fn dates_are_written_as_telesto_writes_them() {
    let day = date(2024, 1, 5);
    assert_eq!(write(day), json!("2024-01-05"));
    assert_eq!(write(day.at(1, 2, 3, 0)), json!("2024-01-05 01:02:03"));
    assert_eq!(to_text(&day.at(1, 2, 3, 0)).unwrap(), "2024-01-05 01:02:03");
    assert_eq!(write(Some(day)), json!("2024-01-05"));
    assert_eq!(write(None::<Date>), json!(null));
    assert_eq!(write(vec![day]), json!(["2024-01-05"]));
    assert_eq!(to_text(&None::<Date>).unwrap(), "");
    assert_eq!(to_text(&7).unwrap(), "7");
}

#[test]
fn an_object_that_is_empty_is_none_in_every_form() {
    for empty in [json!(""), json!(null), json!([])] {
        assert_eq!(read::<Option<Part>>(empty.clone()), Ok(None), "{empty}");
    }
    assert_eq!(read::<Part>(json!({})), Ok(part(None)));
    assert_eq!(
        read::<Part>(json!({"size": "7", "new": []})),
        Ok(part(Some(7)))
    );
    // Its fields in order are no object, and not none either.
    assert!(read::<Part>(json!([7])).is_err());
    assert!(read::<Option<Part>>(json!([7])).is_err());
    // Nor is any list one of any names.
    type Free = Map<String, Value>;
    for empty in [json!(""), json!(null), json!([])] {
        assert_eq!(read::<Option<Free>>(empty.clone()), Ok(None), "{empty}");
        assert_eq!(read::<Free>(empty), Ok(Free::new()));
    }
    assert!(read::<Option<Free>>(json!([7])).is_err());
    assert!(read::<Option<Free>>(json!("a")).is_err());
    assert!(read::<Part>(json!("7")).is_err());
}

#[test]
fn an_enum_is_read_by_its_text() {
    assert_eq!(read::<Status>(json!("In Progress")), Ok(Status::InProgress));
    assert_eq!(read::<Status>(json!("0001")), Ok(Status::First));
    let error = read::<Option<Status>>(json!("Delayed")).unwrap_err();
    assert!(error.contains("Delayed"), "{error}");
    assert!(read::<Status>(json!({"In Progress": null})).is_err());
}

#[test]
fn an_unknown_value_is_read_and_written_nowhere() {
    let unknown = Open::Unknown("New".to_owned());
    assert_eq!(read::<Open>(json!("New")), Ok(unknown.clone()));
    assert_eq!(read::<Open>(json!("Known")), Ok(Open::Known));
    assert_eq!(read::<Open>(json!(7)), Ok(Open::Unknown("7".to_owned())));
    assert_eq!(read::<Open>(json!(-7)), Ok(Open::Unknown("-7".to_owned())));
    assert_eq!(to_text(&Open::Known).unwrap(), "Known");
    // Not as an empty text either, as which a header or a path would carry it.
    let error = to_text(&unknown).unwrap_err().to_string();
    assert!(error.contains("does not list the value `New`"), "{error}");
    assert!(serde_json::to_value(Written(&vec![unknown])).is_err());
}

#[test]
fn free_form_json_has_null_for_empty_texts_at_every_depth() {
    let sent = json!({"a": "", "b": [1, "", {"c": ""}], "d": "x", "e": {}});
    let read = read::<Value>(sent).unwrap();
    assert_eq!(
        read,
        json!({"a": null, "b": [1, null, {"c": null}], "d": "x", "e": {}})
    );
}

#[test]
fn maps_and_lists_read_their_elements_in_the_same_way() {
    let map = read::<BTreeMap<String, Option<i32>>>(json!({"a": "1", "b": ""})).unwrap();
    assert_eq!(
        map,
        BTreeMap::from([("a".to_owned(), Some(1)), ("b".to_owned(), None)])
    );
    // How PHP writes an empty map.
    assert_eq!(
        read::<BTreeMap<String, i32>>(json!([])),
        Ok(BTreeMap::new())
    );
    assert!(read::<BTreeMap<String, i32>>(json!([1])).is_err());
    assert_eq!(read::<Vec<i32>>(json!(["1", 2, "3.0"])), Ok(vec![1, 2, 3]));
    // How PHP writes a list that has lost items, and an empty one.
    assert_eq!(
        read::<Vec<i32>>(json!({"0": 1, "2": "", "10": "3"})),
        Ok(vec![1, 3])
    );
    assert_eq!(read::<Vec<i32>>(json!({})), Ok(Vec::new()));
    for object in [json!({"0": 1, "a": 2}), json!({"-1": 1}), json!({"": 1})] {
        assert!(read::<Vec<i32>>(object.clone()).is_err(), "{object}");
    }
    let parts = Parts(vec![part(Some(1))]);
    assert_eq!(read::<Parts>(json!([{"size": "1"}])), Ok(parts));
}

proptest! {
    #[test]
    fn decimals_are_read_as_they_were_written(number: i64, scale in 0u32..18) {
        let decimal = Decimal::new(number, scale);
        prop_assert_eq!(read::<Decimal>(write(decimal)), Ok(decimal));
        prop_assert_eq!(read::<Decimal>(json!(decimal.to_string())), Ok(decimal));
    }

    #[test]
    fn integers_are_read_as_they_were_written(number: i64) {
        prop_assert_eq!(read::<i64>(write(number)), Ok(number));
        prop_assert_eq!(read::<i64>(json!(number.to_string())), Ok(number));
        prop_assert_eq!(read::<i64>(json!(format!("{number}.000"))), Ok(number));
    }

    #[test]
    fn moments_are_read_as_they_were_written(seconds in 0i64..4_000_000_000, nanoseconds in 0i32..1_000_000_000) {
        let instant = Timestamp::new(seconds, nanoseconds).unwrap();
        let moment = jiff::tz::TimeZone::UTC.to_datetime(instant);
        prop_assert_eq!(read::<Timestamp>(write(instant)), Ok(instant));
        prop_assert_eq!(read::<DateTime>(write(moment)), Ok(moment));
        prop_assert_eq!(read::<Date>(write(moment.date())), Ok(moment.date()));
    }

    /// Text other than the empty one is never changed.
    #[test]
    fn text_is_read_as_it_is(text in ".+") {
        prop_assert_eq!(read::<Option<String>>(json!(text)), Ok(Some(text)));
    }
}

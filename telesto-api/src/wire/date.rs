//! Dates and times, in the form that Telesto documents: `2024-01-15 10:30:00`,
//! with no zone.

use std::fmt;
use std::marker::PhantomData;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use serde::de::{Deserializer, Error, Unexpected, Visitor};
use serde::ser::Serializer;

use super::{Presence, Wire};

/// A date or a time that comes as text.
trait Moment: Sized {
    const EXPECTED: &'static str;
    fn from_text(text: &str) -> Option<Self>;
}

struct MomentVisitor<T> {
    presence: Presence,
    moment: PhantomData<T>,
}

impl<T: Moment> Visitor<'_> for MomentVisitor<T> {
    type Value = Option<T>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(T::EXPECTED)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        let trimmed = text.trim_ascii();
        if trimmed.is_empty() || is_zero_date(trimmed) {
            return Ok(None);
        }
        T::from_text(trimmed)
            .map(Some)
            .ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
    }

    false_is_none!();
    null_is_none!();
}

/// `0000-00-00`, with or without a time, is what MySQL keeps for "none", and
/// `-0001-11-30` is what PHP's date classes make of it.
fn is_zero_date(text: &str) -> bool {
    text.starts_with("0000-00-00") || text.starts_with("-0001-11-30")
}

impl Moment for Date {
    const EXPECTED: &'static str = "a date (YYYY-MM-DD)";

    fn from_text(text: &str) -> Option<Self> {
        match split(text) {
            // A date column read as a date-time says midnight, in UTC if in a zone.
            Some((date, time)) => parse_time(time.strip_suffix('Z').unwrap_or(time))
                .filter(|time| *time == Time::midnight())
                .and_then(|_| parse_date(date)),
            None => parse_date(text),
        }
    }
}

impl Moment for DateTime {
    const EXPECTED: &'static str = "a date and time without a zone (YYYY-MM-DD HH:MM:SS)";

    fn from_text(text: &str) -> Option<Self> {
        match split(text) {
            Some((date, time)) => Some(parse_date(date)?.to_datetime(parse_time(time)?)),
            None => Some(parse_date(text)?.to_datetime(Time::midnight())),
        }
    }
}

impl Moment for Timestamp {
    const EXPECTED: &'static str = "a date and time with a zone (RFC 3339)";

    fn from_text(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

fn split(text: &str) -> Option<(&str, &str)> {
    text.split_once([' ', 'T'])
}

/// `2024-01-15`, and no other of the forms that a date may have elsewhere.
fn parse_date(text: &str) -> Option<Date> {
    let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = *text.as_bytes() else {
        return None;
    };
    let year = two_digits(y1, y2)? * 100 + two_digits(y3, y4)?;
    let month = two_digits(m1, m2)?;
    let day = two_digits(d1, d2)?;
    Date::new(year, month.try_into().ok()?, day.try_into().ok()?).ok()
}

/// `10:30:00`, also without seconds or with parts of them. A zone is refused:
/// silently dropped, it would make a wrong time.
fn parse_time(text: &str) -> Option<Time> {
    if let [h1, h2, b':', m1, m2, b':', s1, s2] = *text.as_bytes() {
        let hour = two_digits(h1, h2)?;
        let minute = two_digits(m1, m2)?;
        let second = two_digits(s1, s2)?;
        let [hour, minute, second] = [hour, minute, second].map(|part| part as i8);
        return Time::new(hour, minute, second, 0).ok();
    }
    let plain = text
        .bytes()
        .all(|byte| byte.is_ascii_digit() || matches!(byte, b':' | b'.'));
    plain.then(|| text.parse().ok()).flatten()
}

fn two_digits(tens: u8, ones: u8) -> Option<i16> {
    let digit = |byte: u8| byte.is_ascii_digit().then(|| i16::from(byte - b'0'));
    Some(digit(tens)? * 10 + digit(ones)?)
}

macro_rules! wire_moment {
    ($type:ty, $value:ident => $written:expr) => {
        impl Wire for $type {
            fn read<'de, D: Deserializer<'de>>(
                deserializer: D,
                presence: Presence,
            ) -> Result<Option<Self>, D::Error> {
                deserializer.deserialize_any(MomentVisitor::<Self> {
                    presence,
                    moment: PhantomData,
                })
            }

            fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let $value = self;
                serializer.collect_str(&$written)
            }
        }
    };
}

wire_moment!(Date, date => date);
wire_moment!(DateTime, moment => format_args!("{} {}", moment.date(), moment.time()));
wire_moment!(Timestamp, instant => instant);

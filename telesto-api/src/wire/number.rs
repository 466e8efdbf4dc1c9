//! Numbers and booleans: as text or native.

use std::fmt;
use std::marker::PhantomData;
use std::num::{
    NonZeroI8, NonZeroI16, NonZeroI32, NonZeroI64, NonZeroU8, NonZeroU16, NonZeroU32, NonZeroU64,
};

use rust_decimal::Decimal;
use serde::de::{Deserializer, Error, MapAccess, Unexpected, Visitor};
use serde::ser::{Serialize, Serializer};

use super::digits::{self, Digits, digits};
use super::{Presence, Wire};

/// A number, by the forms that it may come in.
trait Number: Sized {
    const EXPECTED: &'static str;
    fn from_text(text: &str) -> Option<Self>;
    fn from_integer(number: i128) -> Option<Self>;
    fn from_float(number: f64) -> Option<Self>;

    /// From the digits of a number as they stand in JSON.
    fn from_digits(text: &str) -> Option<Self> {
        Self::from_text(text).or_else(|| Self::from_float(text.parse().ok()?))
    }
}

impl<T: Number> NumberVisitor<T> {
    /// A number, as text or native, or `""` or `null`, as it stands in JSON.
    fn from_source(source: &str) -> Option<Option<T>> {
        let text = match source.as_bytes() {
            b"null" => return Some(None),
            [b'"', text @ .., b'"'] if !text.contains(&b'\\') => &source[1..source.len() - 1],
            [b'"', ..] => &*serde_json::from_str::<String>(source).ok()?,
            [b'-' | b'0'..=b'9', ..] => return T::from_digits(source).map(Some),
            _ => return None,
        };
        let text = text.trim_ascii();
        match text.is_empty() {
            true => Some(None),
            false => T::from_text(text).map(Some),
        }
    }

    /// The error of a value that is none, as it stands in JSON.
    fn invalid_source<E: Error>(&self, source: &str) -> E {
        match source.as_bytes() {
            [b'"', ..] => {
                let text = serde_json::from_str::<String>(source).unwrap_or_default();
                E::invalid_value(Unexpected::Str(&text), self)
            }
            [b'{', ..] => E::invalid_type(Unexpected::Map, self),
            [b'[', ..] => E::invalid_type(Unexpected::Seq, self),
            [b't' | b'f', ..] => E::invalid_type(Unexpected::Bool(source == "true"), self),
            _ => E::invalid_value(Unexpected::Other(source), self),
        }
    }
}

struct NumberVisitor<T>(PhantomData<T>);

impl<'de, T: Number> Visitor<'de> for NumberVisitor<T> {
    type Value = Option<T>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(T::EXPECTED)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        let trimmed = text.trim_ascii();
        if trimmed.is_empty() {
            return Ok(None);
        }
        T::from_text(trimmed)
            .map(Some)
            .ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
        T::from_integer(number.into())
            .map(Some)
            .ok_or_else(|| E::invalid_value(Unexpected::Signed(number), &self))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
        T::from_integer(number.into())
            .map(Some)
            .ok_or_else(|| E::invalid_value(Unexpected::Unsigned(number), &self))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Self::Value, E> {
        T::from_float(number)
            .map(Some)
            .ok_or_else(|| E::invalid_value(Unexpected::Float(number), &self))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        let number = |text: &str| T::from_digits(text).ok_or_else(|| text.to_owned());
        let source = |text: &str| Self::from_source(text).ok_or_else(|| text.to_owned());
        match digits(map, number, source)? {
            Some(Digits::Number(number)) => number
                .map(Some)
                .map_err(|digits| A::Error::invalid_value(Unexpected::Other(&digits), &self)),
            Some(Digits::Source(source)) => source.map_err(|text| self.invalid_source(&text)),
            None => Err(A::Error::invalid_type(Unexpected::Map, &self)),
        }
    }

    /// What asked for its source, where there is none to be had.
    fn visit_newtype_struct<D: Deserializer<'de>>(
        self,
        deserializer: D,
    ) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }

    null_is_none!();
}

macro_rules! wire_number {
    ($($type:ty),*) => {$(
        impl Wire for $type {
            fn read<'de, D: Deserializer<'de>>(
                deserializer: D,
                _: Presence,
            ) -> Result<Option<Self>, D::Error> {
                deserializer.deserialize_any(NumberVisitor::<Self>(PhantomData))
            }

            fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                Serialize::serialize(self, serializer)
            }
        }
    )*};
}

macro_rules! integer {
    ($($type:ty),*) => {$(
        impl Number for $type {
            const EXPECTED: &'static str = concat!("a whole number (", stringify!($type), ")");

            fn from_text(text: &str) -> Option<Self> {
                whole(text)?.parse().ok()
            }

            fn from_integer(number: i128) -> Option<Self> {
                number.try_into().ok()
            }

            fn from_float(number: f64) -> Option<Self> {
                Self::from_text(&super::text::exact_text(number)?)
            }
        }
        wire_number!($type);
    )*};
}

integer!(i8, i16, i32, i64, u8, u16, u32, u64);

macro_rules! non_zero {
    ($($type:ty),*) => {$(
        impl Number for $type {
            const EXPECTED: &'static str =
                concat!("a whole number that is not zero (", stringify!($type), ")");

            fn from_text(text: &str) -> Option<Self> {
                Self::new(Number::from_text(text)?)
            }

            fn from_integer(number: i128) -> Option<Self> {
                Self::new(Number::from_integer(number)?)
            }

            fn from_float(number: f64) -> Option<Self> {
                Self::new(Number::from_float(number)?)
            }
        }
        wire_number!($type);
    )*};
}

non_zero!(
    NonZeroI8, NonZeroI16, NonZeroI32, NonZeroI64, NonZeroU8, NonZeroU16, NonZeroU32, NonZeroU64
);

impl Number for f64 {
    const EXPECTED: &'static str = "a number";

    fn from_text(text: &str) -> Option<Self> {
        // `parse` also takes "inf" and "nan", which JSON cannot write back.
        text.parse().ok().filter(|number: &Self| number.is_finite())
    }

    fn from_integer(number: i128) -> Option<Self> {
        Some(number as Self)
    }

    fn from_float(number: f64) -> Option<Self> {
        Some(number).filter(|number| number.is_finite())
    }
}

wire_number!(f64);

impl Number for Decimal {
    const EXPECTED: &'static str = "a decimal number";

    fn from_text(text: &str) -> Option<Self> {
        // It would read `1_0` as 10.
        if text.contains('_') {
            return None;
        }
        // `from_str_exact` refuses what it would have to round.
        if let Ok(decimal) = Decimal::from_str_exact(text) {
            return Some(decimal);
        }
        let (digits, _) = text.split_once(['e', 'E'])?;
        Decimal::from_str_exact(digits).ok()?;
        Decimal::from_scientific(text).ok()
    }

    fn from_integer(number: i128) -> Option<Self> {
        Decimal::try_from_i128_with_scale(number, 0).ok()
    }

    fn from_float(number: f64) -> Option<Self> {
        // The shortest text that reads back as this float is what was sent,
        // for up to 15 digits.
        super::text::exact_text(number)?;
        Self::from_text(&format!("{number:e}"))
    }

    fn from_digits(text: &str) -> Option<Self> {
        Self::from_text(text)
    }
}

impl Wire for Decimal {
    fn read<'de, D: Deserializer<'de>>(
        deserializer: D,
        _: Presence,
    ) -> Result<Option<Self>, D::Error> {
        // A double would not do.
        deserializer.deserialize_newtype_struct(digits::SOURCE, NumberVisitor::<Self>(PhantomData))
    }

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // Its own implementation writes what the features of the crate say, which
        // any crate of a program may turn on for all others.
        serializer.collect_str(self)
    }
}

/// A whole number without the decimal places that say nothing: `50.00` is `50`.
fn whole(text: &str) -> Option<&str> {
    match text.split_once('.') {
        None => Some(text),
        Some((whole, places)) => places.bytes().all(|digit| digit == b'0').then_some(whole),
    }
}

impl Wire for bool {
    fn read<'de, D: Deserializer<'de>>(
        deserializer: D,
        _: Presence,
    ) -> Result<Option<Self>, D::Error> {
        struct Boolean;

        impl Visitor<'_> for Boolean {
            type Value = Option<bool>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a boolean (true, false, 1 or 0, also as text)")
            }

            fn visit_bool<E: Error>(self, value: bool) -> Result<Self::Value, E> {
                Ok(Some(value))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
                match text.trim_ascii() {
                    "" => Ok(None),
                    "1" => Ok(Some(true)),
                    "0" => Ok(Some(false)),
                    word if word.eq_ignore_ascii_case("true") => Ok(Some(true)),
                    word if word.eq_ignore_ascii_case("false") => Ok(Some(false)),
                    _ => Err(E::invalid_value(Unexpected::Str(text), &self)),
                }
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
                match number {
                    0 => Ok(Some(false)),
                    1 => Ok(Some(true)),
                    _ => Err(E::invalid_value(Unexpected::Unsigned(number), &self)),
                }
            }

            null_is_none!();
        }

        deserializer.deserialize_any(Boolean)
    }

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bool(*self)
    }
}

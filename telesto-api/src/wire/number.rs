//! Numbers and booleans: as text or native.

use std::fmt;
use std::marker::PhantomData;
use std::num::{
    NonZeroI8, NonZeroI16, NonZeroI32, NonZeroI64, NonZeroU8, NonZeroU16, NonZeroU32, NonZeroU64,
};

use rust_decimal::Decimal;
use serde::de::{Deserializer, Error, Unexpected, Visitor};
use serde::ser::{Serialize, Serializer};

use super::Wire;

/// A number, by the forms that it may come in.
trait Number: Sized {
    const EXPECTED: &'static str;
    fn from_text(text: &str) -> Option<Self>;
    fn from_integer(number: i128) -> Option<Self>;
    fn from_float(number: f64) -> Option<Self>;
}

struct NumberVisitor<T>(PhantomData<T>);

impl<T: Number> Visitor<'_> for NumberVisitor<T> {
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

    null_is_none!();
}

macro_rules! wire_number {
    ($($type:ty),*) => {$(
        impl Wire for $type {
            fn read<'de, D: Deserializer<'de>>(
                deserializer: D,
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

macro_rules! float {
    ($($type:ty),*) => {$(
        impl Number for $type {
            const EXPECTED: &'static str = "a number";

            fn from_text(text: &str) -> Option<Self> {
                // `parse` also takes "inf" and "nan", which JSON cannot write back.
                text.parse().ok().filter(|number: &Self| number.is_finite())
            }

            fn from_integer(number: i128) -> Option<Self> {
                Some(number as Self)
            }

            fn from_float(number: f64) -> Option<Self> {
                Some(number as Self).filter(|number| number.is_finite())
            }
        }
        wire_number!($type);
    )*};
}

float!(f32, f64);

impl Number for Decimal {
    const EXPECTED: &'static str = "a decimal number";

    fn from_text(text: &str) -> Option<Self> {
        // `from_str_exact` refuses what it would have to round.
        Decimal::from_str_exact(text)
            .or_else(|_| Decimal::from_scientific(text))
            .ok()
    }

    fn from_integer(number: i128) -> Option<Self> {
        Decimal::try_from_i128_with_scale(number, 0).ok()
    }

    fn from_float(number: f64) -> Option<Self> {
        // The shortest text that reads back as this float is what was sent,
        // for up to 15 digits.
        Self::from_text(&format!("{number:e}"))
    }
}

wire_number!(Decimal);

/// A whole number without the decimal places that say nothing: `50.00` is `50`.
fn whole(text: &str) -> Option<&str> {
    match text.split_once('.') {
        None => Some(text),
        Some((whole, places)) => places.bytes().all(|digit| digit == b'0').then_some(whole),
    }
}

impl Wire for bool {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
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

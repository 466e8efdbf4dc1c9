//! The values that the setters of builders accept.
#![allow(
    dead_code,
    unused_macros,
    unused_imports,
    reason = "which of these are used depends on the spec that the client is made from"
)]

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Display;

use bytes::Bytes;
use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use rust_decimal::Decimal;
use serde::de::IntoDeserializer as _;
use serde::de::value::{Error as TextError, StrDeserializer};
use serde_json::{Map, Value};

use crate::wire::{Presence, Wire};

/// A value that can be passed for an argument or a field of type `T`.
///
/// - A `T` or a `&T`; and for an `Option<T>`, either of them without `Some`.
/// - For text: `&str` and `Cow<str>`.
/// - For numbers: any integer that is in range.
/// - For decimals and dates: text such as `"12.50"`, `"2024-01-15"` or
///   `"2024-01-15 10:30:00"`.
/// - For an enum: the text of one of its values.
/// - For a list: an array or a slice of such values.
/// - For a schema: its builder.
/// - For an optional property: [`Empty`], which empties it.
///
/// A value that cannot be converted is an error when the call is sent, or when
/// the value is built. The error names the field.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be passed for an argument of type `{T}`",
    label = "pass a `{T}`, or what the documentation of `Argument` lists for it"
)]
pub trait Argument<T> {
    /// Converts the value, or says why that is impossible.
    #[doc(hidden)]
    fn into_argument(self) -> Result<T, String>;

    /// Whether this is [`Empty`].
    #[doc(hidden)]
    fn empties(&self) -> bool {
        false
    }
}

/// Empties an optional property of what is sent.
///
/// A property that is not set is left out. A property that is set to `Empty` is sent
/// without a value: as `[]` if it is a list, as `{}` if it is a map, and as `""`
/// otherwise, as Telesto writes empty values in responses. (How it wants them in
/// requests is not documented.) A list or a map that is set to an empty one is sent,
/// too.
///
/// ```
/// use telesto_api::{Empty, types};
///
/// let product = types::Product::builder().id("7").name(Empty).build()?;
/// let json = serde_json::to_string(&product).expect("a product is JSON");
/// assert_eq!(json, r#"{"id":"7","name":""}"#);
/// # Ok::<(), telesto_api::Error>(())
/// ```
///
/// It cannot be passed for a parameter, which is left out instead.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Empty;

/// Implements `Argument` of [`Empty`] for what an optional property may hold.
macro_rules! emptied {
    ($([$($generic:tt)*] $to:ty;)*) => {$(
        impl<$($generic)*> Argument<$to> for Empty {
            fn into_argument(self) -> Result<$to, String> {
                Err("only an optional property of a body can be emptied".to_owned())
            }

            fn empties(&self) -> bool {
                true
            }
        }
    )*};
}

emptied! {
    [T: Wire] Option<T>;
    [T: Wire] Vec<T>;
    [T: Wire] BTreeMap<String, T>;
    [] Map<String, Value>;
}

/// Converts the value of a field. The error names the field.
pub(crate) fn field<T>(name: &str, value: impl Argument<T>) -> Result<T, String> {
    let converted = value.into_argument();
    converted.map_err(|reason| {
        // A reason of serde may begin like this, too.
        let reason = reason.strip_prefix("invalid value: ").unwrap_or(&reason);
        format!("invalid value for `{name}`: {reason}")
    })
}

impl<T> Argument<T> for T {
    fn into_argument(self) -> Result<T, String> {
        Ok(self)
    }
}

impl<T> Argument<Option<T>> for T {
    fn into_argument(self) -> Result<Option<T>, String> {
        Ok(Some(self))
    }
}

/// A value that holds others of its own type holds them in boxes.
impl<T> Argument<Box<T>> for T {
    fn into_argument(self) -> Result<Box<T>, String> {
        Ok(Box::new(self))
    }
}

impl<T> Argument<Option<Box<T>>> for T {
    fn into_argument(self) -> Result<Option<Box<T>>, String> {
        Ok(Some(Box::new(self)))
    }
}

impl<T: Clone> Argument<T> for &T {
    fn into_argument(self) -> Result<T, String> {
        Ok(self.clone())
    }
}

impl<T: Clone> Argument<Option<T>> for &T {
    fn into_argument(self) -> Result<Option<T>, String> {
        Ok(Some(self.clone()))
    }
}

/// Implements `Argument` for a type and for an `Option` of it.
macro_rules! arguments {
    ($($from:ty => $to:ty: $convert:expr;)*) => {$(
        impl $crate::argument::Argument<$to> for $from {
            fn into_argument(self) -> ::std::result::Result<$to, ::std::string::String> {
                $convert(self)
            }
        }

        impl $crate::argument::Argument<::std::option::Option<$to>> for $from {
            fn into_argument(
                self,
            ) -> ::std::result::Result<::std::option::Option<$to>, ::std::string::String> {
                $convert(self).map(::std::option::Option::Some)
            }
        }
    )*};
}

arguments! {
    &str => String: |text: &str| Ok(text.to_owned());
    Cow<'_, str> => String: |text: Cow<'_, str>| Ok(text.into_owned());
    DateTime => Date: |time: DateTime| Ok(time.date());
    Date => DateTime: |date: Date| Ok(date.into());
    &str => reqwest::Body: |text: &str| Ok(text.to_owned().into());
    &String => reqwest::Body: |text: &String| Ok(text.clone().into());
    String => reqwest::Body: |text: String| Ok(text.into());
    &[u8] => reqwest::Body: |bytes: &[u8]| Ok(bytes.to_vec().into());
    Vec<u8> => reqwest::Body: |bytes: Vec<u8>| Ok(bytes.into());
    Bytes => reqwest::Body: |bytes: Bytes| Ok(bytes.into());
    f32 => f64: |number: f32| Ok(shortest(number));
    f32 => Decimal: |number: f32| in_range(number);
    f64 => Decimal: |number: f64| in_range(number);
}

/// Text of a value in its wire format, such as a decimal or a date.
macro_rules! texts {
    ($($to:ty),*) => {$(
        $crate::argument::arguments! {
            &str => $to: $crate::argument::parse::<$to>;
            &::std::string::String => $to: |text: &str| $crate::argument::parse::<$to>(text);
            ::std::string::String => $to: |text: ::std::string::String| {
                $crate::argument::parse::<$to>(&text)
            };
        }
    )*};
}

texts!(Decimal, Date, DateTime, Timestamp);

pub(crate) fn parse<T: Wire>(text: &str) -> Result<T, String> {
    let text: StrDeserializer<'_, TextError> = text.into_deserializer();
    match T::read(text, Presence::Required) {
        Ok(Some(value)) => Ok(value),
        Ok(None) => Err("the text is empty".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

/// Integers of other types.
macro_rules! integers {
    ($($from:ty => $($to:ty)*;)*) => {$($(
        arguments! { $from => $to: |number: $from| in_range(number); }
    )*)*};
}

integers! {
    i8 => i16 i32 i64 u8 u16 u32 u64 Decimal;
    i16 => i8 i32 i64 u8 u16 u32 u64 Decimal;
    i32 => i8 i16 i64 u8 u16 u32 u64 Decimal;
    i64 => i8 i16 i32 u8 u16 u32 u64 Decimal;
    isize => i8 i16 i32 i64 u8 u16 u32 u64 Decimal;
    u8 => i8 i16 i32 i64 u16 u32 u64 Decimal;
    u16 => i8 i16 i32 i64 u8 u32 u64 Decimal;
    u32 => i8 i16 i32 i64 u8 u16 u64 Decimal;
    u64 => i8 i16 i32 i64 u8 u16 u32 Decimal;
    usize => i8 i16 i32 i64 u8 u16 u32 u64 Decimal;
}

macro_rules! whole_floats {
    ($($from:ty)*) => {$(
        arguments! { $from => f64: |number: $from| Ok(f64::from(number)); }
    )*};
}

whole_floats!(i8 i16 i32 u8 u16 u32);

/// The double of the fewest digits that is this number: 0.1, and not
/// 0.10000000149011612.
fn shortest(number: f32) -> f64 {
    number.to_string().parse().unwrap_or(number.into())
}

fn in_range<T: Copy + Display, U: TryFrom<T>>(number: T) -> Result<U, String> {
    let type_name = std::any::type_name::<U>().rsplit("::").next();
    let type_name = type_name.unwrap_or_default();
    U::try_from(number).map_err(|_| format!("{number} is out of range for `{type_name}`"))
}

impl<T, V: Argument<T> + Clone> Argument<Vec<T>> for &[V] {
    fn into_argument(self) -> Result<Vec<T>, String> {
        self.iter().cloned().map(V::into_argument).collect()
    }
}

impl<T, V: Argument<T> + Clone> Argument<Option<Vec<T>>> for &[V] {
    fn into_argument(self) -> Result<Option<Vec<T>>, String> {
        <Self as Argument<Vec<T>>>::into_argument(self).map(Some)
    }
}

impl<T, V: Argument<T>, const N: usize> Argument<Vec<T>> for [V; N] {
    fn into_argument(self) -> Result<Vec<T>, String> {
        self.into_iter().map(V::into_argument).collect()
    }
}

impl<T, V: Argument<T>, const N: usize> Argument<Option<Vec<T>>> for [V; N] {
    fn into_argument(self) -> Result<Option<Vec<T>>, String> {
        <Self as Argument<Vec<T>>>::into_argument(self).map(Some)
    }
}

/// Implements [`Argument`] by `TryFrom`, for generated types.
macro_rules! conversions {
    ($($from:ty => $to:ty),* $(,)?) => {
        $crate::argument::arguments! {$(
            $from => $to: |value: $from| {
                <$to as ::std::convert::TryFrom<$from>>::try_from(value)
                    .map_err(|error| ::std::string::ToString::to_string(&error))
            };
        )*}
    };
}

/// Implements [`Argument`] for the text of generated enums and named texts.
macro_rules! parsed {
    ($($to:ty),* $(,)?) => {
        $crate::argument::arguments! {$(
            &str => $to: |text: &str| {
                text.parse::<$to>().map_err(|error| ::std::string::ToString::to_string(&error))
            };
            ::std::string::String => $to: |text: ::std::string::String| {
                text.parse::<$to>().map_err(|error| ::std::string::ToString::to_string(&error))
            };
            &::std::string::String => $to: |text: &::std::string::String| {
                text.parse::<$to>().map_err(|error| ::std::string::ToString::to_string(&error))
            };
        )*}
    };
}

pub(crate) use {arguments, conversions, parsed, texts};

#[cfg(test)]
mod tests {
    use jiff::civil::{date, time};

    use super::*;

    fn required<T>(value: impl Argument<T>) -> Result<T, String> {
        field("it", value)
    }

    fn optional<T>(value: impl Argument<Option<T>>) -> Result<Option<T>, String> {
        field("it", value)
    }

    #[test]
    fn an_option_takes_a_value_without_some() {
        assert_eq!(optional::<String>("a"), Ok(Some("a".to_owned())));
        assert_eq!(optional::<String>(None), Ok(None));
        assert_eq!(optional(Some("a".to_owned())), Ok(Some("a".to_owned())));
        assert_eq!(optional::<i64>(7), Ok(Some(7)));
        assert_eq!(optional::<bool>(true), Ok(Some(true)));
    }

    #[test]
    fn decimals_and_dates_take_text_in_their_wire_format() {
        let moment = date(2024, 1, 15).to_datetime(time(10, 30, 0, 0));
        assert_eq!(required::<DateTime>("2024-01-15 10:30:00"), Ok(moment));
        assert_eq!(required::<Date>("2024-01-15"), Ok(date(2024, 1, 15)));
        assert_eq!(optional::<Date>(moment), Ok(Some(date(2024, 1, 15))));
        assert_eq!(required::<Decimal>("12.50").unwrap().to_string(), "12.50");
        assert_eq!(required::<Decimal>(12), Ok(Decimal::from(12)));
        let error = required::<Date>("15.1.2024").unwrap_err();
        assert_eq!(
            error,
            "invalid value for `it`: string \"15.1.2024\", expected a date (YYYY-MM-DD)"
        );
        let error = optional::<Decimal>("").unwrap_err();
        assert_eq!(error, "invalid value for `it`: the text is empty");
    }

    #[test]
    fn a_number_is_in_range_or_an_error() {
        assert_eq!(required::<u8>(200), Ok(200));
        assert_eq!(required::<i64>(7usize), Ok(7));
        assert_eq!(
            required::<u8>(300),
            Err("invalid value for `it`: 300 is out of range for `u8`".to_owned())
        );
        assert_eq!(
            optional::<Decimal>(f64::NAN),
            Err("invalid value for `it`: NaN is out of range for `Decimal`".to_owned())
        );
    }

    #[test]
    fn a_list_takes_an_array_of_what_its_items_take() {
        let texts = Ok(vec!["a".to_owned(), "b".to_owned()]);
        assert_eq!(required::<Vec<String>>(["a", "b"]), texts);
        assert_eq!(required::<Vec<String>>(&["a", "b"][..]), texts);
        assert_eq!(optional::<Vec<i64>>([1, 2]), Ok(Some(vec![1, 2])));
        assert!(required::<Vec<Date>>(["2024-01-15", "soon"]).is_err());
    }
}

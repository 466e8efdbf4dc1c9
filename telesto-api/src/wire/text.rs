//! Text: as text, or as the number or boolean that a PHP back end makes of
//! text that looks like one.

use std::fmt;

use serde::de::{Deserializer, Error, Unexpected, Visitor};
use serde::ser::Serializer;

use super::Wire;

impl Wire for String {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        struct Text;

        impl<'de> Visitor<'de> for Text {
            type Value = Option<String>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("text")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok((!text.is_empty()).then(|| text.to_owned()))
            }

            fn visit_string<E: Error>(self, text: String) -> Result<Self::Value, E> {
                Ok((!text.is_empty()).then_some(text))
            }

            fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
                Ok(Some(number.to_string()))
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
                Ok(Some(number.to_string()))
            }

            fn visit_f64<E: Error>(self, number: f64) -> Result<Self::Value, E> {
                exact_text(number)
                    .map(Some)
                    .ok_or_else(|| E::invalid_value(Unexpected::Float(number), &self))
            }

            fn visit_bool<E: Error>(self, value: bool) -> Result<Self::Value, E> {
                Ok(Some(value.to_string()))
            }

            null_is_none!();
        }

        deserializer.deserialize_any(Text)
    }

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self)
    }

    fn none() -> Option<Self> {
        Some(Self::new())
    }
}

/// The digits of a number that a float holds exactly. A code that was sent as
/// a number and has more digits than a float keeps is lost already, and must
/// not be passed on as if it were right.
pub(super) fn exact_text(number: f64) -> Option<String> {
    const MAX_EXACT: f64 = 9_007_199_254_740_992.0; // 2^53
    (number.abs() < MAX_EXACT).then(|| number.to_string())
}

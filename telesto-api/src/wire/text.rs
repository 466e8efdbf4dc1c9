//! Text: as text, or as the number that a PHP back end makes of text that looks
//! like one.

use std::fmt;

use serde::de::{Deserializer, Error, MapAccess, Unexpected, Visitor};
use serde::ser::Serializer;

use super::{Presence, Wire, digits};

impl Wire for String {
    fn read<'de, D: Deserializer<'de>>(
        deserializer: D,
        presence: Presence,
    ) -> Result<Option<Self>, D::Error> {
        struct Text {
            presence: Presence,
        }

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

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                // The same text as from a double, whoever turns on which feature.
                let number = |digits: &str| digits.parse().unwrap_or(f64::NAN);
                match digits::number(map, number)? {
                    Some(number) => self.visit_f64(number),
                    None => Err(A::Error::invalid_type(Unexpected::Map, &self)),
                }
            }

            false_is_none!();
            null_is_none!();
        }

        deserializer.deserialize_any(Text { presence })
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

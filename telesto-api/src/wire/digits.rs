//! The digits of a number, as the server sent them.
//!
//! serde_json reads a number that is not an integer as a double, which keeps 15
//! digits. It hands over all of them, as a map with one entry, in two cases:
//! when a type asks for the source of its value (the feature `raw_value`), and
//! whenever its feature `arbitrary_precision` is on, which any crate of a
//! program may turn on for all others.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, Visitor};

/// The key of the map that holds the digits of a number.
pub(super) const NUMBER: &str = "$serde_json::private::Number";

/// The key of the map that holds the source of a value, and the name of the type
/// that asks for it.
pub(super) const SOURCE: &str = "$serde_json::private::RawValue";

/// What a map with one entry holds.
pub(super) enum Digits<N, S> {
    /// A number, handed over by its digits.
    Number(N),
    /// A value of any kind, handed over as it stands in the JSON text.
    Source(S),
}

/// Reads such a map; `None` if it is any other. `read_number` and `read_source`
/// are given the text.
pub(super) fn digits<'de, A: MapAccess<'de>, N, S>(
    mut map: A,
    read_number: impl FnOnce(&str) -> N,
    read_source: impl FnOnce(&str) -> S,
) -> Result<Option<Digits<N, S>>, A::Error> {
    Ok(match map.next_key::<Key>()? {
        Some(Key::Number) => Some(Digits::Number(map.next_value_seed(Text(read_number))?)),
        Some(Key::Source) => Some(Digits::Source(map.next_value_seed(Text(read_source))?)),
        Some(Key::Other) | None => None,
    })
}

/// Reads a number from such a map; `None` if it is any other.
pub(super) fn number<'de, A: MapAccess<'de>, N>(
    map: A,
    read: impl FnOnce(&str) -> N,
) -> Result<Option<N>, A::Error> {
    Ok(match digits(map, read, |_| ())? {
        Some(Digits::Number(number)) => Some(number),
        Some(Digits::Source(())) | None => None,
    })
}

enum Key {
    Number,
    Source,
    Other,
}

impl<'de> serde::Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct KeyVisitor;

        impl Visitor<'_> for KeyVisitor {
            type Value = Key;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a key")
            }

            fn visit_str<E: Error>(self, key: &str) -> Result<Key, E> {
                Ok(match key {
                    NUMBER => Key::Number,
                    SOURCE => Key::Source,
                    _ => Key::Other,
                })
            }
        }

        deserializer.deserialize_str(KeyVisitor)
    }
}

/// Reads text with a function.
struct Text<F>(F);

impl<'de, T, F: FnOnce(&str) -> T> DeserializeSeed<'de> for Text<F> {
    type Value = T;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<T, F: FnOnce(&str) -> T> Visitor<'_> for Text<F> {
    type Value = T;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("text")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        Ok((self.0)(text))
    }
}

//! The wire formats of Telesto, and how they become Rust values.
//!
//! Every field of every generated type is read and written through this
//! module (`#[serde(with = "crate::wire")]`): an empty value is `""`, a number
//! may be text, a date has no zone. Values are coerced while they are decoded,
//! by one visitor each, with no second pass over the bytes.
#![allow(
    dead_code,
    unused_imports,
    unused_macros,
    reason = "which of these are used depends on the spec that the client is made from"
)]

/// The methods of a visitor that read `""` and `null` as "there is none".
macro_rules! empty_is_none {
    () => {
        fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Self::Value, E> {
            if text.is_empty() {
                return Ok(None);
            }
            Err(E::invalid_type(serde::de::Unexpected::Str(text), &self))
        }

        null_is_none!();
    };
}

/// The method of a visitor that reads `false` as "there is none", as PHP says it,
/// where there may be none. The visitor has the field `presence`.
macro_rules! false_is_none {
    () => {
        fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<Self::Value, E> {
            if !value && self.presence == $crate::wire::Presence::Optional {
                return Ok(None);
            }
            Err(E::invalid_type(serde::de::Unexpected::Bool(value), &self))
        }
    };
}

/// The methods of a visitor that read `null` as "there is none".
macro_rules! null_is_none {
    () => {
        fn visit_unit<E: serde::de::Error>(self) -> Result<Self::Value, E> {
            Ok(None)
        }

        fn visit_none<E: serde::de::Error>(self) -> Result<Self::Value, E> {
            Ok(None)
        }
    };
}

/// PHP writes an empty map as `[]`, since it has one type for both.
macro_rules! empty_list_is_none {
    ($expected:literal) => {
        fn visit_seq<A: serde::de::SeqAccess<'de>>(
            self,
            mut list: A,
        ) -> Result<Self::Value, A::Error> {
            match list.next_element::<serde::de::IgnoredAny>()? {
                None => Ok(None),
                Some(_) => Err(serde::de::Error::invalid_type(
                    serde::de::Unexpected::Seq,
                    &$expected,
                )),
            }
        }
    };
}

mod alternatives;
mod by_status;
mod date;
mod digits;
mod form;
mod json;
mod number;
pub(crate) mod object;
mod schema;
#[cfg(test)]
mod tests;
mod text;

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use reqwest::StatusCode;
use serde::de::{
    DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Unexpected, Visitor,
};
use serde::ser::{Serialize, SerializeMap as _, SerializeSeq as _, Serializer};

pub(crate) use self::alternatives::{
    Case, Test, alternatives, never_sent as unknown_never_sent, read as read_alternatives,
    read_as as read_alternative, write as write_alternative,
};
pub(crate) use self::by_status::{by_status, is_listed};
pub(crate) use self::form::{Part as FormPart, fields as form_fields, parts as form_parts};
pub(crate) use self::object::{Emptied, objects, start, wire_name};
pub(crate) use self::schema::{Shape, newtypes, read as read_schema, schemas};

/// A type that can be read from, and written to, the wire.
///
/// Implemented for the scalars that an OpenAPI document can name, for
/// `Option`, `Vec`, `Box` and maps of them, and, through [`schemas!`], for every
/// generated type.
pub(crate) trait Wire: Sized {
    /// Reads a value; `None` where the wire says that there is none (`""`,
    /// `null`, a zero date).
    fn read<'de, D: Deserializer<'de>>(
        deserializer: D,
        presence: Presence,
    ) -> Result<Option<Self>, D::Error>;

    /// Reads the body of a response with this status, which may say what it is.
    fn read_body<'de, D: Deserializer<'de>>(
        deserializer: D,
        presence: Presence,
        _status: StatusCode,
    ) -> Result<Option<Self>, D::Error> {
        Self::read(deserializer, presence)
    }

    /// Writes the value as Telesto writes it.
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error>;

    /// Writes what empties a property of this type: `""`, `[]` or `{}`.
    fn write_nothing<S: Serializer>(serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str("")
    }

    /// Whether this is an empty list or map.
    fn is_empty(&self) -> bool {
        false
    }

    /// Whether an optional property of this value is left out.
    fn is_absent(&self) -> bool {
        self.is_empty()
    }

    /// The value of this type that means "there is none", if there is one: an
    /// empty text or list, an absent `Option`.
    fn none() -> Option<Self> {
        None
    }
}

/// Whether there may be no value. Then `false` means that there is none, if it
/// can mean nothing else: it is what PHP has in place of a text, a date, a list or
/// an object that it did not find.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Presence {
    Required,
    Optional,
}

/// Reads the body of a response.
pub(crate) fn deserialize_body<'de, T: Wire, D: Deserializer<'de>>(
    deserializer: D,
    status: StatusCode,
) -> Result<T, D::Error> {
    present(T::read_body(deserializer, Presence::Required, status)?)
}

fn present<T: Wire, E: serde::de::Error>(value: Option<T>) -> Result<T, E> {
    let value = value.or_else(T::none);
    value.ok_or_else(|| E::custom("the value is empty, but the spec requires one"))
}

/// Reads a field; the half of `#[serde(with = "crate::wire")]` that decodes.
pub(crate) fn deserialize<'de, T: Wire, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    present(T::read(deserializer, Presence::Required)?)
}

/// Writes a field; the half of `#[serde(with = "crate::wire")]` that encodes.
pub(crate) fn serialize<T: Wire, S: Serializer>(
    value: &T,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    value.write(serializer)
}

/// A value that serde writes in its wire format, for query parameters.
pub(crate) struct Written<'a, T>(pub(crate) &'a T);

impl<T: Wire> Serialize for Written<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.write(serializer)
    }
}

/// A list that serde writes as one value, its items joined by a text: for query
/// parameters. An empty list is none.
pub(crate) struct Joined<'a, T>(pub(crate) &'a T, pub(crate) &'static str);

impl<T: Wire> Serialize for Joined<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match joined(self.0, self.1).map_err(serde::ser::Error::custom)? {
            Some(text) => serializer.serialize_some(&text),
            None => serializer.serialize_none(),
        }
    }
}

/// The items of a list, joined; `None` if there are none.
pub(crate) fn joined<T: Wire>(list: &T, by: &str) -> Result<Option<String>, serde_json::Error> {
    let items = match serde_json::to_value(Written(list))? {
        serde_json::Value::Array(items) => items,
        serde_json::Value::Null => Vec::new(),
        one => vec![one],
    };
    let texts: Vec<String> = items.into_iter().map(scalar_text).collect();
    // The server would read it as two.
    if let Some(text) = texts.iter().find(|text| text.contains(by)) {
        return Err(serde::ser::Error::custom(format_args!(
            "`{text}` contains `{by}`, which is between the values of this parameter"
        )));
    }
    Ok((!texts.is_empty()).then(|| texts.join(by)))
}

/// Refuses to write a value of an enum that the spec does not list.
pub(crate) fn never_sent<S: Serializer>(text: &str, _: S) -> Result<S::Ok, S::Error> {
    Err(serde::ser::Error::custom(format_args!(
        "the spec does not list the value `{text}`, so it is not sent"
    )))
}

/// The text of a scalar in its wire format, for path parameters.
pub(crate) fn to_text<T: Wire>(value: &T) -> Result<String, serde_json::Error> {
    serde_json::to_value(Written(value)).map(scalar_text)
}

/// The text of a scalar in JSON.
pub(crate) fn scalar_text(value: serde_json::Value) -> String {
    match value {
        serde_json::Value::String(text) => text,
        serde_json::Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// Reads the elements of lists and the values of maps: `None` if one is empty,
/// and its type has no value for that.
pub(crate) struct Seed<T>(PhantomData<T>);

impl<T> Seed<T> {
    pub(crate) fn new() -> Self {
        Self(PhantomData)
    }
}

impl<'de, T: Wire> DeserializeSeed<'de> for Seed<T> {
    type Value = Option<T>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<T>, D::Error> {
        Ok(T::read(deserializer, Presence::Required)?.or_else(T::none))
    }
}

impl<T: Wire> Wire for Option<T> {
    fn read<'de, D: Deserializer<'de>>(
        deserializer: D,
        _: Presence,
    ) -> Result<Option<Self>, D::Error> {
        T::read(deserializer, Presence::Optional).map(Some)
    }

    fn read_body<'de, D: Deserializer<'de>>(
        deserializer: D,
        _: Presence,
        status: StatusCode,
    ) -> Result<Option<Self>, D::Error> {
        T::read_body(deserializer, Presence::Optional, status).map(Some)
    }

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Some(value) => value.write(serializer),
            None => serializer.serialize_none(),
        }
    }

    fn write_nothing<S: Serializer>(serializer: S) -> Result<S::Ok, S::Error> {
        T::write_nothing(serializer)
    }

    fn is_absent(&self) -> bool {
        self.is_none()
    }

    fn none() -> Option<Self> {
        Some(None)
    }
}

impl<T: Wire> Wire for Box<T> {
    fn read<'de, D: Deserializer<'de>>(
        deserializer: D,
        presence: Presence,
    ) -> Result<Option<Self>, D::Error> {
        Ok(T::read(deserializer, presence)?.map(Box::new))
    }

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (**self).write(serializer)
    }

    fn write_nothing<S: Serializer>(serializer: S) -> Result<S::Ok, S::Error> {
        T::write_nothing(serializer)
    }

    fn none() -> Option<Self> {
        T::none().map(Box::new)
    }
}

impl<T: Wire> Wire for Vec<T> {
    fn read<'de, D: Deserializer<'de>>(
        deserializer: D,
        presence: Presence,
    ) -> Result<Option<Self>, D::Error> {
        struct List<T> {
            presence: Presence,
            item: PhantomData<T>,
        }

        impl<'de, T: Wire> Visitor<'de> for List<T> {
            type Value = Option<Vec<T>>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a list")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
                let mut values = Vec::with_capacity(list.size_hint().unwrap_or(0).min(1024));
                while let Some(value) = list.next_element_seed(Seed::new())? {
                    values.extend(value);
                }
                Ok(Some(values))
            }

            /// PHP writes a list that has lost items as an object, by their
            /// places.
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut values = Vec::new();
                while let Some(key) = map.next_key::<String>()? {
                    if !is_place(&key) {
                        return Err(A::Error::invalid_type(Unexpected::Map, &self));
                    }
                    values.extend(map.next_value_seed(Seed::new())?);
                }
                Ok(Some(values))
            }

            false_is_none!();
            empty_is_none!();
        }

        deserializer.deserialize_any(List {
            presence,
            item: PhantomData,
        })
    }

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(self.len()))?;
        for value in self {
            list.serialize_element(&Written(value))?;
        }
        list.end()
    }

    fn write_nothing<S: Serializer>(serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_seq(Some(0))?.end()
    }

    fn is_empty(&self) -> bool {
        self.is_empty()
    }

    fn none() -> Option<Self> {
        Some(Self::new())
    }
}

/// Whether PHP uses this key for an item of a list.
fn is_place(key: &str) -> bool {
    !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_digit())
}

impl<T: Wire> Wire for BTreeMap<String, T> {
    fn read<'de, D: Deserializer<'de>>(
        deserializer: D,
        presence: Presence,
    ) -> Result<Option<Self>, D::Error> {
        struct Map<T> {
            presence: Presence,
            value: PhantomData<T>,
        }

        impl<'de, T: Wire> Visitor<'de> for Map<T> {
            type Value = Option<BTreeMap<String, T>>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut values = BTreeMap::new();
                while let Some(key) = map.next_key::<String>()? {
                    if key == digits::NUMBER {
                        return Err(A::Error::invalid_type(Unexpected::Other("number"), &self));
                    }
                    if let Some(value) = map.next_value_seed(Seed::new())? {
                        values.insert(key, value);
                    }
                }
                Ok(Some(values))
            }

            empty_list_is_none!("an object");
            false_is_none!();
            empty_is_none!();
        }

        deserializer.deserialize_any(Map {
            presence,
            value: PhantomData,
        })
    }

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.len()))?;
        for (key, value) in self {
            map.serialize_entry(key, &Written(value))?;
        }
        map.end()
    }

    fn write_nothing<S: Serializer>(serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_map(Some(0))?.end()
    }

    fn is_empty(&self) -> bool {
        self.is_empty()
    }

    fn none() -> Option<Self> {
        Some(Self::new())
    }
}

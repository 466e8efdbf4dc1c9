//! Generated types: objects, enums and named scalars.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{
    DeserializeOwned, Deserializer, Error, IntoDeserializer, MapAccess, SeqAccess, Unexpected,
    Visitor,
};

use super::{Presence, digits};

/// The kind of a schema, which decides what is read as "none".
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// An object: `""`, `null` and PHP's `[]` are none.
    Object,
    /// An enum of texts, or a named text: `""` and `null` are none, and a
    /// number is taken as its text.
    Text,
    /// Anything else, such as one of several schemas: `""` and `null` are none.
    Any,
}

impl Shape {
    const fn expected(self) -> &'static str {
        match self {
            Self::Object => "an object",
            Self::Text => "text",
            Self::Any => "a value that fits the spec",
        }
    }
}

/// Reads a generated type, or finds that there is no value.
pub(crate) fn read<'de, T: DeserializeOwned, D: Deserializer<'de>>(
    shape: Shape,
    deserializer: D,
    presence: Presence,
) -> Result<Option<T>, D::Error> {
    deserializer.deserialize_any(SchemaVisitor {
        shape,
        presence,
        schema: PhantomData,
    })
}

struct SchemaVisitor<T> {
    shape: Shape,
    presence: Presence,
    schema: PhantomData<T>,
}

impl<T: DeserializeOwned> SchemaVisitor<T> {
    fn scalar<'de, E: Error>(
        self,
        value: impl IntoDeserializer<'de, E> + ToString,
        unexpected: Unexpected<'_>,
    ) -> Result<Option<T>, E> {
        match self.shape {
            Shape::Object => Err(E::invalid_type(unexpected, &self)),
            Shape::Text => T::deserialize(value.to_string().into_deserializer()).map(Some),
            Shape::Any => T::deserialize(value.into_deserializer()).map(Some),
        }
    }
}

impl<'de, T: DeserializeOwned> Visitor<'de> for SchemaVisitor<T> {
    type Value = Option<T>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.shape.expected())
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        if self.shape == Shape::Text {
            return match digits::number(map, str::to_owned)? {
                Some(digits) => T::deserialize(digits.into_deserializer()).map(Some),
                None => Err(A::Error::invalid_type(Unexpected::Map, &self)),
            };
        }
        T::deserialize(MapAccessDeserializer::new(map)).map(Some)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        match self.shape {
            Shape::Any => T::deserialize(SeqAccessDeserializer::new(list)).map(Some),
            // Derived structs would read a list as their fields in order.
            Shape::Object if list.next_element::<serde::de::IgnoredAny>()?.is_none() => Ok(None),
            Shape::Object | Shape::Text => Err(A::Error::invalid_type(Unexpected::Seq, &self)),
        }
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        if text.is_empty() {
            return Ok(None);
        }
        match self.shape {
            Shape::Object => Err(E::invalid_type(Unexpected::Str(text), &self)),
            Shape::Text | Shape::Any => T::deserialize(text.into_deserializer()).map(Some),
        }
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
        self.scalar(number, Unexpected::Signed(number))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
        self.scalar(number, Unexpected::Unsigned(number))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Self::Value, E> {
        self.scalar(number, Unexpected::Float(number))
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Self::Value, E> {
        match self.shape {
            Shape::Any => T::deserialize(value.into_deserializer()).map(Some),
            Shape::Object | Shape::Text if !value && self.presence == Presence::Optional => {
                Ok(None)
            }
            Shape::Object | Shape::Text => Err(E::invalid_type(Unexpected::Bool(value), &self)),
        }
    }

    null_is_none!();
}

/// Implements [`Wire`](super::Wire) for types that the generator made. Their
/// fields are read in the form of the wire by their own attributes; what is
/// left is to see whether there is a value at all.
macro_rules! schemas {
    ($($type:ty: $shape:ident),* $(,)?) => {$(
        impl $crate::wire::Wire for $type {
            fn read<'de, D: ::serde::Deserializer<'de>>(
                deserializer: D,
                presence: $crate::wire::Presence,
            ) -> ::std::result::Result<::std::option::Option<Self>, D::Error> {
                $crate::wire::read_schema($crate::wire::Shape::$shape, deserializer, presence)
            }

            fn write<S: ::serde::Serializer>(
                &self,
                serializer: S,
            ) -> ::std::result::Result<S::Ok, S::Error> {
                ::serde::Serialize::serialize(self, serializer)
            }
        }
    )*};
}

/// Implements [`Wire`](super::Wire) for types that are only names for others,
/// which are read and written as those are.
macro_rules! newtypes {
    ($($type:ident: $inner:ty),* $(,)?) => {$(
        impl $crate::wire::Wire for $type {
            fn read<'de, D: ::serde::Deserializer<'de>>(
                deserializer: D,
                presence: $crate::wire::Presence,
            ) -> ::std::result::Result<::std::option::Option<Self>, D::Error> {
                let inner = <$inner as $crate::wire::Wire>::read(deserializer, presence)?;
                ::std::result::Result::Ok(inner.map($type))
            }

            fn write<S: ::serde::Serializer>(
                &self,
                serializer: S,
            ) -> ::std::result::Result<S::Ok, S::Error> {
                $crate::wire::Wire::write(&self.0, serializer)
            }

            fn write_nothing<S: ::serde::Serializer>(
                serializer: S,
            ) -> ::std::result::Result<S::Ok, S::Error> {
                <$inner as $crate::wire::Wire>::write_nothing(serializer)
            }

            fn is_empty(&self) -> bool {
                $crate::wire::Wire::is_empty(&self.0)
            }

            fn none() -> ::std::option::Option<Self> {
                <$inner as $crate::wire::Wire>::none().map($type)
            }
        }
    )*};
}

pub(crate) use {newtypes, schemas};

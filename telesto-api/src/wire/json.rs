//! Free-form JSON, with `""` as `null` at every depth.

use serde::de::{Deserialize as _, Deserializer, Error, Unexpected};
use serde::ser::{Serialize, Serializer};
use serde_json::{Map, Value};

use super::{Presence, Wire};

/// Replaces every `""` in it.
fn empty_to_null(value: &mut Value) {
    match value {
        Value::String(text) if text.is_empty() => *value = Value::Null,
        Value::Array(items) => items.iter_mut().for_each(empty_to_null),
        Value::Object(members) => members.values_mut().for_each(empty_to_null),
        _ => {}
    }
}

impl Wire for Value {
    fn read<'de, D: Deserializer<'de>>(
        deserializer: D,
        _: Presence,
    ) -> Result<Option<Self>, D::Error> {
        let mut value = Value::deserialize(deserializer)?;
        empty_to_null(&mut value);
        Ok(Some(value).filter(|value| !value.is_null()))
    }

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.serialize(serializer)
    }

    fn none() -> Option<Self> {
        Some(Value::Null)
    }
}

impl Wire for Map<String, Value> {
    fn read<'de, D: Deserializer<'de>>(
        deserializer: D,
        presence: Presence,
    ) -> Result<Option<Self>, D::Error> {
        let unexpected = match Value::read(deserializer, presence)? {
            None => return Ok(None),
            Some(Value::Object(object)) => return Ok(Some(object)),
            // PHP has one type for lists and maps.
            Some(Value::Array(items)) if items.is_empty() => return Ok(None),
            Some(Value::Bool(false)) if presence == Presence::Optional => return Ok(None),
            Some(Value::Array(_)) => Unexpected::Seq,
            Some(Value::Bool(value)) => Unexpected::Bool(value),
            Some(Value::String(text)) => {
                return Err(D::Error::invalid_type(Unexpected::Str(&text), &"an object"));
            }
            Some(_) => Unexpected::Other("number"),
        };
        Err(D::Error::invalid_type(unexpected, &"an object"))
    }

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.serialize(serializer)
    }

    fn write_nothing<S: Serializer>(serializer: S) -> Result<S::Ok, S::Error> {
        Self::new().serialize(serializer)
    }

    fn is_empty(&self) -> bool {
        self.is_empty()
    }

    fn none() -> Option<Self> {
        Some(Self::new())
    }
}

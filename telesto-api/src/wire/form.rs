//! Values as the fields of a form: a list is its name with each of its values.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::Value;

use super::{Wire, Written, scalar_text};

/// The fields of a form, in the order of the schema.
pub(crate) fn fields<T: Wire>(value: &T) -> Result<Vec<(String, String)>, serde_json::Error> {
    let json = serde_json::to_string(&Written(value))?;
    let fields: Fields = serde_json::from_str(&json)?;
    Ok(fields.0)
}

struct Fields(Vec<(String, String)>);

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct FieldsVisitor;

        impl<'de> Visitor<'de> for FieldsVisitor {
            type Value = Fields;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("the fields of a form")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
                let mut fields = Vec::new();
                while let Some((name, value)) = map.next_entry::<String, Value>()? {
                    let values = match value {
                        // An empty list would be no field at all.
                        Value::Array(list) if list.is_empty() => vec![Value::Null],
                        Value::Array(list) => list,
                        value => vec![value],
                    };
                    for value in values {
                        if value.is_array() || value.is_object() {
                            let reason = format_args!("`{name}` holds more than a form can hold");
                            return Err(A::Error::custom(reason));
                        }
                        fields.push((name.clone(), scalar_text(value)));
                    }
                }
                Ok(Fields(fields))
            }
        }

        deserializer.deserialize_map(FieldsVisitor)
    }
}

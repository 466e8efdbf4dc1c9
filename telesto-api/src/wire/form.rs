//! Values as the fields of a form: a list is its name with each of its values.

use std::cell::RefCell;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde::ser::{Error as _, SerializeMap as _, Serializer};
use serde_json::Value;

use super::{Presence, Wire, Written, scalar_text};
use crate::Upload;

/// What a part of a form is.
#[derive(Debug)]
pub(crate) enum Part {
    Text(String),
    /// An object, as JSON.
    Json(String),
    File(Upload),
}

/// The fields of a form that holds text only, in the order of the schema.
pub(crate) fn fields<T: Wire>(value: &T) -> Result<Vec<(String, String)>, serde_json::Error> {
    let fields = Fields::of(value)?.0.into_iter();
    let texts = fields.map(
        |(name, value)| match value.is_array() || value.is_object() {
            true => Err(serde::ser::Error::custom(format_args!(
                "`{name}` holds more than a form can hold"
            ))),
            false => Ok((name, scalar_text(value))),
        },
    );
    texts.collect()
}

/// The parts of a form, in the order of the schema.
pub(crate) fn parts<T: Wire>(value: &T) -> Result<Vec<(String, Part)>, serde_json::Error> {
    let files = Files::start();
    let fields = Fields::of(value)?;
    let files = files.taken();
    let file = |value: &Value| {
        let number = value.as_object()?.get(FILE)?.as_u64()?;
        files.get(usize::try_from(number).ok()?).cloned()
    };
    let parts = fields.0.into_iter().map(|(name, value)| {
        let part = match file(&value) {
            Some(file) => Part::File(file),
            None if value.is_array() || value.is_object() => Part::Json(value.to_string()),
            None => Part::Text(scalar_text(value)),
        };
        (name, part)
    });
    Ok(parts.collect())
}

/// The key of an object that stands for a file, with its number.
const FILE: &str = "\0file";

thread_local! {
    /// The files of the form that is being written, if one is.
    static FILES: RefCell<Option<Vec<Upload>>> = const { RefCell::new(None) };
}

/// While this is there, files can be written.
struct Files;

impl Files {
    fn start() -> Self {
        FILES.set(Some(Vec::new()));
        Self
    }

    fn taken(self) -> Vec<Upload> {
        FILES.take().unwrap_or_default()
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        FILES.set(None);
    }
}

impl Wire for Upload {
    fn read<'de, D: Deserializer<'de>>(_: D, _: Presence) -> Result<Option<Self>, D::Error> {
        Err(D::Error::custom("files are only sent"))
    }

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let number = FILES.with_borrow_mut(|files| {
            let files = files.as_mut()?;
            files.push(self.clone());
            Some(files.len() - 1)
        });
        let Some(number) = number else {
            return Err(S::Error::custom(
                "a file is sent in a form, and nowhere else",
            ));
        };
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry(FILE, &number)?;
        map.end()
    }
}

struct Fields(Vec<(String, Value)>);

impl Fields {
    fn of<T: Wire>(value: &T) -> Result<Self, serde_json::Error> {
        let json = serde_json::to_string(&Written(value))?;
        serde_json::from_str(&json)
    }
}

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
                    fields.extend(values.into_iter().map(|value| (name.clone(), value)));
                }
                Ok(Fields(fields))
            }
        }

        deserializer.deserialize_map(FieldsVisitor)
    }
}

//! Values of one of several schemas, which are recognised by what they are: by
//! the property that says so, by the properties that they have, or by the kind
//! of JSON that they are.
//!
//! To find out, such a value is read as JSON first. What none of the schemas
//! describes is kept as that, and never sent.

use serde::de::{self, Deserialize as _, Deserializer};
use serde::ser::{self, Serialize as _, Serializer};
use serde_json::{Map, Value};
use serde_path_to_error::Track;

use super::{Presence, Wire, Written, is_place};

/// Values of one alternative.
pub(crate) struct Case<T> {
    pub(crate) test: Test,
    pub(crate) read: fn(&Value) -> Result<Option<T>, serde_json::Error>,
}

/// How a value is recognised.
pub(crate) enum Test {
    /// It can be read. One that is written again as it came goes first.
    Scalar,
    List,
    Object {
        /// These properties are there, and not empty.
        has: &'static [&'static str],
        /// These properties have one of these values.
        is: &'static [(&'static str, &'static [&'static str])],
    },
}

impl Test {
    fn accepts(&self, object: &Map<String, Value>) -> bool {
        let Self::Object { has, is } = self else {
            return false;
        };
        let is_there = |name: &&str| object.get(*name).is_some_and(|value| !is_empty(value));
        let is_one = |(name, values): &(&str, &[&str])| {
            let value = object.get(*name).and_then(text);
            value.is_some_and(|value| values.contains(&&*value))
        };
        has.iter().all(is_there) && is.iter().all(is_one)
    }
}

fn is_empty(value: &Value) -> bool {
    value.is_null() || value.as_str().is_some_and(str::is_empty)
}

/// The text of a scalar, which Telesto may write as a number and the other way
/// round.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        _ => None,
    }
}

/// Reads a value as the first case that it is one of.
pub(crate) fn read<'de, T: Wire, D: Deserializer<'de>>(
    cases: &[Case<T>],
    unknown: fn(Value) -> T,
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    let value = Value::deserialize(deserializer)?;
    if is_empty(&value) {
        return Ok(None);
    }
    let mut cases = cases.iter();
    let is_list = |case: &&Case<T>| matches!(case.test, Test::List);
    let case = match &value {
        Value::Object(object) => {
            let found = cases.clone().find(|case| case.test.accepts(object));
            // PHP writes a list that has lost items as an object.
            let may_be_list = object.keys().all(|key| is_place(key));
            found.or_else(|| cases.find(is_list).filter(|_| may_be_list))
        }
        Value::Array(list) => {
            let found = cases.clone().find(is_list);
            // PHP writes an empty object as `[]`.
            if found.is_none()
                && list.is_empty()
                && cases.any(|case| matches!(case.test, Test::Object { .. }))
            {
                return Ok(None);
            }
            found
        }
        _ => {
            let scalars = cases.filter(|case| matches!(case.test, Test::Scalar));
            return Ok(scalar(scalars, &value).unwrap_or_else(|| Some(unknown(value))));
        }
    };
    match case {
        Some(case) => (case.read)(&value).map_err(de::Error::custom),
        None => Ok(Some(unknown(value))),
    }
}

/// Reads a scalar as the first case that loses nothing of it, or else as the
/// first that can read it.
fn scalar<'c, T: Wire + 'c>(
    cases: impl Iterator<Item = &'c Case<T>>,
    value: &Value,
) -> Option<Option<T>> {
    let mut first = None;
    for case in cases {
        let Ok(found) = (case.read)(value) else {
            continue;
        };
        let same = match &found {
            None => true,
            Some(found) => serde_json::to_value(Written(found))
                .is_ok_and(|written| text(&written) == text(value)),
        };
        if same {
            return Some(found);
        }
        first = first.or(Some(found));
    }
    first
}

/// Reads the value of an alternative. An error names the place in it.
pub(crate) fn read_as<T: Wire>(value: &Value) -> Result<Option<T>, serde_json::Error> {
    T::read(value, Presence::Required).map_err(|error| {
        // Keeping track of the place takes time, so only failures pay for it.
        let mut track = Track::new();
        let traced = serde_path_to_error::Deserializer::new(value, &mut track);
        let traced = T::read(traced, Presence::Required);
        match (traced, track.path().to_string()) {
            (Err(traced), path) if path != "." => {
                de::Error::custom(format_args!("`{path}`: {traced}"))
            }
            _ => error,
        }
    })
}

/// Writes the value of an alternative, with the property that says which it is.
pub(crate) fn write<T: Wire, S: Serializer>(
    value: &T,
    tag: Option<(&str, &str)>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let Some((name, kind)) = tag else {
        return value.write(serializer);
    };
    let mut json = serde_json::to_value(Written(value)).map_err(ser::Error::custom)?;
    if let Value::Object(object) = &mut json
        && object.get(name).is_none_or(is_empty)
    {
        object.insert(name.to_owned(), kind.into());
    }
    json.serialize(serializer)
}

/// Refuses to write a value that the spec does not describe.
pub(crate) fn never_sent<S: Serializer>(_: S) -> Result<S::Ok, S::Error> {
    Err(ser::Error::custom(
        "the spec does not describe this kind of value, so it is not sent",
    ))
}

/// Implements [`Wire`] and serde's traits for an enum of alternatives.
macro_rules! alternatives {
    (
        $type:ident {
            write { $($variant:ident $(: $tag:literal = $kind:literal)?),* $(,)? }
            read {
                $($case:ident if $test:ident $({
                    has: [$($has:literal),*],
                    is: [$($name:literal: [$($value:literal),*]),*]
                })?),* $(,)?
            }
        }
    ) => {
        impl $crate::wire::Wire for $type {
            fn read<'de, D: ::serde::Deserializer<'de>>(
                deserializer: D,
                _: $crate::wire::Presence,
            ) -> ::std::result::Result<::std::option::Option<Self>, D::Error> {
                const CASES: &[$crate::wire::Case<$type>] = &[$($crate::wire::Case {
                    test: $crate::wire::Test::$test $({
                        has: &[$($has),*],
                        is: &[$(($name, &[$($value),*])),*],
                    })?,
                    read: |value| {
                        let read = $crate::wire::read_alternative(value)?;
                        ::std::result::Result::Ok(read.map($type::$case))
                    },
                }),*];
                $crate::wire::read_alternatives(CASES, $type::Unknown, deserializer)
            }

            fn write<S: ::serde::Serializer>(
                &self,
                serializer: S,
            ) -> ::std::result::Result<S::Ok, S::Error> {
                match self {
                    $($type::$variant(value) => {
                        let tag = ::std::option::Option::None;
                        $(let tag = tag.or(::std::option::Option::Some(($tag, $kind)));)?
                        $crate::wire::write_alternative(value, tag, serializer)
                    })*
                    $type::Unknown(_) => $crate::wire::unknown_never_sent(serializer),
                }
            }
        }

        impl ::serde::Serialize for $type {
            fn serialize<S: ::serde::Serializer>(
                &self,
                serializer: S,
            ) -> ::std::result::Result<S::Ok, S::Error> {
                $crate::wire::Wire::write(self, serializer)
            }
        }

        impl<'de> ::serde::Deserialize<'de> for $type {
            fn deserialize<D: ::serde::Deserializer<'de>>(
                deserializer: D,
            ) -> ::std::result::Result<Self, D::Error> {
                $crate::wire::deserialize(deserializer)
            }
        }
    };
}

pub(crate) use alternatives;

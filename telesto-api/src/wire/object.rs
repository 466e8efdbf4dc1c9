//! Objects, as they are sent: an optional property that has no value is left
//! out, unless it is emptied.

use std::fmt::{self, DebugStruct};

use serde::de::{Deserialize, Deserializer, Error as _, Unexpected};
use serde::ser::{Serialize, SerializeMap, SerializeStruct, Serializer};

use super::{Wire, Written};

/// The properties of an object that are emptied, by their names on the wire.
///
/// A value that a property is given afterwards wins.
#[derive(Clone, Default, PartialEq)]
pub(crate) struct Emptied(Vec<&'static str>);

impl Emptied {
    pub(crate) fn set(&mut self, name: &'static str, is_emptied: bool) {
        self.0.retain(|known| *known != name);
        if is_emptied {
            self.0.push(name);
        }
    }
}

/// As serde_json hands over a number, it looks like an object with one property
/// (see [`digits`](super::digits)). The hidden field has its name, so that it is
/// not taken for an object without properties.
impl<'de> Deserialize<'de> for Emptied {
    fn deserialize<D: Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        Err(D::Error::invalid_type(
            Unexpected::Other("number"),
            &"an object",
        ))
    }
}

/// Builders show it, objects only if it holds something.
impl fmt::Debug for Emptied {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_list().entries(&self.0).finish()
    }
}

/// Ends the output of an object.
pub(crate) fn shown(mut object: DebugStruct<'_, '_>, emptied: &Emptied) -> fmt::Result {
    if !emptied.0.is_empty() {
        object.field("emptied", emptied);
    }
    object.finish()
}

/// Where the properties of an object are written to.
pub(crate) trait Properties: Sized {
    type Ok;
    type Error;

    fn write(&mut self, name: &'static str, value: &impl Serialize) -> Result<(), Self::Error>;

    /// A property that is left out.
    fn skip(&mut self, name: &'static str) -> Result<(), Self::Error>;

    fn end(self) -> Result<Self::Ok, Self::Error>;
}

/// An object whose properties are all known.
pub(crate) struct Closed<S>(pub(crate) S);

impl<S: SerializeStruct> Properties for Closed<S> {
    type Ok = S::Ok;
    type Error = S::Error;

    fn write(&mut self, name: &'static str, value: &impl Serialize) -> Result<(), S::Error> {
        self.0.serialize_field(name, value)
    }

    fn skip(&mut self, name: &'static str) -> Result<(), S::Error> {
        self.0.skip_field(name)
    }

    fn end(self) -> Result<S::Ok, S::Error> {
        self.0.end()
    }
}

/// An object that holds any others, too.
pub(crate) struct Open<S>(pub(crate) S);

impl<S: SerializeMap> Properties for Open<S> {
    type Ok = S::Ok;
    type Error = S::Error;

    fn write(&mut self, name: &'static str, value: &impl Serialize) -> Result<(), S::Error> {
        self.0.serialize_entry(name, value)
    }

    fn skip(&mut self, _: &'static str) -> Result<(), S::Error> {
        Ok(())
    }

    fn end(self) -> Result<S::Ok, S::Error> {
        self.0.end()
    }
}

/// Writes a property that is always there.
pub(crate) fn required<P: Properties, T: Wire>(
    object: &mut P,
    _: &Emptied,
    name: &'static str,
    value: &T,
) -> Result<(), P::Error> {
    object.write(name, &Written(value))
}

/// Writes a property that may be left out.
pub(crate) fn optional<P: Properties, T: Wire>(
    object: &mut P,
    emptied: &Emptied,
    name: &'static str,
    value: &T,
) -> Result<(), P::Error> {
    if !value.is_absent() {
        object.write(name, &Written(value))
    } else if emptied.0.contains(&name) {
        object.write(name, &Nothing::<T>(std::marker::PhantomData))
    } else {
        object.skip(name)
    }
}

/// What empties a property of type `T`.
struct Nothing<T>(std::marker::PhantomData<T>);

impl<T: Wire> Serialize for Nothing<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        T::write_nothing(serializer)
    }
}

/// Writes what else an open object holds.
pub(crate) fn rest<'a, S: SerializeMap, M, T: Wire + 'a>(
    object: &mut Open<S>,
    _: &Emptied,
    _: &'static str,
    rest: &'a M,
) -> Result<(), S::Error>
where
    &'a M: IntoIterator<Item = (&'a String, &'a T)>,
{
    rest.into_iter()
        .try_for_each(|(name, value)| object.0.serialize_entry(name, &Written(value)))
}

/// Declares the objects of a spec, with all that they implement, and their builders.
///
/// An object is `closed`, or `open` if it may hold more than the properties that are
/// listed. A property is `required` or `optional`; the `rest` is what else an open object
/// holds. In brackets is what serde needs to know to read it.
macro_rules! objects {
    ($(
        #[$openness:ident]
        $(#[$about:meta])*
        pub struct $type:ident {$(
            #[$kind:ident $(($($serde:ident $(= $wire_name:literal)?),*))?]
            $(#[$said:meta])*
            pub $field:ident: $of:ty,
        )*}
    )*) => {
        $(
            $(#[$about])*
            pub struct $type {
                $(
                    $(#[$said])*
                    #[serde($($($serde $(= $wire_name)?,)*)? with = "crate::wire")]
                    pub $field: $of,
                )*
                // Never sent as such by anybody: see `Emptied`.
                #[serde(rename = "$serde_json::private::Number", default)]
                __emptied: $crate::wire::Emptied,
            }

            impl ::serde::Serialize for $type {
                fn serialize<S: ::serde::Serializer>(
                    &self,
                    serializer: S,
                ) -> ::std::result::Result<S::Ok, S::Error> {
                    let mut object = $crate::wire::start!(
                        $openness serializer, $type, [$(::std::stringify!($field)),*]
                    );
                    $(
                        $crate::wire::object::$kind(
                            &mut object,
                            &self.__emptied,
                            $crate::wire::wire_name!($field $($($($wire_name)?)*)?),
                            &self.$field,
                        )?;
                    )*
                    $crate::wire::object::Properties::end(object)
                }
            }

            impl ::std::fmt::Debug for $type {
                fn fmt(&self, formatter: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                    let mut object = formatter.debug_struct(::std::stringify!($type));
                    $(object.field(::std::stringify!($field), &self.$field);)*
                    $crate::wire::object::shown(object, &self.__emptied)
                }
            }
        )*

        $crate::type_builder::type_builders! {$(
            $type {$(
                $kind [$crate::wire::wire_name!($field $($($($wire_name)?)*)?)]
                $(#[$said])*
                $field: $of,
            )*}
        )*}
    };
}

/// The name of a property on the wire: that of its field, if it has no other.
macro_rules! wire_name {
    ($field:ident) => {
        ::std::stringify!($field)
    };
    ($field:ident $wire_name:literal) => {
        $wire_name
    };
}

/// Starts an object: a struct, or a map if it may hold more than is listed.
macro_rules! start {
    (closed $serializer:ident, $type:ident, $fields:expr) => {{
        const FIELDS: &[&str] = &$fields;
        let object = $serializer.serialize_struct(::std::stringify!($type), FIELDS.len())?;
        $crate::wire::object::Closed(object)
    }};
    (open $serializer:ident, $type:ident, $fields:expr) => {
        $crate::wire::object::Open($serializer.serialize_map(::std::option::Option::None)?)
    };
}

pub(crate) use {objects, start, wire_name};

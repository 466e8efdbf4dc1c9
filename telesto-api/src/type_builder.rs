//! The builders of the generated objects.
#![allow(
    dead_code,
    unused_imports,
    unused_macros,
    reason = "which of these are used depends on the spec that the client is made from"
)]

use std::fmt::Display;

use crate::Error;

/// An object that has a builder.
pub(crate) trait Built {
    /// What its builder holds: a value of each field, or why there is none.
    type Fields;
}

/// What a field holds before it is set.
pub(crate) mod unset {
    pub(crate) fn required<T>(name: &str) -> Result<T, String> {
        Err(format!("missing required field `{name}`"))
    }

    pub(crate) fn optional<T: Default>(_: &str) -> Result<T, String> {
        Ok(T::default())
    }

    pub(crate) use optional as rest;
}

/// What a field holds once it is set: `name` in Rust, and `wire_name` on the wire.
pub(crate) mod set {
    use crate::argument::{Argument, field};
    use crate::wire::{Emptied, Wire};

    pub(crate) fn required<T>(
        name: &str,
        _: &'static str,
        value: impl Argument<T>,
        _: &mut Emptied,
    ) -> Result<T, String> {
        field(name, value)
    }

    /// Notes whether the property is emptied, too.
    pub(crate) fn optional<T: Wire + Default>(
        name: &str,
        wire_name: &'static str,
        value: impl Argument<T>,
        emptied: &mut Emptied,
    ) -> Result<T, String> {
        if value.empties() {
            emptied.set(wire_name, true);
            return Ok(T::default());
        }
        let value = field(name, value);
        emptied.set(wire_name, value.as_ref().is_ok_and(T::is_empty));
        value
    }

    pub(crate) use required as rest;
}

/// Ends a builder. The error names the type.
pub(crate) fn built<T>(name: &str, result: Result<T, impl Display>) -> Result<T, Error> {
    result.map_err(|reason| Error::invalid_request(format!("{name}: {reason}")))
}

/// Makes builders, in `mod builder`, and implements what converts them from and to their
/// types. The latter is done in the module of the types, where the names of those that
/// fields have mean what they mean in the types.
macro_rules! type_builders {
    ($(
        $type:ident {$(
            $kind:ident [$wire_name:expr]
            $(#[$said:meta])*
            $field:ident: $of:ty,
        )*}
    )*) => {
        $(
            impl $type {
                pub fn builder() -> builder::$type {
                    ::std::default::Default::default()
                }
            }

            const _: () = {
                #[derive(Clone)]
                pub struct __Fields {
                    $($field: ::std::result::Result<$of, ::std::string::String>,)*
                    __emptied: $crate::wire::Emptied,
                }

                impl $crate::type_builder::Built for $type {
                    type Fields = __Fields;
                }

                impl ::std::default::Default for builder::$type {
                    fn default() -> Self {
                        Self(__Fields {
                            $($field: $crate::type_builder::unset::$kind(
                                ::std::stringify!($field),
                            ),)*
                            __emptied: ::std::default::Default::default(),
                        })
                    }
                }

                impl ::std::fmt::Debug for builder::$type {
                    fn fmt(
                        &self,
                        formatter: &mut ::std::fmt::Formatter<'_>,
                    ) -> ::std::fmt::Result {
                        let mut builder = formatter.debug_struct(::std::stringify!($type));
                        $(builder.field(::std::stringify!($field), &self.0.$field);)*
                        $crate::wire::object::shown(builder, &self.0.__emptied)
                    }
                }

                impl builder::$type {
                    $($crate::type_builder::setter! {
                        $kind [$wire_name] $(#[$said])* $field: $of
                    })*

                    /// Builds the value.
                    ///
                    /// # Errors
                    ///
                    /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest) if a required
                    /// field is missing, or if a value that was set is invalid.
                    pub fn build(self) -> ::std::result::Result<$type, $crate::Error> {
                        $crate::type_builder::built(
                            ::std::stringify!($type),
                            <$type as ::std::convert::TryFrom<Self>>::try_from(self),
                        )
                    }
                }

                impl ::std::convert::TryFrom<builder::$type> for $type {
                    type Error = error::ConversionError;

                    fn try_from(
                        builder::$type(fields): builder::$type,
                    ) -> ::std::result::Result<Self, error::ConversionError> {
                        ::std::result::Result::Ok(Self {
                            $($field: fields.$field?,)*
                            __emptied: fields.__emptied,
                        })
                    }
                }

                impl ::std::convert::From<$type> for builder::$type {
                    fn from(value: $type) -> Self {
                        Self(__Fields {
                            $($field: ::std::result::Result::Ok(value.$field),)*
                            __emptied: value.__emptied,
                        })
                    }
                }
            };
        )*

        $crate::type_builder::arguments! { $($type),* }

        /// The builders of types.
        pub mod builder {
            $(
                #[derive(Clone)]
                pub struct $type(
                    pub(super) <super::$type as $crate::type_builder::Built>::Fields,
                );
            )*
        }
    };
}

/// The setter of a field. That of a field `build` has another name than the method.
macro_rules! setter {
    ($kind:ident [$wire_name:expr] $(#[$said:meta])* build: $of:ty) => {
        $crate::type_builder::setter! {
            $kind [$wire_name] $(#[$said])* build_ = build: $of
        }
    };
    ($kind:ident [$wire_name:expr] $(#[$said:meta])* $field:ident: $of:ty) => {
        $crate::type_builder::setter! {
            $kind [$wire_name] $(#[$said])* $field = $field: $of
        }
    };
    ($kind:ident [$wire_name:expr] $(#[$said:meta])* $setter:ident = $field:ident: $of:ty) => {
        $(#[$said])*
        #[doc = $crate::type_builder::need!($kind)]
        pub fn $setter(mut self, value: impl $crate::Argument<$of>) -> Self {
            self.0.$field = $crate::type_builder::set::$kind(
                ::std::stringify!($field),
                $wire_name,
                value,
                &mut self.0.__emptied,
            );
            self
        }
    };
}

/// The end of the docs of a setter.
macro_rules! need {
    (required) => {
        "\nRequired."
    };
    ($optional:ident) => {
        "\nOptional."
    };
}

/// Implements [`Argument`](crate::Argument) of objects and builders for each other.
macro_rules! arguments {
    ($($type:ident),* $(,)?) => {
        $crate::argument::conversions! {$(
            builder::$type => $type,
            $type => builder::$type,
        )*}
        $crate::argument::arguments! {$(
            &$type => builder::$type: |value: &$type| {
                ::std::result::Result::Ok(::std::clone::Clone::clone(value).into())
            };
        )*}
        $(
            impl $crate::argument::Argument<::std::option::Option<builder::$type>>
                for ::std::option::Option<$type>
            {
                fn into_argument(
                    self,
                ) -> ::std::result::Result<
                    ::std::option::Option<builder::$type>,
                    ::std::string::String,
                > {
                    ::std::result::Result::Ok(self.map(::std::convert::Into::into))
                }
            }
        )*
    };
}

pub(crate) use {arguments, need, setter, type_builders};

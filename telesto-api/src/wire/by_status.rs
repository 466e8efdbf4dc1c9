//! Bodies of responses that are something else for each status.

/// Whether a status is the one of the spec, or in its range, such as `2XX`.
pub(crate) fn is_listed(listed: &str, status: u16) -> bool {
    let status = status.to_string();
    let same = |(listed, digit): (u8, u8)| listed == b'X' || listed == digit;
    listed.len() == status.len() && listed.bytes().zip(status.bytes()).all(same)
}

/// Implements [`Wire`](super::Wire) and `Serialize` for an enum of such bodies.
macro_rules! by_status {
    ($type:ident { $($variant:ident: $status:literal),* $(,)? }) => {
        impl $crate::wire::Wire for $type {
            /// Without a status, it is not known what it is.
            fn read<'de, D: ::serde::Deserializer<'de>>(
                deserializer: D,
                presence: $crate::wire::Presence,
            ) -> ::std::result::Result<::std::option::Option<Self>, D::Error> {
                let read = $crate::wire::Wire::read(deserializer, presence)?;
                ::std::result::Result::Ok(read.map($type::Unknown))
            }

            fn read_body<'de, D: ::serde::Deserializer<'de>>(
                deserializer: D,
                presence: $crate::wire::Presence,
                status: ::reqwest::StatusCode,
            ) -> ::std::result::Result<::std::option::Option<Self>, D::Error> {
                $(if $crate::wire::is_listed($status, status.as_u16()) {
                    let read = $crate::wire::Wire::read(deserializer, presence)?;
                    return ::std::result::Result::Ok(read.map($type::$variant));
                })*
                $crate::wire::Wire::read(deserializer, presence)
            }

            fn write<S: ::serde::Serializer>(
                &self,
                serializer: S,
            ) -> ::std::result::Result<S::Ok, S::Error> {
                match self {
                    $($type::$variant(value) => $crate::wire::Wire::write(value, serializer),)*
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
    };
}

pub(crate) use by_status;

//! The formats of scalars: what each is in Rust, and on the wire.

/// A format that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Format {
    /// The type that it belongs to.
    pub(crate) typ: &'static str,
    pub(crate) name: &'static str,
    pub(crate) rust: Rust,
}

/// What values of a format are in Rust.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rust {
    /// What typify makes of them: text, or a number of that size.
    Usual,
    /// Text, as they are passed on. typify would use a type for them.
    Text,
    /// This type.
    Type {
        path: &'static str,
        /// A value, as Telesto writes it.
        example: &'static str,
    },
}

const fn usual(typ: &'static str, name: &'static str) -> Format {
    Format {
        typ,
        name,
        rust: Rust::Usual,
    }
}

const fn text(name: &'static str) -> Format {
    Format {
        typ: "string",
        name,
        rust: Rust::Text,
    }
}

const fn converted(name: &'static str, path: &'static str, example: &'static str) -> Format {
    Format {
        typ: "string",
        name,
        rust: Rust::Type { path, example },
    }
}

/// All of them.
pub(crate) const ALL: &[Format] = &[
    converted("date", "::jiff::civil::Date", "2024-01-15"),
    converted("date-time", "::jiff::Timestamp", "2024-01-15T10:30:00Z"),
    converted(
        "date-time-local",
        "::jiff::civil::DateTime",
        "2024-01-15 10:30:00",
    ),
    converted("decimal", "::rust_decimal::Decimal", "12.50"),
    usual("string", "binary"),
    usual("string", "byte"),
    usual("string", "email"),
    usual("string", "hostname"),
    text("ip"),
    text("ipv4"),
    text("ipv6"),
    usual("string", "password"),
    usual("string", "uri"),
    text("uuid"),
    usual("integer", "int"),
    usual("integer", "int8"),
    usual("integer", "int16"),
    usual("integer", "int32"),
    usual("integer", "int64"),
    usual("integer", "uint"),
    usual("integer", "uint8"),
    usual("integer", "uint16"),
    usual("integer", "uint32"),
    usual("integer", "uint64"),
    usual("number", "double"),
    usual("number", "float"),
];

/// The format `name` of a type.
pub(crate) fn find(typ: &str, name: &str) -> Option<&'static Format> {
    let mut all = ALL.iter();
    all.find(|format| format.typ == typ && format.name == name)
}

/// The format of this name that has a type of its own in Rust, or a size.
pub(crate) fn of_another_type(name: &str) -> Option<&'static Format> {
    let mut all = ALL.iter();
    all.find(|format| format.name == name && is_useful(format))
}

/// The formats of a type that make a difference in Rust.
pub(crate) fn useful(typ: &str) -> impl Iterator<Item = &'static Format> {
    let all = ALL.iter();
    all.filter(move |format| format.typ == typ && is_useful(format))
}

fn is_useful(format: &Format) -> bool {
    format.typ != "string" || matches!(format.rust, Rust::Type { .. })
}

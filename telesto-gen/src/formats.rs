//! The formats of scalars: what each is in Rust, and on the wire.

/// A format that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Format {
    /// The type that it belongs to.
    pub(crate) typ: &'static str,
    pub(crate) name: &'static str,
    pub(crate) rust: Rust,
    /// A value, as Telesto writes it.
    pub(crate) sample: &'static str,
}

/// What values of a format are in Rust.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rust {
    /// What typify makes of them: text, or a number of that size.
    Usual,
    /// Text, as they are passed on. typify would use a type for them.
    Text,
    /// The type of this path.
    Type(&'static str),
}

const fn format(typ: &'static str, name: &'static str, rust: Rust, sample: &'static str) -> Format {
    Format {
        typ,
        name,
        rust,
        sample,
    }
}

const fn text(name: &'static str, rust: Rust, sample: &'static str) -> Format {
    format("string", name, rust, sample)
}

const fn number(typ: &'static str, name: &'static str) -> Format {
    format(typ, name, Rust::Usual, usual_sample(typ))
}

/// A value of a type that has no format.
const fn usual_sample(typ: &str) -> &'static str {
    match typ.as_bytes() {
        b"integer" => "7",
        b"number" => "12.5",
        b"boolean" => "true",
        _ => "text",
    }
}

/// Whether values of a type are plain: text, numbers or booleans.
pub(crate) fn is_plain(typ: &str) -> bool {
    matches!(typ, "string" | "integer" | "number" | "boolean")
}

/// All of them.
pub(crate) const ALL: &[Format] = &[
    text("date", Rust::Type("::jiff::civil::Date"), "2024-01-15"),
    text(
        "date-time",
        Rust::Type("::jiff::Timestamp"),
        "2024-01-15T10:30:00Z",
    ),
    text(
        "date-time-local",
        Rust::Type("::jiff::civil::DateTime"),
        "2024-01-15 10:30:00",
    ),
    text("decimal", Rust::Type("::rust_decimal::Decimal"), "12.50"),
    text("binary", Rust::Usual, "text"),
    text("byte", Rust::Usual, "VGVsZXN0bw=="),
    text("email", Rust::Usual, "someone@example.com"),
    text("hostname", Rust::Usual, "example.com"),
    text("ip", Rust::Text, "192.0.2.1"),
    text("ipv4", Rust::Text, "192.0.2.1"),
    text("ipv6", Rust::Text, "2001:db8::1"),
    text("password", Rust::Usual, "text"),
    text("uri", Rust::Usual, "https://example.com/"),
    text("uuid", Rust::Text, "6f9619ff-8b86-4d11-b42d-00c04fc964ff"),
    number("integer", "int"),
    number("integer", "int8"),
    number("integer", "int16"),
    number("integer", "int32"),
    number("integer", "int64"),
    number("integer", "uint"),
    number("integer", "uint8"),
    number("integer", "uint16"),
    number("integer", "uint32"),
    number("integer", "uint64"),
    number("number", "double"),
    number("number", "float"),
];

/// A value of a type and format, as it is written in text.
pub(crate) fn sample(typ: &str, format: Option<&str>) -> &'static str {
    let known = format.and_then(|name| find(typ, name));
    known.map_or(usual_sample(typ), |format| format.sample)
}

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

/// Whether a format makes a difference in Rust.
pub(crate) fn is_useful(format: &Format) -> bool {
    format.typ != "string" || matches!(format.rust, Rust::Type(_))
}

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

impl Format {
    /// Whether a text has the form of this format, as far as it has one in Rust.
    pub(crate) fn is_form_of(&self, text: &str) -> bool {
        match self.name {
            _ if !matches!(self.rust, Rust::Type(_)) => true,
            "decimal" => is_decimal(text),
            name => is_moment(text, name),
        }
    }
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

/// Whether a text is a decimal number, such as `-12.50`.
fn is_decimal(text: &str) -> bool {
    let digits = text.trim().strip_prefix('-').unwrap_or(text.trim());
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    number(whole) && number(fraction)
}

/// Whether a text has the form of a date or a time: zero dates are ones as well.
fn is_moment(text: &str, format: &str) -> bool {
    let form = |text: &str, form: &str| {
        text.len() == form.len()
            && text
                .bytes()
                .zip(form.bytes())
                .all(|(byte, expected)| match expected {
                    b'0' => byte.is_ascii_digit(),
                    other => byte == other,
                })
    };
    let Some((date, rest)) = text.split_at_checked(10) else {
        return false;
    };
    if !form(date, "0000-00-00") {
        return false;
    }
    if format == "date" {
        return rest.is_empty();
    }
    let Some((b' ' | b'T' | b't', time)) = rest.as_bytes().split_first() else {
        return false;
    };
    let time = str::from_utf8(time).unwrap_or_default();
    let end = time.find(|c: char| !c.is_ascii_digit() && c != ':' && c != '.');
    let (clock, zone) = time.split_at(end.unwrap_or(time.len()));
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, "0"));
    let clock = form(clock, "00:00:00") || form(clock, "00:00");
    let fraction = !fraction.is_empty() && fraction.bytes().all(|byte| byte.is_ascii_digit());
    let zone = match format {
        "date-time" => matches!(zone, "Z" | "z") || form(zone, "+00:00") || form(zone, "-00:00"),
        _ => zone.is_empty(),
    };
    clock && fraction && zone
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_times_have_one_form_each() {
        for (text, format, is) in [
            ("2024-01-15", "date", true),
            ("0000-00-00", "date", true),
            ("15.01.2024", "date", false),
            ("2024-01-15 10:30:00", "date", false),
            ("2024-01-15 10:30:00", "date-time-local", true),
            ("2024-01-15T10:30", "date-time-local", true),
            ("2024-01-15T10:30:00Z", "date-time-local", false),
            ("2024-01-15", "date-time-local", false),
            ("2024-01-15T10:30:00.25+02:00", "date-time", true),
            ("2024-01-15T10:30:00Z", "date-time", true),
            ("2024-01-15T10:30:00", "date-time", false),
            ("soonest ünd", "date", false),
        ] {
            assert_eq!(is_moment(text, format), is, "{text} {format}");
        }
    }

    #[test]
    fn decimals_are_digits_with_a_point() {
        for (text, is) in [
            ("12", true),
            ("-12.50", true),
            ("12.", false),
            ("1e3", false),
            ("twelve", false),
            ("-", false),
        ] {
            assert_eq!(is_decimal(text), is, "{text}");
        }
    }
}

//! Templates of paths, such as `/files/{name}.{ext}`, and the values of their parameters.

use std::ops::Range;

use percent_encoding::percent_decode_str;

/// How well a path matches a template: the number of literal segments, then of literal bytes.
pub(crate) type Match = (usize, usize);

/// Matches a path with a template, segment by segment.
pub(crate) fn matches(template: &str, path: &str) -> Option<Match> {
    let (template, path): (Vec<&str>, Vec<&str>) =
        (template.split('/').collect(), path.split('/').collect());
    if template.len() != path.len() {
        return None;
    }
    let mut found = (0, 0);
    for (expected, segment) in template.into_iter().zip(path) {
        let tokens = tokens(expected);
        values(&tokens, segment)?;
        let literal = |token: &Token<'_>| match token {
            Token::Literal(text) => text.len(),
            Token::Parameter(_) => 0,
        };
        found.0 += usize::from(!expected.contains('{'));
        found.1 += tokens.iter().map(literal).sum::<usize>();
    }
    Some(found)
}

/// The decoded value of a parameter in a path that matches the template.
pub(crate) fn value(template: &str, path: &str, name: &str) -> Option<String> {
    let mut segments = template.split('/').zip(path.split('/'));
    segments.find_map(|(expected, segment)| {
        let values = values(&tokens(expected), segment)?;
        let (_, range) = values.into_iter().find(|(known, _)| *known == name)?;
        let value = percent_decode_str(segment.get(range)?);
        Some(value.decode_utf8_lossy().into_owned())
    })
}

/// A part of a segment.
enum Token<'t> {
    Literal(&'t str),
    Parameter(&'t str),
}

fn tokens(segment: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut rest = segment;
    while let Some((literal, parameter)) = rest.split_once('{')
        && let Some((name, after)) = parameter.split_once('}')
    {
        if !literal.is_empty() {
            tokens.push(Token::Literal(literal));
        }
        tokens.push(Token::Parameter(name));
        rest = after;
    }
    if !rest.is_empty() {
        tokens.push(Token::Literal(rest));
    }
    tokens
}

/// The names and places of the values in a segment. No value is empty. Where a literal occurs
/// several times, the first values are as short as they can be.
fn values<'t>(tokens: &[Token<'t>], segment: &str) -> Option<Vec<(&'t str, Range<usize>)>> {
    let bytes = bytes(segment);
    let mut found = Vec::new();
    place(tokens, &bytes, 0, &mut found)?;
    let at = |index: usize| bytes.get(index).map_or(segment.len(), |byte| byte.at);
    let places = found.into_iter();
    let places = places.map(|(name, range)| (name, at(range.start)..at(range.end)));
    Some(places.collect())
}

/// Finds the values of the tokens from `start` on.
fn place<'t>(
    tokens: &[Token<'t>],
    bytes: &[Byte],
    start: usize,
    found: &mut Vec<(&'t str, Range<usize>)>,
) -> Option<()> {
    let Some((first, rest)) = tokens.split_first() else {
        return (start == bytes.len()).then_some(());
    };
    match first {
        Token::Literal(text) => {
            let end = start + text.len();
            let here = bytes.get(start..end)?.iter().zip(text.bytes());
            if !{ here }.all(|(byte, expected)| byte.is_literal(expected)) {
                return None;
            }
            place(rest, bytes, end, found)
        }
        Token::Parameter(name) => {
            let shortest = start + 1;
            let first = if rest.is_empty() {
                shortest.max(bytes.len())
            } else {
                shortest
            };
            for end in first..=bytes.len() {
                found.push((name, start..end));
                if place(rest, bytes, end, found).is_some() {
                    return Some(());
                }
                found.pop();
            }
            None
        }
    }
}

/// A decoded byte of a segment.
struct Byte {
    value: u8,
    /// Where it is written.
    at: usize,
    is_encoded: bool,
}

impl Byte {
    /// Whether this byte is one of a literal. What needs no encoding and has it is in a value.
    fn is_literal(&self, expected: u8) -> bool {
        let needs_none = expected.is_ascii_alphanumeric() || b"-._~".contains(&expected);
        self.value == expected && !(self.is_encoded && needs_none)
    }
}

fn bytes(segment: &str) -> Vec<Byte> {
    let text = segment.as_bytes();
    let hex = |at: usize| char::from(*text.get(at)?).to_digit(16);
    let mut bytes = Vec::new();
    let mut at = 0;
    while let Some(&value) = text.get(at) {
        let encoded = match (value, hex(at + 1), hex(at + 2)) {
            (b'%', Some(high), Some(low)) => u8::try_from(high * 16 + low).ok(),
            _ => None,
        };
        bytes.push(Byte {
            value: encoded.unwrap_or(value),
            at,
            is_encoded: encoded.is_some(),
        });
        at += if encoded.is_some() { 3 } else { 1 };
    }
    bytes
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_literal_segment_is_a_better_match_than_a_parameter() {
        let segments =
            |template: &str, path: &str| matches(template, path).map(|(literal, _)| literal);
        assert_eq!(segments("/products", "/products"), Some(2));
        assert_eq!(segments("/products/{id}", "/products/7"), Some(2));
        assert_eq!(segments("/products/all", "/products/all"), Some(3));
        assert_eq!(segments("/products/{id}.pdf", "/products/7.pdf"), Some(2));
        assert_eq!(segments("/products/{id}.pdf", "/products/7.png"), None);
        assert_eq!(segments("/products/{id}", "/products/"), None);
        assert_eq!(segments("/products/{id}", "/products"), None);
        let path = "/files/a.pdf";
        assert!(matches("/files/{name}.{ext}", path) > matches("/files/{name}", path));
    }

    #[test]
    fn a_literal_may_be_encoded() {
        for (template, path) in [
            ("/größe/{id}", "/gr%C3%B6%C3%9Fe/7"),
            ("/größe/{id}", "/gr%c3%b6%c3%9fe/7"),
            ("/größe/{id}", "/größe/7"),
            ("/my things/{id}", "/my%20things/7"),
        ] {
            assert_eq!(value(template, path, "id").as_deref(), Some("7"), "{path}");
            assert!(matches(template, path).is_some(), "{path}");
        }
        assert_eq!(matches("/größe", "/grosse"), None);
    }

    #[test]
    fn a_segment_may_have_several_parameters() {
        let of = |path: &str| {
            let value = |name| value("/files/{name}.{ext}", path, name).unwrap();
            (value("name"), value("ext"))
        };
        assert_eq!(of("/files/a.pdf"), ("a".into(), "pdf".into()));
        assert_eq!(of("/files/a.tar.gz"), ("a".into(), "tar.gz".into()));
        // An encoded dot is one of the value.
        assert_eq!(of("/files/a%2Etar.gz"), ("a.tar".into(), "gz".into()));
        assert_eq!(of("/files/..pdf"), (".".into(), "pdf".into()));
        assert_eq!(matches("/files/{name}.{ext}", "/files/a"), None);
        assert_eq!(matches("/files/{name}.{ext}", "/files/.pdf"), None);
    }

    proptest! {
        #[test]
        fn values_are_read_as_they_were_sent(
            first in "[a-zäß %/]{1,6}",
            second in "[a-zäß.-]{1,6}",
        ) {
            let encoded = |text: &str| {
                let all = percent_encoding::NON_ALPHANUMERIC;
                percent_encoding::utf8_percent_encode(text, all).to_string()
            };
            let path = format!("/{}-v{}.x", encoded(&first), encoded(&second));
            let template = "/{first}-v{second}.x";
            prop_assert_eq!(value(template, &path, "first"), Some(first));
            prop_assert_eq!(value(template, &path, "second"), Some(second));
        }
    }
}

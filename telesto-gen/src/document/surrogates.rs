//! JSON writes a character beyond the first 65,536 as two escapes,
//! `"\ud83d\udc4d"`, which YAML refuses. It has one for it: `"\U0001F44D"`.
//! Elsewhere, in YAML without quotes, these are no escapes.

use std::borrow::Cow;

use super::json;

/// How long each escape is, in bytes.
const PAIR: usize = 12;
const ONE: usize = 10;

/// A text in which each of these pairs is one escape, if it is JSON.
pub(super) struct Joined<'a> {
    pub(super) text: Cow<'a, str>,
    /// Where the escapes are in it.
    places: Vec<usize>,
}

impl<'a> Joined<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        let mut joined = String::new();
        let mut places = Vec::new();
        let mut copied = 0;
        let mut at = 0;
        let is_json = json::is_begun(text);
        while let Some(found) = text[at..].find('\\').filter(|_| is_json) {
            at += found;
            match character(&text[at..]) {
                Some(character) => {
                    joined.push_str(&text[copied..at]);
                    places.push(joined.len());
                    joined.push_str(&format!("\\U{:08X}", u32::from(character)));
                    at += PAIR;
                    copied = at;
                }
                // What is escaped may be a backslash itself.
                None => at += 1 + text[at + 1..].chars().next().map_or(0, char::len_utf8),
            }
        }
        if places.is_empty() {
            return Self {
                text: text.into(),
                places,
            };
        }
        joined.push_str(&text[copied..]);
        Self {
            text: joined.into(),
            places,
        }
    }

    /// The byte at which each character is in the text as it was, and its end.
    pub(super) fn offsets(&self) -> Vec<usize> {
        let ends = self.text.char_indices().map(|(offset, _)| offset);
        let mut before = 0;
        ends.chain([self.text.len()])
            .map(|offset| {
                while self.places.get(before).is_some_and(|at| at + ONE <= offset) {
                    before += 1;
                }
                offset + before * (PAIR - ONE)
            })
            .collect()
    }
}

/// The character that a text starts with two escapes for.
fn character(text: &str) -> Option<char> {
    let (high, low) = (half(text, 0)?, half(text, PAIR / 2)?);
    let mut decoded = char::decode_utf16([high, low]);
    match (decoded.next()?.ok(), decoded.next()) {
        (Some(character), None) => Some(character),
        _ => None,
    }
}

/// The number in `\ud83d`.
fn half(text: &str, at: usize) -> Option<u16> {
    let digits = text.get(at..at + PAIR / 2)?.strip_prefix("\\u")?;
    u16::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_become_one_escape_and_nothing_else_does() {
        let text = r#"{"a": "\ud83d\udc4d", "ü": "\\ud83d\udc4d \u00fc \ud83d" }"#;
        let joined = Joined::of(text);
        let expected = r#"{"a": "\U0001F44D", "ü": "\\ud83d\udc4d \u00fc \ud83d" }"#;
        assert_eq!(joined.text, expected);
        let offsets = joined.offsets();
        for (index, letter) in expected.chars().enumerate() {
            if matches!(letter, 'a' | 'ü' | '}') {
                assert!(text[offsets[index]..].starts_with(letter), "{letter}");
            }
        }
        assert_eq!(offsets.last(), Some(&text.len()));

        let yaml = r"title: \ud83d\udc4d";
        assert_eq!(Joined::of(yaml).text, yaml);
    }
}

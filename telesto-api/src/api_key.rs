//! The API key, which is never shown.

use std::fmt;

use bytes::Bytes;
use percent_encoding::{NON_ALPHANUMERIC, percent_decode, utf8_percent_encode};
use reqwest::header::{HeaderMap, HeaderValue};
use secrecy::{ExposeSecret as _, SecretString};

use crate::Error;

/// A well-formed API key. No output shows it.
#[derive(Clone)]
pub(crate) struct ApiKey(SecretString);

impl ApiKey {
    /// Checks the key. The error says what is wrong with it, and does not show
    /// it.
    pub(crate) fn new(key: SecretString) -> Result<Self, Error> {
        let text = key.expose_secret();
        let help = "pass the key as Telesto's support sent it";
        let wrong = if text.is_empty() {
            "is empty"
        } else if text.contains(['\r', '\n']) {
            "contains a line break, perhaps from the end of a file"
        } else if text.contains(char::is_whitespace) {
            "contains a space"
        } else if !text.is_ascii() {
            "contains a character that is not ASCII"
        } else if text.bytes().any(|byte| byte.is_ascii_control()) {
            "contains a control character"
        } else {
            return Ok(Self(key));
        };
        Err(Error::config(format!("the API key {wrong}: {help}")))
    }

    /// The value of the header that carries it.
    pub(crate) fn header(&self) -> HeaderValue {
        // `new` accepts only what a header can carry.
        let mut value = HeaderValue::from_str(self.0.expose_secret())
            .unwrap_or_else(|_| HeaderValue::from_static(""));
        value.set_sensitive(true);
        value
    }

    /// A key for hashes, from which nobody can tell the API key.
    #[cfg(feature = "cache")]
    pub(crate) fn derived(&self, context: &str) -> [u8; 32] {
        blake3::derive_key(context, self.0.expose_secret().as_bytes())
    }

    /// The text with the key redacted, in any case and as error messages quote it. A text
    /// that holds the key in another encoding is redacted as a whole.
    pub(crate) fn redact(&self, text: &str) -> String {
        let key = self.0.expose_secret();
        let quoted = key.escape_debug().to_string();
        let text = [key, &quoted].iter().fold(text.to_owned(), |text, key| {
            replaced_in_any_case(&text, key)
        });
        if self.is_hidden_in(text.as_bytes()) {
            return REDACTED.to_owned();
        }
        text
    }

    /// Whether a text from outside holds the key, in any case, and percent-encoded or not.
    pub(crate) fn is_hidden_in(&self, text: &[u8]) -> bool {
        const MOST_ROUNDS: usize = 4;
        let key = self.0.expose_secret().to_ascii_lowercase();
        let mut text = text.to_ascii_lowercase();
        for _ in 0..MOST_ROUNDS {
            if is_in(key.as_bytes(), &text) {
                return true;
            }
            let decoded: Vec<u8> = percent_decode(&text).collect();
            if decoded == text {
                return false;
            }
            text = decoded.to_ascii_lowercase();
        }
        // A harmless text is not encoded that often.
        true
    }

    /// A body with the key redacted, also as it is written in JSON. One without
    /// the key is not copied.
    pub(crate) fn redact_bytes(&self, body: Bytes) -> Bytes {
        self.written()
            .iter()
            .fold(body, |body, key| match is_in(key.as_bytes(), &body) {
                true => replaced(&body, key.as_bytes()).into(),
                false => body,
            })
    }

    /// Whether a body holds the key, also as it is written in JSON.
    #[cfg(feature = "cache")]
    pub(crate) fn is_in(&self, body: &[u8]) -> bool {
        let mut written = self.written().into_iter();
        written.any(|key| is_in(key.as_bytes(), body))
    }

    /// The key as it is, and as JSON or a URL may have it.
    fn written(&self) -> [String; 4] {
        let key = self.0.expose_secret();
        let json = serde_json::to_string(key).unwrap_or_default();
        let json = json.trim_matches('"');
        // PHP escapes slashes.
        [
            key.to_owned(),
            json.to_owned(),
            json.replace('/', "\\/"),
            utf8_percent_encode(key, NON_ALPHANUMERIC).to_string(),
        ]
    }

    /// Redacts the headers that repeat the key.
    pub(crate) fn redact_headers(&self, headers: &mut HeaderMap) {
        for value in headers.values_mut() {
            if self.is_hidden_in(value.as_bytes()) {
                *value = HeaderValue::from_static(REDACTED);
            }
        }
    }
}

fn is_in(key: &[u8], bytes: &[u8]) -> bool {
    bytes.windows(key.len()).any(|part| part == key)
}

fn replaced_in_any_case(text: &str, key: &str) -> String {
    let (lower, key) = (text.to_ascii_lowercase(), key.to_ascii_lowercase());
    let mut kept = String::with_capacity(text.len());
    let mut end = 0;
    // The key is ASCII, so that no character is cut.
    for (start, found) in lower.match_indices(&key) {
        kept.push_str(&text[end..start]);
        kept.push_str(REDACTED);
        end = start + found.len();
    }
    kept.push_str(&text[end..]);
    kept
}

/// The bytes with each `key` in them redacted.
fn replaced(bytes: &[u8], key: &[u8]) -> Vec<u8> {
    let mut kept = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some(byte) = rest.first() {
        rest = if let Some(after) = rest.strip_prefix(key) {
            kept.extend_from_slice(REDACTED.as_bytes());
            after
        } else {
            kept.push(*byte);
            &rest[1..]
        };
    }
    kept
}

const REDACTED: &str = "[redacted]";

impl fmt::Debug for ApiKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(REDACTED)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_malformed_key_is_refused_and_not_shown() {
        for (key, says) in [
            ("", "is empty"),
            ("s3cret\n", "line break"),
            ("s3cret key", "a space"),
            ("s3cret\u{a0}", "a space"),
            ("s3cretö", "not ASCII"),
            ("s3cret\u{7}", "control character"),
        ] {
            let error = ApiKey::new(key.to_owned().into()).unwrap_err();
            let shown = format!("{error} {error:?}");
            assert!(shown.contains(says), "{key:?}: {shown}");
            assert!(!shown.contains("s3cret"), "{shown}");
        }
    }

    #[test]
    fn every_printable_character_is_carried_as_it_is() {
        let key: String = (b'!'..=b'~').map(char::from).collect();
        let header = ApiKey::new(key.clone().into()).unwrap().header();
        assert_eq!(header.as_bytes(), key.as_bytes());
        assert!(header.is_sensitive());
    }

    #[test]
    fn what_the_server_repeats_is_taken_out() {
        let key = ApiKey::new("s3cret".to_owned().into()).unwrap();
        assert_eq!(key.redact("no s3cret, s3cret"), "no [redacted], [redacted]");
        assert_eq!(key.redact("nothing"), "nothing");
        let key = ApiKey::new("a\"b\\c".to_owned().into()).unwrap();
        assert_eq!(key.redact("no a\"b\\c"), "no [redacted]");
        assert_eq!(
            key.redact(&format!("no {:?}", "xa\"b\\c")),
            "no \"x[redacted]\""
        );
        let key = ApiKey::new("s3cret".to_owned().into()).unwrap();
        assert_eq!(format!("{key:?}"), "[redacted]");
    }

    #[test]
    fn no_case_and_no_encoding_hides_the_key() {
        let key = ApiKey::new("S3cret/Key".to_owned().into()).unwrap();
        for (text, redacted) in [
            ("at https://s3CRET/key, see", "at https://[redacted], see"),
            ("S3cret%2FKey", "[redacted]"),
            ("of s3cret%252fkey", "[redacted]"),
            ("%53%33%63%72%65%74%2f%4b%65%79", "[redacted]"),
            ("100 % of s3cret", "100 % of s3cret"),
            ("Straße ẞ", "Straße ẞ"),
        ] {
            assert_eq!(key.redact(text), redacted);
        }
        let mut headers = HeaderMap::new();
        headers.insert("location", HeaderValue::from_static("//s3cret%2Fkey/"));
        headers.insert("x-other", HeaderValue::from_static("s3cret"));
        key.redact_headers(&mut headers);
        assert_eq!(
            (&headers["location"], &headers["x-other"]),
            (
                &HeaderValue::from_static("[redacted]"),
                &HeaderValue::from_static("s3cret")
            )
        );
        assert_eq!(
            key.redact_bytes(Bytes::from_static(b"?key=S3cret%2FKey")),
            "?key=[redacted]"
        );
    }

    #[test]
    fn a_body_is_redacted_as_it_may_be_written() {
        let key = ApiKey::new("a/b\"c".to_owned().into()).unwrap();
        let redacted = |body: &'static str| key.redact_bytes(Bytes::from_static(body.as_bytes()));
        assert_eq!(redacted("no a/b\"c, a/b\"c."), "no [redacted], [redacted].");
        assert_eq!(redacted(r#"{"key": "a/b\"c"}"#), r#"{"key": "[redacted]"}"#);
        assert_eq!(
            redacted(r#"{"key": "a\/b\"c"}"#),
            r#"{"key": "[redacted]"}"#
        );
        assert_eq!(redacted("nothing"), "nothing");
    }
}

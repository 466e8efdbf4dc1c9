//! Reading the body of a response into one buffer, up to the limit.

use bytes::Bytes;
use reqwest::Response;

use crate::{Error, ErrorKind};

/// A longer body is no envelope of an error.
pub(crate) const MAX_ERROR_BODY: usize = 64 * 1024;

/// The part of a body that has been read, of at most `limit` bytes.
pub(crate) struct Buffer {
    bytes: Vec<u8>,
    limit: usize,
}

impl Buffer {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            bytes: Vec::new(),
            limit,
        }
    }

    /// Prepares for a body whose length may have been announced.
    pub(crate) fn announce(&mut self, length: Option<u64>) -> Result<(), Error> {
        let length = length.map(|length| usize::try_from(length).unwrap_or(usize::MAX));
        if length.is_some_and(|length| length > self.limit) {
            return Err(too_large(self.limit));
        }
        // A hint: a length that is a lie must not exhaust the memory.
        let _ = self.bytes.try_reserve_exact(length.unwrap_or(0));
        Ok(())
    }

    /// Reads until it is known that the body is no error that the server states.
    /// Returns whether it has been read to its end, and may be one.
    pub(crate) async fn read_beginning(&mut self, response: &mut Response) -> Result<bool, Error> {
        while may_be_error(&self.bytes) {
            match response.chunk().await.map_err(Error::transport)? {
                Some(chunk) => self.push(&chunk)?,
                None => return Ok(true),
            }
        }
        Ok(false)
    }

    pub(crate) async fn read_to_end(&mut self, response: &mut Response) -> Result<(), Error> {
        while let Some(chunk) = response.chunk().await.map_err(Error::transport)? {
            self.push(&chunk)?;
        }
        Ok(())
    }

    pub(crate) fn push(&mut self, chunk: &[u8]) -> Result<(), Error> {
        if chunk.len() > self.limit - self.bytes.len() {
            return Err(too_large(self.limit));
        }
        if chunk.len() > self.bytes.capacity() - self.bytes.len() {
            // Not twice as much, as a vector grows by itself: a list of 15 MB
            // whose length is not announced would take 30.
            self.bytes
                .reserve_exact(chunk.len().max(self.bytes.len() / 8));
        }
        self.bytes.extend_from_slice(chunk);
        Ok(())
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(crate) fn into_bytes(mut self) -> Bytes {
        self.bytes.shrink_to_fit();
        self.bytes.into()
    }
}

/// Whether a body that begins like this may be an envelope, which is an object.
fn may_be_error(begun: &[u8]) -> bool {
    begun.len() <= MAX_ERROR_BODY
        && (MARK.starts_with(begun)
            || matches!(
                without_mark(begun).trim_ascii_start().first(),
                None | Some(b'{')
            ))
}

/// The byte order mark. A PHP file that was saved with one sends it first.
const MARK: &[u8] = "\u{feff}".as_bytes();

/// A body without a byte order mark.
pub(crate) fn without_mark(body: &[u8]) -> &[u8] {
    body.strip_prefix(MARK).unwrap_or(body)
}

/// Reads JSON; if that fails, it reads it again with half of a pair of surrogates, as in
/// `"\\ud83d"`, replaced by U+FFFD. JavaScript sends such halves of characters.
pub(crate) fn lenient<T, E>(body: &[u8], read: impl Fn(&[u8]) -> Result<T, E>) -> Result<T, E> {
    read(body).or_else(|error| match without_lone_surrogates(body) {
        Some(body) => read(&body),
        None => Err(error),
    })
}

/// JSON with halves of pairs of surrogates replaced; `None` if it has none.
pub(crate) fn without_lone_surrogates(json: &[u8]) -> Option<Vec<u8>> {
    let unit = |at: usize| {
        let digits = json.get(at..at + 6)?.strip_prefix(b"\\u")?;
        u16::from_str_radix(str::from_utf8(digits).ok()?, 16).ok()
    };
    let mut replaced = None;
    let mut at = 0;
    while let Some(next) = json[at..].iter().position(|byte| *byte == b'\\') {
        at += next;
        at += match (unit(at), unit(at + 6)) {
            (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => 12,
            (Some(0xd800..=0xdfff), _) => {
                let replaced = replaced.get_or_insert_with(|| json.to_vec());
                replaced[at..at + 6].copy_from_slice(b"\\ufffd");
                6
            }
            // Any other escape, such as that of a backslash.
            _ => 2,
        };
        if at >= json.len() {
            break;
        }
    }
    replaced
}

pub(crate) fn looks_like_html(body: &[u8]) -> bool {
    body.trim_ascii_start().first() == Some(&b'<')
}

fn too_large(limit: usize) -> Error {
    Error::new(
        ErrorKind::BodyTooLarge,
        format!(
            "the response is larger than the limit of {limit} bytes: \
             raise it with `body_limit`"
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_a_pair_of_surrogates_is_replaced() {
        for (json, read) in [
            (r#""a \ud83d b""#, "a \u{fffd} b"),
            (r#""\uD83D\uD83D\uDC4D""#, "\u{fffd}\u{1f44d}"),
            (r#""\udc4d\ud83d""#, "\u{fffd}\u{fffd}"),
            (r#""\\\ud83d\n\ude00""#, "\\\u{fffd}\n\u{fffd}"),
            (r#""\ud83d\u0041""#, "\u{fffd}A"),
        ] {
            let text = lenient(json.as_bytes(), |body| {
                serde_json::from_slice::<String>(body)
            });
            assert_eq!(text.unwrap(), read, "{json}");
        }
        for json in [
            r#""\\ud83d""#,
            r#""\ud83d\udc4d""#,
            r#""\u12"#,
            "\\",
            r#""\ud8"#,
            "[]",
        ] {
            assert_eq!(without_lone_surrogates(json.as_bytes()), None, "{json}");
        }
    }

    #[test]
    fn a_body_of_unknown_length_takes_little_more_than_itself() {
        let mut buffer = Buffer::new(usize::MAX);
        for chunk in (1..2_000).map(|size| size * 7 % 8_192) {
            buffer.push(&vec![0; chunk]).unwrap();
            let (length, capacity) = (buffer.bytes.len(), buffer.bytes.capacity());
            assert!(
                capacity <= length + length / 8 + chunk,
                "{capacity} for {length}"
            );
        }
    }

    #[test]
    fn a_body_is_read_until_it_cannot_be_an_error() {
        let long = format!("{{{}", " ".repeat(MAX_ERROR_BODY - 1));
        for begun in [
            "",
            " \n",
            "{",
            " {\"id\": 1",
            "\u{feff}",
            "\u{feff} {",
            &long,
        ] {
            assert!(may_be_error(begun.as_bytes()), "{begun:.20}");
        }
        assert!(may_be_error(&MARK[..2]));
        for begun in ["[", " 7", "<html>", "%PDF", "\u{feff}[", &(long + " ")] {
            assert!(!may_be_error(begun.as_bytes()), "{begun:.20}");
        }
    }
}

//! The envelope of Telesto's errors.

use std::fmt;

use reqwest::StatusCode;
use serde_json::Value;

use crate::body::lenient;

/// An error as Telesto sends it:
/// `{"statusCode": 401, "error": {"type": "UNAUTHORIZED", "description": "…"}}`
/// ([source](https://telesto.app/nl/help/section?id=143)).
///
/// Decide on the [status](crate::Error::status) and the
/// [type](Self::error_type): the description is for people, and may be
/// localised. If the server repeats the API key, it is redacted.
#[derive(Clone, PartialEq)]
pub struct ApiError {
    body: Value,
}

impl ApiError {
    /// Reads an error body; `None` if it is not one. `redact` takes the key out
    /// of a text, after decoding, since JSON may hold it with escapes.
    pub(crate) fn read(body: &[u8], redact: impl Fn(&str) -> String) -> Option<Self> {
        let body: Value = lenient(body, |body| serde_json::from_slice(body)).ok()?;
        body.get("error")?.as_object()?;
        let body = map_texts(body, &redact);
        Some(Self { body })
    }

    /// Reads an error that was sent with a status of success. Every part of the
    /// envelope has to be there, so that no other body is taken for one.
    pub(crate) fn read_in_success(
        body: &[u8],
        redact: impl Fn(&str) -> String,
    ) -> Option<(StatusCode, Self)> {
        let error = Self::read(body, redact)?;
        error.error_type()?;
        let status = StatusCode::from_u16(error.status_code()?).ok()?;
        (status.is_client_error() || status.is_server_error()).then_some((status, error))
    }

    /// The HTTP status that the body states.
    #[must_use]
    pub fn status_code(&self) -> Option<u16> {
        let code = self.body.get("statusCode")?;
        match code {
            Value::String(text) => text.parse().ok(),
            _ => code.as_u64()?.try_into().ok(),
        }
    }

    /// The type of the error, such as `UNAUTHORIZED`. Documented are
    /// `UNAUTHORIZED`, `FORBIDDEN`, `NOT_FOUND`, `TOO_MANY_REQUESTS` and
    /// `SERVER_ERROR`; others may come.
    #[must_use]
    pub fn error_type(&self) -> Option<&str> {
        self.text("type")
    }

    /// What went wrong, for people to read.
    #[must_use]
    pub fn description(&self) -> Option<&str> {
        self.text("description")
    }

    /// The whole body, for what is not documented.
    #[must_use]
    pub fn body(&self) -> &Value {
        &self.body
    }

    /// The type, if it is a short word, as the documented ones are.
    pub(crate) fn short_type(&self) -> Option<&str> {
        self.error_type().filter(|word| {
            word.len() <= 40
                && word
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
        })
    }

    fn text(&self, member: &str) -> Option<&str> {
        self.body
            .get("error")?
            .get(member)?
            .as_str()
            .filter(|text| !text.is_empty())
    }
}

/// Edits all texts, member names included.
fn map_texts(value: Value, edit: &impl Fn(&str) -> String) -> Value {
    match value {
        Value::String(text) => edit(&text).into(),
        Value::Array(items) => items
            .into_iter()
            .map(|item| map_texts(item, edit))
            .collect(),
        Value::Object(members) => members
            .into_iter()
            .map(|(name, member)| (edit(&name), map_texts(member, edit)))
            .collect(),
        other => other,
    }
}

impl fmt::Debug for ApiError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ApiError")
            .field("status_code", &self.status_code())
            .field("error_type", &self.error_type())
            .field("description", &self.description())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn in_success(body: &str) -> Option<(StatusCode, ApiError)> {
        ApiError::read_in_success(body.as_bytes(), str::to_owned)
    }

    #[test]
    fn an_error_in_a_success_is_not_confused_with_other_bodies() {
        let error = r#"{"statusCode":"403","error":{"type":"FORBIDDEN","description":""}}"#;
        let (status, error) = in_success(error).unwrap();
        assert_eq!(status, StatusCode::FORBIDDEN);
        assert_eq!(error.error_type(), Some("FORBIDDEN"));
        assert_eq!(error.description(), None);

        for body in [
            r#"{"statusCode":200,"error":{"type":"NONE","description":""}}"#,
            r#"{"statusCode":404,"error":""}"#,
            r#"{"statusCode":404,"error":{"count":1}}"#,
            r#"{"error":{"type":"a field of its own"}}"#,
            r#"{"id":"a1b2c3"}"#,
            "[]",
            "",
        ] {
            assert_eq!(in_success(body), None, "{body}");
        }
    }

    #[test]
    fn an_unusual_type_is_kept_and_not_shown() {
        let error = ApiError::read(br#"{"error":{"type":"<b>no\n</b>"}}"#, str::to_owned).unwrap();
        assert_eq!(error.error_type(), Some("<b>no\n</b>"));
        assert_eq!(error.short_type(), None);
    }
}

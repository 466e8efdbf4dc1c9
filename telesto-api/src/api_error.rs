//! The envelope that Telesto's errors come in.

use std::fmt;

use reqwest::StatusCode;
use serde_json::Value;

/// An error as Telesto states it:
/// `{"statusCode": 401, "error": {"type": "UNAUTHORIZED", "description": "…"}}`
/// ([source](https://telesto.app/nl/help/section?id=143)).
///
/// Decide on the [status](crate::Error::status) and the
/// [type](Self::error_type); the description is a text for people and may
/// come in their language. The API key is taken out of all of it, should the
/// server repeat it.
#[derive(Clone, PartialEq)]
pub struct ApiError {
    body: Value,
}

impl ApiError {
    /// Reads an error body, if that is what the text is.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let body: Value = serde_json::from_str(text).ok()?;
        body.get("error")?.as_object()?;
        Some(Self { body })
    }

    /// Reads an error that comes in the place of an answer. Here every part of
    /// the envelope has to be there, for it to be told from an answer.
    pub(crate) fn read_in_success(text: &str) -> Option<(StatusCode, Self)> {
        let error = Self::read(text)?;
        error.error_type()?;
        let status = StatusCode::from_u16(error.status_code()?).ok()?;
        (status.is_client_error() || status.is_server_error()).then_some((status, error))
    }

    /// The HTTP status, as the body repeats it.
    #[must_use]
    pub fn status_code(&self) -> Option<u16> {
        let code = self.body.get("statusCode")?;
        match code {
            Value::String(text) => text.parse().ok(),
            _ => code.as_u64()?.try_into().ok(),
        }
    }

    /// The kind of the error, such as `UNAUTHORIZED`. Documented are
    /// `UNAUTHORIZED`, `FORBIDDEN`, `NOT_FOUND`, `TOO_MANY_REQUESTS` and
    /// `SERVER_ERROR`; others may come.
    #[must_use]
    pub fn error_type(&self) -> Option<&str> {
        self.text("type")
    }

    /// What went wrong, for people.
    #[must_use]
    pub fn description(&self) -> Option<&str> {
        self.text("description")
    }

    /// The whole body, for what is not documented.
    #[must_use]
    pub fn body(&self) -> &Value {
        &self.body
    }

    /// The type, if it is the short word that it is documented to be.
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

    #[test]
    fn an_error_in_a_success_is_told_from_an_answer() {
        let error = r#"{"statusCode":"403","error":{"type":"FORBIDDEN","description":""}}"#;
        let (status, error) = ApiError::read_in_success(error).unwrap();
        assert_eq!(status, StatusCode::FORBIDDEN);
        assert_eq!(error.error_type(), Some("FORBIDDEN"));
        assert_eq!(error.description(), None);

        for answer in [
            r#"{"statusCode":200,"error":{"type":"NONE","description":""}}"#,
            r#"{"statusCode":404,"error":""}"#,
            r#"{"statusCode":404,"error":{"count":1}}"#,
            r#"{"error":{"type":"a field of its own"}}"#,
            r#"{"id":"a1b2c3"}"#,
            "[]",
            "",
        ] {
            assert_eq!(ApiError::read_in_success(answer), None, "{answer}");
        }
    }

    #[test]
    fn an_unusual_type_is_kept_and_not_shown() {
        let error = ApiError::read(r#"{"error":{"type":"<b>no\n</b>"}}"#).unwrap();
        assert_eq!(error.error_type(), Some("<b>no\n</b>"));
        assert_eq!(error.short_type(), None);
    }
}

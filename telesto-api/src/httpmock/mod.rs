//! Typed mocks of every operation of the spec, to test code that uses this
//! crate. Feature `httpmock`.
//!
//! [`MockServerExt`] gives [`MockServer`] one method for each operation. The
//! expected request and the response have the types of the spec; the response
//! is sent as Telesto writes it, with `""` for empty values.
//!
//! ```
//! # #[cfg(not(telesto_fixture))]
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), telesto_api::Error> {
//! use telesto_api::{Budget, Client};
//! use telesto_api::httpmock::{MockServer, MockServerExt as _};
//! use telesto_api::types::Product;
//!
//! let server = MockServer::start_async().await;
//! let widget = Product::builder().id("1").name("Widget").build()?;
//! let mock = server.list_products(|_when, then| {
//!     then.ok(&vec![widget]);
//! });
//!
//! let client = Client::builder()
//!     .api_key("any")
//!     .base_url(server.base_url())
//!     .budget(Budget::in_process()) // each test has its own
//!     .build()?;
//! let products = client.list_products().send().await?;
//! assert_eq!(products[0].name.as_deref(), Some("Widget"));
//! mock.assert();
//! # Ok(())
//! # }
//! # #[cfg(telesto_fixture)]
//! # fn main() {}
//! ```
//!
//! All clients of a process share one budget for each origin, and httpmock uses
//! its servers again: a mocked 429 would lock the next test out, too. So give
//! each client of a test a budget of its own.
//!
//! Every operation can be refused as well: `then.error(404, "NOT_FOUND")`.
//! A request that no mock matches gets a 404.
//!
//! # Panics
//!
//! Setting up a mock panics if a value cannot be sent, such as an empty path
//! parameter or an unknown value of an enum.

mod written;

pub use ::httpmock::{Mock, MockServer, Then, When};

pub use crate::generated::httpmock::{MockServerExt, operations};

#[allow(unused_imports, reason = "which of these are used depends on the spec")]
pub(crate) use self::generated::*;

/// What the generated methods call.
#[allow(
    dead_code,
    reason = "which of these are called depends on the spec that the client is made from"
)]
mod generated {
    use std::future::poll_fn;
    use std::pin::pin;
    use std::{io, thread};

    use ::httpmock::{HttpMockRequest, Method, Then, When};
    use futures_core::Stream as _;
    use regex::bytes::{NoExpand, Regex};
    use reqwest::Url;
    use reqwest::multipart::Form;
    use serde_json::{Value, json};
    use tokio::runtime::Builder;

    use super::written::Telesto;
    use crate::Argument;
    use crate::call;
    use crate::generated::spec::BASE_URL;
    use crate::wire::{Wire, Written, form_fields, joined, scalar_text, to_text};

    /// A request of an operation, with any values in its path.
    pub(crate) fn request(when: When, method: &str, template: &str) -> When {
        when.method(method.parse::<Method>().unwrap_or(Method::GET))
            .path_matches(path(template, None).as_str())
    }

    /// The value that a matcher was given.
    pub(crate) fn argument<T>(name: &str, value: impl Argument<T>) -> T {
        sent(crate::argument::field(name, value))
    }

    /// Expects this value for the path parameter of this index.
    pub(crate) fn path_parameter<T: Wire>(
        when: When,
        template: &str,
        number: usize,
        value: &T,
    ) -> When {
        let segment = sent(call::path_segment(template, "", value));
        when.path_matches(path(template, Some((number, &segment))).as_str())
    }

    /// Expects this value in the query, or these.
    pub(crate) fn query<T: Wire>(when: When, name: &str, value: &T) -> When {
        match sent(serde_json::to_value(Written(value))) {
            Value::Array(values) => values.into_iter().fold(when, |when, value| {
                when.query_param(name, scalar_text(value))
            }),
            value => when.query_param(name, scalar_text(value)),
        }
    }

    /// Expects this query parameter, with its values joined.
    pub(crate) fn joined_query<T: Wire>(when: When, name: &str, value: &T, by: &str) -> When {
        match sent(joined(value, by)) {
            Some(text) => when.query_param(name, text),
            None => when.query_param_missing(name),
        }
    }

    /// Expects this header.
    pub(crate) fn header<T: Wire>(when: When, name: &str, value: &T) -> When {
        when.header(name, sent(to_text(value)))
    }

    /// Expects this body, as JSON.
    pub(crate) fn json_body<T: Wire>(when: When, value: &T) -> When {
        when.json_body(sent(serde_json::to_value(Written(value))))
    }

    /// Expects the fields of this body, as a form.
    pub(crate) fn form_body<T: Wire>(when: When, value: &T) -> When {
        let fields = sent(form_fields(value)).into_iter();
        fields.fold(when, |when, (name, value)| {
            when.form_urlencoded_tuple(name, value)
        })
    }

    /// Expects the parts of this body, as a form that may hold files.
    pub(crate) fn multipart_body<T: Wire>(when: When, value: &T) -> When {
        let form = sent(call::multipart_form(value));
        let boundary = sent(Regex::new(&regex::escape(form.boundary())));
        let expected = sent(collected(form));
        when.is_true(move |request: &HttpMockRequest| {
            let headers = request.headers();
            let kind = headers.get("content-type");
            let kind = kind.and_then(|kind| kind.to_str().ok());
            let used = kind.and_then(|kind| kind.strip_prefix("multipart/form-data; boundary="));
            used.is_some_and(|used| {
                let expected = boundary.replace_all(&expected, NoExpand(used.as_bytes()));
                *request.body_ref() == expected[..]
            })
        })
    }

    /// Expects this body, as it is.
    pub(crate) fn bytes_body(when: When, value: impl AsRef<[u8]>) -> When {
        let expected = value.as_ref().to_vec();
        match String::from_utf8(expected) {
            Ok(text) => when.body(text),
            Err(bytes) => {
                let bytes = bytes.into_bytes();
                when.is_true(move |request: &HttpMockRequest| *request.body_ref() == bytes[..])
            }
        }
    }

    /// A response in JSON, as Telesto writes it.
    pub(crate) fn response<T: Wire>(then: Then, status: u16, value: &T) -> Then {
        then.status(status)
            .header("content-type", "application/json")
            .json_body(sent(value.write(Telesto)))
    }

    /// A response of any other media type.
    pub(crate) fn bytes_response(
        then: Then,
        status: u16,
        media_type: &str,
        value: impl AsRef<[u8]>,
    ) -> Then {
        then.status(status)
            .header("content-type", media_type)
            .body(value)
    }

    /// An error in Telesto's envelope.
    pub(crate) fn error(then: Then, status: u16, error_type: &str) -> Then {
        let error = json!({ "type": error_type, "description": "An error of a mock." });
        then.status(status)
            .header("content-type", "application/json")
            .json_body(json!({ "statusCode": status, "error": error }))
    }

    /// The bytes of a form. A runtime of its own reads the files, as a mock may be set
    /// up within another one.
    fn collected(form: Form) -> io::Result<Vec<u8>> {
        let read = async {
            let mut stream = pin!(form.into_stream());
            let mut bytes = Vec::new();
            while let Some(chunk) = poll_fn(|context| stream.as_mut().poll_next(context)).await {
                bytes.extend_from_slice(&chunk.map_err(io::Error::other)?);
            }
            Ok(bytes)
        };
        thread::scope(|scope| {
            let reading = scope.spawn(|| Builder::new_current_thread().build()?.block_on(read));
            let panicked = |_| Err(io::Error::other("the form cannot be read"));
            reading.join().unwrap_or_else(panicked)
        })
    }

    /// The pattern of a path, below the path of the base URL or below none,
    /// with the value of the parameter of one number.
    fn path(template: &str, value: Option<(usize, &str)>) -> String {
        let base = Url::parse(BASE_URL).map(|url| url.path().trim_end_matches('/').to_owned());
        let base = regex::escape(&base.unwrap_or_default());
        let mut pattern = format!("^(?:{base})?");
        for (number, part) in template.split('{').enumerate() {
            let constant = match number.checked_sub(1) {
                None => part,
                Some(number) => {
                    match value {
                        Some((of, segment)) if of == number => {
                            pattern.push_str(&regex::escape(segment));
                        }
                        _ => pattern.push_str("[^/]+"),
                    }
                    part.split_once('}').map_or("", |(_, rest)| rest)
                }
            };
            pattern.push_str(&regex::escape(constant));
        }
        pattern.push('$');
        pattern
    }

    /// What would be sent.
    #[allow(
        clippy::panic,
        reason = "a test that expects what cannot be sent is wrong"
    )]
    fn sent<T, E: std::fmt::Display>(result: Result<T, E>) -> T {
        result.unwrap_or_else(|reason| panic!("a mock cannot be set up: {reason}"))
    }
}

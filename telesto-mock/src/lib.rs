//! A mock server for the Telesto inventory API, to develop and test against
//! without a key and without spending requests.
//!
//! It serves every operation of an OpenAPI document, by default of the shipped
//! one, with its examples or with bodies made from its schemas. Like Telesto,
//! it checks the key (401) and the plan (403), counts the requests of an IP
//! address, and blocks the address when they are too many (429). What Telesto
//! does not document, such as the shape of the window, is a setting.
//!
//! It checks what it receives against the spec, too, which Telesto may do in
//! another way: a method that a path does not have is a 405, and a parameter or a
//! body that does not fit its schema a 400 that says what is wrong. The limits of
//! schemas, such as `maxLength` and `pattern`, are not looked at.
//!
//! ```
//! # async fn example() -> Result<(), telesto_mock::StartError> {
//! use telesto_mock::MockServer;
//!
//! let telesto = MockServer::builder().start().await?;
//! println!("listening on {}, with the key {}", telesto.url(), telesto.api_key());
//! telesto.stop().await;
//! # Ok(())
//! # }
//! # tokio::runtime::Runtime::new().unwrap().block_on(example()).unwrap();
//! ```
//!
//! As a program: `cargo run -p telesto-mock`.

mod check;
mod fault;
mod limiter;
mod operation;
mod response;
mod sample;
mod serve;
mod server;
mod settings;
mod template;

pub use self::fault::Fault;
pub use self::limiter::{Limiter, RateLimit, Verdict, Window};
pub use self::operation::Operation;
pub use self::response::Response;
pub use self::server::{MockServer, RecordedRequest, Stats};
pub use self::settings::{DEFAULT_API_KEY, MockServerBuilder, RetryAfter, StartError};

//! A stand-in for the Telesto inventory API, to develop and test against
//! without a key and without spending requests.
//!
//! It serves every operation of an OpenAPI document, by default of the shipped
//! one, with its examples or with bodies made from its schemas. Like Telesto
//! it checks the key (401) and the plan (403), counts the requests of an IP
//! address, and blocks the address for one too many (429). What Telesto does
//! not document, such as how it cuts the hours in which it counts, can be
//! chosen.
//!
//! ```
//! # async fn example() -> Result<(), telesto_mock::StartError> {
//! use telesto_mock::StandIn;
//!
//! let telesto = StandIn::builder().start().await?;
//! println!("{} answers with the key {}", telesto.url(), telesto.api_key());
//! telesto.stop().await;
//! # Ok(())
//! # }
//! # tokio::runtime::Runtime::new().unwrap().block_on(example()).unwrap();
//! ```
//!
//! As a program: `cargo run -p telesto-mock`.

mod answer;
mod limiter;
mod operation;
mod sample;
mod spec;
mod stand_in;

pub use self::answer::Answer;
pub use self::limiter::{Limiter, RateLimit, Verdict, Window};
pub use self::operation::Operation;
pub use self::spec::SpecError;
pub use self::stand_in::{
    DEFAULT_API_KEY, RecordedRequest, RetryAfter, StandIn, StandInBuilder, StartError, Stats,
};

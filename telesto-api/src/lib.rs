#![doc = include_str!("../README.md")]

mod api_error;
mod api_key;
mod argument;
mod base_url;
mod body;
mod budget;
mod byte_stream;
#[cfg(feature = "cache")]
mod cache;
mod call;
mod client;
mod clock;
mod compression;
mod connections;
mod dec;
mod decode;
mod environment;
mod error;
// As `cargo xtask codegen` writes it.
#[rustfmt::skip]
#[cfg_attr(telesto_fixture, path = "../../tests/fixture-api/generated/mod.rs")]
mod generated;
#[cfg(feature = "httpmock")]
pub mod httpmock;
mod limit;
#[doc = include_str!("../LIMITS.md")]
pub mod limits {}
mod middleware;
mod mutex;
mod operation;
mod outcome;
mod private;
mod random;
mod request;
mod retry;
mod trace;
mod type_builder;
mod upload;
mod wire;

pub use progenitor_client::ResponseValue;
pub use reqwest::header::HeaderMap;
pub use reqwest::{Method, StatusCode};
// The types of fields and of `configure_http`, so that users need not match their
// versions.
pub use {jiff, reqwest, rust_decimal};

pub use self::api_error::ApiError;
pub use self::argument::{Argument, Empty};
pub use self::budget::{Budget, BudgetStatus, Wait, WaitReason};
#[cfg(feature = "redis")]
pub use self::budget::{RedisBudget, Share};
pub use self::byte_stream::ByteStream;
#[cfg(feature = "cache")]
pub use self::cache::{Cache, CacheStats, Served};
pub use self::client::ClientBuilder;
pub use self::clock::{Clock, ManualClock, Sleep, SystemClock};
#[doc(hidden)]
pub use self::dec::__decimal;
pub use self::error::{Error, ErrorKind};
pub use self::generated::{Client, builder, types};
pub use self::limit::{OnLimit, RateLimit};
pub use self::operation::{Operation, Returns, operations};
pub use self::request::RequestBuilder;
pub use self::retry::Retry;
pub use self::upload::Upload;

/// The code of the repository's README, compiled as tests.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct RepositoryReadme;

//! Tests that need several of the other crates, as one program.
//!
//! - `cases`: edits of a spec, each with its expected result.
//! - `changes`: what edits of a spec mean, and whether that is true.
//! - `wire`: what goes over the wire and comes back, against responses written
//!   by hand.
//! - `errors`: every way in which a call can fail.
//! - `outcome`: what a response is taken for, whatever it claims to be.
//! - `bytes`: bodies that are read as a stream.
//! - `cache`: responses that are served again, and requests that are not made.
//! - `timeouts`: how long a call waits, and what it costs.
//! - `http`: TLS, HTTP/2, proxies and compression.
//! - `requests`: endpoints that are not in the spec.
//! - `forms`: forms of operations and schemas that the spec may come to have.
//! - `redirects`: where a request may be sent on to.
//! - `retries`: requests that are sent again.
//! - `key`: the API key shows nowhere.
//! - `limit`: the budget and the lockout, against the mock server.
//! - `host`: the budget that the processes of a machine share.
//! - `redis`: the budget that machines share, with a real Redis.
//! - `coercion`: any JSON that a server may send for a generated type.
//! - `spec_readme`: the examples of `spec/README.md`.
//! - `random`: documents that nobody wrote.
//! - `public`: documents that others wrote.
//! - `one_spec`: the client and the mock server that are made from the same spec.
//! - `workflows`: what runs in pull requests.
#![cfg(test)]
#![allow(
    clippy::unwrap_used,
    reason = "a test stops at what it does not expect"
)]

mod bytes;
mod cache;
#[path = "../cases/clients/mod.rs"]
mod cases;
mod changes;
mod client_crate;
mod coercion;
mod errors;
mod forms;
mod host;
mod http;
mod key;
mod limit;
mod one_spec;
mod outcome;
mod public;
mod random;
mod redirects;
mod redis;
mod requests;
mod retries;
mod spec_readme;
mod support;
mod timeouts;
mod wire;
mod workflows;

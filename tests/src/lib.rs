//! Tests that need several of the other crates, as one program.
//!
//! - `wire`: what goes over the wire and comes back, against answers written
//!   by hand.
//! - `errors`: every way in which a call can fail.
//! - `redirects`: where a request may be sent on to.
//! - `key`: the API key shows nowhere.
//! - `limit`: the budget and the lockout, against the stand-in.
//! - `coercion`: any JSON that a server may send for a generated type.
//! - `spec_edit`: what becomes of an edit of the spec.
#![cfg(test)]

mod coercion;
mod errors;
mod key;
// mod limit;
mod redirects;
// mod spec_edit;
mod support;
mod wire;

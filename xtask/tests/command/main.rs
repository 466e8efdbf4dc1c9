//! The commands as people, programs and CI run them.

#![allow(
    clippy::unwrap_used,
    reason = "a test stops at what it does not expect"
)]

mod adopt;
mod codegen;
mod diff;
mod lint;
mod scratch;

//! Generates the client of `telesto-api` from an OpenAPI document.

mod document;
mod facts;
mod files;
mod finding;
mod fixup;
mod generate;
mod lint;
mod operations;
mod progenitor;
mod refine;
mod render;
mod schemas;

pub use self::document::{Document, ReadError};
pub use self::files::{FileError, Stale, State, stale, write};
pub use self::finding::{Finding, Findings, Location, Severity};
pub use self::generate::{Generated, GeneratedFile, Target, embed, generate};
pub use self::lint::{Rule, lint, rules};

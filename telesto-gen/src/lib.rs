//! Generates the client of `telesto-api` from an OpenAPI document.
#![cfg_attr(
    not(feature = "generate"),
    allow(
        dead_code,
        unused_imports,
        reason = "reading and linting share modules with what generates"
    )
)]

#[cfg(feature = "generate")]
mod adopt;
#[cfg(feature = "generate")]
mod descriptions;
#[cfg(feature = "generate")]
mod diff;
mod document;
#[cfg(feature = "generate")]
mod facts;
#[cfg(feature = "generate")]
mod files;
mod finding;
#[cfg(feature = "generate")]
mod fixup;
mod formats;
#[cfg(feature = "generate")]
mod generate;
#[cfg(feature = "generate")]
mod hex;
mod lint;
mod names;
#[cfg(feature = "generate")]
mod operations;
#[cfg(feature = "generate")]
mod progenitor;
#[cfg(feature = "generate")]
mod refine;
#[cfg(feature = "generate")]
mod render;
#[cfg(feature = "generate")]
mod schemas;
mod source;
pub mod spec;
#[cfg(feature = "generate")]
mod surface;
mod threads;

#[cfg(feature = "generate")]
pub use self::adopt::{
    AdoptError, Adopted, Because, Corrected, Loss, Lost, Mistake, Open, Renamed, Settings, Untyped,
    adopt,
};
#[cfg(feature = "generate")]
pub use self::diff::{
    Bump, Change, ChangeRule, Diff, Effect, Endpoint, Release, Verdict, change_rules,
};
pub use self::document::{Document, ReadError};
#[cfg(feature = "generate")]
pub use self::files::{FileError, Stale, State, replace, stale, write};
pub use self::finding::{Finding, Findings, Location, Severity};
#[cfg(feature = "generate")]
pub use self::generate::{Generated, GeneratedFile, Target, embed, generate, surface};
pub use self::lint::{Fixed, Rule, fix, lint, rules};
#[cfg(feature = "generate")]
pub use self::surface::{ItemKind, Surface, SurfaceItem};

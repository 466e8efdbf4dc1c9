//! The extensions of OpenAPI that this workspace reads: fields that start with `x-`.

use std::time::Duration;

use crate::document::{Data, Kind, Node};

/// An extension, and the object that has it.
pub(crate) struct Known {
    pub(crate) name: &'static str,
    pub(crate) holder: Kind,
    /// The holder, in messages.
    pub(crate) place: &'static str,
}

/// How many requests an address may send.
pub(crate) const RATE_LIMIT: &str = "x-rate-limit";

/// All of them.
pub(crate) const ALL: &[Known] = &[Known {
    name: RATE_LIMIT,
    holder: Kind::Document,
    place: "the root of the document",
}];

/// What `x-rate-limit` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RateLimit {
    /// How many requests an address may send in a window.
    pub requests: u32,
    /// The length of the window.
    pub window: Duration,
    /// How long the address is blocked after one request too many.
    pub lockout: Duration,
}

impl RateLimit {
    pub(super) fn of(root: &Node) -> Option<Self> {
        let limit = root.get(RATE_LIMIT)?;
        let number = |name: &str| match limit.get(name)?.data {
            Data::Integer(number) => u32::try_from(number).ok(),
            _ => None,
        };
        let seconds = |name: &str| Some(Duration::from_secs(number(name)?.into()));
        Some(Self {
            requests: number("requests")?,
            window: seconds("window")?,
            lockout: seconds("lockout")?,
        })
    }
}

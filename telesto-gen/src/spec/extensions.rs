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

/// For how long the responses of an operation are served again.
pub(crate) const CACHE: &str = "x-cache";

/// Whether a request of an operation may arrive twice.
pub(crate) const IDEMPOTENT: &str = "x-idempotent";

/// All of them.
pub(crate) const ALL: &[Known] = &[
    Known {
        name: RATE_LIMIT,
        holder: Kind::Document,
        place: "the root of the document",
    },
    Known {
        name: CACHE,
        holder: Kind::Operation,
        place: "an operation",
    },
    Known {
        name: IDEMPOTENT,
        holder: Kind::Operation,
        place: "an operation",
    },
];

/// Whether a field is an extension that this workspace reads.
pub(crate) fn is_known(key: &str) -> bool {
    ALL.iter().any(|known| known.name == key)
}

/// A whole number in a field of an extension.
fn number(extension: &Node, name: &str) -> Option<u32> {
    match extension.get(name)?.data {
        Data::Integer(number) => u32::try_from(number).ok(),
        _ => None,
    }
}

fn seconds(extension: &Node, name: &str) -> Option<Duration> {
    let seconds = number(extension, name)?;
    Some(Duration::from_secs(seconds.into()))
}

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
    /// This many requests in a window, and how long the address is blocked after one more.
    #[must_use]
    pub const fn new(requests: u32, window: Duration, lockout: Duration) -> Self {
        Self {
            requests,
            window,
            lockout,
        }
    }

    pub(crate) fn of(root: &Node) -> Option<Self> {
        let limit = root.get(RATE_LIMIT)?;
        Some(Self {
            requests: number(limit, "requests")?,
            window: seconds(limit, "window")?,
            lockout: seconds(limit, "lockout")?,
        })
    }
}

/// What `x-cache` says: for how long a response is fresh, and for how much longer it
/// is served if the server cannot be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cache {
    pub(crate) fresh: Duration,
    pub(crate) stale: Duration,
}

impl Cache {
    pub(crate) fn of(operation: &Node) -> Option<Self> {
        let cache = operation.get(CACHE)?;
        Some(Self {
            fresh: seconds(cache, "fresh")?,
            stale: seconds(cache, "stale").unwrap_or_default(),
        })
    }
}

//! Random numbers, for what must differ between processes and machines.

use std::hash::{BuildHasher as _, RandomState};
use std::time::Duration;

/// A number that nobody else has, for all that is likely.
pub(crate) fn number() -> u64 {
    RandomState::new().hash_one(0)
}

/// A time below `longest`.
pub(crate) fn below(longest: Duration) -> Duration {
    let part = (number() >> 11) as f64 / (1u64 << 53) as f64;
    Duration::try_from_secs_f64(longest.as_secs_f64() * part).unwrap_or(longest)
}

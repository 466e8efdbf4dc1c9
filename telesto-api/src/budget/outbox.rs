//! What a process has to write into the ledger that it shares.

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::ledger::Ledger;
use crate::clock::Clock;
use crate::mutex::lock;

/// The outcome of a request, such as a lockout.
type Outcome = dyn Fn(&mut Ledger, Duration) + Send + Sync;

/// The outcomes of requests that are not written yet.
///
/// Every change of the ledger begins with them. So an outcome that cannot be written, since
/// the disk is full or Redis is away, is obeyed by this process, and written with the next
/// change. Only one change at a time may apply them.
pub(super) struct Outbox {
    clock: Arc<dyn Clock>,
    outcomes: Mutex<Vec<(Duration, Arc<Outcome>)>>,
}

impl Outbox {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            outcomes: Mutex::default(),
        }
    }

    /// Adds an outcome of this moment.
    pub(super) fn push(&self, outcome: impl Fn(&mut Ledger, Duration) + Send + Sync + 'static) {
        let now = self.clock.monotonic();
        lock(&self.outcomes).push((now, Arc::new(outcome)));
    }

    /// Applies all outcomes to a ledger whose time is `now`, and returns how many there are.
    pub(super) fn apply(&self, ledger: &mut Ledger, now: Duration) -> usize {
        let outcomes = lock(&self.outcomes).clone();
        for (at, outcome) in &outcomes {
            let ago = self.clock.monotonic().saturating_sub(*at);
            outcome(ledger, now.saturating_sub(ago));
        }
        outcomes.len()
    }

    /// Removes the first outcomes, which are written.
    pub(super) fn remove(&self, count: usize) {
        lock(&self.outcomes).drain(..count);
    }
}

impl fmt::Debug for Outbox {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let outcomes = lock(&self.outcomes);
        write!(formatter, "Outbox({})", outcomes.len())
    }
}

//! Where a ledger is kept.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::ledger::Ledger;
use crate::clock::Clock;

/// Keeps a ledger in this process.
///
/// A store does one thing: it reads the ledger, has it changed at its own time,
/// and writes it back, atomically.
#[derive(Debug)]
pub(super) struct InProcess {
    ledger: Mutex<Ledger>,
    clock: Arc<dyn Clock>,
}

impl InProcess {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            ledger: Mutex::default(),
            clock,
        }
    }

    /// Changes the ledger.
    pub(super) fn change<T>(&self, change: impl FnOnce(&mut Ledger, Duration) -> T) -> T {
        let mut ledger = self.ledger.lock().unwrap_or_else(PoisonError::into_inner);
        // Read under the lock, so that the time of changes never goes back.
        change(&mut ledger, self.clock.monotonic())
    }
}

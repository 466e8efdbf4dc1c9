//! Where a ledger is kept.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::runtime::Handle;

use super::host::Host;
use super::ledger::Ledger;
use crate::Error;
use crate::clock::Clock;

/// Keeps a ledger.
///
/// A store does one thing: it reads the ledger, has it changed at its own time,
/// and writes it back, atomically.
#[derive(Clone, Debug)]
pub(super) enum Store {
    InProcess(Arc<InProcess>),
    /// In a file, whose reading and writing blocks.
    Host(Arc<Host>),
}

impl Store {
    /// Changes the ledger. Once it is polled, the change happens even if the
    /// future is dropped; its result is dropped then.
    pub(super) async fn change<T: Send + 'static>(
        &self,
        change: impl FnOnce(&mut Ledger, Duration) -> T + Send + 'static,
    ) -> Result<T, Error> {
        match self {
            Self::InProcess(store) => Ok(store.change(change)),
            Self::Host(store) => {
                let store = Arc::clone(store);
                let changed = tokio::task::spawn_blocking(move || store.change(change));
                changed.await.unwrap_or_else(|error| {
                    Err(Error::budget("the change of the budget was cut off").with_source(error))
                })
            }
        }
    }

    /// Changes the ledger, and does not wait for it.
    pub(super) fn change_later(
        &self,
        change: impl FnOnce(&mut Ledger, Duration) + Send + 'static,
        then: impl FnOnce() + Send + 'static,
    ) {
        match self {
            Self::InProcess(store) => {
                store.change(change);
                then();
            }
            Self::Host(store) => {
                let store = Arc::clone(store);
                let work = move || {
                    if let Err(error) = store.change(change) {
                        warn_of(&error);
                    }
                    then();
                };
                match Handle::try_current() {
                    Ok(runtime) => drop(runtime.spawn_blocking(work)),
                    Err(_) => work(),
                }
            }
        }
    }

    /// Whether other processes may change the ledger.
    pub(super) fn is_shared(&self) -> bool {
        matches!(self, Self::Host(_))
    }
}

/// A response that could not be written down is no reason to lose it: its
/// request counts for longer.
pub(super) fn warn_of(error: &Error) {
    tracing::warn!(target: "telesto_api", %error, "a request counts for longer");
}

/// Keeps a ledger in this process.
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
        let mut ledger = super::lock(&self.ledger);
        // Read under the lock, so that the time of changes never goes back.
        change(&mut ledger, self.clock.monotonic())
    }
}

//! Where a ledger is kept.

#[cfg(feature = "redis")]
use std::pin::Pin;
use std::sync::{Arc, Mutex};
#[cfg(feature = "redis")]
use std::task::{Context, Poll};
use std::time::Duration;

#[cfg(feature = "redis")]
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use super::host::Host;
use super::ledger::Ledger;
#[cfg(feature = "redis")]
use super::redis::{Part, Redis};
use crate::Error;
use crate::clock::Clock;

/// How long a change may wait for other processes that change the ledger, if no call has a
/// time of its own for it.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// Keeps a ledger.
///
/// A store does one thing: it reads the ledger, has it changed at its own time,
/// and writes it back, atomically.
#[derive(Clone, Debug)]
pub(super) enum Store {
    InProcess(Arc<InProcess>),
    /// In a file.
    Host(Arc<Host>),
    #[cfg(feature = "redis")]
    Redis(Arc<Redis>),
    /// In a file, while Redis is away.
    #[cfg(feature = "redis")]
    Part(Part),
}

impl Store {
    /// Changes the ledger: `change` may be called more than once, for what others have
    /// made of it meanwhile.
    pub(super) async fn change<T: Send + 'static>(
        &self,
        change: impl Fn(&mut Ledger, Duration) -> T + Send + Sync + 'static,
    ) -> Result<T, Error> {
        self.change_and(PATIENCE, change, |changed| changed).await
    }

    /// Changes the ledger, and then calls `then`, if other processes let it within
    /// `patience`. If the future is dropped meanwhile, either both happen or none.
    pub(super) async fn change_and<C: Send + 'static, T: Send + 'static>(
        &self,
        patience: Duration,
        change: impl Fn(&mut Ledger, Duration) -> C + Send + Sync + 'static,
        then: impl FnOnce(C) -> T + Send + 'static,
    ) -> Result<T, Error> {
        match self {
            Self::InProcess(store) => Ok(then(store.change(change))),
            Self::Host(store) => store.change(patience, change, then).await,
            #[cfg(feature = "redis")]
            Self::Part(store) => store.change(patience, change, then).await,
            #[cfg(feature = "redis")]
            Self::Redis(store) => {
                let store = Arc::clone(store);
                let changing = async move { store.change(patience, change).await.map(then) };
                Finished(Some(Box::pin(changing))).await
            }
        }
    }

    /// Records the outcome of a request, and waits until it is written. If it cannot be
    /// written, this process remembers it, and writes it with its next change.
    pub(super) async fn record(
        &self,
        outcome: impl Fn(&mut Ledger, Duration) + Send + Sync + 'static,
    ) -> Result<(), Error> {
        let (sender, receiver) = oneshot::channel();
        self.begin_record(outcome, |written| drop(sender.send(written)));
        let cancelled = |_| Err(Error::budget("the budget update was cancelled"));
        receiver.await.unwrap_or_else(cancelled)
    }

    /// Records the outcome of a request, does not wait for it, and then calls `then`.
    pub(super) fn record_later(
        &self,
        outcome: impl Fn(&mut Ledger, Duration) + Send + Sync + 'static,
        then: impl FnOnce() + Send + 'static,
    ) {
        self.begin_record(outcome, |written| {
            if let Err(error) = written {
                warn_of(&error);
            }
            then();
        });
    }

    fn begin_record(
        &self,
        outcome: impl Fn(&mut Ledger, Duration) + Send + Sync + 'static,
        end: impl FnOnce(Result<(), Error>) + Send + 'static,
    ) {
        match self {
            Self::InProcess(store) => {
                store.change(outcome);
                end(Ok(()));
            }
            Self::Host(store) => {
                store.outbox.push(outcome);
                store.flush(end);
            }
            #[cfg(feature = "redis")]
            Self::Part(store) => store.record(outcome, end),
            #[cfg(feature = "redis")]
            Self::Redis(store) => {
                store.outbox.push(outcome);
                let Ok(runtime) = Handle::try_current() else {
                    end(Err(Error::budget(
                        "there is no runtime to reach Redis with",
                    )));
                    return;
                };
                let store = Arc::clone(store);
                runtime.spawn(async move { end(store.change(PATIENCE, |_, _| ()).await) });
            }
        }
    }

    /// Whether other processes may change the ledger.
    pub(super) fn is_shared(&self) -> bool {
        !matches!(self, Self::InProcess(_))
    }
}

/// Finishes in a background task if it is dropped.
#[cfg(feature = "redis")]
struct Finished<F: Future + Send + 'static>(Option<Pin<Box<F>>>)
where
    F::Output: Send;

#[cfg(feature = "redis")]
impl<F: Future + Send + 'static> Future for Finished<F>
where
    F::Output: Send,
{
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let Some(future) = &mut self.0 else {
            return Poll::Pending;
        };
        let polled = future.as_mut().poll(context);
        if polled.is_ready() {
            self.0 = None;
        }
        polled
    }
}

#[cfg(feature = "redis")]
impl<F: Future + Send + 'static> Drop for Finished<F>
where
    F::Output: Send,
{
    fn drop(&mut self) {
        if let Some(future) = self.0.take()
            && let Ok(runtime) = Handle::try_current()
        {
            runtime.spawn(future);
        }
    }
}

/// A response whose outcome could not be written is no reason to lose it.
pub(super) fn warn_of(error: &Error) {
    tracing::warn!(
        target: "telesto_api",
        %error,
        "the outcome of a request is not written yet: this process keeps to it"
    );
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

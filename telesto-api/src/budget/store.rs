//! Where a ledger is kept.

#[cfg(feature = "redis")]
use std::pin::Pin;
use std::sync::{Arc, Mutex};
#[cfg(feature = "redis")]
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::runtime::{Handle, TryCurrentError};
use tokio::task::JoinHandle;

use super::host::Host;
use super::ledger::Ledger;
#[cfg(feature = "redis")]
use super::redis::{Part, Redis};
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
        self.change_and(change, |changed| changed).await
    }

    /// Changes the ledger, and then calls `then`. Once it is polled, both happen even
    /// if the future is dropped.
    pub(super) async fn change_and<C: Send + 'static, T: Send + 'static>(
        &self,
        change: impl Fn(&mut Ledger, Duration) -> C + Send + Sync + 'static,
        then: impl FnOnce(C) -> T + Send + 'static,
    ) -> Result<T, Error> {
        let changed = match self {
            Self::InProcess(store) => return Ok(then(store.change(change))),
            Self::Host(store) => {
                let store = Arc::clone(store);
                tokio::task::spawn_blocking(move || store.change(change).map(then))
            }
            #[cfg(feature = "redis")]
            Self::Part(store) => {
                let store = store.clone();
                tokio::task::spawn_blocking(move || store.change(change).map(then))
            }
            #[cfg(feature = "redis")]
            Self::Redis(store) => {
                let store = Arc::clone(store);
                let changing = async move { store.change(change).await.map(then) };
                return Finished(Some(Box::pin(changing))).await;
            }
        };
        joined(changed).await
    }

    /// Changes the ledger, and does not wait for it.
    pub(super) fn change_later(
        &self,
        change: impl Fn(&mut Ledger, Duration) + Send + Sync + 'static,
        then: impl FnOnce() + Send + 'static,
    ) {
        let done = |changed: Result<(), Error>| {
            if let Err(error) = changed {
                warn_of(&error);
            }
            then();
        };
        match (self, Handle::try_current()) {
            (Self::InProcess(store), _) => {
                store.change(change);
                done(Ok(()));
            }
            (Self::Host(store), runtime) => {
                let store = Arc::clone(store);
                blocking(runtime, move || done(store.change(change)));
            }
            #[cfg(feature = "redis")]
            (Self::Part(store), runtime) => {
                let store = store.clone();
                blocking(runtime, move || done(store.change(change)));
            }
            #[cfg(feature = "redis")]
            (Self::Redis(store), Ok(runtime)) => {
                let store = Arc::clone(store);
                drop(runtime.spawn(async move { done(store.change(change).await) }));
            }
            #[cfg(feature = "redis")]
            (Self::Redis(_), Err(_)) => {
                done(Err(Error::budget(
                    "there is no runtime to reach Redis with",
                )));
            }
        }
    }

    /// Whether other processes may change the ledger.
    pub(super) fn is_shared(&self) -> bool {
        !matches!(self, Self::InProcess(_))
    }
}

/// A future that a task goes on with if it is dropped.
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

/// What a task has come to.
pub(super) async fn joined<T>(task: JoinHandle<Result<T, Error>>) -> Result<T, Error> {
    task.await.unwrap_or_else(|error| {
        Err(Error::budget("the change of the budget was cut off").with_source(error))
    })
}

/// Does work that blocks, and does not wait for it if there is a runtime.
fn blocking(runtime: Result<Handle, TryCurrentError>, work: impl FnOnce() + Send + 'static) {
    match runtime {
        Ok(runtime) => drop(runtime.spawn_blocking(work)),
        Err(_) => work(),
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

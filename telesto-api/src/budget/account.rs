//! The budget of an origin, as the calls of a client see it: slots, and waiting
//! for them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::Notify;
use tokio::sync::futures::Notified;

use super::host::Host;
use super::ledger::{Ask, Granted, Ledger, Reason, Refusal};
use super::queue::{Place, Queue};
#[cfg(feature = "redis")]
use super::redis::{Fallback, Part, Redis};
use super::store::{InProcess, Store, warn_of};
use super::{BudgetStatus, Wait, WaitReason};
use crate::clock::Clock;
use crate::{Error, RateLimit};

/// A call that waits looks at the clock at least this often: a machine that was
/// suspended wakes to another time.
const LONGEST_SLEEP: Duration = Duration::from_secs(60);

/// How often a waiting call asks a store that other processes change, too.
const POLL: Duration = Duration::from_secs(1);

/// The ledger of an origin, shared by all who send to it.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) store: Store,
    /// Notified whenever something may have changed for waiting calls.
    changed: Arc<Notify>,
    /// Calls with the same limit wait in the same queue.
    queues: Mutex<HashMap<(RateLimit, u32), Weak<Queue>>>,
    /// Where to count if the store is away.
    #[cfg(feature = "redis")]
    fallback: Option<Arc<Fallback>>,
}

impl Shared {
    pub(super) fn in_process(clock: Arc<dyn Clock>) -> Self {
        Self::new(Store::InProcess(Arc::new(InProcess::new(clock))))
    }

    pub(super) fn on_host(host: Host) -> Self {
        Self::new(Store::Host(Arc::new(host)))
    }

    #[cfg(feature = "redis")]
    pub(super) fn in_redis(redis: Arc<Redis>, fallback: Option<Arc<Fallback>>) -> Self {
        Self {
            fallback,
            ..Self::new(Store::Redis(redis))
        }
    }

    #[cfg(feature = "redis")]
    pub(super) fn in_part(part: Part) -> Self {
        Self::new(Store::Part(part))
    }

    fn new(store: Store) -> Self {
        Self {
            store,
            changed: Arc::default(),
            queues: Mutex::default(),
            #[cfg(feature = "redis")]
            fallback: None,
        }
    }

    /// Whether a client can have this limit, and leave so much of it to others.
    pub(super) fn check(&self, limit: RateLimit, keep_back: u32) -> Result<(), Error> {
        if keep_back >= limit.requests() {
            return Err(Error::config(format!(
                "of {} requests, {keep_back} are kept back: that leaves none to send",
                limit.requests()
            )));
        }
        #[cfg(feature = "redis")]
        if let Some(fallback) = &self.fallback {
            fallback.part_of(limit, keep_back)?;
        }
        Ok(())
    }

    fn queue(&self, key: (RateLimit, u32)) -> Arc<Queue> {
        let mut queues = super::lock(&self.queues);
        if let Some(queue) = queues.get(&key).and_then(Weak::upgrade) {
            return queue;
        }
        queues.retain(|_, queue| queue.strong_count() > 0);
        let queue = Arc::new(Queue::default());
        queues.insert(key, Arc::downgrade(&queue));
        queue
    }

    /// Whether it holds nothing that is lost without it.
    pub(super) fn is_empty(&self) -> bool {
        match &self.store {
            Store::InProcess(store) => store.change(|ledger, now| ledger.is_empty(now)),
            _ => true,
        }
    }
}

/// The budget of an origin, for a client with a limit.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    shared: Arc<Shared>,
    queue: Arc<Queue>,
    clock: Arc<dyn Clock>,
    limit: RateLimit,
    keep_back: u32,
}

/// Why there is no slot.
#[derive(Clone, Debug)]
pub(crate) enum NotReserved {
    /// The caller did not want to wait, or not for that long.
    Exhausted {
        /// Whether the server has blocked the address.
        locked: bool,
        /// When a request can be sent, at the latest.
        retry_at: Timestamp,
    },
    /// The store failed.
    Failed(Error),
}

impl Account {
    pub(super) fn new(
        shared: Arc<Shared>,
        clock: Arc<dyn Clock>,
        limit: RateLimit,
        keep_back: u32,
    ) -> Self {
        Self {
            queue: shared.queue((limit, keep_back)),
            shared,
            clock,
            limit,
            keep_back,
        }
    }

    fn ask_for(&self, timeout: Duration) -> Ask {
        Ask {
            limit: self.limit,
            keep_back: self.keep_back,
            timeout,
        }
    }

    /// Takes a slot, or waits for one until `deadline`, for a request that may
    /// take as long as `timeout`. `on_wait` is called once, if the call waits.
    pub(crate) async fn reserve(
        &self,
        deadline: Option<Duration>,
        timeout: Duration,
        on_wait: impl Fn(&Wait),
    ) -> Result<Reservation, NotReserved> {
        #[cfg(feature = "redis")]
        if let Some(fallback) = &self.shared.fallback {
            return fallback.reserve(self, deadline, timeout, on_wait).await;
        }
        self.reserve_here(deadline, timeout, on_wait).await
    }

    /// As [`reserve`](Self::reserve), without a fallback.
    pub(super) async fn reserve_here(
        &self,
        deadline: Option<Duration>,
        timeout: Duration,
        on_wait: impl Fn(&Wait),
    ) -> Result<Reservation, NotReserved> {
        let mut place: Option<Place> = None;
        let mut asked_at = None;
        loop {
            // Before the look at the ledger, so that no change is missed.
            let change = self.shared.changed.notified();
            // A new call must not overtake waiting ones.
            let turn = match &place {
                Some(place) => place.is_first(),
                None => !self.queue.is_waiting(),
            };
            let now = self.clock.monotonic();
            let left = deadline.map(|deadline| deadline.saturating_sub(now));
            // The first call asks for all. The others look now and then whether they have
            // the time to wait.
            if let (Some(place), Some(asked_at), false) = (&place, asked_at, turn) {
                let again = LONGEST_SLEEP.saturating_sub(now.saturating_sub(asked_at));
                let pause = again.min(left.unwrap_or(Duration::MAX));
                if !pause.is_zero() {
                    self.pause(place.first(), pause).await;
                    continue;
                }
            }
            let asked = self.ask(turn, timeout).await;
            let asked = asked.map_err(NotReserved::Failed)?;
            let refusal = match asked {
                Ok(reservation) => return Ok(reservation),
                Err(refusal) => refusal,
            };
            let in_vain =
                left.is_some_and(|left| left.is_zero() || (refusal.certain && refusal.wait > left));
            if in_vain {
                return Err(NotReserved::Exhausted {
                    locked: refusal.reason != Reason::Spent,
                    retry_at: self.wall_in(refusal.wait),
                });
            }
            if place.is_none() {
                place = Some(self.queue.join());
                asked_at = Some(now);
                let wait = Wait {
                    reason: match refusal.reason {
                        Reason::Spent => WaitReason::RateLimit,
                        Reason::Locked => WaitReason::Lockout,
                        Reason::Probing => WaitReason::Probe,
                    },
                    until: self.wall_in(refusal.wait),
                };
                tracing::info!(
                    target: "telesto_api",
                    until = %wait.until,
                    "waiting for {}", wait.reason
                );
                on_wait(&wait);
                // It may be first by now.
                continue;
            }
            if !turn {
                asked_at = Some(now);
                continue;
            }
            let longest = match refusal.certain || !self.shared.store.is_shared() {
                true => LONGEST_SLEEP,
                // Another process may settle a request at any time.
                false => POLL,
            };
            let sleep = refusal.wait.min(left.unwrap_or(Duration::MAX)).min(longest);
            self.pause(change, sleep).await;
        }
    }

    /// Waits for an event, or until some time has passed.
    async fn pause(&self, event: Notified<'_>, time: Duration) {
        tokio::select! {
            () = event => {}
            () = self.clock.sleep(time) => {}
        }
    }

    /// Asks for a slot or, if it is not this call's turn, only how long it has
    /// to wait. A slot that arrives too late is given back as it is dropped.
    async fn ask(
        &self,
        turn: bool,
        timeout: Duration,
    ) -> Result<Result<Reservation, Waiting>, Error> {
        let account = self.clone();
        let ask = self.ask_for(timeout);
        let change = move |ledger: &mut Ledger, now: Duration| {
            let waiting = |refusal: Refusal| Waiting {
                reason: refusal.reason,
                wait: refusal.until.saturating_sub(now),
                certain: refusal.certain,
            };
            if turn {
                return ledger.reserve(&ask, now).map_err(waiting);
            }
            // If there is a slot, the first one is about to take it.
            Err(ledger.refusal(&ask, now).map_or(
                Waiting {
                    reason: Reason::Spent,
                    wait: LONGEST_SLEEP,
                    certain: false,
                },
                waiting,
            ))
        };
        let reserved = move |granted: Result<Granted, Waiting>| {
            granted.map(|granted| Reservation::new(account, granted))
        };
        let store = &self.shared.store;
        store.change_and(timeout, change, reserved).await
    }

    /// The limit of the client, and how much of it is left to others.
    #[cfg(feature = "redis")]
    pub(super) fn limit(&self) -> (RateLimit, u32) {
        (self.limit, self.keep_back)
    }

    pub(crate) async fn status(&self) -> Result<BudgetStatus, Error> {
        #[cfg(feature = "redis")]
        if let Some(fallback) = &self.shared.fallback {
            return fallback.status(self).await;
        }
        self.status_here().await
    }

    /// As [`status`](Self::status), without a fallback.
    pub(super) async fn status_here(&self) -> Result<BudgetStatus, Error> {
        // Nothing is sent.
        let ask = self.ask_for(Duration::ZERO);
        let standing = self.shared.store.change(move |ledger, now| {
            let wait = |until: Duration| until.saturating_sub(now);
            let refusal = ledger.refusal(&ask, now);
            (
                ledger.remaining(&ask, now),
                refusal.map_or(Duration::ZERO, |refusal| wait(refusal.until)),
                ledger.locked_until(now).map(wait),
            )
        });
        let (remaining, next_slot, locked) = standing.await?;
        Ok(BudgetStatus {
            limit: self.limit,
            remaining,
            next_slot: self.wall_in(next_slot),
            locked_until: locked.map(|locked| self.wall_in(locked)),
        })
    }

    /// Starts a lockout, and returns its end.
    async fn lock_out(&self, granted: Granted, asked: Duration) -> Timestamp {
        let lockout = self.limit.lockout();
        let wait = Arc::new(Mutex::new(lockout.max(asked)));
        let known = Arc::clone(&wait);
        let locked = self.shared.store.record(move |ledger, now| {
            let until = ledger.limited(granted, lockout, asked, now);
            *super::lock(&known) = until.saturating_sub(now);
        });
        if let Err(error) = locked.await {
            warn_of(&error);
        }
        self.shared.changed.notify_waiters();
        let until = self.wall_in(*super::lock(&wait));
        tracing::warn!(target: "telesto_api", %until, "the address is locked out");
        until
    }

    /// The date and time after `wait` from now.
    fn wall_in(&self, wait: Duration) -> Timestamp {
        let wall = self.clock.wall().saturating_add(wait);
        wall.unwrap_or(Timestamp::MAX)
    }
}

/// Why a call has to wait, and for how long.
#[derive(Clone, Copy, Debug)]
struct Waiting {
    reason: Reason,
    wait: Duration,
    certain: bool,
}

/// A slot of the budget, for one request.
///
/// Dropped before the request was [sent](Self::sent), it is given back. Dropped
/// without a response, as when the caller has stopped waiting, the request
/// counts for longer, since it may still be on its way.
#[derive(Debug)]
pub(crate) struct Reservation {
    account: Account,
    granted: Granted,
    progress: Progress,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    Here,
    UnderWay,
    Settled,
}

impl Reservation {
    fn new(account: Account, granted: Granted) -> Self {
        Self {
            account,
            granted,
            progress: Progress::Here,
        }
    }

    /// From here on the request may reach the server.
    pub(crate) fn sent(&mut self) {
        self.progress = Progress::UnderWay;
    }

    /// The response is there, so the server has counted the request, and it does
    /// not state a 429.
    pub(crate) async fn responded(mut self) {
        self.progress = Progress::Settled;
        let granted = self.granted;
        let settled = self
            .account
            .shared
            .store
            .record(move |ledger, now| ledger.responded(granted, now));
        if let Err(error) = settled.await {
            warn_of(&error);
        }
        self.account.shared.changed.notify_waiters();
    }

    /// The response is a 429: nothing is sent until the returned time.
    pub(crate) async fn limited(mut self, asked: Duration) -> Timestamp {
        self.progress = Progress::Settled;
        self.account.lock_out(self.granted, asked).await
    }

    /// The process dies, so that nothing is told of the request any more.
    #[cfg(test)]
    pub(super) fn dies(mut self) {
        self.progress = Progress::Settled;
    }

    /// The request has not left this machine after all.
    pub(crate) fn never_left(mut self) {
        self.progress = Progress::Here;
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        let (granted, progress) = (self.granted, self.progress);
        if progress == Progress::Settled {
            return;
        }
        let Shared { store, changed, .. } = &*self.account.shared;
        let changed = Arc::clone(changed);
        store.record_later(
            move |ledger, now| match progress {
                Progress::Here => ledger.give_back(granted),
                _ => ledger.abandoned(granted, now),
            },
            move || changed.notify_waiters(),
        );
    }
}

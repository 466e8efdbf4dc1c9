//! The budget of an origin, as the calls of a client see it: slots, and waiting
//! for them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::Notify;

use super::ledger::{Ask, Granted, Reason, Refusal};
use super::queue::{Place, Queue};
use super::store::InProcess;
use super::{BudgetStatus, Wait, WaitReason};
use crate::RateLimit;
use crate::clock::Clock;

/// A call that waits looks at the clock at least this often: a machine that was
/// suspended wakes to another time.
const LONGEST_SLEEP: Duration = Duration::from_secs(60);

/// The ledger of an origin, shared by all who send to it.
#[derive(Debug)]
pub(super) struct Shared {
    store: InProcess,
    /// Notified whenever something may have changed for waiting calls.
    changed: Arc<Notify>,
    /// Calls with the same limit wait in the same queue.
    queues: Mutex<HashMap<(RateLimit, u32), Weak<Queue>>>,
}

impl Shared {
    pub(super) fn new(store: InProcess) -> Self {
        Self {
            store,
            changed: Arc::default(),
            queues: Mutex::default(),
        }
    }

    fn queue(&self, key: (RateLimit, u32)) -> Arc<Queue> {
        let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(queue) = queues.get(&key).and_then(Weak::upgrade) {
            return queue;
        }
        queues.retain(|_, queue| queue.strong_count() > 0);
        let queue = Arc::new(Queue::default());
        queues.insert(key, Arc::downgrade(&queue));
        queue
    }

    /// Whether it holds nothing that still counts.
    pub(super) fn is_empty(&self) -> bool {
        self.store.change(|ledger, now| ledger.is_empty(now))
    }
}

/// The budget of an origin, for a client with a limit.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    shared: Arc<Shared>,
    queue: Arc<Queue>,
    clock: Arc<dyn Clock>,
    ask: Ask,
}

/// The caller did not want to wait, or not for that long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Exhausted {
    /// Whether the server has blocked the address.
    pub(crate) locked: bool,
    /// When a request can be sent, at the latest.
    pub(crate) retry_at: Timestamp,
}

impl Account {
    pub(super) fn new(
        shared: Arc<Shared>,
        clock: Arc<dyn Clock>,
        limit: RateLimit,
        keep_back: u32,
        timeout: Duration,
    ) -> Self {
        Self {
            queue: shared.queue((limit, keep_back)),
            shared,
            clock,
            ask: Ask {
                limit,
                keep_back,
                timeout,
            },
        }
    }

    /// Takes a slot, or waits for one until `deadline`. `on_wait` is called
    /// once, if the call waits.
    pub(crate) async fn reserve(
        &self,
        deadline: Option<Duration>,
        on_wait: impl Fn(&Wait),
    ) -> Result<Reservation, Exhausted> {
        let mut place = None;
        loop {
            // Before the look at the ledger, so that no change is missed.
            let change = self.shared.changed.notified();
            let refusal = match place.as_ref().is_none_or(Place::is_first) {
                true => match self.attempt(place.is_none()) {
                    Ok(granted) => return Ok(Reservation::new(self.clone(), granted)),
                    Err(refusal) => refusal,
                },
                // Those before it are served first.
                false => self.behind(),
            };
            let (now, until) = (refusal.now, refusal.until);
            let in_vain = deadline.is_some_and(|deadline| {
                self.clock.monotonic() >= deadline
                    || (refusal.certain
                        && until.saturating_sub(now)
                            > deadline.saturating_sub(self.clock.monotonic()))
            });
            if in_vain {
                return Err(Exhausted {
                    locked: refusal.reason != Reason::Spent,
                    retry_at: self.wall_in(until.saturating_sub(now)),
                });
            }
            if place.is_none() {
                place = Some(self.queue.join(&self.shared.changed));
                let wait = Wait {
                    reason: match refusal.reason {
                        Reason::Spent => WaitReason::RateLimit,
                        Reason::Locked => WaitReason::Lockout,
                        Reason::Probing => WaitReason::Probe,
                    },
                    until: self.wall_in(until.saturating_sub(now)),
                };
                tracing::info!(
                    target: "telesto_api",
                    until = %wait.until,
                    "waiting for {}", wait.reason
                );
                on_wait(&wait);
                // Others may have left meanwhile.
                continue;
            }
            let left = deadline.map(|deadline| deadline.saturating_sub(self.clock.monotonic()));
            let sleep = until
                .saturating_sub(now)
                .min(left.unwrap_or(Duration::MAX))
                .min(LONGEST_SLEEP);
            tokio::select! {
                () = change => {}
                () = self.clock.sleep(sleep) => {}
            }
        }
    }

    /// Asks for a slot. A call that is not in the queue does not overtake those
    /// that are.
    fn attempt(&self, newcomer: bool) -> Result<Granted, At> {
        if newcomer && self.queue.is_waiting() {
            return Err(self.behind());
        }
        self.shared.store.change(|ledger, now| {
            let granted = ledger.reserve(&self.ask, now);
            granted.map_err(|refusal| At::new(refusal, now))
        })
    }

    /// Why a call waits that is not the first.
    fn behind(&self) -> At {
        self.shared.store.change(|ledger, now| {
            let refusal = ledger.refusal(&self.ask, now);
            // The first one is about to take what there is.
            let refusal = refusal.unwrap_or(Refusal {
                reason: Reason::Spent,
                until: now.saturating_add(LONGEST_SLEEP),
                certain: false,
            });
            At::new(refusal, now)
        })
    }

    pub(crate) fn status(&self) -> BudgetStatus {
        let (remaining, next_slot, locked) = self.shared.store.change(|ledger, now| {
            let wait = |until: Duration| until.saturating_sub(now);
            let refusal = ledger.refusal(&self.ask, now);
            (
                ledger.remaining(&self.ask, now),
                refusal.map_or(Duration::ZERO, |refusal| wait(refusal.until)),
                ledger.locked_until(now).map(wait),
            )
        });
        BudgetStatus {
            limit: self.ask.limit,
            remaining,
            next_slot: self.wall_in(next_slot),
            locked_until: locked.map(|locked| self.wall_in(locked)),
        }
    }

    /// The date and time after `wait` from now.
    fn wall_in(&self, wait: Duration) -> Timestamp {
        let wall = self.clock.wall().saturating_add(wait);
        wall.unwrap_or(Timestamp::MAX)
    }
}

/// A refusal, and the time of the store.
#[derive(Clone, Copy, Debug)]
struct At {
    reason: Reason,
    until: Duration,
    certain: bool,
    now: Duration,
}

impl At {
    fn new(refusal: Refusal, now: Duration) -> Self {
        let Refusal {
            reason,
            until,
            certain,
        } = refusal;
        Self {
            reason,
            until,
            certain,
            now,
        }
    }
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
    Responded,
    Limited,
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

    /// The response is there, so the server has counted the request.
    pub(crate) fn responded(mut self) -> Receipt {
        self.progress = Progress::Responded;
        self.receipt()
    }

    /// The response is a 429: nothing is sent until the returned time.
    pub(crate) fn limited(mut self, asked: Duration) -> Timestamp {
        self.progress = Progress::Limited;
        self.receipt().limited(asked)
    }

    /// The request has not left this machine after all.
    pub(crate) fn never_left(mut self) {
        self.progress = Progress::Here;
    }

    fn receipt(&self) -> Receipt {
        Receipt {
            account: self.account.clone(),
            granted: self.granted,
        }
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        let (shared, granted) = (&self.account.shared, self.granted);
        shared.store.change(|ledger, now| match self.progress {
            Progress::Here => ledger.give_back(granted),
            Progress::UnderWay => ledger.abandoned(granted, now),
            Progress::Responded => ledger.responded(granted, now),
            Progress::Limited => {}
        });
        shared.changed.notify_waiters();
    }
}

/// A request that was responded to. Its response may turn out to state a 429.
#[derive(Clone, Debug)]
pub(crate) struct Receipt {
    account: Account,
    granted: Granted,
}

impl Receipt {
    /// Starts a lockout, and returns its end.
    pub(crate) fn limited(&self, asked: Duration) -> Timestamp {
        let Account { shared, ask, .. } = &self.account;
        let lockout = ask.limit.lockout();
        let wait = shared.store.change(|ledger, now| {
            let until = ledger.limited(self.granted, lockout, asked, now);
            until.saturating_sub(now)
        });
        shared.changed.notify_waiters();
        let until = self.account.wall_in(wait);
        tracing::warn!(target: "telesto_api", %until, "the address is locked out");
        until
    }
}

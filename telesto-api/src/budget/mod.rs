//! The budget: how many requests may be sent, and when.

mod ledger;

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::Notify;

use self::ledger::{Ledger, Refusal, SLACK};
use crate::clock::Clock;
use crate::{OnLimit, RateLimit};

/// How long a request whose caller has gone may take to reach the
/// server, which counts it only then.
const ON_ITS_WAY: Duration = Duration::from_secs(30);

/// Where the count of sent requests is kept.
///
/// Telesto counts the requests of an IP address, whichever key they carry. So
/// all clients of a process that talk to the same origin spend the same
/// budget, unless they have clocks of their own.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Budget {}

impl Budget {
    /// In this process; forgotten when it ends.
    #[must_use]
    pub fn in_process() -> Self {
        Self {}
    }

    /// The account of an origin, which lives as long as the process: a client
    /// that is made anew for every call still knows what was sent.
    pub(crate) fn account(&self, origin: &str, clock: &Arc<dyn Clock>) -> Account {
        /// A clock is known by where it lies. The account keeps it there.
        type Key = (String, usize);
        static ACCOUNTS: LazyLock<Mutex<HashMap<Key, Arc<Shared>>>> = LazyLock::new(Mutex::default);

        let key = (origin.to_owned(), Arc::as_ptr(clock).cast::<()>() as usize);
        let mut accounts = ACCOUNTS.lock().unwrap_or_else(PoisonError::into_inner);
        let shared = accounts.entry(key).or_insert_with(|| {
            Arc::new(Shared {
                ledger: Mutex::default(),
                changed: Notify::new(),
                clock: Arc::clone(clock),
            })
        });
        Account(Arc::clone(shared))
    }
}

/// How much of the budget is left, from [`Client::budget`](crate::Client::budget).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BudgetStatus {
    limit: RateLimit,
    remaining: u32,
    next_slot: Option<Timestamp>,
    locked_until: Option<Timestamp>,
}

impl BudgetStatus {
    /// The limit that the client keeps to.
    #[must_use]
    pub fn limit(&self) -> RateLimit {
        self.limit
    }

    /// How many requests can be sent at once. While the address is
    /// [locked out](Self::locked_until), none can, whatever is left here.
    #[must_use]
    pub fn remaining(&self) -> u32 {
        self.remaining
    }

    /// When the next request can be sent, after a lockout if there is one.
    /// `None` if that depends on requests that are still under way.
    #[must_use]
    pub fn next_slot(&self) -> Option<Timestamp> {
        self.next_slot
    }

    /// When the server's block of this address ends, if there is one.
    #[must_use]
    pub fn locked_until(&self) -> Option<Timestamp> {
        self.locked_until
    }
}

/// The ledger of an origin, shared by all who send to it.
#[derive(Clone, Debug)]
pub(crate) struct Account(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    ledger: Mutex<Ledger>,
    /// Told whenever something may have changed for those who wait.
    changed: Notify,
    clock: Arc<dyn Clock>,
}

/// The caller did not want to wait, or not for that long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Exhausted {
    /// Whether the server has blocked the address.
    pub(crate) locked: bool,
    /// When a request can be sent, as far as that is known.
    pub(crate) retry_at: Option<Timestamp>,
}

impl Account {
    /// Takes a slot, or waits for one as `on_limit` says.
    pub(crate) async fn reserve(
        &self,
        limit: &RateLimit,
        on_limit: OnLimit,
    ) -> Result<Reservation, Exhausted> {
        let Shared { changed, clock, .. } = &*self.0;
        let deadline = match on_limit {
            OnLimit::Fail => Some(clock.monotonic()),
            OnLimit::Wait => None,
            OnLimit::WaitAtMost(wait) => Some(clock.monotonic().saturating_add(wait)),
        };
        loop {
            // Before the look at the ledger, so that no change is missed.
            let change = changed.notified();
            let now = clock.monotonic();
            let refusal = match self.ledger().reserve(limit, now) {
                Ok(()) => return Ok(Reservation::new(self.clone())),
                Err(refusal) => refusal,
            };
            let until = refusal.until();
            let in_vain = deadline.is_some_and(|deadline| {
                now >= deadline || until.is_some_and(|until| until > deadline)
            });
            if in_vain {
                return Err(Exhausted {
                    locked: matches!(refusal, Refusal::Locked { .. }),
                    retry_at: until.map(|until| self.wall(until)),
                });
            }
            let wake = match (until, deadline) {
                (Some(until), _) => until,
                (None, Some(deadline)) => deadline,
                (None, None) => Duration::MAX,
            };
            tracing::info!(
                target: "telesto_api",
                until = until.map(|until| tracing::field::display(self.wall(until))),
                "waiting for the rate limit"
            );
            tokio::select! {
                () = change => {}
                () = clock.sleep(wake.saturating_sub(now)) => {}
            }
        }
    }

    /// Sends nothing more for `lockout`: the server has said 429.
    pub(crate) fn lock(&self, lockout: Duration) -> Timestamp {
        let until = self
            .0
            .clock
            .monotonic()
            .saturating_add(lockout)
            .saturating_add(SLACK);
        self.ledger().lock(until);
        self.0.changed.notify_waiters();
        self.wall(until)
    }

    pub(crate) fn status(&self, limit: &RateLimit) -> BudgetStatus {
        let now = self.0.clock.monotonic();
        let ledger = self.ledger();
        let locked_until = ledger.locked_until(now);
        BudgetStatus {
            limit: *limit,
            remaining: ledger.remaining(limit, now),
            next_slot: ledger
                .next_slot(limit, now)
                .map(|slot| self.wall(slot.max(locked_until.unwrap_or_default()))),
            locked_until: locked_until.map(|until| self.wall(until)),
        }
    }

    /// The time of day at a moment of the monotonic half.
    fn wall(&self, moment: Duration) -> Timestamp {
        let clock = &self.0.clock;
        let ahead = moment.saturating_sub(clock.monotonic());
        clock.wall().saturating_add(ahead).unwrap_or(Timestamp::MAX)
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.0.ledger.lock().unwrap_or_else(PoisonError::into_inner)
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
    progress: Progress,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    Here,
    UnderWay,
    Responded,
}

impl Reservation {
    fn new(account: Account) -> Self {
        Self {
            account,
            progress: Progress::Here,
        }
    }

    /// From here on the request may reach the server.
    pub(crate) fn sent(&mut self) {
        self.progress = Progress::UnderWay;
    }

    /// The response is there, so the server has counted the request.
    pub(crate) fn responded(mut self) {
        self.progress = Progress::Responded;
    }

    /// The request has not left this machine after all.
    pub(crate) fn never_left(mut self) {
        self.progress = Progress::Here;
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        let shared = &self.account.0;
        let now = shared.clock.monotonic();
        let mut ledger = self.account.ledger();
        match self.progress {
            Progress::Here => ledger.give_back(),
            Progress::UnderWay => ledger.settle(now.saturating_add(ON_ITS_WAY)),
            Progress::Responded => ledger.settle(now),
        }
        drop(ledger);
        shared.changed.notify_waiters();
    }
}

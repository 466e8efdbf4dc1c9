//! What a budget in Redis falls back to: a part of the limit, on the host.

use std::fmt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::Mutex as AsyncMutex;

use super::Redis;
use crate::budget::account::{Account, NotReserved, Reservation, Shared};
use crate::budget::host::Host;
use crate::budget::ledger::Ledger;
use crate::budget::store::PATIENCE;
use crate::budget::{BudgetStatus, Wait};
use crate::clock::Clock;
use crate::mutex::lock;
use crate::private::{self, Purpose};
use crate::{Error, RateLimit};

/// A part of a limit, for [`RedisBudget::fallback`](crate::RedisBudget::fallback).
///
/// ```
/// use telesto_api::{Budget, Share};
///
/// // Four machines share an address.
/// let budget = Budget::redis("redis://redis.example").fallback(Share::of(4));
/// ```
#[derive(Clone)]
#[must_use]
pub struct Share {
    pub(super) parts: u32,
    directory: Option<PathBuf>,
}

impl Share {
    /// One of so many equal parts: of 100 requests, `Share::of(3)` has 33. Say how many
    /// machines, or containers without a common directory, share the address.
    pub fn of(parts: u32) -> Self {
        Self {
            parts,
            directory: None,
        }
    }

    /// Counts it in this directory, in place of that of
    /// [`Budget::on_host`](crate::Budget::on_host).
    pub fn kept_at(mut self, directory: impl Into<PathBuf>) -> Self {
        self.directory = Some(directory.into());
        self
    }
}

impl fmt::Debug for Share {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Share::of({})", self.parts)?;
        match &self.directory {
            Some(directory) => write!(formatter, ".kept_at({directory:?})"),
            None => Ok(()),
        }
    }
}

/// For how long Redis is left alone after it has failed.
const REST: Duration = Duration::from_secs(5);

/// For how long a host still keeps to its part when Redis is there again: until then the
/// others, too, have added to it what they have sent.
const RETURN: Duration = Duration::from_secs(15);

/// The part of a budget in Redis that a host has while Redis is away.
#[derive(Debug)]
pub(in crate::budget) struct Fallback {
    shared: Arc<Shared>,
    part: Part,
    clock: Arc<dyn Clock>,
    phase: Mutex<Phase>,
    /// Held while Redis is told.
    paying: AsyncMutex<()>,
    /// Whether a task waits for Redis.
    is_watched: AtomicBool,
}

/// What is known of Redis.
#[derive(Clone, Copy, Debug)]
enum Phase {
    There,
    /// It is left alone until then.
    Away(Duration),
    /// It is there again, and the host keeps to its part until then.
    Back(Duration),
}

impl Fallback {
    pub(super) fn open(
        share: &Share,
        name: &str,
        redis: Arc<Redis>,
        clock: &Arc<dyn Clock>,
    ) -> Result<Self, Error> {
        let directory = match &share.directory {
            Some(directory) => directory.clone(),
            None => private::directory(Purpose::State)?,
        };
        let host = Host::open(directory, name, Arc::clone(clock)).map_err(Error::into_config)?;
        let part = Part {
            host: Arc::new(host),
            redis,
            parts: share.parts,
            // Another process may have counted it, and ended.
            owes: Arc::new(AtomicBool::new(true)),
        };
        Ok(Self {
            shared: Arc::new(Shared::in_part(part.clone())),
            part,
            clock: Arc::clone(clock),
            phase: Mutex::new(Phase::There),
            paying: AsyncMutex::default(),
            is_watched: AtomicBool::new(false),
        })
    }

    /// The part of a limit, and of what is kept back of it.
    pub(in crate::budget) fn part_of(
        &self,
        limit: RateLimit,
        keep_back: u32,
    ) -> Result<(RateLimit, u32), Error> {
        let parts = self.part.parts;
        let requests = limit.requests() / parts.max(1);
        let part = RateLimit::new(requests, limit.window(), limit.lockout());
        let part = part.map_err(|_| {
            Error::config(format!(
                "of {} requests, one of {parts} parts has none: allow a larger share",
                limit.requests()
            ))
        })?;
        let keep_back = keep_back.div_ceil(parts.max(1));
        Ok((part, keep_back.min(requests - 1)))
    }

    /// Takes a slot of Redis or, if it is away, of the host.
    pub(in crate::budget) async fn reserve(
        self: &Arc<Self>,
        account: &Account,
        deadline: Option<Duration>,
        timeout: Duration,
        on_wait: impl Fn(&Wait),
    ) -> Result<Reservation, NotReserved> {
        let has_told = AtomicBool::new(false);
        let on_wait = |wait: &Wait| {
            if !has_told.swap(true, Ordering::Relaxed) {
                on_wait(wait);
            }
        };
        loop {
            if self.is_there().await {
                match account.reserve_here(deadline, timeout, on_wait).await {
                    Err(NotReserved::Failed(error)) => self.is_away(&error),
                    reserved => return reserved,
                }
            }
            self.watch();
            let part = self.account(account).map_err(NotReserved::Failed)?;
            let look = self.clock.monotonic().saturating_add(REST);
            let until = deadline.map_or(look, |deadline| deadline.min(look));
            match part.reserve_here(Some(until), timeout, on_wait).await {
                Err(NotReserved::Exhausted { .. }) if deadline.is_none_or(|end| end > until) => {
                    // It may have been known at once that it would be later.
                    let left = until.saturating_sub(self.clock.monotonic());
                    self.clock.sleep(left).await;
                }
                reserved => return reserved,
            }
        }
    }

    pub(in crate::budget) async fn status(&self, account: &Account) -> Result<BudgetStatus, Error> {
        if self.is_there().await {
            match account.status_here().await {
                Err(error) => self.is_away(&error),
                standing => return standing,
            }
        }
        self.account(account)?.status_here().await
    }

    fn account(&self, account: &Account) -> Result<Account, Error> {
        let (limit, keep_back) = account.limit();
        let (limit, keep_back) = self.part_of(limit, keep_back)?;
        let (shared, clock) = (Arc::clone(&self.shared), Arc::clone(&self.clock));
        Ok(Account::new(shared, clock, limit, keep_back))
    }

    /// Whether Redis is there, and has been told by all hosts what they have sent without
    /// it, for all that is known.
    async fn is_there(&self) -> bool {
        // Nobody goes on while it is being told.
        let _paying = self.paying.lock().await;
        let before = *lock(&self.phase);
        let owes = self.part.owes.load(Ordering::Relaxed);
        let told = match before {
            Phase::Away(until) if self.clock.monotonic() < until => return false,
            _ if owes => self.pay().await,
            Phase::Away(_) => self.part.redis.change(PATIENCE, |_, _| true).await,
            Phase::Back(_) | Phase::There => Ok(false),
        };
        let now = self.clock.monotonic();
        let phase = match (told, before) {
            (Err(error), _) => {
                self.is_away(&error);
                return false;
            }
            (_, Phase::Back(until)) if now < until => before,
            (Ok(true), Phase::Away(_) | Phase::There) => Phase::Back(now.saturating_add(RETURN)),
            (Ok(_), _) => Phase::There,
        };
        *lock(&self.phase) = phase;
        matches!(phase, Phase::There)
    }

    /// Has Redis count what the host has counted without it, and returns whether it has
    /// counted anything: then other hosts may have, too.
    async fn pay(&self) -> Result<bool, Error> {
        // What is counted from here on is for the next time.
        self.part.owes.store(false, Ordering::Relaxed);
        let mut still = Still(Some(&self.part.owes));
        let host = Arc::clone(&self.part.host);
        let claimed = tokio::task::spawn_blocking(move || host.try_claim("paying"));
        let claimed = claimed.await.map_err(|error| {
            Error::budget("the budget update was cancelled").with_source(error)
        })??;
        let Some(claimed) = claimed else {
            // Another process does it.
            return Ok(true);
        };
        let counted = self.try_pay().await?;
        drop(claimed);
        still.0 = None;
        Ok(counted)
    }

    async fn try_pay(&self) -> Result<bool, Error> {
        let host = &self.part.host;
        let look = |ledger: &mut Ledger, now| (!ledger.is_empty(now), ledger.unpaid(now), now);
        let looked = host.change(PATIENCE, look, |looked| looked);
        let (has_counted, unpaid, then) = looked.await?;
        let Some(unpaid) = unpaid else {
            return Ok(has_counted);
        };
        let added = unpaid.clone();
        let add = self
            .part
            .redis
            .change(PATIENCE, move |ledger, now| ledger.add(&added, then, now));
        add.await?;
        let pay = move |ledger: &mut Ledger, _| ledger.pay(&unpaid);
        host.change(PATIENCE, pay, |()| true).await
    }

    /// Tells Redis when it is there again, whether or not there is another call by then.
    fn watch(self: &Arc<Self>) {
        if self.is_watched.swap(true, Ordering::Relaxed) {
            return;
        }
        let (watched, clock) = (Arc::downgrade(self), Arc::clone(&self.clock));
        tokio::spawn(async move {
            loop {
                clock.sleep(REST).await;
                let Some(fallback) = watched.upgrade() else {
                    return;
                };
                if fallback.is_there().await {
                    fallback.is_watched.store(false, Ordering::Relaxed);
                    return;
                }
            }
        });
    }

    fn is_away(&self, error: &Error) {
        let until = self.clock.monotonic().saturating_add(REST);
        let before = std::mem::replace(&mut *lock(&self.phase), Phase::Away(until));
        if let Phase::There = before {
            tracing::warn!(
                target: "telesto_api",
                %error,
                parts = self.part.parts,
                "a part of the limit is counted on the host"
            );
        }
    }
}

/// Sets a flag again when it is dropped, as when a call is.
struct Still<'a>(Option<&'a AtomicBool>);

impl Drop for Still<'_> {
    fn drop(&mut self) {
        if let Some(flag) = self.0 {
            flag.store(true, Ordering::Relaxed);
        }
    }
}

/// The ledger of a host for its part, which counts as well what this process knows that
/// Redis has counted.
#[derive(Clone, Debug)]
pub(in crate::budget) struct Part {
    host: Arc<Host>,
    redis: Arc<Redis>,
    parts: u32,
    /// Whether the host may have counted what Redis has not.
    owes: Arc<AtomicBool>,
}

impl Part {
    /// Changes the ledger, and then calls `then`.
    pub(in crate::budget) async fn change<C: Send + 'static, T: Send + 'static>(
        &self,
        patience: Duration,
        change: impl FnOnce(&mut Ledger, Duration) -> C + Send + 'static,
        then: impl FnOnce(C) -> T + Send + 'static,
    ) -> Result<T, Error> {
        let (redis, parts) = (Arc::clone(&self.redis), self.parts);
        let change = move |ledger: &mut Ledger, now| match redis.seen() {
            Some((seen, then)) => {
                let parts = usize::try_from(parts).unwrap_or(usize::MAX);
                ledger.with(&seen.part(parts), then, now, |ledger| change(ledger, now))
            }
            None => change(ledger, now),
        };
        let changed = self.host.change(patience, change, then).await;
        self.owes.store(true, Ordering::Relaxed);
        changed
    }

    /// Records the outcome of a request, and then calls `end`.
    pub(in crate::budget) fn record(
        &self,
        outcome: impl Fn(&mut Ledger, Duration) + Send + Sync + 'static,
        end: impl FnOnce(Result<(), Error>) + Send + 'static,
    ) {
        let owes = Arc::clone(&self.owes);
        self.host.outbox.push(outcome);
        self.host.flush(move |written| {
            owes.store(true, Ordering::Relaxed);
            end(written);
        });
    }
}

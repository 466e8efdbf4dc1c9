//! A read through the cache.

use std::fs::File;
use std::future::{Future, pending};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use reqwest::StatusCode;
use tokio::time::{Instant, sleep, timeout};
use tracing::Span;

use super::entry::Entry;
use super::flight::{Fetched, Outcome, Turn};
use super::key::{Key, Owner};
use super::lifetime::{At, Bound, Lifetimes};
use super::served::{How, Reason, Why};
use super::store::{Found, Lock, Since};
use super::{Shared, Unsaved, lock};
use crate::budget::{Account, Reservation};
use crate::call::Freshness;
use crate::middleware::not_sent;
use crate::outcome::Received;
use crate::{Error, ErrorKind, Wait};

/// How long a call waits for another process that makes the same request, at most.
pub(super) const LONGEST_LOCKED: Duration = Duration::from_secs(10);

/// A call that may be served by the cache.
pub(crate) struct Read {
    pub(super) key: Key,
    pub(super) owner: Owner,
    pub(super) tags: &'static [&'static str],
    pub(super) lifetimes: Lifetimes,
    /// Whether a stale response was found.
    pub(super) has_stale: bool,
    pub(super) freshness: Freshness,
    /// Until when it waits for a slot of the budget.
    pub(super) deadline: Option<Duration>,
    /// How long the request may take.
    pub(super) timeout: Duration,
}

/// A request on its way, which ends with a response to keep.
pub(crate) type Sending = Pin<Box<dyn Future<Output = Result<Entry, Error>> + Send>>;

/// Where a response comes from.
enum Got {
    Cache(Arc<Entry>, Duration),
    Server { fetched: Fetched, collapsed: bool },
}

impl Shared {
    /// A fresh response, if the memory of this process has one.
    pub(super) fn hit(&self, read: &Read) -> Option<Received> {
        let memory = self.store.memory()?;
        if read.freshness == Freshness::Fresh {
            return None;
        }
        let (entry, age) = memory.get(&read.key)?;
        match read.at(&entry, age) {
            At::Fresh(left) => Some(self.served(&entry, age, How::Hit(left), None)),
            _ => None,
        }
    }

    /// Serves a call from the cache, or from the server: by `send`, which sends its
    /// request with a slot of the budget, and is told whether there is a stale response.
    pub(crate) async fn read(
        self: &Arc<Self>,
        mut read: Read,
        account: &Account,
        on_wait: impl Fn(&Wait),
        send: impl FnOnce(Reservation, bool) -> Sending,
    ) -> Result<Received, Error> {
        let looked_up = self.store.look_up(&read.key, read.owner, read.tags);
        let found = match looked_up.await {
            Some((key, found)) => {
                read.key = key;
                found
            }
            // Nothing can be kept for other calls, and nothing has been.
            None => {
                read.lifetimes = Lifetimes::default();
                None
            }
        };
        let mut why = Why::Missing;
        let mut deadline = read.deadline;
        if read.freshness == Freshness::Fresh {
            why = Why::Demanded;
        } else if let Some((entry, age)) = found {
            match read.at(&entry, age) {
                At::Fresh(left) => {
                    return Ok(self.served(&entry, age, How::Hit(left), None));
                }
                At::Stale(over) => {
                    if let Some(reason) = self.store.failure(&read.key).await {
                        let how = How::Stale(over, reason);
                        return Ok(self.served(&entry, age, how, None));
                    }
                    why = Why::Stale;
                    read.has_stale = true;
                    if read.freshness == Freshness::AllowStale {
                        // It is better than to wait.
                        deadline = Some(Duration::ZERO);
                    }
                }
                At::Over => {}
            }
        }
        // On the heap, so that a hit does not carry it along.
        let fetched = Box::pin(self.fetch(&read, deadline, account, on_wait, send));
        match fetched.await {
            Ok(Got::Cache(entry, age)) => {
                let left = match read.at(&entry, age) {
                    At::Fresh(left) => left,
                    _ => Duration::ZERO,
                };
                Ok(self.served(&entry, age, How::Hit(left), None))
            }
            Ok(Got::Server { fetched, collapsed }) => {
                let Fetched { entry, unsaved } = fetched;
                let how = How::Forwarded {
                    why,
                    collapsed,
                    stored: unsaved.is_some(),
                };
                Ok(self.served(&entry, Duration::ZERO, how, unsaved))
            }
            Err(error) => {
                let reason = Reason::of(&error).filter(|_| read.freshness != Freshness::Fresh);
                let found = match reason {
                    Some(reason) => self.store.get(&read.key).await.zip(Some(reason)),
                    None => None,
                };
                let Some(((entry, age), reason)) = found else {
                    return Err(error);
                };
                let how = match read.at(&entry, age) {
                    At::Fresh(left) => How::Hit(left),
                    At::Stale(over) => {
                        if reason.is_of_the_server() {
                            self.store
                                .note_failure(&read.key, reason, self.pause(&error))
                                .await;
                        }
                        How::Stale(over, reason)
                    }
                    At::Over => return Err(error),
                };
                Ok(self.served(&entry, age, how, None))
            }
        }
    }

    /// A response, as it is returned and counted.
    fn served(
        &self,
        entry: &Entry,
        since: Duration,
        how: How,
        unsaved: Option<Arc<Unsaved>>,
    ) -> Received {
        let counts = &self.counts;
        let count = match how {
            How::Hit(_) => &counts.hits,
            How::Stale(..) => &counts.stale,
            How::Forwarded {
                collapsed: true, ..
            } => &counts.coalesced,
            How::Forwarded { .. } => &counts.misses,
        };
        count.fetch_add(1, Ordering::Relaxed);
        let mut headers = entry.headers.clone();
        how.write(&mut headers, entry.age.saturating_add(since));
        Received {
            status: entry.status,
            headers,
            body: entry.body.clone(),
            rest: None,
            attempts: match how {
                How::Forwarded { .. } => entry.attempts,
                How::Hit(_) | How::Stale(..) => 0,
            },
            span: Span::none(),
            unsaved,
        }
    }

    /// For how long a server that has failed is not asked again if there is a stale
    /// response: a minute, or for as long as it says.
    fn pause(&self, error: &Error) -> Duration {
        const SHORTEST: Duration = Duration::from_secs(60);
        let asked = error
            .retry_at()
            .map(|at| at.duration_since(self.clock.wall()));
        let asked = asked.and_then(|wait| Duration::try_from(wait).ok());
        SHORTEST.max(asked.unwrap_or_default())
    }

    /// Asks the server, together with the other calls that ask for the same.
    async fn fetch(
        self: &Arc<Self>,
        read: &Read,
        deadline: Option<Duration>,
        account: &Account,
        on_wait: impl Fn(&Wait),
        send: impl FnOnce(Reservation, bool) -> Sending,
    ) -> Result<Got, Error> {
        let flight = self.flights.enter(&read.key);
        let after = match read.freshness {
            Freshness::Fresh => flight.sent(),
            _ => 0,
        };
        let mut send = send;
        let mut left = read.timeout;
        let request = loop {
            let asking = match flight.turn(after).await {
                Turn::Join(request) => {
                    // It may be under way for longer than this call wants to wait.
                    let joined = Instant::now();
                    let fetched = timeout(left, request).await;
                    left = left.saturating_sub(joined.elapsed());
                    let fetched = match fetched.unwrap_or_else(|_| Err(Error::timeout())) {
                        // The other call wanted to wait for less, or not at all.
                        Err(error) if gave_up(&error) && !left.is_zero() => continue,
                        fetched => fetched?,
                    };
                    return Ok(Got::Server {
                        fetched,
                        collapsed: true,
                    });
                }
                Turn::Take(fetched) => {
                    return Ok(Got::Server {
                        fetched,
                        collapsed: true,
                    });
                }
                Turn::Ask(asking) => asking,
            };
            // Another process may take longer, or be stopped.
            let patience = LONGEST_LOCKED.min(left / 2);
            let locked = match timeout(patience, self.locked(read)).await {
                Ok(locked) => Some(locked),
                Err(_) => {
                    left = left.saturating_sub(patience);
                    // The other process may have ended just now.
                    self.try_lock(read).await
                }
            };
            let held = match locked {
                Some(Locked::Held(held)) => held,
                Some(Locked::Found(entry, age)) => return Ok(Got::Cache(entry, age)),
                None => None,
            };
            let turn = Mutex::new(Some((asking, held)));
            let reserved = account.reserve(deadline, read.timeout, |wait| {
                // Others may wait for less, or not at all.
                drop(lock(&turn).take());
                on_wait(wait);
            });
            let reservation = tokio::select! {
                biased;
                reserved = reserved => reserved.map_err(not_sent)?,
                () = flight.sent_by_another(after) => continue,
                (entry, age) = self.kept_elsewhere(read) => return Ok(Got::Cache(entry, age)),
            };
            let turn = lock(&turn).take();
            let (_asking, held) = match turn {
                Some((asking, held)) => (Some(asking), held),
                // It has waited, and stepped back meanwhile.
                None => match self.try_lock(read).await {
                    Some(Locked::Held(held)) => (None, held),
                    Some(Locked::Found(entry, age)) => return Ok(Got::Cache(entry, age)),
                    None => continue,
                },
            };
            let sent = flight.send(after, (send, reservation), |(send, reservation)| {
                // The server cannot have made the response before.
                let sending = send(reservation, read.has_stale);
                self.kept(read, self.store.now(), held, sending)
            });
            match sent {
                Ok(request) => break request,
                Err((back, _reservation)) => send = back,
            }
        };
        // The request has the whole time of the call, of which some may be gone.
        let fetched = if left < read.timeout {
            timeout(left, request).await
        } else {
            Ok(request.await)
        };
        Ok(Got::Server {
            fetched: fetched.unwrap_or_else(|_| Err(Error::timeout()))?,
            collapsed: false,
        })
    }

    /// Waits until no other process makes this request, or has made it.
    async fn locked(&self, read: &Read) -> Locked {
        loop {
            if let Some(locked) = self.try_lock(read).await {
                return locked;
            }
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// Takes the right to make a request, unless another call has made it; `None` if
    /// another process is making it.
    async fn try_lock(&self, read: &Read) -> Option<Locked> {
        if read.lifetimes.fresh.is_zero() {
            // Other processes would wait, and ask all the same.
            return Some(Locked::Held(None));
        }
        let lock = self.store.lock(&read.key).await;
        // Another call may have ended since this one has looked.
        if let Some((entry, age)) = self.fresh(read).await {
            return Some(Locked::Found(entry, age));
        }
        match lock {
            Lock::Held(held) => Some(Locked::Held(held)),
            // It may be an older one.
            Lock::Elsewhere if read.freshness == Freshness::Fresh => Some(Locked::Held(None)),
            Lock::Elsewhere => None,
        }
    }

    /// A response that is fresh, and may be served to this call.
    async fn fresh(&self, read: &Read) -> Option<Found> {
        if read.freshness == Freshness::Fresh {
            return None;
        }
        let (entry, age) = self.store.get(&read.key).await?;
        matches!(read.at(&entry, age), At::Fresh(_)).then_some((entry, age))
    }

    /// Waits until another process has kept a response. Those of this one share their
    /// requests.
    async fn kept_elsewhere(&self, read: &Read) -> Found {
        if self.store.directory().is_none() {
            return pending().await;
        }
        loop {
            sleep(Duration::from_secs(1)).await;
            if let Some(found) = self.fresh(read).await {
                return found;
            }
        }
    }

    /// Prepares to keep the response of a request that is sent now, and until then
    /// holds a lock.
    fn kept(
        self: &Arc<Self>,
        read: &Read,
        since: Since,
        held: Option<File>,
        sending: Sending,
    ) -> impl Future<Output = Outcome> + Send + use<> {
        let (shared, key, lifetimes) = (Arc::clone(self), read.key.clone(), read.lifetimes);
        async move {
            let entry = Arc::new(sending.await?);
            let bound = entry
                .bound
                .filter(|bound| !lifetimes.within(*bound).is_zero());
            let unsaved = bound.map(|bound| Unsaved {
                shared,
                key,
                entry: Arc::clone(&entry),
                since,
                lifetimes: lifetimes.within(bound),
                held: Mutex::new(held),
                is_saved: AtomicBool::new(false),
            });
            Ok(Fetched {
                entry,
                unsaved: unsaved.map(Arc::new),
            })
        }
    }
}

/// Whether a call has failed because of its own patience, which is not that of another one.
fn gave_up(error: &Error) -> bool {
    match error.kind() {
        ErrorKind::Timeout => error.status() != Some(StatusCode::REQUEST_TIMEOUT),
        ErrorKind::RateLimited => error.status().is_none(),
        _ => false,
    }
}

/// The right to make a request, or what another call has made of it.
enum Locked {
    Held(Option<File>),
    Found(Arc<Entry>, Duration),
}

impl Read {
    /// What a response is for this call.
    fn at(&self, entry: &Entry, age: Duration) -> At {
        let bound = entry.bound.unwrap_or(Bound::NOTHING);
        self.lifetimes
            .within(bound)
            .at(entry.age.saturating_add(age))
    }
}

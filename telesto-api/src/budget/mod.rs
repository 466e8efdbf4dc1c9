//! The budget: how many requests may be sent, and when.
//!
//! `ledger` is the law. A `store` keeps a ledger and applies the law to it at
//! its own time. An `account` is what calls see: slots, and a `queue` for them.

mod account;
mod format;
mod host;
mod ledger;
#[cfg(test)]
pub(crate) mod machine;
#[cfg(test)]
mod model;
mod outbox;
mod queue;
#[cfg(feature = "redis")]
mod redis;
mod store;
mod time;

use std::collections::HashMap;
use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, LazyLock, Mutex, OnceLock, Weak};

use jiff::Timestamp;

use self::account::Shared;
pub(crate) use self::account::{Account, NotReserved, Reservation};
use self::host::Host;
#[cfg(feature = "redis")]
pub use self::redis::{RedisBudget, Share};
use crate::clock::{self, Clock};
use crate::mutex::lock;
use crate::private::{self, Purpose};
use crate::{Error, RateLimit};

/// Where the count of sent requests is kept, and whether the address is locked
/// out.
///
/// Telesto counts the requests of an IP address, whichever key they carry. So
/// all clients of a process that talk to the same origin spend one budget by
/// default. A `Budget` is a handle: clones share it, and each origin has a count
/// of its own in it.
///
/// Pass a new one to a client that should not share, as in tests, where servers
/// come and go on the same port:
///
/// ```
/// use telesto_api::{Budget, Client};
///
/// # fn main() -> Result<(), telesto_api::Error> {
/// let client = Client::builder()
///     .api_key("any")
///     .base_url("http://127.0.0.1:8100")
///     .budget(Budget::in_process())
///     .build()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Budget(Arc<Inner>);

struct Inner {
    kept: Kept,
    /// That of the first client.
    clock: OnceLock<Arc<dyn Clock>>,
    origins: Mutex<HashMap<String, Arc<Shared>>>,
}

/// Where it is kept.
enum Kept {
    InProcess,
    OnHost {
        /// If not this one, it is that of the platform.
        directory: Option<PathBuf>,
        /// Whether the process is good enough if the directory cannot be used.
        or_in_process: bool,
    },
    #[cfg(feature = "redis")]
    InRedis(RedisBudget),
}

impl Budget {
    /// A new budget in this process, which is forgotten when the last clone and
    /// the last client with it are dropped.
    #[must_use]
    pub fn in_process() -> Self {
        Self::new(Kept::InProcess)
    }

    /// A budget in files that all processes of this user on this machine share:
    /// cron jobs, a web service and a script spend the same requests, and keep
    /// to the same lockout, also after a restart.
    ///
    /// The files are in `$TELESTO_STATE_DIR`, or where the platform keeps the
    /// state of programs: `$XDG_STATE_HOME/telesto` or `~/.local/state/telesto`
    /// on Unix. They are private, and do not hold the key. They are identified
    /// by the directory and the origin: every budget there is the same one.
    ///
    /// Processes on other machines, or in containers without the directory, do
    /// not share it. The directory has to be on a local disk: locks do not work
    /// on every network file system.
    ///
    /// On Linux, its time advances by what the boot clock and the wall clock agree on.
    /// Setting the wall clock ahead frees no slot early; setting it back, or a reboot, frees
    /// slots late, by the time since the last change. Elsewhere its time follows the wall
    /// clock: set ahead by an hour, it frees the slots of that hour early.
    ///
    /// Containers that share the directory may see different boots, or be in different time
    /// namespaces. Between their changes, the wall clock decides.
    ///
    /// A file that is damaged is set aside, with a warning in the log, and a
    /// whole window counts as spent.
    #[must_use]
    pub fn on_host() -> Self {
        Self::new(Kept::OnHost {
            directory: None,
            or_in_process: false,
        })
    }

    /// As [`on_host`](Self::on_host), in this directory. It is made if it does
    /// not exist, for its owner only.
    ///
    /// Several users can share a directory whose group may write to it: make it
    /// with `mkdir -m 2770 DIR && chgrp GROUP DIR`. Then the files can be read and
    /// written by the group as well.
    ///
    /// ```
    /// use telesto_api::{Budget, Client};
    ///
    /// # fn main() -> Result<(), telesto_api::Error> {
    /// # let directory = std::env::temp_dir().join("telesto-docs");
    /// let client = Client::builder()
    ///     .api_key("YOUR_API_KEY")
    ///     .budget(Budget::on_host_at(directory)) // such as "/var/lib/telesto"
    ///     .build()?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn on_host_at(directory: impl Into<PathBuf>) -> Self {
        Self::new(Kept::OnHost {
            directory: Some(directory.into()),
            or_in_process: false,
        })
    }

    /// A budget in Redis, or a server that speaks as it does, that all machines behind
    /// an IP address share: `redis://HOST:6379/DB`, or `rediss://` for TLS, or
    /// `redis+unix:///PATH` for a socket.
    ///
    /// It is identified by the server, the database, the origin and, if there is one,
    /// its [name](RedisBudget::named). Its time is that of the server, so that the clocks
    /// of the machines do not matter. If the server cannot be reached, nothing is sent:
    /// a call fails with [`Budget`](crate::ErrorKind::Budget).
    ///
    /// The count is one key below `telesto:`, and there may be two more for a moment, in
    /// the same slot of a cluster; all expire by themselves. The count has to be
    /// kept in memory: a server that evicts keys under pressure
    /// (`maxmemory-policy allkeys-…`) forgets it. What a server forgets, as after a
    /// failover to a replica that had not received the last writes, each process counts
    /// again as far as it knew of it.
    ///
    /// Connecting is left to the first call.
    #[cfg(feature = "redis")]
    pub fn redis(url: impl Into<String>) -> RedisBudget {
        RedisBudget::new(url.into())
    }

    /// Falls back to the budget of the process, with a warning in the log, if
    /// the directory of a budget [on the host](Self::on_host) cannot be used
    /// when a client is built. Without this, building the client fails.
    ///
    /// Then nothing is shared with other processes: for programs that must run,
    /// even if the address may be blocked.
    ///
    /// ```
    /// use telesto_api::{Budget, Client};
    ///
    /// # fn main() -> Result<(), telesto_api::Error> {
    /// # let directory = std::env::temp_dir().join("telesto-docs");
    /// let client = Client::builder()
    ///     .api_key("YOUR_API_KEY")
    ///     .budget(Budget::on_host_at(directory).or_in_process())
    ///     .build()?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn or_in_process(self) -> Self {
        match &self.0.kept {
            #[cfg(feature = "redis")]
            Kept::InRedis(_) => self,
            Kept::InProcess => self,
            Kept::OnHost { directory, .. } => Self::new(Kept::OnHost {
                directory: directory.clone(),
                or_in_process: true,
            }),
        }
    }

    fn new(kept: Kept) -> Self {
        Self(Arc::new(Inner {
            kept,
            clock: OnceLock::new(),
            origins: Mutex::default(),
        }))
    }

    /// The budget of a client that was not given one: that of the process.
    ///
    /// Times of different clocks cannot be compared, so a client with a clock
    /// other than that of the system begins with a new budget.
    pub(crate) fn default_for(clock: &Arc<dyn Clock>) -> Self {
        match clock.is_system() {
            true => Self::of_process(),
            false => Self::in_process(),
        }
    }

    /// The one budget of the process.
    pub(crate) fn of_process() -> Self {
        static PROCESS: LazyLock<Budget> = LazyLock::new(Budget::in_process);
        PROCESS.clone()
    }

    /// The account of an origin for a client.
    pub(crate) fn account(
        &self,
        origin: &str,
        clock: &Arc<dyn Clock>,
        limit: RateLimit,
        keep_back: u32,
    ) -> Result<Account, Error> {
        let first = self.0.clock.get_or_init(|| Arc::clone(clock));
        if !clock::is_same(first, clock) {
            return Err(Error::config(
                "the clients of a budget need the same clock: pass a clone of it to each",
            ));
        }
        let shared = self.shared(origin, clock)?;
        shared.check(limit, keep_back)?;
        Ok(Account::new(shared, Arc::clone(clock), limit, keep_back))
    }

    /// What its clients share for an origin.
    fn shared(&self, origin: &str, clock: &Arc<dyn Clock>) -> Result<Arc<Shared>, Error> {
        let mut origins = lock(&self.0.origins);
        if let Some(shared) = origins.get(origin) {
            return Ok(Arc::clone(shared));
        }
        // Without clients and with nothing that counts, nothing is lost.
        origins.retain(|_, shared| Arc::strong_count(shared) > 1 || !shared.is_empty());
        let shared = match &self.0.kept {
            Kept::InProcess => Arc::new(Shared::in_process(Arc::clone(clock))),
            Kept::OnHost {
                directory,
                or_in_process,
            } => match on_host(directory.clone(), origin, clock) {
                Err(error) if *or_in_process => {
                    tracing::warn!(
                        target: "telesto_api",
                        %error,
                        "other processes do not share the budget"
                    );
                    Self::default_for(clock).shared(origin, clock)?
                }
                shared => shared.map_err(Error::into_config)?,
            },
            #[cfg(feature = "redis")]
            Kept::InRedis(redis) => {
                let place = redis.identity()?;
                let store = Arc::new(redis.open(origin, clock)?);
                let fallback = redis.open_fallback(origin, &store, clock)?;
                of_place(place, origin, clock, Shared::in_redis(store, fallback))
            }
        };
        origins.insert(origin.to_owned(), Arc::clone(&shared));
        Ok(shared)
    }
}

/// What the clients of this process share for an origin, in a directory.
fn on_host(
    directory: Option<PathBuf>,
    origin: &str,
    clock: &Arc<dyn Clock>,
) -> Result<Arc<Shared>, Error> {
    let directory = match directory {
        Some(directory) => directory,
        None => private::directory(Purpose::State)?,
    };
    let host = Host::open(directory, origin, Arc::clone(clock))?;
    let place = host.directory().to_owned();
    Ok(of_place(place, origin, clock, Shared::on_host(host)))
}

/// What the clients of this process share for an origin at a place: what has just been
/// `opened`, or what was before.
fn of_place(
    place: impl Into<OsString>,
    origin: &str,
    clock: &Arc<dyn Clock>,
    opened: Shared,
) -> Arc<Shared> {
    type Known = HashMap<(OsString, String), Weak<Shared>>;
    static KNOWN: LazyLock<Mutex<Known>> = LazyLock::new(Mutex::default);

    // Times of another clock cannot be compared.
    if !clock.is_system() {
        return Arc::new(opened);
    }
    let mut known = lock(&KNOWN);
    let key = (place.into(), origin.to_owned());
    if let Some(shared) = known.get(&key).and_then(Weak::upgrade) {
        return shared;
    }
    known.retain(|_, shared| shared.strong_count() > 0);
    let shared = Arc::new(opened);
    known.insert(key, Arc::downgrade(&shared));
    shared
}

impl Default for Budget {
    fn default() -> Self {
        Self::in_process()
    }
}

impl fmt::Debug for Budget {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (directory, or_in_process) = match &self.0.kept {
            Kept::InProcess => return formatter.write_str("Budget::in_process()"),
            #[cfg(feature = "redis")]
            Kept::InRedis(redis) => return fmt::Debug::fmt(redis, formatter),
            Kept::OnHost {
                directory,
                or_in_process,
            } => (directory, or_in_process),
        };
        match directory {
            None => formatter.write_str("Budget::on_host()")?,
            Some(directory) => write!(formatter, "Budget::on_host_at({directory:?})")?,
        }
        match or_in_process {
            true => formatter.write_str(".or_in_process()"),
            false => Ok(()),
        }
    }
}

/// A call that waits, for [`ClientBuilder::on_wait`](crate::ClientBuilder::on_wait).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Wait {
    reason: WaitReason,
    until: Timestamp,
}

impl Wait {
    /// What the call waits for.
    #[must_use]
    pub fn reason(&self) -> WaitReason {
        self.reason
    }

    /// When a slot is free, at the latest; calls that wait longer go first.
    #[must_use]
    pub fn until(&self) -> Timestamp {
        self.until
    }
}

/// What a call waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum WaitReason {
    /// The budget is spent: for a request to leave the window.
    RateLimit,
    /// The server blocks the address: for the end of the block.
    Lockout,
    /// The block should be over: for the outcome of the one request that finds
    /// out.
    Probe,
}

impl fmt::Display for WaitReason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::RateLimit => "the rate limit",
            Self::Lockout => "the end of the lockout",
            Self::Probe => "the first response after the lockout",
        })
    }
}

/// How much of the budget is left, from [`Client::budget`](crate::Client::budget).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BudgetStatus {
    limit: RateLimit,
    remaining: u32,
    next_slot: Timestamp,
    locked_until: Option<Timestamp>,
}

impl BudgetStatus {
    /// The limit that the client keeps to.
    #[must_use]
    pub fn limit(&self) -> RateLimit {
        self.limit
    }

    /// How many requests the client can send at once, without those that it
    /// [keeps back](crate::ClientBuilder::keep_back). While the address is
    /// [locked out](Self::locked_until), none can be sent, whatever is left
    /// here.
    #[must_use]
    pub fn remaining(&self) -> u32 {
        self.remaining
    }

    /// When the next request can be sent, at the latest: now or later, and
    /// after a lockout if there is one.
    #[must_use]
    pub fn next_slot(&self) -> Timestamp {
        self.next_slot
    }

    /// When the server's block of this address ends, if there is one.
    #[must_use]
    pub fn locked_until(&self) -> Option<Timestamp> {
        self.locked_until
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    use crate::{ManualClock, SystemClock};

    /// In every store, an hour passes at once where tokio says so. A call that
    /// looks at another clock would ask for ever.
    #[tokio::test(start_paused = true)]
    async fn a_call_waits_on_the_clock_of_tokio() {
        let directory = tempfile::tempdir().unwrap();
        let hour = Duration::from_secs(3600);
        let limit = RateLimit::new(1, hour, hour).unwrap();
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        for budget in [Budget::in_process(), Budget::on_host_at(directory.path())] {
            let account = budget.account("http://[::1]", &clock, limit, 0).unwrap();
            let start = tokio::time::Instant::now();
            for _ in 0..2 {
                let reserved = account.reserve(None, Duration::from_secs(1), |_| {});
                let mut reservation = reserved.await.unwrap();
                reservation.sent();
                reservation.responded().await;
            }
            let waited = start.elapsed();
            assert!(waited >= hour && waited < hour * 2, "{waited:?}");
        }
    }

    #[test]
    fn handles_of_a_directory_share_a_queue_and_are_forgotten() {
        let directory = tempfile::tempdir().unwrap();
        let system: Arc<dyn Clock> = Arc::new(SystemClock);
        let shared = |origin: &str, clock: &Arc<dyn Clock>| {
            let budget = Budget::on_host_at(directory.path());
            budget.shared(origin, clock).unwrap()
        };
        let first = shared("http://127.0.0.1:1", &system);
        assert!(Arc::ptr_eq(&first, &shared("http://127.0.0.1:1", &system)));
        assert!(!Arc::ptr_eq(&first, &shared("http://127.0.0.1:2", &system)));
        let manual: Arc<dyn Clock> = Arc::new(ManualClock::new(Timestamp::UNIX_EPOCH));
        assert!(!Arc::ptr_eq(&first, &shared("http://127.0.0.1:1", &manual)));
        let known = Arc::downgrade(&first);
        drop(first);
        assert!(known.upgrade().is_none());
    }
}

//! The budget: how many requests may be sent, and when.
//!
//! `ledger` is the law. A `store` keeps a ledger and applies the law to it at
//! its own time. An `account` is what calls see: slots, and a `queue` for them.

mod account;
mod host;
mod ledger;
mod queue;
mod store;

use std::collections::HashMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, LazyLock, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

use self::account::Shared;
pub(crate) use self::account::{Account, NotReserved, Receipt};
use self::host::Host;
use self::store::{InProcess, Store};
use crate::clock::Clock;
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
    /// In this directory, or in that of the platform.
    OnHost(Option<PathBuf>),
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
    #[must_use]
    pub fn on_host() -> Self {
        Self::new(Kept::OnHost(None))
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
        Self::new(Kept::OnHost(Some(directory.into())))
    }

    fn new(kept: Kept) -> Self {
        Self(Arc::new(Inner {
            kept,
            clock: OnceLock::new(),
            origins: Mutex::default(),
        }))
    }

    /// The store of an origin.
    fn store(
        &self,
        origin: &str,
        limit: RateLimit,
        clock: &Arc<dyn Clock>,
    ) -> Result<Store, Error> {
        let directory = match &self.0.kept {
            Kept::InProcess => {
                let store = InProcess::new(Arc::clone(clock));
                return Ok(Store::InProcess(Arc::new(store)));
            }
            Kept::OnHost(Some(directory)) => directory.clone(),
            Kept::OnHost(None) => host::state_directory()?,
        };
        let store = Host::new(directory, origin, limit, Arc::clone(clock));
        store.check().map_err(Error::into_config)?;
        Ok(Store::Host(Arc::new(store)))
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
        timeout: Duration,
    ) -> Result<Account, Error> {
        if keep_back >= limit.requests() {
            return Err(Error::config(format!(
                "of {} requests, {keep_back} are kept back: that leaves none to send",
                limit.requests()
            )));
        }
        let first = self.0.clock.get_or_init(|| Arc::clone(clock));
        let same = Arc::ptr_eq(first, clock) || (first.is_system() && clock.is_system());
        if !same {
            return Err(Error::config(
                "the clients of a budget need the same clock: pass a clone of it to each",
            ));
        }
        let origins = self.0.origins.lock();
        let mut origins = origins.unwrap_or_else(PoisonError::into_inner);
        let shared = match origins.get(origin) {
            Some(shared) => Arc::clone(shared),
            None => {
                // Without clients and with nothing that counts, nothing is lost.
                origins.retain(|_, shared| Arc::strong_count(shared) > 1 || !shared.is_empty());
                let shared = Arc::new(Shared::new(self.store(origin, limit, first)?));
                origins.insert(origin.to_owned(), Arc::clone(&shared));
                shared
            }
        };
        Ok(Account::new(
            shared,
            Arc::clone(clock),
            limit,
            keep_back,
            timeout,
        ))
    }
}

impl Default for Budget {
    fn default() -> Self {
        Self::in_process()
    }
}

impl fmt::Debug for Budget {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0.kept {
            Kept::InProcess => formatter.write_str("Budget::in_process()"),
            Kept::OnHost(None) => formatter.write_str("Budget::on_host()"),
            Kept::OnHost(Some(directory)) => {
                write!(formatter, "Budget::on_host_at({directory:?})")
            }
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

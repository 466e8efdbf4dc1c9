//! The cache: responses that are served again, so that the request is not made.
//!
//! `steps` is where calls come in; `read` is the path of one through the cache. Its `key` finds a response in a
//! `store` (in `memory` or on the `host`), and changes with each of `writes`; `lifetime` says for how long
//! the response is served, `flight` has calls at the same time share one request,
//! and `served` is what a response says of all that.

mod entry;
mod flight;
mod host;
mod key;
mod lifetime;
mod memory;
#[cfg(test)]
pub(crate) mod model;
pub(crate) mod read;
mod served;
mod steps;
mod store;
mod writes;

use std::fmt;
use std::fs::File;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use reqwest::Request;

use self::entry::Entry;
use self::flight::Flights;
use self::host::Host;
use self::key::Key;
pub(crate) use self::key::Owner;
use self::lifetime::Lifetimes;
use self::memory::Memory;
use self::read::Read;
pub use self::served::Served;
pub(crate) use self::steps::begin;
use self::store::{Since, Store};
use crate::Error;
use crate::call::Freshness;
use crate::clock::{self, Clock};
use crate::generated::spec::CLIENT;
use crate::mutex::lock;
use crate::operation::{Caching, Call};
use crate::private::{self, Purpose};

/// Responses that are served again, so that no request is spent on them.
///
/// Telesto itself advises to cache responses. A client that is
/// [given](crate::ClientBuilder::cache) a cache keeps the JSON of successful `GET`
/// requests, for as long as you say:
///
/// ```
/// use std::time::Duration;
/// use telesto_api::{Cache, Client};
///
/// # fn main() -> Result<(), telesto_api::Error> {
/// let cache = Cache::in_memory()
///     .fresh_for(Duration::from_secs(5 * 60))
///     .stale_for(Duration::from_secs(24 * 3600));
/// let client = Client::builder().api_key("YOUR_API_KEY").cache(cache).build()?;
/// # Ok(())
/// # }
/// ```
///
/// - A response that is *fresh* is served at once. Nothing is sent.
/// - One that is *stale* is served if the server cannot be asked: because the budget
///   is spent, the address is locked out, or the server is down or does not respond in
///   time. A refusal, such as a 401 or a 404, is an error all the same. A server that
///   has failed is asked again after a minute, or after its `Retry-After` if that is
///   longer.
/// - Calls at the same time that ask for the same thing share one request.
/// - After a write of any client in this process, successful or of unknown outcome,
///   responses to operations with one of its tags are served no more.
///
/// [`Served::of`] tells where a response comes from, and how old it is. A call that
/// must not be served by the cache says [`fresh`](crate::Client::fresh).
///
/// What the server says in `Cache-Control` and `Expires` can only shorten these
/// times; a response with `no-store` or `no-cache` is not kept. Neither is one that
/// repeats the API key, and one that cannot be decoded.
///
/// A `Cache` is a handle: clones share the responses. Clients with different API
/// keys or origins can share one, and never see each other's responses. Headers that
/// [`configure_http`](crate::ClientBuilder::configure_http) adds are not seen by the
/// cache: clients with different ones need caches of their own.
#[derive(Clone)]
#[must_use]
pub struct Cache {
    kept: Kept,
    max_bytes: usize,
    lifetimes: Lifetimes,
    /// Opened by the first client.
    shared: Arc<Mutex<Option<Arc<Shared>>>>,
}

/// Where responses are kept.
#[derive(Clone, Debug)]
enum Kept {
    InMemory,
    /// If not in this directory, in that of the platform.
    OnHost(Option<PathBuf>),
}

impl Cache {
    /// A new cache in the memory of this process, of at most 64 MiB. It is forgotten
    /// with its last clone and the last client with it.
    pub fn in_memory() -> Self {
        Self::new(Kept::InMemory)
    }

    /// A cache in files that all processes of this user on this machine share, of at
    /// most 64 MiB: a job that starts every minute is served what the last one has
    /// fetched. A request that another process is making is waited for: for ten seconds at
    /// most, or half of the timeout of the call.
    ///
    /// The files are in `$TELESTO_CACHE_DIR`, or where the platform keeps what
    /// programs can do without: `$XDG_CACHE_HOME/telesto` or `~/.cache/telesto` on
    /// Unix. They are private, and hold the responses, but not the API key. They can
    /// be removed at any time. A response is kept for a year at most. The directory has to be
    /// on a local disk.
    ///
    /// On Linux, the age of a response is that of the boot clock, which nobody can
    /// set, and no response is served after a reboot. Elsewhere it follows the wall
    /// clock: if that is set back, responses seem as much younger.
    pub fn on_host() -> Self {
        Self::new(Kept::OnHost(None))
    }

    /// As [`on_host`](Self::on_host), in this directory. It is made if it does not
    /// exist, for its owner only.
    pub fn on_host_at(directory: impl Into<PathBuf>) -> Self {
        Self::new(Kept::OnHost(Some(directory.into())))
    }

    fn new(kept: Kept) -> Self {
        Self {
            kept,
            max_bytes: 64 * 1024 * 1024,
            lifetimes: Lifetimes::default(),
            shared: Arc::default(),
        }
    }

    /// How old a response may be to be served without asking the server, for
    /// operations of which the spec does not say it (with `x-cache`). By default, no
    /// response is.
    pub fn fresh_for(mut self, time: Duration) -> Self {
        self.lifetimes.fresh = time;
        self
    }

    /// For how much longer a response is served if the server cannot be asked, for
    /// operations of which the spec does not say it (with `x-cache`). By default, no
    /// response is.
    pub fn stale_for(mut self, time: Duration) -> Self {
        self.lifetimes.stale = time;
        self
    }

    /// How many bytes the responses may take, headers included. Those that nobody
    /// has asked for the longest go first. This is a new cache: other clones keep
    /// theirs.
    pub fn max_bytes(mut self, bytes: usize) -> Self {
        self.max_bytes = bytes;
        self.shared = Arc::default();
        self
    }

    /// The cache of a client.
    pub(crate) fn link(&self, owner: Owner, clock: &Arc<dyn Clock>) -> Result<Link, Error> {
        let mut opened = lock(&self.shared);
        let shared = match &mut *opened {
            Some(shared) => shared,
            none => none.insert(Arc::new(self.open(clock)?)),
        };
        if !clock::is_same(&shared.clock, clock) {
            return Err(Error::config(
                "the clients of a cache need the same clock: pass a clone of it to each",
            ));
        }
        Ok(Link {
            shared: Arc::clone(shared),
            owner,
            client: CLIENT,
            lifetimes: self.lifetimes,
        })
    }
}

impl Cache {
    fn open(&self, clock: &Arc<dyn Clock>) -> Result<Shared, Error> {
        let store = match &self.kept {
            Kept::InMemory => Store::Memory(Memory::new(self.max_bytes, Arc::clone(clock))),
            Kept::OnHost(directory) => {
                let directory = match directory {
                    Some(directory) => directory.clone(),
                    None => private::directory(Purpose::Cache)?,
                };
                let host = Host::open(directory, self.max_bytes, Arc::clone(clock))?;
                Store::Host(Arc::new(host))
            }
        };
        Ok(Shared {
            store,
            clock: Arc::clone(clock),
            flights: Flights::default(),
            counts: Counts::default(),
        })
    }
}

impl fmt::Debug for Cache {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Cache")
            .field("kept", &self.kept)
            .field("max_bytes", &self.max_bytes)
            .field("fresh_for", &self.lifetimes.fresh)
            .field("stale_for", &self.lifetimes.stale)
            .finish_non_exhaustive()
    }
}

/// How often a [`Cache`] has spared a request, from
/// [`Client::cache_stats`](crate::Client::cache_stats).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CacheStats {
    /// Calls that were served a fresh response from the cache.
    pub hits: u64,
    /// Calls that were served a response because the server could not be asked.
    pub stale: u64,
    /// Calls that shared the response to another call's request.
    pub coalesced: u64,
    /// Calls whose own request was responded to.
    pub misses: u64,
}

/// What the clients of a cache share.
#[derive(Debug)]
pub(crate) struct Shared {
    store: Store,
    clock: Arc<dyn Clock>,
    flights: Flights,
    counts: Counts,
}

#[derive(Debug, Default)]
struct Counts {
    hits: AtomicU64,
    stale: AtomicU64,
    coalesced: AtomicU64,
    misses: AtomicU64,
}

/// The cache of a client.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) shared: Arc<Shared>,
    owner: Owner,
    /// The hash of the generated client: another one may read the same bytes as
    /// something else.
    client: &'static str,
    lifetimes: Lifetimes,
}

impl Link {
    /// A call as the cache sees it; `None` if it is not for the cache.
    pub(crate) fn read(
        &self,
        request: &Request,
        call: Call<'_>,
        freshness: Freshness,
        deadline: Option<Duration>,
        timeout: Duration,
    ) -> Option<Read> {
        let lifetimes = match call.caching {
            Caching::Never => return None,
            Caching::For { fresh, stale } => Lifetimes {
                fresh: fresh.unwrap_or(self.lifetimes.fresh),
                stale: stale.unwrap_or(self.lifetimes.stale),
            },
        };
        Some(Read {
            key: Key::of(self, request, call),
            owner: self.owner,
            tags: call.tags,
            lifetimes,
            has_stale: false,
            freshness,
            deadline,
            timeout,
        })
    }

    pub(crate) fn stats(&self) -> CacheStats {
        let counts = &self.shared.counts;
        let count = |count: &AtomicU64| count.load(Ordering::Relaxed);
        CacheStats {
            hits: count(&counts.hits),
            stale: count(&counts.stale),
            coalesced: count(&counts.coalesced),
            misses: count(&counts.misses),
        }
    }
}

/// A response that is kept as soon as somebody has decoded it: what cannot be
/// decoded is not served again.
#[derive(Debug)]
pub(crate) struct Unsaved {
    shared: Arc<Shared>,
    key: Key,
    entry: Arc<Entry>,
    /// When it was asked for.
    since: Since,
    /// For how long it is served, at most.
    lifetimes: Lifetimes,
    /// What other processes wait for.
    held: Mutex<Option<File>>,
    /// Whether a call keeps it already.
    is_saved: AtomicBool,
}

impl Unsaved {
    fn entry(&self) -> &Arc<Entry> {
        &self.entry
    }

    /// Keeps it, once for all calls that share it.
    pub(crate) async fn save(&self) {
        if self.is_saved.swap(true, Ordering::Relaxed) {
            return;
        }
        let Self {
            shared,
            key,
            entry,
            since,
            lifetimes,
            ..
        } = self;
        let entry = Arc::new(entry.to_keep());
        shared.store.put(key, entry, since, *lifetimes).await;
        drop(lock(&self.held).take());
    }
}

//! Where responses are kept.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use tokio::runtime::Handle;

use super::entry::Entry;
use super::host::{Host, Moment};
use super::key::{Key, Owner};
use super::lifetime::Lifetimes;
use super::memory::Memory;
use super::served::Reason;

/// Keeps responses. Whatever goes wrong in it, a response is not found.
#[derive(Debug)]
pub(super) enum Store {
    Memory(Memory),
    /// In files, whose reading and writing blocks.
    Host(Arc<Host>),
}

/// A response, and how long ago it was asked for.
pub(super) type Found = (Arc<Entry>, Duration);

/// When a response was asked for, by the time of its store.
#[derive(Clone, Debug)]
pub(super) enum Since {
    Memory(Duration),
    Host(Moment),
}

/// Whether this process may make a request that all processes want.
pub(super) enum Lock {
    /// It may, for as long as it holds this.
    Held(Option<File>),
    /// Another one makes it.
    Elsewhere,
}

impl Store {
    /// What can be read without waiting.
    pub(super) fn memory(&self) -> Option<&Memory> {
        match self {
            Self::Memory(memory) => Some(memory),
            Self::Host(_) => None,
        }
    }

    /// Where other processes keep their responses, too.
    pub(super) fn directory(&self) -> Option<&Path> {
        match self {
            Self::Memory(_) => None,
            Self::Host(host) => Some(host.directory()),
        }
    }

    /// The key of a read after all writes that the store has noted, and its response;
    /// `None` if the store does not know of writes.
    pub(super) async fn look_up(
        &self,
        key: &Key,
        owner: Owner,
        tags: &'static [&'static str],
    ) -> Option<(Key, Option<Found>)> {
        match self {
            Self::Memory(memory) => Some((key.clone(), memory.get(key))),
            Self::Host(host) => {
                // At once, since most of the time goes into changing threads.
                let look_up = move |host: &Host, key: &Key| {
                    let key = host.after_writes(key, &owner, tags)?;
                    let found = host.get(&key);
                    Some((key, found))
                };
                with_key(host, key, look_up).await?
            }
        }
    }

    /// Notes a write for other processes, and returns the directory if that has
    /// worked.
    pub(super) async fn note_write(
        &self,
        owner: Owner,
        tags: &'static [&'static str],
    ) -> Option<PathBuf> {
        match self {
            Self::Memory(_) => None,
            Self::Host(host) => blocking(host, move |host| noted(host, &owner, tags)).await?,
        }
    }

    /// Notes a write for other processes, and does not wait for it.
    pub(super) fn note_write_later(&self, owner: Owner, tags: &'static [&'static str]) {
        let Self::Host(host) = self else {
            return;
        };
        let host = Arc::clone(host);
        let note = move || drop(noted(&host, &owner, tags));
        match Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn_blocking(note)),
            Err(_) => drop(thread::Builder::new().spawn(note)),
        }
    }

    pub(super) fn now(&self) -> Since {
        match self {
            Self::Memory(memory) => Since::Memory(memory.now()),
            Self::Host(host) => Since::Host(host.now()),
        }
    }

    pub(super) async fn get(&self, key: &Key) -> Option<Found> {
        match self {
            Self::Memory(memory) => memory.get(key),
            Self::Host(host) => with_key(host, key, Host::get).await?,
        }
    }

    /// Keeps a response, which is of use for these times.
    pub(super) async fn put(
        &self,
        key: &Key,
        entry: Arc<Entry>,
        since: &Since,
        lifetimes: Lifetimes,
    ) {
        match (self, since.clone()) {
            (Self::Memory(memory), Since::Memory(since)) => memory.put(key.clone(), entry, since),
            (Self::Host(host), Since::Host(since)) => {
                let put = move |host: &Host, key: &Key| host.put(key, &entry, since, lifetimes);
                with_key(host, key, put).await;
            }
            _ => {}
        }
    }

    /// Why a request for this failed, if it is too early for another one.
    pub(super) async fn failure(&self, key: &Key) -> Option<Reason> {
        match self {
            Self::Memory(memory) => memory.failure(key),
            Self::Host(host) => with_key(host, key, Host::failure).await?,
        }
    }

    /// Notes that a request for this failed, so that there is no other one for as long
    /// as `pause`.
    pub(super) async fn note_failure(&self, key: &Key, reason: Reason, pause: Duration) {
        match self {
            Self::Memory(memory) => memory.note_failure(key.clone(), reason, pause),
            Self::Host(host) => {
                let note = move |host: &Host, key: &Key| host.note_failure(key, reason, pause);
                with_key(host, key, note).await;
            }
        }
    }

    /// Whether this process may make the request of a read.
    pub(super) async fn lock(&self, key: &Key) -> Lock {
        match self {
            Self::Memory(_) => Lock::Held(None),
            Self::Host(host) => match with_key(host, key, Host::try_lock).await {
                Some(Ok(None)) => Lock::Elsewhere,
                Some(Ok(held)) => Lock::Held(held),
                // Without locks, each process makes its own requests.
                Some(Err(_)) | None => Lock::Held(None),
            },
        }
    }
}

fn noted(host: &Host, owner: &Owner, tags: &[&'static str]) -> Option<PathBuf> {
    let noted = host.note_write(owner, tags);
    noted.is_ok().then(|| host.directory().to_owned())
}

async fn with_key<T: Send + 'static>(
    host: &Arc<Host>,
    key: &Key,
    work: impl FnOnce(&Host, &Key) -> T + Send + 'static,
) -> Option<T> {
    let key = key.clone();
    blocking(host, move |host| work(host, &key)).await
}

async fn blocking<T: Send + 'static>(
    host: &Arc<Host>,
    work: impl FnOnce(&Host) -> T + Send + 'static,
) -> Option<T> {
    let host = Arc::clone(host);
    tokio::task::spawn_blocking(move || work(&host)).await.ok()
}

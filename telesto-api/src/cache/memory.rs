//! Responses in the memory of this process.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use moka::policy::EvictionPolicy;
use moka::sync::Cache;

use super::entry::Entry;
use super::key::Key;
use super::lock;
use super::served::Reason;
use crate::clock::Clock;

/// Keeps responses in memory, up to some bytes: those that nobody has asked for
/// the longest go first.
#[derive(Debug)]
pub(super) struct Memory {
    entries: Cache<Key, (Arc<Entry>, Duration)>,
    /// Why requests failed, and until when there is no other one.
    failures: Mutex<HashMap<Key, (Reason, Duration)>>,
    clock: Arc<dyn Clock>,
}

/// What an entry takes beside its key, its headers and its body.
const OVERHEAD: usize = 256;

impl Memory {
    pub(super) fn new(max_bytes: usize, clock: Arc<dyn Clock>) -> Self {
        let entries = Cache::builder()
            .max_capacity(max_bytes as u64)
            .weigher(|key: &Key, (entry, _): &(Arc<Entry>, Duration)| {
                let size = key.bytes().len() + entry.size() + OVERHEAD;
                u32::try_from(size).unwrap_or(u32::MAX)
            })
            .eviction_policy(EvictionPolicy::lru())
            .build();
        Self {
            entries,
            failures: Mutex::default(),
            clock,
        }
    }

    /// The time of this store.
    pub(super) fn now(&self) -> Duration {
        self.clock.monotonic()
    }

    /// A response, and how long ago it was asked for.
    pub(super) fn get(&self, key: &Key) -> Option<(Arc<Entry>, Duration)> {
        let (entry, since) = self.entries.get(key)?;
        let age = self.now().saturating_sub(since);
        Some((entry, age))
    }

    /// Keeps a response, unless there is one that was asked for later: a call may have
    /// demanded a request of its own, and been quicker.
    pub(super) fn put(&self, key: Key, entry: Arc<Entry>, since: Duration) {
        lock(&self.failures).remove(&key);
        let newer = |known: Option<moka::Entry<_, (Arc<Entry>, Duration)>>| match known {
            Some(known) if known.value().1 > since => known.into_value(),
            _ => (entry, since),
        };
        self.entries.entry(key).and_upsert_with(newer);
        // It would evict others later, and hold too much until then.
        self.entries.run_pending_tasks();
    }

    pub(super) fn failure(&self, key: &Key) -> Option<Reason> {
        let now = self.now();
        let (reason, until) = *lock(&self.failures).get(key)?;
        (now < until).then_some(reason)
    }

    pub(super) fn note_failure(&self, key: Key, reason: Reason, pause: Duration) {
        let now = self.now();
        let mut failures = lock(&self.failures);
        failures.retain(|_, (_, until)| now < *until);
        failures.insert(key, (reason, now.saturating_add(pause)));
    }
}

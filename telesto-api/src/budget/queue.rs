//! Calls that wait, first come, first served.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use tokio::sync::Notify;
use tokio::sync::futures::Notified;

/// The calls of clients with the same limit that wait for a slot.
#[derive(Debug, Default)]
pub(super) struct Queue {
    places: Mutex<Places>,
}

#[derive(Debug, Default)]
struct Places {
    next: u64,
    /// Each is told when it comes first.
    waiting: BTreeMap<u64, Arc<Notify>>,
}

/// The place of a call. Dropped, it is free, and the next call is told if it is first now.
pub(super) struct Place {
    queue: Arc<Queue>,
    number: u64,
    first: Arc<Notify>,
}

impl Queue {
    /// The last place.
    pub(super) fn join(self: &Arc<Self>) -> Place {
        let first = Arc::new(Notify::new());
        let mut places = self.places();
        let number = places.next;
        places.next += 1;
        places.waiting.insert(number, Arc::clone(&first));
        drop(places);
        Place {
            queue: Arc::clone(self),
            number,
            first,
        }
    }

    /// Whether any call waits.
    pub(super) fn is_waiting(&self) -> bool {
        !self.places().waiting.is_empty()
    }

    fn places(&self) -> MutexGuard<'_, Places> {
        super::lock(&self.places)
    }
}

impl Place {
    /// Whether it is this call's turn to ask for a slot.
    pub(super) fn is_first(&self) -> bool {
        let places = self.queue.places();
        let first = places.waiting.first_key_value();
        first.is_some_and(|(first, _)| *first == self.number)
    }

    /// Waits until it is first, unless it was told so before.
    pub(super) fn first(&self) -> Notified<'_> {
        self.first.notified()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut places = self.queue.places();
        let was_first = places
            .waiting
            .first_key_value()
            .is_some_and(|(first, _)| *first == self.number);
        places.waiting.remove(&self.number);
        if was_first && let Some((_, next)) = places.waiting.first_key_value() {
            next.notify_one();
        }
    }
}

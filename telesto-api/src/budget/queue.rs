//! Calls that wait, first come, first served.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};

use tokio::sync::Notify;

/// The calls of clients with the same limit that wait for a slot.
#[derive(Debug, Default)]
pub(super) struct Queue {
    places: Mutex<Places>,
}

#[derive(Debug, Default)]
struct Places {
    next: u64,
    waiting: VecDeque<u64>,
}

/// The place of a call. Dropped, it is free, and the others are told.
pub(super) struct Place {
    queue: Arc<Queue>,
    changed: Arc<Notify>,
    number: u64,
}

impl Queue {
    /// The last place.
    pub(super) fn join(self: &Arc<Self>, changed: &Arc<Notify>) -> Place {
        let mut places = self.places();
        let number = places.next;
        places.next += 1;
        places.waiting.push_back(number);
        drop(places);
        Place {
            queue: Arc::clone(self),
            changed: Arc::clone(changed),
            number,
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
        self.queue.places().waiting.front() == Some(&self.number)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut places = self.queue.places();
        places.waiting.retain(|number| *number != self.number);
        drop(places);
        self.changed.notify_waiters();
    }
}

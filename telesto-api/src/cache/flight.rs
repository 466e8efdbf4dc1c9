//! Single flight: calls at the same time that ask for the same thing share one
//! request.
//!
//! One call at a time asks for a slot of the budget. One that has to wait for it
//! steps back, since others may be content with another wait; the first that gets a
//! slot sends the request, and all join it. Whoever of them is there drives it, so
//! it goes on if the call that has sent it is dropped.

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, Weak};

use futures_util::future::{FutureExt as _, Shared, WeakShared};
use tokio::runtime::{self, Handle};
use tokio::sync::Notify;

use super::entry::Entry;
use super::key::Key;
use super::{Unsaved, lock};
use crate::Error;

/// What a request has come to.
pub(super) type Outcome = Result<Fetched, Error>;

/// A response of the server.
#[derive(Clone, Debug)]
pub(super) struct Fetched {
    pub(super) entry: Arc<Entry>,
    /// If it can be kept.
    pub(super) unsaved: Option<Arc<Unsaved>>,
}

type Request = Pin<Box<dyn Future<Output = Outcome> + Send>>;

/// A request under way, for one of its calls.
pub(super) type Joined = Shared<Request>;

/// What calls share, and the runtime that drives their connections: it may stand still
/// while another one runs.
type Id = (Key, Option<runtime::Id>);

type Known = Mutex<HashMap<Id, Weak<Flight>>>;

/// The calls under way, by what they ask for.
#[derive(Debug, Default)]
pub(super) struct Flights(Arc<Known>);

impl Flights {
    /// The calls that ask for this, of which the caller becomes one.
    pub(super) fn enter(&self, key: &Key) -> Arc<Flight> {
        let runtime = Handle::try_current().ok();
        let id = (key.clone(), runtime.map(|runtime| runtime.id()));
        let mut known = lock(&self.0);
        if let Some(flight) = known.get(&id).and_then(Weak::upgrade) {
            return flight;
        }
        let flight = Arc::new(Flight {
            id: id.clone(),
            known: Arc::clone(&self.0),
            state: Mutex::default(),
            changed: Notify::new(),
        });
        known.insert(id, Arc::downgrade(&flight));
        flight
    }
}

/// The calls under way that ask for the same thing.
pub(super) struct Flight {
    id: Id,
    known: Arc<Known>,
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Default)]
struct State {
    /// Whether a call asks for a slot.
    is_asking: bool,
    /// How many requests have been sent.
    sent: usize,
    /// Those that can be shared, by their numbers. There are several if a call has
    /// demanded a request of its own.
    shared: Vec<(usize, Progress)>,
}

enum Progress {
    UnderWay(WeakShared<Request>),
    /// It has been responded to, and the response is about to be kept.
    Responded(Weak<Unsaved>),
}

/// What a call has to do.
pub(super) enum Turn {
    /// Wait for this request.
    Join(Joined),
    /// Nothing: there is a response.
    Take(Fetched),
    /// Ask for a slot.
    Ask(Asking),
}

impl Flight {
    /// How many requests have been sent.
    pub(super) fn sent(&self) -> usize {
        lock(&self.state).sent
    }

    /// Waits for this call's turn. The first `after` requests are not joined.
    pub(super) async fn turn(self: &Arc<Self>, after: usize) -> Turn {
        loop {
            // Before the look at the state, so that no change is missed.
            let changed = self.changed.notified();
            {
                let mut state = lock(&self.state);
                if let Some(turn) = state.shared(after) {
                    return turn;
                }
                if !state.is_asking {
                    state.is_asking = true;
                    return Turn::Ask(Asking(Arc::clone(self)));
                }
            }
            changed.await;
        }
    }

    /// Waits until another call has sent a request that can be joined.
    pub(super) async fn sent_by_another(&self, after: usize) {
        loop {
            let changed = self.changed.notified();
            if lock(&self.state).shared(after).is_some() {
                return;
            }
            changed.await;
        }
    }

    /// Sends the request that is made of `seed`, unless there is one by now that can
    /// be joined: then the seed comes back.
    pub(super) fn send<S, F>(
        self: &Arc<Self>,
        after: usize,
        seed: S,
        request: impl FnOnce(S) -> F,
    ) -> Result<Joined, S>
    where
        F: Future<Output = Outcome> + Send + 'static,
    {
        let mut state = lock(&self.state);
        if state.shared(after).is_some() {
            return Err(seed);
        }
        let (flight, number) = (Arc::clone(self), state.sent + 1);
        let request = request(seed);
        let request: Request = Box::pin(async move {
            let outcome = request.await;
            flight.responded(number, &outcome);
            outcome
        });
        let request = request.shared();
        state.sent = number;
        state
            .shared
            .retain(|(_, progress)| progress.turn().is_some());
        let under_way = request.downgrade().map(Progress::UnderWay);
        state
            .shared
            .extend(under_way.map(|progress| (number, progress)));
        drop(state);
        self.changed.notify_waiters();
        Ok(request)
    }

    fn responded(&self, number: usize, outcome: &Outcome) {
        let unsaved = outcome.as_ref().ok();
        let unsaved = unsaved.and_then(|fetched| fetched.unsaved.as_ref());
        let responded = unsaved.map(|unsaved| Progress::Responded(Arc::downgrade(unsaved)));
        let mut state = lock(&self.state);
        state.shared.retain(|(known, _)| *known != number);
        state
            .shared
            .extend(responded.map(|progress| (number, progress)));
    }
}

impl State {
    /// What a call can share that was sent after the first `after` requests.
    fn shared(&self, after: usize) -> Option<Turn> {
        let shared = self.shared.iter().filter(|(number, _)| *number > after);
        shared.rev().find_map(|(_, progress)| progress.turn())
    }
}

impl Progress {
    /// How a call shares it, if that is still possible.
    fn turn(&self) -> Option<Turn> {
        match self {
            // Without a call that drives it, it has been given up.
            Self::UnderWay(request) => request.upgrade().map(Turn::Join),
            Self::Responded(unsaved) => {
                let unsaved = unsaved.upgrade()?;
                Some(Turn::Take(Fetched {
                    entry: Arc::clone(unsaved.entry()),
                    unsaved: Some(unsaved),
                }))
            }
        }
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        let mut known = lock(&self.known);
        // Another may have begun meanwhile.
        let is_this = |flight: &Weak<Self>| flight.strong_count() == 0;
        if known.get(&self.id).is_some_and(is_this) {
            known.remove(&self.id);
        }
    }
}

impl fmt::Debug for Flight {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Flight")
    }
}

/// The one call that asks for a slot.
pub(super) struct Asking(Arc<Flight>);

impl Drop for Asking {
    fn drop(&mut self) {
        lock(&self.0.state).is_asking = false;
        self.0.changed.notify_waiters();
    }
}

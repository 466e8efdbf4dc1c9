//! Reads that go through a cache: they take part in everything that happens to the
//! budget, and cost a request only if they must.

use std::sync::Arc;
use std::time::Duration;

use reqwest::header::HeaderMap;
use tokio::runtime::Runtime;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use super::{Machine, TIMEOUT};
use crate::api_key::ApiKey;
use crate::budget::{Account, Reservation};
use crate::cache::model::{self, settle};
use crate::cache::read::Sending;
use crate::cache::{Cache, Link, Owner, Served};
use crate::call::Freshness;
use crate::clock::Clock;
use crate::{Error, ErrorKind};

const FRESH: Duration = Duration::from_secs(5);
const STALE: Duration = Duration::from_secs(60);

/// For how long a server that has failed is left alone.
const PAUSE: Duration = Duration::from_secs(60);

/// What a read comes to.
type Outcome = Result<Served, ErrorKind>;

/// What ends a request: the error, if it is no response.
pub(super) type Responder = oneshot::Sender<Option<Error>>;

/// What has become of a read so far.
pub(super) enum Begun {
    /// Its request is on its way.
    Sent(Reservation, Responder),
    /// It shares the request of another one.
    Joined,
    Ended(Outcome),
}

/// The reads of the same thing by a process, which has a cache of its own.
pub(super) struct Reads {
    link: Arc<Link>,
    machine: Machine,
    under_way: Vec<JoinHandle<Outcome>>,
    /// When the request under way was sent.
    sent: Option<Duration>,
    /// When that of the last response was.
    kept: Option<Duration>,
    failed: Option<Duration>,
}

impl Reads {
    pub(super) fn new(machine: &Machine) -> Self {
        let clock: Arc<dyn Clock> = Arc::new(machine.clone());
        let key = ApiKey::new("a-key".to_owned().into()).unwrap();
        let owner = Owner::new(&key, "https://telesto.app");
        let cache = Cache::in_memory().fresh_for(FRESH).stale_for(STALE);
        Self {
            link: Arc::new(cache.link(owner, &clock).unwrap()),
            machine: machine.clone(),
            under_way: Vec::new(),
            sent: None,
            kept: None,
            failed: None,
        }
    }

    /// Begins a read, which does not wait. It is `allowed` to send a request.
    pub(super) fn begin(&mut self, runtime: &Runtime, account: Account, allowed: bool) -> Begun {
        let link = Arc::clone(&self.link);
        let read = model::read(&link, Freshness::Usual, Some(Duration::ZERO), TIMEOUT);
        let (told, mut sent) = mpsc::unbounded_channel();
        let mut task = runtime.spawn(async move {
            let send = |reservation, _| {
                let (responder, response) = oneshot::channel();
                told.send((reservation, responder)).unwrap();
                sending(response)
            };
            let received = link.shared.read(read, &account, |_| {}, send).await;
            let received = received.map_err(|error| error.kind())?;
            if let Some(unsaved) = &received.unsaved {
                unsaved.save().await;
            }
            Ok(Served::of(&received.headers))
        });
        let joins = self.sent.is_some();
        let begun = runtime.block_on(async {
            if joins {
                settle().await;
            }
            tokio::select! {
                biased;
                Some((reservation, responder)) = sent.recv() => Begun::Sent(reservation, responder),
                ended = &mut task, if !joins || task.is_finished() => Begun::Ended(ended.unwrap()),
                () = std::future::ready(()), if joins => Begun::Joined,
            }
        });
        self.look_at(&begun, allowed);
        if !matches!(begun, Begun::Ended(_)) {
            self.under_way.push(task);
        }
        begun
    }

    fn look_at(&mut self, begun: &Begun, allowed: bool) {
        let now = self.machine.monotonic();
        let passed = |since: Option<Duration>| since.map(|since| now - since);
        let age = passed(self.kept);
        let is_fresh = age.is_some_and(|age| age < FRESH);
        let is_stale = !is_fresh && age.is_some_and(|age| age < FRESH + STALE);
        let is_paused = is_stale && passed(self.failed).is_some_and(|passed| passed < PAUSE);
        match begun {
            Begun::Sent(..) => {
                assert!(self.sent.is_none(), "two at the same time");
                assert!(allowed && !is_fresh && !is_paused, "a request too many");
                self.sent = Some(now);
            }
            Begun::Joined => assert!(!is_fresh && self.sent.is_some()),
            Begun::Ended(Ok(Served::Cached { .. })) => assert!(is_fresh, "{age:?}"),
            Begun::Ended(Ok(_)) => assert!(is_paused || (is_stale && !allowed), "{age:?}"),
            Begun::Ended(Err(kind)) => {
                assert_eq!(*kind, ErrorKind::RateLimited);
                assert!(!allowed && !is_fresh && !is_stale, "{age:?}");
            }
        }
    }

    /// The request under way has ended. All reads that share it get the same.
    pub(super) fn end(&mut self, runtime: &Runtime, responder: Responder, error: Option<Error>) {
        let now = self.machine.monotonic();
        let kind = error.as_ref().map(Error::kind);
        let age = self.kept.map(|kept| now - kept);
        let is_stale = age.is_some_and(|age| age < FRESH + STALE);
        let sent = self.sent.take();
        match kind {
            None => (self.kept, self.failed) = (sent, None),
            Some(ErrorKind::Transport) if is_stale => self.failed = Some(now),
            Some(_) => {}
        }
        let _ = responder.send(error);
        runtime.block_on(settle());
        for task in self.under_way.drain(..) {
            assert!(task.is_finished(), "stuck");
            match (runtime.block_on(task).unwrap(), kind) {
                (Ok(Served::Fresh), None) => {}
                (Ok(Served::Stale { .. }), Some(_)) => assert!(is_stale),
                (Err(found), Some(kind)) => assert!(found == kind && !is_stale),
                other => panic!("{other:?}"),
            }
        }
    }

    /// The callers go.
    pub(super) fn give_up(&mut self, runtime: &Runtime) {
        self.under_way.drain(..).for_each(|task| task.abort());
        self.sent = None;
        runtime.block_on(settle());
    }
}

/// A request whose response is nothing but a response.
fn sending(response: oneshot::Receiver<Option<Error>>) -> Sending {
    Box::pin(async move {
        let error = response.await.ok().flatten();
        error.map_or(Ok(()), Err)?;
        let now = jiff::Timestamp::UNIX_EPOCH;
        Ok(model::entry(HeaderMap::new(), "[]", now))
    })
}

//! A ledger in a file that the processes of a machine share.
//!
//! A thread per ledger locks, reads and writes the `file`. It may have to wait for another
//! process. So calls wait for the thread instead, for as long as they have time.

mod file;

#[cfg(feature = "redis")]
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::sync::oneshot;

use self::file::{LedgerFile, Lock};
use super::ledger::Ledger;
use super::outbox::Outbox;
use super::store::PATIENCE;
use crate::Error;
use crate::clock::Clock;
use crate::mutex::lock;

/// How long the thread pauses before it tries again to lock the file.
const SHORTEST_PAUSE: Duration = Duration::from_micros(50);
const LONGEST_PAUSE: Duration = Duration::from_millis(10);

/// Keeps a ledger in a file.
#[derive(Debug)]
pub(super) struct Host {
    file: Arc<LedgerFile>,
    jobs: Mutex<Sender<Waiting>>,
    pub(super) outbox: Arc<Outbox>,
}

/// A change that waits for the lock.
struct Waiting {
    job: Box<dyn Job>,
    since: Instant,
    /// The runtime of the call, whose clock a test may have paused.
    runtime: Option<Handle>,
}

/// A change of the ledger, for the thread.
trait Job: Send {
    /// How long the change may wait for other processes.
    fn patience(&self) -> Duration;

    /// Whether the change still has to be made.
    fn is_wanted(&self) -> bool;

    fn apply(&mut self, ledger: &mut Ledger, now: Duration);

    /// The change is saved, or is not made.
    fn end(self: Box<Self>, saved: Result<(), Error>);
}

impl Host {
    /// Makes the directory, and reads and writes in it, so that a wrong setting
    /// is found before anything is sent.
    pub(super) fn open(
        directory: PathBuf,
        origin: &str,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, Error> {
        let outbox = Arc::new(Outbox::new(Arc::clone(&clock)));
        let file = Arc::new(LedgerFile::new(directory, origin, clock)?);
        let (jobs, received) = mpsc::channel();
        file.open(PATIENCE)?;
        let mut worker = Worker {
            file: Arc::clone(&file),
            outbox: Arc::clone(&outbox),
            received,
            waiting: Vec::new(),
        };
        thread::Builder::new()
            .name("telesto-budget".to_owned())
            .spawn(move || worker.work())
            .map_err(|error| {
                Error::budget("cannot start the thread of the budget").with_source(error)
            })?;
        Ok(Self {
            file,
            jobs: Mutex::new(jobs),
            outbox,
        })
    }

    pub(super) fn directory(&self) -> &Path {
        self.file.directory()
    }

    /// Tries to be the one process that does something; `None` if another one does it.
    #[cfg(feature = "redis")]
    pub(super) fn try_claim(&self, what: &str) -> Result<Option<File>, Error> {
        self.file.try_claim(what)
    }

    /// Changes the ledger, unless nobody waits for it any more, and then calls `end`.
    pub(super) async fn change<C: Send + 'static, T: Send + 'static>(
        &self,
        patience: Duration,
        change: impl FnOnce(&mut Ledger, Duration) -> C + Send + 'static,
        end: impl FnOnce(C) -> T + Send + 'static,
    ) -> Result<T, Error> {
        let (sender, receiver) = oneshot::channel();
        self.submit(Box::new(Asked {
            patience,
            change: Some(change),
            changed: None,
            end,
            sender,
        }));
        receiver.await.unwrap_or_else(|_| Err(has_ended()))
    }

    /// Writes what is in the outbox, and then calls `end`, whether or not anybody waits.
    pub(super) fn flush(&self, end: impl FnOnce(Result<(), Error>) + Send + 'static) {
        self.submit(Box::new(Flush(end)));
    }

    fn submit(&self, job: Box<dyn Job>) {
        let waiting = Waiting {
            job,
            since: Instant::now(),
            runtime: Handle::try_current().ok(),
        };
        if let Err(mpsc::SendError(waiting)) = lock(&self.jobs).send(waiting) {
            waiting.job.end(Err(has_ended()));
        }
    }
}

fn has_ended() -> Error {
    Error::budget("the thread of the budget has ended")
}

/// The thread of a ledger: its file, and the changes that it has to make.
struct Worker {
    file: Arc<LedgerFile>,
    outbox: Arc<Outbox>,
    received: Receiver<Waiting>,
    waiting: Vec<Waiting>,
}

impl Worker {
    /// Makes changes as they come, until the ledger is dropped. Those that have come while
    /// another process held the lock are written together.
    fn work(&mut self) {
        let mut began = Instant::now();
        loop {
            if self.waiting.is_empty() {
                let Ok(first) = self.received.recv() else {
                    return;
                };
                began = first.since;
                self.waiting.push(first);
            }
            match self.file.try_lock() {
                Ok(Some(lock)) => self.change(&lock),
                Ok(None) => {
                    self.give_up();
                    self.pause(began.elapsed());
                }
                Err(error) => self.end(Err(error)),
            }
        }
    }

    /// Makes all changes.
    fn change(&mut self, lock: &Lock) {
        self.waiting.extend(self.received.try_iter());
        self.waiting.retain(|waiting| waiting.job.is_wanted());
        let runtime = self.waiting.last().and_then(|last| last.runtime.clone());
        let _entered = runtime.as_ref().map(Handle::enter);
        let saved = self.file.change(lock, |ledger, now| {
            let outcomes = self.outbox.apply(ledger, now);
            for waiting in &mut self.waiting {
                waiting.job.apply(ledger, now);
            }
            outcomes
        });
        let saved = saved.map(|outcomes| self.outbox.remove(outcomes));
        self.end(saved);
    }

    fn end(&mut self, saved: Result<(), Error>) {
        for waiting in self.waiting.drain(..) {
            waiting.job.end(saved.clone());
        }
    }

    /// Ends the changes that have waited for long enough.
    fn give_up(&mut self) {
        let is_over = |waiting: &mut Waiting| {
            let Waiting { job, since, .. } = waiting;
            !job.is_wanted() || since.elapsed() >= job.patience()
        };
        for Waiting { job, .. } in self.waiting.extract_if(.., is_over) {
            let error = self.file.is_held(job.patience());
            job.end(Err(error));
        }
    }

    /// Pauses for a part of the time that it has waited for the lock, or until there is
    /// another change to make.
    fn pause(&mut self, waited: Duration) {
        let pause = (waited / 8).clamp(SHORTEST_PAUSE, LONGEST_PAUSE);
        match self.received.recv_timeout(pause) {
            Ok(waiting) => self.waiting.push(waiting),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => thread::sleep(pause),
        }
    }
}

/// A change that a call waits for.
struct Asked<F, C, E, T> {
    patience: Duration,
    /// `None` once it is made.
    change: Option<F>,
    changed: Option<C>,
    end: E,
    sender: oneshot::Sender<Result<T, Error>>,
}

impl<F, C, E, T> Job for Asked<F, C, E, T>
where
    F: FnOnce(&mut Ledger, Duration) -> C + Send,
    C: Send,
    E: FnOnce(C) -> T + Send,
    T: Send,
{
    fn patience(&self) -> Duration {
        self.patience
    }

    fn is_wanted(&self) -> bool {
        !self.sender.is_closed()
    }

    fn apply(&mut self, ledger: &mut Ledger, now: Duration) {
        let change = self.change.take();
        self.changed = change.map(|change| change(ledger, now));
    }

    fn end(self: Box<Self>, saved: Result<(), Error>) {
        let Self {
            changed,
            end,
            sender,
            ..
        } = *self;
        let result = saved.and_then(|()| changed.map(end).ok_or_else(has_ended));
        // A result that nobody waits for any more is dropped.
        let _ = sender.send(result);
    }
}

/// A change that does nothing but write the outbox.
struct Flush<E>(E);

impl<E: FnOnce(Result<(), Error>) + Send> Job for Flush<E> {
    fn patience(&self) -> Duration {
        PATIENCE
    }

    fn is_wanted(&self) -> bool {
        true
    }

    fn apply(&mut self, _: &mut Ledger, _: Duration) {}

    fn end(self: Box<Self>, saved: Result<(), Error>) {
        (self.0)(saved);
    }
}

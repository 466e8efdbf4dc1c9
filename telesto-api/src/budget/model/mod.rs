//! A budget in a world where everything may happen, against the limiter of the
//! mock server and against a naive model of the law: the same for every store.

#[cfg(feature = "cache")]
mod reads;

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use std::{fs, mem};

use proptest::prelude::*;
#[cfg(feature = "cache")]
use reqwest::StatusCode;
use telesto_mock::{Limiter, Verdict, Window};
use tempfile::TempDir;
use tokio::runtime::Runtime;

#[cfg(feature = "cache")]
use self::reads::{Begun, Reads, Responder};
use super::account::{Account, NotReserved, Reservation, Shared};
use super::host::Host;
use super::ledger::{LONGEST_UNDER_WAY, ON_ITS_WAY, SLACK};
use super::machine::Machine;
use crate::RateLimit;
use crate::clock::Clock;
#[cfg(feature = "cache")]
use crate::{Error, ErrorKind};

const WINDOW: Duration = Duration::from_secs(60);
const LOCKOUT: Duration = Duration::from_secs(30);
const TIMEOUT: Duration = Duration::from_secs(20);
const ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const PROCESSES: usize = 3;

/// What the processes of a machine keep their budget in.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Kept {
    /// One process.
    InProcess,
    /// A file, on a machine with a boot clock.
    OnHost,
    /// A file, on a machine without.
    OnHostByWallClock,
    /// In Redis at this URL.
    #[cfg(feature = "redis")]
    InRedis(String),
}

impl Kept {
    /// Whether its time goes by a wall clock.
    fn is_by_wall_clock(&self) -> bool {
        !matches!(self, Self::InProcess | Self::OnHost)
    }
}

/// How a server counts.
#[derive(Clone, Copy, Debug)]
struct Habits {
    requests: u32,
    window: Window,
    extend_block: bool,
    keep_count: bool,
    /// Whether it rounds times to whole seconds, up or down.
    whole_seconds: bool,
    /// How the processes of a host see its boot.
    sandboxes: Sandboxes,
    /// Where in an hour it begins, in seconds.
    begins: u64,
}

/// How processes that share a directory see the boot of their machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sandboxes {
    None,
    /// Each sees a boot of its own.
    Boots,
    /// They see the same boot, at different times.
    Times,
}

#[derive(Clone, Debug)]
enum Event {
    /// In milliseconds.
    Pass(u64),
    Call {
        process: usize,
        client: Kind,
        /// Whether it waits for a slot first.
        waits: bool,
        fate: Fate,
    },
    /// A call that may be served by the cache of its process.
    Read {
        process: usize,
        fate: Fate,
    },
    /// In seconds.
    Suspend(u64),
    /// In seconds.
    SetWall(i64),
    Kill(usize),
    /// Off for so many seconds.
    Reboot(u64),
    /// Somebody else at the address sends so many requests.
    Others(u32),
    /// From now on nothing can be written, or it can again.
    Outage,
}

/// A client, by its limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// A client with the limit of the server.
    Usual,
    /// A client that keeps back one request.
    KeepsBack,
    /// A client with a shorter window.
    Narrow,
    /// A client with a longer window.
    Long,
}

/// What becomes of a request.
#[derive(Clone, Copy, Debug)]
struct Fate {
    /// Whether its timeout has no end.
    is_patient: bool,
    /// When its call ends, in milliseconds.
    after: u64,
    end: End,
    /// When the server counts it, between sending and the last moment.
    counted: f64,
    /// Whether the server rounds its time up.
    rounds_up: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Response,
    /// The caller goes, or the connection fails; the request may arrive.
    Gone,
    /// So does the request.
    Lost,
    /// It could not be sent.
    NeverLeft,
}

fn habits() -> impl Strategy<Value = Habits> {
    let sandboxes = vec![Sandboxes::None, Sandboxes::Boots, Sandboxes::Times];
    let windows = vec![Window::Sliding, Window::Clock, Window::FirstRequest];
    (
        1u32..5,
        prop::sample::select(windows),
        any::<[bool; 3]>(),
        prop::sample::select(sandboxes),
        0u64..60,
    )
        .prop_map(|(requests, window, flags, sandboxes, begins)| {
            let [extend_block, keep_count, whole_seconds] = flags;
            Habits {
                requests,
                window,
                extend_block,
                keep_count,
                whole_seconds,
                sandboxes,
                begins,
            }
        })
}

fn fate(never_left: u32) -> impl Strategy<Value = Fate> {
    let end = prop_oneof![
        6 => Just(End::Response),
        2 => Just(End::Gone),
        1 => Just(End::Lost),
        never_left => Just(End::NeverLeft),
    ];
    let after = prop_oneof![0u64..500, 0..20_000u64];
    let is_patient = prop::bool::weighted(0.1);
    let fate = (is_patient, after, end, 0.0..=1.0f64, any::<bool>());
    fate.prop_map(|(is_patient, after, end, counted, rounds_up)| Fate {
        is_patient,
        after,
        end,
        counted,
        rounds_up,
    })
}

fn event(others: bool) -> impl Strategy<Value = Event> {
    // What a narrow client sends, the limit of the server may not allow.
    let kinds = prop_oneof![
        4 => Just(Kind::Usual),
        4 => Just(Kind::KeepsBack),
        2 => Just(Kind::Long),
        if others { 4 } else { 0 } => Just(Kind::Narrow),
    ];
    let call = (0..PROCESSES, kinds, any::<bool>(), fate(1));
    let call = call.prop_map(|(process, client, waits, fate)| Event::Call {
        process,
        client,
        waits,
        fate,
    });
    // A failed read has its cache wait.
    let read = (0..PROCESSES, fate(4));
    let read = read.prop_map(|(process, fate)| Event::Read { process, fate });
    prop_oneof![
        10 => call,
        if cfg!(feature = "cache") { 10 } else { 0 } => read,
        5 => prop_oneof![0u64..2_000, 0..20_000u64, 0..70_000u64].prop_map(Event::Pass),
        1 => (0u64..50).prop_map(Event::Suspend),
        1 => (-90_000i64..90_000).prop_map(Event::SetWall),
        1 => (0..PROCESSES).prop_map(Event::Kill),
        1 => (0u64..300).prop_map(Event::Reboot),
        u32::from(others) => (1u32..6).prop_map(Event::Others),
        1 => Just(Event::Outage),
    ]
}

/// The law, naively: everything that was ever sent, by the time of the store.
#[derive(Default)]
struct Law {
    stamps: HashMap<usize, Duration>,
    locked_until: Option<Duration>,
    /// A request, and by when it has an outcome.
    probe: Option<(usize, Duration)>,
}

impl Law {
    fn allows(&self, (limit, keep_back): (RateLimit, u32), now: Duration) -> bool {
        let locked = self.locked_until.is_some_and(|until| until > now);
        let probing = self.probe.is_some_and(|(_, expires)| expires > now);
        let in_window = |stamp: &&Duration| **stamp + limit.window() + SLACK > now;
        let used = self.stamps.values().filter(in_window).count();
        !locked && !probing && used < (limit.requests() - keep_back) as usize
    }

    fn sent(&mut self, request: usize, timeout: Duration, now: Duration) {
        let safe = now + timeout.min(LONGEST_UNDER_WAY) + ON_ITS_WAY;
        self.stamps.insert(request, safe);
        if self.locked_until.is_some() {
            self.probe = Some((request, safe));
        }
    }

    fn outcome(&mut self, request: usize, outcome: Outcome, now: Duration) {
        match outcome {
            Outcome::Responded => self.responded(request, now),
            Outcome::Limited => self.limited(request, now),
            Outcome::Ended(after) => self.ended(request, after.map(|after| now + after)),
        }
    }

    fn ended(&mut self, request: usize, counted_by: Option<Duration>) {
        self.stamps.remove(&request);
        self.stamps
            .extend(counted_by.map(|counted| (request, counted)));
        self.probe.take_if(|(probe, _)| *probe == request);
    }

    fn responded(&mut self, request: usize, now: Duration) {
        if self.probe.is_some_and(|(probe, _)| probe == request) {
            self.locked_until = None;
        }
        self.ended(request, Some(now));
    }

    fn limited(&mut self, request: usize, now: Duration) {
        self.ended(request, Some(now));
        let until = now + LOCKOUT + SLACK;
        self.locked_until = self.locked_until.max(Some(until));
        self.probe = None;
    }
}

/// The outcome of a request.
#[derive(Clone, Copy, Debug)]
enum Outcome {
    Responded,
    Limited,
    /// It counts by then, at the latest, if at all.
    Ended(Option<Duration>),
}

/// An outcome that a process could not write.
struct Unwritten {
    process: usize,
    request: usize,
    at: Duration,
    outcome: Outcome,
}

/// A request under way.
struct Flight {
    number: usize,
    process: usize,
    /// `None` after it was counted, or if it never is.
    counted_at: Option<Duration>,
    rounds_up: bool,
    /// The end of the block, if it was refused.
    refused: Option<SystemTime>,
    ends_at: Duration,
    end: End,
    /// `None` after it has ended.
    reservation: Option<Reservation>,
    /// If it is that of reads.
    #[cfg(feature = "cache")]
    responder: Option<Responder>,
}

struct World {
    kept: Kept,
    habits: Habits,
    runtime: Runtime,
    directory: TempDir,
    machine: Machine,
    /// What nobody in this world can set.
    now: Duration,
    server: Limiter,
    processes: Vec<Arc<Shared>>,
    flights: Vec<Flight>,
    /// Those of each process.
    #[cfg(feature = "cache")]
    reads: Vec<Reads>,
    sent: usize,
    law: Law,
    is_outage: bool,
    unwritten: Vec<Unwritten>,
    /// The end of the block, as far as the machine was told.
    known_block: Option<SystemTime>,
    refused: usize,
}

impl World {
    fn new(kept: Kept, habits: Habits) -> Self {
        let limit = telesto_mock::RateLimit {
            requests: habits.requests,
            window: WINDOW,
            lockout: LOCKOUT,
        };
        let mut world = Self {
            habits,
            runtime: tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap(),
            directory: tempfile::tempdir().unwrap(),
            machine: Machine::new(!kept.is_by_wall_clock()),
            kept,
            now: Duration::ZERO,
            server: Limiter::new(limit, habits.window)
                .extend_block(habits.extend_block)
                .keep_count(habits.keep_count),
            processes: Vec::new(),
            flights: Vec::new(),
            #[cfg(feature = "cache")]
            reads: Vec::new(),
            sent: 0,
            law: Law::default(),
            is_outage: false,
            unwritten: Vec::new(),
            known_block: None,
            refused: 0,
        };
        world.processes = match world.kept {
            Kept::InProcess => vec![world.start(0); PROCESSES],
            _ => world.start_all(),
        };
        #[cfg(feature = "cache")]
        {
            world.reads = (0..PROCESSES).map(|_| Reads::new(&world.machine)).collect();
        }
        world
    }

    fn start_all(&self) -> Vec<Arc<Shared>> {
        (0..PROCESSES).map(|process| self.start(process)).collect()
    }

    /// The machine as a process sees it.
    fn machine_of(&self, process: usize) -> Machine {
        const DAY: Duration = Duration::from_secs(24 * 3_600);
        let boot = ["one boot", "another boot", "a third boot"][process];
        let days = DAY * u32::try_from(process).unwrap();
        match self.habits.sandboxes {
            Sandboxes::None => self.machine.clone(),
            Sandboxes::Boots => self.machine.sandbox(boot, days),
            Sandboxes::Times => self.machine.sandbox("the boot", days),
        }
    }

    /// A process that has just started.
    fn start(&self, process: usize) -> Arc<Shared> {
        let clock: Arc<dyn Clock> = Arc::new(self.machine_of(process));
        Arc::new(match &self.kept {
            Kept::InProcess => Shared::in_process(clock),
            #[cfg(feature = "redis")]
            Kept::InRedis(url) => {
                let budget = crate::Budget::redis(url).timeout(Duration::from_secs(5));
                // The directory is that of this world alone.
                let origin = self.directory.path().display().to_string();
                let mut redis = budget.open(&origin, &clock).unwrap();
                redis.machine = Some(self.machine.clone());
                Shared::in_redis(Arc::new(redis), None)
            }
            Kept::OnHost | Kept::OnHostByWallClock => {
                let directory = self.directory.path().to_owned();
                Shared::on_host(Host::open(directory, "https://telesto.app", clock).unwrap())
            }
        })
    }

    /// The time of the server, which may be rounded.
    fn server_time(&self, rounds_up: bool) -> SystemTime {
        let since = Duration::from_secs(1_700_000_000 + self.habits.begins) + self.now;
        let rounds_up = u64::from(rounds_up && since.subsec_nanos() > 0);
        let since = match self.habits.whole_seconds {
            true => Duration::from_secs(since.as_secs() + rounds_up),
            false => since,
        };
        SystemTime::UNIX_EPOCH + since
    }

    /// The time of the store, as a process sees it.
    fn store_time(&self, process: usize) -> Duration {
        let time = self.processes[process].store.change(|_, now| now);
        self.runtime.block_on(time).unwrap()
    }

    fn happens(&mut self, event: &Event) {
        let one_process = self.kept == Kept::InProcess;
        match *event {
            Event::Pass(time) => self.pass(Duration::from_millis(time)),
            Event::Call {
                process,
                client,
                waits,
                fate,
            } => {
                if waits {
                    self.wait(process, client);
                }
                self.call(process, client, fate);
            }
            Event::Read { process, fate } => self.read(process, fate),
            Event::Suspend(time) => self.suspend(Duration::from_secs(time)),
            // By the wall clock alone, what is set ahead comes early.
            Event::SetWall(seconds) => {
                let is_by_boot_clock =
                    !self.kept.is_by_wall_clock() && self.habits.sandboxes == Sandboxes::None;
                let most = if is_by_boot_clock { i64::MAX } else { 0 };
                self.machine.set_wall(seconds.min(most));
            }
            Event::Kill(_) | Event::Reboot(_) if one_process => {}
            Event::Kill(process) => {
                self.die(process);
                // A process starts only where it can write.
                let was_outage = self.end_outage();
                self.processes[process] = self.start(process);
                self.catch_up(was_outage);
            }
            Event::Reboot(off) => {
                (0..PROCESSES).for_each(|process| self.die(process));
                self.suspend(Duration::from_secs(off));
                self.machine.reboot();
                self.end_outage();
                self.processes = self.start_all();
            }
            Event::Others(requests) => {
                for _ in 0..requests {
                    self.server.request(ADDRESS, self.server_time(false));
                }
            }
            Event::Outage if self.is_outage => self.recover(),
            Event::Outage => {
                self.is_outage = !one_process;
                self.allow_writes(one_process);
            }
        }
    }

    /// Has writes fail, or not any more.
    fn allow_writes(&self, is_allowed: bool) {
        match &self.kept {
            Kept::InProcess => {}
            // Where the new file is to be, there is a directory.
            Kept::OnHost | Kept::OnHostByWallClock => {
                let new = self.directory.path().join("https___telesto.app.new");
                let changed = if is_allowed {
                    fs::remove_dir(new)
                } else {
                    fs::create_dir(new)
                };
                changed.unwrap();
            }
            #[cfg(feature = "redis")]
            Kept::InRedis(url) => allow_writes(url, is_allowed),
        }
    }

    /// Everything can be written again, and is.
    fn recover(&mut self) {
        let was_outage = self.end_outage();
        self.catch_up(was_outage);
    }

    fn end_outage(&mut self) -> bool {
        let was_outage = mem::take(&mut self.is_outage);
        if was_outage {
            self.allow_writes(true);
        }
        was_outage
    }

    /// The processes write what they could not write, one after the other.
    fn catch_up(&mut self, was_outage: bool) {
        for process in 0..if was_outage { PROCESSES } else { 0 } {
            let now = self.store_time(process);
            let monotonic = self.machine.monotonic();
            for unwritten in self
                .unwritten
                .extract_if(.., |unwritten| unwritten.process == process)
            {
                let then = now.saturating_sub(monotonic - unwritten.at);
                self.law.outcome(unwritten.request, unwritten.outcome, then);
            }
        }
    }

    /// The law hears of an outcome as soon as it can be written.
    fn ended(&mut self, flight: &Flight, outcome: Outcome) {
        let (process, request) = (flight.process, flight.number);
        if self.is_outage {
            self.unwritten.push(Unwritten {
                process,
                request,
                at: self.machine.monotonic(),
                outcome,
            });
            return;
        }
        let now = self.store_time(process);
        self.law.outcome(request, outcome, now);
    }

    /// Nobody hears of the requests of a process any more.
    fn die(&mut self, process: usize) {
        let flights = self.flights.iter_mut();
        for flight in flights.filter(|flight| flight.process == process) {
            if let Some(reservation) = flight.reservation.take() {
                reservation.dies();
            }
        }
        // Nobody knows what it could not write.
        for lost in self
            .unwritten
            .extract_if(.., |unwritten| unwritten.process == process)
        {
            if let Outcome::Limited = lost.outcome {
                self.known_block = None;
            }
        }
        #[cfg(feature = "cache")]
        {
            self.reads[process].give_up(&self.runtime);
            self.reads[process] = Reads::new(&self.machine);
        }
    }

    fn pass(&mut self, time: Duration) {
        self.pass_with(time, |flight| {
            let ends = flight.reservation.as_ref().map(|_| flight.ends_at);
            [flight.counted_at, ends]
        });
    }

    /// The machine stands still; what it has sent arrives.
    fn suspend(&mut self, time: Duration) {
        self.pass_with(time, |flight| [flight.counted_at, None]);
    }

    /// Time passes, and what is `due` happens.
    fn pass_with(&mut self, time: Duration, due: fn(&Flight) -> [Option<Duration>; 2]) {
        let end = self.now + time;
        loop {
            let next = self.flights.iter().flat_map(due).flatten().min();
            let Some(next) = next.filter(|next| *next <= end) else {
                break;
            };
            // Some was due while the machine was suspended.
            self.pass_until(next.max(self.now));
            let counted = self.flights.iter().map(|flight| flight.counted_at);
            match counted.flatten().any(|at| at <= self.now) {
                true => self.count(),
                false => self.end(),
            }
        }
        self.pass_until(end);
    }

    fn pass_until(&mut self, end: Duration) {
        self.machine.pass(end - self.now);
        self.now = end;
    }

    /// The server counts what has arrived.
    fn count(&mut self) {
        let times = [false, true].map(|rounds_up| self.server_time(rounds_up));
        for flight in &mut self.flights {
            let now = times[usize::from(flight.rounds_up)];
            let arrived = flight.counted_at.take_if(|at| *at <= self.now);
            if arrived.is_some()
                && let Verdict::Refused { until, .. } = self.server.request(ADDRESS, now)
            {
                flight.refused = Some(until);
                self.refused += 1;
            }
        }
    }

    /// The calls end whose time has come.
    fn end(&mut self) {
        let (ended, flights) = mem::take(&mut self.flights)
            .into_iter()
            .partition(|flight| flight.ends_at <= self.now);
        self.flights = flights;
        for mut flight in ended {
            if let Some(reservation) = flight.reservation.take() {
                self.end_flight(&mut flight, reservation);
            }
            if flight.counted_at.is_some() {
                self.flights.push(flight);
            }
        }
    }

    fn end_flight(&mut self, flight: &mut Flight, reservation: Reservation) {
        self.settle(flight, reservation);
        #[cfg(feature = "cache")]
        if let Some(responder) = flight.responder.take() {
            let reads = &mut self.reads[flight.process];
            let error = |kind| Some(Error::new(kind, "as it happens"));
            match (flight.end, flight.refused) {
                (End::Response, None) => reads.end(&self.runtime, responder, None),
                (End::Response, _) => {
                    let refusal = error(ErrorKind::RateLimited);
                    let refusal =
                        refusal.map(|error| error.with_status(StatusCode::TOO_MANY_REQUESTS));
                    reads.end(&self.runtime, responder, refusal);
                }
                (End::NeverLeft, _) => {
                    reads.end(&self.runtime, responder, error(ErrorKind::Transport));
                }
                (End::Gone | End::Lost, _) => reads.give_up(&self.runtime),
            }
        }
    }

    /// Drops a reservation of a process, whose end is not waited for.
    fn let_go(&self, process: usize, end: impl FnOnce()) {
        let entered = self.runtime.enter();
        end();
        drop(entered);
        // A process makes its changes one after the other, once they have begun.
        self.runtime.block_on(async {
            tokio::task::yield_now().await;
            let store = &self.processes[process].store;
            let changed = store.change(|_, _| ()).await;
            assert!(changed.is_ok() || self.is_outage, "{changed:?}");
        });
    }

    fn settle(&mut self, flight: &Flight, reservation: Reservation) {
        match (flight.end, flight.refused) {
            (End::Response, None) => {
                self.runtime.block_on(reservation.responded());
                self.ended(flight, Outcome::Responded);
            }
            (End::Response, until) => {
                self.runtime.block_on(reservation.limited(Duration::ZERO));
                self.ended(flight, Outcome::Limited);
                self.known_block = self.known_block.max(until);
            }
            (End::Gone | End::Lost, _) => {
                self.let_go(flight.process, || drop(reservation));
                self.ended(flight, Outcome::Ended(Some(ON_ITS_WAY)));
            }
            (End::NeverLeft, _) => {
                self.let_go(flight.process, || reservation.never_left());
                self.ended(flight, Outcome::Ended(None));
            }
        }
    }

    /// The limit of a client, and what it leaves to others.
    fn limit(&self, client: Kind) -> (RateLimit, u32) {
        let requests = self.habits.requests;
        let (requests, window, keep_back) = match client {
            Kind::Usual => (requests, WINDOW, 0),
            Kind::KeepsBack => (requests, WINDOW, u32::from(requests > 1)),
            Kind::Narrow => (1, WINDOW / 6, 0),
            Kind::Long => (requests, WINDOW * 5, 0),
        };
        let limit = RateLimit::new(requests, window, LOCKOUT).unwrap();
        (limit, keep_back)
    }

    fn account(&self, process: usize, client: Kind) -> Account {
        let (limit, keep_back) = self.limit(client);
        let clock: Arc<dyn Clock> = Arc::new(self.machine.clone());
        let shared = Arc::clone(&self.processes[process]);
        Account::new(shared, clock, limit, keep_back)
    }

    /// Lets the time pass until there is a slot, to the moment.
    fn wait(&mut self, process: usize, client: Kind) {
        let account = self.account(process, client);
        let status = self.runtime.block_on(account.status());
        let Ok(status) = status else {
            assert!(self.is_outage, "{status:?}");
            return;
        };
        let wait = status.next_slot().duration_since(self.machine.wall());
        self.pass(wait.unsigned_abs());
    }

    /// Asks for a slot, without waiting.
    fn reserve(&self, process: usize, client: Kind, timeout: Duration) -> Option<Reservation> {
        let account = self.account(process, client);
        let waits = |_: &_| panic!("it does not wait");
        let reserved = account.reserve(Some(self.machine.monotonic()), timeout, waits);
        match self.runtime.block_on(reserved) {
            Ok(reservation) => Some(reservation),
            Err(NotReserved::Exhausted { .. }) => None,
            Err(NotReserved::Failed(_)) if self.is_outage => None,
            Err(NotReserved::Failed(error)) => panic!("{error}"),
        }
    }

    fn call(&mut self, process: usize, client: Kind, fate: Fate) {
        let timeout = if fate.is_patient {
            Duration::MAX
        } else {
            TIMEOUT
        };
        if self.is_outage {
            assert!(self.reserve(process, client, timeout).is_none());
            return;
        }
        let now = self.store_time(process);
        let allowed = self.law.allows(self.limit(client), now);
        let reserved = self.reserve(process, client, timeout);
        assert_eq!(reserved.is_some(), allowed, "by the law");
        if let Some(reservation) = reserved {
            self.send(process, fate, timeout, reservation, now);
        }
    }

    #[cfg(not(feature = "cache"))]
    fn read(&mut self, _: usize, _: Fate) {}

    #[cfg(feature = "cache")]
    fn read(&mut self, process: usize, fate: Fate) {
        // It is one process.
        let process = if self.kept == Kept::InProcess {
            0
        } else {
            process
        };
        if self.is_outage {
            return;
        }
        let now = self.store_time(process);
        let allowed = self.law.allows(self.limit(Kind::Usual), now);
        let account = self.account(process, Kind::Usual);
        let begun = self.reads[process].begin(&self.runtime, account, allowed);
        if let Begun::Sent(reservation, responder) = begun {
            self.send(process, fate, TIMEOUT, reservation, now);
            if let Some(flight) = self.flights.last_mut() {
                flight.responder = Some(responder);
            }
        }
    }

    /// A request with this reservation is on its way.
    fn send(
        &mut self,
        process: usize,
        fate: Fate,
        timeout: Duration,
        mut reservation: Reservation,
        now: Duration,
    ) {
        reservation.sent();
        let block = self.known_block;
        assert!(
            block.is_none_or(|until| until <= self.server_time(false)),
            "sent during a block"
        );
        let number = self.sent;
        self.sent += 1;
        self.law.sent(number, timeout, now);
        let after = Duration::from_millis(fate.after);
        let latest = match fate.end {
            End::Response => Some(after),
            End::Gone => Some(after + ON_ITS_WAY),
            End::Lost | End::NeverLeft => None,
        };
        self.flights.push(Flight {
            number,
            process,
            counted_at: latest.map(|latest| self.now + latest.mul_f64(fate.counted)),
            rounds_up: fate.rounds_up,
            refused: None,
            ends_at: self.now + after,
            end: fate.end,
            reservation: Some(reservation),
            #[cfg(feature = "cache")]
            responder: None,
        });
    }

    /// After a window and a lockout in which nothing is sent, everything can be.
    fn settles(&mut self) {
        // All requests end.
        self.pass(TIMEOUT);
        self.recover();
        // A clock that went back is noticed here.
        self.store_time(0);
        self.pass(LONGEST_UNDER_WAY + ON_ITS_WAY);
        self.pass(WINDOW + LOCKOUT + SLACK);
        for process in 0..PROCESSES {
            let reservation = self.reserve(process, Kind::Usual, TIMEOUT);
            let reservation = reservation.expect("stuck");
            self.let_go(process, || drop(reservation));
        }
    }
}

/// Has a Redis refuse all writes, or not any more.
#[cfg(feature = "redis")]
fn allow_writes(url: &str, is_allowed: bool) {
    let client = ::redis::Client::open(url).unwrap();
    let mut connection = client.get_connection().unwrap();
    let most = if is_allowed { "0" } else { "1" };
    ::redis::cmd("CONFIG")
        .arg(&["SET", "maxmemory", most])
        .exec(&mut connection)
        .unwrap();
}

/// Runs a world, and returns how many requests the server refused.
fn refused(kept: Kept, habits: Habits, events: &[Event]) -> usize {
    let mut world = World::new(kept, habits);
    events.iter().for_each(|event| world.happens(event));
    world.settles();
    world.refused
}

const EVERY: [Kept; 3] = [Kept::InProcess, Kept::OnHost, Kept::OnHostByWallClock];

/// As the two properties below, of a budget in Redis.
#[cfg(feature = "redis")]
#[test]
fn in_redis_it_is_the_same() {
    use proptest::test_runner::TestRunner;

    let Some(server) = telesto_redis_server::RedisServer::start() else {
        return;
    };
    let mut runner = TestRunner::new(ProptestConfig::with_cases(50));
    let events = |others| prop::collection::vec(event(others), 1..100);
    let worlds = (habits(), events(false), events(true));
    let run = runner.run(&worlds, |(habits, alone, with_others)| {
        // A world that has failed leaves it as it was.
        allow_writes(&server.url(), true);
        let kept = Kept::InRedis(server.url());
        prop_assert_eq!(refused(kept.clone(), habits, &alone), 0);
        refused(kept, habits, &with_others);
        Ok(())
    });
    run.unwrap_or_else(|error| panic!("{error}"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    /// Whatever happens to requests, processes, the machine and its clocks, and
    /// however the server counts: it refuses nothing, and the budget refuses
    /// nothing that the law allows. Reads through a cache cost one request for all at
    /// the same time, and none while there is a fresh response.
    #[test]
    fn a_machine_that_has_the_address_to_itself_draws_no_429(
        habits in habits(),
        events in prop::collection::vec(event(false), 1..100),
    ) {
        for kept in EVERY {
            prop_assert_eq!(refused(kept, habits, &events), 0);
        }
    }

    /// If others at the address draw a block, nothing is sent before its end,
    /// and then one request.
    #[test]
    fn a_block_that_others_draw_is_kept_to(
        habits in habits(),
        events in prop::collection::vec(event(true), 1..100),
    ) {
        for kept in EVERY {
            refused(kept, habits, &events);
        }
    }
}

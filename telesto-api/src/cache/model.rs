//! Reads of the same thing by several clients, in a world where calls come, go and are
//! dropped, writes happen, files are damaged, and time passes: what each call is
//! served, and what it costs, against the limiter of the mock server. It is the same
//! for a cache in memory and for one that processes share.

use std::fs;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use jiff::Timestamp;
use proptest::prelude::*;
use reqwest::header::{CACHE_CONTROL, HeaderMap, HeaderValue};
use reqwest::{Method, StatusCode};
use telesto_mock::{Limiter, Verdict, Window};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tracing::Span;

use super::entry::Entry;
use super::read::{LONGEST_LOCKED, Read, Sending};
use super::writes::Write;
use super::{Cache, Link, Owner, Served, lock};
use crate::api_key::ApiKey;
use crate::budget::{Account, Budget, Reservation};
use crate::call::Freshness;
use crate::clock::Clock;
use crate::operation::{Caching, Call, Returns};
use crate::outcome::Received;
use crate::retry::Attempts;
use crate::{Error, ErrorKind, ManualClock, RateLimit};

const FRESH: Duration = Duration::from_secs(10);
const STALE: Duration = Duration::from_secs(20);
const WINDOW: Duration = Duration::from_secs(60);
const REQUESTS: u32 = 3;

/// Accounts, and versions of the client of each.
const ACCOUNTS: usize = 2;
const VERSIONS: [&str; 2] = ["version 1", "version 2"];

/// Whose reads share responses: those of an account and a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Sharing {
    account: usize,
    version: usize,
}

/// Who makes a request.
#[derive(Clone, Copy, Debug)]
struct Caller {
    whose: Sharing,
    process: usize,
    freshness: Freshness,
    /// How many writes of the account there were before the call.
    writes: usize,
    /// When the call began, by the clock of tokio, by which it waits for other processes.
    began: Instant,
}

#[derive(Clone, Debug)]
enum Event {
    Call {
        /// Of the clients.
        client: usize,
        freshness: Freshness,
        waits: bool,
    },
    /// Of the calls under way.
    Drop(usize),
    Respond(usize, Response),
    /// In seconds.
    Pass(u64),
    /// By one of the clients. It fails several times, and then ends.
    Write {
        client: usize,
        failures: Vec<Failure>,
        end: End,
    },
    /// Of all files.
    Damage,
}

/// How an attempt at a write fails, so that there is another one.
#[derive(Clone, Copy, Debug)]
enum Failure {
    /// The server may have acted on it.
    Lost,
    NeverLeft,
}

/// How the last attempt at a write ends.
#[derive(Clone, Copy, Debug)]
enum End {
    Done,
    Failed(Failure),
    /// The server refuses it.
    Refused(ErrorKind),
    /// The caller goes.
    Dropped,
}

#[derive(Clone, Copy, Debug)]
enum Response {
    Success,
    NoStore,
    /// It cannot be decoded.
    Unreadable,
    Failure,
}

fn event() -> impl Strategy<Value = Event> {
    let freshness = prop_oneof![
        4 => Just(Freshness::Usual),
        1 => Just(Freshness::Fresh),
        1 => Just(Freshness::AllowStale),
    ];
    // Most are of those that share responses.
    let client = || prop_oneof![4 => 0..2usize, 3 => any::<usize>()];
    let call = (client(), freshness, any::<bool>());
    let response = prop_oneof![
        4 => Just(Response::Success),
        1 => Just(Response::NoStore),
        1 => Just(Response::Unreadable),
        1 => Just(Response::Failure),
    ];
    let failure = || prop::sample::select(vec![Failure::Lost, Failure::NeverLeft]);
    let refusal = prop::sample::select(vec![
        ErrorKind::NotFound,
        ErrorKind::Unauthorized,
        ErrorKind::RateLimited,
        ErrorKind::Rejected,
    ]);
    let end = prop_oneof![
        2 => Just(End::Done),
        1 => failure().prop_map(End::Failed),
        2 => refusal.prop_map(End::Refused),
        1 => Just(End::Dropped),
    ];
    let write = (client(), prop::collection::vec(failure(), 0..3), end);
    prop_oneof![
        6 => call.prop_map(|(client, freshness, waits)| Event::Call { client, freshness, waits }),
        3 => any::<usize>().prop_map(Event::Drop),
        4 => (any::<usize>(), response).prop_map(|(which, what)| Event::Respond(which, what)),
        2 => (0u64..15).prop_map(Event::Pass),
        1 => (0u64..70).prop_map(Event::Pass),
        2 => write.prop_map(|(client, failures, end)| Event::Write { client, failures, end }),
        1 => Just(Event::Damage),
    ]
}

/// A request, as the server sees it.
struct Request {
    by: Caller,
    sent: Duration,
    /// Whether its call may have given up waiting for another process. Then it has no lock,
    /// and no other process waits for it.
    is_impatient: bool,
    /// How many writes of the account there were before.
    writes: usize,
    respond: Option<oneshot::Sender<Response>>,
}

/// What has been sent, and what is kept.
struct Server {
    /// One counts a request when it is sent, the other when it is responded to.
    limiters: [Limiter; 2],
    requests: Vec<Request>,
    /// Of each account.
    writes: [usize; ACCOUNTS],
    /// The last one of each account and version whose response was kept, if it would
    /// be found.
    kept: [[Option<usize>; VERSIONS.len()]; ACCOUNTS],
}

impl Server {
    fn new() -> Self {
        let limit = telesto_mock::RateLimit {
            requests: REQUESTS,
            window: WINDOW,
            lockout: WINDOW,
        };
        let limiter = || Limiter::new(limit, Window::Sliding);
        Self {
            limiters: [limiter(), limiter()],
            requests: Vec::new(),
            writes: Default::default(),
            kept: Default::default(),
        }
    }

    /// The responses so far are not to be served to an account any more.
    fn forget(&mut self, account: usize) {
        self.writes[account] += 1;
        self.kept[account] = Default::default();
    }

    fn kept(&mut self, whose: Sharing) -> &mut Option<usize> {
        &mut self.kept[whose.account][whose.version]
    }

    /// The server counts a request, and does not refuse it.
    fn counts(&mut self, limiter: usize, now: Duration) {
        let address = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let now = SystemTime::UNIX_EPOCH + now;
        let verdict = self.limiters[limiter].request(address, now);
        assert_eq!(verdict, Verdict::Served);
    }

    fn under_way(&self) -> impl Iterator<Item = usize> {
        let requests = self.requests.iter().enumerate();
        let under_way = requests.filter(|(_, request)| {
            let respond = request.respond.as_ref();
            respond.is_some_and(|respond| !respond.is_closed())
        });
        under_way.map(|(number, _)| number)
    }
}

/// What a call has come to: the number of a request and where its response came
/// from.
type Outcome = Result<(usize, Served), ErrorKind>;

/// Where the responses are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kept {
    InMemory,
    /// By so many processes.
    OnHost(usize),
}

/// A client: a version for an account, in a process.
struct Client {
    process: usize,
    whose: Sharing,
    owner: Owner,
    link: Arc<Link>,
}

struct Running {
    by: Caller,
    /// How many requests there were before.
    before: usize,
    task: JoinHandle<Outcome>,
}

struct World {
    kept: Kept,
    runtime: Runtime,
    directory: TempDir,
    clock: Arc<ManualClock>,
    clients: Vec<Client>,
    account: Account,
    server: Arc<Mutex<Server>>,
    calls: Vec<Running>,
}

impl World {
    fn new(kept: Kept) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::new(Timestamp::UNIX_EPOCH));
        let shared: Arc<dyn Clock> = Arc::clone(&clock) as _;
        let processes = match kept {
            Kept::InMemory => 1,
            Kept::OnHost(processes) => processes,
        };
        let mut clients = Vec::new();
        for process in 0..processes {
            let cache = match kept {
                Kept::InMemory => Cache::in_memory(),
                Kept::OnHost(_) => Cache::on_host_at(directory.path()),
            };
            let cache = cache.fresh_for(FRESH).stale_for(STALE);
            for (account, version) in (0..ACCOUNTS).flat_map(|account| [(account, 0), (account, 1)])
            {
                // Their own, since the marks of writes belong to the process.
                let key = format!("key-{account}-{:p}", &*clock);
                let key = ApiKey::new(key.into()).unwrap();
                let owner = Owner::new(&key, "https://telesto.app");
                let mut link = cache.link(owner, &shared).unwrap();
                link.client = VERSIONS[version];
                clients.push(Client {
                    process,
                    whose: Sharing { account, version },
                    owner,
                    link: Arc::new(link),
                });
            }
        }
        // The processes take turns.
        clients.sort_by_key(|client| (client.whose.version, client.whose.account));
        let limit = RateLimit::new(REQUESTS, WINDOW, WINDOW).unwrap();
        let account = Budget::in_process().account("https://telesto.app", &shared, limit, 0);
        Self {
            kept,
            runtime: tokio::runtime::Builder::new_current_thread()
                .enable_time()
                .start_paused(true)
                // What it does is done when the next one begins.
                .max_blocking_threads(1)
                .build()
                .unwrap(),
            directory,
            clients,
            account: account.unwrap(),
            clock,
            server: Arc::new(Mutex::new(Server::new())),
            calls: Vec::new(),
        }
    }

    fn happens(&mut self, event: &Event) {
        match *event {
            Event::Call {
                client,
                freshness,
                waits,
            } => self.call(client % self.clients.len(), freshness, waits),
            Event::Drop(which) => {
                if !self.calls.is_empty() {
                    let call = self.calls.swap_remove(which % self.calls.len());
                    call.task.abort();
                }
            }
            Event::Respond(which, response) => {
                let mut server = lock(&self.server);
                let under_way: Vec<_> = server.under_way().collect();
                if !under_way.is_empty() {
                    let number = under_way[which % under_way.len()];
                    let respond = server.requests[number].respond.take().unwrap();
                    let _ = respond.send(response);
                }
            }
            Event::Pass(seconds) => self.clock.advance(Duration::from_secs(seconds)),
            Event::Write {
                client,
                ref failures,
                end,
            } => self.write(client % self.clients.len(), failures, end),
            Event::Damage => self.damage(),
        }
        self.settle();
    }

    fn write(&self, client: usize, failures: &[Failure], end: End) {
        let client = &self.clients[client];
        let write = Write::new(&client.owner, &["things"], Some(&client.link.shared));
        let failed = |failure| match failure {
            Failure::Lost => Error::new(ErrorKind::Transport, "it is lost"),
            Failure::NeverLeft => {
                Error::new(ErrorKind::Transport, "it never left").with_never_left(true)
            }
        };
        let mut attempts = Attempts::default();
        for failure in failures {
            attempts.failed(failed(*failure));
        }
        let error = match end {
            End::Done | End::Dropped => None,
            End::Failed(failure) => Some(failed(failure)),
            End::Refused(kind) => Some(Error::new(kind, "it is refused")),
        };
        let error = error.map(|error| attempts.failed(error));
        self.runtime.block_on(async {
            match end {
                End::Dropped => drop(write),
                _ => write.ended(error.as_ref()).await,
            }
        });
        let lasts = failures.iter().copied();
        let lasts = lasts.chain(match end {
            End::Failed(failure) => Some(failure),
            _ => None,
        });
        let is_lost = lasts
            .into_iter()
            .any(|failure| matches!(failure, Failure::Lost));
        if is_lost || matches!(end, End::Done | End::Dropped) {
            lock(&self.server).forget(client.whose.account);
        }
    }

    fn damage(&self) {
        for file in fs::read_dir(self.directory.path()).unwrap() {
            let path = file.unwrap().path();
            if path.extension().is_some_and(|kind| kind != "lock") {
                fs::write(path, "{").unwrap();
                (0..ACCOUNTS).for_each(|account| lock(&self.server).forget(account));
            }
        }
    }

    fn call(&mut self, client: usize, freshness: Freshness, waits: bool) {
        let deadline = if waits { None } else { Some(Duration::ZERO) };
        let timeout = Duration::from_secs(1_000_000);
        let Client {
            process,
            whose,
            ref link,
            ..
        } = self.clients[client];
        let (link, account) = (Arc::clone(link), self.account.clone());
        let read = read(&link, freshness, deadline, timeout);
        let (server, clock) = (Arc::clone(&self.server), Arc::clone(&self.clock));
        let (before, writes) = {
            let server = lock(&self.server);
            (server.requests.len(), server.writes[whose.account])
        };
        let by = Caller {
            whose,
            process,
            freshness,
            writes,
            began: self.runtime.block_on(async { Instant::now() }),
        };
        let task = self.runtime.spawn(async move {
            let recorded = Arc::clone(&server);
            let send = |reservation, _| sent(recorded, clock, by, reservation);
            let received = link.shared.read(read, &account, |_| {}, send).await;
            let Received {
                headers,
                body,
                unsaved,
                ..
            } = received.map_err(|error| error.kind())?;
            let text = std::str::from_utf8(&body).unwrap();
            let (number, is_readable) = match text.strip_prefix("unreadable ") {
                Some(number) => (number, false),
                None => (text, true),
            };
            let number: usize = number.parse().unwrap();
            if let Some(unsaved) = unsaved.filter(|_| is_readable) {
                unsaved.save().await;
                let mut server = lock(&server);
                if server.requests[number].by.writes == server.writes[whose.account] {
                    let kept = server.kept(whose);
                    *kept = (*kept).max(Some(number));
                }
            }
            Ok((number, Served::of(&headers)))
        });
        self.calls.push(Running { by, before, task });
    }

    /// Lets everything happen that can, and looks at what has.
    fn settle(&mut self) {
        self.runtime.block_on(async {
            settle().await;
            if self.kept == Kept::InMemory {
                return;
            }
            for _ in 0..3 {
                for _ in 0..8 {
                    // All work with files is done after this.
                    tokio::task::spawn_blocking(|| ()).await.unwrap();
                    settle().await;
                }
                // Who waits for other processes looks again.
                tokio::time::advance(Duration::from_secs(1)).await;
            }
        });
        let (finished, running) = std::mem::take(&mut self.calls)
            .into_iter()
            .partition(|call| call.task.is_finished());
        self.calls = running;
        for call in finished {
            self.look_at(call);
        }
    }

    fn look_at(&mut self, call: Running) {
        let outcome = self.runtime.block_on(call.task).unwrap();
        let Ok((number, served)) = outcome else {
            return;
        };
        let server = lock(&self.server);
        let request = &server.requests[number];
        let age = self.clock.monotonic() - request.sent;
        assert_eq!(request.by.whose, call.by.whose);
        assert!(request.writes >= call.by.writes, "from before a write");
        match served {
            Served::Fresh => {}
            Served::Cached { .. } => assert!(age < FRESH, "{age:?}"),
            Served::Stale { .. } => assert!(age < FRESH + STALE, "{age:?}"),
        }
        if call.by.freshness == Freshness::Fresh {
            assert_eq!(served, Served::Fresh);
            assert!(number >= call.before, "from before the call");
        }
        assert!(served == Served::Fresh || served.age() == age);
    }

    /// Nobody waits for ever.
    fn ends(&mut self) {
        for _ in 0..1_000 {
            if self.calls.is_empty() {
                return;
            }
            self.happens(&Event::Respond(0, Response::Success));
            self.happens(&Event::Pass(WINDOW.as_secs() + 2));
        }
        panic!("{} calls are stuck", self.calls.len());
    }
}

/// Sends a request, if that is right.
fn sent(
    server: Arc<Mutex<Server>>,
    clock: Arc<ManualClock>,
    by: Caller,
    mut reservation: Reservation,
) -> Sending {
    let now = clock.monotonic();
    let (respond, response) = oneshot::channel();
    let number = {
        let mut server = lock(&server);
        let is_impatient = by.began.elapsed() >= LONGEST_LOCKED;
        if by.freshness != Freshness::Fresh {
            // A call waits for other processes for so long only, whichever they are, and
            // not for what another call has demanded.
            let is_waited_for = |other: &Request| {
                !is_impatient && !other.is_impatient && other.by.freshness != Freshness::Fresh
            };
            let is_same = |other: &&Request| {
                other.by.whose == by.whose
                    && other.by.writes == by.writes
                    && (other.by.process == by.process || is_waited_for(other))
            };
            let under_way = |number| &server.requests[number];
            let same = server.under_way().map(under_way).find(is_same);
            let same = same.map(|request| request.by);
            assert!(same.is_none(), "at the same time: {by:?} and {same:?}");
            let kept = *server.kept(by.whose);
            let kept = kept.filter(|_| by.writes == server.writes[by.whose.account]);
            let kept = kept.map(|kept| &server.requests[kept]);
            let is_over = |kept: &Request| now - kept.sent >= FRESH;
            assert!(
                // Without the lock, a response may be kept just when the request is sent.
                is_impatient || kept.is_none_or(is_over),
                "there is a fresh one"
            );
        }
        server.counts(0, now);
        let writes = server.writes[by.whose.account];
        server.requests.push(Request {
            by,
            sent: now,
            is_impatient,
            writes,
            respond: Some(respond),
        });
        server.requests.len() - 1
    };
    reservation.sent();
    Box::pin(async move {
        let response = response.await.unwrap();
        lock(&server).counts(1, clock.monotonic());
        reservation.responded().await;
        let mut headers = HeaderMap::new();
        let body = match response {
            Response::Failure => return Err(Error::new(ErrorKind::Server, "it failed")),
            Response::Success => number.to_string(),
            Response::NoStore => {
                headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
                number.to_string()
            }
            Response::Unreadable => format!("unreadable {number}"),
        };
        Ok(entry(headers, body, clock.wall()))
    })
}

/// Lets tasks go on, as far as they can.
pub(crate) async fn settle() {
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
}

/// A read of the one thing that there is.
pub(crate) fn read(
    link: &Link,
    freshness: Freshness,
    deadline: Option<Duration>,
    timeout: Duration,
) -> Read {
    let call = Call {
        name: "list_things",
        template: None,
        sends: None,
        returns: Returns::Json,
        media_types: &[],
        streams: false,
        tags: &["things"],
        caching: Caching::For {
            fresh: None,
            stale: None,
        },
        is_idempotent: true,
    };
    let url = "https://telesto.app/things".parse().unwrap();
    let request = reqwest::Request::new(Method::GET, url);
    let read = link.read(&request, call, freshness, deadline, timeout);
    read.unwrap()
}

/// A response to it.
pub(crate) fn entry(headers: HeaderMap, body: impl Into<Bytes>, now: Timestamp) -> Entry {
    let received = Received {
        status: StatusCode::OK,
        headers,
        body: body.into(),
        rest: None,
        attempts: 1,
        span: Span::none(),
        unsaved: None,
    };
    Entry::new(received, now, true)
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    prop::collection::vec(event(), 1..80)
}

fn run(kept: Kept, events: &[Event]) {
    let mut world = World::new(kept);
    events.iter().for_each(|event| world.happens(event));
    world.ends();
}

// No response is served beyond its time, or after a write that it does not know of, or
// to another account or version. No two requests for the same thing are under way at the
// same time, whichever calls are dropped, and none is sent while there is a fresh
// response. The server never refuses one. Every call ends.

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn calls_share_requests_and_responses(events in events()) {
        run(Kept::InMemory, &events);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn so_do_processes(events in events()) {
        run(Kept::OnHost(2), &events);
    }
}

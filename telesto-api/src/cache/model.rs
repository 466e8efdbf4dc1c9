//! Reads of the same thing, in a world where calls come, go and are dropped, writes
//! happen, and time passes: what each of them is served, and what it costs, against
//! the limiter of the mock server.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use jiff::Timestamp;
use proptest::prelude::*;
use reqwest::header::{CACHE_CONTROL, HeaderMap, HeaderValue};
use reqwest::{Method, StatusCode};
use telesto_mock::{Limiter, Verdict, Window};
use tokio::runtime::Runtime;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tracing::Span;

use super::entry::Entry;
use super::read::{Read, Sending};
use super::writes::Write;
use super::{Cache, Link, Owner, Served, lock};
use crate::api_key::ApiKey;
use crate::budget::{Account, Budget, Reservation};
use crate::call::Freshness;
use crate::clock::Clock;
use crate::operation::{Caching, Call, Returns};
use crate::outcome::Received;
use crate::{Error, ErrorKind, ManualClock, RateLimit};

const FRESH: Duration = Duration::from_secs(10);
const STALE: Duration = Duration::from_secs(20);
const WINDOW: Duration = Duration::from_secs(60);
const REQUESTS: u32 = 3;

#[derive(Clone, Debug)]
enum Event {
    Call {
        freshness: Freshness,
        waits: bool,
    },
    /// Of the calls under way.
    Drop(usize),
    Respond(usize, Response),
    /// In seconds.
    Pass(u64),
    Write,
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
    let call = (freshness, any::<bool>());
    let response = prop_oneof![
        4 => Just(Response::Success),
        1 => Just(Response::NoStore),
        1 => Just(Response::Unreadable),
        1 => Just(Response::Failure),
    ];
    prop_oneof![
        6 => call.prop_map(|(freshness, waits)| Event::Call { freshness, waits }),
        3 => any::<usize>().prop_map(Event::Drop),
        4 => (any::<usize>(), response).prop_map(|(which, what)| Event::Respond(which, what)),
        2 => (0u64..15).prop_map(Event::Pass),
        1 => (0u64..70).prop_map(Event::Pass),
        1 => Just(Event::Write),
    ]
}

/// A request, as the server sees it.
struct Request {
    sent: Duration,
    /// How many writes there were before.
    writes: usize,
    /// How many there were before the call that has sent it.
    known_writes: usize,
    respond: Option<oneshot::Sender<Response>>,
}

/// What has been sent, and what is kept.
struct Server {
    /// One counts a request when it is sent, the other when it is responded to.
    limiters: [Limiter; 2],
    requests: Vec<Request>,
    writes: usize,
    /// The last one whose response was kept, if it would be found.
    kept: Option<usize>,
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
            writes: 0,
            kept: None,
        }
    }

    /// The server counts a request, and does not refuse it.
    fn counts(&mut self, limiter: usize, now: Duration) {
        let address = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let now = SystemTime::UNIX_EPOCH + now;
        let verdict = self.limiters[limiter].request(address, now);
        assert_eq!(verdict, Verdict::Served);
    }

    fn under_way(&self) -> Vec<usize> {
        let requests = self.requests.iter().enumerate();
        let under_way = requests.filter(|(_, request)| {
            let respond = request.respond.as_ref();
            respond.is_some_and(|respond| !respond.is_closed())
        });
        under_way.map(|(number, _)| number).collect()
    }
}

/// What a call has come to: the number of a request and where its response came
/// from.
type Outcome = Result<(usize, Served), ErrorKind>;

struct Running {
    freshness: Freshness,
    /// How many requests and writes there were before.
    before: usize,
    writes: usize,
    task: JoinHandle<Outcome>,
}

struct World {
    runtime: Runtime,
    clock: Arc<ManualClock>,
    owner: Owner,
    link: Arc<Link>,
    account: Account,
    server: Arc<Mutex<Server>>,
    calls: Vec<Running>,
    finished: usize,
}

impl World {
    fn new() -> Self {
        let clock = Arc::new(ManualClock::new(Timestamp::UNIX_EPOCH));
        let shared: Arc<dyn Clock> = Arc::clone(&clock) as _;
        // One of its own, since the marks of writes belong to the process.
        let key = ApiKey::new(format!("key-{:p}", &*clock).into()).unwrap();
        let owner = Owner::new(&key, "https://telesto.app");
        let cache = Cache::in_memory().fresh_for(FRESH).stale_for(STALE);
        let limit = RateLimit::new(REQUESTS, WINDOW, WINDOW).unwrap();
        let account = Budget::in_process().account("https://telesto.app", &shared, limit, 0);
        Self {
            runtime: tokio::runtime::Builder::new_current_thread()
                .enable_time()
                .build()
                .unwrap(),
            owner,
            link: Arc::new(cache.link(owner, &shared).unwrap()),
            account: account.unwrap(),
            clock,
            server: Arc::new(Mutex::new(Server::new())),
            calls: Vec::new(),
            finished: 0,
        }
    }

    fn happens(&mut self, event: &Event) {
        match *event {
            Event::Call { freshness, waits } => self.call(freshness, waits),
            Event::Drop(which) => {
                if !self.calls.is_empty() {
                    let call = self.calls.swap_remove(which % self.calls.len());
                    call.task.abort();
                }
            }
            Event::Respond(which, response) => {
                let mut server = lock(&self.server);
                let under_way = server.under_way();
                if !under_way.is_empty() {
                    let number = under_way[which % under_way.len()];
                    let respond = server.requests[number].respond.take().unwrap();
                    let _ = respond.send(response);
                }
            }
            Event::Pass(seconds) => self.clock.advance(Duration::from_secs(seconds)),
            Event::Write => {
                drop(Write::new(&self.owner, &["things"], None));
                let mut server = lock(&self.server);
                server.writes += 1;
                server.kept = None;
            }
        }
        self.settle();
    }

    fn call(&mut self, freshness: Freshness, waits: bool) {
        let deadline = if waits { None } else { Some(Duration::ZERO) };
        let timeout = Duration::from_secs(1_000);
        let (link, account) = (Arc::clone(&self.link), self.account.clone());
        let read = read(&link, freshness, deadline, timeout);
        let (server, clock) = (Arc::clone(&self.server), Arc::clone(&self.clock));
        let (before, writes) = {
            let server = lock(&self.server);
            (server.requests.len(), server.writes)
        };
        let task = self.runtime.spawn(async move {
            let recorded = Arc::clone(&server);
            let send = |reservation| sent(recorded, clock, (freshness, writes), reservation);
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
                if server.requests[number].known_writes == server.writes {
                    server.kept = server.kept.max(Some(number));
                }
            }
            Ok((number, Served::of(&headers)))
        });
        self.calls.push(Running {
            freshness,
            before,
            writes,
            task,
        });
    }

    /// Lets everything happen that can, and looks at what has.
    fn settle(&mut self) {
        self.runtime.block_on(async {
            for _ in 0..50 {
                tokio::task::yield_now().await;
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
        self.finished += 1;
        let outcome = self.runtime.block_on(call.task).unwrap();
        let Ok((number, served)) = outcome else {
            return;
        };
        let server = lock(&self.server);
        let request = &server.requests[number];
        let age = self.clock.monotonic() - request.sent;
        assert!(request.writes >= call.writes, "from before a write");
        match served {
            Served::Fresh => {}
            Served::Cached { .. } => assert!(age < FRESH, "{age:?}"),
            Served::Stale { .. } => assert!(age < FRESH + STALE, "{age:?}"),
        }
        if call.freshness == Freshness::Fresh {
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
    (freshness, known_writes): (Freshness, usize),
    mut reservation: Reservation,
) -> Sending {
    let now = clock.monotonic();
    let (respond, response) = oneshot::channel();
    let number = {
        let mut server = lock(&server);
        if freshness != Freshness::Fresh {
            let shared = |number: &usize| server.requests[*number].known_writes == known_writes;
            let under_way = server.under_way();
            assert!(!under_way.iter().any(shared), "two at the same time");
            let kept = server.kept.filter(|_| known_writes == server.writes);
            let kept = kept.map(|kept| &server.requests[kept]);
            assert!(
                kept.is_none_or(|kept| now - kept.sent >= FRESH),
                "there is a fresh one"
            );
        }
        server.counts(0, now);
        let writes = server.writes;
        server.requests.push(Request {
            sent: now,
            writes,
            known_writes,
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
        returns: Returns::Json,
        media_types: &[],
        streams: false,
        tags: &["things"],
        caching: Caching::For {
            fresh: None,
            stale: None,
        },
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
        span: Span::none(),
        unsaved: None,
    };
    Entry::new(received, now, true)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// No response is served beyond its time, or after a write that it does not
    /// know of. No two requests for the same thing are under way at the same time,
    /// whichever calls are dropped, and none is sent while there is a fresh
    /// response. The server never refuses one. Every call ends.
    #[test]
    fn calls_share_requests_and_responses(
        events in prop::collection::vec(event(), 1..80),
    ) {
        let mut world = World::new();
        events.iter().for_each(|event| world.happens(event));
        world.ends();
    }
}

//! Responses that are served again, and requests that are not made.

mod host;

use std::collections::BTreeSet;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;
use std::{fs, io};

use axum::body::Body;
use axum::extract::Request;
use axum::http::{Method, Response, StatusCode};
use futures_core::Stream;
use jiff::civil::DateTime;
use serde_json::{Value, json};
use telesto_fixture_api::types::{NewSupplier, Supplier};
use telesto_fixture_api::{
    Budget, Cache, CacheStats, Client, ClientBuilder, Error, ErrorKind, ManualClock, OnLimit,
    RateLimit, ResponseValue, Retry, Served,
};
use tokio::sync::{Semaphore, watch};

use crate::support::{KEY, start};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);

/// What the server sends.
#[derive(Clone, Debug)]
struct Reply {
    status: u16,
    headers: Vec<(&'static str, String)>,
    /// What becomes of the number of the request.
    body: fn(usize) -> String,
    /// Whether the connection is closed in place of a response.
    hangs_up: bool,
}

impl Default for Reply {
    fn default() -> Self {
        Self {
            status: 200,
            headers: Vec::new(),
            body: |number| json!({ "number": number }).to_string(),
            hangs_up: false,
        }
    }
}

fn status(status: u16) -> Reply {
    Reply {
        status,
        ..Reply::default()
    }
}

fn header(name: &'static str, value: &str) -> Reply {
    Reply {
        headers: vec![(name, value.to_owned())],
        ..Reply::default()
    }
}

fn body(body: fn(usize) -> String) -> Reply {
    Reply {
        body,
        ..Reply::default()
    }
}

/// A server that numbers its responses.
struct Server {
    url: String,
    state: Arc<State>,
}

struct State {
    requests: AtomicUsize,
    reply: Mutex<Reply>,
    /// How many responses it may send; as many as it likes unless it was held.
    responses: Semaphore,
    arrived: watch::Sender<usize>,
}

const ENDLESS: usize = 1 << 20;

impl Server {
    async fn start() -> Self {
        let state = Arc::new(State {
            requests: AtomicUsize::new(0),
            reply: Mutex::default(),
            responses: Semaphore::new(ENDLESS),
            arrived: watch::Sender::new(0),
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let shared = Arc::clone(&state);
        let app = axum::Router::new().fallback(async move |_: Request| {
            let number = shared.requests.fetch_add(1, Ordering::SeqCst) + 1;
            shared.arrived.send_replace(number);
            shared.responses.acquire().await.unwrap().forget();
            let reply = shared.reply.lock().unwrap().clone();
            let mut response = Response::builder().status(reply.status);
            for (name, value) in &reply.headers {
                response = response.header(*name, value);
            }
            if reply.hangs_up {
                return response.body(Body::from_stream(Cut)).unwrap();
            }
            let body = match StatusCode::from_u16(reply.status).unwrap().is_success() {
                true => (reply.body)(number),
                false => "{}".to_owned(),
            };
            response.body(Body::from(body)).unwrap()
        });
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { url, state }
    }

    /// A client whose responses are fresh for a minute, and stale for an hour.
    fn builder(&self, clock: &Arc<ManualClock>) -> ClientBuilder {
        Client::builder()
            .api_key(KEY)
            .base_url(&self.url)
            .clock(Arc::clone(clock) as _)
            .cache(cache())
    }

    fn client(&self, clock: &Arc<ManualClock>) -> Client {
        self.builder(clock).build().unwrap()
    }

    fn reply(&self, reply: Reply) {
        *self.state.reply.lock().unwrap() = reply;
    }

    fn requests(&self) -> usize {
        self.state.requests.load(Ordering::SeqCst)
    }

    /// Holds all responses back.
    fn hold(&self) {
        self.state.responses.forget_permits(ENDLESS);
    }

    /// Sends the responses that were held back, and all to come.
    fn go_on(&self) {
        self.state.responses.add_permits(ENDLESS);
    }

    /// Waits until so many requests have arrived.
    async fn arrived(&self, count: usize) {
        let mut arrived = self.state.arrived.subscribe();
        arrived.wait_for(|number| *number >= count).await.unwrap();
    }
}

/// A body that breaks off.
struct Cut;

impl Stream for Cut {
    type Item = io::Result<String>;

    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(Some(Err(io::Error::other("cut"))))
    }
}

fn cache() -> Cache {
    Cache::in_memory().fresh_for(MINUTE).stale_for(HOUR)
}

fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::new(start()))
}

/// A server, a clock and a client.
async fn world() -> (Server, Arc<ManualClock>, Client) {
    let (server, clock) = (Server::start().await, clock());
    let client = server.client(&clock);
    (server, clock, client)
}

/// The number of the request whose response this is, and where it comes from.
fn told(response: Result<ResponseValue<Value>, Error>) -> (u64, Served) {
    let response = response.unwrap();
    let served = Served::of(response.headers());
    (response["number"].as_u64().unwrap(), served)
}

async fn settings(client: &Client) -> (u64, Served) {
    told(client.get_settings().await)
}

fn is_cached(served: Served, seconds: u64) -> bool {
    matches!(served, Served::Cached { age } if age.as_secs() == seconds)
}

fn is_stale(served: Served, seconds: u64) -> bool {
    matches!(served, Served::Stale { age } if age.as_secs() == seconds)
}

fn stats([hits, stale, coalesced, misses]: [u64; 4]) -> CacheStats {
    let mut stats = CacheStats::default();
    (stats.hits, stats.stale) = (hits, stale);
    (stats.coalesced, stats.misses) = (coalesced, misses);
    stats
}

#[tokio::test]
async fn a_fresh_response_is_served_and_a_stale_one_is_not() {
    let (server, clock, client) = world().await;
    assert_eq!(settings(&client).await, (1, Served::Fresh));
    clock.advance(59 * SECOND);
    let (number, served) = settings(&client).await;
    assert!(number == 1 && is_cached(served, 59), "{number} {served:?}");
    clock.advance(SECOND);
    assert_eq!(settings(&client).await, (2, Served::Fresh));
    assert_eq!(server.requests(), 2);
    assert_eq!(client.cache_stats(), stats([1, 0, 0, 2]));
}

#[tokio::test]
async fn headers_say_what_the_cache_did() {
    let (server, clock, client) = world().await;
    server.reply(header("set-cookie", "session=1"));
    let header = |response: &ResponseValue<Value>, name: &str| {
        let value = response.headers().get(name)?;
        Some(value.to_str().unwrap().to_owned())
    };
    let first = client.get_settings().await.unwrap();
    let status = "telesto-api; fwd=uri-miss; stored";
    assert_eq!(header(&first, "cache-status").unwrap(), status);
    assert_eq!(header(&first, "age"), None);
    assert!(header(&first, "set-cookie").is_some());
    clock.advance(10 * SECOND);
    let second = client.get_settings().await.unwrap();
    let status = "telesto-api; hit; ttl=50";
    assert_eq!(header(&second, "cache-status").unwrap(), status);
    assert_eq!(header(&second, "age").unwrap(), "10");
    assert_eq!(header(&second, "set-cookie"), None);
    clock.advance(MINUTE);
    server.reply(self::status(503));
    let stale = client.get_settings().await.unwrap();
    let status = "telesto-api; hit; ttl=-10; detail=server-error";
    assert_eq!(header(&stale, "cache-status").unwrap(), status);
    assert_eq!(header(&stale, "age").unwrap(), "70");
}

#[tokio::test]
async fn nothing_is_cached_without_a_time_or_a_cache() {
    let (server, clock) = (Server::start().await, clock());
    let without = Client::builder()
        .api_key(KEY)
        .base_url(&server.url)
        .clock(Arc::clone(&clock) as _);
    let without = without.build().unwrap();
    let builder = server.builder(&clock).budget(Budget::in_process());
    let no_time = builder.cache(Cache::in_memory()).build().unwrap();
    for client in [&without, &no_time] {
        let requests = server.requests();
        settings(client).await;
        assert_eq!(settings(client).await.1, Served::Fresh);
        assert_eq!(server.requests(), requests + 2);
    }
    assert_eq!(without.cache_stats(), CacheStats::default());
}

#[tokio::test]
async fn a_stale_response_is_served_if_the_server_cannot_be_asked() {
    let hour = HOUR.as_secs();
    for (reply, kind) in [
        (status(500), ErrorKind::Server),
        (status(503), ErrorKind::Server),
        (status(408), ErrorKind::Timeout),
        (status(429), ErrorKind::RateLimited),
        (
            Reply {
                hangs_up: true,
                ..Reply::default()
            },
            ErrorKind::Transport,
        ),
    ] {
        let (server, clock, client) = world().await;
        settings(&client).await;
        server.reply(reply);
        clock.advance(HOUR + MINUTE - SECOND);
        let (number, served) = settings(&client).await;
        assert_eq!(number, 1, "{kind:?}");
        assert!(is_stale(served, hour + 59), "{kind:?} {served:?}");
        assert_eq!(server.requests(), 2, "{kind:?}");
        // Never beyond its time.
        clock.advance(SECOND);
        let error = client.get_settings().await.unwrap_err();
        assert_eq!(error.kind(), kind);
    }
}

#[tokio::test]
async fn a_server_that_has_failed_is_left_alone_for_a_while() {
    let wait = header("retry-after", "600");
    let wait = Reply {
        status: 503,
        ..wait
    };
    for (reply, pause) in [(status(500), 60), (wait, 600)] {
        let (server, clock, client) = world().await;
        settings(&client).await;
        server.reply(reply);
        clock.advance(MINUTE);
        for seconds in [0, 1, pause - 2] {
            clock.advance(SECOND * seconds);
            assert!(matches!(settings(&client).await.1, Served::Stale { .. }));
            assert_eq!(server.requests(), 2, "{seconds}");
        }
        // Who has to know asks,
        let error = client.get_settings().fresh().await.unwrap_err();
        assert!(error.is_server());
        // and what is another thing is asked for.
        let other = client.get_prices().await.unwrap_err();
        assert!(other.is_server());
        let requests = 2 + error.attempts() + other.attempts();
        assert_eq!(server.requests(), requests as usize);
        clock.advance(SECOND);
        server.reply(Reply::default());
        let next = server.requests() + 1;
        assert_eq!(settings(&client).await, (next as u64, Served::Fresh));
    }
}

#[tokio::test]
async fn a_refusal_is_never_hidden() {
    for refusal in [400, 401, 403, 404, 422] {
        let (server, clock, client) = world().await;
        settings(&client).await;
        server.reply(status(refusal));
        clock.advance(2 * MINUTE);
        let error = client.get_settings().await.unwrap_err();
        assert_eq!(error.status().unwrap(), refusal);
    }
}

#[tokio::test]
async fn a_slow_server_is_one_that_cannot_be_asked() {
    let (server, clock, client) = world().await;
    settings(&client).await;
    clock.advance(2 * MINUTE);
    server.hold();
    let call = client.get_settings().timeout(Duration::from_millis(50));
    let (number, served) = told(call.await);
    assert!(number == 1 && is_stale(served, 120), "{number} {served:?}");
}

#[tokio::test]
async fn a_spent_budget_and_a_lockout_are_bridged_without_a_request() {
    let (server, clock) = (Server::start().await, clock());
    let limit = RateLimit::new(2, HOUR, HOUR).unwrap();
    let client = server.builder(&clock).rate_limit(limit).build().unwrap();
    settings(&client).await;
    clock.advance(2 * MINUTE);
    settings(&client).await;
    clock.advance(2 * MINUTE);
    let (number, served) = settings(&client).await;
    assert!(number == 2 && is_stale(served, 120), "{number} {served:?}");
    // What is not there is an error.
    let error = client.get_prices().await.unwrap_err();
    assert!(error.is_rate_limited() && error.status().is_none());
    assert_eq!(server.requests(), 2);
}

#[tokio::test]
async fn a_call_may_demand_what_the_server_says_now() {
    let (server, clock, client) = world().await;
    settings(&client).await;
    assert_eq!(
        told(client.get_settings().fresh().await),
        (2, Served::Fresh)
    );
    // It is kept for the others.
    let (number, served) = settings(&client).await;
    assert!(number == 2 && is_cached(served, 0), "{number} {served:?}");
    let demanding = client.fresh();
    assert_eq!(settings(&demanding).await, (3, Served::Fresh));
    server.reply(status(503));
    clock.advance(2 * MINUTE);
    assert!(demanding.get_settings().await.unwrap_err().is_server());
    assert_eq!(settings(&client).await.0, 3);
}

#[tokio::test]
async fn who_waits_for_the_limit_may_take_a_stale_response_instead() {
    let (server, clock) = (Server::start().await, clock());
    let limit = RateLimit::new(1, HOUR, HOUR).unwrap();
    let builder = server.builder(&clock).rate_limit(limit);
    let client = builder.on_limit(OnLimit::Wait).build().unwrap();
    settings(&client).await;
    clock.advance(2 * MINUTE);
    for call in [
        client.get_settings().allow_stale().await,
        client.allow_stale().get_settings().await,
    ] {
        let (number, served) = told(call);
        assert!(number == 1 && is_stale(served, 120), "{number} {served:?}");
    }
    // The others wait, together.
    let waiting: Vec<_> = (0..3)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { settings(&client).await })
        })
        .collect();
    clock.sleeping(3).await;
    clock.advance(HOUR);
    for waited in waiting {
        assert_eq!(waited.await.unwrap().0, 2);
    }
    assert_eq!(server.requests(), 2);
}

#[tokio::test]
async fn what_the_server_forbids_is_not_kept() {
    for (reply, is_kept) in [
        (Reply::default(), true),
        (header("cache-control", "no-store"), false),
        (header("cache-control", "private, no-cache"), false),
        (header("cache-control", "max-age=0, must-revalidate"), false),
        (header("cache-control", "max-age=5"), true),
        (header("vary", "*"), false),
        (header("vary", "accept, *"), false),
        // Older than a minute on its arrival, and it may not be stale.
        (
            Reply {
                headers: vec![
                    ("age", "100".to_owned()),
                    ("cache-control", "must-revalidate".to_owned()),
                ],
                ..Reply::default()
            },
            false,
        ),
        (status(206), false),
        // What nobody can read,
        (body(|_| "<html>".to_owned()), false),
        // and what repeats the key.
        (body(|_| format!(r#"{{"number":1,"key":"{KEY}"}}"#)), false),
    ] {
        let (server, _, client) = world().await;
        let shown = format!("{reply:?}");
        server.reply(reply);
        let _ = client.get_settings().await;
        let _ = client.get_settings().await;
        let requests = if is_kept { 1 } else { 2 };
        assert_eq!(server.requests(), requests, "{shown}");
    }
}

#[tokio::test]
async fn the_server_may_shorten_a_time() {
    let (server, clock, client) = world().await;
    server.reply(Reply {
        headers: vec![
            ("cache-control", "max-age=30, stale-if-error=10".to_owned()),
            ("age", "20".to_owned()),
        ],
        ..Reply::default()
    });
    settings(&client).await;
    clock.advance(9 * SECOND);
    let (_, served) = settings(&client).await;
    assert!(is_cached(served, 29), "{served:?}");
    server.reply(status(500));
    clock.advance(10 * SECOND);
    let (_, served) = settings(&client).await;
    assert!(is_stale(served, 39), "{served:?}");
    clock.advance(SECOND);
    assert!(client.get_settings().await.unwrap_err().is_server());
}

#[tokio::test]
async fn requests_that_differ_have_responses_of_their_own() {
    let (server, _, client) = world().await;
    server.reply(body(|_| "[]".to_owned()));
    let when: DateTime = "2024-01-15T10:30:00".parse().unwrap();
    for _ in 0..2 {
        client.list_suppliers().await.unwrap();
        client.list_suppliers().limit(5).await.unwrap();
        client.list_suppliers().limit(6).await.unwrap();
        client
            .list_suppliers()
            .limit(6)
            .changed_since(when)
            .await
            .unwrap();
    }
    assert_eq!(server.requests(), 4);
    // What the operation does not return is not served to another.
    client.get_settings().await.unwrap();
    client
        .request(telesto_fixture_api::Method::GET, "/settings")
        .send()
        .await
        .unwrap();
    assert_eq!(server.requests(), 6);
    // A header is a part of the request, too.
    server.reply(body(|_| r#"{"id":"1"}"#.to_owned()));
    let goods = |trace: DateTime| client.get_goods().goods_id(1).x_trace(trace).send();
    let before = server.requests();
    let tomorrow = when.tomorrow().unwrap();
    for trace in [when, tomorrow, when] {
        goods(trace).await.unwrap();
    }
    assert_eq!(server.requests(), before + 2);
}

#[tokio::test]
async fn accounts_and_origins_that_share_a_cache_share_no_response() {
    let (first, second, clock) = (Server::start().await, Server::start().await, clock());
    let cache = cache();
    let client = |server: &Server, key: &str| {
        let builder = server.builder(&clock).api_key(key).cache(cache.clone());
        builder.build().unwrap()
    };
    for (server, key) in [(&first, "one"), (&first, "two"), (&second, "one")] {
        let requests = server.requests();
        // A client with the same key is another client of the same account.
        for _ in 0..2 {
            settings(&client(server, key)).await;
        }
        assert_eq!(server.requests(), requests + 1, "{key}");
    }
    let foreign = first.builder(&self::clock()).cache(cache.clone()).build();
    let error = foreign.unwrap_err().to_string();
    assert!(
        error.contains("the clients of a cache need the same clock"),
        "{error}"
    );
}

fn new_supplier() -> NewSupplier {
    NewSupplier::builder()
        .supplier_name("Acme")
        .build()
        .unwrap()
}

#[tokio::test]
async fn a_write_drops_the_reads_of_its_tag() {
    let (server, clock, client) = world().await;
    settings(&client).await;
    server.reply(body(|number| json!([{ "id": number }]).to_string()));
    let list = async |client: &Client| {
        let suppliers = client.list_suppliers().await.unwrap();
        let Supplier { id, .. } = &suppliers[0];
        id.clone()
    };
    assert_eq!(list(&client).await, "2");

    // A refusal changes nothing,
    server.reply(status(422));
    let refused = client.create_supplier().body(new_supplier()).await;
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::Rejected);
    assert_eq!(list(&client).await, "2");

    // an unknown outcome may,
    server.reply(status(500));
    let failed = client.create_supplier().body(new_supplier()).await;
    assert!(failed.unwrap_err().is_server());
    server.reply(body(|number| json!([{ "id": number }]).to_string()));
    assert_eq!(list(&client).await, "5");

    // and so does a write of another client, which has no cache.
    let other = Client::builder().api_key(KEY).base_url(&server.url);
    let other = other.clock(Arc::clone(&clock) as _).build().unwrap();
    server.reply(status(204));
    other.delete_supplier().supplier_id("1").await.unwrap();
    server.reply(body(|number| json!([{ "id": number }]).to_string()));
    assert_eq!(list(&client).await, "7");

    // Other tags keep theirs, until a write may concern anything.
    server.reply(Reply::default());
    assert!(is_cached(settings(&client).await.1, 0));
    let write = client.request(telesto_fixture_api::Method::POST, "/anything");
    write.send().await.unwrap();
    assert_eq!(settings(&client).await.1, Served::Fresh);
}

/// The first attempt may have been acted on, whatever the last one meets.
#[tokio::test]
async fn a_write_that_is_tried_again_may_have_happened_before() {
    for refusal in [404, 401, 429] {
        let (server, clock, _) = world().await;
        let pause = Duration::from_millis(1);
        let retry = Retry::default().pauses(pause, pause);
        let client = server.builder(&clock).retry(retry).build().unwrap();
        server.reply(body(|number| json!([{ "id": number }]).to_string()));
        client.list_suppliers().await.unwrap();
        server.hold();
        let write = tokio::spawn({
            let client = client.clone();
            async move { client.delete_supplier().supplier_id("1").await.map(drop) }
        });
        server.arrived(2).await;
        server.reply(Reply {
            hangs_up: true,
            ..Reply::default()
        });
        server.state.responses.add_permits(1);
        server.arrived(3).await;
        server.reply(status(refusal));
        server.go_on();
        let error = write.await.unwrap().unwrap_err();
        assert_eq!(error.status().unwrap().as_u16(), refusal);
        server.reply(body(|number| json!([{ "id": number }]).to_string()));
        // After a lockout, nothing may be sent.
        let list = client.list_suppliers().await;
        match list {
            Ok(suppliers) => assert_eq!(suppliers[0].id, "4", "{refusal}"),
            Err(error) => assert!(error.is_rate_limited() && refusal == 429),
        }
    }
}

#[tokio::test]
async fn a_read_that_a_write_overtakes_is_not_kept() {
    let (server, _, client) = world().await;
    server.reply(body(|_| "[]".to_owned()));
    server.hold();
    let reading = tokio::spawn({
        let client = client.clone();
        async move { client.list_suppliers().await }
    });
    server.arrived(1).await;
    // The write is dropped while it is under way.
    let write = client.create_supplier().body(new_supplier()).send();
    let server_has_it = server.arrived(2);
    tokio::select! {
        _ = write => panic!("it was held back"),
        () = server_has_it => {}
    }
    server.go_on();
    reading.await.unwrap().unwrap();
    client.list_suppliers().await.unwrap();
    assert_eq!(server.requests(), 3);
}

fn spawn_settings(client: &Client) -> tokio::task::JoinHandle<Result<(u64, Served), ErrorKind>> {
    let client = client.clone();
    tokio::spawn(async move {
        match client.get_settings().await {
            Ok(response) => Ok(told(Ok(response))),
            Err(error) => Err(error.kind()),
        }
    })
}

#[tokio::test]
async fn calls_at_the_same_time_cost_one_request() {
    for kept in [true, false] {
        let (server, clock) = (Server::start().await, clock());
        let cache = if kept { cache() } else { Cache::in_memory() };
        let client = server.builder(&clock).cache(cache).build().unwrap();
        server.hold();
        let calls: Vec<_> = (0..50).map(|_| spawn_settings(&client)).collect();
        server.arrived(1).await;
        server.go_on();
        for call in calls {
            assert_eq!(call.await.unwrap(), Ok((1, Served::Fresh)));
        }
        assert_eq!(server.requests(), 1);
        let stats = client.cache_stats();
        assert_eq!((stats.misses, stats.coalesced + stats.hits), (1, 49));
        assert_eq!(client.budget().await.unwrap().remaining(), 8);
    }
}

#[tokio::test]
async fn a_call_that_is_dropped_hands_its_request_over() {
    let (server, _, client) = world().await;
    server.hold();
    let first = spawn_settings(&client);
    server.arrived(1).await;
    let others: Vec<_> = (0..3).map(|_| spawn_settings(&client)).collect();
    // They are there, and wait.
    while client.cache_stats().misses + 3 != 3 || others.iter().any(|call| call.is_finished()) {
        tokio::task::yield_now().await;
    }
    tokio::time::sleep(Duration::from_millis(20)).await;
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    server.go_on();
    for call in others {
        assert_eq!(call.await.unwrap(), Ok((1, Served::Fresh)));
    }
    assert_eq!(server.requests(), 1);
}

#[tokio::test]
async fn a_call_that_joins_another_one_has_its_own_time() {
    let (server, clock, _) = world().await;
    let cache = cache();
    let client = |timeout| {
        let builder = server.builder(&clock).cache(cache.clone());
        let builder = builder.timeout(timeout).retry(Retry::off());
        builder.build().unwrap()
    };
    server.hold();
    let hasty = spawn_settings(&client(Duration::from_millis(300)));
    server.arrived(1).await;
    let patient = spawn_settings(&client(MINUTE));
    let error = hasty.await.unwrap().unwrap_err();
    assert_eq!(error, ErrorKind::Timeout);
    let sends_itself = tokio::time::timeout(SECOND * 10, server.arrived(2));
    sends_itself.await.unwrap();
    server.go_on();
    let (number, served) = patient.await.unwrap().unwrap();
    assert_eq!((number, served), (2, Served::Fresh));
}

/// A file of the cache on the host is served to nobody else, wherever it is copied to.
#[tokio::test]
async fn a_file_of_another_account_is_not_served() {
    let (server, clock) = (Server::start().await, clock());
    let directory = tempfile::tempdir().unwrap();
    let client = |key: &str| {
        let cache = Cache::on_host_at(directory.path()).fresh_for(HOUR);
        let builder = server.builder(&clock).api_key(key).cache(cache);
        builder.build().unwrap()
    };
    let files = || {
        let files = fs::read_dir(directory.path()).unwrap();
        let paths = files.map(|file| file.unwrap().path());
        let responses =
            paths.filter(|path| path.extension().is_some_and(|kind| kind == "response"));
        responses.collect::<BTreeSet<_>>()
    };
    settings(&client("one")).await;
    let of_one = files();
    settings(&client("two")).await;
    let of_two = &files() - &of_one;
    let (of_one, of_two) = (of_one.first().unwrap(), of_two.first().unwrap());
    let dated = fs::metadata(of_one).unwrap().modified().unwrap();
    fs::copy(of_one, of_two).unwrap();
    let copy = fs::File::options().write(true).open(of_two).unwrap();
    copy.set_modified(dated).unwrap();
    assert_eq!(settings(&client("two")).await, (3, Served::Fresh));
    assert!(is_cached(settings(&client("one")).await.1, 0));
}

/// A time without an end is one, in memory and on the host.
#[tokio::test]
async fn a_response_may_be_fresh_for_ever() {
    let (server, clock) = (Server::start().await, clock());
    let directory = tempfile::tempdir().unwrap();
    let endless = |cache: Cache| cache.fresh_for(Duration::MAX).stale_for(Duration::MAX);
    for (round, cache) in [Cache::in_memory(), Cache::on_host_at(directory.path())]
        .map(endless)
        .into_iter()
        .enumerate()
    {
        let client = server.builder(&clock).cache(cache).build().unwrap();
        settings(&client).await;
        assert!(is_cached(settings(&client).await.1, 0));
        assert_eq!(server.requests(), round + 1);
    }
}

#[tokio::test]
async fn an_error_reaches_all() {
    let (server, _, client) = world().await;
    server.reply(status(500));
    server.hold();
    let calls: Vec<_> = (0..5).map(|_| spawn_settings(&client)).collect();
    server.arrived(1).await;
    tokio::time::sleep(Duration::from_millis(20)).await;
    server.go_on();
    for call in calls {
        assert_eq!(call.await.unwrap(), Err(ErrorKind::Server));
    }
    // It was tried once more, for all.
    assert_eq!(server.requests(), 2);
}

#[tokio::test]
async fn who_demands_a_fresh_response_joins_no_older_request() {
    let (server, _, client) = world().await;
    server.hold();
    let first = spawn_settings(&client);
    server.arrived(1).await;
    let demanding = spawn_settings(&client.fresh());
    server.arrived(2).await;
    server.go_on();
    assert_eq!(first.await.unwrap(), Ok((1, Served::Fresh)));
    assert_eq!(demanding.await.unwrap(), Ok((2, Served::Fresh)));
}

#[tokio::test]
async fn who_does_not_want_to_wait_does_not_wait_for_those_who_do() {
    let (server, clock) = (Server::start().await, clock());
    let (cache, budget) = (cache(), Budget::in_process());
    let limit = RateLimit::new(1, HOUR, HOUR).unwrap();
    let client = |on_limit| {
        let builder = server.builder(&clock).cache(cache.clone());
        let builder = builder.budget(budget.clone()).rate_limit(limit);
        builder.on_limit(on_limit).build().unwrap()
    };
    let (patient, hasty) = (client(OnLimit::Wait), client(OnLimit::Fail));
    patient.get_prices().await.unwrap();
    let waiting = spawn_settings(&patient);
    clock.sleeping(1).await;
    let error = hasty.get_settings().await.unwrap_err();
    assert!(error.is_rate_limited() && error.status().is_none());
    clock.advance(HOUR + MINUTE);
    assert_eq!(waiting.await.unwrap(), Ok((2, Served::Fresh)));
    assert!(is_cached(settings(&hasty).await.1, 0));
}

#[tokio::test]
async fn what_the_spec_does_not_know_is_cached_where_asked() {
    let (server, clock, client) = world().await;
    let report = || client.request(Method::GET, "/report");
    report().send().await.unwrap();
    let cached = || report().fresh_for(10 * SECOND).stale_for(10 * SECOND);
    assert_eq!(told(cached().send().await), (2, Served::Fresh));
    clock.advance(9 * SECOND);
    assert!(is_cached(told(cached().send().await).1, 9));
    assert_eq!(told(cached().fresh().send().await), (3, Served::Fresh));
    // Bytes are kept apart.
    let bytes = cached().bytes().await.unwrap();
    assert_eq!(&bytes[..], br#"{"number":4}"#);
    assert!(is_cached(
        Served::of(cached().bytes().await.unwrap().headers()),
        0
    ));
    // Any write may concern it, and no other read does.
    let write = client.create_supplier().body(new_supplier()).send();
    let _ = write.await;
    assert_eq!(told(cached().send().await), (6, Served::Fresh));
    let error = client.request(Method::POST, "/report").fresh_for(SECOND);
    let error = error.send().await.unwrap_err();
    assert!(error.is_invalid_request(), "{error}");
    assert_eq!(server.requests(), 6);
}

#[tokio::test]
async fn a_method_that_is_safe_is_no_write() {
    let (server, _, client) = world().await;
    settings(&client).await;
    let head = client.request(Method::HEAD, "/settings");
    head.bytes().await.unwrap();
    assert!(is_cached(settings(&client).await.1, 0));
    assert_eq!(server.requests(), 2);
}

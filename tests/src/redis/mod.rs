//! The budget that machines share, with a real Redis.

mod processes;

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::SignedDuration;
use telesto_api::{
    Budget, Client, ClientBuilder, Error, ManualClock, RateLimit, RedisBudget, Share,
};
use telesto_mock::{Fault, MockServer, Response};
use telesto_redis_server::RedisServer;
use tempfile::TempDir;
use tokio::task::JoinSet;

use crate::support::clock;

const HOUR: Duration = Duration::from_secs(3_600);

/// As one machine has it: a process with a connection of its own. What a process shares
/// with itself is told apart by the timeout.
fn machine(redis: &RedisServer, number: u64) -> RedisBudget {
    let timeout = Duration::from_millis(1_000 + number);
    Budget::redis(redis.url()).timeout(timeout)
}

fn client(telesto: &MockServer, budget: impl Into<Budget>, requests: u32) -> Client {
    builder(telesto, budget, requests).build().unwrap()
}

fn builder(telesto: &MockServer, budget: impl Into<Budget>, requests: u32) -> ClientBuilder {
    Client::builder()
        .api_key(telesto.api_key())
        .base_url(telesto.url())
        .budget(budget)
        .rate_limit(RateLimit::new(requests, HOUR, HOUR / 4).unwrap())
}

async fn telesto(requests: u32) -> MockServer {
    let server = MockServer::builder().rate(requests, HOUR);
    server.start().await.unwrap()
}

/// The origin of a server, as keys have it.
fn origin(telesto: &MockServer) -> String {
    telesto.url().trim_end_matches("/v2").to_owned()
}

async fn remaining(client: &Client) -> u32 {
    client.budget().await.unwrap().remaining()
}

fn is_refused(error: &Error, parts: &[&str]) {
    let message = error.to_string();
    assert!(error.is_budget(), "{message}");
    for part in parts {
        assert!(message.contains(part), "{part}: {message}");
    }
}

#[tokio::test]
async fn machines_share_what_was_sent_and_a_lockout() {
    let Some(redis) = RedisServer::start() else {
        return;
    };
    let telesto = telesto(3).await;
    let one = client(&telesto, machine(&redis, 1), 4);
    let two = client(&telesto, machine(&redis, 2), 4);
    for client in [&one, &two, &one] {
        client.list_products().await.unwrap();
    }
    assert_eq!(remaining(&two).await, 1);
    // The limit is one too high.
    assert!(two.list_products().await.unwrap_err().is_rate_limited());
    let status = one.budget().await.unwrap();
    assert!(status.locked_until().is_some());
    let error = one.list_products().await.unwrap_err();
    assert!(error.is_rate_limited() && error.status().is_none());
    assert_eq!(telesto.requests().len(), 4);
}

#[tokio::test]
async fn budgets_with_other_names_databases_or_origins_are_others() {
    let Some(redis) = RedisServer::start() else {
        return;
    };
    let first = telesto(10).await;
    let client_of = |budget: RedisBudget| client(&first, budget, 10);
    client_of(machine(&redis, 1)).list_products().await.unwrap();
    assert_eq!(remaining(&client_of(machine(&redis, 2))).await, 9);
    let in_url = format!("{}?name=north", redis.url());
    let north = client_of(machine(&redis, 3).named("north"));
    assert_eq!(remaining(&north).await, 10);
    north.list_products().await.unwrap();
    north.list_products().await.unwrap();
    assert_eq!(remaining(&client_of(Budget::redis(in_url))).await, 8);
    let other_database = Budget::redis(format!("{}/1", redis.url()));
    assert_eq!(remaining(&client_of(other_database)).await, 10);
    let second = telesto(10).await;
    assert_eq!(
        remaining(&client(&second, machine(&redis, 4), 10)).await,
        10
    );
    // Each is one key, and expires.
    let keys = redis.command("KEYS *").unwrap();
    let keys: Vec<&str> = keys
        .lines()
        .filter(|line| line.starts_with("telesto:"))
        .collect();
    assert_eq!(keys.len(), 2, "{keys:?}");
    for key in keys {
        let left = redis.command(&format!("TTL \"{key}\"")).unwrap();
        let left: u64 = left.trim().trim_start_matches(':').parse().unwrap();
        assert!((3_600..2 * 24 * 3_600).contains(&left), "{left}");
    }
}

/// A cluster refuses keys of several slots, and scripts that use keys they do not name.
#[tokio::test]
async fn a_node_of_a_cluster_will_do() {
    let Some(redis) = RedisServer::start_with(&["--cluster-enabled", "yes"]) else {
        return;
    };
    redis.command("CLUSTER ADDSLOTSRANGE 0 16383").unwrap();
    while !redis
        .command("CLUSTER INFO")
        .unwrap()
        .contains("cluster_state:ok")
    {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let telesto = telesto(10).await;
    let client = client(&telesto, machine(&redis, 1).named("north"), 10);
    client.list_products().await.unwrap();
    assert_eq!(remaining(&client).await, 9);
    // What is in braces decides on the slot.
    let origin = origin(&telesto);
    let slot = |key: &str| {
        redis
            .command(&format!("CLUSTER KEYSLOT \"{key}\""))
            .unwrap()
    };
    let key = redis.command("KEYS *").unwrap();
    let key = key
        .lines()
        .find(|line| line.starts_with("telesto:"))
        .unwrap();
    assert_eq!(key, format!("telesto:{{north {origin}}}:budget"));
    assert_eq!(slot(key), slot(&format!("north {origin}")));
}

#[tokio::test]
async fn nothing_is_sent_without_redis() {
    let Some(mut redis) = RedisServer::start() else {
        return;
    };
    let telesto = telesto(10).await;
    let client = client(&telesto, machine(&redis, 1), 10);
    client.list_products().await.unwrap();
    redis.stop().unwrap();
    let error = client.list_products().await.unwrap_err();
    is_refused(
        &error,
        &[
            "the budget in redis://127.0.0.1:",
            "cannot be reached",
            "start the server",
        ],
    );
    is_refused(&client.budget().await.unwrap_err(), &["cannot be reached"]);
    assert_eq!(telesto.requests().len(), 1);
    // It is there again, with what it had.
    redis.run().unwrap();
    assert_eq!(remaining(&client).await, 9);
    client.list_products().await.unwrap();
    assert_eq!(telesto.requests().len(), 2);
}

#[tokio::test]
async fn what_redis_refuses_is_said_with_what_to_do() {
    let Some(redis) = RedisServer::start() else {
        return;
    };
    let telesto = telesto(10).await;
    let client_of = |budget: RedisBudget| client(&telesto, budget, 10);
    let known = client_of(machine(&redis, 1));
    known.list_products().await.unwrap();
    let refused = async |client: &Client, parts: &[&str]| {
        is_refused(&client.list_products().await.unwrap_err(), parts);
        assert_eq!(telesto.requests().len(), 1);
    };
    let set = |option: &str| redis.command(&format!("CONFIG SET {option}")).unwrap();

    set("maxmemory 1");
    refused(&known, &["cannot be changed", "OOM", "free its memory"]).await;
    set("maxmemory 0");
    redis.command("REPLICAOF 127.0.0.1 1").unwrap();
    refused(&known, &["cannot be changed", "it is a replica"]).await;
    redis.command("REPLICAOF NO ONE").unwrap();
    set("requirepass s3cret");
    let stranger = client_of(machine(&redis, 2));
    refused(&stranger, &["NOAUTH"]).await;
    let wrong = redis.url().replace("//", "//:wr0ng@");
    let stranger = client_of(Budget::redis(wrong));
    refused(
        &stranger,
        &["cannot be reached", "check the user and the password"],
    )
    .await;
    let right = Budget::redis(redis.url().replace("//", "//:s3cret@"));
    let shown = format!("{right:?}");
    assert!(!shown.contains("s3cret"), "{shown}");
    assert_eq!(remaining(&client_of(right)).await, 9);
}

#[tokio::test]
async fn a_slow_redis_holds_nothing_up_for_long() {
    let Some(redis) = RedisServer::start() else {
        return;
    };
    let telesto = telesto(10).await;
    let budget = Budget::redis(redis.url()).timeout(Duration::from_millis(100));
    let client = client(&telesto, budget, 10);
    client.list_products().await.unwrap();
    redis.command("CLIENT PAUSE 2000 ALL").unwrap();
    let start = Instant::now();
    is_refused(
        &client.list_products().await.unwrap_err(),
        &["start the server"],
    );
    assert!(start.elapsed() < Duration::from_millis(1_500));
    assert_eq!(telesto.requests().len(), 1);
    tokio::time::sleep(Duration::from_millis(2_000)).await;
    assert!(remaining(&client).await >= 8);
}

#[tokio::test]
async fn what_redis_forgets_is_counted_again() {
    let Some(redis) = RedisServer::start() else {
        return;
    };
    let telesto = telesto(10).await;
    let one = client(&telesto, machine(&redis, 1), 10);
    let two = client(&telesto, machine(&redis, 2), 10);
    let key = format!("telesto:{{{}}}:budget", origin(&telesto));
    one.list_products().await.unwrap();
    let copy = redis
        .command(&format!("COPY \"{key}\" old REPLACE"))
        .unwrap();
    assert_eq!(copy, ":1\r\n");
    for _ in 0..3 {
        one.list_products().await.unwrap();
    }
    assert_eq!(remaining(&one).await, 6);
    // A replica that has not received the last writes; somebody else goes on.
    redis
        .command(&format!("COPY old \"{key}\" REPLACE"))
        .unwrap();
    two.list_products().await.unwrap();
    assert_eq!(remaining(&two).await, 8);
    one.list_products().await.unwrap();
    assert_eq!(remaining(&one).await, 4);
    assert_eq!(remaining(&two).await, 4);
    // An operator who removes everything.
    redis.command("FLUSHALL").unwrap();
    assert_eq!(remaining(&one).await, 4);
    one.list_products().await.unwrap();
    assert_eq!(remaining(&two).await, 3);
    // Scripts and connections come and go.
    redis.command("SCRIPT FLUSH").unwrap();
    two.list_products().await.unwrap();
    redis.command("CLIENT KILL TYPE normal").unwrap_or_default();
    one.list_products().await.unwrap();
    two.list_products().await.unwrap();
    assert_eq!(remaining(&one).await, 0);
}

#[tokio::test]
async fn a_damaged_value_counts_as_spent_and_a_newer_one_is_left_alone() {
    let Some(redis) = RedisServer::start() else {
        return;
    };
    let telesto = telesto(10).await;
    let key = format!("telesto:{{{}}}:budget", origin(&telesto));
    for (number, damaged) in ["x", "0123456789abcdef{", "0123456789abcdef[1]"]
        .iter()
        .enumerate()
    {
        redis.command(&format!("SET \"{key}\" {damaged}")).unwrap();
        let client = client(&telesto, machine(&redis, number as u64), 10);
        assert_eq!(remaining(&client).await, 0);
    }
    let newer = r#"'0123456789abcdef{"version":3}'"#;
    redis.command(&format!("SET \"{key}\" {newer}")).unwrap();
    let client = client(&telesto, machine(&redis, 9), 10);
    let error = client.list_products().await.unwrap_err();
    is_refused(&error, &["was written by a newer version of telesto-api"]);
    assert!(
        redis
            .command(&format!("GET \"{key}\""))
            .unwrap()
            .contains(r#"{"version":3}"#)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn machines_at_the_same_time_send_no_more_than_the_limit() {
    let Some(redis) = RedisServer::start() else {
        return;
    };
    let telesto = telesto(40).await;
    let machines = (0..8).map(|number| {
        let client = client(&telesto, machine(&redis, number), 40);
        tokio::spawn(async move {
            let mut served = 0;
            for _ in 0..10 {
                match client.list_products().await {
                    Ok(_) => served += 1,
                    Err(error) => assert!(error.is_rate_limited() && error.status().is_none()),
                }
            }
            served
        })
    });
    let mut served = 0;
    for machine in machines.collect::<Vec<_>>() {
        served += machine.await.unwrap();
    }
    assert_eq!((served, telesto.requests().len()), (40, 40));
}

#[tokio::test]
async fn the_clocks_of_machines_do_not_matter() {
    let Some(redis) = RedisServer::start() else {
        return;
    };
    let telesto = telesto(100).await;
    let window = Duration::from_secs(3);
    let clients = [-1, 1].map(|hours| {
        let clock = ManualClock::new(jiff::Timestamp::now() + SignedDuration::from_hours(hours));
        let budget = machine(&redis, hours.unsigned_abs());
        builder(&telesto, budget, 2)
            .rate_limit(RateLimit::new(2, window, window).unwrap())
            .clock(Arc::new(clock))
            .build()
            .unwrap()
    });
    for client in &clients {
        client.list_products().await.unwrap();
    }
    for client in &clients {
        assert_eq!(remaining(client).await, 0);
    }
    // By the time of Redis, they leave the window.
    tokio::time::sleep(window + Duration::from_millis(1_200)).await;
    for client in &clients {
        assert_eq!(remaining(client).await, 2);
    }
}

/// The page on limits names the tests that hold its promises: they exist.
#[test]
fn the_page_on_limits_names_tests_that_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let page = fs::read_to_string(root.join("telesto-api/LIMITS.md")).unwrap();
    let (_, table) = page.split_once("## What holds it").unwrap();
    let mut sources = String::new();
    let mut folders = vec![root.join("telesto-api/src"), root.join("tests/src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => folders.push(path),
                false => sources.push_str(&fs::read_to_string(path).unwrap()),
            }
        }
    }
    let named: Vec<&str> = table.split('`').skip(1).step_by(2).collect();
    assert!(named.len() > 20);
    for name in named {
        assert!(sources.contains(&format!("fn {name}(")), "{name}");
    }
}

#[tokio::test]
async fn the_first_process_of_the_queue_goes_first() {
    let Some(redis) = RedisServer::start() else {
        return;
    };
    let telesto = telesto(10).await;
    let budget = Budget::redis(redis.url()).timeout(Duration::from_millis(300));
    let client = client(&telesto, budget, 10);
    let [queue, asked] =
        ["queue", "asked"].map(|what| format!("telesto:{{{}}}:{what}", origin(&telesto)));
    // A process that was the first of the queue, and has ended.
    redis.command(&format!("ZADD \"{queue}\" 1 ended")).unwrap();
    let now = jiff::Timestamp::now().as_millisecond();
    redis
        .command(&format!("HSET \"{asked}\" ended {now}"))
        .unwrap();
    let start = Instant::now();
    client.list_products().await.unwrap();
    assert!(start.elapsed() >= Duration::from_millis(350));
    for key in [queue, asked] {
        let exists = redis.command(&format!("EXISTS \"{key}\"")).unwrap();
        assert_eq!(exists, ":0\r\n");
    }
    assert_eq!(remaining(&client).await, 9);
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_that_begin_together_each_get_their_slots() {
    let Some(redis) = RedisServer::start() else {
        return;
    };
    let telesto = telesto(1_000).await;
    let mut calls = JoinSet::new();
    for number in 0..40 {
        let client = client(&telesto, machine(&redis, number), 1_000);
        for _ in 0..3 {
            let client = client.clone();
            calls.spawn(async move { client.list_products().await.map(drop) });
        }
    }
    for result in calls.join_all().await {
        result.unwrap();
    }
    let client = client(&telesto, machine(&redis, 0), 1_000);
    assert_eq!(remaining(&client).await, 880);
}

/// Calls that wait for a Redis that does not respond fail together, or are counted on the
/// host together.
#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_does_not_respond_is_waited_for_once() {
    let Some(redis) = RedisServer::start() else {
        return;
    };
    let telesto = telesto(100).await;
    let directory = tempfile::tempdir().unwrap();
    let budget = Budget::redis(redis.url()).timeout(Duration::from_millis(300));
    let fallback = Share::of(1).kept_at(directory.path());
    for budget in [budget.clone(), budget.fallback(fallback)] {
        let client = client(&telesto, budget.clone(), 100);
        client.list_products().await.unwrap();
        redis.command("CLIENT PAUSE 3000 ALL").unwrap();
        let start = Instant::now();
        let mut calls = JoinSet::new();
        for _ in 0..60 {
            let client = client.clone();
            calls.spawn(async move { client.list_products().await.map(drop) });
        }
        let results = calls.join_all().await;
        // A command and a new connection, not 60 of them.
        assert!(
            start.elapsed() < Duration::from_secs(2),
            "{:?}",
            start.elapsed()
        );
        let sent = results.iter().filter(|result| result.is_ok()).count();
        let has_fallback = format!("{budget:?}").contains("fallback");
        assert_eq!(sent, if has_fallback { 60 } else { 0 }, "{results:?}");
        tokio::time::sleep(Duration::from_secs(3)).await;
    }
}

/// A lockout that cannot be written is obeyed, and written as soon as that is possible.
#[tokio::test]
async fn a_lockout_that_redis_does_not_take_is_kept() {
    let Some(redis) = RedisServer::start() else {
        return;
    };
    let telesto = telesto(10).await;
    let client = client(&telesto, machine(&redis, 1), 10);
    for _ in 0..3 {
        client.list_products().await.unwrap();
    }
    // Just as the 429 arrives, Redis takes no more writes.
    let slow = Response::empty(429).fault(Fault::SlowHead(Duration::from_millis(20)));
    telesto.set_response("list_products", slow).unwrap();
    let call = client.list_products().send();
    let refuses = async {
        while telesto.requests().len() < 4 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        redis.command("CONFIG SET maxmemory 1").unwrap();
    };
    let (called, ()) = tokio::join!(call, refuses);
    assert!(called.unwrap_err().status().is_some());
    let requests = telesto.requests().len();
    let error = client.list_products().await.unwrap_err();
    assert!(error.is_budget(), "{error}");
    redis.command("CONFIG SET maxmemory 0").unwrap();
    let error = client.list_products().await.unwrap_err();
    assert!(
        error.is_rate_limited() && error.status().is_none(),
        "{error}"
    );
    assert_eq!(telesto.requests().len(), requests);
    // Others know it, too.
    let other = self::client(&telesto, machine(&redis, 2), 10);
    let status = other.budget().await.unwrap();
    assert!(status.locked_until().is_some());
}

/// A machine that falls back to its part, with a clock and a directory of its own.
struct Machine {
    client: Client,
    clock: Arc<ManualClock>,
    _directory: TempDir,
}

impl Machine {
    fn new(telesto: &MockServer, redis: &RedisServer, number: u64, requests: u32) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let clock = clock();
        let share = Share::of(2).kept_at(directory.path());
        let budget = machine(redis, number).fallback(share);
        let builder = builder(telesto, budget, requests).clock(clock.clone());
        Self {
            client: builder.build().unwrap(),
            clock,
            _directory: directory,
        }
    }

    /// Calls until it is refused, and returns how often it was served.
    async fn calls(&self) -> usize {
        let mut served = 0;
        loop {
            match self.client.list_products().await {
                Ok(_) => served += 1,
                Err(error) => {
                    assert!(
                        error.is_rate_limited() && error.status().is_none(),
                        "{error}"
                    );
                    return served;
                }
            }
        }
    }
}

#[tokio::test]
async fn without_redis_each_machine_has_its_part() {
    let Some(mut redis) = RedisServer::start() else {
        return;
    };
    let telesto = telesto(11).await;
    let machines = [1, 2].map(|number| Machine::new(&telesto, &redis, number, 11));
    // Away from the start.
    redis.kill();
    for machine in &machines {
        assert_eq!(remaining(&machine.client).await, 5);
        assert_eq!(machine.calls().await, 5);
    }
    redis.run().unwrap();
    // It is left alone for a while. Then what was sent meanwhile counts, before anybody sends
    // more than the part.
    for seconds in [0, 5] {
        for machine in &machines {
            machine.clock.advance(Duration::from_secs(seconds));
            assert_eq!(remaining(&machine.client).await, 0);
        }
    }
    for machine in &machines {
        machine.clock.advance(Duration::from_secs(15));
        assert_eq!(remaining(&machine.client).await, 1);
    }
    assert_eq!(machines[0].calls().await, 1);
    assert_eq!(telesto.requests().len(), 11);
}

#[tokio::test]
async fn what_was_sent_by_way_of_redis_counts_without_it() {
    let Some(mut redis) = RedisServer::start() else {
        return;
    };
    let telesto = telesto(10).await;
    let [one, two] = [1, 2].map(|number| Machine::new(&telesto, &redis, number, 10));
    for _ in 0..3 {
        one.client.list_products().await.unwrap();
    }
    assert_eq!(remaining(&two.client).await, 7);
    redis.stop().unwrap();
    // Of 10 they have 5 each; of 3 that are gone, 2 count for each.
    assert_eq!([one.calls().await, two.calls().await], [3, 3]);
    redis.run().unwrap();
    for seconds in [5, 15] {
        for machine in [&one, &two] {
            machine.clock.advance(Duration::from_secs(seconds));
            machine.client.budget().await.unwrap();
        }
    }
    assert_eq!(remaining(&one.client).await, 1);
    assert_eq!(one.calls().await, 1);
    assert_eq!(two.calls().await, 0);
    assert_eq!(telesto.requests().len(), 10);
}

#[tokio::test]
async fn a_share_that_is_none_is_refused() {
    let telesto = telesto(10).await;
    let budget = Budget::redis("redis://127.0.0.1").fallback(Share::of(11));
    let error = builder(&telesto, budget, 10).build().unwrap_err();
    let expected = "of 10 requests, one of 11 parts has none: allow a larger share";
    assert!(error.is_config());
    assert_eq!(error.to_string(), expected);
}

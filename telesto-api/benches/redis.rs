//! What a budget in Redis costs, with a Redis server of its own on this machine.
//!
//! `cargo bench -p telesto-api --features redis --bench redis` compares, in rounds that
//! take turns:
//!
//! - reserving a slot and giving it back, and as many bare round trips: reading and writing
//!   a value of the same size, twice;
//! - a call with each store, against a server on this machine.
//!
//! It prints how many slots processes reserve that contend for the same budget, and how
//! often one has to begin anew; and how many of three calls each fail if many processes
//! begin at the same moment.

#![allow(clippy::print_stdout, reason = "a benchmark prints its results")]

use std::cell::Cell;
use std::time::{Duration, Instant};

use redis::AsyncCommands as _;
use telesto_api::{Budget, Client, RateLimit, Retry};
use telesto_mock::MockServer;
use telesto_redis_server::RedisServer;
use tokio::runtime::Runtime;

use self::contenders::{HOUR, WORKER, client, slots_of};

mod contenders;
mod medians;

type Error = Box<dyn std::error::Error>;

/// Requests of a candidate in a round.
const REQUESTS: u32 = 50;

fn main() -> Result<(), Error> {
    if let Ok(told) = std::env::var(WORKER) {
        return match told.strip_prefix(CROWD) {
            Some(told) => meet(told),
            None => contend(&told),
        };
    }
    let Some(server) = RedisServer::start() else {
        return Ok(());
    };
    let runtime = Runtime::new()?;
    slot(&runtime, &server)?;
    call(&runtime, &server)?;
    crowd(&runtime, &server)
}

/// Tells a process to begin its calls together with others.
const CROWD: &str = "crowd|";

/// How many calls each of them makes.
const CALLS: u32 = 3;

/// Processes that call at the same moment, with slots for all of them.
fn crowd(runtime: &Runtime, server: &RedisServer) -> Result<(), Error> {
    let telesto = MockServer::builder().rate(u32::MAX, HOUR);
    let telesto = runtime.block_on(telesto.start())?;
    println!("\nprocesses  calls  failed    time");
    for processes in [1, 8, 20, 40, 100] {
        // Time for all of them to start.
        let moment = jiff::Timestamp::now() + Duration::from_millis(500 + 20 * processes as u64);
        let told = format!(
            "{CROWD}{}|{}?name=crowd-{processes}|{moment}",
            telesto.url(),
            server.url()
        );
        let failed = slots_of(processes, &told)?;
        let took = jiff::Timestamp::now().duration_since(moment);
        println!(
            "{processes:>9}  {:>5}  {failed:>6}  {:>4} ms",
            processes as u32 * CALLS,
            took.as_millis()
        );
    }
    Ok(())
}

/// Makes some calls from a moment on, and prints how many have failed.
fn meet(told: &str) -> Result<(), Error> {
    let [url, redis, moment] = told.split('|').collect::<Vec<_>>()[..] else {
        return Err("not a worker".into());
    };
    let client = Client::builder()
        .api_key(telesto_mock::DEFAULT_API_KEY)
        .base_url(url)
        .rate_limit(RateLimit::new(10_000, HOUR, HOUR / 4)?)
        .budget(Budget::redis(redis))
        .retry(Retry::off())
        .build()?;
    let moment: jiff::Timestamp = moment.parse()?;
    let wait = moment.duration_since(jiff::Timestamp::now());
    std::thread::sleep(wait.try_into().unwrap_or_default());
    let failed = Runtime::new()?.block_on(async {
        let mut calls = tokio::task::JoinSet::new();
        for _ in 0..CALLS {
            let client = client.clone();
            calls.spawn(async move { client.list_products().await.is_err() });
        }
        calls
            .join_all()
            .await
            .into_iter()
            .filter(|failed| *failed)
            .count()
    });
    println!("{failed}");
    Ok(())
}

/// A slot against bare round trips, and how many there are in a second.
fn slot(runtime: &Runtime, server: &RedisServer) -> Result<(), Error> {
    let telesto = runtime.block_on(MockServer::builder().start())?;
    let url = telesto.url();
    let in_redis = client(&url, Budget::redis(server.url()))?;
    for _ in 0..60 {
        runtime.block_on(in_redis.list_products().send())?;
    }
    // From here on, each call reserves a slot, cannot connect, and gives it back.
    runtime.block_on(telesto.stop());
    let in_process = client(&url, Budget::in_process())?;
    let calls = |client: &Client| {
        runtime.block_on(async {
            for _ in 0..REQUESTS {
                let error = client.list_products().await.expect_err("nobody listens");
                assert!(error.is_transport(), "{error}");
            }
            // What the last one gives back.
            client.budget().await.expect("a budget");
        });
    };
    let redis = redis::Client::open(server.url())?;
    let connection = runtime.block_on(redis.get_multiplexed_async_connection())?;
    let mut setup = connection.clone();
    let keys: Vec<String> = runtime.block_on(setup.keys("telesto:*"))?;
    let value: Vec<u8> = runtime.block_on(setup.get(&keys[0]))?;
    let bare = || {
        let mut connection = connection.clone();
        runtime.block_on(async {
            for _ in 0..2 * REQUESTS {
                let () = connection.set("bare", &value).await.expect("a write");
                let _: Vec<u8> = connection.get("bare").await.expect("a read");
            }
        });
    };
    let [slot, process, bare] = medians::of(
        medians::rounds(51),
        [&|| calls(&in_redis), &|| calls(&in_process), &bare],
    );
    let cost = slot.saturating_sub(process);
    println!(
        "a slot in Redis, of {} bytes   {:>8}",
        value.len(),
        each(cost)
    );
    println!("writing and reading, twice     {:>8}", each(bare));
    let ratio = cost.as_secs_f64() / bare.as_secs_f64();
    println!("ratio                          {ratio:>8.2}\n");

    for processes in [1, 8] {
        let (rate, again) = contended(&url, server, processes)?;
        println!(
            "{processes} processes reserve {rate:>6.0} slots a second, and begin anew {again:.2} \
             times for each"
        );
    }
    println!();
    Ok(())
}

/// A call with each store.
fn call(runtime: &Runtime, server: &RedisServer) -> Result<(), Error> {
    let telesto = MockServer::builder().rate(u32::MAX, HOUR);
    let telesto = runtime.block_on(telesto.start())?;
    let url = telesto.url();
    let calls = |budget: Budget| {
        let client = client(&url, budget).expect("a client");
        runtime.block_on(async {
            for _ in 0..REQUESTS {
                client.list_products().await.expect("a response");
            }
        });
    };
    // Each round has a budget of its own, so that none is spent.
    let round = Cell::new(0);
    let directory = tempfile::tempdir()?;
    let name = || {
        round.set(round.get() + 1);
        format!("round-{}", round.get())
    };
    let times = medians::of(
        medians::rounds(51),
        [
            &|| calls(Budget::in_process()),
            &|| calls(Budget::on_host_at(directory.path().join(name()))),
            &|| calls(Budget::redis(server.url()).named(name()).into()),
        ],
    );
    for (name, time) in ["in process", "on the host", "in Redis"].iter().zip(times) {
        println!("a call, budget {name:12} {:>11}", each(time));
    }
    Ok(())
}

/// How many slots some processes reserve in a second, and how often a change of the budget
/// has to begin anew for each.
fn contended(url: &str, server: &RedisServer, processes: usize) -> Result<(f64, f64), Error> {
    let time = Duration::from_secs(medians::rounds(3) as u64);
    let told = format!("{url}|{}|{}", server.url(), time.as_secs());
    server.command("CONFIG RESETSTAT")?;
    let slots = slots_of(processes, &told)?;
    let stats = server.command("INFO commandstats")?;
    let scripts = stats.split("cmdstat_evalsha:calls=").nth(1);
    let scripts = scripts.and_then(|rest| rest.split(',').next());
    let scripts: f64 = scripts.ok_or("no scripts were run")?.parse()?;
    let slots = slots as f64;
    // Reading and writing, once for the slot and once to give it back.
    Ok((slots / time.as_secs_f64(), scripts / slots - 4.0))
}

/// Reserves slots until the time is over, and prints how many.
fn contend(told: &str) -> Result<(), Error> {
    let [url, redis, seconds] = told.split('|').collect::<Vec<_>>()[..] else {
        return Err("not a worker".into());
    };
    let client = client(url, Budget::redis(redis))?;
    let time = Duration::from_secs(seconds.parse()?);
    let start = Instant::now();
    let mut slots = 0;
    Runtime::new()?.block_on(async {
        while start.elapsed() < time {
            match client.list_products().await {
                Err(error) if error.is_transport() => slots += 1,
                // Others hold all that are left.
                Err(error) if error.is_rate_limited() => {}
                other => panic!("{other:?}"),
            }
        }
    });
    println!("{slots}");
    Ok(())
}

fn each(time: Duration) -> String {
    format!("{:.1} µs", time.as_secs_f64() * 1e6 / f64::from(REQUESTS))
}

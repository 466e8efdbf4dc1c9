//! A day of a shop that has one address, in simulated time: what its calls get, and
//! what they spend, without a cache and with one.
//!
//! `cargo bench -p telesto-api --features cache --bench day` prints the table. Eight
//! clients, as eight processes have them, share a budget on the host:
//!
//! - five dashboards, which ask for the products every minute;
//! - two jobs, which start anew every ten minutes;
//! - one report, at three in the morning: 40 calls that must be fresh.
//!
//! From 13:00 to 13:40 the server is down. `cargo test` runs the hours around that.

#![allow(clippy::print_stdout, reason = "a benchmark prints its results")]

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use telesto_api::{Budget, Cache, Client, ManualClock, Retry, Served};
use telesto_mock::{MockServer, RateLimit, Response, Window};

type Error = Box<dyn std::error::Error>;

const MINUTE: u64 = 60;
const HOUR: u64 = 3_600;
const FRESH: Duration = Duration::from_secs(5 * MINUTE);
const STALE: Duration = Duration::from_secs(2 * HOUR);

/// When the server is down, in seconds of the day.
const OUTAGE: Range<u64> = 13 * HOUR..13 * HOUR + OUTAGE_MINUTES * MINUTE;
const OUTAGE_MINUTES: u64 = 40;

/// The calls of the report.
const REPORT: u64 = 40;

fn main() -> Result<(), Error> {
    let is_bench = std::env::args().any(|argument| argument == "--bench");
    let hours = if is_bench { 0..24 } else { 12..15 };
    let time = hours.start * HOUR..hours.end * HOUR;
    let calls = calls(&time);
    println!(
        "{} calls from {}:00 to {}:00, fresh for {} min, then stale for {} h\n",
        calls.len(),
        hours.start,
        hours.end,
        FRESH.as_secs() / MINUTE,
        STALE.as_secs() / HOUR
    );
    println!(
        "{:24}{:>9}{:>6}{:>9}{:>9}{:>9}{:>9}{:>26}",
        "", "requests", "429s", "fresh", "cached", "stale", "failed", "age: median, 95 %, most"
    );
    for (name, kept) in [
        ("no cache", Kept::Nowhere),
        ("in memory, each its own", Kept::InMemory),
        ("on the host", Kept::OnHost),
    ] {
        let day = day(kept, &calls, time.start)?;
        day.print(name);
        assert_eq!(day.refused, 0);
        if kept == Kept::OnHost {
            // One for each five minutes, and for each minute of the outage, and the
            // report.
            let most = (time.end - time.start) / FRESH.as_secs() + OUTAGE_MINUTES + REPORT;
            assert!(day.failed == 0 && day.requests as u64 <= most, "{most}");
        }
    }
    Ok(())
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kept {
    Nowhere,
    InMemory,
    OnHost,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Dashboard,
    /// A process of its own each time.
    Job,
    Report,
}

/// A call at a second of the day.
#[derive(Clone, Copy, Debug)]
struct Call {
    at: u64,
    process: usize,
    kind: Kind,
}

fn calls(time: &Range<u64>) -> Vec<Call> {
    let every = |seconds: u64, first: u64, process: usize, kind: Kind| {
        let times = (first..24 * HOUR).step_by(seconds as usize);
        times.map(move |at| Call { at, process, kind })
    };
    let dashboards = (0..5).flat_map(|n| every(MINUTE, n * 11, n as usize, Kind::Dashboard));
    let jobs = (0..2).flat_map(|n| every(10 * MINUTE, n * 200 + 7, 5 + n as usize, Kind::Job));
    let report = (0..REPORT).map(|n| Call {
        at: 3 * HOUR + n * 30,
        process: 7,
        kind: Kind::Report,
    });
    let calls = dashboards.chain(jobs).chain(report);
    let mut calls: Vec<Call> = calls.filter(|call| time.contains(&call.at)).collect();
    calls.sort_by_key(|call| call.at);
    calls
}

#[derive(Default)]
struct Day {
    requests: usize,
    refused: u64,
    fresh: usize,
    cached: usize,
    stale: usize,
    failed: usize,
    /// In seconds.
    ages: Vec<u64>,
}

impl Day {
    fn print(&self, name: &str) {
        let age = |part: f64| {
            let last = self.ages.len().saturating_sub(1) as f64;
            let age = self.ages.get((last * part) as usize).copied();
            let age = age.unwrap_or_default();
            format!("{}:{:02}", age / MINUTE, age % MINUTE)
        };
        println!(
            "{name:24}{:>9}{:>6}{:>9}{:>9}{:>9}{:>9}{:>26}",
            self.requests,
            self.refused,
            self.fresh,
            self.cached,
            self.stale,
            self.failed,
            format!("{}, {}, {}", age(0.5), age(0.95), age(1.0))
        );
    }
}

#[tokio::main(flavor = "current_thread")]
async fn day(kept: Kept, calls: &[Call], start: u64) -> Result<Day, Error> {
    let midnight = SystemTime::UNIX_EPOCH + Duration::from_secs(19_700 * 24 * HOUR);
    let first = midnight + Duration::from_secs(start);
    let clock = Arc::new(ManualClock::new(first.try_into()?));
    let told = Arc::clone(&clock);
    let telesto = MockServer::builder()
        .rate_limit(RateLimit {
            requests: 100,
            window: Duration::from_secs(HOUR),
            lockout: Duration::from_secs(15 * MINUTE),
        })
        .window(Window::Sliding)
        .now(move || {
            use telesto_api::Clock as _;
            SystemTime::try_from(told.wall()).expect("a time after 1970")
        })
        .start()
        .await?;
    let directory = tempfile::tempdir()?;
    let client = || client(kept, &telesto, directory.path(), &clock);
    let mut clients = (0..8).map(|_| client()).collect::<Result<Vec<_>, _>>()?;
    let (mut day, mut now, mut is_down) = (Day::default(), start, false);
    for call in calls {
        clock.advance(Duration::from_secs(call.at - now));
        now = call.at;
        if is_down != OUTAGE.contains(&now) {
            is_down = !is_down;
            let response = match is_down {
                true => Response::empty(503),
                false => Response::new(200, "application/json", r#"[{"id":"1"}]"#),
            };
            telesto.set_response("list_products", response)?;
        }
        if call.kind == Kind::Job {
            clients[call.process] = client()?;
        }
        let products = clients[call.process].list_products();
        let response = match call.kind {
            Kind::Report => products.fresh().await,
            _ => products.await,
        };
        let Ok(response) = response else {
            day.failed += 1;
            continue;
        };
        let served = Served::of(response.headers());
        match served {
            Served::Cached { .. } => day.cached += 1,
            Served::Stale { .. } => day.stale += 1,
            _ => day.fresh += 1,
        }
        day.ages.push(served.age().as_secs());
    }
    day.ages.sort_unstable();
    day.requests = telesto.requests().len();
    day.refused = telesto.stats().refused;
    Ok(day)
}

/// A client as a process has it that has just started.
fn client(
    kept: Kept,
    telesto: &MockServer,
    directory: &Path,
    clock: &Arc<ManualClock>,
) -> Result<Client, Error> {
    // The day is simulated, but not the pauses between attempts.
    let pause = Duration::from_millis(1);
    let builder = Client::builder()
        .retry(Retry::default().pauses(pause, pause))
        .api_key(telesto.api_key())
        .base_url(telesto.url())
        .clock(Arc::clone(clock) as Arc<_>)
        .budget(Budget::on_host_at(directory.join("budget")));
    let cache = match kept {
        Kept::Nowhere => return Ok(builder.build()?),
        Kept::InMemory => Cache::in_memory(),
        Kept::OnHost => Cache::on_host_at(directory.join("cache")),
    };
    let cache = cache.fresh_for(FRESH).stale_for(STALE);
    Ok(builder.cache(cache).build()?)
}

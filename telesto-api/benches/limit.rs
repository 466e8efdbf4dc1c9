//! How long 1,000 responses take, and how many 429s that draws, with the ways
//! in which clients usually keep to a limit, in simulated time.
//!
//! `cargo bench -p telesto-api --bench limit` prints a table for each way in
//! which a server may treat a block. The usual clients are simulated against
//! the limiter of the mock server; this one is the real client, against the
//! mock server. `cargo test` runs it, too, and fails if this client draws a 429
//! or takes longer than 9.05 hours.

#![allow(clippy::print_stdout, reason = "a benchmark prints its results")]

use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use telesto_api::{Client, Clock as _, ManualClock, OnLimit, Wait};
use telesto_mock::{Limiter, MockServer, RateLimit, Verdict, Window};
use tokio::sync::mpsc;

type Error = Box<dyn std::error::Error>;

const RESPONSES: u32 = 1_000;
const HOUR: Duration = Duration::from_secs(3_600);
const LIMIT: RateLimit = RateLimit {
    requests: 100,
    window: HOUR,
    lockout: Duration::from_secs(900),
};
const WINDOWS: [(&str, Window); 3] = [
    ("sliding hour", Window::Sliding),
    ("clock hour", Window::Clock),
    ("hour from a request", Window::FirstRequest),
];

/// A client that has not finished by then never will.
const LONGEST: Duration = Duration::from_secs(100 * 3_600);

fn main() -> Result<(), Error> {
    let blocks = [
        (
            "A block ends after 15 minutes, and the count begins anew",
            false,
        ),
        (
            "Requests during a block restart it, and the count goes on",
            true,
        ),
    ];
    for (block, strict) in blocks {
        println!("{block}:\n");
        print!("{:28}", "");
        WINDOWS.iter().for_each(|(name, _)| print!("{name:>22}"));
        println!();
        for (name, strategy) in STRATEGIES {
            let outcomes = WINDOWS.map(|(_, window)| simulated(strategy, window, strict));
            row(name, &outcomes);
        }
        let ours = WINDOWS.map(|(_, window)| this_client(window, strict));
        let ours = ours.into_iter().collect::<Result<Vec<_>, _>>()?;
        row("this client", &ours);
        println!();
        for outcome in ours {
            let hours = outcome.time.as_secs_f64() / 3_600.0;
            assert!(hours <= 9.05 && outcome.refused == 0, "{outcome:?}");
        }
    }
    Ok(())
}

#[derive(Clone, Copy, Debug)]
struct Outcome {
    time: Duration,
    responses: u32,
    refused: u64,
}

fn row(name: &str, outcomes: &[Outcome]) {
    print!("{name:28}");
    for outcome in outcomes {
        let cell = match outcome.responses {
            RESPONSES => {
                let hours = outcome.time.as_secs_f64() / 3_600.0;
                format!("{hours:.2} h, {} × 429", outcome.refused)
            }
            responses => format!("stuck at {responses}"),
        };
        print!("{cell:>22}");
    }
    println!();
}

/// What a client does between requests.
#[derive(Clone, Copy)]
struct Strategy {
    /// How long it waits before request number `.0`, at a time since the first.
    before: fn(u32, Duration) -> Duration,
    /// How long it waits after so many 429s in a row.
    after_429: fn(u32) -> Duration,
}

const STRATEGIES: [(&str, Strategy); 4] = [
    (
        "retry with backoff to 1 min",
        Strategy {
            before: |_, _| Duration::ZERO,
            after_429: |in_a_row| Duration::from_secs(1 << in_a_row.min(6)).min(HOUR / 60),
        },
    ),
    (
        "sleep 15 min after a 429",
        Strategy {
            before: |_, _| Duration::ZERO,
            after_429: |_| LIMIT.lockout,
        },
    ),
    (
        "token bucket, burst of 100",
        Strategy {
            before: |sent, now| {
                let token = HOUR / 100 * sent.saturating_sub(99);
                token.saturating_sub(now)
            },
            after_429: |_| LIMIT.lockout,
        },
    ),
    (
        "one call in 36 s",
        Strategy {
            before: |sent, now| (HOUR / 100 * sent).saturating_sub(now),
            after_429: |_| LIMIT.lockout,
        },
    ),
];

/// Half of the time that a request takes: 25 to 225 ms, in no order.
fn half_trip(number: u64) -> Duration {
    Duration::from_millis(25 + number.wrapping_mul(7_919) % 201)
}

/// Ten minutes past a full hour.
fn start() -> SystemTime {
    SystemTime::UNIX_EPOCH + 470_000 * HOUR + HOUR / 6
}

fn simulated(strategy: Strategy, window: Window, strict: bool) -> Outcome {
    let limiter = Limiter::new(LIMIT, window);
    let mut limiter = limiter.extend_block(strict).keep_count(strict);
    let mut outcome = Outcome {
        time: Duration::ZERO,
        responses: 0,
        refused: 0,
    };
    let (mut sent, mut in_a_row) = (0, 0);
    while outcome.responses < RESPONSES && outcome.time < LONGEST {
        outcome.time += (strategy.before)(sent, outcome.time);
        let half = half_trip(u64::from(sent));
        outcome.time += half;
        let address = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let verdict = limiter.request(address, start() + outcome.time);
        outcome.time += half;
        sent += 1;
        if verdict == Verdict::Served {
            outcome.responses += 1;
            in_a_row = 0;
        } else {
            outcome.refused += 1;
            outcome.time += (strategy.after_429)(in_a_row);
            in_a_row += 1;
        }
    }
    outcome
}

/// Calls that wait for their turn, one after the other.
#[tokio::main(flavor = "current_thread")]
async fn this_client(window: Window, strict: bool) -> Result<Outcome, Error> {
    let clock = Arc::new(ManualClock::new(start().try_into()?));
    let begin = clock.monotonic();
    let (on_its_way, sent) = (Arc::clone(&clock), Mutex::new(0));
    let telesto = MockServer::builder()
        .rate_limit(LIMIT)
        .window(window)
        .extend_block(strict)
        .keep_count(strict)
        .now(move || {
            let mut sent = sent.lock().expect("nobody panics with it");
            on_its_way.advance(half_trip(*sent));
            *sent += 1;
            SystemTime::try_from(on_its_way.wall()).expect("a time after 1970")
        })
        .start()
        .await?;
    let (told, mut waits) = mpsc::unbounded_channel::<Wait>();
    let client = Client::builder()
        .api_key(telesto.api_key())
        .base_url(telesto.url())
        .clock(Arc::clone(&clock) as Arc<_>)
        .on_limit(OnLimit::Wait)
        .on_wait(move |wait| {
            let _ = told.send(*wait);
        })
        .build()?;
    let mut responses = 0;
    while responses < RESPONSES {
        let call = client.list_products().send();
        tokio::pin!(call);
        loop {
            tokio::select! {
                response = &mut call => {
                    response?;
                    break;
                }
                Some(wait) = waits.recv() => {
                    let wait = wait.until().duration_since(clock.wall());
                    clock.advance(wait.unsigned_abs());
                }
            }
        }
        clock.advance(half_trip(u64::from(responses)));
        responses += 1;
    }
    Ok(Outcome {
        time: clock.monotonic() - begin,
        responses,
        refused: telesto.stats().refused,
    })
}

//! The budget and the lockout, against the mock server and on clocks that are
//! told the time.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::json;
use telesto_api::{
    Budget, Client, ClientBuilder, Clock as _, ErrorKind, ManualClock, OnLimit, RateLimit, Retry,
    SystemClock, WaitReason,
};
use telesto_mock::{Fault, MockServer, MockServerBuilder, Response, RetryAfter, Window};
use tokio::sync::Notify;
use tokio::task::JoinSet;

use crate::support::clock;

const MINUTE: Duration = Duration::from_secs(60);

/// A mock server that goes by the clock of the client.
fn on(clock: &Arc<ManualClock>) -> MockServerBuilder {
    let clock = Arc::clone(clock);
    MockServer::builder().now(move || time(&clock))
}

fn time(clock: &ManualClock) -> SystemTime {
    clock.wall().try_into().unwrap()
}

fn builder(telesto: &MockServer, clock: &Arc<ManualClock>) -> ClientBuilder {
    Client::builder()
        .api_key(telesto.api_key())
        .base_url(telesto.url())
        .clock(clock.clone())
}

#[tokio::test]
async fn the_documented_limit_is_kept_and_no_request_refused() {
    let clock = clock();
    let telesto = on(&clock).start().await.unwrap();
    let client = builder(&telesto, &clock).build().unwrap();
    for left in (0..100).rev() {
        client.list_products().send().await.unwrap();
        assert_eq!(client.budget().await.unwrap().remaining(), left);
        clock.advance(Duration::from_secs(1));
    }
    let error = client.list_products().send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::RateLimited);
    assert_eq!(error.status(), None);
    // The first response came at 10:30:00. A second more is for servers that
    // count in whole seconds.
    assert_eq!(
        error.to_string(),
        "list_products: not sent: the rate limit is used up; retry at 2024-01-15T11:30:01Z"
    );
    let budget = client.budget().await.unwrap();
    assert_eq!(Some(budget.next_slot()), error.retry_at());
    assert_eq!(budget.locked_until(), None);
    assert_eq!(budget.limit().requests(), 100);

    clock.advance(
        error
            .retry_at()
            .unwrap()
            .duration_since(clock.wall())
            .unsigned_abs(),
    );
    client.list_products().send().await.unwrap();
    client.list_products().send().await.unwrap_err();
    assert_eq!((telesto.stats().served, telesto.stats().refused), (101, 0));
}

#[tokio::test]
async fn all_clients_of_an_address_spend_one_budget_whatever_their_key() {
    let clock = clock();
    let telesto = on(&clock).start().await.unwrap();
    let budget = Budget::in_process();
    let builder = || builder(&telesto, &clock).budget(budget.clone());
    let one = builder().build().unwrap();
    let other = builder().api_key("another-key").build().unwrap();
    one.list_products().send().await.unwrap();
    // A failed call counts as well.
    other.list_products().send().await.unwrap_err();
    assert_eq!(one.budget().await.unwrap().remaining(), 98);
    drop((one, other));
    // Made anew, a client still knows.
    let again = builder().build().unwrap();
    assert_eq!(again.budget().await.unwrap().remaining(), 98);
}

#[tokio::test]
async fn nothing_is_sent_for_fifteen_minutes_after_a_429() {
    let clock = clock();
    // Somebody else behind the address has spent nearly everything.
    let telesto = on(&clock).rate(1, 60 * MINUTE).start().await.unwrap();
    let client = builder(&telesto, &clock).build().unwrap();
    client.list_products().send().await.unwrap();
    let error = client.list_products().send().await.unwrap_err();
    assert_eq!(error.status().unwrap(), 429);
    assert_eq!(
        error.api_error().unwrap().error_type(),
        Some("TOO_MANY_REQUESTS")
    );
    let until = "2024-01-15T10:45:01Z".parse::<Timestamp>().unwrap();
    assert_eq!(error.retry_at(), Some(until));

    for _ in 0..15 {
        let error = client.list_products().send().await.unwrap_err();
        assert_eq!(error.status(), None);
        assert_eq!(error.retry_at(), Some(until));
        let line = error.to_string();
        assert!(line.contains("locked out") && line.ends_with("retry at 2024-01-15T10:45:01Z"));
        let budget = client.budget().await.unwrap();
        assert_eq!(
            (budget.locked_until(), budget.next_slot()),
            (Some(until), until)
        );
        clock.advance(MINUTE);
    }
    assert_eq!(telesto.stats().refused, 1);
    clock.advance(Duration::from_secs(1));
    assert_eq!(client.budget().await.unwrap().locked_until(), None);
    client.list_products().send().await.unwrap();
    assert_eq!((telesto.stats().served, telesto.stats().refused), (2, 1));
}

#[tokio::test]
async fn a_longer_retry_after_is_honoured_and_a_shorter_one_is_not() {
    for (form, lockout, minutes) in [
        (RetryAfter::Seconds, 20 * MINUTE, 20),
        (RetryAfter::HttpDate, 20 * MINUTE, 20),
        (RetryAfter::Seconds, 5 * MINUTE, 15),
        (RetryAfter::None, 20 * MINUTE, 15),
    ] {
        let clock = clock();
        let telesto = on(&clock)
            .rate(1, 60 * MINUTE)
            .lockout(lockout)
            .retry_after(form)
            .empty_429(true);
        let telesto = telesto.start().await.unwrap();
        let client = builder(&telesto, &clock).build().unwrap();
        client.list_products().send().await.unwrap();
        let error = client.list_products().send().await.unwrap_err();
        let wait = error
            .retry_at()
            .unwrap()
            .duration_since(clock.wall())
            .as_secs();
        // The date of the response is the real one, so the date that it names is
        // taken by the clock of the client only if there is no other.
        if form != RetryAfter::HttpDate {
            assert_eq!(wait, minutes * 60 + 1);
        } else {
            assert!(wait > 15 * 60, "{wait}");
        }
        assert!(error.api_error().is_none());
    }
}

#[tokio::test]
async fn setting_the_wall_clock_unlocks_nothing() {
    let clock = clock();
    let telesto = MockServer::builder()
        .rate(1, 60 * MINUTE)
        .start()
        .await
        .unwrap();
    let client = builder(&telesto, &clock).build().unwrap();
    client.list_products().send().await.unwrap();
    client.list_products().send().await.unwrap_err();
    for wall in [
        "2024-01-15T09:00:00Z",
        "2024-01-15T23:00:00Z",
        "2030-01-01T00:00:00Z",
    ] {
        clock.set_wall(wall.parse().unwrap());
        let error = client.list_products().send().await.unwrap_err();
        let wait = error.retry_at().unwrap().duration_since(clock.wall());
        assert_eq!(wait.as_secs(), 15 * 60 + 1);
    }
    assert_eq!(telesto.stats().refused, 1);
}

#[tokio::test]
async fn a_waiting_call_is_sent_when_its_slot_is_there() {
    let clock = clock();
    let telesto = on(&clock).start().await.unwrap();
    let client = builder(&telesto, &clock)
        .on_limit(OnLimit::Wait)
        .build()
        .unwrap();
    for _ in 0..100 {
        client.list_products().send().await.unwrap();
    }
    let waiting: Vec<_> = (0..3)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { client.list_products().send().await })
        })
        .collect();
    clock.sleeping(3).await;
    clock.advance(60 * MINUTE);
    clock.sleeping(3).await;
    assert_eq!(telesto.stats().served, 100);
    clock.advance(Duration::from_secs(1));
    for call in waiting {
        call.await.unwrap().unwrap();
    }
    assert_eq!((telesto.stats().served, telesto.stats().refused), (103, 0));
}

#[tokio::test]
async fn a_call_that_would_wait_too_long_fails_at_once() {
    let clock = clock();
    let telesto = on(&clock).start().await.unwrap();
    let budget = Budget::in_process();
    let at_most = |wait| {
        let builder = builder(&telesto, &clock).on_limit(OnLimit::WaitAtMost(wait));
        builder.budget(budget.clone()).build().unwrap()
    };
    let client = at_most(59 * MINUTE);
    for _ in 0..100 {
        client.list_products().send().await.unwrap();
    }
    // Nobody advances the clock: this would never end if it waited.
    let error = client.list_products().send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::RateLimited);

    let patient = at_most(61 * MINUTE);
    let call = tokio::spawn(async move { patient.list_products().send().await });
    clock.sleeping(1).await;
    clock.advance(60 * MINUTE + Duration::from_secs(1));
    call.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_call_that_nobody_waits_for_any_more_leaves_no_reservation() {
    let clock = clock();
    let telesto = on(&clock).start().await.unwrap();
    let client = builder(&telesto, &clock)
        .on_limit(OnLimit::Wait)
        .build()
        .unwrap();
    for _ in 0..100 {
        client.list_products().send().await.unwrap();
    }
    let other = client.clone();
    let call = tokio::spawn(async move { other.list_products().send().await });
    clock.sleeping(1).await;
    call.abort();
    assert!(call.await.unwrap_err().is_cancelled());
    clock.advance(61 * MINUTE);
    assert_eq!(client.budget().await.unwrap().remaining(), 100);
}

#[tokio::test]
async fn a_request_that_was_given_up_under_way_still_counts() {
    let clock = clock();
    let delay = Duration::from_secs(60);
    let telesto = on(&clock).delay(delay).start().await.unwrap();
    let client = builder(&telesto, &clock)
        .timeout(Duration::from_millis(50))
        .build()
        .unwrap();
    assert!(
        client
            .list_products()
            .send()
            .await
            .unwrap_err()
            .is_timeout()
    );
    assert_eq!(client.budget().await.unwrap().remaining(), 99);
    // It may have been on its way for a while before it was counted.
    clock.advance(60 * MINUTE + Duration::from_secs(1));
    assert_eq!(client.budget().await.unwrap().remaining(), 99);
    clock.advance(Duration::from_secs(30));
    assert_eq!(client.budget().await.unwrap().remaining(), 100);
}

#[tokio::test]
async fn a_call_that_is_dropped_under_way_still_counts() {
    let clock = clock();
    let (server_clock, counted) = (Arc::clone(&clock), Arc::new(Notify::new()));
    let arrived = Arc::clone(&counted);
    let telesto = MockServer::builder()
        .now(move || {
            arrived.notify_one();
            time(&server_clock)
        })
        .delay(Duration::from_secs(600));
    let telesto = telesto.start().await.unwrap();
    let client = builder(&telesto, &clock).build().unwrap();
    let call = tokio::spawn({
        let client = client.clone();
        async move { client.list_products().await }
    });
    counted.notified().await;
    call.abort();
    assert!(call.await.unwrap_err().is_cancelled());
    let remaining = async || client.budget().await.unwrap().remaining();
    assert_eq!(remaining().await, 99);
    // It may have been on its way for a while before it was counted.
    clock.advance(60 * MINUTE + Duration::from_secs(30));
    assert_eq!(remaining().await, 99);
    clock.advance(Duration::from_secs(1));
    assert_eq!(remaining().await, 100);
}

#[tokio::test]
async fn calls_at_the_same_time_share_what_is_left() {
    let clock = clock();
    let telesto = on(&clock).start().await.unwrap();
    let client = builder(&telesto, &clock).build().unwrap();
    let calls: Vec<_> = (0..150)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { client.list_products().send().await.is_ok() })
        })
        .collect();
    let mut served = 0;
    for call in calls {
        served += usize::from(call.await.unwrap());
    }
    assert_eq!(served, 100);
    assert_eq!((telesto.stats().served, telesto.stats().refused), (100, 0));
}

#[tokio::test]
async fn a_lockout_reaches_calls_that_wait() {
    let clock = clock();
    // The server allows less than the client believes.
    let telesto = on(&clock).rate(1, 60 * MINUTE).start().await.unwrap();
    let limit = telesto_api::RateLimit::new(1, MINUTE, 15 * MINUTE).unwrap();
    let builder = builder(&telesto, &clock).rate_limit(limit);
    let client = builder.on_limit(OnLimit::Wait).build().unwrap();
    client.list_products().send().await.unwrap();
    let mut calls = JoinSet::new();
    for _ in 0..3 {
        let client = client.clone();
        calls.spawn(async move { client.list_products().send().await });
    }
    clock.sleeping(3).await;
    clock.advance(MINUTE + Duration::from_secs(1));
    // One has a slot, and draws the 429.
    let refused = calls.join_next().await.unwrap().unwrap();
    assert_eq!(refused.unwrap_err().status().unwrap(), 429);

    // The others wait for the end of the block, not for that of the window.
    clock.sleeping(2).await;
    clock.advance(14 * MINUTE);
    clock.sleeping(2).await;
    assert_eq!((telesto.stats().served, telesto.stats().refused), (1, 1));
    clock.advance(MINUTE + Duration::from_secs(1));
    calls.join_next().await.unwrap().unwrap().unwrap();
    assert_eq!((telesto.stats().served, telesto.stats().refused), (2, 1));
}

#[tokio::test]
async fn after_a_lockout_one_call_probes_and_the_others_wait_for_its_outcome() {
    let clock = clock();
    let telesto = on(&clock).rate(5, 60 * MINUTE).lockout(30 * MINUTE);
    let telesto = telesto.start().await.unwrap();
    let builder = builder(&telesto, &clock).on_limit(OnLimit::Wait);
    let client = builder.build().unwrap();
    for _ in 0..5 {
        client.list_products().await.unwrap();
    }
    client.list_products().await.unwrap_err();
    let mut calls = JoinSet::new();
    for _ in 0..5 {
        let client = client.clone();
        calls.spawn(async move { client.list_products().await });
    }
    // The block is longer than documented: each time, one call finds out.
    for refused in 2..4 {
        clock.sleeping(7 - refused).await;
        clock.advance(15 * MINUTE + Duration::from_secs(1));
        if refused == 2 {
            let probe = calls.join_next().await.unwrap().unwrap();
            assert_eq!(probe.unwrap_err().status().unwrap(), 429);
        }
    }
    while let Some(call) = calls.join_next().await {
        call.unwrap().unwrap();
    }
    assert_eq!(telesto.stats().refused, 2);
}

#[tokio::test]
async fn waiting_calls_are_served_in_their_order_and_told_once() {
    let clock = clock();
    let telesto = on(&clock).start().await.unwrap();
    let (told, waits) = std::sync::mpsc::channel();
    let limit = RateLimit::new(1, MINUTE, 15 * MINUTE).unwrap();
    let client = builder(&telesto, &clock)
        .rate_limit(limit)
        .on_limit(OnLimit::Wait)
        .on_wait(move |wait| told.send(*wait).unwrap())
        .build()
        .unwrap();
    client.list_products().await.unwrap();
    let mut calls = Vec::new();
    for number in 0..4 {
        let client = client.clone();
        calls.push(tokio::spawn(async move {
            client.list_products().await.unwrap()
        }));
        clock.sleeping(number + 1).await;
    }
    for number in 0..4 {
        assert!(calls.iter().skip(number).all(|call| !call.is_finished()));
        clock.advance(MINUTE + Duration::from_secs(1));
        (&mut calls[number]).await.unwrap();
    }
    let waits: Vec<_> = waits.try_iter().collect();
    assert_eq!(waits.len(), 4);
    assert!(
        waits
            .iter()
            .all(|wait| wait.reason() == WaitReason::RateLimit)
    );
    let until: Timestamp = "2024-01-15T10:31:01Z".parse().unwrap();
    assert_eq!(waits[0].until(), until);
    assert_eq!((telesto.stats().served, telesto.stats().refused), (5, 0));
}

/// Cancelling waiting calls takes no longer for each if there are many.
#[tokio::test]
async fn many_waiting_calls_are_cancelled_at_once() {
    let clock = clock();
    let telesto = on(&clock).rate(1, MINUTE).start().await.unwrap();
    let limit = RateLimit::new(1, MINUTE, MINUTE).unwrap();
    let client = builder(&telesto, &clock)
        .rate_limit(limit)
        .on_limit(OnLimit::Wait)
        .build()
        .unwrap();
    client.list_products().await.unwrap();
    let waiting = 10_000;
    let mut calls = JoinSet::new();
    for _ in 0..waiting {
        let client = client.clone();
        calls.spawn(async move { client.list_products().await.map(drop) });
    }
    clock.sleeping(waiting).await;
    let start = std::time::Instant::now();
    calls.shutdown().await;
    assert!(
        start.elapsed() < Duration::from_secs(5),
        "{:?}",
        start.elapsed()
    );
    // The next one is the first.
    let call = tokio::spawn(async move { client.list_products().await.map(drop) });
    clock.sleeping(1).await;
    clock.advance(MINUTE * 2);
    call.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_nightly_job_leaves_what_it_keeps_back_to_others() {
    let clock = clock();
    let telesto = on(&clock).start().await.unwrap();
    let budget = Budget::in_process();
    let builder = || builder(&telesto, &clock).budget(budget.clone());
    let job = builder().keep_back(20).build().unwrap();
    let shop = builder().build().unwrap();
    for _ in 0..80 {
        job.list_products().await.unwrap();
    }
    assert!(job.list_products().await.unwrap_err().is_rate_limited());
    assert_eq!(job.budget().await.unwrap().remaining(), 0);
    for _ in 0..20 {
        shop.list_products().await.unwrap();
    }
    assert!(shop.list_products().await.unwrap_err().is_rate_limited());
    let error = builder().keep_back(100).build().unwrap_err();
    assert!(error.is_config() && error.to_string().contains("100 are kept back"));
}

#[tokio::test]
async fn a_clock_is_no_part_of_what_a_budget_is() {
    let telesto = MockServer::builder().start().await.unwrap();
    let builder = || {
        let builder = Client::builder().api_key(telesto.api_key());
        builder.base_url(telesto.url())
    };
    // The clock of the system is one, however it is passed.
    let one = builder().build().unwrap();
    let other = builder().clock(Arc::new(SystemClock)).build().unwrap();
    let own = builder().budget(Budget::in_process()).build().unwrap();
    let manual = builder().clock(clock()).build().unwrap();
    let before = one.budget().await.unwrap().remaining();
    one.list_products().await.unwrap();
    assert_eq!(other.budget().await.unwrap().remaining(), before - 1);
    for alone in [own, manual] {
        assert_eq!(alone.budget().await.unwrap().remaining(), 100);
    }
    // Times of different clocks cannot be compared.
    let budget = Budget::in_process();
    builder().budget(budget.clone()).build().unwrap();
    let error = builder().budget(budget).clock(clock()).build();
    let error = error.unwrap_err();
    assert!(error.is_config() && error.to_string().contains("the same clock"));
}

/// How the responses of a server end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Served,
    Failed,
    Reset,
    Cut,
}

/// What a client does next.
#[derive(Clone, Debug)]
enum Step {
    /// Some calls at once, with the seconds from the client to the server and
    /// back.
    Calls { count: usize, there: u64, back: u64 },
    /// Seconds in which nothing happens.
    Pause(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let calls = (1usize..4, 0u64..20, 0u64..20);
    let calls = calls.prop_map(|(count, there, back)| Step::Calls { count, there, back });
    let pause = (0u64..90).prop_map(Step::Pause);
    prop::collection::vec(prop_oneof![2 => calls, 1 => pause], 1..25)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// For any arrivals, latencies and failures, in any window and whatever a
    /// block does: a client that keeps to the limit never draws a 429.
    #[test]
    fn the_server_never_says_429_to_a_client_with_a_budget(
        window in prop::sample::select(vec![Window::Sliding, Window::Clock, Window::FirstRequest]),
        requests in 1u32..5,
        wait: bool,
        fate in prop::sample::select(vec![Fate::Served, Fate::Failed, Fate::Reset, Fate::Cut]),
        steps in steps(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let clock = clock();
            // Time passes on the way to the server, before it counts, and on
            // the way back.
            let (there, back) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
            let pass = |clock: &Arc<ManualClock>, seconds: &Arc<AtomicU64>| {
                let (clock, seconds) = (Arc::clone(clock), Arc::clone(seconds));
                move || clock.advance(Duration::from_secs(seconds.load(Ordering::SeqCst)))
            };
            let (arrive, leave) = (pass(&clock, &there), pass(&clock, &back));
            let server_clock = Arc::clone(&clock);
            let list = || Response::json(200, &json!([{"id": "1"}]));
            let response = match fate {
                Fate::Served => list(),
                Fate::Failed => Response::empty(500),
                Fate::Reset => list().fault(Fault::Reset),
                Fate::Cut => list().fault(Fault::CutBody),
            };
            let telesto = MockServer::builder()
                .rate(requests, MINUTE)
                .window(window)
                .response("list_products", response)
                .now(move || { arrive(); time(&server_clock) })
                .on_request(move |_| leave());
            let telesto = telesto.start().await.unwrap();
            let limit = telesto_api::RateLimit::new(requests, MINUTE, 15 * MINUTE).unwrap();
            let on_limit = if wait { OnLimit::Wait } else { OnLimit::Fail };
            // The simulated latencies are no part of the real timeout.
            let timeout = Duration::from_secs(600);
            let builder = builder(&telesto, &clock).rate_limit(limit).timeout(timeout);
            let pause = Duration::from_millis(1);
            let retry = Retry::default().pauses(pause, pause);
            let client = builder.on_limit(on_limit).retry(retry).build().unwrap();
            let mut sent = 0;
            for step in steps {
                let count = match step {
                    Step::Pause(seconds) => {
                        clock.advance(Duration::from_secs(seconds));
                        continue;
                    }
                    Step::Calls { count, there: up, back: down } => {
                        there.store(up, Ordering::SeqCst);
                        back.store(down, Ordering::SeqCst);
                        count
                    }
                };
                let mut calls = JoinSet::new();
                for _ in 0..count {
                    let client = client.clone();
                    calls.spawn(async move { client.list_products().send().await });
                }
                while !calls.is_empty() {
                    let left = calls.len();
                    // Who waits is let go on by the clock.
                    let ended = tokio::select! {
                        biased;
                        ended = calls.join_next() => ended.unwrap().unwrap(),
                        () = clock.sleeping(left) => {
                            clock.advance(Duration::from_secs(1));
                            continue;
                        }
                    };
                    match ended {
                        Ok(_) => {
                            assert_eq!(fate, Fate::Served);
                            sent += 1;
                        }
                        Err(error) => {
                            assert_ne!(error.status().map(|status| status.as_u16()), Some(429));
                            sent += u64::from(error.attempts());
                        }
                    }
                }
            }
            assert_eq!(telesto.stats().refused, 0);
            assert_eq!(telesto.stats().served, sent);
        });
    }

    /// Whatever is tried while the address is locked out, nothing is sent.
    #[test]
    fn nothing_is_sent_while_locked(
        extend_block: bool,
        pauses in prop::collection::vec(0u64..120, 1..30),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let clock = clock();
            let telesto = on(&clock).rate(1, MINUTE).extend_block(extend_block).start().await.unwrap();
            let client = builder(&telesto, &clock).build().unwrap();
            client.list_products().send().await.unwrap();
            let until = client.list_products().send().await.unwrap_err().retry_at().unwrap();
            for pause in pauses {
                clock.advance(Duration::from_secs(pause));
                if clock.wall() >= until {
                    // The server has let go by then, even if a block extends.
                    client.list_products().send().await.unwrap();
                    break;
                }
                let error = client.list_products().send().await.unwrap_err();
                assert_eq!((error.status(), error.retry_at()), (None, Some(until)));
                assert_eq!(telesto.requests().len(), 2);
            }
        });
    }
}

//! The law of the budget: an exact log of sent requests.
//!
//! Pure: no clocks and no locks; the time is a parameter.

use std::collections::VecDeque;
use std::time::Duration;

use crate::RateLimit;

/// What is kept back for servers that count in whole seconds: they may see two
/// requests of 59.4 s distance in the same minute.
pub(super) const SLACK: Duration = Duration::from_secs(1);

/// The requests that one origin has been sent from here, and its lockout.
///
/// The server counts a request at some moment between its sending and its
/// response. So a request counts as sent *now* for as long as it is under way,
/// and as sent when the response came from then on: whichever moment the server
/// took, and whichever window it uses, it never counts more than we did.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    /// By when the server has counted them, oldest first.
    settled: VecDeque<Duration>,
    under_way: usize,
    locked_until: Option<Duration>,
    /// The longest window that was asked for: older stamps are forgotten.
    longest_window: Duration,
}

/// Why nothing may be sent now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The address is blocked until then.
    Locked { until: Duration },
    /// The budget is spent. The next slot frees then; `None` if that depends
    /// on responses that are still to come.
    Spent { until: Option<Duration> },
}

impl Refusal {
    pub(super) fn until(self) -> Option<Duration> {
        match self {
            Self::Locked { until } => Some(until),
            Self::Spent { until } => until,
        }
    }
}

impl Ledger {
    /// Takes a slot for a request that is about to be sent.
    pub(super) fn reserve(&mut self, limit: &RateLimit, now: Duration) -> Result<(), Refusal> {
        if let Some(until) = self.locked_until(now) {
            return Err(Refusal::Locked { until });
        }
        self.longest_window = self.longest_window.max(limit.window());
        self.forget(now);
        if self.remaining(limit, now) == 0 {
            return Err(Refusal::Spent {
                until: self.next_slot(limit, now),
            });
        }
        self.under_way += 1;
        Ok(())
    }

    /// The server has counted the request by `stamp`.
    pub(super) fn settle(&mut self, stamp: Duration) {
        self.under_way = self.under_way.saturating_sub(1);
        let place = self.settled.partition_point(|known| *known <= stamp);
        self.settled.insert(place, stamp);
    }

    /// The request never left this machine: it does not count.
    pub(super) fn give_back(&mut self) {
        self.under_way = self.under_way.saturating_sub(1);
    }

    /// The server has said 429. A lock is never shortened.
    pub(super) fn lock(&mut self, until: Duration) {
        self.locked_until = Some(self.locked_until.map_or(until, |known| known.max(until)));
    }

    pub(super) fn locked_until(&self, now: Duration) -> Option<Duration> {
        self.locked_until.filter(|until| *until > now)
    }

    pub(super) fn remaining(&self, limit: &RateLimit, now: Duration) -> u32 {
        let used = self.under_way + self.in_window(limit, now).count();
        limit
            .requests()
            .saturating_sub(u32::try_from(used).unwrap_or(u32::MAX))
    }

    /// When a slot is free; `None` if that depends on responses to come.
    pub(super) fn next_slot(&self, limit: &RateLimit, now: Duration) -> Option<Duration> {
        let allowed = limit.requests() as usize;
        let counted = self.in_window(limit, now).count();
        let used = counted + self.under_way;
        if used < allowed {
            return Some(now);
        }
        // So many of the oldest have to leave the window first.
        let leaving = used - allowed + 1;
        self.in_window(limit, now)
            .nth(leaving - 1)
            .map(|stamp| expires(stamp, limit))
    }

    fn in_window(&self, limit: &RateLimit, now: Duration) -> impl Iterator<Item = Duration> {
        let limit = *limit;
        let first = self
            .settled
            .partition_point(|stamp| expires(*stamp, &limit) <= now);
        self.settled.range(first..).copied()
    }

    fn forget(&mut self, now: Duration) {
        let keep = self.longest_window.saturating_add(SLACK);
        while let Some(oldest) = self.settled.front()
            && oldest.saturating_add(keep) <= now
        {
            self.settled.pop_front();
        }
    }
}

fn expires(stamp: Duration, limit: &RateLimit) -> Duration {
    stamp.saturating_add(limit.window()).saturating_add(SLACK)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn limit(requests: u32, window: u64) -> RateLimit {
        RateLimit::new(requests, secs(window), secs(900)).unwrap()
    }

    fn secs(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_request_counts_from_its_response_for_a_window_and_the_slack() {
        let limit = limit(1, 60);
        let mut ledger = Ledger::default();
        ledger.reserve(&limit, secs(0)).unwrap();
        assert_eq!(
            ledger.reserve(&limit, secs(500)),
            Err(Refusal::Spent { until: None }),
            "a request that is still under way never leaves the window"
        );

        ledger.settle(secs(10));
        let until = Some(secs(71));
        assert_eq!(
            ledger.reserve(&limit, secs(70)),
            Err(Refusal::Spent { until })
        );
        assert_eq!(ledger.reserve(&limit, secs(71)), Ok(()));
    }

    #[test]
    fn what_never_left_the_machine_is_given_back() {
        let limit = limit(1, 60);
        let mut ledger = Ledger::default();
        ledger.reserve(&limit, secs(0)).unwrap();
        ledger.give_back();
        assert_eq!(ledger.remaining(&limit, secs(0)), 1);
        assert_eq!(ledger.reserve(&limit, secs(0)), Ok(()));
    }

    #[test]
    fn a_lock_is_lengthened_and_never_shortened() {
        let limit = limit(10, 60);
        let mut ledger = Ledger::default();
        ledger.lock(secs(100));
        ledger.lock(secs(50));
        let until = secs(100);
        assert_eq!(
            ledger.reserve(&limit, secs(99)),
            Err(Refusal::Locked { until })
        );
        ledger.lock(secs(200));
        let until = secs(200);
        assert_eq!(
            ledger.reserve(&limit, secs(150)),
            Err(Refusal::Locked { until })
        );
        assert_eq!(ledger.reserve(&limit, secs(200)), Ok(()));
    }

    #[test]
    fn the_next_slot_frees_when_enough_have_left_the_window() {
        // A second client of the same origin with a smaller limit has to wait
        // for more than the oldest to leave.
        let (wide, narrow) = (limit(3, 60), limit(1, 60));
        let mut ledger = Ledger::default();
        for second in [1, 2, 3] {
            ledger.reserve(&wide, secs(second)).unwrap();
            ledger.settle(secs(second));
        }
        assert_eq!(ledger.next_slot(&wide, secs(4)), Some(secs(62)));
        assert_eq!(ledger.next_slot(&narrow, secs(4)), Some(secs(64)));
        assert_eq!(ledger.next_slot(&narrow, secs(64)), Some(secs(64)));
    }

    /// The most stamps that any window of this length holds.
    fn most_within(window: Duration, mut stamps: Vec<Duration>) -> usize {
        stamps.sort();
        (0..stamps.len())
            .map(|first| {
                let end = stamps[first] + window;
                stamps[first..].iter().filter(|stamp| **stamp < end).count()
            })
            .max()
            .unwrap_or(0)
    }

    #[test]
    fn old_stamps_are_forgotten() {
        let limit = limit(5, 60);
        let mut ledger = Ledger::default();
        for second in 0..10_000 {
            if ledger.reserve(&limit, secs(second)).is_ok() {
                ledger.settle(secs(second));
            }
        }
        assert!(ledger.settled.len() <= 5, "{}", ledger.settled.len());
    }

    proptest! {
        /// Wherever between sending and response the server counts, and however
        /// it cuts its windows, no window holds more than the limit; also where it
        /// counts in whole seconds.
        #[test]
        fn no_window_ever_holds_more_than_the_limit(
            requests in 1u32..6,
            window in 1u64..50,
            calls in prop::collection::vec((0u64..8_000, 0u64..20_000, 0.0..=1.0f64), 1..120),
        ) {
            let limit = limit(requests, window);
            let mut ledger = Ledger::default();
            let mut arrivals = calls;
            arrivals.sort_by_key(|(arrival, ..)| *arrival);
            let mut now = Duration::ZERO;
            let mut responses: Vec<Duration> = Vec::new();
            let mut counted: Vec<Duration> = Vec::new();
            for (gap, latency, when) in arrivals {
                now += Duration::from_millis(gap % 3_000);
                // Responses that came meanwhile, in the order in which they came.
                responses.sort();
                while responses.first().is_some_and(|response| *response <= now) {
                    ledger.settle(responses.remove(0));
                }
                if ledger.reserve(&limit, now).is_ok() {
                    let latency = Duration::from_millis(latency);
                    responses.push(now + latency);
                    counted.push(now + latency.mul_f64(when));
                }
            }
            let in_seconds = counted
                .iter()
                .map(|stamp| Duration::from_secs(stamp.as_secs()))
                .collect();
            for counted in [counted, in_seconds] {
                prop_assert!(most_within(limit.window(), counted) <= requests as usize);
            }
        }

        /// Whatever happened before: when the next slot is said to be free, a
        /// request can be sent, and not a moment before.
        #[test]
        fn the_next_slot_is_kept_to_the_moment(
            requests in 1u32..5,
            stamps in prop::collection::vec(0u64..100_000, 1..40),
        ) {
            let limit = limit(requests, 30);
            let mut stamps = stamps;
            stamps.sort_unstable();
            let mut ledger = Ledger::default();
            for stamp in stamps {
                let now = Duration::from_millis(stamp);
                match ledger.reserve(&limit, now) {
                    Ok(()) => ledger.settle(now),
                    Err(Refusal::Spent { until: Some(until) }) => {
                        prop_assert!(until > now);
                        let before = until - Duration::from_nanos(1);
                        prop_assert_eq!(ledger.remaining(&limit, before), 0);
                        prop_assert!(ledger.remaining(&limit, until) >= 1);
                    }
                    Err(other) => prop_assert!(false, "{other:?}"),
                }
            }
        }
    }
}

//! The rate limit of an IP address, in each shape that Telesto may use.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How many requests an address may send, and how long one more blocks it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimit {
    /// The number of requests that a window allows.
    pub requests: u32,
    /// The length of the window.
    pub window: Duration,
    /// How long an address is blocked.
    pub lockout: Duration,
}

/// The shape of the window in which requests are counted. Telesto does not
/// document it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Window {
    /// A sliding window that ends now.
    #[default]
    Sliding,
    /// From each full hour to the next, if the window is an hour.
    Clock,
    /// From the first request; when it has ended, from the next one.
    FirstRequest,
}

/// What happens to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is served.
    Served,
    /// It is refused, with 429.
    Refused {
        /// Whether the block starts with this request.
        began: bool,
        /// When the block ends.
        until: SystemTime,
    },
}

/// Counts the requests of each address. The time is a parameter.
#[derive(Debug)]
pub struct Limiter {
    limit: RateLimit,
    window: Window,
    extend_block: bool,
    keep_count: bool,
    addresses: HashMap<IpAddr, Address>,
}

#[derive(Debug, Default)]
struct Address {
    /// The times of the counted requests, oldest first.
    counted: VecDeque<SystemTime>,
    blocked_until: Option<SystemTime>,
}

impl Limiter {
    /// A limiter that has counted nothing.
    #[must_use]
    pub fn new(limit: RateLimit, window: Window) -> Self {
        Self {
            limit,
            window,
            extend_block: false,
            keep_count: false,
            addresses: HashMap::new(),
        }
    }

    /// Whether a request during a block restarts the block.
    #[must_use]
    pub fn extend_block(self, extend_block: bool) -> Self {
        Self {
            extend_block,
            ..self
        }
    }

    /// Whether requests before a block still count after it. If not, the count
    /// starts at zero.
    #[must_use]
    pub fn keep_count(self, keep_count: bool) -> Self {
        Self { keep_count, ..self }
    }

    /// Counts a request, or refuses it. Refused requests are not counted.
    pub fn request(&mut self, client: IpAddr, now: SystemTime) -> Verdict {
        let Self {
            limit,
            window,
            extend_block,
            keep_count,
            addresses,
        } = self;
        // Old entries are dropped, also of addresses that send no more.
        addresses.retain(|_, address| {
            address.forget(limit, *window, now);
            !address.counted.is_empty() || address.blocked_until.is_some()
        });
        let address = addresses.entry(client).or_default();
        let block = after(now, limit.lockout);
        if let Some(until) = address.blocked_until {
            let until = if *extend_block {
                until.max(block)
            } else {
                until
            };
            address.blocked_until = Some(until);
            return Verdict::Refused {
                began: false,
                until,
            };
        }
        if address.counted.len() >= limit.requests as usize {
            address.blocked_until = Some(block);
            if !*keep_count {
                address.counted.clear();
            }
            return Verdict::Refused {
                began: true,
                until: block,
            };
        }
        address.counted.push_back(now);
        Verdict::Served
    }
}

impl Address {
    /// Drops the block if it is over, and the requests that are out of the
    /// window.
    fn forget(&mut self, limit: &RateLimit, window: Window, now: SystemTime) {
        self.blocked_until.take_if(|until| *until <= now);
        let RateLimit { window: length, .. } = *limit;
        match window {
            Window::Sliding => {
                while self
                    .counted
                    .front()
                    .is_some_and(|sent| after(*sent, length) <= now)
                {
                    self.counted.pop_front();
                }
            }
            Window::Clock => self
                .counted
                .retain(|sent| number(*sent, length) == number(now, length)),
            Window::FirstRequest => {
                if self
                    .counted
                    .front()
                    .is_some_and(|first| after(*first, length) <= now)
                {
                    self.counted.clear();
                }
            }
        }
    }
}

/// Which window of this length a moment is in, counted from 1970.
fn number(moment: SystemTime, length: Duration) -> u128 {
    let since = moment.duration_since(UNIX_EPOCH).unwrap_or_default();
    since.as_nanos() / length.as_nanos().max(1)
}

/// The moment `by` later, or the same one if that cannot be represented.
fn after(moment: SystemTime, by: Duration) -> SystemTime {
    moment.checked_add(by).unwrap_or(moment)
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use proptest::prelude::*;

    use super::*;

    const CLIENT: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    const LIMIT: RateLimit = RateLimit {
        requests: 2,
        window: Duration::from_secs(60),
        lockout: Duration::from_secs(30),
    };

    /// A moment so many seconds after a full minute.
    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(6_000_000 + seconds)
    }

    /// Whether requests at these seconds are served.
    fn served(mut limiter: Limiter, seconds: &[u64]) -> Vec<bool> {
        let verdicts = seconds
            .iter()
            .map(|second| limiter.request(CLIENT, at(*second)));
        verdicts.map(|verdict| verdict == Verdict::Served).collect()
    }

    #[test]
    fn each_window_is_cut_in_its_own_way() {
        let seconds = [50, 55, 61, 62, 100, 111, 112];
        let sliding = [true, true, false, false, true, true, false];
        let limiter = |window| Limiter::new(LIMIT, window);
        assert_eq!(served(limiter(Window::Sliding), &seconds), sliding);
        let clock = [true, true, true, true, false, false, false];
        assert_eq!(served(limiter(Window::Clock), &seconds), clock);
        let seconds = [50, 109, 110, 111, 112, 141, 142];
        let first = [true, true, true, true, false, false, true];
        assert_eq!(served(limiter(Window::FirstRequest), &seconds), first);
    }

    #[test]
    fn a_block_lasts_as_long_as_it_is_told_and_may_be_extended() {
        let seconds = [0, 1, 2, 31, 32];
        let limiter = || Limiter::new(LIMIT, Window::Sliding);
        assert_eq!(
            served(limiter(), &seconds),
            [true, true, false, false, true]
        );
        assert_eq!(
            served(limiter().extend_block(true), &seconds),
            [true, true, false, false, false]
        );
        let mut limiter = limiter();
        limiter.request(CLIENT, at(0));
        limiter.request(CLIENT, at(0));
        let until = at(31);
        let began = Verdict::Refused { began: true, until };
        assert_eq!(limiter.request(CLIENT, at(1)), began);
        let goes_on = Verdict::Refused {
            began: false,
            until,
        };
        assert_eq!(limiter.request(CLIENT, at(2)), goes_on);
    }

    #[test]
    fn a_count_may_survive_a_block() {
        let limiter = || Limiter::new(LIMIT, Window::Sliding).keep_count(true);
        // The block ends at 32, the window of the first request at 60.
        let seconds = [0, 1, 2, 33];
        assert_eq!(served(limiter(), &seconds), [true, true, false, false]);
        let seconds = [0, 1, 2, 60];
        assert_eq!(served(limiter(), &seconds), [true, true, false, true]);
    }

    #[test]
    fn addresses_are_counted_apart_and_forgotten() {
        let mut limiter = Limiter::new(LIMIT, Window::Sliding);
        for number in 0..1000 {
            let client = IpAddr::V4(Ipv4Addr::from_bits(number));
            assert_eq!(limiter.request(client, at(0)), Verdict::Served);
        }
        limiter.request(CLIENT, at(60));
        assert_eq!(limiter.addresses.len(), 1);
    }

    fn any_window() -> impl Strategy<Value = Window> {
        prop::sample::select(vec![Window::Sliding, Window::Clock, Window::FirstRequest])
    }

    proptest! {
        #[test]
        fn no_window_serves_more_than_the_limit_and_no_block_anything(
            window in any_window(),
            extend_block: bool,
            keep_count: bool,
            gaps in prop::collection::vec(0u64..40, 1..100),
        ) {
            let limiter = Limiter::new(LIMIT, window);
            let mut limiter = limiter.extend_block(extend_block).keep_count(keep_count);
            let mut now = at(0);
            let mut served: Vec<SystemTime> = Vec::new();
            let mut blocked_until = now;
            for gap in gaps {
                now += Duration::from_secs(gap);
                match limiter.request(CLIENT, now) {
                    Verdict::Served => {
                        prop_assert!(now >= blocked_until);
                        served.push(now);
                    }
                    Verdict::Refused { began, until } => {
                        prop_assert_eq!(began, now >= blocked_until);
                        if began || extend_block {
                            prop_assert_eq!(until, now + LIMIT.lockout);
                        } else {
                            prop_assert_eq!(until, blocked_until);
                        }
                        if began && !keep_count {
                            served.clear();
                        }
                        blocked_until = until;
                    }
                }
                let together = match window {
                    Window::Sliding => served.iter().filter(|sent| **sent + LIMIT.window > now).count(),
                    Window::Clock => served
                        .iter()
                        .filter(|sent| number(**sent, LIMIT.window) == number(now, LIMIT.window))
                        .count(),
                    // Two windows may touch.
                    Window::FirstRequest => {
                        served.iter().filter(|sent| **sent + LIMIT.window > now).count() / 2
                    }
                };
                prop_assert!(together <= LIMIT.requests as usize);
            }
        }
    }
}

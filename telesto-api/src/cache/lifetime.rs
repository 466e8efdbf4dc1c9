//! For how long a response is served: what the client wants, and what the server
//! allows.

use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::{AGE, CACHE_CONTROL, DATE, EXPIRES, HeaderMap, HeaderName, VARY};
use serde::{Deserialize, Serialize};

/// For how long a response is served.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Lifetimes {
    /// How old it may be to be served without asking the server.
    pub(super) fresh: Duration,
    /// For how much longer it is served if the server cannot be asked.
    pub(super) stale: Duration,
}

/// What a response is at some age.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum At {
    /// For as much longer.
    Fresh(Duration),
    /// For so long already.
    Stale(Duration),
    /// Too old to be served.
    Over,
}

impl Lifetimes {
    /// Whether no response is ever served.
    pub(super) fn is_zero(self) -> bool {
        self.fresh.is_zero() && self.stale.is_zero()
    }

    /// What is left of them, as far as the server allows.
    pub(super) fn within(self, bound: Bound) -> Self {
        Self {
            fresh: self.fresh.min(bound.fresh),
            stale: self.stale.min(bound.stale),
        }
    }

    pub(super) fn at(self, age: Duration) -> At {
        if age < self.fresh {
            return At::Fresh(self.fresh - age);
        }
        let stale = age - self.fresh;
        match stale < self.stale {
            true => At::Stale(stale),
            false => At::Over,
        }
    }
}

/// The longest lifetimes that the server allows for a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Bound {
    pub(super) fresh: Duration,
    pub(super) stale: Duration,
}

impl Bound {
    /// The response must not be kept.
    pub(super) const NOTHING: Self = Self {
        fresh: Duration::ZERO,
        stale: Duration::ZERO,
    };

    /// What the headers of a response allow; `None` if it must not be kept.
    ///
    /// `no-cache` asks to have each use confirmed, which spends a request, so it is
    /// as good as `no-store`.
    pub(super) fn of(headers: &HeaderMap, now: Timestamp) -> Option<Self> {
        let any = |name: &HeaderName, sign: &str| {
            let values = headers.get_all(name).iter();
            let values = values.filter_map(|value| value.to_str().ok());
            let mut listed = values.flat_map(|value| value.split(','));
            listed.any(|value| value.trim() == sign)
        };
        if any(&VARY, "*") {
            return None;
        }
        let mut bound = Self {
            fresh: Duration::MAX,
            stale: Duration::MAX,
        };
        let mut is_aged = false;
        for value in headers.get_all(CACHE_CONTROL) {
            // What cannot be read may forbid anything.
            for (name, value) in directives(value.to_str().ok()?) {
                // An invalid time is none at all.
                let time = || Duration::from_secs(value.trim_matches('"').parse().unwrap_or(0));
                match name.to_ascii_lowercase().as_str() {
                    "no-store" | "no-cache" => return None,
                    "must-revalidate" => bound.stale = Duration::ZERO,
                    "stale-if-error" => bound.stale = bound.stale.min(time()),
                    "max-age" => {
                        bound.fresh = bound.fresh.min(time());
                        is_aged = true;
                    }
                    _ => {}
                }
            }
        }
        if !is_aged && let Some(expires) = headers.get(EXPIRES) {
            let date = |text: Option<&str>| httpdate::parse_http_date(text?).ok();
            let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
            let from = date(text(DATE)).or_else(|| now.try_into().ok());
            let until = date(expires.to_str().ok());
            bound.fresh = from
                .zip(until)
                .and_then(|(from, until)| until.duration_since(from).ok())
                .unwrap_or_default();
        }
        Some(bound)
    }
}

/// How old a response is on its arrival, as it says.
pub(super) fn age(headers: &HeaderMap) -> Duration {
    let age = headers.get(AGE).and_then(|age| age.to_str().ok());
    let seconds = age.and_then(|age| age.trim().parse().ok());
    Duration::from_secs(seconds.unwrap_or_default())
}

/// The names and values of the directives of a `Cache-Control`.
fn directives(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut quoted = false;
    let parts = text.split(move |c| {
        quoted ^= c == '"';
        c == ',' && !quoted
    });
    parts.map(|part| {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        (name.trim(), value.trim())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn bound(pairs: &[(&'static str, &str)]) -> Option<(u64, u64)> {
        let headers = pairs
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()))
            .collect();
        let now = "2024-01-15T10:30:00Z".parse().unwrap();
        Bound::of(&headers, now).map(|bound| (bound.fresh.as_secs(), bound.stale.as_secs()))
    }

    #[test]
    fn the_server_bounds_what_is_kept() {
        const MAX: u64 = u64::MAX;
        for (control, expected) in [
            ("", Some((MAX, MAX))),
            ("private, max-age=60", Some((60, MAX))),
            ("MAX-AGE=\"60\", max-age=30", Some((30, MAX))),
            ("max-age=soon", Some((0, MAX))),
            ("max-age=-1", Some((0, MAX))),
            ("s-maxage=1", Some((MAX, MAX))),
            ("max-age=60, must-revalidate", Some((60, 0))),
            ("stale-if-error=5", Some((MAX, 5))),
            ("no-store", None),
            ("max-age=60, No-Store", None),
            ("no-cache", None),
            ("no-cache=\"set-cookie\"", None),
            // Within quotes, it is the name of a header.
            ("private=\"x, no-store\"", Some((MAX, MAX))),
        ] {
            assert_eq!(bound(&[("cache-control", control)]), expected, "{control}");
        }
        let two = [
            ("cache-control", "max-age=60"),
            ("cache-control", "no-store"),
        ];
        let mut headers = HeaderMap::new();
        for (name, value) in two {
            headers.append(name, value.parse().unwrap());
        }
        assert_eq!(Bound::of(&headers, Timestamp::UNIX_EPOCH), None);
        assert_eq!(bound(&[("vary", "*")]), None);
        assert_eq!(bound(&[("vary", "accept")]), Some((MAX, MAX)));
    }

    #[test]
    fn a_date_of_expiry_counts_from_that_of_the_response() {
        let (date, later) = (
            "Mon, 15 Jan 2024 10:00:00 GMT",
            "Mon, 15 Jan 2024 10:31:00 GMT",
        );
        let fresh = |pairs: &[_]| bound(pairs).unwrap().0;
        assert_eq!(fresh(&[("expires", later)]), 60);
        assert_eq!(fresh(&[("expires", later), ("date", date)]), 31 * 60);
        assert_eq!(fresh(&[("expires", date)]), 0);
        assert_eq!(fresh(&[("expires", "0")]), 0);
        assert_eq!(
            fresh(&[("expires", date), ("cache-control", "max-age=9")]),
            9
        );
    }

    #[test]
    fn a_response_is_fresh_then_stale_and_then_over() {
        let lifetimes = Lifetimes {
            fresh: SECOND * 10,
            stale: SECOND * 5,
        };
        assert_eq!(lifetimes.at(SECOND * 9), At::Fresh(SECOND));
        assert_eq!(lifetimes.at(SECOND * 10), At::Stale(Duration::ZERO));
        assert_eq!(lifetimes.at(SECOND * 14), At::Stale(SECOND * 4));
        assert_eq!(lifetimes.at(SECOND * 15), At::Over);
        assert_eq!(Lifetimes::default().at(Duration::ZERO), At::Over);
    }
}

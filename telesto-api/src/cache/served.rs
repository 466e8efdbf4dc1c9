//! What a response says of the cache: `Age` and `Cache-Status` (RFC 9211).

use std::fmt::Write as _;
use std::time::Duration;

use reqwest::header::{AGE, HeaderMap, HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};

use super::lifetime;
use crate::{Error, ErrorKind};

/// The name of this cache, as `Cache-Status` has it.
const NAME: &str = "telesto-api";

const CACHE_STATUS: HeaderName = HeaderName::from_static("cache-status");

/// Where a response comes from: from the server just now, or from the
/// [cache](crate::Cache).
///
/// ```no_run
/// # async fn example(client: &telesto_api::Client) -> Result<(), telesto_api::Error> {
/// use telesto_api::Served;
///
/// let products = client.list_products().await?;
/// if let Served::Stale { age } = Served::of(products.headers()) {
///     println!("as of {} minutes ago", age.as_secs() / 60);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Served {
    /// The server has sent it in response to this call, or to one at the same
    /// time.
    Fresh,
    /// From the cache, as fresh as the client asks for.
    Cached {
        /// How long ago the server was asked for it, in whole seconds.
        age: Duration,
    },
    /// From the cache, and older than that, because the server could not be asked.
    Stale {
        /// How long ago the server was asked for it, in whole seconds.
        age: Duration,
    },
}

impl Served {
    /// Reads the headers of a response. One without a cache is fresh.
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Self {
        let members = headers.get_all(CACHE_STATUS).iter();
        let members = members.filter_map(|value| value.to_str().ok());
        // Ours is the last one.
        let ours = members.rev().find_map(|member| member.strip_prefix(NAME));
        let has = |parameter: &str| {
            let mut parameters = ours.into_iter().flat_map(|ours| ours.split("; "));
            parameters.any(|found| found.starts_with(parameter))
        };
        let age = lifetime::age(headers);
        match (has("hit"), has("ttl=-")) {
            (false, _) => Self::Fresh,
            (true, false) => Self::Cached { age },
            (true, true) => Self::Stale { age },
        }
    }

    /// How old the response is, in whole seconds: zero if it is fresh.
    #[must_use]
    pub fn age(&self) -> Duration {
        match self {
            Self::Fresh => Duration::ZERO,
            Self::Cached { age } | Self::Stale { age } => *age,
        }
    }
}

/// How a call got its response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum How {
    /// From the cache, where it is fresh for so much longer.
    Hit(Duration),
    /// From the cache, where it has been stale for so long; the server could not be
    /// asked for this reason.
    Stale(Duration, Reason),
    /// From the server.
    Forwarded {
        /// Why the cache had none.
        why: Why,
        /// Whether another call made the request.
        collapsed: bool,
        /// Whether it is kept.
        stored: bool,
    },
}

/// Why the server could not be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Reason {
    RateLimited,
    Timeout,
    Unreachable,
    ServerError,
    /// The budget cannot be read or written.
    Budget,
}

impl Reason {
    /// The reason that an error is; `None` if the server was asked, and has refused.
    pub(super) fn of(error: &Error) -> Option<Self> {
        match error.kind() {
            ErrorKind::RateLimited => Some(Self::RateLimited),
            ErrorKind::Timeout => Some(Self::Timeout),
            ErrorKind::Transport => Some(Self::Unreachable),
            ErrorKind::Server => Some(Self::ServerError),
            ErrorKind::Budget => Some(Self::Budget),
            _ => None,
        }
    }

    /// Whether the next call would find the same.
    pub(super) fn is_of_the_server(self) -> bool {
        matches!(self, Self::Timeout | Self::Unreachable | Self::ServerError)
    }

    fn token(self) -> &'static str {
        match self {
            Self::RateLimited => "rate-limited",
            Self::Timeout => "timeout",
            Self::Unreachable => "unreachable",
            Self::ServerError => "server-error",
            Self::Budget => "budget",
        }
    }
}

/// Why the server was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    Missing,
    Stale,
    /// The caller asked for it.
    Demanded,
}

impl How {
    /// Writes it to the headers of a response, with its age if the cache has served
    /// it.
    pub(super) fn write(self, headers: &mut HeaderMap, age: Duration) {
        let mut status = String::with_capacity(64);
        status.push_str(NAME);
        let written = match self {
            Self::Hit(left) => write!(status, "; hit; ttl={}", left.as_secs()),
            // Not a zero, which has no sign.
            Self::Stale(over, reason) => write!(
                status,
                "; hit; ttl=-{}; detail={}",
                over.as_secs().max(1),
                reason.token()
            ),
            Self::Forwarded {
                why,
                collapsed,
                stored,
            } => {
                let why = match why {
                    Why::Missing => "uri-miss",
                    Why::Stale => "stale",
                    Why::Demanded => "request",
                };
                let flag = |set: bool, name| if set { name } else { "" };
                let stored = flag(stored, "; stored");
                write!(
                    status,
                    "; fwd={why}{stored}{}",
                    flag(collapsed, "; collapsed")
                )
            }
        };
        if written.is_ok()
            && let Ok(status) = HeaderValue::try_from(status)
        {
            headers.append(CACHE_STATUS, status);
        }
        if !matches!(self, Self::Forwarded { .. }) {
            headers.insert(AGE, HeaderValue::from(age.as_secs()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(how: How) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(CACHE_STATUS, HeaderValue::from_static("edge; hit; ttl=5"));
        how.write(&mut headers, Duration::from_millis(90_500));
        headers
    }

    #[test]
    fn what_is_written_is_read() {
        let age = Duration::from_secs(90);
        let second = Duration::from_secs(1);
        let stale = How::Stale(Duration::ZERO, Reason::RateLimited);
        for (how, shown, served) in [
            (
                How::Hit(second * 30),
                "telesto-api; hit; ttl=30",
                Served::Cached { age },
            ),
            (
                stale,
                "telesto-api; hit; ttl=-1; detail=rate-limited",
                Served::Stale { age },
            ),
            (
                How::Forwarded {
                    why: Why::Missing,
                    collapsed: true,
                    stored: true,
                },
                "telesto-api; fwd=uri-miss; stored; collapsed",
                Served::Fresh,
            ),
        ] {
            let headers = headers(how);
            let last = headers.get_all(CACHE_STATUS).iter().next_back();
            assert_eq!(last.unwrap(), shown);
            assert_eq!(Served::of(&headers), served, "{shown}");
        }
        // Without ours, what others say does not count.
        let others = [(CACHE_STATUS, HeaderValue::from_static("edge; hit; ttl=-5"))];
        assert_eq!(Served::of(&others.into_iter().collect()), Served::Fresh);
    }
}

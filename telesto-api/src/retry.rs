//! Trying again, where that cannot make anything worse.

use std::time::Duration;

use jiff::Timestamp;
use reqwest::StatusCode;

use crate::clock::Clock;
use crate::{Error, ErrorKind, random};

/// Which failed requests are sent again, and how often.
///
/// A request is sent again if the server may be there in a moment, and if it does no harm
/// that the first one may have arrived:
///
/// | The first one | idempotent: `GET`, `HEAD`, `PUT`, `DELETE` | others: `POST`, `PATCH` |
/// |---|---|---|
/// | could not connect | again | again |
/// | lost its connection, or ran out of time | again | |
/// | met a 502, 503, 504, or a 408 | again | |
/// | met a 500 | again, once | |
/// | anything else, such as a 429 | | |
///
/// A `POST` or a `PATCH` is idempotent if the spec says so, with `x-idempotent`; see
/// [`Operation::is_idempotent`](crate::Operation::is_idempotent).
///
/// In between there is a random pause below half a second, then below a second, and so on
/// (exponential backoff with full jitter), or as long as the server asks with `Retry-After`.
///
/// Each attempt takes a slot of the [budget](crate::Budget), and obeys
/// [`keep_back`](crate::ClientBuilder::keep_back). None waits for a slot: if there is none, the
/// call ends with the error that it has. All attempts, with the pauses, have the
/// [timeout](crate::ClientBuilder::timeout) of the call; one that has used it up is the last,
/// unless [`attempt_timeout`](Self::attempt_timeout) ends it before.
///
/// ```
/// use std::time::Duration;
/// use telesto_api::{Client, Retry};
///
/// # fn main() -> Result<(), telesto_api::Error> {
/// let client = Client::builder()
///     .api_key("YOUR_API_KEY")
///     .retry(Retry::default().attempts(5).attempt_timeout(Duration::from_secs(10)))
///     .build()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct Retry {
    attempts: u32,
    first_pause: Duration,
    longest_pause: Duration,
    attempt_timeout: Option<Duration>,
}

impl Default for Retry {
    /// At most three attempts, with pauses of at most half a second and a second.
    fn default() -> Self {
        Self {
            attempts: 3,
            first_pause: Duration::from_millis(500),
            longest_pause: Duration::from_secs(10),
            attempt_timeout: None,
        }
    }
}

impl Retry {
    /// Each request is sent once.
    pub fn off() -> Self {
        Self::default().attempts(1)
    }

    /// How often a request is tried in all: with 1, and with 0, it is tried once.
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts.max(1);
        self
    }

    /// How long the first pause may be, which doubles each time, and how long any: half a
    /// second, and ten, by default.
    pub fn pauses(mut self, first: Duration, longest: Duration) -> Self {
        self.first_pause = first;
        self.longest_pause = longest;
        self
    }

    /// How long an attempt may take, so that there is time for another one. By default, one
    /// may take all the time of the call.
    pub fn attempt_timeout(mut self, timeout: Duration) -> Self {
        self.attempt_timeout = Some(timeout);
        self
    }

    /// How long an attempt may take of the time that is left.
    pub(crate) fn timeout(&self, left: Duration) -> Duration {
        self.attempt_timeout
            .map_or(left, |timeout| timeout.min(left))
    }

    /// How long to pause before another attempt after this one, counted from 1; `None` if
    /// there is to be none.
    pub(crate) fn pause(
        &self,
        error: &Error,
        is_idempotent: bool,
        attempt: u32,
        clock: &dyn Clock,
    ) -> Option<Duration> {
        let is_worth_it = match (error.kind(), error.status()) {
            (ErrorKind::Transport, _) if error.never_left() => true,
            _ if !is_idempotent => false,
            (ErrorKind::Transport | ErrorKind::Timeout, _) => true,
            (_, Some(StatusCode::INTERNAL_SERVER_ERROR)) => attempt == 1,
            (_, Some(status)) => matches!(
                status,
                StatusCode::BAD_GATEWAY
                    | StatusCode::SERVICE_UNAVAILABLE
                    | StatusCode::GATEWAY_TIMEOUT
            ),
            _ => false,
        };
        if !is_worth_it || attempt >= self.attempts {
            return None;
        }
        let doubled = 2u32.saturating_pow(attempt - 1);
        let longest = self
            .first_pause
            .saturating_mul(doubled)
            .min(self.longest_pause);
        let asked = error.retry_at().map(|at| until(at, clock));
        Some(random::below(longest).max(asked.unwrap_or_default()))
    }
}

/// The attempts of a call.
#[derive(Debug, Default)]
pub(crate) struct Attempts {
    failed: u32,
    may_have_acted: bool,
}

impl Attempts {
    /// The number of the attempt that is under way, counted from 1.
    pub(crate) fn number(&self) -> u32 {
        self.failed + 1
    }

    /// Another attempt has failed. Its error tells of all of them.
    pub(crate) fn failed(&mut self, error: Error) -> Error {
        self.failed += 1;
        let error = error.after_attempts(self.failed, self.may_have_acted);
        self.may_have_acted = error.may_have_acted();
        error
    }
}

fn until(at: Timestamp, clock: &dyn Clock) -> Duration {
    at.duration_since(clock.wall())
        .try_into()
        .unwrap_or_default()
}

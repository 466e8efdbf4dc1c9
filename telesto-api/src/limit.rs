//! The rate limit, and what a call does when it is reached.

use std::time::Duration;

use crate::Error;

/// The rate limit of an IP address: `requests` within any `window`, and a
/// block of `lockout` for one request more.
///
/// The default is what the [spec](https://telesto.app/nl/help/section?id=143)
/// documents: 100 requests an hour, 15 minutes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct RateLimit {
    requests: u32,
    window: Duration,
    lockout: Duration,
}

impl RateLimit {
    /// A limit of `requests` within any `window`, with a block of `lockout`
    /// for one request more.
    ///
    /// # Errors
    ///
    /// [`Config`](crate::ErrorKind::Config) if `requests` or the window is zero,
    /// or if the window or the lockout is longer than a year.
    ///
    /// ```
    /// use std::time::Duration;
    /// use telesto_api::RateLimit;
    ///
    /// let half = RateLimit::new(50, Duration::from_secs(3600), Duration::from_secs(900))?;
    /// assert_eq!(half.requests(), 50);
    /// # Ok::<(), telesto_api::Error>(())
    /// ```
    pub fn new(requests: u32, window: Duration, lockout: Duration) -> Result<Self, Error> {
        const YEAR: Duration = Duration::from_secs(366 * 24 * 3600);
        if requests == 0 {
            return Err(Error::config("a rate limit must allow at least 1 request"));
        }
        if window.is_zero() {
            return Err(Error::config("the window of a rate limit cannot be zero"));
        }
        if window > YEAR || lockout > YEAR {
            return Err(Error::config(
                "the window or the lockout of a rate limit is longer than a year",
            ));
        }
        Ok(Self::of_spec(requests, window, lockout))
    }

    /// For the limit of the spec, which the generator has checked.
    pub(crate) const fn of_spec(requests: u32, window: Duration, lockout: Duration) -> Self {
        Self {
            requests,
            window,
            lockout,
        }
    }

    /// How many requests fit into any window.
    #[must_use]
    pub const fn requests(&self) -> u32 {
        self.requests
    }

    /// The length of the window.
    #[must_use]
    pub const fn window(&self) -> Duration {
        self.window
    }

    /// How long the server blocks an address after one request more.
    #[must_use]
    pub const fn lockout(&self) -> Duration {
        self.lockout
    }
}

impl Default for RateLimit {
    fn default() -> Self {
        crate::generated::spec::RATE_LIMIT
    }
}

/// What a call does when the budget is spent or the address is locked out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnLimit {
    /// Fails at once with [`RateLimited`](crate::ErrorKind::RateLimited);
    /// [`retry_at`](Error::retry_at) says when a call can be sent.
    #[default]
    Fail,
    /// Waits until the call can be sent, which may take as long as the window
    /// or the lockout.
    Wait,
    /// Waits for at most this long, for all requests of the call together if it
    /// is redirected; fails at once if it is known that this is not enough.
    WaitAtMost(Duration),
}

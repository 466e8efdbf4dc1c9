//! How many requests the server allows, and what to do at the limit.

use std::time::Duration;

use crate::Error;

/// What the server allows an IP address: `requests` within any `window`, and a
/// block of `lockout` for one request too many.
///
/// The default is what the [spec](https://telesto.app/nl/help/section?id=143)
/// documents: 100 requests an hour, 15 minutes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RateLimit {
    requests: u32,
    window: Duration,
    lockout: Duration,
}

impl RateLimit {
    /// A limit of `requests` within any `window`, with a block of `lockout`
    /// for one request too many.
    ///
    /// # Errors
    ///
    /// [`Config`](crate::ErrorKind::Config) if there are no requests, if the
    /// window is empty, or if the window or the lockout is longer than a year.
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
            return Err(Error::config("a rate limit of no requests sends nothing"));
        }
        if window.is_zero() {
            return Err(Error::config("the window of a rate limit is empty"));
        }
        if window > YEAR || lockout > YEAR {
            return Err(Error::config(
                "the window or the lockout of a rate limit is longer than a year",
            ));
        }
        Ok(Self::of_spec(requests, window, lockout))
    }

    /// For the constants of the spec, which the generator has checked.
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

    /// How long the server blocks an address that has sent one too many.
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
    /// Fails at once with [`RateLimited`](crate::ErrorKind::RateLimited),
    /// whose [`retry_at`](Error::retry_at) tells when a call can be sent.
    #[default]
    Fail,
    /// Waits until the call can be sent, which may take as long as the window
    /// or the lockout.
    Wait,
    /// Waits for this long at most, and fails at once where it is clear that
    /// this is not enough.
    WaitAtMost(Duration),
}

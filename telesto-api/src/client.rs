//! Building a client, and what it offers beside the operations of the spec.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use progenitor_client::ClientInfo as _;
use reqwest::Method;
use reqwest::header::{HeaderName, HeaderValue};
use secrecy::SecretString;

use crate::api_key::ApiKey;
use crate::base_url::BaseUrl;
use crate::budget::{Budget, BudgetStatus};
#[cfg(feature = "cache")]
use crate::cache::{Cache, CacheStats, Link, Owner};
use crate::call::Freshness;
use crate::clock::{Clock, SystemClock};
use crate::compression;
use crate::connections::Connections;
use crate::error::root_cause;
use crate::generated::{Client, spec};
use crate::middleware::{Middleware, OnWait, Settings, connect_timeout};
use crate::request::RequestBuilder;
use crate::{Error, OnLimit, RateLimit, Retry, Wait};

impl Client {
    /// A builder for a client. Only the key is required.
    ///
    /// ```
    /// # fn main() -> Result<(), telesto_api::Error> {
    /// let client = telesto_api::Client::builder().api_key("YOUR_API_KEY").build()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn builder() -> ClientBuilder {
        ClientBuilder::new()
    }

    /// A client with the settings of the environment, such as the key in
    /// `TELESTO_API_KEY`: [`ClientBuilder::from_env`] lists them.
    ///
    /// # Errors
    ///
    /// [`Config`](crate::ErrorKind::Config) if there is no key, and those of
    /// [`ClientBuilder::build`].
    pub fn from_env() -> Result<Self, Error> {
        ClientBuilder::from_env()?.build()
    }

    /// How much of the budget is left, and whether the address is locked out.
    /// Nothing is sent.
    ///
    /// # Errors
    ///
    /// [`Budget`](crate::ErrorKind::Budget) if the budget is kept
    /// [on the host](Budget::on_host) or in Redis, and cannot be read.
    pub async fn budget(&self) -> Result<BudgetStatus, Error> {
        let settings = self.inner().settings();
        settings.account.status().await
    }

    /// This client for calls that must have what the server says now: they are not
    /// served by the cache, and do not share a request that was sent before. Their
    /// responses are kept for other calls. Without a cache, all calls are like this.
    ///
    /// A single call says it by itself: `client.list_products().fresh()`.
    ///
    /// ```no_run
    /// # async fn example(client: &telesto_api::Client) -> Result<(), telesto_api::Error> {
    /// let now = client.fresh();
    /// let products = now.list_products().await?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn fresh(&self) -> Self {
        self.with(Freshness::Fresh)
    }

    /// This client for calls that take a stale response of the cache rather than wait
    /// for the rate limit, whatever [`OnLimit`] says. Without a stale response, they
    /// wait.
    ///
    /// A single call says it by itself: `client.list_products().allow_stale()`.
    #[must_use]
    pub fn allow_stale(&self) -> Self {
        self.with(Freshness::AllowStale)
    }

    fn with(&self, freshness: Freshness) -> Self {
        Self {
            inner: self.inner().with(freshness),
            ..self.clone()
        }
    }

    /// How often the [cache](Cache) of this client has spared a request: all zero
    /// without a cache.
    #[cfg(feature = "cache")]
    #[must_use]
    pub fn cache_stats(&self) -> CacheStats {
        let cache = self.inner().settings().cache.as_ref();
        cache.map(Link::stats).unwrap_or_default()
    }

    /// A request for an endpoint that is not in the spec, with a path below the
    /// base URL. It has the same authentication, limits, errors and decoding as
    /// every other call.
    ///
    /// ```no_run
    /// # async fn example(client: &telesto_api::Client) -> Result<(), telesto_api::Error> {
    /// use telesto_api::Method;
    ///
    /// let products = client.request(Method::GET, "/products").send().await?;
    /// println!("{}", products[0]["name"]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder<'_> {
        RequestBuilder::new(self, method, path)
    }
}

/// Builds a [`Client`]. Every setting but the key has a default, from the spec
/// where the spec states one.
#[must_use = "nothing is built before `build`"]
pub struct ClientBuilder {
    api_key: Option<SecretString>,
    base_url: String,
    api_key_header: String,
    rate_limit: RateLimit,
    on_limit: OnLimit,
    keep_back: u32,
    on_wait: OnWait,
    budget: Option<Budget>,
    #[cfg(feature = "cache")]
    cache: Option<Cache>,
    clock: Arc<dyn Clock>,
    timeout: Duration,
    retry: Retry,
    body_limit: usize,
    allow_plain_http: bool,
    user_agent: String,
    configure_http: Vec<ConfigureHttp>,
}

type ConfigureHttp = Box<dyn Fn(reqwest::ClientBuilder) -> reqwest::ClientBuilder + Send + Sync>;

impl ClientBuilder {
    pub(crate) fn new() -> Self {
        Self {
            api_key: None,
            base_url: spec::BASE_URL.to_owned(),
            api_key_header: spec::API_KEY_HEADER.to_owned(),
            rate_limit: RateLimit::default(),
            on_limit: OnLimit::default(),
            keep_back: 0,
            on_wait: OnWait::default(),
            budget: None,
            #[cfg(feature = "cache")]
            cache: None,
            clock: Arc::new(SystemClock),
            timeout: Duration::from_secs(60),
            retry: Retry::default(),
            body_limit: 64 * 1024 * 1024,
            allow_plain_http: false,
            user_agent: concat!("telesto-api/", env!("CARGO_PKG_VERSION")).to_owned(),
            configure_http: Vec::new(),
        }
    }

    /// The API key, as Telesto's support handed it out.
    pub fn api_key(mut self, key: impl Into<SecretString>) -> Self {
        self.api_key = Some(key.into());
        self
    }

    /// The URL that the paths of the operations are appended to. It starts with
    /// `https://`; `http://` is accepted only for this machine, or with
    /// [`danger_allow_plain_http`](Self::danger_allow_plain_http).
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.base_url = url.into();
        self
    }

    /// Accepts a base URL with `http://` for any host. The key then goes over the
    /// network unencrypted, for everybody in between to read: for test networks,
    /// such as that of a `docker-compose` with a mock server, and never with a key
    /// of Telesto.
    ///
    /// ```
    /// # fn main() -> Result<(), telesto_api::Error> {
    /// let client = telesto_api::Client::builder()
    ///     .api_key("any")
    ///     .base_url("http://telesto-mock:8100/v2")
    ///     .danger_allow_plain_http()
    ///     .build()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn danger_allow_plain_http(mut self) -> Self {
        self.allow_plain_http = true;
        self
    }

    /// Names your program in the `User-Agent` of every request, after this crate,
    /// such as `my-shop/1.2`.
    pub fn user_agent_suffix(mut self, suffix: impl fmt::Display) -> Self {
        self.user_agent = format!("{} {suffix}", self.user_agent);
        self
    }

    /// Configures the HTTP client: proxies, certificates, DNS and the like. A client has
    /// connections of its own in each tokio runtime that it is used in, so `configure` is
    /// cloned for each.
    ///
    /// The client's own settings are applied afterwards, so that the key goes
    /// where it may go, and every request is counted: redirects and retries of
    /// reqwest stay off, and requests to this machine go through no proxy.
    /// [`timeout`](Self::timeout) sets the timeouts.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use telesto_api::{Client, reqwest};
    ///
    /// let proxy = reqwest::Proxy::https("http://proxy.example:3128")?;
    /// let client = Client::builder()
    ///     .api_key("YOUR_API_KEY")
    ///     .configure_http(|http| http.proxy(proxy).pool_max_idle_per_host(1))
    ///     .build()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn configure_http(
        mut self,
        configure: impl FnOnce(reqwest::ClientBuilder) -> reqwest::ClientBuilder
        + Clone
        + Send
        + Sync
        + 'static,
    ) -> Self {
        let configure = move |http| configure.clone()(http);
        self.configure_http.push(Box::new(configure));
        self
    }

    /// The name of the header that carries the key.
    pub fn api_key_header(mut self, name: impl Into<String>) -> Self {
        self.api_key_header = name.into();
        self
    }

    /// The rate limit to keep to, such as a part of the documented one if others
    /// share the address.
    pub fn rate_limit(mut self, limit: RateLimit) -> Self {
        self.rate_limit = limit;
        self
    }

    /// What a call does when the budget is spent or the address is locked out.
    /// By default it fails.
    pub fn on_limit(mut self, on_limit: OnLimit) -> Self {
        self.on_limit = on_limit;
        self
    }

    /// Leaves this many requests of every window to other clients of the budget,
    /// so that a nightly job cannot starve a web shop, say. By default none.
    pub fn keep_back(mut self, requests: u32) -> Self {
        self.keep_back = requests;
        self
    }

    /// Calls `on_wait` when a call starts to wait, such as to show it to a
    /// person. The function must not block.
    ///
    /// ```
    /// # fn main() -> Result<(), telesto_api::Error> {
    /// use telesto_api::{Client, OnLimit};
    ///
    /// let client = Client::builder()
    ///     .api_key("YOUR_API_KEY")
    ///     .on_limit(OnLimit::Wait)
    ///     .on_wait(|wait| eprintln!("waiting for {} until {}", wait.reason(), wait.until()))
    ///     .build()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn on_wait(mut self, on_wait: impl Fn(&Wait) + Send + Sync + 'static) -> Self {
        self.on_wait = OnWait::new(on_wait);
        self
    }

    /// Where the count of sent requests is kept. By default, all clients of the
    /// process share one budget.
    pub fn budget(mut self, budget: impl Into<Budget>) -> Self {
        self.budget = Some(budget.into());
        self
    }

    /// Where responses are kept to be served again. By default, none are.
    #[cfg(feature = "cache")]
    pub fn cache(mut self, cache: Cache) -> Self {
        self.cache = Some(cache);
        self
    }

    /// The clock to use, such as a [`ManualClock`](crate::ManualClock) in tests.
    ///
    /// Times of different clocks cannot be compared. So a client with a clock
    /// other than [`SystemClock`] has a new [`Budget`], unless it is given one;
    /// and all clients of a budget need the same clock.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// How long a request may take, until the end of its response: 60 seconds by
    /// default. Waiting for the rate limit does not count. A response that is read
    /// as a stream may take longer in all, but no part of it.
    ///
    /// Connecting may take half of it, and at most 10 seconds. A request that
    /// cannot connect spends nothing, and is a
    /// [`Transport`](crate::ErrorKind::Transport) error. A call can have a timeout
    /// of its own: `client.list_products().timeout(…)`. If it is shorter than the
    /// time to connect, a call that ends while it connects counts as sent.
    ///
    /// A call notices late that its time is over if its runtime has one thread only, and a
    /// task keeps that thread. The connection is such a task while the server sends interim
    /// responses (1xx) without a pause. Runtimes of several threads are not affected.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Which failed requests are sent again, and how often: by default, those of which it
    /// does no harm, up to twice. See [`Retry`].
    pub fn retry(mut self, retry: Retry) -> Self {
        self.retry = retry;
        self
    }

    /// The largest response that is accepted, in bytes: 64 MiB by default. A
    /// response that is read as a stream may have any size.
    pub fn body_limit(mut self, bytes: usize) -> Self {
        self.body_limit = bytes;
        self
    }

    /// Builds the client. Nothing is sent.
    ///
    /// # Errors
    ///
    /// [`Config`](crate::ErrorKind::Config) if the key is missing or malformed,
    /// if nothing is left to send of the rate limit, if the clock is not that of
    /// the budget, if the base URL is invalid, would send the key unencrypted or holds
    /// credentials, if the name of the header is invalid, if the timeout is zero, or
    /// if the HTTP client cannot be set up as configured.
    pub fn build(self) -> Result<Client, Error> {
        let api_key = self
            .api_key
            .ok_or_else(|| Error::config("no API key: pass the one that Telesto's support sent"))?;
        let api_key = ApiKey::new(api_key)?;
        // Somebody may have passed the key as the URL.
        let base_url = BaseUrl::new(&self.base_url, self.allow_plain_http)
            .map_err(|error| error.map_texts(|text| api_key.redact(text)))?;
        let api_key_header = HeaderName::try_from(self.api_key_header.as_str()).map_err(|_| {
            Error::config(
                "`api_key_header` is not a valid header name: it has letters, digits and hyphens, \
                 as in `Authorization`",
            )
        })?;
        if self.timeout.is_zero() {
            return Err(Error::config("the timeout is zero"));
        }
        let user_agent = HeaderValue::try_from(&self.user_agent).map_err(|_| {
            Error::config(
                "`user_agent_suffix` has a line break or another control character: write it as \
                 in `my-shop/1.2`",
            )
        })?;
        let (connections, http) = Connections::new({
            let (base_url, configure, timeout) =
                (base_url.clone(), self.configure_http, self.timeout);
            move || http_client(&base_url, timeout, &user_agent, &configure)
        })?;
        let budget = self.budget;
        let budget = budget.unwrap_or_else(|| Budget::default_for(&self.clock));
        let account = budget.account(
            &base_url.origin(),
            &self.clock,
            self.rate_limit,
            self.keep_back,
        )?;
        #[cfg(feature = "cache")]
        let owner = Owner::new(&api_key, &base_url.origin());
        #[cfg(feature = "cache")]
        let cache = self.cache.map(|cache| cache.link(owner, &self.clock));
        Ok(Client {
            baseurl: base_url.as_str().to_owned(),
            client: http,
            inner: Middleware::new(Settings {
                account,
                connections,
                #[cfg(feature = "cache")]
                cache: cache.transpose()?,
                #[cfg(feature = "cache")]
                owner,
                base_url,
                api_key,
                api_key_header,
                on_limit: self.on_limit,
                on_wait: self.on_wait,
                timeout: self.timeout,
                retry: self.retry,
                body_limit: self.body_limit,
                clock: self.clock,
            }),
        })
    }
}

/// A client that sends each request once. Redirects and retries spend requests,
/// so the middleware handles them.
fn http_client(
    base_url: &BaseUrl,
    timeout: Duration,
    user_agent: &HeaderValue,
    configure: &[ConfigureHttp],
) -> Result<reqwest::Client, Error> {
    let http = configure.iter().fold(
        compression::accept(reqwest::Client::builder()),
        |http, configure| configure(http),
    );
    let mut http = http
        .user_agent(user_agent)
        .https_only(base_url.is_https())
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        // It would write the key into the log.
        .connection_verbose(false)
        // Shorter than the whole, so that it is known that nothing was sent.
        .connect_timeout(connect_timeout(timeout));
    if base_url.is_loopback() {
        // A proxy is another machine.
        http = http.no_proxy();
    }
    http.build().map_err(|error| {
        let error = error.without_url();
        let message = format!("cannot set up the HTTP client: {}", root_cause(&error));
        Error::config(message).with_source(error)
    })
}

impl fmt::Debug for ClientBuilder {
    /// Without the key, and without the URL, which may hold credentials by mistake.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ClientBuilder")
            .field("rate_limit", &self.rate_limit)
            .field("on_limit", &self.on_limit)
            .field("timeout", &self.timeout)
            .field("retry", &self.retry)
            .field("body_limit", &self.body_limit)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_that_sends_nothing_or_never_ends_is_refused() {
        let second = Duration::from_secs(1);
        for (requests, window, lockout) in [
            (0, second, second),
            (1, Duration::ZERO, second),
            (1, Duration::MAX, second),
            (1, second, Duration::MAX),
        ] {
            assert!(
                RateLimit::new(requests, window, lockout)
                    .unwrap_err()
                    .is_config()
            );
        }
        assert_eq!(
            RateLimit::new(1, second, Duration::ZERO)
                .unwrap()
                .requests(),
            1
        );
    }
}

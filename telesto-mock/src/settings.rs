//! The settings of a mock server, and how it starts.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use axum::Router;
use telesto_gen::Document;
use telesto_gen::spec::Spec;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::check::Schemas;
use crate::fault::{Fault, Faulty, Peer};
use crate::limiter::{Limiter, RateLimit, Window};
use crate::operation::Operation;
use crate::response::Response;
use crate::serve::{self, Errors, OnRequest, Running};
use crate::server::{MockServer, RecordedRequest};

/// The key that the mock server accepts unless it is given another.
pub const DEFAULT_API_KEY: &str = "telesto-mock-key";

/// The `Retry-After` of a 429. Telesto does not document that there is one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RetryAfter {
    /// Not at all.
    #[default]
    None,
    /// `Retry-After` in seconds.
    Seconds,
    /// `Retry-After` as an HTTP date.
    HttpDate,
}

/// The settings of a [`MockServer`].
#[must_use = "nothing is served before `start`"]
pub struct MockServerBuilder {
    spec: String,
    api_key: String,
    pro_plan: bool,
    rate: Option<(u32, Duration)>,
    lockout: Option<Duration>,
    window: Window,
    extend_block: bool,
    keep_count: bool,
    empty_429: bool,
    retry_after: RetryAfter,
    now: Arc<dyn Fn() -> SystemTime + Send + Sync>,
    responses: Vec<(String, Response)>,
    delay: Duration,
    checks: bool,
    fault: Option<Fault>,
    listen: SocketAddr,
    on_request: Option<OnRequest>,
}

impl MockServerBuilder {
    pub(crate) fn new(spec: &str) -> Self {
        Self {
            spec: spec.to_owned(),
            api_key: DEFAULT_API_KEY.to_owned(),
            pro_plan: true,
            rate: None,
            lockout: None,
            window: Window::default(),
            extend_block: false,
            keep_count: false,
            empty_429: false,
            retry_after: RetryAfter::default(),
            now: Arc::new(SystemTime::now),
            responses: Vec::new(),
            delay: Duration::ZERO,
            checks: true,
            fault: None,
            listen: (Ipv4Addr::LOCALHOST, 0).into(),
            on_request: None,
        }
    }

    /// The key that is accepted.
    pub fn api_key(mut self, key: impl Into<String>) -> Self {
        self.api_key = key.into();
        self
    }

    /// Whether the account has the plan that the API needs. Without it, every
    /// request with the right key gets a 403.
    pub fn pro_plan(mut self, has_it: bool) -> Self {
        self.pro_plan = has_it;
        self
    }

    /// The limit, to replace the one of the spec.
    pub fn rate_limit(self, limit: RateLimit) -> Self {
        self.rate(limit.requests, limit.window)
            .lockout(limit.lockout)
    }

    /// How many requests a window of this length allows, to replace what the
    /// spec says.
    pub fn rate(mut self, requests: u32, window: Duration) -> Self {
        self.rate = Some((requests, window));
        self
    }

    /// How long an address is blocked, to replace what the spec says.
    pub fn lockout(mut self, lockout: Duration) -> Self {
        self.lockout = Some(lockout);
        self
    }

    /// The shape of the window.
    pub fn window(mut self, window: Window) -> Self {
        self.window = window;
        self
    }

    /// Whether a request during a block restarts the block.
    pub fn extend_block(mut self, extend: bool) -> Self {
        self.extend_block = extend;
        self
    }

    /// Whether requests before a block still count after it. If not, the count
    /// starts at zero.
    pub fn keep_count(mut self, keep: bool) -> Self {
        self.keep_count = keep;
        self
    }

    /// Whether a 429 has an empty body instead of the envelope.
    pub fn empty_429(mut self, empty: bool) -> Self {
        self.empty_429 = empty;
        self
    }

    /// The `Retry-After` of a 429.
    pub fn retry_after(mut self, form: RetryAfter) -> Self {
        self.retry_after = form;
        self
    }

    /// The clock that requests are counted by.
    pub fn now(mut self, now: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.now = Arc::new(now);
        self
    }

    /// The response of an operation, to replace the one of the spec.
    pub fn response(mut self, operation_id: impl Into<String>, response: Response) -> Self {
        self.responses.push((operation_id.into(), response));
        self
    }

    /// How long every response takes.
    pub fn delay(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// Whether parameters and bodies are checked against the spec, as they are by
    /// default. What does not fit gets a 400 that says why.
    pub fn check_requests(mut self, check: bool) -> Self {
        self.checks = check;
        self
    }

    /// Has the connection of every response fail. The requests are counted all the
    /// same. [`Response::fault`] is for a single response.
    pub fn fault(mut self, fault: Fault) -> Self {
        self.fault = Some(fault);
        self
    }

    /// The address to listen on; by default a free port of this machine alone.
    pub fn listen(mut self, address: SocketAddr) -> Self {
        self.listen = address;
        self
    }

    /// Calls `told` with every request and its status, such as to log it.
    pub fn on_request(mut self, told: impl Fn(&RecordedRequest) + Send + Sync + 'static) -> Self {
        self.on_request = Some(Arc::new(told));
        self
    }

    fn limit(&self, spec: &Spec<'_>) -> Option<RateLimit> {
        let of_spec = spec.rate_limit();
        let (requests, window) = self
            .rate
            .or(of_spec.map(|limit| (limit.requests, limit.window)))?;
        let lockout = self.lockout.or(of_spec.map(|limit| limit.lockout))?;
        Some(RateLimit {
            requests,
            window,
            lockout,
        })
    }

    /// Starts the server.
    ///
    /// # Errors
    ///
    /// If the spec cannot be served or has no limit, if a response is invalid or
    /// for an unknown operation, or if the address cannot be listened on.
    pub async fn start(self) -> Result<MockServer, StartError> {
        let document = Document::parse("spec", self.spec.clone())
            .map_err(|findings| StartError::Spec(findings.to_string()))?;
        let spec = Spec::of(&document);
        let limit = self.limit(&spec).ok_or(StartError::NoRateLimit)?;
        let mut schemas = Schemas::default();
        let operations = Operation::all(&spec, &mut schemas);
        let limiter = Limiter::new(limit, self.window)
            .extend_block(self.extend_block)
            .keep_count(self.keep_count);
        let mut state = Running {
            base_path: base_path(spec.server().unwrap_or_default()).to_owned(),
            // Header names are in lowercase here.
            api_key_header: spec
                .api_key_header()
                .unwrap_or("authorization")
                .to_ascii_lowercase(),
            limiter: Mutex::new(limiter),
            errors: Errors::of(&spec, self.empty_429),
            responses: Mutex::new(HashMap::new()),
            seen: Mutex::default(),
            api_key: self.api_key,
            pro_plan: self.pro_plan,
            retry_after: self.retry_after,
            now: self.now,
            delay: self.delay,
            on_request: self.on_request,
            checks: self.checks,
            fault: self.fault,
            schemas,
            operations,
        };
        for (id, response) in self.responses {
            state.check_response(&id, &response)?;
            let responses = state
                .responses
                .get_mut()
                .unwrap_or_else(PoisonError::into_inner);
            responses.insert(id, response);
        }
        let at = |source| StartError::Listen {
            address: self.listen,
            source,
        };
        let listener = TcpListener::bind(self.listen).await.map_err(at)?;
        let address = listener.local_addr().map_err(at)?;
        let state = Arc::new(state);
        let app = Router::new()
            .fallback(serve::serve)
            .with_state(Arc::clone(&state))
            .into_make_service_with_connect_info::<Peer>();
        let (stop, stopped) = oneshot::channel::<()>();
        let server = tokio::spawn(async move {
            let stopped = async {
                // `stop` was called, or the server was dropped.
                let _ = stopped.await;
            };
            let _ = axum::serve(Faulty(listener), app)
                .with_graceful_shutdown(stopped)
                .await;
        });
        Ok(MockServer {
            address,
            limit,
            state,
            stop: Some(stop),
            server: Some(server),
        })
    }
}

impl fmt::Debug for MockServerBuilder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("MockServerBuilder")
            .field("rate", &self.rate)
            .field("lockout", &self.lockout)
            .field("window", &self.window)
            .field("listen", &self.listen)
            .finish_non_exhaustive()
    }
}

/// Why the mock server does not start, or refuses a response.
#[derive(Debug)]
#[non_exhaustive]
pub enum StartError {
    /// The spec is not an OpenAPI document. The text says where and why.
    Spec(String),
    /// Neither the spec nor the builder has a limit.
    NoRateLimit,
    /// The spec has no operation with this id.
    UnknownOperation(String),
    /// The response to this operation cannot be sent. The text says why.
    Response(String, String),
    /// The address cannot be listened on.
    Listen {
        /// Which address.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
}

impl fmt::Display for StartError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Spec(reason) => formatter.write_str(reason),
            Self::NoRateLimit => formatter.write_str(
                "the spec has no `x-rate-limit` with requests, window and lockout: add it, or set a limit",
            ),
            Self::UnknownOperation(id) => write!(formatter, "the spec has no operation `{id}`"),
            Self::Response(id, reason) => write!(formatter, "the response to `{id}` cannot be sent: {reason}"),
            Self::Listen { address, source } => write!(formatter, "cannot listen on {address}: {source}"),
        }
    }
}

impl std::error::Error for StartError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Listen { source, .. } => Some(source),
            _ => None,
        }
    }
}

/// The path of a URL, without a slash at its end.
fn base_path(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let path = rest.find('/').map_or("", |slash| &rest[slash..]);
    path.trim_end_matches('/')
}

//! The server: settings, counters, and the handling of a request.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use axum::Router;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse as _;
use bytes::Bytes;
use telesto_gen::Document;
use telesto_gen::spec::Spec;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::limiter::{Limiter, RateLimit, Verdict, Window};
use crate::operation::{self, Operation};
use crate::response::Response;

/// The key that the mock server accepts unless it is given another.
pub const DEFAULT_API_KEY: &str = "telesto-mock-key";

/// The spec that is shipped, as `cargo xtask codegen` has copied it.
const SHIPPED: &str = include_str!("generated/telesto.yaml");

/// Bodies up to this size are recorded.
const MAX_BODY: usize = 16 * 1024 * 1024;

/// How many requests are recorded.
const MAX_RECORDED: usize = 10_000;

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
    listen: SocketAddr,
    on_request: Option<OnRequest>,
}

/// Called with every request and its status.
type OnRequest = Arc<dyn Fn(&RecordedRequest) + Send + Sync>;

impl MockServerBuilder {
    fn new(spec: &str) -> Self {
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
        let operations = Operation::all(&spec);
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
            .fallback(serve)
            .with_state(Arc::clone(&state))
            .into_make_service_with_connect_info::<SocketAddr>();
        let (stop, stopped) = oneshot::channel::<()>();
        let server = tokio::spawn(async move {
            let stopped = async {
                // `stop` was called, or the server was dropped.
                let _ = stopped.await;
            };
            let _ = axum::serve(listener, app)
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
    /// The spec is not an OpenAPI 3.0 document. The text says where and why.
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

/// The number of requests, by outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Got the response of an operation.
    pub served: u64,
    /// Got a 429.
    pub refused: u64,
    /// Got a 401.
    pub unauthorized: u64,
    /// Got a 403, for the plan.
    pub forbidden: u64,
    /// Got a 404: no operation has this method and path.
    pub not_found: u64,
}

/// A request as it was received, without the key.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct RecordedRequest {
    /// When it was counted, by the clock of the mock server.
    pub when: SystemTime,
    /// Its method.
    pub method: String,
    /// Its path and query.
    pub path_and_query: String,
    /// The operation that it is for, if there is one.
    pub operation_id: Option<String>,
    /// Its headers, without the one that carries the key.
    pub headers: Vec<(String, String)>,
    /// Its body.
    pub body: Bytes,
    /// Whether it came with the right key.
    pub key_is_right: bool,
    /// The status of the response.
    pub status: u16,
}

/// A running mock server. It stops when it is dropped.
pub struct MockServer {
    address: SocketAddr,
    limit: RateLimit,
    state: Arc<Running>,
    stop: Option<oneshot::Sender<()>>,
    server: Option<JoinHandle<()>>,
}

impl MockServer {
    /// A builder for a mock server of the shipped spec.
    pub fn builder() -> MockServerBuilder {
        MockServerBuilder::new(SHIPPED)
    }

    /// A builder for a mock server of another spec, an OpenAPI 3.0 document in
    /// YAML.
    pub fn builder_for(spec: &str) -> MockServerBuilder {
        MockServerBuilder::new(spec)
    }

    /// Its base URL, with the path of the spec's server.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}{}", self.address, self.state.base_path)
    }

    /// The address that it listens on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The key that it accepts.
    #[must_use]
    pub fn api_key(&self) -> &str {
        &self.state.api_key
    }

    /// The limit that it keeps.
    #[must_use]
    pub fn rate_limit(&self) -> RateLimit {
        self.limit
    }

    /// What it serves, sorted by paths.
    #[must_use]
    pub fn operations(&self) -> &[Operation] {
        &self.state.operations
    }

    /// The number of requests, by outcome.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.state.seen().stats
    }

    /// The last 10,000 requests, in the order in which they were counted.
    #[must_use]
    pub fn requests(&self) -> Vec<RecordedRequest> {
        self.state.seen().requests.iter().cloned().collect()
    }

    /// Sets the response of an operation, from now on.
    ///
    /// # Errors
    ///
    /// If the spec has no such operation, or the response cannot be sent.
    pub fn set_response(&self, operation_id: &str, response: Response) -> Result<(), StartError> {
        self.state.check_response(operation_id, &response)?;
        let mut responses = lock(&self.state.responses);
        responses.insert(operation_id.to_owned(), response);
        Ok(())
    }

    /// Stops it, after the requests that are under way.
    pub async fn stop(mut self) {
        self.stop.take();
        if let Some(server) = self.server.take() {
            let _ = server.await;
        }
    }
}

impl fmt::Debug for MockServer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("MockServer")
            .field("address", &self.address)
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}

/// What all requests share.
struct Running {
    base_path: String,
    api_key_header: String,
    api_key: String,
    pro_plan: bool,
    retry_after: RetryAfter,
    now: Arc<dyn Fn() -> SystemTime + Send + Sync>,
    delay: Duration,
    on_request: Option<OnRequest>,
    operations: Vec<Operation>,
    errors: Errors,
    limiter: Mutex<Limiter>,
    responses: Mutex<HashMap<String, Response>>,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    stats: Stats,
    requests: VecDeque<RecordedRequest>,
}

/// The responses that are errors.
struct Errors {
    unauthorized: Response,
    forbidden: Response,
    not_found: Response,
    too_many_requests: Response,
}

impl Errors {
    /// The examples of the spec, or the documented envelope.
    fn of(spec: &Spec<'_>, empty_429: bool) -> Self {
        let error = |status, kind, description| match operation::error_example(spec, status) {
            Some(example) => Response::json(status, &example),
            None => Response::error(status, kind, description),
        };
        Self {
            unauthorized: error(401, "UNAUTHORIZED", "Invalid API key"),
            forbidden: error(403, "FORBIDDEN", "Pro plan required"),
            not_found: error(404, "NOT_FOUND", "Not found"),
            too_many_requests: match empty_429 {
                true => Response::empty(429),
                false => error(
                    429,
                    "TOO_MANY_REQUESTS",
                    "Too many requests, wait 15 minutes",
                ),
            },
        }
    }
}

impl Running {
    fn seen(&self) -> MutexGuard<'_, Seen> {
        lock(&self.seen)
    }

    fn check_response(&self, id: &str, response: &Response) -> Result<(), StartError> {
        if self.operations.iter().all(|operation| operation.id != id) {
            return Err(StartError::UnknownOperation(id.to_owned()));
        }
        match response.defect() {
            Some(reason) => Err(StartError::Response(id.to_owned(), reason)),
            None => Ok(()),
        }
    }

    /// The operation that a request is for.
    fn operation(&self, method: &str, path: &str) -> Option<&Operation> {
        let path = path.strip_prefix(&self.base_path)?;
        let candidates = self
            .operations
            .iter()
            .filter(|operation| operation.method == method);
        candidates
            .filter_map(|operation| Some((operation::matches(&operation.path, path)?, operation)))
            .max_by_key(|(literal, _)| *literal)
            .map(|(_, operation)| operation)
    }

    /// The response to a request: the limit is checked first, then the key, the
    /// plan and the path.
    fn response(
        &self,
        verdict: Verdict,
        key_is_right: bool,
        operation: Option<&Operation>,
        now: SystemTime,
    ) -> (Response, fn(&mut Stats) -> &mut u64) {
        if let Verdict::Refused { until, .. } = verdict {
            let response = self.errors.too_many_requests.clone();
            return (self.with_retry_after(response, until, now), |stats| {
                &mut stats.refused
            });
        }
        if !key_is_right {
            return (self.errors.unauthorized.clone(), |stats| {
                &mut stats.unauthorized
            });
        }
        if !self.pro_plan {
            return (self.errors.forbidden.clone(), |stats| &mut stats.forbidden);
        }
        let Some(operation) = operation else {
            return (self.errors.not_found.clone(), |stats| &mut stats.not_found);
        };
        let told = lock(&self.responses).get(&operation.id).cloned();
        (
            told.unwrap_or_else(|| operation.response.clone()),
            |stats| &mut stats.served,
        )
    }

    fn with_retry_after(&self, response: Response, until: SystemTime, now: SystemTime) -> Response {
        let wait = until.duration_since(now).unwrap_or_default();
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        match self.retry_after {
            RetryAfter::None => response,
            RetryAfter::Seconds => response.header("retry-after", seconds.to_string()),
            RetryAfter::HttpDate => {
                let until = now + Duration::from_secs(seconds);
                response.header("retry-after", httpdate::fmt_http_date(until))
            }
        }
    }
}

/// The path of a URL, without a slash at its end.
fn base_path(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let path = rest.find('/').map_or("", |slash| &rest[slash..]);
    path.trim_end_matches('/')
}

/// Handles a request.
async fn serve(
    State(state): State<Arc<Running>>,
    ConnectInfo(client): ConnectInfo<SocketAddr>,
    request: Request,
) -> axum::response::Response {
    let (parts, body) = request.into_parts();
    // Counted before its body is read, as servers do to protect themselves.
    let (now, verdict) = {
        let mut limiter = lock(&state.limiter);
        let now = (state.now)();
        (now, limiter.request(client.ip(), now))
    };
    let method = parts.method.as_str();
    let path = parts.uri.path();
    let operation = state.operation(method, path);
    let key = parts.headers.get(&state.api_key_header);
    let key_is_right = key.is_some_and(|key| key.as_bytes() == state.api_key.as_bytes());
    let (response, counter) = state.response(verdict, key_is_right, operation, now);
    let recorded = RecordedRequest {
        when: now,
        method: method.to_owned(),
        path_and_query: parts.uri.to_string(),
        operation_id: operation.map(|operation| operation.id.clone()),
        headers: headers(&parts.headers, &state.api_key_header),
        body: axum::body::to_bytes(body, MAX_BODY)
            .await
            .unwrap_or_default(),
        key_is_right,
        status: response.status,
    };
    if !state.delay.is_zero() {
        tokio::time::sleep(state.delay).await;
    }
    if let Some(on_request) = &state.on_request {
        on_request(&recorded);
    }
    let mut seen = state.seen();
    *counter(&mut seen.stats) += 1;
    if seen.requests.len() == MAX_RECORDED {
        seen.requests.pop_front();
    }
    seen.requests.push_back(recorded);
    drop(seen);
    let mut response = response.into_response();
    if method == "HEAD" && response.status() != StatusCode::NO_CONTENT {
        *response.body_mut() = axum::body::Body::empty();
    }
    response
}

fn headers(headers: &HeaderMap, api_key_header: &str) -> Vec<(String, String)> {
    let shown = headers
        .iter()
        .filter(|(name, _)| name.as_str() != api_key_header);
    shown
        .map(|(name, value)| {
            (
                name.to_string(),
                String::from_utf8_lossy(value.as_bytes()).into_owned(),
            )
        })
        .collect()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

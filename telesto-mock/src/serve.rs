//! The handling of a request.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse as _;
use telesto_gen::spec::Spec;

use crate::check::{Received, Schemas};
use crate::fault::{Fault, Peer};
use crate::limiter::{Limiter, Verdict};
use crate::operation::{self, Operation};
use crate::response::Response;
use crate::server::{RecordedRequest, Stats};
use crate::settings::{RetryAfter, StartError};
use crate::template;

/// Bodies up to this size are recorded.
const MAX_BODY: usize = 16 * 1024 * 1024;

/// How many requests are recorded, and how many bytes of bodies in all.
const MAX_RECORDED: usize = 10_000;
const MAX_RECORDED_BYTES: usize = 64 * 1024 * 1024;

/// Called with every request and its status.
pub(crate) type OnRequest = Arc<dyn Fn(&RecordedRequest) + Send + Sync>;

/// What all requests share.
pub(crate) struct Running {
    pub(crate) base_path: String,
    pub(crate) api_key_header: String,
    pub(crate) api_key: String,
    pub(crate) pro_plan: bool,
    pub(crate) retry_after: RetryAfter,
    pub(crate) now: Arc<dyn Fn() -> SystemTime + Send + Sync>,
    pub(crate) delay: Duration,
    pub(crate) on_request: Option<OnRequest>,
    pub(crate) operations: Vec<Operation>,
    pub(crate) schemas: Schemas,
    /// Whether requests are checked against the spec.
    pub(crate) checks: bool,
    pub(crate) fault: Option<Fault>,
    pub(crate) errors: Errors,
    pub(crate) limiter: Mutex<Limiter>,
    pub(crate) responses: Mutex<HashMap<String, Response>>,
    pub(crate) seen: Mutex<Seen>,
}

#[derive(Default)]
pub(crate) struct Seen {
    pub(crate) stats: Stats,
    pub(crate) requests: VecDeque<RecordedRequest>,
    /// How many bytes the bodies of the requests take.
    bytes: usize,
}

impl Seen {
    /// Records a request. The oldest ones go if they are too many, or too large.
    fn record(&mut self, request: RecordedRequest) {
        self.bytes += request.body.len();
        self.requests.push_back(request);
        while self.requests.len() > MAX_RECORDED || self.bytes > MAX_RECORDED_BYTES {
            let Some(oldest) = self.requests.pop_front() else {
                return;
            };
            self.bytes -= oldest.body.len();
        }
    }
}

/// The responses that are errors.
pub(crate) struct Errors {
    unauthorized: Response,
    forbidden: Response,
    not_found: Response,
    too_many_requests: Response,
}

impl Errors {
    /// The examples of the spec, or the documented envelope.
    pub(crate) fn of(spec: &Spec<'_>, empty_429: bool) -> Self {
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
    pub(crate) fn seen(&self) -> MutexGuard<'_, Seen> {
        lock(&self.seen)
    }

    pub(crate) fn check_response(&self, id: &str, response: &Response) -> Result<(), StartError> {
        if self.operations.iter().all(|operation| operation.id != id) {
            return Err(StartError::UnknownOperation(id.to_owned()));
        }
        match response.defect() {
            Some(reason) => Err(StartError::Response(id.to_owned(), reason)),
            None => Ok(()),
        }
    }

    /// The operation that a request is for, or else the methods that its path has.
    ///
    /// Several may have the best path: then it is the one that the request fits.
    fn operation(&self, method: &str, request: &Received<'_>) -> Result<&Operation, Vec<&str>> {
        let fits = |operation: &&Operation| template::matches(&operation.path, request.path);
        let known = self.operations.iter().filter(|known| fits(known).is_some());
        let of_method = known.clone().filter(|known| known.method == method);
        let best = of_method.clone().filter_map(|known| fits(&known)).max();
        let best: Vec<&Operation> = of_method.filter(|known| fits(known) == best).collect();
        let takes = |known: &&&Operation| known.checks.check(request, &self.schemas).is_ok();
        match best[..] {
            [] => Err(known.map(|known| known.method.as_str()).collect()),
            // The request is checked later.
            [only] => Ok(only),
            [first, ..] => Ok(best.iter().find(takes).unwrap_or(&first)),
        }
    }

    /// The response to a request: the limit is checked first, then the key, the
    /// plan, the path, the method, and what is sent.
    fn response(
        &self,
        verdict: Verdict,
        key_is_right: bool,
        operation: Result<&Operation, Vec<&str>>,
        request: &Received<'_>,
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
        let operation = match operation {
            Ok(operation) => operation,
            Err(known) if known.is_empty() => {
                return (self.errors.not_found.clone(), |stats| &mut stats.not_found);
            }
            Err(known) => {
                let known = known.join(", ");
                let description = format!("this path has {known}");
                let refused = Response::error(405, "METHOD_NOT_ALLOWED", &description);
                return (refused.header("allow", known), |stats| {
                    &mut stats.method_not_allowed
                });
            }
        };
        if let (true, Err(reason)) = (self.checks, operation.checks.check(request, &self.schemas)) {
            let refused = Response::error(400, "BAD_REQUEST", &reason);
            return (refused, |stats| &mut stats.bad_request);
        }
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

/// Handles a request.
pub(crate) async fn serve(
    State(state): State<Arc<Running>>,
    ConnectInfo(client): ConnectInfo<Peer>,
    request: Request,
) -> axum::response::Response {
    let (parts, body) = request.into_parts();
    // Counted before its body is read, as servers do to protect themselves.
    let (now, verdict) = {
        let mut limiter = lock(&state.limiter);
        let now = (state.now)();
        (now, limiter.request(client.address.ip(), now))
    };
    let body = axum::body::to_bytes(body, MAX_BODY).await;
    let body = body.unwrap_or_default();
    let method = parts.method.as_str();
    let path = parts.uri.path();
    let received = Received {
        path: path.strip_prefix(&state.base_path).unwrap_or_default(),
        query: parts.uri.query().unwrap_or_default(),
        headers: &parts.headers,
        body: &body,
    };
    let operation = state.operation(method, &received);
    let key = parts.headers.get(&state.api_key_header);
    let key_is_right = key.is_some_and(|key| key.as_bytes() == state.api_key.as_bytes());
    let operation_id = operation.as_ref().ok().map(|known| known.id.clone());
    let (response, counter) = state.response(verdict, key_is_right, operation, &received, now);
    let recorded = RecordedRequest {
        when: now,
        method: method.to_owned(),
        path_and_query: parts.uri.to_string(),
        operation_id,
        headers: headers(&parts.headers, &state.api_key_header),
        body,
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
    seen.record(recorded);
    drop(seen);
    client.fail(response.fault.or(state.fault), response.body.len());
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

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

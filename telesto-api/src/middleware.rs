//! The path of a request: what happens between a generated `send()` and the
//! server, the same for every operation.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use reqwest::header::{
    ACCEPT, ACCEPT_ENCODING, CONTENT_TYPE, DATE, HeaderMap, HeaderName, HeaderValue, LOCATION,
    RANGE, RETRY_AFTER,
};
use reqwest::{Request, Response, StatusCode};
use tokio::time::Instant;
use tracing::Instrument as _;

use crate::api_key::ApiKey;
use crate::base_url::BaseUrl;
use crate::budget::{Account, NotReserved, Reservation};
#[cfg(feature = "cache")]
use crate::cache::{self, Link, Owner};
use crate::call::Freshness;
use crate::clock::Clock;
use crate::compression::decompress;
use crate::connections::Connections;
use crate::operation::{Call, Returns};
use crate::outcome::{self, Received};
use crate::retry::Attempts;
use crate::{Error, ErrorKind, OnLimit, Retry, Wait, trace};

/// How many redirects a call follows. Each spends a request.
const MAX_REDIRECTS: usize = 5;

/// The steps that every call of a client shares.
#[derive(Clone, Debug)]
pub(crate) struct Middleware {
    settings: Arc<Settings>,
    #[cfg_attr(
        not(feature = "cache"),
        expect(dead_code, reason = "only a cache asks")
    )]
    freshness: Freshness,
}

#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) base_url: BaseUrl,
    pub(crate) api_key: ApiKey,
    pub(crate) api_key_header: HeaderName,
    pub(crate) on_limit: OnLimit,
    pub(crate) on_wait: OnWait,
    pub(crate) account: Account,
    pub(crate) connections: Connections,
    pub(crate) timeout: Duration,
    pub(crate) retry: Retry,
    pub(crate) body_limit: usize,
    pub(crate) clock: Arc<dyn Clock>,
    #[cfg(feature = "cache")]
    pub(crate) cache: Option<Link>,
    #[cfg(feature = "cache")]
    pub(crate) owner: Owner,
}

/// The function that is called when a call starts to wait.
#[derive(Clone, Default)]
pub(crate) struct OnWait(Option<Arc<Callback>>);

type Callback = dyn Fn(&Wait) + Send + Sync;

impl OnWait {
    pub(crate) fn new(callback: impl Fn(&Wait) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(callback)))
    }

    pub(crate) fn call(&self, wait: &Wait) {
        if let Some(callback) = &self.0 {
            callback(wait);
        }
    }
}

impl fmt::Debug for OnWait {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("OnWait")
    }
}

/// A response, as far as its head, whose request has a slot of the budget.
pub(crate) struct Arrived {
    pub(crate) response: Response,
    /// How long to wait for a part of its body that is read as a stream.
    pub(crate) timeout: Duration,
    /// Whether a part of a body would do.
    pub(crate) asks_for_range: bool,
    pub(crate) slot: Slot,
}

/// What has become of the slot of a request that was responded to.
pub(crate) enum Slot {
    /// The response may still state a 429.
    Reserved(Reservation),
    /// The response is no success. If it is a 429, the address is locked out
    /// until then.
    Settled(Option<Timestamp>),
}

/// A call that has begun.
#[cfg_attr(
    feature = "cache",
    expect(
        clippy::large_enum_variant,
        reason = "it is taken apart where it is made"
    )
)]
pub(crate) enum Begun<'a> {
    /// It has ended already.
    #[cfg(feature = "cache")]
    Served(Received),
    /// It goes on. It is on the heap, so that a call that ends at once does not carry
    /// along what this needs.
    Sends(Pin<Box<dyn Future<Output = Result<Received, Error>> + Send + 'a>>),
}

impl<'a> Begun<'a> {
    pub(crate) fn sends(
        sending: impl Future<Output = Result<Received, Error>> + Send + 'a,
    ) -> Self {
        Self::Sends(Box::pin(sending))
    }
}

impl Middleware {
    pub(crate) fn new(settings: Settings) -> Self {
        Self {
            settings: Arc::new(settings),
            freshness: Freshness::default(),
        }
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The same, for calls that accept other responses of the cache.
    pub(crate) fn with(&self, freshness: Freshness) -> Self {
        Self {
            settings: Arc::clone(&self.settings),
            freshness,
        }
    }

    /// Sends a request through all steps. The response is a success; its body
    /// has been read, unless the call reads it as a stream.
    pub(crate) async fn send(
        &self,
        request: Request,
        call: Call<'_>,
        freshness: Freshness,
    ) -> Result<Received, Error> {
        let span = trace::span(&request, call);
        let begun = span.in_scope(|| self.begin(request, call, freshness));
        let result = match begun {
            #[cfg(feature = "cache")]
            Ok(Begun::Served(received)) => Ok(received),
            Ok(Begun::Sends(sending)) => sending.instrument(span.clone()).await,
            Err(error) => Err(error),
        };
        let result = result.map_err(|error| error.of(call.name));
        trace::record(&span, &result);
        Ok(Received { span, ..result? })
    }

    /// Begins a call, which may end at once.
    fn begin<'a>(
        &'a self,
        request: Request,
        call: Call<'a>,
        #[cfg_attr(
            not(feature = "cache"),
            expect(unused_variables, reason = "only a cache asks")
        )]
        freshness: Freshness,
    ) -> Result<Begun<'a>, Error> {
        let request = self.prepared(request, call)?;
        let deadline = self.deadline();
        #[cfg(feature = "cache")]
        let begun = cache::begin(self, request, call, self.accepted(freshness), deadline);
        #[cfg(not(feature = "cache"))]
        let begun = {
            let retry = self.settings.retry;
            Begun::sends(self.forward(request, call, deadline, retry))
        };
        Ok(begun)
    }

    /// Which responses of the cache a call accepts that asks for this.
    #[cfg(feature = "cache")]
    fn accepted(&self, freshness: Freshness) -> Freshness {
        match freshness {
            Freshness::Usual => self.freshness,
            asked => asked,
        }
    }

    /// The request with what every one of the call has.
    fn prepared(&self, mut request: Request, call: Call<'_>) -> Result<Request, Error> {
        let timeout = request.timeout_mut().get_or_insert(self.settings.timeout);
        if timeout.is_zero() {
            return Err(Error::invalid_request("the timeout is zero"));
        }
        // Of an operation, the generated code sets it for the usual media type. Without
        // it, some servers redirect to a page instead of refusing.
        let is_known = !call.media_types.is_empty();
        if is_known || !request.headers().contains_key(ACCEPT) {
            let kinds = HeaderValue::try_from(accepted(call)).map_err(Error::invalid_request)?;
            request.headers_mut().insert(ACCEPT, kinds);
        }
        // That of a form with files has more to say than the type.
        let sent = request
            .headers()
            .get(CONTENT_TYPE)
            .map(HeaderValue::as_bytes);
        if let (Some(kind), Some(_)) = (call.sends, request.body())
            && !sent.is_some_and(|sent| sent.starts_with(kind.as_bytes()))
        {
            let kind = HeaderValue::try_from(kind).map_err(Error::invalid_request)?;
            request.headers_mut().insert(CONTENT_TYPE, kind);
        }
        Ok(request)
    }

    /// Until when a call that begins now waits for slots of the budget.
    fn deadline(&self) -> Option<Duration> {
        match self.settings.on_limit {
            OnLimit::Fail => Some(Duration::ZERO),
            OnLimit::Wait => None,
            OnLimit::WaitAtMost(wait) => {
                let now = self.settings.clock.monotonic();
                Some(now.saturating_add(wait))
            }
        }
    }

    /// Reserves a slot of the budget, sends the request, and retries it.
    pub(crate) async fn forward(
        &self,
        request: Request,
        call: Call<'_>,
        deadline: Option<Duration>,
        retry: Retry,
    ) -> Result<Received, Error> {
        let reservation = self.reserve(&request, deadline).await?;
        // On the heap, so that a call that waits for its slot does not carry it along.
        Box::pin(self.attempts(request, call, deadline, reservation, retry)).await
    }

    /// Sends a request with a slot that is reserved already, and retries it.
    pub(crate) async fn attempts(
        &self,
        mut request: Request,
        call: Call<'_>,
        deadline: Option<Duration>,
        mut reservation: Reservation,
        retry: Retry,
    ) -> Result<Received, Error> {
        let method = request.method().clone();
        let (start, time) = (Instant::now(), self.timeout(&request));
        let mut attempts = Attempts::default();
        loop {
            let left = time.saturating_sub(start.elapsed());
            *request.timeout_mut() = Some(retry.timeout(left));
            let copy = request.try_clone();
            let arrived = self.follow(request, copy.as_ref(), call, deadline, reservation);
            let result = match arrived.await {
                Ok(arrived) => outcome::of(self, arrived, &method, call).await,
                Err(error) => Err(error),
            };
            let error = match result {
                Ok(received) => {
                    return Ok(Received {
                        attempts: attempts.number(),
                        ..received
                    });
                }
                Err(error) => error,
            };
            let attempt = attempts.number();
            let error = attempts.failed(error);
            let pause = retry.pause(&error, call.is_idempotent, attempt, &*self.settings.clock);
            // To be cut off while it connects, a request counts as sent.
            let least = match error.never_left() {
                true => connect_timeout(self.settings.timeout),
                false => Duration::ZERO,
            };
            let left = time.saturating_sub(start.elapsed() + least);
            let (Some(copy), Some(pause)) = (copy, pause.filter(|pause| *pause < left)) else {
                return Err(error);
            };
            tokio::time::sleep(pause).await;
            request = copy;
            // A slot that it has to wait for, others need more.
            reservation = match self.reserve(&request, Some(Duration::ZERO)).await {
                Ok(reservation) => reservation,
                Err(_) => return Err(error),
            };
            trace::again(attempt, pause, &error);
        }
    }

    /// Sends a request, and follows redirects within the origin, with its `copy` if it has
    /// one.
    async fn follow(
        &self,
        first: Request,
        copy: Option<&Request>,
        call: Call<'_>,
        deadline: Option<Duration>,
        reserved: Reservation,
    ) -> Result<Arrived, Error> {
        let mut request = first;
        let mut reserved = Some(reserved);
        let time = self.timeout(&request);
        let mut left = time;
        for _ in 0..=MAX_REDIRECTS {
            let method = request.method().clone();
            let reservation = match reserved.take() {
                Some(reservation) => reservation,
                None => self.reserve(&request, deadline).await?,
            };
            let sent = Instant::now();
            let mut arrived = self.send_once(request, call, reservation).await?;
            if call.streams {
                // Each part of a stream has the whole time.
                arrived.timeout = time;
            }
            left = left.saturating_sub(sent.elapsed());
            let status = arrived.response.status();
            if !status.is_redirection() || status == StatusCode::NOT_MODIFIED {
                return Ok(arrived);
            }
            let location = text(arrived.response.headers(), &LOCATION);
            let target = self.settings.base_url.redirected(
                &method,
                arrived.response.url(),
                status.as_u16(),
                location,
            );
            request = match (target, copy.and_then(Request::try_clone)) {
                (Ok(_), Some(_)) if left.is_zero() => return Err(Error::timeout()),
                (Ok(target), Some(mut next)) => {
                    *next.url_mut() = target;
                    *next.timeout_mut() = Some(left);
                    next
                }
                (Ok(_), None) => return Err(not_followed(status, "cannot be sent twice")),
                (Err(reason), _) => {
                    let headers = arrived.response.headers();
                    let location = headers.get(LOCATION).map(HeaderValue::as_bytes);
                    if self.settings.api_key.is_hidden_in(location.unwrap_or(b"")) {
                        return Err(not_followed(status, "has the API key in its `Location`"));
                    }
                    return Err(not_followed(status, &self.redact(&reason)));
                }
            };
        }
        Err(Error::new(
            ErrorKind::Redirect,
            format!("more than {MAX_REDIRECTS} redirects"),
        ))
    }

    /// How long a request may take.
    pub(crate) fn timeout(&self, request: &Request) -> Duration {
        request.timeout().copied().unwrap_or(self.settings.timeout)
    }

    /// Takes a slot of the budget, or waits for one.
    async fn reserve(
        &self,
        request: &Request,
        deadline: Option<Duration>,
    ) -> Result<Reservation, Error> {
        let Settings {
            account, on_wait, ..
        } = &*self.settings;
        let reserved = account.reserve(deadline, self.timeout(request), |wait| on_wait.call(wait));
        reserved.await.map_err(not_sent)
    }

    /// Sends one request, which spends one of the budget.
    async fn send_once(
        &self,
        mut request: Request,
        call: Call<'_>,
        mut reservation: Reservation,
    ) -> Result<Arrived, Error> {
        let settings = &*self.settings;
        let timeout = self.timeout(&request);
        let asks_for_range = request.headers().contains_key(RANGE);
        let key = settings.api_key.header();
        request
            .headers_mut()
            .insert(settings.api_key_header.clone(), key);
        if asks_for_range {
            // A range of what is compressed could not be decompressed.
            let headers = request.headers_mut();
            let identity = HeaderValue::from_static("identity");
            headers.entry(ACCEPT_ENCODING).or_insert(identity);
        }
        if call.streams {
            // A stream may take as long as it goes on.
            *request.timeout_mut() = None;
        }
        let http = settings.connections.of_this_runtime()?;
        reservation.sent();
        let executed = http.execute(request);
        let executed = match call.streams {
            true => tokio::time::timeout(timeout, executed).await,
            false => Ok(executed.await),
        };
        let response = match executed {
            Ok(Ok(response)) => decompress(response),
            Ok(Err(error)) => {
                if error.is_connect() || error.is_builder() {
                    reservation.never_left();
                }
                return Err(Error::transport(error));
            }
            Err(_) => return Err(Error::timeout()),
        };
        let slot = match response.status() {
            StatusCode::TOO_MANY_REQUESTS => {
                let asked = self.asked(response.headers()).unwrap_or_default();
                Slot::Settled(Some(reservation.limited(asked).await))
            }
            status if status.is_success() => Slot::Reserved(reservation),
            _ => {
                reservation.responded().await;
                Slot::Settled(None)
            }
        };
        Ok(Arrived {
            response,
            timeout,
            asks_for_range,
            slot,
        })
    }

    /// A text of the server, with the key redacted.
    pub(crate) fn redact(&self, text: &str) -> String {
        self.settings.api_key.redact(text)
    }

    /// Redacts the key in the headers of a response.
    pub(crate) fn redact_headers(&self, headers: &mut HeaderMap) {
        self.settings.api_key.redact_headers(headers);
    }

    /// Whether the key is in a body.
    #[cfg(feature = "cache")]
    pub(crate) fn is_key_in(&self, body: &[u8]) -> bool {
        self.settings.api_key.is_in(body)
    }

    /// The error with what was received, with the key redacted.
    pub(crate) fn with_response(&self, error: Error, headers: &HeaderMap, body: Bytes) -> Error {
        let mut headers = headers.clone();
        self.redact_headers(&mut headers);
        error.with_response(headers, self.settings.api_key.redact_bytes(body))
    }

    /// How long the server asks to wait, if it does.
    pub(crate) fn asked(&self, headers: &HeaderMap) -> Option<Duration> {
        retry_after(headers, self.settings.clock.wall())
    }
}

/// What a call accepts.
fn accepted(call: Call<'_>) -> String {
    const JSON: &str = "application/json";
    let is_json = |kind: &&&str| kind.ends_with("json");
    let kinds: Vec<&str> = match call.returns {
        Returns::Bytes => call.media_types.to_vec(),
        Returns::Json if call.media_types.contains(&JSON) => vec![JSON],
        Returns::Json => call.media_types.iter().filter(is_json).copied().collect(),
        Returns::Nothing => vec![JSON],
    };
    match (kinds.is_empty(), call.returns) {
        (true, Returns::Bytes) => "*/*".to_owned(),
        (true, _) => JSON.to_owned(),
        (false, _) => kinds.join(", "),
    }
}

/// How long connecting may take, of the time that a request has.
pub(crate) fn connect_timeout(timeout: Duration) -> Duration {
    (timeout / 2).min(Duration::from_secs(10))
}

/// The error of a request that was held back.
pub(crate) fn not_sent(reason: NotReserved) -> Error {
    let (locked, retry_at) = match reason {
        NotReserved::Exhausted { locked, retry_at } => (locked, retry_at),
        NotReserved::Failed(error) => return error,
    };
    let message = if locked {
        "not sent: the address is locked out after too many requests"
    } else {
        "not sent: the rate limit is used up"
    };
    Error::new(ErrorKind::RateLimited, message).with_retry_at(Some(retry_at))
}

fn not_followed(status: StatusCode, reason: &str) -> Error {
    Error::new(
        ErrorKind::Redirect,
        format!("redirect not followed: it {reason}"),
    )
    .with_status(status)
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// How long the server asks to wait, given in seconds or as a date. A date is
/// compared with the server's clock, if the response has a `Date`. Values over
/// a day are capped.
fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    const LONGEST: Duration = Duration::from_secs(24 * 3600);
    let value = text(headers, &RETRY_AFTER)?.trim();
    let wait = if let Ok(seconds) = value.parse() {
        Duration::from_secs(seconds)
    } else {
        let until = httpdate::parse_http_date(value).ok()?;
        let now = text(headers, &DATE)
            .and_then(|date| httpdate::parse_http_date(date).ok())
            .or_else(|| now.try_into().ok())?;
        until.duration_since(now).ok()?
    };
    Some(wait.min(LONGEST))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait(pairs: &[(&'static str, &str)]) -> Option<u64> {
        let headers = pairs
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()))
            .collect();
        let now = "2024-01-15T10:30:00Z".parse().unwrap();
        retry_after(&headers, now).map(|wait| wait.as_secs())
    }

    #[test]
    fn retry_after_is_read_in_seconds_and_as_a_date() {
        assert_eq!(wait(&[("retry-after", "1200")]), Some(1200));
        let date = "Mon, 15 Jan 2024 10:50:00 GMT";
        assert_eq!(wait(&[("retry-after", date)]), Some(1200));
        let skewed = [
            ("retry-after", date),
            ("date", "Mon, 15 Jan 2024 10:49:00 GMT"),
        ];
        assert_eq!(wait(&skewed), Some(60));
    }

    #[test]
    fn an_invalid_retry_after_is_ignored() {
        assert_eq!(wait(&[]), None);
        assert_eq!(wait(&[("retry-after", "soon")]), None);
        assert_eq!(wait(&[("retry-after", "-5")]), None);
        assert_eq!(
            wait(&[("retry-after", "Mon, 15 Jan 2024 10:00:00 GMT")]),
            None
        );
        assert_eq!(wait(&[("retry-after", "99999999999")]), Some(86_400));
    }
}

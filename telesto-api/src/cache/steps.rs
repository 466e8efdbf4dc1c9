//! The steps of a call around the cache: what is read through it, and what changes
//! what it holds.

use std::time::Duration;

use reqwest::Request;
use tracing::{Instrument as _, Span};

use super::entry::Entry;
use super::read::Sending;
use super::writes::Write;
use crate::budget::Reservation;
use crate::call::Freshness;
use crate::middleware::Middleware;
use crate::operation::Call;
use crate::outcome::Received;
use crate::{Error, ErrorKind};

/// Sends a request that has been prepared: by way of the cache, if it is a read that
/// the cache is for.
pub(crate) async fn send(
    middleware: &Middleware,
    http: &reqwest::Client,
    request: Request,
    call: Call<'_>,
    freshness: Freshness,
    deadline: Option<Duration>,
) -> Result<Received, Error> {
    let settings = middleware.settings();
    if !request.method().is_safe() {
        let cache = settings.cache.as_ref().map(|cache| &cache.shared);
        let write = Write::new(&settings.owner, call.tags, cache);
        let sent = middleware.forward(http, request, call, deadline, None);
        let result = sent.await;
        match &result {
            Err(error) if is_refusal(error.kind()) => write.did_not_happen(),
            _ => write.happened().await,
        }
        return result;
    }
    let cache = settings.cache.as_ref();
    let read = cache.and_then(|cache| {
        let timeout = middleware.timeout(&request);
        let read = cache.read(&request, call, freshness, deadline, timeout)?;
        Some((cache, read))
    });
    let Some((cache, read)) = read else {
        return middleware
            .forward(http, request, call, deadline, None)
            .await;
    };
    let on_wait = |wait: &_| settings.on_wait.call(wait);
    let send = |reservation| entry(middleware, http, request, call, deadline, reservation);
    let shared = &cache.shared;
    shared.read(read, &settings.account, on_wait, send).await
}

/// Sends a request whose response may be kept. It goes on for as long as any call
/// waits for it.
fn entry(
    middleware: &Middleware,
    http: &reqwest::Client,
    request: Request,
    call: Call<'_>,
    deadline: Option<Duration>,
    reservation: Reservation,
) -> Sending {
    let (middleware, http) = (middleware.clone(), http.clone());
    let (name, nameless) = (call.name.to_owned(), call.without_name());
    let sending = async move {
        let call = Call {
            name: &name,
            ..nameless
        };
        let sent = middleware.forward(&http, request, call, deadline, Some(reservation));
        let received = sent.await.map_err(|error| error.of(&name))?;
        let holds_key = middleware.is_key_in(&received.body);
        let now = middleware.settings().clock.wall();
        Ok(Entry::new(received, now, !holds_key))
    };
    Box::pin(sending.instrument(Span::current()))
}

/// Whether a write that ends with this error did not happen, for certain.
fn is_refusal(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::Config
            | ErrorKind::InvalidRequest
            | ErrorKind::Unauthorized
            | ErrorKind::Forbidden
            | ErrorKind::NotFound
            | ErrorKind::RateLimited
            | ErrorKind::Rejected
            | ErrorKind::Budget
    )
}

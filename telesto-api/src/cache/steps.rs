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
use crate::middleware::{Begun, Middleware};
use crate::operation::Call;
use crate::outcome::Received;
use crate::{Error, Retry};

/// Begins a call with its request: by way of the cache, if it is a read that the cache
/// is for.
pub(crate) fn begin<'a>(
    middleware: &'a Middleware,
    request: Request,
    call: Call<'a>,
    freshness: Freshness,
    deadline: Option<Duration>,
) -> Begun<'a> {
    let settings = middleware.settings();
    let (cache, retry) = (settings.cache.as_ref(), settings.retry);
    if !request.method().is_safe() {
        return Begun::sends(write(middleware, request, call, deadline));
    }
    let read = cache.and_then(|cache| {
        let timeout = middleware.timeout(&request);
        let read = cache.read(&request, call, freshness, deadline, timeout)?;
        Some((&cache.shared, read))
    });
    match read {
        None => Begun::sends(middleware.forward(request, call, deadline, retry)),
        Some((shared, read)) => match shared.hit(&read) {
            Some(received) => Begun::Served(received),
            None => {
                let send = move |reservation, has_stale| {
                    // A request more, for what can be served already.
                    let retry = if has_stale { Retry::off() } else { retry };
                    entry(middleware, request, call, deadline, reservation, retry)
                };
                let on_wait = |wait: &_| settings.on_wait.call(wait);
                Begun::sends(shared.read(read, &settings.account, on_wait, send))
            }
        },
    }
}

/// Makes a request that may change what the cache holds.
async fn write(
    middleware: &Middleware,
    request: Request,
    call: Call<'_>,
    deadline: Option<Duration>,
) -> Result<Received, Error> {
    let settings = middleware.settings();
    let cache = settings.cache.as_ref().map(|cache| &cache.shared);
    let write = Write::new(&settings.owner, call.tags, cache);
    let sent = middleware.forward(request, call, deadline, settings.retry);
    let result = sent.await;
    write.ended(result.as_ref().err()).await;
    result
}

/// Sends a request whose response may be kept. It goes on for as long as any call
/// waits for it.
fn entry(
    middleware: &Middleware,
    request: Request,
    call: Call<'_>,
    deadline: Option<Duration>,
    reservation: Reservation,
    retry: Retry,
) -> Sending {
    let middleware = middleware.clone();
    let (name, nameless) = (call.name.to_owned(), call.without_name());
    let sending = async move {
        let call = Call {
            name: &name,
            ..nameless
        };
        let sent = middleware.attempts(request, call, deadline, reservation, retry);
        let received = sent.await.map_err(|error| error.of(&name))?;
        let holds_key = middleware.is_key_in(&received.body);
        let now = middleware.settings().clock.wall();
        Ok(Entry::new(received, now, !holds_key))
    };
    Box::pin(sending.instrument(Span::current()))
}

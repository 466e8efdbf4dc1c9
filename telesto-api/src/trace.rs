//! Spans, with the attribute names of OpenTelemetry for HTTP clients.

use std::time::Duration;

use reqwest::Request;
use tracing::{Span, field};

use crate::Error;
use crate::operation::Call;
use crate::outcome::Received;

/// The span of a call. It holds neither the key nor a body.
pub(crate) fn span(request: &Request, call: Call<'_>) -> Span {
    let url = request.url();
    let method = request.method().as_str();
    // Its fields are only evaluated if somebody listens.
    tracing::info_span!(
        target: "telesto_api",
        "call",
        otel.name = name(method, call),
        otel.kind = "client",
        otel.status_code = field::Empty,
        http.request.method = method,
        http.request.resend_count = field::Empty,
        http.response.status_code = field::Empty,
        url.full = url.as_str(),
        url.template = call.template,
        server.address = url.host_str(),
        server.port = url.port_or_known_default(),
        error.r#type = field::Empty,
        telesto.operation = call.name,
    )
}

fn name(method: &str, call: Call<'_>) -> String {
    match call.template {
        Some(template) => format!("{method} {template}"),
        None => method.to_owned(),
    }
}

/// Records that a request is sent again, after this attempt and a pause.
pub(crate) fn again(attempt: u32, pause: Duration, error: &Error) {
    Span::current().record("http.request.resend_count", attempt);
    tracing::info!(target: "telesto_api", attempt, ?pause, %error, "trying again");
}

/// Records how the call ended.
pub(crate) fn record(span: &Span, result: &Result<Received, Error>) {
    let status = match result {
        Ok(received) => Some(received.status),
        Err(error) => error.status(),
    };
    if let Some(status) = status {
        span.record("http.response.status_code", status.as_u16());
    }
    if let Err(error) = result {
        record_error(span, error);
    }
}

pub(crate) fn record_error(span: &Span, error: &Error) {
    span.record("otel.status_code", "ERROR");
    span.record("error.type", field::debug(error.kind()));
}

//! The mock server as a program.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, ValueEnum};
use telesto_gen::{Document, Findings, ReadError};
use telesto_mock::{
    DEFAULT_API_KEY, Fault, MockServer, MockServerBuilder, RecordedRequest, RetryAfter, Window,
};

/// A mock server for the Telesto inventory API
///
/// Serves every operation of the spec with its examples, checks the key, and
/// keeps the rate limit, so that you can try your code without a key and
/// without spending requests.
#[derive(Parser)]
#[command(
    version,
    after_help = "\
Examples:
  telesto-mock
  telesto-mock --rate-limit 5/1m --lockout 30s --extend-block
  telesto-mock --spec tests/fixture-api/made-up.yaml --listen 127.0.0.1:0
  telesto-mock --listen 0.0.0.0:8100 --fault cut-body

Exit codes:
  0  stopped (Ctrl-C)
  1  cannot start
  2  the command line is wrong"
)]
struct Arguments {
    /// Serve this OpenAPI document instead of the shipped one
    #[arg(long, value_name = "FILE")]
    spec: Option<PathBuf>,

    /// Listen on this address; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8100")]
    listen: SocketAddr,

    /// Accept this key
    #[arg(long, value_name = "KEY", default_value = DEFAULT_API_KEY)]
    api_key: String,

    /// Respond with 403, as without a Pro plan
    #[arg(long)]
    no_pro_plan: bool,

    /// Allow this many requests in this time, such as 100/1h [default: from the spec]
    #[arg(long, value_name = "N/TIME", value_parser = rate)]
    rate_limit: Option<(u32, Duration)>,

    /// Block for this long, such as 15m [default: from the spec]
    #[arg(long, value_name = "TIME", value_parser = duration)]
    lockout: Option<Duration>,

    /// How requests are counted: the shape of the window
    #[arg(long, value_enum, default_value_t = WindowShape::Sliding)]
    window: WindowShape,

    /// Restart a block with every request during it
    #[arg(long)]
    extend_block: bool,

    /// After a block, go on counting with the requests before it
    #[arg(long)]
    keep_count: bool,

    /// Send a 429 with an empty body
    #[arg(long = "empty-429")]
    empty_429: bool,

    /// Send `Retry-After` with a 429
    #[arg(long, value_enum, default_value_t = RetryAfterForm::None)]
    retry_after: RetryAfterForm,

    /// Serve whatever is sent, also what does not fit the spec
    #[arg(long)]
    no_checks: bool,

    /// Have every connection fail
    #[arg(long, value_enum)]
    fault: Option<FaultKind>,
}

#[derive(Clone, Copy, ValueEnum)]
enum FaultKind {
    /// It is reset
    Reset,
    /// It is closed after half of the body
    CutBody,
    /// The head arrives byte by byte, four in a second
    SlowHead,
}

#[derive(Clone, Copy, ValueEnum)]
enum WindowShape {
    /// A sliding window that ends now
    Sliding,
    /// Clock windows: from each full hour to the next, if the window is an hour
    Clock,
    /// A window that starts with the first request
    FirstRequest,
}

#[derive(Clone, Copy, ValueEnum)]
enum RetryAfterForm {
    /// Not at all
    None,
    /// In seconds
    Seconds,
    /// As an HTTP date
    HttpDate,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = tokio::runtime::Runtime::new()
        .map_err(|error| Failure::Message(format!("cannot start: {error}")))
        .and_then(|runtime| runtime.block_on(serve(arguments)));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // It strips colours if this is not a terminal.
            let mut err = anstream::stderr();
            let _ = match failure {
                Failure::Message(message) => writeln!(err, "error: {message}"),
                Failure::Spec(findings) => writeln!(err, "{}", findings.render(true)),
            };
            ExitCode::FAILURE
        }
    }
}

/// Why the server does not start.
enum Failure {
    Message(String),
    /// The spec cannot be read. This is what the lint shows.
    Spec(Findings),
}

impl From<String> for Failure {
    fn from(message: String) -> Self {
        Self::Message(message)
    }
}

async fn serve(arguments: Arguments) -> Result<(), Failure> {
    let builder = match &arguments.spec {
        None => MockServer::builder(),
        Some(path) => MockServer::builder_for(read(path)?.text()),
    };
    let telesto = configured(builder, &arguments)
        .on_request(log)
        .start()
        .await;
    let telesto = telesto.map_err(|error| match &arguments.spec {
        Some(path) => format!("{}: {error}", path.display()),
        None => error.to_string(),
    })?;
    // A closed stdout does not stop the server.
    let _ = announce(&telesto, &mut io::stdout().lock());
    ended().await;
    telesto.stop().await;
    Ok(())
}

fn read(path: &Path) -> Result<Document, Failure> {
    Document::read(path).map_err(|error| match error {
        ReadError::Refused(findings) => Failure::Spec(findings),
        other => Failure::Message(other.to_string()),
    })
}

/// Applies the options of the command line.
fn configured(builder: MockServerBuilder, arguments: &Arguments) -> MockServerBuilder {
    let mut builder = builder
        .listen(arguments.listen)
        .api_key(&arguments.api_key)
        .pro_plan(!arguments.no_pro_plan)
        .extend_block(arguments.extend_block)
        .keep_count(arguments.keep_count)
        .empty_429(arguments.empty_429)
        .check_requests(!arguments.no_checks)
        .window(match arguments.window {
            WindowShape::Sliding => Window::Sliding,
            WindowShape::Clock => Window::Clock,
            WindowShape::FirstRequest => Window::FirstRequest,
        })
        .retry_after(match arguments.retry_after {
            RetryAfterForm::None => RetryAfter::None,
            RetryAfterForm::Seconds => RetryAfter::Seconds,
            RetryAfterForm::HttpDate => RetryAfter::HttpDate,
        });
    if let Some((requests, window)) = arguments.rate_limit {
        builder = builder.rate(requests, window);
    }
    if let Some(lockout) = arguments.lockout {
        builder = builder.lockout(lockout);
    }
    if let Some(fault) = arguments.fault {
        builder = builder.fault(match fault {
            FaultKind::Reset => Fault::Reset,
            FaultKind::CutBody => Fault::CutBody,
            FaultKind::SlowHead => Fault::SlowHead(Duration::from_millis(250)),
        });
    }
    builder
}

/// Prints what is served, and how to connect.
fn announce(telesto: &MockServer, out: &mut impl Write) -> io::Result<()> {
    let limit = telesto.rate_limit();
    writeln!(
        out,
        "Mock server for Telesto, listening on {}",
        telesto.address()
    )?;
    writeln!(
        out,
        "{} requests in {}, then blocked for {}\n",
        limit.requests,
        shown(limit.window),
        shown(limit.lockout)
    )?;
    for operation in telesto.operations() {
        writeln!(
            out,
            "  {:<6} {:<28} {}",
            operation.method, operation.path, operation.id
        )?;
    }
    writeln!(out, "\nexport TELESTO_BASE_URL={}", telesto.url())?;
    writeln!(out, "export TELESTO_API_KEY={}\n", telesto.api_key())?;
    if !telesto.address().ip().is_loopback() {
        // The client sends a key to another machine only if it is told to.
        let port = telesto.address().port();
        writeln!(out, "From another machine or container, by its name:\n")?;
        writeln!(
            out,
            "export TELESTO_BASE_URL=http://HOST:{port}{}",
            telesto.base_path()
        )?;
        writeln!(out, "export TELESTO_DANGER_ALLOW_PLAIN_HTTP=1\n")?;
    }
    out.flush()
}

/// One line for each request, on stderr.
fn log(request: &RecordedRequest) {
    let time = httpdate::fmt_http_date(request.when);
    // "Mon, 15 Jan 2024 10:30:00 GMT"
    let time = time.split(' ').nth(4).unwrap_or_default();
    let RecordedRequest {
        method,
        path_and_query,
        status,
        ..
    } = request;
    let _ = writeln!(io::stderr(), "{time} {method} {path_and_query} {status}");
}

/// Waits until the program is told to stop.
async fn ended() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminated) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminated.recv() => {}
            }
            return;
        }
    }
    let _ = tokio::signal::ctrl_c().await;
}

/// Such as `100/1h`.
fn rate(text: &str) -> Result<(u32, Duration), String> {
    let (requests, window) = text
        .split_once('/')
        .ok_or("write it as requests and time, such as 100/1h")?;
    let requests = requests.parse().ok().filter(|requests| *requests > 0);
    let requests =
        requests.ok_or("the number of requests must be a whole number above 0, as in 100/1h")?;
    let window = duration(window)?;
    if window.is_zero() {
        return Err("the time cannot be zero: write it as in 100/1h".to_owned());
    }
    Ok((requests, window))
}

/// Such as `15m`.
fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("`{text}` is not a valid time: write it as 30s, 15m or 1h");
    let unit = text.chars().last().ok_or_else(wrong)?;
    let seconds: u32 = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        _ => return Err(wrong()),
    };
    let count: u32 = text[..text.len() - 1].parse().map_err(|_| wrong())?;
    Ok(Duration::from_secs(u64::from(count) * u64::from(seconds)))
}

/// A time as the command line takes it.
fn shown(time: Duration) -> String {
    match time.as_secs() {
        seconds if seconds > 0 && seconds % 3600 == 0 => format!("{}h", seconds / 3600),
        seconds if seconds > 0 && seconds % 60 == 0 => format!("{}m", seconds / 60),
        seconds => format!("{seconds}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_they_are_shown() {
        for text in ["0s", "30s", "15m", "1h", "90m", "100h"] {
            assert_eq!(shown(duration(text).unwrap()), text);
        }
        for wrong in ["", "15", "m", "-1s", "1.5h", "1d", "ü"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
        assert_eq!(rate("100/1h"), Ok((100, Duration::from_secs(3600))));
        for wrong in ["100", "0/1h", "100/0s", "/1h", "a/1h"] {
            assert!(rate(wrong).is_err(), "{wrong}");
        }
    }
}

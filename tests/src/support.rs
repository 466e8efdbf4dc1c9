//! What the tests share.

use std::io;
use std::process::Command;
use std::sync::{Arc, Mutex};

use httpmock::{Mock, MockServer};
use jiff::Timestamp;
use telesto_api::ManualClock;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tracing::Subscriber;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::FmtSpan;
use tracing_subscriber::layer::SubscriberExt as _;

/// A key that no other text is likely to hold.
pub(crate) const KEY: &str = "k3y-0f-a-t3st";

/// A clock of its own for each client, and with it a budget: servers of other
/// tests may have had the same port.
pub(crate) fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::new(start()))
}

/// When the clocks of tests start.
pub(crate) fn start() -> Timestamp {
    "2024-01-15T10:30:00Z".parse().unwrap()
}

/// A client of the shipped spec.
pub(crate) fn client(server: &MockServer) -> telesto_api::Client {
    builder(server).build().unwrap()
}

pub(crate) fn builder(server: &MockServer) -> telesto_api::ClientBuilder {
    telesto_api::Client::builder()
        .api_key(KEY)
        .base_url(server.url("/v2"))
        .clock(clock())
}

/// A client of a mock server.
pub(crate) fn client_of(telesto: &telesto_mock::MockServer) -> telesto_api::Client {
    let builder = telesto_api::Client::builder().api_key(telesto.api_key());
    builder
        .base_url(telesto.url())
        .clock(clock())
        .build()
        .unwrap()
}

/// A client of the made-up spec.
pub(crate) fn made_up(server: &MockServer) -> telesto_fixture_api::Client {
    telesto_fixture_api::Client::builder()
        .api_key(KEY)
        .base_url(server.url("/v9"))
        .clock(Arc::new(telesto_fixture_api::ManualClock::new(start())))
        .build()
        .unwrap()
}

/// Has the server send the same response to every request.
pub(crate) async fn respond<'a>(server: &'a MockServer, status: u16, body: &str) -> Mock<'a> {
    server
        .mock_async(|when, then| {
            when.any_request();
            then.status(status).body(body);
        })
        .await
}

/// A mock server that serves the made-up spec, with all of its cases.
pub(crate) struct MadeUp {
    pub(crate) server: telesto_mock::MockServer,
}

pub(crate) async fn mock_server() -> MadeUp {
    let spec = include_str!("../fixture-api/generated/made-up.yaml");
    let server = telesto_mock::MockServer::builder_for(spec)
        .start()
        .await
        .unwrap();
    MadeUp { server }
}

impl MadeUp {
    pub(crate) fn client(&self) -> telesto_fixture_api::Client {
        telesto_fixture_api::Client::builder()
            .api_key(self.server.api_key())
            .base_url(self.server.url())
            .clock(Arc::new(telesto_fixture_api::ManualClock::new(start())))
            .build()
            .unwrap()
    }
}

/// A server that sends these bytes in response to one request, and closes the
/// connection.
pub(crate) async fn raw_server(response: impl Into<Vec<u8>>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let response = response.into();
    tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let mut request = [0; 4096];
        let _ = socket.read(&mut request).await;
        let _ = socket.write_all(&response).await;
        let _ = socket.shutdown().await;
    });
    url
}

/// A process that runs one of these tests, which does something else if it is told to.
pub(crate) fn process_of(test: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args([test, "--exact", "--nocapture"]);
    command
}

/// The lines of a log.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }

    /// Writes everything to this log, down to the ends of spans.
    pub(crate) fn subscriber(&self) -> impl Subscriber + Send + Sync + 'static {
        let lines = tracing_subscriber::fmt::layer()
            .with_span_events(FmtSpan::FULL)
            .with_ansi(false)
            .with_writer(self.clone());
        // What the server of a test says of itself is not ours.
        let ours = Targets::new()
            .with_default(LevelFilter::TRACE)
            .with_target("httpmock", LevelFilter::OFF);
        tracing_subscriber::registry().with(lines).with(ours)
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

//! What the tests share.

use std::sync::Arc;

use httpmock::{Mock, MockServer};
use jiff::Timestamp;
use telesto_api::ManualClock;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

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

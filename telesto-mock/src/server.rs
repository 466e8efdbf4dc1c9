//! A mock server that runs.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::limiter::RateLimit;
use crate::operation::Operation;
use crate::response::Response;
use crate::serve::{Running, lock};
use crate::settings::{MockServerBuilder, StartError};

/// The spec that is shipped, as `cargo xtask codegen` has copied it.
const SHIPPED: &str = include_str!("generated/telesto.yaml");

/// A running mock server. It stops when it is dropped.
pub struct MockServer {
    pub(crate) address: SocketAddr,
    pub(crate) limit: RateLimit,
    pub(crate) state: Arc<Running>,
    pub(crate) stop: Option<oneshot::Sender<()>>,
    pub(crate) server: Option<JoinHandle<()>>,
}

impl MockServer {
    /// A builder for a mock server of the shipped spec.
    pub fn builder() -> MockServerBuilder {
        MockServerBuilder::new(SHIPPED)
    }

    /// A builder for a mock server of another spec, an OpenAPI document in
    /// YAML.
    pub fn builder_for(spec: &str) -> MockServerBuilder {
        MockServerBuilder::new(spec)
    }

    /// Its base URL on this machine, with the path of the spec's server.
    #[must_use]
    pub fn url(&self) -> String {
        let mut address = self.address;
        match address.ip() {
            IpAddr::V4(any) if any.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
            IpAddr::V6(any) if any.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
            _ => {}
        }
        format!("http://{address}{}", self.state.base_path)
    }

    /// The path of its base URL, such as `/v2`.
    #[must_use]
    pub fn base_path(&self) -> &str {
        &self.state.base_path
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

    /// The last 10,000 requests, in the order in which they were counted; fewer if their
    /// bodies take more than 64 MiB.
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
    /// Got a 404: no operation has this path.
    pub not_found: u64,
    /// Got a 405: no operation with this path has this method.
    pub method_not_allowed: u64,
    /// Got a 400: what was sent does not fit the spec.
    pub bad_request: u64,
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

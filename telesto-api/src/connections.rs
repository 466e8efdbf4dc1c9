//! The HTTP client of each runtime, since a runtime drives the connections that it has opened.
//!
//! A pooled connection of a runtime that stands still, as between two calls of `block_on`,
//! would let a request of another runtime wait until it times out.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use tokio::runtime::{self, Handle};

use crate::Error;
use crate::mutex::lock;

/// Makes an HTTP client, with its own pool of connections.
type Make = dyn Fn() -> Result<reqwest::Client, Error> + Send + Sync;

/// The HTTP clients of a client: one for each runtime that it is used in.
pub(crate) struct Connections {
    make: Box<Make>,
    pools: Mutex<Vec<Pool>>,
}

struct Pool {
    http: reqwest::Client,
    /// `None` before it is used.
    runtime: Option<runtime::Id>,
    has_ended: Arc<AtomicBool>,
}

impl Connections {
    /// The first HTTP client is made at once, so that a wrong setting is found.
    pub(crate) fn new(
        make: impl Fn() -> Result<reqwest::Client, Error> + Send + Sync + 'static,
    ) -> Result<(Self, reqwest::Client), Error> {
        let http = make()?;
        let first = Pool {
            http: http.clone(),
            runtime: None,
            has_ended: Arc::default(),
        };
        let connections = Self {
            make: Box::new(make),
            pools: Mutex::new(vec![first]),
        };
        Ok((connections, http))
    }

    /// The HTTP client of the runtime that this is called in. It takes over the one of a
    /// runtime that has ended.
    pub(crate) fn of_this_runtime(&self) -> Result<reqwest::Client, Error> {
        let runtime = Handle::try_current().map_err(|error| {
            Error::config(
                "a call needs a tokio runtime: use `#[tokio::main]` or `Runtime::block_on`",
            )
            .with_source(error)
        })?;
        let id = Some(runtime.id());
        let mut pools = lock(&self.pools);
        if let Some(pool) = pools.iter().find(|pool| pool.runtime == id) {
            return Ok(pool.http.clone());
        }
        let is_free =
            |pool: &Pool| pool.runtime.is_none() || pool.has_ended.load(Ordering::Relaxed);
        let http = match pools.iter().position(is_free) {
            Some(free) => pools.swap_remove(free).http,
            None => (self.make)()?,
        };
        let has_ended = Arc::<AtomicBool>::default();
        let guard = Ends(Arc::clone(&has_ended));
        // The runtime drops it with its other tasks.
        runtime.spawn(async move {
            let _guard = guard;
            std::future::pending::<()>().await;
        });
        pools.push(Pool {
            http: http.clone(),
            runtime: id,
            has_ended,
        });
        Ok(http)
    }
}

impl fmt::Debug for Connections {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Connections")
    }
}

/// Tells when its runtime has ended.
struct Ends(Arc<AtomicBool>);

impl Drop for Ends {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

//! A budget in Redis: what it is set to. `store` keeps its ledger.

mod fallback;
mod store;

use std::fmt;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use ::redis::{Client, ConnectionAddr, IntoConnectionInfo as _};
use reqwest::Url;
use secrecy::{ExposeSecret as _, SecretString};

pub use self::fallback::Share;
pub(super) use self::fallback::{Fallback, Part};
pub(super) use self::store::Redis;
use super::{Budget, Kept};
use crate::Error;
use crate::clock::Clock;

/// A budget in Redis that all machines behind an IP address share, from
/// [`Budget::redis`].
///
/// ```
/// use telesto_api::{Budget, Client};
///
/// # fn main() -> Result<(), telesto_api::Error> {
/// let client = Client::builder()
///     .api_key("YOUR_API_KEY")
///     .budget(Budget::redis("rediss://:PASSWORD@redis.example:6379"))
///     .build()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[must_use]
pub struct RedisBudget {
    url: SecretString,
    name: Option<String>,
    timeout: Duration,
    fallback: Option<Share>,
}

/// How long a command may take by default.
const TIMEOUT: Duration = Duration::from_millis(500);

impl RedisBudget {
    pub(super) fn new(url: String) -> Self {
        Self {
            url: url.into(),
            name: None,
            timeout: TIMEOUT,
            fallback: None,
        }
    }

    /// Names the budget, so that it is one of several at the same server: for machines
    /// that send from several addresses, one name for each of these. The URL can say it
    /// as well, with `?name=`.
    ///
    /// A name has up to 64 letters, digits and characters of `._-`.
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// How long connecting, and each command, may take: half a second by default. A
    /// call makes four, one after the other: two to get a slot, and two when there is a
    /// response.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Counts on the host while Redis is away, slow or refuses writes: a part of the limit,
    /// never more. Without this, nothing is sent then, and calls fail with
    /// [`Budget`](crate::ErrorKind::Budget).
    ///
    /// Of what this process has last seen in Redis, its part counts as well. So if all
    /// machines have seen the same, and lose Redis at the same time, they send no more than
    /// the limit. They may send as much more as was sent after they have last looked; and if
    /// Redis is away for some only, their parts come on top of what the others send.
    ///
    /// When Redis is there again, each process adds to it what was sent meanwhile, and the
    /// hosts keep to their parts for another 15 seconds, until all have. What a process has
    /// sent that has ended by then is added by the next one on its host. A request that was
    /// under way may count twice for a window.
    pub fn fallback(mut self, share: Share) -> Self {
        self.fallback = Some(share);
        self
    }

    /// Opens the budget of an origin. Nothing is sent yet.
    pub(super) fn open(&self, origin: &str, clock: &Arc<dyn Clock>) -> Result<Redis, Error> {
        let (client, place, name) = self.parsed()?;
        if let ConnectionAddr::TcpTls { .. } = client.get_connection_info().addr() {
            // Where other crates of the program bring in a second one, rustls would panic
            // for want of a decision. If there is one already, it stays.
            let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        }
        // What is in braces decides on the slot of a cluster.
        let tag = identity(name.as_deref(), origin);
        let keys = ["budget", "queue", "asked"].map(|what| format!("telesto:{{{tag}}}:{what}"));
        Ok(Redis::new(
            client,
            place,
            keys,
            self.timeout,
            Arc::clone(clock),
        ))
    }

    /// Opens the fallback of the budget of an origin, if there is to be one.
    pub(super) fn open_fallback(
        &self,
        origin: &str,
        redis: &Arc<Redis>,
        clock: &Arc<dyn Clock>,
    ) -> Result<Option<Arc<Fallback>>, Error> {
        let Some(share) = &self.fallback else {
            return Ok(None);
        };
        let (_, _, name) = self.parsed()?;
        let name = format!("redis {}", identity(name.as_deref(), origin));
        let fallback = Fallback::open(share, &name, Arc::clone(redis), clock)?;
        Ok(Some(Arc::new(fallback)))
    }

    /// Whether it is set to something that can be.
    pub(crate) fn check(&self) -> Result<(), Error> {
        self.parsed().map(drop)
    }

    /// What tells this budget from others in this process.
    pub(super) fn identity(&self) -> Result<String, Error> {
        static HASH: LazyLock<RandomState> = LazyLock::new(RandomState::new);
        let (_, place, name) = self.parsed()?;
        // With the password, which is kept nowhere else.
        let url = HASH.hash_one(self.url.expose_secret());
        let Self {
            timeout, fallback, ..
        } = self;
        Ok(format!("{place} {url} {name:?} {timeout:?} {fallback:?}"))
    }

    fn parsed(&self) -> Result<(Client, Place, Option<String>), Error> {
        let invalid = |reason: &str| {
            Error::config(format!(
                "the URL of Redis is invalid: {reason}; write it as `redis://HOST:6379` or, with \
                 TLS, `rediss://USER:PASSWORD@HOST:6379`"
            ))
        };
        // What these say may repeat the password.
        let mut url = Url::parse(self.url.expose_secret()).map_err(|_| invalid("it is no URL"))?;
        let named = |(name, _): &(_, _)| name == "name";
        let in_url = url
            .query_pairs()
            .find(named)
            .map(|(_, name)| name.into_owned());
        let others: Vec<_> = url
            .query_pairs()
            .into_owned()
            .filter(|pair| pair.0 != "name")
            .collect();
        url.set_query(None);
        if !others.is_empty() {
            url.query_pairs_mut().extend_pairs(others);
        }
        let name = self.name.clone().or(in_url);
        if let Some(name) = &name
            && !is_name(name)
        {
            return Err(Error::config(
                "the name of the budget in Redis is invalid: it has up to 64 letters, digits and \
                 characters of `._-`",
            ));
        }
        if self.timeout.is_zero() {
            return Err(Error::config("the timeout of the budget in Redis is zero"));
        }
        let info = url.as_str().into_connection_info();
        let info = info.map_err(|_| invalid("its scheme, host or path is not one of Redis"))?;
        let place = Place {
            text: format!(
                "{}://{}/{}",
                url.scheme(),
                info.addr(),
                info.redis_settings().db()
            ),
            password: info.redis_settings().password().map(SecretString::from),
        };
        let client = Client::open(info).map_err(|_| invalid("it cannot be used"))?;
        Ok((client, place, name))
    }
}

/// What tells the budget of an origin from others at the same server.
fn identity(name: Option<&str>, origin: &str) -> String {
    match name {
        Some(name) => format!("{name} {origin}"),
        None => origin.to_owned(),
    }
}

fn is_name(name: &str) -> bool {
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    (1..=64).contains(&name.len()) && name.chars().all(is_allowed)
}

impl From<RedisBudget> for Budget {
    fn from(redis: RedisBudget) -> Self {
        Self::new(Kept::InRedis(redis))
    }
}

impl fmt::Debug for RedisBudget {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Ok((_, place, name)) = self.parsed() else {
            return formatter.write_str("Budget::redis(..)");
        };
        write!(formatter, "Budget::redis(\"{place}\")")?;
        if let Some(name) = name {
            write!(formatter, ".named({name:?})")?;
        }
        match &self.fallback {
            Some(share) => write!(formatter, ".fallback({share:?})"),
            None => Ok(()),
        }
    }
}

/// Where a budget is, for people: the URL without what is secret.
#[derive(Clone)]
struct Place {
    text: String,
    password: Option<SecretString>,
}

impl Place {
    /// A text without the password.
    fn redact(&self, text: &str) -> String {
        match &self.password {
            Some(password) if !password.expose_secret().is_empty() => {
                text.replace(password.expose_secret(), "[redacted]")
            }
            _ => text.to_owned(),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

#[cfg(test)]
mod tests {
    use telesto_redis_server::RedisServer;

    use super::*;
    use crate::budget::Account;
    use crate::{RateLimit, SystemClock};

    fn account(server: &RedisServer) -> Account {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let hour = Duration::from_secs(3_600);
        let limit = RateLimit::new(50, hour, hour).unwrap();
        let budget = Budget::from(Budget::redis(server.url()));
        budget
            .account("https://telesto.app", &clock, limit, 0)
            .unwrap()
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn who_stops_waiting_for_a_slot_leaves_none_behind() {
        let Some(server) = RedisServer::start() else {
            return;
        };
        let account = account(&server);
        let second = Duration::from_secs(1);
        let mut dropped = 0;
        for step in 0..40 {
            // At another point each time.
            let patience = Duration::from_micros(step * 40);
            let reserved = account.reserve(Some(Duration::ZERO), second, |_| {});
            let reserved = tokio::time::timeout(patience, reserved).await;
            dropped += usize::from(reserved.is_err());
        }
        assert!(dropped > 0);
        // Changes are made one after the other, so that all are done after some more.
        for _ in 0..100 {
            if account.status().await.unwrap().remaining() == 50 {
                return;
            }
        }
        panic!("{:?}", account.status().await);
    }
}

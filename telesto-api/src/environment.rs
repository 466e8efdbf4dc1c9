//! Settings from environment variables.

use std::env::VarError;
use std::time::Duration;

use jiff::SignedDuration;

#[cfg(feature = "cache")]
use crate::Cache;
use crate::client::ClientBuilder;
use crate::{Budget, Error, OnLimit, RateLimit, Retry};

const API_KEY: &str = "TELESTO_API_KEY";
const BASE_URL: &str = "TELESTO_BASE_URL";
const BUDGET: &str = "TELESTO_BUDGET";
const RATE_LIMIT: &str = "TELESTO_RATE_LIMIT";
const LOCKOUT: &str = "TELESTO_LOCKOUT";
const ON_LIMIT: &str = "TELESTO_ON_LIMIT";
const KEEP_BACK: &str = "TELESTO_KEEP_BACK";
const RETRY: &str = "TELESTO_RETRY";
const CACHE: &str = "TELESTO_CACHE";
#[cfg(feature = "cache")]
const CACHE_FRESH: &str = "TELESTO_CACHE_FRESH";
#[cfg(feature = "cache")]
const CACHE_STALE: &str = "TELESTO_CACHE_STALE";
const ALLOW_PLAIN_HTTP: &str = "TELESTO_DANGER_ALLOW_PLAIN_HTTP";

impl ClientBuilder {
    /// A builder with the settings of the environment. Only the key is
    /// required; an empty variable is as good as none.
    ///
    /// | Variable | Sets | Examples |
    /// |---|---|---|
    /// | `TELESTO_API_KEY` | [`api_key`](Self::api_key) | |
    /// | `TELESTO_BASE_URL` | [`base_url`](Self::base_url) | `http://127.0.0.1:8100/v2` |
    /// | `TELESTO_BUDGET` | [`budget`](Self::budget) | `process`, `host`, `host:/var/lib/telesto`, with the feature `redis` also `rediss://:PASSWORD@HOST:6379` |
    /// | `TELESTO_RATE_LIMIT` | the requests and the window of [`rate_limit`](Self::rate_limit) | `100/1h` |
    /// | `TELESTO_LOCKOUT` | the lockout of [`rate_limit`](Self::rate_limit) | `15m` |
    /// | `TELESTO_ON_LIMIT` | [`on_limit`](Self::on_limit) | `fail`, `wait`, `wait:5m` |
    /// | `TELESTO_KEEP_BACK` | [`keep_back`](Self::keep_back) | `20` |
    /// | `TELESTO_RETRY` | how often a request is tried in all ([`retry`](Self::retry)) | `off`, `3` |
    /// | `TELESTO_DANGER_ALLOW_PLAIN_HTTP` | [`danger_allow_plain_http`](Self::danger_allow_plain_http) | `1` |
    ///
    /// With the feature `cache`, these as well:
    ///
    /// | Variable | Sets | Examples |
    /// |---|---|---|
    /// | `TELESTO_CACHE` | the cache of the client | `memory`, `host`, `host:/var/cache/telesto` |
    /// | `TELESTO_CACHE_FRESH` | for how long its responses are fresh | `5m` |
    /// | `TELESTO_CACHE_STALE` | for how much longer they are served if the server cannot be asked | `24h` |
    ///
    /// # Errors
    ///
    /// [`Config`](crate::ErrorKind::Config) if there is no key, or if a variable
    /// is invalid. The error names the variable.
    pub fn from_env() -> Result<Self, Error> {
        Self::from_variables(|name| std::env::var(name))
    }

    fn from_variables(get: impl Fn(&str) -> Result<String, VarError>) -> Result<Self, Error> {
        let variable = |name: &str| match get(name) {
            Ok(value) => Ok(Some(value)),
            Err(VarError::NotPresent) => Ok(None),
            Err(VarError::NotUnicode(_)) => {
                Err(Error::config(format!("the variable {name} is not UTF-8")))
            }
        };
        let key = variable(API_KEY)?.ok_or_else(|| {
            Error::config(format!(
                "the variable {API_KEY} is not set: set it to the key that Telesto's support sent"
            ))
        })?;
        // An empty one is how a shell script unsets it.
        let given = |name: &str| Ok(variable(name)?.filter(|value| !value.is_empty()));
        // A key or a password may be in the wrong variable, so no value is shown.
        let invalid = |name: &str, example: &str| {
            Error::config(format!(
                "the variable {name} is invalid: write it as {example}"
            ))
        };
        let mut builder = Self::new().api_key(key.as_str());
        if let Some(url) = given(BASE_URL)? {
            builder = builder.base_url(url);
        }
        if let Some(text) = given(BUDGET)? {
            builder = builder.budget(match text.contains("://") {
                true => in_redis(text)?,
                false => {
                    let example = "`process`, `host`, `host:/var/lib/telesto` or `redis://HOST`";
                    budget(&text).ok_or_else(|| invalid(BUDGET, example))?
                }
            });
        }
        if let Some(text) = given(ON_LIMIT)? {
            let example = "`fail`, `wait` or `wait:5m`";
            let on_limit = on_limit(&text).ok_or_else(|| invalid(ON_LIMIT, example))?;
            builder = builder.on_limit(on_limit);
        }
        if let Some(text) = given(KEEP_BACK)? {
            let keep_back = text.trim().parse();
            builder = builder.keep_back(keep_back.map_err(|_| invalid(KEEP_BACK, "`20`"))?);
        }
        if let Some(text) = given(RETRY)? {
            let retry = match text.trim() {
                "off" => Some(Retry::off()),
                times => times
                    .parse()
                    .ok()
                    .map(|times| Retry::default().attempts(times)),
            };
            let retry = retry.ok_or_else(|| invalid(RETRY, "`off` or `3`"))?;
            builder = builder.retry(retry);
        }
        if let Some(text) = given(ALLOW_PLAIN_HTTP)? {
            builder = match text.as_str() {
                "1" => builder.danger_allow_plain_http(),
                "0" => builder,
                _ => return Err(invalid(ALLOW_PLAIN_HTTP, "`1`")),
            };
        }
        #[cfg(feature = "cache")]
        if let Some(text) = given(CACHE)? {
            let example = "`memory`, `host` or `host:/var/cache/telesto`";
            let mut cache = cache(&text).ok_or_else(|| invalid(CACHE, example))?;
            let time = |name: &str| match given(name)? {
                Some(text) => match duration(&text) {
                    Some(time) => Ok(Some(time)),
                    None => Err(invalid(name, "`5m`")),
                },
                None => Ok(None),
            };
            if let Some(fresh) = time(CACHE_FRESH)? {
                cache = cache.fresh_for(fresh);
            }
            if let Some(stale) = time(CACHE_STALE)? {
                cache = cache.stale_for(stale);
            }
            builder = builder.cache(cache);
        }
        #[cfg(not(feature = "cache"))]
        if given(CACHE)?.is_some() {
            return Err(Error::config(format!(
                "the variable {CACHE} is set, but telesto-api is built without its feature `cache`"
            )));
        }
        let mut limit = RateLimit::default();
        if let Some(text) = given(RATE_LIMIT)? {
            limit = rate(&text, limit).ok_or_else(|| invalid(RATE_LIMIT, "`100/1h`"))?;
        }
        if let Some(text) = given(LOCKOUT)? {
            let lockout = duration(&text);
            let lockout = lockout
                .and_then(|lockout| RateLimit::new(limit.requests(), limit.window(), lockout).ok());
            limit = lockout.ok_or_else(|| invalid(LOCKOUT, "`15m`"))?;
        }
        Ok(builder.rate_limit(limit))
    }
}

fn budget(text: &str) -> Option<Budget> {
    match text.split_once(':') {
        None if text == "process" => Some(Budget::of_process()),
        None if text == "host" => Some(Budget::on_host()),
        Some(("host", directory)) if !directory.is_empty() => Some(Budget::on_host_at(directory)),
        _ => None,
    }
}

#[cfg(feature = "redis")]
fn in_redis(url: String) -> Result<Budget, Error> {
    let redis = Budget::redis(url);
    // What is wrong is said with the name of the variable.
    redis
        .check()
        .map_err(|error| Error::config(format!("the variable {BUDGET} is invalid: {error}")))?;
    Ok(redis.into())
}

#[cfg(not(feature = "redis"))]
fn in_redis(_: String) -> Result<Budget, Error> {
    Err(Error::config(format!(
        "the variable {BUDGET} is a URL, but telesto-api is built without its feature `redis`"
    )))
}

#[cfg(feature = "cache")]
fn cache(text: &str) -> Option<Cache> {
    match text.split_once(':') {
        None if text == "memory" => Some(Cache::in_memory()),
        None if text == "host" => Some(Cache::on_host()),
        Some(("host", directory)) if !directory.is_empty() => Some(Cache::on_host_at(directory)),
        _ => None,
    }
}

fn on_limit(text: &str) -> Option<OnLimit> {
    match text.split_once(':') {
        None if text == "fail" => Some(OnLimit::Fail),
        None if text == "wait" => Some(OnLimit::Wait),
        Some(("wait", at_most)) => duration(at_most).map(OnLimit::WaitAtMost),
        _ => None,
    }
}

fn rate(text: &str, limit: RateLimit) -> Option<RateLimit> {
    let (requests, window) = text.split_once('/')?;
    let (requests, window) = (requests.trim().parse().ok()?, duration(window)?);
    RateLimit::new(requests, window, limit.lockout()).ok()
}

/// Such as `15m` or `1h 30m`.
fn duration(text: &str) -> Option<Duration> {
    text.trim().parse::<SignedDuration>().ok()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Client;

    fn builder(variables: &[(&str, &str)]) -> Result<ClientBuilder, Error> {
        ClientBuilder::from_variables(|name| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found
                .map(|(_, value)| (*value).to_owned())
                .ok_or(VarError::NotPresent)
        })
    }

    fn from(variables: &[(&str, &str)]) -> Result<Client, Error> {
        builder(variables)?.build()
    }

    #[test]
    fn the_environment_gives_the_key_and_may_give_a_base_url() {
        let client = from(&[(API_KEY, "a-key")]).unwrap();
        assert_eq!(client.baseurl, "https://telesto.app/v2");
        let plain = [(API_KEY, "a-key"), (ALLOW_PLAIN_HTTP, "1")];
        let mock = (BASE_URL, "http://telesto-mock:8100/v2");
        let client = from(&[plain[0], plain[1], mock]).unwrap();
        assert_eq!(client.baseurl, mock.1);
        for (given, taken) in [
            ("http://127.0.0.1:8100/v2", "http://127.0.0.1:8100/v2"),
            ("", "https://telesto.app/v2"),
        ] {
            let client = from(&[(API_KEY, "a-key"), (BASE_URL, given)]).unwrap();
            assert_eq!(client.baseurl, taken);
        }
    }

    #[tokio::test]
    async fn the_environment_may_set_the_limit_and_where_it_is_kept() {
        let directory = tempfile::tempdir().unwrap();
        let budget = format!("host:{}", directory.path().display());
        let variables = [
            (API_KEY, "a-key"),
            (RATE_LIMIT, "50/30m"),
            (LOCKOUT, "20m"),
            (BUDGET, &budget),
            (ON_LIMIT, "wait:1h 30m"),
            (KEEP_BACK, "8"),
            (RETRY, "5"),
        ];
        let shown = format!("{:?}", builder(&variables).unwrap());
        assert!(shown.contains("attempts: 5"), "{shown}");
        assert!(shown.contains("WaitAtMost(5400s)"), "{shown}");
        let client = from(&variables).unwrap();
        let status = client.budget().await.unwrap();
        let limit = status.limit();
        assert_eq!((limit.requests(), status.remaining()), (50, 42));
        let minutes = [limit.window(), limit.lockout()].map(|time| time.as_secs() / 60);
        assert_eq!(minutes, [30, 20]);
        assert!(directory.path().join("https___telesto.app.lock").exists());
    }

    #[cfg(feature = "cache")]
    #[test]
    fn the_environment_may_set_a_cache() {
        let directory = tempfile::tempdir().unwrap();
        let cache = format!("host:{}/cache", directory.path().display());
        let key = (API_KEY, "a-key");
        let variables = [
            key,
            (CACHE, &cache),
            (CACHE_FRESH, "5m"),
            (CACHE_STALE, "1h"),
        ];
        let cache = builder(&variables).unwrap();
        let shown = format!("{:?}", cache.build().unwrap());
        assert!(shown.contains("fresh: 300s, stale: 3600s"), "{shown}");
        assert!(directory.path().join("cache").is_dir());
        from(&[key, (CACHE, "memory")]).unwrap();
        for (name, value) in [(CACHE, "disk"), (CACHE, "host:"), (CACHE_FRESH, "5")] {
            let memory = (CACHE, "memory");
            let error = from(&[key, (name, value), memory]).unwrap_err();
            let says = format!("the variable {name} is invalid: write it as");
            assert!(error.to_string().contains(&says), "{error}");
        }
    }

    #[cfg(feature = "redis")]
    #[test]
    fn the_environment_may_name_a_redis() {
        let key = (API_KEY, "a-key");
        let url = "rediss://shop:s3cret@redis.example:6380/2?name=north";
        from(&[key, (BUDGET, url)]).unwrap();
        let shown = format!("{:?}", in_redis(url.to_owned()).unwrap());
        let expected = r#"Budget::redis("rediss://redis.example:6380/2").named("north")"#;
        assert_eq!(shown, expected);
        for url in [
            "http://shop:s3cret@redis.example",
            "redis://shop:s3cret@:1",
            "://s3cret",
            "redis://:s3cret@redis.example/2?name=",
            "redis://:s3cret@redis.example/two",
        ] {
            let error = from(&[key, (BUDGET, url)]).unwrap_err();
            let message = error.to_string();
            assert!(error.is_config(), "{message}");
            assert!(message.starts_with("the variable TELESTO_BUDGET is invalid: the "));
            assert!(
                !format!("{error:?} {message}").contains("s3cret"),
                "{message}"
            );
        }
    }

    #[cfg(not(feature = "redis"))]
    #[test]
    fn redis_needs_its_feature() {
        let variables = [
            (API_KEY, "a-key"),
            (BUDGET, "redis://:s3cret@redis.example"),
        ];
        let message = from(&variables).unwrap_err().to_string();
        assert!(message.contains("without its feature `redis`"), "{message}");
        assert!(!message.contains("s3cret"), "{message}");
    }

    #[cfg(not(feature = "cache"))]
    #[test]
    fn a_cache_needs_its_feature() {
        let error = from(&[(API_KEY, "a-key"), (CACHE, "memory")]).unwrap_err();
        assert!(
            error.to_string().contains("without its feature `cache`"),
            "{error}"
        );
    }

    #[test]
    fn what_is_missing_or_invalid_is_named_with_an_example() {
        let key = (API_KEY, "a-key");
        for (variables, says) in [
            (&[][..], "the variable TELESTO_API_KEY is not set"),
            (&[(API_KEY, "")], "the API key is empty"),
            (
                &[key, (BASE_URL, "http://telesto.app")],
                "the base URL would send",
            ),
            (
                &[key, (BUDGET, "disk")],
                "the variable TELESTO_BUDGET is invalid: write it as `process`",
            ),
            (
                &[key, (BUDGET, "host:")],
                "TELESTO_BUDGET is invalid: write it as",
            ),
            (&[key, (RATE_LIMIT, "100")], "write it as `100/1h`"),
            (
                &[key, (RATE_LIMIT, "0/1h")],
                "TELESTO_RATE_LIMIT is invalid: write it as",
            ),
            (&[key, (RATE_LIMIT, "9/-1h")], "TELESTO_RATE_LIMIT is"),
            (&[key, (LOCKOUT, "15")], "write it as `15m`"),
            (
                &[key, (LOCKOUT, "9000h")],
                "TELESTO_LOCKOUT is invalid: write it as",
            ),
            (&[key, (ON_LIMIT, "wait:")], "`fail`, `wait` or `wait:5m`"),
            (&[key, (RETRY, "no")], "write it as `off` or `3`"),
            (
                &[key, (KEEP_BACK, "-1")],
                "TELESTO_KEEP_BACK is invalid: write it as",
            ),
            (&[key, (KEEP_BACK, "100")], "100 are kept back"),
            (&[key, (BUDGET, "redis:s3cret@host")], "`redis://HOST`"),
            (&[key, (BUDGET, "rediss;//:s3cret@host")], "`redis://HOST`"),
            (&[key, (BUDGET, ":s3cret@host:6379")], "`redis://HOST`"),
            (&[key, (BASE_URL, "s3cret:6379")], "no scheme"),
            (&[key, (ON_LIMIT, "s3cret")], "TELESTO_ON_LIMIT"),
            (
                &[key, (BUDGET, "a-key")],
                "TELESTO_BUDGET is invalid: write it as",
            ),
            (&[key, (ALLOW_PLAIN_HTTP, "yes")], "write it as `1`"),
            (
                &[key, (ALLOW_PLAIN_HTTP, "0"), (BASE_URL, "http://mock")],
                "the base URL would send",
            ),
        ] {
            let error = from(variables).unwrap_err();
            let message = error.to_string();
            assert!(error.is_config() && message.contains(says), "{message}");
            assert!(
                !format!("{error:?} {message}").contains("s3cret"),
                "{message}"
            );
        }
        let unreadable = |_: &str| Err(VarError::NotUnicode("\u{fffd}".into()));
        let error = ClientBuilder::from_variables(unreadable).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the variable TELESTO_API_KEY is not UTF-8"
        );
    }
}

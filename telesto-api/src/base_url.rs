//! Where requests, and with them the key, may go.

use std::fmt;

use reqwest::{Method, Url};

use crate::Error;

/// A base URL that the key may be sent to: HTTPS, or HTTP to this machine or
/// where somebody has allowed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BaseUrl {
    url: Url,
    text: String,
}

impl BaseUrl {
    pub(crate) fn new(text: &str, allow_plain_http: bool) -> Result<Self, Error> {
        let refuse = |reason: &str| Err(Error::config(format!("the base URL {reason}")));
        // The text may hold a key or a password in the wrong place, so no message shows it.
        if let Some(message) = without_scheme(text) {
            return refuse(message);
        }
        let url: Url = match text.parse() {
            Ok(url) => url,
            Err(error) => return refuse(&format!("is invalid: {error}")),
        };
        if !url.username().is_empty() || url.password().is_some() {
            return refuse("contains credentials: pass only the API key, with `api_key`");
        }
        if url.query().is_some() || url.fragment().is_some() {
            return refuse("has a query or a fragment: paths are appended to it");
        }
        match url.scheme() {
            "https" => {}
            "http" if allow_plain_http || is_loopback(&url) => {}
            "http" => {
                return refuse(
                    "would send the API key unencrypted: use https:// or a loopback address, or in \
                     a test network `danger_allow_plain_http`",
                );
            }
            _ => return refuse("does not start with https://, as in `https://telesto.app/v2`"),
        }
        if url.host_str().is_none_or(str::is_empty) {
            return refuse("has no host");
        }
        let text = url.as_str().trim_end_matches('/').to_owned();
        Ok(Self { url, text })
    }

    /// Scheme, host and port.
    pub(crate) fn origin(&self) -> String {
        self.url.origin().ascii_serialization()
    }

    /// Whether requests to it are encrypted.
    pub(crate) fn is_https(&self) -> bool {
        self.url.scheme() == "https"
    }

    /// The URL of a path below the base URL, or why there is none.
    pub(crate) fn below(&self, path: &str) -> Result<Url, String> {
        let segments = |path: &str| path.split('/').count();
        let wrong = if !path.starts_with('/') {
            "does not start with a slash"
        } else if path.contains(['?', '#']) {
            "has a query or a fragment: pass parameters with `query`"
        } else if path.contains('\\') || path.contains("//") {
            "has an empty segment or a backslash"
        } else if path.contains(char::is_control) || path.trim() != path {
            "has a control character, or a blank at its end"
        } else {
            // What counts is how a URL reads it.
            let url: Url = format!("{}{path}", self.text)
                .parse()
                .map_err(|error| format!("the path makes no URL: {error}"))?;
            let base = self.url.path().trim_end_matches('/');
            let is_below = url.origin() == self.url.origin()
                && url.path().strip_prefix(base).is_some_and(|below| {
                    below.starts_with('/') && segments(below) == segments(path)
                })
                && !path.split('/').any(is_dots);
            return match is_below {
                true => Ok(url),
                false => {
                    Err("the path has a segment of dots, which leads to another path".to_owned())
                }
            };
        };
        Err(format!("the path {wrong}"))
    }

    /// The target of a redirect, or why it is not followed. The key goes to no
    /// other origin, so a redirect from HTTPS to HTTP is refused, too.
    pub(crate) fn redirected(
        &self,
        method: &Method,
        from: &Url,
        status: u16,
        location: Option<&str>,
    ) -> Result<Url, String> {
        let Some(location) = location else {
            return Err("has no valid `Location`".to_owned());
        };
        let Ok(target) = from.join(location) else {
            return Err("leads to an invalid URL".to_owned());
        };
        if target.origin() != self.url.origin() {
            return Err(format!(
                "leads to {}, and the API key must not go to another origin",
                target.origin().ascii_serialization()
            ));
        }
        if !target.username().is_empty() || target.password().is_some() {
            return Err("leads to a URL with credentials".to_owned());
        }
        // With other codes, a write would be repeated as a GET.
        if !method.is_safe() && !matches!(status, 307 | 308) {
            return Err(format!("with {status} would turn the {method} into a GET"));
        }
        Ok(target)
    }

    /// Whether it names this machine.
    pub(crate) fn is_loopback(&self) -> bool {
        is_loopback(&self.url)
    }

    /// The URL without a slash at its end: paths are appended to it.
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

/// What to say about a host and a path without a scheme before them.
fn without_scheme(text: &str) -> Option<&'static str> {
    if text.contains("://") || text.contains(['@', '?', '#']) || !text.contains(['.', ':']) {
        return None;
    }
    let url: Url = format!("https://{text}").parse().ok()?;
    Some(if is_loopback(&url) {
        "has no scheme: write http:// before it, as in `http://127.0.0.1:8100/v2`"
    } else {
        "has no scheme: write https:// before it, as in `https://telesto.app/v2`"
    })
}

fn is_loopback(url: &Url) -> bool {
    let Some(host) = url.host_str() else {
        return false;
    };
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || address
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

/// Whether URLs read a segment as "this folder" or "the one above".
fn is_dots(segment: &str) -> bool {
    matches!(
        segment.to_ascii_lowercase().replace("%2e", ".").as_str(),
        "." | ".."
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_stays_below_the_base_url() {
        for base in [
            "https://telesto.app/v2",
            "https://telesto.app",
            "https://telesto.app/v2/",
        ] {
            let base = BaseUrl::new(base, false).unwrap();
            for path in [
                "/",
                "/products",
                "/products/a.b..c",
                "/a%20b",
                "/a b",
                "/products/",
                "/ä",
            ] {
                let url = base.below(path).unwrap();
                assert!(url.as_str().starts_with(base.as_str()), "{url}");
            }
            for path in [
                "",
                "products",
                "//evil.example",
                "/a//b",
                "/a?b=c",
                "/a#b",
                "/..",
                "/../v1",
                "/../v2/products",
                "/a/..",
                "/a/./b",
                "/%2e%2E/v1",
                "/.%2e",
                "/\\evil.example",
                "/.\t./admin",
                "/..\n",
                "/.. ",
                "/products ",
                "/products\r",
                "/\u{85}products",
            ] {
                assert!(base.below(path).is_err(), "{path:?}");
            }
        }
    }

    #[test]
    fn the_key_goes_out_encrypted_or_stays_on_this_machine() {
        for (url, says) in [
            ("http://telesto.app/v2", "unencrypted"),
            ("http://127.0.0.1.nip.io/v2", "unencrypted"),
            ("http://192.168.0.2/v2", "unencrypted"),
            ("ftp://telesto.app/v2", "does not start with https://"),
            ("", "is invalid"),
            ("telesto", "is invalid"),
            ("https://", "is invalid"),
            ("me:s3cret@telesto.app", "does not start with https://"),
            ("s3cret:telesto.app@v2", "does not start with https://"),
            ("http://s3cret.example", "unencrypted"),
            ("s3cret.example/v2", "has no scheme"),
            ("telesto.app/v2", "has no scheme: write https:// before it"),
            (
                "127.0.0.1:8100/v2",
                "has no scheme: write http:// before it",
            ),
            ("localhost:8100", "has no scheme: write http:// before it"),
            ("https://me@telesto.app/v2", "contains credentials"),
            ("https://:s3cret@telesto.app/v2", "contains credentials"),
            ("https://telesto.app/v2?key=s3cret", "has a query"),
            ("https://telesto.app/v2#here", "fragment"),
        ] {
            let message = BaseUrl::new(url, false).unwrap_err().to_string();
            assert!(message.contains(says), "{url}: {message}");
            assert!(!message.contains("s3cret"), "{message}");
        }
        for (url, kept) in [
            ("https://telesto.app/v2/", "https://telesto.app/v2"),
            ("HTTPS://Telesto.App", "https://telesto.app"),
            ("http://localhost:8100/v2", "http://localhost:8100/v2"),
            ("http://127.0.0.1:80/v2", "http://127.0.0.1/v2"),
            ("http://[::1]:8100", "http://[::1]:8100"),
        ] {
            assert_eq!(BaseUrl::new(url, false).unwrap().as_str(), kept);
        }
    }

    #[test]
    fn a_redirect_stays_within_the_origin() {
        let base = BaseUrl::new("https://telesto.app/v2", false).unwrap();
        let from: Url = "https://telesto.app/v2/products".parse().unwrap();
        let go = |method: Method, status, location| {
            base.redirected(&method, &from, status, location)
                .map(|url| url.to_string())
        };
        let allowed = [
            (
                Method::GET,
                301,
                "/v2/goods",
                "https://telesto.app/v2/goods",
            ),
            (
                Method::GET,
                302,
                "goods?a=b",
                "https://telesto.app/v2/goods?a=b",
            ),
            (
                Method::POST,
                308,
                "https://telesto.app:443/v3",
                "https://telesto.app/v3",
            ),
        ];
        for (method, status, location, target) in allowed {
            assert_eq!(go(method, status, Some(location)).as_deref(), Ok(target));
        }
        let refused = [
            (
                Method::GET,
                301,
                "http://telesto.app/v2/products",
                "leads to http://telesto.app,",
            ),
            (
                Method::GET,
                301,
                "//evil.example/v2",
                "leads to https://evil.example,",
            ),
            (
                Method::GET,
                301,
                "https://telesto.app:8443/",
                "leads to https://telesto.app:8443,",
            ),
            (Method::GET, 301, "https://me@telesto.app/", "credentials"),
            (Method::GET, 301, "https://[", "an invalid URL"),
            (Method::POST, 302, "/v2/goods", "turn the POST into a GET"),
        ];
        for (method, status, location, says) in refused {
            let reason = go(method, status, Some(location)).unwrap_err();
            assert!(reason.contains(says), "{location}: {reason}");
        }
        assert!(go(Method::GET, 301, None).unwrap_err().contains("Location"));
    }
}

//! What tells one cached response from another.

use std::fmt;
use std::sync::Arc;

use reqwest::Request;

use super::{Link, writes};
use crate::api_key::ApiKey;
use crate::operation::{Call, Returns};

/// Whose responses: an account at an origin, as a hash that does not tell the API
/// key.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Owner([u8; 32]);

impl Owner {
    pub(crate) fn new(key: &ApiKey, origin: &str) -> Self {
        // The API key is that of the hash, so only who has it can make one.
        let key = key.derived("telesto-api 2026-11-27 owner of cached responses");
        Self(*blake3::keyed_hash(&key, origin.as_bytes()).as_bytes())
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Owner {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Owner")
    }
}

/// What tells one cached response from another.
///
/// It holds all that a response depends on as far as the client knows, so two
/// requests with the same key are the same.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Key(Arc<[u8]>);

impl Key {
    /// The key of a read, after all writes so far.
    pub(super) fn of(link: &Link, request: &Request, call: Call<'_>) -> Self {
        let (owner, store) = (&link.owner, &link.shared.store);
        let mut parts = Parts(Vec::with_capacity(256));
        parts.push(owner.bytes());
        parts.push(link.client.as_bytes());
        parts.push(call.name.as_bytes());
        parts.push(&[u8::from(call.returns == Returns::Json)]);
        writes::seen_by(owner, call.tags, store, |mark| {
            parts.push(&mark.to_le_bytes())
        });
        parts.push(request.url().path().as_bytes());
        let query = request.url().query().unwrap_or_default();
        match query.contains('&') {
            true => {
                // Of parameters with the same name, the order may count.
                let mut pairs: Vec<&str> = query.split('&').collect();
                pairs.sort_by_key(|pair| pair.split_once('=').map_or(*pair, |(name, _)| name));
                parts.push(pairs.join("&").as_bytes());
            }
            false => parts.push(query.as_bytes()),
        }
        let mut headers: Vec<_> = request.headers().iter().collect();
        headers.sort_by_key(|(name, _)| name.as_str());
        for (name, value) in headers {
            parts.push(name.as_str().as_bytes());
            parts.push(value.as_bytes());
        }
        Self(parts.0.into())
    }

    #[cfg(test)]
    pub(super) fn from(text: &str) -> Self {
        Self(text.as_bytes().into())
    }

    /// The same, after more writes.
    pub(super) fn with(&self, marks: &[u64]) -> Self {
        let marks = marks.iter().flat_map(|mark| mark.to_le_bytes());
        Self(self.0.iter().copied().chain(marks).collect())
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Key")
    }
}

/// Parts that no other parts look like.
struct Parts(Vec<u8>);

impl Parts {
    fn push(&mut self, part: &[u8]) {
        self.0.extend_from_slice(&part.len().to_le_bytes());
        self.0.extend_from_slice(part);
    }
}

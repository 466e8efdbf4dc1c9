//! A response as it is kept.

use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use reqwest::StatusCode;
use reqwest::header::{
    AGE, CONNECTION, HeaderMap, HeaderName, HeaderValue, SET_COOKIE, TRANSFER_ENCODING,
};

use super::lifetime::{self, Bound};
use crate::outcome::Received;

/// A response as it is kept: raw, so that it is decoded as if it had just arrived.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    /// How old it was when it was asked for.
    pub(super) age: Duration,
    /// How often its request was tried.
    pub(super) attempts: u32,
    /// What the server allows; `None` if it must not be kept.
    pub(super) bound: Option<Bound>,
}

/// Headers that are for one connection or one user agent, or that a cache writes.
const NOT_KEPT: [HeaderName; 4] = [CONNECTION, TRANSFER_ENCODING, SET_COOKIE, AGE];

impl Entry {
    /// A response that was received at `now`.
    pub(crate) fn new(received: Received, now: Timestamp, may_be_kept: bool) -> Self {
        let Received {
            status,
            headers,
            body,
            attempts,
            ..
        } = received;
        let may_be_kept = may_be_kept && status != StatusCode::PARTIAL_CONTENT;
        Self {
            status,
            age: lifetime::age(&headers),
            bound: Bound::of(&headers, now).filter(|_| may_be_kept),
            headers,
            body,
            attempts,
        }
    }

    /// The response for other calls.
    pub(super) fn to_keep(&self) -> Self {
        let headers = self.headers.iter();
        let headers = headers.filter(|(name, _)| !NOT_KEPT.contains(name));
        // As they come, they hold the whole buffer that they were read into.
        let headers = headers.filter_map(|(name, value)| {
            let value = HeaderValue::from_bytes(value.as_bytes()).ok()?;
            Some((name.clone(), value))
        });
        Self {
            status: self.status,
            headers: headers.collect(),
            body: self.body.clone(),
            age: self.age,
            attempts: self.attempts,
            bound: self.bound,
        }
    }

    /// How many bytes it takes, about.
    pub(super) fn size(&self) -> usize {
        let headers = self.headers.iter();
        let headers = headers.map(|(name, value)| name.as_str().len() + value.len() + 64);
        self.body.len() + headers.sum::<usize>() + size_of::<Self>()
    }
}

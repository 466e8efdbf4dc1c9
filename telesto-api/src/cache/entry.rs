//! A response as it is kept.

use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use reqwest::StatusCode;
use reqwest::header::{AGE, CONNECTION, HeaderMap, HeaderName, SET_COOKIE, TRANSFER_ENCODING};

use super::lifetime::{self, Bound};
use crate::outcome::Received;

/// A response as it is kept: raw, so that it is decoded as if it had just arrived.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) status: StatusCode,
    /// As the server has sent them.
    pub(super) headers: HeaderMap,
    /// As they are served again.
    pub(super) kept_headers: HeaderMap,
    pub(super) body: Bytes,
    /// How old it was when it was asked for.
    pub(super) age: Duration,
    /// What the server allows; `None` if it must not be kept.
    pub(super) bound: Option<Bound>,
}

/// Headers that are for one connection or one user agent, or that a cache writes.
const NOT_KEPT: [HeaderName; 4] = [CONNECTION, TRANSFER_ENCODING, SET_COOKIE, AGE];

impl Entry {
    /// A response that was received at `now`.
    pub(super) fn new(received: Received, now: Timestamp, may_be_kept: bool) -> Self {
        let Received {
            status,
            headers,
            body,
            ..
        } = received;
        let mut kept_headers = headers.clone();
        for name in NOT_KEPT {
            kept_headers.remove(name);
        }
        let may_be_kept = may_be_kept && status != StatusCode::PARTIAL_CONTENT;
        Self {
            status,
            age: lifetime::age(&headers),
            bound: Bound::of(&headers, now).filter(|_| may_be_kept),
            headers,
            kept_headers,
            body,
        }
    }

    /// How many bytes it takes, about.
    pub(super) fn size(&self) -> usize {
        // The two share their values.
        let headers = self.headers.iter();
        let headers = headers.map(|(name, value)| name.as_str().len() + value.len() + 128);
        self.body.len() + headers.sum::<usize>() + size_of::<Self>()
    }
}

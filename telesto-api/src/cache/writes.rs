//! Writes, after which the responses before them are served no more.
//!
//! A write changes the keys of all reads that it may concern. So what was received
//! before it, and what is still under way, is not found any more.

use std::borrow::Cow;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, LazyLock, Mutex};

use super::Shared;
use super::key::Owner;
use super::store::Store;
use crate::{Error, random};

/// A kind of writes that reads look at.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    /// With this tag.
    Tagged(&'static str),
    /// Without a tag, which may concern anything.
    Untagged,
    /// Any.
    Any,
}

impl Kind {
    pub(super) fn name(self) -> Cow<'static, str> {
        match self {
            Self::Tagged(tag) => format!("tag {tag}").into(),
            Self::Untagged => "untagged".into(),
            Self::Any => "any".into(),
        }
    }
}

/// The kinds of writes that a read with these tags may depend on.
pub(super) fn of_read(tags: &[&'static str], mut each: impl FnMut(Kind)) {
    if tags.is_empty() {
        return each(Kind::Any);
    }
    each(Kind::Untagged);
    tags.iter().for_each(|tag| each(Kind::Tagged(tag)));
}

/// The kinds of a write with these tags.
pub(super) fn of_write(tags: &[&'static str], mut each: impl FnMut(Kind)) {
    each(Kind::Any);
    if tags.is_empty() {
        return each(Kind::Untagged);
    }
    tags.iter().for_each(|tag| each(Kind::Tagged(tag)));
}

/// The last write of a kind in this process.
struct Last {
    mark: u64,
    /// The directory of the cache that has noted it, for other processes as well.
    noted_in: Option<PathBuf>,
}

/// Whichever client made them.
static LAST: LazyLock<Mutex<HashMap<(Owner, Kind), Last>>> = LazyLock::new(Mutex::default);

/// Calls `look` with the mark of the last write of each kind that a read may depend
/// on, unless its store has noted it.
pub(super) fn seen_by(
    owner: &Owner,
    tags: &[&'static str],
    store: &Store,
    mut look: impl FnMut(u64),
) {
    let last = super::lock(&LAST);
    of_read(tags, |kind| {
        let mark = last.get(&(*owner, kind)).map(|last| {
            let noted_in = last.noted_in.as_deref();
            match noted_in.is_some() && noted_in == store.directory() {
                true => 0,
                false => last.mark,
            }
        });
        look(mark.unwrap_or_default());
    });
}

/// A write with these tags. Dropped, it may have happened.
#[derive(Debug)]
pub(super) struct Write<'a> {
    owner: &'a Owner,
    tags: &'static [&'static str],
    cache: Option<&'a Arc<Shared>>,
    is_settled: bool,
}

impl<'a> Write<'a> {
    pub(super) fn new(
        owner: &'a Owner,
        tags: &'static [&'static str],
        cache: Option<&'a Arc<Shared>>,
    ) -> Self {
        Self {
            owner,
            tags,
            cache,
            is_settled: false,
        }
    }

    /// The request has ended, with this error if it has failed. The reads are served no
    /// more, unless it is certain that the server has not acted on it.
    pub(super) async fn ended(mut self, error: Option<&Error>) {
        if error.is_none_or(Error::may_have_acted) {
            let noted_in = match self.cache {
                Some(cache) => cache.store.note_write(*self.owner, self.tags).await,
                None => None,
            };
            self.mark(noted_in);
        }
        self.is_settled = true;
    }

    fn mark(&self, noted_in: Option<PathBuf>) {
        let mut last = super::lock(&LAST);
        of_write(self.tags, |kind| {
            let write = Last {
                mark: random::number(),
                noted_in: noted_in.clone(),
            };
            last.insert((*self.owner, kind), write);
        });
    }
}

impl Drop for Write<'_> {
    fn drop(&mut self) {
        if !self.is_settled {
            self.mark(None);
            if let Some(cache) = self.cache {
                cache.store.note_write_later(*self.owner, self.tags);
            }
        }
    }
}

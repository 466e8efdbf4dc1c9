//! Writes, after which the responses before them are served no more.
//!
//! A write changes the keys of all reads that it may concern. So what was received
//! before it, and what is still under way, is not found any more.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{LazyLock, Mutex};

use super::key::Owner;

/// A kind of writes that reads look at.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    /// With this tag.
    Tagged(&'static str),
    /// Without a tag, which may concern anything.
    Untagged,
    /// Any.
    Any,
}

/// The last writes of this process, whichever client made them.
static LAST: LazyLock<Mutex<HashMap<(Owner, Kind), u64>>> = LazyLock::new(Mutex::default);

/// Calls `look` with a mark of the last write of each kind that a read with these
/// tags may depend on.
pub(super) fn seen_by(owner: &Owner, tags: &[&'static str], mut look: impl FnMut(u64)) {
    let last = super::lock(&LAST);
    let mut look = |kind| look(last.get(&(*owner, kind)).copied().unwrap_or_default());
    if tags.is_empty() {
        return look(Kind::Any);
    }
    look(Kind::Untagged);
    tags.iter().for_each(|tag| look(Kind::Tagged(tag)));
}

/// A write with these tags, which may have happened when this is dropped.
#[derive(Debug)]
pub(super) struct Write<'a> {
    owner: &'a Owner,
    tags: &'static [&'static str],
}

impl<'a> Write<'a> {
    pub(super) fn new(owner: &'a Owner, tags: &'static [&'static str]) -> Self {
        Self { owner, tags }
    }

    /// It is certain that it did not happen.
    pub(super) fn did_not_happen(self) {
        std::mem::forget(self);
    }
}

impl Drop for Write<'_> {
    fn drop(&mut self) {
        let mut last = super::lock(&LAST);
        let mut mark = |kind| {
            // Different from all others, also from those of other processes.
            last.insert((*self.owner, kind), RandomState::new().hash_one(0));
        };
        mark(Kind::Any);
        match self.tags {
            [] => mark(Kind::Untagged),
            tags => tags.iter().for_each(|tag| mark(Kind::Tagged(tag))),
        }
    }
}

//! What has another name in the new client.

use std::collections::HashMap;

use super::items::{Side, word, words};
use super::{Difference, difference};
use crate::diff::Verdict;
use crate::diff::sides::Sides;
use crate::surface::{ItemKind, Surface, SurfaceItem};

/// The types and methods of the base that have another name in the new client.
pub(super) struct Renames {
    types: Vec<(String, String)>,
    operations: Vec<(String, String)>,
    methods: Vec<(String, String)>,
}

impl Renames {
    pub(super) fn of(base: &Surface, new: &Surface, sides: &Sides<'_>) -> Self {
        let find = |start: &str, is_kind: fn(ItemKind) -> bool| -> Vec<(String, String)> {
            let is_one = |path: &str, item: &SurfaceItem| {
                let name = path.strip_prefix(start);
                is_kind(item.kind) && name.is_some_and(|name| !name.contains("::"))
            };
            let new_ones = new.iter().filter(|(path, item)| {
                is_one(path, item) && base.get(path).is_none() && item.origin.is_some()
            });
            let mut by_origin: HashMap<_, _> = new_ones
                .map(|(path, item)| (item.origin.clone(), path))
                .collect();
            let mut renames = Vec::new();
            for (path, item) in base.iter() {
                if !is_one(path, item) || new.get(path).is_some() {
                    continue;
                }
                let origin = item.origin.as_deref();
                let now = origin.and_then(|origin| sides.moved_to(origin));
                if now.is_none() {
                    continue;
                }
                if let Some(now) = by_origin.remove(&now) {
                    renames.push((
                        path[start.len()..].to_owned(),
                        now[start.len()..].to_owned(),
                    ));
                }
            }
            renames
        };
        Self {
            types: find("types::", |kind| {
                matches!(kind, ItemKind::Struct | ItemKind::Enum)
            }),
            operations: find("builder::", |kind| kind == ItemKind::Struct),
            methods: find("Client::", |kind| kind == ItemKind::Method),
        }
    }

    pub(super) fn differences(&self, base: &Surface, new: &Surface) -> Vec<Difference> {
        let types = self.types.iter().map(|pair| ("types::", pair));
        let methods = self.methods.iter().map(|pair| ("Client::", pair));
        let mut found = Vec::new();
        for (start, (was, is)) in types.chain(methods) {
            let (old, now) = (format!("{start}{was}"), format!("{start}{is}"));
            let (Some(one), Some(other)) = (base.get(&old), new.get(&now)) else {
                continue;
            };
            let what = word(&now, other.kind);
            let message = format!("the {what} `{was}` is now `{is}`");
            let [one, other] = [(&old, one), (&now, other)].map(|(path, item)| Side { path, item });
            found.push(difference(
                Verdict::Breaking,
                Some(&one),
                Some(&other),
                message,
            ));
        }
        found
    }

    /// A path of the base, with the names of the new client.
    pub(super) fn path(&self, path: &str) -> String {
        let tables = [
            ("types::builder::", &self.types),
            ("types::", &self.types),
            ("builder::", &self.operations),
            ("Client::", &self.methods),
        ];
        for (start, renames) in tables {
            let Some(rest) = path.strip_prefix(start) else {
                continue;
            };
            let end = rest.find(':').unwrap_or(rest.len());
            let (name, rest) = rest.split_at(end);
            let name = renamed(renames, name).unwrap_or(name);
            return match rest.strip_prefix(": ") {
                Some(of) => format!("{start}{name}: {}", self.signature(of)),
                None => format!("{start}{name}{rest}"),
            };
        }
        path.to_owned()
    }

    /// A signature of the base, with the types of the new client.
    pub(super) fn signature(&self, signature: &str) -> String {
        words(signature, |word, _| {
            renamed(&self.types, word).unwrap_or(word).to_owned()
        })
    }
}

fn renamed<'n>(renames: &'n [(String, String)], name: &str) -> Option<&'n str> {
    let mut renames = renames.iter();
    renames.find_map(|(old, now)| (old == name).then_some(now.as_str()))
}

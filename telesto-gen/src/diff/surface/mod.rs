//! What changes in the client: its items, one by one.

mod items;
mod renames;

use std::collections::{BTreeMap, HashMap, HashSet};

use self::items::{
    Items, Side, article, field_of_setter, parents, short, shown, shown_type, the, word,
};
use self::renames::Renames;
use super::sides::Sides;
use super::{Effect, Verdict};
use crate::surface::{ItemKind, Surface, SurfaceItem};

/// An effect, and what of the documents its item was made from.
pub(super) struct Difference {
    pub(super) effect: Effect,
    /// The origin of what was there.
    pub(super) base: Option<String>,
    /// The origin of what is there now.
    pub(super) new: Option<String>,
    /// The origins of what the item is a part of, in the new client.
    pub(super) of: Vec<String>,
}

impl Difference {
    /// Whether the item is in one of the clients only.
    pub(super) fn is_one_sided(&self) -> bool {
        self.base.is_none() || self.new.is_none()
    }
}

/// What differs between two clients. What follows from another difference, such as
/// the fields of a type that is gone, is left out.
pub(super) fn compare(base: &Surface, new: &Surface, sides: &Sides<'_>) -> Vec<Difference> {
    let renames = Renames::of(base, new, sides);
    let side = |(path, item)| Side { path, item };
    let of_base = base.iter().map(|item| (renames.path(item.0), side(item)));
    let of_new = new.iter().map(|item| (item.0.to_owned(), side(item)));
    let (before, after): (Items<'_>, Items<'_>) = (of_base.collect(), of_new.collect());
    let mut comparison = Comparison {
        removed: missing(&before, &after),
        added: missing(&after, &before),
        before: &before,
        after: &after,
        renames: &renames,
    };
    let mut found = renames.differences(base, new);
    found.extend(comparison.moved(sides));
    found.extend(comparison.changed());
    found.extend(comparison.gone());
    found.extend(comparison.new_ones());
    for difference in &mut found {
        let parents = parents(&difference.effect.item, &after);
        let parents = parents.filter_map(|parent| after.get(&parent));
        difference.of = parents
            .filter_map(|side| side.item.origin.clone())
            .collect();
    }
    found
}

/// The items that the other client does not have, or not as what they are.
fn missing<'i>(of: &'i Items<'_>, other: &Items<'_>) -> HashSet<&'i str> {
    let kind = |items: &Items<'_>, path: &str| items.get(path).map(|side| side.item.kind);
    let paths = of.keys().map(String::as_str);
    paths
        .filter(|path| kind(of, path) != kind(other, path))
        .collect()
}

struct Comparison<'i> {
    before: &'i Items<'i>,
    after: &'i Items<'i>,
    /// The paths of what only one of them has, or has as another kind of item.
    removed: HashSet<&'i str>,
    added: HashSet<&'i str>,
    renames: &'i Renames,
}

impl<'i> Comparison<'i> {
    /// The members that are the same in both documents, and have another name: they
    /// are neither removed nor added.
    fn moved(&mut self, sides: &Sides<'_>) -> Vec<Difference> {
        let holder = |path: &'i str| path.rsplit_once("::").map_or("", |(holder, _)| holder);
        let key = |path: &'i str, item: &SurfaceItem, origin| {
            let is_type = matches!(item.kind, ItemKind::Struct | ItemKind::Enum);
            let is_member = !is_type && item.kind != ItemKind::Trait;
            is_member.then(|| (holder(path), item.kind, origin))
        };
        let mut by_origin = HashMap::new();
        for path in &self.added {
            let item = self.after[*path].item;
            let key = item
                .origin
                .clone()
                .and_then(|origin| key(path, item, origin));
            by_origin.extend(key.map(|key| (key, *path)));
        }
        let mut found = Vec::new();
        for (path, one) in self.before {
            if !self.removed.contains(path.as_str()) {
                continue;
            }
            let origin = one.item.origin.as_deref();
            let now = origin.and_then(|origin| sides.moved_to(origin));
            let key = now.and_then(|now| key(path, one.item, now));
            let Some(now) = key.and_then(|key| by_origin.remove(&key)) else {
                continue;
            };
            self.removed.remove(path.as_str());
            self.added.remove(now);
            if self.follows(now, self.after, &self.added) {
                continue;
            }
            let other = &self.after[now];
            let message = format!(
                "{} is now {}",
                the(one.path, one.item, self.before),
                shown(other.path, other.item, self.after)
            );
            found.push(difference(
                Verdict::Breaking,
                Some(one),
                Some(other),
                message,
            ));
        }
        found
    }

    /// Whether a path is in the list because something else is.
    fn follows(&self, path: &str, items: &Items<'_>, list: &HashSet<&str>) -> bool {
        parents(path, items).any(|parent| list.contains(parent.as_str()))
    }

    /// What both have, and is not the same.
    fn changed(&self) -> Vec<Difference> {
        let mut found = Vec::new();
        for (path, one) in self.before {
            let Some(other) = self.after.get(path) else {
                continue;
            };
            if one.item.kind != other.item.kind {
                let message = format!(
                    "{} is {}, and was {}",
                    shown(other.path, other.item, self.after),
                    article(other.item.kind),
                    article(one.item.kind)
                );
                found.push(difference(
                    Verdict::Breaking,
                    Some(one),
                    Some(other),
                    message,
                ));
            } else if !self.field_changes(path) {
                found.extend(changed(one, other, self.after, self.renames));
            }
        }
        found
    }

    /// Whether this is the setter of a field that changes: that says it already.
    fn field_changes(&self, path: &str) -> bool {
        field_of_setter(path, self.before).is_some_and(|field| {
            let (before, after) = (self.before.get(&field), self.after.get(&field));
            before.zip(after).is_some_and(|(one, other)| {
                self.renames.signature(&one.item.signature) != other.item.signature
            })
        })
    }

    /// What only the base has.
    fn gone(&self) -> Vec<Difference> {
        let (mut found, mut traits) = (Vec::new(), Traits::default());
        for (path, one) in self.before {
            let is_gone = self.removed.contains(path.as_str()) && !self.after.contains_key(path);
            if !is_gone || self.follows(path, self.before, &self.removed) {
                continue;
            }
            match path.split_once(": ") {
                Some(of) => traits.add(of, one),
                None => {
                    let message = format!("{} is gone", the(one.path, one.item, self.before));
                    found.push(difference(Verdict::Breaking, Some(one), None, message));
                }
            }
        }
        for (holder, (names, one)) in traits.0 {
            let message = format!("{} is no longer {}", shown_type(holder), list(&names));
            found.push(difference(Verdict::Breaking, Some(one), None, message));
        }
        found
    }

    /// What only the new client has.
    fn new_ones(&self) -> Vec<Difference> {
        let (mut found, mut traits) = (Vec::new(), Traits::default());
        for (path, other) in self.after {
            let is_new = self.added.contains(path.as_str()) && !self.before.contains_key(path);
            if !is_new || self.follows(path, self.after, &self.added) {
                continue;
            }
            match path.split_once(": ") {
                Some(of) => traits.add(of, other),
                None => found.push(self.new_one(path, other)),
            }
        }
        for (holder, (names, other)) in traits.0 {
            let message = format!("{} is {}", shown_type(holder), list(&names));
            found.push(difference(Verdict::Additive, None, Some(other), message));
        }
        found
    }

    fn new_one(&self, path: &str, other: &Side<'_>) -> Difference {
        // One more member of a type that lists all of them to those who match it.
        let holder = path
            .rsplit_once("::")
            .and_then(|(ty, _)| self.before.get(ty));
        let is_member = matches!(other.item.kind, ItemKind::Field | ItemKind::Variant);
        let is_closed = holder.is_some_and(|holder| holder.item.signature.is_empty());
        let verdict = match is_member && is_closed {
            true => Verdict::Breaking,
            false => Verdict::Additive,
        };
        let ty = match other.item.kind {
            ItemKind::Field => format!(", of the type `{}`", short(&other.item.signature)),
            _ => String::new(),
        };
        let what = word(path, other.item.kind);
        let shown = shown(path, other.item, self.after);
        difference(
            verdict,
            None,
            Some(other),
            format!("new {what} {shown}{ty}"),
        )
    }
}

/// The traits of types, with the first of their items.
#[derive(Default)]
struct Traits<'i>(BTreeMap<&'i str, (Vec<String>, &'i Side<'i>)>);

impl<'i> Traits<'i> {
    fn add(&mut self, (holder, name): (&'i str, &str), side: &'i Side<'i>) {
        let entry = self.0.entry(holder);
        let (names, _) = entry.or_insert_with(|| (Vec::new(), side));
        names.push(format!("`{}`", short(name)));
    }
}

/// Such as `one, two and three`.
fn list(names: &[String]) -> String {
    match names {
        [all @ .., last] if !all.is_empty() => format!("{} and {last}", all.join(", ")),
        names => names.concat(),
    }
}

fn difference(
    verdict: Verdict,
    base: Option<&Side<'_>>,
    new: Option<&Side<'_>>,
    message: String,
) -> Difference {
    let origin = |side: Option<&Side<'_>>| side.and_then(|side| side.item.origin.clone());
    let side = new.or(base);
    Difference {
        effect: Effect {
            verdict,
            item: side.map_or(String::new(), |side| side.path.to_owned()),
            message,
        },
        base: origin(base),
        new: origin(new),
        of: Vec::new(),
    }
}

/// What changes of an item that both clients have.
fn changed(
    one: &Side<'_>,
    other: &Side<'_>,
    after: &Items<'_>,
    renames: &Renames,
) -> Option<Difference> {
    let base = renames.signature(&one.item.signature);
    let new = &other.item.signature;
    let name = || shown(other.path, other.item, after);
    let (verdict, message) = match other.item.kind {
        // Its builder is named after it.
        ItemKind::Method if other.path.starts_with("Client::") => return None,
        _ if base == *new && one.item.wire_name == other.item.wire_name => return None,
        _ if base == *new => {
            let on_wire =
                |side: &Side<'_>| side.item.wire_name.as_deref().unwrap_or("?").to_owned();
            let message = format!(
                "{} is `{}` on the wire, and was `{}`",
                name(),
                on_wire(other),
                on_wire(one)
            );
            (Verdict::Breaking, message)
        }
        ItemKind::Method => {
            // `body` says it already.
            if other.path.ends_with("::body_map()") {
                return None;
            }
            let (verb, past) = match other.path.ends_with("::send()") {
                true => ("returns", "returned"),
                false => ("takes", "took"),
            };
            let verdict = match widened(&base).as_ref() == Some(new) {
                true => Verdict::Additive,
                false => Verdict::Breaking,
            };
            let [was, is] = [&base, new].map(|signature| quoted(&value_of(signature)));
            (verdict, format!("{} {verb} {is}, and {past} {was}", name()))
        }
        ItemKind::Struct | ItemKind::Enum => {
            let (verdict, text) = match new.is_empty() {
                true => (Verdict::Additive, "no longer"),
                false => (Verdict::Breaking, "now"),
            };
            (verdict, format!("{} is {text} `#[non_exhaustive]`", name()))
        }
        _ => {
            let [was, is] = [&base, new].map(|signature| quoted(&short(signature)));
            (
                Verdict::Breaking,
                format!("{} becomes {is}, and was {was}", name()),
            )
        }
    };
    Some(difference(verdict, Some(one), Some(other), message))
}

fn quoted(ty: &str) -> String {
    match ty {
        "" | "()" => "nothing".to_owned(),
        ty => format!("`{ty}`"),
    }
}

/// What takes an `Option` takes its value as well.
fn widened(signature: &str) -> Option<String> {
    let (before, taken) = signature.split_once("Argument<")?;
    let (taken, after) = taken.rsplit_once(">)")?;
    Some(format!("{before}Argument<Option<{taken}>>){after}"))
}

/// What a method takes or returns, for people.
fn value_of(signature: &str) -> String {
    let between = |start: &str, end: &str| {
        let (_, rest) = signature.split_once(start)?;
        Some(rest.rsplit_once(end)?.0.to_owned())
    };
    let value = between("Argument<", ">) -> Self")
        .or_else(|| between("ResponseValue<", ">, crate::Error>"))
        .or_else(|| between("-> Result<", ", crate::Error>"))
        .unwrap_or_else(|| signature.to_owned());
    short(&value)
}

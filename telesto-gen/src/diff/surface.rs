//! What changes in the client: its items, one by one.

use std::collections::{BTreeMap, HashMap, HashSet};

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
    let before: Items<'_> = base
        .iter()
        .map(|(path, item)| (renames.path(path), Side { path, item }))
        .collect();
    let after: Items<'_> = new
        .iter()
        .map(|(path, item)| (path.to_owned(), Side { path, item }))
        .collect();
    let replaced = before.iter().filter(|(path, side)| {
        let other = after.get(*path);
        other.is_some_and(|other| other.item.kind != side.item.kind)
    });
    let mut removed = paths(&before, &after);
    let mut added = paths(&after, &before);
    let replaced: Vec<&str> = replaced.map(|(path, _)| path.as_str()).collect();
    removed.extend(&replaced);
    added.extend(&replaced);

    let mut found = renames.differences(base, new);
    let members = moved(&before, &after, (&removed, &added), sides);
    for (old, now) in &members {
        removed.remove(old);
        added.remove(now);
        let (one, other) = (&before[*old], &after[*now]);
        if parents(now, &after).all(|parent| !added.contains(parent.as_str())) {
            let verdict = Verdict::Breaking;
            let message = format!(
                "{} is now {}",
                the(one.path, one.item, &before),
                shown(other.path, other.item, &after)
            );
            found.push(difference(verdict, Some(one), Some(other), message));
        }
    }
    let (mut lost, mut gained) = (Traits::default(), Traits::default());
    for (path, one) in &before {
        let is_listed = |set: &HashSet<&str>, items: &Items<'_>| {
            parents(path, items).any(|parent| set.contains(parent.as_str()))
        };
        match after.get(path) {
            None if removed.contains(path.as_str()) => {
                let follows = is_listed(&removed, &before);
                match path.split_once(": ") {
                    _ if follows => {}
                    Some(of) => lost.add(of, one),
                    None => found.push(gone(one, &before)),
                }
            }
            Some(other) if one.item.kind == other.item.kind => {
                let of_field = field_of_setter(path, &before)
                    .and_then(|field| Some((&before.get(&field)?.item, &after.get(&field)?.item)));
                // The field says it already.
                if of_field.is_some_and(|(one, other)| {
                    renames.signature(&one.signature) != other.signature
                }) {
                    continue;
                }
                found.extend(changed(one, other, &after, &renames));
            }
            Some(other) => found.push(difference(
                Verdict::Breaking,
                Some(one),
                Some(other),
                format!(
                    "{} is {}, and was {}",
                    shown(other.path, other.item, &after),
                    article(other.item.kind),
                    article(one.item.kind)
                ),
            )),
            None => {}
        }
    }
    for (path, other) in &after {
        let is_new = added.contains(path.as_str()) && !before.contains_key(path);
        let follows = || parents(path, &after).any(|parent| added.contains(parent.as_str()));
        if !is_new || follows() {
            continue;
        }
        match path.split_once(": ") {
            Some(of) => gained.add(of, other),
            None => found.push(new_item(path, other, (&before, &after))),
        }
    }
    for (holder, (names, side)) in lost.0 {
        let message = format!("{} is no longer {}", shown_type(holder), list(&names));
        found.push(difference(Verdict::Breaking, Some(side), None, message));
    }
    for (holder, (names, side)) in gained.0 {
        let message = format!("{} is {}", shown_type(holder), list(&names));
        found.push(difference(Verdict::Additive, None, Some(side), message));
    }
    found
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

/// The items of a client, by their paths with the names of the new one.
type Items<'a> = BTreeMap<String, Side<'a>>;

struct Side<'a> {
    path: &'a str,
    item: &'a SurfaceItem,
}

fn paths<'i>(of: &'i Items<'_>, without: &Items<'_>) -> HashSet<&'i str> {
    let paths = of.keys().filter(|path| !without.contains_key(*path));
    paths.map(String::as_str).collect()
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
    }
}

fn gone(one: &Side<'_>, before: &Items<'_>) -> Difference {
    let message = format!("{} is gone", the(one.path, one.item, before));
    difference(Verdict::Breaking, Some(one), None, message)
}

fn new_item(path: &str, other: &Side<'_>, (before, after): (&Items<'_>, &Items<'_>)) -> Difference {
    // One more member of a type that lists all of them to those who match it.
    let holder = path.rsplit_once("::").and_then(|(ty, _)| before.get(ty));
    let is_member = matches!(other.item.kind, ItemKind::Field | ItemKind::Variant);
    let is_closed = holder.is_some_and(|holder| holder.item.signature.is_empty());
    let verdict = match is_member && is_closed {
        true => Verdict::Breaking,
        false => Verdict::Additive,
    };
    let what = word(path, other.item.kind);
    let shown = shown(path, other.item, after);
    let ty = match other.item.kind {
        ItemKind::Field => format!(", of the type `{}`", short(&other.item.signature)),
        _ => String::new(),
    };
    let message = format!("new {what} {shown}{ty}");
    difference(verdict, None, Some(other), message)
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
            (Verdict::Additive, message)
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

/// The members that are the same in both documents, and have another name.
fn moved<'i>(
    before: &'i Items<'_>,
    after: &'i Items<'_>,
    (removed, added): (&HashSet<&'i str>, &HashSet<&'i str>),
    sides: &Sides<'_>,
) -> Vec<(&'i str, &'i str)> {
    let is_member = |item: &SurfaceItem| {
        !matches!(
            item.kind,
            ItemKind::Trait | ItemKind::Struct | ItemKind::Enum
        )
    };
    let holder = |path: &'i str| path.rsplit_once("::").map_or("", |(holder, _)| holder);
    let mut by_origin: HashMap<(&str, ItemKind, String), &str> = HashMap::new();
    for path in added {
        let Some((path, side)) = after.get_key_value(*path) else {
            continue;
        };
        if let Some(origin) = side.item.origin.as_deref().filter(|_| is_member(side.item)) {
            by_origin.insert((holder(path), side.item.kind, origin.to_owned()), path);
        }
    }
    let mut found = Vec::new();
    for (path, side) in before {
        let origin = side.item.origin.as_deref();
        if !removed.contains(path.as_str()) || !is_member(side.item) {
            continue;
        }
        let now = origin.and_then(|origin| sides.moved_to(origin));
        let key = now.map(|now| (holder(path), side.item.kind, now));
        let now = key.and_then(|key| by_origin.remove(&key));
        if let Some(now) = now {
            found.push((path.as_str(), now));
        }
    }
    found
}

/// The types and methods of the base that have another name in the new client.
struct Renames {
    types: Vec<(String, String)>,
    operations: Vec<(String, String)>,
    methods: Vec<(String, String)>,
}

impl Renames {
    fn of(base: &Surface, new: &Surface, sides: &Sides<'_>) -> Self {
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

    fn differences(&self, base: &Surface, new: &Surface) -> Vec<Difference> {
        let types = self.types.iter().map(|pair| ("types::", pair));
        let methods = self.methods.iter().map(|pair| ("Client::", pair));
        let mut found = Vec::new();
        for (start, (old, now)) in types.chain(methods) {
            let (old, now) = (format!("{start}{old}"), format!("{start}{now}"));
            let (Some(one), Some(other)) = (base.get(&old), new.get(&now)) else {
                continue;
            };
            let strip = |path: &str| path[start.len()..].to_owned();
            let message = format!(
                "the {} `{}` is now `{}`",
                word(&now, other.kind),
                strip(&old),
                strip(&now)
            );
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
    fn path(&self, path: &str) -> String {
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
    fn signature(&self, signature: &str) -> String {
        words(signature, |word, _| {
            renamed(&self.types, word).unwrap_or(word).to_owned()
        })
    }
}

fn renamed<'n>(renames: &'n [(String, String)], name: &str) -> Option<&'n str> {
    let mut renames = renames.iter();
    renames.find_map(|(old, now)| (old == name).then_some(now.as_str()))
}

/// A text with each of its words replaced, which is told what comes after it.
fn words(text: &str, replace: impl Fn(&str, &str) -> String) -> String {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut out = String::new();
    let mut rest = text;
    while let Some(start) = rest.find(is_word) {
        let (before, from) = rest.split_at(start);
        let (word, after) = from.split_at(from.find(|c| !is_word(c)).unwrap_or(from.len()));
        out.push_str(before);
        out.push_str(&replace(word, after));
        rest = after;
    }
    out + rest
}

/// A type without the modules that its parts are in.
fn short(ty: &str) -> String {
    let without_modules = words(ty, |word, after| match after.starts_with("::") {
        true => String::new(),
        false => word.to_owned(),
    });
    without_modules
        .replace("::", "")
        .replace(", ", ",")
        .replace(',', ", ")
}

/// The items that an item is a part of, or that have it as their consequence.
fn parents(path: &str, items: &Items<'_>) -> impl Iterator<Item = String> {
    let mut parents = Vec::new();
    let of_trait = path.split_once(": ");
    let holder = of_trait.map_or(path, |(ty, _)| ty);
    if let Some((_, name)) = of_trait {
        parents.push(holder.to_owned());
        // `From<Thing>` goes with `Thing`.
        let converted = name
            .split_once('<')
            .and_then(|(_, rest)| rest.strip_suffix('>'));
        parents.extend(converted.map(|ty| format!("types::{ty}")));
    }
    if let Some(rest) = holder.strip_prefix("types::") {
        let builder = rest.strip_prefix("builder::");
        let rest = builder.unwrap_or(rest);
        let (ty, member) = rest.split_once("::").unwrap_or((rest, ""));
        parents.push(format!("types::{ty}"));
        if builder.is_some() {
            parents.push(format!("types::{ty}::builder()"));
        }
        parents.extend(field_of_setter(holder, items));
        match of_trait {
            Some((_, name)) if name.starts_with("TryFrom<") => {
                parents.push(format!("types::{ty}::builder()"));
            }
            // The variant that holds the type.
            Some((_, name)) => {
                let held = name.strip_prefix("From<").and_then(|n| n.strip_suffix('>'));
                let variants = items.range(format!("types::{ty}::")..);
                let variants = variants.take_while(|(path, _)| path.starts_with("types::"));
                let holds = |side: &Side<'_>| {
                    side.item.kind == ItemKind::Variant && Some(&*side.item.signature) == held
                };
                let variant = held.and_then(|_| {
                    variants
                        .take_while(|(path, _)| path[7..].starts_with(ty))
                        .find(|(_, side)| holds(side))
                });
                parents.extend(variant.map(|(path, _)| path.clone()));
            }
            None => {}
        }
        parents.retain(|parent| member.is_empty() || parent != path);
    } else if let Some(rest) = holder.strip_prefix("builder::") {
        let (operation, member) = rest.split_once("::").unwrap_or((rest, ""));
        let builder = format!("builder::{operation}");
        parents.extend(method_of(&builder, items).map(|(path, _)| path));
        if let Some(start) = member.strip_suffix("_map()") {
            parents.push(format!("{builder}::{start}()"));
        }
        parents.push(builder);
    }
    parents.retain(|parent| parent != path);
    parents.into_iter()
}

/// The field that a setter sets.
fn field_of_setter(path: &str, items: &Items<'_>) -> Option<String> {
    let rest = path.strip_prefix("types::builder::")?.strip_suffix("()")?;
    let fields = [rest, rest.trim_end_matches('_')];
    let mut fields = fields.iter().map(|field| format!("types::{field}"));
    fields.find(|field| items.contains_key(field))
}

/// The method of the client that makes a builder.
fn method_of(builder: &str, items: &Items<'_>) -> Option<(String, String)> {
    let origin = items.get(builder)?.item.origin.as_ref()?;
    let mut methods = items
        .range("Client::".to_owned()..)
        .take_while(|(path, _)| path.starts_with("Client::"));
    let (path, _) = methods.find(|(_, side)| side.item.origin.as_ref() == Some(origin))?;
    Some((path.clone(), path["Client::".len()..].to_owned()))
}

/// What an item is called, as code writes it.
fn shown(path: &str, item: &SurfaceItem, items: &Items<'_>) -> String {
    if let Some(rest) = path.strip_prefix("types::builder::") {
        return match rest.split_once("::") {
            Some((ty, member)) => format!("`{ty}::builder().{member}`"),
            None => format!("`builder::{rest}`"),
        };
    }
    if let Some(rest) = path.strip_prefix("builder::")
        && let Some((operation, member)) = rest.split_once("::")
        && let Some((_, method)) = method_of(&format!("builder::{operation}"), items)
    {
        return match member {
            "send()" => format!("`{method}`"),
            _ => format!("`{method}.{member}`"),
        };
    }
    match item.kind {
        ItemKind::Trait => shown_type(path),
        _ => shown_type(path.strip_prefix("Client::").unwrap_or(path)),
    }
}

fn shown_type(path: &str) -> String {
    format!("`{}`", path.strip_prefix("types::").unwrap_or(path))
}

fn the(path: &str, item: &SurfaceItem, items: &Items<'_>) -> String {
    format!("the {} {}", word(path, item.kind), shown(path, item, items))
}

/// What an item is, as people say it.
fn word(path: &str, kind: ItemKind) -> &'static str {
    match kind {
        ItemKind::Struct | ItemKind::Enum => "type",
        ItemKind::Field => "field",
        ItemKind::Variant => "variant",
        ItemKind::Trait => "trait",
        ItemKind::Method if path.starts_with("Client::") => "method",
        ItemKind::Method if path.contains("builder::") => "setter",
        ItemKind::Method => "function",
    }
}

fn article(kind: ItemKind) -> &'static str {
    match kind {
        ItemKind::Struct => "a struct",
        ItemKind::Enum => "an enum",
        ItemKind::Field => "a field",
        ItemKind::Variant => "a variant",
        ItemKind::Method => "a method",
        ItemKind::Trait => "a trait",
    }
}

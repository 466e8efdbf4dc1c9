//! The items of a client: which follow from which, and what they are called.

use std::collections::BTreeMap;

use crate::surface::{ItemKind, SurfaceItem};

/// The items of a client, by their paths with the names of the new one.
pub(super) type Items<'a> = BTreeMap<String, Side<'a>>;

pub(super) struct Side<'a> {
    pub(super) path: &'a str,
    pub(super) item: &'a SurfaceItem,
}

/// The items that an item is a part of, or that have it as their consequence.
pub(super) fn parents(path: &str, items: &Items<'_>) -> impl Iterator<Item = String> {
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
        let (ty, _) = rest.split_once("::").unwrap_or((rest, ""));
        parents.push(format!("types::{ty}"));
        let is_conversion = of_trait.is_some_and(|(_, name)| name.starts_with("TryFrom<"));
        if builder.is_some() || is_conversion {
            parents.push(format!("types::{ty}::builder()"));
        }
        parents.extend(field_of_setter(holder, items));
        parents.extend(of_trait.and_then(|(_, name)| variant_of(ty, name, items)));
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

/// The variant of an enum that holds what the enum is made `From`.
fn variant_of(ty: &str, name: &str, items: &Items<'_>) -> Option<String> {
    let held = name.strip_prefix("From<")?.strip_suffix('>')?;
    let start = format!("types::{ty}::");
    let members = items.range(start.clone()..);
    let mut members = members.take_while(|(path, _)| path.starts_with(&start));
    let holds = |item: &SurfaceItem| item.kind == ItemKind::Variant && item.signature == held;
    let (path, _) = members.find(|(_, side)| holds(side.item))?;
    Some(path.clone())
}

/// The field that a setter sets.
pub(super) fn field_of_setter(path: &str, items: &Items<'_>) -> Option<String> {
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
pub(super) fn shown(path: &str, item: &SurfaceItem, items: &Items<'_>) -> String {
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

pub(super) fn shown_type(path: &str) -> String {
    format!("`{}`", path.strip_prefix("types::").unwrap_or(path))
}

pub(super) fn the(path: &str, item: &SurfaceItem, items: &Items<'_>) -> String {
    format!("the {} {}", word(path, item.kind), shown(path, item, items))
}

/// What an item is, as people say it.
pub(super) fn word(path: &str, kind: ItemKind) -> &'static str {
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

pub(super) fn article(kind: ItemKind) -> &'static str {
    match kind {
        ItemKind::Struct => "a struct",
        ItemKind::Enum => "an enum",
        ItemKind::Field => "a field",
        ItemKind::Variant => "a variant",
        ItemKind::Method => "a method",
        ItemKind::Trait => "a trait",
    }
}

/// A text with each of its words replaced, which is told what comes after it.
pub(super) fn words(text: &str, replace: impl Fn(&str, &str) -> String) -> String {
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
pub(super) fn short(ty: &str) -> String {
    let without_modules = words(ty, |word, after| match after.starts_with("::") {
        true => String::new(),
        false => word.to_owned(),
    });
    without_modules
        .replace("::", "")
        .replace(", ", ",")
        .replace(',', ", ")
}

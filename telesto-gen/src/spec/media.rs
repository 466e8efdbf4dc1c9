//! Media types: which of several the client uses, and how bodies of them are written.

use std::collections::HashSet;

use super::Found;
use crate::document::{Kind, Place, join};

/// Which media type the client uses of a content: [`media_type`] or [`sent_as`].
pub(crate) type Used = for<'a> fn(&Found<'a>) -> Option<&'a str>;

/// The media type of forms that may hold files.
pub(crate) const FORM_DATA: &str = "multipart/form-data";

/// How a body is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Coding {
    Json,
    Form,
    /// A form that may hold files.
    FormData,
    Text,
    Bytes,
    /// Other parts than those of a form.
    Multipart,
}

impl Coding {
    /// That of a media type, whose schema may say that it is binary.
    pub(crate) fn of(media_type: &str, is_binary: bool) -> Self {
        let kind = essence(media_type).to_ascii_lowercase();
        match kind.as_str() {
            "application/x-www-form-urlencoded" => Self::Form,
            kind if is_json(kind) => Self::Json,
            FORM_DATA => Self::FormData,
            kind if kind.starts_with("multipart/") => Self::Multipart,
            kind if kind.starts_with("text/") && !is_binary => Self::Text,
            _ => Self::Bytes,
        }
    }

    /// Whether the schema of a body says what its type is.
    pub(crate) fn has_schema(self) -> bool {
        [Self::Json, Self::Form, Self::FormData].contains(&self)
    }

    /// The media type by which progenitor knows it.
    pub(crate) fn known_as(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Form | Self::FormData => "application/x-www-form-urlencoded",
            Self::Text => "text/plain",
            Self::Bytes => "application/octet-stream",
            Self::Multipart => "multipart/mixed",
        }
    }
}

/// The media type of a response that the client reads, as the document writes it: JSON,
/// or else the first.
#[must_use]
pub fn media_type<'a>(content: &Found<'a>) -> Option<&'a str> {
    read_among(content.node.entries().iter().map(|e| e.key.as_str()))
}

/// The same, of the media types of a response.
pub(crate) fn read_among<'a>(all: impl Iterator<Item = &'a str> + Clone) -> Option<&'a str> {
    let plain = all.clone().find(|kind| essence(kind) == "application/json");
    let json = plain.or_else(|| all.clone().find(|kind| is_json(kind)));
    json.or_else(|| all.clone().next())
}

/// The media type of a request that the client sends, as the document writes it: JSON, or
/// else the first that it can send, or the first.
#[must_use]
pub fn sent_as<'a>(content: &Found<'a>) -> Option<&'a str> {
    sent_among(content.node.entries().iter().map(|e| e.key.as_str()))
}

/// The same, of the media types of a body.
pub(crate) fn sent_among<'a>(all: impl Iterator<Item = &'a str> + Clone) -> Option<&'a str> {
    // These before any other that could be sent as it is.
    const USUAL: [&str; 4] = [
        "application/x-www-form-urlencoded",
        "application/octet-stream",
        "text/plain",
        "text/x-markdown",
    ];
    let first = read_among(all.clone())?;
    if is_json(first) {
        return Some(first);
    }
    let usual = all.clone().find(|kind| USUAL.contains(&essence(kind)));
    let is_sendable = |kind: &&str| Coding::of(kind, false) != Coding::Multipart;
    let sendable = usual.or_else(|| all.clone().find(is_sendable));
    Some(sendable.unwrap_or(first))
}

/// Whether a media type is JSON, such as `application/vnd.api+json`.
#[must_use]
pub fn is_json(media_type: &str) -> bool {
    let kind = essence(media_type).to_ascii_lowercase();
    kind == "application/json" || kind == "text/json" || kind.ends_with("+json")
}

/// A media type without its parameters.
#[must_use]
pub fn essence(media_type: &str) -> &str {
    media_type.split(';').next().unwrap_or_default().trim()
}

/// Takes out what is only in media types that the client does not use: it is in no
/// client.
pub(super) fn without_unused(places: &mut Vec<Place<'_>>) {
    // Without what follows, for one may be in another that has its name.
    const CONTENT: &str = "/content";
    let unused: HashSet<String> = places
        .iter()
        .filter_map(|place| {
            let used: Used = match place.kind {
                Kind::RequestBody => sent_as,
                Kind::Response => media_type,
                _ => return None,
            };
            let content = Found {
                node: place.node.get("content")?,
                pointer: join(&place.pointer, "content"),
            };
            let used = used(&content);
            let entries = content.node.entries().iter();
            let others = entries.filter(move |entry| Some(entry.key.as_str()) != used);
            Some(others.map(move |entry| content.field(&entry.key)))
        })
        .flatten()
        .collect();
    if unused.is_empty() {
        return;
    }
    places.retain(|Place { pointer, .. }| {
        let mut kinds = pointer.match_indices(CONTENT).filter_map(|(start, _)| {
            let content = &pointer[..start + CONTENT.len()];
            let kind = pointer[content.len()..].strip_prefix('/')?;
            let length = kind.find('/').unwrap_or(kind.len());
            Some(&pointer[..content.len() + 1 + length])
        });
        !kinds.any(|kind| unused.contains(kind))
    });
}

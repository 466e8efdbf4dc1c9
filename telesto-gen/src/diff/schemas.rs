//! Changes of schemas, wherever they are sent or received.

use std::collections::{BTreeSet, HashSet};

use serde_json::Value;

use crate::document::{Node, join};
use crate::formats::{self, Rust};
use crate::spec::{Found, Spec};

use super::document::{docs_of, json};
use super::sides::{Matched, SchemaPair, Sides};
use super::{Report, Verdict};

/// A property, as it is written, and what only one of the sides has.
pub(super) type Properties<'a> = Matched<(String, Found<'a>, Found<'a>), (String, Found<'a>)>;

/// The properties that a schema itself declares.
pub(super) fn properties<'a>(base: &Found<'a>, new: &Found<'a>) -> Properties<'a> {
    let mut removed = declared(base);
    let mut both = Vec::new();
    let mut added = Vec::new();
    for (name, new) in declared(new) {
        match removed.iter().position(|(known, _)| *known == name) {
            Some(index) => {
                let (_, base) = removed.remove(index);
                both.push((name, base, new));
            }
            None => added.push((name, new)),
        }
    }
    Matched {
        both,
        removed,
        added,
    }
}

fn declared<'a>(schema: &Found<'a>) -> Vec<(String, Found<'a>)> {
    let holder = join(&schema.pointer, "properties");
    let properties = schema.node.get("properties").map_or(&[][..], Node::entries);
    let properties = properties.iter().map(|entry| {
        let found = Found {
            node: &entry.value,
            pointer: join(&holder, &entry.key),
        };
        (entry.key.to_string(), found)
    });
    properties.collect()
}

/// Whether a schema requires a property.
pub(super) fn requires(schema: &Found<'_>, name: &str) -> bool {
    let required = schema.node.get("required").map_or(&[][..], Node::items);
    required.iter().any(|known| known.text() == Some(name))
}

/// What a property is called in messages.
pub(super) fn label(pair: &SchemaPair<'_>, property: &str) -> String {
    let this = this(pair);
    let name = this
        .strip_prefix('`')
        .and_then(|name| name.strip_suffix('`'));
    match name.filter(|name| !name.contains('`')) {
        Some(name) => format!("`{name}.{property}`"),
        None => format!("`{property}` of {this}"),
    }
}

/// What the schema itself is called.
fn this(pair: &SchemaPair<'_>) -> String {
    match pair.new.pointer.strip_prefix("/components/schemas/") {
        Some(name) if !name.contains('/') => format!("`{name}`"),
        _ => pair.name.clone(),
    }
}

/// A part of an `allOf`, or an alternative.
pub(super) struct Part<'a> {
    pub(super) found: Found<'a>,
    /// Where it is listed.
    pub(super) mention: String,
}

type Parts<'a> = Matched<(Part<'a>, Part<'a>), Part<'a>>;

/// The parts of an `allOf`, or the alternatives of a schema: by the component that
/// they refer to, or else by what they are, or else in their order.
pub(super) fn parts<'a>(sides: &Sides<'a>, pair: &SchemaPair<'a>, keys: &[&str]) -> Parts<'a> {
    let of = |spec: &Spec<'a>, schema: &Found<'a>| {
        let parts = keys.iter().flat_map(|key| schema.parts(key));
        let parts = parts.filter_map(|(part, mention)| {
            let found = spec.resolve(part, &mention)?;
            Some(Part { found, mention })
        });
        parts.collect::<Vec<_>>()
    };
    let is_component = |part: &Part<'_>| part.found.pointer != part.mention;
    Matched::by(
        of(sides.base, &pair.base),
        of(sides.new, &pair.new),
        &[
            &|one, other| one.found.pointer == other.found.pointer && is_component(other),
            &|one, other| json(Some(one.found.node)) == json(Some(other.found.node)),
            &|one, other| !is_component(one) && !is_component(other),
        ],
    )
}

/// The alternatives of a schema: to the client, `oneOf` and `anyOf` are the same.
pub(super) fn alternatives<'a>(sides: &Sides<'a>, pair: &SchemaPair<'a>) -> Parts<'a> {
    parts(sides, pair, &["oneOf", "anyOf"])
}

fn has_alternatives(schema: &Found<'_>) -> bool {
    schema.node.get("oneOf").is_some() || schema.node.get("anyOf").is_some()
}

/// The type of a schema, in words.
fn typ_of<'a>(schema: &Found<'a>) -> &'a str {
    let node = schema.node;
    let has = |key| node.get(key).is_some();
    match node.text_of("type") {
        Some(typ) => typ,
        None if has_alternatives(schema) => "one of several schemas",
        None if has("allOf") => "several parts",
        None if has("properties") => "object",
        None => "anything",
    }
}

pub(super) fn typ(_: &Sides<'_>, pair: &SchemaPair<'_>, report: &mut Report<'_, '_>) {
    let (base, new) = (typ_of(&pair.base), typ_of(&pair.new));
    if base != new {
        report.at(
            Verdict::Breaking,
            &join(&pair.new.pointer, "type"),
            format!("{} is {new}, and was {base}", this(pair)),
            "it has another type in Rust",
        );
        return;
    }
    let message = match (pair.base.node.get("items"), pair.new.node.get("items")) {
        (None, Some(_)) => "the items of {} have a schema",
        (Some(_), None) => "the items of {} have no schema any more",
        _ => return,
    };
    report.at_key(
        Verdict::Breaking,
        &join(&pair.new.pointer, "items"),
        message.replace("{}", &this(pair)),
        "they have another type in Rust",
    );
}

pub(super) fn type_name(sides: &Sides<'_>, pair: &SchemaPair<'_>, report: &mut Report<'_, '_>) {
    let [base, new] = &sides.types;
    let before: Vec<&String> = base.at(&pair.base.pointer).collect();
    let after: Vec<&String> = new.at(&pair.new.pointer).collect();
    let name = &pair.name;
    let message = match (before.first(), after.first()) {
        (Some(was), Some(is)) if !before.iter().any(|known| after.contains(known)) => {
            format!("the type of {name} was `{was}`, and is `{is}`")
        }
        (Some(was), None) if !new.all.contains(*was) => {
            format!("{name} has no type `{was}` of its own any more")
        }
        (None, Some(is)) if !base.all.contains(*is) => {
            format!("{name} has a type `{is}` of its own")
        }
        _ => return,
    };
    report.at_key(
        Verdict::Breaking,
        &pair.mention,
        message,
        "code that names its type does not compile",
    );
}

pub(super) fn format(_: &Sides<'_>, pair: &SchemaPair<'_>, report: &mut Report<'_, '_>) {
    let (base, new) = (
        pair.base.node.text_of("format"),
        pair.new.node.text_of("format"),
    );
    let typ = typ_of(&pair.new);
    if base == new || typ_of(&pair.base) != typ {
        return;
    }
    // A text is one in Rust, whatever it is said to be, and so is a number.
    let rust = |format: Option<&str>| {
        let known = format.and_then(|name| formats::find(typ, name));
        match known.map(|format| format.rust) {
            Some(Rust::Type(path)) => path,
            _ if typ == "string" && format != Some("binary") => "text",
            _ if typ == "number" => "f64",
            _ => format.unwrap_or_default(),
        }
        .to_owned()
    };
    let shown = |format: Option<&str>| match format {
        Some(name) => format!("the format `{name}`"),
        None => "no format".to_owned(),
    };
    let (verdict, reason) = match rust(base) == rust(new) {
        true => (Verdict::Docs, "it has the same type in Rust"),
        false => (Verdict::Breaking, "it has another type in Rust"),
    };
    report.at(
        verdict,
        &join(&pair.new.pointer, "format"),
        format!("{} has {}, and had {}", this(pair), shown(new), shown(base)),
        reason,
    );
}

pub(super) fn nullable(_: &Sides<'_>, pair: &SchemaPair<'_>, report: &mut Report<'_, '_>) {
    let (base, new) = (
        pair.base.node.is_set("nullable"),
        pair.new.node.is_set("nullable"),
    );
    if base == new {
        return;
    }
    let message = match new {
        true => format!("{} may be null", this(pair)),
        false => format!("{} is never null", this(pair)),
    };
    let (verdict, reason) = match (pair.required, new) {
        (false, _) => (Verdict::Docs, "it is an `Option` either way"),
        (true, true) => (Verdict::Breaking, "it becomes an `Option`"),
        (true, false) => (Verdict::Breaking, "it is no longer an `Option`"),
    };
    report.at_key(
        verdict,
        &join(&pair.new.pointer, "nullable"),
        message,
        reason,
    );
}

pub(super) fn property_added(_: &Sides<'_>, pair: &SchemaPair<'_>, report: &mut Report<'_, '_>) {
    for (name, found) in &pair.properties.added {
        let label = label(pair, name);
        let required = requires(&pair.new, name) && !found.node.is_set("readOnly");
        let (verdict, message, reason) = match pair.sent && required {
            true => (
                Verdict::Breaking,
                format!("the property {label} is new, and has to be sent"),
                "code that builds the object without it fails",
            ),
            false => (
                Verdict::Additive,
                format!("the property {label} is new"),
                "structs are `#[non_exhaustive]`, so one more field breaks nothing",
            ),
        };
        report.at_key(verdict, &found.pointer, message, reason);
    }
}

pub(super) fn property_removed(_: &Sides<'_>, pair: &SchemaPair<'_>, report: &mut Report<'_, '_>) {
    for (name, found) in &pair.properties.removed {
        report.removed(
            Verdict::Breaking,
            &found.pointer,
            format!("the property {} is gone", label(pair, name)),
            "code that uses its field does not compile",
        );
    }
}

pub(super) fn property_required(_: &Sides<'_>, pair: &SchemaPair<'_>, report: &mut Report<'_, '_>) {
    for (name, _, found) in &pair.properties.both {
        let label = label(pair, name);
        match (requires(&pair.base, name), requires(&pair.new, name)) {
            (false, true) => report.at_key(
                Verdict::Breaking,
                &found.pointer,
                format!("the property {label} is required"),
                "its field is no longer an `Option`",
            ),
            (true, false) => report.at_key(
                Verdict::Breaking,
                &found.pointer,
                format!("the property {label} is optional"),
                "its field becomes an `Option`",
            ),
            _ => {}
        }
    }
    // Those of other parts of an `allOf`.
    let elsewhere = |schema: &Found<'_>| {
        let declared = schema.node.get("properties");
        let is_declared = |name: &&str| declared.is_some_and(|all| all.get(name).is_some());
        let required = schema.node.get("required").map_or(&[][..], Node::items);
        let names = required.iter().filter_map(Node::text);
        let names = names.filter(|name| !is_declared(name));
        names.map(str::to_owned).collect::<BTreeSet<String>>()
    };
    let (base, new) = (elsewhere(&pair.base), elsewhere(&pair.new));
    for name in base.symmetric_difference(&new) {
        let is = match new.contains(name) {
            true => "requires",
            false => "no longer requires",
        };
        report.at_key(
            Verdict::Breaking,
            &join(&pair.new.pointer, "required"),
            format!("{} {is} `{name}`, which it does not declare", this(pair)),
            "whether the field is an `Option` depends on it",
        );
    }
}

pub(super) fn property_order(_: &Sides<'_>, pair: &SchemaPair<'_>, report: &mut Report<'_, '_>) {
    let both = &pair.properties.both;
    let is_common = |name: &String| both.iter().any(|(known, ..)| known == name);
    let order = |schema: &Found<'_>| {
        let names = declared(schema).into_iter().map(|(name, _)| name);
        names.filter(is_common).collect::<Vec<_>>()
    };
    if order(&pair.base) != order(&pair.new) {
        report.at_key(
            Verdict::Docs,
            &join(&pair.new.pointer, "properties"),
            format!("the properties of {} have another order", this(pair)),
            "fields have names",
        );
    }
}

pub(super) fn one_way(_: &Sides<'_>, pair: &SchemaPair<'_>, report: &mut Report<'_, '_>) {
    for (name, base, new) in &pair.properties.both {
        for key in ["readOnly", "writeOnly"] {
            if base.node.is_set(key) == new.node.is_set(key) {
                continue;
            }
            let (is_required, label) = (requires(&pair.new, name), label(pair, name));
            let (verdict, reason) = match is_required {
                true => (
                    Verdict::Breaking,
                    "a required property that goes one way is an `Option`",
                ),
                false => (Verdict::Additive, "its field is an `Option` either way"),
            };
            let is = if new.node.is_set(key) {
                "is"
            } else {
                "is no longer"
            };
            report.at_key(
                verdict,
                &join(&new.pointer, key),
                format!("the property {label} {is} `{key}`"),
                reason,
            );
        }
    }
}

/// The values of an enum.
fn values(schema: &Found<'_>) -> Vec<String> {
    let values = schema.node.get("enum").map_or(&[][..], Node::items);
    values
        .iter()
        .map(|value| value.to_json().to_string())
        .collect()
}

pub(super) fn enum_value_added(_: &Sides<'_>, pair: &SchemaPair<'_>, report: &mut Report<'_, '_>) {
    let (base, new) = (values(&pair.base), values(&pair.new));
    if base.is_empty() {
        return;
    }
    for (index, value) in new.iter().enumerate() {
        if !base.contains(value) {
            report.at(
                Verdict::Additive,
                &format!("{}/enum/{index}", pair.new.pointer),
                format!("{} may be `{value}`", this(pair)),
                "enums are `#[non_exhaustive]`: until now it was `Unknown`",
            );
        }
    }
}

pub(super) fn enum_value_removed(
    _: &Sides<'_>,
    pair: &SchemaPair<'_>,
    report: &mut Report<'_, '_>,
) {
    let (base, new) = (values(&pair.base), values(&pair.new));
    if new.is_empty() {
        return;
    }
    for (index, value) in base.iter().enumerate() {
        if !new.contains(value) {
            report.removed(
                Verdict::Breaking,
                &format!("{}/enum/{index}", pair.base.pointer),
                format!("{} is never `{value}` any more", this(pair)),
                "code that names its variant does not compile",
            );
        }
    }
}

pub(super) fn enumeration(_: &Sides<'_>, pair: &SchemaPair<'_>, report: &mut Report<'_, '_>) {
    let message = match (values(&pair.base).is_empty(), values(&pair.new).is_empty()) {
        (true, false) => format!("{} has a list of values", this(pair)),
        (false, true) => format!("{} has no list of values any more", this(pair)),
        _ => return,
    };
    report.at_key(
        Verdict::Breaking,
        &join(&pair.new.pointer, "enum"),
        message,
        "it has another type in Rust: an enum, or text",
    );
}

pub(super) fn other_properties(_: &Sides<'_>, pair: &SchemaPair<'_>, report: &mut Report<'_, '_>) {
    // `false` and none are the same to the client.
    let has_map = |schema: &Found<'_>| {
        let rest = schema.node.get("additionalProperties");
        rest.is_some_and(|rest| rest.to_json() != serde_json::Value::Bool(false))
    };
    let has_fields = |schema: &Found<'_>| !declared(schema).is_empty();
    let stays = has_fields(&pair.base) && has_fields(&pair.new);
    let (verdict, message, reason) = match (has_map(&pair.base), has_map(&pair.new)) {
        (false, true) if stays => (
            Verdict::Additive,
            format!("{} may have other properties", this(pair)),
            "structs are `#[non_exhaustive]`, so a map for them breaks nothing",
        ),
        (false, true) => (
            Verdict::Breaking,
            format!("{} may have other properties", this(pair)),
            "it becomes a map",
        ),
        (true, false) => (
            Verdict::Breaking,
            format!("{} has no other properties any more", this(pair)),
            "its map is gone",
        ),
        _ => return,
    };
    let pointer = join(&pair.new.pointer, "additionalProperties");
    report.at_key(verdict, &pointer, message, reason);
}

pub(super) fn all_of(sides: &Sides<'_>, pair: &SchemaPair<'_>, report: &mut Report<'_, '_>) {
    let parts = parts(sides, pair, &["allOf"]);
    if parts.added.is_empty() && parts.removed.is_empty() {
        return;
    }
    let mut added = parts.added.iter();
    let needs_more = pair.sent && added.any(|part| requires_some(sides.new, &part.found));
    let (verdict, reason) = match (parts.removed.is_empty(), needs_more) {
        (false, _) => (
            Verdict::Breaking,
            "what only the part that is gone has is gone, too",
        ),
        (true, true) => (
            Verdict::Breaking,
            "code that builds the object without what the part requires fails",
        ),
        (true, false) => (
            Verdict::Additive,
            "structs are `#[non_exhaustive]`, so more fields break nothing",
        ),
    };
    report.at_key(
        verdict,
        &join(&pair.new.pointer, "allOf"),
        format!("{} is put together from other parts", this(pair)),
        reason,
    );
}

/// Whether a part of an `allOf`, or a part of that, requires a property.
fn requires_some<'a>(spec: &Spec<'a>, part: &Found<'a>) -> bool {
    let mut seen = HashSet::new();
    let mut next = vec![part.clone()];
    while let Some(part) = next.pop() {
        if !seen.insert(part.pointer.clone()) {
            continue;
        }
        if part.node.get("required").is_some() {
            return true;
        }
        next.extend(spec.parts(&part, "allOf"));
    }
    false
}

pub(super) fn alternative_added(
    sides: &Sides<'_>,
    pair: &SchemaPair<'_>,
    report: &mut Report<'_, '_>,
) {
    if !has_alternatives(&pair.base) {
        return;
    }
    for added in alternatives(sides, pair).added {
        report.at_key(
            Verdict::Additive,
            &added.mention,
            format!("{} has one more alternative", this(pair)),
            "enums are `#[non_exhaustive]`: until now it was `Unknown`",
        );
    }
}

pub(super) fn alternative_removed(
    sides: &Sides<'_>,
    pair: &SchemaPair<'_>,
    report: &mut Report<'_, '_>,
) {
    if !has_alternatives(&pair.new) {
        return;
    }
    for removed in alternatives(sides, pair).removed {
        report.removed(
            Verdict::Breaking,
            &removed.mention,
            format!("{} has one alternative less", this(pair)),
            "code that names its variant does not compile",
        );
    }
}

pub(super) fn discriminator(_: &Sides<'_>, pair: &SchemaPair<'_>, report: &mut Report<'_, '_>) {
    let of = |schema: &Found<'_>| json(schema.node.get("discriminator"));
    let (base, new) = (of(&pair.base), of(&pair.new));
    if base == new {
        return;
    }
    let property = |of: &Option<Value>| of.as_ref()?.get("propertyName").cloned();
    let mapping = |of: &Option<Value>| {
        let mapping = of
            .as_ref()
            .and_then(|of| of.get("mapping")?.as_object().cloned());
        mapping.unwrap_or_default()
    };
    let (before, after) = (mapping(&base), mapping(&new));
    let is_kept = before
        .iter()
        .all(|(value, to)| after.get(value) == Some(to));
    let (verdict, reason) = match property(&base) == property(&new) && is_kept {
        true => (
            Verdict::Additive,
            "until now, the values that are new were `Unknown`",
        ),
        false => (
            Verdict::Breaking,
            "what was one alternative may be another one, or `Unknown`",
        ),
    };
    report.at_key(
        verdict,
        &join(&pair.new.pointer, "discriminator"),
        format!("the discriminator of {} has changed", this(pair)),
        reason,
    );
}

pub(super) fn limits(_: &Sides<'_>, pair: &SchemaPair<'_>, report: &mut Report<'_, '_>) {
    for key in [
        "minLength",
        "maxLength",
        "pattern",
        "minimum",
        "maximum",
        "exclusiveMinimum",
        "exclusiveMaximum",
        "multipleOf",
        "minItems",
        "maxItems",
        "uniqueItems",
        "minProperties",
        "maxProperties",
    ] {
        if json(pair.base.node.get(key)) != json(pair.new.node.get(key)) {
            report.at_key(
                Verdict::Docs,
                &join(&pair.new.pointer, key),
                format!("`{key}` of {} has changed", this(pair)),
                "the client does not look at limits",
            );
        }
    }
}

pub(super) fn docs(_: &Sides<'_>, pair: &SchemaPair<'_>, report: &mut Report<'_, '_>) {
    let what = format!(" of {}", this(pair));
    let nodes = (pair.base.node, pair.new.node);
    let mut keys = vec![
        "title",
        "description",
        "example",
        "default",
        "externalDocs",
        "xml",
    ];
    // Of a property, they say more.
    if pair.new.pointer.rsplit('/').nth(1) != Some("properties") {
        keys.extend(["readOnly", "writeOnly"]);
    }
    docs_of(nodes, &pair.new.pointer, &keys, &what, report);
    for (key, other) in [("oneOf", "anyOf"), ("anyOf", "oneOf")] {
        let has = |schema: &Found<'_>, key| schema.node.get(key).is_some();
        if has(&pair.base, other) && !has(&pair.new, other) && has(&pair.new, key) {
            report.at_key(
                Verdict::Docs,
                &join(&pair.new.pointer, key),
                format!("`{other}` of {} is now `{key}`", this(pair)),
                "they are the same to the client",
            );
        }
    }
    if pair.base.node.is_set("deprecated") != pair.new.node.is_set("deprecated") {
        report.at_key(
            Verdict::Additive,
            &join(&pair.new.pointer, "deprecated"),
            format!("`deprecated`{what} has changed"),
            "code that uses it compiles, with a warning",
        );
    }
}

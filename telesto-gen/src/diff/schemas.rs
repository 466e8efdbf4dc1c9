//! Changes of schemas, wherever they are sent or received. Each rule compares what the whole
//! schemas say, whichever of their parts says it.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use serde_json::Value;

use crate::document::{Node, join};
use crate::formats::{self, Rust};
use crate::names::{fields, variants};
use crate::spec::alternatives::Case;
use crate::spec::{Found, Spec, component_name};

use super::document::{json, unknown_extensions, why_docs};
use super::sides::{Matched, Null, SchemaPair, Sides, TypeNames};
use super::whole::{self, Listed, Property, Whole};
use super::{Report, Verdict};

/// Names a part of a schema in messages.
pub(super) fn name(pair: &SchemaPair<'_>, part: &Found<'_>) -> String {
    let mut pointer = part.pointer.as_str();
    while let Some((holder, _)) = pointer.rsplit_once('/')
        && let Some(whole) = holder.strip_suffix("/allOf")
    {
        pointer = whole;
    }
    match component_name(pointer) {
        Some(name) => format!("`{name}`"),
        None => pair.name.clone(),
    }
}

/// Names the schema itself.
fn this(pair: &SchemaPair<'_>) -> String {
    name(pair, pair.new.schema())
}

/// Labels a property in messages.
pub(super) fn label(pair: &SchemaPair<'_>, property: &Property<'_>) -> String {
    label_in(pair, &property.part, property.name)
}

/// Labels a property that only one side has. If only that side has its part, too, the label
/// names the whole schema.
fn label_of_one(pair: &SchemaPair<'_>, property: &Property<'_>) -> String {
    let has_part = |schema: &Whole<'_>| {
        let mut parts = schema.parts().iter();
        parts.any(|part| part.pointer == property.part.pointer)
    };
    if has_part(&pair.base) && has_part(&pair.new) {
        label(pair, property)
    } else {
        label_in(pair, pair.new.schema(), property.name)
    }
}

/// Labels a property as one of a part of the schema.
fn label_in(pair: &SchemaPair<'_>, part: &Found<'_>, property: &str) -> String {
    let this = name(pair, part);
    let name = this
        .strip_prefix('`')
        .and_then(|name| name.strip_suffix('`'));
    match name.filter(|name| !name.contains('`')) {
        Some(name) => format!("`{name}.{property}`"),
        None => format!("`{property}` of {this}"),
    }
}

/// Whether a property is always there: it is required, and goes both ways.
pub(super) fn is_there<'a>(spec: &Spec<'a>, holder: &Whole<'a>, property: &Property<'a>) -> bool {
    let schema = spec.target(property.found.node);
    let mut ways = ["readOnly", "writeOnly"].iter();
    let goes_one_way = ways.any(|way| schema.is_some_and(|schema| schema.is_set(way)));
    holder.requiring(property.name).is_some() && !goes_one_way
}

/// Whether the field of a property is no `Option`: it is always there, and never null.
fn has_value<'a>(spec: &Spec<'a>, holder: &Whole<'a>, property: &Property<'a>) -> bool {
    let schema = whole::target(spec, property.found.node, &property.found.pointer);
    let schema = schema.map(|schema| Whole::new(spec, schema));
    let is_option = schema.is_some_and(|schema| schema.is_nullable && typ_of(&schema) != ANYTHING);
    is_there(spec, holder, property) && !is_option
}

type Alternatives<'a> = Matched<(Listed<'a>, Listed<'a>), Listed<'a>>;

/// The alternatives of a schema: by the component that they refer to, or else by what they
/// are, or else in their order.
pub(super) fn alternatives<'a>(sides: &Sides<'a>, pair: &SchemaPair<'a>) -> Alternatives<'a> {
    Matched::by(
        pair.base.alternatives(sides.base),
        pair.new.alternatives(sides.new),
        &[
            &|one, other| one.found.pointer == other.found.pointer && other.is_component(),
            &|one, other| json(Some(one.found.node)) == json(Some(other.found.node)),
            &|one, other| !one.is_component() && !other.is_component(),
        ],
    )
}

/// The type of a schema that says nothing, in words. Null is one of its values.
const ANYTHING: &str = "anything";

/// The type of a schema, in words.
fn typ_of(schema: &Whole<'_>) -> String {
    let alias = schema.alias_of.as_ref();
    if let Some(name) = alias.and_then(|alias| component_name(&alias.pointer)) {
        return format!("another name for `{name}`");
    }
    let is_object = schema.get("properties").is_some();
    let typ = match schema.text_of("type") {
        _ if schema.has_alternatives() => "one of several schemas",
        Some(typ) => typ,
        None if is_object => "object",
        None => ANYTHING,
    };
    typ.to_owned()
}

pub(super) fn typ(_: &Sides<'_>, pair: &SchemaPair<'_>, report: &mut Report<'_, '_>) {
    let (base, new) = (typ_of(&pair.base), typ_of(&pair.new));
    if base != new {
        let pointer = if pair.becomes_another_kind() {
            pair.new.schema().field("type")
        } else {
            pair.new.field("type")
        };
        report.at(
            Verdict::Breaking,
            &pointer,
            format!("{} is {new}, and was {base}", this(pair)),
            "it has another type in Rust",
        );
        return;
    }
    let message = match (pair.base.get("items"), pair.new.get("items")) {
        (None, Some(_)) => "the items of {} have a schema",
        (Some(_), None) => "the items of {} have no schema any more",
        _ => return,
    };
    report.at_key(
        Verdict::Breaking,
        &pair.new.field("items"),
        message.replace("{}", &this(pair)),
        "they have another type in Rust",
    );
}

pub(super) fn type_name(sides: &Sides<'_>, pair: &SchemaPair<'_>, report: &mut Report<'_, '_>) {
    let [base, new] = &sides.types;
    let names = |types: &'_ TypeNames, schema: &Whole<'_>| -> BTreeSet<String> {
        let names = types.at(&schema.typed().pointer);
        names.cloned().collect()
    };
    let (before, after) = (names(base, &pair.base), names(new, &pair.new));
    let name = &pair.name;
    let message = match (before.first(), after.first()) {
        (Some(was), Some(is)) if before.is_disjoint(&after) => {
            format!("the type of {name} was `{was}`, and is `{is}`")
        }
        (Some(was), None) if !new.all.contains(was) => {
            format!("{name} has no type `{was}` of its own any more")
        }
        (None, Some(is)) if !base.all.contains(is) => {
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
    let (base, new) = (pair.base.text_of("format"), pair.new.text_of("format"));
    let typ = typ_of(&pair.new);
    if base == new || typ_of(&pair.base) != typ {
        return;
    }
    // A text is one in Rust, whatever it is said to be, and so is a number.
    let rust = |format: Option<&str>| {
        let known = format.and_then(|name| formats::find(&typ, name));
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
        &pair.new.field("format"),
        format!("{} has {}, and had {}", this(pair), shown(new), shown(base)),
        reason,
    );
}

pub(super) fn nullable(_: &Sides<'_>, pair: &SchemaPair<'_>, report: &mut Report<'_, '_>) {
    let (base, new) = (pair.base.is_nullable, pair.new.is_nullable);
    if base == new {
        return;
    }
    let message = match new {
        true => format!("{} may be null", this(pair)),
        false => format!("{} is never null", this(pair)),
    };
    let is_anything = [&pair.base, &pair.new]
        .iter()
        .all(|schema| typ_of(schema) == ANYTHING);
    let (verdict, reason) = match (pair.null, new) {
        _ if is_anything => (Verdict::Docs, "any value is one, and null as well"),
        (Null::Absent, _) => (Verdict::Docs, "it is an `Option` either way"),
        (Null::Ignored, _) => (Verdict::Docs, "the client does not look at it here"),
        (Null::Argument, true) => (
            Verdict::Additive,
            "its setter takes an `Option`, and values as well",
        ),
        (Null::Argument, false) => (Verdict::Breaking, "its setter takes no `Option` any more"),
        (Null::Option, true) => (Verdict::Breaking, "it becomes an `Option`"),
        (Null::Option, false) => (Verdict::Breaking, "it is no longer an `Option`"),
    };
    report.at_key(verdict, &pair.new.field("nullable"), message, reason);
}

pub(super) fn property_added(
    sides: &Sides<'_>,
    pair: &SchemaPair<'_>,
    report: &mut Report<'_, '_>,
) {
    for property in &pair.properties.added {
        let label = label_of_one(pair, property);
        let has_to_be_sent = pair.sent && has_value(sides.new, &pair.new, property);
        let (verdict, message, reason) = if has_to_be_sent {
            (
                Verdict::Breaking,
                format!("the property {label} is new, and has to be sent"),
                "code that builds the object without it fails",
            )
        } else {
            (
                Verdict::Additive,
                format!("the property {label} is new"),
                "structs are `#[non_exhaustive]`, so one more field breaks nothing",
            )
        };
        report.at_key(verdict, &property.found.pointer, message, reason);
    }
}

pub(super) fn property_removed(_: &Sides<'_>, pair: &SchemaPair<'_>, report: &mut Report<'_, '_>) {
    for property in &pair.properties.removed {
        report.removed(
            Verdict::Breaking,
            &property.found.pointer,
            format!("the property {} is gone", label_of_one(pair, property)),
            "code that uses its field does not compile",
        );
    }
}

pub(super) fn property_required(
    sides: &Sides<'_>,
    pair: &SchemaPair<'_>,
    report: &mut Report<'_, '_>,
) {
    for (base, new) in &pair.properties.both {
        let requiring = [pair.base.requiring(base.name), pair.new.requiring(new.name)];
        let (part, is) = match requiring {
            [None, Some(part)] => (part, "required"),
            [Some(part), None] => (part, "optional"),
            _ => continue,
        };
        let has_value = [
            has_value(sides.base, &pair.base, base),
            has_value(sides.new, &pair.new, new),
        ];
        let (verdict, reason) = match has_value {
            [false, true] => (Verdict::Breaking, "its field is no longer an `Option`"),
            [true, false] => (Verdict::Breaking, "its field becomes an `Option`"),
            _ => (Verdict::Docs, "its field is an `Option` either way"),
        };
        report.at_key(
            verdict,
            &new.found.pointer,
            format!("the property {} is {is}", label_in(pair, part, new.name)),
            reason,
        );
    }
    // What no part declares.
    let elsewhere = |schema: &Whole<'_>| {
        let properties = schema.properties();
        let declared: HashSet<&str> = properties.iter().map(|property| property.name).collect();
        let names = schema.required().filter(|name| !declared.contains(name));
        names.map(str::to_owned).collect::<BTreeSet<String>>()
    };
    let (base, new) = (elsewhere(&pair.base), elsewhere(&pair.new));
    for name in base.symmetric_difference(&new) {
        let declared = pair.properties.both.iter().map(|(_, new)| new);
        let mut declared = declared
            .chain(&pair.properties.added)
            .chain(&pair.properties.removed);
        if declared.any(|property| property.name == name) {
            continue;
        }
        let is = match new.contains(name) {
            true => "requires",
            false => "no longer requires",
        };
        report.at_key(
            Verdict::Docs,
            &pair.new.field("required"),
            format!("{} {is} `{name}`, which it does not declare", this(pair)),
            "the client has no field for it",
        );
    }
}

pub(super) fn property_order<'a>(
    _: &Sides<'a>,
    pair: &SchemaPair<'a>,
    report: &mut Report<'_, '_>,
) {
    let names = |schema: &Whole<'a>| -> Vec<&str> {
        let properties = schema.properties().into_iter();
        properties.map(|property| property.name).collect()
    };
    let (base, new) = (names(&pair.base), names(&pair.new));
    let fields = |names: &[&'a str]| -> HashMap<&str, String> {
        names.iter().copied().zip(fields(names.iter())).collect()
    };
    let (base_fields, new_fields) = (fields(&base), fields(&new));
    for (_, property) in &pair.properties.both {
        let was = base_fields.get(property.name);
        let is = new_fields.get(property.name);
        if let (Some(was), Some(is)) = (was, is)
            && was != is
        {
            report.at_key(
                Verdict::Breaking,
                &property.found.pointer,
                format!(
                    "the field of the property {} is `{is}`, and was `{was}`",
                    label(pair, property)
                ),
                "names that are the same in Rust get numbers, in their order",
            );
        }
    }
    let both = &pair.properties.both;
    let common: HashSet<&str> = both.iter().map(|(_, new)| new.name).collect();
    let order = |names: Vec<&'a str>| {
        let names = names.into_iter().filter(|name| common.contains(name));
        names.collect::<Vec<_>>()
    };
    if order(base) != order(new) {
        report.at_key(
            Verdict::Docs,
            &pair.new.field("properties"),
            format!("the properties of {} have another order", this(pair)),
            "fields have names",
        );
    }
}

pub(super) fn one_way(sides: &Sides<'_>, pair: &SchemaPair<'_>, report: &mut Report<'_, '_>) {
    for (base, new) in &pair.properties.both {
        for key in ["readOnly", "writeOnly"] {
            if base.found.node.is_set(key) == new.found.node.is_set(key) {
                continue;
            }
            let is_required = [pair.base.requiring(base.name), pair.new.requiring(new.name)];
            let is_required = is_required.iter().all(Option::is_some);
            let has_value = [
                has_value(sides.base, &pair.base, base),
                has_value(sides.new, &pair.new, new),
            ];
            let (verdict, reason) = if has_value[0] == has_value[1] || !is_required {
                (Verdict::Additive, "its field is an `Option` either way")
            } else {
                let reason = "a required property that goes one way is an `Option`";
                (Verdict::Breaking, reason)
            };
            let is = if new.found.node.is_set(key) {
                "is"
            } else {
                "is no longer"
            };
            report.at_key(
                verdict,
                &join(&new.found.pointer, key),
                format!("the property {} {is} `{key}`", label(pair, new)),
                reason,
            );
        }
    }
}

/// The values of an enum, but for null: that is said by `nullable`.
fn values(schema: &Whole<'_>) -> Vec<(usize, String)> {
    let values = schema.get("enum").map_or(&[][..], Node::items);
    let values = values.iter().map(|value| value.to_json()).enumerate();
    let values = values.filter(|(_, value)| !value.is_null());
    values
        .map(|(index, value)| (index, value.to_string()))
        .collect()
}

/// The values that the first of two enums has, and the second one has not.
fn without(of: &Whole<'_>, other: &Whole<'_>) -> Vec<(String, String)> {
    let known: HashSet<String> = values(other).into_iter().map(|(_, value)| value).collect();
    let pointer = of.field("enum");
    let values = values(of).into_iter();
    let values = values.filter(|(_, value)| !known.contains(value));
    values
        .map(|(index, value)| (format!("{pointer}/{index}"), value))
        .collect()
}

pub(super) fn enum_value_added(_: &Sides<'_>, pair: &SchemaPair<'_>, report: &mut Report<'_, '_>) {
    if values(&pair.base).is_empty() {
        return;
    }
    let (verdict, reason) = match typ_of(&pair.new).as_str() {
        "string" => (
            Verdict::Additive,
            "enums are `#[non_exhaustive]`: until now it was `Unknown`",
        ),
        "integer" | "number" => (
            Verdict::Additive,
            "until now, the client neither sent nor read it",
        ),
        _ => (Verdict::Docs, "the client does not look at the values"),
    };
    for (pointer, value) in without(&pair.new, &pair.base) {
        let message = format!("{} may be `{value}`", this(pair));
        report.at(verdict, &pointer, message, reason);
    }
}

pub(super) fn enum_value_removed(
    _: &Sides<'_>,
    pair: &SchemaPair<'_>,
    report: &mut Report<'_, '_>,
) {
    if values(&pair.new).is_empty() {
        return;
    }
    let (verdict, reason) = match typ_of(&pair.new).as_str() {
        "string" => (
            Verdict::Breaking,
            "code that names its variant does not compile",
        ),
        "integer" | "number" => (
            Verdict::Breaking,
            "the client no longer sends it, and refuses a response with it",
        ),
        _ => (Verdict::Docs, "the client does not look at the values"),
    };
    for (pointer, value) in without(&pair.base, &pair.new) {
        let message = format!("{} is never `{value}` any more", this(pair));
        report.removed(verdict, &pointer, message, reason);
    }
}

pub(super) fn enumeration(_: &Sides<'_>, pair: &SchemaPair<'_>, report: &mut Report<'_, '_>) {
    let message = match (values(&pair.base).is_empty(), values(&pair.new).is_empty()) {
        (true, false) => format!("{} has a list of values", this(pair)),
        (false, true) => format!("{} has no list of values any more", this(pair)),
        _ => return renamed_variants(pair, report),
    };
    let (verdict, reason) = match typ_of(&pair.new).as_str() {
        "string" => (
            Verdict::Breaking,
            "it has another type in Rust: an enum, or text",
        ),
        "integer" | "number" => (
            Verdict::Breaking,
            "it has another type in Rust: one for the values, or a number",
        ),
        _ => (Verdict::Docs, "the client does not look at the values"),
    };
    report.at_key(verdict, &pair.new.field("enum"), message, reason);
}

/// Reports values that stay and become other variants.
fn renamed_variants(pair: &SchemaPair<'_>, report: &mut Report<'_, '_>) {
    if typ_of(&pair.new) != "string" {
        return;
    }
    let of = |schema: &Whole<'_>| {
        let values = schema.get("enum").map_or(&[][..], Node::items);
        let values = values.iter().enumerate();
        let texts = values.filter_map(|(index, value)| Some((index, value.text()?.to_owned())));
        let (places, texts): (Vec<usize>, Vec<String>) = texts.unzip();
        (places, variants(&texts), texts)
    };
    let (_, names, values) = of(&pair.base);
    let base: HashMap<String, String> = values.into_iter().zip(names).collect();
    let (places, names, values) = of(&pair.new);
    let pointer = pair.new.field("enum");
    for ((place, is), value) in places.into_iter().zip(names).zip(values) {
        let Some(was) = base.get(&value).filter(|was| **was != is) else {
            continue;
        };
        report.at(
            Verdict::Breaking,
            &format!("{pointer}/{place}"),
            format!(
                "the variant of `{value}` of {} is `{is}`, and was `{was}`",
                this(pair)
            ),
            "values that are the same in Rust get other names, in their order",
        );
    }
}

/// The other properties of an object, beside its fields.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Others {
    Nothing,
    Anything,
    /// Values that `additionalProperties` describes.
    Described,
}

impl Others {
    fn new(schema: &Whole<'_>) -> Self {
        let rest = schema.get("additionalProperties").map(Node::to_json);
        let is_empty = |rest: &Value| rest.as_object().is_some_and(serde_json::Map::is_empty);
        match rest {
            Some(Value::Bool(true)) => Self::Anything,
            Some(rest) if is_empty(&rest) => Self::Anything,
            Some(Value::Object(_)) => Self::Described,
            // `false` and none are the same to the client. Without fields, it is a map.
            _ if schema.properties().is_empty() => Self::Anything,
            _ => Self::Nothing,
        }
    }
}

pub(super) fn other_properties(_: &Sides<'_>, pair: &SchemaPair<'_>, report: &mut Report<'_, '_>) {
    if typ_of(&pair.new) != "object" || typ_of(&pair.base) != "object" {
        return;
    }
    let (base, new) = (Others::new(&pair.base), Others::new(&pair.new));
    let has_fields = |schema: &Whole<'_>| !schema.properties().is_empty();
    let stays = has_fields(&pair.base) && has_fields(&pair.new);
    let (verdict, message, reason) = match (base, new) {
        (Others::Nothing, Others::Anything | Others::Described) if stays => (
            Verdict::Additive,
            format!("{} may have other properties", this(pair)),
            "structs are `#[non_exhaustive]`, so a map for them breaks nothing",
        ),
        (Others::Nothing, Others::Anything | Others::Described) => (
            Verdict::Breaking,
            format!("{} may have other properties", this(pair)),
            "it becomes a map",
        ),
        (Others::Anything | Others::Described, Others::Nothing) => (
            Verdict::Breaking,
            format!("{} has no other properties any more", this(pair)),
            "its map is gone",
        ),
        // Where both sides describe them, that is compared on its own.
        (Others::Anything, Others::Described) | (Others::Described, Others::Anything)
            if pair.base.get("additionalProperties").is_none()
                || pair.new.get("additionalProperties").is_none() =>
        {
            (
                Verdict::Breaking,
                format!(
                    "the other properties of {} are described otherwise",
                    this(pair)
                ),
                "they have another type in Rust",
            )
        }
        _ => return,
    };
    let pointer = pair.new.field("additionalProperties");
    report.at_key(verdict, &pointer, message, reason);
}

pub(super) fn all_of(_: &Sides<'_>, pair: &SchemaPair<'_>, report: &mut Report<'_, '_>) {
    let parts = |schema: &Whole<'_>| {
        let parts = schema.schema().parts("allOf");
        parts
            .map(|(part, _)| match part.text_of("$ref") {
                Some(reference) => reference.to_owned(),
                None => part.to_json().to_string(),
            })
            .collect::<Vec<_>>()
    };
    if parts(&pair.base) != parts(&pair.new) {
        report.at_key(
            Verdict::Docs,
            &pair.new.schema().field("allOf"),
            format!("{} is put together from other parts", this(pair)),
            "what they say together is compared",
        );
    }
}

pub(super) fn alternative_added(
    sides: &Sides<'_>,
    pair: &SchemaPair<'_>,
    report: &mut Report<'_, '_>,
) {
    if !pair.base.has_alternatives() {
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
    if !pair.new.has_alternatives() {
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

/// A discriminator, as the client uses it.
#[derive(PartialEq)]
struct Discriminator<'s> {
    tag: Option<&'s str>,
    /// The name in Rust of the alternative that each value leads to.
    leads_to: BTreeMap<&'s str, &'s str>,
    /// The value that the client writes for each alternative.
    writes: BTreeMap<&'s str, Option<&'s str>>,
}

impl<'s> Discriminator<'s> {
    /// `None` if the client does not look at it.
    fn new(spec: &'s Spec<'_>, schema: &Whole<'_>) -> Option<Self> {
        let holder = schema.saying("discriminator")?;
        let union = spec.unions.iter().find(|u| u.pointer == holder.pointer)?;
        let mut leads_to = BTreeMap::new();
        for (index, case) in &union.cases {
            if let (Some(alternative), Case::Object { is, .. }) =
                (union.alternatives.get(*index), case)
            {
                let values = is.iter().flat_map(|(_, values)| values);
                leads_to.extend(values.map(|value| (value.as_str(), alternative.name.as_str())));
            }
        }
        let alternatives = union.alternatives.iter();
        let writes = alternatives.map(|a| (a.name.as_str(), a.kind.as_deref()));
        Some(Self {
            tag: union.tag.as_deref(),
            leads_to,
            writes: writes.collect(),
        })
    }

    /// Whether the other one leads every value of this one to the same alternative, and writes
    /// the same values.
    fn is_kept_in(&self, other: &Self) -> bool {
        let leads = |(value, name): (&&str, &&str)| other.leads_to.get(value) == Some(name);
        let writes = |(name, value): (&&str, &Option<&str>)| {
            other.writes.get(name).is_none_or(|now| now == value)
        };
        self.tag == other.tag && self.leads_to.iter().all(leads) && self.writes.iter().all(writes)
    }
}

pub(super) fn discriminator(sides: &Sides<'_>, pair: &SchemaPair<'_>, report: &mut Report<'_, '_>) {
    let said = |schema: &Whole<'_>| json(schema.get("discriminator"));
    if said(&pair.base) == said(&pair.new) {
        return;
    }
    let base = Discriminator::new(sides.base, &pair.base);
    let new = Discriminator::new(sides.new, &pair.new);
    let (verdict, reason) = match (base, new) {
        (None, None) => (Verdict::Docs, "the client does not look at it"),
        (Some(base), Some(new)) if base == new => {
            let reason = "each value leads to the alternative that it led to";
            (Verdict::Docs, reason)
        }
        (Some(base), Some(new)) if base.is_kept_in(&new) => {
            let reason = "until now, the values that are new were `Unknown`";
            (Verdict::Additive, reason)
        }
        _ => {
            let reason = "what was one alternative may be another one, or `Unknown`, or written \
                          with another value";
            (Verdict::Breaking, reason)
        }
    };
    report.at_key(
        verdict,
        &pair.new.field("discriminator"),
        format!("the discriminator of {} has changed", this(pair)),
        reason,
    );
}

/// Reports a keyword that documents, unless both sides have it in one part that is compared
/// on its own.
fn documents(pair: &SchemaPair<'_>, key: &str, reason: &str, report: &mut Report<'_, '_>) {
    let (base, new) = (pair.base.documenting(key), pair.new.documenting(key));
    let is_of_part = |schema: &Whole<'_>, part: &Found<'_>| {
        part.pointer != schema.schema().pointer && component_name(&part.pointer).is_some()
    };
    if let (Some(one), Some(other)) = (base, new)
        && one.pointer == other.pointer
        && (is_of_part(&pair.base, one) || is_of_part(&pair.new, other))
    {
        return;
    }
    let said = |part: Option<&Found<'_>>| json(part.and_then(|part| part.node.get(key)));
    if said(base) != said(new) {
        let holder = new.unwrap_or(pair.new.schema());
        report.at_key(
            Verdict::Docs,
            &holder.field(key),
            format!("`{key}` of {} has changed", this(pair)),
            reason,
        );
    }
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
        documents(pair, key, "the client does not look at limits", report);
    }
}

pub(super) fn docs(_: &Sides<'_>, pair: &SchemaPair<'_>, report: &mut Report<'_, '_>) {
    let nodes = [pair.base.schema().node, pair.new.schema().node];
    let mut keys: BTreeSet<&str> = unknown_extensions(nodes).collect();
    keys.extend([
        "title",
        "description",
        "example",
        "default",
        "externalDocs",
        "xml",
    ]);
    // Of a property, they say more.
    if pair.new.schema().pointer.rsplit('/').nth(1) != Some("properties") {
        keys.extend(["readOnly", "writeOnly"]);
    }
    for key in keys {
        documents(pair, key, why_docs(key), report);
    }
    for (key, other) in [("oneOf", "anyOf"), ("anyOf", "oneOf")] {
        let has = |schema: &Whole<'_>, key| schema.get(key).is_some();
        if has(&pair.base, other) && !has(&pair.new, other) && has(&pair.new, key) {
            report.at_key(
                Verdict::Docs,
                &pair.new.field(key),
                format!("`{other}` of {} is now `{key}`", this(pair)),
                "they are the same to the client",
            );
        }
    }
    let is_deprecated = |schema: &Whole<'_>| schema.schema().node.is_set("deprecated");
    if is_deprecated(&pair.base) != is_deprecated(&pair.new) {
        report.at_key(
            Verdict::Additive,
            &pair.new.schema().field("deprecated"),
            format!("`deprecated` of {} has changed", this(pair)),
            "code that uses it compiles, with a warning",
        );
    }
}

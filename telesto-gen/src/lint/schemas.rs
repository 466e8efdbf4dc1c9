//! Rules about schemas.

use std::collections::{HashMap, HashSet};

use crate::document::{Data, Kind, Node, Place, closest, join, says};

use super::Report;
use crate::formats;
use crate::names::snake;
use crate::spec::alternatives::DEEPEST;
use crate::spec::{Found, Spec};

/// The keywords that only schemas of these types have.
const KEYWORDS: &[(&[&str], &[&str])] = &[
    (&["string"], &["pattern", "minLength", "maxLength"]),
    (
        &["integer", "number"],
        &[
            "multipleOf",
            "minimum",
            "maximum",
            "exclusiveMinimum",
            "exclusiveMaximum",
        ],
    ),
    (
        &["array"],
        &["items", "minItems", "maxItems", "uniqueItems"],
    ),
    (
        &["object"],
        &[
            "properties",
            "required",
            "additionalProperties",
            "minProperties",
            "maxProperties",
        ],
    ),
    (&["string", "integer", "number"], &["format"]),
    (&["string", "integer", "number", "boolean"], &["enum"]),
];

pub(super) fn property_name(spec: &Spec<'_>, report: &mut Report<'_>) {
    for schema in spec.objects(Kind::Schema) {
        required_exist(spec, report, schema);
        let Some(properties) = schema.node.get("properties") else {
            continue;
        };
        // typify uses this name for the map of additional properties.
        let others = schema.node.get("additionalProperties");
        let mut names = properties.entries().iter().map(|entry| entry.key.as_str());
        if others.is_some_and(|others| !others.is_scalar())
            && let Some(taken) = names.find(|name| snake(name) == "extra")
        {
            let at = join(&schema.pointer, "properties");
            report.at_key(
                &join(&at, taken),
                format!("`{taken}` is the name of the additional properties in Rust"),
                "list the additional properties by name, or remove `additionalProperties`",
            );
        }
    }
}

/// typify makes a field of any kind of a required property that does not exist.
/// A part may require a property that another part declares.
fn required_exist(spec: &Spec<'_>, report: &mut Report<'_>, schema: &Place<'_>) {
    let Some(required) = schema.node.get("required") else {
        return;
    };
    let whole = spec.whole(&Found::from(schema));
    for (index, name) in required.items().iter().enumerate() {
        let Some(name) = name.text() else { continue };
        if spec.property(&whole, name).is_some() {
            continue;
        }
        let properties = whole.node.get("properties").map_or(&[][..], Node::entries);
        let close = closest(name, properties.iter().map(|entry| entry.key.as_str()));
        let pointer = format!("{}/required/{index}", schema.pointer);
        let message = format!("`{name}` is required, but there is no such property");
        match close {
            Some(close) => report.at(&pointer, message, format!("did you mean `{close}`?")),
            None => report.in_vain(
                &pointer,
                message,
                format!("add `{name}` to `properties`, or remove it here"),
            ),
        }
    }
}

pub(super) fn enum_values(spec: &Spec<'_>, report: &mut Report<'_>) {
    for schema in spec.objects(Kind::Schema) {
        let Some(values) = schema.node.get("enum") else {
            continue;
        };
        let at = join(&schema.pointer, "enum");
        if values.items().is_empty() {
            report.at_key(
                &at,
                "this enum has no values",
                "list them, or remove `enum`",
            );
            continue;
        }
        // Nothing but null, and only an alternative to something else.
        let is_null = |value: &Node| value.data == Data::Null;
        if !spec.usage.is_used(schema.node) && values.items().iter().all(is_null) {
            continue;
        }
        let Some(typ) = schema.node.text_of("type") else {
            if values.items().iter().all(is_null) {
                report.at_key(
                    &at,
                    "a value that is always null has no type",
                    "remove it, or describe what else the value may be",
                );
            } else {
                report.at_key(&at, "this enum has no type", "add `type: string`");
            }
            continue;
        };
        if matches!(typ, "array" | "object") {
            continue;
        }
        // OpenAPI 3.0.3 asks for null in the enum of what is nullable.
        let is_nullable = schema.node.is_set("nullable");
        let fits =
            |value: &Node| is_of_type(value, typ) || (is_nullable && value.data == Data::Null);
        for (index, value) in values.items().iter().enumerate() {
            if fits(value) {
                continue;
            }
            let is_large = typ == "integer" && is_beyond_64_bits(value);
            let help = match (&value.data, typ) {
                (Data::Null, _) if spec.document.is_3_1() => {
                    "remove it; add `\"null\"` to the list in `type` if it can be null"
                }
                (Data::Null, _) => "remove it; write `nullable: true` if it can be null",
                _ if is_large => {
                    "make it `type: number`: the client reads whole numbers of 64 bits"
                }
                (Data::List(_) | Data::Map(_), _) => "list plain values",
                (_, "string") => "put the value in quotes",
                _ => "change the value or the `type`",
            };
            let pointer = format!("{at}/{index}");
            let message = if is_large {
                "this value does not fit into 64 bits, but the type is `integer`".to_owned()
            } else {
                format!("this value is {}, but the type is `{typ}`", value.what())
            };
            match value.data {
                Data::Null => report.in_vain(&pointer, message, help),
                _ => report.at(&pointer, message, help),
            }
        }
        for (first, second) in equal(values.items()) {
            if !fits(&values.items()[second]) {
                continue;
            }
            let line = spec.document.line(&format!("{at}/{first}"));
            report.in_vain(
                &format!("{at}/{second}"),
                format!("this value is already listed on line {line}"),
                "remove one of the two",
            );
        }
    }
}

/// Whether a value is a whole number that no integer of 64 bits holds. `1.0` is none.
fn is_beyond_64_bits(value: &Node) -> bool {
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    matches!(value.data, Data::Number(number) if number.is_finite() && number.abs() >= LIMIT)
}

fn is_of_type(value: &Node, typ: &str) -> bool {
    match &value.data {
        Data::Text(_) => typ == "string",
        Data::Integer(_) => typ == "integer" || typ == "number",
        Data::Number(_) => typ == "number",
        Data::Flag(_) => typ == "boolean",
        Data::List(_) => typ == "array",
        Data::Map(_) => typ == "object",
        Data::Null => false,
    }
}

/// The values that are listed again, and where they are first.
fn equal(values: &[Node]) -> Vec<(usize, usize)> {
    let mut known: HashMap<String, Vec<usize>> = HashMap::new();
    let mut again = Vec::new();
    for (second, value) in values.iter().enumerate() {
        // Some values that differ are written alike, such as `1e999` and null.
        let alike = known.entry(value.to_json().to_string()).or_default();
        match alike.iter().find(|first| values[**first] == *value) {
            Some(first) => again.push((*first, second)),
            None => alike.push(second),
        }
    }
    again
}

/// typify panics at these, or misunderstands them.
pub(super) fn unsupported(spec: &Spec<'_>, report: &mut Report<'_>) {
    for schema in spec.objects(Kind::Schema) {
        foreign_keywords(report, schema);
        contradictions(spec, report, schema);
        let at = |field: &str| join(&schema.pointer, field);
        if schema.node.get("not").is_some() {
            report.at_key(
                &at("not"),
                "`not` cannot be written in Rust",
                "describe what the value is, and move the rest to the description",
            );
        }
        for keyword in ["allOf", "oneOf", "anyOf"] {
            if schema
                .node
                .get(keyword)
                .is_some_and(|parts| parts.items().is_empty())
            {
                report.at_key(
                    &at(keyword),
                    format!("`{keyword}` has no schemas"),
                    "list them, or remove it",
                );
            }
        }
        if let (Some(typ), Some(default)) =
            (schema.node.text_of("type"), schema.node.get("default"))
        {
            let values = schema.node.get("enum").map_or(&[][..], Node::items);
            let is_null = default.data == Data::Null && schema.node.is_set("nullable");
            let is_listed = values.is_empty() || values.contains(default);
            let fits = is_null || (is_of_type(default, typ) && is_listed);
            if !fits {
                report.in_vain(
                    &at("default"),
                    "the schema does not allow this default",
                    "remove it, or write a value of the type, and of the enum if there is one",
                );
            }
        }
        for (flag, limit) in [
            ("exclusiveMinimum", "minimum"),
            ("exclusiveMaximum", "maximum"),
        ] {
            if schema.node.is_set(flag) && schema.node.get(limit).is_none() {
                report.at_key(
                    &at(flag),
                    format!("`{flag}` has no `{limit}` beside it"),
                    format!("add `{limit}`, or remove `{flag}`"),
                );
            }
        }
        if schema.node.text_of("type") == Some("array") && schema.node.get("items").is_none() {
            report.at(
                &at("type"),
                "this array has no `items`",
                "add `items: { type: … }`, or `items: {}` for any JSON",
            );
        }
    }
}

/// Parts of an `allOf` that describe themselves or one property differently:
/// nothing matches both, and typify generates a type without values.
fn contradictions(spec: &Spec<'_>, report: &mut Report<'_>, schema: &Place<'_>) {
    let whole = Found::from(schema);
    // What is beside the `allOf` is a part, too.
    let mut kinds: Vec<Kindred<'_>> = vec![Kindred::of(schema.node)];
    let mut seen: Vec<Property<'_>> = Vec::new();
    for (part, pointer) in whole.parts("allOf") {
        let Some(found) = spec.resolve(part, &pointer) else {
            continue;
        };
        let kind = kindred(spec, &found, 0);
        let differs = |other: &&Kindred<'_>| !kind.agrees_with(other);
        if let Some(other) = kinds.iter().find(differs) {
            report.at(
                &pointer,
                format!(
                    "this part of an `allOf` is {kind}, and another one {other}: no value is both"
                ),
                "keep one of the two",
            );
        }
        kinds.push(kind);
        let mut own = Vec::new();
        add_properties(spec, &found, &mut own, 0);
        let differs = own.iter().find(|property| {
            let mut others = seen.iter().filter(|other| other.name == property.name);
            others.any(|other| property.differs(other, spec))
        });
        if let Some(Property {
            name,
            pointer: property,
            ..
        }) = differs
        {
            let is_written_here = property.starts_with(&pointer);
            report.at_key(
                if is_written_here { property } else { &pointer },
                format!("`{name}` is described differently by another part of this `allOf`"),
                "describe it only in one of the parts",
            );
        }
        seen.extend(own);
    }
}

/// A property of a part of an `allOf`.
struct Property<'a> {
    name: &'a str,
    node: &'a Node,
    pointer: String,
    /// Where it leads to.
    found: Option<Found<'a>>,
    /// Whether it is of a part of the part.
    is_inner: bool,
}

impl Property<'_> {
    /// Whether two parts describe it differently. Of inner parts, what they say beside the
    /// type can be merged.
    fn differs(&self, other: &Self, spec: &Spec<'_>) -> bool {
        if !self.is_inner && !other.is_inner {
            return says(self.node) != says(other.node);
        }
        match (&self.found, &other.found) {
            (Some(one), Some(other)) => contradict(spec, one, other, &mut HashSet::new()),
            _ => false,
        }
    }
}

/// Whether no value fits both schemas, going by their types and those of their properties.
fn contradict<'a>(
    spec: &Spec<'a>,
    one: &Found<'a>,
    other: &Found<'a>,
    seen: &mut HashSet<(String, String)>,
) -> bool {
    let is_new = seen.insert((one.pointer.clone(), other.pointer.clone()));
    if one.pointer == other.pointer || !is_new {
        return false;
    }
    let [kind, other_kind] = [one, other].map(|schema| kindred(spec, schema, 0));
    if !kind.agrees_with(&other_kind) {
        return true;
    }
    let [properties, others] = [one, other].map(|schema| {
        let mut properties = Vec::new();
        add_properties(spec, schema, &mut properties, 0);
        properties
    });
    properties.iter().any(|property| {
        let mut others = others.iter().filter(|other| other.name == property.name);
        others.any(|other| match (&property.found, &other.found) {
            (Some(one), Some(other)) => contradict(spec, one, other, seen),
            _ => false,
        })
    })
}

/// Adds the properties of a schema, and of the parts of its `allOf`.
fn add_properties<'a>(
    spec: &Spec<'a>,
    schema: &Found<'a>,
    properties: &mut Vec<Property<'a>>,
    depth: usize,
) {
    let own = schema.node.get("properties").map_or(&[][..], Node::entries);
    let holder = schema.field("properties");
    for entry in own {
        let pointer = join(&holder, &entry.key);
        let found = spec.resolve(&entry.value, &pointer);
        properties.push(Property {
            name: &entry.key,
            node: &entry.value,
            pointer,
            found,
            is_inner: depth > 0,
        });
    }
    if depth < DEEPEST {
        for part in spec.parts(schema, "allOf") {
            add_properties(spec, &part, properties, depth + 1);
        }
    }
}

/// The type and the format that a schema asks for, if it does.
#[derive(Default)]
struct Kindred<'a> {
    typ: Option<&'a str>,
    format: Option<&'a str>,
}

/// Those of a schema, or of the parts of its `allOf`.
fn kindred<'a>(spec: &Spec<'a>, schema: &Found<'a>, depth: usize) -> Kindred<'a> {
    let mut kind = Kindred::of(schema.node);
    if depth < DEEPEST {
        for part in spec.parts(schema, "allOf") {
            let part = kindred(spec, &part, depth + 1);
            kind.typ = kind.typ.or(part.typ);
            kind.format = kind.format.or(part.format);
        }
    }
    kind
}

impl<'a> Kindred<'a> {
    /// Those that a schema names itself.
    fn of(schema: &'a Node) -> Self {
        let is_object = schema.get("properties").is_some();
        let typ = schema.text_of("type");
        Self {
            typ: typ.or(is_object.then_some("object")),
            format: schema.text_of("format"),
        }
    }

    fn agrees_with(&self, other: &Self) -> bool {
        let same = |one: Option<&str>, other: Option<&str>| match (one, other) {
            (Some(one), Some(other)) => one == other,
            _ => true,
        };
        same(self.typ, other.typ) && same(self.format, other.format)
    }
}

impl std::fmt::Display for Kindred<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "`{}`", self.typ.unwrap_or("string"))?;
        match self.format {
            Some(format) => write!(f, " of the format `{format}`"),
            None => Ok(()),
        }
    }
}

/// Keywords that do not belong to the type of a schema.
fn foreign_keywords(report: &mut Report<'_>, schema: &Place<'_>) {
    let present = |keyword: &&&str| schema.node.get(keyword).is_some();
    match schema.node.text_of("type") {
        Some(typ) => {
            for (types, keywords) in KEYWORDS {
                if types.contains(&typ) {
                    continue;
                }
                for keyword in keywords.iter().filter(present) {
                    let pointer = join(&schema.pointer, keyword);
                    let message = format!("`{keyword}` has no effect on the type `{typ}`");
                    let help = match *keyword {
                        "enum" => "move it to the items or the properties".to_owned(),
                        _ => format!("remove it, or make the type `{}`", types.join("` or `")),
                    };
                    let finding = report.of_key(&pointer, message, help);
                    // What says more than a limit does may be what the type should follow.
                    report.add(match *keyword {
                        "enum" | "properties" => finding,
                        _ => report.fixed_without(finding, [pointer.as_str()]),
                    });
                }
            }
        }
        None => {
            let mut claims = KEYWORDS
                .iter()
                .filter(|(_, keywords)| !keywords.contains(&"enum"))
                .filter_map(|(types, keywords)| Some((types, keywords.iter().find(present)?)));
            let Some((types, keyword)) = claims.next() else {
                return;
            };
            // A schema with properties is understood as an object.
            let plain_object = types.contains(&"object") && claims.next().is_none();
            if plain_object {
                return;
            }
            let pointer = join(&schema.pointer, keyword);
            let message = format!("this schema has `{keyword}`, but no type");
            // Beside schemas that have one, only what says more than a limit does is missed.
            let mut parts = ["allOf", "oneOf", "anyOf"].iter();
            let has_parts = parts.any(|parts| schema.node.get(parts).is_some());
            match has_parts && !types.contains(&"array") && !types.contains(&"object") {
                true => {
                    let help = "remove it: it limits no value in Rust".to_owned();
                    let finding = report.of_key(&pointer, message, help);
                    report.add(report.fixed_without(finding, [pointer.as_str()]));
                }
                false => report.at_key(&pointer, message, format!("add `type: {}`", types[0])),
            }
        }
    }
}

pub(super) fn unknown_format(spec: &Spec<'_>, report: &mut Report<'_>) {
    for schema in spec.objects(Kind::Schema) {
        let (Some(typ), Some(format)) =
            (schema.node.text_of("type"), schema.node.text_of("format"))
        else {
            continue;
        };
        let known: Vec<&str> = formats::useful(typ).map(|format| format.name).collect();
        if formats::find(typ, format).is_some() || known.is_empty() {
            continue;
        }
        let elsewhere = formats::of_another_type(format);
        let help = match (closest(format, known.iter().copied()), elsewhere) {
            (_, Some(other)) => format!("write `type: {}` with `format: {format}`", other.typ),
            (Some(close), None) => format!("did you mean `{close}`?"),
            (None, None) => format!("remove it, or use one of `{}`", known.join("`, `")),
        };
        report.at(
            &join(&schema.pointer, "format"),
            format!("unknown format `{format}` for the type `{typ}`"),
            help,
        );
    }
}

pub(super) fn float_quantity(spec: &Spec<'_>, report: &mut Report<'_>) {
    for schema in spec.objects(Kind::Schema) {
        if schema.node.text_of("type") == Some("number") {
            report.at(
                &join(&schema.pointer, "type"),
                "a `number` is a floating-point number, which is not exact",
                "for quantities and money, write `type: string, format: decimal`; JSON numbers \
                 are read, too",
            );
        }
    }
}

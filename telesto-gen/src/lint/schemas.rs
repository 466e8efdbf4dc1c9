//! Schemas.

use std::collections::{HashMap, HashSet};

use crate::document::{Data, Kind, Node, Place, closest, join};

use super::names::{clash, pascal, snake, variant, variant_kept};
use super::{Report, Spec};

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

/// Formats that the generator makes a type of, by type.
const MAPPED: &[(&str, &[&str])] = &[
    (
        "string",
        &["date", "date-time", "date-time-local", "decimal"],
    ),
    (
        "integer",
        &[
            "int", "int8", "int16", "int32", "int64", "uint", "uint8", "uint16", "uint32", "uint64",
        ],
    ),
    ("number", &["double", "float"]),
];

/// Formats that stay text, and rightly.
const TEXT: &[&str] = &[
    "binary", "byte", "email", "hostname", "ip", "ipv4", "ipv6", "password", "uri", "uuid",
];

/// Names that typify and the coercion write without a path before them.
const TAKEN: &[&str] = &["D", "Default", "Err", "None", "Ok", "S", "Some", "String"];

/// typify makes one type of each name, and does not look whether it has it.
pub(super) fn name(spec: &Spec<'_>, report: &mut Report<'_>) {
    titles(spec, report);
    let schemas = spec.components("schemas");
    let inline = inline_bodies(spec);
    let mut named: HashMap<String, &str> = HashMap::new();
    for entry in schemas {
        let name = &entry.key;
        let rust = pascal(name);
        let at = join("/components/schemas", name);
        let legal = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        if name.is_empty() || !name.chars().all(legal) || rust.is_empty() {
            report.at_key(
                &at,
                format!("the schema name `{name}` has characters that a `$ref` cannot hold"),
                "use ASCII letters and digits, such as `PurchaseOrder`",
            );
        } else if TAKEN.contains(&rust.as_str()) {
            report.at_key(
                &at,
                format!("`{rust}` is a name that the code around the types has already"),
                format!("say what it is of, such as `Product{rust}`"),
            );
        } else if let Some(first) = named.get(&rust) {
            report.at_key(
                &at,
                format!("the schemas `{first}` and `{name}` are both `{rust}` in Rust"),
                "rename one of the two",
            );
        } else if let Some(label) = inline.get(&rust) {
            report.at_key(
                &at,
                format!("`{rust}` is what the unnamed body of `{label}` is called in Rust"),
                "rename the schema, or refer to it from that body",
            );
        }
        named.entry(rust).or_insert(name);
    }
}

/// typify names unnamed schemas after their titles, without a look at what has
/// that name.
fn titles(spec: &Spec<'_>, report: &mut Report<'_>) {
    let components = spec.components("schemas");
    let mut seen: HashSet<String> = components.iter().map(|e| pascal(&e.key)).collect();
    for schema in spec.objects(Kind::Schema) {
        let Some(title) = schema.node.text_of("title") else {
            continue;
        };
        let named = schema.pointer.strip_prefix("/components/schemas/");
        if named.is_some_and(|rest| !rest.contains('/')) {
            continue;
        }
        let rust = pascal(title);
        if rust.is_empty() || seen.contains(&rust) {
            report.at(
                &join(&schema.pointer, "title"),
                format!("the title `{title}` is what another schema is called in Rust"),
                "remove the title, or refer to that schema if it is the same",
            );
        }
        seen.insert(rust);
    }
}

/// The names that progenitor makes up for bodies without one, and whose they
/// are.
fn inline_bodies(spec: &Spec<'_>) -> HashMap<String, String> {
    let mut names = HashMap::new();
    for operation in &spec.operations {
        let Some(id) = operation.id() else { continue };
        let bodies = spec
            .request_body(operation)
            .into_iter()
            .map(|b| (b, "body"));
        let responses = spec.successes(operation);
        let responses = responses.into_iter().map(|(_, found)| (found, "response"));
        for (found, suffix) in bodies.chain(responses) {
            let content = found.node.get("content").map_or(&[][..], Node::entries);
            let unnamed = content
                .iter()
                .filter_map(|entry| entry.value.get("schema"))
                .any(|schema| schema.get("$ref").is_none());
            if unnamed {
                let name = pascal(&format!("{id}_{suffix}"));
                names.entry(name).or_insert_with(|| operation.label());
            }
        }
    }
    names
}

pub(super) fn property_name(spec: &Spec<'_>, report: &mut Report<'_>) {
    for schema in spec.objects(Kind::Schema) {
        let Some(properties) = schema.node.get("properties") else {
            continue;
        };
        let at = join(&schema.pointer, "properties");
        let names = properties.entries().iter().map(|entry| entry.key.as_str());
        // typify calls the map of the other properties so.
        let others = schema.node.get("additionalProperties");
        if others.is_some_and(|others| !others.is_scalar())
            && let Some(taken) = names.clone().find(|name| snake(name) == "extra")
        {
            report.at_key(
                &join(&at, taken),
                format!("`{taken}` is the name of the additional properties in Rust"),
                "describe the additional properties by their names",
            );
        }
        let required = schema.node.get("required").map_or(&[][..], Node::items);
        // Parts of a whole may require what another part declares.
        let part = ["/allOf/", "/oneOf/", "/anyOf/"];
        let whole = ["allOf", "oneOf", "anyOf"];
        if part.iter().any(|part| schema.pointer.contains(part))
            || whole.iter().any(|key| schema.node.get(key).is_some())
        {
            continue;
        }
        for (index, name) in required.iter().enumerate() {
            let Some(name) = name.text() else { continue };
            if properties.get(name).is_none() {
                let close = closest(name, names.clone());
                report.at(
                    &format!("{}/required/{index}", schema.pointer),
                    format!("`{name}` is required, but it is no property"),
                    match close {
                        Some(close) => format!("did you mean `{close}`?"),
                        None => format!("add `{name}` to `properties`, or remove it here"),
                    },
                );
            }
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
        let Some(typ) = schema.node.text_of("type") else {
            report.at_key(
                &at,
                "this enum does not say what type its values have",
                "add `type: string`",
            );
            continue;
        };
        if matches!(typ, "array" | "object") {
            continue;
        }
        let mut fits = true;
        for (index, value) in values.items().iter().enumerate() {
            if is_of_type(value, typ) {
                continue;
            }
            fits = false;
            let mend = match (&value.data, typ) {
                (Data::Null, _) => "remove it; `nullable: true` says that null may come",
                (Data::List(_) | Data::Map(_), _) => "list plain values",
                (_, "string") => "put the value in quotes",
                _ => "make the values and the `type` fit each other",
            };
            report.at(
                &format!("{at}/{index}"),
                format!("this value is {}, but the type is `{typ}`", value.what()),
                mend,
            );
        }
        if !fits {
            continue;
        }
        if let Some((first, second)) = equal(values.items()) {
            let line = spec.document.line(&format!("{at}/{first}"));
            report.at(
                &format!("{at}/{second}"),
                format!("this value is in the enum already, in line {line}"),
                "remove one of the two",
            );
            continue;
        }
        let texts: Vec<&str> = values.items().iter().filter_map(Node::text).collect();
        if clash(&texts, variant).is_none() {
            continue;
        }
        if let Some((first, second)) = clash(&texts, variant_kept) {
            report.at(
                &format!("{at}/{second}"),
                format!(
                    "the values `{}` and `{}` are the same in Rust",
                    texts[first], texts[second]
                ),
                "remove `enum`, and name the values in the description",
            );
        }
    }
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

fn equal(values: &[Node]) -> Option<(usize, usize)> {
    (1..values.len()).find_map(|second| {
        let first = values[..second].iter().position(|v| *v == values[second])?;
        Some((first, second))
    })
}

/// typify panics at these, or takes something else than is meant.
pub(super) fn unsupported(spec: &Spec<'_>, report: &mut Report<'_>) {
    for schema in spec.objects(Kind::Schema) {
        foreign_keywords(report, schema);
        contradictions(spec, report, schema);
        let at = |field: &str| join(&schema.pointer, field);
        if schema.node.get("not").is_some() {
            report.at_key(
                &at("not"),
                "`not` has no form in Rust",
                "describe what the value is; what it is not belongs in the description",
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
            if !is_of_type(default, typ) || !(values.is_empty() || values.contains(default)) {
                report.at(
                    &at("default"),
                    "this default is not what the schema allows",
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
                "this array does not say what it holds",
                "add `items: { type: … }`, or `items: {}` for any JSON",
            );
        }
    }
}

/// What a schema says beside its documentation, by key.
fn says(schema: &Node) -> Vec<(&str, &Node)> {
    const DOCUMENTATION: [&str; 5] = [
        "title",
        "description",
        "example",
        "deprecated",
        "externalDocs",
    ];
    let entries = schema.entries().iter();
    let entries = entries.map(|entry| (entry.key.as_str(), &entry.value));
    let mut said: Vec<_> = entries
        .filter(|(key, _)| !DOCUMENTATION.contains(key))
        .collect();
    said.sort_unstable_by_key(|(key, _)| *key);
    said
}

/// Parts of an `allOf` that describe one property differently: nothing fits
/// both, and typify makes a type of it that has no values.
fn contradictions(spec: &Spec<'_>, report: &mut Report<'_>, schema: &Place<'_>) {
    let Some(all) = schema.node.get("allOf") else {
        return;
    };
    let at = join(&schema.pointer, "allOf");
    let mut seen: Vec<(&str, &Node)> = Vec::new();
    for (index, part) in all.items().iter().enumerate() {
        let pointer = format!("{at}/{index}");
        let Some(found) = spec.resolve(part, &pointer) else {
            continue;
        };
        let properties = found.node.get("properties").map_or(&[][..], Node::entries);
        for entry in properties {
            let name = entry.key.as_str();
            match seen.iter().find(|(other, _)| *other == name) {
                Some((_, other)) if says(other) != says(&entry.value) => report.at(
                    &pointer,
                    format!("`{name}` is described differently by another part of this `allOf`"),
                    "describe it in one of the parts only",
                ),
                Some(_) => {}
                None => seen.push((name, &entry.value)),
            }
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
                    report.at_key(
                        &join(&schema.pointer, keyword),
                        format!("`{keyword}` has no meaning for the type `{typ}`"),
                        match *keyword {
                            "enum" => "put it on the items or the properties".to_owned(),
                            _ => format!("remove it, or make the type `{}`", types.join("` or `")),
                        },
                    );
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
            // A schema with fields is an object to everyone.
            let plain_object = types.contains(&"object") && claims.next().is_none();
            if !plain_object {
                report.at_key(
                    &join(&schema.pointer, keyword),
                    format!("this schema has `{keyword}`, but no type"),
                    format!("add `type: {}`", types[0]),
                );
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
        let known = formats(typ);
        let text = typ == "string" && TEXT.contains(&format);
        if text || known.contains(&format) || known.is_empty() {
            continue;
        }
        let elsewhere = MAPPED.iter().find(|(_, formats)| formats.contains(&format));
        let mend = match (closest(format, known.iter().copied()), elsewhere) {
            (_, Some((other, _))) => format!("write `type: {other}` with `format: {format}`"),
            (Some(close), None) => format!("did you mean `{close}`?"),
            (None, None) => format!("remove it, or use one of `{}`", known.join("`, `")),
        };
        report.at(
            &join(&schema.pointer, "format"),
            format!("`{format}` is no format that has a meaning for `{typ}` here"),
            mend,
        );
    }
}

fn formats(typ: &str) -> &'static [&'static str] {
    MAPPED
        .iter()
        .find(|(name, _)| *name == typ)
        .map_or(&[], |(_, formats)| formats)
}

pub(super) fn float_quantity(spec: &Spec<'_>, report: &mut Report<'_>) {
    for schema in spec.objects(Kind::Schema) {
        if schema.node.text_of("type") == Some("number") {
            report.at(
                &join(&schema.pointer, "type"),
                "this number is a binary fraction, which cannot hold 0.1",
                "for quantities and money write `type: string` with `format: decimal`; numbers \
                 are read too",
            );
        }
    }
}

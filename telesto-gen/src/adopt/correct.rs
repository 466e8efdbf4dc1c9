//! What documents get wrong, although it is clear what they mean. Nothing is lost by it.

use std::collections::{BTreeSet, HashSet};

use serde::Serialize;

use super::queries::queries;
use super::settle::operations_of;
use super::{required_parameter, text};
use crate::document::{
    Data, Edits, Kind, Node, Place, Spot, Survey, as_text, join, json_in_text, last, meant_type,
    resolved,
};
use crate::lint::path_names;
use crate::spec::is_json;

/// What a parameter says of its value in Swagger 2, and in its schema since.
const OF_SCHEMAS: [&str; 10] = [
    "type",
    "format",
    "enum",
    "items",
    "default",
    "minimum",
    "maximum",
    "minLength",
    "maxLength",
    "pattern",
];

/// A mistake in a document that was corrected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Corrected {
    /// What is wrong.
    pub mistake: Mistake,
    /// Where it is in the document, as a JSON pointer.
    pub pointer: String,
}

/// A mistake whose meaning is clear.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Mistake {
    /// A document of OpenAPI 3.0 that is written as one of 3.1.
    Version,
    /// A field that every document has, such as the description of a response.
    Missing,
    /// A query in a path: its variables are parameters.
    Query,
    /// A parameter of a path that is not said to be required.
    Optional,
    /// A parameter without a schema: what it says of its value is one, or it is text.
    Schema,
    /// A status such as `2xx`.
    Status,
    /// A type that OpenAPI does not have, such as `decimal`.
    Type,
    /// A list that does not say what is in it.
    Items,
    /// `required: true` on a property.
    Required,
    /// Values of an `enum` that are not of its type.
    Values,
    /// A value of a field that is written in another way, such as a number in quotes, a text
    /// without, `String`, or an example in JSON that is a text.
    Spelling,
}

/// The corrections of a document.
pub(super) struct Corrections<'c> {
    pub(super) root: &'c Node,
    pub(super) edits: &'c mut Edits,
    made: Vec<Corrected>,
}

impl Corrections<'_> {
    /// Gives a node another value.
    fn set(&mut self, mistake: Mistake, pointer: &str, value: Node) {
        self.also_set(pointer, value);
        self.note(mistake, pointer);
    }

    /// Gives a node another value, for a mistake that is noted at another one.
    pub(super) fn also_set(&mut self, pointer: &str, value: Node) {
        self.edits.set(self.root, pointer, value);
    }

    pub(super) fn note(&mut self, mistake: Mistake, pointer: &str) {
        self.made.push(Corrected {
            mistake,
            pointer: pointer.to_owned(),
        });
    }
}

/// Corrects what can be said at its place.
pub(super) fn correct(root: &Node, survey: &Survey<'_>, edits: &mut Edits) -> Vec<Corrected> {
    let mut corrections = Corrections {
        root,
        edits,
        made: Vec::new(),
    };
    let all = &mut corrections;
    for (key, default) in [("title", "API"), ("version", "unknown")] {
        let said = root.get("info").and_then(|info| info.get(key));
        if said.is_none_or(|said| said.text().is_none() && as_text(said).is_none()) {
            all.set(Mistake::Missing, &join("/info", key), default.into());
        }
    }
    queries(all);
    for (pointer, meant) in &survey.meant {
        all.set(Mistake::Spelling, pointer, meant.clone());
    }
    // What is a mistake in OpenAPI 3.0 may be none in 3.1.
    let version = root.text_of("openapi").unwrap_or_default();
    let is_newer = version.starts_with("3.1");
    let mut schemas = survey.places.iter().filter(|p| p.kind == Kind::Schema);
    if !is_newer && schemas.any(|place| has_newer_fields(place.node)) {
        all.set(Mistake::Version, "/openapi", "3.1.0".into());
    }
    let is_parameter = |place: &&Place<'_>| place.kind == Kind::Parameter;
    let parameters = survey.places.iter().filter(is_parameter);
    let of_parameters = parameters.map(|place| join(&place.pointer, "schema"));
    let of_parameters: HashSet<String> = of_parameters.collect();
    for place in &survey.places {
        if place.reference.is_some() {
            continue;
        }
        match place.kind {
            Kind::Parameter => parameter(place, all),
            Kind::MediaType => examples(place, all),
            Kind::Responses => statuses(place, all),
            Kind::Response if place.node.text_of("description").is_none() => {
                let pointer = join(&place.pointer, "description");
                all.set(Mistake::Missing, &pointer, Node::from(""));
            }
            Kind::Schema => {
                type_name(place, all);
                required(place, all);
                enum_values(place, all);
                if !is_newer && says_no_items(place.node) {
                    let any = match of_parameters.contains(&place.pointer) {
                        true => text(),
                        false => Node::map([]),
                    };
                    all.set(Mistake::Items, &join(&place.pointer, "items"), any);
                }
            }
            _ => {}
        }
    }
    corrections.made
}

/// JSON that is written as a text is an example of that text, which is hardly ever meant.
fn examples(place: &Place<'_>, all: &mut Corrections<'_>) {
    let Place { node, pointer, .. } = place;
    let schema = node.get("schema");
    let schema = schema.and_then(|schema| resolved(all.root, schema));
    let is_text = schema.is_none_or(|schema| schema.text_of("type") == Some("string"));
    if is_text || !is_json(&last(pointer)) {
        return;
    }
    let own = node
        .get("example")
        .map(|own| (join(pointer, "example"), own));
    let named = node.get("examples").map_or(&[][..], Node::entries).iter();
    let named = named.filter_map(|named| {
        let pointer = join(&join(pointer, "examples"), &named.key);
        Some((join(&pointer, "value"), named.value.get("value")?))
    });
    for (pointer, example) in own.into_iter().chain(named) {
        if let Some(json) = example.text().and_then(json_in_text) {
            all.set(Mistake::Spelling, &pointer, json);
        }
    }
}

/// No part of a path is optional, and what a value is belongs in a schema.
fn parameter(place: &Place<'_>, all: &mut Corrections<'_>) {
    let Place { node, pointer, .. } = place;
    let place = node.text_of("in");
    if place == Some("path") && !node.is_set("required") {
        all.set(Mistake::Optional, &join(pointer, "required"), true.into());
    }
    let is_parameter = ["path", "query", "header"].map(Some).contains(&place);
    if !is_parameter || node.get("schema").is_some() || node.get("content").is_some() {
        return;
    }
    let of_schema = node.entries().iter();
    let of_schema = of_schema.filter(|entry| OF_SCHEMAS.contains(&entry.key.as_str()));
    let mut said = Vec::new();
    for entry in of_schema {
        all.edits.gone.insert(Spot::of_entry(entry));
        said.push(entry.clone());
    }
    let schema = match node.get("type") {
        Some(_) => Node::from(Data::Map(said)),
        // It is sent as text, whatever it is.
        None => text(),
    };
    all.set(Mistake::Schema, &join(pointer, "schema"), schema);
}

/// The ranges of statuses are written with capitals.
fn statuses(place: &Place<'_>, all: &mut Corrections<'_>) {
    for entry in place.node.entries() {
        let upper = entry.key.to_ascii_uppercase();
        let is_range = matches!(upper.as_bytes(), [b'1'..=b'5', b'X', b'X']);
        if is_range && upper != entry.key {
            all.edits.rename(entry, upper);
            all.note(Mistake::Status, &join(&place.pointer, &entry.key));
        }
    }
}

/// Whether a schema of OpenAPI 3.0 is written as one of 3.1.
fn has_newer_fields(schema: &Node) -> bool {
    const FIELDS: [&str; 5] = [
        "const",
        "patternProperties",
        "prefixItems",
        "contentEncoding",
        "contentMediaType",
    ];
    let typ = schema.get("type").map(|typ| &typ.data);
    let is_null = matches!(typ, Some(Data::Text(typ)) if typ == "null");
    let is_number = |key| {
        let bound = schema.get(key).map(|bound| &bound.data);
        matches!(bound, Some(Data::Integer(_) | Data::Number(_)))
    };
    is_null
        || matches!(typ, Some(Data::List(_)))
        || ["exclusiveMinimum", "exclusiveMaximum"]
            .into_iter()
            .any(is_number)
        || FIELDS.iter().any(|field| schema.get(field).is_some())
}

/// A type that OpenAPI does not have is often one with a format.
fn type_name(place: &Place<'_>, all: &mut Corrections<'_>) {
    let Some((typ, format)) = place.node.text_of("type").and_then(meant_type) else {
        return;
    };
    all.set(Mistake::Type, &join(&place.pointer, "type"), typ.into());
    // Whether a time has a zone, nobody knows.
    let format = format.filter(|format| *format != "date-time-local");
    if let (Some(format), None) = (format, place.node.get("format")) {
        all.also_set(&join(&place.pointer, "format"), format.into());
    }
}

/// What is required is listed on the object, not said on each property.
fn required(place: &Place<'_>, all: &mut Corrections<'_>) {
    let properties = place.node.get("properties").map_or(&[][..], Node::entries);
    let mut new: Vec<Node> = Vec::new();
    for property in properties {
        let required = property.value.entry("required");
        let Some((entry, Data::Flag(is_required))) = required.map(|e| (e, &e.value.data)) else {
            continue;
        };
        all.edits.gone.insert(Spot::of_entry(entry));
        let pointer = join(&place.pointer, "properties");
        let pointer = join(&join(&pointer, &property.key), "required");
        all.note(Mistake::Required, &pointer);
        if *is_required {
            new.push(property.key.as_str().into());
        }
    }
    if !new.is_empty() {
        let listed = place.node.get("required").map_or(&[][..], Node::items);
        new.retain(|name| !listed.contains(name));
        let names = Node::list(listed.iter().cloned().chain(new));
        all.also_set(&join(&place.pointer, "required"), names);
    }
}

/// Without quotes, YAML reads some texts as numbers; and some quote numbers.
fn enum_values(place: &Place<'_>, all: &mut Corrections<'_>) {
    let values = place.node.get("enum").map_or(&[][..], Node::items);
    let meant: fn(&Node) -> Option<Node> = match place.node.text_of("type") {
        Some("string") => |value| as_text(value).map(Node::from),
        Some("integer") => |value| value.text()?.parse::<i64>().ok().map(Node::from),
        _ => return,
    };
    if values.iter().any(|value| meant(value).is_some()) {
        let values = values
            .iter()
            .map(|value| meant(value).unwrap_or(value.clone()));
        let pointer = join(&place.pointer, "enum");
        all.set(Mistake::Values, &pointer, Node::list(values));
    }
}

/// Whether a schema is that of a list of which nobody knows what is in it.
fn says_no_items(schema: &Node) -> bool {
    let items = schema.get("items").map(|items| &items.data);
    schema.text_of("type") == Some("array") && !matches!(items, Some(Data::Map(_)))
}

/// Declares the parameters of paths that no operation declares, as text. Returns what was
/// declared, such as `{id} of /things/{id}`.
pub(super) fn declare(root: &Node, edits: &mut Edits) -> Vec<String> {
    let paths = root.get("paths").map_or(&[][..], Node::entries);
    let mut declared = Vec::new();
    for path in paths {
        let item = &path.value;
        let of_item = in_path(root, item);
        let missing: BTreeSet<&str> = operations_of(item)
            .flat_map(|operation| {
                let known = in_path(root, &operation.value);
                let names = path_names(&path.key).unwrap_or_default().into_iter();
                let is_known = |name: &&str| known.contains(name) || of_item.contains(name);
                names.filter(|name| !is_known(name)).collect::<Vec<_>>()
            })
            .collect();
        if missing.is_empty() {
            continue;
        }
        let new = missing.iter();
        let new = new.map(|name| required_parameter(name, "path", text()));
        let known = item.get("parameters").map_or(&[][..], Node::items);
        let all = Node::list(known.iter().cloned().chain(new));
        let pointer = join(&join("/paths", &path.key), "parameters");
        edits.set(root, &pointer, all);
        declared.extend(
            missing
                .iter()
                .map(|name| format!("{{{name}}} of {}", path.key)),
        );
    }
    declared
}

/// The names of the path parameters that an operation or a path declares.
fn in_path<'a>(root: &'a Node, holder: &'a Node) -> Vec<&'a str> {
    let parameters = holder.get("parameters").map_or(&[][..], Node::items);
    let parameters = parameters
        .iter()
        .filter_map(|parameter| resolved(root, parameter));
    let in_path = parameters.filter(|parameter| parameter.text_of("in") == Some("path"));
    in_path
        .filter_map(|parameter| parameter.text_of("name"))
        .collect()
}

//! What documents get wrong, although it is clear what they mean. Nothing is lost by it.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::text;
use crate::document::{
    Data, Edits, Entry, Kind, Node, Place, Spot, Survey, as_text, join, meant_type, resolved,
};
use crate::lint::path_names;
use crate::spec::METHODS;

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

/// Corrects what can be said at its place.
pub(super) fn correct(root: &Node, survey: &Survey<'_>, edits: &mut Edits) {
    for (key, default) in [("title", "API"), ("version", "unknown")] {
        let said = root.get("info").and_then(|info| info.get(key));
        if said.and_then(Node::text).is_none() {
            let text = said.and_then(as_text).map(Node::from);
            let text = text.unwrap_or_else(|| default.into());
            edits.set(root, &join("/info", key), text);
        }
    }
    queries(root, edits);
    for (pointer, meant) in &survey.meant {
        edits.set(root, pointer, meant.clone());
    }
    // What is a mistake in OpenAPI 3.0 may be none in 3.1.
    let version = root.text_of("openapi").unwrap_or_default();
    let is_newer = version.starts_with("3.1");
    let mut schemas = survey.places.iter().filter(|p| p.kind == Kind::Schema);
    if !is_newer && schemas.any(|place| has_newer_fields(place.node)) {
        edits.set(root, "/openapi", "3.1.0".into());
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
            Kind::Parameter => parameter(root, place, edits),
            Kind::Responses => statuses(place.node, edits),
            Kind::Response if place.node.text_of("description").is_none() => {
                edits.set(root, &join(&place.pointer, "description"), Node::from(""));
            }
            Kind::Schema => {
                type_name(root, place, edits);
                required(root, place, edits);
                enum_values(root, place, edits);
                if !is_newer && says_no_items(place.node) {
                    let any = match of_parameters.contains(&place.pointer) {
                        true => text(),
                        false => Node::map([]),
                    };
                    edits.set(root, &join(&place.pointer, "items"), any);
                }
            }
            _ => {}
        }
    }
}

/// What is in the query of a path are parameters of the query, unless two paths would
/// be one then.
fn queries(root: &Node, edits: &mut Edits) {
    let paths = root.get("paths").map_or(&[][..], Node::entries);
    let mut known: HashSet<&str> = paths.iter().map(|path| path.key.as_str()).collect();
    for entry in paths {
        let Some((path, query)) = entry.key.split_once('?') else {
            continue;
        };
        let Some(named) = variables(query) else {
            continue;
        };
        let pointer = join("/paths", &entry.key);
        let of_item = parameters(&entry.value, &pointer);
        let of_operations: Vec<Parameters<'_>> = operations_of(&entry.value)
            .map(|operation| parameters(&operation.value, &join(&pointer, &operation.key)))
            .collect();
        let declares = |parameters: &Parameters<'_>, name: &str| {
            let mut names = parameters
                .iter()
                .filter_map(|(_, node)| node.text_of("name"));
            names.any(|declared| declared == name)
        };
        let can_be_sent = of_operations.iter().all(|own| {
            let mut names = named.keys();
            names.all(|name| declares(&of_item, name) || declares(own, name))
        });
        let of_path = path_names(path).unwrap_or_default();
        let is_in_path = of_path.iter().any(|name| named.contains_key(name));
        if !can_be_sent || is_in_path || !known.insert(path) {
            continue;
        }
        edits.rename(entry, path.to_owned());
        for (pointer, node) in of_operations.iter().flatten().chain(&of_item) {
            let name = node.text_of("name").and_then(|name| named.get(name));
            if let Some(name) = name {
                edits.set(root, &join(pointer, "in"), "query".into());
                edits.set(root, &join(pointer, "name"), (*name).into());
            }
        }
    }
}

/// The variables of a query such as `from={start}&to={end}`, with the names that they are
/// sent under; `None` if something else is in it.
fn variables(query: &str) -> Option<HashMap<&str, &str>> {
    let mut named = HashMap::new();
    for part in query.split('&') {
        let (name, value) = part.split_once('=')?;
        let variable = value.strip_prefix('{')?.strip_suffix('}')?;
        if named.insert(variable, name).is_some() {
            return None;
        }
    }
    Some(named)
}

/// Parameters of paths and queries that are written in place, with their pointers.
type Parameters<'a> = Vec<(String, &'a Node)>;

fn parameters<'a>(holder: &'a Node, pointer: &str) -> Parameters<'a> {
    let items = holder.get("parameters").map_or(&[][..], Node::items);
    let pointer = join(pointer, "parameters");
    let items = items.iter().enumerate();
    let items = items.filter(|(_, item)| matches!(item.text_of("in"), Some("path" | "query")));
    let located = items.map(|(at, item)| (join(&pointer, &at.to_string()), item));
    located.collect()
}

/// The operations of a path.
fn operations_of(item: &Node) -> impl Iterator<Item = &Entry> {
    let entries = item.entries().iter();
    entries.filter(|entry| METHODS.contains(&entry.key.as_str()))
}

/// No part of a path is optional, and what a value is belongs in a schema.
fn parameter(root: &Node, place: &Place<'_>, edits: &mut Edits) {
    let Place { node, pointer, .. } = place;
    let place = node.text_of("in");
    if place == Some("path") && !node.is_set("required") {
        edits.set(root, &join(pointer, "required"), true.into());
    }
    let is_parameter = ["path", "query", "header"].map(Some).contains(&place);
    if !is_parameter || node.get("schema").is_some() || node.get("content").is_some() {
        return;
    }
    let of_schema = node.entries().iter();
    let of_schema = of_schema.filter(|entry| OF_SCHEMAS.contains(&entry.key.as_str()));
    let mut said = Vec::new();
    for entry in of_schema {
        edits.gone.insert(Spot::of_entry(entry));
        said.push(entry.clone());
    }
    let schema = match node.get("type") {
        Some(_) => Node::from(Data::Map(said)),
        // It is sent as text, whatever it is.
        None => text(),
    };
    edits.set(root, &join(pointer, "schema"), schema);
}

/// The ranges of statuses are written with capitals.
fn statuses(responses: &Node, edits: &mut Edits) {
    for entry in responses.entries() {
        let upper = entry.key.to_ascii_uppercase();
        let is_range = matches!(upper.as_bytes(), [b'1'..=b'5', b'X', b'X']);
        if is_range && upper != entry.key {
            edits.rename(entry, upper);
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
fn type_name(root: &Node, place: &Place<'_>, edits: &mut Edits) {
    let Some((typ, format)) = place.node.text_of("type").and_then(meant_type) else {
        return;
    };
    edits.set(root, &join(&place.pointer, "type"), typ.into());
    // Whether a time has a zone, nobody knows.
    let format = format.filter(|format| *format != "date-time-local");
    if let (Some(format), None) = (format, place.node.get("format")) {
        edits.set(root, &join(&place.pointer, "format"), format.into());
    }
}

/// What is required is listed on the object, not said on each property.
fn required(root: &Node, place: &Place<'_>, edits: &mut Edits) {
    let properties = place.node.get("properties").map_or(&[][..], Node::entries);
    let mut new: Vec<Node> = Vec::new();
    for property in properties {
        let required = property.value.entry("required");
        let Some((entry, Data::Flag(is_required))) = required.map(|e| (e, &e.value.data)) else {
            continue;
        };
        edits.gone.insert(Spot::of_entry(entry));
        if *is_required {
            new.push(property.key.as_str().into());
        }
    }
    if !new.is_empty() {
        let listed = place.node.get("required").map_or(&[][..], Node::items);
        new.retain(|name| !listed.contains(name));
        let all = Node::list(listed.iter().cloned().chain(new));
        edits.set(root, &join(&place.pointer, "required"), all);
    }
}

/// Without quotes, YAML reads some texts as numbers; and some quote numbers.
fn enum_values(root: &Node, place: &Place<'_>, edits: &mut Edits) {
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
        edits.set(root, &join(&place.pointer, "enum"), Node::list(values));
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
        let new = missing.iter().map(|name| {
            let schema = text();
            Node::map([
                ("name", Node::from(*name)),
                ("in", "path".into()),
                ("required", true.into()),
                ("schema", schema),
            ])
        });
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

//! Bodies made from schemas, for operations without an example.

use serde_json::{Map, Value, json};

use crate::spec::Spec;

/// From this depth on, optional values are empty: a schema may contain itself.
const DEEP: usize = 4;

/// A schema that requires itself has no value; it is cut off here.
const DEEPEST: usize = 16;

/// Which values a made-up body has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fill {
    /// Every property has a value.
    Full,
    /// Optional values are `""`, as Telesto sends them.
    Empty,
}

/// A value that fits a schema.
pub(crate) fn of(spec: &Spec, schema: &Value, fill: Fill) -> Value {
    at_depth(spec, schema, fill, 0)
}

fn at_depth(spec: &Spec, schema: &Value, fill: Fill, depth: usize) -> Value {
    let schema = spec.resolve(schema);
    let given = ["example", "default"]
        .into_iter()
        .find_map(|word| schema.get(word));
    if fill == Fill::Full
        && let Some(given) = given
    {
        return given.clone();
    }
    if let Some(first) = schema.pointer("/enum/0") {
        return first.clone();
    }
    if depth > DEEPEST {
        return json!("");
    }
    let parts = schema.get("allOf").and_then(Value::as_array);
    let first = ["/oneOf/0", "/anyOf/0"].map(|first| schema.pointer(first));
    let first = first.into_iter().flatten().next();
    if parts.is_some() || first.is_some() {
        let own = schema
            .get("properties")
            .map(|_| object(spec, schema, fill, depth));
        let parts = parts.into_iter().flatten().chain(first);
        let parts = parts.map(|part| at_depth(spec, part, fill, depth + 1));
        let mut whole = together(parts.chain(own));
        if let Some(first) = first {
            name_kind(spec, schema, first, &mut whole);
        }
        return whole;
    }
    let number = || schema.get("minimum").cloned();
    match schema.get("type").and_then(Value::as_str) {
        Some("array") => {
            let items = schema.get("items").unwrap_or(&Value::Null);
            // One of each kind; within an object, one is enough.
            let fills: &[Fill] = match depth {
                0 => &[Fill::Full, Fill::Empty],
                1..DEEP => &[Fill::Full],
                _ => &[],
            };
            fills
                .iter()
                .map(|fill| at_depth(spec, items, *fill, depth + 1))
                .collect()
        }
        Some("string") => text(schema),
        Some("integer") => number().unwrap_or(json!(7)),
        Some("number") => number().unwrap_or(json!(12.5)),
        Some("boolean") => json!(true),
        _ => object(spec, schema, fill, depth),
    }
}

/// Has a value of the first alternative say that it is one, if the schema has a
/// discriminator.
fn name_kind(spec: &Spec, schema: &Value, first: &Value, value: &mut Value) {
    let tag = schema.pointer("/discriminator/propertyName");
    let (Some(tag), Value::Object(members)) = (tag.and_then(Value::as_str), value) else {
        return;
    };
    let reference = first.get("$ref").and_then(Value::as_str);
    let name = reference.and_then(|reference| reference.rsplit('/').next());
    let mapping = schema.pointer("/discriminator/mapping");
    let mapping = mapping.and_then(Value::as_object).into_iter().flatten();
    let mapped = mapping
        .filter(|(_, target)| target.as_str().and_then(|t| t.rsplit('/').next()) == name)
        .map(|(kind, _)| kind.as_str());
    // Without a mapping, it is what an enum lists, or the name of the schema.
    let property = &format!("/properties/{tag}/enum/0");
    let listed = spec.resolve(first).pointer(property);
    let listed = listed.and_then(Value::as_str);
    let name = name.filter(|_| listed.is_none());
    if let Some(kind) = mapped.chain(listed).chain(name).next() {
        members.insert(tag.to_owned(), kind.into());
    }
}

/// A value that fits all parts of a schema, from values that fit each.
fn together(parts: impl Iterator<Item = Value>) -> Value {
    let mut members = Map::new();
    let mut scalar = None;
    for part in parts {
        match part {
            Value::Object(part) => members.extend(part),
            other => scalar = scalar.or(Some(other)),
        }
    }
    match scalar {
        Some(scalar) if members.is_empty() => scalar,
        _ => Value::Object(members),
    }
}

fn object(spec: &Spec, schema: &Value, fill: Fill, depth: usize) -> Value {
    let required = schema.get("required").and_then(Value::as_array);
    let is_required =
        |name: &str| required.is_some_and(|names| names.iter().any(|known| known == name));
    let mut members = Map::new();
    for (name, property) in schema
        .get("properties")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
    {
        let value = if (fill == Fill::Empty || depth >= DEEP) && !is_required(name) {
            json!("")
        } else {
            at_depth(spec, property, fill, depth + 1)
        };
        members.insert(name.clone(), value);
    }
    if members.is_empty()
        && let Some(values @ Value::Object(_)) = schema.get("additionalProperties")
    {
        members.insert("key".to_owned(), at_depth(spec, values, fill, depth + 1));
    }
    Value::Object(members)
}

fn text(schema: &Value) -> Value {
    json!(match schema.get("format").and_then(Value::as_str) {
        Some("decimal") => "12.50",
        Some("date") => "2024-01-15",
        Some("date-time-local") => "2024-01-15 10:30:00",
        Some("date-time") => "2024-01-15T10:30:00Z",
        Some("uuid") => "6f9619ff-8b86-4d11-b42d-00c04fc964ff",
        Some("uri") => "https://example.com/",
        Some("email") => "someone@example.com",
        Some("byte") => "VGVsZXN0bw==",
        _ => "text",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_has_a_full_and_an_empty_element() {
        let spec = Spec::read(include_str!("generated/telesto.yaml")).unwrap();
        let schema = json!({"type": "array", "items": {
            "type": "object",
            "required": ["id"],
            "properties": {
                "id": {"type": "string"},
                "price": {"type": "string", "format": "decimal"},
                "count": {"type": "integer"},
                "kind": {"type": "string", "enum": ["IN", "OUT"]},
                "parts": {"type": "array", "items": {"type": "boolean"}},
                "labels": {"type": "object", "additionalProperties": {"type": "string"}},
            }
        }});
        let full = json!({
            "id": "text", "price": "12.50", "count": 7, "kind": "IN", "parts": [true],
            "labels": {"key": "text"}
        });
        let empty = json!({
            "id": "text", "price": "", "count": "", "kind": "", "parts": "", "labels": ""
        });
        assert_eq!(of(&spec, &schema, Fill::Full), json!([full, empty]));
    }

    #[test]
    fn parts_are_one_value() {
        let spec = Spec::read(include_str!("generated/telesto.yaml")).unwrap();
        let schema = json!({
            "properties": {"own": {"type": "string"}},
            "allOf": [
                {"type": "object", "properties": {"part": {"type": "integer"}}},
                {"description": "says nothing"},
            ],
        });
        let value = json!({"own": "text", "part": 7});
        assert_eq!(of(&spec, &schema, Fill::Full), value);
        let scalar = json!({
            "description": "A day.",
            "allOf": [{"type": "string", "format": "date"}, {"description": "says nothing"}],
        });
        assert_eq!(of(&spec, &scalar, Fill::Full), json!("2024-01-15"));
    }

    #[test]
    fn the_first_alternative_says_what_it_is() {
        let spec = Spec::read(
            r##"
openapi: 3.0.3
info: { title: Made up, version: "0" }
paths: {}
components:
  schemas:
    Box: { type: object, properties: { kind: { type: string }, size: { type: integer } } }
    Bag: { type: object, properties: { kind: { type: string, enum: [bag] } } }
"##,
        )
        .unwrap();
        let with = |first: &str, mapping: Value| {
            json!({
                "oneOf": [{"$ref": format!("#/components/schemas/{first}")}],
                "discriminator": {"propertyName": "kind", "mapping": mapping},
            })
        };
        let kind = |schema: Value| of(&spec, &schema, Fill::Full)["kind"].clone();
        let mapping = json!({"bag": "#/components/schemas/Bag", "b": "Box"});
        assert_eq!(kind(with("Box", mapping)), "b");
        assert_eq!(kind(with("Box", json!({}))), "Box");
        assert_eq!(kind(with("Bag", json!({}))), "bag");
        let beside = json!({
            "properties": {"own": {"type": "string"}},
            "anyOf": [{"$ref": "#/components/schemas/Bag"}],
        });
        let value = json!({"kind": "bag", "own": "text"});
        assert_eq!(of(&spec, &beside, Fill::Full), value);
    }

    #[test]
    fn a_schema_that_holds_itself_ends() {
        let spec = Spec::read(
            r##"
openapi: 3.0.3
info: { title: Made up, version: "0" }
paths: {}
components:
  schemas:
    Node: { type: object, properties: { next: { $ref: "#/components/schemas/Node" } } }
    Circle: { $ref: "#/components/schemas/Circle" }
"##,
        )
        .unwrap();
        let node = of(
            &spec,
            &json!({"$ref": "#/components/schemas/Node"}),
            Fill::Full,
        );
        assert!(node.pointer("/next/next").is_some());
        of(
            &spec,
            &json!({"$ref": "#/components/schemas/Circle"}),
            Fill::Full,
        );
    }
}

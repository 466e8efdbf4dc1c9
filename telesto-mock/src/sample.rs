//! Bodies made from schemas, for operations without an example.

use serde_json::{Map, Value, json};
use telesto_gen::spec::{self, Found, Node, Spec};

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
pub(crate) fn of<'a>(spec: &Spec<'a>, schema: &Found<'a>, fill: Fill) -> Value {
    at_depth(spec, schema, fill, 0)
}

fn at_depth<'a>(spec: &Spec<'a>, schema: &Found<'a>, fill: Fill, depth: usize) -> Value {
    let node = schema.node;
    let given = ["example", "default"].into_iter().find_map(|w| node.get(w));
    if fill == Fill::Full
        && let Some(given) = given
    {
        return given.to_json();
    }
    if let Some(first) = node.get("enum").and_then(|values| values.items().first()) {
        return first.to_json();
    }
    if depth > DEEPEST {
        return json!("");
    }
    let mut parts: Vec<Found<'a>> = spec.parts(schema, "allOf").collect();
    parts.extend(first_alternative(spec, schema));
    if !parts.is_empty() {
        let own = node.get("properties");
        let own = own.map(|_| object(spec, schema, fill, depth));
        let parts = parts.iter().map(|p| at_depth(spec, p, fill, depth + 1));
        let mut whole = together(parts.chain(own));
        if let (Some((tag, kind)), Value::Object(members)) = (spec.first_kind(schema), &mut whole) {
            members.insert(tag.to_owned(), kind.into());
        }
        return whole;
    }
    match (node.text_of("type"), spec::sample(node)) {
        (Some("array"), _) => {
            // One of each kind; within an object, one is enough.
            let fills: &[Fill] = match depth {
                0 => &[Fill::Full, Fill::Empty],
                1..DEEP => &[Fill::Full],
                _ => &[],
            };
            let items = spec.field(schema, "items");
            let item = |fill: &Fill| match &items {
                Some(items) => at_depth(spec, items, *fill, depth + 1),
                None => json!({}),
            };
            fills.iter().map(item).collect()
        }
        (Some("string"), Some(text)) => json!(text),
        (_, Some(text)) => match node.get("minimum") {
            Some(minimum) => minimum.to_json(),
            None => text.parse().unwrap_or(json!(text)),
        },
        _ => object(spec, schema, fill, depth),
    }
}

fn first_alternative<'a>(spec: &Spec<'a>, schema: &Found<'a>) -> Option<Found<'a>> {
    let mut first = ["oneOf", "anyOf"]
        .into_iter()
        .filter_map(|keyword| spec.parts(schema, keyword).next());
    first.next()
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

fn object<'a>(spec: &Spec<'a>, schema: &Found<'a>, fill: Fill, depth: usize) -> Value {
    let required = schema.node.get("required").map_or(&[][..], Node::items);
    let is_required = |name: &str| required.iter().any(|known| known.text() == Some(name));
    let mut members = Map::new();
    if let Some(properties) = spec.field(schema, "properties") {
        for entry in properties.node.entries() {
            let is_empty = (fill == Fill::Empty || depth >= DEEP) && !is_required(entry.key());
            let value = match spec.field(&properties, entry.key()).filter(|_| !is_empty) {
                Some(property) => at_depth(spec, &property, fill, depth + 1),
                None => json!(""),
            };
            members.insert(entry.key().to_owned(), value);
        }
    }
    let others = spec.field(schema, "additionalProperties");
    if let Some(others) = others.filter(|others| !others.node.is_scalar() && members.is_empty()) {
        let value = at_depth(spec, &others, fill, depth + 1);
        members.insert("key".to_owned(), value);
    }
    Value::Object(members)
}

#[cfg(test)]
mod tests {
    use telesto_gen::Document;

    use super::*;

    /// A value of `schema`, which may refer to others of `schemas`, as an
    /// operation sends it.
    fn sample(schema: &str, schemas: &str) -> Value {
        let text = format!(
            r#"
openapi: 3.0.3
info: {{ title: Made up, version: "0" }}
paths:
  /things:
    get:
      responses:
        "200":
          description: A thing.
          content: {{ application/json: {{ schema: {schema} }} }}
components:
  schemas:
    Nothing: {{ type: object }}
{schemas}"#
        );
        let document = Document::parse("sample.yaml", text).unwrap();
        let spec = Spec::of(&document);
        let (_, response) = spec.responses(&spec.operations[0]).remove(0);
        let content = spec.field(&response, "content").unwrap();
        let media = spec.field(&content, "application/json").unwrap();
        of(&spec, &spec.field(&media, "schema").unwrap(), Fill::Full)
    }

    #[test]
    fn a_list_has_a_full_and_an_empty_element() {
        let list = "{ type: array, items: { type: object, required: [id], properties: {
            id: { type: string },
            price: { type: string, format: decimal },
            count: { type: integer },
            least: { type: integer, minimum: 1 },
            kind: { type: string, enum: [IN, OUT] },
            parts: { type: array, items: { type: boolean } },
            labels: { type: object, additionalProperties: { type: string } } } } }";
        let full = json!({
            "id": "text", "price": "12.50", "count": 7, "least": 1, "kind": "IN",
            "parts": [true], "labels": {"key": "text"}
        });
        let empty = json!({
            "id": "text", "price": "", "count": "", "least": "", "kind": "", "parts": "",
            "labels": ""
        });
        assert_eq!(sample(list, ""), json!([full, empty]));
    }

    #[test]
    fn parts_are_one_value() {
        let parts = "{ properties: { own: { type: string } }, allOf: [
            { type: object, properties: { part: { type: integer } } },
            { description: says nothing } ] }";
        assert_eq!(sample(parts, ""), json!({"own": "text", "part": 7}));
        let scalar = "{ description: A day., allOf: [
            { type: string, format: date }, { description: says nothing } ] }";
        assert_eq!(sample(scalar, ""), json!("2024-01-15"));
    }

    #[test]
    fn the_first_alternative_says_what_it_is() {
        let schemas = "
    Box: { type: object, properties: { kind: { type: string }, size: { type: integer } } }
    Bag: { type: object, properties: { kind: { type: string, enum: [bag] } } }";
        let kind = |first: &str, mapping: &str| {
            let schema = format!(
                "{{ oneOf: [{{ $ref: '#/components/schemas/{first}' }}], \
                 discriminator: {{ propertyName: kind, mapping: {mapping} }} }}"
            );
            sample(&schema, schemas)["kind"].clone()
        };
        assert_eq!(kind("Box", "{ b: Box }"), "b");
        assert_eq!(
            kind("Box", "{ b: '#/components/schemas/Box', c: Box }"),
            "b"
        );
        assert_eq!(kind("Box", "{}"), "Box");
        assert_eq!(kind("Bag", "{}"), "bag");
        let beside = "{ properties: { own: { type: string } },
            anyOf: [{ $ref: '#/components/schemas/Bag' }] }";
        let value = json!({"kind": "bag", "own": "text"});
        assert_eq!(sample(beside, schemas), value);
    }

    #[test]
    fn a_schema_that_holds_itself_ends() {
        let schemas = "
    Node: { type: object, properties: { next: { $ref: '#/components/schemas/Node' } } }";
        let node = sample("{ $ref: '#/components/schemas/Node' }", schemas);
        assert!(node.pointer("/next/next").is_some());
    }
}

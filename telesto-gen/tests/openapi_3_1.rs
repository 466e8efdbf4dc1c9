//! A document of OpenAPI 3.1 is the same client as the one of OpenAPI 3.0 that says the
//! same.

#![allow(
    clippy::unwrap_used,
    reason = "a test stops at what it does not expect"
)]

#[expect(dead_code, reason = "other tests use the rest")]
mod cases;

use std::collections::BTreeMap;
use std::{fs, mem};

use serde_yaml::{Mapping, Value};
use similar::TextDiff;
use telesto_gen::{Document, Findings, Target, generate};

const MADE_UP: &str = include_str!("../../tests/fixture-api/made-up.yaml");
const SHIPPED: &str = include_str!("../../spec/telesto.yaml");

/// Adds the entries of one document to another.
fn add(to: &mut Value, more: Value) {
    match (to, more) {
        (Value::Mapping(entries), Value::Mapping(more)) => {
            for (key, value) in more {
                add(entries.entry(key).or_insert(Value::Null), value);
            }
        }
        (to, more) => *to = more,
    }
}

fn difference(expected: &[String], found: &[String]) -> String {
    let diff = TextDiff::from_lines(&expected[0], &found[0]);
    diff.unified_diff().to_string()
}

/// The code of a document.
fn code(text: &str) -> Result<Vec<String>, Findings> {
    let document = Document::parse("case.yaml", text.to_owned())?;
    let generated = generate(&document, &Target::new("telesto_api", "generated"))?;
    Ok(generated.files.into_iter().map(|file| file.text).collect())
}

fn key(name: &str) -> Value {
    Value::from(name)
}

/// Writes a document of 3.0 with what 3.1 has for it, and counts what it wrote.
struct Newer(BTreeMap<&'static str, usize>);

impl Newer {
    fn count(&mut self, what: &'static str) {
        *self.0.entry(what).or_default() += 1;
    }

    fn document(&mut self, root: &mut Value) {
        let root = root.as_mapping_mut().unwrap();
        root.insert(key("openapi"), key("3.1.0"));
        root.insert(key("jsonSchemaDialect"), key("https://schema.example"));
        let hooks = "sold: { post: { requestBody: { $ref: '#/nowhere' } } }";
        root.insert(key("webhooks"), serde_yaml::from_str(hooks).unwrap());
        let info = root[&key("info")].as_mapping_mut().unwrap();
        info.insert(key("summary"), key("A shop"));
        for (_, part) in root.iter_mut() {
            self.within(part);
        }
        let mut items = Mapping::new();
        let paths = root["paths"].as_mapping_mut().unwrap();
        for (number, (_, item)) in paths.iter_mut().enumerate() {
            let mut reference = Mapping::new();
            let target = format!("#/components/pathItems/{number}");
            reference.insert(key("$ref"), key(&target));
            let item = mem::replace(item, reference.into());
            items.insert(key(&number.to_string()), item);
        }
        let components = root["components"].as_mapping_mut().unwrap();
        components.insert(key("pathItems"), items.into());
    }

    /// Writes all schemas in a part of a document that is none itself.
    fn within(&mut self, part: &mut Value) {
        match part {
            Value::Sequence(items) => items.iter_mut().for_each(|item| self.within(item)),
            Value::Mapping(entries) => {
                let is_reference = entries.contains_key("$ref");
                if is_reference && entries.len() == 1 {
                    entries.insert(key("summary"), key("for readers"));
                    self.count("described references");
                }
                for (name, value) in entries.iter_mut() {
                    match name.as_str() {
                        Some("schema") => self.schema(value),
                        Some("schemas") => self.each(value),
                        Some("example" | "examples" | "default") => {}
                        Some(name) if name.starts_with("x-") => {}
                        _ => self.within(value),
                    }
                }
            }
            _ => {}
        }
    }

    fn each(&mut self, schemas: &mut Value) {
        for (_, schema) in schemas.as_mapping_mut().into_iter().flatten() {
            self.schema(schema);
        }
    }

    fn schema(&mut self, schema: &mut Value) {
        let Value::Mapping(entries) = schema else {
            return;
        };
        for (name, value) in entries.iter_mut() {
            match name.as_str() {
                Some("properties") => self.each(value),
                Some("items" | "additionalProperties" | "not") => self.schema(value),
                Some("allOf" | "oneOf" | "anyOf") => {
                    let parts = value.as_sequence_mut().unwrap();
                    parts.iter_mut().for_each(|part| self.schema(part));
                }
                _ => {}
            }
        }
        if entries.is_empty() {
            *schema = Value::from(true);
            return self.count("true");
        }
        self.values(entries);
        let parts = entries.get("allOf").and_then(Value::as_sequence);
        if let Some([Value::Mapping(part)]) = parts.map(Vec::as_slice)
            && let (Some(target), 1) = (part.get("$ref").cloned(), part.len())
            && entries.len() > 1
        {
            entries.remove("allOf");
            entries.insert(key("$ref"), target);
            self.count("fields beside a reference");
        }
        entries.insert(key("$comment"), key("for readers"));
        if entries.contains_key("$ref") && entries.len() == 2 {
            entries.remove("$comment");
        }
    }

    fn values(&mut self, entries: &mut Mapping) {
        let typ = entries.get("type").and_then(Value::as_str);
        if let Some(typ) = typ.map(str::to_owned) {
            let nullable = entries.remove("nullable") == Some(Value::from(true));
            let types = match nullable {
                true => vec![key(&typ), key("null")],
                false => vec![key(&typ)],
            };
            self.count(if nullable {
                "null types"
            } else {
                "lists of one type"
            });
            entries.insert(key("type"), types.into());
            let format = entries.get("format").and_then(Value::as_str);
            if let Some(content) = match (typ.as_str(), format) {
                ("string", Some("byte")) => Some(("contentEncoding", "base64")),
                ("string", Some("binary")) => {
                    Some(("contentMediaType", "application/octet-stream"))
                }
                _ => None,
            } {
                entries.remove("format");
                entries.insert(key(content.0), key(content.1));
                self.count(content.0);
            }
        }
        let values = entries.get("enum").and_then(Value::as_sequence);
        if let Some([value]) = values.map(Vec::as_slice) {
            let value = value.clone();
            entries.remove("enum");
            entries.insert(key("const"), value);
            self.count("constants");
        }
        if let Some(example) = entries.remove("example") {
            entries.insert(key("examples"), vec![example, key("another")].into());
            self.count("examples");
        }
    }
}

#[test]
fn what_3_1_writes_in_another_way_is_the_same_client() {
    let mut newer = Newer(BTreeMap::new());
    let [shipped, mut all] = [SHIPPED, MADE_UP].map(|text| serde_yaml::from_str(text).unwrap());
    for path in cases::documents("clients") {
        let case = serde_yaml::from_str(&fs::read_to_string(path).unwrap()).unwrap();
        add(&mut all, case);
    }
    for mut document in [shipped, all] {
        let text = serde_yaml::to_string(&document).unwrap();
        let expected = code(&text).unwrap_or_else(|findings| panic!("{findings}"));
        newer.document(&mut document);
        let written = serde_yaml::to_string(&document).unwrap();
        let found = code(&written).unwrap_or_else(|findings| panic!("{findings}"));
        assert!(found == expected, "{}", difference(&expected, &found));
    }
    let written = [
        "constants",
        "contentEncoding",
        "contentMediaType",
        "described references",
        "examples",
        "fields beside a reference",
        "lists of one type",
        "null types",
        "true",
    ];
    assert!(newer.0.keys().eq(&written), "{:?}", newer.0);
}

/// A document that gives and takes a schema.
fn with_schema(version: &str, schema: &str) -> String {
    let head = MADE_UP.split_once("\npaths:").unwrap().0;
    let head = head.replacen("3.0.3", version, 1);
    format!(
        "{head}
paths:
  /things:
    put:
      operationId: put_things
      summary: Put things
      requestBody: {{ content: {{ application/json: {{ schema: {{ $ref: '#/components/schemas/Thing' }} }} }} }}
      responses:
        '200':
          description: Them.
          content: {{ application/json: {{ schema: {{ $ref: '#/components/schemas/Thing' }} }} }}
components:
  securitySchemes: {{ key: {{ type: apiKey, in: header, name: X-Key }} }}
  schemas:
    Name: {{ type: string }}
    Base: {{ type: object, properties: {{ a: {{ type: string }} }} }}
    Thing:
      type: object
      properties:
        it: {schema}
"
    )
}

#[test]
fn each_schema_of_3_1_is_one_of_3_0() {
    let same = [
        ("{ type: [string] }", "{ type: string }"),
        (
            "{ type: ['null', string], maxLength: 3 }",
            "{ type: string, maxLength: 3, nullable: true }",
        ),
        (
            "{ type: [string, integer, number, boolean], description: It, minLength: 1 }",
            "{ oneOf: [{ type: string, minLength: 1 }, { type: number }, { type: boolean }], description: It }",
        ),
        (
            "{ type: [array, string, 'null'], items: { type: [integer, 'null'] }, format: date }",
            "{ oneOf: [{ type: array, items: { type: integer, nullable: true } }, { type: string, format: date }], nullable: true }",
        ),
        (
            "{ type: [object, string], properties: { a: { const: b } } }",
            "{ oneOf: [{ type: object, properties: { a: { type: string, enum: [b] } } }, { type: string }] }",
        ),
        (
            "{ type: [string, integer, boolean], enum: [a, 1, b] }",
            "{ oneOf: [{ type: string, enum: [a, b] }, { type: integer, enum: [1] }] }",
        ),
        (
            "{ type: [string, 'null'], anyOf: [{ minLength: 1 }, { type: 'null' }] }",
            "{ type: string, nullable: true, allOf: [{ type: string, minLength: 1 }] }",
        ),
        (
            "{ anyOf: [{ $ref: '#/components/schemas/Name' }, { type: 'null' }], default: null }",
            "{ allOf: [{ $ref: '#/components/schemas/Name' }], nullable: true }",
        ),
        (
            "{ anyOf: [{ type: string, format: uri }, { type: 'null' }, { type: string, maxLength: 9 }] }",
            "{ allOf: [{ type: string, format: uri }], nullable: true }",
        ),
        (
            "{ anyOf: [{ type: string, format: uuid }, { type: integer }, { type: string }, { type: string, format: date }] }",
            "{ anyOf: [{ type: string }, { type: integer }, { type: string, format: date }] }",
        ),
        (
            "{ type: 'null', description: Never }",
            "{ type: string, enum: [null], nullable: true, description: Never }",
        ),
        (
            "{ oneOf: [{ const: a, title: An A }, { const: b, description: A b }] }",
            "{ type: string, enum: [a, b] }",
        ),
        (
            "{ type: string, anyOf: [{ const: a, type: string }, { const: b, type: string }] }",
            "{ type: string, enum: [a, b] }",
        ),
        ("{ const: 7 }", "{ type: integer, enum: [7] }"),
        (
            "{ type: integer, exclusiveMinimum: 3, exclusiveMaximum: 9.5 }",
            "{ type: integer, minimum: 3, exclusiveMinimum: true, maximum: 9.5, exclusiveMaximum: true }",
        ),
        (
            "{ type: integer, exclusiveMinimum: 3, minimum: 4, exclusiveMaximum: 7, maximum: 8 }",
            "{ type: integer, minimum: 4, maximum: 7, exclusiveMaximum: true }",
        ),
        (
            "{ type: string, examples: [a, b] }",
            "{ type: string, example: a }",
        ),
        (
            "{ type: string, example: b, examples: [a] }",
            "{ type: string, example: b }",
        ),
        ("{ type: string, examples: [] }", "{ type: string }"),
        ("true", "{}"),
        ("{ type: array }", "{ type: array, items: {} }"),
        ("{ type: array, items: true }", "{ type: array, items: {} }"),
        (
            "{ type: array, prefixItems: [{ type: number }, { type: number }], items: false }",
            "{ type: array, items: { type: number } }",
        ),
        (
            "{ $defs: { Size: { type: [integer, 'null'] } }, type: object, properties: { a: { $ref: '#/components/schemas/Thing/properties/it/$defs/Size' } } }",
            "{ type: object, properties: { a: { type: integer, nullable: true } } }",
        ),
        (
            "{ type: object, patternProperties: { '^x': { type: [string, 'null'] } }, additionalProperties: false }",
            "{ type: object, additionalProperties: { type: string, nullable: true } }",
        ),
        (
            "{ type: string, contentEncoding: base64, contentMediaType: image/png }",
            "{ type: string, format: byte }",
        ),
        (
            "{ type: string, contentMediaType: application/json, contentSchema: { type: object } }",
            "{ type: string }",
        ),
        (
            "{ $ref: '#/components/schemas/Name', description: Its name, readOnly: true }",
            "{ allOf: [{ $ref: '#/components/schemas/Name' }], description: Its name, readOnly: true }",
        ),
        (
            "{ $ref: '#/components/schemas/Base', allOf: [{ type: object, properties: { b: { type: string } } }] }",
            "{ allOf: [{ $ref: '#/components/schemas/Base' }, { type: object, properties: { b: { type: string } } }] }",
        ),
    ];
    for (newer, older) in same {
        let [newer, older] = [("3.1.0", newer), ("3.0.3", older)].map(|(version, schema)| {
            let code = code(&with_schema(version, schema));
            code.unwrap_or_else(|findings| panic!("{findings}"))
        });
        assert!(newer == older, "{}", difference(&older, &newer));
    }
}

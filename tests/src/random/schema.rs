//! Random schemas, as they stand in a document.

use serde_json::{Map, Value, json};

use super::dice::Dice;

#[derive(Clone, Debug)]
pub(super) enum Schema {
    /// With a format that changes nothing.
    Text(&'static str),
    Decimal,
    Integer(&'static str),
    Number,
    Boolean,
    Date,
    DateTime,
    Timestamp,
    Enum(Vec<String>),
    /// Anything.
    Any,
    List(Box<Schema>),
    Map(Box<Schema>),
    Object(Object),
    /// Parts that are merged.
    All(Vec<Schema>),
    /// One of several, and the property that says which.
    One {
        keyword: &'static str,
        alternatives: Vec<Alternative>,
        tag: Option<&'static str>,
    },
    Nullable(Box<Schema>),
    /// With something that changes no value: a description, a limit, a default.
    Noted(Box<Schema>, &'static str),
    /// A component.
    Named(usize),
    /// An `allOf` around a component, for a description.
    Described(usize),
}

#[derive(Clone, Debug)]
pub(super) struct Alternative {
    pub(super) schema: Schema,
    /// The values of the tag.
    pub(super) kinds: Vec<String>,
    /// Whether the mapping names them.
    pub(super) is_mapped: bool,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Object {
    pub(super) properties: Vec<(String, Schema)>,
    pub(super) required: Vec<String>,
    /// Whether it has a `type`.
    pub(super) is_typed: bool,
    pub(super) is_closed: bool,
    pub(super) title: Option<String>,
}

/// The schemas of a document that have names.
#[derive(Clone, Debug, Default)]
pub(super) struct Components {
    /// What all names start with.
    pub(super) prefix: String,
    pub(super) all: Vec<(String, Schema)>,
}

/// Names that a generator may stumble over.
pub(super) const NAMES: &[&str] = &[
    "id",
    "name",
    "note",
    "stock_onhand",
    "ean-upc",
    "ean_upc",
    "eanUpc",
    "1st",
    "fn",
    "self",
    "Self",
    "type",
    "crate",
    "build",
    "extra",
    "default",
    "Option",
    "Größe",
    "size²",
    "size",
    "with space",
    "a.b",
    "_x",
    "数量",
    "it's",
    "+1",
    "-1",
    "null",
    "true",
    "body",
    "value",
    "send",
    "new",
    "into",
    "result",
    "String",
    "Some",
    "None",
    "Ok",
    "async",
    "x-y",
    "X Y",
    "kind2",
    "d",
    "deserializer",
    "item",
    "value2",
    "Item",
    "list",
    "unknown",
    "UPPER_CASE",
    "a/b",
    "a~b",
    "q?",
    "\u{e9}t\u{e9}",
    "r#type",
    "emptied",
    "clone",
    "from",
    "try_into",
    "builder",
];

/// Values that an enum may list.
pub(super) const VALUES: &[&str] = &[
    "new",
    "sold",
    "In Progress",
    "0001",
    "1",
    "2",
    "unknown",
    "Unknown",
    "Unlisted",
    "self",
    "a-b",
    "a_b",
    "UP",
    "up down",
    "Größe",
    "+",
    "-",
    "<>",
    "true",
    "null",
    "x",
    "None",
    "Ok",
    "数",
    "\"quoted\"",
    "{braces}",
    "back\\slash",
];

/// What may stand in any schema.
const NOTES: &[&str] = &[
    r#"{"description": "Ends in a backslash \\"}"#,
    r#"{"description": "```ignore\nlet x = 1;\n```\n\n    indented\n\n* [a](b) <c> */ /*\r\n\r"}"#,
    r#"{"description": "\"Quoted\" {braces} [`Link`] \u0000\u202e 👍"}"#,
    r#"{"description": ""}"#,
    r#"{"deprecated": true}"#,
    r#"{"deprecated": true, "description": "Old."}"#,
    r#"{"readOnly": true}"#,
    r#"{"writeOnly": true}"#,
    r#"{"externalDocs": {"url": "https://random.invalid/docs"}}"#,
];

/// What narrows text.
const TEXT_LIMITS: &[&str] = &[
    r#"{"minLength": 40}"#,
    r#"{"maxLength": 0}"#,
    r#"{"pattern": "^z+$"}"#,
    r#"{"default": "d", "minLength": 2}"#,
    r#"{"title": "A text"}"#,
];

/// What narrows numbers.
const NUMBER_LIMITS: &[&str] = &[
    r#"{"minimum": 500, "maximum": 501}"#,
    r#"{"multipleOf": 7}"#,
    r#"{"default": 3, "exclusiveMinimum": true, "minimum": 0}"#,
    r#"{"title": "A number"}"#,
];

/// What narrows lists.
const LIST_LIMITS: &[&str] = &[
    r#"{"minItems": 9, "uniqueItems": true}"#,
    r#"{"maxItems": 0}"#,
    r#"{"default": []}"#,
];

impl Schema {
    /// What stands in the document.
    pub(super) fn json(&self, components: &Components) -> Value {
        let reference = |index: &usize| json!({"$ref": format!("#/components/schemas/{}", components.all[*index].0)});
        match self {
            Self::Text("") => json!({"type": "string"}),
            Self::Text(format) => json!({"type": "string", "format": format}),
            Self::Decimal => json!({"type": "string", "format": "decimal"}),
            Self::Integer("") => json!({"type": "integer", "minimum": 0}),
            Self::Integer(format) => json!({"type": "integer", "format": format}),
            Self::Number => json!({"type": "number"}),
            Self::Boolean => json!({"type": "boolean", "default": true}),
            Self::Date => json!({"type": "string", "format": "date"}),
            Self::DateTime => json!({"type": "string", "format": "date-time-local"}),
            Self::Timestamp => json!({"type": "string", "format": "date-time"}),
            Self::Enum(values) => json!({"type": "string", "enum": values}),
            Self::Any => json!({}),
            Self::List(items) => json!({"type": "array", "items": items.json(components)}),
            Self::Map(values) => {
                json!({"type": "object", "additionalProperties": values.json(components)})
            }
            Self::Object(object) => object.json(components),
            Self::All(parts) => {
                let parts: Vec<Value> = parts.iter().map(|part| part.json(components)).collect();
                json!({"allOf": parts})
            }
            Self::One {
                keyword,
                alternatives,
                tag,
            } => {
                let all = alternatives.iter().map(|a| a.schema.json(components));
                let mut schema = Map::new();
                schema.insert((*keyword).to_owned(), all.collect());
                if let Some(tag) = tag {
                    let mapped = alternatives.iter().filter(|a| a.is_mapped);
                    let mapping: Map<String, Value> = mapped
                        .flat_map(|a| {
                            let target = a.schema.json(components)["$ref"].clone();
                            a.kinds
                                .iter()
                                .map(move |kind| (kind.clone(), target.clone()))
                        })
                        .collect();
                    let discriminator = json!({"propertyName": tag, "mapping": mapping});
                    schema.insert("discriminator".to_owned(), discriminator);
                }
                schema.into()
            }
            Self::Nullable(schema) => {
                let mut schema = schema.json(components);
                schema["nullable"] = true.into();
                schema
            }
            Self::Noted(schema, note) => {
                let mut schema = schema.json(components);
                let note: Map<String, Value> = serde_json::from_str(note).unwrap();
                schema.as_object_mut().unwrap().extend(note);
                schema
            }
            Self::Named(index) => reference(index),
            Self::Described(index) => {
                json!({"description": "A part.\r\n", "allOf": [reference(index)]})
            }
        }
    }
}

impl Schema {
    /// Calls `visitor` for this schema, and then for those that it is made of.
    pub(super) fn visit(&mut self, visitor: &mut dyn FnMut(&mut Self)) {
        visitor(self);
        match self {
            Self::List(inner)
            | Self::Map(inner)
            | Self::Nullable(inner)
            | Self::Noted(inner, _) => inner.visit(visitor),
            Self::Object(object) => {
                let properties = object.properties.iter_mut();
                properties.for_each(|(_, schema)| schema.visit(visitor));
            }
            Self::All(parts) => parts.iter_mut().for_each(|part| part.visit(visitor)),
            Self::One { alternatives, .. } => {
                let schemas = alternatives.iter_mut().map(|a| &mut a.schema);
                schemas.for_each(|schema| schema.visit(visitor));
            }
            _ => {}
        }
    }

    /// Whether a property of this is only received, or only sent.
    pub(super) fn is_one_way(&self) -> bool {
        matches!(self, Self::Noted(_, note) if note.contains("Only"))
    }

    /// Whether these are dates, or lists or maps of them.
    pub(super) fn is_of_dates(&self) -> bool {
        match self {
            Self::Date | Self::DateTime | Self::Timestamp => true,
            Self::List(inner)
            | Self::Map(inner)
            | Self::Nullable(inner)
            | Self::Noted(inner, _) => inner.is_of_dates(),
            _ => false,
        }
    }
}

/// What surrounds the number of a key.
const MARK: char = '§';

/// A key that stays in its place: maps of JSON are sorted by their keys here.
pub(super) fn ordered(at: usize, key: &str) -> String {
    format!("{MARK}{at:05}{MARK}{key}")
}

/// The text of a value whose keys may have numbers.
pub(super) fn text(value: &Value) -> String {
    let text = serde_json::to_string_pretty(value).unwrap();
    // A number is between two marks.
    let parts = text.split(MARK).enumerate();
    parts
        .filter(|(at, _)| at % 2 == 0)
        .map(|(_, part)| part)
        .collect()
}

impl Object {
    fn json(&self, components: &Components) -> Value {
        let properties = self.properties.iter().enumerate();
        let properties: Map<String, Value> = properties
            .map(|(at, (name, schema))| (ordered(at, name), schema.json(components)))
            .collect();
        let mut schema = Map::new();
        if self.is_typed {
            schema.insert("type".to_owned(), "object".into());
        }
        if let Some(title) = &self.title {
            schema.insert("title".to_owned(), title.as_str().into());
        }
        if self.is_closed {
            schema.insert("additionalProperties".to_owned(), false.into());
        }
        if !self.required.is_empty() {
            schema.insert("required".to_owned(), self.required.clone().into());
        }
        schema.insert("properties".to_owned(), properties.into());
        schema.into()
    }
}

/// Makes schemas.
pub(super) struct Maker<'d> {
    pub(super) dice: &'d mut Dice,
    pub(super) components: Components,
    /// Whether required properties may be other than identifiers.
    pub(super) is_sent: bool,
}

impl Maker<'_> {
    pub(super) fn schema(&mut self, depth: usize) -> Schema {
        let schema = self.plain(depth);
        self.noted(schema)
    }

    /// Adds something to a schema, or nothing.
    fn noted(&mut self, schema: Schema) -> Schema {
        // Beside a reference nothing counts.
        if matches!(schema, Schema::Named(_) | Schema::Described(_)) || !self.dice.once_in(4) {
            return schema;
        }
        let limits = match &schema {
            Schema::Text("") => TEXT_LIMITS,
            Schema::Integer(_) | Schema::Number => NUMBER_LIMITS,
            Schema::List(_) => LIST_LIMITS,
            _ => NOTES,
        };
        let notes = if self.dice.once_in(2) { NOTES } else { limits };
        let note = *self.dice.pick(notes);
        Schema::Noted(Box::new(schema), note)
    }

    fn plain(&mut self, depth: usize) -> Schema {
        match self.dice.below(if depth == 0 { 14 } else { 24 }) {
            0..11 => self.scalar(),
            11 => Schema::Any,
            12 | 13 if !self.components.all.is_empty() => {
                let index = self.dice.below(self.components.all.len());
                match self.dice.once_in(3) {
                    true => Schema::Described(index),
                    false => Schema::Named(index),
                }
            }
            14 | 15 => Schema::List(Box::new(self.schema(depth - 1))),
            16 => Schema::Map(Box::new(self.schema(depth - 1))),
            17 | 18 => Schema::Object(self.object(depth - 1)),
            19 => self.all(depth - 1),
            20 | 21 => self.one(depth - 1),
            22 => Schema::Nullable(Box::new(self.scalar())),
            23 if self.dice.once_in(2) => self.component(depth - 1),
            23 => self.named(depth - 1),
            _ => Schema::Text(""),
        }
    }

    pub(super) fn scalar(&mut self) -> Schema {
        match self.dice.below(12) {
            0 => Schema::Decimal,
            1 => Schema::Integer(
                self.dice
                    .pick::<&str>(&["", "int32", "int64", "int8", "uint16"]),
            ),
            2 => Schema::Number,
            3 => Schema::Boolean,
            4 => Schema::Date,
            5 => Schema::DateTime,
            6 => Schema::Timestamp,
            7 | 8 => Schema::Enum(self.values()),
            9 => Schema::Text(
                self.dice
                    .pick::<&str>(&["uuid", "uri", "email", "byte", "password"]),
            ),
            _ => Schema::Text(""),
        }
    }

    fn values(&mut self) -> Vec<String> {
        let mut values: Vec<String> = Vec::new();
        for _ in 0..=self.dice.below(4) {
            let value = (*self.dice.pick(VALUES)).to_owned();
            if !values.contains(&value) {
                values.push(value);
            }
        }
        values
    }

    pub(super) fn object(&mut self, depth: usize) -> Object {
        let mut object = Object {
            is_typed: !self.dice.once_in(5),
            is_closed: self.dice.once_in(5),
            ..Object::default()
        };
        for _ in 0..=self.dice.below(5) {
            let name = (*self.dice.pick(NAMES)).to_owned();
            if object.properties.iter().any(|(known, _)| *known == name) {
                continue;
            }
            let schema = match name.as_str() {
                "id" => Schema::Text(""),
                _ => self.schema(depth),
            };
            if name == "id" || (self.is_sent && self.dice.once_in(4)) {
                object.required.push(name.clone());
            }
            object.properties.push((name, schema));
        }
        object
    }

    /// A new component of any kind.
    fn component(&mut self, depth: usize) -> Schema {
        let schema = self.schema(depth);
        let index = self.components.all.len();
        let name = format!("{}Part{index}", self.components.prefix);
        self.components.all.push((name, schema));
        Schema::Named(index)
    }

    /// A new component that is an object.
    fn named(&mut self, depth: usize) -> Schema {
        // It may hold itself.
        let index = self.components.all.len();
        let name = format!("{}Part{index}", self.components.prefix);
        self.components.all.push((name, Schema::Any));
        let mut object = self.object(depth);
        if self.dice.once_in(4) {
            let own = Schema::List(Box::new(Schema::Named(index)));
            object.properties.push(("own_parts".to_owned(), own));
        }
        // The same without a list, as it would otherwise require itself.
        object.required.retain(|name| name == "id");
        self.components.all[index].1 = Schema::Object(object);
        Schema::Named(index)
    }

    fn all(&mut self, depth: usize) -> Schema {
        let mut parts = vec![Schema::Object(self.object(depth))];
        match self.dice.once_in(2) {
            true => parts.push(self.named(depth)),
            false => parts.push(Schema::Object(self.object(depth))),
        }
        Schema::All(parts)
    }

    fn one(&mut self, depth: usize) -> Schema {
        let keyword = *self.dice.pick(&["oneOf", "anyOf"]);
        match self.dice.below(3) {
            0 => self.tagged(depth),
            1 => {
                let mut schemas = vec![
                    Schema::Date,
                    Schema::Text(""),
                    Schema::Boolean,
                    Schema::Integer("int64"),
                    Schema::Decimal,
                    Schema::DateTime,
                    Schema::List(Box::new(self.scalar())),
                    Schema::Object(self.object(depth)),
                ];
                while schemas.len() > 2 && !self.dice.once_in(4) {
                    let index = self.dice.below(schemas.len());
                    schemas.remove(index);
                }
                // In any order.
                let index = self.dice.below(schemas.len());
                schemas.rotate_left(index);
                Self::untagged(keyword, schemas)
            }
            _ => {
                let count = 2 + self.dice.below(2);
                let schemas = (0..count).map(|index| {
                    let mut object = self.object(depth);
                    let prefix = &self.components.prefix;
                    let number = self.dice.below(1000);
                    object.title = Some(format!("{prefix} Kind {index} {number}"));
                    object.properties.retain(|(name, _)| !name.ends_with("_id"));
                    let required = format!("kind{index}_id");
                    let identifier = (required.clone(), Schema::Text(""));
                    object.properties.push(identifier);
                    object.required.push(required);
                    Schema::Object(object)
                });
                Self::untagged(keyword, schemas.collect())
            }
        }
    }

    fn untagged(keyword: &'static str, schemas: Vec<Schema>) -> Schema {
        let alternatives = schemas.into_iter().map(|schema| Alternative {
            schema,
            kinds: Vec::new(),
            is_mapped: false,
        });
        Schema::One {
            keyword,
            alternatives: alternatives.collect(),
            tag: None,
        }
    }

    fn tagged(&mut self, depth: usize) -> Schema {
        let tag = *self.dice.pick(&["kind", "type", "object-type"]);
        let mut alternatives = Vec::new();
        for number in 0..2 + self.dice.below(2) {
            let named = self.named(depth);
            let Schema::Named(index) = named else {
                continue;
            };
            let (name, schema) = &mut self.components.all[index];
            let Schema::Object(object) = schema else {
                continue;
            };
            object.properties.retain(|(known, _)| known != tag);
            object.required.retain(|known| known != tag);
            let (kinds, property, is_mapped) = match self.dice.below(3) {
                0 => (vec![name.clone()], Schema::Text(""), false),
                1 => {
                    let kind = format!("kind {number}");
                    (vec![kind.clone()], Schema::Enum(vec![kind]), false)
                }
                _ => {
                    let kinds = vec![format!("k{number}"), format!("kk{number}")];
                    (kinds, Schema::Text(""), true)
                }
            };
            object.properties.push((tag.to_owned(), property));
            alternatives.push(Alternative {
                schema: Schema::Named(index),
                kinds,
                is_mapped,
            });
        }
        Schema::One {
            keyword: "oneOf",
            alternatives,
            tag: Some(tag),
        }
    }
}

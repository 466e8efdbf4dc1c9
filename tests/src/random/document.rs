//! Random documents: groups of one operation and the schemas that only it uses.

use serde_json::{Map, Value, json};

use super::dice::Dice;
use super::schema::{Components, Maker, Schema, ordered, text};

/// An operation.
#[derive(Clone, Debug)]
pub(super) struct Group {
    pub(super) id: String,
    pub(super) method: &'static str,
    pub(super) path: String,
    pub(super) parameters: Vec<Parameter>,
    pub(super) body: Option<Body>,
    pub(super) returns: Returns,
    pub(super) response: Schema,
    pub(super) components: Components,
}

/// What the success of an operation holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Returns {
    Json,
    Text,
    Nothing,
}

#[derive(Clone, Debug)]
pub(super) struct Body {
    pub(super) required: bool,
    pub(super) is_form: bool,
    /// A component.
    pub(super) schema: Schema,
    /// The name of its type.
    pub(super) name: String,
}

#[derive(Clone, Debug)]
pub(super) struct Parameter {
    pub(super) name: &'static str,
    /// Its name in Rust.
    pub(super) setter: &'static str,
    pub(super) place: &'static str,
    pub(super) schema: Schema,
    pub(super) required: bool,
}

/// Names of parameters, and of their setters.
pub(super) const PARAMETERS: &[(&str, &str, &str)] = &[
    ("label[]", "label", "query"),
    ("type", "type_", "query"),
    ("$top", "top", "query"),
    ("changed-since", "changed_since", "query"),
    ("self", "self_", "query"),
    ("client", "client", "query"),
    ("timeout", "timeout_", "query"),
    ("Größe", "größe", "query"),
    ("filter[name]", "filter_name", "query"),
    ("X-Shop", "x_shop", "header"),
    ("If-Match", "if_match", "header"),
];

impl Parameter {
    /// A parameter with a name, a setter and a place.
    pub(super) fn new(
        dice: &mut Dice,
        (name, setter, place): (&'static str, &'static str, &'static str),
        required: bool,
    ) -> Self {
        let mut maker = Maker {
            dice,
            components: Components::default(),
            is_sent: true,
        };
        let mut schema = maker.scalar();
        if place == "query" && maker.dice.once_in(3) {
            schema = Schema::List(Box::new(schema));
        }
        Self {
            name,
            setter,
            place,
            schema,
            required,
        }
    }
}

impl Group {
    pub(super) fn new(dice: &mut Dice, number: usize) -> Self {
        let names = ["result", "option", "string", "vec", "default", "drop"];
        let id = match names.get(number) {
            Some(name) => (*name).to_owned(),
            None => format!("operation_{number}"),
        };
        let methods = ["get", "post", "put", "patch", "delete", "head"];
        let method = *dice.pick(&methods);
        let returns = match dice.below(8) {
            _ if method == "head" => Returns::Nothing,
            0 => Returns::Text,
            1 => Returns::Nothing,
            _ => Returns::Json,
        };
        let mut path = format!("/things{number}");
        let mut parameters = Vec::new();
        if dice.once_in(2) {
            path += "/{thing-id}";
            parameters.push(Parameter::new(dice, ("thing-id", "thing_id", "path"), true));
        }
        for known in PARAMETERS {
            if dice.once_in(6) {
                let required = dice.once_in(3);
                parameters.push(Parameter::new(dice, *known, required));
            }
        }
        let mut maker = Maker {
            dice,
            components: Components {
                prefix: format!("G{number}"),
                all: Vec::new(),
            },
            is_sent: false,
        };
        let response = match maker.dice.below(4) {
            0 => Schema::List(Box::new(Schema::Object(maker.object(3)))),
            1 => match maker.schema(3) {
                // The types of a library, which do not write themselves as JSON.
                schema if schema.is_of_dates() => Schema::List(Box::new(Schema::Decimal)),
                schema => Schema::List(Box::new(schema)),
            },
            _ => Schema::Object(maker.object(3)),
        };
        let sends = matches!(method, "post" | "put" | "patch") && maker.dice.once_in(2);
        let body = sends.then(|| {
            let is_form = maker.dice.once_in(5);
            // What is sent is not what the response holds.
            let known = std::mem::take(&mut maker.components.all);
            maker.is_sent = true;
            let prefix = maker.components.prefix.clone();
            maker.components.prefix = format!("{prefix}Sent");
            let mut schema = maker.object(if is_form { 0 } else { 2 });
            schema.is_typed = true;
            for (_, property) in schema.properties.iter_mut().filter(|_| is_form) {
                *property = maker.scalar();
                if maker.dice.once_in(3) {
                    *property = Schema::List(Box::new(property.clone()));
                }
            }
            let name = format!("{prefix}Body");
            let offset = known.len();
            let made = std::mem::replace(&mut maker.components.all, known);
            maker.components.all.extend(
                made.into_iter()
                    .map(|(name, schema)| (name, moved(schema, offset))),
            );
            let index = maker.components.all.len();
            let schema = moved(Schema::Object(schema), offset);
            maker.components.all.push((name.clone(), schema));
            Body {
                required: !maker.dice.once_in(3),
                is_form,
                schema: Schema::Named(index),
                name,
            }
        });
        Self {
            id,
            method,
            path,
            parameters,
            body,
            returns,
            response,
            components: maker.components,
        }
    }

    fn operation(&self) -> Value {
        let parameters = self.parameters.iter().map(|parameter| {
            json!({
                "name": parameter.name,
                "in": parameter.place,
                "required": parameter.required,
                "schema": parameter.schema.json(&self.components),
            })
        });
        let mut operation = json!({
            "operationId": self.id,
            "parameters": parameters.collect::<Value>(),
            "responses": {
                "404": {
                    "description": "None.",
                    "content": {"application/json": {"schema": {"type": "object"}}},
                },
                "default": {"description": "Others.\r\n```\nlet x"},
            },
        });
        let schema = self.response.json(&self.components);
        let json =
            json!({"description": "Done.", "content": {"application/json": {"schema": schema}}});
        let (status, success) = match self.returns {
            Returns::Json => ("200", json),
            Returns::Text => (
                "2XX",
                json!({"description": "", "content": {"text/plain": {"schema": {"type": "string"}}}}),
            ),
            // A response to HEAD has no body, whatever the document says.
            Returns::Nothing if self.method == "head" => ("200", json),
            Returns::Nothing => ("204", json!({"description": "Nothing."})),
        };
        operation["responses"][status] = success;
        if let Some(body) = &self.body {
            let media_type = match body.is_form {
                true => "application/x-www-form-urlencoded",
                false => "application/json",
            };
            let schema = body.schema.json(&self.components);
            operation["requestBody"] = json!({
                "required": body.required,
                "content": {media_type: {"schema": schema}},
            });
        }
        operation
    }
}

/// A schema whose components come after `offset` others.
fn moved(mut schema: Schema, offset: usize) -> Schema {
    schema.visit(&mut |schema| {
        if let Schema::Named(index) | Schema::Described(index) = schema {
            *index += offset;
        }
    });
    schema
}

/// The document of some groups.
pub(super) fn document(groups: &[Group]) -> String {
    let mut paths = Map::new();
    let mut schemas = Map::new();
    for (at, group) in groups.iter().enumerate() {
        let item = json!({group.method: group.operation()});
        paths.insert(ordered(at, &group.path), item);
        for (name, schema) in &group.components.all {
            schemas.insert(name.clone(), schema.json(&group.components));
        }
    }
    let document = json!({
        "openapi": "3.0.3",
        "info": {"title": "Random", "version": "1"},
        "servers": [{"url": "https://random.invalid/v1"}],
        "security": [{"key": []}],
        "x-rate-limit": {"requests": 1_000_000, "window": 60, "lockout": 30},
        "paths": paths,
        "components": {
            "securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "X-Key"}},
            "schemas": schemas,
        },
    });
    text(&document)
}

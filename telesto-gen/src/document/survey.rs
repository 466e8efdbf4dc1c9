//! A survey of a document: all of its objects, each with its kind.
//!
//! openapiv3 ignores unknown fields, and says little about where a value has
//! the wrong type. The survey finds both first, with their positions.

use std::ops::Range;

use super::Spot;
use super::node::{Data, Entry, Node, Problem};
use super::objects::{DOCUMENT, Kind, Object, SCHEMA, Shape, is_method, shape_of};
use super::pointer;

/// An object of the document.
#[derive(Clone)]
pub(crate) struct Place<'a> {
    pub(crate) kind: Kind,
    pub(crate) pointer: String,
    pub(crate) node: &'a Node,
    /// The section of `components` that a `$ref` here must lead to.
    pub(crate) section: &'static str,
    /// The `$ref`, if there is one instead of the object.
    pub(crate) reference: Option<&'a str>,
}

impl<'a> Place<'a> {
    fn of(object: &Object, node: &'a Node, pointer: String) -> Self {
        Self {
            kind: object.kind,
            pointer,
            node,
            section: object.section,
            reference: match object.section {
                "" => None,
                _ => node.text_of("$ref"),
            },
        }
    }
}

/// An `x-…` field.
pub(crate) struct Extension<'a> {
    pub(crate) holder: Kind,
    pub(crate) entry: &'a Entry,
    pub(crate) pointer: String,
}

/// All objects, extensions and problems of a document.
#[derive(Default)]
pub(crate) struct Survey<'a> {
    pub(crate) places: Vec<Place<'a>>,
    pub(crate) extensions: Vec<Extension<'a>>,
    pub(crate) problems: Vec<(String, Problem)>,
    /// What values of a wrong type mean, where that is clear, by their pointers.
    pub(crate) meant: Vec<(String, Node)>,
}

impl<'a> Survey<'a> {
    pub(crate) fn of(root: &'a Node) -> Self {
        let mut survey = Survey::default();
        survey.object(&DOCUMENT, root, String::new(), None);
        survey
    }

    fn value(&mut self, shape: &Shape, entry_key: Option<&'a Entry>, node: &'a Node, at: String) {
        match (shape, &node.data) {
            (Shape::Any, _) => self.any(node, &at),
            _ if is_scalar_of(shape, node) => {}
            (Shape::Is(object) | Shape::Ref(object), Data::Map(_)) => {
                self.object_or_ref(object, matches!(shape, Shape::Ref(_)), node, at, entry_key);
            }
            (Shape::FlagOrSchema, Data::Map(_)) => {
                self.object_or_ref(&SCHEMA, true, node, at, entry_key);
            }
            (Shape::List(item), Data::List(items)) => {
                for (index, node) in items.iter().enumerate() {
                    self.value(item, None, node, format!("{at}/{index}"));
                }
            }
            (Shape::Map(value), Data::Map(entries)) => {
                for entry in entries {
                    let at = pointer::join(&at, &entry.key);
                    self.key(entry, &at);
                    self.value(value, Some(entry), &entry.value, at);
                }
            }
            _ => self.wrong_type(shape, entry_key, node, at),
        }
    }

    fn object_or_ref(
        &mut self,
        object: &'static Object,
        referable: bool,
        node: &'a Node,
        at: String,
        key: Option<&'a Entry>,
    ) {
        let reference = node.entry("$ref");
        let Some(reference) = reference.filter(|_| referable) else {
            return self.object(object, node, at, key);
        };
        let field = pointer::join(&at, "$ref");
        self.value(&Shape::Text, Some(reference), &reference.value, field);
        for sibling in node.entries().iter().filter(|entry| entry.key != "$ref") {
            let help = match object.kind {
                Kind::Schema => format!(
                    "remove `{0}`, put it on the schema referred to, or write \
                     `allOf: [{{ $ref: … }}]` beside `{0}`",
                    sibling.key
                ),
                _ => format!(
                    "remove `{}`, or move it to the target of the `$ref`",
                    sibling.key
                ),
            };
            let problem = Problem {
                rule: "ref-siblings",
                span: sibling.key_span.clone(),
                message: format!("`{}` has no effect beside a `$ref`", sibling.key),
                help,
                fix: Some(Spot::of_entry(sibling)),
            };
            self.problems
                .push((pointer::join(&at, &sibling.key), problem));
        }
        self.places.push(Place::of(object, node, at));
    }

    fn object(
        &mut self,
        object: &'static Object,
        node: &'a Node,
        at: String,
        key: Option<&'a Entry>,
    ) {
        for entry in node.entries() {
            let shape = shape_of(object, &entry.key);
            // As most are. No pointer is made for them.
            if entry.key_is_text && shape.is_some_and(|shape| is_scalar_of(shape, &entry.value)) {
                continue;
            }
            let at = pointer::join(&at, &entry.key);
            if entry.key.starts_with("x-") {
                self.any(&entry.value, &at);
                self.extensions.push(Extension {
                    holder: object.kind,
                    entry,
                    pointer: at,
                });
                continue;
            }
            if object.kind != Kind::Responses {
                self.key(entry, &at);
            }
            match shape {
                Some(shape) => self.value(shape, Some(entry), &entry.value, at),
                None => self.unknown_field(object, entry, at),
            }
        }
        let span = key.map_or_else(|| first_key(node), |entry| entry.key_span.clone());
        let mut required: Vec<&str> = object.required.to_vec();
        if object.kind == Kind::SecurityScheme && node.text_of("type") == Some("apiKey") {
            required.extend(["name", "in"]);
        }
        for field in required.into_iter().filter(|f| node.get(f).is_none()) {
            self.refuse(
                "missing-field",
                span.clone(),
                at.clone(),
                format!("{} has no `{field}`", object.name),
                format!("add `{field}: …`"),
            );
        }
        if let [first, second] = object.either {
            let (message, help) = match (node.get(first), node.get(second)) {
                (None, None) => (
                    format!("{} has neither `{first}` nor `{second}`", object.name),
                    format!("add `{first}: …`"),
                ),
                (Some(_), Some(_)) => (
                    format!("{} has both `{first}` and `{second}`", object.name),
                    format!("keep one of them, preferably `{first}`"),
                ),
                _ => (String::new(), String::new()),
            };
            if !message.is_empty() {
                self.refuse("missing-field", span, at.clone(), message, help);
            }
        }
        self.places.push(Place::of(object, node, at));
    }

    /// Free values: examples, defaults, extensions.
    fn any(&mut self, node: &'a Node, at: &str) {
        for (index, item) in node.items().iter().enumerate() {
            self.any(item, &format!("{at}/{index}"));
        }
        for entry in node.entries() {
            let at = pointer::join(at, &entry.key);
            self.key(entry, &at);
            self.any(&entry.value, &at);
        }
        if matches!(node.data, Data::Number(number) if !number.is_finite()) {
            self.refuse(
                "wrong-type",
                node.span.clone(),
                at.to_owned(),
                "JSON cannot represent this number".to_owned(),
                "write a finite number, or put it in quotes".to_owned(),
            );
        }
    }

    fn key(&mut self, entry: &Entry, at: &str) {
        if !entry.key_is_text {
            self.refuse(
                "wrong-type",
                entry.key_span.clone(),
                at.to_owned(),
                format!("the key `{}` is not a string", entry.key),
                format!("put it in quotes: `\"{}\"`", entry.key),
            );
        }
    }

    fn wrong_type(&mut self, shape: &Shape, key: Option<&Entry>, node: &Node, at: String) {
        let name = pointer::last(&at);
        let meant = meant(shape, node);
        self.meant
            .extend(meant.map(|meant| (at.clone(), Node::from(meant))));
        let span = match key {
            Some(entry) if !node.is_scalar() || node.data == Data::Null => entry.key_span.clone(),
            _ => node.span.clone(),
        };
        let (message, help) = match (shape, &node.data) {
            (Shape::OneOf(words), Data::Text(word)) => {
                let meant = (name == "type").then(|| meant_type(word)).flatten();
                let help = match (meant, closest(word, words.iter().copied())) {
                    (Some((typ, None)), _) => format!("write `type: {typ}`"),
                    (Some((typ, Some(format))), _) => {
                        format!("write `type: {typ}, format: {format}`")
                    }
                    (None, Some(close)) => format!("did you mean `{close}`?"),
                    (None, None) => format!("use one of `{}`", words.join("`, `")),
                };
                let message = match name.as_str() {
                    "type" => format!("`{word}` is not a valid type"),
                    _ => format!("`{word}` is not a valid value for `{name}`"),
                };
                (message, help)
            }
            (Shape::OneOf(_), Data::List(_)) if name == "type" => (
                "a list of types is OpenAPI 3.1".to_owned(),
                "write one type; add `nullable: true` if it can be null".to_owned(),
            ),
            (Shape::Number, Data::Number(_)) => (
                "JSON cannot represent this number".to_owned(),
                "write a finite number".to_owned(),
            ),
            (Shape::Flag, Data::Integer(_) | Data::Number(_)) if name.starts_with("exclusive") => (
                format!("a number for `{name}` is OpenAPI 3.1"),
                format!(
                    "write the number as `{}` and add `{name}: true`",
                    if name.ends_with("Minimum") {
                        "minimum"
                    } else {
                        "maximum"
                    }
                ),
            ),
            (Shape::Ref(object), Data::Flag(any)) if object.kind == Kind::Schema => (
                format!("`{name}` is `{any}`: OpenAPI 3.0 has no such schema"),
                match any {
                    true => "write `{}` for what may be any value".to_owned(),
                    false => "remove it: nothing is a value of it".to_owned(),
                },
            ),
            (Shape::List(_), Data::Flag(required)) if name == "required" => (
                "`required` of a schema is a list of property names".to_owned(),
                match (required, property(&at)) {
                    (true, Some(property)) => format!(
                        "list the required properties on the schema: `required: [{property}]`"
                    ),
                    (true, None) => "list the names of the required properties".to_owned(),
                    (false, _) => "remove it: properties are optional by default".to_owned(),
                },
            ),
            (_, Data::Null) => (
                format!("`{name}` has no value"),
                format!("write {}, or remove the line", wanted(shape)),
            ),
            (Shape::Text | Shape::OneOf(_), Data::Flag(_) | Data::Integer(_) | Data::Number(_)) => {
                (
                    format!("`{name}` is {}, not a string", node.what()),
                    "put the value in quotes".to_owned(),
                )
            }
            (Shape::Integer, Data::Integer(_)) => (
                format!("`{name}` is negative"),
                "write 0 or a positive whole number".to_owned(),
            ),
            _ if name.contains('{') => (
                format!("a colon is missing in `{name}`"),
                "add it after the name, as in `name: { type: string }`".to_owned(),
            ),
            _ => (
                format!("`{name}` is {}, not {}", node.what(), wanted(shape)),
                format!("write {}", wanted(shape)),
            ),
        };
        self.refuse("wrong-type", span, at, message, help);
    }

    fn unknown_field(&mut self, object: &Object, entry: &Entry, at: String) {
        let key = &entry.key;
        let known: Vec<&str> = object.fields.iter().map(|(name, _)| *name).collect();
        let only_restricts = object.kind == Kind::Schema && restricts(entry);
        let (message, help) = match object.kind {
            Kind::Paths if is_method(key) => (
                format!("`{key}` is a method, not a path"),
                "indent it under its path".to_owned(),
            ),
            Kind::Document if is_method(key) || key.starts_with('/') => (
                format!("{} has no field `{key}`", object.name),
                match key.starts_with('/') {
                    true => "indent it under `paths`".to_owned(),
                    false => "indent it under its path, below `paths`".to_owned(),
                },
            ),
            Kind::Paths => (
                format!("the path `{key}` does not start with a slash"),
                format!("write it as `/{key}`"),
            ),
            Kind::Responses => (
                format!("`{key}` is not a valid status"),
                "use a status such as `\"200\"`, a range such as `4XX`, or `default`".to_owned(),
            ),
            _ => (
                format!("{} has no field `{key}`", object.name),
                match (newer(object.kind, key), closest(key, known.iter().copied())) {
                    _ if only_restricts => {
                        "remove it: the client has no use for it, and OpenAPI 3.0 no form"
                            .to_owned()
                    }
                    (Some(help), _) => help.to_owned(),
                    (None, Some(close)) => format!("did you mean `{close}`?"),
                    (None, None) => format!("remove it, or use one of `{}`", known.join("`, `")),
                },
            ),
        };
        let problem = Problem {
            rule: "unknown-field",
            span: entry.key_span.clone(),
            message,
            help,
            fix: only_restricts.then(|| Spot::of_entry(entry)),
        };
        self.problems.push((at, problem));
    }

    fn refuse(
        &mut self,
        rule: &'static str,
        span: Range<usize>,
        at: String,
        message: String,
        help: String,
    ) {
        let problem = Problem {
            rule,
            span,
            message,
            help,
            fix: None,
        };
        self.problems.push((at, problem));
    }
}

/// Whether a value is a scalar that its field may be.
fn is_scalar_of(shape: &Shape, node: &Node) -> bool {
    match (shape, &node.data) {
        (Shape::Text, Data::Text(_))
        | (Shape::Flag | Shape::FlagOrSchema, Data::Flag(_))
        | (Shape::Integer, Data::Integer(0..))
        | (Shape::Number, Data::Integer(_)) => true,
        (Shape::Number, Data::Number(number)) => number.is_finite(),
        (Shape::OneOf(words), Data::Text(word)) => words.contains(&word.as_str()),
        _ => false,
    }
}

/// What to underline for a node without a key.
fn first_key(node: &Node) -> Range<usize> {
    match node.entries().first() {
        Some(entry) => entry.key_span.clone(),
        None => node.span.clone(),
    }
}

/// The help for fields of OpenAPI 3.1 and JSON Schema.
fn newer(kind: Kind, key: &str) -> Option<&'static str> {
    Some(match (kind, key) {
        (Kind::Schema, "const") => "OpenAPI 3.0 has no `const`: write `enum: [value]`",
        (Kind::Schema, "examples") => "a schema has one `example` in OpenAPI 3.0",
        (Kind::Schema, "$defs" | "definitions") => "move the schemas to `components/schemas`",
        (Kind::Schema, "prefixItems") => "OpenAPI 3.0 has no tuples: describe one kind of `items`",
        (Kind::Schema, "patternProperties") => "use `additionalProperties: { … }`",
        (Kind::Schema, "if" | "then" | "else" | "dependentSchemas") => {
            "OpenAPI 3.0 has no conditions: describe all properties, and what they need in words"
        }
        (Kind::Schema, "unevaluatedItems") => "write `items: { … }`",
        (Kind::Schema, "unevaluatedProperties") => "write `additionalProperties: { … }`",
        (Kind::Schema, "$id" | "$anchor" | "$dynamicRef" | "$dynamicAnchor") => {
            "refer to a schema by its place: `$ref: '#/components/schemas/…'`"
        }
        (Kind::Schema, "optional") => "fields are optional unless `required` lists them",
        (Kind::Document, "webhooks") => "remove them: webhooks are OpenAPI 3.1",
        (Kind::Document, "basePath" | "host" | "schemes") => {
            "this is Swagger 2: write `servers: [{ url: … }]`"
        }
        (Kind::Document, "definitions") => "move the schemas to `components/schemas`",
        _ => return None,
    })
}

/// Whether a field of JSON Schema says only which of the values are valid.
fn restricts(field: &Entry) -> bool {
    match field.key.as_str() {
        "contains" | "minContains" | "maxContains" | "propertyNames" | "dependentRequired" => true,
        "unevaluatedItems" | "unevaluatedProperties" => matches!(field.value.data, Data::Flag(_)),
        _ => false,
    }
}

/// The type and the format to write for a type that OpenAPI does not have.
pub(crate) fn meant_type(word: &str) -> Option<(&'static str, Option<&'static str>)> {
    Some(match word.to_ascii_lowercase().as_str() {
        "decimal" | "money" | "currency" | "price" | "amount" | "quantity" | "numeric" => {
            ("string", Some("decimal"))
        }
        "float" | "double" | "real" => ("number", Some("double")),
        "date" | "day" => ("string", Some("date")),
        "datetime" | "date-time" | "date-time-local" | "timestamp" | "time" => {
            ("string", Some("date-time-local"))
        }
        "int" => ("integer", None),
        "int32" | "i32" | "short" | "byte" => ("integer", Some("int32")),
        "int64" | "i64" | "long" | "bigint" => ("integer", Some("int64")),
        "bool" | "flag" => ("boolean", None),
        "str" | "text" | "varchar" | "char" => ("string", None),
        "uuid" => ("string", Some("uuid")),
        "email" => ("string", Some("email")),
        "url" | "uri" => ("string", Some("uri")),
        "enum" => ("string", None),
        "file" | "binary" => ("string", Some("binary")),
        "list" => ("array", None),
        "map" | "dict" | "hash" | "struct" => ("object", None),
        _ => return None,
    })
}

/// What a value of another type than `shape` means.
fn meant(shape: &Shape, node: &Node) -> Option<Data> {
    let text = node.text();
    match shape {
        Shape::Flag | Shape::FlagOrSchema => {
            let flag = text?.to_ascii_lowercase().parse().ok()?;
            Some(Data::Flag(flag))
        }
        Shape::Integer | Shape::Number => {
            let is_whole = matches!(shape, Shape::Integer);
            let whole = text?.parse().ok().map(Data::Integer);
            let number = || text?.parse().ok().map(Data::Number);
            whole.or_else(|| number().filter(|_| !is_whole))
        }
        Shape::Text => as_text(node),
        Shape::OneOf(words) => {
            let word = text?.to_ascii_lowercase();
            words
                .contains(&word.as_str())
                .then_some(Data::Text(word.into()))
        }
        _ => None,
    }
}

/// What is meant to be text, if YAML reads it as something else.
pub(crate) fn as_text(node: &Node) -> Option<Data> {
    let is_else = matches!(
        node.data,
        Data::Integer(_) | Data::Number(_) | Data::Flag(_)
    );
    is_else.then(|| Data::Text(node.to_json().to_string().into()))
}

/// The name of the property whose schema has the field that `pointer` names.
fn property(pointer: &str) -> Option<String> {
    let (schema, _) = pointer.rsplit_once('/')?;
    let (properties, _) = schema.rsplit_once('/')?;
    let property = pointer::last(schema);
    properties.ends_with("/properties").then_some(property)
}

/// The most similar word of `known`, if it is similar enough.
pub(crate) fn closest<'k>(word: &str, known: impl Iterator<Item = &'k str>) -> Option<&'k str> {
    let lowercase = word.to_lowercase();
    let word = lowercase.as_str();
    known
        .map(|known| {
            (
                strsim::damerau_levenshtein(word, &known.to_lowercase()),
                known,
            )
        })
        .filter(|(distance, known)| *distance * 3 <= known.len().max(word.len()))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, known)| known)
}

fn wanted(shape: &Shape) -> String {
    match shape {
        Shape::Any => "a value".to_owned(),
        Shape::Text => "a string".to_owned(),
        Shape::Flag => "true or false".to_owned(),
        Shape::Integer => "0 or a positive whole number".to_owned(),
        Shape::Number => "a number".to_owned(),
        Shape::OneOf(words) => format!("one of `{}`", words.join("`, `")),
        Shape::Is(object) | Shape::Ref(object) => {
            format!("a mapping with the fields of {}", object.name)
        }
        Shape::List(item) => match item {
            Shape::Text => "a list of strings".to_owned(),
            _ => "a list".to_owned(),
        },
        Shape::Map(_) => "a mapping".to_owned(),
        Shape::FlagOrSchema => "true, false or a schema".to_owned(),
    }
}

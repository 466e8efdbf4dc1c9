//! Whether a request is one of its operation: its parameters and its body,
//! against the spec.

use std::collections::{BTreeMap, HashMap};
use std::convert::Infallible;
use std::error::Error;
use std::{fmt, future};

use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use bytes::Bytes;
use futures_util::{FutureExt as _, stream};
use multer::Multipart;
use serde_json::Value;
use telesto_gen::spec::{self, Found, Node, Spec};

use crate::template;

/// What the requests of an operation have to be.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Checks {
    path: String,
    parameters: Vec<Parameter>,
    body: Option<Body>,
}

#[derive(Clone, Debug, PartialEq)]
struct Parameter {
    name: String,
    /// Where it is sent: `path`, `query` or `header`.
    place: String,
    required: bool,
    /// What is between the items of a list that is one value.
    joined_by: Option<&'static str>,
    schema: String,
}

#[derive(Clone, Debug, PartialEq)]
struct Body {
    required: bool,
    /// The schemas of its media types.
    content: Vec<(String, String)>,
}

/// A request, as far as it is checked.
pub(crate) struct Received<'a> {
    pub(crate) path: &'a str,
    pub(crate) query: &'a str,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) body: &'a [u8],
}

impl Checks {
    /// Those of an operation. Its schemas are added to `schemas`.
    pub(crate) fn of<'a>(
        spec: &Spec<'a>,
        operation: &spec::Operation<'a>,
        schemas: &mut Schemas,
    ) -> Self {
        let parameters = spec.parameters(operation).into_iter();
        let parameters = parameters.filter_map(|parameter| {
            let schema = spec.field(&parameter.found, "schema")?;
            let node = parameter.found.node;
            Some(Parameter {
                name: parameter.name.to_owned(),
                place: parameter.place.to_owned(),
                required: node.is_set("required"),
                joined_by: parameter.joined_by(spec),
                schema: schemas.add(spec, &schema),
            })
        });
        let parameters = parameters.collect();
        let body = spec.request_body(operation).map(|body| {
            let content = spec.field(&body, "content");
            let entries = content.as_ref().map_or(&[][..], |c| c.node.entries());
            let schema = |kind: &str| {
                let media = spec.field(content.as_ref()?, kind)?;
                spec.field(&media, "schema")
            };
            let content = entries.iter().map(|entry| {
                let schema = schema(entry.key()).map(|schema| schemas.add(spec, &schema));
                let kind = spec::essence(entry.key()).to_ascii_lowercase();
                (kind, schema.unwrap_or_default())
            });
            Body {
                required: body.node.is_set("required"),
                content: content.collect(),
            }
        });
        Self {
            path: operation.route().to_owned(),
            parameters,
            body,
        }
    }

    /// Checks a request; the error says what is wrong with it.
    pub(crate) fn check(&self, request: &Received<'_>, schemas: &Schemas) -> Result<(), String> {
        let query: Vec<(String, String)> = form_urlencoded::parse(request.query.as_bytes())
            .into_owned()
            .collect();
        for parameter in &self.parameters {
            let Parameter { name, place, .. } = parameter;
            let what = format!("the {place} parameter `{name}`");
            let values: Vec<String> = match place.as_str() {
                "query" => {
                    let values = query.iter().filter(|(sent, _)| sent == name);
                    values.map(|(_, value)| value.clone()).collect()
                }
                "header" => {
                    let values = request.headers.get_all(name).iter();
                    let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
                    values.map(|value| text(value.as_bytes())).collect()
                }
                _ => template::value(&self.path, request.path, name)
                    .into_iter()
                    .collect(),
            };
            if values.is_empty() && parameter.required {
                return Err(format!("{what} is missing"));
            }
            let each = match parameter.joined_by {
                Some(by) => values.iter().flat_map(|value| value.split(by)).collect(),
                None => values.iter().map(String::as_str).collect::<Vec<_>>(),
            };
            for value in each {
                let path = Path::Root(&what);
                schemas.check_text(&parameter.schema, value, &path)?;
            }
        }
        let is_known = |sent: &str| {
            let mut known = self.parameters.iter();
            known.any(|parameter| parameter.place == "query" && parameter.name == sent)
        };
        if let Some((unknown, _)) = query.iter().find(|(sent, _)| !is_known(sent)) {
            return Err(format!("there is no query parameter `{unknown}`"));
        }
        self.check_body(request, schemas)
    }

    fn check_body(&self, request: &Received<'_>, schemas: &Schemas) -> Result<(), String> {
        let Some(body) = &self.body else {
            return match request.body.is_empty() {
                true => Ok(()),
                false => Err("there is no body in this operation".to_owned()),
            };
        };
        // With a media type, it is an empty form.
        if request.body.is_empty() && !request.headers.contains_key(CONTENT_TYPE) {
            return match body.required {
                true => Err("the body is missing".to_owned()),
                false => Ok(()),
            };
        }
        let kind = request.headers.get(CONTENT_TYPE);
        let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let kind = spec::essence(kind).to_ascii_lowercase();
        let found = body.content.iter().find(|(known, _)| {
            let range = known
                .strip_suffix('*')
                .map(|range| range.trim_start_matches("*/"));
            *known == kind || range.is_some_and(|range| kind.starts_with(range))
        });
        let Some((_, schema)) = found else {
            let known: Vec<&str> = body.content.iter().map(|(known, _)| &**known).collect();
            let known = known.join(" or ");
            return Err(format!("the body is `{kind}`, the spec says {known}"));
        };
        let path = Path::Root("the body");
        if kind == "application/json" || kind.ends_with("+json") {
            let value: Value = serde_json::from_slice(request.body)
                .map_err(|error| format!("the body is not JSON: {error}"))?;
            schemas.check(schema, &value, Required::Yes, &path)
        } else if kind == "application/x-www-form-urlencoded" {
            let fields = form_urlencoded::parse(request.body).into_owned();
            let parts = fields.map(|(name, text)| (name, Part::Text(text)));
            schemas.check_form(schema, &parts.collect::<Vec<_>>(), &path)
        } else if kind == "multipart/form-data" {
            let parts = parts(request).map_err(|error| format!("the body is no form: {error}"))?;
            schemas.check_form(schema, &parts, &path)
        } else {
            Ok(())
        }
    }
}

/// A part of a form.
enum Part {
    Text(String),
    Json(Value),
    File,
}

/// The parts of a form that may hold files.
fn parts(request: &Received<'_>) -> Result<Vec<(String, Part)>, Box<dyn Error>> {
    let kind = request.headers.get(CONTENT_TYPE).map(|kind| kind.to_str());
    let boundary = multer::parse_boundary(kind.transpose()?.unwrap_or_default())?;
    let body = Bytes::copy_from_slice(request.body);
    let body = stream::once(future::ready(Ok::<_, Infallible>(body)));
    let read = async {
        let mut form = Multipart::new(body, boundary);
        let mut parts = Vec::new();
        while let Some(field) = form.next_field().await? {
            let name = field.name().unwrap_or_default().to_owned();
            let kind = field
                .content_type()
                .map(|kind| kind.essence_str().to_owned());
            let part = match (field.file_name(), kind.as_deref()) {
                (Some(_), _) => Part::File,
                (None, Some("application/json")) => {
                    Part::Json(serde_json::from_slice(&field.bytes().await?)?)
                }
                (None, _) => Part::Text(field.text().await?),
            };
            parts.push((name, part));
        }
        Ok(parts)
    };
    // All of it is there.
    read.now_or_never().ok_or("it does not end")?
}

/// Whether a field is there, and `false`.
fn is_false(node: &Node, key: &str) -> bool {
    node.get(key)
        .is_some_and(|flag| flag.to_json() == Value::Bool(false))
}

/// The schemas of all requests, by their JSON pointers.
#[derive(Debug, Default)]
pub(crate) struct Schemas(HashMap<String, Schema>);

#[derive(Debug, Default)]
struct Schema {
    kind: Option<String>,
    /// A text that the format of a text looks like.
    sample: Option<&'static str>,
    is_decimal: bool,
    /// Whether it is a file, in a form.
    is_file: bool,
    nullable: bool,
    values: Vec<Value>,
    items: Option<String>,
    properties: BTreeMap<String, String>,
    required: Vec<String>,
    /// Whether there may be properties that the schema does not name.
    open: bool,
    all_of: Vec<String>,
    any_of: Vec<String>,
}

/// Whether there has to be a value: `""` stands for none.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Required {
    Yes,
    No,
}

/// Where a value is.
enum Path<'a> {
    Root(&'a str),
    Property(&'a Path<'a>, &'a str),
    Item(&'a Path<'a>, usize),
}

impl Path<'_> {
    fn write(&self, out: &mut String) {
        match self {
            Self::Root(_) => {}
            Self::Property(holder, name) => {
                holder.write(out);
                if !out.is_empty() {
                    out.push('.');
                }
                out.push_str(name);
            }
            Self::Item(list, index) => {
                list.write(out);
                out.push_str(&format!("[{index}]"));
            }
        }
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut root = self;
        while let Self::Property(holder, _) | Self::Item(holder, _) = root {
            root = holder;
        }
        if let Self::Root(root) = root {
            formatter.write_str(root)?;
        }
        let mut place = String::new();
        self.write(&mut place);
        match place.is_empty() {
            true => Ok(()),
            false => write!(formatter, ", `{place}`"),
        }
    }
}

impl Schemas {
    /// Adds a schema, and those within it. Returns its pointer.
    fn add<'a>(&mut self, spec: &Spec<'a>, schema: &Found<'a>) -> String {
        let pointer = schema.pointer.clone();
        if self.0.contains_key(&pointer) {
            return pointer;
        }
        // First, since it may contain itself.
        self.0.insert(pointer.clone(), Schema::default());
        let node = schema.node;
        let found_properties = spec.field(schema, "properties");
        let names = found_properties
            .as_ref()
            .map_or(&[][..], |p| p.node.entries());
        let mut properties = BTreeMap::new();
        let mut received = Vec::new();
        for entry in names {
            let property = found_properties
                .as_ref()
                .and_then(|p| spec.field(p, entry.key()));
            let Some(property) = property else { continue };
            if property.node.is_set("readOnly") {
                received.push(entry.key());
            }
            properties.insert(entry.key().to_owned(), self.add(spec, &property));
        }
        let required = node.get("required").map_or(&[][..], Node::items);
        let required = required.iter().filter_map(Node::text);
        let parts = |key: &str| spec.parts(schema, key).collect::<Vec<_>>();
        let any_of: Vec<_> = parts("oneOf").into_iter().chain(parts("anyOf")).collect();
        let kind = node.text_of("type").map(str::to_owned);
        let format = node.text_of("format");
        let is_moment = matches!(format, Some("date" | "date-time" | "date-time-local"));
        let values = node.get("enum").map_or(&[][..], Node::items);
        let compiled = Schema {
            sample: spec::sample(node).filter(|_| is_moment),
            is_decimal: format == Some("decimal"),
            is_file: format == Some("binary"),
            nullable: node.is_set("nullable"),
            values: values.iter().map(Node::to_json).collect(),
            items: spec
                .field(schema, "items")
                .map(|items| self.add(spec, &items)),
            properties,
            required: required
                .filter(|name| !received.contains(name))
                .map(str::to_owned)
                .collect(),
            open: !is_false(node, "additionalProperties"),
            all_of: parts("allOf")
                .iter()
                .map(|part| self.add(spec, part))
                .collect(),
            any_of: any_of.iter().map(|part| self.add(spec, part)).collect(),
            kind,
        };
        self.0.insert(pointer.clone(), compiled);
        pointer
    }

    fn check(
        &self,
        schema: &str,
        value: &Value,
        required: Required,
        path: &Path<'_>,
    ) -> Result<(), String> {
        let Some(schema) = self.0.get(schema) else {
            return Ok(());
        };
        let is_none = value.is_null() || value.as_str().is_some_and(str::is_empty);
        if is_none && (required == Required::No || (value.is_null() && schema.nullable)) {
            return Ok(());
        }
        for part in &schema.all_of {
            self.check(part, value, required, path)?;
        }
        let mut refused = None;
        for alternative in &schema.any_of {
            match self.check(alternative, value, required, path) {
                Ok(()) => {
                    refused = None;
                    break;
                }
                Err(error) => refused = refused.or(Some(error)),
            }
        }
        if let Some(error) = refused {
            return Err(format!("{error} (of all alternatives)"));
        }
        schema.check_scalar(value, path)?;
        match value {
            Value::Array(items) => {
                let Some(schema) = &schema.items else {
                    return Ok(());
                };
                for (index, item) in items.iter().enumerate() {
                    self.check(schema, item, Required::Yes, &Path::Item(path, index))?;
                }
            }
            Value::Object(members) => {
                let names = members.keys().map(String::as_str);
                schema.check_names(&names.collect::<Vec<_>>(), path)?;
                for (name, member) in members {
                    if let Some(property) = schema.properties.get(name) {
                        let required = match schema.required.contains(name) {
                            true => Required::Yes,
                            false => Required::No,
                        };
                        self.check(property, member, required, &Path::Property(path, name))?;
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Checks a value that is sent as text, such as that of a parameter.
    fn check_text(&self, schema: &str, text: &str, path: &Path<'_>) -> Result<(), String> {
        self.check(self.item(schema), &Value::from(text), Required::Yes, path)
    }

    /// The schema of the items of a list, or of anything else itself.
    fn item<'s>(&'s self, schema: &'s str) -> &'s str {
        let items = self.0.get(schema).and_then(|schema| schema.items.as_ref());
        items.map_or(schema, String::as_str)
    }

    /// Checks that a property may be a file, or a list of files.
    fn check_file(&self, schema: &str, path: &Path<'_>) -> Result<(), String> {
        let Some(found) = self.0.get(self.item(schema)) else {
            return Ok(());
        };
        match found.all_of.first() {
            Some(part) => self.check_file(part, path),
            None if found.is_file => Ok(()),
            None => Err(format!("{path}: got a file")),
        }
    }

    fn check_form(
        &self,
        schema: &str,
        fields: &[(String, Part)],
        path: &Path<'_>,
    ) -> Result<(), String> {
        let Some(found) = self.0.get(schema) else {
            return Ok(());
        };
        for part in &found.all_of {
            self.check_form(part, fields, path)?;
        }
        let names: Vec<&str> = fields.iter().map(|(name, _)| &**name).collect();
        found.check_names(&names, path)?;
        for (name, part) in fields {
            let Some(property) = found.properties.get(name) else {
                continue;
            };
            let path = Path::Property(path, name);
            match part {
                Part::Text(text) if text.is_empty() => {}
                Part::Text(text) => self.check_text(property, text, &path)?,
                Part::Json(value) => {
                    self.check(self.item(property), value, Required::Yes, &path)?;
                }
                Part::File => self.check_file(property, &path)?,
            }
        }
        Ok(())
    }
}

impl Schema {
    /// Checks what a value is, but for what it contains. Numbers and booleans may
    /// be text, as Telesto writes them.
    fn check_scalar(&self, value: &Value, path: &Path<'_>) -> Result<(), String> {
        let text = text_of(value);
        let is_number = || text.parse::<f64>().is_ok_and(f64::is_finite);
        let is_scalar = !value.is_array() && !value.is_object();
        let (fits, expected) = match self.kind.as_deref() {
            Some("string") if self.is_decimal => (is_scalar && is_number(), "a decimal number"),
            Some("string") => match self.sample {
                Some(sample) => (value.is_string() && looks_like(&text, sample), sample),
                None => (value.is_string(), "text"),
            },
            Some("integer") => {
                let whole = text.strip_prefix('-').unwrap_or(&text);
                let digits = !whole.is_empty() && whole.bytes().all(|b| b.is_ascii_digit());
                (is_scalar && digits, "an integer")
            }
            Some("number") => (is_scalar && is_number(), "a number"),
            Some("boolean") => {
                let known = ["true", "false", "1", "0"].contains(&text.as_str());
                (is_scalar && known, "a boolean")
            }
            Some("array") => (value.is_array(), "a list"),
            // PHP has one type for both.
            Some("object") => (
                value.is_object() || value.as_array().is_some_and(Vec::is_empty),
                "an object",
            ),
            _ => (true, ""),
        };
        if !fits {
            return Err(format!(
                "{path}: expected {expected}, got `{}`",
                shown(&text)
            ));
        }
        if self.values.is_empty() || self.values.iter().any(|known| text_of(known) == text) {
            return Ok(());
        }
        let known: Vec<String> = self.values.iter().map(Value::to_string).collect();
        let known = known.join(", ");
        Err(format!(
            "{path}: expected one of {known}, got `{}`",
            shown(&text)
        ))
    }

    /// Checks which properties there are.
    fn check_names(&self, names: &[&str], path: &Path<'_>) -> Result<(), String> {
        let mut required = self.required.iter();
        if let Some(missing) = required.find(|name| !names.contains(&name.as_str())) {
            return Err(format!("{} is missing", Path::Property(path, missing)));
        }
        let mut names = names.iter();
        match names.find(|name| !self.open && !self.properties.contains_key(**name)) {
            Some(unknown) => Err(format!(
                "{}: the spec knows no such property",
                Path::Property(path, unknown)
            )),
            None => Ok(()),
        }
    }
}

/// Whether a text has digits where the sample of a date or a time has some, and is
/// the same elsewhere. Fractions of seconds and zones are not looked at.
fn looks_like(text: &str, sample: &str) -> bool {
    let looked_at = sample.len().min("2024-01-15 10:30:00".len());
    text.len() >= looked_at
        && text
            .bytes()
            .zip(sample.bytes())
            .take(looked_at)
            .all(|(one, other)| one == other || (one.is_ascii_digit() && other.is_ascii_digit()))
}

/// A value as it is written in text.
fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// The beginning of a value, for a message.
fn shown(text: &str) -> String {
    text.chars().take(60).collect()
}

//! The rule about examples: they fit their schemas.
//!
//! The mock server sends examples, and people copy them. As in a response, an
//! empty value may be `""`, and a number or a boolean may be text.

use crate::document::{Data, Kind, Node, closest, join};

use super::Report;
use crate::finding::Finding;
use crate::formats::{self, Format};
use crate::spec::{Found, Spec};

/// Combined schemas are followed to this depth: a schema may contain itself.
const DEEPEST: usize = 32;

pub(super) fn example(spec: &Spec<'_>, report: &mut Report<'_>) {
    for place in spec
        .objects(Kind::MediaType)
        .chain(spec.objects(Kind::Parameter))
    {
        let holder = Found::from(place);
        let Some(schema) = spec.field(&holder, "schema") else {
            continue;
        };
        let mut examples: Vec<Found<'_>> = own(&holder).into_iter().collect();
        if let Some(named) = spec.field(&holder, "examples") {
            let entries = named.node.entries().iter();
            let found = entries.filter_map(|entry| spec.field(&named, &entry.key));
            examples.extend(found.filter_map(|example| {
                let node = example.node.get("value")?;
                let pointer = example.field("value");
                Some(Found { node, pointer })
            }));
        }
        for example in examples {
            check(spec, report, &example, &schema);
        }
    }
    for place in spec.objects(Kind::Schema) {
        let schema = Found::from(place);
        if let Some(example) = own(&schema) {
            check(spec, report, &example, &schema);
        }
    }
}

/// The field `example` of an object.
fn own<'a>(holder: &Found<'a>) -> Option<Found<'a>> {
    Some(Found {
        node: holder.node.get("example")?,
        pointer: holder.field("example"),
    })
}

fn check<'a>(spec: &Spec<'a>, report: &mut Report<'_>, example: &Found<'a>, schema: &Found<'a>) {
    let whole = Slot {
        schema: None,
        is_optional: true,
        depth: 0,
    };
    for misfit in misfits(spec, example, schema, whole) {
        let finding = match misfit.about_key {
            true => report.of_key(&misfit.pointer, misfit.message, misfit.help),
            false => report.of_value(&misfit.pointer, misfit.message, misfit.help),
        };
        report.add(Finding {
            others: misfit.unread.into_iter().collect(),
            ..finding
        });
    }
}

/// What does not fit.
struct Misfit {
    pointer: String,
    about_key: bool,
    message: String,
    help: String,
    /// What keeps a client from reading the value: the schema of a property, or of what is in
    /// one, the format of a text, or what says that a property is required.
    unread: Option<String>,
}

impl Misfit {
    /// About a value.
    fn of(value: &Found<'_>, message: String, help: String) -> Self {
        Self {
            pointer: value.pointer.clone(),
            about_key: false,
            message,
            help,
            unread: None,
        }
    }
}

/// What of a value does not fit a schema.
fn misfits<'a>(
    spec: &Spec<'a>,
    value: &Found<'a>,
    schema: &Found<'a>,
    slot: Slot<'_>,
) -> Vec<Misfit> {
    let mut examples = Examples {
        spec,
        misfits: Vec::new(),
    };
    examples.fit(value, schema, slot);
    examples.misfits
}

/// Finds what does not fit.
struct Examples<'s, 'a> {
    spec: &'s Spec<'a>,
    misfits: Vec<Misfit>,
}

/// What a value stands in.
#[derive(Clone, Copy)]
struct Slot<'p> {
    /// In a property, the pointer of the schema, or of the reference to it.
    schema: Option<&'p str>,
    /// Whether the value may be empty.
    is_optional: bool,
    depth: usize,
}

impl<'a> Examples<'_, 'a> {
    /// Finds what does not fit a schema.
    fn fit(&mut self, value: &Found<'a>, schema: &Found<'a>, slot: Slot<'_>) {
        let empty = match &value.node.data {
            Data::Null => true,
            Data::Text(text) => text.is_empty(),
            _ => false,
        };
        let may_be_empty = slot.is_optional || schema.node.is_set("nullable");
        if slot.depth > DEEPEST || (empty && may_be_empty) {
            return;
        }
        for keyword in ["oneOf", "anyOf"] {
            let alternatives: Vec<_> = self.spec.parts(schema, keyword).collect();
            let fits = |alternative: &Found<'a>| {
                let slot = Slot {
                    schema: None,
                    depth: slot.depth + 1,
                    ..slot
                };
                misfits(self.spec, value, alternative, slot).is_empty()
            };
            if !alternatives.is_empty() && !alternatives.iter().any(fits) {
                let message = format!("this example fits no schema of the `{keyword}`");
                let help = "change the example, or the schemas".to_owned();
                self.misfits.push(Misfit::of(value, message, help));
            }
        }
        for part in self.spec.parts(schema, "allOf") {
            // The whole checks the names of properties.
            self.values(value, &part, slot);
        }
        self.values(value, schema, slot);
        if let Data::Map(entries) = &value.node.data {
            self.names(value, schema);
            for (name, at) in self.required(schema, 0) {
                if entries.iter().all(|entry| entry.key != name) {
                    let message = format!("this example has no `{name}`, which is required");
                    let line = self.spec.document.line(&at);
                    let help =
                        format!("add `{name}: …`, or remove it from `required` on line {line}");
                    self.misfits.push(Misfit {
                        unread: Some(at),
                        ..Misfit::of(value, message, help)
                    });
                }
            }
        }
    }

    /// Checks a value, and those within it, against the schema itself.
    fn values(&mut self, value: &Found<'a>, schema: &Found<'a>, slot: Slot<'_>) {
        if let Some((message, help)) = scalar(value.node, schema.node) {
            let unread = slot.schema.and_then(|at| unread(value.node, schema, at));
            self.misfits.push(Misfit {
                unread,
                ..Misfit::of(value, message, help)
            });
            return;
        }
        let depth = slot.depth + 1;
        if let Some(items) = self.spec.field(schema, "items") {
            let at = slot.schema.map(|_| schema.field("items"));
            for (index, item) in value.node.items().iter().enumerate() {
                let item = Found {
                    node: item,
                    pointer: format!("{}/{index}", value.pointer),
                };
                let schema = at.as_deref();
                let slot = Slot {
                    schema,
                    depth,
                    ..slot
                };
                self.fit(&item, &items, slot);
            }
        }
        let properties = self.spec.field(schema, "properties");
        let others = self.spec.field(schema, "additionalProperties");
        let others = others.filter(|others| !others.node.is_scalar());
        let required = schema.node.get("required").map_or(&[][..], Node::items);
        for entry in value.node.entries() {
            let member = Found {
                node: &entry.value,
                pointer: join(&value.pointer, &entry.key),
            };
            let property = properties.as_ref().and_then(|all| {
                let property = self.spec.field(all, &entry.key)?;
                Some((property, Some(all.field(&entry.key))))
            });
            let other = || {
                let at = slot.schema.map(|_| schema.field("additionalProperties"));
                Some((others.clone()?, at))
            };
            if let Some((property, at)) = property.or_else(other) {
                let is_required = required.iter().any(|name| name.text() == Some(&entry.key));
                let slot = Slot {
                    schema: at.as_deref(),
                    is_optional: !is_required,
                    depth,
                };
                self.fit(&member, &property, slot);
            }
        }
    }

    /// Checks the names of properties.
    fn names(&mut self, value: &Found<'a>, schema: &Found<'a>) {
        let Some(known) = self.properties(schema, 0).filter(|known| !known.is_empty()) else {
            return;
        };
        for entry in value.node.entries() {
            let name = &entry.key;
            if known.contains(&name.as_str()) {
                continue;
            }
            self.misfits.push(Misfit {
                pointer: join(&value.pointer, name),
                about_key: true,
                message: format!(
                    "this example has `{name}`, which is not a property of its schema"
                ),
                help: match closest(name, known.iter().copied()) {
                    Some(close) => format!("did you mean `{close}`?"),
                    None => format!("add `{name}` to `properties`, or remove it here"),
                },
                unread: None,
            });
        }
    }

    /// The names of the properties of a schema; `None` if it may have any.
    fn properties(&self, schema: &Found<'a>, depth: usize) -> Option<Vec<&'a str>> {
        let others = schema.node.get("additionalProperties");
        let any = others.is_some_and(|others| others.data != Data::Flag(false));
        let combined = ["oneOf", "anyOf"]
            .iter()
            .any(|keyword| schema.node.get(keyword).is_some());
        if any || combined || depth > DEEPEST {
            return None;
        }
        let own = schema.node.get("properties").map_or(&[][..], Node::entries);
        let mut names: Vec<&str> = own.iter().map(|entry| entry.key.as_str()).collect();
        for part in self.spec.parts(schema, "allOf") {
            names.extend(self.properties(&part, depth + 1)?);
        }
        Some(names)
    }

    /// The names of the required properties, and where they are said to be.
    fn required(&self, schema: &Found<'a>, depth: usize) -> Vec<(&'a str, String)> {
        if depth > DEEPEST {
            return Vec::new();
        }
        let own = schema.node.get("required").map_or(&[][..], Node::items);
        let names = own.iter().enumerate().filter_map(|(index, name)| {
            let at = format!("{}/required/{index}", schema.pointer);
            Some((name.text()?, at))
        });
        let mut names: Vec<_> = names.collect();
        for part in self.spec.parts(schema, "allOf") {
            names.extend(self.required(&part, depth + 1));
        }
        names.dedup_by_key(|(name, _)| *name);
        names
    }
}

/// What is wrong with a value, and how to fix it, by the type, the format and
/// the enum of its schema.
fn scalar(value: &Node, schema: &Node) -> Option<(String, String)> {
    let typ = schema.text_of("type");
    let object = typ.is_none() && schema.get("properties").is_some();
    let typ = typ.or(object.then_some("object"))?;
    let fits = match (&value.data, typ) {
        (Data::Text(_), "string")
        | (Data::Integer(_), "integer" | "number")
        | (Data::Number(_), "number")
        | (Data::Flag(_), "boolean")
        | (Data::List(_), "array")
        | (Data::Map(_), "object") => true,
        (Data::Text(text), "integer") => text.trim().parse::<i64>().is_ok(),
        (Data::Text(text), "number") => text.trim().parse::<f64>().is_ok(),
        (Data::Text(text), "boolean") => matches!(text.as_str(), "true" | "false" | "1" | "0"),
        (Data::Integer(number), "boolean") => matches!(number, 0 | 1),
        _ => false,
    };
    if !fits {
        let message = format!("this example is {}, but the type is `{typ}`", value.what());
        let help = match (&value.data, typ) {
            (Data::Integer(_) | Data::Number(_) | Data::Flag(_), "string") => {
                "put the value in quotes"
            }
            _ => "change the example, or the `type` of the schema",
        };
        return Some((message, help.to_owned()));
    }
    let text = value.text()?;
    let values = schema.get("enum").map_or(&[][..], Node::items);
    let texts: Vec<&str> = values.iter().filter_map(Node::text).collect();
    if typ == "string" && !texts.is_empty() && !texts.contains(&text) {
        let help = match closest(text, texts.iter().copied()) {
            Some(close) => format!("did you mean `{close}`?"),
            None => format!("use one of `{}`, or add it to the enum", texts.join("`, `")),
        };
        return Some((format!("the enum does not list `{text}`"), help));
    }
    let format = misformed(text, schema)?;
    Some((
        format!("`{text}` is not a valid `{}`", format.name),
        format!("write it as `\"{}\"`", format.sample),
    ))
}

/// The format that the text of a schema has to have, if it has another one.
fn misformed(text: &str, schema: &Node) -> Option<&'static Format> {
    let is_text = schema.text_of("type") == Some("string");
    let format = schema.text_of("format").filter(|_| is_text)?;
    let known = formats::find("string", format)?;
    (!known.is_form_of(text)).then_some(known)
}

/// What keeps a client from reading a value that does not fit a schema.
fn unread(value: &Node, schema: &Found<'_>, place: &str) -> Option<String> {
    const TYPES: [&str; 6] = ["array", "boolean", "integer", "number", "object", "string"];
    let is_text = schema.node.text_of("type") == Some("string");
    match &value.data {
        // Required, but empty.
        Data::Null => None,
        // Not a value, but what it would be, such as `integer`.
        Data::Text(text) if text.is_empty() || TYPES.iter().any(|typ| text.starts_with(typ)) => {
            None
        }
        Data::Text(text) if is_text => {
            let format = misformed(text, schema.node)?;
            let is_date = format.name == "date" && is_midnight(text);
            (!is_date).then(|| schema.field("format"))
        }
        Data::Integer(_) | Data::Number(_) | Data::Flag(_) if is_text => None,
        _ => Some(place.to_owned()),
    }
}

/// Whether this is a date with the first moment of its day.
fn is_midnight(text: &str) -> bool {
    let time = text.split_at_checked(10).map_or("", |(_, time)| time);
    let mut time = time.trim_start_matches(['T', ' ']).chars();
    time.all(|c| matches!(c, '0' | ':' | '.' | 'Z'))
}

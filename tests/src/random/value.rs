//! Random values of a schema, as Telesto writes them, with what is left of them
//! after they were read and written again.

use serde_json::{Map, Value, json};

use super::dice::Dice;
use super::schema::{Components, Object, Schema};

/// A value on the wire, and in Rust.
#[derive(Debug)]
pub(super) struct Sample {
    pub(super) wire: Value,
    /// What it is when it is written again; `None` if it is empty.
    pub(super) read: Option<Value>,
}

impl Sample {
    fn same(value: Value) -> Self {
        Self {
            wire: value.clone(),
            read: Some(value),
        }
    }

    fn new(wire: Value, read: Value) -> Self {
        Self {
            wire,
            read: Some(read),
        }
    }
}

pub(super) struct Values<'d, 'c> {
    pub(super) dice: &'d mut Dice,
    pub(super) components: &'c Components,
    /// Texts that the spec does not list, which are in the value as it is read,
    /// but never sent.
    pub(super) unknown: Option<Vec<String>>,
}

/// From this depth on, optional values are empty.
const DEEP: usize = 5;

impl<'d, 'c> Values<'d, 'c> {
    /// Values to send.
    pub(super) fn sent(dice: &'d mut Dice, components: &'c Components) -> Self {
        Self {
            dice,
            components,
            unknown: None,
        }
    }

    /// A value that is not empty, but for lists and maps.
    pub(super) fn of(&mut self, schema: &Schema, depth: usize) -> Sample {
        match schema {
            Schema::Text(_) => self.text(),
            Schema::Decimal => {
                let whole = self.dice.below(1000);
                let text = match self.dice.below(4) {
                    0 => format!("{whole}"),
                    1 => format!("-{whole}.5"),
                    2 => format!("{whole}.50"),
                    _ => format!("0.{whole:04}"),
                };
                let is_plain = text.ends_with(".5") || !text.contains('.');
                match is_plain && self.dice.once_in(3) {
                    true => Sample::new(text.parse().map(Value::Number).unwrap(), text.into()),
                    false => Sample::same(text.into()),
                }
            }
            Schema::Integer(_) => {
                let number = self.dice.below(120);
                match self.dice.once_in(2) {
                    true => Sample::new(number.to_string().into(), number.into()),
                    false => Sample::same(number.into()),
                }
            }
            Schema::Number => {
                let number = f64::from(u16::try_from(self.dice.below(1000)).unwrap()) + 0.5;
                match self.dice.once_in(2) {
                    true => Sample::new(number.to_string().into(), number.into()),
                    false => Sample::same(number.into()),
                }
            }
            Schema::Boolean => {
                let flag = self.dice.once_in(2);
                let text = if flag { "true" } else { "false" };
                let forms = [json!(flag), json!(text), json!(u8::from(flag))];
                Sample::new(self.dice.pick(&forms).clone(), flag.into())
            }
            Schema::Date => {
                let date = self.date();
                match self.dice.once_in(3) {
                    true => Sample::new(format!("{date} 00:00:00").into(), date.into()),
                    false => Sample::same(date.into()),
                }
            }
            Schema::DateTime => {
                let date = self.date();
                let written = format!("{date} 10:30:05");
                match self.dice.once_in(3) {
                    true => Sample::new(format!("{date}T10:30:05").into(), written.into()),
                    false => Sample::same(written.into()),
                }
            }
            Schema::Timestamp => {
                let date = self.date();
                let written = format!("{date}T10:30:05Z");
                match self.dice.once_in(3) {
                    true => Sample::new(format!("{date}T12:30:05+02:00").into(), written.into()),
                    false => Sample::same(written.into()),
                }
            }
            Schema::Enum(values) => match &mut self.unknown {
                Some(unknown) if self.dice.once_in(4) => {
                    let text = format!("unlisted {}", self.dice.below(1000));
                    unknown.push(text.clone());
                    Sample::same(text.into())
                }
                _ => Sample::same(self.dice.pick(values).as_str().into()),
            },
            Schema::Any => Sample::same(
                self.dice
                    .pick(&[
                        json!(7),
                        json!("x"),
                        json!([1, {"a": "b"}]),
                        json!({"c": null}),
                    ])
                    .clone(),
            ),
            Schema::List(items) => self.list(items, depth),
            Schema::Map(values) => self.map(values, depth),
            Schema::Object(object) => {
                let mut sample = (Map::new(), Map::new());
                self.object(object, depth, &mut sample);
                self.surprise(&mut sample.0);
                Sample::new(sample.0.into(), sample.1.into())
            }
            Schema::All(parts) => {
                let mut sample = (Map::new(), Map::new());
                for part in parts {
                    let part = match part {
                        Schema::Named(index) => &self.components.all[*index].1,
                        part => part,
                    };
                    if let Schema::Object(object) = part {
                        self.object(object, depth, &mut sample);
                    }
                }
                self.surprise(&mut sample.0);
                Sample::new(sample.0.into(), sample.1.into())
            }
            Schema::One {
                alternatives, tag, ..
            } => {
                if let Some(unknown) = &mut self.unknown
                    && tag.is_some()
                    && self.dice.once_in(5)
                {
                    let kind = format!("new kind {}", self.dice.below(1000));
                    unknown.push(kind.clone());
                    return Sample::same(json!({tag.unwrap(): kind, "more": [1, ""]}));
                }
                let alternative = self.dice.pick(alternatives);
                let mut sample = self.exact(&alternative.schema, depth);
                if let Some(tag) = tag {
                    let kind = self.dice.pick(&alternative.kinds).as_str();
                    sample.wire[*tag] = kind.into();
                    if let Some(read) = &mut sample.read {
                        read[*tag] = kind.into();
                    }
                }
                sample
            }
            Schema::Nullable(schema) | Schema::Noted(schema, _) => self.of(schema, depth),
            Schema::Named(index) | Schema::Described(index) => {
                let schema = &self.components.all[*index].1;
                match self.of(schema, depth) {
                    // A list that has a name is in an `Option`: it is there.
                    Sample { wire, read: None } if wire == self.nothing(schema) => {
                        Sample::same(wire)
                    }
                    sample => sample,
                }
            }
        }
    }

    /// A value of an alternative, in the form that it is written in: others may
    /// be taken for another one.
    fn exact(&mut self, schema: &Schema, depth: usize) -> Sample {
        let is_scalar = !matches!(
            schema,
            Schema::Object(_) | Schema::List(_) | Schema::Named(_) | Schema::All(_)
        );
        match is_scalar {
            true => {
                let sample = match schema {
                    // Not like a number, a date or a boolean.
                    Schema::Text(_) => Sample::same(format!("t {}", self.dice.below(99)).into()),
                    // A number without a fraction is an integer.
                    Schema::Decimal => Sample::same("7.25".into()),
                    schema => self.of(schema, depth),
                };
                let wire = sample.read.clone().unwrap_or_default();
                Sample { wire, ..sample }
            }
            false => match self.of(schema, depth) {
                Sample { read: None, .. } => Sample::same(json!([])),
                sample => sample,
            },
        }
    }

    fn text(&mut self) -> Sample {
        let texts = [
            "x",
            "0001",
            "Größe 数",
            " spaced ",
            "a\nb",
            "\"",
            "\\",
            "null",
            "-",
            "0.10",
            "👍",
        ];
        match self.dice.once_in(6) {
            true => {
                let number = self.dice.below(100_000);
                Sample::new(number.into(), number.to_string().into())
            }
            false => Sample::same((*self.dice.pick(&texts)).into()),
        }
    }

    fn date(&mut self) -> String {
        let (month, day) = (1 + self.dice.below(12), 1 + self.dice.below(28));
        format!("20{:02}-{month:02}-{day:02}", self.dice.below(100))
    }

    fn list(&mut self, items: &Schema, depth: usize) -> Sample {
        let count = if depth > DEEP { 0 } else { self.dice.below(4) };
        if count == 0 {
            // In what is sent, it may be required.
            let is_sent = self.unknown.is_none();
            let is_text = !is_sent && self.dice.once_in(2);
            let wire = if is_text { json!("") } else { json!([]) };
            return Sample { wire, read: None };
        }
        let (mut wire, mut read) = (Vec::new(), Vec::new());
        for _ in 0..count {
            if matches!(items, Schema::Nullable(_)) && self.dice.once_in(3) {
                wire.push(self.dice.pick(&[json!(null), json!("")]).clone());
                read.push(Value::Null);
                continue;
            }
            if let Some(empty) = self.empty(items) {
                wire.push(empty);
                continue;
            }
            let item = self.of(items, depth + 1);
            wire.push(item.wire);
            read.push(item.read.unwrap_or_else(|| self.nothing(items)));
        }
        let read = (!read.is_empty()).then(|| read.into());
        Sample {
            wire: wire.into(),
            read,
        }
    }

    fn map(&mut self, values: &Schema, depth: usize) -> Sample {
        let count = if depth > DEEP { 0 } else { self.dice.below(3) };
        if count == 0 {
            // In what is sent, it may be required.
            let is_sent = self.unknown.is_none();
            let forms = [json!([]), json!({}), json!("")];
            let wire = self.dice.pick(&forms).clone();
            let wire = if is_sent { json!({}) } else { wire };
            return Sample { wire, read: None };
        }
        let (mut wire, mut read) = (Map::new(), Map::new());
        for number in 0..count {
            let key = format!("key {number}");
            if let Some(empty) = self.empty(values) {
                wire.insert(key, empty);
                continue;
            }
            let value = self.of(values, depth + 1);
            wire.insert(key.clone(), value.wire);
            let value = value.read.unwrap_or_else(|| self.nothing(values));
            read.insert(key, value);
        }
        let read = (!read.is_empty()).then(|| read.into());
        Sample {
            wire: wire.into(),
            read,
        }
    }

    /// Now and then, an empty value in a response where there can be none: it is
    /// left out.
    fn empty(&mut self, schema: &Schema) -> Option<Value> {
        let is_skipped = matches!(
            schema,
            Schema::Decimal
                | Schema::Integer(_)
                | Schema::Number
                | Schema::Boolean
                | Schema::Date
                | Schema::DateTime
                | Schema::Timestamp
                | Schema::Object(_)
        );
        let is_received = self.unknown.is_some();
        (is_received && is_skipped && self.dice.once_in(8)).then(|| {
            let forms = [json!(null), json!("")];
            self.dice.pick(&forms).clone()
        })
    }

    /// An empty list or map, where there has to be one.
    pub(super) fn nothing(&self, schema: &Schema) -> Value {
        match schema {
            Schema::List(_) => json!([]),
            Schema::Map(_) => json!({}),
            Schema::Named(index) | Schema::Described(index) => {
                self.nothing(&self.components.all[*index].1)
            }
            Schema::Nullable(schema) | Schema::Noted(schema, _) => self.nothing(schema),
            _ => Value::Null,
        }
    }

    /// Adds the properties of an object, on the wire and as they are read.
    fn object(
        &mut self,
        object: &Object,
        depth: usize,
        sample: &mut (Map<String, Value>, Map<String, Value>),
    ) {
        for (name, schema) in &object.properties {
            let required = object.required.contains(name);
            if !required && (depth > DEEP || self.dice.once_in(3)) {
                // Another part may have it, too.
                if sample.0.contains_key(name) {
                    continue;
                }
                match self.dice.below(3) {
                    0 => {}
                    1 => drop(sample.0.insert(name.clone(), json!(""))),
                    _ => drop(sample.0.insert(name.clone(), json!(null))),
                }
                continue;
            }
            let value = self.of(schema, depth + 1);
            sample.0.insert(name.clone(), value.wire);
            match value.read {
                Some(read) => drop(sample.1.insert(name.clone(), read)),
                // Empty in one direction, it may be left out in the other.
                None if required && !schema.is_one_way() => {
                    drop(sample.1.insert(name.clone(), self.nothing(schema)))
                }
                None => drop(sample.1.remove(name)),
            }
        }
    }

    /// What the spec does not know yet.
    fn surprise(&mut self, wire: &mut Map<String, Value>) {
        if self.dice.once_in(3) {
            wire.insert("brand_new".to_owned(), json!([{"a": ""}, 1]));
        }
    }
}

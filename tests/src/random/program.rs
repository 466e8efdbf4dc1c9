//! The program that calls every operation of a random document.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use telesto_gen::Document;

use super::dice::Dice;
use super::document::{Group, Returns, document};
use super::schema::Schema;
use super::value::Values;
use crate::client_crate;

/// How many times each operation is called.
const CALLS: usize = 6;

/// Builds the program in `folder`, and runs it. The error says what failed.
pub(super) fn run(folder: &Path, groups: &[Group], dice: &mut Dice) -> Result<(), String> {
    let text = document(groups);
    fs::write(folder.join("document.json"), &text).unwrap();
    let plan: Vec<Value> = groups
        .iter()
        .flat_map(|group| (0..CALLS).map(|_| call(group, dice)).collect::<Vec<_>>())
        .collect();
    let plan = serde_json::to_string_pretty(&plan).unwrap();
    fs::write(folder.join("plan.json"), plan).unwrap();
    let document = Document::parse("document.json", text).map_err(|found| found.to_string())?;
    client_crate::run(folder, &document, &main(groups)).map(drop)
}

/// A call: what it sends, what comes back, and what is expected of both.
fn call(group: &Group, dice: &mut Dice) -> Value {
    let mut parameters = Vec::new();
    for parameter in &group.parameters {
        let mut values = Values::sent(dice, &group.components);
        // Optional ones may be left out.
        if !parameter.required && values.dice.once_in(3) {
            continue;
        }
        let read = match &parameter.schema {
            Schema::List(items) => {
                let count = 1 + values.dice.below(3);
                let read = (0..count).map(|_| plain(&mut values, items));
                read.collect::<Value>()
            }
            schema => plain(&mut values, schema),
        };
        parameters.push(json!({
            "name": parameter.name, "setter": parameter.setter, "in": parameter.place,
            "value": read,
        }));
    }
    let body = group
        .body
        .as_ref()
        .filter(|body| body.required || !dice.once_in(3));
    let body = body.map(|body| {
        let mut values = Values::sent(dice, &group.components);
        let sample = values.of(&body.schema, 0);
        json!({"form": body.is_form, "from": sample.wire, "sent": sample.read})
    });
    let mut values = Values {
        dice,
        components: &group.components,
        unknown: Some(Vec::new()),
    };
    let response = values.of(&group.response, 0);
    let read = response
        .read
        .unwrap_or_else(|| values.nothing(&group.response));
    // Some were replaced by others.
    let text = response.wire.to_string();
    let unknown = values.unknown.unwrap_or_default().into_iter();
    let unknown: Vec<String> = unknown
        .filter(|value| text.contains(value.as_str()))
        .collect();
    json!({
        "id": group.id,
        "parameters": parameters,
        "body": body,
        "returns": format!("{:?}", group.returns),
        "response": response.wire,
        "read": read,
        "unknown": unknown,
    })
}

/// A value of a parameter, which goes into a header and a path, too.
fn plain(values: &mut Values<'_, '_>, schema: &Schema) -> Value {
    match schema {
        Schema::Text(_) => format!("t {}/a", values.dice.below(100)).into(),
        schema => values.of(schema, 0).read.unwrap_or_default(),
    }
}

/// The source of the program.
fn main(groups: &[Group]) -> String {
    let mut arms = String::new();
    for group in groups {
        let mut code = format!("let call = client.{}();\n", group.id);
        for parameter in &group.parameters {
            let (name, setter) = (parameter.name, parameter.setter);
            let (schema, list) = match &parameter.schema {
                Schema::List(items) => (&**items, true),
                schema => (schema, false),
            };
            let get = match (schema, list) {
                (Schema::Integer(_), false) => "v.as_i64().unwrap()",
                (Schema::Boolean, false) => "v.as_bool().unwrap()",
                (Schema::Number, false) => "v.as_f64().unwrap()",
                (_, false) => "v.as_str().unwrap()",
                (Schema::Integer(_), true) => "&list(v, |v| v.as_i64().unwrap())[..]",
                (Schema::Boolean, true) => "&list(v, |v| v.as_bool().unwrap())[..]",
                (Schema::Number, true) => "&list(v, |v| v.as_f64().unwrap())[..]",
                (_, true) => "&list(v, |v| v.as_str().unwrap())[..]",
            };
            let _ = writeln!(
                code,
                "let call = match plan.parameter({name:?}) {{ Some(v) => call.{setter}({get}), \
                 None => call }};"
            );
        }
        if let Some(body) = &group.body {
            let name = &body.name;
            let _ = writeln!(
                code,
                "let call = match plan.has_body() {{\n\
                 true => call.body(plan.body::<any_api::types::{name}>()?),\n\
                 false => call,\n}};"
            );
        }
        let read = match group.returns {
            Returns::Json => "plan.received(&r)",
            Returns::Text => "plan.text(r).await",
            Returns::Nothing => "Ok(r)",
        };
        let _ = writeln!(
            arms,
            "{:?} => {{ {code} let r = call.await.map_err(|e| e.to_string())?.into_inner(); {read} }}",
            group.id
        );
    }
    include_str!("main.rs.in").replace("ARMS", &arms)
}

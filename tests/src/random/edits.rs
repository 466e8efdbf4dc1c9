//! Random edits of a document, as somebody may write them.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::dice::Dice;

/// An edit: the pointer of what was edited, and what was done.
pub(super) struct Edit {
    pub(super) pointer: String,
    pub(super) what: String,
}

/// Edits something that the operations of a document reach.
pub(super) fn edit(dice: &mut Dice, document: &mut Value) -> Edit {
    let places = places(document);
    let components = document["components"]["schemas"].as_object();
    let components: Vec<String> = components
        .into_iter()
        .flat_map(|all| {
            all.keys()
                .map(|name| format!("#/components/schemas/{name}"))
        })
        .collect();
    loop {
        let pointer = dice.pick(&places).clone();
        let Some(node) = document.pointer_mut(&pointer) else {
            continue;
        };
        let done = match node {
            Value::Object(entries) => of_object(dice, entries, &pointer),
            Value::Array(items) => of_list(dice, items),
            scalar => {
                let other = dice.pick(&components).clone();
                of_scalar(scalar, other).map(|what| (String::new(), what))
            }
        };
        if let Some((below, what)) = done {
            return Edit {
                pointer: pointer + &below,
                what,
            };
        }
    }
}

/// The pointers of all that operations reach.
pub(super) fn places(document: &Value) -> Vec<String> {
    let mut places = Vec::new();
    let mut seen = BTreeSet::new();
    let mut next = vec!["/paths".to_owned()];
    while let Some(pointer) = next.pop() {
        let node = document.pointer(&pointer);
        let Some(node) = node.filter(|_| seen.insert(pointer.clone())) else {
            continue;
        };
        if let Some(reference) = node.get("$ref").and_then(Value::as_str) {
            next.push(reference.trim_start_matches('#').to_owned());
        }
        match node {
            Value::Object(entries) => {
                next.extend(
                    entries
                        .keys()
                        .map(|key| format!("{pointer}/{}", token(key))),
                );
            }
            Value::Array(items) => {
                next.extend((0..items.len()).map(|index| format!("{pointer}/{index}")));
            }
            _ => {}
        }
        places.push(pointer);
    }
    places
}

pub(super) fn token(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// What a schema may be given.
fn additions() -> [(&'static str, Value); 8] {
    [
        ("nullable", json!(true)),
        ("deprecated", json!(true)),
        ("description", json!("Another description.")),
        ("maxLength", json!(99)),
        ("title", json!("Another title")),
        ("format", json!("date")),
        ("readOnly", json!(true)),
        ("example", json!("another example")),
    ]
}

fn of_object(
    dice: &mut Dice,
    entries: &mut Map<String, Value>,
    pointer: &str,
) -> Option<(String, String)> {
    let keys: Vec<String> = entries.keys().cloned().collect();
    let is_map = [
        "properties",
        "paths",
        "responses",
        "content",
        "schemas",
        "mapping",
    ]
    .contains(&pointer.rsplit('/').next().unwrap());
    match dice.below(4) {
        // Another name.
        0 if is_map && !keys.is_empty() => {
            let key = dice.pick(&keys).clone();
            let value = entries.remove(&key)?;
            entries.insert(format!("{key}_renamed"), value);
            Some((
                format!("/{}", token(&key)),
                format!("{key} has another name"),
            ))
        }
        1 if !is_map && entries.contains_key("type") => {
            let additions = additions();
            let (key, value) = dice.pick(&additions);
            let is_new = entries.insert((*key).to_owned(), value.clone()).as_ref() != Some(value);
            is_new.then(|| (format!("/{key}"), format!("{key} is {value}")))
        }
        _ if !keys.is_empty() => {
            let key = dice.pick(&keys);
            // What has properties is an object anyway, and values, formats and limits have a
            // type; an empty list, or `false`, is none.
            let implies = [
                "properties",
                "enum",
                "format",
                "pattern",
                "minLength",
                "maxLength",
                "minimum",
                "multipleOf",
                "items",
            ];
            let is_implied = key == "type" && implies.iter().any(|key| entries.contains_key(*key));
            if is_implied || [json!([]), json!(false)].contains(&entries[key]) {
                return None;
            }
            entries.remove(key);
            Some((format!("/{}", token(key)), format!("{key} is gone")))
        }
        _ => None,
    }
}

fn of_list(dice: &mut Dice, items: &mut Vec<Value>) -> Option<(String, String)> {
    if items.is_empty() {
        return None;
    }
    let index = dice.below(items.len());
    if items.iter().all(Value::is_string) && dice.once_in(2) {
        items.insert(index, json!("added"));
        return Some((format!("/{index}"), "one more".to_owned()));
    }
    items.remove(index);
    Some((format!("/{index}"), "one less".to_owned()))
}

fn of_scalar(scalar: &mut Value, other: String) -> Option<String> {
    let before = scalar.to_string();
    *scalar = match &*scalar {
        Value::Bool(set) => json!(!set),
        Value::Number(number) => json!(number.as_i64()? + 1),
        Value::String(text) => match text.as_str() {
            "string" => json!("integer"),
            "integer" | "boolean" => json!("string"),
            "query" => json!("header"),
            reference if reference.starts_with("#/components/schemas/") => {
                (reference != other).then(|| json!(other))?
            }
            text => json!(format!("{text}x")),
        },
        _ => return None,
    };
    Some(format!("{before} is {scalar}"))
}

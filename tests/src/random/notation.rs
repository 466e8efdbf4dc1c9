//! Other ways to write a document: wrapped, moved, in another order, and with more
//! documentation.

use serde_json::{Map, Value, json};

use super::dice::Dice;
use super::edits::{places, token};

/// Writes something that operations reach in another way. Returns what was done, and where;
/// `None` if there is nothing to write otherwise at the place that was chosen.
pub(super) fn rewrite(dice: &mut Dice, document: &mut Value) -> Option<String> {
    let schemas: Vec<String> = places(document)
        .into_iter()
        .filter(|pointer| is_schema(pointer))
        .filter(|pointer| document.pointer(pointer).is_some_and(Value::is_object))
        .collect();
    let pointer = dice.pick(&schemas).clone();
    let number = dice.below(1000);
    let schema = document.pointer_mut(&pointer)?;
    let done = match dice.below(8) {
        0 | 1 => wrap(dice, schema),
        2 => document_it(dice, schema),
        3 => add_part(schema)?,
        4 => reorder(dice, schema)?,
        5 => flatten(document, &pointer)?,
        6 => move_property(dice, schema, None)?,
        _ => {
            let name = format!("Moved{number}");
            let mut part = Value::Null;
            let done = move_property(dice, schema, Some((&name, &mut part)))?;
            document["components"]["schemas"][&name] = part;
            done
        }
    };
    Some(format!("{done} at {pointer}"))
}

/// Whether a schema is at a pointer, by what it is in.
fn is_schema(pointer: &str) -> bool {
    let mut tokens = pointer.rsplit('/');
    let (last, holder) = (tokens.next().unwrap(), tokens.next().unwrap_or_default());
    let is_field = ["schema", "items", "additionalProperties"].contains(&last);
    let is_number = last.parse::<u32>().is_ok();
    let is_listed = is_number && ["allOf", "oneOf", "anyOf"].contains(&holder);
    let is_named = ["properties", "schemas"].contains(&holder);
    // The property `properties` is in an object of that name.
    let is_property_of_it = tokens.next() == Some("properties") && holder == "properties";
    (is_field && holder != "properties") || is_listed || is_named || is_property_of_it
}

/// A keyword that documents a schema, or lets its value be null.
fn documentation(dice: &mut Dice) -> (&'static str, Value) {
    let all = [
        ("description", json!("Written otherwise.")),
        (
            "externalDocs",
            json!({"url": "https://random.invalid/more"}),
        ),
        ("deprecated", json!(true)),
        ("nullable", json!(true)),
    ];
    dice.pick(&all).clone()
}

fn wrap(dice: &mut Dice, schema: &mut Value) -> String {
    let mut wrapped = Map::new();
    for _ in 0..dice.below(3) {
        let (key, value) = documentation(dice);
        wrapped.insert(key.to_owned(), value);
    }
    let keys: Vec<&String> = wrapped.keys().collect();
    let done = format!("wrapped with {keys:?}");
    wrapped.insert("allOf".to_owned(), json!([schema.take()]));
    *schema = wrapped.into();
    done
}

fn document_it(dice: &mut Dice, schema: &mut Value) -> String {
    let (key, value) = documentation(dice);
    // Nothing counts beside a reference.
    if schema.get("$ref").is_none() {
        schema[key] = value;
    }
    format!("`{key}`")
}

fn add_part(schema: &mut Value) -> Option<String> {
    let parts = schema.get_mut("allOf")?.as_array_mut()?;
    parts.push(json!({"description": "Another part."}));
    Some("a part that documents".to_owned())
}

fn reorder(dice: &mut Dice, schema: &mut Value) -> Option<String> {
    let keys = ["required", "enum", "oneOf", "anyOf", "allOf"];
    let key = *dice.pick(&keys);
    let items = schema.get_mut(key)?.as_array_mut()?;
    let at = dice.below(items.len().max(1));
    items.rotate_left(at);
    Some(format!("`{key}` in another order"))
}

/// Writes the parts of an object that are written in it as one.
fn flatten(document: &mut Value, pointer: &str) -> Option<String> {
    let schema = document.pointer_mut(pointer)?.as_object_mut()?;
    let is_plain = |part: &Value| {
        let mut keys = part.as_object().into_iter().flat_map(Map::keys);
        keys.all(|key| ["type", "properties", "required"].contains(&key.as_str()))
    };
    let parts = schema.get("allOf")?.as_array()?.clone();
    if !parts.iter().all(is_plain) || parts.iter().all(|part| part.get("properties").is_none()) {
        return None;
    }
    schema.remove("allOf");
    schema.insert("type".to_owned(), "object".into());
    for part in parts {
        for (name, property) in part["properties"].as_object().into_iter().flatten() {
            schema.entry("properties").or_insert_with(|| json!({}))[name] = property.clone();
        }
        for name in part["required"].as_array().into_iter().flatten() {
            let required = schema.entry("required").or_insert_with(|| json!([]));
            required.as_array_mut()?.push(name.clone());
        }
    }
    Some("the parts as one object".to_owned())
}

/// Moves a property into a part: into a new component, if there is one to be made.
fn move_property(
    dice: &mut Dice,
    schema: &mut Value,
    component: Option<(&str, &mut Value)>,
) -> Option<String> {
    let properties = schema.get_mut("properties")?.as_object_mut()?;
    let names: Vec<String> = properties.keys().cloned().collect();
    if names.len() < 2 {
        return None;
    }
    let name = dice.pick(&names).clone();
    let property = properties.remove(&name)?;
    let mut part = json!({"type": "object", "properties": {name.clone(): property}});
    if let Some(required) = schema.get_mut("required").and_then(Value::as_array_mut)
        && let Some(at) = required.iter().position(|known| *known == name)
    {
        part["required"] = json!([required.remove(at)]);
        if required.is_empty() {
            schema.as_object_mut()?.remove("required");
        }
    }
    let done = format!("`{}` in a part", token(&name));
    let part = match component {
        Some((name, made)) => {
            *made = part;
            json!({"$ref": format!("#/components/schemas/{name}")})
        }
        None => part,
    };
    let parts = schema.as_object_mut()?.entry("allOf");
    parts
        .or_insert_with(|| json!([]))
        .as_array_mut()?
        .push(part);
    Some(done)
}

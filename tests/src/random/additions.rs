//! Random edits that only add to a document.

use super::dice::Dice;
use super::document::{Body, Group, PARAMETERS, Parameter, Returns};
use super::schema::{Alternative, Components, Maker, NAMES, Object, Schema, VALUES};

/// Adds something; returns what.
pub(super) fn add(dice: &mut Dice, groups: &mut Vec<Group>) -> String {
    let at = dice.below(groups.len());
    match dice.below(8) {
        0 => operation(dice, groups),
        1 => component(dice, &mut groups[at]),
        2 => parameter(dice, &mut groups[at]),
        3 => use_again(dice, groups, at),
        _ => within(dice, &mut groups[at]),
    }
}

/// An operation, before or after others.
fn operation(dice: &mut Dice, groups: &mut Vec<Group>) -> String {
    let number = 100 + dice.below(900);
    let group = Group::new(dice, number);
    let text = format!("the operation {}", group.id);
    groups.insert(dice.below(groups.len() + 1), group);
    text
}

/// A component that nothing uses yet, with a name that a nested type may have.
fn component(dice: &mut Dice, group: &mut Group) -> String {
    let mut name = match group.components.all.is_empty() {
        true => group.components.prefix.clone(),
        false => dice.pick(&group.components.all).0.clone(),
    };
    let suffix = dice.pick(&[
        "Item", "Name", "Note", "Size", "Value", "Kind2", "Object", "2",
    ]);
    name.push_str(suffix);
    if group.components.all.iter().all(|(known, _)| *known != name) {
        let schema = make(dice, group, 2);
        group.components.all.push((name.clone(), schema));
    }
    format!("the component {name}")
}

/// An optional parameter, before or after others.
fn parameter(dice: &mut Dice, group: &mut Group) -> String {
    let known = *dice.pick(PARAMETERS);
    if group
        .parameters
        .iter()
        .all(|parameter| parameter.name != known.0)
    {
        let parameter = Parameter::new(dice, known, false);
        let at = dice.below(group.parameters.len() + 1);
        group.parameters.insert(at, parameter);
    }
    format!("the parameter {} of {}", known.0, group.id)
}

/// An operation that sends and receives what another one has.
fn use_again(dice: &mut Dice, groups: &mut Vec<Group>, at: usize) -> String {
    let group = &groups[at];
    let is_object = |schema: &Schema| matches!(schema, Schema::Object(object) if object.is_typed);
    let objects =
        (0..group.components.all.len()).filter(|index| is_object(&group.components.all[*index].1));
    let objects: Vec<usize> = objects.collect();
    if objects.is_empty() {
        return "nothing".to_owned();
    }
    let index = *dice.pick(&objects);
    let name = group.components.all[index].0.clone();
    let id = format!("another_{}", group.id);
    let again = Group {
        id: id.clone(),
        method: "post",
        path: format!("/another/{id}"),
        parameters: Vec::new(),
        returns: Returns::Json,
        body: Some(Body {
            required: true,
            is_form: false,
            schema: Schema::Named(index),
            name: name.clone(),
        }),
        response: Schema::Named(index),
        components: group.components.clone(),
    };
    if groups.iter().all(|group| group.id != id) {
        groups.insert(dice.below(at + 1), again);
    }
    format!("{id}, which exchanges {name}")
}

/// A property, a value or an alternative, anywhere in the schemas of an operation.
fn within(dice: &mut Dice, group: &mut Group) -> String {
    let is_open = |schema: &Schema| match schema {
        Schema::Object(_) | Schema::One { tag: None, .. } => true,
        // A single value may be what an alternative is named after.
        Schema::Enum(values) => values.len() > 1,
        _ => false,
    };
    let mut count = 0;
    each(group, &mut |schema| count += usize::from(is_open(schema)));
    if count == 0 {
        return "nothing".to_owned();
    }
    let chosen = dice.below(count);
    let added = make(dice, group, 2);
    let mut number = 0;
    let mut text = String::new();
    each(group, &mut |schema| {
        if is_open(schema) {
            if number == chosen {
                text = extend(dice, schema, &added);
            }
            number += 1;
        }
    });
    format!("{text}, used by {}", group.id)
}

fn each(group: &mut Group, visitor: &mut dyn FnMut(&mut Schema)) {
    group.response.visit(visitor);
    for (_, schema) in &mut group.components.all {
        schema.visit(visitor);
    }
}

/// Adds to a schema.
fn extend(dice: &mut Dice, schema: &mut Schema, added: &Schema) -> String {
    match schema {
        Schema::Object(object) => property(dice, object, added),
        Schema::Enum(values) => {
            let value = (*dice.pick(VALUES)).to_owned();
            if !values.contains(&value) {
                let at = place(dice, values.iter(), &value);
                values.insert(at, value.clone());
            }
            format!("the value {value}")
        }
        Schema::One { alternatives, .. } => {
            let alternative = Alternative {
                schema: added.clone(),
                kinds: Vec::new(),
                is_mapped: false,
            };
            alternatives.insert(dice.below(alternatives.len() + 1), alternative);
            "an alternative".to_owned()
        }
        _ => String::new(),
    }
}

fn property(dice: &mut Dice, object: &mut Object, added: &Schema) -> String {
    let name = (*dice.pick(NAMES)).to_owned();
    if name != "id" && object.properties.iter().all(|(known, _)| *known != name) {
        let at = place(
            dice,
            object.properties.iter().map(|(known, _)| known),
            &name,
        );
        object.properties.insert(at, (name.clone(), added.clone()));
    }
    format!("the property {name}")
}

/// Where a new name may come among others: of two that are the same in Rust, the
/// first one keeps its name.
fn place<'a>(dice: &mut Dice, names: impl Iterator<Item = &'a String>, new: &str) -> usize {
    let names: Vec<&String> = names.collect();
    let same = names.iter().rposition(|name| rust(name) == rust(new));
    let first = same.map_or(0, |index| index + 1);
    first + dice.below(names.len() + 1 - first)
}

/// The letters and digits of a name.
fn rust(name: &str) -> String {
    let letters = name
        .chars()
        .filter(|c| c.is_alphabetic() || c.is_ascii_digit());
    let letters: String = letters.flat_map(char::to_lowercase).collect();
    match letters.starts_with(char::is_alphabetic) {
        true => letters,
        false => format!("x{letters}"),
    }
}

/// A schema, which may use the components of an operation.
fn make(dice: &mut Dice, group: &mut Group, depth: usize) -> Schema {
    let mut maker = Maker {
        dice,
        components: Components {
            prefix: format!("{}New", group.components.prefix),
            all: std::mem::take(&mut group.components.all),
        },
        is_sent: false,
    };
    let schema = maker.schema(depth);
    group.components.all = maker.components.all;
    schema
}

//! Puts fields into the order of the spec. progenitor sorts them by name.

use std::collections::HashMap;

use heck::ToUpperCamelCase as _;
use syn::{Field, Fields, File, Item};

use super::{alternatives, tree};
use crate::facts::{Facts, ObjectFacts};

pub(super) fn apply(file: &mut File, facts: &Facts) -> Result<usize, String> {
    let mut ordered = 0;
    let mut unknown = Vec::new();
    let objects = objects(facts);
    for item in tree::module(file, "types")? {
        let Item::Struct(item) = item else { continue };
        if alternatives::is_replaced(item) {
            continue;
        }
        let Fields::Named(fields) = &mut item.fields else {
            continue;
        };
        let wire_names: Vec<Option<String>> = fields.named.iter().map(tree::wire_name).collect();
        let names: Vec<&str> = wire_names.iter().flatten().map(String::as_str).collect();
        if names.is_empty() {
            continue;
        }
        let Some(object) = object_of(&item.ident.to_string(), names, &objects) else {
            unknown.push(item.ident.to_string());
            continue;
        };
        // Fields that are not properties, such as the rest of an open object,
        // come last.
        let place = |name: &Option<String>| {
            let mut properties = object.properties.iter();
            let place = properties.position(|known| Some(known) == name.as_ref());
            place.unwrap_or(usize::MAX)
        };
        let places = wire_names.iter().map(place);
        let unsorted = std::mem::take(&mut fields.named);
        let mut sorted: Vec<(usize, Field)> = places.zip(unsorted).collect();
        sorted.sort_by_key(|(place, _)| *place);
        fields.named = sorted.into_iter().map(|(_, field)| field).collect();
        ordered += 1;
    }
    // typify merges some types from several schemas: they stay sorted by name.
    // If no type at all is found in the document, that is a bug.
    if ordered == 0 && !unknown.is_empty() {
        return Err(format!(
            "no schema has the fields of `{}`",
            unknown.join("`, `")
        ));
    }
    Ok(ordered)
}

/// The objects of the spec by the names of their properties, sorted.
type Objects<'a> = HashMap<Vec<&'a str>, Candidates<'a>>;

/// Objects that have the same properties.
struct Candidates<'a> {
    first: &'a ObjectFacts,
    /// By the names of their types.
    named: HashMap<String, &'a ObjectFacts>,
}

fn objects(facts: &Facts) -> Objects<'_> {
    let mut objects = Objects::new();
    for object in &facts.objects {
        let names = object.properties.iter().map(String::as_str).collect();
        let candidates = objects.entry(sorted(names)).or_insert(Candidates {
            first: object,
            named: HashMap::new(),
        });
        if let Some(name) = &object.name {
            let named = &mut candidates.named;
            named.entry(name.to_upper_camel_case()).or_insert(object);
        }
    }
    objects
}

fn sorted(mut names: Vec<&str>) -> Vec<&str> {
    names.sort_unstable();
    names
}

/// The object of the spec with these properties. Where several have the same,
/// the one whose name the type has.
fn object_of<'a>(
    type_name: &str,
    names: Vec<&str>,
    objects: &Objects<'a>,
) -> Option<&'a ObjectFacts> {
    let candidates = objects.get(&sorted(names))?;
    let named = candidates.named.get(type_name).copied();
    Some(named.unwrap_or(candidates.first))
}

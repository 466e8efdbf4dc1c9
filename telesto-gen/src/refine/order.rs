//! Fields in the order of the spec, which is the order that people gave them.
//! progenitor sorts them by name.

use std::collections::HashMap;

use heck::ToUpperCamelCase as _;
use syn::punctuated::Punctuated;
use syn::{Field, Fields, File, Item};

use super::tree;
use crate::facts::{Facts, ObjectFacts};

pub(super) fn apply(file: &mut File, facts: &Facts) -> Result<usize, String> {
    let mut ordered = 0;
    let mut unknown = Vec::new();
    let objects = objects(facts);
    for item in tree::module(file, "types")? {
        let Item::Struct(item) = item else { continue };
        let Fields::Named(fields) = &mut item.fields else {
            continue;
        };
        let names: Vec<String> = fields.named.iter().filter_map(wire_name).collect();
        if names.is_empty() {
            continue;
        }
        let Some(object) = object_of(&item.ident.to_string(), &names, &objects) else {
            unknown.push(item.ident.to_string());
            continue;
        };
        let mut sorted: Vec<Field> = std::mem::take(&mut fields.named).into_iter().collect();
        // What is no property, such as the rest of an open object, comes last.
        sorted.sort_by_key(|field| {
            wire_name(field)
                .and_then(|name| object.properties.iter().position(|known| *known == name))
                .unwrap_or(usize::MAX)
        });
        fields.named = Punctuated::from_iter(sorted);
        ordered += 1;
    }
    // typify makes some types of several schemas: they stay sorted by name. That
    // no type is found in the document can only be a defect.
    if ordered == 0 && !unknown.is_empty() {
        return Err(format!(
            "no object has the fields of `{}`",
            unknown.join("`, `")
        ));
    }
    Ok(ordered)
}

/// The objects of the spec by the names of their properties, sorted.
type Objects<'a> = HashMap<Vec<&'a str>, Vec<&'a ObjectFacts>>;

fn objects(facts: &Facts) -> Objects<'_> {
    let mut objects = Objects::new();
    for object in &facts.objects {
        let names = sorted(object.properties.iter());
        objects.entry(names).or_default().push(object);
    }
    objects
}

fn sorted<'a>(names: impl Iterator<Item = &'a String>) -> Vec<&'a str> {
    let mut names: Vec<&str> = names.map(String::as_str).collect();
    names.sort_unstable();
    names
}

/// The object of the spec with these properties. Where several have the same,
/// the one whose name the type has.
fn object_of<'a>(
    type_name: &str,
    names: &[String],
    objects: &Objects<'a>,
) -> Option<&'a ObjectFacts> {
    let candidates = objects.get(&sorted(names.iter()))?;
    let named = candidates.iter().find(|object| {
        let name = object.name.as_deref();
        name.is_some_and(|name| name.to_upper_camel_case() == type_name)
    });
    named.or(candidates.first()).copied()
}

/// The name of a field on the wire; `None` if it holds several properties.
fn wire_name(field: &Field) -> Option<String> {
    let serde = tree::serde(&field.attrs);
    if serde.iter().any(|meta| meta.path().is_ident("flatten")) {
        return None;
    }
    let renamed = serde.iter().find_map(|meta| tree::text_of(meta, "rename"));
    renamed.or_else(|| {
        let ident = field.ident.as_ref()?.to_string();
        Some(ident.trim_start_matches("r#").to_owned())
    })
}

//! Fields in the order of the spec, which is the order that people gave them.
//! progenitor sorts them by name.

use std::collections::BTreeSet;

use heck::ToUpperCamelCase as _;
use syn::punctuated::Punctuated;
use syn::{Field, Fields, File, Item};

use super::tree;
use crate::facts::{Facts, ObjectFacts};

pub(super) fn apply(file: &mut File, facts: &Facts) -> Result<usize, String> {
    let mut ordered = 0;
    let mut unknown = Vec::new();
    for item in tree::module(file, "types")? {
        let Item::Struct(item) = item else { continue };
        let Fields::Named(fields) = &mut item.fields else {
            continue;
        };
        let names: Vec<String> = fields.named.iter().filter_map(wire_name).collect();
        if names.is_empty() {
            continue;
        }
        let Some(object) = object_of(&item.ident.to_string(), &names, facts) else {
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

/// The object of the spec with these properties. Where several have the same,
/// the one whose name the type has.
fn object_of<'a>(type_name: &str, names: &[String], facts: &'a Facts) -> Option<&'a ObjectFacts> {
    let names: BTreeSet<&String> = names.iter().collect();
    let candidates = facts
        .objects
        .iter()
        .filter(|object| object.properties.iter().collect::<BTreeSet<_>>() == names);
    candidates.max_by_key(|object| {
        let name = object.name.as_deref();
        name.is_some_and(|name| name.to_upper_camel_case() == type_name)
    })
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

//! Restores the wire names of properties that were renamed so that two of them
//! do not become one field.

use syn::{Fields, File, Item, parse_quote};

use super::tree;
use crate::facts::Facts;

pub(super) fn apply(file: &mut File, facts: &Facts) -> Result<usize, String> {
    let mut renamed = 0;
    for item in tree::module(file, "types")? {
        let Item::Struct(item) = item else { continue };
        let Fields::Named(fields) = &mut item.fields else {
            continue;
        };
        for field in &mut fields.named {
            let name = field.ident.as_ref().map(ToString::to_string);
            if let Some(wire) = name.and_then(|name| facts.renamed.get(&name)) {
                field.attrs.push(parse_quote!(#[serde(rename = #wire)]));
                renamed += 1;
            }
        }
    }
    if renamed < facts.renamed.len() {
        return Err(format!("{renamed} of {} properties", facts.renamed.len()));
    }
    Ok(renamed)
}

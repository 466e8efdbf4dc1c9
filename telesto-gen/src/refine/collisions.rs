//! Types with the same name. typify names a nested schema after its parents,
//! and does not check whether another type has that name.

use std::collections::BTreeSet;

use syn::{File, Item};

use super::tree;

/// The names that more than one type has, sorted.
pub(crate) fn find(file: &mut File) -> Result<BTreeSet<String>, String> {
    let mut names = BTreeSet::new();
    let items = tree::module(file, "types")?;
    let types = items.iter().filter_map(|item| match item {
        Item::Struct(item) => Some(item.ident.to_string()),
        Item::Enum(item) => Some(item.ident.to_string()),
        _ => None,
    });
    Ok(types.filter(|name| !names.insert(name.clone())).collect())
}

//! Types that typify should not have generated: several with the same name,
//! since it names a nested schema after its parents and does not check whether
//! another type has that name; and those that have no values.

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

/// The names of the types without values, sorted: parts that are merged ask for
/// what no value is.
pub(crate) fn without_values(file: &mut File) -> Result<BTreeSet<String>, String> {
    let items = tree::module(file, "types")?;
    let empty = items.iter().filter_map(|item| match item {
        Item::Enum(item) if item.variants.is_empty() => Some(item.ident.to_string()),
        _ => None,
    });
    Ok(empty.collect())
}

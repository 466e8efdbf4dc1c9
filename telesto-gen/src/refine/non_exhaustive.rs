//! `#[non_exhaustive]`: a new field or enum value in the spec breaks no code.

use syn::{Fields, File, Item, Visibility, parse_quote};

use super::tree;
use crate::facts::Facts;

pub(super) fn apply(file: &mut File, _: &Facts) -> Result<usize, String> {
    let mut marked = 0;
    for item in tree::module(file, "types")? {
        let (visibility, attributes) = match item {
            Item::Struct(item) if matches!(item.fields, Fields::Named(_)) => {
                (&item.vis, &mut item.attrs)
            }
            Item::Enum(item) => (&item.vis, &mut item.attrs),
            _ => continue,
        };
        if matches!(visibility, Visibility::Public(_)) {
            attributes.push(parse_quote!(#[non_exhaustive]));
            marked += 1;
        }
    }
    Ok(marked)
}

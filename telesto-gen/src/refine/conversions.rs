//! Implements `crate::Argument` for what the generated types can be made from: the text
//! of an enum, the alternatives of a `oneOf`.

use std::collections::BTreeSet;

use quote::{ToTokens as _, quote};
use syn::{File, Item, Type, parse_quote};

use super::tree;
use crate::facts::Facts;

pub(super) fn apply(file: &mut File, _: &Facts) -> Result<usize, String> {
    let types = tree::module(file, "types")?;
    let declared: BTreeSet<String> = types.iter().filter_map(declared).collect();
    let mut parsed = Vec::new();
    let mut conversions = Vec::new();
    for item in types.iter() {
        let Item::Impl(block) = item else { continue };
        let Some((of, _)) = &block.trait_ else {
            continue;
        };
        let to = &*block.self_ty;
        if !tree::type_name(to).is_some_and(|name| declared.contains(&name)) {
            continue;
        }
        let Some(last) = of.segments.last() else {
            continue;
        };
        if last.ident == "FromStr" {
            parsed.push(quote!(#to));
        } else if (last.ident == "From" || last.ident == "TryFrom")
            && let Some(from) = tree::first_argument(of)
            && !is_text(from)
        {
            conversions.push(quote!(#from => #to));
        }
    }
    let count = parsed.len() + conversions.len();
    if !parsed.is_empty() {
        types.push(parse_quote!(crate::argument::parsed! { #(#parsed),* }));
    }
    if !conversions.is_empty() {
        types.push(parse_quote!(
            crate::argument::conversions! { #(#conversions),* }
        ));
    }
    Ok(count)
}

/// The name of a type that an item declares.
fn declared(item: &Item) -> Option<String> {
    match item {
        Item::Struct(item) => Some(item.ident.to_string()),
        Item::Enum(item) => Some(item.ident.to_string()),
        _ => None,
    }
}

/// Whether this is text, which is parsed.
fn is_text(ty: &Type) -> bool {
    let text = ty.to_token_stream().to_string().replace(' ', "");
    matches!(
        text.as_str(),
        "&str" | "String" | "::std::string::String" | "&String" | "&::std::string::String"
    )
}

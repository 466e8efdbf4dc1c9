//! A value that an enum of texts does not list is kept as `Unknown`, instead of
//! failing the whole list that it is in. It is read and never sent.
//!
//! An enum of one value stays as it is: that is how a schema tells its objects
//! from those of another.

use quote::ToTokens as _;
use syn::visit_mut::{self, VisitMut};
use syn::{Arm, ExprMatch, File, Item, ItemEnum, Meta, Type, parse_quote};

use super::tree;
use crate::facts::Facts;

pub(super) fn apply(file: &mut File, _: &Facts) -> Result<usize, String> {
    let items = tree::module(file, "types")?;
    let mut opened: Vec<String> = Vec::new();
    for item in items.iter_mut() {
        if let Item::Enum(item) = item
            && item.variants.len() > 1
            && item
                .variants
                .iter()
                .all(|variant| variant.fields.is_empty())
        {
            open(item)?;
            opened.push(item.ident.to_string());
        }
    }
    let mut shown = 0;
    for item in items.iter_mut() {
        let Item::Impl(block) = item else { continue };
        let Some((of, _)) = &block.trait_ else {
            continue;
        };
        let is_display = of
            .segments
            .last()
            .is_some_and(|last| last.ident == "Display");
        let name = tree::type_name(&block.self_ty).unwrap_or_default();
        if is_display && opened.contains(&name) {
            ShowUnknown.visit_item_impl_mut(block);
            shown += 1;
        }
    }
    if shown != opened.len() {
        return Err(format!("{shown} of {} enums are shown", opened.len()));
    }
    Ok(opened.len())
}

fn open(item: &mut ItemEnum) -> Result<(), String> {
    let taken = item
        .variants
        .iter()
        .any(|variant| variant.ident == "Unknown");
    if taken {
        return Err(format!("`{}` has a value `Unknown` of its own", item.ident));
    }
    item.variants.push(parse_quote! {
        /// A value that the spec does not list. It is read, and never sent: a
        /// call that is given it fails.
        #[serde(untagged, serialize_with = "crate::wire::never_sent")]
        Unknown(::std::string::String)
    });
    // A text cannot be copied.
    for attribute in &mut item.attrs {
        let derived = tree::listed(attribute, "derive");
        if !derived.is_empty() {
            let kept = derived.iter().filter(|meta| !is_copy(meta));
            *attribute = parse_quote!(#[derive(#(#kept),*)]);
        }
    }
    Ok(())
}

fn is_copy(meta: &Meta) -> bool {
    meta.path()
        .segments
        .last()
        .is_some_and(|last| last.ident == "Copy")
}

/// Adds the unknown value to the `match` of a `Display`.
struct ShowUnknown;

impl VisitMut for ShowUnknown {
    fn visit_expr_match_mut(&mut self, shown: &mut ExprMatch) {
        visit_mut::visit_expr_match_mut(self, shown);
        if shown.expr.to_token_stream().to_string() == "* self" {
            *shown.expr = parse_quote!(self);
        }
        let arm: Arm = parse_quote!(Self::Unknown(text) => f.write_str(text),);
        shown.arms.push(arm);
    }

    // Types hold no `match`.
    fn visit_type_mut(&mut self, _: &mut Type) {}
}

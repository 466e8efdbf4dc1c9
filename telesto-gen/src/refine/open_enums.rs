//! Keeps a value that an enum of strings does not list as `Unknown`, instead of
//! failing the whole list that it is in. It is never sent. If the spec lists a
//! value of that name, the variant is `Unlisted`.

use std::collections::BTreeMap;

use proc_macro2::{Ident, Span};
use quote::ToTokens as _;
use syn::visit_mut::{self, VisitMut};
use syn::{Arm, ExprMatch, File, Item, ItemEnum, Meta, Type, parse_quote};

use super::tree;
use crate::facts::Facts;

pub(super) fn apply(file: &mut File, _: &Facts) -> Result<usize, String> {
    let items = tree::module(file, "types")?;
    let mut opened: BTreeMap<String, Ident> = BTreeMap::new();
    for item in items.iter_mut() {
        if let Item::Enum(item) = item
            && item
                .variants
                .iter()
                .all(|variant| variant.fields.is_empty())
        {
            opened.insert(item.ident.to_string(), open(item));
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
        if is_display && let Some(unknown) = opened.get(&name) {
            ShowUnknown(unknown).visit_item_impl_mut(block);
            shown += 1;
        }
    }
    if shown != opened.len() {
        return Err(format!(
            "{shown} of {} enums have a `Display`",
            opened.len()
        ));
    }
    Ok(opened.len())
}

/// Adds the variant for unlisted values; returns its name.
fn open(item: &mut ItemEnum) -> Ident {
    let names = item.variants.iter();
    let names: Vec<String> = names.map(|variant| variant.ident.to_string()).collect();
    let unknown = Ident::new(&tree::free_name(&names), Span::call_site());
    item.variants.push(parse_quote! {
        /// A value that the spec does not list. It is never sent: a call with it
        /// fails.
        #[serde(untagged, serialize_with = "crate::wire::never_sent")]
        #unknown(::std::string::String)
    });
    // A `String` is not `Copy`.
    for attribute in &mut item.attrs {
        let derived = tree::listed(attribute, "derive");
        if !derived.is_empty() {
            let kept = derived.iter().filter(|meta| !is_copy(meta));
            *attribute = parse_quote!(#[derive(#(#kept),*)]);
        }
    }
    unknown
}

fn is_copy(meta: &Meta) -> bool {
    meta.path()
        .segments
        .last()
        .is_some_and(|last| last.ident == "Copy")
}

/// Adds the unknown value to the `match` of a `Display`.
struct ShowUnknown<'a>(&'a Ident);

impl VisitMut for ShowUnknown<'_> {
    fn visit_expr_match_mut(&mut self, shown: &mut ExprMatch) {
        visit_mut::visit_expr_match_mut(self, shown);
        if shown.expr.to_token_stream().to_string() == "* self" {
            *shown.expr = parse_quote!(self);
        }
        let unknown = self.0;
        let arm: Arm = parse_quote!(Self::#unknown(text) => f.write_str(text),);
        shown.arms.push(arm);
    }

    // Types contain no `match`.
    fn visit_type_mut(&mut self, _: &mut Type) {}
}

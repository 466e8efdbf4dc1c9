//! Keeps a value that an enum of strings does not list as `Unknown`, instead of
//! failing the whole list that it is in. It is never sent. A value of that name
//! that the spec lists is `Unknown_`.
//!
//! The other variants are named here, too: typify renames all of them if two have
//! the same name. The first one keeps its name, whatever is listed after it.

use std::collections::{BTreeMap, HashMap};

use proc_macro2::Ident;
use quote::ToTokens as _;
use syn::visit_mut::{self, VisitMut};
use syn::{Arm, ExprMatch, File, Item, ItemEnum, LitStr, Path, Type, Variant, parse_quote};

use super::tree;
use crate::facts::Facts;
use crate::fixup::enum_values;
use crate::names::variants;

pub(super) fn apply(file: &mut File, _: &Facts) -> Result<usize, String> {
    let items = tree::module(file, "types")?;
    let mut opened: BTreeMap<String, Names> = BTreeMap::new();
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
        let Some(names) = tree::type_name(&block.self_ty).and_then(|name| opened.get(&name)) else {
            continue;
        };
        Rename(names).visit_item_impl_mut(block);
        if is_display {
            ShowUnknown.visit_item_impl_mut(block);
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

/// The names of variants, by those that typify gave them.
type Names = HashMap<Ident, Ident>;

/// Names the variants, and adds the one for unlisted values.
fn open(item: &mut ItemEnum) -> Names {
    let values: Vec<(String, bool)> = item.variants.iter_mut().map(value).collect();
    let (listed, renamed): (Vec<String>, Vec<bool>) = values.into_iter().unzip();
    let named = variants(&listed).into_iter().zip(listed).zip(renamed);
    let mut names = Names::new();
    for (variant, ((name, value), is_renamed)) in item.variants.iter_mut().zip(named) {
        let name = tree::listed_variant(&name);
        if !is_renamed && name != value {
            variant.attrs.push(parse_quote!(#[serde(rename = #value)]));
        }
        names.insert(std::mem::replace(&mut variant.ident, name.clone()), name);
    }
    item.variants.push(parse_quote! {
        /// A value that the spec does not list. It is never sent: a call with it
        /// fails.
        #[serde(untagged, serialize_with = "crate::wire::never_sent")]
        Unknown(::std::string::String)
    });
    // A `String` is not `Copy`.
    tree::underive(&mut item.attrs, &["Copy"]);
    names
}

/// The value of a variant, and whether an attribute says it.
fn value(variant: &mut Variant) -> (String, bool) {
    let serde = tree::serde(&variant.attrs);
    let renamed = serde.iter().find_map(|meta| tree::text_of(meta, "rename"));
    let Some(value) = renamed else {
        return (variant.ident.to_string(), false);
    };
    match enum_values::within(&value) {
        Some(value) => {
            variant.attrs.retain(|attr| !attr.path().is_ident("serde"));
            variant.attrs.push(parse_quote!(#[serde(rename = #value)]));
            (value, true)
        }
        None => (value, true),
    }
}

/// Gives the variants and values that an implementation mentions their names.
struct Rename<'a>(&'a Names);

impl VisitMut for Rename<'_> {
    fn visit_path_mut(&mut self, path: &mut Path) {
        visit_mut::visit_path_mut(self, path);
        let mut segments = path.segments.iter_mut();
        if let (Some(first), Some(variant), None) =
            (segments.next(), segments.next(), segments.next())
            && first.ident == "Self"
            && let Some(name) = self.0.get(&variant.ident)
        {
            variant.ident = name.clone();
        }
    }

    fn visit_lit_str_mut(&mut self, text: &mut LitStr) {
        if let Some(value) = enum_values::within(&text.value()) {
            *text = LitStr::new(&value, text.span());
        }
    }

    // Types contain no variant.
    fn visit_type_mut(&mut self, _: &mut Type) {}
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

    // Types contain no `match`.
    fn visit_type_mut(&mut self, _: &mut Type) {}
}

//! The map of the other properties of an open object is empty until it is set.
//! typify has builders require it.

use std::collections::BTreeMap;

use proc_macro2::Ident;
use syn::visit_mut::{self, VisitMut};
use syn::{FieldValue, File, Item, Member, parse_quote};

use super::tree;
use crate::facts::Facts;

pub(super) fn apply(file: &mut File, _: &Facts) -> Result<usize, String> {
    let types = tree::module(file, "types")?;
    let rests = types.iter().filter_map(|item| {
        let Item::Struct(item) = item else {
            return None;
        };
        let mut fields = item.fields.iter();
        let rest = fields.find(|field| {
            let serde = tree::serde(&field.attrs);
            serde.iter().any(|meta| meta.path().is_ident("flatten"))
        });
        Some((item.ident.to_string(), rest?.ident.clone()?))
    });
    let rests: BTreeMap<String, Ident> = rests.collect();
    let builders = tree::module_in(types, "builder").map(Vec::as_mut_slice);
    let mut filled = 0;
    for item in builders.unwrap_or_default() {
        if let Item::Impl(block) = item
            && let Some((of, _)) = &block.trait_
            && of
                .segments
                .last()
                .is_some_and(|last| last.ident == "Default")
            && let Some(rest) = tree::type_name(&block.self_ty).and_then(|name| rests.get(&name))
        {
            let mut start = Start { rest, filled: 0 };
            start.visit_item_impl_mut(block);
            filled += start.filled;
        }
    }
    match filled == rests.len() {
        true => Ok(filled),
        false => Err(format!("{filled} builders of {} open objects", rests.len())),
    }
}

/// Has a field start empty.
struct Start<'a> {
    rest: &'a Ident,
    filled: usize,
}

impl VisitMut for Start<'_> {
    fn visit_field_value_mut(&mut self, field: &mut FieldValue) {
        visit_mut::visit_field_value_mut(self, field);
        if matches!(&field.member, Member::Named(name) if name == self.rest) {
            field.expr = parse_quote!(Ok(Default::default()));
            self.filled += 1;
        }
    }
}

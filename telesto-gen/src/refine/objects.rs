//! Has `crate::wire` write and show objects: an optional property that has no
//! value is left out, but one that is emptied is sent. Which ones are is in a hidden
//! field of each object and of its builder.

use std::collections::BTreeSet;

use proc_macro2::TokenStream;
use quote::quote;
use syn::visit_mut::{self, VisitMut};
use syn::{
    Expr, ExprStruct, Fields, FieldsNamed, File, FnArg, ImplItemFn, Item, ItemStruct, Type,
    parse_quote,
};

use super::tree;
use crate::facts::Facts;

pub(super) fn apply(file: &mut File, _: &Facts) -> Result<usize, String> {
    let types = tree::module(file, "types")?;
    let mut names = BTreeSet::new();
    let mut objects = Vec::new();
    for item in types.iter_mut() {
        let Item::Struct(item) = item else { continue };
        let ident = item.ident.clone();
        if let Some(properties) = properties(item)? {
            objects.push(quote!(#ident { #(#properties)* }));
            names.insert(ident.to_string());
        }
    }
    if objects.is_empty() {
        return Ok(0);
    }
    types.push(parse_quote!(crate::wire::objects! { #(#objects)* }));
    let builders = tree::module_in(types, "builder").ok_or("there are no builders")?;
    let mut built = 0;
    for item in builders.iter_mut() {
        match item {
            Item::Struct(builder) => {
                if let Fields::Named(fields) = &mut builder.fields {
                    hide(fields);
                }
            }
            Item::Impl(block) if block.trait_.is_some() => {
                let mut literals = Literals::default();
                literals.visit_item_impl_mut(block);
                built += literals.filled;
            }
            _ => {}
        }
    }
    // `Default`, `TryFrom` and `From` of each.
    match built == 3 * names.len() {
        true => Ok(names.len()),
        false => Err(format!("{built} conversions of {} builders", names.len())),
    }
}

/// Takes the serialization of an object away, and returns how its properties are
/// written; `None` if this is not an object.
fn properties(item: &mut ItemStruct) -> Result<Option<Vec<TokenStream>>, String> {
    let ident = &item.ident;
    let Fields::Named(fields) = &mut item.fields else {
        return Ok(None);
    };
    let mut properties = Vec::new();
    let mut rest = None;
    for field in &mut fields.named {
        let name = field.ident.clone();
        let Some(wire_name) = tree::wire_name(field) else {
            let is_map = matches!(
                tree::type_name(&field.ty).as_deref(),
                Some("BTreeMap" | "Map")
            );
            if !is_map || rest.replace(quote!(.. #name)).is_some() {
                return Err(format!("`{ident}` holds another object"));
            }
            continue;
        };
        let mut serde = tree::serde(&field.attrs);
        let all = serde.len();
        serde.retain(|meta| !meta.path().is_ident("skip_serializing_if"));
        properties.push(match serde.len() == all {
            true => quote!(required #wire_name: #name,),
            false => quote!(optional #wire_name: #name,),
        });
        tree::set_serde(field, &serde);
    }
    properties.extend(rest);
    hide(fields);
    if let Some(hidden) = fields.named.last_mut() {
        // Never sent as such by anybody: see `wire::Emptied`.
        hidden.attrs.push(parse_quote!(
            #[serde(rename = "$serde_json::private::Number", default)]
        ));
    }
    tree::underive(&mut item.attrs, &["Serialize", "Debug"]);
    Ok(Some(properties))
}

/// Adds the hidden field.
fn hide(fields: &mut FieldsNamed) {
    let hidden: FieldsNamed = parse_quote!({ __emptied: crate::wire::Emptied });
    fields.named.extend(hidden.named);
}

/// Fills the hidden field where an object or a builder is made: from what it is
/// made of, if that is another one.
#[derive(Default)]
struct Literals {
    from: Option<Expr>,
    filled: usize,
}

impl VisitMut for Literals {
    fn visit_impl_item_fn_mut(&mut self, function: &mut ImplItemFn) {
        self.from = function.sig.inputs.iter().find_map(|input| match input {
            FnArg::Typed(input) => {
                let value = &input.pat;
                Some(parse_quote!(#value.__emptied))
            }
            FnArg::Receiver(_) => None,
        });
        visit_mut::visit_impl_item_fn_mut(self, function);
    }

    fn visit_expr_struct_mut(&mut self, literal: &mut ExprStruct) {
        visit_mut::visit_expr_struct_mut(self, literal);
        if literal.path.is_ident("Self") {
            let value = match &self.from {
                Some(value) => value.clone(),
                None => parse_quote!(::std::default::Default::default()),
            };
            literal.fields.push(parse_quote!(__emptied: #value));
            self.filled += 1;
        }
    }

    // Types contain no literals.
    fn visit_type_mut(&mut self, _: &mut Type) {}
}

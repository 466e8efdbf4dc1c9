//! Has every field read and written in its wire format, through `crate::wire`:
//! `""` is `None`, a number may be text.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Attribute, Field, Fields, File, Item, ItemStruct, Type, Variant, parse_quote};

use super::{alternatives, tree};
use crate::facts::Facts;

pub(super) fn apply(file: &mut File, _: &Facts) -> Result<usize, String> {
    let items = tree::module(file, "types")?;
    let mut coerced = 0;
    let mut schemas: Vec<TokenStream> = Vec::new();
    let mut newtypes: Vec<TokenStream> = Vec::new();
    for item in items.iter_mut() {
        match item {
            Item::Struct(item) if alternatives::is_replaced(item) => {}
            Item::Struct(item) => {
                let ident = &item.ident;
                if !is_serialized(&item.attrs) {
                    return Err(format!("`{ident}` is not serialized by serde"));
                }
                match wrapped(item) {
                    Some(inner) => {
                        newtypes.push(quote!(#ident: #inner));
                        for field in &mut item.fields {
                            // serde knows nothing of dates.
                            field
                                .attrs
                                .push(parse_quote!(#[serde(with = "crate::wire")]));
                        }
                    }
                    None if matches!(item.fields, Fields::Named(_)) => {
                        schemas.push(quote!(#ident: Object));
                    }
                    // A string with constraints, which it checks itself.
                    None => schemas.push(quote!(#ident: Text)),
                }
                if let Fields::Named(fields) = &mut item.fields {
                    for field in &mut fields.named {
                        coerce(field);
                        coerced += 1;
                    }
                }
            }
            Item::Enum(item) => {
                let ident = &item.ident;
                if !is_serialized(&item.attrs) {
                    return Err(format!("`{ident}` is not serialized by serde"));
                }
                let texts = item
                    .variants
                    .iter()
                    .all(|variant| variant.fields.is_empty());
                for variant in &mut item.variants {
                    coerced += coerce_variant(variant);
                }
                let shape = if texts { quote!(Text) } else { quote!(Any) };
                schemas.push(quote!(#ident: #shape));
            }
            _ => {}
        }
    }
    if !schemas.is_empty() {
        items.push(parse_quote!(crate::wire::schemas! { #(#schemas),* }));
    }
    if !newtypes.is_empty() {
        items.push(parse_quote!(crate::wire::newtypes! { #(#newtypes),* }));
    }
    Ok(coerced)
}

/// Whether a type is serialized. `Deserialize` may be implemented by hand, so
/// only the other direction is checked.
fn is_serialized(attributes: &[Attribute]) -> bool {
    tree::derives(attributes, "Serialize")
}

/// The inner type of a newtype.
fn wrapped(item: &ItemStruct) -> Option<&Type> {
    let transparent = tree::serde(&item.attrs)
        .iter()
        .any(|meta| meta.path().is_ident("transparent"));
    match &item.fields {
        Fields::Unnamed(fields) if transparent => fields.unnamed.first().map(|field| &field.ty),
        _ => None,
    }
}

/// Has the content of a variant read and written through `crate::wire`.
fn coerce_variant(variant: &mut Variant) -> usize {
    match &mut variant.fields {
        Fields::Unit => return 0,
        Fields::Unnamed(fields) if fields.unnamed.len() == 1 => {
            variant
                .attrs
                .push(parse_quote!(#[serde(with = "crate::wire")]));
        }
        fields => fields.iter_mut().for_each(coerce),
    }
    variant.fields.len()
}

/// Has a field read and written through `crate::wire`.
fn coerce(field: &mut Field) {
    let mut serde = tree::serde(&field.attrs);
    // typify reads required nullable fields with this.
    serde.retain(|meta| !meta.path().is_ident("deserialize_with"));
    let says = |name: &str| serde.iter().any(|meta| meta.path().is_ident(name));
    // A flattened field is always there, even if it is empty.
    if may_be_absent(&field.ty) && !says("default") && !says("flatten") {
        serde.push(parse_quote!(default));
    }
    serde.push(parse_quote!(with = "crate::wire"));
    tree::set_serde(field, &serde);
}

/// Whether a field of this type may be absent. serde knows this of an `Option`
/// only if no `with` is set.
fn may_be_absent(ty: &Type) -> bool {
    tree::type_name(ty).is_some_and(|name| matches!(name.as_str(), "Option" | "Vec" | "BTreeMap"))
}

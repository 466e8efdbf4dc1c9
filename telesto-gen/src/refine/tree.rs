//! Helpers to find things in progenitor's output.

use proc_macro2::{Ident, Span};
use syn::punctuated::Punctuated;
use syn::{
    Attribute, Expr, ExprLit, Field, File, FnArg, GenericArgument, ImplItemFn, Item, ItemImpl,
    ItemMod, Lit, Meta, MetaList, Pat, Path, PathArguments, Token, Type, TypePath, parse_quote,
};

/// The items of a module at the top of the file.
pub(super) fn module<'a>(file: &'a mut File, name: &str) -> Result<&'a mut Vec<Item>, String> {
    module_in(&mut file.items, name).ok_or_else(|| format!("there is no `mod {name}`"))
}

/// The items of a module among some items.
pub(super) fn module_in<'a>(items: &'a mut [Item], name: &str) -> Option<&'a mut Vec<Item>> {
    items.iter_mut().find_map(|item| match item {
        Item::Mod(ItemMod {
            ident,
            content: Some((_, items)),
            ..
        }) if ident == name => Some(items),
        _ => None,
    })
}

/// A name without the `r#` that a keyword has.
pub(crate) fn name(ident: &Ident) -> String {
    let name = ident.to_string();
    name.strip_prefix("r#").map_or(name.clone(), str::to_owned)
}

/// The name of a variant that the spec lists: `Unknown` is for what it does not
/// list, and `Self` is Rust's.
pub(super) fn listed_variant(name: &str) -> Ident {
    let name = match name {
        "Unknown" | "Self" => format!("{name}_"),
        _ => name.to_owned(),
    };
    Ident::new(&name, Span::call_site())
}

/// The name of a field on the wire; `None` if it holds several properties.
pub(super) fn wire_name(field: &Field) -> Option<String> {
    name_on_wire(field, &serde(&field.attrs))
}

/// The same, of a field of which serde is told this.
pub(super) fn name_on_wire(field: &Field, serde: &[Meta]) -> Option<String> {
    if serde.iter().any(|meta| meta.path().is_ident("flatten")) {
        return None;
    }
    let renamed = serde.iter().find_map(|meta| text_of(meta, "rename"));
    renamed.or_else(|| field.ident.as_ref().map(name))
}

/// The inherent implementations among some items.
pub(super) fn inherent_impls(items: &mut [Item]) -> impl Iterator<Item = &mut ItemImpl> {
    items.iter_mut().filter_map(|item| match item {
        Item::Impl(item) if item.trait_.is_none() => Some(item),
        _ => None,
    })
}

/// The last name of the path that a type is.
pub(super) fn type_name(ty: &Type) -> Option<String> {
    let Type::Path(TypePath { path, .. }) = ty else {
        return None;
    };
    path.segments
        .last()
        .map(|segment| segment.ident.to_string())
}

/// The types between the angle brackets of a type.
pub(super) fn arguments(ty: &mut Type) -> Option<Vec<&mut Type>> {
    let Type::Path(ty) = ty else { return None };
    let PathArguments::AngleBracketed(arguments) = &mut ty.path.segments.last_mut()?.arguments
    else {
        return None;
    };
    let types = arguments.args.iter_mut().map(|argument| match argument {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    });
    types.collect()
}

/// The first type between the angle brackets at the end of a path.
pub(super) fn first_argument(path: &Path) -> Option<&Type> {
    let PathArguments::AngleBracketed(arguments) = &path.segments.last()?.arguments else {
        return None;
    };
    match arguments.args.first()? {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    }
}

/// The `T` of `name<T>`.
pub(super) fn within<'a>(ty: &'a Type, name: &str) -> Option<&'a Type> {
    match ty {
        Type::Path(path) if type_name(ty).as_deref() == Some(name) => first_argument(&path.path),
        _ => None,
    }
}

/// The last name of the type that is within all angle brackets of a type.
pub(super) fn innermost(ty: &Type) -> Option<String> {
    let Type::Path(path) = ty else { return None };
    match first_argument(&path.path) {
        Some(inner) => innermost(inner),
        None => type_name(ty),
    }
}

/// The type of the argument `value` of a setter.
pub(super) fn taken(function: &ImplItemFn) -> Option<&Type> {
    function.sig.inputs.iter().find_map(|input| match input {
        FnArg::Typed(input) if matches!(&*input.pat, Pat::Ident(name) if name.ident == "value") => {
            Some(&*input.ty)
        }
        _ => None,
    })
}

/// What an attribute such as `#[derive(…)]` or `#[serde(…)]` lists.
pub(crate) fn listed(attribute: &Attribute, name: &str) -> Vec<Meta> {
    match &attribute.meta {
        Meta::List(list) if list.path.is_ident(name) => metas(list),
        _ => Vec::new(),
    }
}

/// What is in the brackets of an attribute.
pub(crate) fn metas(list: &MetaList) -> Vec<Meta> {
    list.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated)
        .map(|metas| metas.into_iter().collect())
        .unwrap_or_default()
}

/// Everything that the serde attributes say.
pub(crate) fn serde(attributes: &[Attribute]) -> Vec<Meta> {
    attributes
        .iter()
        .flat_map(|attribute| listed(attribute, "serde"))
        .collect()
}

/// Whether a trait is derived.
pub(super) fn derives(attributes: &[Attribute], name: &str) -> bool {
    attributes
        .iter()
        .flat_map(|attribute| listed(attribute, "derive"))
        .any(|meta| {
            let last = meta.path().segments.last();
            last.is_some_and(|segment| segment.ident == name)
        })
}

/// Takes traits out of what is derived.
pub(super) fn underive(attributes: &mut [Attribute], traits: &[&str]) {
    let is_kept = |meta: &&Meta| {
        let last = meta.path().segments.last();
        !last.is_some_and(|last| traits.iter().any(|name| last.ident == name))
    };
    for attribute in attributes {
        let derived = listed(attribute, "derive");
        if !derived.is_empty() {
            let kept = derived.iter().filter(is_kept);
            *attribute = parse_quote!(#[derive(#(#kept),*)]);
        }
    }
}

/// Replaces everything that the serde attributes of a field say.
pub(super) fn set_serde(field: &mut Field, serde: &[Meta]) {
    field
        .attrs
        .retain(|attribute| !attribute.path().is_ident("serde"));
    field.attrs.push(parse_quote!(#[serde(#(#serde),*)]));
}

/// The text of `name = "text"`.
pub(crate) fn text_of(meta: &Meta, name: &str) -> Option<String> {
    match meta {
        Meta::NameValue(pair) if pair.path.is_ident(name) => text(&pair.value),
        _ => None,
    }
}

/// The text that an expression is.
pub(super) fn text(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Lit(ExprLit {
            lit: Lit::Str(text),
            ..
        }) => Some(text.value()),
        _ => None,
    }
}

/// The text of a doc comment.
pub(super) fn doc(attributes: &[Attribute]) -> Option<String> {
    let lines: Vec<String> = attributes
        .iter()
        .filter_map(|attribute| text_of(&attribute.meta, "doc"))
        .collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

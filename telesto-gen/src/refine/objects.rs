//! Has `crate::wire::objects!` declare the objects: how they are written and shown, and
//! their builders, follow from their fields.

use proc_macro2::{Group, TokenStream, TokenTree};
use syn::{
    Attribute, Field, Fields, File, ImplItem, Item, ItemImpl, ItemMod, ItemStruct, Meta,
    parse_quote,
};

use super::tree;
use crate::facts::Facts;

/// The module that stands for the macro in the syntax tree: what is in a macro is neither
/// seen by other steps nor laid out.
const STAND_IN: &str = "__objects";

pub(super) fn apply(file: &mut File, _: &Facts) -> Result<usize, String> {
    let types = tree::module(file, "types")?;
    let is_object = |item: &mut Item| match item {
        Item::Struct(object) => matches!(object.fields, Fields::Named(_)),
        _ => false,
    };
    let objects = types.extract_if(.., is_object);
    let objects = objects.filter_map(|item| match item {
        Item::Struct(object) => Some(declared(object)),
        _ => None,
    });
    let objects: Vec<ItemStruct> = objects.collect::<Result<_, _>>()?;
    types.retain(|item| !is_emptied(item));
    if tree::module_in(types, "builder").is_some() {
        return Err("the builders of types are still there".to_owned());
    }
    let started = types.extract_if(.., |item| starts_builder(item)).count();
    if started != objects.len() {
        return Err(format!("{started} builders of {} objects", objects.len()));
    }
    if !objects.is_empty() {
        let stand_in = quote::format_ident!("{STAND_IN}");
        types.insert(0, parse_quote!(mod #stand_in { #(#objects)* }));
    }
    Ok(started)
}

/// Empties the module of the builders of types. They are more than half of what
/// progenitor writes, so they are not even parsed.
pub(crate) fn without_builders(code: TokenStream) -> TokenStream {
    within(code, "types", &|types| {
        within(types, "builder", &|_| TokenStream::new())
    })
}

/// Changes what is in the module `name` of some code.
fn within(
    code: TokenStream,
    name: &str,
    change: &dyn Fn(TokenStream) -> TokenStream,
) -> TokenStream {
    let mut before = [None, None];
    let tokens = code.into_iter().map(|token| {
        let is_in = matches!(&before, [Some(one), Some(other)] if one == "mod" && other == name);
        let [_, last] = std::mem::take(&mut before);
        match token {
            TokenTree::Group(group) if is_in => {
                Group::new(group.delimiter(), change(group.stream())).into()
            }
            TokenTree::Ident(ident) => {
                before = [last, Some(ident.clone())];
                ident.into()
            }
            other => other,
        }
    });
    tokens.collect()
}

/// The text of a file, with the macro in place of what stands for it. It is the first
/// item of its module, so nothing of the document comes before it.
pub(crate) fn with_macro(text: &str) -> String {
    let stand_in = format!("    mod {STAND_IN} {{\n");
    text.replacen(&stand_in, "    crate::wire::objects! {\n", 1)
}

/// Whether a module stands for the macro.
pub(crate) fn is_stand_in(module: &ItemMod) -> bool {
    module.ident == STAND_IN
}

/// The name on the wire of a property as the macro takes it; `None` if it is not one.
pub(crate) fn wire_name(field: &Field) -> Option<String> {
    let read = match &field.attrs.first()?.meta {
        Meta::List(read) => tree::metas(read),
        _ => Vec::new(),
    };
    tree::name_on_wire(field, &read)
}

/// The name of the setter of a field; see `crate::type_builder::setter!`.
pub(crate) fn setter(field: &str) -> &str {
    match field {
        "build" => "build_",
        other => other,
    }
}

/// Whether this is the emptied module of the builders.
fn is_emptied(item: &Item) -> bool {
    matches!(item, Item::Mod(ItemMod { ident, content: Some((_, items)), .. })
        if ident == "builder" && items.is_empty())
}

/// Whether this implements nothing but `builder()`.
fn starts_builder(item: &Item) -> bool {
    let Item::Impl(ItemImpl {
        trait_: None,
        items,
        ..
    }) = item
    else {
        return false;
    };
    matches!(&items[..], [ImplItem::Fn(function)] if function.sig.ident == "builder")
}

/// An object as the macro takes it.
fn declared(mut object: ItemStruct) -> Result<ItemStruct, String> {
    let ident = &object.ident;
    let mut is_open = false;
    for field in &mut object.fields {
        let serde = tree::serde(&field.attrs);
        let says = |name: &str| serde.iter().any(|meta| meta.path().is_ident(name));
        let is_rest = says("flatten");
        let is_map = matches!(
            tree::type_name(&field.ty).as_deref(),
            Some("BTreeMap" | "Map")
        );
        if is_rest && (is_open || !is_map) {
            return Err(format!("`{ident}` holds another object"));
        }
        is_open |= is_rest;
        let kind = match says("skip_serializing_if") {
            _ if is_rest => "rest",
            true => "optional",
            false => "required",
        };
        let kind = quote::format_ident!("{kind}");
        // The macro has these of its own.
        let own = ["skip_serializing_if", "with"];
        let read = serde
            .iter()
            .filter(|meta| !own.iter().any(|name| meta.path().is_ident(name)));
        let read: Vec<_> = read.collect();
        let property: Attribute = match &read[..] {
            [] => parse_quote!(#[#kind]),
            read => parse_quote!(#[#kind(#(#read),*)]),
        };
        field
            .attrs
            .retain(|attribute| !attribute.path().is_ident("serde"));
        field.attrs.insert(0, property);
    }
    tree::underive(&mut object.attrs, &["Serialize", "Debug"]);
    let openness = if is_open { "open" } else { "closed" };
    let openness = quote::format_ident!("{openness}");
    object.attrs.insert(0, parse_quote!(#[#openness]));
    Ok(object)
}

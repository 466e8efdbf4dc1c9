//! Restores the wire names of properties and parameters that were renamed so that two
//! of them do not become one field or one setter.

use proc_macro2::{Group, Ident, Literal, TokenStream, TokenTree};
use syn::visit_mut::{self, VisitMut};
use syn::{Attribute, Field, File, Item, LitStr, Macro, Meta, parse_quote};
use unicode_ident::is_xid_continue;

use super::tree;
use crate::facts::Facts;
use crate::fixup::renamed::split;
use crate::names::is_builder_method;

pub(super) fn apply(file: &mut File, facts: &Facts) -> Result<usize, String> {
    let items = tree::module(file, "types")?;
    let mut renamed = 0;
    for item in items.iter_mut() {
        let fields: Vec<&mut Field> = match item {
            Item::Struct(item) => item.fields.iter_mut().collect(),
            Item::Enum(item) => {
                let variants = item.variants.iter_mut();
                variants.flat_map(|variant| &mut variant.fields).collect()
            }
            _ => continue,
        };
        for field in fields {
            let name = field.ident.as_ref().map(ToString::to_string);
            if let Some((_, wire, _)) = name.as_deref().and_then(split) {
                field.attrs.push(parse_quote!(#[serde(rename = #wire)]));
                renamed += 1;
            }
        }
    }
    // To look at every name takes time.
    if renamed > 0 {
        items.iter_mut().for_each(|item| Plain.visit_item_mut(item));
    }
    renamed += parameters(file, facts);
    Ok(renamed)
}

/// Restores the names of parameters, in a client or its mocks. Returns how many were
/// renamed.
pub(super) fn parameters(file: &mut File, facts: &Facts) -> usize {
    let operations = facts.operations.iter();
    let parameters = operations.flat_map(|operation| &operation.parameters);
    let renamed = parameters.filter(|parameter| parameter.is_renamed);
    let renamed = renamed.count();
    if renamed > 0 {
        WireNames.visit_file_mut(file);
        Plain.visit_file_mut(file);
    }
    renamed
}

/// Makes names on the wire of texts that are names.
struct WireNames;

impl VisitMut for WireNames {
    fn visit_lit_str_mut(&mut self, text: &mut LitStr) {
        if let Some((before, wire, "")) = split(&text.value())
            && before.chars().all(is_xid_continue)
        {
            *text = LitStr::new(&wire, text.span());
        }
    }
}

/// Takes the names that they carry from all others.
struct Plain;

impl VisitMut for Plain {
    fn visit_ident_mut(&mut self, ident: &mut Ident) {
        if let Some(name) = plain(&ident.to_string()) {
            *ident = Ident::new(&name, ident.span());
        }
    }

    fn visit_lit_str_mut(&mut self, text: &mut LitStr) {
        if let Some(plain) = plain(&text.value()) {
            *text = LitStr::new(&plain, text.span());
        }
    }

    fn visit_macro_mut(&mut self, call: &mut Macro) {
        visit_mut::visit_macro_mut(self, call);
        call.tokens = tokens(&call.tokens);
    }

    fn visit_attribute_mut(&mut self, attribute: &mut Attribute) {
        visit_mut::visit_attribute_mut(self, attribute);
        if let Meta::List(list) = &mut attribute.meta {
            list.tokens = tokens(&list.tokens);
        }
    }
}

/// A text without the names that it carries; `None` if there are none.
fn plain(text: &str) -> Option<String> {
    let (before, wire, after) = split(text)?;
    let after = plain(after).unwrap_or_else(|| after.to_owned());
    let other = before.trim_end_matches(is_xid_continue);
    if other.ends_with('{') && after.starts_with('}') {
        // A path, in docs.
        return Some(format!("{other}{wire}{after}"));
    }
    let underscore = if is_builder_method(&before[other.len()..]) {
        "_"
    } else {
        ""
    };
    Some(format!("{before}{underscore}{after}"))
}

fn tokens(all: &TokenStream) -> TokenStream {
    let plain_one = |token: TokenTree| match token {
        TokenTree::Group(group) => {
            TokenTree::Group(Group::new(group.delimiter(), tokens(&group.stream())))
        }
        TokenTree::Ident(ident) => match plain(&ident.to_string()) {
            Some(name) => TokenTree::Ident(Ident::new(&name, ident.span())),
            None => TokenTree::Ident(ident),
        },
        TokenTree::Literal(literal) => match plain(&literal.to_string()) {
            Some(text) => text
                .parse::<Literal>()
                .map_or(TokenTree::Literal(literal), Into::into),
            None => TokenTree::Literal(literal),
        },
        other => other,
    };
    all.clone().into_iter().map(plain_one).collect()
}

//! Restores the wire names of properties that were renamed so that two of them
//! do not become one field.

use proc_macro2::{Group, Ident, Literal, TokenStream, TokenTree};
use syn::visit_mut::{self, VisitMut};
use syn::{Attribute, Field, File, LitStr, Macro, Meta, Visibility, parse_quote};

use super::tree;
use crate::facts::Facts;
use crate::fixup::renamed::split;

pub(super) fn apply(file: &mut File, _: &Facts) -> Result<usize, String> {
    let mut names = Names { renamed: 0 };
    for item in tree::module(file, "types")? {
        names.visit_item_mut(item);
    }
    Ok(names.renamed)
}

struct Names {
    renamed: usize,
}

impl VisitMut for Names {
    fn visit_field_mut(&mut self, field: &mut Field) {
        let name = field.ident.as_ref().map(ToString::to_string);
        let wire = name.and_then(|name| split(&name).map(|(_, wire, _)| wire));
        // The fields of builders are private, and have no names on the wire.
        if let (Some(wire), Visibility::Public(_)) = (wire, &field.vis) {
            field.attrs.push(parse_quote!(#[serde(rename = #wire)]));
            self.renamed += 1;
        }
        visit_mut::visit_field_mut(self, field);
    }

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
    let (before, _, after) = split(text)?;
    let after = plain(after).unwrap_or_else(|| after.to_owned());
    Some(format!("{before}{after}"))
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

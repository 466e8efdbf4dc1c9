//! Makes enums of the structs that `fixup::alternatives` has typify generate:
//! one variant for each alternative, and one for a value that is none of them.

use std::collections::{BTreeMap, HashMap};

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens as _, quote};
use syn::visit_mut::{self, VisitMut};
use syn::{
    Attribute, Expr, Field, FieldValue, Fields, File, ImplItem, Item, ItemStruct, Member, Path,
    Type, parse_quote,
};

use super::tree;
use crate::facts::Facts;
use crate::fixup::alternatives::MARK;
use crate::spec::alternatives::{Case, Union};

pub(super) fn apply(file: &mut File, facts: &Facts) -> Result<usize, String> {
    let types = tree::module(file, "types")?;
    let mut enums = BTreeMap::new();
    for item in types.iter() {
        if let Item::Struct(item) = item
            && let Some(number) = number(item)
        {
            let union = facts.unions.get(number);
            let union = union.ok_or_else(|| format!("there are no alternatives {number}"))?;
            enums.insert(item.ident.to_string(), items(item, union)?);
        }
    }
    let is_gone = |item: &Item| match item {
        Item::Struct(item) => enums.contains_key(&item.ident.to_string()),
        Item::Impl(block) => {
            tree::type_name(&block.self_ty).is_some_and(|name| enums.contains_key(&name))
        }
        _ => false,
    };
    let names: Vec<String> = enums.keys().cloned().collect();
    // Each enum takes the place of its struct.
    let all = std::mem::take(types).into_iter();
    *types = all
        .flat_map(|item| match &item {
            Item::Struct(gone) if is_gone(&item) => {
                let items = enums.get(&gone.ident.to_string());
                items.cloned().unwrap_or_default()
            }
            _ if is_gone(&item) => Vec::new(),
            _ => vec![item],
        })
        .collect();
    bodies(tree::module(file, "builder")?, &names)?;
    Ok(names.len())
}

/// Whether an enum takes the place of this struct.
pub(super) fn is_replaced(item: &ItemStruct) -> bool {
    number(item).is_some()
}

/// Which alternatives a struct has.
fn number(item: &ItemStruct) -> Option<usize> {
    let mut fields = item.fields.iter();
    fields.find_map(|field| {
        let name = field.ident.as_ref()?.to_string();
        name.strip_prefix(MARK)?.parse().ok()
    })
}

/// The enum, and what it implements.
fn items(item: &ItemStruct, union: &Union) -> Result<Vec<Item>, String> {
    let ident = &item.ident;
    let fields = item.fields.iter();
    let fields: BTreeMap<String, &Field> = fields
        .filter_map(|field| Some((tree::wire_name(field)?, field)))
        .collect();
    let mut variants = Vec::new();
    for alternative in &union.alternatives {
        let name = &alternative.name;
        let field = fields.get(name);
        let field = field.ok_or_else(|| format!("`{ident}` has no `{name}`"))?;
        variants.push((tree::listed_variant(name), *field));
    }
    let docs = docs(&item.attrs);
    let statuses: HashMap<usize, &str> = statuses(union).collect();
    let listed = variants.iter().enumerate();
    let listed = listed.map(|(index, (variant, field))| {
        let (docs, ty) = (self::docs(&field.attrs), &field.ty);
        let status = statuses.get(&index).map(|status| {
            let doc = format!(" The body of a response with the status {status}.");
            quote!(#[doc = #doc])
        });
        quote!(#(#docs)* #status #variant(#ty))
    });
    let unknown = match union.is_by_status() {
        true => " The body of a response with a status that the spec does not list.",
        false => " A value of none of the kinds that the spec lists.",
    };
    let mut items = vec![parse_quote! {
        #(#docs)*
        #[derive(Clone, Debug, PartialEq)]
        pub enum #ident {
            #(#listed,)*
            #[doc = #unknown]
            /// It is never sent: a call with it fails.
            Unknown(::serde_json::Value),
        }
    }];
    items.extend(match union.is_by_status() {
        true => vec![by_status(ident, union)],
        false => by_kind(ident, union, &variants),
    });
    Ok(items)
}

/// The statuses of alternatives, by their index.
fn statuses(union: &Union) -> impl Iterator<Item = (usize, &str)> {
    union.cases.iter().filter_map(|(index, case)| match case {
        Case::Status(status) => Some((*index, status.as_str())),
        _ => None,
    })
}

/// What an enum implements whose variant the status of the response says.
fn by_status(ident: &Ident, union: &Union) -> Item {
    let cases = statuses(union).map(|(index, status)| {
        let variant = tree::listed_variant(&union.alternatives[index].name);
        quote!(#variant: #status)
    });
    parse_quote! {
        crate::wire::by_status! {
            #ident { #(#cases),* }
        }
    }
}

/// What an enum implements whose variant the value says itself.
fn by_kind(ident: &Ident, union: &Union, variants: &[(Ident, &Field)]) -> Vec<Item> {
    let alternatives = union.alternatives.iter().zip(variants);
    let written =
        alternatives.map(
            |(alternative, (variant, _))| match (&union.tag, &alternative.kind) {
                (Some(tag), Some(kind)) => quote!(#variant: #tag = #kind),
                _ => quote!(#variant),
            },
        );
    let cases = union.cases.iter().map(|(index, case)| {
        let variant = tree::listed_variant(&union.alternatives[*index].name);
        case_of(&variant, case)
    });
    let mut items = vec![parse_quote! {
        crate::wire::alternatives! {
            #ident {
                write { #(#written),* }
                read { #(#cases),* }
            }
        }
    }];
    let takes_text = union.cases.iter().any(|(_, case)| *case == Case::Scalar);
    if takes_text {
        items.push(parse_quote!(crate::argument::texts!(#ident);));
    }
    let conversions = variants.iter();
    items.extend(conversions.map(|(variant, field)| conversion(ident, variant, &field.ty)));
    items
}

fn docs(attributes: &[Attribute]) -> Vec<&Attribute> {
    let docs = attributes.iter();
    docs.filter(|attribute| attribute.path().is_ident("doc"))
        .collect()
}

fn conversion(ident: &Ident, variant: &Ident, ty: &Type) -> Item {
    let (taken, value): (&Type, Expr) = match tree::within(ty, "Box") {
        Some(inner) => (inner, parse_quote!(::std::boxed::Box::new(value))),
        None => (ty, parse_quote!(value)),
    };
    parse_quote! {
        impl ::std::convert::From<#taken> for #ident {
            fn from(value: #taken) -> Self {
                Self::#variant(#value)
            }
        }
    }
}

fn case_of(variant: &Ident, case: &Case) -> TokenStream {
    match case {
        Case::Scalar => quote!(#variant if Scalar),
        Case::List => quote!(#variant if List),
        // That is not known of a value.
        Case::Status(_) => quote!(),
        Case::Object { has, is } => {
            let is = is
                .iter()
                .map(|(name, values)| quote!(#name: [#(#values),*]));
            quote! {
                #variant if Object { has: [#(#has),*], is: [#(#is),*] }
            }
        }
    }
}

/// The bodies of operations are such enums, not builders of structs.
fn bodies(items: &mut [Item], names: &[String]) -> Result<(), String> {
    let is_builder = |path: &Path| {
        let mut segments = path.segments.iter().rev();
        let last = segments.next().map(|segment| segment.ident.to_string());
        last.is_some_and(|last| names.contains(&last))
            && segments
                .next()
                .is_some_and(|segment| segment.ident == "builder")
    };
    let mut owners = Vec::new();
    for item in items.iter_mut() {
        let Item::Struct(builder) = item else {
            continue;
        };
        let Fields::Named(fields) = &mut builder.fields else {
            continue;
        };
        for field in &mut fields.named {
            let Some(Type::Path(held)) =
                tree::arguments(&mut field.ty).and_then(|arguments| arguments.into_iter().next())
            else {
                continue;
            };
            if is_builder(&held.path) {
                let segments = held.path.segments.iter();
                let named = segments.filter(|segment| segment.ident != "builder");
                let named: Vec<_> = named.cloned().collect();
                held.path.segments = named.into_iter().collect();
                owners.push(builder.ident.to_string());
            }
        }
    }
    for item in items {
        let Item::Impl(block) = item else { continue };
        let owner = tree::type_name(&block.self_ty).unwrap_or_default();
        if !owners.contains(&owner) {
            continue;
        }
        let before = block.items.len();
        block
            .items
            .retain(|item| !matches!(item, ImplItem::Fn(f) if f.sig.ident == "body_map"));
        let mut body = Body { changed: 0 };
        block
            .items
            .iter_mut()
            .for_each(|item| body.visit_impl_item_mut(item));
        // What it starts as, and where it is sent.
        if (before - block.items.len(), body.changed) != (1, 2) {
            return Err(format!("the body of `{owner}` is in another form"));
        }
    }
    Ok(())
}

/// Has a body start unset, and sent as it is.
struct Body {
    changed: usize,
}

impl VisitMut for Body {
    fn visit_field_value_mut(&mut self, field: &mut FieldValue) {
        if matches!(&field.member, Member::Named(name) if name == "body") {
            field.expr = parse_quote!(Err("body was not initialized".to_string()));
            self.changed += 1;
        }
    }

    fn visit_expr_mut(&mut self, expr: &mut Expr) {
        visit_mut::visit_expr_mut(self, expr);
        if let Expr::MethodCall(call) = expr
            && call.method == "and_then"
            && call.receiver.to_token_stream().to_string() == "body"
        {
            *expr = (*call.receiver).clone();
            self.changed += 1;
        }
    }
}

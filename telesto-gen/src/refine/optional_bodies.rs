//! Makes bodies optional that the document does not require: progenitor treats
//! every body as required.

use std::collections::BTreeSet;

use quote::ToTokens as _;
use syn::visit_mut::{self, VisitMut};
use syn::{
    Expr, ExprAssign, FieldValue, Fields, File, ImplItem, ImplItemFn, Item, Member, Type,
    parse_quote,
};

use super::tree;
use crate::facts::Facts;
use crate::names;

pub(super) fn apply(file: &mut File, facts: &Facts) -> Result<usize, String> {
    let operations = facts.operations.iter();
    let optional: BTreeSet<String> = operations
        .filter(|operation| {
            let body = operation.body.as_ref();
            body.is_some_and(|body| !body.required)
        })
        .map(|operation| names::pascal(&operation.id))
        .collect();
    if optional.is_empty() {
        return Ok(0);
    }
    let mut changed = BTreeSet::new();
    for item in tree::module(file, "builder")? {
        match item {
            Item::Struct(builder) if optional.contains(&builder.ident.to_string()) => {
                field(&mut builder.fields)
                    .ok_or_else(|| format!("`{}` has no `body`", builder.ident))?;
            }
            Item::Impl(block) => {
                let name = tree::type_name(&block.self_ty).unwrap_or_default();
                if !optional.contains(&name) {
                    continue;
                }
                for item in &mut block.items {
                    if let ImplItem::Fn(function) = item {
                        change(function).map_err(|reason| format!("`{name}`: {reason}"))?;
                    }
                }
                changed.insert(name);
            }
            _ => {}
        }
    }
    match changed == optional {
        true => Ok(changed.len()),
        false => Err(format!("{changed:?} of {optional:?}")),
    }
}

/// `Result<T, String>` becomes one of `Option<T>`.
fn field(fields: &mut Fields) -> Option<()> {
    let body = fields
        .iter_mut()
        .find(|field| field.ident.as_ref().is_some_and(|name| name == "body"))?;
    let [value, _] = tree::arguments(&mut body.ty)?.try_into().ok()?;
    let inner: &Type = value;
    *value = parse_quote!(::std::option::Option<#inner>);
    Some(())
}

fn change(function: &mut ImplItemFn) -> Result<(), String> {
    let name = function.sig.ident.to_string();
    let mut body = Body { places: 0 };
    match name.as_str() {
        // `None` until a setter is called.
        "new" | "body" | "body_map" => body.visit_block_mut(&mut function.block),
        "send" => {
            let check = function.block.to_token_stream().to_string();
            // Bodies without a builder are not checked.
            body.places += usize::from(!check.contains("body . and_then"));
            body.visit_block_mut(&mut function.block);
            body.places = body.places.saturating_sub(1);
        }
        _ => return Ok(()),
    }
    match body.places {
        1 => Ok(()),
        places => Err(format!(
            "`{name}` has its body in {places} places instead of 1"
        )),
    }
}

struct Body {
    places: usize,
}

impl VisitMut for Body {
    fn visit_field_value_mut(&mut self, field: &mut FieldValue) {
        if matches!(&field.member, Member::Named(name) if name == "body") {
            field.expr = parse_quote!(Ok(::std::option::Option::None));
            self.places += 1;
        }
    }

    fn visit_expr_assign_mut(&mut self, assignment: &mut ExprAssign) {
        let value = &assignment.right;
        *assignment.right = match value.to_token_stream().to_string().as_str() {
            "self . body . map (f)" => parse_quote! {
                self.body.map(|body| ::std::option::Option::Some(f(body.unwrap_or_default())))
            },
            _ => parse_quote!(#value.map(::std::option::Option::Some)),
        };
        self.places += 1;
    }

    fn visit_expr_mut(&mut self, expr: &mut Expr) {
        if let Some(request) = with_body(expr) {
            let request = std::mem::replace(request, parse_quote!(request));
            *expr = parse_quote!({
                let request = #request;
                match body {
                    ::std::option::Option::Some(body) => #expr,
                    ::std::option::Option::None => request,
                }
            });
            self.places += 1;
            return;
        }
        visit_mut::visit_expr_mut(self, expr);
        if let Expr::MethodCall(call) = expr
            && call.method == "and_then"
            && is_body(&call.receiver)
        {
            let check = &call.args;
            *expr = parse_quote!(body.and_then(|body| body.map(#check).transpose()));
            self.places += 1;
        }
    }
}

/// The request that an expression puts the body on, without it and without its
/// media type.
fn with_body(expr: &mut Expr) -> Option<&mut Expr> {
    let call = match expr {
        Expr::Try(attempt) => match &mut *attempt.expr {
            Expr::MethodCall(call) if call.method == "form_urlencoded" => call,
            _ => return None,
        },
        Expr::MethodCall(call) if call.method == "json" || call.method == "body" => call,
        _ => return None,
    };
    let body = match call.args.first()? {
        Expr::Reference(reference) => &reference.expr,
        other => other,
    };
    if !is_body(body) {
        return None;
    }
    let typed = matches!(&*call.receiver, Expr::MethodCall(header)
        if header.args.to_token_stream().to_string().contains("CONTENT_TYPE"));
    if !typed {
        return Some(&mut call.receiver);
    }
    match &mut *call.receiver {
        Expr::MethodCall(header) => Some(&mut header.receiver),
        _ => None,
    }
}

fn is_body(expr: &Expr) -> bool {
    matches!(expr, Expr::Path(path) if path.path.is_ident("body"))
}

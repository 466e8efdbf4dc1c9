//! The mock helpers: they expect what the client sends, and respond as Telesto
//! does. Those of progenitor compare and write the Rust values, and do not
//! compile for lists.

use quote::{ToTokens as _, quote};
use syn::visit_mut::{self, VisitMut};
use syn::{
    Block, Expr, File, FnArg, ImplItem, ImplItemFn, Item, ItemImpl, Pat, Stmt, TraitItem, Type,
    TypeParamBound, WherePredicate, parse_quote,
};

use super::{rename, tree};
use crate::facts::{Facts, OperationFacts, Returns};
use crate::spec::Coding;

/// Changes progenitor's output; returns the number of operations.
pub(crate) fn refine(file: &mut File, facts: &Facts) -> Result<usize, String> {
    rename::parameters(file, facts);
    let operations = facts.by_builder();
    let mut changed = 0;
    for block in tree::inherent_impls(tree::module(file, "operations")?) {
        let name = tree::type_name(&block.self_ty).unwrap_or_default();
        let half = |suffix: &str| operations.get(name.strip_suffix(suffix)?).copied();
        if let Some(operation) = half("When") {
            expect(block, operation)?;
        } else if let Some(operation) = half("Then") {
            response(block, operation)?;
        } else {
            continue;
        }
        changed += 1;
    }
    document(file, facts);
    match changed == 2 * facts.operations.len() {
        true => Ok(changed / 2),
        false => Err(format!(
            "{changed} halves of {} mocks",
            facts.operations.len()
        )),
    }
}

/// What a request of the operation is, and what its parts are.
fn expect(block: &mut ItemImpl, operation: &OperationFacts) -> Result<(), String> {
    for item in &mut block.items {
        let ImplItem::Fn(function) = item else {
            continue;
        };
        let name = function.sig.ident.to_string();
        if name == "into_inner" {
            continue;
        }
        if name == "new" {
            let (method, path) = (&operation.method, &operation.path);
            let request = quote!(Self(crate::httpmock::request(inner, #method, #path)));
            function.block = parse_quote!({ #request });
            continue;
        }
        let optional = optional(function).is_some();
        let mut part = Part {
            operation,
            value: if optional {
                parse_quote!(value)
            } else {
                parse_quote!(&value)
            },
            changed: false,
            bytes: false,
        };
        part.visit_block_mut(&mut function.block);
        let (changed, bytes) = (part.changed, part.bytes);
        if !changed {
            return Err(format!(
                "unexpected code in `{}` for `{name}`",
                operation.id
            ));
        }
        if bytes {
            takes_bytes(function);
        } else {
            takes_argument(function)
                .ok_or_else(|| format!("unexpected type of `{name}` in `{}`", operation.id))?;
        }
    }
    Ok(())
}

/// Makes the value of a function one that a call takes.
fn takes_argument(function: &mut ImplItemFn) -> Option<()> {
    let ty = match optional(function) {
        Some(inner) => {
            let inner = owned(inner);
            parse_quote!(::std::option::Option<#inner>)
        }
        None => owned(tree::taken(function)?),
    };
    let (ident, block) = (&function.sig.ident, &function.block.stmts);
    let name = tree::name(ident);
    *function = parse_quote! {
        pub fn #ident(self, value: impl crate::Argument<#ty>) -> Self {
            let value = crate::httpmock::argument::<#ty>(#name, value);
            #(#block)*
        }
    };
    Some(())
}

/// The type of the values that a reference leads to.
fn owned(ty: &Type) -> Type {
    match ty {
        Type::Reference(reference) if is_str(&reference.elem) => {
            parse_quote!(::std::string::String)
        }
        Type::Reference(reference) => (*reference.elem).clone(),
        other => other.clone(),
    }
}

fn is_str(ty: &Type) -> bool {
    matches!(ty, Type::Path(path) if path.path.is_ident("str"))
}

/// The value of a response, as a reference.
fn value(function: &ImplItemFn) -> Expr {
    match tree::taken(function) {
        Some(Type::Reference(reference)) if is_str(&reference.elem) => {
            parse_quote!(&value.to_owned())
        }
        Some(Type::Reference(_)) => parse_quote!(value),
        // A reference to what may be nothing.
        Some(Type::Path(option)) if is_reference(tree::first_argument(&option.path)) => {
            parse_quote!(&value.map(::std::borrow::ToOwned::to_owned))
        }
        _ => parse_quote!(&value),
    }
}

fn is_reference(ty: Option<&Type>) -> bool {
    matches!(ty, Some(Type::Reference(_)))
}

/// The `T` in `where V: Into<Option<T>>`.
fn optional(function: &ImplItemFn) -> Option<&Type> {
    let clause = function.sig.generics.where_clause.as_ref()?;
    let WherePredicate::Type(predicate) = clause.predicates.first()? else {
        return None;
    };
    let TypeParamBound::Trait(into) = predicate.bounds.first()? else {
        return None;
    };
    match tree::first_argument(&into.path)? {
        Type::Path(option) => tree::first_argument(&option.path),
        _ => None,
    }
}

fn is_named(pattern: &Pat, name: &str) -> bool {
    matches!(pattern, Pat::Ident(pattern) if pattern.ident == name)
}

struct Part<'a> {
    operation: &'a OperationFacts,
    value: Expr,
    changed: bool,
    /// Whether it is a body without a type.
    bytes: bool,
}

impl VisitMut for Part<'_> {
    fn visit_block_mut(&mut self, block: &mut Block) {
        // `let re = Regex::new(&format!("^/things/{}$", value.to_string())).unwrap();`
        if let Some(Stmt::Local(pattern)) = block.stmts.first()
            && is_named(&pattern.pat, "re")
        {
            let text = pattern.to_token_stream().to_string();
            let before = text.split_once("{}").map_or("", |(before, _)| before);
            let number = before.matches(".*").count();
            let (path, value) = (&self.operation.path, &self.value);
            *block = parse_quote!({
                Self(crate::httpmock::path_parameter(self.0, #path, #number, #value))
            });
            self.changed = true;
            return;
        }
        visit_mut::visit_block_mut(self, block);
    }

    fn visit_expr_mut(&mut self, expr: &mut Expr) {
        visit_mut::visit_expr_mut(self, expr);
        let Expr::MethodCall(call) = expr else { return };
        if call.method == "into" && call.args.is_empty() {
            *expr = parse_quote!(&value);
            return;
        }
        let (when, name, value) = (&call.receiver, call.args.first(), &self.value);
        let body = match self.operation.coding() {
            Some(Coding::Form) => quote!(form_body),
            Some(Coding::FormData) => quote!(multipart_body),
            _ => quote!(json_body),
        };
        let joined_by = name
            .and_then(tree::text)
            .and_then(|name| self.operation.joined_by(&name));
        *expr = match call.method.to_string().as_str() {
            "query_param" if joined_by.is_some() => {
                parse_quote!(crate::httpmock::joined_query(#when, #name, #value, #joined_by))
            }
            "query_param" => parse_quote!(crate::httpmock::query(#when, #name, #value)),
            "header" => parse_quote!(crate::httpmock::header(#when, #name, #value)),
            "json_body_obj" => parse_quote!(crate::httpmock::#body(#when, #value)),
            "json_body" | "body" => {
                self.bytes = true;
                parse_quote!(crate::httpmock::bytes_body(#when, value))
            }
            _ => return,
        };
        self.changed = true;
    }
}

/// Makes the value of a function bytes.
fn takes_bytes(function: &mut ImplItemFn) {
    for input in &mut function.sig.inputs {
        if let FnArg::Typed(input) = input
            && is_named(&input.pat, "value")
        {
            *input.ty = parse_quote!(impl ::std::convert::AsRef<[u8]>);
        }
    }
}

/// Writes the responses of an operation in their wire format, and adds errors,
/// which progenitor does not know.
fn response(block: &mut ItemImpl, operation: &OperationFacts) -> Result<(), String> {
    for item in &mut block.items {
        let ImplItem::Fn(function) = item else {
            continue;
        };
        let mut response = Response {
            media_type: match &operation.returns {
                Returns::Bytes(media_type) => media_type,
                Returns::Json | Returns::Nothing => "",
            },
            value: value(function),
            bytes: false,
            unknown: false,
        };
        response.visit_block_mut(&mut function.block);
        if response.unknown {
            return Err(format!("unexpected response of `{}`", operation.id));
        }
        if response.bytes {
            takes_bytes(function);
        }
    }
    if operation.may_return_nothing {
        block.items.push(parse_quote! {
            /// Succeeds without a body.
            pub fn nothing(self) -> Self {
                Self(self.0.status(204))
            }
        });
    }
    block.items.push(parse_quote! {
        /// Refuses the request with this status and this type of error, such
        /// as `NOT_FOUND`, in the envelope that all errors come in.
        pub fn error(self, status: u16, error_type: &str) -> Self {
            Self(crate::httpmock::error(self.0, status, error_type))
        }
    });
    Ok(())
}

struct Response<'a> {
    media_type: &'a str,
    value: Expr,
    bytes: bool,
    /// Whether a body is written in an unexpected way.
    unknown: bool,
}

impl VisitMut for Response<'_> {
    fn visit_expr_mut(&mut self, expr: &mut Expr) {
        // `self.0.status(200).header("content-type", …).json_body(value)`
        if let Expr::MethodCall(body) = expr
            && let Expr::MethodCall(header) = &*body.receiver
            && let Expr::MethodCall(status) = &*header.receiver
        {
            let (then, status, media_type) = (&status.receiver, &status.args, self.media_type);
            let value = &self.value;
            if body.method == "json_body_obj" {
                *expr = parse_quote!(crate::httpmock::response(#then, #status, #value));
            } else {
                *expr = parse_quote! {
                    crate::httpmock::bytes_response(#then, #status, #media_type, value)
                };
                self.bytes = true;
            }
            return;
        }
        if let Expr::MethodCall(call) = expr {
            self.unknown |= call.method == "json_body" || call.method == "json_body_obj";
        }
        visit_mut::visit_expr_mut(self, expr);
    }
}

/// Documents which operation a mock is for.
fn document(file: &mut File, facts: &Facts) {
    let operations = facts.by_id();
    for item in &mut file.items {
        let Item::Trait(item) = item else { continue };
        for method in &mut item.items {
            let TraitItem::Fn(method) = method else {
                continue;
            };
            let id = method.sig.ident.to_string();
            if let Some(operation) = operations.get(id.as_str()) {
                let text = format!(
                    " Mocks `{} {}`, which [`Client::{id}`](crate::Client::{id}) sends.",
                    operation.method, operation.path
                );
                method.attrs.push(parse_quote!(#[doc = #text]));
            }
        }
    }
}

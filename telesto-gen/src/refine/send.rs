//! Rewrites every `send()`: sent through the middleware and decoded by
//! `crate::call`, one error type, arguments in their wire format, and no
//! `api-version` header.

use std::collections::HashMap;

use proc_macro2::Ident;
use quote::{ToTokens as _, quote};
use syn::parse::Parser as _;
use syn::punctuated::Punctuated;
use syn::visit::{self, Visit};
use syn::visit_mut::{self, VisitMut};
use syn::{
    Block, Expr, ExprCall, ExprLit, ExprMacro, ExprMethodCall, ExprStruct, ExprTry, File, ImplItem,
    ImplItemFn, Lit, LitStr, Local, Macro, Pat, Path, ReturnType, Stmt, Token, Type, parse_quote,
};

use super::{docs, tree};
use crate::facts::{Facts, OperationFacts, Returns};
use crate::spec::{Coding, route};

pub(super) fn apply(file: &mut File, facts: &Facts) -> Result<usize, String> {
    let mut rewritten = 0;
    let known = facts.by_id();
    for block in tree::inherent_impls(tree::module(file, "builder")?) {
        for item in &mut block.items {
            if let ImplItem::Fn(function) = item
                && function.sig.ident == "send"
            {
                rewrite(function, &known)?;
                rewritten += 1;
            }
        }
    }
    let operations = facts.operations.len();
    if rewritten != operations {
        return Err(format!("{rewritten} `send()` of {operations} operations"));
    }
    Ok(rewritten)
}

fn rewrite(send: &mut ImplItemFn, known: &HashMap<&str, &OperationFacts>) -> Result<(), String> {
    let mut id = OperationId(None);
    id.visit_block_mut(&mut send.block);
    let id = id.0.ok_or("a `send()` without an operation id")?;
    let operation = known.get(id.as_str());
    let operation = *operation.ok_or_else(|| format!("there is no operation `{id}`"))?;
    let returns = &operation.returns;
    docs::without_fragment(&mut send.attrs, &operation.path);
    returned(send, operation).ok_or_else(|| format!("unexpected return type of `{id}`"))?;
    end(&mut send.block, &id, returns).ok_or_else(|| format!("unexpected end of `{id}`"))?;
    Arguments { operation }.visit_block_mut(&mut send.block);
    drop_unasked_headers(&mut send.block);

    let mut left = Trace {
        names: &TRACES,
        found: None,
    };
    left.visit_block(&send.block);
    match left.found {
        Some(left) => Err(format!("`{id}` still has `{left}`")),
        None => Ok(()),
    }
}

/// Names that no `send()` may use in the end.
const TRACES: [&str; 4] = [
    "api_version",
    "encode_path",
    "InvalidRequest",
    "UnexpectedResponse",
];

/// Finds the first of `names` that is called, or named by a path. Variables do
/// not count: they have the names of parameters.
struct Trace<'a> {
    names: &'a [&'static str],
    found: Option<&'static str>,
}

impl Trace<'_> {
    fn look_at(&mut self, used: &Ident) {
        let named = self.names.iter().find(|name| used == **name);
        self.found = self.found.or(named.copied());
    }
}

impl<'ast> Visit<'ast> for Trace<'_> {
    fn visit_path(&mut self, path: &'ast Path) {
        visit::visit_path(self, path);
        if let (Some(last), 2..) = (path.segments.last(), path.segments.len()) {
            self.look_at(&last.ident);
        }
    }

    fn visit_expr_call(&mut self, call: &'ast ExprCall) {
        visit::visit_expr_call(self, call);
        if let Expr::Path(function) = &*call.func
            && let Some(name) = function.path.get_ident()
        {
            self.look_at(name);
        }
    }

    fn visit_expr_method_call(&mut self, call: &'ast ExprMethodCall) {
        visit::visit_expr_method_call(self, call);
        self.look_at(&call.method);
    }

    fn visit_macro(&mut self, call: &'ast Macro) {
        let parse = Punctuated::<Expr, Token![,]>::parse_terminated;
        for argument in parse.parse2(call.tokens.clone()).iter().flatten() {
            self.visit_expr(argument);
        }
    }
}

struct OperationId(Option<String>);

impl VisitMut for OperationId {
    fn visit_expr_struct_mut(&mut self, info: &mut ExprStruct) {
        if info.path.is_ident("OperationInfo") {
            self.0 = info
                .fields
                .first()
                .and_then(|field| tree::text(&field.expr));
        }
    }
}

/// Replaces the error type of the function; `None` if it does not return what is
/// expected.
fn returned(send: &mut ImplItemFn, operation: &OperationFacts) -> Option<()> {
    let ReturnType::Type(_, result) = &mut send.sig.output else {
        return None;
    };
    let [value, error] = tree::arguments(result)?.try_into().ok()?;
    *error = parse_quote!(crate::Error);
    let [value] = tree::arguments(value)?.try_into().ok()?;
    let is_unit = matches!(value, Type::Tuple(unit) if unit.elems.is_empty());
    // A component of that name is in a module.
    let is_stream = matches!(value, Type::Path(ty) if ty.path.is_ident("ByteStream"));
    if is_stream {
        *value = parse_quote!(crate::ByteStream);
    }
    if operation.may_return_nothing {
        *value = parse_quote!(::std::option::Option<#value>);
    }
    let is_expected = match operation.returns {
        Returns::Json => !is_unit && !is_stream,
        Returns::Bytes(_) => is_stream,
        Returns::Nothing => is_unit,
    };
    is_expected.then_some(())
}

/// Replaces the sending, and what follows it, by our own middleware and reading of
/// the response.
fn end(block: &mut Block, id: &str, returns: &Returns) -> Option<()> {
    let (at, sent) = block
        .stmts
        .iter()
        .enumerate()
        .find_map(|(at, statement)| Some((at, Sent::of(statement)?)))?;
    let Sent {
        client,
        request,
        result,
    } = sent;
    block.stmts.truncate(at);
    // `pre` and `post` are hooks, and there are none.
    block
        .stmts
        .retain(|statement| !is_hook(statement) && !is_info(statement));
    // The options are those of the `options` pass.
    block.stmts.push(parse_quote! {
        let #result = crate::call::exec(#client, #request, #id, __options).await;
    });
    let read: Expr = match returns {
        Returns::Json => parse_quote!(crate::call::json(#client, #id, #result).await),
        Returns::Bytes(_) => parse_quote!(crate::call::bytes(#client, #id, #result)),
        Returns::Nothing => parse_quote!(crate::call::nothing(#result)),
    };
    block.stmts.push(Stmt::Expr(read, None));
    Some(())
}

/// The names in `let result = client.exec(request, &info).await`. They are other
/// names if a parameter has one of these.
struct Sent {
    client: Ident,
    request: Ident,
    result: Ident,
}

impl Sent {
    fn of(statement: &Stmt) -> Option<Self> {
        let Stmt::Local(local) = statement else {
            return None;
        };
        let Pat::Ident(result) = &local.pat else {
            return None;
        };
        let Expr::Await(awaited) = &*local.init.as_ref()?.expr else {
            return None;
        };
        let Expr::MethodCall(call) = &*awaited.base else {
            return None;
        };
        (call.method == "exec").then_some(())?;
        Some(Self {
            client: variable(&call.receiver)?.clone(),
            request: variable(call.args.first()?)?.clone(),
            result: result.ident.clone(),
        })
    }
}

fn variable(expr: &Expr) -> Option<&Ident> {
    match expr {
        Expr::Path(path) => path.path.get_ident(),
        _ => None,
    }
}

/// Whether this is `let info = OperationInfo { … }`.
fn is_info(statement: &Stmt) -> bool {
    let Stmt::Local(local) = statement else {
        return false;
    };
    let init = local.init.as_ref().map(|init| &*init.expr);
    matches!(init, Some(Expr::Struct(info)) if info.path.is_ident("OperationInfo"))
}

/// Whether this is `client.pre(&mut request, &info).await?`.
fn is_hook(statement: &Stmt) -> bool {
    let Stmt::Expr(Expr::Try(attempt), _) = statement else {
        return false;
    };
    let Expr::Await(awaited) = &*attempt.expr else {
        return false;
    };
    matches!(&*awaited.base, Expr::MethodCall(call) if call.method == "pre")
}

/// Puts arguments into their wire format, and their errors into our error type.
struct Arguments<'a> {
    operation: &'a OperationFacts,
}

impl VisitMut for Arguments<'_> {
    fn visit_expr_try_mut(&mut self, attempt: &mut ExprTry) {
        visit_mut::visit_expr_try_mut(self, attempt);
        let id = &self.operation.id;
        let mut tried = (*attempt.expr).clone();
        if let Expr::MethodCall(call) = &tried {
            if call.method == "map_err" && call.args.first().is_some_and(is_invalid_request) {
                tried = (*call.receiver).clone();
            } else if call.method == "try_into" {
                // The value of a header.
                if let Expr::MethodCall(shown) = &*call.receiver {
                    let value = &shown.receiver;
                    *attempt = parse_quote!(crate::call::header(#id, &#value)?);
                    return;
                }
            } else if call.method == "form_urlencoded" {
                let (request, body) = (&call.receiver, &call.args);
                let form = match self.operation.coding() {
                    Some(Coding::FormData) => quote!(multipart),
                    _ => quote!(form),
                };
                *attempt = parse_quote!(crate::call::#form(#id, #request, #body)?);
                return;
            }
        }
        *attempt = parse_quote!(crate::call::valid(#id, #tried)?);
    }

    fn visit_expr_call_mut(&mut self, call: &mut ExprCall) {
        visit_mut::visit_expr_call_mut(self, call);
        if !ends_with(&call.func, ["QueryParam", "new"]) {
            return;
        }
        let name = call.args.first().and_then(tree::text);
        let joined_by = name.and_then(|name| self.operation.joined_by(&name));
        if let Some(value) = call.args.last_mut() {
            *value = match joined_by {
                Some(by) => parse_quote!(&crate::wire::Joined(#value, #by)),
                None => parse_quote!(&crate::wire::Written(#value)),
            };
        }
    }

    fn visit_expr_method_call_mut(&mut self, call: &mut ExprMethodCall) {
        visit_mut::visit_expr_method_call_mut(self, call);
        if call.method == "options" {
            // reqwest has no function for it.
            let (http, url) = (&call.receiver, &call.args);
            *call = parse_quote!(#http.request(::reqwest::Method::OPTIONS, #url));
        }
        if call.method == "json"
            && let Some(body) = call.args.last_mut()
        {
            *body = parse_quote!(&crate::wire::Written(#body));
        }
    }

    fn visit_expr_macro_mut(&mut self, call: &mut ExprMacro) {
        if !call.mac.path.is_ident("format") {
            return;
        }
        let parse = Punctuated::<Expr, Token![,]>::parse_terminated;
        let Ok(mut arguments) = parse.parse2(call.mac.tokens.clone()) else {
            return;
        };
        // The text of the URL comes first.
        if let Some(Expr::Lit(ExprLit {
            lit: Lit::Str(url), ..
        })) = arguments.first_mut()
        {
            *url = LitStr::new(route(&url.value()), url.span());
        }
        for argument in &mut arguments {
            if let Some(value) = path_parameter(argument) {
                let (id, name) = (&self.operation.id, value.to_token_stream().to_string());
                let name = name.trim_start_matches("r#");
                *argument = parse_quote!(crate::call::path_segment(#id, #name, &#value)?);
            }
        }
        call.mac.tokens = quote!(#arguments);
    }
}

fn is_invalid_request(argument: &Expr) -> bool {
    ends_with(argument, ["Error", "InvalidRequest"])
}

/// Whether this is a path with these names at its end.
fn ends_with(expr: &Expr, names: [&str; 2]) -> bool {
    let Expr::Path(expr) = expr else {
        return false;
    };
    let mut segments = expr.path.segments.iter().rev();
    names.iter().rev().all(|name| {
        segments
            .next()
            .is_some_and(|segment| segment.ident == *name)
    })
}

/// The value in `encode_path(&value.to_string())`.
fn path_parameter(argument: &Expr) -> Option<Expr> {
    let Expr::Call(call) = argument else {
        return None;
    };
    if !matches!(&*call.func, Expr::Path(function) if function.path.is_ident("encode_path")) {
        return None;
    }
    let Expr::Reference(reference) = call.args.first()? else {
        return None;
    };
    let Expr::MethodCall(shown) = &*reference.expr else {
        return None;
    };
    Some((*shown.receiver).clone())
}

/// Drops the `api-version` header, and with it the map of headers if it held
/// no other.
fn drop_unasked_headers(block: &mut Block) {
    let calls = |statement: &Stmt, name| {
        let names = &[name];
        let mut trace = Trace { names, found: None };
        trace.visit_stmt(statement);
        trace.found.is_some()
    };
    block
        .stmts
        .retain(|statement| !calls(statement, "api_version"));
    let made = block.stmts.iter().position(|statement| {
        matches!(statement, Stmt::Local(Local { pat: Pat::Ident(map), .. })
            if map.mutability.is_some() && map.ident == "header_map")
    });
    let Some(made) = made else { return };
    if block
        .stmts
        .iter()
        .any(|statement| calls(statement, "append"))
    {
        // Its capacity counted the removed one.
        block.stmts[made] = parse_quote!(let mut header_map = ::reqwest::header::HeaderMap::new(););
    } else {
        block.stmts.remove(made);
        NoHeaders.visit_block_mut(block);
    }
}

/// Takes `.headers(header_map)` out of a chain of calls.
struct NoHeaders;

impl VisitMut for NoHeaders {
    fn visit_expr_mut(&mut self, expr: &mut Expr) {
        visit_mut::visit_expr_mut(self, expr);
        if let Expr::MethodCall(call) = expr
            && call.method == "headers"
            && call.args.to_token_stream().to_string() == "header_map"
        {
            *expr = (*call.receiver).clone();
        }
    }
}

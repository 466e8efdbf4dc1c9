//! Gives every call a timeout of its own: a hidden field of its builder, a
//! setter, and the request that carries it to the middleware.

use proc_macro2::Ident;
use quote::format_ident;
use syn::visit_mut::{self, VisitMut};
use syn::{
    Block, Expr, ExprMethodCall, ExprStruct, Fields, FieldsNamed, File, ImplItem, Item, Local, Pat,
    Stmt, parse_quote,
};

use super::tree;
use crate::facts::Facts;

/// The name of the setter, and that of the setter of a parameter with this name.
pub(super) const SETTER: (&str, &str) = ("timeout", "timeout_");

pub(super) fn apply(file: &mut File, facts: &Facts) -> Result<usize, String> {
    let builders = tree::module(file, "builder")?;
    let mut changed = 0;
    for item in builders.iter_mut() {
        match item {
            Item::Struct(builder) => {
                if let Fields::Named(fields) = &mut builder.fields {
                    let hidden: FieldsNamed =
                        parse_quote!({ __timeout: ::std::option::Option<::std::time::Duration> });
                    fields.named.extend(hidden.named);
                }
            }
            Item::Impl(block) if block.trait_.is_none() => {
                for item in &mut block.items {
                    let ImplItem::Fn(function) = item else {
                        continue;
                    };
                    if function.sig.ident == SETTER.0 {
                        function.sig.ident = format_ident!("{}", SETTER.1);
                    } else if function.sig.ident == "new" {
                        Unset.visit_block_mut(&mut function.block);
                    } else if function.sig.ident == "send" {
                        changed += usize::from(carried(&mut function.block));
                    }
                }
                block.items.push(parse_quote! {
                    /// How long this call may take, in place of the
                    /// [timeout of the client](crate::ClientBuilder::timeout).
                    pub fn timeout(mut self, timeout: ::std::time::Duration) -> Self {
                        self.__timeout = ::std::option::Option::Some(timeout);
                        self
                    }
                });
            }
            _ => {}
        }
    }
    let operations = facts.operations.len();
    if changed != operations {
        return Err(format!("{changed} timeouts of {operations} operations"));
    }
    Ok(changed)
}

/// Leaves the hidden field of a new builder unset.
struct Unset;

impl VisitMut for Unset {
    fn visit_expr_struct_mut(&mut self, literal: &mut ExprStruct) {
        if literal.path.is_ident("Self") {
            let none = parse_quote!(__timeout: ::std::option::Option::None);
            literal.fields.push(none);
        }
    }
}

/// Has the request carry the timeout; whether it does.
fn carried(send: &mut Block) -> bool {
    let mut carry = Carry::default();
    carry.visit_block_mut(send);
    carry.taken && carry.given
}

#[derive(Default)]
struct Carry {
    taken: bool,
    given: bool,
}

impl VisitMut for Carry {
    /// `let Self { … } = self`.
    fn visit_local_mut(&mut self, local: &mut Local) {
        visit_mut::visit_local_mut(self, local);
        if let Pat::Struct(fields) = &mut local.pat
            && fields.path.is_ident("Self")
        {
            let taken: Stmt = parse_quote!(let Self { __timeout } = self;);
            if let Stmt::Local(taken) = taken
                && let Pat::Struct(taken) = taken.pat
            {
                fields.fields.extend(taken.fields);
                self.taken = true;
            }
        }
    }

    /// `client.exec(request, &info)`.
    fn visit_expr_method_call_mut(&mut self, call: &mut ExprMethodCall) {
        visit_mut::visit_expr_method_call_mut(self, call);
        if call.method == "exec"
            && let Some(request) = call.args.first_mut()
            && variable(request).is_some()
        {
            *request = parse_quote!(crate::call::timed(#request, __timeout));
            self.given = true;
        }
    }
}

fn variable(expr: &Expr) -> Option<&Ident> {
    match expr {
        Expr::Path(path) => path.path.get_ident(),
        _ => None,
    }
}

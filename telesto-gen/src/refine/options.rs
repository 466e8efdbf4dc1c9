//! Gives every call options of its own: a hidden field of its builder, their
//! setters, and `send()`, which hands them to the middleware.

use quote::format_ident;
use syn::visit_mut::{self, VisitMut};
use syn::{Block, ExprStruct, Fields, FieldsNamed, File, ImplItem, Item, Local, Pat, parse_quote};

use super::tree;
use crate::facts::Facts;

/// The names of the setters, and those of the setters of parameters with these
/// names. They hold for all operations, so that no name depends on what an
/// operation returns.
pub(super) const SETTERS: [(&str, &str); 3] = [
    ("timeout", "timeout_"),
    ("fresh", "fresh_"),
    ("allow_stale", "allow_stale_"),
];

pub(super) fn apply(file: &mut File, facts: &Facts) -> Result<usize, String> {
    let known = facts.by_builder();
    let builders = tree::module(file, "builder")?;
    let mut changed = 0;
    for item in builders.iter_mut() {
        match item {
            Item::Struct(builder) => {
                if let Fields::Named(fields) = &mut builder.fields {
                    let hidden: FieldsNamed = parse_quote!({ __options: crate::call::Options });
                    fields.named.extend(hidden.named);
                }
            }
            Item::Impl(block) if block.trait_.is_none() => {
                for item in &mut block.items {
                    let ImplItem::Fn(function) = item else {
                        continue;
                    };
                    let taken = SETTERS.iter().find(|(name, _)| function.sig.ident == name);
                    if let Some((_, setter)) = taken {
                        function.sig.ident = format_ident!("{setter}");
                    } else if function.sig.ident == "new" {
                        Unset.visit_block_mut(&mut function.block);
                    } else if function.sig.ident == "send" {
                        changed += usize::from(taken_out(&mut function.block));
                    }
                }
                let name = tree::type_name(&block.self_ty).unwrap_or_default();
                let operation = known
                    .get(&name)
                    .ok_or_else(|| format!("`{name}` is the builder of no operation"))?;
                block.items.push(timeout());
                if operation.is_cacheable {
                    block.items.extend(of_the_cache());
                }
            }
            _ => {}
        }
    }
    let operations = facts.operations.len();
    if changed != operations {
        return Err(format!(
            "the options of {changed} of {operations} operations"
        ));
    }
    Ok(changed)
}

fn timeout() -> ImplItem {
    parse_quote! {
        /// How long this call may take, in place of the
        /// [timeout of the client](crate::ClientBuilder::timeout).
        pub fn timeout(mut self, timeout: ::std::time::Duration) -> Self {
            self.__options.timeout = ::std::option::Option::Some(timeout);
            self
        }
    }
}

fn of_the_cache() -> [ImplItem; 2] {
    [
        parse_quote! {
            /// Asks the server, whatever the cache of the client holds: see
            /// [`Client::fresh`](crate::Client::fresh).
            pub fn fresh(mut self) -> Self {
                self.__options.freshness = crate::call::Freshness::Fresh;
                self
            }
        },
        parse_quote! {
            /// Takes a stale response rather than wait for the rate limit: see
            /// [`Client::allow_stale`](crate::Client::allow_stale).
            pub fn allow_stale(mut self) -> Self {
                self.__options.freshness = crate::call::Freshness::AllowStale;
                self
            }
        },
    ]
}

/// Leaves the options of a new builder at those of the client.
struct Unset;

impl VisitMut for Unset {
    fn visit_expr_struct_mut(&mut self, literal: &mut ExprStruct) {
        if literal.path.is_ident("Self") {
            let unset = parse_quote!(__options: ::std::default::Default::default());
            literal.fields.push(unset);
        }
    }
}

/// Has `send()` take the options out of the builder, for the middleware; whether
/// it does.
fn taken_out(send: &mut Block) -> bool {
    let mut take = Take(false);
    take.visit_block_mut(send);
    take.0
}

struct Take(bool);

impl VisitMut for Take {
    /// `let Self { … } = self`.
    fn visit_local_mut(&mut self, local: &mut Local) {
        visit_mut::visit_local_mut(self, local);
        if let Pat::Struct(fields) = &mut local.pat
            && fields.path.is_ident("Self")
        {
            let pattern: Pat = parse_quote!(Self { __options });
            if let Pat::Struct(options) = pattern {
                fields.fields.extend(options.fields);
                self.0 = true;
            }
        }
    }
}

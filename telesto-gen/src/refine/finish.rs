//! How the builders of operations end: they can be awaited, and must be used.

use syn::{File, ImplItem, Item, ReturnType, parse_quote};

use super::tree;
use crate::facts::Facts;

pub(super) fn apply(file: &mut File, facts: &Facts) -> Result<usize, String> {
    let awaited = await_operations(tree::module(file, "builder")?);
    let operations = facts.operations.len();
    if awaited != operations {
        return Err(format!("{awaited} futures of {operations} operations"));
    }
    Ok(awaited)
}

/// Implements `IntoFuture` by `send()`.
fn await_operations(items: &mut Vec<Item>) -> usize {
    let mut futures: Vec<Item> = Vec::new();
    for item in items.iter_mut() {
        match item {
            Item::Struct(builder) => {
                builder.attrs.push(parse_quote! {
                    #[must_use = "nothing is sent before `send`, or before it is awaited"]
                });
            }
            Item::Impl(block) if block.trait_.is_none() => {
                let builder = &block.self_ty;
                let sends = block.items.iter().find_map(|item| match item {
                    ImplItem::Fn(function) if function.sig.ident == "send" => {
                        Some(&function.sig.output)
                    }
                    _ => None,
                });
                if let Some(ReturnType::Type(_, output)) = sends {
                    futures.push(parse_quote! {
                        impl<'a> ::std::future::IntoFuture for #builder {
                            type Output = #output;
                            type IntoFuture = ::std::pin::Pin<::std::boxed::Box<
                                dyn ::std::future::Future<Output = Self::Output>
                                    + ::std::marker::Send
                                    + 'a,
                            >>;
                            fn into_future(self) -> Self::IntoFuture {
                                ::std::boxed::Box::pin(self.send())
                            }
                        }
                    });
                }
            }
            _ => {}
        }
    }
    let count = futures.len();
    items.extend(futures);
    count
}

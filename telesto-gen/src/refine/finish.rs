//! How builders end: those of types have a `build()`, those of operations can
//! be awaited, and must be used.

use syn::{File, ImplItem, Item, ReturnType, parse_quote};

use super::tree;
use crate::facts::Facts;

pub(super) fn apply(file: &mut File, facts: &Facts) -> Result<usize, String> {
    let awaited = await_operations(tree::module(file, "builder")?);
    let operations = facts.operations.len();
    if awaited != operations {
        return Err(format!("{awaited} futures of {operations} operations"));
    }
    let types = tree::module(file, "types")?;
    let built = tree::module_in(types, "builder").map_or(0, |items| build_types(items));
    Ok(awaited + built)
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

/// Adds `build()`. The setter of a field of that name is `build_`.
fn build_types(items: &mut [Item]) -> usize {
    let mut count = 0;
    for block in tree::inherent_impls(items) {
        for item in &mut block.items {
            if let ImplItem::Fn(setter) = item
                && setter.sig.ident == "build"
            {
                setter.sig.ident = quote::format_ident!("build_");
            }
        }
        let Some(name) = tree::type_name(&block.self_ty) else {
            continue;
        };
        let ident = quote::format_ident!("{name}");
        block.items.push(parse_quote! {
            /// Builds the value.
            ///
            /// # Errors
            ///
            /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest) if a required
            /// field is missing, or if a value that was set is invalid.
            pub fn build(self) -> ::std::result::Result<super::#ident, crate::Error> {
                crate::argument::built(
                    #name,
                    <super::#ident as ::std::convert::TryFrom<Self>>::try_from(self),
                )
            }
        });
        count += 1;
    }
    count
}

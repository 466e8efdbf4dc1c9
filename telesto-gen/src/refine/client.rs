//! Removes progenitor's constructors of `Client`, which take any base URL, have
//! no key, and panic: clients come from `Client::builder()`. Removes its
//! prelude, which holds nothing but the name `Client`, and the check that there are
//! hooks: `send()` calls the middleware without them.

use syn::{File, ImplItem, Item};

use super::tree;
use crate::facts::Facts;

const CONSTRUCTORS: [&str; 2] = ["new", "new_with_client"];

pub(super) fn apply(file: &mut File, _: &Facts) -> Result<usize, String> {
    let mut dropped = 0;
    for block in tree::inherent_impls(&mut file.items) {
        if tree::type_name(&block.self_ty).as_deref() != Some("Client") {
            continue;
        }
        block.items.retain(|item| {
            let constructor = matches!(item, ImplItem::Fn(function)
                if CONSTRUCTORS.iter().any(|name| function.sig.ident == name));
            dropped += usize::from(constructor);
            !constructor
        });
    }
    if dropped != CONSTRUCTORS.len() {
        return Err(format!("{dropped} constructors of `Client` instead of 2"));
    }
    let mut checks = 0;
    file.items.retain(|item| match item {
        Item::Impl(block) => block.trait_.is_some() || !block.items.is_empty(),
        Item::Mod(module) => module.ident != "prelude",
        Item::Const(check) => {
            checks += usize::from(check.ident == "_");
            check.ident != "_"
        }
        _ => true,
    });
    match checks {
        1 => Ok(dropped + checks),
        checks => Err(format!("{checks} checks of hooks instead of 1")),
    }
}

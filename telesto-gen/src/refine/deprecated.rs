//! `#[deprecated]` for the operations, parameters, properties and schemas that
//! the spec marks as such.

use syn::visit_mut::{self, VisitMut};
use syn::{
    Attribute, Block, Field, File, ImplItemFn, ItemEnum, ItemStruct, Type, Variant, parse_quote,
};

use super::tree;
use crate::descriptions::of_deprecated;
use crate::facts::Facts;

pub(super) fn apply(file: &mut File, _: &Facts) -> Result<usize, String> {
    let mut deprecated = Deprecated { marked: 0 };
    deprecated.visit_file_mut(file);
    Ok(deprecated.marked)
}

struct Deprecated {
    marked: usize,
}

impl Deprecated {
    fn mark(&mut self, attributes: &mut Vec<Attribute>) {
        let Some(doc) = tree::doc(attributes).as_deref().and_then(of_deprecated) else {
            return;
        };
        attributes.retain(|attribute| !attribute.path().is_ident("doc"));
        attributes.insert(0, parse_quote!(#[deprecated]));
        if !doc.is_empty() {
            attributes.insert(0, parse_quote!(#[doc = #doc]));
        }
        self.marked += 1;
    }
}

macro_rules! visit {
    ($($method:ident($node:ty)),*) => {$(
        fn $method(&mut self, node: &mut $node) {
            visit_mut::$method(self, node);
            self.mark(&mut node.attrs);
        }
    )*};
}

impl VisitMut for Deprecated {
    visit!(
        visit_field_mut(Field),
        visit_variant_mut(Variant),
        visit_item_struct_mut(ItemStruct),
        visit_item_enum_mut(ItemEnum),
        visit_impl_item_fn_mut(ImplItemFn)
    );

    // Nothing within these has a description.
    fn visit_block_mut(&mut self, _: &mut Block) {}
    fn visit_type_mut(&mut self, _: &mut Type) {}
}

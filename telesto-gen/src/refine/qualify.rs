//! Names the types of the prelude by their paths in `mod builder`, where an
//! operation `result` is the type `Result`.

use syn::visit_mut::{self, VisitMut};
use syn::{File, Item, ItemImpl, Path, parse_quote};

use super::tree;
use crate::facts::Facts;

pub(super) fn apply(file: &mut File, _: &Facts) -> Result<usize, String> {
    let mut qualify = Qualify(0);
    for item in tree::module(file, "builder")? {
        if !matches!(item, Item::Use(_)) {
            qualify.visit_item_mut(item);
        }
    }
    Ok(qualify.0)
}

struct Qualify(usize);

impl VisitMut for Qualify {
    /// What is implemented for is a builder.
    fn visit_item_impl_mut(&mut self, item: &mut ItemImpl) {
        if let Some((path, ..)) = &mut item.trait_ {
            self.visit_path_mut(path);
        }
        self.visit_generics_mut(&mut item.generics);
        for item in &mut item.items {
            self.visit_impl_item_mut(item);
        }
    }

    fn visit_path_mut(&mut self, path: &mut Path) {
        visit_mut::visit_path_mut(self, path);
        if path.leading_colon.is_some() {
            return;
        }
        let Some(first) = path.segments.first() else {
            return;
        };
        let full: Path = match first.ident.to_string().as_str() {
            "Box" => parse_quote!(::std::boxed::Box),
            "Default" => parse_quote!(::std::default::Default),
            "Option" => parse_quote!(::std::option::Option),
            "Result" => parse_quote!(::std::result::Result),
            "String" => parse_quote!(::std::string::String),
            "Vec" => parse_quote!(::std::vec::Vec),
            _ => return,
        };
        let mut rest = std::mem::take(&mut path.segments).into_iter();
        let arguments = rest.next().map(|first| first.arguments);
        *path = full;
        if let (Some(last), Some(arguments)) = (path.segments.last_mut(), arguments) {
            last.arguments = arguments;
        }
        path.segments.extend(rest);
        self.0 += 1;
    }
}

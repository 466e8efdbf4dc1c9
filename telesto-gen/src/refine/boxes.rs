//! Has the fields of recursive types be an `Option` of a box. typify makes the
//! optional ones a box of an `Option`, and writes them as `null` when they are
//! empty.

use syn::visit_mut::{self, VisitMut};
use syn::{Field, File, Type, parse_quote};

use super::tree;
use crate::facts::Facts;

#[allow(
    clippy::unnecessary_wraps,
    reason = "a document without recursive types has none"
)]
pub(super) fn apply(file: &mut File, _: &Facts) -> Result<usize, String> {
    let mut boxes = Boxes(0);
    boxes.visit_file_mut(file);
    Ok(boxes.0)
}

struct Boxes(usize);

impl VisitMut for Boxes {
    fn visit_field_mut(&mut self, field: &mut Field) {
        let turned = self.0;
        visit_mut::visit_field_mut(self, field);
        // The fields of builders are results.
        if self.0 > turned && tree::type_name(&field.ty).as_deref() == Some("Option") {
            field.attrs.push(parse_quote! {
                #[serde(skip_serializing_if = "::std::option::Option::is_none")]
            });
        }
    }

    fn visit_type_mut(&mut self, ty: &mut Type) {
        visit_mut::visit_type_mut(self, ty);
        let optional = tree::within(ty, "Box").and_then(|held| tree::within(held, "Option"));
        if let Some(content) = optional {
            *ty = parse_quote!(::std::option::Option<::std::boxed::Box<#content>>);
            self.0 += 1;
        }
    }
}

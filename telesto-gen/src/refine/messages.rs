//! Error messages name types as people write them: `jiff::civil::Date`, not
//! `:: jiff :: civil :: Date`, which is how tokens are printed.

use syn::visit_mut::{self, VisitMut};
use syn::{ExprLit, File, Lit, LitStr};

use super::tree;
use crate::facts::Facts;

pub(super) fn apply(file: &mut File, _: &Facts) -> Result<usize, String> {
    let mut messages = Messages { mended: 0 };
    for item in tree::module(file, "builder")? {
        messages.visit_item_mut(item);
    }
    Ok(messages.mended)
}

struct Messages {
    mended: usize,
}

impl VisitMut for Messages {
    fn visit_expr_lit_mut(&mut self, literal: &mut ExprLit) {
        visit_mut::visit_expr_lit_mut(self, literal);
        if let Lit::Str(text) = &mut literal.lit
            && let Some(mended) = mended(&text.value())
        {
            *text = LitStr::new(&mended, text.span());
            self.mended += 1;
        }
    }
}

/// The message without what printing tokens has put into the name of a type.
fn mended(message: &str) -> Option<String> {
    let (ty, rest) = message.strip_prefix("conversion to `")?.split_once('`')?;
    let ty = ty.replace(' ', "");
    let ty = ty.trim_start_matches("::");
    let ty = ty.replace("<::", "<").replace(",", ", ");
    Some(format!("conversion to `{ty}`{rest}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_named_as_people_write_it() {
        let printed =
            "conversion to `:: std :: vec :: Vec < :: jiff :: civil :: Date >` for days failed";
        let mended = mended(printed).unwrap();
        assert_eq!(
            mended,
            "conversion to `std::vec::Vec<jiff::civil::Date>` for days failed"
        );
        assert_eq!(super::mended("id was not initialized"), None);
    }
}

//! Error messages name types as people write them: `jiff::civil::Date`, not
//! `:: jiff :: civil :: Date`, which is how tokens are printed.

use syn::visit_mut::{self, VisitMut};
use syn::{ExprLit, File, Lit, LitStr};

use super::tree;
use crate::facts::Facts;

pub(super) fn apply(file: &mut File, _: &Facts) -> Result<usize, String> {
    let mut messages = Messages { changed: 0 };
    for item in tree::module(file, "builder")? {
        messages.visit_item_mut(item);
    }
    Ok(messages.changed)
}

struct Messages {
    changed: usize,
}

impl VisitMut for Messages {
    fn visit_expr_lit_mut(&mut self, literal: &mut ExprLit) {
        visit_mut::visit_expr_lit_mut(self, literal);
        if let Lit::Str(text) = &mut literal.lit
            && let Some(readable) = readable(&text.value())
        {
            *text = LitStr::new(&readable, text.span());
            self.changed += 1;
        }
    }
}

/// The message with its type written as people write it.
fn readable(message: &str) -> Option<String> {
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
        let readable = readable(printed).unwrap();
        assert_eq!(
            readable,
            "conversion to `std::vec::Vec<jiff::civil::Date>` for days failed"
        );
        assert_eq!(super::readable("id was not initialized"), None);
    }
}

//! Makes error messages of the generated code helpful: what is missing is named
//! in one way, and an invalid enum value is followed by the valid ones.

use syn::visit_mut::{self, VisitMut};
use syn::{Arm, Expr, ExprLit, ExprMatch, File, Item, Lit, LitStr, Pat, parse_quote};

use super::tree;
use crate::facts::Facts;

pub(super) fn apply(file: &mut File, _: &Facts) -> Result<usize, String> {
    let mut messages = Messages { changed: 0 };
    for item in tree::module(file, "builder")? {
        messages.visit_item_mut(item);
    }
    let mut enums = 0;
    for item in tree::module(file, "types")? {
        if let Item::Impl(block) = item
            && block.trait_.as_ref().is_some_and(|(of, _)| {
                let last = of.segments.last();
                last.is_some_and(|last| last.ident == "FromStr")
            })
        {
            let type_name = tree::type_name(&block.self_ty).unwrap_or_default();
            let mut values = Values {
                type_name: &type_name,
                changed: 0,
            };
            values.visit_item_impl_mut(block);
            enums += values.changed;
        }
    }
    Ok(messages.changed + enums)
}

struct Messages {
    changed: usize,
}

impl VisitMut for Messages {
    fn visit_expr_lit_mut(&mut self, literal: &mut ExprLit) {
        visit_mut::visit_expr_lit_mut(self, literal);
        if let Lit::Str(text) = &mut literal.lit
            && let Some(message) = missing(&text.value())
        {
            *text = LitStr::new(&message, text.span());
            self.changed += 1;
        }
    }
}

/// The message about something that is missing.
fn missing(message: &str) -> Option<String> {
    match message.strip_suffix(" was not initialized")? {
        "body" => Some("missing request body".to_owned()),
        parameter => Some(format!("missing required parameter `{parameter}`")),
    }
}

/// Lists the values of an enum where another one cannot be parsed.
struct Values<'a> {
    type_name: &'a str,
    changed: usize,
}

impl VisitMut for Values<'_> {
    fn visit_expr_match_mut(&mut self, parsed: &mut ExprMatch) {
        visit_mut::visit_expr_match_mut(self, parsed);
        let values: Vec<String> = parsed.arms.iter().filter_map(value).collect();
        let other = parsed.arms.iter_mut().find(|arm| is_other(arm));
        let (Some(other), false) = (other, values.is_empty()) else {
            return;
        };
        let expected = listed(&values);
        let message = format!("`{{}}` is not a valid {}: {expected}", self.type_name);
        *other.body = parse_quote!(Err(format!(#message, value.escape_debug()).into()));
        self.changed += 1;
    }
}

/// The string that an arm is for.
fn value(arm: &Arm) -> Option<String> {
    match &arm.pat {
        Pat::Lit(ExprLit {
            lit: Lit::Str(text),
            ..
        }) => Some(text.value()),
        _ => None,
    }
}

fn is_other(arm: &Arm) -> bool {
    matches!(&arm.pat, Pat::Wild(_)) && matches!(&*arm.body, Expr::Call(_))
}

/// Such as "expected `IN` or `OUT`", for the format string of a message.
fn listed(values: &[String]) -> String {
    const MOST: usize = 20;
    let quoted = |value: &String| {
        let value = value.escape_debug().to_string();
        format!("`{}`", value.replace('{', "{{").replace('}', "}}"))
    };
    let quoted: Vec<String> = values.iter().take(MOST).map(quoted).collect();
    match (&quoted[..], values.len().saturating_sub(MOST)) {
        ([], _) => String::new(),
        ([only], 0) => format!("expected {only}"),
        ([first @ .., last], 0) => format!("expected {} or {last}", first.join(", ")),
        (some, more) => format!("expected {} or {more} more", some.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_named_in_one_way() {
        for (before, after) in [
            (
                "id was not initialized",
                Some("missing required parameter `id`"),
            ),
            ("body was not initialized", Some("missing request body")),
            ("something else", None),
        ] {
            assert_eq!(missing(before).as_deref(), after);
        }
    }

    #[test]
    fn a_few_values_are_listed_and_many_are_counted() {
        let values = |count| (1..=count).map(|n| n.to_string()).collect::<Vec<_>>();
        assert_eq!(listed(&values(1)), "expected `1`");
        assert_eq!(listed(&values(3)), "expected `1`, `2` or `3`");
        assert!(listed(&values(23)).ends_with("`19`, `20` or 3 more"));
        assert_eq!(listed(&["{a}".to_owned()]), "expected `{{a}}`");
    }
}

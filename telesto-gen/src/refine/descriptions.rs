//! Descriptions of the spec are Markdown, and rustdoc compiles every code block
//! in them as Rust. They hold JSON or anything else, so they are marked as text.

use pulldown_cmark::{CodeBlockKind, Event, Parser, Tag};
use syn::visit_mut::{self, VisitMut};
use syn::{Attribute, Expr, ExprLit, File, Lit, LitStr, Meta};

use crate::facts::Facts;

pub(super) fn apply(file: &mut File, _: &Facts) -> Result<usize, String> {
    let mut descriptions = Descriptions { marked: 0 };
    descriptions.visit_file_mut(file);
    Ok(descriptions.marked)
}

struct Descriptions {
    marked: usize,
}

impl VisitMut for Descriptions {
    fn visit_attribute_mut(&mut self, attribute: &mut Attribute) {
        visit_mut::visit_attribute_mut(self, attribute);
        if !attribute.path().is_ident("doc") {
            return;
        }
        if let Meta::NameValue(pair) = &mut attribute.meta
            && let Expr::Lit(ExprLit {
                lit: Lit::Str(text),
                ..
            }) = &mut pair.value
            && let Some(inert) = inert(&text.value())
        {
            *text = LitStr::new(&inert, text.span());
            self.marked += 1;
        }
    }
}

/// The text without anything that rustdoc compiles; `None` if there is nothing
/// to change.
fn inert(text: &str) -> Option<String> {
    let blocks = Parser::new(text)
        .into_offset_iter()
        .filter_map(|(event, range)| match event {
            Event::Start(Tag::CodeBlock(kind)) => Some((kind, range)),
            _ => None,
        });
    let mut edits = Vec::new();
    for (kind, range) in blocks {
        let block = &text[range.clone()];
        match kind {
            CodeBlockKind::Fenced(info) => {
                // How progenitor marks its examples, and those that say what
                // they are in.
                let first = info.split([',', ' ']).next().unwrap_or_default();
                if !matches!(
                    first,
                    "" | "rust" | "no_run" | "should_panic" | "compile_fail"
                ) {
                    continue;
                }
                let fence = block.len() - block.trim_start_matches(['`', '~']).len();
                let at = range.start + fence;
                edits.push((at..at + info.len(), "text".to_owned()));
            }
            CodeBlockKind::Indented => {
                // Without their indentation the lines are a paragraph.
                let start = text[..range.start]
                    .rfind('\n')
                    .map_or(0, |newline| newline + 1);
                let lines = text[start..range.end].split_inclusive('\n');
                edits.push((start..range.end, lines.map(str::trim_start).collect()));
            }
        }
    }
    if edits.is_empty() {
        return None;
    }
    let mut inert = text.to_owned();
    for (range, replacement) in edits.into_iter().rev() {
        inert.replace_range(range, &replacement);
    }
    Some(inert)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_of_code_are_text_unless_they_say_what_they_are() {
        for (described, documented) in [
            ("A\n\n```\n{\n```\nB", "A\n\n```text\n{\n```\nB"),
            ("~~~~\n{\n~~~~", "~~~~text\n{\n~~~~"),
            ("- a\n  ```rust\n  {\n  ```", "- a\n  ```text\n  {\n  ```"),
            ("A\n\n    {\n      b\n\nC", "A\n\n{\nb\n\nC"),
        ] {
            assert_eq!(inert(described).as_deref(), Some(documented), "{described}");
            assert_eq!(inert(documented), None, "{documented}");
        }
        for kept in [
            "",
            "A `b` c",
            "```json\n{}\n```",
            "```ignore\nx\n```",
            "- a\n    b",
        ] {
            assert_eq!(inert(kept), None, "{kept}");
        }
    }
}

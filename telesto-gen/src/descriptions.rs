//! Descriptions of the spec are Markdown, and become doc comments. rustdoc
//! compiles every code block in them as Rust, but they hold JSON or anything
//! else, so they are marked as text. A carriage return does not compile at all, nor
//! what turns the direction of text; other control characters are dropped, too.
//!
//! What is deprecated says so in its description, since progenitor passes on
//! nothing else: `refine::deprecated` reads it there.

use openapiv3::OpenAPI;
use pulldown_cmark::{CodeBlockKind, Event, Parser, Tag};

use crate::schemas;

/// What the description of something deprecated ends with.
const DEPRECATED: &str = "zq-deprecated";

/// A documentation without that end, if it has it.
pub(crate) fn of_deprecated(doc: &str) -> Option<String> {
    let (before, after) = doc.split_once(DEPRECATED)?;
    let (before, after) = (before.trim_end(), after.trim());
    Some(match (before, after) {
        ("", _) | (_, "") => format!("{before}{after}"),
        _ => format!("{before}\n\n{after}"),
    })
}

/// A description that says that what it describes is deprecated.
pub(crate) fn deprecated(description: &str) -> String {
    format!("{description}\n\n{DEPRECATED}")
}

/// Makes every description one that can be a doc comment. Returns how many have
/// changed.
pub(crate) fn apply(api: &mut OpenAPI) -> usize {
    let mut changed = 0;
    let mut text = |text: &mut String| {
        if let Some(plain) = plain(text) {
            *text = plain;
            changed += 1;
        }
    };
    api.info.description.iter_mut().for_each(&mut text);
    schemas::for_each(api, &mut |_, schema| {
        let data = &mut schema.schema_data;
        data.title.iter_mut().for_each(&mut text);
        data.description.iter_mut().for_each(&mut text);
        mark(data.deprecated, &mut data.description);
    });
    schemas::for_each_parameter(api, &mut |parameter| {
        let parameter = schemas::data_of(parameter);
        // Not marked: an operation is documented with its parameters.
        parameter.description.iter_mut().for_each(&mut text);
    });
    for operation in schemas::operations(api) {
        operation.summary.iter_mut().for_each(&mut text);
        operation.description.iter_mut().for_each(&mut text);
        mark(operation.deprecated, &mut operation.description);
    }
    schemas::for_each_body(api, &mut |body| {
        body.description.iter_mut().for_each(&mut text);
    });
    schemas::for_each_response(api, &mut |response| text(&mut response.description));
    changed
}

fn mark(is_deprecated: bool, description: &mut Option<String>) {
    if is_deprecated {
        *description = Some(deprecated(description.as_deref().unwrap_or_default()));
    }
}

/// The text as one that can be a doc comment; `None` if it is one.
pub(crate) fn plain(text: &str) -> Option<String> {
    let shown = text.contains(is_hidden).then(|| {
        let lines = text.replace("\r\n", "\n").replace('\r', "\n");
        lines.replace(is_hidden, "")
    });
    let inert = inert(shown.as_deref().unwrap_or(text));
    inert.or(shown)
}

/// Whether a comment should not have this character.
pub(crate) fn is_hidden(c: char) -> bool {
    let turns = matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
    turns || (c.is_control() && !matches!(c, '\n' | '\t'))
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
                // Others say what they are in.
                let first = info.split([',', ' ']).next().unwrap_or_default();
                if !matches!(
                    first,
                    "" | "rust" | "ignore" | "no_run" | "should_panic" | "compile_fail"
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
    fn carriage_returns_are_ends_of_lines() {
        assert_eq!(plain("a\r\nb\rc").as_deref(), Some("a\nb\nc"));
        assert_eq!(plain("```\r\n{\r\n```").as_deref(), Some("```text\n{\n```"));
        assert_eq!(plain("a\nb\tc"), None);
        assert_eq!(plain("a\0b\u{202E}c").as_deref(), Some("abc"));
    }

    #[test]
    fn what_is_deprecated_is_known_by_its_description() {
        for (described, documented) in [("", ""), ("The size.", "The size.")] {
            let marked = deprecated(described);
            assert_eq!(of_deprecated(&marked).as_deref(), Some(documented));
        }
        let doc = format!("{}\n\nOptional.", deprecated("The size."));
        let plain = "The size.\n\nOptional.".to_owned();
        assert_eq!(of_deprecated(&doc), Some(plain));
        assert_eq!(of_deprecated("The size."), None);
    }

    #[test]
    fn blocks_of_code_are_text_unless_they_say_what_they_are() {
        for (described, documented) in [
            ("A\n\n```\n{\n```\nB", "A\n\n```text\n{\n```\nB"),
            ("```ignore\nx\n```", "```text\nx\n```"),
            ("~~~~\n{\n~~~~", "~~~~text\n{\n~~~~"),
            ("- a\n  ```rust\n  {\n  ```", "- a\n  ```text\n  {\n  ```"),
            ("A\n\n    {\n      b\n\nC", "A\n\n{\nb\n\nC"),
        ] {
            assert_eq!(inert(described).as_deref(), Some(documented), "{described}");
            assert_eq!(inert(documented), None, "{documented}");
        }
        for kept in ["", "A `b` c", "```json\n{}\n```", "- a\n    b"] {
            assert_eq!(inert(kept), None, "{kept}");
        }
    }
}

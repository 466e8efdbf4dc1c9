//! How to fix a text that is not YAML.

/// The help for an error of the YAML parser, by its message and its line, which
/// counts from 1.
pub(super) fn help(message: &str, text: &str, line: usize) -> String {
    let this = text.lines().nth(line.saturating_sub(1)).unwrap_or_default();
    if let Some(help) = comment(text) {
        return help;
    }
    if message.contains("unprintable character") {
        return "remove the control character, or write it as an escape in double quotes, such as \
                `\"\\0\"`"
            .to_owned();
    }
    if message.contains("valid YAML whitespace") && this.contains(":\t") {
        return "write a space after the colon, in place of the tab".to_owned();
    }
    if message.contains("a tab") || message.contains("tabs") {
        return "indent with spaces: YAML does not allow tabs there".to_owned();
    }
    if message.contains("anchor") {
        return "define the anchor with `&name` above this line, or write the value out".to_owned();
    }
    match unclosed_quote(text, line) {
        Some((open, quote)) if open < line => format!(
            "close the quote on line {open}: without its {quote}, the value goes on to the next one"
        ),
        Some((_, quote)) => format!("close the quote with {quote} at the end of its line"),
        None if message.contains("quote") || message.contains("scalar") => {
            "close the quotes; text with `: `, ` #` or a leading special character needs them"
                .to_owned()
        }
        None => {
            "check the indentation, the colons and the quotes of this line and of the one above"
                .to_owned()
        }
    }
}

/// The help for a document that begins with a comment of JavaScript.
pub(super) fn comment(text: &str) -> Option<String> {
    let start = text.trim_start_matches('\u{feff}').trim_start();
    let mark = ["//", "/*"]
        .into_iter()
        .find(|mark| start.starts_with(mark))?;
    Some(format!(
        "remove the comment: JSON has none. In YAML, it begins with `#` instead of `{mark}`"
    ))
}

/// The last line up to `line` that opens a quote and does not close it.
fn unclosed_quote(text: &str, line: usize) -> Option<(usize, char)> {
    let lines = text.lines().take(line).enumerate();
    let open = lines.filter_map(|(number, line)| Some((number + 1, open_quote(line)?)));
    open.last()
}

/// The quote that a line opens and does not close.
fn open_quote(line: &str) -> Option<char> {
    let mut open = None;
    // Whether a value may start here, and with it a quote.
    let mut starts = true;
    let mut characters = line.chars().peekable();
    while let Some(character) = characters.next() {
        match open {
            Some('"') if character == '\\' => {
                characters.next();
            }
            Some('\'') if character == '\'' && characters.peek() == Some(&'\'') => {
                characters.next();
            }
            Some(quote) => {
                if character == quote {
                    (open, starts) = (None, false);
                }
            }
            None => match character {
                '"' | '\'' if starts => open = Some(character),
                '#' if starts => return None,
                // As in `a: "b"`, `- "a"`, `["a", "b"]` and `{ "a": 1 }`.
                '[' | '{' | ',' => starts = true,
                ':' | '-' => starts = characters.peek().is_none_or(|next| next.is_whitespace()),
                character => starts &= character.is_whitespace(),
            },
        }
    }
    open
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_of_javascript_is_named() {
        for text in [
            "// a\n{ \"openapi\": \"3.0.3\" }",
            " /* a */ {}",
            "\u{feff}// a",
        ] {
            assert!(comment(text).unwrap().starts_with("remove the comment"));
            let refused = crate::Document::parse("a.json", text.to_owned());
            let shown = refused.unwrap_err().to_string();
            assert!(shown.contains("JSON has none"), "{shown}");
        }
        assert_eq!(comment("# a\n{}"), None);
    }

    #[test]
    fn an_open_quote_is_told_from_closed_ones_and_from_apostrophes() {
        for (line, open) in [
            ("a: \"b", Some('"')),
            ("a: 'b", Some('\'')),
            ("- \"b", Some('"')),
            ("a: [\"b\", \"c]", Some('"')),
            ("a: \"b\\\"", Some('"')),
            ("a: 'it''s", Some('\'')),
            ("a: \"b\"", None),
            ("a: 'it''s'", None),
            ("a: Telesto's help, of 5\" size", None),
            ("a: b # 'c", None),
            ("  Telesto's \"help\"", None),
        ] {
            assert_eq!(open_quote(line), open, "{line}");
        }
    }
}

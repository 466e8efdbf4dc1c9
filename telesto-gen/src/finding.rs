//! Findings: what is wrong with a document, where, and how to fix it.

use std::fmt::{self, Write as _};
use std::ops::Range;
use std::sync::Arc;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use serde::Serialize;

use crate::document::Spot;
use crate::source::{Source, floor};

/// How severe a [`Finding`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// No correct client can be generated.
    Error,
    /// A client can be generated, but the document could be better.
    Warning,
}

impl Severity {
    fn level(self) -> Level<'static> {
        match self {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        }
    }
}

/// A place in the text of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[non_exhaustive]
pub struct Location {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
}

/// One thing that is wrong with a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Finding {
    /// The name of the rule that was broken, as in [`rules`](crate::rules).
    pub rule: &'static str,
    /// How severe it is.
    pub severity: Severity,
    /// What is wrong, as a lowercase fragment that names the operation, the
    /// parameter or the field.
    pub message: String,
    /// How to fix it.
    pub help: String,
    /// The bytes of the text that it is about, within one line.
    #[serde(skip)]
    pub span: Range<usize>,
    /// Where `span` starts.
    #[serde(flatten)]
    pub location: Location,
    /// The JSON pointer of the node, such as `/paths/~1products/get`.
    pub pointer: String,
    /// What [`fix`](crate::fix()) takes out.
    #[serde(rename = "fixable", serialize_with = "whether")]
    pub(crate) fix: Vec<Spot>,
    /// The JSON pointers of what the node does not go together with.
    #[serde(skip)]
    pub(crate) others: Vec<String>,
}

fn whether<S: serde::Serializer>(fix: &[Spot], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_bool(!fix.is_empty())
}

impl Finding {
    /// Whether [`fix`](crate::fix()) can solve it.
    #[must_use]
    pub fn is_fixable(&self) -> bool {
        !self.fix.is_empty()
    }
}

/// The findings of one document, in the order of its text.
#[derive(Debug, Clone)]
pub struct Findings {
    source: Arc<Source>,
    findings: Vec<Finding>,
}

impl Findings {
    /// `findings` in the order of the text that they are about, each once.
    pub(crate) fn new(source: Arc<Source>, mut findings: Vec<Finding>) -> Self {
        findings.sort_by(|a, b| {
            (a.span.start, a.severity, a.rule, &a.message, &a.pointer).cmp(&(
                b.span.start,
                b.severity,
                b.rule,
                &b.message,
                &b.pointer,
            ))
        });
        // A node behind a YAML alias has several pointers, but one position.
        findings.dedup_by(|a, b| {
            a.span == b.span && a.rule == b.rule && a.message == b.message && a.help == b.help
        });
        Self { source, findings }
    }

    /// Whether any of them is an error.
    pub fn has_errors(&self) -> bool {
        self.count(Severity::Error) > 0
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.findings.is_empty()
    }

    /// The number of findings.
    pub fn len(&self) -> usize {
        self.findings.len()
    }

    /// The findings, in the order of the text.
    pub fn iter(&self) -> std::slice::Iter<'_, Finding> {
        self.findings.iter()
    }

    /// The first 1,000 findings in the style of the Rust compiler, followed by a line that
    /// counts all. Empty if there are none.
    ///
    /// `color` adds ANSI escapes.
    pub fn render(&self, color: bool) -> String {
        if self.is_empty() {
            return String::new();
        }
        let path = self.source.path().display().to_string();
        let source = (path.as_str(), self.source.text());
        let mut out = String::new();
        for finding in self.findings.iter().take(SHOWN) {
            let notes = [(Level::HELP, finding.help.clone())];
            let level = finding.severity.level();
            out.push_str(&render(source, finding, level, &notes, color));
            out.push_str("\n\n");
        }
        out.push_str(&self.summary());
        let more = self.len().saturating_sub(SHOWN);
        if more > 0 {
            let _ = write!(out, "; {more} of them are not shown here");
        }
        out
    }

    /// Such as `1 error, 2 warnings`.
    fn summary(&self) -> String {
        let counts = [
            (self.count(Severity::Error), "error"),
            (self.count(Severity::Warning), "warning"),
        ];
        let counted = counts
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, word)| format!("{count} {word}{}", if *count == 1 { "" } else { "s" }))
            .collect::<Vec<_>>()
            .join(", ");
        match self.iter().filter(|finding| finding.is_fixable()).count() {
            0 => counted,
            fixable => format!("{counted}; `cargo xtask lint --fix` solves {fixable} of them"),
        }
    }

    fn count(&self, severity: Severity) -> usize {
        self.iter().filter(|f| f.severity == severity).count()
    }
}

/// The number of findings that are rendered: nobody reads more at once.
const SHOWN: usize = 1000;

/// A finding in the style of the Rust compiler, with its line in the text at a
/// path, and with notes.
pub(crate) fn render(
    (path, text): (&str, &str),
    finding: &Finding,
    level: Level<'static>,
    notes: &[(Level<'static>, String)],
    color: bool,
) -> String {
    let renderer = if color {
        Renderer::styled()
    } else {
        Renderer::plain()
    };
    // Only this: the renderer counts the lines of its whole input, and measures each
    // character of a line.
    let shown = around(text, &finding.span);
    let span = finding.span.start - shown.start..finding.span.end.min(shown.end) - shown.start;
    let Location { line, column } = finding.location;
    let shown_column = text[shown.start..finding.span.start].chars().count() + 1;
    let snippet = Snippet::source(&text[shown])
        .line_start(line)
        .path(path)
        .annotation(AnnotationKind::Primary.span(span));
    let group = level
        .primary_title(&finding.message)
        .id(finding.rule)
        .element(snippet);
    let notes = notes
        .iter()
        .map(|(level, text)| level.clone().message(text));
    let rendered = renderer.render(&[group.elements(notes)]);
    let place = |column| format!("{path}:{line}:{column}");
    rendered.replacen(&place(shown_column), &place(column), 1)
}

/// The bytes of the line that `span` is in, or what of it is near if it is long, as the one
/// of a JSON document may be.
fn around(text: &str, span: &Range<usize>) -> Range<usize> {
    const NEAR: usize = 256;
    let first = floor(text, span.start.saturating_sub(NEAR));
    let last = floor(text, span.start.saturating_add(NEAR));
    let before = text[first..span.start].rfind('\n');
    let after = text[span.start..last].find('\n');
    before.map_or(first, |newline| first + newline + 1)
        ..after.map_or(last, |newline| span.start + newline)
}

impl<'a> IntoIterator for &'a Findings {
    type Item = &'a Finding;
    type IntoIter = std::slice::Iter<'a, Finding>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

impl std::error::Error for Findings {}

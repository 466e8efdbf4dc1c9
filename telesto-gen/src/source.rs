//! The text of a document, and where its lines are.

use std::ops::Range;
use std::path::{Path, PathBuf};

use crate::finding::Location;

/// The text of a document, shared by all that points into it.
#[derive(Debug)]
pub(crate) struct Source {
    path: PathBuf,
    text: String,
    lines: Lines,
}

impl Source {
    pub(crate) fn of(path: &Path, text: String) -> Self {
        Self {
            path: path.to_owned(),
            lines: Lines::of(&text),
            text,
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Where a byte is.
    pub(crate) fn location(&self, at: usize) -> Location {
        self.lines.location(&self.text, at)
    }

    /// The part of `span` on its first line: a finding about a whole schema does
    /// not underline all of it.
    pub(crate) fn first_line(&self, span: Range<usize>) -> Range<usize> {
        let start = floor(&self.text, span.start);
        let end = floor(&self.text, span.end).max(start);
        let line = &self.text[start..end];
        let line = line.split(['\n', '\r']).next().unwrap_or_default();
        start..start + line.trim_end().len()
    }
}

/// `at`, or the start of the character that it is in.
pub(crate) fn floor(text: &str, at: usize) -> usize {
    let at = at.min(text.len());
    (0..=at)
        .rev()
        .find(|at| text.is_char_boundary(*at))
        .unwrap_or_default()
}

/// Where the lines of a text start, and how many characters there are. A document may
/// have thousands of findings, or be one long line, and counting for each of them takes
/// too long.
#[derive(Debug, Clone)]
struct Lines {
    /// The bytes at which the lines start.
    starts: Vec<usize>,
    /// How many characters start before each block of the text.
    chars: Vec<usize>,
}

impl Lines {
    /// How many bytes a block has.
    const BLOCK: usize = 1024;

    fn of(text: &str) -> Self {
        let starts = text.match_indices('\n').map(|(newline, _)| newline + 1);
        let blocks = text.as_bytes().chunks(Self::BLOCK);
        let counted = blocks.scan(0, |before, block| {
            let first = *before;
            *before += chars(block);
            Some(first)
        });
        Self {
            starts: [0].into_iter().chain(starts).collect(),
            chars: counted.collect(),
        }
    }

    fn location(&self, text: &str, at: usize) -> Location {
        let at = floor(text, at);
        let line = self.starts.partition_point(|start| *start <= at);
        let start = self.starts[line.saturating_sub(1)];
        Location {
            line,
            column: self.before(text, at) - self.before(text, start) + 1,
        }
    }

    /// How many characters there are before a byte.
    fn before(&self, text: &str, at: usize) -> usize {
        // A text that ends with a block has none after it.
        let block = (at / Self::BLOCK).min(self.chars.len().saturating_sub(1));
        let counted = self.chars.get(block).copied().unwrap_or_default();
        counted + chars(&text.as_bytes()[block * Self::BLOCK..at])
    }
}

/// How many characters start in these bytes.
fn chars(text: &[u8]) -> usize {
    let starts = |byte: &&u8| **byte & 0b1100_0000 != 0b1000_0000;
    text.iter().filter(starts).count()
}

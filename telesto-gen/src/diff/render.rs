//! What has changed, for people to read.

use annotate_snippets::Level;

use super::{Change, Diff, Verdict};
use crate::finding;

impl Diff {
    /// The changes in the style of the Rust compiler, followed by a line that
    /// counts them. Empty if there are none.
    ///
    /// `color` adds ANSI escapes.
    #[must_use]
    pub fn render(&self, color: bool) -> String {
        if self.changes.is_empty() {
            return String::new();
        }
        let mut out = String::new();
        for change in &self.changes {
            let source = match change.in_base {
                true => &self.base,
                false => &self.new,
            };
            let level = match change.verdict {
                Verdict::Breaking => Level::ERROR.with_name("breaking"),
                Verdict::Additive => Level::INFO.with_name("additive"),
                Verdict::Docs => Level::NOTE.with_name("docs"),
            };
            let text = finding::render(
                (&source.path, &source.text),
                &change.finding,
                (level, Level::NOTE.with_name("why")),
                color,
            );
            out.push_str(&text);
            out.push_str("\n\n");
        }
        out.push_str(&self.summary());
        out
    }

    /// Such as `1 breaking change, 2 additive ones`.
    fn summary(&self) -> String {
        let count = |verdict| {
            let is = |change: &&Change| change.verdict == verdict;
            self.changes.iter().filter(is).count()
        };
        let verdicts = [Verdict::Breaking, Verdict::Additive, Verdict::Docs];
        let counts = verdicts.map(|verdict| (count(verdict), verdict));
        let counts = counts.iter().filter(|(count, _)| *count > 0);
        let counts: Vec<String> = counts
            .map(|(count, verdict)| format!("{count} {verdict}"))
            .collect();
        counts.join(", ")
    }
}

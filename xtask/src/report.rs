//! The output of a task.

use std::fmt::Display;
use std::io::{self, IsTerminal as _, Write};

use anstyle::{AnsiColor, Style};
use telesto_gen::{Finding, Findings};

const GOOD: Style = AnsiColor::Green.on_default().bold();
const BAD: Style = AnsiColor::Red.on_default().bold();
const HELP: Style = AnsiColor::Cyan.on_default().bold();

/// Takes steps to stdout and errors to stderr, in colour where that is a
/// terminal that shows it.
pub(crate) struct Report {
    out: Box<dyn Write>,
    err: Box<dyn Write>,
    err_is_terminal: bool,
}

impl Report {
    pub(crate) fn to_terminal() -> Self {
        Self {
            out: Box::new(anstream::stdout()),
            err: Box::new(anstream::stderr()),
            err_is_terminal: io::stderr().is_terminal(),
        }
    }

    /// Something that was done, with its verb aligned as cargo does.
    pub(crate) fn step(&mut self, verb: &str, what: impl Display) {
        self.line(GOOD, verb, what);
    }

    /// Something that is wrong, and how it differs from what it should be.
    pub(crate) fn wrong(&mut self, verb: &str, what: impl Display, diff: &str, most: usize) {
        self.line(BAD, verb, what);
        self.diff(diff, most);
    }

    /// Why the task failed, and how to fix it.
    pub(crate) fn error(&mut self, what: impl Display, help: &str) {
        let _ = writeln!(self.err, "{BAD}error{BAD:#}: {what}");
        let _ = writeln!(self.err, "  {HELP}= help{HELP:#}: {help}");
    }

    /// The findings about a spec.
    pub(crate) fn findings(&mut self, findings: &Findings) {
        let text = findings.render(self.err_is_terminal);
        let _ = writeln!(self.err, "{text}\n");
    }

    /// What a task was asked for.
    pub(crate) fn text(&mut self, text: &str) {
        let _ = writeln!(self.out, "{text}");
    }

    /// The first lines of a diff.
    pub(crate) fn diff(&mut self, diff: &str, most: usize) {
        let mut lines = diff.lines();
        for line in lines.by_ref().take(most) {
            let style = match line.bytes().next() {
                Some(b'+') => GOOD,
                Some(b'-') => BAD,
                Some(b'@') => HELP,
                _ => Style::new(),
            };
            let _ = writeln!(self.out, "{style}{line}{style:#}");
        }
        let left = lines.count();
        if left > 0 {
            let _ = writeln!(self.out, "… {}", plural(left, "more line"));
        }
    }

    /// A line for programs to read.
    pub(crate) fn json(&mut self, finding: &Finding) {
        if let Ok(line) = serde_json::to_string(finding) {
            let _ = writeln!(self.out, "{line}");
        }
    }

    // A closed output is no reason to fail.
    fn line(&mut self, style: Style, verb: &str, what: impl Display) {
        let _ = writeln!(self.out, "{style}{verb:>12}{style:#} {what}");
    }
}

/// Such as `1 file`, or `2 files`.
pub(crate) fn plural(count: usize, what: &str) -> String {
    let end = if count == 1 { "" } else { "s" };
    format!("{count} {what}{end}")
}

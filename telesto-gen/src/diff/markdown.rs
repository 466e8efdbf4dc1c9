//! What has changed, as a comment on a pull request.
//!
//! The text of a document is that of anybody who may open one: it is shown as HTML
//! without markup, in which it neither formats, links nor notifies.

use std::fmt::Write as _;

use super::{Change, Diff, Release, Verdict};

/// How long a comment may be: GitHub accepts 65,536 characters.
const LIMIT: usize = 60_000;

/// How much of a line of a document is shown.
const WIDTH: usize = 200;

impl Diff {
    /// The changes as Markdown with HTML, in the form that GitHub, GitLab and
    /// Forgejo show: a summary, then what breaks first, with its details folded.
    ///
    /// It is at most 60,000 characters long, and says what was left out. `version` is
    /// that of the client now.
    #[must_use]
    pub fn to_markdown(&self, version: &str) -> String {
        let Some(worst) = self.verdict() else {
            return "**The spec means the same as before.**\n".to_owned();
        };
        let mut out = format!("**What this edit of the spec means: {}.**", self.summary());
        if let Some(release) = Release::after(version, worst) {
            let _ = write!(out, " It asks for {release}.");
        }
        out.push('\n');
        if let Some(client) = self.client_summary() {
            let _ = write!(out, "\n{}.\n", html(&client));
        }
        let entry = self.changelog();
        let changelog = folded("For the changelog", &source(&entry));
        let changelog = match entry.is_empty() {
            true => String::new(),
            false if changelog.len() > LIMIT / 3 => {
                "\nThe entry for the changelog is too long for a comment.\n".to_owned()
            }
            false => format!("\n{changelog}"),
        };
        // The line that says what was left out.
        let end = LIMIT - changelog.len() - 200;
        let mut shown = 0;
        let mut section = None;
        for change in &self.changes {
            let title = match change.verdict {
                Verdict::Breaking => "Breaking",
                Verdict::Additive => "Additive",
                Verdict::Docs => "Documentation",
            };
            let mut text = String::new();
            if section != Some(change.verdict) {
                let _ = write!(text, "\n### {title}\n\n");
            }
            text.push_str(&self.folded_change(change));
            if out.len() + text.len() > end {
                break;
            }
            out.push_str(&text);
            section = Some(change.verdict);
            shown += 1;
        }
        let left = self.changes.len() - shown;
        if left > 0 {
            let _ = write!(
                out,
                "\n{left} more did not fit into a comment: run `cargo xtask diff` to see all {}.\n",
                self.changes.len()
            );
        }
        out + &changelog
    }

    fn folded_change(&self, change: &Change) -> String {
        let finding = &change.finding;
        let from = self.source(change);
        let (line, column) = (finding.location.line, finding.location.column);
        let text = from
            .text
            .lines()
            .nth(line.saturating_sub(1))
            .unwrap_or_default();
        let text: String = text.chars().take(WIDTH).collect();
        let place = format!("{}:{line}:{column}", from.path);
        let mut body = format!("<p><code>{}</code></p>\n", escaped(&place));
        body.push_str(&source(&text));
        body.push_str("<ul>\n");
        let mut item = |name: &str, text: &str| {
            let _ = writeln!(body, "<li>{name}: {}</li>", html(text));
        };
        item("why", &change.why());
        if let Some(operations) = change.operations() {
            item("in", &format!("`{operations}`"));
        }
        for effect in change.effects() {
            item("client", &effect);
        }
        body.push_str("</ul>\n");
        folded(&finding.message, &body)
    }
}

fn folded(summary: &str, body: &str) -> String {
    let summary = html(summary);
    format!("<details><summary>{summary}</summary>\n{body}</details>\n")
}

/// Lines as they are.
fn source(text: &str) -> String {
    // A line without anything would end the HTML.
    let lines = text.lines().map(|line| match line.trim() {
        "" => "&#32;".to_owned(),
        _ => escaped(line),
    });
    let lines: Vec<String> = lines.collect();
    format!("<pre>{}</pre>\n", lines.join("\n"))
}

/// Renders a message: quoted parts as code, the rest as plain text.
fn html(message: &str) -> String {
    let parts = message.split('`').enumerate();
    let parts = parts.map(|(index, part)| match index % 2 {
        1 => format!("<code>{}</code>", escaped(part)),
        _ => inert(part),
    });
    parts.collect()
}

/// Escapes plain text, and puts a zero-width space into everything that GitHub, GitLab or
/// Forgejo would link: `@name`, `#1`, `owner/repo!1`, `GH-1`, a commit, a URL.
fn inert(text: &str) -> String {
    const GAP: &str = "&#8203;";
    const SIGNS: &[char] = &['@', '#', '!', '~', '%', '$', '&', '^', ':', '.', '-'];
    let mut shown = String::with_capacity(text.len());
    let mut digits = 0;
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        shown.push_str(&escaped(c.encode_utf8(&mut [0; 4])));
        digits = if c.is_ascii_hexdigit() { digits + 1 } else { 0 };
        let is_before_word = rest.peek().is_some_and(|next| !next.is_whitespace());
        // The shortest commit has seven digits.
        if (SIGNS.contains(&c) && is_before_word) || digits == 6 {
            shown.push_str(GAP);
            digits = 0;
        }
    }
    shown
}

fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    let text = text.replace('>', "&gt;").replace('"', "&quot;");
    text.replace(['\n', '\r'], " ")
}

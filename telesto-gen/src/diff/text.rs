//! What has changed, for people to read.

use annotate_snippets::Level;

use super::{Change, Clients, Diff, Effect, Verdict};
use crate::finding;

/// How many operations or effects one line names.
const NAMED: usize = 3;

/// The first of several, and how many more there are.
pub(super) fn few(all: impl ExactSizeIterator<Item = String>) -> Vec<String> {
    let more = all.len().saturating_sub(NAMED);
    let more = (more > 0).then(|| format!("and {more} more"));
    all.take(NAMED).chain(more).collect()
}

impl Diff {
    /// The changes in the style of the Rust compiler, followed by a line that
    /// counts them. Empty if there are none.
    ///
    /// `color` adds ANSI escapes.
    #[must_use]
    pub fn render(&self, color: bool) -> String {
        let mut out = String::new();
        for change in &self.changes {
            let source = self.source(change);
            let level = match change.verdict {
                Verdict::Breaking => Level::ERROR.with_name("breaking"),
                Verdict::Additive => Level::INFO.with_name("additive"),
                Verdict::Docs => Level::NOTE.with_name("docs"),
            };
            let note = |name, text: String| (Level::NOTE.with_name(name), text);
            let mut notes = vec![note("why", change.why())];
            notes.extend(change.operations().map(|text| note("in", text)));
            notes.extend(change.effects().map(|text| note("client", text)));
            let source = (source.path.as_str(), source.text.as_str());
            let text = finding::render(source, &change.finding, level, &notes, color);
            out.push_str(&text);
            out.push_str("\n\n");
        }
        if !self.changes.is_empty() {
            out.push_str(&self.summary());
            if let Some(client) = self.client_summary() {
                out.push('\n');
                out.push_str(&client);
            }
        }
        out
    }

    /// What the changes do to the client, in one sentence.
    pub(super) fn client_summary(&self) -> Option<String> {
        match &self.clients {
            Clients::Compared => {}
            Clients::NotAskedFor => return None,
            Clients::NotThere(reason) => {
                return Some(format!("Only the documents were compared: {reason}"));
            }
        }
        let effects = || self.changes.iter().flat_map(|change| &change.effects);
        let is = |verdict| effects().filter(move |e| e.verdict == verdict).count();
        Some(match (is(Verdict::Breaking), is(Verdict::Additive)) {
            (0, 0) => "No item of the client changes".to_owned(),
            (breaking, additive) => {
                let counts = [(breaking, Verdict::Breaking), (additive, Verdict::Additive)];
                format!("Changes of the client: {}", counted(&counts))
            }
        })
    }

    /// Such as `1 breaking, 2 additive`.
    pub(super) fn summary(&self) -> String {
        let count = |verdict| {
            let is = |change: &&Change| change.verdict == verdict;
            self.changes.iter().filter(is).count()
        };
        let verdicts = [Verdict::Breaking, Verdict::Additive, Verdict::Docs];
        counted(&verdicts.map(|verdict| (count(verdict), verdict)))
    }
}

fn counted(counts: &[(usize, Verdict)]) -> String {
    let counts = counts.iter().filter(|(count, _)| *count > 0);
    let counts: Vec<String> = counts
        .map(|(count, verdict)| format!("{count} {verdict}"))
        .collect();
    counts.join(", ")
}

impl Change {
    /// The operations in one line, if there are any.
    pub(super) fn operations(&self) -> Option<String> {
        let names = few(self.operations.iter().map(ToString::to_string));
        (!names.is_empty()).then(|| names.join(", "))
    }

    /// Why its verdict is what it is, and where the client makes it worse, what it
    /// would be.
    pub(super) fn why(&self) -> String {
        let help = &self.finding.help;
        match self.by_rule {
            Some(verdict) if verdict != self.verdict => format!("{help} ({verdict} by itself)"),
            _ => help.clone(),
        }
    }

    /// What it does to the client, and where that is another verdict, which.
    pub(super) fn effects(&self) -> impl Iterator<Item = String> {
        let is_worst = |effect: &Effect| effect.verdict == self.verdict;
        self.effects
            .iter()
            .map(move |effect| match is_worst(effect) {
                true => effect.message.clone(),
                false => format!("{} ({})", effect.message, effect.verdict),
            })
    }
}

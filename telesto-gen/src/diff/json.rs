//! What has changed, for programs to read. `spec/README.md` documents the form: a
//! change of it that is no addition is another version.

use serde::Serialize;

use super::{Change, Clients, Diff, Effect, Endpoint, Release, Verdict};

/// The version of the form.
const VERSION: u32 = 1;

#[derive(Serialize)]
struct Output<'d> {
    version: u32,
    base: &'d str,
    new: &'d str,
    verdict: Option<Verdict>,
    release: Option<Release>,
    clients_compared: bool,
    /// Why they were not.
    reason: Option<&'d str>,
    changes: Vec<ChangeOutput<'d>>,
    changelog: String,
}

#[derive(Serialize)]
struct ChangeOutput<'d> {
    verdict: Verdict,
    by_rule: Option<Verdict>,
    rule: &'static str,
    message: &'d str,
    why: &'d str,
    /// The document that has the place: `base` or `new`.
    side: &'static str,
    file: &'d str,
    line: usize,
    column: usize,
    pointer: &'d str,
    operations: &'d [Endpoint],
    effects: &'d [Effect],
}

impl Diff {
    /// The changes as one JSON object, on one line. `version` is that of the client
    /// now.
    #[must_use]
    pub fn to_json(&self, version: &str) -> String {
        let output = Output {
            version: VERSION,
            base: &self.base.path,
            new: &self.new.path,
            verdict: self.verdict(),
            release: self
                .verdict()
                .and_then(|verdict| Release::after(version, verdict)),
            clients_compared: matches!(self.clients, Clients::Compared),
            reason: self.without_clients(),
            changes: self
                .changes
                .iter()
                .map(|change| self.output(change))
                .collect(),
            changelog: self.changelog(),
        };
        // Nothing in it can fail: no map has keys other than text.
        serde_json::to_string(&output).unwrap_or_default()
    }

    fn output<'d>(&'d self, change: &'d Change) -> ChangeOutput<'d> {
        let finding = &change.finding;
        ChangeOutput {
            verdict: change.verdict,
            by_rule: change.by_rule,
            rule: finding.rule,
            message: &finding.message,
            why: &finding.help,
            side: if change.in_base { "base" } else { "new" },
            file: &self.source(change).path,
            line: finding.location.line,
            column: finding.location.column,
            pointer: &finding.pointer,
            operations: &change.operations,
            effects: &change.effects,
        }
    }
}

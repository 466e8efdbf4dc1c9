//! `cargo xtask lint`: checks a spec, and solves what can be solved.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use clap::ValueEnum;
use similar::TextDiff;
use telesto_gen::{Document, Finding, Findings, ReadError, lint, rules};

use crate::Outcome;
use crate::report::{Report, plural};

/// The format of the findings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// For people
    Text,
    /// For programs: one JSON object a line
    Json,
}

/// How many lines of the diff are shown.
const LONGEST_DIFF: usize = 200;

/// Checks the spec in `file`, a path below `folder`.
pub(crate) fn check(folder: &Path, file: &Path, output: Output, report: &mut Report) -> Outcome {
    let findings = match Document::read_in(folder, file) {
        Ok(document) => lint(&document),
        Err(ReadError::Refused(findings)) => findings,
        Err(error) => {
            report.error(&error, "pass the path of an OpenAPI document");
            return Outcome::Failed;
        }
    };
    show(&findings, file, output, report)
}

/// Solves what can be solved in the spec in `file`, and shows what is left.
pub(crate) fn fix(folder: &Path, file: &Path, output: Output, report: &mut Report) -> Outcome {
    let place = folder.join(file);
    // What cannot be read is said as without a fix.
    let Ok(before) = fs::read_to_string(&place) else {
        return check(folder, file, output, report);
    };
    let fixed = telesto_gen::fix(file, before.clone());
    if fixed.text != before {
        if let Err(error) = telesto_gen::replace(&place, &fixed.text) {
            report.error(error, "make the file writable, then run the command again");
            return Outcome::Failed;
        }
        if output == Output::Text {
            show_fixes(&before, &fixed.text, &fixed.solved, file, report);
        }
    }
    show(&fixed.findings, file, output, report)
}

fn show_fixes(before: &str, after: &str, solved: &[Finding], file: &Path, report: &mut Report) {
    let diff = TextDiff::from_lines(before, after);
    let diff = diff.unified_diff().context_radius(1).to_string();
    report.diff(&diff, LONGEST_DIFF);
    show_solved(solved, report);
    report.step("Wrote", file.display());
}

/// What was solved, by rule.
pub(crate) fn show_solved(solved: &[Finding], report: &mut Report) {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for finding in solved {
        *counts.entry(finding.rule).or_default() += 1;
    }
    for rule in rules() {
        if let (Some(count), Some(fix)) = (counts.get(rule.name), rule.fix) {
            let what = plural(*count, "finding");
            report.step("Fixed", format!("{what} of {}: {fix}", rule.name));
        }
    }
}

fn show(findings: &Findings, file: &Path, output: Output, report: &mut Report) -> Outcome {
    if output == Output::Json {
        findings.iter().for_each(|finding| report.json(finding));
    } else {
        if !findings.is_empty() {
            report.findings(findings);
        }
        if !findings.has_errors() {
            report.step("Checked", file.display());
        }
    }
    match findings.has_errors() {
        true => Outcome::Failed,
        false => Outcome::Done,
    }
}

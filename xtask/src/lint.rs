//! `cargo xtask lint`: checks a spec.

use std::path::Path;

use clap::ValueEnum;
use telesto_gen::{Document, Findings, ReadError, lint};

use crate::Outcome;
use crate::report::Report;

/// The format of the findings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// For people
    Text,
    /// For programs: one JSON object a line
    Json,
}

/// Checks the spec in `file`, a path below `folder`.
pub(crate) fn run(folder: &Path, file: &Path, output: Output, report: &mut Report) -> Outcome {
    let findings = match Document::read_in(folder, file) {
        Ok(document) => lint(&document),
        Err(ReadError::Refused(findings)) => findings,
        Err(error) => {
            report.error(&error, "pass the path of an OpenAPI document");
            return Outcome::Failed;
        }
    };
    match output {
        Output::Text => show(&findings, file, report),
        Output::Json => findings.iter().for_each(|finding| report.json(finding)),
    }
    match findings.has_errors() {
        true => Outcome::Failed,
        false => Outcome::Done,
    }
}

fn show(findings: &Findings, file: &Path, report: &mut Report) {
    if !findings.is_empty() {
        report.findings(findings);
    }
    if !findings.has_errors() {
        report.step("Checked", file.display());
    }
}

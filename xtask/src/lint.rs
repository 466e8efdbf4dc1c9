//! `cargo xtask lint`: what stands in the way of a client.

use std::path::Path;

use clap::ValueEnum;
use telesto_gen::{Document, Findings, ReadError, lint};

use crate::Outcome;
use crate::report::Report;

/// Who reads the findings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// People
    Text,
    /// Programs
    Json,
}

/// Checks the spec in `file`, a path below `folder`.
pub(crate) fn run(folder: &Path, file: &Path, output: Output, report: &mut Report) -> Outcome {
    let findings = match Document::read_in(folder, file) {
        Ok(document) => lint(&document),
        Err(ReadError::Refused(findings)) => findings,
        Err(error) => {
            report.error(&error, "give the path of an OpenAPI document");
            return Outcome::Failed;
        }
    };
    match output {
        Output::Text => tell(&findings, file, report),
        Output::Json => findings.iter().for_each(|finding| report.json(finding)),
    }
    match findings.has_errors() {
        true => Outcome::Failed,
        false => Outcome::Done,
    }
}

fn tell(findings: &Findings, file: &Path, report: &mut Report) {
    if !findings.is_empty() {
        report.findings(findings);
    }
    if !findings.has_errors() {
        report.step("Checked", file.display());
    }
}

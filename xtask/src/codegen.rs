//! `cargo xtask codegen`: from the specs to the generated files.

use std::path::Path;

use telesto_gen::{Document, GeneratedFile, ReadError, State, Target};

use crate::report::{Report, plural};
use crate::{Outcome, cases};

/// A spec, and what is generated from it.
struct Spec {
    path: &'static str,
    /// Whether the cases of the tests and the examples of the spec's README
    /// are added to it.
    has_cases: bool,
    crate_name: &'static str,
    folder: &'static str,
    /// Where a copy of the spec goes.
    copy: Option<&'static str>,
    /// Whether warnings are shown. A made-up spec has odd parts on purpose.
    warns: bool,
}

/// The spec of the client that people depend on.
pub(crate) const SHIPPED: &str = "spec/telesto.yaml";

const SPECS: &[Spec] = &[
    Spec {
        path: SHIPPED,
        has_cases: false,
        crate_name: "telesto_api",
        folder: "telesto-api/src/generated",
        copy: Some("telesto-mock/src/generated/telesto.yaml"),
        warns: true,
    },
    Spec {
        path: "tests/fixture-api/made-up.yaml",
        has_cases: true,
        crate_name: "telesto_fixture_api",
        folder: "tests/fixture-api/generated",
        copy: Some("tests/fixture-api/generated/made-up.yaml"),
        warns: false,
    },
];

/// The folder of the cases.
const CASES: &str = "tests/cases/clients";

/// The document with the examples.
const EXAMPLES: &str = "spec/README.md";

/// How many lines of each diff are shown.
const LONGEST_DIFF: usize = 20;

/// Generates all files, and writes those that are stale.
pub(crate) fn write(root: &Path, report: &mut Report) -> Outcome {
    let Some(files) = generate(root, report) else {
        return Outcome::Failed;
    };
    match telesto_gen::write(root, &files) {
        Ok(written) => {
            for entry in &written {
                let verb = match entry.state {
                    State::Unexpected => "Removed",
                    _ => "Wrote",
                };
                report.step(verb, entry.path.display());
            }
            if written.is_empty() {
                report.step("Fresh", "all generated files");
            }
            Outcome::Done
        }
        Err(error) => {
            report.error(error, "make the file writable, then run the command again");
            Outcome::Failed
        }
    }
}

/// Generates all files, and reports those that differ on disk.
pub(crate) fn check(root: &Path, report: &mut Report) -> Outcome {
    let Some(files) = generate(root, report) else {
        return Outcome::Failed;
    };
    let stale = match telesto_gen::stale(root, &files) {
        Ok(stale) => stale,
        Err(error) => {
            report.error(error, "make the file readable, then run the command again");
            return Outcome::Failed;
        }
    };
    if stale.is_empty() {
        report.step("Fresh", "all generated files");
        return Outcome::Done;
    }
    for entry in &stale {
        let verb = match entry.state {
            State::Missing => "Missing",
            State::Different => "Stale",
            State::Unexpected => "Unexpected",
        };
        report.wrong(verb, entry.path.display(), &entry.diff, LONGEST_DIFF);
    }
    let files = if stale.len() == 1 {
        "file is"
    } else {
        "files are"
    };
    report.error(
        format!("{} generated {files} out of date", stale.len()),
        "run `cargo xtask codegen`, and commit the result",
    );
    Outcome::Stale
}

/// Generates the files of all specs, or reports why that fails.
fn generate(root: &Path, report: &mut Report) -> Option<Vec<GeneratedFile>> {
    let mut files = Vec::new();
    let mut refused = false;
    for spec in SPECS {
        report.step("Reading", spec.path);
        let Some(document) = read(root, spec, report) else {
            refused = true;
            continue;
        };
        match telesto_gen::generate(&document, &Target::new(spec.crate_name, spec.folder)) {
            Ok(generated) => {
                if spec.warns && !generated.warnings.is_empty() {
                    report.findings(&generated.warnings);
                }
                let operations = generated.operations;
                report.step(
                    "Generated",
                    format!("{} with {}", spec.folder, plural(operations, "operation")),
                );
                files.extend(generated.files);
                let copy = spec.copy.map(Path::new);
                files.extend(copy.map(|copy| telesto_gen::embed(&document, copy)));
            }
            Err(findings) => {
                report.findings(&findings);
                refused = true;
            }
        }
    }
    if refused {
        report.error("nothing was written", "fix the spec as shown above");
        return None;
    }
    Some(files)
}

fn read(root: &Path, spec: &Spec, report: &mut Report) -> Option<Document> {
    let path = Path::new(spec.path);
    let refused = match spec.has_cases {
        false => match Document::read_in(root, path) {
            Ok(document) => return Some(document),
            Err(ReadError::Refused(findings)) => findings,
            Err(error) => {
                report.error(&error, "run the command in a complete checkout");
                return None;
            }
        },
        true => {
            let [base, cases, examples] =
                [path, CASES.as_ref(), EXAMPLES.as_ref()].map(|path: &Path| root.join(path));
            match cases::merged(&base, &cases, &examples) {
                Ok(text) => {
                    let name = format!("{} with {CASES} and {EXAMPLES}", spec.path);
                    match Document::parse(name, text) {
                        Ok(document) => return Some(document),
                        Err(findings) => findings,
                    }
                }
                Err(error) => {
                    report.error(&error, "fix the cases of the tests, or the examples");
                    return None;
                }
            }
        }
    };
    report.findings(&refused);
    None
}

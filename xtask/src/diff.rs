//! `cargo xtask diff`: what an edit of the spec means.

use std::fmt::Display;
use std::path::Path;
use std::process::Command;

use clap::ValueEnum;
use telesto_gen::{Bump, Diff, Document, ReadError, Verdict};

use crate::Outcome;
use crate::codegen::SHIPPED;
use crate::report::Report;

/// What a comparison fails on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum FailOn {
    /// A change that may break code
    Breaking,
    /// Any change
    Any,
}

/// The branches that work is merged into, the first that exists.
const MAIN: [&str; 4] = ["origin/main", "main", "origin/master", "master"];

/// Why there is nothing to compare with, and how to fix it.
struct NoBase(String, &'static str);

/// Compares the spec of the workspace with `base`: a file, a git revision or, if
/// there is none, where the current branch left the main one.
pub(crate) fn run(
    root: &Path,
    base: Option<&str>,
    fail_on: Option<FailOn>,
    report: &mut Report,
) -> Outcome {
    let base = match base_of(root, base) {
        Ok((label, text)) => Document::parse(label, text).map_err(ReadError::Refused),
        Err(NoBase(reason, help)) => {
            report.error(reason, help);
            return Outcome::Failed;
        }
    };
    let new = Document::read_in(root, Path::new(SHIPPED));
    let (Some(base), Some(new)) = (readable(base, report), readable(new, report)) else {
        return Outcome::Failed;
    };
    let diff = Diff::of(&base, &new);
    let Some(verdict) = diff.verdict() else {
        let since = base.path().display();
        report.step(
            "Unchanged",
            format_args!("{SHIPPED}, compared with {since}"),
        );
        return Outcome::Done;
    };
    report.text(&diff.render(true));
    report.text(&next_version(env!("CARGO_PKG_VERSION"), verdict));
    match fail_on {
        Some(FailOn::Any) => Outcome::Found,
        Some(FailOn::Breaking) if verdict == Verdict::Breaking => Outcome::Found,
        _ => Outcome::Done,
    }
}

fn readable(document: Result<Document, ReadError>, report: &mut Report) -> Option<Document> {
    match document {
        Ok(document) => return Some(document),
        Err(ReadError::Refused(findings)) => report.findings(&findings),
        Err(error) => report.error(&error, "pass a git revision, or the path of a document"),
    }
    None
}

/// The text to compare with, and what it is called.
fn base_of(root: &Path, base: Option<&str>) -> Result<(String, String), NoBase> {
    let revision = match base {
        // As a shell completes it: a file is below the current folder.
        Some(file) if Path::new(file).is_file() => {
            let text = std::fs::read_to_string(file);
            let help = "pass the path of an OpenAPI document in UTF-8";
            return match text {
                Ok(text) => Ok((file.to_owned(), text)),
                Err(error) => Err(NoBase(format!("cannot read {file}: {error}"), help)),
            };
        }
        Some(revision) => revision.to_owned(),
        None => merge_base(root)?,
    };
    let name = format!("{revision}:{SHIPPED}");
    match git(root, &["show", &name]) {
        Ok(text) => Ok((name, text)),
        Err(reason) => Err(NoBase(
            format!("there is no `{name}`: {reason}"),
            "pass a git revision that has the spec, or the path of a document",
        )),
    }
}

/// Where the current branch left the main one.
fn merge_base(root: &Path) -> Result<String, NoBase> {
    let help = "pass a git revision, or the path of a document";
    for main in MAIN {
        if git(root, &["rev-parse", "--verify", "--quiet", main]).is_ok() {
            let found = git(root, &["merge-base", "HEAD", main]);
            let found = found.map_err(|reason| NoBase(reason, help))?;
            let found = found.trim();
            return Ok(found.get(..12).unwrap_or(found).to_owned());
        }
    }
    let reason = format!("there is no main branch: none of {}", MAIN.join(", "));
    Err(NoBase(reason, help))
}

/// What git says; the error is its last line.
fn git(root: &Path, arguments: &[&str]) -> Result<String, String> {
    let ran = Command::new("git")
        .arg("-C")
        .arg(root)
        .args(arguments)
        .output();
    let output = ran.map_err(|error| format!("cannot run git: {error}"))?;
    if output.status.success() {
        return String::from_utf8(output.stdout).map_err(|_| "it is not UTF-8".to_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let last = said.lines().last().unwrap_or("git failed");
    Err(last.trim_start_matches("fatal: ").to_owned())
}

/// The version that follows, as `0.1.0`, with the reason.
fn next_version(version: &str, verdict: Verdict) -> String {
    let parts: Vec<u64> = version
        .split('.')
        .filter_map(|part| part.parse().ok())
        .collect();
    let [major, minor, patch] = parts[..] else {
        return String::new();
    };
    let bump = Bump::of(verdict, major == 0);
    let next = match bump {
        Bump::Major => [major + 1, 0, 0],
        Bump::Minor => [major, minor + 1, 0],
        Bump::Patch => [major, minor, patch + 1],
    };
    let next = next.map(|part| part.to_string()).join(".");
    sentence(verdict, bump, version, &next)
}

fn sentence(verdict: Verdict, bump: Bump, version: impl Display, next: impl Display) -> String {
    format!("The worst change is {verdict}: a {bump} release, {version} -> {next}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_version_follows_from_the_worst_change() {
        for (version, verdict, next) in [
            (
                "0.1.3",
                Verdict::Breaking,
                "a minor release, 0.1.3 -> 0.2.0",
            ),
            (
                "0.1.3",
                Verdict::Additive,
                "a patch release, 0.1.3 -> 0.1.4",
            ),
            (
                "1.2.3",
                Verdict::Breaking,
                "a major release, 1.2.3 -> 2.0.0",
            ),
            (
                "1.2.3",
                Verdict::Additive,
                "a minor release, 1.2.3 -> 1.3.0",
            ),
            ("1.2.3", Verdict::Docs, "a patch release, 1.2.3 -> 1.2.4"),
        ] {
            let said = next_version(version, verdict);
            assert!(said.ends_with(next), "{said}");
        }
    }
}

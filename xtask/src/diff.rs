//! `cargo xtask diff`: what an edit of the spec means.

use std::panic::resume_unwind;
use std::path::Path;
use std::thread;

use clap::ValueEnum;
use telesto_gen::{Diff, Document, ReadError, Release, Verdict};

use crate::Outcome;
use crate::codegen::SHIPPED;
use crate::git::git;
use crate::report::Report;

/// What a comparison fails on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum FailOn {
    /// A change that may break code
    Breaking,
    /// Any change
    Any,
}

/// The format of what is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people, as the Rust compiler shows errors
    Text,
    /// For a comment on a pull request
    Markdown,
    /// For programs: one object, which spec/README.md documents
    Json,
}

/// The version of the client now.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The branches that work is merged into, the first that exists. In full: a branch may be
/// called `origin/main`.
const MAIN: [&str; 4] = [
    "refs/remotes/origin/main",
    "refs/heads/main",
    "refs/remotes/origin/master",
    "refs/heads/master",
];

/// The help for a base that cannot be read.
const HELP: &str = "pass a git revision, or a file as `./FILE`";

/// Why there is nothing to compare with, and how to fix it.
struct NoBase(String, String);

/// Compares the spec of the workspace with `base`: a git revision, a file or, if
/// there is none, where the current branch left the main one.
pub(crate) fn run(
    root: &Path,
    base: Option<&str>,
    fail_on: Option<FailOn>,
    format: Format,
    report: &mut Report,
) -> Outcome {
    let (label, text) = match base_of(root, base) {
        Ok(found) => found,
        Err(NoBase(reason, help)) => {
            report.error(reason, &help);
            return Outcome::Failed;
        }
    };
    // At once: reading takes about as long as comparing.
    let (base, new) = thread::scope(|scope| {
        let base = scope.spawn(|| Document::parse(label, text).map_err(ReadError::Refused));
        let new = Document::read_in(root, Path::new(SHIPPED));
        let base = base.join().unwrap_or_else(|panic| resume_unwind(panic));
        (base, new)
    });
    let (Some(base), Some(new)) = (readable(base, report), readable(new, report)) else {
        return Outcome::Failed;
    };
    let diff = Diff::of(&base, &new);
    match format {
        Format::Text => show(&diff, &base, report),
        Format::Markdown => report.text(diff.to_markdown(VERSION).trim_end()),
        Format::Json => report.text(&diff.to_json(VERSION)),
    }
    match (fail_on, diff.verdict()) {
        (Some(FailOn::Any), Some(_)) => Outcome::Found,
        (Some(FailOn::Breaking), Some(Verdict::Breaking)) => Outcome::Found,
        _ => Outcome::Done,
    }
}

/// Shows the changes, and what follows from them.
fn show(diff: &Diff, base: &Document, report: &mut Report) {
    let Some(verdict) = diff.verdict() else {
        let since = base.path().display();
        let what = format_args!("{SHIPPED}, compared with {since}");
        return report.step("Unchanged", what);
    };
    report.text(&diff.render(true));
    if let Some(release) = Release::after(VERSION, verdict) {
        report.text(&format!("The worst change is {verdict}: {release}"));
    }
    let changelog = diff.changelog();
    if !changelog.is_empty() {
        report.text(&format!("\nFor the changelog:\n\n{}", changelog.trim_end()));
    }
}

fn readable(document: Result<Document, ReadError>, report: &mut Report) -> Option<Document> {
    match document {
        Ok(document) => return Some(document),
        Err(ReadError::Refused(findings)) => report.findings(&findings),
        Err(error) => report.error(&error, HELP),
    }
    None
}

/// Whether a base is a file. A revision may have the name of one, and whoever opens a pull
/// request says which files there are.
fn is_file(base: &str) -> bool {
    let is_relative = ["./", "../", ".\\", "..\\"]
        .iter()
        .any(|start| base.starts_with(start));
    is_relative || Path::new(base).is_absolute()
}

/// The text to compare with, and what it is called.
fn base_of(root: &Path, base: Option<&str>) -> Result<(String, String), NoBase> {
    let revision = match base {
        // As a shell completes it: a file is below the current folder.
        Some(file) if is_file(file) => {
            let text = std::fs::read_to_string(file);
            let help = "pass the path of an OpenAPI document in UTF-8";
            return match text {
                Ok(text) => Ok((file.to_owned(), text)),
                Err(error) => Err(NoBase(format!("cannot read {file}: {error}"), help.into())),
            };
        }
        Some(revision) => revision.to_owned(),
        None => merge_base(root)?,
    };
    let name = format!("{revision}:{SHIPPED}");
    match git(root, &["show", "--end-of-options", &name]) {
        Ok(text) => Ok((name, text)),
        Err(reason) => {
            let help = if Path::new(&revision).is_file() {
                format!("to compare with the file, write `./{revision}`")
            } else {
                "pass a git revision that has the spec, or a file as `./FILE`".to_owned()
            };
            Err(NoBase(format!("there is no `{name}`: {reason}"), help))
        }
    }
}

/// Where the current branch left the main one.
fn merge_base(root: &Path) -> Result<String, NoBase> {
    let help = || HELP.to_owned();
    for main in MAIN {
        if git(root, &["rev-parse", "--verify", "--quiet", main]).is_ok() {
            let found = git(root, &["merge-base", "HEAD", main]);
            let found = found.map_err(|reason| NoBase(reason, help()))?;
            let found = found.trim();
            return Ok(found.get(..12).unwrap_or(found).to_owned());
        }
    }
    let names = MAIN.map(|name| {
        let name = name.trim_start_matches("refs/");
        name.trim_start_matches("remotes/")
            .trim_start_matches("heads/")
    });
    let reason = format!("there is no main branch: none of {}", names.join(", "));
    Err(NoBase(reason, help()))
}

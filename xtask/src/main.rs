//! The command line of this repository: `cargo xtask`.

mod cases;
mod codegen;
mod lint;
mod report;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::report::Report;

/// The tasks of this repository
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", version)]
#[command(after_help = "\
Exit codes:
  0  done
  1  a spec is refused, or a file cannot be read or written
  2  the command line is wrong
  4  generated files are stale (--check)")]
struct Arguments {
    #[command(subcommand)]
    task: Task,

    /// The workspace to work on [default: the one of this program]
    #[arg(long, value_name = "FOLDER", global = true)]
    root: Option<PathBuf>,
}

#[derive(Subcommand)]
enum Task {
    /// Make the client from the spec
    ///
    /// Reads spec/telesto.yaml, checks it, and writes the generated modules of
    /// telesto-api and the copy of the spec that telesto-mock embeds. The
    /// client of the made-up spec in tests/fixture-api is made as well.
    /// Nothing is written if a spec is refused.
    #[command(after_help = "\
Examples:
  cargo xtask codegen            after an edit of the spec
  cargo xtask codegen --check    in CI: are the generated files those of the spec?

Exit codes:
  0  done, or fresh
  1  a spec is refused, or a file cannot be read or written
  4  generated files are stale (--check)")]
    Codegen {
        /// Write nothing; tell what is stale
        #[arg(long)]
        check: bool,
    },
    /// Check a spec, and write nothing
    ///
    /// Tells everything that stands in the way of a client, sorted by its
    /// place in the file, with the mend; and what could be better.
    #[command(after_help = "\
Examples:
  cargo xtask lint
  cargo xtask lint other.yaml
  cargo xtask lint --output json | jq .rule

Exit codes:
  0  a client can be made of it, perhaps with warnings
  1  it is refused, or cannot be read")]
    Lint {
        /// The spec to check [default: spec/telesto.yaml of the workspace]
        #[arg(value_name = "FILE")]
        file: Option<PathBuf>,

        /// For people, or for programs: one JSON object a line
        #[arg(long, value_enum, default_value_t = lint::Output::Text)]
        output: lint::Output,
    },
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let root = arguments.root.unwrap_or_else(workspace);
    let mut report = Report::to_terminal();
    let outcome = match arguments.task {
        Task::Codegen { check: false } => codegen::write(&root, &mut report),
        Task::Codegen { check: true } => codegen::check(&root, &mut report),
        Task::Lint { file, output } => {
            // The shipped one is that of the workspace; any other is where the
            // caller is.
            let (folder, file) = match &file {
                Some(file) => (Path::new(""), file.as_path()),
                None => (root.as_path(), Path::new(codegen::SHIPPED)),
            };
            lint::run(folder, file, output, &mut report)
        }
    };
    outcome.into()
}

/// How a task ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Done,
    Failed,
    Stale,
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Done => Self::SUCCESS,
            Outcome::Failed => Self::from(1),
            Outcome::Stale => Self::from(4),
        }
    }
}

/// The folder above this crate.
fn workspace() -> PathBuf {
    let this = Path::new(env!("CARGO_MANIFEST_DIR"));
    this.parent().unwrap_or(this).to_owned()
}

//! The command line of this repository: `cargo xtask`.

mod adopt;
mod cases;
mod codegen;
mod diff;
mod git;
mod lint;
mod report;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use mimalloc::MiMalloc;

use crate::report::Report;

/// Documents and syntax trees are millions of small allocations: large documents take two
/// thirds of the time that they take with the allocator of the system.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// The tasks of this repository
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", version)]
#[command(after_help = "\
Exit codes:
  0  done
  1  a spec has errors, or a file cannot be read or written
  2  invalid command line
  4  generated files are out of date (--check), or there is a change that
     --fail-on names")]
struct Arguments {
    #[command(subcommand)]
    task: Task,

    /// The workspace to work on [default: the one that this program is built from]
    #[arg(long, value_name = "FOLDER", global = true)]
    root: Option<PathBuf>,
}

#[derive(Subcommand)]
enum Task {
    /// Make a spec of an OpenAPI document that somebody else wrote
    ///
    /// Settles the server, the key and the rate limit, gives each operation a
    /// name in snake_case, and takes out vendor extensions and what `lint
    /// --fix` takes out. Of what no client can be generated from, it leaves out
    /// as little as it can, in the end whole operations, and says why. Order
    /// and comments of YAML stay; JSON becomes YAML.
    ///
    /// Of a folder, it shows how much of each document is callable, with
    /// something for what a document leaves open.
    #[command(after_help = "\
Examples:
  cargo xtask adopt vendor.json
  cargo xtask adopt vendor.yaml --key-header Authorization --rate-limit 100/3600/900
  cargo xtask adopt vendor.yaml --write
  cargo xtask adopt vendor.yaml --output json | jq '.losses[].finding.message'
  cargo xtask adopt documents/

Exit codes:
  0  done
  1  the document cannot be read, or leaves something open")]
    Adopt {
        /// The document, or a folder of documents
        #[arg(value_name = "FILE")]
        file: PathBuf,

        #[command(flatten)]
        flags: adopt::Flags,

        /// Replace spec/telesto.yaml by the spec, unless it has changes that are not committed
        #[arg(long)]
        write: bool,

        /// With --write, replace it in any case
        #[arg(long, requires = "write")]
        force: bool,

        /// The format of what is said
        #[arg(long, value_enum, default_value_t = lint::Output::Text)]
        output: lint::Output,
    },
    /// Generate the client from the spec
    ///
    /// Reads spec/telesto.yaml, checks it, and writes the generated modules of
    /// telesto-api and the copy of the spec that telesto-mock embeds. It also
    /// generates the client of the made-up spec in tests/fixture-api. Nothing
    /// is written if a spec has errors.
    #[command(after_help = "\
Examples:
  cargo xtask codegen            after an edit of the spec
  cargo xtask codegen --check    in CI: are the generated files up to date?

Exit codes:
  0  done, or up to date
  1  a spec has errors, or a file cannot be read or written
  4  generated files are out of date (--check)")]
    Codegen {
        /// Write nothing; show what is out of date
        #[arg(long)]
        check: bool,
    },
    /// Say what an edit of the spec means for those who use the client
    ///
    /// Compares spec/telesto.yaml with what it was, by meaning. Each change is
    /// shown with its place, whether it breaks code, is additive, or only
    /// documents, why, and what becomes of the client; then the version that
    /// follows from the worst one, and an entry for the changelog.
    #[command(after_help = "\
Examples:
  cargo xtask diff                       since this branch left the main one
  cargo xtask diff HEAD                  since the last commit
  cargo xtask diff ./before.yaml         compared with a file
  cargo xtask diff --fail-on breaking    in CI
  cargo xtask diff --format markdown     as a comment on a pull request
  cargo xtask diff --format json | jq '.changes[].message'

Exit codes:
  0  compared
  1  a document cannot be read
  2  invalid command line
  4  there is a change that --fail-on names")]
    Diff {
        /// A git revision, or a file that begins with `./`, `../` or `/`
        /// [default: the merge base with the main branch]
        #[arg(value_name = "BASE")]
        base: Option<String>,

        /// Fail if there is such a change
        #[arg(long, value_enum)]
        fail_on: Option<diff::FailOn>,

        /// The format of what is said
        #[arg(long, value_enum, default_value_t = diff::Format::Text)]
        format: diff::Format,
    },
    /// Check a spec without generating anything
    ///
    /// Lists all errors and warnings in the order of the file, each with its
    /// place and how to fix it. With --fix, it takes out of the file what the
    /// spec says in vain, as each rule says, and leaves everything else as it
    /// is written.
    #[command(after_help = "\
Examples:
  cargo xtask lint
  cargo xtask lint other.yaml
  cargo xtask lint --fix other.yaml
  cargo xtask lint --output json | jq .rule

Exit codes:
  0  no errors, perhaps warnings
  1  errors, or the file cannot be read")]
    Lint {
        /// The spec to check [default: spec/telesto.yaml of the workspace]
        #[arg(value_name = "FILE")]
        file: Option<PathBuf>,

        /// Solve what can be solved without a loss, and show the diff
        #[arg(long)]
        fix: bool,

        /// The format of the findings
        #[arg(long, value_enum, default_value_t = lint::Output::Text)]
        output: lint::Output,
    },
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let root = arguments.root.unwrap_or_else(workspace);
    let mut report = Report::to_terminal();
    let outcome = match arguments.task {
        Task::Adopt {
            file,
            flags,
            write,
            force,
            output,
        } => {
            let write = write.then_some(adopt::Write { force });
            adopt::run(&root, &file, &flags.into(), write, output, &mut report)
        }
        Task::Codegen { check: false } => codegen::write(&root, &mut report),
        Task::Codegen { check: true } => codegen::check(&root, &mut report),
        Task::Diff {
            base,
            fail_on,
            format,
        } => diff::run(&root, base.as_deref(), fail_on, format, &mut report),
        Task::Lint { file, fix, output } => {
            // The shipped spec is looked up in the workspace, any other file
            // from the current folder.
            let (folder, file) = match &file {
                Some(file) => (Path::new(""), file.as_path()),
                None => (root.as_path(), Path::new(codegen::SHIPPED)),
            };
            match fix {
                false => lint::check(folder, file, output, &mut report),
                true => lint::fix(folder, file, output, &mut report),
            }
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
    /// There is what the task was asked to fail on.
    Found,
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Done => Self::SUCCESS,
            Outcome::Failed => Self::from(1),
            Outcome::Stale | Outcome::Found => Self::from(4),
        }
    }
}

/// The folder above this crate.
fn workspace() -> PathBuf {
    let this = Path::new(env!("CARGO_MANIFEST_DIR"));
    this.parent().unwrap_or(this).to_owned()
}

//! `cargo xtask adopt`: makes a spec of a document that somebody else wrote.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use serde_json::json;
use telesto_gen::spec::RateLimit;
use telesto_gen::{
    AdoptError, Adopted, Because, Corrected, Loss, Lost, Mistake, Open, Settings, Untyped, adopt,
};

use crate::Outcome;
use crate::codegen::SHIPPED;
use crate::git::would_lose;
use crate::lint::Output;
use crate::report::{Report, plural};

/// What a document may not say.
#[derive(Args)]
pub(crate) struct Flags {
    /// The URL of the server
    #[arg(long, value_name = "URL")]
    server: Option<String>,

    /// The header that the key is sent in
    #[arg(long, value_name = "NAME")]
    key_header: Option<String>,

    /// How many requests an address may send in how many seconds, and for how many seconds
    /// it is blocked after one too many
    #[arg(long, value_name = "REQUESTS/WINDOW/LOCKOUT", value_parser = rate_limit)]
    rate_limit: Option<RateLimit>,
}

impl From<Flags> for Settings {
    fn from(flags: Flags) -> Self {
        Self {
            server: flags.server,
            key_header: flags.key_header,
            rate_limit: flags.rate_limit,
        }
    }
}

fn rate_limit(text: &str) -> Result<RateLimit, String> {
    let numbers: Vec<u32> = text
        .split('/')
        .filter_map(|number| number.parse().ok().filter(|number| *number > 0))
        .collect();
    match (numbers.as_slice(), text.matches('/').count()) {
        (&[requests, window, lockout], 2) => {
            let seconds = |seconds: u32| Duration::from_secs(seconds.into());
            Ok(RateLimit::new(requests, seconds(window), seconds(lockout)))
        }
        _ => Err("write three whole numbers, such as `100/3600/900`".to_owned()),
    }
}

/// That the spec of the workspace is replaced.
#[derive(Clone, Copy)]
pub(crate) struct Write {
    /// Also if that loses changes.
    pub(crate) force: bool,
}

/// How many losses of a kind are shown.
const MOST: usize = 20;

/// Makes a spec of `file`, and writes it to the workspace `root` if there is a `write`.
pub(crate) fn run(
    root: &Path,
    file: &Path,
    settings: &Settings,
    write: Option<Write>,
    output: Output,
    report: &mut Report,
) -> Outcome {
    if file.is_dir() {
        if write.is_some() {
            let what = format!("cannot write the spec of a folder: {}", file.display());
            report.error(what, "pass the path of a document, or leave out --write");
            return Outcome::Failed;
        }
        return table(file, settings, output, report);
    }
    let Some(text) = read(file, report) else {
        return Outcome::Failed;
    };
    if let Some(Write { force: false }) = write
        && let Some(reason) = would_lose(root, SHIPPED)
    {
        report.error(
            reason,
            "commit it, or pass --force to replace it all the same",
        );
        return Outcome::Failed;
    }
    let adopted = match adopt(file, &text, settings) {
        Ok(adopted) => adopted,
        Err(AdoptError::Refused(findings)) => {
            report.findings(&findings);
            return Outcome::Failed;
        }
        Err(AdoptError::Open(open)) => {
            open.iter().for_each(|open| ask(open, report));
            return Outcome::Failed;
        }
        Err(error) => {
            report.error(error, "see `cargo xtask adopt --help`");
            return Outcome::Failed;
        }
    };
    if write.is_some()
        && let Err(error) = telesto_gen::replace(&root.join(SHIPPED), &adopted.text)
    {
        report.error(error, "make the file writable, then run the command again");
        return Outcome::Failed;
    }
    match output {
        Output::Text => {
            show(file, &adopted, report);
            match write {
                Some(_) => report.step("Wrote", SHIPPED),
                None => report.step("Next", format!("pass --write to replace {SHIPPED} by it")),
            }
        }
        Output::Json => report.text(&json(file, &adopted).to_string()),
    }
    Outcome::Done
}

fn read(file: &Path, report: &mut Report) -> Option<String> {
    match fs::read_to_string(file) {
        Ok(text) => Some(text),
        Err(error) => {
            let help = "pass the path of an OpenAPI document, or of a folder of some";
            report.error(format!("cannot read {}: {error}", file.display()), help);
            None
        }
    }
}

/// What to pass for something that the document leaves open.
fn ask(open: &Open, report: &mut Report) {
    let list = |all: &[String]| all.join(", ");
    match open {
        Open::Server(urls) if urls.is_empty() => report.error(
            "the document names no server",
            "pass it, such as `--server https://example.com/v1`",
        ),
        Open::Server(urls) => report.error(
            format!(
                "the document does not name one HTTPS server, but {}",
                list(urls)
            ),
            "pass the one to use, such as `--server https://example.com/v1`",
        ),
        Open::KeyHeader(schemes) if schemes.is_empty() => report.error(
            "the document has no security scheme",
            "pass the header that the key is sent in, such as `--key-header Authorization`",
        ),
        Open::KeyHeader(schemes) => report.error(
            format!(
                "the document does not have one key in a header, but {}",
                list(schemes)
            ),
            "pass the header that the key is sent in, such as `--key-header Authorization`",
        ),
        Open::RateLimit => report.error(
            "the document does not state the rate limit",
            "pass it, such as `--rate-limit 100/3600/900`: 100 requests in 3600 seconds, and \
             blocked for 900 seconds after one too many",
        ),
        Open::InvalidServer(url) => report.error(
            format!("`{url}` is not the URL of an HTTPS server"),
            "write it without variables, query or credentials, such as `https://example.com/v1`",
        ),
        Open::InvalidHeader(name) => report.error(
            format!("`{name}` is not the name of a header"),
            "write a name such as `Authorization`",
        ),
        _ => report.error(
            "the document leaves something open",
            "see `cargo xtask adopt --help`",
        ),
    }
}

fn show(file: &Path, adopted: &Adopted, report: &mut Report) {
    report.step("Read", file.display());
    report.step("Settled", format!("the server {}", adopted.server));
    report.step(
        "Settled",
        format!("the key, in the header `{}`", adopted.key_header),
    );
    let limit = adopted.rate_limit;
    let requests = plural(limit.requests as usize, "request");
    let [window, lockout] = [limit.window, limit.lockout].map(|time| time.as_secs());
    report.step(
        "Settled",
        format!("the rate limit: {requests} in {window} s, blocked for {lockout} s after one more"),
    );
    if let Some(first) = adopted.renamed.first() {
        let example = match &first.from {
            Some(from) => format!("`{from}` is `{}`", first.to),
            None => format!("{} is `{}`", first.what, first.to),
        };
        let count = adopted.renamed.len();
        report.step("Renamed", format!("{count}, such as: {example}"));
    }
    if let Some(first) = adopted.assumed.first() {
        let count = plural(adopted.assumed.len(), "operation");
        report.step(
            "Assumed",
            format!(
                "that {count} may return anything, where no success is documented, such as: {first}"
            ),
        );
    }
    show_corrected(&adopted.corrected, report);
    if let Some(first) = adopted.declared.first() {
        let count = plural(adopted.declared.len(), "path parameter");
        report.step(
            "Declared",
            format!("{count} that the document does not, as text, such as: {first}"),
        );
    }
    if adopted.extensions > 0 {
        report.step("Took out", plural(adopted.extensions, "vendor extension"));
    }
    crate::lint::show_solved(&adopted.solved, report);
    let mut losses: BTreeMap<Lost, Vec<&Loss>> = BTreeMap::new();
    for loss in &adopted.losses {
        losses.entry(loss.lost).or_default().push(loss);
    }
    for (lost, losses) in losses.into_iter().rev() {
        show_losses(file, lost, &losses, report);
    }
    if !adopted.keeps_layout {
        report.step(
            "Laid out",
            "anew: neither the layout nor the comments could be kept",
        );
    }
    show_untyped(&adopted.untyped, report);
    let share = percent(adopted.callable, adopted.operations);
    report.step(
        "Callable",
        format!(
            "{} of {} operations ({share} %)",
            adopted.callable, adopted.operations
        ),
    );
}

fn show_corrected(corrected: &[Corrected], report: &mut Report) {
    let mut mistakes: BTreeMap<Mistake, (usize, &str)> = BTreeMap::new();
    for Corrected {
        mistake, pointer, ..
    } in corrected
    {
        mistakes.entry(*mistake).or_insert((0, pointer)).0 += 1;
    }
    for (mistake, (count, first)) in mistakes {
        let (one, several) = corrected_as(mistake);
        let what = match count {
            1 => format!("1 {one}: {first}"),
            _ => format!("{count} {several}, such as: {first}"),
        };
        report.step("Corrected", what);
    }
}

/// A mistake in words, one and several.
fn corrected_as(mistake: Mistake) -> (&'static str, &'static str) {
    match mistake {
        Mistake::Version => (
            "version, as the document is written in OpenAPI 3.1",
            "versions, as the document is written in OpenAPI 3.1",
        ),
        Mistake::Missing => (
            "missing field that OpenAPI requires",
            "missing fields that OpenAPI requires",
        ),
        Mistake::Query => (
            "query in a path, whose parts are parameters",
            "queries in paths, whose parts are parameters",
        ),
        Mistake::Optional => (
            "path parameter that was not required",
            "path parameters that were not required",
        ),
        Mistake::Schema => ("parameter without a schema", "parameters without a schema"),
        Mistake::Status => ("status in lower case", "statuses in lower case"),
        Mistake::Type => (
            "type that OpenAPI does not have",
            "types that OpenAPI does not have",
        ),
        Mistake::Items => (
            "list that did not say what is in it",
            "lists that did not say what is in them",
        ),
        Mistake::Required => (
            "`required` of a property, which its object lists",
            "`required` of properties, which their objects list",
        ),
        Mistake::Values => (
            "list of values that were not of its type",
            "lists of values that were not of their types",
        ),
        Mistake::Spelling => (
            "value that is written in another way",
            "values that are written in another way",
        ),
        _ => ("mistake", "mistakes"),
    }
}

fn show_losses(file: &Path, lost: Lost, losses: &[&Loss], report: &mut Report) {
    let (one, several, is_listed) = said(lost);
    let count = match lost {
        Lost::Operation => losses.iter().map(|loss| loss.operations.len()).sum(),
        _ => losses.len(),
    };
    let what = if count == 1 { one } else { several };
    report.step("Left out", format!("{count} {what}"));
    let mut text = String::new();
    let most = match lost {
        Lost::Operation => losses.len(),
        _ if is_listed => MOST,
        _ => 0,
    };
    for loss in losses.iter().take(most) {
        let name = match (lost, loss.operations.as_slice()) {
            (Lost::Operation, operations) => operations.join(", "),
            (_, []) => loss.pointer.clone(),
            (_, [only]) => format!("{} of {only}", loss.pointer),
            (_, all) => format!("{} of {} operations", loss.pointer, all.len()),
        };
        let finding = &loss.finding;
        let location = finding.location;
        let _ = writeln!(
            text,
            "             {name}\n               {}:{}:{}: {} ({})",
            file.display(),
            location.line,
            location.column,
            finding.message,
            finding.rule
        );
    }
    if is_listed && losses.len() > most {
        let _ = writeln!(text, "             … {} more", losses.len() - most);
    }
    if !text.is_empty() {
        report.text(text.trim_end());
    }
}

/// What of the client may be anything, and which of that is not for want of a type in the
/// document.
fn show_untyped(untyped: &[Untyped], report: &mut Report) {
    let of = |because| untyped.iter().filter(move |one| one.because == because);
    let open = of(Because::Open).count();
    if open > 0 {
        let values = plural(open, "value");
        let what = format!("{values} of the client, as the document does not say what they are");
        report.step("Untyped", what);
    }
    let lost = of(Because::Lost).count();
    if lost > 0 {
        let values = plural(lost, "value");
        let what = format!("{values} of the client, whose types are left out");
        report.step("Untyped", what);
    }
    let unsupported: Vec<&str> = of(Because::Unsupported).map(|one| &*one.path).collect();
    if !unsupported.is_empty() {
        let values = plural(unsupported.len(), "value");
        let what = format!("{values} of the client, for which it has no type");
        report.step("Untyped", what);
        let shown = unsupported.iter().take(MOST);
        let shown: Vec<String> = shown.map(|path| format!("             {path}")).collect();
        report.text(&shown.join("\n"));
        if unsupported.len() > MOST {
            report.text(&format!("             … {} more", unsupported.len() - MOST));
        }
    }
}

/// What is lost, in words, one and several, and whether each is shown.
fn said(lost: Lost) -> (&'static str, &'static str, bool) {
    match lost {
        Lost::Operation => ("operation", "operations", true),
        Lost::Parameter => ("optional parameter", "optional parameters", true),
        Lost::Type => (
            "type, so that a value may be anything",
            "types, so that values may be anything",
            true,
        ),
        Lost::Values => ("list of values", "lists of values", true),
        Lost::Format => (
            "format, so that a value may be any text",
            "formats, so that values may be any text",
            true,
        ),
        Lost::Requirement => (
            "requirement, so that a value may be missing",
            "requirements, so that values may be missing",
            true,
        ),
        Lost::Property => ("property", "properties", true),
        Lost::Error => ("error", "errors", true),
        Lost::Unused => (
            "component that nothing uses",
            "components that nothing uses",
            false,
        ),
        Lost::Example => (
            "example that does not fit",
            "examples that do not fit",
            false,
        ),
        _ => (
            "field that OpenAPI does not have there",
            "fields that OpenAPI does not have there",
            false,
        ),
    }
}

fn percent(part: usize, whole: usize) -> String {
    match whole {
        0 => "100.0".to_owned(),
        // Rounded down: 100 % is all of them.
        _ => {
            let thousandths = part * 1000 / whole;
            format!("{}.{}", thousandths / 10, thousandths % 10)
        }
    }
}

fn json(file: &Path, adopted: &Adopted) -> serde_json::Value {
    let limit = adopted.rate_limit;
    let renamed = adopted
        .renamed
        .iter()
        .map(|renamed| json!({ "what": renamed.what, "from": renamed.from, "to": renamed.to }));
    json!({
        "file": file.display().to_string(),
        "operations": adopted.operations,
        "callable": adopted.callable,
        "server": adopted.server,
        "key_header": adopted.key_header,
        "rate_limit": {
            "requests": limit.requests,
            "window": limit.window.as_secs(),
            "lockout": limit.lockout.as_secs(),
        },
        "keeps_layout": adopted.keeps_layout,
        "renamed": renamed.collect::<Vec<_>>(),
        "assumed": adopted.assumed,
        "corrected": adopted.corrected,
        "declared": adopted.declared,
        "extensions": adopted.extensions,
        "solved": adopted.solved,
        "losses": adopted.losses,
        "untyped": adopted.untyped,
    })
}

/// How much of each document in a folder is callable, and what most operations lack.
fn table(folder: &Path, settings: &Settings, output: Output, report: &mut Report) -> Outcome {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => {
            let what = format!("cannot read {}: {error}", folder.display());
            report.error(what, "pass the path of a folder of OpenAPI documents");
            return Outcome::Failed;
        }
    };
    let mut files: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| {
            let extension = path.extension().and_then(|extension| extension.to_str());
            matches!(extension, Some("yaml" | "yml" | "json"))
        })
        .collect();
    files.sort();
    let mut total = [0, 0];
    let mut is_whole = true;
    if output == Output::Text {
        report.text(&row("document", "operations", "callable", "%", "why not"));
    }
    for file in &files {
        let Some(text) = read(file, report) else {
            is_whole = false;
            continue;
        };
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        match supplied(file, &text, settings) {
            Ok(adopted) => {
                total[0] += adopted.operations;
                total[1] += adopted.callable;
                match output {
                    Output::Json => report.text(&json(file, &adopted).to_string()),
                    Output::Text => report.text(&row(
                        &name,
                        &adopted.operations.to_string(),
                        &adopted.callable.to_string(),
                        &percent(adopted.callable, adopted.operations),
                        &reasons(&adopted.losses),
                    )),
                }
            }
            Err(error) => {
                is_whole = false;
                let what = format!("nothing becomes of {name}");
                let help = format!("see `cargo xtask adopt {}`", file.display());
                match error {
                    AdoptError::Open(open) => open.iter().for_each(|open| ask(open, report)),
                    _ => report.error(what, &help),
                }
            }
        }
    }
    if output == Output::Text {
        let [all, callable] = total;
        let share = percent(callable, all);
        report.text(&row(
            "all",
            &all.to_string(),
            &callable.to_string(),
            &share,
            "",
        ));
    }
    match is_whole {
        true => Outcome::Done,
        false => Outcome::Failed,
    }
}

/// A spec with something for what the document leaves open: nobody calls it.
fn supplied(file: &Path, text: &str, settings: &Settings) -> Result<Adopted, AdoptError> {
    let open = match adopt(file, text, settings) {
        Err(AdoptError::Open(open)) => open,
        result => return result,
    };
    let mut settings = settings.clone();
    for open in open {
        match open {
            Open::Server(_) => settings.server = Some("https://example.com/v1".to_owned()),
            Open::KeyHeader(_) => settings.key_header = Some("Authorization".to_owned()),
            Open::RateLimit => {
                let [window, lockout] = [3600, 900].map(Duration::from_secs);
                settings.rate_limit = Some(RateLimit::new(100, window, lockout));
            }
            _ => {}
        }
    }
    adopt(file, text, &settings)
}

/// The rules that leave out operations, and how many.
fn reasons(losses: &[Loss]) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for loss in losses.iter().filter(|loss| loss.lost == Lost::Operation) {
        *counts.entry(loss.finding.rule).or_default() += loss.operations.len();
    }
    let mut counts: Vec<(&str, usize)> = counts.into_iter().collect();
    counts.sort_by_key(|(rule, count)| (std::cmp::Reverse(*count), *rule));
    let counts = counts.iter().map(|(rule, count)| format!("{rule} {count}"));
    counts.collect::<Vec<_>>().join(", ")
}

fn row(document: &str, operations: &str, callable: &str, share: &str, why: &str) -> String {
    let row = format!("{document:<32} {operations:>10} {callable:>10} {share:>6}  {why}");
    row.trim_end().to_owned()
}

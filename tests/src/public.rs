//! What becomes of documents that others wrote: the sample set of openapiv3, or
//! the folder in `TELESTO_PUBLIC`. What the lint asks of each of our documents
//! (servers, the key, the rate limit, names of operations) is added, and what it
//! refuses is taken out.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use heck::ToSnakeCase as _;
use serde_json::{Map, Value, json};
use telesto_gen::{Document, Findings, Severity, Target, generate};

use crate::client_crate;

const METHODS: [&str; 8] = [
    "get", "put", "post", "delete", "options", "head", "patch", "trace",
];

/// Where the folder of other documents is named.
const FOLDER: &str = "TELESTO_PUBLIC";

/// The operations of the largest sample that is compiled: others take minutes.
const MOST_OPERATIONS: usize = 120;

#[test]
#[allow(clippy::print_stdout, reason = "it shows what it counted")]
fn public_documents_end_in_code_or_in_findings() {
    let paths = documents();
    assert!(paths.len() >= 10, "only {} documents", paths.len());
    println!(
        "{:<30} {:>8} {:>20} {:>20} {:>20}",
        "document", "KiB", "raw", "adapted", "pared"
    );
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for path in &paths {
        let text = std::fs::read_to_string(path).unwrap();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let raw = Run::of(&name, &text);
        let document = adapted(read(&text));
        let adapted = Run::of(&name, &serde_yaml::to_string(&document).unwrap());
        let (_, pared) = pared(&name, document);
        println!(
            "{name:<30} {:>8} {:>20} {:>20} {:>20}",
            text.len() / 1024,
            raw.show(),
            adapted.show(),
            pared.show()
        );
        for (kind, run) in [("raw", raw), ("adapted", adapted), ("pared", pared)] {
            *counts.entry(kind).or_default() += usize::from(run.end.is_ok());
        }
    }
    println!("of {} documents ended in code: {counts:?}", paths.len());
    assert!(counts["adapted"] >= 1);
}

#[test]
#[ignore = "compiles a client of each document, which takes minutes"]
#[allow(clippy::print_stdout, reason = "it shows what it counted")]
fn public_clients_compile_and_read_their_examples() {
    let mut failed = Vec::new();
    let mut total = [0; 5];
    for path in documents() {
        let text = std::fs::read_to_string(&path).unwrap();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let document = adapted(read(&text));
        let all = operations(&document).count();
        let (document, run) = pared(&name, document);
        let refused = run.refused;
        let kept = run.end.unwrap();
        let is_large = kept > MOST_OPERATIONS && std::env::var_os(FOLDER).is_none();
        if kept == 0 || is_large {
            println!("{name}: {kept} of {all} operations, not compiled; refused: {refused:?}");
            continue;
        }
        let folder = tempfile::tempdir().unwrap();
        match compiled(folder.path(), &name, &document) {
            Ok((read, examples, unread)) => {
                println!(
                    "{name}: {kept} of {all} operations compile, {read} of {examples} examples are \
                     read; refused: {refused:?}{unread}"
                );
                for (sum, count) in total.iter_mut().zip([1, kept, all, read, examples]) {
                    *sum += count;
                }
            }
            Err(reason) => {
                println!("{name}: {reason}");
                failed.push(format!("{name} in {}", folder.keep().display()));
            }
        }
    }
    let [documents, kept, all, read, examples] = total;
    println!(
        "{documents} documents: {kept} of {all} operations compile, {read} of {examples} examples \
         are read"
    );
    assert!(failed.is_empty(), "{failed:?}");
    assert!(documents > 0 && read > 0);
}

/// Compiles the client of a document, and reads the examples of its responses:
/// how many it reads, how many there are, and why it does not read the others.
fn compiled(folder: &Path, name: &str, document: &Value) -> Result<(usize, usize, String), String> {
    let text = serde_json::to_string(document).unwrap();
    let parsed = Document::parse(name, text).map_err(|found| found.to_string())?;
    let surface = telesto_gen::surface(&parsed).map_err(|found| found.to_string())?;
    let mut reads = String::new();
    let mut examples = Vec::new();
    for (id, example) in success_examples(document) {
        let builder = heck::AsUpperCamelCase(&id);
        let send = surface.get(&format!("builder::{builder}::send()"));
        let Some(ty) = send.and_then(|send| {
            let (_, ty) = send.signature.split_once("ResponseValue<")?;
            Some(
                ty.split_once(">, crate::Error")?
                    .0
                    .replace("types::", "any_api::types::"),
            )
        }) else {
            continue;
        };
        let _ = write!(reads, "|all| read::<{ty}>(&all[{}]), ", examples.len());
        examples.push(json!([id, example]));
    }
    let count = examples.len();
    let examples = serde_json::to_string(&examples).unwrap();
    std::fs::write(folder.join("examples.json"), examples).unwrap();
    let main = include_str!("public_main.rs.in").replace("READS", &reads);
    let output = client_crate::run(folder, &parsed, &main)?;
    let (unread, read) = output.split_at(output.trim_end().rfind('\n').unwrap_or(0));
    let read = read.trim().parse();
    Ok((read.map_err(|_| output.clone())?, count, unread.to_owned()))
}

/// The operations of a document: their ids, and themselves.
fn operations(document: &Value) -> impl Iterator<Item = (String, &Value)> {
    let items = document["paths"].as_object().into_iter().flatten();
    let operations = items.flat_map(|(_, item)| METHODS.iter().filter_map(|m| item.get(m)));
    operations.map(|operation| {
        let id = operation["operationId"].as_str().unwrap_or_default();
        (id.to_owned(), operation)
    })
}

/// The examples of successes in JSON, by the ids of their operations.
fn success_examples(document: &Value) -> Vec<(String, Value)> {
    let mut found = Vec::new();
    for (id, operation) in operations(document) {
        let responses = operation["responses"].as_object().into_iter().flatten();
        for (_, response) in responses.filter(|(status, _)| status.starts_with('2')) {
            let reference = response["$ref"]
                .as_str()
                .and_then(|at| at.strip_prefix('#'));
            let response = reference
                .and_then(|at| document.pointer(at))
                .unwrap_or(response);
            let media = &response["content"]["application/json"];
            let named = media["examples"].as_object().into_iter().flatten();
            let named = named.map(|(_, example)| {
                let reference = example["$ref"].as_str().and_then(|at| at.strip_prefix('#'));
                let example = reference
                    .and_then(|at| document.pointer(at))
                    .unwrap_or(example);
                example.get("value")
            });
            let all = named.chain([media.get("example")]).flatten();
            found.extend(all.map(|example| (id.clone(), example.clone())));
        }
    }
    found
}

/// What became of a text.
struct Run {
    /// How many operations the client has, if it became code.
    end: Result<usize, Findings>,
    took: Duration,
    /// How often each rule refused something, if it was taken out.
    refused: BTreeMap<&'static str, usize>,
}

impl Run {
    fn of(name: &str, text: &str) -> Self {
        let start = Instant::now();
        let result = Document::parse(name, text.to_owned())
            .and_then(|document| generate(&document, &Target::new("telesto_api", "generated")));
        let took = start.elapsed();
        let end = match result {
            Ok(generated) => {
                assert_eq!(generated.files.len(), 4);
                for file in &generated.files {
                    syn::parse_file(&file.text).unwrap();
                }
                Ok(generated.operations)
            }
            Err(findings) => {
                assert!(findings.has_errors(), "{name}");
                let ours = findings.iter().find(|finding| finding.rule == "generator");
                assert!(ours.is_none(), "{name}: {ours:?}");
                Err(findings)
            }
        };
        Self {
            end,
            took,
            refused: BTreeMap::new(),
        }
    }

    fn show(&self) -> String {
        let end = match &self.end {
            Ok(operations) => format!("code of {operations}"),
            Err(findings) => format!("{} findings", findings.len()),
        };
        format!("{end} {:.1}s", self.took.as_secs_f32())
    }
}

/// A document, in YAML or JSON.
fn read(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| serde_yaml::from_str(text).unwrap())
}

/// The documents to try.
fn documents() -> Vec<PathBuf> {
    let folder = std::env::var_os(FOLDER).map_or_else(samples, PathBuf::from);
    let entries = std::fs::read_dir(folder).unwrap();
    let mut paths: Vec<_> = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            let extension = path.extension().and_then(|extension| extension.to_str());
            matches!(extension, Some("yaml" | "yml" | "json"))
        })
        .collect();
    paths.sort();
    paths
}

/// The folder of the sample documents in the package of openapiv3.
///
/// cargo is asked about a package that depends on openapiv3 alone: about this
/// workspace, it would want crates that no build here has downloaded.
fn samples() -> PathBuf {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let manifest = folder.path().join("Cargo.toml");
    let text = "[package]\nname = \"samples\"\nedition = \"2024\"\n\n\
                [lib]\npath = \"lib.rs\"\n\n\
                [dependencies]\nopenapiv3 = \"2\"\n";
    std::fs::write(&manifest, text).unwrap();
    let lock = "Cargo.lock";
    std::fs::copy(workspace.join(lock), folder.path().join(lock)).unwrap();
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--offline"])
        .arg("--manifest-path")
        .arg(&manifest)
        .current_dir(workspace)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let package = packages
        .iter()
        .find(|package| package["name"] == "openapiv3")
        .unwrap();
    let manifest = Path::new(package["manifest_path"].as_str().unwrap());
    manifest.with_file_name("fixtures")
}

/// The document with what the lint asks of the root, and of every operation.
fn adapted(mut document: Value) -> Value {
    strip_extensions(&mut document, false);
    let root = document.as_object_mut().unwrap();
    root.insert(
        "servers".to_owned(),
        json!([{ "url": "https://api.example.com/v1" }]),
    );
    root.insert("security".to_owned(), json!([{ "apiKey": [] }]));
    root.insert(
        "x-rate-limit".to_owned(),
        json!({ "requests": 100, "window": 3600, "lockout": 900 }),
    );
    let components = root.entry("components").or_insert_with(|| json!({}));
    components["securitySchemes"] =
        json!({ "apiKey": { "type": "apiKey", "in": "header", "name": "Authorization" } });
    for (path, item) in root["paths"].as_object_mut().unwrap() {
        let Some(item) = item.as_object_mut() else {
            continue;
        };
        item.remove("servers");
        for method in METHODS {
            if let Some(operation) = item.get_mut(method).and_then(Value::as_object_mut) {
                adapt_operation(operation, &format!("{method} {path}"));
            }
        }
    }
    document
}

fn adapt_operation(operation: &mut Map<String, Value>, label: &str) {
    operation.remove("security");
    operation.remove("servers");
    let id = operation.get("operationId").and_then(Value::as_str);
    let id = id.unwrap_or(label).to_snake_case();
    operation.insert("operationId".to_owned(), id.into());
}

/// Drops all `x-…` fields. Where the keys of a mapping are `names`, they are
/// none.
fn strip_extensions(value: &mut Value, names: bool) {
    match value {
        Value::Object(members) => {
            members.retain(|key, _| names || !key.starts_with("x-"));
            for (key, member) in members {
                let named = matches!(key.as_str(), "properties" | "headers");
                strip_extensions(member, named && !names);
            }
        }
        Value::Array(items) => {
            for item in items {
                strip_extensions(item, false);
            }
        }
        _ => {}
    }
}

/// Takes out of the document what the findings are about, so that the rest of
/// it gets to be generated. Returns that rest, too.
fn pared(name: &str, mut document: Value) -> (Value, Run) {
    const ROUNDS: usize = 30;
    let mut refused = BTreeMap::new();
    for _ in 0..ROUNDS {
        let mut run = Run::of(name, &serde_json::to_string(&document).unwrap());
        let Err(findings) = &run.end else {
            run.refused = refused;
            return (document, run);
        };
        let errors = findings
            .iter()
            .filter(|finding| finding.severity == Severity::Error);
        let mut pointers = Vec::new();
        for error in errors {
            *refused.entry(error.rule).or_default() += 1;
            pointers.push(error.pointer.as_str());
        }
        let places = pointers.iter().map(|pointer| place(&document, pointer));
        // The last item of a list goes first, so that the others keep their
        // places.
        let places: BTreeSet<_> = places
            .map(|place| {
                let keys = place.iter().map(|token| token.parse::<usize>().ok());
                (keys.collect::<Vec<_>>(), place)
            })
            .collect();
        for (_, place) in places.iter().rev() {
            remove(&mut document, place);
        }
    }
    panic!("{name} still has findings after {ROUNDS} rounds: {refused:?}");
}

/// What to take out for a finding at `pointer`: the whole parameter if it leads into
/// one; or, where it leads nowhere, the operation that it leads into.
fn place(document: &Value, pointer: &str) -> Vec<String> {
    let tokens: Vec<String> = pointer.split('/').map(str::to_owned).collect();
    let names: Vec<&str> = tokens.iter().map(String::as_str).collect();
    let end = match names[..] {
        ["", "paths", _, _, _, ..] if document.pointer(pointer).is_none() => 4,
        ["", "paths", _, "parameters", _, ..] => 5,
        ["", "paths", _, _, "parameters", _, ..] => 6,
        ["", "components", "parameters", _, ..] => 4,
        _ => tokens.len(),
    };
    tokens[..end].to_vec()
}

fn remove(document: &mut Value, place: &[String]) {
    let Some((last, parent)) = place.split_last() else {
        return;
    };
    match document.pointer_mut(&parent.join("/")) {
        Some(Value::Object(members)) => {
            members.remove(&last.replace("~1", "/").replace("~0", "~"));
        }
        Some(Value::Array(items)) => {
            if let Some(index) = last.parse().ok().filter(|index| *index < items.len()) {
                items.remove(index);
            }
        }
        _ => {}
    }
}

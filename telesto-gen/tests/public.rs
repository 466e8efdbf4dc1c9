//! What becomes of documents that others wrote: the sample set of openapiv3.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test stops at what it does not expect, and shows what it counted"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use heck::ToSnakeCase as _;
use serde_json::{Map, Value, json};
use telesto_gen::{Document, Findings, Target, generate};

const METHODS: [&str; 8] = [
    "get", "put", "post", "delete", "options", "head", "patch", "trace",
];

#[test]
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
        let document = adapted(serde_yaml::from_str(&text).unwrap());
        let adapted = Run::of(&name, &serde_yaml::to_string(&document).unwrap());
        let pared = pared(&name, document);
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

/// What became of a text.
struct Run {
    /// How many operations the client has, if it became code.
    end: Result<usize, Findings>,
    took: Duration,
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
        Self { end, took }
    }

    fn show(&self) -> String {
        let end = match &self.end {
            Ok(operations) => format!("code of {operations}"),
            Err(findings) => format!("{} findings", findings.len()),
        };
        format!("{end} {:.1}s", self.took.as_secs_f32())
    }
}

/// The sample documents in the package folder of openapiv3.
///
/// cargo is asked about a package that depends on openapiv3 alone: about this
/// workspace, it would want crates that no build here has downloaded.
fn documents() -> Vec<PathBuf> {
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
    let entries = std::fs::read_dir(manifest.with_file_name("fixtures")).unwrap();
    let mut paths: Vec<_> = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            let extension = path.extension().and_then(|extension| extension.to_str());
            matches!(extension, Some("yaml" | "json"))
        })
        .collect();
    paths.sort();
    paths
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
/// it gets to be generated.
fn pared(name: &str, mut document: Value) -> Run {
    const ROUNDS: usize = 20;
    for _ in 0..ROUNDS {
        let run = Run::of(name, &serde_yaml::to_string(&document).unwrap());
        let Err(findings) = &run.end else {
            return run;
        };
        let errors = findings
            .iter()
            .filter(|finding| finding.severity == telesto_gen::Severity::Error);
        let mut pointers: Vec<&str> = errors.map(|finding| finding.pointer.as_str()).collect();
        // The last item of a list goes first, so that the others keep their
        // places.
        pointers.sort_by_key(|pointer| {
            let tokens = pointer.split('/');
            let keys = tokens.map(|token| (token.parse::<usize>().ok(), token.to_owned()));
            std::cmp::Reverse(keys.collect::<Vec<_>>())
        });
        for pointer in pointers {
            remove(&mut document, pointer);
        }
    }
    panic!("{name} still has findings after {ROUNDS} rounds");
}

/// Removes what a pointer leads to; or, where that is missing, the operation
/// that it leads into.
fn remove(document: &mut Value, pointer: &str) {
    let tokens: Vec<&str> = pointer.split('/').collect();
    let tokens = match tokens[..] {
        ["", "paths", _, _, _, ..] if document.pointer(pointer).is_none() => &tokens[..4],
        _ => &tokens[..],
    };
    let Some((last, parent)) = tokens.split_last() else {
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

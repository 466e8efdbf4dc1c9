//! What becomes of documents that others wrote: the sample set of openapiv3, or
//! the folder in `TELESTO_PUBLIC`. They are adopted first.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use telesto_gen::spec::RateLimit;
use telesto_gen::{
    AdoptError, Adopted, Document, Finding, Findings, Lost, Settings, Target, adopt, generate,
};

use crate::client_crate;

const METHODS: [&str; 8] = [
    "get", "put", "post", "delete", "options", "head", "patch", "trace",
];

/// Where the folder of other documents is named.
const FOLDER: &str = "TELESTO_PUBLIC";

/// The operations of the largest sample that is compiled: others take minutes.
const MOST_OPERATIONS: usize = 90;

#[test]
#[allow(clippy::print_stdout, reason = "it shows what it counted")]
fn public_documents_are_adopted_and_end_in_code() {
    let paths = documents();
    assert!(paths.len() >= 10, "only {} documents", paths.len());
    println!(
        "{:<30} {:>8} {:>20} {:>20}",
        "document", "KiB", "raw", "adopted"
    );
    let [mut kept, mut all] = [0, 0];
    for path in &paths {
        let text = std::fs::read_to_string(path).unwrap();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let raw = Run::of(&name, &text);
        let Some(adopted) = adopted(&name, &text) else {
            println!("{name:<30} is not YAML");
            continue;
        };
        let run = Run::of(&name, &adopted.text);
        println!(
            "{name:<30} {:>8} {:>20} {:>20}",
            text.len() / 1024,
            raw.show(),
            run.show()
        );
        assert_eq!(run.end.ok(), Some(adopted.callable), "{name}");
        kept += adopted.callable;
        all += adopted.operations;
        // What is adopted is adopted already.
        let again = adopt(&name, &adopted.text, &Settings::default()).unwrap();
        assert_eq!(again.text, adopted.text, "{name}");
        assert!(again.losses.is_empty() && again.renamed.is_empty());
    }
    println!("{kept} of {all} operations");
    assert!(kept * 100 >= all * 98, "{kept} of {all} operations");
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
        let Some(adopted) = adopted(&name, &text) else {
            continue;
        };
        let (all, kept) = (adopted.operations, adopted.callable);
        let mut refused: BTreeMap<(Lost, &str), usize> = BTreeMap::new();
        for loss in &adopted.losses {
            *refused.entry((loss.lost, loss.finding.rule)).or_default() += 1;
        }
        let is_large = kept > MOST_OPERATIONS && std::env::var_os(FOLDER).is_none();
        if kept == 0 || is_large {
            println!("{name}: {kept} of {all} operations, not compiled; refused: {refused:?}");
            continue;
        }
        let folder = tempfile::tempdir().unwrap();
        match compiled(folder.path(), &name, &text, &adopted.text) {
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
    let any_example = read > 0 || std::env::var_os(FOLDER).is_some();
    assert!(documents > 0 && any_example);
    assert!(read * 100 >= examples * 98, "{read} of {examples} examples");
}

/// The calls that `spec/README.md` shows for a document of a vendor.
#[test]
#[ignore = "compiles a client, which takes a minute"]
fn the_client_of_a_vendors_document_is_called_as_documented() {
    let readme = include_str!("../../spec/README.md");
    let (_, calls) = readme.split_once("```rust no_run\n").unwrap();
    let (calls, _) = calls.split_once("```").unwrap();
    let text = include_str!("../cases/adopted/shop.yaml");
    let spec = adopted("shop.yaml", text).unwrap().text;
    let document = Document::parse("shop.yaml", spec.clone()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    // Each test has a server of its own, on a free port.
    let calls = calls
        .replace("\"telesto-mock-key\"", "telesto.api_key()")
        .replace("\"http://127.0.0.1:8100\"", "telesto.url()");
    let main = format!(
        "use any_api::{{Client, types}};
        use telesto_mock::MockServer;

        #[tokio::main(flavor = \"current_thread\")]
        async fn main() -> Result<(), Box<dyn std::error::Error>> {{
            let telesto = MockServer::builder_for({spec:?}).start().await?;
            {calls}
            println!(\"{{}} {{}}\", items.len(), telesto.requests().len());
            Ok(())
        }}"
    );
    let output = client_crate::run(folder.path(), &document, &main);
    assert_eq!(output.as_deref(), Ok("2 2\n"));
}

/// `None` if it is not YAML.
fn adopted(name: &str, text: &str) -> Option<Adopted> {
    let [window, lockout] = [3600, 900].map(Duration::from_secs);
    let settings = Settings {
        server: Some("https://api.example.com/v1".to_owned()),
        key_header: Some("Authorization".to_owned()),
        rate_limit: Some(RateLimit::new(100, window, lockout)),
    };
    match adopt(name, text, &settings) {
        Ok(adopted) => Some(adopted),
        Err(AdoptError::Refused(findings)) => {
            let is_syntax = |finding: &Finding| finding.rule == "yaml-syntax";
            assert!(findings.iter().all(is_syntax), "{findings}");
            None
        }
        Err(error) => panic!("{name}: {error}"),
    }
}

/// Compiles the client of a document, and reads the examples of its responses:
/// how many it reads, how many there are, and why it does not read the others.
fn compiled(
    folder: &Path,
    name: &str,
    text: &str,
    adopted: &str,
) -> Result<(usize, usize, String), String> {
    let parsed = Document::parse(name, adopted.to_owned()).map_err(|found| found.to_string())?;
    let surface = telesto_gen::surface(&parsed).map_err(|found| found.to_string())?;
    let mut reads = String::new();
    // Types as the module of types names them.
    let mut bodies = String::new();
    let mut examples = Vec::new();
    let adopted: Value = serde_yaml::from_str(adopted).unwrap();
    let ids: BTreeMap<_, _> = operations(&adopted)
        .map(|(label, operation)| (label, operation["operationId"].as_str().unwrap_or_default()))
        .collect();
    // Those of the document itself, not only those that fit.
    for example in success_examples(&read(text)) {
        let Some(id) = ids.get(&example.label) else {
            continue;
        };
        let builder = heck::AsUpperCamelCase(id);
        let send = surface.get(&format!("builder::{builder}::send()"));
        let Some(returned) = send.and_then(|send| {
            let (_, ty) = send.signature.split_once("ResponseValue<")?;
            Some(ty.split_once(">, crate::Error")?.0)
        }) else {
            continue;
        };
        let index = examples.len();
        let status = example.status.to_ascii_uppercase();
        let ty = match surface.get(&format!("{returned}::Status{status}")) {
            // Which one it is depends on the status, which no example has in it.
            Some(of_status) => {
                let _ = writeln!(bodies, "pub type Body{index} = {};", of_status.signature);
                format!("bodies::Body{index}")
            }
            None => returned.replace("types::", "any_api::types::"),
        };
        let _ = write!(reads, "|all| read::<{ty}>(&all[{index}]), ");
        examples.push(json!([id, example.value]));
    }
    let count = examples.len();
    let examples = serde_json::to_string(&examples).unwrap();
    std::fs::write(folder.join("examples.json"), examples).unwrap();
    let main = include_str!("public_main.rs.in");
    let main = main.replace("READS", &reads).replace("BODIES", &bodies);
    let output = client_crate::run(folder, &parsed, &main)?;
    let (unread, read) = output.split_at(output.trim_end().rfind('\n').unwrap_or(0));
    let read = read.trim().parse();
    Ok((read.map_err(|_| output.clone())?, count, unread.to_owned()))
}

/// A document, in YAML or JSON.
fn read(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| serde_yaml::from_str(text).unwrap())
}

/// The operations of a document, by their methods and paths.
fn operations(document: &Value) -> impl Iterator<Item = (String, &Value)> {
    let items = document["paths"].as_object().into_iter().flatten();
    items.flat_map(|(path, item)| {
        METHODS.iter().filter_map(move |method| {
            let operation = item.get(method)?;
            Some((format!("{method} {path}"), operation))
        })
    })
}

/// An example of a success in JSON.
struct Example {
    /// The method and the path of its operation.
    label: String,
    status: String,
    value: Value,
}

fn success_examples(document: &Value) -> Vec<Example> {
    let mut found = Vec::new();
    for (label, operation) in operations(document) {
        let responses = operation["responses"].as_object().into_iter().flatten();
        for (status, response) in responses.filter(|(status, _)| status.starts_with('2')) {
            let reference = response["$ref"]
                .as_str()
                .and_then(|at| at.strip_prefix('#'));
            let response = reference
                .and_then(|at| document.pointer(at))
                .unwrap_or(response);
            let content = response["content"].as_object().into_iter().flatten();
            let mut json = content.filter(|(kind, _)| kind.contains("json"));
            let Some((_, media)) = json.next() else {
                continue;
            };
            let named = media["examples"].as_object().into_iter().flatten();
            let named = named.map(|(_, example)| {
                let reference = example["$ref"].as_str().and_then(|at| at.strip_prefix('#'));
                let example = reference
                    .and_then(|at| document.pointer(at))
                    .unwrap_or(example);
                example.get("value")
            });
            let all = named.chain([media.get("example")]).flatten();
            // Some write JSON as text.
            let all = all.map(|example| {
                let text = example.as_str().unwrap_or_default();
                let is_json = text.trim_start().starts_with(['[', '{']);
                let json = is_json.then(|| serde_json::from_str(text).ok()).flatten();
                json.unwrap_or_else(|| example.clone())
            });
            found.extend(all.map(|value| Example {
                label: label.clone(),
                status: status.clone(),
                value,
            }));
        }
    }
    found
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

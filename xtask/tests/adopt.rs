//! `cargo xtask adopt` as people and programs run it.

#![allow(
    clippy::unwrap_used,
    reason = "a test stops at what it does not expect"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

fn vendor() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/cases/adopted/shop.yaml")
}

const SETTLED: [&str; 6] = [
    "--server",
    "https://shop.example/api",
    "--key-header",
    "X-Key",
    "--rate-limit",
    "100/3600/900",
];

/// Runs it in a workspace that has nothing but a spec.
fn adopt(root: &Path, arguments: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args(["--root", root.to_str().unwrap(), "adopt"])
        .args(arguments)
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (
        output.status.code().unwrap(),
        text(output.stdout),
        text(output.stderr),
    )
}

fn workspace() -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir(root.path().join("spec")).unwrap();
    fs::write(root.path().join("spec/telesto.yaml"), "before\n").unwrap();
    root
}

fn spec(root: &Path) -> String {
    fs::read_to_string(root.join("spec/telesto.yaml")).unwrap()
}

#[test]
fn what_is_done_is_said_and_written_if_asked_for() {
    let root = workspace();
    let file = vendor();
    let file = file.to_str().unwrap();
    let arguments = [&[file][..], &SETTLED].concat();
    let (code, out, err) = adopt(root.path(), &arguments);
    assert_eq!((code, err.as_str()), (0, ""));
    for line in [
        "     Settled the rate limit: 100 requests in 3600 s, blocked for 900 s after one more\n",
        "     Renamed 9, such as: `listItems` is `list_items`\n",
        "     Assumed that 3 operations may return anything, where no success is documented, \
         such as: POST /items/{id}/reserve\n",
        "    Took out 3 vendor extensions\n",
        "       Fixed 1 finding of required-may-be-empty: takes out of `required` what may be empty\n",
        "    Left out 1 operation\n             TRACE /items/{id}/methods\n",
        ": the client cannot call `TRACE /items/{id}/methods` (unsupported-method)\n",
        "     Untyped 1 value of the client, whose types are left out\n",
        "    Callable 7 of 8 operations (87.5 %)\n",
        "        Next pass --write to replace spec/telesto.yaml by it\n",
    ] {
        assert!(out.contains(line), "{line}\n{out}");
    }
    assert_eq!(spec(root.path()), "before\n");

    let (code, out, err) = adopt(root.path(), &[&arguments[..], &["--write"]].concat());
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(out.ends_with("       Wrote spec/telesto.yaml\n"), "{out}");
    assert!(spec(root.path()).contains("operationId: list_items\n"));

    // What was adopted needs nothing else.
    let written = root.path().join("spec/telesto.yaml");
    let (code, out, err) = adopt(root.path(), &[written.to_str().unwrap()]);
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(
        out.contains("Callable 7 of 7 operations (100.0 %)\n"),
        "{out}"
    );
    assert!(
        !out.contains("Left out") && !out.contains("Renamed"),
        "{out}"
    );
}

#[test]
fn programs_get_everything() {
    let root = workspace();
    let file = vendor();
    let arguments = [&[file.to_str().unwrap(), "--output", "json"][..], &SETTLED].concat();
    let (code, out, err) = adopt(root.path(), &arguments);
    assert_eq!((code, err.as_str()), (0, ""));
    let said: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(
        (&said["operations"], &said["callable"]),
        (&8.into(), &7.into())
    );
    assert_eq!(said["assumed"][0], "POST /items/{id}/reserve");
    assert_eq!(said["rate_limit"]["lockout"], 900);
    let losses = said["losses"].as_array().unwrap();
    let lost = losses
        .iter()
        .find(|loss| loss["lost"] == "operation")
        .unwrap();
    assert_eq!(lost["operations"][0], "TRACE /items/{id}/methods");
    assert_eq!(lost["finding"]["rule"], "unsupported-method");
    let shape = &said["untyped"][0];
    assert_eq!(
        (&shape["path"], &shape["because"]),
        (&"types::Item::shape".into(), &"lost".into())
    );
}

#[test]
fn what_is_corrected_is_said() {
    let root = workspace();
    let file = vendor().with_file_name("mistakes.yaml");
    let arguments = [&[file.to_str().unwrap()][..], &SETTLED].concat();
    let (code, out, err) = adopt(root.path(), &arguments);
    assert_eq!((code, err.as_str()), (0, ""));
    for line in [
        "   Corrected 1 query in a path, whose variables are parameters: \
         /paths/~1orders~1export?from={from}&type={kind}\n",
        "   Corrected 2 statuses in lower case, such as: \
         /paths/~1orders~1{id}~1lines~1{line-id}/get/responses/2xx\n",
        "    Declared 1 path parameter that the document does not, as text, such as: \
         {line-id} of /orders/{id}/lines/{line-id}\n",
        "    Left out 2 lists of values\n",
        "    Callable 6 of 9 operations (66.6 %)\n",
    ] {
        assert!(out.contains(line), "{out}");
    }
    let (_, out, _) = adopt(
        root.path(),
        &[&arguments[..], &["--output", "json"]].concat(),
    );
    let said: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(
        said["declared"][0],
        "{line-id} of /orders/{id}/lines/{line-id}"
    );
    let corrected = said["corrected"].as_array().unwrap();
    let query = corrected.iter().find(|one| one["mistake"] == "query");
    let path = "/paths/~1orders~1export?from={from}&type={kind}";
    assert_eq!(query.unwrap()["pointer"], path);
}

#[test]
fn what_the_document_leaves_open_is_asked_for() {
    let root = workspace();
    let file = vendor();
    let file = file.to_str().unwrap();
    let (code, out, err) = adopt(root.path(), &[file, "--write"]);
    assert_eq!((code, out.as_str()), (1, ""));
    for line in [
        "error: the document does not name one HTTPS server, but ",
        "= help: pass the one to use, such as `--server https://example.com/v1`",
        "error: the document does not state the rate limit",
    ] {
        assert!(err.contains(line), "{err}");
    }
    assert_eq!(spec(root.path()), "before\n");

    for limit in ["100", "100/3600", "100/3600/0", "1/2/3/4", "a/b/c"] {
        let (code, _, err) = adopt(root.path(), &[file, "--rate-limit", limit]);
        assert_eq!(code, 2);
        assert!(
            err.contains("write three whole numbers, such as `100/3600/900`"),
            "{err}"
        );
    }
    let (code, _, err) = adopt(root.path(), &["/nowhere.yaml"]);
    assert_eq!(code, 1);
    assert!(
        err.starts_with("error: cannot read /nowhere.yaml: "),
        "{err}"
    );
}

#[test]
fn a_folder_becomes_a_table() {
    let root = workspace();
    let folder = tempfile::tempdir().unwrap();
    fs::copy(vendor(), folder.path().join("shop.yaml")).unwrap();
    fs::write(folder.path().join("notes.txt"), "no document").unwrap();
    let (code, out, err) = adopt(root.path(), &[folder.path().to_str().unwrap()]);
    assert_eq!((code, err.as_str()), (0, ""));
    let rows: Vec<Vec<&str>> = out
        .lines()
        .map(|l| l.split_whitespace().collect())
        .collect();
    assert_eq!(
        rows[0],
        ["document", "operations", "callable", "%", "why", "not"]
    );
    assert_eq!(
        rows[1],
        ["shop.yaml", "8", "7", "87.5", "unsupported-method", "1"]
    );
    assert_eq!(rows[2], ["all", "8", "7", "87.5"]);

    // What cannot be read does not hide the others.
    fs::write(folder.path().join("broken.yaml"), "a: [").unwrap();
    let (code, out, err) = adopt(root.path(), &[folder.path().to_str().unwrap()]);
    assert_eq!(code, 1);
    assert!(
        out.contains("shop.yaml") && err.contains("nothing becomes of broken.yaml"),
        "{err}"
    );
}

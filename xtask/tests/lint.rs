//! `cargo xtask lint` as people and programs run it.

#![allow(
    clippy::unwrap_used,
    reason = "a test stops at what it does not expect"
)]

use std::process::Command;

fn lint(arguments: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_xtask"))
        .arg("lint")
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

#[test]
fn the_shipped_spec_can_be_made_a_client() {
    let (code, out, _) = lint(&[]);
    assert_eq!(
        (code, out.as_str()),
        (0, "     Checked spec/telesto.yaml\n")
    );
}

#[test]
fn all_findings_come_at_once_for_people_and_for_programs() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("shop.yaml");
    let text =
        "openapi: 3.0.3\ninfo: { title: Shop, version: '1' }\npaths:\n  /things: { get: {} }\n";
    std::fs::write(&file, text).unwrap();
    let file = file.to_str().unwrap();
    let (code, out, err) = lint(&[file]);
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(
        err.contains("error[missing-field]") && err.contains("shop.yaml:4:14"),
        "{err}"
    );

    let (code, out, err) = lint(&[file, "--output", "json"]);
    assert_eq!((code, err.as_str()), (1, ""));
    let first: serde_json::Value = serde_json::from_str(out.lines().next().unwrap()).unwrap();
    assert_eq!(first["rule"], "missing-field");
    assert_eq!(first["severity"], "error");
    assert_eq!((&first["line"], &first["column"]), (&4.into(), &14.into()));
    assert_eq!(first["pointer"], "/paths/~1things/get");
    assert!(first["help"].as_str().is_some_and(|help| !help.is_empty()));
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let (code, out, err) = lint(&["/nowhere/shop.yaml"]);
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(
        err.starts_with("error: cannot read /nowhere/shop.yaml: "),
        "{err}"
    );
}

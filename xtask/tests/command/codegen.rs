//! `cargo xtask codegen`, on a scratch copy of the files that it reads and writes.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::scratch::{SPEC, Said, Scratch};

const CLIENT: &str = "telesto-api/src/generated/client.rs";

/// The specs, and all that is generated from them.
fn copy() -> Scratch {
    Scratch::of(&[
        "spec",
        "telesto-api/src/generated",
        "telesto-mock/src/generated",
        "tests/cases/adopted",
        "tests/cases/clients",
        "tests/fixture-api",
        "tests/fixture-api/generated",
    ])
}

impl Scratch {
    /// Every file and its text, but those of git.
    fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        fn walk(folder: &Path, files: &mut BTreeMap<PathBuf, Vec<u8>>) {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.ends_with(".git") {
                    continue;
                }
                if path.is_dir() {
                    walk(&path, files);
                } else {
                    files.insert(path.clone(), fs::read(path).unwrap());
                }
            }
        }
        let mut files = BTreeMap::new();
        walk(&self.path(""), &mut files);
        files
    }

    fn codegen(&self, arguments: &[&str]) -> Said {
        self.run(&[&["codegen"][..], arguments].concat())
    }
}

/// The commands that `spec/README.md` shows for a document of a vendor.
#[test]
fn a_vendors_document_becomes_a_client_as_documented() {
    let scratch = copy();
    let readme = scratch.read("spec/README.md");
    let (_, shown) = readme.split_once("### From a file to calls").unwrap();
    let (shown, _) = shown.split_once("```rust").unwrap();
    let commands = shown
        .lines()
        .filter_map(|line| line.strip_prefix("$ cargo xtask "));
    let run = |command: &str| {
        let (code, out, err) = scratch.run(&command.split_whitespace().collect::<Vec<_>>());
        (code, out + &err)
    };
    let ends: Vec<(i32, String)> = commands.map(run).collect();
    let [(asks, said), done @ ..] = &ends[..] else {
        panic!("no commands in {shown}");
    };
    assert_eq!(*asks, 1, "{said}");
    for flag in ["--server", "--rate-limit"] {
        assert!(said.contains(flag), "{said}");
    }
    assert_eq!(done.len(), 3);
    for (code, said) in done {
        assert_eq!(*code, 0, "{said}");
    }
    let client = scratch.read(CLIENT);
    assert!(client.contains("pub fn list_items(&self)"));
    assert!(!client.contains("list_products"));
}

#[test]
fn what_is_committed_is_fresh_and_stays_as_it_is() {
    let scratch = copy();
    let before = scratch.files();
    let (code, out, err) = scratch.codegen(&["--check"]);
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(out.ends_with("       Fresh all generated files\n"), "{out}");
    let (code, ..) = scratch.codegen(&[]);
    assert_eq!(code, 0);
    assert_eq!(scratch.files(), before);
}

#[test]
fn the_same_spec_makes_the_same_bytes() {
    let (first, second) = (copy(), copy());
    for scratch in [&first, &second] {
        fs::remove_dir_all(scratch.path("telesto-api")).unwrap();
        fs::remove_dir_all(scratch.path("tests/fixture-api/generated")).unwrap();
        assert_eq!(scratch.codegen(&[]).0, 0);
    }
    assert_eq!(first.read(CLIENT), second.read(CLIENT));
    let made_up = "tests/fixture-api/generated/client.rs";
    assert_eq!(first.read(made_up), second.read(made_up));
    assert_eq!(first.read(made_up), copy().read(made_up));
}

#[test]
fn a_stale_file_is_shown_with_a_diff_and_help_and_left_alone() {
    let scratch = copy();
    scratch.edit(
        CLIENT,
        "Sends a `GET` request to `/products`\n\nDoc",
        "Edited by hand\n\nDoc",
    );
    fs::write(scratch.path("telesto-api/src/generated/old.rs"), "// old\n").unwrap();
    fs::remove_file(scratch.path("tests/fixture-api/generated/spec.rs")).unwrap();
    let before = scratch.files();
    let (code, out, err) = scratch.codegen(&["--check"]);
    assert_eq!(code, 4);
    for told in [
        "       Stale telesto-api/src/generated/client.rs\n@@ ",
        "-Edited by hand\n+Sends a `GET` request to `/products`\n",
        "     Missing tests/fixture-api/generated/spec.rs\n",
        "  Unexpected telesto-api/src/generated/old.rs\n",
    ] {
        assert!(out.contains(told), "no {told:?} in {out}");
    }
    let help = "error: 3 generated files are out of date\n  \
                = help: run `cargo xtask codegen`, and commit the result\n";
    assert_eq!(err, help);
    assert_eq!(scratch.files(), before);

    assert_eq!(scratch.codegen(&[]).0, 0);
    assert_eq!(scratch.codegen(&["--check"]).0, 0);
    assert_eq!(scratch.files().len(), before.len());
}

#[test]
fn a_broken_spec_is_refused_with_its_place_and_nothing_is_written() {
    let operation = "      operationId: list_products\n";
    let again = "  /again:\n    get:\n      operationId: list_products\n      summary: Again\n      \
                 externalDocs: { url: https://telesto.app }\n      responses:\n        \
                 \"204\": { description: Done. }\n\ncomponents:\n";
    // The last one is how many lines after the edit the place is.
    for (from, to, rule, lines) in [
        ("openapi: 3.0.3", "openapi: 3.2.0", "openapi-version", 0),
        ("openapi: 3.0.3", "openapi: [", "yaml-syntax", 2),
        ("  title: Telesto", "\ttitle: Telesto", "yaml-syntax", 0),
        (operation, "", "missing-operation-id", -1),
        ("\ncomponents:\n", again, "duplicate-operation-id", 2),
        (
            "schemas/Product\"",
            "schemas/Produkt\"",
            "unresolved-ref",
            0,
        ),
        ("x-rate-limit:", "x-rate-limits:", "unknown-extension", 0),
    ] {
        let scratch = copy();
        let text = scratch.read(SPEC);
        let before = &text[..text.find(from).unwrap()];
        let line = before.matches('\n').count() as i64 + 1 + lines;
        let place = format!("--> {SPEC}:{line}:");
        scratch.edit(SPEC, from, to);
        // Something to write, if anything were.
        fs::remove_file(scratch.path(CLIENT)).unwrap();
        let before = scratch.files();
        for arguments in [&[][..], &["--check"]] {
            let (code, _, err) = scratch.codegen(arguments);
            assert_eq!(code, 1, "{err}");
            for told in [&format!("error[{rule}]: "), &place, "= help: "] {
                assert!(err.contains(told), "no {told:?} in {err}");
            }
            assert!(err.contains("error: nothing was written\n"), "{err}");
            assert!(!err.contains("panicked"), "{err}");
            assert_eq!(scratch.files(), before, "{to}");
        }
    }
}

#[test]
fn a_missing_or_unwritable_file_is_named() {
    let scratch = copy();
    fs::remove_file(scratch.path(SPEC)).unwrap();
    let (code, _, err) = scratch.codegen(&[]);
    assert_eq!(code, 1);
    assert!(
        err.contains("error: cannot read ") && err.contains("telesto.yaml: "),
        "{err}"
    );

    let scratch = copy();
    fs::remove_dir_all(scratch.path("telesto-api/src/generated")).unwrap();
    fs::write(scratch.path("telesto-api/src/generated"), "in the way").unwrap();
    let (code, _, err) = scratch.codegen(&[]);
    assert_eq!(code, 1);
    assert!(err.contains("telesto-api/src/generated"), "{err}");
}

#[test]
fn a_case_that_does_not_fit_is_named() {
    let scratch = copy();
    let case = "paths: { /suppliers: { get: { operationId: other } } }\n";
    fs::write(scratch.path("tests/cases/clients/new.yaml"), case).unwrap();
    let (code, _, err) = scratch.codegen(&[]);
    assert_eq!(code, 1);
    let told = "clients/new.yaml adds `/paths//suppliers/get/operationId`, which";
    assert!(err.contains(told), "{err}");

    // Where a case is refused, the place is that in all of them together.
    let case = "paths: { /new: { get: { operationId: New, responses: {} } } }\n";
    fs::write(scratch.path("tests/cases/clients/new.yaml"), case).unwrap();
    let (code, _, err) = scratch.codegen(&[]);
    assert_eq!(code, 1);
    assert!(err.contains("operation-id-form"), "{err}");
    assert!(
        err.contains("made-up.yaml with tests/cases/clients and spec/README.md:"),
        "{err}"
    );
}

#[test]
fn the_help_has_examples_and_exit_codes() {
    let (code, out, _) = copy().codegen(&["--help"]);
    assert_eq!(code, 0);
    for part in [
        "Examples:",
        "cargo xtask codegen --check",
        "Exit codes:",
        "4  generated",
    ] {
        assert!(out.contains(part), "no {part} in {out}");
    }
    let (code, _, err) = copy().codegen(&["--chekc"]);
    assert_eq!(code, 2);
    assert!(err.contains("'--check'"), "{err}");
}

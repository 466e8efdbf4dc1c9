//! `cargo xtask adopt`.

use std::fs;

use serde_json::Value;

use crate::scratch::{SPEC, Said, Scratch};

const VENDOR: &str = "tests/cases/adopted/shop.yaml";

const SETTLED: [&str; 6] = [
    "--server",
    "https://shop.example/api",
    "--key-header",
    "X-Key",
    "--rate-limit",
    "100/3600/900",
];

/// A workspace that has a spec and documents of vendors.
fn workspace() -> Scratch {
    Scratch::of(&["spec", "tests/cases/adopted"])
}

impl Scratch {
    fn adopt(&self, arguments: &[&str]) -> Said {
        self.run(&[&["adopt"][..], arguments].concat())
    }
}

#[test]
fn what_is_done_is_said_and_written_if_asked_for() {
    let scratch = workspace();
    let before = scratch.read(SPEC);
    let arguments = [&[VENDOR][..], &SETTLED].concat();
    let (code, out, err) = scratch.adopt(&arguments);
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
    assert_eq!(scratch.read(SPEC), before);

    let (code, out, err) = scratch.adopt(&[&arguments[..], &["--write"]].concat());
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(out.ends_with("       Wrote spec/telesto.yaml\n"), "{out}");
    assert!(scratch.read(SPEC).contains("operationId: list_items\n"));

    // What was adopted needs nothing else.
    let (code, out, err) = scratch.adopt(&[SPEC]);
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
fn a_spec_that_is_not_committed_is_not_replaced() {
    let write = [&[VENDOR, "--write"][..], &SETTLED].concat();
    let scratch = workspace();
    scratch.edit(SPEC, "openapi: 3.0.3\n", "openapi: 3.0.3 # Mine.\n");
    let edited = scratch.read(SPEC);
    let refused = "error: spec/telesto.yaml has changes that are not committed\n  \
                   = help: commit it, or pass --force to replace it all the same\n";
    assert_eq!(
        scratch.adopt(&write),
        (1, String::new(), refused.to_owned())
    );
    assert_eq!(scratch.read(SPEC), edited);
    // Nothing is asked of those who only look.
    assert_eq!(scratch.adopt(&[&[VENDOR][..], &SETTLED].concat()).0, 0);

    // One that git was never given, or does not look at, neither.
    scratch.git(&["rm", "--quiet", "--cached", SPEC]);
    scratch.git(&["commit", "--quiet", "-m", "Forget it"]);
    assert_eq!(scratch.adopt(&write).0, 1);
    fs::write(scratch.path(".gitignore"), "spec\n").unwrap();
    assert_eq!(scratch.adopt(&write).0, 1);
    fs::remove_dir_all(scratch.path(".git")).unwrap();
    let (code, _, err) = scratch.adopt(&write);
    assert_eq!(code, 1);
    let told = "error: git does not keep spec/telesto.yaml: not a git repository";
    assert!(err.starts_with(told), "{err}");
    assert_eq!(scratch.read(SPEC), edited);

    let force = [&write[..], &["--force"]].concat();
    assert_eq!(scratch.adopt(&force).0, 0);
    assert!(scratch.read(SPEC).contains("operationId: list_items\n"));
    // There is none that could be lost.
    fs::remove_file(scratch.path(SPEC)).unwrap();
    assert_eq!(scratch.adopt(&write).0, 0);

    let (code, _, err) = scratch.adopt(&[VENDOR, "--force"]);
    assert_eq!(code, 2);
    assert!(err.contains("--write"), "{err}");
}

#[test]
fn programs_get_everything() {
    let scratch = workspace();
    let arguments = [&[VENDOR, "--output", "json"][..], &SETTLED].concat();
    let (code, out, err) = scratch.adopt(&arguments);
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
    let scratch = workspace();
    let arguments = [&["tests/cases/adopted/mistakes.yaml"][..], &SETTLED].concat();
    let (code, out, err) = scratch.adopt(&arguments);
    assert_eq!((code, err.as_str()), (0, ""));
    for line in [
        "   Corrected 3 queries in paths, whose parts are parameters, such as: \
         /paths/~1orders~1export?from={from}&type={kind}\n",
        "   Corrected 2 statuses in lower case, such as: \
         /paths/~1orders~1{id}~1lines~1{line-id}/get/responses/2xx\n",
        "    Declared 1 path parameter that the document does not, as text, such as: \
         {line-id} of /orders/{id}/lines/{line-id}\n",
        "    Left out 2 lists of values\n",
        "    Callable 8 of 12 operations (66.6 %)\n",
    ] {
        assert!(out.contains(line), "{out}");
    }
    let (_, out, _) = scratch.adopt(&[&arguments[..], &["--output", "json"]].concat());
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
    let scratch = workspace();
    let before = scratch.read(SPEC);
    let (code, out, err) = scratch.adopt(&[VENDOR, "--write"]);
    assert_eq!((code, out.as_str()), (1, ""));
    for line in [
        "error: the document does not name one HTTPS server, but ",
        "= help: pass the one to use, such as `--server https://example.com/v1`",
        "error: the document does not state the rate limit",
    ] {
        assert!(err.contains(line), "{err}");
    }
    assert_eq!(scratch.read(SPEC), before);

    for limit in ["100", "100/3600", "100/3600/0", "1/2/3/4", "a/b/c"] {
        let (code, _, err) = scratch.adopt(&[VENDOR, "--rate-limit", limit]);
        assert_eq!(code, 2);
        assert!(
            err.contains("write three whole numbers, such as `100/3600/900`"),
            "{err}"
        );
    }
    let (code, _, err) = scratch.adopt(&["/nowhere.yaml"]);
    assert_eq!(code, 1);
    assert!(
        err.starts_with("error: cannot read /nowhere.yaml: "),
        "{err}"
    );
}

#[test]
fn a_folder_becomes_a_table() {
    let scratch = workspace();
    let folder = tempfile::tempdir().unwrap();
    fs::copy(scratch.path(VENDOR), folder.path().join("shop.yaml")).unwrap();
    fs::write(folder.path().join("notes.txt"), "no document").unwrap();
    let (code, out, err) = scratch.adopt(&[folder.path().to_str().unwrap()]);
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

    // Which of them would be the spec?
    let (code, out, err) = scratch.adopt(&[folder.path().to_str().unwrap(), "--write"]);
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(err.contains("= help: pass the path of a document"), "{err}");

    // What cannot be read does not hide the others.
    fs::write(folder.path().join("broken.yaml"), "a: [").unwrap();
    let (code, out, err) = scratch.adopt(&[folder.path().to_str().unwrap()]);
    assert_eq!(code, 1);
    assert!(
        out.contains("shop.yaml") && err.contains("nothing becomes of broken.yaml"),
        "{err}"
    );
}

//! `cargo xtask diff` as people run it, in a scratch repository.

#![allow(
    clippy::unwrap_used,
    reason = "a test stops at what it does not expect"
)]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

const SPEC: &str = "spec/telesto.yaml";

/// A repository with the shipped spec.
struct Scratch(tempfile::TempDir);

impl Scratch {
    fn new() -> Self {
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let scratch = Self(tempfile::tempdir().unwrap());
        fs::create_dir(scratch.0.path().join("spec")).unwrap();
        fs::copy(workspace.join(SPEC), scratch.0.path().join(SPEC)).unwrap();
        scratch.git(&["init", "--quiet", "--initial-branch=main"]);
        scratch.commit();
        scratch
    }

    fn git(&self, arguments: &[&str]) {
        let name = ["-c", "user.name=T", "-c", "user.email=t@example.com"];
        let mut git = Command::new("git");
        git.arg("-C").arg(self.0.path()).args(name).args(arguments);
        assert!(git.status().unwrap().success(), "{arguments:?}");
    }

    fn commit(&self) {
        self.git(&["add", "."]);
        self.git(&["commit", "--quiet", "-m", "An edit"]);
    }

    /// Replaces a part of the spec that is there once.
    fn edit(&self, from: &str, to: &str) {
        let path = self.0.path().join(SPEC);
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(text.matches(from).count(), 1, "{from:?}");
        fs::write(path, text.replace(from, to)).unwrap();
    }

    fn diff(&self, arguments: &[&str]) -> Output {
        let mut xtask = Command::new(env!("CARGO_BIN_EXE_xtask"));
        xtask.arg("diff").args(arguments).current_dir(self.0.path());
        xtask.arg("--root").arg(self.0.path()).output().unwrap()
    }

    /// What is said, and the exit code.
    fn said(&self, arguments: &[&str]) -> (String, i32) {
        let output = self.diff(arguments);
        let code = output.status.code().unwrap();
        let said = match code {
            1 | 2 => output.stderr,
            _ => output.stdout,
        };
        (String::from_utf8(said).unwrap(), code)
    }
}

#[test]
fn an_edit_is_compared_with_the_main_branch() {
    let scratch = Scratch::new();
    let (said, code) = scratch.said(&["--fail-on", "any"]);
    assert!(
        said.contains("Unchanged spec/telesto.yaml, compared with "),
        "{said}"
    );
    assert_eq!(code, 0);

    scratch.git(&["checkout", "--quiet", "-b", "work"]);
    scratch.edit("operationId: list_products", "operationId: all_products");
    scratch.commit();
    scratch.edit("requests: 100", "requests: 200");
    let (said, code) = scratch.said(&[]);
    assert_eq!(code, 0, "{said}");
    for part in [
        "breaking[operation-renamed]: the operation `list_products` is now `all_products`",
        " --> spec/telesto.yaml:",
        "= in: GET /products (all_products)",
        "= client: the method `list_products()` is now `all_products()`",
        "operationId: all_products",
        "additive[rate-limit]: the rate limit was 100 requests",
        "1 breaking, 1 additive",
        "The worst change is breaking: a minor release, 0.",
    ] {
        assert!(said.contains(part), "no {part:?} in {said}");
    }
    // No colour where nobody sees it.
    assert!(!said.contains('\x1b'), "{said}");

    // Since the last commit, the limit alone.
    let (said, code) = scratch.said(&["HEAD", "--fail-on", "breaking"]);
    assert!(
        said.contains("1 additive") && !said.contains("breaking["),
        "{said}"
    );
    assert_eq!(code, 0);
    assert_eq!(scratch.said(&["HEAD", "--fail-on", "any"]).1, 4);
    assert_eq!(scratch.said(&["--fail-on", "breaking"]).1, 4);
}

#[test]
fn each_format_says_the_same_and_fails_alike() {
    let scratch = Scratch::new();
    let said = |format, fail_on: &str| match fail_on {
        "" => scratch.said(&["--format", format]),
        _ => scratch.said(&["--format", format, "--fail-on", fail_on]),
    };
    let (text, code) = said("json", "any");
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!((&json["verdict"], code), (&serde_json::Value::Null, 0));
    let (text, code) = said("markdown", "any");
    assert_eq!(
        (&*text, code),
        ("**The spec means the same as before.**\n", 0)
    );

    scratch.edit("operationId: list_products", "operationId: all_products");
    let message = "the operation `list_products` is now `all_products`";
    let (text, code) = said("json", "breaking");
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!((&json["changes"][0]["message"], code), (&message.into(), 4));
    let (text, code) = said("markdown", "breaking");
    let message = "the operation <code>list_products</code> is now <code>all_products</code>";
    assert!(text.contains(message), "{text}");
    assert_eq!(code, 4);
    let (text, code) = said("text", "");
    let entry =
        "For the changelog:\n\n### Changed\n\n- **Breaking:** The operation `list_products` is now";
    assert!(text.contains(entry), "{text}");
    assert_eq!(code, 0);
    assert_eq!(said("xml", "").1, 2);
}

#[test]
fn a_base_may_be_a_file() {
    let scratch = Scratch::new();
    let copy = scratch.0.path().join("before.yaml");
    fs::copy(scratch.0.path().join(SPEC), &copy).unwrap();
    scratch.edit("\n        ean_upc:", "\n        barcode:");
    let (said, code) = scratch.said(&["before.yaml"]);
    assert!(said.contains("--> before.yaml:"), "{said}");
    assert!(
        said.contains("the property `Product.ean_upc` is gone"),
        "{said}"
    );
    assert_eq!(code, 0);
}

#[test]
fn a_base_without_a_client_is_compared_as_a_document() {
    let scratch = Scratch::new();
    // The lint of today refuses it.
    scratch.edit("operationId: list_products", "operationId: _");
    scratch.commit();
    scratch.edit("operationId: _", "operationId: list_products");
    let (said, code) = scratch.said(&["HEAD"]);
    assert!(said.contains("breaking[operation-renamed]"), "{said}");
    let reason = "Only the documents were compared: no client can be generated from the base";
    assert!(said.contains(reason), "{said}");
    assert_eq!(code, 0);
}

#[test]
fn what_cannot_be_read_says_why() {
    let scratch = Scratch::new();
    let (said, code) = scratch.said(&["no-such-branch"]);
    assert!(
        said.contains("there is no `no-such-branch:spec/telesto.yaml`"),
        "{said}"
    );
    assert!(said.contains("= help: pass a git revision"), "{said}");
    assert_eq!(code, 1);

    scratch.edit("openapi: 3.0.3", "openapi: 3.2.0");
    let (said, code) = scratch.said(&[]);
    assert!(said.contains("error[openapi-version]"), "{said}");
    assert_eq!(code, 1);
    assert_eq!(scratch.said(&["--fail-on", "nothing"]).1, 2);
}

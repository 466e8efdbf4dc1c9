//! `cargo xtask diff`, in a scratch repository.

use std::fs;

use crate::scratch::{SPEC, Scratch};

/// With the shipped spec.
fn repository() -> Scratch {
    Scratch::of(&["spec"])
}

impl Scratch {
    fn change(&self, from: &str, to: &str) {
        self.edit(SPEC, from, to);
    }

    /// What is said, and the exit code.
    fn diff(&self, arguments: &[&str]) -> (String, i32) {
        let (code, out, err) = self.run(&[&["diff"][..], arguments].concat());
        let said = match code {
            1 | 2 => err,
            _ => out,
        };
        (said, code)
    }
}

#[test]
fn an_edit_is_compared_with_the_main_branch() {
    let scratch = repository();
    let (said, code) = scratch.diff(&["--fail-on", "any"]);
    assert!(
        said.contains("Unchanged spec/telesto.yaml, compared with "),
        "{said}"
    );
    assert_eq!(code, 0);

    scratch.git(&["checkout", "--quiet", "-b", "work"]);
    scratch.change("operationId: list_products", "operationId: all_products");
    scratch.commit();
    scratch.change("requests: 100", "requests: 200");
    let (said, code) = scratch.diff(&[]);
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
    let (said, code) = scratch.diff(&["HEAD", "--fail-on", "breaking"]);
    assert!(
        said.contains("1 additive") && !said.contains("breaking["),
        "{said}"
    );
    assert_eq!(code, 0);
    assert_eq!(scratch.diff(&["HEAD", "--fail-on", "any"]).1, 4);
    assert_eq!(scratch.diff(&["--fail-on", "breaking"]).1, 4);
}

#[test]
fn each_format_says_the_same_and_fails_alike() {
    let scratch = repository();
    let said = |format, fail_on: &str| match fail_on {
        "" => scratch.diff(&["--format", format]),
        _ => scratch.diff(&["--format", format, "--fail-on", fail_on]),
    };
    let (text, code) = said("json", "any");
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!((&json["verdict"], code), (&serde_json::Value::Null, 0));
    let (text, code) = said("markdown", "any");
    assert_eq!(
        (&*text, code),
        ("**The spec means the same as before.**\n", 0)
    );

    scratch.change("operationId: list_products", "operationId: all_products");
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
    let scratch = repository();
    fs::copy(scratch.path(SPEC), scratch.path("before.yaml")).unwrap();
    scratch.change("\n        ean_upc:", "\n        barcode:");
    let (said, code) = scratch.diff(&["./before.yaml"]);
    assert!(said.contains("--> ./before.yaml:"), "{said}");
    assert!(
        said.contains("the property `Product.ean_upc` is gone"),
        "{said}"
    );
    assert_eq!(code, 0);
}

/// A pull request chooses its files and the name of its branch: neither may replace the base.
#[test]
fn a_revision_is_no_file_and_a_branch_of_the_remote_no_other_one() {
    let scratch = repository();
    scratch.git(&["tag", "v1"]);
    scratch.git(&["update-ref", "refs/remotes/origin/main", "HEAD"]);
    scratch.git(&["checkout", "--quiet", "-b", "origin/main"]);
    scratch.change("\n        ean_upc:", "\n        barcode:");
    scratch.commit();
    for name in ["v1", "HEAD~1"] {
        fs::copy(scratch.path(SPEC), scratch.path(name)).unwrap();
        let (said, code) = scratch.diff(&[name, "--fail-on", "breaking"]);
        assert!(said.contains("`Product.ean_upc` is gone"), "{said}");
        assert_eq!(code, 4);
    }
    let (said, code) = scratch.diff(&["--fail-on", "breaking"]);
    assert!(said.contains("`Product.ean_upc` is gone"), "{said}");
    assert_eq!(code, 4);

    fs::copy(scratch.path(SPEC), scratch.path("v2")).unwrap();
    let (said, code) = scratch.diff(&["v2"]);
    assert!(said.contains("write `./v2`"), "{said}");
    assert_eq!(code, 1);
}

#[test]
fn a_base_without_a_client_is_compared_as_a_document() {
    let scratch = repository();
    // The lint of today refuses it.
    scratch.change("operationId: list_products", "operationId: _");
    scratch.commit();
    scratch.change("operationId: _", "operationId: list_products");
    let (said, code) = scratch.diff(&["HEAD"]);
    assert!(said.contains("breaking[operation-renamed]"), "{said}");
    let reason = "Only the documents were compared: no client can be generated from the base";
    assert!(said.contains(reason), "{said}");
    assert_eq!(code, 0);
}

#[test]
fn what_cannot_be_read_says_why() {
    let scratch = repository();
    let (said, code) = scratch.diff(&["no-such-branch"]);
    assert!(
        said.contains("there is no `no-such-branch:spec/telesto.yaml`"),
        "{said}"
    );
    assert!(said.contains("= help: pass a git revision"), "{said}");
    assert_eq!(code, 1);

    scratch.change("openapi: 3.0.3", "openapi: 3.2.0");
    let (said, code) = scratch.diff(&[]);
    assert!(said.contains("error[openapi-version]"), "{said}");
    assert_eq!(code, 1);
    assert_eq!(scratch.diff(&["--fail-on", "nothing"]).1, 2);
}

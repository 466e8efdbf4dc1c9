//! What becomes of documents that others wrote. Each document in `tests/cases/adopted`
//! has beside it what was said about it, and the diff to the spec that was made of it;
//! `UPDATE_EXPECT=1` writes it anew.

#![allow(
    clippy::unwrap_used,
    reason = "a test stops at what it does not expect"
)]

mod cases;

use std::fmt::Write as _;
use std::fs;
use std::time::Duration;

use serde_json::Value;
use similar::TextDiff;
use telesto_gen::spec::{RateLimit, Spec};
use telesto_gen::{
    AdoptError, Adopted, Document, Lost, Open, Settings, Target, adopt, fix, generate, lint,
};

use cases::{complete, documents};

const VENDOR: &str = include_str!("../../tests/cases/adopted/shop.yaml");

fn settings() -> Settings {
    Settings {
        server: Some("https://shop.example/api".to_owned()),
        key_header: Some("X-Key".to_owned()),
        rate_limit: Some(limit()),
    }
}

fn limit() -> RateLimit {
    let [window, lockout] = [3600, 900].map(Duration::from_secs);
    RateLimit::new(100, window, lockout)
}

/// All that is said about a document.
fn said(before: &str, adopted: &Adopted) -> String {
    let mut said = format!(
        "# {} of {} operations\n\n",
        adopted.callable, adopted.operations
    );
    for renamed in &adopted.renamed {
        let from = renamed.from.as_deref().unwrap_or("-");
        let _ = writeln!(said, "{}: {from} is {}", renamed.what, renamed.to);
    }
    for operation in &adopted.assumed {
        let _ = writeln!(said, "{operation} may return anything");
    }
    for corrected in &adopted.corrected {
        let _ = writeln!(
            said,
            "corrected: {:?}: {}",
            corrected.mistake, corrected.pointer
        );
    }
    for parameter in &adopted.declared {
        let _ = writeln!(said, "{parameter} is text");
    }
    let _ = writeln!(said, "{} extensions", adopted.extensions);
    for solved in &adopted.solved {
        let _ = writeln!(said, "solved: {}: {}", solved.location.line, solved.message);
    }
    for loss in &adopted.losses {
        let _ = writeln!(
            said,
            "{:?}: {} of {:?}, because of line {}: {}",
            loss.lost,
            loss.pointer,
            loss.operations,
            loss.finding.location.line,
            loss.finding.message
        );
    }
    for untyped in &adopted.untyped {
        let at = untyped.pointer.as_deref().unwrap_or("-");
        let _ = writeln!(
            said,
            "{} may be anything ({:?}): {at}",
            untyped.path, untyped.because
        );
    }
    let after = &adopted.text;
    let text = match adopted.keeps_layout {
        true => TextDiff::from_lines(before, after)
            .unified_diff()
            .context_radius(1)
            .to_string(),
        false => after.clone(),
    };
    let _ = write!(said, "\n# The spec\n\n{text}");
    said
}

#[test]
fn each_case_becomes_a_spec_and_says_how() {
    for path in documents("adopted") {
        let text = fs::read_to_string(&path).unwrap();
        let name = path.file_name().unwrap();
        let adopted = adopt(name, &text, &settings()).unwrap();
        let said = said(&text, &adopted);
        let expected = path.with_extension("txt");
        if std::env::var_os("UPDATE_EXPECT").is_some() {
            fs::write(&expected, &said).unwrap();
        }
        let expected = fs::read_to_string(&expected).unwrap();
        assert_eq!(said, expected, "{path:?}");
    }
}

/// Whatever is wrong with a document: what is made of it is a spec, which becomes code,
/// and of which nothing else becomes.
#[test]
fn what_is_adopted_becomes_code_and_is_adopted_already() {
    let mut adopted_cases = 0;
    for path in [documents("findings"), documents("adopted")].concat() {
        let Ok(text) = fs::read_to_string(&path) else {
            continue;
        };
        let text = complete(&text);
        let Ok(adopted) = adopt("case", &text, &settings()) else {
            continue;
        };
        adopted_cases += 1;
        let document = Document::parse("case", adopted.text.clone()).unwrap();
        let findings = lint(&document);
        assert!(!findings.has_errors(), "{path:?}: {findings}");
        let target = Target::new("telesto_api", "generated");
        let generated = generate(&document, &target);
        let operations = generated.map(|generated| generated.operations);
        assert_eq!(operations.ok(), Some(adopted.callable), "{path:?}");
        assert_eq!(fix("case", adopted.text.clone()).text, adopted.text);
        let again = adopt("case", &adopted.text, &Settings::default()).unwrap();
        assert_eq!(again.text, adopted.text, "{path:?}");
        assert!(again.losses.is_empty() && again.renamed.is_empty() && again.extensions == 0);
        assert!(again.assumed.is_empty());
    }
    assert!(adopted_cases >= 50, "{adopted_cases}");
}

#[test]
fn what_a_document_leaves_open_is_asked_for() {
    let open = |text: &str, settings: &Settings| match adopt("shop.yaml", text, settings) {
        Err(AdoptError::Open(open)) => open,
        other => panic!("{other:?}"),
    };
    let servers = [
        "https://{region}.shop.example/api/",
        "https://shop.example/api/",
    ];
    assert_eq!(
        open(VENDOR, &Settings::default()),
        [
            Open::Server(servers.map(str::to_owned).into()),
            Open::RateLimit
        ]
    );
    let text = VENDOR.replace("in: header, name: X-Key", "in: query, name: key");
    let schemes = ["bearer (http, bearer)", "key (apiKey, query, key)"];
    let mut some = settings();
    some.key_header = None;
    assert_eq!(
        open(&text, &some),
        [Open::KeyHeader(schemes.map(str::to_owned).into())]
    );
    some.key_header = Some("X Key".to_owned());
    some.server = Some("http://shop.example".to_owned());
    assert_eq!(
        open(&text, &some),
        [
            Open::InvalidServer("http://shop.example".to_owned()),
            Open::InvalidHeader("X Key".to_owned())
        ]
    );
}

#[test]
fn what_a_document_says_is_not_asked_for() {
    let text = VENDOR
        .replace(
            "  - url: https://{region}.shop.example/api/ # one for each region\n",
            "",
        )
        .replace("    variables:\n      region: { default: eu }\n", "")
        .replace(
            "\npaths:",
            "\nx-rate-limit: { requests: 7, window: 60, lockout: 5 }\npaths:",
        );
    let adopted = adopt("shop.yaml", &text, &Settings::default()).unwrap();
    assert_eq!(adopted.server, "https://shop.example/api");
    assert_eq!(adopted.key_header, "X-Key");
    assert_eq!(adopted.rate_limit.requests, 7);
    assert!(
        adopted
            .text
            .contains("x-rate-limit: { requests: 7, window: 60, lockout: 5 }\n")
    );
    // What is passed overrides it.
    let text = text.replace("    bearer: { type: http, scheme: bearer }\n", "");
    let text = text.replace("    key: { type: apiKey", "    apiKey: { type: apiKey");
    for header in ["X-Key", "X-Other"] {
        let settings = Settings {
            key_header: Some(header.to_owned()),
            ..settings()
        };
        let adopted = adopt("shop.yaml", &text, &settings).unwrap();
        assert_eq!(adopted.rate_limit, limit());
        assert_eq!(adopted.key_header, header);
        let spec = Document::parse("shop.yaml", adopted.text).unwrap();
        assert_eq!(Spec::of(&spec).api_key_header(), Some(header));
    }
}

/// JSON and YAML of one document become the same spec, but for comments and layout.
#[test]
fn json_becomes_yaml() {
    let value: Value = serde_yaml::from_str(VENDOR).unwrap();
    let adopted = adopt("shop.json", &value.to_string(), &settings()).unwrap();
    assert!(!adopted.keeps_layout);
    assert!(adopted.text.contains("\n  /items:\n"));
    let from_yaml = adopt("shop.yaml", VENDOR, &settings()).unwrap();
    assert!(from_yaml.keeps_layout);
    let read = |text: &str| serde_yaml::from_str::<Value>(text).unwrap();
    assert_eq!(read(&adopted.text), read(&from_yaml.text));
}

#[test]
fn parts_that_are_shared_by_aliases_are_written_out() {
    let text = VENDOR
        .replace(
            "  /items/{id}:\n    delete:",
            "  /items/{id}:\n    delete: &remove",
        )
        .replace(
            "\ncomponents:",
            "  /things/{id}: { delete: *remove }\n\ncomponents:",
        );
    assert_ne!(text, VENDOR);
    let adopted = adopt("shop.yaml", &text, &settings()).unwrap();
    assert!(!adopted.keeps_layout);
    assert_eq!(adopted.operations, 9);
    // The two have the same node, but not the same name.
    assert!(
        adopted.text.contains("operationId: delete_item\n"),
        "{}",
        adopted.text
    );
}

#[test]
fn what_is_wrong_with_the_root_is_refused() {
    let text = VENDOR.replace("\npaths:", "\npaths: many\nx-paths:");
    assert_ne!(text, VENDOR);
    let Err(AdoptError::Refused(findings)) = adopt("shop.yaml", &text, &settings()) else {
        panic!("adopted");
    };
    assert!(
        findings
            .iter()
            .any(|finding| finding.rule == "missing-field")
    );
}

/// The least is left out.
#[test]
fn each_kind_of_loss_has_a_case() {
    let adopted = adopt("shop.yaml", VENDOR, &settings()).unwrap();
    let lost = |wanted| {
        adopted
            .losses
            .iter()
            .filter(|loss| loss.lost == wanted)
            .count()
    };
    for kind in [
        Lost::Operation,
        Lost::Parameter,
        Lost::Error,
        Lost::Type,
        Lost::Unused,
        Lost::Example,
    ] {
        assert!(lost(kind) >= 1, "{kind:?}");
    }
}

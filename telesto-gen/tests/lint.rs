//! Every case in `tests/cases/findings` is a document, or the part of one that matters;
//! the sections that it leaves out are taken from `base.yaml`, unless its first
//! line is `# whole`. The expected findings are in the `.txt` beside it;
//! `UPDATE_EXPECT=1` writes it anew.

#![allow(
    clippy::unwrap_used,
    reason = "a test stops at what it does not expect"
)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use telesto_gen::{Document, Findings, ReadError, Severity, lint, rules};

const SHIPPED: &str = include_str!("../../spec/telesto.yaml");
const MADE_UP: &str = include_str!("../../tests/fixture-api/made-up.yaml");
const BASE: &str = include_str!("../../tests/cases/findings/base.yaml");

fn check(name: &str, text: &str) -> Findings {
    match Document::parse(name, text.to_owned()) {
        Ok(document) => lint(&document),
        Err(findings) => findings,
    }
}

fn files() -> impl Iterator<Item = PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/cases/findings");
    let entries = fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().path())
}

fn cases() -> Vec<PathBuf> {
    let mut cases: Vec<PathBuf> = files()
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "yaml")
        })
        .filter(|path| !path.ends_with("base.yaml"))
        .collect();
    cases.sort();
    cases
}

/// The case, followed by the sections of the base that it does not have. They
/// come last, so that lines are counted as in the file of the case.
fn complete(case: &str) -> String {
    if case.starts_with("# whole\n") {
        return case.to_owned();
    }
    let mut text = case.to_owned();
    let mut wanted = false;
    for line in BASE.lines() {
        if let Some((key, _)) = line.split_once(':')
            && !line.starts_with([' ', '#'])
        {
            let start = format!("{key}:");
            wanted = !case.lines().any(|line| line.starts_with(&start));
        }
        if wanted {
            text.push_str(line);
            text.push('\n');
        }
    }
    text
}

#[test]
fn findings_of_the_cases() {
    let update = std::env::var_os("UPDATE_EXPECT").is_some();
    let mut different = Vec::new();
    for path in cases() {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let found = check(&name, &complete(&fs::read_to_string(&path).unwrap()));
        let found = format!("{found}\n");
        let expected = path.with_extension("txt");
        if update {
            fs::write(&expected, &found).unwrap();
        } else if fs::read_to_string(&expected).unwrap_or_default() != found {
            different.push(format!("{name} has now:\n{found}"));
        }
    }
    assert!(
        different.is_empty(),
        "{}\nif that is meant, run this with UPDATE_EXPECT=1",
        different.join("\n")
    );
    let texts = files().filter(|path| path.extension().is_some_and(|e| e == "txt"));
    assert_eq!(
        texts.count(),
        cases().len(),
        "a case was removed, its .txt not"
    );
}

#[test]
fn every_rule_has_a_case() {
    let mut unmet: BTreeSet<&str> = rules().map(|rule| rule.name).collect();
    assert_eq!(unmet.len(), rules().count(), "two rules have one name");
    for path in cases() {
        let found = check("case", &complete(&fs::read_to_string(path).unwrap()));
        for finding in &found {
            let rule = rules().find(|rule| rule.name == finding.rule);
            let rule = rule.unwrap_or_else(|| panic!("{} is not in the table", finding.rule));
            assert_eq!(rule.severity, finding.severity, "{}", rule.name);
            unmet.remove(rule.name);
        }
    }
    // A case is text, so this one has a test of its own below.
    assert_eq!(unmet, BTreeSet::from(["not-utf8"]));
}

#[test]
fn the_base_is_clean() {
    let found = check("base.yaml", BASE);
    assert!(found.is_empty(), "{found}");
    assert_eq!(found.to_string(), "");
}

#[test]
fn the_shipped_spec_has_no_errors() {
    let found = check("telesto.yaml", SHIPPED);
    assert!(!found.has_errors(), "{found}");
}

#[test]
fn the_made_up_spec_has_no_errors() {
    let found = check("made-up.yaml", MADE_UP);
    assert!(!found.has_errors(), "{found}");
    assert!(found.iter().any(|finding| finding.rule == "float-quantity"));
}

#[test]
fn names_that_the_client_has_are_refused() {
    for id in [
        "api_version",
        "baseurl",
        "budget",
        "builder",
        "client",
        "clone",
        "exec",
        "from_env",
        "inner",
        "new",
        "new_with_client",
        "post",
        "pre",
        "request",
        "response_value",
        "type",
        "Products",
        "list__products",
        "_list",
        "list_",
        "",
    ] {
        let found = check(
            "a.yaml",
            &BASE.replace("list_products", &format!("\"{id}\"")),
        );
        let rules: Vec<&str> = found.iter().map(|finding| finding.rule).collect();
        assert_eq!(rules, ["operation-id-form"], "{id}");
    }
}

/// The rules read nodes, everything else reads types: both must be of the same
/// document.
#[test]
fn nodes_and_types_agree_on_the_operations() {
    let document = Document::parse("made-up.yaml", MADE_UP.to_owned()).unwrap();
    assert_eq!(document.api().operations().count(), 9);
    for (path, method, operation) in document.api().operations() {
        let pointer = format!("/paths/{}/{method}/operationId", path.replace('/', "~1"));
        let finding = document.finding(&pointer, "test", Severity::Error, "", "");
        let id = operation.operation_id.as_deref().unwrap();
        assert_eq!(&document.text()[finding.span], id);
    }
}

#[test]
fn a_file_that_is_not_utf8_is_refused() {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("latin1.yaml");
    fs::write(&path, b"openapi: 3.0.3\ninfo: { title: K\xe4se }\n").unwrap();
    let Err(ReadError::Refused(found)) = Document::read(&path) else {
        panic!("it was read");
    };
    let finding = found.iter().next().unwrap();
    assert_eq!(finding.rule, "not-utf8");
    assert_eq!((finding.location.line, finding.location.column), (2, 17));
}

#[test]
fn a_file_that_does_not_exist_is_named() {
    let error = Document::read(Path::new("no/such.yaml")).unwrap_err();
    let text = error.to_string();
    assert!(text.starts_with("cannot read no/such.yaml: "), "{text}");
    assert!(std::error::Error::source(&error).is_some());
}

/// Findings name the closest node where theirs does not exist.
#[test]
fn a_pointer_to_nothing_leads_to_what_is_above() {
    let document = Document::parse("base.yaml", BASE.to_owned()).unwrap();
    let at = |pointer: &str| {
        let finding = document.finding(pointer, "test", Severity::Warning, "", "");
        document.text()[finding.span].to_owned()
    };
    assert_eq!(at("/paths/~1products/get"), "get");
    assert_eq!(at("/paths/~1products/get/parameters/3"), "get");
    assert_eq!(at("/paths/~1products/get/operationId"), "list_products");
    assert_eq!(at("/servers/0/url"), "https://shop.invalid/v1");
    assert_eq!(at("/nothing"), BASE.lines().next().unwrap());
}

#[test]
fn a_byte_order_mark_moves_nothing() {
    let with = check("a.yaml", &format!("\u{feff}{BASE}x-foo: 1\n"));
    let without = check("a.yaml", &format!("{BASE}x-foo: 1\n"));
    assert_eq!(with.to_string(), without.to_string());
    assert_eq!(with.len(), 1);
}

#[test]
fn a_character_that_json_writes_as_a_pair_is_read_and_moves_nothing() {
    let base: serde_yaml::Value = serde_yaml::from_str(BASE).unwrap();
    let json = serde_json::to_string_pretty(&base).unwrap();
    let title = r#""title": "\ud83d\udc4d", "x-foo": 1,"#;
    let text = json.replace(r#""title": "A made-up shop","#, title);
    assert_ne!(json, text);
    let document = Document::parse("a.json", text.clone()).unwrap();
    assert_eq!(document.api().info.title, "👍");
    let found = check("a.json", &text);
    let spans = found.iter().map(|finding| &text[finding.span.clone()]);
    assert!(spans.eq(["\"x-foo\""]), "{found}");
}

#[test]
fn columns_count_characters_behind_other_scripts() {
    let text = format!("{BASE}# Größe, 数量\nx-ü: {{ 数: 1 }}\nx-foo: 1 # ok\n");
    let found = check("a.yaml", &text);
    let lines: Vec<&str> = found
        .iter()
        .map(|finding| &text[finding.span.clone()])
        .collect();
    assert_eq!(lines, ["x-ü", "x-foo"]);
}

#[test]
fn colours_are_optional() {
    let found = check("a.yaml", "openapi: 3.1.0\n");
    assert!(found.render(true).contains("\u{1b}["));
    assert!(!found.render(false).contains("\u{1b}["));
}

/// What an editor, a merge or a slip of the hand does to a text.
#[derive(Debug, Clone)]
enum Edit {
    DeleteLine(usize),
    DuplicateLine(usize),
    SwapLines(usize, usize),
    Indent(usize, usize),
    Insert(usize, &'static str),
    ReplaceValue(usize, &'static str),
    SetCharacter(usize, char),
    Truncate(usize),
}

const SNIPPETS: &[&str] = &[
    "- ",
    "? ",
    "*a",
    "&a ",
    "!!str ",
    "<<: ",
    "{",
    "}",
    "[",
    "]",
    "\"",
    "'",
    "|",
    ">",
    "---",
    "...",
    "\t",
    "null",
    "~",
    "1e999",
    ".nan",
    "-1",
    "99999999999999999999",
    "true",
    "é数",
    "$ref: x",
    "allOf: []",
    "#/components/schemas/Product",
    "%",
    "@",
    "\u{feff}",
    "\r",
    "a: b: c",
    "{}",
    "[]",
];

fn edit() -> impl Strategy<Value = Edit> {
    let at = 0..usize::MAX;
    let snippet = || proptest::sample::select(SNIPPETS);
    prop_oneof![
        at.clone().prop_map(Edit::DeleteLine),
        at.clone().prop_map(Edit::DuplicateLine),
        (at.clone(), at.clone()).prop_map(|(a, b)| Edit::SwapLines(a, b)),
        (at.clone(), 0..9usize).prop_map(|(at, by)| Edit::Indent(at, by)),
        (at.clone(), snippet()).prop_map(|(at, text)| Edit::Insert(at, text)),
        (at.clone(), snippet()).prop_map(|(at, text)| Edit::ReplaceValue(at, text)),
        (at.clone(), any::<char>()).prop_map(|(at, c)| Edit::SetCharacter(at, c)),
        at.prop_map(Edit::Truncate),
    ]
}

fn apply(text: &str, edit: &Edit) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let mut characters: Vec<char> = text.chars().collect();
    if lines.is_empty() {
        return text.to_owned();
    }
    let line = |at: usize| at % lines.len();
    let character = |at: usize| at % characters.len();
    match *edit {
        Edit::DeleteLine(at) => {
            lines.remove(line(at));
        }
        Edit::DuplicateLine(at) => {
            let at = line(at);
            lines.insert(at, lines[at].clone());
        }
        Edit::SwapLines(a, b) => {
            let (a, b) = (line(a), line(b));
            lines.swap(a, b);
        }
        Edit::Indent(at, by) => {
            let at = line(at);
            lines[at] = format!("{}{}", " ".repeat(by), lines[at].trim_start());
        }
        Edit::ReplaceValue(at, value) => {
            let at = line(at);
            let key = lines[at].split_once(':').map(|(key, _)| key.to_owned());
            lines[at] = format!("{}: {value}", key.unwrap_or_default());
        }
        Edit::Insert(at, snippet) => {
            let at = character(at);
            characters.splice(at..at, snippet.chars());
            return characters.into_iter().collect();
        }
        Edit::SetCharacter(at, c) => {
            let at = character(at);
            characters[at] = c;
            return characters.into_iter().collect();
        }
        Edit::Truncate(at) => {
            characters.truncate(character(at));
            return characters.into_iter().collect();
        }
    }
    lines.join("\n")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_edit_makes_it_panic(
        made_up in any::<bool>(),
        edits in proptest::collection::vec(edit(), 1..4),
    ) {
        let start = if made_up { MADE_UP } else { SHIPPED };
        let text = edits.iter().fold(start.to_owned(), |text, edit| apply(&text, edit));
        let found = check("telesto.yaml", &text);
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        for finding in &found {
            prop_assert!(text.get(finding.span.clone()).is_some(), "{finding:?}");
            prop_assert!(!text[finding.span.clone()].contains('\n'), "{finding:?}");
            let line = text.split('\n').nth(finding.location.line - 1);
            prop_assert!(line.is_some(), "{finding:?}");
            let columns = line.unwrap_or_default().chars().count() + 1;
            prop_assert!((1..=columns).contains(&finding.location.column), "{finding:?}");
            prop_assert!(rules().any(|rule| rule.name == finding.rule), "{finding:?}");
            prop_assert!(!finding.message.is_empty() && !finding.help.is_empty());
        }
        prop_assert_eq!(found.is_empty(), found.to_string().is_empty());
    }
}

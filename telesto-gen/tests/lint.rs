//! Every case in `tests/cases/findings` is a document, or the part of one that matters;
//! the sections that it leaves out are taken from `base.yaml`, unless its first
//! line is `# whole`. The expected findings are in the `.txt` beside it, and what a
//! fix changes; `UPDATE_EXPECT=1` writes it anew.

#![allow(
    clippy::unwrap_used,
    reason = "a test stops at what it does not expect"
)]

mod cases;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value, json};
use similar::TextDiff;
use telesto_gen::{Document, Findings, ReadError, Severity, fix, lint, rules, surface};

use cases::{BASE, complete, documents, files};

const SHIPPED: &str = include_str!("../../spec/telesto.yaml");
const FINDINGS: &str = "findings";
const MADE_UP: &str = include_str!("../../tests/fixture-api/made-up.yaml");

fn check(name: &str, text: &str) -> Findings {
    match Document::parse(name, text.to_owned()) {
        Ok(document) => lint(&document),
        Err(findings) => findings,
    }
}

#[test]
fn findings_of_the_cases() {
    let update = std::env::var_os("UPDATE_EXPECT").is_some();
    let mut different = Vec::new();
    for path in documents(FINDINGS) {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let text = complete(&fs::read_to_string(&path).unwrap());
        let mut found = format!("{}\n", check(&name, &text));
        let fixed = fix(&name, text.clone());
        if fixed.text != text {
            let diff = TextDiff::from_lines(&text, &fixed.text);
            let diff = diff.unified_diff().context_radius(0).to_string();
            found.push_str(&format!("\n# What a fix changes\n\n{diff}"));
        }
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
    let texts = files(FINDINGS).filter(|path| path.extension().is_some_and(|e| e == "txt"));
    assert_eq!(
        texts.count(),
        documents(FINDINGS).len(),
        "a case was removed, its .txt not"
    );
}

#[test]
fn every_rule_has_a_case() {
    let mut unmet: BTreeSet<&str> = rules().map(|rule| rule.name).collect();
    assert_eq!(unmet.len(), rules().count(), "two rules have one name");
    for path in documents(FINDINGS) {
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

/// How often each rule is broken.
fn broken(findings: &Findings) -> BTreeMap<&str, usize> {
    let mut counts = BTreeMap::new();
    for finding in findings {
        *counts.entry(finding.rule).or_default() += 1;
    }
    counts
}

#[test]
fn a_fix_makes_nothing_worse_and_is_the_last_one() {
    let mut unmet: BTreeSet<&str> = rules()
        .filter(|rule| rule.fix.is_some())
        .map(|rule| rule.name)
        .collect();
    assert!(unmet.len() > 5);
    for path in documents(FINDINGS) {
        let text = complete(&fs::read_to_string(&path).unwrap());
        let before = check("case", &text);
        let fixed = fix("case", text.clone());
        for solved in &fixed.solved {
            let rule = rules().find(|rule| rule.name == solved.rule).unwrap();
            assert!(rule.fix.is_some(), "{} has no text about it", rule.name);
            assert!(solved.is_fixable());
            unmet.remove(rule.name);
        }
        assert_eq!(fixed.solved.is_empty(), fixed.text == text);
        // What was found in reading hides what the rules say.
        if Document::parse("case", text.clone()).is_ok() {
            let had = broken(&before);
            for (rule, count) in broken(&fixed.findings) {
                assert!(
                    had.get(rule).is_some_and(|had| count <= *had),
                    "{path:?}: {rule}"
                );
            }
        }
        let again = fix("case", fixed.text.clone());
        assert_eq!(again.text, fixed.text, "{path:?}");
        assert!(again.solved.is_empty());
        assert_eq!(again.findings.to_string(), fixed.findings.to_string());
    }
    assert_eq!(unmet, BTreeSet::new(), "no case has it fixed");
}

#[test]
fn the_fixes_are_documented() {
    let readme = include_str!("../../spec/README.md");
    let (_, section) = readme.split_once("\n## What can be fixed\n").unwrap();
    let rows: Vec<&str> = section
        .lines()
        .filter(|line| line.starts_with("| `"))
        .collect();
    let fixes = rules().filter_map(|rule| Some(format!("| `{}` | {} |", rule.name, rule.fix?)));
    assert_eq!(rows, fixes.collect::<Vec<_>>());
}

#[test]
fn a_required_property_that_tells_alternatives_apart_stays() {
    let text = complete(
        r##"
paths:
  /things:
    get:
      operationId: list_things
      responses:
        "200":
          description: Things.
          content: { application/json: { schema: { $ref: "#/components/schemas/Thing" } } }
components:
  securitySchemes:
    key: { type: apiKey, in: header, name: X-Key }
  schemas:
    Thing:
      anyOf:
        - type: object
          title: Sized
          required: [size, color]
          properties: { size: { type: integer }, color: { type: string } }
        - type: object
          title: Colored
          properties: { color: { type: string } }
"##,
    );
    let fixed = fix("shop.yaml", text);
    let left = fixed.text.lines().find(|line| line.contains("required:"));
    assert_eq!(
        left.map(str::trim),
        Some("required: [size]"),
        "{}",
        fixed.findings
    );
    assert_eq!(fixed.solved.len(), 1);
}

#[test]
fn what_a_fix_would_break_stays_and_the_others_go() {
    // A type is named after its title, so what is read and what is sent have to stay equal.
    let part = "{ type: object, title: Part, required: [size], \
                properties: { size: { type: string, format: decimal } } }";
    let response =
        format!("{{ description: Done, content: {{ application/json: {{ schema: {part} }} }} }}");
    let text = complete(&format!(
        "
paths:
  /parts:
    post:
      operationId: add_part
      requestBody: {{ required: true, content: {{ application/json: {{ schema: {part} }} }} }}
      responses: {{ '200': {response} }}
  /things:
    get:
      operationId: list_things
      responses:
        '200':
          description: Things.
          content:
            application/json:
              schema:
                type: object
                required: [id, name]
                properties: {{ id: {{ type: string }}, name: {{ type: string }} }}
            # Not what the client reads.
            application/xml:
              schema:
                type: object
                required: [id, name]
                properties: {{ id: {{ type: string }}, name: {{ type: string }} }}
components:
  securitySchemes:
    key: {{ type: apiKey, in: header, name: X-Key }}
  schemas:
    Unused: {{ type: string, minimum: 1 }}
"
    ));
    let fixed = fix("shop.yaml", text);
    let left = fixed
        .text
        .lines()
        .filter(|line| line.contains("required: ["));
    let left: Vec<_> = left
        .filter_map(|line| Some(line.split_once("required: [")?.1))
        .collect();
    let [sent, read, things, _] = left[..] else {
        panic!("{left:?}");
    };
    assert!(sent.starts_with("size]") && read.starts_with("size]"));
    assert_eq!(things, "id]");
    assert!(!fixed.text.contains("minimum"));
    let solved = fixed.solved.iter().map(|finding| finding.rule);
    let rules = BTreeSet::from(["required-may-be-empty", "unsupported-schema"]);
    assert_eq!(solved.collect::<BTreeSet<_>>(), rules);
    assert_eq!(fixed.solved.len(), 2);
}

/// A title in only one of two parts keeps them from being one schema, so what is wrong in
/// them is found in each, at places that do not lead to that of the title.
#[test]
fn what_does_harm_elsewhere_is_found_among_many() {
    let mut text = "openapi: 3.0.3\ninfo: { title: Shop, version: '1' }\npaths: {}\n\
                    components:\n  schemas:\n"
        .to_owned();
    for i in 0..6 {
        let user = format!(
            "user: {{ type: object, title: User, \
             properties: {{ url{i}: {{ type: string, format: uri-template }} }} }}"
        );
        let part = |more: &str| {
            format!(
                "{{ type: object, properties: {{ owner: \
                 {{ type: object, {more}properties: {{ {user} }} }} }} }}"
            )
        };
        let (one, other) = (part(""), part("nullable: true, "));
        let _ = writeln!(text, "    Owned{i}: {{ allOf: [{one}, {other}] }}");
    }
    for i in 0..40 {
        let _ = writeln!(
            text,
            "    Box{i}: {{ type: object, properties: {{ size: \
             {{ type: object, title: Size, properties: {{ p{i}: {{ type: string }} }} }} }} }}"
        );
    }
    let fixed = fix("shop.yaml", text);
    // The first one keeps its name.
    assert_eq!(fixed.text.matches("title: Size").count(), 1);
    assert_eq!(fixed.text.matches("title: User").count(), 12);
}

/// All that is in vain in one list is found at once: what is found only later would look
/// like harm.
#[test]
fn values_that_are_null_or_listed_twice_go_together() {
    let text = "openapi: 3.0.3\ninfo: { title: Shop, version: '1' }\npaths: {}\n\
                components:\n  schemas:\n    Kind: { type: string, enum: [null, box, box, box] }\n";
    let fixed = fix("shop.yaml", text.to_owned());
    assert_eq!(
        fixed.text,
        text.replace("[null, box, box, box]", "[box]"),
        "{}",
        fixed.findings
    );
    assert_eq!(fixed.solved.len(), 3);
}

#[test]
fn a_mark_and_the_ends_of_lines_stay() {
    let text = "\u{feff}openapi: 3.0.3\r\ninfo: { title: Shop, version: '1' }\r\npaths: {}\r\n\
                components:\r\n  schemas:\r\n    Thing:\r\n      type: string\r\n      minimum: 1\r\n";
    let fixed = fix("shop.yaml", text.to_owned());
    assert_eq!(fixed.text, text.replace("      minimum: 1\r\n", ""));
}

/// All places in a document that are wanted.
fn walk<'v>(value: &'v mut Value, found: &mut Vec<&'v mut Value>, wanted: &dyn Fn(&Value) -> bool) {
    if wanted(value) {
        found.push(value);
        return;
    }
    match value {
        Value::Object(members) => {
            for (key, member) in members {
                let is_data = matches!(key.as_str(), "example" | "examples" | "default" | "enum");
                if !is_data && !key.starts_with("x-") {
                    walk(member, found, wanted);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| walk(item, found, wanted)),
        _ => {}
    }
}

/// Says something in vain at one of the places where that is possible.
fn say_in_vain(document: &mut Value, what: usize, place: &Index) {
    let is_schema = |value: &Value, typ: &str| value["type"] == typ && value.get("in").is_none();
    let wanted: &dyn Fn(&Value) -> bool = match what {
        0 => &|value| value["$ref"].is_string(),
        1 => &|value| value["operationId"].is_string(),
        2 | 3 => &|value| {
            is_schema(value, "string") && value["enum"].is_array() && value["nullable"] != true
        },
        4 => &|value| is_schema(value, "integer") && value.get("default").is_none(),
        5 => &|value| is_schema(value, "integer"),
        _ => &|value| is_schema(value, "object") && value["required"].is_array(),
    };
    let mut places = Vec::new();
    walk(document, &mut places, wanted);
    let at = place.index(places.len());
    let place = &mut *places[at];
    match what {
        0 => place["description"] = "In vain.".into(),
        1 => {
            let accept =
                json!({ "name": "Accept", "in": "header", "schema": { "type": "string" } });
            match place["parameters"].as_array_mut() {
                Some(parameters) => parameters.push(accept),
                None => place["parameters"] = json!([accept]),
            }
        }
        2 => {
            let values = place["enum"].as_array_mut().unwrap();
            values.push(values[0].clone());
        }
        3 => place["enum"].as_array_mut().unwrap().insert(0, Value::Null),
        4 => place["default"] = "many".into(),
        5 => place["minLength"] = 1.into(),
        _ => place["required"]
            .as_array_mut()
            .unwrap()
            .push("x_y_z_0".into()),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// What a document says in vain is taken out again, and nothing else.
    #[test]
    fn a_fix_takes_out_what_is_in_vain_and_nothing_else(
        added in prop::collection::vec((0usize..7, any::<Index>()), 1..12),
    ) {
        let original: Value = serde_yaml::from_str(MADE_UP).unwrap();
        let mut document = original.clone();
        for (what, place) in &added {
            say_in_vain(&mut document, *what, place);
        }
        let text = serde_json::to_string_pretty(&document).unwrap();
        prop_assert!(check("made-up.json", &text).has_errors());
        let fixed = fix("made-up.json", text);
        prop_assert!(!fixed.findings.has_errors(), "{}", fixed.findings);
        let left: Value = serde_json::from_str(&fixed.text).unwrap();
        prop_assert_eq!(left, original);
    }
}

/// Schemas that list the next one twice have 2^60 ways to the last one.
#[test]
fn what_is_listed_twice_is_looked_at_once() {
    for keyword in ["allOf", "oneOf"] {
        let mut document: Value = serde_yaml::from_str(SHIPPED).unwrap();
        let schemas = &mut document["components"]["schemas"];
        for number in 0..60 {
            let next = json!({ "$ref": format!("#/components/schemas/C{}", number + 1) });
            schemas[format!("C{number}")] = json!({ keyword: [next.clone(), next] });
        }
        schemas["C60"] = json!({ "type": "object", "properties": { "a": { "type": "string" } } });
        let response = &mut document["paths"]["/products"]["get"]["responses"]["200"];
        response["content"]["application/json"] =
            json!({ "schema": { "$ref": "#/components/schemas/C0" } });
        let document = Document::parse("twice.json", document.to_string()).unwrap();
        // Two alternatives that are one cannot be told apart.
        let is_refused = keyword == "oneOf";
        let found = lint(&document);
        assert_eq!(found.has_errors(), is_refused, "{keyword}: {found}");
        assert_eq!(surface(&document).is_err(), is_refused, "{keyword}");
    }
}

/// Findings past the first 1,000 are counted, and not rendered.
#[test]
fn no_more_findings_are_shown_than_somebody_reads() {
    let mut document: Value = serde_yaml::from_str(SHIPPED).unwrap();
    let properties = (0..3000).map(|number| {
        let property = json!({ "type": "string", "minLength": -1 });
        (format!("p{number}"), property)
    });
    let properties: serde_json::Map<_, _> = properties.collect();
    document["components"]["schemas"]["Product"]["properties"] = properties.into();
    let found = check("many.json", &document.to_string());
    assert!(found.len() > 2999, "{}", found.len());
    let shown = found.to_string();
    assert_eq!(shown.matches("error[").count(), 1000);
    let last = shown.lines().last().unwrap();
    assert!(
        last.contains("errors") && last.ends_with("of them are not shown here"),
        "{last}"
    );
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
    let api = document.api().unwrap();
    assert_eq!(api.operations().count(), 9);
    for (path, method, operation) in api.operations() {
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
    assert_eq!(document.api().unwrap().info.title, "👍");
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
fn columns_count_the_characters_of_a_long_line() {
    for length in 0..3000 {
        let title = "数é a".repeat(length / 4) + &"ü".repeat(length % 4);
        let text =
            format!(r#"{{ "openapi": "3.0.3", "info": {{ "title": "{title}" }}, "foo": 1 }}"#);
        let found = check("a.json", &text);
        let finding = found.iter().find(|finding| finding.pointer == "/foo");
        let finding = finding.expect("it is unknown");
        let before = text[..finding.span.start].chars().count();
        assert!(before > length);
        assert_eq!(finding.location.column, before + 1, "{found}");
    }
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
            let before = text[..finding.span.start].rsplit('\n').next();
            let column = before.unwrap_or_default().chars().count() + 1;
            prop_assert_eq!(finding.location.column, column, "{:?}", finding);
            prop_assert!(rules().any(|rule| rule.name == finding.rule), "{finding:?}");
            prop_assert!(!finding.message.is_empty() && !finding.help.is_empty());
        }
        prop_assert_eq!(found.is_empty(), found.to_string().is_empty());
    }
}

#[test]
fn a_finding_in_a_long_line_shows_what_is_near() {
    let before = "ü".repeat(3000);
    let text = format!(
        r#"{{"openapi":"3.0.3","info":{{"title":"Shop","version":"1","description":"{before}","x-foo":1}},"paths":{{}}}}"#
    );
    let found = check("a.json", &text);
    let mut all = found.iter();
    let finding = all.find(|f| f.rule == "unknown-extension").unwrap();
    let (before, _) = text.split_once(r#""x-foo""#).unwrap();
    let column = before.chars().count() + 1;
    assert_eq!(finding.location.column, column);
    let shown = found.to_string();
    assert!(
        shown.contains(&format!(" --> a.json:1:{column}\n")),
        "{shown}"
    );
    assert!(shown.contains(r#"ü","x-foo":1}"#), "{shown}");
}

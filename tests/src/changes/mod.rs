//! Every case in `tests/cases/changes/cases.yaml` is an edit of `base.yaml` there;
//! `cases.txt` has what is said about it. `UPDATE_EXPECT=1` writes it anew.

mod judge;
mod output;
mod readme;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use serde::Deserialize;
use serde_yaml::Value;
use telesto_gen::{Bump, Diff, Document, Release, SurfaceItem, Verdict, change_rules, surface};

const BASE: &str = include_str!("../../cases/changes/base.yaml");
const MADE_UP: &str = include_str!("../../fixture-api/generated/made-up.yaml");

#[derive(Deserialize)]
struct Case {
    rule: String,
    name: Option<String>,
    patch: Vec<Value>,
    #[serde(default)]
    then: Vec<Value>,
}

impl Case {
    /// Such as `format, of a number`.
    fn title(&self) -> String {
        let name = self.name.iter().map(|name| format!(", {name}"));
        self.rule.clone() + &name.collect::<String>()
    }
}

fn cases() -> Vec<Case> {
    let text = include_str!("../../cases/changes/cases.yaml");
    serde_yaml::from_str(text).unwrap()
}

/// Merges a patch into a value: `null` removes.
fn merge(value: &mut Value, patch: &Value) {
    let (Value::Mapping(value), Value::Mapping(patch)) = (&mut *value, patch) else {
        value.clone_from(patch);
        return;
    };
    for (key, patch) in patch {
        if patch.is_null() {
            value.shift_remove(key);
        } else if let Some(known) = value.get_mut(key) {
            merge(known, patch);
        } else {
            value.insert(key.clone(), patch.clone());
        }
    }
}

/// The base, and what a case makes of it, written in the same way.
fn sides(case: &Case) -> (Document, Document) {
    let mut base = base();
    let mut new = base.clone();
    case.patch.iter().for_each(|patch| merge(&mut new, patch));
    if !case.then.is_empty() {
        base = new.clone();
        case.then.iter().for_each(|patch| merge(&mut new, patch));
    }
    (document("base.yaml", &base), document("new.yaml", &new))
}

fn base() -> Value {
    serde_yaml::from_str(BASE).unwrap()
}

/// The base with a patch.
fn edited(patch: &str) -> Value {
    let mut new = base();
    merge(&mut new, &serde_yaml::from_str(patch).unwrap());
    new
}

fn document(name: &str, value: &Value) -> Document {
    Document::parse(name, serde_yaml::to_string(value).unwrap()).unwrap()
}

#[test]
fn every_rule_has_a_case_and_finds_it() {
    let mut shown = String::new();
    let mut found = BTreeSet::new();
    for case in cases() {
        let (base, new) = sides(&case);
        let diff = Diff::of(&base, &new);
        let rules: BTreeSet<&str> = diff.changes().iter().map(|c| c.finding.rule).collect();
        assert!(
            rules.contains(case.rule.as_str()),
            "{}: {rules:?}",
            case.rule
        );
        found.insert(case.rule.clone());
        let _ = write!(shown, "## {}\n\n{}\n\n", case.title(), diff.render(false));
    }
    let mut known: BTreeSet<String> = change_rules().iter().map(|r| r.name.to_owned()).collect();
    // What no rule finds.
    known.insert("client".to_owned());
    assert_eq!(found, known, "each rule has a case");

    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let expected = folder.join("cases/changes/cases.txt");
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(&expected, &shown).unwrap();
    }
    let expected = std::fs::read_to_string(&expected).unwrap_or_default();
    assert_eq!(shown, expected);
}

#[test]
fn a_document_does_not_differ_from_itself() {
    for text in [BASE, MADE_UP, include_str!("../../../spec/telesto.yaml")] {
        let document = || Document::parse("a.yaml", text.to_owned()).unwrap();
        let diff = Diff::of(&document(), &document());
        assert_eq!(diff.changes(), []);
        assert_eq!((diff.verdict(), diff.render(false)), (None, String::new()));
    }
}

/// A document that is written otherwise is not another one.
#[test]
fn what_means_the_same_is_no_change() {
    for patch in [
        // A parameter, a body and a response become components.
        r##"paths: { /things: { get: { parameters: [{ $ref: "#/components/parameters/color" }, { name: sizes, in: query, schema: { type: array, items: { type: integer } } }] } } }
components: { parameters: { color: { name: color, in: query, schema: { type: string } } } }"##,
        r##"paths: { "/things/{thing_id}": { put: { requestBody: { content: null, $ref: "#/components/requestBodies/thing" } } } }
components: { requestBodies: { thing: { content: { application/json: { schema: { $ref: "#/components/schemas/NewThing" } } } } } }"##,
        r##"paths: { /things: { post: { responses: { "201": { description: null, $ref: "#/components/responses/there" } } } } }
components: { responses: { there: { description: It is there. } } }"##,
        // A shared parameter becomes one of each operation.
        r##"paths: { "/things/{thing_id}": { parameters: null, put: { parameters: [{ name: thing_id, in: path, required: true, schema: { type: string } }] }, delete: { parameters: [{ name: thing_id, in: path, required: true, schema: { type: string } }] } } }"##,
        // The case of a header, and what is so by default.
        r##"paths: { "/things/{thing_id}": { delete: { parameters: [{ name: X-Shop, in: header, schema: { type: string } }] } } }
---
paths: { "/things/{thing_id}": { delete: { parameters: [{ name: x-shop, in: header, style: simple, explode: false, schema: { type: string } }] } } }"##,
        // Whatever else there is.
        r##"components: { schemas: { NewThing: { additionalProperties: true } } }
---
components: { schemas: { NewThing: { additionalProperties: {} } } }"##,
        // Nobody uses it.
        "components: { schemas: { Alone: { type: string } }, responses: { alone: { description: It. } } }",
        // What is so by default.
        "paths: { /things: { get: { deprecated: false } } }\ncomponents: { schemas: { Thing: { properties: { name: { nullable: false } }, additionalProperties: false } } }",
    ] {
        // Of two, the first one is a part of the base.
        let (base, new) = match patch.split_once("---") {
            Some((before, after)) => (edited(before), edited(after)),
            None => (base(), edited(patch)),
        };
        assert_ne!(base, new, "{patch}");
        let diff = Diff::of(&document("base.yaml", &base), &document("new.yaml", &new));
        assert_eq!(diff.changes(), [], "{patch}\n{}", diff.render(false));
        assert_eq!(diff.without_clients(), None, "{patch}");
    }
}

/// No request has it.
#[test]
fn a_fragment_of_a_path_is_no_change() {
    let mut new = base();
    let paths = new["paths"].as_mapping_mut().unwrap();
    let things = paths.remove("/things").unwrap();
    paths.insert("/things#all".into(), things);
    let diff = Diff::of(&document("base.yaml", &base()), &document("new.yaml", &new));
    assert_eq!(diff.changes(), [], "{}", diff.render(false));
    assert_eq!(diff.without_clients(), None);
}

#[test]
fn what_operations_share_is_one_change() {
    let patch = r#"paths: { "/things/{thing_id}": { parameters: [{ name: thing_id, in: path, required: true, description: Which one., schema: { type: string } }] } }"#;
    let (base, new) = (base(), edited(patch));
    let diff = Diff::of_documents(&document("base.yaml", &base), &document("new.yaml", &new));
    let [change] = diff.changes() else {
        panic!("{}", diff.render(false));
    };
    let operations: Vec<String> = change.operations.iter().map(ToString::to_string).collect();
    let both = [
        "PUT /things/{thing_id} (replace_thing)",
        "DELETE /things/{thing_id} (delete_thing)",
    ];
    assert_eq!(operations, both);
}

/// What one direction finds, the other does: as much, and where it was.
#[test]
fn both_directions_find_each_case() {
    for case in cases() {
        let (base, new) = sides(&case);
        let (there, back) = (Diff::of(&base, &new), Diff::of(&new, &base));
        assert!(!back.changes().is_empty(), "{}", case.rule);
        assert_eq!(there.changes().len(), back.changes().len(), "{}", case.rule);
    }
}

#[test]
fn a_verdict_says_which_part_of_a_version_is_raised() {
    use Verdict::{Additive, Breaking, Docs};
    assert_eq!(
        [Docs, Additive, Breaking].map(|v| Bump::of(v, true)),
        [Bump::Patch, Bump::Patch, Bump::Minor]
    );
    assert_eq!(
        [Docs, Additive, Breaking].map(|v| Bump::of(v, false)),
        [Bump::Patch, Bump::Minor, Bump::Major]
    );
    for (version, verdict, shown) in [
        ("0.1.3", Breaking, "a minor release, 0.1.3 -> 0.2.0"),
        ("0.1.3", Additive, "a patch release, 0.1.3 -> 0.1.4"),
        ("1.2.3", Breaking, "a major release, 1.2.3 -> 2.0.0"),
        ("1.2.3", Additive, "a minor release, 1.2.3 -> 1.3.0"),
        ("1.2.3", Docs, "a patch release, 1.2.3 -> 1.2.4"),
    ] {
        let release = Release::after(version, verdict).unwrap();
        assert_eq!(release.to_string(), shown);
    }
    assert_eq!(Release::after("1.2", Docs), None);
}

/// Whether code that uses one item may not compile with the other, or not do the same.
pub(crate) fn breaks(base: &SurfaceItem, new: &SurfaceItem) -> bool {
    // What takes an `Option` takes its value as well.
    let optional = |signature: &str| {
        let (before, taken) = signature.split_once("Argument<")?;
        let (taken, after) = taken.rsplit_once(">)")?;
        Some(format!("{before}Argument<Option<{taken}>>){after}"))
    };
    let same = base.signature == new.signature
        || optional(&base.signature).is_some_and(|wider| wider == new.signature);
    base.kind != new.kind || base.wire_name != new.wire_name || !same
}

/// Whatever is no longer there, or changes, is said to break code; and nothing is said
/// of what is not there.
#[test]
fn each_change_of_the_client_is_an_effect() {
    let mut broken = 0;
    for case in cases() {
        let (base, new) = sides(&case);
        let diff = Diff::of(&base, &new);
        let Some((one, other)) = surface(&base).ok().zip(surface(&new).ok()) else {
            assert!(diff.without_clients().is_some(), "{}", case.rule);
            continue;
        };
        let effects: Vec<_> = diff.changes().iter().flat_map(|c| &c.effects).collect();
        let breaking = effects.iter().any(|e| e.verdict == Verdict::Breaking);
        let is_lost = |(path, item): (&str, &SurfaceItem)| match other.get(path) {
            Some(other) => breaks(item, other),
            None => true,
        };
        assert_eq!(one.iter().any(is_lost), breaking, "{}", case.rule);
        broken += usize::from(breaking);
        let added = other.iter().any(|(path, _)| one.get(path).is_none());
        assert!(!added || !effects.is_empty(), "{}", case.rule);
        for effect in effects {
            let found = other.get(&effect.item).or(one.get(&effect.item));
            assert!(found.is_some(), "{}: {}", case.rule, effect.item);
        }
    }
    assert!(broken > 20, "{broken}");
}

/// The client is generated for both sides of each case, and its items compared:
/// the rules alone say of whatever breaks code that it does. Only whether a type has a
/// `Default` is not theirs to know.
#[test]
fn the_rules_find_whatever_breaks_code() {
    let (mut broken, mut refused) = (0, Vec::new());
    for case in cases() {
        let (base, new) = sides(&case);
        let verdict = Diff::of_documents(&base, &new).verdict();
        let base = surface(&base).unwrap();
        // The lint refuses some on their own.
        let Ok(new) = surface(&new) else {
            refused.push(case.rule);
            continue;
        };
        if case.rule == "client" {
            continue;
        }
        let gone = base.iter().find(|(path, item)| match new.get(path) {
            Some(new) => breaks(item, new),
            None => !path.ends_with(": Default"),
        });
        if let Some((path, item)) = gone {
            broken += 1;
            let found = new.get(path);
            assert_eq!(
                verdict,
                Some(Verdict::Breaking),
                "{}: {path} {item:?} {found:?}",
                case.rule
            );
        }
    }
    assert!(broken > 20 && refused.len() < 5, "{broken}, {refused:?}");
}

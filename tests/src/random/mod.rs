//! Documents that nobody wrote: random operations and schemas, with random values
//! as Telesto writes them. The client that is generated from them compiles
//! without a warning, reads all of each response, and sends what the schema asks
//! for. What was found is in `tests/cases/clients/found.yaml`.
//!
//! `TELESTO_RANDOM_SEED=7` starts with another seed than the one of CI, and
//! `TELESTO_RANDOM_MINUTES=60` goes on with the next ones for as long.

mod additions;
mod dice;
mod document;
mod edits;
mod notation;
mod program;
mod schema;
mod value;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::Value;
use telesto_gen::{Diff, Document, Findings, ItemKind, Severity, Surface, SurfaceItem, Verdict};

use self::dice::Dice;
use self::document::{Group, document};
use crate::changes::breaks;

/// How many operations a document has.
const OPERATIONS: usize = 150;

/// How many additions to a document are tried.
const ADDITIONS: usize = 60;

/// How many times a document is written otherwise.
const REWRITES: usize = 80;

/// How many edits of a document are tried.
const EDITS: usize = 80;

#[test]
#[ignore = "compiles a client of 150 operations, which takes about a minute"]
#[allow(clippy::print_stdout, reason = "who runs it by hand follows it")]
fn whatever_is_sent_and_received_arrives() {
    for seed in seeds() {
        let mut dice = Dice::new(seed);
        let (groups, refused) = accepted(&mut dice, OPERATIONS);
        println!(
            "seed {seed}: {} operations; refused: {refused:?}",
            groups.len()
        );
        let folder = tempfile::tempdir().unwrap();
        if let Err(reason) = program::run(folder.path(), &groups, &mut dice) {
            let kept = folder.keep();
            panic!("seed {seed}, in {}:\n{reason}", kept.display());
        }
    }
}

/// What is there keeps its name and its type, whatever else is added. Only a box
/// may come with an edit that makes a type recursive.
#[test]
#[allow(clippy::print_stdout, reason = "who runs it by hand follows it")]
fn an_addition_changes_nothing_that_exists() {
    let mut tried = 0;
    for seed in seeds() {
        let mut dice = Dice::new(seed);
        let (groups, _) = accepted(&mut dice, 10);
        let before = surface(&groups).unwrap();
        let written = document(&groups);
        check_origins(&before, &serde_json::from_str(&written).unwrap());
        for _ in 0..ADDITIONS {
            let mut more = groups.clone();
            let added = additions::add(&mut dice, &mut more);
            // What cannot come out right is refused.
            let Ok(after) = surface(&more) else { continue };
            tried += 1;
            let changed: Vec<String> = before
                .iter()
                .filter(|(path, item)| after.get(path).map(unboxed) != Some(unboxed(item)))
                .map(|(path, item)| format!("{path}: {item:?}\n  is now {:?}", after.get(path)))
                .collect();
            assert!(
                changed.is_empty(),
                "seed {seed}: {added} changes\n{}\nbefore: {}\nafter: {}",
                changed.join("\n"),
                document(&groups),
                document(&more)
            );
            check_verdicts(&before, &after, &groups, &more, &added);
        }
    }
    println!("{tried} additions");
    assert!(tried > ADDITIONS / 2, "{tried} additions were accepted");
}

/// An addition is said to be one; and what takes it away again, to break code.
fn check_verdicts(
    before: &Surface,
    after: &Surface,
    groups: &[Group],
    more: &[Group],
    added: &str,
) {
    if items(before) == items(after) {
        return;
    }
    let parse = |groups| Document::parse("random.json", document(groups)).unwrap();
    let (one, other) = (parse(groups), parse(more));
    let diff = Diff::of_documents;
    let (there, back) = (diff(&one, &other), diff(&other, &one));
    let shown = || format!("{added}:\n{}\n{}", there.render(false), back.render(false));
    assert_eq!(there.verdict(), Some(Verdict::Additive), "{}", shown());
    let lost = after.iter().any(|(path, _)| before.get(path).is_none());
    assert!(
        !lost || back.verdict() == Some(Verdict::Breaking),
        "{}",
        shown()
    );
}

/// Whatever is edited is found where it was edited, in both directions; and what breaks
/// code that uses the client is said to.
#[test]
#[allow(clippy::print_stdout, reason = "who runs it by hand follows it")]
fn an_edit_is_reported_where_it_was_made() {
    let (mut tried, mut generated, mut broken) = (0, 0, 0);
    for seed in seeds() {
        let mut dice = Dice::new(seed);
        let (groups, _) = accepted(&mut dice, 10);
        let written: Value = serde_json::from_str(&document(&groups)).unwrap();
        let text = |document: &Value| serde_json::to_string_pretty(document).unwrap();
        let base = Document::parse("base.json", text(&written)).unwrap();
        assert_eq!(Diff::of_documents(&base, &base).changes(), []);
        // In another order, nested types have other names, which may be refused.
        let Ok(before) = telesto_gen::surface(&base) else {
            continue;
        };
        for _ in 0..EDITS {
            let mut edited = written.clone();
            let edit = edits::edit(&mut dice, &mut edited);
            // What is no document is refused.
            let Ok(new) = Document::parse("new.json", text(&edited)) else {
                continue;
            };
            tried += 1;
            let (there, back) = (Diff::of(&base, &new), Diff::of_documents(&new, &base));
            let shown = || {
                let pointer = &edit.pointer;
                let (there, back) = (there.render(false), back.render(false));
                format!("seed {seed}: {}: {pointer}\n{there}\n{back}", edit.what)
            };
            assert!(
                is_reported(&edit.pointer, &there),
                "{} {}",
                shown(),
                text(&edited)
            );
            assert_eq!(subjects(&there), subjects(&back), "{}", shown());
            let Ok(after) = telesto_gen::surface(&new) else {
                assert!(there.without_clients().is_some());
                continue;
            };
            generated += 1;
            let lost = before.iter().any(|(path, item)| match after.get(path) {
                Some(after) => breaks(item, after),
                None => true,
            });
            broken += usize::from(lost);
            let is_breaking = there.verdict() == Some(Verdict::Breaking);
            assert!(!lost || is_breaking, "{}", shown());
        }
    }
    println!("{tried} edits, {generated} with a client, {broken} of them breaking");
    assert!(
        tried > EDITS / 3 && generated > 10 && broken > 3,
        "too few: choose another seed"
    );
}

/// Where a document is only written otherwise, what its client does not change breaks nothing;
/// and what breaks code that uses the client is said to, whatever was meant.
#[test]
#[allow(clippy::print_stdout, reason = "who runs it by hand follows it")]
fn notation_breaks_nothing_that_the_client_does_not_show() {
    let (mut tried, mut same) = (0, 0);
    for seed in seeds() {
        let mut dice = Dice::new(seed);
        let (groups, _) = accepted(&mut dice, 10);
        let text = |document: &Value| serde_json::to_string_pretty(document).unwrap();
        let mut written: Value = serde_json::from_str(&document(&groups)).unwrap();
        let mut base = Document::parse("base.json", text(&written)).unwrap();
        let Ok(mut before) = telesto_gen::surface(&base) else {
            continue;
        };
        for _ in 0..REWRITES {
            let mut other = written.clone();
            let Some(done) = notation::rewrite(&mut dice, &mut other) else {
                continue;
            };
            let Ok(new) = Document::parse("new.json", text(&other)) else {
                continue;
            };
            let Ok(after) = telesto_gen::surface(&new) else {
                continue;
            };
            tried += 1;
            let (there, back) = (Diff::of(&base, &new), Diff::of_documents(&new, &base));
            let rules = Diff::of_documents(&base, &new);
            let shown = || {
                format!(
                    "seed {seed}: {done}\n{}\n{}",
                    there.render(false),
                    text(&other)
                )
            };
            if items(&before) == items(&after) {
                same += 1;
                for diff in [&there, &back, &rules] {
                    assert_ne!(diff.verdict(), Some(Verdict::Breaking), "{}", shown());
                }
            }
            let lost = before
                .iter()
                .any(|(path, item)| after.get(path).is_none_or(|after| breaks(item, after)));
            let is_breaking = there.verdict() == Some(Verdict::Breaking);
            assert_eq!(lost, is_breaking, "{}", shown());
            (written, base, before) = (other, new, after);
        }
    }
    println!("{tried} rewritten, {same} with the same client");
    assert!(
        tried > REWRITES / 3 && same > REWRITES / 4,
        "{tried}, {same}"
    );
}

/// The items of a client, without their origins.
fn items(surface: &Surface) -> Vec<(String, SurfaceItem)> {
    let items = surface.iter().map(|(path, item)| {
        let mut item = item.clone();
        item.origin = None;
        (path.to_owned(), item)
    });
    items.collect()
}

/// Whether a change is at a pointer: there, in it, or in what it is a field of.
fn is_reported(pointer: &str, diff: &Diff) -> bool {
    let (mut holder, _) = pointer.rsplit_once('/').unwrap();
    // A list or a map is a field of the object that is meant.
    while let Some((outer, key)) = holder.rsplit_once('/') {
        let is_list = [
            "required",
            "enum",
            "oneOf",
            "anyOf",
            "allOf",
            "properties",
            "content",
            "tags",
        ];
        let is_number = key.parse::<u32>().is_ok();
        if !is_list.contains(&key) && !is_number {
            break;
        }
        holder = outer;
    }
    let is_in = |one: &str, other: &str| {
        one.strip_prefix(other)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let mut changes = diff.changes().iter();
    changes.any(|change| {
        let found = &change.finding.pointer;
        is_in(found, holder) || is_in(pointer, found)
    })
}

/// What the rules find, whichever of the documents has it.
fn subjects(diff: &Diff) -> Vec<&'static str> {
    let rules = diff.changes().iter().map(|change| change.finding.rule);
    let rules = rules.filter(|rule| *rule != "client");
    let mut subjects: Vec<&str> = rules
        .map(|rule| rule.trim_end_matches("-added").trim_end_matches("-removed"))
        .collect();
    subjects.sort_unstable();
    subjects
}

/// The seeds to try.
fn seeds() -> impl Iterator<Item = u64> {
    let number = |name: &str| std::env::var(name).ok()?.parse().ok();
    let first = number("TELESTO_RANDOM_SEED").unwrap_or(1);
    let minutes: Option<u64> = number("TELESTO_RANDOM_MINUTES");
    let end = Instant::now() + Duration::from_secs(60 * minutes.unwrap_or(0));
    (first..).take_while(move |seed| *seed == first || Instant::now() < end)
}

/// Each type, field and variant comes from somewhere in the document.
fn check_origins(surface: &Surface, document: &Value) {
    for (path, item) in surface.iter() {
        let of_the_document = path.starts_with("types::") && !path.starts_with("types::error::");
        let is_unknown = path.ends_with("::Unknown");
        match &item.origin {
            Some(origin) => assert!(
                document.pointer(origin).is_some(),
                "{path}: there is no {origin} in {document}"
            ),
            None => assert!(
                item.kind == ItemKind::Trait || is_unknown || !of_the_document,
                "{path} comes from nowhere in {document}"
            ),
        }
    }
}

/// An item without the boxes in its type, and without its origin: an index there
/// counts what comes before.
fn unboxed(item: &SurfaceItem) -> SurfaceItem {
    let mut item = item.clone();
    item.origin = None;
    while let Some((before, rest)) = item.signature.split_once("Box<") {
        let mut depth = 1;
        let end = rest.find(|c| {
            depth += i32::from(c == '<') - i32::from(c == '>');
            depth == 0
        });
        let (inner, after) = rest.split_at(end.unwrap());
        item.signature = format!("{before}{inner}{}", &after[1..]);
    }
    item
}

/// What the client of a document offers.
fn surface(groups: &[Group]) -> Result<Surface, Findings> {
    telesto_gen::surface(&Document::parse("random.json", document(groups)).unwrap())
}

/// Operations that the lint accepts, and how many each rule refused.
fn accepted(dice: &mut Dice, count: usize) -> (Vec<Group>, BTreeMap<&'static str, usize>) {
    let mut groups = Vec::new();
    let mut refused = BTreeMap::new();
    for _ in 0..10 * count {
        if groups.len() == count {
            break;
        }
        let group = Group::new(dice, groups.len());
        match refusal(std::slice::from_ref(&group)) {
            Some(rule) => *refused.entry(rule).or_default() += 1,
            None => groups.push(group),
        }
    }
    assert_eq!(groups.len(), count, "refused: {refused:?}");
    (groups, refused)
}

/// The rule that refuses a document.
fn refusal(groups: &[Group]) -> Option<&'static str> {
    let document = Document::parse("group.json", document(groups)).unwrap();
    let found = telesto_gen::lint(&document);
    let mut errors = found
        .iter()
        .filter(|found| found.severity == Severity::Error);
    errors.next().map(|error| error.rule)
}

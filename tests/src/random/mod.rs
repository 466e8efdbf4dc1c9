//! Documents that nobody wrote: random operations and schemas, with random values
//! as Telesto writes them. The client that is generated from them compiles
//! without a warning, reads all of each response, and sends what the schema asks
//! for. What was found is in `tests/cases/clients/found.yaml`.
//!
//! `TELESTO_RANDOM_SEED=7` starts with another seed than the one of CI, and
//! `TELESTO_RANDOM_MINUTES=60` goes on with the next ones for as long.

mod dice;
mod document;
mod program;
mod schema;
mod value;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use telesto_gen::{Document, Severity};

use self::dice::Dice;
use self::document::{Group, document};

/// How many operations a document has.
const OPERATIONS: usize = 150;

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

/// The seeds to try.
fn seeds() -> impl Iterator<Item = u64> {
    let number = |name: &str| std::env::var(name).ok()?.parse().ok();
    let first = number("TELESTO_RANDOM_SEED").unwrap_or(1);
    let minutes: Option<u64> = number("TELESTO_RANDOM_MINUTES");
    let end = Instant::now() + Duration::from_secs(60 * minutes.unwrap_or(0));
    (first..).take_while(move |seed| *seed == first || Instant::now() < end)
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

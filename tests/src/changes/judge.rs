//! An independent judge: `cargo-semver-checks` compares the clients of both sides of
//! each case, as rustdoc sees them. `tests/cases/changes/judge.md` has what it says.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use telesto_gen::{Diff, Document, ItemKind, Surface, Target, Verdict, surface};

use super::{cases, sides};
use crate::client_crate;

const VERSION: &str = "0.51.0";

/// What stands above the table.
const INTRODUCTION: &str = "\
What `cargo-semver-checks` says about the clients of each case, beside our verdict. The items that are gone are the same for
both, or a test fails. Where more breaks, the last column says why the judge does not see it:

- *types*: the type of a field, an argument or a result has changed. It does not compare them.
- *traits*: a type has lost a trait that is not derived. It looks at derived ones.
- *tuple*: a struct becomes a tuple. It does not miss the fields that had names.
- *calls*: code compiles, and its calls no longer do what they did, or fail.

And where it sees more:

- *order*: the `Unknown` of an enum has moved. It is the last variant, always; whoever compares variants with `<` may notice.
- *deprecated*: code compiles with a warning, which we call additive.

`cargo install cargo-semver-checks --version VERSION --locked`, then
`UPDATE_EXPECT=1 cargo test -p telesto-tests --lib judge -- --ignored` writes this file.
";

/// A case of which both clients can be generated.
struct Pair {
    name: String,
    documents: [Document; 2],
    surfaces: [Surface; 2],
}

fn pairs() -> Vec<Pair> {
    let pairs = cases().into_iter().filter_map(|case| {
        let (base, new) = sides(&case);
        let surfaces = [surface(&base).ok()?, surface(&new).ok()?];
        Some(Pair {
            name: case.title(),
            documents: [base, new],
            surfaces,
        })
    });
    pairs.collect()
}

/// What the judge says of one case: items that are gone, and lints of another kind.
#[derive(Default)]
struct Opinion {
    gone: BTreeSet<String>,
    more: BTreeSet<String>,
}

fn is_tuple(surface: &Surface, holder: &str) -> bool {
    surface.get(&format!("{holder}::0")).is_some()
}

/// The items that are gone, as the judge names them.
fn gone([base, new]: &[Surface; 2]) -> BTreeSet<String> {
    let is_gone = |path: &str| new.get(path).is_none();
    let gone = base.iter().filter(|(path, item)| {
        let holder = path.rsplit_once("::").map_or("", |(holder, _)| holder);
        let follows = base.get(holder).is_some() && is_gone(holder);
        let is_compared = item.kind != ItemKind::Field || !is_tuple(new, holder);
        item.kind != ItemKind::Trait && is_gone(path) && !follows && is_compared
    });
    let named = gone.map(|(path, item)| match item.kind {
        ItemKind::Struct | ItemKind::Enum => path.to_owned(),
        _ => {
            let (holder, name) = path.rsplit_once("::").unwrap();
            let ty = holder.rsplit("::").next().unwrap();
            format!("{ty}::{}", name.trim_end_matches("()"))
        }
    });
    named.collect()
}

/// What breaks besides items that are gone, or what the judge sees besides.
fn why(pair: &Pair, verdict: Option<Verdict>, opinion: &Opinion) -> String {
    let [one, other] = &pair.surfaces;
    let diff = Diff::of(&pair.documents[0], &pair.documents[1]);
    let effects = diff.changes().iter().flat_map(|change| &change.effects);
    let breaking: Vec<_> = effects
        .filter(|effect| effect.verdict == Verdict::Breaking)
        .collect();
    let mut reasons = BTreeSet::new();
    for effect in &breaking {
        let in_both = one.get(&effect.item).zip(other.get(&effect.item));
        let holder = effect
            .item
            .rsplit_once("::")
            .map_or("", |(holder, _)| holder);
        match effect.item.contains(": ") {
            true => reasons.insert("traits"),
            // Of one type, with another name on the wire.
            false if in_both.is_some_and(|(one, other)| one.signature == other.signature) => {
                reasons.insert("calls")
            }
            false if in_both.is_some() => reasons.insert("types"),
            false => is_tuple(other, holder) && reasons.insert("tuple"),
        };
    }
    if verdict == Some(Verdict::Breaking) && breaking.is_empty() {
        reasons.insert("calls");
    }
    for lint in &opinion.more {
        let reason = match lint.as_str() {
            "partial_ord_enum_variants_reordered" => "order",
            lint if lint.contains("deprecated") => "deprecated",
            lint => panic!(
                "{}: the judge says {lint}: explain it, or fix it",
                pair.name
            ),
        };
        reasons.insert(reason);
    }
    reasons.into_iter().collect::<Vec<_>>().join(", ")
}

fn table(pairs: &[Pair], opinions: &BTreeMap<String, Opinion>) -> String {
    let mut table = format!("# The judge\n\n{INTRODUCTION}\n").replace("VERSION", VERSION);
    table
        .push_str("| Change | Our verdict | Gone, as both say | The judge, too | What differs |\n");
    table.push_str("|---|---|---|---|---|\n");
    let quoted = |names: &BTreeSet<String>| {
        let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
        names.join(", ")
    };
    for pair in pairs {
        let opinion = opinions.get(&pair.name);
        let opinion = opinion.unwrap_or_else(|| panic!("ask the judge about {}", pair.name));
        assert_eq!(gone(&pair.surfaces), opinion.gone, "{}", pair.name);
        let verdict = Diff::of(&pair.documents[0], &pair.documents[1]).verdict();
        let _ = writeln!(
            table,
            "| {} | {} | {} | {} | {} |",
            pair.name,
            verdict.unwrap(),
            quoted(&opinion.gone),
            quoted(&opinion.more),
            why(pair, verdict, opinion)
        );
    }
    table
}

fn file() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("cases/changes/judge.md")
}

/// The opinions in the table.
fn known() -> BTreeMap<String, Opinion> {
    let text = fs::read_to_string(file()).unwrap();
    let rows = text.lines().filter(|line| line.starts_with("| "));
    let quoted = |cell: &str| {
        let names = cell.split('`').skip(1).step_by(2);
        names.map(str::to_owned).collect()
    };
    let opinions = rows.map(|row| {
        let cells: Vec<&str> = row.split(" | ").collect();
        let opinion = Opinion {
            gone: quoted(cells[2]),
            more: quoted(cells[3]),
        };
        (cells[0].trim_start_matches("| ").to_owned(), opinion)
    });
    opinions.collect()
}

#[test]
fn the_judge_was_asked_about_each_case() {
    let pairs = pairs();
    assert!(pairs.len() >= 60, "{}", pairs.len());
    let text = fs::read_to_string(file()).unwrap();
    assert_eq!(text, table(&pairs, &known()));
}

#[test]
#[ignore = "takes cargo-semver-checks and two minutes"]
fn the_judge_says_the_same() {
    let pairs = pairs();
    let opinions = ask(&pairs);
    let text = table(&pairs, &opinions);
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        fs::write(file(), &text).unwrap();
    }
    assert_eq!(fs::read_to_string(file()).unwrap(), text);
}

/// Compares two crates with a module for each case.
fn ask(pairs: &[Pair]) -> BTreeMap<String, Opinion> {
    let install = format!("cargo install cargo-semver-checks --version {VERSION} --locked");
    let judge = || Command::new("cargo-semver-checks");
    let version = judge().args(["semver-checks", "--version"]).output();
    let version = version.unwrap_or_else(|_| panic!("run `{install}`")).stdout;
    let version = String::from_utf8(version).unwrap();
    assert!(version.contains(VERSION), "{version}: run `{install}`");

    let folder = tempfile::tempdir().unwrap();
    for (index, side) in ["base", "new"].into_iter().enumerate() {
        let folder = folder.path().join(side);
        fs::create_dir(&folder).unwrap();
        write(&folder, pairs.iter().map(|pair| &pair.documents[index]));
    }
    let output = judge()
        .args(["semver-checks", "check-release", "--release-type", "patch"])
        .args(["--color", "never", "--only-explicit-features"])
        .arg("--manifest-path")
        .arg(folder.path().join("new/client/Cargo.toml"))
        .arg("--baseline-root")
        .arg(folder.path().join("base/client"))
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(errors.contains("Checked ["), "{errors}\n{said}");

    let names = pairs
        .iter()
        .map(|pair| (pair.name.clone(), Opinion::default()));
    let mut opinions: BTreeMap<String, Opinion> = names.collect();
    let mut lint = "";
    for line in said.lines() {
        if let Some(rest) = line.strip_prefix("--- ") {
            let (_, rest) = rest.split_once(' ').unwrap();
            lint = rest.split(':').next().unwrap();
        }
        let Some((_, number)) = line.split_once("/cases/case_") else {
            continue;
        };
        let number = number.split('.').next().unwrap();
        let pair = &pairs[number.parse::<usize>().unwrap()];
        let opinion = opinions.get_mut(&pair.name).unwrap();
        match lint.ends_with("_missing") {
            true => opinion.gone.insert(item(line, number)),
            false => opinion.more.insert(lint.to_owned()),
        };
    }
    opinions
}

/// The item of a line such as `field name of struct Thing, previously in …`.
fn item(line: &str, number: &str) -> String {
    let (item, _) = line.trim().split_once(", previously in").unwrap();
    let item = item.replace(&format!("any_api::cases::case_{number}::"), "");
    if let Some((field, ty)) = item.split_once(" of struct ") {
        return format!("{ty}::{}", field.trim_start_matches("field "));
    }
    item.rsplit(' ').next().unwrap().to_owned()
}

/// Writes a crate with a module for the client of each document.
fn write<'d>(folder: &Path, documents: impl Iterator<Item = &'d Document>) {
    client_crate::library(folder, &folder.join("client"));
    let source = folder.join("client/src");
    fs::create_dir(source.join("cases")).unwrap();
    let mut root = String::new();
    for (index, document) in documents.enumerate() {
        let generated = telesto_gen::generate(document, &Target::new("any_api", "")).unwrap();
        let mut files = generated.files.into_iter();
        let client = files.find(|file| file.path.ends_with("client.rs")).unwrap();
        let path = source.join(format!("cases/case_{index}.rs"));
        fs::write(path, client.text).unwrap();
        let _ = writeln!(root, "pub mod case_{index};");
    }
    fs::write(source.join("cases/mod.rs"), root).unwrap();
    let library = fs::read_to_string(source.join("lib.rs")).unwrap();
    fs::write(source.join("lib.rs"), library + "\npub mod cases;\n").unwrap();
}

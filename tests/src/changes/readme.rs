//! What `spec/README.md` shows of changes is what is said about them.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use telesto_gen::{Diff, Release};

use super::{base, cases, document, edited, sides};

/// The edit that it explains.
const EDIT: &str = "
paths: { /things: { get: { operationId: all_things } } }
components: { schemas: { Thing: { properties: { color: { type: string } } } } }
";

fn edit() -> Diff {
    let path = "spec/telesto.yaml";
    Diff::of(&document(path, &base()), &document(path, &edited(EDIT)))
}

fn text() -> String {
    let diff = edit();
    let verdict = diff.verdict().unwrap();
    let release = Release::after("0.1.0", verdict).unwrap();
    format!(
        "```text\n{}\nThe worst change is {verdict}: {release}\n\nFor the changelog:\n\n{}```\n",
        diff.render(false),
        diff.changelog()
    )
}

/// As a quotation.
fn comment() -> String {
    let comment = edit().to_markdown("0.1.0");
    let lines = comment
        .lines()
        .map(|line| format!("> {line}").trim_end().to_owned() + "\n");
    lines.collect()
}

fn table() -> String {
    let mut table = "| Change | Verdict | Client |\n|---|---|---|\n".to_owned();
    for case in cases() {
        let (base, new) = sides(&case);
        let diff = Diff::of(&base, &new);
        let mut changes = diff.changes().iter();
        let change = changes.find(|change| change.finding.rule == case.rule);
        let message = &change.unwrap().finding.message;
        let effects = diff.changes().iter().flat_map(|change| &change.effects);
        let mut effects: Vec<&str> = effects.map(|effect| effect.message.as_str()).collect();
        let more = format!("and {} more", effects.len().saturating_sub(3));
        if effects.len() > 3 {
            effects.truncate(3);
            effects.push(&more);
        }
        let verdict = diff.verdict().unwrap();
        let _ = writeln!(table, "| {message} | {verdict} | {} |", effects.join("; "));
    }
    table
}

#[test]
fn the_readme_of_the_spec_shows_what_is_said() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../spec/README.md");
    let readme = fs::read_to_string(&path).unwrap();
    let mut expected = readme.clone();
    for (name, part) in [("text", text()), ("comment", comment()), ("table", table())] {
        let start = format!("<!-- generated: {name} -->\n");
        let (before, after) = expected.split_once(&start).unwrap();
        let (_, after) = after.split_once("<!-- end -->").unwrap();
        expected = format!("{before}{start}{part}<!-- end -->{after}");
    }
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        fs::write(&path, &expected).unwrap();
    }
    let readme = fs::read_to_string(&path).unwrap();
    assert_eq!(
        readme, expected,
        "run `UPDATE_EXPECT=1 cargo test -p telesto-tests changes`"
    );
}

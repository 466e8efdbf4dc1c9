//! What has changed, in each of the formats.

use serde::Deserialize;
use serde_json::{Value, json};
use telesto_gen::{Diff, Document};

use super::{BASE, cases, sides};

/// The form that `spec/README.md` documents: nothing more, and nothing less.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Output {
    version: u32,
    base: String,
    new: String,
    verdict: Option<String>,
    release: Option<ReleaseOutput>,
    clients_compared: bool,
    reason: Option<String>,
    changes: Vec<ChangeOutput>,
    changelog: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReleaseOutput {
    bump: String,
    from: String,
    to: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ChangeOutput {
    verdict: String,
    by_rule: Option<String>,
    rule: String,
    message: String,
    why: String,
    side: String,
    file: String,
    line: usize,
    column: usize,
    pointer: String,
    operations: Vec<OperationOutput>,
    effects: Vec<EffectOutput>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OperationOutput {
    method: String,
    path: String,
    operation_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EffectOutput {
    verdict: String,
    item: String,
    message: String,
}

#[test]
fn json_has_the_documented_form() {
    for case in cases() {
        let (base, new) = sides(&case);
        let diff = Diff::of(&base, &new);
        let text = diff.to_json("0.1.0");
        assert!(!text.contains('\n'));
        let output: Output = serde_json::from_str(&text).unwrap();
        assert_eq!(
            (output.version, &*output.base, &*output.new),
            (1, "base.yaml", "new.yaml")
        );
        assert_eq!(
            output.verdict,
            diff.verdict().map(|verdict| verdict.to_string())
        );
        let release = output.release.unwrap();
        assert_eq!(release.from, "0.1.0");
        assert!(["patch", "minor"].contains(&&*release.bump) && release.to.starts_with("0."));
        assert_eq!(output.clients_compared, output.reason.is_none());
        assert_eq!(output.changelog, diff.changelog());
        assert_eq!(output.changes.len(), diff.changes().len());
        for (shown, change) in output.changes.iter().zip(diff.changes()) {
            let text = match &*shown.side {
                "base" => base.text(),
                "new" => new.text(),
                other => panic!("{other}"),
            };
            assert_eq!(shown.file, format!("{}.yaml", shown.side));
            let line = text.lines().nth(shown.line - 1).unwrap();
            assert!(shown.column <= line.chars().count(), "{}", shown.message);
            assert_eq!(shown.verdict, change.verdict.to_string());
            assert_eq!(shown.by_rule.is_none(), shown.rule == "client");
            assert_eq!(shown.message, change.finding.message);
            assert!(!shown.why.is_empty() && shown.pointer.starts_with('/'));
            assert!(shown.operations.iter().all(|operation| {
                operation.path.starts_with('/')
                    && operation.method == operation.method.to_uppercase()
                    && operation.operation_id.is_some()
            }));
            assert!(shown.effects.iter().all(|effect| {
                !effect.item.is_empty()
                    && !effect.message.is_empty()
                    && ["breaking", "additive"].contains(&&*effect.verdict)
            }));
        }
    }
    let same = Document::parse("a.yaml", BASE.to_owned()).unwrap();
    let output: Value = serde_json::from_str(&Diff::of(&same, &same).to_json("0.1.0")).unwrap();
    assert_eq!(output["changes"], json!([]));
    assert_eq!(
        (&output["verdict"], &output["release"]),
        (&Value::Null, &Value::Null)
    );
}

/// The base, and with an operation for each path.
fn with_operations(paths: &[String]) -> (Document, Document) {
    let base: Value = serde_yaml::from_str(BASE).unwrap();
    let mut new = base.clone();
    for (index, path) in paths.iter().enumerate() {
        new["paths"][path]["get"] = json!({
            "operationId": format!("operation_{index}"),
            "responses": {"204": {"description": "Done."}},
        });
    }
    let document = |name, value: &Value| {
        let text = serde_json::to_string_pretty(value).unwrap();
        Document::parse(name, text).unwrap()
    };
    (document("base.yaml", &base), document("new.yaml", &new))
}

/// A text without what is in a pair of tags.
fn without(tag: &str, text: &str) -> String {
    let [start, end] = [format!("<{tag}>"), format!("</{tag}>")];
    let mut parts = text.split(&start);
    let first = parts.next().unwrap().to_owned();
    parts.fold(first, |out, part| out + part.split_once(&end).unwrap().1)
}

#[test]
fn a_comment_says_what_did_not_fit_into_it() {
    for count in [100, 1000] {
        let paths: Vec<String> = (0..count)
            .map(|index| format!("/made/up/{index}"))
            .collect();
        let (base, new) = with_operations(&paths);
        let comment = Diff::of_documents(&base, &new).to_markdown("0.1.0");
        assert!(comment.len() <= 60_000, "{}", comment.len());
        let shown = comment.matches("<details><summary>the operation").count();
        let left = format!("\n{} more did not fit into a comment", count - shown);
        assert_eq!(shown < count, comment.contains(&left), "{shown} of {count}");
        let changelog = match count {
            100 => "<summary>For the changelog</summary>",
            _ => "The entry for the changelog is too long for a comment.",
        };
        assert!(comment.contains(changelog), "{count}");
        assert_eq!(
            comment.matches("<details>").count(),
            comment.matches("</details>").count()
        );
    }
}

/// Whoever opens a pull request writes the document.
#[test]
fn a_comment_shows_what_a_document_says_as_text() {
    let evil = "/a`b` <img src=x> @everyone ![](https://evil.invalid) </details>\n\n# c & \"d\" \
                #1 owner/repo#1 group/project!2 GH-3 www.evil.invalid 0123abc";
    let (base, new) = with_operations(&[evil.to_owned()]);
    for diff in [Diff::of_documents(&base, &new), Diff::of(&base, &new)] {
        let comment = diff.to_markdown("0.1.0");
        for part in ["<img", "\n# c", "</details>\n\n#", "\n\n!"] {
            assert!(!comment.contains(part), "{part:?} in {comment}");
        }
        // Code notifies nobody, and is no link.
        let text = without("pre", &without("code", &comment));
        for link in [
            "@everyone",
            "#1",
            "!2",
            "GH-3",
            "://evil",
            "www.evil",
            "0123abc",
        ] {
            assert!(comment.contains(link), "no {link:?} in {comment}");
            assert!(!text.contains(link), "{link:?} in {text}");
        }
        assert!(comment.contains("&lt;img src=x&gt;"), "{comment}");
        // Within an element of HTML, an empty line would start Markdown again.
        for element in comment.split("<details>").skip(1) {
            let element = element.split("</details>").next().unwrap();
            assert!(!element.contains("\n\n"), "{element}");
        }
    }
}

#[test]
fn a_comment_has_what_breaks_first() {
    let case = cases()
        .into_iter()
        .find(|case| case.title() == "property-required, no longer");
    let (base, new) = sides(&case.unwrap());
    let comment = Diff::of(&base, &new).to_markdown("0.1.0");
    let expected = "\
**What this edit of the spec means: 1 breaking.** It asks for a minor release, 0.1.0 -> 0.2.0.

Changes of the client: 1 breaking, 1 additive.

### Breaking

<details><summary>the property <code>NewThing.name</code> is optional</summary>
<p><code>new.yaml:137:9</code></p>
<pre>        name:</pre>
<ul>
<li>why: its field becomes an <code>Option</code></li>
<li>in: <code>POST /things (create_thing), PUT /things/{thing_id} (replace_thing)</code></li>
<li>client: <code>NewThing::name</code> becomes <code>Option&lt;String&gt;</code>, and was <code>String</code></li>
<li>client: <code>NewThing</code> is <code>Default</code> (additive)</li>
</ul>
</details>

<details><summary>For the changelog</summary>
<pre>### Changed
&#32;
- **Breaking:** The property `NewThing.name` is optional. `NewThing::name` becomes `Option&lt;String&gt;`, and was `String`; `NewThing` is `Default`.</pre>
</details>
";
    assert_eq!(comment, expected);
    let same = Diff::of(&base, &base).to_markdown("0.1.0");
    assert_eq!(same, "**The spec means the same as before.**\n");
}

#[test]
fn a_changelog_has_what_users_notice() {
    let (base, new) = with_operations(&["/made-up".to_owned()]);
    let there = Diff::of(&base, &new).changelog();
    let expected =
        "### Added\n\n- The operation `GET /made-up` is new. New method `operation_0()`.\n";
    assert_eq!(there, expected);
    let back = Diff::of(&new, &base).changelog();
    let expected = "### Removed\n\n- **Breaking:** The operation `GET /made-up` is gone. \
        The method `operation_0()` is gone.\n";
    assert_eq!(back, expected);
    for case in cases() {
        let (base, new) = sides(&case);
        let diff = Diff::of(&base, &new);
        let is_docs = diff.verdict() == Some(telesto_gen::Verdict::Docs);
        assert_eq!(diff.changelog().is_empty(), is_docs, "{}", case.title());
    }
}

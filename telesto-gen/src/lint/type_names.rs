//! Rules about the names of types.

use std::collections::HashMap;

use crate::document::{find, join};

use super::Report;
use crate::names::pascal;
use crate::spec::Spec;
use crate::spec::types::Types;

/// Names that typify and the coercion use without a path.
const TAKEN: &[&str] = &["D", "Default", "Err", "None", "Ok", "S", "Some", "String"];

/// typify does not check whether it has used the name of a type before.
pub(super) fn name(spec: &Spec<'_>, report: &mut Report<'_>) {
    nested(spec, report);
    let schemas = spec.components("schemas");
    let mut named: HashMap<String, &str> = HashMap::new();
    for entry in schemas {
        let name = &entry.key;
        let rust = pascal(name);
        let at = join("/components/schemas", name);
        if !is_legal(name) {
            report.at_key(
                &at,
                format!("the schema name `{name}` has characters that a `$ref` cannot contain"),
                "use ASCII letters and digits, such as `PurchaseOrder`",
            );
        } else if is_taken(&rust) {
            report.at_key(
                &at,
                format!("`{rust}` is a name that the generated code uses itself"),
                format!("make it more specific, such as `Product{rust}`"),
            );
        } else if let Some(first) = named.get(&rust) {
            report.at_key(
                &at,
                format!("the schemas `{first}` and `{name}` are both `{rust}` in Rust"),
                "rename one of the two",
            );
        }
        named.entry(rust).or_insert(name);
    }
}

/// Whether a `$ref` can contain the name of a component.
pub(crate) fn is_legal(name: &str) -> bool {
    let legal = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    !name.is_empty() && name.chars().all(legal)
}

/// Whether the generated code uses a name itself.
pub(crate) fn is_taken(rust: &str) -> bool {
    TAKEN.contains(&rust)
}

/// typify names a nested schema after its title, or after those that it is in. If
/// another type has that name, it silently uses that one.
fn nested(spec: &Spec<'_>, report: &mut Report<'_>) {
    for (name, first, second) in Types::of(spec).clashes {
        let line = spec.document.line(&first);
        let finding = report.of_key(
            &second,
            format!("this schema is `{name}` in Rust, and so is another one, on line {line}"),
            "move one of the two to `components/schemas`, with a name of its own".to_owned(),
        );
        // A component is not named after its title.
        let titles = [second, first].map(|pointer| join(&pointer, "title"));
        let mut titles = titles.iter().map(String::as_str);
        let gives_name = |title: &&str| {
            let title = find(spec.root, title);
            let text = title.node.text().filter(|_| title.exact);
            text.is_some_and(|text| pascal(text) == name)
        };
        report.add(match titles.find(gives_name) {
            Some(title) => report.fixed_without(finding, [title]),
            None => finding,
        });
    }
}

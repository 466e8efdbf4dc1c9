//! Rules about the names of types.

use std::collections::HashMap;

use crate::document::join;

use super::Report;
use crate::finding::Finding;
use crate::names::pascal;
use crate::spec::types::Types;
use crate::spec::{Spec, component_name};

/// Names that typify and the coercion use without a path.
const TAKEN: &[&str] = &["D", "Default", "Err", "None", "Ok", "S", "Some", "String"];

const UNTITLED: &str = "remove its title: its name is made of where it is then";

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
    let types = Types::of(spec);
    let taken = types
        .known
        .iter()
        .filter(|(name, found)| is_taken(name) && component_name(&found.pointer).is_none());
    for (name, found) in taken {
        let title = types.titled.contains(&found.pointer);
        let title = title.then(|| join(&found.pointer, "title"));
        let help = match title {
            Some(_) => UNTITLED,
            None => "move it to `components/schemas`, with a name of its own",
        };
        let finding = report.of_key(
            &found.pointer,
            format!("this schema is `{name}` in Rust, a name that the generated code uses itself"),
            help.to_owned(),
        );
        report.add(report.fixed_without(finding, title.as_deref()));
    }
    for (name, first, second) in &types.clashes {
        let mut titled = [second, first].into_iter();
        let titled = titled.find(|pointer| types.titled.contains(*pointer));
        let (place, help) = match (titled, component_name(first)) {
            (Some(titled), _) => (titled, UNTITLED),
            (None, Some(_)) => (
                first,
                "rename this one, or move the other one to `components/schemas`, with a name \
                 of its own",
            ),
            (None, None) => (
                second,
                "move one of the two to `components/schemas`, with a name of its own",
            ),
        };
        let other = if place == first { second } else { first };
        let line = spec.document.line(other);
        let finding = report.of_key(
            place,
            format!("this schema is `{name}` in Rust, and so is another one, on line {line}"),
            help.to_owned(),
        );
        let finding = Finding {
            others: vec![other.clone()],
            ..finding
        };
        report.add(match titled {
            Some(pointer) => report.fixed_without(finding, [join(pointer, "title").as_str()]),
            None => finding,
        });
    }
}

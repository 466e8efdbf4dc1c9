//! Changes of parameters.

use crate::document::join;
use crate::spec::{Operation, Parameter};

use super::document::{docs_of, json};
use super::sides::{Matched, OperationPair, Sides};
use super::{Report, Verdict};

/// The parameters of an operation, in both documents.
pub(super) type Parameters<'a> = Matched<(Parameter<'a>, Parameter<'a>), Parameter<'a>>;

/// Those that both sides have by name and place, or else by name, or else as the
/// only ones that are left with the same schema.
pub(super) fn matched<'a>(base: Vec<Parameter<'a>>, new: Vec<Parameter<'a>>) -> Parameters<'a> {
    let schema = |parameter: &Parameter<'_>| json(parameter.found.node.get("schema"));
    let by_name = Matched::by(
        base,
        new,
        &[
            &|one, other| one.name == other.name && one.place == other.place,
            &|one, other| one.name == other.name,
        ],
    );
    if by_name.removed.len() != 1 || by_name.added.len() != 1 {
        return by_name;
    }
    let renamed = Matched::by(
        by_name.removed,
        by_name.added,
        &[&|one, other| one.place == other.place && schema(one) == schema(other)],
    );
    let mut both = by_name.both;
    both.extend(renamed.both);
    Matched { both, ..renamed }
}

/// What a parameter is called in messages.
pub(super) fn label(parameter: &Parameter<'_>, operation: &Operation<'_>) -> String {
    format!(
        "the parameter `{}` of `{}`",
        parameter.name,
        operation.label()
    )
}

pub(super) fn added(_: &Sides<'_>, pair: &OperationPair<'_>, report: &mut Report<'_, '_>) {
    for parameter in &pair.parameters.added {
        let (name, label) = (parameter.name, pair.new.label());
        let (verdict, message, reason) = match parameter.found.node.is_set("required") {
            true => (
                Verdict::Breaking,
                format!("`{label}` needs the parameter `{name}`"),
                "calls without it fail",
            ),
            false => (
                Verdict::Additive,
                format!("`{label}` takes the parameter `{name}`"),
                "calls without it go on to work",
            ),
        };
        report.at(
            verdict,
            &join(&parameter.found.pointer, "name"),
            message,
            reason,
        );
    }
}

pub(super) fn removed(_: &Sides<'_>, pair: &OperationPair<'_>, report: &mut Report<'_, '_>) {
    for parameter in &pair.parameters.removed {
        report.removed(
            Verdict::Breaking,
            &join(&parameter.found.pointer, "name"),
            format!(
                "`{}` takes no parameter `{}` any more",
                pair.new.label(),
                parameter.name
            ),
            "code that sets it does not compile",
        );
    }
}

pub(super) fn renamed(_: &Sides<'_>, pair: &OperationPair<'_>, report: &mut Report<'_, '_>) {
    for (base, new) in &pair.parameters.both {
        if base.name != new.name {
            report.at(
                Verdict::Breaking,
                &join(&new.found.pointer, "name"),
                format!("{} is now `{}`", label(base, pair.new), new.name),
                "its setter has the new name: code that sets the old one does not compile",
            );
        }
    }
}

pub(super) fn moved(_: &Sides<'_>, pair: &OperationPair<'_>, report: &mut Report<'_, '_>) {
    for (base, new) in &pair.parameters.both {
        if base.place != new.place {
            report.at(
                Verdict::Additive,
                &join(&new.found.pointer, "in"),
                format!(
                    "{} is sent in the {}, and was in the {}",
                    label(new, pair.new),
                    new.place,
                    base.place
                ),
                "its setter is the same, and the client sends it in the new place",
            );
        }
    }
}

pub(super) fn required(_: &Sides<'_>, pair: &OperationPair<'_>, report: &mut Report<'_, '_>) {
    for (base, new) in &pair.parameters.both {
        let name = label(new, pair.new);
        match (
            base.found.node.is_set("required"),
            new.found.node.is_set("required"),
        ) {
            (false, true) => report.at_key(
                Verdict::Breaking,
                &join(&new.found.pointer, "required"),
                format!("{name} is required"),
                "calls without it fail",
            ),
            (true, false) => report.at(
                Verdict::Additive,
                &join(&new.found.pointer, "name"),
                format!("{name} is optional"),
                "calls with it go on to work",
            ),
            _ => {}
        }
    }
}

pub(super) fn style(_: &Sides<'_>, pair: &OperationPair<'_>, report: &mut Report<'_, '_>) {
    for (base, new) in &pair.parameters.both {
        let name = label(new, pair.new);
        let has_schema = |parameter: &Parameter<'_>| parameter.found.node.get("schema").is_some();
        if has_schema(base) != has_schema(new) {
            report.at_key(
                Verdict::Breaking,
                &join(&new.found.pointer, "schema"),
                match has_schema(new) {
                    true => format!("{name} has a schema"),
                    false => format!("{name} has no schema any more"),
                },
                "its setter takes another type",
            );
        }
        for key in [
            "style",
            "explode",
            "allowReserved",
            "allowEmptyValue",
            "content",
        ] {
            if json(base.found.node.get(key)) != json(new.found.node.get(key)) {
                report.at(
                    Verdict::Additive,
                    &join(&new.found.pointer, key),
                    format!("`{key}` of {name} has changed"),
                    "the client writes it in the new form",
                );
            }
        }
    }
}

pub(super) fn docs(_: &Sides<'_>, pair: &OperationPair<'_>, report: &mut Report<'_, '_>) {
    for (base, new) in &pair.parameters.both {
        let what = format!(" of {}", label(new, pair.new));
        let (base, pointer) = (base.found.node, &new.found.pointer);
        let nodes = (base, new.found.node);
        docs_of(
            nodes,
            pointer,
            &["description", "example", "examples"],
            &what,
            report,
        );
        if base.is_set("deprecated") != new.found.node.is_set("deprecated") {
            report.at_key(
                Verdict::Additive,
                &join(pointer, "deprecated"),
                format!("`deprecated`{what} has changed"),
                "code that sets it compiles, with a warning",
            );
        }
    }
}

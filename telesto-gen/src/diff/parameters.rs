//! Changes of parameters.

use std::collections::HashMap;

use serde_json::Value;

use crate::document::join;
use crate::names::setter;
use crate::spec::parameters::with_other_setters;
use crate::spec::{Operation, Parameter, Spec};

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
            &|one, other| has_name_of(one, other) && one.place == other.place,
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

/// Whether two parameters have one name. The case of headers does not matter.
fn has_name_of(one: &Parameter<'_>, other: &Parameter<'_>) -> bool {
    let are_headers = one.place == "header" && other.place == "header";
    one.name == other.name || (are_headers && one.name.eq_ignore_ascii_case(other.name))
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

pub(super) fn renamed(sides: &Sides<'_>, pair: &OperationPair<'_>, report: &mut Report<'_, '_>) {
    let base_setters = setters(sides.base, pair.base);
    let new_setters = setters(sides.new, pair.new);
    for (base, new) in &pair.parameters.both {
        let was = base_setters.get(&base.mention);
        let is = new_setters.get(&new.mention);
        let pointer = join(&new.found.pointer, "name");
        if has_name_of(base, new) {
            if let (Some(was), Some(is)) = (was, is)
                && was != is
            {
                let name = label(new, pair.new);
                report.at(
                    Verdict::Breaking,
                    &pointer,
                    format!("the setter of {name} is `{is}`, and was `{was}`"),
                    "names that are the same in Rust get numbers, in their order",
                );
            }
            continue;
        }
        let reason = if was == is {
            "its setter is the same: code that uses it sends the new name"
        } else {
            "its setter has the new name: code that sets the old one does not compile"
        };
        report.at(
            Verdict::Breaking,
            &pointer,
            format!("{} is now `{}`", label(base, pair.new), new.name),
            reason,
        );
    }
}

/// The setters of an operation, by the positions of their parameters.
fn setters(spec: &Spec<'_>, operation: &Operation<'_>) -> HashMap<String, String> {
    let parameters = spec.parameters(operation);
    let setters = with_other_setters(&parameters).map(|(parameter, other)| {
        let setter = other.unwrap_or_else(|| setter(parameter.name));
        (parameter.mention.clone(), setter)
    });
    setters.collect()
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
        let (was, is) = (Form::new(base), Form::new(new));
        for (key, same) in [
            ("style", was.style == is.style),
            ("explode", was.explode == is.explode),
            ("allowReserved", was.allow_reserved == is.allow_reserved),
            ("content", was.content == is.content),
        ] {
            if !same {
                report.at(
                    Verdict::Additive,
                    &join(&new.found.pointer, key),
                    format!("`{key}` of {name} has changed"),
                    "the client writes it in the new form",
                );
            }
        }
        let key = "allowEmptyValue";
        if base.found.node.is_set(key) != new.found.node.is_set(key) {
            report.at(
                Verdict::Docs,
                &join(&new.found.pointer, key),
                format!("`{key}` of {name} has changed"),
                "the client does not look at it",
            );
        }
    }
}

/// The notation of a parameter, with defaults filled in.
struct Form<'a> {
    style: &'a str,
    explode: bool,
    allow_reserved: bool,
    content: Option<Value>,
}

impl<'a> Form<'a> {
    fn new(parameter: &Parameter<'a>) -> Self {
        let node = parameter.found.node;
        let default = match parameter.place {
            "query" | "cookie" => "form",
            _ => "simple",
        };
        let style = node.text_of("style").unwrap_or(default);
        let explode = node.get("explode").map(|_| node.is_set("explode"));
        Self {
            style,
            explode: explode.unwrap_or(style == "form"),
            allow_reserved: node.is_set("allowReserved"),
            content: json(node.get("content")),
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

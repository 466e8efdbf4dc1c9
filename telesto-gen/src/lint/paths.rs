//! Rules about paths and path parameters.

use std::collections::HashMap;

use super::Report;
use crate::spec::{Spec, route};

/// References that lead to a path item have been written out while reading.
pub(super) fn path_item_ref(spec: &Spec<'_>, report: &mut Report<'_>) {
    for (path, item, pointer) in spec.path_items() {
        if let Some(reference) = item.get("$ref") {
            let reference = reference.text().unwrap_or_default();
            report.at(
                &format!("{pointer}/$ref"),
                format!("`{reference}` of the path `{path}` is not a path item in this file"),
                "refer to another path (`#/paths/~1things`), or write its operations out here",
            );
        }
    }
}

/// progenitor refuses some of these without saying where, joins double slashes,
/// and puts the rest into a format string.
pub(super) fn template(spec: &Spec<'_>, report: &mut Report<'_>) {
    for (path, _, pointer) in spec.path_items() {
        let names = match names(path) {
            Ok(names) => names,
            Err((message, help)) => {
                report.at_key(&pointer, format!("the path `{path}` {message}"), help);
                continue;
            }
        };
        for (index, name) in names.iter().enumerate() {
            if names[..index].contains(name) {
                report.at_key(
                    &pointer,
                    format!("the path `{path}` has `{{{name}}}` twice"),
                    "give the two parameters different names",
                );
            }
        }
    }
}

/// Nothing tells requests of the two apart but what their parameters look like.
pub(super) fn equal(spec: &Spec<'_>, report: &mut Report<'_>) {
    let mut seen: HashMap<(&str, String), &str> = HashMap::new();
    for operation in &spec.operations {
        let Ok(names) = names(operation.path) else {
            continue;
        };
        let shape = names.iter().fold(operation.path.to_owned(), |shape, name| {
            shape.replace(&format!("{{{name}}}"), "{}")
        });
        let first = seen
            .entry((operation.method, shape))
            .or_insert(operation.path);
        if *first != operation.path {
            report.at_key(
                &operation.item_pointer,
                format!(
                    "`{}` sends the requests of `{first}`, too",
                    operation.label()
                ),
                "write one operation that says what its parameter may be",
            );
        }
    }
}

/// The client appends paths to the URL of the server.
pub(super) fn repeated_base_path(spec: &Spec<'_>, report: &mut Report<'_>) {
    let server = spec.root.get("servers").and_then(|s| s.items().first());
    let Some(url) = server.and_then(|server| server.text_of("url")) else {
        return;
    };
    let Some(base) = url
        .split("://")
        .nth(1)
        .and_then(|rest| rest.find('/').map(|at| &rest[at..]))
    else {
        return;
    };
    for (path, _, pointer) in spec.path_items() {
        if let Some(rest) = path.strip_prefix(base).filter(|rest| rest.starts_with('/')) {
            report.at_key(
                &pointer,
                format!("the path `{path}` repeats the path of the server, `{base}`"),
                format!("write `{rest}`: the client appends it to `{url}`"),
            );
        }
    }
}

/// progenitor panics at path parameters that are not required, not declared,
/// or not in the path.
pub(super) fn parameters(spec: &Spec<'_>, report: &mut Report<'_>) {
    for operation in &spec.operations {
        let Ok(names) = names(operation.path) else {
            continue;
        };
        let label = operation.label();
        let declared = spec.parameters(operation);
        let in_path = || declared.iter().filter(|p| p.place == "path");
        for name in &names {
            if in_path().any(|p| p.name == *name) {
                continue;
            }
            let elsewhere = declared.iter().find(|p| p.name == *name);
            match elsewhere {
                Some(parameter) => report.at(
                    &parameter.found.field("in"),
                    format!(
                        "`{name}` is `in: {}`, but it is in the path of `{label}`",
                        parameter.place
                    ),
                    "write `in: path` and `required: true`",
                ),
                None => report.at_key(
                    &operation.pointer,
                    format!("`{label}` does not declare the parameter `{{{name}}}`"),
                    format!(
                        "add `- {{ name: {name}, in: path, required: true, \
                         schema: {{ type: string }} }}` to its `parameters`"
                    ),
                ),
            }
        }
        for parameter in in_path() {
            let name = parameter.name;
            if !names.contains(&name) {
                report.at(
                    &parameter.mention,
                    format!("the path of `{label}` has no `{{{name}}}`"),
                    format!("add `{{{name}}}` to the path, or make the parameter `in: query`"),
                );
            } else if !parameter.found.node.is_set("required") {
                report.at(
                    &parameter.found.field("required"),
                    format!("the path parameter `{name}` of `{label}` is not required"),
                    "add `required: true`: no part of a path is optional",
                );
            }
        }
    }
}

/// The names in the braces of `path`; the error says what is wrong with it.
pub(crate) fn names(path: &str) -> Result<Vec<&str>, (String, String)> {
    let wrong = |message: &str, help: &str| Err((message.to_owned(), help.to_owned()));
    let route = route(path);
    if route.contains("//") {
        return wrong("has an empty segment", "write one slash instead of two");
    }
    if route.contains('?') {
        return wrong(
            "has a query",
            "declare what follows as parameters with `in: query`",
        );
    }
    if path[route.len()..].contains(['{', '}']) {
        return wrong(
            "has a parameter in its fragment",
            "declare it with `in: query`: no request has the fragment",
        );
    }
    if let Some(c) = path.chars().find(|c| c.is_whitespace() || c.is_control()) {
        return wrong(
            &format!("has the character {c:?}"),
            "remove it, or percent-encode it",
        );
    }
    let mut names = Vec::new();
    let mut rest = route;
    while let Some(brace) = rest.find(['{', '}']) {
        let Some(open) = rest[brace..].strip_prefix('{') else {
            return wrong("has a `}` without a `{`", "remove it, or add the `{`");
        };
        let Some((name, after)) = open.split_once('}') else {
            return wrong(
                "has a `{` without a `}`",
                "close it, as in `/products/{id}`",
            );
        };
        if name.is_empty() || name.contains(['{', '/']) {
            return wrong(
                "has empty braces",
                "add the name of a parameter, as in `/products/{id}`",
            );
        }
        names.push(name);
        rest = after;
    }
    Ok(names)
}

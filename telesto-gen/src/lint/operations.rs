//! Rules about methods and the names of operations.

use heck::ToSnakeCase as _;

use std::collections::HashMap;

use super::Report;
use crate::names::{self, is_keyword};
use crate::spec::{Operation, Spec};

/// Methods that the client has already, or that the generated code calls on it.
const TAKEN_METHODS: &[&str] = &[
    "allow_stale",
    "api_version",
    "baseurl",
    "budget",
    "builder",
    "cache_stats",
    "client",
    "clone",
    "exec",
    "fresh",
    "from_env",
    "inner",
    "new",
    "new_with_client",
    "post",
    "pre",
    "request",
];

/// Names that the module of the request builders imports, in snake_case.
const TAKEN_TYPES: &[&str] = &[
    "byte_stream",
    "client_hooks",
    "client_info",
    "error",
    "operation_info",
    "request_builder_ext",
    "response_value",
];

/// A server answers `TRACE` with the request as it came. RFC 9110 forbids to send one with
/// a credential in it.
pub(super) fn method(spec: &Spec<'_>, report: &mut Report<'_>) {
    for operation in &spec.operations {
        if operation.method == "trace" {
            report.at_key(
                &operation.pointer,
                format!("the client cannot call `{}`", operation.label()),
                "remove it: a server would send the key back, and whoever reads the response would have it",
            );
        }
    }
}

/// progenitor panics without one.
pub(super) fn missing_id(spec: &Spec<'_>, report: &mut Report<'_>) {
    for operation in &spec.operations {
        if operation.id().is_none() {
            let proposal = propose(operation.method, operation.path);
            report.at_key(
                &operation.pointer,
                format!("`{}` has no `operationId`", operation.label()),
                format!("add `operationId: {proposal}`"),
            );
        }
    }
}

pub(super) fn duplicate_id(spec: &Spec<'_>, report: &mut Report<'_>) {
    let mut ids: HashMap<&str, &Operation<'_>> = HashMap::new();
    let mut types: HashMap<String, &Operation<'_>> = HashMap::new();
    for operation in &spec.operations {
        let Some(id) = operation.id() else { continue };
        let field = operation.found().field("operationId");
        let type_name = names::pascal(id);
        let same = |first: &&&Operation<'_>| first.node.span == operation.node.span;
        if let Some(first) = ids.get(id).filter(same) {
            report.at(
                &field,
                format!(
                    "`{id}` is the operation of both `{}` and `{}`, which refers to it",
                    first.label(),
                    operation.label()
                ),
                "write the operations of one of the two paths out, with ids of their own",
            );
        } else if let Some(first) = ids.get(id) {
            let line = spec.document.line(&first.found().field("operationId"));
            report.at(
                &field,
                format!(
                    "`{id}` is already the `operationId` of `{}`, on line {line}",
                    first.label()
                ),
                format!(
                    "name it after what it does, such as `operationId: {}`",
                    propose(operation.method, operation.path)
                ),
            );
        } else if let Some(first) = types.get(&type_name) {
            report.at(
                &field,
                format!(
                    "`{id}` becomes the type `{type_name}`, as does the `operationId` of `{}`",
                    first.label()
                ),
                "choose a name that differs in more than underscores",
            );
        }
        ids.entry(id).or_insert(operation);
        types.entry(type_name).or_insert(operation);
    }
}

pub(super) fn id_form(spec: &Spec<'_>, report: &mut Report<'_>) {
    for operation in &spec.operations {
        let Some(id) = operation.id() else { continue };
        let field = operation.found().field("operationId");
        let proposal = propose(operation.method, operation.path);
        if !is_snake(id) {
            let snake = names::snake(id);
            let named = id.starts_with(char::is_alphabetic) && is_free(&snake);
            let help = match named {
                true => format!("write `operationId: {snake}`"),
                false => format!("name it after what it does, such as `operationId: {proposal}`"),
            };
            report.at(&field, format!("`{id}` is not in snake_case"), help);
        } else if !is_free(id) {
            let what = match is_keyword(id) {
                true => "is a keyword of Rust",
                false => "is a name that the client uses itself",
            };
            report.at(
                &field,
                format!("`{id}` {what}"),
                format!("add what it acts on, such as `operationId: {proposal}`"),
            );
        }
    }
}

pub(crate) fn is_free(id: &str) -> bool {
    is_snake(id) && !is_keyword(id) && !TAKEN_METHODS.contains(&id) && !TAKEN_TYPES.contains(&id)
}

/// Words of lowercase letters and digits, with one underscore between them, the
/// first character a letter. progenitor changes all other names.
fn is_snake(id: &str) -> bool {
    let word = |word: &str| {
        !word.is_empty()
            && word
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
    };
    id.starts_with(|c: char| c.is_ascii_lowercase()) && id.split('_').all(word)
}

/// A name for an operation that has none, such as `list_products` for
/// `GET /products`.
pub(crate) fn propose(method: &str, path: &str) -> String {
    // Each part before and after a parameter, as in `/Product('{id}')`.
    let fixed = path
        .split('{')
        .enumerate()
        .map(|(index, part)| match index {
            0 => part,
            _ => part.split_once('}').map_or("", |(_, after)| after),
        });
    let noun = fixed.collect::<String>().to_snake_case();
    let one = path
        .rsplit('/')
        .next()
        .is_some_and(|last| last.contains('{'));
    let verb = match (method, one) {
        ("get", false) => "list",
        ("post", _) => "create",
        ("put" | "patch", _) => "update",
        (method, _) => method,
    };
    let noun = match noun.strip_suffix('s') {
        Some(singular) if one || verb == "create" => singular,
        _ => &noun,
    };
    match noun {
        "" => format!("{verb}_root"),
        noun => format!("{verb}_{noun}"),
    }
}

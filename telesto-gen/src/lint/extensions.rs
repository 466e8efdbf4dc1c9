//! Rules about the extensions that this workspace reads.

use super::Report;
use crate::document::{Data, Node, closest, join};
use crate::spec::Spec;
use crate::spec::extensions::{self, CACHE, IDEMPOTENT, RATE_LIMIT};

/// A field of an extension: a whole number.
struct Number {
    name: &'static str,
    required: bool,
    least: i64,
    help: &'static str,
}

const SECONDS: &str = "write the seconds without a unit and without quotes, such as `3600`";

pub(super) fn rate_limit(spec: &Spec<'_>, report: &mut Report<'_>) {
    let pointer = format!("/{RATE_LIMIT}");
    let Some(limit) = spec.root.get(RATE_LIMIT) else {
        return report.at_key(
            &pointer,
            "the document does not state the rate limit",
            "add `x-rate-limit: { requests: 100, window: 3600, lockout: 900 }`, with times in seconds",
        );
    };
    let number = |name, help| Number {
        name,
        required: true,
        least: 1,
        help,
    };
    let fields = [
        number(
            "requests",
            "write the number of requests in a window, such as `100`",
        ),
        number("window", SECONDS),
        number("lockout", SECONDS),
    ];
    let example = "x-rate-limit: { requests: …, window: …, lockout: … }";
    numbers(report, RATE_LIMIT, limit, &pointer, example, &fields);
}

pub(super) fn cache(spec: &Spec<'_>, report: &mut Report<'_>) {
    for operation in &spec.operations {
        let Some(cache) = operation.node.get(CACHE) else {
            continue;
        };
        let pointer = operation.found().field(CACHE);
        if !spec.is_cacheable(operation) {
            report.at_key(
                &pointer,
                format!("the responses of `{}` are not cached", operation.label()),
                "remove it: it is for GET operations that return JSON",
            );
        }
        let number = |name, required| Number {
            name,
            required,
            least: 0,
            help: SECONDS,
        };
        let fields = [number("fresh", true), number("stale", false)];
        let example = "x-cache: { fresh: …, stale: … }";
        numbers(report, CACHE, cache, &pointer, example, &fields);
    }
}

pub(super) fn idempotent(spec: &Spec<'_>, report: &mut Report<'_>) {
    for operation in &spec.operations {
        let Some(idempotent) = operation.node.get(IDEMPOTENT) else {
            continue;
        };
        let pointer = operation.found().field(IDEMPOTENT);
        if operation.has_idempotent_method() {
            let method = operation.method.to_ascii_uppercase();
            report.at_key(
                &pointer,
                format!("all {method} operations are idempotent"),
                "remove it: it is for POST and PATCH operations",
            );
        } else if idempotent.data != Data::Flag(true) {
            report.at(
                &pointer,
                format!("`{IDEMPOTENT}` is not `true`"),
                "write `x-idempotent: true`, or remove it",
            );
        }
    }
}

/// Reports what is wrong with the fields of an extension.
fn numbers(
    report: &mut Report<'_>,
    name: &str,
    extension: &Node,
    pointer: &str,
    example: &str,
    fields: &[Number],
) {
    if !matches!(extension.data, Data::Map(_)) {
        return report.at_key(
            pointer,
            format!("`{name}` is {}, not a mapping", extension.what()),
            format!("write `{example}`"),
        );
    }
    for field in fields {
        if field.required && extension.get(field.name).is_none() {
            report.at_key(
                pointer,
                format!("`{name}` has no `{}`", field.name),
                format!("add it: `{example}`"),
            );
        }
    }
    for entry in extension.entries() {
        let place = join(pointer, &entry.key);
        let Some(field) = fields.iter().find(|field| field.name == entry.key) else {
            let help = match closest(&entry.key, fields.iter().map(|field| field.name)) {
                Some(close) => format!("did you mean `{close}`?"),
                None => format!("remove it: the fields are `{example}`"),
            };
            let message = format!("`{name}` has no field `{}`", entry.key);
            report.at_key(&place, message, help);
            continue;
        };
        // The largest value keeps all sums of seconds within 32 bits.
        let valid = field.least..=i64::from(i32::MAX);
        if !matches!(entry.value.data, Data::Integer(number) if valid.contains(&number)) {
            let least = match field.least {
                0 => "of 0 or more",
                _ => "above 0",
            };
            report.at(
                &place,
                format!("`{}` of `{name}` is not a whole number {least}", field.name),
                field.help,
            );
        }
    }
}

/// A misspelt extension would be ignored.
pub(super) fn unknown(spec: &Spec<'_>, report: &mut Report<'_>) {
    for extension in &spec.extensions {
        let key = extension.entry.key.as_str();
        let known = extensions::ALL.iter().find(|known| known.name == key);
        if known.is_some_and(|known| known.holder == extension.holder)
            || spec.document.holds_path_items(&extension.pointer)
        {
            continue;
        }
        let (message, help) = match known {
            Some(known) => (
                format!("`{key}` has no effect here"),
                format!("move it to {}", known.place),
            ),
            None => {
                let names: Vec<&str> = extensions::ALL.iter().map(|known| known.name).collect();
                let help = match closest(key, names.iter().copied()) {
                    Some(close) => format!("did you mean `{close}`?"),
                    None => format!("remove it: the extensions are `{}`", names.join("`, `")),
                };
                (format!("unknown extension `{key}`"), help)
            }
        };
        report.at_key(&extension.pointer, message, help);
    }
}

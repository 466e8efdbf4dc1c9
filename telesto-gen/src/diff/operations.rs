//! Changes of operations, their bodies and their responses.

use std::collections::{BTreeMap, BTreeSet};

use crate::document::join;
use crate::spec::extensions::{CACHE, Cache, IDEMPOTENT};
use crate::spec::{Found, Operation, Spec, Used, essence, media_type, sent_as};

use super::document::docs_of;
use super::sides::{OperationPair, Sides};
use super::{Report, Verdict};

pub(super) fn renamed(_: &Sides<'_>, pair: &OperationPair<'_>, report: &mut Report<'_, '_>) {
    let (base, new) = (pair.base.id(), pair.new.id());
    if base == new {
        return;
    }
    let shown = |id: Option<&str>| id.map_or("without a name".to_owned(), |id| format!("`{id}`"));
    report.at(
        Verdict::Breaking,
        &join(&pair.new.pointer, "operationId"),
        format!("the operation {} is now {}", shown(base), shown(new)),
        "its method has the new name: code that calls the old one does not compile",
    );
}

pub(super) fn moved(_: &Sides<'_>, pair: &OperationPair<'_>, report: &mut Report<'_, '_>) {
    let (base, new) = (pair.base, pair.new);
    if (base.method, base.route()) != (new.method, new.route()) {
        report.at_key(
            Verdict::Additive,
            &new.pointer,
            format!("`{}` is now `{}`", base.label(), new.label()),
            "its method is the same, and sends the request to the new place",
        );
    }
}

pub(super) fn deprecated(_: &Sides<'_>, pair: &OperationPair<'_>, report: &mut Report<'_, '_>) {
    let label = pair.new.label();
    match (
        pair.base.node.is_set("deprecated"),
        pair.new.node.is_set("deprecated"),
    ) {
        (false, true) => report.at_key(
            Verdict::Additive,
            &join(&pair.new.pointer, "deprecated"),
            format!("`{label}` is deprecated"),
            "code that calls it compiles, with a warning",
        ),
        (true, false) => report.at_key(
            Verdict::Docs,
            &pair.new.pointer,
            format!("`{label}` is no longer deprecated"),
            "code that calls it compiles without a warning",
        ),
        _ => {}
    }
}

pub(super) fn cache(_: &Sides<'_>, pair: &OperationPair<'_>, report: &mut Report<'_, '_>) {
    let [base, new] = [pair.base, pair.new].map(|operation| Cache::of(operation.node));
    if base == new {
        return;
    }
    let shown = |cache: Option<Cache>| match cache {
        Some(Cache { fresh, stale }) => {
            let [fresh, stale] = [fresh.as_secs(), stale.as_secs()];
            format!("fresh for {fresh} s, then stale for {stale} s")
        }
        None => "cached for as long as the client says".to_owned(),
    };
    report.at_key(
        Verdict::Additive,
        &join(&pair.new.pointer, CACHE),
        format!(
            "responses of `{}` were {}, and are {}",
            pair.new.label(),
            shown(base),
            shown(new)
        ),
        "clients with a cache serve them for another time; no code has to change",
    );
}

pub(super) fn idempotent(_: &Sides<'_>, pair: &OperationPair<'_>, report: &mut Report<'_, '_>) {
    let (base, new) = (pair.base.is_idempotent(), pair.new.is_idempotent());
    let (message, why) = match (base, new) {
        (false, true) => (
            "is idempotent now",
            "clients send failed requests again; no code has to change",
        ),
        (true, false) => (
            "is not idempotent any more",
            "clients do not send failed requests again; no code has to change",
        ),
        _ => return,
    };
    report.at_key(
        Verdict::Additive,
        &join(&pair.new.pointer, IDEMPOTENT),
        format!("`{}` {message}", pair.new.label()),
        why,
    );
}

pub(super) fn docs(_: &Sides<'_>, pair: &OperationPair<'_>, report: &mut Report<'_, '_>) {
    let what = format!(" of `{}`", pair.new.label());
    let keys = ["summary", "description", "tags", "externalDocs"];
    let nodes = (pair.base.node, pair.new.node);
    docs_of(nodes, &pair.new.pointer, &keys, &what, report);
    let what = format!(" of `{}`", pair.new.path);
    let items = (pair.base.item, pair.new.item);
    let pointer = &pair.new.item_pointer;
    docs_of(items, pointer, &["summary", "description"], &what, report);
}

pub(super) fn body_docs(sides: &Sides<'_>, pair: &OperationPair<'_>, report: &mut Report<'_, '_>) {
    let label = pair.new.label();
    if let (Some(base), Some(new)) = bodies(sides, pair) {
        content_docs(
            sides,
            (&base, &new),
            sent_as,
            &format!(" of the request body of `{label}`"),
            report,
        );
    }
    let base: BTreeMap<_, _> = sides.base.successes(pair.base).into_iter().collect();
    for (status, new) in sides.new.successes(pair.new) {
        if let Some(base) = base.get(status) {
            let what = format!(" of the response {status} of `{label}`");
            content_docs(sides, (base, &new), media_type, &what, report);
        }
    }
}

/// What documents a body or a response, and the media types that the client does not
/// use.
fn content_docs<'a>(
    sides: &Sides<'a>,
    (base, new): (&Found<'a>, &Found<'a>),
    used: Used,
    what: &str,
    report: &mut Report<'_, '_>,
) {
    let keys = ["description", "headers", "links"];
    docs_of((base.node, new.node), &new.pointer, &keys, what, report);
    let (was, is) = (sides.base.media(base, used), sides.new.media(new, used));
    let kind = is.as_ref().map(|(kind, _)| essence(kind));
    let other = |spec: &Spec<'a>, holder: &Found<'a>| {
        let content = spec.field(holder, "content");
        let entries = content.map_or(&[][..], |content| content.node.entries());
        let others = entries
            .iter()
            .filter(|entry| Some(essence(&entry.key)) != kind);
        let others = others.map(|entry| (entry.key.clone(), entry.value.to_json()));
        others.collect::<BTreeMap<_, _>>()
    };
    let is_same = was.as_ref().map(|(kind, _)| essence(kind)) == kind;
    if is_same && other(sides.base, base) != other(sides.new, new) {
        report.at_key(
            Verdict::Docs,
            &join(&new.pointer, "content"),
            format!("other media types{what} have changed"),
            "the client does not use them",
        );
    }
    if let (Some((_, was)), Some((_, is))) = (was, is) {
        let keys = ["example", "examples", "encoding"];
        docs_of((was.node, is.node), &is.pointer, &keys, what, report);
    }
}

pub(super) fn body_added(sides: &Sides<'_>, pair: &OperationPair<'_>, report: &mut Report<'_, '_>) {
    let (base, new) = bodies(sides, pair);
    let (None, Some(new)) = (base, new) else {
        return;
    };
    let label = pair.new.label();
    let (verdict, message, reason) = match new.node.is_set("required") {
        true => (
            Verdict::Breaking,
            format!("`{label}` needs a request body"),
            "calls without one fail",
        ),
        false => (
            Verdict::Additive,
            format!("`{label}` takes a request body"),
            "calls without one go on to work",
        ),
    };
    report.at_key(
        verdict,
        &join(&pair.new.pointer, "requestBody"),
        message,
        reason,
    );
}

pub(super) fn body_removed(
    sides: &Sides<'_>,
    pair: &OperationPair<'_>,
    report: &mut Report<'_, '_>,
) {
    if let (Some(_), None) = bodies(sides, pair) {
        report.removed(
            Verdict::Breaking,
            &join(&pair.base.pointer, "requestBody"),
            format!("`{}` takes no request body any more", pair.new.label()),
            "code that sets one does not compile",
        );
    }
}

pub(super) fn body_required(
    sides: &Sides<'_>,
    pair: &OperationPair<'_>,
    report: &mut Report<'_, '_>,
) {
    let (Some(base), Some(new)) = bodies(sides, pair) else {
        return;
    };
    let label = pair.new.label();
    match (base.node.is_set("required"), new.node.is_set("required")) {
        (false, true) => report.at_key(
            Verdict::Breaking,
            &join(&new.pointer, "required"),
            format!("the request body of `{label}` is required"),
            "calls without one fail",
        ),
        (true, false) => report.at_key(
            Verdict::Additive,
            &new.pointer,
            format!("the request body of `{label}` is optional"),
            "calls with one go on to work",
        ),
        _ => {}
    }
}

pub(super) fn body_type(sides: &Sides<'_>, pair: &OperationPair<'_>, report: &mut Report<'_, '_>) {
    let (Some(base), Some(new)) = bodies(sides, pair) else {
        return;
    };
    let nothing = || "nothing".to_owned();
    let one = shown(sides.base, &base, sent_as).unwrap_or_else(nothing);
    let other = shown(sides.new, &new, sent_as).unwrap_or_else(nothing);
    if one != other {
        report.at_key(
            Verdict::Breaking,
            &join(&new.pointer, "content"),
            format!("`{}` takes {other}, and took {one}", pair.new.label()),
            "the method takes a body of another type",
        );
    }
}

pub(super) fn response_type(
    sides: &Sides<'_>,
    pair: &OperationPair<'_>,
    report: &mut Report<'_, '_>,
) {
    fn of<'a>(spec: &Spec<'a>, operation: &Operation<'a>) -> String {
        let successes = spec.successes(operation).into_iter();
        let mut kinds = successes.filter_map(|(_, success)| shown(spec, &success, media_type));
        let kind = kinds.next().unwrap_or_else(|| "nothing".to_owned());
        match spec.returns_by_status(operation) {
            true => format!("{kind} that depends on the status"),
            false => kind,
        }
    }
    let (base, new) = (of(sides.base, pair.base), of(sides.new, pair.new));
    if base != new {
        report.at_key(
            Verdict::Breaking,
            &join(&pair.new.pointer, "responses"),
            format!("`{}` returns {new}, and returned {base}", pair.new.label()),
            "the method returns another type",
        );
    }
}

pub(super) fn success_status(
    sides: &Sides<'_>,
    pair: &OperationPair<'_>,
    report: &mut Report<'_, '_>,
) {
    let of = |spec: &Spec<'_>, operation: &Operation<'_>| {
        let successes = spec.successes(operation).into_iter();
        let statuses: BTreeSet<String> = successes.map(|(status, _)| status.to_owned()).collect();
        statuses.into_iter().collect::<Vec<_>>().join(", ")
    };
    let (base, new) = (of(sides.base, pair.base), of(sides.new, pair.new));
    if base != new {
        report.at_key(
            Verdict::Additive,
            &join(&pair.new.pointer, "responses"),
            format!(
                "`{}` succeeds with {new}, and did with {base}",
                pair.new.label()
            ),
            "the client accepts every 2xx",
        );
    }
}

pub(super) fn error_responses(
    sides: &Sides<'_>,
    pair: &OperationPair<'_>,
    report: &mut Report<'_, '_>,
) {
    let of = |spec: &Spec<'_>, operation: &Operation<'_>| {
        let mut errors = spec.responses(operation);
        errors.retain(|(status, _)| !status.starts_with('2'));
        let errors = errors.into_iter();
        errors
            .map(|(status, error)| (status.to_owned(), error.node.to_json()))
            .collect::<BTreeMap<_, _>>()
    };
    if of(sides.base, pair.base) != of(sides.new, pair.new) {
        report.at_key(
            Verdict::Docs,
            &join(&pair.new.pointer, "responses"),
            format!("the errors of `{}` have changed", pair.new.label()),
            "the client decides on the status, whichever errors are documented",
        );
    }
}

type Bodies<'a> = (Option<Found<'a>>, Option<Found<'a>>);

fn bodies<'a>(sides: &Sides<'a>, pair: &OperationPair<'a>) -> Bodies<'a> {
    (
        sides.base.request_body(pair.base),
        sides.new.request_body(pair.new),
    )
}

/// The media type that the client uses of a body or a response, in words.
fn shown<'a>(spec: &Spec<'a>, holder: &Found<'a>, used: Used) -> Option<String> {
    let (kind, media) = spec.media(holder, used)?;
    let kind = essence(kind);
    Some(match media.node.get("schema") {
        Some(_) => kind.to_owned(),
        None => format!("{kind} without a schema"),
    })
}

//! Changes of operations, their bodies and their responses.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use serde_json::Value;

use crate::document::{find, join};
use crate::spec::extensions::{CACHE, Cache, IDEMPOTENT};
use crate::spec::{
    Coding, Found, Operation, Spec, Used, essence, media_type, sent_as, split_reference,
};

use super::causes::reach;
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

/// Reports changes of the bodies that responses to HEAD are documented with.
pub(super) fn head_docs(sides: &Sides<'_>, pair: &OperationPair<'_>, report: &mut Report<'_, '_>) {
    if pair.base.method != "head" || pair.new.method != "head" {
        return;
    }
    let base = documented(sides.base, pair.base);
    let new = documented(sides.new, pair.new);
    let pointers: BTreeSet<&String> = base.keys().chain(new.keys()).collect();
    for pointer in pointers {
        if base.get(pointer) != new.get(pointer) {
            report.at_key(
                Verdict::Docs,
                pointer,
                format!(
                    "the body of the response to `{}` has changed",
                    pair.new.label()
                ),
                "a response to HEAD has no body",
            );
        }
    }
}

/// The contents of the successes of an operation, and the components that these lead to, by
/// their pointers.
fn documented(spec: &Spec<'_>, operation: &Operation<'_>) -> BTreeMap<String, Value> {
    let mut found = BTreeMap::new();
    let mut seen = HashSet::new();
    for content in spec.contents(operation) {
        reach(spec, &content.pointer, &mut seen, |pointer| {
            let is_component = split_reference(&format!("#{pointer}")).is_some();
            if is_component || pointer == content.pointer {
                found.insert(pointer.to_owned(), find(spec.root, pointer).node.to_json());
            }
            None::<()>
        });
    }
    found
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
    if let (Some((_, was)), Some((kind, is))) = (was, is) {
        let mut keys = vec!["example", "examples", "encoding"];
        if !Coding::of(kind, false).has_schema() {
            keys.push("schema");
        }
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
    let (was, is) = (
        Content::new(sides.base, &base, sent_as),
        Content::new(sides.new, &new, sent_as),
    );
    let (verdict, reason) = match (was.typ, is.typ) {
        (Some(one), Some(other)) if one != other => {
            (Verdict::Breaking, "the method takes a body of another type")
        }
        _ if was.shown == is.shown => return,
        (Some(Type::Schema), Some(Type::Schema)) => (
            Verdict::Additive,
            "the method takes the same body, and the client writes it in the new form",
        ),
        _ => (
            Verdict::Breaking,
            "the server takes other content than what code sends now",
        ),
    };
    report.at_key(
        verdict,
        &join(&new.pointer, "content"),
        format!(
            "`{}` takes {}, and took {}",
            pair.new.label(),
            is.shown,
            was.shown
        ),
        reason,
    );
}

pub(super) fn response_type(
    sides: &Sides<'_>,
    pair: &OperationPair<'_>,
    report: &mut Report<'_, '_>,
) {
    fn of<'a>(spec: &Spec<'a>, operation: &Operation<'a>) -> (Content, bool) {
        if operation.method == "head" {
            return (Content::none(), false);
        }
        let successes = spec.successes(operation).into_iter();
        let mut all = successes.map(|(_, success)| Content::new(spec, &success, media_type));
        let content = all.find(|content| content.typ.is_some());
        (
            content.unwrap_or(Content::none()),
            spec.returns_by_status(operation),
        )
    }
    let shown = |(content, by_status): &(Content, bool)| {
        if *by_status {
            format!("{} that depends on the status", content.shown)
        } else {
            content.shown.clone()
        }
    };
    let (base, new) = (of(sides.base, pair.base), of(sides.new, pair.new));
    if shown(&base) == shown(&new) {
        return;
    }
    let is_same_type = (base.0.typ, base.1) == (new.0.typ, new.1);
    let (verdict, reason) = if is_same_type {
        let reason = "the method returns the same type, with other content";
        (Verdict::Additive, reason)
    } else {
        (Verdict::Breaking, "the method returns another type")
    };
    report.at_key(
        verdict,
        &join(&pair.new.pointer, "responses"),
        format!(
            "`{}` returns {}, and returned {}",
            pair.new.label(),
            shown(&new),
            shown(&base)
        ),
        reason,
    );
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

/// The content of a body or a response that the client uses.
struct Content {
    /// Its media type, in words.
    shown: String,
    typ: Option<Type>,
}

/// The kind of type that content has in Rust.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Type {
    /// The type of its schema.
    Schema,
    /// Any JSON.
    Anything,
    Text,
    Bytes,
}

impl Content {
    fn none() -> Self {
        Self {
            shown: "nothing".to_owned(),
            typ: None,
        }
    }

    fn new<'a>(spec: &Spec<'a>, holder: &Found<'a>, used: Used) -> Self {
        let Some((kind, media)) = spec.media(holder, used) else {
            return Self::none();
        };
        let schema = spec.field(&media, "schema");
        let is_binary = |schema: &Found<'_>| schema.node.text_of("format") == Some("binary");
        let kind = essence(kind);
        let coding = Coding::of(kind, schema.as_ref().is_some_and(is_binary));
        let shown = match schema {
            Some(_) => kind.to_owned(),
            None => format!("{kind} without a schema"),
        };
        let typ = match (coding, schema) {
            (coding, Some(_)) if coding.has_schema() => Type::Schema,
            (coding, None) if coding.has_schema() => Type::Anything,
            (Coding::Text, _) => Type::Text,
            _ => Type::Bytes,
        };
        Self {
            shown,
            typ: Some(typ),
        }
    }
}

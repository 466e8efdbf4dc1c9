//! Changes of a document as a whole.

use std::collections::BTreeSet;

use crate::document::{Node, find, join};
use crate::spec::RateLimit;
use crate::spec::extensions::is_known;

use super::sides::Sides;
use super::{About, Report, Verdict};

pub(super) fn server(sides: &Sides<'_>, report: &mut Report<'_, '_>) {
    let (Some(base), Some(new)) = (sides.base.server(), sides.new.server()) else {
        return;
    };
    if base != new {
        report.at(
            Verdict::Breaking,
            "/servers/0/url",
            format!("the server was `{base}`, and is `{new}`"),
            "requests, and the key with them, are sent elsewhere by all who set no base URL",
        );
    }
}

pub(super) fn key_header(sides: &Sides<'_>, report: &mut Report<'_, '_>) {
    let (Some(base), Some(new)) = (sides.base.api_key_header(), sides.new.api_key_header()) else {
        return;
    };
    if !base.eq_ignore_ascii_case(new) {
        report.at(
            Verdict::Breaking,
            "/components/securitySchemes",
            format!("the key was sent in the header `{base}`, and is sent in `{new}`"),
            "a server that still expects the other header refuses every request",
        );
    }
}

pub(super) fn rate_limit(sides: &Sides<'_>, report: &mut Report<'_, '_>) {
    let (base, new) = (sides.base.rate_limit(), sides.new.rate_limit());
    let (Some(base), Some(new)) = (base, new) else {
        return;
    };
    let shown = |limit: RateLimit| {
        let RateLimit {
            requests,
            window,
            lockout,
        } = limit;
        let [window, lockout] = [window.as_secs(), lockout.as_secs()];
        format!("{requests} requests in {window} s, then {lockout} s of lockout")
    };
    if base != new {
        report.at(
            Verdict::Additive,
            "/x-rate-limit",
            format!("the rate limit was {}, and is {}", shown(base), shown(new)),
            "clients that set none keep to the new one; no code has to change",
        );
    }
}

pub(super) fn about(sides: &Sides<'_>, report: &mut Report<'_, '_>) {
    let (base, new) = (sides.base.root, sides.new.root);
    docs_of(
        (base, new),
        "",
        &["info", "tags", "externalDocs"],
        "",
        report,
    );
    let schemes = sides.new.components("securitySchemes").iter();
    let schemes = schemes.map(|scheme| join("/components/securitySchemes", &scheme.key));
    let schemes = schemes.map(|pointer| (pointer, &["description"][..], " of the key"));
    let server = (
        "/servers/0".to_owned(),
        &["description", "variables"][..],
        " of the server",
    );
    for (pointer, keys, what) in std::iter::once(server).chain(schemes) {
        let [base, new] = [base, new].map(|root| find(root, &pointer));
        if base.exact && new.exact {
            docs_of((base.node, new.node), &pointer, keys, what, report);
        }
    }
}

/// Reports which of some keys, and of the extensions, of a node have changed, where
/// that is documentation. `what` is added to the name of the key.
pub(super) fn docs_of(
    (base, new): (&Node, &Node),
    pointer: &str,
    keys: &[&str],
    what: &str,
    report: &mut Report<'_, '_>,
) {
    let extensions = unknown_extensions([base, new]);
    let keys: BTreeSet<&str> = keys.iter().copied().chain(extensions).collect();
    for key in keys {
        if json(base.get(key)) == json(new.get(key)) {
            continue;
        }
        let reason = match key {
            // Of an operation.
            "tags" if !pointer.is_empty() => {
                "it is documentation; a cache drops what has a tag of a write"
            }
            key => why_docs(key),
        };
        let message = format!("`{key}`{what} has changed");
        report.at_key(Verdict::Docs, &join(pointer, key), message, reason);
    }
}

/// The extensions of two nodes that the client does not look at.
pub(super) fn unknown_extensions(nodes: [&Node; 2]) -> impl Iterator<Item = &str> {
    let entries = nodes.into_iter().flat_map(Node::entries);
    let keys = entries.map(|entry| entry.key.as_str());
    keys.filter(|key| key.starts_with("x-") && !is_known(key))
}

/// Why a key is no more than documentation.
pub(super) fn why_docs(key: &str) -> &'static str {
    if key.starts_with("x-") {
        "the client does not look at it"
    } else {
        "it is documentation"
    }
}

/// What two nodes are compared by: the order of their keys does not matter.
pub(super) fn json(node: Option<&Node>) -> Option<serde_json::Value> {
    node.map(Node::to_json)
}

pub(super) fn operation_added<'s, 'a>(sides: &'s Sides<'a>, report: &mut Report<'s, 'a>) {
    for operation in &sides.added {
        report.about = About::Operation(operation);
        report.at_key(
            Verdict::Additive,
            &operation.pointer,
            format!("the operation `{}` is new", operation.label()),
            "the client has one more method",
        );
    }
}

pub(super) fn operation_removed<'s, 'a>(sides: &'s Sides<'a>, report: &mut Report<'s, 'a>) {
    for operation in &sides.removed {
        report.about = About::Operation(operation);
        report.removed(
            Verdict::Breaking,
            &operation.pointer,
            format!("the operation `{}` is gone", operation.label()),
            "code that calls its method does not compile",
        );
    }
}

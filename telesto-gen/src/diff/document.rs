//! Changes of a document as a whole.

use crate::document::{Node, join};
use crate::spec::RateLimit;

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
            format!("the server was {base}, and is {new}"),
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
    for key in ["info", "tags", "externalDocs"] {
        let (base, new) = (sides.base.root.get(key), sides.new.root.get(key));
        if json(base) != json(new) {
            report.at_key(
                Verdict::Docs,
                &join("", key),
                format!("`{key}` has changed"),
                "it is documentation",
            );
        }
    }
}

/// What two nodes are compared by.
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

//! Rules about the bodies of requests and responses.

use crate::document::{Data, Entry, Kind, Node, join};

use super::Report;
use crate::formats;
use crate::spec::{Coding, FormField, Found, Spec, Used, is_json, media_type, sent_as};

/// progenitor has a `todo!` for this.
pub(super) fn json_without_schema(spec: &Spec<'_>, report: &mut Report<'_>) {
    let used: [(Kind, Used); 2] = [(Kind::Response, media_type), (Kind::RequestBody, sent_as)];
    for (kind, used) in used {
        for place in spec.objects(kind) {
            let Some((media_type, content)) = spec.media(&Found::from(place), used) else {
                continue;
            };
            if is_json(media_type) && content.node.get("schema").is_none() {
                report.at_key(
                    &content.pointer,
                    "this JSON body has no schema".to_owned(),
                    "add `schema: { $ref: \"#/components/schemas/…\" }`, or `schema: {}` for \
                     any JSON",
                );
            }
        }
    }
}

pub(super) fn unsupported_media_type(spec: &Spec<'_>, report: &mut Report<'_>) {
    for operation in &spec.operations {
        let label = operation.label();
        if let Some(body) = spec.request_body(operation) {
            request(spec, report, &body, &label);
        }
    }
}

fn request<'a>(spec: &Spec<'a>, report: &mut Report<'_>, body: &Found<'a>, label: &str) {
    let Some((media_type, content)) = spec.media(body, sent_as) else {
        return report.at_key(
            &body.field("content"),
            format!("the request body of `{label}` has no media type"),
            "add the one that the client should send, such as `application/json`",
        );
    };
    match Coding::of(media_type, is_binary(content.node)) {
        Coding::Json => {}
        coding @ (Coding::Form | Coding::FormData) => {
            let schema = spec.field(&content, "schema");
            let fields = schema.as_ref().map(|schema| spec.form_fields(schema));
            let fields = fields.unwrap_or_default();
            match coding {
                Coding::FormData => encoding(report, &content, label, &fields),
                _ => encoding(report, &content, label, &[]),
            }
            match schema {
                Some(schema) if !is_object(&schema) => report.at_key(
                    &content.field("schema"),
                    format!("the form of `{label}` is not an object"),
                    "describe its fields: `{ type: object, properties: … }`",
                ),
                Some(_) if coding == Coding::Form => texts(report, &fields, label),
                Some(_) => {}
                None => no_schema(report, &content, label, "{ type: object, properties: … }"),
            }
        }
        Coding::Text => plain(spec, report, &content, label, "{ type: string }"),
        Coding::Bytes => {
            let wanted = "{ type: string, format: binary }";
            plain(spec, report, &content, label, wanted);
        }
        Coding::Multipart => report.at_key(
            &content.pointer,
            format!("the client cannot send the `{media_type}` body of `{label}`"),
            "if the API takes JSON or `multipart/form-data`, too, describe that; otherwise leave \
             the operation out and call it with `client.request(method, path)`",
        ),
    }
}

fn is_binary(media: &Node) -> bool {
    let schema = media.get("schema");
    schema.is_some_and(|schema| schema.text_of("format") == Some("binary"))
}

fn no_schema(report: &mut Report<'_>, content: &Found<'_>, label: &str, schema: &str) {
    report.at_key(
        &content.pointer,
        format!("the body of `{label}` has no schema"),
        format!("add `schema: {schema}`"),
    );
}

/// The client has one way to write each field. Those of a form that may hold files are
/// given.
fn encoding(report: &mut Report<'_>, content: &Found<'_>, label: &str, fields: &[FormField<'_>]) {
    let encoding = content.node.get("encoding").map_or(&[][..], Node::entries);
    for property in encoding {
        let mut fields = fields.iter();
        let field = fields.find(|field| field.name == property.key);
        let is_usual = |part: &Entry| match (part.key.as_str(), &part.value.data, field) {
            ("style", Data::Text(style), _) => style == "form",
            ("explode", Data::Flag(explode), _) => *explode,
            ("contentType", Data::Text(kinds), Some(field)) => {
                kinds.split(',').any(|kind| is_sent_as(field, kind.trim()))
            }
            _ => false,
        };
        if !property.value.entries().iter().all(is_usual) {
            report.at_key(
                &join(&content.field("encoding"), &property.key),
                format!(
                    "`{}`, in the form of `{label}`, has an encoding of its own",
                    property.key
                ),
                "remove it: the client sends a list as several fields, and objects as JSON, in \
                 the default way",
            );
        }
    }
}

/// Whether the client may send a field of a form with this media type.
fn is_sent_as(field: &FormField<'_>, media_type: &str) -> bool {
    if field.is_file() {
        return true;
    }
    match is_plain(&field.schema) {
        true => media_type.starts_with("text/"),
        false => is_json(media_type),
    }
}

/// A binary text is a file in a form, and a text in everything else.
pub(super) fn shared_file(spec: &Spec<'_>, report: &mut Report<'_>) {
    for pointer in &spec.files.shared {
        report.at_key(
            pointer,
            "this is a file in a form, but not only there".to_owned(),
            "describe the form by a schema of its own: in JSON, a binary text is no file",
        );
    }
}

/// A form has fields, if its schema says anything.
fn is_object(schema: &Found<'_>) -> bool {
    let typ = schema.node.text_of("type");
    typ.is_none_or(|typ| typ == "object")
}

/// A form holds text. There are several ways to write anything else than plain
/// values and lists of them.
fn texts(report: &mut Report<'_>, fields: &[FormField<'_>], label: &str) {
    for field in fields {
        if !is_plain(&field.schema) {
            report.at_key(
                &field.pointer,
                format!(
                    "`{}`, in the form of `{label}`, is neither a plain value nor a list of plain \
                     values",
                    field.name
                ),
                "make it `type: string`, and let callers write the value in the format of the API",
            );
        }
    }
}

/// Whether these are plain values: text, numbers or booleans.
pub(super) fn is_plain(schema: &Found<'_>) -> bool {
    schema.node.text_of("type").is_some_and(formats::is_plain)
}

/// What is neither JSON nor a form is sent as the caller gives it.
fn plain<'a>(
    spec: &Spec<'a>,
    report: &mut Report<'_>,
    content: &Found<'a>,
    label: &str,
    wanted: &str,
) {
    let Some(schema) = spec.field(content, "schema") else {
        return;
    };
    if schema.node.text_of("type") != Some("string") {
        report.at_key(
            &content.field("schema"),
            format!("the body of `{label}` is plain, but its schema is not"),
            format!("write `schema: {wanted}`: the client sends what the caller gives it"),
        );
    }
}

/// Without one, progenitor silently returns bytes.
pub(super) fn missing_success(spec: &Spec<'_>, report: &mut Report<'_>) {
    for operation in &spec.operations {
        let responses = operation
            .node
            .get("responses")
            .map_or(&[][..], Node::entries);
        if !responses.iter().any(|entry| entry.key.starts_with('2')) {
            report.at_key(
                &operation.found().field("responses"),
                format!("`{}` has no success response", operation.label()),
                "add one with its status, such as `\"200\"`; `default` is for errors",
            );
        }
    }
}

/// progenitor asserts that there is one type. JSON is one, an enum if it differs; and a
/// success without a body is `None`, or an empty stream.
pub(super) fn several_success_types(spec: &Spec<'_>, report: &mut Report<'_>) {
    for operation in &spec.operations {
        let successes = spec.successes(operation);
        let bodies = successes.iter().filter_map(|(status, success)| {
            let (kind, _) = spec.media(success, media_type)?;
            Some((status, is_json(kind)))
        });
        let bodies: Vec<_> = bodies.collect();
        let Some((first_status, first)) = bodies.first() else {
            continue;
        };
        for (status, body) in &bodies[1..] {
            if first != body {
                report.at_key(
                    &join(&operation.found().field("responses"), status),
                    format!(
                        "`{}` returns JSON for one of {first_status} and {status} only",
                        operation.label()
                    ),
                    "keep one of the two",
                );
            }
        }
    }
}

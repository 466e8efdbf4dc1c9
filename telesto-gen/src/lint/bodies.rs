//! Rules about the bodies of requests and responses.

use std::collections::HashSet;

use crate::document::{Kind, Node, join};

use super::Report;
use crate::spec::{Found, Spec, sent_as};

/// progenitor has a `todo!` for this.
pub(super) fn json_without_schema(spec: &Spec<'_>, report: &mut Report<'_>) {
    let holders = spec
        .objects(Kind::Response)
        .chain(spec.objects(Kind::RequestBody));
    for place in holders {
        let found = Found::from(place);
        for (media_type, content) in contents(&found) {
            if essence(media_type) == "application/json" && content.node.get("schema").is_none() {
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
        for (status, response) in spec.successes(operation) {
            for (media_type, content) in contents(&response) {
                let essence = essence(media_type);
                if essence == "application/json" {
                    encoding(report, &content, &label);
                } else if essence.contains("json") {
                    report.at_key(
                        &content.pointer,
                        format!(
                            "the response {status} of `{label}`, `{media_type}`, would be bytes"
                        ),
                        "write `application/json`: the client reads every kind of JSON as that",
                    );
                } else if essence.ends_with("xml") {
                    report.at_key(
                        &content.pointer,
                        format!("the client cannot read the response {status} of `{label}`, `{media_type}`"),
                        "if the API can send JSON, describe that; to get the document as it \
                         is, write `application/octet-stream`",
                    );
                }
            }
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
    match essence(media_type).as_str() {
        "application/json" => encoding(report, &content, label),
        "application/x-www-form-urlencoded" => {
            encoding(report, &content, label);
            if content.node.get("schema").is_none() {
                no_schema(report, &content, label, "{ type: object, properties: … }");
            }
            if let Some(schema) = spec.field(&content, "schema") {
                fields(spec, report, &schema, label, &mut HashSet::new());
            }
        }
        "application/octet-stream" => {
            plain_text(spec, report, &content, label, Some("binary"));
        }
        "text/plain" | "text/x-markdown" => plain_text(spec, report, &content, label, None),
        "multipart/form-data" => report.at_key(
            &content.pointer,
            format!("the client cannot send the multipart body of `{label}`"),
            "if the API takes JSON too, describe that; otherwise leave the operation out and \
             call it with `client.request(method, path)`",
        ),
        _ => report.at_key(
            &content.pointer,
            format!("the client cannot send the body of `{label}`, `{media_type}`"),
            "use `application/json`, `application/x-www-form-urlencoded`, `text/plain` or \
             `application/octet-stream`",
        ),
    }
}

fn no_schema(report: &mut Report<'_>, content: &Found<'_>, label: &str, schema: &str) {
    report.at_key(
        &content.pointer,
        format!("the body of `{label}` has no schema"),
        format!("add `schema: {schema}`"),
    );
}

/// progenitor has a `todo!` for this.
fn encoding(report: &mut Report<'_>, content: &Found<'_>, label: &str) {
    if content.node.get("encoding").is_some() {
        report.at_key(
            &content.field("encoding"),
            format!("a body of `{label}` has an `encoding`"),
            "remove it: the client encodes fields in the default way",
        );
    }
}

/// A form holds text. There are several ways to write anything else than plain
/// values and lists of them.
fn fields<'a>(
    spec: &Spec<'a>,
    report: &mut Report<'_>,
    schema: &Found<'a>,
    label: &str,
    seen: &mut HashSet<String>,
) {
    if !seen.insert(schema.pointer.clone()) {
        return;
    }
    for key in ["allOf", "oneOf", "anyOf"] {
        for part in spec.parts(schema, key) {
            fields(spec, report, &part, label, seen);
        }
    }
    let properties = schema.node.get("properties").map_or(&[][..], Node::entries);
    for property in properties {
        let at = join(&schema.field("properties"), &property.key);
        let Some(found) = spec.resolve(&property.value, &at) else {
            continue;
        };
        let mut found = spec.unwrapped(&found);
        if found.node.text_of("type") == Some("array")
            && let Some(items) = spec.field(&found, "items")
        {
            found = spec.unwrapped(&items);
        }
        if !is_plain(&found) {
            report.at_key(
                &at,
                format!(
                    "`{}`, in the form of `{label}`, is neither a plain value nor a list of plain \
                     values",
                    property.key
                ),
                "make it `type: string`, and let callers write the value in the format of the API",
            );
        }
    }
}

/// Whether these are plain values: text, numbers or booleans.
pub(super) fn is_plain(schema: &Found<'_>) -> bool {
    matches!(
        schema.node.text_of("type"),
        Some("string" | "integer" | "number" | "boolean")
    )
}

/// progenitor accepts only this schema for bodies of text or bytes.
fn plain_text<'a>(
    spec: &Spec<'a>,
    report: &mut Report<'_>,
    content: &Found<'a>,
    label: &str,
    format: Option<&str>,
) {
    let wanted = match format {
        Some(format) => format!("{{ type: string, format: {format} }}"),
        None => "{ type: string }".to_owned(),
    };
    if content.node.get("schema").is_none() {
        return no_schema(report, content, label, &wanted);
    }
    let Some(schema) = spec.field(content, "schema") else {
        return;
    };
    let narrowing = [
        "nullable",
        "discriminator",
        "default",
        "pattern",
        "enum",
        "minLength",
        "maxLength",
    ];
    if schema.node.text_of("type") != Some("string")
        || schema.node.text_of("format") != format
        || narrowing.iter().any(|key| schema.node.get(key).is_some())
    {
        report.at_key(
            &content.field("schema"),
            format!("the body of `{label}` is plain, but its schema is not"),
            format!("write `schema: {wanted}`"),
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

/// progenitor asserts that there is one type.
pub(super) fn several_success_types(spec: &Spec<'_>, report: &mut Report<'_>) {
    for operation in &spec.operations {
        let successes = spec.successes(operation);
        let Some((first_status, first)) = successes.first() else {
            continue;
        };
        for (status, response) in &successes[1..] {
            if body_type(first) != body_type(response) {
                report.at_key(
                    &join(&operation.found().field("responses"), status),
                    format!(
                        "`{}` has different bodies for {first_status} and {status}",
                        operation.label()
                    ),
                    "give both the same schema with `$ref`, or keep one of the two",
                );
            }
        }
    }
}

#[derive(PartialEq)]
enum BodyType<'a> {
    Json(Option<&'a Node>),
    Bytes,
    Nothing,
}

/// The type of a response, as progenitor decides it.
fn body_type<'a>(response: &Found<'a>) -> BodyType<'a> {
    let contents = contents(response);
    let json = contents
        .iter()
        .find(|(media_type, _)| essence(media_type) == "application/json");
    match json {
        Some((_, content)) => BodyType::Json(content.node.get("schema")),
        None if contents.is_empty() => BodyType::Nothing,
        None => BodyType::Bytes,
    }
}

/// The media types of a response or a request body.
pub(super) fn contents<'a>(holder: &Found<'a>) -> Vec<(&'a str, Found<'a>)> {
    let pointer = holder.field("content");
    let Some(content) = holder.node.get("content") else {
        return Vec::new();
    };
    content
        .entries()
        .iter()
        .map(|entry| {
            let found = Found {
                node: &entry.value,
                pointer: join(&pointer, &entry.key),
            };
            (entry.key.as_str(), found)
        })
        .collect()
}

/// A media type without its parameters.
pub(super) fn essence(media_type: &str) -> String {
    let essence = media_type.split(';').next().unwrap_or_default();
    essence.to_owned()
}

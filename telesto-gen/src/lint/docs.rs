//! Rules about documentation and examples.

use super::Report;
use crate::document::{Node, closest};
use crate::spec::{Found, Spec, is_json, media_type};

pub(super) fn missing_summary(spec: &Spec<'_>, report: &mut Report<'_>) {
    for operation in &spec.operations {
        if is_blank(operation.node.text_of("summary")) {
            report.at_key(
                &operation.pointer,
                format!("`{}` has no summary", operation.label()),
                "add `summary: …`, such as `List the products`",
            );
        }
    }
}

pub(super) fn missing_external_docs(spec: &Spec<'_>, report: &mut Report<'_>) {
    for operation in &spec.operations {
        let docs = operation.node.get("externalDocs");
        if is_blank(docs.and_then(|docs| docs.text_of("url"))) {
            report.at_key(
                &operation.pointer,
                format!(
                    "`{}` does not say where it is documented",
                    operation.label()
                ),
                "add `externalDocs: { url: … }` with the page that documents it",
            );
        }
    }
}

pub(super) fn missing_tag(spec: &Spec<'_>, report: &mut Report<'_>) {
    for operation in &spec.operations {
        let tags = operation.node.get("tags").map_or(&[][..], Node::items);
        if tags.iter().all(|tag| is_blank(tag.text())) {
            report.at_key(
                &operation.pointer,
                format!("`{}` has no tag", operation.label()),
                "add `tags: […]` with what it is about, such as `products`",
            );
        }
    }
}

/// Only if the document declares tags: then a misspelt one stands out.
pub(super) fn unknown_tag(spec: &Spec<'_>, report: &mut Report<'_>) {
    let declared = spec.root.get("tags").map_or(&[][..], Node::items);
    let declared: Vec<&str> = declared
        .iter()
        .filter_map(|tag| tag.text_of("name"))
        .collect();
    if declared.is_empty() {
        return;
    }
    for operation in &spec.operations {
        let tags = operation.node.get("tags").map_or(&[][..], Node::items);
        for (index, tag) in tags.iter().enumerate() {
            let Some(tag) = tag.text().filter(|tag| !declared.contains(tag)) else {
                continue;
            };
            report.at(
                &format!("{}/tags/{index}", operation.pointer),
                format!("the document does not declare the tag `{tag}`"),
                match closest(tag, declared.iter().copied()) {
                    Some(close) => format!("did you mean `{close}`?"),
                    None => format!("add `- name: {tag}` to the `tags` of the document"),
                },
            );
        }
    }
}

/// An example may be on the body, on its schema, or on a part of the schema.
pub(super) fn missing_example(spec: &Spec<'_>, report: &mut Report<'_>) {
    for operation in &spec.operations {
        for (status, response) in spec.successes(operation) {
            if let Some((media_type, content)) = spec.media(&response, media_type) {
                let json = is_json(media_type);
                let schema = spec.field(&content, "schema");
                if json && !has_example(content.node) && !schema.is_some_and(|of| shown(spec, of)) {
                    report.at_key(
                        &content.pointer,
                        format!(
                            "the response {status} of `{}` has no example",
                            operation.label()
                        ),
                        "add `example: …` beside the schema, with a response as it comes: the \
                         mock server sends it",
                    );
                }
            }
        }
    }
}

/// Whether a schema has an example, or the elements of its list, or some of its
/// properties have.
fn shown<'a>(spec: &Spec<'a>, mut schema: Found<'a>) -> bool {
    const DEEPEST: usize = 8;
    for _ in 0..DEEPEST {
        let properties = schema.node.get("properties").map_or(&[][..], Node::entries);
        if has_example(schema.node) || properties.iter().any(|entry| has_example(&entry.value)) {
            return true;
        }
        match spec.field(&schema, "items") {
            Some(items) => schema = items,
            None => return false,
        }
    }
    false
}

fn has_example(node: &Node) -> bool {
    node.get("example").is_some() || node.get("examples").is_some()
}

fn is_blank(text: Option<&str>) -> bool {
    text.is_none_or(|text| text.trim().is_empty())
}

//! What the documentation of the client is made of.

use super::{Report, Spec};

pub(super) fn missing_summary(spec: &Spec<'_>, report: &mut Report<'_>) {
    for operation in &spec.operations {
        if is_blank(operation.node.text_of("summary")) {
            report.at_key(
                &operation.pointer,
                format!("`{}` has no summary", operation.label()),
                "add `summary: …` with what it does, such as `List the products`",
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
                "add `externalDocs: { url: … }` with the page that its facts are from",
            );
        }
    }
}

fn is_blank(text: Option<&str>) -> bool {
    text.is_none_or(|text| text.trim().is_empty())
}

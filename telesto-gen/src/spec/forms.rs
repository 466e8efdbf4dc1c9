//! Forms: their fields, and which of these are files.

use std::collections::{BTreeSet, HashSet};

use super::usage::{field, reach};
use super::{Coding, Found, Spec, media_type, sent_as};
use crate::document::{Node, join};

/// A property of the schema of a form.
pub(crate) struct FormField<'a> {
    pub(crate) name: &'a str,
    /// The pointer of the property.
    pub(crate) pointer: String,
    /// What it holds: of a list, each of its items.
    pub(crate) schema: Found<'a>,
}

impl FormField<'_> {
    /// Whether it is a file, if the form can hold some.
    pub(crate) fn is_file(&self) -> bool {
        let text_of = |key| self.schema.node.text_of(key);
        text_of("type") == Some("string") && text_of("format") == Some("binary")
    }
}

/// The schemas of files in forms.
#[derive(Default)]
pub(crate) struct Files {
    /// Their pointers.
    pub(crate) pointers: BTreeSet<String>,
    /// Those that something else holds as well, where they are text.
    pub(crate) shared: BTreeSet<String>,
}

impl Files {
    pub(super) fn of(spec: &Spec<'_>) -> Self {
        let operations = spec.operations.iter();
        let fields = operations.flat_map(|operation| sent_fields(spec, operation));
        let files = fields.filter(FormField::is_file).map(|file| file.schema);
        let files: Vec<Found<'_>> = files.collect();
        if files.is_empty() {
            return Self::default();
        }
        let mut elsewhere = HashSet::new();
        for operation in &spec.operations {
            let fields = sent_fields(spec, operation);
            let mut others: Vec<&Node> = fields
                .filter(|field| !field.is_file())
                .map(|field| field.schema.node)
                .collect();
            if let Some((Coding::Json | Coding::Form, schema)) = sent(spec, operation) {
                others.push(schema.node);
            }
            for (_, response) in spec.successes(operation) {
                let media = spec.media(&response, media_type);
                let schema = media.and_then(|(_, media)| field(spec, &media, "schema"));
                others.extend(schema.map(|schema| schema.node));
            }
            reach(spec, others, &mut elsewhere, &mut HashSet::new());
        }
        let is_shared = |file: &&Found<'_>| elsewhere.contains(&file.node.id());
        let shared = files.iter().filter(is_shared);
        Self {
            shared: shared.map(|file| file.pointer.clone()).collect(),
            pointers: files.into_iter().map(|file| file.pointer).collect(),
        }
    }
}

/// How the body of an operation is written, and its schema.
fn sent<'a>(spec: &Spec<'a>, operation: &super::Operation<'a>) -> Option<(Coding, Found<'a>)> {
    let body = spec.request_body(operation)?;
    let (kind, media) = spec.media(&body, sent_as)?;
    Some((Coding::of(kind, false), field(spec, &media, "schema")?))
}

/// The fields of the form with files that an operation sends, if it sends one.
fn sent_fields<'a>(
    spec: &Spec<'a>,
    operation: &super::Operation<'a>,
) -> impl Iterator<Item = FormField<'a>> {
    let form = sent(spec, operation).filter(|(coding, _)| *coding == Coding::FormData);
    let fields = form.map(|(_, schema)| spec.form_fields(&schema));
    fields.into_iter().flatten()
}

impl<'a> Spec<'a> {
    /// The fields of a form, also those of the parts of its schema.
    pub(crate) fn form_fields(&self, schema: &Found<'a>) -> Vec<FormField<'a>> {
        let mut fields = Vec::new();
        let mut seen = HashSet::new();
        let mut next = vec![schema.clone()];
        while let Some(schema) = next.pop() {
            if !seen.insert(schema.pointer.clone()) {
                continue;
            }
            let parts = ["allOf", "oneOf", "anyOf"].into_iter();
            next.extend(parts.flat_map(|key| self.parts(&schema, key)));
            let properties = schema.node.get("properties").map_or(&[][..], Node::entries);
            for property in properties {
                let pointer = join(&schema.field("properties"), &property.key);
                let Some(found) = self.resolve(&property.value, &pointer) else {
                    continue;
                };
                let mut found = self.unwrapped(&found);
                if found.node.text_of("type") == Some("array")
                    && let Some(items) = self.field(&found, "items")
                {
                    found = self.unwrapped(&items);
                }
                fields.push(FormField {
                    name: &property.key,
                    pointer,
                    schema: found,
                });
            }
        }
        fields
    }
}

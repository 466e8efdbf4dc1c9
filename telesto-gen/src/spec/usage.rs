//! Which schemas are sent and which are received, and by which operations.

use std::collections::{HashMap, HashSet};

use crate::document::{Node, join};

use super::{Found, Operation, Spec};

/// The pointers of schemas that operations use, references followed.
#[derive(Default)]
pub(crate) struct Usage {
    sent: HashSet<String>,
    received: HashSet<String>,
    /// Those that are used otherwise than as a part of an `allOf`.
    whole: HashSet<String>,
}

/// The operations that use a schema, as indices, by its pointer.
pub(super) type Users = HashMap<String, Vec<usize>>;

impl Usage {
    pub(super) fn of(spec: &Spec<'_>) -> Self {
        let mut usage = Self::default();
        for operation in &spec.operations {
            usage.add(spec, operation);
        }
        usage
    }

    fn add(&mut self, spec: &Spec<'_>, operation: &Operation<'_>) {
        let mut sent = Walk {
            spec,
            reached: &mut self.sent,
            whole: &mut self.whole,
        };
        for parameter in spec.parameters(operation) {
            sent.field(&parameter.found, "schema");
        }
        if let Some(body) = spec.request_body(operation) {
            sent.content(&body);
        }
        let mut received = Walk {
            spec,
            reached: &mut self.received,
            whole: &mut self.whole,
        };
        for (_, response) in spec.successes(operation) {
            received.content(&response);
        }
    }

    /// Whether a request of an operation holds the schema at this pointer.
    #[cfg(feature = "generate")]
    pub(crate) fn is_sent(&self, pointer: &str) -> bool {
        self.sent.contains(pointer)
    }

    /// Whether a response of an operation holds the schema at this pointer.
    pub(crate) fn is_received(&self, pointer: &str) -> bool {
        self.received.contains(pointer)
    }

    /// Whether an operation sends or receives the schema at this pointer.
    pub(crate) fn is_used(&self, pointer: &str) -> bool {
        self.sent.contains(pointer) || self.received.contains(pointer)
    }

    /// Whether it is used otherwise than as a part of an `allOf`.
    pub(crate) fn is_whole(&self, pointer: &str) -> bool {
        self.whole.contains(pointer)
    }
}

/// The users of every schema.
pub(super) fn users(spec: &Spec<'_>) -> Users {
    let mut users = Users::new();
    for (index, operation) in spec.operations.iter().enumerate() {
        let mut usage = Usage::default();
        usage.add(spec, operation);
        usage.sent.extend(usage.received);
        for pointer in usage.sent {
            users.entry(pointer).or_default().push(index);
        }
    }
    users
}

struct Walk<'w, 's, 'a> {
    spec: &'s Spec<'a>,
    reached: &'w mut HashSet<String>,
    whole: &'w mut HashSet<String>,
}

impl<'a> Walk<'_, '_, 'a> {
    /// Walks the schemas of all media types.
    fn content(&mut self, holder: &Found<'a>) {
        if let Some(content) = self.spec.field(holder, "content") {
            for entry in content.node.entries() {
                let media = Found {
                    node: &entry.value,
                    pointer: content.field(&entry.key),
                };
                self.field(&media, "schema");
            }
        }
    }

    fn field(&mut self, holder: &Found<'a>, key: &str) {
        if let Some(schema) = holder.node.get(key).filter(|schema| !schema.is_scalar()) {
            self.whole(schema, &holder.field(key));
        }
    }

    fn whole(&mut self, schema: &'a Node, pointer: &str) {
        if let Some(schema) = self.spec.resolve(schema, pointer) {
            self.whole.insert(schema.pointer.clone());
            self.schema(schema);
        }
    }

    fn schema(&mut self, schema: Found<'a>) {
        if !self.reached.insert(schema.pointer.clone()) {
            return;
        }
        let properties = schema.node.get("properties").map_or(&[][..], Node::entries);
        for entry in properties {
            self.whole(&entry.value, &join(&schema.field("properties"), &entry.key));
        }
        self.field(&schema, "items");
        self.field(&schema, "additionalProperties");
        for key in ["oneOf", "anyOf"] {
            for (part, pointer) in schema.parts(key) {
                self.whole(part, &pointer);
            }
        }
        for part in self.spec.parts(&schema, "allOf") {
            self.schema(part);
        }
    }
}

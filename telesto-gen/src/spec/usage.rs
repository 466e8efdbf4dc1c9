//! Which schemas are sent and which are received, and by which operations.

use std::collections::{BTreeSet, HashMap, HashSet};

use crate::document::{Node, join};

use super::{Found, Spec};

/// The pointers of the schemas that the operations use, references followed.
#[derive(Default)]
pub(crate) struct Usage {
    sent: Users,
    received: Users,
    /// Those that are used otherwise than as a part of an `allOf`.
    whole: HashSet<String>,
}

/// The operations that use a schema, as indices, by its pointer.
type Users = HashMap<String, BTreeSet<usize>>;

impl Usage {
    pub(super) fn of(spec: &Spec<'_>) -> Self {
        let mut usage = Self::default();
        for (index, operation) in spec.operations.iter().enumerate() {
            let mut sent = Walk {
                spec,
                index,
                reached: &mut usage.sent,
                whole: &mut usage.whole,
            };
            for parameter in spec.parameters(operation) {
                sent.field(&parameter.found, "schema");
            }
            if let Some(body) = spec.request_body(operation) {
                sent.content(&body);
            }
            let mut received = Walk {
                spec,
                index,
                reached: &mut usage.received,
                whole: &mut usage.whole,
            };
            for (_, response) in spec.successes(operation) {
                received.content(&response);
            }
        }
        usage
    }

    /// Whether a response of an operation holds the schema at this pointer.
    pub(crate) fn is_received(&self, pointer: &str) -> bool {
        self.received.contains_key(pointer)
    }

    /// Whether an operation sends or receives the schema at this pointer.
    pub(crate) fn is_used(&self, pointer: &str) -> bool {
        self.sent.contains_key(pointer) || self.received.contains_key(pointer)
    }

    /// The operations that send or receive it, as indices.
    pub(super) fn users(&self, pointer: &str) -> BTreeSet<usize> {
        let both = [&self.sent, &self.received];
        let users = both.into_iter().filter_map(|users| users.get(pointer));
        users.flatten().copied().collect()
    }

    /// Whether it is used otherwise than as a part of an `allOf`.
    pub(crate) fn is_whole(&self, pointer: &str) -> bool {
        self.whole.contains(pointer)
    }
}

struct Walk<'w, 's, 'a> {
    spec: &'s Spec<'a>,
    /// The operation.
    index: usize,
    reached: &'w mut Users,
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
        let users = self.reached.entry(schema.pointer.clone()).or_default();
        if !users.insert(self.index) {
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

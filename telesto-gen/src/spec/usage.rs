//! Which schemas are sent and which are received, and by which operations.

use std::collections::{BTreeSet, HashMap, HashSet};

use crate::document::{Node, NodeId};

use super::{Found, Operation, Spec, media_type, sent_as};

/// The schemas that operations use, references followed.
#[derive(Default)]
pub(crate) struct Usage {
    sent: HashSet<NodeId>,
    received: HashSet<NodeId>,
    /// Those that are used otherwise than as a part of an `allOf`.
    whole: HashSet<NodeId>,
}

impl Usage {
    pub(super) fn of(spec: &Spec<'_>) -> Self {
        let mut usage = Self::default();
        for operation in &spec.operations {
            let schemas = Schemas::of(spec, operation);
            usage.whole.extend(schemas.all().map(Node::id));
            for (schemas, reached) in [
                (schemas.sent, &mut usage.sent),
                (schemas.received, &mut usage.received),
            ] {
                reach(spec, schemas, reached, &mut usage.whole);
            }
        }
        usage
    }

    /// Whether a request of an operation holds a schema.
    pub(crate) fn is_sent(&self, schema: &Node) -> bool {
        self.sent.contains(&schema.id())
    }

    /// Whether a response of an operation holds a schema.
    pub(crate) fn is_received(&self, schema: &Node) -> bool {
        self.received.contains(&schema.id())
    }

    /// Whether an operation sends or receives a schema.
    pub(crate) fn is_used(&self, schema: &Node) -> bool {
        self.is_sent(schema) || self.is_received(schema)
    }

    /// Whether a schema is used otherwise than as a part of an `allOf`.
    pub(crate) fn is_whole(&self, schema: &Node) -> bool {
        self.whole.contains(&schema.id())
    }
}

/// Adds schemas and all that they hold.
pub(super) fn reach<'a>(
    spec: &Spec<'a>,
    mut next: Vec<&'a Node>,
    reached: &mut HashSet<NodeId>,
    whole: &mut HashSet<NodeId>,
) {
    while let Some(schema) = next.pop() {
        if !reached.insert(schema.id()) {
            continue;
        }
        for held in held(spec, schema) {
            if held.is_whole {
                whole.insert(held.schema.id());
            }
            next.push(held.schema);
        }
    }
}

/// The schemas that an operation names.
struct Schemas<'a> {
    sent: Vec<&'a Node>,
    received: Vec<&'a Node>,
}

impl<'a> Schemas<'a> {
    fn of(spec: &Spec<'a>, operation: &Operation<'a>) -> Self {
        let parameters = spec.parameters(operation);
        let mut sent: Vec<&'a Node> = parameters
            .iter()
            .filter_map(|parameter| field(spec, &parameter.found, "schema"))
            .filter(|schema| !spec.is_choice(schema))
            .map(|schema| schema.node)
            .collect();
        if let Some(body) = spec.request_body(operation) {
            let media = spec.media(&body, sent_as);
            let schema = media.and_then(|(_, media)| field(spec, &media, "schema"));
            sent.extend(schema.map(|schema| schema.node));
        }
        let successes = spec.successes(operation);
        let received = successes.iter().filter_map(|(_, response)| {
            let (_, media) = spec.media(response, media_type)?;
            Some(field(spec, &media, "schema")?.node)
        });
        Self {
            sent,
            received: received.collect(),
        }
    }

    fn all(&self) -> impl Iterator<Item = &'a Node> {
        self.sent.iter().chain(&self.received).copied()
    }
}

pub(super) fn field<'a>(spec: &Spec<'a>, holder: &Found<'a>, key: &str) -> Option<Found<'a>> {
    let schema = holder.node.get(key).filter(|schema| !schema.is_scalar())?;
    spec.resolve(schema, &holder.field(key))
}

/// What a schema holds.
struct Held<'a> {
    schema: &'a Node,
    /// Whether it is more than a part of an `allOf`.
    is_whole: bool,
}

fn held<'a>(spec: &Spec<'a>, schema: &'a Node) -> impl Iterator<Item = Held<'a>> {
    let properties = schema.get("properties").map_or(&[][..], Node::entries);
    let properties = properties.iter().map(|entry| &entry.value);
    let fields = ["items", "additionalProperties"].into_iter();
    let fields = fields.filter_map(|key| schema.get(key).filter(|held| !held.is_scalar()));
    let listed = |key| schema.get(key).map_or(&[][..], Node::items);
    let alternatives = ["oneOf", "anyOf"].into_iter().flat_map(listed);
    let whole = properties.chain(fields).chain(alternatives);
    let whole = whole.map(|held| (held, true));
    let parts = listed("allOf").iter().map(|held| (held, false));
    whole.chain(parts).filter_map(|(held, is_whole)| {
        let schema = spec.target(held)?;
        Some(Held { schema, is_whole })
    })
}

/// What uses each schema.
pub(super) struct Users(HashMap<NodeId, Vec<User>>);

enum User {
    /// The index of an operation.
    Operation(usize),
    Schema(NodeId),
}

impl Users {
    pub(super) fn of(spec: &Spec<'_>) -> Self {
        let mut users: HashMap<NodeId, Vec<User>> = HashMap::new();
        let mut seen = HashSet::new();
        for (index, operation) in spec.operations.iter().enumerate() {
            let schemas = Schemas::of(spec, operation);
            let mut next: Vec<&Node> = schemas.all().collect();
            for schema in &next {
                let of_schema = users.entry(schema.id()).or_default();
                of_schema.push(User::Operation(index));
            }
            while let Some(schema) = next.pop() {
                if !seen.insert(schema.id()) {
                    continue;
                }
                for Held { schema: held, .. } in held(spec, schema) {
                    let of_held = users.entry(held.id()).or_default();
                    of_held.push(User::Schema(schema.id()));
                    next.push(held);
                }
            }
        }
        Self(users)
    }

    /// The operations that use a schema, as indices in the order of the text.
    pub(super) fn operations(&self, schema: &Node) -> BTreeSet<usize> {
        let mut operations = BTreeSet::new();
        let mut seen = HashSet::from([schema.id()]);
        let mut next = vec![schema.id()];
        while let Some(schema) = next.pop() {
            for user in self.0.get(&schema).into_iter().flatten() {
                match user {
                    User::Operation(index) => {
                        operations.insert(*index);
                    }
                    User::Schema(user) if seen.insert(*user) => next.push(*user),
                    User::Schema(_) => {}
                }
            }
        }
        operations
    }
}

//! Which schemas are sent and which are received, and by which operations.

use std::collections::{BTreeSet, HashMap, HashSet};

use crate::document::{Node, join};

use super::{Found, Operation, Spec, media_type, sent_as};

/// The pointers of schemas that operations use, references followed.
#[derive(Default)]
pub(crate) struct Usage {
    sent: HashSet<String>,
    received: HashSet<String>,
    /// Those that are used otherwise than as a part of an `allOf`.
    whole: HashSet<String>,
}

impl Usage {
    pub(super) fn of(spec: &Spec<'_>) -> Self {
        let mut usage = Self::default();
        for operation in &spec.operations {
            let schemas = Schemas::of(spec, operation);
            usage
                .whole
                .extend(schemas.all().map(|schema| schema.pointer.clone()));
            reach(spec, schemas.sent, &mut usage.sent, &mut usage.whole);
            reach(
                spec,
                schemas.received,
                &mut usage.received,
                &mut usage.whole,
            );
        }
        usage
    }

    /// Whether a request of an operation holds the schema at this pointer.
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

/// Adds schemas and all that they hold.
pub(super) fn reach<'a>(
    spec: &Spec<'a>,
    mut next: Vec<Found<'a>>,
    reached: &mut HashSet<String>,
    whole: &mut HashSet<String>,
) {
    while let Some(schema) = next.pop() {
        if !reached.insert(schema.pointer.clone()) {
            continue;
        }
        for held in held(spec, &schema) {
            if held.is_whole {
                whole.insert(held.schema.pointer.clone());
            }
            next.push(held.schema);
        }
    }
}

/// The schemas that an operation names.
struct Schemas<'a> {
    sent: Vec<Found<'a>>,
    received: Vec<Found<'a>>,
}

impl<'a> Schemas<'a> {
    fn of(spec: &Spec<'a>, operation: &Operation<'a>) -> Self {
        let parameters = spec.parameters(operation);
        let mut sent: Vec<Found<'a>> = parameters
            .iter()
            .filter_map(|parameter| field(spec, &parameter.found, "schema"))
            .filter(|schema| !spec.is_choice(schema))
            .collect();
        if let Some(body) = spec.request_body(operation) {
            let media = spec.media(&body, sent_as);
            sent.extend(media.and_then(|(_, media)| field(spec, &media, "schema")));
        }
        let successes = spec.successes(operation);
        let received = successes.iter().filter_map(|(_, response)| {
            let (_, media) = spec.media(response, media_type)?;
            field(spec, &media, "schema")
        });
        Self {
            sent,
            received: received.collect(),
        }
    }

    fn all(&self) -> impl Iterator<Item = &Found<'a>> {
        self.sent.iter().chain(&self.received)
    }
}

pub(super) fn field<'a>(spec: &Spec<'a>, holder: &Found<'a>, key: &str) -> Option<Found<'a>> {
    let schema = holder.node.get(key).filter(|schema| !schema.is_scalar())?;
    spec.resolve(schema, &holder.field(key))
}

/// What a schema holds.
struct Held<'a> {
    schema: Found<'a>,
    /// Whether it is more than a part of an `allOf`.
    is_whole: bool,
}

fn held<'a>(spec: &Spec<'a>, schema: &Found<'a>) -> Vec<Held<'a>> {
    let properties = schema.node.get("properties").map_or(&[][..], Node::entries);
    let holder = schema.field("properties");
    let properties = properties
        .iter()
        .filter_map(|entry| spec.resolve(&entry.value, &join(&holder, &entry.key)));
    let fields = ["items", "additionalProperties"].into_iter();
    let fields = fields.filter_map(|key| field(spec, schema, key));
    let alternatives = ["oneOf", "anyOf"].into_iter();
    let alternatives = alternatives.flat_map(|key| spec.parts(schema, key));
    let whole = properties.chain(fields).chain(alternatives);
    let whole = whole.map(|schema| Held {
        schema,
        is_whole: true,
    });
    let parts = spec.parts(schema, "allOf").map(|schema| Held {
        schema,
        is_whole: false,
    });
    whole.chain(parts).collect()
}

/// What uses each schema, by its pointer.
pub(super) struct Users(HashMap<String, Vec<User>>);

enum User {
    /// The index of an operation.
    Operation(usize),
    /// The pointer of another schema.
    Schema(String),
}

impl Users {
    pub(super) fn of(spec: &Spec<'_>) -> Self {
        let mut users: HashMap<String, Vec<User>> = HashMap::new();
        let mut seen = HashSet::new();
        for (index, operation) in spec.operations.iter().enumerate() {
            let schemas = Schemas::of(spec, operation);
            let mut next: Vec<Found<'_>> = schemas.all().cloned().collect();
            for schema in &next {
                let of_schema = users.entry(schema.pointer.clone()).or_default();
                of_schema.push(User::Operation(index));
            }
            while let Some(schema) = next.pop() {
                if !seen.insert(schema.pointer.clone()) {
                    continue;
                }
                for Held { schema: held, .. } in held(spec, &schema) {
                    let of_held = users.entry(held.pointer.clone()).or_default();
                    of_held.push(User::Schema(schema.pointer.clone()));
                    next.push(held);
                }
            }
        }
        Self(users)
    }

    /// The operations that use a schema, as indices in the order of the text.
    pub(super) fn operations(&self, pointer: &str) -> BTreeSet<usize> {
        let mut operations = BTreeSet::new();
        let mut seen = HashSet::from([pointer]);
        let mut next = vec![pointer];
        while let Some(pointer) = next.pop() {
            for user in self.0.get(pointer).into_iter().flatten() {
                match user {
                    User::Operation(index) => {
                        operations.insert(*index);
                    }
                    User::Schema(user) if seen.insert(user) => next.push(user),
                    User::Schema(_) => {}
                }
            }
        }
        operations
    }
}

//! What belongs together in two documents: their operations, and the schemas that
//! these send and receive.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::rc::Rc;

use super::parameters::{self, Parameters};
use super::schemas;
use super::whole::{self, Properties, Whole};
use crate::document::Node;
use crate::spec::types::Types;
use crate::spec::{
    Coding, Found, Operation, Parameter, Spec, Used, component_name, essence, media_type, sent_as,
};

/// What belongs together in two documents.
pub(super) struct Sides<'a> {
    pub(super) base: &'a Spec<'a>,
    pub(super) new: &'a Spec<'a>,
    /// The operations that both have.
    pub(super) operations: Vec<OperationPair<'a>>,
    pub(super) removed: Vec<&'a Operation<'a>>,
    pub(super) added: Vec<&'a Operation<'a>>,
    /// The schemas that these send or receive.
    pub(super) schemas: Vec<SchemaPair<'a>>,
    /// The types in Rust, of the base and of the new document.
    pub(super) types: [TypeNames; 2],
    /// Where what the base has is in the new document, by its pointer.
    moved: HashMap<String, String>,
    /// The other way round.
    moved_from: HashMap<String, String>,
}

/// An operation of both documents.
pub(super) struct OperationPair<'a> {
    pub(super) base: &'a Operation<'a>,
    pub(super) new: &'a Operation<'a>,
    pub(super) parameters: Parameters<'a>,
}

/// A schema of both documents, at the same place of what is sent or received.
#[derive(Clone)]
pub(super) struct SchemaPair<'a> {
    pub(super) base: Whole<'a>,
    pub(super) new: Whole<'a>,
    /// Where the new document refers to it.
    pub(super) mention: String,
    /// Whether a request holds it, in one of the documents.
    pub(super) sent: bool,
    /// The effect of `nullable` on the client.
    pub(super) null: Null,
    /// What it is called in messages.
    pub(super) name: String,
    pub(super) properties: Rc<Properties<'a>>,
    pub(super) role: Role,
    /// Whether it is written otherwise.
    pub(super) is_edited: bool,
}

impl SchemaPair<'_> {
    /// Whether only one of the sides is another name for a component: the type of that is
    /// around another type.
    pub(super) fn becomes_another_kind(&self) -> bool {
        self.base.alias_of.is_some() != self.new.alias_of.is_some()
    }
}

/// The effect of `nullable` on the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Null {
    /// The value becomes an `Option`.
    Option,
    /// None: the value may be absent, so it is an `Option` anyway.
    Absent,
    /// The argument may be an `Option`.
    Argument,
    /// None: the client ignores it, such as for a request body.
    Ignored,
}

/// The role of a schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Role {
    /// The schema of a value.
    Value,
    /// A part of such a schema: only its own documentation is compared.
    Part,
}

impl<'a> Sides<'a> {
    pub(super) fn of(base: &'a Spec<'a>, new: &'a Spec<'a>, types: [TypeNames; 2]) -> Self {
        // By method and path, or else by name.
        let place = |operation: &Operation<'a>| (operation.path, operation.method);
        let of_new: HashMap<_, _> = new.operations.iter().map(|o| (place(o), o)).collect();
        let pair = |one: &'a Operation<'a>, other: &'a Operation<'a>| OperationPair {
            base: one,
            new: other,
            parameters: parameters::matched(base.parameters(one), new.parameters(other)),
        };
        let mut operations = Vec::new();
        let mut left = Vec::new();
        for one in &base.operations {
            match of_new.get(&place(one)) {
                Some(other) => operations.push(pair(one, other)),
                None => left.push(one),
            }
        }
        let taken: HashSet<_> = operations.iter().map(|pair| place(pair.new)).collect();
        let unmatched = new.operations.iter().filter(|o| !taken.contains(&place(o)));
        let mut added: Vec<&Operation<'a>> = unmatched.collect();
        let mut removed = Vec::new();
        for one in left {
            let same = |other: &&Operation<'a>| one.id().is_some() && other.id() == one.id();
            match added.iter().position(same) {
                Some(index) => operations.push(pair(one, added.remove(index))),
                None => removed.push(one),
            }
        }
        let mut sides = Self {
            base,
            new,
            operations,
            removed,
            added,
            schemas: Vec::new(),
            types,
            moved: HashMap::new(),
            moved_from: HashMap::new(),
        };
        let mut walk = Walk {
            sides: &sides,
            seen: HashSet::new(),
            found: Vec::new(),
        };
        for pair in &sides.operations {
            walk.operation(pair);
        }
        sides.schemas = walk.found;
        sides.moved = sides.all_moved();
        let moved = sides.moved.iter();
        sides.moved_from = moved
            .map(|(base, new)| (new.clone(), base.clone()))
            .collect();
        sides
    }

    fn all_moved(&self) -> HashMap<String, String> {
        let operations = self.operations.iter();
        let operations = operations.flat_map(|pair| {
            let parameters = pair.parameters.both.iter();
            let parameters = parameters.map(|(one, other)| (&one.mention, &other.mention));
            std::iter::once((&pair.base.pointer, &pair.new.pointer)).chain(parameters)
        });
        let schemas = self.schemas.iter();
        let schemas = schemas.map(|pair| {
            let (base, new) = (pair.base.schema(), pair.new.schema());
            (&base.pointer, &new.pointer)
        });
        let mut moved = HashMap::new();
        for (base, new) in operations.chain(schemas) {
            let known = moved.entry(base.clone()).or_insert_with(|| new.clone());
            // What is used in several places stays where it is, if it can.
            if base == new {
                known.clone_from(new);
            }
        }
        let properties = self.schemas.iter().flat_map(|pair| &pair.properties.both);
        for (base, new) in properties {
            let (base, new) = (&base.found.pointer, &new.found.pointer);
            moved.entry(base.clone()).or_insert_with(|| new.clone());
        }
        moved
    }

    /// Where what the new document has at a pointer was in the base.
    pub(super) fn was_at(&self, new: &str) -> Option<&str> {
        self.moved_from.get(new).map(String::as_str)
    }

    /// The same, or where that was what it is in.
    pub(super) fn moved_from(&self, new: &str) -> Option<&str> {
        let mut rest = new;
        loop {
            if let Some(base) = self.was_at(rest) {
                return Some(base);
            }
            (rest, _) = rest.rsplit_once('/')?;
        }
    }

    /// Where what the base has at a pointer is in the new document.
    pub(super) fn moved_to(&self, base: &str) -> Option<String> {
        let mut end = base.len();
        loop {
            let (start, rest) = base.split_at(end);
            if let Some(new) = self.moved.get(start) {
                // Another one may have this number.
                let is_numbered = rest.split('/').any(|token| token.parse::<u32>().is_ok());
                return (!is_numbered).then(|| format!("{new}{rest}"));
            }
            end = start.rfind('/')?;
        }
    }
}

/// The names of types in Rust.
pub(super) struct TypeNames {
    pub(super) all: HashSet<String>,
    /// By the pointers of their schemas. One that is a part of several types may
    /// have several.
    pub(super) by_pointer: HashMap<String, BTreeSet<String>>,
}

impl TypeNames {
    pub(super) fn of(spec: &Spec<'_>) -> Self {
        let known = Types::of(spec).known;
        let mut by_pointer: HashMap<String, BTreeSet<String>> = HashMap::new();
        for (name, found) in &known {
            let names = by_pointer.entry(found.pointer.clone()).or_default();
            names.insert(name.clone());
        }
        Self {
            all: known.into_keys().collect(),
            by_pointer,
        }
    }

    pub(super) fn at(&self, pointer: &str) -> impl Iterator<Item = &String> {
        self.by_pointer.get(pointer).into_iter().flatten()
    }
}

/// Walks through the schemas of matched operations.
struct Walk<'s, 'a> {
    sides: &'s Sides<'a>,
    /// The pointers of pairs, and what they are.
    seen: HashSet<(String, String, Null, Role)>,
    found: Vec<SchemaPair<'a>>,
}

impl<'a> Walk<'_, 'a> {
    fn operation(&mut self, pair: &OperationPair<'a>) {
        let Sides { base, new, .. } = *self.sides;
        let label = pair.new.label();
        for (one, other) in &pair.parameters.both {
            let schemas = (
                field(base, &one.found, "schema"),
                field(new, &other.found, "schema"),
            );
            let name = parameters::label(other, pair.new);
            let is_required = |parameter: &Parameter<'_>| parameter.found.node.is_set("required");
            let null = if is_required(one) && is_required(other) {
                Null::Argument
            } else {
                Null::Absent
            };
            self.schema(schemas, other.found.field("schema"), null, name);
        }
        if let (Some(one), Some(other)) = (base.request_body(pair.base), new.request_body(pair.new))
        {
            let name = format!("the request body of `{label}`");
            self.content(&one, &other, sent_as, Null::Ignored, name);
        }
        // No response to HEAD has a body.
        if pair.new.method == "head" && pair.base.method == "head" {
            return;
        }
        // By their statuses, or else in their order.
        let bodies = |spec: &Spec<'a>, operation: &Operation<'a>| {
            let mut successes = spec.successes(operation);
            successes.retain(|(_, success)| success.node.get("content").is_some());
            successes
        };
        let matched = Matched::by(
            bodies(base, pair.base),
            bodies(new, pair.new),
            &[&|(one, _), (other, _)| one == other, &|_, _| true],
        );
        for ((_, one), (_, other)) in matched.both {
            let name = format!("the response of `{label}`");
            self.content(&one, &other, media_type, Null::Option, name);
        }
    }

    /// The schemas of the media type that the client uses.
    fn content(
        &mut self,
        one: &Found<'a>,
        other: &Found<'a>,
        used: Used,
        null: Null,
        name: String,
    ) {
        let of = |spec: &Spec<'a>, holder: &Found<'a>| {
            let (kind, media) = spec.media(holder, used)?;
            Some((
                essence(kind),
                field(spec, &media, "schema")?,
                media.field("schema"),
            ))
        };
        let (one, other) = (of(self.sides.base, one), of(self.sides.new, other));
        let coding = |kind| Coding::of(kind, false);
        if let (Some((kind, one, _)), Some((other_kind, other, mention))) = (one, other)
            && (kind == other_kind
                || (coding(kind).has_schema() && coding(other_kind).has_schema()))
        {
            self.schema((Some(one), Some(other)), mention, null, name);
        }
    }

    fn schema(
        &mut self,
        (one, other): (Option<Found<'a>>, Option<Found<'a>>),
        mention: String,
        null: Null,
        name: String,
    ) {
        let (Some(base), Some(new)) = (one, other) else {
            return;
        };
        let Some(pair) = self.pair((base, new), mention, null, name, Role::Value) else {
            return;
        };
        if self.is_another(pair.base.schema(), pair.new.schema()) || pair.becomes_another_kind() {
            return;
        }
        let (base, new) = (self.sides.base, self.sides.new);
        for (one, other) in &pair.properties.both {
            let is_there = schemas::is_there(base, &pair.base, one)
                && schemas::is_there(new, &pair.new, other);
            let null = if is_there { Null::Option } else { Null::Absent };
            let label = schemas::label(&pair, other);
            let mention = other.found.pointer.clone();
            let found = (
                whole::target(base, one.found.node, &one.found.pointer),
                whole::target(new, other.found.node, &other.found.pointer),
            );
            self.schema(found, mention, null, label);
        }
        for (key, what) in [
            ("items", "an item of"),
            ("additionalProperties", "a value of"),
        ] {
            let of = |spec: &Spec<'a>, whole: &Whole<'a>| field(spec, whole.saying(key)?, key);
            let found = (of(base, &pair.base), of(new, &pair.new));
            let mention = pair.new.field(key);
            self.schema(
                found,
                mention,
                Null::Option,
                format!("{what} {}", pair.name),
            );
        }
        for (one, other) in schemas::alternatives(self.sides, &pair).both {
            let found = (Some(one.found), Some(other.found));
            self.schema(found, other.mention, Null::Ignored, pair.name.clone());
        }
        if let (Some(one), Some(other)) = (&pair.base.alias_of, &pair.new.alias_of) {
            let mention = other.pointer.clone();
            let found = (Some(one.clone()), Some(other.clone()));
            self.schema(found, mention, null, pair.name.clone());
        }
        self.parts(&pair);
    }

    /// The parts of both sides, for what only their own documentation says.
    fn parts(&mut self, pair: &SchemaPair<'a>) {
        let listed = |whole: &Whole<'a>| {
            let parts = whole.parts().iter().enumerate();
            let parts = parts.map(|(index, part)| (index == 0, part.clone()));
            parts.collect::<Vec<_>>()
        };
        let is_component = |part: &Found<'_>| component_name(&part.pointer).is_some();
        let parts = Matched::by(
            listed(&pair.base),
            listed(&pair.new),
            &[
                &|(_, one), (_, other)| one.pointer == other.pointer && is_component(other),
                &|(first, _), (second, _)| *first && *second,
                &|(_, one), (_, other)| {
                    !is_component(one) && !is_component(other) && one.node == other.node
                },
                &|(_, one), (_, other)| !is_component(one) && !is_component(other),
            ],
        );
        for ((first, one), (second, other)) in parts.both {
            if !(first && second) {
                let name = schemas::name(pair, &other);
                let mention = other.pointer.clone();
                self.pair((one, other), mention, pair.null, name, Role::Part);
            }
        }
    }

    /// Adds a pair that was not there yet.
    fn pair(
        &mut self,
        (base, new): (Found<'a>, Found<'a>),
        mention: String,
        null: Null,
        name: String,
        role: Role,
    ) -> Option<SchemaPair<'a>> {
        let pointers = (base.pointer.clone(), new.pointer.clone());
        if !self.seen.insert((pointers.0, pointers.1, null, role)) {
            return None;
        }
        let is_another = self.is_another(&base, &new);
        let sent =
            self.sides.base.usage.is_sent(base.node) || self.sides.new.usage.is_sent(new.node);
        let base = Whole::new(self.sides.base, base);
        let new = Whole::new(self.sides.new, new);
        let nodes = |whole: &Whole<'a>| -> Vec<&Node> {
            let parts = whole.parts().iter();
            parts.map(|part| part.node).collect()
        };
        let pair = SchemaPair {
            is_edited: !is_another && nodes(&base) != nodes(&new),
            properties: Rc::new(match role {
                Role::Value if base.alias_of.is_some() == new.alias_of.is_some() => {
                    whole::properties(&base, &new)
                }
                _ => Properties::none(),
            }),
            base,
            new,
            mention,
            sent,
            null,
            name,
            role,
        };
        self.found.push(pair.clone());
        Some(pair)
    }

    /// Whether one component has taken the place of another one, and both documents
    /// have both: they were never the same, and are not compared.
    fn is_another(&self, base: &Found<'a>, new: &Found<'a>) -> bool {
        let [before, after] = &self.sides.types;
        let has = |spec: &Spec<'a>, found: &Found<'a>| {
            let name = component_name(&found.pointer);
            name.is_some_and(|name| spec.component("schemas", name).is_some())
        };
        base.pointer != new.pointer
            && has(self.sides.new, base)
            && has(self.sides.base, new)
            && before.at(&base.pointer).next().is_some()
            && after.at(&new.pointer).next().is_some()
    }
}

/// The schema in a field: the component that it refers to, if it does.
fn field<'a>(spec: &Spec<'a>, holder: &Found<'a>, key: &str) -> Option<Found<'a>> {
    whole::target(spec, holder.node.get(key)?, &holder.field(key))
}

/// What two lists have in common, and what only one of them has.
pub(super) struct Matched<B, T> {
    pub(super) both: Vec<B>,
    pub(super) removed: Vec<T>,
    pub(super) added: Vec<T>,
}

/// Whether two things belong together.
type Same<'f, T> = &'f dyn Fn(&T, &T) -> bool;

impl<T> Matched<(T, T), T> {
    pub(super) fn none() -> Self {
        Self {
            both: Vec::new(),
            removed: Vec::new(),
            added: Vec::new(),
        }
    }

    /// Finds what belongs together: by the first criterion, then what is left by the
    /// next one.
    pub(super) fn by(mut removed: Vec<T>, mut added: Vec<T>, criteria: &[Same<'_, T>]) -> Self {
        let mut both = Vec::new();
        for same in criteria {
            let mut index = 0;
            while let Some(base) = removed.get(index) {
                match added.iter().position(|new| same(base, new)) {
                    Some(found) => both.push((removed.remove(index), added.remove(found))),
                    None => index += 1,
                }
            }
        }
        Self {
            both,
            removed,
            added,
        }
    }
}

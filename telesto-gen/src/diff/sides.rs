//! What belongs together in two documents: their operations, and the schemas that
//! these send and receive.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::rc::Rc;

use super::parameters::{self, Parameters};
use super::schemas::{self, Properties};
use crate::spec::types::Types;
use crate::spec::{Found, Operation, Spec, Used, component_name, essence, media_type, sent_as};

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
    pub(super) base: Found<'a>,
    pub(super) new: Found<'a>,
    /// Where the new document refers to it.
    pub(super) mention: String,
    /// Whether a request holds it, in one of the documents.
    pub(super) sent: bool,
    /// Whether there has to be a value, in both of them.
    pub(super) required: bool,
    /// What it is called in messages.
    pub(super) name: String,
    pub(super) properties: Rc<Properties<'a>>,
    /// Whether it is written otherwise.
    pub(super) is_edited: bool,
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
        let schemas = schemas.map(|pair| (&pair.base.pointer, &pair.new.pointer));
        let mut moved = HashMap::new();
        for (base, new) in operations.chain(schemas) {
            let known = moved.entry(base.clone()).or_insert_with(|| new.clone());
            // What is used in several places stays where it is, if it can.
            if base == new {
                known.clone_from(new);
            }
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
    /// The pointers of pairs, and whether they are required.
    seen: HashSet<(String, String, bool)>,
    found: Vec<SchemaPair<'a>>,
}

impl<'a> Walk<'_, 'a> {
    fn operation(&mut self, pair: &OperationPair<'a>) {
        let Sides { base, new, .. } = *self.sides;
        let label = pair.new.label();
        for (one, other) in &pair.parameters.both {
            let schemas = (
                base.field(&one.found, "schema"),
                new.field(&other.found, "schema"),
            );
            let name = parameters::label(other, pair.new);
            self.schema(schemas, other.found.field("schema"), true, name);
        }
        if let (Some(one), Some(other)) = (base.request_body(pair.base), new.request_body(pair.new))
        {
            let name = format!("the request body of `{label}`");
            self.content(&one, &other, sent_as, name);
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
            self.content(&one, &other, media_type, name);
        }
    }

    /// The schemas of the media type that the client uses.
    fn content(&mut self, one: &Found<'a>, other: &Found<'a>, used: Used, name: String) {
        let of = |spec: &Spec<'a>, holder: &Found<'a>| {
            let (kind, media) = spec.media(holder, used)?;
            Some((
                essence(kind),
                spec.field(&media, "schema")?,
                media.field("schema"),
            ))
        };
        let (one, other) = (of(self.sides.base, one), of(self.sides.new, other));
        if let (Some((kind, one, _)), Some((other_kind, other, mention))) = (one, other)
            && kind == other_kind
        {
            self.schema((Some(one), Some(other)), mention, true, name);
        }
    }

    fn schema(
        &mut self,
        (one, other): (Option<Found<'a>>, Option<Found<'a>>),
        mention: String,
        required: bool,
        name: String,
    ) {
        let (Some(base), Some(new)) = (one, other) else {
            return;
        };
        let key = (base.pointer.clone(), new.pointer.clone(), required);
        if !self.seen.insert(key) {
            return;
        }
        let is_another = self.is_another(&base, &new);
        let is_edited = !is_another && base.node != new.node;
        let properties = Rc::new(schemas::properties(&base, &new));
        let pair = SchemaPair {
            sent: self.sides.base.usage.is_sent(base.node)
                || self.sides.new.usage.is_sent(new.node),
            base,
            new,
            mention,
            required,
            name,
            properties: Rc::clone(&properties),
            is_edited,
        };
        self.found.push(pair.clone());
        if is_another {
            return;
        }
        for (name, one, other) in &properties.both {
            let (base, new) = (self.sides.base, self.sides.new);
            let required =
                schemas::requires(&pair.base, name) && schemas::requires(&pair.new, name);
            let label = schemas::label(&pair, name);
            let found = (
                base.resolve(one.node, &one.pointer),
                new.resolve(other.node, &other.pointer),
            );
            self.schema(found, other.pointer.clone(), required, label);
        }
        for (key, what) in [
            ("items", "an item of"),
            ("additionalProperties", "a value of"),
        ] {
            let found = (
                self.sides.base.field(&pair.base, key),
                self.sides.new.field(&pair.new, key),
            );
            let mention = pair.new.field(key);
            self.schema(found, mention, true, format!("{what} {}", pair.name));
        }
        let merged = schemas::parts(self.sides, &pair, &["allOf"]).both;
        let alternatives = schemas::alternatives(self.sides, &pair).both;
        for (one, other) in merged.into_iter().chain(alternatives) {
            let found = (Some(one.found), Some(other.found));
            self.schema(found, other.mention, required, pair.name.clone());
        }
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

/// What two lists have in common, and what only one of them has.
pub(super) struct Matched<B, T> {
    pub(super) both: Vec<B>,
    pub(super) removed: Vec<T>,
    pub(super) added: Vec<T>,
}

/// Whether two things belong together.
type Same<'f, T> = &'f dyn Fn(&T, &T) -> bool;

impl<T> Matched<(T, T), T> {
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

//! What changes between two documents, and what that means for those who use
//! the client.
//!
//! Both documents are read as [`Spec`]s. Their operations are matched, then
//! everything that these send and receive; each rule looks at what belongs
//! together, and says what a difference means.

mod document;
mod operations;
mod parameters;
mod render;
mod rules;
mod schemas;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fmt;

use serde::Serialize;

use self::parameters::Parameters;
pub use self::rules::{ChangeRule, change_rules};
use crate::document::Document;
use crate::finding::{Finding, Severity};
use crate::spec::types::Types;
use crate::spec::{Found, Operation, Spec, essence, media_type};

/// What a change means for those who use the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Only documentation changes.
    Docs,
    /// Code that uses the client goes on to compile and to work.
    Additive,
    /// Code that uses the client may no longer compile, or no longer work.
    Breaking,
}

impl fmt::Display for Verdict {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Docs => "docs",
            Self::Additive => "additive",
            Self::Breaking => "breaking",
        })
    }
}

/// The part of a version that has to be raised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Bump {
    /// The last part.
    Patch,
    /// The part in the middle.
    Minor,
    /// The first part.
    Major,
}

impl Bump {
    /// What follows from a verdict, before version 1.0 or after it.
    #[must_use]
    pub fn of(verdict: Verdict, before_one: bool) -> Self {
        match (verdict, before_one) {
            (Verdict::Breaking, false) => Self::Major,
            (Verdict::Breaking, true) | (Verdict::Additive, false) => Self::Minor,
            (Verdict::Additive, true) | (Verdict::Docs, _) => Self::Patch,
        }
    }
}

impl fmt::Display for Bump {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Patch => "patch",
            Self::Minor => "minor",
            Self::Major => "major",
        })
    }
}

/// One difference between two documents.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Change {
    /// What it means.
    pub verdict: Verdict,
    /// Whether the place is in the base: what was removed is nowhere else.
    pub in_base: bool,
    /// Where it is, what it is, and as `help` why it means that.
    #[serde(flatten)]
    pub finding: Finding,
}

/// The changes between two documents: what breaks first.
#[derive(Clone, Debug)]
pub struct Diff {
    base: Source,
    new: Source,
    changes: Vec<Change>,
}

/// The text that a place is in.
#[derive(Clone, Debug)]
struct Source {
    path: String,
    text: String,
}

impl Source {
    fn of(document: &Document) -> Self {
        Self {
            path: document.path().display().to_string(),
            text: document.text().to_owned(),
        }
    }
}

impl Diff {
    /// Compares two documents by what they mean.
    #[must_use]
    pub fn of(base: &Document, new: &Document) -> Self {
        let (before, after) = (Spec::of(base), Spec::of(new));
        let sides = Sides::of(&before, &after);
        let mut changes = Vec::new();
        for rule in rules::RULES {
            let mut report = Report {
                base,
                new,
                rule: rule.name,
                changes: Vec::new(),
            };
            rule.check(&sides, &mut report);
            changes.append(&mut report.changes);
        }
        changes.sort_by(|one: &Change, other: &Change| {
            let key = |change: &Change| (change.in_base, change.finding.span.start);
            (other.verdict, key(one)).cmp(&(one.verdict, key(other)))
        });
        // What is shared is found more than once: the worst of it counts.
        let mut seen = HashSet::new();
        changes.retain(|change| {
            let Finding {
                rule,
                pointer,
                message,
                ..
            } = &change.finding;
            seen.insert((change.in_base, *rule, pointer.clone(), message.clone()))
        });
        Self {
            base: Source::of(base),
            new: Source::of(new),
            changes,
        }
    }

    /// The changes.
    #[must_use]
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// The worst verdict; `None` if nothing has changed.
    #[must_use]
    pub fn verdict(&self) -> Option<Verdict> {
        self.changes.iter().map(|change| change.verdict).max()
    }
}

/// What belongs together in two documents.
struct Sides<'a> {
    base: &'a Spec<'a>,
    new: &'a Spec<'a>,
    /// The operations that both have.
    operations: Vec<OperationPair<'a>>,
    removed: Vec<&'a Operation<'a>>,
    added: Vec<&'a Operation<'a>>,
    /// The schemas that these send or receive.
    schemas: Vec<SchemaPair<'a>>,
    /// The types in Rust, of the base and of the new document.
    types: [TypeNames; 2],
}

/// An operation of both documents.
struct OperationPair<'a> {
    base: &'a Operation<'a>,
    new: &'a Operation<'a>,
    parameters: Parameters<'a>,
}

/// A schema of both documents, at the same place of what is sent or received.
#[derive(Clone)]
struct SchemaPair<'a> {
    base: Found<'a>,
    new: Found<'a>,
    /// Whether a request holds it, in one of the documents.
    sent: bool,
    /// Whether there has to be a value, in both of them.
    required: bool,
    /// What it is called in messages.
    name: String,
}

impl<'a> Sides<'a> {
    fn of(base: &'a Spec<'a>, new: &'a Spec<'a>) -> Self {
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
            types: [base, new].map(TypeNames::of),
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
        sides
    }
}

/// The names of types in Rust.
struct TypeNames {
    all: HashSet<String>,
    /// By the pointers of their schemas. One that is a part of several types may
    /// have several.
    by_pointer: HashMap<String, BTreeSet<String>>,
}

impl TypeNames {
    fn of(spec: &Spec<'_>) -> Self {
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

    fn at(&self, pointer: &str) -> impl Iterator<Item = &String> {
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
            let name = format!("the parameter `{}` of `{label}`", other.name);
            self.schema(schemas, true, name);
        }
        if let (Some(one), Some(other)) = (base.request_body(pair.base), new.request_body(pair.new))
        {
            self.content(&one, &other, format!("the request body of `{label}`"));
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
            self.content(&one, &other, format!("the response of `{label}`"));
        }
    }

    /// The schemas of the media type that the client uses.
    fn content(&mut self, one: &Found<'a>, other: &Found<'a>, name: String) {
        let of = |spec: &Spec<'a>, holder: &Found<'a>| {
            let content = spec.field(holder, "content")?;
            let kind = media_type(&content)?;
            let media = spec.field(&content, kind)?;
            Some((essence(kind).to_owned(), spec.field(&media, "schema")?))
        };
        let (one, other) = (of(self.sides.base, one), of(self.sides.new, other));
        if let (Some((kind, one)), Some((other_kind, other))) = (one, other)
            && kind == other_kind
        {
            self.schema((Some(one), Some(other)), true, name);
        }
    }

    fn schema(
        &mut self,
        (one, other): (Option<Found<'a>>, Option<Found<'a>>),
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
        let pair = SchemaPair {
            sent: self.sides.base.usage.is_sent(&base.pointer)
                || self.sides.new.usage.is_sent(&new.pointer),
            base,
            new,
            required,
            name,
        };
        self.found.push(pair.clone());
        for (name, one, other) in schemas::properties(self.sides, &pair).both {
            let (base, new) = (self.sides.base, self.sides.new);
            let required =
                schemas::requires(&pair.base, &name) && schemas::requires(&pair.new, &name);
            let label = schemas::label(&pair, &name);
            let found = (
                base.resolve(one.node, &one.pointer),
                new.resolve(other.node, &other.pointer),
            );
            self.schema(found, required, label);
        }
        for (key, what) in [
            ("items", "an item of"),
            ("additionalProperties", "a value of"),
        ] {
            let found = (
                self.sides.base.field(&pair.base, key),
                self.sides.new.field(&pair.new, key),
            );
            self.schema(found, true, format!("{what} {}", pair.name));
        }
        for key in ["allOf", "oneOf", "anyOf"] {
            for (one, other) in schemas::parts(self.sides, &pair, key).both {
                self.schema((Some(one), Some(other)), required, pair.name.clone());
            }
        }
    }
}

/// What two lists have in common, and what only one of them has.
struct Matched<B, T> {
    both: Vec<B>,
    removed: Vec<T>,
    added: Vec<T>,
}

/// Whether two things belong together.
type Same<'f, T> = &'f dyn Fn(&T, &T) -> bool;

impl<T> Matched<(T, T), T> {
    /// Finds what belongs together: by the first criterion, then what is left by the
    /// next one.
    fn by(mut removed: Vec<T>, mut added: Vec<T>, criteria: &[Same<'_, T>]) -> Self {
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

/// Where rules put what they find.
struct Report<'d> {
    base: &'d Document,
    new: &'d Document,
    rule: &'static str,
    changes: Vec<Change>,
}

impl Report<'_> {
    /// A change whose place is in the new document.
    fn at(&mut self, verdict: Verdict, pointer: &str, message: String, reason: &str) {
        let finding = self
            .new
            .finding(pointer, self.rule, Severity::Warning, message, reason);
        self.add(verdict, false, finding);
    }

    /// As [`at`](Self::at), about a key.
    fn at_key(&mut self, verdict: Verdict, pointer: &str, message: String, reason: &str) {
        let severity = Severity::Warning;
        let document = self.new;
        let finding =
            document.finding_at_key(pointer, self.rule, severity, message, reason.to_owned());
        self.add(verdict, false, finding);
    }

    /// A change that leaves nothing in the new document.
    fn removed(&mut self, verdict: Verdict, pointer: &str, message: String, reason: &str) {
        let severity = Severity::Warning;
        let document = self.base;
        let finding =
            document.finding_at_key(pointer, self.rule, severity, message, reason.to_owned());
        self.add(verdict, true, finding);
    }

    fn add(&mut self, verdict: Verdict, in_base: bool, finding: Finding) {
        self.changes.push(Change {
            verdict,
            in_base,
            finding,
        });
    }
}

//! What changes between two documents, and what that means for those who use
//! the client.
//!
//! Both documents are read as [`Spec`]s. Their operations are matched, then
//! everything that these send and receive; each rule looks at what belongs
//! together, and says what a difference means.

mod causes;
mod document;
mod json;
mod markdown;
mod operations;
mod parameters;
mod release;
mod rules;
mod schemas;
mod sides;
mod surface;
mod text;
mod whole;

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;

use serde::Serialize;

pub use self::release::{Bump, Release};
pub use self::rules::{ChangeRule, change_rules};
use self::sides::{SchemaPair, Sides, TypeNames};
use crate::document::Document;
use crate::finding::{Finding, Findings, Severity};
use crate::spec::{Found, Operation, Spec};
use crate::surface::Surface;
use crate::threads::both;

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

/// One difference between two documents.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Change {
    /// What it means: the worse of what its rule says and of what it does to the
    /// client.
    pub verdict: Verdict,
    /// What its rule says; `None` if it only shows in the client.
    pub by_rule: Option<Verdict>,
    /// Whether the place is in the base: what was removed is nowhere else.
    pub in_base: bool,
    /// Where it is, what it is, and as `help` why it means that.
    pub finding: Finding,
    /// The operations that it is a change of: none if it is one of the whole
    /// document.
    pub operations: Vec<Endpoint>,
    /// What it does to the client.
    pub effects: Vec<Effect>,
}

/// The method, the path and the name of an operation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Endpoint {
    /// Its method, in uppercase.
    pub method: String,
    /// The template of its path.
    pub path: String,
    /// Its `operationId`.
    pub operation_id: Option<String>,
}

impl Endpoint {
    fn of(operation: &Operation<'_>) -> Self {
        Self {
            method: operation.method.to_uppercase(),
            path: operation.path.to_owned(),
            operation_id: operation.id().map(str::to_owned),
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.method, self.path)?;
        match &self.operation_id {
            Some(id) => write!(formatter, " ({id})"),
            None => Ok(()),
        }
    }
}

/// What a change does to an item of the client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Effect {
    /// What that means for code that uses the item.
    pub verdict: Verdict,
    /// The path of the item, as in [`Surface`](crate::Surface).
    pub item: String,
    /// What changes, such as "new method `list_things()`".
    pub message: String,
}

/// The changes between two documents: what breaks first.
#[derive(Clone, Debug)]
pub struct Diff {
    base: Source,
    new: Source,
    changes: Vec<Change>,
    clients: Clients,
}

/// Whether the clients were compared.
#[derive(Clone, Debug)]
enum Clients {
    Compared,
    NotAskedFor,
    /// And why not.
    NotThere(String),
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
    /// Compares two documents by what they mean, and the clients that are generated
    /// from them, item by item.
    ///
    /// If there is no client for one of the documents, only the documents are
    /// compared.
    #[must_use]
    pub fn of(base: &Document, new: &Document) -> Self {
        Self::new(base, new, true)
    }

    /// Compares two documents by what they mean, and generates no clients.
    #[must_use]
    pub fn of_documents(base: &Document, new: &Document) -> Self {
        Self::new(base, new, false)
    }

    fn new(base: &Document, new: &Document, with_clients: bool) -> Self {
        let read = |document| {
            let spec = Spec::of(document);
            let types = TypeNames::of(&spec);
            (spec, types)
        };
        let alike = [base.like(new), new.like(base)];
        let ((before, old_types), (after, new_types)) =
            both(|| read(&alike[0]), || read(&alike[1]));
        let sides = Sides::of(&before, &after, [old_types, new_types]);
        let mut changes = Vec::new();
        for rule in rules::RULES {
            let mut report = Report {
                sides: &sides,
                rule: rule.name,
                about: About::Document,
                changes: Vec::new(),
            };
            rule.check(&sides, &mut report);
            changes.append(&mut report.changes);
        }
        sort(&mut changes);
        let mut changes = once(changes);
        let mut clients = Clients::NotAskedFor;
        if with_clients && base.root() == new.root() {
            clients = Clients::Compared;
        } else if with_clients {
            match surfaces(base, new) {
                Ok([one, other]) => {
                    let found = surface::compare(&one, &other, &sides);
                    causes::attach(&sides, &mut changes, found);
                    sort(&mut changes);
                    clients = Clients::Compared;
                }
                Err(reason) => clients = Clients::NotThere(reason),
            }
        }
        Self {
            base: Source::of(base),
            new: Source::of(new),
            changes,
            clients,
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

    /// The text that a change has its place in.
    fn source(&self, change: &Change) -> &Source {
        match change.in_base {
            true => &self.base,
            false => &self.new,
        }
    }

    /// Why the clients were not compared, if they should have been.
    #[must_use]
    pub fn without_clients(&self) -> Option<&str> {
        match &self.clients {
            Clients::NotThere(reason) => Some(reason),
            Clients::Compared | Clients::NotAskedFor => None,
        }
    }
}

/// What the clients of both documents offer; or why that is not known.
fn surfaces(base: &Document, new: &Document) -> Result<[Surface; 2], String> {
    let of = |document: &Document, which: &str| {
        crate::surface(document).map_err(|found: Findings| {
            let errors = found.iter().filter(|f| f.severity == Severity::Error);
            let first = errors.clone().next().map(|found| &found.message);
            let more = match errors.count() {
                0 | 1 => String::new(),
                some => format!(", and {} more", some - 1),
            };
            let message = first.map(String::as_str).unwrap_or_default();
            format!("no client can be generated from {which}: {message}{more}")
        })
    };
    let (base, new) = both(|| of(base, "the base"), || of(new, "the new document"));
    Ok([base?, new?])
}

/// The changes without those that are found again, because several operations share
/// what changes: the worst of them has the operations of all.
fn once(changes: Vec<Change>) -> Vec<Change> {
    let mut kept: Vec<Change> = Vec::new();
    let mut known = HashMap::new();
    for change in changes {
        let finding = &change.finding;
        // The message may name the operation.
        let mut message = finding.message.clone();
        if let [Endpoint { method, path, .. }] = &change.operations[..] {
            message = message.replace(&format!("`{method} {path}`"), "");
        }
        let key = (
            change.in_base,
            finding.rule,
            finding.pointer.clone(),
            message,
        );
        match known.entry(key) {
            Entry::Vacant(entry) => {
                entry.insert(kept.len());
                kept.push(change);
            }
            Entry::Occupied(entry) => {
                let operations = &mut kept[*entry.get()].operations;
                for operation in change.operations {
                    if !operations.contains(&operation) {
                        operations.push(operation);
                    }
                }
            }
        }
    }
    kept
}

/// What breaks first, then in the order of the text.
fn sort(changes: &mut [Change]) {
    changes.sort_by(|one, other| {
        let key = |change: &Change| (change.in_base, change.finding.span.start);
        (other.verdict, key(one)).cmp(&(one.verdict, key(other)))
    });
}

/// Where rules put what they find.
struct Report<'s, 'a> {
    sides: &'s Sides<'a>,
    rule: &'static str,
    about: About<'s, 'a>,
    changes: Vec<Change>,
}

/// What a rule looks at.
#[derive(Clone, Copy)]
enum About<'s, 'a> {
    Document,
    Operation(&'s Operation<'a>),
    Schema(&'s SchemaPair<'a>),
}

impl Report<'_, '_> {
    /// A change whose place is in the new document.
    fn at(&mut self, verdict: Verdict, pointer: &str, message: String, reason: &str) {
        let document = self.sides.new.document;
        let severity = Severity::Warning;
        let finding = document.finding(pointer, self.rule, severity, message, reason);
        self.add(verdict, false, finding);
    }

    /// As [`at`](Self::at), about a key.
    fn at_key(&mut self, verdict: Verdict, pointer: &str, message: String, reason: &str) {
        self.key_of(self.sides.new, verdict, pointer, message, reason);
    }

    /// A change that leaves nothing in the new document.
    fn removed(&mut self, verdict: Verdict, pointer: &str, message: String, reason: &str) {
        self.key_of(self.sides.base, verdict, pointer, message, reason);
    }

    fn key_of(
        &mut self,
        spec: &Spec<'_>,
        verdict: Verdict,
        pointer: &str,
        message: String,
        reason: &str,
    ) {
        let (document, reason) = (spec.document, reason.to_owned());
        let severity = Severity::Warning;
        let finding = document.finding_at_key(pointer, self.rule, severity, message, reason);
        self.add(verdict, std::ptr::eq(spec, self.sides.base), finding);
    }

    fn add(&mut self, verdict: Verdict, in_base: bool, finding: Finding) {
        let operations = match (self.about, in_base) {
            (About::Document, _) => Vec::new(),
            (About::Operation(operation), _) => vec![Endpoint::of(operation)],
            (About::Schema(pair), true) => endpoints(self.sides.base, pair.base.schema()),
            (About::Schema(pair), false) => endpoints(self.sides.new, pair.new.schema()),
        };
        self.changes.push(Change {
            verdict,
            by_rule: Some(verdict),
            in_base,
            finding,
            operations,
            effects: Vec::new(),
        });
    }
}

/// The operations that send or receive a schema.
fn endpoints(spec: &Spec<'_>, schema: &Found<'_>) -> Vec<Endpoint> {
    spec.users(&schema.pointer).map(Endpoint::of).collect()
}

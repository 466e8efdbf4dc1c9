//! Leaves out what no client can be generated from: as little as there is, and in the
//! end whole operations.

use std::collections::{BTreeSet, HashMap, HashSet};

use serde::Serialize;

use super::forms;
use super::settle::{Renamed, rename};
use super::titles::titles;
use super::untyped::{Untyped, untyped};
use super::ways::Map;
use crate::document::{Document, Draft, Edits, Spot, is_within, join};
use crate::finding::{Finding, Findings, Severity};
use crate::generate::{checked, surface_of};
use crate::lint::{Search, solve};
use crate::spec::{Spec, component_name};
use crate::threads::both;

/// Something that is in a document, but not in the spec that was made of it.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Loss {
    /// What it is.
    pub lost: Lost,
    /// Where it is in the document, as a JSON pointer.
    pub pointer: String,
    /// The operations that are left out, or that are in the spec without it, such as
    /// `GET /products`.
    pub operations: Vec<String>,
    /// Why no client can be generated from it.
    pub finding: Finding,
}

/// What a document has lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Lost {
    /// A whole operation.
    Operation,
    /// A parameter that a request does not need.
    Parameter,
    /// An error that may come: the client handles all of them alike.
    Error,
    /// The type of a value: it may be anything.
    Type,
    /// Which values there are: only their type is left.
    Values,
    /// The format of a text: it may be any text.
    Format,
    /// That a property is required: it may be missing.
    Requirement,
    /// A property of an object.
    Property,
    /// A component that no operation uses.
    Unused,
    /// A field that OpenAPI 3.0 does not have, or not there.
    Field,
    /// An example that does not fit.
    Example,
}

pub(super) struct Left {
    /// What is left, written and read again. It has no errors.
    pub(super) document: Document,
    /// Whether it is in the layout of the text.
    pub(super) keeps_layout: bool,
    pub(super) solved: Vec<Finding>,
    pub(super) losses: Vec<Loss>,
    pub(super) renamed: Vec<Renamed>,
    pub(super) untyped: Vec<Untyped>,
}

/// Solves and leaves out, until nothing is wrong. What is wrong elsewhere than in an
/// operation or a component is an error.
pub(super) fn leave_out(mut draft: Draft) -> Result<Left, Findings> {
    let mut solved = Vec::new();
    let mut search = Search::default();
    let mut done = Done::default();
    loop {
        let after = solve(draft, &mut search);
        solved.extend(after.solved);
        draft = after.draft;
        let mut findings = after.findings;
        let document = after.document;
        // Before the client is made, and before something is lost for what may be solved.
        if errors(&findings).all(Finding::is_fixable) && search.again() {
            continue;
        }
        if let Some(document) = document.as_ref().filter(|_| !findings.has_errors()) {
            let rewritten = || {
                let (document, keeps_layout) = draft.rewritten();
                let document = document?;
                checked(&Spec::of(&document))?;
                Ok((document, keeps_layout))
            };
            // Some names are only known when all types are there.
            let untyped = || {
                let spec = Spec::of(document);
                let surface = surface_of(&spec)?;
                Ok(untyped(&spec, &surface, &done.losses))
            };
            let (rewritten, untyped) = both(rewritten, untyped);
            match untyped {
                Ok(untyped) => {
                    let (document, keeps_layout) = rewritten?;
                    return Ok(Left {
                        document,
                        keeps_layout,
                        untyped,
                        solved,
                        losses: done.losses,
                        renamed: done.renamed,
                    });
                }
                Err(found) => findings = found,
            }
        }
        let changed = done.changed(draft, document.as_ref(), &findings);
        draft = changed.ok_or(findings)?;
        search.draft_has_changed();
    }
}

/// What was done so far.
#[derive(Default)]
struct Done {
    renamed: Vec<Renamed>,
    /// The nested schemas that got a title.
    titled: HashSet<String>,
    losses: Vec<Loss>,
    /// How often something was tried for the findings of a rule at a place: others may come
    /// to its pointer as items of lists go, and what is new has no place in the text.
    tries: HashMap<(&'static str, String, usize), usize>,
}

impl Done {
    /// The draft with what the findings lead to, if that is anything: what solves them
    /// without a loss, or else what leaves out as little as there is.
    fn changed(
        &mut self,
        draft: Draft,
        document: Option<&Document>,
        findings: &Findings,
    ) -> Option<Draft> {
        let errors: Vec<&Finding> = errors(findings).collect();
        let needs_name = |error: &&Finding| ["schema-name", "alternatives"].contains(&error.rule);
        let (named, others): (Vec<&Finding>, Vec<&Finding>) =
            errors.iter().copied().partition(needs_name);
        let clashing = self.clashing(&named);
        if !clashing.is_empty() {
            let components = clashing.iter();
            let components = components.map(|name| join("/components/schemas", name));
            let components: Vec<String> = components.collect();
            // What is elsewhere goes first: no pointer to it has a new name yet.
            let others = others.into_iter().filter(|error| {
                let mut renamed = components.iter();
                !renamed.any(|component| is_within(&error.pointer, component))
            });
            let draft = self.without(&draft, &hopeless(others)).unwrap_or(draft);
            let mut edits = Edits::default();
            let renamed = rename(draft.root(), &clashing, &mut edits);
            self.renamed.extend(renamed);
            return draft.with(edits);
        }
        if let Some(document) = document.filter(|_| !named.is_empty()) {
            let mut edits = Edits::default();
            let more = titles(draft.root(), document, &mut self.titled, &mut edits);
            if !more.is_empty() {
                self.renamed.extend(more);
                let draft = draft.with(edits)?;
                let others = hopeless(others.into_iter());
                return Some(self.without(&draft, &others).unwrap_or(draft));
            }
        }
        // What could be solved if nothing else was wrong comes last.
        let is_last = errors.iter().all(|error| error.is_fixable());
        let errors = match is_last {
            true => errors,
            false => hopeless(errors.into_iter()),
        };
        self.without(&draft, &errors)
    }

    /// The components that have the name of another one in Rust.
    fn clashing(&self, named: &[&Finding]) -> BTreeSet<String> {
        let named = named.iter().filter(|error| error.rule == "schema-name");
        let components = named.filter_map(|finding| component_name(&finding.pointer));
        let is_new = |name: &&str| self.renamed.iter().all(|known| known.to != **name);
        components.filter(is_new).map(str::to_owned).collect()
    }

    /// The draft without what the errors are about, if something becomes of that: with forms
    /// of their own, which are no loss, or else with losses.
    fn without(&mut self, draft: &Draft, errors: &[&Finding]) -> Option<Draft> {
        if errors.is_empty() {
            return None;
        }
        let map = Map::of(draft.root());
        let schemas = forms::own_schemas(&map, errors);
        let edits = match schemas.is_empty() {
            true => self.with_loss(&map, errors)?,
            false => {
                let mut edits = Edits::default();
                for (pointer, schema) in schemas {
                    edits.set(map.root, &pointer, schema);
                }
                edits
            }
        };
        draft.with(edits)
    }

    /// Changes that leave out as little as there is.
    fn with_loss(&mut self, map: &Map<'_>, errors: &[&Finding]) -> Option<Edits> {
        let mut found = Vec::new();
        let mut places = HashSet::new();
        for error in errors.iter().copied() {
            let place = (error.rule, error.pointer.clone(), error.span.start);
            let tried = self.tries.get(&place).copied().unwrap_or_default();
            let Some(way) = map.ways(error).into_iter().nth(tried) else {
                continue;
            };
            places.insert(place);
            found.push((way, error.clone()));
        }
        for place in places {
            *self.tries.entry(place).or_default() += 1;
        }
        // What is in an operation that goes, goes with it.
        let is_whole = |lost| matches!(lost, Lost::Operation | Lost::Unused);
        found.sort_by_key(|(way, _)| !is_whole(way.lost));
        let mut gone = BTreeSet::new();
        let mut new = Vec::new();
        for (way, finding) in found {
            let spots: BTreeSet<Spot> = way.gone.iter().filter_map(|at| map.spot(at)).collect();
            let is_new = spots.iter().any(|spot| !gone.contains(spot)) || way.new.is_some();
            let within = |loss: &Loss| {
                let is_other = way.pointer != loss.pointer;
                is_whole(loss.lost) && is_other && is_within(&way.pointer, &loss.pointer)
            };
            if !is_new || self.losses.iter().any(within) {
                continue;
            }
            gone.extend(spots);
            new.extend(way.new);
            self.losses.push(Loss {
                lost: way.lost,
                operations: way.operations,
                pointer: way.pointer,
                finding,
            });
        }
        if gone.is_empty() && new.is_empty() {
            return None;
        }
        let mut edits = Edits::without(gone);
        for (pointer, schema) in new {
            edits.set(map.root, &pointer, schema);
        }
        Some(edits)
    }
}

/// Those that nothing solves.
fn hopeless<'f>(errors: impl Iterator<Item = &'f Finding>) -> Vec<&'f Finding> {
    errors.filter(|error| !error.is_fixable()).collect()
}

fn errors(findings: &Findings) -> impl Iterator<Item = &Finding> {
    findings.iter().filter(|f| f.severity == Severity::Error)
}

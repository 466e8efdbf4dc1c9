//! Leaves out what no client can be generated from: as little as there is, and in the
//! end whole operations.

use std::collections::{BTreeSet, HashMap, HashSet};

use serde::Serialize;

use super::forms;
use super::settle::{Renamed, rename};
use super::titles::titles;
use super::untyped::{Untyped, untyped};
use super::ways::Map;
use crate::document::{Document, Draft, Edits, Spot, is_within};
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
        let map = Map::of(draft.root());
        let edits = done
            .without_loss(&map, document.as_ref(), &findings)
            .or_else(|| done.with_loss(&map, &findings));
        let changed = edits.and_then(|edits| draft.with(edits));
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
    /// Changes that solve something without a loss: names, and forms of their own.
    fn without_loss(
        &mut self,
        map: &Map<'_>,
        document: Option<&Document>,
        findings: &Findings,
    ) -> Option<Edits> {
        let mut edits = Edits::default();
        let named = errors(findings).filter(|error| error.rule == "schema-name");
        let components = named.filter_map(|finding| component_name(&finding.pointer));
        let is_new = |name: &&str| self.renamed.iter().all(|known| known.to != **name);
        let clashing: BTreeSet<String> = components.filter(is_new).map(str::to_owned).collect();
        if !clashing.is_empty() {
            self.renamed.extend(rename(map.root, &clashing, &mut edits));
            return Some(edits);
        }
        let may_need_title =
            |error: &Finding| ["schema-name", "alternatives"].contains(&error.rule);
        if let Some(document) = document.filter(|_| errors(findings).any(may_need_title)) {
            let more = titles(map.root, document, &mut self.titled, &mut edits);
            if !more.is_empty() {
                self.renamed.extend(more);
                return Some(edits);
            }
        }
        let schemas = forms::own_schemas(map, findings.iter());
        if schemas.is_empty() {
            return None;
        }
        for (pointer, schema) in schemas {
            edits.set(map.root, &pointer, schema);
        }
        Some(edits)
    }

    /// Changes that leave out as little as there is.
    fn with_loss(&mut self, map: &Map<'_>, findings: &Findings) -> Option<Edits> {
        // What could be solved if nothing else was wrong comes last.
        let is_last = errors(findings).all(Finding::is_fixable);
        let errors = errors(findings).filter(|error| is_last || !error.is_fixable());
        let mut found = Vec::new();
        let mut places = HashSet::new();
        for error in errors {
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

fn errors(findings: &Findings) -> impl Iterator<Item = &Finding> {
    findings.iter().filter(|f| f.severity == Severity::Error)
}

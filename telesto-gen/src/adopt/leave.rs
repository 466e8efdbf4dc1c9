//! Leaves out what no client can be generated from: as little as there is, and in the
//! end whole operations.

use std::collections::{BTreeSet, HashMap, HashSet};

use serde::Serialize;

use super::forms;
use super::settle::{Renamed, rename};
use super::titles::titles;
use super::ways::Map;
use crate::document::{Draft, Edits, Spot, is_within};
use crate::finding::{Finding, Findings, Severity};
use crate::generate::surface_of;
use crate::lint::{Search, solve};
use crate::spec::{Spec, component_name};
use crate::surface::Surface;

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
    pub(super) draft: Draft,
    pub(super) solved: Vec<Finding>,
    pub(super) losses: Vec<Loss>,
    pub(super) renamed: Vec<Renamed>,
    /// What the client offers.
    pub(super) surface: Surface,
}

/// Solves and leaves out, until nothing is wrong. What is wrong elsewhere than in an
/// operation or a component is an error.
pub(super) fn leave_out(mut draft: Draft) -> Result<Left, Findings> {
    let mut solved = Vec::new();
    let mut losses: Vec<Loss> = Vec::new();
    let mut renamed = Vec::new();
    let mut titled = HashSet::new();
    let mut search = Search::default();
    // How often something was tried for the findings of a rule at a place: others may come
    // to its pointer as items of lists go, and what is new has no place in the text.
    let mut tries: HashMap<(&'static str, String, usize), usize> = HashMap::new();
    loop {
        let after = solve(draft, &mut search);
        solved.extend(after.solved);
        draft = after.draft;
        let mut findings = after.findings;
        let document = after.document;
        if let Some(document) = document.as_ref().filter(|_| !findings.has_errors()) {
            // Some names are only known when all types are there.
            match surface_of(&Spec::of(document)) {
                Ok(surface) => {
                    return Ok(Left {
                        surface,
                        draft,
                        solved,
                        losses,
                        renamed,
                    });
                }
                Err(found) => findings = found,
            }
        }
        let errors = findings.iter().filter(|f| f.severity == Severity::Error);
        let named = errors.clone().filter(|error| error.rule == "schema-name");
        let clashing: BTreeSet<String> = named
            .clone()
            .filter_map(|finding| component_name(&finding.pointer).map(str::to_owned))
            .filter(|name| renamed.iter().all(|known: &Renamed| known.to != *name))
            .collect();
        if !clashing.is_empty() {
            let mut edits = Edits::default();
            renamed.extend(rename(draft.root(), &clashing, &mut edits));
            draft = draft.with(edits).ok_or(findings)?;
            continue;
        }
        if named.count() > 0
            && let Some(document) = &document
        {
            let mut edits = Edits::default();
            let more = titles(draft.root(), document, &mut titled, &mut edits);
            if !more.is_empty() {
                renamed.extend(more);
                draft = draft.with(edits).ok_or(findings)?;
                continue;
            }
        }
        let map = Map::of(draft.root());
        let schemas = forms::own_schemas(&map, findings.iter());
        if !schemas.is_empty() {
            let mut edits = Edits::default();
            for (pointer, schema) in schemas {
                edits.set(draft.root(), &pointer, schema);
            }
            draft = draft.with(edits).ok_or(findings)?;
            continue;
        }
        // What could be solved if nothing else was wrong comes last.
        let is_last = errors.clone().all(Finding::is_fixable);
        let errors = errors.filter(|error| is_last || !error.is_fixable());
        let mut gone = BTreeSet::new();
        let mut new = Vec::new();
        let mut found = Vec::new();
        let mut places = HashSet::new();
        for error in errors {
            let place = (error.rule, error.pointer.clone(), error.span.start);
            let tried = tries.get(&place).copied().unwrap_or_default();
            let ways = map.ways(error);
            let Some(way) = ways.into_iter().nth(tried) else {
                continue;
            };
            places.insert(place);
            found.push((way, error.clone()));
        }
        for place in places {
            *tries.entry(place).or_default() += 1;
        }
        // What is in an operation that goes, goes with it.
        let is_whole = |lost| matches!(lost, Lost::Operation | Lost::Unused);
        found.sort_by_key(|(way, _)| !is_whole(way.lost));
        for (way, finding) in found {
            let spots: BTreeSet<Spot> = way.gone.iter().filter_map(|at| map.spot(at)).collect();
            let is_new = spots.iter().any(|spot| !gone.contains(spot)) || way.new.is_some();
            let within = |loss: &Loss| {
                let is_other = way.pointer != loss.pointer;
                is_whole(loss.lost) && is_other && is_within(&way.pointer, &loss.pointer)
            };
            if !is_new || losses.iter().any(within) {
                continue;
            }
            gone.extend(spots);
            new.extend(way.new);
            losses.push(Loss {
                lost: way.lost,
                operations: way.operations,
                pointer: way.pointer,
                finding,
            });
        }
        if gone.is_empty() && new.is_empty() {
            return Err(findings);
        }
        let mut edits = Edits::without(gone);
        for (pointer, schema) in new {
            edits.set(draft.root(), &pointer, schema);
        }
        draft = match draft.with(edits) {
            Some(left) => left,
            None => return Err(findings),
        };
    }
}

//! Gives nested schemas a title of their own where their name in Rust is that of another
//! type, or of another alternative.

use std::collections::{HashMap, HashSet};

use super::Renamed;
use crate::document::{Document, Edits, Node, Spot, is_within, join};
use crate::lint::is_taken;
use crate::spec::types::Types;
use crate::spec::{Spec, component_name};

/// Sets the titles of the outermost schemas whose names clash: those of the schemas in them
/// follow. Those of `known` have one already.
pub(super) fn titles(
    root: &Node,
    document: &Document,
    known: &mut HashSet<String>,
    edits: &mut Edits,
) -> Vec<Renamed> {
    let spec = Spec::of(document);
    let types = Types::of(&spec);
    let clashes = types.clashes.iter();
    let clashes = clashes.map(|(name, first, second)| (name.clone(), [second, first].to_vec()));
    let taken = types.known.iter().filter(|(name, _)| is_taken(name));
    let taken = taken.map(|(name, found)| (name.clone(), vec![&found.pointer]));
    // What several operations share has a name for each.
    let mut named: HashMap<&str, &String> = HashMap::new();
    for (name, found) in &types.known {
        let first = named.entry(&found.pointer).or_insert(name);
        *first = name.min(first);
    }
    let alternatives = spec.unfit.iter().filter_map(|problem| {
        let (listed, _) = problem.pointer.rsplit_once('/')?;
        let (whole, _) = listed.rsplit_once('/')?;
        let name = format!("{}{}", named.get(whole)?, problem.shared_name.as_ref()?);
        Some((name, vec![&problem.pointer]))
    });
    let mut places: Vec<(String, &String)> = clashes
        .chain(taken)
        .chain(alternatives)
        .filter_map(|(name, places)| {
            let is_free = |at: &&&String| {
                let is_nested = component_name(at).is_none() && !known.contains(**at);
                is_nested && Spot::at(root, at).is_some()
            };
            Some((name, *places.iter().find(is_free)?))
        })
        .collect();
    // The outer ones first.
    places.sort_by_key(|(_, at)| (at.len(), *at));
    let mut titled: Vec<&String> = Vec::new();
    let mut names: HashSet<String> = types.known.keys().cloned().collect();
    let mut renamed = Vec::new();
    for (name, at) in places {
        if titled.iter().any(|outer| is_within(at, outer)) {
            continue;
        }
        let mut numbered = (2..).map(|number| format!("{name}{number}"));
        let Some(title) = numbered.find(|title| names.insert(title.clone())) else {
            continue;
        };
        edits.set(root, &join(at, "title"), title.as_str().into());
        known.insert(at.clone());
        titled.push(at);
        renamed.push(Renamed {
            what: format!("the schema {at}"),
            from: None,
            to: title,
        });
    }
    renamed
}

//! Queries in paths, as in `/things?sort={sort}`: OpenAPI wants them as parameters.

use std::collections::HashSet;

use super::correct::{Corrections, Mistake};
use super::settle::operations_of;
use super::{required_parameter, text};
use crate::document::{Entry, Node, join};
use crate::lint::path_names;

/// What is in the query of a path are parameters of the query. If two paths are one then,
/// a fragment tells them apart.
pub(super) fn queries(all: &mut Corrections<'_>) {
    let paths = all.root.get("paths").map_or(&[][..], Node::entries);
    let mut known: HashSet<String> = paths.iter().map(|path| path.key.to_string()).collect();
    for entry in paths {
        let Some((path, query)) = entry.key.split_once('?') else {
            continue;
        };
        let of_path = path_names(path).unwrap_or_default();
        let Some(query) = Query::of(query) else {
            continue;
        };
        let item = Item::of(entry);
        let is_in_path = of_path.iter().any(|name| query.sent_as(name).is_some());
        let Some(undeclared) = item.undeclared(&query).filter(|_| !is_in_path) else {
            continue;
        };
        let mut free = [path.to_owned(), format!("{path}#{}", query.fragment)].into_iter();
        if let Some(path) = free.find(|path| known.insert(path.clone())) {
            all.edits.rename(entry, path);
            all.note(Mistake::Query, &item.pointer);
            item.declare(&query, undeclared, all);
        }
    }
}

/// A query in a path, such as `from={start}&format=csv`.
struct Query<'a> {
    /// The variables, with the names that they are sent under.
    variables: Vec<(&'a str, &'a str)>,
    /// The names that always have the same value, with it.
    constants: Vec<(&'a str, &'a str)>,
    /// What tells it apart from another query of the same path, such as `from&format=csv`.
    fragment: String,
}

impl<'a> Query<'a> {
    /// `None` if something else is in it.
    fn of(query: &'a str) -> Option<Self> {
        let mut found = Self {
            variables: Vec::new(),
            constants: Vec::new(),
            fragment: String::new(),
        };
        let mut fragment = Vec::new();
        for part in query.split('&') {
            let (name, value) = part.split_once('=')?;
            let variable = value.strip_prefix('{').and_then(|v| v.strip_suffix('}'));
            match variable {
                Some(variable) if is_plain(name) && found.sent_as(variable).is_none() => {
                    fragment.push(name);
                    found.variables.push((variable, name));
                }
                None if is_plain(name) && is_plain(value) => {
                    fragment.push(part);
                    found.constants.push((name, value));
                }
                _ => return None,
            }
        }
        found.fragment = fragment.join("&");
        Some(found)
    }

    /// The name that a variable is sent under, if it is one of these.
    fn sent_as(&self, variable: &str) -> Option<&'a str> {
        let mut variables = self.variables.iter();
        let (_, name) = variables.find(|(known, _)| *known == variable)?;
        Some(name)
    }
}

/// Whether nothing in a part of a query stands for something else.
fn is_plain(text: &str) -> bool {
    !text.is_empty() && !text.contains(['{', '}', '%', '+', '#', '='])
}

/// A path item, and the parameters of paths and queries that are written in it, with their
/// pointers.
struct Item<'a> {
    node: &'a Node,
    pointer: String,
    shared: Parameters<'a>,
    of_operations: Vec<Parameters<'a>>,
}

type Parameters<'a> = Vec<(String, &'a Node)>;

impl<'a> Item<'a> {
    fn of(entry: &'a Entry) -> Self {
        let pointer = join("/paths", &entry.key);
        let operations = operations_of(&entry.value);
        let of_operations = operations
            .map(|operation| parameters(&operation.value, &join(&pointer, &operation.key)));
        Self {
            node: &entry.value,
            shared: parameters(&entry.value, &pointer),
            of_operations: of_operations.collect(),
            pointer,
        }
    }

    /// How many operations have a parameter.
    fn declares(&self, name: &str) -> usize {
        let has = |parameters: &Parameters<'_>| {
            let mut parameters = parameters.iter();
            parameters.any(|(_, node)| node.text_of("name") == Some(name))
        };
        match has(&self.shared) {
            true => self.of_operations.len(),
            false => self.of_operations.iter().filter(|own| has(own)).count(),
        }
    }

    /// Parameters for what no operation has of a query; `None` if only some have a variable,
    /// or if there is no place for them.
    fn undeclared(&self, query: &Query<'_>) -> Option<Vec<Node>> {
        let constants = query.constants.iter().map(|(name, value)| {
            let values = Node::list([Node::from(*value)]);
            let schema = Node::map([("type", "string".into()), ("enum", values)]);
            required_parameter(name, "query", schema)
        });
        let mut undeclared: Vec<Node> = constants.collect();
        for (variable, name) in &query.variables {
            match self.declares(variable) {
                0 => undeclared.push(required_parameter(name, "query", text())),
                all if all == self.of_operations.len() => {}
                _ => return None,
            }
        }
        let has_place = undeclared.is_empty() || self.node.get("parameters").is_none();
        has_place.then_some(undeclared)
    }

    /// Makes parameters of a query: of those that are declared, and new ones.
    fn declare(&self, query: &Query<'_>, new: Vec<Node>, all: &mut Corrections<'_>) {
        for (pointer, node) in self.of_operations.iter().flatten().chain(&self.shared) {
            let name = node.text_of("name");
            if let Some(name) = name.and_then(|name| query.sent_as(name)) {
                all.also_set(&join(pointer, "in"), "query".into());
                all.also_set(&join(pointer, "name"), name.into());
            }
        }
        if !new.is_empty() {
            all.also_set(&join(&self.pointer, "parameters"), Node::list(new));
        }
    }
}

fn parameters<'a>(holder: &'a Node, pointer: &str) -> Parameters<'a> {
    let items = holder.get("parameters").map_or(&[][..], Node::items);
    let pointer = join(pointer, "parameters");
    let items = items.iter().enumerate();
    let items = items.filter(|(_, item)| matches!(item.text_of("in"), Some("path" | "query")));
    let located = items.map(|(at, item)| (join(&pointer, &at.to_string()), item));
    located.collect()
}

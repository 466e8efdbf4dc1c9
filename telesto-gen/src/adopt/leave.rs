//! Leaves out what no client can be generated from: as little as there is, and in the
//! end whole operations.

use std::collections::{BTreeSet, HashMap, HashSet};

use serde::Serialize;

use super::forms;
use super::settle::{Renamed, operations, rename};
use crate::document::{Data, Draft, Edits, Kind, Node, Spot, Survey, find, join, of_reference};
use crate::finding::{Finding, Findings, Severity};
use crate::generate::surface;
use crate::lint::solve;
use crate::spec::{component_name, says_what};
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

pub(super) struct Left<'t> {
    pub(super) draft: Draft<'t>,
    pub(super) solved: Vec<Finding>,
    pub(super) losses: Vec<Loss>,
    pub(super) renamed: Vec<Renamed>,
    /// What the client offers.
    pub(super) surface: Surface,
}

/// The client of a draft that has no errors, or what is wrong with it. Some names are only
/// known when all types are there.
fn generated(draft: &Draft<'_>) -> Result<Surface, Findings> {
    surface(&draft.document()?)
}

/// Solves and leaves out, until nothing is wrong. What is wrong elsewhere than in an
/// operation or a component is an error.
pub(super) fn leave_out(mut draft: Draft<'_>) -> Result<Left<'_>, Findings> {
    let mut solved = Vec::new();
    let mut losses: Vec<Loss> = Vec::new();
    let mut renamed = Vec::new();
    // How often something was tried for the findings of a rule at a place: others may come
    // to its pointer as items of lists go, and what is new has no place in the text.
    let mut tries: HashMap<(&'static str, String, usize), usize> = HashMap::new();
    loop {
        let (more, after, mut findings) = solve(draft);
        solved.extend(more);
        draft = after;
        if !findings.has_errors() {
            match generated(&draft) {
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
        let clashing: BTreeSet<String> = findings
            .iter()
            .filter(|finding| finding.rule == "schema-name")
            .filter_map(|finding| component_name(&finding.pointer).map(str::to_owned))
            .filter(|name| renamed.iter().all(|known: &Renamed| known.to != *name))
            .collect();
        if !clashing.is_empty() {
            let mut edits = Edits::default();
            renamed.extend(rename(draft.root(), &clashing, &mut edits));
            draft = draft.with(edits).ok_or(findings)?;
            continue;
        }
        let map = Map::of(draft.root());
        let schemas = forms::own_schemas(draft.root(), &map.mentions, findings.iter());
        if !schemas.is_empty() {
            let mut edits = Edits::default();
            for (pointer, schema) in schemas {
                edits.set(draft.root(), &pointer, schema);
            }
            draft = draft.with(edits).ok_or(findings)?;
            continue;
        }
        let errors = findings.iter().filter(|f| f.severity == Severity::Error);
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
                let rest = way.pointer.strip_prefix(&loss.pointer);
                is_whole(loss.lost) && rest.is_some_and(|rest| rest.starts_with('/'))
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

/// A way to do without what a finding is about.
struct Way {
    lost: Lost,
    /// What is lost.
    pointer: String,
    /// The pointers of what is taken out for it.
    gone: Vec<String>,
    /// The pointer of a schema, and what it becomes.
    new: Option<(String, Node)>,
    operations: Vec<String>,
}

/// What is where in a document, and what refers to what.
struct Map<'a> {
    root: &'a Node,
    kinds: HashMap<String, Kind>,
    /// Where each component is referred to.
    mentions: HashMap<String, Vec<String>>,
    /// The operations, by their pointers.
    operations: Vec<(String, String)>,
}

impl<'a> Map<'a> {
    fn of(root: &'a Node) -> Self {
        let places = Survey::of(root).places.into_iter();
        let operations = operations(root).into_iter();
        let mut map = Self {
            root,
            kinds: places.map(|place| (place.pointer, place.kind)).collect(),
            mentions: HashMap::new(),
            operations: operations
                .map(|(method, path, pointer, _)| {
                    (pointer, format!("{} {path}", method.to_uppercase()))
                })
                .collect(),
        };
        map.note(root, "");
        map
    }

    /// Notes all references in a node.
    fn note(&mut self, node: &Node, at: &str) {
        for (index, item) in node.items().iter().enumerate() {
            self.note(item, &format!("{at}/{index}"));
        }
        for entry in node.entries() {
            let target = entry.value.text().filter(|_| entry.key == "$ref");
            let target = target.and_then(of_reference);
            let target = target.filter(|target| target.starts_with("/components/"));
            if let Some(target) = target {
                self.mentions.entry(target).or_default().push(at.to_owned());
            }
            self.note(&entry.value, &join(at, &entry.key));
        }
    }

    fn spot(&self, pointer: &str) -> Option<Spot> {
        Spot::at(self.root, pointer)
    }

    fn node(&self, pointer: &str) -> Option<&'a Node> {
        let target = find(self.root, pointer);
        target.exact.then_some(target.node)
    }

    /// The ways to do without what a finding is about, the one that loses least first.
    fn ways(&self, finding: &Finding) -> Vec<Way> {
        let pointer = finding.pointer.as_str();
        let Some(unit) = self.unit(pointer) else {
            let is_field = ["unknown-field", "wrong-type", "missing-field"].contains(&finding.rule);
            return match self.spot(pointer) {
                Some(_) if is_field => vec![Way {
                    lost: Lost::Field,
                    pointer: pointer.to_owned(),
                    gone: vec![pointer.to_owned()],
                    new: None,
                    operations: Vec::new(),
                }],
                _ => Vec::new(),
            };
        };
        let operations = self.users(&unit);
        let labels: Vec<String> = operations.iter().map(|(_, label)| label.clone()).collect();
        let way = |lost, pointer: &str, gone: Vec<String>| Way {
            lost,
            pointer: pointer.to_owned(),
            gone,
            new: None,
            operations: labels.clone(),
        };
        let alone = |lost, pointer: &str| way(lost, pointer, vec![pointer.to_owned()]);
        let is_component = unit.starts_with("/components/");
        if is_component && operations.is_empty() {
            return vec![alone(Lost::Unused, &unit)];
        }
        let mut ways = Vec::new();
        if !is_component && operations.is_empty() {
            return vec![alone(Lost::Field, pointer), alone(Lost::Field, &unit)];
        }
        if finding.rule == "enum-values"
            && let Some(values) = self.enum_at(pointer)
        {
            ways.push(alone(Lost::Values, &values));
        }
        if finding.rule == "json-without-schema" {
            // Nothing is lost: it may be any JSON.
            let schema = join(pointer, "schema");
            ways.push(Way {
                new: Some((schema.clone(), Node::map([]))),
                ..way(Lost::Type, &schema, Vec::new())
            });
        }
        let is_schema = self.kinds.get(pointer) == Some(&Kind::Schema);
        if pointer.ends_with("/allowReserved") || (pointer.ends_with("/not") && is_schema) {
            ways.push(alone(Lost::Field, pointer));
        }
        if let Some((parameter, "content")) = pointer.rsplit_once('/')
            && self.kinds.get(parameter) == Some(&Kind::Parameter)
        {
            // Callers write the text themselves.
            let text = Node::map([("type", "string".into())]);
            ways.push(Way {
                new: Some((join(parameter, "schema"), text)),
                ..way(Lost::Type, pointer, vec![pointer.to_owned()])
            });
        }
        if finding.rule == "unsupported-media-type" && pointer.ends_with("/schema") {
            let bytes = [("type", "string".into()), ("format", "binary".into())];
            ways.push(Way {
                new: Some((pointer.to_owned(), Node::map(bytes))),
                ..way(Lost::Type, pointer, Vec::new())
            });
        }
        if finding.rule == "unsupported-media-type" && is_property(pointer) {
            // In a form, where any value is sent as text.
            let text = Node::map([("type", "string".into())]);
            ways.push(Way {
                new: Some((pointer.to_owned(), text)),
                ..way(Lost::Type, pointer, Vec::new())
            });
        }
        if finding.rule == "unsupported-media-type"
            && let Some((body, "content")) = pointer.rsplit_once('/')
            && let Some(Data::Map(kinds)) = self.node(pointer).map(|content| &content.data)
            && kinds.is_empty()
        {
            ways.push(alone(Lost::Field, body));
        }
        ways.extend(
            self.encoded(pointer)
                .map(|gone| way(Lost::Property, pointer, gone)),
        );
        if let Some(example) = self.example(pointer) {
            ways.push(alone(Lost::Example, &example));
        }
        if finding.rule == "unknown-field" {
            ways.push(alone(Lost::Field, pointer));
        }
        // From the inside out.
        let ends = pointer.match_indices('/').map(|(end, _)| end);
        let ends: Vec<usize> = ends.chain([pointer.len()]).collect();
        for end in ends.into_iter().rev().filter(|end| *end >= unit.len()) {
            let at = &pointer[..end];
            match self.kinds.get(at) {
                Some(Kind::Schema) if !self.is_of_parameter(at) => {
                    // What is wrong with alternatives is wrong with all of them.
                    if finding.rule != "alternatives" || !is_part(at) {
                        ways.extend(self.untyped(at).map(|gone| way(Lost::Type, at, gone)));
                    }
                    if is_property(at) {
                        ways.push(alone(Lost::Property, at));
                    }
                }
                Some(Kind::Parameter) => {
                    let schema = join(at, "schema");
                    if self.node(&schema).is_some() && finding.pointer.starts_with(&schema) {
                        // A scalar of any type is sent as text.
                        let text = Node::map([("type", "string".into())]);
                        ways.push(Way {
                            new: Some((schema.clone(), text)),
                            ..way(Lost::Type, &schema, Vec::new())
                        });
                    }
                    // One that is not in the path is not sent.
                    if self.is_optional(at) || finding.rule == "path-parameter" {
                        let mut gone = vec![at.to_owned()];
                        gone.extend(self.mentions.get(at).into_iter().flatten().cloned());
                        ways.push(way(Lost::Parameter, at, gone));
                    }
                }
                Some(Kind::Response) if self.is_error(at) => {
                    ways.push(alone(Lost::Error, at));
                }
                Some(
                    Kind::Header
                    | Kind::Discriminator
                    | Kind::Link
                    | Kind::Callback
                    | Kind::Encoding
                    | Kind::ExternalDocs
                    | Kind::Xml
                    | Kind::Server,
                ) => ways.push(alone(Lost::Field, at)),
                _ => {}
            }
        }
        // Fields of the wrong type that are none of the above.
        if finding.rule == "wrong-type" && pointer != unit {
            ways.insert(0, alone(Lost::Field, pointer));
        }
        let mut gone: Vec<String> = operations.into_iter().map(|(at, _)| at).collect();
        if !gone.contains(&unit) {
            gone.push(unit.clone());
        }
        gone.extend(self.left_empty(&gone));
        ways.push(way(Lost::Operation, &unit, gone));
        ways.retain(|way| way.new.is_some() || way.gone.iter().any(|at| self.spot(at).is_some()));
        ways
    }

    /// The operation, the path or the component that a pointer leads into.
    fn unit(&self, pointer: &str) -> Option<String> {
        let tokens: Vec<&str> = pointer.split('/').collect();
        let is_operation = |at: &str| self.operations.iter().any(|(known, _)| known == at);
        match tokens[..] {
            ["", "paths", path, method, ..] if is_operation(&format!("/paths/{path}/{method}")) => {
                Some(format!("/paths/{path}/{method}"))
            }
            ["", "paths", path, ..] => Some(format!("/paths/{path}")),
            ["", "components", section, name, ..] => Some(format!("/components/{section}/{name}")),
            _ => None,
        }
    }

    /// The operations that are, or are in, or use what a pointer names.
    fn users(&self, unit: &str) -> Vec<(String, String)> {
        let mut units = HashSet::from([unit.to_owned()]);
        let mut next = vec![unit.to_owned()];
        while let Some(unit) = next.pop() {
            let mentions = self.mentions.get(&unit).into_iter().flatten();
            for user in mentions.filter_map(|at| self.unit(at)) {
                if units.insert(user.clone()) {
                    next.push(user);
                }
            }
        }
        let is_user = |at: &str| {
            let path = at.rsplit_once('/').map_or("", |(path, _)| path);
            units.contains(at) || units.contains(path)
        };
        let operations = self.operations.iter().filter(|(at, _)| is_user(at));
        operations.cloned().collect()
    }

    /// The paths that have no operation left without these.
    fn left_empty(&self, gone: &[String]) -> Vec<String> {
        let path = |at: &str| at.rsplit_once('/').map(|(path, _)| path.to_owned());
        let paths: BTreeSet<String> = gone.iter().filter_map(|at| path(at)).collect();
        let is_left = |of: &String| {
            let mut operations = self.operations.iter().map(|(at, _)| at);
            operations.any(|at| path(at).as_ref() == Some(of) && !gone.contains(at))
        };
        let empty = paths
            .into_iter()
            .filter(|at| at.starts_with("/paths/") && !is_left(at));
        empty.collect()
    }

    /// The property of a form, if a pointer leads to the encoding of one that is not
    /// required.
    fn encoded(&self, pointer: &str) -> Option<Vec<String>> {
        let (media, name) = pointer.rsplit_once("/encoding/")?;
        let schema = join(media, "schema");
        let required = self
            .node(&schema)?
            .get("required")
            .map_or(&[][..], Node::items);
        let is_required = required
            .iter()
            .any(|required| required.text() == Some(name));
        let property = format!("{schema}/properties/{name}");
        (!is_required && self.node(&property).is_some()).then(|| vec![pointer.to_owned(), property])
    }

    /// The example that a pointer leads to or into.
    fn example(&self, pointer: &str) -> Option<String> {
        let ends = pointer.match_indices('/').map(|(end, _)| end).skip(1);
        for end in ends.chain([pointer.len()]) {
            let at = &pointer[..end];
            let (holder, key) = at.rsplit_once('/')?;
            let is_held = match self.kinds.get(holder) {
                Some(Kind::Schema | Kind::MediaType | Kind::Parameter | Kind::Header) => {
                    key == "example"
                }
                _ => self.kinds.get(at) == Some(&Kind::Example),
            };
            if is_held {
                return Some(at.to_owned());
            }
        }
        None
    }

    /// What to take out of a schema so that its value may be anything.
    fn untyped(&self, at: &str) -> Option<Vec<String>> {
        let entries = self.node(at)?.entries().iter();
        let saying = entries.filter(|entry| says_what(&entry.key));
        let gone: Vec<String> = saying.map(|entry| join(at, &entry.key)).collect();
        (!gone.is_empty()).then_some(gone)
    }

    /// The list of values of the schema that a pointer leads to, or that it leads into.
    fn enum_at(&self, pointer: &str) -> Option<String> {
        let schema = match pointer.rfind("/enum") {
            Some(end) if self.kinds.get(&pointer[..end]) == Some(&Kind::Schema) => &pointer[..end],
            _ => pointer,
        };
        let values = join(schema, "enum");
        (self.kinds.get(schema) == Some(&Kind::Schema) && self.node(&values).is_some())
            .then_some(values)
    }

    /// Whether a schema is the one of a parameter, or in it.
    fn is_of_parameter(&self, at: &str) -> bool {
        let ends = at.match_indices('/').map(|(end, _)| end);
        let mut holders = ends.map(|end| self.kinds.get(&at[..end]));
        holders.any(|kind| kind == Some(&Kind::Parameter))
    }

    fn is_optional(&self, parameter: &str) -> bool {
        let node = self.node(parameter);
        node.is_some_and(|node| node.text_of("in") != Some("path") && !node.is_set("required"))
    }

    /// Whether a response is one of an error, wherever it is mentioned.
    fn is_error(&self, response: &str) -> bool {
        let is_success = |at: &str| {
            let status = at.rsplit('/').next().unwrap_or_default();
            status.starts_with('2') || status == "default"
        };
        match self.mentions.get(response) {
            Some(mentions) => !mentions.iter().any(|at| is_success(at)),
            None => !is_success(response),
        }
    }
}

/// Whether a schema is one of several that are put together.
fn is_part(pointer: &str) -> bool {
    let holder = pointer.rsplit('/').nth(1);
    matches!(holder, Some("oneOf" | "anyOf" | "allOf"))
}

fn is_property(pointer: &str) -> bool {
    pointer.rsplit('/').nth(1) == Some("properties")
}

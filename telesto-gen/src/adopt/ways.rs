//! The ways to do without what a finding is about, by what is where in a document.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::leave::Lost;
use super::settle::operations;
use super::text;
use crate::document::{Data, Kind, Node, Spot, Survey, find, join, of_reference};
use crate::finding::Finding;
use crate::spec::says_what;

/// A way to do without what a finding is about.
pub(super) struct Way {
    pub(super) lost: Lost,
    /// What is lost.
    pub(super) pointer: String,
    /// The pointers of what is taken out for it.
    pub(super) gone: Vec<String>,
    /// The pointer of a schema, and what it becomes.
    pub(super) new: Option<(String, Node)>,
    pub(super) operations: Vec<String>,
}

impl Way {
    /// Takes these out.
    fn without(lost: Lost, pointer: &str, gone: Vec<String>) -> Self {
        Self {
            lost,
            pointer: pointer.to_owned(),
            gone,
            new: None,
            operations: Vec::new(),
        }
    }

    /// Takes out what is lost.
    fn at(lost: Lost, pointer: &str) -> Self {
        Self::without(lost, pointer, vec![pointer.to_owned()])
    }

    /// Puts another schema in place of one.
    fn new_schema(pointer: &str, schema: Node) -> Self {
        Self {
            new: Some((pointer.to_owned(), schema)),
            ..Self::without(Lost::Type, pointer, Vec::new())
        }
    }
}

/// What is where in a document, and what refers to what.
pub(super) struct Map<'a> {
    pub(super) root: &'a Node,
    kinds: HashMap<String, Kind>,
    /// Where each component is referred to.
    pub(super) mentions: HashMap<String, Vec<String>>,
    /// The operations, by their pointers.
    operations: Vec<(String, String)>,
}

impl<'a> Map<'a> {
    pub(super) fn of(root: &'a Node) -> Self {
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

    pub(super) fn spot(&self, pointer: &str) -> Option<Spot> {
        Spot::at(self.root, pointer)
    }

    fn node(&self, pointer: &str) -> Option<&'a Node> {
        let target = find(self.root, pointer);
        target.exact.then_some(target.node)
    }

    /// The ways to do without what a finding is about, the one that loses least first.
    pub(super) fn ways(&self, finding: &Finding) -> Vec<Way> {
        let pointer = finding.pointer.as_str();
        let Some(unit) = self.unit(pointer) else {
            let is_field = ["unknown-field", "wrong-type", "missing-field"].contains(&finding.rule);
            let field = Way::at(Lost::Field, pointer);
            return self
                .spot(pointer)
                .filter(|_| is_field)
                .map(|_| field)
                .into_iter()
                .collect();
        };
        let operations = self.users(&unit);
        let labels: Vec<String> = operations.iter().map(|(_, label)| label.clone()).collect();
        let mut ways = Vec::new();
        if operations.is_empty() {
            match unit.starts_with("/components/") {
                true => ways.push(Way::at(Lost::Unused, &unit)),
                false => ways.extend([pointer, &unit].map(|at| Way::at(Lost::Field, at))),
            }
            return ways;
        }
        // Fields of the wrong type.
        if finding.rule == "wrong-type" && pointer != unit {
            ways.push(Way::at(Lost::Field, pointer));
        }
        self.add_of_rule(finding, &mut ways);
        self.add_around(finding, &unit, &mut ways);
        let mut gone: Vec<String> = operations.into_iter().map(|(at, _)| at).collect();
        if !gone.contains(&unit) {
            gone.push(unit.clone());
        }
        gone.extend(self.left_empty(&gone));
        ways.push(Way::without(Lost::Operation, &unit, gone));
        ways.retain(|way| way.new.is_some() || way.gone.iter().any(|at| self.spot(at).is_some()));
        for way in ways.iter_mut().filter(|way| way.operations.is_empty()) {
            way.operations.clone_from(&labels);
        }
        ways
    }

    /// Adds the ways that there are because of what is wrong.
    fn add_of_rule(&self, finding: &Finding, ways: &mut Vec<Way>) {
        let pointer = finding.pointer.as_str();
        let is_schema = self.kinds.get(pointer) == Some(&Kind::Schema);
        match finding.rule {
            "enum-values" => {
                let values = self.enum_at(pointer);
                ways.extend(values.map(|values| Way::at(Lost::Values, &values)));
            }
            // Nothing is lost: it may be any JSON.
            "json-without-schema" => {
                ways.push(Way::new_schema(&join(pointer, "schema"), Node::map([])));
            }
            "unsupported-media-type" => self.add_of_body(pointer, ways),
            _ if pointer.ends_with("/allowReserved")
                || (is_schema
                    && (pointer.ends_with("/not") || self.is_beside_properties(pointer))) =>
            {
                ways.push(Way::at(Lost::Field, pointer));
            }
            _ => {}
        }
        if let Some((parameter, "content")) = pointer.rsplit_once('/')
            && self.kinds.get(parameter) == Some(&Kind::Parameter)
        {
            // Callers write the text themselves.
            ways.push(Way {
                new: Some((join(parameter, "schema"), text())),
                ..Way::at(Lost::Type, pointer)
            });
        }
        ways.extend(
            self.encoded(pointer)
                .map(|gone| Way::without(Lost::Property, pointer, gone)),
        );
        let example = self.example(pointer);
        if finding.rule == "example" && example.as_deref().is_some_and(|at| self.is_read(at)) {
            // What a response is like, an example of it shows.
            ways.extend(finding.others.iter().filter_map(|at| self.wider(at)));
        }
        ways.extend(example.map(|example| Way::at(Lost::Example, &example)));
        if finding.rule == "unknown-field" {
            ways.push(Way::at(Lost::Field, pointer));
        }
    }

    /// Whether a pointer leads to the items of what is an object, by its properties.
    fn is_beside_properties(&self, pointer: &str) -> bool {
        let object = pointer.strip_suffix("/items").and_then(|at| self.node(at));
        object.is_some_and(|object| object.get("properties").is_some())
    }

    /// Adds the ways to send a body, or a part of it, as it comes.
    fn add_of_body(&self, pointer: &str, ways: &mut Vec<Way>) {
        if self.kinds.get(pointer) == Some(&Kind::MediaType) {
            // A form of which nobody knows the fields.
            let schema = join(pointer, "schema");
            if self.node(&schema).is_none() {
                ways.push(Way::new_schema(&schema, Node::map([])));
            }
        }
        if pointer.ends_with("/schema") {
            let bytes = [("type", "string".into()), ("format", "binary".into())];
            ways.push(Way::new_schema(pointer, Node::map(bytes)));
        }
        if is_property(pointer) {
            // In a form, where any value is sent as text.
            ways.push(Way::new_schema(pointer, text()));
        }
        if let Some((body, "content")) = pointer.rsplit_once('/')
            && let Some(Data::Map(kinds)) = self.node(pointer).map(|content| &content.data)
            && kinds.is_empty()
        {
            ways.push(Way::at(Lost::Field, body));
        }
    }

    /// Adds the ways to do without something that a finding is in, from the inside out.
    fn add_around(&self, finding: &Finding, unit: &str, ways: &mut Vec<Way>) {
        let pointer = finding.pointer.as_str();
        let ends = pointer.match_indices('/').map(|(end, _)| end);
        let ends: Vec<usize> = ends.chain([pointer.len()]).collect();
        for end in ends.into_iter().rev().filter(|end| *end >= unit.len()) {
            let at = &pointer[..end];
            match self.kinds.get(at) {
                Some(Kind::Schema) if !self.is_of_parameter(at) => {
                    // What is wrong with alternatives is wrong with all of them.
                    if finding.rule != "alternatives" || whole(at).is_none() {
                        let untyped = self.untyped(at);
                        ways.extend(untyped.map(|gone| Way::without(Lost::Type, at, gone)));
                    }
                    if is_property(at) {
                        ways.push(Way::at(Lost::Property, at));
                    }
                }
                Some(Kind::Parameter) => {
                    let schema = join(at, "schema");
                    if self.node(&schema).is_some() && pointer.starts_with(&schema) {
                        // A scalar of any type is sent as text.
                        ways.push(Way::new_schema(&schema, text()));
                    }
                    // One that is not in the path is not sent.
                    if self.is_optional(at) || finding.rule == "path-parameter" {
                        let mut gone = vec![at.to_owned()];
                        gone.extend(self.mentions.get(at).into_iter().flatten().cloned());
                        ways.push(Way::without(Lost::Parameter, at, gone));
                    }
                }
                Some(Kind::Response) if self.is_error(at) => ways.push(Way::at(Lost::Error, at)),
                Some(
                    Kind::Header
                    | Kind::Discriminator
                    | Kind::Link
                    | Kind::Callback
                    | Kind::Encoding
                    | Kind::ExternalDocs
                    | Kind::Xml
                    | Kind::Server,
                ) => ways.push(Way::at(Lost::Field, at)),
                _ => {}
            }
        }
    }

    /// The operation, the path or the component that a pointer leads into.
    pub(super) fn unit(&self, pointer: &str) -> Option<String> {
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

    /// The way to read any value of a schema, any text of a format, or what is required where
    /// it is missing.
    fn wider(&self, at: &str) -> Option<Way> {
        let way = match self.kinds.get(at) {
            Some(Kind::Schema) => Way::without(Lost::Type, at, self.untyped(at)?),
            _ if at.ends_with("/format") => Way::at(Lost::Format, at),
            _ => Way::at(Lost::Requirement, at),
        };
        let users = self.users(&self.unit(at)?).into_iter();
        Some(Way {
            operations: users.map(|(_, label)| label).collect(),
            ..way
        })
    }

    /// Whether an example is one of a whole response that a client reads.
    fn is_read(&self, example: &str) -> bool {
        let holder = example.rsplit_once('/').map_or("", |(holder, _)| holder);
        let is_whole = self.kinds.get(holder) == Some(&Kind::MediaType)
            || self.kinds.get(example) == Some(&Kind::Example);
        let is_of_success = |at: &str| {
            let response = above(at).find(|at| self.kinds.get(*at) == Some(&Kind::Response));
            response.is_some_and(|at| !self.is_error(at))
        };
        let mentions = self.mentions.get(example).into_iter().flatten();
        let mut places = mentions.map(String::as_str).chain([example]);
        is_whole && places.any(is_of_success)
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
        above(at).any(|at| self.kinds.get(at) == Some(&Kind::Parameter))
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

/// The pointers of all that a pointer leads into, from the outside in.
fn above(pointer: &str) -> impl Iterator<Item = &str> {
    pointer.match_indices('/').map(|(end, _)| &pointer[..end])
}

/// The schema that another one is a part or an alternative of.
pub(super) fn whole(part: &str) -> Option<&str> {
    let (list, index) = part.rsplit_once('/')?;
    let (schema, keyword) = list.rsplit_once('/')?;
    let is_part = matches!(keyword, "oneOf" | "anyOf" | "allOf");
    (is_part && index.bytes().all(|b| b.is_ascii_digit())).then_some(schema)
}

fn is_property(pointer: &str) -> bool {
    pointer.rsplit('/').nth(1) == Some("properties")
}

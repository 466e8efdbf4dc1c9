//! The nodes of a YAML text, each with its position.
//!
//! serde forgets the positions of values, and takes the last of two equal keys.
//! This tree keeps positions, and refuses what an OpenAPI document has no use
//! for.

use std::collections::HashMap;
use std::ops::Range;
use std::ptr;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Span};
use serde_json::Value;
use smol_str::SmolStr;

use super::surrogates::Joined;
use super::syntax;
use super::{Spot, json};

/// How deep a document may be nested. serde_yaml stops at 128.
pub(super) const MAX_DEPTH: usize = 100;

/// How many nodes aliases may add to a document.
const MAX_ALIASED: usize = 100_000;

/// A value of a document, and its position.
#[derive(Debug, Clone)]
pub struct Node {
    /// The bytes of the text.
    pub(crate) span: Range<usize>,
    pub(crate) data: Data,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Data {
    Null,
    Flag(bool),
    Integer(i64),
    Number(f64),
    Text(SmolStr),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

/// An entry of a mapping.
#[derive(Debug, Clone)]
pub struct Entry {
    pub(crate) key: SmolStr,
    pub(crate) key_span: Range<usize>,
    /// Whether the key is a string: `"200"` is one, `200` is a number.
    pub(crate) key_is_text: bool,
    /// Its value.
    pub value: Node,
}

/// Which node of a tree it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct NodeId(usize);

/// Nodes are equal if their values are; positions do not matter.
impl PartialEq for Node {
    fn eq(&self, other: &Self) -> bool {
        self.data == other.data
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key && self.value == other.value
    }
}

impl From<Data> for Node {
    /// A value that is in no text.
    fn from(data: Data) -> Self {
        Self { span: 0..0, data }
    }
}

impl From<&str> for Node {
    fn from(text: &str) -> Self {
        Data::Text(text.into()).into()
    }
}

impl From<bool> for Node {
    fn from(flag: bool) -> Self {
        Data::Flag(flag).into()
    }
}

impl From<i64> for Node {
    fn from(number: i64) -> Self {
        Data::Integer(number).into()
    }
}

impl Entry {
    /// Its key.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// An entry that is in no text, at the place that its value is said to have.
    pub(super) fn new(key: impl Into<SmolStr>, value: Node) -> Self {
        Self {
            key: key.into(),
            key_span: value.span.clone(),
            key_is_text: true,
            value,
        }
    }
}

impl Node {
    /// Which node it is, as long as its tree does not change.
    pub(crate) fn id(&self) -> NodeId {
        NodeId(ptr::from_ref(self).addr())
    }

    /// A mapping that is in no text.
    pub(crate) fn map<const N: usize>(entries: [(&str, Node); N]) -> Self {
        let entries = entries.map(|(key, value)| Entry::new(key, value));
        Self::from(Data::Map(entries.into()))
    }

    /// A list that is in no text.
    pub(crate) fn list(items: impl IntoIterator<Item = Node>) -> Self {
        Self::from(Data::List(items.into_iter().collect()))
    }

    /// The entries, if this is a mapping.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        match &self.data {
            Data::Map(entries) => entries,
            _ => &[],
        }
    }

    pub(super) fn entries_mut(&mut self) -> &mut [Entry] {
        match &mut self.data {
            Data::Map(entries) => entries,
            _ => &mut [],
        }
    }

    /// The items, if this is a list.
    #[must_use]
    pub fn items(&self) -> &[Node] {
        match &self.data {
            Data::List(items) => items,
            _ => &[],
        }
    }

    pub(crate) fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries().iter().find(|entry| entry.key == key)
    }

    /// The value of the field `key`.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|entry| &entry.value)
    }

    /// The text, if this is text.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match &self.data {
            Data::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The text of the field `key`.
    #[must_use]
    pub fn text_of(&self, key: &str) -> Option<&str> {
        self.get(key)?.text()
    }

    /// Whether the field `key` is `true`.
    #[must_use]
    pub fn is_set(&self, key: &str) -> bool {
        matches!(self.get(key), Some(node) if node.data == Data::Flag(true))
    }

    /// This as JSON.
    #[must_use]
    pub fn to_json(&self) -> Value {
        match &self.data {
            Data::Null => Value::Null,
            Data::Flag(flag) => (*flag).into(),
            Data::Integer(number) => (*number).into(),
            Data::Number(number) => (*number).into(),
            Data::Text(text) => text.as_str().into(),
            Data::List(items) => items.iter().map(Self::to_json).collect(),
            Data::Map(entries) => {
                let entries = entries.iter();
                let members = entries.map(|entry| (entry.key.to_string(), entry.value.to_json()));
                Value::Object(members.collect())
            }
        }
    }

    /// This as YAML, which keeps the order of entries.
    pub(super) fn to_yaml(&self) -> serde_yaml::Value {
        match &self.data {
            Data::Null => serde_yaml::Value::Null,
            Data::Flag(flag) => (*flag).into(),
            Data::Integer(number) => (*number).into(),
            Data::Number(number) => (*number).into(),
            Data::Text(text) => text.as_str().into(),
            Data::List(items) => items.iter().map(Self::to_yaml).collect(),
            Data::Map(entries) => {
                let entries = entries.iter();
                let members =
                    entries.map(|entry| (entry.key.as_str().into(), entry.value.to_yaml()));
                serde_yaml::Value::Mapping(members.collect())
            }
        }
    }

    /// What this is, for messages.
    pub(crate) fn what(&self) -> &'static str {
        match &self.data {
            Data::Null => "nothing",
            Data::Flag(_) => "true or false",
            Data::Integer(_) => "a whole number",
            Data::Number(_) => "a number",
            Data::Text(_) => "a string",
            Data::List(_) => "a list",
            Data::Map(_) => "a mapping",
        }
    }

    /// Whether this is neither a list nor a mapping.
    #[must_use]
    pub fn is_scalar(&self) -> bool {
        !matches!(self.data, Data::List(_) | Data::Map(_))
    }
}

/// Why a text is refused.
pub(crate) struct Problem {
    pub(crate) rule: &'static str,
    pub(crate) span: Range<usize>,
    pub(crate) message: String,
    pub(crate) help: String,
    /// What can be taken out to solve it, and nothing is lost.
    pub(crate) fix: Option<Spot>,
}

/// Reads `text` as one document.
pub(crate) fn load(text: &str) -> Result<Node, Vec<Problem>> {
    json::load(text).map_or_else(|| yaml(text), Ok)
}

/// Reads `text` as YAML.
pub(super) fn yaml(text: &str) -> Result<Node, Vec<Problem>> {
    // As YAML can read it, with the byte that each of its characters comes from.
    let joined = Joined::of(text);
    let mut loader = Loader {
        text,
        offsets: joined.offsets(),
        stack: Vec::new(),
        anchors: HashMap::new(),
        aliased: 0,
        documents: 0,
        root: None,
        problems: Vec::new(),
    };
    // Reading by character rather than by byte makes all indices characters,
    // also behind comments that are not ASCII.
    for event in Parser::new_from_iter(joined.text.chars()) {
        let taken = match event {
            Ok((event, span)) => loader.take(event, span),
            Err(error) => {
                let span = loader.point(*error.marker());
                let help = syntax::help(error.info(), text, error.marker().line());
                loader.refuse("yaml-syntax", span, error.info(), &help);
                Err(Stop)
            }
        };
        if taken.is_err() {
            break;
        }
    }
    let empty = !matches!(&loader.root, Some(root) if root.data != Data::Null);
    if empty && loader.problems.is_empty() {
        loader.refuse(
            "empty-document",
            0..0,
            "the file is empty",
            "start it with `openapi: 3.0.3`",
        );
    }
    match loader.root {
        Some(root) if loader.problems.is_empty() => Ok(root),
        _ => Err(loader.problems),
    }
}

/// Reading stops here.
struct Stop;

struct Loader<'t> {
    text: &'t str,
    /// The byte at which each character starts, and the end.
    offsets: Vec<usize>,
    stack: Vec<Frame>,
    anchors: HashMap<usize, Node>,
    aliased: usize,
    documents: usize,
    root: Option<Node>,
    problems: Vec<Problem>,
}

/// A list or mapping that is not complete yet.
struct Frame {
    start: Marker,
    anchor: usize,
    open: Open,
}

enum Open {
    List(Vec<Node>),
    Map {
        entries: Vec<Entry>,
        /// The line of each key.
        lines: HashMap<SmolStr, usize>,
        key: Option<(Node, usize)>,
    },
}

impl Loader<'_> {
    fn take(&mut self, event: Event<'_>, span: Span) -> Result<(), Stop> {
        match event {
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {}
            Event::DocumentStart(_) => {
                self.documents += 1;
                if self.documents > 1 {
                    let at = self.bytes(span);
                    self.refuse(
                        "several-documents",
                        at,
                        "a second document starts in this file",
                        "keep one document a file: remove this `---` and what follows it",
                    );
                    return Err(Stop);
                }
            }
            Event::Scalar(text, style, anchor, tag) => {
                let at = self.bytes(span);
                if tag.is_some() {
                    self.refuse_tag(at.clone());
                }
                let data = match style {
                    ScalarStyle::Plain => plain(&text),
                    _ => Data::Text(text.into()),
                };
                self.insert(Node { span: at, data }, anchor, span.start)?;
            }
            Event::Alias(anchor) => {
                let node = self.alias(anchor, span)?;
                self.insert(node, 0, span.start)?;
            }
            Event::SequenceStart(anchor, tag) => {
                let open = Open::List(Vec::new());
                self.open(open, anchor, tag.is_some(), span)?;
            }
            Event::MappingStart(anchor, tag) => {
                let open = Open::Map {
                    entries: Vec::new(),
                    lines: HashMap::new(),
                    key: None,
                };
                self.open(open, anchor, tag.is_some(), span)?;
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let Some(frame) = self.stack.pop() else {
                    return Err(Stop);
                };
                let data = match frame.open {
                    Open::List(items) => Data::List(items),
                    Open::Map { entries, .. } => Data::Map(entries),
                };
                let start = self.byte(frame.start);
                let node = Node {
                    span: start..self.byte(span.end).max(start),
                    data,
                };
                self.insert(node, frame.anchor, frame.start)?;
            }
        }
        Ok(())
    }

    fn open(&mut self, open: Open, anchor: usize, tagged: bool, span: Span) -> Result<(), Stop> {
        let at = self.point(span.start);
        if tagged {
            self.refuse_tag(at.clone());
        }
        if self.stack.len() >= MAX_DEPTH {
            self.refuse_depth(at);
            return Err(Stop);
        }
        self.stack.push(Frame {
            start: span.start,
            anchor,
            open,
        });
        Ok(())
    }

    fn alias(&mut self, anchor: usize, span: Span) -> Result<Node, Stop> {
        let at = self.bytes(span);
        let Some(node) = self.anchors.get(&anchor).cloned() else {
            self.refuse(
                "yaml-feature",
                at,
                "the alias is inside of the node that it refers to",
                "write the value out, or use a `$ref` for a schema that contains itself",
            );
            return Err(Stop);
        };
        let (nodes, depth) = measure(&node);
        self.aliased += nodes;
        if self.aliased > MAX_ALIASED {
            self.refuse(
                "yaml-feature",
                at,
                "the aliases of this file expand to too many nodes",
                "put what is shared under `components` and use `$ref`",
            );
            return Err(Stop);
        }
        if self.stack.len() + depth > MAX_DEPTH {
            self.refuse_depth(at);
            return Err(Stop);
        }
        Ok(node)
    }

    fn insert(&mut self, node: Node, anchor: usize, start: Marker) -> Result<(), Stop> {
        if anchor > 0 {
            self.anchors.insert(anchor, node.clone());
        }
        let Some(frame) = self.stack.last_mut() else {
            self.root = Some(node);
            return Ok(());
        };
        match &mut frame.open {
            Open::List(items) => items.push(node),
            Open::Map {
                entries,
                lines,
                key,
            } => match key.take() {
                None => *key = Some((node, start.line())),
                Some((key, line)) => {
                    // As it is written: `0x10` is not `16`.
                    let name = match &key.data {
                        Data::Text(text) => text.clone(),
                        Data::List(_) | Data::Map(_) => "?".into(),
                        _ => self.text.get(key.span.clone()).unwrap_or_default().into(),
                    };
                    let is_quoted = self.text[key.span.start..].starts_with(['"', '\'']);
                    let first = lines.get(&name).copied();
                    lines.entry(name.clone()).or_insert(line);
                    let scalar = key.is_scalar();
                    let mapping = matches!(node.data, Data::Map(_));
                    let key_span = key.span.clone();
                    entries.push(Entry {
                        key: name.clone(),
                        key_span: key.span,
                        key_is_text: matches!(key.data, Data::Text(_)),
                        value: node,
                    });
                    if !scalar {
                        self.refuse(
                            "yaml-feature",
                            key_span,
                            "a list or mapping is used as a key",
                            "use a string as the key",
                        );
                    } else if name == "<<" && !is_quoted {
                        self.refuse(
                            "yaml-feature",
                            key_span,
                            "YAML merge keys are not supported",
                            "write the fields out, or share them with `$ref` or `allOf`",
                        );
                    } else if let Some(first) = first {
                        self.refuse(
                            "duplicate-key",
                            key_span,
                            &format!("`{name}` is already defined on line {first}"),
                            &match mapping {
                                true => {
                                    format!("move its entries under line {first}, or remove it")
                                }
                                false => "keep one of the two, or rename one".to_owned(),
                            },
                        );
                    }
                }
            },
        }
        Ok(())
    }

    fn refuse(&mut self, rule: &'static str, span: Range<usize>, message: &str, help: &str) {
        self.problems.push(Problem {
            rule,
            span,
            message: message.to_owned(),
            help: help.to_owned(),
            fix: None,
        });
    }

    fn refuse_tag(&mut self, span: Range<usize>) {
        self.refuse(
            "yaml-feature",
            span,
            "YAML tags are not supported",
            "remove the tag; put the value in quotes to make it a string",
        );
    }

    fn refuse_depth(&mut self, span: Range<usize>) {
        self.refuse(
            "yaml-feature",
            span,
            &format!("the document is nested more than {MAX_DEPTH} levels deep"),
            "give the inner schemas a name under `components` and use `$ref`",
        );
    }

    fn byte(&self, marker: Marker) -> usize {
        let end = self.offsets.last().copied().unwrap_or_default();
        self.offsets.get(marker.index()).copied().unwrap_or(end)
    }

    fn bytes(&self, span: Span) -> Range<usize> {
        let start = self.byte(span.start);
        start..self.byte(span.end).max(start)
    }

    fn point(&self, marker: Marker) -> Range<usize> {
        let at = self.byte(marker);
        at..at
    }
}

impl Node {
    /// How many nodes this is.
    pub(super) fn size(&self) -> usize {
        measure(self).0
    }
}

/// The number of nodes, and their depth.
fn measure(node: &Node) -> (usize, usize) {
    let children: Box<dyn Iterator<Item = &Node>> = match &node.data {
        Data::List(items) => Box::new(items.iter()),
        Data::Map(entries) => Box::new(entries.iter().map(|entry| &entry.value)),
        _ => return (1, 0),
    };
    let (nodes, depth) = children
        .map(measure)
        .fold((0, 0), |(n, d), (nodes, depth)| (n + nodes, d.max(depth)));
    (nodes + 1, depth + 1)
}

/// The value of a scalar without quotes. serde_yaml reads it, so that this tree and the
/// typed document agree.
pub(super) fn plain(text: &str) -> Data {
    match serde_yaml::from_str::<serde_yaml::Value>(text) {
        Ok(serde_yaml::Value::Null) => Data::Null,
        Ok(serde_yaml::Value::Bool(flag)) => Data::Flag(flag),
        Ok(serde_yaml::Value::Number(number)) => match (number.as_i64(), number.as_f64()) {
            (Some(integer), _) => Data::Integer(integer),
            (None, Some(float)) => Data::Number(float),
            (None, None) => Data::Text(text.into()),
        },
        _ if is_large(text) => text
            .parse()
            .map_or_else(|_| Data::Text(text.into()), Data::Number),
        _ => Data::Text(text.into()),
    }
}

/// Whether a text is a whole number that may not fit into 64 bits. serde_yaml makes a string
/// of one that does not.
fn is_large(text: &str) -> bool {
    let digits = text.trim_start_matches(['-', '+']);
    text.len() - digits.len() <= 1
        && digits.len() > 18
        && !digits.starts_with('0')
        && digits.bytes().all(|digit| digit.is_ascii_digit())
}

/// Whether this is text when it is written without quotes.
pub(super) fn is_text(text: &str) -> bool {
    plain(text) == Data::Text(text.into())
}

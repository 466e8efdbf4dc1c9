//! An OpenAPI document, read with the position of every node.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use openapiv3::OpenAPI;
use serde_yaml::Value;

use crate::finding::{Finding, Findings, Severity};
use crate::source::Source;

mod choices;
mod deep_objects;
mod draft;
mod edit;
mod implied;
mod inner_refs;
mod json;
mod newer;
mod node;
mod objects;
mod path_items;
mod pointer;
mod restated;
mod rewrite;
mod surrogates;
mod survey;
mod syntax;

pub(crate) use draft::Draft;
pub(crate) use edit::{Edits, Spot};
pub(crate) use json::in_text as json_in_text;
pub(crate) use node::{Data, NodeId};
pub use node::{Entry, Node};
pub(crate) use objects::{Kind, is_status};
pub(crate) use pointer::push;
pub(crate) use pointer::{find, find_mut, is_within, join, last, of_reference, resolved};
pub(crate) use restated::{only_requires, says};
pub(crate) use survey::{Extension, Place, Survey, as_text, closest, meant_type};

use node::Problem;

/// An OpenAPI document, its text, and the position of everything in it. One of OpenAPI 3.1
/// is read as the one of 3.0 that says the same.
#[derive(Debug, Clone)]
pub struct Document {
    source: Arc<Source>,
    root: Node,
    /// Only what a client is generated from pays for it.
    api: OnceLock<OpenAPI>,
    /// What paths refer to.
    path_items: Vec<String>,
    /// The schemas of several parts that are written as one object.
    restated: BTreeSet<String>,
}

/// Why a document cannot be read.
#[derive(Debug)]
#[non_exhaustive]
pub enum ReadError {
    /// The file cannot be read.
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says about it.
        source: std::io::Error,
    },
    /// It is not a document of OpenAPI 3.0 or 3.1.
    Refused(Findings),
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReadError::Io { path, source } => {
                write!(f, "cannot read {}: {source}", path.display())
            }
            ReadError::Refused(findings) => findings.fmt(f),
        }
    }
}

impl std::error::Error for ReadError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            ReadError::Io { source, .. } => Some(source),
            // `Display` shows all of it already.
            ReadError::Refused(_) => None,
        }
    }
}

impl Document {
    /// Reads the file at `path`.
    pub fn read(path: &Path) -> Result<Self, ReadError> {
        Self::read_in(Path::new(""), path)
    }

    /// Reads the file at `path` in the folder `root`. Findings and generated
    /// files name it by `path`, so that they are the same on every machine.
    pub fn read_in(root: &Path, path: &Path) -> Result<Self, ReadError> {
        let place = root.join(path);
        let bytes = std::fs::read(&place).map_err(|source| ReadError::Io {
            path: place,
            source,
        })?;
        match String::from_utf8(bytes) {
            Ok(text) => Self::parse(path, text).map_err(ReadError::Refused),
            Err(error) => Err(ReadError::Refused(not_utf8(path, error.as_bytes()))),
        }
    }

    /// Reads `text`. Findings show it under the name `path`.
    pub fn parse(path: impl AsRef<Path>, text: String) -> Result<Self, Findings> {
        // Both parsers skip the mark, but count it differently.
        let text = match text.strip_prefix('\u{feff}') {
            Some(rest) => rest.to_owned(),
            None => text,
        };
        let (source, root) = Draft::of(path.as_ref(), text)?.into_parts();
        Self::of(source, root)?.checked()
    }

    /// This document, with those schemas written as one object that are in the other one,
    /// so that the two can be compared.
    pub(crate) fn like(&self, other: &Self) -> Cow<'_, Self> {
        if other.restated.is_subset(&self.restated) {
            return Cow::Borrowed(self);
        }
        let draft = Draft::of(self.path(), self.text().to_owned());
        let alike = draft.and_then(|draft| {
            let (source, root) = draft.into_parts();
            Self::with(source, root, &other.restated)
        });
        alike.map_or(Cow::Borrowed(self), Cow::Owned)
    }

    /// The document that the nodes of a text are, [unchecked](Self::checked).
    fn of(source: Arc<Source>, root: Node) -> Result<Self, Findings> {
        Self::with(source, root, &BTreeSet::new())
    }

    fn with(source: Arc<Source>, root: Node, wanted: &BTreeSet<String>) -> Result<Self, Findings> {
        match read_nodes(root, source.text(), wanted) {
            Ok((root, path_items, restated)) => Ok(Self {
                source,
                root,
                api: OnceLock::new(),
                path_items,
                restated,
            }),
            Err(problems) => Err(refused(source, problems)),
        }
    }

    /// This document, if there is a typed one of it. What has passed the survey of its nodes
    /// has one, as far as is known.
    pub(crate) fn checked(self) -> Result<Self, Findings> {
        self.api()?;
        Ok(self)
    }

    /// The typed document.
    ///
    /// # Errors
    ///
    /// If openapiv3 cannot read what the other rules about its nodes let pass.
    pub fn api(&self) -> Result<&OpenAPI, Findings> {
        if let Some(api) = self.api.get() {
            return Ok(api);
        }
        let api = self.to_api()?;
        Ok(self.api.get_or_init(|| api))
    }

    /// The typed document, to be changed.
    pub(crate) fn to_api(&self) -> Result<OpenAPI, Findings> {
        let refuse = |problem| refused(Arc::clone(&self.source), vec![problem]);
        match self.api.get() {
            Some(api) => Ok(api.clone()),
            None => typed(&self.root).map_err(refuse),
        }
    }

    /// The text of the document, without a byte order mark.
    pub fn text(&self) -> &str {
        self.source.text()
    }

    /// Whether the document is written in OpenAPI 3.1.
    pub(crate) fn is_3_1(&self) -> bool {
        let version = self.target("/openapi").node.span.clone();
        let written = self.text().get(version).unwrap_or_default();
        written.contains("3.1")
    }

    /// The path of the document.
    pub fn path(&self) -> &Path {
        self.source.path()
    }

    /// A finding about the node that the JSON pointer `pointer` names, or about
    /// the closest node above it.
    ///
    /// It underlines the value of a scalar that exists, and otherwise the key
    /// that the node stands under.
    pub fn finding(
        &self,
        pointer: &str,
        rule: &'static str,
        severity: Severity,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Finding {
        let target = self.target(pointer);
        let span = match target.entry {
            Some(_) if target.exact && target.node.is_scalar() && !target.node.span.is_empty() => {
                target.node.span.clone()
            }
            Some(entry) => entry.key_span.clone(),
            // The whole document: its first line.
            None if std::ptr::eq(target.node, &self.root) => 0..self.text().len(),
            None => target.node.span.clone(),
        };
        let problem = Problem {
            rule,
            span,
            message: message.into(),
            help: help.into(),
            fix: None,
        };
        self.located(pointer, severity, problem)
    }

    /// As [`finding`](Self::finding), but underlines the key of the entry even
    /// if its value is a scalar.
    pub(crate) fn finding_at_key(
        &self,
        pointer: &str,
        rule: &'static str,
        severity: Severity,
        message: String,
        help: String,
    ) -> Finding {
        match self.target(pointer).entry {
            Some(entry) => {
                let problem = Problem {
                    rule,
                    span: entry.key_span.clone(),
                    message,
                    help,
                    fix: None,
                };
                self.located(pointer, severity, problem)
            }
            None => self.finding(pointer, rule, severity, message, help),
        }
    }

    /// What a pointer leads to, or the closest of what it is in that is in the text.
    fn target(&self, mut pointer: &str) -> pointer::Target<'_> {
        loop {
            let target = pointer::find(&self.root, pointer);
            let span = target
                .entry
                .map_or(&target.node.span, |entry| &entry.key_span);
            match pointer.rsplit_once('/') {
                Some((parent, _)) if span.start > self.text().len() => pointer = parent,
                _ => return target,
            }
        }
    }

    fn located(&self, pointer: &str, severity: Severity, problem: Problem) -> Finding {
        finding(&self.source, pointer.to_owned(), severity, problem)
    }

    /// `findings`, together with the text that they show.
    pub fn findings(&self, findings: Vec<Finding>) -> Findings {
        Findings::new(Arc::clone(&self.source), findings)
    }

    /// The line, from 1, of the node that `pointer` names.
    pub(crate) fn line(&self, pointer: &str) -> usize {
        let target = self.target(pointer);
        self.source.location(target.node.span.start).line
    }

    /// The node that a pointer leads to, for what is to be taken out of the text.
    pub(crate) fn spot(&self, pointer: &str) -> Option<Spot> {
        Spot::at(&self.root, pointer)
    }

    pub(crate) fn root(&self) -> &Node {
        &self.root
    }

    /// Whether a path refers to a path item below `pointer`.
    pub(crate) fn holds_path_items(&self, pointer: &str) -> bool {
        let below = format!("{pointer}/");
        let mut targets = self.path_items.iter();
        targets.any(|target| target.starts_with(&below))
    }

    pub(crate) fn survey(&self) -> Survey<'_> {
        Survey::of(&self.root)
    }
}

/// A problem, and the JSON pointer of the node that has it.
type Located = (String, Problem);

/// The nodes as the later steps read them, what paths refer to, and the schemas of several
/// parts that are written as one object.
type Read = (Node, Vec<String>, BTreeSet<String>);

fn read_nodes(mut root: Node, text: &str, wanted: &BTreeSet<String>) -> Result<Read, Vec<Located>> {
    let version = version(&root, text).map_err(|problem| vec![problem])?;
    let path_items = path_items::write_out(&mut root);
    if version == Version::V3_1 {
        newer::write_as_3_0(&mut root);
    }
    inner_refs::write_out(&mut root);
    if version == Version::V3_1 {
        newer::without_definitions(&mut root);
    }
    if text.contains("deepObject") {
        deep_objects::write_out(&mut root);
    }
    let survey = Survey::of(&root);
    if !survey.problems.is_empty() {
        return Err(survey.problems);
    }
    let types = implied::types(&survey);
    let fewer = choices::find(&root, &survey);
    let merged = restated::merged(&survey);
    for (pointer, typ) in types {
        implied::write(&mut root, &pointer, typ);
    }
    for fewer in fewer {
        choices::write(&mut root, &fewer);
    }
    let restated = restated::write(&mut root, merged, wanted);
    Ok((root, path_items, restated))
}

#[derive(PartialEq)]
enum Version {
    V3_0,
    V3_1,
}

/// The version of OpenAPI that a document is written in.
fn version(root: &Node, text: &str) -> Result<Version, Located> {
    let refuse = |pointer: &str, span, message: String, help: &str| {
        let problem = Problem {
            rule: "openapi-version",
            span,
            message,
            help: help.to_owned(),
            fix: None,
        };
        Err((pointer.to_owned(), problem))
    };
    if !matches!(root.data, Data::Map(_)) {
        let message = format!("the document is {}, not a mapping", root.what());
        let help = syntax::comment(text);
        let help = help.as_deref().unwrap_or("start it with `openapi: 3.0.3`");
        return refuse("", 0..text.len(), message, help);
    }
    if let Some(entry) = root.entry("swagger") {
        return refuse(
            "/swagger",
            entry.key_span.clone(),
            "this is a Swagger 2 document".to_owned(),
            "convert it to OpenAPI 3.0 first, and start it with `openapi: 3.0.3`",
        );
    }
    let Some(entry) = root.entry("openapi") else {
        return refuse(
            "",
            0..text.len(),
            "the document does not state its version of OpenAPI".to_owned(),
            "start it with `openapi: 3.0.3`",
        );
    };
    let span = match entry.value.is_scalar() && !entry.value.span.is_empty() {
        true => entry.value.span.clone(),
        false => entry.key_span.clone(),
    };
    let given = match &entry.value.data {
        Data::Text(given) => given,
        // As it is written: the number 3.0 is 3 to YAML.
        _ => &text[span.clone()],
    };
    let numbers = given.split('.').collect::<Vec<_>>();
    let digits = |s: &&str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    match numbers.as_slice() {
        ["3", "0", patch] if digits(patch) => Ok(Version::V3_0),
        ["3", "1", patch] if digits(patch) => Ok(Version::V3_1),
        ["3", "0" | "1"] | ["3"] => refuse(
            "/openapi",
            span,
            format!("`{given}` is not a full version"),
            match numbers.get(1) {
                Some(&"1") => "write all three numbers: `openapi: 3.1.0`",
                _ => "write all three numbers: `openapi: 3.0.3`",
            },
        ),
        ["3", minor, ..] if digits(minor) && *minor != "0" => refuse(
            "/openapi",
            span,
            format!("OpenAPI {given} is not supported"),
            "write the document in OpenAPI 3.0: `openapi: 3.0.3`",
        ),
        _ => refuse(
            "/openapi",
            span,
            format!("`{given}` is not a supported version of OpenAPI"),
            "write `openapi: 3.0.3`",
        ),
    }
}

/// The document as openapiv3 sees it. It has passed the survey, so an error is
/// rare, and serde's message is the best there is.
fn typed(root: &Node) -> Result<OpenAPI, Located> {
    serde_path_to_error::deserialize(without_callbacks(root)).map_err(|error| {
        let pointer = error
            .path()
            .iter()
            .filter_map(|segment| match segment {
                serde_path_to_error::Segment::Seq { index } => Some(index.to_string()),
                serde_path_to_error::Segment::Map { key } => Some(key.clone()),
                _ => None,
            })
            .fold(String::new(), |pointer, token| join(&pointer, &token));
        let target = pointer::find(root, &pointer);
        let span = match target.entry {
            Some(entry) => entry.key_span.clone(),
            None => target.node.span.clone(),
        };
        (pointer, not_openapi(span, error.inner()))
    })
}

/// The document without the callbacks of its operations: a client serves none, and
/// `openapiv3` knows no references to them.
fn without_callbacks(root: &Node) -> Value {
    let mut document = root.to_yaml();
    let items = document.get_mut("paths").and_then(Value::as_mapping_mut);
    let items = items.into_iter().flat_map(|items| items.values_mut());
    let operations = items.filter_map(Value::as_mapping_mut);
    for operation in operations.flat_map(|item| item.values_mut()) {
        if let Value::Mapping(operation) = operation {
            operation.remove("callbacks");
        }
    }
    document
}

fn not_openapi(span: Range<usize>, error: &dyn fmt::Display) -> Problem {
    Problem {
        rule: "wrong-shape",
        span,
        message: format!("this is not valid OpenAPI 3.0: {error}"),
        help: "compare this part with the OpenAPI 3.0.3 specification".to_owned(),
        fix: None,
    }
}

fn not_utf8(path: &Path, bytes: &[u8]) -> Findings {
    let valid = match std::str::from_utf8(bytes) {
        Ok(text) => text.len(),
        Err(error) => error.valid_up_to(),
    };
    // Bad sequences are replaced; the text before the first one keeps its
    // positions.
    let text = String::from_utf8_lossy(bytes).into_owned();
    let problem = Problem {
        rule: "not-utf8",
        span: valid..text.len(),
        message: "the file is not UTF-8 from here on".to_owned(),
        help: "save it as UTF-8".to_owned(),
        fix: None,
    };
    let source = Arc::new(Source::of(path, text));
    refused(source, vec![(String::new(), problem)])
}

fn refused(source: Arc<Source>, problems: Vec<Located>) -> Findings {
    let problems = problems.into_iter();
    let findings = problems
        .map(|(pointer, problem)| finding(&source, pointer, Severity::Error, problem))
        .collect();
    Findings::new(source, findings)
}

fn finding(source: &Source, pointer: String, severity: Severity, problem: Problem) -> Finding {
    let span = source.first_line(problem.span);
    Finding {
        rule: problem.rule,
        severity,
        message: problem.message,
        help: problem.help,
        fix: problem.fix.into_iter().collect(),
        others: Vec::new(),
        location: source.location(span.start),
        span,
        pointer,
    }
}

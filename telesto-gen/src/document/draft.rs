//! A document that is being changed.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use super::node::{self, Node};
use super::{Document, Edits, Spot, json, path_items, refused};
use crate::finding::Findings;
use crate::source::Source;

/// A text with changes. Its nodes have the positions of the text as it was, so that
/// another change, and reading what it leads to, do not take reading the text again.
#[derive(Clone)]
pub(crate) struct Draft {
    source: Arc<Source>,
    /// The nodes of the text.
    first: Arc<Node>,
    /// What the changes make of them.
    root: Node,
    edits: Edits,
}

impl Draft {
    /// The text as it is.
    pub(crate) fn of(path: &Path, text: String) -> Result<Self, Findings> {
        let source = Arc::new(Source::of(path, text));
        let loaded = node::load(source.text());
        let root = loaded.map_err(|problems| {
            let nowhere = |problem| (String::new(), problem);
            let problems = problems.into_iter().map(nowhere).collect();
            refused(Arc::clone(&source), problems)
        })?;
        Ok(Self {
            source,
            first: Arc::new(root.clone()),
            root,
            edits: Edits::default(),
        })
    }

    pub(crate) fn root(&self) -> &Node {
        &self.root
    }

    pub(super) fn into_parts(self) -> (Arc<Source>, Node) {
        (self.source, self.root)
    }

    /// The document that it is now.
    pub(crate) fn document(&self) -> Result<Document, Findings> {
        Document::of(Arc::clone(&self.source), self.root.clone())
    }

    /// The same with these changes, too.
    pub(crate) fn with(&self, more: Edits) -> Option<Self> {
        let root = more.made(&self.root)?;
        let mut edits = self.edits.clone();
        edits.add(more);
        Some(Self {
            root,
            edits,
            first: Arc::clone(&self.first),
            source: Arc::clone(&self.source),
        })
    }

    /// The same without these.
    pub(crate) fn without(&self, gone: &BTreeSet<Spot>) -> Option<Self> {
        self.with(Edits::without(gone.clone()))
    }

    /// Whether [`written`](Self::written) has a result.
    pub(crate) fn can_be_written(&self) -> bool {
        self.edits
            .written(self.source.text(), &self.first)
            .is_some()
    }

    /// The text with the changes, and everything else as it is written, and what it is as a
    /// document. `None` if it would be read as something else, as it may with aliases.
    pub(crate) fn written(&self) -> Option<(String, Result<Document, Findings>)> {
        let (text, root) = self.edits.written(self.source.text(), &self.first)?;
        let source = Source::of(self.source.path(), text.clone());
        let document = Document::of(Arc::new(source), root);
        Some((text, document))
    }

    /// The document that it is once it is written and read again, and whether it is in the
    /// layout of the text: JSON is written anew, and so is what would be read as something
    /// else.
    pub(crate) fn rewritten(&self) -> (Result<Document, Findings>, bool) {
        let is_json = json::is_begun(self.source.text());
        match (!is_json).then(|| self.written()).flatten() {
            Some((_, document)) => (document, true),
            None => {
                let text = self.written_anew().unwrap_or_default();
                (Document::parse(self.source.path(), text), false)
            }
        }
    }

    /// As [`written_anew`](Self::written_anew), with the paths that others refer to. `None`
    /// if there are none.
    pub(crate) fn with_path_items(&self) -> Option<String> {
        let mut root = self.root.clone();
        match path_items::write_out(&mut root).as_slice() {
            [] => None,
            _ => written_anew(&root),
        }
    }

    /// The text in a layout of its own, without comments.
    pub(crate) fn written_anew(&self) -> Option<String> {
        written_anew(&self.root)
    }
}

fn written_anew(root: &Node) -> Option<String> {
    serde_yaml::to_string(&root.to_yaml()).ok()
}

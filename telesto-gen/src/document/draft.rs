//! A document that is being changed.

use std::collections::BTreeSet;
use std::path::Path;
use std::rc::Rc;

use super::node::{self, Node};
use super::surrogates::Joined;
use super::{Document, Edits, Spot, path_items, refused};
use crate::finding::Findings;

/// A text with changes. Its nodes have the positions of the text as it was, so that
/// another change, and reading what it leads to, do not take reading the text again.
#[derive(Clone)]
pub(crate) struct Draft<'t> {
    path: &'t Path,
    text: &'t str,
    /// The nodes of the text.
    first: Rc<Node>,
    /// What the changes make of them.
    root: Node,
    edits: Edits,
}

impl<'t> Draft<'t> {
    /// The text as it is.
    pub(crate) fn of(path: &'t Path, text: &'t str) -> Result<Self, Findings> {
        let root = node::load(text, &Joined::of(text)).map_err(|problems| {
            let nowhere = |problem| (String::new(), problem);
            let problems = problems.into_iter().map(nowhere).collect();
            refused(path, text.to_owned(), problems)
        })?;
        Ok(Self {
            path,
            text,
            first: Rc::new(root.clone()),
            root,
            edits: Edits::default(),
        })
    }

    pub(crate) fn root(&self) -> &Node {
        &self.root
    }

    pub(super) fn into_root(self) -> Node {
        self.root
    }

    /// The document that it is now.
    pub(crate) fn document(&self) -> Result<Document, Findings> {
        Document::of(self.path, self.text.to_owned(), self.root.clone())
    }

    /// The same with these changes, too.
    pub(crate) fn with(&self, more: Edits) -> Option<Self> {
        let root = more.made(&self.root)?;
        let mut edits = self.edits.clone();
        edits.add(more);
        Some(Self {
            root,
            edits,
            first: Rc::clone(&self.first),
            ..*self
        })
    }

    /// The same without these.
    pub(crate) fn without(&self, gone: &BTreeSet<Spot>) -> Option<Self> {
        self.with(Edits::without(gone.clone()))
    }

    /// Whether [`written`](Self::written) has a result.
    pub(crate) fn can_be_written(&self) -> bool {
        self.edits.written(self.text, &self.first).is_some()
    }

    /// The text with the changes, and everything else as it is written, and what it is as a
    /// document. `None` if it would be read as something else, as it may with aliases.
    pub(crate) fn written(&self) -> Option<(String, Result<Document, Findings>)> {
        let (text, root) = self.edits.written(self.text, &self.first)?;
        let document = Document::of(self.path, text.clone(), root);
        Some((text, document))
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

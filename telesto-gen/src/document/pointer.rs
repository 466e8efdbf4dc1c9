//! JSON pointers.

use super::node::{Data, Entry, Node};

/// `pointer` with one more token.
pub(crate) fn join(pointer: &str, token: &str) -> String {
    format!("{pointer}/{}", token.replace('~', "~0").replace('/', "~1"))
}

/// The last token, unescaped.
pub(crate) fn last(pointer: &str) -> String {
    unescape(pointer.rsplit('/').next().unwrap_or_default())
}

fn unescape(token: &str) -> String {
    token.replace("~1", "/").replace("~0", "~")
}

/// What a pointer leads to.
pub(crate) struct Target<'a> {
    pub(crate) node: &'a Node,
    /// The mapping entry that it is the value of.
    pub(crate) entry: Option<&'a Entry>,
    /// Whether it is what the pointer names, and not merely its closest
    /// ancestor.
    pub(crate) exact: bool,
}

/// The node that `pointer` names, or the closest one above it.
pub(crate) fn find<'a>(root: &'a Node, pointer: &str) -> Target<'a> {
    let mut target = Target {
        node: root,
        entry: None,
        exact: true,
    };
    for token in pointer.split('/').skip(1).map(unescape) {
        let (node, entry) = match &target.node.data {
            Data::Map(_) => match target.node.entry(&token) {
                Some(entry) => (Some(&entry.value), Some(entry)),
                None => (None, None),
            },
            Data::List(items) => (token.parse().ok().and_then(|i: usize| items.get(i)), None),
            _ => (None, None),
        };
        let Some(node) = node else {
            target.exact = false;
            break;
        };
        target.node = node;
        target.entry = entry;
    }
    target
}

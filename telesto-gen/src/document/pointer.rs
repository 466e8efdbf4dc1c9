//! JSON pointers.

use std::borrow::Cow;

use super::node::{Data, Entry, Node};

/// `pointer` with one more token.
pub(crate) fn join(pointer: &str, token: &str) -> String {
    let mut joined = String::with_capacity(pointer.len() + 1 + token.len());
    joined.push_str(pointer);
    push(&mut joined, token);
    joined
}

/// Adds a token to a pointer.
pub(crate) fn push(pointer: &mut String, token: &str) {
    pointer.push('/');
    // Nearly none has anything to escape.
    match token.contains(['~', '/']) {
        true => pointer.push_str(&token.replace('~', "~0").replace('/', "~1")),
        false => pointer.push_str(token),
    }
}

/// The pointer of a reference to this file. In one, some characters of it may be
/// percent-encoded.
pub(crate) fn of_reference(reference: &str) -> Option<String> {
    let encoded = reference.strip_prefix('#')?;
    let pointer = percent_encoding::percent_decode_str(encoded).decode_utf8();
    pointer.ok().map(Cow::into_owned)
}

/// Whether `pointer` leads to what `outer` leads to, or into it.
pub(crate) fn is_within(pointer: &str, outer: &str) -> bool {
    let rest = pointer.strip_prefix(outer);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The last token, unescaped.
pub(crate) fn last(pointer: &str) -> String {
    unescape(pointer.rsplit('/').next().unwrap_or_default()).into_owned()
}

fn unescape(token: &str) -> Cow<'_, str> {
    // Nearly none has anything to unescape.
    match token.contains('~') {
        true => Cow::Owned(token.replace("~1", "/").replace("~0", "~")),
        false => Cow::Borrowed(token),
    }
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

/// The node that `pointer` names.
pub(crate) fn find_mut<'a>(root: &'a mut Node, pointer: &str) -> Option<&'a mut Node> {
    let mut tokens = pointer.split('/').skip(1).map(unescape);
    tokens.try_fold(root, |node, token| match &mut node.data {
        Data::Map(entries) => {
            let mut entries = entries.iter_mut();
            let entry = entries.find(|entry| entry.key == *token)?;
            Some(&mut entry.value)
        }
        Data::List(items) => items.get_mut(token.parse::<usize>().ok()?),
        _ => None,
    })
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

/// The node that a node stands for, if it is a reference.
pub(crate) fn resolved<'n>(root: &'n Node, node: &'n Node) -> Option<&'n Node> {
    let Some(reference) = node.text_of("$ref") else {
        return Some(node);
    };
    let target = find(root, &of_reference(reference)?);
    target.exact.then_some(target.node)
}

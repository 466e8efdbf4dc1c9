//! Path items that are references. OpenAPI 3.0 has no components for them: a
//! reference leads to another path, or to an extension. They are written out
//! while reading, so that no later step sees them.

use super::node::{Data, Entry, Node};
use super::pointer;

/// Writes out the references that lead to a path item, and returns the pointers of their
/// targets. The others stay as they are, for the lint to report.
pub(super) fn write_out(root: &mut Node) -> Vec<String> {
    let mut written = Vec::new();
    let is_reference = |entry: &Entry| entry.value.text_of("$ref").is_some();
    let paths = root.get("paths").map_or(&[][..], Node::entries);
    if !paths.iter().any(is_reference) {
        return written;
    }
    let before = root.clone();
    let Some(paths) = pointer::find_mut(root, "/paths") else {
        return written;
    };
    for entry in paths.entries_mut() {
        if !is_reference(entry) {
            continue;
        }
        let mut targets = Vec::new();
        if let Some(entries) = whole(&before, &entry.value, &mut targets) {
            entry.value.data = Data::Map(entries);
            written.extend(targets);
        }
    }
    written
}

/// The entries of a path item and of its target. Its own come first, and
/// override those of the same name.
fn whole(root: &Node, item: &Node, targets: &mut Vec<String>) -> Option<Vec<Entry>> {
    let (references, own): (Vec<_>, Vec<_>) =
        item.entries().iter().partition(|entry| entry.key == "$ref");
    let mut entries: Vec<Entry> = own.into_iter().cloned().collect();
    let Some(reference) = references.first() else {
        return Some(entries);
    };
    let pointer = pointer::of_reference(reference.value.text()?)?;
    let target = pointer::find(root, &pointer);
    let circle = targets.contains(&pointer);
    if circle || !target.exact || !matches!(target.node.data, Data::Map(_)) {
        return None;
    }
    targets.push(pointer);
    for entry in whole(root, target.node, targets)? {
        if entries.iter().all(|own| own.key != entry.key) {
            entries.push(entry);
        }
    }
    Some(entries)
}

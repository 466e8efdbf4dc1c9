//! Path items that are references. OpenAPI 3.0 has no components for them: a
//! reference leads to another path, or to an extension. They are written out
//! while reading, so that no later step sees them.

use openapiv3::{OpenAPI, PathItem, ReferenceOr};

use super::node::{Data, Entry, Node};
use super::pointer;

/// What was written out.
#[derive(Debug, Clone, Default)]
pub(crate) struct WrittenOut {
    /// The paths.
    paths: Vec<String>,
    /// The pointers of their targets.
    pub(crate) targets: Vec<String>,
}

/// Writes out the references that lead to a path item. The others stay as they
/// are, for the lint to report.
pub(super) fn write_out(root: &mut Node) -> WrittenOut {
    let mut written = WrittenOut::default();
    let before = root.clone();
    let Some(paths) = entries_of(root, "paths") else {
        return written;
    };
    for entry in paths {
        if entry.value.text_of("$ref").is_none() {
            continue;
        }
        let mut targets = Vec::new();
        if let Some(entries) = whole(&before, &entry.value, &mut targets) {
            entry.value.data = Data::Map(entries);
            written.paths.push(entry.key.clone());
            written.targets.extend(targets);
        }
    }
    written
}

/// Does the same in the typed document; the error names the path that failed.
pub(super) fn in_types(
    api: &mut OpenAPI,
    root: &Node,
    written: &WrittenOut,
) -> Result<(), (String, serde_json::Error)> {
    for path in &written.paths {
        let pointer = pointer::join("/paths", path);
        let item = pointer::find(root, &pointer).node.to_json();
        let item: PathItem = serde_json::from_value(item).map_err(|error| (pointer, error))?;
        api.paths
            .paths
            .insert(path.clone(), ReferenceOr::Item(item));
    }
    Ok(())
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
    let pointer = reference.value.text()?.strip_prefix('#')?.to_owned();
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

fn entries_of<'a>(node: &'a mut Node, key: &str) -> Option<&'a mut Vec<Entry>> {
    let Data::Map(entries) = &mut node.data else {
        return None;
    };
    let entry = entries.iter_mut().find(|entry| entry.key == key)?;
    match &mut entry.value.data {
        Data::Map(entries) => Some(entries),
        _ => None,
    }
}

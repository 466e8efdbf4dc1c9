//! References that lead into something else than a component: to a property of a schema,
//! or to a parameter of an operation. progenitor and typify know components only. A copy of
//! what they lead to is written in their place while reading, so that no later step sees
//! them. Those that lead back to themselves stay, for the lint to report.

use super::node::{Data, Node};
use super::pointer;

/// How many nodes may be copied: copies may hold copies.
const MAX_COPIED: usize = 400_000;

/// The maps whose keys are names, so that none of them is a field.
const HAVE_NAMES: &[&str] = &[
    "headers",
    "parameters",
    "properties",
    "requestBodies",
    "responses",
    "schemas",
];

/// Writes the copies.
pub(super) fn write_out(root: &mut Node) {
    // Most documents have none, and are read again for each step of a change.
    if !holds_any(root) {
        return;
    }
    let mut copies = Copies {
        root: &root.clone(),
        left: MAX_COPIED,
    };
    copies.write(root, false, &mut Vec::new());
}

struct Copies<'n> {
    root: &'n Node,
    left: usize,
}

impl Copies<'_> {
    /// Writes those within a node, which may itself be within copies of `targets`. `None`
    /// if one of these holds itself. The keys may be `names`, and no fields.
    fn write(&mut self, node: &mut Node, names: bool, targets: &mut Vec<String>) -> Option<()> {
        match &mut node.data {
            Data::List(items) => {
                for item in items {
                    self.write(item, false, targets)?;
                }
            }
            Data::Map(_) => {
                if let Some(target) = target(node) {
                    return self.copy(node, target, targets);
                }
                for entry in node.entries_mut() {
                    let key = entry.key.as_str();
                    let holds_values = matches!(key, "example" | "default" | "enum");
                    if names || !(holds_values || key.starts_with("x-")) {
                        let names = !names && HAVE_NAMES.contains(&key);
                        self.write(&mut entry.value, names, targets)?;
                    }
                }
            }
            _ => {}
        }
        Some(())
    }

    fn copy(&mut self, node: &mut Node, target: String, targets: &mut Vec<String>) -> Option<()> {
        let found = pointer::find(self.root, &target);
        if targets.contains(&target) {
            return None;
        }
        if !found.exact || !matches!(found.node.data, Data::Map(_)) {
            return Some(());
        }
        let nodes = found.node.size();
        if nodes > self.left {
            return Some(());
        }
        self.left -= nodes;
        let mut copy = found.node.clone();
        targets.push(target);
        let written = self.write(&mut copy, false, targets);
        targets.pop();
        if written.is_some() {
            node.data = copy.data;
        }
        // It is the outermost of those that hold themselves that stays.
        match targets.is_empty() {
            true => Some(()),
            false => written,
        }
    }
}

fn holds_any(node: &Node) -> bool {
    let mut entries = node.entries().iter();
    target(node).is_some()
        || entries.any(|entry| holds_any(&entry.value))
        || node.items().iter().any(holds_any)
}

/// Where a reference leads that stands for a node, if that is in this file, and no
/// component.
fn target(node: &Node) -> Option<String> {
    let [only] = node.entries() else {
        return None;
    };
    let reference = only.value.text().filter(|_| only.key == "$ref")?;
    let target = pointer::of_reference(reference)?;
    let mut tokens = target.split('/').skip(1);
    let is_component = tokens.next() == Some("components") && tokens.count() == 2;
    (!is_component && !target.is_empty()).then_some(target)
}

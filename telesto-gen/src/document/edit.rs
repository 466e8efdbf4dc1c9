//! Changes of nodes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};

use super::node::{Data, Entry, Node};

/// An entry of a mapping or an item of a list, by the byte that it starts at. The item
/// starts where the first entry does if it is a mapping.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Spot {
    Entry(usize),
    Item(usize),
}

impl Spot {
    pub(crate) fn of_entry(entry: &Entry) -> Self {
        Self::Entry(entry.key_span.start)
    }

    pub(super) fn of_item(item: &Node) -> Self {
        Self::Item(item.span.start)
    }

    /// The node that a pointer leads to, if it leads to one in a mapping or a list.
    pub(crate) fn at(root: &Node, pointer: &str) -> Option<Self> {
        let target = super::pointer::find(root, pointer);
        let is_within = target.exact && !pointer.is_empty();
        is_within.then(|| match target.entry {
            Some(entry) => Self::of_entry(entry),
            None => Self::of_item(target.node),
        })
    }
}

/// Changes of a text: what goes, what gets another value or key, and what comes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Edits {
    pub(crate) gone: BTreeSet<Spot>,
    pub(super) new: BTreeMap<Spot, Node>,
    pub(super) keys: BTreeMap<Spot, String>,
    /// What comes before an entry.
    pub(super) added: BTreeMap<Spot, Vec<Entry>>,
}

impl Edits {
    /// Takes these out. A list that has nothing left goes as well.
    pub(crate) fn without(gone: BTreeSet<Spot>) -> Self {
        Self {
            gone,
            ..Self::default()
        }
    }

    /// Gives the node at `pointer` another value. If it is not there, it comes before the
    /// paths, or first in its mapping.
    pub(crate) fn set(&mut self, root: &Node, pointer: &str, value: Node) {
        let value = placed(value);
        let target = super::pointer::find(root, pointer);
        if let (true, Some(entry)) = (target.exact, target.entry) {
            self.new.insert(Spot::of_entry(entry), value);
        } else if let Some((parent, _)) = pointer.rsplit_once('/') {
            self.put(
                root,
                parent,
                Entry::new(super::pointer::last(pointer), value),
            );
        }
    }

    /// Adds an entry to the mapping at `pointer`, which comes as well if it is not there.
    fn put(&mut self, root: &Node, pointer: &str, entry: Entry) {
        let holder = super::pointer::find(root, pointer);
        let entries = holder.node.entries().iter();
        let mut left = entries.filter(|entry| !self.gone.contains(&Spot::of_entry(entry)));
        let first = left.clone().next();
        let next = left.find(|entry| entry.key == "paths").or(first);
        match (holder.exact, next, holder.entry) {
            (true, Some(next), _) => {
                merge(self.added.entry(Spot::of_entry(next)).or_default(), entry);
            }
            // Others may have been put into it.
            (true, None, Some(empty)) => {
                let new = self.new.entry(Spot::of_entry(empty));
                let new = new.or_insert_with(|| placed(Node::map([])));
                match &mut new.data {
                    Data::Map(entries) => merge(entries, entry),
                    _ => *new = placed(Data::Map(vec![entry]).into()),
                }
            }
            // An item of a list.
            (true, None, None) => {}
            (false, ..) => {
                let new = placed(Data::Map(vec![entry]).into());
                let new = Entry::new(super::pointer::last(pointer), new);
                let parent = pointer.rsplit_once('/').map_or("", |(parent, _)| parent);
                self.put(root, parent, new);
            }
        }
    }

    /// Gives an entry another key.
    pub(crate) fn rename(&mut self, entry: &Entry, key: String) {
        self.keys.insert(Spot::of_entry(entry), key);
    }

    /// Adds later changes.
    pub(super) fn add(&mut self, later: Self) {
        self.gone.extend(later.gone);
        self.new.extend(later.new);
        self.keys.extend(later.keys);
        for (spot, entries) in later.added {
            self.added.entry(spot).or_default().extend(entries);
        }
    }

    /// The node with these changes; `None` if it is a list of which nothing is left.
    pub(crate) fn made(&self, node: &Node) -> Option<Node> {
        let data = match &node.data {
            Data::List(items) => {
                let kept = items.iter().filter_map(|item| {
                    let spot = Spot::of_item(item);
                    (!self.gone.contains(&spot)).then(|| self.made(item))?
                });
                let kept: Vec<Node> = kept.collect();
                if kept.is_empty() && !items.is_empty() {
                    return None;
                }
                Data::List(kept)
            }
            Data::Map(entries) => {
                let mut kept = Vec::with_capacity(entries.len());
                for entry in entries {
                    self.keep(entry, &mut kept);
                }
                Data::Map(kept)
            }
            scalar => scalar.clone(),
        };
        let span = node.span.clone();
        Some(Node { span, data })
    }

    /// What comes before an entry, and what it is with these changes.
    pub(super) fn keep(&self, entry: &Entry, kept: &mut Vec<Entry>) {
        let spot = Spot::of_entry(entry);
        for added in self.added.get(&spot).into_iter().flatten() {
            self.keep(added, kept);
        }
        if self.gone.contains(&spot) {
            return;
        }
        let Some(value) = self.made(self.new.get(&spot).unwrap_or(&entry.value)) else {
            return;
        };
        let (key, key_is_text) = match self.keys.get(&spot) {
            Some(key) => (key.into(), true),
            None => (entry.key.clone(), entry.key_is_text),
        };
        kept.push(Entry {
            key,
            key_span: entry.key_span.clone(),
            key_is_text,
            value,
        });
    }
}

/// A new value, at places that no text has, so that a later change finds what is in it.
fn placed(node: Node) -> Node {
    static NEXT: AtomicUsize = AtomicUsize::new(usize::MAX / 2);
    let at = NEXT.fetch_add(1, Ordering::Relaxed);
    let data = match node.data {
        Data::List(items) => Data::List(items.into_iter().map(placed).collect()),
        Data::Map(entries) => {
            let placed = |entry: Entry| Entry::new(entry.key, placed(entry.value));
            Data::Map(entries.into_iter().map(placed).collect())
        }
        scalar => scalar,
    };
    let span = at..at;
    Node { span, data }
}

/// Adds an entry to others, one of which may be a mapping of the same name.
fn merge(entries: &mut Vec<Entry>, new: Entry) {
    let mut same = entries.iter_mut().filter(|entry| entry.key == new.key);
    match (
        same.next().map(|entry| &mut entry.value.data),
        new.value.data,
    ) {
        (Some(Data::Map(known)), Data::Map(more)) => {
            more.into_iter().for_each(|entry| merge(known, entry));
        }
        (_, data) => entries.push(Entry {
            value: Node { data, ..new.value },
            ..new
        }),
    }
}

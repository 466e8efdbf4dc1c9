//! Which change of the document each effect on the client comes from.

use std::cell::OnceCell;
use std::collections::{HashMap, HashSet, VecDeque};

use super::sides::Sides;
use super::surface::Difference;
use super::{Change, Effect, Verdict};
use crate::document::{Node, find, join};
use crate::finding::{Finding, Severity};
use crate::spec::{Spec, split_reference};

/// The rule of a change that only shows in the client.
pub(super) const RULE: &str = "client";

/// Adds each effect to the change that it comes from; what comes from none is a
/// change of its own.
pub(super) fn attach(sides: &Sides<'_>, changes: &mut Vec<Change>, found: Vec<Difference>) {
    let causes = Causes::of(sides, changes);
    let mut effects: Vec<Vec<Effect>> = changes.iter().map(|_| Vec::new()).collect();
    let mut left: Vec<(Difference, Vec<Effect>)> = Vec::new();
    for difference in found {
        if let Some(index) = causes.of_difference(&difference) {
            effects[index].push(difference.effect);
            continue;
        }
        let same = left
            .iter_mut()
            .find(|(known, _)| (&known.base, &known.new) == (&difference.base, &difference.new));
        match same {
            Some((_, effects)) => effects.push(difference.effect),
            None => left.push((difference, Vec::new())),
        }
    }
    for (change, effects) in changes.iter_mut().zip(effects) {
        let worst = effects.iter().map(|effect| effect.verdict).max();
        change.verdict = change.verdict.max(worst.unwrap_or(change.verdict));
        change.effects = effects;
    }
    for (first, mut effects) in left {
        effects.insert(0, first.effect);
        changes.push(alone(sides, effects, first.base, first.new));
    }
}

/// A change that no rule finds.
fn alone(
    sides: &Sides<'_>,
    effects: Vec<Effect>,
    base: Option<String>,
    new: Option<String>,
) -> Change {
    let in_base = new.is_none() && base.is_some();
    let document = match in_base {
        true => sides.base.document,
        false => sides.new.document,
    };
    let pointer = new.or(base).unwrap_or_default();
    let finding: Finding = document.finding_at_key(
        &pointer,
        RULE,
        Severity::Warning,
        "the client changes here".to_owned(),
        "it follows from how the parts of the document refer to each other".to_owned(),
    );
    Change {
        verdict: effects
            .iter()
            .map(|effect| effect.verdict)
            .max()
            .unwrap_or(Verdict::Docs),
        by_rule: None,
        in_base,
        finding,
        operations: Vec::new(),
        effects,
    }
}

struct Causes<'s, 'a> {
    sides: &'s Sides<'a>,
    /// The changes that more than documentation may follow from, in their order.
    all: Vec<Cause>,
    /// Their indices by their pointers, in the new document and in the base.
    at: [ByPointer; 2],
    /// The same, and by what these are in, and what they refer to.
    near: [ByPointer; 2],
    /// The first that reaches a pointer, of those that break code, and of all.
    reaching: [[OnceCell<HashMap<String, usize>>; 2]; 2],
}

type ByPointer = HashMap<String, Vec<usize>>;

struct Cause {
    /// Its index in the changes.
    index: usize,
    verdict: Verdict,
    in_base: bool,
    pointer: String,
}

/// Where the item of an effect was made from: in the new document, or in the base.
type Origin<'o> = (bool, &'o str);

/// A way to find the change that an effect comes from, at least as bad as it is.
type Way<'s, 'a> = fn(&Causes<'s, 'a>, Origin<'_>, Verdict) -> Option<usize>;

impl<'s, 'a> Causes<'s, 'a> {
    fn of(sides: &'s Sides<'a>, changes: &[Change]) -> Self {
        let mut causes = Self {
            sides,
            all: Vec::new(),
            at: Default::default(),
            near: Default::default(),
            reaching: Default::default(),
        };
        for (index, change) in changes.iter().enumerate() {
            if change.verdict > Verdict::Docs {
                causes.add(index, change);
            }
        }
        causes
    }

    fn add(&mut self, index: usize, change: &Change) {
        let (pointer, cause) = (change.finding.pointer.clone(), self.all.len());
        let side = usize::from(change.in_base);
        let spec = self.spec(change.in_base);
        // What is not there any more is a change of what it was in.
        let holder = pointer
            .rsplit_once('/')
            .map(|(holder, _)| holder.to_owned());
        let node = find(spec.root, &pointer).node;
        let target = spec.resolve(node, &pointer).map(|found| found.pointer);
        let target = target.filter(|_| node.get("$ref").is_some());
        let near = [Some(pointer.clone()), holder, target];
        for pointer in near.into_iter().flatten() {
            self.near[side].entry(pointer).or_default().push(cause);
        }
        self.at[side]
            .entry(pointer.clone())
            .or_default()
            .push(cause);
        self.all.push(Cause {
            index,
            verdict: change.verdict,
            in_base: change.in_base,
            pointer,
        });
    }

    fn spec(&self, in_base: bool) -> &'s Spec<'a> {
        match in_base {
            true => self.sides.base,
            false => self.sides.new,
        }
    }

    /// The change that a difference comes from: one that is as bad, or else any.
    fn of_difference(&self, difference: &Difference) -> Option<usize> {
        let moved = difference
            .base
            .as_ref()
            .and_then(|base| self.sides.moved_to(base));
        let new = difference.new.clone().or(moved);
        let was = new.as_deref().and_then(|new| self.sides.was_at(new));
        let base = difference.base.as_deref().or(was);
        let origins = [
            new.as_deref().map(|new| (false, new)),
            base.map(|base| (true, base)),
        ];
        let origins: Vec<Origin<'_>> = origins.into_iter().flatten().collect();
        let ways: &[Way<'s, 'a>] = match difference.is_one_sided() {
            true => &[Self::exactly, Self::above, Self::user, Self::within],
            false => &[Self::within, Self::above, Self::user],
        };
        let verdicts = [difference.effect.verdict, Verdict::Additive];
        let found = verdicts.iter().find_map(|verdict| {
            let mut ways = ways.iter();
            ways.find_map(|way| {
                let mut origins = origins.iter();
                origins.find_map(|origin| way(self, *origin, *verdict))
            })
        });
        let of_holder = || {
            let mut holders = difference.of.iter();
            holders.find_map(|holder| self.exactly((false, holder), difference.effect.verdict))
        };
        found.or_else(of_holder).map(|cause| self.all[cause].index)
    }

    fn first(&self, causes: Option<&Vec<usize>>, verdict: Verdict) -> Option<usize> {
        let mut causes = causes?.iter().copied();
        causes.find(|cause| self.all[*cause].verdict >= verdict)
    }

    /// A change at an origin, or of something that is not there any more.
    fn exactly(&self, (in_base, origin): Origin<'_>, verdict: Verdict) -> Option<usize> {
        self.first(self.near[usize::from(in_base)].get(origin), verdict)
    }

    /// A change of what is at an origin or in it, references followed: the nearest.
    fn within(&self, (in_base, origin): Origin<'_>, verdict: Verdict) -> Option<usize> {
        reach(self.spec(in_base), origin, &mut HashSet::new(), |pointer| {
            self.exactly((in_base, pointer), verdict)
        })
    }

    /// A change of what an origin is in: the nearest.
    fn above(&self, (in_base, origin): Origin<'_>, verdict: Verdict) -> Option<usize> {
        let [of_new, of_base] = &self.at;
        let mut rest = origin;
        while let Some((holder, _)) = rest.rsplit_once('/') {
            let found = match in_base {
                true => {
                    let moved = self.sides.moved_to(holder);
                    let in_new = moved.and_then(|moved| self.first(of_new.get(&moved), verdict));
                    self.first(of_base.get(holder), verdict).or(in_new)
                }
                false => self.first(of_new.get(holder), verdict),
            };
            if found.is_some() {
                return found;
            }
            rest = holder;
        }
        None
    }

    /// A change of what uses an origin.
    fn user(&self, (in_base, origin): Origin<'_>, verdict: Verdict) -> Option<usize> {
        let is_breaking = verdict == Verdict::Breaking;
        let reaching = &self.reaching[usize::from(in_base)][usize::from(is_breaking)];
        let reaching = reaching.get_or_init(|| self.reaching(in_base, verdict));
        reaching.get(origin).copied()
    }

    /// The first of the changes that reaches a pointer, for each pointer.
    fn reaching(&self, in_base: bool, verdict: Verdict) -> HashMap<String, usize> {
        let mut reaching = HashMap::new();
        let mut seen = HashSet::new();
        for (index, cause) in self.all.iter().enumerate() {
            let pointer = match (in_base, cause.in_base) {
                (true, false) => self.sides.moved_from(&cause.pointer),
                (false, true) => None,
                _ => Some(cause.pointer.as_str()),
            };
            let Some(pointer) = pointer.filter(|_| cause.verdict >= verdict) else {
                continue;
            };
            reach(self.spec(in_base), pointer, &mut seen, |pointer| {
                reaching.entry(pointer.to_owned()).or_insert(index);
                None::<()>
            });
        }
        reaching
    }
}

/// The first that `take` takes of what is at a pointer and in it, references
/// followed: the nearest first, and nothing that was seen before.
pub(super) fn reach<T>(
    spec: &Spec<'_>,
    pointer: &str,
    seen: &mut HashSet<*const Node>,
    mut take: impl FnMut(&str) -> Option<T>,
) -> Option<T> {
    let target = find(spec.root, pointer);
    let node = target.exact.then_some(target.node);
    let mut next = VecDeque::from([(pointer.to_owned(), node)]);
    while let Some((pointer, node)) = next.pop_front() {
        if let Some(found) = take(&pointer) {
            return Some(found);
        }
        let Some(node) = node.filter(|node| seen.insert(std::ptr::from_ref::<Node>(node))) else {
            continue;
        };
        if let Some((section, name)) = node.text_of("$ref").and_then(split_reference) {
            let component = spec.component(section, name);
            let pointer = join(&format!("/components/{section}"), name);
            next.extend(component.map(|entry| (pointer, Some(&entry.value))));
        }
        let entries = node.entries().iter();
        next.extend(entries.map(|entry| (join(&pointer, &entry.key), Some(&entry.value))));
        let items = node.items().iter().enumerate();
        next.extend(items.map(|(index, item)| (format!("{pointer}/{index}"), Some(item))));
    }
    None
}

//! Which change of the document each effect on the client comes from.

use std::collections::{HashMap, HashSet, VecDeque};

use super::sides::Sides;
use super::surface::Difference;
use super::{Change, Effect, Verdict};
use crate::document::{find, join};
use crate::finding::{Finding, Severity};
use crate::spec::split_reference;

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
    /// The changes in the new document and in the base, by their pointers, what these
    /// are in, and what they refer to.
    at: [HashMap<String, Vec<usize>>; 2],
    /// Those that more than documentation may follow from.
    all: Vec<Cause>,
}

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
        let mut at = [HashMap::<_, Vec<usize>>::new(), HashMap::new()];
        let mut all = Vec::new();
        for (index, change) in changes.iter().enumerate() {
            if change.verdict == Verdict::Docs {
                continue;
            }
            let pointer = change.finding.pointer.clone();
            let side = &mut at[usize::from(change.in_base)];
            // What is not there any more is a change of what it was in.
            let holder = pointer
                .rsplit_once('/')
                .map(|(holder, _)| holder.to_owned());
            let spec = if change.in_base {
                sides.base
            } else {
                sides.new
            };
            let node = find(spec.root, &pointer).node;
            let target = spec.resolve(node, &pointer).map(|found| found.pointer);
            let target = target.filter(|_| node.get("$ref").is_some());
            for pointer in [Some(pointer.clone()), holder, target]
                .into_iter()
                .flatten()
            {
                side.entry(pointer).or_default().push(all.len());
            }
            all.push(Cause {
                index,
                verdict: change.verdict,
                in_base: change.in_base,
                pointer,
            });
        }
        Self { sides, at, all }
    }

    /// The change that a difference comes from: one that is as bad, or else any.
    fn of_difference(&self, difference: &Difference) -> Option<usize> {
        let moved = difference
            .base
            .as_ref()
            .and_then(|base| self.sides.moved_to(base));
        let new = difference.new.clone().or(moved);
        let origins = [
            new.as_deref().map(|new| (false, new)),
            difference.base.as_deref().map(|base| (true, base)),
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
        found.map(|cause| self.all[cause].index)
    }

    /// A change at an origin, or of something that is not there any more.
    fn exactly(&self, (in_base, origin): Origin<'_>, verdict: Verdict) -> Option<usize> {
        let mut causes = self.at[usize::from(in_base)].get(origin)?.iter().copied();
        causes.find(|cause| self.all[*cause].verdict >= verdict)
    }

    /// A change of what is at an origin or in it, references followed: the nearest.
    fn within(&self, (in_base, origin): Origin<'_>, verdict: Verdict) -> Option<usize> {
        self.reach((in_base, origin), |pointer| {
            self.exactly((in_base, pointer), verdict)
        })
    }

    /// A change of what an origin is in: the nearest.
    fn above(&self, (in_base, origin): Origin<'_>, verdict: Verdict) -> Option<usize> {
        let mut rest = origin;
        while let Some((holder, _)) = rest.rsplit_once('/') {
            let moved = in_base.then(|| self.sides.moved_to(holder)).flatten();
            let is_above = |cause: &Cause| match cause.in_base == in_base {
                true => cause.pointer == holder,
                false => Some(&cause.pointer) == moved.as_ref(),
            };
            let mut causes = self.all.iter();
            let found = causes.position(|cause| cause.verdict >= verdict && is_above(cause));
            if found.is_some() {
                return found;
            }
            rest = holder;
        }
        None
    }

    /// A change of what uses an origin.
    fn user(&self, (in_base, origin): Origin<'_>, verdict: Verdict) -> Option<usize> {
        self.all.iter().position(|cause| {
            let pointer = match (in_base, cause.in_base) {
                (true, false) => self.sides.moved_from(&cause.pointer),
                (false, true) => None,
                _ => Some(cause.pointer.clone()),
            };
            let reaches = |pointer: String| {
                self.reach((in_base, &pointer), |reached| {
                    (reached == origin).then_some(())
                })
                .is_some()
            };
            cause.verdict >= verdict && pointer.is_some_and(reaches)
        })
    }

    /// The first that `take` takes of what is at a pointer and in it, references
    /// followed.
    fn reach<T>(
        &self,
        (in_base, pointer): Origin<'_>,
        take: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        let spec = match in_base {
            true => self.sides.base,
            false => self.sides.new,
        };
        let mut seen = HashSet::new();
        let target = find(spec.root, pointer);
        let node = target.exact.then_some(target.node);
        let mut next = VecDeque::from([(pointer.to_owned(), node)]);
        while let Some((pointer, node)) = next.pop_front() {
            if let Some(found) = take(&pointer) {
                return Some(found);
            }
            let Some(node) = node else { continue };
            if !seen.insert(std::ptr::from_ref(node)) {
                continue;
            }
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
}

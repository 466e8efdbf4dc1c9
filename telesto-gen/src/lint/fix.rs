//! Solves what can be solved without a loss.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::lint;
use crate::document::{Document, Draft, Spot};
use crate::finding::{Finding, Findings};

/// What [`fix`] has made of a text.
#[derive(Debug)]
#[non_exhaustive]
pub struct Fixed {
    /// The text, which is as it was but for what was taken out of it.
    pub text: String,
    /// What was solved, with the places of the text as it was.
    pub solved: Vec<Finding>,
    /// What is left.
    pub findings: Findings,
}

/// Takes out of a document what it says in vain: what its findings are about, where that
/// is in no client, and is nothing that a reader would miss. Each [`Rule`](super::Rule)
/// says what it takes out.
///
/// The layout and the comments of everything else stay. What is left is read again: if it
/// were anything but the document without these parts, or broke a rule that it did not
/// break before, it stays as it was.
///
/// ```
/// let text = "openapi: 3.0.3 # as it came\n\
///             info: { title: Shop, version: '1' }\n\
///             paths: {}\n\
///             components:\n  \
///               schemas:\n    \
///                 Thing: { type: string, default: 7 }\n";
/// let fixed = telesto_gen::fix("shop.yaml", text.to_owned());
/// assert_eq!(fixed.text, text.replace(", default: 7", ""));
/// assert_eq!(fixed.solved.len(), 1);
/// ```
pub fn fix(path: impl AsRef<Path>, text: String) -> Fixed {
    const MARK: char = '\u{feff}';
    let path = path.as_ref();
    let rest = text.strip_prefix(MARK).unwrap_or(&text);
    let mark = &text[..text.len() - rest.len()];
    let fixed = match Draft::of(path, rest) {
        // Only with aliases, each step has to be tried on the text.
        Ok(draft) => [false, true].into_iter().find_map(|tries_text| {
            let look = Look::of(draft.clone(), tries_text);
            let (solved, look) = solved(look);
            let (text, document) = look.draft.written()?;
            Some((solved, text, document))
        }),
        Err(_) => None,
    };
    let (solved, left, document) = fixed.unwrap_or_else(|| {
        let document = Document::parse(path, rest.to_owned());
        (Vec::new(), rest.to_owned(), document)
    });
    let findings = match document {
        Ok(document) => lint(&document),
        Err(findings) => findings,
    };
    Fixed {
        text: format!("{mark}{left}"),
        solved,
        findings,
    }
}

/// What can be solved of a draft, the draft without it, and what is left.
pub(crate) fn solve(draft: Draft<'_>) -> (Vec<Finding>, Draft<'_>, Findings) {
    let (solved, look) = solved(Look::of(draft, false));
    (solved, look.draft, look.findings)
}

fn solved(mut look: Look<'_>) -> (Vec<Finding>, Look<'_>) {
    let mut solved = Vec::new();
    // Each round takes something out, so there is a last one.
    while let Some((fixes, after)) = look.fixed() {
        solved.extend(fixes);
        look = after;
    }
    (solved, look)
}

/// A draft, and what is wrong with it.
struct Look<'t> {
    draft: Draft<'t>,
    findings: Findings,
    /// Whether it is a document, so that all rules were applied.
    is_document: bool,
    /// How often each rule is broken, and how often where nothing can solve it.
    broken: BTreeMap<&'static str, [usize; 2]>,
    /// Whether what is left has to be found in the text after each step.
    tries_text: bool,
}

impl<'t> Look<'t> {
    fn of(draft: Draft<'t>, tries_text: bool) -> Self {
        let (findings, is_document) = match draft.document() {
            Ok(document) => (lint(&document), true),
            Err(findings) => (findings, false),
        };
        let mut broken = BTreeMap::new();
        for finding in &findings {
            let [all, hopeless]: &mut [usize; 2] = broken.entry(finding.rule).or_default();
            *all += 1;
            *hopeless += usize::from(!finding.is_fixable());
        }
        Self {
            draft,
            findings,
            is_document,
            broken,
            tries_text,
        }
    }

    /// What is solved of the findings, and what is left then; `None` if that is nothing.
    fn fixed(&self) -> Option<(Vec<Finding>, Self)> {
        let fixable = self.findings.iter().filter(|finding| finding.is_fixable());
        // What may be empty depends on what the others say.
        let (last, first): (Vec<Finding>, Vec<Finding>) = fixable
            .cloned()
            .partition(|finding| finding.rule == "required-may-be-empty");
        let mut chosen = Chosen {
            before: self,
            fixes: Vec::new(),
            after: None,
        };
        chosen.add(&first);
        if chosen.fixes.is_empty() {
            chosen.add(&last);
        }
        Some((chosen.fixes, chosen.after?))
    }

    fn without(&self, gone: &BTreeSet<Spot>) -> Option<Self> {
        let draft = self.draft.without(gone)?;
        let is_readable = !self.tries_text || draft.can_be_written();
        is_readable.then(|| Self::of(draft, self.tries_text))
    }

    /// Whether this is no worse than it was before.
    fn is_as_good_as(&self, before: &Self) -> bool {
        match (before.is_document, self.is_document) {
            // Only now it is known.
            (false, true) => true,
            (true, false) => false,
            _ => self.broken.iter().all(|(rule, [all, hopeless])| {
                let had = before.broken.get(rule);
                had.is_some_and(|[had, had_hopeless]| all <= had && hopeless <= had_hopeless)
            }),
        }
    }
}

/// Fixes that go together.
struct Chosen<'l, 't> {
    before: &'l Look<'t>,
    fixes: Vec<Finding>,
    /// What they leave.
    after: Option<Look<'t>>,
}

impl Chosen<'_, '_> {
    /// Adds as many of these as do no harm.
    fn add(&mut self, fixes: &[Finding]) {
        if fixes.is_empty() {
            return;
        }
        let all = self.fixes.iter().chain(fixes);
        let gone = all.flat_map(|finding| finding.fix.iter().copied());
        let after = self.before.without(&gone.collect());
        if let Some(after) = after.filter(|after| after.is_as_good_as(self.before)) {
            self.fixes.extend_from_slice(fixes);
            self.after = Some(after);
        } else if let [_, _, ..] = fixes {
            let (one, other) = fixes.split_at(fixes.len() / 2);
            self.add(one);
            self.add(other);
        }
    }
}

//! Solves what can be solved without a loss.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::{RULES, lint};
use crate::document::{Document, without};
use crate::finding::{Finding, Findings};

/// What [`fix`] has made of a text.
#[derive(Debug)]
#[non_exhaustive]
pub struct Fixed {
    /// The text, which is as it was but for what was taken out of it.
    pub text: String,
    /// What was solved. The places are those of the text as it was at that time: a fix
    /// may show what another one solves.
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
    let (mark, text) = match text.strip_prefix(MARK) {
        Some(rest) => (MARK.to_string(), rest.to_owned()),
        None => (String::new(), text),
    };
    let mut look = Look::of(path, text);
    let mut solved = Vec::new();
    // Each round takes something out, so there is a last one.
    while let Some((fixes, after)) = RULES.iter().find_map(|rule| look.fixed(path, rule.name)) {
        solved.extend(fixes);
        look = after;
    }
    Fixed {
        text: mark + &look.text,
        solved,
        findings: look.findings,
    }
}

/// A text, and what is wrong with it.
struct Look {
    text: String,
    findings: Findings,
    /// Whether it is a document, so that all rules were applied.
    is_document: bool,
    /// How often each rule is broken.
    broken: BTreeMap<&'static str, usize>,
}

impl Look {
    fn of(path: &Path, text: String) -> Self {
        let (findings, is_document) = match Document::parse(path, text.clone()) {
            Ok(document) => (lint(&document), true),
            Err(findings) => (findings, false),
        };
        let mut broken = BTreeMap::new();
        for finding in &findings {
            *broken.entry(finding.rule).or_default() += 1;
        }
        Self {
            text,
            findings,
            is_document,
            broken,
        }
    }

    /// What is solved of the findings of a rule, and the text without it; `None` if that
    /// is nothing.
    fn fixed(&self, path: &Path, rule: &str) -> Option<(Vec<Finding>, Self)> {
        let fixable = |finding: &&Finding| finding.rule == rule && finding.is_fixable();
        let fixable: Vec<Finding> = self.findings.iter().filter(fixable).cloned().collect();
        let mut chosen = Chosen {
            path,
            before: self,
            fixes: Vec::new(),
            after: None,
        };
        chosen.add(&fixable);
        Some((chosen.fixes, chosen.after?))
    }

    /// Whether this is no worse than it was before.
    fn is_as_good_as(&self, before: &Self) -> bool {
        match (before.is_document, self.is_document) {
            // Only now it is known.
            (false, true) => true,
            (true, false) => false,
            _ => self
                .broken
                .iter()
                .all(|(rule, count)| before.broken.get(rule).is_some_and(|had| count <= had)),
        }
    }
}

/// Fixes that go together.
struct Chosen<'l> {
    path: &'l Path,
    before: &'l Look,
    fixes: Vec<Finding>,
    /// What they make of the text.
    after: Option<Look>,
}

impl Chosen<'_> {
    /// Adds as many of these as do no harm.
    fn add(&mut self, fixes: &[Finding]) {
        if fixes.is_empty() {
            return;
        }
        let all = self.fixes.iter().chain(fixes);
        let gone: BTreeSet<_> = all
            .flat_map(|finding| finding.fix.iter().copied())
            .collect();
        let after = without(&self.before.text, &gone).map(|text| Look::of(self.path, text));
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

//! Solves what can be solved without a loss.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::lint;
use crate::document::{Document, Draft, Spot, is_within};
use crate::finding::{Finding, Findings, Severity};

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
    let fixed = match Draft::of(path, rest.to_owned()) {
        Ok(draft) => [Purpose::Text, Purpose::SharingText]
            .into_iter()
            .find_map(|purpose| {
                let (solved, look) = solved_all(Look::of(draft.clone(), purpose));
                let (text, document) = look.draft.written()?;
                Some((solved, text, document))
            }),
        Err(_) => None,
    };
    let (solved, left, document) = fixed.unwrap_or_else(|| {
        let document = Document::parse(path, rest.to_owned());
        (Vec::new(), rest.to_owned(), document)
    });
    let findings = match document.and_then(Document::checked) {
        Ok(document) => lint(&document),
        Err(findings) => findings,
    };
    Fixed {
        text: format!("{mark}{left}"),
        solved,
        findings,
    }
}

/// What [`solve`] has made of a draft.
pub(crate) struct Solved {
    /// What was solved.
    pub(crate) solved: Vec<Finding>,
    /// The draft without it.
    pub(crate) draft: Draft,
    /// The document that the draft is, if it can be read.
    pub(crate) document: Option<Document>,
    /// What is left.
    pub(crate) findings: Findings,
}

/// Solves what can be solved of a draft that is to become a spec.
pub(crate) fn solve(draft: Draft, search: &mut Search) -> Solved {
    let (solved, look) = solved(Look::of(draft, Purpose::Spec), search);
    Solved {
        solved,
        draft: look.draft,
        document: look.document,
        findings: look.findings,
    }
}

/// Solves until nothing more can be solved, so that doing it again changes nothing.
fn solved_all(mut look: Look) -> (Vec<Finding>, Look) {
    let mut all = Vec::new();
    loop {
        let mut search = Search::default();
        let (more, after) = solved(look, &mut search);
        look = after;
        // What did harm may do none now.
        let is_last = more.is_empty() || search.harmful.is_empty();
        all.extend(more);
        if is_last {
            return (all, look);
        }
    }
}

fn solved(mut look: Look, search: &mut Search) -> (Vec<Finding>, Look) {
    let mut solved = Vec::new();
    // Each round takes something out, or finds something that has to stay.
    loop {
        let known = search.harmful.len();
        match look.fixed(search) {
            Some((fixes, after)) => {
                solved.extend(fixes);
                look = after;
            }
            None if search.harmful.len() > known => {}
            None => return (solved, look),
        }
    }
}

/// How often is searched for what does harm among the fixes that may do it. Then none of
/// them is tried again: each search looks at the whole document.
const PATIENCE: usize = 16;

/// What is known of fixes that do harm.
#[derive(Default)]
pub(crate) struct Search {
    /// Those that are not tried again.
    harmful: BTreeSet<Vec<Spot>>,
    /// How often some did harm.
    searches: usize,
    /// Whether they did harm in a draft that was changed since.
    is_outdated: bool,
}

impl Search {
    /// Takes note of a change of the draft: what did harm may do none now.
    pub(crate) fn draft_has_changed(&mut self) {
        self.is_outdated = !self.harmful.is_empty();
    }

    /// Has all be tried again that did harm, unless nothing has changed since.
    pub(crate) fn again(&mut self) -> bool {
        let is_outdated = std::mem::take(&mut self.is_outdated);
        if is_outdated {
            self.harmful.clear();
        }
        is_outdated
    }
}

/// What a draft is to become.
#[derive(Clone, Copy, PartialEq)]
enum Purpose {
    /// The text that it is of, without some parts.
    Text,
    /// The same, of a text with aliases: whether a part can go is known only when the text
    /// is tried.
    SharingText,
    /// A spec: where two schemas have one name in Rust, one of them gets another later, and
    /// what is only a warning costs nothing.
    Spec,
}

/// A draft, and what is wrong with it.
struct Look {
    draft: Draft,
    /// The document that it is. Only to that, all rules are applied.
    document: Option<Document>,
    findings: Findings,
    /// How often each rule is broken that must not be broken more often, and how often where
    /// nothing can solve it.
    broken: BTreeMap<&'static str, [usize; 2]>,
    purpose: Purpose,
}

impl Look {
    fn of(draft: Draft, purpose: Purpose) -> Self {
        let (findings, document) = match draft.document() {
            Ok(document) => (lint(&document), Some(document)),
            Err(findings) => (findings, None),
        };
        let mut broken = BTreeMap::new();
        let is_harm = |finding: &&Finding| {
            let is_error = finding.severity == Severity::Error;
            purpose != Purpose::Spec || is_error && finding.rule != "schema-name"
        };
        for finding in findings.iter().filter(is_harm) {
            let [all, hopeless]: &mut [usize; 2] = broken.entry(finding.rule).or_default();
            *all += 1;
            *hopeless += usize::from(!finding.is_fixable());
        }
        Self {
            draft,
            document,
            findings,
            broken,
            purpose,
        }
    }

    /// What is solved of the findings, and what is left then; `None` if that is nothing.
    fn fixed(&self, search: &mut Search) -> Option<(Vec<Finding>, Self)> {
        let fixable = self.findings.iter().filter(|finding| finding.is_fixable());
        let fixable = fixable.filter(|finding| !search.harmful.contains(&finding.fix));
        // What may be empty depends on what the others say.
        let (last, first): (Vec<&Finding>, Vec<&Finding>) =
            fixable.partition(|finding| finding.rule == "required-may-be-empty");
        let fixed = self.harmless(first, search);
        fixed.or_else(|| self.harmless(last, search))
    }

    /// The fixes that do no harm together. Of those that may do the same harm, half are
    /// left out until none is done: so where there is much harm, it is not searched for
    /// in one place after the other.
    fn harmless(
        &self,
        mut fixes: Vec<&Finding>,
        search: &mut Search,
    ) -> Option<(Vec<Finding>, Self)> {
        while !fixes.is_empty() {
            let gone = fixes.iter().flat_map(|finding| finding.fix.iter().copied());
            let after = match self.without(&gone.collect()) {
                Some(after) if after.is_as_good_as(self) => {
                    return Some((fixes.into_iter().cloned().collect(), after));
                }
                after => after,
            };
            let harms = after.iter().flat_map(|after| after.harm_since(self));
            let mut suspects: Vec<_> = harms.map(|harm| suspects(harm, &fixes)).collect();
            if suspects.is_empty() {
                suspects.push(fixes.clone());
            }
            search.searches += 1;
            let is_over = search.searches > PATIENCE;
            let mut out = BTreeSet::new();
            for suspects in suspects {
                if is_over || suspects.len() == 1 {
                    let known = suspects.iter().map(|finding| finding.fix.clone());
                    search.harmful.extend(known);
                }
                let stay = if is_over { 0 } else { suspects.len() / 2 };
                out.extend(suspects[stay..].iter().map(|finding| &finding.fix));
            }
            fixes.retain(|finding| !out.contains(&finding.fix));
        }
        None
    }

    /// What is wrong that was not `before`.
    fn harm_since<'l>(&'l self, before: &'l Self) -> impl Iterator<Item = &'l Finding> {
        fn key(finding: &Finding) -> (&str, &str, bool) {
            (finding.rule, &finding.pointer, finding.is_fixable())
        }
        let known: BTreeSet<_> = before.findings.iter().map(key).collect();
        self.findings.iter().filter(move |finding| {
            !self.is_rule_as_good_as(finding.rule, before) && !known.contains(&key(finding))
        })
    }

    fn without(&self, gone: &BTreeSet<Spot>) -> Option<Self> {
        let draft = self.draft.without(gone)?;
        let is_readable = self.purpose != Purpose::SharingText || draft.can_be_written();
        is_readable.then(|| Self::of(draft, self.purpose))
    }

    /// Whether this is no worse than it was before.
    fn is_as_good_as(&self, before: &Self) -> bool {
        match (&before.document, &self.document) {
            // Only now it is known.
            (None, Some(_)) => true,
            (Some(_), None) => false,
            _ => (self.broken.keys()).all(|rule| self.is_rule_as_good_as(rule, before)),
        }
    }

    fn is_rule_as_good_as(&self, rule: &str, before: &Self) -> bool {
        match (self.broken.get(rule), before.broken.get(rule)) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some([all, hopeless]), Some([had, had_hopeless])) => {
                all <= had && hopeless <= had_hopeless
            }
        }
    }
}

/// The fixes that may do a harm: those whose place leads to it or is in it, or else those
/// that are nearest to it.
fn suspects<'f>(harm: &Finding, fixes: &[&'f Finding]) -> Vec<&'f Finding> {
    let to_harm = |fix: &Finding| {
        let places = [&harm.pointer].into_iter().chain(&harm.others);
        places.map(|at| nearness(&fix.pointer, at)).max()
    };
    let nearest = fixes.iter().map(|fix| to_harm(fix)).max();
    let fixes = fixes.iter().copied();
    fixes.filter(|fix| Some(to_harm(fix)) == nearest).collect()
}

/// How near two places are: most if a pointer leads to the other, else by how many steps
/// they share.
fn nearness(one: &str, other: &str) -> usize {
    if is_within(one, other) || is_within(other, one) {
        return usize::MAX;
    }
    let steps = one.split('/').zip(other.split('/'));
    steps.take_while(|(one, other)| one == other).count()
}

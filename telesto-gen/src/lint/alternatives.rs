//! The rule about the alternatives of a `oneOf` or an `anyOf`.

use super::Report;
use crate::finding::Finding;
use crate::spec::Spec;

pub(super) fn told_apart(spec: &Spec<'_>, report: &mut Report<'_>) {
    for problem in &spec.unfit {
        let (message, help) = (problem.message.clone(), problem.help.clone());
        let finding = report.of_value(&problem.pointer, message, help);
        report.add(Finding {
            others: problem.others.clone(),
            ..finding
        });
    }
}

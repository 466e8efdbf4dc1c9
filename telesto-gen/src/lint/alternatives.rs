//! The rule about the alternatives of a `oneOf` or an `anyOf`.

use super::Report;
use crate::spec::Spec;

pub(super) fn told_apart(spec: &Spec<'_>, report: &mut Report<'_>) {
    for problem in &spec.unfit {
        report.at(&problem.pointer, &problem.message, &problem.help);
    }
}

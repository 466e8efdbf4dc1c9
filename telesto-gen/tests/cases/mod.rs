//! The documents in `tests/cases`.

use std::fs;
use std::path::{Path, PathBuf};

/// What the others are parts of.
pub(crate) const BASE: &str = include_str!("../../../tests/cases/findings/base.yaml");

/// All files in a folder of `tests/cases`.
pub(crate) fn files(folder: &str) -> impl Iterator<Item = PathBuf> {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/cases");
    let entries = fs::read_dir(cases.join(folder)).unwrap();
    entries.map(|entry| entry.unwrap().path())
}

/// The documents among them, in the order of their names.
pub(crate) fn documents(folder: &str) -> Vec<PathBuf> {
    let mut cases: Vec<PathBuf> = files(folder)
        .filter(|path| path.extension().is_some_and(|end| end == "yaml"))
        .filter(|path| !path.ends_with("base.yaml"))
        .collect();
    cases.sort();
    cases
}

/// The case, followed by the sections of the base that it does not have. They
/// come last, so that lines are counted as in the file of the case.
pub(crate) fn complete(case: &str) -> String {
    if case.starts_with("# whole\n") {
        return case.to_owned();
    }
    let mut text = case.to_owned();
    let mut wanted = false;
    for line in BASE.lines() {
        if let Some((key, _)) = line.split_once(':')
            && !line.starts_with([' ', '#'])
        {
            let start = format!("{key}:");
            wanted = !case.lines().any(|line| line.starts_with(&start));
        }
        if wanted {
            text.push_str(line);
            text.push('\n');
        }
    }
    text
}

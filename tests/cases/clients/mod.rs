//! Edits of a spec that become a client. Each is two files: what is added to
//! `tests/fixture-api/made-up.yaml`, marked as made up, and beside it what a
//! user does with it. `cargo xtask codegen` makes one client of all of them.

automod::dir!("cases/clients");

/// A case without a test would only be compiled.
#[test]
fn every_case_is_two_files() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/cases/clients");
    let names = |extension: &str| {
        let files = std::fs::read_dir(folder).unwrap();
        let paths = files.map(|file| file.unwrap().path());
        let paths = paths.filter(|path| path.extension().is_some_and(|e| e == extension));
        let names = paths.map(|path| path.file_stem().unwrap().to_owned());
        let mut names: Vec<_> = names.filter(|name| name != "mod").collect();
        names.sort_unstable();
        names
    };
    assert!(!names("yaml").is_empty());
    assert_eq!(names("yaml"), names("rs"));
}

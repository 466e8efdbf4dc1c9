//! A spec in parts: one file, and the additions to it: those in a folder, and
//! the examples in a document.

use std::path::{Path, PathBuf};
use std::{fmt, fs, io};

use serde_yaml::{Mapping, Value};

/// Why the parts cannot be combined.
#[derive(Debug)]
pub(crate) enum Error {
    Unreadable(PathBuf, io::Error),
    NotYaml(PathBuf, serde_yaml::Error),
    /// A part defines what another part defines, too: the file, and the place.
    Twice(PathBuf, String),
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(path, error) => {
                write!(formatter, "cannot read {}: {error}", path.display())
            }
            Self::NotYaml(path, error) => {
                write!(formatter, "{} is not YAML: {error}", path.display())
            }
            Self::Twice(path, place) => write!(
                formatter,
                "{} adds `{place}`, which the spec or another case defines already",
                path.display()
            ),
        }
    }
}

impl std::error::Error for Error {}

/// The text of the spec at `base` with every `.yaml` file of `folder` added, and
/// every block of YAML in the Markdown file `examples`.
pub(crate) fn merged(base: &Path, folder: &Path, examples: &Path) -> Result<String, Error> {
    let mut spec = parse(base, &read(base)?)?;
    for path in files(folder).map_err(|error| Error::Unreadable(folder.to_owned(), error))? {
        let part = parse(&path, &read(&path)?)?;
        add(&mut spec, part, "").map_err(|place| Error::Twice(path, place))?;
    }
    for block in blocks(&read(examples)?) {
        let part = parse(examples, block)?;
        add(&mut spec, part, "").map_err(|place| Error::Twice(examples.to_owned(), place))?;
    }
    let text = serde_yaml::to_string(&spec);
    text.map_err(|error| Error::NotYaml(base.to_owned(), error))
}

/// In the order of their names.
fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "yaml")
        {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// The blocks of YAML in a Markdown text.
fn blocks(text: &str) -> impl Iterator<Item = &str> {
    let starts = text.split("\n```yaml\n").skip(1);
    starts.filter_map(|rest| rest.split_once("\n```").map(|(block, _)| block))
}

fn read(path: &Path) -> Result<String, Error> {
    fs::read_to_string(path).map_err(|error| Error::Unreadable(path.to_owned(), error))
}

fn parse(path: &Path, text: &str) -> Result<Mapping, Error> {
    serde_yaml::from_str(text).map_err(|error| Error::NotYaml(path.to_owned(), error))
}

/// Adds `part`, or returns the place that both define.
fn add(to: &mut Mapping, part: Mapping, place: &str) -> Result<(), String> {
    for (key, value) in part {
        let place = format!("{place}/{}", key.as_str().unwrap_or("?"));
        match (to.get_mut(&key), value) {
            (Some(Value::Mapping(to)), Value::Mapping(part)) => add(to, part, &place)?,
            (Some(_), _) => return Err(place),
            (None, value) => {
                to.insert(key, value);
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn add_text(to: &str, part: &str) -> Result<Mapping, String> {
        let mut to: Mapping = serde_yaml::from_str(to).unwrap();
        add(&mut to, serde_yaml::from_str(part).unwrap(), "")?;
        Ok(to)
    }

    #[test]
    fn parts_are_added_in_order_and_replace_nothing() {
        let both = add_text("paths: { /b: {} }", "paths: { /a: {} }\ntags: []").unwrap();
        assert_eq!(
            serde_yaml::to_string(&both).unwrap(),
            "paths:\n  /b: {}\n  /a: {}\ntags: []\n"
        );
        let twice = add_text("paths: { /a: { get: 1 } }", "paths: { /a: { get: 2 } }");
        assert_eq!(twice, Err("/paths//a/get".to_owned()));
    }

    #[test]
    fn blocks_of_yaml_are_found_in_markdown() {
        let text = "A\n\n```yaml\na: 1\n```\n\n```rust\nb\n```\n\n```yaml\nc: 2\n```\n";
        assert_eq!(blocks(text).collect::<Vec<_>>(), ["a: 1", "c: 2"]);
    }
}

//! Writing the generated files, all or nothing, or comparing them.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crate::generate::GeneratedFile;

/// A file on disk that differs from the generated one.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stale {
    /// The path of the file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub state: State,
    /// A unified diff from the file on disk to the generated one.
    pub diff: String,
}

/// How a file differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It does not exist.
    Missing,
    /// It has another content.
    Different,
    /// It should not exist.
    Unexpected,
}

/// A file that could not be read or written.
#[derive(Debug)]
#[non_exhaustive]
pub struct FileError {
    /// The path of the file.
    pub path: PathBuf,
    /// The cause.
    pub source: io::Error,
}

impl std::fmt::Display for FileError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}: {}", self.path.display(), self.source)
    }
}

impl std::error::Error for FileError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}

/// Compares the files on disk below `root` with those that were generated.
///
/// # Errors
///
/// If a file cannot be read.
pub fn stale(root: &Path, files: &[GeneratedFile]) -> Result<Vec<Stale>, FileError> {
    let mut stale = Vec::new();
    for file in files {
        let known = read(&root.join(&file.path))?;
        if known.as_ref() == Some(&file.text) {
            continue;
        }
        stale.push(Stale {
            path: file.path.clone(),
            state: match known {
                None => State::Missing,
                Some(_) => State::Different,
            },
            diff: diff(&known.unwrap_or_default(), &file.text),
        });
    }
    for path in unexpected(root, files)? {
        let text = read(&root.join(&path))?.unwrap_or_default();
        stale.push(Stale {
            path,
            state: State::Unexpected,
            diff: diff(&text, ""),
        });
    }
    Ok(stale)
}

/// Writes the files that differ. All of them are written under temporary names
/// first, then each is renamed atomically. Removes files that should not exist.
///
/// # Errors
///
/// If a file cannot be written. The old files are untouched then, unless a
/// rename fails after another has succeeded.
pub fn write(root: &Path, files: &[GeneratedFile]) -> Result<Vec<Stale>, FileError> {
    let stale = stale(root, files)?;
    let mut ready = Vec::new();
    for entry in stale
        .iter()
        .filter(|entry| entry.state != State::Unexpected)
    {
        let path = root.join(&entry.path);
        let text = files.iter().find(|file| file.path == entry.path);
        let text = text.map(|file| file.text.as_str()).unwrap_or_default();
        let folder = path.parent().unwrap_or(root);
        let temporary = fs::create_dir_all(folder)
            .and_then(|()| temporary(folder, text))
            .map_err(|source| at(&path, source))?;
        ready.push((temporary, path));
    }
    for (temporary, path) in ready {
        temporary
            .persist(&path)
            .map_err(|error| at(&path, error.error))?;
    }
    for entry in stale
        .iter()
        .filter(|entry| entry.state == State::Unexpected)
    {
        let path = root.join(&entry.path);
        fs::remove_file(&path).map_err(|source| at(&path, source))?;
    }
    Ok(stale)
}

/// Replaces the text of a file in one step. A link stays one, and the permissions stay.
/// If there is no such file, it is made.
///
/// # Errors
///
/// If the file cannot be written. It is untouched then.
pub fn replace(path: &Path, text: &str) -> Result<(), FileError> {
    let is_new = !path.exists() && !path.is_symlink();
    let replaced = if is_new {
        create(path, text)
    } else {
        update(path, text)
    };
    replaced.map_err(|source| at(path, source))
}

fn create(path: &Path, text: &str) -> io::Result<()> {
    let folder = path.parent().unwrap_or(path);
    fs::create_dir_all(folder)?;
    temporary(folder, text)?.persist(path)?;
    Ok(())
}

fn update(path: &Path, text: &str) -> io::Result<()> {
    let place = fs::canonicalize(path)?;
    let permissions = fs::metadata(&place)?.permissions();
    let temporary = temporary(place.parent().unwrap_or(&place), text)?;
    temporary.as_file().set_permissions(permissions)?;
    temporary.persist(&place)?;
    Ok(())
}

fn temporary(folder: &Path, text: &str) -> io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    // Temporary files are private to their owner.
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    let mut file = builder.prefix(".telesto-gen").tempfile_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    Ok(file)
}

/// The Rust files in the folders of the generated ones that are not among them.
fn unexpected(root: &Path, files: &[GeneratedFile]) -> Result<Vec<PathBuf>, FileError> {
    let mut folders: Vec<&Path> = files.iter().filter_map(|file| file.path.parent()).collect();
    folders.sort_unstable();
    folders.dedup();
    let mut unexpected = Vec::new();
    for folder in folders {
        let entries = match fs::read_dir(root.join(folder)) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(at(&root.join(folder), error)),
        };
        for entry in entries {
            let entry = entry.map_err(|error| at(&root.join(folder), error))?;
            let path = folder.join(entry.file_name());
            if path.extension().is_some_and(|extension| extension == "rs")
                && files.iter().all(|file| file.path != path)
            {
                unexpected.push(path);
            }
        }
    }
    unexpected.sort_unstable();
    Ok(unexpected)
}

fn read(path: &Path) -> Result<Option<String>, FileError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(at(path, error)),
    }
}

fn at(path: &Path, source: io::Error) -> FileError {
    FileError {
        path: path.to_owned(),
        source,
    }
}

fn diff(known: &str, wanted: &str) -> String {
    similar::TextDiff::from_lines(known, wanted)
        .unified_diff()
        .context_radius(1)
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> GeneratedFile {
        GeneratedFile {
            path: path.into(),
            text: text.to_owned(),
        }
    }

    fn states(stale: &[Stale]) -> Vec<(&str, State)> {
        stale
            .iter()
            .map(|entry| (entry.path.to_str().unwrap(), entry.state))
            .collect()
    }

    #[test]
    fn what_was_written_is_fresh_and_what_is_left_over_is_removed() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path();
        let files = [file("a/mod.rs", "one\n"), file("a/b.rs", "two\n")];
        assert_eq!(write(root, &files).unwrap().len(), 2);
        assert_eq!(stale(root, &files).unwrap(), []);

        fs::write(root.join("a/mod.rs"), "edited\n").unwrap();
        fs::write(root.join("a/old.rs"), "old\n").unwrap();
        fs::remove_file(root.join("a/b.rs")).unwrap();
        let found = stale(root, &files).unwrap();
        let expected = [
            ("a/mod.rs", State::Different),
            ("a/b.rs", State::Missing),
            ("a/old.rs", State::Unexpected),
        ];
        assert_eq!(states(&found), expected);
        assert!(
            found[0].diff.contains("-edited\n+one\n"),
            "{}",
            found[0].diff
        );

        write(root, &files).unwrap();
        assert_eq!(stale(root, &files).unwrap(), []);
        assert_eq!(fs::read_dir(root.join("a")).unwrap().count(), 2);
    }

    #[test]
    fn nothing_is_written_if_one_file_cannot_be() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path();
        fs::write(root.join("a"), "a file where a folder should be").unwrap();
        let files = [file("b/mod.rs", "one\n"), file("a/mod.rs", "two\n")];
        let error = write(root, &files).unwrap_err();
        assert!(error.to_string().contains("mod.rs"), "{error}");
        assert!(!root.join("b/mod.rs").exists());
    }
}

//! Directories and files for their owner only.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use std::{io, thread};

use etcetera::BaseStrategy as _;

use crate::Error;

/// What the files of a directory are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To be kept.
    State,
    /// Programs can do without them.
    #[cfg(feature = "cache")]
    Cache,
}

/// The directory for this purpose: the one in the environment, or that of the
/// platform.
pub(crate) fn directory(purpose: Purpose) -> Result<PathBuf, Error> {
    let (variable, what) = match purpose {
        Purpose::State => ("TELESTO_STATE_DIR", "the budget"),
        #[cfg(feature = "cache")]
        Purpose::Cache => ("TELESTO_CACHE_DIR", "the cache"),
    };
    if let Some(directory) = std::env::var_os(variable).filter(|value| !value.is_empty()) {
        return Ok(directory.into());
    }
    let strategy = etcetera::choose_base_strategy().map_err(|error| {
        let message =
            format!("the home directory is unknown: set {variable} to a directory for {what}");
        Error::config(message).with_source(error)
    })?;
    let directory = match purpose {
        Purpose::State => strategy.state_dir().unwrap_or_else(|| strategy.data_dir()),
        #[cfg(feature = "cache")]
        Purpose::Cache => strategy.cache_dir(),
    };
    Ok(directory.join("telesto"))
}

/// Makes a directory, and those above it, if there is none.
#[cfg(unix)]
pub(crate) fn create_directory(directory: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;

    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory)
}

#[cfg(not(unix))]
pub(crate) fn create_directory(directory: &Path) -> io::Result<()> {
    fs::create_dir_all(directory)
}

/// Creates a file.
#[cfg(unix)]
pub(crate) fn create_file(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;

    File::options()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
}

#[cfg(not(unix))]
pub(crate) fn create_file(path: &Path) -> io::Result<File> {
    File::create_new(path)
}

/// Locks a file until it is dropped; `None` if somebody else has it for longer than this.
pub(crate) fn lock_within(file: File, patience: Duration) -> io::Result<Option<File>> {
    let began = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(Some(file)),
            Err(fs::TryLockError::WouldBlock) if began.elapsed() < patience => {
                thread::sleep(Duration::from_millis(1));
            }
            Err(fs::TryLockError::WouldBlock) => return Ok(None),
            Err(fs::TryLockError::Error(error)) => return Err(error),
        }
    }
}

/// Locks a file until it is dropped; `None` if somebody else has it.
#[cfg(any(feature = "cache", feature = "redis"))]
pub(crate) fn try_lock(file: File) -> io::Result<Option<File>> {
    lock_within(file, Duration::ZERO)
}

/// Opens a file to lock it, and makes it with `create` if there is none.
pub(crate) fn lock_file(
    path: &Path,
    create: impl FnOnce(&Path) -> io::Result<File>,
) -> io::Result<File> {
    match open_lock(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => match create(path) {
            // Another process was faster.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => open_lock(path),
            created => created,
        },
        opened => opened,
    }
}

/// Opens a file for writing or, where that is not allowed, for reading: either can be locked.
fn open_lock(path: &Path) -> io::Result<File> {
    match File::options().read(true).write(true).open(path) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => File::open(path),
        opened => opened,
    }
}

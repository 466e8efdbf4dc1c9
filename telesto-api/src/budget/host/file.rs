//! The file of a ledger, and its lock.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use crate::budget::format::{self, Decoded};
use crate::budget::ledger::Ledger;
use crate::budget::time::{Clocks, Time};
use crate::clock::Clock;
use crate::{Error, private};

/// The file of a ledger.
///
/// The lock is a file of its own, which is never renamed; the ledger is replaced
/// by a rename, so a process that is killed leaves the old one or the new one.
/// What was not yet on disk when the power failed is read as a damaged file.
#[derive(Debug)]
pub(super) struct LedgerFile {
    directory: PathBuf,
    /// The name of the files, without an extension.
    name: String,
    origin: String,
    /// Whether the group of the directory shares the files.
    for_group: bool,
    clock: Arc<dyn Clock>,
}

/// What the file holds. It is no secret, and the key is not in it.
#[derive(Debug, Serialize, Deserialize)]
struct Saved {
    origin: String,
    time: Time,
    ledger: Ledger,
}

/// The lock of a ledger, until it is dropped.
pub(super) struct Lock {
    _file: File,
}

impl LedgerFile {
    /// Makes the directory.
    pub(super) fn new(
        directory: PathBuf,
        origin: &str,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, Error> {
        // The working directory may change.
        let directory = std::path::absolute(&directory).unwrap_or(directory);
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '-';
        let mut file = Self {
            name: origin.replace(|c| !plain(c), "_"),
            origin: origin.to_owned(),
            for_group: false,
            directory,
            clock,
        };
        private::create_directory(&file.directory)
            .map_err(|error| file.fails("cannot make the directory", error))?;
        file.for_group = is_for_group(&file.directory);
        Ok(file)
    }

    /// Reads and writes the ledger, to see that it can be.
    pub(super) fn open(&self, patience: Duration) -> Result<(), Error> {
        let Some(_lock) = self.lock_within(patience)? else {
            return Err(self.is_held(patience));
        };
        let (ledger, time) = self.read()?;
        self.write(ledger, time)
    }

    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }

    /// Changes the ledger.
    pub(super) fn change<T>(
        &self,
        _lock: &Lock,
        change: impl FnOnce(&mut Ledger, Duration) -> T,
    ) -> Result<T, Error> {
        let (mut ledger, last) = self.read()?;
        let time = last.advanced(&Clocks::of(&*self.clock));
        let before = ledger.clone();
        let result = change(&mut ledger, time.now);
        if ledger != before || time.must_be_saved(&last) {
            self.write(ledger, time)?;
        }
        Ok(result)
    }

    /// Tries to be the one process that does something; `None` if another one does it.
    #[cfg(feature = "redis")]
    pub(super) fn try_claim(&self, what: &str) -> Result<Option<File>, Error> {
        private::try_lock(self.lock_file(what)?)
            .map_err(|error| self.fails("cannot lock the file", error))
    }

    /// Locks the ledger; `None` if another process has the lock.
    pub(super) fn try_lock(&self) -> Result<Option<Lock>, Error> {
        self.lock_within(Duration::ZERO)
    }

    fn lock_within(&self, patience: Duration) -> Result<Option<Lock>, Error> {
        let locked = private::lock_within(self.lock_file("lock")?, patience)
            .map_err(|error| self.fails("cannot lock the file", error))?;
        Ok(locked.map(|mut file| {
            // For the error of those that wait.
            let _ = writeln!(file, "{:<10}", process::id());
            Lock { _file: file }
        }))
    }

    /// The error of those that have waited for the lock.
    pub(super) fn is_held(&self, patience: Duration) -> Error {
        let path = self.path("lock");
        let holder = fs::read_to_string(&path).unwrap_or_default();
        let since = fs::metadata(&path).and_then(|lock| lock.modified());
        let held = since.map(|since| SystemTime::now().duration_since(since).unwrap_or_default());
        let holder = match (holder.trim(), held) {
            ("", _) | (_, Err(_)) => "another process holds it".to_owned(),
            (holder, Ok(held)) => {
                format!("process {holder} has held it for {} s", held.as_secs())
            }
        };
        Error::budget(format!(
            "cannot lock the file of the budget in {} within {patience:?}: {holder}; resume that \
             process if it is suspended, or stop it",
            self.directory.display()
        ))
    }

    fn path(&self, extension: &str) -> PathBuf {
        self.directory.join(format!("{}.{extension}", self.name))
    }

    fn lock_file(&self, extension: &str) -> Result<File, Error> {
        private::lock_file(&self.path(extension), |path| self.create(path))
            .map_err(|error| self.fails("cannot open the lock file", error))
    }

    /// Creates a file, for its owner or for the group of the directory.
    fn create(&self, path: &Path) -> io::Result<File> {
        let file = private::create_file(path)?;
        if self.for_group {
            share_with_group(&file)?;
        }
        Ok(file)
    }

    /// The ledger, and the time of its last change. A damaged file is set aside.
    fn read(&self) -> Result<(Ledger, Time), Error> {
        let path = self.path("json");
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(self.first()),
            Err(error) => return Err(self.fails("cannot read the file", error)),
        };
        match format::decode::<Saved>(&bytes) {
            Decoded::State(saved) if saved.origin == self.origin => {
                return Ok((saved.ledger, saved.time));
            }
            Decoded::State(_) | Decoded::Damaged => {}
            Decoded::Newer => {
                return Err(Error::budget(format!(
                    "{} was written by a newer version of telesto-api: update this program, \
                     or choose another directory",
                    path.display()
                )));
            }
        }
        let aside = self.path("damaged");
        fs::rename(&path, &aside)
            .map_err(|error| self.fails("cannot set a damaged file aside", error))?;
        tracing::warn!(
            target: "telesto_api",
            file = %path.display(),
            aside = %aside.display(),
            "the file of the budget is damaged, so all requests count as spent"
        );
        let (ledger, time) = self.first();
        let ledger = ledger.unknown_until(time.now);
        self.write(ledger.clone(), time.clone())?;
        Ok((ledger, time))
    }

    /// A ledger in which nothing has happened yet.
    fn first(&self) -> (Ledger, Time) {
        // Higher than the number of any request before.
        let number = self.clock.wall().as_microsecond();
        let number = u64::try_from(number).unwrap_or_default();
        (
            Ledger::numbered_from(number),
            Time::first(&Clocks::of(&*self.clock)),
        )
    }

    fn write(&self, ledger: Ledger, time: Time) -> Result<(), Error> {
        let (path, new) = (self.path("json"), self.path("new"));
        let saved = Saved {
            origin: self.origin.clone(),
            time,
            ledger,
        };
        let replace = || {
            let bytes = format::encode(Vec::new(), &saved)?;
            // Of a process that was killed.
            match fs::remove_file(&new) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
            let mut file = self.create(&new)?;
            file.write_all(&bytes)?;
            drop(file);
            fs::rename(&new, &path)
        };
        replace().map_err(|error| {
            let _ = fs::remove_file(&new);
            self.fails("cannot write the file", error)
        })
    }

    fn fails(&self, what: &str, error: io::Error) -> Error {
        let help = match error.kind() {
            io::ErrorKind::StorageFull
            | io::ErrorKind::QuotaExceeded
            | io::ErrorKind::FileTooLarge => "free space on the disk",
            io::ErrorKind::NotFound => "make the directory again",
            _ => "make the directory writable",
        };
        Error::budget(format!(
            "{what} of the budget in {}: {error}; {help}, or choose another directory with \
             `Budget::on_host_at` or TELESTO_STATE_DIR",
            self.directory.display()
        ))
        .with_source(error)
    }
}

/// Whether the group may write to the directory.
#[cfg(unix)]
fn is_for_group(directory: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;

    fs::metadata(directory).is_ok_and(|meta| meta.permissions().mode() & 0o020 != 0)
}

#[cfg(not(unix))]
fn is_for_group(_: &Path) -> bool {
    false
}

#[cfg(unix)]
fn share_with_group(file: &File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;

    file.set_permissions(fs::Permissions::from_mode(0o660))
}

#[cfg(not(unix))]
fn share_with_group(_: &File) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::RateLimit;
    use crate::budget::ledger::{Ask, Refusal};
    use crate::budget::machine::Machine;

    const ORIGIN: &str = "https://telesto.app";

    fn open_for(origin: &str, machine: &Machine, directory: &Path) -> Result<LedgerFile, Error> {
        let clock = Arc::new(machine.clone());
        let file = LedgerFile::new(directory.to_owned(), origin, clock)?;
        file.open(secs(5))?;
        Ok(file)
    }

    fn open(machine: &Machine, directory: &Path) -> LedgerFile {
        open_for(ORIGIN, machine, directory).unwrap()
    }

    fn change<T>(
        host: &LedgerFile,
        change: impl FnOnce(&mut Ledger, Duration) -> T,
    ) -> Result<T, Error> {
        host.change(&host.try_lock()?.unwrap(), change)
    }

    fn secs(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn ask() -> Ask {
        Ask {
            limit: RateLimit::new(2, secs(3_600), secs(900)).unwrap(),
            keep_back: 0,
            timeout: secs(60),
        }
    }

    /// Sends a request that is responded to at once.
    fn send(host: &LedgerFile) -> Result<(), Refusal> {
        let sent = change(host, |ledger, now| {
            let granted = ledger.reserve(&ask(), now)?;
            ledger.responded(granted, now);
            Ok(())
        });
        sent.unwrap()
    }

    /// How long until a request can be sent.
    fn wait(host: &LedgerFile) -> u64 {
        let wait = change(host, |ledger, now| {
            let refusal = ledger.refusal(&ask(), now);
            refusal.map_or(Duration::ZERO, |refusal| refusal.until - now)
        });
        wait.unwrap().as_secs()
    }

    #[test]
    fn processes_share_what_was_sent() {
        let directory = tempfile::tempdir().unwrap();
        let machine = Machine::new(true);
        send(&open(&machine, directory.path())).unwrap();
        send(&open(&machine, directory.path())).unwrap();
        assert!(send(&open(&machine, directory.path())).is_err());
        machine.pass(secs(3_600));
        assert_eq!(wait(&open(&machine, directory.path())), 1);
        machine.pass(secs(1));
        send(&open(&machine, directory.path())).unwrap();
        // Another origin has a file of its own.
        let other = open_for("http://127.0.0.1:8100", &machine, directory.path());
        assert_eq!(wait(&other.unwrap()), 0);
    }

    #[test]
    fn a_lockout_outlives_its_process_and_a_reboot() {
        let directory = tempfile::tempdir().unwrap();
        let machine = Machine::new(true);
        let host = open(&machine, directory.path());
        let locked = change(&host, |ledger, now| {
            let granted = ledger.reserve(&ask(), now).unwrap();
            ledger.limited(granted, secs(900), Duration::ZERO, now);
        });
        locked.unwrap();
        machine.pass(secs(100));
        assert_eq!(wait(&open(&machine, directory.path())), 801);
        machine.reboot();
        machine.set_wall(24 * 3_600);
        // As if no time had passed since the last change.
        assert_eq!(wait(&open(&machine, directory.path())), 901);
        machine.pass(secs(901));
        assert_eq!(wait(&open(&machine, directory.path())), 0);
    }

    #[test]
    fn what_cannot_be_read_is_set_aside_and_counts_as_spent() {
        let good = {
            let directory = tempfile::tempdir().unwrap();
            let host = open(&Machine::new(true), directory.path());
            send(&host).unwrap();
            fs::read_to_string(host.path("json")).unwrap()
        };
        let foreign = {
            let directory = tempfile::tempdir().unwrap();
            let machine = Machine::new(true);
            let host = open_for("https://elsewhere.example", &machine, directory.path()).unwrap();
            fs::read_to_string(host.path("json")).unwrap()
        };
        // A stamp that is an hour older.
        let changed = good.replacen("\"secs\":", "\"secs\":1", 1);
        assert_ne!(changed, good);
        let older = r#"{"version":1,"origin":"https://telesto.app"}"#;
        for damaged in [
            "",
            "{",
            "null",
            "[1]",
            &good[..good.len() / 2],
            &foreign,
            &changed,
            older,
        ] {
            let directory = tempfile::tempdir().unwrap();
            let machine = Machine::new(true);
            let host = open(&machine, directory.path());
            fs::write(host.path("json"), damaged).unwrap();
            assert_eq!(wait(&host), 3_601, "{damaged}");
            let aside = fs::read_to_string(host.path("damaged")).unwrap();
            assert_eq!(aside, damaged);
            machine.pass(secs(3_601));
            send(&host).unwrap();
        }
    }

    #[test]
    fn a_newer_format_is_refused_and_not_overwritten() {
        let directory = tempfile::tempdir().unwrap();
        let host = open(&Machine::new(true), directory.path());
        let newer = r#"{"version":3,"stamps":"elsewhere"}"#;
        fs::write(host.path("json"), newer).unwrap();
        let error = change(&host, |_, _| {}).unwrap_err();
        assert!(error.is_budget());
        assert!(error.to_string().contains("newer version"), "{error}");
        assert_eq!(fs::read_to_string(host.path("json")).unwrap(), newer);
    }

    #[test]
    fn what_a_killed_process_had_begun_to_write_does_not_matter() {
        let directory = tempfile::tempdir().unwrap();
        let host = open(&Machine::new(true), directory.path());
        send(&host).unwrap();
        fs::write(host.path("new"), "{\"version\":1,\"ori").unwrap();
        send(&host).unwrap();
        assert!(send(&host).is_err());
        assert!(!host.path("new").exists());
    }

    #[test]
    fn a_directory_that_cannot_be_used_says_what_to_do() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("file");
        fs::write(&file, "").unwrap();
        let error = open_for(ORIGIN, &Machine::new(true), &file.join("state"));
        let message = error.unwrap_err().to_string();
        for part in [
            "cannot make the directory of the budget in ",
            "file/state",
            "TELESTO_STATE_DIR",
        ] {
            assert!(message.contains(part), "{message}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn files_are_private_or_for_the_group_of_the_directory() {
        use std::os::unix::fs::PermissionsExt as _;

        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let directory = tempfile::tempdir().unwrap();
        let own = directory.path().join("own");
        let private = open(&Machine::new(true), &own);
        send(&private).unwrap();
        assert_eq!(mode(&own), 0o700);
        let modes = ["json", "lock"].map(|name| mode(&private.path(name)));
        assert_eq!(modes, [0o600, 0o600]);

        let shared = directory.path().join("shared");
        fs::create_dir(&shared).unwrap();
        fs::set_permissions(&shared, fs::Permissions::from_mode(0o2770)).unwrap();
        let host = open(&Machine::new(true), &shared);
        send(&host).unwrap();
        let modes = ["json", "lock"].map(|name| mode(&host.path(name)));
        assert_eq!(modes, [0o660, 0o660]);
    }

    #[test]
    fn without_a_boot_clock_a_wall_clock_that_is_set_back_unlocks_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let machine = Machine::new(false);
        let host = open(&machine, directory.path());
        send(&host).unwrap();
        send(&host).unwrap();
        machine.set_wall(-7_200);
        assert_eq!(wait(&host), 3_601);
        // From then on, time goes on.
        machine.pass(secs(3_601));
        assert_eq!(wait(&host), 0);
    }

    /// What no file can know: whether so much time has passed.
    #[test]
    fn without_a_boot_clock_a_wall_clock_that_is_set_ahead_frees_slots_early() {
        let directory = tempfile::tempdir().unwrap();
        let machine = Machine::new(false);
        let host = open(&machine, directory.path());
        send(&host).unwrap();
        send(&host).unwrap();
        machine.set_wall(3_000);
        assert_eq!(wait(&host), 601);
        let with_boot_clock = Machine::new(true);
        let directory = tempfile::tempdir().unwrap();
        let host = open(&with_boot_clock, directory.path());
        send(&host).unwrap();
        send(&host).unwrap();
        with_boot_clock.set_wall(3_000);
        assert_eq!(wait(&host), 3_601);
    }
}

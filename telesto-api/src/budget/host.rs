//! A ledger in a file that the processes of a machine share.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::ledger::Ledger;
use crate::clock::Clock;
use crate::{Error, RateLimit};

/// The format of the file. A newer one is refused, not overwritten.
const VERSION: u32 = 1;

/// Keeps a ledger in a file.
///
/// The lock is a file of its own, which is never renamed; the ledger is replaced
/// by a rename, so a process that is killed leaves the old one or the new one.
/// What was not yet on disk when the power failed is read as a damaged file.
#[derive(Debug)]
pub(super) struct Host {
    directory: PathBuf,
    /// The name of the files, without an extension.
    name: String,
    origin: String,
    /// What a damaged file counts as.
    limit: RateLimit,
    clock: Arc<dyn Clock>,
}

/// What the file holds. It is no secret, and the key is not in it.
#[derive(Debug, Serialize, Deserialize)]
struct Saved {
    version: u32,
    origin: String,
    time: Time,
    ledger: Ledger,
}

/// The time of the ledger, which never goes back and never jumps ahead.
///
/// On a machine with a boot clock it is `base` plus the time since the boot,
/// which counts while the machine is suspended, and which nobody can set. After
/// a reboot it goes on from the last change, as if no time had passed while the
/// machine was off: a slot may be free later than it could be, never earlier.
/// Without a boot clock, it advances as the wall clock does, but never back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Time {
    now: Duration,
    base: Duration,
    boot: Option<String>,
    /// In milliseconds since 1970.
    wall: i64,
}

/// Only the version, which every format has.
#[derive(Deserialize)]
struct Version {
    version: u32,
}

impl Host {
    pub(super) fn new(
        directory: PathBuf,
        origin: &str,
        limit: RateLimit,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '-';
        Self {
            directory,
            name: origin.replace(|c| !plain(c), "_"),
            origin: origin.to_owned(),
            limit,
            clock,
        }
    }

    /// Makes the directory and reads the file, so that a wrong setting is found
    /// before anything is sent.
    pub(super) fn check(&self) -> Result<(), Error> {
        create_private(&self.directory)
            .map_err(|error| self.fails("cannot make the directory", error))?;
        self.change(|_, _| {}).map(drop)
    }

    /// Changes the ledger. This blocks, for as long as other processes hold the
    /// file.
    pub(super) fn change<T>(
        &self,
        change: impl FnOnce(&mut Ledger, Duration) -> T,
    ) -> Result<T, Error> {
        let lock = self.open_lock()?;
        lock.lock()
            .map_err(|error| self.fails("cannot lock the file", error))?;
        let saved = self.read()?;
        let (mut ledger, time) = match saved {
            Some(Saved { ledger, time, .. }) => (ledger, self.time_after(&time)),
            None => (Ledger::default(), self.first_time()),
        };
        let before = ledger.clone();
        let result = change(&mut ledger, time.now);
        if ledger != before {
            self.write(&Saved {
                version: VERSION,
                origin: self.origin.clone(),
                time,
                ledger,
            })?;
        }
        // Dropped, the lock is released.
        Ok(result)
    }

    fn path(&self, extension: &str) -> PathBuf {
        self.directory.join(format!("{}.{extension}", self.name))
    }

    fn open_lock(&self) -> Result<File, Error> {
        let path = self.path("lock");
        let opened = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path);
        let file = opened.map_err(|error| self.fails("cannot open the lock file", error))?;
        set_mode(&file, &self.directory);
        Ok(file)
    }

    /// The file, if there is one. A damaged one is set aside.
    fn read(&self) -> Result<Option<Saved>, Error> {
        let path = self.path("json");
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(self.fails("cannot read the file", error)),
        };
        if let Ok(Version { version }) = serde_json::from_slice(&bytes)
            && version > VERSION
        {
            return Err(Error::budget(format!(
                "{} was written by a newer version of telesto-api: update this program, \
                 or choose another directory",
                path.display()
            )));
        }
        match serde_json::from_slice::<Saved>(&bytes) {
            Ok(saved) if saved.origin == self.origin => return Ok(Some(saved)),
            _ => {}
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
        let time = self.first_time();
        let saved = Saved {
            version: VERSION,
            origin: self.origin.clone(),
            ledger: Ledger::used_up(self.limit, time.now),
            time,
        };
        self.write(&saved)?;
        Ok(Some(saved))
    }

    fn write(&self, saved: &Saved) -> Result<(), Error> {
        let (path, new) = (self.path("json"), self.path("new"));
        let replace = || {
            let bytes = serde_json::to_vec(saved)?;
            let mut file = File::create(&new)?;
            set_mode(&file, &self.directory);
            file.write_all(&bytes)?;
            drop(file);
            fs::rename(&new, &path)
        };
        replace().map_err(|error| self.fails("cannot write the file", error))
    }

    fn first_time(&self) -> Time {
        self.time_from(Duration::ZERO, self.clock.boot())
    }

    /// The time now, if it was `saved` at the last change.
    fn time_after(&self, saved: &Time) -> Time {
        let boot = self.clock.boot();
        match (&boot, &saved.boot) {
            (Some((id, since)), Some(known)) if id == known => Time {
                now: saved.base.saturating_add(*since).max(saved.now),
                wall: self.wall(),
                ..saved.clone()
            },
            (Some(_), _) => self.time_from(saved.now, boot),
            (None, _) => {
                let passed = self.wall().saturating_sub(saved.wall);
                let passed = Duration::from_millis(u64::try_from(passed).unwrap_or_default());
                self.time_from(saved.now.saturating_add(passed), None)
            }
        }
    }

    fn wall(&self) -> i64 {
        self.clock.wall().as_millisecond()
    }

    fn time_from(&self, base: Duration, boot: Option<(String, Duration)>) -> Time {
        let (boot, since) = boot.unzip();
        Time {
            now: base.saturating_add(since.unwrap_or_default()),
            base,
            boot,
            wall: self.wall(),
        }
    }

    fn fails(&self, what: &str, error: io::Error) -> Error {
        Error::budget(format!(
            "{what} of the budget in {}: {error}; make the directory writable, or choose another \
             with `Budget::on_host_at` or TELESTO_STATE_DIR",
            self.directory.display()
        ))
        .with_source(error)
    }
}

/// The directory for the state of programs: `$TELESTO_STATE_DIR`, or that of the
/// platform.
pub(super) fn state_directory() -> Result<PathBuf, Error> {
    use etcetera::BaseStrategy as _;

    if let Some(directory) = std::env::var_os("TELESTO_STATE_DIR").filter(|d| !d.is_empty()) {
        return Ok(directory.into());
    }
    let strategy = etcetera::choose_base_strategy().map_err(|error| {
        Error::config(
            "the home directory is unknown: set TELESTO_STATE_DIR to a directory for the budget",
        )
        .with_source(error)
    })?;
    let state = strategy.state_dir().unwrap_or_else(|| strategy.data_dir());
    Ok(state.join("telesto"))
}

#[cfg(unix)]
fn create_private(directory: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;

    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory)
}

#[cfg(not(unix))]
fn create_private(directory: &Path) -> io::Result<()> {
    fs::create_dir_all(directory)
}

/// Makes a file private to its owner, or to the group if the group may write to
/// the directory.
#[cfg(unix)]
fn set_mode(file: &File, directory: &Path) {
    use std::os::unix::fs::PermissionsExt as _;

    let shared = fs::metadata(directory).is_ok_and(|meta| meta.permissions().mode() & 0o020 != 0);
    let mode = if shared { 0o660 } else { 0o600 };
    // A file of another user has its mode already.
    let _ = file.set_permissions(fs::Permissions::from_mode(mode));
}

#[cfg(not(unix))]
fn set_mode(_: &File, _: &Path) {}

#[cfg(test)]
mod tests {
    use std::sync::{Mutex, MutexGuard};

    use jiff::{SignedDuration, Timestamp};
    use proptest::prelude::*;

    use super::super::ledger::{Ask, Refusal};
    use super::*;
    use crate::clock::Sleep;

    const ORIGIN: &str = "https://telesto.app";

    /// A machine that can be rebooted, and whose wall clock can be set.
    #[derive(Clone, Debug)]
    struct Machine(Arc<Mutex<State>>);

    #[derive(Debug)]
    struct State {
        wall: Timestamp,
        boots: u32,
        since_boot: Duration,
        has_boot_clock: bool,
    }

    impl Machine {
        fn new(has_boot_clock: bool) -> Self {
            Self(Arc::new(Mutex::new(State {
                wall: "2024-01-15T10:30:00Z".parse().unwrap(),
                boots: 0,
                since_boot: secs(1_000),
                has_boot_clock,
            })))
        }

        fn state(&self) -> MutexGuard<'_, State> {
            self.0.lock().unwrap()
        }

        fn pass(&self, seconds: u64) {
            let mut state = self.state();
            state.wall += secs(seconds);
            state.since_boot += secs(seconds);
        }

        fn set_wall(&self, seconds: i64) {
            self.state().wall += SignedDuration::from_secs(seconds);
        }

        fn reboot(&self) {
            let mut state = self.state();
            state.boots += 1;
            state.since_boot = Duration::ZERO;
        }

        fn host(&self, directory: &Path) -> Host {
            let clock = Arc::new(self.clone());
            Host::new(directory.to_owned(), ORIGIN, ask().limit, clock)
        }
    }

    impl Clock for Machine {
        fn wall(&self) -> Timestamp {
            self.state().wall
        }

        fn monotonic(&self) -> Duration {
            self.state().since_boot
        }

        fn sleep(&self, _: Duration) -> Sleep {
            Box::pin(std::future::pending())
        }

        fn boot(&self) -> Option<(String, Duration)> {
            let state = self.state();
            let boot = (state.boots.to_string(), state.since_boot);
            state.has_boot_clock.then_some(boot)
        }
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
    fn send(host: &Host) -> Result<(), Refusal> {
        let sent = host.change(|ledger, now| {
            let granted = ledger.reserve(&ask(), now)?;
            ledger.responded(granted, now);
            Ok(())
        });
        sent.unwrap()
    }

    /// How long until a request can be sent.
    fn wait(host: &Host) -> u64 {
        let wait = host.change(|ledger, now| {
            let refusal = ledger.refusal(&ask(), now);
            refusal.map_or(Duration::ZERO, |refusal| refusal.until - now)
        });
        wait.unwrap().as_secs()
    }

    #[test]
    fn processes_share_what_was_sent() {
        let directory = tempfile::tempdir().unwrap();
        let machine = Machine::new(true);
        send(&machine.host(directory.path())).unwrap();
        send(&machine.host(directory.path())).unwrap();
        assert!(send(&machine.host(directory.path())).is_err());
        machine.pass(3_600);
        assert_eq!(wait(&machine.host(directory.path())), 1);
        machine.pass(1);
        send(&machine.host(directory.path())).unwrap();
        // Another origin has a file of its own.
        let clock = Arc::new(machine.clone());
        let path = directory.path().to_owned();
        let other = Host::new(path, "http://127.0.0.1:8100", ask().limit, clock);
        assert_eq!(wait(&other), 0);
    }

    #[test]
    fn a_lockout_outlives_its_process_and_a_reboot() {
        let directory = tempfile::tempdir().unwrap();
        let machine = Machine::new(true);
        let host = machine.host(directory.path());
        let locked = host.change(|ledger, now| {
            let granted = ledger.reserve(&ask(), now).unwrap();
            ledger.limited(granted, secs(900), Duration::ZERO, now);
        });
        locked.unwrap();
        machine.pass(100);
        assert_eq!(wait(&machine.host(directory.path())), 801);
        machine.reboot();
        machine.set_wall(24 * 3_600);
        // As if no time had passed since the last change.
        assert_eq!(wait(&machine.host(directory.path())), 901);
        machine.pass(901);
        assert_eq!(wait(&machine.host(directory.path())), 0);
    }

    #[test]
    fn what_cannot_be_read_is_set_aside_and_counts_as_spent() {
        let good = {
            let directory = tempfile::tempdir().unwrap();
            let host = Machine::new(true).host(directory.path());
            send(&host).unwrap();
            fs::read_to_string(host.path("json")).unwrap()
        };
        let foreign = good.replace(ORIGIN, "https://elsewhere.example");
        for damaged in ["", "{", "null", "[1]", &good[..good.len() / 2], &foreign] {
            let directory = tempfile::tempdir().unwrap();
            let machine = Machine::new(true);
            let host = machine.host(directory.path());
            fs::write(host.path("json"), damaged).unwrap();
            assert_eq!(wait(&host), 3_601, "{damaged}");
            let aside = fs::read_to_string(host.path("damaged")).unwrap();
            assert_eq!(aside, damaged);
            machine.pass(3_601);
            send(&host).unwrap();
        }
    }

    #[test]
    fn a_newer_format_is_refused_and_not_overwritten() {
        let directory = tempfile::tempdir().unwrap();
        let host = Machine::new(true).host(directory.path());
        let newer = r#"{"version":2,"stamps":"elsewhere"}"#;
        fs::write(host.path("json"), newer).unwrap();
        let error = host.check().unwrap_err();
        assert!(error.is_budget());
        assert!(error.to_string().contains("newer version"), "{error}");
        assert_eq!(fs::read_to_string(host.path("json")).unwrap(), newer);
    }

    #[test]
    fn what_a_killed_process_had_begun_to_write_does_not_matter() {
        let directory = tempfile::tempdir().unwrap();
        let host = Machine::new(true).host(directory.path());
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
        let error = Machine::new(true).host(&file.join("state")).check();
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
        let host = Machine::new(true).host(&own);
        host.check().unwrap();
        send(&host).unwrap();
        assert_eq!(mode(&own), 0o700);
        let modes = ["json", "lock"].map(|name| mode(&host.path(name)));
        assert_eq!(modes, [0o600, 0o600]);

        let shared = directory.path().join("shared");
        fs::create_dir(&shared).unwrap();
        fs::set_permissions(&shared, fs::Permissions::from_mode(0o2770)).unwrap();
        let host = Machine::new(true).host(&shared);
        send(&host).unwrap();
        let modes = ["json", "lock"].map(|name| mode(&host.path(name)));
        assert_eq!(modes, [0o660, 0o660]);
    }

    #[derive(Clone, Debug)]
    enum Happens {
        Pass(u64),
        SetWall(i64),
        Reboot,
        Off(u64),
        Change,
    }

    fn happens() -> impl Strategy<Value = Happens> {
        prop_oneof![
            4 => (0u64..7_200).prop_map(Happens::Pass),
            2 => (-90_000i64..90_000).prop_map(Happens::SetWall),
            1 => Just(Happens::Reboot),
            1 => (0u64..90_000).prop_map(Happens::Off),
            4 => Just(Happens::Change),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// Whatever happens to the machine and its wall clock, the time of the
        /// ledger never goes back, and never advances by more than has passed.
        #[test]
        fn the_time_of_the_ledger_is_never_ahead(
            events in prop::collection::vec(happens(), 1..40),
        ) {
            let directory = tempfile::tempdir().unwrap();
            let machine = Machine::new(true);
            // Without a change, nothing is written.
            let write = |host: &Host| {
                host.change(|ledger, now| {
                    ledger.reserve(&Ask { limit: RateLimit::default(), ..ask() }, now).ok();
                    now
                })
                .unwrap()
            };
            let start = write(&machine.host(directory.path()));
            let (mut last, mut passed) = (start, Duration::ZERO);
            for event in events {
                match event {
                    Happens::Pass(seconds) => {
                        machine.pass(seconds);
                        passed += secs(seconds);
                    }
                    Happens::SetWall(seconds) => machine.set_wall(seconds),
                    Happens::Reboot => machine.reboot(),
                    Happens::Off(seconds) => {
                        machine.pass(seconds);
                        machine.reboot();
                        passed += secs(seconds);
                    }
                    Happens::Change => {
                        let now = write(&machine.host(directory.path()));
                        prop_assert!(now >= last);
                        prop_assert!(now - start <= passed);
                        last = now;
                    }
                }
            }
        }
    }

    #[test]
    fn without_a_boot_clock_a_wall_clock_that_is_set_back_unlocks_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let machine = Machine::new(false);
        let host = machine.host(directory.path());
        send(&host).unwrap();
        send(&host).unwrap();
        machine.set_wall(-7_200);
        assert_eq!(wait(&host), 3_601);
        machine.pass(7_200 + 3_601);
        assert_eq!(wait(&host), 0);
    }
}

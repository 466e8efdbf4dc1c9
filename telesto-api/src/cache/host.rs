//! Responses in files that the processes of a machine share.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use reqwest::StatusCode;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;

use super::entry::Entry;
use super::key::{Key, Owner};
use super::lifetime::{Bound, Lifetimes};
use super::served::Reason;
use super::writes;
use crate::clock::Clock;
use crate::{Error, private, random};

/// The format of the files. Those of another one are not found.
const VERSION: u32 = 2;

/// What a process that was killed has left behind is older than this.
const ABANDONED: Duration = Duration::from_secs(3_600);

/// How long it waits for another process that changes the file of writes.
const LONGEST_LOCKING: Duration = Duration::from_secs(2);

/// The longest time for which a file is kept: file systems cannot date all times.
const LONGEST_KEPT: Duration = Duration::from_secs(366 * 24 * 3_600);

/// Keeps responses in files, up to some bytes: those that are over first go first.
///
/// A response is a file of its own, which is written beside and renamed, so that
/// nobody reads a part of it. A hash that is keyed by the key of the response, which only
/// who has the API key can make, tells what a failing disk or another program has made of
/// it, or whether it is the file of another response. Whatever goes wrong, the response is
/// not found.
#[derive(Debug)]
pub(super) struct Host {
    directory: PathBuf,
    max_bytes: u64,
    clock: Arc<dyn Clock>,
}

/// A moment, as all processes of a machine understand it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Moment {
    /// The identity of the boot, and the time since.
    boot: Option<(String, Duration)>,
    /// In milliseconds since 1970.
    wall: i64,
}

impl Moment {
    fn now(clock: &dyn Clock) -> Self {
        Self {
            boot: clock.boot(),
            wall: clock.wall().as_millisecond(),
        }
    }

    /// How much time has passed since then, at most; `None` if that is not known: it
    /// is not after a reboot, nor if there is only a wall clock, and it was set back.
    fn until(&self, now: &Self) -> Option<Duration> {
        let passed = now.wall.checked_sub(self.wall)?;
        let by_wall = passed.try_into().ok().map(Duration::from_millis);
        match (&self.boot, &now.boot) {
            // A virtual machine may go on from an earlier state.
            (Some((boot, then)), Some((same, now))) if boot == same => {
                now.checked_sub(*then).max(by_wall)
            }
            (None, None) => by_wall,
            _ => None,
        }
    }
}

/// What a file holds before the body.
#[derive(Serialize, Deserialize)]
struct Head {
    version: u32,
    status: u16,
    headers: Vec<(String, String)>,
    age: Duration,
    bound: Bound,
    since: Moment,
}

/// That a request failed.
#[derive(Serialize, Deserialize)]
struct Failure {
    at: Moment,
    reason: Reason,
    pause: Duration,
}

/// The last writes that the processes of the machine know of.
#[derive(Serialize, Deserialize)]
struct Writes {
    /// That of the file, so that what was there before it got lost is not found.
    first: u64,
    last: BTreeMap<String, u64>,
}

impl Host {
    /// Makes the directory, and writes in it, so that a wrong setting is found at
    /// once.
    pub(super) fn open(
        directory: PathBuf,
        max_bytes: usize,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, Error> {
        // The working directory may change.
        let directory = std::path::absolute(&directory).unwrap_or(directory);
        let opened = private::create_directory(&directory)
            .and_then(|()| NamedTempFile::new_in(&directory).map(drop));
        opened.map_err(|error| {
            Error::config(format!(
                "cannot keep responses in {}: {error}; make the directory writable, or choose \
                 another one with `Cache::on_host_at` or TELESTO_CACHE_DIR",
                directory.display()
            ))
            .with_source(error)
        })?;
        let host = Self {
            directory,
            max_bytes: max_bytes as u64,
            clock,
        };
        host.sweep();
        Ok(host)
    }

    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }

    /// The key of a read after all writes of the machine so far; `None` if they are
    /// not known.
    pub(super) fn after_writes(
        &self,
        key: &Key,
        owner: &Owner,
        tags: &[&'static str],
    ) -> Option<Key> {
        let path = self.path(&hash(owner.bytes()), "writes");
        let known = match read_writes(&path) {
            Ok(known) => known,
            // Nobody has written here yet, or it is damaged.
            Err(_) => self.change_writes(owner, |_| {}).ok()?,
        };
        let mut marks = vec![known.first];
        writes::of_read(tags, |kind| {
            marks.push(known.last.get(&*kind.name()).copied().unwrap_or_default());
        });
        Some(key.with(&marks))
    }

    /// Notes a write.
    pub(super) fn note_write(&self, owner: &Owner, tags: &[&'static str]) -> io::Result<()> {
        let noted = self.change_writes(owner, |known| {
            writes::of_write(tags, |kind| {
                known
                    .last
                    .insert(kind.name().into_owned(), random::number());
            });
        });
        noted.map(drop).or_else(|_| {
            // A file that is not there is a new one for all.
            fs::remove_file(self.path(&hash(owner.bytes()), "writes"))
        })
    }

    fn change_writes(&self, owner: &Owner, change: impl FnOnce(&mut Writes)) -> io::Result<Writes> {
        let name = hash(owner.bytes());
        let file = private::lock_file(&self.path(&name, "lock"), private::create_file)?;
        let Some(_lock) = private::lock_within(file, LONGEST_LOCKING)? else {
            return Err(io::ErrorKind::TimedOut.into());
        };
        let path = self.path(&name, "writes");
        let mut known = read_writes(&path).unwrap_or_else(|_| Writes {
            first: random::number(),
            last: BTreeMap::new(),
        });
        change(&mut known);
        self.replace(&path, &serde_json::to_vec(&known)?, None)?;
        Ok(known)
    }

    pub(super) fn now(&self) -> Moment {
        Moment::now(&*self.clock)
    }

    /// A response, and how long ago it was asked for.
    pub(super) fn get(&self, key: &Key) -> Option<(Arc<Entry>, Duration)> {
        let path = self.path(&hash(key.bytes()), "response");
        let bytes = fs::read(&path).ok()?;
        let Some((head, body)) = parse(key, bytes.into()) else {
            tracing::debug!(target: "telesto_api", file = %path.display(), "a damaged response");
            let _ = fs::remove_file(&path);
            return None;
        };
        let since = head.since.until(&self.now())?;
        let headers = head.headers.iter().filter_map(|(name, value)| {
            let name = HeaderName::try_from(name).ok()?;
            Some((name, HeaderValue::try_from(value).ok()?))
        });
        let headers: HeaderMap = headers.collect();
        let entry = Entry {
            attempts: 0,
            status: StatusCode::from_u16(head.status).ok()?,
            headers,
            body,
            age: head.age,
            bound: Some(head.bound),
        };
        Some((Arc::new(entry), since))
    }

    /// Keeps a response, which is of use for these times.
    pub(super) fn put(&self, key: &Key, entry: &Entry, since: Moment, lifetimes: Lifetimes) {
        let kept = self.try_put(key, entry, since, lifetimes);
        if let Err(error) = kept {
            tracing::warn!(
                target: "telesto_api",
                %error,
                directory = %self.directory.display(),
                "a response is not cached"
            );
        }
        self.sweep();
    }

    fn try_put(
        &self,
        key: &Key,
        entry: &Entry,
        since: Moment,
        lifetimes: Lifetimes,
    ) -> io::Result<()> {
        let headers = entry.headers.iter().filter_map(|(name, value)| {
            let value = value.to_str().ok()?;
            Some((name.as_str().to_owned(), value.to_owned()))
        });
        let head = Head {
            version: VERSION,
            status: entry.status.as_u16(),
            headers: headers.collect(),
            age: entry.age,
            bound: entry.bound.unwrap_or(Bound::NOTHING),
            since,
        };
        let bytes = format(key, &head, &entry.body)?;
        let since = head.since.until(&self.now());
        // A call may have demanded a request of its own, and been quicker.
        let is_newer = self.get(key).is_none_or(|(_, known)| Some(known) > since);
        if !is_newer || bytes.len() as u64 > self.max_bytes {
            return Ok(());
        }
        let over = lifetimes.fresh.saturating_add(lifetimes.stale);
        let over = SystemTime::now().checked_add(over.min(LONGEST_KEPT));
        let name = hash(key.bytes());
        let _ = fs::remove_file(self.path(&name, "failure"));
        self.replace(&self.path(&name, "response"), &bytes, over)
    }

    pub(super) fn failure(&self, key: &Key) -> Option<Reason> {
        let bytes = fs::read(self.path(&hash(key.bytes()), "failure")).ok()?;
        let failure: Failure = serde_json::from_slice(&bytes).ok()?;
        let passed = failure.at.until(&self.now())?;
        (passed < failure.pause).then_some(failure.reason)
    }

    pub(super) fn note_failure(&self, key: &Key, reason: Reason, pause: Duration) {
        let failure = Failure {
            at: self.now(),
            reason,
            pause,
        };
        let path = self.path(&hash(key.bytes()), "failure");
        let noted = serde_json::to_vec(&failure)
            .map_err(io::Error::from)
            .and_then(|bytes| {
                self.replace(
                    &path,
                    &bytes,
                    SystemTime::now().checked_add(pause.min(LONGEST_KEPT)),
                )
            });
        if let Err(error) = noted {
            tracing::debug!(target: "telesto_api", %error, "a failure is not noted");
        }
    }

    /// Tries to be the one process that makes a request. Another one is making it if
    /// there is no file.
    pub(super) fn try_lock(&self, key: &Key) -> io::Result<Option<File>> {
        // As many files as make it unlikely that one waits for another request.
        let name = &hash(key.bytes())[..3];
        let file = private::lock_file(&self.path(name, "lock"), private::create_file)?;
        private::try_lock(file)
    }

    fn path(&self, name: &str, extension: &str) -> PathBuf {
        self.directory.join(format!("{name}.{extension}"))
    }

    /// Replaces a file at once. It is dated by when it is over.
    fn replace(&self, path: &Path, bytes: &[u8], over: Option<SystemTime>) -> io::Result<()> {
        // For its owner only; it is removed if this fails.
        let mut file = tempfile::Builder::new()
            .prefix("new-")
            .tempfile_in(&self.directory)?;
        file.write_all(bytes)?;
        if let Some(over) = over {
            file.as_file().set_modified(over)?;
        }
        file.persist(path)?;
        Ok(())
    }

    /// Removes what is over, what does not fit, and what killed processes have left.
    fn sweep(&self) {
        let Ok(files) = fs::read_dir(&self.directory) else {
            return;
        };
        let now = SystemTime::now();
        let mut kept = Vec::new();
        for file in files.flatten() {
            let path = file.path();
            let Some(metadata) = file.metadata().ok() else {
                continue;
            };
            let dated = metadata.modified().unwrap_or(now);
            let is = |kind: &str| path.extension().is_some_and(|found| found == kind);
            let is_response = is("response");
            let is_new = file.file_name().to_string_lossy().starts_with("new-");
            if is_response && dated > now {
                kept.push((dated, metadata.len(), path));
            } else if is_response
                || (is("failure") && dated < now)
                || (is_new && dated + ABANDONED < now)
            {
                let _ = fs::remove_file(path);
            }
        }
        kept.sort_unstable();
        let mut bytes: u64 = kept.iter().map(|(_, length, _)| length).sum();
        for (_, length, path) in kept {
            if bytes <= self.max_bytes {
                break;
            }
            bytes -= length;
            let _ = fs::remove_file(path);
        }
    }
}

fn hash(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex().to_string()
}

fn read_writes(path: &Path) -> io::Result<Writes> {
    Ok(serde_json::from_slice(&fs::read(path)?)?)
}

/// The hash of a file for a response with this key.
fn keyed_hash(key: &Key, parts: &[&[u8]]) -> blake3::Hash {
    let key = blake3::derive_key(
        "telesto-api 2026-11-30 files of cached responses",
        key.bytes(),
    );
    let mut hasher = blake3::Hasher::new_keyed(&key);
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize()
}

/// A file: a hash of the rest, the length of the head, the head, and the body.
fn format(key: &Key, head: &Head, body: &[u8]) -> io::Result<Vec<u8>> {
    let head = serde_json::to_vec(head)?;
    let length = u32::try_from(head.len()).map_err(io::Error::other)?;
    let parts = [&length.to_le_bytes()[..], &head, body];
    let mut file = keyed_hash(key, &parts).as_bytes().to_vec();
    parts.iter().for_each(|part| file.extend_from_slice(part));
    Ok(file)
}

fn parse(key: &Key, bytes: Bytes) -> Option<(Head, Bytes)> {
    let (found, rest) = bytes.split_first_chunk()?;
    // It compares in constant time.
    if blake3::Hash::from_bytes(*found) != keyed_hash(key, &[rest]) {
        return None;
    }
    let (length, rest) = rest.split_first_chunk()?;
    let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
    let head: Head = serde_json::from_slice(rest.get(..length)?).ok()?;
    if head.version != VERSION {
        return None;
    }
    let body = bytes.slice(bytes.len() - rest.len() + length..);
    Some((head, body))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api_key::ApiKey;
    use crate::budget::machine::Machine;

    const TIMES: Lifetimes = Lifetimes {
        fresh: Duration::from_secs(3_600),
        stale: Duration::ZERO,
    };

    fn open(machine: &Machine, directory: &Path, max_bytes: usize) -> Host {
        Host::open(directory.to_owned(), max_bytes, Arc::new(machine.clone())).unwrap()
    }

    fn owner(key: &str) -> Owner {
        let key = ApiKey::new(key.to_owned().into()).unwrap();
        Owner::new(&key, "https://telesto.app")
    }

    fn entry(body: &str) -> Entry {
        let mut headers = HeaderMap::new();
        headers.insert("x-shop", HeaderValue::from_static("1"));
        headers.insert("x-other", HeaderValue::from_bytes(b"\xe9").unwrap());
        Entry {
            attempts: 1,
            status: StatusCode::OK,
            headers,
            body: body.to_owned().into(),
            age: Duration::from_secs(3),
            bound: Some(Bound {
                fresh: Duration::from_secs(9),
                stale: Duration::MAX,
            }),
        }
    }

    fn put(host: &Host, key: &str, body: &str, times: Lifetimes) {
        host.put(&Key::from(key), &entry(body), host.now(), times);
    }

    fn body(host: &Host, key: &str) -> Option<Bytes> {
        host.get(&Key::from(key))
            .map(|(entry, _)| entry.body.clone())
    }

    fn files(directory: &Path, extension: &str) -> Vec<PathBuf> {
        let files = fs::read_dir(directory).unwrap();
        let files = files.map(|file| file.unwrap().path());
        files
            .filter(|path| path.extension().is_some_and(|kind| kind == extension))
            .collect()
    }

    #[test]
    fn a_response_is_read_as_it_was_kept() {
        let (directory, machine) = (tempfile::tempdir().unwrap(), Machine::new(true));
        put(
            &open(&machine, directory.path(), 10_000),
            "one",
            "[1]",
            TIMES,
        );
        machine.pass(Duration::from_secs(7));
        let host = open(&machine, directory.path(), 10_000);
        let (found, since) = host.get(&Key::from("one")).unwrap();
        assert_eq!(
            (found.status, &found.body[..]),
            (StatusCode::OK, &b"[1]"[..])
        );
        assert_eq!(found.headers["x-shop"], "1");
        assert_eq!((found.age.as_secs(), since.as_secs()), (3, 7));
        assert_eq!(found.bound, entry("").bound);
        assert!(host.get(&Key::from("two")).is_none());
    }

    #[test]
    fn an_age_that_is_not_known_is_too_old() {
        let directory = tempfile::tempdir().unwrap();
        let age = |machine: &Machine, host: &Host, change: fn(&Machine)| {
            put(host, "one", "[1]", TIMES);
            machine.pass(Duration::from_secs(60));
            change(machine);
            let found = host.get(&Key::from("one"));
            found.map(|(_, since)| since.as_secs())
        };
        let booted = Machine::new(true);
        let host = open(&booted, directory.path(), 10_000);
        assert_eq!(age(&booted, &host, |_| {}), Some(60));
        // By the boot clock, the wall clock does not matter.
        assert_eq!(
            age(&booted, &host, |machine| machine.set_wall(-3_600)),
            Some(60)
        );
        let restored = |machine: &Machine| machine.restore(Duration::from_secs(30));
        assert_eq!(age(&booted, &host, restored), Some(60));
        assert_eq!(age(&booted, &host, Machine::reboot), None);
        // By the wall clock alone, it must not go back.
        let directory = tempfile::tempdir().unwrap();
        let plain = Machine::new(false);
        let host = open(&plain, directory.path(), 10_000);
        assert_eq!(age(&plain, &host, |_| {}), Some(60));
        assert_eq!(age(&plain, &host, |machine| machine.set_wall(-61)), None);
    }

    #[test]
    fn what_is_damaged_is_not_found_and_removed() {
        let (directory, machine) = (tempfile::tempdir().unwrap(), Machine::new(true));
        let host = open(&machine, directory.path(), 10_000);
        put(&host, "one", "[1]", TIMES);
        let [path] = &files(directory.path(), "response")[..] else {
            panic!("not one file");
        };
        let good = fs::read(path).unwrap();
        let flipped = (0..good.len()).map(|at| {
            let mut bytes = good.clone();
            bytes[at] ^= 1;
            bytes
        });
        let cut = (0..good.len()).map(|length| good[..length].to_vec());
        let longer = [&good[..], b" "].concat();
        for bad in flipped.chain(cut).chain([longer]) {
            fs::write(path, &bad).unwrap();
            assert!(body(&host, "one").is_none());
            assert!(!path.exists());
        }
        fs::write(path, &good).unwrap();
        assert_eq!(body(&host, "one").unwrap(), "[1]");
    }

    #[test]
    fn files_are_bounded_and_swept() {
        let (directory, machine) = (tempfile::tempdir().unwrap(), Machine::new(true));
        let host = open(&machine, directory.path(), 2_000);
        for number in 1..=20 {
            let times = Lifetimes {
                fresh: Duration::from_secs(100 * number),
                stale: Duration::ZERO,
            };
            put(&host, &number.to_string(), &"x".repeat(500), times);
            let files = files(directory.path(), "response");
            let bytes = files.iter().map(|path| fs::metadata(path).unwrap().len());
            assert!(bytes.sum::<u64>() <= 2_000);
            assert!(body(&host, &number.to_string()).is_some());
        }
        assert!(body(&host, "1").is_none());
        // One that does not fit is not kept, and does not drive the others out.
        put(&host, "large", &"x".repeat(2_000), TIMES);
        assert!(body(&host, "large").is_none() && body(&host, "20").is_some());
        // What is over goes with the next one.
        let killed = directory.path().join("new-abc");
        fs::write(&killed, "half").unwrap();
        let long_ago = SystemTime::now() - 2 * ABANDONED;
        for path in files(directory.path(), "response").iter().chain([&killed]) {
            let file = File::options().write(true).open(path).unwrap();
            file.set_modified(long_ago).unwrap();
        }
        put(&host, "last", "[1]", TIMES);
        assert_eq!(files(directory.path(), "response").len(), 1);
        assert!(!killed.exists());
    }

    #[test]
    fn a_write_changes_the_keys_of_its_tag_and_of_its_owner() {
        let (directory, machine) = (tempfile::tempdir().unwrap(), Machine::new(true));
        let host = open(&machine, directory.path(), 10_000);
        let (one, two) = (owner("one"), owner("two"));
        let key = |owner: &Owner, tags: &[&'static str]| {
            let key = host.after_writes(&Key::from("one"), owner, tags).unwrap();
            key.bytes().to_vec()
        };
        let all = || {
            let tags: [&[&'static str]; 4] = [&["a"], &["b"], &["a", "b"], &[]];
            let mut keys: Vec<_> = tags.iter().map(|tags| key(&one, tags)).collect();
            keys.push(key(&two, &["a"]));
            keys
        };
        let changed = |tags: &[&'static str]| {
            let before = all();
            assert_eq!(before, all());
            host.note_write(&one, tags).unwrap();
            let pairs = before.into_iter().zip(all());
            pairs
                .map(|(before, after)| before != after)
                .collect::<Vec<_>>()
        };
        assert_eq!(changed(&["a"]), [true, false, true, true, false]);
        assert_eq!(changed(&["b"]), [false, true, true, true, false]);
        assert_eq!(changed(&["a", "b"]), [true, true, true, true, false]);
        assert_eq!(changed(&["c"]), [false, false, false, true, false]);
        assert_eq!(changed(&[]), [true, true, true, true, false]);
        // If the file gets lost, or is damaged, nothing from before is found.
        let before = all();
        for file in files(directory.path(), "writes") {
            fs::write(file, "{").unwrap();
        }
        let pairs = before.iter().zip(all());
        assert!(pairs.into_iter().all(|(before, after)| *before != after));
    }

    #[cfg(unix)]
    #[test]
    fn files_are_for_their_owner_only() {
        use std::os::unix::fs::PermissionsExt as _;

        let (directory, machine) = (tempfile::tempdir().unwrap(), Machine::new(true));
        let own = directory.path().join("own");
        let host = open(&machine, &own, 10_000);
        put(&host, "one", "[1]", TIMES);
        host.note_write(&owner("one"), &["a"]).unwrap();
        drop(host.try_lock(&Key::from("one")).unwrap());
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&own), 0o700);
        let files: Vec<_> = fs::read_dir(&own).unwrap().collect();
        assert!(files.len() >= 4);
        for file in files {
            assert_eq!(mode(&file.unwrap().path()), 0o600);
        }
    }
}

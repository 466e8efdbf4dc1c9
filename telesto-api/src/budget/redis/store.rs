//! A ledger in Redis that all machines behind an address share.

use std::sync::{Arc, LazyLock, Mutex as SyncMutex};
use std::time::Duration;

use ::redis::aio::MultiplexedConnection;
use ::redis::{AsyncConnectionConfig, Client, RedisError, Script, ServerErrorKind};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use super::Place;
use crate::budget::format::{self, Decoded};
use crate::budget::ledger::Ledger;
#[cfg(test)]
use crate::budget::machine::Machine;
use crate::budget::time::{Clocks, Time};
use crate::clock::Clock;
use crate::mutex::lock;
use crate::{Error, random};

/// How often a change is tried while others change the ledger, too.
const ATTEMPTS: u32 = 40;

/// How long it pauses between two attempts, at most.
const LONGEST_PAUSE: Duration = Duration::from_millis(50);

/// For how much longer the ledger is kept than it counts.
const KEPT_LONGER: Duration = Duration::from_secs(24 * 3_600);

/// The longest time for which the ledger is kept: Redis refuses times that it cannot add.
const LONGEST_KEPT: Duration = Duration::from_secs(10 * 366 * 24 * 3_600);

/// How many of the last writes a value tells.
const RECENT: usize = 64;

/// After how many attempts a process asks for a turn of its own.
const PATIENCE: u32 = 5;

/// Replaces the value, if it is still the one that was read, and returns the time of
/// the server and the value that is there otherwise. Without a new one, it only reads.
///
/// A value begins with a mark of 16 characters that no other one has. While a process has
/// the turn, the others cannot replace the value.
static SCRIPT: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "local time = redis.call('TIME')
local found = redis.call('GET', KEYS[1])
if ARGV[1] then
  local turn = redis.call('GET', KEYS[2])
  local free = not turn or turn == ARGV[4]
  if free and string.sub(found or '', 1, 16) == ARGV[1] then
    redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
    if turn then redis.call('DEL', KEYS[2]) end
    return {time[1], time[2], 1, false}
  end
  if ARGV[5] == '1' and not turn then
    redis.call('SET', KEYS[2], ARGV[4], 'PX', 300)
  end
end
return {time[1], time[2], 0, found}",
    )
});

/// Keeps a ledger in Redis.
///
/// A change reads the ledger and the time of the server, applies itself, and replaces
/// the ledger by a script, if nobody else has changed it meanwhile; otherwise it begins
/// anew, and after some attempts asks for a turn of its own. In a process there is one change
/// at a time, so only processes get into each other's way.
#[derive(Debug)]
pub(in crate::budget) struct Redis {
    client: Client,
    place: Place,
    /// That of the ledger, and that of the turn.
    keys: [String; 2],
    /// What this process is called when it has the turn.
    name: String,
    timeout: Duration,
    clock: Arc<dyn Clock>,
    connection: Mutex<Option<Connection>>,
    /// What was read or written last, and when: Redis may lose it.
    seen: SyncMutex<Option<(Saved, Duration)>>,
    #[cfg(test)]
    pub(in crate::budget) machine: Option<Machine>,
}

#[derive(Clone)]
struct Connection(MultiplexedConnection);

impl std::fmt::Debug for Connection {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Connection")
    }
}

/// What the value holds. It is no secret, and the key is not in it.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Saved {
    /// How many writes there were.
    writes: u64,
    /// The marks of the last ones.
    recent: Vec<u64>,
    time: Time,
    ledger: Ledger,
}

/// What the script returns.
struct Reply {
    clocks: Clocks,
    is_replaced: bool,
    found: Option<Vec<u8>>,
}

/// A write that is to replace what was found.
struct Write<'a> {
    /// The mark of what was found; empty if there was nothing.
    expected: &'a [u8],
    value: &'a [u8],
    kept_for: Duration,
    /// Whether to ask for the turn if it has changed.
    asks_for_turn: bool,
}

impl Redis {
    pub(super) fn new(
        client: Client,
        place: Place,
        keys: [String; 2],
        timeout: Duration,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            client,
            place,
            keys,
            name: format!("{:016x}", random::number()),
            timeout,
            clock,
            connection: Mutex::default(),
            seen: SyncMutex::default(),
            #[cfg(test)]
            machine: None,
        }
    }

    /// Changes the ledger, at the time of the server.
    pub(in crate::budget) async fn change<T>(
        &self,
        change: impl Fn(&mut Ledger, Duration) -> T,
    ) -> Result<T, Error> {
        let mut connection = self.connection.lock().await;
        let mut reply = self.run(&mut connection, None).await?;
        for attempt in 0..ATTEMPTS {
            let mark = mark_of(reply.found.as_deref()).to_vec();
            let found = self.parse(reply.found.as_deref(), &reply.clocks)?;
            let before = found.as_ref().map(|saved| saved.ledger.clone());
            let last = {
                let seen = lock(&self.seen);
                known(found, seen.as_ref().map(|(seen, _)| seen), &reply.clocks)
            };
            let time = last.time.advanced(&reply.clocks);
            let mut ledger = last.ledger.clone();
            // Not as that of another request, whatever Redis has lost.
            ledger.number_from(random::number() / 2);
            let result = change(&mut ledger, time.now);
            ledger.number_from(0);
            if ledger == before.unwrap_or_default() && !time.must_be_saved(&last.time) {
                self.has_seen(Saved { time, ..last });
                return Ok(result);
            }
            let counts_for = ledger.counts_until().saturating_sub(time.now);
            let kept_for = counts_for.saturating_add(KEPT_LONGER).min(LONGEST_KEPT);
            let saved = last.written(random::number(), ledger, time);
            let value = saved.to_value()?;
            let write = Write {
                expected: &mark,
                value: &value,
                kept_for,
                asks_for_turn: attempt >= PATIENCE,
            };
            reply = self.run(&mut connection, Some(write)).await?;
            // It may have been written already, if the first reply got lost.
            let is_there = reply.found.as_deref() == Some(&value[..]);
            if reply.is_replaced || is_there {
                self.has_seen(saved);
                return Ok(result);
            }
            let longest = Duration::from_millis(1 << attempt.min(10)).min(LONGEST_PAUSE);
            tokio::time::sleep(random::below(longest)).await;
        }
        Err(Error::budget(format!(
            "the budget in {} has changed {ATTEMPTS} times while it was to be changed: try again",
            self.place
        )))
    }

    fn has_seen(&self, saved: Saved) {
        *lock(&self.seen) = Some((saved, self.clock.monotonic()));
    }

    /// What this process has last seen of the ledger, and the time of the ledger now.
    pub(super) fn seen(&self) -> Option<(Ledger, Duration)> {
        let seen = lock(&self.seen);
        let (saved, then) = seen.as_ref()?;
        let passed = self.clock.monotonic().saturating_sub(*then);
        Some((saved.ledger.clone(), saved.time.now.saturating_add(passed)))
    }

    /// Runs the script, on a new connection if that of before is gone.
    async fn run(
        &self,
        kept: &mut Option<Connection>,
        write: Option<Write<'_>>,
    ) -> Result<Reply, Error> {
        let [ledger, turn] = &self.keys;
        let mut invocation = SCRIPT.key(ledger);
        invocation.key(turn);
        if let Some(write) = &write {
            let kept_for = u64::try_from(write.kept_for.as_millis()).unwrap_or(u64::MAX);
            invocation
                .arg(write.expected)
                .arg(write.value)
                .arg(kept_for)
                .arg(&self.name)
                .arg(u8::from(write.asks_for_turn));
        }
        loop {
            let (mut connection, is_new) = match kept.take() {
                Some(connection) => (connection, false),
                None => (self.connect().await?, true),
            };
            match invocation.invoke_async(&mut connection.0).await {
                Ok(reply) => {
                    *kept = Some(connection);
                    return Ok(self.reply(reply));
                }
                // Somebody has removed all scripts just now, or has cut the connection.
                Err(error) if !is_new && (is_no_script(&error) || is_cut(&error)) => {}
                Err(error) => return Err(self.fails("cannot be changed", &error)),
            }
        }
    }

    fn reply(&self, reply: (i64, i64, bool, Option<Vec<u8>>)) -> Reply {
        let (seconds, micros, is_replaced, found) = reply;
        let [seconds, micros] = [seconds, micros].map(|part| u64::try_from(part).unwrap_or(0));
        let wall = Duration::from_secs(seconds).saturating_add(Duration::from_micros(micros));
        #[cfg_attr(not(test), expect(unused_mut, reason = "only tests set the time"))]
        let mut clocks = Clocks { boot: None, wall };
        #[cfg(test)]
        if let Some(machine) = &self.machine {
            clocks.wall = Clocks::of(machine).wall;
        }
        Reply {
            clocks,
            is_replaced,
            found,
        }
    }

    async fn connect(&self) -> Result<Connection, Error> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(self.timeout))
            .set_response_timeout(Some(self.timeout));
        let client = &self.client;
        let connecting = client.get_multiplexed_async_connection_with_config(&config);
        match connecting.await {
            Ok(connection) => Ok(Connection(connection)),
            Err(error) => Err(self.fails("cannot be reached", &error)),
        }
    }

    /// What a value holds; if it is damaged, a whole window counts as spent.
    fn parse(&self, value: Option<&[u8]>, clocks: &Clocks) -> Result<Option<Saved>, Error> {
        let Some(value) = value else {
            return Ok(None);
        };
        match format::decode(value.get(MARK..).unwrap_or_default()) {
            Decoded::State(saved) => return Ok(Some(saved)),
            Decoded::Damaged => {}
            Decoded::Newer => {
                return Err(Error::budget(format!(
                    "the budget in {} was written by a newer version of telesto-api: update \
                     this program, or give the budget another name",
                    self.place
                )));
            }
        }
        tracing::warn!(
            target: "telesto_api",
            place = %self.place,
            key = self.keys[0],
            "the value of the budget is damaged, so all requests count as spent"
        );
        let first = Saved::first(clocks);
        let ledger = first.ledger.unknown_until(first.time.now);
        Ok(Some(Saved { ledger, ..first }))
    }

    fn fails(&self, what: &str, error: &RedisError) -> Error {
        let reason = self.place.redact(&error.to_string());
        let help = match error.kind() {
            _ if reason.contains("certificate") => {
                "add its authority to the roots of the system, or name its file in SSL_CERT_FILE"
            }
            _ if error.is_io_error() || error.is_timeout() => {
                "start the server, check the URL, or allow a fallback with `RedisBudget::fallback`"
            }
            ::redis::ErrorKind::AuthenticationFailed => {
                "check the user and the password of the URL"
            }
            ::redis::ErrorKind::Server(ServerErrorKind::ReadOnly) => {
                "it is a replica: use the URL of the primary"
            }
            ::redis::ErrorKind::Server(ServerErrorKind::Moved) => {
                "use the URL of the node that has the key"
            }
            _ if error.code() == Some("OOM") => "free its memory; the budget needs a few kilobytes",
            _ => "see the message of the server",
        };
        Error::budget(format!(
            "the budget in {} {what}: {reason}; {help}",
            self.place
        ))
    }
}

fn is_no_script(error: &RedisError) -> bool {
    error.kind() == ::redis::ErrorKind::Server(ServerErrorKind::NoScript)
}

fn is_cut(error: &RedisError) -> bool {
    !error.is_timeout() && (error.is_connection_dropped() || error.is_io_error())
}

/// How long the mark of a value is.
const MARK: usize = 16;

/// What no other value begins with; empty if there is no value.
fn mark_of(value: Option<&[u8]>) -> &[u8] {
    let value = value.unwrap_or_default();
    value.get(..MARK).unwrap_or(value)
}

/// What is known of the ledger: what was found, and what this process has seen before
/// if that got lost, as after a failover to a replica that had not received it.
fn known(found: Option<Saved>, seen: Option<&Saved>, clocks: &Clocks) -> Saved {
    match (found, seen) {
        (None, None) => Saved::first(clocks),
        // It may have expired as well: then nothing in it counts.
        (None, Some(seen)) => seen.clone(),
        (Some(mut found), Some(seen)) if found.has_lost(seen) => {
            tracing::warn!(
                target: "telesto_api",
                "Redis has lost changes of the budget; those that are known count again"
            );
            let now = found.time.advanced(clocks).now;
            found
                .ledger
                .absorb(&seen.ledger, seen.time.advanced(clocks).now, now);
            found
        }
        (Some(found), _) => found,
    }
}

impl Saved {
    /// A ledger in which nothing has happened yet.
    fn first(clocks: &Clocks) -> Self {
        Self {
            writes: 0,
            recent: Vec::new(),
            time: Time::first(clocks),
            ledger: Ledger::default(),
        }
    }

    /// What is there after this write.
    fn written(&self, mark: u64, ledger: Ledger, time: Time) -> Self {
        let skipped = self.recent.len().saturating_sub(RECENT - 1);
        let recent = self.recent.iter().skip(skipped).copied();
        Self {
            writes: self.writes + 1,
            recent: recent.chain([mark]).collect(),
            time,
            ledger,
        }
    }

    /// Whether it does not come after what was seen before. After more writes than it
    /// tells, it is not known.
    fn has_lost(&self, seen: &Self) -> bool {
        let is_after = seen
            .recent
            .last()
            .is_none_or(|mark| self.recent.contains(mark));
        let many = self.writes.saturating_sub(seen.writes) >= RECENT as u64;
        !is_after && !many
    }

    fn to_value(&self) -> Result<Vec<u8>, Error> {
        let mark = self.recent.last().copied().unwrap_or_default();
        let value = format!("{mark:016x}").into_bytes();
        format::encode(value, self)
            .map_err(|error| Error::budget("cannot write the budget").with_source(error))
    }
}

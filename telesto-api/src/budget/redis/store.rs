//! A ledger in Redis that all machines behind an address share.

use std::sync::{Arc, LazyLock, Mutex as SyncMutex};
use std::time::Duration;

use ::redis::aio::MultiplexedConnection;
use ::redis::{AsyncConnectionConfig, Client, RedisError, Script, ServerErrorKind};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::Place;
use crate::budget::format::{self, Decoded};
use crate::budget::ledger::Ledger;
#[cfg(test)]
use crate::budget::machine::Machine;
use crate::budget::outbox::Outbox;
use crate::budget::time::{Clocks, Time};
use crate::clock::Clock;
use crate::mutex::lock;
use crate::{Error, random};

/// How long a process pauses before it asks again whether it is its turn, for each process
/// before it, and at most.
const PAUSE: Duration = Duration::from_millis(1);
const LONGEST_PAUSE: Duration = Duration::from_millis(30);

/// How long a process keeps its turn without asking for it, beyond the timeout of a command.
const LEASE: Duration = Duration::from_millis(100);
const LONGEST_LEASE: Duration = Duration::from_secs(5);

/// For how much longer the ledger is kept than it counts.
const KEPT_LONGER: Duration = Duration::from_secs(24 * 3_600);

/// The longest time for which the ledger is kept: Redis refuses times that it cannot add.
const LONGEST_KEPT: Duration = Duration::from_secs(10 * 366 * 24 * 3_600);

/// How many of the last writes a value tells.
const RECENT: usize = 64;

/// Replaces the value, if it is still the one that was read. Returns the time of the server,
/// whether the value was replaced, the value that is there otherwise, and how many processes
/// are to change it before this one.
///
/// A value begins with a mark of 16 characters that no other one has. A process that could not
/// replace it joins a queue, and only the first one of the queue replaces the value. One that
/// has not asked for a while leaves the queue.
static SCRIPT: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "local value, queue, asked = KEYS[1], KEYS[2], KEYS[3]
local step, name, lease = ARGV[1], ARGV[2], tonumber(ARGV[3])
local time = redis.call('TIME')
local found = redis.call('GET', value)
if step == 'read' then
  return {time[1], time[2], 0, found, 0}
end
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function first()
  return redis.call('ZRANGE', queue, 0, 0)[1]
end
local function leave(who)
  redis.call('ZREM', queue, who)
  redis.call('HDEL', asked, who)
end
local holder = first()
while holder and holder ~= name
    and now - tonumber(redis.call('HGET', asked, holder) or 0) > lease do
  leave(holder)
  holder = first()
end
if step == 'write' and (not holder or holder == name)
    and string.sub(found or '', 1, 16) == ARGV[4] then
  redis.call('SET', value, ARGV[5], 'PX', ARGV[6])
  if holder then leave(name) end
  return {time[1], time[2], 1, false, 0}
end
redis.call('ZADD', queue, 'NX', time[1] * 1000000 + time[2], name)
redis.call('HSET', asked, name, now)
redis.call('PEXPIRE', queue, 60000)
redis.call('PEXPIRE', asked, 60000)
return {time[1], time[2], 0, found, redis.call('ZRANK', queue, name)}",
    )
});

/// Keeps a ledger in Redis.
///
/// A change reads the ledger and the time of the server, applies itself, and replaces
/// the ledger by a script, if no other process has changed it meanwhile. Otherwise it waits
/// for its turn, and begins anew. In a process there is one change at a time.
#[derive(Debug)]
pub(in crate::budget) struct Redis {
    client: Client,
    place: Place,
    /// The keys of the ledger, of the queue, and of when those in the queue have asked.
    keys: [String; 3],
    /// The name of this process in the queue.
    name: String,
    timeout: Duration,
    clock: Arc<dyn Clock>,
    connection: Mutex<Option<Connection>>,
    /// When Redis has failed for the last time, and how.
    failed: SyncMutex<Option<(Instant, Error)>>,
    pub(in crate::budget) outbox: Outbox,
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

/// What the script is to do.
enum Step<'a> {
    Read,
    /// Reads, once it is the turn of this process.
    Wait,
    Write {
        /// The mark of what was found; empty if there was nothing.
        expected: &'a [u8],
        value: &'a [u8],
        kept_for: Duration,
    },
}

/// What the script returns.
struct Reply {
    clocks: Clocks,
    is_replaced: bool,
    found: Option<Vec<u8>>,
    /// How many processes are to change the ledger before this one.
    before: u32,
}

/// What has become of a ledger.
struct Changed<T> {
    result: T,
    /// How many outcomes of the outbox are in it.
    outcomes: usize,
    saved: Saved,
    /// What has to be written, if anything.
    value: Option<Vec<u8>>,
    kept_for: Duration,
}

impl Redis {
    pub(super) fn new(
        client: Client,
        place: Place,
        keys: [String; 3],
        timeout: Duration,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            client,
            place,
            keys,
            name: format!("{:016x}", random::number()),
            timeout,
            outbox: Outbox::new(Arc::clone(&clock)),
            clock,
            connection: Mutex::default(),
            failed: SyncMutex::default(),
            seen: SyncMutex::default(),
            #[cfg(test)]
            machine: None,
        }
    }

    /// Changes the ledger, at the time of the server, if the other processes let this one
    /// within `patience`.
    pub(in crate::budget) async fn change<T>(
        &self,
        patience: Duration,
        change: impl Fn(&mut Ledger, Duration) -> T,
    ) -> Result<T, Error> {
        let began = Instant::now();
        let left = || patience.saturating_sub(began.elapsed());
        let connection = tokio::time::timeout(patience, self.connection.lock()).await;
        let mut connection = connection.map_err(|_| self.is_busy(patience))?;
        // What has failed for the change before fails for those that have waited for it.
        if let Some((at, error)) = &*lock(&self.failed)
            && *at >= began
        {
            return Err(error.clone());
        }
        let mut reply = self.run(&mut connection, Step::Read).await?;
        loop {
            let expected = mark_of(reply.found.as_deref()).to_vec();
            let mut changed = self.changed(reply.found.as_deref(), &reply.clocks, &change)?;
            let Some(value) = changed.value.take() else {
                return Ok(self.has_changed(changed));
            };
            let step = Step::Write {
                expected: &expected,
                value: &value,
                kept_for: changed.kept_for,
            };
            reply = self.run(&mut connection, step).await?;
            // It may have been written already, if the first reply got lost.
            if reply.is_replaced || reply.found.as_deref() == Some(&value[..]) {
                return Ok(self.has_changed(changed));
            }
            // The first of the queue has the value as it is now.
            while reply.before > 0 {
                let pause = PAUSE.saturating_mul(reply.before).min(LONGEST_PAUSE);
                tokio::time::sleep(pause.min(left())).await;
                if left().is_zero() {
                    return Err(self.is_busy(patience));
                }
                reply = self.run(&mut connection, Step::Wait).await?;
            }
        }
    }

    /// What a change makes of the value that was found.
    fn changed<T>(
        &self,
        found: Option<&[u8]>,
        clocks: &Clocks,
        change: impl Fn(&mut Ledger, Duration) -> T,
    ) -> Result<Changed<T>, Error> {
        let found = self.parse(found, clocks)?;
        let before = found.as_ref().map(|saved| saved.ledger.clone());
        let last = {
            let seen = lock(&self.seen);
            known(found, seen.as_ref().map(|(seen, _)| seen), clocks)
        };
        let time = last.time.advanced(clocks);
        let mut ledger = last.ledger.clone();
        // Not as that of another request, whatever Redis has lost.
        ledger.number_from(random::number() / 2);
        let outcomes = self.outbox.apply(&mut ledger, time.now);
        let result = change(&mut ledger, time.now);
        ledger.number_from(0);
        let counts_for = ledger.counts_until().saturating_sub(time.now);
        let kept_for = counts_for.saturating_add(KEPT_LONGER).min(LONGEST_KEPT);
        let is_same = ledger == before.unwrap_or_default() && !time.must_be_saved(&last.time);
        let (saved, value) = if is_same {
            (Saved { time, ..last }, None)
        } else {
            let saved = last.written(random::number(), ledger, time);
            let value = saved.to_value()?;
            (saved, Some(value))
        };
        Ok(Changed {
            result,
            outcomes,
            saved,
            value,
            kept_for,
        })
    }

    /// Notes a change that is written, and returns its result.
    fn has_changed<T>(&self, changed: Changed<T>) -> T {
        self.outbox.remove(changed.outcomes);
        *lock(&self.seen) = Some((changed.saved, self.clock.monotonic()));
        changed.result
    }

    fn is_busy(&self, patience: Duration) -> Error {
        Error::budget(format!(
            "could not update the budget in {} within {patience:?}: other processes were \
             changing it; try again, or allow a longer timeout",
            self.place
        ))
    }

    /// What this process knows of the ledger, and the time of the ledger now.
    pub(super) fn seen(&self) -> Option<(Ledger, Duration)> {
        let seen = lock(&self.seen);
        let (saved, then) = seen.as_ref()?;
        let passed = self.clock.monotonic().saturating_sub(*then);
        let now = saved.time.now.saturating_add(passed);
        let mut ledger = saved.ledger.clone();
        self.outbox.apply(&mut ledger, now);
        Some((ledger, now))
    }

    /// Runs the script, on a new connection if the one before is gone.
    async fn run(&self, kept: &mut Option<Connection>, step: Step<'_>) -> Result<Reply, Error> {
        let result = self.try_run(kept, step).await;
        if let Err(error) = &result {
            *lock(&self.failed) = Some((Instant::now(), error.clone()));
        }
        result
    }

    async fn try_run(&self, kept: &mut Option<Connection>, step: Step<'_>) -> Result<Reply, Error> {
        let [ledger, queue, asked] = &self.keys;
        let mut invocation = SCRIPT.key(ledger);
        let lease = self.timeout.saturating_add(LEASE).min(LONGEST_LEASE);
        let word = match &step {
            Step::Read => "read",
            Step::Wait => "wait",
            Step::Write { .. } => "write",
        };
        invocation.key(queue).key(asked);
        invocation.arg(word).arg(&self.name).arg(millis(lease));
        if let Step::Write {
            expected,
            value,
            kept_for,
        } = step
        {
            invocation.arg(expected).arg(value).arg(millis(kept_for));
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

    fn reply(&self, reply: (i64, i64, bool, Option<Vec<u8>>, u32)) -> Reply {
        let (seconds, micros, is_replaced, found, before) = reply;
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
            before,
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

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
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

//! Time as a parameter.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::sync::watch;

/// What [`Clock::sleep`] returns.
pub type Sleep = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Where a client takes the time from: [`SystemClock`] or, in tests, a
/// [`ManualClock`] on which an hour passes at once.
///
/// A clock has two halves. The monotonic half decides when a request may be
/// sent, so that setting the system time unlocks nothing early. The wall half
/// is for people (`retry_at`) and for HTTP dates.
///
/// Implement it for a clock of your own, such as that of a simulation. Its times
/// are compared with each other only.
pub trait Clock: fmt::Debug + Send + Sync {
    /// The date and time, which may jump.
    fn wall(&self) -> Timestamp;

    /// The time since a fixed point, which never goes back. It should count
    /// while the machine is suspended.
    fn monotonic(&self) -> Duration;

    /// Waits until the monotonic half has advanced by `duration`.
    fn sleep(&self, duration: Duration) -> Sleep;

    /// The identity of this boot of the machine, and the time since, which
    /// counts while the machine is suspended; `None` where that is unknown.
    #[doc(hidden)]
    fn boot(&self) -> Option<(String, Duration)> {
        None
    }

    /// Whether this is the clock of the system, whose times can be compared
    /// between its instances.
    #[doc(hidden)]
    fn is_system(&self) -> bool {
        false
    }
}

/// Whether the times of two clocks can be compared.
pub(crate) fn is_same(one: &Arc<dyn Clock>, other: &Arc<dyn Clock>) -> bool {
    Arc::ptr_eq(one, other) || (one.is_system() && other.is_system())
}

/// The clock of the system. On Linux its monotonic half counts while the
/// machine is suspended; elsewhere it may stand still, so that waiting calls
/// wait for longer than they need.
///
/// It follows the clock of tokio, which a test may pause or advance: with
/// `#[tokio::test(start_paused = true)]`, a call waits for an hour at once.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn wall(&self) -> Timestamp {
        let since_1970 = Timestamp::now().duration_since(Timestamp::UNIX_EPOCH);
        let moved = as_tokio(since_1970.try_into().unwrap_or_default());
        Timestamp::UNIX_EPOCH
            .saturating_add(moved)
            .unwrap_or(Timestamp::MAX)
    }

    #[cfg(target_os = "linux")]
    fn monotonic(&self) -> Duration {
        as_tokio(since_boot())
    }

    #[cfg(not(target_os = "linux"))]
    fn monotonic(&self) -> Duration {
        static START: LazyLock<Instant> = LazyLock::new(Instant::now);
        // Read first: the argument would be older than the start that it sets.
        let start = *START;
        as_tokio(start.elapsed())
    }

    fn sleep(&self, duration: Duration) -> Sleep {
        Box::pin(tokio::time::sleep(duration))
    }

    #[cfg(target_os = "linux")]
    fn boot(&self) -> Option<(String, Duration)> {
        static BOOT_ID: LazyLock<Option<String>> = LazyLock::new(|| {
            let id = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
            // A time namespace shifts the boot clock.
            let namespace = std::fs::read_link("/proc/self/ns/time").unwrap_or_default();
            Some(format!("{} {}", id.trim(), namespace.display()))
        });
        Some((BOOT_ID.clone()?, as_tokio(since_boot())))
    }

    fn is_system(&self) -> bool {
        true
    }
}

/// A time of the system, moved by as much as a test has moved the clock of tokio,
/// by which tasks sleep: not at all otherwise.
fn as_tokio(time: Duration) -> Duration {
    let before = Instant::now();
    let tokio = tokio::time::Instant::now().into_std();
    let after = Instant::now();
    // In between, it has not been moved.
    let behind = before.saturating_duration_since(tokio);
    let ahead = tokio.saturating_duration_since(after);
    time.saturating_sub(behind).saturating_add(ahead)
}

/// Counts while the machine is suspended, too.
#[cfg(target_os = "linux")]
fn since_boot() -> Duration {
    use rustix::time::{ClockId, clock_gettime};

    Duration::try_from(clock_gettime(ClockId::Boottime)).unwrap_or_default()
}

/// A clock for tests, which stands still until it is advanced.
///
/// ```
/// use std::time::Duration;
/// use telesto_api::{Clock as _, ManualClock};
///
/// let clock = ManualClock::new("2024-01-15T10:30:00Z".parse()?);
/// clock.advance(Duration::from_secs(3600));
/// assert_eq!(clock.wall().to_string(), "2024-01-15T11:30:00Z");
/// # Ok::<(), jiff::Error>(())
/// ```
#[derive(Debug)]
pub struct ManualClock {
    time: watch::Sender<Time>,
    sleeping: watch::Sender<usize>,
}

#[derive(Clone, Copy, Debug)]
struct Time {
    wall: Timestamp,
    monotonic: Duration,
}

impl ManualClock {
    /// A clock that shows `wall`.
    #[must_use]
    pub fn new(wall: Timestamp) -> Self {
        Self {
            time: watch::Sender::new(Time {
                wall,
                monotonic: Duration::ZERO,
            }),
            sleeping: watch::Sender::new(0),
        }
    }

    /// Advances both halves, and wakes the tasks that have slept long enough.
    ///
    /// The wall half stops at the end of the representable time, in the year
    /// 9999.
    pub fn advance(&self, by: Duration) {
        self.time.send_modify(|time| {
            time.wall = time.wall.saturating_add(by).unwrap_or(Timestamp::MAX);
            time.monotonic = time.monotonic.saturating_add(by);
        });
    }

    /// Sets the wall half, as an operator or a time server does. The monotonic
    /// half does not change.
    pub fn set_wall(&self, wall: Timestamp) {
        self.time.send_modify(|time| time.wall = wall);
    }

    /// Waits until at least `count` tasks sleep on this clock, so that a test
    /// knows when to [`advance`](Self::advance) it.
    pub async fn sleeping(&self, count: usize) {
        let mut sleeping = self.sleeping.subscribe();
        // The sender lives in `self`, so the wait cannot fail.
        let _ = sleeping.wait_for(|sleeping| *sleeping >= count).await;
    }
}

impl Clock for ManualClock {
    fn wall(&self) -> Timestamp {
        self.time.borrow().wall
    }

    fn monotonic(&self) -> Duration {
        self.time.borrow().monotonic
    }

    fn sleep(&self, duration: Duration) -> Sleep {
        let mut time = self.time.subscribe();
        let until = self.monotonic().saturating_add(duration);
        let sleeper = Sleeper::new(self.sleeping.clone());
        Box::pin(async move {
            let _sleeper = sleeper;
            // An error means that the clock is gone: then time stands still.
            if time.wait_for(|time| time.monotonic >= until).await.is_err() {
                std::future::pending::<()>().await;
            }
        })
    }
}

/// Counts one who sleeps, for as long as it lives.
struct Sleeper(watch::Sender<usize>);

impl Sleeper {
    fn new(sleeping: watch::Sender<usize>) -> Self {
        sleeping.send_modify(|count| *count += 1);
        Self(sleeping)
    }
}

impl Drop for Sleeper {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_sleeper_wakes_when_its_time_has_come_and_not_before() {
        let clock = ManualClock::new(Timestamp::UNIX_EPOCH);
        let sleep = tokio::spawn(clock.sleep(Duration::from_secs(60)));
        clock.sleeping(1).await;

        clock.advance(Duration::from_secs(59));
        tokio::task::yield_now().await;
        assert!(!sleep.is_finished());

        clock.advance(Duration::from_secs(1));
        sleep.await.unwrap();
        assert_eq!(*clock.sleeping.borrow(), 0);
    }

    #[test]
    fn setting_the_wall_clock_moves_no_monotonic_time() {
        let clock = ManualClock::new(Timestamp::UNIX_EPOCH);
        clock.advance(Duration::from_secs(5));
        clock.set_wall(Timestamp::MIN);
        assert_eq!(clock.monotonic(), Duration::from_secs(5));
        assert_eq!(clock.wall(), Timestamp::MIN);
    }

    #[test]
    fn the_system_clock_never_goes_back() {
        let times: Vec<_> = (0..1000).map(|_| SystemClock.monotonic()).collect();
        assert!(times.is_sorted());
    }

    #[tokio::test(start_paused = true)]
    async fn the_system_clock_follows_that_of_tokio() {
        let start = SystemClock.monotonic();
        SystemClock.sleep(Duration::from_secs(3600)).await;
        let passed = SystemClock.monotonic() - start;
        // It is the same hour, but for the time that it takes to look.
        let hour = Duration::from_secs(3600);
        assert!(passed >= hour.mul_f64(0.999) && passed <= hour.mul_f64(1.001));
        assert!(SystemClock.boot().is_none_or(|(_, boot)| boot > hour));
    }
}

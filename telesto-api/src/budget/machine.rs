//! A machine to test with.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::clock::{Clock, Sleep};

/// A machine that can be rebooted, and whose wall clock can be set.
#[derive(Clone, Debug)]
pub(crate) struct Machine {
    state: Arc<Mutex<State>>,
    sandbox: Option<Sandbox>,
}

/// The boot of the machine, as programs in a sandbox see it.
#[derive(Clone, Debug)]
struct Sandbox {
    boot: &'static str,
    /// How much earlier the boot seems to have been.
    offset: Duration,
}

#[derive(Debug)]
struct State {
    wall: Timestamp,
    boots: u32,
    since_boot: Duration,
    has_boot_clock: bool,
}

impl Machine {
    pub(crate) fn new(has_boot_clock: bool) -> Self {
        let state = State {
            wall: "2024-01-15T10:30:00Z".parse().unwrap(),
            boots: 0,
            since_boot: Duration::from_secs(1_000),
            has_boot_clock,
        };
        Self {
            state: Arc::new(Mutex::new(state)),
            sandbox: None,
        }
    }

    /// The machine as programs in a sandbox see it.
    pub(crate) fn sandbox(&self, boot: &'static str, offset: Duration) -> Self {
        Self {
            state: Arc::clone(&self.state),
            sandbox: Some(Sandbox { boot, offset }),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    pub(crate) fn pass(&self, time: Duration) {
        let mut state = self.state();
        state.wall += time;
        state.since_boot += time;
    }

    pub(crate) fn set_wall(&self, seconds: i64) {
        self.state().wall += SignedDuration::from_secs(seconds);
    }

    /// A virtual machine goes on from where it was so long ago.
    pub(crate) fn restore(&self, ago: Duration) {
        let mut state = self.state();
        state.since_boot = state.since_boot.saturating_sub(ago);
    }

    pub(crate) fn reboot(&self) {
        let mut state = self.state();
        state.boots += 1;
        state.since_boot = Duration::ZERO;
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
        let boots = state.boots;
        let boot = match &self.sandbox {
            Some(Sandbox { boot, offset }) => {
                (format!("{boot} {boots}"), state.since_boot + *offset)
            }
            None => (boots.to_string(), state.since_boot),
        };
        state.has_boot_clock.then_some(boot)
    }
}

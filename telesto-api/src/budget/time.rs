//! The time of a ledger that outlives processes and reboots.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::clock::Clock;

/// A time that never goes back.
///
/// On a machine with a boot clock it is `base` plus the time since the boot,
/// which counts while the machine is suspended, and which nobody can set. After
/// a reboot it goes on from the last change, as if no time had passed while the
/// machine was off: a slot may be free later than it could be, never earlier.
/// Without a boot clock, it advances as the wall clock does: a wall clock that
/// is set ahead frees slots early, one that is set back does so late.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Time {
    pub(super) now: Duration,
    base: Duration,
    boot: Option<String>,
    /// In milliseconds since 1970.
    wall: i64,
}

/// What the clocks of the machine say that keeps a ledger.
#[derive(Clone, Debug)]
pub(super) struct Clocks {
    /// The identity of the boot, and the time since.
    pub(super) boot: Option<(String, Duration)>,
    /// In milliseconds since 1970.
    pub(super) wall: i64,
}

impl Clocks {
    pub(super) fn of(clock: &dyn Clock) -> Self {
        Self {
            boot: clock.boot(),
            wall: clock.wall().as_millisecond(),
        }
    }
}

impl Time {
    /// The time of a new ledger.
    pub(super) fn first(clocks: &Clocks) -> Self {
        Self::from(Duration::ZERO, clocks)
    }

    /// A time that goes on from `base`.
    fn from(base: Duration, clocks: &Clocks) -> Self {
        let (boot, since) = clocks.boot.clone().unzip();
        Self {
            now: base.saturating_add(since.unwrap_or_default()),
            base,
            boot,
            wall: clocks.wall,
        }
    }

    /// The time now, if this was the time of the last change.
    pub(super) fn advanced(&self, clocks: &Clocks) -> Self {
        let wall = clocks.wall;
        match (&clocks.boot, &self.boot) {
            (Some((id, since)), Some(known)) if id == known => Self {
                now: self.base.saturating_add(*since).max(self.now),
                wall,
                ..self.clone()
            },
            (Some(_), _) => Self::from(self.now, clocks),
            (None, _) => {
                let passed = u64::try_from(wall.saturating_sub(self.wall)).unwrap_or_default();
                let now = self.now.saturating_add(Duration::from_millis(passed));
                Self::from(now, clocks)
            }
        }
    }

    /// Whether this time has to be kept, even if nothing else has changed: from
    /// a wall clock that was set back, the next time goes on.
    pub(super) fn goes_on_from(&self, last: &Self) -> bool {
        self.boot.is_none() && self.wall < last.wall
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::machine::Machine;
    use super::*;

    #[derive(Clone, Debug)]
    enum Happens {
        Pass(u64),
        SetWall(i64),
        Reboot,
        Restore(u64),
        Off(u64),
        Change,
    }

    fn happens() -> impl Strategy<Value = Happens> {
        prop_oneof![
            4 => (0u64..7_200).prop_map(Happens::Pass),
            2 => (-90_000i64..90_000).prop_map(Happens::SetWall),
            1 => Just(Happens::Reboot),
            1 => (0u64..7_200).prop_map(Happens::Restore),
            1 => (0u64..90_000).prop_map(Happens::Off),
            4 => Just(Happens::Change),
        ]
    }

    proptest! {
        /// Whatever happens to the machine and its wall clock, the time of the
        /// ledger never goes back, and never advances by more than has passed.
        #[test]
        fn the_time_of_the_ledger_is_never_ahead(
            events in prop::collection::vec(happens(), 1..40),
        ) {
            let machine = Machine::new(true);
            let start = Time::first(&Clocks::of(&machine));
            let (mut last, mut passed) = (start.clone(), Duration::ZERO);
            for event in events {
                match event {
                    Happens::Pass(seconds) => {
                        let time = Duration::from_secs(seconds);
                        machine.pass(time);
                        passed += time;
                    }
                    Happens::SetWall(seconds) => machine.set_wall(seconds),
                    Happens::Reboot => machine.reboot(),
                    Happens::Restore(seconds) => machine.restore(Duration::from_secs(seconds)),
                    Happens::Off(seconds) => {
                        let time = Duration::from_secs(seconds);
                        machine.pass(time);
                        machine.reboot();
                        passed += time;
                    }
                    Happens::Change => {
                        let time = last.advanced(&Clocks::of(&machine));
                        prop_assert!(time.now >= last.now);
                        prop_assert!(time.now - start.now <= passed);
                        last = time;
                    }
                }
            }
        }
    }
}

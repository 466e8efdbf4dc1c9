//! The time of a ledger that outlives processes and reboots.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::clock::Clock;

/// A time that never goes back, and that never goes faster than real time.
///
/// Between two changes of a ledger, it advances by what both the clock of the boot and the
/// wall clock agree on: by the smaller of their differences. Each of them can be wrong. The
/// boot clock begins anew with a reboot, and processes of different sandboxes that share a
/// directory may have different ones. The wall clock can be set. So a slot may be free later
/// than it could be, but never earlier, unless the wall clock is set ahead where there is no
/// boot clock, or between changes of sandboxes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Time {
    pub(super) now: Duration,
    clocks: Clocks,
}

/// What the clocks of the machine say that keeps a ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Clocks {
    /// The identity of the boot, and the time since.
    pub(super) boot: Option<(String, Duration)>,
    /// The time since 1970.
    pub(super) wall: Duration,
}

impl Clocks {
    pub(super) fn of(clock: &dyn Clock) -> Self {
        let since_1970 = clock.wall().duration_since(Timestamp::UNIX_EPOCH);
        Self {
            boot: clock.boot(),
            wall: since_1970.try_into().unwrap_or_default(),
        }
    }

    /// How long a ledger was not changed, at least, whose last change was at `last`.
    fn passed_since(&self, last: &Self) -> Duration {
        let by_wall = self.wall.saturating_sub(last.wall);
        let by_boot = match (&self.boot, &last.boot) {
            (Some((id, since)), Some((known, last))) if id == known => since.saturating_sub(*last),
            // After a reboot, the time since then; in another sandbox, anything.
            (Some((_, since)), _) => *since,
            (None, _) => Duration::MAX,
        };
        by_wall.min(by_boot)
    }

    /// Whether one of the clocks went back.
    fn went_back_since(&self, last: &Self) -> bool {
        let boot_went_back = match (&self.boot, &last.boot) {
            (Some((id, since)), Some((known, last))) => id == known && since < last,
            _ => false,
        };
        boot_went_back || self.wall < last.wall
    }
}

impl Time {
    /// The time of a new ledger.
    pub(super) fn first(clocks: &Clocks) -> Self {
        Self {
            now: Duration::ZERO,
            clocks: clocks.clone(),
        }
    }

    /// The time now, if this was the time of the last change.
    pub(super) fn advanced(&self, clocks: &Clocks) -> Self {
        Self {
            now: self.now.saturating_add(clocks.passed_since(&self.clocks)),
            clocks: clocks.clone(),
        }
    }

    /// Whether this time must be saved, even if nothing else has changed: it stands still
    /// until a clock that went back has caught up with the last change.
    pub(super) fn must_be_saved(&self, last: &Self) -> bool {
        self.clocks.went_back_since(&last.clocks)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::machine::Machine;
    use super::*;

    const SANDBOXES: usize = 4;

    /// The machine itself, and sandboxes that see another boot.
    fn sandboxes(machine: &Machine) -> [Machine; SANDBOXES] {
        [
            machine.clone(),
            machine.sandbox("another boot", Duration::ZERO),
            machine.sandbox("a later boot", Duration::from_secs(86_400)),
            // The same boot in another time namespace.
            machine.sandbox("a later boot", Duration::from_secs(2 * 86_400)),
        ]
    }

    #[derive(Clone, Debug)]
    enum Happens {
        Pass(u64),
        SetWall(i64),
        Reboot,
        Restore(u64),
        Off(u64),
        Change,
        ChangeIn(usize),
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

    fn happens_in_sandboxes() -> impl Strategy<Value = Happens> {
        prop_oneof![
            4 => (0u64..7_200).prop_map(Happens::Pass),
            1 => (-90_000i64..0).prop_map(Happens::SetWall),
            1 => Just(Happens::Reboot),
            4 => (0..SANDBOXES).prop_map(Happens::ChangeIn),
        ]
    }

    /// Changes a ledger while the machine goes through these events, and checks its time.
    fn time_is_never_ahead(events: Vec<Happens>) -> Result<(), TestCaseError> {
        let machine = Machine::new(true);
        let sandboxes = sandboxes(&machine);
        let start = Time::first(&Clocks::of(&machine));
        let (mut last, mut passed) = (start.clone(), Duration::ZERO);
        for event in events {
            let mut changed = None;
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
                Happens::Change => changed = Some(&machine),
                Happens::ChangeIn(sandbox) => changed = Some(&sandboxes[sandbox]),
            }
            if let Some(machine) = changed {
                let time = last.advanced(&Clocks::of(machine));
                prop_assert!(time.now >= last.now);
                prop_assert!(time.now - start.now <= passed);
                last = time;
            }
        }
        Ok(())
    }

    proptest! {
        /// Whatever happens to the machine and its wall clock, the time of the
        /// ledger never goes back, and never advances by more than has passed.
        #[test]
        fn the_time_of_the_ledger_is_never_ahead(
            events in prop::collection::vec(happens(), 1..40),
        ) {
            time_is_never_ahead(events)?;
        }

        /// The same in sandboxes that share a directory, as long as nobody sets the wall
        /// clock ahead.
        #[test]
        fn the_time_of_sandboxes_is_never_ahead(
            events in prop::collection::vec(happens_in_sandboxes(), 1..60),
        ) {
            time_is_never_ahead(events)?;
        }

        /// Sandboxes with boots of their own lose no time, either.
        #[test]
        fn the_time_of_sandboxes_goes_on(
            changes in prop::collection::vec((0u64..600, 0usize..3), 1..60),
        ) {
            let machine = Machine::new(true);
            let sandboxes = sandboxes(&machine);
            let start = Time::first(&Clocks::of(&machine));
            let (mut last, mut passed) = (start.clone(), Duration::ZERO);
            for (seconds, sandbox) in changes {
                let time = Duration::from_secs(seconds);
                machine.pass(time);
                passed += time;
                last = last.advanced(&Clocks::of(&sandboxes[sandbox]));
                prop_assert_eq!(last.now - start.now, passed);
            }
        }
    }
}

//! The law of the budget: a log of the stamps by which the server has counted
//! each request, and its lockout.
//!
//! Pure: no clocks and no locks; the time is a parameter.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::RateLimit;

/// Kept back for servers that count in whole seconds: they may see two requests
/// that are 59.4 s apart in the same minute.
pub(super) const SLACK: Duration = Duration::from_secs(1);

/// How long a request may be on its way to the server, which counts it only
/// then, after its caller has stopped waiting.
pub(super) const ON_ITS_WAY: Duration = Duration::from_secs(30);

/// The most of its timeout that a request under way reserves. A process that dies leaves
/// such a reservation behind, which must not outlive it for long.
pub(super) const LONGEST_UNDER_WAY: Duration = Duration::from_secs(3_600);

/// The requests that one origin has been sent, and its lockout.
///
/// A stamp is the latest moment at which the server can have counted a request.
/// For a request under way, this is the end of its timeout, but at most an hour, and a
/// margin; the response moves the stamp to the time when it came. So whenever the server
/// counts, and whichever window it uses, it never counts more than the stamps;
/// and if a process dies, its stamps stay behind and are safe.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Ledger {
    /// Sorted by time.
    stamps: Vec<Stamp>,
    lockout: Option<Lockout>,
    /// How many lockouts there have been.
    lockouts: u64,
    /// How many requests there have been.
    requests: u64,
    /// The longest window of any client so far.
    longest_window: Duration,
    /// The most requests that the limit of any client so far allows.
    most_requests: u32,
    /// Requests up to then may be missing from the stamps. No window that reaches back to
    /// it has a slot.
    unknown_until: Option<Duration>,
}

/// A request, and by when the server has counted it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Stamp {
    at: Duration,
    /// The request, while it is under way.
    under_way: Option<u64>,
    /// Whether another ledger counts it as well.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    paid: bool,
    /// Whether it counts for the duration of one change only.
    #[serde(skip)]
    lent: bool,
}

/// A block of the address by the server. After its end, one request probes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Lockout {
    until: Duration,
    probe: Option<Probe>,
}

/// The request that finds out whether a block is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Probe {
    request: u64,
    /// If there is no outcome by then, another request may probe.
    expires: Duration,
}

/// What a call asks for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ask {
    pub(super) limit: RateLimit,
    /// How many requests of a window are left to others.
    pub(super) keep_back: u32,
    /// How long the request may take.
    pub(super) timeout: Duration,
}

impl Ask {
    fn allowed(&self) -> usize {
        self.limit.requests().saturating_sub(self.keep_back) as usize
    }

    /// When a stamp is out of the window.
    fn expires(&self, stamp: &Stamp) -> Duration {
        expires(stamp.at, self.limit.window())
    }
}

/// A time of another ledger, which was read at `then`, in one where it is `now`.
#[cfg(feature = "redis")]
fn moved(at: Duration, then: Duration, now: Duration) -> Duration {
    match at.checked_sub(then) {
        Some(later) => now.saturating_add(later),
        None => now.saturating_sub(then.saturating_sub(at)),
    }
}

fn expires(stamp: Duration, window: Duration) -> Duration {
    stamp.saturating_add(window).saturating_add(SLACK)
}

/// A request that may be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Granted {
    request: u64,
    /// The lockouts before it.
    lockouts: u64,
}

/// Why nothing may be sent now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) reason: Reason,
    /// When it can be sent, at the latest.
    pub(super) until: Duration,
    /// Whether it cannot be sent earlier either: no outcome of a request under
    /// way decides.
    pub(super) certain: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    /// The budget is spent.
    Spent,
    /// The server blocks the address.
    Locked,
    /// The block should be over, and a request is finding out.
    Probing,
}

impl Ledger {
    /// A ledger that numbers requests from `first` on, so that a response to a
    /// request of a lost ledger is not taken for one of this ledger.
    pub(super) fn numbered_from(first: u64) -> Self {
        Self {
            requests: first,
            ..Self::default()
        }
    }

    /// Counts every window up to `now` as spent.
    pub(super) fn unknown_until(self, now: Duration) -> Self {
        Self {
            unknown_until: Some(now),
            ..self
        }
    }

    /// Takes a slot for a request that is about to be sent.
    pub(super) fn reserve(&mut self, ask: &Ask, now: Duration) -> Result<Granted, Refusal> {
        self.longest_window = self.longest_window.max(ask.limit.window());
        self.most_requests = self.most_requests.max(ask.limit.requests());
        self.forget(now);
        if let Some(refusal) = self.refusal(ask, now) {
            return Err(refusal);
        }
        let request = self.requests;
        self.requests += 1;
        let timeout = ask.timeout.min(LONGEST_UNDER_WAY);
        let safe = now.saturating_add(timeout).saturating_add(ON_ITS_WAY);
        if let Some(lockout) = &mut self.lockout {
            lockout.probe = Some(Probe {
                request,
                expires: safe,
            });
        }
        self.insert(Stamp {
            at: safe,
            under_way: Some(request),
            paid: false,
            lent: false,
        });
        Ok(Granted {
            request,
            lockouts: self.lockouts,
        })
    }

    /// The server has responded, and not with a 429.
    pub(super) fn responded(&mut self, granted: Granted, now: Duration) {
        self.settle(granted, now);
        if self.end_probe(granted) {
            self.lockout = None;
        }
    }

    /// The caller does not wait for the response any more.
    pub(super) fn abandoned(&mut self, granted: Granted, now: Duration) {
        self.settle(granted, now.saturating_add(ON_ITS_WAY));
        self.end_probe(granted);
    }

    /// The request never left this machine: it does not count.
    pub(super) fn give_back(&mut self, granted: Granted) {
        self.take(granted);
        self.end_probe(granted);
    }

    /// The server has responded with a 429: nothing is sent for `lockout`, or for
    /// as long as the server `asked` to wait. Returns when that ends.
    ///
    /// Requests that were under way when a lockout began meet the same block. A
    /// server may restart it with each of them, so it ends after the last one,
    /// unless the server says when.
    pub(super) fn limited(
        &mut self,
        granted: Granted,
        lockout: Duration,
        asked: Duration,
        now: Duration,
    ) -> Duration {
        self.settle(granted, now);
        self.end_probe(granted);
        let known = self.lockout.map(|lockout| lockout.until);
        let same = known.is_some() && granted.lockouts < self.lockouts;
        let wait = match same && !asked.is_zero() {
            true => asked,
            false => lockout.max(asked),
        };
        if !same {
            self.lockouts += 1;
        }
        let until = now.saturating_add(wait).saturating_add(SLACK);
        let until = until.max(known.unwrap_or_default());
        self.lockout = Some(Lockout { until, probe: None });
        until
    }

    /// Until when the address is blocked.
    pub(super) fn locked_until(&self, now: Duration) -> Option<Duration> {
        let lockout = self.lockout.filter(|lockout| lockout.until > now);
        lockout.map(|lockout| lockout.until)
    }

    /// How many requests fit into the window, whether or not it is blocked.
    pub(super) fn remaining(&self, ask: &Ask, now: Duration) -> u32 {
        if self.unknown(ask, now).is_some() {
            return 0;
        }
        let used = self.in_window(ask, now).count();
        u32::try_from(ask.allowed().saturating_sub(used)).unwrap_or(u32::MAX)
    }

    /// Why a request may not be sent now.
    pub(super) fn refusal(&self, ask: &Ask, now: Duration) -> Option<Refusal> {
        let reasons = [
            self.blocked(now),
            self.unknown(ask, now),
            self.spent(ask, now),
        ];
        // All of them have to end.
        reasons.into_iter().flatten().reduce(|first, next| Refusal {
            reason: first.reason,
            until: first.until.max(next.until),
            certain: first.certain && next.certain,
        })
    }

    fn unknown(&self, ask: &Ask, now: Duration) -> Option<Refusal> {
        let until = expires(self.unknown_until?, ask.limit.window());
        (until > now).then_some(Refusal {
            reason: Reason::Spent,
            until,
            certain: true,
        })
    }

    fn blocked(&self, now: Duration) -> Option<Refusal> {
        let lockout = self.lockout?;
        if lockout.until > now {
            return Some(Refusal {
                reason: Reason::Locked,
                until: lockout.until,
                certain: true,
            });
        }
        let probe = lockout.probe.filter(|probe| probe.expires > now)?;
        Some(Refusal {
            reason: Reason::Probing,
            until: probe.expires,
            certain: false,
        })
    }

    fn spent(&self, ask: &Ask, now: Duration) -> Option<Refusal> {
        let used = self.in_window(ask, now).count();
        // So many of the oldest have to leave the window first.
        let leaving = (used + 1).checked_sub(ask.allowed()).filter(|n| *n > 0)?;
        let until = self.in_window(ask, now).nth(leaving - 1);
        let until = until.map_or(Duration::MAX, |stamp| ask.expires(stamp));
        let under_way = self
            .in_window(ask, now)
            .any(|stamp| stamp.under_way.is_some());
        Some(Refusal {
            reason: Reason::Spent,
            until,
            certain: !under_way,
        })
    }

    fn in_window(&self, ask: &Ask, now: Duration) -> impl Iterator<Item = &Stamp> {
        let first = self
            .stamps
            .partition_point(|stamp| ask.expires(stamp) <= now);
        self.stamps[first..].iter()
    }

    fn insert(&mut self, stamp: Stamp) {
        let place = self.stamps.partition_point(|known| known.at <= stamp.at);
        self.stamps.insert(place, stamp);
    }

    /// Removes the stamp of a request that is under way.
    fn take(&mut self, granted: Granted) {
        self.stamps
            .retain(|stamp| stamp.under_way != Some(granted.request));
    }

    /// The server has counted the request by `at`. That may be later than was
    /// thought safe, if the machine was suspended meanwhile.
    fn settle(&mut self, granted: Granted, at: Duration) {
        self.take(granted);
        self.insert(Stamp {
            at,
            under_way: None,
            paid: false,
            lent: false,
        });
    }

    /// Ends the probe, if this request is one.
    fn end_probe(&mut self, granted: Granted) -> bool {
        let lockout = self.lockout.as_mut();
        let probe = lockout.and_then(|lockout| {
            let probe = &mut lockout.probe;
            probe.take_if(|probe| probe.request == granted.request)
        });
        probe.is_some()
    }

    /// Numbers the next requests from `first` on.
    #[cfg(feature = "redis")]
    pub(super) fn number_from(&mut self, first: u64) {
        self.requests = first;
    }

    /// When nothing in it counts any more.
    #[cfg(feature = "redis")]
    pub(super) fn counts_until(&self) -> Duration {
        let stamps = self.stamps.iter().map(|stamp| stamp.at);
        let counted = stamps.chain(self.unknown_until);
        let counted = counted.map(|at| expires(at, self.kept_for()));
        let locked = self.lockout.map(|lockout| lockout.until);
        counted.chain(locked).max().unwrap_or_default()
    }

    /// Counts what an earlier or a later state of this ledger has counted, too, which
    /// was read at `then` of its own time: what is in both counts once.
    #[cfg(feature = "redis")]
    pub(super) fn absorb(&mut self, other: &Self, then: Duration, now: Duration) {
        let known = self.stamps.clone();
        self.take_in(other, then, now, known);
    }

    /// Counts what another ledger of the same address has counted, too, which was read
    /// at `then` of its own time.
    #[cfg(feature = "redis")]
    pub(super) fn add(&mut self, other: &Self, then: Duration, now: Duration) {
        let mut other = other.clone();
        for stamp in &mut other.stamps {
            // The number is that of another request here.
            stamp.under_way = None;
            stamp.paid = false;
        }
        self.take_in(&other, then, now, Vec::new());
    }

    #[cfg(feature = "redis")]
    fn take_in(&mut self, other: &Self, then: Duration, now: Duration, mut known: Vec<Stamp>) {
        let moved = |at| moved(at, then, now);
        self.longest_window = self.longest_window.max(other.longest_window);
        self.most_requests = self.most_requests.max(other.most_requests);
        self.lockouts = self.lockouts.max(other.lockouts);
        for stamp in &other.stamps {
            let stamp = Stamp {
                at: moved(stamp.at),
                ..*stamp
            };
            match known.iter().position(|known| *known == stamp) {
                Some(same) => drop(known.swap_remove(same)),
                None => self.insert(stamp),
            }
        }
        // That of a block that has ended finds out nothing here.
        if let Some(lockout) = other.lockout.filter(|lockout| lockout.until > then) {
            self.lock_until(moved(lockout.until));
        }
        self.unknown_until = self.unknown_until.max(other.unknown_until.map(moved));
        self.forget(now);
    }

    #[cfg(feature = "redis")]
    fn lock_until(&mut self, until: Duration) {
        if self.lockout.is_none_or(|known| known.until < until) {
            self.lockout = Some(Lockout { until, probe: None });
        }
    }

    /// The part of it that each of so many has to count, so that together they count all
    /// of it, in any window: of each so many stamps the last one.
    #[cfg(feature = "redis")]
    pub(super) fn part(&self, parts: usize) -> Self {
        let groups = self.stamps.chunks(parts.max(1));
        let last = groups.filter_map(|group| group.last());
        Self {
            stamps: last.copied().collect(),
            ..self.clone()
        }
    }

    /// Calls `change` on a ledger that counts another one as well, as it was at `then` of
    /// its own time. Afterwards it does so no more, but for the lockout.
    #[cfg(feature = "redis")]
    pub(super) fn with<T>(
        &mut self,
        other: &Self,
        then: Duration,
        now: Duration,
        change: impl FnOnce(&mut Self) -> T,
    ) -> T {
        self.forget(now);
        let unknown_until = self.unknown_until;
        let mut other = other.clone();
        for stamp in &mut other.stamps {
            stamp.lent = true;
        }
        self.add(&other, then, now);
        let result = change(self);
        self.stamps.retain(|stamp| !stamp.lent);
        self.unknown_until = unknown_until;
        result
    }

    /// What no other ledger counts yet; `None` if there is nothing.
    #[cfg(feature = "redis")]
    pub(super) fn unpaid(&self, now: Duration) -> Option<Self> {
        let mut unpaid = self.clone();
        unpaid.stamps.retain(|stamp| !stamp.paid);
        unpaid.lockout.take_if(|lockout| lockout.until <= now);
        (!unpaid.is_empty(now)).then_some(unpaid)
    }

    /// Notes that another ledger counts this from now on. A request that is under way is
    /// to be counted there once more when it has ended.
    #[cfg(feature = "redis")]
    pub(super) fn pay(&mut self, unpaid: &Self) {
        for stamp in &unpaid.stamps {
            let same = self.stamps.iter_mut().find(|known| *known == stamp);
            if let Some(same) = same {
                same.paid = true;
            }
        }
    }

    /// Whether it holds nothing that still counts.
    pub(super) fn is_empty(&self, now: Duration) -> bool {
        let is_old = |at| expires(at, self.kept_for()) <= now;
        self.lockout.is_none()
            && self.unknown_until.is_none_or(is_old)
            && self.stamps.iter().all(|stamp| is_old(stamp.at))
    }

    /// How long a stamp is kept: for the documented window, even if all clients so far
    /// have had a shorter one, because the next client may have that.
    fn kept_for(&self) -> Duration {
        self.longest_window.max(RateLimit::default().window())
    }

    /// Removes stamps that no client can ask for: those older than the longest window, and
    /// all but the newest ones, as many as the largest limit allows. A client with a limit
    /// that is longer or larger than any before waits until what it cannot know is out of
    /// its window.
    fn forget(&mut self, now: Duration) {
        let kept_for = self.kept_for();
        let most = self.most_requests.max(RateLimit::default().requests()) as usize;
        let old = self
            .stamps
            .partition_point(|stamp| expires(stamp.at, kept_for) <= now);
        let mut last = self.stamps.drain(..old).next_back().map(|stamp| stamp.at);
        // Others may still move or go.
        let is_settled = |stamp: &Stamp| stamp.under_way.is_none() && !stamp.lent;
        let settled = self.stamps.iter().filter(|stamp| is_settled(stamp)).count();
        let mut surplus = settled.saturating_sub(most);
        if surplus > 0 {
            self.stamps.retain(|stamp| {
                let goes = surplus > 0 && is_settled(stamp);
                if goes {
                    surplus -= 1;
                    last = last.max(Some(stamp.at));
                }
                !goes
            });
        }
        self.unknown_until = self.unknown_until.max(last);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ask(requests: u32, window: u64) -> Ask {
        Ask {
            limit: RateLimit::new(requests, secs(window), secs(900)).unwrap(),
            keep_back: 0,
            timeout: secs(60),
        }
    }

    fn secs(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    /// Sends a request that is responded to at once.
    fn send(ledger: &mut Ledger, ask: &Ask, now: u64) -> Result<(), Refusal> {
        let granted = ledger.reserve(ask, secs(now))?;
        ledger.responded(granted, secs(now));
        Ok(())
    }

    fn refused(reason: Reason, until: u64, certain: bool) -> Refusal {
        Refusal {
            reason,
            until: secs(until),
            certain,
        }
    }

    #[test]
    fn a_request_counts_from_its_response_for_a_window_and_the_slack() {
        let ask = ask(1, 60);
        let mut ledger = Ledger::default();
        let granted = ledger.reserve(&ask, secs(0)).unwrap();
        // Its timeout, the time that it may be on its way, and a window.
        let safe = 60 + 30 + 61;
        let refusal = refused(Reason::Spent, safe, false);
        assert_eq!(ledger.reserve(&ask, secs(safe - 1)), Err(refusal));
        ledger.responded(granted, secs(10));
        let refusal = refused(Reason::Spent, 71, true);
        assert_eq!(ledger.reserve(&ask, secs(70)), Err(refusal));
        assert!(ledger.reserve(&ask, secs(71)).is_ok());
    }

    #[test]
    fn a_process_that_dies_leaves_a_safe_stamp_behind() {
        let ask = ask(1, 60);
        let mut ledger = Ledger::default();
        ledger.reserve(&ask, secs(0)).unwrap();
        assert_eq!(ledger.remaining(&ask, secs(150)), 0);
        assert!(ledger.reserve(&ask, secs(151)).is_ok());
    }

    #[test]
    fn what_never_left_the_machine_is_given_back() {
        let ask = ask(1, 60);
        let mut ledger = Ledger::default();
        let granted = ledger.reserve(&ask, secs(0)).unwrap();
        ledger.give_back(granted);
        assert!(ledger.is_empty(secs(0)));
        assert!(ledger.reserve(&ask, secs(0)).is_ok());
    }

    #[test]
    fn a_response_after_the_machine_was_suspended_counts_from_then() {
        let ask = ask(1, 60);
        for response in [100, 10_000] {
            let mut ledger = Ledger::default();
            let granted = ledger.reserve(&ask, secs(0)).unwrap();
            ledger.responded(granted, secs(response));
            let refusal = refused(Reason::Spent, response + 61, true);
            assert_eq!(ledger.reserve(&ask, secs(response)), Err(refusal));
        }
    }

    #[test]
    fn a_request_whose_caller_has_gone_may_still_be_on_its_way() {
        let ask = ask(1, 60);
        let mut ledger = Ledger::default();
        let granted = ledger.reserve(&ask, secs(0)).unwrap();
        ledger.abandoned(granted, secs(5));
        let refusal = refused(Reason::Spent, 5 + 30 + 61, true);
        assert_eq!(ledger.reserve(&ask, secs(50)), Err(refusal));
    }

    #[test]
    fn requests_that_meet_the_same_block_lock_once() {
        let ask = ask(10, 60);
        let mut ledger = Ledger::default();
        let [first, second, third, fourth, fifth] =
            [0; 5].map(|at| ledger.reserve(&ask, secs(at)).unwrap());
        let until = ledger.limited(first, secs(900), secs(0), secs(10));
        assert_eq!(until, secs(911));
        // A server may restart its block with it.
        let same = ledger.limited(second, secs(900), secs(0), secs(10));
        assert_eq!(same, until);
        let restarted = ledger.limited(third, secs(900), secs(0), secs(13));
        assert_eq!(restarted, secs(914));
        // The server says when it ends.
        let same = ledger.limited(fourth, secs(900), secs(880), secs(20));
        assert_eq!(same, restarted);
        let longer = ledger.limited(fifth, secs(900), secs(1_000), secs(30));
        assert_eq!(longer, secs(1_031));
        let refusal = refused(Reason::Locked, 1_031, true);
        assert_eq!(ledger.reserve(&ask, secs(1_030)), Err(refusal));
    }

    #[test]
    fn after_a_block_one_request_probes_and_the_others_wait_for_it() {
        let ask = ask(10, 60);
        let mut ledger = Ledger::default();
        let granted = ledger.reserve(&ask, secs(0)).unwrap();
        ledger.limited(granted, secs(900), secs(0), secs(0));
        assert_eq!(ledger.locked_until(secs(900)), Some(secs(901)));

        let probe = ledger.reserve(&ask, secs(901)).unwrap();
        let probing = refused(Reason::Probing, 901 + 90, false);
        assert_eq!(ledger.reserve(&ask, secs(902)), Err(probing));
        // It is another block: a server that asks for less than one is not trusted.
        assert_eq!(
            ledger.limited(probe, secs(900), secs(60), secs(903)),
            secs(1_804)
        );

        let probe = ledger.reserve(&ask, secs(1_804)).unwrap();
        ledger.responded(probe, secs(1_805));
        let both = [1_805, 1_805].map(|at| ledger.reserve(&ask, secs(at)).is_ok());
        assert_eq!(both, [true, true]);
    }

    #[test]
    fn a_probe_that_dies_or_fails_does_not_block_the_others_for_ever() {
        let ask = ask(10, 60);
        for end in [
            None,
            Some(Ledger::abandoned as fn(&mut Ledger, Granted, Duration)),
            Some(|ledger, granted, _| ledger.give_back(granted)),
        ] {
            let mut ledger = Ledger::default();
            let granted = ledger.reserve(&ask, secs(0)).unwrap();
            ledger.limited(granted, secs(900), secs(0), secs(0));
            let probe = ledger.reserve(&ask, secs(901)).unwrap();
            let next = match end {
                None => 901 + 90,
                Some(end) => {
                    end(&mut ledger, probe, secs(902));
                    902
                }
            };
            assert!(ledger.reserve(&ask, secs(next)).is_ok());
        }
    }

    #[test]
    fn clients_with_different_limits_are_each_held_to_their_own() {
        let (wide, narrow) = (ask(3, 60), ask(1, 60));
        let until = |ledger: &Ledger, ask, now| ledger.refusal(ask, secs(now)).map(|r| r.until);
        let mut ledger = Ledger::default();
        for second in [1, 2, 3] {
            send(&mut ledger, &wide, second).unwrap();
        }
        assert_eq!(until(&ledger, &wide, 4), Some(secs(62)));
        // It has to wait for more than the oldest to leave.
        assert_eq!(until(&ledger, &narrow, 4), Some(secs(64)));
        assert_eq!(until(&ledger, &narrow, 64), None);
    }

    #[test]
    fn what_is_kept_back_is_left_to_others() {
        let all = ask(3, 60);
        let nightly = Ask {
            keep_back: 2,
            ..all
        };
        let mut ledger = Ledger::default();
        send(&mut ledger, &nightly, 0).unwrap();
        assert_eq!(ledger.remaining(&nightly, secs(1)), 0);
        assert!(send(&mut ledger, &nightly, 1).is_err());
        assert_eq!(ledger.remaining(&all, secs(1)), 2);
        send(&mut ledger, &all, 1).unwrap();
    }

    #[test]
    fn old_stamps_are_forgotten() {
        let ask = ask(5, 60);
        let mut ledger = Ledger::default();
        for second in 0..10_000 {
            let _ = send(&mut ledger, &ask, second);
        }
        // As many as the documented limit allows, for as long.
        assert_eq!(ledger.stamps.len(), 100);
        assert!(!ledger.is_empty(secs(10_000)));
        assert!(!ledger.is_empty(secs(13_547)));
        assert!(ledger.is_empty(secs(13_548)));
    }

    #[test]
    fn a_short_window_forgets_nothing_that_the_documented_one_counts() {
        let (short, documented) = (ask(10, 600), ask(100, 3_600));
        let mut ledger = Ledger::default();
        for second in (0..3_050).step_by(61) {
            send(&mut ledger, &short, second).unwrap();
        }
        assert_eq!(ledger.remaining(&documented, secs(3_050)), 50);
        for _ in 0..50 {
            send(&mut ledger, &documented, 3_050).unwrap();
        }
        let refusal = refused(Reason::Spent, 3_601, true);
        let sent = send(&mut ledger, &documented, 3_050);
        assert_eq!(sent, Err(refusal));
    }

    #[test]
    fn a_request_reserves_an_hour_at_most() {
        let patient = Ask {
            timeout: Duration::MAX,
            ..ask(1, 60)
        };
        let mut ledger = Ledger::default();
        ledger.reserve(&patient, secs(0)).unwrap();
        let until = 3_600 + 30 + 61;
        let refusal = refused(Reason::Spent, until, false);
        assert_eq!(ledger.reserve(&patient, secs(1)), Err(refusal));
        let probe = ledger.reserve(&patient, secs(until)).unwrap();
        ledger.limited(probe, secs(900), secs(0), secs(until));
        ledger.reserve(&patient, secs(until + 901)).unwrap();
        // If it dies, another one may find out.
        let next = until + 901 + 3_600 + 30;
        let refusal = ledger.reserve(&ask(10, 60), secs(next - 1)).unwrap_err();
        assert_eq!(refusal, refused(Reason::Probing, next, false));
        assert!(ledger.reserve(&ask(10, 60), secs(next)).is_ok());
    }

    /// The most stamps that any window of this length holds.
    fn most_within(window: Duration, mut stamps: Vec<Duration>) -> usize {
        stamps.sort();
        (0..stamps.len())
            .map(|first| {
                let end = stamps[first] + window;
                stamps[first..].iter().filter(|stamp| **stamp < end).count()
            })
            .max()
            .unwrap_or(0)
    }

    /// How a request ends.
    #[derive(Clone, Copy, Debug)]
    enum Fate {
        /// A response comes after so many milliseconds.
        Response(u64),
        /// Its caller goes after so many milliseconds.
        Abandoned(u64),
        /// Its process dies.
        Dies,
    }

    fn fate() -> impl Strategy<Value = Fate> {
        prop_oneof![
            6 => (0u64..60_000).prop_map(Fate::Response),
            2 => (0u64..60_000).prop_map(Fate::Abandoned),
            1 => Just(Fate::Dies),
        ]
    }

    proptest! {
        /// Wherever between sending and the latest possible moment the server
        /// counts, whatever becomes of the request, and however the server cuts
        /// its windows, no window holds more than the limit; also if it counts
        /// in whole seconds.
        #[test]
        fn no_window_ever_holds_more_than_the_limit(
            requests in 1u32..6,
            window in 1u64..50,
            calls in prop::collection::vec((0u64..3_000, fate(), 0.0..=1.0f64), 1..120),
        ) {
            let ask = ask(requests, window);
            let mut ledger = Ledger::default();
            let mut now = Duration::ZERO;
            let mut ends: Vec<(Duration, Granted, Fate)> = Vec::new();
            let mut counted: Vec<Duration> = Vec::new();
            for (gap, fate, when) in calls {
                now += Duration::from_millis(gap);
                ends.sort_by_key(|(at, ..)| *at);
                while ends.first().is_some_and(|(at, ..)| *at <= now) {
                    let (at, granted, fate) = ends.remove(0);
                    match fate {
                        Fate::Response(_) => ledger.responded(granted, at),
                        _ => ledger.abandoned(granted, at),
                    }
                }
                let Ok(granted) = ledger.reserve(&ask, now) else { continue };
                let latest = match fate {
                    Fate::Response(after) => Duration::from_millis(after),
                    Fate::Abandoned(after) => Duration::from_millis(after) + ON_ITS_WAY,
                    Fate::Dies => ask.timeout + ON_ITS_WAY,
                };
                counted.push(now + latest.mul_f64(when));
                if let Fate::Response(after) | Fate::Abandoned(after) = fate {
                    ends.push((now + Duration::from_millis(after), granted, fate));
                }
            }
            let in_seconds = counted
                .iter()
                .map(|stamp| Duration::from_secs(stamp.as_secs()))
                .collect();
            for counted in [counted, in_seconds] {
                prop_assert!(most_within(ask.limit.window(), counted) <= requests as usize);
            }
        }

        /// Clients with any limits share a ledger. Nothing is sent that a log of all
        /// requests forbids. What the log allows is sent: at once if the limit is no longer
        /// and no larger than the documented one, else a window after it was first asked for.
        #[test]
        fn what_is_forgotten_frees_no_slot(
            calls in prop::collection::vec(
                (prop_oneof![5 => 0u64..20, 1 => 0..1_500u64], 0usize..6, 1u32..50),
                1..100,
            ),
        ) {
            let limits = [(3, 60), (40, 600), (100, 3_600), (150, 1_800), (20, 10_800), (400, 9_000)];
            let limits = limits.map(|(requests, window)| ask(requests, window));
            let mut known_from = [0, 0, 0, 1, 1, 1].map(|new| (new == 0).then_some(secs(0)));
            let mut ledger = Ledger::default();
            let mut log: Vec<Duration> = Vec::new();
            let mut now = Duration::ZERO;
            for (gap, limit, burst) in calls {
                now += secs(gap);
                let ask = limits[limit];
                let since = |at: &&Duration| expires(**at, ask.limit.window()) > now;
                let known = *known_from[limit].get_or_insert(expires(now, ask.limit.window()));
                let is_known = known <= now;
                for _ in 0..burst {
                    let is_free = log.iter().filter(since).count() < ask.allowed();
                    let granted = ledger.reserve(&ask, now);
                    if let Ok(granted) = granted {
                        ledger.responded(granted, now);
                    }
                    match granted {
                        Ok(_) => prop_assert!(is_free),
                        Err(_) => prop_assert!(!is_free || !is_known),
                    }
                    log.extend(granted.ok().map(|_| now));
                }
            }
        }

        /// Whatever happened before: when the next slot is said to be free, a
        /// request can be sent; and, if that is certain, not a moment before.
        #[test]
        fn the_next_slot_is_kept_to_the_moment(
            requests in 1u32..5,
            arrivals in prop::collection::vec((0u64..100_000, any::<bool>()), 1..40),
        ) {
            let ask = ask(requests, 30);
            let mut arrivals = arrivals;
            arrivals.sort_unstable();
            let mut ledger = Ledger::default();
            for (arrival, responds) in arrivals {
                let now = Duration::from_millis(arrival);
                match ledger.reserve(&ask, now) {
                    Ok(granted) if responds => ledger.responded(granted, now),
                    Ok(_) => {}
                    Err(Refusal { until, certain, .. }) => {
                        prop_assert!(until > now);
                        prop_assert_eq!(ledger.refusal(&ask, until), None);
                        if certain {
                            let before = until - Duration::from_nanos(1);
                            prop_assert!(ledger.refusal(&ask, before).is_some());
                        }
                    }
                }
            }
        }

        /// The parts of a ledger count all of it, in any window, and lending one leaves
        /// nothing behind. What a ledger has counted already counts once.
        #[cfg(feature = "redis")]
        #[test]
        fn parts_count_the_whole_and_are_taken_back(
            sent in prop::collection::vec(0u64..100, 0..40),
            own in prop::collection::vec(0u64..100, 0..10),
            parts in 1usize..6,
            ago in 0u64..50,
        ) {
            let wide = ask(100, 200);
            let ledger = |sent: &[u64]| {
                let mut sent = sent.to_vec();
                sent.sort_unstable();
                let mut ledger = Ledger::default();
                sent.iter().for_each(|at| send(&mut ledger, &wide, *at).unwrap());
                ledger
            };
            let (whole, now) = (ledger(&sent), secs(100));
            let part = whole.part(parts);
            for window in 1..100 {
                let ask = ask(100, window);
                let count = |ledger: &Ledger| ledger.in_window(&ask, now).count();
                prop_assert!(count(&part) * parts >= count(&whole));
            }
            // That of the other one goes by another clock.
            let then = now - secs(ago);
            let mut host = ledger(&own);
            let before = host.clone();
            let with_part = host.with(&part, then, now, |ledger| ledger.stamps.len());
            prop_assert_eq!(with_part, before.stamps.len() + part.stamps.len());
            prop_assert_eq!(&host.stamps, &before.stamps);
            let mut same = whole.clone();
            same.absorb(&whole, then, then);
            prop_assert_eq!(&same, &whole);
            // What is paid is counted by the other one, and here no more.
            let mut redis = whole.clone();
            redis.add(&host, then, now);
            prop_assert_eq!(redis.stamps.len(), whole.stamps.len() + before.stamps.len());
            let unpaid = host.unpaid(now);
            prop_assert_eq!(unpaid.is_some(), !own.is_empty());
            host.pay(&unpaid.unwrap_or_default());
            prop_assert_eq!(host.unpaid(now), None);
            prop_assert_eq!(host.stamps.len(), before.stamps.len());
        }
    }
}

//! Side by side: candidates that take turns.

use std::time::{Duration, Instant};

/// How many rounds there are: one if `cargo test` runs the benchmark, to see
/// that it runs.
pub(crate) fn rounds(rounds: usize) -> usize {
    match std::env::args().any(|argument| argument == "--bench") {
        true => rounds,
        false => 1,
    }
}

/// The median of some rounds in which the candidates take turns, so that what
/// else the machine does hits all of them.
pub(crate) fn of<const N: usize>(rounds: usize, candidates: [&dyn Fn(); N]) -> [Duration; N] {
    let mut times = [const { Vec::new() }; N];
    for _ in 0..rounds {
        for (times, candidate) in times.iter_mut().zip(candidates) {
            // Once before, so that each finds the heap as it leaves it itself.
            candidate();
            let start = Instant::now();
            candidate();
            times.push(start.elapsed());
        }
    }
    times.map(|mut times| {
        times.sort_unstable();
        times[times.len() / 2]
    })
}

//! Doing several things at once.

use std::num::NonZero;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Does two things at once.
#[cfg(feature = "generate")]
pub(crate) fn both<A: Send, B>(
    one: impl FnOnce() -> A + Send,
    other: impl FnOnce() -> B,
) -> (A, B) {
    thread::scope(|scope| {
        let one = scope.spawn(one);
        let other = other();
        (
            one.join().unwrap_or_else(|panic| resume_unwind(panic)),
            other,
        )
    })
}

/// Does something with each item, several at a time. The results are in the order of the
/// items.
pub(crate) fn each<'a, I: Sync, R: Send>(
    items: &'a [I],
    make: impl Fn(&'a I) -> R + Sync,
) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let make_rest = || {
        let mut made = Vec::new();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            match items.get(number) {
                Some(item) => made.push((number, make(item))),
                None => return made,
            }
        }
    };
    let mut made = thread::scope(|scope| {
        let others = (1..processors()).filter_map(|_| {
            let thread = thread::Builder::new().stack_size(STACK);
            // Without another thread, this one makes all.
            thread.spawn_scoped(scope, make_rest).ok()
        });
        let others: Vec<_> = others.collect();
        let mut made = make_rest();
        for other in others {
            made.extend(other.join().unwrap_or_else(|panic| resume_unwind(panic)));
        }
        made
    });
    made.sort_by_key(|(number, _)| *number);
    made.into_iter().map(|(_, result)| result).collect()
}

/// The stack of a thread, as large as that of a main thread.
const STACK: usize = 8 << 20;

/// How many items are worked on at a time.
fn processors() -> usize {
    const MOST: usize = 4;
    thread::available_parallelism()
        .map_or(1, NonZero::get)
        .min(MOST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_in_the_order_of_the_items() {
        let items: Vec<usize> = (0..1000).collect();
        let doubled: Vec<usize> = items.iter().map(|item| item * 2).collect();
        assert_eq!(each(&items, |item| item * 2), doubled);
        assert!(each(&[] as &[usize], |item| item * 2).is_empty());
    }
}

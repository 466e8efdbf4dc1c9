//! How long a comparison takes: of two documents alone, and with their clients. It
//! measures, and asserts nothing.
//!
//! `cargo bench -p telesto-gen --bench diff`

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark stops at what it does not expect, and shows what it measured"
)]

mod synthetic;

use std::thread;
use std::time::{Duration, Instant};

use telesto_gen::{Diff, Document};

/// The best of this many runs.
const RUNS: usize = 5;

fn main() {
    let shipped = include_str!("../../spec/telesto.yaml");
    let edited = shipped.replace("operationId: list_products", "operationId: all_products");
    let read = |text: &str| Document::parse("a.yaml", text.to_owned()).unwrap();
    let took = best(|| Diff::of(&read(shipped), &read(&edited)));
    println!("the shipped spec, read, with clients: {took:.1?}");
    for operations in [30, 300, 3_000] {
        let base = synthetic::document(operations);
        let new = edited_document(operations);
        // As `cargo xtask diff` does it, but for the clients.
        let all = best(|| {
            let (base, new) = thread::scope(|scope| {
                let other = scope.spawn(|| read(&base));
                let new = read(&new);
                (other.join().unwrap(), new)
            });
            Diff::of_documents(&base, &new)
        });
        let (base, new) = (read(&base), read(&new));
        let changes = Diff::of_documents(&base, &new).changes().len();
        let same = best(|| Diff::of_documents(&base, &base));
        let took = best(|| Diff::of_documents(&base, &new));
        println!(
            "{operations} operations: read and compared in {all:.1?}; compared in {took:.1?} \
             ({changes} changes), with itself in {same:.1?}"
        );
        if operations < 3_000 {
            let took = best(|| Diff::of(&base, &new));
            println!("  with clients in {took:.1?}");
        }
    }
}

fn best<T>(mut run: impl FnMut() -> T) -> Duration {
    let runs = (0..RUNS).map(|_| {
        let start = Instant::now();
        let result = run();
        let took = start.elapsed();
        drop(result);
        took
    });
    runs.min().unwrap()
}

/// The document, with edits of each tenth resource.
fn edited_document(operations: usize) -> String {
    let mut text = synthetic::document(operations);
    for number in (0..operations / synthetic::OPERATIONS_OF_A_RESOURCE).step_by(10) {
        for (from, to) in [
            (
                format!("operationId: get_thing{number}\n"),
                format!("operationId: one_thing{number}\n"),
            ),
            (
                format!("\n    Thing{number}Line:\n      type: object\n      properties:\n"),
                format!(
                    "\n    Thing{number}Line:\n      type: object\n      properties:\n        color: {{ type: string }}\n"
                ),
            ),
        ] {
            assert_eq!(text.matches(&from).count(), 1, "{from}");
            text = text.replace(&from, &to);
        }
    }
    text
}

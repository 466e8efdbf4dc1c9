//! How long a client takes to be made, how much memory that needs, and how both
//! grow with the document. It measures, and asserts nothing.
//!
//! `cargo bench -p telesto-gen --bench generate` measures. With `-- document 300`
//! it prints the document of 300 operations that it measures with.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark stops at what it does not expect, and shows what it measured"
)]

mod synthetic;

use std::time::{Duration, Instant};

use telesto_gen::{Document, Generated, Target, generate};

use synthetic::document;

#[global_allocator]
static ALLOCATOR: dhat::Alloc = dhat::Alloc;

/// Numbers of operations, each ten times the one before.
const SIZES: [usize; 3] = [30, 300, 3_000];

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(at) = arguments.iter().position(|argument| argument == "document") {
        print!("{}", document(arguments[at + 1].parse().unwrap()));
        return;
    }
    let mut before: Option<(Duration, usize)> = None;
    for operations in SIZES {
        let text = document(operations);
        let runs = (3_000 / operations).clamp(3, 10);
        let best = (0..runs)
            .map(|_| Run::of(&text))
            .min_by_key(|run| run.total);
        let best = best.unwrap();
        assert_eq!(best.operations, operations);
        let peak = peak(&text);
        println!(
            "{operations} operations, {} KiB: {:.1?}, best of {runs}; heap peak {:.1} MiB",
            text.len() / 1024,
            best.total,
            peak as f64 / 1024.0 / 1024.0
        );
        if let Some((total, peak_before)) = before {
            println!(
                "  exponent of time {:.2}, of memory {:.2}",
                (best.total.as_secs_f64() / total.as_secs_f64()).log10(),
                (peak as f64 / peak_before as f64).log10()
            );
        }
        best.show();
        before = Some((best.total, peak));
    }
}

/// One generation.
struct Run {
    operations: usize,
    total: Duration,
    stages: Vec<(&'static str, Duration)>,
}

impl Run {
    fn of(text: &str) -> Self {
        let text = text.to_owned();
        let start = Instant::now();
        let document = Document::parse("synthetic.yaml", text).unwrap();
        let read = start.elapsed();
        let generated = client(&document);
        let total = start.elapsed();
        let mut stages = vec![("document", read)];
        stages.extend(generated.stages);
        Self {
            operations: generated.operations,
            total,
            stages,
        }
    }

    fn show(&self) {
        for (name, took) in &self.stages {
            let share = took.as_secs_f64() / self.total.as_secs_f64();
            println!("  {name:<16} {took:>10.1?} {:>5.1} %", share * 100.0);
        }
    }
}

fn client(document: &Document) -> Generated {
    generate(document, &Target::new("telesto_api", "generated")).unwrap()
}

/// The most bytes that a generation had on the heap at once.
fn peak(text: &str) -> usize {
    let text = text.to_owned();
    let profiler = dhat::Profiler::builder()
        .testing()
        .trim_backtraces(Some(1))
        .build();
    client(&Document::parse("synthetic.yaml", text).unwrap());
    let peak = dhat::HeapStats::get().max_bytes;
    drop(profiler);
    peak
}

//! Decoding a large list, side by side: the generated types; plain structs
//! written by hand, with the same Rust types, on the same list with `null` for
//! `""`; and the rewriting of `""` to `null` by way of `serde_json::Value`, as
//! middleware between the server and plain structs does it.
//!
//! `cargo bench -p telesto-api --bench decode` prints the times of each, then
//! their ratios from rounds in which they take turns.

use std::hint::black_box;
use std::sync::LazyLock;
use std::time::Duration;

use divan::counter::BytesCount;
use jiff::civil::DateTime;
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::Value;
use telesto_api::types::Product;

mod medians;
#[path = "../tests/products/mod.rs"]
mod products;

static SENT: LazyLock<Vec<u8>> = LazyLock::new(|| products::list("\"\""));
static WITH_NULLS: LazyLock<Vec<u8>> = LazyLock::new(|| products::list("null"));

/// What somebody would write by hand if Telesto sent plain JSON.
#[derive(Deserialize)]
#[allow(dead_code, reason = "its fields are decoded and not looked at")]
struct Plain {
    id: String,
    name: Option<String>,
    ean_upc: Option<String>,
    stock_onhand: Option<Decimal>,
    created: Option<DateTime>,
}

fn generated() -> Vec<Product> {
    serde_json::from_slice(&SENT).expect("the list decodes")
}

fn plain() -> Vec<Plain> {
    serde_json::from_slice(&WITH_NULLS).expect("the list decodes")
}

fn rewritten() -> Vec<Plain> {
    fn rewrite(value: &mut Value) {
        match value {
            Value::String(text) if text.is_empty() => *value = Value::Null,
            Value::Array(items) => items.iter_mut().for_each(rewrite),
            Value::Object(members) => members.values_mut().for_each(rewrite),
            _ => {}
        }
    }
    let mut value = serde_json::from_slice(&SENT).expect("the list is JSON");
    rewrite(&mut value);
    let body = serde_json::to_vec(&value).expect("a value can be written");
    serde_json::from_slice(&body).expect("the list decodes")
}

#[divan::bench(name = "generated types")]
fn bench_generated(bencher: divan::Bencher) {
    bencher
        .counter(BytesCount::new(SENT.len()))
        .bench(generated);
}

#[divan::bench(name = "plain structs")]
fn bench_plain(bencher: divan::Bencher) {
    bencher
        .counter(BytesCount::new(WITH_NULLS.len()))
        .bench(plain);
}

#[divan::bench(name = "rewritten through Value", sample_count = 20)]
fn bench_rewritten(bencher: divan::Bencher) {
    bencher
        .counter(BytesCount::new(SENT.len()))
        .bench(rewritten);
}

#[allow(clippy::print_stdout, reason = "a benchmark prints its results")]
fn main() {
    divan::main();
    let rounds = medians::rounds(15);
    let [generated, plain, rewritten] = medians::of(
        rounds,
        [
            &|| drop(black_box(generated())),
            &|| drop(black_box(plain())),
            &|| drop(black_box(rewritten())),
        ],
    );
    let speed = |time: Duration, bytes: usize| bytes as f64 / 1e6 / time.as_secs_f64();
    let (sent, with_nulls) = (SENT.len(), WITH_NULLS.len());
    println!(
        "\n{} products, {:.1} MB, median of {rounds} rounds",
        products::COUNT,
        sent as f64 / 1e6
    );
    println!(
        "generated types          {:>6.0} MB/s",
        speed(generated, sent)
    );
    println!(
        "plain structs            {:>6.0} MB/s",
        speed(plain, with_nulls)
    );
    println!(
        "rewritten through Value  {:>6.0} MB/s",
        speed(rewritten, sent)
    );
    let ratio = |other: Duration| other.as_secs_f64() / generated.as_secs_f64();
    println!(
        "the generated types are {:.2} times as fast as plain structs",
        ratio(plain)
    );
    println!("and {:.1} times as fast as the rewriting", ratio(rewritten));
}

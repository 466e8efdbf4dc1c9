//! What the budget of a host costs.
//!
//! `cargo bench -p telesto-api --bench budget` compares, in rounds that take
//! turns, reserving and giving back a slot in the file of the host, and locking,
//! reading and replacing a file of the same size. It prints how many slots
//! processes reserve that contend for the same file.

#![allow(clippy::print_stdout, reason = "a benchmark prints its results")]

use std::fs::{self, File};
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use telesto_api::{Budget, Client};
use telesto_mock::MockServer;
use tokio::runtime::Runtime;

use self::contenders::{WORKER, client, slots_of};

mod contenders;
mod medians;

type Error = Box<dyn std::error::Error>;

/// Requests of a candidate in a round.
const REQUESTS: u32 = 100;

fn main() -> Result<(), Error> {
    if let Ok(told) = std::env::var(WORKER) {
        return contend(&told);
    }
    let runtime = Runtime::new()?;
    host(&runtime)
}

/// The file of the host against bare work on a file.
fn host(runtime: &Runtime) -> Result<(), Error> {
    let directory = tempfile::tempdir()?;
    let telesto = runtime.block_on(MockServer::builder().start())?;
    let url = telesto.url();
    let on_host = client(&url, Budget::on_host_at(directory.path()))?;
    for _ in 0..60 {
        runtime.block_on(on_host.list_products().send())?;
    }
    // From here on, each call reserves a slot, cannot connect, and gives it back.
    runtime.block_on(telesto.stop());
    let in_process = client(&url, Budget::in_process())?;
    let calls = |client: &Client| {
        runtime.block_on(async {
            for _ in 0..REQUESTS {
                let error = client.list_products().await.expect_err("nobody listens");
                assert!(error.is_transport(), "{error}");
            }
        });
    };
    let file = file_of(directory.path())?;
    let copy = tempfile::tempdir()?;
    let bare = || {
        for _ in 0..2 * REQUESTS {
            replace(copy.path(), &file).expect("a file can be replaced");
        }
    };
    let [host, process, bare] = medians::of(
        medians::rounds(51),
        [&|| calls(&on_host), &|| calls(&in_process), &bare],
    );
    let cost = host.saturating_sub(process);
    println!("a slot on the host            {:>8}", each(cost));
    println!("lock, read and replace, twice {:>8}", each(bare));
    println!("ratio                         {:>8.2}\n", ratio(cost, bare));

    for processes in [1, 8] {
        let rate = contended(&url, directory.path(), processes)?;
        println!("{processes} processes reserve {rate:>8.0} slots a second");
    }
    Ok(())
}

/// The bytes of the budget.
fn file_of(directory: &Path) -> Result<Vec<u8>, Error> {
    let files = fs::read_dir(directory)?.collect::<Result<Vec<_>, _>>()?;
    let mut paths = files.into_iter().map(|entry| entry.path());
    let json = |path: &PathBuf| path.extension().is_some_and(|kind| kind == "json");
    let path = paths.find(json).ok_or("there is no file")?;
    Ok(fs::read(path)?)
}

/// The least that an atomic change of a shared file does.
fn replace(directory: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let [lock, path, new] = ["lock", "json", "new"].map(|name| directory.join(name));
    let lock = File::create(lock)?;
    lock.lock()?;
    if path.exists() {
        black_box(fs::read(&path)?);
    }
    fs::write(&new, bytes)?;
    fs::rename(new, path)
}

/// How many slots some processes reserve in a second.
fn contended(url: &str, directory: &Path, processes: usize) -> Result<f64, Error> {
    let time = Duration::from_secs(medians::rounds(3) as u64);
    let told = format!("{url}|{}|{}", directory.display(), time.as_secs());
    let slots = slots_of(processes, &told)?;
    Ok(slots as f64 / time.as_secs_f64())
}

/// Reserves slots until the time is over, and prints how many.
fn contend(told: &str) -> Result<(), Error> {
    let [url, directory, seconds] = told.split('|').collect::<Vec<_>>()[..] else {
        return Err("not a worker".into());
    };
    let client = client(url, Budget::on_host_at(directory))?;
    let time = Duration::from_secs(seconds.parse()?);
    let start = Instant::now();
    let mut slots = 0;
    Runtime::new()?.block_on(async {
        while start.elapsed() < time {
            let error = client.list_products().await.expect_err("nobody listens");
            assert!(error.is_transport(), "{error}");
            slots += 1;
        }
    });
    println!("{slots}");
    Ok(())
}

fn each(time: Duration) -> String {
    format!("{:.1} µs", time.as_secs_f64() * 1e6 / f64::from(REQUESTS))
}

fn ratio(time: Duration, other: Duration) -> f64 {
    time.as_secs_f64() / other.as_secs_f64()
}

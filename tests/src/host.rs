//! The budget that processes of a machine share, with real processes.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use telesto_api::{Budget, Client, RateLimit};
use telesto_mock::MockServer;

/// What a process of this test is told.
const WORKER: &str = "TELESTO_TEST_WORKER";

fn client(url: &str, directory: &Path, requests: u32) -> Client {
    let hour = Duration::from_secs(3_600);
    Client::builder()
        .api_key(telesto_mock::DEFAULT_API_KEY)
        .base_url(url)
        .budget(Budget::on_host_at(directory))
        .rate_limit(RateLimit::new(requests, hour, hour / 4).unwrap())
        .build()
        .unwrap()
}

/// Does nothing, unless it is one of the processes that the tests start.
#[tokio::test]
async fn worker() {
    let Ok(told) = std::env::var(WORKER) else {
        return;
    };
    let [url, directory, requests, calls] = told.split('|').collect::<Vec<_>>()[..] else {
        panic!("{told}");
    };
    let client = client(url, Path::new(directory), requests.parse().unwrap());
    for _ in 0..calls.parse().unwrap() {
        if let Err(error) = client.list_products().await {
            assert!(
                error.is_rate_limited() && error.status().is_none(),
                "{error}"
            );
        }
    }
}

fn start(url: &str, directory: &Path, requests: u32, calls: u32) -> Child {
    let told = format!("{url}|{}|{requests}|{calls}", directory.display());
    Command::new(std::env::current_exe().unwrap())
        .args(["host::worker", "--exact"])
        .env(WORKER, told)
        .stdout(Stdio::null())
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_that_are_killed_leave_a_budget_that_holds() {
    let telesto = MockServer::builder().rate(60, Duration::from_secs(3_600));
    let telesto = telesto.start().await.unwrap();
    let directory = tempfile::tempdir().unwrap();
    let url = telesto.url();
    let mut processes: Vec<Child> = (0..8)
        .map(|_| start(&url, directory.path(), 60, 40))
        .collect();
    // At other points each time, also between a write and its rename.
    for (number, process) in processes.iter_mut().take(3).enumerate() {
        std::thread::sleep(Duration::from_millis(7 * (number as u64 + 1)));
        process.kill().unwrap();
    }
    for mut process in processes.drain(..).skip(3) {
        assert!(process.wait().unwrap().success());
    }
    let stats = telesto.stats();
    assert_eq!(stats.refused, 0);
    // The killed ones may have left stamps of requests that never arrived.
    assert!((57..=60).contains(&stats.served), "{stats:?}");
    let budget = client(&url, directory.path(), 60).budget().await.unwrap();
    assert_eq!((budget.remaining(), budget.locked_until()), (0, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_loop_of_short_lived_processes_draws_no_429() {
    let telesto = MockServer::builder().start().await.unwrap();
    let directory = tempfile::tempdir().unwrap();
    for _ in 0..120 {
        let mut process = start(&telesto.url(), directory.path(), 100, 1);
        assert!(process.wait().unwrap().success());
    }
    assert_eq!((telesto.stats().served, telesto.stats().refused), (100, 0));
}

#[tokio::test]
async fn a_lockout_holds_for_the_next_client_as_well() {
    let telesto = MockServer::builder().rate(1, Duration::from_secs(3_600));
    let telesto = telesto.start().await.unwrap();
    let directory = tempfile::tempdir().unwrap();
    let first = client(&telesto.url(), directory.path(), 100);
    first.list_products().await.unwrap();
    let error = first.list_products().await.unwrap_err();
    assert_eq!(error.status().unwrap(), 429);
    drop(first);
    let next = client(&telesto.url(), directory.path(), 100);
    let refused = next.list_products().await.unwrap_err();
    assert_eq!(refused.status(), None);
    let (until, again) = (error.retry_at().unwrap(), refused.retry_at().unwrap());
    let apart = until.duration_since(again).abs();
    assert!(apart.as_secs() <= 1, "{until} {again}");
    assert_eq!(telesto.stats().refused, 1);
}

#[tokio::test]
async fn a_call_that_is_dropped_leaves_no_reservation() {
    let telesto = MockServer::builder().start().await.unwrap();
    let directory = tempfile::tempdir().unwrap();
    let client = client(&telesto.url(), directory.path(), 100);
    // Another process holds the file while the calls ask for their slots.
    let lock = fs::read_dir(directory.path()).unwrap();
    let mut lock = lock.map(|entry| entry.unwrap().path());
    let lock = File::open(
        lock.find(|path| path.extension().unwrap() == "lock")
            .unwrap(),
    );
    let lock = lock.unwrap();
    lock.lock().unwrap();
    for _ in 0..5 {
        let call = client.list_products().send();
        let timeout = Duration::from_millis(20);
        assert!(tokio::time::timeout(timeout, call).await.is_err());
    }
    lock.unlock().unwrap();
    // They are granted only now, and given back.
    for _ in 0..500 {
        if client.budget().await.unwrap().remaining() == 100 {
            tokio::time::sleep(Duration::from_millis(50)).await;
            assert_eq!(client.budget().await.unwrap().remaining(), 100);
            assert_eq!(telesto.requests().len(), 0);
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{:?}", client.budget().await);
}

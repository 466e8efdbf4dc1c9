//! The budget that processes of a machine share, with real processes.

use std::env;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use telesto_api::{Budget, Client, ClientBuilder, RateLimit};
use telesto_mock::{Fault, MockServer, Response};
use tokio::task::JoinSet;

/// What a process of this test is told.
const WORKER: &str = "TELESTO_TEST_WORKER";

/// What a process says of a call, so that the test finds it in its output.
const OUTCOME: &str = "outcome: ";

fn builder(url: &str, budget: Budget, requests: u32) -> ClientBuilder {
    let hour = Duration::from_secs(3_600);
    Client::builder()
        .api_key(telesto_mock::DEFAULT_API_KEY)
        .base_url(url)
        .budget(budget)
        .rate_limit(RateLimit::new(requests, hour, hour / 4).unwrap())
}

fn client(url: &str, directory: &Path, requests: u32) -> Client {
    let budget = Budget::on_host_at(directory);
    builder(url, budget, requests).build().unwrap()
}

/// Does nothing, unless it is one of the processes that the tests start.
#[expect(clippy::print_stdout, reason = "the test reads it")]
#[tokio::test]
async fn worker() {
    let Ok(told) = env::var(WORKER) else {
        return;
    };
    let [url, directory, requests, calls] = told.split('|').collect::<Vec<_>>()[..] else {
        panic!("{told}");
    };
    let budget = match directory {
        "" => Budget::on_host(),
        directory => Budget::on_host_at(directory),
    };
    let client = match builder(url, budget, requests.parse().unwrap()).build() {
        Ok(client) => client,
        Err(error) => {
            println!("\n{OUTCOME}{:?}: {error}", error.kind());
            return;
        }
    };
    for _ in 0..calls.parse().unwrap() {
        match client.list_products().await {
            Ok(_) => println!("\n{OUTCOME}sent"),
            Err(error) if error.status().is_none() => {
                println!("\n{OUTCOME}{:?}: {error}", error.kind());
            }
            Err(error) => panic!("{error}"),
        }
    }
}

/// A process that sends so many requests.
fn worker_command(
    program: impl AsRef<OsStr>,
    url: &str,
    directory: &Path,
    requests: u32,
    calls: u32,
) -> Command {
    let told = format!("{url}|{}|{requests}|{calls}", directory.display());
    let mut command = Command::new(program);
    command.env(WORKER, told);
    command
}

const WORKER_ARGUMENTS: [&str; 3] = ["host::worker", "--exact", "--nocapture"];

fn start(url: &str, directory: &Path, requests: u32, calls: u32) -> Child {
    let program = env::current_exe().unwrap();
    worker_command(program, url, directory, requests, calls)
        .args(WORKER_ARGUMENTS)
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

/// The file of a budget with this extension.
fn file_in(directory: &Path, extension: &str) -> Option<PathBuf> {
    let files = fs::read_dir(directory).unwrap();
    let mut files = files.map(|entry| entry.unwrap().path());
    files.find(|path| path.extension().unwrap() == extension)
}

/// What the calls of a process came to.
fn outcomes(mut command: Command) -> Vec<String> {
    let output = command.output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}{error}");
    let lines = text.lines().filter_map(|line| line.strip_prefix(OUTCOME));
    lines.map(str::to_owned).collect()
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
    // While they send, at other points each time.
    for (number, process) in processes.iter_mut().take(3).enumerate() {
        while telesto.stats().served < 10 * (number as u64 + 1) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
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

/// A lockout that cannot be written is obeyed, and written as soon as that is possible.
#[tokio::test]
async fn a_lockout_that_cannot_be_written_is_kept() {
    let telesto = MockServer::builder().start().await.unwrap();
    let directory = tempfile::tempdir().unwrap();
    let first = client(&telesto.url(), directory.path(), 100);
    first.list_products().await.unwrap();
    // Just as the 429 arrives, the file cannot be replaced any more.
    let slow = Response::empty(429).fault(Fault::SlowHead(Duration::from_millis(20)));
    telesto.set_response("list_products", slow).unwrap();
    let new = file_in(directory.path(), "json").unwrap();
    let new = new.with_extension("new");
    let obstructs = async {
        while telesto.requests().len() < 2 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        fs::create_dir(&new).unwrap();
    };
    let (called, ()) = tokio::join!(first.list_products().send(), obstructs);
    assert!(called.unwrap_err().status().is_some());
    let error = first.list_products().await.unwrap_err();
    assert!(error.is_budget(), "{error}");
    fs::remove_dir(&new).unwrap();
    let error = first.list_products().await.unwrap_err();
    assert!(error.is_rate_limited(), "{error}");
    assert_eq!(telesto.requests().len(), 2);
    // Other processes know it, too.
    let second = client(&telesto.url(), directory.path(), 99);
    let budget = second.budget().await.unwrap();
    assert!(budget.locked_until().is_some());
}

/// A process that is stopped while it has the lock holds up no call for longer than the call
/// has time, and no thread that others need.
#[tokio::test]
async fn a_stopped_process_holds_up_no_call_for_long() {
    let telesto = MockServer::builder().start().await.unwrap();
    let directory = tempfile::tempdir().unwrap();
    let built = client(&telesto.url(), directory.path(), 100);
    built.list_products().await.unwrap();
    let lock = File::open(file_in(directory.path(), "lock").unwrap()).unwrap();
    lock.lock().unwrap();
    let start = Instant::now();
    let mut calls = JoinSet::new();
    for _ in 0..700 {
        let client = built.clone();
        calls.spawn(async move {
            let call = client.list_products().timeout(Duration::from_secs(1));
            call.await.map(drop)
        });
    }
    // A name is resolved by a thread that blocks.
    tokio::time::sleep(Duration::from_millis(100)).await;
    let mut found = tokio::net::lookup_host("localhost:80").await.unwrap();
    assert!(found.next().is_some());
    assert!(start.elapsed() < Duration::from_secs(1));
    for result in calls.join_all().await {
        let message = result.unwrap_err().to_string();
        for part in [
            "cannot lock the file",
            "within 1s",
            "has held it for",
            "resume",
        ] {
            assert!(message.contains(part), "{message}");
        }
        assert!(
            message.contains(&std::process::id().to_string()),
            "{message}"
        );
    }
    let start_of_build = Instant::now();
    // By another path, so that it is not shared with the client before.
    let name = directory.path().file_name().unwrap();
    let path = directory.path().join("..").join(name);
    let error = builder(&telesto.url(), Budget::on_host_at(path), 100).build();
    assert!(error.unwrap_err().is_config());
    assert!(start_of_build.elapsed() < Duration::from_secs(10));
    drop(lock);
    built.list_products().await.unwrap();
    assert_eq!(built.budget().await.unwrap().remaining(), 98);
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
    let lock = File::open(file_in(directory.path(), "lock").unwrap()).unwrap();
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

#[cfg(unix)]
mod unix {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
    use std::os::unix::process::CommandExt as _;

    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn a_full_disk_is_an_error_and_the_file_stays() {
        let telesto = MockServer::builder().start().await.unwrap();
        let directory = tempfile::tempdir().unwrap();
        let client = client(&telesto.url(), directory.path(), 100);
        for _ in 0..40 {
            client.list_products().await.unwrap();
        }
        let file = |extension: &str| file_in(directory.path(), extension);
        let before = fs::read(file("json").unwrap()).unwrap();
        assert!(before.len() > 1_024, "more than the process may write");
        let mut process = worker_command("sh", &telesto.url(), directory.path(), 100, 1);
        process
            .args(["-c", "trap '' XFSZ; ulimit -f 1; exec \"$@\"", "sh"])
            .arg(env::current_exe().unwrap())
            .args(WORKER_ARGUMENTS);
        let [outcome] = &outcomes(process)[..] else {
            panic!("it does not build");
        };
        for part in ["Config: cannot write the file", "free space on the disk"] {
            assert!(outcome.contains(part), "{outcome}");
        }
        assert_eq!(fs::read(file("json").unwrap()).unwrap(), before);
        assert_eq!(file("new"), None);
        client.list_products().await.unwrap();
    }

    /// The program of the tests, where every user can run it.
    fn program_for_all(directory: &Path) -> PathBuf {
        let program = directory.join("worker");
        fs::copy(env::current_exe().unwrap(), &program).unwrap();
        for path in [directory, &program] {
            fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        program
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn the_state_directory_is_where_the_environment_says() {
        let telesto = MockServer::builder().start().await.unwrap();
        let home = tempfile::tempdir().unwrap();
        let at = |path: &str| home.path().join(path);
        let run = |variables: &[&str]| {
            let program = env::current_exe().unwrap();
            let mut process = worker_command(program, &telesto.url(), Path::new(""), 100, 1);
            process.args(WORKER_ARGUMENTS).env("HOME", home.path());
            process
                .env_remove("TELESTO_STATE_DIR")
                .env_remove("XDG_STATE_HOME");
            for variable in variables {
                process.env(variable, at(variable));
            }
            assert_eq!(outcomes(process), ["sent"]);
        };
        for (variables, directory) in [
            (&[][..], ".local/state/telesto"),
            (&["XDG_STATE_HOME"], "XDG_STATE_HOME/telesto"),
            (
                &["XDG_STATE_HOME", "TELESTO_STATE_DIR"],
                "TELESTO_STATE_DIR",
            ),
        ] {
            assert!(!at(directory).exists());
            run(variables);
            assert!(file_in(&at(directory), "json").is_some(), "{directory}");
        }
    }

    /// Only root can start a process as another user.
    fn is_root() -> bool {
        let file = tempfile::NamedTempFile::new().unwrap();
        file.as_file().metadata().unwrap().uid() == 0
    }

    #[expect(clippy::print_stderr, reason = "nobody should think that it ran")]
    #[tokio::test(flavor = "multi_thread")]
    async fn users_of_a_group_share_a_directory_and_others_are_told() {
        if !is_root() {
            eprintln!("skipped: only root can start processes as other users");
            return;
        }
        const GROUP: u32 = 60_001;
        let telesto = MockServer::builder().start().await.unwrap();
        let directory = tempfile::tempdir().unwrap();
        let program = program_for_all(directory.path());
        let state = directory.path().join("state");
        fs::create_dir(&state).unwrap();
        chown(&state, None, Some(GROUP)).unwrap();
        fs::set_permissions(&state, fs::Permissions::from_mode(0o2770)).unwrap();

        let run = |user: u32, group: u32, umask: &str| {
            let mut process = worker_command("sh", &telesto.url(), &state, 3, 1);
            process
                .args(["-c", "umask $0; exec \"$@\"", umask])
                .arg(&program)
                .args(WORKER_ARGUMENTS)
                .uid(user)
                .gid(group);
            outcomes(process).remove(0)
        };
        assert_eq!(run(60_001, GROUP, "077"), "sent");
        assert_eq!(run(60_002, GROUP, "022"), "sent");
        assert_eq!(run(60_001, GROUP, "022"), "sent");
        let spent = run(60_002, GROUP, "077");
        assert!(spent.starts_with("RateLimited"), "{spent}");

        let stranger = run(60_003, 60_003, "022");
        for part in [
            "Config: ",
            "Permission denied",
            "make the directory writable",
        ] {
            assert!(stranger.contains(part), "{stranger}");
        }
        assert_eq!((telesto.stats().served, telesto.stats().refused), (3, 0));
    }
}

#[tokio::test]
async fn a_client_may_fall_back_to_the_budget_of_its_process() {
    let telesto = MockServer::builder().start().await.unwrap();
    let file = tempfile::NamedTempFile::new().unwrap();
    let budget = || Budget::on_host_at(file.path().join("state"));
    let error = builder(&telesto.url(), budget(), 2).build().unwrap_err();
    assert!(error.is_config());
    assert!(error.to_string().contains("TELESTO_STATE_DIR"), "{error}");

    let fallback = || builder(&telesto.url(), budget().or_in_process(), 2).build();
    let (first, second) = (fallback().unwrap(), fallback().unwrap());
    first.list_products().await.unwrap();
    second.list_products().await.unwrap();
    let refused = first.list_products().await.unwrap_err();
    assert!(refused.is_rate_limited() && refused.status().is_none());
}

//! Responses that the processes of a machine share, with real processes.

use std::env;
use std::fs;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use proptest::prelude::*;
use telesto_api::{Budget, Cache, Client, Served};
use telesto_mock::MockServer;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::support::process_of;

/// What a process of this test is told.
const WORKER: &str = "TELESTO_TEST_CACHE_WORKER";

const HOUR: Duration = Duration::from_secs(3_600);

fn client(url: &str, directory: &Path, fresh: Duration) -> Client {
    let cache = Cache::on_host_at(directory.join("cache")).fresh_for(fresh);
    Client::builder()
        .api_key(telesto_mock::DEFAULT_API_KEY)
        .base_url(url)
        .budget(Budget::on_host_at(directory.join("budget")))
        .cache(cache)
        .build()
        .unwrap()
}

/// Does nothing, unless it is one of the processes that the tests start: it calls so
/// many times, or makes one write.
#[tokio::test]
async fn worker() {
    let Ok(told) = env::var(WORKER) else {
        return;
    };
    let [url, directory, milliseconds, calls] = told.split('|').collect::<Vec<_>>()[..] else {
        panic!("{told}");
    };
    let fresh = Duration::from_millis(milliseconds.parse().unwrap());
    let client = client(url, Path::new(directory), fresh);
    if calls == "write" {
        let write = client.request(telesto_api::Method::POST, "/products");
        assert!(write.send().await.is_err());
        return;
    }
    for _ in 0..calls.parse().unwrap() {
        client.list_products().await.unwrap();
    }
}

fn start(url: &str, directory: &Path, fresh: Duration, calls: &str) -> Child {
    let told = format!(
        "{url}|{}|{}|{calls}",
        directory.display(),
        fresh.as_millis()
    );
    process_of("cache::host::worker")
        .env(WORKER, told)
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

fn ends_well(mut process: Child) {
    assert!(process.wait().unwrap().success());
}

/// Responds to one request with an empty list.
async fn respond(listener: &TcpListener) {
    let (mut socket, _) = listener.accept().await.unwrap();
    let _ = socket.read(&mut [0; 4096]).await.unwrap();
    let response = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n[]";
    socket.write_all(response).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_at_the_same_time_make_one_request() {
    let telesto = MockServer::builder().delay(Duration::from_millis(500));
    let telesto = telesto.start().await.unwrap();
    let directory = tempfile::tempdir().unwrap();
    let start = || start(&telesto.url(), directory.path(), HOUR, "3");
    let processes: Vec<Child> = (0..8).map(|_| start()).collect();
    processes.into_iter().for_each(ends_well);
    // Later ones are served by the files.
    ends_well(start());
    assert_eq!(telesto.requests().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_is_killed_holds_nobody_up() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let directory = tempfile::tempdir().unwrap();
    let mut first = start(&url, directory.path(), HOUR, "1");
    // It never gets a response.
    let (_held, _) = listener.accept().await.unwrap();
    let second = start(&url, directory.path(), HOUR, "1");
    let waits = tokio::time::timeout(Duration::from_millis(300), listener.accept());
    assert!(waits.await.is_err());
    first.kill().unwrap();
    first.wait().unwrap();
    respond(&listener).await;
    ends_well(second);
}

/// A process that does not go on with its request, nor lets its lock go, is waited for no
/// longer than a call has time for.
#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_is_stopped_holds_nobody_up() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let directory = tempfile::tempdir().unwrap();
    let mut first = start(&url, directory.path(), HOUR, "1");
    // It never gets a response.
    let (_held, _) = listener.accept().await.unwrap();
    let client = client(&url, directory.path(), HOUR);
    let call = async {
        let list = client.list_products().timeout(Duration::from_secs(3));
        list.await.map(drop)
    };
    let (listed, ()) = tokio::join!(call, respond(&listener));
    listed.unwrap();
    first.kill().unwrap();
    first.wait().unwrap();
}

/// Dropping a write waits for nobody.
#[tokio::test]
async fn a_write_is_dropped_at_once() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let directory = tempfile::tempdir().unwrap();
    let client = client(&url, directory.path(), HOUR);
    let call = || {
        client
            .request(telesto_api::Method::POST, "/products")
            .send()
    };
    for round in 0..2 {
        // The second one, while another process has all locks.
        let locks = fs::read_dir(directory.path().join("cache")).unwrap();
        let locks = locks.map(|file| file.unwrap().path());
        let locks = locks.filter(|path| path.extension().is_some_and(|kind| kind == "lock"));
        let locks = locks.map(|path| fs::File::open(path).unwrap());
        let locks: Vec<_> = locks.inspect(|lock| lock.lock().unwrap()).collect();
        assert_eq!(locks.is_empty(), round == 0);
        let arrives = async {
            let (mut socket, _) = listener.accept().await.unwrap();
            let _ = socket.read(&mut [0; 4096]).await.unwrap();
        };
        let mut call = Box::pin(call());
        tokio::select! {
            _ = &mut call => panic!("nobody responds"),
            () = arrives => {}
        }
        let start = Instant::now();
        drop(call);
        assert!(
            start.elapsed() < Duration::from_secs(1),
            "{:?}",
            start.elapsed()
        );
        // The lock file is made in the background.
        while round == 0
            && fs::read_dir(directory.path().join("cache"))
                .unwrap()
                .count()
                == 0
        {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_that_are_killed_leave_files_that_can_be_read() {
    let telesto = MockServer::builder().rate(100_000, HOUR);
    let telesto = telesto.start().await.unwrap();
    let directory = tempfile::tempdir().unwrap();
    let budget = Budget::in_process();
    for round in 0u64..12 {
        // They keep a response with each call, and are killed meanwhile.
        let brief = Duration::from_millis(1);
        let start = || start(&telesto.url(), directory.path(), brief, "20");
        let mut processes = [start(), start()];
        let before = telesto.requests().len();
        while telesto.requests().len() == before {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        tokio::time::sleep(Duration::from_millis(round * 3)).await;
        for process in &mut processes {
            process.kill().unwrap();
            process.wait().unwrap();
        }
        let cache = Cache::on_host_at(directory.path().join("cache")).fresh_for(HOUR);
        let builder = Client::builder().api_key(telesto.api_key());
        let builder = builder.base_url(telesto.url()).budget(budget.clone());
        let client = builder.cache(cache).build().unwrap();
        for _ in 0..2 {
            assert_eq!(client.list_products().await.unwrap().len(), 1);
        }
        let files = fs::read_dir(directory.path().join("cache")).unwrap();
        let responses = files.filter(|file| {
            let name = file.as_ref().unwrap().file_name();
            name.to_string_lossy().ends_with(".response")
        });
        assert_eq!(responses.count(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_of_another_process_drops_the_reads() {
    let server = httpmock::MockServer::start_async().await;
    server.mock(|when, then| {
        when.method("GET");
        then.body("[]");
    });
    let directory = tempfile::tempdir().unwrap();
    let client = client(&server.url(""), directory.path(), HOUR);
    let is_cached = async || {
        let products = client.list_products().await.unwrap();
        Served::of(products.headers()) != Served::Fresh
    };
    assert!(!is_cached().await);
    // A refusal changes nothing; of a failure, nobody knows.
    for (status, is_kept) in [(405, true), (500, false)] {
        assert!(is_cached().await);
        let mut mock = server.mock(|when, then| {
            when.method("POST");
            then.status(status);
        });
        let url = server.url("");
        ends_well(start(&url, directory.path(), HOUR, "write"));
        mock.assert_calls(1);
        mock.delete();
        assert_eq!(is_cached().await, is_kept, "{status}");
    }
}

#[tokio::test]
async fn processes_do_not_wait_for_what_they_may_not_share() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let directory = tempfile::tempdir().unwrap();
    let mut held = Vec::new();
    // The caches of two processes.
    for _ in 0..2 {
        let client = client(&url, directory.path(), Duration::ZERO);
        tokio::spawn(async move { client.list_products().await });
        let arrives = tokio::time::timeout(Duration::from_secs(10), listener.accept());
        held.push(arrives.await.unwrap().unwrap());
    }
}

#[tokio::test]
async fn a_call_that_waits_is_served_what_another_process_fetches() {
    let telesto = MockServer::builder().start().await.unwrap();
    let directory = tempfile::tempdir().unwrap();
    let client = |requests| {
        let cache = Cache::on_host_at(directory.path()).fresh_for(HOUR);
        let limit = telesto_api::RateLimit::new(requests, HOUR, HOUR).unwrap();
        let builder = Client::builder().api_key(telesto.api_key());
        let builder = builder.base_url(telesto.url()).cache(cache);
        // As if others had spent the rest of one.
        let builder = builder.budget(Budget::in_process()).rate_limit(limit);
        builder
            .on_limit(telesto_api::OnLimit::Wait)
            .build()
            .unwrap()
    };
    let (waits, other) = (client(1), client(2));
    let any = waits.request(telesto_api::Method::GET, "/any");
    assert!(any.send().await.unwrap_err().is_not_found());
    let waiting = tokio::spawn(async move { waits.list_products().await });
    tokio::time::sleep(Duration::from_millis(100)).await;
    other.list_products().await.unwrap();
    let served = waiting.await.unwrap().unwrap();
    assert_ne!(Served::of(served.headers()), Served::Fresh);
    assert_eq!(telesto.requests().len(), 2);
}

#[tokio::test]
async fn no_file_holds_the_key() {
    let server = httpmock::MockServer::start_async().await;
    let key = crate::support::KEY;
    let mock = server
        .mock_async(|when, then| {
            when.any_request();
            then.status(200)
                .header("x-echo", key)
                .header("set-cookie", format!("key={key}"))
                .body(r#"[{"id":"1"}]"#);
        })
        .await;
    let directory = tempfile::tempdir().unwrap();
    let client = || {
        let cache = Cache::on_host_at(directory.path()).fresh_for(HOUR);
        let builder = Client::builder().api_key(key).base_url(server.url("/v2"));
        let builder = builder.budget(Budget::in_process()).cache(cache);
        builder.build().unwrap()
    };
    client().list_products().await.unwrap();
    client().list_products().await.unwrap();
    assert_eq!(mock.calls_async().await, 1);
    mock.delete_async().await;
    // A body that repeats it is not kept,
    let body = format!(r#"[{{"id":"{key}"}}]"#);
    let mock = crate::support::respond(&server, 200, &body).await;
    for _ in 0..2 {
        let client = client();
        let echo = client.request(telesto_api::Method::GET, "/echo");
        echo.query("key", key).fresh_for(HOUR).send().await.unwrap();
    }
    assert_eq!(mock.calls_async().await, 2);
    // nor are writes noted with it.
    let client = client();
    let write = client.request(telesto_api::Method::POST, "/echo");
    write.query("key", key).send().await.unwrap();
    let mut files = 0;
    for file in fs::read_dir(directory.path()).unwrap() {
        let file = file.unwrap();
        let bytes = fs::read(file.path()).unwrap();
        let holds = |bytes: &[u8]| bytes.windows(key.len()).any(|part| part == key.as_bytes());
        assert!(!holds(&bytes), "{file:?}");
        assert!(!holds(file.file_name().as_encoded_bytes()), "{file:?}");
        files += 1;
    }
    assert!(files >= 3, "{files}");
}

#[tokio::test]
async fn two_versions_of_the_client_share_no_response() {
    let server = httpmock::MockServer::start_async().await;
    let mock = crate::support::respond(&server, 200, "{}").await;
    let directory = tempfile::tempdir().unwrap();
    macro_rules! call {
        ($api:ident) => {
            for _ in 0..2 {
                let cache = $api::Cache::on_host_at(directory.path());
                let client = $api::Client::builder()
                    .api_key("any")
                    .base_url(server.url("/v2"));
                let client = client.budget($api::Budget::in_process()).cache(cache);
                let client = client.build().unwrap();
                let call = client.request($api::Method::GET, "/thing").fresh_for(HOUR);
                call.send().await.unwrap();
            }
        };
    }
    call!(telesto_api);
    assert_eq!(mock.calls_async().await, 1);
    call!(telesto_fixture_api);
    assert_eq!(mock.calls_async().await, 2);
}

#[tokio::test]
async fn a_directory_that_cannot_be_used_says_what_to_do() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let cache = Cache::on_host_at(file.path().join("cache"));
    let error = Client::builder().api_key("any").cache(cache).build();
    let message = error.unwrap_err().to_string();
    for part in ["cannot keep responses in ", "/cache: ", "TELESTO_CACHE_DIR"] {
        assert!(message.contains(part), "{message}");
    }
}

#[tokio::test]
async fn a_directory_that_goes_away_costs_requests_and_no_calls() {
    let telesto = MockServer::builder().start().await.unwrap();
    let directory = tempfile::tempdir().unwrap();
    let client = client(&telesto.url(), directory.path(), HOUR);
    client.list_products().await.unwrap();
    fs::remove_dir_all(directory.path().join("cache")).unwrap();
    for _ in 0..2 {
        let products = client.list_products().await.unwrap();
        assert_eq!(Served::of(products.headers()), Served::Fresh);
    }
    assert_eq!(telesto.requests().len(), 3);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20))]

    /// Whatever becomes of its files, a response is the one that the server has sent.
    #[test]
    fn files_may_become_anything(
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), any::<u8>(), 0..4), 1..6),
    ) {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let telesto = MockServer::builder().start().await.unwrap();
            let directory = tempfile::tempdir().unwrap();
            let expected = client(&telesto.url(), directory.path(), HOUR).list_products().await;
            let expected = expected.unwrap().into_inner();
            for (file, at, byte, kind) in damage {
                let files = fs::read_dir(directory.path().join("cache")).unwrap();
                let mut files: Vec<_> = files.map(|file| file.unwrap().path()).collect();
                files.sort();
                let path = file.get(&files);
                let mut bytes = fs::read(path).unwrap();
                match kind {
                    0 => fs::remove_file(path).unwrap(),
                    1 if !bytes.is_empty() => {
                        let at = at.index(bytes.len());
                        bytes[at] = byte;
                        fs::write(path, bytes).unwrap();
                    }
                    2 if !bytes.is_empty() => {
                        bytes.truncate(at.index(bytes.len()));
                        fs::write(path, bytes).unwrap();
                    }
                    _ => fs::write(path, vec![byte; at.index(100)]).unwrap(),
                }
                let products = client(&telesto.url(), directory.path(), HOUR).list_products().await;
                prop_assert_eq!(products.unwrap().into_inner(), expected.clone());
            }
            Ok(())
        })?;
    }
}

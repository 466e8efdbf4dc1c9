//! With real processes, of several hosts.

use std::env;
use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use telesto_api::{Budget, Client, RateLimit, Share};
use telesto_mock::MockServer;
use telesto_redis_server::RedisServer;
use tempfile::TempDir;

use super::HOUR;
use crate::support::process_of;

/// What a process of this test is told.
const WORKER: &str = "TELESTO_TEST_REDIS_WORKER";

/// The file that ends the processes of a host.
const STOP: &str = "stop";

/// How many requests an hour all processes may send.
const REQUESTS: u32 = 200;

/// Does nothing, unless it is one of the processes that the tests start: it calls, with
/// pauses, until it is told to stop, and must never be refused by the server.
#[tokio::test]
async fn worker() {
    let Ok(told) = env::var(WORKER) else {
        return;
    };
    let [url, redis, directory, parts, pause] = told.split('|').collect::<Vec<_>>()[..] else {
        panic!("{told}");
    };
    let mut budget = Budget::redis(redis).timeout(Duration::from_millis(300));
    let parts = parts.parse().unwrap();
    if parts > 0 {
        budget = budget.fallback(Share::of(parts).kept_at(directory));
    }
    let client = Client::builder()
        .api_key(telesto_mock::DEFAULT_API_KEY)
        .base_url(url)
        .budget(budget)
        .rate_limit(RateLimit::new(REQUESTS, HOUR, HOUR / 4).unwrap())
        .build()
        .unwrap();
    let pause = Duration::from_millis(pause.parse().unwrap());
    while !Path::new(directory).join(STOP).exists() {
        match client.list_products().await {
            Ok(_) => {}
            // Held back, or Redis is away.
            Err(error)
                if error.status().is_none() && (error.is_rate_limited() || error.is_budget()) => {}
            Err(error) => panic!("{error}"),
        }
        tokio::time::sleep(pause).await;
    }
}

/// Eight processes of two hosts.
struct Crowd<'a> {
    telesto: &'a MockServer,
    redis: &'a str,
    hosts: &'a [TempDir; 2],
    /// The parts that hosts fall back to; none if there are zero.
    parts: u32,
    /// Between calls, in milliseconds.
    pause: u64,
}

impl Crowd<'_> {
    fn start(&self) -> Vec<Child> {
        let Self {
            redis,
            parts,
            pause,
            ..
        } = self;
        let url = self.telesto.url();
        let start = |number: usize| {
            let directory = self.hosts[number % 2].path().display();
            let told = format!("{url}|{redis}|{directory}|{parts}|{pause}");
            process_of("redis::processes::worker")
                .env(WORKER, told)
                .stdout(Stdio::null())
                .spawn()
                .unwrap()
        };
        (0..8).map(start).collect()
    }

    fn end(&self, processes: Vec<Child>) {
        let stop = self.hosts.each_ref().map(|host| host.path().join(STOP));
        stop.iter().for_each(|file| fs::write(file, "").unwrap());
        for mut process in processes {
            assert!(process.wait().unwrap().success());
        }
        stop.iter().for_each(|file| fs::remove_file(file).unwrap());
    }

    /// Waits until so many requests were served, and for some time more.
    async fn have_sent(&self, requests: u32, and_then: u64) {
        let start = Instant::now();
        while self.telesto.stats().served < u64::from(requests) {
            assert!(
                start.elapsed() < Duration::from_secs(60),
                "{:?}",
                self.telesto.stats()
            );
            pass(1).await;
        }
        pass(and_then).await;
    }
}

fn hosts() -> [TempDir; 2] {
    [(); 2].map(|()| tempfile::tempdir().unwrap())
}

async fn telesto() -> MockServer {
    let server = MockServer::builder()
        .rate(REQUESTS, HOUR)
        .delay(Duration::from_millis(5));
    server.start().await.unwrap()
}

async fn pass(milliseconds: u64) {
    tokio::time::sleep(Duration::from_millis(milliseconds)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_happens_to_redis_no_process_is_refused() {
    let Some(mut redis) = RedisServer::start() else {
        return;
    };
    let telesto = telesto().await;
    let crowd = Crowd {
        telesto: &telesto,
        redis: &redis.url(),
        hosts: &hosts(),
        parts: 0,
        pause: 50,
    };
    let processes = crowd.start();
    crowd.have_sent(10, 0).await;
    for _ in 0..3 {
        redis.command("SCRIPT FLUSH").unwrap();
        pass(100).await;
        let _ = redis.command("CLIENT KILL TYPE normal");
        pass(100).await;
        redis.stop().unwrap();
        pass(100).await;
        redis.run().unwrap();
        pass(100).await;
    }
    // What was under way when Redis went may count for longer.
    crowd.have_sent(REQUESTS / 2, 500).await;
    crowd.end(processes);
    assert_eq!(telesto.stats().refused, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn hosts_that_lose_redis_send_their_parts() {
    let Some(mut redis) = RedisServer::start() else {
        return;
    };
    let (first, second, url, hosts) = (telesto().await, telesto().await, redis.url(), hosts());
    let away = Crowd {
        telesto: &first,
        redis: &url,
        hosts: &hosts,
        parts: 2,
        pause: 20,
    };
    // Away from the start: two halves are the whole.
    redis.stop().unwrap();
    let processes = away.start();
    away.have_sent(REQUESTS, 500).await;
    away.end(processes);
    let stats = first.stats();
    assert_eq!((stats.served, stats.refused), (u64::from(REQUESTS), 0));
    // Away for a while in between.
    redis.run().unwrap();
    let calm = Crowd {
        telesto: &second,
        pause: 200,
        ..away
    };
    let processes = calm.start();
    calm.have_sent(20, 0).await;
    redis.stop().unwrap();
    calm.have_sent(40, 0).await;
    redis.run().unwrap();
    calm.have_sent(60, 0).await;
    calm.end(processes);
    // What processes that have ended have counted on their hosts is added by the next ones.
    let eager = Crowd { pause: 20, ..calm };
    let processes = eager.start();
    eager.have_sent(REQUESTS / 2, 500).await;
    eager.end(processes);
    assert_eq!(second.stats().refused, 0);
    let processes = away.start();
    pass(1_000).await;
    away.end(processes);
    assert_eq!(first.stats().refused, 0);
}

/// Does nothing, unless it is the process that the next test starts: it says how a call by
/// way of this Redis ends.
#[expect(clippy::print_stdout, reason = "the test reads it")]
#[tokio::test]
async fn caller() {
    let Ok(told) = env::var(CALLER) else {
        return;
    };
    let (url, redis) = told.split_once('|').unwrap();
    let client = Client::builder()
        .api_key(telesto_mock::DEFAULT_API_KEY)
        .base_url(url)
        .budget(Budget::redis(redis).timeout(Duration::from_secs(5)))
        .build()
        .unwrap();
    match client.list_products().await {
        Ok(_) => println!("\noutcome: sent"),
        Err(error) => println!("\noutcome: {error}"),
    }
}

const CALLER: &str = "TELESTO_TEST_REDIS_CALLER";

#[tokio::test(flavor = "multi_thread")]
async fn tls_is_checked_against_the_roots_of_the_system() {
    let directory = tempfile::tempdir().unwrap();
    let [certificate, key, authority] =
        ["certificate", "key", "authority"].map(|name| directory.path().join(name));
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let pair = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    fs::write(
        &certificate,
        params.signed_by(&pair, &issuer).unwrap().pem(),
    )
    .unwrap();
    fs::write(&key, pair.serialize_pem()).unwrap();
    fs::write(&authority, issuer.pem()).unwrap();
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let options = [
        ("--tls-port", port.to_string()),
        ("--tls-cert-file", certificate.display().to_string()),
        ("--tls-key-file", key.display().to_string()),
        ("--tls-ca-cert-file", authority.display().to_string()),
        ("--tls-auth-clients", "no".to_owned()),
    ];
    let options: Vec<&str> = options
        .iter()
        .flat_map(|(name, value)| [*name, value])
        .collect();
    let Some(_redis) = RedisServer::start_with(&options) else {
        return;
    };
    let telesto = telesto().await;
    let outcome = |roots: &Path| {
        let output = process_of("redis::processes::caller")
            .env(
                CALLER,
                format!("{}|rediss://127.0.0.1:{port}", telesto.url()),
            )
            .env("SSL_CERT_FILE", roots)
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let mut lines = text.lines();
        lines
            .find_map(|line| line.strip_prefix("outcome: ").map(str::to_owned))
            .expect(&text)
    };
    assert_eq!(outcome(&authority), "sent");
    let stranger = KeyPair::generate().unwrap();
    let stranger = CertificateParams::new(Vec::new())
        .unwrap()
        .self_signed(&stranger)
        .unwrap();
    fs::write(&authority, stranger.pem()).unwrap();
    let refused = outcome(&authority);
    let place = format!("the budget in rediss://127.0.0.1:{port}/0 cannot be reached");
    assert!(
        refused.contains(&place) && refused.contains("SSL_CERT_FILE"),
        "{refused}"
    );
    assert_eq!(telesto.stats().served, 1);
}

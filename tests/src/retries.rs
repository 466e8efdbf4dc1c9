//! Requests that are sent again, and those that are not, as the server sees them.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::json;
use telesto_api::{
    Budget, Client, ClientBuilder, Error, ErrorKind, Method, OnLimit, RateLimit, Retry,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tracing::Instrument as _;
use tracing::instrument::WithSubscriber as _;

use crate::support::{KEY, Log};

const HOUR: Duration = Duration::from_secs(3_600);

/// What becomes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Status(u16),
    /// With a `Retry-After`, in seconds.
    Later(u16, u64),
    /// A success that is a page.
    Page,
    /// A success with an error of this status within.
    Within(u16),
    /// A redirect to here.
    Moved,
    /// A redirect to another origin.
    Away,
    HangUp,
    Silence,
}

/// A server that counts its requests. The last fate is that of all others.
struct Server {
    url: String,
    /// When each one arrived.
    requests: Arc<Mutex<Vec<Instant>>>,
}

impl Server {
    async fn start(fates: impl IntoIterator<Item = Fate>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::<Mutex<Vec<_>>>::default();
        let fates = Arc::new(Mutex::new(fates.into_iter().collect::<VecDeque<_>>()));
        let arrived = Arc::clone(&requests);
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(respond(socket, Arc::clone(&fates), Arc::clone(&arrived)));
            }
        });
        Self { url, requests }
    }

    fn requests(&self) -> usize {
        self.requests.lock().unwrap().len()
    }

    fn builder(&self, requests: u32) -> ClientBuilder {
        let pause = Duration::from_millis(2);
        Client::builder()
            .api_key(KEY)
            .base_url(&self.url)
            .budget(Budget::in_process())
            .rate_limit(RateLimit::new(requests, HOUR, HOUR).unwrap())
            .retry(Retry::default().pauses(pause, pause))
    }

    fn client(&self, requests: u32) -> Client {
        self.builder(requests).build().unwrap()
    }
}

async fn respond(
    mut socket: TcpStream,
    fates: Arc<Mutex<VecDeque<Fate>>>,
    requests: Arc<Mutex<Vec<Instant>>>,
) {
    let mut buffer = [0; 4096];
    if socket.read(&mut buffer).await.unwrap_or_default() == 0 {
        return;
    }
    requests.lock().unwrap().push(Instant::now());
    let fate = {
        let mut fates = fates.lock().unwrap();
        match fates.len() {
            1 => fates[0],
            _ => fates.pop_front().unwrap(),
        }
    };
    let (status, header, body) = match fate {
        Fate::HangUp => return,
        Fate::Silence => return tokio::time::sleep(Duration::from_secs(60)).await,
        Fate::Page => (200, String::new(), "<html>".to_owned()),
        Fate::Within(status) => {
            let error = json!({ "type": "ERROR", "description": "No." });
            let body = json!({ "statusCode": status, "error": error });
            (200, String::new(), body.to_string())
        }
        Fate::Moved => (307, "location: /here\r\n".to_owned(), String::new()),
        Fate::Away => {
            let location = "location: http://away.invalid/\r\n";
            (307, location.to_owned(), String::new())
        }
        Fate::Status(status) => (status, String::new(), "[]".to_owned()),
        Fate::Later(status, seconds) => {
            let header = format!("retry-after: {seconds}\r\n");
            (status, header, "[]".to_owned())
        }
    };
    let length = body.len();
    let response = format!(
        "HTTP/1.1 {status} X\r\n{header}content-length: {length}\r\nconnection: close\r\n\r\n{body}"
    );
    let _ = socket.write_all(response.as_bytes()).await;
}

async fn remaining(client: &Client) -> u32 {
    client.budget().await.unwrap().remaining()
}

async fn list(client: &Client) -> Error {
    client.list_products().await.unwrap_err()
}

/// Every failure and every method: how often the server gets the request.
#[tokio::test]
async fn a_request_is_sent_again_only_where_that_does_no_harm() {
    let safe = [
        Method::GET,
        Method::HEAD,
        Method::OPTIONS,
        Method::PUT,
        Method::DELETE,
    ];
    let unsafe_ones = [Method::POST, Method::PATCH];
    let again = [502, 503, 504, 408].map(Fate::Status);
    let never = [400, 401, 403, 404, 405, 409, 422, 429, 501, 505, 507];
    let failures = again.map(|fate| (fate, 3)).into_iter();
    let failures = failures
        .chain([
            (Fate::HangUp, 3),
            (Fate::Silence, 3),
            (Fate::Status(500), 2),
            (Fate::Page, 1),
            (Fate::Within(503), 3),
            (Fate::Within(500), 2),
            (Fate::Within(404), 1),
            (Fate::Away, 1),
        ])
        .chain(never.map(|status| (Fate::Status(status), 1)));
    let mut tested = 0;
    for (fate, times) in failures {
        for method in safe.iter().chain(&unsafe_ones) {
            if matches!(fate, Fate::Page | Fate::Within(_)) && *method == Method::HEAD {
                // It has no body.
                continue;
            }
            let times = if unsafe_ones.contains(method) {
                1
            } else {
                times
            };
            let server = Server::start([fate]).await;
            let pause = Duration::from_millis(2);
            let retry = Retry::default().pauses(pause, pause);
            let retry = retry.attempt_timeout(Duration::from_millis(200));
            let client = server.builder(9).retry(retry).build().unwrap();
            let sent = client.request(method.clone(), "/things").send().await;
            let error = sent.map(drop).unwrap_err();
            let what = format!("{method} {fate:?}: {error}");
            assert_eq!(server.requests(), times as usize, "{what}");
            assert_eq!(error.attempts(), times, "{what}");
            if error.kind() != ErrorKind::RateLimited {
                assert_eq!(remaining(&client).await, 9 - times, "{what}");
            }
            tested += 1;
        }
    }
    assert_eq!(tested, 23 * 7 - 4);
}

/// What fails behind a redirect is sent again from the start, and each step spends a slot.
#[tokio::test]
async fn a_redirect_is_a_part_of_each_attempt() {
    for (method, fates, error, requests) in [
        (Method::PUT, [503, 503, 503], Some(3), 6),
        (Method::PUT, [503, 200, 200], None, 4),
        (Method::POST, [503, 200, 200], Some(1), 2),
        (Method::GET, [404, 200, 200], Some(1), 2),
    ] {
        let fates = fates
            .into_iter()
            .flat_map(|status| [Fate::Moved, Fate::Status(status)]);
        let server = Server::start(fates).await;
        let client = server.client(9);
        let sent = client.request(method.clone(), "/things").send().await;
        let attempts = sent.map(drop).err().map(|error| error.attempts());
        assert_eq!((attempts, server.requests()), (error, requests), "{method}");
        assert_eq!(
            remaining(&client).await,
            9 - u32::try_from(requests).unwrap()
        );
    }
    // One that does not end is not walked again.
    let server = Server::start([Fate::Moved]).await;
    let error = list(&server.client(99)).await;
    assert_eq!((error.attempts(), server.requests()), (1, 6));
}

#[tokio::test]
async fn what_cannot_connect_is_tried_again_and_spends_nothing() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", port.local_addr().unwrap());
    drop(port);
    let server = Server {
        url,
        requests: Arc::default(),
    };
    for method in [Method::GET, Method::POST, Method::PATCH] {
        let client = server.client(9);
        let sent = client.request(method, "/things").send().await;
        let error = sent.map(drop).unwrap_err();
        assert_eq!((error.kind(), error.attempts()), (ErrorKind::Transport, 3));
        assert_eq!(remaining(&client).await, 9);
    }
    let client = server.builder(9).retry(Retry::off()).build().unwrap();
    assert_eq!(list(&client).await.attempts(), 1);
}

#[tokio::test]
async fn what_succeeds_in_the_end_is_a_success_and_the_span_says_how_often() {
    let fates = [Fate::Status(503), Fate::HangUp, Fate::Status(200)];
    let server = Server::start(fates).await;
    let client = server.client(9);
    let log = Log::default();
    let called = client.list_products().into_future();
    let called = called.instrument(tracing::Span::none());
    let products = called.with_subscriber(log.subscriber()).await.unwrap();
    assert!(products.is_empty());
    assert_eq!((server.requests(), remaining(&client).await), (3, 6));
    let log = log.text();
    let close = log.lines().find(|line| line.contains("close")).unwrap();
    assert!(close.contains("http.request.resend_count=2"), "{log}");
    let again: Vec<_> = log
        .lines()
        .filter(|line| line.contains("trying again"))
        .collect();
    assert_eq!(again.len(), 2, "{log}");
    assert!(
        again[0].contains("attempt=1") && again[0].contains("503"),
        "{log}"
    );
    // What is known after an attempt decides on the next one.
    let server = Server::start([Fate::Status(503), Fate::Status(429)]).await;
    let error = list(&server.client(9)).await;
    assert_eq!(
        (error.kind(), error.attempts()),
        (ErrorKind::RateLimited, 2)
    );
    assert_eq!(server.requests(), 2);
}

#[tokio::test]
async fn the_server_may_say_how_long_to_pause() {
    let server = Server::start([Fate::Later(503, 2), Fate::Status(200)]).await;
    let client = server.client(9);
    client.list_products().await.unwrap();
    let requests = server.requests.lock().unwrap().clone();
    // By the wall clock, which has whole seconds here.
    assert!(requests[1] - requests[0] > Duration::from_secs(1));
    // There is no time for this one.
    let server = Server::start([Fate::Later(503, 61)]).await;
    let client = server.client(9);
    let error = list(&client).await;
    assert_eq!((error.attempts(), server.requests()), (1, 1));
    assert!(error.retry_at().is_some());
    let server = Server::start([Fate::Later(503, 2)]).await;
    let error = server
        .client(9)
        .list_products()
        .timeout(Duration::from_secs(1))
        .await;
    assert_eq!(error.unwrap_err().attempts(), 1);
}

#[tokio::test]
async fn all_attempts_have_the_time_of_the_call() {
    let server = Server::start([Fate::Silence]).await;
    let timeout = Duration::from_millis(500);
    let start = Instant::now();
    let error = server
        .client(9)
        .list_products()
        .timeout(timeout)
        .await
        .unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Timeout, 1));
    let retry = Retry::default().attempts(100);
    let retry = retry.attempt_timeout(Duration::from_millis(200));
    let client = server.builder(99).retry(retry.pauses(Duration::ZERO, HOUR));
    let error = client
        .build()
        .unwrap()
        .list_products()
        .timeout(timeout)
        .await;
    assert_eq!(error.unwrap_err().attempts(), 3);
    assert!(start.elapsed() < 10 * timeout);
}

#[tokio::test]
async fn a_slot_that_others_need_is_left_to_them() {
    // Two slots: there is no third attempt, and nobody waits for one.
    let server = Server::start([Fate::Status(503)]).await;
    let client = server.builder(2).on_limit(OnLimit::Wait).build().unwrap();
    let error = list(&client).await;
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Server, 2));
    assert_eq!(server.requests(), 2);
    // What is kept back is not touched.
    let server = Server::start([Fate::Status(503)]).await;
    let client = server.builder(9).keep_back(8).build().unwrap();
    let error = list(&client).await;
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Server, 1));
    assert_eq!(server.requests(), 1);
    // Held back, it was not tried at all.
    let error = list(&client).await;
    assert_eq!(
        (error.kind(), error.attempts()),
        (ErrorKind::RateLimited, 0)
    );
}

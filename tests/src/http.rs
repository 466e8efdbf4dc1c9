//! HTTP as it is outside of a test: TLS, HTTP/2, proxies, compression; and what
//! a program may configure of it, and what not.

use std::io::Write as _;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use axum::extract::Request;
use axum::serve::Listener;
use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use httpmock::MockServer;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use telesto_api::reqwest::{Certificate, ClientBuilder as HttpBuilder, Proxy, header, redirect};
use telesto_api::{Client, ErrorKind, Method};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::server::TlsStream;

use crate::support::{KEY, clock, respond};

const HOST: &str = "telesto.test";

/// A server with TLS, whose certificate a CA of its own has signed.
struct Tls {
    address: SocketAddr,
    authority: Certificate,
    /// The version and the key of each request.
    requests: Arc<Mutex<Vec<String>>>,
}

/// Takes connections up with TLS.
struct TlsListener(TcpListener, TlsAcceptor);

impl Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, SocketAddr) {
        loop {
            let (socket, address) = self.0.accept().await.unwrap();
            if let Ok(stream) = self.1.accept(socket).await {
                return (stream, address);
            }
        }
    }

    fn local_addr(&self) -> std::io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

impl Tls {
    async fn start() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![HOST.to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &authority).unwrap();
        let mut config = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate.der().clone()],
                key.serialize_der().try_into().unwrap(),
            )
            .unwrap();
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];

        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::<Mutex<Vec<String>>>::default();
        let seen = Arc::clone(&requests);
        let app = axum::Router::new().fallback(async move |request: Request| {
            let key = request.headers().get("authorization");
            let key = key.and_then(|key| key.to_str().ok()).unwrap_or_default();
            let line = format!("{:?} {key}", request.version());
            seen.lock().unwrap().push(line);
            "[]"
        });
        let listener = TlsListener(listener, TlsAcceptor::from(Arc::new(config)));
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self {
            address,
            authority: Certificate::from_der(authority.der()).unwrap(),
            requests,
        }
    }

    fn client(
        &self,
        configure: impl FnOnce(HttpBuilder) -> HttpBuilder + Clone + Send + Sync + 'static,
    ) -> Client {
        let address = self.address;
        Client::builder()
            .api_key(KEY)
            .base_url(format!("https://{HOST}:{}", address.port()))
            .clock(clock())
            .configure_http(move |http| http.resolve(HOST, address))
            .configure_http(configure)
            .build()
            .unwrap()
    }

    fn seen(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

#[tokio::test]
async fn the_key_goes_to_nobody_whose_certificate_is_not_trusted() {
    let server = Tls::start().await;
    let client = server.client(|http| http);
    let error = client.list_products().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Transport);
    let line = error.to_string();
    assert!(line.contains("cannot connect: "), "{line}");
    assert!(line.contains("certificate"), "{line}");
    // Nothing has left this machine.
    assert_eq!(client.budget().await.unwrap().remaining(), 100);
    assert_eq!(server.seen(), [""; 0]);
}

#[tokio::test]
async fn calls_at_the_same_time_go_over_http_2() {
    let server = Tls::start().await;
    let authority = server.authority.clone();
    let client = server.client(|http| http.tls_certs_merge([authority]));
    let calls: Vec<_> = (0..20)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { client.list_products().await })
        })
        .collect();
    for call in calls {
        assert!(call.await.unwrap().unwrap().is_empty());
    }
    assert_eq!(server.seen(), vec![format!("HTTP/2.0 {KEY}"); 20]);
    assert_eq!(client.budget().await.unwrap().remaining(), 80);
}

#[tokio::test]
async fn http_1_is_enough() {
    let server = Tls::start().await;
    let authority = server.authority.clone();
    let client = server.client(|http| http.tls_certs_merge([authority]).http1_only());
    client.list_products().await.unwrap();
    assert_eq!(server.seen(), [format!("HTTP/1.1 {KEY}")]);
}

/// A proxy that connects to this address, whatever it is asked for. Returns its
/// URL, and what it was asked.
async fn proxy(target: SocketAddr) -> (String, Arc<Mutex<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let asked = Arc::<Mutex<String>>::default();
    let seen = Arc::clone(&asked);
    tokio::spawn(async move {
        loop {
            let (mut inner, _) = listener.accept().await.unwrap();
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                match inner.read_u8().await {
                    Ok(byte) => head.push(byte),
                    Err(_) => break,
                }
            }
            seen.lock()
                .unwrap()
                .push_str(&String::from_utf8_lossy(&head));
            tokio::spawn(async move {
                let mut outer = TcpStream::connect(target).await.unwrap();
                let _ = inner.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await;
                let _ = copy_bidirectional(&mut inner, &mut outer).await;
            });
        }
    });
    (url, asked)
}

#[tokio::test]
async fn a_proxy_sees_where_to_and_not_the_key() {
    let server = Tls::start().await;
    let (proxy, asked) = proxy(server.address).await;
    let authority = server.authority.clone();
    let client = server.client(move |http| {
        let proxy = Proxy::https(proxy).unwrap();
        http.tls_certs_merge([authority]).proxy(proxy)
    });
    client.list_products().await.unwrap();
    assert_eq!(server.seen(), [format!("HTTP/2.0 {KEY}")]);
    let asked = asked.lock().unwrap().clone();
    let connect = format!("CONNECT {HOST}:{} HTTP/1.1", server.address.port());
    assert!(asked.starts_with(&connect), "{asked}");
    assert!(!asked.contains(KEY), "{asked}");
}

#[tokio::test]
async fn what_is_configured_does_not_loosen_the_rules() {
    let elsewhere = MockServer::start_async().await;
    let other = respond(&elsewhere, 200, "[]").await;
    let server = MockServer::start_async().await;
    let moved = elsewhere.url("/v2/products");
    server
        .mock_async(|when, then| {
            when.path("/v2/products");
            then.status(302).header("location", &moved);
        })
        .await;
    let kept = server
        .mock_async(|when, then| {
            when.path("/v2/kept").header("authorization", KEY);
            then.status(200).body("[]");
        })
        .await;
    let proxy = elsewhere.base_url();
    let builder = crate::support::builder(&server);
    let client = builder
        .configure_http(move |http| {
            let mut headers = header::HeaderMap::new();
            headers.insert("authorization", "an0ther".parse().unwrap());
            http.redirect(redirect::Policy::limited(10))
                .retry(
                    telesto_api::reqwest::retry::for_host("127.0.0.1").max_retries_per_request(3),
                )
                .default_headers(headers)
                .user_agent("theirs")
                .proxy(Proxy::all(proxy).unwrap())
        })
        .build()
        .unwrap();
    let error = client.list_products().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Redirect, "{error}");
    client.request(Method::GET, "/kept").send().await.unwrap();
    kept.assert_async().await;
    assert_eq!(other.calls_async().await, 0);
}

#[tokio::test]
async fn a_name_in_a_test_network_can_be_allowed() {
    let server = MockServer::start_async().await;
    respond(&server, 200, "[]").await;
    let builder = || {
        let address = *server.address();
        Client::builder()
            .api_key("any")
            .base_url(format!("http://telesto-mock:{}/v2", address.port()))
            .clock(clock())
            .configure_http(move |http| http.resolve("telesto-mock", address).no_proxy())
    };
    let error = builder().build().unwrap_err();
    assert!(error.is_config());
    let line = error.to_string();
    assert!(
        line.contains("or in a test network `danger_allow_plain_http`"),
        "{line}"
    );
    let client = builder().danger_allow_plain_http().build().unwrap();
    client.list_products().await.unwrap();
}

#[tokio::test]
async fn what_cannot_be_set_up_says_why() {
    let builder = Client::builder().api_key(KEY);
    let builder = builder.configure_http(|http| {
        http.tls_certs_only(Certificate::from_pem_bundle(b"").unwrap_or_default())
            .tls_version_min(telesto_api::reqwest::tls::Version::TLS_1_3)
            .tls_version_max(telesto_api::reqwest::tls::Version::TLS_1_2)
    });
    let error = builder.build().unwrap_err();
    assert!(error.is_config(), "{error}");
    let line = error.to_string();
    assert!(
        line.starts_with("cannot set up the HTTP client: "),
        "{line}"
    );
}

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}

fn zlib(body: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}

/// A server that sends a compressed body to those who accept that.
async fn compressed(encoding: &str, status: u16, body: Vec<u8>) -> MockServer {
    let server = MockServer::start_async().await;
    let encoding = encoding.to_owned();
    server
        .mock_async(|when, then| {
            when.header_includes("accept-encoding", &encoding);
            then.status(status)
                .header("content-encoding", &encoding)
                .body(body);
        })
        .await;
    server
}

#[tokio::test]
async fn a_compressed_body_is_read_as_it_was() {
    let list = br#"[{"id":"1","stock_onhand":"12.5"}]"#;
    let envelope = br#"{"statusCode":403,"error":{"type":"FORBIDDEN","description":"no"}}"#;
    for (encoding, encode) in [("gzip", gzip as fn(&[u8]) -> _), ("deflate", zlib)] {
        let server = compressed(encoding, 200, encode(list)).await;
        let client = crate::support::client(&server);
        let products = client.list_products().await.unwrap();
        assert_eq!(products[0].stock_onhand, Some(telesto_api::dec!(12.5)));
        let bytes = client.request(Method::GET, "/file").bytes().await.unwrap();
        assert_eq!(&**bytes, list);
        for status in [200, 403] {
            let server = compressed(encoding, status, encode(envelope)).await;
            let error = crate::support::client(&server).list_products().await;
            let error = error.unwrap_err();
            assert!(
                error.is_forbidden() && error.api_error().is_some(),
                "{error}"
            );
        }
    }
}

#[tokio::test]
async fn the_body_limit_counts_what_is_decoded() {
    // 20 MB in 20 KB.
    let bomb = gzip(&vec![b' '; 20_000_000]);
    assert!(bomb.len() < 100_000);
    let server = compressed("gzip", 200, bomb).await;
    let builder = || crate::support::builder(&server).body_limit(1_000_000);
    let client = builder().build().unwrap();
    let listed = client.list_products().await.map(drop);
    let file = client.request(Method::GET, "/file").bytes().await.map(drop);
    for error in [listed.unwrap_err(), file.unwrap_err()] {
        assert_eq!(error.kind(), ErrorKind::BodyTooLarge);
        assert!(error.body().is_none_or(|body| body.len() <= 1_000_000));
    }
}

#[tokio::test]
async fn a_compressed_body_that_is_cut_off_or_damaged_is_lost() {
    let whole = gzip(br#"[{"id":"1"}]"#);
    let mut damaged = whole.clone();
    let middle = damaged.len() / 2;
    damaged[middle] ^= 0xff;
    let cut_off = |body: &[u8]| body[..body.len() - 9].to_vec();
    let second_cut_off = [gzip(b"[").as_slice(), &cut_off(&whole)].concat();
    let deflated = zlib(br#"[{"id":"1"}]"#);
    for (encoding, body) in [
        ("gzip", cut_off(&whole)),
        ("gzip", damaged),
        ("gzip", second_cut_off),
        ("gzip", b"[]".to_vec()),
        ("deflate", cut_off(&deflated)),
    ] {
        let server = compressed(encoding, 200, body).await;
        let client = crate::support::client(&server);
        let error = client.list_products().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Transport, "{error}");
        let sent = 100 - client.budget().await.unwrap().remaining();
        assert_eq!((sent, error.attempts()), (3, 3));
    }
}

/// Members come from servers that append to a compressed file. By RFC 1952, they decompress to
/// one text.
#[tokio::test]
async fn gzip_of_several_members_is_read_to_its_end() {
    let list = br#"[{"id":"1"},{"id":"2"}]"#;
    for size in [1, 5, list.len()] {
        let members: Vec<u8> = list.chunks(size).flat_map(gzip).collect();
        let server = compressed("gzip", 200, members).await;
        let client = crate::support::client(&server);
        let products = client.list_products().await.unwrap();
        let ids: Vec<_> = products.iter().map(|product| product.id.as_str()).collect();
        assert_eq!(ids, ["1", "2"], "members of {size} bytes");
        let bytes = client.request(Method::GET, "/file").bytes().await.unwrap();
        assert_eq!(&**bytes, list);
        assert!(!bytes.headers().contains_key("content-encoding"));
        assert!(!bytes.headers().contains_key("content-length"));
    }
}

#[tokio::test]
async fn a_response_without_a_body_is_not_decompressed() {
    let server = MockServer::start_async().await;
    server
        .mock_async(|when, then| {
            when.method("HEAD");
            then.status(200)
                .header("content-encoding", "gzip")
                .header("x-count", "3");
        })
        .await;
    let client = crate::support::client(&server);
    let head = client.request(Method::HEAD, "/file").bytes().await.unwrap();
    assert_eq!(
        (&**head, &head.headers()["x-count"]),
        (&b""[..], &"3".parse().unwrap())
    );
}

#[tokio::test]
async fn a_range_is_asked_for_uncompressed() {
    let server = MockServer::start_async().await;
    let mock = server
        .mock_async(|when, then| {
            when.header("accept-encoding", "identity");
            then.status(206)
                .header("content-range", "bytes 0-1/4")
                .body("ab");
        })
        .await;
    let client = crate::support::client(&server);
    let request = client.request(Method::GET, "/file");
    let part = request.header("range", "bytes=0-1").bytes().await.unwrap();
    assert_eq!(&**part, b"ab");
    mock.assert_async().await;
}

#[test]
fn a_call_without_a_runtime_says_so() {
    let client = Client::builder().api_key(KEY).build().unwrap();
    let mut call = pin!(client.list_products().into_future());
    let Poll::Ready(called) = call.as_mut().poll(&mut Context::from_waker(Waker::noop())) else {
        panic!("it waits");
    };
    let error = called.unwrap_err();
    assert!(error.is_config(), "{error}");
    assert!(
        error.to_string().contains("needs a tokio runtime"),
        "{error}"
    );
}

/// A client may be used from several runtimes, of which only one runs at a time, as a program
/// does that blocks on its calls.
#[test]
fn runtimes_that_take_turns_have_connections_of_their_own() {
    let servers = tokio::runtime::Runtime::new().unwrap();
    let telesto = servers.block_on(telesto_mock::MockServer::builder().start());
    let telesto = telesto.unwrap();
    let clock = std::sync::Arc::new(telesto_api::ManualClock::new(crate::support::start()));
    let client = telesto_api::Client::builder()
        .api_key(telesto.api_key())
        .base_url(telesto.url())
        .clock(clock)
        .cache(telesto_api::Cache::in_memory())
        .timeout(Duration::from_secs(5))
        .retry(telesto_api::Retry::off())
        .build()
        .unwrap();
    let runtime = || {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        runtime.enable_all().build().unwrap()
    };
    let runtimes = [runtime(), runtime(), runtime()];
    for round in 0..4 {
        for runtime in &runtimes {
            runtime.block_on(async {
                // In its pool there are connections to spare.
                let calls = [(); 3].map(|()| client.request(Method::GET, "/products").send());
                for call in calls {
                    call.await.unwrap();
                }
                client.list_products().await.unwrap();
            });
        }
        // One that has ended hands its client over.
        let last = runtime();
        last.block_on(async { client.list_products().await.map(drop) })
            .unwrap_or_else(|error| panic!("{round}: {error}"));
    }
}

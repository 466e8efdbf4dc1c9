//! Forms that hold files.

use std::fs;
use std::sync::{Arc, Mutex};

use httpmock::{HttpMockRequest, MockServer};
use telesto_fixture_api::httpmock::MockServerExt as _;
use telesto_fixture_api::types::{ImportPostersBody, PosterPhoto, PosterPhotoPlace};
use telesto_fixture_api::{Empty, ErrorKind, Method, Upload};

use crate::support::{made_up, mock_server};

/// What a server was sent, with a boundary that is always the same.
#[derive(Clone, Default)]
struct Sent(Arc<Mutex<Option<Form>>>);

/// A boundary, and what is between it.
type Form = (String, Vec<u8>);

impl Sent {
    fn by(&self, request: &HttpMockRequest) {
        let headers = request.headers();
        let header = |name: &str| headers.get(name).unwrap().to_str().unwrap().to_owned();
        let kind = header("content-type");
        let boundary = kind.strip_prefix("multipart/form-data; boundary=").unwrap();
        let body = request.body_ref();
        assert_eq!(header("content-length"), body.len().to_string());
        let sent = (boundary.to_owned(), body.to_vec());
        *self.0.lock().unwrap() = Some(sent);
    }

    fn text(&self) -> String {
        let (boundary, body) = self.0.lock().unwrap().clone().unwrap();
        String::from_utf8(body).unwrap().replace(&boundary, "BOUNDARY")
    }
}

async fn server(path: &'static str) -> (MockServer, Sent) {
    let server = MockServer::start_async().await;
    let sent = Sent::default();
    let seen = sent.clone();
    server.mock(move |when, then| {
        when.path(path).is_true(move |request: &HttpMockRequest| {
            seen.by(request);
            true
        });
        then.status(200).json_body(serde_json::json!({ "title": "" }));
    });
    (server, sent)
}

/// A form with something of everything.
fn whole(photo: Upload) -> PosterPhoto {
    let place = PosterPhotoPlace::builder().aisle(3).wall("north");
    PosterPhoto::builder()
        .photo(photo)
        .title("Spring \"sale\"")
        .details([Upload::bytes("1.png", "one"), Upload::bytes("2", "two")])
        .colours(["red", "blue"])
        .height("1.50")
        .printed("2024-01-15")
        .note(Empty)
        .place(place)
        .build()
        .unwrap()
}

#[tokio::test]
async fn fields_files_and_objects_are_parts_as_browsers_write_them() {
    let (server, sent) = server("/v9/posters/7/photo").await;
    let photo = Upload::bytes("Prämie \"1\"\r\nX: 2.jpg", "JPEG");
    let client = made_up(&server);
    let poster = client.photograph_poster().poster_id(7).body(whole(photo)).await.unwrap();
    assert_eq!(poster.title, None);
    let part = |head: &str, content: &str| {
        format!("--BOUNDARY\r\nContent-Disposition: form-data; {head}\r\n\r\n{content}\r\n")
    };
    let jpeg = "name=\"photo\"; filename=\"Prämie %221%22%0D%0AX: 2.jpg\"\r\nContent-Type: image/jpeg";
    let png = "name=\"details\"; filename=\"1.png\"\r\nContent-Type: image/png";
    let other = "name=\"details\"; filename=\"2\"\r\nContent-Type: application/octet-stream";
    let json = "name=\"place\"\r\nContent-Type: application/json";
    let mut expected = [
        part(jpeg, "JPEG"),
        part("name=\"title\"", "Spring \"sale\""),
        part(png, "one"),
        part(other, "two"),
        part("name=\"colours\"", "red"),
        part("name=\"colours\"", "blue"),
        part("name=\"height\"", "1.50"),
        part("name=\"printed\"", "2024-01-15"),
        part("name=\"note\"", ""),
        part(json, r#"{"aisle":3,"wall":"north"}"#),
    ];
    let text = sent.text();
    let mut found: Vec<&str> = text
        .strip_suffix("--BOUNDARY--\r\n")
        .unwrap()
        .split_inclusive("\r\n--BOUNDARY")
        .collect();
    // The order of fields is that of the generated type.
    assert_eq!(found.len(), expected.len(), "{text}");
    found.sort_unstable();
    expected.sort_unstable();
    for part in expected {
        let part = part.strip_prefix("--BOUNDARY").unwrap();
        assert!(text.contains(part), "{part:?} in {text}");
    }
}

#[tokio::test]
async fn a_file_is_read_from_its_path_when_it_is_sent() {
    let (server, sent) = server("/v9/posters/import").await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("list.csv");
    let body = ImportPostersBody::builder().list(Upload::file(&path)).dry_run(true);
    let body = body.build().unwrap();
    let client = made_up(&server);

    // Nothing is sent, and so no request is spent, without it.
    let error = client.import_posters().body(&body).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidRequest);
    let expected = format!("cannot read `{}`: No such file", path.display());
    assert!(error.to_string().contains(&expected), "{error}");
    assert!(error.to_string().contains("import_posters"), "{error}");
    assert!(sent.0.lock().unwrap().is_none());

    // A large one does not come in one piece.
    let rows = "sku,stock\n".repeat(100_000);
    fs::write(&path, &rows).unwrap();
    client.import_posters().body(&body).await.unwrap();
    let text = sent.text();
    let head = "name=\"list\"; filename=\"list.csv\"\r\nContent-Type: text/csv\r\n\r\nsku,stock\n";
    assert!(text.contains(head), "{text:.300}");
    assert!(text.contains(&format!("\r\n\r\n{rows}\r\n--BOUNDARY")));
    assert!(text.contains("name=\"dry_run\"\r\n\r\ntrue\r\n"), "{text:.300}");

    let named = Upload::file(path).named("posters.txt").media_type("text/csv; charset=utf-8");
    let body = ImportPostersBody::builder().list(named);
    client.import_posters().body(body).await.unwrap();
    let head = "filename=\"posters.txt\"\r\nContent-Type: text/csv; charset=utf-8\r\n";
    assert!(sent.text().contains(head));

    let folder = Upload::file(folder.path());
    let wrong = Upload::bytes("list.csv", "").media_type("text\r\nX: 1");
    for (list, says) in [(folder, "cannot read"), (wrong, "not a valid media type")] {
        let body = ImportPostersBody::builder().list(list);
        let error = client.import_posters().body(body).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidRequest);
        assert!(error.to_string().contains(says), "{error}");
    }
}

#[tokio::test]
async fn a_mock_expects_all_parts() {
    let server = MockServer::start_async().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("front.jpg");
    fs::write(&path, [0, 255, 13, 10]).unwrap();
    let photo = Upload::file(path);
    let mock = server.photograph_poster(|when, then| {
        when.poster_id(7).body(whole(photo.clone()));
        then.ok(&telesto_fixture_api::types::Poster::builder().build().unwrap());
    });
    let client = made_up(&server);
    let call = |photo| client.photograph_poster().poster_id(7).body(whole(photo));
    call(photo).await.unwrap();
    call(Upload::bytes("front.jpg", vec![0, 255, 13, 10])).await.unwrap();
    mock.assert_calls(2);
    for photo in [
        Upload::bytes("front.jpg", vec![0, 255, 13, 9]),
        Upload::bytes("front.png", vec![0, 255, 13, 10]),
    ] {
        assert_eq!(call(photo).await.unwrap_err().kind(), ErrorKind::NotFound);
    }
    mock.assert_calls(2);
}

#[tokio::test]
async fn the_mock_server_checks_each_part() {
    let mock = mock_server().await;
    let client = mock.client();
    let photo = Upload::bytes("front.jpg", vec![0, 255]);
    let poster = client.photograph_poster().poster_id(7).body(whole(photo)).await.unwrap();
    assert_eq!(poster.title.as_deref(), Some("Spring sale"));
    client.import_posters().await.unwrap();

    let form = |parts: &[(&str, &str)]| {
        let parts = parts.iter().map(|(head, content)| {
            format!("--B\r\nContent-Disposition: form-data; {head}\r\n\r\n{content}\r\n")
        });
        parts.collect::<String>() + "--B--\r\n"
    };
    let photo = ("name=photo; filename=a", "");
    let title = ("name=title", "Sale");
    for (parts, says) in [
        (form(&[photo]), "`title` is missing"),
        (form(&[photo, title, ("name=height", "tall")]), "height"),
        (form(&[photo, ("name=title; filename=a", "")]), "got a file"),
        (form(&[photo, title, ("name=place\r\nContent-Type: application/json", "[7]")]), "place"),
        (form(&[photo, title]).replace("--B--", ""), "no form"),
    ] {
        let request = client.request(Method::PUT, "/posters/7/photo");
        let kind = "multipart/form-data; boundary=B";
        let error = request.body(kind, parts).send().await.unwrap_err();
        let said = error.api_error().unwrap().description().unwrap().to_owned();
        assert!(said.contains(says), "{says}: {said}");
    }
}

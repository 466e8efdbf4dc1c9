//! The mock server as a program.

#![allow(
    clippy::unwrap_used,
    reason = "a test stops at what it does not expect"
)]

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

/// A program that ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn program() -> Command {
    Command::new(env!("CARGO_BIN_EXE_telesto-mock"))
}

fn output(arguments: &[&str]) -> Output {
    program().args(arguments).output().unwrap()
}

#[tokio::test]
async fn it_says_how_to_be_served_and_serves() {
    let mut running = program()
        .args([
            "--listen",
            "127.0.0.1:0",
            "--rate-limit",
            "2/1m",
            "--lockout",
            "30s",
        ])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map(Running)
        .unwrap();
    let mut out = BufReader::new(running.0.stdout.take().unwrap());
    let mut said = String::new();
    // What it says ends with the key.
    while !said.contains("TELESTO_API_KEY") {
        assert_ne!(out.read_line(&mut said).unwrap(), 0, "{said}");
    }
    assert!(
        said.contains("2 requests in 1m, then blocked for 30s"),
        "{said}"
    );
    assert!(
        said.contains("GET    /products                    list_products"),
        "{said}"
    );
    let of = |name: &str| {
        let line = said.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap_or_else(|| panic!("no {name} in {said}"))
            .to_owned()
    };
    let url = format!("{}/products", of("export TELESTO_BASE_URL="));
    let key = of("export TELESTO_API_KEY=");
    for expected in [200, 200, 429] {
        let request = reqwest::Client::new()
            .get(&url)
            .header("authorization", &key);
        assert_eq!(request.send().await.unwrap().status(), expected);
    }
    let _ = running.0.kill();
    let mut log = String::new();
    running
        .0
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut log)
        .unwrap();
    assert_eq!(log.lines().count(), 3, "{log}");
    assert!(
        log.lines()
            .next()
            .unwrap()
            .ends_with(" GET /v2/products 200"),
        "{log}"
    );
    assert!(!log.contains(&key), "{log}");
}

#[test]
fn its_help_has_examples_and_exit_codes() {
    let help = output(&["--help"]);
    assert!(help.status.success());
    let text = String::from_utf8(help.stdout).unwrap();
    for part in [
        "Examples:",
        "Exit codes:",
        "--rate-limit <N/TIME>",
        "first-request",
    ] {
        assert!(text.contains(part), "no {part} in {text}");
    }
}

#[test]
fn what_cannot_start_says_why_and_fails() {
    for (arguments, code, says) in [
        (vec!["--rate-limit", "many"], 2, "such as 100/1h"),
        (vec!["--lockout", "15"], 2, "write it as 30s, 15m or 1h"),
        (
            vec!["--spec", "/nowhere/spec.yaml"],
            1,
            "error: cannot read /nowhere/spec.yaml: ",
        ),
        (
            vec!["--spec", env!("CARGO_MANIFEST_PATH")],
            1,
            "error[yaml-syntax]",
        ),
    ] {
        let output = output(&arguments);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}");
        let text = String::from_utf8(output.stderr).unwrap();
        assert!(text.contains(says), "{text}");
        assert!(!text.contains("panicked"), "{text}");
    }
}

#[test]
fn a_broken_spec_is_shown_as_the_lint_shows_it() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/cases/findings");
    let spec = folder.join("required-flag.yaml");
    let text = std::fs::read_to_string(&spec).unwrap();
    let whole = Path::new(env!("CARGO_TARGET_TMPDIR")).join("required-flag.yaml");
    let head = "\nopenapi: 3.0.3\ninfo: { title: A, version: '1' }\npaths: {}\n";
    std::fs::write(&whole, text + head).unwrap();
    let output = output(&["--spec", whole.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    let shown = String::from_utf8(output.stderr).unwrap();
    for part in [
        "error[wrong-type]: `required` of a schema is a list of property names\n",
        "required-flag.yaml:6:41\n",
        "6 |         name: { type: string, required: true }\n",
        "= help: list the required properties on the schema: `required: [name]`\n",
    ] {
        assert!(shown.contains(part), "no {part} in {shown}");
    }
    assert!(!shown.contains('\u{1b}'), "{shown}");
}

#[tokio::test]
async fn it_says_how_to_be_reached_from_elsewhere_and_fails_on_request() {
    let mut running = program()
        .args(["--listen", "0.0.0.0:0", "--fault", "reset"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map(Running)
        .unwrap();
    let mut out = BufReader::new(running.0.stdout.take().unwrap());
    let mut said = String::new();
    while !said.contains("TELESTO_DANGER_ALLOW_PLAIN_HTTP=1") {
        assert_ne!(out.read_line(&mut said).unwrap(), 0, "{said}");
    }
    // On this machine by its own name, elsewhere by that of the host.
    let of = |start: &str| said.lines().find_map(|line| line.strip_prefix(start));
    let here = of("export TELESTO_BASE_URL=http://127.0.0.1:").unwrap();
    let elsewhere = of("export TELESTO_BASE_URL=http://HOST:").unwrap();
    assert_eq!(here, elsewhere);
    let request = reqwest::get(format!("http://127.0.0.1:{here}/products"));
    request.await.unwrap_err();
}

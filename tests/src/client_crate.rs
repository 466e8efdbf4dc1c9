//! A crate around the client of any document, with the source of `telesto-api` and
//! a program: what a user has who generates a client of their own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use telesto_gen::{Document, Findings, Target};

/// Writes the crate `any_api` with the program `main`, builds and runs it in this
/// folder, builds its documentation, and compiles the examples of the operations,
/// with warnings denied. Returns the output of the program; the error is what the
/// generator, the compiler or the program says.
pub(crate) fn run(folder: &Path, document: &Document, main: &str) -> Result<String, String> {
    // All are built in one folder, where cargo takes one for another if its files
    // were written before that was built.
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _guard = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    write(folder, document, main).map_err(|found| found.to_string())?;
    let output = cargo(folder, &["run"], &[])?;
    cargo(folder, &["doc", "--no-deps", "--lib"], &[])?;
    cargo(folder, &["test", "--doc"], &["src/generated"])?;
    Ok(output)
}

fn write(folder: &Path, document: &Document, main: &str) -> Result<(), Findings> {
    let client = folder.join(CRATE);
    library(folder, &client);
    let target = Target::new("any_api", client.join("src/generated"));
    let generated = telesto_gen::generate(document, &target)?;
    for file in generated.files {
        fs::write(file.path, file.text).unwrap();
    }
    fs::write(client.join("src/main.rs"), main).unwrap();
    Ok(())
}

/// Writes the crate with the client of the shipped spec, within `folder`.
pub(crate) fn library(folder: &Path, client: &Path) {
    let root = root();
    copy(&root.join("telesto-api/src"), &client.join("src"));
    // The source includes these two pages of the crate, and the first of the workspace.
    let pages = [
        (client, "README.md"),
        (client, "LIMITS.md"),
        (folder, "README.md"),
    ];
    for (place, page) in pages {
        fs::write(place.join(page), "A client.").unwrap();
    }
    fs::copy(root.join("Cargo.lock"), client.join("Cargo.lock")).unwrap();
    fs::write(client.join("Cargo.toml"), manifest(&root)).unwrap();
}

fn cargo(folder: &Path, command: &[&str], to_tests: &[&str]) -> Result<String, String> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo
        .args(command)
        .args(["--quiet", "--offline", "--manifest-path"])
        .arg(folder.join(CRATE).join("Cargo.toml"))
        .arg("--")
        .args(to_tests)
        .current_dir(folder)
        .env("CARGO_TARGET_DIR", target())
        .env("RUSTFLAGS", "-D warnings -C debuginfo=0")
        .env("RUSTDOCFLAGS", "-D warnings");
    let output = cargo.output().unwrap();
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    match output.status.success() {
        true => Ok(stdout),
        false => Err(stdout + &String::from_utf8_lossy(&output.stderr)),
    }
}

/// The folder of the crate.
const CRATE: &str = "client";

fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap().to_owned()
}

/// Where its dependencies are built.
fn target() -> PathBuf {
    // This program is in `target/debug/deps`.
    let here = std::env::current_exe().unwrap();
    here.ancestors().nth(3).unwrap().join("any-api")
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &to),
            false => drop(fs::copy(entry.path(), to).unwrap()),
        }
    }
}

/// The manifest: what the workspace says, and the dependencies of `telesto-api`.
fn manifest(root: &Path) -> String {
    let read = |path: &str| fs::read_to_string(root.join(path)).unwrap();
    let workspace = read("Cargo.toml");
    let (_, shared) = workspace.split_once("[workspace.package]").unwrap();
    let (shared, _) = shared.split_once("[workspace.lints").unwrap();
    let path = format!("path = \"{}/", root.display());
    let shared = shared.replace("path = \"", &path);
    let api = read("telesto-api/Cargo.toml");
    let (_, features) = api.split_once("[features]").unwrap();
    let (features, dependencies) = features.split_once("[dependencies]").unwrap();
    let (dependencies, _) = dependencies.split_once("[dev-dependencies]").unwrap();
    format!(
        "[workspace]\nresolver = \"3\"\n[workspace.package]{shared}\n\
         [package]\nname = \"any-api\"\nversion = \"0.0.0\"\nedition.workspace = true\n\
         [lints.rust]\nunexpected_cfgs = {{ level = \"warn\", check-cfg = ['cfg(telesto_fixture)'] }}\n\
         [features]{features}default = [\"cache\", \"httpmock\"]\n\
         [dependencies]\ntelesto-mock.workspace = true\n{}",
        dependencies.replace(
            "tokio = { workspace = true, features = [",
            "tokio = { workspace = true, features = [\"rt-multi-thread\", "
        )
    )
}

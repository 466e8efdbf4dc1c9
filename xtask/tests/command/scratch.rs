//! A workspace to run commands on.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

pub(crate) const SPEC: &str = "spec/telesto.yaml";

/// The exit code, what is printed, and the errors.
pub(crate) type Said = (i32, String, String);

/// A repository with a part of this workspace.
pub(crate) struct Scratch(tempfile::TempDir);

impl Scratch {
    /// With a copy of the files in some folders.
    pub(crate) fn of(folders: &[&str]) -> Self {
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let scratch = Self(tempfile::tempdir().unwrap());
        for folder in folders {
            fs::create_dir_all(scratch.path(folder)).unwrap();
            for entry in fs::read_dir(workspace.join(folder)).unwrap() {
                let entry = entry.unwrap();
                if entry.file_type().unwrap().is_file() {
                    let copy = scratch.path(folder).join(entry.file_name());
                    fs::copy(entry.path(), copy).unwrap();
                }
            }
        }
        scratch.git(&["init", "--quiet", "--initial-branch=main"]);
        scratch.commit();
        scratch
    }

    pub(crate) fn git(&self, arguments: &[&str]) {
        let name = ["-c", "user.name=T", "-c", "user.email=t@example.com"];
        let mut git = Command::new("git");
        git.arg("-C").arg(self.0.path()).args(name).args(arguments);
        assert!(git.status().unwrap().success(), "{arguments:?}");
    }

    pub(crate) fn commit(&self) {
        self.git(&["add", "."]);
        self.git(&["commit", "--quiet", "-m", "An edit"]);
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap()
    }

    /// Replaces a part of a file that is there once.
    pub(crate) fn edit(&self, path: &str, from: &str, to: &str) {
        let text = self.read(path);
        assert_eq!(text.matches(from).count(), 1, "{from:?} in {path}");
        fs::write(self.path(path), text.replace(from, to)).unwrap();
    }

    /// Runs a command on it, from within.
    pub(crate) fn run(&self, arguments: &[&str]) -> Said {
        let mut xtask = Command::new(env!("CARGO_BIN_EXE_xtask"));
        xtask.args(arguments).current_dir(self.0.path());
        said(xtask.arg("--root").arg(self.0.path()))
    }
}

/// Runs a command on the workspace that it is built from.
pub(crate) fn run(arguments: &[&str]) -> Said {
    said(Command::new(env!("CARGO_BIN_EXE_xtask")).args(arguments))
}

fn said(xtask: &mut Command) -> Said {
    let output = xtask.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let code = output.status.code().unwrap();
    (code, text(output.stdout), text(output.stderr))
}

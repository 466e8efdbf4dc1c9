//! The repository that a workspace is in.

use std::path::Path;
use std::process::Command;

/// What git says; the error is its last line.
pub(crate) fn git(root: &Path, arguments: &[&str]) -> Result<String, String> {
    let ran = Command::new("git")
        .arg("-C")
        .arg(root)
        .args(arguments)
        .output();
    let output = ran.map_err(|error| format!("cannot run git: {error}"))?;
    if output.status.success() {
        return String::from_utf8(output.stdout).map_err(|_| "it is not UTF-8".to_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let last = said.lines().last().unwrap_or("git failed");
    Err(last.trim_start_matches("fatal: ").to_owned())
}

/// Why replacing `file` of the workspace `root` would lose something, if it would.
pub(crate) fn would_lose(root: &Path, file: &str) -> Option<String> {
    if !root.join(file).exists() {
        return None;
    }
    let status = ["status", "--porcelain", "--ignored", "--", file];
    match git(root, &status) {
        Ok(changes) if changes.is_empty() => None,
        Ok(_) => Some(format!("{file} has changes that are not committed")),
        Err(reason) => Some(format!("git does not keep {file}: {reason}")),
    }
}

//! `cargo xtask lint`.

use crate::scratch::{Said, run};

fn lint(arguments: &[&str]) -> Said {
    run(&[&["lint"][..], arguments].concat())
}

#[test]
fn the_shipped_spec_can_be_made_a_client() {
    let (code, out, _) = lint(&[]);
    assert_eq!(
        (code, out.as_str()),
        (0, "     Checked spec/telesto.yaml\n")
    );
}

#[test]
fn all_findings_come_at_once_for_people_and_for_programs() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("shop.yaml");
    let text =
        "openapi: 3.0.3\ninfo: { title: Shop, version: '1' }\npaths:\n  /things: { get: {} }\n";
    std::fs::write(&file, text).unwrap();
    let file = file.to_str().unwrap();
    let (code, out, err) = lint(&[file]);
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(
        err.contains("error[missing-field]") && err.contains("shop.yaml:4:14"),
        "{err}"
    );

    let (code, out, err) = lint(&[file, "--output", "json"]);
    assert_eq!((code, err.as_str()), (1, ""));
    let first: serde_json::Value = serde_json::from_str(out.lines().next().unwrap()).unwrap();
    assert_eq!(first["rule"], "missing-field");
    assert_eq!(first["severity"], "error");
    assert_eq!((&first["line"], &first["column"]), (&4.into(), &14.into()));
    assert_eq!(first["pointer"], "/paths/~1things/get");
    assert!(first["help"].as_str().is_some_and(|help| !help.is_empty()));
}

const IN_VAIN: &str = "\
# Ours.
openapi: 3.0.3
info: { title: Shop, version: '1' }
servers:
  - url: https://shop.invalid
security:
  - key: []
x-rate-limit: { requests: 5, window: 60, lockout: 30 }
paths: {}
components:
  securitySchemes:
    key: { type: apiKey, in: header, name: X-Key }
  schemas:
    Level:
      type: integer
      # Why not?
      minLength: 1 # it has no length
      enum: [1, 2, 1] # three of them
";

#[test]
fn what_is_in_vain_is_taken_out_and_shown() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.yaml");
    std::fs::write(&path, IN_VAIN).unwrap();
    let file = path.to_str().unwrap();
    let (code, _, err) = lint(&[file]);
    assert_eq!(code, 1);
    let advice = "2 errors; `cargo xtask lint --fix` solves 2 of them";
    assert!(err.contains(advice), "{err}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), IN_VAIN);

    let (code, out, err) = lint(&["--fix", file]);
    assert_eq!((code, err.as_str()), (0, ""));
    for line in [
        "-      minLength: 1 # it has no length",
        "-      enum: [1, 2, 1] # three of them",
        "+      enum: [1, 2] # three of them",
        "Fixed 1 finding of enum-values: takes out values that are null, or that are listed twice",
    ] {
        assert!(out.contains(line), "{out}");
    }
    assert!(
        out.ends_with(&format!("Wrote {file}\n     Checked {file}\n")),
        "{out}"
    );
    let fixed = IN_VAIN.replace("      minLength: 1 # it has no length\n", "");
    let fixed = fixed.replace("2, 1]", "2]");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), fixed);

    // Then there is nothing to do.
    let written = std::fs::metadata(&path).unwrap().modified().unwrap();
    let (code, out, err) = lint(&["--fix", file]);
    assert_eq!(
        (code, out, err),
        (0, format!("     Checked {file}\n"), String::new())
    );
    assert_eq!(
        std::fs::metadata(&path).unwrap().modified().unwrap(),
        written
    );
}

#[cfg(unix)]
#[test]
fn a_fix_keeps_links_and_permissions_and_is_silent_for_programs() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.yaml");
    let link = folder.path().join("link.yaml");
    let text = IN_VAIN.replace("servers:\n  - url: https://shop.invalid\n", "");
    std::fs::write(&path, &text).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
    symlink("shop.yaml", &link).unwrap();
    let (code, out, err) = lint(&["--fix", "--output", "json", link.to_str().unwrap()]);
    assert_eq!((code, err.as_str()), (1, ""));
    // What is left.
    let left: Vec<serde_json::Value> = out
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(left.len(), 1, "{out}");
    assert_eq!(
        (&left[0]["rule"], &left[0]["fixable"]),
        (&"servers".into(), &false.into())
    );
    assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_ne!(std::fs::read_to_string(&path).unwrap(), text);
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o640);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
}

#[test]
fn a_file_that_is_not_there_is_named() {
    for arguments in [
        &["/nowhere/shop.yaml"][..],
        &["--fix", "/nowhere/shop.yaml"],
    ] {
        let (code, out, err) = lint(arguments);
        assert_eq!((code, out.as_str()), (1, ""));
        assert!(
            err.starts_with("error: cannot read /nowhere/shop.yaml: "),
            "{err}"
        );
    }
}

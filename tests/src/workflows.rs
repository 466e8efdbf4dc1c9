//! The workflows run pinned code, with no more rights than they need.

use std::fs;
use std::path::Path;

use serde_yaml::Value;

fn workflows() -> Vec<(String, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.github/workflows");
    let entries = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let workflows = entries.map(|path| {
        let text = fs::read_to_string(&path).unwrap();
        (
            path.display().to_string(),
            serde_yaml::from_str(&text).unwrap(),
        )
    });
    workflows.collect()
}

#[test]
fn actions_are_pinned_and_tokens_can_do_little() {
    let workflows = workflows();
    assert!(workflows.len() > 1);
    for (path, workflow) in workflows {
        let mut rights = workflow["permissions"].as_mapping().unwrap().values();
        assert!(rights.all(|right| right == "read"), "{path}");
        for (name, job) in workflow["jobs"].as_mapping().unwrap() {
            let steps = job["steps"].as_sequence().unwrap();
            let uses: Vec<&str> = steps
                .iter()
                .filter_map(|step| step["uses"].as_str())
                .collect();
            for action in &uses {
                let (_, commit) = action.split_once('@').unwrap();
                let is_commit = commit.len() == 40 && commit.chars().all(|c| c.is_ascii_hexdigit());
                assert!(is_commit, "{path}: {action}");
            }
            // What may write runs nothing of the repository.
            let rights = job["permissions"].as_mapping();
            let mut rights = rights.into_iter().flat_map(|rights| rights.values());
            assert!(
                uses.is_empty() || rights.all(|right| right == "read"),
                "{path}: {name:?}"
            );
        }
        let text = serde_yaml::to_string(&workflow).unwrap();
        assert!(!text.contains("secrets."), "{path}");
        assert!(
            workflow["on"].get("pull_request_target").is_none(),
            "{path}"
        );
    }
}

//! The README shows what the quick start prints.

#[allow(
    dead_code,
    reason = "the example has a `main` and a way to the real server"
)]
#[path = "../examples/quickstart.rs"]
mod quickstart;

#[tokio::test]
async fn the_quick_start_prints_what_the_readme_shows() {
    let mut printed = Vec::new();
    quickstart::with_mock_server(&mut printed).await.unwrap();
    let printed = String::from_utf8(printed).unwrap();
    let readme = include_str!("../../README.md");
    let shown = readme
        .split_once("$ cargo run --example quickstart\n")
        .and_then(|(_, rest)| rest.split_once("```"))
        .map(|(shown, _)| shown);
    assert_eq!(shown, Some(printed.as_str()));
}

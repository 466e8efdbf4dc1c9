//! The examples of `spec/README.md`: `cargo xtask codegen` takes its YAML into the
//! made-up client, and this calls it with its Rust.

use rust_decimal::Decimal;
use telesto_fixture_api::{Error, Upload, types};

use crate::support::mock_server;

#[tokio::test]
async fn the_examples_work_as_they_are() -> Result<(), Error> {
    let telesto = mock_server().await;
    let client = telesto.client();
    let mut file = Vec::new();

    // An endpoint.
    let things = client.list_things().await?;
    let change = types::ThingChange::builder().name("Gadget");
    let thing = client.update_thing().thing_id("1").body(change).await?;
    assert_eq!((&*things[0].id, things[0].name.as_deref()), ("1", None));
    assert_eq!(thing.name.as_deref(), Some("Widget"));

    // Query parameters and headers.
    let call = client.search_things().changed_since("2024-01-15");
    let call = call.status(["new", "sold"]).label(["a", "b"]);
    let found = call.x_shop("north").await?;
    assert_eq!(found.len(), 1);

    // Deleting.
    client.delete_draft().draft_id("7").await?;

    // A form, an enum, `allOf` and a map.
    let form = types::NewDraft::builder().name("First").due("2024-01-31");
    let draft = client.create_draft().body(form).await?;
    let is_open = draft.state == Some(types::DraftState::Open);
    let retail = draft.prices.get("retail");
    assert!(is_open);
    assert_eq!(retail, Some(&Decimal::new(1250, 2)));

    // A form with a file. It is read when the form is sent, here of another one.
    let photo = Upload::file("photos/front.jpg");
    assert!(format!("{photo:?}").contains("front.jpg"));
    let photo = Upload::file(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"));
    let form = types::PhotographDraftBody::builder().photo(photo);
    client.photograph_draft().draft_id("7").body(form).await?;

    // One of several schemas.
    let kit = client.get_kit().kit_id("7").await?.into_inner();
    let mut names = Vec::new();
    for part in &kit.parts {
        let shown = match part {
            types::Part::Screw(screw) => format!("a screw: {:?}", screw.thread),
            types::Part::Board(board) => format!("a board: {:?}", board.width),
            other => format!("something new: {other:?}"),
        };
        names.push(shown);
    }
    assert_eq!(names[0], "a board: Some(0.25)");
    assert!(matches!(kit.parts[1], types::Part::Unknown(_)));
    assert_eq!(kit.due, Some(types::Due::Text("soon".to_owned())));

    // Bytes.
    let pdf = client.get_draft_pdf().draft_id("7").await?.into_inner();
    let size = pdf.write_to(&mut file).await?;
    assert!(size > 0 && file.starts_with(b"%PDF"));

    let requests = telesto.server.requests();
    let search = &requests[2];
    assert_eq!(
        search.path_and_query,
        "/v9/things/search?changed_since=2024-01-15&label%5B%5D=a&label%5B%5D=b\
         &status=new&status=sold"
    );
    let shop = ("x-shop".to_owned(), "north".to_owned());
    assert!(search.headers.contains(&shop), "{:?}", search.headers);
    assert_eq!(requests[4].body, "name=First&due=2024-01-31");
    Ok(())
}

#[test]
fn the_examples_are_the_ones_that_were_called() {
    let readme = include_str!("../../spec/README.md");
    let called = include_str!("spec_readme.rs");
    let called: Vec<&str> = called.lines().map(str::trim).collect();
    let blocks = readme.split("```rust\n").skip(1);
    let shown: Vec<&str> = blocks
        .filter_map(|block| block.split_once("```"))
        .flat_map(|(block, _)| block.lines().map(str::trim))
        .collect();
    assert!(shown.len() >= 12);
    for line in shown {
        assert!(called.contains(&line), "not called: {line}");
    }
}

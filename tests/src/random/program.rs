//! The program that calls every operation of a random document: a crate of its
//! own, around the generated client.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use telesto_gen::{Document, Target};

use super::dice::Dice;
use super::document::{Group, Returns, document};
use super::schema::Schema;
use super::value::Values;

/// How many times each operation is called.
const CALLS: usize = 6;

/// Builds the program in `folder`, and runs it. The error says what failed.
pub(super) fn run(folder: &Path, groups: &[Group], dice: &mut Dice) -> Result<(), String> {
    write(folder, groups)?;
    let plan: Vec<Value> = groups
        .iter()
        .flat_map(|group| (0..CALLS).map(|_| call(group, dice)).collect::<Vec<_>>())
        .collect();
    let plan = serde_json::to_string_pretty(&plan).unwrap();
    fs::write(folder.join("plan.json"), plan).unwrap();
    let mut cargo = Command::new(env!("CARGO"));
    cargo
        .args(["run", "--quiet", "--offline"])
        .current_dir(folder)
        .env("CARGO_TARGET_DIR", target())
        .env("RUSTFLAGS", "-D warnings -C debuginfo=0");
    let output = cargo.output().unwrap();
    match output.status.success() {
        true => Ok(()),
        false => Err(format!(
            "{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        )),
    }
}

fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap().to_owned()
}

/// Where its dependencies are built.
fn target() -> PathBuf {
    // This program is in `target/debug/deps`.
    let here = std::env::current_exe().unwrap();
    here.ancestors().nth(3).unwrap().join("random")
}

/// Writes the crate: the source of `telesto-api` around the client.
fn write(folder: &Path, groups: &[Group]) -> Result<(), String> {
    let root = root();
    copy(&root.join("telesto-api/src"), &folder.join("src"));
    let text = document(groups);
    fs::write(folder.join("document.json"), &text).unwrap();
    let document = Document::parse("document.json", text).map_err(|found| found.to_string())?;
    let target = Target::new("random_api", folder.join("src/generated"));
    let generated = telesto_gen::generate(&document, &target).map_err(|e| e.to_string())?;
    for file in generated.files {
        fs::write(file.path, file.text).unwrap();
    }
    fs::write(folder.join("src/main.rs"), main(groups)).unwrap();
    fs::write(folder.join("README.md"), "A random API.").unwrap();
    fs::copy(root.join("Cargo.lock"), folder.join("Cargo.lock")).unwrap();
    fs::write(folder.join("Cargo.toml"), manifest(&root)).unwrap();
    Ok(())
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
    let (_, dependencies) = api.split_once("[dependencies]").unwrap();
    let (dependencies, _) = dependencies.split_once("[dev-dependencies]").unwrap();
    format!(
        "[workspace]\nresolver = \"3\"\n[workspace.package]{shared}\n\
         [package]\nname = \"random-api\"\nversion = \"0.0.0\"\nedition.workspace = true\n\
         [lints.rust]\nunexpected_cfgs = {{ level = \"warn\", check-cfg = ['cfg(telesto_fixture)'] }}\n\
         [features]\nhttpmock = [\"dep:httpmock\", \"dep:regex\"]\ndefault = [\"httpmock\"]\n\
         [dependencies]\ntelesto-mock.workspace = true\n{}",
        dependencies.replace(
            "tokio = { workspace = true, features = [",
            "tokio = { workspace = true, features = [\"rt-multi-thread\", "
        )
    )
}

/// A call: what it sends, what comes back, and what is expected of both.
fn call(group: &Group, dice: &mut Dice) -> Value {
    let mut parameters = Vec::new();
    for parameter in &group.parameters {
        let mut values = Values {
            dice,
            components: &group.components,
            unknown: None,
        };
        // Optional ones may be left out.
        if !parameter.required && values.dice.once_in(3) {
            continue;
        }
        let read = match &parameter.schema {
            Schema::List(items) => {
                let count = 1 + values.dice.below(3);
                let read = (0..count).map(|_| plain(&mut values, items));
                read.collect::<Value>()
            }
            schema => plain(&mut values, schema),
        };
        parameters.push(json!({
            "name": parameter.name, "setter": parameter.setter, "in": parameter.place,
            "value": read,
        }));
    }
    let body = group
        .body
        .as_ref()
        .filter(|body| body.required || !dice.once_in(3));
    let body = body.map(|body| {
        let mut values = Values {
            dice,
            components: &group.components,
            unknown: None,
        };
        let sample = values.of(&body.schema, 0);
        json!({"form": body.is_form, "from": sample.wire, "sent": sample.read})
    });
    let mut values = Values {
        dice,
        components: &group.components,
        unknown: Some(Vec::new()),
    };
    let response = values.of(&group.response, 0);
    let read = response
        .read
        .unwrap_or_else(|| values.nothing(&group.response));
    // Some were replaced by others.
    let text = response.wire.to_string();
    let unknown = values.unknown.unwrap_or_default().into_iter();
    let unknown: Vec<String> = unknown
        .filter(|value| text.contains(value.as_str()))
        .collect();
    json!({
        "id": group.id,
        "parameters": parameters,
        "body": body,
        "returns": format!("{:?}", group.returns),
        "response": response.wire,
        "read": read,
        "unknown": unknown,
    })
}

/// A value of a parameter, which goes into a header and a path, too.
fn plain(values: &mut Values<'_, '_>, schema: &Schema) -> Value {
    match schema {
        Schema::Text(_) => format!("t {}/ä", values.dice.below(100))
            .replace('ä', "a")
            .into(),
        schema => values.of(schema, 0).read.unwrap_or_default(),
    }
}

/// The source of the program.
fn main(groups: &[Group]) -> String {
    let mut arms = String::new();
    for group in groups {
        let mut code = format!("let call = client.{}();\n", group.id);
        for parameter in &group.parameters {
            let (name, setter) = (parameter.name, parameter.setter);
            let (schema, list) = match &parameter.schema {
                Schema::List(items) => (&**items, true),
                schema => (schema, false),
            };
            let get = match (schema, list) {
                (Schema::Integer(_), false) => "v.as_i64().unwrap()",
                (Schema::Boolean, false) => "v.as_bool().unwrap()",
                (Schema::Number, false) => "v.as_f64().unwrap()",
                (_, false) => "v.as_str().unwrap()",
                (Schema::Integer(_), true) => "&list(v, |v| v.as_i64().unwrap())[..]",
                (Schema::Boolean, true) => "&list(v, |v| v.as_bool().unwrap())[..]",
                (Schema::Number, true) => "&list(v, |v| v.as_f64().unwrap())[..]",
                (_, true) => "&list(v, |v| v.as_str().unwrap())[..]",
            };
            let _ = writeln!(
                code,
                "let call = match plan.parameter({name:?}) {{ Some(v) => call.{setter}({get}), \
                 None => call }};"
            );
        }
        if let Some(body) = &group.body {
            let name = &body.name;
            let _ = writeln!(
                code,
                "let call = match plan.has_body() {{\n\
                 true => call.body(plan.body::<random_api::types::{name}>()?),\n\
                 false => call,\n}};"
            );
        }
        let read = match group.returns {
            Returns::Json => "plan.received(&r)",
            Returns::Text => "plan.text(r).await",
            Returns::Nothing => "Ok(r)",
        };
        let _ = writeln!(
            arms,
            "{:?} => {{ {code} let r = call.await.map_err(|e| e.to_string())?.into_inner(); {read} }}",
            group.id
        );
    }
    include_str!("main.rs.in").replace("ARMS", &arms)
}

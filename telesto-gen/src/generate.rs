//! The path of a spec edit: from a document to the generated files.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use openapiv3::OpenAPI;
use proc_macro2::TokenStream;
use quote::quote;

use crate::document::{Document, join};
use crate::facts::Facts;
use crate::finding::{Findings, Severity};
use crate::names::pascal;
use crate::progenitor::Mocks;
use crate::spec::types::Types;
use crate::spec::{Spec, component_name};
use crate::surface::Surface;
use crate::{descriptions, fixup, lint, operations, progenitor, refine, render};

/// A crate that a client is generated for.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Target {
    /// The name of the crate in code.
    pub crate_name: String,
    /// The folder of the generated modules. It holds nothing else.
    pub folder: PathBuf,
}

impl Target {
    /// The crate `crate_name`, whose generated modules are in `folder`.
    pub fn new(crate_name: impl Into<String>, folder: impl Into<PathBuf>) -> Self {
        Self {
            crate_name: crate_name.into(),
            folder: folder.into(),
        }
    }
}

/// A generated file.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct GeneratedFile {
    /// Its path.
    pub path: PathBuf,
    /// Its content.
    pub text: String,
}

/// What was generated from a document.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Generated {
    /// The files, sorted by their paths.
    pub files: Vec<GeneratedFile>,
    /// The warnings of the lint.
    pub warnings: Findings,
    /// The fix-ups and refinements, and how often each applied.
    pub applied: Vec<(&'static str, usize)>,
    /// How many operations the client has.
    pub operations: usize,
    /// How long each step took, in the order of the steps.
    pub stages: Vec<(&'static str, Duration)>,
}

/// Measures how long each step takes.
struct Watch {
    since: Instant,
    stages: Vec<(&'static str, Duration)>,
}

impl Watch {
    fn start() -> Self {
        Self {
            since: Instant::now(),
            stages: Vec::new(),
        }
    }

    /// Records the end of the step `name`.
    fn done(&mut self, name: &'static str) {
        let now = Instant::now();
        self.stages.push((name, now - self.since));
        self.since = now;
    }
}

/// Generates the client of a document.
///
/// # Errors
///
/// The findings of the lint, if one of them is an error; or a finding about the
/// operation that progenitor fails on.
pub fn generate(document: &Document, target: &Target) -> Result<Generated, Findings> {
    let mut watch = Watch::start();
    let spec = Spec::of(document);
    let warnings = checked(&spec)?;
    watch.done("lint");
    let refined = Refined::of(&spec, &target.crate_name, watch)?;
    refined.generated(document, target, warnings)
}

/// What the client of a document offers.
///
/// # Errors
///
/// As [`generate`].
pub fn surface(document: &Document) -> Result<Surface, Findings> {
    let spec = Spec::of(document);
    checked(&spec)?;
    surface_of(&spec)
}

/// What the client of a document without errors offers.
pub(crate) fn surface_of(spec: &Spec<'_>) -> Result<Surface, Findings> {
    let refined = Refined::of(spec, "telesto_api", Watch::start())?;
    Ok(Surface::of(&refined.client, spec))
}

/// The findings of the lint, if all of them are warnings.
pub(crate) fn checked(spec: &Spec<'_>) -> Result<Findings, Findings> {
    let findings = lint::check(spec);
    match findings.has_errors() {
        true => Err(findings),
        false => Ok(findings),
    }
}

/// The client of a document, before it is written.
struct Refined {
    client: syn::File,
    /// What progenitor has made it of.
    api: OpenAPI,
    mocks: Mocks,
    facts: Facts,
    applied: Vec<(&'static str, usize)>,
    watch: Watch,
}

impl Refined {
    fn of(spec: &Spec<'_>, crate_name: &str, mut watch: Watch) -> Result<Self, Findings> {
        let document = spec.document;
        let mut api = document.to_api()?;
        let described = descriptions::apply(&mut api);
        // Before the fix-ups: what they drop is documented, too.
        let facts = Facts::of(spec, crate_name);
        let mut applied = vec![("descriptions", described)];
        applied.extend(fixup::apply(&mut api, &facts.unions, &facts.files));
        watch.done("fixup");
        let (client, mocks) =
            progenitor::client(&api).map_err(|failure| not_supported(document, &failure))?;
        watch.done("progenitor");
        let internal = |reason| internal(document, reason);
        let client = refine::objects::without_builders(client);
        let mut client = tree(client).map_err(internal)?;
        watch.done("parse");
        let collisions = refine::collisions::find(&mut client).map_err(internal)?;
        if !collisions.is_empty() {
            return Err(several_of_a_name(document, spec, &collisions));
        }
        let empty = refine::collisions::without_values(&mut client).map_err(internal)?;
        if !empty.is_empty() {
            return Err(without_values(document, spec, &empty));
        }
        for pass in refine::PASSES {
            let times = pass
                .apply(&mut client, &facts)
                .map_err(|reason| internal(format!("{}: {reason}", pass.name)))?;
            applied.push((pass.name, times));
            watch.done(pass.name);
        }
        Ok(Self {
            client,
            api,
            mocks,
            facts,
            applied,
            watch,
        })
    }

    /// Writes it out, with all that is beside it.
    fn generated(
        self,
        document: &Document,
        target: &Target,
        warnings: Findings,
    ) -> Result<Generated, Findings> {
        let Self {
            client,
            api,
            mocks,
            facts,
            mut applied,
            mut watch,
        } = self;
        let internal = |reason| internal(document, reason);
        let root = tree(root()).map_err(internal)?;
        // One syntax tree at a time: each takes many times the memory of its text.
        let file = |name: &str, tree: syn::File| GeneratedFile {
            path: target.folder.join(name),
            text: render::rust(&tree, document.path()),
        };
        let client = file("client.rs", client);
        watch.done("render");

        let table = operations::module(&facts, &client.text).map_err(internal)?;
        let table = tree(table).map_err(internal)?;
        watch.done("operations");

        let mocks = mocks.tokens(&api);
        let mocks = mocks.map_err(|failure| not_supported(document, &failure))?;
        let mut mocks = tree(mocks).map_err(internal)?;
        let times = refine::mocks::refine(&mut mocks, &facts)
            .map_err(|reason| internal(format!("mocks: {reason}")))?;
        applied.push(("mocks", times));
        let mocks = file("httpmock.rs", mocks);
        watch.done("mocks");

        Ok(Generated {
            files: vec![client, mocks, file("mod.rs", root), file("spec.rs", table)],
            warnings,
            applied,
            operations: facts.operations.len(),
            stages: watch.stages,
        })
    }
}

fn tree(code: TokenStream) -> Result<syn::File, String> {
    syn::parse2(code).map_err(|error| error.to_string())
}

/// A finding about the generator itself.
fn internal(document: &Document, reason: String) -> Findings {
    document.findings(vec![document.finding(
        "",
        "generator",
        Severity::Error,
        format!("unexpected output of progenitor: {reason}"),
        "this is a bug in telesto-gen, not in the spec: see telesto-gen/src/refine",
    )])
}

/// A copy of the document, for a crate that embeds it.
#[must_use]
pub fn embed(document: &Document, path: &Path) -> GeneratedFile {
    GeneratedFile {
        path: path.to_owned(),
        text: render::yaml(document.text(), document.path()),
    }
}

/// The root of the generated modules.
fn root() -> TokenStream {
    quote! {
        #![allow(
            deprecated,
            missing_docs,
            unreachable_pub,
            unused_imports,
            rustdoc::all,
            clippy::all,
            clippy::allow_attributes_without_reason,
            reason = "machine-written, and documented by the spec"
        )]

        mod client;
        #[cfg(feature = "httpmock")]
        pub(crate) mod httpmock;
        pub(crate) mod spec;

        pub use self::client::{Client, builder, types};
    }
}

/// Findings about schemas whose types have the same name.
fn several_of_a_name(document: &Document, spec: &Spec<'_>, names: &BTreeSet<String>) -> Findings {
    about_types(document, spec, names, |name, is_component| {
        let message = format!("a nested schema is named `{name}` in Rust, too");
        let help = match is_component {
            true => "rename this schema, or move the nested one to `components/schemas`",
            false => "move the nested schemas to `components/schemas`, with names of their own",
        };
        ("schema-name", message, help)
    })
}

/// Findings about schemas that no value fits.
fn without_values(document: &Document, spec: &Spec<'_>, names: &BTreeSet<String>) -> Findings {
    about_types(document, spec, names, |name, _| {
        let message = format!("no value fits the schema of the type `{name}`");
        let help = "look for parts of an `allOf` that ask for different things";
        ("unsupported-schema", message, help)
    })
}

/// The rule, the message and the help for the name of a type; whether it is that
/// of a component.
type About = fn(&str, bool) -> (&'static str, String, &'static str);

fn about_types(
    document: &Document,
    spec: &Spec<'_>,
    names: &BTreeSet<String>,
    about: About,
) -> Findings {
    let types = Types::of(spec);
    let findings = names.iter().map(|name| {
        let pointer = types.place(name).unwrap_or_default();
        let component = component_name(pointer).filter(|schema| pascal(schema) == *name);
        let (rule, message, help) = about(name, component.is_some());
        document.finding_at_key(pointer, rule, Severity::Error, message, help.to_owned())
    });
    document.findings(findings.collect())
}

fn not_supported(document: &Document, failure: &progenitor::Failure) -> Findings {
    let place = failure.operation.as_ref().and_then(|id| {
        let operations = document.api().ok()?.operations();
        operations
            .filter(|(_, _, operation)| operation.operation_id.as_ref() == Some(id))
            .map(|(path, method, _)| format!("{}/{method}", join("/paths", path)))
            .next()
    });
    let subject = match &failure.operation {
        Some(id) => format!("`{id}`"),
        None => "the document".to_owned(),
    };
    document.findings(vec![document.finding(
        &place.unwrap_or_default(),
        "progenitor",
        Severity::Error,
        format!("cannot generate a client for {subject}: {}", failure.reason),
        "simplify the operation, or remove it and call it with `client.request`",
    )])
}

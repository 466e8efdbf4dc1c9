//! Runs progenitor: its settings, and what happens when it panics.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

use openapiv3::{OpenAPI, StatusCode};
use proc_macro2::TokenStream;
use progenitor_impl::{GenerationSettings, Generator, HooksMode, InterfaceStyle, TypeImpl};
use quote::quote;
use schemars::schema::{InstanceType, SchemaObject};

use crate::formats::{self, Rust};
use crate::{fixup, schemas};

/// Why progenitor failed.
#[derive(Debug)]
pub(crate) struct Failure {
    /// The operation that it failed on, if it was a single one.
    pub(crate) operation: Option<String>,
    pub(crate) reason: String,
}

/// The generator that has made a client, and makes its mock helpers: they use its types.
pub(crate) struct Mocks(Generator);

/// Generates the client of a document.
pub(crate) fn client(api: &OpenAPI) -> Result<(TokenStream, Mocks), Failure> {
    attempt(api).map_err(|reason| failure(api, reason, |api| attempt(api).map(drop)))
}

impl Mocks {
    /// Generates the mock helpers of the same document.
    pub(crate) fn tokens(self, api: &OpenAPI) -> Result<TokenStream, Failure> {
        self.attempt(api).map_err(|reason| {
            failure(api, reason, |api| {
                let (_, mocks) = attempt(api)?;
                mocks.attempt(api).map(drop)
            })
        })
    }

    fn attempt(mut self, api: &OpenAPI) -> Result<TokenStream, String> {
        let api = with_named_statuses(api);
        quietly(|| self.0.httpmock(&api, "crate").map_err(|e| e.to_string()))
    }
}

/// Tries something with a document.
type Attempt = fn(&OpenAPI) -> Result<(), String>;

/// Finds the operation that something fails on.
fn failure(api: &OpenAPI, reason: String, attempt: Attempt) -> Failure {
    let operations = api.operations();
    let ids: Vec<&str> = operations
        .filter_map(|(_, _, operation)| operation.operation_id.as_deref())
        .collect();
    culprit(api, &ids, attempt).unwrap_or(Failure {
        operation: None,
        reason,
    })
}

/// The operation that fails on its own. Halves are tried: trying each operation
/// takes minutes for a thousand of them.
fn culprit(api: &OpenAPI, ids: &[&str], attempt: Attempt) -> Option<Failure> {
    let reason = attempt(&only(api, ids)).err()?;
    match ids {
        [] => None,
        [id] => Some(Failure {
            operation: Some((*id).to_owned()),
            reason,
        }),
        _ => {
            let (one, other) = ids.split_at(ids.len() / 2);
            culprit(api, one, attempt).or_else(|| culprit(api, other, attempt))
        }
    }
}

fn attempt(api: &OpenAPI) -> Result<(TokenStream, Mocks), String> {
    quietly(|| {
        let mut generator = Generator::new(&settings());
        let client = generator.generate_tokens(api).map_err(|e| e.to_string())?;
        Ok((client, Mocks(generator)))
    })
}

/// The mock helpers are named after the reasons of statuses, and progenitor
/// panics at one without. Such a status is mocked as one of the range.
fn with_named_statuses(api: &OpenAPI) -> OpenAPI {
    let mut api = api.clone();
    for operation in schemas::operations(&mut api) {
        let responses = &mut operation.responses.responses;
        let unnamed: Vec<StatusCode> = responses.keys().filter(is_unnamed).cloned().collect();
        for code in unnamed {
            if let Some(response) = responses.shift_remove(&code) {
                responses.entry(StatusCode::Range(2)).or_insert(response);
            }
        }
    }
    api
}

fn is_unnamed(code: &&StatusCode) -> bool {
    matches!(code, StatusCode::Code(code) if !matches!(code, 200..=208 | 226))
}

fn settings() -> GenerationSettings {
    let mut settings = GenerationSettings::new();
    settings
        .with_interface(InterfaceStyle::Builder)
        .with_hooks(HooksMode::Expected)
        .with_inner_type(quote!(crate::middleware::Middleware))
        .with_map_type("::std::collections::BTreeMap")
        .with_derive("PartialEq");
    let text = |format: &str| SchemaObject {
        instance_type: Some(InstanceType::String.into()),
        format: Some(format.to_owned()),
        ..SchemaObject::default()
    };
    for format in formats::ALL {
        if let Rust::Type(path) = format.rust {
            let implemented = [TypeImpl::Display, TypeImpl::FromStr].into_iter();
            settings.with_conversion(text(format.name), path, implemented);
        }
    }
    settings.with_conversion(text(fixup::FILE), "crate::Upload", [].into_iter());
    settings
}

/// The document with only these operations.
fn only(api: &OpenAPI, ids: &[&str]) -> OpenAPI {
    let mut api = api.clone();
    for slot in schemas::slots(&mut api) {
        slot.take_if(|operation| {
            let id = operation.operation_id.as_deref();
            id.is_none_or(|id| !ids.contains(&id))
        });
    }
    fixup::unreachable_schemas(&mut api);
    api
}

thread_local! {
    /// Whether this thread expects a panic.
    static EXPECTS: Cell<bool> = const { Cell::new(false) };
}

/// Runs code that may panic. A panic becomes an error, and prints nothing: its
/// text would say nothing to a user.
fn quietly<T>(run: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if !EXPECTS.get() {
                usual(panic);
            }
        }));
    });
    EXPECTS.set(true);
    let result = catch_unwind(AssertUnwindSafe(run));
    EXPECTS.set(false);
    result.unwrap_or_else(|_| Err("the generator behind telesto-gen breaks off".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_an_error_that_names_the_operation() {
        let api: OpenAPI = serde_yaml::from_str(
            r#"
openapi: 3.0.3
info: { title: Made up, version: "0" }
paths:
  /good: { get: { operationId: good, responses: { "204": { description: Done. } } } }
  /bad:
    get:
      operationId: bad
      responses: { "200": { description: Done., content: { application/json: {} } } }
"#,
        )
        .unwrap();
        let failure = client(&api).err().unwrap();
        assert_eq!(failure.operation.as_deref(), Some("bad"));
        assert!(failure.reason.contains("breaks off"), "{}", failure.reason);
    }
}

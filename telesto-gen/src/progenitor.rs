//! Runs progenitor: its settings, and what happens when it panics.

use std::any::Any;
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

use openapiv3::OpenAPI;
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

/// The output of progenitor.
pub(crate) struct Tokens {
    pub(crate) client: TokenStream,
    /// The mock helpers.
    pub(crate) mocks: TokenStream,
}

/// Generates the client of a document.
pub(crate) fn client(api: &OpenAPI) -> Result<Tokens, Failure> {
    attempt(api).map_err(|reason| {
        let operations = api.operations();
        let ids: Vec<&str> = operations
            .filter_map(|(_, _, operation)| operation.operation_id.as_deref())
            .collect();
        culprit(api, &ids).unwrap_or(Failure {
            operation: None,
            reason,
        })
    })
}

/// The operation that fails on its own. Halves are tried: trying each operation
/// takes minutes for a thousand of them.
fn culprit(api: &OpenAPI, ids: &[&str]) -> Option<Failure> {
    let reason = attempt(&only(api, ids)).err()?;
    match ids {
        [] => None,
        [id] => Some(Failure {
            operation: Some((*id).to_owned()),
            reason,
        }),
        _ => {
            let (one, other) = ids.split_at(ids.len() / 2);
            culprit(api, one).or_else(|| culprit(api, other))
        }
    }
}

fn attempt(api: &OpenAPI) -> Result<Tokens, String> {
    let text = |error: progenitor_impl::Error| error.to_string();
    quietly(|| {
        // The mocks use the types of the client.
        let mut generator = Generator::new(&settings());
        Ok(Tokens {
            client: generator.generate_tokens(api).map_err(text)?,
            mocks: generator.httpmock(api, "crate").map_err(text)?,
        })
    })
}

fn settings() -> GenerationSettings {
    let mut settings = GenerationSettings::new();
    settings
        .with_interface(InterfaceStyle::Builder)
        .with_hooks(HooksMode::Expected)
        .with_inner_type(quote!(crate::middleware::Middleware))
        .with_map_type("::std::collections::BTreeMap")
        .with_derive("PartialEq");
    for format in formats::ALL {
        if let Rust::Type { path, .. } = format.rust {
            let schema = SchemaObject {
                instance_type: Some(InstanceType::String.into()),
                format: Some(format.name.to_owned()),
                ..SchemaObject::default()
            };
            let implemented = [TypeImpl::Display, TypeImpl::FromStr].into_iter();
            settings.with_conversion(schema, path, implemented);
        }
    }
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
    /// The text of an expected panic of this thread.
    static EXPECTED: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Runs code that may panic. A panic becomes an error, and prints nothing.
fn quietly<T>(run: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            let expected = EXPECTED.with_borrow_mut(|expected| match expected {
                Some(text) => {
                    *text = text_of(panic.payload());
                    true
                }
                None => false,
            });
            if !expected {
                usual(panic);
            }
        }));
    });
    EXPECTED.set(Some(String::new()));
    let result = catch_unwind(AssertUnwindSafe(run));
    let panic = EXPECTED.take().unwrap_or_default();
    result.unwrap_or_else(|_| Err(format!("progenitor panicked: {panic}")))
}

fn text_of(payload: &dyn Any) -> String {
    let text = payload.downcast_ref::<&str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("without a message").to_owned()
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
        assert!(failure.reason.contains("panicked"), "{}", failure.reason);
    }
}

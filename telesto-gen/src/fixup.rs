//! What is changed in a document before progenitor sees it: one function for
//! each defect of that tool, with the reason. Each says how often it applied.

use std::collections::BTreeSet;

use openapiv3::{OpenAPI, Operation, ReferenceOr};
use serde_json::Value;

use crate::facts::is_success;

/// A change to the document that works around a defect.
pub(crate) struct Fixup {
    /// Its name, for the report.
    pub(crate) name: &'static str,
    apply: fn(&mut OpenAPI) -> usize,
}

/// All of them, in the order in which they apply.
pub(crate) const FIXUPS: &[Fixup] = &[
    Fixup {
        name: "error-responses",
        apply: error_responses,
    },
    Fixup {
        name: "unreachable-schemas",
        apply: unreachable_schemas,
    },
];

impl Fixup {
    /// Changes the document, and tells in how many places.
    pub(crate) fn apply(&self, api: &mut OpenAPI) -> usize {
        (self.apply)(api)
    }
}

/// progenitor panics where the errors of an operation have two schemas, makes
/// an error with an HTML body lose its status, and knows only documented
/// statuses. The middle decides on the raw status instead and reads the one
/// envelope that all errors come in, so the generated client has no part in
/// errors.
fn error_responses(api: &mut OpenAPI) -> usize {
    let mut dropped = 0;
    for operation in operations_mut(api) {
        let responses = &mut operation.responses;
        let before = responses.responses.len();
        responses.responses.retain(|code, _| is_success(code));
        dropped += before - responses.responses.len();
        dropped += usize::from(responses.default.take().is_some());
    }
    dropped
}

/// progenitor makes a type of every schema of the components. Those that only
/// errors used would be types that no call returns.
fn unreachable_schemas(api: &mut OpenAPI) -> usize {
    let Ok(document) = serde_json::to_value(&*api) else {
        return 0;
    };
    let mut reached = BTreeSet::new();
    if let Some(paths) = document.get("paths") {
        reach(&document, paths, &mut reached);
    }
    let Some(components) = &mut api.components else {
        return 0;
    };
    let before = components.schemas.len();
    components
        .schemas
        .retain(|name, _| reached.contains(&format!("#/components/schemas/{name}")));
    before - components.schemas.len()
}

/// Follows every reference from `node` on.
fn reach(document: &Value, node: &Value, reached: &mut BTreeSet<String>) {
    match node {
        Value::Object(members) => {
            if let Some(Value::String(reference)) = members.get("$ref")
                && reached.insert(reference.clone())
                && let Some(target) = reference.strip_prefix('#')
                && let Some(target) = document.pointer(target)
            {
                reach(document, target, reached);
            }
            members
                .values()
                .for_each(|member| reach(document, member, reached));
        }
        Value::Array(items) => items.iter().for_each(|item| reach(document, item, reached)),
        _ => {}
    }
}

fn operations_mut(api: &mut OpenAPI) -> impl Iterator<Item = &mut Operation> {
    slots(api).flatten()
}

/// The places where the path items may have an operation.
pub(crate) fn slots(api: &mut OpenAPI) -> impl Iterator<Item = &mut Option<Operation>> {
    let items = api.paths.paths.values_mut().filter_map(|item| match item {
        ReferenceOr::Item(item) => Some(item),
        ReferenceOr::Reference { .. } => None,
    });
    items.flat_map(|item| {
        [
            &mut item.get,
            &mut item.put,
            &mut item.post,
            &mut item.delete,
            &mut item.options,
            &mut item.head,
            &mut item.patch,
            &mut item.trace,
        ]
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const API: &str = r##"
openapi: 3.0.3
info: { title: Made up, version: "0" }
paths:
  /things:
    get:
      responses:
        "200":
          description: The thing.
          content: { application/json: { schema: { $ref: "#/components/schemas/Thing" } } }
        "4XX":
          description: It failed.
          content: { application/json: { schema: { $ref: "#/components/schemas/Failure" } } }
        default: { $ref: "#/components/responses/Failed" }
components:
  responses:
    Failed:
      description: It failed.
      content: { application/json: { schema: { $ref: "#/components/schemas/Failure" } } }
  schemas:
    Thing:
      type: object
      properties: { part: { $ref: "#/components/schemas/Part" } }
    Part: { type: object, properties: { whole: { $ref: "#/components/schemas/Thing" } } }
    Failure: { type: object }
"##;

    #[test]
    fn errors_are_dropped_and_the_types_that_only_they_have() {
        let mut api: OpenAPI = serde_yaml::from_str(API).unwrap();
        assert_eq!(error_responses(&mut api), 2);
        let (_, _, operation) = api.operations().next().unwrap();
        assert_eq!(operation.responses.responses.len(), 1);
        assert_eq!(operation.responses.default, None);

        assert_eq!(unreachable_schemas(&mut api), 1);
        let schemas = api.components.unwrap().schemas;
        assert_eq!(schemas.keys().collect::<Vec<_>>(), ["Thing", "Part"]);
    }
}

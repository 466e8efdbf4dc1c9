//! What is known of an operation of the spec.

use crate::generated::spec::OPERATIONS;

/// An operation of the spec that the client was made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Operation {
    /// The `operationId`, which is the name of its method on
    /// [`Client`](crate::Client).
    pub id: &'static str,
    /// The HTTP method.
    pub method: &'static str,
    /// The template of its path, below the base URL.
    pub path: &'static str,
    /// What it is filed under, if the spec says so: its first tag.
    pub tag: Option<&'static str>,
    /// What a success brings.
    pub returns: Returns,
}

/// What the success of an operation brings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Returns {
    /// A JSON value.
    Json,
    /// Bytes, as they come.
    Bytes,
    /// Nothing.
    Nothing,
}

/// The operations of the spec that the client was made from, sorted by their
/// ids.
///
/// ```
/// for operation in telesto_api::operations() {
///     println!("{} {} is {}", operation.method, operation.path, operation.id);
/// }
/// # assert!(telesto_api::operations().iter().any(|known| known.id == "list_products"));
/// ```
#[must_use]
pub fn operations() -> &'static [Operation] {
    OPERATIONS
}

/// A call on its way through the middle.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Call<'a> {
    /// What errors and spans call it: the `operationId`, if there is one.
    pub(crate) name: &'a str,
    /// The template of its path, if the spec knows one.
    pub(crate) template: Option<&'a str>,
    /// Whether the caller reads the body, as it comes.
    pub(crate) streams: bool,
}

impl From<&Operation> for Call<'_> {
    fn from(operation: &Operation) -> Self {
        Self {
            name: operation.id,
            template: Some(operation.path),
            streams: operation.returns == Returns::Bytes,
        }
    }
}

/// The operation with this id.
pub(crate) fn find(id: &str) -> Option<&'static Operation> {
    let index = OPERATIONS.binary_search_by_key(&id, |operation| operation.id);
    index.ok().map(|index| &OPERATIONS[index])
}

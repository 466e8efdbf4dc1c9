//! What the middle has to know of an operation of the spec.

use crate::generated::spec::OPERATIONS;

/// An operation, as the generator writes it into the table of the spec.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Operation {
    /// The `operationId`.
    pub(crate) id: &'static str,
    /// The template of its path, below the base URL.
    pub(crate) path: &'static str,
    /// What a success brings.
    pub(crate) returns: Returns,
}

/// What a success brings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(
    dead_code,
    reason = "which of them occur depends on the spec that the client is made from"
)]
pub(crate) enum Returns {
    /// A JSON value.
    Json,
    /// Bytes, which are passed on as they come.
    Bytes,
    /// Nothing.
    Nothing,
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

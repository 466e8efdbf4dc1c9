//! The operations of the spec, as data.

use std::time::Duration;

use crate::generated::spec::OPERATIONS;

/// An operation of the spec that the client was generated from.
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
    /// Its tags.
    pub tags: &'static [&'static str],
    /// The media type of the body of a request; `None` if it has no body.
    pub sends: Option<&'static str>,
    /// What a successful call returns.
    pub returns: Returns,
    /// The media types that a successful response may have: none if it has no
    /// body.
    pub media_types: &'static [&'static str],
    /// For how long a response is fresh in a cache; `None` if the spec does not say.
    pub fresh_for: Option<Duration>,
    /// For how much longer it is served if the server cannot be asked; `None` if the
    /// spec does not say.
    pub stale_for: Option<Duration>,
    /// Whether a request may arrive twice, so that it is [sent again](crate::Retry) after
    /// any failure: because of its method, or because the spec says so.
    pub is_idempotent: bool,
}

/// What a successful call of an operation returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Returns {
    /// A JSON value.
    Json,
    /// Bytes, as a stream.
    Bytes,
    /// Nothing.
    Nothing,
}

/// The operations of the spec that the client was generated from, sorted by id.
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

/// A call on its way through the middleware.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Call<'a> {
    /// The name in errors and spans: the `operationId`, if there is one.
    pub(crate) name: &'a str,
    /// The template of its path, if it is in the spec.
    pub(crate) template: Option<&'static str>,
    /// The media type of the body, if the operation has one.
    pub(crate) sends: Option<&'static str>,
    /// What a success is read as.
    pub(crate) returns: Returns,
    /// The media types that a success may have; none if it may have any.
    pub(crate) media_types: &'static [&'static str],
    /// Whether the caller reads the body as a stream.
    pub(crate) streams: bool,
    /// The tags of the operation; none if it is not in the spec.
    #[cfg_attr(
        not(feature = "cache"),
        expect(dead_code, reason = "only a cache asks")
    )]
    pub(crate) tags: &'static [&'static str],
    #[cfg_attr(
        not(feature = "cache"),
        expect(dead_code, reason = "only a cache asks")
    )]
    pub(crate) caching: Caching,
    /// Whether the request may arrive twice.
    pub(crate) is_idempotent: bool,
}

impl Call<'_> {
    /// The same, without a name that lives elsewhere.
    #[cfg(feature = "cache")]
    pub(crate) fn without_name(self) -> Call<'static> {
        let Self {
            name: _,
            template,
            sends,
            returns,
            media_types,
            streams,
            tags,
            caching,
            is_idempotent,
        } = self;
        Call {
            name: "",
            template,
            sends,
            returns,
            media_types,
            streams,
            tags,
            caching,
            is_idempotent,
        }
    }
}

/// For how long the response of a call may be served again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Caching {
    /// Not at all, and not to other calls either.
    Never,
    /// For so long, or as long as the cache of the client says.
    For {
        fresh: Option<Duration>,
        stale: Option<Duration>,
    },
}

impl From<&Operation> for Call<'_> {
    fn from(operation: &Operation) -> Self {
        Self {
            name: operation.id,
            template: Some(operation.path),
            sends: operation.sends,
            returns: operation.returns,
            media_types: operation.media_types,
            streams: operation.returns == Returns::Bytes,
            tags: operation.tags,
            caching: match (operation.method, operation.returns) {
                ("GET", Returns::Json) => Caching::For {
                    fresh: operation.fresh_for,
                    stale: operation.stale_for,
                },
                _ => Caching::Never,
            },
            is_idempotent: operation.is_idempotent,
        }
    }
}

/// The operation with this id.
pub(crate) fn find(id: &str) -> Option<&'static Operation> {
    let index = OPERATIONS.binary_search_by_key(&id, |operation| operation.id);
    index.ok().map(|index| &OPERATIONS[index])
}

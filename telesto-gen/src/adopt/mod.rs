//! Makes a spec of this workspace from a document that somebody else wrote.

use std::fmt;
use std::path::Path;

use crate::document::{Draft, Edits, Node};
use crate::finding::{Finding, Findings};
use crate::spec::RateLimit;

mod correct;
mod forms;
mod leave;
mod queries;
mod settle;
mod titles;
mod untyped;
mod ways;

pub use self::correct::{Corrected, Mistake};
pub use self::leave::{Loss, Lost};
pub use self::settle::Renamed;
pub use self::untyped::{Because, Untyped};

/// What a document may not say, or not in the way that a spec does. What is `None` is as
/// the document says.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// The URL of the server.
    pub server: Option<String>,
    /// The header that the key is sent in.
    pub key_header: Option<String>,
    /// How many requests an address may send.
    pub rate_limit: Option<RateLimit>,
}

/// Something that the document leaves open, so that it has to be in the [`Settings`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Open {
    /// Which of these servers is used.
    Server(Vec<String>),
    /// Which header the key is sent in. These are the security schemes that the document
    /// has.
    KeyHeader(Vec<String>),
    /// How many requests an address may send.
    RateLimit,
    /// Not open, but wrong: the server in the settings.
    InvalidServer(String),
    /// Not open, but wrong: the header in the settings.
    InvalidHeader(String),
}

/// Why nothing becomes of a document.
#[derive(Debug)]
#[non_exhaustive]
pub enum AdoptError {
    /// It cannot be read, or has something wrong that is not in an operation.
    Refused(Findings),
    /// It leaves something open.
    Open(Vec<Open>),
}

impl fmt::Display for AdoptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(findings) => findings.fmt(f),
            Self::Open(open) => write!(f, "the document leaves {} things open", open.len()),
        }
    }
}

impl std::error::Error for AdoptError {}

/// A spec, and what was done for it.
#[derive(Debug)]
#[non_exhaustive]
pub struct Adopted {
    /// The spec, in YAML. It has no errors.
    pub text: String,
    /// Whether layout and comments are those of the document. They are not if that is
    /// JSON, or shares parts by aliases, or paths by references.
    pub keeps_layout: bool,
    /// The URL of the server.
    pub server: String,
    /// The header that the key is sent in.
    pub key_header: String,
    /// How many requests an address may send.
    pub rate_limit: RateLimit,
    /// The operations that got another name.
    pub renamed: Vec<Renamed>,
    /// The operations that are said to succeed with any bytes, since the document says
    /// nothing of a success.
    pub assumed: Vec<String>,
    /// The mistakes that were corrected.
    pub corrected: Vec<Corrected>,
    /// The parameters of paths that the document does not declare, such as
    /// `{id} of /things/{id}`: they are taken as text.
    pub declared: Vec<String>,
    /// How many extensions were taken out that this workspace does not read.
    pub extensions: usize,
    /// What was solved without a loss, as by [`fix`](crate::fix()).
    pub solved: Vec<Finding>,
    /// What is not in the spec.
    pub losses: Vec<Loss>,
    /// What of the client may be anything.
    pub untyped: Vec<Untyped>,
    /// How many operations the document has.
    pub operations: usize,
    /// How many of them are in the spec.
    pub callable: usize,
}

/// The schema of what is sent as text.
fn text() -> Node {
    Node::map([("type", "string".into())])
}

/// A parameter that a request has to have.
fn required_parameter(name: &str, place: &str, schema: Node) -> Node {
    Node::map([
        ("name", name.into()),
        ("in", place.into()),
        ("required", true.into()),
        ("schema", schema),
    ])
}

/// Makes a spec of a document: settles the server, the key and the rate limit, gives the
/// operations names, takes out extensions and all that [`fix`](crate::fix()) takes out, and
/// leaves out what no client can be generated from.
///
/// # Errors
///
/// If the document cannot be read, or leaves open what is not in the settings.
///
/// ```
/// use telesto_gen::{Settings, adopt};
///
/// let text = "openapi: 3.0.3 # of a vendor\n\
///             info: { title: Shop, version: '1' }\n\
///             servers: [{ url: https://shop.example/v1 }]\n\
///             x-rate-limit: { requests: 100, window: 3600, lockout: 900 }\n\
///             paths:\n  \
///               /things:\n    \
///                 get:\n      \
///                   operationId: listThings\n      \
///                   responses: { '204': { description: Done } }\n";
/// let settings = Settings {
///     key_header: Some("X-Key".to_owned()),
///     ..Settings::default()
/// };
/// let adopted = adopt("shop.yaml", text, &settings)?;
/// assert_eq!((adopted.callable, adopted.operations), (1, 1));
/// assert!(adopted.text.starts_with("openapi: 3.0.3 # of a vendor\n"));
/// assert!(adopted.text.contains("operationId: list_things\n"));
/// # Ok::<(), telesto_gen::AdoptError>(())
/// ```
pub fn adopt(
    path: impl AsRef<Path>,
    text: &str,
    settings: &Settings,
) -> Result<Adopted, AdoptError> {
    let path = path.as_ref();
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let draft = Draft::of(path, text.to_owned()).map_err(AdoptError::Refused)?;
    let anew = draft.with_path_items();
    let shares = || settle::shares_operations(draft.root());
    if let Some(anew) = anew.or_else(|| shares().then(|| draft.written_anew())?) {
        // Each of them gets a name of its own.
        let adopted = adopt(path, &anew, settings)?;
        return Ok(Adopted {
            keeps_layout: false,
            ..adopted
        });
    }
    let settled = settle::settle(draft.root(), settings).map_err(AdoptError::Open)?;
    let operations = settled.operations;
    // Only a list can be left with nothing, and the root is none.
    let draft = draft.with(settled.edits).unwrap_or(draft);
    let mut edits = Edits::default();
    let declared = correct::declare(draft.root(), &mut edits);
    let draft = draft.with(edits).unwrap_or(draft);
    let left = leave::leave_out(draft).map_err(AdoptError::Refused)?;
    let document = left.document;
    Ok(Adopted {
        untyped: left.untyped,
        keeps_layout: left.keeps_layout,
        server: settled.server,
        key_header: settled.key_header,
        rate_limit: settled.rate_limit,
        renamed: [settled.renamed, left.renamed].concat(),
        assumed: settled.assumed,
        corrected: settled.corrected,
        declared,
        extensions: settled.extensions,
        solved: left.solved,
        losses: left.losses,
        operations,
        callable: settle::operations(document.root()).len(),
        text: document.text().to_owned(),
    })
}

//! What of a client may be anything, and why.

use serde::Serialize;

use super::{Loss, Lost};
use crate::document::{Data, Node, find, is_within};
use crate::spec::{Found, Spec, Used, media_type, says_nothing, sent_as};
use crate::surface::{ItemKind, Surface};

/// A part of a client whose values may be anything: `serde_json::Value` in Rust.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Untyped {
    /// Its path in the client, such as `types::Item::shape`.
    pub path: String,
    /// What it comes from in the spec, as a JSON pointer.
    pub pointer: Option<String>,
    /// Why it has no type.
    pub because: Because,
}

/// Why a value may be anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Because {
    /// The document does not say what it is, so there is no choice.
    Open,
    /// Its type was left out: it is among the losses.
    Lost,
    /// The client has no type for what the document says.
    Unsupported,
}

const VALUE: &str = "serde_json::Value";

/// All of them, of the spec whose client has this surface.
pub(super) fn untyped(spec: &Spec<'_>, surface: &Surface, losses: &[Loss]) -> Vec<Untyped> {
    // Such as the items of a tuple, of which a list of anything is left.
    let fields = |loss: &&Loss| matches!(loss.lost, Lost::Type | Lost::Field);
    let lost = losses
        .iter()
        .filter(fields)
        .map(|loss| loss.pointer.as_str());
    let lost: Vec<&str> = lost.collect();
    let items = surface.iter().filter(|(path, item)| {
        let is_value = match item.kind {
            // What fits none of the alternatives is kept, whatever it is.
            ItemKind::Variant if path.ends_with("::Unknown") => false,
            ItemKind::Field | ItemKind::Variant => path.starts_with("types::"),
            ItemKind::Method => path.starts_with("builder::"),
            _ => false,
        };
        is_value && item.signature.contains(VALUE)
    });
    let untyped = items.map(|(path, item)| Untyped {
        path: path.to_owned(),
        because: because(spec, &lost, path, item.origin.as_deref()),
        pointer: item.origin.clone(),
    });
    untyped.collect()
}

fn because(spec: &Spec<'_>, lost: &[&str], path: &str, origin: Option<&str>) -> Because {
    let Some(origin) = origin else {
        return Because::Unsupported;
    };
    if lost.iter().any(|lost| is_within(lost, origin)) {
        return Because::Lost;
    }
    let schemas = match path.starts_with("builder::") {
        true => bodies(spec, origin),
        false => {
            let target = find(spec.document.root(), origin);
            spec.resolve(target.node, origin).into_iter().collect()
        }
    };
    match schemas.iter().any(|schema| is_open(spec, schema, 0)) {
        true => Because::Open,
        false => Because::Unsupported,
    }
}

/// The schemas of what an operation sends, or receives.
fn bodies<'a>(spec: &Spec<'a>, origin: &str) -> Vec<Found<'a>> {
    let mut operations = spec.operations.iter();
    let Some(operation) = operations.find(|operation| origin.starts_with(&operation.pointer))
    else {
        return Vec::new();
    };
    let (holders, used): (Vec<Found<'a>>, Used) = match origin.ends_with("/requestBody") {
        true => (spec.request_body(operation).into_iter().collect(), sent_as),
        false => {
            let successes = spec.successes(operation).into_iter();
            (successes.map(|(_, success)| success).collect(), media_type)
        }
    };
    let schemas = holders.iter().filter_map(|holder| {
        let (_, media) = spec.media(holder, used)?;
        spec.field(&media, "schema")
    });
    schemas.collect()
}

/// How deep values within values are looked at.
const DEEPEST: usize = 8;

/// Whether a schema, or one of the values in what it describes, may be anything.
fn is_open(spec: &Spec<'_>, schema: &Found<'_>, depth: usize) -> bool {
    if depth > DEEPEST {
        return false;
    }
    let schema = spec.unwrapped(schema);
    let within = |key| {
        let found = spec.field(&schema, key);
        found.is_some_and(|found| is_open(spec, &found, depth + 1))
    };
    let mut parts = ["oneOf", "anyOf", "allOf"]
        .into_iter()
        .flat_map(|key| spec.parts(&schema, key));
    let rest = schema.node.get("additionalProperties");
    let is_any = rest.is_some_and(|rest| rest.data == Data::Flag(true));
    let properties = schema.node.get("properties").map_or(&[][..], Node::entries);
    says_nothing(schema.node)
        || is_any
        || within("items")
        || within("additionalProperties")
        || (schema.node.text_of("type") == Some("object")
            && properties.is_empty()
            && rest.is_none()
            && schema.node.get("allOf").is_none())
        || parts.any(|part| is_open(spec, &part, depth + 1))
}

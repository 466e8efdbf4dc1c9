//! How the values of parameters are written.

use super::alternatives::{DEEPEST, KEYWORDS};
use super::{Found, Parameter, Spec};
use crate::document::{Data, Node};
use crate::formats::is_plain;
use crate::names;

impl<'a> Parameter<'a> {
    /// What a list is joined with into one value; `None` if each of its items is a value
    /// of its own.
    #[must_use]
    pub fn joined_by(&self, spec: &Spec<'a>) -> Option<&'static str> {
        let schema = spec.field(&self.found, "schema")?;
        let is_list = spec.unwrapped(&schema).node.text_of("type") == Some("array");
        joined_by(self.found.node).filter(|_| is_list && self.place == "query")
    }
}

/// The parameters of an operation, each with its setter if that is not the usual one.
pub(crate) fn with_other_setters<'p, 'a>(
    parameters: &'p [Parameter<'a>],
) -> impl Iterator<Item = (&'p Parameter<'a>, Option<String>)> {
    let named = parameters.iter().map(|p| (p.name, p.place == "path"));
    let others = names::other_setters(&named.collect::<Vec<_>>());
    parameters.iter().zip(others)
}

/// What the lists of a query parameter are joined with.
fn joined_by(parameter: &Node) -> Option<&'static str> {
    let explode = parameter.get("explode").map(|explode| &explode.data);
    let (by, by_default) = match parameter.text_of("style") {
        None | Some("form") => (",", false),
        Some("pipeDelimited") => ("|", true),
        Some("spaceDelimited") => (" ", true),
        _ => return None,
    };
    let is_joined = match explode {
        Some(Data::Flag(explode)) => !explode,
        _ => by_default,
    };
    is_joined.then_some(by)
}

impl<'a> Spec<'a> {
    /// Whether a schema is one of several of plain values, which are all text in a
    /// parameter.
    pub(crate) fn is_choice(&self, schema: &Found<'a>) -> bool {
        self.is_choice_of(schema, None, 0)
    }

    fn is_choice_of(&self, schema: &Found<'a>, outer: Option<&str>, depth: usize) -> bool {
        let schema = self.unwrapped(schema);
        let typ = schema.node.text_of("type").or(outer);
        if typ.is_some_and(|typ| !is_plain(typ)) || depth > DEEPEST {
            return false;
        }
        let mut keywords = KEYWORDS.into_iter();
        let Some(keyword) = keywords.find(|key| schema.node.get(key).is_some()) else {
            // One of the alternatives.
            return depth > 0 && typ.is_some();
        };
        let mut parts = self.parts(&schema, keyword).peekable();
        parts.peek().is_some() && parts.all(|part| self.is_choice_of(&part, typ, depth + 1))
    }
}

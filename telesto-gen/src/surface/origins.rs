//! What of the document each item of a client was made from.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};

use super::SurfaceItem;
use crate::document::{Node, join};
use crate::names::{pascal, setter, snake};
use crate::spec::parameters::with_other_setters;
use crate::spec::types::Types;
use crate::spec::{Found, Operation, Spec};

/// Adds the origin of each item that has one.
pub(super) fn add(spec: &Spec<'_>, items: &mut BTreeMap<String, SurfaceItem>) {
    let origins = Origins::of(spec);
    let mut members = HashMap::new();
    for (path, item) in &mut *items {
        item.origin = origins.of_item(path, item);
        item.wire_name = item.wire_name.take().or_else(|| origins.sent_as(path));
        if let (Some(origin), Some(_)) = (&item.origin, &item.wire_name) {
            members.insert(path.clone(), origin.clone());
        }
    }
    // The setter of a field.
    for (path, item) in items {
        if let Some(setter) = path.strip_prefix(BUILDERS) {
            let field = format!("{TYPES}{}", setter.trim_end_matches("()"));
            item.origin = members.remove(&field).or(item.origin.take());
        }
    }
}

const TYPES: &str = "types::";
const BUILDERS: &str = "types::builder::";

/// A parameter.
struct Sent {
    /// Its position in the list of parameters.
    mention: String,
    /// Its name on the wire. The case of headers does not matter.
    name: String,
}

struct Origins<'s, 'a> {
    spec: &'s Spec<'a>,
    types: Types<'s, 'a>,
    /// By the names of their methods and of their builders.
    operations: HashMap<String, &'s Operation<'a>>,
    /// The parameters of each operation, by the pointer of the operation and by their
    /// setters.
    parameters: HashMap<&'s str, HashMap<String, Sent>>,
    /// The places of the values of enums, by the pointers of their schemas.
    values: RefCell<HashMap<String, HashMap<&'a str, usize>>>,
}

impl<'s, 'a> Origins<'s, 'a> {
    fn of(spec: &'s Spec<'a>) -> Self {
        let operations = spec.operations.iter();
        let named = operations.clone();
        let named = named.filter_map(|operation| Some((operation.id()?, operation)));
        let parameters = operations.map(|operation| {
            let parameters = spec.parameters(operation);
            let set = with_other_setters(&parameters).map(|(parameter, other)| {
                let setter = other.unwrap_or_else(|| setter(parameter.name));
                let setter = setter.trim_matches('_').to_owned();
                let name = match parameter.place {
                    "header" => parameter.name.to_ascii_lowercase(),
                    _ => parameter.name.to_owned(),
                };
                let mention = parameter.mention.clone();
                (setter, Sent { mention, name })
            });
            (operation.pointer.as_str(), set.collect())
        });
        Self {
            spec,
            parameters: parameters.collect(),
            values: RefCell::default(),
            types: Types::of(spec),
            operations: named
                .flat_map(|(id, operation)| [(snake(id), operation), (pascal(id), operation)])
                .collect(),
        }
    }

    fn of_item(&self, path: &str, item: &SurfaceItem) -> Option<String> {
        let path = path.split_once(": ").map_or(path, |(path, _)| path);
        if let Some(path) = path.strip_prefix(BUILDERS).or(path.strip_prefix(TYPES)) {
            let (name, member) = split(path);
            let schema = self.types.known.get(name)?;
            let of_member = || self.of_member(schema, member?, item);
            return of_member().or(Some(schema.pointer.clone()));
        }
        if let Some(path) = path.strip_prefix("builder::") {
            let (name, member) = split(path);
            let operation = self.operations.get(name)?;
            let of_setter = || self.of_setter(operation, member?);
            return of_setter().or(Some(operation.pointer.clone()));
        }
        let method = path.strip_prefix("Client::")?.trim_end_matches("()");
        Some(self.operations.get(method)?.pointer.clone())
    }

    /// A field or a variant of the type of a schema.
    fn of_member(&self, schema: &Found<'a>, member: &str, item: &SurfaceItem) -> Option<String> {
        let found = self.spec.resolve(schema.node, &schema.pointer)?;
        let mut unions = self.spec.unions.iter();
        let union = unions.find(|union| union.pointer == found.pointer);
        if let Some(union) = union.filter(|union| !union.alternatives.is_empty()) {
            let mut alternatives = union.alternatives.iter();
            let alternative = alternatives.find(|alternative| alternative.name == member)?;
            return Some(alternative.pointer.clone());
        }
        let listed = found.node.get("enum").map_or(&[][..], Node::items);
        if !listed.is_empty() {
            let value = item.wire_name.as_deref().unwrap_or(member);
            let mut known = self.values.borrow_mut();
            let places = known.entry(found.pointer.clone()).or_insert_with(|| {
                let values = listed.iter().enumerate();
                // Of values that are listed twice, the first place.
                values
                    .rev()
                    .filter_map(|(at, value)| Some((value.text()?, at)))
                    .collect()
            });
            return Some(format!("{}/enum/{}", found.pointer, places.get(value)?));
        }
        let name = item.wire_name.as_deref()?;
        // An alternative has the properties beside it, too.
        [&found, &self.spec.whole(schema)]
            .into_iter()
            .find_map(|holder| self.spec.written_property(holder, name))
            .map(|property| property.pointer)
    }

    /// The parameter or the body that a method of a builder sets.
    fn of_setter(&self, operation: &Operation<'a>, method: &str) -> Option<String> {
        if let Some(parameter) = self.parameter(operation, method) {
            return Some(parameter.mention.clone());
        }
        let is_body = method.starts_with("body") && operation.node.get("requestBody").is_some();
        is_body.then(|| join(&operation.pointer, "requestBody"))
    }

    /// The parameter that a method of a builder sets.
    fn parameter(&self, operation: &Operation<'a>, method: &str) -> Option<&Sent> {
        // Every operation has this one: the setter of a parameter has another name.
        if method == "timeout()" {
            return None;
        }
        let method = method.trim_end_matches("()").trim_matches('_');
        self.parameters.get(operation.pointer.as_str())?.get(method)
    }

    /// The name on the wire of the parameter that a method sets.
    fn sent_as(&self, path: &str) -> Option<String> {
        let (name, method) = split(path.strip_prefix("builder::")?);
        let operation = self.operations.get(name)?;
        Some(self.parameter(operation, method?)?.name.clone())
    }
}

/// A name, and what comes after it.
fn split(path: &str) -> (&str, Option<&str>) {
    match path.split_once("::") {
        Some((name, member)) => (name, Some(member)),
        None => (path, None),
    }
}

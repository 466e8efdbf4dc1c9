//! Schemas that are merged from others.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::rc::Rc;

use crate::document::{Kind, Node, join};

use super::Report;
use crate::names;
use crate::spec::{Found, Spec};

/// The schemas that are merged into one, by their pointers.
type Parts<'a> = BTreeMap<Rc<str>, &'a Node>;

/// typify merges what two parts say about one property, and what those say
/// about theirs. If that leads back to the same parts, it never ends, and
/// overflows the stack, which cannot be caught.
pub(super) fn endless(spec: &Spec<'_>, report: &mut Report<'_>) {
    let mut merges = Merges::new(spec);
    for place in spec.objects(Kind::Schema) {
        let schema = Found::from(place);
        let Some(property) = merges.of(&schema) else {
            continue;
        };
        report.at_key(
            &place.pointer,
            format!(
                "several parts of this schema have `{property}`, of different schemas that lead \
                 back to themselves: merging them never ends"
            ),
            format!(
                "leave `{property}` to one of the parts, or let all of them refer to the same \
                 schema"
            ),
        );
    }
}

/// Properties that are the same in Rust get names by their order in an object. In
/// several parts, an edit of one of them would rename those of another one.
pub(super) fn equal_properties(spec: &Spec<'_>, report: &mut Report<'_>) {
    let mut merges = Merges::new(spec);
    let mut fields = Fields::default();
    let mut reported = HashSet::new();
    for place in spec.objects(Kind::Schema) {
        let schema = Found::from(place);
        if !is_combined(schema.node) {
            continue;
        }
        for parts in merges.whole(&schema).iter() {
            let Some((one, other, rust)) = fields.equal(parts) else {
                continue;
            };
            let [(one, at), (other, other_at)] = [one, other];
            if reported.insert((at.clone(), other_at.clone())) {
                let [line, other_line] = [at, other_at].map(|at| spec.document.line(&at));
                report.at_key(
                    &schema.pointer,
                    format!(
                        "`{one}`, on line {line}, and `{other}`, on line {other_line}, are in two \
                         parts of this schema, and both are `{rust}` in Rust"
                    ),
                    "write both in one part, the older one first: the other one gets a number",
                );
            }
        }
    }
}

/// The name of a property, and its pointer.
type Property<'a> = (&'a str, String);

/// The properties of a schema, each with its field.
type Named<'a> = Rc<[(&'a str, String)]>;

/// The fields of schemas, by the pointers of these.
#[derive(Default)]
struct Fields<'a>(HashMap<Rc<str>, Named<'a>>);

impl<'a> Fields<'a> {
    /// The properties of a schema, each with its field.
    fn get(&mut self, pointer: &Rc<str>, schema: &'a Node) -> Named<'a> {
        let known = self.0.entry(Rc::clone(pointer)).or_insert_with(|| {
            let properties = schema.get("properties").map_or(&[][..], Node::entries);
            let fields = names::fields(properties.iter().map(|property| &property.key));
            let names = properties.iter().map(|property| property.key.as_str());
            names.zip(fields).collect()
        });
        Rc::clone(known)
    }

    /// Two properties of different parts that are the same field, and the field.
    fn equal(&mut self, parts: &Parts<'a>) -> Option<(Property<'a>, Property<'a>, String)> {
        let all: Vec<_> = parts
            .iter()
            .map(|(pointer, node)| (pointer, self.get(pointer, node)))
            .collect();
        let mut known: HashMap<&str, (&str, &str)> = HashMap::new();
        for (pointer, properties) in &all {
            for (wire, field) in properties.iter() {
                match known.get(field.as_str()) {
                    Some((first, holder)) if first != wire => {
                        let at = |holder, wire| join(&join(holder, "properties"), wire);
                        let one = (*first, at(holder, first));
                        return Some((one, (wire, at(pointer, wire)), field.clone()));
                    }
                    Some(_) => {}
                    None => drop(known.insert(field, (wire, pointer))),
                }
            }
        }
        None
    }
}

/// Whether a schema is made of others.
fn is_combined(schema: &Node) -> bool {
    let combined = ["allOf", "oneOf", "anyOf"];
    combined.iter().any(|key| schema.get(key).is_some())
}

/// The alternatives of a schema, each with all its parts.
type Alternatives<'a> = Rc<[Rc<Parts<'a>>]>;

struct Merges<'s, 'a> {
    spec: &'s Spec<'a>,
    /// The alternatives of schemas, by their pointers. A schema in progress has `None`.
    known: HashMap<Rc<str>, Option<Alternatives<'a>>>,
    /// Those that are known to end.
    ended: HashSet<BTreeSet<Rc<str>>>,
}

impl<'s, 'a> Merges<'s, 'a> {
    fn new(spec: &'s Spec<'a>) -> Self {
        Self {
            spec,
            known: HashMap::new(),
            ended: HashSet::new(),
        }
    }

    /// The property at which the merging of a schema never ends.
    fn of(&mut self, schema: &Found<'a>) -> Option<String> {
        if !is_combined(schema.node) {
            return None;
        }
        let whole = self.whole(schema);
        self.any_endless(&whole, &mut Vec::new())
    }

    /// What a schema consists of, in each of its alternatives.
    fn whole(&mut self, schema: &Found<'a>) -> Alternatives<'a> {
        let pointer = Rc::from(schema.pointer.as_str());
        let own = || -> Alternatives<'a> {
            let parts = Parts::from([(Rc::clone(&pointer), schema.node)]);
            Rc::from([Rc::new(parts)])
        };
        match self.known.get(&pointer) {
            Some(Some(known)) => return Rc::clone(known),
            // Another rule refuses a component that is made of itself.
            Some(None) => return own(),
            None => drop(self.known.insert(Rc::clone(&pointer), None)),
        }
        let spec = self.spec;
        let mut whole = own();
        for part in spec.parts(schema, "allOf") {
            whole = together(&whole, &self.whole(&part));
        }
        for key in ["oneOf", "anyOf"] {
            let mut alternatives: Vec<Rc<Parts<'a>>> = Vec::new();
            for part in spec.parts(schema, key) {
                alternatives.extend(self.whole(&part).iter().cloned());
            }
            if !alternatives.is_empty() {
                whole = together(&whole, &alternatives);
            }
        }
        self.known.insert(pointer, Some(Rc::clone(&whole)));
        whole
    }

    fn any_endless(
        &mut self,
        alternatives: &[Rc<Parts<'a>>],
        within: &mut Vec<BTreeSet<Rc<str>>>,
    ) -> Option<String> {
        let mut alternatives = alternatives.iter();
        alternatives.find_map(|parts| self.endless(parts, within))
    }

    fn endless(
        &mut self,
        parts: &Parts<'a>,
        within: &mut Vec<BTreeSet<Rc<str>>>,
    ) -> Option<String> {
        let name: BTreeSet<Rc<str>> = parts.keys().cloned().collect();
        if self.ended.contains(&name) {
            return None;
        }
        within.push(name.clone());
        let mut shared: BTreeMap<&str, Parts<'a>> = BTreeMap::new();
        for (pointer, node) in parts {
            for (property, child, pointer) in children(node, pointer) {
                if let Some(child) = self.spec.resolve(child, &pointer) {
                    let both = shared.entry(property).or_default();
                    both.insert(Rc::from(child.pointer), child.node);
                }
            }
        }
        for (property, children) in shared {
            // One schema, or the same in all parts, is left as it is.
            if children.len() < 2 {
                continue;
            }
            let mut merged: Alternatives<'a> = Rc::from([Rc::default()]);
            for (pointer, node) in children {
                let pointer = pointer.to_string();
                let child = self.whole(&Found { node, pointer });
                merged = together(&merged, &child);
            }
            let again = |parts: &Rc<Parts<'a>>| {
                let mut names = within.iter();
                names.any(|name| name.iter().eq(parts.keys()))
            };
            if merged.iter().any(again) {
                return Some(property.to_owned());
            }
            if let Some(found) = self.any_endless(&merged, within) {
                return Some(found);
            }
        }
        within.pop();
        self.ended.insert(name);
        None
    }
}

/// Each of the one with each of the other alternatives; all in one if these are
/// too many.
fn together<'a>(some: &[Rc<Parts<'a>>], others: &[Rc<Parts<'a>>]) -> Alternatives<'a> {
    const MOST: usize = 64;
    let clone = |(pointer, node): (&Rc<str>, &&'a Node)| (Rc::clone(pointer), *node);
    if some.len() * others.len() > MOST {
        let all = some.iter().chain(others).flat_map(|parts| parts.iter());
        return Rc::from([Rc::new(all.map(clone).collect())]);
    }
    let pairs = some.iter().flat_map(|one| {
        others.iter().map(move |other| {
            let both = one.iter().chain(other.iter());
            Rc::new(both.map(clone).collect())
        })
    });
    pairs.collect()
}

/// What typify merges of two schemas: by name, the schema and where it stands.
fn children<'a>(schema: &'a Node, pointer: &str) -> Vec<(&'a str, &'a Node, String)> {
    let holder = join(pointer, "properties");
    let properties = schema.get("properties").map_or(&[][..], Node::entries);
    let mut children: Vec<_> = properties
        .iter()
        .map(|entry| (entry.key.as_str(), &entry.value, join(&holder, &entry.key)))
        .collect();
    for key in ["items", "additionalProperties"] {
        if let Some(child) = schema.get(key)
            && !child.is_scalar()
        {
            children.push((key, child, join(pointer, key)));
        }
    }
    children
}

//! The document as the rules see it.

pub(crate) mod alternatives;
mod usage;

use std::collections::{HashMap, HashSet};

use self::alternatives::{Problem, Union};
pub(crate) use self::usage::Usage;
use crate::document::{Document, Entry, Extension, Kind, Node, Place, Survey, find, join};

/// The methods of a path item, in the order that OpenAPI lists them in.
const METHODS: &[&str] = &[
    "get", "put", "post", "delete", "options", "head", "patch", "trace",
];

pub(crate) struct Spec<'a> {
    pub(crate) document: &'a Document,
    pub(crate) root: &'a Node,
    pub(crate) operations: Vec<Operation<'a>>,
    places: Vec<Place<'a>>,
    /// The components, by section and name.
    components: HashMap<(&'a str, &'a str), &'a Entry>,
    pub(crate) extensions: Vec<Extension<'a>>,
    pub(crate) usage: Usage,
    /// The schemas with alternatives.
    pub(crate) unions: Vec<Union>,
    /// What is wrong with alternatives.
    pub(crate) unfit: Vec<Problem>,
}

/// An operation below `paths`.
pub(crate) struct Operation<'a> {
    pub(crate) path: &'a str,
    pub(crate) method: &'a str,
    /// The path item, and its position.
    pub(crate) item: &'a Node,
    pub(crate) item_pointer: String,
    pub(crate) node: &'a Node,
    pub(crate) pointer: String,
}

/// A node and its position, after following references.
#[derive(Clone)]
pub(crate) struct Found<'a> {
    pub(crate) node: &'a Node,
    pub(crate) pointer: String,
}

impl Found<'_> {
    pub(crate) fn field(&self, key: &str) -> String {
        join(&self.pointer, key)
    }
}

impl<'a> Found<'a> {
    /// What the list `key` holds, such as the parts of an `allOf`, and their
    /// pointers.
    pub(crate) fn parts(&self, key: &str) -> impl Iterator<Item = (&'a Node, String)> + use<'a> {
        let items = self.node.get(key).map_or(&[][..], Node::items);
        let holder = self.field(key);
        let numbered = items.iter().enumerate();
        numbered.map(move |(index, item)| (item, format!("{holder}/{index}")))
    }
}

impl<'a> Spec<'a> {
    pub(crate) fn of(document: &'a Document) -> Self {
        let Survey {
            mut places,
            extensions,
            ..
        } = document.survey();
        places.sort_by_key(|place| place.node.span.start);
        let root = document.root();
        let mut operations = Vec::new();
        for (path, item, item_pointer) in path_items(root) {
            for entry in item.entries() {
                if METHODS.contains(&entry.key.as_str()) {
                    operations.push(Operation {
                        path,
                        method: &entry.key,
                        item,
                        item_pointer: item_pointer.clone(),
                        node: &entry.value,
                        pointer: join(&item_pointer, &entry.key),
                    });
                }
            }
        }
        let sections = root.get("components").map_or(&[][..], Node::entries);
        let components = sections.iter().flat_map(|section| {
            let entries = section.value.entries().iter();
            entries.map(|entry| ((section.key.as_str(), entry.key.as_str()), entry))
        });
        let mut spec = Self {
            document,
            root,
            operations,
            places,
            components: components.collect(),
            extensions,
            usage: Usage::default(),
            unions: Vec::new(),
            unfit: Vec::new(),
        };
        spec.usage = Usage::of(&spec);
        (spec.unions, spec.unfit) = alternatives::all(&spec);
        spec
    }

    /// The path items, with their paths and pointers.
    pub(crate) fn path_items(&self) -> impl Iterator<Item = (&'a str, &'a Node, String)> {
        path_items(self.root)
    }

    /// The objects of this kind, in the order of the text.
    pub(crate) fn places(&self, kind: Kind) -> impl Iterator<Item = &Place<'a>> {
        self.places.iter().filter(move |place| place.kind == kind)
    }

    /// The references, in the order of the text.
    pub(crate) fn references(&self) -> impl Iterator<Item = (&Place<'a>, &'a str)> {
        self.places
            .iter()
            .filter_map(|place| Some((place, place.reference()?)))
    }

    /// The objects of this kind that are not references.
    pub(crate) fn objects(&self, kind: Kind) -> impl Iterator<Item = &Place<'a>> {
        self.places(kind)
            .filter(|place| place.reference().is_none())
    }

    /// The entries of a section of `components`.
    pub(crate) fn components(&self, section: &str) -> &'a [Entry] {
        self.root
            .get("components")
            .and_then(|components| components.get(section))
            .map_or(&[], Node::entries)
    }

    /// The component of this name in a section.
    pub(crate) fn component(&self, section: &str, name: &str) -> Option<&'a Entry> {
        self.components.get(&(section, name)).copied()
    }

    /// The target of `node`, or `None` if a reference leads nowhere, which has a
    /// finding of its own.
    pub(crate) fn resolve(&self, node: &'a Node, pointer: &str) -> Option<Found<'a>> {
        let mut found = Found {
            node,
            pointer: pointer.to_owned(),
        };
        // More steps than there are objects mean a circle.
        for _ in 0..=self.places.len() {
            let Some(reference) = found.node.text_of("$ref") else {
                return Some(found);
            };
            let (section, name) = split_reference(reference)?;
            let entry = self.component(section, name)?;
            found = Found {
                node: &entry.value,
                pointer: join(&format!("/components/{section}"), name),
            };
        }
        None
    }

    /// The field `key` of `found`, references followed.
    pub(crate) fn field(&self, found: &Found<'a>, key: &str) -> Option<Found<'a>> {
        self.resolve(found.node.get(key)?, &found.field(key))
    }

    /// What the list `key` of a schema holds, references followed.
    pub(crate) fn parts(&self, schema: &Found<'a>, key: &str) -> impl Iterator<Item = Found<'a>> {
        let parts = schema.parts(key);
        parts.filter_map(|(part, pointer)| self.resolve(part, &pointer))
    }

    /// The schema that an `allOf` is another name for, if all of its other parts
    /// are documentation; or the schema itself.
    pub(crate) fn unwrapped(&self, schema: &Found<'a>) -> Found<'a> {
        let mut schema = schema.clone();
        // More steps than this mean a circle.
        for _ in 0..8 {
            if schema.node.get("properties").is_some() {
                break;
            }
            let says = |part: &Found<'_>| !says_nothing(part.node);
            let parts = self.parts(&schema, "allOf").filter(says);
            let [only] = &parts.collect::<Vec<_>>()[..] else {
                break;
            };
            schema = only.clone();
        }
        schema
    }

    /// The schema that a schema is written in as a part, or the schema itself.
    pub(crate) fn whole(&self, schema: &Found<'a>) -> Found<'a> {
        let mut pointer = schema.pointer.as_str();
        while let Some((parts, index)) = pointer.rsplit_once('/')
            && index.bytes().all(|byte| byte.is_ascii_digit())
            && let Some((holder, "allOf" | "oneOf" | "anyOf")) = parts.rsplit_once('/')
        {
            pointer = holder;
        }
        Found {
            node: find(self.root, pointer).node,
            pointer: pointer.to_owned(),
        }
    }

    /// The property `name` of a schema, or of one of its parts.
    pub(crate) fn property(&self, schema: &Found<'a>, name: &str) -> Option<Found<'a>> {
        self.property_within(schema, name, &mut HashSet::new())
    }

    fn property_within(
        &self,
        schema: &Found<'a>,
        name: &str,
        seen: &mut HashSet<String>,
    ) -> Option<Found<'a>> {
        // A schema may be a part of itself, which has a finding of its own.
        if !seen.insert(schema.pointer.clone()) {
            return None;
        }
        if let Some(property) = schema.node.get("properties").and_then(|all| all.get(name)) {
            let pointer = join(&schema.field("properties"), name);
            return self.resolve(property, &pointer);
        }
        ["allOf", "oneOf", "anyOf"].into_iter().find_map(|key| {
            let mut parts = self.parts(schema, key);
            parts.find_map(|part| self.property_within(&part, name, seen))
        })
    }

    /// The parameters of an operation, its own and those of its path. Own ones
    /// override shared ones.
    pub(crate) fn parameters(&self, operation: &Operation<'a>) -> Vec<Parameter<'a>> {
        let mut parameters: Vec<Parameter<'a>> = Vec::new();
        for (holder, pointer) in [
            (operation.item, &operation.item_pointer),
            (operation.node, &operation.pointer),
        ] {
            let Some(list) = holder.get("parameters") else {
                continue;
            };
            let shared = std::ptr::eq(holder, operation.item);
            for (index, node) in list.items().iter().enumerate() {
                let mention = format!("{pointer}/parameters/{index}");
                let Some(found) = self.resolve(node, &mention) else {
                    continue;
                };
                let (Some(name), Some(place)) =
                    (found.node.text_of("name"), found.node.text_of("in"))
                else {
                    continue;
                };
                if !shared {
                    parameters.retain(|p| !p.shared || p.name != name || p.place != place);
                }
                parameters.push(Parameter {
                    name,
                    place,
                    shared,
                    mention,
                    found,
                });
            }
        }
        parameters
    }

    /// The request body of an operation.
    pub(crate) fn request_body(&self, operation: &Operation<'a>) -> Option<Found<'a>> {
        self.field(&operation.found(), "requestBody")
    }

    /// The responses of an operation that are successes, with their statuses.
    pub(crate) fn successes(&self, operation: &Operation<'a>) -> Vec<(&'a str, Found<'a>)> {
        let Some(responses) = self.field(&operation.found(), "responses") else {
            return Vec::new();
        };
        responses
            .node
            .entries()
            .iter()
            .filter(|entry| entry.key.starts_with('2'))
            .filter_map(|entry| {
                let status = entry.key.as_str();
                Some((status, self.field(&responses, status)?))
            })
            .collect()
    }
}

pub(crate) struct Parameter<'a> {
    pub(crate) name: &'a str,
    pub(crate) place: &'a str,
    /// Whether it is declared by the path item.
    shared: bool,
    /// Its position in the list of parameters.
    pub(crate) mention: String,
    pub(crate) found: Found<'a>,
}

impl<'a> Operation<'a> {
    pub(crate) fn found(&self) -> Found<'a> {
        Found {
            node: self.node,
            pointer: self.pointer.clone(),
        }
    }

    /// Such as `GET /products`.
    pub(crate) fn label(&self) -> String {
        format!("{} {}", self.method.to_uppercase(), self.path)
    }

    pub(crate) fn id(&self) -> Option<&'a str> {
        self.node.text_of("operationId")
    }
}

/// Whether a schema is nothing but documentation.
pub(crate) fn says_nothing(schema: &Node) -> bool {
    let documentation = [
        "title",
        "description",
        "example",
        "externalDocs",
        "nullable",
        "deprecated",
        "readOnly",
        "writeOnly",
    ];
    let mut keys = schema.entries().iter().map(|entry| entry.key.as_str());
    keys.all(|key| documentation.contains(&key))
}

fn path_items(root: &Node) -> impl Iterator<Item = (&str, &Node, String)> {
    let entries = root.get("paths").map_or(&[][..], Node::entries);
    entries
        .iter()
        .filter(|entry| entry.key.starts_with('/'))
        .map(|entry| {
            let pointer = join("/paths", &entry.key);
            (entry.key.as_str(), &entry.value, pointer)
        })
}

/// The name of the schema at this pointer, if it is one of the components.
pub(crate) fn component_name(pointer: &str) -> Option<&str> {
    let name = pointer.strip_prefix("/components/schemas/")?;
    (!name.contains('/')).then_some(name)
}

/// The section and the name in `#/components/section/name`.
pub(crate) fn split_reference(reference: &str) -> Option<(&str, &str)> {
    let (section, name) = reference.strip_prefix("#/components/")?.split_once('/')?;
    (!name.is_empty() && !name.contains('/')).then_some((section, name))
}

//! The document as everything else reads it: with references resolved, and with
//! what operations send and receive.

pub(crate) mod alternatives;
pub(crate) mod extensions;
mod forms;
mod media;
pub(crate) mod parameters;
mod statuses;
pub(crate) mod types;
mod usage;

use std::collections::{HashMap, HashSet};
use std::sync::OnceLock;

use self::alternatives::{Case, Problem, Telling, Union};
pub use self::extensions::RateLimit;
pub(crate) use self::forms::{Files, FormField};
pub(crate) use self::media::{Coding, Used};
pub use self::media::{essence, is_json, media_type, sent_as};
pub(crate) use self::media::{read_among, sent_among};
pub(crate) use self::usage::Usage;
use self::usage::Users;
use crate::document::{Document, Extension, Kind, NodeId, Place, Survey, find, join};
pub use crate::document::{Entry, Node};
use crate::formats;

/// The methods of a path item, in the order that OpenAPI lists them in.
pub(crate) const METHODS: &[&str] = &[
    "get", "put", "post", "delete", "options", "head", "patch", "trace",
];

/// A document, with references that can be followed.
pub struct Spec<'a> {
    pub(crate) document: &'a Document,
    pub(crate) root: &'a Node,
    /// The operations, in the order of the text.
    pub operations: Vec<Operation<'a>>,
    places: Vec<Place<'a>>,
    /// The components, by section and name.
    components: HashMap<(&'a str, &'a str), &'a Entry>,
    pub(crate) extensions: Vec<Extension<'a>>,
    pub(crate) usage: Usage,
    pub(crate) files: Files,
    /// Only those who ask for it pay for it.
    users: OnceLock<Users>,
    /// The schemas with alternatives.
    pub(crate) unions: Vec<Union>,
    /// What is wrong with alternatives.
    pub(crate) unfit: Vec<Problem>,
    /// What tells alternatives apart.
    pub(crate) telling: Telling,
}

/// An operation below `paths`.
#[non_exhaustive]
pub struct Operation<'a> {
    /// The template of its path, perhaps with a fragment: see [`Self::route`].
    pub path: &'a str,
    /// Its method, in lowercase.
    pub method: &'a str,
    /// The path item, and its position.
    pub(crate) item: &'a Node,
    pub(crate) item_pointer: String,
    pub(crate) node: &'a Node,
    pub(crate) pointer: String,
}

/// A node and its position, after following references.
#[derive(Clone)]
#[non_exhaustive]
pub struct Found<'a> {
    /// What is there.
    pub node: &'a Node,
    /// Its JSON pointer.
    pub pointer: String,
}

impl<'a> From<&Place<'a>> for Found<'a> {
    fn from(place: &Place<'a>) -> Self {
        Self {
            node: place.node,
            pointer: place.pointer.clone(),
        }
    }
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
        let holder = match items {
            [] => String::new(),
            _ => self.field(key),
        };
        let numbered = items.iter().enumerate();
        numbered.map(move |(index, item)| (item, format!("{holder}/{index}")))
    }
}

impl<'a> Spec<'a> {
    /// Resolves the references of a document.
    #[must_use]
    pub fn of(document: &'a Document) -> Self {
        let Survey {
            mut places,
            extensions,
            ..
        } = document.survey();
        places.sort_by_key(|place| place.node.span.start);
        media::without_unused(&mut places);
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
            files: Files::default(),
            users: OnceLock::new(),
            unions: Vec::new(),
            unfit: Vec::new(),
            telling: Telling::new(),
        };
        spec.usage = Usage::of(&spec);
        spec.files = Files::of(&spec);
        (spec.unions, spec.unfit, spec.telling) = alternatives::all(&spec);
        spec.unions.extend(statuses::all(&spec));
        spec
    }

    /// The URL of the first server.
    #[must_use]
    pub fn server(&self) -> Option<&'a str> {
        let servers = self.root.get("servers")?.items();
        servers.first()?.text_of("url")
    }

    /// The header that carries the API key.
    #[must_use]
    pub fn api_key_header(&self) -> Option<&'a str> {
        let schemes = self.components("securitySchemes").iter();
        let schemes = schemes.filter_map(|entry| self.resolve(&entry.value, ""));
        let has = |scheme: &Found<'_>, key, value| scheme.node.text_of(key) == Some(value);
        let mut keys = schemes.filter(|s| has(s, "type", "apiKey") && has(s, "in", "header"));
        keys.next()?.node.text_of("name")
    }

    /// What `x-rate-limit` says.
    #[must_use]
    pub fn rate_limit(&self) -> Option<RateLimit> {
        RateLimit::of(self.root)
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
            .filter_map(|place| Some((place, place.reference?)))
    }

    /// Where an object is, and all references that lead to it.
    pub(crate) fn mentions(&self, found: &Found<'_>) -> Vec<String> {
        let mut mentions = vec![found.pointer.clone()];
        let mut looked_up = 0;
        while let Some(target) = mentions.get(looked_up) {
            let target = format!("#{target}");
            let leads_there = |(place, reference): (&Place<'_>, &str)| {
                (reference == target).then(|| place.pointer.clone())
            };
            let more: Vec<String> = self.references().filter_map(leads_there).collect();
            mentions.extend(more.into_iter().filter(|pointer| !pointer.is_empty()));
            looked_up += 1;
        }
        mentions
    }

    /// The objects of this kind that are not references.
    pub(crate) fn objects(&self, kind: Kind) -> impl Iterator<Item = &Place<'a>> {
        self.places(kind).filter(|place| place.reference.is_none())
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
        let (node, component) = self.followed(node)?;
        Some(Found {
            node,
            pointer: match component {
                Some((section, name)) => join(&format!("/components/{section}"), name),
                None => pointer.to_owned(),
            },
        })
    }

    /// As [`resolve`](Self::resolve), where nobody asks for the pointer.
    pub(crate) fn target(&self, node: &'a Node) -> Option<&'a Node> {
        self.followed(node).map(|(node, _)| node)
    }

    /// The target of `node`, and the section and the name of that if it is a component that
    /// a reference leads to.
    fn followed(&self, mut node: &'a Node) -> Option<(&'a Node, Option<(&'a str, &'a str)>)> {
        let mut component = None;
        // More steps than there are objects mean a circle.
        for _ in 0..=self.places.len() {
            let Some(reference) = node.text_of("$ref") else {
                return Some((node, component));
            };
            let (section, name) = split_reference(reference)?;
            node = &self.component(section, name)?.value;
            component = Some((section, name));
        }
        None
    }

    /// The field `key` of `found`, references followed.
    #[must_use]
    pub fn field(&self, found: &Found<'a>, key: &str) -> Option<Found<'a>> {
        self.resolve(found.node.get(key)?, &found.field(key))
    }

    /// What the list `key` of a schema holds, references followed.
    pub fn parts(&self, schema: &Found<'a>, key: &str) -> impl Iterator<Item = Found<'a>> {
        let parts = schema.parts(key);
        parts.filter_map(|(part, pointer)| self.resolve(part, &pointer))
    }

    /// The operations that send or receive the schema at a pointer.
    pub fn users(&self, pointer: &str) -> impl Iterator<Item = &Operation<'a>> {
        let users = self.users.get_or_init(|| Users::of(self));
        let found = Some(find(self.root, pointer)).filter(|found| found.exact);
        let users = found.map(|found| users.operations(found.node));
        let users = users.into_iter().flatten();
        users.map(|index| &self.operations[index])
    }

    /// The property that says which alternative a value of a schema is, and what
    /// that is in the first one.
    #[must_use]
    pub fn first_kind(&self, schema: &Found<'_>) -> Option<(&str, &str)> {
        let mut unions = self.unions.iter();
        let union = unions.find(|union| union.pointer == schema.pointer)?;
        let first = union.cases.iter().find(|(index, _)| *index == 0);
        let Some((_, Case::Object { is, .. })) = first else {
            return None;
        };
        let (name, values) = is.first()?;
        Some((name, values.first()?))
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
        if pointer == schema.pointer {
            return schema.clone();
        }
        Found {
            node: find(self.root, pointer).node,
            pointer: pointer.to_owned(),
        }
    }

    /// The property `name` of a schema, or of one of its parts.
    pub(crate) fn property(&self, schema: &Found<'a>, name: &str) -> Option<Found<'a>> {
        let written = self.written_property(schema, name)?;
        self.resolve(written.node, &written.pointer)
    }

    /// As [`property`](Self::property), but a reference if that is what it is.
    pub(crate) fn written_property(&self, schema: &Found<'a>, name: &str) -> Option<Found<'a>> {
        self.property_within(schema, name, &mut HashSet::new())
    }

    fn property_within(
        &self,
        schema: &Found<'a>,
        name: &str,
        seen: &mut HashSet<NodeId>,
    ) -> Option<Found<'a>> {
        if let Some(node) = schema.node.get("properties").and_then(|all| all.get(name)) {
            let pointer = join(&schema.field("properties"), name);
            return Some(Found { node, pointer });
        }
        // A schema may be a part of itself, which has a finding of its own.
        if !seen.insert(schema.node.id()) {
            return None;
        }
        ["allOf", "oneOf", "anyOf"].into_iter().find_map(|key| {
            let mut parts = self.parts(schema, key);
            parts.find_map(|part| self.property_within(&part, name, seen))
        })
    }

    /// The parameters of an operation, its own and those of its path. Own ones
    /// override shared ones.
    #[must_use]
    pub fn parameters(&self, operation: &Operation<'a>) -> Vec<Parameter<'a>> {
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
    #[must_use]
    pub fn request_body(&self, operation: &Operation<'a>) -> Option<Found<'a>> {
        self.field(&operation.found(), "requestBody")
    }

    /// The responses of an operation, with their statuses.
    #[must_use]
    pub fn responses(&self, operation: &Operation<'a>) -> Vec<(&'a str, Found<'a>)> {
        let Some(responses) = self.field(&operation.found(), "responses") else {
            return Vec::new();
        };
        let entries = responses.node.entries().iter();
        let statuses = entries.map(|entry| entry.key.as_str());
        statuses
            .filter(|status| !status.starts_with("x-"))
            .filter_map(|status| Some((status, self.field(&responses, status)?)))
            .collect()
    }

    /// What the successes of an operation hold, by media type.
    pub(crate) fn contents(&self, operation: &Operation<'a>) -> Vec<Found<'a>> {
        let successes = self.successes(operation).into_iter();
        let contents = successes.filter_map(|(_, success)| self.field(&success, "content"));
        contents.collect()
    }

    /// The media type that the client uses of a body or a response, as the document writes
    /// it, and what that holds.
    pub(crate) fn media(&self, holder: &Found<'a>, used: Used) -> Option<(&'a str, Found<'a>)> {
        let content = self.field(holder, "content")?;
        let media_type = used(&content)?;
        Some((media_type, self.field(&content, media_type)?))
    }

    /// The media type that the successes of an operation are read as.
    pub(crate) fn read_as(&self, operation: &Operation<'a>) -> Option<&'a str> {
        let contents = self.contents(operation);
        contents.iter().find_map(media_type).map(essence)
    }

    /// Whether an operation returns other JSON for each status.
    pub(crate) fn returns_by_status(&self, operation: &Operation<'a>) -> bool {
        let pointer = statuses::pointer(operation);
        self.unions.iter().any(|union| union.pointer == pointer)
    }

    /// Whether an operation that returns JSON may succeed without any as well.
    pub(crate) fn may_return_nothing(&self, operation: &Operation<'a>) -> bool {
        let successes = self.successes(operation);
        let has_no_body =
            |(_, success): &(&str, Found<'a>)| self.media(success, media_type).is_none();
        operation.method != "head"
            && self.read_as(operation).is_some_and(is_json)
            && successes.iter().any(has_no_body)
    }

    /// Whether the responses of an operation can be cached.
    pub(crate) fn is_cacheable(&self, operation: &Operation<'a>) -> bool {
        operation.method == "get" && self.read_as(operation).is_some_and(is_json)
    }

    /// The responses of an operation that are successes, with their statuses.
    pub(crate) fn successes(&self, operation: &Operation<'a>) -> Vec<(&'a str, Found<'a>)> {
        let mut responses = self.responses(operation);
        responses.retain(|(status, _)| status.starts_with('2'));
        responses
    }
}

/// A parameter of an operation.
#[non_exhaustive]
pub struct Parameter<'a> {
    /// Its name on the wire.
    pub name: &'a str,
    /// Where it is sent: `path`, `query` or `header`.
    pub place: &'a str,
    /// Whether it is declared by the path item.
    shared: bool,
    /// Its position in the list of parameters.
    pub(crate) mention: String,
    /// What declares it.
    pub found: Found<'a>,
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

    /// The template of the path that its requests have. A fragment tells operations of one
    /// path and method apart; no request has it.
    #[must_use]
    pub fn route(&self) -> &'a str {
        route(self.path)
    }

    /// Whether a request may arrive twice: because of its method, or as it says.
    pub(crate) fn is_idempotent(&self) -> bool {
        self.has_idempotent_method() || self.node.is_set(extensions::IDEMPOTENT)
    }

    pub(crate) fn has_idempotent_method(&self) -> bool {
        !matches!(self.method, "post" | "patch")
    }

    /// Its `operationId`.
    #[must_use]
    pub fn id(&self) -> Option<&'a str> {
        self.node.text_of("operationId")
    }
}

/// A path without its fragment.
pub(crate) fn route(path: &str) -> &str {
    path.split('#').next().unwrap_or(path)
}

/// A value that a scalar schema without limits allows, as it is written in text.
/// `None` if the schema is not one of a scalar.
#[must_use]
pub fn sample(schema: &Node) -> Option<&'static str> {
    let typ = schema.text_of("type")?;
    let is_scalar = ["string", "integer", "number", "boolean"].contains(&typ);
    is_scalar.then(|| formats::sample(typ, schema.text_of("format")))
}

/// Whether a schema is nothing but documentation.
pub(crate) fn says_nothing(schema: &Node) -> bool {
    let mut entries = schema.entries().iter();
    !entries.any(|entry| says_what(&entry.key))
}

/// Whether a field of a schema is more than documentation.
pub(crate) fn says_what(key: &str) -> bool {
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
    !documentation.contains(&key)
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

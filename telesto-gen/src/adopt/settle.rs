//! What a spec says, and documents of others say otherwise: the server, the key, the rate
//! limit, the names of operations. Nothing is lost by it.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::iter;
use std::time::Duration;

use super::correct::{Corrected, correct};
use super::{Open, Settings};
use crate::document::{
    Edits, Entry, Kind, Node, Spot, Survey, is_status, join, last, of_reference,
};
use crate::lint::{check_server, is_free, is_header_name, is_legal, is_taken, propose};
use crate::names;
use crate::spec::extensions::{self, RATE_LIMIT};
use crate::spec::{METHODS, RateLimit};

/// An operation or a schema that got another name.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Renamed {
    /// Such as `GET /products`, `the schema`, or `the schema` with the pointer of a nested
    /// one.
    pub what: String,
    /// Its name in the document, if it has one.
    pub from: Option<String>,
    /// The one in the spec.
    pub to: String,
}

pub(super) struct Settled {
    pub(super) edits: Edits,
    pub(super) server: String,
    pub(super) key_header: String,
    pub(super) rate_limit: RateLimit,
    pub(super) renamed: Vec<Renamed>,
    pub(super) assumed: Vec<String>,
    pub(super) corrected: Vec<Corrected>,
    pub(super) extensions: usize,
    pub(super) operations: usize,
}

pub(super) fn settle(root: &Node, settings: &Settings) -> Result<Settled, Vec<Open>> {
    let mut edits = Edits::default();
    let survey = Survey::of(root);
    let extensions = without_extensions(root, &survey, &mut edits);
    without_own_settings(&survey, &mut edits);
    let server = server(root, settings, &mut edits);
    let key_header = key(root, settings, &mut edits);
    let rate_limit = rate_limit(root, settings, &mut edits);
    let mut renamed = names(root, &mut edits);
    renamed.extend(schemas(root, &mut edits));
    renamed.extend(successes(root, &mut edits));
    let assumed = assume_successes(root, &mut edits);
    let corrected = correct(root, &survey, &mut edits);
    match (server, key_header, rate_limit) {
        (Ok(server), Ok(key_header), Ok(rate_limit)) => Ok(Settled {
            edits,
            server,
            key_header,
            rate_limit,
            renamed,
            assumed,
            corrected,
            extensions,
            operations: operations(root).len(),
        }),
        (server, key_header, rate_limit) => {
            let open = [server.err(), key_header.err(), rate_limit.err()];
            Err(open.into_iter().flatten().collect())
        }
    }
}

/// The operations below `paths`: method, path, pointer, and node.
pub(super) fn operations(root: &Node) -> Vec<(&str, &str, String, &Node)> {
    let paths = root.get("paths").map_or(&[][..], Node::entries).iter();
    let all = paths.flat_map(|path| {
        let pointer = join("/paths", &path.key);
        operations_of(&path.value).map(move |operation| {
            let (method, path) = (operation.key.as_str(), path.key.as_str());
            (method, path, join(&pointer, method), &operation.value)
        })
    });
    all.collect()
}

/// The operations of a path.
pub(super) fn operations_of(item: &Node) -> impl Iterator<Item = &Entry> {
    let entries = item.entries().iter();
    entries.filter(|entry| METHODS.contains(&entry.key.as_str()))
}

/// Whether two paths have the same operation, by an alias.
pub(super) fn shares_operations(root: &Node) -> bool {
    let operations = operations(root).into_iter();
    let mut seen = HashSet::new();
    let mut starts = operations.map(|(.., node)| node.span.start);
    !starts.all(|start| seen.insert(start))
}

/// Takes out the extensions that no rule knows, and those beside a `$ref`.
fn without_extensions(root: &Node, survey: &Survey<'_>, edits: &mut Edits) -> usize {
    let paths = root.get("paths").map_or(&[][..], Node::entries).iter();
    let references: Vec<&str> = paths
        .filter_map(|item| item.value.text_of("$ref"))
        .collect();
    let unread = survey.extensions.iter().filter(|extension| {
        let mut known = extensions::ALL.iter();
        let within = format!("#{}/", extension.pointer);
        !known.any(|known| known.name == extension.entry.key && known.holder == extension.holder)
            && !references.iter().any(|at| at.starts_with(&within))
    });
    let unread = unread.map(|extension| extension.entry);
    let referring = survey
        .places
        .iter()
        .filter(|place| place.reference.is_some());
    let beside = referring.flat_map(|place| place.node.entries());
    let beside = beside.filter(|entry| entry.key.starts_with("x-"));
    let before = edits.gone.len();
    edits.gone.extend(unread.chain(beside).map(Spot::of_entry));
    edits.gone.len() - before
}

/// Takes out what operations and paths say of the server and the key.
fn without_own_settings(survey: &Survey<'_>, edits: &mut Edits) {
    for place in &survey.places {
        let keys: &[&str] = match place.kind {
            Kind::Operation => &["servers", "security"],
            Kind::PathItem => &["servers"],
            _ => continue,
        };
        let entries = keys.iter().filter_map(|key| place.node.entry(key));
        edits.gone.extend(entries.map(Spot::of_entry));
    }
}

fn server(root: &Node, settings: &Settings, edits: &mut Edits) -> Result<String, Open> {
    let servers = root.get("servers").map_or(&[][..], Node::items);
    let urls: Vec<&str> = servers.iter().filter_map(|s| s.text_of("url")).collect();
    let url = match (&settings.server, &urls[..]) {
        (Some(url), _) => {
            let url = url.trim_end_matches('/');
            check_server(url).map_err(|_| Open::InvalidServer(url.to_owned()))?;
            url
        }
        (None, [url]) if check_server(url.trim_end_matches('/')).is_ok() => {
            url.trim_end_matches('/')
        }
        (None, urls) => {
            let urls = urls.iter().map(|url| (*url).to_owned());
            return Err(Open::Server(urls.collect()));
        }
    };
    if urls != [url] {
        edits.set(
            root,
            "/servers",
            Node::list([Node::map([("url", Node::from(url))])]),
        );
    }
    Ok(url.to_owned())
}

fn key(root: &Node, settings: &Settings, edits: &mut Edits) -> Result<String, Open> {
    let schemes = root
        .get("components")
        .and_then(|c| c.get("securitySchemes"));
    let schemes = schemes.map_or(&[][..], Node::entries);
    let in_header: Vec<(&str, &str)> = schemes
        .iter()
        .filter(|scheme| scheme.value.text_of("type") == Some("apiKey"))
        .filter(|scheme| scheme.value.text_of("in") == Some("header"))
        .filter_map(|scheme| Some((scheme.key.as_str(), scheme.value.text_of("name")?)))
        .filter(|(_, header)| is_header_name(header))
        .collect();
    let (name, header) = match (&settings.key_header, &in_header[..]) {
        (Some(header), _) if !is_header_name(header) => {
            return Err(Open::InvalidHeader(header.clone()));
        }
        (Some(header), _) => {
            let same = |(_, name): &&(&str, &str)| name.eq_ignore_ascii_case(header);
            match in_header.iter().find(same) {
                Some(known) => *known,
                None => ("apiKey", header.as_str()),
            }
        }
        (None, [only]) => *only,
        (None, _) => {
            let described = schemes.iter().map(|scheme| {
                let of = |key| scheme.value.text_of(key);
                let parts = [of("type"), of("scheme"), of("in"), of("name")];
                let parts: Vec<&str> = parts.into_iter().flatten().collect();
                format!("{} ({})", scheme.key, parts.join(", "))
            });
            return Err(Open::KeyHeader(described.collect()));
        }
    };
    if schemes.len() != 1 || in_header != [(name, header)] {
        let scheme = [("type", "apiKey"), ("in", "header"), ("name", header)];
        let scheme = Node::map(scheme.map(|(key, value)| (key, Node::from(value))));
        let schemes = Node::map([(name, scheme)]);
        edits.set(root, "/components/securitySchemes", schemes);
    }
    let security = Node::list([Node::map([(name, Node::list([]))])]);
    if root.get("security") != Some(&security) {
        edits.set(root, "/security", security);
    }
    Ok(header.to_owned())
}

fn rate_limit(root: &Node, settings: &Settings, edits: &mut Edits) -> Result<RateLimit, Open> {
    let given = RateLimit::of(root);
    let Some(limit) = settings.rate_limit.or(given) else {
        return Err(Open::RateLimit);
    };
    if given != Some(limit) {
        let seconds =
            |time: Duration| Node::from(i64::try_from(time.as_secs()).unwrap_or(i64::MAX));
        let value = Node::map([
            ("requests", Node::from(i64::from(limit.requests))),
            ("window", seconds(limit.window)),
            ("lockout", seconds(limit.lockout)),
        ]);
        edits.set(root, &join("", RATE_LIMIT), value);
    }
    Ok(limit)
}

/// Gives each operation a name of its own. Those that have one choose first.
fn names(root: &Node, edits: &mut Edits) -> Vec<Renamed> {
    let mut operations = operations(root);
    let given = |node: &Node| node.text_of("operationId").is_none_or(str::is_empty);
    operations.sort_by_key(|(.., node)| given(node));
    let mut taken = HashSet::new();
    let mut renamed = Vec::new();
    for (method, path, pointer, node) in operations {
        let from = node.text_of("operationId").filter(|id| !id.is_empty());
        let own = from
            .into_iter()
            .flat_map(|id| [id.to_owned(), names::snake(id)]);
        let proposed = propose(method, path);
        // No name has other letters.
        let ascii = path.replace(|c: char| !c.is_ascii(), "-");
        let whole = names::snake(&format!("{method} {ascii}"));
        let numbered = (2..).map(|number| format!("{whole}_{number}"));
        let mut names = own.chain([proposed, whole.clone()]).chain(numbered);
        // What two names become as types has to differ as well.
        let name = names.find(|name| is_free(name) && taken.insert(names::pascal(name)));
        let Some(to) = name.filter(|name| Some(name.as_str()) != from) else {
            continue;
        };
        edits.set(
            root,
            &join(&pointer, "operationId"),
            Node::from(to.as_str()),
        );
        renamed.push(Renamed {
            what: format!("{} {path}", method.to_uppercase()),
            from: from.map(str::to_owned),
            to,
        });
    }
    renamed
}

/// Gives another name to schemas that a `$ref` cannot name, or of which two are one in
/// Rust.
fn schemas(root: &Node, edits: &mut Edits) -> Vec<Renamed> {
    let mut taken = HashSet::new();
    let unfit = schemas_of(root).iter().filter(|schema| {
        let rust = names::pascal(&schema.key);
        !is_legal(&schema.key) || is_taken(&rust) || !taken.insert(rust)
    });
    let unfit = unfit.map(|schema| schema.key.to_string()).collect();
    rename(root, &unfit, edits)
}

fn schemas_of(root: &Node) -> &[Entry] {
    let schemas = root.get("components").and_then(|c| c.get("schemas"));
    schemas.map_or(&[][..], Node::entries)
}

/// Gives these schemas names that no other one has.
pub(super) fn rename(root: &Node, unfit: &BTreeSet<String>, edits: &mut Edits) -> Vec<Renamed> {
    let (unfit, others): (Vec<_>, Vec<_>) = schemas_of(root)
        .iter()
        .partition(|schema| unfit.contains(schema.key.as_str()));
    // Another type has the name that a legal one would get.
    let clashing = unfit.iter().filter(|schema| is_legal(&schema.key));
    let names = others.iter().chain(clashing);
    let mut taken: HashSet<String> = names.map(|schema| names::pascal(&schema.key)).collect();
    let mut new: HashMap<String, String> = HashMap::new();
    for schema in unfit {
        let ascii = schema.key.replace(|c: char| !c.is_ascii(), "");
        let name = names::pascal(&ascii);
        let numbered = (2..).map(|number| format!("{name}{number}"));
        let mut names = iter::once(name.clone()).chain(numbered);
        let is_free = |name: &String| *name != schema.key && !is_taken(name);
        let free = names.find(|name| is_free(name) && taken.insert(name.clone()));
        let to = free.unwrap_or(name);
        edits.rename(schema, to.clone());
        new.insert(schema.key.to_string(), to);
    }
    if !new.is_empty() {
        refer(root, root, "", &new, edits);
    }
    let renamed = new.into_iter().map(|(from, to)| Renamed {
        what: "the schema".to_owned(),
        from: Some(from),
        to,
    });
    let mut renamed: Vec<Renamed> = renamed.collect();
    renamed.sort_by(|one, other| one.to.cmp(&other.to));
    renamed
}

/// Refers to schemas by their new names.
fn refer(root: &Node, node: &Node, at: &str, new: &HashMap<String, String>, edits: &mut Edits) {
    const SCHEMAS: &str = "#/components/schemas/";
    for (index, item) in node.items().iter().enumerate() {
        refer(root, item, &format!("{at}/{index}"), new, edits);
    }
    let is_mapping = at.ends_with("/discriminator/mapping");
    for entry in node.entries() {
        let at = join(at, &entry.key);
        let Some(text) = entry
            .value
            .text()
            .filter(|_| is_mapping || entry.key == "$ref")
        else {
            refer(root, &entry.value, &at, new, edits);
            continue;
        };
        // A mapping may have the name alone.
        let target = text.strip_prefix(SCHEMAS).unwrap_or(text);
        let end = target.find('/').unwrap_or(target.len());
        let (name, inner) = target.split_at(end);
        let name = of_reference(&format!("#{name}")).map(|name| last(&name));
        if let Some(to) = name.and_then(|name| new.get(&name)) {
            let text = format!("{SCHEMAS}{to}{inner}");
            edits.set(root, &at, Node::from(text.as_str()));
        }
    }
}

/// Where `default` is all that is said of successes, it is one: it stands for any status.
fn successes(root: &Node, edits: &mut Edits) -> Vec<Renamed> {
    let operations = operations(root).into_iter();
    let renamed = operations.filter_map(|(method, path, _, node)| {
        let default = node.get("responses")?.entry("default")?;
        if has_success(node) {
            return None;
        }
        edits.rename(default, ANY_SUCCESS.to_owned());
        Some(Renamed {
            what: format!("the response of {} {path}", method.to_uppercase()),
            from: Some("default".to_owned()),
            to: ANY_SUCCESS.to_owned(),
        })
    });
    renamed.collect()
}

/// Where nothing is said of successes, one may be anything, so the client returns its bytes.
fn assume_successes(root: &Node, edits: &mut Edits) -> Vec<String> {
    let operations = operations(root).into_iter();
    let says_nothing = |node: &Node| {
        let default = node.get("responses").and_then(|all| all.get("default"));
        default.is_none() && !has_success(node)
    };
    let silent = operations.filter(|(.., node)| says_nothing(node));
    let assumed = silent.map(|(method, path, pointer, _)| {
        let success = Node::map([
            ("description", Node::from("Not documented")),
            ("content", Node::map([("*/*", Node::map([]))])),
        ]);
        let at = join(&join(&pointer, "responses"), ANY_SUCCESS);
        edits.set(root, &at, success);
        format!("{} {path}", method.to_uppercase())
    });
    assumed.collect()
}

/// The key of a response that stands for all successes.
const ANY_SUCCESS: &str = "2XX";

fn has_success(operation: &Node) -> bool {
    let responses = operation.get("responses").map_or(&[][..], Node::entries);
    let mut statuses = responses.iter().filter(|entry| is_status(&entry.key));
    statuses.any(|entry| entry.key.starts_with('2'))
}

//! The alternatives of a `oneOf` or an `anyOf`: their names in Rust, and how a
//! value of one is told from those of the others.
//!
//! typify tries alternatives in order and takes the first that decodes, or has
//! all of an `anyOf` in one struct. So a value is decoded as another alternative
//! than it is, or not at all. Here, alternatives that cannot be told apart are
//! refused, and all others are recognised by what they are.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use crate::document::{Kind, Node, join, only_requires};
use crate::formats::{self, Rust};
use crate::names::pascal;

use super::{Found, Spec, says_nothing, split_reference};

/// The keywords that list alternatives.
pub(super) const KEYWORDS: [&str; 2] = ["oneOf", "anyOf"];

/// How deep parts and alternatives of others are followed: a schema may be a part of itself.
pub(crate) const DEEPEST: usize = 8;

/// A schema with a `oneOf` or an `anyOf`, or the responses of an operation.
#[derive(Debug, Clone)]
pub(crate) struct Union {
    pub(crate) pointer: String,
    /// Whether each is merged with the properties beside them.
    pub(crate) is_merged: bool,
    /// In the order of the document. None if all that they say is which
    /// properties are required, which is left to the server.
    pub(crate) alternatives: Vec<Alternative>,
    /// How the alternatives are recognised, in the order in which to try: the
    /// index of an alternative, and what its values are like.
    pub(crate) cases: Vec<(usize, Case)>,
    /// The name of the property that says which alternative a value is.
    pub(crate) tag: Option<String>,
}

#[derive(Debug, Clone)]
pub(crate) struct Alternative {
    /// Its name in Rust.
    pub(crate) name: String,
    /// Where it is listed.
    pub(crate) pointer: String,
    /// What the tag of its values is, if that is always the same.
    #[cfg_attr(
        not(feature = "generate"),
        expect(dead_code, reason = "only the generated code writes values")
    )]
    pub(crate) kind: Option<String>,
}

/// What the values of an alternative are like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Case {
    Scalar,
    List,
    Object {
        /// The properties that are there.
        has: Vec<String>,
        /// Properties that have one of these values.
        is: Vec<(String, Vec<String>)>,
    },
    /// The body of a response with this status, such as `202` or `2XX`.
    Status(String),
}

impl Union {
    /// Whether the status of a response says which alternative its body is.
    pub(crate) fn is_by_status(&self) -> bool {
        matches!(self.cases.first(), Some((_, Case::Status(_))))
    }
}

/// Why alternatives are refused.
#[derive(Debug)]
pub(crate) struct Problem {
    pub(crate) pointer: String,
    pub(crate) message: String,
    pub(crate) help: String,
    /// The schemas that make the alternatives what they are.
    pub(crate) others: Vec<String>,
    /// The name in Rust that an object without a title shares with another alternative.
    pub(crate) shared_name: Option<String>,
}

impl Problem {
    fn new(pointer: &str, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            pointer: pointer.to_owned(),
            message: message.into(),
            help: help.into(),
            others: Vec::new(),
            shared_name: None,
        }
    }
}

/// The properties that have to be there to tell alternatives apart: the pointer of a schema
/// that requires it, and its name.
pub(crate) type Telling = HashSet<(String, String)>;

/// All alternatives of the document that operations use.
pub(super) fn all(spec: &Spec<'_>) -> (Vec<Union>, Vec<Problem>, Telling) {
    let mut unions = Vec::new();
    let mut problems = Vec::new();
    let mut telling = Telling::new();
    for place in spec.objects(Kind::Schema) {
        if !spec.usage.is_used(place.node) {
            continue;
        }
        let schema = Found::from(place);
        problems.extend(merged_alternatives(spec, &schema));
        if spec.usage.is_whole(schema.node) {
            problems.extend(lone_discriminator(&schema));
        }
        match of(spec, &schema, &mut telling) {
            Ok(union) => unions.extend(union),
            Err(found) => problems.extend(found),
        }
    }
    (unions, problems, telling)
}

/// The alternatives of a schema, if it has some.
fn of(
    spec: &Spec<'_>,
    schema: &Found<'_>,
    telling: &mut Telling,
) -> Result<Option<Union>, Vec<Problem>> {
    let keywords = KEYWORDS.map(|keyword| schema.node.get(keyword).is_some());
    let keyword = match keywords {
        [false, false] => return Ok(None),
        [true, false] => KEYWORDS[0],
        [false, true] => KEYWORDS[1],
        [true, true] => {
            return Err(vec![Problem::new(
                &schema.field(KEYWORDS[1]),
                "`oneOf` and `anyOf` side by side have no type in Rust",
                "keep one of the two, and describe the other",
            )]);
        }
    };
    let parts: Vec<Part<'_>> = schema
        .parts(keyword)
        .filter_map(|(node, pointer)| {
            let found = spec.resolve(node, &pointer)?;
            let is_reference = node.text_of("$ref").and_then(split_reference);
            let component = is_reference.map(|(_, name)| name);
            Some(Part {
                component,
                pointer,
                found,
            })
        })
        .collect();
    // An empty list, and references to nothing, have findings of their own.
    if parts.is_empty() || parts.len() != schema.parts(keyword).count() {
        return Ok(None);
    }
    let mut union = Union {
        pointer: schema.pointer.clone(),
        is_merged: has_own(schema.node),
        alternatives: Vec::new(),
        cases: Vec::new(),
        tag: None,
    };
    if union.is_merged && parts.iter().all(|part| only_requires(part.found.node)) {
        return Ok(Some(union));
    }
    let mut seen = vec![schema.pointer.clone()];
    let classes: Vec<Vec<Class>> = parts
        .iter()
        .map(|part| classes_of_part(spec, schema, &part.found, &mut seen))
        .collect();
    if union.is_merged {
        let problems: Vec<Problem> = parts
            .iter()
            .zip(&classes)
            .filter_map(|(part, classes)| not_merged(spec, schema, part, classes))
            .collect();
        if !problems.is_empty() {
            return Err(problems);
        }
    }
    let kinds = match schema.node.get("discriminator") {
        Some(_) => Some(kinds(schema, &parts, &classes)?),
        None => None,
    };
    union.cases = match &kinds {
        Some(kinds) => kinds
            .accepted
            .iter()
            .enumerate()
            .map(|(index, accepted)| {
                let is = vec![(kinds.tag.clone(), accepted.clone())];
                (index, Case::Object { has: vec![], is })
            })
            .collect(),
        None => {
            tell(&classes, telling);
            told_apart(&parts, &classes)?
        }
    };
    let names = names(&parts, &classes)?;
    let (tag, mut kinds) = match kinds {
        Some(kinds) => (Some(kinds.tag), kinds.said),
        None => (None, Vec::new()),
    };
    kinds.resize(names.len(), Vec::new());
    union.tag = tag;
    union.alternatives = names
        .into_iter()
        .zip(kinds)
        .zip(&parts)
        .map(|((name, mut kinds), part)| Alternative {
            name,
            pointer: part.pointer.clone(),
            kind: kinds.pop().filter(|_| kinds.is_empty()),
        })
        .collect();
    Ok(Some(union))
}

/// One of the listed schemas.
struct Part<'a> {
    /// The name of the component that it refers to.
    component: Option<&'a str>,
    /// Where it is listed.
    pointer: String,
    found: Found<'a>,
}

impl Part<'_> {
    /// What it is called in messages.
    fn label(&self, index: usize) -> String {
        let title = self.found.node.text_of("title");
        match self.component.or(title) {
            Some(name) => format!("`{}`", name.trim()),
            None => format!("alternative {}", index + 1),
        }
    }
}

/// What values of a schema look like on the wire.
#[derive(Debug, Clone)]
enum Class {
    Scalar(Scalar),
    List,
    Object(Object),
    Anything,
}

/// In the order in which to try them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Scalar {
    Listed(Vec<String>),
    Boolean,
    Integer,
    Number,
    Date,
    DateTime,
    Timestamp,
    Text,
}

#[derive(Debug, Clone, Default)]
struct Object {
    /// The properties, and the values that each may have, if they are listed.
    declares: BTreeMap<String, Vec<String>>,
    requires: BTreeSet<String>,
    /// The schemas that it is made of.
    sources: BTreeSet<String>,
    /// Whether it may have properties of any name.
    is_open: bool,
}

/// Whether there are members beside alternatives.
fn has_own(schema: &Node) -> bool {
    ["properties", "allOf", "additionalProperties", "required"]
        .iter()
        .any(|key| schema.get(key).is_some())
}

/// What values of an alternative look like: several if it has alternatives.
fn classes_of_part<'a>(
    spec: &Spec<'a>,
    whole: &Found<'a>,
    part: &Found<'a>,
    seen: &mut Vec<String>,
) -> Vec<Class> {
    let mut classes = classes(spec, part, seen);
    for class in &mut classes {
        if let Class::Object(object) = class {
            gather(spec, whole, object, &mut HashSet::new());
        }
    }
    classes
}

fn classes<'a>(spec: &Spec<'a>, schema: &Found<'a>, seen: &mut Vec<String>) -> Vec<Class> {
    if seen.len() > DEEPEST || seen.contains(&schema.pointer) {
        return vec![Class::Anything];
    }
    let schema = &spec.unwrapped(schema);
    let node = schema.node;
    if let Some(keyword) = KEYWORDS.into_iter().find(|key| node.get(key).is_some()) {
        seen.push(schema.pointer.clone());
        let parts = spec.parts(schema, keyword);
        let all = parts.flat_map(|part| classes_of_part(spec, schema, &part, seen));
        let all = all.collect();
        seen.pop();
        return all;
    }
    let is_object = ["properties", "required", "additionalProperties", "allOf"]
        .iter()
        .any(|key| node.get(key).is_some());
    let class = match node.text_of("type") {
        Some("array") => Class::List,
        Some("string") => Class::Scalar(text(node)),
        Some("integer") => Class::Scalar(Scalar::Integer),
        Some("number") => Class::Scalar(Scalar::Number),
        Some("boolean") => Class::Scalar(Scalar::Boolean),
        None if !is_object => Class::Anything,
        _ => {
            let mut object = Object::default();
            gather(spec, schema, &mut object, &mut HashSet::new());
            let is_closed = node.get("additionalProperties").is_some();
            object.is_open |= object.declares.is_empty() && !is_closed;
            Class::Object(object)
        }
    };
    vec![class]
}

/// What text of a schema looks like.
fn text(schema: &Node) -> Scalar {
    if let Some(values) = listed(schema) {
        return Scalar::Listed(values);
    }
    let format = schema.text_of("format").unwrap_or_default();
    match formats::find("string", format).map(|format| (format.name, format.rust)) {
        Some(("decimal", _)) => Scalar::Number,
        Some(("date", _)) => Scalar::Date,
        Some(("date-time-local", _)) => Scalar::DateTime,
        Some((_, Rust::Type(_))) => Scalar::Timestamp,
        _ => Scalar::Text,
    }
}

/// The texts that an enum lists.
fn listed(schema: &Node) -> Option<Vec<String>> {
    let values = schema.get("enum")?.items().iter();
    Some(values.filter_map(|v| v.text().map(str::to_owned)).collect())
}

/// Adds the properties of an object, with those of the parts of an `allOf`.
fn gather<'a>(
    spec: &Spec<'a>,
    schema: &Found<'a>,
    object: &mut Object,
    seen: &mut HashSet<String>,
) {
    if !seen.insert(schema.pointer.clone()) {
        return;
    }
    object.sources.insert(schema.pointer.clone());
    if let Some(properties) = spec.field(schema, "properties") {
        for entry in properties.node.entries() {
            let property = spec.field(&properties, &entry.key);
            let values = property.and_then(|property| listed(property.node));
            let values = values.unwrap_or_default();
            object.declares.insert(entry.key.to_string(), values);
        }
    }
    let required = schema.node.get("required").map_or(&[][..], Node::items);
    for name in required.iter().filter_map(Node::text) {
        let property = spec.property(schema, name);
        // What is only sent is not there to be recognised by.
        if !property.is_some_and(|property| property.node.is_set("writeOnly")) {
            object.requires.insert(name.to_owned());
        }
    }
    let others = schema.node.get("additionalProperties");
    object.is_open |= others.is_some_and(|o| !o.is_scalar());
    object.is_open |= schema.node.is_set("additionalProperties");
    for part in spec.parts(schema, "allOf") {
        gather(spec, &part, object, seen);
    }
}

/// Why an alternative cannot be merged with what is beside the alternatives.
fn not_merged(
    spec: &Spec<'_>,
    schema: &Found<'_>,
    part: &Part<'_>,
    classes: &[Class],
) -> Option<Problem> {
    let is_object = |class: &Class| matches!(class, Class::Object(_));
    let what = match classes.iter().all(is_object) {
        true if !has_alternatives(spec, &part.found) => return None,
        true => "has alternatives itself",
        false => "is not an object",
    };
    let line = spec.document.line(&schema.pointer);
    Some(Problem::new(
        &part.pointer,
        format!("this alternative {what}, but the schema on line {line} has properties beside it"),
        "move the properties into the alternatives",
    ))
}

/// The names of the alternatives in Rust.
fn names(parts: &[Part<'_>], classes: &[Vec<Class>]) -> Result<Vec<String>, Vec<Problem>> {
    let mut names: Vec<String> = Vec::new();
    let mut problems = Vec::new();
    for (part, classes) in parts.iter().zip(classes) {
        let title = part.found.node.text_of("title");
        let name = match part.component.or(title) {
            Some(name) => pascal(name),
            None => usual_name(part.found.node, classes),
        };
        if names.contains(&name) {
            let problem = Problem::new(
                &part.pointer,
                format!("this alternative is `{name}` in Rust, and so is another one"),
                "give it a `title`, or move it to `components/schemas`",
            );
            let is_untitled = part.component.or(title).is_none();
            let is_object = classes.iter().all(|class| object(class).is_some());
            problems.push(Problem {
                shared_name: (is_untitled && is_object).then(|| name.clone()),
                ..problem
            });
        }
        names.push(name);
    }
    match problems.is_empty() {
        true => Ok(names),
        false => Err(problems),
    }
}

/// The name of an alternative that has none.
fn usual_name(schema: &Node, classes: &[Class]) -> String {
    let name = match classes {
        [Class::Scalar(scalar)] => match scalar {
            Scalar::Listed(_) => "Listed",
            Scalar::Boolean => "Boolean",
            Scalar::Integer => "Integer",
            Scalar::Number if schema.text_of("type") == Some("string") => "Decimal",
            Scalar::Number => "Number",
            Scalar::Date => "Date",
            Scalar::DateTime => "DateTime",
            Scalar::Timestamp => "Timestamp",
            Scalar::Text => "Text",
        },
        [Class::List] => "List",
        [Class::Object(object)] if object.declares.is_empty() => "Map",
        [Class::Object(object)] => {
            let constants = object.declares.values();
            let mut constants = constants.filter(|values| values.len() == 1).flatten();
            return constants.next().map_or("Object".to_owned(), |v| pascal(v));
        }
        _ => "Other",
    };
    name.to_owned()
}

/// The property that distinguishes alternatives, and its values.
struct Kinds {
    /// The name of a property.
    tag: String,
    /// Its values for each, as the mapping, or else the alternative, says.
    said: Vec<Vec<String>>,
    /// The values of `said`, and those that resolve to no other alternative: a mapping may
    /// name only some values.
    accepted: Vec<Vec<String>>,
}

/// What a `discriminator` says.
fn kinds(
    schema: &Found<'_>,
    parts: &[Part<'_>],
    classes: &[Vec<Class>],
) -> Result<Kinds, Vec<Problem>> {
    let at = schema.field("discriminator");
    let discriminator = schema.node.get("discriminator");
    let tag = discriminator.and_then(|d| d.text_of("propertyName"));
    let tag = tag.unwrap_or_default().to_owned();
    let mapping = discriminator.and_then(|d| d.get("mapping"));
    let mut problems = Vec::new();
    let mut kinds: Vec<Vec<String>> = vec![Vec::new(); parts.len()];
    for entry in mapping.map_or(&[][..], Node::entries) {
        let target = entry.value.text().unwrap_or_default();
        let target = target.rsplit('/').next().unwrap_or_default();
        match parts.iter().position(|p| p.component == Some(target)) {
            Some(index) => kinds[index].push(entry.key.to_string()),
            None => problems.push(Problem::new(
                &join(&join(&at, "mapping"), &entry.key),
                format!("`{target}` is not among the alternatives"),
                "add it to them, or remove it here",
            )),
        }
    }
    let mut unmapped = Vec::new();
    for (index, (part, classes)) in parts.iter().zip(classes).enumerate() {
        let label = part.label(index);
        let mut listed = Vec::new();
        for class in classes {
            match class {
                Class::Object(object) => match object.declares.get(&tag) {
                    Some(values) => listed.extend(values.iter().cloned()),
                    None => problems.push(Problem::new(
                        &part.pointer,
                        format!("{label} has no property `{tag}`, which the discriminator names"),
                        format!("add `{tag}` to its properties"),
                    )),
                },
                _ => problems.push(Problem::new(
                    &part.pointer,
                    format!("{label} is not an object, so it has no discriminator"),
                    "remove the `discriminator`, or make the alternative an object",
                )),
            }
        }
        unmapped.push(match (listed.is_empty(), part.component) {
            (true, Some(name)) => vec![name.to_owned()],
            _ => listed.clone(),
        });
        if kinds[index].is_empty() {
            kinds[index] = match (listed.is_empty(), part.component) {
                (false, _) => listed,
                (true, Some(name)) => vec![name.to_owned()],
                (true, None) => {
                    problems.push(Problem::new(
                        &part.pointer,
                        format!("no value of `{tag}` leads to {label}"),
                        format!(
                            "list its values with an `enum` of `{tag}`, or move it to \
                             `components/schemas`"
                        ),
                    ));
                    Vec::new()
                }
            };
        }
    }
    for second in 1..parts.len() {
        for first in 0..second {
            let shared = kinds[second].iter().find(|k| kinds[first].contains(k));
            if let Some(kind) = shared {
                problems.push(Problem::new(
                    &parts[second].pointer,
                    format!(
                        "`{kind}` leads to {} and to {}",
                        parts[first].label(first),
                        parts[second].label(second)
                    ),
                    format!("give each alternative values of `{tag}` of its own"),
                ));
            }
        }
    }
    match problems.is_empty() {
        true => Ok(Kinds {
            tag,
            accepted: with_own(&kinds, &unmapped),
            said: kinds,
        }),
        false => Err(problems),
    }
}

/// The values that lead to each alternative, with those of `others` that no alternative has
/// but one.
fn with_own(kinds: &[Vec<String>], others: &[Vec<String>]) -> Vec<Vec<String>> {
    let mut times: BTreeMap<&str, usize> = BTreeMap::new();
    for (said, others) in kinds.iter().zip(others) {
        let all: BTreeSet<&String> = said.iter().chain(others).collect();
        all.into_iter()
            .for_each(|value| *times.entry(value).or_default() += 1);
    }
    let accepted = kinds.iter().zip(others).map(|(said, others)| {
        let is_own = |value: &&String| times.get(value.as_str()) == Some(&1);
        let own = others.iter().filter(is_own);
        let mut all = said.clone();
        all.extend(own.filter(|value| !said.contains(value)).cloned());
        all
    });
    accepted.collect()
}

/// How alternatives without a discriminator are told apart, in the order in
/// which to try.
fn told_apart(
    parts: &[Part<'_>],
    classes: &[Vec<Class>],
) -> Result<Vec<(usize, Case)>, Vec<Problem>> {
    let flat: Vec<(usize, &Class)> = classes
        .iter()
        .enumerate()
        .flat_map(|(index, classes)| classes.iter().map(move |class| (index, class)))
        .collect();
    let mut problems = Vec::new();
    for (position, (second, class)) in flat.iter().enumerate() {
        if matches!(class, Class::Anything) && flat.len() > 1 {
            problems.push(Problem::new(
                &parts[*second].pointer,
                format!("{} may be anything", parts[*second].label(*second)),
                "describe it, or write `{}` in place of all alternatives",
            ));
            continue;
        }
        for (first, other) in &flat[..position] {
            if first != second && !differ(other, class) {
                problems.push(not_told_apart(parts, (*first, other), (*second, class)));
            }
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let mut left: Vec<(usize, &Class)> = flat;
    left.sort_by_key(|(_, class)| match class {
        Class::Scalar(scalar) => (0, Some(scalar.clone())),
        Class::List => (1, None),
        Class::Object(_) | Class::Anything => (2, None),
    });
    let objects: Vec<&Object> = left.iter().filter_map(|(_, class)| object(class)).collect();
    let mut cases = Vec::new();
    while !left.is_empty() {
        // Before it comes whatever its test would take for one of its own.
        let is_next = |position: usize| {
            let (index, class) = left[position];
            let mut others = left.iter().filter(|(other, _)| *other != index);
            others.all(|(_, other)| match (object(class), object(other)) {
                (Some(one), Some(other)) => one.excludes(other),
                _ => true,
            })
        };
        let Some(next) = (0..left.len()).find(|position| is_next(*position)) else {
            return Err(vec![not_told_apart(parts, left[0], left[left.len() - 1])]);
        };
        let (index, class) = left.remove(next);
        let case = match class {
            Class::Scalar(_) | Class::Anything => Case::Scalar,
            Class::List => Case::List,
            Class::Object(object) => object.case(&objects),
        };
        cases.push((index, case));
    }
    Ok(cases)
}

/// Adds the properties that objects are told apart by: of each two, one that has values of
/// its own in both, and preferably a single one; or else one that only one of them has, and
/// preferably one that is never empty.
fn tell(classes: &[Vec<Class>], telling: &mut Telling) {
    let objects: Vec<&Object> = classes.iter().flatten().filter_map(object).collect();
    for one in &objects {
        for other in &objects {
            let is_single = |name: &&str| {
                let mut both = [one, other].into_iter();
                both.all(|object| object.declares[*name].len() == 1)
            };
            let constant = best(one.constants(other), is_single);
            let foreign = || best(one.foreign(other).map(String::as_str), |n| is_identifier(n));
            if let Some(name) = constant.or_else(foreign) {
                let sources = one.sources.iter();
                telling.extend(sources.map(|source| (source.clone(), name.to_owned())));
            }
        }
    }
}

/// The first that is preferred, or else the first.
fn best<'n>(
    mut names: impl Iterator<Item = &'n str> + Clone,
    is_preferred: impl Fn(&&str) -> bool,
) -> Option<&'n str> {
    let first = names.clone().next();
    names.find(is_preferred).or(first)
}

/// Whether a property is never empty.
pub(crate) fn is_identifier(name: &str) -> bool {
    name == "id" || name.ends_with("_id") || name.ends_with("Id")
}

/// Two alternatives, each with its index and what its values look like.
fn not_told_apart(
    parts: &[Part<'_>],
    (first, one): (usize, &Class),
    (second, other): (usize, &Class),
) -> Problem {
    let help = match one {
        Class::Object(_) => {
            "add a `discriminator`, or a required property to one of them that the other does \
             not have"
        }
        Class::Scalar(Scalar::Listed(_)) => "list each value in one of them only",
        _ => "merge them into one",
    };
    let problem = Problem::new(
        &parts[second].pointer,
        format!(
            "a value of {} cannot be told from one of {}",
            parts[second].label(second),
            parts[first].label(first)
        ),
        help,
    );
    let objects = [one, other].into_iter().filter_map(object);
    Problem {
        others: objects
            .flat_map(|object| &object.sources)
            .cloned()
            .collect(),
        ..problem
    }
}

fn object(class: &Class) -> Option<&Object> {
    match class {
        Class::Object(object) => Some(object),
        _ => None,
    }
}

/// Whether values of one are told from those of another.
fn differ(one: &Class, other: &Class) -> bool {
    match (one, other) {
        (Class::Scalar(Scalar::Listed(some)), Class::Scalar(Scalar::Listed(others))) => {
            some.iter().all(|value| !others.contains(value))
        }
        (Class::Scalar(one), Class::Scalar(other)) => one != other,
        (Class::Object(one), Class::Object(other)) => one.excludes(other) || other.excludes(one),
        (Class::List, Class::List) => false,
        _ => true,
    }
}

impl Object {
    /// Whether a value of `other` is never taken for one of these.
    fn excludes(&self, other: &Self) -> bool {
        self.foreign(other).next().is_some() || self.constants(other).next().is_some()
    }

    /// The required properties that `other` does not have.
    fn foreign<'o>(&'o self, other: &'o Self) -> impl Iterator<Item = &'o String> + Clone {
        let is_foreign = |name: &&String| !other.is_open && !other.declares.contains_key(*name);
        self.requires.iter().filter(is_foreign)
    }

    /// The required properties whose values differ from those of `other`.
    fn constants<'o>(&'o self, other: &'o Self) -> impl Iterator<Item = &'o str> + Clone {
        self.declares.iter().filter_map(move |(name, values)| {
            let others = other.declares.get(name)?;
            let both = [self, other].iter().all(|o| o.requires.contains(name));
            let listed = !values.is_empty() && !others.is_empty();
            let differ = values.iter().all(|value| !others.contains(value));
            (both && listed && differ).then_some(name.as_str())
        })
    }

    /// How these are told from all others.
    fn case(&self, others: &[&Self]) -> Case {
        let constants: BTreeSet<&str> = others.iter().flat_map(|o| self.constants(o)).collect();
        let is = constants
            .iter()
            .map(|name| ((*name).to_owned(), self.declares[*name].clone()));
        // A single object needs no test.
        let required = self.requires.iter().filter(|_| others.len() > 1);
        let has = required.filter(|name| !constants.contains(name.as_str()));
        Case::Object {
            has: has.cloned().collect(),
            is: is.collect(),
        }
    }
}

/// Parts of an `allOf` that have alternatives of their own: typify would merge
/// each alternative with the other parts in ways of its own.
fn merged_alternatives(spec: &Spec<'_>, schema: &Found<'_>) -> Option<Problem> {
    let parts = schema.parts("allOf");
    let parts = parts.filter_map(|(node, pointer)| {
        let found = spec.resolve(node, &pointer)?;
        Some((pointer, found))
    });
    let parts: Vec<(String, Found<'_>)> = parts.collect();
    let saying = parts.iter().filter(|(_, part)| !says_nothing(part.node));
    let beside = ["properties", "oneOf", "anyOf"];
    let has_beside = beside.iter().any(|key| schema.node.get(key).is_some());
    if saying.count() + usize::from(has_beside) < 2 {
        return None;
    }
    let (pointer, _) = parts
        .iter()
        .find(|(_, part)| has_alternatives(spec, part))?;
    Some(Problem::new(
        pointer,
        "this part of an `allOf` has alternatives, which cannot be merged with the other parts",
        "write the `oneOf` or `anyOf` beside the `allOf`, not in it",
    ))
}

/// Whether a schema, or the one that it is another name for, has alternatives.
fn has_alternatives(spec: &Spec<'_>, schema: &Found<'_>) -> bool {
    let schema = spec.unwrapped(schema);
    KEYWORDS.iter().any(|key| schema.node.get(key).is_some())
}

/// A discriminator of which nobody knows what it chooses from.
fn lone_discriminator(schema: &Found<'_>) -> Option<Problem> {
    let is_alone = KEYWORDS.iter().all(|key| schema.node.get(key).is_none());
    (schema.node.get("discriminator").is_some() && is_alone).then(|| {
        Problem::new(
            &schema.field("discriminator"),
            "this discriminator has no alternatives to choose from: what only the subtypes have \
             would be lost",
            "list the subtypes with `oneOf`, in a schema of its own that has the discriminator; or \
             remove it here",
        )
    })
}

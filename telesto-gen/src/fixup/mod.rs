//! Changes to the document before progenitor sees it: one function for each
//! defect of progenitor or typify, with the reason. Each returns how often it
//! applied.

use std::collections::{BTreeSet, HashMap};
use std::fmt::Debug;
use std::mem;

use indexmap::IndexMap;
use openapiv3::{
    AdditionalProperties, AnySchema, IntegerFormat, MediaType, NumberFormat, OpenAPI, ReferenceOr,
    Response, Schema, SchemaData, SchemaKind, StatusCode, StringFormat, StringType, Type,
    VariantOrUnknownOrEmpty,
};
use serde_json::Value;

use crate::formats::{self, Rust};
use crate::schemas;
use crate::spec::{self, Coding, alternatives::Union};

pub(crate) mod alternatives;
pub(crate) mod enum_values;
mod nullable;
mod one_way;
mod parameters;
pub(crate) mod renamed;

/// Applies all of them. Returns how often each applied, by its name.
pub(crate) fn apply(
    api: &mut OpenAPI,
    unions: &[Union],
    files: &BTreeSet<String>,
) -> Vec<(&'static str, usize)> {
    let mut applied = vec![
        // Before anything that looks at types.
        ("unread-types", unread_types(api)),
        // Before alternatives are replaced.
        ("files", self::files(api, files)),
        ("choices", parameters::choices(api)),
        ("joined-lists", parameters::lists(api)),
        // Then this, as it goes by the places in the document.
        ("alternatives", alternatives::apply(api, unions)),
        ("colliding-parameters", parameters::names(api)),
        ("media-types", media_types(api)),
        ("error-responses", error_responses(api)),
        ("head-bodies", head_bodies(api)),
        ("absent-bodies", absent_bodies(api)),
        ("unreachable-schemas", unreachable_schemas(api)),
    ];
    // What parts refer to, while their properties change.
    let document = api.clone();
    applied.extend([
        ("one-way-properties", one_way::apply(api, &document)),
        ("colliding-properties", renamed::apply(api, &document)),
        ("narrow-schemas", narrow_schemas(api)),
        ("closed-objects", closed_objects(api)),
        ("open-objects", open_objects(api)),
        ("defaults", defaults(api)),
        ("formats-without-a-type", formats_without_a_type(api)),
        ("null-values", null_values(api)),
        ("colliding-values", enum_values::apply(api)),
        ("nullable-components", nullable::apply(api, &document)),
        ("nullable-bodies", nullable_bodies(api)),
        ("merged-scalars", merged_scalars(api)),
    ]);
    applied
}

/// openapiv3 reads a schema as one of any type if a limit does not fit into an `i64`, such as
/// `1.0`. typify would make a type of the limits. Takes them away, and reads the schema again.
fn unread_types(api: &mut OpenAPI) -> usize {
    let mut read = 0;
    schemas::for_each(api, &mut |_, schema| {
        let SchemaKind::Any(any) = &mut schema.schema_kind else {
            return;
        };
        let was_narrow = without_limits(
            [&mut any.minimum, &mut any.maximum, &mut any.multiple_of],
            [&mut any.exclusive_minimum, &mut any.exclusive_maximum]
                .map(|flag| flag.take().unwrap_or_default())
                .each_mut(),
        );
        let parts = [&any.all_of, &any.one_of, &any.any_of];
        let is_whole = parts.iter().all(|parts| parts.is_empty()) && any.not.is_none();
        if any.typ.is_some()
            && is_whole
            && let Ok(value) = serde_json::to_value(&*any)
            && let Ok(kind @ SchemaKind::Type(_)) = serde_json::from_value(value)
        {
            schema.schema_kind = kind;
            read += 1;
        } else {
            read += usize::from(was_narrow);
        }
    });
    read
}

/// The format that stands for a file in a form.
pub(crate) const FILE: &str = "zq_file";

/// progenitor knows no multipart forms, and a binary text is a text to typify. Those in
/// forms get a type of their own.
fn files(api: &mut OpenAPI, files: &BTreeSet<String>) -> usize {
    let mut marked = 0;
    schemas::for_each(api, &mut |pointer, schema| {
        if files.contains(pointer)
            && let SchemaKind::Type(Type::String(text)) = &mut schema.schema_kind
        {
            text.format = VariantOrUnknownOrEmpty::Unknown(FILE.to_owned());
            marked += 1;
        }
    });
    marked
}

/// progenitor takes a request body of one media type only, knows few of them, and has a
/// `todo!` for an encoding. Of each, it gets one that it knows: the middleware sets the
/// headers.
fn media_types(api: &mut OpenAPI) -> usize {
    let mut changed = 0;
    schemas::for_each_body(api, &mut |body| {
        let kinds = body.content.keys().map(String::as_str);
        let sent = spec::sent_among(kinds).map(str::to_owned);
        changed += usize::from(known(&mut body.content, sent, true));
    });
    schemas::for_each_response(api, &mut |response| {
        let kinds = response.content.keys().map(String::as_str);
        let read = spec::read_among(kinds).map(str::to_owned);
        changed += usize::from(known(&mut response.content, read, false));
    });
    changed
}

/// Makes of a content the one media type that is used, under a name that progenitor knows.
fn known(content: &mut IndexMap<String, MediaType>, used: Option<String>, is_sent: bool) -> bool {
    let before = mem::take(content);
    let Some((kind, media)) = used.and_then(|used| before.get_key_value(&used)) else {
        return !before.is_empty();
    };
    let mut media = media.clone();
    media.encoding.clear();
    let format = match &media.schema {
        Some(ReferenceOr::Item(schema)) => string_format(schema),
        _ => None,
    };
    let is_binary = format == Some(StringFormat::Binary);
    let coding = Coding::of(kind, is_binary);
    // Of what is neither JSON nor a form, the schema says nothing more.
    let format = match coding {
        Coding::Bytes => VariantOrUnknownOrEmpty::Item(StringFormat::Binary),
        _ => VariantOrUnknownOrEmpty::Empty,
    };
    media.schema = match (coding, is_sent) {
        (Coding::Json | Coding::Form, _) | (Coding::FormData, true) => media.schema,
        (_, true) => Some(ReferenceOr::Item(Schema {
            schema_data: SchemaData::default(),
            schema_kind: SchemaKind::Type(Type::String(StringType {
                format,
                ..StringType::default()
            })),
        })),
        (_, false) => None,
    };
    content.insert(coding.known_as().to_owned(), media);
    *content != before
}

fn string_format(schema: &Schema) -> Option<StringFormat> {
    match &schema.schema_kind {
        SchemaKind::Type(Type::String(StringType {
            format: VariantOrUnknownOrEmpty::Item(format),
            ..
        })) => Some(*format),
        _ => None,
    }
}

/// progenitor panics if the errors of an operation have two schemas, loses the
/// status of an error with an HTML body, and knows only documented statuses.
/// The middleware decides on the raw status instead, and reads the one envelope
/// of all errors, so the generated client does not handle errors.
fn error_responses(api: &mut OpenAPI) -> usize {
    let mut dropped = 0;
    for operation in schemas::operations(api) {
        let responses = &mut operation.responses;
        let before = responses.responses.len();
        responses.responses.retain(|code, _| is_success(code));
        dropped += before - responses.responses.len();
        dropped += usize::from(responses.default.take().is_some());
    }
    dropped
}

/// The responses of the components, by their names.
fn shared_responses(api: &OpenAPI) -> HashMap<String, ReferenceOr<Response>> {
    let components = api.components.iter();
    let shared = components.flat_map(|components| &components.responses);
    let shared = shared.map(|(name, response)| (name.clone(), response.clone()));
    shared.collect()
}

/// A response to HEAD has no body, whatever the document says of it. progenitor
/// would decode one.
fn head_bodies(api: &mut OpenAPI) -> usize {
    // A reference to one is replaced by the response: others may need its body.
    let shared = shared_responses(api);
    let items = api.paths.paths.values_mut().filter_map(schemas::item);
    let heads = items.filter_map(|item| item.head.as_mut());
    let mut dropped = 0;
    for response in heads.flat_map(|head| head.responses.responses.values_mut()) {
        let found = schemas::resolve(response, |name| shared.get(name));
        if let Some(found) = found.filter(|found| !found.content.is_empty()) {
            let mut bare = found.clone();
            bare.content.clear();
            *response = ReferenceOr::Item(bare);
            dropped += 1;
        }
    }
    dropped
}

/// progenitor asserts that all successes have the same body. If one may have none, `send()`
/// returns an `Option`, or an empty stream.
fn absent_bodies(api: &mut OpenAPI) -> usize {
    let shared = shared_responses(api);
    let mut dropped = 0;
    for operation in schemas::operations(api) {
        let responses = &mut operation.responses.responses;
        let has_body = |response: &ReferenceOr<Response>| {
            let found = schemas::resolve(response, |name| shared.get(name));
            found.is_some_and(|found| !found.content.is_empty())
        };
        if responses.values().any(has_body) {
            let before = responses.len();
            responses.retain(|_, response| has_body(response));
            dropped += before - responses.len();
        }
    }
    dropped
}

/// progenitor generates a type for every schema of the components. Those that
/// only errors use would be types that no call returns.
pub(crate) fn unreachable_schemas(api: &mut OpenAPI) -> usize {
    let Ok(document) = serde_json::to_value(&*api) else {
        return 0;
    };
    let mut reached = BTreeSet::new();
    if let Some(paths) = document.get("paths") {
        reach(&document, paths, &mut reached);
    }
    let Some(components) = &mut api.components else {
        return 0;
    };
    let before = components.schemas.len();
    components
        .schemas
        .retain(|name, _| reached.contains(&format!("#/components/schemas/{name}")));
    before - components.schemas.len()
}

/// typify generates types for strings with a pattern or a length, lists of
/// unique items and numbers above zero that refuse any other value. Whatever
/// the server sends has to be readable, and the server validates requests
/// itself. The values of an enum have to fit into its type.
fn narrow_schemas(api: &mut OpenAPI) -> usize {
    let mut widened = 0;
    schemas::for_each(api, &mut |_, schema| {
        let was_narrow = match &mut schema.schema_kind {
            SchemaKind::Type(Type::String(text)) => {
                let lengths = [text.min_length.take(), text.max_length.take()];
                text.pattern.take().is_some() || lengths != [None, None]
            }
            SchemaKind::Type(Type::Integer(number)) => {
                let mut values = number.enumeration.iter().flatten();
                let is_misfit = !values.all(|value| fits(*value, &number.format));
                if is_misfit {
                    number.format = VariantOrUnknownOrEmpty::Empty;
                }
                let limits = [
                    &mut number.minimum,
                    &mut number.maximum,
                    &mut number.multiple_of,
                ];
                let exclusive = [&mut number.exclusive_minimum, &mut number.exclusive_maximum];
                without_limits(limits, exclusive) || is_misfit
            }
            SchemaKind::Type(Type::Number(number)) => {
                let limits = [
                    &mut number.minimum,
                    &mut number.maximum,
                    &mut number.multiple_of,
                ];
                let exclusive = [&mut number.exclusive_minimum, &mut number.exclusive_maximum];
                without_limits(limits, exclusive)
            }
            SchemaKind::Type(Type::Array(list)) => {
                let lengths = [list.min_items.take(), list.max_items.take()];
                mem::take(&mut list.unique_items) || lengths != [None, None]
            }
            // Beside the parts of a merge.
            SchemaKind::Any(any) => {
                let lengths = [
                    &mut any.min_length,
                    &mut any.max_length,
                    &mut any.min_items,
                    &mut any.max_items,
                ];
                let lengths = lengths.map(|length| length.take().is_some());
                let others = [
                    any.pattern.take().is_some(),
                    any.unique_items.take().is_some(),
                ];
                lengths.contains(&true) || others.contains(&true)
            }
            _ => false,
        };
        widened += usize::from(was_narrow);
    });
    widened
}

/// Takes away the limits of a number. Returns whether there were any.
fn without_limits<T>(limits: [&mut Option<T>; 3], exclusive: [&mut bool; 2]) -> bool {
    let limits = limits.map(|limit| limit.take().is_some());
    let exclusive = exclusive.map(mem::take);
    limits.contains(&true) || exclusive.contains(&true)
}

/// Whether a whole number is one of the type that a format stands for.
fn fits(value: i64, format: &VariantOrUnknownOrEmpty<IntegerFormat>) -> bool {
    let name = match format {
        VariantOrUnknownOrEmpty::Item(IntegerFormat::Int32) => "int32",
        VariantOrUnknownOrEmpty::Unknown(name) => name,
        _ => return true,
    };
    match name {
        "int8" => i8::try_from(value).is_ok(),
        "int16" => i16::try_from(value).is_ok(),
        "int32" => i32::try_from(value).is_ok(),
        "uint8" => u8::try_from(value).is_ok(),
        "uint16" => u16::try_from(value).is_ok(),
        "uint32" => u32::try_from(value).is_ok(),
        "uint" | "uint64" => value >= 0,
        _ => true,
    }
}

/// typify makes an object with `additionalProperties: false` refuse a new field
/// in a response. For requests it makes no difference.
fn closed_objects(api: &mut OpenAPI) -> usize {
    let mut opened = 0;
    schemas::for_each(api, &mut |_, schema| {
        let others = other_properties(schema);
        let closed =
            others.and_then(|others| others.take_if(|o| *o == AdditionalProperties::Any(false)));
        opened += usize::from(closed.is_some());
    });
    opened
}

/// typify drops the properties that `additionalProperties: true` allows, and keeps those of
/// `{}`, which means the same.
fn open_objects(api: &mut OpenAPI) -> usize {
    let mut described = 0;
    schemas::for_each(api, &mut |_, schema| {
        if let Some(Some(others)) = other_properties(schema)
            && *others == AdditionalProperties::Any(true)
        {
            let anything = Schema {
                schema_data: SchemaData::default(),
                schema_kind: SchemaKind::Any(AnySchema::default()),
            };
            *others = AdditionalProperties::Schema(Box::new(ReferenceOr::Item(anything)));
            described += 1;
        }
    });
    described
}

/// The `additionalProperties` of an object.
fn other_properties(schema: &mut Schema) -> Option<&mut Option<AdditionalProperties>> {
    match &mut schema.schema_kind {
        SchemaKind::Type(Type::Object(object)) => Some(&mut object.additional_properties),
        // Without a type, or beside the parts of a merge.
        SchemaKind::Any(any) => Some(&mut any.additional_properties),
        _ => None,
    }
}

/// typify makes a field with a default one that always has a value. An empty
/// value would be an error, an absent one would be invented, and the server
/// would be sent values that the caller never set. An `Option` has none of this.
fn defaults(api: &mut OpenAPI) -> usize {
    let mut dropped = 0;
    schemas::for_each(api, &mut |_, schema| {
        dropped += usize::from(schema.schema_data.default.take().is_some());
    });
    dropped
}

/// typify uses `uuid::Uuid` for UUIDs and `std::net` for IP addresses. Here,
/// identifiers are text: they are passed on as they are. It uses `f32` for a
/// `float`, which rounds what JSON writes with more digits.
fn formats_without_a_type(api: &mut OpenAPI) -> usize {
    let mut dropped = 0;
    schemas::for_each(api, &mut |_, schema| {
        match &mut schema.schema_kind {
            SchemaKind::Type(Type::String(text))
                if matches!(&text.format, VariantOrUnknownOrEmpty::Unknown(format)
                    if formats::find("string", format).is_some_and(|f| f.rust == Rust::Text)) =>
            {
                text.format = VariantOrUnknownOrEmpty::Empty;
            }
            SchemaKind::Type(Type::Number(number))
                if number.format == VariantOrUnknownOrEmpty::Item(NumberFormat::Float) =>
            {
                number.format = VariantOrUnknownOrEmpty::Empty;
            }
            _ => return,
        }
        dropped += 1;
    });
    dropped
}

/// OpenAPI 3.0.3 asks for `null` among the values of an enum that is nullable.
/// typify would make a value of it; `nullable` says it all.
fn null_values(api: &mut OpenAPI) -> usize {
    fn without_null<T>(values: &mut Vec<Option<T>>) -> usize {
        let before = values.len();
        values.retain(Option::is_some);
        before - values.len()
    }

    let mut dropped = 0;
    schemas::for_each(api, &mut |_, schema| {
        dropped += match &mut schema.schema_kind {
            SchemaKind::Type(Type::String(text)) => without_null(&mut text.enumeration),
            SchemaKind::Type(Type::Integer(number)) => without_null(&mut number.enumeration),
            SchemaKind::Type(Type::Number(number)) => without_null(&mut number.enumeration),
            SchemaKind::Type(Type::Boolean(flag)) => without_null(&mut flag.enumeration),
            _ => 0,
        };
    });
    dropped
}

/// progenitor makes an `Option` of a body that is nullable, which its mocks
/// cannot compare. There is nothing to say with `null`: a body that is not
/// required can be left out.
fn nullable_bodies(api: &mut OpenAPI) -> usize {
    let mut dropped = 0;
    schemas::for_each_body(api, &mut |body| {
        for media in body.content.values_mut() {
            if let Some(ReferenceOr::Item(schema)) = &mut media.schema {
                dropped += usize::from(mem::take(&mut schema.schema_data.nullable));
            }
        }
    });
    dropped
}

/// typify merges the parts of an `allOf` without the settings for formats: a
/// date becomes a type of a crate that nobody depends on. Of scalars, the part
/// that says the most is taken as it is: the lint refuses those that differ.
fn merged_scalars(api: &mut OpenAPI) -> usize {
    let components = api.components.iter();
    let schemas = components.flat_map(|components| &components.schemas);
    let named: HashMap<String, Scalar> = schemas
        .filter_map(|(name, schema)| Some((name.clone(), Scalar::of(schema.as_item()?)?)))
        .collect();
    let mut merged = 0;
    schemas::for_each(api, &mut |_, schema| {
        let beside = beside_parts(&schema.schema_kind);
        let all_of = match &mut schema.schema_kind {
            SchemaKind::AllOf { all_of } => all_of,
            SchemaKind::Any(any) if beside.is_some() => &mut any.all_of,
            _ => return,
        };
        let mut parts = all_of.clone();
        parts.extend(beside.map(ReferenceOr::Item));
        let kinds: Option<Vec<Option<Scalar>>> = parts
            .iter()
            .map(|part| match part {
                ReferenceOr::Reference { reference } => {
                    let name = reference.strip_prefix("#/components/schemas/")?;
                    named.get(name).cloned().map(Some)
                }
                ReferenceOr::Item(part) if says_nothing(part) => Some(None),
                ReferenceOr::Item(part) => Scalar::of(part).map(Some),
            })
            .collect();
        let Some(kinds) = kinds.filter(|kinds| kinds.len() > 1) else {
            return;
        };
        // One of those with a format, and of these one with a name.
        let has_format =
            |kind: &Option<Scalar>| kind.as_ref().is_some_and(|kind| kind.format.is_some());
        let with_format = kinds.iter().any(has_format);
        let is_whole = |kind: &Option<Scalar>| kind.is_some() && (has_format(kind) || !with_format);
        let whole = (0..parts.len()).filter(|at| is_whole(&kinds[*at]));
        let Some(place) = whole.min_by_key(|at| parts[*at].as_item().is_some()) else {
            return;
        };
        if !kinds
            .iter()
            .flatten()
            .all(|kind| kind.agrees_with(&kinds[place]))
        {
            return;
        }
        let is_nullable = |part: &ReferenceOr<Schema>| {
            part.as_item().is_some_and(|part| part.schema_data.nullable)
        };
        schema.schema_data.nullable |= parts.iter().any(is_nullable);
        schema.schema_kind = match parts.swap_remove(place) {
            ReferenceOr::Item(part) => part.schema_kind,
            named => SchemaKind::AllOf {
                all_of: vec![named],
            },
        };
        merged += 1;
    });
    merged
}

/// The scalar that is beside the parts of an `allOf`.
fn beside_parts(kind: &SchemaKind) -> Option<Schema> {
    let SchemaKind::Any(any) = kind else {
        return None;
    };
    if any.all_of.is_empty() {
        return None;
    }
    let mut beside = any.clone();
    beside.all_of.clear();
    let beside = serde_json::to_value(beside).ok()?;
    let beside = serde_json::from_value(beside).ok()?;
    Scalar::of(&beside).map(|_| beside)
}

/// The type and the format of a scalar without an enum.
#[derive(Clone, PartialEq)]
struct Scalar {
    typ: &'static str,
    format: Option<String>,
}

impl Scalar {
    fn of(schema: &Schema) -> Option<Self> {
        fn format<T: Debug>(format: &VariantOrUnknownOrEmpty<T>) -> Option<String> {
            match format {
                VariantOrUnknownOrEmpty::Empty => None,
                format => Some(format!("{format:?}")),
            }
        }
        let (typ, format) = match &schema.schema_kind {
            SchemaKind::Type(Type::String(text)) if text.enumeration.is_empty() => {
                ("string", format(&text.format))
            }
            SchemaKind::Type(Type::Integer(number)) if number.enumeration.is_empty() => {
                ("integer", format(&number.format))
            }
            SchemaKind::Type(Type::Number(number)) if number.enumeration.is_empty() => {
                ("number", format(&number.format))
            }
            _ => return None,
        };
        Some(Self { typ, format })
    }

    /// Whether it says nothing that `whole` does not say.
    fn agrees_with(&self, whole: &Option<Self>) -> bool {
        whole.as_ref().is_some_and(|whole| {
            self.typ == whole.typ && (self.format.is_none() || self.format == whole.format)
        })
    }
}

/// Whether a schema is nothing but documentation.
fn says_nothing(schema: &Schema) -> bool {
    matches!(&schema.schema_kind, SchemaKind::Any(any) if *any == AnySchema::default())
}

/// Follows every reference from `node` on.
fn reach(document: &Value, node: &Value, reached: &mut BTreeSet<String>) {
    match node {
        Value::Object(members) => {
            if let Some(Value::String(reference)) = members.get("$ref")
                && reached.insert(reference.clone())
                && let Some(target) = reference.strip_prefix('#')
                && let Some(target) = document.pointer(target)
            {
                reach(document, target, reached);
            }
            members
                .values()
                .for_each(|member| reach(document, member, reached));
        }
        Value::Array(items) => items.iter().for_each(|item| reach(document, item, reached)),
        _ => {}
    }
}

/// Whether a documented status is one of a success.
fn is_success(code: &StatusCode) -> bool {
    match code {
        StatusCode::Code(code) => (200..300).contains(code),
        StatusCode::Range(range) => *range == 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const API: &str = r##"
openapi: 3.0.3
info: { title: Made up, version: "0" }
paths:
  /things:
    get:
      responses:
        "200":
          description: The thing.
          content: { application/json: { schema: { $ref: "#/components/schemas/Thing" } } }
        "4XX":
          description: It failed.
          content: { application/json: { schema: { $ref: "#/components/schemas/Failure" } } }
        default: { $ref: "#/components/responses/Failed" }
components:
  responses:
    Failed:
      description: It failed.
      content: { application/json: { schema: { $ref: "#/components/schemas/Failure" } } }
  schemas:
    Thing:
      type: object
      properties: { part: { $ref: "#/components/schemas/Part" } }
    Part: { type: object, properties: { whole: { $ref: "#/components/schemas/Thing" } } }
    Failure: { type: object }
"##;

    const NARROW: &str = r#"
openapi: 3.0.3
info: { title: Made up, version: "0" }
paths:
  /things:
    get:
      parameters:
        - { name: size, in: query, schema: { type: integer, minimum: 1, default: 20 } }
      responses:
        "200":
          description: The things.
          content:
            application/json:
              schema:
                type: array
                uniqueItems: true
                items:
                  type: object
                  additionalProperties: false
                  properties:
                    id: { type: string, format: uuid }
                    code: { type: string, minLength: 3, pattern: "^[A-Z]+$" }
                    count: { type: integer, minimum: 0 }
                    box: { additionalProperties: false, properties: { a: { type: string } } }
"#;

    #[test]
    fn whatever_the_server_may_send_can_be_read() {
        let mut api: OpenAPI = serde_yaml::from_str(NARROW).unwrap();
        assert_eq!(narrow_schemas(&mut api), 4);
        assert_eq!(closed_objects(&mut api), 2);
        assert_eq!(defaults(&mut api), 1);
        assert_eq!(formats_without_a_type(&mut api), 1);
        let text = serde_json::to_string(&api).unwrap();
        for gone in [
            "minimum",
            "unique",
            "additional",
            "uuid",
            "minLength",
            "pattern",
            "default",
        ] {
            assert!(!text.contains(gone), "{gone} in {text}");
        }
        for (name, times) in apply(&mut api, &[], &BTreeSet::new()) {
            assert_eq!(times, 0, "{name} a second time");
        }
    }

    #[test]
    fn errors_are_dropped_and_the_types_that_only_they_have() {
        let mut api: OpenAPI = serde_yaml::from_str(API).unwrap();
        assert_eq!(error_responses(&mut api), 2);
        let (_, _, operation) = api.operations().next().unwrap();
        assert_eq!(operation.responses.responses.len(), 1);
        assert_eq!(operation.responses.default, None);

        assert_eq!(unreachable_schemas(&mut api), 1);
        let schemas = api.components.unwrap().schemas;
        assert_eq!(schemas.keys().collect::<Vec<_>>(), ["Thing", "Part"]);
    }
}

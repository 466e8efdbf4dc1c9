//! The table of rules: one function each.

use super::sides::{OperationPair, Role, SchemaPair, Sides};
use super::{About, Report, document, operations, parameters, schemas};

/// A rule that finds changes of one kind.
#[derive(Debug)]
#[non_exhaustive]
pub struct ChangeRule {
    /// Its name, as in the `rule` of a [`Change`](super::Change).
    pub name: &'static str,
    /// What it looks at.
    pub says: &'static str,
    check: Check,
}

type OfDocument = for<'s, 'a> fn(&'s Sides<'a>, &mut Report<'s, 'a>);

type OfSchema = fn(&Sides<'_>, &SchemaPair<'_>, &mut Report<'_, '_>);

enum Check {
    Document(OfDocument),
    Operation(fn(&Sides<'_>, &OperationPair<'_>, &mut Report<'_, '_>)),
    /// A rule that looks at schemas which are written alike, too.
    Name(OfSchema),
    Schema(OfSchema),
    /// A rule that looks at the parts of schemas, too.
    Part(OfSchema),
}

impl std::fmt::Debug for Check {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Check")
    }
}

impl ChangeRule {
    pub(super) fn check<'s, 'a>(&self, sides: &'s Sides<'a>, report: &mut Report<'s, 'a>) {
        match self.check {
            Check::Document(check) => check(sides, report),
            Check::Operation(check) => {
                for pair in &sides.operations {
                    report.about = About::Operation(pair.new);
                    check(sides, pair, report);
                }
            }
            Check::Name(check) => {
                of_schemas(check, &|pair| pair.role == Role::Value, sides, report)
            }
            Check::Schema(check) => {
                let is_meant = |pair: &SchemaPair<'_>| pair.is_edited && pair.role == Role::Value;
                of_schemas(check, &is_meant, sides, report);
            }
            Check::Part(check) => of_schemas(check, &|pair| pair.is_edited, sides, report),
        }
    }
}

fn of_schemas<'s, 'a>(
    check: OfSchema,
    is_meant: &dyn Fn(&SchemaPair<'_>) -> bool,
    sides: &'s Sides<'a>,
    report: &mut Report<'s, 'a>,
) {
    for pair in sides.schemas.iter().filter(|pair| is_meant(pair)) {
        report.about = About::Schema(pair);
        check(sides, pair, report);
    }
}

/// The rules that find changes, in the order of what they look at.
#[must_use]
pub fn change_rules() -> &'static [ChangeRule] {
    RULES
}

const fn of_document(name: &'static str, says: &'static str, check: OfDocument) -> ChangeRule {
    let check = Check::Document(check);
    ChangeRule { name, says, check }
}

const fn of_operation(
    name: &'static str,
    says: &'static str,
    check: fn(&Sides<'_>, &OperationPair<'_>, &mut Report<'_, '_>),
) -> ChangeRule {
    let check = Check::Operation(check);
    ChangeRule { name, says, check }
}

const fn of_schema(name: &'static str, says: &'static str, check: OfSchema) -> ChangeRule {
    let check = Check::Schema(check);
    ChangeRule { name, says, check }
}

const fn of_part(name: &'static str, says: &'static str, check: OfSchema) -> ChangeRule {
    let check = Check::Part(check);
    ChangeRule { name, says, check }
}

pub(super) static RULES: &[ChangeRule] = &[
    of_document("server", "where requests are sent", document::server),
    of_document("key-header", "the header of the key", document::key_header),
    of_document("rate-limit", "`x-rate-limit`", document::rate_limit),
    of_document(
        "about",
        "the title, the version and the tags",
        document::about,
    ),
    of_document("operation-added", "operations", document::operation_added),
    of_document(
        "operation-removed",
        "operations",
        document::operation_removed,
    ),
    of_operation("operation-renamed", "`operationId`", operations::renamed),
    of_operation(
        "operation-moved",
        "the method and the path",
        operations::moved,
    ),
    of_operation(
        "deprecated",
        "`deprecated` of operations",
        operations::deprecated,
    ),
    of_operation("cache", "`x-cache` of operations", operations::cache),
    of_operation(
        "idempotent",
        "`x-idempotent` of operations",
        operations::idempotent,
    ),
    of_operation(
        "operation-docs",
        "what documents operations",
        operations::docs,
    ),
    of_operation("parameter-added", "parameters", parameters::added),
    of_operation("parameter-removed", "parameters", parameters::removed),
    of_operation(
        "parameter-renamed",
        "the names of parameters",
        parameters::renamed,
    ),
    of_operation("parameter-moved", "`in` of parameters", parameters::moved),
    of_operation(
        "parameter-required",
        "`required` of parameters",
        parameters::required,
    ),
    of_operation(
        "parameter-style",
        "`style` and `explode`",
        parameters::style,
    ),
    of_operation(
        "parameter-docs",
        "what documents parameters",
        parameters::docs,
    ),
    of_operation("body-added", "request bodies", operations::body_added),
    of_operation("body-removed", "request bodies", operations::body_removed),
    of_operation(
        "body-required",
        "`required` of request bodies",
        operations::body_required,
    ),
    of_operation(
        "body-type",
        "the media types of request bodies",
        operations::body_type,
    ),
    of_operation(
        "body-docs",
        "what documents bodies and responses",
        operations::body_docs,
    ),
    of_operation("head-docs", "the bodies of HEAD", operations::head_docs),
    of_operation(
        "response-type",
        "the media types of responses",
        operations::response_type,
    ),
    of_operation(
        "success-status",
        "the statuses of successes",
        operations::success_status,
    ),
    of_operation(
        "error-responses",
        "the documented errors",
        operations::error_responses,
    ),
    of_schema("type", "`type`", schemas::typ),
    ChangeRule {
        name: "type-name",
        says: "the names of types in Rust",
        check: Check::Name(schemas::type_name),
    },
    of_schema("format", "`format`", schemas::format),
    of_schema("nullable", "`nullable`", schemas::nullable),
    of_schema("property-added", "properties", schemas::property_added),
    of_schema("property-removed", "properties", schemas::property_removed),
    of_schema(
        "property-required",
        "`required` of properties",
        schemas::property_required,
    ),
    of_schema(
        "property-order",
        "the order of properties",
        schemas::property_order,
    ),
    of_schema("one-way", "`readOnly` and `writeOnly`", schemas::one_way),
    of_schema(
        "enum-value-added",
        "the values of enums",
        schemas::enum_value_added,
    ),
    of_schema(
        "enum-value-removed",
        "the values of enums",
        schemas::enum_value_removed,
    ),
    of_schema("enum", "enums, and their variants", schemas::enumeration),
    of_schema(
        "other-properties",
        "`additionalProperties`",
        schemas::other_properties,
    ),
    of_part("parts", "the parts of an `allOf`", schemas::all_of),
    of_schema(
        "alternative-added",
        "`oneOf` and `anyOf`",
        schemas::alternative_added,
    ),
    of_schema(
        "alternative-removed",
        "`oneOf` and `anyOf`",
        schemas::alternative_removed,
    ),
    of_schema("discriminator", "discriminators", schemas::discriminator),
    of_part("limits", "limits such as `maxLength`", schemas::limits),
    of_part("schema-docs", "what documents schemas", schemas::docs),
];

//! progenitor makes a type of a parameter that may be one of several plain values, and
//! then code that does not compile. Here it is text, whatever its value is. Of lists that
//! are joined, it knows nothing: `refine::send` joins them.

use openapiv3::{
    OpenAPI, Parameter, ParameterSchemaOrContent, QueryStyle, ReferenceOr, Schema, SchemaData,
    SchemaKind, StringType, Type,
};

use super::says_nothing;
use crate::schemas;

/// Makes text of parameters that may be one of several plain values. Returns how many
/// there were.
pub(super) fn choices(api: &mut OpenAPI) -> usize {
    let document = api.clone();
    let mut changed = 0;
    schemas::for_each_parameter(api, &mut |parameter| {
        let data = schemas::data_of(parameter);
        if let ParameterSchemaOrContent::Schema(schema) = &mut data.format
            && is_choice(&document, schema)
        {
            *schema = ReferenceOr::Item(Schema {
                schema_data: SchemaData::default(),
                schema_kind: SchemaKind::Type(Type::String(StringType::default())),
            });
            changed += 1;
        }
    });
    changed
}

/// The lint refuses all others that have alternatives.
fn is_choice(api: &OpenAPI, schema: &ReferenceOr<Schema>) -> bool {
    let Some(schema) = schemas::resolved(api, schema) else {
        return false;
    };
    match &schema.schema_kind {
        SchemaKind::OneOf { .. } | SchemaKind::AnyOf { .. } => true,
        SchemaKind::Any(any) => !any.one_of.is_empty() || !any.any_of.is_empty(),
        SchemaKind::AllOf { all_of } => {
            let is_empty = |part: &&ReferenceOr<Schema>| part.as_item().is_some_and(says_nothing);
            let mut saying = all_of.iter().filter(|part| !is_empty(part));
            match (saying.next(), saying.next()) {
                (Some(only), None) => is_choice(api, only),
                _ => false,
            }
        }
        _ => false,
    }
}

/// Makes usual parameters of those whose lists are joined. Returns how many there were.
pub(super) fn lists(api: &mut OpenAPI) -> usize {
    let mut changed = 0;
    schemas::for_each_parameter(api, &mut |parameter| {
        if let Parameter::Query {
            parameter_data,
            style,
            ..
        } = parameter
        {
            let explode = parameter_data.explode.take();
            let is_form = matches!(style, QueryStyle::Form);
            changed += usize::from(explode == Some(false) || !is_form);
            *style = QueryStyle::Form;
        }
    });
    changed
}

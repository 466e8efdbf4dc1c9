//! progenitor makes a type of a parameter that may be one of several plain values, and
//! then code that does not compile. Here it is text, whatever its value is. Of lists that
//! are joined, it knows nothing: `refine::send` joins them. It tells parameters apart only
//! by name, and takes names that its builders have already: such a parameter gets another
//! name, from which `refine::rename` restores the one on the wire.

use std::mem;

use openapiv3::{
    Components, OpenAPI, Parameter, ParameterSchemaOrContent, PathItem, QueryStyle, ReferenceOr,
    Schema, SchemaData, SchemaKind, StringType, Type,
};

use super::renamed::marked;
use super::says_nothing;
use crate::{names, schemas};

/// Makes text of parameters that may be one of several plain values. Returns how many
/// there were.
pub(super) fn choices(api: &mut OpenAPI) -> usize {
    // What they refer to, while they change.
    let schemas = api.components.as_mut().map(|components| Components {
        schemas: mem::take(&mut components.schemas),
        ..Components::default()
    });
    let document = OpenAPI {
        components: schemas,
        ..OpenAPI::default()
    };
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
    if let (Some(components), Some(schemas)) = (&mut api.components, document.components) {
        components.schemas = schemas.schemas;
    }
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

/// Renames parameters that would have the name of another one. Returns how many.
pub(super) fn names(api: &mut OpenAPI) -> usize {
    let mut renamed = 0;
    let paths = mem::take(&mut api.paths.paths);
    let paths = paths.into_iter().map(|(mut path, mut item)| {
        if let ReferenceOr::Item(item) = &mut item {
            renamed += rename_in(item, &mut path, api);
        }
        (path, item)
    });
    api.paths.paths = paths.collect();
    renamed
}

/// Renames parameters of the operations of a path, and in the path. Returns how many.
/// The operations declare all of them themselves then, since one that they share may
/// have another name in each.
fn rename_in(item: &mut PathItem, path: &mut String, document: &OpenAPI) -> usize {
    let shared = item.parameters.clone();
    let mut renamed = 0;
    let operations = schemas::methods(item).into_iter();
    let operations = operations.filter_map(|(_, operation)| operation.as_mut());
    let operations = operations.map(|operation| {
        let mut parameters = merged(&shared, &operation.parameters, document);
        renamed += rename(&mut parameters, path);
        (operation, parameters)
    });
    let operations: Vec<_> = operations.collect();
    if renamed > 0 {
        for (operation, parameters) in operations {
            let parameters = parameters.into_iter();
            operation.parameters = parameters.map(ReferenceOr::Item).collect();
        }
        item.parameters.clear();
    }
    renamed
}

/// Renames those of the parameters of an operation that have to be.
fn rename(parameters: &mut [Parameter], path: &mut String) -> usize {
    let named = parameters.iter().map(|parameter| {
        let is_in_path = matches!(parameter, Parameter::Path { .. });
        (parameter.parameter_data_ref().name.as_str(), is_in_path)
    });
    let others = names::other_setters(&named.collect::<Vec<_>>());
    let mut renamed = 0;
    for (parameter, other) in parameters.iter_mut().zip(others) {
        let Some(setter) = other else { continue };
        let is_in_path = matches!(parameter, Parameter::Path { .. });
        let name = &mut schemas::data_of(parameter).name;
        let new = marked(&setter, name);
        if is_in_path {
            *path = path.replace(&format!("{{{name}}}"), &format!("{{{new}}}"));
        }
        *name = new;
        renamed += 1;
    }
    renamed
}

/// The parameters of a path and those of its operation, which override them.
fn merged(
    shared: &[ReferenceOr<Parameter>],
    own: &[ReferenceOr<Parameter>],
    document: &OpenAPI,
) -> Vec<Parameter> {
    let resolved = |all: &[ReferenceOr<Parameter>]| -> Vec<Parameter> {
        let all = all
            .iter()
            .filter_map(|one| schemas::parameter(document, one));
        all.cloned().collect()
    };
    let key = |parameter: &Parameter| {
        let name = parameter.parameter_data_ref().name.clone();
        (std::mem::discriminant(parameter), name)
    };
    let (mut all, own) = (resolved(shared), resolved(own));
    all.retain(|one| own.iter().all(|other| key(one) != key(other)));
    all.extend(own);
    all
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

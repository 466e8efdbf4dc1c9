//! Has setters accept everything that `crate::Argument` converts, name their
//! field in errors, and be documented: progenitor's accept few types, each its
//! own, and forget why a conversion failed.

use std::collections::{BTreeMap, BTreeSet};

use quote::{ToTokens as _, quote};
use syn::visit_mut::{self, VisitMut};
use syn::{
    Expr, FieldValue, File, ImplItem, ImplItemFn, Item, Member, Type, TypeParamBound,
    WherePredicate, parse_quote,
};

use super::tree;
use crate::descriptions;
use crate::facts::{Facts, OperationFacts};

pub(super) fn apply(file: &mut File, facts: &Facts) -> Result<usize, String> {
    let operations = facts.by_builder();
    let items = tree::module(file, "builder")?;
    let fields = fields(items);
    let required = required_fields(items);
    let mut changed = BTreeSet::new();
    for block in tree::inherent_impls(items) {
        let builder = tree::type_name(&block.self_ty).unwrap_or_default();
        for item in &mut block.items {
            let ImplItem::Fn(function) = item else {
                continue;
            };
            let name = tree::name(&function.sig.ident);
            if name == "body_map" {
                function.attrs.push(parse_quote! {
                    /// Changes the request body through its builder.
                });
            }
            let key = (builder.clone(), name.clone());
            let (Some(field), Some(converted)) = (fields.get(&key), converted(function)) else {
                continue;
            };
            let required = required.contains(&key);
            let operation = operations
                .get(&builder)
                .ok_or_else(|| format!("`{builder}` is the builder of no operation"))?;
            let doc = argument_doc(operation, &name, required);
            *function = setter(function, field, &converted, &doc);
            changed.insert(key);
        }
    }
    match fields.keys().find(|key| !changed.contains(*key)) {
        Some((builder, field)) => Err(format!("`{builder}` has no setter for `{field}`")),
        None => Ok(changed.len()),
    }
}

/// The types of the fields that setters set, by builder and name: the `T` of
/// `Result<T, String>`.
fn fields(items: &[Item]) -> BTreeMap<(String, String), Type> {
    let mut found = BTreeMap::new();
    for item in items {
        let Item::Struct(builder) = item else {
            continue;
        };
        for field in &builder.fields {
            if let (Some(name), Type::Path(ty)) = (&field.ident, &field.ty)
                && tree::type_name(&field.ty).as_deref() == Some("Result")
                && let Some(value) = tree::first_argument(&ty.path)
            {
                let key = (builder.ident.to_string(), tree::name(name));
                found.insert(key, value.clone());
            }
        }
    }
    found
}

/// The fields that are an error until they are set, by builder and name.
fn required_fields(items: &mut [Item]) -> BTreeSet<(String, String)> {
    struct Unset(Vec<String>);

    impl VisitMut for Unset {
        fn visit_field_value_mut(&mut self, field: &mut FieldValue) {
            visit_mut::visit_field_value_mut(self, field);
            let unset = matches!(&field.expr, Expr::Call(call)
                if matches!(&*call.func, Expr::Path(called) if called.path.is_ident("Err")));
            if let (Member::Named(name), true) = (&field.member, unset) {
                self.0.push(tree::name(name));
            }
        }
    }

    let mut found = BTreeSet::new();
    for item in items {
        let Item::Impl(block) = item else { continue };
        let builder = tree::type_name(&block.self_ty).unwrap_or_default();
        for item in &mut block.items {
            if let ImplItem::Fn(function) = item
                && function.sig.ident == "new"
            {
                let mut unset = Unset(Vec::new());
                unset.visit_block_mut(&mut function.block);
                let keys = unset.0.into_iter().map(|name| (builder.clone(), name));
                found.extend(keys);
            }
        }
    }
    found
}

/// The type that a setter converts its value to: the `T` of `TryInto<T>`.
fn converted(function: &ImplItemFn) -> Option<Type> {
    tree::taken(function)?;
    let clause = function.sig.generics.where_clause.as_ref()?;
    let bounds = clause.predicates.iter().filter_map(|predicate| {
        let WherePredicate::Type(predicate) = predicate else {
            return None;
        };
        predicate.bounds.first()
    });
    let targets = bounds.filter_map(|bound| {
        let TypeParamBound::Trait(bound) = bound else {
            return None;
        };
        let last = bound.path.segments.last()?;
        (last.ident == "TryInto").then(|| tree::first_argument(&bound.path).cloned())?
    });
    targets.last()
}

/// The new setter. It takes what its field holds, except for a body that is
/// text, which the field holds as bytes.
fn setter(function: &ImplItemFn, field: &Type, converted: &Type, doc: &str) -> ImplItemFn {
    let ident = &function.sig.ident;
    let name = tree::name(ident);
    let is_optional = tree::type_name(field).as_deref() == Some("Option");
    let is_body = tree::innermost(field).as_deref() == Some("Body");
    let is_text = tree::type_name(converted).as_deref() == Some("String");
    // Parsed once, as a whole: there are thousands.
    let converted = quote!(crate::argument::field(#name, value));
    let (taken, value) = match (is_body && is_text, is_optional) {
        (false, _) => (field.to_token_stream(), converted),
        (true, false) => (
            quote!(::std::string::String),
            quote!(#converted.map(|text: ::std::string::String| text.into())),
        ),
        (true, true) => (
            quote!(::std::option::Option<::std::string::String>),
            quote! {
                #converted.map(|text: ::std::option::Option<::std::string::String>| {
                    text.map(::std::convert::Into::into)
                })
            },
        ),
    };
    parse_quote! {
        #[doc = #doc]
        pub fn #ident(mut self, value: impl crate::Argument<#taken>) -> Self {
            self.#ident = #value;
            self
        }
    }
}

/// The documentation of an argument of an operation.
fn argument_doc(operation: &OperationFacts, setter: &str, required: bool) -> String {
    let plain = setter.trim_matches('_');
    let mut parameters = operation.parameters.iter();
    let parameter = parameters.find(|parameter| parameter.setter.trim_matches('_') == plain);
    match (parameter, &operation.body) {
        (Some(parameter), _) => {
            let what = format!("The {} parameter `{}`.", parameter.place, parameter.name);
            match parameter.is_renamed && !parameter.description.is_empty() {
                // Its name says it no longer.
                true => {
                    let described = format!("{}\n\n{what}", parameter.description);
                    doc(&described, &what, required)
                }
                false => doc(&parameter.description, &what, required),
            }
        }
        (None, Some(body)) => doc(&body.description, "The request body.", body.required),
        (None, None) => doc("", &format!("The parameter `{setter}`."), required),
    }
}

/// A description, and whether the value is required.
fn doc(description: &str, default: &str, required: bool) -> String {
    let plain = descriptions::of_deprecated(description);
    let described = match plain.as_deref().unwrap_or(description).trim() {
        "" => default,
        description => description,
    };
    let required = if required { "Required." } else { "Optional." };
    let doc = format!("{described}\n\n{required}");
    match plain {
        Some(_) => descriptions::deprecated(&doc),
        None => doc,
    }
}

//! Documents every operation in full: what it sends, where it is documented,
//! which errors the spec names, and an example that compiles.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use quote::ToTokens as _;
use syn::{
    Attribute, File, ImplItem, ImplItemFn, ItemImpl, ReturnType, Type, TypeParamBound, parse_quote,
};

use super::{options, tree};
use crate::facts::{Facts, OperationFacts};

/// How progenitor starts an example. It is never compiled.
const EXAMPLE: &str = "```ignore";

pub(super) fn apply(file: &mut File, facts: &Facts) -> Result<usize, String> {
    // The types of the arguments, by builder and setter.
    let mut setters: BTreeMap<(String, String), String> = BTreeMap::new();
    for block in tree::inherent_impls(tree::module(file, "builder")?) {
        let builder = tree::type_name(&block.self_ty).unwrap_or_default();
        for function in functions(block) {
            if let Some(ty) = argument_type(function, &facts.crate_name) {
                setters.insert((builder.clone(), function.sig.ident.to_string()), ty);
            }
        }
    }
    let operations = facts.by_id();
    let mut documented = 0;
    for block in tree::inherent_impls(&mut file.items) {
        for function in functions(block) {
            let id = function.sig.ident.to_string();
            let id = id.trim_start_matches("r#");
            let (Some(operation), Some(builder)) = (operations.get(id), returned(function)) else {
                continue;
            };
            without_fragment(&mut function.attrs, &operation.path);
            let doc = tree::doc(&function.attrs).unwrap_or_default();
            let Some((head, example)) = doc.split_once(EXAMPLE) else {
                return Err(format!("`{id}` has no example"));
            };
            let example = compiled(example, &builder, &setters, &facts.crate_name)
                .ok_or_else(|| format!("the example of `{id}` is not a chain of calls"))?;
            let text = format!("{}\n{}{example}", head.trim_end(), sections(operation));
            function
                .attrs
                .retain(|attribute| !attribute.path().is_ident("doc"));
            function.attrs.insert(0, parse_quote!(#[doc = #text]));
            documented += 1;
        }
    }
    let expected = facts.operations.len();
    if documented != expected {
        return Err(format!("{documented} methods of {expected} operations"));
    }
    Ok(documented)
}

fn functions(block: &mut ItemImpl) -> impl Iterator<Item = &mut ImplItemFn> {
    block.items.iter_mut().filter_map(|item| match item {
        ImplItem::Fn(function) => Some(function),
        _ => None,
    })
}

/// The name of the builder that a method returns.
fn returned(function: &ImplItemFn) -> Option<String> {
    match &function.sig.output {
        ReturnType::Type(_, ty) => tree::type_name(ty),
        ReturnType::Default => None,
    }
}

/// What an example passes to a setter: the `T` of `impl Argument<T>`, without
/// the `Option` and the builder that a caller need not think of.
fn argument_type(function: &ImplItemFn, crate_name: &str) -> Option<String> {
    let Some(Type::ImplTrait(taken)) = tree::taken(function) else {
        return None;
    };
    let bound = taken.bounds.iter().find_map(|bound| match bound {
        TypeParamBound::Trait(bound) => tree::first_argument(&bound.path),
        _ => None,
    })?;
    let ty = match bound {
        Type::Path(option) if tree::type_name(bound).as_deref() == Some("Option") => {
            tree::first_argument(&option.path)?
        }
        other => other,
    };
    let text = ty.to_token_stream().to_string().replace(' ', "");
    let types = format!("{crate_name}::types::");
    Some(
        text.replace("types::builder::", "types::")
            .replace("types::", &types),
    )
}

/// progenitor writes where a request is sent as the spec has it: no request has a fragment.
pub(super) fn without_fragment(attributes: &mut [Attribute], route: &str) {
    let sent = format!("request to `{route}");
    for attribute in attributes {
        let doc = tree::doc(std::slice::from_ref(attribute)).unwrap_or_default();
        let Some((before, after)) = doc.split_once(&format!("{sent}#")) else {
            continue;
        };
        let after = after.find('`').map_or("", |end| &after[end..]);
        let doc = format!("{before}{sent}{after}");
        *attribute = parse_quote!(#[doc = #doc]);
    }
}

/// What the spec says beyond the description.
fn sections(operation: &OperationFacts) -> String {
    let mut text = String::new();
    if let Some(url) = &operation.documented_at {
        let _ = writeln!(text, "\nDocumented at <{url}>.");
    }
    text.push_str("\n# Errors\n\n[`Error`](crate::Error), in all cases.");
    if operation.errors.is_empty() {
        text.push('\n');
    } else {
        text.push_str(" The spec names these:\n\n");
        for (status, description) in &operation.errors {
            let description = description.split_whitespace().collect::<Vec<_>>().join(" ");
            let _ = writeln!(text, "- {status}: {description}");
        }
    }
    text
}

/// An example that compiles: it is in a function with its arguments.
fn compiled(
    example: &str,
    builder: &str,
    setters: &BTreeMap<(String, String), String>,
    crate_name: &str,
) -> Option<String> {
    let code = example.trim().strip_suffix("```")?.trim();
    let code = code.strip_suffix(".await;")?;
    // The client of the example has that name.
    let code = code.replace(".client(client)", ".client(client_)");
    let mut arguments = String::new();
    for line in code.lines() {
        let Some((setter, argument)) = line
            .trim()
            .strip_prefix('.')
            .and_then(|call| call.strip_suffix(')')?.split_once('('))
        else {
            continue;
        };
        if let Some(ty) = setters.get(&(builder.to_owned(), setter.to_owned())) {
            let _ = write!(arguments, ", {argument}: {ty}");
        }
    }
    let code = options::SETTERS
        .iter()
        .fold(code, |code, (parameter, setter)| {
            code.replace(&format!(".{parameter}("), &format!(".{setter}("))
        });
    Some(format!(
        "\n```no_run\n\
         # async fn example(client: &{crate_name}::Client{arguments}) \
         -> Result<(), {crate_name}::Error> {{\n\
         {code}.await?;\n\
         # Ok(())\n\
         # }}\n\
         ```"
    ))
}

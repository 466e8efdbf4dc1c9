//! The names that things get in Rust, as progenitor and typify make them.

use std::collections::HashSet;

use heck::{ToPascalCase, ToSnakeCase};
use unicode_ident::{is_xid_continue, is_xid_start};

/// As a field, but for the underscore after a keyword.
pub(crate) fn snake(name: &str) -> String {
    letter_first(spaced(name).to_snake_case(), 'x')
}

/// As a method of a builder or its argument, but for the underscore after a
/// keyword.
pub(crate) fn setter(name: &str) -> String {
    match spaced(name).to_snake_case() {
        name if name.is_empty() => "x".to_owned(),
        name => letter_first(name, '_'),
    }
}

/// As a type or a variant.
pub(crate) fn pascal(name: &str) -> String {
    letter_first(spaced(name).to_pascal_case(), 'X')
}

/// As a variant, where [`pascal`] makes two of them equal: what is no part of
/// a name is kept as an `X`.
pub(crate) fn variant_kept(name: &str) -> String {
    let kept = name.replace(|c| c == '_' || !is_xid_continue(c), "X");
    letter_first(kept.to_pascal_case(), 'X')
}

fn letter_first(name: String, prefix: char) -> String {
    match name.starts_with(is_xid_start) {
        true => name,
        false => format!("{prefix}{name}"),
    }
}

fn spaced(name: &str) -> String {
    match name {
        "+1" => "plus1".to_owned(),
        "-1" => "minus1".to_owned(),
        _ => name.replace('\'', "").replace(|c| !is_xid_continue(c), "-"),
    }
}

/// Whether Rust keeps this word for itself.
pub(crate) fn is_keyword(name: &str) -> bool {
    KEYWORDS.contains(&name)
}

/// The keywords of the 2024 edition, reserved ones included.
const KEYWORDS: &[&str] = &[
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate",
    "do", "dyn", "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl",
    "in", "let", "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref",
    "return", "self", "static", "struct", "super", "trait", "true", "try", "type", "typeof",
    "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
];

/// The fields that the properties of an object are. Of those that are the same,
/// the first one keeps its name, so that none changes if one is added at the end.
pub(crate) fn fields<'a>(properties: impl Iterator<Item = &'a String>) -> Vec<String> {
    let mut taken = HashSet::new();
    properties
        .map(|property| {
            let field = snake(property);
            let numbered = (2..).map(|number| format!("{field}_{number}"));
            let mut free = std::iter::once(field.clone()).chain(numbered);
            let free = free.find(|name| taken.insert(name.clone()));
            free.unwrap_or(field)
        })
        .collect()
}

/// Whether `rust` makes two of the names equal.
pub(crate) fn has_clash<'a>(
    names: impl Iterator<Item = &'a String>,
    rust: fn(&str) -> String,
) -> bool {
    let mut taken = HashSet::new();
    names.into_iter().any(|name| !taken.insert(rust(name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_agree_with_what_typify_makes() {
        for (name, field, type_name) in [
            ("ean-upc", "ean_upc", "EanUpc"),
            ("Größe", "größe", "Größe"),
            ("size²", "size", "Size"),
            ("1st", "x1st", "X1st"),
            ("²", "x", "X"),
            ("_id", "id", "Id"),
            ("it's", "its", "Its"),
            ("+1", "plus1", "Plus1"),
        ] {
            assert_eq!(
                (snake(name).as_str(), pascal(name).as_str()),
                (field, type_name)
            );
        }
    }
}

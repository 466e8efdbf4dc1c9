//! The names that things get in Rust.

use heck::{ToPascalCase, ToSnakeCase};

/// As a method or a field.
pub(crate) fn snake(name: &str) -> String {
    spaced(name).to_snake_case()
}

/// As a type or a variant.
pub(crate) fn pascal(name: &str) -> String {
    spaced(name).to_pascal_case()
}

/// As a variant of an enum.
pub(super) fn variant(name: &str) -> String {
    letter_first(pascal(name))
}

/// As a variant, where [`variant`] makes two of them equal: what is no part of
/// a name is kept as an `X`.
pub(super) fn variant_kept(name: &str) -> String {
    let kept = name.replace(|c: char| c == '_' || !c.is_alphanumeric(), "X");
    letter_first(kept.to_pascal_case())
}

fn letter_first(name: String) -> String {
    match name.starts_with(char::is_alphabetic) {
        true => name,
        false => format!("X{name}"),
    }
}

fn spaced(name: &str) -> String {
    match name {
        "+1" => "plus1".to_owned(),
        "-1" => "minus1".to_owned(),
        _ => name
            .replace('\'', "")
            .replace(|c: char| !c.is_alphanumeric() && c != '_', "-"),
    }
}

/// Whether Rust keeps this word for itself.
pub(super) fn is_keyword(name: &str) -> bool {
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

/// The first two of `names` that `rust` makes equal, as indices.
pub(super) fn clash(names: &[&str], rust: fn(&str) -> String) -> Option<(usize, usize)> {
    let rust: Vec<String> = names.iter().map(|name| rust(name)).collect();
    (1..rust.len()).find_map(|second| {
        let first = rust[..second].iter().position(|n| *n == rust[second])?;
        Some((first, second))
    })
}

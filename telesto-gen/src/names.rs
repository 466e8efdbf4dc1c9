//! The names that things get in Rust, as progenitor and typify make them.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

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

fn spaced(name: &str) -> Cow<'_, str> {
    match name {
        "+1" => "plus1".into(),
        "-1" => "minus1".into(),
        // As nearly all are.
        _ if name.bytes().all(|b| b == b'_' || b.is_ascii_alphanumeric()) => name.into(),
        _ => {
            let spaced = name.replace('\'', "").replace(|c| !is_xid_continue(c), "-");
            spaced.into()
        }
    }
}

/// The names of types of which many begin alike, since each is in another: what is between
/// underscores is looked at once.
#[derive(Default)]
pub(crate) struct Pascal(HashMap<String, String>);

impl Pascal {
    /// As [`pascal`].
    pub(crate) fn of(&mut self, name: &str) -> String {
        let spaced = spaced(name);
        let mut made = String::with_capacity(name.len());
        for words in spaced.split('_') {
            match self.0.get(words) {
                Some(known) => made.push_str(known),
                None => {
                    let new = words.to_pascal_case();
                    made.push_str(&new);
                    self.0.insert(words.to_owned(), new);
                }
            }
        }
        letter_first(made, 'X')
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
pub(crate) fn fields(properties: impl Iterator<Item = impl AsRef<str>>) -> Vec<String> {
    let mut taken = HashSet::with_capacity(properties.size_hint().0);
    properties
        .map(|property| {
            let field = snake(property.as_ref());
            free(&mut taken, field.clone(), &field)
        })
        .collect()
}

/// The variants that the values of an enum are. Of those that are the same, the first one
/// keeps its name.
pub(crate) fn variants(values: &[String]) -> Vec<String> {
    let mut taken = HashSet::new();
    let variant = |value: &String| {
        let numbered = (2..).map(|number| format!("{}{number}", pascal(value)));
        let mut free = [pascal(value), variant_kept(value)]
            .into_iter()
            .chain(numbered);
        free.find(|name| taken.insert(name.clone()))
            .unwrap_or_default()
    };
    values.iter().map(variant).collect()
}

/// Names that the builder of a request, its `send()` or a mock of it use already.
const BUILDER_METHODS: &[&str] = &[
    "body",
    "body_map",
    "header_map",
    "into_inner",
    "new",
    "send",
];

/// Whether a parameter of this name has an underscore after it, as keywords have.
pub(crate) fn is_builder_method(name: &str) -> bool {
    BUILDER_METHODS.contains(&name)
}

/// The setters of those parameters of an operation that do not have the usual one, as
/// [`setter`] makes it, by their names on the wire and whether they are in the path. Those
/// in the path keep their names, and then the first one of those that are the same.
pub(crate) fn other_setters(parameters: &[(&str, bool)]) -> Vec<Option<String>> {
    let mut others = vec![None; parameters.len()];
    let mut taken = HashSet::new();
    for in_path in [true, false] {
        for (index, (name, is_in_path)) in parameters.iter().enumerate() {
            if *is_in_path != in_path {
                continue;
            }
            let name = setter(name);
            let first = match is_builder_method(&name) {
                true => format!("{name}_"),
                false => name.clone(),
            };
            let setter = free(&mut taken, first, &name);
            others[index] = (setter != name).then_some(setter);
        }
    }
    others
}

/// The first of a name and those with a number that is not taken, which it is then.
fn free(taken: &mut HashSet<String>, first: String, name: &str) -> String {
    let mut found = first;
    let mut number = 2;
    while !taken.insert(found.clone()) {
        found = format!("{name}_{number}");
        number += 1;
    }
    found
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
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn setters(parameters: &[(&str, bool)]) -> Vec<String> {
        let others = other_setters(parameters).into_iter();
        let names = others.zip(parameters);
        let names = names.map(|(other, (name, _))| other.unwrap_or_else(|| setter(name)));
        names.collect()
    }

    #[test]
    fn parameters_have_setters_of_their_own() {
        let parameters = [
            ("id", false),
            ("new", false),
            ("Id", true),
            ("id<", false),
            ("New", false),
            ("id_2", false),
        ];
        let expected = ["id_2", "new_", "id", "id_3", "new_2", "id_2_2"];
        assert_eq!(setters(&parameters), expected);
    }

    proptest! {
        #[test]
        fn one_more_parameter_renames_none(
            mut parameters in vec(("[aA]-?|send-?2?|a_[23]", any::<bool>()), 1..6),
        ) {
            let named = |all: &[(String, bool)]| {
                let all: Vec<(&str, bool)> = all.iter().map(|(name, is)| (&**name, *is)).collect();
                setters(&all)
            };
            let all = named(&parameters);
            let different: HashSet<&String> = all.iter().collect();
            prop_assert_eq!(different.len(), all.len());
            // One of the path would be another path.
            if parameters.pop().is_some_and(|(_, is_in_path)| !is_in_path) {
                prop_assert_eq!(&named(&parameters)[..], &all[..parameters.len()]);
            }
        }
    }

    proptest! {
        #[test]
        fn names_of_types_are_those_that_are_made_at_once(
            names in vec("[aB1'+². -]{0,3}(_[aBc1²_'-]{0,4}){0,4}", 1..20),
        ) {
            let mut made = Pascal::default();
            for name in &names {
                prop_assert_eq!(made.of(name), pascal(name));
            }
        }
    }

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

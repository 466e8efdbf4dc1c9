//! typify gives two properties of an object the same name if they differ only
//! in characters that a Rust name cannot have, such as `ean-upc` and `ean_upc`.
//! One of them gets another name here, and `refine::rename` restores its name on
//! the wire, which the new name carries.
//!
//! The first one keeps its name, so one that is added after it renames nothing,
//! and neither does an edit of another object.

use indexmap::IndexMap;
use openapiv3::{OpenAPI, ReferenceOr, Schema};

use crate::hex;
use crate::names::{fields, snake};
use crate::schemas::{self, DEEPEST, Members};

/// The names of properties, by their names on the wire.
type Names = IndexMap<String, String>;

/// What surrounds the name on the wire, in hexadecimal: in the names of fields,
/// and in those of the types that typify makes for them.
const MARK: &str = "_zq";
const MARK_OF_TYPE: &str = "Zq";
const END: &str = "zq";

/// Renames properties. Returns how many.
pub(super) fn apply(api: &mut OpenAPI, document: &OpenAPI) -> usize {
    let mut renamed = 0;
    schemas::for_each(api, &mut |_, schema| {
        let names = names(document, schema, 0);
        if names.iter().any(|(wire, name)| wire != name) {
            renamed += rename(schema, &names);
        }
    });
    renamed
}

/// The name that carries another one, on the wire.
pub(super) fn marked(name: &str, wire: &str) -> String {
    format!("{name}{MARK}{}{END}", hex::of(wire))
}

/// What is before the mark of a text, the name on the wire, and what is after.
pub(crate) fn split(text: &str) -> Option<(&str, String, &str)> {
    let marked = text.split_once(MARK);
    let (before, rest) = marked.or_else(|| text.split_once(MARK_OF_TYPE))?;
    let (wire, after) = rest.split_once(END)?;
    Some((before, hex::read(wire)?, after))
}

/// The names of the properties of an object, and of all parts of an `allOf`: each
/// part names its own.
fn names(document: &OpenAPI, schema: &Schema, depth: usize) -> Names {
    let (properties, parts) = schemas::members(schema);
    let properties = properties.into_iter().flat_map(IndexMap::keys);
    let fields = fields(properties.clone());
    let mut names: Names = properties
        .zip(fields)
        .map(|(wire, field)| {
            let is_own = field == snake(wire);
            let name = if is_own {
                wire.clone()
            } else {
                marked(&field, wire)
            };
            (wire.clone(), name)
        })
        .collect();
    for part in parts.iter().filter(|_| depth < DEEPEST) {
        if let Some(part) = schemas::resolved(document, part) {
            for (wire, name) in self::names(document, part, depth + 1) {
                names.entry(wire).or_insert(name);
            }
        }
    }
    names
}

/// Renames the properties of a schema, and of the parts that are written in it.
fn rename(schema: &mut Schema, names: &Names) -> usize {
    let Members {
        properties,
        required,
        parts,
    } = schemas::members_mut(schema);
    let mut renamed = 0;
    if let Some(properties) = properties {
        let all = std::mem::take(properties).into_iter();
        *properties = all
            .map(|(wire, property)| {
                let name = names.get(&wire).cloned().unwrap_or(wire.clone());
                renamed += usize::from(name != wire);
                (name, property)
            })
            .collect();
    }
    for name in required.into_iter().flatten() {
        if let Some(new) = names.get(name) {
            *name = new.clone();
        }
    }
    for part in parts {
        if let ReferenceOr::Item(part) = part {
            renamed += rename(part, names);
        }
    }
    renamed
}

#[cfg(test)]
mod tests {
    use super::*;

    const API: &str = r##"
openapi: 3.0.3
info: { title: Made up, version: "0" }
paths: {}
components:
  schemas:
    Product: { type: object, properties: { ean_upc: {}, ean_upc_2: {} } }
    Other: { type: object, required: [eanUpc], properties: { ean-upc: {}, eanUpc: {}, ean_upc: {} } }
    Alias: { $ref: "#/components/schemas/Other" }
    Third:
      allOf:
        - { $ref: "#/components/schemas/Alias" }
        - { required: [ean_upc, sKu], properties: { s-ku: {}, sKu: {} } }
"##;

    /// The names in Rust of the properties of a component.
    fn renamed(api: &OpenAPI, name: &str) -> Vec<String> {
        let schema = schemas::component(api, &format!("#/components/schemas/{name}")).unwrap();
        let all = names(api, schema, 0);
        let fields = all.iter().map(|(wire, name)| match split(name) {
            Some((field, wire, "")) => format!("{wire} as {field}"),
            _ => wire.clone(),
        });
        fields.collect()
    }

    #[test]
    fn an_object_decides_its_names_by_itself() {
        let api: OpenAPI = serde_yaml::from_str(API).unwrap();
        assert_eq!(renamed(&api, "Product"), ["ean_upc", "ean_upc_2"]);
        let other = ["ean-upc", "eanUpc as ean_upc_2", "ean_upc as ean_upc_3"];
        assert_eq!(renamed(&api, "Other"), other);
        let third = [&other[..], &["s-ku", "sKu as s_ku_2"]].concat();
        assert_eq!(renamed(&api, "Third"), third);
    }

    #[test]
    fn required_names_and_parts_are_renamed_along() {
        let mut api: OpenAPI = serde_yaml::from_str(API).unwrap();
        let document = api.clone();
        assert_eq!(apply(&mut api, &document), 3);
        let text = serde_json::to_string(&api).unwrap();
        let [two, three, code] = [
            marked("ean_upc_2", "eanUpc"),
            marked("ean_upc_3", "ean_upc"),
            marked("s_ku_2", "sKu"),
        ];
        assert!(text.contains(&format!(r#""required":["{two}"]"#)), "{text}");
        let both = format!(r#""required":["{three}","{code}"]"#);
        assert!(text.contains(&both), "{text}");
        for name in [two, three, code] {
            assert!(text.contains(&format!(r#""{name}":"#)), "{text}");
            assert_eq!(snake(&name), name);
        }
        let document = api.clone();
        assert_eq!(apply(&mut api, &document), 0);
    }

    #[test]
    fn a_marked_name_can_be_read_again() {
        let name = marked("ean_upc_2", "ean-upc²");
        let text = format!("for {name}: {{}}");
        let read = split(&text);
        assert_eq!(read, Some(("for ean_upc_2", "ean-upc²".to_owned(), ": {}")));
        assert_eq!(split("a_zq_b"), None);
        let (before, wire, after) = split("ThingAB2Zq612f62zqItem").unwrap();
        assert_eq!((before, &*wire, after), ("ThingAB2", "a/b", "Item"));
    }
}

//! Reads JSON. The YAML parser would read it as well, since JSON is YAML, but takes many
//! times as long, and what others publish is JSON of several megabytes more often than not.

use std::collections::HashSet;
use std::ops::Range;

use jsonc_parser::ast::{ObjectPropName, Value};
use jsonc_parser::common::Range as JsonRange;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};
use smol_str::SmolStr;

use super::node::{Data, Entry, MAX_DEPTH, Node, plain};

/// The nodes of a text, if it is JSON that needs no further look: if not, the YAML parser
/// reads it, or says what is wrong.
pub(super) fn load(text: &str) -> Option<Node> {
    is_begun(text).then(|| value(text))?
}

/// The nodes of a list or an object that is written as a text.
pub(crate) fn in_text(text: &str) -> Option<Node> {
    let is_one = text.trim_start().starts_with(['[', '{']);
    is_one.then(|| value(text))?
}

fn value(text: &str) -> Option<Node> {
    let parsed = parse_to_ast(text, &CollectOptions::default(), &strict()).ok()?;
    node(text, parsed.value?, 0)
}

/// Whether a text begins as a document in JSON does.
pub(super) fn is_begun(text: &str) -> bool {
    text.trim_start().starts_with('{')
}

/// What JSON allows, and nothing else.
fn strict() -> ParseOptions {
    ParseOptions {
        allow_comments: false,
        allow_loose_object_property_names: false,
        allow_trailing_commas: false,
        allow_missing_commas: false,
        allow_single_quoted_strings: false,
        allow_hexadecimal_numbers: false,
        allow_unary_plus_numbers: false,
        allow_bare_decimal_point_numbers: false,
        allow_non_finite_numbers: false,
        allow_extended_string_escapes: false,
    }
}

fn node(text: &str, value: Value<'_>, depth: usize) -> Option<Node> {
    if depth > MAX_DEPTH {
        return None;
    }
    let (range, data) = match value {
        Value::NullKeyword(null) => (null.range, Data::Null),
        Value::BooleanLit(flag) => (flag.range, Data::Flag(flag.value)),
        Value::NumberLit(number) => (number.range, plain(number.value)),
        Value::StringLit(string) => {
            let span = written(text, string.range)?;
            let data = Data::Text(string.value.into());
            return Some(Node { span, data });
        }
        Value::Array(list) => {
            let items = list.elements.into_iter();
            let items = items.map(|item| node(text, item, depth + 1));
            (list.range, Data::List(items.collect::<Option<_>>()?))
        }
        Value::Object(object) => {
            let mut keys = HashSet::with_capacity(object.properties.len());
            let mut entries = Vec::with_capacity(object.properties.len());
            for property in object.properties {
                let ObjectPropName::String(name) = property.name else {
                    return None;
                };
                let key_span = written(text, name.range)?;
                let key = SmolStr::from(name.value);
                if key == "<<" || !keys.insert(key.clone()) {
                    return None;
                }
                entries.push(Entry {
                    key,
                    key_span,
                    key_is_text: true,
                    value: node(text, property.value, depth + 1)?,
                });
            }
            (object.range, Data::Map(entries))
        }
    };
    Some(Node {
        span: bytes(range),
        data,
    })
}

fn bytes(range: JsonRange) -> Range<usize> {
    range.start..range.end
}

/// The bytes of a string. One with a line break in it is none in JSON, and the parser does
/// not mind.
fn written(text: &str, range: JsonRange) -> Option<Range<usize>> {
    let span = bytes(range);
    let is_control = |byte: &u8| *byte < b' ';
    let string = text.as_bytes().get(span.clone())?;
    (!string.iter().any(is_control)).then_some(span)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::super::node::yaml;
    use super::*;

    /// All that is known of a node.
    fn shown(node: &Node) -> String {
        format!("{node:?}")
    }

    fn check(text: &str) {
        let json = load(text).map(|node| shown(&node));
        let yaml = yaml(text).ok().map(|node| shown(&node));
        assert_eq!(json, yaml, "{text}");
        assert!(json.is_some(), "{text}");
    }

    #[test]
    fn json_is_read_as_the_yaml_that_it_is() {
        for text in [
            "{}",
            " {\r\n\t\"a\":  [ ], \"b\":{ }\n}\n",
            r#"{"a":[null,true,false,-0,0,1.0,-1.5e-3,1E4,9223372036854775807,9223372036854775808]}"#,
            r#"{"é\u00e9 \"\\\/\b\f\n\r\t":"\ud83d\udc4d 👍 \ud83d\udc4d","":""}"#,
            r#"{"200":"200","true":"null","a":"x: y # z"}"#,
        ] {
            check(text);
        }
    }

    #[test]
    fn what_is_not_plain_json_is_left_to_the_yaml_parser() {
        for text in [
            "",
            "a: 1",
            "[]",
            "{a: 1}",
            r#"{"a": 1,}"#,
            r#"{"a": 1} {"#,
            r#"{"a": 1 "b": 2}"#,
            "{'a': 1}",
            "{\"a\": 1 // one\n}",
            r#"{"a": 1, "a": 2}"#,
            r#"{"<<": {}}"#,
            "{\"a\": \"one\n two\"}",
            r#"{"a": "\ud83d"}"#,
            r#"{"a": +1}"#,
            r#"{"a": 0x1}"#,
        ] {
            assert_eq!(load(text), None, "{text}");
        }
        let deep = format!("{{\"a\": {}{}}}", "[".repeat(120), "]".repeat(120));
        assert_eq!(load(&deep), None);
    }

    fn values() -> impl Strategy<Value = Value> {
        let scalar = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            (-1e6..1e6f64).prop_map(Value::from),
            "[a-zé👍\"\\\\/: #-]{0,8}".prop_map(Value::from),
        ];
        scalar.prop_recursive(4, 32, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::hash_map("[a-zé👍\"\\\\ ]{0,5}", inner, 0..5)
                    .prop_map(|entries| Value::Object(entries.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn any_json_is_read_as_the_yaml_that_it_is(value in values(), is_long in any::<bool>()) {
            let value = json!({ "value": value });
            let text = match is_long {
                true => serde_json::to_string_pretty(&value),
                false => serde_json::to_string(&value),
            };
            check(&text.unwrap());
        }
    }
}

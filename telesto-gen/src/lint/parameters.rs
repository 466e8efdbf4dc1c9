//! Rules about parameters.

use crate::document::{Data, Kind};

use super::Report;
use super::bodies::is_plain;
use super::root::is_header_name;
use crate::spec::{Found, Spec};

/// Of two parameters with the same name in the same place, the last one would win.
pub(super) fn name(spec: &Spec<'_>, report: &mut Report<'_>) {
    for operation in &spec.operations {
        let label = operation.label();
        let parameters = spec.parameters(operation);
        for (index, parameter) in parameters.iter().enumerate() {
            let (name, place) = (parameter.name, parameter.place);
            let mut before = parameters[..index].iter();
            if let Some(first) = before.find(|p| p.name == name && p.place == place) {
                let finding = report.of_value(
                    &parameter.mention,
                    format!("`{label}` declares the {place} parameter `{name}` twice"),
                    "remove one of the two".to_owned(),
                );
                let says_the_same = first.found.node == parameter.found.node;
                let gone = says_the_same.then_some(parameter.mention.as_str());
                report.add(report.fixed_without(finding, gone));
            }
        }
    }
}

/// progenitor refuses some of these without saying where. Of the others it
/// makes code that does not compile, or sends something else.
pub(super) fn unsupported(spec: &Spec<'_>, report: &mut Report<'_>) {
    let key_header = spec
        .components("securitySchemes")
        .iter()
        .find_map(|scheme| scheme.value.text_of("name"));
    for place in spec.objects(Kind::Parameter) {
        let found = Found::from(place);
        let (Some(name), Some(kind)) = (place.node.text_of("name"), place.node.text_of("in"))
        else {
            continue;
        };
        let what = format!("the {kind} parameter `{name}`");
        let at = |field: &str| found.field(field);
        if kind == "cookie" {
            report.at(
                &at("in"),
                format!("the client cannot send {what}"),
                "use `in: query` or `in: header` if the API accepts that, or remove it",
            );
            continue;
        }
        if kind == "header" {
            header(spec, report, &found, name, key_header);
        }
        if place.node.is_set("allowReserved") {
            report.at_key(
                &at("allowReserved"),
                format!("{what} allows reserved characters, but the client always encodes them"),
                "remove `allowReserved`",
            );
        }
        if place.node.get("content").is_some() {
            report.at_key(
                &at("content"),
                format!("{what} has `content`"),
                "write `schema: { type: string }`, and let callers pass the encoded text",
            );
            continue;
        }
        let known: &[&str] = match kind {
            "query" => &["form", "pipeDelimited", "spaceDelimited"],
            _ => &["simple"],
        };
        if let Some(style) = place.node.text_of("style").filter(|s| !known.contains(s)) {
            report.at(
                &at("style"),
                match style {
                    "deepObject" => {
                        format!(
                            "{what} is a `deepObject`, but {}",
                            not_deep(spec, &place.into())
                        )
                    }
                    _ => format!("{what} has the style `{style}`, which is not supported"),
                },
                match style {
                    "deepObject" => {
                        "describe an object of plain values, or declare each part as a \
                                     query parameter of its own, such as `name: \"filter[name]\"`"
                            .to_owned()
                    }
                    _ => format!("remove `style`; only `{}` is supported here", known[0]),
                },
            );
            continue;
        }
        if let Some(schema) = spec.field(&found, "schema") {
            parameter_schema(spec, report, &found, &schema, &what, kind);
        }
    }
}

fn header(
    spec: &Spec<'_>,
    report: &mut Report<'_>,
    found: &Found<'_>,
    name: &str,
    key_header: Option<&str>,
) {
    let by_itself = ["accept", "authorization", "content-type"];
    if !is_header_name(name) {
        report.at(
            &found.field("name"),
            format!("`{name}` is not a valid header name"),
            "use letters, digits and `-`",
        );
    } else if by_itself.iter().any(|n| n.eq_ignore_ascii_case(name))
        || key_header.is_some_and(|n| n.eq_ignore_ascii_case(name))
    {
        let finding = report.of_value(
            &found.field("name"),
            format!("the client sets the header `{name}` itself"),
            "remove this parameter".to_owned(),
        );
        let gone = spec.mentions(found);
        report.add(report.fixed_without(finding, gone.iter().map(String::as_str)));
    }
}

/// The reason why a `deepObject` is not written.
fn not_deep<'a>(spec: &Spec<'a>, parameter: &Found<'a>) -> String {
    let explode = parameter.node.get("explode").map(|node| &node.data);
    if explode == Some(&Data::Flag(false)) {
        return "OpenAPI has no notation for it without `explode`".to_owned();
    }
    let schema = spec.field(parameter, "schema");
    let schema = schema.map(|schema| spec.unwrapped(&schema));
    let typ = schema
        .as_ref()
        .and_then(|schema| schema.node.text_of("type"));
    if typ.is_some_and(|typ| typ != "object") {
        return "its schema is no object".to_owned();
    }
    let properties = schema.and_then(|schema| spec.field(&schema, "properties"));
    let unfit = properties.and_then(|properties| {
        let mut names = properties.node.entries().iter();
        names.find_map(|entry| {
            let property = spec.field(&properties, &entry.key)?;
            let is_plain = is_plain(&spec.unwrapped(&property));
            (!is_plain).then(|| entry.key.clone())
        })
    });
    match unfit {
        Some(name) => format!("its property `{name}` is no plain value"),
        None => "its properties are not all listed".to_owned(),
    }
}

fn parameter_schema<'a>(
    spec: &Spec<'a>,
    report: &mut Report<'_>,
    found: &Found<'a>,
    schema: &Found<'a>,
    what: &str,
    kind: &str,
) {
    let at = found.field("schema");
    // Its values are text.
    if spec.is_choice(schema) {
        return;
    }
    let written = schema;
    let schema = &spec.unwrapped(written);
    let typ = schema.node.text_of("type");
    let one_value =
        "make it `type: string`, and let callers write the value in the format of the API";
    match (kind, typ) {
        (_, Some("string" | "integer" | "number" | "boolean")) => {
            let mut both = [written, schema].into_iter();
            let nullable = both.find(|schema| schema.node.is_set("nullable"));
            if kind != "query"
                && let Some(nullable) = nullable
            {
                let finding = report.of_value(
                    &at,
                    format!("{what} is nullable, but a parameter cannot be null"),
                    if spec.document.is_3_1() {
                        "remove `\"null\"` from the `type` of its schema".to_owned()
                    } else {
                        "remove `nullable: true` from its schema".to_owned()
                    },
                );
                // A component may be that of a value in JSON, too.
                let nullable = nullable.field("nullable");
                let is_its_own = nullable.starts_with(&at).then_some(nullable.as_str());
                report.add(report.fixed_without(finding, is_its_own));
            }
        }
        ("query", Some("array")) => {
            let items = spec.field(schema, "items");
            let items = items.map(|items| spec.unwrapped(&items));
            if items.is_some_and(|items| !is_plain(&items)) {
                report.at(
                    &at,
                    format!("{what} is a list, and its items are not plain values"),
                    one_value,
                );
            }
        }
        (_, Some(typ)) => report.at(
            &at,
            format!("{what} is an {typ}, and there is no single way to encode it"),
            one_value,
        ),
        (_, None) => report.at(
            &at,
            format!("{what} has no type"),
            "give its schema a `type`, such as `type: string`",
        ),
    }
}

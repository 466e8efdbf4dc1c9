//! Rules about the root: server and security.

use crate::document::{Kind, Node, join};

use super::Report;
use crate::spec::Spec;

pub(super) fn servers(spec: &Spec<'_>, report: &mut Report<'_>) {
    let example = "write `servers: [{ url: https://… }]`";
    let servers = spec.root.get("servers").map_or(&[][..], Node::items);
    match servers.len() {
        0 => report.at_key("/servers", "the document has no server", example),
        1 => {}
        n => report.at_key(
            "/servers",
            format!("the document has {n} servers"),
            "keep the one that the client should use; callers can set another base URL",
        ),
    }
    for (index, server) in servers.iter().enumerate() {
        let pointer = format!("/servers/{index}/url");
        if let Some(url) = server.text_of("url")
            && let Err((message, help)) = check_url(url)
        {
            report.at(&pointer, format!("the server `{url}` {message}"), help);
        }
    }
    for place in spec
        .places(Kind::PathItem)
        .chain(spec.places(Kind::Operation))
    {
        if place.node.get("servers").is_some() {
            report.at_key(
                &format!("{}/servers", place.pointer),
                "the client has one server for all operations",
                "remove `servers` here",
            );
        }
    }
}

pub(crate) fn check_url(url: &str) -> Result<(), (&'static str, &'static str)> {
    if url.contains(['{', '}']) {
        return Err(("has variables", "write the URL without variables"));
    }
    let Some(rest) = url.strip_prefix("https://") else {
        return Err(match url.starts_with("http://") {
            true => (
                "is not encrypted, so the key would be sent in plain text",
                "write `https://` instead of `http://`",
            ),
            false => (
                "is not an https URL",
                "write the full URL, such as `https://example.com/v2`",
            ),
        });
    };
    if url.contains(['?', '#']) {
        return Err(("has a query or a fragment", "remove what follows the path"));
    }
    let (authority, _) = rest.split_once('/').unwrap_or((rest, ""));
    if authority.contains('@') {
        return Err((
            "holds credentials",
            "remove them, and revoke them: they have been exposed",
        ));
    }
    if !is_authority(authority) || url.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err((
            "is not a valid URL",
            "write a host and a path, such as `https://example.com/v2`",
        ));
    }
    if url.ends_with('/') {
        return Err((
            "ends with a slash, and the paths start with one",
            "remove the slash at the end",
        ));
    }
    Ok(())
}

/// A host name, perhaps with a port.
fn is_authority(authority: &str) -> bool {
    let (host, port) = match authority.split_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (authority, None),
    };
    let label = |label: &str| {
        !label.is_empty()
            && label
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    host.split('.').all(label) && port.is_none_or(|port| port.parse::<u16>().is_ok())
}

pub(super) fn security_scheme(spec: &Spec<'_>, report: &mut Report<'_>) {
    let example = "`apiKey: { type: apiKey, in: header, name: Authorization }`";
    let section = "/components/securitySchemes";
    let schemes = spec.components("securitySchemes");
    let [scheme] = schemes else {
        let (message, help) = match schemes.len() {
            0 => (
                "the document has no security scheme".to_owned(),
                format!("add {example} to `components/securitySchemes`"),
            ),
            n => (
                format!("the document has {n} security schemes"),
                "keep the API key that the client should send".to_owned(),
            ),
        };
        return report.at_key(section, message, help);
    };
    let name = &scheme.key;
    let pointer = join(section, name);
    let Some(found) = spec.resolve(&scheme.value, &pointer) else {
        return;
    };
    let typ = found.node.text_of("type").unwrap_or_default();
    let place = found.node.text_of("in").unwrap_or_default();
    let header = found.node.text_of("name").unwrap_or_default();
    if typ != "apiKey" {
        report.at(
            &found.field("type"),
            format!("the security scheme `{name}` is `{typ}`, which is not supported"),
            format!("describe an API key in a header: {example}"),
        );
    } else if place != "header" {
        report.at(
            &found.field("in"),
            format!("the key `{name}` is sent in the {place}, which ends up in logs"),
            "write `in: header`, with the `name` of the header",
        );
    } else if !is_header_name(header) {
        report.at(
            &found.field("name"),
            format!("`{header}` is not a valid header name"),
            "name the header that the key is sent in, such as `Authorization`",
        );
    }

    let requirements = spec.root.get("security").map_or(&[][..], Node::items);
    let applied = match requirements {
        [requirement] => {
            let entries = requirement.entries();
            entries.len() == 1 && entries[0].key == *name && entries[0].value.items().is_empty()
        }
        _ => false,
    };
    if !applied {
        report.at_key(
            "/security",
            format!("the security scheme `{name}` does not apply to all operations"),
            format!("write `security: [{{ {name}: [] }}]` at the root"),
        );
    }
    for operation in &spec.operations {
        if operation.node.get("security").is_some() {
            report.at_key(
                &operation.found().field("security"),
                format!("`{}` has a security of its own", operation.label()),
                "remove it: the client sends its key with every request",
            );
        }
    }
}

/// Whether this is a valid header name.
pub(crate) fn is_header_name(name: &str) -> bool {
    let token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    !name.is_empty() && name.bytes().all(token)
}

//! The table of operations, and the constants that the middleware takes from
//! the document: the rate limit, the server, and the header of the key.

use openapiv3::{APIKeyLocation, OpenAPI, ReferenceOr, SecurityScheme};
use proc_macro2::TokenStream;
use quote::quote;
use serde::Deserialize;

use crate::facts::{Facts, OperationFacts, Returns};

/// `x-rate-limit`, in requests and seconds.
#[derive(Debug, Deserialize)]
struct RateLimit {
    requests: u32,
    window: u64,
    lockout: u64,
}

/// The module `spec` of the generated code; the error says what is missing.
pub(crate) fn module(api: &OpenAPI, facts: &Facts) -> Result<TokenStream, String> {
    let base_url = api.servers.first().map(|server| server.url.as_str());
    let base_url = base_url.ok_or("there is no server")?;
    let header = api_key_header(api).ok_or("there is no API key in a header")?;
    let limit = api.extensions.get("x-rate-limit").cloned();
    let limit: RateLimit = serde_json::from_value(limit.unwrap_or_default())
        .map_err(|error| format!("x-rate-limit: {error}"))?;
    let RateLimit {
        requests,
        window,
        lockout,
    } = limit;

    let mut operations: Vec<_> = facts.operations.iter().collect();
    operations.sort_by(|one, other| one.id.cmp(&other.id));
    let operations = operations.iter().map(|operation| {
        let OperationFacts {
            id,
            method,
            path,
            tag,
            ..
        } = operation;
        let tag = match tag {
            Some(tag) => quote!(Some(#tag)),
            None => quote!(None),
        };
        let returns = match &operation.returns {
            Returns::Json => quote!(Json),
            Returns::Bytes(_) => quote!(Bytes),
            Returns::Nothing => quote!(Nothing),
        };
        quote!(Operation {
            id: #id,
            method: #method,
            path: #path,
            tag: #tag,
            returns: Returns::#returns,
        })
    });
    Ok(quote! {
        use std::time::Duration;

        use crate::RateLimit;
        use crate::operation::{Operation, Returns};

        /// The server of the spec.
        pub(crate) const BASE_URL: &str = #base_url;

        /// The header that carries the API key.
        pub(crate) const API_KEY_HEADER: &str = #header;

        /// The rate limit of the spec.
        pub(crate) const RATE_LIMIT: RateLimit = RateLimit::of_spec(
            #requests,
            Duration::from_secs(#window),
            Duration::from_secs(#lockout),
        );

        /// The operations of the spec, sorted by their ids.
        pub(crate) const OPERATIONS: &[Operation] = &[#(#operations),*];
    })
}

fn api_key_header(api: &OpenAPI) -> Option<&str> {
    let schemes = api.components.as_ref()?.security_schemes.values();
    schemes
        .filter_map(ReferenceOr::as_item)
        .find_map(|scheme| match scheme {
            SecurityScheme::APIKey {
                location: APIKeyLocation::Header,
                name,
                ..
            } => Some(name.as_str()),
            _ => None,
        })
}

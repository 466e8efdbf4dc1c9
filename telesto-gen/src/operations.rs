//! The table of operations, and the constants that the middleware takes from
//! the document: the rate limit, the server, and the header of the key.

use proc_macro2::TokenStream;
use quote::quote;

use crate::facts::{Facts, OperationFacts, Returns};

/// The module `spec` of the generated code, beside this text of the client; the
/// error says what is missing.
pub(crate) fn module(facts: &Facts, client: &str) -> Result<TokenStream, String> {
    let client = blake3::hash(client.as_bytes()).to_hex();
    // Half of it is enough to tell clients apart.
    let client = &client[..32];
    let base_url = facts.server.as_ref().ok_or("there is no server")?;
    let header = facts.api_key_header.as_ref();
    let header = header.ok_or("there is no API key in a header")?;
    let limit = facts.rate_limit.ok_or("there is no rate limit")?;
    let requests = limit.requests;
    let [window, lockout] = [limit.window, limit.lockout].map(|time| time.as_secs());

    let mut operations: Vec<_> = facts.operations.iter().collect();
    operations.sort_by(|one, other| one.id.cmp(&other.id));
    let operations = operations.iter().map(|operation| {
        let OperationFacts {
            id,
            method,
            path,
            media_types,
            body,
            is_idempotent,
            ..
        } = operation;
        let tags = &operation.tags;
        let returns = match &operation.returns {
            Returns::Json => quote!(Json),
            Returns::Bytes(_) => quote!(Bytes),
            Returns::Nothing => quote!(Nothing),
        };
        let [fresh_for, stale_for] = match operation.cache {
            Some(cache) => [cache.fresh, cache.stale].map(|time| {
                let seconds = time.as_secs();
                quote!(Some(Duration::from_secs(#seconds)))
            }),
            None => [quote!(None), quote!(None)],
        };
        let sends = match body {
            Some(body) => {
                let media_type = &body.sent_in;
                quote!(Some(#media_type))
            }
            None => quote!(None),
        };
        quote!(Operation {
            id: #id,
            method: #method,
            path: #path,
            tags: &[#(#tags),*],
            sends: #sends,
            returns: Returns::#returns,
            media_types: &[#(#media_types),*],
            fresh_for: #fresh_for,
            stale_for: #stale_for,
            is_idempotent: #is_idempotent,
        })
    });
    Ok(quote! {
        use std::time::Duration;

        use crate::RateLimit;
        use crate::operation::{Operation, Returns};

        /// The client that the spec makes, as a hash of its code.
        #[cfg(feature = "cache")]
        pub(crate) const CLIENT: &str = #client;

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

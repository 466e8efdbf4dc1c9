//! typify panics at an enum with two values that are the same name in Rust, such
//! as `m²` and `m³`. The values of such an enum are put into names of letters and
//! digits here, and `refine::open_enums` takes them out again.

use openapiv3::{OpenAPI, SchemaKind, Type};

use crate::hex;
use crate::names::{has_clash, pascal, variant_kept};
use crate::schemas;

/// What a value begins with whose rest is another one, in hexadecimal.
const MARK: &str = "zq_value_";

/// Changes the values of enums. Returns of how many.
pub(super) fn apply(api: &mut OpenAPI) -> usize {
    let mut changed = 0;
    schemas::for_each(api, &mut |_, schema| {
        let SchemaKind::Type(Type::String(text)) = &mut schema.schema_kind else {
            return;
        };
        let values = text.enumeration.iter().flatten();
        if !has_clash(values.clone(), pascal) || !has_clash(values, variant_kept) {
            return;
        }
        for value in text.enumeration.iter_mut().flatten() {
            *value = format!("{MARK}{}", hex::of(value));
        }
        changed += 1;
    });
    changed
}

/// The value that is in another one.
pub(crate) fn within(value: &str) -> Option<String> {
    hex::read(value.strip_prefix(MARK)?)
}

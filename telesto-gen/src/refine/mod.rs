//! Changes to progenitor's output: one pass over the syntax tree a file. Each
//! proves that it took effect, so that a new version of progenitor with another
//! output is noticed at once.

mod alternatives;
mod boxes;
mod client;
mod coerce;
pub(crate) mod collisions;
mod conversions;
mod deprecated;
mod docs;
mod finish;
mod messages;
pub(crate) mod mocks;
mod non_exhaustive;
pub(crate) mod objects;
mod open_enums;
mod optional_bodies;
mod options;
mod order;
mod qualify;
mod rename;
mod send;
mod setters;
pub(crate) mod tree;

use syn::File;

use crate::facts::Facts;

/// A change to progenitor's output.
pub(crate) struct Pass {
    /// Its name, for the report.
    pub(crate) name: &'static str,
    apply: fn(&mut File, &Facts) -> Result<usize, String>,
}

/// All of them, in the order in which they apply.
pub(crate) const PASSES: &[Pass] = &[
    Pass {
        name: "client",
        apply: client::apply,
    },
    // Before `order`, which uses the names on the wire.
    Pass {
        name: "rename",
        apply: rename::apply,
    },
    Pass {
        name: "order",
        apply: order::apply,
    },
    // Before `coerce` and `setters`, which look at the types of fields.
    Pass {
        name: "boxes",
        apply: boxes::apply,
    },
    // Before `open-enums`, whose values are not coerced.
    Pass {
        name: "coerce",
        apply: coerce::apply,
    },
    Pass {
        name: "open-enums",
        apply: open_enums::apply,
    },
    // After `coerce`, which leaves alone what is read by its kind.
    Pass {
        name: "variants",
        apply: alternatives::apply,
    },
    Pass {
        name: "non-exhaustive",
        apply: non_exhaustive::apply,
    },
    Pass {
        name: "messages",
        apply: messages::apply,
    },
    // Before `send`, which puts bodies into their wire format.
    Pass {
        name: "optional-bodies",
        apply: optional_bodies::apply,
    },
    // After `optional-bodies`, since setters take what their fields hold.
    Pass {
        name: "setters",
        apply: setters::apply,
    },
    Pass {
        name: "conversions",
        apply: conversions::apply,
    },
    // Before `send`, whose arguments it reads.
    Pass {
        name: "docs",
        apply: docs::apply,
    },
    Pass {
        name: "send",
        apply: send::apply,
    },
    // After `docs`, which names the setters of parameters, and `send`.
    Pass {
        name: "options",
        apply: options::apply,
    },
    // After `send`, whose return type it repeats.
    Pass {
        name: "finish",
        apply: finish::apply,
    },
    // After `setters` and `docs`, which repeat descriptions.
    Pass {
        name: "deprecated",
        apply: deprecated::apply,
    },
    // After all that look at the types.
    Pass {
        name: "objects",
        apply: objects::apply,
    },
    // Last, for what the passes before it have written.
    Pass {
        name: "qualify",
        apply: qualify::apply,
    },
];

impl Pass {
    /// Changes the file; returns the number of places, or why it failed.
    pub(crate) fn apply(&self, file: &mut File, facts: &Facts) -> Result<usize, String> {
        (self.apply)(file, facts)
    }
}

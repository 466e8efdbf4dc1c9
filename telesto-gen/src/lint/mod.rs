//! The rules that a document must follow to become a client, one function each.
//!
//! Most rules are about something that makes progenitor or typify panic, that
//! they silently ignore, or whose code does not compile. They read the nodes
//! of the document rather than its types, because nodes have positions.

use crate::document::Document;
use crate::finding::{Finding, Findings, Severity};
use crate::spec::Spec;
use crate::threads;

mod alternatives;
mod bodies;
mod docs;
mod examples;
mod extensions;
mod fix;
mod merges;
mod operations;
mod parameters;
mod paths;
mod references;
mod responses;
mod root;
mod schemas;
mod type_names;

pub use self::fix::{Fixed, fix};
pub(crate) use self::fix::{Search, solve};
pub(crate) use self::operations::{is_free, propose};
pub(crate) use self::paths::names as path_names;
pub(crate) use self::root::{check_url as check_server, is_header_name};
pub(crate) use self::type_names::{is_legal, is_taken};

/// A rule, which findings refer to.
#[derive(Debug)]
#[non_exhaustive]
pub struct Rule {
    /// Its name, as in [`Finding::rule`].
    pub name: &'static str,
    /// How severe a violation is.
    pub severity: Severity,
    /// What it asks of a document.
    pub says: &'static str,
    /// What [`fix`](fix()) does about a violation, if it can do something.
    pub fix: Option<&'static str>,
    /// `None` for what is found while reading.
    check: Option<Check>,
}

type Check = fn(&Spec<'_>, &mut Report<'_>);

const fn read(name: &'static str, says: &'static str) -> Rule {
    Rule {
        name,
        severity: Severity::Error,
        says,
        fix: None,
        check: None,
    }
}

const fn error(name: &'static str, says: &'static str, check: Check) -> Rule {
    Rule {
        name,
        severity: Severity::Error,
        says,
        fix: None,
        check: Some(check),
    }
}

const fn warning(name: &'static str, says: &'static str, check: Check) -> Rule {
    Rule {
        name,
        severity: Severity::Warning,
        says,
        fix: None,
        check: Some(check),
    }
}

impl Rule {
    const fn fixed_by(mut self, fix: &'static str) -> Self {
        self.fix = Some(fix);
        self
    }
}

static RULES: &[Rule] = &[
    // While reading.
    read("not-utf8", "the file is UTF-8"),
    read("yaml-syntax", "the file is YAML"),
    read(
        "yaml-feature",
        "no tags, merge keys, keys that are not strings, or endless nesting",
    ),
    read("duplicate-key", "a key is defined once in its mapping"),
    read("several-documents", "a file holds one document"),
    read("empty-document", "a file holds a document"),
    read("openapi-version", "the document is OpenAPI 3.0 or 3.1"),
    read(
        "unknown-field",
        "an object has only fields of OpenAPI 3.0.3",
    )
    .fixed_by("takes out what OpenAPI 3.1 has to restrict values"),
    read(
        "missing-field",
        "an object has the fields that OpenAPI 3.0.3 requires",
    ),
    read("wrong-type", "a field has the right type"),
    read("ref-siblings", "there are no fields beside a `$ref`")
        .fixed_by("takes out what is beside a `$ref`"),
    read("wrong-shape", "the document is valid OpenAPI 3.0.3"),
    // The document.
    error(
        "servers",
        "there is one server, an https URL without variables, query, credentials or trailing slash",
        root::servers,
    ),
    error(
        "security-scheme",
        "there is one security scheme, an API key in a header, and all operations need it",
        root::security_scheme,
    ),
    error(
        "x-rate-limit",
        "`x-rate-limit` gives `requests`, `window` and `lockout`",
        extensions::rate_limit,
    ),
    error(
        "x-cache",
        "`x-cache` gives `fresh`, and perhaps `stale`, to a GET operation that returns JSON",
        extensions::cache,
    ),
    error(
        "x-idempotent",
        "`x-idempotent` is `true`, of a POST or PATCH operation",
        extensions::idempotent,
    ),
    error(
        "unknown-extension",
        "there are no other extensions",
        extensions::unknown,
    ),
    // References.
    error(
        "unresolved-ref",
        "a `$ref` leads to a component of the right section in this file",
        references::unresolved,
    ),
    error(
        "circular-ref",
        "a component is not made of itself",
        references::circular,
    ),
    // Paths and operations.
    error(
        "path-item-ref",
        "a path that is a reference leads to a path item in this file",
        paths::path_item_ref,
    ),
    error("path-template", "a path is well-formed", paths::template),
    warning(
        "equal-paths",
        "no two operations send the same requests",
        paths::equal,
    ),
    warning(
        "repeated-base-path",
        "a path does not repeat the path of the server",
        paths::repeated_base_path,
    ),
    error(
        "path-parameter",
        "the parameters of a path are declared, once, as required",
        paths::parameters,
    ),
    error(
        "unsupported-method",
        "no operation is `TRACE`",
        operations::method,
    ),
    error(
        "missing-operation-id",
        "an operation has an `operationId`",
        operations::missing_id,
    ),
    error(
        "duplicate-operation-id",
        "no two operations have the same `operationId`",
        operations::duplicate_id,
    ),
    error(
        "operation-id-form",
        "an `operationId` is in snake_case, and not a name that the client uses itself",
        operations::id_form,
    ),
    // Parameters.
    error(
        "parameter-name",
        "an operation declares each of its parameters once",
        parameters::name,
    )
    .fixed_by("takes out the second one if it says the same"),
    error(
        "unsupported-parameter",
        "a parameter can be sent by the client",
        parameters::unsupported,
    )
    .fixed_by("takes out the headers that the client sets itself, and `nullable`"),
    // Bodies.
    error(
        "json-without-schema",
        "a JSON body has a schema",
        bodies::json_without_schema,
    ),
    error(
        "unsupported-media-type",
        "a body has a media type that the client can send or read",
        bodies::unsupported_media_type,
    ),
    error(
        "shared-file",
        "what is a file in a form is in forms only",
        bodies::shared_file,
    ),
    error(
        "missing-success",
        "an operation has a success response",
        bodies::missing_success,
    ),
    error(
        "several-success-types",
        "the successes of an operation are all JSON, or none of them is",
        bodies::several_success_types,
    ),
    // Schemas.
    error(
        "schema-name",
        "the names of schemas differ, also in Rust",
        type_names::name,
    )
    .fixed_by("takes out a `title`, if that is where a name comes from"),
    error(
        "property-name",
        "the properties of a schema have valid names, and the required ones exist",
        schemas::property_name,
    )
    .fixed_by("takes out of `required` what is no property"),
    error(
        "equal-properties",
        "schemas that are merged have no two properties of one name in Rust",
        merges::equal_properties,
    ),
    error(
        "enum-values",
        "the values of an enum have its type, and differ, also in Rust",
        schemas::enum_values,
    )
    .fixed_by("takes out values that are null, or that are listed twice"),
    error(
        "unsupported-schema",
        "a schema can be written in Rust",
        schemas::unsupported,
    )
    .fixed_by("takes out what has no effect on the type, and defaults that do not fit it"),
    error(
        "alternatives",
        "the alternatives of a schema can be told apart",
        alternatives::told_apart,
    ),
    error(
        "endless-merge",
        "the parts of a schema can be merged",
        merges::endless,
    ),
    // What the others solve may solve this as well.
    error(
        "required-may-be-empty",
        "a response requires only identifiers, and what tells alternatives apart",
        responses::required_may_be_empty,
    )
    .fixed_by("takes out of `required` what may be empty"),
    error("example", "an example fits its schema", examples::example),
    warning(
        "unknown-format",
        "a format is known",
        schemas::unknown_format,
    ),
    warning(
        "float-quantity",
        "quantities and money are exact",
        schemas::float_quantity,
    ),
    // Documentation.
    warning(
        "missing-summary",
        "an operation has a `summary`",
        docs::missing_summary,
    ),
    warning(
        "missing-external-docs",
        "an operation says where it is documented",
        docs::missing_external_docs,
    ),
    warning("missing-tag", "an operation has a tag", docs::missing_tag),
    warning(
        "unknown-tag",
        "a tag of an operation is among the tags of the document",
        docs::unknown_tag,
    ),
    warning(
        "missing-example",
        "a JSON response has an example",
        docs::missing_example,
    ),
];

/// All rules: those that are checked by [`Document::read`], and those that are
/// checked by [`lint`].
pub fn rules() -> impl Iterator<Item = &'static Rule> {
    RULES.iter()
}

/// Checks whether a client can be generated from `document`.
///
/// A document without errors has nothing that is known to make progenitor or
/// typify panic.
///
/// ```
/// use telesto_gen::{Document, lint};
///
/// let text = "openapi: 3.0.3\ninfo: { title: Shop, version: '1' }\npaths: {}\n";
/// let document = Document::parse("shop.yaml", text.to_owned())?;
/// let findings = lint(&document);
/// assert!(findings.has_errors());
/// assert!(findings.iter().any(|finding| finding.rule == "x-rate-limit"));
/// # Ok::<(), telesto_gen::Findings>(())
/// ```
pub fn lint(document: &Document) -> Findings {
    check(&Spec::of(document))
}

/// Applies all rules.
pub(crate) fn check(spec: &Spec<'_>) -> Findings {
    let document = spec.document;
    let found = threads::each(RULES, |rule| {
        let mut report = Report {
            document,
            rule,
            findings: Vec::new(),
        };
        if let Some(check) = rule.check {
            check(spec, &mut report);
        }
        report.findings
    });
    document.findings(found.into_iter().flatten().collect())
}

/// How many findings are searched for an equal one: the operations of one path
/// are close together.
const RECENT: usize = 16;

/// Collects the findings of one rule.
struct Report<'d> {
    document: &'d Document,
    rule: &'static Rule,
    findings: Vec<Finding>,
}

impl Report<'_> {
    /// A finding about a value.
    fn at(&mut self, pointer: &str, message: impl Into<String>, help: impl Into<String>) {
        self.add(self.of_value(pointer, message.into(), help.into()));
    }

    /// A finding about a key.
    fn at_key(&mut self, pointer: &str, message: impl Into<String>, help: impl Into<String>) {
        self.add(self.of_key(pointer, message.into(), help.into()));
    }

    /// A finding about a value that is in vain, and can be taken out.
    fn in_vain(&mut self, pointer: &str, message: impl Into<String>, help: impl Into<String>) {
        let finding = self.of_value(pointer, message.into(), help.into());
        self.add(self.fixed_without(finding, [pointer]));
    }

    /// The same finding, which is solved by taking these out.
    fn fixed_without<'p>(
        &self,
        finding: Finding,
        gone: impl IntoIterator<Item = &'p str>,
    ) -> Finding {
        let spots = gone.into_iter().map(|pointer| self.document.spot(pointer));
        let fix = spots.collect::<Option<_>>().unwrap_or_default();
        Finding { fix, ..finding }
    }

    fn of_value(&self, pointer: &str, message: String, help: String) -> Finding {
        let Rule { name, severity, .. } = *self.rule;
        self.document
            .finding(pointer, name, severity, message, help)
    }

    fn of_key(&self, pointer: &str, message: String, help: String) -> Finding {
        let Rule { name, severity, .. } = *self.rule;
        self.document
            .finding_at_key(pointer, name, severity, message, help)
    }

    /// A finding about something that operations share is reported once.
    fn add(&mut self, finding: Finding) {
        let same = |other: &Finding| {
            (other.rule, &other.span, &other.help) == (finding.rule, &finding.span, &finding.help)
        };
        let recent = self
            .findings
            .iter()
            .rev()
            .take_while(|other| other.rule == finding.rule);
        if !recent.take(RECENT).any(same) {
            self.findings.push(finding);
        }
    }
}

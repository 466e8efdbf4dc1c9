//! The objects of OpenAPI 3.0.3 and their fields.

/// The kind of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Document,
    Info,
    Contact,
    License,
    Server,
    ServerVariable,
    Paths,
    PathItem,
    Operation,
    ExternalDocs,
    Parameter,
    RequestBody,
    MediaType,
    Encoding,
    Responses,
    Response,
    Callback,
    Example,
    Link,
    Header,
    Tag,
    Schema,
    Discriminator,
    Xml,
    Components,
    SecurityScheme,
    Flows,
    Flow,
}

/// The type of a field.
pub(super) enum Shape {
    Any,
    Text,
    Flag,
    Integer,
    Number,
    /// One of these words.
    OneOf(&'static [&'static str]),
    Is(&'static Object),
    /// The object, or a `$ref` to one under `components`.
    Ref(&'static Object),
    List(&'static Shape),
    Map(&'static Shape),
    /// `additionalProperties`.
    FlagOrSchema,
}

pub(super) struct Object {
    pub(super) kind: Kind,
    pub(super) name: &'static str,
    pub(super) fields: &'static [Field],
    pub(super) required: &'static [&'static str],
    /// Two fields of which exactly one is required.
    pub(super) either: &'static [&'static str],
    /// The section of `components` that a `$ref` to it leads to.
    pub(super) section: &'static str,
}

type Field = (&'static str, Shape);

const IS_PATH_ITEM: &Shape = &Shape::Is(&PATH_ITEM);
const IS_RESPONSE: &Shape = &Shape::Ref(&RESPONSE);

pub(super) fn shape_of(object: &Object, key: &str) -> Option<&'static Shape> {
    match object.kind {
        Kind::Paths => key.starts_with('/').then_some(IS_PATH_ITEM),
        Kind::Callback => Some(IS_PATH_ITEM),
        Kind::Responses => is_status(key).then_some(IS_RESPONSE),
        _ => {
            let (_, shape) = object.fields.iter().find(|(name, _)| *name == key)?;
            Some(shape)
        }
    }
}

/// Whether this is the key of a response.
pub(crate) fn is_status(key: &str) -> bool {
    match key.as_bytes() {
        b"default" => true,
        [b'1'..=b'5', rest @ ..] if rest.len() == 2 => {
            rest.iter().all(u8::is_ascii_digit) || rest.eq_ignore_ascii_case(b"XX")
        }
        _ => false,
    }
}

/// Whether this is a method of a path, in any case.
pub(super) fn is_method(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    let fields = PATH_ITEM.fields.iter();
    fields
        .filter(|(_, shape)| matches!(shape, Shape::Is(object) if object.kind == Kind::Operation))
        .any(|(name, _)| *name == key)
}

const PLAIN: Object = Object {
    kind: Kind::Document,
    name: "",
    fields: &[],
    required: &[],
    either: &[],
    section: "",
};

pub(super) static DOCUMENT: Object = Object {
    kind: Kind::Document,
    name: "the document",
    fields: &[
        ("openapi", Shape::Text),
        ("info", Shape::Is(&INFO)),
        ("servers", Shape::List(&Shape::Is(&SERVER))),
        ("paths", Shape::Is(&PATHS)),
        ("components", Shape::Is(&COMPONENTS)),
        ("security", SECURITY),
        ("tags", Shape::List(&Shape::Is(&TAG))),
        ("externalDocs", Shape::Is(&EXTERNAL_DOCS)),
    ],
    required: &["openapi", "info", "paths"],
    ..PLAIN
};

const SECURITY: Shape = Shape::List(&Shape::Map(&Shape::List(&Shape::Text)));
const EXAMPLES: Shape = Shape::Map(&Shape::Ref(&EXAMPLE));
const PARAMETERS: Shape = Shape::List(&Shape::Ref(&PARAMETER));

static INFO: Object = Object {
    kind: Kind::Info,
    name: "`info`",
    fields: &[
        ("title", Shape::Text),
        ("description", Shape::Text),
        ("termsOfService", Shape::Text),
        ("contact", Shape::Is(&CONTACT)),
        ("license", Shape::Is(&LICENSE)),
        ("version", Shape::Text),
    ],
    required: &["title", "version"],
    ..PLAIN
};

static CONTACT: Object = Object {
    kind: Kind::Contact,
    name: "`contact`",
    fields: &[
        ("name", Shape::Text),
        ("url", Shape::Text),
        ("email", Shape::Text),
    ],
    ..PLAIN
};

static LICENSE: Object = Object {
    kind: Kind::License,
    name: "`license`",
    fields: &[("name", Shape::Text), ("url", Shape::Text)],
    required: &["name"],
    ..PLAIN
};

static SERVER: Object = Object {
    kind: Kind::Server,
    name: "a server",
    fields: &[
        ("url", Shape::Text),
        ("description", Shape::Text),
        ("variables", Shape::Map(&Shape::Is(&SERVER_VARIABLE))),
    ],
    required: &["url"],
    ..PLAIN
};

static SERVER_VARIABLE: Object = Object {
    kind: Kind::ServerVariable,
    name: "a server variable",
    fields: &[
        ("enum", Shape::List(&Shape::Text)),
        ("default", Shape::Text),
        ("description", Shape::Text),
    ],
    required: &["default"],
    ..PLAIN
};

static PATHS: Object = Object {
    kind: Kind::Paths,
    name: "`paths`",
    ..PLAIN
};

static PATH_ITEM: Object = Object {
    kind: Kind::PathItem,
    name: "a path",
    fields: &[
        ("$ref", Shape::Text),
        ("summary", Shape::Text),
        ("description", Shape::Text),
        ("get", Shape::Is(&OPERATION)),
        ("put", Shape::Is(&OPERATION)),
        ("post", Shape::Is(&OPERATION)),
        ("delete", Shape::Is(&OPERATION)),
        ("options", Shape::Is(&OPERATION)),
        ("head", Shape::Is(&OPERATION)),
        ("patch", Shape::Is(&OPERATION)),
        ("trace", Shape::Is(&OPERATION)),
        ("servers", Shape::List(&Shape::Is(&SERVER))),
        ("parameters", PARAMETERS),
    ],
    ..PLAIN
};

static OPERATION: Object = Object {
    kind: Kind::Operation,
    name: "an operation",
    fields: &[
        ("tags", Shape::List(&Shape::Text)),
        ("summary", Shape::Text),
        ("description", Shape::Text),
        ("externalDocs", Shape::Is(&EXTERNAL_DOCS)),
        ("operationId", Shape::Text),
        ("parameters", PARAMETERS),
        ("requestBody", Shape::Ref(&REQUEST_BODY)),
        ("responses", Shape::Is(&RESPONSES)),
        ("callbacks", Shape::Map(&Shape::Ref(&CALLBACK))),
        ("deprecated", Shape::Flag),
        ("security", SECURITY),
        ("servers", Shape::List(&Shape::Is(&SERVER))),
    ],
    required: &["responses"],
    ..PLAIN
};

static EXTERNAL_DOCS: Object = Object {
    kind: Kind::ExternalDocs,
    name: "`externalDocs`",
    fields: &[("description", Shape::Text), ("url", Shape::Text)],
    required: &["url"],
    ..PLAIN
};

static PARAMETER: Object = Object {
    kind: Kind::Parameter,
    name: "a parameter",
    fields: &[
        ("name", Shape::Text),
        ("in", Shape::OneOf(&["query", "path", "header", "cookie"])),
        ("description", Shape::Text),
        ("required", Shape::Flag),
        ("deprecated", Shape::Flag),
        ("allowEmptyValue", Shape::Flag),
        (
            "style",
            Shape::OneOf(&[
                "form",
                "simple",
                "matrix",
                "label",
                "spaceDelimited",
                "pipeDelimited",
                "deepObject",
            ]),
        ),
        ("explode", Shape::Flag),
        ("allowReserved", Shape::Flag),
        ("schema", Shape::Ref(&SCHEMA)),
        ("example", Shape::Any),
        ("examples", EXAMPLES),
        ("content", Shape::Map(&Shape::Is(&MEDIA_TYPE))),
    ],
    required: &["name", "in"],
    either: &["schema", "content"],
    section: "parameters",
};

static REQUEST_BODY: Object = Object {
    kind: Kind::RequestBody,
    name: "a request body",
    fields: &[
        ("description", Shape::Text),
        ("content", Shape::Map(&Shape::Is(&MEDIA_TYPE))),
        ("required", Shape::Flag),
    ],
    required: &["content"],
    section: "requestBodies",
    ..PLAIN
};

static MEDIA_TYPE: Object = Object {
    kind: Kind::MediaType,
    name: "a media type",
    fields: &[
        ("schema", Shape::Ref(&SCHEMA)),
        ("example", Shape::Any),
        ("examples", EXAMPLES),
        ("encoding", Shape::Map(&Shape::Is(&ENCODING))),
    ],
    ..PLAIN
};

static ENCODING: Object = Object {
    kind: Kind::Encoding,
    name: "an encoding",
    fields: &[
        ("contentType", Shape::Text),
        ("headers", Shape::Map(&Shape::Ref(&HEADER))),
        (
            "style",
            Shape::OneOf(&["form", "spaceDelimited", "pipeDelimited", "deepObject"]),
        ),
        ("explode", Shape::Flag),
        ("allowReserved", Shape::Flag),
    ],
    ..PLAIN
};

static RESPONSES: Object = Object {
    kind: Kind::Responses,
    name: "`responses`",
    ..PLAIN
};

static RESPONSE: Object = Object {
    kind: Kind::Response,
    name: "a response",
    fields: &[
        ("description", Shape::Text),
        ("headers", Shape::Map(&Shape::Ref(&HEADER))),
        ("content", Shape::Map(&Shape::Is(&MEDIA_TYPE))),
        ("links", Shape::Map(&Shape::Ref(&LINK))),
    ],
    required: &["description"],
    section: "responses",
    ..PLAIN
};

static CALLBACK: Object = Object {
    kind: Kind::Callback,
    name: "a callback",
    section: "callbacks",
    ..PLAIN
};

static EXAMPLE: Object = Object {
    kind: Kind::Example,
    name: "an example",
    fields: &[
        ("summary", Shape::Text),
        ("description", Shape::Text),
        ("value", Shape::Any),
        ("externalValue", Shape::Text),
    ],
    section: "examples",
    ..PLAIN
};

static LINK: Object = Object {
    kind: Kind::Link,
    name: "a link",
    fields: &[
        ("operationRef", Shape::Text),
        ("operationId", Shape::Text),
        ("parameters", Shape::Map(&Shape::Any)),
        ("requestBody", Shape::Any),
        ("description", Shape::Text),
        ("server", Shape::Is(&SERVER)),
    ],
    either: &["operationId", "operationRef"],
    section: "links",
    ..PLAIN
};

static HEADER: Object = Object {
    kind: Kind::Header,
    name: "a header",
    fields: &[
        ("description", Shape::Text),
        ("required", Shape::Flag),
        ("deprecated", Shape::Flag),
        ("allowEmptyValue", Shape::Flag),
        ("style", Shape::OneOf(&["simple"])),
        ("explode", Shape::Flag),
        ("allowReserved", Shape::Flag),
        ("schema", Shape::Ref(&SCHEMA)),
        ("example", Shape::Any),
        ("examples", EXAMPLES),
        ("content", Shape::Map(&Shape::Is(&MEDIA_TYPE))),
    ],
    either: &["schema", "content"],
    section: "headers",
    ..PLAIN
};

static TAG: Object = Object {
    kind: Kind::Tag,
    name: "a tag",
    fields: &[
        ("name", Shape::Text),
        ("description", Shape::Text),
        ("externalDocs", Shape::Is(&EXTERNAL_DOCS)),
    ],
    required: &["name"],
    ..PLAIN
};

pub(super) static SCHEMA: Object = Object {
    kind: Kind::Schema,
    name: "a schema",
    fields: &[
        ("title", Shape::Text),
        ("multipleOf", Shape::Number),
        ("maximum", Shape::Number),
        ("exclusiveMaximum", Shape::Flag),
        ("minimum", Shape::Number),
        ("exclusiveMinimum", Shape::Flag),
        ("maxLength", Shape::Integer),
        ("minLength", Shape::Integer),
        ("pattern", Shape::Text),
        ("maxItems", Shape::Integer),
        ("minItems", Shape::Integer),
        ("uniqueItems", Shape::Flag),
        ("maxProperties", Shape::Integer),
        ("minProperties", Shape::Integer),
        ("required", Shape::List(&Shape::Text)),
        ("enum", Shape::List(&Shape::Any)),
        (
            "type",
            Shape::OneOf(&["string", "number", "integer", "boolean", "array", "object"]),
        ),
        ("allOf", Shape::List(&Shape::Ref(&SCHEMA))),
        ("oneOf", Shape::List(&Shape::Ref(&SCHEMA))),
        ("anyOf", Shape::List(&Shape::Ref(&SCHEMA))),
        ("not", Shape::Ref(&SCHEMA)),
        ("items", Shape::Ref(&SCHEMA)),
        ("properties", Shape::Map(&Shape::Ref(&SCHEMA))),
        ("additionalProperties", Shape::FlagOrSchema),
        ("description", Shape::Text),
        ("format", Shape::Text),
        ("default", Shape::Any),
        ("nullable", Shape::Flag),
        ("discriminator", Shape::Is(&DISCRIMINATOR)),
        ("readOnly", Shape::Flag),
        ("writeOnly", Shape::Flag),
        ("xml", Shape::Is(&XML)),
        ("externalDocs", Shape::Is(&EXTERNAL_DOCS)),
        ("example", Shape::Any),
        ("deprecated", Shape::Flag),
    ],
    section: "schemas",
    ..PLAIN
};

static DISCRIMINATOR: Object = Object {
    kind: Kind::Discriminator,
    name: "`discriminator`",
    fields: &[
        ("propertyName", Shape::Text),
        ("mapping", Shape::Map(&Shape::Text)),
    ],
    required: &["propertyName"],
    ..PLAIN
};

static XML: Object = Object {
    kind: Kind::Xml,
    name: "`xml`",
    fields: &[
        ("name", Shape::Text),
        ("namespace", Shape::Text),
        ("prefix", Shape::Text),
        ("attribute", Shape::Flag),
        ("wrapped", Shape::Flag),
    ],
    ..PLAIN
};

static COMPONENTS: Object = Object {
    kind: Kind::Components,
    name: "`components`",
    fields: &[
        ("schemas", Shape::Map(&Shape::Ref(&SCHEMA))),
        ("responses", Shape::Map(&Shape::Ref(&RESPONSE))),
        ("parameters", Shape::Map(&Shape::Ref(&PARAMETER))),
        ("examples", EXAMPLES),
        ("requestBodies", Shape::Map(&Shape::Ref(&REQUEST_BODY))),
        ("headers", Shape::Map(&Shape::Ref(&HEADER))),
        ("securitySchemes", Shape::Map(&Shape::Ref(&SECURITY_SCHEME))),
        ("links", Shape::Map(&Shape::Ref(&LINK))),
        ("callbacks", Shape::Map(&Shape::Ref(&CALLBACK))),
    ],
    ..PLAIN
};

static SECURITY_SCHEME: Object = Object {
    kind: Kind::SecurityScheme,
    name: "a security scheme",
    fields: &[
        (
            "type",
            Shape::OneOf(&["apiKey", "http", "oauth2", "openIdConnect"]),
        ),
        ("description", Shape::Text),
        ("name", Shape::Text),
        ("in", Shape::OneOf(&["query", "header", "cookie"])),
        ("scheme", Shape::Text),
        ("bearerFormat", Shape::Text),
        ("flows", Shape::Is(&FLOWS)),
        ("openIdConnectUrl", Shape::Text),
    ],
    required: &["type"],
    section: "securitySchemes",
    ..PLAIN
};

static FLOWS: Object = Object {
    kind: Kind::Flows,
    name: "`flows`",
    fields: &[
        ("implicit", Shape::Is(&FLOW)),
        ("password", Shape::Is(&FLOW)),
        ("clientCredentials", Shape::Is(&FLOW)),
        ("authorizationCode", Shape::Is(&FLOW)),
    ],
    ..PLAIN
};

static FLOW: Object = Object {
    kind: Kind::Flow,
    name: "a flow",
    fields: &[
        ("authorizationUrl", Shape::Text),
        ("tokenUrl", Shape::Text),
        ("refreshUrl", Shape::Text),
        ("scopes", Shape::Map(&Shape::Text)),
    ],
    required: &["scopes"],
    ..PLAIN
};

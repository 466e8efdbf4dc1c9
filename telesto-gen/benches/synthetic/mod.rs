//! A document of any size.

use std::fmt::Write as _;

/// What is done with each resource of the document.
pub(crate) const OPERATIONS_OF_A_RESOURCE: usize = 5;

/// A document of this many operations, five of each resource.
pub(crate) fn document(operations: usize) -> String {
    let resources = operations / OPERATIONS_OF_A_RESOURCE;
    let mut text = HEAD.to_owned();
    for number in 0..resources {
        text.push_str(&PATHS.replace("{n}", &number.to_string()));
    }
    text.push_str(COMPONENTS);
    for number in 0..resources {
        // Every resource refers to another one.
        let other = (number * 7 + 1) % resources;
        let schemas = SCHEMAS.replace("{n}", &number.to_string());
        let _ = write!(text, "{}", schemas.replace("{other}", &other.to_string()));
    }
    text
}

const HEAD: &str = r#"openapi: 3.0.3
info:
  title: Synthetic
  version: "1"
servers:
  - url: https://api.example.com/v1
security:
  - apiKey: []
x-rate-limit: { requests: 100, window: 3600, lockout: 900 }
paths:
"#;

const PATHS: &str = r##"  /thing{n}s:
    get:
      operationId: list_thing{n}s
      tags: [thing{n}s]
      summary: List the things
      description: Returns the things that were changed since a time, page by page.
      externalDocs: { url: https://example.com/docs }
      parameters:
        - name: changed_since
          in: query
          description: Only things that were changed since then.
          schema: { type: string, format: date-time-local }
        - name: status
          in: query
          schema: { $ref: "#/components/schemas/Thing{n}Status" }
        - name: limit
          in: query
          schema: { type: integer, format: int32 }
      responses:
        "200":
          description: The things.
          content:
            application/json:
              schema:
                type: array
                items: { $ref: "#/components/schemas/Thing{n}" }
        "401": { $ref: "#/components/responses/Failed" }
        "429": { $ref: "#/components/responses/Failed" }
    post:
      operationId: create_thing{n}
      tags: [thing{n}s]
      summary: Create a thing
      externalDocs: { url: https://example.com/docs }
      requestBody:
        required: true
        content:
          application/json:
            schema: { $ref: "#/components/schemas/NewThing{n}" }
      responses:
        "201":
          description: The new thing.
          content:
            application/json:
              schema: { $ref: "#/components/schemas/Thing{n}" }
        "401": { $ref: "#/components/responses/Failed" }
        "429": { $ref: "#/components/responses/Failed" }
  /thing{n}s/{thing_id}:
    parameters:
      - name: thing_id
        in: path
        required: true
        schema: { type: string }
    get:
      operationId: get_thing{n}
      tags: [thing{n}s]
      summary: Get one thing
      externalDocs: { url: https://example.com/docs }
      responses:
        "200":
          description: The thing.
          content:
            application/json:
              schema: { $ref: "#/components/schemas/Thing{n}" }
        "404": { $ref: "#/components/responses/Failed" }
        "429": { $ref: "#/components/responses/Failed" }
    patch:
      operationId: update_thing{n}
      tags: [thing{n}s]
      summary: Change a thing
      externalDocs: { url: https://example.com/docs }
      requestBody:
        required: true
        content:
          application/json:
            schema: { $ref: "#/components/schemas/NewThing{n}" }
      responses:
        "200":
          description: The changed thing.
          content:
            application/json:
              schema: { $ref: "#/components/schemas/Thing{n}" }
        "404": { $ref: "#/components/responses/Failed" }
        "429": { $ref: "#/components/responses/Failed" }
    delete:
      operationId: delete_thing{n}
      tags: [thing{n}s]
      summary: Delete a thing
      externalDocs: { url: https://example.com/docs }
      responses:
        "204":
          description: It is gone.
        "404": { $ref: "#/components/responses/Failed" }
        "429": { $ref: "#/components/responses/Failed" }
"##;

const COMPONENTS: &str = r##"components:
  securitySchemes:
    apiKey: { type: apiKey, in: header, name: Authorization }
  responses:
    Failed:
      description: It failed.
      content:
        application/json:
          schema: { $ref: "#/components/schemas/Failure" }
  schemas:
    Failure:
      type: object
      properties:
        statusCode: { type: integer }
    Address:
      type: object
      properties:
        street: { type: string }
        zip: { type: string }
        country: { type: string }
"##;

const SCHEMAS: &str = r##"    Thing{n}:
      type: object
      description: A thing, as one of a list.
      required: [id]
      properties:
        id: { type: string, description: The identifier of the thing. }
        name: { type: string, description: The name of the thing. }
        code: { type: string, maxLength: 40 }
        price: { type: string, format: decimal, description: What it costs. }
        on_hand: { type: string, format: decimal }
        count: { type: integer, format: int64, minimum: 0 }
        active: { type: boolean, default: true }
        since: { type: string, format: date }
        changed: { type: string, format: date-time-local }
        status: { $ref: "#/components/schemas/Thing{n}Status" }
        address: { $ref: "#/components/schemas/Address" }
        lines:
          type: array
          items: { $ref: "#/components/schemas/Thing{n}Line" }
        related: { $ref: "#/components/schemas/Thing{other}" }
    NewThing{n}:
      type: object
      required: [name]
      properties:
        name: { type: string }
        code: { type: string }
        price: { type: string, format: decimal }
        count: { type: integer, format: int64 }
        active: { type: boolean }
        since: { type: string, format: date }
        status: { $ref: "#/components/schemas/Thing{n}Status" }
        address: { $ref: "#/components/schemas/Address" }
        tags:
          type: array
          items: { type: string }
        lines:
          type: array
          items: { $ref: "#/components/schemas/Thing{n}Line" }
        labels:
          type: object
          additionalProperties: { type: string }
        note: { type: string, nullable: true }
    Thing{n}Line:
      type: object
      properties:
        product_id: { type: string }
        quantity: { type: string, format: decimal }
        delivered: { type: string, format: date }
    Thing{n}Status:
      type: string
      enum: [In Progress, Completed, Delayed, Canceled, Draft]
"##;

//! How long a client takes to be made, how much memory that needs, and how both
//! grow with the document. It measures, and asserts nothing.
//!
//! `cargo bench -p telesto-gen --bench generate` measures. With `-- document 300`
//! it prints the document of 300 operations that it measures with.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark stops at what it does not expect, and shows what it measured"
)]

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use telesto_gen::{Document, Generated, Target, generate};

#[global_allocator]
static ALLOCATOR: dhat::Alloc = dhat::Alloc;

/// Numbers of operations, each ten times the one before.
const SIZES: [usize; 3] = [30, 300, 3_000];

/// What is done with each resource of the synthetic document.
const OPERATIONS_OF_A_RESOURCE: usize = 5;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(at) = arguments.iter().position(|argument| argument == "document") {
        print!("{}", document(arguments[at + 1].parse().unwrap()));
        return;
    }
    let mut before: Option<(Duration, usize)> = None;
    for operations in SIZES {
        let text = document(operations);
        let runs = (3_000 / operations).clamp(3, 10);
        let best = (0..runs)
            .map(|_| Run::of(&text))
            .min_by_key(|run| run.total);
        let best = best.unwrap();
        assert_eq!(best.operations, operations);
        let peak = peak(&text);
        println!(
            "{operations} operations, {} KiB: {:.1?}, best of {runs}; heap peak {:.1} MiB",
            text.len() / 1024,
            best.total,
            peak as f64 / 1024.0 / 1024.0
        );
        if let Some((total, peak_before)) = before {
            println!(
                "  exponent of time {:.2}, of memory {:.2}",
                (best.total.as_secs_f64() / total.as_secs_f64()).log10(),
                (peak as f64 / peak_before as f64).log10()
            );
        }
        best.show();
        before = Some((best.total, peak));
    }
}

/// One generation.
struct Run {
    operations: usize,
    total: Duration,
    stages: Vec<(&'static str, Duration)>,
}

impl Run {
    fn of(text: &str) -> Self {
        let text = text.to_owned();
        let start = Instant::now();
        let document = Document::parse("synthetic.yaml", text).unwrap();
        let read = start.elapsed();
        let generated = client(&document);
        let total = start.elapsed();
        let mut stages = vec![("document", read)];
        stages.extend(generated.stages);
        Self {
            operations: generated.operations,
            total,
            stages,
        }
    }

    fn show(&self) {
        for (name, took) in &self.stages {
            let share = took.as_secs_f64() / self.total.as_secs_f64();
            println!("  {name:<16} {took:>10.1?} {:>5.1} %", share * 100.0);
        }
    }
}

fn client(document: &Document) -> Generated {
    generate(document, &Target::new("telesto_api", "generated")).unwrap()
}

/// The most bytes that a generation had on the heap at once.
fn peak(text: &str) -> usize {
    let text = text.to_owned();
    let profiler = dhat::Profiler::builder()
        .testing()
        .trim_backtraces(Some(1))
        .build();
    client(&Document::parse("synthetic.yaml", text).unwrap());
    let peak = dhat::HeapStats::get().max_bytes;
    drop(profiler);
    peak
}

/// A document of this many operations, five of each resource.
fn document(operations: usize) -> String {
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

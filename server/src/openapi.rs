//! The OpenAPI document, made of the routes' own descriptions.
//!
//! A route names the problems it answers with by their slugs (`description = "slot-taken"`). What is
//! the same everywhere (schemas and examples of problems, the ones any route may answer, unique
//! operation ids) is filled in here.

mod enforced;

use std::sync::LazyLock;

use axum::response::Response;
use bytes::Bytes;
use domain::problem::{Conflict, Current, PROBLEM_TYPES, Reason, ReasonCode};
use domain::{FieldError, Problem, TimeRange};
use serde_json::{Value, json};
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::{Content, OpenApi, RefOr, Schema, example::Example};
use utoipa::openapi::{ContentBuilder, InfoBuilder, ResponseBuilder, Server, tag::TagBuilder};
use utoipa::{PartialSchema, ToSchema};

use crate::rest;
use crate::rest::requests;
use crate::routes;

const ABOUT: &str = "When providers can be booked, and booking them.\n\n\
Instants are RFC 3339 and come back in UTC; dates are `YYYY-MM-DD`, wall times `HH:MM`, lengths whole minutes. \
Unknown fields and query parameters are errors. Lists are `{items, next_cursor}`. \
A provider's token acts as that provider; the `manage_token` of a booking acts on that one booking. \
Errors are `application/problem+json`, each with a `type` whose address explains it. \
A path called with another method is answered with 405, `about:blank` and an `Allow` header.\n\n\
Open pages and integrations follow changes by WebSocket: `GET /api/v1/availability/{provider}/live?since=V` \
(see the project's docs/api.md).";

static JSON: LazyLock<Bytes> = LazyLock::new(|| document().to_json().unwrap_or_default().into());
static ETAG: LazyLock<String> = LazyLock::new(|| {
    use sha2::{Digest, Sha256};
    format!("\"{}\"", hex::encode(&Sha256::digest(&*JSON)[..12]))
});

/// This document
#[utoipa::path(
    get, path = "/openapi.json", tag = "About",
    responses((status = 200, body = Object, description = "OpenAPI 3.1."), (status = 304, description = "What `If-None-Match` names is still right.")),
)]
pub async fn show(asked: rest::IfNoneMatch) -> Response {
    rest::conditional(&asked, &ETAG, JSON.clone())
}

/// What `eventide openapi` prints and `/api/v1/openapi.json` answers.
pub fn document() -> OpenApi {
    let mut api = routes::api().into_openapi();
    api.info = InfoBuilder::new()
        .title("Eventide")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(ABOUT))
        .license(Some(utoipa::openapi::License::new(env!("CARGO_PKG_LICENSE"))))
        .build();
    api.servers = Some(vec![Server::new("/")]);
    api.tags = Some(
        TAGS.iter().map(|(name, about)| TagBuilder::new().name(*name).description(Some(*about)).build()).collect(),
    );
    add_components(&mut api);
    for item in api.paths.paths.values_mut() {
        for operation in operations(item) {
            complete(operation);
        }
    }
    enforced::say(&mut api);
    api
}

const TAGS: [(&str, &str); 6] = [
    ("Providers", "Who can be booked."),
    ("Tokens", "API tokens of a provider."),
    ("Offerings", "Appointment types: lengths, buffers, notice, capacity."),
    ("Availability", "When a provider can be booked, and what they say about it."),
    ("Bookings", "Made by guests; seen and cancelled by both sides."),
    ("About", "The API itself."),
];

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [&mut item.get, &mut item.post, &mut item.put, &mut item.patch, &mut item.delete].into_iter().flatten()
}

fn complete(operation: &mut Operation) {
    let tag = operation.tags.iter().flatten().next().map(|tag| tag.to_lowercase()).unwrap_or_default();
    operation.operation_id = operation.operation_id.take().map(|verb| format!("{tag}_{verb}"));
    let mut problems: Vec<&str> = vec!["malformed", "rate-limited", "internal", "unavailable"];
    let schemes = operation.security.as_deref().map(|needs| serde_json::to_value(needs).unwrap_or_default());
    match schemes.as_ref().and_then(Value::as_array).map(Vec::as_slice) {
        None => {}
        // A guest's token is known and is still not a provider's.
        Some([only]) if only.get("provider_token").is_some() => problems.extend(["unauthenticated", "forbidden"]),
        Some(_) => problems.push("unauthenticated"),
    }
    let mut named: Vec<(String, String)> = operation
        .responses
        .responses
        .iter()
        .filter(|(status, _)| status.as_str() >= "400")
        .filter_map(|(_, response)| match response {
            RefOr::T(response) => Some(response.description.clone()),
            RefOr::Ref(_) => None,
        })
        .flat_map(|slugs| slugs.split(", ").map(str::to_owned).collect::<Vec<_>>())
        .chain(problems.into_iter().map(str::to_owned))
        .map(|slug| (status_of(&slug).to_string(), slug))
        .collect();
    named.sort();
    named.dedup();
    let responses = &mut operation.responses.responses;
    responses.retain(|status, _| status.as_str() < "400");
    for status in named.iter().map(|(status, _)| status).collect::<std::collections::BTreeSet<_>>() {
        let slugs: Vec<&str> = named.iter().filter(|(of, _)| of == status).map(|(_, slug)| slug.as_str()).collect();
        responses.insert(status.clone(), problem_response(&slugs).into());
    }
}

/// Panics at a slug that does not exist: a mistake in a route's description, found by any test.
fn status_of(slug: &str) -> u16 {
    PROBLEM_TYPES.iter().find(|kind| kind.slug == slug).unwrap_or_else(|| panic!("no problem is called {slug}")).status
}

fn problem_response(slugs: &[&str]) -> utoipa::openapi::Response {
    let titles = PROBLEM_TYPES.iter().filter(|kind| slugs.contains(&kind.slug)).map(|kind| kind.title);
    let response = ResponseBuilder::new().description(titles.collect::<Vec<_>>().join("; ") + ".");
    response.content("application/problem+json", problem_content(slugs)).build()
}

fn problem_content(slugs: &[&str]) -> Content {
    let refs: Vec<Value> =
        slugs.iter().map(|slug| json!({"$ref": format!("#/components/schemas/{}", schema_name(slug))})).collect();
    let schema = if let [one] = refs.as_slice() { one.clone() } else { json!({"oneOf": refs}) };
    let mut content = ContentBuilder::new().schema(Some(schema_of(schema)));
    for slug in slugs {
        let mut example = Example::new();
        example.value =
            examples().into_iter().find(|example| example.problem_type().slug == *slug).map(|e| e.document());
        content = content.examples_from_iter([(slug.to_string(), example)]);
    }
    content.build()
}

fn schema_of(schema: Value) -> RefOr<Schema> {
    serde_json::from_value(schema).expect("a schema written in this file")
}

/// `slot-taken` is described by `SlotTakenProblem`.
fn schema_name(slug: &str) -> String {
    let words = slug.split('-').map(|word| word[..1].to_uppercase() + &word[1..]);
    words.collect::<String>() + "Problem"
}

fn add_components(api: &mut OpenApi) {
    let components = api.components.get_or_insert_default();
    let mut add = |name: String, schema: RefOr<Schema>| components.schemas.insert(name, schema);
    add(Conflict::name().into(), Conflict::schema());
    add(Reason::name().into(), Reason::schema());
    add(ReasonCode::name().into(), ReasonCode::schema());
    add(FieldError::name().into(), FieldError::schema());
    add(TimeRange::name().into(), TimeRange::schema());
    add(requests::ExceptionRequest::name().into(), requests::ExceptionRequest::schema());
    for kind in &PROBLEM_TYPES {
        let mut properties = members(kind.slug);
        let mut required: Vec<String> =
            properties.as_object().into_iter().flatten().map(|(name, _)| name.clone()).collect();
        required.extend(["type", "title", "status", "detail"].map(String::from));
        properties["type"] = json!({"type": "string", "enum": [format!("/problems/{}", kind.slug)]});
        properties["title"] = json!({"type": "string"});
        properties["status"] = json!({"type": "integer", "enum": [kind.status]});
        properties["detail"] = json!({"type": "string", "description": "A sentence or two for people."});
        let schema = json!({
            "type": "object", "description": kind.explanation, "required": required, "properties": properties,
        });
        add(schema_name(kind.slug), schema_of(schema));
    }
    for (name, about) in [
        ("provider_token", "A provider's API token, from `POST /tokens` or a sign-up."),
        ("manage_token", "The `manage_token` of one booking."),
    ] {
        let scheme = json!({"type": "http", "scheme": "bearer", "description": about});
        components.add_security_scheme(
            name,
            serde_json::from_value::<utoipa::openapi::security::SecurityScheme>(scheme).expect("a scheme"),
        );
    }
    let key =
        json!({"type": "apiKey", "in": "query", "name": "key", "description": "A booking's manage token in its URL."});
    components.add_security_scheme(
        "manage_key",
        serde_json::from_value::<utoipa::openapi::security::SecurityScheme>(key).expect("a scheme"),
    );
}

/// The members that a type of problem has for itself.
fn members(slug: &str) -> Value {
    let list = |of: &str| json!({"type": "array", "items": {"$ref": format!("#/components/schemas/{of}")}});
    let one = |of: &str| json!({"$ref": format!("#/components/schemas/{of}")});
    match slug {
        "slot-taken" => json!({"alternatives": list("TimeRange")}),
        "availability-overlap" => json!({"conflicts": list("Conflict"), "suggestions": list("TimeRange")}),
        "version-conflict" => json!({"current": {"oneOf": [one("AvailabilityEntry"), one("Offering")]}}),
        // `status` is the HTTP status, as in every problem document.
        "invalid-transition" => json!({"booking_status": one("BookingStatus")}),
        "invalid" => json!({"errors": list("FieldError")}),
        "not-bookable" => json!({"reasons": list("Reason")}),
        "internal" => json!({"request_id": {"type": "string"}}),
        _ => json!({}),
    }
}

/// One of each type.
fn examples() -> Vec<Problem> {
    let range = |from: &str, to: &str| serde_json::from_value(json!({"start": from, "end": to}));
    let ranges: Vec<TimeRange> = range("2026-11-23T09:30:00Z", "2026-11-23T10:00:00Z").into_iter().collect();
    let conflict = json!({
        "availability_id": "0193570e-8a2b-7c3d-9e4f-5a6b7c8d9e0f",
        "start": "2026-11-23T09:00:00Z", "end": "2026-11-23T10:00:00Z",
    });
    let entry = json!({
        "availability_id": "0193570e-8a2b-7c3d-9e4f-5a6b7c8d9e0f", "provider_id": "0193570e-1111-7c3d-9e4f-5a6b7c8d9e0f",
        "effect": "open", "note": null, "version": 2,
        "pattern": {"kind": "one_off", "start": "2026-11-23T09:00:00Z", "end": "2026-11-23T12:00:00Z"},
        "created_at": "2026-11-01T08:00:00Z", "updated_at": "2026-11-02T08:00:00Z",
    });
    let detail = "The offering needs two hours of notice.".to_owned();
    let mut examples = vec![
        Problem::Malformed {
            detail: "The body is not JSON that can be read: expected value at line 1 column 1.".into(),
        },
        Problem::Unauthenticated,
        Problem::Forbidden,
        Problem::NotFound,
        Problem::SlotTaken { alternatives: ranges.clone() },
        Problem::AvailabilityOverlap {
            conflicts: serde_json::from_value(conflict).into_iter().collect(),
            suggestions: ranges,
        },
        Problem::InvalidTransition { status: domain::BookingStatus::Cancelled },
        Problem::TooLarge,
        Problem::field("guest.email", "invalid", "This does not look like an e-mail address."),
        Problem::NotBookable { reasons: vec![Reason { code: ReasonCode::TooSoon, detail }] },
        Problem::IdempotencyMismatch,
        Problem::RateLimited { retry_after_seconds: 3 },
        Problem::Internal { request_id: "0193570e8a2b7c3d9e4f5a6b7c8d9e0f".into() },
        Problem::Unavailable,
    ];
    examples.extend(
        serde_json::from_value(entry)
            .map(|current| Problem::VersionConflict { current: Box::new(Current::Entry(current)) }),
    );
    examples
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_has_an_id_of_its_own_and_says_what_can_go_wrong() {
        let mut api = document();
        let mut ids = std::collections::BTreeSet::new();
        for (path, item) in &mut api.paths.paths {
            for operation in operations(item) {
                assert!(path.starts_with("/api/v1/"), "{path}");
                assert!(ids.insert(operation.operation_id.clone().unwrap()), "{path} {:?}", operation.operation_id);
                assert!(operation.summary.is_some(), "{path}");
                assert!(operation.responses.responses.contains_key("429"), "{path}");
            }
        }
    }

    /// Of the contract, what this version has. A route is added here with the route itself.
    #[test]
    fn the_routes_are_those_of_the_contract() {
        let mut api = document();
        let mut routes = Vec::new();
        for (path, item) in &mut api.paths.paths {
            let path = path.strip_prefix("/api/v1").unwrap();
            let methods = serde_json::to_value(item).unwrap();
            let mut methods: Vec<_> = methods.as_object().unwrap().keys().map(|method| method.to_uppercase()).collect();
            methods.sort();
            routes.push(format!("{} {path}", methods.join("|")));
        }
        let expected = [
            "GET|POST /availability",
            "GET /availability/entries/{availability_id}",
            "DELETE|GET|PUT /availability/{id}",
            "GET /availability/{provider}/explain",
            "GET|POST /bookings",
            "GET /bookings/{booking_id}",
            "POST /bookings/{booking_id}/cancel",
            "GET /bookings/{booking_id}/ics",
            "GET|PATCH /me",
            "GET /meta",
            "POST /offerings",
            "DELETE|GET|PUT /offerings/{offering_id}",
            "GET /openapi.json",
            "GET|POST /providers",
            "GET /providers/{provider}",
            "GET /providers/{provider}/offerings",
            "GET|POST /tokens",
            "DELETE /tokens/{token_id}",
        ];
        assert_eq!(routes, expected);
    }

    #[test]
    fn every_reference_leads_somewhere() {
        let api = serde_json::to_value(document()).unwrap();
        let mut references = Vec::new();
        collect(&api, &mut references);
        assert!(references.len() > 50);
        for reference in references {
            let pointer = reference.strip_prefix('#').unwrap();
            assert!(api.pointer(pointer).is_some(), "{reference}");
        }
    }

    fn collect(value: &Value, references: &mut Vec<String>) {
        match value {
            Value::Object(members) => {
                references.extend(members.get("$ref").and_then(Value::as_str).map(str::to_owned));
                members.values().for_each(|member| collect(member, references));
            }
            Value::Array(items) => items.iter().for_each(|item| collect(item, references)),
            _ => {}
        }
    }

    #[test]
    fn there_is_an_example_of_every_problem() {
        let examples = examples();
        assert!(PROBLEM_TYPES.iter().all(|kind| examples.iter().any(|e| e.problem_type().slug == kind.slug)));
    }
}

//! What the forms of `domain` and the queries enforce beyond their types, said in the document: by the name of a
//! field, which means the same wherever it comes.
//!
//! Each rule is one that the server refuses to see broken; that a value obeys it does not make it right (a date may
//! not exist). Schemathesis, in `make test`, breaks each of them.

use serde_json::{Map, Value, json};
use utoipa::openapi::path::{Operation, ParameterIn};
use utoipa::openapi::{OpenApi, RefOr};

use super::{operations, schema_of};

/// No control characters; in the second, line breaks and tabs; in the third, something that can be seen.
const LINE: &str = r"^[^\u0000-\u001f\u007f-\u009f]*$";
const PARAGRAPHS: &str = r"^[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]*$";
const WORDS: &str = r"^[^\u0000-\u001f\u007f-\u009f]*[^\s\u0000-\u001f\u007f-\u009f][^\u0000-\u001f\u007f-\u009f]*$";
/// A query says nothing that it could not read.
const SEARCH: &str = r"^[^\u0000-\u001f\u007f-\u009f\ufffd]*$";
const ZONE: &str = "^[A-Za-z0-9_+/-]*$";
const MINUTE: &str = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:00(\.0+)?([Zz]|[+-][0-9]{2}:[0-9]{2})$";
const MOMENT: &str =
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}([Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2}))?$";

/// Of the fields of a request's body.
fn of_field(schema: &str, name: &str) -> Value {
    match (schema, name) {
        ("TokenRequest", "name") => json!({ "pattern": LINE }),
        ("TokenRequest", "email") => json!({ "maxLength": 254 }),
        ("TokenRequest", "password") => json!({ "minLength": 1, "maxLength": 200 }),
        (_, "display_name" | "title" | "name") => json!({ "minLength": 1, "pattern": WORDS }),
        (_, "location") => json!({ "pattern": LINE }),
        (_, "bio" | "description" | "note" | "notes" | "reason") => json!({ "pattern": PARAGRAPHS }),
        (_, "phone") => json!({ "pattern": PARAGRAPHS }),
        (_, "time_zone") => json!({ "maxLength": 64, "pattern": ZONE }),
        (_, "provider") => json!({ "minLength": 1, "maxLength": 100 }),
        (_, "start" | "end") => json!({ "pattern": MINUTE }),
        (_, "start_time") => json!({ "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$" }),
        (_, "end_time") => json!({ "pattern": "^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$" }),
        (_, "recurrence") => json!({ "minLength": 1, "maxLength": 300 }),
        (_, "exceptions") => json!({ "maxItems": 1000 }),
        (_, "version") => json!({ "minimum": 1 }),
        _ => json!({}),
    }
}

/// Of the values of a query, a path, a header.
fn of_parameter(name: &str) -> Value {
    match name {
        "from" | "to" => json!({ "pattern": MOMENT }),
        "start" => json!({ "format": "date-time", "pattern": MOMENT }),
        "time_zone" => json!({ "minLength": 1, "maxLength": 64, "pattern": ZONE }),
        "offering" => json!({ "minLength": 1, "maxLength": 60, "pattern": "^[A-Za-z0-9-]+$" }),
        "duration_minutes" => json!({ "minimum": 1, "maximum": 1440 }),
        "scope" => json!({ "enum": ["all"] }),
        "cursor" => json!({ "minLength": 2, "pattern": "^([0-9A-Fa-f]{2})+$" }),
        "search" => json!({ "pattern": SEARCH }),
        "key" => json!({ "minLength": 1, "pattern": SEARCH }),
        "provider" => json!({ "minLength": 1, "maxLength": 36, "pattern": "^[A-Za-z0-9-]+$" }),
        "Idempotency-Key" => json!({ "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$" }),
        _ => json!({}),
    }
}

pub fn say(api: &mut OpenApi) {
    let components = api.components.get_or_insert_default();
    for (name, schema) in &mut components.schemas {
        if name.ends_with("Request") {
            let mut value = serde_json::to_value(&*schema).unwrap_or_default();
            fields(name, &mut value);
            *schema = schema_of(value);
        }
    }
    for item in api.paths.paths.values_mut() {
        operations(item).for_each(|operation| {
            parameters(operation);
            body(operation);
        });
    }
}

/// A body that may be left out may not be `null`.
fn body(operation: &mut Operation) {
    let Some(RefOr::T(body)) = &mut operation.request_body else { return };
    for content in body.content.values_mut() {
        let RefOr::T(content) = content else { continue };
        let value = serde_json::to_value(&content.schema).unwrap_or_default();
        let mut choices = value["oneOf"].as_array().into_iter().flatten();
        if let Some(reference) = choices.find(|choice| choice["$ref"].is_string()) {
            content.schema = Some(schema_of(reference.clone()));
            body.required = None;
        }
    }
}

/// Of this object, and of those in it.
fn fields(schema: &str, value: &mut Value) {
    for choice in value["oneOf"].as_array_mut().into_iter().flatten() {
        fields(schema, choice);
    }
    let Some(properties) = value.get_mut("properties").and_then(Value::as_object_mut) else { return };
    for (name, property) in properties {
        fields(schema, property);
        add(property, of_field(schema, name));
        if name == "durations_minutes" {
            add(&mut property["items"], json!({ "minimum": 5, "maximum": 1440 }));
        }
    }
    // What is not named is refused.
    value["additionalProperties"] = json!(false);
}

fn parameters(operation: &mut Operation) {
    for parameter in operation.parameters.iter_mut().flatten() {
        let RefOr::T(parameter) = parameter else { continue };
        let is_provider = parameter.name == "id" && parameter.parameter_in == ParameterIn::Path;
        let Some(schema) = &mut parameter.schema else { continue };
        let mut value = serde_json::to_value(&*schema).unwrap_or_default();
        let rules = if is_provider && value.get("format").is_none() { "provider" } else { &parameter.name };
        add(&mut value, of_parameter(rules));
        *schema = schema_of(value);
    }
}

/// A value that may be null is described so; the rules are about others.
fn add(schema: &mut Value, rules: Value) {
    let (Some(schema), Value::Object(rules)) = (schema.as_object_mut(), rules) else { return };
    let mut kept: Map<String, Value> = rules;
    if let Some(Value::Array(choices)) = kept.get_mut("enum")
        && schema.get("type").is_some_and(Value::is_array)
    {
        choices.push(Value::Null);
    }
    schema.extend(kept);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_says_what_is_enforced() {
        let api = serde_json::to_value(super::super::document()).unwrap();
        let schema = |name: &str| &api["components"]["schemas"][name];
        assert_eq!(schema("OfferingRequest")["properties"]["durations_minutes"]["items"]["minimum"], 5);
        assert_eq!(schema("BookingRequest")["properties"]["guest"]["properties"]["name"]["pattern"], WORDS);
        for choice in schema("AvailabilityRequest")["properties"]["pattern"]["oneOf"].as_array().unwrap() {
            assert_eq!(choice["additionalProperties"], false, "{choice}");
            assert!(choice["properties"]["kind"].is_object(), "{choice}");
        }
        let parameters = api["paths"]["/api/v1/availability/{id}"]["put"]["parameters"].as_array().unwrap();
        let scope = parameters.iter().find(|parameter| parameter["name"] == "scope").unwrap();
        assert_eq!(scope["schema"]["enum"][0], "all");
        for (name, schema) in api["components"]["schemas"].as_object().unwrap() {
            let is_request = name.ends_with("Request");
            assert!(!is_request || schema["additionalProperties"] == false, "{name} takes more than it says");
        }
    }
}

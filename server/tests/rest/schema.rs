//! Checks values against the schemas of the OpenAPI document: as much of JSON Schema as it uses.

use serde_json::Value;

/// What is wrong with `value`, each fault with its place; nothing if it is as `schema` says.
pub fn faults(document: &Value, schema: &Value, value: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    check(document, schema, value, "", true, &mut faults);
    faults
}

pub fn resolve<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    match schema.get("$ref").and_then(Value::as_str) {
        Some(reference) => document.pointer(&reference[1..]).expect("the document's references lead somewhere"),
        None => schema,
    }
}

fn check(document: &Value, schema: &Value, value: &Value, at: &str, whole: bool, faults: &mut Vec<String>) {
    let schema = resolve(document, schema);
    for part in schema.get("allOf").and_then(Value::as_array).into_iter().flatten() {
        check(document, part, value, at, false, faults);
    }
    if let Some(choices) = schema.get("oneOf").and_then(Value::as_array) {
        let fits = |choice: &&Value| {
            let mut faults = Vec::new();
            check(document, choice, value, at, whole, &mut faults);
            faults.is_empty()
        };
        if choices.iter().filter(fits).count() != 1 {
            faults.push(format!("{at}: fits not exactly one of {} schemas: {value}", choices.len()));
        }
    }
    if let Some(kinds) = schema.get("type")
        && !is_of(kinds, value)
    {
        faults.push(format!("{at}: {value} is not of type {kinds}"));
        return;
    }
    if let Some(names) = schema.get("enum").and_then(Value::as_array)
        && !names.contains(value)
    {
        faults.push(format!("{at}: {value} is none of {names:?}"));
    }
    match (schema.get("format").and_then(Value::as_str), value.as_str()) {
        (Some("uuid"), Some(text)) if uuid::Uuid::parse_str(text).is_err() => faults.push(format!("{at}: no UUID")),
        (Some("date-time"), Some(text))
            if !text.ends_with('Z') || chrono::DateTime::parse_from_rfc3339(text).is_err() =>
        {
            faults.push(format!("{at}: {text} is not an instant in UTC"));
        }
        _ => {}
    }
    if let Value::Array(items) = value {
        for (index, item) in items.iter().enumerate() {
            let Some(schema) = schema.get("items") else { break };
            check(document, schema, item, &format!("{at}/{index}"), true, faults);
        }
    }
    if let Value::Object(members) = value {
        let required = schema.get("required").and_then(Value::as_array).into_iter().flatten();
        for name in required.filter_map(Value::as_str).filter(|name| !members.contains_key(*name)) {
            faults.push(format!("{at}: {name} is missing"));
        }
        let Some(properties) = schema.get("properties").and_then(Value::as_object) else { return };
        for (name, member) in members {
            match properties.get(name) {
                Some(schema) => check(document, schema, member, &format!("{at}/{name}"), true, faults),
                None if whole && schema.get("allOf").is_none() => faults.push(format!("{at}: {name} is not described")),
                None => {}
            }
        }
    }
}

fn is_of(kinds: &Value, value: &Value) -> bool {
    let is = |kind: &str| match kind {
        "null" => value.is_null(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("the document has an unknown type {other}"),
    };
    match kinds {
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).any(is),
        kind => kind.as_str().is_some_and(is),
    }
}

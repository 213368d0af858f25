//! `docs/openapi.json`, and answers held to it: the path and the method are described, the status is, the media type is, and the
//! body fits its schema as far as types, required members, words, references and alternatives go (JSON Schema 2020-12).

use anchorage::http::{Request, Response};
use serde_json::Value;
use std::sync::LazyLock;

pub static DOCUMENT: LazyLock<Value> = LazyLock::new(|| {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/openapi.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
});

/// Panics where an answer is not what the document says.
pub fn hold(request: &Request, response: &Response) {
    if !request.path.starts_with("/api") {
        return;
    }
    let what = format!("{} {} {}", request.method, request.path, response.status);
    let header = |name: &str| {
        response.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    };
    assert!((200..600).contains(&response.status) && response.status != 500, "{what}: {response:?}");
    assert_eq!(header("x-content-type-options"), Some("nosniff"), "{what}");
    assert!(header("access-control-allow-origin").is_none(), "{what}");
    assert!(header("cache-control").unwrap().contains("no-store"), "{what}");
    let Some(path) = template(&request.path) else {
        assert_eq!(response.status, 404, "{what} is not described");
        return fits(response, &DOCUMENT["components"]["schemas"]["Error"], &what);
    };
    let operation = &DOCUMENT["paths"][path][request.method.to_lowercase()];
    if operation.is_null() {
        assert_eq!(response.status, 405, "{what} is not described");
        return fits(response, &DOCUMENT["components"]["schemas"]["Error"], &what);
    }
    let described = resolved(&operation["responses"][response.status.to_string()]);
    assert!(!described.is_null(), "{what} is not described");
    let Some(content) = described["content"].as_object() else {
        return assert!(response.body.is_empty(), "{what} has a body");
    };
    let media_type = header("content-type").unwrap().split(';').next().unwrap();
    let media = content.get(media_type).unwrap_or_else(|| panic!("{what}: {media_type} is not described"));
    if media_type == "application/json" {
        fits(response, &media["schema"], &what);
    }
}

fn fits(response: &Response, schema: &Value, what: &str) {
    let json: Value = serde_json::from_slice(&response.body).unwrap();
    let complaints = complaints(&json, schema, "");
    assert!(complaints.is_empty(), "{what}: {complaints:?} in {json}");
}

/// The described path that this one is.
fn template(path: &str) -> Option<&'static str> {
    let segments: Vec<&str> = path.split('/').collect();
    let is_it = |known: &&String| {
        let known: Vec<&str> = known.split('/').collect();
        let same = |(a, b): (&&str, &&str)| a == b || a.starts_with('{') && !b.is_empty();
        known.len() == segments.len() && known.iter().zip(&segments).all(same)
    };
    DOCUMENT["paths"].as_object().unwrap().keys().find(is_it).map(String::as_str)
}

fn resolved(value: &'static Value) -> &'static Value {
    match value["$ref"].as_str() {
        Some(reference) => DOCUMENT.pointer(reference.strip_prefix('#').unwrap()).unwrap(),
        None => value,
    }
}

fn complaints(value: &Value, schema: &Value, at: &str) -> Vec<String> {
    if let Some(reference) = schema["$ref"].as_str() {
        return complaints(value, DOCUMENT.pointer(reference.strip_prefix('#').unwrap()).unwrap(), at);
    }
    let mut found = Vec::new();
    if let Some(one_of) = schema["oneOf"].as_array() {
        let fit = one_of.iter().filter(|schema| complaints(value, schema, at).is_empty()).count();
        if fit != 1 {
            found.push(format!("{at}: {fit} alternatives fit {value}"));
        }
    }
    found.extend(
        schema["allOf"].as_array().into_iter().flatten().flat_map(|part| complaints(value, part, at)),
    );
    let types = match &schema["type"] {
        Value::Array(types) => types.iter().filter_map(Value::as_str).collect(),
        Value::String(one) => vec![one.as_str()],
        _ => Vec::new(),
    };
    let is = |kind: &&str| match *kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        other => panic!("{other} is no type"),
    };
    if !types.is_empty() && !types.iter().any(is) {
        found.push(format!("{at}: {value} is no {types:?}"));
    }
    if schema["enum"].as_array().is_some_and(|words| !words.contains(value))
        || schema.get("const").is_some_and(|only| only != value)
    {
        found.push(format!("{at}: {value} is not one of {}", schema["enum"]));
    }
    if schema["minimum"].as_i64().zip(value.as_i64()).is_some_and(|(least, value)| value < least) {
        found.push(format!("{at}: {value} is too small"));
    }
    if let Some(object) = value.as_object() {
        for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            if !object.contains_key(name) {
                found.push(format!("{at}: {name} is missing"));
            }
        }
        for (name, value) in object {
            match (&schema["properties"][name], &schema["additionalProperties"]) {
                (Value::Null, Value::Null) => {}
                (Value::Null, rest) => found.extend(complaints(value, rest, &format!("{at}/{name}"))),
                (schema, _) => found.extend(complaints(value, schema, &format!("{at}/{name}"))),
            }
        }
    }
    for (index, value) in value.as_array().into_iter().flatten().enumerate() {
        found.extend(complaints(value, &schema["items"], &format!("{at}/{index}")));
    }
    found
}

/// Every member of a response that is described nowhere is a surprise to whoever reads the document.
#[test]
fn the_document_is_whole() {
    let text = DOCUMENT.to_string();
    for reference in text.split("\"$ref\":\"#").skip(1) {
        let pointer = reference.split('"').next().unwrap();
        assert!(DOCUMENT.pointer(pointer).is_some(), "{pointer}");
    }
    for (name, schema) in DOCUMENT["components"]["schemas"].as_object().unwrap() {
        assert!(text.contains(&format!("/schemas/{name}\"")), "{name} is used nowhere");
        for example in schema["examples"].as_array().into_iter().flatten() {
            assert_eq!(complaints(example, schema, name), Vec::<String>::new());
        }
    }
    for (path, item) in DOCUMENT["paths"].as_object().unwrap() {
        assert!(path.starts_with("/api/"));
        for operation in item.as_object().unwrap().values().filter_map(Value::as_object) {
            assert!(operation["responses"]["405"].is_object() && operation["summary"].is_string(), "{path}");
        }
    }
}

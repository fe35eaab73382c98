//! What programs send: forms, and bodies for everything that the API takes.

use serde_json::{Value, json};

use super::file;

pub(crate) fn forms() -> Vec<Vec<u8>> {
    let forms = [
        "service_code=enforcement-lighting&lat=29.0285&long=119.1722&address_string=%E6%9D%91%E5%8F%A3&\
         description=a%0Ab&media_url=https%3A%2F%2Fx.example%2F1.jpg&last_name=%E7%8E%8B&first_name=%E5%B0%8F%E6%98%8E\
         &attribute[POLE]=17&attribute%5BV%5D[]=y",
        "start_date=2026-02-19T08:00:00+08:00&end_date=2026-03-01T00:00:00Z&status=open,%20closed&page=2&page_size=50",
        "service_code=enforcement-road&lat=29.0285&long=119.1722&coordinates=gcj-02&phone=13800000000&email=a@b.example",
        "api_key=x&jurisdiction_id=330825002222&updated_after=2026-02-19T00:00:00Z&a=1+2%2B3&d=100%&s=",
        // What a person wrote once came back changed: the description and the address stay apart.
        "service_code=enforcement-road&address_string=B&description=%E7%9C%8B%E8%BF%99%E9%87%8C%0A%E3%80%90%E5%9B%BE\
         %E7%89%87%E9%93%BE%E6%8E%A5%E3%80%91javascript:alert(1)%0A%E3%80%90%E5%9C%B0%E7%82%B9%E3%80%91%E7%94%B2",
    ];
    forms.map(|form| form.as_bytes().to_vec()).to_vec()
}

/// A body for everything that the API takes, made of its document.
pub(crate) fn json() -> Vec<Vec<u8>> {
    let document = file("docs/openapi.json");
    let document: Value = serde_json::from_slice(&document).expect("a document");
    let schemas = document["components"]["schemas"]
        .as_object()
        .expect("schemas");
    let requests = schemas
        .iter()
        .filter(|(name, _)| name.ends_with("Request") || name.ends_with("Patch"));
    let bodies = requests.flat_map(|(_, schema)| {
        let whole = example(schema, &document, 0);
        let parts = whole.as_object().into_iter().flatten();
        // And without one of its members.
        let fewer: Vec<Value> = parts
            .map(|(name, _)| {
                let mut fewer = whole.clone();
                fewer.as_object_mut().expect("an object").remove(name);
                fewer
            })
            .collect();
        std::iter::once(whole.clone()).chain(fewer)
    });
    bodies.map(|body| body.to_string().into_bytes()).collect()
}

/// A value that fits a schema of the document.
fn example(schema: &Value, document: &Value, depth: usize) -> Value {
    if let Some(example) = schema.get("example").or(schema["examples"].get(0)) {
        return example.clone();
    }
    if depth > 8 {
        return Value::Null;
    }
    if let Some(path) = schema["$ref"].as_str() {
        return example(
            document.pointer(&path[1..]).unwrap_or(&Value::Null),
            document,
            depth + 1,
        );
    }
    for choice in ["oneOf", "anyOf", "allOf"] {
        if let Some(all) = schema[choice].as_array() {
            let one = all.iter().find(|one| one["type"] != "null");
            return example(one.unwrap_or(&Value::Null), document, depth + 1);
        }
    }
    if let Some(first) = schema["enum"].get(0) {
        return first.clone();
    }
    let kind = match &schema["type"] {
        Value::Array(kinds) => kinds[0].as_str().unwrap_or_default(),
        kind => kind.as_str().unwrap_or_default(),
    };
    match kind {
        "object" => {
            let parts = schema["properties"].as_object().into_iter().flatten();
            parts
                .map(|(name, part)| (name.clone(), example(part, document, depth + 1)))
                .collect()
        }
        "array" => json!([example(&schema["items"], document, depth + 1)]),
        "integer" => json!(1),
        "number" => json!(29.5),
        "boolean" => json!(true),
        _ => json!("330825002222"),
    }
}

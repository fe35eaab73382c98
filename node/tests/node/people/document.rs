//! The OpenAPI document.

use std::collections::BTreeSet;

use serde_json::Value;

use testkit::province::Province;

/// Methods and paths of the document.
fn operations(document: &Value) -> BTreeSet<(String, String)> {
    let mut all = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            all.insert((method.to_uppercase(), path.clone()));
        }
    }
    all
}

/// Everything that is named by `$ref`.
fn names(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                match value.as_str().filter(|_| key == "$ref") {
                    Some(name) => _ = found.insert(name.to_owned()),
                    None => names(value, found),
                }
            }
        }
        Value::Array(all) => all.iter().for_each(|value| names(value, found)),
        _ => {}
    }
}

#[tokio::test]
async fn every_operation_says_its_deed_who_may_come_and_how_it_fails() {
    let province = Province::start().await;
    let document = province
        .get("/v1/openapi.json")
        .send()
        .await
        .expect(200)
        .json;
    assert_eq!(document["openapi"], "3.1.0");
    assert!(operations(&document).len() >= 35);
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let shown = format!("{method} {path}");
            let deed = operation["x-permission"]
                .as_str()
                .unwrap_or_else(|| panic!("{shown}"));
            let open = matches!(deed, "enter" | "draft");
            assert_eq!(operation["security"].is_null(), open, "{shown}");
            assert!(operation["summary"].is_string(), "{shown}");
            for status in ["404", "422", "429", "503"] {
                let content = &operation["responses"][status]["content"];
                assert!(
                    content["application/problem+json"].is_object(),
                    "{shown} {status}"
                );
            }
            assert_eq!(
                operation["responses"]["401"].is_null(),
                open && path != "/v1/nodes/{code}/session",
                "{shown}"
            );
            let parameters = operation["parameters"]
                .as_array()
                .cloned()
                .unwrap_or_default();
            let named = |place: &str| -> BTreeSet<&str> {
                let here = parameters.iter().filter(|p| p["in"] == place);
                here.map(|p| p["name"].as_str().unwrap()).collect()
            };
            let braces: BTreeSet<&str> = path
                .split('/')
                .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
                .collect();
            assert_eq!(named("path"), braces, "{shown}");
            let repeats = method == "post" && !open;
            assert_eq!(
                named("header").contains("idempotency-key"),
                repeats,
                "{shown}"
            );
        }
    }
    let mut ids = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap();
            assert!(ids.insert(id), "{id} stands for two operations");
            let responses = operation["responses"].as_object().unwrap();
            for (status, response) in responses {
                let text = response["description"].as_str().unwrap_or_default();
                assert!(!text.is_empty(), "{method} {path} {status}");
            }
            if operation["requestBody"].is_object() {
                assert!(responses.contains_key("415"), "{method} {path}");
                assert!(responses.contains_key("413"), "{method} {path}");
            }
        }
    }
    let mut named = BTreeSet::new();
    names(&document, &mut named);
    for name in named {
        let schema = name.strip_prefix("#/components/schemas/").unwrap();
        assert!(
            document["components"]["schemas"][schema].is_object(),
            "{name}"
        );
    }
    province.host.stop().await;
}

#[tokio::test]
async fn what_is_in_the_document_is_served_and_what_is_not_is_not() {
    let province = Province::start().await;
    let document = province
        .get("/v1/openapi.json")
        .send()
        .await
        .expect(200)
        .json;
    let documented = operations(&document);
    for (method, path) in &documented {
        let filled = path
            .replace("{code}", "33")
            .replace("{id}", "330000000000-00000000-1");
        let filled = filled.replace("{issuer}", "33").replace("{kind}", "policy");
        let filled = filled.replace("{account}", "nobody").replace("{grid}", "1");
        let filled = filled
            .replace("{key}", "0000000000000000")
            .replace("{hook}", "0000000000000000")
            .replace("{source}", "none")
            // A stream has no end to wait for; this is a request it refuses.
            .replace("/events", "/events?after=x")
            .replace("{name}", "none");
        let answer = province
            .socket(method.parse().unwrap(), &filled)
            .send()
            .await;
        assert_ne!(answer.code(), 405, "{method} {path}");
        let nothing = answer.json["detail"]
            .as_str()
            .is_some_and(|d| d.starts_with("there is nothing"));
        assert!(!nothing, "{method} {path}");
        for other in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
            if !documented.contains(&(other.to_owned(), path.clone())) {
                let answer = province
                    .socket(other.parse().unwrap(), &filled)
                    .send()
                    .await;
                assert_eq!(
                    answer.code(),
                    405,
                    "{other} {path} is served and not documented"
                );
            }
        }
    }
    province.host.stop().await;
}

#[test]
fn every_handler_that_is_described_has_its_route_and_no_route_goes_past_the_gate() {
    let web = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("web/src");
    let read = |file| std::fs::read_to_string(web.join(file)).unwrap();
    let (root, routes) = (read("lib.rs"), read("routes.rs"));
    for past in [".nest(", ".merge(", ".route_service(", ".nest_service("] {
        for source in [&root, &routes] {
            assert!(!source.contains(past), "a route is opened with `{past}`");
        }
    }
    // One line opens all of them, with the gate before each.
    let gated = "router.route(path, gate.open(*permission, answers.clone()))";
    assert_eq!(routes.matches(gated).count(), 1);
    assert_eq!(routes.matches(".route(").count(), 1);
    assert_eq!(root.matches(".route(").count(), 0);
    let opened = routes.matches("routes!(").count();
    let mut described = 0;
    let mut folders = vec![web];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                described += std::fs::read_to_string(path)
                    .unwrap()
                    .matches("#[utoipa::path(")
                    .count();
            }
        }
    }
    assert_eq!(opened, described);
}

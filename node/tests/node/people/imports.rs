//! Taking in matters of other systems over the real API.

use http::Method;
use serde_json::{Value, json};

use testkit::province::Province;

fn row(line: u64, id: &str, category: &str) -> Value {
    json!({ "line": line, "cells": {
        "id": id, "category": category, "text": "路灯不亮", "name": "王小明", "phone": "13857012345" } })
}

#[tokio::test]
async fn rows_are_taken_in_once_by_those_who_may_and_bad_ones_are_told_cell_by_cell() {
    let province = Province::start().await;
    let administrators = province.administrators().await;
    let official = province
        .person(&administrators, "guan", &["official"])
        .await;
    let dispatcher = province
        .person(&administrators, "diao", &["dispatcher"])
        .await;
    let put = |token: &str, body: Value| {
        let ask = province.put("imports/longyou-12345").by(token);
        ask.body(body).send()
    };
    let rows = json!([row(2, "a", "路灯照明"), row(3, "b", "飞碟")]);
    let both = json!({ "rows": rows });
    put(&official, both.clone()).await.expect(403);
    let told = put(&dispatcher, both.clone()).await.expect(200).json;
    assert_eq!(told["rows"][0], json!({ "line": 2, "outcome": "withheld" }));
    let fault = &told["rows"][1]["faults"][0];
    assert_eq!(
        (&fault["column"], &fault["value"]),
        (&json!("category"), &json!("飞碟"))
    );
    assert!(fault["hint"].as_str().unwrap().contains("路灯照明"));

    let dry = json!({ "dry_run": true, "rows": [row(2, "a", "enforcement/lighting")] });
    let told = put(&dispatcher, dry).await.expect(200).json;
    assert_eq!(told["rows"][0]["outcome"], "ready");
    let list = || async {
        let list = province
            .get("matters")
            .by(&dispatcher)
            .send()
            .await
            .expect(200);
        list.json["matters"].as_array().unwrap().len()
    };
    assert_eq!(list().await, 0);
    let mut skipping = both;
    skipping["skip_bad"] = json!(true);
    let first = put(&dispatcher, skipping.clone()).await.expect(200).json;
    let again = put(&dispatcher, skipping).await.expect(200).json;
    assert_eq!(first["rows"][0]["outcome"], "taken");
    assert_eq!(again["rows"][0]["outcome"], "already");
    assert_eq!(first["rows"][0]["matter"], again["rows"][0]["matter"]);
    assert_eq!(list().await, 1);

    for bad in [
        json!({ "rows": [] }),
        json!({ "rows": vec![row(1, "x", "y"); 201] }),
        json!({ "rows": [{ "line": 1, "cells": { "colour": "red" } }] }),
        json!({}),
    ] {
        put(&dispatcher, bad).await.expect(422);
    }
    let strange = province.put("imports/Longyou").by(&dispatcher);
    let strange = strange.body(json!({ "rows": [row(1, "x", "y")] }));
    strange.send().await.expect(422);
    let audit = province.get("audit?limit=500").by(&administrators["aud"]);
    let audit = audit.send().await.expect(200).json.to_string();
    assert!(audit.contains("\"import\"") && !audit.contains("王小明"));
    province
        .socket(Method::GET, "imports/longyou-12345")
        .send()
        .await
        .expect(405);
    province.host.stop().await;
}

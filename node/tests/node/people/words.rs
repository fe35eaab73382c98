//! What people may write, by every way in.

use serde_json::{Value, json};

use testkit::province::Province;

fn report(text: &str) -> Value {
    json!({ "category": "enforcement/lighting", "text": text })
}

fn reports(text: &str) -> Value {
    let cells = json!({ "id": "1", "category": "路灯照明", "text": text });
    json!({ "dry_run": true, "rows": [{ "line": 2, "cells": cells }] })
}

#[tokio::test]
async fn every_way_in_measures_texts_in_characters_and_wants_a_name_where_policy_does() {
    let province = Province::start().await;
    let administrators = province.administrators().await;
    let dispatcher = province
        .person(&administrators, "diao", &["dispatcher", "official"])
        .await;
    let key = json!({ "name": "热线平台", "permissions": ["report"], "days": 30 });
    let made = province
        .post("api-keys")
        .by(&administrators["sec"])
        .body(key);
    let program = made.send().await.expect(201).text("token");
    let policy = json!({ "kind": "policy", "name": "words", "title": "字数",
        "content": "format = 1\n[limits]\nanonymous = false\n[texts]\nreport = 10\nnote = 12\nanswer = 14\n" });
    province.issue(policy).await;

    let (fits, long) = ("路".repeat(10), "路".repeat(11));
    for by in [&dispatcher, &program] {
        let told = province
            .post("matters")
            .by(by)
            .body(report(&long))
            .send()
            .await;
        let told = told.expect(422).text("detail");
        assert!(
            told.contains("11 characters") && told.contains("at most 10"),
            "{told}"
        );
    }
    let import = |text: &str| {
        province
            .put("imports/longyou")
            .by(&dispatcher)
            .body(reports(text))
    };
    let told = import(&long).send().await.expect(200).json;
    let reason = told["rows"][0]["faults"][0]["reason"].as_str().unwrap();
    assert!(reason.contains("11 characters"), "{told}");

    // Whoever has an account answers for what they take down; a program and a table do not.
    let taken = province.post("matters").by(&dispatcher).body(report(&fits));
    let id = taken.send().await.expect(201).text("id");
    let nameless = province
        .post("matters")
        .by(&program)
        .body(report(&fits))
        .send()
        .await;
    let told = nameless.expect(422).text("detail");
    assert!(told.contains("without a name"), "{told}");
    let mut named = report(&fits);
    named["contact"] = json!({ "name": "王小明", "phone": "", "address": "" });
    province
        .post("matters")
        .by(&program)
        .body(named)
        .send()
        .await
        .expect(201);
    let told = import(&fits).send().await.expect(200).json;
    assert_eq!(told["rows"][0]["faults"][0]["column"], "name", "{told}");

    // A remark and an answer have limits of their own.
    let act = |act: Value, note: usize| {
        let mut body = act;
        body["note"] = json!("答".repeat(note));
        province
            .post(&format!("matters/{id}/acts"))
            .by(&dispatcher)
            .body(body)
    };
    let remark = json!({ "act": "remark", "audience": "offices" });
    let reply = json!({ "act": "reply", "publicity": "private" });
    act(remark.clone(), 12).send().await.expect(200);
    act(remark, 13).send().await.expect(422);
    act(reply.clone(), 14).send().await.expect(200);
    act(reply, 15).send().await.expect(422);
    province.host.stop().await;
}

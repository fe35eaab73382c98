//! Households from a sheet: looked at once more, added and changed by one decision, on the page, over the API and by command.

use serde_json::{Value, json};
use testkit::{asking::Answer, province::Province};

use super::browser::{Browser, Page};

/// A province with an official, a grid worker, and somebody of a household.
async fn staffed() -> (Province, String) {
    let province = Province::start().await;
    let tokens = province.administrators().await;
    let clerk = province.person(&tokens, "clerk", &["official"]).await;
    province.person(&tokens, "grid", &["grid-worker"]).await;
    province.person(&tokens, "zhang", &["resident"]).await;
    let grid = json!({ "name": "第一网格", "households": 30 });
    let grid = province.post("grids").by(&clerk).body(grid);
    grid.send().await.expect(201);
    (province, clerk)
}

fn row(line: u64, cells: &[(&str, &str)]) -> Value {
    let cells = cells.iter();
    let cells: serde_json::Map<String, Value> = cells
        .map(|(column, text)| ((*column).to_owned(), json!(text)))
        .collect();
    json!({ "line": line, "cells": cells })
}

async fn send(province: &Province, by: &str, ask: Value) -> Answer {
    let sent = province.post("household-sheets").by(by).body(ask);
    sent.send().await
}

fn outcomes(told: &Answer) -> Vec<&str> {
    let rows = told.json["rows"].as_array().unwrap().iter();
    rows.map(|row| row["outcome"].as_str().unwrap()).collect()
}

async fn listed(province: &Province, by: &str) -> Value {
    let listed = province.get("households").by(by).send().await;
    listed.expect(200).json["households"].clone()
}

#[tokio::test]
async fn a_sheet_adds_households_once_and_changes_them_only_if_that_is_asked_for() {
    let (province, clerk) = staffed().await;
    let dashan = [
        ("number", "12"),
        ("name", "张大山"),
        ("grid", "第一网格"),
        ("accounts", "zhang"),
        ("persons", "4"),
    ];
    let rows = || json!([row(2, &dashan), row(3, &[("number", "7")])]);
    let ask = |more: Value| {
        let mut ask = json!({ "rows": rows() });
        let more = more.as_object().unwrap().clone();
        ask.as_object_mut().unwrap().extend(more);
        ask
    };
    let preview = send(&province, &clerk, ask(json!({ "dry_run": true }))).await;
    let preview = preview.expect(200);
    assert_eq!(outcomes(&preview), ["ready", "ready"]);
    assert_eq!(preview.json["rows"][0]["new"], true);
    assert_eq!(listed(&province, &clerk).await, json!([]));
    let done = send(&province, &clerk, ask(json!({}))).await.expect(200);
    assert_eq!(outcomes(&done), ["added", "added"]);
    let there = listed(&province, &clerk).await;
    assert_eq!(there[0]["household"], 7);
    assert_eq!(there[0]["name"], "7号");
    let one = &there[1];
    assert_eq!(
        (&one["household"], &one["grid"], &one["persons"]),
        (&json!(12), &json!(1), &json!(4))
    );
    // The account of the sheet sees its own record.
    let zhang = province.token("zhang").await;
    let own = province.get("households/12/record").by(&zhang).send().await;
    assert_eq!(own.expect(404).problem(), "not-found", "there are no rules");
    let again = send(&province, &clerk, ask(json!({}))).await.expect(200);
    assert_eq!(outcomes(&again), ["already", "already"]);
    // A household that is added without a sheet gets the next number.
    let next = province.post("households").by(&clerk);
    let next = next.body(json!({ "households": [{ "name": "王新田" }] }));
    let next = next.send().await.expect(201);
    assert_eq!(next.json["households"][0]["household"], 13);

    let moved = json!([row(
        2,
        &[("number", "12"), ("grid", "无"), ("persons", "5")]
    )]);
    let kept = json!({ "rows": moved });
    let kept = send(&province, &clerk, kept).await.expect(200);
    assert_eq!(outcomes(&kept), ["already"]);
    let changed = json!({ "rows": moved, "change": true });
    let changed = send(&province, &clerk, changed).await.expect(200);
    assert_eq!(outcomes(&changed), ["changed"]);
    let expected = json!([
        { "column": "grid", "before": "第一网格", "after": "" },
        { "column": "persons", "before": "4", "after": "5" },
    ]);
    assert_eq!(changed.json["rows"][0]["changes"], expected);
    assert_eq!(listed(&province, &clerk).await[1]["name"], "张大山");
    province.host.stop().await;
}

#[tokio::test]
async fn one_fault_of_a_sheet_of_households_stops_all_and_only_those_who_may_send_one() {
    let (province, clerk) = staffed().await;
    let rows = json!([
        row(2, &[("number", "1"), ("accounts", "zhang")]),
        row(3, &[("number", "2"), ("accounts", "zhang")]),
        row(4, &[("number", "1")]),
        row(5, &[("number", "3"), ("grid", "第九网格")]),
    ]);
    let ask = json!({ "rows": rows });
    let told = send(&province, &clerk, ask.clone()).await.expect(200);
    assert_eq!(outcomes(&told), ["withheld", "bad", "bad", "bad"]);
    let reason = &told.json["rows"][1]["faults"][0]["reason"];
    assert_eq!(reason, "this account belongs to household 1");
    assert_eq!(listed(&province, &clerk).await, json!([]));
    let chinese = province.post("household-sheets").by(&clerk);
    let chinese = chinese.with("accept-language", "zh-CN").body(ask);
    let chinese = chinese.send().await.expect(200);
    let hint = &chinese.json["rows"][3]["faults"][0]["hint"];
    assert_eq!(hint, "请先划网格，或改正名称");
    let right = json!({ "rows": rows, "only_right": true });
    let told = send(&province, &clerk, right).await.expect(200);
    assert_eq!(outcomes(&told), ["added", "bad", "bad", "bad"]);
    let many = json!({ "rows": vec![row(2, &[("number", "9")]); 501] });
    send(&province, &clerk, many).await.expect(422);
    for login in ["grid", "zhang"] {
        let token = province.token(login).await;
        let ask = json!({ "rows": [row(2, &[("number", "9")])] });
        send(&province, &token, ask).await.expect(403);
    }
    province.host.stop().await;
}

async fn upload(browser: &mut Browser<'_>, more: &[(&str, &str)], file: &str) -> Page {
    let page = browser.get("/desk/households/sheet").await.expect(200);
    let csrf = page.field("csrf");
    let mut fields = vec![("csrf", &*csrf)];
    fields.extend(more);
    let sheet = ("sheet", file.as_bytes());
    let path = "/desk/households/sheet";
    browser.send_file(path, &fields, sheet).await
}

#[tokio::test]
async fn a_sheet_of_households_is_looked_at_then_done_on_its_page() {
    let (province, clerk) = staffed().await;
    let mut browser = Browser::signed_in(&province, "clerk").await;
    browser
        .get("/desk/households/sheet?lang=zh")
        .await
        .expect(200);
    let blank = browser.get("/desk/households/sheet/empty.xlsx").await;
    assert!(blank.expect(200).text.starts_with("PK"));
    let none = upload(&mut browser, &[], "").await.expect(422);
    assert!(none.text.contains("没有选择文件"), "{}", none.text);
    let bad = upload(&mut browser, &[], "户主,人口\n张大山,4\n").await;
    assert!(bad.expect(422).text.contains("没有“户号”这一列"));

    let sheet = "户号,户主,网格,人口\n12,张大山<b>,第一网格,4\n13,,第九网格,\n";
    let looked = upload(&mut browser, &[], sheet).await.expect(200);
    for told in ["新添", "没有这个网格", "只办没有错误的：添加 1 户"] {
        assert!(looked.text.contains(told), "{told}: {}", looked.text);
    }
    assert!(!looked.text.contains("<b>"), "{}", looked.text);
    assert_eq!(listed(&province, &clerk).await, json!([]));
    let names = ["csrf", "key", "rows", "only_right"];
    let values = names.map(|name| looked.field(name));
    let fields: Vec<_> = names.into_iter().zip(values.iter().map(|v| &**v)).collect();
    let path = "/desk/households/sheet";
    let done = browser.send(path, &fields).await.expect(200);
    assert!(done.text.contains("已添加"), "{}", done.text);
    // Sent again, it says that it is there, and adds nothing.
    let again = browser.send(path, &fields).await.expect(200);
    assert!(again.text.contains("不变"), "{}", again.text);
    let one = browser.get("/desk/households/12").await;
    // Without rules of points there is no record to show.
    one.expect(404);

    let changed = "户号,人口\n12,5\n";
    let looked = upload(&mut browser, &[("change", "1")], changed).await;
    let looked = looked.expect(200);
    assert!(looked.text.contains("人口：4 → 5"), "{}", looked.text);
    let mut grid = Browser::signed_in(&province, "grid").await;
    grid.get("/desk/households/sheet").await.expect(403);
    province.host.stop().await;
}

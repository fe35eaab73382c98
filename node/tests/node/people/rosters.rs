//! R-N5: accounts from a sheet: all rows or none, each once, with a first password, and no role by whoever opens them.

use serde_json::{Value, json};
use testkit::{asking::Answer, province::Province};

const OWN: &str = "县里的水电站又发电了";

fn row(line: u64, cells: &[(&str, &str)]) -> Value {
    let cells: serde_json::Map<String, Value> = cells
        .iter()
        .map(|(column, text)| ((*column).to_owned(), json!(text)))
        .collect();
    json!({ "line": line, "cells": cells })
}

fn zhang() -> Value {
    row(
        2,
        &[
            ("name", "张三"),
            ("login", "zhang.san"),
            ("phone", "13800000000"),
        ],
    )
}

fn li() -> Value {
    row(
        3,
        &[
            ("name", "李四"),
            ("login", "li.si"),
            ("roles", "网格员"),
            ("grids", "第一网格"),
            ("department", "market"),
        ],
    )
}

fn outcomes(told: &Answer) -> Vec<String> {
    let rows = told.json["rows"].as_array().unwrap().iter();
    rows.map(|row| row["outcome"].as_str().unwrap().to_owned())
        .collect()
}

async fn send(province: &Province, by: &str, path: &str, body: Value) -> Answer {
    province.post(path).by(by).body(body).send().await
}

async fn logins(province: &Province, by: &str) -> Vec<String> {
    let all = province.get("accounts").by(by).send().await.expect(200);
    let all = all.json["accounts"].as_array().unwrap().iter();
    all.map(|one| one["login"].as_str().unwrap().to_owned())
        .collect()
}

async fn grid(province: &Province, by: &str) {
    let grid = json!({ "name": "第一网格", "households": 30 });
    send(province, by, "grids", grid).await.expect(201);
}

#[tokio::test]
async fn r_n5_a_sheet_opens_each_account_once_with_a_password_that_must_be_changed() {
    let province = Province::start().await;
    let tokens = province.administrators().await;
    let clerk = province.person(&tokens, "clerk", &["dispatcher"]).await;
    grid(&province, &clerk).await;
    let sys = &tokens["sys"];
    let rows = |more: Value| {
        let mut body = json!({ "without_roles": true, "rows": [zhang(), li()] });
        body.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        body
    };
    let preview = rows(json!({ "dry_run": true }));
    let told = send(&province, sys, "rosters", preview).await.expect(200);
    assert_eq!(outcomes(&told), ["ready", "ready"]);
    assert!(!told.json.to_string().contains("password"));
    assert_eq!(logins(&province, sys).await.len(), 4);

    let told = province
        .post("rosters")
        .by(sys)
        .with("idempotency-key", "sheet-1");
    let told = told.body(rows(json!({}))).send().await.expect(200);
    assert_eq!(outcomes(&told), ["opened", "opened"]);
    let password = told.json["rows"][0]["password"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_ne!(told.json["rows"][1]["password"], json!(password));
    let again = province
        .post("rosters")
        .by(sys)
        .with("idempotency-key", "sheet-1");
    let again = again.body(rows(json!({}))).send().await.expect(200);
    assert_eq!(outcomes(&again), ["opened", "opened"]);
    assert!(
        !again.json.to_string().contains("password"),
        "it is shown once"
    );
    let told = send(&province, sys, "rosters", rows(json!({})))
        .await
        .expect(200);
    assert_eq!(outcomes(&told), ["already", "already"]);
    assert_eq!(logins(&province, sys).await.len(), 6);

    let shown = province
        .get("accounts/li.si")
        .by(sys)
        .send()
        .await
        .expect(200);
    assert_eq!(shown.json["roles"], json!([]));
    assert_eq!(shown.json["department"], "market");
    assert_eq!(shown.json["grid"], 1);
    let drawn = province.get("grids/1").by(&clerk).send().await.expect(200);
    assert_eq!(drawn.json["members"], json!([shown.json["id"]]));
    let entered = province
        .login("zhang.san", &password)
        .send()
        .await
        .expect(201);
    assert_eq!(entered.json["must_change_password"], true);
    assert_eq!(entered.json["account"]["phone"], "13800000000");
    let first = entered.text("token");
    province.get("sessions").by(&first).send().await.expect(403);
    let own = province.put("accounts/zhang.san/password").by(&first);
    let own = own.body(json!({ "old": password, "new": OWN }));
    own.send().await.expect(204);
    let own = province
        .login("zhang.san", OWN)
        .send()
        .await
        .expect(201)
        .text("token");
    province.get("sessions").by(&own).send().await.expect(200);
    province
        .login("zhang.san", &password)
        .send()
        .await
        .expect(401);
    // Each account has its own entry in the trail.
    let trail = province
        .get("audit?limit=1000")
        .by(&tokens["aud"])
        .send()
        .await;
    let entries = trail.expect(200).json["entries"]
        .as_array()
        .unwrap()
        .clone();
    let from_sheet = entries
        .iter()
        .filter(|one| one["detail"] == "opened from a sheet");
    assert_eq!(from_sheet.count(), 2);
    province.host.stop().await;
}

#[tokio::test]
async fn a_sheet_with_a_fault_opens_nothing_unless_only_the_right_rows_are_wanted() {
    let province = Province::start().await;
    let tokens = province.administrators().await;
    province.person(&tokens, "taken", &["official"]).await;
    let sys = &tokens["sys"];
    let rows = json!([
        zhang(),
        row(3, &[("name", "李四"), ("login", "taken")]),
        row(4, &[("name", "王五"), ("login", "ZHANG.SAN")]),
        row(5, &[("login", "=cmd|' /C calc'!A0")]),
        row(
            6,
            &[
                ("name", "赵六"),
                ("login", "zhao.liu"),
                ("grids", "第九网格")
            ]
        ),
    ]);
    let ask = json!({ "rows": rows });
    let told = send(&province, sys, "rosters", ask).await.expect(200);
    assert_eq!(outcomes(&told), ["withheld", "bad", "bad", "bad", "bad"]);
    assert_eq!(logins(&province, sys).await.len(), 4, "nothing was opened");
    let faults = |row: usize| told.json["rows"][row]["faults"].as_array().unwrap().clone();
    assert_eq!(faults(1)[0]["column"], "login");
    assert_eq!(faults(1)[0]["reason"], "this login belongs to 张三");
    let hint = faults(1)[0]["hint"].clone();
    assert!(
        hint.as_str().unwrap().starts_with("use another, or"),
        "{hint}"
    );
    assert_eq!(faults(2)[0]["reason"], "line 2 has the same login");
    let columns: Vec<_> = faults(3)
        .iter()
        .map(|fault| fault["column"].clone())
        .collect();
    assert_eq!(columns, ["name", "login"]);
    let chinese = province
        .post("rosters")
        .by(sys)
        .with("accept-language", "zh-CN");
    let chinese = chinese
        .body(json!({ "rows": rows }))
        .send()
        .await
        .expect(200);
    let hint = &chinese.json["rows"][4]["faults"][0]["hint"];
    assert_eq!(hint, "请先划网格，或改正名称");

    let ask = json!({ "only_right": true, "rows": rows });
    let told = send(&province, sys, "rosters", ask).await.expect(200);
    assert_eq!(outcomes(&told), ["opened", "bad", "bad", "bad", "bad"]);
    assert_eq!(logins(&province, sys).await.len(), 5);

    for rows in [json!([]), json!(vec![zhang(); 501])] {
        let ask = json!({ "rows": rows });
        send(&province, sys, "rosters", ask).await.expect(422);
    }
    let wrong = json!({ "rows": [row(2, &[("salary", "1")])] });
    send(&province, sys, "rosters", wrong).await.expect(422);
    province.host.stop().await;
}

#[tokio::test]
async fn whoever_opens_accounts_grants_no_roles_and_whoever_grants_them_opens_none() {
    let province = Province::start().await;
    let tokens = province.administrators().await;
    let clerk = province.person(&tokens, "clerk", &["dispatcher"]).await;
    grid(&province, &clerk).await;
    let (sys, sec, aud) = (&tokens["sys"], &tokens["sec"], &tokens["aud"]);
    let rows = || json!({ "rows": [zhang(), li()] });
    // A role is a fault where accounts are opened.
    let told = send(&province, sys, "rosters", rows()).await.expect(200);
    assert_eq!(outcomes(&told), ["withheld", "bad"]);
    let fault = &told.json["rows"][1]["faults"][0];
    assert_eq!(fault["column"], "roles");
    assert!(
        fault["reason"]
            .as_str()
            .unwrap()
            .contains("grants no roles"),
        "{fault}"
    );
    // Nobody else opens accounts with a sheet, and no role is granted to somebody without an account.
    for by in [sec, aud, &clerk] {
        send(&province, by, "rosters", rows()).await.expect(403);
    }
    send(&province, &clerk, "rosters/roles", rows())
        .await
        .expect(403);
    let told = send(&province, sec, "rosters/roles", rows())
        .await
        .expect(200);
    assert_eq!(outcomes(&told), ["bad", "bad"]);
    assert_eq!(logins(&province, sys).await.len(), 4);

    let without = json!({ "without_roles": true, "rows": [zhang(), li()] });
    let told = send(&province, sys, "rosters", without).await.expect(200);
    assert_eq!(outcomes(&told), ["opened", "opened"]);
    // Another pillar's administrator may not grant the role, the right one may, and a second time changes nothing.
    let told = send(&province, aud, "rosters/roles", rows())
        .await
        .expect(200);
    assert_eq!(outcomes(&told), ["already", "bad"]);
    let told = send(&province, sec, "rosters/roles", rows())
        .await
        .expect(200);
    assert_eq!(outcomes(&told), ["already", "granted"]);
    let told = send(&province, sec, "rosters/roles", rows())
        .await
        .expect(200);
    assert_eq!(outcomes(&told), ["already", "already"]);
    let shown = province
        .get("accounts/li.si")
        .by(sys)
        .send()
        .await
        .expect(200);
    assert_eq!(shown.json["roles"], json!(["grid-worker"]));
    province.host.stop().await;
}

/// What a row says of a person whose account is there.
fn known(login: &str, more: &[(&str, &str)]) -> Value {
    let mut cells = vec![("name", "张三"), ("login", login)];
    cells.extend(more);
    row(2, &cells)
}

/// R-N5.
#[tokio::test]
async fn r_n5_a_sheet_changes_accounts_only_if_that_is_asked_for_and_shows_each_change_first() {
    let province = Province::start().await;
    let tokens = province.administrators().await;
    let clerk = province.person(&tokens, "clerk", &["dispatcher"]).await;
    let token = province.person(&tokens, "zhang.san", &["official"]).await;
    grid(&province, &clerk).await;
    let (sys, sec) = (&tokens["sys"], &tokens["sec"]);
    let cells = [
        ("department", "market"),
        ("grids", "第一网格"),
        ("phone", "13800000000"),
    ];
    let ask = |more: Value| {
        let mut body = json!({ "rows": [known("zhang.san", &cells)] });
        let more = more.as_object().unwrap().clone();
        body.as_object_mut().unwrap().extend(more);
        body
    };
    let told = send(&province, sys, "rosters", ask(json!({})))
        .await
        .expect(200);
    assert_eq!(outcomes(&told), ["already"]);
    let preview = json!({ "change": true, "dry_run": true });
    let told = send(&province, sys, "rosters", ask(preview))
        .await
        .expect(200);
    assert_eq!(outcomes(&told), ["ready"]);
    let changes = json!([
        { "column": "department", "before": "", "after": "market" },
        { "column": "phone", "before": "", "after": "13800000000" },
        { "column": "grids", "before": "", "after": "第一网格" },
    ]);
    assert_eq!(told.json["rows"][0]["changes"], changes);
    let shown = async || {
        let shown = province.get("accounts/zhang.san").by(sys).send().await;
        shown.expect(200).json
    };
    assert!(
        shown().await["department"].is_null(),
        "nothing was done yet"
    );
    let told = send(&province, sys, "rosters", ask(json!({ "change": true }))).await;
    assert_eq!(outcomes(&told.expect(200)), ["changed"]);
    let account = shown().await;
    assert_eq!(
        (&account["department"], &account["grid"]),
        (&json!("market"), &json!(1))
    );
    let drawn = province.get("grids/1").by(&clerk).send().await.expect(200);
    assert_eq!(drawn.json["members"], json!([account["id"]]));
    // The session stays: only what roles allow has to begin anew.
    province.get("session").by(&token).send().await.expect(200);
    let told = send(&province, sys, "rosters", ask(json!({ "change": true }))).await;
    assert_eq!(outcomes(&told.expect(200)), ["already"]);

    // Other administrators are not changed by a sheet, and one fault stops all.
    let rows = json!({ "change": true, "rows": [
        known("sec", &[("phone", "13900000000")]),
        row(3, &[("name", "张三"), ("login", "zhang.san"), ("phone", "无")]),
    ] });
    let told = send(&province, sys, "rosters", rows).await.expect(200);
    assert_eq!(outcomes(&told)[1], "withheld");
    assert_eq!(shown().await["phone"], "13800000000");

    // Roles become those of the row, and the sessions of the person end.
    let roles = |change: bool| json!({ "change": change, "rows": [known("zhang.san", &[("roles", "网格员")])] });
    let told = send(&province, sec, "rosters/roles", roles(true))
        .await
        .expect(200);
    let change = json!([{ "column": "roles", "before": "official", "after": "grid-worker" }]);
    assert_eq!(told.json["rows"][0]["changes"], change);
    assert_eq!(shown().await["roles"], json!(["grid-worker"]));
    province.get("session").by(&token).send().await.expect(401);
    let mine = json!({ "change": true, "rows": [known("sec", &[("roles", "网格员")])] });
    let told = send(&province, sec, "rosters/roles", mine)
        .await
        .expect(200);
    assert_eq!(outcomes(&told), ["bad"]);
    province.host.stop().await;
}

/// R-N5.
#[tokio::test]
async fn r_n5_a_sheet_closes_accounts_and_hands_their_matters_over_as_it_says() {
    let province = Province::start().await;
    let tokens = province.administrators().await;
    let sys = &tokens["sys"];
    let mut people = vec![];
    for login in ["zhang.san", "li.si", "wang.wu"] {
        let token = province.person(&tokens, login, &["official"]).await;
        let session = province.get("session").by(&token).send().await.expect(200);
        people.push((token, session.json["account"]["id"].as_u64().unwrap()));
    }
    let mut ids = vec![];
    for _ in 0..3 {
        let id = province.report(&people[1].0).await;
        let act = json!({ "act": "dispatch", "platform": "enforcement", "officer": people[0].1 });
        let act = province.post(&format!("matters/{id}/acts")).body(act);
        act.by(&people[1].0).send().await.expect(200);
        ids.push(id);
    }
    let close = |login: &str, cell: &str| known(login, &[("close", cell)]);
    let preview = async |rows: Value| {
        let ask = json!({ "dry_run": true, "rows": rows });
        send(&province, sys, "rosters/closings", ask)
            .await
            .expect(200)
    };
    let reason = |told: &Answer, row: usize| {
        let fault = &told.json["rows"][row]["faults"][0];
        fault["reason"].as_str().unwrap_or_default().to_owned()
    };
    // A sheet that only opens accounts closes none.
    let told = json!({ "change": true, "rows": [close("zhang.san", "li.si")] });
    let told = send(&province, sys, "rosters", told).await.expect(200);
    assert_eq!(outcomes(&told), ["closes"]);
    for (cell, expected) in [
        ("是", "this account has 3 open matters"),
        ("nobody.here", "nobody can take the matters by this"),
        ("sec", "nobody can take the matters by this"),
        ("zhang.san", "this account is closed by the same sheet"),
    ] {
        let told = preview(json!([close("zhang.san", cell)])).await;
        assert_eq!(
            (outcomes(&told), reason(&told, 0)),
            (vec!["bad".to_owned()], expected.to_owned())
        );
    }
    let told = preview(json!([close("zhang.san", "li.si"), close("li.si", "是")])).await;
    assert_eq!(reason(&told, 0), "this account is closed by the same sheet");
    let told = preview(json!([close("sec", "是")])).await;
    assert_eq!(
        outcomes(&told),
        ["bad"],
        "administrators are the owner's to close"
    );
    let told = preview(json!([close("zhang.san", "li.si"), close("wang.wu", "是")])).await;
    assert_eq!(outcomes(&told), ["ready", "ready"]);
    assert_eq!(told.json["rows"][0]["matters"], 3);
    let is_closed = async |login: &str| {
        let shown = province.get(&format!("accounts/{login}")).by(sys).send();
        shown.await.expect(200).json["disabled"] == true
    };
    assert!(!is_closed("zhang.san").await, "nothing was done yet");

    let ask = json!({ "rows": [close("zhang.san", "li.si"), close("nobody", "是")] });
    let told = send(&province, sys, "rosters/closings", ask)
        .await
        .expect(200);
    assert_eq!(outcomes(&told), ["withheld", "bad"]);
    let ask = json!({ "rows": [close("zhang.san", "li.si"), close("wang.wu", "是")] });
    let told = send(&province, sys, "rosters/closings", ask.clone())
        .await
        .expect(200);
    assert_eq!(outcomes(&told), ["closed", "closed"]);
    assert_eq!(told.json["rows"][0]["matters"], 3);
    assert!(is_closed("zhang.san").await && is_closed("wang.wu").await);
    province
        .get("session")
        .by(&people[0].0)
        .send()
        .await
        .expect(401);
    let taken = province.get("accounts/li.si/matters").by(sys).send().await;
    assert_eq!(taken.expect(200).json["count"], 3);
    let told = send(&province, sys, "rosters/closings", ask)
        .await
        .expect(200);
    assert_eq!(outcomes(&told), ["already", "already"]);

    for by in [&tokens["sec"], &people[1].0] {
        let ask = json!({ "rows": [close("li.si", "leave")] });
        send(&province, by, "rosters/closings", ask)
            .await
            .expect(403);
    }
    let ask = json!({ "rows": vec![close("li.si", "leave"); 51] });
    let told = send(&province, sys, "rosters/closings", ask)
        .await
        .expect(200);
    assert!(outcomes(&told).iter().all(|outcome| outcome == "bad"));
    let ask = json!({ "rows": [close("li.si", "不交接")] });
    let told = send(&province, sys, "rosters/closings", ask)
        .await
        .expect(200);
    assert_eq!(outcomes(&told), ["closed"]);
    province.host.stop().await;
}

/// R-N5: a person is renamed only by a row that says the name so far, and the change is shown before.
#[tokio::test]
async fn r_n5_a_sheet_renames_who_it_names_by_the_name_so_far() {
    let province = Province::start().await;
    let tokens = province.administrators().await;
    province.person(&tokens, "zhang.san", &["official"]).await;
    let sys = &tokens["sys"];
    let shown = async || {
        let shown = province.get("accounts/zhang.san").by(sys).send().await;
        shown.expect(200).text("name")
    };
    let before = shown().await;
    let renamed = |former: &str| {
        row(
            2,
            &[
                ("name", "张珊"),
                ("login", "zhang.san"),
                ("former-name", former),
            ],
        )
    };
    let ask = |former: &str, change: bool, dry_run: bool| json!({ "change": change, "dry_run": dry_run, "rows": [renamed(former)] });
    let told = send(&province, sys, "rosters", ask("", true, false)).await;
    assert_eq!(outcomes(&told.expect(200)), ["bad"]);
    let told = send(&province, sys, "rosters", ask("别人", true, false)).await;
    assert_eq!(outcomes(&told.expect(200)), ["bad"]);
    let told = send(&province, sys, "rosters", ask(&before, false, false)).await;
    assert_eq!(
        outcomes(&told.expect(200)),
        ["already"],
        "nobody asked for changes"
    );
    let told = send(&province, sys, "rosters", ask(&before, true, true)).await;
    let told = told.expect(200);
    assert_eq!(outcomes(&told), ["ready"]);
    let change = json!([{ "column": "name", "before": before, "after": "张珊" }]);
    assert_eq!(told.json["rows"][0]["changes"], change);
    assert_eq!(shown().await, before, "nothing was done yet");
    let told = send(&province, sys, "rosters", ask(&before, true, false)).await;
    assert_eq!(outcomes(&told.expect(200)), ["changed"]);
    assert_eq!(shown().await, "张珊");
    let told = send(&province, sys, "rosters", ask(&before, true, false)).await;
    assert_eq!(outcomes(&told.expect(200)), ["already"]);
    province.host.stop().await;
}

/// R-N5: an account that a sheet opens again has a first password, and nothing of before opens it.
#[tokio::test]
async fn r_n5_a_sheet_opens_a_closed_account_again_and_nothing_of_before_opens_it() {
    let province = Province::start().await;
    let tokens = province.administrators().await;
    let token = province.person(&tokens, "zhang.san", &["official"]).await;
    let (sys, sec) = (&tokens["sys"], &tokens["sec"]);
    let closed = json!({ "rows": [known("zhang.san", &[("close", "是")])] });
    let told = send(&province, sys, "rosters/closings", closed).await;
    assert_eq!(outcomes(&told.expect(200)), ["closed"]);
    let again = |more: Value| {
        let mut ask = json!({ "rows": [known("zhang.san", &[("state", "启用")])] });
        let more = more.as_object().unwrap().clone();
        ask.as_object_mut().unwrap().extend(more);
        ask
    };
    // Not without being asked to change accounts, and not where roles are granted.
    let told = send(&province, sys, "rosters", again(json!({})))
        .await
        .expect(200);
    assert_eq!(outcomes(&told), ["bad"]);
    let change = || again(json!({ "change": true }));
    let told = send(&province, sec, "rosters/roles", change())
        .await
        .expect(200);
    assert_eq!(outcomes(&told), ["bad"]);
    let preview = again(json!({ "change": true, "dry_run": true }));
    let told = send(&province, sys, "rosters", preview).await.expect(200);
    assert_eq!(outcomes(&told), ["ready"]);
    let changes = json!([
        { "column": "state", "before": "closed", "after": "open" },
        { "column": "roles", "before": "", "after": "official" },
    ]);
    assert_eq!(told.json["rows"][0]["changes"], changes);
    let shown = province.get("accounts/zhang.san").by(sys).send().await;
    assert_eq!(shown.json["disabled"], true, "nothing was done yet");
    let told = send(&province, sys, "rosters", change()).await.expect(200);
    assert_eq!(outcomes(&told), ["reopened"]);
    let password = told.json["rows"][0]["password"]
        .as_str()
        .unwrap()
        .to_owned();
    province.get("session").by(&token).send().await.expect(401);
    let old = province.login("zhang.san", testkit::province::PASSWORD);
    old.send().await.expect(401);
    let entered = province.login("zhang.san", &password).send().await;
    let entered = entered.expect(201);
    assert_eq!(entered.json["must_change_password"], true);
    let told = send(&province, sys, "rosters", change()).await.expect(200);
    assert_eq!(outcomes(&told), ["already"]);
    province.host.stop().await;
}

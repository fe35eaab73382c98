//! What roles and keys open, over the API.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};

use testkit::province::{Province, account, lamp};

#[tokio::test]
async fn administrators_are_different_people_and_each_does_only_their_part() {
    let province = Province::start().await;
    let tokens = province.administrators().await;
    let (sys, sec, aud) = (&tokens["sys"], &tokens["sec"], &tokens["aud"]);
    let with_role = province
        .post("accounts")
        .by(sys)
        .body(account("zs", &["official"]));
    with_role.send().await.expect(403);
    let open = |by: &str| {
        province
            .post("accounts")
            .by(by)
            .body(account("zhang.san", &[]))
            .send()
    };
    open(sec).await.expect(403);
    open(aud).await.expect(403);
    open(sys).await.expect(201);
    assert_eq!(
        open(sys).await.expect(409).problem(),
        "refused-by-the-rules"
    );
    let grant = |by: &str, whose: &str, roles: Value| {
        let path = format!("accounts/{whose}/roles");
        let ask = province.put(&path).by(by).body(json!({ "roles": roles }));
        ask.send()
    };
    grant(sys, "zhang.san", json!(["official"]))
        .await
        .expect(403);
    let both = json!(["auditor", "node-operator"]);
    grant(sec, "zhang.san", both).await.expect(403);
    grant(sec, "sec", json!(["official"])).await.expect(403);
    grant(sec, "zhang.san", json!(["sheriff"]))
        .await
        .expect(422);
    grant(sec, "nobody", json!(["official"])).await.expect(404);
    let given = grant(sec, "zhang.san", json!(["official"]))
        .await
        .expect(200);
    assert_eq!(given.json["roles"], json!(["official"]));
    for (by, path, status) in [
        (sys, "accounts", 200),
        (aud, "accounts", 200),
        (sys, "audit", 403),
        (sec, "audit", 403),
        (aud, "audit", 200),
        (sys, "matters", 403),
        (sec, "api-keys", 200),
        (sys, "api-keys", 403),
    ] {
        province.get(path).by(by).send().await.expect(status);
    }
    let close = province
        .patch("accounts/aud")
        .by(sys)
        .body(json!({ "disabled": true }));
    close.send().await.expect(403);
    province.host.stop().await;
}

#[tokio::test]
async fn no_administrator_gains_another_pillar_alone() {
    let province = Province::start().await;
    let tokens = province.administrators().await;
    province.person(&tokens, "li.si", &[]).await;
    let grant = |by: &str, roles: Value| {
        let ask = province.put("accounts/li.si/roles").by(&tokens[by]);
        ask.body(json!({ "roles": roles })).send()
    };
    for (by, role) in [
        ("sec", "audit-administrator"),
        ("sec", "auditor"),
        ("sec", "system-administrator"),
        ("sec", "node-operator"),
        ("sys", "security-administrator"),
        ("sys", "official"),
        ("aud", "official"),
        ("aud", "system-administrator"),
    ] {
        grant(by, json!([role])).await.expect(403);
    }
    grant("aud", json!(["auditor"])).await.expect(200);
    grant("sec", json!([])).await.expect(403);
    province.host.stop().await;
}

#[tokio::test]
async fn a_grid_worker_escalates_nothing_and_makes_no_slip_for_what_they_may_not_see() {
    let province = Province::start().await;
    let tokens = province.administrators().await;
    let official = province.person(&tokens, "official", &["official"]).await;
    let worker = province.person(&tokens, "worker", &["grid-worker"]).await;
    let mut up = lamp();
    up["escalate_to"] = json!("33");
    let report = province.post("matters").by(&worker).body(up);
    report.send().await.expect(403);
    let listed = province
        .get("matters")
        .by(&official)
        .send()
        .await
        .expect(200);
    assert_eq!(listed.json["matters"], json!([]), "nothing was recorded");

    let foreign = province.report(&official).await;
    let slip = |id: &str, by: &str| {
        let ask = province.post(&format!("matters/{id}/slips")).by(by);
        ask.send()
    };
    slip(&foreign, &worker).await.expect(404);
    slip(&foreign, &official).await.expect(201);
    let own = province.report(&worker).await;
    slip(&own, &worker).await.expect(201);
    province.host.stop().await;
}

#[tokio::test]
async fn stopping_a_clock_and_giving_it_time_are_rights_of_their_own() {
    let province = Province::start().await;
    let tokens = province.administrators().await;
    let official = province.person(&tokens, "official", &["official"]).await;
    let leader = province.person(&tokens, "leader", &["leader"]).await;
    let id = province.report(&official).await;
    let act = |by: &str, act: Value| {
        let ask = province.post(&format!("matters/{id}/acts")).by(by);
        ask.body(act).send()
    };
    let accept = json!({ "act": "accept" });
    act(&official, accept).await.expect(200);
    let extend = json!({ "act": "extend", "stage": "finish", "by": "1wd", "reason": "complex",
        "note": "要等配件" });
    act(&official, extend.clone()).await.expect(403);
    let extended = act(&leader, extend).await;
    assert_ne!(extended.code(), 403, "{extended:?}");
    let pause = json!({ "act": "pause", "reason": "expert", "note": "请专家" });
    act(&official, pause).await.expect(200);
    province.host.stop().await;
}

#[tokio::test]
async fn each_role_does_its_deeds_and_no_other() {
    let province = Province::start().await;
    let tokens = province.administrators().await;
    let official = province.person(&tokens, "official", &["official"]).await;
    let supervisor = province
        .person(&tokens, "supervisor", &["supervisor"])
        .await;
    let worker = province.person(&tokens, "worker", &["grid-worker"]).await;
    let id = province.report(&official).await;
    let accept = |by: &str| {
        let ask = province.post(&format!("matters/{id}/acts")).by(by);
        ask.body(json!({ "act": "accept" })).send()
    };
    assert_eq!(
        accept(&supervisor).await.expect(403).problem(),
        "not-allowed"
    );
    province
        .get(&format!("matters/{id}"))
        .by(&supervisor)
        .send()
        .await
        .expect(200);
    let hidden = accept(&worker).await.expect(404);
    let unknown = province
        .post("matters/330000000000-00000000-1/acts")
        .by(&worker)
        .body(json!({ "act": "accept" }))
        .send()
        .await
        .expect(404);
    assert_eq!(hidden.problem(), unknown.problem());
    accept(&official).await.expect(200);
    for body in [
        json!({ "act": "close" }),
        json!({ "act": "close", "outcome": "vanished" }),
        json!({ "act": "vanish" }),
    ] {
        let close = province
            .post(&format!("matters/{id}/acts"))
            .by(&official)
            .body(body);
        close.send().await.expect(422);
    }
    province.host.stop().await;
}

#[tokio::test]
async fn a_resident_sees_their_own_matter_and_no_other_and_the_answers_tell_nothing() {
    let province = Province::start().await;
    let tokens = province.administrators().await;
    let wang = province.person(&tokens, "wang", &["resident"]).await;
    let li = province.person(&tokens, "li.si", &["resident"]).await;
    let id = province.report(&wang).await;
    let look = |by: &str, id: &str| province.get(&format!("matters/{id}")).by(by).send();
    let own = look(&wang, &id).await.expect(200);
    assert_eq!(own.json["body"]["text"], "路灯不亮");
    let others = look(&li, &id).await.expect(404).json.to_string();
    let absent = id.rsplit_once('-').unwrap().0.to_owned() + "-999";
    let nothing = look(&li, &absent).await.expect(404).json.to_string();
    assert_eq!(others.replace(&id, "X"), nothing.replace(&absent, "X"));
    province.get("matters").by(&wang).send().await.expect(403);
    province.host.stop().await;
}

#[tokio::test]
async fn a_key_opens_its_deeds_until_it_ends_or_is_taken_back() {
    let province = Province::start().await;
    let tokens = province.administrators().await;
    let sec = &tokens["sec"];
    let make = |deeds: Value, days: u32| {
        let body = json!({ "name": "县小程序", "permissions": deeds, "days": days });
        province.post("api-keys").by(sec).body(body).send()
    };
    for (deeds, days) in [
        (json!([]), 30),
        (json!(["read-audit"]), 30),
        (json!(["open-contact"]), 30),
        (json!(["report"]), 0),
        (json!(["report"]), 401),
    ] {
        make(deeds, days).await.expect(422);
    }
    let made = make(json!(["report", "view-matter"]), 30).await.expect(201);
    let (token, id) = (
        made.text("token"),
        made.json["key"]["id"].as_str().unwrap().to_owned(),
    );
    let matter = province.report(&token).await;
    province
        .get(&format!("matters/{matter}"))
        .by(&token)
        .send()
        .await
        .expect(200);
    province.get("matters").by(&token).send().await.expect(403);
    province.get("api-keys").by(&token).send().await.expect(403);
    let listed = province.get("api-keys").by(sec).send().await.expect(200);
    assert!(!listed.json.to_string().contains(&token[4..]));
    let other = make(json!(["report"]), 1).await.expect(201).text("token");
    province.clock.shift(Duration::from_secs(86_400));
    province
        .post("matters")
        .by(&other)
        .body(lamp())
        .send()
        .await
        .expect(401);
    let sec = province.token("sec").await;
    province
        .delete(&format!("api-keys/{id}"))
        .by(&sec)
        .send()
        .await
        .expect(200);
    province
        .post("matters")
        .by(&token)
        .body(lamp())
        .send()
        .await
        .expect(401);
    province
        .delete("api-keys/0000000000000000")
        .by(&sec)
        .send()
        .await
        .expect(404);
    province.host.stop().await;
}

#[tokio::test]
async fn grids_have_members_of_this_node_and_go_only_when_no_account_names_them() {
    let province = Province::start().await;
    let tokens = province.administrators().await;
    let official = province.person(&tokens, "official", &["official"]).await;
    province.person(&tokens, "worker", &["grid-worker"]).await;
    let listed = province
        .get("accounts")
        .by(&tokens["sys"])
        .send()
        .await
        .expect(200);
    let all = listed.json["accounts"].as_array().unwrap().clone();
    let worker = all
        .iter()
        .find(|account| account["login"] == "worker")
        .unwrap()["id"]
        .clone();
    let draw = |members: Value, households: u32| {
        let body = json!({ "name": "第一网格", "members": members, "households": households });
        province.post("grids").by(&official).body(body).send()
    };
    draw(json!([7]), 1).await.expect(422);
    draw(json!(["worker"]), 1).await.expect(422);
    draw(json!([]), 100_001).await.expect(422);
    let drawn = draw(json!([worker]), 262).await.expect(201);
    assert_eq!(
        (drawn.json["id"].clone(), drawn.json["households"].clone()),
        (json!(1), json!(262))
    );
    let sys = &tokens["sys"];
    let of_grid = |grid: Value| {
        let patch = province
            .patch("accounts/worker")
            .by(sys)
            .body(json!({ "grid": grid }));
        patch.send()
    };
    of_grid(json!(7)).await.expect(404);
    assert_eq!(of_grid(json!(1)).await.expect(200).json["grid"], 1);
    province
        .delete("grids/1")
        .by(&official)
        .send()
        .await
        .expect(409);
    assert!(
        of_grid(Value::Null)
            .await
            .expect(200)
            .json
            .get("grid")
            .is_none()
    );
    province
        .delete("grids/1")
        .by(&official)
        .send()
        .await
        .expect(204);
    province
        .get("grids/1")
        .by(&official)
        .send()
        .await
        .expect(404);
    assert_eq!(
        draw(json!([]), 1).await.expect(201).json["id"],
        2,
        "numbers are not used again"
    );
    province.host.stop().await;
}

#[tokio::test]
async fn pages_of_accounts_join_without_gap_or_repetition() {
    let province = Province::start().await;
    let tokens = province.administrators().await;
    let (mut seen, mut after) = (vec![], String::new());
    loop {
        let page = province
            .get(&format!("accounts?limit=2{after}"))
            .by(&tokens["sys"])
            .send()
            .await
            .expect(200);
        for account in page.json["accounts"].as_array().unwrap() {
            seen.push(account["login"].as_str().unwrap().to_owned());
        }
        match page.json["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => break,
        }
    }
    seen.sort();
    assert_eq!(seen, ["aud", "sec", "sys"]);
    for bad in ["limit=0", "limit=1001", "after=x", "lmit=3"] {
        province
            .get(&format!("accounts?{bad}"))
            .by(&tokens["sys"])
            .send()
            .await
            .expect(422);
    }
    province.host.stop().await;
}

#[tokio::test]
async fn whoever_asks_too_often_waits() {
    let province = Province::start().await;
    let mut last = province.login("nobody", "x").send().await;
    for _ in 0..40 {
        if last.code() == 429 && last.problem() == "too-many-requests" {
            break;
        }
        last = province
            .post("session")
            .body(json!({ "login": "x", "password": "" }))
            .send()
            .await;
    }
    assert_eq!(last.problem(), "too-many-requests");
    assert!(last.header("retry-after").parse::<u64>().unwrap() > 0);
    let socket = province.socket(Method::GET, "/v1/nodes").send().await;
    socket.expect(200);
    province.host.stop().await;
}

#[tokio::test]
async fn whoever_a_matter_was_dispatched_to_handles_it_by_number_or_by_department() {
    let province = Province::start().await;
    let tokens = province.administrators().await;
    let official = province.person(&tokens, "official", &["official"]).await;
    let worker = province.person(&tokens, "worker", &["grid-worker"]).await;
    let staff = province.person(&tokens, "staff", &["posted-staff"]).await;
    let patch = province.patch("accounts/staff").by(&tokens["sys"]);
    let market = json!({ "department": "market" });
    let patched = patch.body(market).send().await.expect(200);
    assert_eq!(patched.json["department"], "market");
    let show = province.get("accounts/worker").by(&tokens["sys"]);
    let number = show.send().await.expect(200).json["id"].clone();
    let id = province.report(&official).await;
    let act = |by: &str, act: Value| {
        let ask = province
            .post(&format!("matters/{id}/acts"))
            .by(by)
            .body(act);
        ask.send()
    };
    let listed = async |by: &str, charge: &str| {
        let page = province.get(&format!("matters?charge={charge}")).by(by);
        let page = page.send().await.expect(200);
        page.json["matters"].as_array().unwrap().len()
    };
    assert_eq!(listed(&official, "nobody").await, 1);
    let handle = || json!({ "act": "handle", "note": "已到现场" });
    act(&worker, handle()).await.expect(404);
    assert_eq!(
        act(&staff, handle()).await.expect(403).problem(),
        "not-allowed"
    );
    act(&official, json!({ "act": "accept" })).await.expect(200);
    let one = json!({ "act": "dispatch", "platform": "enforcement", "officer": number });
    act(&official, one).await.expect(200);
    assert_eq!(listed(&official, "nobody").await, 0);
    assert_eq!(listed(&worker, "mine").await, 1);
    assert_eq!(listed(&staff, "mine").await, 0);
    act(&worker, handle()).await.expect(200);
    act(&staff, handle()).await.expect(403);
    let close = json!({ "act": "close", "outcome": "solved", "note": "done" });
    act(&worker, close).await.expect(403);
    let all = json!({ "act": "dispatch", "platform": "market", "department": "market" });
    act(&official, all).await.expect(200);
    assert_eq!(listed(&staff, "mine").await, 1);
    assert_eq!(listed(&staff, "department").await, 1);
    let none = province.get("matters?charge=department").by(&worker);
    none.send().await.expect(422);
    act(&staff, handle()).await.expect(200);
    act(&worker, handle()).await.expect(404);
    province.host.stop().await;
}

#[tokio::test]
async fn residents_do_not_say_how_urgent_they_are() {
    let province = Province::start().await;
    let tokens = province.administrators().await;
    let resident = province.person(&tokens, "wang", &["resident"]).await;
    let worker = province.person(&tokens, "worker", &["grid-worker"]).await;
    for (field, value) in [("priority", "emergency"), ("channel", "hotline")] {
        let mut report = lamp();
        report[field] = json!(value);
        let ask = |by: &str| province.post("matters").by(by).body(report.clone()).send();
        ask(&resident).await.expect(403);
        ask(&worker).await.expect(201);
    }
    province.host.stop().await;
}

#[tokio::test]
async fn what_an_official_handled_another_verifies() {
    let province = Province::start().await;
    let tokens = province.administrators().await;
    let one = province.person(&tokens, "one", &["official"]).await;
    let two = province.person(&tokens, "two", &["official"]).await;
    let id = province.report(&one).await;
    let act = |by: &str, act: &str, more: Value| {
        let mut body = json!({ "act": act, "note": "灯已修好" });
        body.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        province
            .post(&format!("matters/{id}/acts"))
            .by(by)
            .body(body)
            .send()
    };
    act(&one, "feedback", json!({})).await.expect(200);
    let own = act(&one, "verify", json!({ "passed": true }))
        .await
        .expect(409);
    assert_eq!(own.problem(), "refused-by-the-rules");
    assert!(own.text("hint").contains("dispatcher"), "{own:?}");
    let seen = act(&two, "verify", json!({ "passed": true }))
        .await
        .expect(200);
    assert_eq!(seen.json["status"], "verified");
    province.host.stop().await;
}

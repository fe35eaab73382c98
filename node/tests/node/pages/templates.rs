//! Templates on pages and in the API: what holds, what a draft would change, and its faults.

use serde_json::{Value, json};

use super::browser::{Browser, Page};
use testkit::{asking::Answer, province::Province};

const AFFAIRS: &str = "format = 1\n[[item]]\nname = \"财务收支\"\nenglish = \"Money\"\nclass = \"finance\"\n\
    period = \"month\"\ndue = \"9d\"\nfields = [\"说明\"]\n";

async fn with_author() -> (Province, String) {
    let province = Province::start().await;
    let tokens = province.administrators().await;
    for (login, role) in [
        ("author", "template-author"),
        ("second", "template-author"),
        ("clerk", "official"),
    ] {
        province.person(&tokens, login, &[role]).await;
    }
    let author = province.token("author").await;
    (province, author)
}

/// Has the second author issue a proposal.
async fn approved(province: &Province, number: u32) -> Answer {
    let second = province.token("second").await;
    let path = format!("template-proposals/{number}/approve");
    province
        .post(&path)
        .by(&second)
        .body(json!(null))
        .send()
        .await
}

fn request(content: &str) -> Value {
    json!({ "kind": "disclosure", "name": "affairs", "title": "公开目录", "content": content })
}

/// R-T2, R-T4.
#[tokio::test]
async fn a_draft_is_looked_at_before_it_is_issued_and_what_holds_names_its_text() {
    let (province, author) = with_author().await;
    let diff = |content: &str| {
        let sent = province.post("templates/diff").by(&author);
        sent.body(request(content))
    };
    let first = diff(AFFAIRS).send().await.expect(200).json;
    assert_eq!(
        (&first["version"], &first["faults"]),
        (&json!(1), &json!([]))
    );
    // Looking wrote nothing.
    let none = province.get("templates").by(&author).send().await;
    assert_eq!(none.expect(200).json["templates"], json!([]));

    let alone = province.post("templates").by(&author);
    let alone = alone.body(request(AFFAIRS)).send().await.expect(409).json;
    let detail = alone["detail"].as_str().unwrap();
    assert!(detail.contains("template propose"), "{alone}");
    province.issue(request(AFFAIRS)).await;
    let path = "templates/effective?kind=disclosure";
    let held = province.get(path).by(&author).send().await.expect(200).json;
    let values = held["kinds"][0]["values"].as_array().unwrap();
    let due = values.iter().find(|one| one["setting"] == "due").unwrap();
    assert_eq!(due["value"]["en"], "9 days");
    assert_eq!(due["by"]["version"], 1);
    assert_eq!(due["line"], 7);
    assert_eq!(due["looser"][0]["value"]["zh"], "10 天");
    assert!(due["looser"][0]["by"]["issuer"].is_null());

    let next = AFFAIRS.replace("9d", "6d");
    let diff_now = diff(&next).send().await.expect(200).json;
    assert_eq!(diff_now["version"], 2);
    let changes = diff_now["tiers"][0]["changes"].as_array().unwrap();
    assert_eq!(changes.len(), 1, "{changes:?}");
    assert_eq!(changes[0]["from"]["value"]["en"], "9 days");
    assert_eq!(changes[0]["to"]["zh"], "6 天");
    let bad = diff(&AFFAIRS.replace("month", "moon")).send().await;
    let bad = bad.expect(200).json;
    assert_eq!(bad["faults"][0]["line"], 6);
    assert_eq!(bad["tiers"], json!([]));
    province
        .get("templates/effective?division=11")
        .by(&author)
        .send()
        .await
        .expect(422);
    province
        .post("templates/diff")
        .body(request(AFFAIRS))
        .send()
        .await
        .expect(401);
    province.host.stop().await;
}

/// R-T2, R-T3: the same on the pages, without scripts.
#[tokio::test]
async fn the_page_shows_faults_then_changes_and_a_second_person_issues() {
    let (province, _) = with_author().await;
    let mut author = Browser::signed_in(&province, "author").await;
    let form = author.get("/desk/templates/new").await.expect(200);
    // Every answer has a key of its own, so that a form that is sent twice is done once.
    let typed = |page: &Page, content: &str, more: &[(&'static str, &str)]| {
        let mut fields = vec![
            ("csrf", page.field("csrf")),
            ("key", page.field("key")),
            ("kind", "disclosure".to_owned()),
            ("name", "affairs".to_owned()),
            ("title", "公开目录".to_owned()),
            ("content", content.replace('\n', "\r\n")),
        ];
        fields.extend(
            more.iter()
                .map(|(name, value)| (*name, (*value).to_owned())),
        );
        fields
    };
    let send = async |browser: &mut Browser<'_>, fields: Vec<(&'static str, String)>| {
        let fields: Vec<_> = fields
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        browser.send("/desk/templates/new", &fields).await
    };
    let bad = send(
        &mut author,
        typed(&form, &AFFAIRS.replace("9d", "soon"), &[]),
    )
    .await;
    let bad = bad.expect(200);
    assert!(bad.text.contains("第 7 行第 1 字"), "{}", bad.text);
    assert!(!bad.text.contains("name=\"propose\""));
    let good = send(&mut author, typed(&bad, AFFAIRS, &[]))
        .await
        .expect(200);
    assert!(good.text.contains("name=\"propose\"") && good.text.contains("财务收支"));
    // R-T1: the form as villagers would see it, with made-up values.
    let sample = good
        .text
        .split_once("class=\"sample\"")
        .expect("a sample")
        .1;
    assert!(
        sample.contains("说明") && sample.contains("示例"),
        "{sample}"
    );
    let proposed = send(&mut author, typed(&good, AFFAIRS, &[("propose", "1")])).await;
    assert_eq!(
        proposed.expect(303).header("location"),
        "/desk/templates?proposed=1"
    );

    // Whoever wrote it does not issue it; somebody else does, after seeing the same.
    const PROPOSAL: &str = "/desk/templates/proposals/1";
    let own = author.get(PROPOSAL).await.expect(200);
    assert!(own.text.contains("由另一个人阅读后下达") && !own.text.contains("value=\"approve\""));
    let approve = fields(&own, &[("act", "approve")]);
    let approve: Vec<_> = approve
        .iter()
        .map(|(name, value)| (*name, &**value))
        .collect();
    let refused = author.send(PROPOSAL, &approve).await.expect(409);
    assert!(
        refused.text.contains("请另一个人阅读后下达"),
        "{}",
        refused.text
    );
    let mut second = Browser::signed_in(&province, "second").await;
    let list = second.get("/desk/templates").await.expect(200);
    assert!(list.text.contains(PROPOSAL) && list.text.contains("等您审定"));
    let seen = second.get(PROPOSAL).await.expect(200);
    assert!(seen.text.contains("第 1 版会改变什么") && seen.text.contains("9d"));
    let approve = fields(&seen, &[("act", "approve")]);
    let approve: Vec<_> = approve
        .iter()
        .map(|(name, value)| (*name, &**value))
        .collect();
    let issued = second.send(PROPOSAL, &approve).await;
    assert_eq!(
        issued.expect(303).header("location"),
        "/desk/templates?done=1"
    );
    let over = second.get(PROPOSAL).await.expect(200);
    assert!(over.text.contains("下达为第 1 版") && !over.text.contains("value=\"approve\""));

    let mut clerk = Browser::signed_in(&province, "clerk").await;
    let list = clerk.get("/desk/templates").await.expect(200);
    assert!(list.text.contains("公开目录") && list.text.contains("已执行"));
    assert!(!list.text.contains("/desk/templates/new"));
    assert!(!list.text.contains(PROPOSAL));
    clerk.get("/desk/templates/new").await.expect(403);
    clerk.get(PROPOSAL).await.expect(403);
    let entry = "/desk/templates/holds/disclosure?entry=%E8%B4%A2%E5%8A%A1%E6%94%B6%E6%94%AF";
    let holds = clerk.get(entry).await.expect(200);
    assert!(
        holds.text.contains("9 天") && holds.text.contains("10 天"),
        "{}",
        holds.text
    );
    let one = clerk
        .get("/desk/templates/330000000000/disclosure/affairs")
        .await;
    assert!(one.expect(200).text.contains("执行情况"));
    let path = "templates/330000000000/disclosure/affairs/rollout";
    let author = province.token("author").await;
    let rollout = province.get(path).by(&author).send().await.expect(200).json;
    assert_eq!(rollout["adoption"]["applied"], 1);
    let children = rollout["children"].as_array().unwrap();
    assert_eq!(children.len(), 1, "{rollout}");
    for child in children {
        // Nobody below ever connected.
        assert!(child["told_through_ms"].is_null(), "{child}");
        assert_eq!(
            child["adoption"]["unreached"],
            child["adoption"]["expected"]
        );
    }
    let one = clerk
        .get("/desk/templates/330000000000/disclosure/affairs")
        .await;
    assert!(one.expect(200).text.contains("从未连接"));
    let mut guest = Browser::new(&province);
    guest.get("/desk/templates").await.expect(303);
    province.host.stop().await;
}

const ROLLOUT: &str = "/desk/templates/330000000000/disclosure/affairs/rollout";

/// The fields of a form, with the token and a key of the page.
fn fields<'a>(page: &Page, more: &[(&'a str, &'a str)]) -> Vec<(&'a str, String)> {
    let mut fields = vec![("csrf", page.field("csrf")), ("key", page.field("key"))];
    fields.extend(
        more.iter()
            .map(|(name, value)| (*name, (*value).to_owned())),
    );
    fields
}

async fn send(browser: &mut Browser<'_>, path: &str, fields: &[(&str, String)]) -> Page {
    let fields: Vec<_> = fields
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    browser.send(path, &fields).await
}

/// R-T2, R-T3: who takes a version first, and what its issuer does with that, without scripts.
#[tokio::test]
async fn a_rollout_begins_grows_pauses_and_is_taken_back_on_its_page() {
    let (province, _) = with_author().await;
    province.issue(request(AFFAIRS)).await;
    let mut author = Browser::signed_in(&province, "author").await;
    let none = author.get(ROLLOUT).await.expect(200);
    assert!(none.text.contains("没有正在分批下发的版本"));
    let form = author.get("/desk/templates/new").await.expect(200);
    let next = AFFAIRS.replace("9d", "6d");
    let draft = |share: &'static str, next: &'static str| {
        [
            ("kind", "disclosure"),
            ("name", "affairs"),
            ("title", "公开目录"),
            ("content", next),
            ("share", share),
            ("propose", "1"),
        ]
    };
    let next: &'static str = next.leak();
    let bad = fields(&form, &draft("many", next));
    let bad = send(&mut author, "/desk/templates/new", &bad).await;
    let bad = bad.expect(422);
    for said in ["比例不是整数", "value=\"many\""] {
        assert!(bad.text.contains(said), "{said}: {}", bad.text);
    }
    let good = fields(&bad, &draft("10", next));
    let begun = send(&mut author, "/desk/templates/new", &good).await;
    begun.expect(303);
    approved(&province, 1).await.expect(201);

    let shown = author.get(ROLLOUT).await.expect(200);
    for said in [
        "进行中",
        "10%",
        "其他单位仍执行第 1 版",
        "第 1 个动作：开始",
    ] {
        assert!(shown.text.contains(said), "{said}: {}", shown.text);
    }
    let narrower = fields(&shown, &[("act", "widen"), ("share", "5")]);
    let refused = send(&mut author, ROLLOUT, &narrower).await.expect(422);
    assert!(refused.text.contains("范围只能扩大"), "{}", refused.text);
    let wider = [("act", "widen"), ("share", "10"), ("below", "330800000000")];
    let wider = fields(&refused, &wider);
    let done = send(&mut author, ROLLOUT, &wider).await.expect(303);
    assert!(done.header("location").ends_with("/affairs?done=1"));
    let shown = author.get(ROLLOUT).await.expect(200);
    assert!(shown.text.contains("衢州市"), "{}", shown.text);
    let pause = fields(&shown, &[("act", "pause")]);
    send(&mut author, ROLLOUT, &pause).await.expect(303);
    let shown = author.get(ROLLOUT).await.expect(200);
    assert!(shown.text.contains("已暂停") && !shown.text.contains("value=\"pause\""));
    let list = author.get("/desk/templates").await.expect(200);
    assert!(list.text.contains("分批下发 已暂停"));

    // What all divisions feel is asked for once more.
    let back = fields(&shown, &[("act", "rollback")]);
    let sure = send(&mut author, ROLLOUT, &back).await.expect(200);
    assert!(sure.text.contains("恢复执行上一版"), "{}", sure.text);
    let back = fields(&sure, &[("act", "rollback"), ("sure", "1")]);
    send(&mut author, ROLLOUT, &back).await.expect(303);
    let one = author
        .get("/desk/templates/330000000000/disclosure/affairs?lang=en")
        .await
        .expect(200);
    assert!(
        one.text
            .contains("Version 2 was rolled back; version 1 is in force again everywhere"),
        "{}",
        one.text
    );
    let mut clerk = Browser::signed_in(&province, "clerk").await;
    clerk.get(ROLLOUT).await.expect(403);
    province.host.stop().await;
}

/// The same over the API: each refusal has its code, changes nothing, and an act that is sent twice is done once.
#[tokio::test]
async fn the_acts_of_a_rollout_are_refused_where_they_do_not_fit() {
    let (province, author) = with_author().await;
    let first = |first: Value, content: &str| {
        let mut body = request(content);
        body["first"] = first;
        province.post("template-proposals").by(&author).body(body)
    };
    for bad in [
        json!({}),
        json!({ "share": 100 }),
        json!({ "divisions": ["11"] }),
        json!({ "share": 10, "who": "all" }),
    ] {
        first(bad, AFFAIRS).send().await.expect(422);
    }
    let path = "templates/330000000000/disclosure/affairs";
    let seen = async || province.get(path).by(&author).send().await;
    seen().await.expect(404);
    first(json!({ "share": 40 }), AFFAIRS)
        .send()
        .await
        .expect(201);
    let begun = approved(&province, 1).await.expect(201);
    let rollout = &begun.json["template"]["rollout"];
    assert_eq!(
        (&rollout["number"], &rollout["share"]),
        (&json!(1), &json!(40))
    );
    assert!(rollout["before"].is_null());
    let reach = &begun.json["reach"];
    assert!(reach["selected"].as_u64() < reach["scope"].as_u64());
    let again = first(json!({ "share": 50 }), AFFAIRS).send().await;
    assert_eq!(again.expect(409).problem(), "conflict");
    let rolls = format!("{path}/rollout");
    let roll = |body: Value| province.post(&rolls).by(&author).body(body);
    roll(json!({ "act": "resume" })).send().await.expect(409);
    roll(json!({ "act": "widen", "to": { "share": 39 } }))
        .send()
        .await
        .expect(422);
    roll(json!({ "act": "stop" })).send().await.expect(422);
    assert_eq!(seen().await.json["template"]["rollout"]["number"], 1);
    for _ in 0..2 {
        let paused = roll(json!({ "act": "pause" })).with("idempotency-key", "pause-it");
        let paused = paused.send().await;
        assert_eq!(paused.expect(200).json["template"]["rollout"]["number"], 2);
    }
    let back = roll(json!({ "act": "rollback" })).send().await.expect(200);
    assert_eq!(back.json["template"]["rollout"]["state"], "rolled-back");
    assert_eq!(back.json["adoption"]["applied"], 0);
    roll(json!({ "act": "rollback" })).send().await.expect(409);
    let unknown = province.post("templates/330000000000/disclosure/other/rollout");
    let unknown = unknown.by(&author).body(json!({ "act": "pause" }));
    unknown.send().await.expect(404);
    province.host.stop().await;
}

/// What was proposed is issued as it stood, or declined with a reason that its author reads.
#[tokio::test]
async fn a_proposal_is_declined_taken_back_or_issued_once() {
    let (province, author) = with_author().await;
    let second = province.token("second").await;
    let propose = async |content: &str| {
        let sent = province.post("template-proposals").by(&author);
        sent.body(request(content)).send().await
    };
    // What could not be issued is not proposed.
    propose("format = 1\nitem = 3\n").await.expect(422);
    for number in 1..=3 {
        let made = propose(AFFAIRS).await.expect(201).json;
        assert_eq!(made["proposal"]["number"], number);
        assert_eq!(made["changes"]["samples"][0]["item"], "财务收支");
    }
    let act = async |by: &str, path: &str, body: Value| {
        let sent = province.post(&format!("template-proposals/{path}")).by(by);
        sent.body(body).send().await
    };
    act(&second, "1/decline", json!({ "reason": " " }))
        .await
        .expect(422);
    let declined = act(&second, "1/decline", json!({ "reason": "没有依据" })).await;
    let end = &declined.expect(200).json["proposal"]["end"];
    assert_eq!(
        (&end["reason"], &end["version"]),
        (&json!("没有依据"), &Value::Null)
    );
    act(&author, "2/decline", json!({ "reason": "写错了" }))
        .await
        .expect(200);
    act(&second, "2/approve", json!(null)).await.expect(409);
    act(&author, "3/approve", json!(null)).await.expect(409);
    let issued = act(&second, "3/approve", json!(null))
        .await
        .expect(201)
        .json;
    assert_eq!(issued["template"]["version"], 1);
    act(&second, "3/approve", json!(null)).await.expect(409);
    act(&second, "9/approve", json!(null)).await.expect(404);
    let all = province.get("template-proposals").by(&author).send().await;
    let all = all.expect(200).json;
    let all = all["proposals"].as_array().unwrap();
    assert_eq!(all.len(), 3);
    assert!(
        all.iter()
            .all(|one| one["own"] == true && !one["end"].is_null())
    );
    let clerk = province.token("clerk").await;
    province
        .get("template-proposals")
        .by(&clerk)
        .send()
        .await
        .expect(403);
    province.host.stop().await;
}

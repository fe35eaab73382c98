//! Texts for frequent replies: kept by those who may, and taken into the text of an act without scripts.

use http::Method;
use serde_json::json;

use super::{browser::Browser, town::Town};

/// R-D6: a text is picked, the form comes back with it, and it is sent as it was changed.
#[tokio::test]
async fn r_d6_a_text_is_picked_then_changed_and_sent() {
    let town = Town::start().await;
    let id = town.province.report(&town.official).await;
    let mut browser = town.browser().await;
    let page = browser.get("/desk/replies?lang=zh").await.expect(200);
    assert!(page.text.contains("还没有常用答复"), "{}", page.text);
    let csrf = page.field("csrf");
    for (name, text, department) in [
        ("已派电工", "电工三天内到场。\n请保持畅通。", ""),
        ("市场监管", "由市场监管所办理。", "market"),
    ] {
        let fields = [
            ("csrf", &*csrf),
            ("name", name),
            ("text", text),
            ("department", department),
        ];
        browser.send("/desk/replies", &fields).await.expect(303);
    }
    let wrong = [
        ("csrf", &*csrf),
        ("name", "x"),
        ("text", "证号 11010519491231002X"),
    ];
    let wrong = browser.send("/desk/replies", &wrong).await.expect(422);
    assert!(wrong.text.contains("像身份证号的号码"), "{}", wrong.text);
    assert!(wrong.text.contains("证号 11010519491231002X</textarea>"));

    let form = browser.get(&format!("/desk/m/{id}/act/reject")).await;
    let form = form.expect(200);
    assert!(
        form.text.contains("<option value=\"已派电工\">"),
        "{}",
        form.text
    );
    assert!(
        !form.text.contains("市场监管"),
        "it is for another department"
    );
    let (key, seen, draft) = (form.field("key"), form.field("seen"), form.field("draft"));
    let fields = [
        ("csrf", &*csrf),
        ("key", &*key),
        ("seen", &*seen),
        ("draft", &*draft),
        ("reason", "judicial"),
        ("note", "您好。"),
        ("reply", "已派电工"),
        ("fill", "1"),
    ];
    let path = format!("/desk/m/{id}/act/reject");
    let filled = browser.send(&path, &fields).await.expect(200);
    let expected = "您好。\n电工三天内到场。\n请保持畅通。</textarea>";
    assert!(filled.text.contains(expected), "{}", filled.text);
    let chosen = filled.text.contains("value=\"judicial\" selected")
        || filled.text.contains("value=\"judicial\" checked");
    assert!(chosen, "{}", filled.text);
    assert_eq!(filled.field("draft"), draft, "photos stay");
    assert_eq!(
        town.matter(&id).await.json["status"],
        "reported",
        "nothing was done"
    );

    // Sent with a text of its own, the act has that one; which text was picked is nobody's business.
    let path = format!("/desk/m/{id}/act/remark");
    let page = browser.get(&path).await.expect(200);
    let (key, seen) = (page.field("key"), page.field("seen"));
    let send = [
        ("csrf", &*csrf),
        ("key", &*key),
        ("seen", &*seen),
        ("note", "电工明天到场。"),
        ("audience", "offices"),
        ("reply", "已派电工"),
    ];
    browser.send(&path, &send).await.expect(303);
    let steps = town.matter(&id).await.json.to_string();
    assert!(steps.contains("电工明天到场。") && !steps.contains("请保持畅通"));

    let page = browser
        .get("/desk/replies?edit=%E5%B7%B2%E6%B4%BE%E7%94%B5%E5%B7%A5")
        .await;
    assert_eq!(page.expect(200).field("name"), "已派电工");
    let remove = [("csrf", &*csrf), ("remove", "已派电工")];
    browser.send("/desk/replies", &remove).await.expect(303);
    browser.send("/desk/replies", &remove).await.expect(404);
    town.stop().await;
}

/// R-D6, R-D9: a text is taken into one act on several matters; the page comes back with it, nothing is done yet, and
/// each matter keeps the version that was looked at first.
#[tokio::test]
async fn r_d6_a_text_is_taken_into_a_bulk_act_and_changed_there() {
    let town = Town::start().await;
    let (province, official) = (&town.province, &town.official);
    let text = json!({ "name": "已派电工", "text": "电工三天内到场。" });
    let kept = province.post("reply-texts").by(official).body(text);
    kept.send().await.expect(204);
    let ids = [
        province.report(official).await,
        province.report(official).await,
    ];
    let mut clerk = town.browser().await;
    let csrf = clerk.get("/desk?tab=all").await.expect(200).field("csrf");
    let chosen = [
        ("csrf", &*csrf),
        ("act", "remark"),
        ("m", &*ids[0]),
        ("m", &*ids[1]),
    ];
    let first = clerk.send("/desk/bulk", &chosen).await.expect(200);
    assert!(
        first.text.contains("<option value=\"已派电工\">"),
        "{}",
        first.text
    );
    let names = ids.each_ref().map(|id| format!("seen.{id}"));
    let tags = names.each_ref().map(|name| first.field(name));
    let typed = [
        ("go", "1"),
        ("audience", "offices"),
        ("note", "您好。"),
        ("reply", "已派电工"),
        (&*names[0], &*tags[0]),
        (&*names[1], &*tags[1]),
    ];
    // A colleague does something to one of them before the text is filled in.
    let between = json!({ "act": "remark", "audience": "offices", "note": "等一等" });
    town.act(&ids[0], between).await;
    let fill = [&chosen[..], &typed[..], &[("fill", "1")]].concat();
    let filled = clerk.send("/desk/bulk", &fill).await.expect(200);
    let expected = "您好。\n电工三天内到场。</textarea>";
    assert!(filled.text.contains(expected), "{}", filled.text);
    assert!(filled.text.contains("value=\"offices\" checked"));
    assert_eq!(filled.text.matches("name=\"m\"").count(), 2);
    assert_eq!(filled.field(&names[0]), tags[0], "the version stays");
    let steps = town.matter(&ids[1]).await.json.to_string();
    assert!(!steps.contains("电工"), "nothing was done");

    let key = filled.field("key");
    let send = [
        &chosen[..],
        &typed[..2],
        &[
            ("note", "电工明天到场。"),
            ("reply", "已派电工"),
            ("key", &*key),
        ],
        &typed[4..],
    ];
    let told = clerk.send("/desk/bulk", &send.concat()).await.expect(200);
    assert_eq!(told.text.matches("没有办成：").count(), 1, "{}", told.text);
    assert_eq!(told.field("m"), ids[0], "it had changed since");
    assert!(!told.text.contains("name=\"reply\""));
    let steps = town.matter(&ids[1]).await.json.to_string();
    assert!(steps.contains("电工明天到场。") && !steps.contains("三天内"));
    town.stop().await;
}

/// What is kept is kept by those who may, is bounded, and outlives a restart.
#[tokio::test]
async fn reply_texts_are_written_by_those_who_may_and_stay() {
    let town = Town::start().await;
    let province = &town.province;
    let grid = province
        .person(&town.tokens, "li.si", &["grid-worker"])
        .await;
    let text = |name: &str| json!({ "name": name, "text": "三天内办理。" });
    let keep = async |token: &str, name: &str| {
        let ask = province.post("reply-texts").by(token).body(text(name));
        ask.send().await
    };
    keep(&grid, "a").await.expect(403);
    keep(&town.tokens["sys"], "a").await.expect(403);
    province.get("reply-texts").send().await.expect(401);
    keep(&town.official, "已受理").await.expect(204);
    keep(&town.official, "已受理").await.expect(204);
    let listed = province
        .get("reply-texts")
        .by(&grid)
        .send()
        .await
        .expect(200);
    assert_eq!(listed.json["texts"], json!([text("已受理")]));
    for n in 1..200 {
        keep(&town.official, &n.to_string()).await.expect(204);
    }
    let full = keep(&town.official, "one more").await.expect(409);
    assert_eq!(full.problem(), "refused-by-the-rules");
    keep(&town.official, "7").await.expect(204);
    let town = town.restart().await;
    let ask = town.province.get("reply-texts").by(&town.official);
    let texts = ask.send().await.expect(200).json["texts"].clone();
    assert_eq!(texts.as_array().unwrap().len(), 200);
    let removed = town
        .province
        .socket(Method::GET, "reply-texts")
        .send()
        .await;
    // The owner of the node is nobody who works on matters once it has accounts.
    removed.expect(403);
    let mut browser = Browser::signed_in(&town.province, "li.si").await;
    let page = browser.get("/desk/replies").await.expect(200);
    assert!(
        !page.text.contains("<textarea"),
        "a grid worker only reads them"
    );
    town.stop().await;
}

//! Places by name, from policy (R-P8), and services that are applied for.

use serde_json::json;

use testkit::province::Province;

use super::{Visitor, hidden, html, numbers, open};

const PLACES: &str = "format = 1\n[[places]]\ndivision = \"33\"\ngroups = [\"一组\", \"二组\"]\n\
                      landmarks = [\"老祠堂\"]\n";

#[tokio::test]
async fn a_report_names_a_place_of_the_list_or_writes_it() {
    let province = Province::start().await;
    let tokens = province.administrators().await;
    let bare = html(&province.get("/report?all=1").send().await.expect(200));
    assert!(!bare.contains("name=\"place\""), "no list, no question");
    let policy = json!({ "kind": "policy", "name": "places", "title": "地名", "content": PLACES });
    province.issue(policy).await;
    let promises = province.get("promises").send().await.expect(200).json;
    let kinds = promises["places"].as_array().unwrap().iter();
    let kinds: Vec<_> = kinds.map(|place| place["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["group", "group", "landmark"]);
    let visitor = Visitor::begin(&province, "/report").await;
    let asked = html(&visitor.step("photo", "next", &[]).await.expect(200));
    assert!(
        asked.contains("value=\"二组\"") && asked.contains("哪个村民小组"),
        "{asked}"
    );
    visitor
        .step("where", "next", &[("place", "二组"), ("where", "")])
        .await
        .expect(200);
    let what = [("text", "路灯不亮"), ("kind", "enforcement/lighting")];
    visitor.step("what", "next", &what).await.expect(200);
    let contact = [("name", "王"), ("public", "no")];
    let check = html(&visitor.step("contact", "next", &contact).await.expect(200));
    assert!(check.contains("二组"), "{check}");
    let shown = numbers(&visitor.step("check", "send", &[]).await.expect(200));
    let matter = province.get(&format!("matters/{}", shown[0]));
    let matter = matter.with(
        "reporter-token",
        &format!("wjr_{}", shown[1].replace('-', "")),
    );
    let matter = matter.send().await.expect(200);
    assert!(matter.json.to_string().contains("二组"), "{}", matter.json);
    let report = |named: &str| {
        json!({ "channel": "snapshot", "category": "enforcement/lighting", "text": "灯不亮", "named_place": named,
            "address": "第三家", "contact": { "name": "王", "phone": "", "address": "" } })
    };
    let unknown = province.post("matters").body(report("九组")).send().await;
    let unknown = html(&unknown.expect(422));
    assert!(unknown.contains("not in the list of places"), "{unknown}");
    let known = province.post("matters").body(report("老祠堂")).send().await;
    known.expect(201);
    let official = province.person(&tokens, "official", &["official"]).await;
    let cookie = format!("__Host-session={official}");
    let desk = province.get("/desk/report").with("cookie", &cookie).send();
    assert!(html(&desk.await.expect(200)).contains("<option value=\"老祠堂\""));
    province.host.stop().await;
}

#[tokio::test]
async fn several_services_are_applied_for_as_one_matter() {
    let province = Province::start().await;
    let list = html(&province.get("/services").send().await.expect(200));
    assert!(
        list.contains("value=\"service/relief\"") && !list.contains("enforcement/"),
        "{list}"
    );
    let path = "/services/apply?with=service%2Frelief&with=service%2Fland";
    let page = province.get(path).send().await.expect(200);
    let text = html(&page);
    assert!(
        text.contains("申请一起办理：临时救助、宅基地") && !text.contains("enforcement/"),
        "{text}"
    );
    let visitor = Visitor::begin(&province, path).await;
    let what = [
        ("text", "申请一起办理：临时救助、宅基地。"),
        ("kind", "service/other"),
    ];
    visitor.step("what", "next", &what).await.expect(200);
    let contact = [("name", "李四"), ("public", "no")];
    let check = html(&visitor.step("contact", "next", &contact).await.expect(200));
    assert!(
        check.contains("提交申请") && !check.contains("change-photo"),
        "{check}"
    );
    let shown = numbers(&visitor.step("check", "send", &[]).await.expect(200));
    let own = html(&open(&province, &shown[0], &shown[1], &[]).await.expect(200));
    assert!(own.contains("临时救助、宅基地"), "{own}");
    province.host.stop().await;
}

#[tokio::test]
async fn what_a_service_needs_is_told_before_and_while_one_applies() {
    let province = Province::start().await;
    let tokens = province.administrators().await;
    let author = province
        .person(&tokens, "author", &["template-author"])
        .await;
    let template = |content: &str| {
        json!({ "kind": "policy", "name": "services", "title": "办事指南", "content": content,
            "tiers": [] })
    };
    let text = "format = 1\n[[category]]\ncode = \"service/relief\"\nname = \"临时救助\"\n\
                needs = [{ zh = \"身份证\", en = \"Identity card\" }]\n\
                window = { zh = \"3 号窗口\", en = \"Window 3\" }\n\
                hours = { zh = \"工作日 8:30—17:00\", en = \"Working days, 8:30 to 17:00\" }\n";
    let wrong = text.replace("service/relief", "order/fire");
    let wrong = province
        .post("template-proposals")
        .by(&author)
        .body(template(&wrong));
    let wrong = wrong.send().await.expect(422);
    assert!(
        wrong.json["detail"].to_string().contains("line 5"),
        "{wrong:?}"
    );
    province.issue(template(text)).await;
    let list = html(&province.get("/services").send().await.expect(200));
    for told in [
        "要带的材料：",
        "<li>身份证</li>",
        "3 号窗口",
        "工作日 8:30—17:00",
    ] {
        assert!(list.contains(told), "{told}: {list}");
    }
    let english = html(&province.get("/services?lang=en").send().await.expect(200));
    assert!(english.contains("<li>Identity card</li>") && english.contains("Window 3"));
    let page = province.get("/services/apply?with=service%2Frelief").send();
    let page = page.await.expect(200);
    let draft = hidden(&page, "draft");
    let step = |step: &'static str, more: Vec<(&'static str, &'static str)>| {
        let mut all = vec![
            ("draft", &*draft),
            ("flow", "application"),
            ("step", step),
            ("go", "next"),
        ];
        all.extend(more);
        province.form("/report", &all).send()
    };
    let what = vec![("text", "家里着火了，申请救助"), ("kind", "service/relief")];
    step("what", what).await.expect(200);
    let contact = vec![("name", "李四"), ("public", "no")];
    let check = html(&step("contact", contact).await.expect(200));
    assert!(
        check.contains("<li>身份证</li>") && check.contains("3 号窗口"),
        "{check}"
    );
    province.host.stop().await;
}

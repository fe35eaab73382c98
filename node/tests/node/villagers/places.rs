//! Places by name, from policy (R-P8), and services that are applied for.

use serde_json::json;

use testkit::province::Province;

use super::{Visitor, html, numbers, open};

const PLACES: &str = "format = 1\n[[places]]\ndivision = \"33\"\ngroups = [\"一组\", \"二组\"]\n\
                      landmarks = [\"老祠堂\"]\n";

#[tokio::test]
async fn a_report_names_a_place_of_the_list_or_writes_it() {
    let province = Province::start().await;
    let tokens = province.administrators().await;
    let bare = html(&province.get("/report?all=1").send().await.expect(200));
    assert!(!bare.contains("name=\"place\""), "no list, no question");
    let author = province
        .person(&tokens, "author", &["template-author"])
        .await;
    let policy = json!({ "kind": "policy", "name": "places", "title": "地名", "content": PLACES });
    let published = province.post("templates").by(&author).body(policy);
    published.send().await.expect(201);
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

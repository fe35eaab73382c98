//! The data that a standard asks for: fields of the report, of the report for somebody, and of the desk; what is wrong
//! stands beside its field, and nothing is kept of it.

use serde_json::{Value, json};

use super::browser::{Browser, Page};
use testkit::province::Province;

const STANDARD: &str = include_str!("../../../../config/templates/county-data.toml");

async fn with_standard() -> (Province, String) {
    let province = Province::start().await;
    let tokens = province.administrators().await;
    for (login, role) in [("author", "template-author"), ("clerk", "official")] {
        province.person(&tokens, login, &[role]).await;
    }
    let clerk = province.token("clerk").await;
    let template =
        json!({ "kind": "standard", "name": "data", "title": "数据标准", "content": STANDARD });
    province.issue(template).await;
    (province, clerk)
}

/// Sends the page of a report that is shown, with these fields.
async fn go(browser: &mut Browser<'_>, page: &Page, fields: &[(&str, &str)]) -> Page {
    let hidden = ["csrf", "draft", "flow", "step"].map(|name| (name, page.field(name)));
    let hidden = hidden.iter().map(|(name, value)| (*name, &**value));
    let all: Vec<(&str, &str)> = hidden.chain(fields.iter().copied()).collect();
    browser.send("/report", &all).await
}

async fn matters(province: &Province, clerk: &str) -> Vec<Value> {
    let list = province.get("matters").by(clerk).send().await.expect(200);
    list.json["matters"].as_array().unwrap().clone()
}

/// R-P29: a page asks for the data of the kind that was chosen, and tells what is wrong beside the field.
#[tokio::test]
async fn a_report_asks_for_the_data_of_its_kind_and_tells_faults_beside_their_fields() {
    let (province, clerk) = with_standard().await;
    let mut guest = Browser::new(&province);
    let first = guest.get("/mailbox/write?lang=zh").await.expect(200);
    let what = [
        ("text", "邻居占了过道"),
        ("kind", "order/dispute"),
        ("go", "next"),
    ];
    let data = go(&mut guest, &first, &what).await.expect(200);
    for word in [
        "请补充几项",
        "纠纷种类",
        "value=\"neighbours\"",
        "涉及人数（人）",
        "只有承办的单位看得到",
    ] {
        assert!(data.text.contains(word), "{word}: {}", data.text);
    }
    assert!(!data.text.contains("污染种类"), "{}", data.text);
    let wrong = [
        ("data-persons-affected", "很多"),
        ("data-other-side-phone", "110"),
        ("go", "next"),
    ];
    let again = go(&mut guest, &data, &wrong).await.expect(422);
    for word in [
        "id=\"data-dispute-kind-error\"",
        "纠纷种类：必须填写；请补上",
        "id=\"data-persons-affected-error\"",
        "涉及人数：不是整数；请只写数字",
        "href=\"#data-other-side-phone\"",
        "value=\"很多\"",
    ] {
        assert!(again.text.contains(word), "{word}: {}", again.text);
    }
    assert_eq!(matters(&province, &clerk).await, Vec::<Value>::new());
    let right = [
        ("data-dispute-kind", "neighbours"),
        ("data-persons-affected", "2"),
        ("data-other-side-phone", "138 5701 2345"),
        ("go", "next"),
    ];
    let contact = go(&mut guest, &again, &right).await.expect(200);
    let named = [
        ("name", "王小明"),
        ("phone", ""),
        ("public", "no"),
        ("go", "next"),
    ];
    let check = go(&mut guest, &contact, &named).await.expect(200);
    for word in ["邻里", "2 人", "change-data"] {
        assert!(check.text.contains(word), "{word}: {}", check.text);
    }
    go(&mut guest, &check, &[("go", "send")]).await.expect(200);
    let listed = matters(&province, &clerk).await;
    let id = listed[0]["id"].as_str().unwrap();
    let seen = province.get(&format!("matters/{id}")).by(&clerk);
    let seen = seen.send().await.expect(200).json;
    let values: Vec<(&str, &str)> = seen["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            (
                one["code"].as_str().unwrap(),
                one["value"].as_str().unwrap(),
            )
        })
        .collect();
    // In the order of their codes, as they were sent.
    assert_eq!(
        values,
        [
            ("dispute-kind", "neighbours"),
            ("other-side-phone", "13857012345"),
            ("persons-affected", "2"),
        ]
    );
    let query = "matter-data?category=order/dispute&from=2020-01-01";
    let table = province.get(query).by(&clerk).send().await.expect(200).json;
    assert_eq!(
        table["rows"][0]["values"],
        json!({ "dispute-kind": "neighbours", "persons-affected": "2" })
    );
    let none = province.get("matter-data?category=order/fire").by(&clerk);
    assert_eq!(none.send().await.expect(200).json["rows"], json!([]));
    let mut desk = Browser::signed_in(&province, "clerk").await;
    let page = desk.get(&format!("/desk/m/{id}?lang=zh")).await.expect(200);
    for word in ["对方电话（个人信息）", "13857012345", "邻里", "2 人"] {
        assert!(page.text.contains(word), "{word}: {}", page.text);
    }
    province.host.stop().await;
}

#[tokio::test]
async fn the_window_shows_the_fields_of_a_category_and_what_is_wrong() {
    let (province, clerk) = with_standard().await;
    let mut desk = Browser::signed_in(&province, "clerk").await;
    let form = desk.get("/desk/report?lang=zh").await.expect(200);
    assert!(!form.text.contains("data-pollution-kind"), "{}", form.text);
    let send = async |desk: &mut Browser<'_>, page: &Page, more: &[(&str, &str)]| {
        let hidden = ["csrf", "key", "draft"].map(|name| (name, page.field(name)));
        let hidden = hidden.iter().map(|(name, value)| (*name, &**value));
        let said = [
            ("text", "河水发黑"),
            ("category", "enforcement/water"),
            ("name", "王小明"),
        ];
        let all: Vec<(&str, &str)> = hidden.chain(said).chain(more.iter().copied()).collect();
        desk.send("/desk/report", &all).await
    };
    let shown = send(&mut desk, &form, &[("fields", "1")]).await.expect(200);
    assert!(
        shown.text.contains("name=\"data-pollution-kind\""),
        "{}",
        shown.text
    );
    let refused = send(&mut desk, &shown, &[]).await.expect(422);
    assert!(
        refused.text.contains("id=\"data-pollution-kind-error\""),
        "{}",
        refused.text
    );
    assert_eq!(matters(&province, &clerk).await, Vec::<Value>::new());
    let right = [("data-pollution-kind", "water")];
    send(&mut desk, &refused, &right).await.expect(201);
    assert_eq!(matters(&province, &clerk).await.len(), 1);
    province.host.stop().await;
}

#[tokio::test]
async fn the_api_names_every_wrong_field_and_an_emergency_is_not_held_up() {
    let (province, clerk) = with_standard().await;
    let report = async |category: &str, data: Value, priority: &str| {
        let body = json!({ "category": category, "text": "两家争地", "channel": "grid", "priority": priority, "data": data });
        province.post("matters").by(&clerk).body(body).send().await
    };
    let refused = report(
        "order/dispute",
        json!({ "dispute-kind": "war", "colour": "red" }),
        "normal",
    );
    let refused = refused.await.expect(422).json;
    let fields: Vec<&str> = refused["fields"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["field"].as_str().unwrap())
        .collect();
    assert_eq!(fields, ["colour", "dispute-kind"], "{refused}");
    let said = refused.to_string();
    assert!(
        !said.contains("\"war\"") && said.contains("neighbours"),
        "{said}"
    );
    report("order/dispute", json!({}), "normal")
        .await
        .expect(422);
    report("order/dispute", json!({}), "emergency")
        .await
        .expect(201);
    let check = async |data: Value| {
        let body = json!({ "category": "order/dispute", "data": data });
        province.post("draft/data").body(body).send().await
    };
    let checked = check(json!({ "dispute-kind": " land ", "persons-affected": "1,000" }));
    let checked = checked.await.expect(200).json;
    assert_eq!(
        checked["data"],
        json!({ "dispute-kind": "land", "persons-affected": "1000" })
    );
    check(json!({})).await.expect(422);
    let promises = province.get("promises").send().await.expect(200).json;
    let mut all = promises["categories"].as_array().unwrap().iter();
    let dispute = all.find(|one| one["code"] == "order/dispute").unwrap();
    let asks = dispute["asks"].as_array().unwrap();
    let kind = asks
        .iter()
        .find(|one| one["code"] == "dispute-kind")
        .unwrap();
    assert_eq!(
        (&kind["required"], &kind["kind"]),
        (&json!(true), &json!("code"))
    );
    province.host.stop().await;
}

/// R-P29: whoever reported sees on their own page what they entered, by name.
#[tokio::test]
async fn the_own_page_shows_the_data_that_were_entered() {
    let (province, _) = with_standard().await;
    let report = json!({
        "channel": "mailbox", "text": "邻居占了过道", "category": "order/dispute", "slip": true,
        "data": { "dispute-kind": "neighbours", "persons-affected": "2", "other-side-phone": "13857012345" },
    });
    let made = province.post("matters").body(report);
    let made = made.send().await.expect(201);
    let (number, slip) = (made.text("id"), made.text("token"));
    let own = [("number", &*number), ("slip", &*slip)];
    let page = province.form("/my", &own).send().await.expect(200);
    let page = String::from_utf8_lossy(&page.body);
    for word in [
        "纠纷种类",
        "邻里",
        "2 人",
        "对方电话（个人信息）",
        "13857012345",
    ] {
        assert!(page.contains(word), "{word}: {page}");
    }
    province.host.stop().await;
}

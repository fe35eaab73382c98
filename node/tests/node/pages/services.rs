//! Services by a template: what is shown to applicants, and the materials that are ticked at the window.

use serde_json::{Value, json};

use super::browser::Browser;
use testkit::province::Province;

const SERVICES: &str = include_str!("../../../../config/templates/village-services.toml");

async fn with_services() -> (Province, String) {
    let province = Province::start().await;
    let tokens = province.administrators().await;
    for (login, role) in [("author", "template-author"), ("clerk", "official")] {
        province.person(&tokens, login, &[role]).await;
    }
    let clerk = province.token("clerk").await;
    let template =
        json!({ "kind": "service", "name": "services", "title": "办事事项", "content": SERVICES });
    province.issue(template).await;
    (province, clerk)
}

fn codes(found: &Value) -> Vec<&str> {
    let missing = found["missing"].as_array().unwrap();
    missing.iter().map(|code| code.as_str().unwrap()).collect()
}

/// R-P28: the guide tells what to bring in which form, by when, for what, and what it rests on.
#[tokio::test]
async fn the_guide_tells_materials_promise_fee_and_article_by_the_template() {
    let (province, _) = with_services().await;
    let promises = province.get("promises").send().await.expect(200).json;
    let all = promises["categories"].as_array().unwrap();
    let relief = all
        .iter()
        .find(|one| one["code"] == "service/relief")
        .unwrap();
    assert_eq!(relief["materials"][0]["form"], "shown");
    assert_eq!(relief["promised"]["en"], "5 working days");
    assert_eq!(relief["departments"], json!(["民政"]));
    let mut guest = Browser::new(&province);
    let page = guest.get("/services?lang=zh").await.expect(200);
    for word in [
        "身份证（原件核对后退还）",
        "5 个工作日",
        "不收费",
        "国发〔2014〕47号",
        "窗口领取",
    ] {
        assert!(page.text.contains(word), "{word}: {}", page.text);
    }
    // The promise is a clock like those of policy.
    let explained = province.get("policy").send().await.expect(200).json;
    let all = explained["categories"].as_array().unwrap();
    let relief = all
        .iter()
        .find(|one| one["code"] == "service/relief")
        .unwrap();
    let lines = relief["lines"].as_array().unwrap().iter();
    let mut promised = lines.filter(|line| line["template"] == "330000000000/service/services");
    let line = promised.next().unwrap();
    assert_eq!(
        (&line["stage"], &line["value"]["time"]),
        (&json!("finish"), &json!("5wd"))
    );
    province.host.stop().await;
}

/// R-P28: all that is missing is told in writing, once.
#[tokio::test]
async fn what_is_missing_is_told_in_writing_once_and_never_more() {
    let (province, clerk) = with_services().await;
    let report = json!({ "category": "service/relief", "text": "申请临时救助", "channel": "service", "class": "personal" });
    let sent = province
        .post("matters")
        .by(&clerk)
        .body(report)
        .send()
        .await;
    let id = sent.expect(201).text("id");
    let path = format!("matters/{id}/materials");
    let list = province.get(&path).by(&clerk).send().await.expect(200).json;
    assert_eq!(
        (&list["checks"], list["asked"].as_array().unwrap().len()),
        (&json!(0), 4)
    );
    let check = async |there: &[&str]| {
        let sent = province.post(&path).by(&clerk);
        sent.body(json!({ "there": there })).send().await
    };
    check(&["passport"]).await.expect(422);
    let first = check(&["identity-card", "household-book"])
        .await
        .expect(200)
        .json;
    assert_eq!(codes(&first), ["application", "consent"]);
    let remarks = async || {
        let seen = province
            .get(&format!("matters/{id}"))
            .by(&clerk)
            .send()
            .await;
        let steps = seen.expect(200).json["steps"].clone();
        let steps = steps.as_array().unwrap().iter();
        steps
            .filter(|step| step.to_string().contains("一次性告知"))
            .count()
    };
    assert_eq!(remarks().await, 1);
    // The same again tells nothing again; something that was there is never missing later.
    check(&["identity-card", "household-book"])
        .await
        .expect(200);
    assert_eq!(remarks().await, 1);
    let more = check(&["application", "consent"]).await.expect(422);
    assert!(
        more.json.to_string().contains("identity-card"),
        "{}",
        more.json
    );

    let mut browser = Browser::signed_in(&province, "clerk").await;
    let matter = browser.get(&format!("/desk/m/{id}")).await.expect(200);
    assert!(matter.text.contains(&format!("/desk/m/{id}/materials")));
    let at = format!("/desk/m/{id}/materials");
    let form = browser.get(&at).await.expect(200);
    assert!(
        form.text.contains("value=\"identity-card\" checked"),
        "{}",
        form.text
    );
    let (csrf, key) = (form.field("csrf"), form.field("key"));
    let mut fields = vec![("csrf", &*csrf), ("key", &*key)];
    for code in ["identity-card", "household-book", "application", "consent"] {
        fields.push(("there", code));
    }
    browser.send(&at, &fields).await.expect(303);
    let done = browser.get(&at).await.expect(200);
    assert!(done.text.contains("材料齐全"), "{}", done.text);

    // What no template says needs nothing.
    let other = province.report(&clerk).await;
    let none = province
        .get(&format!("matters/{other}/materials"))
        .by(&clerk)
        .send()
        .await;
    assert_eq!(none.expect(200).json["asked"], json!([]));
    let sent = province
        .post(&format!("matters/{other}/materials"))
        .by(&clerk);
    sent.body(json!({ "there": [] })).send().await.expect(422);
    province.host.stop().await;
}

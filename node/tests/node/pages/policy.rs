//! The policy in force, line by line.

use serde_json::Value;

use testkit::province::Province;

#[tokio::test]
async fn every_number_of_policy_has_its_line_in_words_for_everybody() {
    let province = Province::start().await;
    let policy = province.get("policy").send().await.expect(200).json;
    let limits = policy["limits"].as_array().unwrap();
    let of = |subject: &str| -> &Value {
        let mut found = limits.iter().filter(|line| line["subject"] == subject);
        found.next().unwrap()
    };
    // What the shipped text says, at the line where it says it.
    let lines: Vec<&str> = wujitong::domain::policy::SHIPPED.lines().collect();
    for (subject, name) in [
        ("contest-days", "contest_days"),
        ("warn-percent", "warn_percent"),
    ] {
        let line = of(subject);
        let text = lines[line["line"].as_u64().unwrap() as usize - 1];
        let count = line["value"]["count"].to_string();
        assert!(
            text.contains(name) && text.contains(&count),
            "{line}: {text}"
        );
        assert!(line["issuer"].is_null(), "{line}");
    }
    let categories = policy["categories"].as_array().unwrap();
    let rubbish = categories
        .iter()
        .find(|one| one["code"] == "enforcement/rubbish");
    let times = rubbish.unwrap()["lines"].as_array().unwrap();
    let time = times
        .iter()
        .find(|line| line["subject"] == "time" && line["stage"] == "finish");
    let time = time.unwrap();
    assert_eq!(time["holds"], true);
    let text = lines[time["line"].as_u64().unwrap() as usize - 1];
    let said = time["value"]["time"].as_str().unwrap();
    assert!(text.contains(said), "{time}: {text}");
    let one = province
        .get("/policy?category=enforcement%2Frubbish&lang=zh")
        .send()
        .await;
    let one = one.expect(200);
    let shown = String::from_utf8(one.body.to_vec()).unwrap();
    let line = format!("第 {} 行", time["line"]);
    assert!(shown.contains(&line), "{line}: {shown}");
    for (language, words) in [
        ("zh", ["现行规定", "程序自带的规定"]),
        ("en", ["Policy in force", "the policy shipped"]),
    ] {
        let page = province.get(&format!("/policy?lang={language}")).send();
        let page = page.await.expect(200);
        let text = String::from_utf8(page.body.to_vec()).unwrap();
        for word in words {
            assert!(text.contains(word), "{language}: {word}");
        }
    }
    province.host.stop().await;
}

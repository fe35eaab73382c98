//! People without an account: what everybody may do at a node.

use serde_json::{Value, json};

use testkit::province::Province;

fn snapshot() -> Value {
    json!({ "category": "enforcement/lighting", "text": "路灯不亮", "channel": "snapshot", "slip": true })
}

#[tokio::test]
async fn a_report_needs_no_account_and_its_slip_opens_it() {
    let province = Province::start().await;
    let tokens = province.administrators().await;
    let reported = province.post("matters").body(snapshot()).send().await;
    let reported = reported.expect(201);
    let (id, slip) = (reported.text("id"), reported.text("token"));
    let own = province.get(&format!("matters/{id}"));
    let own = own.with("reporter-token", &slip).send().await.expect(200);
    assert_eq!(own.json["priority"], "normal", "{own:?}");
    province
        .get(&format!("matters/{id}"))
        .send()
        .await
        .expect(401);
    province.get("matters").send().await.expect(401);
    for (field, value, status) in [
        ("channel", json!("grid"), 422),
        ("channel", json!("sensor"), 422),
        ("channel", json!("hotline"), 401),
        ("priority", json!("emergency"), 401),
        ("escalate_to", json!("33"), 401),
        ("text", json!(""), 422),
    ] {
        let mut report = snapshot();
        report[field] = value;
        let refused = province.post("matters").body(report).send().await;
        assert_eq!(refused.code(), status, "{field}: {refused:?}");
    }
    let page = province.get("audit?limit=1000").by(&tokens["aud"]);
    let page = page.send().await.expect(200);
    let entries = page.json["entries"].as_array().unwrap();
    let reports = entries
        .iter()
        .filter(|entry| entry["permission"] == "report" && entry["actor"] == "reporter");
    assert_eq!(reports.count(), 1, "nothing that was refused is in it");
    province.host.stop().await;
}

#[tokio::test]
async fn a_report_without_an_account_is_made_once_under_its_key() {
    let province = Province::start().await;
    let hand_in = |text: &str| {
        let mut report = snapshot();
        report["text"] = json!(text);
        let ask = province.post("matters").with("idempotency-key", "7f3a");
        ask.body(report).send()
    };
    let first = hand_in("路灯不亮").await.expect(201);
    let again = hand_in("路灯不亮").await.expect(201);
    assert_eq!(again.json["id"], first.json["id"]);
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!(again.text("token"), "shown-once");
    hand_in("另一件事").await.expect(422);
    province.host.stop().await;
}

#[tokio::test]
async fn who_reports_or_tries_slips_too_often_waits() {
    let more = "[limits]\nlogins_per_address_min = 1\nreports_per_address_min = 2\n";
    let province = Province::start_with(more).await;
    for _ in 0..2 {
        let reported = province.post("matters").body(snapshot()).send().await;
        reported.expect(201);
    }
    let third = province.post("matters").body(snapshot()).send().await;
    assert!(!third.expect(429).header("retry-after").is_empty());
    // A page with a slip makes several requests, so a login counts for twenty of them (web::rate_limits).
    // While these are sent some places come free again, hence more guesses than places.
    let mut codes = vec![];
    for number in 0..60 {
        let slip = format!("wjr_{number:032}");
        let guess = province.get("matters/33-1-1").with("reporter-token", &slip);
        codes.push(guess.send().await.code());
        if codes.last() == Some(&429) {
            break;
        }
    }
    let (last, before) = codes.split_last().expect("at least one guess");
    assert_eq!(*last, 429, "{codes:?}");
    assert!(
        before.len() >= 20 && before.iter().all(|code| *code == 401),
        "{codes:?}"
    );
    province.host.stop().await;
}

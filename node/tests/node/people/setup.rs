//! The first start: a setup code opens the account of a missing administrator, once.

use std::time::Duration;

use http::Method;
use serde_json::json;

use testkit::{
    asking::Answer,
    province::{PASSWORD, Province},
};

async fn made(province: &Province, role: &str) -> Answer {
    let make = province.socket(Method::POST, "setup-codes");
    make.body(json!({ "role": role })).send().await
}

async fn opened(province: &Province, code: &str, login: &str, password: &str) -> Answer {
    let person = json!({ "code": code, "login": login, "name": "王五", "password": password });
    province.post("setup").body(person).send().await
}

#[tokio::test]
async fn a_setup_code_opens_one_account_and_only_the_newest_counts() {
    let province = Province::start().await;
    for role in ["security-administrator", "official"] {
        made(&province, role).await.expect(403);
    }
    let old = made(&province, "system-administrator").await.expect(201);
    let old = old.text("code");
    let code = made(&province, "system-administrator").await.expect(201);
    let code = code.text("code");
    assert!(code.starts_with("wjo_") && code.len() == 36, "{code}");
    for wrong in [&*old, &format!("wjo_{}", "0".repeat(32))] {
        let refused = opened(&province, wrong, "sys", PASSWORD).await.expect(403);
        assert_eq!(refused.problem(), "wrong-setup-code");
    }
    // What is refused for another reason leaves the code as it was.
    opened(&province, &code, "sys", "short").await.expect(422);
    opened(&province, &code, "S Y S", PASSWORD)
        .await
        .expect(422);
    let account = opened(&province, &code, "sys", PASSWORD).await.expect(201);
    assert_eq!(account.json["roles"], json!(["system-administrator"]));
    opened(&province, &code, "sys2", PASSWORD).await.expect(403);
    let sys = province.token("sys").await;
    // The next administrators are missing, this one is not any more; and nobody but the owner makes codes.
    made(&province, "system-administrator").await.expect(403);
    let own = province.post("setup-codes").by(&sys);
    let own = own.body(json!({ "role": "audit-administrator" })).send();
    own.await.expect(403);
    let next = made(&province, "audit-administrator").await.expect(201);
    let next = next.text("code");
    opened(&province, &next, "aud", PASSWORD).await.expect(201);
    let aud = province.token("aud").await;
    let trail = province.get("audit?limit=1000").by(&aud).send().await;
    let trail = trail.expect(200).json["entries"].to_string();
    assert!(
        trail.contains("roles: system-administrator, by setup code"),
        "{trail}"
    );
    assert!(
        trail.contains("setup code for system-administrator"),
        "{trail}"
    );
    assert!(trail.contains("stranger"), "{trail}");
    assert!(!trail.contains(&code[4..]), "{trail}");
    province.host.stop().await;
}

#[tokio::test]
async fn a_setup_code_ends_after_a_day_and_its_guesses_count_as_logins() {
    let province = Province::start_with("[limits]\nlogins_per_address_min = 3\n").await;
    let code = made(&province, "system-administrator").await.expect(201);
    let code = code.text("code");
    province.clock.shift(Duration::from_secs(24 * 3_600));
    opened(&province, &code, "sys", PASSWORD).await.expect(403);
    let mut last = 403;
    for _ in 0..8 {
        last = opened(&province, "wjo_00", "sys", PASSWORD).await.code();
    }
    assert_eq!(last, 429);
    province.host.stop().await;
}

#[tokio::test]
async fn the_first_account_is_opened_on_a_page() {
    let province = Province::start().await;
    let page = province.get("/setup").send().await.expect(200);
    let text = String::from_utf8(page.body.to_vec()).unwrap();
    assert!(text.contains("wujitong account setup-code"), "{text}");
    let code = made(&province, "system-administrator").await.expect(201);
    let code = code.text("code");
    let fields = |code: &'_ str| {
        [
            ("code".to_owned(), code.to_owned()),
            ("login".to_owned(), "sys".to_owned()),
            ("name".to_owned(), "王五".to_owned()),
            ("new_password".to_owned(), PASSWORD.to_owned()),
        ]
    };
    let send = async |code: &str| {
        let fields = fields(code);
        let fields: Vec<_> = fields
            .iter()
            .map(|(name, value)| (&**name, &**value))
            .collect();
        province.form("/setup", &fields).send().await
    };
    let wrong = send(&format!("wjo_{}", "0".repeat(32))).await.expect(403);
    let text = String::from_utf8(wrong.body.to_vec()).unwrap();
    assert!(
        text.contains("开户码不对") && text.contains("value=\"sys\""),
        "{text}"
    );
    assert!(!text.contains(PASSWORD), "{text}");
    let done = send(&code).await.expect(303);
    assert_eq!(done.header("location"), "/sign-in?opened=sys");
    province.token("sys").await;
    // Another site sends nothing here.
    let forged = province
        .post("/setup")
        .with("origin", "http://evil.example");
    let forged = forged.with("content-type", "application/x-www-form-urlencoded");
    forged.raw("code=x").send().await.expect(403);
    province.host.stop().await;
}

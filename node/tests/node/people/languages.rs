//! Problems are told in the language that the caller asks for, over the API and on pages.

use http::Method;
use serde_json::{Value, json};

use testkit::{asking::Answer, province::Province};

fn is_chinese(text: &str) -> bool {
    let chinese = |c: &char| ('\u{3400}'..='\u{9fff}').contains(c);
    text.chars().filter(chinese).count() >= 4
}

/// A request that is refused: method, path, token, body.
type Refused<'a> = (Method, String, &'a str, Value);

/// Checks that a refusal is told in the language that is asked for. Returns its problem code.
async fn is_told_in_both(province: &Province, asked: &Refused<'_>) -> String {
    let (method, path, token, body) = asked;
    let send = async |language: &str| -> Answer {
        let mut ask = match *method {
            Method::POST => province.post(path),
            Method::DELETE => province.delete(path),
            _ => province.get(path),
        };
        if !token.is_empty() {
            ask = ask.by(token);
        }
        if !body.is_null() {
            ask = ask.body(body.clone());
        }
        if !language.is_empty() {
            ask = ask.with("accept-language", language);
        }
        ask.send().await
    };
    let plain = send("").await;
    assert!(plain.code() >= 400, "{path}: {plain:?}");
    assert_eq!(plain.header("content-language"), "en", "{path}");
    assert!(!is_chinese(&plain.text("title")), "{plain:?}");
    let chinese = send("de, zh-CN;q=0.9, en;q=0.5").await;
    assert_eq!(chinese.header("content-language"), "zh-CN", "{path}");
    assert!(chinese.header("vary").contains("Accept-Language"), "{path}");
    assert_eq!(chinese.problem(), plain.problem(), "{path}");
    assert_eq!(chinese.code(), plain.code(), "{path}");
    assert!(is_chinese(&chinese.text("detail")), "{path}: {chinese:?}");
    assert!(is_chinese(&chinese.text("title")), "{path}: {chinese:?}");
    assert_eq!(
        chinese.json["hint"].is_null(),
        plain.json["hint"].is_null(),
        "{path}: {chinese:?}"
    );
    let english = send("en-GB, zh;q=0.5").await;
    assert_eq!(english.text("detail"), plain.text("detail"), "{path}");
    plain.problem().to_owned()
}

#[tokio::test]
async fn every_kind_of_refusal_is_told_in_chinese_and_in_english() {
    let province = Province::start().await;
    let tokens = province.administrators().await;
    let clerk = province.person(&tokens, "zhang.san", &["official"]).await;
    let (clerk, sys) = (&*clerk, &*tokens["sys"]);
    let acts = format!("matters/{}/actions", province.report(clerk).await);
    let get = |path: &str, by| (Method::GET, path.to_owned(), by, json!(null));
    let post = |path: &str, by, body| (Method::POST, path.to_owned(), by, body);
    let report = |category, text| json!({ "category": category, "text": text });
    let account = |login| json!({ "login": login, "name": "x", "password": "long enough 1" });
    let asked: Vec<Refused<'_>> = vec![
        // Who is it, and may they?
        get("matters", ""),
        get("accounts", clerk),
        post("session", "", json!({ "login": "x.y", "password": "no" })),
        // What is typed wrong?
        get("matters?limit=0", clerk),
        get("matters?status=nonsense", clerk),
        get("matters/77", clerk),
        post("matters", clerk, report("no/such", "x")),
        post("matters", clerk, report("service/other", " ")),
        post("matters", clerk, json!({ "no": "such" })),
        // What do the rules refuse?
        post(&acts, clerk, json!({ "action": "verify" })),
        post(&acts, clerk, json!({ "action": "nonsense" })),
        // What is not there?
        get("/v1/no/such/path", clerk),
        get("/v1/nodes/99/matters", ""),
        (Method::DELETE, "/v1/problems".to_owned(), "", json!(null)),
        // What do people refuse?
        post("accounts", sys, account("A B")),
        post("accounts", sys, account("zhang.san")),
    ];
    let mut seen = std::collections::BTreeSet::new();
    for refused in &asked {
        seen.insert(is_told_in_both(&province, refused).await);
    }
    assert!(seen.len() >= 7, "{seen:?}");
    province.host.stop().await;
}

#[tokio::test]
async fn a_page_tells_a_problem_in_its_own_language() {
    let province = Province::start().await;
    for (language, words) in [("zh", "用户名或密码不对"), ("en", "do not open an account")]
    {
        let form = province.form(
            "/sign-in",
            &[("login", "nobody"), ("password", "wrong wrong")],
        );
        let form = form.with("cookie", &format!("view={language}.standard.auto.usual"));
        let page = form.send().await.expect(401);
        let text = String::from_utf8(page.body.to_vec()).unwrap();
        assert!(text.contains(words), "{language}: {text}");
    }
    province.host.stop().await;
}

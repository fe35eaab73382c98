//! Problems are told in the language that the caller asks for, over the API and on pages.

use http::Method;
use serde_json::json;

use testkit::{asking::Answer, province::Province};

fn is_chinese(text: &str) -> bool {
    let chinese = |c: &char| ('\u{3400}'..='\u{9fff}').contains(c);
    text.chars().filter(chinese).count() >= 4
}

#[tokio::test]
async fn every_kind_of_refusal_is_told_in_chinese_and_in_english() {
    let province = Province::start().await;
    let tokens = province.administrators().await;
    let clerk = province.person(&tokens, "zhang.san", &["official"]).await;
    let matter = province.report(&clerk).await;
    let action = |text| json!({ "action": text });
    let asked = [
        // Who is it, and may they?
        ("GET", "matters".to_owned(), "", json!(null)),
        ("GET", "accounts".to_owned(), &*clerk, json!(null)),
        (
            "POST",
            "session".to_owned(),
            "",
            json!({ "login": "x.y", "password": "no" }),
        ),
        // What is typed wrong?
        ("GET", "matters?limit=0".to_owned(), &*clerk, json!(null)),
        (
            "GET",
            "matters?status=nonsense".to_owned(),
            &*clerk,
            json!(null),
        ),
        ("GET", "matters/77".to_owned(), &*clerk, json!(null)),
        (
            "POST",
            "matters".to_owned(),
            &*clerk,
            json!({ "category": "no/such", "text": "x" }),
        ),
        (
            "POST",
            "matters".to_owned(),
            &*clerk,
            json!({ "category": "service/other", "text": " " }),
        ),
        (
            "POST",
            "matters".to_owned(),
            &*clerk,
            json!({ "no": "such" }),
        ),
        // What do the rules refuse?
        (
            "POST",
            format!("matters/{matter}/actions"),
            &*clerk,
            action("verify"),
        ),
        (
            "POST",
            format!("matters/{matter}/actions"),
            &*clerk,
            action("nonsense"),
        ),
        // What is not there?
        ("GET", "/v1/no/such/path".to_owned(), &*clerk, json!(null)),
        ("GET", "/v1/nodes/99/matters".to_owned(), "", json!(null)),
        ("DELETE", "/v1/problems".to_owned(), "", json!(null)),
        // What do people refuse?
        (
            "POST",
            "accounts".to_owned(),
            &*tokens["sys"],
            json!({ "login": "A B", "name": "x", "password": "long enough 1" }),
        ),
        (
            "POST",
            "accounts".to_owned(),
            &*tokens["sys"],
            json!({ "login": "zhang.san", "name": "x", "password": "long enough 1" }),
        ),
    ];
    let mut seen = std::collections::BTreeSet::new();
    for (method, path, token, body) in asked {
        let send = async |language: &str| -> Answer {
            let method: Method = method.parse().unwrap();
            let mut ask = match method {
                Method::POST => province.post(&path),
                Method::DELETE => province.delete(&path),
                _ => province.get(&path),
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
        seen.insert(plain.problem().to_owned());
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

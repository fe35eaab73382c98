//! R-N5: open sessions, first passwords, and what administrators see of sign-ins: their last day.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use testkit::province::{PASSWORD, Province};

const FIREFOX: &str =
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:133.0) Gecko/20100101 Firefox/133.0";
const OWN: &str = "县里的水电站又发电了";

/// Signs in with a browser that calls itself this.
async fn token_with(province: &Province, login: &str, browser: &str) -> String {
    let asked = province.login(login, PASSWORD).with("user-agent", browser);
    asked.send().await.expect(201).text("token")
}

async fn sessions(province: &Province, token: &str) -> Vec<Value> {
    let told = province.get("sessions").by(token).send().await.expect(200);
    told.json["sessions"].as_array().unwrap().clone()
}

#[tokio::test]
async fn r_n5_a_person_sees_where_they_are_signed_in_and_ends_one_or_all_others() {
    let province = Province::start().await;
    let tokens = province.administrators().await;
    province.person(&tokens, "zhang.san", &["official"]).await;
    let office = token_with(&province, "zhang.san", FIREFOX).await;
    let odd = token_with(&province, "zhang.san", "\u{202e}<script>").await;
    let phone = province.token("zhang.san").await;
    let open = sessions(&province, &office).await;
    // That of `person` is the fourth.
    assert_eq!(open.len(), 4, "{open:?}");
    let own: Vec<_> = open.iter().filter(|one| one["present"] == true).collect();
    assert_eq!(own.len(), 1, "{open:?}");
    assert_eq!(own[0]["device"], "Firefox 133, Windows");
    assert_eq!(own[0]["way"], "password");
    assert_eq!(own[0]["used_day"].as_str().unwrap().len(), 10);
    let devices: Vec<_> = open.iter().map(|one| &one["device"]).collect();
    assert!(
        devices.contains(&&json!("\\u{202e}<script>")),
        "{devices:?}"
    );
    let text = format!("{open:?}");
    assert!(!text.contains(&office[4..]), "no token is shown");

    let of_phone = sessions(&province, &phone).await;
    let of_phone = of_phone.iter().find(|one| one["present"] == true).unwrap();
    let path = format!("sessions/{}", of_phone["id"].as_str().unwrap());
    let other = province.token("sec").await;
    province.delete(&path).by(&other).send().await.expect(404);
    province.get("session").by(&phone).send().await.expect(200);
    province.delete(&path).by(&office).send().await.expect(204);
    province.get("session").by(&phone).send().await.expect(401);
    province.delete(&path).by(&office).send().await.expect(404);
    assert_eq!(sessions(&province, &office).await.len(), 3);

    province
        .delete("sessions")
        .by(&office)
        .send()
        .await
        .expect(204);
    province.get("session").by(&odd).send().await.expect(401);
    province.get("session").by(&office).send().await.expect(200);
    assert_eq!(sessions(&province, &office).await.len(), 1);
    // A session that has ended by itself is not listed.
    let fifty_minutes = Duration::from_secs(3_000);
    province.clock.shift(fifty_minutes);
    province.get("session").by(&office).send().await.expect(200);
    let late = token_with(&province, "zhang.san", FIREFOX).await;
    province.clock.shift(fifty_minutes);
    province.get("session").by(&late).send().await.expect(200);
    province.clock.shift(fifty_minutes / 2);
    assert_eq!(sessions(&province, &late).await.len(), 1);
    province.host.stop().await;
}

#[tokio::test]
async fn r_n5_an_administrator_ends_all_sessions_of_somebody_and_sees_the_last_day_alone() {
    let province = Province::start().await;
    let tokens = province.administrators().await;
    let official = province.person(&tokens, "zhang.san", &["official"]).await;
    let all = |by: &str, whose: &str| {
        let path = format!("accounts/{whose}/sessions");
        province.delete(&path).by(by).send()
    };
    // As for closing: not one's own, no other administrator's, and by nobody else.
    all(&tokens["sec"], "zhang.san").await.expect(403);
    all(&official, "zhang.san").await.expect(403);
    all(&tokens["sys"], "sys").await.expect(403);
    all(&tokens["sys"], "aud").await.expect(403);
    province
        .get("session")
        .by(&official)
        .send()
        .await
        .expect(200);
    all(&tokens["sys"], "zhang.san").await.expect(204);
    province
        .get("session")
        .by(&official)
        .send()
        .await
        .expect(401);

    let shown = async |by: &str| {
        let one = province.get("accounts/zhang.san").by(by).send().await;
        let list = province.get("accounts").by(by).send().await.expect(200);
        let listed = list.json["accounts"].as_array().unwrap();
        let listed = listed.iter().find(|one| one["login"] == "zhang.san");
        assert_eq!(listed, Some(&one.json));
        one.json
    };
    let seen = shown(&tokens["sys"]).await;
    let day = seen["last_sign_in_day"].as_str().unwrap();
    assert_eq!((day.len(), day.matches('-').count()), (10, 2), "{day}");
    let text = seen.to_string();
    assert!(!text.contains("device") && !text.contains("used"), "{text}");
    // Whoever grants roles learns nothing of it.
    assert_eq!(shown(&tokens["sec"]).await["last_sign_in_day"], Value::Null);
    province.clock.shift(Duration::from_secs(3 * 86_400));
    let sys = province.token("sys").await;
    assert_eq!(shown(&sys).await["last_sign_in_day"], day);
    province.token("zhang.san").await;
    assert_ne!(shown(&sys).await["last_sign_in_day"], day);
    province.host.stop().await;
}

#[tokio::test]
async fn a_password_of_somebody_else_opens_nothing_but_setting_ones_own() {
    let province = Province::start().await;
    let tokens = province.administrators().await;
    let before = province.person(&tokens, "zhang.san", &["official"]).await;
    let id = province.report(&before).await;
    let reset = province
        .put("accounts/zhang.san/password")
        .by(&tokens["sys"])
        .body(json!({ "new": PASSWORD }));
    reset.send().await.expect(204);
    let entered = province
        .login("zhang.san", PASSWORD)
        .send()
        .await
        .expect(201);
    assert_eq!(entered.json["must_change_password"], true);
    let first = entered.text("token");
    let who = province.get("session").by(&first).send().await.expect(200);
    assert_eq!(who.json["must_change_password"], true);
    assert_eq!(who.json["permissions"], json!(["enter", "own-password"]));
    // The gate refuses everything else, reading and writing, own and others', also what nobody needs an account for.
    for (method, path) in [
        (Method::GET, "matters".to_owned()),
        (Method::GET, format!("matters/{id}")),
        (Method::POST, "matters".to_owned()),
        (Method::GET, "sessions".to_owned()),
        (Method::DELETE, "sessions".to_owned()),
        (Method::GET, "saved-lists".to_owned()),
        (Method::GET, "accounts".to_owned()),
        (Method::GET, "events".to_owned()),
    ] {
        let body = testkit::province::lamp();
        let refused = match method {
            Method::POST => province.post(&path).by(&first).body(body).send().await,
            Method::DELETE => province.delete(&path).by(&first).send().await,
            _ => province.get(&path).by(&first).send().await,
        };
        assert_eq!(refused.code(), 403, "{path}");
        assert_eq!(refused.problem(), "password-must-change", "{path}");
    }
    let change = |old: &str, new: &str| {
        let ask = province.put("accounts/zhang.san/password").by(&first);
        ask.body(json!({ "old": old, "new": new })).send()
    };
    let others = province.put("accounts/sec/password").by(&first);
    let others = others.body(json!({ "new": OWN })).send().await.expect(403);
    assert_eq!(others.problem(), "password-must-change");
    change("not the password", OWN).await.expect(401);
    let same = change(PASSWORD, PASSWORD).await.expect(422);
    assert!(same.text("detail").contains("present one"), "{same:?}");
    change(PASSWORD, OWN).await.expect(204);
    province.get("session").by(&first).send().await.expect(401);
    let own = province.login("zhang.san", OWN).send().await.expect(201);
    assert_eq!(own.json["must_change_password"], Value::Null);
    let own = own.text("token");
    province.get("matters").by(&own).send().await.expect(200);
    // Signing out needs no own password.
    let reset = province.token("sys").await;
    let reset = province.put("accounts/zhang.san/password").by(&reset);
    reset
        .body(json!({ "new": PASSWORD }))
        .send()
        .await
        .expect(204);
    let again = province.token("zhang.san").await;
    province
        .delete("session")
        .by(&again)
        .send()
        .await
        .expect(204);
    province.get("session").by(&again).send().await.expect(401);
    province.host.stop().await;
}

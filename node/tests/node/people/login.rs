//! Sessions: how they begin and end, over TCP and the socket, with token and cookie.

use std::time::Duration;

use http::Method;
use serde_json::json;

use testkit::province::{PASSWORD, Province, account, lamp};

const HOUR: Duration = Duration::from_secs(3_600);

#[tokio::test]
async fn the_owner_does_everything_until_the_first_account_and_then_only_runs_the_node() {
    let province = Province::start().await;
    let report = || province.socket(Method::POST, "matters").body(lamp()).send();
    report().await.expect(201);
    for roles in [&["official"][..], &[]] {
        let first = province
            .socket(Method::POST, "accounts")
            .body(account("zs", roles));
        assert_eq!(first.send().await.expect(403).problem(), "not-allowed");
    }
    let tokens = province.administrators().await;
    assert_eq!(report().await.expect(403).problem(), "not-allowed");
    province
        .socket(Method::GET, "/v1/status")
        .send()
        .await
        .expect(200);
    let second = province
        .socket(Method::POST, "accounts")
        .body(account("sys2", &["system-administrator"]));
    second.send().await.expect(403);
    let official = province.person(&tokens, "zhang.san", &["official"]).await;
    let over_socket = province
        .socket(Method::POST, "matters")
        .by(&official)
        .body(lamp());
    over_socket.send().await.expect(201);
    province
        .socket(Method::GET, "audit")
        .send()
        .await
        .expect(403);
    province.host.stop().await;
}

#[tokio::test]
async fn nobody_gets_in_over_tcp_without_a_token_and_a_token_ends_with_the_logout() {
    let province = Province::start().await;
    for path in ["matters", "session", "accounts", "audit", "/v1/status"] {
        let nobody = province.get(path).send().await.expect(401);
        assert_eq!(nobody.problem(), "not-logged-in");
        assert!(nobody.header("www-authenticate").starts_with("Bearer"));
    }
    let tokens = province.administrators().await;
    let official = province.person(&tokens, "zhang.san", &["official"]).await;
    province
        .get("matters")
        .by(&official)
        .send()
        .await
        .expect(200);
    let me = province
        .get("session")
        .by(&official)
        .send()
        .await
        .expect(200);
    assert_eq!(me.json["account"]["login"], "zhang.san");
    assert!(
        me.json["permissions"]
            .as_array()
            .unwrap()
            .contains(&json!("accept"))
    );
    province
        .delete("session")
        .by(&official)
        .send()
        .await
        .expect(204);
    province
        .get("matters")
        .by(&official)
        .send()
        .await
        .expect(401);
    for bad in [
        "wjs_00000000000000000000000000000000",
        "x",
        "wjr_00000000000000000000000000000000",
    ] {
        province.get("matters").by(bad).send().await.expect(401);
    }
    province.host.stop().await;
}

#[tokio::test]
async fn a_session_survives_a_restart_and_ends_by_rest_by_age_by_new_roles_and_by_closing() {
    let province = Province::start().await;
    let tokens = province.administrators().await;
    let official = province.person(&tokens, "zhang.san", &["official"]).await;
    let province = province.restart().await;
    province
        .get("matters")
        .by(&official)
        .send()
        .await
        .expect(200);
    for _ in 0..12 {
        province.clock.shift(HOUR - Duration::from_secs(60));
        province
            .get("matters")
            .by(&official)
            .send()
            .await
            .expect(200);
    }
    province.clock.shift(HOUR - Duration::from_secs(1));
    province
        .get("matters")
        .by(&official)
        .send()
        .await
        .expect(401);
    let rested = province.token("zhang.san").await;
    province.clock.shift(HOUR);
    province.get("matters").by(&rested).send().await.expect(401);
    let sec = province.token("sec").await;
    let before = province.token("zhang.san").await;
    let roles = province
        .put("accounts/zhang.san/roles")
        .by(&sec)
        .body(json!({ "roles": ["dispatcher"] }));
    roles.send().await.expect(200);
    province.get("matters").by(&before).send().await.expect(401);
    let after = province.token("zhang.san").await;
    let sys = province.token("sys").await;
    let close = province
        .patch("accounts/zhang.san")
        .by(&sys)
        .body(json!({ "disabled": true }));
    close.send().await.expect(200);
    province.get("matters").by(&after).send().await.expect(401);
    assert_eq!(
        province
            .login("zhang.san", PASSWORD)
            .send()
            .await
            .expect(401)
            .problem(),
        "wrong-login-or-password"
    );
    province.host.stop().await;
}

#[tokio::test]
async fn wrong_unknown_and_closed_look_alike_and_lock_alike_even_after_a_restart() {
    let province = Province::start().await;
    let tokens = province.administrators().await;
    province.person(&tokens, "zhang.san", &["official"]).await;
    let mut seen = vec![];
    for login in ["zhang.san", "nobody"] {
        let mut answers = vec![];
        for _ in 0..7 {
            let wrong = province.login(login, "not the password").send().await;
            answers.push((wrong.code(), wrong.problem().to_owned()));
        }
        seen.push(answers);
    }
    assert_eq!(seen[0], seen[1]);
    assert_eq!(seen[0][5].0, 401);
    assert_eq!(seen[0][6], (429, "locked-for-a-while".to_owned()));
    // The owner of the machine is no stranger's prisoner: the wait is of who tried, not of the account.
    let here = json!({ "login": "zhang.san", "password": PASSWORD });
    let at_home = province.socket(Method::POST, "session").body(here);
    at_home.send().await.expect(201);
    let province = province.restart().await;
    province
        .login("zhang.san", PASSWORD)
        .send()
        .await
        .expect(429);
    province.clock.shift(Duration::from_secs(61));
    province
        .login("zhang.san", PASSWORD)
        .send()
        .await
        .expect(201);
    province
        .login("zhang.san", "not the password")
        .send()
        .await
        .expect(401);
    province.host.stop().await;
}

#[tokio::test]
async fn a_stranger_behind_a_proxy_slows_their_own_address_and_nobody_else() {
    let province = Province::start_with("proxies = ['127.0.0.1']\n").await;
    let tokens = province.administrators().await;
    province.person(&tokens, "zhang.san", &["official"]).await;
    let from = |address: &str, password: &str| {
        let ask = province.login("zhang.san", password);
        ask.with("x-forwarded-for", address).send()
    };
    for _ in 0..7 {
        from("203.0.113.9", "not the password").await;
    }
    let stranger = from("203.0.113.9", PASSWORD).await.expect(429);
    assert_eq!(stranger.problem(), "locked-for-a-while");
    from("198.51.100.7", PASSWORD).await.expect(201);
    // What the caller wrote before the proxy did does not count.
    let pretends = "198.51.100.7, 203.0.113.9";
    from(pretends, PASSWORD).await.expect(429);
    let page = province.get("audit?limit=1000").by(&tokens["aud"]).send();
    let page = page.await.expect(200).json;
    let lines = page["entries"].as_array().unwrap();
    let wrong = lines
        .iter()
        .filter(|line| line["ending"] == "wrong-password");
    assert!(wrong.clone().count() >= 6);
    assert!(wrong.clone().all(|line| line["whence"] == "203.0.113.9"));
    province.host.stop().await;
}

#[tokio::test]
async fn a_password_is_the_same_however_a_keyboard_sends_its_letters() {
    let province = Province::start().await;
    let tokens = province.administrators().await;
    province.person(&tokens, "zhang.san", &["official"]).await;
    let composed = "caf\u{e9} ｃｈａ 龙游县";
    let decomposed = "cafe\u{301} cha 龙游县";
    let reset = province
        .put("accounts/zhang.san/password")
        .by(&tokens["sys"]);
    let reset = reset.body(json!({ "new": composed }));
    reset.send().await.expect(204);
    province
        .login("zhang.san", decomposed)
        .send()
        .await
        .expect(201);
    province
        .login("zhang.san", composed)
        .send()
        .await
        .expect(201);
    province
        .login("zhang.san", "cafe cha 龙游县")
        .send()
        .await
        .expect(401);
    province.host.stop().await;
}

#[tokio::test]
async fn a_cookie_changes_something_only_for_a_page_of_the_same_host_that_knows_the_session() {
    let province = Province::start().await;
    let tokens = province.administrators().await;
    province.person(&tokens, "zhang.san", &["official"]).await;
    let request = json!({ "login": "zhang.san", "password": PASSWORD, "cookie": true });
    let foreign = province
        .post("session")
        .with("origin", "https://evil.example")
        .body(request.clone());
    assert_eq!(
        foreign.send().await.expect(403).problem(),
        "cross-site-request"
    );
    let login = province
        .post("session")
        .with("origin", "https://localhost")
        .body(request.clone());
    let login = login.send().await.expect(201);
    assert!(login.json.get("token").is_none());
    let set = login.header("set-cookie").to_owned();
    for part in [
        "__Host-session=wjs_",
        "Path=/",
        "Secure",
        "HttpOnly",
        "SameSite=Strict",
    ] {
        assert!(set.contains(part), "{set}");
    }
    let cookie = set.split(';').next().unwrap();
    let csrf = login.text("csrf");
    let report = || province.post("matters").with("cookie", cookie).body(lamp());
    province
        .get("matters")
        .with("cookie", cookie)
        .send()
        .await
        .expect(200);
    for wrong in [
        report(),
        report().with("origin", "https://localhost"),
        report().with("x-csrf-token", &csrf),
        report()
            .with("x-csrf-token", &csrf)
            .with("origin", "https://evil.example"),
        report()
            .with("x-csrf-token", "0")
            .with("origin", "https://localhost"),
    ] {
        assert_eq!(
            wrong.send().await.expect(403).problem(),
            "cross-site-request"
        );
    }
    let right = || {
        report()
            .with("x-csrf-token", &csrf)
            .with("origin", "https://localhost")
    };
    right().send().await.expect(201);
    let again = province
        .post("session")
        .with("cookie", cookie)
        .with("x-csrf-token", &csrf);
    let again = again
        .with("origin", "https://localhost")
        .body(request)
        .send()
        .await
        .expect(201);
    assert_ne!(again.header("set-cookie"), set, "a login has a new id");
    right().send().await.expect(401);
    province.host.stop().await;
}

#[tokio::test]
async fn passwords_are_changed_with_the_present_one_and_lost_ones_by_the_right_administrator() {
    let province = Province::start().await;
    let tokens = province.administrators().await;
    let token = province.person(&tokens, "zhang.san", &["official"]).await;
    let change = |old: Option<&str>, new: &str| {
        let body = json!({ "old": old, "new": new });
        province
            .put("accounts/zhang.san/password")
            .by(&token)
            .body(body)
            .send()
    };
    change(None, "一个新的很长的密码吧").await.expect(422);
    change(Some("wrong password"), "一个新的很长的密码吧")
        .await
        .expect(401);
    for bad in [
        "short",
        "password123",
        "zhang.san is my name",
        "aaaaaaaaaaaa",
    ] {
        change(Some(PASSWORD), bad).await.expect(422);
    }
    change(Some(PASSWORD), "一个新的很长的密码吧")
        .await
        .expect(204);
    province.get("matters").by(&token).send().await.expect(401);
    province
        .login("zhang.san", PASSWORD)
        .send()
        .await
        .expect(401);
    let token = province
        .login("zhang.san", "一个新的很长的密码吧")
        .send()
        .await
        .expect(201)
        .text("token");
    let reset = |whose: &str, by: &str| {
        let path = format!("accounts/{whose}/password");
        let ask = province
            .put(&path)
            .by(by)
            .body(json!({ "new": "又一个新的很长的密码" }));
        ask.send()
    };
    reset("sec", &tokens["sys"]).await.expect(403);
    reset("sys", &token).await.expect(403);
    reset("zhang.san", &tokens["sec"]).await.expect(403);
    reset("zhang.san", &tokens["sys"]).await.expect(204);
    let owner = province.socket(Method::PUT, "accounts/sec/password");
    owner
        .body(json!({ "new": "又一个新的很长的密码" }))
        .send()
        .await
        .expect(403);
    province.host.stop().await;
}

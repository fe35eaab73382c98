//! Which account a person at the provider opens, and who says so.

use std::time::Duration;

use http::Method;
use serde_json::json;

use super::{Browser, Town, settings};
use testkit::province::{PASSWORD, Province};

#[tokio::test]
async fn whose_account_is_closed_or_locked_stays_out_whatever_the_provider_says() {
    let town = Town::start().await;
    let close = |disabled: bool| {
        let ask = town
            .province
            .patch("accounts/zhang.san")
            .by(&town.tokens["sys"]);
        ask.body(json!({ "disabled": disabled })).send()
    };
    close(true).await.expect(200);
    town.refuses("no open account").await;
    let (_, ending, detail) = town.entered().await.remove(0);
    assert!(ending == "denied" && detail.contains("closed"), "{detail}");
    close(false).await.expect(200);
    town.sign_in().await.expect(200);
    for _ in 0..6 {
        town.province
            .login("zhang.san", "not the password")
            .send()
            .await
            .expect(401);
    }
    assert_eq!(
        town.sign_in().await.expect(429).problem(),
        "locked-for-a-while"
    );
    let (_, ending, detail) = town.entered().await.remove(0);
    assert!(ending == "denied" && detail.contains("locked"), "{detail}");
    town.province.clock.shift(Duration::from_secs(61));
    town.sign_in().await.expect(200);
    town.stop().await;
}

#[tokio::test]
async fn a_person_opens_one_account_and_an_account_is_one_persons() {
    let town = Town::start().await;
    town.province
        .person(&town.tokens, "li.si", &["official"])
        .await;
    let taken = town.link("li.si", "248", "sys").await.expect(409);
    assert_eq!(taken.problem(), "refused-by-the-rules");
    town.link("zhang.san", "249", "sys").await.expect(409);
    town.link("zhang.san", "248", "sys").await.expect(200);
    town.link("nobody", "250", "sys").await.expect(404);
    for bad in ["", "a\nb", &"x".repeat(256)] {
        town.link("li.si", bad, "sys").await.expect(422);
    }
    let other = town
        .province
        .put("accounts/li.si/link")
        .by(&town.tokens["sys"]);
    let other = other.body(json!({ "subject": "250", "issuer": "https://evil.example" }));
    other.send().await.expect(422);
    let shown = town
        .province
        .get("accounts/zhang.san/link")
        .by(&town.tokens["sys"]);
    let shown = shown.send().await.expect(200);
    assert_eq!(
        shown.json,
        json!({ "issuer": town.provider.issuer(), "claim": "sub", "subject": "248" })
    );
    town.stop().await;
}

#[tokio::test]
async fn linking_and_unlinking_end_the_sessions_and_stand_in_the_audit_trail() {
    let town = Town::start().await;
    let mut browser = Browser::default();
    town.sign_in_as(&mut browser, json!({ "sub": "248" }))
        .await
        .expect(200);
    let me = || {
        town.province
            .get("session")
            .with("cookie", &browser.cookies())
            .send()
    };
    me().await.expect(200);
    let unlink = || {
        town.province
            .delete("accounts/zhang.san/link")
            .by(&town.tokens["sys"])
            .send()
    };
    unlink().await.expect(204);
    me().await.expect(401);
    town.refuses("no open account").await;
    unlink().await.expect(404);
    let by_password = town.province.token("zhang.san").await;
    town.link("zhang.san", "248", "sys").await.expect(200);
    town.province
        .get("session")
        .by(&by_password)
        .send()
        .await
        .expect(401);
    let aud = town.province.token("aud").await;
    let trail = town
        .province
        .get("audit?limit=1000")
        .by(&aud)
        .send()
        .await
        .expect(200);
    let entries = trail.json["entries"].as_array().unwrap();
    let links: Vec<_> = entries
        .iter()
        .filter(|e| {
            e["detail"]
                .as_str()
                .is_some_and(|d| d.contains("linked") && d.contains(" at "))
        })
        .map(|e| {
            (
                e["permission"].as_str().unwrap(),
                e["detail"].as_str().unwrap(),
            )
        })
        .collect();
    let at = town.provider.issuer();
    let (linked, unlinked) = (
        format!("linked to sub at {at}"),
        format!("unlinked from sub at {at}"),
    );
    assert_eq!(
        links,
        [
            ("manage-accounts", &*linked),
            ("manage-accounts", &*unlinked),
            ("manage-accounts", &*linked)
        ]
    );
    town.province
        .get("audit/seal")
        .by(&aud)
        .send()
        .await
        .expect(200);
    town.stop().await;
}

#[tokio::test]
async fn only_who_may_set_a_lost_password_links_an_account() {
    let town = Town::start().await;
    let official = town.province.token("zhang.san").await;
    let by = |whose: &str, token: &str| {
        let ask = town
            .province
            .put(&format!("accounts/{whose}/link"))
            .by(token);
        ask.body(json!({ "subject": "own" })).send()
    };
    by("zhang.san", &official).await.expect(403);
    by("zhang.san", &town.tokens["sec"]).await.expect(403);
    by("zhang.san", &town.tokens["aud"]).await.expect(403);
    by("sys", &town.tokens["sys"]).await.expect(403);
    by("sec", &town.tokens["sys"]).await.expect(403);
    let owner = |whose: &str| {
        let ask = town
            .province
            .socket(Method::PUT, &format!("accounts/{whose}/link"));
        ask.body(json!({ "subject": "administrator" })).send()
    };
    owner("zhang.san").await.expect(403);
    owner("sec").await.expect(200);
    for (token, status) in [(&official, 403), (&town.tokens["sys"], 403)] {
        let ask = town.province.delete("accounts/sec/link").by(token);
        ask.send().await.expect(status);
    }
    let see = town.province.get("accounts/zhang.san/link").by(&official);
    see.send().await.expect(403);
    town.stop().await;
}

#[tokio::test]
async fn a_link_survives_a_restart_and_counts_only_for_the_provider_and_claim_it_was_made_for() {
    let town = Town::start().await;
    let Town {
        province,
        provider,
        tokens,
        _secret,
    } = town;
    let province = province.restart().await;
    let town = Town {
        province,
        provider,
        tokens,
        _secret,
    };
    town.sign_in().await.expect(200);
    let (text, _other) = settings(town.provider.issuer(), "claim = 'preferred_username'\n");
    let Town {
        province,
        provider,
        tokens,
        _secret,
    } = town;
    let province = province.restart_with(&text).await;
    let town = Town {
        province,
        provider,
        tokens,
        _secret,
    };
    let user = json!({ "sub": "1", "preferred_username": "248" });
    town.sign_in_as(&mut Browser::default(), user)
        .await
        .expect(403);
    town.province
        .login("zhang.san", PASSWORD)
        .send()
        .await
        .expect(201);
    town.stop().await;
}

#[tokio::test]
async fn a_sign_in_counts_as_a_login_for_the_limit_of_an_address() {
    let (text, _secret) = settings(
        "http://127.0.0.1:1",
        "[limits]\nlogins_per_address_min = 2\n",
    );
    let province = Province::start_with(&text).await;
    let mut seen = vec![];
    for _ in 0..3 {
        seen.push(province.get("oidc/start").send().await.code());
    }
    assert_eq!(seen, [502, 502, 429]);
    province.host.stop().await;
}

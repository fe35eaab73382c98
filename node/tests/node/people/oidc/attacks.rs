//! What must not sign anybody in.

use std::time::Duration;

use serde_json::json;

use super::{Browser, Signing, Town, settings};
use testkit::provider::Provider;
use testkit::province::Province;

#[tokio::test]
async fn a_token_of_another_issuer_signs_nobody_in() {
    let town = Town::start().await;
    for other in ["https://evil.example", ""] {
        town.provider.but(|ways| {
            ways.claims = Box::new(move |claims| claims["iss"] = other.into());
        });
        town.refuses("another issuer").await;
    }
    let with_slash = format!("{}/", town.provider.issuer());
    town.provider.but(|ways| {
        ways.claims = Box::new(move |claims| claims["iss"] = with_slash.clone().into());
    });
    town.refuses("another issuer").await;
    let (actor, ending, detail) = town.entered().await.remove(0);
    assert_eq!((&*actor, &*ending), ("stranger", "denied"));
    assert!(detail.contains("another issuer"), "{detail}");
    town.stop().await;
}

#[tokio::test]
async fn a_token_for_another_client_signs_nobody_in() {
    let town = Town::start().await;
    for audience in [
        json!("other"),
        json!(["other"]),
        json!(["wujitong", "other"]),
        json!([]),
    ] {
        town.provider.but(|ways| {
            ways.claims = Box::new(move |claims| claims["aud"] = audience.clone());
        });
        town.refuses("not for this node").await;
    }
    town.provider.but(|ways| {
        ways.claims = Box::new(|claims| claims["azp"] = "other".into());
    });
    town.refuses("not for this node").await;
    town.provider.but(|ways| {
        ways.claims = Box::new(|claims| claims["aud"] = json!(["wujitong"]));
    });
    town.sign_in().await.expect(200);
    town.stop().await;
}

#[tokio::test]
async fn a_token_of_another_sign_in_signs_nobody_in() {
    let town = Town::start().await;
    town.provider.but(|ways| {
        ways.claims = Box::new(|claims| claims["nonce"] = "another".into());
    });
    town.refuses("another sign-in").await;
    town.provider.but(|ways| {
        ways.claims = Box::new(|claims| _ = claims.as_object_mut().unwrap().remove("nonce"));
    });
    town.refuses("another sign-in").await;
    town.stop().await;
}

#[tokio::test]
async fn a_token_that_has_expired_or_is_of_another_time_signs_nobody_in() {
    let town = Town::start().await;
    for (name, by, why) in [
        ("exp", -361, "expired"),
        ("iat", 120, "was issued"),
        ("iat", -900, "was issued"),
        ("nbf", 500, "was issued"),
    ] {
        town.provider.but(|ways| {
            ways.claims = Box::new(move |claims| {
                let from = claims[name].as_i64().or(claims["iat"].as_i64()).unwrap();
                claims[name] = (from + by).into();
            });
        });
        town.refuses(why).await;
    }
    for (name, value) in [("exp", json!("2099-01-01")), ("iat", json!(null))] {
        town.provider.but(|ways| {
            ways.claims = Box::new(move |claims| claims[name] = value.clone());
        });
        town.refuses("cannot be read").await;
    }
    town.stop().await;
}

#[tokio::test]
async fn a_token_for_another_access_token_signs_nobody_in() {
    let town = Town::start().await;
    town.provider.but(|ways| {
        ways.claims = Box::new(|claims| claims["at_hash"] = "AAAAAAAAAAAAAAAAAAAAAA".into());
    });
    town.refuses("another access token").await;
    town.stop().await;
}

#[tokio::test]
async fn a_token_without_a_signature_signs_nobody_in() {
    let town = Town::start().await;
    town.provider.but(|ways| ways.signing = Signing::Nothing);
    town.refuses("not signed with").await;
    for written in ["None", "nOnE", ""] {
        town.provider.but(|ways| {
            ways.header = Box::new(move |head| head["alg"] = written.into());
        });
        town.refuses("not signed with").await;
    }
    town.stop().await;
}

#[tokio::test]
async fn a_token_signed_with_the_public_key_as_a_secret_signs_nobody_in() {
    let town = Town::start().await;
    town.provider.but(|ways| ways.signing = Signing::PublicKey);
    town.refuses("RS256").await;
    // Nor under the name of an algorithm that is taken.
    town.provider.but(|ways| {
        ways.header = Box::new(|head| head["alg"] = "RS256".into());
    });
    town.refuses("signature").await;
    town.stop().await;
}

#[tokio::test]
async fn a_token_under_a_key_the_provider_does_not_name_signs_nobody_in() {
    let town = Town::start().await;
    town.provider.but(|ways| ways.signing = Signing::Impostor);
    town.refuses("signature").await;
    town.provider.but(|ways| ways.signing = Signing::Foreign);
    for _ in 0..3 {
        town.refuses("key").await;
    }
    assert_eq!(
        town.provider.asked("/keys"),
        1,
        "an unknown name is no reason to ask at once"
    );
    town.stop().await;
}

#[tokio::test]
async fn a_new_key_of_the_provider_is_learnt_and_one_it_took_back_forgotten() {
    let town = Town::start().await;
    town.sign_in().await.expect(200);
    town.provider.but(|ways| {
        ways.keys = vec!["new"];
        ways.signing = Signing::Foreign;
    });
    town.province.clock.shift(Duration::from_secs(31));
    town.sign_in().await.expect(200);
    assert_eq!(town.provider.asked("/keys"), 2);
    town.provider.but(|ways| ways.signing = Signing::Es256);
    town.refuses("names a key").await;
    town.stop().await;
}

#[tokio::test]
async fn a_token_of_another_kind_signs_nobody_in() {
    let town = Town::start().await;
    for (name, value) in [
        ("typ", json!("at+jwt")),
        ("typ", json!("logout+jwt")),
        ("crit", json!(["b64"])),
    ] {
        town.provider.but(|ways| {
            ways.header = Box::new(move |head| head[name] = value.clone());
        });
        town.refuses("not an ID token").await;
    }
    town.stop().await;
}

#[tokio::test]
async fn coming_back_with_another_state_signs_nobody_in() {
    let town = Town::start().await;
    let mut browser = Browser::default();
    let location = town.set_out(&mut browser).await;
    let back = town.provider.consent(&location, &json!({ "sub": "248" }));
    let (before, _) = back.split_once("state=").unwrap();
    for state in ["", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"] {
        let wrong = town.province.get(&format!("{before}state={state}"));
        let wrong = wrong.with("cookie", &browser.cookies());
        let refused = wrong.send().await.expect(403);
        assert_eq!(refused.problem(), "sign-in-refused");
        assert_eq!(
            refused.header("set-cookie"),
            "",
            "no page elsewhere ends the sign-in"
        );
    }
    assert_eq!(town.provider.asked("/token"), 0);
    town.come_back(&mut browser, &back).await.expect(200);
    town.stop().await;
}

#[tokio::test]
async fn coming_back_in_another_browser_signs_nobody_in() {
    let town = Town::start().await;
    let mut browser = Browser::default();
    let location = town.set_out(&mut browser).await;
    let back = town.provider.consent(&location, &json!({ "sub": "248" }));
    town.province.get(&back).send().await.expect(403);
    let mut other = Browser::default();
    town.set_out(&mut other).await;
    town.province
        .get(&back)
        .with("cookie", &other.cookies())
        .send()
        .await
        .expect(403);
    assert_eq!(town.provider.asked("/token"), 0);
    // Nobody spoilt it for the browser it was begun in.
    town.come_back(&mut browser, &back).await.expect(200);
    town.stop().await;
}

#[tokio::test]
async fn coming_back_after_ten_minutes_signs_nobody_in() {
    let town = Town::start().await;
    let mut browser = Browser::default();
    let location = town.set_out(&mut browser).await;
    let back = town.provider.consent(&location, &json!({ "sub": "248" }));
    town.province.clock.shift(Duration::from_secs(600));
    town.come_back(&mut browser, &back).await.expect(403);
    assert_eq!(town.provider.asked("/token"), 0);
    town.stop().await;
}

#[tokio::test]
async fn nobody_comes_back_twice() {
    let town = Town::start().await;
    let mut browser = Browser::default();
    let location = town.set_out(&mut browser).await;
    let kept = browser.cookies();
    let back = town.provider.consent(&location, &json!({ "sub": "248" }));
    town.come_back(&mut browser, &back).await.expect(200);
    town.province
        .get(&back)
        .with("cookie", &kept)
        .send()
        .await
        .expect(403);
    assert_eq!(town.provider.asked("/token"), 1);
    town.stop().await;
}

#[tokio::test]
async fn a_code_of_another_sign_in_signs_nobody_in() {
    let town = Town::start().await;
    let mut theirs = Browser::default();
    let location = town.set_out(&mut theirs).await;
    let back = town.provider.consent(&location, &json!({ "sub": "248" }));
    let (stolen, _) = back.split_once("&state=").unwrap();
    let mut mine = Browser::default();
    let location = town.set_out(&mut mine).await;
    let back = town.provider.consent(&location, &json!({ "sub": "mine" }));
    let (_, rest) = back.split_once("&state=").unwrap();
    let injected = format!("{stolen}&state={rest}");
    let refused = town.come_back(&mut mine, &injected).await.expect(403);
    assert!(
        refused.text("detail").contains("invalid_grant"),
        "{refused:?}"
    );
    // Even if the provider does not look at the verifier, the nonce gives it away.
    town.provider.but(|ways| ways.careless = true);
    let location = town.set_out(&mut mine).await;
    let back = town.provider.consent(&location, &json!({ "sub": "mine" }));
    let (_, rest) = back.split_once("&state=").unwrap();
    let injected = format!("{stolen}&state={rest}");
    let refused = town.come_back(&mut mine, &injected).await.expect(403);
    assert!(
        refused.text("detail").contains("another sign-in"),
        "{refused:?}"
    );
    town.stop().await;
}

#[tokio::test]
async fn an_answer_in_the_name_of_another_provider_signs_nobody_in() {
    let town = Town::start().await;
    let mut browser = Browser::default();
    for iss in ["", "&iss=https%3A%2F%2Fevil.example"] {
        let location = town.set_out(&mut browser).await;
        let back = town.provider.consent(&location, &json!({ "sub": "248" }));
        let (before, _) = back.split_once("&iss=").unwrap();
        town.come_back(&mut browser, &format!("{before}{iss}"))
            .await
            .expect(403);
    }
    assert_eq!(town.provider.asked("/token"), 0);
    town.stop().await;
}

#[tokio::test]
async fn what_the_provider_says_when_it_refuses_is_told_plainly() {
    let town = Town::start().await;
    let mut browser = Browser::default();
    let location = town.set_out(&mut browser).await;
    let back = town.provider.consent(&location, &json!({ "sub": "248" }));
    let (_, rest) = back.split_once("&state=").unwrap();
    let back = format!(
        "/v1/oidc/callback?error=access_denied&error_description=%3Cscript%3E&state={rest}"
    );
    let refused = town.come_back(&mut browser, &back).await.expect(403);
    assert!(
        refused.text("detail").contains("access_denied"),
        "{refused:?}"
    );
    assert!(!refused.json.to_string().contains("script"), "{refused:?}");
    assert!(browser.0.is_empty());
    town.stop().await;
}

#[tokio::test]
async fn a_provider_that_calls_itself_otherwise_is_not_used() {
    let provider = Provider::start().await;
    provider.but(|ways| {
        ways.card = Box::new(|card| {
            let other = format!("{}/", card["issuer"].as_str().unwrap());
            card["issuer"] = other.into();
        });
    });
    let (text, _secret) = settings(provider.issuer(), "");
    let province = Province::start_with(&text).await;
    let refused = province.get("oidc/start").send().await.expect(502);
    assert_eq!(refused.problem(), "provider-fails");
    province.host.stop().await;
}

#[tokio::test]
async fn an_answer_without_end_is_not_read_to_its_end() {
    let town = Town::start().await;
    town.provider
        .but(|ways| ways.endless = Some("/openid-configuration"));
    let away = town.province.get("oidc/start").send().await.expect(502);
    assert_eq!(away.problem(), "provider-fails");
    // It is left alone for a while.
    town.provider.but(|ways| ways.endless = None);
    town.province.get("oidc/start").send().await.expect(502);
    assert_eq!(town.provider.asked("/openid-configuration"), 1);
    town.province.clock.shift(Duration::from_secs(5));
    for path in ["/token", "/keys"] {
        town.provider.but(|ways| ways.endless = Some(path));
        assert_eq!(town.sign_in().await.expect(502).problem(), "provider-fails");
        town.provider.but(|ways| ways.endless = None);
        town.province.clock.shift(Duration::from_secs(5));
    }
    town.sign_in().await.expect(200);
    town.stop().await;
}

#[tokio::test]
async fn a_redirect_of_the_provider_is_not_followed() {
    let town = Town::start().await;
    for path in ["/openid-configuration", "/token", "/keys"] {
        town.provider.but(|ways| ways.redirect = Some(path));
        if path == "/openid-configuration" {
            town.province.get("oidc/start").send().await.expect(502);
        } else {
            town.sign_in().await.expect(502);
        }
        town.province.clock.shift(Duration::from_secs(5));
        town.provider.but(|ways| ways.redirect = None);
    }
    assert_eq!(town.provider.asked("/elsewhere"), 0);
    town.sign_in().await.expect(200);
    town.stop().await;
}

#[tokio::test]
async fn a_provider_that_never_answers_is_given_up_and_others_do_not_wait_for_it() {
    let town = Town::start().await;
    town.provider
        .but(|ways| ways.silent = Some("/openid-configuration"));
    let started = town.province.get("oidc/start").send();
    let login = async {
        // It is under way when somebody else logs in.
        while town.provider.asked("/openid-configuration") == 0 {
            tokio::task::yield_now().await;
        }
        town.province.token("zhang.san").await
    };
    let (away, _token) = tokio::join!(started, login);
    assert_eq!(away.expect(502).problem(), "provider-fails");
    town.stop().await;
}

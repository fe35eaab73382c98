//! Signing in with the word of an OpenID Connect provider, and everything that must not sign in.

mod attacks;
mod links;

use std::{collections::BTreeMap, sync::Arc};

use http::{Method, header};
use serde_json::{Value, json};
use tokio_rustls::TlsAcceptor;

use testkit::{
    asking::Answer,
    provider::{self, PUBLIC, Provider, Signing},
    province::{PASSWORD, Province, lamp},
};

/// A node with a provider, a person with an account, and that person at the provider.
struct Town {
    province: Province,
    provider: Provider,
    tokens: BTreeMap<&'static str, String>,
    _secret: tempfile::TempDir,
}

/// Cookies, as a browser keeps them.
#[derive(Default)]
struct Browser(BTreeMap<String, String>);

impl Browser {
    fn keep(&mut self, answer: &Answer) {
        for line in answer.headers.get_all(header::SET_COOKIE) {
            let line = line.to_str().unwrap();
            for part in ["Path=/", "Secure", "HttpOnly", "SameSite="] {
                assert!(line.contains(part), "{line}");
            }
            assert!(
                line.starts_with("__Host-") && !line.contains("Domain"),
                "{line}"
            );
            let (name, value) = line.split(';').next().unwrap().split_once('=').unwrap();
            if line.contains("Max-Age=0") {
                self.0.remove(name);
            } else {
                self.0.insert(name.to_owned(), value.to_owned());
            }
        }
    }

    fn cookies(&self) -> String {
        let pairs = self.0.iter().map(|(name, value)| format!("{name}={value}"));
        pairs.collect::<Vec<_>>().join("; ")
    }
}

/// Settings of a node for a provider.
pub(crate) fn settings(issuer: &str, more: &str) -> (String, tempfile::TempDir) {
    provider::settings(issuer, PUBLIC, more)
}

impl Town {
    /// `zhang.san` is linked to the person `248`.
    async fn start() -> Self {
        Self::start_with("").await
    }

    async fn start_with(more: &str) -> Self {
        Self::with(Provider::start().await, more).await
    }

    async fn with(provider: Provider, more: &str) -> Self {
        let (text, secret) = settings(provider.issuer(), more);
        let province = Province::start_with(&text).await;
        let tokens = province.administrators().await;
        province.person(&tokens, "zhang.san", &["official"]).await;
        let town = Self {
            province,
            provider,
            tokens,
            _secret: secret,
        };
        town.link("zhang.san", "248", "sys").await.expect(200);
        town
    }

    async fn link(&self, login: &str, subject: &str, by: &str) -> Answer {
        let ask = self.province.put(&format!("accounts/{login}/link"));
        let ask = ask.by(&self.tokens[by]).body(json!({ "subject": subject }));
        ask.send().await
    }

    /// Sets out for the provider; gives where to.
    async fn set_out(&self, browser: &mut Browser) -> String {
        let set_out = self.province.get("oidc/start?return=/matters?state=open");
        let set_out = set_out.with("cookie", &browser.cookies());
        let set_out = set_out.send().await.expect(303);
        browser.keep(&set_out);
        set_out.header("location").to_owned()
    }

    async fn come_back(&self, browser: &mut Browser, path: &str) -> Answer {
        let answer = self.province.get(path).with("cookie", &browser.cookies());
        let answer = answer.send().await;
        browser.keep(&answer);
        answer
    }

    /// A person at the provider signs in.
    async fn sign_in_as(&self, browser: &mut Browser, user: Value) -> Answer {
        let location = self.set_out(browser).await;
        let back = self.provider.consent(&location, &user);
        self.come_back(browser, &back).await
    }

    async fn sign_in(&self) -> Answer {
        self.sign_in_as(&mut Browser::default(), json!({ "sub": "248" }))
            .await
    }

    /// Nobody is signed in and nobody is given a session, for this reason.
    async fn refuses(&self, why: &str) {
        let mut browser = Browser::default();
        let user = json!({ "sub": "248" });
        let refused = self.sign_in_as(&mut browser, user).await.expect(403);
        assert_eq!(refused.problem(), "sign-in-refused");
        assert!(refused.text("detail").contains(why), "{refused:?}");
        assert!(browser.0.is_empty(), "{:?}", browser.0);
    }

    /// What the audit trail says of people who enter, newest first: who, how it ended, what else.
    async fn entered(&self) -> Vec<(String, String, String)> {
        let aud = self.province.token("aud").await;
        let trail = self
            .province
            .get("audit?limit=1000")
            .by(&aud)
            .send()
            .await
            .expect(200);
        let entries = trail.json["entries"].as_array().unwrap().clone();
        let entered = entries
            .iter()
            .rev()
            .filter(|entry| entry["permission"] == "enter");
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        entered
            .inspect(|e| assert_eq!(e["whence"], "127.0.0.1", "{e}"))
            .map(|e| (text(&e["actor"]), text(&e["ending"]), text(&e["detail"])))
            .filter(|(_, _, detail)| !detail.is_empty())
            .collect()
    }

    async fn account(&self, login: &str) -> Value {
        let ask = self.province.get(&format!("accounts/{login}"));
        ask.by(&self.tokens["sys"]).send().await.expect(200).json
    }

    async fn stop(self) {
        self.province.host.stop().await;
        self.provider.stop().await;
    }
}

#[tokio::test]
async fn a_person_signs_in_with_the_account_an_administrator_linked() {
    let town = Town::start().await;
    let mut browser = Browser::default();
    let location = town.set_out(&mut browser).await;
    assert_eq!(
        browser.0.len(),
        1,
        "the browser is known again by one cookie"
    );
    let back = town.provider.consent(&location, &json!({ "sub": "248" }));
    let done = town.come_back(&mut browser, &back).await.expect(200);
    let page = String::from_utf8(done.body.to_vec()).unwrap();
    assert!(
        page.contains("content=\"0;url=/matters?state=open\""),
        "{page}"
    );
    assert_eq!(done.header("cache-control"), "no-store");
    assert_eq!(done.header("referrer-policy"), "no-referrer");
    assert_eq!(
        browser.0.keys().collect::<Vec<_>>(),
        ["__Host-session"],
        "and by nothing once that is over"
    );
    let me = town
        .province
        .get("session")
        .with("cookie", &browser.cookies());
    let me = me.send().await.expect(200);
    assert_eq!(me.json["account"]["login"], "zhang.san");
    let report = town
        .province
        .post("matters")
        .with("cookie", &browser.cookies());
    let report = report.with("origin", "http://localhost").body(lamp());
    report.send().await.expect(403);
    let report = town
        .province
        .post("matters")
        .with("cookie", &browser.cookies());
    let report = report.with("origin", "http://localhost").body(lamp());
    let report = report.with("x-csrf-token", &me.text("csrf"));
    report.send().await.expect(201);
    let id = town.account("zhang.san").await["id"].to_string();
    let entered = town.entered().await;
    let issuer = town.provider.issuer();
    assert_eq!(
        entered,
        [(
            format!("account {id}"),
            "done".to_owned(),
            format!("vouched for by {issuer}")
        )]
    );
    town.stop().await;
}

#[tokio::test]
async fn signing_in_again_has_a_new_session_and_ends_the_one_before() {
    let town = Town::start().await;
    let mut browser = Browser::default();
    let user = json!({ "sub": "248" });
    town.sign_in_as(&mut browser, user.clone())
        .await
        .expect(200);
    let before = browser.cookies();
    town.sign_in_as(&mut browser, user).await.expect(200);
    assert_ne!(before, browser.cookies());
    let ask = |cookies: &str| town.province.get("session").with("cookie", cookies).send();
    ask(&before).await.expect(401);
    ask(&browser.cookies()).await.expect(200);
    town.stop().await;
}

#[tokio::test]
async fn no_account_no_role_and_no_right_comes_from_the_provider() {
    let town = Town::start().await;
    let before = town.account("zhang.san").await;
    let mut browser = Browser::default();
    let eager = json!({
        "sub": "248", "roles": ["system-administrator"], "groups": ["admin"],
        "preferred_username": "sys", "name": "王五", "email": "sys@zj.example", "email_verified": true,
    });
    town.sign_in_as(&mut browser, eager).await.expect(200);
    assert_eq!(town.account("zhang.san").await, before);
    let mut other = Browser::default();
    let stranger = json!({ "sub": "sys", "preferred_username": "zhang.san" });
    let refused = town.sign_in_as(&mut other, stranger).await.expect(403);
    assert_eq!(refused.problem(), "sign-in-refused");
    assert!(other.0.is_empty());
    let accounts = town.province.get("accounts").by(&town.tokens["sys"]);
    let accounts = accounts.send().await.expect(200);
    assert_eq!(accounts.json["accounts"].as_array().unwrap().len(), 4);
    let (actor, ending, detail) = town.entered().await.remove(0);
    assert_eq!((&*actor, &*ending), ("stranger", "denied"));
    assert!(
        detail.contains("no account is linked") && !detail.contains("sys"),
        "{detail}"
    );
    town.stop().await;
}

#[tokio::test]
async fn another_claim_names_people_where_the_operator_says_so() {
    let town =
        Town::start_with("claim = 'preferred_username'\nscopes = ['openid', 'profile']").await;
    let right = json!({ "sub": "17", "preferred_username": "248" });
    town.sign_in_as(&mut Browser::default(), right)
        .await
        .expect(200);
    for wrong in [
        json!({ "sub": "248" }),
        json!({ "sub": "248", "preferred_username": 248 }),
    ] {
        town.sign_in_as(&mut Browser::default(), wrong)
            .await
            .expect(403);
    }
    town.stop().await;
}

#[tokio::test]
async fn every_way_of_signing_that_is_taken_signs_in() {
    let town = Town::start().await;
    for signing in [Signing::Es256, Signing::Rs256, Signing::EdDsa] {
        town.provider.but(|ways| ways.signing = signing);
        town.sign_in().await.expect(200);
    }
    // Without the name of a key, the only one that fits is taken.
    town.provider.but(|ways| {
        ways.header = Box::new(|head| _ = head.as_object_mut().unwrap().remove("kid"));
    });
    town.sign_in().await.expect(200);
    assert_eq!(town.provider.asked("/keys"), 1);
    town.stop().await;
}

#[tokio::test]
async fn a_client_says_who_it_is_in_the_form_where_the_provider_wants_that() {
    let town = Town::start().await;
    town.provider.but(|ways| {
        ways.card = Box::new(|card| {
            card["token_endpoint_auth_methods_supported"] = json!(["client_secret_post"]);
        });
    });
    town.sign_in().await.expect(200);
    town.stop().await;
}

#[tokio::test]
async fn where_people_are_sent_back_to_is_never_what_a_request_says() {
    let town = Town::start().await;
    let ask = town.province.get("oidc/start").with("host", "127.0.0.1:9");
    let ask = ask.with("x-forwarded-host", "evil.example");
    let location = ask.send().await.expect(303).header("location").to_owned();
    assert!(
        location.contains("redirect_uri=http%3A%2F%2Flocalhost%3A1%2Fv1%2Foidc%2Fcallback&"),
        "{location}"
    );
    for bad in [
        "//evil.example",
        "https://evil.example",
        "evil",
        "/%5C%5Cevil.example",
        "/%0d%0a",
    ] {
        let ask = town.province.get(&format!("oidc/start?return={bad}"));
        ask.send().await.expect(422);
    }
    town.stop().await;
}

#[tokio::test]
async fn without_a_provider_nobody_is_sent_anywhere() {
    let province = Province::start().await;
    let tokens = province.administrators().await;
    province.get("oidc/start").send().await.expect(404);
    province
        .get("/v1/oidc/callback?state=x&code=y")
        .send()
        .await
        .expect(404);
    let link = province.put("accounts/sec/link").by(&tokens["sys"]);
    link.body(json!({ "subject": "248" }))
        .send()
        .await
        .expect(404);
    province.host.stop().await;
}

#[tokio::test]
async fn a_secret_others_may_read_keeps_the_process_from_starting() {
    let town = Town::start().await;
    let secret = town._secret.path().join("secret");
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(secret, std::fs::Permissions::from_mode(0o644)).unwrap();
    let Town {
        province, provider, ..
    } = town;
    let error = province.restart_as(async |_| ()).await;
    let error = error.err().expect("it does not start").to_string();
    assert!(error.contains("chmod 600"), "{error}");
    provider.stop().await;
}

/// TLS for `localhost`, and the file with what vouches for it.
fn tls(dir: &tempfile::TempDir) -> (TlsAcceptor, String) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let roots = dir.path().join("roots.pem");
    std::fs::write(&roots, made.cert.pem()).unwrap();
    let key = rustls_pki_types::PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    (
        TlsAcceptor::from(Arc::new(tls)),
        roots.display().to_string(),
    )
}

#[tokio::test]
async fn a_provider_behind_tls_is_the_one_the_operators_certificates_vouch_for() {
    let dir = tempfile::tempdir().unwrap();
    let (acceptor, roots) = tls(&dir);
    let provider = Provider::start_with(Some(acceptor)).await;
    let town = Town::with(provider, &format!("roots = '{roots}'\n")).await;
    town.sign_in().await.expect(200);
    // The same address with a certificate that somebody else vouches for.
    let elsewhere = tempfile::tempdir().unwrap();
    let (_, others) = tls(&elsewhere);
    let (text, _secret) = settings(town.provider.issuer(), &format!("roots = '{others}'\n"));
    let province = Province::start_with(&text).await;
    let away = province.get("oidc/start").send().await.expect(502);
    assert_eq!(away.problem(), "provider-fails");
    assert_eq!(town.provider.asked("/openid-configuration"), 1);
    province.host.stop().await;
    town.stop().await;
}

#[tokio::test]
async fn a_provider_that_is_away_disturbs_nothing_else() {
    let town = Town::start().await;
    let Town {
        province,
        provider,
        tokens,
        _secret,
    } = town;
    provider.stop().await;
    let away = province.get("oidc/start").send().await.expect(502);
    assert_eq!(away.problem(), "provider-fails");
    assert!(!away.json.to_string().contains("127.0.0.1"), "{away:?}");
    province
        .login("zhang.san", PASSWORD)
        .send()
        .await
        .expect(201);
    let unlink = province
        .delete("accounts/zhang.san/link")
        .by(&tokens["sys"]);
    unlink.send().await.expect(204);
    let province = province.restart().await;
    province
        .login("zhang.san", PASSWORD)
        .send()
        .await
        .expect(201);
    province
        .socket(Method::GET, "/v1/status")
        .send()
        .await
        .expect(200);
    province.host.stop().await;
}

#[tokio::test]
async fn a_sign_in_begun_on_the_pages_of_a_division_ends_there_and_nowhere_else() {
    let town = Town::start().await;
    let page = "330000000000.localhost:7480";
    let begun = |browser: &Browser| {
        let start = town.province.get("oidc/start?return=/desk");
        start.with("host", page).with("cookie", &browser.cookies())
    };
    let mut browser = Browser::default();
    let set_out = begun(&browser).send().await.expect(303);
    browser.keep(&set_out);
    let consent = |location: &str| {
        let user = json!({ "sub": "248" });
        town.provider.consent(location, &user)
    };
    let back = consent(set_out.header("location"));
    // The provider knows one address. There the browser is not known, and is led on without anything else.
    let led = town.province.get(&back).with("host", "localhost:1");
    let led = led.send().await.expect(303);
    assert!(led.headers.get(header::SET_COOKIE).is_none(), "{led:?}");
    assert_eq!(led.header("referrer-policy"), "no-referrer");
    let there = led.header("location");
    let rest = there.strip_prefix(&format!("http://{page}")).expect(there);
    assert!(rest.starts_with("/v1/oidc/callback?state="), "{rest}");
    // Another browser that is led there is signed in as nobody, and ends nothing.
    let stranger = town.province.get(rest).with("host", page);
    let refused = stranger.send().await.expect(403);
    assert_eq!(refused.problem(), "sign-in-refused");
    let arrive = |browser: &Browser| {
        let arrival = town.province.get(rest).with("host", page);
        arrival.with("cookie", &browser.cookies())
    };
    let done = arrive(&browser).send().await.expect(200);
    let shown = String::from_utf8(done.body.to_vec()).unwrap();
    assert!(shown.contains("content=\"0;url=/desk\""), "{shown}");
    let used = browser.cookies();
    browser.keep(&done);
    assert_eq!(browser.0.keys().collect::<Vec<_>>(), ["__Host-session"]);
    // What was used once opens nothing, there or where the provider leads.
    let again = town.province.get(rest).with("host", page);
    again.with("cookie", &used).send().await.expect(403);
    let late = town.province.get(&back).with("host", "localhost:1");
    late.with("cookie", &used).send().await.expect(403);
    town.stop().await;
}

//! Sign-in and sign-out by form, forged forms, and what is kept when a session ends.

use super::browser::{Browser, HOST};
use testkit::province::{PASSWORD, Province};

#[tokio::test]
async fn a_person_signs_in_changes_the_password_and_signs_out() {
    let province = Province::start().await;
    let tokens = province.administrators().await;
    province.person(&tokens, "zhang.san", &["official"]).await;
    let mut browser = Browser::new(&province);
    let led = browser.get("/desk?tab=late").await.expect(303);
    assert_eq!(led.header("location"), "/sign-in?back=%2Fdesk%3Ftab%3Dlate");
    let form = browser.get(led.header("location")).await.expect(200);
    let back = form.field("back");
    let wrong = [
        ("login", "zhang.san"),
        ("password", "wrong"),
        ("back", &*back),
    ];
    let wrong = browser.send("/sign-in", &wrong).await.expect(401);
    assert!(wrong.text.contains("<title>错误：") && wrong.field("login") == "zhang.san");
    assert!(!browser.cookies.contains_key("__Host-session"));
    let right = [
        ("login", "zhang.san"),
        ("password", PASSWORD),
        ("back", &*back),
    ];
    let led = browser.send("/sign-in", &right).await.expect(303);
    assert_eq!(led.header("location"), "/desk?tab=late");
    let desk = browser.get("/desk?tab=late").await.expect(200);
    let csrf = desk.field("csrf");
    let short = [
        ("csrf", &*csrf),
        ("old_password", PASSWORD),
        ("new_password", "short"),
    ];
    browser.send("/account/password", &short).await.expect(422);
    let out = browser
        .send("/sign-out", &[("csrf", &csrf)])
        .await
        .expect(303);
    assert_eq!(out.header("location"), "/");
    assert!(!browser.cookies.contains_key("__Host-session"));
    browser.get("/desk").await.expect(303);
    province.host.stop().await;
}

#[tokio::test]
async fn nobody_is_led_elsewhere_after_signing_in() {
    let province = Province::start().await;
    province.administrators().await;
    for back in ["//evil.example", "https://evil.example", "/\\evil.example"] {
        let mut browser = Browser::new(&province);
        let fields = [("login", "sys"), ("password", PASSWORD), ("back", back)];
        let led = browser.send("/sign-in", &fields).await.expect(303);
        assert_eq!(led.header("location"), "/", "{back}");
    }
    province.host.stop().await;
}

#[tokio::test]
async fn forms_of_other_sites_do_nothing() {
    let province = Province::start().await;
    let tokens = province.administrators().await;
    let official = province.person(&tokens, "zhang.san", &["official"]).await;
    let id = province.report(&official).await;
    let mut browser = Browser::signed_in(&province, "zhang.san").await;
    let csrf = browser.get("/desk").await.field("csrf");
    let path = format!("/desk/m/{id}/act/accept");
    let own = format!("http://{HOST}");
    for (csrf, from) in [
        (
            "",
            vec![("origin", &*own), ("sec-fetch-site", "same-origin")],
        ),
        (
            "0",
            vec![("origin", &*own), ("sec-fetch-site", "same-origin")],
        ),
        (
            &csrf,
            vec![
                ("origin", "http://evil.example"),
                ("sec-fetch-site", "cross-site"),
            ],
        ),
        (&csrf, vec![("origin", "null")]),
        (&csrf, vec![]),
    ] {
        let refused = browser
            .send_from(&path, &[("csrf", csrf)], &from)
            .await
            .expect(403);
        assert!(refused.text.contains("<h1"), "{from:?}");
    }
    let matter = province
        .get(&format!("matters/{id}"))
        .by(&official)
        .send()
        .await
        .expect(200);
    assert_eq!(matter.json["status"], "reported");
    let fields = [("login", "zhang.san"), ("password", PASSWORD)];
    let mut other = Browser::new(&province);
    other
        .send_from("/sign-in", &fields, &[("origin", "http://evil.example")])
        .await
        .expect(403);
    other.send_from("/sign-in", &fields, &[]).await.expect(403);
    province.host.stop().await;
}

/// R-D17.
#[tokio::test]
async fn what_was_typed_outlives_the_session() {
    let province = Province::start().await;
    let tokens = province.administrators().await;
    let official = province.person(&tokens, "zhang.san", &["official"]).await;
    let id = province.report(&official).await;
    let mut browser = Browser::signed_in(&province, "zhang.san").await;
    let path = format!("/desk/m/{id}/act/remark");
    let form = browser.get(&path).await.expect(200);
    let (csrf, seen) = (form.field("csrf"), form.field("seen"));
    province.clock.shift_ms(8 * 86_400_000);
    let note = "已到现场查看，灯杆 17 号线路烧断";
    let fields = [
        ("csrf", &*csrf),
        ("key", "k1"),
        ("seen", &*seen),
        ("audience", "offices"),
        ("note", note),
    ];
    let ended = browser.send(&path, &fields).await.expect(401);
    assert_eq!(
        (ended.field("kept.note"), ended.field("back")),
        (note.to_owned(), path.clone())
    );
    assert!(!ended.text.contains("kept.csrf"));
    let again = [
        ("login", "zhang.san"),
        ("password", PASSWORD),
        ("back", &*path),
        ("kept.note", note),
        ("kept.audience", "offices"),
    ];
    let kept = browser.send("/sign-in", &again).await.expect(200);
    assert_eq!(kept.field("note"), note);
    let csrf = kept.field("csrf");
    let key = kept.field("key");
    let fields = [
        ("csrf", &*csrf),
        ("key", &*key),
        ("audience", "offices"),
        ("note", note),
    ];
    browser.send(&path, &fields).await.expect(303);
    let matter = browser.get(&format!("/desk/m/{id}")).await.expect(200);
    assert!(matter.text.contains(note));
    province.host.stop().await;
}

//! Acts by form: only what may be done is offered, a form is done once, and nothing typed is lost.

use serde_json::Value;
use wujitong::{api::ActionName, domain::people::Role};

use super::browser::Browser;
use testkit::province::Province;

/// R-A13, R-D5, R-D8.
#[tokio::test]
async fn a_matter_goes_from_report_to_close_by_its_primary_acts() {
    let province = Province::start().await;
    let tokens = province.administrators().await;
    province.person(&tokens, "zhang.san", &["official"]).await;
    province.person(&tokens, "li.si", &["leader"]).await;
    let mut clerk = Browser::signed_in(&province, "zhang.san").await;
    let form = clerk.get("/desk/report").await.expect(200);
    let (csrf, key) = (form.field("csrf"), form.field("key"));
    let fields = [
        ("csrf", &*csrf),
        ("key", &*key),
        ("text", "村口路灯不亮"),
        ("category", "enforcement/lighting"),
        ("channel", "hotline"),
        ("priority", "normal"),
        ("name", "张三"),
        ("phone", "13800000000"),
    ];
    let told = clerk.send("/desk/report", &fields).await.expect(201);
    let id = told
        .text
        .split("/desk/m/")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap()
        .to_owned();
    assert!(told.text.contains("wjr_"), "{}", told.text);
    // R-A13: sent twice, done once; the slip is not shown again.
    let again = clerk.send("/desk/report", &fields).await.expect(201);
    assert!(again.text.contains(&id) && !again.text.contains("wjr_"));
    let inbox = clerk.get("/desk").await.expect(200);
    assert_eq!(
        inbox
            .text
            .matches(&format!("href=\"/desk/m/{id}\""))
            .count(),
        2,
        "row and next"
    );
    let page = format!("/desk/m/{id}");
    for (act, more) in [
        ("accept", vec![]),
        ("dispatch", vec![("platform", "enforcement")]),
        ("handle", vec![("note", "换了灯泡")]),
        ("feedback", vec![("note", "灯亮了")]),
    ] {
        let seen = clerk.get(&page).await.expect(200);
        let primary = format!("action=\"/desk/m/{id}/act/{act}\"");
        assert!(seen.text.contains(&primary), "{act}: {}", seen.text);
        assert_eq!(
            seen.text.matches("class=\"act\"").count(),
            1,
            "one primary act"
        );
        let (csrf, key, tag) = (seen.field("csrf"), seen.field("key"), seen.field("seen"));
        let mut fields = vec![("csrf", &*csrf), ("key", &*key), ("seen", &*tag)];
        fields.extend(more);
        let done = clerk
            .send(&format!("{page}/act/{act}"), &fields)
            .await
            .expect(303);
        assert_eq!(done.header("location"), format!("{page}?done={act}"));
    }
    // Somebody else looks whether it is done, as the policy demands.
    let mut leader = Browser::signed_in(&province, "li.si").await;
    for (act, more) in [
        ("verify", vec![("passed", "true")]),
        (
            "close",
            vec![("outcome", "solved"), ("note", "已修好"), ("sure", "1")],
        ),
    ] {
        let seen = leader.get(&page).await.expect(200);
        let (csrf, tag) = (seen.field("csrf"), seen.field("seen"));
        let mut fields = vec![("csrf", &*csrf), ("seen", &*tag)];
        fields.extend(more.clone());
        if act == "close" {
            // R-D8: closing is asked for once more.
            let first: Vec<_> = fields
                .iter()
                .copied()
                .filter(|(name, _)| *name != "sure")
                .collect();
            let sure = leader
                .send(&format!("{page}/act/close"), &first)
                .await
                .expect(200);
            assert_eq!(sure.field("note"), "已修好");
            assert_eq!(
                status(&province, &tokens_of(&province, "li.si").await, &id).await,
                "verified"
            );
        }
        leader
            .send(&format!("{page}/act/{act}"), &fields)
            .await
            .expect(303);
    }
    let closed = leader.get(&page).await.expect(200);
    assert!(!closed.text.contains("class=\"act\""));
    province.host.stop().await;
}

async fn tokens_of(province: &Province, login: &str) -> String {
    province.token(login).await
}

async fn status(province: &Province, token: &str, id: &str) -> String {
    let matter = province
        .get(&format!("matters/{id}"))
        .by(token)
        .send()
        .await
        .expect(200);
    matter.text("status")
}

/// R-D7: the form comes back with the text, and with the colleague's act between.
#[tokio::test]
async fn who_comes_late_keeps_the_text_and_sees_what_the_other_did() {
    let province = Province::start().await;
    let tokens = province.administrators().await;
    let first = province.person(&tokens, "zhang.san", &["official"]).await;
    province.person(&tokens, "li.si", &["official"]).await;
    let id = province.report(&first).await;
    let (mut one, mut two) = (
        Browser::signed_in(&province, "zhang.san").await,
        Browser::signed_in(&province, "li.si").await,
    );
    let path = format!("/desk/m/{id}/act/remark");
    let seen = one.get(&path).await.expect(200);
    let (csrf, tag) = (seen.field("csrf"), seen.field("seen"));
    let other = two.get(&path).await.expect(200);
    let (other_csrf, other_tag) = (other.field("csrf"), other.field("seen"));
    let fields = [
        ("csrf", &*other_csrf),
        ("seen", &*other_tag),
        ("audience", "offices"),
        ("note", "我先去看看"),
    ];
    two.send(&path, &fields).await.expect(303);
    let mine = "这条线路归供电所管";
    let fields = [
        ("csrf", &*csrf),
        ("seen", &*tag),
        ("audience", "offices"),
        ("note", mine),
    ];
    let late = one.send(&path, &fields).await.expect(412);
    assert!(
        late.text.contains("我先去看看") && late.text.contains(mine),
        "{}",
        late.text
    );
    let tag = late.field("seen");
    let fields = [
        ("csrf", &*csrf),
        ("seen", &*tag),
        ("audience", "offices"),
        ("note", mine),
    ];
    one.send(&path, &fields).await.expect(303);
    province.host.stop().await;
}

/// Actions that the page of a matter offers.
fn offered(page: &str, id: &str) -> Vec<&'static str> {
    let all = ActionName::ALL.iter().map(|action| action.code());
    let is_offered = |code: &&str| {
        let path = format!("\"/desk/m/{id}/act/{code}\"");
        page.contains(&format!("href={path}")) || page.contains(&format!("action={path}"))
    };
    all.filter(is_offered).collect()
}

/// R-D4: thirteen roles, twenty actions.
#[tokio::test]
async fn nobody_is_offered_what_they_may_not_do_and_what_is_not_offered_is_refused() {
    let province = Province::start_with("[limits]\nlogins_per_address_min = 1000\n").await;
    let tokens = province.administrators().await;
    let reporter = province.person(&tokens, "reporter", &["official"]).await;
    for role in Role::ALL {
        let login = match role.code() {
            "system-administrator" => "sys".to_owned(),
            "security-administrator" => "sec".to_owned(),
            "audit-administrator" => "aud".to_owned(),
            code => {
                province.person(&tokens, code, &[code]).await;
                code.to_owned()
            }
        };
        let id = province.report(&reporter).await;
        let mut browser = Browser::signed_in(&province, &login).await;
        let page = browser.get(&format!("/desk/m/{id}")).await;
        let token = province.token(&login).await;
        let offers = province
            .get(&format!("matters/{id}/offers"))
            .by(&token)
            .send()
            .await;
        if offers.code() != 200 {
            assert!(!page.status.is_success(), "{login}");
            continue;
        }
        let page = page.expect(200);
        let named = |value: &Value| value.as_str().unwrap().to_owned();
        let mut said: Vec<_> = offers.json["actions"]
            .as_array()
            .unwrap()
            .iter()
            .map(named)
            .collect();
        let mut shown = offered(&page.text, &id);
        said.sort_unstable();
        shown.sort_unstable();
        assert_eq!(shown, said, "{login}");
        let csrf = page.field("csrf");
        for action in ActionName::ALL.iter().map(|action| action.code()) {
            if said.iter().any(|one| one == action) {
                browser
                    .get(&format!("/desk/m/{id}/act/{action}"))
                    .await
                    .expect(200);
                continue;
            }
            let fields = [
                ("csrf", &*csrf),
                ("sure", "1"),
                ("note", "不该成功"),
                ("passed", "true"),
                ("platform", "enforcement"),
                ("reason", "private"),
                ("outcome", "solved"),
                ("ground", "place"),
                ("to", "3308"),
                ("audience", "offices"),
                ("publicity", "private"),
                ("category", "order/fire"),
                ("priority", "urgent"),
                ("into", &*id),
            ];
            let done = browser
                .send(&format!("/desk/m/{id}/act/{action}"), &fields)
                .await;
            assert!(
                done.status.is_client_error(),
                "{login} {action}: {}",
                done.status
            );
        }
        let after = province
            .get(&format!("matters/{id}"))
            .by(&reporter)
            .send()
            .await
            .expect(200);
        assert_eq!(after.json["steps"].as_array().unwrap().len(), 1, "{login}");
    }
    province.host.stop().await;
}

/// R-D15: no form of an act asks again for what the matter says: where it is, what it is about, who reported
/// it and how it came in. Only the act that changes the category asks for one.
#[tokio::test]
async fn no_act_asks_again_for_what_the_matter_says() {
    let province = Province::start().await;
    let tokens = province.administrators().await;
    let official = province.person(&tokens, "zhang.san", &["official"]).await;
    let id = province.report(&official).await;
    let mut clerk = Browser::signed_in(&province, "zhang.san").await;
    let page = clerk.get(&format!("/desk/m/{id}")).await.expect(200);
    let acts = offered(&page.text, &id);
    assert!(acts.len() > 8, "{acts:?}");
    for act in acts {
        let form = clerk
            .get(&format!("/desk/m/{id}/act/{act}"))
            .await
            .expect(200);
        let (_, main) = form.text.split_once("<main").unwrap();
        let fields = main
            .split(" name=\"")
            .skip(1)
            .map(|rest| rest.split('"').next().unwrap());
        let again: Vec<_> = fields
            .filter(|field| {
                let of_report = [
                    "text", "where", "place", "address", "name", "phone", "channel",
                ];
                of_report.contains(field) || (*field == "category" && act != "recategorise")
            })
            .collect();
        assert!(again.is_empty(), "{act} asks again for {again:?}");
    }
    province.host.stop().await;
}

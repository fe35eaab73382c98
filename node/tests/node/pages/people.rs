//! Pages of the own account and of accounts: sign-ins, first passwords, closing, and accounts from a sheet.

use http::Method;
use serde_json::json;

use super::browser::Browser;
use testkit::province::{PASSWORD, Province};

const OWN: &str = "县里的水电站又发电了";

#[tokio::test]
async fn r_n5_a_person_sees_their_sign_ins_and_ends_others() {
    let province = Province::start().await;
    let tokens = province.administrators().await;
    let other = province.person(&tokens, "zhang.san", &["official"]).await;
    let mut browser = Browser::new(&province);
    let firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0";
    browser.more.push(("user-agent", firefox.to_owned()));
    let fields = [("login", "zhang.san"), ("password", PASSWORD)];
    browser.send("/sign-in", &fields).await.expect(303);
    let shown = browser.get("/account?lang=zh").await.expect(200);
    assert!(shown.text.contains("Firefox 133, Linux"), "{}", shown.text);
    assert!(shown.text.contains("当前设备") && shown.text.contains("没有说明"));
    let (csrf, session) = (shown.field("csrf"), shown.field("session"));
    let end = [("csrf", &*csrf), ("session", &*session)];
    let led = browser.send("/account/sessions", &end).await.expect(303);
    assert_eq!(led.header("location"), "/account?ended=1");
    province.get("session").by(&other).send().await.expect(401);
    // It has ended already: told on the page.
    let gone = browser.send("/account/sessions", &end).await.expect(404);
    assert!(gone.text.contains("没有登录"), "{}", gone.text);
    let second = province.token("zhang.san").await;
    let others = [("csrf", &*csrf)];
    browser.send("/account/sessions", &others).await.expect(303);
    province.get("session").by(&second).send().await.expect(401);
    browser.get("/account").await.expect(200);
    province.host.stop().await;
}

#[tokio::test]
async fn a_first_password_leads_to_setting_ones_own_from_every_page() {
    let province = Province::start().await;
    let tokens = province.administrators().await;
    province.person(&tokens, "zhang.san", &["official"]).await;
    let mut sys = Browser::signed_in(&province, "sys").await;
    let page = sys
        .get("/admin/accounts/zhang.san?lang=en")
        .await
        .expect(200);
    assert!(page.text.contains("Last day of a sign-in"));
    let csrf = page.field("csrf");
    let reset = [("csrf", &*csrf), ("new_password", PASSWORD)];
    let path = "/admin/accounts/zhang.san/password";
    sys.send(path, &reset).await.expect(303);

    let mut browser = Browser::new(&province);
    let fields = [
        ("login", "zhang.san"),
        ("password", PASSWORD),
        ("back", "/desk"),
    ];
    browser.send("/sign-in", &fields).await.expect(303);
    for path in ["/", "/desk", "/report", "/my", "/admin/grids", "/how"] {
        let led = browser.get(path).await.expect(303);
        assert_eq!(led.header("location"), "/account", "{path}");
    }
    let page = browser.get("/account?lang=zh").await.expect(200);
    assert!(page.text.contains("别人给您的密码") && !page.text.contains("登录与设备"));
    let csrf = page.field("csrf");
    let fields = [
        ("csrf", &*csrf),
        ("category", "enforcement/lighting"),
        ("text", "x"),
    ];
    let led = browser.send("/desk/report", &fields).await.expect(303);
    assert_eq!(led.header("location"), "/account");
    let same = [
        ("csrf", &*csrf),
        ("old_password", PASSWORD),
        ("new_password", PASSWORD),
    ];
    let same = browser.send("/account/password", &same).await.expect(422);
    assert!(same.text.contains("新密码和现在的一样"), "{}", same.text);
    let own = [
        ("csrf", &*csrf),
        ("old_password", PASSWORD),
        ("new_password", OWN),
    ];
    let led = browser.send("/account/password", &own).await.expect(303);
    assert_eq!(led.header("location"), "/sign-in?changed=1");
    let fields = [("login", "zhang.san"), ("password", OWN), ("back", "/desk")];
    browser.send("/sign-in", &fields).await.expect(303);
    browser.get("/desk").await.expect(200);
    province.host.stop().await;
}

#[tokio::test]
async fn r_n5_closing_asks_who_takes_the_open_matters() {
    let province = Province::start().await;
    let tokens = province.administrators().await;
    let official = province.person(&tokens, "zhang.san", &["official"]).await;
    province.person(&tokens, "li.si", &["official"]).await;
    let number = province
        .get("session")
        .by(&official)
        .send()
        .await
        .expect(200);
    let number = number.json["account"]["id"].as_u64().unwrap();
    let id = province.report(&official).await;
    let act = json!({ "act": "dispatch", "platform": "enforcement", "officer": number });
    let act = province
        .post(&format!("matters/{id}/acts"))
        .by(&official)
        .body(act);
    act.send().await.expect(200);

    let mut sys = Browser::signed_in(&province, "sys").await;
    let path = format!("/admin/accounts/{number}/close");
    let page = sys.get(&format!("{path}?lang=zh")).await.expect(200);
    assert!(
        page.text.contains("未结事项：1 件") && page.text.contains(&id),
        "{}",
        page.text
    );
    let csrf = page.field("csrf");
    let send = async |sys: &mut Browser<'_>, to: &str, account: &str| {
        let fields = [("csrf", &*csrf), ("to", to), ("account", account)];
        sys.send(&path, &fields).await
    };
    let none = sys.send(&path, &[("csrf", &*csrf)]).await.expect(409);
    assert!(none.text.contains("1 件未结事项"), "{}", none.text);
    send(&mut sys, "account", "nobody").await.expect(404);
    // One that handles nothing takes nothing; it is told for the matter, and the account stays open.
    let failed = send(&mut sys, "account", "sec").await.expect(200);
    assert!(failed.text.contains("1 件没有交接成"), "{}", failed.text);
    let shown = province.get("accounts/zhang.san").by(&tokens["sys"]);
    assert_eq!(shown.send().await.json["disabled"], false);
    let led = send(&mut sys, "account", "li.si").await.expect(303);
    assert_eq!(
        led.header("location"),
        format!("/admin/accounts/{number}?done=1")
    );
    let shown = province.get("accounts/zhang.san").by(&tokens["sys"]);
    assert_eq!(shown.send().await.json["disabled"], true);
    let shown = province.get("accounts/li.si/matters").by(&tokens["sys"]);
    assert_eq!(shown.send().await.json["matters"], json!([id]));
    // Somebody whose matters stay without a handler, because that is said.
    let li = province
        .socket(Method::GET, "accounts/li.si")
        .send()
        .await
        .json["id"]
        .clone();
    let path = format!("/admin/accounts/{li}/close");
    let leave = [("csrf", &*csrf), ("to", "leave")];
    sys.send(&path, &leave).await.expect(303);
    province.host.stop().await;
}

/// Sends a file as the page of sheets does.
async fn upload(
    browser: &mut Browser<'_>,
    csrf: &str,
    more: &[(&str, &str)],
    file: &[u8],
) -> super::browser::Page {
    let mut fields = vec![("csrf", csrf)];
    fields.extend(more);
    browser
        .send_file("/admin/accounts/sheet", &fields, ("sheet", file))
        .await
}

#[tokio::test]
async fn r_n5_a_sheet_is_looked_at_then_opens_accounts_and_shows_slips_once() {
    let province = Province::start().await;
    province.administrators().await;
    let mut sys = Browser::signed_in(&province, "sys").await;
    let page = sys.get("/admin/accounts/sheet?lang=zh").await.expect(200);
    let csrf = page.field("csrf");
    let blank = sys
        .get("/admin/accounts/sheet/empty.xlsx")
        .await
        .expect(200);
    assert!(
        blank
            .header("content-disposition")
            .contains("accounts.xlsx")
    );
    assert!(blank.text.starts_with("PK"));
    let none = upload(&mut sys, &csrf, &[], b"").await.expect(422);
    assert!(none.text.contains("没有选择文件"), "{}", none.text);
    let bad = upload(&mut sys, &csrf, &[], "姓名,角色\n张三,网格员\n".as_bytes()).await;
    assert!(bad.expect(422).text.contains("没有“用户名”这一列"));

    let sheet = "姓名,用户名,角色\n\"张\"\"三<b>\",zhang.san,网格员\n李四,li.si,村长\n";
    let looked = upload(&mut sys, &csrf, &[("without_roles", "1")], sheet.as_bytes()).await;
    let looked = looked.expect(200);
    assert!(looked.text.contains("没有这个角色"), "{}", looked.text);
    assert!(!looked.text.contains("<b>"), "{}", looked.text);
    let rows = looked.field("rows");
    assert_eq!(looked.field("only_right"), "1");
    let list = sys.get("/admin").await.expect(200);
    assert!(!list.text.contains("zhang.san"), "nothing was done yet");
    let key = looked.field("key");
    let go = [
        ("csrf", &*csrf),
        ("key", &*key),
        ("rows", &*rows),
        ("without_roles", "1"),
        ("only_right", "1"),
    ];
    let done = sys.send("/admin/accounts/sheet", &go).await.expect(200);
    let password = done.field("password");
    assert_eq!(password.len(), 19, "{password}");
    let csv = [
        ("csrf", &*csrf),
        ("name", "=1+1"),
        ("login", "zhang.san"),
        ("password", &*password),
    ];
    let csv = sys.send("/admin/accounts/sheet/passwords.csv", &csv).await;
    let csv = csv.expect(200);
    assert!(csv.header("content-type").starts_with("text/csv"));
    assert!(csv.text.contains("\"'=1+1\",\"zhang.san\""), "{}", csv.text);
    // Sent twice it is done once, and the passwords are not shown again.
    let again = sys.send("/admin/accounts/sheet", &go).await.expect(200);
    assert!(!again.text.contains(&password), "{}", again.text);
    let mut browser = Browser::new(&province);
    let fields = [("login", "zhang.san"), ("password", &*password)];
    browser.send("/sign-in", &fields).await.expect(303);
    assert_eq!(
        browser.get("/").await.expect(303).header("location"),
        "/account"
    );

    // Whoever grants roles reads the same sheet.
    let mut sec = Browser::signed_in(&province, "sec").await;
    let page = sec.get("/admin/accounts/sheet?lang=zh").await.expect(200);
    let csrf = page.field("csrf");
    let one = "姓名,用户名,角色\n\"张\"\"三<b>\",zhang.san,网格员\n";
    let looked = upload(&mut sec, &csrf, &[], one.as_bytes())
        .await
        .expect(200);
    let rows = looked.field("rows");
    let go = [("csrf", &*csrf), ("rows", &*rows)];
    let done = sec.send("/admin/accounts/sheet", &go).await.expect(200);
    assert!(done.text.contains("已授角色"), "{}", done.text);
    province.host.stop().await;
}

/// R-N4.
#[tokio::test]
async fn r_n4_an_auditor_filters_the_trail_on_its_page_and_exports_what_is_shown() {
    let province = Province::start().await;
    let tokens = province.administrators().await;
    let official = province.person(&tokens, "zhang.san", &["official"]).await;
    let id = province.report(&official).await;
    let mut browser = Browser::signed_in(&province, "aud").await;
    let page = browser.get("/admin/audit?lang=zh").await.expect(200);
    let all = page.text.matches("<tr><th scope=\"row\"").count();
    assert!(all > 5, "{}", page.text);
    let path = format!("/admin/audit?actor=&permission=report&subject={id}&from=&to=");
    let page = browser.get(&path).await.expect(200);
    assert_eq!(page.text.matches("<tr><th scope=\"row\"").count(), 1);
    let csrf = page.field("csrf");
    let fields = [
        ("csrf", &*csrf),
        ("permission", "report"),
        ("subject", &*id),
    ];
    let table = browser
        .send("/admin/audit/export", &fields)
        .await
        .expect(200);
    assert!(table.header("content-type").starts_with("text/csv"));
    assert!(table.header("content-disposition").contains("audit-33"));
    assert_eq!(table.header("cache-control"), "no-store");
    assert_eq!(table.text.lines().count(), 2, "{}", table.text);
    assert!(table.text.contains(&id));
    // The same button does it again.
    browser
        .send("/admin/audit/export", &fields)
        .await
        .expect(200);
    let page = browser
        .get("/admin/audit?permission=read-audit")
        .await
        .expect(200);
    assert_eq!(page.text.matches("audit trail exported").count(), 2);
    // A wrong field is told beside the form, which keeps it.
    let wrong = browser
        .get("/admin/audit?actor=zhang.san")
        .await
        .expect(422);
    assert!(
        wrong.text.contains("“zhang.san”不是操作人"),
        "{}",
        wrong.text
    );
    assert!(wrong.text.contains("value=\"zhang.san\""));
    let forged = [("csrf", "0"), ("permission", "report")];
    browser
        .send("/admin/audit/export", &forged)
        .await
        .expect(403);
    let mut other = Browser::signed_in(&province, "zhang.san").await;
    other.get("/admin/audit").await.expect(403);
    province.host.stop().await;
}

/// R-N5: what a row changes and who takes the matters of somebody who leaves stands on the page before it is done.
#[tokio::test]
async fn r_n5_a_sheet_shows_what_it_changes_and_closes_before_it_does() {
    let province = Province::start().await;
    let tokens = province.administrators().await;
    let official = province.person(&tokens, "zhang.san", &["official"]).await;
    province.person(&tokens, "li.si", &["official"]).await;
    let session = province.get("session").by(&official).send().await;
    let number = session.expect(200).json["account"]["id"].as_u64().unwrap();
    let id = province.report(&official).await;
    let act = json!({ "act": "dispatch", "platform": "enforcement", "officer": number });
    let ask = province.post(&format!("matters/{id}/acts")).by(&official);
    ask.body(act).send().await.expect(200);
    let mut sys = Browser::signed_in(&province, "sys").await;
    let page = sys.get("/admin/accounts/sheet?lang=zh").await.expect(200);
    let csrf = page.field("csrf");
    let sheet =
        "姓名,用户名,部门,停用\n张三,zhang.san,,li.si\n张三,li.si,market,\n王五,wang.wu,,\n";
    let chosen = [("change", "1"), ("close", "1")];
    let looked = upload(&mut sys, &csrf, &chosen, sheet.as_bytes()).await;
    let looked = looked.expect(200);
    for told in [
        "停用；未结事项 1 件；表里写：li.si",
        "部门：无 → market",
        "开 1 个、修改 1 个、停用 1 个账号",
    ] {
        assert!(looked.text.contains(told), "{told}: {}", looked.text);
    }
    let (key, rows) = (looked.field("key"), looked.field("rows"));
    let go = [
        ("csrf", &*csrf),
        ("key", &*key),
        ("rows", &*rows),
        ("change", "1"),
        ("close", "1"),
    ];
    let done = sys.send("/admin/accounts/sheet", &go).await.expect(200);
    assert!(done.text.contains("交接了 1 件未结事项"), "{}", done.text);
    assert!(done.text.contains("已修改") && done.text.contains("已停用"));
    assert_eq!(done.field("password").len(), 19);
    let again = sys.send("/admin/accounts/sheet", &go).await.expect(200);
    assert!(again.text.contains("交接了 1 件未结事项"), "{}", again.text);
    let shown = province.get("accounts/zhang.san").by(&tokens["sys"]);
    assert_eq!(shown.send().await.json["disabled"], true);
    let shown = province.get("accounts/li.si/matters").by(&tokens["sys"]);
    assert_eq!(shown.send().await.json["matters"], json!([id]));
    province.host.stop().await;
}

/// R-N5: who is renamed and whose account is opened again stands on the page before it is done.
#[tokio::test]
async fn r_n5_a_sheet_shows_new_names_and_accounts_that_are_opened_again() {
    let province = Province::start().await;
    let tokens = province.administrators().await;
    for login in ["zhang.san", "li.si"] {
        province.person(&tokens, login, &["official"]).await;
    }
    let shut = province.patch("accounts/li.si").by(&tokens["sys"]);
    let shut = shut.body(json!({ "disabled": true }));
    shut.send().await.expect(200);
    let mut sys = Browser::signed_in(&province, "sys").await;
    let page = sys.get("/admin/accounts/sheet?lang=zh").await.expect(200);
    assert!(page.text.contains("原姓名"), "{}", page.text);
    let csrf = page.field("csrf");
    let sheet = "姓名,用户名,原姓名,状态\n张珊,zhang.san,张三,\n张三,li.si,,启用\n";
    let looked = upload(&mut sys, &csrf, &[("change", "1")], sheet.as_bytes()).await;
    let looked = looked.expect(200);
    for told in [
        "姓名：张三 → 张珊",
        "状态：已停用 → 在用",
        "角色：无 → 村镇干部",
        "另给首次密码",
        "修改 1 个、重新启用 1 个账号",
    ] {
        assert!(looked.text.contains(told), "{told}: {}", looked.text);
    }
    let (key, rows) = (looked.field("key"), looked.field("rows"));
    let go = [
        ("csrf", &*csrf),
        ("key", &*key),
        ("rows", &*rows),
        ("change", "1"),
    ];
    let done = sys.send("/admin/accounts/sheet", &go).await.expect(200);
    assert!(done.text.contains("已重新启用"), "{}", done.text);
    assert_eq!(done.field("login"), "li.si");
    assert_eq!(done.field("password").len(), 19);
    province.host.stop().await;
}

/// A form of a grid or an account that is refused says beside the field what is wrong, and keeps what was typed.
#[tokio::test]
async fn forms_of_grids_and_accounts_tell_faults_beside_their_fields_and_keep_what_was_typed() {
    let province = Province::start().await;
    let tokens = province.administrators().await;
    province.person(&tokens, "clerk", &["dispatcher"]).await;
    let mut clerk = Browser::signed_in(&province, "clerk").await;
    let page = clerk.get("/admin/grids?lang=zh").await.expect(200);
    let csrf = page.field("csrf");
    let draw = |households: &'static str, members: &'static str| {
        [
            ("csrf", csrf.clone()),
            ("name", "第一网格".to_owned()),
            ("households", households.to_owned()),
            ("members", members.to_owned()),
        ]
    };
    let send = async |clerk: &mut Browser<'_>, fields: &[(&str, String)]| {
        let fields: Vec<_> = fields.iter().map(|(name, text)| (*name, &**text)).collect();
        clerk.send("/admin/grids", &fields).await
    };
    let wrong = send(&mut clerk, &draw("很多", "张三、12345000001")).await;
    let wrong = wrong.expect(422);
    for told in [
        "请写户数，如 40",
        "“张三”不是账号编号",
        "value=\"第一网格\"",
        "value=\"很多\"",
        "value=\"张三、12345000001\"",
    ] {
        assert!(wrong.text.contains(told), "{told}: {}", wrong.text);
    }
    assert_eq!(wrong.text.matches("aria-invalid").count(), 2);
    // What the node refuses is told, too, and nothing is lost.
    let strange = send(&mut clerk, &draw("40", "7")).await.expect(422);
    assert!(strange.text.contains("没有账号 7"), "{}", strange.text);
    assert!(strange.text.contains("value=\"第一网格\"") && strange.text.contains("value=\"40\""));
    let led = send(&mut clerk, &draw("40", "")).await.expect(303);
    assert_eq!(led.header("location"), "/admin/grids?done=1");

    let mut sys = Browser::signed_in(&province, "sys").await;
    let page = sys.get("/admin/accounts/clerk?lang=zh").await.expect(200);
    let csrf = page.field("csrf");
    let fields = [
        ("csrf", &*csrf),
        ("name", "张珊"),
        ("grid", "第一网格"),
        ("phone", "13800000000"),
    ];
    let wrong = sys.send("/admin/accounts/clerk", &fields).await.expect(422);
    assert!(wrong.text.contains("请写网格编号"), "{}", wrong.text);
    assert!(wrong.text.contains("value=\"张珊\"") && wrong.text.contains("value=\"第一网格\""));
    let shown = province.get("accounts/clerk").by(&tokens["sys"]);
    assert_eq!(
        shown.send().await.text("name"),
        "张三",
        "nothing was changed"
    );
    province.host.stop().await;
}

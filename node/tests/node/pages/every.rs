//! What holds for every page: headers, language, nothing inline, and escaped text.

use std::collections::BTreeSet;

use serde_json::json;

use super::browser::{Browser, HOST, Page};
use testkit::province::Province;

/// Pages that anybody may open.
const PUBLIC: [&str; 22] = [
    "/",
    "/report",
    "/my",
    "/mailbox",
    "/how",
    "/promises",
    "/policy",
    "/accessibility",
    "/sign-in",
    "/setup",
    "/offline",
    "/verify",
    "/v",
    "/services",
    "/disclosures",
    "/disclosures/compliance",
    "/pleas",
    "/boards",
    "/points",
    "/honours",
    "/points/own",
    "/points/h/1",
];

/// Pages that people open after signing in, by the name of one who may; `{id}` is the number of a matter.
const OF_PEOPLE: [(&str, &[&str]); 6] = [
    (
        "zhang.san",
        &[
            "/",
            "/desk",
            "/desk?tab=all&q=x",
            "/desk/m/{id}",
            "/desk/m/{id}/act/reject",
            "/desk/m/{id}/parts",
            "/desk/m/{id}/proof",
            "/desk?tab=all&holder=nobody&state=open",
            "/desk/report",
            "/desk/replies",
            "/desk/boards",
            "/desk/households",
            "/desk/households/labels",
            "/desk/households/sheet",
            "/desk/rewards",
            "/desk/templates",
            "/desk/templates/holds/policy?entry=enforcement%2Frubbish",
            "/desk/templates/holds/disclosure",
            "/account",
            "/command",
            "/command?days=year",
            "/admin/grids",
        ],
    ),
    (
        "li.si",
        &[
            "/network",
            "/network/courier",
            "/network/invitations",
            "/account",
        ],
    ),
    (
        "author",
        &[
            "/desk/templates",
            "/desk/templates/new",
            "/desk/templates/proposals/1",
            "/desk/templates/330000000000/policy/limits",
            "/desk/templates/330000000000/policy/limits/rollout",
            "/account",
        ],
    ),
    (
        "sys",
        &[
            "/admin",
            "/admin/accounts/zhang.san",
            "/admin/accounts/zhang.san/close",
            "/admin/accounts/sheet",
            "/network",
        ],
    ),
    ("sec", &["/admin", "/admin/keys", "/admin/webhooks"]),
    (
        "aud",
        &[
            "/admin",
            "/admin/audit?check=1",
            "/admin/audit?permission=report&from=2026-01-01&actor=reporter",
        ],
    ),
];

/// R-A2, R-A5, R-A6, R-A16: headers and form of a page.
fn check(path: &str, page: &Page) {
    let policy = page.header("content-security-policy");
    for part in [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    ] {
        assert!(policy.contains(part), "{path}: {policy}");
    }
    assert!(
        !policy.contains("unsafe") && !policy.contains("data:"),
        "{path}"
    );
    assert_eq!(page.header("x-content-type-options"), "nosniff", "{path}");
    assert_eq!(page.header("referrer-policy"), "same-origin", "{path}");
    assert!(page.header("vary").contains("Cookie"), "{path}");
    let text = &page.text;
    let language = page.header("content-language");
    assert!(
        text.contains(&format!("<html lang=\"{language}\"")),
        "{path}"
    );
    assert_eq!(text.matches("<h1").count(), 1, "{path}");
    assert_eq!(text.matches("<main ").count(), 1, "{path}");
    assert!(
        text.contains("href=\"#content\""),
        "{path} has no skip link"
    );
    for forbidden in [
        "<style",
        "style=\"",
        "javascript:",
        "hx-on",
        "<base",
        "http://",
        "https://",
    ] {
        // The name space of drawings is no address that anybody follows, and one that is written out is no link.
        let own = text.replace("http://www.w3.org/2000/svg", "");
        let own = own.replace("<span class=\"address\">http", "");
        assert!(!own.contains(forbidden), "{path} has {forbidden}");
    }
    check_tags(path, text);
    check_times(path, text);
    for label in text.split("<label for=\"").skip(1) {
        let id = label.split('"').next().unwrap();
        assert!(
            text.contains(&format!(" id=\"{id}\"")),
            "{path}: no field {id}"
        );
    }
}

/// Nothing is run that stands in the page itself.
fn check_tags(path: &str, text: &str) {
    for tag in text
        .split('<')
        .skip(1)
        .map(|tag| tag.split('>').next().unwrap())
    {
        // Between quotes stand values.
        let names: String = tag.split('"').step_by(2).collect::<Vec<_>>().join(" ");
        for attribute in names.split_whitespace().skip(1) {
            let handler = attribute
                .strip_prefix("on")
                .and_then(|rest| rest.split_once('='));
            let is_one =
                handler.is_some_and(|(name, _)| name.bytes().all(|b| b.is_ascii_lowercase()));
            assert!(!is_one, "{path}: {tag}");
        }
        assert!(
            !tag.starts_with("script") || tag.contains("src=\"/assets/"),
            "{path}: {tag}"
        );
    }
}

/// R-A24: every moment that is shown is one that programs read, with its zone.
fn check_times(path: &str, text: &str) {
    let (_, body) = text.split_once("<body").unwrap();
    let mut rest = body;
    while let Some((before, after)) = rest.split_once("<time datetime=\"") {
        check_no_date(path, before);
        let (moment, after) = after.split_once("\">").unwrap();
        assert!(moment.ends_with("+08:00"), "{path}: {moment}");
        rest = after.split_once("</time>").unwrap().1;
    }
    check_no_date(path, rest);
}

/// There is no date in what people read: not `2026年11月28日`, not `28 Nov 2026`.
fn check_no_date(path: &str, html: &str) {
    let parts = html.split('>').filter_map(|part| part.split('<').next());
    for text in parts {
        let chinese = text.split('月').any(|before| {
            let digits = before.trim_end_matches(|c: char| c.is_ascii_digit());
            digits.len() < before.len() && digits.ends_with('年')
        });
        let months = [
            "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
        ];
        let english = months
            .iter()
            .any(|month| text.contains(&format!(" {month} 20")));
        assert!(!chinese && !english, "{path}: {text}");
    }
}

/// R-A2, R-A5, R-A6, R-A16, R-A18, R-A24.
#[tokio::test]
async fn every_page_has_the_headers_and_nothing_inline_in_both_languages() {
    let province = Province::start().await;
    let tokens = province.administrators().await;
    let official = province.person(&tokens, "zhang.san", &["official"]).await;
    let operator = province.person(&tokens, "li.si", &["node-operator"]).await;
    province
        .person(&tokens, "author", &["template-author"])
        .await;
    assert_ne!(official, operator);
    let limits = json!({ "kind": "policy", "name": "limits", "title": "时限", "content": "format = 1\n",
        "first": { "share": 30, "divisions": ["3308"] } });
    province.issue(limits).await;
    let author = province.token("author").await;
    let proposed =
        json!({ "kind": "policy", "name": "more", "title": "更多", "content": "format = 1\n" });
    let proposed = province
        .post("template-proposals")
        .by(&author)
        .body(proposed);
    proposed.send().await.expect(201);
    let id = province.report(&official).await;
    let visits = OF_PEOPLE
        .iter()
        .map(|(login, paths)| (Some(*login), *paths));
    for (login, paths) in visits.chain([(None, &PUBLIC[..])]) {
        let mut browser = match login {
            Some(login) => Browser::signed_in(&province, login).await,
            None => Browser::new(&province),
        };
        for language in ["zh", "en"] {
            for path in paths {
                let path = &path.replace("{id}", &id);
                let joint = if path.contains('?') { '&' } else { '?' };
                let page = browser
                    .get(&format!("{path}{joint}lang={language}"))
                    .await
                    .expect(200);
                assert!(
                    page.header("content-language").starts_with(language),
                    "{path}"
                );
                check(path, &page);
                let kept = if login.is_some() {
                    "no-store"
                } else {
                    "private, no-cache"
                };
                assert_eq!(page.header("cache-control"), kept, "{path}");
            }
            // Pages about failures are pages too.
            let missing = browser
                .get(&format!("/nothing/here?lang={language}"))
                .await
                .expect(404);
            check("/nothing/here", &missing);
        }
    }
    province.host.stop().await;
}

/// R-A18.
#[tokio::test]
async fn files_have_names_of_their_own_and_are_kept_for_a_year() {
    let province = Province::start().await;
    let mut browser = Browser::new(&province);
    let home = browser.get("/").await.expect(200);
    let mut paths = home.attributes("href");
    paths.extend(home.attributes("src"));
    paths.retain(|path| path.starts_with("/assets/"));
    assert!(paths.len() >= 3, "{paths:?}");
    let mut weight = home.text.len();
    browser.more = vec![("accept-encoding", "gzip, br".to_owned())];
    for path in &paths {
        let file = browser.get(path).await.expect(200);
        assert_eq!(
            file.header("cache-control"),
            "public, max-age=31536000, immutable"
        );
        assert_eq!(file.header("content-encoding"), "br", "{path}");
        weight += file.header("content-length").parse::<usize>().unwrap();
        let digest = path.rsplit_once('.').unwrap().0.rsplit_once('-').unwrap().1;
        assert_eq!(digest.len(), 16, "{path}");
        let tag = file.header("etag").to_owned();
        browser.more.push(("if-none-match", tag));
        browser.get(path).await.expect(304);
        browser.more.pop();
    }
    browser.more = vec![("accept-encoding", "gzip".to_owned())];
    let packed = browser.get(&paths[0]).await.expect(200);
    assert_eq!(packed.header("content-encoding"), "gzip");
    assert!(weight < 30 * 1024, "R-A17: {weight} bytes");
    browser.get("/assets/../Cargo.toml").await.expect(404);
    browser.get("/assets/console.css").await.expect(404);
    province.host.stop().await;
}

/// Bodies and number of a page and of all files that it names, as a browser gets them that knows none.
async fn first_visit(browser: &mut Browser<'_>, path: &str) -> (usize, usize) {
    browser.more = vec![];
    let page = browser.get(path).await.expect(200);
    let files = page.text.split('"').filter(|it| it.starts_with("/assets/"));
    let files: BTreeSet<_> = files.map(|file| file.split('#').next().unwrap()).collect();
    assert!(files.len() >= 3, "{path}: {files:?}");
    browser.more = vec![("accept-encoding", "gzip, br".to_owned())];
    let sent = browser.get(path).await.expect(200);
    let sent = sent.header("content-length").parse::<usize>().unwrap();
    let (mut bytes, requests) = (sent, 1 + files.len());
    for file in files {
        let file = browser.get(file).await.expect(200);
        bytes += file.header("content-length").parse::<usize>().unwrap();
    }
    (bytes, requests)
}

/// R-A17.
#[tokio::test]
async fn a_first_visit_weighs_little_and_takes_few_requests() {
    let province = Province::start().await;
    let tokens = province.administrators().await;
    let official = province.person(&tokens, "zhang.san", &["official"]).await;
    let mut id = String::new();
    // More than the desk shows on a page.
    for _ in 0..60 {
        id = province.report(&official).await;
    }
    let matter = format!("/desk/m/{id}");
    let everybody = [&PUBLIC[..], &["/report?all=1", "/poster"]].concat();
    let desk = vec!["/desk", "/desk?tab=all", "/desk/report", &matter];
    let mut visits = vec![];
    for path in everybody {
        let mut browser = Browser::new(&province);
        visits.push((path, first_visit(&mut browser, path).await, 30 * 1024));
    }
    let mut browser = Browser::signed_in(&province, "zhang.san").await;
    for path in desk {
        visits.push((path, first_visit(&mut browser, path).await, 60 * 1024));
    }
    let heavy = visits
        .iter()
        .filter(|(_, (bytes, requests), most)| bytes > most || *requests > 6);
    let heavy: Vec<_> = heavy.collect();
    assert!(heavy.is_empty(), "R-A17: {heavy:?}\nof {visits:?}");
    province.host.stop().await;
}

/// R-A18.
#[tokio::test]
async fn a_public_page_that_is_known_is_not_sent_again() {
    let province = Province::start().await;
    let mut browser = Browser::new(&province);
    let how = browser.get("/how").await.expect(200);
    browser.more = vec![("if-none-match", how.header("etag").to_owned())];
    assert_eq!(browser.get("/how").await.expect(304).text, "");
    browser.get("/how?lang=en").await.expect(200);
    province.host.stop().await;
}

/// R-A18: what anybody may read is sent compressed; what a person sees, and what a form was answered with, is not,
/// because its length would tell of the secrets in it.
#[tokio::test]
async fn pages_without_secrets_are_compressed_and_no_others() {
    let province = Province::start().await;
    let tokens = province.administrators().await;
    province.person(&tokens, "zhang.san", &["official"]).await;
    let mut browser = Browser::new(&province);
    for path in ["/", "/policy", "/how", "/report?all=1", "/sign-in"] {
        browser.more = vec![];
        let plain = browser.get(path).await.expect(200);
        assert_eq!(plain.header("content-encoding"), "", "{path}");
        browser.more = vec![("accept-encoding", "gzip, br".to_owned())];
        let packed = browser.get(path).await.expect(200);
        assert_eq!(packed.header("content-encoding"), "gzip", "{path}");
        assert!(packed.header("vary").contains("Accept-Encoding"), "{path}");
        assert_eq!(packed.header("content-type"), "text/html; charset=utf-8");
        let length = packed.header("content-length").parse::<usize>().unwrap();
        assert!(length * 3 < plain.text.len() * 2, "{path}: {length}");
        let tag = packed.header("etag").to_owned();
        if ["/policy", "/how"].contains(&path) {
            assert_ne!(tag, plain.header("etag"), "{path}");
            browser.more.push(("if-none-match", tag));
            browser.get(path).await.expect(304);
        }
    }
    browser.more = vec![("accept-encoding", "gzip, br".to_owned())];
    let wrong = [("login", "zhang.san"), ("password", "wrong password")];
    let refused = browser.send("/sign-in", &wrong).await.expect(401);
    assert_eq!(refused.header("content-encoding"), "");
    let mut clerk = Browser::signed_in(&province, "zhang.san").await;
    clerk.more = vec![("accept-encoding", "gzip, br".to_owned())];
    for path in [
        "/",
        "/policy",
        "/desk",
        "/desk?tab=all&q=x",
        "/report?all=1",
    ] {
        let page = clerk.get(path).await.expect(200);
        assert_eq!(page.header("content-encoding"), "", "{path}");
    }
    province.host.stop().await;
}

/// R-A16, R-A22, R-A23.
#[tokio::test]
async fn language_and_size_are_chosen_by_link_and_stay() {
    let province = Province::start().await;
    let mut browser = Browser::new(&province);
    browser.more = vec![("accept-language", "en-GB, zh;q=0.5".to_owned())];
    let home = browser.get("/how").await.expect(200);
    assert_eq!(home.header("content-language"), "en");
    let chosen = browser
        .get("/how?lang=zh&size=elder&theme=dark&contrast=high")
        .await
        .expect(200);
    assert!(
        chosen
            .text
            .contains("data-size=\"elder\" data-theme=\"dark\" data-contrast=\"high\"")
    );
    let stays = browser.get("/accessibility").await.expect(200);
    assert_eq!(stays.header("content-language"), "zh-CN");
    assert!(
        stays
            .text
            .contains("data-size=\"elder\" data-theme=\"dark\" data-contrast=\"high\"")
    );
    assert_eq!(
        browser.cookies.keys().collect::<Vec<_>>(),
        ["view"],
        "R-A22"
    );
    province.host.stop().await;
}

#[tokio::test]
async fn the_api_stays_what_it_was_and_hosts_that_are_not_ours_get_nothing() {
    let province = Province::start().await;
    let missing = province.get("/v1/nothing").send().await.expect(404);
    assert_eq!(missing.problem(), "not-found");
    province.post("/v1/nothing").send().await.expect(404);
    let mut browser = Browser::new(&province);
    for host in [
        "evil.example",
        "330000000000.evil.example",
        "330100000000.localhost",
    ] {
        browser.more = vec![("host", host.to_owned())];
        browser.get("/").await.expect(421);
    }
    for host in [HOST, "33.localhost", "localhost", "127.0.0.1"] {
        browser.more = vec![("host", host.to_owned())];
        assert!(
            browser.get("/").await.expect(200).text.contains("浙江省"),
            "{host}"
        );
    }
    province.host.stop().await;
}

/// R-A5.
#[tokio::test]
async fn what_people_write_is_never_markup() {
    let province = Province::start().await;
    let tokens = province.administrators().await;
    let official = province.person(&tokens, "zhang.san", &["official"]).await;
    let evil = "\"><script>alert(1)</script><img src=x onerror=alert(1)>";
    let report = json!({ "category": "enforcement/lighting", "text": evil, "channel": "paper",
        "contact": { "name": evil, "phone": "1", "address": evil } });
    let reported = province
        .post("matters")
        .by(&official)
        .body(report)
        .send()
        .await
        .expect(201);
    let id = reported.text("id");
    let mut browser = Browser::signed_in(&province, "zhang.san").await;
    let page = browser.get(&format!("/desk/m/{id}")).await.expect(200);
    assert!(page.text.contains("alert(1)") && !page.text.contains("<script>alert"));
    check("matter", &page);
    for path in [
        "/desk?tab=all&q=%22%3E%3Cscript%3Ealert(1)%3C/script%3E",
        "/sign-in?back=%22onload=%22x",
    ] {
        let page = browser.get(path).await.expect(200);
        assert!(
            !page.text.contains("<script>alert") && !page.text.contains("\"onload="),
            "{path}"
        );
    }
    // What was typed comes back in the form, as text.
    let csrf = browser.get("/desk/report").await.field("csrf");
    let fields = [
        ("csrf", &*csrf),
        ("text", evil),
        ("category", "order/ufo"),
        ("name", evil),
    ];
    let refused = browser.send("/desk/report", &fields).await.expect(422);
    assert!(refused.text.contains("alert(1)"));
    check("report", &refused);
    province.host.stop().await;
}

//! Who stands behind the pages, where they are, and what they say when something fails.

use serde_json::json;

use super::browser::{Browser, Page};
use testkit::province::Province;

/// The host of the pages below a county's own name.
const OWN: &str = "330000000000.ywt.longyou.example.gov.cn";
const SITE: &str = "[pages]\nzone = 'ywt.longyou.example.gov.cn'\nunit = '龙游县人民政府办公室'\n\
                    site_code = '3308250001'\nicp = '浙ICP备05000000号'\npolice = '浙公网安备33082502000123号'\n\
                    mark = 'https://bszs.example.org.cn/sitename?id=0AB1'\ntelephone = '0570-7012345'\n\
                    hours = '工作日 8:30-17:00'\naddress = '龙游县荣昌东路'\n";
/// Addresses of others that a page of such a site names: both registries and that of the mark.
const REGISTRIES: [&str; 3] = [
    "https://beian.miit.gov.cn/",
    "https://beian.mps.gov.cn/#/query/webSearch?code=33082502000123",
    "https://bszs.example.org.cn/sitename?id=0AB1",
];

fn meta(page: &Page, name: &str) -> Option<String> {
    let mark = format!("<meta name=\"{name}\" content=\"");
    let (_, rest) = page.text.split_once(&mark)?;
    Some(rest.split('"').next().unwrap().to_owned())
}

/// A browser that is on the host of the county's own name.
fn at_home(province: &Province) -> Browser<'_> {
    let mut browser = Browser::new(province);
    browser.more = vec![("host", OWN.to_owned())];
    browser
}

/// Every address in a page that begins with a scheme.
fn addresses(page: &Page) -> Vec<String> {
    let text = page.text.replace("http://www.w3.org/2000/svg", "");
    let text = text.replace("&#38;", "&").replace("&amp;", "&");
    let mut found = vec![];
    for scheme in ["http://", "https://"] {
        for rest in text.split(scheme).skip(1) {
            let end = rest.find(['"', '<', ' ', '\'']).unwrap_or(rest.len());
            found.push(format!("{scheme}{}", &rest[..end]));
        }
    }
    found
}

/// R-A19, R-A20: the configured unit, filings and marks are on every page, with links to their registries;
/// nothing that is not set is shown; the pages are at the county's own name, and name no other address.
#[tokio::test]
async fn a_site_says_who_stands_behind_it_and_where_it_is() {
    let province = Province::start_with(SITE).await;
    let tokens = province.administrators().await;
    let official = province.person(&tokens, "official", &["official"]).await;
    let report =
        json!({ "category": "enforcement/lighting", "text": "路灯不亮", "visibility": "public" });
    let reported = province.post("matters").by(&official).body(report).send();
    let id = reported.await.expect(201).text("id");
    let reply = json!({ "act": "reply", "publicity": "public", "note": "下周来修" });
    let acts = province.post(&format!("matters/{id}/acts")).by(&official);
    acts.body(reply).send().await.expect(200);
    let mut browser = at_home(&province);
    let public = format!("/public/{id}");
    for path in [
        "/", "/report", "/my", "/how", "/poster", "/sign-in", "/no/such", &public,
    ] {
        let page = browser.get(path).await;
        assert_eq!(
            meta(&page, "SiteName").as_deref(),
            Some("龙游县人民政府办公室"),
            "{path}"
        );
        assert_eq!(meta(&page, "SiteDomain").as_deref(), Some(OWN), "{path}");
        assert_eq!(
            meta(&page, "SiteIDCode").as_deref(),
            Some("3308250001"),
            "{path}"
        );
        assert!(
            meta(&page, "ColumnName").is_some_and(|name| !name.is_empty()),
            "{path}"
        );
        let (_, foot) = page.text.split_once("<footer").unwrap();
        for said in [
            "主办单位 龙游县",
            "网站标识码 3308250001",
            "ICP 浙ICP备",
            "公安备案 浙公网安备",
            "党政机关网站标识",
            "0570-7012345",
            "工作日 8:30-17:00",
            "荣昌东路",
        ] {
            assert!(foot.contains(said), "{path} lacks {said}: {foot}");
        }
        let found = addresses(&page);
        for registry in REGISTRIES {
            assert!(found.iter().any(|one| one == registry), "{path}: {found:?}");
        }
        for one in &found {
            let is_own = one
                .strip_prefix("https://")
                .is_some_and(|rest| rest.starts_with(OWN));
            assert!(is_own || REGISTRIES.contains(&&**one), "{path} names {one}");
        }
    }
    let published = browser.get(&public).await.expect(200);
    assert!(meta(&published, "ArticleTitle").is_some_and(|title| title.contains(&id)));
    let date = meta(&published, "PubDate").unwrap();
    assert!(date.len() == 16 && date.starts_with("20"), "{date}");
    assert_eq!(meta(&published, "ContentSource").as_deref(), Some("浙江省"));
    // The poster leads to that name, and says the hours in both languages (R-P24).
    let poster = browser.get("/poster").await.expect(200).text;
    for said in [
        &*format!("https://{OWN}/report"),
        "窗口时间",
        "Window hours",
        "0570-7012345",
    ] {
        assert!(poster.contains(said), "{said}: {poster}");
    }
    // Without settings none of it is there, and the name is nobody's.
    let province = province.restart_with("").await;
    at_home(&province).get("/").await.expect(421);
    let bare = Browser::new(&province).get("/").await.expect(200);
    for name in ["SiteName", "SiteDomain", "SiteIDCode"] {
        assert_eq!(meta(&bare, name), None, "{name}");
    }
    for said in [
        "主办单位",
        "网站标识码",
        "ICP",
        "公安备案",
        "党政机关",
        "谁来答复",
    ] {
        assert!(!bare.text.contains(said), "{said}");
    }
    assert_eq!(addresses(&bare), [""; 0]);
    province.host.stop().await;
}

/// What a page about a failure has to say.
#[track_caller]
fn explains(page: &Page, status: u16, what: &str) {
    assert_eq!(page.status.as_u16(), status, "{}", page.text);
    assert!(
        page.header("content-type").starts_with("text/html"),
        "{status}: {}",
        page.text
    );
    for said in [what, "怎么办", "也可以打电话：0570-7012345", "href=\"/\""] {
        assert!(
            page.text.contains(said),
            "{status} lacks {said}: {}",
            page.text
        );
    }
}

/// R-A21: what failed is said on a page, with what to do and the telephone.
#[tokio::test]
async fn a_failure_has_a_page_that_says_what_to_do_and_whom_to_call() {
    let call = "[pages]\ntelephone = '0570-7012345'\n";
    let province = Province::start_with(call).await;
    let tokens = province.administrators().await;
    let official = province.person(&tokens, "zhang.san", &["official"]).await;
    let id = province.report(&official).await;
    let mut browser = Browser::new(&province);
    explains(&browser.get("/no/such/page").await, 404, "没有找到");
    let foreign = [("origin", "http://evil.example")];
    let forged = browser
        .send_from("/report", &[("text", "x")], &foreign)
        .await;
    explains(&forged, 403, "不能这样做");
    let long = "长".repeat(100_000);
    let too_long = browser.send("/report", &[("text", &long)]).await;
    explains(&too_long, 413, "内容太大");
    for path in ["/how", "/accessibility", "/offline"] {
        browser.get(path).await.expect(200);
    }
    let mut clerk = Browser::signed_in(&province, "zhang.san").await;
    explains(&clerk.get("/admin/audit").await, 403, "不能这样做");
    let csrf = clerk.get("/desk").await.expect(200).field("csrf");
    let fields = [("csrf", &*csrf), ("reason", "visit"), ("key", "k1")];
    let none = clerk.send(&format!("/desk/m/{id}/contact"), &fields).await;
    assert!(none.status.is_client_error(), "{}", none.text);
    let province = province
        .restart_with(&format!("{call}[limits]\nrequests_per_address_s = 1\n"))
        .await;
    let mut hasty = Browser::new(&province);
    let mut told = None;
    for _ in 0..200 {
        let page = hasty.get("/how").await;
        if page.status.as_u16() != 200 {
            told = Some(page);
            break;
        }
    }
    explains(&told.expect("a limit"), 429, "操作太频繁");
    province.host.stop().await;
}

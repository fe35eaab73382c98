//! One division alone in this process, in a real browser: signing in, a report without scripts, the window,
//! paper, and colours that the device chooses.

use serde_json::{Value, json};
use testkit::{
    pictures, port,
    provider::{self, Provider},
    province::{PASSWORD, Province},
};
use thirtyfour::By;

use super::driver::{Browser, Look, PHONE};

const DESK: Look = Look {
    width: 1280,
    dark: false,
    forced: false,
};

/// A province with pages at an address that is known before it starts.
struct Town {
    province: Province,
    at: String,
    official: String,
    system: String,
}

impl Town {
    async fn start() -> Self {
        let port = port::free();
        let at = format!("http://330000000000.localhost:{port}");
        Self::start_at(port, at, "").await
    }

    async fn start_at(port: u16, at: String, settings: &str) -> Self {
        let province = Province::start_at(port, settings).await;
        let tokens = province.administrators().await;
        let official = province.person(&tokens, "zhang.san", &["official"]).await;
        Self {
            province,
            at,
            official,
            system: tokens["sys"].clone(),
        }
    }

    fn at(&self, path: &str) -> String {
        format!("{}{path}", self.at)
    }

    /// Signs in with the password.
    async fn enter(&self, browser: &Browser, back: &str) {
        browser.go(&self.at(&format!("/sign-in?back={back}"))).await;
        browser.fill("#login", "zhang.san").await;
        browser.fill("#password", PASSWORD).await;
        browser.click("main button.primary").await;
        browser.until(|path| path == back).await;
    }

    async fn stop(self) {
        self.province.host.stop().await;
    }
}

async fn count(browser: &Browser, css: &str) -> usize {
    browser.driver.find_all(By::Css(css)).await.unwrap().len()
}

/// A person signs in with their password, signs out, and comes in again by the word of the provider.
#[tokio::test]
async fn a_person_signs_in_with_a_password_and_with_the_provider() {
    let port = port::free();
    // Without TLS a provider sends people back to this machine alone.
    let at = format!("http://localhost:{port}");
    let provider = Provider::start_for(&at, "248").await;
    let (settings, _secret) = provider::settings(provider.issuer(), &at, "");
    let town = Town::start_at(port, at, &settings).await;
    let link = town
        .province
        .put("accounts/zhang.san/link")
        .by(&town.system);
    link.body(json!({ "subject": "248" }))
        .send()
        .await
        .expect(200);
    let browser = Browser::open(true).await;
    browser.look(PHONE).await;
    town.enter(&browser, "/desk").await;
    assert_eq!(browser.faults().await, [""; 0]);
    browser.click("form[action='/sign-out'] button").await;
    browser.until(|path| path == "/").await;
    browser.go(&town.at("/desk?tab=late")).await;
    browser.until(|path| path == "/sign-in").await;
    assert_eq!(browser.faults().await, [""; 0]);
    browser.picture("sign-in-320").await;
    browser.click("a.button[href*='/oidc/start']").await;
    browser.until(|path| path == "/desk").await;
    let query = browser.value("location.search").await;
    assert_eq!(query, "?tab=late", "where they wanted to go");
    assert!(provider.asked("/authorize") == 1 && provider.asked("/token") == 1);
    let shown = browser.text().await;
    assert!(shown.contains("已登录：张三"), "{shown}");
    browser.close().await;
    town.stop().await;
    provider.stop().await;
}

/// Sends the form on, and counts the page that comes.
async fn go_on(browser: &Browser, pages: &mut usize) {
    browser.click("form[data-waits] button.primary").await;
    *pages += 1;
}

/// R-A1, R-P2, R-P3, R-P7, R-A23: without scripts a report with a photo takes few pages and two answers; a
/// kind is never asked for, a danger is; the photo outlives errors and steps back; size and contrast stay.
#[tokio::test]
async fn a_villager_without_scripts_reports_with_a_photo_in_few_pages() {
    let town = Town::start().await;
    let browser = Browser::open(false).await;
    browser.look(PHONE).await;
    browser.go(&town.at("/")).await;
    let size = "parseFloat(getComputedStyle(document.querySelector('main p')).fontSize)";
    let standard = browser.value(size).await.as_f64().unwrap();
    assert!(standard >= 18.0, "{standard}");
    let second = "getComputedStyle(document.documentElement).getPropertyValue('--second') !== \
        getComputedStyle(document.documentElement).getPropertyValue('--text')";
    assert_eq!(browser.value(second).await, true);
    browser.click(".display a[href*='contrast=high']").await;
    browser.click(".display a[href*='size=elder']").await;
    let elder = browser.value(size).await.as_f64().unwrap();
    assert!(elder >= 26.0, "{elder}");
    let small = "[...document.querySelectorAll('main a.button, main button, nav.sections a')].map(e => \
        e.getBoundingClientRect().height).filter(h => h < 60).join()";
    assert_eq!(
        browser.value(small).await,
        "",
        "targets of the large version"
    );
    assert_eq!(
        browser.value(second).await,
        false,
        "one colour of text in high contrast"
    );

    browser.click("main a.primary[href='/report']").await;
    let mut pages = 1;
    let stays = browser
        .value("document.documentElement.dataset.size + document.documentElement.dataset.contrast");
    assert_eq!(stays.await, "elderhigh");
    browser
        .click(".display button[formaction*='size=standard']")
        .await;
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("near.png");
    std::fs::write(&file, pictures::photo(64, 48, 9)).unwrap();
    let field = browser.driver.find(By::Css("#photo")).await.unwrap();
    field.send_keys(file.to_str().unwrap()).await.unwrap();
    go_on(&browser, &mut pages).await;
    browser.fill("#where", "桥头").await;
    go_on(&browser, &mut pages).await;
    // What is it? A few kinds in plain words, and none is needed.
    let asked = browser.text().await;
    for number in ["110", "119", "120", "不确定"] {
        assert!(asked.contains(number), "{number}: {asked}");
    }
    let kinds = count(&browser, "fieldset > label input[name=kind]").await;
    assert!((2..=10).contains(&kinds), "{kinds}");
    assert_eq!(count(&browser, "input[name=kind][required]").await, 0);
    // An error loses nothing, nor do steps back.
    browser.click("form[data-waits] button.primary").await;
    assert!(browser.driver.title().await.unwrap().starts_with("错误："));
    browser.click("button[value=back]").await;
    browser.click("button[value=back]").await;
    assert_eq!(count(&browser, ".photos img").await, 1);
    assert_eq!(count(&browser, ".photos button[value^='remove-']").await, 1);
    browser.click("form[data-waits] button.primary").await;
    let kept = browser.driver.find(By::Css("#where")).await.unwrap();
    assert_eq!(kept.prop("value").await.unwrap().as_deref(), Some("桥头"));
    browser.click("form[data-waits] button.primary").await;
    // A danger is not taken before somebody said that nobody is in danger.
    browser.fill("#text", "电线掉在路上").await;
    browser.click("input[value='order/safety']").await;
    browser.click("form[data-waits] button.primary").await;
    assert!(browser.text().await.contains("先打 110、119 或 120"));
    browser.click("#calm").await;
    go_on(&browser, &mut pages).await;
    // Nobody has to give a name.
    go_on(&browser, &mut pages).await;
    assert!(browser.text().await.contains("最迟办结"));
    browser.click("button[value=send]").await;
    pages += 1;
    assert_eq!(
        count(&browser, ".receipt .number").await,
        2,
        "{}",
        browser.text().await
    );
    assert!(pages <= 7, "{pages} pages");
    browser.close().await;
    town.stop().await;
}

/// Seconds of a practised clerk by the keystroke-level model (Card, Moran, Newell 1980): 0.28 for a key,
/// 1.35 to think before a field; a character of Chinese takes three keys.
fn seconds(keys: usize, characters: usize, fields: usize) -> f64 {
    let keys = u32::try_from(keys + 3 * characters).unwrap();
    let fields = u32::try_from(fields).unwrap();
    0.28f64.mul_add(f64::from(keys), 1.35 * f64::from(fields))
}

/// R-D13: at the window all questions are on one page, a clerk answers them with the keyboard in less than a
/// minute, and the slip is printed.
#[tokio::test]
async fn a_clerk_at_the_window_is_quick_and_prints_the_slip() {
    let town = Town::start().await;
    let browser = Browser::open(true).await;
    browser.look(DESK).await;
    town.enter(&browser, "/desk").await;
    browser.go(&town.at("/desk/report?lang=zh")).await;
    assert_eq!(count(&browser, "main form").await, 1);
    let (text, name, phone) = ("菜场门口第二盏路灯三天不亮", "张三丰", "13857012345");
    let mut keys = 0;
    let here = async |css: &str| {
        let here = format!("document.activeElement.matches({css:?})");
        browser.value(&here).await == true
    };
    let keyboard = async |text: &str| {
        let typed = browser.driver.action_chain().send_keys(text);
        typed.perform().await.unwrap();
    };
    browser
        .value("document.querySelector('#content').focus()")
        .await;
    for (css, typed) in [
        ("#text", text),
        ("#category", "路灯"),
        ("#name", name),
        ("#phone", phone),
        ("main form button.primary", "\u{e007}"),
    ] {
        for _ in 0..40 {
            if here(css).await {
                break;
            }
            keyboard("\u{e004}").await;
            keys += 1;
        }
        assert!(here(css).await, "the keyboard does not reach {css}");
        match css {
            // The menu of a real browser is outside the page.
            "#category" => {
                browser
                    .click("#category option[value='enforcement/lighting']")
                    .await
            }
            _ => keyboard(typed).await,
        }
    }
    browser
        .until_true("!!document.querySelector('.number.lead')")
        .await;
    let took = seconds(
        keys + phone.len() + 4,
        (text.chars().count() + name.chars().count() + 2).max(1),
        5,
    );
    assert!(took <= 60.0, "{took} s with {keys} tabs");
    let slip = "[...document.querySelectorAll('.number.lead')].map(e => e.textContent)";
    let slip = browser.value(slip).await;
    assert!(
        slip[1].as_str().is_some_and(|slip| slip.len() > 30),
        "{slip}"
    );
    browser.as_paper().await;
    let seen = "[...document.querySelectorAll('.number.lead')].filter(e => e.getClientRects().length).length";
    assert_eq!(browser.value(seen).await, 2);
    let hidden = "[...document.querySelectorAll('nav, button, .button')].some(e => e.getClientRects().length)";
    assert_eq!(browser.value(hidden).await, false);
    assert_eq!(browser.printed().await.pages(), 1);
    browser.close().await;
    town.stop().await;
}

/// R-A14: a printed list has every row of the page, its filter, the time, the address and page numbers.
#[tokio::test]
async fn a_printed_list_has_every_row_its_filter_and_its_address() {
    let town = Town::start().await;
    for _ in 0..60 {
        town.province.report(&town.official).await;
    }
    let browser = Browser::open(true).await;
    town.enter(&browser, "/desk").await;
    browser.look(Look { dark: true, ..DESK }).await;
    browser
        .go(&town.at("/desk?tab=all&state=open&lang=zh"))
        .await;
    let rows = count(&browser, "tbody tr").await;
    assert_eq!(rows, 50);
    let paper = browser.printed().await;
    // The head is a row as well, and may stand on each page.
    assert!(
        paper.parts("TR") > rows,
        "{} of {rows} rows",
        paper.parts("TR")
    );
    assert!(paper.pages() > 1, "{} pages", paper.pages());
    browser.as_paper().await;
    let shown = browser.value("document.body.innerText").await;
    let shown = shown.as_str().unwrap();
    for said in [
        "已筛选：",
        "未结",
        "截至",
        "330000000000.localhost",
        "/desk?tab=all&state=open",
    ] {
        assert!(shown.contains(said), "{said}: {shown}");
    }
    let ground = "getComputedStyle(document.body).backgroundColor";
    assert_eq!(browser.value(ground).await, "rgb(255, 255, 255)");
    let hidden = "[...document.querySelectorAll('nav, button, form.line, #keys')].some(e => e.getClientRects().length)";
    assert_eq!(browser.value(hidden).await, false);
    let numbered = "[...document.styleSheets].some(s => [...s.cssRules].some(r => r.cssText.includes('counter(pages)')))";
    assert_eq!(browser.value(numbered).await, true);
    browser.close().await;
    town.stop().await;
}

/// R-A11: where the device chooses the colours, what stands on a ground of its own has a border, the page that
/// is shown and the focus are marked, and every state has its word and its shape.
#[tokio::test]
async fn in_forced_colours_nothing_is_told_by_a_colour() {
    let town = Town::start().await;
    town.province.report(&town.official).await;
    let browser = Browser::open(true).await;
    town.enter(&browser, "/desk").await;
    for width in [320, 1280] {
        browser
            .look(Look {
                width,
                dark: false,
                forced: true,
            })
            .await;
        browser.go(&town.at("/desk?tab=all")).await;
        assert_eq!(
            browser
                .value("matchMedia('(forced-colors: active)').matches")
                .await,
            true
        );
        let bare = "[...document.querySelectorAll('button:not(.plain):not(.first), .button, .notice, .empty, input:not([type=checkbox]):not([type=radio]), select')]\
            .filter(e => e.getClientRects().length).filter(e => { const s = getComputedStyle(e); \
            return ['Top', 'Left'].every(side => parseFloat(s['border' + side + 'Width']) === 0); })\
            .map(e => e.outerHTML.slice(0, 90)).join(' | ')";
        assert_eq!(browser.value(bare).await, "", "{width}");
        let states = "[...document.querySelectorAll('.state')].every(e => e.textContent.trim() && e.querySelector('svg use'))";
        assert_eq!(browser.value(states).await, true, "{width}");
        let current = "[...document.querySelectorAll('[aria-current=page]')].map(e => getComputedStyle(e))\
            .every(s => parseFloat(s.borderBottomWidth) >= 3 && s.borderBottomColor !== 'rgba(0, 0, 0, 0)')";
        assert_eq!(browser.value(current).await, true, "{width}");
        let tab =
            json!({ "type": "keyDown", "key": "Tab", "code": "Tab", "windowsVirtualKeyCode": 9 });
        browser.cdp("Input.dispatchKeyEvent", tab).await;
        let ring = "(s => s.outlineStyle + parseFloat(s.outlineWidth))(getComputedStyle(document.activeElement))";
        assert_eq!(browser.value(ring).await, Value::from("solid3"), "{width}");
        browser.picture(&format!("forced-desk-{width}")).await;
    }
    browser.close().await;
    town.stop().await;
}

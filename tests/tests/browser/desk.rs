//! The desk in a real browser: news in many tabs, keys, bulk acts, bundles, disputes.

use std::time::Duration;

use thirtyfour::{By, WindowHandle};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::sleep,
};

use super::driver::{Browser, Demo, Look};

const TOWNSHIP: &str = "330825002";
const COUNTY: &str = "330825";
/// The most streams that the node opens for one caller (`office::feed`).
const MOST_STREAMS: usize = 16;

const PHONE: Look = Look {
    width: 320,
    dark: false,
    forced: false,
};
const DESK: Look = Look {
    width: 1280,
    dark: false,
    forced: false,
};

async fn enter(browser: &Browser, demo: &Demo, division: &str, login: &str) {
    browser
        .go(&demo.at(division, &format!("/enter?as={login}")))
        .await;
    browser.until(|path| path == "/desk").await;
}

/// Waits until an expression of the page is true.
async fn eventually(browser: &Browser, expression: &str) {
    for _ in 0..400 {
        if browser.value(expression).await == true {
            return;
        }
        sleep(Duration::from_millis(50)).await;
    }
    panic!("never: {expression}; {}", browser.text().await);
}

/// Counts the streams that the person of the browser has at the node: opens more until the node
/// refuses one.
async fn streams(browser: &Browser, demo: &Demo) -> usize {
    let cookies = browser.driver.get_all_cookies().await.unwrap();
    let cookies = cookies
        .iter()
        .map(|one| format!("{}={}", one.name, one.value));
    let cookies = cookies.collect::<Vec<_>>().join("; ");
    let url = demo.at(TOWNSHIP, "");
    let host = url.strip_prefix("http://").unwrap();
    let port = host.rsplit_once(':').unwrap().1;
    let mut open = vec![];
    loop {
        let address = format!("127.0.0.1:{port}");
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = format!(
            "GET /v1/nodes/{TOWNSHIP:0<12}/events HTTP/1.1\r\nHost: {host}\r\nCookie: {cookies}\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut head = [0; 12];
        stream.read_exact(&mut head).await.unwrap();
        match &head[9..] {
            b"200" => open.push(stream),
            b"429" => return MOST_STREAMS - open.len(),
            other => panic!("{}", String::from_utf8_lossy(other)),
        }
    }
}

async fn one_stream(browser: &Browser, demo: &Demo) {
    let mut seen = 0;
    for _ in 0..40 {
        seen = streams(browser, demo).await;
        if seen == 1 {
            return;
        }
        sleep(Duration::from_millis(250)).await;
    }
    panic!("{seen} streams");
}

/// R-A9, R-A10: seven tabs all answer, have one stream of events together, and learn of news without
/// that anything moves.
#[tokio::test]
async fn seven_tabs_share_one_stream_and_all_are_told_of_news() {
    let demo = Demo::start().await;
    let browser = Browser::open(true).await;
    browser.look(DESK).await;
    enter(&browser, &demo, TOWNSHIP, "clerk").await;
    let list = demo.at(TOWNSHIP, "/desk?tab=all&lang=zh");
    browser.go(&list).await;
    let mut tabs: Vec<WindowHandle> = vec![browser.driver.window().await.unwrap()];
    while tabs.len() < 7 {
        let tab = browser.driver.new_tab().await.unwrap();
        browser.driver.switch_to_window(tab.clone()).await.unwrap();
        browser.go(&list).await;
        assert!(browser.text().await.contains("待办"), "tab {}", tabs.len());
        tabs.push(tab);
    }
    one_stream(&browser, &demo).await;
    // The node notices within a moment that those that were counted are gone.
    sleep(Duration::from_secs(1)).await;
    let rows = "document.querySelectorAll('tbody tr').length";
    let before = browser.value(rows).await;
    // The last tab takes a report.
    browser.go(&demo.at(TOWNSHIP, "/desk/report")).await;
    browser.fill("#text", "桥头路灯不亮").await;
    browser
        .click("#category option[value='enforcement/lighting']")
        .await;
    browser
        .click("form[action='/desk/report'] button.primary")
        .await;
    browser.until(|path| path == "/desk/report").await;
    for tab in &tabs[..6] {
        browser.driver.switch_to_window(tab.clone()).await.unwrap();
        eventually(
            &browser,
            "document.querySelector('#live p').textContent.includes('1 件有新变化')",
        )
        .await;
        assert_eq!(
            browser.value("document.activeElement.tagName").await,
            "BODY"
        );
        assert_eq!(browser.value(rows).await, before, "nothing moves by itself");
    }
    assert!(
        browser.faults().await.is_empty(),
        "{:?}",
        browser.faults().await
    );
    browser.picture("desk-news-1280").await;
    // The tab with the stream goes; another takes it over.
    browser
        .driver
        .switch_to_window(tabs[0].clone())
        .await
        .unwrap();
    browser.driver.close_window().await.unwrap();
    browser
        .driver
        .switch_to_window(tabs[1].clone())
        .await
        .unwrap();
    // Counting fills the node; the stream is there before it.
    sleep(Duration::from_secs(3)).await;
    one_stream(&browser, &demo).await;
    // Who wants to see the news does.
    browser.click("#live a").await;
    eventually(
        &browser,
        &format!("{rows} === {before} + 1 || {rows} === 50"),
    )
    .await;
    browser.close().await;
    demo.stop().await;
}

/// R-A8: a page says since when it is not live.
#[tokio::test]
async fn a_desk_whose_node_is_gone_says_since_when() {
    let demo = Demo::start().await;
    let browser = Browser::open(true).await;
    enter(&browser, &demo, TOWNSHIP, "clerk").await;
    browser.go(&demo.at(TOWNSHIP, "/desk?lang=zh")).await;
    one_stream(&browser, &demo).await;
    demo.stop().await;
    eventually(
        &browser,
        "/从 \\d\\d:\\d\\d 起没有实时更新/.test(document.querySelector('#live p').textContent)",
    )
    .await;
    browser.close().await;
}

/// R-D1: the most urgent matter, and the way to its next act, are in sight.
#[tokio::test]
async fn the_most_urgent_matter_is_in_sight() {
    let demo = Demo::start().await;
    let browser = Browser::open(true).await;
    enter(&browser, &demo, TOWNSHIP, "clerk").await;
    let size = serde_json::json!({ "width": 1280, "height": 720, "deviceScaleFactor": 1, "mobile": false });
    browser
        .cdp("Emulation.setDeviceMetricsOverride", size)
        .await;
    browser.go(&demo.at(TOWNSHIP, "/desk?lang=en")).await;
    for part in ["tbody tr", "a.button.primary"] {
        let bottom = format!("document.querySelector('{part}').getBoundingClientRect().bottom");
        let bottom = browser.value(&bottom).await.as_f64().unwrap();
        assert!(bottom <= 720.0, "{part} ends at {bottom}");
    }
    browser.close().await;
    demo.stop().await;
}

async fn press(browser: &Browser, key: &str) {
    let actions = browser.driver.action_chain().send_keys(key);
    actions.perform().await.unwrap();
}

/// R-D16: keys help, none is needed, and they can be switched off.
#[tokio::test]
async fn keys_of_the_desk_help_and_can_be_switched_off() {
    let demo = Demo::start().await;
    let browser = Browser::open(true).await;
    enter(&browser, &demo, TOWNSHIP, "clerk").await;
    browser
        .go(&demo.at(TOWNSHIP, "/desk?tab=all&lang=en"))
        .await;
    let at = "document.activeElement.id || document.activeElement.getAttribute('href') || document.activeElement.tagName";
    let row =
        |n: usize| format!("document.querySelectorAll('tbody th a')[{n}].getAttribute('href')");
    press(&browser, "j").await;
    assert_eq!(browser.value(at).await, browser.value(&row(0)).await);
    press(&browser, "j").await;
    assert_eq!(browser.value(at).await, browser.value(&row(1)).await);
    press(&browser, "k").await;
    assert_eq!(browser.value(at).await, browser.value(&row(0)).await);
    press(&browser, "/").await;
    assert_eq!(browser.value(at).await, "q");
    // In a field a letter is a letter.
    press(&browser, "jk?").await;
    assert_eq!(
        browser.value("document.querySelector('#q').value").await,
        "jk?"
    );
    browser.value("document.activeElement.blur()").await;
    press(&browser, "?").await;
    assert_eq!(
        browser.value("document.querySelector('#keys').open").await,
        true
    );
    assert_eq!(browser.faults().await, [""; 0]);
    browser.click("#keys a").await;
    eventually(&browser, "document.documentElement.dataset.keys === 'off'").await;
    press(&browser, "j").await;
    assert_eq!(browser.value(at).await, "BODY");
    // It stays off on the next page.
    browser.go(&demo.at(TOWNSHIP, "/desk")).await;
    press(&browser, "/").await;
    assert_eq!(browser.value(at).await, "BODY");
    browser.close().await;
    demo.stop().await;
}

/// What axe and the policy say of the page that is shown.
async fn sound(browser: &Browser, name: &str) {
    assert_eq!(browser.faults().await, [""; 0], "{name}");
    browser.picture(name).await;
}

/// R-D3, R-D9: several matters at once, on a telephone in Chinese and at a desk in English.
#[tokio::test]
async fn several_matters_are_remarked_on_at_once() {
    let demo = Demo::start().await;
    let browser = Browser::open(true).await;
    enter(&browser, &demo, TOWNSHIP, "clerk").await;
    for _ in 0..2 {
        report(&browser, &demo, TOWNSHIP).await;
    }
    for (look, language, done) in [(PHONE, "zh", "办成 2 件"), (DESK, "en", "Done: 2.")] {
        browser.look(look).await;
        let width = look.width;
        let list = format!("/desk?tab=hand&lang={language}");
        browser.go(&demo.at(TOWNSHIP, &list)).await;
        sound(&browser, &format!("desk-list-{language}-{width}")).await;
        let boxes = browser
            .driver
            .find_all(By::Css("tbody input[name=m]"))
            .await
            .unwrap();
        assert!(boxes.len() >= 2, "{}", boxes.len());
        for one in &boxes[..2] {
            one.scroll_into_view().await.unwrap();
            one.click().await.unwrap();
        }
        browser.click("#act option[value=remark]").await;
        browser.click("#bulk button").await;
        browser.until(|path| path == "/desk/bulk").await;
        sound(&browser, &format!("desk-bulk-{language}-{width}")).await;
        browser.click("input[name=audience][value=offices]").await;
        browser.fill("#note", "一并看过").await;
        browser.click("main button.primary").await;
        let told = format!("document.body.innerText.includes('{done}')");
        eventually(&browser, &told).await;
        sound(&browser, &format!("desk-bulk-done-{language}-{width}")).await;
        // A list is saved and opened again.
        browser
            .go(&demo.at(
                TOWNSHIP,
                &format!("/desk?tab=all&holder=nobody&lang={language}"),
            ))
            .await;
        let name = format!("列表{width}");
        browser.fill("#name", &name).await;
        browser.click("form[action='/desk/saved'] button").await;
        eventually(
            &browser,
            &format!("document.querySelector('.saved').innerText.includes('{name}')"),
        )
        .await;
        sound(&browser, &format!("desk-saved-{language}-{width}")).await;
    }
    browser.close().await;
    demo.stop().await;
}

/// Reports for somebody at a desk; returns the path of the matter.
async fn report(browser: &Browser, demo: &Demo, division: &str) -> String {
    browser.go(&demo.at(division, "/desk/report?lang=zh")).await;
    browser.fill("#text", "开一家小吃店，要办几样手续").await;
    browser
        .click("#category option[value='enforcement/lighting']")
        .await;
    browser.fill("#name", "王小明").await;
    browser.fill("#phone", "13857012345").await;
    browser
        .click("form[action='/desk/report'] button.primary")
        .await;
    let open = "document.querySelector('main a.primary[href^=\"/desk/m/\"]').getAttribute('href')";
    let path = browser.value(open).await;
    path.as_str().unwrap().to_owned()
}

/// R-D10 and a bundle (一件事): a contact opened and closed, and two parts of one matter.
#[tokio::test]
async fn a_bundle_is_divided_and_a_contact_opened_for_a_reason() {
    let demo = Demo::start().await;
    let browser = Browser::open(true).await;
    enter(&browser, &demo, TOWNSHIP, "clerk").await;
    for (look, language) in [(PHONE, "zh"), (DESK, "en")] {
        browser.look(look).await;
        let matter = report(&browser, &demo, TOWNSHIP).await;
        let width = look.width;
        browser
            .go(&demo.at(TOWNSHIP, &format!("{matter}?lang={language}")))
            .await;
        assert!(!browser.text().await.contains("13857012345"));
        browser.click("#contact-reason option[value=ask]").await;
        browser.click("form[action$='/contact'] button").await;
        eventually(&browser, "document.body.innerText.includes('13857012345')").await;
        sound(&browser, &format!("desk-contact-{language}-{width}")).await;
        browser.click("a[href$='#contact']").await;
        eventually(&browser, "!document.body.innerText.includes('13857012345')").await;
        browser.driver.back().await.unwrap();
        assert!(
            !browser.text().await.contains("13857012345"),
            "closed for who comes back"
        );
        browser.go(&demo.at(TOWNSHIP, &matter)).await;
        browser.click("a[href$='/parts']").await;
        sound(&browser, &format!("desk-parts-{language}-{width}")).await;
        browser
            .click("#category1 option[value='enforcement/lighting']")
            .await;
        browser.fill("#text1", "店招审批").await;
        browser
            .click("#category2 option[value='enforcement/rubbish']")
            .await;
        browser.fill("#text2", "垃圾清运").await;
        browser.click("form[action$='/parts'] button.primary").await;
        eventually(&browser, "!!document.querySelector('#bundle')").await;
        let parts = "document.querySelectorAll('section[aria-labelledby=bundle] li').length";
        assert_eq!(browser.value(parts).await, 2);
        sound(&browser, &format!("desk-bundle-{language}-{width}")).await;
    }
    browser.close().await;
    demo.stop().await;
}

/// Does an act on its own page.
async fn act(browser: &Browser, demo: &Demo, division: &str, path: &str, fields: &[(&str, &str)]) {
    browser.go(&demo.at(division, path)).await;
    for (css, text) in fields {
        match text.is_empty() {
            true => browser.click(css).await,
            false => browser.fill(css, text).await,
        }
    }
    browser.click("main form button.primary").await;
    browser.until(|path| !path.contains("/act/")).await;
}

/// R-D12: what both sides said, in order, the rule, and the deadline of whoever decides.
#[tokio::test]
async fn a_dispute_shows_its_claims_its_rule_and_its_deadline() {
    let demo = Demo::start().await;
    let browser = Browser::open(true).await;
    browser.look(DESK).await;
    enter(&browser, &demo, COUNTY, "dispatcher").await;
    let matter = report(&browser, &demo, COUNTY).await;
    act(
        &browser,
        &demo,
        COUNTY,
        &format!("{matter}/act/accept"),
        &[],
    )
    .await;
    let to =
        format!("input[name=to][value='{TOWNSHIP:0<12}'], #to option[value='{TOWNSHIP:0<12}']");
    let assign = [(&*to, ""), ("#note", "在你们街道")];
    act(
        &browser,
        &demo,
        COUNTY,
        &format!("{matter}/act/assign"),
        &assign,
    )
    .await;
    browser.driver.delete_all_cookies().await.unwrap();
    enter(&browser, &demo, TOWNSHIP, "clerk").await;
    let object = format!("{matter}/act/object");
    let mut arrived = false;
    for _ in 0..100 {
        browser.go(&demo.at(TOWNSHIP, &object)).await;
        arrived = browser.value("!!document.querySelector('#note')").await == true;
        if arrived {
            break;
        }
        sleep(Duration::from_millis(100)).await;
    }
    assert!(arrived, "{}", browser.text().await);
    let ground = "input[name=ground], #ground option:nth-child(2)";
    act(
        &browser,
        &demo,
        TOWNSHIP,
        &object,
        &[(ground, ""), ("#note", "店在邻镇")],
    )
    .await;
    browser.driver.delete_all_cookies().await.unwrap();
    enter(&browser, &demo, COUNTY, "dispatcher").await;
    let mut text = String::new();
    for _ in 0..100 {
        browser
            .go(&demo.at(COUNTY, &format!("{matter}?lang=zh")))
            .await;
        let found = "(document.querySelector('section[aria-labelledby=dispute]') || {innerText: ''}).innerText";
        text = browser.value(found).await.as_str().unwrap().to_owned();
        if text.contains("店在邻镇") {
            break;
        }
        sleep(Duration::from_millis(100)).await;
    }
    let (first, second) = (text.find("在你们街道"), text.find("店在邻镇"));
    assert!(first.is_some() && first < second, "{text}");
    assert!(text.contains("裁定") && text.contains("到期"), "{text}");
    sound(&browser, "desk-dispute-1280").await;
    browser.look(PHONE).await;
    sound(&browser, "desk-dispute-320").await;
    browser.close().await;
    demo.stop().await;
}

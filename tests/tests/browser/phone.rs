//! A telephone: photos are made smaller, pages are read and reports are written without a network.

use serde_json::json;

use super::{
    driver::{Browser, Demo, Look, PHONE},
    line::Line,
};

const VILLAGE: &str = "330825002222";
/// Puts a photo of some megabytes into the form, as a camera would: noise does not shrink by itself.
const PHOTO: &str = "(async () => { const c = document.createElement('canvas'); c.width = 2600; c.height = 1800; \
    const p = c.getContext('2d'); const d = p.createImageData(c.width, c.height); \
    for (let i = 0; i < d.data.length; i += 4) { d.data[i] = Math.random() * 255; d.data[i + 1] = i % 255; d.data[i + 3] = 255; } \
    p.putImageData(d, 0, 0); const b = await new Promise(r => c.toBlob(r, 'image/jpeg', 0.95)); \
    const f = document.querySelector('input[type=file]'), t = new DataTransfer(); \
    t.items.add(new File([b], 'a.jpg', { type: 'image/jpeg' })); f.files = t.files; \
    f.dispatchEvent(new Event('change', { bubbles: true })); return b.size; })()";
/// Paths of the pages that the telephone keeps.
const KEPT: &str = "caches.keys().then(names => Promise.all(names.map(n => caches.open(n).then(c => c.keys())))).then(all => \
    all.flat().map(k => new URL(k.url)).map(u => u.pathname + u.search).join(' '))";

/// Whether the browser says that it has a network.
async fn network(browser: &Browser, is_up: bool) {
    browser.cdp("Network.enable", json!({})).await;
    let with = json!({ "offline": !is_up, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1 });
    browser.cdp("Network.emulateNetworkConditions", with).await;
}

/// R-P6: a photo is made smaller before it is sent, and the person is told.
#[tokio::test]
async fn a_photo_is_made_smaller_on_the_telephone() {
    let demo = Demo::start().await;
    let browser = Browser::open(true).await;
    browser.look(PHONE).await;
    browser.go(&demo.at(VILLAGE, "/report")).await;
    let whole = browser.value(PHOTO).await.as_u64().unwrap();
    browser
        .until_true("document.querySelector('output').textContent.includes('→')")
        .await;
    let sent = browser
        .value("document.querySelector('#photo').files[0].size")
        .await;
    let sent = sent.as_u64().unwrap();
    assert!(sent < whole / 2, "{sent} of {whole}");
    assert!(browser.text().await.contains("照片已在手机上缩小"));
    assert_eq!(browser.faults().await, Vec::<String>::new());
    browser.picture("photo-smaller").await;
    browser.click("button[value='add']").await;
    browser
        .until_true("document.querySelectorAll('.photos img').length === 1")
        .await;
    // What is no picture goes as it is, and the node says what is wrong with it.
    let no_picture = "(() => { const f = document.querySelector('#photo'), t = new DataTransfer(); \
         t.items.add(new File([new Uint8Array(600000)], 'b.jpg', { type: 'image/jpeg' })); f.files = t.files; \
         f.dispatchEvent(new Event('change', { bubbles: true })); return true; })()";
    browser.value(no_picture).await;
    browser
        .until_true("document.querySelector('output').textContent.includes('原样发送')")
        .await;
    browser.click("button[value='add']").await;
    browser
        .until_true("document.title.startsWith('错误：')")
        .await;
    browser.close().await;
    demo.stop().await;
}

/// R-P18: pages are read and a report is written without a network; it waits, can be changed and removed,
/// and is sent once.
#[tokio::test]
async fn a_report_waits_on_the_telephone_and_is_sent_once() {
    let demo = Demo::start().await;
    let line = Line::to(demo.port()).await;
    let browser = Browser::open(true).await;
    browser.look(PHONE).await;
    browser.go(&line.at(VILLAGE, "/")).await;
    let ready = format!(
        "({KEPT}).then(all => all.includes('/offline') && all.includes('/services/apply?all=1'))"
    );
    browser.until_true(&ready).await;
    browser.go(&line.at(VILLAGE, "/how")).await;
    let kept = format!("({KEPT}).then(all => all.includes('/how'))");
    browser.until_true(&kept).await;

    line.cut();
    network(&browser, false).await;
    browser.go(&line.at(VILLAGE, "/how")).await;
    let read = browser.text().await;
    assert!(
        read.contains("没有网络。这是以前读到的内容") && read.contains("办理说明"),
        "{read}"
    );
    assert_eq!(browser.faults().await, Vec::<String>::new());
    browser.picture("offline-read").await;
    for unread in ["/my", "/public/x"] {
        browser.go(&line.at(VILLAGE, unread)).await;
        assert!(browser.text().await.contains("本机保存的内容"), "{unread}");
    }
    browser.click("nav a[href='/report']").await;
    browser.fill("#where", "桥头").await;
    browser
        .click_in_place("form[data-waits] button.primary")
        .await;
    let missing = browser.text().await;
    assert!(
        missing.contains("请写明是什么事"),
        "what lacks is said now: {missing}"
    );
    browser.fill("#text", "没有网络时写的：桥栏杆断了").await;
    browser.click("input[value='enforcement/road']").await;
    browser.value(PHOTO).await;
    browser
        .until_true("document.querySelector('output').textContent.includes('→')")
        .await;
    assert_eq!(browser.faults().await, Vec::<String>::new());
    browser.picture("offline-report").await;
    browser.click("form[data-waits] button.primary").await;
    browser.until(|path| path == "/offline").await;
    browser
        .until_true("document.querySelectorAll('[data-reports] > li').length === 1")
        .await;
    let waits = browser.text().await;
    assert!(
        waits.contains("还没有发出，只存在本机") && waits.contains("桥栏杆断了"),
        "{waits}"
    );
    assert!(waits.contains("本机有反映等待发送： 1"), "{waits}");
    assert_eq!(browser.faults().await, Vec::<String>::new());
    browser.picture("offline-waiting").await;
    // It can be changed, and its photo is kept meanwhile.
    browser.click("[data-reports] [data-change]").await;
    browser
        .until_true("document.querySelector('#text').value.includes('桥栏杆') && document.querySelector('#photo').files.length === 1")
        .await;
    browser.fill("#where", "桥头北边").await;
    browser.click("form[data-waits] button.primary").await;
    browser.until(|path| path == "/offline").await;
    browser
        .until_true("document.querySelectorAll('[data-reports] > li').length === 1")
        .await;

    line.mend();
    network(&browser, true).await;
    browser
        .until_true("document.body.innerText.includes('已发出，单位已收到')")
        .await;
    assert_eq!(browser.faults().await, Vec::<String>::new());
    browser.picture("offline-sent").await;
    let number = browser
        .value("document.querySelector('[data-number]').textContent")
        .await;
    let slip = browser
        .value("document.querySelector('[data-slip]').textContent")
        .await;
    browser.go(&line.at(VILLAGE, "/my")).await;
    browser.fill("#number", number.as_str().unwrap()).await;
    browser.fill("#slip", slip.as_str().unwrap()).await;
    browser.click("main button.primary").await;
    let own = browser.text().await;
    assert!(own.contains("桥栏杆断了"), "{own}");
    assert_eq!(
        browser
            .value("document.querySelectorAll('.photos img').length")
            .await,
        1
    );
    // A person's page is not kept.
    let kept = browser.value(KEPT).await;
    assert!(!kept.as_str().unwrap().contains("/my"), "{kept}");
    browser.go(&line.at(VILLAGE, "/offline")).await;
    browser
        .until_true("document.querySelectorAll('[data-reports] > li').length === 1")
        .await;
    browser.click("[data-reports] [data-drop]").await;
    browser.driver.accept_alert().await.unwrap();
    browser
        .until_true("document.querySelectorAll('[data-reports] > li').length === 0")
        .await;
    browser.close().await;
    demo.stop().await;
}

/// R-P18: where there is no worker, the open page waits and goes on by itself.
#[tokio::test]
async fn without_a_worker_the_open_page_waits_for_the_network() {
    let demo = Demo::start().await;
    let line = Line::to(demo.port()).await;
    let browser = Browser::open(true).await;
    browser.look(PHONE).await;
    let none = "Object.defineProperty(Navigator.prototype, 'serviceWorker', { value: undefined });";
    let source = json!({ "source": none });
    browser
        .cdp("Page.addScriptToEvaluateOnNewDocument", source)
        .await;
    browser.go(&line.at(VILLAGE, "/report?all=1")).await;
    browser.fill("#where", "桥头").await;
    browser.fill("#text", "网络断了的时候按了继续").await;
    browser.click("form[data-waits] button.primary").await;
    browser
        .until_true("!!document.querySelector('button[value=send], button[value=next]')")
        .await;
    if browser
        .value("!document.querySelector('button[value=send]')")
        .await
        == true
    {
        browser.click("form[data-waits] button.primary").await;
    }
    line.cut();
    network(&browser, false).await;
    browser
        .click_in_place("form[data-waits] button.primary")
        .await;
    browser
        .until_true("document.body.innerText.includes('请保持本页打开')")
        .await;
    assert_eq!(browser.faults().await, Vec::<String>::new());
    browser.picture("offline-halted").await;
    line.mend();
    network(&browser, true).await;
    browser
        .until_true("document.body.innerText.includes('凭条（只显示这一次')")
        .await;
    browser.close().await;
    demo.stop().await;
}

/// Signing out leaves nothing on the device; what somebody saw who was signed in was never kept.
#[tokio::test]
async fn what_is_kept_is_of_nobody_and_goes_with_a_sign_out() {
    let demo = Demo::start().await;
    let browser = Browser::open(true).await;
    browser.look(PHONE).await;
    browser.go(&demo.at(VILLAGE, "/")).await;
    let ready = format!("({KEPT}).then(all => all.includes('/offline'))");
    browser.until_true(&ready).await;
    browser.go(&demo.at(VILLAGE, "/how")).await;
    let kept = format!("({KEPT}).then(all => all.includes('/how'))");
    browser.until_true(&kept).await;
    browser.go(&demo.at(VILLAGE, "/enter?as=villager")).await;
    browser.until(|path| path != "/enter").await;
    for path in ["/", "/mailbox", "/my"] {
        browser.go(&demo.at(VILLAGE, path)).await;
        assert!(browser.text().await.contains("张秀英"), "{path}");
    }
    let seen = "caches.keys().then(n => caches.open(n[0])).then(c => c.keys().then(k => Promise.all(k.map(r => c.match(r)\
        .then(p => p.text()))))).then(all => all.some(text => text.includes('张秀英')))";
    assert_eq!(browser.value(seen).await, false);
    let put = "waiting.put({ key: 'wjd_00000000000000000000000000000000', code: '330825002222', flow: 'report', language: 'zh-CN', \
        written: Date.now(), state: 'refused', says: ['x'], had: 0, fields: { text: 'x' }, photos: [] })\
        .then(() => localStorage.setItem('waiting', 1)).then(() => true)";
    browser.value(put).await;
    browser
        .click_in_place("form[action='/sign-out'] button")
        .await;
    browser.driver.accept_alert().await.unwrap();
    browser.until(|path| path == "/").await;
    browser
        .until_true("!document.body.innerText.includes('张秀英')")
        .await;
    let kept = browser.value(KEPT).await;
    assert!(!kept.as_str().unwrap().contains("/how"), "{kept}");
    assert_eq!(
        browser.value("waiting.all().then(all => all.length)").await,
        0
    );
    browser.close().await;
    demo.stop().await;
}

/// R-A3, R-A4: the pages of this part that `looks.rs` cannot reach by an address.
#[tokio::test]
async fn new_pages_and_states_are_accessible_and_fit() {
    let demo = Demo::start().await;
    let browser = Browser::open(true).await;
    let mut faults = vec![];
    for width in [320, 1280] {
        for (dark, forced) in [(false, false), (true, false), (false, true)] {
            let look = Look {
                width,
                dark,
                forced,
            };
            browser.look(look).await;
            for language in ["zh", "en"] {
                for path in ["/offline", "/verify", "/services", "/services/apply?all=1"] {
                    let joint = if path.contains('?') { '&' } else { '?' };
                    let url = demo.at(VILLAGE, &format!("{path}{joint}lang={language}"));
                    browser.go(&url).await;
                    for fault in browser.faults().await {
                        faults.push(format!("{path} {language} {look:?}: {fault}"));
                    }
                    if !dark && !forced {
                        let name = path.replace(['/', '?', '='], "_");
                        browser
                            .picture(&format!("new{name}-{language}-{width}"))
                            .await;
                    }
                }
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    browser.close().await;
    demo.stop().await;
}

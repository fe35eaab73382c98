//! Ways through the pages, as people walk them.

use super::driver::{Browser, Demo, Look};

/// R-A1, R-D5, R-D6: a clerk without scripts takes a report at the window and works on it to the end of
/// what a clerk may do.
#[tokio::test]
async fn a_clerk_without_scripts_reports_for_somebody_and_works_on_it() {
    let demo = Demo::start().await;
    let browser = Browser::open(false).await;
    browser
        .look(Look {
            width: 320,
            dark: false,
            forced: false,
        })
        .await;
    browser.go(&demo.at("", "/")).await;
    browser.click("a[href*='as=clerk']").await;
    browser.until(|path| path == "/desk").await;
    browser.click("a[href='/desk/report']").await;
    browser.fill("#text", "菜场门口路灯不亮").await;
    browser
        .click("#category option[value='enforcement/lighting']")
        .await;
    browser.fill("#name", "张三").await;
    browser
        .click("form[action='/desk/report'] button.primary")
        .await;
    let told = browser.text().await;
    assert!(told.contains("wjr_"), "{told}");
    browser.click("main a.primary").await;
    for act in ["accept", "dispatch", "handle", "feedback"] {
        let form = format!("form[action$='/act/{act}']");
        if act == "handle" || act == "feedback" {
            browser
                .fill(&format!("{form} #note"), "换了灯泡，亮了")
                .await;
        }
        browser.click(&format!("{form} button.primary")).await;
        let path = browser.path().await;
        assert!(path.starts_with("/desk/m/"), "{path}");
        let seen = browser.text().await;
        assert!(seen.contains("已完成"), "{act}: {seen}");
    }
    browser.close().await;
    demo.stop().await;
}

/// R-A6, R-A7: what failed is said first and has the focus; every control is large enough.
#[tokio::test]
async fn the_keyboard_reaches_everything_and_a_failure_has_the_focus() {
    let demo = Demo::start().await;
    let browser = Browser::open(true).await;
    browser
        .look(Look {
            width: 320,
            dark: false,
            forced: false,
        })
        .await;
    browser.go(&demo.at("330825002222", "/sign-in")).await;
    let small = "[...document.querySelectorAll('main a, main button, main input:not([type=hidden]), main summary, nav a')]\
                 .filter(e => e.getClientRects().length && !e.closest('p:not(.line)>a')).map(e => [e, e.getBoundingClientRect()])\
                 .filter(([e, r]) => r.height < 44 || r.width < 24).map(([e]) => e.outerHTML.slice(0, 80)).join(' | ')";
    assert_eq!(browser.value(small).await, "");
    browser.fill("#login", "clerk").await;
    browser.fill("#password", "wrong").await;
    browser.click("main button.primary").await;
    let title = browser.driver.title().await.unwrap();
    assert!(title.starts_with("错误："), "{title}");
    assert_eq!(
        browser.value("document.activeElement.className").await,
        "summary"
    );
    assert_eq!(
        browser
            .value("document.querySelector('#login').value")
            .await,
        "clerk"
    );
    // The first stop of the keyboard leads to the content.
    browser.go(&demo.at("330825002222", "/how")).await;
    let tab = serde_json::json!({ "type": "keyDown", "key": "Tab", "code": "Tab", "windowsVirtualKeyCode": 9 });
    browser.cdp("Input.dispatchKeyEvent", tab).await;
    assert_eq!(
        browser.value("document.activeElement.className").await,
        "skip"
    );
    browser.close().await;
    demo.stop().await;
}

/// R-A14: a printed matter has all its steps, and no navigation.
#[tokio::test]
async fn a_matter_prints_on_paper() {
    let demo = Demo::start().await;
    let browser = Browser::open(true).await;
    browser.go(&demo.at("330825002", "/enter?as=clerk")).await;
    browser.until(|path| path == "/desk").await;
    browser.click("tbody th a").await;
    browser.as_paper().await;
    for hidden in [".sections", ".display", ".tabs", "button", ".others"] {
        let shown = format!(
            "[...document.querySelectorAll('{hidden}')].some(e => e.getClientRects().length)"
        );
        assert_eq!(browser.value(&shown).await, false, "{hidden}");
    }
    let steps = browser.value("document.querySelectorAll('.path > li').length");
    let steps = usize::try_from(steps.await.as_u64().unwrap()).unwrap();
    let items = browser.printed().await.parts("LI");
    assert!(steps > 0 && items >= steps, "{items} of {steps} steps");
    browser.close().await;
    demo.stop().await;
}

//! The pictures of README: taken of a demo, so that they are those of the pages as they are.
//!
//! `just pictures` writes them anew into `docs/images`.

use std::path::Path;

use super::driver::{Browser, Demo, Look};

/// A picture: name, division, who looks (empty: nobody), page, width and height in pixels. `MATTER` is the
/// first matter of the list.
const PICTURES: [(&str, &str, &str, &str, u32, u32); 4] = [
    ("village-home", "330825002222", "", "/", 360, 740),
    ("desk", "330825002", "clerk", "/desk?tab=all", 1100, 680),
    ("matter", "330825002", "clerk", "MATTER", 1100, 900),
    (
        "command",
        "330825000000",
        "leader",
        "/command?days=7",
        1100,
        900,
    ),
];

#[tokio::test]
#[ignore = "it writes pictures, and tests nothing: `just pictures`"]
async fn the_pictures_of_the_readme_are_taken() {
    let demo = Demo::start().await;
    let browser = Browser::open(true).await;
    let images = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/images");
    for (name, division, login, page, width, height) in PICTURES {
        browser.driver.delete_all_cookies().await.unwrap();
        if !login.is_empty() {
            let enter = format!("/enter?as={login}");
            browser.go(&demo.at(division, &enter)).await;
            browser
                .until(|path| ["/desk", "/command"].contains(&path))
                .await;
        }
        browser
            .look(Look {
                width,
                dark: false,
                forced: false,
            })
            .await;
        if page == "MATTER" {
            browser
                .go(&demo.at(division, "/desk?tab=hand&lang=zh"))
                .await;
            browser.click("tbody th a").await;
        } else {
            let joint = if page.contains('?') { '&' } else { '?' };
            let page = format!("{page}{joint}lang=zh");
            browser.go(&demo.at(division, &page)).await;
        }
        let taken = browser.screenshot(width, height).await;
        std::fs::write(images.join(format!("{name}.png")), taken).unwrap();
    }
    browser.close().await;
    demo.stop().await;
}

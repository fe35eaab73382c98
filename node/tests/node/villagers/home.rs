//! The home page: figures of the month with their age (R-A8, W1).

use testkit::province::Province;

use super::html;

#[tokio::test]
async fn the_home_page_says_what_was_reported_this_month_and_as_of_when() {
    let province = Province::start().await;
    let tokens = province.administrators().await;
    let official = province.person(&tokens, "official", &["official"]).await;
    for _ in 0..5 {
        province.report(&official).await;
    }
    let figures = province.get("public-figures").send().await.expect(200);
    assert_eq!(figures.json["reported"], 5, "{}", figures.json);
    assert_eq!(figures.json["closed"], 0);
    let month = figures.text("month");
    let page = html(&province.get("/").send().await.expect(200));
    assert!(
        page.contains(&format!("{month}：收到 5 件，办结 0 件")),
        "{page}"
    );
    assert!(page.contains("由浙江省的节点统计，截至 <time"), "{page}");
    assert!(page.contains("下级 1 个节点中 0 个连着"), "{page}");
    province.host.stop().await;
}

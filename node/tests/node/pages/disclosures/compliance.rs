//! How the duty to publish is met, on its page and as a table.

use crate::pages::browser::Browser;

/// The page and the table of how the duty to publish is met: one of two items of the month is published.
pub(super) async fn complies(anybody: &mut Browser<'_>) {
    let page = anybody.get("/disclosures/compliance").await.expect(200);
    for part in ["公开情况", "本单位", "尚无到期", "没有报来数字"] {
        assert!(page.text.contains(part), "{part}: {}", page.text);
    }
    let at = page
        .text
        .find("/disclosures/compliance.csv?month=")
        .unwrap();
    let href = page.text[at..].split('"').next().unwrap();
    let csv = anybody.get(href).await.expect(200);
    assert!(csv.text.contains("\"应公开\",\"按时公开\""), "{}", csv.text);
    let odd = "/disclosures/compliance?month=2026-13";
    let refused = anybody.get(odd).await.expect(422);
    assert!(refused.text.contains("2026-11"), "{}", refused.text);
}

//! The check of a receipt on a page, with and without scripts (R-P19).

use testkit::province::Province;

use super::{Visitor, html, numbers, open};

#[tokio::test]
async fn a_receipt_is_checked_on_a_page_and_a_changed_one_is_told() {
    let province = Province::start().await;
    let visitor = Visitor::begin(&province, "/report").await;
    visitor.write().await;
    let shown = numbers(&visitor.step("check", "send", &[]).await.expect(200));
    let [number, slip] = &shown[..] else {
        panic!("{shown:?}");
    };
    let here = open(&province, number, slip, &[("go", "verify")]).await;
    let page = html(&here.expect(200));
    assert!(
        page.contains("有效：") && page.contains(&**number),
        "{page}"
    );
    assert!(page.contains("浙江省 · <strong>接收"), "{page}");
    let file = open(&province, number, slip, &[("go", "receipt")]).await;
    let file = file.expect(200);
    let name = format!("attachment; filename=\"receipt-{number}.json\"");
    assert_eq!(file.header("content-disposition"), name);
    let text = html(&file);
    for personal in ["路灯三天不亮了", "王小明", "13857012345", "村口第二盏"] {
        assert!(!text.contains(personal), "{personal} is in the receipt");
    }
    let check = async |text: &str| province.form("/verify", &[("receipt", text)]).send().await;
    let held = html(&check(&text).await.expect(200));
    assert!(
        held.contains("有效：") && !held.contains("不符："),
        "{held}"
    );
    // One digit of the signed bytes differs.
    let at = text.find("\"envelope\":\"").unwrap() + "\"envelope\":\"".len() + 40;
    let other = if text.as_bytes()[at] == b'0' {
        "1"
    } else {
        "0"
    };
    let changed = format!("{}{other}{}", &text[..at], &text[at + 1..]);
    let failed = html(&check(&changed).await.expect(200));
    assert!(
        failed.contains("不符：") && !failed.contains("有效："),
        "{failed}"
    );
    assert!(
        !failed.contains("各级签收的经过"),
        "nothing of it is told as true"
    );
    let no_receipt = html(&check("{\"a\":1}").await.expect(422));
    assert!(no_receipt.contains("这不是回执"), "{no_receipt}");
    let empty = html(&check(" ").await.expect(422));
    assert!(empty.contains("请粘贴回执文件的内容"), "{empty}");
    province.host.stop().await;
}

#[tokio::test]
async fn the_api_checks_a_receipt_for_anybody() {
    let province = Province::start().await;
    let tokens = province.administrators().await;
    let official = province.person(&tokens, "official", &["official"]).await;
    let id = province.report(&official).await;
    let file = province.get(&format!("matters/{id}/receipt")).by(&official);
    let file = file.send().await.expect(200);
    let asked = province.post("receipt-checks").body(file.json).send().await;
    let told = asked.expect(200).json;
    assert_eq!(told["holds"], true, "{told}");
    assert_eq!(told["matter"], *id);
    assert_eq!(told["receipts"][0]["kind"], "hop");
    assert_eq!(told["names"]["330000000000"], "浙江省");
    let bad = province.post("receipt-checks").raw("[]").send().await;
    assert!(bad.code() == 422, "{}", html(&bad));
    province.host.stop().await;
}

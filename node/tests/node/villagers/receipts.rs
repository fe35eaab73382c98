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

/// R-P31: what is on paper is checked on a page, in digits or as a phone reads it.
#[tokio::test]
async fn a_proof_is_printed_scanned_and_checked_on_a_page() {
    let province = Province::start().await;
    let visitor = Visitor::begin(&province, "/report").await;
    visitor.write().await;
    let shown = numbers(&visitor.step("check", "send", &[]).await.expect(200));
    let [number, slip] = &shown[..] else {
        panic!("{shown:?}");
    };
    let tokens = province.administrators().await;
    let official = province.person(&tokens, "official", &["official"]).await;
    let path = format!("matters/{number}/receipt/printed");
    let printed = province
        .get(&path)
        .by(&official)
        .send()
        .await
        .expect(200)
        .json;
    assert_eq!(
        (&printed["pending"], &printed["steps"][0]["act"]),
        (&true.into(), &"report".into())
    );
    let digits = printed["digits"].as_str().unwrap();
    let page = html(
        &open(&province, number, slip, &[("go", "printed")])
            .await
            .expect(200),
    );
    for part in [
        "纸质凭证",
        number,
        "浙江省的公开日志",
        "未会签",
        "<path class=\"dark\"",
        "/v</span>",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }

    let check = async |text: &str| province.form("/verify", &[("receipt", text)]).send().await;
    for scanned in [
        digits.to_owned(),
        format!("https://33.zj.example/v#{digits}\n"),
    ] {
        let held = html(&check(&scanned).await.expect(200));
        for part in [
            "有效：",
            number,
            "日志里记下的步骤",
            "浙江省 · <strong>上报",
            "未会签",
        ] {
            assert!(held.contains(part), "{part}: {held}");
        }
    }
    let cut = html(&check(&digits[..digits.len() - 7]).await.expect(422));
    assert!(cut.contains("数字有错、有漏"), "{cut}");
    let none = html(&check("1 2 x").await.expect(422));
    assert!(none.contains("纸质凭证是一长串数字"), "{none}");
    // Somebody who also calls themselves the province printed it.
    let other = Province::start().await;
    let elsewhere = other.form("/verify", &[("receipt", digits)]).send().await;
    let elsewhere = html(&elsewhere.expect(422));
    assert!(elsewhere.contains("都没有签过这串数字"), "{elsewhere}");
    other.host.stop().await;
    // Nobody prints what they may not see.
    province.get(&path).send().await.expect(401);
    province.host.stop().await;
}

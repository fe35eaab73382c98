//! What strangers and hostile texts get from disclosures: nothing.

use super::*;

/// What an attacker tries: markup and formulas in what is typed, forms of other sites, drafts, and what was taken down.
#[tokio::test]
async fn what_is_typed_is_shown_as_text_and_nothing_is_read_or_sent_by_strangers() {
    let province = demanded().await;
    let mut clerk = Browser::signed_in(&province, "clerk").await;
    let path = begin(&mut clerk).await;
    let public = path.replace("/desk", "");
    let number = path.rsplit('/').next().unwrap();
    let bad = [
        ("field-0", "500"),
        ("field-1", "120"),
        ("cell-0-0", "=HYPERLINK(\"x\")<script>alert(1)</script>"),
        ("cell-0-1", "120"),
        ("content-note", "</textarea><img src=x onerror=alert(1)>"),
    ];
    press(&mut clerk, &path, &[&bad[..], &[("go", "save")]].concat())
        .await
        .expect(200);
    // A form of another site, and one without the secret of the session.
    let page = clerk.get(&path).await.expect(200);
    let fields = hidden(&page);
    let submit = filled(&fields, &[&bad[..], &[("go", "submit")]].concat());
    let foreign = [
        ("origin", "https://evil.example"),
        ("sec-fetch-site", "cross-site"),
    ];
    clerk.send_from(&path, &submit, &foreign).await.expect(403);
    clerk.send(&path, &submit[1..]).await.expect(403);
    // Nobody else reads the draft, objects to it, or learns its number.
    let mut anybody = Browser::new(&province);
    for rest in ["", "?edition=1", "/table.csv", "/text.json"] {
        anybody.get(&format!("{public}{rest}")).await.expect(404);
    }
    let due = province.get("disclosures/due").send().await.expect(200);
    assert!(!due.json.to_string().contains(number));
    let object = json!({ "channel": "mailbox", "category": "service/disclosure", "text": "为什么", "objects_to": number });
    province
        .post("matters")
        .body(object)
        .send()
        .await
        .expect(404);

    let sent = press(&mut clerk, &path, &[&bad[..], &[("go", "submit")]].concat())
        .await
        .expect(200);
    assert!(!sent.text.contains("<script>alert") && !sent.text.contains("<img src=x"));
    for (login, rest) in [
        ("chair", "agree"),
        ("watch", "review"),
        ("chair", "publish"),
    ] {
        let token = province.token(login).await;
        let act = province
            .post(&format!("disclosure-work/{number}/{rest}"))
            .by(&token);
        act.body(json!({})).send().await.expect(200);
    }
    let shown = anybody.get(&public).await.expect(200);
    assert!(!shown.text.contains("<script>alert") && !shown.text.contains("<img src=x"));
    let csv = anybody
        .get(&format!("{public}/table.csv"))
        .await
        .expect(200);
    assert!(
        csv.text.contains("\"'=HYPERLINK(\"\"x\"\")"),
        "{}",
        csv.text
    );
    let fields = hidden(&shown);
    let doubt = filled(&fields, &[("text", "为什么")]);
    anybody
        .send_from(&public, &doubt, &foreign)
        .await
        .expect(403);

    // Nothing that was taken down is read again, by any way.
    let api = format!("disclosures/{number}");
    let before = province.get(&api).send().await.expect(200);
    let tag = before.header("etag").to_owned();
    let token = province.token("chair").await;
    let withdraw = province
        .post(&format!("disclosure-work/{number}/withdraw"))
        .by(&token);
    withdraw
        .body(json!({ "note": "第四十七条" }))
        .send()
        .await
        .expect(200);
    for rest in [
        "/table.csv",
        "/text.json",
        "/table.csv?edition=1",
        "/text.json?edition=1",
    ] {
        anybody.get(&format!("{public}{rest}")).await.expect(404);
    }
    let after = province
        .get(&api)
        .with("if-none-match", &tag)
        .send()
        .await
        .expect(200);
    assert!(
        !after.json.to_string().contains("HYPERLINK"),
        "{:?}",
        after.json
    );
}

//! Disclosures on pages: written, agreed to by three pairs of hands, read by everybody, doubted, corrected.

mod attacks;
mod compliance;
mod files;
mod pleas;
mod sheets;

use serde_json::json;

use super::browser::{Browser, Page};
use testkit::province::Province;

const FORM: &str = "format = 1\n[[item]]\nname = \"村集体收支\"\nenglish = \"Income and spending\"\nclass = \"finance\"\n\
    period = \"month\"\nsource = \"《村民委员会组织法》第三十条\"\n\
    fields = [{ name = \"收入\", kind = \"money\", unit = \"元\" }, { name = \"支出\", kind = \"money\", unit = \"元\" }]\n\
    columns = [{ name = \"事由\" }, { name = \"金额\", kind = \"money\" }]\n\
    sums = [{ total = \"支出\", column = \"金额\" }]\n\
    [[item]]\nname = \"重大事项\"\nperiod = \"event\"\ndue = \"5d\"\nfields = [\"内容\"]\n";

/// A province whose catalogue demands a month's money, with those who work on it.
async fn demanded() -> Province {
    // Villagers of these tests come from one address.
    let province = Province::start_with("[limits]\nreports_per_address_min = 1000\n").await;
    let tokens = province.administrators().await;
    for (login, role) in [
        ("author", "template-author"),
        ("clerk", "official"),
        ("chair", "leader"),
        ("watch", "supervisor"),
        ("wang", "resident"),
    ] {
        province.person(&tokens, login, &[role]).await;
    }
    let template =
        json!({ "kind": "disclosure", "name": "affairs", "title": "村务公开", "content": FORM });
    province.issue(template).await;
    province
}

/// The hidden fields of the form on a page, and more.
fn filled<'a>(
    hidden: &'a [(&'static str, String)],
    more: &[(&'a str, &'a str)],
) -> Vec<(&'a str, &'a str)> {
    let hidden = hidden.iter().map(|(name, value)| (*name, value.as_str()));
    hidden.chain(more.iter().copied()).collect()
}

fn hidden(page: &Page) -> Vec<(&'static str, String)> {
    let names = ["csrf", "key", "version"].into_iter();
    let there = names.filter(|name| page.text.contains(&format!("name=\"{name}\" value=\"")));
    there.map(|name| (name, page.field(name))).collect()
}

/// Presses a button of the page about a disclosure, and returns the page that follows.
async fn press(browser: &mut Browser<'_>, path: &str, more: &[(&str, &str)]) -> Page {
    let page = browser.get(path).await.expect(200);
    let fields = hidden(&page);
    let sent = browser.send(path, &filled(&fields, more)).await;
    match sent.status.as_u16() {
        303 => {
            let to = sent.header("location").to_owned();
            browser.get(&to).await.expect(200)
        }
        _ => sent,
    }
}

/// Begins this month's, and returns its page on the desk.
async fn begin(clerk: &mut Browser<'_>) -> String {
    let list = clerk.get("/desk/disclosures").await.expect(200);
    assert!(
        list.text.contains("村集体收支") && list.text.contains("本期未结束"),
        "{}",
        list.text
    );
    let (csrf, key, day) = (list.field("csrf"), list.field("key"), list.field("day"));
    let fields = [
        ("csrf", &*csrf),
        ("key", &*key),
        ("item", "村集体收支"),
        ("day", &*day),
    ];
    let begun = clerk.send("/desk/disclosures", &fields).await.expect(303);
    begun.header("location").to_owned()
}

const RIGHT: [(&str, &str); 6] = [
    ("field-0", "500"),
    ("field-1", "300"),
    ("cell-0-0", "路灯电费"),
    ("cell-0-1", "120"),
    ("paste", "清运\t180"),
    ("go", "save"),
];

/// Lets a written disclosure go through all hands.
async fn pass(province: &Province, path: &str) {
    let mut clerk = Browser::signed_in(province, "clerk").await;
    let sent = press(
        &mut clerk,
        path,
        &[
            ("field-0", "500"),
            ("field-1", "300"),
            ("cell-0-0", "路灯电费"),
            ("cell-0-1", "120"),
            ("cell-1-0", "清运"),
            ("cell-1-1", "180"),
            ("go", "submit"),
        ],
    )
    .await;
    assert!(sent.text.contains("村（居）委会审核"), "{}", sent.text);
    // Its steps name who took them.
    assert!(sent.text.contains(" · 张三</span>"), "{}", sent.text);
    for (login, go) in [("chair", "agree"), ("watch", "review")] {
        let mut browser = Browser::signed_in(province, login).await;
        press(&mut browser, path, &[("go", go)]).await.expect(200);
    }
    let sure = press(&mut clerk, path, &[("go", "publish")])
        .await
        .expect(200);
    assert!(
        sure.text.contains("不能收回"),
        "R-D8: it asks once more: {}",
        sure.text
    );
    press(&mut clerk, path, &[("go", "publish"), ("sure", "yes")])
        .await
        .expect(200);
}

/// R-P17, R-P19: listed with what it is about, read with its table and those who agreed, proven by the log.
#[tokio::test]
async fn a_disclosure_is_written_agreed_to_published_read_and_doubted() {
    let province = demanded().await;
    let mut clerk = Browser::signed_in(&province, "clerk").await;
    let path = begin(&mut clerk).await;
    let mut anybody = Browser::new(&province);
    let public = path.replace("/desk", "");
    anybody.get(&public).await.expect(404);

    let wrong = press(
        &mut clerk,
        &path,
        &[
            ("field-0", "viel"),
            ("field-1", "1"),
            ("cell-0-0", "电费"),
            ("cell-0-1", "120"),
            ("go", "save"),
        ],
    )
    .await;
    assert!(
        wrong.text.contains("收入：不是金额") && wrong.text.contains("按所填应为 120.00"),
        "{}",
        wrong.text
    );
    assert!(wrong.text.contains("aria-invalid"), "{}", wrong.text);
    let refused = press(&mut clerk, &path, &[("field-0", "viel"), ("go", "submit")])
        .await
        .expect(422);
    assert!(
        refused.text.contains("value=\"viel\""),
        "what was typed is kept: {}",
        refused.text
    );
    let right = press(&mut clerk, &path, &RIGHT).await;
    assert!(
        !right.text.contains("aria-invalid") && right.text.contains("清运"),
        "{}",
        right.text
    );
    pass(&province, &path).await;

    let list = anybody.get("/disclosures").await.expect(200);
    assert!(
        list.text.contains(&public) && list.text.contains("财务"),
        "{}",
        list.text
    );
    let home = anybody.get("/").await.expect(200);
    assert!(home.text.contains(&public), "{}", home.text);
    compliance::complies(&mut anybody).await;
    let party = anybody.get("/disclosures?class=party").await.expect(200);
    assert!(!party.text.contains(&public));
    let shown = anybody.get(&public).await.expect(200);
    for part in [
        "300.00",
        "路灯电费",
        "监委会审核",
        "第三十条",
        "公开日志的第",
        "内容与日志一致",
        "提出疑问",
    ] {
        assert!(shown.text.contains(part), "{part}: {}", shown.text);
    }
    let csv = anybody
        .get(&format!("{public}/table.csv"))
        .await
        .expect(200);
    assert!(
        csv.text.contains("\"清运\",\"180.00\"\r\n") && csv.header("content-type").contains("csv")
    );
    let text = anybody
        .get(&format!("{public}/text.json"))
        .await
        .expect(200);
    assert!(text.text.starts_with("{\"format\":1,"), "{}", text.text);

    let fields = hidden(&shown);
    let doubt = filled(
        &fields,
        &[
            ("text", "电费比上月多一倍，为什么？"),
            ("name", "王小明"),
            ("phone", "13857012345"),
        ],
    );
    let receipt = anybody.send(&public, &doubt).await.expect(200);
    assert!(receipt.text.contains("凭条"), "{}", receipt.text);
    let shown = anybody.get(&public).await.expect(200);
    assert!(shown.text.contains("已有 1 条疑问"), "{}", shown.text);
    let desk = clerk.get("/desk?tab=all").await.expect(200);
    assert!(desk.text.contains("公开内容的疑问"), "{}", desk.text);
}

/// R-P17: a correction is a further edition with its reason, and what a law takes down leaves a stub.
#[tokio::test]
async fn a_correction_shows_its_reason_and_what_is_taken_down_its_ground() {
    let province = demanded().await;
    let mut clerk = Browser::signed_in(&province, "clerk").await;
    let path = begin(&mut clerk).await;
    press(&mut clerk, &path, &RIGHT).await;
    pass(&province, &path).await;
    let without = press(&mut clerk, &path, &[("go", "correct"), ("note", " ")])
        .await
        .expect(422);
    assert!(without.text.contains("请写明理由"), "{}", without.text);
    press(
        &mut clerk,
        &path,
        &[("go", "correct"), ("note", "电费记错")],
    )
    .await
    .expect(200);
    pass(&province, &path).await;
    let mut anybody = Browser::new(&province);
    let public = path.replace("/desk", "");
    let shown = anybody.get(&public).await.expect(200);
    assert!(
        shown.text.contains("第 2 版，共 2 版") && shown.text.contains("电费记错"),
        "{}",
        shown.text
    );
    let first = anybody
        .get(&format!("{public}?edition=1"))
        .await
        .expect(200);
    assert!(first.text.contains("第 1 版，共 2 版") && !first.text.contains("电费记错"));

    let mut chair = Browser::signed_in(&province, "chair").await;
    let ground = ("note", "《个人信息保护法》第四十七条");
    let sure = press(&mut chair, &path, &[("go", "withdraw"), ground])
        .await
        .expect(200);
    assert!(sure.text.contains("只留标题和理由"), "{}", sure.text);
    press(
        &mut chair,
        &path,
        &[("go", "withdraw"), ground, ("sure", "yes")],
    )
    .await
    .expect(200);
    let shown = anybody.get(&public).await.expect(200);
    assert!(
        shown.text.contains("第四十七条") && !shown.text.contains("路灯电费"),
        "{}",
        shown.text
    );
    anybody
        .get(&format!("{public}/text.json"))
        .await
        .expect(404);
    let list = anybody.get("/disclosures").await.expect(200);
    assert!(list.text.contains("已依法撤下"), "{}", list.text);
}

/// R-P19: what was published is kept as a file that proves it later, also after it was corrected and taken down.
#[tokio::test]
async fn the_receipt_of_a_disclosure_is_checked_on_a_page_and_a_changed_one_is_told() {
    let province = demanded().await;
    let mut clerk = Browser::signed_in(&province, "clerk").await;
    let path = begin(&mut clerk).await;
    press(&mut clerk, &path, &RIGHT).await;
    pass(&province, &path).await;
    let mut anybody = Browser::new(&province);
    let public = path.replace("/desk", "");
    let number = public.rsplit('/').next().unwrap();
    let shown = anybody.get(&public).await.expect(200);
    let link = format!("{public}/receipt.json?edition=1");
    assert!(shown.text.contains(&link), "{}", shown.text);
    let file = anybody.get(&link).await.expect(200);
    let name = format!("attachment; filename=\"receipt-{number}-1.json\"");
    assert_eq!(file.header("content-disposition"), name);
    assert!(file.text.contains("路灯电费"), "the text is in it");

    // What the division does afterwards changes nothing about what was published.
    press(
        &mut clerk,
        &path,
        &[("go", "correct"), ("note", "电费记错")],
    )
    .await
    .expect(200);
    pass(&province, &path).await;
    let second = format!("disclosures/{number}/receipt");
    let second = province.get(&second).send().await.expect(200).json;
    assert!(second["manifest"].as_str().unwrap().contains("电费记错"));
    let mut chair = Browser::signed_in(&province, "chair").await;
    let ground = ("note", "《个人信息保护法》第四十七条");
    let down = [("go", "withdraw"), ground, ("sure", "yes")];
    press(&mut chair, &path, &down).await.expect(200);
    let gone = anybody.get(&link).await.expect(404);
    assert!(gone.text.contains("已撤下或不存在"), "{}", gone.text);

    let check = async |text: &str| province.form("/verify", &[("receipt", text)]).send().await;
    let page = |answer: &testkit::asking::Answer| String::from_utf8(answer.body.to_vec()).unwrap();
    let held = page(&check(&file.text).await.expect(200));
    for part in [
        "有效：",
        "这是浙江省公开的“村集体收支（",
        "第 1 版，原文如下",
        number,
        "路灯电费</td>",
        "浙江省",
    ] {
        assert!(held.contains(part), "{part}: {held}");
    }
    assert!(!held.contains("不符："), "{held}");
    let corrected = page(&check(&second.to_string()).await.expect(200));
    assert!(corrected.contains("第 2 版，原文如下") && corrected.contains("电费记错"));
    let changed = file.text.replace("路灯电费", "办公用品");
    let failed = page(&check(&changed).await.expect(200));
    assert!(
        failed.contains("不符：") && !failed.contains("有效："),
        "{failed}"
    );
    assert!(
        !failed.contains("办公用品</td>"),
        "nothing of it is told as true: {failed}"
    );

    // On paper there is only the digest; the page shows the document that has it, as long as it is kept.
    let paper = anybody.get(&format!("{public}/proof?edition=1")).await;
    let gone = paper.expect(404);
    assert!(gone.text.contains("已撤下或不存在"), "{}", gone.text);
}

/// R-P31: the proof of a disclosure on paper leads to its document.
#[tokio::test]
async fn the_proof_of_a_disclosure_on_paper_leads_to_the_document() {
    let province = demanded().await;
    let mut clerk = Browser::signed_in(&province, "clerk").await;
    let path = begin(&mut clerk).await;
    press(&mut clerk, &path, &RIGHT).await;
    pass(&province, &path).await;
    let mut anybody = Browser::new(&province);
    let public = path.replace("/desk", "");
    let number = public.rsplit('/').next().unwrap();
    let shown = anybody.get(&public).await.expect(200);
    let link = format!("{public}/proof?edition=1");
    assert!(shown.text.contains(&link), "{}", shown.text);
    let paper = anybody.get(&link).await.expect(200);
    let printed = format!("disclosures/{number}/receipt/printed");
    let printed = province.get(&printed).send().await.expect(200).json;
    let sha256 = printed["sha256"].as_str().unwrap();
    for part in [
        "纸质凭证",
        "村集体收支",
        number,
        sha256,
        "<path class=\"dark\"",
    ] {
        assert!(paper.text.contains(part), "{part}: {}", paper.text);
    }
    let digits = printed["digits"].as_str().unwrap();
    let check = async || {
        province
            .form("/verify", &[("receipt", digits)])
            .send()
            .await
    };
    let page = |answer: &testkit::asking::Answer| String::from_utf8(answer.body.to_vec()).unwrap();
    let held = page(&check().await.expect(200));
    for part in ["有效：", "第 1 版，原文如下", "路灯电费</td>", sha256] {
        assert!(held.contains(part), "{part}: {held}");
    }
    let mut chair = Browser::signed_in(&province, "chair").await;
    let ground = ("note", "《个人信息保护法》第四十七条");
    let down = [("go", "withdraw"), ground, ("sure", "yes")];
    press(&mut chair, &path, &down).await.expect(200);
    // What is on paper stays true, and the node does not have the text any more.
    let held = page(&check().await.expect(200));
    assert!(held.contains("有效：") && held.contains(sha256), "{held}");
    assert!(!held.contains("路灯电费"), "{held}");
}

/// R-D4, R-P20: nobody agrees to what they wrote, and personal data goes out only for a reason.
#[tokio::test]
async fn own_work_is_not_agreed_to_and_personal_data_stops_it() {
    let province = demanded().await;
    let mut clerk = Browser::signed_in(&province, "clerk").await;
    let path = begin(&mut clerk).await;
    let personal = [
        ("field-0", "500"),
        ("field-1", "120"),
        ("cell-0-0", "王某 330825199003074514"),
        ("cell-0-1", "120"),
        ("go", "submit"),
    ];
    let stopped = press(&mut clerk, &path, &personal).await.expect(422);
    assert!(stopped.text.contains("像是身份证号"), "{}", stopped.text);
    let shown = clerk.get(&path).await.expect(200);
    assert!(
        shown.text.contains("330**************4"),
        "the masked number is suggested: {}",
        shown.text
    );
    let despite = [("despite", "本人书面同意")];
    let sent = press(&mut clerk, &path, &[&personal[..], &despite].concat())
        .await
        .expect(200);
    assert!(sent.text.contains("村（居）委会审核"), "{}", sent.text);
    assert!(
        !sent.text.contains("value=\"agree\""),
        "it is not offered: {}",
        sent.text
    );
    let number = path.rsplit('/').next().unwrap();
    let token = province.token("clerk").await;
    let agree = province
        .post(&format!("disclosure-work/{number}/agree"))
        .by(&token);
    agree.body(json!({})).send().await.expect(409);
    for (login, rest, status) in [
        ("watch", "agree", 403),
        ("watch", "review", 409),
        ("clerk", "withdraw", 403),
    ] {
        let token = province.token(login).await;
        let act = province
            .post(&format!("disclosure-work/{number}/{rest}"))
            .by(&token);
        act.body(json!({ "note": "x" })).send().await.expect(status);
    }
    let draft = province.get(&format!("disclosure-work/{number}"));
    draft.send().await.expect(401);
}

/// What was typed stays on the page whatever happens, and what is repeated says what it said.
#[tokio::test]
async fn nothing_typed_is_lost_and_a_repetition_answers_as_before() {
    let province = demanded().await;
    let mut clerk = Browser::signed_in(&province, "clerk").await;
    let path = begin(&mut clerk).await;
    let far = [
        ("field-0", "500"),
        ("cell-598-0", "最后一行"),
        ("cell-598-1", "1"),
        ("go", "save"),
    ];
    let kept = press(&mut clerk, &path, &far).await.expect(200);
    assert!(kept.text.contains("最后一行"), "{}", kept.text);
    let wide = [
        ("field-0", "500"),
        ("paste", "清运\t180\t多余"),
        ("go", "save"),
    ];
    let refused = press(&mut clerk, &path, &wide).await.expect(422);
    assert!(
        refused.text.contains("多余") && refused.text.contains("3 项"),
        "{}",
        refused.text
    );
    let sure = press(&mut clerk, &path, &[("field-0", "77777"), ("go", "drop")])
        .await
        .expect(200);
    assert!(
        sure.text.contains("77777"),
        "until it is given up: {}",
        sure.text
    );
    // Somebody sent it on while another page was open.
    let open = clerk.get(&path).await.expect(200);
    let fields = hidden(&open);
    press(
        &mut clerk,
        &path,
        &[&RIGHT[..5], &[("go", "submit")]].concat(),
    )
    .await
    .expect(200);
    let late = filled(&fields, &[("field-0", "88888"), ("go", "save")]);
    let late = clerk.send(&path, &late).await;
    assert!(
        late.status.is_client_error() && late.text.contains("88888"),
        "{}",
        late.text
    );
    let own = press(&mut clerk, &path, &[("go", "agree")])
        .await
        .expect(409);
    assert!(
        own.text.contains("路灯电费"),
        "what is agreed to stays: {}",
        own.text
    );

    let public = path.replace("/desk", "");
    let number = path.rsplit('/').next().unwrap().to_owned();
    let token = province.token("chair").await;
    let back = province
        .post(&format!("disclosure-work/{number}/send-back"))
        .by(&token);
    back.body(json!({ "note": "缺一笔" }))
        .send()
        .await
        .expect(200);
    let token = province.token("clerk").await;
    for _ in 0..2 {
        let drop = province
            .post(&format!("disclosure-work/{number}/drop"))
            .by(&token);
        let drop = drop.with("idempotency-key", "drop-1").body(json!({}));
        drop.send().await.expect(204);
    }
    let path = begin(&mut clerk).await;
    press(&mut clerk, &path, &RIGHT).await;
    pass(&province, &path).await;
    for wrong in ["?edition=2", "/table.csv?edition=0", "/text.json?edition=x"] {
        Browser::new(&province)
            .get(&format!("{public}{wrong}"))
            .await
            .expect(404);
    }
}

//! Points on pages: a grid worker scans a code and rates, everybody reads the lists, the household objects.

use serde_json::json;

use super::browser::{Browser, Page};
use crate::open311::photos::photo;
use testkit::province::Province;

const POINTS: &str = "format = 1\nperiod = \"quarter\"\nobjection_days = 7\nred_from = 3\n\
    [[item]]\ncode = \"sorting\"\nname = \"垃圾分类\"\nenglish = \"Waste sorting\"\ngood = 3\nfair = 1\npoor = -2\n\
    [[item]]\ncode = \"yard\"\nname = \"庭院整洁\"\ngood = 5\nfair = 2\npoor = 0\nevery = \"week\"\n";

/// A province with rules of points, and those who rate.
async fn ruled() -> Province {
    let province = Province::start().await;
    let tokens = province.administrators().await;
    for (login, role) in [
        ("author", "template-author"),
        ("clerk", "official"),
        ("grid", "grid-worker"),
        ("zhang", "resident"),
    ] {
        province.person(&tokens, login, &[role]).await;
    }
    let template =
        json!({ "kind": "points", "name": "points", "title": "积分", "content": POINTS });
    province.issue(template).await;
    province
}

/// Fills in the form on a page and sends it.
async fn fill(browser: &mut Browser<'_>, path: &str, more: &[(&str, &str)]) -> Page {
    let page = browser.get(path).await.expect(200);
    let (csrf, key) = (page.field("csrf"), page.field("key"));
    let mut fields = vec![("csrf", &*csrf), ("key", &*key)];
    fields.extend(more);
    browser.send(path, &fields).await
}

/// Rates a household by the page behind its code, with a photo.
async fn rate(browser: &mut Browser<'_>, number: u32, item: &str, mark: &str) -> Page {
    let path = format!("/points/h/{number}");
    let form = browser.get(&path).await.expect(200);
    let (csrf, key, draft) = (form.field("csrf"), form.field("key"), form.field("draft"));
    let fields = [
        ("csrf", &*csrf),
        ("key", &*key),
        ("draft", &*draft),
        ("item", item),
        ("mark", mark),
        ("remark", "桶边有散落"),
    ];
    browser.send_photos(&path, &fields, &[photo(7)]).await
}

/// A slip that the clerk draws for a household, in groups as the page shows it.
async fn slip(clerk: &mut Browser<'_>, number: u32) -> String {
    let path = format!("/desk/households/{number}");
    let page = fill(clerk, &path, &[("go", "slip")]).await.expect(200);
    let (_, after) = page.text.split_once("<p class=\"number\">").unwrap();
    after.split_once('<').unwrap().0.to_owned()
}

/// The household reads its own record by its slip, objects, and is corrected.
async fn object_and_correct(guest: &mut Browser<'_>, clerk: &mut Browser<'_>, slip: &str) {
    let own = [("number", "2"), ("slip", slip)];
    let record = fill(guest, "/points/own", &own).await.expect(200);
    for part in ["差（-2 分）", "桶边有散落", "前可以提出异议", "到期删除"] {
        assert!(record.text.contains(part), "{part}: {}", record.text);
    }
    let sources = record.attributes("src");
    let picture = sources.iter().find(|src| src.starts_with("/points/photo/"));
    let picture = guest.get(picture.unwrap()).await.expect(200);
    assert_eq!(picture.header("content-type"), "image/jpeg");
    let wrong = fill(guest, "/points/own", &[("number", "1"), ("slip", slip)]).await;
    assert!(wrong.expect(404).text.contains("对不上"));

    let rating = record.field("rating");
    let objects = [
        ("number", "2"),
        ("slip", slip),
        ("rating", &*rating),
        ("text", "那是邻居的桶"),
    ];
    let receipt = fill(guest, "/points/own", &objects).await.expect(200);
    assert!(receipt.text.contains("330000000000-"), "{}", receipt.text);
    let after = fill(guest, "/points/own", &own).await.expect(200);
    assert!(after.text.contains("已提出异议"));

    let correct = [
        ("go", "correct"),
        ("rating", &*rating),
        ("mark", "good"),
        ("reason", "核实不是这一户的桶"),
    ];
    fill(clerk, "/desk/households/2", &correct)
        .await
        .expect(303);
    let after = fill(guest, "/points/own", &own).await.expect(200);
    for part in [
        "好（3 分）",
        "已更正：原为差（-2 分）",
        "核实不是这一户的桶",
    ] {
        assert!(after.text.contains(part), "{part}: {}", after.text);
    }
    let honours = guest.get("/honours").await.expect(200);
    assert!(honours.text.contains("李小河") && honours.text.contains("本期没有评差"));
}

/// R-P21: the red list is public, the black side has no names, and the household sees its own rating and objects.
#[tokio::test]
async fn a_code_is_scanned_a_household_rated_ranked_and_heard() {
    let province = ruled().await;
    let mut clerk = Browser::signed_in(&province, "clerk").await;
    let names = [("names", "张大山\n李小河\n\n王新田"), ("grid", "")];
    fill(&mut clerk, "/desk/households", &names)
        .await
        .expect(303);
    let listed = clerk.get("/desk/households").await.expect(200);
    assert!(listed.text.contains("李小河") && listed.text.contains("3 号户"));
    let labels = clerk.get("/desk/households/labels").await.expect(200);
    assert!(labels.text.contains("/points/h/3") && labels.text.matches("<svg").count() >= 3);
    assert!(!labels.text.contains("李小河"), "a label hangs outside");

    let mut guest = Browser::new(&province);
    let door = guest.get("/points/h/1").await.expect(200);
    assert!(door.text.contains("登录评分") && !door.text.contains("张大山"));
    for page in [
        "/desk/households",
        "/desk/rewards",
        "/desk/boards",
        "/desk/templates",
    ] {
        guest.get(page).await.expect(303);
    }
    let mut grid = Browser::signed_in(&province, "grid").await;
    let done = rate(&mut grid, 1, "sorting", "good").await.expect(303);
    let done = done.header("location").to_owned();
    let again = grid.get(&done).await.expect(200);
    assert!(again.text.contains("“垃圾分类”已评"), "{}", again.text);
    rate(&mut grid, 2, "sorting", "poor").await.expect(303);
    let twice = rate(&mut grid, 2, "sorting", "good").await.expect(409);
    assert!(twice.text.contains("已经评过"), "{}", twice.text);

    let rules = guest.get("/points").await.expect(200);
    for part in ["庭院整洁", "覆盖率 66%", "7 天内"] {
        assert!(rules.text.contains(part), "{part}: {}", rules.text);
    }
    let honours = guest.get("/honours").await.expect(200);
    assert!(honours.text.contains("张大山") && honours.text.contains("垃圾分类"));
    assert!(!honours.text.contains("李小河"), "R-P21: {}", honours.text);
    let api = guest.get("/v1/nodes/33/points").await.expect(200);
    assert!(
        !api.text.contains("李小河") && api.text.contains("张大山"),
        "{}",
        api.text
    );

    let slip = slip(&mut clerk, 2).await;
    object_and_correct(&mut guest, &mut clerk, &slip).await;
    province.host.stop().await;
}

/// R-P21: an account that belongs to a household sees its record, and nobody else's does.
#[tokio::test]
async fn an_account_sees_the_record_of_its_own_household_only() {
    let province = ruled().await;
    let mut clerk = Browser::signed_in(&province, "clerk").await;
    let names = [("names", "张大山\n李小河"), ("grid", "")];
    fill(&mut clerk, "/desk/households", &names)
        .await
        .expect(303);
    let mut zhang = Browser::signed_in(&province, "zhang").await;
    let asked = zhang.get("/points/own").await.expect(200);
    assert!(asked.text.contains("本户凭条"));
    let token = province.token("zhang").await;
    let account = province.get("session").by(&token).send().await.expect(200);
    let account = account.json["account"]["id"].to_string();
    let change = [
        ("go", "change"),
        ("name", "张大山"),
        ("grid", ""),
        ("accounts", &*account),
    ];
    fill(&mut clerk, "/desk/households/1", &change)
        .await
        .expect(303);
    let own = zhang.get("/points/own").await.expect(200);
    assert!(own.text.contains("1 号户") && own.text.contains("还没有评分记录"));
    for (path, status) in [("households/1/record", 200), ("households/2/record", 404)] {
        province.get(path).by(&token).send().await.expect(status);
    }
    province
        .get("households")
        .by(&token)
        .send()
        .await
        .expect(403);
    let nobody = province.get("households/1/record").send().await;
    nobody.expect(401);
    province.host.stop().await;
}

/// R-P30: at the counter a household gives points for what the village offers, with its slip or a signature; it is
/// taken back by a counter-entry, the household reads both, and everybody reads sums.
#[tokio::test]
async fn r_p30_a_household_gives_points_at_the_counter_and_everybody_reads_sums() {
    let province = ruled().await;
    let mut clerk = Browser::signed_in(&province, "clerk").await;
    let names = [("names", "张大山\n李小河"), ("grid", "")];
    fill(&mut clerk, "/desk/households", &names)
        .await
        .expect(303);
    let mut grid = Browser::signed_in(&province, "grid").await;
    rate(&mut grid, 2, "yard", "good").await.expect(303);
    rate(&mut grid, 2, "sorting", "good").await.expect(303);
    let wrong = [
        ("name", "洗衣液"),
        ("cost", "三"),
        ("unit", "瓶"),
        ("left", "9"),
    ];
    let wrong = fill(&mut clerk, "/desk/rewards?lang=zh", &wrong).await;
    let wrong = wrong.expect(422);
    assert!(wrong.text.contains("要写数字") && wrong.text.contains("value=\"洗衣液\""));
    let soap = [
        ("name", "洗衣液"),
        ("cost", "3"),
        ("unit", "瓶"),
        ("left", "9"),
    ];
    fill(&mut clerk, "/desk/rewards", &soap).await.expect(303);
    grid.get("/desk/rewards").await.expect(403);

    let path = "/desk/households/2";
    let counter = clerk.get(path).await.expect(200);
    for part in ["可兑 8 分", "洗衣液 3 分 / 瓶 剩 9 瓶"] {
        assert!(counter.text.contains(part), "{part}: {}", counter.text);
    }
    let book = |count: &'static str, signer: &'static str| {
        [
            ("go", "exchange"),
            ("reward", "1"),
            ("count", count),
            ("signed_by", signer),
        ]
    };
    let none = fill(&mut clerk, path, &book("1", "")).await.expect(422);
    assert!(none.text.contains("请说明本户怎样同意"), "{}", none.text);
    let many = fill(&mut clerk, path, &book("3", "李小河")).await;
    let many = many.expect(409);
    assert!(
        many.text.contains("可兑 8 分，这次要 9 分"),
        "{}",
        many.text
    );
    assert!(many.text.contains("value=\"李小河\""), "nothing is lost");
    fill(&mut clerk, path, &book("1", "李小河"))
        .await
        .expect(303);
    let slip = slip(&mut clerk, 2).await;
    let shown = [
        ("go", "exchange"),
        ("reward", "1"),
        ("count", "1"),
        ("slip", &*slip),
    ];
    fill(&mut clerk, path, &shown).await.expect(303);
    let mut guest = Browser::new(&province);
    let own = [("number", "2"), ("slip", &*slip)];
    let record = fill(&mut guest, "/points/own", &own).await.expect(200);
    for part in [
        "可兑 2 分（共得 8 分，已兑 6 分）",
        "洗衣液 1 瓶",
        "李小河 签字",
        "本户凭条",
    ] {
        assert!(record.text.contains(part), "{part}: {}", record.text);
    }
    let public = guest.get("/points").await.expect(200);
    for part in ["本期兑换", "2 瓶", "剩 7 瓶"] {
        assert!(public.text.contains(part), "{part}: {}", public.text);
    }
    assert!(!public.text.contains("李小河"), "sums name nobody");

    let token = province.token("clerk").await;
    let known = province.get("households/2/record").by(&token).send().await;
    let known = known.expect(200).json["exchanges"][0]["number"].clone();
    let known = known.as_str().unwrap();
    let back = [("go", "take-back"), ("rating", known), ("reason", "拿错了")];
    fill(&mut clerk, path, &back).await.expect(303);
    let twice = fill(&mut clerk, path, &back).await.expect(409);
    assert!(twice.text.contains("已经冲销"), "{}", twice.text);
    let record = fill(&mut guest, "/points/own", &own).await.expect(200);
    for part in ["可兑 5 分", "已冲销", "拿错了"] {
        assert!(record.text.contains(part), "{part}: {}", record.text);
    }
    // Nobody but those who may books, and nobody else's slip is consent.
    let ask = json!({ "reward": 1, "count": 1, "signed_by": "李小河" });
    for (login, status) in [("grid", 403), ("zhang", 403), ("clerk", 201)] {
        let token = province.token(login).await;
        let sent = province.post("households/2/exchanges").by(&token);
        sent.body(ask.clone()).send().await.expect(status);
    }
    let repeated = async || {
        let sent = province.post("households/2/exchanges").by(&token);
        let sent = sent.with("idempotency-key", "counter-1").body(ask.clone());
        sent.send().await.expect(409)
    };
    assert_eq!(
        repeated().await.problem(),
        "refused-by-the-rules",
        "2 are left"
    );
    let strange = json!({ "reward": 1, "count": 1, "slip": format!("wjh_{}", "0".repeat(32)) });
    let sent = province.post("households/2/exchanges").by(&token);
    sent.body(strange).send().await.expect(403);
    province.host.stop().await;
}

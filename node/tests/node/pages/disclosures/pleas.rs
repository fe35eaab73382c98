//! What villagers ask to be made public: asked and supported without an account, owed by a clock, published, declined.

use super::*;
use testkit::asking::Answer;

async fn by(
    province: &Province,
    login: &str,
    method: &str,
    path: &str,
    body: serde_json::Value,
) -> Answer {
    let token = province.token(login).await;
    let ask = match method {
        "put" => province.put(path),
        _ => province.post(path),
    };
    ask.by(&token).body(body).send().await
}

/// Adds households and returns their slips, in order of their numbers from 1.
async fn households(province: &Province, count: usize) -> Vec<String> {
    let names: Vec<_> = (1..=count)
        .map(|n| json!({ "name": format!("户{n}") }))
        .collect();
    let added = json!({ "households": names });
    by(province, "clerk", "post", "households", added)
        .await
        .expect(201);
    let mut slips = vec![];
    for n in 1..=count {
        let path = format!("households/{n}/slip");
        let made = by(province, "clerk", "post", &path, json!({}))
            .await
            .expect(201);
        slips.push(made.text("slip"));
    }
    slips
}

async fn support(province: &Province, plea: u64, household: usize, slip: &str) -> Answer {
    let ask = province.post(&format!("pleas/{plea}/support"));
    ask.with("household-slip", slip)
        .body(json!({ "household": household }))
        .send()
        .await
}

/// R-P27: a household asks and supports once with its slip and nobody sees who; one in ten make it owed by a clock.
#[tokio::test]
async fn one_in_ten_make_the_village_owe_what_they_ask_for() {
    let province = demanded().await;
    let slips = households(&province, 4).await;
    let mut anybody = Browser::new(&province);
    let page = anybody.get("/pleas").await.expect(200);
    assert!(page.text.contains("还没有填报人数"), "{}", page.text);
    let bare = [("title", "水库承包合同"), ("household", "1")];
    let unknown = anybody.send("/pleas", &bare).await.expect(401);
    assert!(unknown.text.contains("不知道是谁"), "{}", unknown.text);
    let wrong = [&bare[..], &[("slip", &*slips[1])]].concat();
    anybody.send("/pleas", &wrong).await.expect(403);
    let right = [
        &bare[..],
        &[("slip", &*slips[0]), ("text", "三年没有公开过")],
    ]
    .concat();
    let asked = anybody.send("/pleas", &right).await.expect(303);
    assert_eq!(asked.header("location"), "/pleas/1");
    for (title, status) in [
        ("水库承包合同", 409),
        ("另一件", 409),
        ("找 13857012345", 422),
    ] {
        let again = [("title", title), ("household", "1"), ("slip", &*slips[0])];
        anybody.send("/pleas", &again).await.expect(status);
    }
    support(&province, 1, 1, &slips[0]).await.expect(409);
    support(&province, 1, 2, &slips[0]).await.expect(403);
    support(&province, 7, 2, &slips[1]).await.expect(404);
    let page = anybody.get("/pleas/1").await.expect(200);
    let kept = hidden(&page);
    let fields = [("go", "support"), ("household", "2"), ("slip", &*slips[1])];
    let fields = filled(&kept, &fields);
    anybody.send("/pleas/1", &fields).await.expect(303);
    let shown = anybody.get("/pleas/1").await.expect(200);
    assert!(shown.text.contains("2 人支持"), "{}", shown.text);
    // A resident whose account belongs to no household counts as well, and who is no resident does not.
    let account = by(&province, "wang", "post", "pleas/1/support", json!({})).await;
    account.expect(200);
    let clerk = by(&province, "clerk", "post", "pleas/1/support", json!({})).await;
    clerk.expect(403);

    let said = json!({ "count": 40, "source": "派出所户籍" });
    by(&province, "wang", "put", "residents", said.clone())
        .await
        .expect(403);
    by(
        &province,
        "clerk",
        "put",
        "residents",
        json!({ "count": 0, "source": "x" }),
    )
    .await
    .expect(422);
    by(&province, "clerk", "put", "residents", said)
        .await
        .expect(200);
    let listed = province.get("pleas").send().await.expect(200).json;
    assert_eq!(listed["residents"]["needed"], 4);
    assert_eq!(listed["pleas"][0]["state"], "open");
    let due = province
        .get("disclosures/due")
        .send()
        .await
        .expect(200)
        .json;
    assert!(!due.to_string().contains("水库承包合同"));
    let reached = support(&province, 1, 3, &slips[2]).await.expect(200).json;
    assert_eq!(
        (&reached["state"], &reached["supporters"]),
        (&json!("owed"), &json!(4))
    );
    let more = support(&province, 1, 4, &slips[3]).await.expect(409).json;
    assert!(more["detail"].as_str().unwrap().contains("no more support"));

    // It is due like everything else, counted, and begun for whoever writes it.
    let due = province
        .get("disclosures/due")
        .send()
        .await
        .expect(200)
        .json;
    let duty = due["duties"][0].clone();
    assert_eq!(
        (&duty["title"], &duty["state"]),
        (&json!("水库承包合同"), &json!("due"))
    );
    assert!(duty["number"].is_null(), "strangers learn of no draft");
    let list = anybody.get("/disclosures").await.expect(200);
    assert!(list.text.contains("水库承包合同"), "{}", list.text);
    let complying = province
        .get("disclosures/compliance")
        .send()
        .await
        .expect(200);
    assert!(
        complying.json.to_string().contains("demanded"),
        "{complying:?}"
    );
    let mut clerk = Browser::signed_in(&province, "clerk").await;
    let desk = clerk.get("/desk/disclosures").await.expect(200);
    let path = desk.attributes("href").into_iter();
    let mut path = path.filter(|path| path.starts_with("/desk/disclosures/"));
    let path = path.next().unwrap();
    let kept = press(&mut clerk, &path, &[("go", "drop"), ("sure", "yes")]).await;
    assert!(kept.text.contains("不能放弃"), "{}", kept.text);
    let said = [("field-0", "合同全文见附件"), ("go", "submit")];
    press(&mut clerk, &path, &said).await.expect(200);
    for (login, go) in [("chair", "agree"), ("watch", "review")] {
        let mut browser = Browser::signed_in(&province, login).await;
        press(&mut browser, &path, &[("go", go)]).await.expect(200);
    }
    press(&mut clerk, &path, &[("go", "publish"), ("sure", "yes")])
        .await
        .expect(200);
    let shown = anybody.get("/pleas/1").await.expect(200);
    assert!(shown.text.contains("已公开"), "{}", shown.text);
    let public = path.replace("/desk", "");
    assert!(shown.text.contains(&public), "{}", shown.text);
}

/// What a law forbids to publish is declined in public, and what is overdue is asked for by its item.
#[tokio::test]
async fn a_plea_is_declined_with_its_ground_and_only_what_is_overdue_is_asked_for_by_item() {
    let province = demanded().await;
    let slips = households(&province, 1).await;
    let ask = |body: serde_json::Value| {
        province
            .post("pleas")
            .with("household-slip", &slips[0])
            .body(body)
            .send()
    };
    let item =
        json!({ "item": "村集体收支", "from": "2026-11-01", "to": "2026-11-30", "household": 1 });
    ask(item).await.expect(409);
    ask(json!({ "item": "村集体收支", "household": 1 }))
        .await
        .expect(422);
    ask(json!({ "title": "征兵名单", "household": 1 }))
        .await
        .expect(201);
    let decline = |ground: &str| json!({ "ground": ground });
    let early = by(&province, "clerk", "post", "pleas/1/decline", decline("x")).await;
    early.expect(403);
    by(&province, "chair", "post", "pleas/1/decline", decline(" "))
        .await
        .expect(422);
    let mut chair = Browser::signed_in(&province, "chair").await;
    let page = chair.get("/pleas/1").await.expect(200);
    let (csrf, key) = (page.field("csrf"), page.field("key"));
    let fields = [
        ("csrf", &*csrf),
        ("key", &*key),
        ("go", "decline"),
        ("ground", "《兵役法》"),
    ];
    chair.send("/pleas/1", &fields).await.expect(303);
    let mut anybody = Browser::new(&province);
    let shown = anybody.get("/pleas/1").await.expect(200);
    assert!(
        shown.text.contains("《兵役法》") && !shown.text.contains("征兵名单"),
        "{}",
        shown.text
    );
    let again = by(&province, "chair", "post", "pleas/1/decline", decline("x")).await;
    again.expect(409);
}

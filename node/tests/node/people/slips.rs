//! Slips: a matter's number opens nothing, its slip reads and contests it.

use http::Method;
use serde_json::json;

use testkit::province::{Province, lamp};

#[tokio::test]
async fn a_slip_reads_its_own_matter_and_looks_like_nothing_anywhere_else() {
    let province = Province::start().await;
    let tokens = province.administrators().await;
    let official = province.person(&tokens, "official", &["official"]).await;
    let mut report = lamp();
    report["slip"] = json!(true);
    let reported = province
        .post("matters")
        .by(&official)
        .body(report)
        .send()
        .await
        .expect(201);
    let (id, slip) = (reported.text("id"), reported.text("token"));
    let other = province.report(&official).await;
    let with = |slip: &str, path: &str| province.get(path).with("reporter-token", slip).send();
    let inside = json!({ "act": "remark", "audience": "offices", "note": "只在内部说" });
    let told = json!({ "act": "remark", "audience": "reporter", "note": "明天来修" });
    for remark in [inside, told] {
        let said = province.post(&format!("matters/{id}/acts")).by(&official);
        let said = said.body(remark).send().await.expect(200);
        assert!(
            said.json.to_string().contains("只在内部说"),
            "offices read it"
        );
    }
    let own = with(&slip, &format!("matters/{id}")).await.expect(200);
    let text = own.json.to_string();
    assert!(
        !text.contains("只在内部说") && text.contains("明天来修"),
        "{text}"
    );
    assert_eq!(own.json["id"], json!(id));
    let receipt = with(&slip, &format!("matters/{id}/receipt")).await;
    assert_eq!(receipt.expect(200).json["format"], 2);
    with(&slip, &format!("matters/{other}/receipt"))
        .await
        .expect(404);
    let opened = with(&slip, &format!("matters/{id}/receipt?opening=true")).await;
    let opened = opened.expect(200).json;
    assert_eq!(opened["opening"]["text"], lamp()["text"]);
    let stranger = province.person(&tokens, "stranger", &["dispatcher"]).await;
    let opening = province.get(&format!("matters/{id}/receipt?opening=true"));
    opening.by(&stranger).send().await.expect(403);
    let plain = province.get(&format!("matters/{id}/receipt")).by(&stranger);
    assert!(plain.send().await.expect(200).json.get("opening").is_none());
    let foreign = with(&slip, &format!("matters/{other}")).await.expect(404);
    let absent = id.rsplit_once('-').unwrap().0.to_owned() + "-999";
    let missing = with(&slip, &format!("matters/{absent}")).await.expect(404);
    let same = foreign.json.to_string().replace(&other, "X");
    assert_eq!(same, missing.json.to_string().replace(&absent, "X"));
    with(
        "wjr_00000000000000000000000000000000",
        &format!("matters/{id}"),
    )
    .await
    .expect(404);
    with(&slip, "matters").await.expect(401);
    with("17", &format!("matters/{id}")).await.expect(401);
    let accept = province
        .post(&format!("matters/{id}/acts"))
        .with("reporter-token", &slip)
        .body(json!({ "act": "accept" }));
    accept.send().await.expect(403);
    province
        .get(&format!("matters/{id}"))
        .by(&slip)
        .send()
        .await
        .expect(401);
    province
        .get(&format!("matters/{id}"))
        .send()
        .await
        .expect(401);
    let second = province
        .post(&format!("matters/{id}/slips"))
        .by(&official)
        .send()
        .await
        .expect(201);
    with(&second.text("token"), &format!("matters/{id}"))
        .await
        .expect(200);
    with(&slip, &format!("matters/{id}")).await.expect(200);
    province.host.stop().await;
}

#[tokio::test]
async fn no_secret_that_was_handed_out_lies_in_the_store() {
    let province = Province::start().await;
    let tokens = province.administrators().await;
    let mut report = lamp();
    report["slip"] = json!(true);
    let official = province.person(&tokens, "official", &["official"]).await;
    let reported = province
        .post("matters")
        .by(&official)
        .body(report)
        .send()
        .await
        .expect(201);
    let secrets = [official, reported.text("token")];
    province
        .socket(Method::GET, "/v1/status")
        .send()
        .await
        .expect(200);
    let office = province.office();
    let seen = office.store().scan(
        office.me(),
        wujitong::store::Range::all(),
        usize::MAX,
        false,
    );
    let records = seen.await.unwrap().value;
    assert!(records.len() > 20);
    for secret in secrets {
        let digits = &secret[4..];
        let raw = u128::from_str_radix(digits, 16).unwrap().to_be_bytes();
        for (key, value) in &records {
            for bytes in [&key[..], &value[..]] {
                let holds = |needle: &[u8]| bytes.windows(needle.len()).any(|part| part == needle);
                assert!(
                    !holds(digits.as_bytes()) && !holds(&raw),
                    "{}",
                    key.escape_ascii()
                );
            }
        }
    }
    drop(office);
    province.host.stop().await;
}

#[tokio::test]
async fn whoever_has_the_slip_does_what_a_reporter_may_and_nothing_else() {
    let province = Province::start().await;
    let tokens = province.administrators().await;
    let official = province.person(&tokens, "official", &["official"]).await;
    let mut report = lamp();
    report["slip"] = json!(true);
    let reported = province.post("matters").by(&official).body(report);
    let reported = reported.send().await.expect(201);
    let (id, slip) = (reported.text("id"), reported.text("token"));
    let other = province.person(&tokens, "other", &["official"]).await;
    let close = province.post(&format!("matters/{id}/acts")).by(&other);
    let close = close.body(json!({ "act": "close", "outcome": "solved", "note": "done" }));
    close.send().await.expect(200);
    let wish = |what: &str| {
        let ask = province
            .post(&format!("matters/{id}/requests"))
            .with("reporter-token", &slip);
        ask.body(json!({ "request": what, "note": "灯还是不亮" }))
            .send()
    };
    for other in ["supervise", "recall"] {
        wish(other).await.expect(403);
    }
    let said = json!({ "act": "remark", "audience": "reporter", "note": "x" });
    let act = province.post(&format!("matters/{id}/acts"));
    let act = act.with("reporter-token", &slip).body(said);
    act.send().await.expect(403);
    let contested = wish("contest").await.expect(202);
    assert_ne!(
        contested.json["matter"]["status"],
        json!({ "closed": "solved" })
    );
    let page = province.get("audit?limit=1000").by(&tokens["aud"]);
    let page = page.send().await.expect(200);
    let last = page.json["entries"]
        .as_array()
        .unwrap()
        .last()
        .unwrap()
        .clone();
    assert_eq!(
        (&last["actor"], &last["permission"]),
        (&json!("reporter"), &json!("contest"))
    );
    let asked = |body: serde_json::Value| {
        let ask = province
            .post(&format!("matters/{id}/requests"))
            .with("reporter-token", &slip);
        ask.body(body).send()
    };
    let added = json!({ "request": "remark", "audience": "reporter", "note": "是村口第二盏" });
    let added = asked(added).await.expect(202);
    assert!(added.json.to_string().contains("是村口第二盏"));
    let inside = json!({ "request": "remark", "audience": "offices", "note": "x" });
    asked(inside).await.expect(403);
    let withdrawn = json!({ "request": "withdraw", "note": "自己修好了" });
    let withdrawn = asked(withdrawn).await.expect(202);
    assert_eq!(
        withdrawn.json["matter"]["status"],
        json!({ "closed": "withdrawn" })
    );
    province.host.stop().await;
}

#[tokio::test]
async fn what_opens_a_report_is_given_once_and_kept_nowhere() {
    let province = Province::start().await;
    let tokens = province.administrators().await;
    let official = province.person(&tokens, "official", &["official"]).await;
    let mut report = lamp();
    report["opening"] = json!(true);
    let hand_in = |body| {
        let post = province.post("matters").by(&official);
        post.with("idempotency-key", "once").body(body).send()
    };
    let first = hand_in(report.clone()).await.expect(201);
    let opening = &first.json["opening"];
    assert_eq!(opening["matter"], first.json["id"]);
    assert_eq!(opening["text"], report["text"]);
    assert_eq!(opening["salt"].as_str().unwrap().len(), 32);
    let again = hand_in(report).await;
    assert!(again.status.is_success(), "{again:?}");
    assert_eq!(again.json["id"], first.json["id"]);
    assert!(
        !again
            .json
            .to_string()
            .contains(opening["salt"].as_str().unwrap())
    );
    let unasked = province
        .post("matters")
        .by(&official)
        .body(lamp())
        .send()
        .await;
    assert!(unasked.expect(201).json.get("opening").is_none());
    province.host.stop().await;
}

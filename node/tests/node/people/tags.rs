//! Entity tags: two people at one matter.

use serde_json::json;

use testkit::province::Province;

#[tokio::test]
async fn of_two_officials_who_act_at_once_on_what_both_saw_exactly_one_wins() {
    let province = Province::start().await;
    let tokens = province.administrators().await;
    let one = province.person(&tokens, "one", &["official"]).await;
    let two = province.person(&tokens, "two", &["dispatcher"]).await;
    let reporter = province.person(&tokens, "three", &["dispatcher"]).await;
    for _ in 0..8 {
        let id = province.report(&reporter).await;
        let seen = province
            .get(&format!("matters/{id}"))
            .by(&one)
            .send()
            .await
            .expect(200);
        let tag = seen.header("etag").to_owned();
        let close = |by: &str, outcome: &str| {
            let ask = province
                .post(&format!("matters/{id}/acts"))
                .by(by)
                .with("if-match", &tag);
            ask.body(json!({ "act": "close", "outcome": outcome, "note": "done" }))
                .send()
        };
        let (first, second) = tokio::join!(close(&one, "solved"), close(&two, "unfounded"));
        let mut codes = [first.code(), second.code()];
        codes.sort_unstable();
        assert_eq!(codes, [200, 412], "{first:?} {second:?}");
        let after = province
            .get(&format!("matters/{id}"))
            .by(&one)
            .send()
            .await
            .expect(200);
        assert_eq!(after.json["steps"].as_array().unwrap().len(), 2);
    }
    province.host.stop().await;
}

#[tokio::test]
async fn what_is_known_is_not_sent_again_and_a_stale_tag_stops_the_act() {
    let province = Province::start().await;
    let tokens = province.administrators().await;
    let official = province.person(&tokens, "official", &["official"]).await;
    let id = province.report(&official).await;
    let path = format!("matters/{id}");
    let seen = province.get(&path).by(&official).send().await.expect(200);
    let tag = seen.header("etag").to_owned();
    let look = |tag: &str| {
        province
            .get(&path)
            .by(&official)
            .with("if-none-match", tag)
            .send()
    };
    let known = look(&tag).await.expect(304);
    assert_eq!(
        (known.header("etag"), known.json.is_null()),
        (tag.as_str(), true)
    );
    look("\"0.1.9-00000000\"").await.expect(200);
    let act = |verb: &str, tag: &str| {
        let ask = province
            .post(&format!("{path}/acts"))
            .by(&official)
            .with("if-match", tag);
        ask.body(json!({ "act": verb, "note": "看过了" })).send()
    };
    let accepted = act("accept", &tag).await.expect(200);
    let new = accepted.header("etag").to_owned();
    assert_ne!(new, tag);
    look(&tag).await.expect(200);
    assert_eq!(
        act("handle", &tag).await.expect(412).problem(),
        "precondition-failed"
    );
    for bad in ["\"x\"", "W/\"0.1.2\"", "0.1.2"] {
        act("handle", bad).await.expect(412);
    }
    act("handle", &format!("{tag}, {new}")).await.expect(200);
    act("handle", "*").await.expect(200);
    let steps = province.get(&path).by(&official).send().await.expect(200);
    assert_eq!(steps.json["steps"].as_array().unwrap().len(), 4);
    let pointless = province
        .post("matters")
        .by(&official)
        .with("if-match", &tag);
    pointless
        .body(testkit::province::lamp())
        .send()
        .await
        .expect(412);
    province.host.stop().await;
}

//! Requests that are repeated.

use std::time::Duration;

use http::Method;
use serde_json::json;

use testkit::province::{Province, account, lamp};

async fn count(province: &Province) -> usize {
    province
        .office()
        .matters()
        .dockets(None, usize::MAX)
        .await
        .unwrap()
        .len()
}

#[tokio::test]
async fn a_report_that_is_repeated_is_made_once_and_answered_alike() {
    let province = Province::start().await;
    let report = |key: &str| {
        province
            .socket(Method::POST, "matters")
            .with("idempotency-key", key)
    };
    let first = report("a-1").body(lamp()).send().await.expect(201);
    assert_eq!(first.header("idempotency-replayed"), "");
    let again = report("a-1").body(lamp()).send().await.expect(201);
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!(first.json, again.json);
    assert_eq!(count(&province).await, 1);
    let mut other = lamp();
    other["text"] = json!("另一件事");
    let reused = report("a-1").body(other.clone()).send().await.expect(422);
    assert_eq!(reused.problem(), "idempotency-key-used-before");
    report("a-2").body(other).send().await.expect(201);
    for bad in ["", "a b", &"x".repeat(256)] {
        report(bad).body(lamp()).send().await.expect(422);
    }
    assert_eq!(count(&province).await, 2);
    let province = province.restart().await;
    let after = province
        .socket(Method::POST, "matters")
        .with("idempotency-key", "a-1")
        .body(lamp());
    assert_eq!(after.send().await.expect(201).json, first.json);
    province.host.stop().await;
}

#[tokio::test]
async fn the_same_content_in_another_order_is_the_same_request_and_answered_alike() {
    let province = Province::start().await;
    let report = |body: &'static str| {
        let ask = province.socket(Method::POST, "matters");
        ask.with("idempotency-key", "o-1").raw(body).send()
    };
    let first = report(
        r#"{"category":"enforcement/lighting","text":"路灯不亮","slip":true,"opening":true}"#,
    );
    let first = first.await.expect(201);
    assert!(first.text("token").starts_with("wjr_"), "{first:?}");
    let again = report(
        r#"{ "opening": true, "slip": true,
             "text": "路灯不亮", "category": "enforcement/lighting" }"#,
    );
    let again = again.await.expect(201);
    assert_eq!(again.header("idempotency-replayed"), "true");
    let known = json!({ "id": first.text("id"), "token": "shown-once" });
    assert_eq!(
        again.json, known,
        "what was written is kept in no second place"
    );
    let other = report(
        r#"{"category":"enforcement/lighting","text":"路灯不亮","slip":false,"opening":true}"#,
    );
    other.await.expect(422);

    let slip = || {
        let path = format!("matters/{}/slips", first.text("id"));
        let ask = province.socket(Method::POST, &path);
        ask.with("idempotency-key", "o-2").send()
    };
    slip().await.expect(201);
    assert_eq!(
        slip().await.expect(201).json,
        json!({ "token": "shown-once" })
    );
    assert_eq!(count(&province).await, 1);
    province.host.stop().await;
}

#[tokio::test]
async fn an_act_that_is_repeated_is_done_once_and_shows_the_matter() {
    let province = Province::start().await;
    let report = province
        .socket(Method::POST, "matters")
        .body(lamp())
        .send()
        .await
        .expect(201);
    let path = format!("matters/{}/acts", report.text("id"));
    let handle = || {
        let ask = province
            .socket(Method::POST, &path)
            .with("idempotency-key", "h-1");
        ask.body(json!({ "act": "handle", "note": "已派电工" }))
            .send()
    };
    let mut first = handle().await.expect(200);
    let mut again = handle().await.expect(200);
    let known = again.json["known"].take();
    assert!(known["shown_ms"].as_i64() >= first.json["known"]["shown_ms"].as_i64());
    first.json["known"].take();
    assert_eq!(first.json, again.json);
    assert_eq!(first.header("etag"), again.header("etag"));
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!(
        again.json["steps"].as_array().unwrap().len(),
        2,
        "report, handle"
    );
    province.host.stop().await;
}

#[tokio::test]
async fn of_many_equal_requests_at_once_one_is_done_and_the_others_wait_or_repeat_it() {
    let province = Province::start().await;
    let asks = (0..16).map(|_| {
        let ask = province
            .socket(Method::POST, "matters")
            .with("idempotency-key", "storm");
        ask.body(lamp()).send()
    });
    let answers = futures::future::join_all(asks).await;
    for answer in &answers {
        match answer.code() {
            201 => {}
            409 => assert_eq!(answer.problem(), "request-in-progress"),
            other => panic!("{other}: {answer:?}"),
        }
    }
    assert!(answers.iter().any(|answer| answer.code() == 201));
    assert_eq!(count(&province).await, 1);
    province.host.stop().await;
}

#[tokio::test]
async fn keys_belong_to_a_caller_and_a_path_and_what_failed_may_be_tried_again() {
    let province = Province::start().await;
    let tokens = province.administrators().await;
    let one = province.person(&tokens, "one", &["official"]).await;
    let two = province.person(&tokens, "two", &["official"]).await;
    let report = |by: &str| {
        let ask = province.post("matters").by(by).with("idempotency-key", "k");
        ask.body(lamp()).send()
    };
    let first = report(&one).await.expect(201).text("id");
    let second = report(&two).await.expect(201).text("id");
    assert_ne!(first, second);
    let accept = |id: &str| {
        let ask = province
            .post(&format!("matters/{id}/acts"))
            .by(&one)
            .with("idempotency-key", "k");
        ask.body(json!({ "act": "accept" })).send()
    };
    accept(&first).await.expect(200);
    accept(&second).await.expect(200);
    accept(&first).await.expect(200);
    let close = |key: &'static str| {
        let ask = province
            .post(&format!("matters/{first}/acts"))
            .by(&two)
            .with("idempotency-key", key);
        ask.body(json!({ "act": "close", "outcome": "solved", "note": "done" }))
            .send()
    };
    close("c-1").await.expect(200);
    close("c-2").await.expect(409);
    close("c-2").await.expect(409);
    close("c-1").await.expect(200);
    province.host.stop().await;
}

#[tokio::test]
async fn a_secret_is_shown_once_even_if_its_request_is_repeated() {
    let province = Province::start().await;
    let tokens = province.administrators().await;
    let make = || {
        let body = json!({ "name": "小程序", "permissions": ["report"], "days": 30 });
        let ask = province
            .post("api-keys")
            .by(&tokens["sec"])
            .with("idempotency-key", "k")
            .body(body);
        ask.send()
    };
    let first = make().await.expect(201);
    let again = make().await.expect(201);
    assert_eq!(again.json["token"], "shown-once");
    assert_eq!(again.json["key"], first.json["key"]);
    let open = || {
        let ask = province
            .post("accounts")
            .by(&tokens["sys"])
            .with("idempotency-key", "k");
        ask.body(account("zhang.san", &[])).send()
    };
    let first = open().await.expect(201);
    assert_eq!(open().await.expect(201).json, first.json);
    province.host.stop().await;
}

#[tokio::test]
async fn keys_are_remembered_for_a_day_and_then_deleted() {
    let province = Province::start().await;
    let report = |key: &str| {
        let ask = province
            .socket(Method::POST, "matters")
            .with("idempotency-key", key);
        ask.body(lamp()).send()
    };
    report("old").await.expect(201);
    province.clock.shift(Duration::from_secs(86_400 - 60));
    report("old").await.expect(201);
    assert_eq!(count(&province).await, 1);
    province.clock.shift(Duration::from_secs(120));
    report("new").await.expect(201);
    report("old").await.expect(201);
    assert_eq!(count(&province).await, 3);
    province.host.stop().await;
}

//! Reports that are sent again.

use http::{Request, header};
use serde_json::Value;
use wujitong::domain::people::Permission;

use crate::open311::town::{Answer, Town, elements};

const LAMP: &str = "service_code=enforcement-lighting&lat=29.0285&long=119.1722";

/// Files a report under a key of repetition.
async fn file(town: &Town, path: &str, once: &str, form: &str) -> Answer {
    let request = Request::post(format!("/open311/v2/{path}"))
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header("idempotency-key", once);
    town.send(request, form).await
}

fn again(answer: &Answer) -> bool {
    answer
        .headers
        .get("idempotency-replayed")
        .is_some_and(|value| value == "true")
}

async fn count(town: &Town) -> usize {
    town.office()
        .matters()
        .dockets(None, usize::MAX)
        .await
        .unwrap()
        .len()
}

#[tokio::test]
async fn a_report_that_is_sent_again_is_made_once_and_answered_alike_in_both_shapes() {
    let town = Town::start().await;
    let app = town.key("app", &[Permission::Report]).await;
    let form = format!("api_key={app}&{LAMP}");
    let first = file(&town, "requests.json", "a-1", &form).await.expect(201);
    assert!(!again(&first));
    let second = file(&town, "requests.json", "a-1", &form).await.expect(201);
    assert!(again(&second));
    assert_eq!(first.json(), second.json());
    let xml = file(&town, "requests.xml", "a-1", &form).await.expect(201);
    assert!(again(&xml));
    let names = elements(xml.xml(), &["service_requests", "request"]);
    assert_eq!(names.len(), 4);
    let (id, slip) = (
        &first.json()[0]["service_request_id"],
        &first.json()[0]["reporter_token"],
    );
    for value in [id, slip] {
        assert!(
            xml.body.contains(value.as_str().unwrap()),
            "{value}: {}",
            xml.body
        );
    }
    // The key may stand elsewhere, and the words may be escaped in another way.
    let bearer = Request::post("/open311/v2/requests.json?service_code=enforcement-lighting")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(header::AUTHORIZATION, format!("Bearer {app}"))
        .header("idempotency-key", "a-2");
    let fresh = town
        .send(bearer, "lat=29.0285&long=119.1722")
        .await
        .expect(201);
    assert_ne!(
        &fresh.json()[0]["service_request_id"],
        id,
        "another key, another report"
    );
    assert_eq!(count(&town).await, 2);
    let (id, slip) = (id.as_str().unwrap(), slip.as_str().unwrap());
    let own = format!("requests/{id}.json?reporter_token={slip}");
    town.get(&own).await.expect(200);
    town.stop().await;
}

#[tokio::test]
async fn another_report_under_a_used_key_is_refused_and_makes_nothing() {
    let town = Town::start().await;
    let app = town.key("app", &[Permission::Report]).await;
    let form = format!("api_key={app}&{LAMP}");
    file(&town, "requests.json", "k", &form).await.expect(201);
    let other = format!("{form}&description=x");
    for path in ["requests.json", "requests.xml"] {
        let refused = file(&town, path, "k", &other).await.expect(400);
        assert!(
            refused.body.contains("used for another request"),
            "{}",
            refused.body
        );
    }
    for bad in ["a b", &"x".repeat(256)] {
        let refused = file(&town, "requests.json", bad, &other).await.expect(400);
        assert!(refused.body.contains("Idempotency-Key"), "{}", refused.body);
    }
    assert_eq!(count(&town).await, 1);
    town.stop().await;
}

#[tokio::test]
async fn a_key_of_repetition_is_its_callers_own_and_opens_nothing_to_others() {
    let town = Town::start().await;
    let (one, two) = (
        town.key("one", &[Permission::Report]).await,
        town.key("two", &[Permission::Report]).await,
    );
    let reader = town.key("reader", &[Permission::ViewList]).await;
    let with = |key: &str| format!("api_key={key}&{LAMP}");
    let first = file(&town, "requests.json", "k", &with(&one))
        .await
        .expect(201)
        .json();
    let second = file(&town, "requests.json", "k", &with(&two))
        .await
        .expect(201)
        .json();
    for field in ["service_request_id", "reporter_token"] {
        assert_ne!(first[0][field], second[0][field], "{field}");
    }
    file(&town, "requests.json", "k", &with(&reader))
        .await
        .expect(403);
    file(&town, "requests.json", "k", LAMP).await.expect(403);
    town.stop().await;
}

#[tokio::test]
async fn what_failed_may_be_sent_again_under_its_key() {
    let town = Town::start().await;
    let app = town.key("app", &[Permission::Report]).await;
    let nowhere = format!("api_key={app}&service_code=enforcement-lighting");
    file(&town, "requests.json", "k", &nowhere)
        .await
        .expect(400);
    let whole = format!("{nowhere}&lat=29&long=119");
    let filed = file(&town, "requests.json", "k", &whole).await.expect(201);
    assert!(!again(&filed));
    town.stop().await;
}

#[tokio::test]
async fn of_many_equal_reports_at_once_one_is_made() {
    let town = Town::start().await;
    let app = town.key("app", &[Permission::Report]).await;
    let form = format!("api_key={app}&{LAMP}");
    let sent = (0..12).map(|_| file(&town, "requests.json", "storm", &form));
    let answers = futures::future::join_all(sent).await;
    let mut told: Vec<Value> = vec![];
    for answer in answers {
        match answer.status {
            201 => told.push(answer.json()[0].clone()),
            409 => assert!(answer.body.contains("not done yet"), "{}", answer.body),
            other => panic!("{other}: {}", answer.body),
        }
    }
    assert!(!told.is_empty() && told.iter().all(|one| one == &told[0]));
    assert_eq!(count(&town).await, 1);
    town.stop().await;
}

//! What does not fit.

use http::{Method, Request, header};
use wujitong::domain::people::Permission;

use crate::open311::town::{Town, elements, keys};

const LAMP: &str = "service_code=enforcement-lighting&lat=29&long=119";

fn with(key: &str, form: &str) -> String {
    format!("api_key={key}&{form}")
}

/// Checks that each report is refused with its status and these words, and that none is kept.
async fn refused(town: &Town, cases: Vec<(String, u16, &str)>) {
    for (form, status, says) in cases {
        let answer = town.post("requests.json", &form).await.expect(status);
        let error = answer.json();
        assert_eq!(keys(&error[0]), ["code", "description"], "{says}");
        assert_eq!(error[0]["code"], status);
        let said = error[0]["description"].as_str().unwrap();
        assert!(said.contains(says), "{says}: {said}");
    }
    let kept = town.office().matters().dockets(None, 10).await;
    assert!(kept.unwrap().is_empty());
}

#[tokio::test]
async fn only_who_has_a_key_that_may_report_reports() {
    let town = Town::start().await;
    let reader = town.key("reader", &[Permission::ViewList]).await;
    let phone = town.key("hotline", &[Permission::Report]).await;
    let none = "wjk_00000000000000000000000000000000";
    let cases = vec![
        (LAMP.to_owned(), 403, "api_key was not provided"),
        (with("", LAMP), 403, "api_key was not provided"),
        (with("xyz", LAMP), 403, "invalid api_key"),
        (with(none, LAMP), 403, "invalid api_key"),
        (with(&reader, LAMP), 403, "may not do report"),
        (with(&phone, LAMP), 403, "may not do report-for-another"),
    ];
    refused(&town, cases).await;
    town.stop().await;
}

#[tokio::test]
async fn a_report_that_does_not_fit_is_refused_in_the_form_of_the_protocol() {
    let town = Town::start().await;
    let key = town.key("app", &[Permission::Report]).await;
    let cases = vec![
        (
            with(&key, "lat=29&long=119"),
            400,
            "service_code was not provided",
        ),
        (
            with(&key, "service_code=001&lat=29&long=119"),
            404,
            "service_code was not found",
        ),
        (with(&key, "service_code=enforcement-road"), 400, "no place"),
        (
            with(&key, &format!("{LAMP}&jurisdiction_id=3308")),
            404,
            "jurisdiction_id was not found",
        ),
        (
            with(&key, &format!("{LAMP}&jurisdiction_id=city.gov")),
            404,
            "jurisdiction_id",
        ),
        (with(&key, &format!("{LAMP}&description=%FF")), 400, "UTF-8"),
        (
            with(
                &key,
                &LAMP.replace("lat=29&long=119", "lat=31.23&long=121.47"),
            ),
            400,
            "km outside 浙江省",
        ),
        (
            with(&key, &LAMP.replace("lat=29&long=119", "lat=119&long=29")),
            400,
            "swapped",
        ),
        (
            with(&key, &format!("{LAMP}&phone={}", "1".repeat(41))),
            400,
            "phone",
        ),
        (
            with(&key, &format!("{LAMP}&description={}", "x".repeat(140_000))),
            413,
            "bytes",
        ),
    ];
    refused(&town, cases).await;
    town.stop().await;
}

#[tokio::test]
async fn what_is_asked_wrong_is_said_in_the_form_that_was_asked_for() {
    let town = Town::start().await;
    let key = town.key("app", &[Permission::Report]).await;
    for (path, status) in [
        ("services.json?jurisdiction_id=nowhere", 404),
        ("services/001.json", 404),
        ("requests.json?start_date=yesterday", 400),
        ("requests.json?status=lost", 400),
        ("requests.json?api_key=xyz", 403),
        ("requests/17.json", 404),
        ("tokens.json", 400),
        ("tokens/17.json", 404),
        ("nothing.json", 404),
        ("services/%FF.json", 400),
    ] {
        let answer = town.get(path).await.expect(status);
        assert_eq!(answer.json()[0]["code"], status, "{path}");
    }
    let answer = town.get("requests/17.xml").await.expect(404);
    assert_eq!(elements(answer.xml(), &["errors"]), ["error"]);
    assert_eq!(
        elements(answer.xml(), &["errors", "error"]),
        ["code", "description"]
    );
    town.get("services").await.expect(404).xml();
    let post = town.post("services.json", "").await.expect(400);
    assert!(
        post.json()[0]["description"]
            .as_str()
            .unwrap()
            .contains("only GET")
    );
    let json = Request::builder()
        .method(Method::POST)
        .uri("/open311/v2/requests.json")
        .header(header::CONTENT_TYPE, "application/json");
    town.send(json, "{}").await.expect(400);
    let two = format!("api_key={key}&lat=29");
    let errors = town.post("requests.xml", &two).await.expect(400);
    assert_eq!(elements(errors.xml(), &["errors"]), ["error", "error"]);
    town.stop().await;
}

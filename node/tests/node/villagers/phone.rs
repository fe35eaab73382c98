//! What a phone keeps and sends later: reports that waited, the worker, and what describes the pages.

use serde_json::Value;

use testkit::{asking::Answer, province::Province};

use super::{Visitor, html, with_photos};
use crate::open311::photos::photo;

/// The form of a report that waited, as the script sends it.
async fn waited(visitor: &Visitor<'_>, fields: &[(&str, &str)], photos: usize) -> Answer {
    let mut all = visitor.fields("all", "send");
    all.extend(fields);
    let photos: Vec<_> = (0..photos)
        .map(|number| ("a.jpg", "image/jpeg", photo(number as u8)))
        .collect();
    let ask = visitor.form_with_photos(with_photos(&all, &photos));
    ask.with("accept", "application/json").send().await
}

/// R-P18: a report that waited is taken once, however often it is sent, and its slip is told.
#[tokio::test]
async fn a_report_that_waited_is_one_matter_however_often_it_is_sent() {
    let province = Province::start().await;
    let visitor = Visitor::begin(&province, "/report?all=1").await;
    let fields = [
        ("where", "河边"),
        ("text", "离线时写的：桥栏杆断了"),
        ("kind", "enforcement/road"),
    ];
    let first = waited(&visitor, &fields, 2).await.expect(200);
    assert_eq!(first.header("content-type"), "application/json");
    assert_eq!(first.header("cache-control"), "no-store");
    let again = waited(&visitor, &fields, 0).await.expect(200);
    let told = |answer: &Answer| -> Value { serde_json::from_slice(&answer.body).unwrap() };
    assert_eq!(told(&first), told(&again), "one report is one matter");
    let number = first.text("number");
    let slip = first.text("slip");
    assert_eq!(slip.len(), 39, "{slip} is in groups");
    let own = [("number", &*number), ("slip", &*slip)];
    let page = html(&province.form("/my", &own).send().await.expect(200));
    assert!(page.contains("桥栏杆断了"), "{page}");
    assert_eq!(page.matches("<img src=\"/my/photo/").count(), 2);
    province.host.stop().await;
}

#[tokio::test]
async fn a_report_that_waited_and_lacks_something_is_not_taken_and_says_what() {
    let province = Province::start().await;
    let visitor = Visitor::begin(&province, "/report?all=1").await;
    let lacking = [("text", "电线掉下来了"), ("kind", "order/safety")];
    let refused = waited(&visitor, &lacking, 0).await;
    assert_eq!(refused.code(), 422);
    let says = refused.json["says"].to_string();
    assert!(
        says.contains("请写明在哪里") && says.contains("119"),
        "{says}"
    );
    assert!(refused.json["number"].is_null());
    let whole = [
        ("where", "村口"),
        ("text", "电线掉下来了"),
        ("kind", "order/safety"),
        ("calm", "yes"),
    ];
    waited(&visitor, &whole, 0).await.expect(200);
    province.host.stop().await;
}

/// R-P18, R-A2: the worker is asked for each time, knows every file of the pages, and keeps nothing of a
/// person.
#[tokio::test]
async fn the_worker_and_the_manifest_are_served() {
    let province = Province::start().await;
    let worker = province.get("/sw.js").send().await.expect(200);
    assert_eq!(worker.header("cache-control"), "no-cache");
    assert!(worker.header("content-type").starts_with("text/javascript"));
    let text = html(&worker);
    let home = html(&province.get("/").send().await.expect(200));
    let kept = home.split("data-kept=\"").nth(1).unwrap();
    let kept = kept.split('"').next().unwrap();
    assert!(text.contains(&format!("KEPT = \"{kept}\"")), "{text}");
    for file in home.split("\"/assets/").skip(1) {
        let file = file.split('"').next().unwrap();
        assert!(text.contains(file), "{file} is not kept");
    }
    for personal in ["/my", "/desk", "/account", "/admin", "/sign-in"] {
        assert!(!text.contains(&format!("\"{personal}")), "{personal}");
    }
    let manifest = province
        .get("/manifest.webmanifest")
        .send()
        .await
        .expect(200);
    assert_eq!(manifest.header("content-type"), "application/manifest+json");
    assert_eq!(manifest.text("short_name"), "浙江省");
    let icon = manifest.json["icons"][0]["src"]
        .as_str()
        .unwrap()
        .to_owned();
    province.get(&icon).send().await.expect(200);
    let page = html(&province.get("/offline").send().await.expect(200));
    assert!(page.contains("data-reports") && page.contains("data-pages"));
    province.host.stop().await;
}

#[tokio::test]
async fn who_signs_out_leaves_nothing_on_the_device() {
    let province = Province::start().await;
    let tokens = province.administrators().await;
    let official = province.person(&tokens, "official", &["official"]).await;
    let cookie = format!("__Host-session={official}");
    let session = province.get("session").with("cookie", &cookie).send().await;
    let csrf = session.expect(200).text("csrf");
    let ask = province.form("/sign-out", &[("csrf", &csrf)]);
    let left = ask.with("cookie", &cookie).send().await.expect(303);
    assert_eq!(left.header("clear-site-data"), "\"cache\", \"storage\"");
    province.host.stop().await;
}

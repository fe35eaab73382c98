//! Rows that a person has not seen are marked, until they open the matter or say so for the whole page.

use serde_json::json;
use testkit::province::Province;

use super::browser::Browser;

/// R-D2: a mark by word and shape for whoever has not seen the last step; nobody else's marks change.
#[tokio::test]
async fn a_row_is_marked_until_its_last_step_was_seen() {
    let province = Province::start().await;
    let tokens = province.administrators().await;
    let official = province.person(&tokens, "zhang.san", &["official"]).await;
    let other = province.person(&tokens, "li.si", &["official"]).await;
    let (one, two) = (
        province.report(&official).await,
        province.report(&official).await,
    );
    let mut clerk = Browser::signed_in(&province, "zhang.san").await;
    let list = "/desk?tab=open&lang=zh";
    let marks = |text: &str| {
        ["未看过", "有更新"].map(|word| {
            text.matches(&format!("<b class=\"unread\">{word}</b>"))
                .count()
        })
    };
    let page = clerk.get(list).await.expect(200).text;
    assert_eq!(marks(&page), [2, 0], "{page}");

    // Opened, it is seen; what its own reader does stays seen; what a colleague does is news.
    clerk.get(&format!("/desk/m/{one}")).await.expect(200);
    assert_eq!(marks(&clerk.get(list).await.expect(200).text), [1, 0]);
    let acts = format!("matters/{one}/acts");
    let remark = json!({ "act": "remark", "audience": "offices", "note": "灯杆歪了" });
    let own = province.post(&acts).by(&official).body(remark.clone());
    own.send().await.expect(200);
    assert_eq!(marks(&clerk.get(list).await.expect(200).text), [1, 0]);
    let theirs = province.post(&acts).by(&other).body(remark);
    theirs.send().await.expect(200);
    let page = clerk.get(list).await.expect(200);
    assert_eq!(marks(&page.text), [1, 1]);

    // What happens after the page was shown stays marked.
    let fields = ["csrf", "key", "here", "rows"].map(|name| (name, page.field(name)));
    assert_eq!(fields[3].1.split(' ').count(), 2);
    let fields: Vec<_> = fields
        .iter()
        .map(|(name, value)| (*name, &**value))
        .collect();
    let late = json!({ "act": "remark", "audience": "offices", "note": "再说一句" });
    let acts = format!("matters/{two}/acts");
    let late = province.post(&acts).by(&other).body(late);
    late.send().await.expect(200);
    clerk.send("/desk/seen", &fields).await.expect(303);
    assert_eq!(marks(&clerk.get(list).await.expect(200).text), [0, 1]);

    // Others have marks of their own, closed matters have none, and a program without an account neither.
    let theirs = province.get("matters?state=open").by(&other).send().await;
    let theirs = theirs.expect(200).json["matters"].clone();
    let marked: Vec<_> = theirs
        .as_array()
        .unwrap()
        .iter()
        .map(|line| {
            (
                line["id"].as_str().unwrap().to_owned(),
                line["unread"].clone(),
            )
        })
        .collect();
    // They did the last step of both.
    assert!(
        marked.iter().all(|(_, unread)| unread.is_null()),
        "{marked:?}"
    );
    let third = province.report(&official).await;
    let seen = json!({ "matters": [{ "id": third, "as_of_ms": 1 }] });
    let noted = province.put("session/seen").by(&other).body(seen);
    noted.send().await.expect(202);
    let theirs = province.get("matters?state=open").by(&other).send().await;
    let lines = theirs.expect(200).json["matters"].clone();
    let line = lines
        .as_array()
        .unwrap()
        .iter()
        .find(|line| line["id"] == third);
    assert_eq!(line.unwrap()["unread"], "changed");
    let many: Vec<_> = (0..101)
        .map(|_| json!({ "id": third, "as_of_ms": 1 }))
        .collect();
    let many = province
        .put("session/seen")
        .by(&other)
        .body(json!({ "matters": many }));
    many.send().await.expect(422);
    province.host.stop().await;
}

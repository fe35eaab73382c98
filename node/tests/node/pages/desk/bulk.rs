//! One act on several matters.

use serde_json::json;

use super::Town;

/// R-D9: preview, a result for each, and another try for those that failed; nothing is done twice.
#[tokio::test]
async fn a_bulk_act_tells_each_result_and_tries_only_the_failed_again() {
    let town = Town::start().await;
    let (province, official) = (&town.province, &town.official);
    let mut ids = vec![];
    for _ in 0..4 {
        ids.push(province.report(official).await);
    }
    let accept = async |id: &str| {
        let acts = format!("matters/{id}/acts");
        let done = province
            .post(&acts)
            .by(official)
            .body(json!({ "act": "accept" }));
        done.send().await.expect(200);
    };
    accept(&ids[0]).await;
    let mut clerk = town.browser().await;
    let list = clerk.get("/desk?tab=all").await.expect(200);
    for id in &ids {
        assert!(
            list.text.contains(&format!("name=\"m\" value=\"{id}\"")),
            "{}",
            list.text
        );
    }
    let csrf = list.field("csrf");
    let mut fields = vec![("csrf", &*csrf), ("act", "accept")];
    fields.extend(ids.iter().map(|id| ("m", &**id)));
    let preview = clerk.send("/desk/bulk", &fields).await.expect(200);
    // The first is accepted already.
    assert!(
        !preview
            .text
            .contains(&format!("name=\"m\" value=\"{}\"", ids[0]))
    );
    assert_eq!(preview.text.matches("name=\"m\"").count(), 3);
    let key = preview.field("key");
    let tags: Vec<_> = ids[1..]
        .iter()
        .map(|id| {
            let name = format!("seen.{id}");
            let tag = preview.field(&name);
            (name, tag)
        })
        .collect();
    let mut fields = vec![
        ("csrf", &*csrf),
        ("key", &*key),
        ("act", "accept"),
        ("go", "1"),
        ("note", "一并受理"),
    ];
    fields.extend(ids[1..].iter().map(|id| ("m", &**id)));
    fields.extend(tags.iter().map(|(name, tag)| (&**name, &**tag)));
    // A colleague is faster on one of them.
    let remark = json!({ "act": "remark", "audience": "offices", "note": "等一等" });
    town.act(&ids[1], remark).await;
    let told = clerk.send("/desk/bulk", &fields).await.expect(200);
    assert_eq!(told.text.matches("已办").count(), 2, "{}", told.text);
    assert_eq!(told.text.matches("没有办成：").count(), 1);
    // Sent again, it tells the same and does nothing more.
    let again = clerk.send("/desk/bulk", &fields).await.expect(200);
    assert_eq!(again.text.matches("已办").count(), 2, "{}", again.text);
    // Only the one that failed is in the form for another try, with what was typed.
    assert_eq!(told.text.matches("name=\"m\"").count(), 1);
    assert_eq!(told.field("m"), ids[1]);
    let retry = [
        ("csrf", &*csrf),
        ("act", "accept"),
        ("m", &*ids[1]),
        ("note", "一并受理"),
    ];
    let preview = clerk.send("/desk/bulk", &retry).await.expect(200);
    assert!(preview.text.contains("一并受理"));
    let (key, seen) = (
        preview.field("key"),
        preview.field(&format!("seen.{}", ids[1])),
    );
    let seen_name = format!("seen.{}", ids[1]);
    let fields = [
        ("csrf", &*csrf),
        ("key", &*key),
        ("act", "accept"),
        ("go", "1"),
        ("m", &*ids[1]),
        (&*seen_name, &*seen),
    ];
    let told = clerk.send("/desk/bulk", &fields).await.expect(200);
    assert_eq!(told.text.matches("已办").count(), 1, "{}", told.text);
    for id in &ids {
        let matter = town.matter(id).await;
        assert_eq!(matter.text("status"), "accepted");
        let steps = matter.json["steps"].as_array().unwrap().iter();
        assert_eq!(
            steps.filter(|step| step["act"] == "accept").count(),
            1,
            "{id}"
        );
    }
    // What is not in the table of bulk acts is not done in bulk.
    let close = [
        ("csrf", &*csrf),
        ("act", "close"),
        ("go", "1"),
        ("m", &*ids[1]),
    ];
    clerk.send("/desk/bulk", &close).await.expect(404);
    let none = clerk
        .send("/desk/bulk", &[("csrf", &*csrf), ("act", "accept")])
        .await
        .expect(200);
    assert!(none.text.contains("没有选中事项"));
    town.stop().await;
}

/// R-D9: assigning and merging go the same way.
#[tokio::test]
async fn several_matters_are_merged_into_one_at_once() {
    let town = Town::start().await;
    let (province, official) = (&town.province, &town.official);
    let mut ids = vec![];
    for _ in 0..3 {
        ids.push(province.report(official).await);
    }
    let mut clerk = town.browser().await;
    let csrf = clerk.get("/desk?tab=all").await.expect(200).field("csrf");
    let mut fields = vec![
        ("csrf", &*csrf),
        ("act", "merge"),
        ("go", "1"),
        ("key", "k1"),
        ("into", &*ids[0]),
    ];
    fields.extend(ids.iter().map(|id| ("m", &**id)));
    // One of those chosen goes on; it is chosen in the preview.
    let preview: Vec<_> = fields
        .iter()
        .filter(|(name, _)| !["go", "into"].contains(name))
        .copied()
        .collect();
    let page = clerk.send("/desk/bulk", &preview).await.expect(200);
    for id in &ids {
        let choice = format!("name=\"into\" value=\"{id}\"");
        assert!(page.text.contains(&choice), "{}", page.text);
    }
    let told = clerk.send("/desk/bulk", &fields).await.expect(200);
    assert!(!told.text.contains("没有办成："), "{}", told.text);
    for id in &ids[1..] {
        let matter = town.matter(id).await;
        assert!(
            matter.json["status"].to_string().contains("closed"),
            "{matter:?}"
        );
    }
    town.stop().await;
}

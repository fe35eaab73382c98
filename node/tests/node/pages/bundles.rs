//! Matters that were reported by themselves become parts of a bundle, several at once.

use serde_json::json;
use testkit::province::Province;

use super::browser::Browser;

/// R-D9: a preview in which the leading one is chosen, a result for each, another try for those that failed.
#[tokio::test]
async fn several_matters_join_a_bundle_at_once_and_the_failed_are_tried_again() {
    let province = Province::start().await;
    let tokens = province.administrators().await;
    let official = province.person(&tokens, "zhang.san", &["official"]).await;
    // Whoever reported a matter does not close it as it was.
    let other = province.person(&tokens, "li.si", &["official"]).await;
    let mut ids = vec![];
    for _ in 0..4 {
        ids.push(province.report(&official).await);
    }
    let (bundle, parts) = ids.split_first().unwrap();
    let mut clerk = Browser::signed_in(&province, "zhang.san").await;
    let list = clerk.get("/desk?tab=all").await.expect(200);
    assert!(
        list.text
            .contains("<option value=\"join\">并入一件事</option>"),
        "{}",
        list.text
    );
    let csrf = list.field("csrf");
    let mut chosen = vec![("csrf", &*csrf), ("act", "join")];
    chosen.extend(ids.iter().map(|id| ("m", &**id)));
    let preview = clerk.send("/desk/bulk", &chosen).await.expect(200);
    for id in &ids {
        let choice = format!("name=\"bundle\" value=\"{id}\"");
        assert!(preview.text.contains(&choice), "{}", preview.text);
    }
    assert!(
        preview.text.contains("时限和当事人的权利不变"),
        "{}",
        preview.text
    );

    // A colleague acts on one of them meanwhile.
    let seen: Vec<_> = ids
        .iter()
        .map(|id| (format!("seen.{id}"), preview.field(&format!("seen.{id}"))))
        .collect();
    let remark = json!({ "act": "remark", "audience": "offices", "note": "我先看看" });
    let acts = format!("matters/{}/acts", parts[2]);
    province
        .post(&acts)
        .by(&official)
        .body(remark)
        .send()
        .await
        .expect(200);
    let mut fields = chosen.clone();
    fields.extend([("go", "1"), ("key", "k1"), ("bundle", &**bundle)]);
    fields.extend(seen.iter().map(|(name, value)| (&**name, &**value)));
    let told = clerk.send("/desk/bulk", &fields).await.expect(200);
    assert_eq!(told.text.matches("没有办成：").count(), 1, "{}", told.text);
    assert_eq!(told.field("m"), parts[2]);
    assert_eq!(told.field("bundle"), *bundle);

    let again = [
        ("csrf", &*csrf),
        ("act", "join"),
        ("m", &*parts[2]),
        ("bundle", &**bundle),
    ];
    let preview = clerk.send("/desk/bulk", &again).await.expect(200);
    let choice = format!("name=\"bundle\" value=\"{bundle}\" checked");
    assert!(preview.text.contains(&choice), "{}", preview.text);
    let tag = preview.field(&format!("seen.{}", parts[2]));
    let name = format!("seen.{}", parts[2]);
    let mut again = again.to_vec();
    again.extend([("go", "1"), ("key", "k2"), (&*name, &*tag)]);
    let told = clerk.send("/desk/bulk", &again).await.expect(200);
    assert!(!told.text.contains("没有办成："), "{}", told.text);

    let get = async |id: &str| {
        let path = format!("matters/{id}");
        province
            .get(&path)
            .by(&official)
            .send()
            .await
            .expect(200)
            .json
    };
    let whole = get(bundle).await;
    let opened: Vec<_> = whole["parts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|part| part["id"].clone())
        .collect();
    assert_eq!(opened, parts);
    for part in parts {
        let part = get(part).await;
        assert_eq!(part["part_of"], **bundle);
        assert!(!part["status"].to_string().contains("closed"));
    }
    // It ends when they have; none of them joins another.
    let acts = |id: &str| format!("matters/{id}/acts");
    let close = json!({ "act": "close", "outcome": "unfounded", "note": "查无此事" });
    let early = province.post(&acts(bundle)).by(&other).body(close.clone());
    let early = early.send().await.expect(409);
    assert!(
        early.json["detail"]
            .to_string()
            .contains("parts of this bundle are open"),
        "{early:?}"
    );
    let another = province.report(&official).await;
    let join = json!({ "act": "join", "bundle": another });
    let twice = province.post(&acts(&parts[0])).by(&official).body(join);
    twice.send().await.expect(409);
    for part in parts {
        let done = province.post(&acts(part)).by(&other).body(close.clone());
        done.send().await.expect(200);
    }
    let last = province.post(&acts(bundle)).by(&other).body(close);
    last.send().await.expect(200);
    province.host.stop().await;
}

//! The desk beyond one act: the contact for a reason, photos of acts, lists that are saved, likely doubles.

mod bulk;

use serde_json::json;

use super::{browser::Page, town::Town};
use crate::open311::photos::photo;

/// Reports a lamp with a contact; returns the number of the matter.
async fn with_contact(town: &Town) -> String {
    let report = json!({ "category": "enforcement/lighting", "text": "村口路灯不亮", "channel": "hotline",
        "contact": { "name": "张三丰", "phone": "13800001234", "address": "村口" } });
    let reported = town.province.post("matters").by(&town.official);
    let reported = reported.body(report).send();
    reported.await.expect(201).text("id")
}

/// The hidden fields that every form has.
fn hidden(page: &Page) -> [(&'static str, String); 2] {
    ["csrf", "key"].map(|name| (name, page.field(name)))
}

fn borrowed<'a>(
    fields: &'a [(&'static str, String)],
    more: &[(&'a str, &'a str)],
) -> Vec<(&'a str, &'a str)> {
    let fields = fields.iter().map(|(name, value)| (*name, value.as_str()));
    fields.chain(more.iter().copied()).collect()
}

/// R-D10: sealed, opened for a reason that the audit trail names, closed again on leaving.
#[tokio::test]
async fn a_contact_is_opened_for_a_reason_that_is_recorded_and_closed_again() {
    let town = Town::start().await;
    let (province, official) = (&town.province, &town.official);
    let id = with_contact(&town).await;
    let path = format!("/desk/m/{id}");
    let mut clerk = town.browser().await;
    let page = clerk.get(&path).await.expect(200);
    assert!(!page.text.contains("13800001234"), "{}", page.text);
    let fields = hidden(&page);
    let open = format!("{path}/contact");
    let without = clerk.send(&open, &borrowed(&fields, &[])).await.expect(422);
    assert!(!without.text.contains("13800001234"));
    assert!(without.text.contains("id=\"problem\""), "{}", without.text);
    let why = [("reason", "visit")];
    let opened = clerk
        .send(&open, &borrowed(&fields, &why))
        .await
        .expect(200);
    assert!(opened.text.contains("13800001234"), "{}", opened.text);
    assert_eq!(opened.header("cache-control"), "no-store");
    // Loaded again, it is closed, and nothing more is recorded.
    let again = clerk
        .send(&open, &borrowed(&fields, &why))
        .await
        .expect(303);
    assert_eq!(again.header("location"), format!("{path}#contact"));
    let left = clerk.get(&path).await.expect(200);
    assert!(!left.text.contains("13800001234"));
    let trail = province
        .get("audit?limit=1000")
        .by(&town.tokens["aud"])
        .send();
    let trail = trail.await.expect(200);
    let entries = trail.json["entries"].as_array().unwrap().iter();
    let opened: Vec<_> = entries
        .filter(|entry| entry["permission"] == "open-contact")
        .collect();
    assert_eq!(opened.len(), 1, "{trail:?}");
    assert_eq!(opened[0]["detail"], "contact opened: visit");
    assert!(opened[0]["actor"].as_str().unwrap().contains("account"));
    let api = province.post(&format!("matters/{id}/contact")).by(official);
    api.body(json!({})).send().await.expect(422);
    let api = province.post(&format!("matters/{id}/contact")).by(official);
    let opened = api.body(json!({ "reason": "danger" })).send().await;
    assert_eq!(opened.expect(200).json["contact"]["name"], "张三丰");
    town.stop().await;
}

/// R-A12, R-A13: a photo of an act stays when the form comes back, and is shown at the step.
#[tokio::test]
async fn an_act_keeps_its_photo_when_a_colleague_was_first_and_is_done_once() {
    let town = Town::start().await;
    let (province, official) = (&town.province, &town.official);
    let id = province.report(official).await;
    let mut clerk = town.browser().await;
    let path = format!("/desk/m/{id}/act/remark");
    let page = clerk.get(&path).await.expect(200);
    assert!(
        page.text.contains("enctype=\"multipart/form-data\""),
        "{}",
        page.text
    );
    let said = |page: &Page| {
        let mut fields = hidden(page).to_vec();
        fields.extend(["seen", "draft"].map(|name| (name, page.field(name))));
        fields
    };
    let note = [("audience", "offices"), ("note", "灯杆歪了")];
    let fields = said(&page);
    let other = json!({ "act": "remark", "audience": "offices", "note": "我先看看" });
    town.act(&id, other).await;
    let photos = [photo(90)];
    let late = clerk
        .send_photos(&path, &borrowed(&fields, &note), &photos)
        .await
        .expect(412);
    let thumb = |page: &Page| {
        let (_, after) = page
            .text
            .split_once("src=\"/report/photo/")
            .unwrap_or_else(|| panic!("{}", page.text));
        after.split('"').next().unwrap().to_owned()
    };
    let kept = thumb(&late);
    assert!(late.text.contains("灯杆歪了") && late.text.contains("我先看看"));
    clerk
        .get(&format!("/report/photo/{kept}"))
        .await
        .expect(200);
    // A second one is added and taken away again; what was typed stays.
    let fields = said(&late);
    let remove = [
        ("audience", "offices"),
        ("note", "灯杆歪了"),
        ("remove", &*kept),
    ];
    let removed = clerk
        .send_photos(&path, &borrowed(&fields, &remove), &[photo(10)])
        .await
        .expect(200);
    assert!(removed.text.contains("灯杆歪了"));
    assert_ne!(thumb(&removed), kept);
    assert_eq!(removed.text.matches("src=\"/report/photo/").count(), 1);
    let fields = said(&removed);
    clerk
        .send_photos(&path, &borrowed(&fields, &note), &[])
        .await
        .expect(303);
    // Sent twice, also with the file again, it is done once.
    clerk
        .send_photos(&path, &borrowed(&fields, &note), &[photo(10)])
        .await
        .expect(303);
    let shown = clerk.get(&format!("/desk/m/{id}")).await.expect(200);
    assert_eq!(shown.text.matches("灯杆歪了").count(), 1);
    let (_, path_of) = shown.text.split_once("class=\"path\"").unwrap();
    let (_, picture) = path_of
        .split_once("<img src=\"")
        .unwrap_or_else(|| panic!("{}", shown.text));
    clerk
        .get(picture.split('"').next().unwrap())
        .await
        .expect(200);
    // Something that is no picture loses nothing.
    let page = clerk.get(&path).await.expect(200);
    let fields = said(&page);
    let bad = clerk
        .send_photos(&path, &borrowed(&fields, &note), &[b"no picture".to_vec()])
        .await;
    assert!(
        bad.status.is_client_error() && bad.text.contains("灯杆歪了"),
        "{}",
        bad.text
    );
    town.stop().await;
}

/// R-D3: filters are in the address and shown as badges; a list is saved by name, for its owner alone.
#[tokio::test]
async fn a_filter_is_saved_by_name_and_belongs_to_its_owner() {
    let town = Town::start().await;
    let (province, official) = (&town.province, &town.official);
    let other = province.person(&town.tokens, "li.si", &["official"]).await;
    let id = province.report(official).await;
    let mut clerk = town.browser().await;
    let address = "/desk?tab=all&holder=nobody&state=open&category=enforcement%2Flighting";
    let list = clerk.get(address).await.expect(200);
    assert!(
        list.text.contains(&format!("/desk/m/{id}")),
        "nobody has it yet"
    );
    for badge in ["无人认领", "未结"] {
        assert!(
            list.text.contains(&format!("{badge} ×")),
            "{badge}: {}",
            list.text
        );
    }
    // Each badge leads to the list without it.
    let without = "/desk?tab=all&state=open&category=enforcement%2Flighting";
    assert!(
        list.attributes("href")
            .contains(&without.replace('&', "&#38;")),
        "{:?}",
        list.attributes("href")
    );
    clerk.get(without).await.expect(200);
    let (csrf, here) = (list.field("csrf"), list.field("here"));
    let fields = [
        ("csrf", &*csrf),
        ("here", &*here),
        ("name", "无人认领的路灯"),
    ];
    let saved = clerk.send("/desk/saved", &fields).await.expect(303);
    let list = clerk.get(saved.header("location")).await.expect(200);
    assert!(list.text.contains("无人认领的路灯"));
    let known = province
        .get("saved-lists")
        .by(official)
        .send()
        .await
        .expect(200);
    let filter = json!({ "state": "open", "charge": "nobody", "category": "enforcement/lighting", "order": "newest" });
    assert_eq!(
        known.json,
        json!({ "lists": [{ "name": "无人认领的路灯", "filter": filter }] })
    );
    // It opens what it was saved as.
    let links = list.attributes("href");
    let link = links
        .iter()
        .find(|link| link.contains("holder=nobody") && link.contains("order=newest"));
    let opened = clerk
        .get(&link.unwrap().replace("&#38;", "&"))
        .await
        .expect(200);
    assert!(opened.text.contains("无人认领 ×"), "{}", opened.text);
    // Nobody else has it, and a program has none.
    let others = province
        .get("saved-lists")
        .by(&other)
        .send()
        .await
        .expect(200);
    assert_eq!(others.json, json!({ "lists": [] }));
    let gone = province
        .delete("saved-lists/%E6%97%A0")
        .by(&other)
        .send()
        .await;
    gone.expect(404);
    let long = json!({ "name": "x".repeat(41), "filter": {} });
    province
        .post("saved-lists")
        .by(official)
        .body(long)
        .send()
        .await
        .expect(422);
    let bad = json!({ "name": "x", "filter": { "category": "no/such/thing/at/all" } });
    province
        .post("saved-lists")
        .by(official)
        .body(bad)
        .send()
        .await
        .expect(422);
    let paged = json!({ "name": "x", "filter": { "limit": 3 } });
    province
        .post("saved-lists")
        .by(official)
        .body(paged)
        .send()
        .await
        .expect(422);
    let bad = [("csrf", &*csrf), ("here", &*here), ("name", " ")];
    let refused = clerk.send("/desk/saved", &bad).await.expect(422);
    assert!(refused.text.contains("id=\"problem\""), "{}", refused.text);
    // A restart keeps it; its owner removes it, twice without harm.
    let town = town.restart().await;
    let mut clerk = town.browser().await;
    let list = clerk.get("/desk").await.expect(200);
    assert!(list.text.contains("无人认领的路灯"));
    let remove = [("csrf", &*list.field("csrf")), ("remove", "无人认领的路灯")]
        .map(|(n, v)| (n, v.to_owned()));
    for _ in 0..2 {
        clerk
            .send("/desk/saved", &borrowed(&remove, &[]))
            .await
            .expect(303);
    }
    assert!(
        !clerk
            .get("/desk")
            .await
            .expect(200)
            .text
            .contains("无人认领的路灯")
    );
    town.stop().await;
}

/// R-D11: why two may be the same, with the photos of both beside each other.
#[tokio::test]
async fn similar_matters_stand_side_by_side_with_photos_and_reasons() {
    let town = Town::start().await;
    let first = with_contact(&town).await;
    let second = with_contact(&town).await;
    let mut clerk = town.browser().await;
    let page = clerk.get(&format!("/desk/m/{first}")).await.expect(200);
    let (_, alike) = page
        .text
        .split_once("id=\"alike\"")
        .unwrap_or_else(|| panic!("{}", page.text));
    assert!(
        alike.contains(&second) && alike.contains("/100") && alike.contains("同一天"),
        "{alike}"
    );
    assert_eq!(alike.matches("没有照片").count(), 2);
    let merge = format!("/desk/m/{first}/act/merge?into={second}");
    assert!(alike.contains(&merge));
    let form = clerk.get(&merge).await.expect(200);
    assert_eq!(form.field("into"), second);
    town.stop().await;
}

/// R-D5: a bundle is divided on a page, and each part is a matter of its own.
#[tokio::test]
async fn parts_of_a_bundle_are_opened_by_a_form() {
    let town = Town::start().await;
    let (province, official) = (&town.province, &town.official);
    let id = province.report(official).await;
    let mut clerk = town.browser().await;
    let path = format!("/desk/m/{id}/parts");
    assert!(
        clerk
            .get(&format!("/desk/m/{id}"))
            .await
            .expect(200)
            .text
            .contains(&path)
    );
    let form = clerk.get(&path).await.expect(200);
    let fields = hidden(&form);
    let seen = form.field("seen");
    let bad = [("seen", &*seen), ("text1", "查线路"), ("category1", "")];
    let refused = clerk.send(&path, &borrowed(&fields, &bad)).await;
    assert!(
        refused.status.is_client_error() && refused.text.contains("查线路"),
        "{}",
        refused.text
    );
    let two = [
        ("seen", &*seen),
        ("text1", "查线路"),
        ("category1", "enforcement/lighting"),
        ("text2", "清垃圾"),
        ("category2", "enforcement/rubbish"),
    ];
    for _ in 0..2 {
        clerk
            .send(&path, &borrowed(&fields, &two))
            .await
            .expect(303);
    }
    let matter = town.matter(&id).await;
    assert_eq!(
        matter.json["parts"].as_array().unwrap().len(),
        2,
        "{matter:?}"
    );
    let page = clerk.get(&format!("/desk/m/{id}")).await.expect(200);
    assert!(page.text.contains("id=\"bundle\""));
    // A part is not divided further.
    let part = matter.json["parts"][0]["id"].as_str().unwrap();
    let of_part = clerk.get(&format!("/desk/m/{part}")).await.expect(200);
    assert!(!of_part.text.contains(&format!("/desk/m/{part}/parts")));
    town.stop().await;
}

/// R-D2: a row says everything that a clerk chooses by, and fifty of them are a small page.
#[tokio::test]
async fn fifty_rows_say_what_they_are_on_a_small_page() {
    let town = Town::start().await;
    let (province, official) = (&town.province, &town.official);
    for _ in 0..51 {
        province.report(official).await;
    }
    let mut clerk = town.browser().await;
    let list = clerk.get("/desk?tab=hand").await.expect(200);
    let rows: Vec<_> = list.text.split("<tr>").skip(2).collect();
    assert_eq!(rows.len(), 50);
    for part in [
        "class=\"state ",
        "<use href=",
        "路灯",
        "浙江",
        "<time datetime=",
        "class=\"number meta\"",
    ] {
        assert!(
            rows.iter().all(|row| row.contains(part)),
            "{part}: {}",
            rows[0]
        );
    }
    assert!(list.text.len() < 60 * 1024, "{} bytes", list.text.len());
    assert!(list.text.contains("rel=\"next\""));
    town.stop().await;
}

/// R-A12, R-D17: an act whose session ended goes on after the sign-in, with its text and its photo.
#[tokio::test]
async fn an_act_goes_on_after_the_session_ended_with_its_text_and_its_photo() {
    let town = Town::start().await;
    let (province, official) = (&town.province, &town.official);
    let id = province.report(official).await;
    let mut clerk = town.browser().await;
    let path = format!("/desk/m/{id}/act/remark");
    let page = clerk.get(&path).await.expect(200);
    let mut fields = hidden(&page).to_vec();
    fields.extend(["seen", "draft"].map(|name| (name, page.field(name))));
    province.clock.shift_ms(8 * 86_400_000);
    let note = [("audience", "offices"), ("note", "灯杆歪了，要换")];
    let asked = clerk
        .send_photos(&path, &borrowed(&fields, &note), &[photo(40)])
        .await
        .expect(401);
    assert!(asked.text.contains("灯杆歪了，要换"), "{}", asked.text);
    let kept = [
        "kept.note",
        "kept.audience",
        "kept.draft",
        "kept.seen",
        "back",
    ];
    let kept: Vec<_> = kept.map(|name| (name, asked.field(name))).into();
    let login = [
        ("login", "zhang.san"),
        ("password", testkit::province::PASSWORD),
    ];
    let offered = clerk
        .send("/sign-in", &borrowed(&kept, &login))
        .await
        .expect(200);
    let fields = ["csrf", "key", "note", "audience", "draft", "seen"];
    let fields: Vec<_> = fields.map(|name| (name, offered.field(name))).into();
    clerk.send(&path, &borrowed(&fields, &[])).await.expect(303);
    let shown = clerk.get(&format!("/desk/m/{id}")).await.expect(200);
    let (_, steps) = shown.text.split_once("class=\"path\"").unwrap();
    assert!(steps.contains("灯杆歪了，要换") && steps.contains("<img src="));
    town.stop().await;
}

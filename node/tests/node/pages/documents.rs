//! Documents that belong to acts, and what people bring to the window.

use serde_json::json;
use testkit::pictures;

use super::{
    browser::{Browser, Page},
    town::Town,
};

fn pdf(trailer: &str) -> Vec<u8> {
    format!("%PDF-1.7\n1 0 obj\n<< >>\nendobj\ntrailer\n{trailer}\n%%EOF\n").into_bytes()
}

/// The hidden fields of a form, with what is typed.
fn fields<'a>(page: &Page, names: &[&'a str], typed: &[(&'a str, &str)]) -> Vec<(&'a str, String)> {
    let hidden = names.iter().map(|name| (*name, page.field(name)));
    let typed = typed.iter().map(|(name, text)| (*name, (*text).to_owned()));
    hidden.chain(typed).collect()
}

fn lent<'a>(fields: &'a [(&'a str, String)]) -> Vec<(&'a str, &'a str)> {
    fields.iter().map(|(name, text)| (*name, &**text)).collect()
}

const HIDDEN: [&str; 4] = ["csrf", "key", "seen", "draft"];

/// A document is told by its content, is kept as it came, is saved and not opened, and reaches the reporter.
#[tokio::test]
async fn an_answer_has_a_pdf_that_its_reporter_saves() {
    let town = Town::start().await;
    let province = &town.province;
    let report = json!({ "category": "enforcement/lighting", "text": "路灯不亮", "slip": true,
        "contact": { "name": "张三", "phone": "13800000000", "address": "" } });
    let reported = province.post("matters").by(&town.official).body(report);
    let reported = reported.send().await.expect(201);
    let (id, slip) = (reported.text("id"), reported.text("token"));
    town.act(&id, json!({ "act": "accept" })).await;
    let mut clerk = town.browser().await;
    let path = format!("/desk/m/{id}/act/reply");
    let page = clerk.get(&format!("{path}?lang=zh")).await.expect(200);
    let said = [("publicity", "private"), ("note", "见附件")];
    let form = fields(&page, &HIDDEN, &said);
    // The browser calls it a photo, because that is what its name says.
    let locked = pdf("<< /Root 1 0 R /Encrypt 9 0 R >>");
    let refused = clerk.send_photos(&path, &lent(&form), &[locked]).await;
    assert!(refused.text.contains("PDF 加了密码"), "{}", refused.text);
    assert!(refused.text.contains("见附件"), "what was typed stays");
    let script = b"<!doctype html><script>alert(1)</script>".to_vec();
    let form = fields(&refused, &HIDDEN, &said);
    let refused = clerk.send_photos(&path, &lent(&form), &[script]).await;
    assert!(refused.status.is_client_error(), "{}", refused.text);

    let form = fields(&refused, &HIDDEN, &said);
    let document = pdf("<< /Root 1 0 R >>");
    let sure = clerk
        .send_photos(&path, &lent(&form), std::slice::from_ref(&document))
        .await
        .expect(200);
    assert!(
        sure.text.contains("照片和文件</dt><dd class=\"said\">1 个"),
        "{}",
        sure.text
    );
    let again = clerk.get(&format!("{path}?lang=zh")).await.expect(200);
    assert_ne!(again.field("draft"), sure.field("draft"));
    let names = ["csrf", "key", "sure", "seen", "draft", "publicity", "note"];
    let form = fields(&sure, &names, &[]);
    clerk.send(&path, &lent(&form)).await.expect(303);

    let shown = clerk.get(&format!("/desk/m/{id}")).await.expect(200);
    let (before, _) = shown
        .text
        .split_once("\">文件 1：PDF，")
        .unwrap_or_else(|| panic!("{}", shown.text));
    let (_, href) = before.rsplit_once("href=\"").unwrap();
    check(&clerk.get(href).await, &document);

    // The reporter saves it, with the slip behind a pass of this page.
    let mut reporter = Browser::new(province);
    let fields = [("number", &*id), ("slip", &*slip)];
    let own = reporter.send("/my?lang=zh", &fields).await.expect(200);
    let (before, _) = own
        .text
        .split_once("\" download>文件 1：PDF，")
        .unwrap_or_else(|| panic!("{}", own.text));
    let (_, href) = before.rsplit_once("href=\"").unwrap();
    assert!(
        href.starts_with("/my/file/") && !href.contains(&slip),
        "{href}"
    );
    check(&reporter.get(href).await, &document);
    let guessed = "/my/file/00000000000000000000000000000000/1.0";
    reporter.get(guessed).await.expect(404);
    town.stop().await;
}

fn check(page: &Page, document: &[u8]) {
    assert_eq!(page.status, 200, "{}", page.text);
    assert_eq!(page.text.as_bytes(), document);
    assert_eq!(page.header("content-type"), "application/pdf");
    assert!(
        page.header("content-disposition")
            .starts_with("attachment;")
    );
    assert_eq!(page.header("x-content-type-options"), "nosniff");
    let policy = page.header("content-security-policy");
    assert!(policy.contains("sandbox"), "{policy}");
}

/// What is added to the form stays until it is sent and can be taken away; villagers add photos alone.
#[tokio::test]
async fn a_report_at_the_window_has_the_photos_and_papers_that_somebody_brings() {
    let town = Town::start().await;
    let province = &town.province;
    let mut clerk = town.browser().await;
    let page = clerk.get("/desk/report?lang=zh").await.expect(200);
    let names = ["csrf", "key", "draft"];
    let said = [
        ("text", "宅基地界址有争议，信件见附件"),
        ("category", "enforcement/lighting"),
        ("channel", "paper"),
        ("priority", "normal"),
        ("name", "张三"),
        ("public", "no"),
    ];
    let (letter, photo) = (pdf("<< >>"), pictures::photo(40, 30, 7));
    // Without a text it comes back with its files.
    let form = fields(&page, &names, &said[1..]);
    let back = clerk
        .send_photos(
            "/desk/report",
            &lent(&form),
            &[photo, letter.clone(), letter],
        )
        .await
        .expect(422);
    assert_eq!(back.text.matches("<img src=\"/report/photo/").count(), 1);
    assert!(back.text.contains("文件 2：PDF"), "{}", back.text);
    let (_, after) = back.text.split_once("文件 2：PDF").unwrap();
    let (_, after) = after.split_once("value=\"").unwrap();
    let second = after.split('"').next().unwrap().to_owned();
    // A document has no small picture, and its id alone hands nothing out.
    clerk
        .get(&format!("/report/photo/{second}"))
        .await
        .expect(404);
    let remove = [&said[..], &[("remove", &*second)]].concat();
    let form = fields(&back, &names, &remove);
    let back = clerk.send_photos("/desk/report", &lent(&form), &[]).await;
    let back = back.expect(200);
    assert!(back.text.contains("文件 1：PDF") && !back.text.contains("文件 2"));
    assert!(back.text.contains("宅基地界址有争议"));
    let form = fields(&back, &names, &said);
    let told = clerk.send_photos("/desk/report", &lent(&form), &[]).await;
    let told = told.expect(201);
    let (_, id) = told.text.split_once("/desk/m/").unwrap();
    let id = id.split('"').next().unwrap().to_owned();
    assert!(told.text.contains("wjr_"), "{}", told.text);
    let again = clerk.send_photos("/desk/report", &lent(&form), &[]).await;
    assert!(
        again.expect(201).text.contains(&id),
        "sent twice, done once"
    );
    let matter = town.matter(&id).await;
    assert_eq!(matter.json["channel"], "paper");
    let files = province.get(&format!("matters/{id}/attachments"));
    let files = files.by(&town.official).send().await.expect(200).json;
    let media: Vec<_> = files["files"].as_array().unwrap().iter().collect();
    assert_eq!(media.len(), 2, "{files}");
    assert_eq!(media[1]["media"], "application/pdf");

    let mut villager = Browser::new(province);
    let page = villager.get("/report?all=1&lang=zh").await.expect(200);
    let names = ["csrf", "draft", "flow", "step"];
    let typed = [("text", "路灯不亮"), ("go", "add")];
    let form = fields(&page, &names, &typed);
    let refused = villager
        .send_photos("/report", &lent(&form), &[pdf("<< >>")])
        .await;
    assert!(
        refused.text.contains("这里只收照片，不收PDF 文档"),
        "{}",
        refused.text
    );
    town.stop().await;
}

//! Files beside the forms of disclosures: added, looked through, read by everybody, proven, erased.

use ring::digest::{SHA256, digest};
use wujitong::proof::MEDIA_TYPE;

use super::*;
use crate::open311::photos::photo;

fn pdf(says: &str) -> Vec<u8> {
    format!("%PDF-1.7\n1 0 obj\n<< /T ({says}) >>\nendobj\ntrailer\n<< >>\n%%EOF\n").into_bytes()
}

fn sha256(file: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(digest(&SHA256, file).as_ref())
}

async fn add(browser: &mut Browser<'_>, path: &str, name: &str, file: &[u8]) -> Page {
    let page = browser.get(path).await.expect(200);
    let names = ["csrf", "key", "version", "draft"];
    let hidden: Vec<_> = names.map(|name| (name, page.field(name))).into();
    let fields: Vec<_> = hidden
        .iter()
        .map(|(name, value)| (*name, &**value))
        .collect();
    let fields = [&fields[..], &[("file-name", name)]].concat();
    let to = format!("{path}/files");
    browser.send_file(&to, &fields, ("photo", file)).await
}

async fn act(
    province: &Province,
    login: &str,
    path: &str,
    body: serde_json::Value,
) -> testkit::asking::Answer {
    let token = province.token(login).await;
    let ask = province.post(path).by(&token).body(body);
    ask.send().await
}

fn on_disk(province: &Province) -> usize {
    province.files_on_disk().len()
}

/// R-D19, R-P26: what is published has its files, everybody gets them as their digests say, and what a law takes down
/// is gone from the disk.
#[tokio::test]
async fn a_disclosure_has_files_that_are_looked_through_published_corrected_and_erased() {
    let province = demanded().await;
    let none = on_disk(&province);
    let mut clerk = Browser::signed_in(&province, "clerk").await;
    let path = begin(&mut clerk).await;
    let (public, number) = (path.replace("/desk", ""), path.rsplit('/').next().unwrap());
    press(&mut clerk, &path, &RIGHT).await;
    let contract = pdf("合同");
    add(&mut clerk, &path, "合同", &contract).await.expect(303);
    add(&mut clerk, &path, "现场照片", &photo(3))
        .await
        .expect(303);
    for (name, file, says) in [
        ("合同", pdf("x"), "附件要有 1 到 60 字的名称"),
        ("", pdf("x"), "附件要有 1 到 60 字的名称"),
        ("电话13857012345", pdf("x"), "手机号"),
        ("程序", b"MZ\x90\0".to_vec(), "不"),
    ] {
        let refused = add(&mut clerk, &path, name, &file).await;
        assert_eq!(refused.status.as_u16() / 100, 4, "{name}: {}", refused.text);
        assert!(refused.text.contains(says), "{says}: {}", refused.text);
    }
    // A text is searched as the form is.
    let list = "户主,电话\n王小明,13857012345\n".as_bytes();
    let token = province.token("clerk").await;
    let upload = json!({ "media": "text/plain", "bytes": list.len() });
    let upload = province
        .post("uploads?disclosure=true")
        .by(&token)
        .body(upload)
        .send()
        .await;
    let upload = upload.expect(201).text("id");
    let chunk = province.patch(&format!("uploads/{upload}")).by(&token);
    let chunk = chunk
        .with("content-type", "application/offset+octet-stream")
        .with("upload-offset", "0");
    chunk.raw(list.to_vec()).send().await.expect(200);
    let attach = json!({ "name": "名单", "upload": upload });
    let listed = format!("disclosure-work/{number}/attachments");
    let work = act(&province, "clerk", &listed, attach.clone())
        .await
        .expect(200);
    let last = work.json["attachments"][2].clone();
    assert_eq!(
        (&last["personal"], &last["opaque"]),
        (&json!(1), &json!(false))
    );
    act(&province, "clerk", &listed, attach).await.expect(404);
    let submit = format!("disclosure-work/{number}/submit");
    act(&province, "clerk", &submit, json!({}))
        .await
        .expect(422);
    let page = clerk.get(&path).await.expect(200);
    assert!(page.text.contains("有 1 行像是个人信息"), "{}", page.text);
    let file = format!("{path}/files/{}", last["number"]);
    clerk.get(&file).await.expect(200);
    let fields = hidden(&page);
    clerk.send(&file, &filled(&fields, &[])).await.expect(303);
    clerk.get(&file).await.expect(404);
    Browser::new(&province)
        .get(&format!("{public}/files/1"))
        .await
        .expect(404);

    // Whoever reviews says that photos and documents were looked through.
    act(&province, "clerk", &submit, json!({}))
        .await
        .expect(200);
    let agree = format!("disclosure-work/{number}/agree");
    act(&province, "chair", &agree, json!({})).await.expect(200);
    let mut watch = Browser::signed_in(&province, "watch").await;
    let unlooked = press(&mut watch, &path, &[("go", "review")])
        .await
        .expect(409);
    assert!(unlooked.text.contains("请逐个看过"), "{}", unlooked.text);
    assert!(
        unlooked.text.contains("name=\"looked\""),
        "{}",
        unlooked.text
    );
    press(&mut watch, &path, &[("go", "review"), ("looked", "1")])
        .await
        .expect(200);
    press(&mut clerk, &path, &[("go", "publish"), ("sure", "yes")])
        .await
        .expect(200);

    let mut anybody = Browser::new(&province);
    let shown = anybody.get(&public).await.expect(200);
    assert!(shown.text.contains(&sha256(&contract)) && shown.text.contains("现场照片"));
    let got = province
        .get(&format!("disclosures/{number}/attachments/1"))
        .send()
        .await;
    assert_eq!(got.expect(200).body, contract);
    let picture = province
        .get(&format!("disclosures/{number}/attachments/2"))
        .send()
        .await;
    let picture = picture.expect(200).body;
    assert!(shown.text.contains(&sha256(&picture)), "as it is given out");
    anybody.get(&format!("{public}/files/3")).await.expect(404);

    // The receipt names the digests, and the files are compared with it.
    let receipt = province
        .get(&format!("disclosures/{number}/receipt"))
        .send()
        .await;
    let receipt = receipt.expect(200);
    assert_eq!(receipt.header("content-type"), MEDIA_TYPE);
    compared(&province, &receipt.body, &contract);

    // A correction drops one file and keeps the other; the first edition keeps both.
    let correct = format!("disclosure-work/{number}/correct");
    act(&province, "clerk", &correct, json!({ "note": "换合同" }))
        .await
        .expect(200);
    let with_both = on_disk(&province);
    let gone = province.delete(&format!("disclosure-work/{number}/attachments/1"));
    gone.by(&token).send().await.expect(200);
    assert_eq!(on_disk(&province), with_both, "the first edition has it");
    add(&mut clerk, &path, "新合同", &pdf("新"))
        .await
        .expect(303);
    assert_eq!(on_disk(&province), with_both + 1);
    let dropped = format!("disclosure-work/{number}/drop");
    act(&province, "clerk", &dropped, json!({}))
        .await
        .expect(204);
    assert_eq!(on_disk(&province), with_both, "what is given up is erased");

    let withdraw = format!("disclosure-work/{number}/withdraw");
    let ground = json!({ "note": "《个人信息保护法》第四十七条" });
    act(&province, "chair", &withdraw, ground).await.expect(200);
    assert_eq!(
        on_disk(&province),
        none,
        "nothing of it is left on the disk"
    );
    anybody.get(&format!("{public}/files/1")).await.expect(404);
}

/// Checks the files beside a receipt with only the root certificate.
fn compared(province: &Province, receipt: &[u8], contract: &[u8]) {
    use wujitong::{
        domain::receipt::{Finding, What},
        identity::Roots,
        proof::{FileAtHand, verify_with},
    };
    let roots = Roots::read(&province.dir().join("roots.pem")).unwrap();
    let tree = topology::Tree::zhejiang();
    let at_hand = |content: &[u8]| FileAtHand {
        name: "contract.pdf".to_owned(),
        sha256: wujitong::domain::disclosure::digest_of(content),
    };
    let found = |files: &[FileAtHand]| {
        let verified = verify_with(receipt, (None, files), &roots, &tree).unwrap();
        let checks = verified.checks.into_iter();
        let of_files = checks.filter(|check| check.what == What::Files);
        let findings = of_files.map(|check| check.finding);
        (verified.holds, findings.collect::<Vec<_>>())
    };
    use Finding as F;
    assert_eq!(found(&[]), (true, vec![F::NotChecked]));
    let right = found(&[at_hand(contract)]);
    assert_eq!(right, (true, vec![F::Ok, F::NotChecked]));
    let wrong = found(&[at_hand(b"another")]);
    assert_eq!(wrong, (false, vec![F::Failed, F::NotChecked]));
}

//! Files over the API of one node: handed in, looked into, shown, and everything that may be wrong.

mod town;

use std::io::Cursor;

use http::{Method, StatusCode};
use hyper::body::Bytes;
use image::{DynamicImage, ImageFormat, RgbImage, codecs::jpeg::JpegEncoder};
use serde_json::json;
use wujitong::domain::{
    actor::Actor,
    attachment::{Limits, Media},
};

use town::Town;

const UPLOADS: &str = "/v1/nodes/33/uploads";
const CHUNK: &str = "application/offset+octet-stream";

/// A photo that does not compress well.
fn photo(width: u32, height: u32) -> Vec<u8> {
    let mut state = 5_u32;
    let picture: DynamicImage = RgbImage::from_fn(width, height, |_, _| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        image::Rgb(state.to_be_bytes()[..3].try_into().unwrap())
    })
    .into();
    let mut bytes = vec![];
    let encoder = JpegEncoder::new_with_quality(&mut bytes, 90);
    picture.write_with_encoder(encoder).unwrap();
    bytes
}

fn size(bytes: &[u8]) -> (u32, u32) {
    let reader = image::ImageReader::with_format(Cursor::new(bytes), ImageFormat::Jpeg);
    reader.into_dimensions().unwrap()
}

fn pdf(bytes: usize) -> Vec<u8> {
    let mut file = b"%PDF-1.7\n".to_vec();
    file.extend((0..bytes).map(|n| b'a' + (n % 23) as u8));
    file.extend(b"\n%%EOF\n");
    file
}

#[tokio::test]
async fn a_photo_in_chunks_is_shown_whole_small_and_in_stretches() {
    let town = Town::start().await;
    let file = photo(700, 400);
    assert!(file.len() > 200_000);
    let path = town.begin("image/jpeg", file.len()).await;
    let mut offset = 0;
    for chunk in file.chunks(90_000) {
        let sent = town.chunk(&path, offset, chunk).await;
        offset += chunk.len();
        assert_eq!(sent.status, StatusCode::OK);
        assert_eq!(sent.header("upload-offset"), offset.to_string());
    }
    let id = path.rsplit('/').next().unwrap().to_owned();
    let files = town.report(&[id]).await;
    let listed = town.get(&files, &[]).await.json;
    assert_eq!(listed["files"][0]["no"], "0");
    assert_eq!(
        listed["files"][0]["pixels"],
        json!({ "width": 700, "height": 400 })
    );
    let text = listed.to_string();
    assert!(!text.contains("key") && !text.contains("digest"), "{text}");

    let whole = town.get(&format!("{files}/0"), &[]).await;
    assert_eq!(whole.status, StatusCode::OK);
    assert_eq!(whole.header("content-type"), "image/jpeg");
    assert_eq!(whole.header("x-content-type-options"), "nosniff");
    assert!(whole.header("content-security-policy").contains("sandbox"));
    assert_eq!(size(&whole.body), (700, 400));
    let thumb = town.get(&format!("{files}/0/thumb"), &[]).await;
    assert_eq!(size(&thumb.body), (320, 183));

    let tag = whole.header("etag").to_owned();
    assert_ne!(tag, thumb.header("etag"));
    let known = [("if-none-match", tag.as_str())];
    let again = town.get(&format!("{files}/0"), &known).await;
    assert_eq!(
        (again.status, again.body.len()),
        (StatusCode::NOT_MODIFIED, 0)
    );
    let all = whole.body.len();
    for (range, from, to) in [
        ("bytes=0-9", 0, 10),
        ("bytes=65530-65545", 65_530, 65_546),
        ("bytes=60000-140000", 60_000, 140_001),
        ("bytes=-7", all - 7, all),
    ] {
        let part = town.get(&format!("{files}/0"), &[("range", range)]).await;
        assert_eq!(part.status, StatusCode::PARTIAL_CONTENT, "{range}");
        assert_eq!(part.body, whole.body[from..to], "{range}");
        let told = format!("bytes {from}-{}/{all}", to - 1);
        assert_eq!(part.header("content-range"), told);
    }
    let other = [("range", "bytes=0-9"), ("if-range", "\"another\"")];
    let part = town.get(&format!("{files}/0"), &other).await;
    assert_eq!((part.status, part.body.len()), (StatusCode::OK, all));
    let beyond = [("range", "bytes=99999999-")];
    let beyond = town.get(&format!("{files}/0"), &beyond).await;
    assert_eq!(beyond.status, StatusCode::RANGE_NOT_SATISFIABLE);
    assert!(!beyond.problem().is_empty());
    assert_eq!(beyond.header("content-range"), format!("bytes */{all}"));
    let head = town.ask(Method::HEAD, &format!("{files}/0"), &[], "").await;
    assert_eq!((head.status, head.body.len()), (StatusCode::OK, 0));
    assert_eq!(head.header("content-length"), all.to_string());
    town.stop().await;
}

#[tokio::test]
async fn a_document_is_given_as_it_came_to_be_saved_not_shown() {
    let town = Town::start().await;
    let file = pdf(150_000);
    let upload = town.upload("application/pdf", &file).await;
    let files = town.report(&[upload]).await;
    let shown = town.get(&format!("{files}/0"), &[]).await;
    assert_eq!(shown.body, file);
    assert!(
        shown
            .header("content-disposition")
            .starts_with("attachment")
    );
    let thumb = town.get(&format!("{files}/0/thumb"), &[]).await;
    assert_eq!(thumb.status, StatusCode::NOT_FOUND);
    // Sealed: what was handed in is not to be read on the disk.
    for path in town.files_on_disk() {
        let bytes = std::fs::read(path).unwrap();
        assert!(
            !bytes
                .windows(40)
                .any(|window| window == &file[2_000..2_040])
        );
    }
    town.stop().await;
}

#[tokio::test]
async fn an_upload_goes_on_after_the_node_came_back() {
    let town = Town::start().await;
    let file = photo(300, 300);
    let path = town.begin("image/jpeg", file.len()).await;
    town.chunk(&path, 0, &file[..50_000]).await;
    let town = town.restart().await;
    let head = town.ask(Method::HEAD, &path, &[], "").await;
    assert_eq!(head.header("upload-offset"), "50000");
    assert_eq!(head.header("upload-length"), file.len().to_string());
    let sent = town.chunk(&path, 50_000, &file[50_000..]).await;
    assert_eq!(sent.json["ready"]["media"], "image/jpeg");
    let town = town.restart().await;
    let id = path.rsplit('/').next().unwrap().to_owned();
    let files = town.report(&[id]).await;
    let shown = town.get(&format!("{files}/0"), &[]).await;
    assert_eq!(size(&shown.body), (300, 300));
    town.stop().await;
}

#[tokio::test]
async fn what_does_not_fit_is_refused_and_changes_nothing() {
    let town = Town::start().await;
    for (media, bytes, status) in [
        ("text/html", 10_u64, 415),
        ("text/plain", 10, 415),
        ("image/jpeg", 0, 422),
        ("image/jpeg", 21 << 20, 413),
    ] {
        let refused = town
            .post(UPLOADS, json!({ "media": media, "bytes": bytes }))
            .await;
        assert_eq!(refused.status.as_u16(), status, "{media} {bytes}");
        assert!(!refused.problem().is_empty());
    }
    let path = town.begin("image/jpeg", 1_000).await;
    let (right, wrong) = (("content-type", CHUNK), ("content-type", "image/jpeg"));
    for (headers, bytes, status) in [
        (vec![wrong, ("upload-offset", "0")], 10, 415),
        (vec![right], 10, 422),
        (vec![right, ("upload-offset", "x")], 10, 422),
        (vec![right, ("upload-offset", "7")], 10, 409),
        (vec![right, ("upload-offset", "0")], 1_001, 413),
        (vec![right, ("upload-offset", "0")], (512 << 10) + 1, 413),
    ] {
        let refused = town
            .ask(Method::PATCH, &path, &headers, vec![1; bytes])
            .await;
        assert_eq!(refused.status.as_u16(), status, "{headers:?}");
        assert!(refused.text("detail").len() > 10);
        if status == 409 {
            assert_eq!(refused.header("upload-offset"), "0");
        }
    }
    assert_eq!(town.get(&path, &[]).await.json["offset"], 0);
    let id = path.rsplit('/').next().unwrap().to_owned();
    let unknown = "0".repeat(32);
    for (uploads, status) in [
        (vec![id.clone()], 409),
        (vec![unknown.clone()], 404),
        (vec!["x".to_owned()], 422),
    ] {
        let refused = town.report_with(&uploads).await;
        assert_eq!(refused.status.as_u16(), status, "{uploads:?}");
        assert!(!refused.problem().is_empty());
    }
    let listed = town.get("/v1/nodes/33/matters", &[]).await.json;
    assert_eq!(listed["matters"], json!([]));
    let gone = town.ask(Method::DELETE, &path, &[], "").await;
    assert_eq!(gone.status, StatusCode::NO_CONTENT);
    for path in [path, format!("{UPLOADS}/{unknown}")] {
        assert_eq!(town.get(&path, &[]).await.status, StatusCode::NOT_FOUND);
    }
    assert!(town.files_on_disk().is_empty());
    town.stop().await;
}

/// A PNG of a few bytes that says it has 60,000 by 60,000 pixels.
fn bomb() -> Vec<u8> {
    let mut bytes = vec![];
    let picture: DynamicImage = RgbImage::new(1, 1).into();
    picture
        .write_to(&mut Cursor::new(&mut bytes), ImageFormat::Png)
        .unwrap();
    bytes[16..20].copy_from_slice(&60_000_u32.to_be_bytes());
    bytes[20..24].copy_from_slice(&60_000_u32.to_be_bytes());
    bytes
}

#[tokio::test]
async fn files_that_are_not_what_they_say_are_refused_with_a_reason_and_thrown_away() {
    let town = Town::start().await;
    let jpeg = photo(64, 64);
    let mut polyglot = pdf(10);
    polyglot.extend(b"<script>alert(1)</script>");
    for (media, file, why) in [
        (
            "image/jpeg",
            b"<html>a photo of the bridge".to_vec(),
            "not what it says",
        ),
        ("image/png", jpeg.clone(), "begins like image/jpeg"),
        ("image/jpeg", jpeg[..jpeg.len() - 20].to_vec(), "cut off"),
        ("image/png", bomb(), "60000 by 60000 pixels"),
        ("application/pdf", polyglot, "follows the end of the PDF"),
        (
            "application/pdf",
            b"\x7fELF\x02".to_vec(),
            "not what it says",
        ),
    ] {
        let path = town.begin(media, file.len()).await;
        let refused = town.chunk(&path, 0, &file).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{why}");
        let told = refused.json;
        assert!(told["detail"].as_str().unwrap().contains(why), "{told}");
        assert!(told["hint"].is_string(), "{told}");
        assert_eq!(town.get(&path, &[]).await.status, StatusCode::NOT_FOUND);
    }
    assert!(town.files_on_disk().is_empty());
    town.stop().await;
}

#[tokio::test]
async fn an_upload_belongs_to_whoever_began_it_and_to_one_matter() {
    let town = Town::start().await;
    let upload = town.upload("application/pdf", &pdf(1)).await;
    let (id, stranger) = (upload.parse().unwrap(), Actor::OsUser(4_242));
    let office = town.office();
    assert!(office.files().upload(id, &stranger).await.is_err());
    assert!(office.files().drop_upload(id, &stranger).await.is_err());
    let chunk = Bytes::from_static(b"x");
    assert!(
        office
            .files()
            .continue_upload(id, 0, chunk, &stranger)
            .await
            .is_err()
    );
    let twice = town.report_with(&[upload.clone(), upload.clone()]).await;
    assert_eq!(twice.status, StatusCode::UNPROCESSABLE_ENTITY);
    town.report(std::slice::from_ref(&upload)).await;
    let again = town.report_with(&[upload]).await;
    assert_eq!(again.status, StatusCode::NOT_FOUND);
    drop(office);
    town.stop().await;
}

#[tokio::test]
async fn one_person_and_one_node_have_only_so_much_waiting() {
    let town = Town::start().await;
    let office = town.office();
    let limits = Limits {
        person_bytes: 1_000,
        node_bytes: 1_500,
        count: 1,
        ..Limits::default()
    };
    office.files().limit_attachments(limits);
    let begin = |bytes, who| {
        office
            .files()
            .begin_upload(Media::Pdf, bytes, Actor::OsUser(who))
    };
    let first = begin(600, 1).await.unwrap();
    let refused = begin(600, 1).await.unwrap_err().to_string();
    assert!(
        refused.contains("your unused uploads have 600 bytes"),
        "{refused}"
    );
    begin(600, 2).await.unwrap();
    let refused = begin(600, 3).await.unwrap_err().to_string();
    assert!(refused.contains("no more room for files"), "{refused}");
    office
        .files()
        .drop_upload(first.id, &Actor::OsUser(1))
        .await
        .unwrap();
    begin(600, 3).await.unwrap();
    drop(office);
    let texts = [
        town.upload("application/pdf", &pdf(1)).await,
        town.upload("application/pdf", &pdf(2)).await,
    ];
    let many = town.report_with(&texts).await;
    assert_eq!(many.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        many.json["detail"]
            .as_str()
            .unwrap()
            .contains("2 files are too many")
    );
    town.stop().await;
}

#[tokio::test]
async fn a_thousand_small_uploads_of_one_person_keep_nobody_else_from_theirs() {
    let town = Town::start().await;
    let office = town.office();
    let begin = |who| {
        office
            .files()
            .begin_upload(Media::Pdf, 1, Actor::OsUser(who))
    };
    let mut taken = 0;
    let refused = loop {
        match begin(1).await {
            Ok(_) => taken += 1,
            Err(refused) => break refused.to_string(),
        }
    };
    assert!((32..1_000).contains(&taken), "{taken}");
    assert!(refused.contains("no more may wait"), "{refused}");
    begin(2).await.unwrap();
    drop(office);
    town.stop().await;
}

#[tokio::test]
async fn whoever_has_the_slip_of_a_report_sees_its_photo_and_no_other() {
    let town = Town::start().await;
    let mut reports = vec![];
    for seed in [40, 50] {
        let upload = town.upload("image/jpeg", &photo(seed, 30)).await;
        let report = json!({ "category": "enforcement/rubbish", "text": "见照片",
            "attachments": [upload], "slip": true });
        let reported = town.post("/v1/nodes/33/matters", report).await.json;
        let text = |name: &str| reported[name].as_str().unwrap().to_owned();
        let files = format!("/v1/nodes/33/matters/{}/attachments/0", text("id"));
        reports.push((files, text("token")));
    }
    let slip = [("reporter-token", reports[0].1.as_str())];
    let own = town.get(&reports[0].0, &slip).await;
    assert_eq!(own.status, StatusCode::OK);
    let other = town.get(&reports[1].0, &slip).await;
    assert_eq!(other.status, StatusCode::NOT_FOUND);
    let upload = json!({ "media": "image/jpeg", "bytes": 9 }).to_string();
    let headers = [("content-type", "application/json"), slip[0]];
    let upload = town.ask(Method::POST, UPLOADS, &headers, upload).await;
    assert_eq!(upload.status, StatusCode::UNAUTHORIZED);
    town.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_commands_hand_in_list_and_save_files() {
    let town = Town::start().await;
    let wujitong = |arguments: &[&str]| {
        let data = town.dir().to_str().unwrap();
        let output = std::process::Command::new(testkit::program::program())
            .args(arguments)
            .args(["--data", data, "--node", "33"])
            .env_remove("WUJITONG_CONFIG")
            .output()
            .unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (out, told) = (text(&output.stdout), text(&output.stderr));
        (output.status.code().unwrap(), out, told)
    };
    let file = |name: &str| town.dir().join(name).to_str().unwrap().to_owned();
    let large = pdf(1_300_000);
    std::fs::write(file("bridge.JPG"), photo(60, 40)).unwrap();
    std::fs::write(file("plan.pdf"), &large).unwrap();
    std::fs::write(file("fake.jpg"), "<html>").unwrap();
    let (photo, plan, fake) = (file("bridge.JPG"), file("plan.pdf"), file("fake.jpg"));
    let report = [
        "matter",
        "report",
        "--category",
        "enforcement/rubbish",
        "见照片",
    ];

    let (code, id, told) =
        wujitong(&[&report[..], &["--attach", &photo, "--attach", &plan]].concat());
    assert_eq!(code, 0, "{told}");
    let id = id.trim();
    let (_, listed, _) = wujitong(&["matter", "attachment", id]);
    assert!(
        listed.contains("60 by 40 pixels") && listed.contains("application/pdf"),
        "{listed}"
    );
    let (code, ..) = wujitong(&["matter", "attachment", id, "1", "-o", &file("saved.pdf")]);
    assert_eq!(
        (code, std::fs::read(file("saved.pdf")).unwrap()),
        (0, large)
    );
    let saved = [
        "matter",
        "attachment",
        id,
        "0",
        "--thumb",
        "-o",
        &file("small.jpg"),
    ];
    assert_eq!(wujitong(&saved).0, 0);
    assert_eq!(size(&std::fs::read(file("small.jpg")).unwrap()), (60, 40));

    let (code, _, told) = wujitong(&["matter", "attachment", id, "7", "-o", &file("none")]);
    assert_eq!(code, 3, "{told}");
    let (code, _, told) =
        wujitong(&[&report[..], &["--attach", &photo, "--attach", &fake]].concat());
    assert_eq!(code, 2, "{told}");
    assert!(told.contains("not what it says"), "{told}");
    let (code, _, told) = wujitong(&[&report[..], &["--attach", &file("none.png")]].concat());
    assert_eq!(code, 1, "{told}");
    let handled = [
        "matter",
        "handle",
        id,
        "--note",
        "清运完毕",
        "--attach",
        &photo,
    ];
    let (code, _, told) = wujitong(&handled);
    assert_eq!(code, 0, "{told}");
    // Nothing is left of what was not used.
    assert_eq!(town.files_on_disk().len(), 2 + 1 + 2);
    town.stop().await;
}

#[tokio::test]
async fn a_photo_of_the_work_done_stands_with_its_remark() {
    let town = Town::start().await;
    let files = town.report(&[]).await;
    let acts = files.replace("/attachments", "/acts");
    let upload = town.upload("image/jpeg", &photo(40, 30)).await;
    let bare = json!({ "act": "accept", "attachments": [upload] });
    assert_eq!(
        town.post(&acts, bare).await.status,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    let done = json!({ "act": "handle", "note": "清运完毕", "attachments": [upload] });
    let done = town.post(&acts, done).await;
    assert_eq!(done.status, StatusCode::OK, "{:?}", done.body);
    let listed = town.get(&files, &[]).await.json;
    let no = listed["files"][0]["no"].as_str().unwrap();
    let shown = town.get(&format!("{files}/{no}"), &[]).await;
    assert_eq!(size(&shown.body), (40, 30), "{no}");
    town.stop().await;
}

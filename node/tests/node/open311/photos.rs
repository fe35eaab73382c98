//! Photos that come with a report, as multipart/form-data.

use std::io::Cursor;

use http::{Request, header};
use hyper::body::Bytes;
use image::{DynamicImage, ImageFormat, RgbImage};
use wujitong::domain::{
    attachment::{Limits, Media},
    people::Permission,
};

use crate::open311::town::{Answer, Town};

/// A photo of one colour.
pub(crate) fn photo(colour: u8) -> Vec<u8> {
    let picture: DynamicImage = RgbImage::from_pixel(64, 48, image::Rgb([colour; 3])).into();
    let mut bytes = Cursor::new(vec![]);
    picture.write_to(&mut bytes, ImageFormat::Jpeg).unwrap();
    bytes.into_inner()
}

/// A form as browsers write it.
pub(crate) struct Form {
    boundary: &'static str,
    bytes: Vec<u8>,
}

impl Form {
    pub(crate) fn new(boundary: &'static str) -> Self {
        Self {
            boundary,
            bytes: vec![],
        }
    }

    /// What an app fills in about a lamp.
    fn lamp(key: &str) -> Self {
        Self::new("x1").text("api_key", key).about_a_lamp()
    }

    fn about_a_lamp(self) -> Self {
        let texts = [
            ("service_code", "enforcement-lighting"),
            ("lat", "29.0285"),
            ("long", "119.1722"),
            ("description", "路灯不亮 & 100%"),
        ];
        texts
            .into_iter()
            .fold(self, |form, (name, value)| form.text(name, value))
    }

    fn part(mut self, head: &str, content: &[u8]) -> Self {
        let head = format!(
            "--{}\r\ncontent-disposition: form-data; {head}\r\n\r\n",
            self.boundary
        );
        self.bytes
            .extend([head.as_bytes(), content, b"\r\n"].concat());
        self
    }

    pub(crate) fn text(self, name: &str, value: &str) -> Self {
        self.part(&format!("name=\"{name}\""), value.as_bytes())
    }

    pub(crate) fn file(self, field: &str, name: &str, kind: &str, content: &[u8]) -> Self {
        let head = format!("name=\"{field}\"; filename=\"{name}\"\r\ncontent-type: {kind}");
        self.part(&head, content)
    }

    fn photo(self, colour: u8) -> Self {
        self.file("media", "a.jpg", "image/jpeg", &photo(colour))
    }

    pub(crate) async fn send(self, town: &Town, once: Option<&str>) -> Answer {
        let kind = format!("multipart/form-data; boundary={}", self.boundary);
        let mut request =
            Request::post("/open311/v2/requests.json").header(header::CONTENT_TYPE, kind);
        if let Some(once) = once {
            request = request.header("idempotency-key", once);
        }
        let end = format!("--{}--\r\n", self.boundary);
        let body = [self.bytes, end.into_bytes()].concat();
        town.send_bytes(request, Bytes::from(body)).await
    }
}

fn id(answer: &Answer) -> String {
    let filed = answer.json();
    filed[0]["service_request_id"].as_str().unwrap().to_owned()
}

async fn count(town: &Town) -> usize {
    town.office()
        .matters()
        .dockets(None, usize::MAX)
        .await
        .unwrap()
        .len()
}

/// Waits until no file lies on the disk but so many.
async fn only(town: &Town, files: usize) {
    while town.files_on_disk().len() != files {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn photos_are_kept_with_their_report_and_the_texts_are_those_of_any_form() {
    let town = Town::start().await;
    let app = town
        .key("app", &[Permission::Report, Permission::ViewMatter])
        .await;
    let form = Form::lamp(&app).photo(10);
    let png = {
        let picture: DynamicImage = RgbImage::from_pixel(9, 9, image::Rgb([1, 2, 3])).into();
        let mut bytes = Cursor::new(vec![]);
        picture.write_to(&mut bytes, ImageFormat::Png).unwrap();
        bytes.into_inner()
    };
    let form = form.file("media[]", "b.PNG", "application/octet-stream", &png);
    // A choice of files of which none was chosen, and a text after the photos.
    let form = form.file("media", "", "application/octet-stream", b"");
    let form = form.text("address_string", "村口");
    let filed = form.send(&town, None).await.expect(201);
    let id = id(&filed);
    let matter = town.matter(&id).await;
    let office = town.office();
    let shown = office.matters().matter(matter.id).await.unwrap();
    let text = format!("{:?}", shown.body);
    assert!(text.contains("路灯不亮 & 100%"), "{text}");
    assert_eq!(shown.details[0].text, "村口");
    let files = office
        .files()
        .files_of(matter.id, wujitong::office::Reader::Clerk)
        .await
        .unwrap();
    let files: Vec<_> = files.into_iter().map(|(_, file)| file.media).collect();
    assert_eq!(files, [Media::Jpeg, Media::Jpeg]);
    let whole = format!("/v1/nodes/33/matters/{id}/attachments/0");
    let request = Request::get(whole).header(header::AUTHORIZATION, format!("Bearer {app}"));
    let kind = town.send(request, "").await.expect(200);
    assert_eq!(kind.kind(), "image/jpeg");
    town.stop().await;
}

#[tokio::test]
async fn a_repeated_report_with_photos_is_made_once_and_leaves_nothing_behind() {
    let town = Town::start().await;
    let app = town.key("app", &[Permission::Report]).await;
    let first = Form::lamp(&app)
        .photo(10)
        .send(&town, Some("k"))
        .await
        .expect(201);
    only(&town, 2).await;
    let mut other = Form::new("another-boundary")
        .text("api_key", &app)
        .about_a_lamp();
    other = other.photo(10);
    let again = other.send(&town, Some("k")).await.expect(201);
    assert_eq!(again.headers["idempotency-replayed"], "true");
    assert_eq!(first.json(), again.json());
    let refused = Form::lamp(&app)
        .photo(99)
        .send(&town, Some("k"))
        .await
        .expect(400);
    assert!(
        refused.body.contains("used for another request"),
        "{}",
        refused.body
    );
    Form::lamp(&app).send(&town, Some("k")).await.expect(400);
    assert_eq!(count(&town).await, 1);
    only(&town, 2).await;
    // Without photos, the two kinds of form say the same.
    let plain = Form::lamp(&app).send(&town, Some("p")).await.expect(201);
    let escaped = format!(
        "api_key={app}&service_code=enforcement-lighting&lat=29.0285&long=119.1722&\
         description=%E8%B7%AF%E7%81%AF%E4%B8%8D%E4%BA%AE+%26+100%25"
    );
    let request = Request::post("/open311/v2/requests.json")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header("idempotency-key", "p");
    let same = town.send(request, &escaped).await.expect(201);
    assert_eq!(id(&plain), id(&same));
    town.stop().await;
}

#[tokio::test]
async fn what_is_wrong_with_a_photo_is_said_and_nothing_is_kept() {
    let town = Town::start().await;
    let app = town.key("app", &[Permission::Report]).await;
    let reader = town.key("reader", &[Permission::ViewList]).await;
    town.office().files().limit_attachments(Limits {
        bytes: 3_000,
        count: 2,
        ..Limits::default()
    });
    let lamp = || Form::lamp(&app);
    let heic = include_bytes!("../../../media/tests/cases/phone.heic");
    let jpeg = photo(1);
    let before = Form::new("x").photo(1).text("api_key", &app).about_a_lamp();
    for (form, status, says) in [
        (before, 403, "before the first file"),
        (Form::lamp(&reader).photo(1), 403, "may not do report"),
        (Form::lamp("xyz").photo(1), 403, "invalid api_key"),
        (
            lamp().file("media", "a.heic", "image/heic", heic),
            400,
            "iPhone",
        ),
        (lamp().file("media", "a.heic", "", heic), 400, "iPhone"),
        (
            lamp().file("photo", "a.jpg", "image/jpeg", &jpeg),
            400,
            "in the field media",
        ),
        (
            lamp().file("media", "a.exe", "", b"MZ"),
            400,
            "are not taken",
        ),
        (
            lamp().file("media", "a.jpg", "image/jpeg", b"<html>"),
            400,
            "not what it says",
        ),
        (
            lamp().file("media", "a.jpg", "image/jpeg", b""),
            400,
            "empty",
        ),
        (
            lamp().file(
                "media",
                "a.jpg",
                "image/jpeg",
                &[jpeg.clone(), vec![0; 3_000]].concat(),
            ),
            413,
            "more than 3000 bytes",
        ),
        (lamp().photo(1).photo(2).photo(3), 400, "send at most 2"),
        (
            lamp()
                .photo(1)
                .text("lat", "1")
                .text("email", &"x".repeat(140_000)),
            413,
            "bytes",
        ),
        (lamp().photo(1).part("name=\"note\"", b"\xff"), 400, "UTF-8"),
        (
            Form::new("x").text("api_key", &app).photo(1),
            400,
            "service_code was not provided",
        ),
        (
            lamp().part("filename=\"\"", &[b'x'; 100]),
            400,
            "in the field media",
        ),
    ] {
        let refused = form.send(&town, None).await;
        assert_eq!(refused.status, status, "{says}: {}", refused.body);
        assert!(refused.body.contains(says), "{says}: {}", refused.body);
    }
    // Long names of fields count like what is in them.
    let names = (0..3).map(|n| format!("{n}{}", "n".repeat(50_000)));
    let long = names.fold(lamp(), |form, name| form.text(&name, ""));
    long.send(&town, None).await.expect(413);
    for (kind, body) in [
        ("multipart/form-data", "--x--"),
        ("multipart/form-data; boundary=x", "nothing of the kind"),
        (
            "multipart/form-data; boundary=x",
            "--x\r\ncontent-disposition: form-data; name=\"a",
        ),
    ] {
        let request = Request::post("/open311/v2/requests.json").header(header::CONTENT_TYPE, kind);
        let refused = town.send(request, body).await.expect(400);
        assert!(refused.body.contains("multipart"), "{}", refused.body);
    }
    let endless = format!("--x\r\nx-a: {}", "a".repeat((1 << 20) + 50_000));
    let request = Request::post("/open311/v2/requests.json")
        .header(header::CONTENT_TYPE, "multipart/form-data; boundary=x");
    let refused = town.send(request, &endless).await.expect(400);
    assert!(refused.body.contains("does not end"), "{}", refused.body);
    assert_eq!(count(&town).await, 0);
    only(&town, 0).await;
    town.stop().await;
}

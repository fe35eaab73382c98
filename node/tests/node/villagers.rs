//! The pages of villagers over real HTTP, without an account and without scripts.

mod follow;
mod home;
mod own;
mod phone;
mod places;
mod receipts;

use serde_json::json;

use testkit::{
    asking::{Answer, Ask},
    province::Province,
};

use crate::open311::photos::photo;

fn html(answer: &Answer) -> String {
    String::from_utf8(answer.body.to_vec()).unwrap()
}

/// The value of a hidden field.
fn hidden(answer: &Answer, name: &str) -> String {
    let page = html(answer);
    let mark = format!("name=\"{name}\" value=\"");
    let (_, rest) = page
        .split_once(&mark)
        .unwrap_or_else(|| panic!("no {name} in {page}"));
    rest.split_once('"').unwrap().0.to_owned()
}

/// The text of the only element with a class.
fn numbers(answer: &Answer) -> Vec<String> {
    let page = html(answer);
    let parts = page.split("<strong class=\"number\">").skip(1);
    let text = |part: &str| part.split_once('<').unwrap().0.to_owned();
    parts.map(text).collect()
}

/// A form with photos as a browser sends it.
fn with_photos(fields: &[(&str, &str)], photos: &[(&str, &str, Vec<u8>)]) -> Vec<u8> {
    let mut form = vec![];
    for (name, value) in fields {
        let part =
            format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
        form.extend_from_slice(part.as_bytes());
    }
    for (name, kind, bytes) in photos {
        let head = format!(
            "--b\r\nContent-Disposition: form-data; name=\"photo\"; filename=\"{name}\"\r\n\
             Content-Type: {kind}\r\n\r\n"
        );
        form.extend_from_slice(head.as_bytes());
        form.extend_from_slice(bytes);
        form.extend_from_slice(b"\r\n");
    }
    form.extend_from_slice(b"--b--\r\n");
    form
}

/// A report, a letter or an application on its way through the pages.
struct Visitor<'a> {
    province: &'a Province,
    /// What is written.
    flow: String,
    draft: String,
}

impl<'a> Visitor<'a> {
    async fn begin(province: &'a Province, path: &str) -> Self {
        let page = province.get(path).send().await.expect(200);
        let [flow, draft] = ["flow", "draft"].map(|name| hidden(&page, name));
        Self {
            province,
            flow,
            draft,
        }
    }

    /// The fields that every form of it has.
    fn fields<'f>(&'f self, step: &'f str, go: &'f str) -> Vec<(&'f str, &'f str)> {
        vec![
            ("csrf", ""),
            ("draft", &self.draft),
            ("flow", &self.flow),
            ("step", step),
            ("go", go),
        ]
    }

    async fn step(&self, step: &str, go: &str, fields: &[(&str, &str)]) -> Answer {
        let mut all = self.fields(step, go);
        all.extend(fields);
        self.province.form("/report", &all).send().await
    }

    async fn photos(&self, go: &str, photos: &[(&str, &str, Vec<u8>)]) -> Answer {
        let form = with_photos(&self.fields("photo", go), photos);
        self.form_with_photos(form).send().await
    }

    /// A form with photos, ready to be sent.
    fn form_with_photos(&self, form: Vec<u8>) -> Ask<'a> {
        let ask = self.province.post("/report");
        let ask = ask.with("origin", "http://localhost");
        let ask = ask.with("content-type", "multipart/form-data; boundary=b");
        ask.raw(form)
    }

    /// Everything up to the page to check.
    async fn write(&self) -> Answer {
        let place = [("where", "村口第二盏")];
        self.step("where", "next", &place).await.expect(200);
        let what = [("text", "路灯三天不亮了"), ("kind", "enforcement/lighting")];
        self.step("what", "next", &what).await.expect(200);
        let contact = [
            ("name", "王小明"),
            ("phone", "13857012345"),
            ("public", "yes"),
        ];
        self.step("contact", "next", &contact).await.expect(200)
    }
}

async fn open(province: &Province, number: &str, slip: &str, more: &[(&str, &str)]) -> Answer {
    let mut fields = vec![("number", number), ("slip", slip)];
    fields.extend(more);
    province.form("/my", &fields).send().await
}

/// R-P4, R-P11: the whole way without an account, from a photo to a contest.
#[tokio::test]
async fn a_villager_reports_with_a_photo_follows_and_contests_without_an_account() {
    let province = Province::start().await;
    let visitor = Visitor::begin(&province, "/report").await;
    let kept = visitor
        .photos("next", &[("a.jpg", "image/jpeg", photo(90))])
        .await
        .expect(200);
    assert!(html(&kept).contains("name=\"where\""), "the next question");
    let back = visitor.step("where", "back", &[("where", "村口")]).await;
    let page = html(&back.expect(200));
    let (_, thumb) = page.split_once("<img src=\"").unwrap();
    let thumb = thumb.split_once('"').unwrap().0;
    let small = province.get(thumb).send().await.expect(200);
    assert_eq!(small.header("content-type"), "image/jpeg");
    let check = html(&visitor.write().await);
    for said in [
        "由浙江省",
        "最迟办结：",
        "路灯三天不亮了",
        "村口第二盏",
        "王小明",
        "路灯照明",
        "<time",
    ] {
        assert!(check.contains(said), "{said} is not in {check}");
    }
    let receipt = visitor.step("check", "send", &[]).await.expect(200);
    assert_eq!(receipt.header("cache-control"), "no-store");
    let shown = numbers(&receipt);
    let [number, slip] = &shown[..] else {
        panic!("{shown:?}");
    };
    let paper = html(&receipt);
    assert!(paper.contains("class=\"qr\"") && paper.contains("用浏览器菜单里的“打印”"));
    let (_, next) = paper.split_once("接下来").unwrap();
    assert!(next.contains("，最迟 <time datetime="), "{paper}");
    assert!(
        !paper.contains(&format!("#{number}")),
        "the slip is in no address that is sent"
    );
    let again = visitor.step("check", "send", &[]).await.expect(200);
    assert_eq!(numbers(&again), shown, "one submission is one matter");
    let own = open(&province, number, slip, &[]).await.expect(200);
    let page = html(&own);
    assert!(page.contains("路灯三天不亮了"), "{page}");
    let (_, picture) = page.split_once("src=\"/my/photo/").unwrap();
    let picture = format!("/my/photo/{}", picture.split_once('"').unwrap().0);
    let picture = province.get(&picture).send().await.expect(200);
    assert_eq!(picture.header("content-type"), "image/jpeg");
    province.get("/my/photo/00/0-0").send().await.expect(404);
    let added = [("go", "add"), ("note", "昨晚也没亮"), ("key", "k1")];
    let added = open(&province, number, slip, &added).await.expect(200);
    assert!(html(&added).contains("昨晚也没亮"));
    let tokens = province.administrators().await;
    let official = province.person(&tokens, "official", &["official"]).await;
    let act = |body| {
        let ask = province
            .post(&format!("matters/{number}/acts"))
            .by(&official);
        ask.body(body).send()
    };
    let closed = json!({ "act": "close", "outcome": "solved", "note": "已换灯泡" });
    act(closed).await.expect(200);
    let done = html(&open(&province, number, slip, &[]).await.expect(200));
    assert!(done.contains("已办结（承办单位认定") && done.contains("已换灯泡"));
    let empty = open(&province, number, slip, &[("go", "contest")]).await;
    assert!(html(&empty.expect(200)).contains("请写几个字说明"));
    let contest = [("go", "contest"), ("note", "还是不亮"), ("key", "k2")];
    let contested = open(&province, number, slip, &contest).await.expect(200);
    assert!(html(&contested).contains("有异议，重新办理"));
    province.host.stop().await;
}

/// R-A12, R-P7.
#[tokio::test]
async fn an_error_a_restart_and_a_bad_photo_lose_nothing_that_was_typed() {
    let province = Province::start().await;
    let visitor = Visitor::begin(&province, "/report").await;
    let refused = visitor
        .photos(
            "next",
            &[
                ("a.jpg", "image/jpeg", photo(1)),
                ("b.heic", "image/heic", vec![1; 99]),
            ],
        )
        .await
        .expect(422);
    let page = html(&refused);
    assert!(
        page.contains("HEIC") && page.contains("<title>错误："),
        "{page}"
    );
    assert_eq!(page.matches("<img src=\"/report/photo/").count(), 1);
    let missing = visitor.step("where", "next", &[("where", "")]).await;
    assert!(html(&missing.expect(422)).contains("请写明在哪里"));
    let long = "长".repeat(6_000);
    let what = [("text", &*long), ("kind", "enforcement/road")];
    let too_long = visitor.step("what", "next", &what).await.expect(422);
    assert!(html(&too_long).contains(&long), "what was typed stays");
    let danger = [("text", "电线掉下来了"), ("kind", "order/safety")];
    let danger = visitor.step("what", "next", &danger).await.expect(422);
    assert!(html(&danger).contains("119"));
    visitor
        .step("where", "next", &[("where", "村口")])
        .await
        .expect(200);
    let draft = visitor.draft.clone();
    let province = province.restart().await;
    let visitor = Visitor {
        province: &province,
        flow: "report".to_owned(),
        draft,
    };
    let what = [
        ("text", "电线掉下来了"),
        ("kind", "order/safety"),
        ("calm", "yes"),
    ];
    visitor.step("what", "next", &what).await.expect(200);
    let photo_page = html(&visitor.step("check", "change-photo", &[]).await.expect(200));
    let (_, id) = photo_page.split_once("value=\"remove-").unwrap();
    let remove = format!("remove-{}", id.split_once('"').unwrap().0);
    let contact = [("public", "no")];
    let check = visitor.step("contact", "next", &contact).await.expect(200);
    let page = html(&check);
    assert!(page.contains("村口") && page.contains("电线掉下来了") && page.contains("1 张"));
    let removed = visitor.step("photo", &remove, &[]).await.expect(200);
    assert!(!html(&removed).contains("<img src=\"/report/photo/"));
    let receipt = visitor.step("check", "send", &[]).await.expect(200);
    assert_eq!(numbers(&receipt).len(), 2);
    province.host.stop().await;
}

/// R-A13.
#[tokio::test]
async fn two_clicks_make_one_matter() {
    let province = Province::start().await;
    let visitor = Visitor::begin(&province, "/report").await;
    visitor.write().await;
    let send = || visitor.step("check", "send", &[]);
    let (first, second) = tokio::join!(send(), send());
    let (first, second) = (first.expect(200), second.expect(200));
    assert_eq!(numbers(&first), numbers(&second));
    let tokens = province.administrators().await;
    let official = province.person(&tokens, "official", &["official"]).await;
    let list = province
        .get("matters")
        .by(&official)
        .send()
        .await
        .expect(200);
    assert_eq!(list.json["matters"].as_array().unwrap().len(), 1);
    province.host.stop().await;
}

/// R-P5.
#[tokio::test]
async fn all_questions_are_on_one_page_for_those_who_want_it() {
    let province = Province::start().await;
    let page = province.get("/report?all=1").send().await.expect(200);
    let text = html(&page);
    for name in ["photo", "where", "text", "kind", "name", "phone", "public"] {
        assert!(text.contains(&format!("name=\"{name}\"")), "{name}");
    }
    let visitor = Visitor::begin(&province, "/report?all=1").await;
    let empty = visitor.step("all", "next", &[]).await.expect(422);
    assert_eq!(html(&empty).matches("class=\"error\"").count(), 2);
    let all = [
        ("where", "河边"),
        ("text", "有人倒垃圾"),
        ("kind", "enforcement/rubbish"),
    ];
    let check = html(&visitor.step("all", "next", &all).await.expect(200));
    assert!(check.contains("有人倒垃圾") && check.contains("value=\"send\""));
    province.host.stop().await;
}

/// R-P12.
#[tokio::test]
async fn a_wrong_slip_looks_like_a_number_that_does_not_exist() {
    let province = Province::start().await;
    let visitor = Visitor::begin(&province, "/report").await;
    visitor.write().await;
    let shown = numbers(&visitor.step("check", "send", &[]).await.expect(200));
    let wrong = "0".repeat(32);
    let absent = format!("{}-999", shown[0].rsplit_once('-').unwrap().0);
    let mut pages = vec![];
    for (number, slip) in [
        (&*shown[0], &*wrong),
        (&absent, &wrong),
        (&absent, &shown[1]),
        ("what?", &wrong),
        (&shown[0], "x"),
    ] {
        let page = html(&open(&province, number, slip, &[]).await.expect(404));
        pages.push(page.replace(number, "N"));
    }
    assert!(pages.iter().all(|page| *page == pages[0]), "{pages:#?}");
    assert!(pages[0].contains("没有这个编号和凭条"));
    province.host.stop().await;
}

#[tokio::test]
async fn forms_of_other_sites_and_keys_of_others_open_nothing() {
    let province = Province::start().await;
    let visitor = Visitor::begin(&province, "/report").await;
    for origin in ["http://evil.example", "null"] {
        for path in ["/report", "/my"] {
            let ask = province.post(path).with("origin", origin);
            let ask = ask.with("content-type", "application/x-www-form-urlencoded");
            ask.raw("step=what&text=x").send().await.expect(403);
        }
        let ask = province.post("/report").with("origin", origin);
        let ask = ask.with("content-type", "multipart/form-data; boundary=b");
        let form = with_photos(
            &[("draft", &*visitor.draft)],
            &[("a", "image/jpeg", photo(3))],
        );
        ask.raw(form).send().await.expect(403);
    }
    for draft in [
        "",
        "wjd_1",
        "wjs_00000000000000000000000000000000",
        "../../matters",
    ] {
        let visitor = Visitor {
            province: &province,
            flow: "report".to_owned(),
            draft: draft.to_owned(),
        };
        visitor
            .step("where", "next", &[("where", "x")])
            .await
            .expect(422);
    }
    visitor.write().await;
    let script = "<script>alert(1)</script>\"'";
    let typed = visitor
        .step("what", "next", &[("text", script), ("kind", script)])
        .await;
    let page = html(&typed);
    assert!(
        !page.contains("<script>alert") && page.contains("&#60;script&#62;"),
        "{page}"
    );
    province.host.stop().await;
}

#[tokio::test]
async fn a_form_with_photos_of_somebody_signed_in_proves_that_it_knows_the_session() {
    let province = Province::start().await;
    let tokens = province.administrators().await;
    let official = province.person(&tokens, "official", &["official"]).await;
    let cookie = format!("__Host-session={official}");
    let session = province.get("session").with("cookie", &cookie).send().await;
    let csrf = session.expect(200).text("csrf");
    let page = province.get("/report").with("cookie", &cookie).send().await;
    let draft = hidden(&page.expect(200), "draft");
    for (proof, status) in [("", 403), ("0", 403), (&*csrf, 200)] {
        let fields = [
            ("csrf", proof),
            ("draft", &*draft),
            ("step", "photo"),
            ("go", "next"),
        ];
        let form = with_photos(&fields, &[("a.jpg", "image/jpeg", photo(7))]);
        let ask = province.post("/report").with("cookie", &cookie);
        let ask = ask.with("origin", "http://localhost");
        let ask = ask.with("content-type", "multipart/form-data; boundary=b");
        let answer = ask.raw(form).send().await;
        assert_eq!(answer.code(), status, "{proof}: {}", html(&answer));
    }
    let key = province.get("draft").with("draft-key", &draft).send().await;
    assert_eq!(key.expect(200).json["photos"].as_array().unwrap().len(), 1);
    province.host.stop().await;
}

/// R-P23.
#[tokio::test]
async fn letters_that_were_answered_in_public_are_found_by_words_and_month() {
    let province = Province::start().await;
    let letter = Visitor::begin(&province, "/mailbox/write").await;
    let what = [("text", "村里的自来水什么时候修好？")];
    letter.step("what", "next", &what).await.expect(200);
    let who = [("name", "李四"), ("public", "yes")];
    letter.step("contact", "next", &who).await.expect(200);
    let receipt = letter.step("check", "send", &[]).await.expect(200);
    let number = numbers(&receipt)[0].clone();
    let empty = province.get("/mailbox").send().await.expect(200);
    assert!(!html(&empty).contains("自来水"), "letters are private");
    province
        .get(&format!("/public/{number}"))
        .send()
        .await
        .expect(404);
    let tokens = province.administrators().await;
    let official = province.person(&tokens, "official", &["official"]).await;
    let reply = json!({ "act": "reply", "publicity": "public", "note": "下周三通水。" });
    let reply = province
        .post(&format!("matters/{number}/acts"))
        .by(&official)
        .body(reply);
    reply.send().await.expect(200);
    let found = async |query: &str| {
        let page = province.get(&format!("/mailbox?{query}")).send().await;
        let page = html(&page.expect(200));
        assert!(!page.contains("李四"), "names are never shown");
        page.contains("什么时候修好") && page.contains("下周三通水")
    };
    assert!(found("").await);
    assert!(
        found("q=%E8%87%AA%E6%9D%A5%E6%B0%B4").await,
        "words of the question"
    );
    assert!(found("q=%E9%80%9A%E6%B0%B4").await, "words of the answer");
    assert!(!found("q=%E6%B2%B3").await);
    assert!(!found("month=2020-01").await);
    let bad = province.get("/mailbox?month=x").send().await.expect(200);
    assert!(html(&bad).contains("2026-11 这样"));
    let public = province
        .get(&format!("/public/{number}"))
        .send()
        .await
        .expect(200);
    assert!(html(&public).contains("什么时候修好") && !html(&public).contains("李四"));
    let visitor = Visitor::begin(&province, "/report").await;
    visitor
        .step("where", "next", &[("where", "村里")])
        .await
        .expect(200);
    let what = [("text", "村里的自来水什么时候能修好"), ("kind", "")];
    let alike = html(&visitor.step("what", "next", &what).await.expect(200));
    assert!(alike.contains(&format!("/public/{number}")), "{alike}");
    province.host.stop().await;
}

#[tokio::test]
async fn the_poster_and_both_languages_are_whole() {
    let province = Province::start().await;
    let poster = html(&province.get("/poster").send().await.expect(200));
    assert!(poster.contains("class=\"qr\"") && poster.contains("/report"));
    for path in [
        "/report",
        "/report?all=1",
        "/my",
        "/mailbox",
        "/mailbox/write",
        "/poster",
    ] {
        let ask = province.get(path).with("accept-language", "en");
        let page = ask.send().await.expect(200);
        assert_eq!(page.header("content-language"), "en", "{path}");
        let text = html(&page);
        assert_eq!(text.matches("<h1").count(), 1, "{path}");
        for bad in [" style=", "<style", " onclick=", " onsubmit="] {
            assert!(!text.contains(bad), "{path} has {bad}");
        }
    }
    province.host.stop().await;
}

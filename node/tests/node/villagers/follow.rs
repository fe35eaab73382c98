//! What a reporter is told: before sending, while the matter is worked on, and how it ended.

use serde_json::{Value, json};

use testkit::{asking::Answer, province::Province};

use super::{Visitor, html, numbers, open};

/// Where the published reports of a test lie.
const HERE: (f64, f64) = (28.9702, 118.8594);

/// Reports a lamp as a villager with a phone does; returns number and slip.
async fn reported(province: &Province, more: Value) -> (String, String) {
    let mut report = json!({ "channel": "snapshot", "category": "enforcement/lighting",
        "text": "村口路灯三天不亮了", "address": "村口", "slip": true,
        "contact": { "name": "王小明", "phone": "13857012345", "address": "" } });
    for (name, value) in more.as_object().unwrap() {
        report[name] = value.clone();
    }
    let answer = province.post("matters").body(report).send().await;
    let answer = answer.expect(201);
    (answer.text("id"), answer.text("token"))
}

/// Acts of an official.
struct Desk<'a> {
    province: &'a Province,
    token: String,
}

impl<'a> Desk<'a> {
    async fn of(province: &'a Province) -> Self {
        let tokens = province.administrators().await;
        let token = province.person(&tokens, "official", &["official"]).await;
        Self { province, token }
    }

    async fn act(&self, id: &str, act: Value) -> Answer {
        let ask = self.province.post(&format!("matters/{id}/acts"));
        ask.by(&self.token).body(act).send().await.expect(200)
    }
}

/// The page of a matter as its reporter sees it.
async fn own(province: &Province, (number, slip): &(String, String)) -> String {
    html(&open(province, number, slip, &[]).await.expect(200))
}

async fn asks(
    province: &Province,
    (number, slip): &(String, String),
    said: &[(&str, &str)],
) -> String {
    html(&open(province, number, slip, said).await.expect(200))
}

/// Each form of a page that has a button of this value.
fn form_with<'p>(page: &'p str, button: &str) -> &'p str {
    let mark = format!("name=\"go\" value=\"{button}\"");
    let mut forms = page.split("<form ").skip(1);
    let form = forms.find(|form| form.split("</form>").next().unwrap().contains(&mark));
    form.and_then(|form| form.split("</form>").next())
        .unwrap_or_else(|| panic!("no {button} in {page}"))
}

/// The places of some texts in a page, which have to be in this order.
#[track_caller]
fn in_order(page: &str, texts: &[&str]) {
    let mut rest = page;
    for text in texts {
        let at = rest
            .find(text)
            .unwrap_or_else(|| panic!("{text} is not next in {page}"));
        rest = &rest[at + text.len()..];
    }
}

/// R-P13, R-P15: what comes next and by when is on top, steps follow, the newest first, with who and when and
/// nobody's name; contest, rating and withdrawal are a form each; a contest starts a clock that is shown.
#[tokio::test]
async fn a_reporter_sees_what_is_next_what_happened_and_what_they_can_do() {
    let province = Province::start().await;
    let desk = Desk::of(&province).await;
    let matter = reported(&province, json!({})).await;
    let waits = own(&province, &matter).await;
    in_order(
        &waits,
        &["期限：", "<time", "还有", "您可以", "经过", "上报"],
    );
    let withdraw = form_with(&waits, "withdraw");
    assert!(withdraw.contains("<textarea") && withdraw.contains("name=\"note\""));
    desk.act(&matter.0, json!({ "act": "accept" })).await;
    let session = province.get("session").by(&desk.token).send().await;
    let officer = &session.expect(200).json["account"]["id"];
    let dispatch = json!({ "act": "dispatch", "platform": "enforcement", "officer": officer });
    desk.act(&matter.0, dispatch).await;
    let worked = own(&province, &matter).await;
    in_order(&worked, &["已派人办理", "经过", "派遣", "受理", "上报"]);
    let (_, path) = worked.split_once("class=\"path\"").unwrap();
    assert_eq!(path.matches("· 浙江省 ·").count(), 3, "{path}");
    assert!(
        !worked.contains("张三") && !worked.contains("账号"),
        "{worked}"
    );
    province.clock.shift_ms(90 * 86_400_000);
    let late = own(&province, &matter).await;
    in_order(&late, &["期限：", "已超期", "经过"]);
    desk_again(&province, &matter.0).await;
    let closed = own(&province, &matter).await;
    assert!(closed.contains("已办结（承办单位认定"), "{closed}");
    for button in ["contest", "rate"] {
        let form = closed.split("<form ").filter(|form| {
            form.contains(&format!("value=\"{button}\"")) && form.contains("<textarea")
        });
        assert_eq!(form.count(), 1, "{button}: {closed}");
    }
    let said = [("go", "contest"), ("note", "还是不亮"), ("key", "k1")];
    let contested = asks(&province, &matter, &said).await;
    in_order(
        &contested,
        &["有异议，重新办理", "办结期限：", "<time", "还有"],
    );
    province.host.stop().await;
}

/// The session of before has ended meanwhile.
async fn desk_again(province: &Province, id: &str) {
    let token = province.token("official").await;
    let desk = Desk { province, token };
    desk.act(
        id,
        json!({ "act": "close", "outcome": "solved", "note": "已换灯泡" }),
    )
    .await;
}

/// R-P16: what was rejected, merged or withdrawn is found by its slip as before, with the ground, the other
/// matter, and the way to object.
#[tokio::test]
async fn what_was_rejected_merged_or_withdrawn_says_why_and_how_to_object() {
    let province = Province::start().await;
    let desk = Desk::of(&province).await;
    let rejected = reported(&province, json!({})).await;
    let reject = json!({ "act": "reject", "reason": "judicial", "note": "法院正在审理" });
    desk.act(&rejected.0, reject).await;
    let page = own(&province, &rejected).await;
    in_order(
        &page,
        &["不予受理：司法程序", "法院正在审理", "结案（不予受理"],
    );
    form_with(&page, "contest");
    let said = [
        ("go", "contest"),
        ("note", "法院说不归他们管"),
        ("key", "k1"),
    ];
    let contested = asks(&province, &rejected, &said).await;
    assert!(contested.contains("有异议，重新办理"), "{contested}");

    let into = reported(&province, json!({ "text": "另一盏路灯也不亮" })).await;
    let merged = reported(&province, json!({})).await;
    desk.act(&merged.0, json!({ "act": "merge", "into": into.0 }))
        .await;
    let page = own(&province, &merged).await;
    assert!(
        page.contains("并入另一件") && page.contains(&into.0),
        "{page}"
    );
    form_with(&page, "contest");

    let withdrawn = reported(&province, json!({})).await;
    let said = [("go", "withdraw"), ("note", "自己修好了"), ("key", "k2")];
    let page = asks(&province, &withdrawn, &said).await;
    assert!(
        page.contains("您已撤回") && page.contains("自己修好了"),
        "{page}"
    );
    let page = own(&province, &withdrawn).await;
    assert!(
        page.contains("您已撤回") && !page.contains("value=\"contest\""),
        "{page}"
    );
    province.host.stop().await;
}

/// R-P9: at most five published ones, with age, distance and state; those that are not published are not
/// among them; without any there is no such step.
#[tokio::test]
async fn at_most_five_published_reports_that_are_like_it_are_shown_and_none_that_is_private() {
    let province = Province::start().await;
    let desk = Desk::of(&province).await;
    let place = json!({ "latitude": HERE.0, "longitude": HERE.1 });
    let mut published = vec![];
    for _ in 0..6 {
        let public = json!({ "visibility": "public", "place": place });
        let (id, _) = reported(&province, public).await;
        let reply = json!({ "act": "reply", "publicity": "public", "note": "下周来修" });
        desk.act(&id, reply).await;
        published.push(id);
    }
    let (private, _) = reported(&province, json!({ "place": place })).await;
    let visitor = Visitor::begin(&province, "/report").await;
    let nearby = [
        ("where", "村口"),
        ("latitude", "28.9703"),
        ("longitude", "118.8594"),
    ];
    visitor.step("where", "next", &nearby).await.expect(200);
    let same = [
        ("text", "村口路灯三天不亮了"),
        ("kind", "enforcement/lighting"),
    ];
    let page = html(&visitor.step("what", "next", &same).await.expect(200));
    let shown = published
        .iter()
        .filter(|id| page.contains(&format!("/public/{id}")));
    assert_eq!(shown.count(), 5, "{page}");
    assert!(!page.contains(&private), "{page}");
    assert_eq!(page.matches("相距约").count(), 5, "{page}");
    let cards: Vec<_> = page.split("<li class=\"card\">").skip(1).collect();
    assert_eq!(cards.len(), 5);
    for card in cards {
        in_order(
            card,
            &[
                "路灯",
                "<time datetime=",
                "相距约",
                "class=\"state\"",
                "已答复",
                "就是这件",
            ],
        );
    }
    assert!(page.contains("不是，继续反映"), "{page}");
    let other = [("text", "河里有死鱼"), ("kind", "enforcement/water")];
    let next = html(&visitor.step("what", "next", &other).await.expect(200));
    assert!(
        next.contains("怎么联系您") && !next.contains("/public/"),
        "{next}"
    );
    province.host.stop().await;
}

/// R-P10: whoever gives no name is told before sending what that means, and it is so; where policy asks for a
/// name, nothing is sent without one.
#[tokio::test]
async fn an_anonymous_report_is_told_what_that_means_before_it_is_sent() {
    let province = Province::start().await;
    let tokens = province.administrators().await;
    let official = province.person(&tokens, "official", &["official"]).await;
    let visitor = Visitor::begin(&province, "/report").await;
    visitor
        .step("where", "next", &[("where", "桥头")])
        .await
        .expect(200);
    let what = [
        ("text", "桥栏杆断了"),
        ("kind", "order/safety"),
        ("calm", "yes"),
    ];
    let asked = html(&visitor.step("what", "next", &what).await.expect(200));
    for said in ["按一般件办理", "只有凭条能查询", "公开不公开由工作人员决定"]
    {
        assert!(asked.contains(said), "{said}: {asked}");
    }
    let nobody = [("public", "yes")];
    visitor.step("contact", "next", &nobody).await.expect(200);
    let shown = numbers(&visitor.step("check", "send", &[]).await.expect(200));
    let matter = province.get(&format!("matters/{}", shown[0])).by(&official);
    assert_eq!(matter.send().await.expect(200).json["priority"], "normal");
    let public = format!("/public/{}", shown[0]);
    province.get(&public).send().await.expect(404);

    let named = "format = 1\n[limits]\nanonymous = false\n";
    let policy = json!({ "kind": "policy", "name": "named", "title": "实名", "content": named });
    province.issue(policy).await;
    let visitor = Visitor::begin(&province, "/report").await;
    visitor
        .step("where", "next", &[("where", "桥头")])
        .await
        .expect(200);
    let what = [("text", "桥栏杆断了"), ("kind", "enforcement/road")];
    let asked = html(&visitor.step("what", "next", &what).await.expect(200));
    assert!(asked.contains("这里要求留下姓名或电话"), "{asked}");
    let refused = visitor.step("contact", "next", &nobody).await.expect(422);
    assert!(html(&refused).contains("请留下姓名或电话"));
    province.host.stop().await;
}

/// R-P12: tries of slips are few in a minute, and the page says what to do then.
#[tokio::test]
async fn slips_are_tried_only_so_often_and_a_page_says_so() {
    let province = Province::start_with("[limits]\nlogins_per_address_min = 1\n").await;
    let mut told = None;
    for _ in 0..30 {
        let tried = open(&province, "330000000000-00000000-1", &"0".repeat(32), &[]).await;
        if tried.code() != 404 {
            told = Some(tried.expect(429));
            break;
        }
    }
    let page = html(&told.expect("a limit"));
    assert!(
        page.contains("<h1>操作太频繁") && page.contains("秒后再试"),
        "{page}"
    );
    province.host.stop().await;
}

/// R-A16: a change of language or display in the middle of a report keeps the page and what was typed on it.
#[tokio::test]
async fn the_language_is_changed_in_the_middle_of_a_report_and_nothing_is_lost() {
    let province = Province::start().await;
    let visitor = Visitor::begin(&province, "/report").await;
    visitor
        .step("where", "next", &[("where", "桥头")])
        .await
        .expect(200);
    let mut fields = visitor.fields("what", "stay");
    fields.extend([("text", "桥栏杆"), ("kind", "enforcement/road")]);
    let page = province
        .form("/report?lang=en", &fields)
        .send()
        .await
        .expect(200);
    assert_eq!(page.header("content-language"), "en");
    let text = html(&page);
    assert!(
        text.contains("桥栏杆</textarea>") && text.contains("What is the problem?"),
        "{text}"
    );
    assert!(text.contains("formaction=\"/report?lang=zh-CN\""), "{text}");
    assert!(text.contains("formaction=\"/report?size=elder\""), "{text}");
    let check = visitor.step("contact", "next", &[("public", "no")]).await;
    assert!(html(&check.expect(200)).contains("桥头"));
    province.host.stop().await;
}

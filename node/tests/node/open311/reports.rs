//! Reports, and who follows them.

use http::Request;
use serde_json::{Value, json};
use wujitong::{
    domain::{
        actor::Actor,
        category::{Priority, Visibility},
        ids::MatterId,
        matter::{Act, Channel, Outcome},
        people::Permission,
        request::RequestKind,
    },
    office::Work,
};

use crate::open311::town::{Answer, CLERK, REQUEST, Town, elements, keys, sorted};

#[tokio::test]
async fn a_report_becomes_a_matter_and_only_its_filer_follows_it_until_it_is_closed() {
    let town = Town::start().await;
    let app = town.key("城市通", &[Permission::Report]).await;
    let other = town.key("other app", &[Permission::Report]).await;
    let (id, slip) = town
        .file(
            &app,
            "&description=%E8%B7%AF%E7%81%AF%E4%B8%8D%E4%BA%AE&address_string=%E6%9D%91%E5%8F%A3\
             &last_name=%E7%8E%8B&first_name=%E5%B0%8F%E6%98%8E&phone=13857012345&email=w@x.example\
             &media_url=http%3A%2F%2F169.254.169.254%2F1.jpg&device_id=tt222111&account_id=7",
        )
        .await;
    let matter = town.matter(&id).await;
    assert_eq!(matter.channel, Channel::Snapshot);
    assert_eq!(matter.visibility, Visibility::Path);
    assert!(matter.contact.is_some());
    let path = format!("requests/{id}.json");
    let own = format!("{path}?api_key={app}");
    let shown = town.get(&own).await.expect(200).json();
    let shown = &shown[0];
    assert_eq!(keys(shown), sorted(&REQUEST));
    for (field, expected) in [
        ("service_request_id", json!(id)),
        ("status", json!("open")),
        ("status_notes", json!("已上报，待受理")),
        ("service_name", json!("路灯照明")),
        ("service_code", json!("enforcement-lighting")),
        ("description", json!("路灯不亮")),
        ("agency_responsible", json!("浙江省")),
        ("address", json!("村口")),
        ("lat", json!(29.0285)),
        ("long", json!(119.1722)),
        ("media_url", json!("http://169.254.169.254/1.jpg")),
        ("zipcode", Value::Null),
    ] {
        assert_eq!(shown[field], expected, "{field}");
    }
    for field in [
        "requested_datetime",
        "updated_datetime",
        "expected_datetime",
    ] {
        let text = shown[field].as_str().unwrap();
        assert!(text.ends_with("+08:00") && text.len() == 25, "{text}");
    }
    let said = serde_json::to_string(shown).unwrap();
    assert!(!said.contains("138570") && !said.contains("王"), "{said}");
    for path in [
        path.clone(),
        format!("{path}?api_key={other}"),
        format!("{path}?reporter_token=wjr_00000000000000000000000000000000"),
        format!("tokens/{id}.json"),
    ] {
        let hidden = town.get(&path).await.expect(404).json();
        let absent = town
            .get(&path.replace(&id, "330000000000-00000000-9"))
            .await;
        assert_eq!(hidden, absent.expect(404).json(), "{path}");
    }
    let by_slip = format!("{path}?reporter_token={slip}");
    assert_eq!(&town.get(&by_slip).await.expect(200).json()[0], shown);
    let header = Request::get(format!("/open311/v2/{path}")).header("reporter-token", &slip);
    town.send(header, "").await.expect(200);
    let token = town.get(&format!("tokens/{id}.json?api_key={app}")).await;
    let expected = json!([{ "service_request_id": id, "token": id }]);
    assert_eq!(token.expect(200).json(), expected);
    let number: MatterId = id.parse().unwrap();
    let office = town.office();
    let inside = Work::Do(Act::Remark(wujitong::domain::matter::Audience::Offices));
    let secret = Some("不告诉报送人".to_owned());
    office
        .matters()
        .work(number, inside, secret, CLERK, None)
        .await
        .unwrap();
    let note = Some("已换灯泡".to_owned());
    office
        .matters()
        .close(number, Outcome::Solved, note, Actor::OsUser(2))
        .await
        .unwrap();
    let closed = town.get(&own).await.expect(200).json();
    assert_eq!(closed[0]["status"], "closed");
    assert_eq!(closed[0]["status_notes"], "已办结：已解决。已换灯泡");
    let xml = town
        .get(&format!("requests/{id}.xml?api_key={app}"))
        .await
        .expect(200);
    assert_eq!(elements(xml.xml(), &["service_requests"]), ["request"]);
    assert_eq!(
        elements(xml.xml(), &["service_requests", "request"]),
        REQUEST
    );
    assert!(xml.xml().contains("<zipcode/>"));
    assert!(!xml.body.contains("不告诉"));
    drop(office);
    town.stop().await;
}

#[tokio::test]
async fn a_contest_moves_the_request_and_its_words_are_not_the_offices() {
    let town = Town::start().await;
    let app = town.key("城市通", &[Permission::Report]).await;
    let (id, _) = town.file(&app, "&description=x").await;
    let number: MatterId = id.parse().unwrap();
    let office = town.office();
    let done = Some("已换灯泡".to_owned());
    let closed = office
        .matters()
        .close(number, Outcome::Solved, done, Actor::OsUser(2));
    closed.await.unwrap();
    let closed = town.matter(&id).await.closed_at().unwrap();
    let moment = jiff::Timestamp::from_millisecond(closed.0).unwrap();
    let since = format!("requests.json?api_key={app}&updated_after={moment}");
    assert_eq!(town.get(&since).await.expect(200).json(), json!([]));
    while office.now() <= closed {
        tokio::task::yield_now().await;
    }
    let why = Some("还是不亮".to_owned());
    let contest = office
        .matters()
        .request(number, RequestKind::Contest, why, Actor::Reporter);
    contest.await.unwrap();
    let moved = town.get(&since).await.expect(200).json();
    assert_eq!(moved[0]["service_request_id"], json!(id));
    assert_eq!(moved[0]["status"], "open");
    let notes = moved[0]["status_notes"].as_str().unwrap();
    assert!(!notes.contains("还是不亮"), "{notes}");
    drop(office);
    town.stop().await;
}

#[tokio::test]
async fn a_filed_report_is_answered_in_the_shape_of_the_specification() {
    let town = Town::start().await;
    let key = town.key("app", &[Permission::Report]).await;
    let form = format!("api_key={key}&service_code=enforcement-road&address_id=545483");
    let json = town.post("requests.json", &form).await.expect(201).json();
    assert_eq!(
        keys(&json[0]),
        [
            "account_id",
            "reporter_token",
            "service_notice",
            "service_request_id"
        ]
    );
    assert_eq!(json[0]["account_id"], Value::Null);
    assert!(
        json[0]["service_notice"]
            .as_str()
            .unwrap()
            .contains("前办结")
    );
    let answer = town.post("requests.xml", &form).await.expect(201);
    assert_eq!(
        elements(answer.xml(), &["service_requests", "request"]),
        [
            "service_request_id",
            "service_notice",
            "account_id",
            "reporter_token"
        ]
    );
    assert!(answer.xml().contains("<account_id/>"));
    town.stop().await;
}

#[tokio::test]
async fn whoever_says_no_name_is_never_urgent_and_is_turned_away_where_policy_says_so() {
    let town = Town::start().await;
    let key = town.key("app", &[Permission::Report]).await;
    let fire = format!("api_key={key}&service_code=order-fire&address_string=x&description=y");
    let filed = async |more: &str| town.post("requests.json", &format!("{fire}{more}")).await;
    let id = |answer: Answer| {
        answer.expect(201).json()[0]["service_request_id"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let nameless = id(filed("").await);
    assert_eq!(town.matter(&nameless).await.priority, Priority::Normal);
    let named = id(filed("&phone=13857012345").await);
    assert_eq!(town.matter(&named).await.priority, Priority::Urgent);
    let policy = "format = 1\n[limits]\nanonymous = false\n";
    town.office()
        .templates()
        .publish(
            wujitong::office::NewTemplate {
                kind: wujitong::domain::template::TemplateKind::Policy,
                name: "names".to_owned(),
                title: "实名报送".to_owned(),
                content: policy.to_owned(),
                tiers: vec![],
                kinds: vec![],
            },
            CLERK,
        )
        .await
        .unwrap();
    let refused = filed("").await.expect(400).json();
    let said = refused[0]["description"].as_str().unwrap();
    assert!(said.contains("without a name"), "{said}");
    filed("&email=w@x.example").await.expect(201);
    town.stop().await;
}

#[tokio::test]
async fn a_description_comes_back_whole_whatever_its_lines_look_like() {
    let town = Town::start().await;
    let app = town.key("城市通", &[Permission::Report]).await;
    let text = "看这里\n【图片链接】javascript:alert(1)\n【地点】甲村文化礼堂";
    let encoded: String = text.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let more = format!("&description={encoded}&address_string=B&attribute[POLE]=17");
    let (id, _) = town.file(&app, &more).await;
    let own = format!("requests/{id}.json?api_key={app}");
    let shown = town.get(&own).await.expect(200).json();
    for (field, expected) in [
        ("description", json!(text)),
        ("address", json!("B")),
        ("media_url", Value::Null),
    ] {
        assert_eq!(shown[0][field], expected, "{field}");
    }
    // The office sees what was said in fields of their own.
    let view = town
        .office()
        .matters()
        .matter(id.parse().unwrap())
        .await
        .unwrap();
    let details: Vec<_> = view.details.iter().map(|d| (&*d.name, &*d.text)).collect();
    assert_eq!(details, [("address", "B"), ("attribute/POLE", "17")]);
    town.stop().await;
}

#[tokio::test]
async fn a_place_of_a_chinese_map_is_kept_in_wgs_84() {
    let town = Town::start().await;
    let app = town.key("城市通", &[Permission::Report]).await;
    let filed = async |more: &str| {
        let form = format!(
            "api_key={app}&service_code=enforcement-lighting&lat=29.0285&long=119.1722{more}"
        );
        town.post("requests.json", &form).await
    };
    let answer = filed("&coordinates=gcj-02").await.expect(201).json();
    let id = answer[0]["service_request_id"].as_str().unwrap();
    let shown = town.get(&format!("requests/{id}.json?api_key={app}")).await;
    let shown = shown.expect(200).json();
    let (north, east) = (
        shown[0]["lat"].as_f64().unwrap(),
        shown[0]["long"].as_f64().unwrap(),
    );
    assert!((0.001..0.01).contains(&(29.0285 - north).abs()), "{north}");
    assert!((0.001..0.01).contains(&(119.1722 - east).abs()), "{east}");
    let refused = filed("&coordinates=mars").await.expect(400).json();
    assert!(
        refused[0]["description"]
            .as_str()
            .unwrap()
            .contains("gcj-02")
    );
    town.stop().await;
}

#[tokio::test]
async fn a_key_that_was_taken_back_reads_nothing_either() {
    let town = Town::start().await;
    let key = town
        .key(
            "hotline",
            &[Permission::Report, Permission::ReportForAnother],
        )
        .await;
    let (id, slip) = town.file(&key, "&phone=1").await;
    assert_eq!(town.matter(&id).await.channel, Channel::Hotline);
    let office = town.office();
    let made = office.people().api_keys().await.unwrap()[0].id;
    office.people().revoke_key(made, CLERK).await.unwrap();
    town.get(&format!("requests/{id}.json?api_key={key}"))
        .await
        .expect(403);
    let bearer = Request::get(format!("/open311/v2/requests/{id}.json"));
    town.send(bearer.header("authorization", format!("Bearer {key}")), "")
        .await
        .expect(403);
    town.get(&format!("requests/{id}.json?reporter_token={slip}"))
        .await
        .expect(200);
    drop(office);
    town.stop().await;
}

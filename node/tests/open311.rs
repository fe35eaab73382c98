//! Open311 GeoReport v2 over real TCP, in the shapes the specification shows.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::sync::Arc;

use http::{HeaderMap, Method, Request, header};
use http_body_util::{BodyExt, Full};
use hyper::{body::Bytes, client::conn::http1};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use topology::{DivisionCode, Tree};
use wujitong::{
    app::{Host, Plan, SystemClock},
    domain::{
        actor::Actor,
        category::{Class, Priority, Visibility},
        ids::MatterId,
        matter::{Act, Channel, Matter, Outcome, Publicity},
        people::Deed,
        suite::Suite,
    },
    identity::{Founding, Terms, found_network},
    office::{Clock, NewReport, Office, Work, people::NewKey},
};

const CLERK: Actor = Actor::OsUser(1);

/// A province alone, asked by apps.
struct Town {
    host: Host,
    _dir: tempfile::TempDir,
}

struct Answer {
    status: u16,
    headers: HeaderMap,
    body: String,
}

impl Answer {
    fn json(&self) -> Value {
        assert_eq!(
            self.kind(),
            "application/json; charset=utf-8",
            "{}",
            self.body
        );
        serde_json::from_str(&self.body).unwrap()
    }

    fn xml(&self) -> &str {
        assert_eq!(self.kind(), "text/xml; charset=utf-8", "{}", self.body);
        let declaration = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n";
        self.body.strip_prefix(declaration).unwrap()
    }

    fn kind(&self) -> &str {
        self.headers[header::CONTENT_TYPE].to_str().unwrap()
    }

    #[track_caller]
    fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.body);
        self
    }
}

impl Town {
    async fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let tree = Arc::new(Tree::load("code,name\n33,浙江省\n3308,衢州市\n").unwrap());
        let founding = Founding {
            zone: "zj.example".to_owned(),
            demo: false,
            suite: Suite::Ed25519Blake3,
        };
        let now = u64::try_from(SystemClock.now().0).unwrap();
        let now = std::time::Duration::from_millis(now);
        let terms = Terms::at(rustls_pki_types::UnixTime::since_unix_epoch(now));
        found_network(dir.path(), &tree, &founding, &terms).unwrap();
        let raw = config::Raw::from_toml(
            "data = '.'\nnodes = ['33']\nzone = 'zj.example'\nlisten = '127.0.0.1:0'\n\
             [http]\nlisten = '127.0.0.1:0'\n",
        );
        let config = raw.unwrap().check(dir.path()).unwrap();
        let host = Host::start(Plan::new(config, tree)).await.unwrap();
        Self { host, _dir: dir }
    }

    fn office(&self) -> Arc<Office> {
        let province: DivisionCode = "33".parse().unwrap();
        Arc::clone(&self.host.roster().node(province).unwrap().office)
    }

    /// A key, by name and deeds.
    async fn key(&self, name: &str, deeds: &[Deed]) -> String {
        let new = NewKey {
            name: name.to_owned(),
            deeds: deeds.iter().copied().collect(),
            division: None,
            days: 30,
        };
        let (_, token) = self.office().make_key(new, CLERK).await.unwrap();
        token.to_string()
    }

    async fn send(&self, request: http::request::Builder, body: &str) -> Answer {
        let stream = TcpStream::connect(self.host.http().unwrap()).await.unwrap();
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        let request = request.header(header::HOST, "localhost");
        let request = request
            .body(Full::new(Bytes::from(body.to_owned())))
            .unwrap();
        let response = sender.send_request(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Answer {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body: String::from_utf8(body.to_vec()).unwrap(),
        }
    }

    async fn get(&self, path: &str) -> Answer {
        self.send(Request::get(format!("/open311/v2/{path}")), "")
            .await
    }

    async fn post(&self, path: &str, form: &str) -> Answer {
        let kind = "application/x-www-form-urlencoded; charset=utf-8";
        let request = Request::post(format!("/open311/v2/{path}"));
        self.send(request.header(header::CONTENT_TYPE, kind), form)
            .await
    }

    /// Files a report on a lamp; gives its number and its reporter's token.
    async fn file(&self, key: &str, more: &str) -> (String, String) {
        let form = format!(
            "api_key={key}&service_code=enforcement-lighting&lat=29.0285&long=119.1722{more}"
        );
        let filed = self.post("requests.json", &form).await.expect(201).json();
        let text = |name: &str| filed[0][name].as_str().unwrap().to_owned();
        (text("service_request_id"), text("reporter_token"))
    }

    async fn matter(&self, id: &str) -> Matter {
        let id: MatterId = id.parse().unwrap();
        self.office().docket(id).await.unwrap().unwrap().matter
    }

    /// A matter whose reporter agreed that it is published, answered in public.
    async fn published(&self, text: &str) -> String {
        let office = self.office();
        let report = NewReport {
            visibility: Visibility::Public,
            class: Class::Public,
            ..NewReport::new("enforcement/road".parse().unwrap(), text.to_owned())
        };
        let id = office.report(report, CLERK).await.unwrap();
        let reply = Work::Do(Act::Reply(Publicity::Public));
        let note = Some("下周修补".to_owned());
        office.work(id, reply, note, CLERK, None).await.unwrap();
        id.to_string()
    }
}

fn keys(value: &Value) -> Vec<&str> {
    let object = value.as_object().unwrap();
    object.keys().map(String::as_str).collect()
}

/// Names of the elements directly below the root, or below one of them, in order.
fn elements(xml: &str, path: &[&str]) -> Vec<String> {
    let mut reader = quick_xml::Reader::from_str(xml);
    let (mut open, mut found) = (vec![], vec![]);
    let name = |name: quick_xml::name::QName<'_>| name.0.to_owned();
    loop {
        use quick_xml::events::Event;
        match reader.read_event().unwrap() {
            Event::Start(start) => {
                if open == path {
                    found.push(name(start.name()));
                }
                open.push(name(start.name()));
            }
            Event::Empty(empty) if open == path => found.push(name(empty.name())),
            Event::End(_) => _ = open.pop(),
            Event::Eof => return found,
            _ => {}
        }
    }
}

const REQUEST: [&str; 17] = [
    "service_request_id",
    "status",
    "status_notes",
    "service_name",
    "service_code",
    "description",
    "agency_responsible",
    "service_notice",
    "requested_datetime",
    "updated_datetime",
    "expected_datetime",
    "address",
    "address_id",
    "zipcode",
    "lat",
    "long",
    "media_url",
];

fn sorted(names: &[&'static str]) -> Vec<&'static str> {
    let mut names = names.to_vec();
    names.sort_unstable();
    names
}

#[tokio::test]
async fn services_are_the_categories_of_policy_in_both_shapes() {
    let town = Town::start().await;
    let services = town.get("services.json").await.expect(200).json();
    let lighting = services
        .as_array()
        .unwrap()
        .iter()
        .find(|service| service["service_code"] == "enforcement-lighting")
        .unwrap();
    assert_eq!(
        lighting,
        &json!({
            "service_code": "enforcement-lighting",
            "service_name": "路灯照明",
            "description": "综合执法：路灯照明",
            "metadata": false,
            "type": "realtime",
            "keywords": "路灯照明, 综合执法",
            "group": "综合执法",
        })
    );
    let answer = town
        .get("services.xml?jurisdiction_id=33")
        .await
        .expect(200);
    let xml = answer.xml();
    assert!(
        xml.starts_with("<services><service><service_code>"),
        "{xml}"
    );
    let all = elements(xml, &["services"]);
    assert_eq!(all.len(), services.as_array().unwrap().len());
    assert!(all.iter().all(|name| name == "service"));
    assert_eq!(
        elements(xml, &["services", "service"])[..7],
        [
            "service_code",
            "service_name",
            "description",
            "metadata",
            "type",
            "keywords",
            "group"
        ]
    );
    assert!(xml.contains("<metadata>false</metadata><type>realtime</type>"));
    for code in [
        "enforcement-lighting",
        "enforcement/lighting",
        "enforcement%2Flighting",
    ] {
        let one = town.get(&format!("services/{code}.json")).await.expect(200);
        let expected = json!({ "service_code": "enforcement-lighting", "attributes": [] });
        assert_eq!(one.json(), expected);
    }
    let one = town
        .get("services/enforcement-lighting.xml")
        .await
        .expect(200);
    assert_eq!(
        elements(one.xml(), &["service_definition"]),
        ["service_code", "attributes"]
    );
    town.host.stop().await;
}

#[tokio::test]
async fn a_report_becomes_a_matter_and_only_its_filer_follows_it_until_it_is_closed() {
    let town = Town::start().await;
    let app = town.key("城市通", &[Deed::Report]).await;
    let other = town.key("other app", &[Deed::Report]).await;
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
        .work(number, inside, secret, CLERK, None)
        .await
        .unwrap();
    let note = Some("已换灯泡".to_owned());
    office
        .close(number, Outcome::Solved, note, CLERK)
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
    town.host.stop().await;
}

#[tokio::test]
async fn a_filed_report_is_answered_in_the_shape_of_the_specification() {
    let town = Town::start().await;
    let key = town.key("app", &[Deed::Report]).await;
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
    town.host.stop().await;
}

#[tokio::test]
async fn everybody_sees_what_was_published_and_nothing_of_what_was_not() {
    let town = Town::start().await;
    let open = town.published("桥头路面塌陷\u{1}<&>").await;
    let key = town.key("app", &[Deed::Report]).await;
    let (filed, _) = town.file(&key, "&description=x").await;
    let office = town.office();
    let unpublished = NewReport {
        visibility: Visibility::Public,
        ..NewReport::new("enforcement/road".parse().unwrap(), "未公开".to_owned())
    };
    office.report(unpublished, CLERK).await.unwrap();
    let ids = |answer: Answer| -> Vec<String> {
        let all = answer.expect(200).json();
        let ids = all.as_array().unwrap().iter();
        ids.map(|one| one["service_request_id"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(ids(town.get("requests.json").await), [&*open]);
    let own = ids(town.get(&format!("requests.json?api_key={key}")).await);
    assert_eq!(own, [filed.clone(), open.clone()]);
    let with = |more: &str| format!("requests.json?api_key={key}&{more}");
    for (filter, expected) in [
        ("service_code=enforcement-road", vec![&open]),
        (
            "service_code=enforcement-road,enforcement-lighting",
            vec![&filed, &open],
        ),
        ("service_code=001", vec![]),
        ("status=closed", vec![]),
        ("status=open", vec![&filed, &open]),
        ("status=open,closed", vec![&filed, &open]),
        ("start_date=2020-01-01T00:00:00Z", vec![]),
        ("end_date=2020-01-01T00:00:00Z", vec![]),
        ("start_date=2099-01-01T00:00:00Z", vec![]),
    ] {
        let found = ids(town.get(&with(filter)).await);
        assert_eq!(found.iter().collect::<Vec<_>>(), expected, "{filter}");
    }
    let named = format!("service_request_id={open},{filed},17,{open}&status=closed");
    assert_eq!(
        ids(town.get(&with(&named)).await),
        [open.clone(), filed.clone(), open.clone()]
    );
    let named = format!("requests.json?service_request_id={filed}");
    assert_eq!(ids(town.get(&named).await), [""; 0]);
    let one = town
        .get(&format!("requests/{open}.json"))
        .await
        .expect(200)
        .json();
    assert_eq!(one[0]["description"], "桥头路面塌陷\u{1}<&>");
    assert_eq!(one[0]["status_notes"], "已反馈。下周修补");
    let xml = town.get(&format!("requests/{open}.xml")).await.expect(200);
    assert!(
        xml.xml().contains("桥头路面塌陷\u{fffd}&lt;&amp;&gt;"),
        "{}",
        xml.body
    );
    drop(office);
    town.host.stop().await;
}

#[tokio::test]
async fn what_does_not_fit_is_said_in_the_form_of_the_protocol() {
    let town = Town::start().await;
    let key = town.key("app", &[Deed::Report]).await;
    let reader = town.key("reader", &[Deed::ViewList]).await;
    let phone = town.key("hotline", &[Deed::Report]).await;
    let lamp = "service_code=enforcement-lighting&lat=29&long=119";
    let with = |key: &str, form: &str| format!("api_key={key}&{form}");
    let none = "wjk_00000000000000000000000000000000";
    for (form, status, says) in [
        (lamp.to_owned(), 403, "api_key was not provided"),
        (with("", lamp), 403, "api_key was not provided"),
        (with("xyz", lamp), 403, "invalid api_key"),
        (with(none, lamp), 403, "invalid api_key"),
        (with(&reader, lamp), 403, "may not do report"),
        (with(&phone, lamp), 403, "may not do report-for-another"),
        (
            with(&key, "lat=29&long=119"),
            400,
            "service_code was not provided",
        ),
        (
            with(&key, "service_code=001&lat=29&long=119"),
            404,
            "service_code was not found",
        ),
        (with(&key, "service_code=enforcement-road"), 400, "no place"),
        (
            with(&key, &format!("{lamp}&jurisdiction_id=3308")),
            404,
            "jurisdiction_id was not found",
        ),
        (
            with(&key, &format!("{lamp}&jurisdiction_id=city.gov")),
            404,
            "jurisdiction_id",
        ),
        (with(&key, &format!("{lamp}&description=%FF")), 400, "UTF-8"),
        (
            with(&key, &format!("{lamp}&phone={}", "1".repeat(41))),
            400,
            "phone",
        ),
        (
            with(&key, &format!("{lamp}&description={}", "x".repeat(140_000))),
            413,
            "bytes",
        ),
    ] {
        let answer = town.post("requests.json", &form).await.expect(status);
        let error = answer.json();
        assert_eq!(keys(&error[0]), ["code", "description"], "{says}");
        assert_eq!(error[0]["code"], status);
        let said = error[0]["description"].as_str().unwrap();
        assert!(said.contains(says), "{says}: {said}");
    }
    assert!(town.office().dockets(None, 10).await.unwrap().is_empty());
    for (path, status) in [
        ("services.json?jurisdiction_id=nowhere", 404),
        ("services/001.json", 404),
        ("requests.json?start_date=yesterday", 400),
        ("requests.json?status=lost", 400),
        ("requests.json?api_key=xyz", 403),
        ("requests/17.json", 404),
        ("tokens.json", 400),
        ("tokens/17.json", 404),
        ("nothing.json", 404),
        ("services/%FF.json", 400),
    ] {
        let answer = town.get(path).await.expect(status);
        assert_eq!(answer.json()[0]["code"], status, "{path}");
    }
    let answer = town.get("requests/17.xml").await.expect(404);
    assert_eq!(elements(answer.xml(), &["errors"]), ["error"]);
    assert_eq!(
        elements(answer.xml(), &["errors", "error"]),
        ["code", "description"]
    );
    town.get("services").await.expect(404).xml();
    let post = town.post("services.json", "").await.expect(400);
    assert!(
        post.json()[0]["description"]
            .as_str()
            .unwrap()
            .contains("only read")
    );
    let json = Request::builder()
        .method(Method::POST)
        .uri("/open311/v2/requests.json")
        .header(header::CONTENT_TYPE, "application/json");
    town.send(json, "{}").await.expect(400);
    let two = format!("api_key={key}&lat=29");
    let errors = town.post("requests.xml", &two).await.expect(400);
    assert_eq!(elements(errors.xml(), &["errors"]), ["error", "error"]);
    town.host.stop().await;
}

#[tokio::test]
async fn whoever_says_no_name_is_never_urgent_and_is_turned_away_where_policy_says_so() {
    let town = Town::start().await;
    let key = town.key("app", &[Deed::Report]).await;
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
    town.host.stop().await;
}

#[tokio::test]
async fn a_key_that_was_taken_back_reads_nothing_either() {
    let town = Town::start().await;
    let key = town
        .key("hotline", &[Deed::Report, Deed::ReportForAnother])
        .await;
    let (id, slip) = town.file(&key, "&phone=1").await;
    assert_eq!(town.matter(&id).await.channel, Channel::Hotline);
    let office = town.office();
    let made = office.api_keys().await.unwrap()[0].id;
    office.revoke_key(made, CLERK).await.unwrap();
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
    town.host.stop().await;
}

#[tokio::test]
async fn discovery_says_where_and_in_which_formats() {
    let town = Town::start().await;
    let json = town.get("discovery.json").await.expect(200).json();
    let endpoint = &json["endpoints"][0];
    assert_eq!(
        endpoint["specification"],
        "http://wiki.open311.org/GeoReport_v2"
    );
    assert_eq!(endpoint["url"], "http://localhost/open311/v2");
    assert_eq!(endpoint["type"], "production");
    assert_eq!(endpoint["formats"], json!(["text/xml", "application/json"]));
    let answer = town.get("discovery.xml").await.expect(200);
    assert_eq!(
        elements(answer.xml(), &["discovery"]),
        ["changeset", "contact", "key_service", "endpoints"]
    );
    let proxied = Request::get("/open311/v2/discovery.json").header("x-forwarded-proto", "https");
    let json = town.send(proxied, "").await.expect(200).json();
    assert_eq!(json["endpoints"][0]["url"], "https://localhost/open311/v2");
    town.host.stop().await;
}

/// The words of a line of shell, as far as the page uses it: blanks, double quotes, `$NAME`.
fn words(line: &str, known: &[(&str, &str)]) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for c in line.chars() {
        match c {
            '"' => quoted = !quoted,
            ' ' if !quoted => words.push(String::new()),
            c => words.last_mut().unwrap().push(c),
        }
    }
    for word in &mut words {
        for (name, value) in known {
            *word = word.replace(name, value);
        }
        assert!(!word.contains('$'), "{word}");
    }
    words
}

fn escaped(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

#[tokio::test]
async fn every_example_of_the_page_works() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/open311.md");
    let page = std::fs::read_to_string(page).unwrap();
    let town = Town::start().await;
    let key = town.key("app", &[Deed::Report]).await;
    let (mut id, mut token, mut run) = (String::new(), String::new(), 0);
    for line in page.lines().filter(|line| line.starts_with("curl ")) {
        let known = [
            ("$NODE", ""),
            ("$DIVISION", "33"),
            ("$KEY", &key),
            ("$ID", &id),
            ("$TOKEN", &token),
        ];
        let words = words(line, &known);
        let path = words[1].strip_prefix("/open311/v2/").unwrap();
        let (mut form, mut headers) = (vec![], vec![]);
        for option in words[2..].chunks(2) {
            let [option, value] = option else {
                panic!("{line}")
            };
            match (&**option, value.split_once('=')) {
                ("-d", Some(_)) => form.push(value.clone()),
                ("--data-urlencode", Some((name, value))) => {
                    form.push(format!("{name}={}", escaped(value)));
                }
                ("-H", _) => headers.push(value.split_once(": ").unwrap()),
                _ => panic!("{line}"),
            }
        }
        let answer = if form.is_empty() {
            let mut request = Request::get(format!("/open311/v2/{path}"));
            for (name, value) in headers {
                request = request.header(name, value);
            }
            town.send(request, "").await.expect(200)
        } else {
            let filed = town.post(path, &form.join("&")).await.expect(201);
            let json = filed.json();
            id = json[0]["service_request_id"].as_str().unwrap().to_owned();
            token = json[0]["reporter_token"].as_str().unwrap().to_owned();
            filed
        };
        let about = path.contains("requests") || path.contains("tokens");
        assert_eq!(answer.body.contains(&id) && !id.is_empty(), about, "{line}");
        run += 1;
    }
    assert_eq!(run, 8);
    town.host.stop().await;
}

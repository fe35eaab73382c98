//! A province alone, asked by apps.

use std::ops::Deref;

use http::{HeaderMap, Request, header};
use http_body_util::Full;
use hyper::body::Bytes;
use serde_json::Value;
use testkit::{
    asking::{self, Way},
    province::Province,
};
use wujitong::{
    domain::{
        actor::Actor,
        category::{Class, Visibility},
        ids::MatterId,
        matter::{Act, Matter, Publicity},
        people::Permission,
    },
    office::{NewReport, Work, people::NewKey},
};

pub(crate) const CLERK: Actor = Actor::OsUser(1);

/// A province alone, asked by apps.
pub(crate) struct Town(Province);

impl Deref for Town {
    type Target = Province;

    fn deref(&self) -> &Province {
        &self.0
    }
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        assert_eq!(
            self.kind(),
            "application/json; charset=utf-8",
            "{}",
            self.body
        );
        serde_json::from_str(&self.body).unwrap()
    }

    pub(crate) fn xml(&self) -> &str {
        assert_eq!(self.kind(), "text/xml; charset=utf-8", "{}", self.body);
        let declaration = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n";
        self.body.strip_prefix(declaration).unwrap()
    }

    pub(crate) fn kind(&self) -> &str {
        self.headers[header::CONTENT_TYPE].to_str().unwrap()
    }

    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.body);
        self
    }
}

impl Town {
    pub(crate) async fn start() -> Self {
        Self::start_with("").await
    }

    /// The same, with more settings of `[http]`.
    pub(crate) async fn start_with(http: &str) -> Self {
        Self(Province::start_with(http).await)
    }

    pub(crate) async fn stop(self) {
        self.0.host.stop().await;
    }

    /// A key, by name and permissions.
    pub(crate) async fn key(&self, name: &str, permissions: &[Permission]) -> String {
        let new = NewKey {
            name: name.to_owned(),
            permissions: permissions.iter().copied().collect(),
            division: None,
            days: 30,
        };
        let (_, token) = self.office().people().make_key(new, CLERK).await.unwrap();
        token.to_string()
    }

    pub(crate) async fn send(&self, request: http::request::Builder, body: &str) -> Answer {
        self.send_bytes(request, body.to_owned().into()).await
    }

    pub(crate) async fn send_bytes(&self, request: http::request::Builder, body: Bytes) -> Answer {
        let request = request.header(header::HOST, "localhost");
        let request = request.body(Full::new(body)).unwrap();
        let (parts, body) = asking::send(&self.host, Way::Tcp, request).await;
        Answer {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body: String::from_utf8_lossy(&body).into_owned(),
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Request::get(format!("/open311/v2/{path}")), "")
            .await
    }

    pub(crate) async fn post(&self, path: &str, form: &str) -> Answer {
        let kind = "application/x-www-form-urlencoded; charset=utf-8";
        let request = Request::post(format!("/open311/v2/{path}"));
        self.send(request.header(header::CONTENT_TYPE, kind), form)
            .await
    }

    /// Files a report on a lamp; gives its number and its reporter's token.
    pub(crate) async fn file(&self, key: &str, more: &str) -> (String, String) {
        let form = format!(
            "api_key={key}&service_code=enforcement-lighting&lat=29.0285&long=119.1722{more}"
        );
        let filed = self.post("requests.json", &form).await.expect(201).json();
        let text = |name: &str| filed[0][name].as_str().unwrap().to_owned();
        (text("service_request_id"), text("reporter_token"))
    }

    pub(crate) async fn matter(&self, id: &str) -> Matter {
        let id: MatterId = id.parse().unwrap();
        self.office()
            .matters()
            .docket(id)
            .await
            .unwrap()
            .unwrap()
            .matter
    }

    /// A matter whose reporter agreed that it is published, answered in public.
    pub(crate) async fn published(&self, text: &str) -> String {
        let office = self.office();
        let report = NewReport {
            visibility: Visibility::Public,
            class: Class::Public,
            ..NewReport::new("enforcement/road".parse().unwrap(), text.to_owned())
        };
        let id = office.matters().report(report, CLERK).await.unwrap();
        let reply = Work::Do(Act::Reply(Publicity::Public));
        let note = Some("下周修补".to_owned());
        office
            .matters()
            .work(id, reply, note, CLERK, None)
            .await
            .unwrap();
        id.to_string()
    }
}

pub(crate) fn keys(value: &Value) -> Vec<&str> {
    let object = value.as_object().unwrap();
    let mut keys: Vec<&str> = object.keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys
}

/// Names of the elements directly below the root, or below one of them, in order.
pub(crate) fn elements(xml: &str, path: &[&str]) -> Vec<String> {
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

pub(crate) const REQUEST: [&str; 17] = [
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

pub(crate) fn sorted(names: &[&'static str]) -> Vec<&'static str> {
    let mut names = names.to_vec();
    names.sort_unstable();
    names
}

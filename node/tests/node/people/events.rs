//! Streams of events over the real API.

use std::time::Duration;

use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt, Empty};
use hyper::{
    body::{Bytes, Incoming},
    client::conn::http1,
};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpStream;

use testkit::province::{Province, lamp};

/// An open stream.
struct Stream {
    body: Incoming,
    text: String,
}

/// One event.
#[derive(Debug)]
struct Event {
    name: String,
    id: String,
    data: Value,
}

impl Stream {
    async fn open(province: &Province, token: &str, after: Option<&str>) -> Self {
        let stream = TcpStream::connect(province.host.http().unwrap())
            .await
            .unwrap();
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        let mut request = Request::get("/v1/nodes/33/events")
            .header("host", "localhost")
            .header("authorization", format!("Bearer {token}"));
        if let Some(after) = after {
            request = request.header("last-event-id", after);
        }
        let request = request.body(Empty::<Bytes>::new()).unwrap();
        let response = sender.send_request(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        assert_eq!(response.headers()["cache-control"], "no-store");
        Self {
            body: response.into_body(),
            text: String::new(),
        }
    }

    /// The next event; `None` after the end. Signs of life are passed over.
    async fn next(&mut self) -> Option<Event> {
        loop {
            while let Some((block, rest)) = self.text.split_once("\n\n") {
                let (block, rest) = (block.to_owned(), rest.to_owned());
                self.text = rest;
                let field = |name: &str| {
                    let lines = block.lines().filter_map(|line| line.split_once(": "));
                    let mut found = lines.filter(|(key, _)| *key == name);
                    found.next().map(|(_, value)| value.to_owned())
                };
                if let Some(data) = field("data") {
                    return Some(Event {
                        name: field("event").unwrap(),
                        id: field("id").unwrap_or_default(),
                        data: serde_json::from_str(&data).unwrap(),
                    });
                }
            }
            let frame = self.body.frame().await?.unwrap();
            let data = frame.into_data().unwrap();
            self.text += std::str::from_utf8(&data).unwrap();
        }
    }

    async fn event(&mut self) -> Event {
        let next = tokio::time::timeout(Duration::from_secs(30), self.next());
        next.await.expect("an event comes").expect("no end yet")
    }
}

#[tokio::test]
async fn a_stream_tells_each_change_and_goes_on_where_it_stopped() {
    let province = Province::start().await;
    let administrators = province.administrators().await;
    let official = province
        .person(&administrators, "guan", &["official"])
        .await;
    let before = province.report(&official).await;
    let mut stream = Stream::open(&province, &official, None).await;
    let begin = stream.event().await;
    assert_eq!(begin.name, "begin");
    let mut secret = lamp();
    secret["contact"] = json!({ "name": "王小明", "phone": "13857012345", "address": "张王村" });
    let report = province.post("matters").by(&official).body(secret);
    let id = report.send().await.expect(201).text("id");
    let told = stream.event().await;
    assert_eq!(
        (&*told.name, &told.data["matter"]),
        ("matter.new", &json!(id))
    );
    assert_ne!(told.data["matter"], json!(before));
    assert_eq!(told.data["actor"], "person");
    assert_eq!(told.data["id"], json!(told.id));
    let all = told.data.to_string();
    for private in ["王小明", "13857012345", "路灯不亮", "guan"] {
        assert!(!all.contains(private), "{all}");
    }
    let path = format!("matters/{id}/acts");
    for act in [
        json!({ "act": "accept" }),
        json!({ "act": "handle", "note": "已派电工" }),
    ] {
        province
            .post(&path)
            .by(&official)
            .body(act)
            .send()
            .await
            .expect(200);
    }
    let accepted = stream.event().await;
    assert_eq!(
        (&*accepted.name, &accepted.data["act"]),
        ("matter.changed", &json!("accept"))
    );
    drop(stream);

    let province = province.restart().await;
    let mut stream = Stream::open(&province, &official, Some(&accepted.id)).await;
    assert_eq!(stream.event().await.name, "begin");
    let handled = stream.event().await;
    assert_eq!(
        (&handled.data["act"], &handled.data["matter"]),
        (&json!("handle"), &json!(id))
    );

    let mut lost = Stream::open(&province, &official, Some("00000000-1")).await;
    let gap = lost.event().await;
    assert_eq!((&*gap.name, &*gap.id), ("gap", &*handled.id));
    assert!(gap.data["detail"].is_string());

    province.host.stop().await;
    let end = stream.event().await;
    assert_eq!(end.name, "end");
    assert!(
        end.data["detail"].as_str().unwrap().contains("stopping"),
        "{end:?}"
    );
    assert!(stream.next().await.is_none());
}

#[tokio::test]
async fn a_stream_is_for_those_who_may_watch_and_ends_when_they_may_not_any_more() {
    let province = Province::start().await;
    let administrators = province.administrators().await;
    let official = province
        .person(&administrators, "guan", &["official"])
        .await;
    let resident = province.person(&administrators, "min", &["resident"]).await;
    province.get("events").send().await.expect(401);
    province
        .get("events")
        .by(&resident)
        .send()
        .await
        .expect(403);
    let bad = province
        .get("events")
        .by(&official)
        .with("last-event-id", "seventeen");
    bad.send().await.expect(422);
    province
        .get("events?after=x")
        .by(&official)
        .send()
        .await
        .expect(422);

    // A key that may watch, but not list matters, is told of templates only.
    let key = json!({ "name": "屏", "permissions": ["watch", "view-templates"], "days": 1 });
    let keys = province
        .post("api-keys")
        .by(&administrators["sec"])
        .body(key);
    let key = keys.send().await.expect(201).text("token");
    let mut screen = Stream::open(&province, &key, None).await;
    let mut stream = Stream::open(&province, &official, None).await;
    assert_eq!(screen.event().await.name, "begin");
    assert_eq!(stream.event().await.name, "begin");
    province.report(&official).await;
    assert_eq!(stream.event().await.name, "matter.new");
    let template =
        json!({ "kind": "policy", "name": "hall", "title": "公告", "content": "format = 1\n" });
    province.issue(template).await;
    let told = screen.event().await;
    assert_eq!(
        (&*told.name, &told.data["version"]),
        ("template", &json!(1))
    );
    assert_eq!(stream.event().await.name, "template");

    let closed = province.patch("accounts/guan").by(&administrators["sys"]);
    closed
        .body(json!({ "disabled": true }))
        .send()
        .await
        .expect(200);
    let other = province.person(&administrators, "bei", &["official"]).await;
    province.report(&other).await;
    let end = stream.event().await;
    assert_eq!(end.name, "end", "{end:?}");
    assert!(stream.next().await.is_none());
    let socket = province.socket(Method::GET, "events").send().await;
    socket.expect(403);
    province.host.stop().await;
}

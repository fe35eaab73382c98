//! Webhooks over the real API, against a receiver over real TCP.

use std::{collections::VecDeque, convert::Infallible, sync::Arc, time::Duration};

use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Empty};
use hyper::{
    body::{Bytes, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpListener,
    sync::{Mutex, mpsc},
};
use tokio_rustls::TlsAcceptor;

use crate::people::alone::{Alone, Answer, lamp};

/// Settings under which this machine may be told.
const LOOPBACK: &str = "[hooks]\nallow = ['127.0.0.0/8', '::1']\n";

/// Another system.
struct Receiver {
    port: u16,
    received: mpsc::UnboundedReceiver<(HeaderMap, Bytes)>,
    answers: Arc<Mutex<VecDeque<Response<Empty<Bytes>>>>>,
}

fn answer(status: u16) -> Response<Empty<Bytes>> {
    let mut response = Response::new(Empty::new());
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    response
}

impl Receiver {
    async fn start(tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (heard, received) = mpsc::unbounded_channel();
        let answers: Arc<Mutex<VecDeque<_>>> = Arc::default();
        let queue = Arc::clone(&answers);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (tls, heard, queue) = (tls.clone(), heard.clone(), Arc::clone(&queue));
                tokio::spawn(async move {
                    match tls {
                        None => serve(stream, heard, queue).await,
                        Some(tls) => {
                            if let Ok(stream) = tls.accept(stream).await {
                                serve(stream, heard, queue).await;
                            }
                        }
                    }
                });
            }
        });
        Self {
            port,
            received,
            answers,
        }
    }

    /// What it answers next; 204 when nothing else was said.
    async fn will_answer(&self, response: Response<Empty<Bytes>>) {
        self.answers.lock().await.push_back(response);
    }

    async fn next(&mut self) -> (HeaderMap, Bytes) {
        let next = tokio::time::timeout(Duration::from_secs(30), self.received.recv());
        next.await.expect("an event comes").unwrap()
    }

    async fn event(&mut self) -> Value {
        serde_json::from_slice(&self.next().await.1).unwrap()
    }

    fn is_quiet(&mut self) -> bool {
        self.received.try_recv().is_err()
    }
}

async fn serve<S>(
    stream: S,
    heard: mpsc::UnboundedSender<(HeaderMap, Bytes)>,
    queue: Arc<Mutex<VecDeque<Response<Empty<Bytes>>>>>,
) where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let service = service_fn(|request: Request<Incoming>| {
        let (heard, queue) = (heard.clone(), Arc::clone(&queue));
        async move {
            assert_eq!(request.method(), Method::POST);
            let (parts, body) = request.into_parts();
            let body = body.collect().await.unwrap().to_bytes();
            let answer = queue.lock().await.pop_front();
            let _gone = heard.send((parts.headers, body));
            Ok::<_, Infallible>(answer.unwrap_or_else(|| crate::people::hooks::answer(204)))
        }
    });
    let _broken = http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

impl Alone {
    async fn hook(&self, url: &str, more: Value) -> Answer {
        let mut request = json!({ "name": "数据大脑", "url": url });
        for (name, value) in more.as_object().unwrap() {
            request[name] = value.clone();
        }
        let ask = self.socket(Method::POST, "webhooks");
        ask.body(request).send().await
    }

    async fn lamp(&self) -> String {
        let ask = self.socket(Method::POST, "matters");
        ask.body(lamp()).send().await.expect(201).text("id")
    }

    /// The alarm that stands because a webhook fails.
    async fn webhook_alarm(&self) -> Value {
        let standing = self.socket(Method::GET, "alarms").send().await.expect(200);
        let standing = standing.json["alarms"].as_array().unwrap().clone();
        let mut standing = standing.into_iter();
        let failing = standing.find(|alarm| alarm["kind"] == "webhook-fails");
        failing.expect("an alarm stands")
    }

    async fn hooks(&self) -> Vec<Value> {
        let list = self
            .socket(Method::GET, "webhooks")
            .send()
            .await
            .expect(200);
        list.json["hooks"].as_array().unwrap().clone()
    }
}

/// Checks a signature the way a receiver does.
fn check(secret: &str, headers: &HeaderMap, body: &[u8]) {
    let text = headers["wujitong-signature"].to_str().unwrap();
    let field = |name: &str| {
        let mut parts = text.split(',').filter_map(|part| part.split_once('='));
        parts.find(|(key, _)| *key == name).unwrap().1
    };
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, secret.as_bytes());
    let signed = [field("t").as_bytes(), b".", body].concat();
    let hex = ring::hmac::sign(&key, &signed);
    let hex: String = hex.as_ref().iter().map(|b| format!("{b:02x}")).collect();
    assert_eq!(field("v1"), hex);
}

/// Whether some bytes are in a file below a directory.
fn is_in_a_file(dir: &std::path::Path, needle: &[u8]) -> bool {
    std::fs::read_dir(dir).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        match (path.is_dir(), path.is_file()) {
            (true, _) => is_in_a_file(&path, needle),
            (_, true) => {
                let bytes = std::fs::read(&path).unwrap();
                bytes.windows(needle.len()).any(|some| some == needle)
            }
            _ => false,
        }
    })
}

#[tokio::test]
async fn what_a_webhook_signs_with_is_in_no_file_of_the_node_and_signs_all_the_same() {
    let alone = Alone::start_with(LOOPBACK).await;
    let mut receiver = Receiver::start(None).await;
    let url = format!("http://127.0.0.1:{}/in", receiver.port);
    let secret = alone.hook(&url, json!({})).await.expect(201).text("secret");
    let second = alone.hook(&url, json!({})).await.expect(201);
    assert_ne!(second.text("secret"), secret, "each has its own");
    let path = format!("webhooks/{}", second.text("id"));
    alone.socket(Method::DELETE, &path).send().await.expect(204);
    alone.lamp().await;
    let (headers, body) = receiver.next().await;
    check(&secret, &headers, &body);
    let needles = [&secret, &second.text("secret")].map(|secret| {
        let digits = secret.strip_prefix("whsec_").unwrap();
        let digit = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).unwrap();
        let raw: Vec<u8> = (0..64).step_by(2).map(digit).collect();
        [digits.as_bytes().to_vec(), raw]
    });
    let in_no_file = |alone: &Alone| {
        for needle in needles.as_flattened() {
            assert!(!is_in_a_file(alone.dir(), needle));
        }
        assert!(is_in_a_file(alone.dir(), url.as_bytes()), "the control");
    };
    in_no_file(&alone);
    // Closed and opened again: the engine has everything, and the secret is made anew.
    let alone = alone.restart().await;
    alone.lamp().await;
    let (headers, body) = receiver.next().await;
    check(&secret, &headers, &body);
    in_no_file(&alone);
    alone.host.stop().await;
}

#[tokio::test]
async fn each_change_is_told_once_in_order_and_signed_over_restarts() {
    let alone = Alone::start_with(LOOPBACK).await;
    let mut receiver = Receiver::start(None).await;
    alone.lamp().await;
    let url = format!("http://127.0.0.1:{}/in?from=33", receiver.port);
    let made = alone.hook(&url, json!({})).await.expect(201);
    let secret = made.text("secret");
    assert!(secret.starts_with("whsec_") && secret.len() == 70);
    let listed = alone.hooks().await;
    assert!(!json!(listed).to_string().contains(&secret), "shown once");

    let first = alone.lamp().await;
    let (headers, body) = receiver.next().await;
    assert_eq!(
        headers["content-type"],
        "application/cloudevents+json; charset=utf-8"
    );
    assert_eq!(headers["wujitong-webhook"], made.text("id").as_str());
    check(&secret, &headers, &body);
    let event: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(event["specversion"], "1.0");
    assert_eq!(event["type"], "wujitong.matter.new");
    assert_eq!(event["subject"], json!(first), "not of what was before");
    assert_eq!(event["data"]["matter"], json!(first));
    assert_eq!(event["id"], event["data"]["id"]);
    assert!(
        event["source"]
            .as_str()
            .unwrap()
            .starts_with("urn:wujitong:")
    );
    assert!(event["source"].as_str().unwrap().ends_with(":330000000000"));
    event["time"]
        .as_str()
        .unwrap()
        .parse::<jiff::Timestamp>()
        .unwrap();
    assert!(!event.to_string().contains("路灯"));

    let mut ids = vec![];
    for _ in 0..5 {
        ids.push(alone.lamp().await);
    }
    for id in &ids {
        assert_eq!(receiver.event().await["subject"], json!(id));
    }
    // What happens while nobody listens, or the node is down, is told later.
    receiver.will_answer(answer(500)).await;
    let while_failing = alone.lamp().await;
    let failed = receiver.event().await;
    assert_eq!(failed["subject"], json!(while_failing));
    let later = alone.lamp().await;
    let alone = alone.restart().await;
    let again = receiver.event().await;
    assert_eq!(again, failed, "the same id, so that it is known");
    assert_eq!(receiver.event().await["subject"], json!(later));
    assert!(receiver.is_quiet());
    alone.host.stop().await;
}

#[tokio::test]
async fn a_webhook_is_told_only_what_it_asked_for_and_nothing_after_it_was_removed() {
    let alone = Alone::start_with(LOOPBACK).await;
    let mut receiver = Receiver::start(None).await;
    let url = format!("http://localhost:{}/", receiver.port);
    let made = alone
        .hook(&url, json!({ "kinds": ["matter.closed"] }))
        .await;
    let id = made.expect(201).text("id");
    let new = wujitong::office::NewReport::new(
        "enforcement/lighting".parse().unwrap(),
        "路灯不亮".to_owned(),
    );
    let reporter = wujitong::domain::actor::Actor::OsUser(4_242);
    let matter = alone.office().report(new, reporter).await.unwrap();
    alone.lamp().await;
    let acts = format!("matters/{matter}/acts");
    for act in [
        json!({ "act": "accept" }),
        json!({ "act": "close", "outcome": "solved", "note": "done" }),
    ] {
        alone
            .socket(Method::POST, &acts)
            .body(act)
            .send()
            .await
            .expect(200);
    }
    let event = receiver.event().await;
    assert_eq!(event["type"], "wujitong.matter.closed");
    assert_eq!(event["subject"], json!(matter));

    let test = format!("webhooks/{id}/test");
    let tested = alone.socket(Method::POST, &test).send().await.expect(200);
    assert_eq!(tested.json["taken"], json!(true));
    assert_eq!(receiver.event().await["type"], "wujitong.test");
    receiver.will_answer(answer(302)).await;
    let tested = alone.socket(Method::POST, &test).send().await.expect(200);
    assert_eq!(tested.json["taken"], json!(false));
    assert!(tested.text("detail").contains("redirects are not followed"));
    receiver.event().await;

    let one = format!("webhooks/{id}");
    alone.socket(Method::DELETE, &one).send().await.expect(204);
    alone.socket(Method::DELETE, &one).send().await.expect(404);
    alone.socket(Method::POST, &test).send().await.expect(404);
    let matter = alone.lamp().await;
    let reject = json!({ "act": "reject", "reason": "nonsense", "note": "无效" });
    let acts = format!("matters/{matter}/acts");
    alone
        .socket(Method::POST, &acts)
        .body(reject)
        .send()
        .await
        .expect(200);
    assert!(alone.hooks().await.is_empty());
    let alone = alone.restart().await;
    assert!(receiver.is_quiet());
    alone.host.stop().await;
}

#[tokio::test]
async fn a_receiver_that_fails_for_days_is_given_up_shown_and_resumed_without_loss() {
    let alone = Alone::start_with(LOOPBACK).await;
    let mut receiver = Receiver::start(None).await;
    let url = format!("http://127.0.0.1:{}/", receiver.port);
    // Only of new ones: clocks of matters announce things as the days go by.
    let new = json!({ "kinds": ["matter.new"] });
    let id = alone.hook(&url, new).await.expect(201).text("id");
    for _ in 0..8 {
        receiver.will_answer(answer(503)).await;
    }
    let first = alone.lamp().await;
    let failed = receiver.event().await;
    assert_eq!(failed["subject"], json!(first));
    // Each further report wakes the courier, who looks at the clock.
    let day = Duration::from_secs(24 * 3_600);
    let mut later = vec![];
    for _ in 0..4 {
        alone.later(day);
        later.push(alone.lamp().await);
        assert_eq!(receiver.event().await["id"], failed["id"], "order is kept");
    }
    let shown = || async {
        let status = alone
            .socket(Method::GET, "/v1/status")
            .send()
            .await
            .expect(200);
        status.json["nodes"][0]["failing_hooks"].clone()
    };
    let mut failing = shown().await;
    while failing[0]["given_up"] != json!(true) {
        tokio::task::yield_now().await;
        failing = shown().await;
    }
    assert_eq!(
        (&failing[0]["id"], &failing[0]["failures"]),
        (&json!(id), &json!(5))
    );
    let alarm = alone.webhook_alarm().await;
    let detail = alarm["detail"].as_str().unwrap();
    assert!(detail.contains(&id), "{detail}");
    alone.later(day);
    later.push(alone.lamp().await);
    assert!(receiver.is_quiet());

    let settled = async || !alone.webhook_alarm().await["settled_ms"].is_null();
    assert!(!settled().await);
    receiver.answers.lock().await.clear();
    let resumed = format!("webhooks/{id}/resumed");
    alone.socket(Method::PUT, &resumed).send().await.expect(204);
    assert_eq!(receiver.event().await["id"], failed["id"]);
    for id in later {
        assert_eq!(receiver.event().await["subject"], json!(id));
    }
    // It was taken again, so the alarm says so; it stands until a person closes it.
    while !settled().await {
        tokio::task::yield_now().await;
    }
    receiver.will_answer(answer(410)).await;
    alone.lamp().await;
    receiver.event().await;
    while alone.hooks().await[0]["given_up_ms"].is_null() {
        tokio::task::yield_now().await;
    }
    assert!(!settled().await, "it fails again");
    let gone = alone.socket(Method::DELETE, &format!("webhooks/{id}"));
    gone.send().await.expect(204);
    while !settled().await {
        tokio::task::yield_now().await;
    }
    alone.host.stop().await;
}

#[tokio::test]
async fn over_tls_the_receiver_must_be_vouched_for() {
    let dir = tempfile::tempdir().unwrap();
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let roots = dir.path().join("roots.pem");
    std::fs::write(&roots, made.cert.pem()).unwrap();
    let key = rustls_pki_types::PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    let mut receiver = Receiver::start(Some(TlsAcceptor::from(Arc::new(tls)))).await;
    let alone = Alone::start_with(&format!("{LOOPBACK}roots = '{}'\n", roots.display())).await;
    let url = |host: &str| format!("https://{host}:{}/in", receiver.port);
    let (good, strange) = (url("localhost"), url("127.0.0.1"));
    let id = alone.hook(&good, json!({})).await.expect(201).text("id");
    let other = alone.hook(&strange, json!({ "kinds": ["template"] })).await;
    let other = other.expect(201).text("id");
    let matter = alone.lamp().await;
    assert_eq!(receiver.event().await["subject"], json!(matter));
    let test = |id: &str| {
        alone
            .socket(Method::POST, &format!("webhooks/{id}/test"))
            .send()
    };
    assert_eq!(test(&id).await.expect(200).json["taken"], json!(true));
    let refused = test(&other).await.expect(200);
    assert_eq!(refused.json["taken"], json!(false));
    assert!(refused.text("detail").contains("TLS"), "{refused:?}");
    alone.host.stop().await;
}

#[tokio::test]
async fn a_webhook_does_not_lead_into_the_nodes_own_network_unless_an_operator_says_so() {
    let alone = Alone::start().await;
    let mut receiver = Receiver::start(None).await;
    for url in [
        &format!("http://127.0.0.1:{}/", receiver.port),
        "https://10.0.0.1/",
        "https://[::1]/",
        "https://169.254.169.254/latest/meta-data",
        "http://city.example/",
        "ftp://city.example/",
        "https://me:secret@city.example/",
    ] {
        let refused = alone.hook(url, json!({})).await.expect(422);
        assert!(
            refused.json["hint"].is_string() || !refused.text("detail").is_empty(),
            "{url}"
        );
    }
    let named = format!("https://localhost:{}/", receiver.port);
    let id = alone.hook(&named, json!({})).await.expect(201).text("id");
    let test = alone.socket(Method::POST, &format!("webhooks/{id}/test"));
    let tested = test.send().await.expect(200);
    assert!(
        tested.text("detail").contains("not a public address"),
        "{tested:?}"
    );
    assert!(receiver.is_quiet());
    for more in [
        json!({ "name": "" }),
        json!({ "kinds": ["matter.lost"] }),
        json!({ "division": "44" }),
        json!({ "colour": "red" }),
    ] {
        alone.hook("https://city.example/", more).await.expect(422);
    }
    let administrators = alone.administrators().await;
    let official = alone.person(&administrators, "guan", &["official"]).await;
    alone.get("webhooks").by(&official).send().await.expect(403);
    let list = alone
        .get("webhooks")
        .by(&administrators["sec"])
        .send()
        .await;
    assert_eq!(list.expect(200).json["hooks"].as_array().unwrap().len(), 1);
    alone.host.stop().await;
}

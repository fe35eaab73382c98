//! Webhooks over the real API, against a receiver over real TCP.

use std::{sync::Arc, time::Duration};

use http::Method;
use serde_json::{Value, json};
use tokio_rustls::TlsAcceptor;

use testkit::{
    asking::Answer,
    province::{Province, lamp},
};

mod receiver;

use receiver::{Receiver, answer, check};

/// Settings under which this machine may be told.
const LOOPBACK: &str = "[webhooks]\nallow = ['127.0.0.0/8', '::1']\n";

/// What these tests ask as the owner of the node.
trait Owner {
    async fn hook(&self, url: &str, more: Value) -> Answer;
    async fn lamp(&self) -> String;
    /// The alarm that stands because a webhook fails.
    async fn webhook_alarm(&self) -> Value;
    async fn hooks(&self) -> Vec<Value>;
}

impl Owner for Province {
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
    let province = Province::start_with(LOOPBACK).await;
    let mut receiver = Receiver::start(None).await;
    let url = format!("http://127.0.0.1:{}/in", receiver.port);
    let secret = province
        .hook(&url, json!({}))
        .await
        .expect(201)
        .text("secret");
    let second = province.hook(&url, json!({})).await.expect(201);
    assert_ne!(second.text("secret"), secret, "each has its own");
    let path = format!("webhooks/{}", second.text("id"));
    province
        .socket(Method::DELETE, &path)
        .send()
        .await
        .expect(204);
    province.lamp().await;
    let (headers, body) = receiver.next().await;
    check(&secret, &headers, &body);
    let needles = [&secret, &second.text("secret")].map(|secret| {
        let digits = secret.strip_prefix("whsec_").unwrap();
        let digit = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).unwrap();
        let raw: Vec<u8> = (0..64).step_by(2).map(digit).collect();
        [digits.as_bytes().to_vec(), raw]
    });
    let in_no_file = |province: &Province| {
        for needle in needles.as_flattened() {
            assert!(!is_in_a_file(province.dir(), needle));
        }
        assert!(is_in_a_file(province.dir(), url.as_bytes()), "the control");
    };
    in_no_file(&province);
    // Closed and opened again: the engine has everything, and the secret is made anew.
    let province = province.restart().await;
    province.lamp().await;
    let (headers, body) = receiver.next().await;
    check(&secret, &headers, &body);
    in_no_file(&province);
    province.host.stop().await;
}

#[tokio::test]
async fn each_change_is_told_once_in_order_and_signed_over_restarts() {
    let province = Province::start_with(LOOPBACK).await;
    let mut receiver = Receiver::start(None).await;
    province.lamp().await;
    let url = format!("http://127.0.0.1:{}/in?from=33", receiver.port);
    let made = province.hook(&url, json!({})).await.expect(201);
    let secret = made.text("secret");
    assert!(secret.starts_with("whsec_") && secret.len() == 70);
    let listed = province.hooks().await;
    assert!(!json!(listed).to_string().contains(&secret), "shown once");

    let first = province.lamp().await;
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
        ids.push(province.lamp().await);
    }
    for id in &ids {
        assert_eq!(receiver.event().await["subject"], json!(id));
    }
    // What happens while nobody listens, or the node is down, is told later.
    receiver.will_answer(answer(500)).await;
    let while_failing = province.lamp().await;
    let failed = receiver.event().await;
    assert_eq!(failed["subject"], json!(while_failing));
    let later = province.lamp().await;
    let province = province.restart().await;
    let again = receiver.event().await;
    assert_eq!(again, failed, "the same id, so that it is known");
    assert_eq!(receiver.event().await["subject"], json!(later));
    assert!(receiver.is_quiet());
    province.host.stop().await;
}

#[tokio::test]
async fn a_webhook_is_told_only_what_it_asked_for_and_nothing_after_it_was_removed() {
    let province = Province::start_with(LOOPBACK).await;
    let mut receiver = Receiver::start(None).await;
    let url = format!("http://localhost:{}/", receiver.port);
    let made = province
        .hook(&url, json!({ "kinds": ["matter.closed"] }))
        .await;
    let id = made.expect(201).text("id");
    let new = wujitong::office::NewReport::new(
        "enforcement/lighting".parse().unwrap(),
        "路灯不亮".to_owned(),
    );
    let reporter = wujitong::domain::actor::Actor::OsUser(4_242);
    let matter = province
        .office()
        .matters()
        .report(new, reporter)
        .await
        .unwrap();
    province.lamp().await;
    let acts = format!("matters/{matter}/acts");
    for act in [
        json!({ "act": "accept" }),
        json!({ "act": "close", "outcome": "solved", "note": "done" }),
    ] {
        province
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
    let tested = province
        .socket(Method::POST, &test)
        .send()
        .await
        .expect(200);
    assert_eq!(tested.json["taken"], json!(true));
    assert_eq!(receiver.event().await["type"], "wujitong.test");
    receiver.will_answer(answer(302)).await;
    let tested = province
        .socket(Method::POST, &test)
        .send()
        .await
        .expect(200);
    assert_eq!(tested.json["taken"], json!(false));
    assert!(tested.text("detail").contains("redirects are not followed"));
    receiver.event().await;

    let one = format!("webhooks/{id}");
    province
        .socket(Method::DELETE, &one)
        .send()
        .await
        .expect(204);
    province
        .socket(Method::DELETE, &one)
        .send()
        .await
        .expect(404);
    province
        .socket(Method::POST, &test)
        .send()
        .await
        .expect(404);
    let matter = province.lamp().await;
    let reject = json!({ "act": "reject", "reason": "nonsense", "note": "无效" });
    let acts = format!("matters/{matter}/acts");
    province
        .socket(Method::POST, &acts)
        .body(reject)
        .send()
        .await
        .expect(200);
    assert!(province.hooks().await.is_empty());
    let province = province.restart().await;
    assert!(receiver.is_quiet());
    province.host.stop().await;
}

#[tokio::test]
async fn a_receiver_that_fails_for_days_is_given_up_shown_and_resumed_without_loss() {
    let province = Province::start_with(LOOPBACK).await;
    let mut receiver = Receiver::start(None).await;
    let url = format!("http://127.0.0.1:{}/", receiver.port);
    // Only of new ones: clocks of matters announce things as the days go by.
    let new = json!({ "kinds": ["matter.new"] });
    let id = province.hook(&url, new).await.expect(201).text("id");
    for _ in 0..8 {
        receiver.will_answer(answer(503)).await;
    }
    let first = province.lamp().await;
    let failed = receiver.event().await;
    assert_eq!(failed["subject"], json!(first));
    // Each further report wakes the delivery, which looks at the clock.
    let day = Duration::from_secs(24 * 3_600);
    let mut later = vec![];
    for _ in 0..4 {
        province.clock.shift(day);
        later.push(province.lamp().await);
        assert_eq!(receiver.event().await["id"], failed["id"], "order is kept");
    }
    let shown = || async {
        let status = province
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
    let alarm = province.webhook_alarm().await;
    let detail = alarm["detail"].as_str().unwrap();
    assert!(detail.contains(&id), "{detail}");
    province.clock.shift(day);
    later.push(province.lamp().await);
    assert!(receiver.is_quiet());

    let settled = async || !province.webhook_alarm().await["settled_ms"].is_null();
    assert!(!settled().await);
    receiver.answers.lock().await.clear();
    let resumed = format!("webhooks/{id}/resumed");
    province
        .socket(Method::PUT, &resumed)
        .send()
        .await
        .expect(204);
    assert_eq!(receiver.event().await["id"], failed["id"]);
    for id in later {
        assert_eq!(receiver.event().await["subject"], json!(id));
    }
    // It was taken again, so the alarm says so; it stands until a person closes it.
    while !settled().await {
        tokio::task::yield_now().await;
    }
    receiver.will_answer(answer(410)).await;
    province.lamp().await;
    receiver.event().await;
    while province.hooks().await[0]["given_up_ms"].is_null() {
        tokio::task::yield_now().await;
    }
    assert!(!settled().await, "it fails again");
    let gone = province.socket(Method::DELETE, &format!("webhooks/{id}"));
    gone.send().await.expect(204);
    while !settled().await {
        tokio::task::yield_now().await;
    }
    province.host.stop().await;
}

#[tokio::test]
async fn status_shows_what_waits_for_a_webhook_that_fails_and_why_it_fails() {
    let province = Province::start_with(LOOPBACK).await;
    let mut receiver = Receiver::start(None).await;
    let url = format!("http://127.0.0.1:{}/", receiver.port);
    let id = province.hook(&url, json!({})).await.expect(201).text("id");
    let worker = |name: &'static str| {
        let ask = province.socket(Method::GET, "/v1/status");
        async move {
            let status = ask.send().await.expect(200).json;
            let workers = status["nodes"][0]["workers"].as_array().unwrap().clone();
            let found = workers.into_iter().find(|worker| worker["name"] == name);
            found.unwrap_or_default()
        }
    };
    let until = async |holds: &dyn Fn(&Value) -> bool| {
        loop {
            let webhook = worker("webhook").await;
            if holds(&webhook) {
                return webhook;
            }
            tokio::task::yield_now().await;
        }
    };
    let well = until(&|webhook| webhook["state"] == "idle").await;
    assert_eq!(well["subject"], json!(id));
    assert_eq!((&well["queue"], &well["failures"]), (&json!(0), &json!(0)));

    // It asks to be left alone for a while; what happens meanwhile waits.
    let mut busy = answer(503);
    let wait = http::HeaderValue::from_static("600");
    busy.headers_mut().insert("retry-after", wait);
    receiver.will_answer(busy).await;
    province.lamp().await;
    receiver.event().await;
    for _ in 0..2 {
        province.lamp().await;
    }
    let failing = until(&|webhook| webhook["queue"] == 3).await;
    assert_eq!(failing["state"], "failing");
    assert_eq!(failing["failures"], json!(1));
    assert_eq!(
        failing["last_error"],
        "the receiver answered 503 Service Unavailable"
    );
    assert_eq!(
        failing["last_error_chinese"],
        "接收方答复“503 Service Unavailable”"
    );
    let [since, at, until_ms] =
        ["since_ms", "last_error_ms", "until_ms"].map(|name| failing[name].as_i64().unwrap());
    assert_eq!(since, at);
    let wait = until_ms - at;
    assert!(
        (590_000..=600_000).contains(&wait),
        "as long as the receiver asks for: {wait}"
    );
    let others = worker("webhooks").await;
    assert_eq!(others["state"], "idle", "it stops nothing else");
    let data = province.dir().to_owned();
    let shown = tokio::task::spawn_blocking(move || {
        let mut program = std::process::Command::new(testkit::program::program());
        let asked = program.arg("status").arg("--data").arg(data);
        String::from_utf8(asked.output().unwrap().stdout).unwrap()
    });
    let shown = shown.await.unwrap();
    let row = |line: &&str| line.contains("webhook 变更推送") && line.contains(&id);
    let line = shown.lines().find(row).expect(&shown);
    assert!(line.contains("failing 出错"), "{shown}");
    assert!(line.contains("answered 503"), "{shown}");

    let resumed = format!("webhooks/{id}/resumed");
    province
        .socket(Method::PUT, &resumed)
        .send()
        .await
        .expect(204);
    for _ in 0..3 {
        receiver.event().await;
    }
    let well = until(&|webhook| webhook["state"] == "idle").await;
    assert_eq!((&well["queue"], &well["failures"]), (&json!(0), &json!(1)));
    assert_eq!(
        well["last_error_ms"], failing["last_error_ms"],
        "it was then"
    );
    let gone = province.socket(Method::DELETE, &format!("webhooks/{id}"));
    gone.send().await.expect(204);
    until(&|webhook| webhook.is_null()).await;
    province.host.stop().await;
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
    let province =
        Province::start_with(&format!("{LOOPBACK}roots = '{}'\n", roots.display())).await;
    let url = |host: &str| format!("https://{host}:{}/in", receiver.port);
    let (good, strange) = (url("localhost"), url("127.0.0.1"));
    let id = province.hook(&good, json!({})).await.expect(201).text("id");
    let other = province
        .hook(&strange, json!({ "kinds": ["template"] }))
        .await;
    let other = other.expect(201).text("id");
    let matter = province.lamp().await;
    assert_eq!(receiver.event().await["subject"], json!(matter));
    let test = |id: &str| {
        province
            .socket(Method::POST, &format!("webhooks/{id}/test"))
            .send()
    };
    assert_eq!(test(&id).await.expect(200).json["taken"], json!(true));
    let refused = test(&other).await.expect(200);
    assert_eq!(refused.json["taken"], json!(false));
    assert!(refused.text("detail").contains("TLS"), "{refused:?}");
    province.host.stop().await;
}

#[tokio::test]
async fn a_webhook_does_not_lead_into_the_nodes_own_network_unless_an_operator_says_so() {
    let province = Province::start().await;
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
        let refused = province.hook(url, json!({})).await.expect(422);
        assert!(
            refused.json["hint"].is_string() || !refused.text("detail").is_empty(),
            "{url}"
        );
    }
    let named = format!("https://localhost:{}/", receiver.port);
    let id = province
        .hook(&named, json!({}))
        .await
        .expect(201)
        .text("id");
    let test = province.socket(Method::POST, &format!("webhooks/{id}/test"));
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
        province
            .hook("https://city.example/", more)
            .await
            .expect(422);
    }
    let administrators = province.administrators().await;
    let official = province
        .person(&administrators, "guan", &["official"])
        .await;
    province
        .get("webhooks")
        .by(&official)
        .send()
        .await
        .expect(403);
    let list = province
        .get("webhooks")
        .by(&administrators["sec"])
        .send()
        .await;
    assert_eq!(list.expect(200).json["hooks"].as_array().unwrap().len(), 1);
    province.host.stop().await;
}

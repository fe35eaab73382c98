//! The API on the control socket and the HTTP listener, asked over real sockets.

use std::{os::unix::fs::PermissionsExt, path::Path, sync::Arc};

use http::{Method, Request, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::{body::Bytes, client::conn::http1};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::{
    io::AsyncWriteExt,
    net::{TcpStream, UnixStream},
};
use topology::{DivisionCode, Outlines, Tree};
use wujitong::{
    api::{MatterPage, Named, ReportRequest, problem::Problem},
    app::{Host, Plan, SystemClock},
    cli::client::{Client, ClientError},
    domain::{actor::Actor, matter::Outcome, suite::Suite},
    identity::{CertificateProfile, Founding, found_network},
    office::Clock,
};

/// A province alone, on a disk of its own, without any file but its keys.
struct Alone {
    host: Host,
    dir: tempfile::TempDir,
}

impl Alone {
    async fn start() -> Self {
        Self::with("").await
    }

    /// With further settings.
    async fn with(settings: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let tree = Tree::load("code,name\n33,浙江省\n3308,衢州市\n").unwrap();
        let tree = Arc::new(tree.with_outlines(Outlines::zhejiang()));
        let founding = Founding {
            zone: "zj.example".to_owned(),
            demo: false,
            suite: Suite::Ed25519Blake3,
        };
        let now = u64::try_from(SystemClock.now().0).unwrap();
        let now = std::time::Duration::from_millis(now);
        let terms = CertificateProfile::at(rustls_pki_types::UnixTime::since_unix_epoch(now));
        found_network(dir.path(), &tree, &founding, &terms).unwrap();
        let usual = "data = '.'\nnodes = ['33']\nzone = 'zj.example'\nlisten = '127.0.0.1:0'\n\
                     [http]\nlisten = '127.0.0.1:0'\n";
        let raw = config::Raw::from_toml(&format!("{usual}{settings}"));
        let config = raw.unwrap().check(dir.path()).unwrap();
        let host = Host::start(Plan::new(config, tree)).await.unwrap();
        Self { host, dir }
    }

    fn client(&self) -> Client {
        Client::new(self.host.socket())
    }

    /// A request of any form, to the control socket.
    async fn raw(&self, method: Method, path: &str, body: &str) -> (StatusCode, Value) {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, "localhost")
            .header(header::CONTENT_TYPE, "application/json")
            .body(Full::new(Bytes::from(body.to_owned())))
            .unwrap();
        let stream = UnixStream::connect(self.host.socket()).await.unwrap();
        let (status, kind, body) = ask(stream, request).await;
        if !status.is_success() {
            assert_eq!(kind, Problem::MEDIA_TYPE, "{path}");
        }
        (status, serde_json::from_slice(&body).unwrap())
    }
}

async fn ask<S>(stream: S, request: Request<Full<Bytes>>) -> (StatusCode, String, Bytes)
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin + 'static,
{
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let response = sender.send_request(request).await.unwrap();
    let kind = response.headers()[header::CONTENT_TYPE].to_str().unwrap();
    let (kind, status) = (kind.to_owned(), response.status());
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, kind, body)
}

fn province() -> DivisionCode {
    "33".parse().unwrap()
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[tokio::test]
async fn only_the_owner_may_open_the_socket_and_every_act_is_recorded_as_that_users() {
    let alone = Alone::start().await;
    assert_eq!(mode(alone.host.socket()), 0o600);
    assert_eq!(mode(alone.dir.path()), 0o700);
    let report = ReportRequest::new("order/fire", "电线老化");
    alone.client().report(province(), &report).await.unwrap();
    let node = alone.host.roster().node(province()).unwrap().clone();
    let journal = node.office.journal().await.unwrap();
    let owner = std::os::unix::fs::MetadataExt::uid(&std::fs::metadata(alone.dir.path()).unwrap());
    assert_eq!(journal[0].actor, Actor::OsUser(owner));
    drop(node);
    alone.host.stop().await;
}

#[tokio::test]
async fn pages_of_matters_join_without_gap_or_repetition() {
    let alone = Alone::start().await;
    let client = alone.client();
    let mut ids = vec![];
    for number in 0..7 {
        let report = ReportRequest::new("order/fire", &format!("第 {number} 件"));
        ids.push(client.report(province(), &report).await.unwrap().id);
    }
    // Whoever reported it is not the one who closes it.
    let office = Arc::clone(&alone.host.roster().node(province()).unwrap().office);
    let note = Some("done".to_owned());
    let closed = office.close(
        ids[1].parse().unwrap(),
        Outcome::Solved,
        note,
        Actor::OsUser(u32::MAX),
    );
    closed.await.unwrap();
    drop(office);
    for (state, expected) in [("all", 7), ("open", 6), ("closed", 1), ("held", 7)] {
        let (mut seen, mut after) = (vec![], String::new());
        loop {
            let path = format!("/v1/nodes/33/matters?limit=3&state={state}{after}");
            let page: Named<MatterPage> = client.get(&path).await.unwrap();
            assert!(page.facts.matters.len() <= 3);
            seen.extend(page.facts.matters.into_iter().map(|matter| matter.id));
            match page.facts.next {
                Some(next) => after = format!("&after={next}"),
                None => break,
            }
        }
        assert_eq!(seen.len(), expected, "{state}");
        assert!(seen.is_sorted(), "{state}");
    }
    alone.host.stop().await;
}

#[tokio::test]
async fn matters_are_found_by_what_they_are_about_and_by_number() {
    let alone = Alone::start().await;
    let client = alone.client();
    let mut ids = vec![];
    for category in ["order/fire", "enforcement/lighting", "order/fire"] {
        let report = ReportRequest::new(category, "一件事");
        ids.push(client.report(province(), &report).await.unwrap().id);
    }
    let lamp = &ids[1..2];
    let fires = [ids[0].clone(), ids[2].clone()];
    let backwards = [ids[2].clone(), ids[1].clone(), ids[0].clone()];
    for (query, expected) in [
        ("category=order/fire", &fires[..]),
        ("category=order", &fires[..]),
        ("q=%E8%B7%AF%E7%81%AF", lamp),
        (&format!("q={}", ids[1]), lamp),
        ("q=%E6%B5%99%E6%B1%9F", &ids[..]),
        ("order=newest", &backwards[..]),
        ("origin=33&holder=33&state=open", &ids[..]),
        ("to=2020-01-01", &[]),
        ("from=2020-01-01", &ids[..]),
        ("clock=overdue", &[]),
    ] {
        let path = format!("/v1/nodes/33/matters?{query}");
        let page: Named<MatterPage> = client.get(&path).await.unwrap();
        let found: Vec<_> = page.facts.matters.into_iter().map(|line| line.id).collect();
        assert_eq!(found, expected, "{query}");
    }
    alone.host.stop().await;
}

#[tokio::test]
async fn a_list_says_when_a_matter_is_due_and_whether_that_is_provisional() {
    let alone = Alone::start().await;
    let client = alone.client();
    let report = ReportRequest::new("enforcement/lighting", "路灯不亮");
    let id = client.report(province(), &report).await.unwrap().id;
    for announced in ["", "[2025, 2025]"] {
        if !announced.is_empty() {
            // Whatever is due from now on lies beyond that.
            let policy = json!({ "kind": "policy", "name": "calendar", "title": "节假日安排",
                "content": format!("format = 1\n[calendar]\nyears = {announced}\n\
                    hours = {{ weekdays = [\"08:30-12:00\", \"13:30-17:30\"] }}\n") });
            let (status, told) = alone
                .raw(Method::POST, "/v1/nodes/33/templates", &policy.to_string())
                .await;
            assert_eq!(status, StatusCode::CREATED, "{told}");
        }
        let matter = client.matter(province(), &id).await.unwrap().facts;
        let first = matter
            .clocks
            .iter()
            .min_by_key(|clock| clock.due_ms)
            .unwrap();
        let page: Named<MatterPage> = client.get("/v1/nodes/33/matters").await.unwrap();
        let line = &page.facts.matters[0];
        assert_eq!(line.due_ms, Some(first.due_ms));
        assert_eq!(line.provisional, first.provisional);
        assert!(announced.is_empty() || line.provisional);
    }
    alone.host.stop().await;
}

#[tokio::test]
async fn what_does_not_fit_is_a_problem_with_its_own_status() {
    let alone = Alone::start().await;
    let long = json!({ "category": "order/fire", "text": "x".repeat(600 * 1024) }).to_string();
    let matters = "/v1/nodes/33/matters";
    let unknown = "330000000000-00000000-1";
    let accept = format!("{matters}/{unknown}/accept");
    let show = format!("{matters}/{unknown}");
    for (method, path, body, status) in [
        (Method::GET, "/", "", 404),
        (Method::GET, "/v1/nodes/33/nothing", "", 404),
        (Method::DELETE, "/v1/status", "", 405),
        (Method::GET, "/v1/nodes/3308/matters", "", 404),
        (Method::GET, "/v1/nodes/4401/matters", "", 404),
        (Method::GET, "/v1/nodes/x/matters", "", 422),
        (Method::GET, "/v1/status?nod=33", "", 422),
        (Method::GET, "/v1/nodes/33/matters?limit=0", "", 422),
        (Method::GET, "/v1/nodes/33/matters?limit=1001", "", 422),
        (Method::GET, "/v1/nodes/33/matters?state=lost", "", 422),
        (Method::GET, "/v1/nodes/33/matters?category=lamp", "", 422),
        (Method::GET, "/v1/nodes/33/matters?origin=x", "", 422),
        (Method::GET, "/v1/nodes/33/matters?clock=late", "", 422),
        (Method::GET, "/v1/nodes/33/matters?from=yesterday", "", 422),
        (Method::GET, "/v1/nodes/33/matters?order=random", "", 422),
        (Method::GET, "/v1/nodes/33/matters?after=17", "", 422),
        (Method::GET, "/v1/nodes/33/matters/17", "", 422),
        (Method::GET, &show, "", 404),
        (Method::POST, &accept, "", 404),
        (Method::POST, matters, "{", 422),
        (
            Method::POST,
            matters,
            r#"{"category":"order/fire","text":""}"#,
            422,
        ),
        (
            Method::POST,
            matters,
            r#"{"category":"order/ufo","text":"x"}"#,
            422,
        ),
        (
            Method::POST,
            matters,
            r#"{"category":"order/fire","text":"x","txt":1}"#,
            422,
        ),
        (Method::POST, matters, &long, 413),
        (
            Method::POST,
            matters,
            r#"{"category":"order/fire","text":"x","visibility":"direct"}"#,
            409,
        ),
        (Method::GET, "/v1/nodes/33/rollup?from=2026-02-30", "", 422),
        (
            Method::GET,
            "/v1/nodes/33/rollup?from=2026-03-02&to=2026-03-01",
            "",
            422,
        ),
        (
            Method::GET,
            "/v1/nodes/33/templates/33/policy/none",
            "",
            404,
        ),
        (Method::GET, "/v1/nodes/33/templates/33/law/none", "", 422),
        (
            Method::GET,
            "/v1/nodes/33/templates/33/policy/%2e%2e",
            "",
            422,
        ),
    ] {
        let shown = format!("{method} {path}");
        let (found, problem) = alone.raw(method, path, body).await;
        assert_eq!(found.as_u16(), status, "{shown}: {problem}");
        assert_eq!(problem["status"], status, "{shown}");
        assert!(
            problem["detail"]
                .as_str()
                .is_some_and(|text| text.len() > 10),
            "{shown}"
        );
    }
    alone.host.stop().await;
}

#[tokio::test]
async fn a_client_asks_on_after_the_process_came_back() {
    let alone = Alone::start().await;
    let client = alone.client();
    assert_eq!(client.status(true).await.unwrap().nodes.len(), 1);
    let Alone { host, dir } = alone;
    host.stop().await;
    assert!(matches!(
        client.status(true).await,
        Err(ClientError::Unreachable { .. })
    ));
    let tree = Arc::new(Tree::load("code,name\n33,浙江省\n").unwrap());
    let raw = "data = '.'\nnodes = ['33']\nzone = 'zj.example'\nlisten = '127.0.0.1:0'\n[http]\n\
               listen = 'off'\n";
    let config = config::Raw::from_toml(raw)
        .unwrap()
        .check(dir.path())
        .unwrap();
    let host = Host::start(Plan::new(config, tree)).await.unwrap();
    assert_eq!(client.nodes().await.unwrap().nodes[0].division, province());
    host.stop().await;
}

#[tokio::test]
async fn over_tcp_there_is_health_for_known_hosts_and_the_api_for_those_who_log_in() {
    let alone = Alone::start().await;
    let address = alone.host.http().unwrap();
    for (host, path, status) in [
        ("localhost", "/readyz", 200),
        ("evil.example", "/readyz", 421),
        ("localhost", "/v1/status", 401),
        ("localhost", "/v1/nodes/33/matters", 401),
        ("localhost", "/v1/nodes", 200),
        ("evil.example", "/v1/nodes", 421),
    ] {
        let request = Request::get(path).header(header::HOST, host);
        let request = request.body(Full::new(Bytes::new())).unwrap();
        let stream = TcpStream::connect(address).await.unwrap();
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        let response = sender.send_request(request).await.unwrap();
        assert_eq!(response.status().as_u16(), status, "{host} {path}");
    }
    alone.host.stop().await;
}

#[tokio::test]
async fn a_place_outside_the_division_is_refused_and_changes_nothing() {
    let alone = Alone::start().await;
    let report = |latitude: f64, longitude: f64| {
        let place = json!({ "latitude": latitude, "longitude": longitude });
        json!({ "category": "order/fire", "text": "电线老化", "place": place }).to_string()
    };
    let path = "/v1/nodes/33/matters";
    let (status, problem) = alone
        .raw(Method::POST, path, &report(31.2304, 121.4737))
        .await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{problem}");
    let detail = problem["detail"].as_str().unwrap();
    assert!(
        detail.contains("km outside 浙江省 (330000000000)"),
        "{problem}"
    );
    assert!(
        problem["hint"].as_str().unwrap().contains("say in words"),
        "{problem}"
    );
    let (status, problem) = alone.raw(Method::POST, path, &report(120.14, 30.24)).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        problem["hint"].as_str().unwrap().contains("swapped"),
        "{problem}"
    );

    let whole = json!({ "category": "service/other", "text": "开店" }).to_string();
    let (status, whole) = alone.raw(Method::POST, path, &whole).await;
    assert_eq!(status, StatusCode::CREATED, "{whole}");
    let parts = format!("{path}/{}/parts", whole["id"].as_str().unwrap());
    let two = [report(30.24, 120.14), report(31.2304, 121.4737)].join(",");
    let two = format!(r#"{{"parts":[{two}]}}"#);
    let (status, problem) = alone.raw(Method::POST, &parts, &two).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{problem}");

    let node = alone.host.roster().node(province()).unwrap().clone();
    assert_eq!(
        node.office.journal().await.unwrap().len(),
        1,
        "only the bundle"
    );
    let (status, _) = alone.raw(Method::POST, path, &report(30.24, 120.14)).await;
    assert_eq!(status, StatusCode::CREATED);
    drop(node);
    alone.host.stop().await;
}

/// The beginning of a request's header, and no more.
async fn begin_a_header(alone: &Alone) -> TcpStream {
    let mut stream = TcpStream::connect(alone.host.http().unwrap())
        .await
        .unwrap();
    let _displaced = stream
        .write_all(b"GET /healthz HTTP/1.1\r\nHost: loc")
        .await;
    stream
}

/// A header that promises a body, and no body.
async fn promise_a_body(alone: &Alone) -> TcpStream {
    let mut stream = TcpStream::connect(alone.host.http().unwrap())
        .await
        .unwrap();
    let header = b"POST /v1/nodes/33/sessions HTTP/1.1\r\nHost: localhost\r\n\
        Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{";
    stream.write_all(header).await.unwrap();
    stream
}

async fn over_tcp(alone: &Alone, path: &str) -> StatusCode {
    let stream = TcpStream::connect(alone.host.http().unwrap())
        .await
        .unwrap();
    let request = Request::get(path).header(header::HOST, "localhost");
    ask(stream, request.body(Full::default()).unwrap()).await.0
}

#[tokio::test]
async fn any_number_of_slow_connections_keeps_nobody_from_the_api_health_and_metrics() {
    let alone = Alone::start().await;
    let mut slow = vec![];
    for _ in 0..1_100 {
        slow.push(begin_a_header(&alone).await);
    }
    for path in ["/healthz", "/readyz", "/metrics", "/v1/nodes"] {
        assert_eq!(over_tcp(&alone, path).await, StatusCode::OK, "{path}");
    }
    drop(slow);
    alone.host.stop().await;
}

#[tokio::test]
async fn health_and_metrics_have_places_of_their_own_when_all_others_are_in_use() {
    let alone = Alone::with("[limits]\nhttp_connections_per_address = 4\n").await;
    let mut slow = vec![];
    for _ in 0..4 {
        slow.push(promise_a_body(&alone).await);
    }
    // Until all four requests are under way, a place may still be had.
    while over_tcp(&alone, "/v1/nodes").await != StatusCode::TOO_MANY_REQUESTS {
        tokio::task::yield_now().await;
    }
    let mut silent = vec![];
    for _ in 0..100 {
        silent.push(begin_a_header(&alone).await);
    }
    for path in ["/healthz", "/readyz", "/metrics"] {
        assert_eq!(over_tcp(&alone, path).await, StatusCode::OK, "{path}");
    }
    drop((slow, silent));
    alone.host.stop().await;
}

//! The API on the control socket and the HTTP listener, asked over real sockets.

use std::{os::unix::fs::PermissionsExt, path::Path};

use http::{Method, Request, StatusCode, header};
use http_body_util::Full;
use serde_json::{Value, json};
use testkit::{
    PROVINCE,
    asking::{self, Way},
    code,
    province::Province,
};
use tokio::{io::AsyncWriteExt, net::TcpStream};
use wujitong::{
    api::{MatterPage, Named, ReportRequest},
    cli::client::ClientError,
    domain::{actor::Actor, matter::Outcome},
};

/// Sends a request of any form to the control socket.
async fn raw(province: &Province, method: Method, path: &str, body: &str) -> (StatusCode, Value) {
    let ask = province.socket(method, path).raw(body.to_owned());
    let answer = ask.with("content-type", "application/json").send().await;
    (answer.status, answer.json)
}

/// Sends a GET over TCP to a host, and returns the status.
async fn over_tcp(province: &Province, host: &str, path: &str) -> StatusCode {
    let request = Request::get(path).header(header::HOST, host);
    let request = request.body(Full::default()).unwrap();
    asking::send(&province.host, Way::Tcp, request)
        .await
        .0
        .status
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[tokio::test]
async fn only_the_owner_may_open_the_socket_and_every_act_is_recorded_as_that_users() {
    let province = Province::start().await;
    assert_eq!(mode(province.host.socket()), 0o600);
    assert_eq!(mode(province.dir()), 0o700);
    let report = ReportRequest::new("order/fire", "电线老化");
    province
        .client()
        .report(code(PROVINCE), &report)
        .await
        .unwrap();
    let node = province.node();
    let journal = node.office.figures().journal().await.unwrap();
    let owner = std::os::unix::fs::MetadataExt::uid(&std::fs::metadata(province.dir()).unwrap());
    assert_eq!(journal[0].actor, Actor::OsUser(owner));
    drop(node);
    province.host.stop().await;
}

#[tokio::test]
async fn pages_of_matters_join_without_gap_or_repetition() {
    let province = Province::start().await;
    let client = province.client();
    let mut ids = vec![];
    for number in 0..7 {
        let report = ReportRequest::new("order/fire", &format!("第 {number} 件"));
        ids.push(client.report(code(PROVINCE), &report).await.unwrap().id);
    }
    // Whoever reported it is not the one who closes it.
    let office = province.office();
    let note = Some("done".to_owned());
    let closed = office.matters().close(
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
    province.host.stop().await;
}

#[tokio::test]
async fn matters_are_found_by_what_they_are_about_and_by_number() {
    let province = Province::start().await;
    let client = province.client();
    let mut ids = vec![];
    for category in ["order/fire", "enforcement/lighting", "order/fire"] {
        let report = ReportRequest::new(category, "一件事");
        ids.push(client.report(code(PROVINCE), &report).await.unwrap().id);
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
    province.host.stop().await;
}

#[tokio::test]
async fn a_list_says_when_a_matter_is_due_and_whether_that_is_provisional() {
    let province = Province::start().await;
    let client = province.client();
    let report = ReportRequest::new("enforcement/lighting", "路灯不亮");
    let id = client.report(code(PROVINCE), &report).await.unwrap().id;
    for announced in ["", "[2025, 2025]"] {
        if !announced.is_empty() {
            // Whatever is due from now on lies beyond that.
            let policy = json!({ "kind": "policy", "name": "calendar", "title": "节假日安排",
                "content": format!("format = 1\n[calendar]\nyears = {announced}\n\
                    hours = {{ weekdays = [\"08:30-12:00\", \"13:30-17:30\"] }}\n") });
            let (status, told) = raw(
                &province,
                Method::POST,
                "/v1/nodes/33/templates",
                &policy.to_string(),
            )
            .await;
            assert_eq!(status, StatusCode::CREATED, "{told}");
        }
        let matter = client.matter(code(PROVINCE), &id).await.unwrap().facts;
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
    province.host.stop().await;
}

/// Paths that nothing is read from, each with its status.
const NOT_READ: [(&str, u16); 21] = [
    ("/v1/nothing", 404),
    ("/v1/nodes/33/nothing", 404),
    ("/v1/nodes/3308/matters", 404),
    ("/v1/nodes/4401/matters", 404),
    ("/v1/nodes/x/matters", 422),
    ("/v1/status?nod=33", 422),
    ("/v1/nodes/33/matters?limit=0", 422),
    ("/v1/nodes/33/matters?limit=1001", 422),
    ("/v1/nodes/33/matters?state=lost", 422),
    ("/v1/nodes/33/matters?category=lamp", 422),
    ("/v1/nodes/33/matters?origin=x", 422),
    ("/v1/nodes/33/matters?clock=late", 422),
    ("/v1/nodes/33/matters?from=yesterday", 422),
    ("/v1/nodes/33/matters?order=random", 422),
    ("/v1/nodes/33/matters?after=17", 422),
    ("/v1/nodes/33/matters/17", 422),
    ("/v1/nodes/33/rollup?from=2026-02-30", 422),
    ("/v1/nodes/33/rollup?from=2026-03-02&to=2026-03-01", 422),
    ("/v1/nodes/33/templates/33/policy/none", 404),
    ("/v1/nodes/33/templates/33/law/none", 422),
    ("/v1/nodes/33/templates/33/policy/%2e%2e", 422),
];

#[tokio::test]
async fn what_does_not_fit_is_a_problem_with_its_own_status() {
    let province = Province::start().await;
    let long = json!({ "category": "order/fire", "text": "x".repeat(600 * 1024) }).to_string();
    let matters = "/v1/nodes/33/matters";
    let unknown = "330000000000-00000000-1";
    let accept = format!("{matters}/{unknown}/accept");
    let show = format!("{matters}/{unknown}");
    let not_read = NOT_READ.map(|(path, status)| (Method::GET, path, "", status));
    let others = [
        (Method::DELETE, "/v1/status", "", 405),
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
    ];
    for (method, path, body, status) in not_read.into_iter().chain(others) {
        let shown = format!("{method} {path}");
        let (found, problem) = raw(&province, method, path, body).await;
        assert_eq!(found.as_u16(), status, "{shown}: {problem}");
        assert_eq!(problem["status"], status, "{shown}");
        assert!(
            problem["detail"]
                .as_str()
                .is_some_and(|text| text.len() > 10),
            "{shown}"
        );
    }
    province.host.stop().await;
}

#[tokio::test]
async fn a_client_asks_on_after_the_process_came_back() {
    let province = Province::start().await;
    let client = province.client();
    assert_eq!(client.status(true).await.unwrap().nodes.len(), 1);
    let stopped = async |_: &mut _| {
        let asked = client.status(true).await;
        assert!(matches!(asked, Err(ClientError::Unreachable { .. })));
    };
    let province = province.restart_as(stopped).await.unwrap();
    assert_eq!(
        client.nodes().await.unwrap().nodes[0].division,
        code(PROVINCE)
    );
    province.host.stop().await;
}

#[tokio::test]
async fn over_tcp_there_is_health_for_known_hosts_and_the_api_for_those_who_log_in() {
    let province = Province::start().await;
    for (host, path, status) in [
        ("localhost", "/readyz", 200),
        ("evil.example", "/readyz", 421),
        ("localhost", "/v1/status", 401),
        ("localhost", "/v1/nodes/33/matters", 401),
        ("localhost", "/v1/nodes", 200),
        ("evil.example", "/v1/nodes", 421),
    ] {
        assert_eq!(
            over_tcp(&province, host, path).await,
            status,
            "{host} {path}"
        );
    }
    province.host.stop().await;
}

#[tokio::test]
async fn a_place_outside_the_division_is_refused_and_changes_nothing() {
    let province = Province::start().await;
    let report = |latitude: f64, longitude: f64| {
        let place = json!({ "latitude": latitude, "longitude": longitude });
        json!({ "category": "order/fire", "text": "电线老化", "place": place }).to_string()
    };
    let path = "/v1/nodes/33/matters";
    let (status, problem) = raw(&province, Method::POST, path, &report(31.2304, 121.4737)).await;
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
    let (status, problem) = raw(&province, Method::POST, path, &report(120.14, 30.24)).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        problem["hint"].as_str().unwrap().contains("swapped"),
        "{problem}"
    );

    let whole = json!({ "category": "service/other", "text": "开店" }).to_string();
    let (status, whole) = raw(&province, Method::POST, path, &whole).await;
    assert_eq!(status, StatusCode::CREATED, "{whole}");
    let parts = format!("{path}/{}/parts", whole["id"].as_str().unwrap());
    let two = [report(30.24, 120.14), report(31.2304, 121.4737)].join(",");
    let two = format!(r#"{{"parts":[{two}]}}"#);
    let (status, problem) = raw(&province, Method::POST, &parts, &two).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{problem}");

    let node = province.node();
    assert_eq!(
        node.office.figures().journal().await.unwrap().len(),
        1,
        "only the bundle"
    );
    let (status, _) = raw(&province, Method::POST, path, &report(30.24, 120.14)).await;
    assert_eq!(status, StatusCode::CREATED);
    drop(node);
    province.host.stop().await;
}

/// The beginning of a request's header, and no more.
async fn begin_a_header(province: &Province) -> TcpStream {
    let mut stream = TcpStream::connect(province.host.http().unwrap())
        .await
        .unwrap();
    let _displaced = stream
        .write_all(b"GET /healthz HTTP/1.1\r\nHost: loc")
        .await;
    stream
}

/// A header that promises a body, and no body.
async fn promise_a_body(province: &Province) -> TcpStream {
    let mut stream = TcpStream::connect(province.host.http().unwrap())
        .await
        .unwrap();
    let header = b"POST /v1/nodes/33/sessions HTTP/1.1\r\nHost: localhost\r\n\
        Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{";
    stream.write_all(header).await.unwrap();
    stream
}

#[tokio::test]
async fn any_number_of_slow_connections_keeps_nobody_from_the_api_health_and_metrics() {
    let province = Province::start().await;
    let mut slow = vec![];
    for _ in 0..1_100 {
        slow.push(begin_a_header(&province).await);
    }
    for path in ["/healthz", "/readyz", "/metrics", "/v1/nodes"] {
        assert_eq!(
            over_tcp(&province, "localhost", path).await,
            StatusCode::OK,
            "{path}"
        );
    }
    drop(slow);
    province.host.stop().await;
}

#[tokio::test]
async fn health_and_metrics_have_places_of_their_own_when_all_others_are_in_use() {
    let province = Province::start_with("[limits]\nhttp_connections_per_address = 4\n").await;
    let mut slow = vec![];
    for _ in 0..4 {
        slow.push(promise_a_body(&province).await);
    }
    // Until all four requests are under way, a place may still be had.
    while over_tcp(&province, "localhost", "/v1/nodes").await != StatusCode::TOO_MANY_REQUESTS {
        tokio::task::yield_now().await;
    }
    let mut silent = vec![];
    for _ in 0..100 {
        silent.push(begin_a_header(&province).await);
    }
    for path in ["/healthz", "/readyz", "/metrics"] {
        assert_eq!(
            over_tcp(&province, "localhost", path).await,
            StatusCode::OK,
            "{path}"
        );
    }
    drop((slow, silent));
    province.host.stop().await;
}

//! A province alone, on a disk of its own, with a clock that tests turn.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::{body::Bytes, client::conn::http1};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::{TcpStream, UnixStream};
use topology::{DivisionCode, Tree};
use wujitong::{
    api::problem::Problem,
    app::{Host, Plan, SystemClock},
    domain::{suite::Suite, time::Timestamp},
    identity::{CertificateProfile, Founding, found_network},
    office::{Clock, Office},
};

/// What all passwords of tests are.
pub(crate) const PASSWORD: &str = "东华街道的路灯今天又亮了";

/// The machine's clock, turned ahead.
#[derive(Default)]
pub(crate) struct Ahead(AtomicI64);

impl Clock for Ahead {
    fn now(&self) -> Timestamp {
        Timestamp(SystemClock.now().0 + self.0.load(Ordering::SeqCst))
    }
}

pub(crate) struct Alone {
    pub(crate) host: Host,
    clock: Arc<Ahead>,
    plan: Plan,
    dir: tempfile::TempDir,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) json: Value,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn code(&self) -> u16 {
        self.status.as_u16()
    }

    /// The word of the problem.
    pub(crate) fn problem(&self) -> &str {
        self.json["code"].as_str().unwrap_or_default()
    }

    pub(crate) fn text(&self, name: &str) -> String {
        self.json[name]
            .as_str()
            .unwrap_or_else(|| panic!("no {name} in {self:?}"))
            .to_owned()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.code(), status, "{self:?}");
        self
    }
}

/// A request to be sent.
pub(crate) struct Ask<'a> {
    alone: &'a Alone,
    method: Method,
    path: String,
    headers: Vec<(String, String)>,
    body: String,
    socket: bool,
}

impl Ask<'_> {
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn by(self, token: &str) -> Self {
        self.with("authorization", &format!("Bearer {token}"))
    }

    pub(crate) fn body(mut self, json: Value) -> Self {
        self.body = json.to_string();
        self
    }

    /// A body to the letter.
    pub(crate) fn raw(mut self, body: &str) -> Self {
        body.clone_into(&mut self.body);
        self
    }

    pub(crate) async fn send(self) -> Answer {
        let mut request = Request::builder().method(self.method).uri(&self.path);
        if !self.headers.iter().any(|(name, _)| name == "host") {
            request = request.header(header::HOST, "localhost");
        }
        if !self.body.is_empty() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let request = request.body(Full::new(Bytes::from(self.body))).unwrap();
        let host = &self.alone.host;
        if self.socket {
            let stream = UnixStream::connect(host.socket()).await.unwrap();
            answer(stream, request).await
        } else {
            let stream = TcpStream::connect(host.http().unwrap()).await.unwrap();
            answer(stream, request).await
        }
    }
}

async fn answer<S>(stream: S, request: Request<Full<Bytes>>) -> Answer
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin + 'static,
{
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let response = sender.send_request(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let answer = Answer {
        status: parts.status,
        json: serde_json::from_slice(&body).unwrap_or_default(),
        headers: parts.headers,
        body,
    };
    if answer.status.is_client_error() || answer.status.is_server_error() {
        assert_eq!(
            answer.header("content-type"),
            Problem::MEDIA_TYPE,
            "{answer:?}"
        );
        assert!(
            answer.json["detail"]
                .as_str()
                .is_some_and(|text| text.len() > 10),
            "{answer:?}"
        );
        let problem: wujitong::api::problem::Problem =
            serde_json::from_value(answer.json.clone()).unwrap();
        assert!(problem.known().is_some(), "{answer:?}");
    }
    answer
}

fn settings(more: &str, dir: &std::path::Path) -> config::Config {
    let raw = config::Raw::from_toml(&format!(
        "data = '.'\nnodes = ['33']\nzone = 'zj.example'\nlisten = '127.0.0.1:0'\n\
         [http]\nlisten = '127.0.0.1:0'\n{more}",
    ));
    raw.unwrap().check(dir).unwrap()
}

pub(crate) fn province() -> DivisionCode {
    "33".parse().unwrap()
}

impl Alone {
    pub(crate) async fn start() -> Self {
        Self::start_with("").await
    }

    /// With more settings.
    pub(crate) async fn start_with(more: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let tree = Arc::new(Tree::load("code,name\n33,浙江省\n3308,衢州市\n").unwrap());
        let founding = Founding {
            zone: "zj.example".to_owned(),
            demo: false,
            suite: Suite::Ed25519Blake3,
        };
        let now = Duration::from_millis(u64::try_from(SystemClock.now().0).unwrap());
        let terms = CertificateProfile::at(rustls_pki_types::UnixTime::since_unix_epoch(now));
        found_network(dir.path(), &tree, &founding, &terms).unwrap();
        let config = settings(more, dir.path());
        let clock = Arc::new(Ahead::default());
        let mut plan = Plan::new(config, tree);
        plan.clock = Arc::clone(&clock) as Arc<dyn Clock>;
        let host = Host::start(plan.clone()).await.unwrap();
        Self {
            host,
            clock,
            plan,
            dir,
        }
    }

    /// The same directory after the process came back.
    pub(crate) async fn restart(self) -> Self {
        self.restarted(|_| ()).await
    }

    /// The same with other settings.
    pub(crate) async fn restart_with(self, more: &str) -> Self {
        let config = settings(more, self.dir.path());
        self.restarted(|plan| plan.config = config).await
    }

    /// Why the process does not come back.
    pub(crate) async fn cannot_restart(self) -> String {
        self.host.stop().await;
        let started = Host::start(self.plan).await;
        started.err().expect("it does not start").to_string()
    }

    async fn restarted(self, change: impl FnOnce(&mut Plan)) -> Self {
        let Self {
            host,
            clock,
            mut plan,
            dir,
        } = self;
        host.stop().await;
        change(&mut plan);
        let host = Host::start(plan.clone()).await.unwrap();
        Self {
            host,
            clock,
            plan,
            dir,
        }
    }

    pub(crate) fn dir(&self) -> &std::path::Path {
        self.dir.path()
    }

    pub(crate) fn later(&self, by: Duration) {
        let ms = i64::try_from(by.as_millis()).unwrap();
        self.clock.0.fetch_add(ms, Ordering::SeqCst);
    }

    pub(crate) fn office(&self) -> Arc<Office> {
        Arc::clone(&self.host.roster().node(province()).unwrap().office)
    }

    fn ask(&self, method: Method, path: &str, socket: bool) -> Ask<'_> {
        Ask {
            alone: self,
            method,
            path: match path.strip_prefix('/') {
                Some(_) => path.to_owned(),
                None => format!("/v1/nodes/33/{path}"),
            },
            headers: vec![],
            body: String::new(),
            socket,
        }
    }

    /// A request over TCP, to a path below the node's unless it begins with a slash.
    pub(crate) fn get(&self, path: &str) -> Ask<'_> {
        self.ask(Method::GET, path, false)
    }

    pub(crate) fn post(&self, path: &str) -> Ask<'_> {
        self.ask(Method::POST, path, false)
    }

    pub(crate) fn put(&self, path: &str) -> Ask<'_> {
        self.ask(Method::PUT, path, false)
    }

    pub(crate) fn patch(&self, path: &str) -> Ask<'_> {
        self.ask(Method::PATCH, path, false)
    }

    pub(crate) fn delete(&self, path: &str) -> Ask<'_> {
        self.ask(Method::DELETE, path, false)
    }

    /// A request over the control socket.
    pub(crate) fn socket(&self, method: Method, path: &str) -> Ask<'_> {
        self.ask(method, path, true)
    }

    pub(crate) fn login(&self, login: &str, password: &str) -> Ask<'_> {
        self.post("session")
            .body(json!({ "login": login, "password": password }))
    }

    pub(crate) async fn token(&self, login: &str) -> String {
        self.login(login, PASSWORD)
            .send()
            .await
            .expect(201)
            .text("token")
    }

    /// The three administrators, by the owner of the node; gives their tokens by login.
    pub(crate) async fn administrators(&self) -> BTreeMap<&'static str, String> {
        let mut tokens = BTreeMap::new();
        for (login, role) in [
            ("sys", "system-administrator"),
            ("sec", "security-administrator"),
            ("aud", "audit-administrator"),
        ] {
            let new = account(login, &[role]);
            self.socket(Method::POST, "accounts")
                .body(new)
                .send()
                .await
                .expect(201);
            tokens.insert(login, self.token(login).await);
        }
        tokens
    }

    /// An account with roles, opened by the administrators; gives its token.
    pub(crate) async fn person(
        &self,
        administrators: &BTreeMap<&'static str, String>,
        login: &str,
        roles: &[&str],
    ) -> String {
        let open = self.post("accounts").by(&administrators["sys"]);
        open.body(account(login, &[])).send().await.expect(201);
        let granter = match roles {
            ["node-operator"] => "sys",
            ["auditor"] => "aud",
            _ => "sec",
        };
        let grant = self
            .put(&format!("accounts/{login}/roles"))
            .by(&administrators[granter]);
        grant
            .body(json!({ "roles": roles }))
            .send()
            .await
            .expect(200);
        self.token(login).await
    }

    /// A matter reported by somebody; gives its number.
    pub(crate) async fn report(&self, token: &str) -> String {
        self.post("matters")
            .by(token)
            .body(lamp())
            .send()
            .await
            .expect(201)
            .text("id")
    }
}

pub(crate) fn account(login: &str, roles: &[&str]) -> Value {
    json!({ "login": login, "name": "张三", "password": PASSWORD, "roles": roles })
}

pub(crate) fn lamp() -> Value {
    json!({ "category": "enforcement/lighting", "text": "路灯不亮" })
}

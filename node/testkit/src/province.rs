//! A province alone in this process, on a disk of its own, and the people who work there.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use api::PublishRequest;
use app::{Host, Plan, StartError};
use cli::client::Client;
use http::Method;
use identity::Founding;
use office::{NewTemplate, Office};
use rustls_pki_types::UnixTime;
use serde_json::{Value, json};
use tempfile::TempDir;
use topology::{Outlines, Tree};
use web::state::Node;

use crate::{
    CLERK, PROVINCE, ZONE,
    asking::{Ask, Way},
    clock::ShiftedClock,
    code, homes,
};

/// What all passwords of tests are.
pub const PASSWORD: &str = "东华街道的路灯今天又亮了";

/// A province alone, with one city below it that has no node.
pub struct Province {
    /// The running process.
    pub host: Host,
    /// Its clock.
    pub clock: Arc<ShiftedClock>,
    plan: Plan,
    dir: TempDir,
}

/// All methods panic if the province does not behave as expected.
impl Province {
    /// Founds and starts it.
    pub async fn start() -> Self {
        Self::start_with("").await
    }

    /// The same, with more settings: lines of TOML that begin in `[http]`.
    pub async fn start_with(settings: &str) -> Self {
        Self::start_at(0, settings).await
    }

    /// The same at a port of this machine, for those who have to know its address before it starts.
    pub async fn start_at(port: u16, settings: &str) -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let tree = Tree::load("code,name\n33,浙江省\n3308,衢州市\n").expect("a tree");
        let tree = Arc::new(tree.with_outlines(Outlines::zhejiang()));
        let founding = Founding {
            demo: false,
            ..homes::founding()
        };
        let now = UnixTime::now();
        homes::make(dir.path(), code(PROVINCE), None, &tree, &founding, now);
        let clock = Arc::<ShiftedClock>::default();
        let mut plan = Plan::new(configuration(dir.path(), port, settings), tree);
        plan.clock = Arc::<ShiftedClock>::clone(&clock);
        let host = Host::start(plan.clone()).await.expect("it starts");
        Self {
            host,
            clock,
            plan,
            dir,
        }
    }

    /// Stops it and starts it again in the same directory.
    #[must_use]
    pub async fn restart(self) -> Self {
        self.restart_as(async |_| ()).await.expect("it starts")
    }

    /// The same with other settings.
    #[must_use]
    pub async fn restart_with(self, settings: &str) -> Self {
        let config = configuration(self.dir(), 0, settings);
        let started = self.restart_as(async |plan| plan.config = config).await;
        started.expect("it starts")
    }

    /// Stops it, changes what it is started with, and starts it again.
    ///
    /// # Errors
    /// Why it does not start.
    pub async fn restart_as(
        mut self,
        change: impl AsyncFnOnce(&mut Plan),
    ) -> Result<Self, StartError> {
        self.host.stop().await;
        change(&mut self.plan).await;
        self.host = Host::start(self.plan.clone()).await?;
        Ok(self)
    }

    /// Returns its data directory.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// Returns the running node.
    pub fn node(&self) -> Node {
        let node = self.host.app_state().node(code(PROVINCE));
        node.expect("it hosts the province").clone()
    }

    /// Returns the office of the running node.
    pub fn office(&self) -> Arc<Office> {
        self.node().office
    }

    /// Returns a new client of the control socket.
    pub fn client(&self) -> Client {
        Client::new(self.host.socket())
    }

    /// Returns the files below the store's folder for them: those of matters, and uploads.
    pub fn files_on_disk(&self) -> Vec<PathBuf> {
        let mut files = vec![];
        gather(&self.dir().join("store/files"), &mut files);
        files
    }

    /// Returns a request to a path below the node's, unless it begins with a slash.
    pub fn ask(&self, way: Way, method: Method, path: &str) -> Ask<'_> {
        let path = match path.strip_prefix('/') {
            Some(_) => path.to_owned(),
            None => format!("/v1/nodes/{PROVINCE}/{path}"),
        };
        Ask::new(&self.host, way, method, path)
    }

    /// Returns a request over the control socket.
    pub fn socket(&self, method: Method, path: &str) -> Ask<'_> {
        self.ask(Way::Socket, method, path)
    }

    /// Returns a GET over TCP.
    pub fn get(&self, path: &str) -> Ask<'_> {
        self.ask(Way::Tcp, Method::GET, path)
    }

    /// Returns a POST over TCP.
    pub fn post(&self, path: &str) -> Ask<'_> {
        self.ask(Way::Tcp, Method::POST, path)
    }

    /// Returns a form of a page of this node, as a browser without scripts sends it.
    pub fn form(&self, path: &str, fields: &[(&str, &str)]) -> Ask<'_> {
        let pairs = fields.iter().map(|(name, value)| {
            let value: String = value.bytes().map(|byte| format!("%{byte:02x}")).collect();
            format!("{name}={value}")
        });
        let body = pairs.collect::<Vec<_>>().join("&");
        self.post(path)
            .with("origin", "http://localhost")
            .with("content-type", "application/x-www-form-urlencoded")
            .raw(body)
    }

    /// Returns a PUT over TCP.
    pub fn put(&self, path: &str) -> Ask<'_> {
        self.ask(Way::Tcp, Method::PUT, path)
    }

    /// Returns a PATCH over TCP.
    pub fn patch(&self, path: &str) -> Ask<'_> {
        self.ask(Way::Tcp, Method::PATCH, path)
    }

    /// Returns a DELETE over TCP.
    pub fn delete(&self, path: &str) -> Ask<'_> {
        self.ask(Way::Tcp, Method::DELETE, path)
    }

    /// Has a template issued by whoever runs the machine, as before there were accounts.
    pub async fn issue(&self, template: Value) {
        let request: PublishRequest = serde_json::from_value(template).expect("it is a template");
        let new = NewTemplate {
            kind: request.kind,
            name: request.name,
            title: request.title,
            content: request.content,
            tiers: request.tiers,
            kinds: request.kinds,
        };
        let office = self.office();
        let templates = office.templates();
        let issued = match request.first {
            Some(first) => templates.publish_first(new, first.into(), CLERK).await,
            None => templates.publish(new, CLERK).await,
        };
        issued.expect("it is issued");
    }

    /// Returns a login.
    pub fn login(&self, login: &str, password: &str) -> Ask<'_> {
        self.post("session")
            .body(json!({ "login": login, "password": password }))
    }

    /// Logs in with the password of all tests; returns the token.
    pub async fn token(&self, login: &str) -> String {
        let logged_in = self.login(login, PASSWORD).send().await;
        logged_in.expect(201).text("token")
    }

    /// Has the node's owner open accounts for the three administrators; returns their tokens by login:
    /// `sys`, `sec`, `aud`.
    pub async fn administrators(&self) -> BTreeMap<&'static str, String> {
        let mut tokens = BTreeMap::new();
        for (login, role) in [
            ("sys", "system-administrator"),
            ("sec", "security-administrator"),
            ("aud", "audit-administrator"),
        ] {
            let open = self.socket(Method::POST, "accounts");
            let opened = open.body(account(login, &[role])).send().await;
            opened.expect(201);
            tokens.insert(login, self.token(login).await);
        }
        tokens
    }

    /// Has the administrators open an account and grant it roles; returns its token.
    pub async fn person(
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
        let grant = self.put(&format!("accounts/{login}/roles"));
        let grant = grant.by(&administrators[granter]);
        let granted = grant.body(json!({ "roles": roles })).send().await;
        granted.expect(200);
        self.token(login).await
    }

    /// Reports a broken lamp; returns its number.
    pub async fn report(&self, token: &str) -> String {
        let report = self.post("matters").by(token).body(lamp());
        report.send().await.expect(201).text("id")
    }
}

/// Returns what opens an account with the password of all tests.
pub fn account(login: &str, roles: &[&str]) -> Value {
    json!({ "login": login, "name": "张三", "password": PASSWORD, "roles": roles })
}

/// Returns a report on a broken lamp.
pub fn lamp() -> Value {
    json!({ "category": "enforcement/lighting", "text": "路灯不亮" })
}

fn configuration(dir: &Path, port: u16, settings: &str) -> config::Config {
    let usual = format!(
        "data = '.'\nnodes = ['{PROVINCE}']\nzone = '{ZONE}'\nlisten = '127.0.0.1:0'\n\
         [http]\nlisten = '127.0.0.1:{port}'\n"
    );
    let raw = config::Raw::from_toml(&format!("{usual}{settings}")).expect("TOML");
    raw.check(dir).expect("a configuration")
}

fn gather(dir: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).into_iter().flatten() {
        let path = entry.expect("an entry").path();
        match path.is_dir() {
            true => gather(&path, into),
            false => into.push(path),
        }
    }
}

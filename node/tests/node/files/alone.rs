//! A province alone, and how files are handed in to it.

use std::{path::Path, sync::Arc};

use http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::{body::Bytes, client::conn::http1};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::UnixStream;
use topology::{DivisionCode, Tree};
use wujitong::{
    api::problem::Problem,
    app::{Host, Plan, SystemClock},
    domain::suite::Suite,
    identity::{CertificateProfile, Founding, found_network},
    office::{Clock, Office},
};

use super::{CHUNK, UPLOADS};

/// A province alone.
pub(crate) struct Alone {
    pub(crate) host: Host,
    pub(crate) dir: tempfile::TempDir,
    pub(crate) tree: Arc<Tree>,
}

/// An answer, read to its end.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// Why it was refused, as an explained kind of problem.
    pub(crate) fn problem(&self) -> Problem {
        let problem: Problem = serde_json::from_slice(&self.body).unwrap();
        assert!(problem.known().is_some(), "{problem:?}");
        problem
    }

    pub(crate) fn header(&self, name: impl header::AsHeaderName) -> &str {
        self.headers.get(name).unwrap().to_str().unwrap()
    }
}

impl Alone {
    pub(crate) async fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let tree = Arc::new(Tree::load("code,name\n33,浙江省\n").unwrap());
        let founding = Founding {
            zone: "zj.example".to_owned(),
            demo: false,
            suite: Suite::Ed25519Blake3,
        };
        let now = u64::try_from(SystemClock.now().0).unwrap();
        let now = std::time::Duration::from_millis(now);
        let terms = CertificateProfile::at(rustls_pki_types::UnixTime::since_unix_epoch(now));
        found_network(dir.path(), &tree, &founding, &terms).unwrap();
        let host = run(dir.path(), &tree).await;
        Self { host, dir, tree }
    }

    pub(crate) async fn restart(self) -> Self {
        self.host.stop().await;
        let host = run(self.dir.path(), &self.tree).await;
        Self { host, ..self }
    }

    pub(crate) fn office(&self) -> Arc<Office> {
        let province: DivisionCode = "33".parse().unwrap();
        Arc::clone(&self.host.roster().node(province).unwrap().office)
    }

    pub(crate) async fn ask(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Answer {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, "localhost");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::new(body.into())).unwrap();
        let stream = UnixStream::connect(self.host.socket()).await.unwrap();
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        let (parts, body) = sender.send_request(request).await.unwrap().into_parts();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: body.collect().await.unwrap().to_bytes(),
        }
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        let headers = [("content-type", "application/json")];
        self.ask(Method::POST, path, &headers, body.to_string())
            .await
    }

    /// Announces a file; gives its path.
    pub(crate) async fn begin(&self, media: &str, bytes: usize) -> String {
        let begun = self
            .post(UPLOADS, json!({ "media": media, "bytes": bytes }))
            .await;
        assert_eq!(begun.status, StatusCode::CREATED, "{:?}", begun.body);
        let place = begun.header(header::LOCATION).to_owned();
        let id = begun.json()["id"].as_str().unwrap().to_owned();
        assert!(place.ends_with(&id), "{place} {id}");
        place
    }

    pub(crate) async fn chunk(&self, path: &str, offset: usize, chunk: &[u8]) -> Answer {
        let offset = offset.to_string();
        let headers = [("content-type", CHUNK), ("upload-offset", &offset)];
        let chunk = Bytes::copy_from_slice(chunk);
        self.ask(Method::PATCH, path, &headers, chunk).await
    }

    /// Hands a file in; gives the upload's name.
    pub(crate) async fn upload(&self, media: &str, file: &[u8]) -> String {
        let path = self.begin(media, file.len()).await;
        let sent = self.chunk(&path, 0, file).await;
        assert_eq!(sent.status, StatusCode::OK, "{:?}", sent.body);
        path.rsplit('/').next().unwrap().to_owned()
    }

    /// Reports rubbish with files; gives the path of their matter's attachments.
    pub(crate) async fn report(&self, uploads: &[String]) -> String {
        let reported = self.report_with(uploads).await;
        assert_eq!(reported.status, StatusCode::CREATED, "{:?}", reported.body);
        let id = reported.json()["id"].as_str().unwrap().to_owned();
        format!("/v1/nodes/33/matters/{id}/attachments")
    }

    pub(crate) async fn report_with(&self, uploads: &[String]) -> Answer {
        let report =
            json!({ "category": "enforcement/rubbish", "text": "见照片", "attachments": uploads });
        self.post("/v1/nodes/33/matters", report).await
    }

    pub(crate) async fn get(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.ask(Method::GET, path, headers, Bytes::new()).await
    }

    /// Files below the store's folder for them.
    pub(crate) fn on_disk(&self) -> Vec<String> {
        fn gather(dir: &Path, into: &mut Vec<String>) {
            for entry in std::fs::read_dir(dir).into_iter().flatten() {
                let path = entry.unwrap().path();
                match path.is_dir() {
                    true => gather(&path, into),
                    false => into.push(path.display().to_string()),
                }
            }
        }
        let mut files = vec![];
        gather(&self.dir.path().join("store/files"), &mut files);
        files
    }
}

async fn run(dir: &Path, tree: &Arc<Tree>) -> Host {
    let raw = "data = '.'\nnodes = ['33']\nzone = 'zj.example'\nlisten = '127.0.0.1:0'\n[http]\n\
               listen = 'off'\n";
    let config = config::Raw::from_toml(raw).unwrap().check(dir).unwrap();
    Host::start(Plan::new(config, Arc::clone(tree)))
        .await
        .unwrap()
}

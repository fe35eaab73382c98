//! A province alone, and how files are handed in to it.

use std::ops::Deref;

use http::{Method, StatusCode, header};
use hyper::body::Bytes;
use serde_json::{Value, json};
use testkit::{
    asking::{Answer, Way},
    province::Province,
};

use super::{CHUNK, UPLOADS};

/// A province alone, asked by its owner.
pub(crate) struct Town(Province);

impl Deref for Town {
    type Target = Province;

    fn deref(&self) -> &Province {
        &self.0
    }
}

impl Town {
    pub(crate) async fn start() -> Self {
        Self(Province::start().await)
    }

    pub(crate) async fn restart(self) -> Self {
        Self(self.0.restart().await)
    }

    pub(crate) async fn stop(self) {
        self.0.host.stop().await;
    }

    pub(crate) async fn ask(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Answer {
        let mut ask = self.0.ask(Way::Socket, method, path);
        for (name, value) in headers {
            ask = ask.with(name, value);
        }
        ask.raw(body).send().await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.socket(Method::POST, path).body(body).send().await
    }

    /// Announces a file; gives its path.
    pub(crate) async fn begin(&self, media: &str, bytes: usize) -> String {
        let begun = self
            .post(UPLOADS, json!({ "media": media, "bytes": bytes }))
            .await
            .expect(201);
        let place = begun.header(header::LOCATION).to_owned();
        let id = begun.text("id");
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
        let id = self.report_with(uploads).await.expect(201).text("id");
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
}

//! A province with an official whose browser is at the desk.

use std::collections::BTreeMap;

use serde_json::Value;

use super::browser::Browser;
use testkit::{asking::Answer, province::Province};

/// The login of the official.
const OFFICIAL: &str = "zhang.san";

pub(super) struct Town {
    pub(super) province: Province,
    /// Tokens of the administrators.
    pub(super) tokens: BTreeMap<&'static str, String>,
    /// The token of the official.
    pub(super) official: String,
}

impl Town {
    pub(super) async fn start() -> Self {
        let province = Province::start().await;
        let tokens = province.administrators().await;
        let official = province.person(&tokens, OFFICIAL, &["official"]).await;
        Self {
            province,
            tokens,
            official,
        }
    }

    /// Stops it and starts it again.
    pub(super) async fn restart(self) -> Self {
        let province = self.province.restart().await;
        Self { province, ..self }
    }

    /// The browser of the official, who has signed in.
    pub(super) async fn browser(&self) -> Browser<'_> {
        Browser::signed_in(&self.province, OFFICIAL).await
    }

    /// A matter as the official sees it.
    pub(super) async fn matter(&self, id: &str) -> Answer {
        let ask = self.province.get(&format!("matters/{id}"));
        ask.by(&self.official).send().await.expect(200)
    }

    /// The official acts on a matter by the API.
    pub(super) async fn act(&self, id: &str, act: Value) -> Answer {
        let ask = self.province.post(&format!("matters/{id}/acts"));
        ask.by(&self.official).body(act).send().await.expect(200)
    }

    pub(super) async fn stop(self) {
        self.province.host.stop().await;
    }
}

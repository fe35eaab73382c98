//! Telling other systems of changes: each webhook has a worker that reads the log of changes from the
//! webhook's own place and posts one signed event after another.
//!
//! Order is kept: the next event waits until the one before it is delivered. Delivery is at least
//! once: if the answer of a receiver is lost, it gets the event again with the same id.

mod delivery;
mod dispatch;
pub mod event;

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use domain::saying::Saying;
use http::{Response, StatusCode, header};
use office::{Office, SealFailure, webhooks::InHand};
use workers::Workers;

use self::{dispatch::Dispatch, event::Event};
use crate::http_client::{HttpClient, HttpError, Target};

/// The webhooks of one node, each with a worker of its own.
pub struct WebhookDispatcher {
    /// The office with the changes.
    pub office: Arc<Office>,
    /// Id of the network; the source of events begins with it.
    pub network: String,
    /// The HTTP client.
    pub client: Arc<HttpClient>,
}

/// Result of one delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// The receiver accepted it.
    Taken(StatusCode),
    /// It failed and is to be retried.
    Failed {
        /// The reason.
        reason: Saying,
        /// Pause that the receiver asks for.
        wait: Duration,
    },
    /// The receiver wants no more events.
    Unwanted(Saying),
}

/// Why a delivery failed, in both languages.
mod reasons {
    domain::sayings! {
        /// The receiver wants no more events.
        pub(super) fn unwanted():
            "接收方答复 410：不再要消息",
            "the receiver answered 410: it wants no more events";
        /// The receiver sends elsewhere.
        pub(super) fn redirected(status):
            "接收方答复“{status}”；转向的地址不跟随，请改写接收地址",
            "the receiver answered {status}; redirects are not followed";
        /// The receiver refuses.
        pub(super) fn answered(status): "接收方答复“{status}”", "the receiver answered {status}";
        /// The event cannot be signed.
        pub(super) fn unsigned(error):
            "本节点的加密密钥解不开这个推送的签名密钥（“{error}”）；请恢复密钥，或删除推送后重新添加",
            "the node's sealing key cannot decrypt the secret of this webhook ({error}); restore the key, \
             or remove the webhook and create it again";
    }
}

impl Delivery {
    fn of(answered: Result<Response<Bytes>, HttpError>) -> Self {
        let failed = |reason: Saying, wait: Option<Duration>| Self::Failed {
            reason,
            wait: wait.unwrap_or_default(),
        };
        let answer = match answered {
            Ok(answer) => answer,
            Err(error) => return failed(error.said(), None),
        };
        let status = answer.status();
        if status.is_success() {
            Self::Taken(status)
        } else if status == StatusCode::GONE {
            Self::Unwanted(reasons::unwanted())
        } else if status.is_redirection() {
            failed(reasons::redirected(status), None)
        } else {
            failed(reasons::answered(status), retry_after(&answer))
        }
    }

    fn unsigned(error: &SealFailure) -> Self {
        Self::Failed {
            reason: reasons::unsigned(error),
            wait: Duration::ZERO,
        }
    }
}

impl WebhookDispatcher {
    /// Posts one event of a webhook. Sends nothing if the event cannot be signed.
    pub async fn deliver(&self, in_hand: &InHand, event: &Event) -> Delivery {
        let hook = &in_hand.hook;
        let target: Target = match hook.url.parse() {
            Ok(target) => target,
            Err(error) => return Delivery::of(Err(HttpError::Target(error))),
        };
        let secret = match self.office.webhooks().secret(in_hand).await {
            Ok(secret) => secret,
            Err(error) => return Delivery::unsigned(&error),
        };
        let request = event.signed(hook.id, &secret, self.office.now());
        Delivery::of(self.client.send(&target, request, 0).await)
    }

    /// Starts the worker that starts one for each webhook.
    pub fn start(self: &Arc<Self>, workers: &Workers) {
        workers.start(Dispatch::new(Arc::clone(self), workers.clone()));
    }
}

/// Returns how long the receiver asks to be left alone, if it says so in seconds.
fn retry_after(answer: &Response<Bytes>) -> Option<Duration> {
    let value = answer.headers().get(header::RETRY_AFTER)?;
    let seconds = value.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}

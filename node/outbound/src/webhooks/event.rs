//! Events for other systems: CloudEvents 1.0, structured mode in JSON, with a signature over the
//! bytes of the body.

use api::ChangeView;
use bytes::Bytes;
use data_encoding::HEXLOWER;
use domain::{
    feed::{Change, ChangeId, Changed},
    hook::HookId,
    time::Timestamp,
};
use http::{HeaderName, HeaderValue, Method, Request, header};
use office::webhooks::HookSecret;
use ring::hmac;
use serde::Serialize;

use super::WebhookDispatcher;

/// Header with the signature: `t=<seconds since 1970>,k=<id of the secret>,v1=<hexadecimal
/// digits>`.
pub const SIGNATURE: HeaderName = HeaderName::from_static("wujitong-signature");
/// Header with the id of the webhook.
pub const HOOK: HeaderName = HeaderName::from_static("wujitong-webhook");
/// The media type of an event (CloudEvents, JSON Event Format 1.0).
pub const MEDIA_TYPE: &str = "application/cloudevents+json; charset=utf-8";

/// One event.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Event {
    specversion: &'static str,
    id: String,
    source: String,
    #[serde(rename = "type")]
    kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<String>,
    time: String,
    datacontenttype: &'static str,
    data: serde_json::Value,
}

fn moment(at: Timestamp) -> String {
    let moment = jiff::Timestamp::from_millisecond(at.0).unwrap_or_default();
    moment.to_string()
}

impl Event {
    fn new(dispatcher: &WebhookDispatcher, id: String, kind: &str, at: Timestamp) -> Self {
        let division = dispatcher.office.me();
        Self {
            specversion: "1.0",
            id,
            source: format!("urn:wujitong:{}:{division}", dispatcher.network),
            kind: format!("wujitong.{kind}"),
            subject: None,
            time: moment(at),
            datacontenttype: "application/json",
            data: serde_json::Value::Null,
        }
    }

    /// Returns the event of a change.
    pub(super) fn of_change(dispatcher: &WebhookDispatcher, change: &Change) -> Self {
        let data = serde_json::to_value(ChangeView::from(change));
        Self {
            subject: Some(match &change.what {
                Changed::Matter(matter) => matter.matter.to_string(),
                Changed::Template(template) => template.key.clone(),
            }),
            data: data.expect("facts have text keys only"),
            ..Self::new(
                dispatcher,
                change.id.to_string(),
                change.kind().code(),
                change.at,
            )
        }
    }

    /// Returns the event that tells a receiver that changes were lost, so that it must read
    /// everything again.
    pub(super) fn of_gap(dispatcher: &WebhookDispatcher, after: ChangeId, now: ChangeId) -> Self {
        Self {
            data: serde_json::json!({ "after": after.to_string(), "now": now.to_string() }),
            ..Self::new(
                dispatcher,
                format!("{now}-gap"),
                "changes.lost",
                dispatcher.office.now(),
            )
        }
    }

    /// Returns a test event.
    pub fn of_test(dispatcher: &WebhookDispatcher) -> Self {
        let now = dispatcher.office.now();
        let id = format!("test-{}", now.0);
        Self {
            data: serde_json::json!({ "test": true }),
            ..Self::new(dispatcher, id, "test", now)
        }
    }

    /// Returns the request to send.
    pub(super) fn signed(
        &self,
        hook: HookId,
        secret: &HookSecret,
        now: Timestamp,
    ) -> Request<Bytes> {
        let body = serde_json::to_vec(self).expect("an event has text keys only");
        let text = |text: String| HeaderValue::from_str(&text).expect("digits and letters");
        let headers = [
            (header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE)),
            (
                header::USER_AGENT,
                HeaderValue::from_static(concat!("wujitong/", env!("CARGO_PKG_VERSION"))),
            ),
            (HOOK, text(hook.to_string())),
            (SIGNATURE, text(signature(secret, now, &body))),
        ];
        let mut request = Request::new(body.into());
        *request.method_mut() = Method::POST;
        request.headers_mut().extend(headers);
        request
    }
}

/// Returns the signature of a body: HMAC-SHA256 (RFC 2104) with the secret, as it was shown, over
/// the seconds, a dot, and the body.
pub fn signature(secret: &HookSecret, now: Timestamp, body: &[u8]) -> String {
    let seconds = now.0.div_euclid(1_000).to_string();
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.to_string().as_bytes());
    let mut context = hmac::Context::with_key(&key);
    for part in [seconds.as_bytes(), b".", body] {
        context.update(part);
    }
    let digits = HEXLOWER.encode(context.sign().as_ref());
    format!("t={seconds},k={},v1={digits}", secret.id())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_over_the_time_and_the_very_bytes() {
        let secret = HookSecret([7; 32]);
        let at = Timestamp(1_780_000_000_999);
        let signed = signature(&secret, at, b"{}");
        // printf '1780000000.{}' | openssl dgst -sha256 -hmac "whsec_0707…07"
        assert_eq!(
            signed,
            format!(
                "t=1780000000,k={},v1=5d0d675f77c2fd3b7e8cb9afe9aee7c738b561261130ce8f9f62cb0709533e64",
                secret.id()
            )
        );
        for (other, at, body) in [
            (HookSecret([8; 32]), at, &b"{}"[..]),
            (secret, Timestamp(at.0 + 1_000), b"{}"),
            (secret, at, b"{ }"),
        ] {
            assert_ne!(signature(&other, at, body), signed);
        }
    }
}

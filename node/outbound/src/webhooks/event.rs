//! Events as other systems get them: CloudEvents 1.0, structured mode in JSON, with a signature over
//! the very bytes of the body.

use api::ChangeView;
use bytes::Bytes;
use domain::{
    feed::{Change, ChangeId, Changed},
    hook::HookId,
    time::Timestamp,
};
use http::{HeaderName, HeaderValue, header};
use office::hooks::HookSecret;
use ring::hmac;
use serde::Serialize;

use super::WebhookDispatcher;

/// Where the signature stands: `t=<seconds since 1970>,k=<id of the secret>,v1=<hexadecimal digits>`.
pub const SIGNATURE: HeaderName = HeaderName::from_static("wujitong-signature");
/// Which webhook it is for.
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
    fn new(couriers: &WebhookDispatcher, id: String, kind: &str, at: Timestamp) -> Self {
        let division = couriers.office.me();
        Self {
            specversion: "1.0",
            id,
            source: format!("urn:wujitong:{}:{division}", couriers.network),
            kind: format!("wujitong.{kind}"),
            subject: None,
            time: moment(at),
            datacontenttype: "application/json",
            data: serde_json::Value::Null,
        }
    }

    /// A change.
    pub(super) fn of_change(couriers: &WebhookDispatcher, change: &Change) -> Self {
        let data = serde_json::to_value(ChangeView::from(change));
        Self {
            subject: Some(match &change.what {
                Changed::Matter(matter) => matter.matter.to_string(),
                Changed::Template(template) => template.key.clone(),
            }),
            data: data.expect("facts have text keys only"),
            ..Self::new(
                couriers,
                change.id.to_string(),
                change.kind().name(),
                change.at,
            )
        }
    }

    /// That changes in between were lost to the receiver, which should read everything anew.
    pub(super) fn of_gap(couriers: &WebhookDispatcher, after: ChangeId, now: ChangeId) -> Self {
        Self {
            data: serde_json::json!({ "after": after.to_string(), "now": now.to_string() }),
            ..Self::new(
                couriers,
                format!("{now}-gap"),
                "changes.lost",
                couriers.office.now(),
            )
        }
    }

    /// That somebody tries whether it works.
    pub fn of_test(couriers: &WebhookDispatcher) -> Self {
        let now = couriers.office.now();
        let id = format!("test-{}", now.0);
        Self {
            data: serde_json::json!({ "test": true }),
            ..Self::new(couriers, id, "test", now)
        }
    }

    /// The headers and body to post.
    pub(super) fn signed(
        &self,
        hook: HookId,
        secret: &HookSecret,
        now: Timestamp,
    ) -> (Vec<(HeaderName, HeaderValue)>, Bytes) {
        let body = serde_json::to_vec(self).expect("an event has text keys only");
        let text = |text: String| HeaderValue::from_str(&text).expect("digits and letters");
        let headers = vec![
            (header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE)),
            (
                header::USER_AGENT,
                HeaderValue::from_static(concat!("wujitong/", env!("CARGO_PKG_VERSION"))),
            ),
            (HOOK, text(hook.to_string())),
            (SIGNATURE, text(signature(secret, now, &body))),
        ];
        (headers, body.into())
    }
}

/// The signature of a body: HMAC-SHA256 (RFC 2104), under the secret as it was shown, of the seconds,
/// a dot, and the body.
pub fn signature(secret: &HookSecret, now: Timestamp, body: &[u8]) -> String {
    let seconds = now.0.div_euclid(1_000).to_string();
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.to_string().as_bytes());
    let mut context = hmac::Context::with_key(&key);
    for part in [seconds.as_bytes(), b".", body] {
        context.update(part);
    }
    let digits: String = context
        .sign()
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
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

//! The idempotency key of a request: what it is made of, and the headers that carry it.

use std::borrow::Cow;

use domain::{actor::Actor, suite::Suite};
use http::{Method, request::Parts};
use office::IdempotencyKey;

use super::problem::Rejection;

/// Header that identifies repetitions of a request (draft-ietf-httpapi-idempotency-key-header).
pub const IDEMPOTENCY_KEY: &str = "idempotency-key";
/// Header of an answer that was given before.
pub const REPLAYED: &str = "idempotency-replayed";

/// Returns the key under which a POST may be repeated: 1 to 255 visible characters.
pub fn key_of_repetition(parts: &Parts) -> Result<Option<String>, Rejection> {
    let Some(value) = parts
        .headers
        .get(IDEMPOTENCY_KEY)
        .filter(|_| parts.method == Method::POST)
    else {
        return Ok(None);
    };
    let text = value.to_str().unwrap_or_default();
    if (1..=255).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic()) {
        Ok(Some(text.to_owned()))
    } else {
        Err(Rejection::unfit((
            "this Idempotency-Key is not valid; use 1 to 255 visible characters, such as a UUID",
            "幂等键（Idempotency-Key）不对；请用 1 到 255 个可见字符，例如 UUID",
        )))
    }
}

/// Returns the identity of a request that may be repeated: caller, path and key, and a digest of
/// its query and body.
pub fn idempotency_key(
    actor: &Actor,
    path: &str,
    key: &str,
    (query, body): (&str, &[u8]),
) -> IdempotencyKey {
    let suite = Suite::Ed25519Blake3;
    let caller = format!("{actor:?}");
    let lengths = |text: &str| (text.len() as u64).to_be_bytes();
    IdempotencyKey {
        key: suite.digest(&[
            b"wujitong/once/1",
            &lengths(&caller),
            caller.as_bytes(),
            &lengths(path),
            path.as_bytes(),
            key.as_bytes(),
        ]),
        body: suite.digest(&[&lengths(query), query.as_bytes(), &content(body)]),
    }
}

/// Returns the content of a body. JSON is written with sorted members and without white space,
/// because programs that build the body again may order it differently.
fn content(body: &[u8]) -> Cow<'_, [u8]> {
    let value: Result<serde_json::Value, _> = serde_json::from_slice(body);
    let canonical = value.and_then(|mut value| {
        // A feature of serde_json, which any dependency may turn on, keeps the order as it was written.
        value.sort_all_objects();
        serde_json::to_vec(&value)
    });
    canonical.map_or(Cow::Borrowed(body), Cow::Owned)
}

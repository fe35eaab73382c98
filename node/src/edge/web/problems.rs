//! Every kind of problem there is, explained: what the `type` of a problem leads to.

use axum::Json;
use serde::{Deserialize, Serialize};

use super::problem::Problem;

/// Where it is served.
pub(super) const PATH: &str = "/v1/problems";

/// A kind of problem.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ProblemKind {
    /// Its word, which never changes.
    pub code: String,
    /// The HTTP status it comes with.
    pub status: u16,
    /// What it means, and what to do.
    pub meaning: String,
}

/// Kind, status, meaning.
const KINDS: [(&str, u16, &str); 33] = [
    (
        "the-request-does-not-fit",
        422,
        "Something in it cannot be understood or is out of range. Nothing was done; correct it.",
    ),
    (
        "not-found",
        404,
        "It is not there, or it is not for you; which of them is not said.",
    ),
    (
        "file-damaged",
        500,
        "The attachment is not any more what was kept, and no other division is known to have it. An alarm stands at the node; its operator can put the file back from a backup.",
    ),
    (
        "disk-full",
        507,
        "The node's disk is full. Nothing was done. What is there can be read; free some room on the disk, then send the same again.",
    ),
    (
        "disk-failed",
        503,
        "The node's disk failed earlier, and nothing is written. Nothing was done. What is durable can be read. The node opens its store again by itself when the disk takes writes.",
    ),
    (
        "method-not-allowed",
        405,
        "The path does not take this method.",
    ),
    (
        "payload-too-large",
        413,
        "The body is longer than is taken. Send less, or an attachment.",
    ),
    (
        "unsupported-media-type",
        415,
        "The body is not of the type that is taken, or not said to be.",
    ),
    (
        "refused-by-the-rules",
        409,
        "The rules of the network do not allow it as things stand. Nothing was done.",
    ),
    (
        "moved-on",
        412,
        "The matter is not any more as If-Match says. Look at it again, then decide.",
    ),
    (
        "not-logged-in",
        401,
        "It is not known who asks, or the session has ended. Log in.",
    ),
    (
        "wrong-login-or-password",
        401,
        "They open no account. Which of them is wrong is not said.",
    ),
    (
        "locked-for-a-while",
        429,
        "Too many wrong passwords. Wait; the wait doubles with each further one.",
    ),
    (
        "sign-in-refused",
        403,
        "The provider did not vouch for you, its word does not count, or no open account is linked to you.",
    ),
    (
        "provider-fails",
        502,
        "The provider that signs people in does not answer as it should. Passwords work as ever.",
    ),
    (
        "not-allowed",
        403,
        "You are known, and none of your roles or deeds allows it. It stands in the audit trail.",
    ),
    (
        "cross-site-request",
        403,
        "A cookie came without proof that a page of this node sent it.",
    ),
    (
        "too-many-requests",
        429,
        "Your address or account asks too often. Wait as long as Retry-After says.",
    ),
    (
        "too-busy",
        429,
        "The node has as much to write as it takes. Try again in a moment.",
    ),
    (
        "second-machine",
        503,
        "Another machine with this node's identity is linked to the parent, so this one takes nothing \
         new. Ask the other, or stop one of the two.",
    ),
    (
        "idempotency-key-used-before",
        422,
        "The Idempotency-Key came with another body before. Take a new key for each new request.",
    ),
    (
        "still-in-hand",
        409,
        "The first request with this Idempotency-Key is being done. Ask again in a moment.",
    ),
    (
        "shown-once",
        409,
        "It was done under this Idempotency-Key; its answer held a secret that is not stored.",
    ),
    (
        "audit-trail-broken",
        409,
        "The audit trail is not what was written. Tell the auditors.",
    ),
    (
        "the-store-does-not-answer",
        503,
        "It is not known whether it was done. Repeat it with the same Idempotency-Key.",
    ),
    (
        "not-as-it-stands",
        409,
        "The upload or file is at another place, in another hand or not here yet. Look how it stands, then go on.",
    ),
    (
        "too-much-waiting",
        429,
        "You handed in more than you used. Use some in a report, or throw some away.",
    ),
    (
        "no-longer-kept",
        410,
        "The retention period is over. The file is nowhere any more.",
    ),
    (
        "beyond-the-end",
        416,
        "The file has no bytes there. Content-Range says how long it is.",
    ),
    (
        "out-of-reach",
        504,
        "The file lies at another node, or is looked for there, that cannot be reached now. Ask again later; what came so far is kept.",
    ),
    (
        "wrong-bytes",
        502,
        "What another node sent is not the file. Ask again; tell whoever runs that node.",
    ),
    (
        "no-room",
        507,
        "The disk is full, or the node keeps as many files as it may. Nothing was done.",
    ),
    (
        "misdirected-request",
        421,
        "This node does not answer for the host that was asked for.",
    ),
];

/// Every kind of problem
#[utoipa::path(get, path = "/v1/problems", tag = "about",
    responses((status = 200, description = "All kinds", body = Vec<ProblemKind>)))]
pub(super) async fn list() -> Json<Vec<ProblemKind>> {
    let kinds = KINDS.map(|(code, status, meaning)| ProblemKind {
        code: code.to_owned(),
        status,
        meaning: meaning.to_owned(),
    });
    Json(kinds.into())
}

/// Whether a problem is of a kind that is explained.
pub fn is_listed(problem: &Problem) -> bool {
    let mut kinds = KINDS.iter();
    kinds.any(|(code, status, _)| *code == &*problem.code && *status == problem.status)
}

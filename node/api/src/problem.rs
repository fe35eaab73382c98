//! Why a request failed (RFC 9457): the codes there are, and what a caller is told.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// Where every code is explained.
pub const PROBLEMS: &str = "/v1/problems";

/// A kind of problem. Its code never changes; programs go by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProblemCode {
    /// 422: Something in it cannot be understood or is out of range.
    InvalidRequest,
    /// 404: It is not there, or it is not for you; which of them is not said.
    NotFound,
    /// 500: The attachment is not any more what was kept, and no other division is known to have it.
    FileDamaged,
    /// 507: The node's disk is full.
    DiskFull,
    /// 503: The node's disk failed earlier, and nothing is written.
    DiskFailed,
    /// 400: The body could not be read to its end.
    BadRequest,
    /// 503: The node cannot do this now, for a reason that its log has.
    ServiceUnavailable,
    /// 405: The path does not take this method.
    MethodNotAllowed,
    /// 413: The body is longer than is taken.
    PayloadTooLarge,
    /// 415: The body is not of the type that is taken, or not said to be.
    UnsupportedMediaType,
    /// 409: The rules of the network do not allow it as things stand.
    RefusedByTheRules,
    /// 412: The matter is not any more as If-Match says.
    PreconditionFailed,
    /// 401: It is not known who asks, or the session has ended.
    NotLoggedIn,
    /// 401: They open no account.
    WrongLoginOrPassword,
    /// 429: Too many wrong passwords.
    LockedForAWhile,
    /// 403: The provider did not vouch for you, its word does not count, or no open account is linked to you.
    SignInRefused,
    /// 502: The provider that signs people in does not answer as it should.
    ProviderFails,
    /// 403: You are known, and none of your roles or deeds allows it.
    NotAllowed,
    /// 403: A cookie came without proof that a page of this node sent it.
    CrossSiteRequest,
    /// 429: Your address or account asks too often.
    TooManyRequests,
    /// 429: The node has as much to write as it takes.
    TooBusy,
    /// 503: Another machine with this node's identity is linked to the parent, so this one takes nothing new.
    SecondMachine,
    /// 422: The Idempotency-Key came with another body before.
    IdempotencyKeyUsedBefore,
    /// 409: The first request with this Idempotency-Key is being done.
    RequestInProgress,
    /// 409: It was done under this Idempotency-Key; its answer held a secret that is not stored.
    ShownOnce,
    /// 409: The audit trail is not what was written.
    AuditTrailBroken,
    /// 503: It is not known whether it was done.
    StoreUnavailable,
    /// 409: The upload or file is at another place, in another hand or not here yet.
    Conflict,
    /// 429: You handed in more than you used.
    TooMuchWaiting,
    /// 410: The retention period is over.
    NoLongerKept,
    /// 416: The file has no bytes there.
    RangeNotSatisfiable,
    /// 504: The file lies at another node, or is looked for there, that cannot be reached now.
    HolderUnreachable,
    /// 502: What another node sent is not the file.
    WrongBytes,
    /// 507: The disk is full, or the node keeps as many files as it may.
    InsufficientStorage,
    /// 421: This node does not answer for the host that was asked for.
    MisdirectedRequest,
    /// 500: The node cannot open or seal what people wrote: its `seal.key` is missing or is another one.
    SealingKeyFails,
}

/// Every code: its text, its HTTP status, and what it means.
const CODES: [(ProblemCode, &str, u16, &str); 36] = [
    (
        ProblemCode::InvalidRequest,
        "invalid-request",
        422,
        "Something in it cannot be understood or is out of range. Nothing was done; correct it.",
    ),
    (
        ProblemCode::NotFound,
        "not-found",
        404,
        "It is not there, or it is not for you; which of them is not said.",
    ),
    (
        ProblemCode::FileDamaged,
        "file-damaged",
        500,
        "The attachment is not any more what was kept, and no other division is known to have it. An alarm stands at the node; its operator can put the file back from a backup.",
    ),
    (
        ProblemCode::DiskFull,
        "disk-full",
        507,
        "The node's disk is full. Nothing was done. What is there can be read; free some room on the disk, then send the same again.",
    ),
    (
        ProblemCode::DiskFailed,
        "disk-failed",
        503,
        "The node's disk failed earlier, and nothing is written. Nothing was done. What is durable can be read. The node opens its store again by itself when the disk takes writes.",
    ),
    (
        ProblemCode::BadRequest,
        "bad-request",
        400,
        "The body could not be read to its end. Nothing was done; send it again.",
    ),
    (
        ProblemCode::ServiceUnavailable,
        "service-unavailable",
        503,
        "The node cannot do this now, and its log says why. Try again, or tell its operator.",
    ),
    (
        ProblemCode::MethodNotAllowed,
        "method-not-allowed",
        405,
        "The path does not take this method.",
    ),
    (
        ProblemCode::PayloadTooLarge,
        "payload-too-large",
        413,
        "The body is longer than is taken. Send less, or an attachment.",
    ),
    (
        ProblemCode::UnsupportedMediaType,
        "unsupported-media-type",
        415,
        "The body is not of the type that is taken, or not said to be.",
    ),
    (
        ProblemCode::RefusedByTheRules,
        "refused-by-the-rules",
        409,
        "The rules of the network do not allow it as things stand. Nothing was done.",
    ),
    (
        ProblemCode::PreconditionFailed,
        "precondition-failed",
        412,
        "The matter is not any more as If-Match says. Look at it again, then decide.",
    ),
    (
        ProblemCode::NotLoggedIn,
        "not-logged-in",
        401,
        "It is not known who asks, or the session has ended. Log in.",
    ),
    (
        ProblemCode::WrongLoginOrPassword,
        "wrong-login-or-password",
        401,
        "They open no account. Which of them is wrong is not said.",
    ),
    (
        ProblemCode::LockedForAWhile,
        "locked-for-a-while",
        429,
        "Too many wrong passwords. Wait; the wait doubles with each further one.",
    ),
    (
        ProblemCode::SignInRefused,
        "sign-in-refused",
        403,
        "The provider did not vouch for you, its word does not count, or no open account is linked to you.",
    ),
    (
        ProblemCode::ProviderFails,
        "provider-fails",
        502,
        "The provider that signs people in does not answer as it should. Passwords work as ever.",
    ),
    (
        ProblemCode::NotAllowed,
        "not-allowed",
        403,
        "You are known, and none of your roles or deeds allows it. It stands in the audit trail.",
    ),
    (
        ProblemCode::CrossSiteRequest,
        "cross-site-request",
        403,
        "A cookie came without proof that a page of this node sent it.",
    ),
    (
        ProblemCode::TooManyRequests,
        "too-many-requests",
        429,
        "Your address or account asks too often. Wait as long as Retry-After says.",
    ),
    (
        ProblemCode::TooBusy,
        "too-busy",
        429,
        "The node has as much to write as it takes. Try again in a moment.",
    ),
    (
        ProblemCode::SecondMachine,
        "second-machine",
        503,
        "Another machine with this node's identity is linked to the parent, so this one takes nothing new. Ask the other, or stop one of the two.",
    ),
    (
        ProblemCode::IdempotencyKeyUsedBefore,
        "idempotency-key-used-before",
        422,
        "The Idempotency-Key came with another body before. Take a new key for each new request.",
    ),
    (
        ProblemCode::RequestInProgress,
        "request-in-progress",
        409,
        "The first request with this Idempotency-Key is being done. Ask again in a moment.",
    ),
    (
        ProblemCode::ShownOnce,
        "shown-once",
        409,
        "It was done under this Idempotency-Key; its answer held a secret that is not stored.",
    ),
    (
        ProblemCode::AuditTrailBroken,
        "audit-trail-broken",
        409,
        "The audit trail is not what was written. Tell the auditors.",
    ),
    (
        ProblemCode::StoreUnavailable,
        "store-unavailable",
        503,
        "It is not known whether it was done. Repeat it with the same Idempotency-Key.",
    ),
    (
        ProblemCode::Conflict,
        "conflict",
        409,
        "The upload or file is at another place, in another hand or not here yet. Look how it stands, then go on.",
    ),
    (
        ProblemCode::TooMuchWaiting,
        "too-much-waiting",
        429,
        "You handed in more than you used. Use some in a report, or throw some away.",
    ),
    (
        ProblemCode::NoLongerKept,
        "no-longer-kept",
        410,
        "The retention period is over. The file is nowhere any more.",
    ),
    (
        ProblemCode::RangeNotSatisfiable,
        "range-not-satisfiable",
        416,
        "The file has no bytes there. Content-Range says how long it is.",
    ),
    (
        ProblemCode::HolderUnreachable,
        "holder-unreachable",
        504,
        "The file lies at another node, or is looked for there, that cannot be reached now. Ask again later; what came so far is kept.",
    ),
    (
        ProblemCode::WrongBytes,
        "wrong-bytes",
        502,
        "What another node sent is not the file. Ask again; tell whoever runs that node.",
    ),
    (
        ProblemCode::InsufficientStorage,
        "insufficient-storage",
        507,
        "The disk is full, or the node keeps as many files as it may. Nothing was done.",
    ),
    (
        ProblemCode::MisdirectedRequest,
        "misdirected-request",
        421,
        "This node does not answer for the host that was asked for.",
    ),
    (
        ProblemCode::SealingKeyFails,
        "sealing-key-fails",
        500,
        "The node cannot open or seal what people wrote: its `seal.key` is missing or is another one. Its operator puts it back from a backup.",
    ),
];

impl ProblemCode {
    /// Returns every code, in the order of the documentation.
    pub fn all() -> impl Iterator<Item = Self> {
        CODES.iter().map(|(code, ..)| *code)
    }

    fn row(self) -> &'static (Self, &'static str, u16, &'static str) {
        let mut rows = CODES.iter();
        rows.find(|(code, ..)| *code == self)
            .expect("a test goes through every code")
    }

    /// Returns the text of the code: words in lower case, with hyphens.
    pub fn as_str(self) -> &'static str {
        self.row().1
    }

    /// Returns the HTTP status it comes with.
    pub fn status(self) -> u16 {
        self.row().2
    }

    /// Returns what it means and what to do, in one or a few sentences.
    pub fn meaning(self) -> &'static str {
        self.row().3
    }

    /// Returns the code in words.
    pub fn title(self) -> String {
        self.as_str().replace('-', " ")
    }
}

impl FromStr for ProblemCode {
    type Err = UnknownCode;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = CODES.iter().find(|(_, code, ..)| *code == text);
        found.map(|(code, ..)| *code).ok_or(UnknownCode)
    }
}

/// A text that is no [`ProblemCode`] of this version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this version knows no such problem code; /v1/problems lists them")]
pub struct UnknownCode;

/// A kind of problem, as `/v1/problems` lists it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ProblemKind {
    /// Its word, which never changes.
    pub code: String,
    /// The HTTP status it comes with.
    pub status: u16,
    /// What it means, and what to do.
    pub meaning: String,
}

impl From<ProblemCode> for ProblemKind {
    fn from(code: ProblemCode) -> Self {
        Self {
            code: code.as_str().to_owned(),
            status: code.status(),
            meaning: code.meaning().to_owned(),
        }
    }
}

/// Why a request failed, for people and programs (`application/problem+json`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Problem {
    /// Where this kind of problem is explained; `/v1/problems` lists all kinds.
    #[serde(rename = "type", default)]
    #[schema(example = "/v1/problems#refused-by-the-rules")]
    #[schema(value_type = String)]
    pub kind: Box<str>,
    /// The kind in one word, which never changes.
    #[serde(default)]
    #[schema(example = "refused-by-the-rules")]
    #[schema(value_type = String)]
    pub code: Box<str>,
    /// The HTTP status.
    pub status: u16,
    /// The kind in words.
    #[schema(value_type = String)]
    pub title: Box<str>,
    /// What happened.
    #[schema(value_type = String)]
    pub detail: Box<str>,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// Under which number the node's log says more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub log_id: Option<Box<str>>,
    /// Seconds to wait before asking again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_s: Option<u32>,
}

impl Problem {
    /// The media type of a problem.
    pub const MEDIA_TYPE: &str = "application/problem+json";

    /// Returns a problem whose sentence may end in a hint after a semicolon.
    pub fn new(code: ProblemCode, sentence: &str) -> Self {
        let (detail, hint) = split_hint(sentence);
        Self {
            kind: format!("{PROBLEMS}#{}", code.as_str()).into(),
            code: code.as_str().into(),
            status: code.status(),
            title: code.title().into(),
            detail: detail.into(),
            hint: hint.map(str::to_owned),
            log_id: None,
            retry_after_s: None,
        }
    }

    /// Whether it is of this kind.
    pub fn is(&self, code: ProblemCode) -> bool {
        &*self.code == code.as_str()
    }

    /// Returns its kind, if this version knows the code and it came with the status of that code.
    pub fn known(&self) -> Option<ProblemCode> {
        let code = self.code.parse::<ProblemCode>().ok();
        code.filter(|code| code.status() == self.status)
    }
}

/// The sentence before its last semicolon, and the hint after it. A text of several lines stays
/// whole.
pub fn split_hint(sentence: &str) -> (&str, Option<&str>) {
    match sentence.rsplit_once("; ") {
        Some((detail, hint)) if !sentence.contains('\n') => (detail, Some(hint)),
        _ => (sentence, None),
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail)?;
        if let Some(hint) = &self.hint {
            write!(f, "; {hint}")?;
        }
        match &self.log_id {
            Some(log_id) => write!(f, " (log {log_id})"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Problem {}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_code_has_one_row_and_is_read_back() {
        let texts: BTreeSet<_> = ProblemCode::all().map(ProblemCode::as_str).collect();
        assert_eq!(texts.len(), CODES.len());
        for code in ProblemCode::all() {
            assert_eq!(code.as_str().parse(), Ok(code));
            assert!((400..600).contains(&code.status()), "{code:?}");
            assert!(code.meaning().ends_with('.'), "{code:?}");
        }
        // An enumeration counts from 0 without a gap, so this is every variant.
        let places: Vec<_> = ProblemCode::all().map(|code| code as usize).collect();
        assert_eq!(places, (0..CODES.len()).collect::<Vec<_>>());
        assert_eq!("moved-on".parse::<ProblemCode>(), Err(UnknownCode));
    }

    #[test]
    fn a_hint_stands_apart_from_what_happened() {
        let problem = Problem::new(ProblemCode::InvalidRequest, "the text is empty; say more");
        assert_eq!(&*problem.detail, "the text is empty");
        assert_eq!(problem.hint.as_deref(), Some("say more"));
        assert_eq!(problem.to_string(), "the text is empty; say more");
        assert_eq!(&*problem.kind, "/v1/problems#invalid-request");
        let lines = "two problems\n  a; b";
        assert_eq!(split_hint(lines), (lines, None));
    }
}

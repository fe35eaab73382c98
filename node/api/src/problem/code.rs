//! Kinds of problems, each with the code that programs compare.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::codes::{CODES, Row};

/// A kind of problem. Its code never changes, so programs compare it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProblemCode {
    /// 422: The request cannot be understood or a value is out of range.
    InvalidRequest,
    /// 404: It does not exist, or the caller may not see it; the answer does not say which.
    NotFound,
    /// 500: The attachment is damaged, and no other division is known to have it.
    FileDamaged,
    /// 507: The node's disk is full.
    DiskFull,
    /// 503: The node's disk failed earlier, and the node writes nothing.
    DiskFailed,
    /// 400: The body could not be read completely.
    BadRequest,
    /// 503: The node cannot do this now; its log says why.
    ServiceUnavailable,
    /// 405: The path does not support this method.
    MethodNotAllowed,
    /// 413: The body is too long.
    PayloadTooLarge,
    /// 415: The body has the wrong type, or no Content-Type.
    UnsupportedMediaType,
    /// 409: The rules of the network do not allow this in the present state.
    RefusedByTheRules,
    /// 412: The matter has changed since the version in If-Match.
    PreconditionFailed,
    /// 401: The caller is unknown, or the session has ended.
    NotLoggedIn,
    /// 401: Login name or password is wrong.
    WrongLoginOrPassword,
    /// 429: Too many wrong passwords.
    LockedForAWhile,
    /// 403: The provider did not confirm the person, its token is not valid, or no open account is
    /// linked to the person.
    SignInRefused,
    /// 502: The provider that signs people in does not answer correctly.
    ProviderFails,
    /// 403: None of the caller's roles or permissions allows this.
    NotAllowed,
    /// 403: A cookie came without proof that a page of this node sent it.
    CrossSiteRequest,
    /// 429: The address or account sends too many requests.
    TooManyRequests,
    /// 429: The node's write queue is full.
    TooBusy,
    /// 503: Another machine with this node's identity is linked to the parent, so this one accepts
    /// nothing new.
    SecondMachine,
    /// 422: The Idempotency-Key was used before with another body.
    IdempotencyKeyUsedBefore,
    /// 409: The first request with this Idempotency-Key is still running.
    RequestInProgress,
    /// 409: The request was done under this Idempotency-Key; its answer held a secret that is not
    /// stored.
    ShownOnce,
    /// 409: The audit trail was changed after it was written.
    AuditTrailBroken,
    /// 503: The store did not confirm the write, so the result is unknown.
    StoreUnavailable,
    /// 409: The upload or file is in another state, belongs to another person, or is not here yet.
    Conflict,
    /// 429: The caller has too many unused uploads.
    TooMuchWaiting,
    /// 410: The retention period is over.
    NoLongerKept,
    /// 416: The file has no bytes in this range.
    RangeNotSatisfiable,
    /// 504: The file is at another node, or is being searched for at one, that cannot be reached
    /// now.
    HolderUnreachable,
    /// 502: Another node sent bytes that are not the file.
    WrongBytes,
    /// 507: The disk is full, or the node keeps as many files as it may.
    InsufficientStorage,
    /// 421: This node does not serve the requested host.
    MisdirectedRequest,
    /// 500: The node cannot encrypt or decrypt text: its `seal.key` is missing or is the wrong one.
    SealingKeyFails,
    /// 403: The setup code is wrong, was used before, or has ended.
    WrongSetupCode,
    /// 403: Somebody else set the password of the account; the session can only set another.
    PasswordMustChange,
}

impl ProblemCode {
    /// Returns every code, in the order of the documentation.
    pub fn all() -> impl Iterator<Item = Self> {
        CODES.iter().map(|row| row.code)
    }

    fn row(self) -> &'static Row {
        let mut rows = CODES.iter();
        rows.find(|row| row.code == self)
            .expect("a test goes through every code")
    }

    /// Returns the text of the code: words in lower case, with hyphens.
    pub fn as_str(self) -> &'static str {
        self.row().text
    }

    /// Returns the HTTP status of the code.
    pub fn status(self) -> u16 {
        self.row().status
    }

    /// Returns the meaning and what to do, in one or a few English sentences.
    pub fn meaning(self) -> &'static str {
        self.row().meaning
    }

    /// Returns the meaning and what to do, in Chinese.
    pub fn chinese(self) -> &'static str {
        self.row().chinese
    }

    /// Returns the code as words.
    pub fn title(self) -> String {
        self.as_str().replace('-', " ")
    }

    /// Returns what people call the code in Chinese.
    pub fn chinese_title(self) -> &'static str {
        self.row().title
    }
}

impl FromStr for ProblemCode {
    type Err = UnknownCode;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = CODES.iter().find(|row| row.text == text);
        found.map(|row| row.code).ok_or(UnknownCode)
    }
}

/// A text that is not a [`ProblemCode`] of this version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this version knows no such problem code; /v1/problems lists them")]
pub struct UnknownCode;

/// A kind of problem, as `/v1/problems` lists it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ProblemKind {
    /// The code, which never changes.
    pub code: String,
    /// The HTTP status of the code.
    pub status: u16,
    /// The meaning, and what to do.
    pub meaning: String,
    /// The name in Chinese.
    pub chinese_title: String,
    /// The meaning, and what to do, in Chinese.
    pub chinese: String,
}

impl From<ProblemCode> for ProblemKind {
    fn from(code: ProblemCode) -> Self {
        Self {
            code: code.as_str().to_owned(),
            status: code.status(),
            meaning: code.meaning().to_owned(),
            chinese_title: code.chinese_title().to_owned(),
            chinese: code.chinese().to_owned(),
        }
    }
}

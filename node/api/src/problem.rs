//! Problem codes and the error body of the API (RFC 9457).

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::Language;

/// Path that explains every code.
pub const PROBLEMS: &str = "/v1/problems";

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

/// What is known about one code.
struct Row {
    code: ProblemCode,
    /// The code as text.
    text: &'static str,
    /// The HTTP status.
    status: u16,
    /// The meaning, in English.
    meaning: &'static str,
    /// The name, in Chinese. The English one is the code as words.
    title: &'static str,
    /// The meaning, in Chinese.
    chinese: &'static str,
}

/// Every code.
const CODES: [Row; 38] = [
    Row {
        code: ProblemCode::InvalidRequest,
        text: "invalid-request",
        status: 422,
        meaning: "The request cannot be understood or a value is out of range. Nothing was done; correct the request.",
        title: "请求有误",
        chinese: "请求无法读懂，或某个值超出范围。什么都没有做；请更正后再发。",
    },
    Row {
        code: ProblemCode::NotFound,
        text: "not-found",
        status: 404,
        meaning: "It does not exist, or you may not see it; the answer does not say which.",
        title: "没有找到",
        chinese: "没有这样东西，或您不能看；答复不说明是哪一种。",
    },
    Row {
        code: ProblemCode::FileDamaged,
        text: "file-damaged",
        status: 500,
        meaning: "The attachment is damaged, and no other division is known to have it. The node has raised an alarm; its operator can restore the file from a backup.",
        title: "文件损坏",
        chinese: "附件已损坏，也没有别的单位有。节点已发出警报；运维人员可以从备份恢复。",
    },
    Row {
        code: ProblemCode::DiskFull,
        text: "disk-full",
        status: 507,
        meaning: "The node's disk is full. Nothing was done. Existing data can be read; free some space on the disk, then send the request again.",
        title: "磁盘已满",
        chinese: "节点的磁盘已满。什么都没有做。已有的数据还能看；腾出空间后请重发。",
    },
    Row {
        code: ProblemCode::DiskFailed,
        text: "disk-failed",
        status: 503,
        meaning: "The node's disk failed earlier, and the node writes nothing. Nothing was done. Existing data can be read. The node reopens its store by itself once the disk accepts writes.",
        title: "磁盘故障",
        chinese: "节点的磁盘出过故障，现在不写任何东西。什么都没有做。已有的数据还能看。磁盘恢复后节点会自己重开存储。",
    },
    Row {
        code: ProblemCode::BadRequest,
        text: "bad-request",
        status: 400,
        meaning: "The body could not be read completely. Nothing was done; send it again.",
        title: "请求没有读完",
        chinese: "请求没有读完整。什么都没有做；请重发。",
    },
    Row {
        code: ProblemCode::ServiceUnavailable,
        text: "service-unavailable",
        status: 503,
        meaning: "The node cannot do this now; its log says why. Try again, or tell its operator.",
        title: "暂时不能服务",
        chinese: "节点现在做不了，日志里有原因。请再试，或告诉运维人员。",
    },
    Row {
        code: ProblemCode::MethodNotAllowed,
        text: "method-not-allowed",
        status: 405,
        meaning: "The path does not support this method. /v1/openapi.json lists the methods of every path.",
        title: "不支持的方法",
        chinese: "这个路径不支持这种方法。/v1/openapi.json 列出各路径的方法。",
    },
    Row {
        code: ProblemCode::PayloadTooLarge,
        text: "payload-too-large",
        status: 413,
        meaning: "The body is too long. Shorten it, or upload the content as an attachment.",
        title: "内容太长",
        chinese: "内容太长。请写短些，或作为附件上传。",
    },
    Row {
        code: ProblemCode::UnsupportedMediaType,
        text: "unsupported-media-type",
        status: 415,
        meaning: "The body has the wrong type, or no Content-Type. Send the type that the API document names for this path.",
        title: "类型不对",
        chinese: "内容的类型不对，或没有写明类型。请按接口文档写明的类型发送。",
    },
    Row {
        code: ProblemCode::RefusedByTheRules,
        text: "refused-by-the-rules",
        status: 409,
        meaning: "The rules of the network do not allow this in the present state. Nothing was done; the detail says which rule.",
        title: "规则不允许",
        chinese: "按网络的规则，现在的状态不能这样办。什么都没有做；说明里写了是哪条规则。",
    },
    Row {
        code: ProblemCode::PreconditionFailed,
        text: "precondition-failed",
        status: 412,
        meaning: "The matter has changed since the version in If-Match. Read it again, then decide.",
        title: "已有变化",
        chinese: "您看过之后，事项有了变化。请重新看过再定。",
    },
    Row {
        code: ProblemCode::NotLoggedIn,
        text: "not-logged-in",
        status: 401,
        meaning: "The caller is unknown, or the session has ended. Log in.",
        title: "没有登录",
        chinese: "不知道您是谁，或登录已过期。请登录。",
    },
    Row {
        code: ProblemCode::WrongLoginOrPassword,
        text: "wrong-login-or-password",
        status: 401,
        meaning: "Login name or password is wrong; the answer does not say which. Check both and log in again.",
        title: "用户名或密码不对",
        chinese: "用户名或密码不对；答复不说明是哪一个。请核对后重新登录。",
    },
    Row {
        code: ProblemCode::LockedForAWhile,
        text: "locked-for-a-while",
        status: 429,
        meaning: "Too many wrong passwords. Wait; each further wrong password doubles the wait.",
        title: "暂时锁定",
        chinese: "输错密码的次数太多。请等一会儿；每错一次，等待的时间加倍。",
    },
    Row {
        code: ProblemCode::SignInRefused,
        text: "sign-in-refused",
        status: 403,
        meaning: "The provider did not confirm who you are, its token is not valid, or no open account is linked to you. Try again, or ask your system administrator to link your account.",
        title: "登录被拒绝",
        chinese: "统一身份认证没有确认您的身份，或其令牌无效，或没有账号与您关联。请再试，或请系统管理员关联账号。",
    },
    Row {
        code: ProblemCode::ProviderFails,
        text: "provider-fails",
        status: 502,
        meaning: "The provider that signs people in does not answer correctly. Log in with a password.",
        title: "统一身份认证有故障",
        chinese: "统一身份认证没有正常应答。请用密码登录。",
    },
    Row {
        code: ProblemCode::NotAllowed,
        text: "not-allowed",
        status: 403,
        meaning: "None of your roles or permissions allows this. The attempt is recorded in the audit trail.",
        title: "没有权限",
        chinese: "您的角色和权限都不能这样做。这次尝试已记入审计日志。",
    },
    Row {
        code: ProblemCode::CrossSiteRequest,
        text: "cross-site-request",
        status: 403,
        meaning: "A cookie came without proof that a page of this node sent it. Send Origin and X-CSRF-Token, or use a token instead of the cookie.",
        title: "来自别的网站",
        chinese: "请求带着登录信息，却没有证明来自本节点的页面。请从页面上重新提交；程序请发 Origin 和 X-CSRF-Token，或改用令牌。",
    },
    Row {
        code: ProblemCode::TooManyRequests,
        text: "too-many-requests",
        status: 429,
        meaning: "Your address or account sends too many requests. Wait as long as Retry-After says.",
        title: "请求太多",
        chinese: "您的地址或账号请求太多。请按 Retry-After 等一会儿。",
    },
    Row {
        code: ProblemCode::TooBusy,
        text: "too-busy",
        status: 429,
        meaning: "The node's write queue is full. Try again in a moment.",
        title: "太忙",
        chinese: "等着写盘的太多。请稍后再试。",
    },
    Row {
        code: ProblemCode::SecondMachine,
        text: "second-machine",
        status: 503,
        meaning: "Another machine with this node's identity is linked to the parent, so this one accepts nothing new. Use the other machine, or stop one of the two.",
        title: "身份重复",
        chinese: "另一台机器用着同一身份与上级相连，所以这台不收新件。请用那一台，或停掉其中一台。",
    },
    Row {
        code: ProblemCode::IdempotencyKeyUsedBefore,
        text: "idempotency-key-used-before",
        status: 422,
        meaning: "The Idempotency-Key was used before with another body. Use a new key for each new request.",
        title: "幂等键已用过",
        chinese: "这个幂等键（Idempotency-Key）已用于别的内容。每个新请求请用新的键。",
    },
    Row {
        code: ProblemCode::RequestInProgress,
        text: "request-in-progress",
        status: 409,
        meaning: "The first request with this Idempotency-Key is still running. Send it again in a moment.",
        title: "正在办理",
        chinese: "同一幂等键（Idempotency-Key）的第一个请求还在办。请稍后再发。",
    },
    Row {
        code: ProblemCode::ShownOnce,
        text: "shown-once",
        status: 409,
        meaning: "The request was done under this Idempotency-Key; its answer held a secret that is not stored. If you have lost the secret, create a new one under a new Idempotency-Key.",
        title: "只显示一次",
        chinese: "这个请求已经办过；答复里有只显示一次、不保存的密码或密钥。如果丢了，请用新的键另做一个。",
    },
    Row {
        code: ProblemCode::AuditTrailBroken,
        text: "audit-trail-broken",
        status: 409,
        meaning: "The audit trail was changed after it was written. Tell the auditors.",
        title: "审计日志被改动",
        chinese: "审计日志写下以后被改动过。请告诉审计人员。",
    },
    Row {
        code: ProblemCode::StoreUnavailable,
        text: "store-unavailable",
        status: 503,
        meaning: "The store did not confirm the write, so the result is unknown. Repeat the request with the same Idempotency-Key.",
        title: "存储没有确认",
        chinese: "存储没有确认写入，结果不明。请用同一幂等键（Idempotency-Key）重发。",
    },
    Row {
        code: ProblemCode::Conflict,
        text: "conflict",
        status: 409,
        meaning: "The upload or file is in another state, belongs to another person, or is not here yet. Read its state, then continue.",
        title: "状态冲突",
        chinese: "上传或文件的状态不同，或属于别人，或还没有到。请看过状态再继续。",
    },
    Row {
        code: ProblemCode::TooMuchWaiting,
        text: "too-much-waiting",
        status: 429,
        meaning: "You have too many unused uploads. Use some in a report, or delete some.",
        title: "未使用的上传太多",
        chinese: "您未使用的上传太多。请先用在反映里，或删除一些。",
    },
    Row {
        code: ProblemCode::NoLongerKept,
        text: "no-longer-kept",
        status: 410,
        meaning: "The retention period is over, and the file was deleted everywhere.",
        title: "已过保存期",
        chinese: "保存期已过，文件在各处都已删除。",
    },
    Row {
        code: ProblemCode::RangeNotSatisfiable,
        text: "range-not-satisfiable",
        status: 416,
        meaning: "The file has no bytes in this range. Content-Range gives its length.",
        title: "超出文件范围",
        chinese: "文件没有这一段。Content-Range 写明了长度。",
    },
    Row {
        code: ProblemCode::HolderUnreachable,
        text: "holder-unreachable",
        status: 504,
        meaning: "The file is at another node, or is being searched for at one, that cannot be reached now. Try again later; the bytes received so far are kept.",
        title: "联系不上承办单位",
        chinese: "文件在另一个节点，或正在那里查找，现在联系不上。请稍后再试；已收到的部分会保留。",
    },
    Row {
        code: ProblemCode::WrongBytes,
        text: "wrong-bytes",
        status: 502,
        meaning: "Another node sent bytes that are not the file. Try again, and tell the operator of that node.",
        title: "内容不对",
        chinese: "另一个节点发来的不是这个文件。请再试，并告诉那个节点的运维人员。",
    },
    Row {
        code: ProblemCode::InsufficientStorage,
        text: "insufficient-storage",
        status: 507,
        meaning: "The disk is full, or the node keeps as many files as it may. Nothing was done; tell the node's operator.",
        title: "空间不足",
        chinese: "磁盘已满，或节点保存的文件已到上限。什么都没有做；请告诉节点的运维人员。",
    },
    Row {
        code: ProblemCode::MisdirectedRequest,
        text: "misdirected-request",
        status: 421,
        meaning: "This node does not serve the requested host. Use a host name that its operator has listed in `http.hosts`.",
        title: "网址不对",
        chinese: "本节点不服务这个网址。请用运维人员列在 http.hosts 里的网址。",
    },
    Row {
        code: ProblemCode::SealingKeyFails,
        text: "sealing-key-fails",
        status: 500,
        meaning: "The node cannot encrypt or decrypt text: its `seal.key` is missing or is the wrong one. Its operator must restore the file from a backup.",
        title: "加密密钥有误",
        chinese: "节点不能加密或解密原文：seal.key 丢失或不对。请运维人员从备份恢复。",
    },
    Row {
        code: ProblemCode::WrongSetupCode,
        text: "wrong-setup-code",
        status: 403,
        meaning: "The setup code is wrong, was used before, or has ended. Have another made where the node runs.",
        title: "开户码不对",
        chinese: "开户码不对、已经用过或已过期。请在节点所在的机器上另做一个。",
    },
    Row {
        code: ProblemCode::PasswordMustChange,
        text: "password-must-change",
        status: 403,
        meaning: "Somebody else set the password of this account, so this session can only set another. Nothing was done; set a password of your own, then log in with it.",
        title: "要先改密码",
        chinese: "这个账号的密码是别人设的，所以现在只能改密码。什么都没有做；请设好自己的密码，再用它登录。",
    },
];

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

/// Why a request failed, for people and programs (`application/problem+json`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Problem {
    /// Path that explains this kind of problem; `/v1/problems` lists all kinds.
    #[serde(rename = "type", default)]
    #[schema(example = "/v1/problems#refused-by-the-rules")]
    #[schema(value_type = String)]
    pub kind: Box<str>,
    /// The problem code, which never changes.
    #[serde(default)]
    #[schema(example = "refused-by-the-rules")]
    #[schema(value_type = String)]
    pub code: Box<str>,
    /// The HTTP status.
    pub status: u16,
    /// The problem code as words.
    #[schema(value_type = String)]
    pub title: Box<str>,
    /// What happened.
    #[schema(value_type = String)]
    pub detail: Box<str>,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// Number under which the node's log has more details.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub log_id: Option<Box<str>>,
    /// Seconds to wait before the next attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_s: Option<u32>,
    /// The sentence in Chinese, until a language was chosen.
    #[serde(skip)]
    #[schema(ignore)]
    pub chinese: Option<Box<str>>,
}

impl Problem {
    /// The media type of a problem.
    pub const MEDIA_TYPE: &str = "application/problem+json";

    /// Returns a problem. A semicolon in `sentence` separates what happened from the hint.
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
            chinese: None,
        }
    }

    /// Adds the sentence in Chinese. A `；` in it separates what happened from the hint.
    #[must_use]
    pub fn or_in_chinese(mut self, sentence: &str) -> Self {
        self.chinese = Some(sentence.into());
        self
    }

    /// Returns the problem in a language, if it is known in it; else as it is.
    #[must_use]
    pub fn in_language(mut self, language: Language) -> Self {
        let Some(chinese) = self.chinese.take() else {
            return self;
        };
        if language == Language::Chinese {
            let (detail, hint) = chinese_hint(&chinese);
            self.detail = detail.into();
            self.hint = hint.map(str::to_owned);
            let title = self.known().map(ProblemCode::chinese_title);
            self.title = title.map_or(self.title, Into::into);
        }
        self
    }

    /// Returns whether the problem has this code.
    pub fn is(&self, code: ProblemCode) -> bool {
        &*self.code == code.as_str()
    }

    /// Returns the code, if this version knows it and the status matches.
    pub fn known(&self) -> Option<ProblemCode> {
        let code = self.code.parse::<ProblemCode>().ok();
        code.filter(|code| code.status() == self.status)
    }
}

/// Splits a sentence at its last semicolon into what happened and the hint. A text of several lines
/// stays whole.
pub fn split_hint(sentence: &str) -> (&str, Option<&str>) {
    if is_chinese(sentence) && sentence.contains('；') {
        return chinese_hint(sentence);
    }
    match sentence.rsplit_once("; ") {
        Some((detail, hint)) if !sentence.contains('\n') => (detail, Some(hint)),
        _ => (sentence, None),
    }
}

/// Returns whether a sentence begins like a Chinese one.
fn is_chinese(sentence: &str) -> bool {
    let first = sentence.chars().find(|c| c.is_alphabetic());
    first.is_some_and(|first| ('\u{3400}'..='\u{9fff}').contains(&first))
}

/// Splits a Chinese sentence at its last `；` into what happened and the hint.
fn chinese_hint(sentence: &str) -> (&str, Option<&str>) {
    match sentence.rsplit_once('；') {
        Some((detail, hint)) => (detail, Some(hint)),
        None => (sentence, None),
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail)?;
        if let Some(hint) = &self.hint {
            let joint = if is_chinese(hint) { "；" } else { "; " };
            write!(f, "{joint}{hint}")?;
        }
        match &self.log_id {
            Some(log_id) => write!(f, " (log {log_id})"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Problem {}

#[cfg(test)]
mod tests;

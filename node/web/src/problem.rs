//! The one place that maps errors of this program to problem codes and HTTP answers: here those that any
//! request can meet, in `refusals` those of each subject.

mod chinese;
mod refusals;
mod told;

use api::{
    Language,
    problem::{Problem, ProblemCode as C},
};
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use office::{Aborted, DiskTrouble, Failed, Fault};
use outbound::oidc::SignInError;
use topology::UnknownDivision;

pub use told::{InChinese, Told};

/// A failed request, as the caller gets it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection(pub Box<Problem>);

/// The problem of an answer before a language was chosen.
#[derive(Clone, Debug)]
pub(crate) struct Untold(pub(crate) Box<Problem>);

/// Tells why a cell of a sheet is not taken, in the language of the caller. What to do stands apart, as in a problem.
pub fn cell_fault(why: &impl InChinese, language: Language) -> (String, Option<String>) {
    let Told { english, chinese } = Told::from(why);
    let told = Problem::new(C::InvalidRequest, &english).or_in_chinese(&chinese);
    let told = told.in_language(language);
    (told.detail.into(), told.hint)
}

/// Seconds after which to retry a write that failed at the disk.
const DISK_RETRY_S: u32 = 30;

impl Rejection {
    /// Returns a rejection, told in both languages.
    pub fn new(code: C, told: impl Into<Told>) -> Self {
        let Told { english, chinese } = told.into();
        debug_assert!(
            chinese
                .chars()
                .any(|c| ('\u{3400}'..='\u{9fff}').contains(&c)),
            "no Chinese: {chinese}"
        );
        Self(Box::new(
            Problem::new(code, &english).or_in_chinese(&chinese),
        ))
    }

    /// Adds the seconds after which the caller may retry.
    fn after(mut self, seconds: u32) -> Self {
        self.0.retry_after_s = Some(seconds);
        self
    }

    /// Adds the number under which the node's log has details.
    fn logged(mut self, log_id: String) -> Self {
        self.0.log_id = Some(log_id.into());
        self
    }

    /// Returns the rejection of a caller who is unknown or whose session has ended.
    pub fn unknown_caller(told: impl Into<Told>) -> Self {
        Self::new(C::NotLoggedIn, told)
    }

    /// Returns the rejection of a known caller without the permission.
    pub fn denied(told: impl Into<Told>) -> Self {
        Self::new(C::NotAllowed, told)
    }

    /// Returns the rejection of a request that a page of another site sent through a visitor's
    /// browser.
    pub fn cross_site() -> Self {
        let told = (
            "this request does not come from a page of this node; send Origin and the X-CSRF-Token of the \
             session, or log in with a token instead of a cookie",
            "请求不是从本节点的页面发出的；请从页面上重新提交",
        );
        Self::new(C::CrossSiteRequest, told)
    }

    /// Returns the rejection of too many requests in a time.
    pub fn too_many(wait: std::time::Duration) -> Self {
        let told = (
            "too many requests in a short time; wait, then ask less often",
            "短时间内请求太多；请等一会儿再试",
        );
        let wait = u32::try_from(wait.as_secs() + 1).unwrap_or(u32::MAX);
        Self::new(C::TooManyRequests, told).after(wait)
    }

    /// Returns the rejection of a change to a version that is no longer current.
    pub fn stale(told: impl Into<Told>) -> Self {
        Self::new(C::PreconditionFailed, told)
    }

    /// Returns the rejection of a request that is not valid.
    pub fn unfit(told: impl Into<Told>) -> Self {
        Self::new(C::InvalidRequest, told)
    }

    /// Returns the rejection of a range outside the file.
    pub fn beyond(length: u64) -> Self {
        let told = (
            format!("the file has {length} bytes; ask for a range within them"),
            format!("文件有 {length} 字节；请要其中的一段"),
        );
        Self::new(C::RangeNotSatisfiable, told)
    }

    /// Returns the rejection of a request for something that does not exist.
    pub fn missing(told: impl Into<Told>) -> Self {
        Self::new(C::NotFound, told)
    }

    /// Returns the rejection of a repeated request whose answer contained a secret.
    pub fn shown_once() -> Self {
        let told = (
            "this was done already, and its answer contained a secret that is shown only once; make another",
            "这已经办过，答复里的密码或密钥只显示一次；请另做一个",
        );
        Self::new(C::ShownOnce, told)
    }

    /// Returns the rejection of a body that was not read; `status` says why.
    pub fn unread(status: StatusCode, told: impl Into<Told>) -> Self {
        let code = match status {
            StatusCode::PAYLOAD_TOO_LARGE => C::PayloadTooLarge,
            StatusCode::UNSUPPORTED_MEDIA_TYPE => C::UnsupportedMediaType,
            _ => C::BadRequest,
        };
        Self::new(code, told)
    }

    /// Returns the rejection of a path without a route.
    pub fn no_such_path() -> Self {
        Self::missing((
            "there is nothing at this path; /v1/openapi.json lists all paths",
            "这个网址没有内容；请检查网址",
        ))
    }

    /// Returns the rejection of a method that the path does not support.
    pub fn no_such_method() -> Self {
        Self::new(
            C::MethodNotAllowed,
            (
                "this path does not support this method; /v1/openapi.json lists the methods of every path",
                "这个网址不支持这种方法；请从页面上进入",
            ),
        )
    }

    /// Returns why a person was not signed in. Errors of the provider go to the log, for the
    /// operator.
    pub fn of_sign_in(error: SignInError) -> Self {
        use SignInError as E;
        let told = Told::from(&error);
        match error {
            E::Away(away) => {
                let log_id = format!("{:08x}", rand::random::<u32>());
                tracing::warn!(%log_id, error = %away, "sign-in failed at the provider");
                Self::new(C::ProviderFails, told).logged(log_id)
            }
            E::Crowded => Self::new(C::TooBusy, told),
            E::Refused(_) | E::Elsewhere | E::Token(_) | E::NotBegun | E::NoCode => {
                tracing::info!(reason = %told.english, "sign-in refused");
                Self::new(C::SignInRefused, told)
            }
        }
    }

    fn disk_full() -> Self {
        let told = (
            "the node's disk is full, so nothing was done; free some space on it, then send the request again",
            "节点的磁盘已满，什么都没有做；请运维人员腾出空间后重发",
        );
        Self::new(C::DiskFull, told).after(DISK_RETRY_S)
    }

    fn disk_failed() -> Self {
        let told = (
            "the node's disk failed, so nothing was done; see `wujitong status`, repair the disk, then send the \
             request again",
            "节点的磁盘有故障，什么都没有做；请告诉运维人员，修好后重发",
        );
        Self::new(C::DiskFailed, told).after(DISK_RETRY_S)
    }

    fn of_store(error: &dyn std::error::Error) -> Self {
        let log_id = format!("{:08x}", rand::random::<u32>());
        tracing::error!(%log_id, %error, "a request failed in the store");
        let told = (
            "the disk failed during the write, so the result is unknown; check whether it was done, or send the \
             request again with the same Idempotency-Key",
            "写盘时出了故障，结果不明；请先看是否已经办成，或原样重新提交",
        );
        Self::new(C::StoreUnavailable, told).logged(log_id)
    }
}

impl From<Fault> for Rejection {
    fn from(fault: Fault) -> Self {
        match (fault.disk_trouble(), &fault) {
            (Some(DiskTrouble::Full), _) => Self::disk_full(),
            (Some(DiskTrouble::Failed), _) => Self::disk_failed(),
            (None, Fault::Trail(broken)) => Self::new(C::AuditTrailBroken, broken),
            (
                None,
                Fault::Record(_)
                | Fault::Store(_)
                | Fault::Commit(_)
                | Fault::File(_)
                | Fault::Hash(_),
            ) => Self::of_store(&fault),
        }
    }
}

impl From<Aborted> for Rejection {
    fn from(aborted: Aborted) -> Self {
        let english = aborted.to_string();
        match aborted {
            Aborted::Stale(id) => {
                let chinese = format!("您看过之后，事项 {id} 有了变化；请重新看过再定");
                Self::stale((english, chinese))
            }
            Aborted::InProgress => {
                let chinese = "同一个请求的第一次还没有办完；请稍后再试";
                Self::new(C::RequestInProgress, (english, chinese))
            }
            Aborted::Fault(fault) => fault.into(),
        }
    }
}

impl<R> From<Failed<R>> for Rejection
where
    Self: From<R>,
{
    fn from(failed: Failed<R>) -> Self {
        match failed {
            Failed::Refused(refusal) => refusal.into(),
            Failed::Aborted(aborted) => aborted.into(),
        }
    }
}

impl From<UnknownDivision> for Rejection {
    fn from(unknown: UnknownDivision) -> Self {
        Self::missing(&unknown)
    }
}

impl IntoResponse for Rejection {
    fn into_response(self) -> Response {
        let problem = self.0;
        let status =
            StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let kind = HeaderValue::from_static(Problem::MEDIA_TYPE);
        let wait = problem.retry_after_s.map(HeaderValue::from);
        let body = axum::Json((*problem).clone().in_language(Language::English));
        let mut response = (status, body).into_response();
        // For readers of Chinese; see `language.rs`.
        response.extensions_mut().insert(Untold(problem));
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, kind);
        if let Some(wait) = wait {
            headers.insert(header::RETRY_AFTER, wait);
        }
        if status == StatusCode::UNAUTHORIZED {
            let scheme = HeaderValue::from_static("Bearer realm=\"wujitong\"");
            headers.insert(header::WWW_AUTHENTICATE, scheme);
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{custody::Refusal, people::Denied, policy::BadWords, template::BadTemplate};
    use office::{
        MatterRefusal, NoSuchMatter, NoSuchTemplate,
        people::{KeyReused, NoSession, PeopleRefusal},
    };
    use store::{CommitError, StoreError};

    #[test]
    fn every_kind_of_failure_has_its_status() {
        let id = "330825002222-1f3a9c04-17".parse().unwrap();
        let rules: Failed<MatterRefusal> = Refusal::Closed.into();
        let words: Failed<MatterRefusal> = BadWords::Empty.into();
        let unknown: Failed<NoSuchMatter> = NoSuchMatter(id).into();
        let stale: Failed<NoSuchMatter> = Aborted::Stale(id).into();
        let full: Failed<MatterRefusal> = StoreError::Full.into();
        let commit = |error: CommitError| Rejection::from(Fault::from(error));
        let poisoned = StoreError::Poisoned("sector 7".into());
        for (rejection, status) in [
            (rules.into(), 409),
            (words.into(), 422),
            (unknown.into(), 404),
            (stale.into(), 412),
            (full.into(), 507),
            (NoSuchTemplate("x".to_owned()).into(), 404),
            (BadWords::ContactTooLong("name", 8).into(), 422),
            (BadTemplate::TooLong(9).into(), 422),
            (NoSession.into(), 401),
            (PeopleRefusal::WrongLogin.into(), 401),
            (Denied::ReporterToken.into(), 403),
            (KeyReused.into(), 422),
            (Aborted::InProgress.into(), 409),
            (Fault::Store(StoreError::Closed).into(), 503),
            (commit(StoreError::Full.into()), 507),
            (commit(poisoned.into()), 503),
            (commit(CommitError::KeyTooLong { size: 9 }), 503),
        ] {
            let Rejection(problem) = rejection;
            assert_eq!(problem.status, status, "{problem}");
        }
    }

    #[test]
    fn a_body_that_was_not_read_keeps_its_status() {
        for status in [400, 413, 415] {
            let status = StatusCode::from_u16(status).unwrap();
            let Rejection(problem) =
                Rejection::unread(status, ("it broke off; send it again", "没有读完；请重发"));
            assert_eq!(problem.status, status.as_u16());
        }
    }

    #[test]
    fn what_the_store_says_stays_in_the_log() {
        let secret = StoreError::Unreadable("sector 7 of /dev/sdb".to_owned());
        let Rejection(problem) = Fault::Store(secret).into();
        let text = serde_json::to_string(&problem).unwrap();
        assert!(!text.contains("sector"), "{text}");
        assert_eq!(problem.log_id.unwrap().len(), 8);
    }
}

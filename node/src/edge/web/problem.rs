//! What a caller is told when a request fails (RFC 9457), and the one place where reasons become
//! HTTP statuses.

use std::fmt;

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize};
use topology::UnknownDivision;

use crate::{
    domain::{attachment::NotTaken, hook::BadHook, people::Denied},
    edge::oidc::SignInError,
    office::{DiskTrouble, FileTrouble, OfficeError, people::PeopleError},
};

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

/// When to try again what a disk did not take.
const DISK_RETRY_S: u32 = 30;

impl Problem {
    /// The media type of a problem.
    pub const MEDIA_TYPE: &str = "application/problem+json";

    /// A problem whose sentence ends in a hint after a semicolon.
    fn new(status: StatusCode, title: &str, sentence: &str) -> Self {
        let (detail, hint) = split_hint(sentence);
        let code = title.to_lowercase().replace(' ', "-");
        Self {
            kind: format!("{}#{code}", super::problems::PATH).into(),
            code: code.into(),
            status: status.as_u16(),
            title: title.into(),
            detail: detail.into(),
            hint: hint.map(str::to_owned),
            log_id: None,
            retry_after_s: None,
        }
    }

    /// It is not known who asks, or not any more.
    pub(super) fn unknown_caller(sentence: &str) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "not logged in", sentence)
    }

    /// Who asks may not.
    pub(super) fn denied(sentence: &str) -> Self {
        Self::new(StatusCode::FORBIDDEN, "not allowed", sentence)
    }

    /// A page of another site asks through a visitor's browser.
    pub(super) fn cross_site() -> Self {
        let sentence = "this request does not come from a page of this node; send Origin and the \
                        X-CSRF-Token of the session, or log in with a token instead of a cookie";
        Self::new(StatusCode::FORBIDDEN, "cross-site request", sentence)
    }

    /// Too many requests in a time.
    pub(super) fn too_many(wait: std::time::Duration) -> Self {
        let sentence = "too many requests in a short time; wait, then ask less often";
        Self {
            retry_after_s: Some(u32::try_from(wait.as_secs() + 1).unwrap_or(u32::MAX)),
            ..Self::new(StatusCode::TOO_MANY_REQUESTS, "too many requests", sentence)
        }
    }

    /// What the caller saw is not so any more.
    pub(super) fn stale(sentence: &str) -> Self {
        Self::new(StatusCode::PRECONDITION_FAILED, "moved on", sentence)
    }

    /// The request cannot be understood.
    pub(super) fn unfit(sentence: &str) -> Self {
        Self::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "the request does not fit",
            sentence,
        )
    }

    /// A stretch of a file that has no such bytes.
    pub(super) fn beyond(length: u64) -> Self {
        let sentence = format!("the file has {length} bytes; ask for some of those");
        Self::new(
            StatusCode::RANGE_NOT_SATISFIABLE,
            "beyond the end",
            &sentence,
        )
    }

    /// Something asked for is not there.
    pub(super) fn missing(sentence: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not found", sentence)
    }

    /// The request's form was turned away before it was read.
    pub(super) fn turned_away(status: StatusCode, sentence: &str) -> Self {
        Self::new(
            status,
            status.canonical_reason().unwrap_or("turned away"),
            sentence,
        )
    }

    pub(super) fn no_such_path() -> Self {
        Self::missing("there is nothing at this path; /v1/openapi.json lists what there is")
    }

    pub(super) fn no_such_method() -> Self {
        let status = StatusCode::METHOD_NOT_ALLOWED;
        Self::turned_away(
            status,
            "this path does not take this method; read with GET, act with POST",
        )
    }

    /// Why somebody was not signed in. What is wrong with the provider is the operator's to know.
    pub(super) fn of_sign_in(error: SignInError) -> Self {
        use SignInError as E;
        let sentence = error.to_string();
        let refused =
            |sentence: &str| Self::new(StatusCode::FORBIDDEN, "sign-in refused", sentence);
        match error {
            E::Away(away) => {
                let log_id = format!("{:08x}", rand::random::<u32>());
                tracing::warn!(%log_id, error = %away, "the provider does not sign people in");
                Self {
                    log_id: Some(log_id.into()),
                    ..Self::new(StatusCode::BAD_GATEWAY, "provider fails", &sentence)
                }
            }
            E::Crowded => Self::new(StatusCode::TOO_MANY_REQUESTS, "too busy", &sentence),
            E::Refused(_) | E::Elsewhere | E::Token(_) | E::NotBegun | E::NoCode => {
                tracing::info!(reason = %sentence, "somebody was not signed in");
                refused(&sentence)
            }
        }
    }

    fn of_file(trouble: &FileTrouble) -> Self {
        use FileTrouble as T;
        let sentence = trouble.to_string();
        let turned = |status| Self::turned_away(status, &sentence);
        let told = |status, title| Self::new(status, title, &sentence);
        match trouble {
            T::NotTaken(NotTaken::Media(..)) => turned(StatusCode::UNSUPPORTED_MEDIA_TYPE),
            T::NotTaken(NotTaken::TooLong(..)) | T::Beyond { .. } => {
                turned(StatusCode::PAYLOAD_TOO_LARGE)
            }
            T::NotTaken(_) | T::Paper(_) | T::Twice(_) => Self::unfit(&sentence),
            T::NoSuchUpload(_) | T::NoSuchFile(..) => Self::missing(&sentence),
            T::Over(..) => told(StatusCode::GONE, "no longer kept"),
            T::Offset { .. } | T::NotReady(_) | T::Busy | T::Lost | T::NotYet(_) => {
                told(StatusCode::CONFLICT, "not as it stands")
            }
            T::PersonFull(..) | T::TooManyWaiting(_) => {
                told(StatusCode::TOO_MANY_REQUESTS, "too much waiting")
            }
            T::NodeFull | T::DiskFull => told(StatusCode::INSUFFICIENT_STORAGE, "no room"),
            T::Unreached { .. } => told(StatusCode::GATEWAY_TIMEOUT, "out of reach"),
            T::Wrong(_) => told(StatusCode::BAD_GATEWAY, "wrong bytes"),
            T::Missing(_) => Self::missing(&sentence),
            T::Damaged(..) => told(StatusCode::INTERNAL_SERVER_ERROR, "file damaged"),
            T::Disk(_) => Self::of_store(trouble),
        }
    }

    fn of_people(error: &PeopleError, sentence: &str) -> Self {
        use PeopleError as E;
        match error {
            E::Denied(Denied::Nobody) | E::NoSession => Self::unknown_caller(sentence),
            E::Denied(_) | E::Grant(_) => Self::denied(sentence),
            E::WrongLogin => Self::new(
                StatusCode::UNAUTHORIZED,
                "wrong login or password",
                sentence,
            ),
            E::NotLinked => Self::new(StatusCode::FORBIDDEN, "sign-in refused", sentence),
            E::Locked(_) => Self::new(
                StatusCode::TOO_MANY_REQUESTS,
                "locked for a while",
                sentence,
            ),
            E::Crowded => Self::new(StatusCode::TOO_MANY_REQUESTS, "too busy", sentence),
            E::NoAccount(_) | E::NoGrid(_) | E::NoKey(_) | E::Unlinked(_) => {
                Self::missing(sentence)
            }
            E::Taken(_)
            | E::GridInUse(_)
            | E::TooManyKeys(_)
            | E::LinkedAlready
            | E::LinkedElsewhere(_) => {
                Self::new(StatusCode::CONFLICT, "refused by the rules", sentence)
            }
            E::Account(_) | E::Password(_) | E::Grid(_) | E::Key(_) | E::Elsewhere(..) => {
                Self::unfit(sentence)
            }
            E::KeyReused => Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "idempotency key used before",
                sentence,
            ),
            E::InHand => Self::new(StatusCode::CONFLICT, "still in hand", sentence),
            E::ShownOnce => Self::new(StatusCode::CONFLICT, "shown once", sentence),
            E::Trail(_) => Self::new(StatusCode::CONFLICT, "audit trail broken", sentence),
            E::Hash(_) => Self::of_store(error),
        }
    }

    fn disk_full() -> Self {
        let sentence = "the node's disk is full, so nothing was done; free some room on it, then send the \
                        same again";
        Self {
            retry_after_s: Some(DISK_RETRY_S),
            ..Self::new(StatusCode::INSUFFICIENT_STORAGE, "disk full", sentence)
        }
    }

    fn disk_failed() -> Self {
        let sentence = "the node's disk failed, so nothing was done; see `wujitong status`, mend the disk, \
                        then send the same again";
        Self {
            retry_after_s: Some(DISK_RETRY_S),
            ..Self::new(StatusCode::SERVICE_UNAVAILABLE, "disk failed", sentence)
        }
    }

    fn of_store(error: &dyn std::error::Error) -> Self {
        let log_id = format!("{:08x}", rand::random::<u32>());
        tracing::error!(%log_id, %error, "a request failed in the store");
        let sentence = "the disk failed while this was written, so it is not known whether it was done; look \
                        whether it is there, or send the same again under the same Idempotency-Key";
        let status = StatusCode::SERVICE_UNAVAILABLE;
        Self {
            log_id: Some(log_id.into()),
            ..Self::new(status, "the store does not answer", sentence)
        }
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

impl From<OfficeError> for Problem {
    fn from(error: OfficeError) -> Self {
        use OfficeError as E;
        let sentence = error.to_string();
        match error {
            E::Refused(_) | E::Revoke(_) | E::Countersign(_) | E::ClockDoubted => {
                Self::new(StatusCode::CONFLICT, "refused by the rules", &sentence)
            }
            E::NoSuchMatter(_)
            | E::NoSuchTemplate(_)
            | E::NoSuchAlarm(_)
            | E::NoContact(_)
            | E::NoOpening(_) => Self::missing(&sentence),
            E::NoSuchOfficer(_)
            | E::OfficerHandlesNothing(_)
            | E::OfficerElsewhere(_)
            | E::NoSuchDepartment(_)
            | E::Category(_)
            | E::Words(_)
            | E::TooManyNotes(..)
            | E::Allowance(_)
            | E::Elsewhere(_)
            | E::Template(_) => Self::unfit(&sentence),
            E::File(trouble) => Self::of_file(&trouble),
            E::People(error) => Self::of_people(&error, &sentence),
            E::Hook(BadHook::Unknown(_)) => Self::missing(&sentence),
            E::Hook(BadHook::TooMany(_)) => {
                Self::new(StatusCode::CONFLICT, "refused by the rules", &sentence)
            }
            E::Hook(_) => Self::unfit(&sentence),
            E::Stale(_) => Self::stale(&sentence),
            E::Busy | E::TooManyListeners(_) => {
                Self::new(StatusCode::TOO_MANY_REQUESTS, "too busy", &sentence)
            }
            E::SecondMachine(_) => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "second machine", &sentence)
            }
            E::Unsealable(_) => {
                tracing::error!(%error, "a body does not open, or cannot be sealed");
                Self::new(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "the sealing key fails",
                    &sentence,
                )
            }
            E::Crashed | E::Gaps(_) | E::Record(_) | E::Store(_) | E::Commit(_) => {
                match error.disk_trouble() {
                    Some(DiskTrouble::Full) => Self::disk_full(),
                    Some(DiskTrouble::Failed) => Self::disk_failed(),
                    None => Self::of_store(&error),
                }
            }
        }
    }
}

impl From<UnknownDivision> for Problem {
    fn from(unknown: UnknownDivision) -> Self {
        Self::missing(&unknown.to_string())
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

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let kind = HeaderValue::from_static(Self::MEDIA_TYPE);
        let wait = self.retry_after_s.map(HeaderValue::from);
        let mut response = (status, axum::Json(self)).into_response();
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
    use crate::{
        domain::{custody::Refusal, policy::BadWords, template::BadTemplate},
        store::{CommitError, StoreError},
    };

    #[test]
    fn every_kind_of_failure_has_its_status() {
        let id = "330825002222-1f3a9c04-17".parse().unwrap();
        for (error, status) in [
            (OfficeError::Refused(Refusal::Closed), 409),
            (OfficeError::NoSuchMatter(id), 404),
            (OfficeError::NoSuchTemplate("x".to_owned()), 404),
            (BadWords::Empty.into(), 422),
            (BadWords::ContactTooLong("name", 8).into(), 422),
            (OfficeError::Template(BadTemplate::TooLong(9)), 422),
            (OfficeError::Stale(id), 412),
            (PeopleError::NoSession.into(), 401),
            (PeopleError::WrongLogin.into(), 401),
            (PeopleError::Denied(Denied::Slip).into(), 403),
            (PeopleError::KeyReused.into(), 422),
            (PeopleError::InHand.into(), 409),
            (OfficeError::Store(StoreError::Closed), 503),
            (OfficeError::Store(StoreError::Full), 507),
            (OfficeError::Commit(StoreError::Full.into()), 507),
            (
                OfficeError::Commit(StoreError::Poisoned("sector 7".into()).into()),
                503,
            ),
            (
                OfficeError::Commit(CommitError::KeyTooLong { size: 9 }),
                503,
            ),
        ] {
            let problem = Problem::from(error);
            assert_eq!(problem.status, status);
            assert!(
                crate::edge::web::problems::is_listed(&problem),
                "{problem:?}"
            );
        }
    }

    #[test]
    fn a_hint_stands_apart_from_what_happened() {
        let problem = Problem::from(OfficeError::from(BadWords::Empty));
        assert_eq!(&*problem.detail, "the text is empty");
        assert_eq!(problem.hint.as_deref(), Some("say what it is about"));
        assert_eq!(problem.to_string(), BadWords::Empty.to_string());
        assert_eq!(
            Problem::from(OfficeError::Refused(Refusal::Closed)).hint,
            None
        );
        assert_eq!(
            split_hint("two problems\n  a; b"),
            ("two problems\n  a; b", None)
        );
    }

    #[test]
    fn what_the_store_says_stays_in_the_log() {
        let secret = StoreError::Unreadable("sector 7 of /dev/sdb".to_owned());
        let problem = Problem::from(OfficeError::Store(secret));
        let text = serde_json::to_string(&problem).unwrap();
        assert!(!text.contains("sector"), "{text}");
        assert_eq!(problem.log_id.unwrap().len(), 8);
    }
}

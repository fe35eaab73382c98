//! What a caller is told when a request fails (RFC 9457), and the one place where reasons become
//! HTTP statuses.

use std::fmt;

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize};
use topology::UnknownDivision;

use crate::office::OfficeError;

/// Why a request failed, for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// The HTTP status: 404 not found, 409 refused by the rules, 422 not understood, 503 the store
    /// does not answer.
    pub status: u16,
    /// The status in words.
    pub title: String,
    /// What happened.
    pub detail: String,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// Under which number the node's log says more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_id: Option<String>,
}

impl Problem {
    /// The media type of a problem.
    pub const MEDIA_TYPE: &str = "application/problem+json";

    /// A problem whose sentence ends in a hint after a semicolon.
    fn new(status: StatusCode, title: &str, sentence: &str) -> Self {
        let (detail, hint) = split_hint(sentence);
        Self {
            status: status.as_u16(),
            title: title.to_owned(),
            detail: detail.to_owned(),
            hint: hint.map(str::to_owned),
            log_id: None,
        }
    }

    /// The request cannot be understood.
    pub(super) fn unfit(sentence: &str) -> Self {
        Self::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "the request does not fit",
            sentence,
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
        Self::missing("there is nothing at this path; the API begins at /v1/status")
    }

    pub(super) fn no_such_method() -> Self {
        let status = StatusCode::METHOD_NOT_ALLOWED;
        Self::turned_away(
            status,
            "this path does not take this method; read with GET, act with POST",
        )
    }

    fn of_store(error: &OfficeError) -> Self {
        let log_id = format!("{:08x}", rand::random::<u32>());
        tracing::error!(%log_id, %error, "a request failed in the store");
        let sentence = "the store did not answer, so it is not known whether this was done; see the \
                        node's log under this number, then `wujitong status`";
        let status = StatusCode::SERVICE_UNAVAILABLE;
        Self {
            log_id: Some(log_id),
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
            E::Refused(_) => Self::new(StatusCode::CONFLICT, "refused by the rules", &sentence),
            E::NoSuchMatter(_) | E::NoSuchTemplate(_) => Self::missing(&sentence),
            E::Category(_)
            | E::TextTooLong(..)
            | E::TooManyNotes(..)
            | E::TextEmpty
            | E::Template(_) => Self::unfit(&sentence),
            E::Busy => Self::new(StatusCode::TOO_MANY_REQUESTS, "too busy", &sentence),
            E::Gaps(_) | E::Record(_) | E::Store(_) | E::Commit(_) => Self::of_store(&error),
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
        let mut response = (status, axum::Json(self)).into_response();
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::{custody::Refusal, template::BadTemplate},
        store::{CommitError, StoreError},
    };

    #[test]
    fn every_kind_of_failure_has_its_status() {
        let id = "330825002222-1f3a9c04-17".parse().unwrap();
        for (error, status) in [
            (OfficeError::Refused(Refusal::Closed), 409),
            (OfficeError::NoSuchMatter(id), 404),
            (OfficeError::NoSuchTemplate("x".to_owned()), 404),
            (OfficeError::TextEmpty, 422),
            (OfficeError::TextTooLong(9, 8), 422),
            (OfficeError::Template(BadTemplate::TooLong(9)), 422),
            (OfficeError::Store(StoreError::Closed), 503),
            (
                OfficeError::Commit(CommitError::KeyTooLong { size: 9 }),
                503,
            ),
        ] {
            assert_eq!(Problem::from(error).status, status);
        }
    }

    #[test]
    fn a_hint_stands_apart_from_what_happened() {
        let problem = Problem::from(OfficeError::TextEmpty);
        assert_eq!(problem.detail, "the text is empty");
        assert_eq!(problem.hint.as_deref(), Some("say what it is about"));
        assert_eq!(problem.to_string(), OfficeError::TextEmpty.to_string());
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

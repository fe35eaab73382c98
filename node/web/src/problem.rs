//! The one place where the reasons of this program become problem codes, and those HTTP answers.

use api::problem::{Problem, ProblemCode as C};
use axum::response::{IntoResponse, Response};
use domain::{attachment::NotTaken, hook::BadHook, people::Denied};
use http::{HeaderValue, StatusCode, header};
use office::{DiskTrouble, FileTrouble, OfficeError, people::PeopleError};
use outbound::oidc::SignInError;
use topology::UnknownDivision;

/// A request that failed, on its way to the caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection(pub Box<Problem>);

/// When to try again what a disk did not take.
const DISK_RETRY_S: u32 = 30;

impl Rejection {
    /// Returns a rejection whose sentence may end in a hint after a semicolon.
    pub fn new(code: C, sentence: &str) -> Self {
        Self(Box::new(Problem::new(code, sentence)))
    }

    /// Says when the same may be tried again.
    fn after(mut self, seconds: u32) -> Self {
        self.0.retry_after_s = Some(seconds);
        self
    }

    /// Says under which number the node's log has more.
    fn logged(mut self, log_id: String) -> Self {
        self.0.log_id = Some(log_id.into());
        self
    }

    /// It is not known who asks, or not any more.
    pub fn unknown_caller(sentence: &str) -> Self {
        Self::new(C::NotLoggedIn, sentence)
    }

    /// Who asks may not.
    pub fn denied(sentence: &str) -> Self {
        Self::new(C::NotAllowed, sentence)
    }

    /// A page of another site asks through a visitor's browser.
    pub fn cross_site() -> Self {
        let sentence = "this request does not come from a page of this node; send Origin and the \
                        X-CSRF-Token of the session, or log in with a token instead of a cookie";
        Self::new(C::CrossSiteRequest, sentence)
    }

    /// Too many requests in a time.
    pub fn too_many(wait: std::time::Duration) -> Self {
        let sentence = "too many requests in a short time; wait, then ask less often";
        let wait = u32::try_from(wait.as_secs() + 1).unwrap_or(u32::MAX);
        Self::new(C::TooManyRequests, sentence).after(wait)
    }

    /// What the caller saw is not so any more.
    pub fn stale(sentence: &str) -> Self {
        Self::new(C::PreconditionFailed, sentence)
    }

    /// The request cannot be understood.
    pub fn unfit(sentence: &str) -> Self {
        Self::new(C::InvalidRequest, sentence)
    }

    /// A stretch of a file that has no such bytes.
    pub fn beyond(length: u64) -> Self {
        let sentence = format!("the file has {length} bytes; ask for some of those");
        Self::new(C::RangeNotSatisfiable, &sentence)
    }

    /// Something asked for is not there.
    pub fn missing(sentence: &str) -> Self {
        Self::new(C::NotFound, sentence)
    }

    /// The body was not read, for a reason that has this status.
    pub fn unread(status: StatusCode, sentence: &str) -> Self {
        let code = match status {
            StatusCode::PAYLOAD_TOO_LARGE => C::PayloadTooLarge,
            StatusCode::UNSUPPORTED_MEDIA_TYPE => C::UnsupportedMediaType,
            _ => C::BadRequest,
        };
        Self::new(code, sentence)
    }

    /// Nothing is served at the path.
    pub fn no_such_path() -> Self {
        Self::missing("there is nothing at this path; /v1/openapi.json lists what there is")
    }

    /// The path does not take the method.
    pub fn no_such_method() -> Self {
        Self::new(
            C::MethodNotAllowed,
            "this path does not take this method; read with GET, act with POST",
        )
    }

    /// Why somebody was not signed in. What is wrong with the provider is the operator's to know.
    pub fn of_sign_in(error: SignInError) -> Self {
        use SignInError as E;
        let sentence = error.to_string();
        let refused = |sentence: &str| Self::new(C::SignInRefused, sentence);
        match error {
            E::Away(away) => {
                let log_id = format!("{:08x}", rand::random::<u32>());
                tracing::warn!(%log_id, error = %away, "the provider does not sign people in");
                Self::new(C::ProviderFails, &sentence).logged(log_id)
            }
            E::Crowded => Self::new(C::TooBusy, &sentence),
            E::Refused(_) | E::Elsewhere | E::Token(_) | E::NotBegun | E::NoCode => {
                tracing::info!(reason = %sentence, "somebody was not signed in");
                refused(&sentence)
            }
        }
    }

    fn of_file(trouble: &FileTrouble) -> Self {
        use FileTrouble as T;
        let sentence = trouble.to_string();
        let told = |code| Self::new(code, &sentence);
        match trouble {
            T::NotTaken(NotTaken::Media(..)) => told(C::UnsupportedMediaType),
            T::NotTaken(NotTaken::TooLong(..)) | T::Beyond { .. } => told(C::PayloadTooLarge),
            T::NotTaken(_) | T::Paper(_) | T::Twice(_) => Self::unfit(&sentence),
            T::NoSuchUpload(_) | T::NoSuchFile(..) => Self::missing(&sentence),
            T::Over(..) => told(C::NoLongerKept),
            T::Offset { .. } | T::NotReady(_) | T::Busy | T::Lost | T::NotYet(_) => {
                told(C::Conflict)
            }
            T::PersonFull(..) | T::TooManyWaiting(_) => told(C::TooMuchWaiting),
            T::NodeFull | T::DiskFull => told(C::InsufficientStorage),
            T::Unreached { .. } => told(C::HolderUnreachable),
            T::Wrong(_) => told(C::WrongBytes),
            T::Missing(_) => Self::missing(&sentence),
            T::Damaged(..) => told(C::FileDamaged),
            T::Disk(_) => Self::of_store(trouble),
        }
    }

    fn of_people(error: &PeopleError, sentence: &str) -> Self {
        use PeopleError as E;
        match error {
            E::Denied(Denied::Nobody) | E::NoSession => Self::unknown_caller(sentence),
            E::Denied(_) | E::Grant(_) => Self::denied(sentence),
            E::WrongLogin => Self::new(C::WrongLoginOrPassword, sentence),
            E::NotLinked => Self::new(C::SignInRefused, sentence),
            E::Locked(_) => Self::new(C::LockedForAWhile, sentence),
            E::Crowded => Self::new(C::TooBusy, sentence),
            E::NoAccount(_) | E::NoGrid(_) | E::NoKey(_) | E::Unlinked(_) => {
                Self::missing(sentence)
            }
            E::Taken(_)
            | E::GridInUse(_)
            | E::TooManyKeys(_)
            | E::LinkedAlready
            | E::LinkedElsewhere(_) => Self::new(C::RefusedByTheRules, sentence),
            E::Account(_) | E::Password(_) | E::Grid(_) | E::Key(_) | E::Elsewhere(..) => {
                Self::unfit(sentence)
            }
            E::KeyReused => Self::new(C::IdempotencyKeyUsedBefore, sentence),
            E::InHand => Self::new(C::RequestInProgress, sentence),
            E::ShownOnce => Self::new(C::ShownOnce, sentence),
            E::Trail(_) => Self::new(C::AuditTrailBroken, sentence),
            E::Hash(_) => Self::of_store(error),
        }
    }

    fn disk_full() -> Self {
        let sentence = "the node's disk is full, so nothing was done; free some room on it, then send the \
                        same again";
        Self::new(C::DiskFull, sentence).after(DISK_RETRY_S)
    }

    fn disk_failed() -> Self {
        let sentence = "the node's disk failed, so nothing was done; see `wujitong status`, mend the disk, \
                        then send the same again";
        Self::new(C::DiskFailed, sentence).after(DISK_RETRY_S)
    }

    fn of_store(error: &dyn std::error::Error) -> Self {
        let log_id = format!("{:08x}", rand::random::<u32>());
        tracing::error!(%log_id, %error, "a request failed in the store");
        let sentence = "the disk failed while this was written, so it is not known whether it was done; look \
                        whether it is there, or send the same again under the same Idempotency-Key";
        Self::new(C::StoreUnavailable, sentence).logged(log_id)
    }
}

impl From<OfficeError> for Rejection {
    fn from(error: OfficeError) -> Self {
        use OfficeError as E;
        let sentence = error.to_string();
        match error {
            E::Refused(_) | E::Revoke(_) | E::Countersign(_) | E::ClockDoubted => {
                Self::new(C::RefusedByTheRules, &sentence)
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
            E::Hook(BadHook::TooMany(_)) => Self::new(C::RefusedByTheRules, &sentence),
            E::Hook(_) => Self::unfit(&sentence),
            E::Stale(_) => Self::stale(&sentence),
            E::Busy | E::TooManyListeners(_) => Self::new(C::TooBusy, &sentence),
            E::SecondMachine(_) => Self::new(C::SecondMachine, &sentence),
            E::Unsealable(_) => {
                tracing::error!(%error, "a body does not open, or cannot be sealed");
                Self::new(C::SealingKeyFails, &sentence)
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

impl From<UnknownDivision> for Rejection {
    fn from(unknown: UnknownDivision) -> Self {
        Self::missing(&unknown.to_string())
    }
}

impl IntoResponse for Rejection {
    fn into_response(self) -> Response {
        let problem = self.0;
        let status =
            StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let kind = HeaderValue::from_static(Problem::MEDIA_TYPE);
        let wait = problem.retry_after_s.map(HeaderValue::from);
        let mut response = (status, axum::Json(problem)).into_response();
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
    use domain::{custody::Refusal, policy::BadWords, template::BadTemplate};
    use store::{CommitError, StoreError};

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
            let Rejection(problem) = error.into();
            assert_eq!(problem.status, status);
        }
    }

    #[test]
    fn a_body_that_was_not_read_keeps_its_status() {
        for status in [400, 413, 415] {
            let status = StatusCode::from_u16(status).unwrap();
            let Rejection(problem) = Rejection::unread(status, "it broke off; send it again");
            assert_eq!(problem.status, status.as_u16());
        }
    }

    #[test]
    fn what_the_store_says_stays_in_the_log() {
        let secret = StoreError::Unreadable("sector 7 of /dev/sdb".to_owned());
        let Rejection(problem) = OfficeError::Store(secret).into();
        let text = serde_json::to_string(&problem).unwrap();
        assert!(!text.contains("sector"), "{text}");
        assert_eq!(problem.log_id.unwrap().len(), 8);
    }
}

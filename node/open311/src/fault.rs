//! Errors in the form of the protocol: a list of codes and descriptions. The status is 404 for
//! missing things, 403 for keys, 400 for every other bad request; too many requests and an
//! unavailable store have the same status as elsewhere (429, 503).

use api::problem::ProblemCode;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use office::{Aborted, Failed};
use serde::Serialize;
use web::problem::Rejection;

use super::format::{Format, send, written};

/// Why a request failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) status: StatusCode,
    pub(super) descriptions: Vec<String>,
    retry_after_s: Option<u32>,
}

#[derive(Serialize)]
struct Line<'a> {
    code: u16,
    description: &'a str,
}

#[derive(Serialize)]
struct Lines<'a> {
    error: &'a [Line<'a>],
}

impl Fault {
    fn new(status: StatusCode, description: &str) -> Self {
        Self {
            status,
            descriptions: vec![description.to_owned()],
            retry_after_s: None,
        }
    }

    /// Returns the fault for something that does not exist or is not visible to the caller.
    pub(super) fn missing(description: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, description)
    }

    /// Returns the fault for a request that is not valid.
    pub(super) fn unfit(description: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, description)
    }

    /// Returns a fault with several descriptions.
    pub(super) fn all(descriptions: Vec<String>) -> Self {
        Self {
            descriptions,
            ..Self::unfit("")
        }
    }

    pub(super) fn no_key() -> Self {
        let description =
            "api_key was not provided; ask a security administrator of the division for a key";
        Self::new(StatusCode::FORBIDDEN, description)
    }

    pub(super) fn bad_key() -> Self {
        let description = "invalid api_key received: it is malformed, expired or revoked; ask for a new \
                           one";
        Self::new(StatusCode::FORBIDDEN, description)
    }

    pub(super) fn not_utf8() -> Self {
        Self::unfit("the request is not UTF-8; encode all text as UTF-8")
    }

    pub(super) fn too_long(most: usize) -> Self {
        let description = format!("the form has more than {most} bytes; shorten it");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, &description)
    }

    pub(super) fn too_long_file(most: u64) -> Self {
        let description = format!(
            "a file has more than {most} bytes, the largest size allowed; send a smaller one"
        );
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, &description)
    }

    /// Appends a description.
    pub(super) fn with(mut self, more: &str) -> Self {
        self.descriptions.push(more.to_owned());
        self
    }

    /// Converts a problem of the program's own API.
    pub(super) fn of(Rejection(problem): &Rejection) -> Self {
        let status = match problem.status {
            401 => return Self::bad_key(),
            // A client whose first request still runs must retry, not change the request.
            409 if problem.is(ProblemCode::RequestInProgress) => Ok(StatusCode::CONFLICT),
            status @ (403 | 404 | 413 | 429 | 503) => StatusCode::from_u16(status),
            _ => Ok(StatusCode::BAD_REQUEST),
        };
        let whole = problem.to_string();
        let fields = problem.fields.iter();
        let fields = fields.map(|fault| format!("attribute[{}]: {}", fault.field, fault.says.en));
        let fields: Vec<String> = fields.collect();
        Self {
            status: status.unwrap_or(StatusCode::BAD_REQUEST),
            descriptions: match fields.is_empty() {
                true => vec![whole],
                false => fields,
            },
            retry_after_s: problem.retry_after_s,
        }
    }

    pub(super) fn write(&self, format: Format) -> Response {
        let code = self.status.as_u16();
        let lines: Vec<_> = self
            .descriptions
            .iter()
            .map(|description| Line { code, description })
            .collect();
        // A fault is a list of plain texts and can always be written.
        let body = written(format, &lines, "errors", &Lines { error: &lines });
        let mut response = match body {
            Some(body) => send(format, self.status, body),
            None => self.status.into_response(),
        };
        if let Some(wait) = self.retry_after_s {
            let wait = HeaderValue::from(wait);
            response.headers_mut().insert(header::RETRY_AFTER, wait);
        }
        response
    }
}

impl From<office::Fault> for Fault {
    fn from(fault: office::Fault) -> Self {
        Self::of(&fault.into())
    }
}

impl From<Aborted> for Fault {
    fn from(aborted: Aborted) -> Self {
        Self::of(&aborted.into())
    }
}

impl<R> From<Failed<R>> for Fault
where
    Rejection: From<R>,
{
    fn from(failed: Failed<R>) -> Self {
        Self::of(&failed.into())
    }
}

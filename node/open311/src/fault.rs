//! What a caller is told when a request fails, in the form of the protocol: a list of codes and
//! descriptions. 404 for what is not there, 403 for keys, 400 for everything else that does not fit; who
//! came too often, or came while the store is down, is told so as elsewhere (429, 503).

use api::problem::ProblemCode;
use axum::response::Response;
use http::{HeaderValue, StatusCode, header};
use office::OfficeError;
use serde::Serialize;
use web::problem::Rejection;

use super::answer::{Format, respond};

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

    /// Something asked for is not there, or not for who asks.
    pub(super) fn missing(description: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, description)
    }

    /// The request cannot be understood.
    pub(super) fn unfit(description: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, description)
    }

    /// Several things do not fit.
    pub(super) fn all(descriptions: Vec<String>) -> Self {
        Self {
            descriptions,
            ..Self::unfit("")
        }
    }

    pub(super) fn no_key() -> Self {
        let description =
            "api_key was not provided; a security administrator of the division makes keys";
        Self::new(StatusCode::FORBIDDEN, description)
    }

    pub(super) fn bad_key() -> Self {
        let description = "invalid api_key received: it is none, has ended or was taken back; have a new \
                           one made";
        Self::new(StatusCode::FORBIDDEN, description)
    }

    pub(super) fn not_utf8() -> Self {
        Self::unfit("the request is not UTF-8; encode every text as UTF-8")
    }

    pub(super) fn too_long(most: usize) -> Self {
        let description = format!("the form has more than {most} bytes; send less");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, &description)
    }

    pub(super) fn too_long_file(most: u64) -> Self {
        let description = format!(
            "a file has more than {most} bytes, which is the most that is taken; send a smaller one"
        );
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, &description)
    }

    /// The same, with one thing more to do.
    pub(super) fn with(mut self, more: &str) -> Self {
        self.descriptions.push(more.to_owned());
        self
    }

    /// A problem of the program's own API in the form of this protocol.
    pub(super) fn of(Rejection(problem): &Rejection) -> Self {
        let status = match problem.status {
            401 => return Self::bad_key(),
            // Whoever repeats a request too early is to come again, not to mend it.
            409 if problem.is(ProblemCode::RequestInProgress) => Ok(StatusCode::CONFLICT),
            status @ (403 | 404 | 413 | 429 | 503) => StatusCode::from_u16(status),
            _ => Ok(StatusCode::BAD_REQUEST),
        };
        Self {
            retry_after_s: problem.retry_after_s,
            ..Self::new(
                status.unwrap_or(StatusCode::BAD_REQUEST),
                &problem.to_string(),
            )
        }
    }

    pub(super) fn write(&self, format: Format) -> Response {
        let code = self.status.as_u16();
        let lines: Vec<_> = self
            .descriptions
            .iter()
            .map(|description| Line { code, description })
            .collect();
        let mut response = respond(
            format,
            self.status,
            &lines,
            "errors",
            &Lines { error: &lines },
        );
        if let Some(wait) = self.retry_after_s {
            let wait = HeaderValue::from(wait);
            response.headers_mut().insert(header::RETRY_AFTER, wait);
        }
        response
    }
}

impl From<OfficeError> for Fault {
    fn from(error: OfficeError) -> Self {
        Self::of(&Rejection::from(error))
    }
}

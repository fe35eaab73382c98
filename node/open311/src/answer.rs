//! Answers of the protocol.

use axum::response::Response;
use http::{HeaderValue, StatusCode};
use serde::Serialize;
use web::idempotency::REPLAYED;

use super::{
    fault::Fault,
    format::{Format, send, written},
    services::{Definition, Service},
    show::{Filed, Shown, Token},
};

/// An answer.
#[derive(Debug)]
pub(super) enum Answer {
    /// Answer to GET services.
    Services(Vec<Service>),
    /// Answer to GET services/{code}.
    Definition(Definition),
    /// Answer to POST requests: number, token and notice.
    Filed(Filed),
    /// The same for a repetition of the request.
    FiledBefore(Filed),
    /// Answer to GET requests and GET requests/{id}.
    Requests(Vec<Shown>),
    /// Answer to GET tokens/{token}.
    Token(Token),
    /// Answer to GET discovery, as JSON and as XML.
    Discovery(serde_json::Value, String),
}

#[derive(Serialize)]
struct Services<'a> {
    service: &'a [Service],
}

#[derive(Serialize)]
struct Requests<'a, T> {
    request: &'a [T],
}

impl Answer {
    pub(super) fn write(&self, format: Format) -> Response {
        let ok = StatusCode::OK;
        match self {
            Self::Services(service) => {
                respond(format, ok, service, "services", &Services { service })
            }
            Self::Definition(one) => {
                respond(format, ok, &one.json(), "service_definition", &one.xml())
            }
            Self::Requests(all) => requests(format, ok, all),
            Self::Filed(one) => requests(format, StatusCode::CREATED, &[one]),
            Self::FiledBefore(one) => {
                let mut response = requests(format, StatusCode::CREATED, &[one]);
                let yes = HeaderValue::from_static("true");
                response.headers_mut().insert(REPLAYED, yes);
                response
            }
            Self::Token(one) => requests(format, ok, &[one]),
            Self::Discovery(json, xml) => match format {
                Format::Json => send(format, ok, json.to_string()),
                Format::Xml => send(format, ok, xml.clone()),
            },
        }
    }
}

fn requests<T: Serialize>(format: Format, status: StatusCode, all: &[T]) -> Response {
    let wrapped = Requests { request: all };
    respond(format, status, all, "service_requests", &wrapped)
}

fn respond<J, X>(format: Format, status: StatusCode, json: &J, root: &str, xml: &X) -> Response
where
    J: Serialize + ?Sized,
    X: Serialize,
{
    written(format, json, root, xml).map_or_else(
        || Fault::unfit("the answer cannot be written; see the log of the node").write(format),
        |body| send(format, status, body),
    )
}

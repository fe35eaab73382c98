//! Answers in both formats. The JSON is the XML by the Spark convention: lists lose their wrapping
//! elements, an empty element is `null`.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use web::gate::REPLAYED;

use super::{
    fault::Fault,
    services::{Definition, Service},
    show::{Filed, Shown, Token},
};

/// How an answer is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Json,
    Xml,
}

impl Format {
    /// A path without its ending, and the format the ending names.
    pub(super) fn of(path: &str) -> (&str, Option<Self>) {
        match path.rsplit_once('.') {
            Some((rest, "json")) => (rest, Some(Self::Json)),
            Some((rest, "xml")) => (rest, Some(Self::Xml)),
            _ => (path, None),
        }
    }
}

/// What is answered.
#[derive(Debug)]
pub(super) enum Answer {
    /// GET services.
    Services(Vec<Service>),
    /// GET services/{code}.
    Definition(Definition),
    /// POST requests, with the way to learn more.
    Filed(Filed),
    /// The same for a request that was repeated.
    FiledBefore(Filed),
    /// GET requests, GET requests/{id}.
    Requests(Vec<Shown>),
    /// GET tokens/{token}.
    Token(Token),
    /// GET discovery, as JSON and as XML.
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

/// Writes one of two forms of the same.
pub(super) fn respond<J, X>(
    format: Format,
    status: StatusCode,
    json: &J,
    root: &str,
    xml: &X,
) -> Response
where
    J: Serialize + ?Sized,
    X: Serialize,
{
    let written = match format {
        Format::Json => serde_json::to_string(json).map_err(|error| error.to_string()),
        Format::Xml => quick_xml::se::to_string_with_root(root, xml)
            .map(|xml| declared(&xml))
            .map_err(|error| error.to_string()),
    };
    match written {
        Ok(body) => send(format, status, body),
        Err(error) => {
            tracing::error!(%error, "an answer of Open311 cannot be written");
            let fault = "the answer cannot be written; see the log of the node";
            // A list of plain texts is written whatever happened to the answer.
            match status.is_success() {
                true => Fault::unfit(fault).write(format),
                false => status.into_response(),
            }
        }
    }
}

/// A document with its declaration, without what no XML may hold (XML 1.0, 2.2).
pub(super) fn declared(xml: &str) -> String {
    let fits = |c: char| c >= ' ' && !matches!(c, '\u{fffe}' | '\u{ffff}') || "\t\n\r".contains(c);
    let fitting = xml.chars().map(|c| if fits(c) { c } else { '\u{fffd}' });
    let declaration = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n";
    declaration.chars().chain(fitting).collect()
}

fn send(format: Format, status: StatusCode, body: String) -> Response {
    let kind = match format {
        Format::Json => "application/json; charset=utf-8",
        Format::Xml => "text/xml; charset=utf-8",
    };
    (status, [(header::CONTENT_TYPE, kind)], body).into_response()
}

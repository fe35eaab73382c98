//! The two formats of an answer. The JSON follows the XML by the Spark convention: lists lose their
//! wrapping elements, and an empty element is `null`.

use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use serde::Serialize;

/// Format of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Json,
    Xml,
}

impl Format {
    /// Splits a path into the part before its ending and the format that the ending names.
    pub(super) fn of(path: &str) -> (&str, Option<Self>) {
        match path.rsplit_once('.') {
            Some((rest, "json")) => (rest, Some(Self::Json)),
            Some((rest, "xml")) => (rest, Some(Self::Xml)),
            _ => (path, None),
        }
    }
}

/// Returns the JSON or the XML form of an answer. `None` if it cannot be written, which the log explains.
pub(super) fn written<J, X>(format: Format, json: &J, root: &str, xml: &X) -> Option<String>
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
    written
        .inspect_err(|error| tracing::error!(%error, "writing an Open311 answer failed"))
        .ok()
}

/// Adds the declaration to an XML document, and removes characters that XML does not allow (XML
/// 1.0, 2.2).
pub(super) fn declared(xml: &str) -> String {
    let fits = |c: char| c >= ' ' && !matches!(c, '\u{fffe}' | '\u{ffff}') || "\t\n\r".contains(c);
    let fitting = xml.chars().map(|c| if fits(c) { c } else { '\u{fffd}' });
    let declaration = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n";
    declaration.chars().chain(fitting).collect()
}

/// Returns an answer with this body.
pub(super) fn send(format: Format, status: StatusCode, body: String) -> Response {
    let kind = match format {
        Format::Json => "application/json; charset=utf-8",
        Format::Xml => "text/xml; charset=utf-8",
    };
    (status, [(header::CONTENT_TYPE, kind)], body).into_response()
}

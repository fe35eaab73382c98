//! Answers: pages, and the way from a form to the page that shows what it did.

use std::io::Write;

use api::problem::Problem;
use askama::Template;
use axum::response::{IntoResponse, Response};
use flate2::{Compression, write::GzEncoder};
use http::{HeaderName, HeaderValue, Method, StatusCode, header};
use web::problem::Rejection;

use crate::{assets::reads, visit::Visit};

/// What a page answers.
pub(crate) type Answer = Result<Response, Problem>;

/// What a page may load and do (Content Security Policy).
pub(crate) const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; \
    connect-src 'self'; manifest-src 'self'; worker-src 'self'; form-action 'self'; frame-ancestors 'none'; \
    base-uri 'none'";

/// Pages shorter than this, in bytes, are not compressed: they fit into one packet or two.
const LEAST_PACKED: usize = 2 * 1024;
/// How hard pages are compressed. The strongest saves one per cent more.
const PACKING: Compression = Compression::new(4);

/// Headers of every answer.
const HEADERS: [(HeaderName, &str); 5] = [
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    // With `no-referrer` browsers send `Origin: null` with forms, and the gate would refuse them.
    (header::REFERRER_POLICY, "same-origin"),
    (
        HeaderName::from_static("permissions-policy"),
        "geolocation=(self), camera=(self), microphone=(), payment=(), usb=()",
    ),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
];

/// Adds the headers that every answer has. One that is there already stays.
pub(crate) async fn guarded(mut response: Response) -> Response {
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    }
    response
}

impl Visit {
    /// Answers with a page.
    pub(crate) fn page(&self, status: StatusCode, page: &impl Template) -> Answer {
        let text = page.render().map_err(|error| {
            tracing::error!(%error, path = %self.path, "a page cannot be written");
            *Rejection::no_such_path().0
        })?;
        // Public pages may be kept if they are asked for again each time; what a person sees is not
        // kept at all.
        let shared = self.method == Method::GET && status.is_success() && self.session.is_none();
        // Only what has no secret but fresh ones is compressed: otherwise the length would tell of a secret
        // beside a text that somebody else chose (BREACH, docs/decisions/0098).
        let packs = shared && text.len() >= LEAST_PACKED && reads(&self.headers, "gzip");
        let form = if packs { "-gz" } else { "" };
        let digest = || blake3::hash(text.as_bytes()).to_hex();
        let tag = shared.then(|| format!("\"{}{form}\"", &digest()[..16]));
        let known = self.headers.get(header::IF_NONE_MATCH);
        let unchanged = tag
            .as_ref()
            .is_some_and(|tag| known.is_some_and(|known| known.as_bytes() == tag.as_bytes()));
        let html = [(header::CONTENT_TYPE, "text/html; charset=utf-8")];
        let mut response = match unchanged {
            true => StatusCode::NOT_MODIFIED.into_response(),
            false if packs => (status, html, packed(&text)).into_response(),
            false => (status, html, text).into_response(),
        };
        let headers = response.headers_mut();
        let kept = if shared {
            "private, no-cache"
        } else {
            "no-store"
        };
        let language = self.view.language.tag();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(kept));
        headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(language));
        let vary = HeaderValue::from_static("Accept-Language, Cookie, Accept-Encoding");
        headers.insert(header::VARY, vary);
        if packs {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        headers.extend(value(tag).map(|tag| (header::ETAG, tag)));
        if self.view.is_new {
            let cookie = value(Some(self.view.cookie()));
            headers.extend(cookie.map(|cookie| (header::SET_COOKIE, cookie)));
        }
        Ok(response)
    }

    /// Answers with a page, status 200.
    pub(crate) fn show(&self, page: &impl Template) -> Answer {
        self.page(StatusCode::OK, page)
    }
}

/// Compresses a page.
fn packed(text: &str) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::with_capacity(text.len() / 3), PACKING);
    packed
        .write_all(text.as_bytes())
        .and_then(|()| packed.finish())
        .expect("a vector takes everything")
}

/// Answers a form that was done: leads to the page that shows it.
pub(crate) fn lead_to(path: &str) -> Answer {
    let mut response = StatusCode::SEE_OTHER.into_response();
    let headers = response.headers_mut();
    let to = value(Some(path.to_owned())).unwrap_or(HeaderValue::from_static("/"));
    headers.insert(header::LOCATION, to);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// Returns whether a browser that follows this path stays on this host.
pub(crate) fn is_own_path(path: &str) -> bool {
    let harmless = |b: u8| b.is_ascii_graphic() && !b"\\\"'<>`".contains(&b);
    path.len() <= 512
        && path.starts_with('/')
        && !path.starts_with("//")
        && path.bytes().all(harmless)
}

fn value(text: Option<String>) -> Option<HeaderValue> {
    HeaderValue::from_str(&text?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_led_to_another_host() {
        for path in ["/desk?tab=mine&page=2", "/"] {
            assert!(is_own_path(path), "{path}");
        }
        for path in [
            "",
            "desk",
            "//evil.example",
            "/\\evil.example",
            "/\t/x",
            "https://evil.example",
        ] {
            assert!(!is_own_path(path), "{path}");
        }
    }
}

//! Style, script and icons: files in the program, compressed when it was built, under names that
//! change with their content.

use std::sync::LazyLock;

use axum::{
    extract::Request,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderValue, StatusCode, header};

include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// A file in the program.
struct Asset {
    path: &'static str,
    media: &'static str,
    plain: &'static [u8],
    gzip: &'static [u8],
    brotli: &'static [u8],
}

/// Time for which browsers and proxies keep a file without asking again: a year.
const FOR_A_YEAR: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

/// Answers with the file of a path, in the best form that the browser reads.
pub(crate) async fn serve(request: Request) -> Response {
    let (path, headers) = (request.uri().path(), request.headers());
    let Some(asset) = ASSETS.iter().find(|asset| asset.path == path) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let (bytes, encoding) = match () {
        () if reads(headers, "br") => (asset.brotli, Some("br")),
        () if reads(headers, "gzip") => (asset.gzip, Some("gzip")),
        () => (asset.plain, None),
    };
    let tag = format!("\"{}{}\"", asset.path, encoding.unwrap_or_default());
    let known = headers.get(header::IF_NONE_MATCH);
    let mut response = match known.is_some_and(|known| known.as_bytes() == tag.as_bytes()) {
        true => StatusCode::NOT_MODIFIED.into_response(),
        false => ([(header::CONTENT_TYPE, asset.media)], bytes).into_response(),
    };
    let told = response.headers_mut();
    told.insert(header::CACHE_CONTROL, FOR_A_YEAR);
    told.insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    told.extend(
        HeaderValue::from_str(&tag)
            .ok()
            .map(|tag| (header::ETAG, tag)),
    );
    let encoding = encoding.map(|name| (header::CONTENT_ENCODING, HeaderValue::from_static(name)));
    told.extend(encoding);
    response
}

/// Answers with the service worker. Its address never changes, so browsers ask for it each time.
pub(crate) async fn worker() -> Response {
    static WHOLE: LazyLock<String> = LazyLock::new(|| {
        let files: Vec<&str> = ASSETS.iter().map(|asset| asset.path).collect();
        let policy = crate::answer::POLICY;
        format!(
            "const KEPT = {KEPT:?}, FILES = {files:?}, QUEUE = {OFFLINE_JS:?}, POLICY = {policy:?};\n{WORKER}"
        )
    });
    let headers = [
        (header::CONTENT_TYPE, "text/javascript; charset=utf-8"),
        (header::CACHE_CONTROL, "no-cache"),
    ];
    (headers, WHOLE.as_str()).into_response()
}

/// Returns whether the browser reads this encoding: it is named, and not with `q=0`.
pub(crate) fn reads(headers: &HeaderMap, encoding: &str) -> bool {
    let lines = headers.get_all(header::ACCEPT_ENCODING).iter();
    let named = lines.filter_map(|line| line.to_str().ok());
    let mut named = named.flat_map(|line| line.split(','));
    named.any(|one| {
        let mut parts = one.split(';').map(str::trim);
        let is_it = parts
            .next()
            .is_some_and(|name| name.eq_ignore_ascii_case(encoding));
        let refused = |part: &str| {
            matches!(
                part.trim_start_matches("q="),
                "0" | "0.0" | "0.00" | "0.000"
            )
        };
        is_it && !parts.any(refused)
    })
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn a_compressed_file_is_the_same_file() {
        assert!(ASSETS.iter().any(|asset| asset.path == CONSOLE_CSS));
        for asset in ASSETS {
            let mut whole = vec![];
            flate2::read::GzDecoder::new(asset.gzip)
                .read_to_end(&mut whole)
                .unwrap();
            assert_eq!(whole, asset.plain, "{}", asset.path);
            let mut whole = vec![];
            brotli::Decompressor::new(asset.brotli, 4096)
                .read_to_end(&mut whole)
                .unwrap();
            assert_eq!(whole, asset.plain, "{}", asset.path);
        }
    }

    #[test]
    fn the_first_visit_is_small() {
        let weight: usize = ASSETS.iter().map(|asset| asset.brotli.len()).sum();
        assert!(weight < 20 * 1024, "{weight}");
    }

    #[test]
    fn an_encoding_that_is_refused_is_not_sent() {
        let asked = |text: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(text));
            (reads(&headers, "br"), reads(&headers, "gzip"))
        };
        assert_eq!(asked("gzip, deflate, br, zstd"), (true, true));
        assert_eq!(asked("gzip;q=1.0, br;q=0"), (false, true));
        assert_eq!(asked("identity"), (false, false));
    }
}

//! The language of problems: English, unless the caller asks for Chinese.

use api::Language;
use axum::{body::Body, extract::Request, middleware::Next, response::Response};
use http::{HeaderMap, HeaderValue, header};

use super::problem::Untold;

/// Returns the language that a request asks for in `Accept-Language`. Programs that ask for none get English.
pub(super) fn asked_for(headers: &HeaderMap) -> Language {
    let said = headers.get(header::ACCEPT_LANGUAGE);
    let said = said.and_then(|said| said.to_str().ok());
    said.and_then(Language::liked_best)
        .unwrap_or(Language::English)
}

/// Tells the problem of an answer in the language of the caller.
pub(super) async fn told(request: Request, next: Next) -> Response {
    let language = asked_for(request.headers());
    let mut response = next.run(request).await;
    let Some(Untold(problem)) = response.extensions_mut().remove::<Untold>() else {
        return response;
    };
    if language != Language::English {
        let problem = problem.in_language(language);
        let body = serde_json::to_vec(&problem).expect("a problem is texts and numbers");
        *response.body_mut() = Body::from(body);
        response.headers_mut().remove(header::CONTENT_LENGTH);
    }
    let headers = response.headers_mut();
    let tag = HeaderValue::from_static(language.tag());
    headers.insert(header::CONTENT_LANGUAGE, tag);
    headers.append(header::VARY, HeaderValue::from_static("Accept-Language"));
    response
}

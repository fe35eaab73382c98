//! Cross-origin requests (CORS, Fetch standard 3.3): which pages of other sites may call Open311
//! and the public routes from a visitor's browser. These routes ignore cookies, and no page is
//! allowed to send one.

use std::time::Duration;

use axum::{Router, extract::Request};
use http::{HeaderName, HeaderValue, Method, header};
use tower::{ServiceExt, service_fn};
use tower_http::cors::CorsLayer;

use super::{
    Beside,
    credentials::REPORTER_TOKEN,
    idempotency::{IDEMPOTENCY_KEY, REPLAYED},
};

/// Time for which a browser may cache the answer.
const REMEMBER: Duration = Duration::from_secs(3_600);

/// Lets pages of these sites send requests. `sites` are origins as browsers write them in `Origin`;
/// if empty, no other site may.
pub(super) fn between(router: Router, sites: &[String], beside: &[Beside]) -> Router {
    if sites.is_empty() {
        return router;
    }
    let sites = sites
        .iter()
        .filter_map(|site| HeaderValue::from_str(site).ok());
    let sites: Vec<_> = sites.collect();
    let layer = CorsLayer::new()
        .allow_origin(sites)
        .allow_methods([Method::GET, Method::HEAD, Method::POST])
        .allow_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            HeaderName::from_static(IDEMPOTENCY_KEY),
            HeaderName::from_static(REPORTER_TOKEN),
        ])
        .expose_headers([header::RETRY_AFTER, HeaderName::from_static(REPLAYED)])
        .max_age(REMEMBER);
    let beside: Vec<_> = beside
        .iter()
        .filter_map(|served| served.cross_origin)
        .collect();
    let open = router.clone().layer(layer);
    Router::new().fallback_service(service_fn(move |request: Request| {
        let path = request.uri().path();
        let others = beside.iter().any(|open| path.starts_with(open));
        match others || is_open(path) {
            true => open.clone().oneshot(request),
            false => router.clone().oneshot(request),
        }
    }))
}

/// Returns whether the path is readable without a cookie or token.
fn is_open(path: &str) -> bool {
    let answers = || {
        let node = path.strip_prefix("/v1/nodes/")?;
        let (_, rest) = node.split_once('/')?;
        Some(rest == "answers")
    };
    ["/v1/openapi.json", "/v1/problems", "/v1/nodes"].contains(&path)
        || answers().unwrap_or_default()
}

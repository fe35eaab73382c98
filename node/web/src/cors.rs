//! Pages of other sites that may ask from a visitor's browser (CORS, Fetch standard 3.3): Open311, and
//! what everybody may read. Neither knows a cookie, and no page is told that it may send one.

use std::time::Duration;

use axum::{Router, extract::Request};
use http::{HeaderName, HeaderValue, Method, header};
use tower::{ServiceExt, service_fn};
use tower_http::cors::CorsLayer;

use super::{
    Beside,
    credentials::SLIP,
    gate::{IDEMPOTENCY_KEY, REPLAYED},
};

/// How long a browser may remember what it was told.
const REMEMBER: Duration = Duration::from_secs(3_600);

/// Lets pages of these sites ask, as a browser writes them in `Origin`; none if there are none.
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
            HeaderName::from_static(SLIP),
        ])
        .expose_headers([header::RETRY_AFTER, HeaderName::from_static(REPLAYED)])
        .max_age(REMEMBER);
    let beside: Vec<_> = beside.iter().map(|served| served.path).collect();
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

/// Whether anybody may ask there without a cookie.
fn is_open(path: &str) -> bool {
    let answers = || {
        let node = path.strip_prefix("/v1/nodes/")?;
        let (_, rest) = node.split_once('/')?;
        Some(rest == "answers")
    };
    ["/v1/openapi.json", "/v1/problems", "/v1/nodes"].contains(&path)
        || answers().unwrap_or_default()
}

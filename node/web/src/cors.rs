//! Cross-origin requests (CORS, Fetch standard 3.3): which pages of other sites may call Open311
//! and the public routes from a visitor's browser. These routes ignore cookies, and no page is
//! allowed to send one.

use std::time::Duration;

use axum::{Router, extract::Request};
use http::{HeaderName, HeaderValue, Method, header, request::Parts};
use tower::{ServiceExt, service_fn};
use tower_http::cors::{AllowOrigin, CorsLayer};

use super::{
    Beside,
    credentials::REPORTER_TOKEN,
    idempotency::{IDEMPOTENCY_KEY, REPLAYED},
    live::Live,
};

/// Time for which a browser may cache the answer.
const REMEMBER: Duration = Duration::from_secs(3_600);

/// Lets pages of the sites in force send requests: origins as browsers write them in `Origin`. If there are none, no
/// other site may.
pub(super) fn between(router: Router, live: &Live, beside: &[Beside]) -> Router {
    let sites = live.clone();
    let is_listed = move |origin: &HeaderValue, _: &Parts| {
        let listed = sites.now();
        let mut listed = listed.origins.iter();
        listed.any(|site| site.as_bytes() == origin.as_bytes())
    };
    let layer = CorsLayer::new()
        .allow_origin(AllowOrigin::predicate(is_listed))
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
    let live = live.clone();
    Router::new().fallback_service(service_fn(move |request: Request| {
        let path = request.uri().path();
        let others = beside.iter().any(|open| path.starts_with(open));
        let is_any = || !live.now().origins.is_empty();
        match (others || is_open(path)) && is_any() {
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

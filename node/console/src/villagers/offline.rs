//! What a phone keeps: the page that lists it and helps without a network, and the description of the
//! pages as something to install.

use std::sync::Arc;

use askama::Template;
use axum::{Json, response::IntoResponse};
use http::header;
use serde_json::json;

use crate::{answer::Answer, assets, frame::Frame, visit::Visit, words::Words};

#[derive(Template)]
#[template(path = "offline.html")]
struct OfflinePage {
    frame: Frame,
    w: Words,
}

/// Shows the page. Its lists are filled by the script on the phone; the node knows nothing of them.
pub(crate) async fn show(visit: Arc<Visit>) -> Answer {
    visit.show(&OfflinePage {
        frame: Frame::of(&visit, visit.w.offline_title()),
        w: visit.w,
    })
}

/// Describes the pages of a division as an application (W3C Web Application Manifest).
pub(crate) async fn manifest(visit: Arc<Visit>) -> Answer {
    let name = visit.name_of(visit.division()?);
    let manifest = json!({
        "name": format!("{name} · {}", visit.w.product()),
        "short_name": name,
        "lang": visit.view.language.tag(),
        "start_url": "/",
        "scope": "/",
        // Printing and going back need what a browser has.
        "display": "minimal-ui",
        "background_color": "#FFFFFF",
        "theme_color": "#0B5394",
        "icons": [{ "src": assets::ICON_SVG, "sizes": "any", "type": "image/svg+xml" }],
    });
    let headers = [
        (header::CONTENT_TYPE, "application/manifest+json"),
        (header::CACHE_CONTROL, "no-cache"),
    ];
    Ok((headers, Json(manifest)).into_response())
}

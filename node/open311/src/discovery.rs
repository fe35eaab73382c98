//! Service discovery: the served version, its URL and its formats
//! (<https://wiki.open311.org/Service_Discovery>).

use domain::time::Timestamp;
use http::{HeaderMap, header};
use quick_xml::escape::escape;
use serde_json::json;
use web::state::AppState;

use super::{answer::Answer, format::declared};

const SPECIFICATION: &str = "http://wiki.open311.org/GeoReport_v2";

/// Returns the discovery document. The services change with policy, and this process knows policy
/// changes only since its start, so the changeset is the time of the start.
pub(super) fn of(headers: &HeaderMap, app_state: &AppState) -> Answer {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    // A proxy terminates TLS and names the scheme.
    let scheme = match text("x-forwarded-proto") {
        Some("https") => "https",
        _ => "http",
    };
    let host = text(header::HOST.as_str()).unwrap_or("localhost");
    let url = format!("{scheme}://{host}/open311/v2");
    let changeset = super::show::w3c(Timestamp(app_state.started_ms));
    let root = app_state.tree.root();
    let name = app_state.tree.full_name(root).unwrap_or_default();
    let contact = format!("五级通 · {name}");
    let keys = "向本级安全管理员申请 api_key";
    let kind = if app_state.network.demo {
        "test"
    } else {
        "production"
    };
    let json = json!({
        "changeset": changeset,
        "contact": contact,
        "key_service": keys,
        "endpoints": [{
            "specification": SPECIFICATION,
            "url": url,
            "changeset": changeset,
            "type": kind,
            "formats": ["text/xml", "application/json"],
        }],
    });
    let xml = format!(
        "<discovery><changeset>{changeset}</changeset><contact>{}</contact>\
         <key_service>{keys}</key_service><endpoints><endpoint>\
         <specification>{SPECIFICATION}</specification><url>{}</url><changeset>{changeset}</changeset>\
         <type>{kind}</type><formats><format>text/xml</format><format>application/json</format>\
         </formats></endpoint></endpoints></discovery>",
        escape(contact.as_str()),
        escape(url.as_str()),
    );
    Answer::Discovery(json, declared(&xml))
}

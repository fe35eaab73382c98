//! Service discovery: which version is served where, and in which formats
//! (<https://wiki.open311.org/Service_Discovery>).

use domain::time::Timestamp;
use http::{HeaderMap, header};
use quick_xml::escape::escape;
use serde_json::json;
use web::state::AppState;

use super::answer::{Answer, declared};

const SPECIFICATION: &str = "http://wiki.open311.org/GeoReport_v2";

/// The services change with policy, whose last change this process knows only since it runs: the
/// changeset is the moment it started.
pub(super) fn of(headers: &HeaderMap, roster: &AppState) -> Answer {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    // Before TLS there is a proxy, which says so.
    let scheme = match text("x-forwarded-proto") {
        Some("https") => "https",
        _ => "http",
    };
    let host = text(header::HOST.as_str()).unwrap_or("localhost");
    let url = format!("{scheme}://{host}/open311/v2");
    let changeset = super::show::w3c(Timestamp(roster.started_ms));
    let root = roster.tree.root();
    let name = roster.tree.full_name(root).unwrap_or_default();
    let contact = format!("五级通 · {name}");
    let keys = "向本级安全管理员申请 api_key";
    let kind = if roster.network.demo {
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

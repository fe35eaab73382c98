//! The OpenAPI document, built from the code: handlers describe their input and output, and the
//! gate adds what all operations have in common.

mod operations;
mod params;
mod schemas;
pub(super) mod village;

use api::{Code, problem::Problem};
use axum::{Extension, response::IntoResponse};
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use utoipa::{
    OpenApi,
    openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme},
};

use super::credentials::{COOKIE, REPORTER_TOKEN};
pub(super) use operations::complete;
pub(super) use params::{
    AccountParams, AlarmParams, ChildLogParams, ChildParams, CourierParams, DisclosureFileParams,
    DisclosureParams, DraftPhotoPath, FileParams, GridParams, HookParams, KeyParams, LogParams,
    MatterParams, NodeParams, PleaParams, ProposalParams, ReplyTextParams, SavedListParams,
    SessionParams, SourceParams, TemplateParams, TileParams, UploadParams,
};
use schemas::finish;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "五级通 Wujitong",
        description = "API of a node for people and programs. Times are milliseconds since 1970; \
                       divisions are twelve digits and may be shortened. Apps of other cities can use \
                       Open311 GeoReport v2 at /open311/v2; they send photos with a report as \
                       multipart/form-data in the field `media`. Pages of other sites may use Open311, and \
                       read what needs neither token nor cookie here, if the operator lists the site in \
                       `http.origins`."
    ),
    components(schemas(Problem, Code)),
    tags(
        (name = "matters", description = "Matters (事项) and the work on them"),
        (name = "files", description = "Photos and documents of matters"),
        (name = "drafts", description = "Reports that somebody is still writing"),
        (name = "disclosures", description = "Disclosures (公开): what is made public, what has to be, and the work on it"),
        (name = "boards", description = "Boards (公告栏): posts, answers, and their moderation"),
        (name = "points", description = "Points and honours (积分、红黑榜): rules, lists, households, ratings, exchanges"),
        (name = "templates", description = "Templates and their adoption"),
        (name = "figures", description = "Figures of a subtree"),
        (name = "log", description = "The public log: what nobody can take back unseen"),
        (name = "courier", description = "Courier files (信使): what is carried to neighbours without a link"),
        (name = "changes", description = "Notification of changes: event streams, webhooks"),
        (name = "session", description = "Logging in and out"),
        (name = "people", description = "Accounts, grids, keys, the audit trail"),
        (name = "about", description = "The process, its clock and alarms, and this document")
    )
)]
struct Document;

/// Returns the document without routes.
pub(super) fn begin() -> utoipa::openapi::OpenApi {
    let mut document = Document::openapi();
    let components = document.components.get_or_insert_default();
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
    components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
    let cookie = ApiKey::Cookie(ApiKeyValue::new(COOKIE));
    components.add_security_scheme("cookie", SecurityScheme::ApiKey(cookie));
    let slip = ApiKey::Header(ApiKeyValue::new(REPORTER_TOKEN));
    components.add_security_scheme("slip", SecurityScheme::ApiKey(slip));
    document
}

/// Writes the document as JSON.
pub(super) fn write(document: utoipa::openapi::OpenApi) -> Bytes {
    let json = serde_json::to_vec(&finish(document));
    json.expect("a document has only names and texts").into()
}

/// Returns the written document.
#[derive(Clone, Copy)]
pub(super) struct Served(pub(super) fn() -> Bytes);

/// Get this document
#[utoipa::path(get, path = "/v1/openapi.json", tag = "about",
    responses((status = 200, description = "OpenAPI 3.1")))]
pub(super) async fn document(Extension(Served(document)): Extension<Served>) -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/json")], document())
}

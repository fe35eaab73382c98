//! Files beside the forms of disclosures.

use api::{AttachFile, DisclosureWork, SeenDraftQuery};
use axum::{Json, response::Response};
use domain::{attachment::Part, disclosure::DisclosureId};
use http::HeaderMap;
use office::AttachedUpload;

use super::in_hand::view;
use crate::{
    ask::{Asked, Authenticated, Given, Headers, NodePath, Person, named_draft},
    files::answer,
    openapi::{DisclosureFileParams, DisclosureParams},
    problem::Rejection,
};

/// Add a file to a draft
///
/// A photo, a PDF, or a text in UTF-8 (also CSV), of at most 20 MiB. It is an upload of the caller, or the one file of
/// the draft that the header `Draft-Key` names. It must hold no personal data: texts are searched, and whoever reviews
/// the draft has to look through the others. Everybody gets it once the disclosure is published.
#[utoipa::path(post, path = "/v1/nodes/{code}/disclosure-work/{number}/attachments", tag = "disclosures",
    params(DisclosureParams), request_body = AttachFile, responses((status = 200, body = DisclosureWork)))]
pub(crate) async fn attach(
    at: NodePath,
    Person(by): Person,
    Authenticated(guest): Authenticated,
    Headers(headers): Headers,
    Given(request): Given<AttachFile>,
) -> Result<Json<DisclosureWork>, Rejection> {
    let id: DisclosureId = at.param("number")?;
    let office = &at.node.office;
    let mut uploads: Vec<_> = request.upload.into_iter().collect();
    if let Some(draft) = named_draft(&headers)? {
        uploads.extend(office.drafts().read(&draft).await?.files());
        guest.request.with_photos_of(&draft);
    }
    let [upload] = uploads[..] else {
        return Err(Rejection::unfit((
            format!("{} files came; send one at a time", uploads.len()),
            format!("收到 {} 个文件；请一次上传一个", uploads.len()),
        )));
    };
    let new = AttachedUpload {
        upload,
        name: request.name,
    };
    let disclosures = office.disclosures();
    disclosures.attach(id, request.version, new, by).await?;
    view(&at, &guest, id).await
}

/// Take a file out of a draft
///
/// Editions that were published keep it.
#[utoipa::path(delete, path = "/v1/nodes/{code}/disclosure-work/{number}/attachments/{file}", tag = "disclosures",
    params(DisclosureFileParams, SeenDraftQuery), responses((status = 200, body = DisclosureWork)))]
pub(crate) async fn detach(
    at: NodePath,
    Person(by): Person,
    Authenticated(guest): Authenticated,
    Asked(query): Asked<SeenDraftQuery>,
) -> Result<Json<DisclosureWork>, Rejection> {
    let (id, no): (DisclosureId, u32) = (at.param("number")?, at.param("file")?);
    let disclosures = at.node.office.disclosures();
    disclosures.detach(id, query.version, no, by).await?;
    view(&at, &guest, id).await
}

/// Get a file of a draft
#[utoipa::path(get, path = "/v1/nodes/{code}/disclosure-work/{number}/attachments/{file}", tag = "disclosures",
    params(DisclosureFileParams), responses((status = 200, description = "The file", body = Vec<u8>,
    content_type = "application/octet-stream")))]
pub(crate) async fn of_draft(
    at: NodePath,
    Headers(headers): Headers,
) -> Result<Response, Rejection> {
    sent(&at, &headers, true).await
}

/// Get a file of what was made public
///
/// Its SHA-256 stands in the document, to which the public log commits.
#[utoipa::path(get, path = "/v1/nodes/{code}/disclosures/{number}/attachments/{file}", tag = "disclosures",
    params(DisclosureFileParams), responses((status = 200, description = "The file", body = Vec<u8>,
    content_type = "application/octet-stream")))]
pub(crate) async fn published(
    at: NodePath,
    Headers(headers): Headers,
) -> Result<Response, Rejection> {
    sent(&at, &headers, false).await
}

async fn sent(at: &NodePath, headers: &HeaderMap, with_work: bool) -> Result<Response, Rejection> {
    let (id, no): (DisclosureId, u32) = (at.param("number")?, at.param("file")?);
    let office = &at.node.office;
    let disclosures = office.disclosures();
    let (_, file) = disclosures
        .attached(id, (no, Part::Whole), with_work)
        .await?;
    let name = format!("{id}-{no}.{}", file.media().extension());
    Ok(answer(office, file, &name, headers))
}

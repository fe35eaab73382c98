//! Files over the API: handing in, and seeing what was handed in.

use std::{ops::Range, sync::Arc};

use api::{
    FileLine, FileLines, Named, OFFSET_STREAM, UPLOAD_LENGTH, UPLOAD_OFFSET, UploadRequest,
    UploadView, problem::ProblemCode,
};
use axum::{
    Json,
    body::{Body, Bytes},
    response::{IntoResponse, Response},
};
use domain::{
    attachment::{CHUNK_BYTES, FileNo, Media, Part, UploadId},
    ids::MatterId,
};
use futures::stream;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use office::{FileTrouble, Looked, Office, OfficeError, OpenFile, Reader};

use super::{
    SOCKET_BODY_BYTES,
    ask::{At, Authenticated, Given, Headers, Person},
    gate::{Kept, Principal},
    openapi::{FilePath, MatterPath, NodePath, UploadPath},
    problem::Rejection,
    range::{Stretch, stretch},
};

/// Begin to hand a file in
///
/// It is sent in chunks afterwards, and then named by the report or remark it belongs to.
#[utoipa::path(post, path = "/v1/nodes/{code}/uploads", tag = "files", params(NodePath),
    request_body = UploadRequest, responses((status = 201, body = UploadView)))]
pub(super) async fn begin(
    at: At,
    Person(by): Person,
    Given(UploadRequest { media, bytes }): Given<UploadRequest>,
) -> Result<Response, Rejection> {
    let media: Media = media.parse().map_err(|error| {
        let error: domain::attachment::BadMedia = error;
        Rejection::new(ProblemCode::UnsupportedMediaType, &error.to_string())
    })?;
    let view = at
        .node
        .office
        .begin_upload(media, bytes, by.actor().clone())
        .await?;
    let place = format!("/v1/nodes/{}/uploads/{}", at.division, view.id);
    let mut response = shown(StatusCode::CREATED, &view);
    response.extensions_mut().insert(Kept::Whole);
    if let Ok(place) = HeaderValue::from_str(&place) {
        response.headers_mut().insert(header::LOCATION, place);
    }
    Ok(response)
}

/// How far an upload came
#[utoipa::path(get, path = "/v1/nodes/{code}/uploads/{upload}", tag = "files", params(UploadPath),
    responses((status = 200, body = UploadView)))]
pub(super) async fn upload(at: At, Person(by): Person) -> Result<Response, Rejection> {
    let id: UploadId = at.param("upload")?;
    let view = at.node.office.upload(id, by.actor()).await?;
    Ok(shown(StatusCode::OK, &view))
}

/// Send a chunk of a file
///
/// `Upload-Offset` says where it begins; with the last one the file is looked into.
#[utoipa::path(patch, path = "/v1/nodes/{code}/uploads/{upload}", tag = "files", params(UploadPath),
    request_body(content = Vec<u8>, content_type = "application/offset+octet-stream"),
    responses((status = 200, body = UploadView)))]
pub(super) async fn go_on(
    at: At,
    Person(by): Person,
    Headers(headers): Headers,
    chunk: Result<Bytes, axum::extract::rejection::BytesRejection>,
) -> Result<Response, Rejection> {
    let id: UploadId = at.param("upload")?;
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if text("content-type") != Some(OFFSET_STREAM) {
        let sentence = format!("a chunk is of type {OFFSET_STREAM}; say so in Content-Type");
        return Err(Rejection::new(ProblemCode::UnsupportedMediaType, &sentence));
    }
    let offset = text(UPLOAD_OFFSET).and_then(|offset| offset.parse().ok());
    let offset = offset.ok_or_else(|| {
        Rejection::unfit("it is not said where the chunk begins; say so in Upload-Offset")
    })?;
    let chunk = chunk.map_err(|rejection| {
        let sentence = format!(
            "the chunk was not read ({}); send at most {SOCKET_BODY_BYTES} bytes at a time",
            rejection.body_text()
        );
        Rejection::unread(rejection.status(), &sentence)
    })?;
    let office = &at.node.office;
    match office.continue_upload(id, offset, chunk, by.actor()).await {
        Ok(view) => Ok(shown(StatusCode::OK, &view)),
        Err(error) => {
            let have = match &error {
                OfficeError::File(FileTrouble::Offset { have, .. }) => Some(*have),
                _ => None,
            };
            let mut response = Rejection::from(error).into_response();
            if let Some(have) = have {
                let name = HeaderName::from_static(UPLOAD_OFFSET);
                response.headers_mut().insert(name, have.into());
            }
            Ok(response)
        }
    }
}

/// Throw an upload away
#[utoipa::path(delete, path = "/v1/nodes/{code}/uploads/{upload}", tag = "files", params(UploadPath),
    responses((status = 204, description = "It is gone")))]
pub(super) async fn throw_away(at: At, Person(by): Person) -> Result<StatusCode, Rejection> {
    let id: UploadId = at.param("upload")?;
    at.node.office.drop_upload(id, by.actor()).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn shown(status: StatusCode, view: &UploadView) -> Response {
    let mut response = (status, Json(view)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(HeaderName::from_static(UPLOAD_OFFSET), view.offset.into());
    headers.insert(HeaderName::from_static(UPLOAD_LENGTH), view.bytes.into());
    response
}

/// Files of a matter that may be seen here
#[utoipa::path(get, path = "/v1/nodes/{code}/matters/{id}/attachments", tag = "files",
    params(MatterPath), responses((status = 200, body = Named<FileLines>)))]
pub(super) async fn list(
    at: At,
    Authenticated(guest): Authenticated,
) -> Result<Json<Named<FileLines>>, Rejection> {
    let id: MatterId = at.param("id")?;
    let files = at.node.office.files_of(id, reader(&guest)).await?;
    let line = |(no, file): (FileNo, _)| FileLine {
        no: no.to_string(),
        file,
    };
    let lines = FileLines {
        files: files.into_iter().map(line).collect(),
    };
    Ok(Json(Named::new(lines, &at.roster.tree)))
}

/// One file of a matter
///
/// What lies at another node is fetched first; 504 says that it cannot be reached now.
#[utoipa::path(get, path = "/v1/nodes/{code}/matters/{id}/attachments/{no}", tag = "files",
    params(FilePath), responses((status = 200, description = "The file", body = Vec<u8>,
    content_type = "application/octet-stream")))]
pub(super) async fn whole(
    at: At,
    Authenticated(guest): Authenticated,
    Headers(headers): Headers,
) -> Result<Response, Rejection> {
    show(&at, &guest, Part::Whole, &headers).await
}

/// The small picture of a picture
#[utoipa::path(get, path = "/v1/nodes/{code}/matters/{id}/attachments/{no}/thumb", tag = "files",
    params(FilePath), responses((status = 200, description = "A small JPEG", body = Vec<u8>,
    content_type = "image/jpeg")))]
pub(super) async fn thumb(
    at: At,
    Authenticated(guest): Authenticated,
    Headers(headers): Headers,
) -> Result<Response, Rejection> {
    show(&at, &guest, Part::Thumb, &headers).await
}

/// Whoever handed it in sees it always.
fn reader(guest: &Principal) -> Reader {
    match guest.reported() {
        true => Reader::Reporter,
        false => Reader::Clerk,
    }
}

async fn show(
    at: &At,
    guest: &Principal,
    part: Part,
    headers: &HeaderMap,
) -> Result<Response, Rejection> {
    let (id, no): (MatterId, FileNo) = (at.param("id")?, at.param("no")?);
    let file = find(at, (id, no, part), reader(guest)).await?;
    let name = match part {
        Part::Whole => format!("{id}-{no}.{}", file.media().extension()),
        Part::Thumb => format!("{id}-{no}-small.jpg"),
    };
    Ok(answer(&at.node.office, file, &name, headers))
}

/// Opens a file, after it was brought here if it lies elsewhere.
async fn find(
    at: &At,
    (id, no, part): (MatterId, FileNo, Part),
    reader: Reader,
) -> Result<OpenFile, Rejection> {
    let office = &at.node.office;
    let wanted = match office.attachment(id, no, part, reader).await? {
        Looked::Here(file) => return Ok(file),
        Looked::Elsewhere(wanted) => wanted,
    };
    let held_by = wanted.fetch.held_by;
    at.node.fetches.bring(wanted).await?;
    match office.attachment(id, no, part, reader).await? {
        Looked::Here(file) => Ok(file),
        Looked::Elsewhere(_) => Err(OfficeError::from(FileTrouble::Missing(held_by)).into()),
    }
}

/// The file, or the stretch of it that is asked for. Browsers are told to run nothing in it.
fn answer(office: &Arc<Office>, file: OpenFile, name: &str, asked: &HeaderMap) -> Response {
    let tag: String = file.digest()[..16]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let tag = format!("\"{tag}\"");
    let text = |name: HeaderName| asked.get(name).and_then(|value| value.to_str().ok());
    let media = file.media();
    let way = if media.is_image() {
        "inline"
    } else {
        "attachment"
    };
    let kind = match media {
        Media::Text => "text/plain; charset=utf-8",
        other => other.name(),
    };
    let headers = [
        (header::CONTENT_TYPE, kind.to_owned()),
        (
            header::CONTENT_DISPOSITION,
            format!("{way}; filename=\"{name}\""),
        ),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; sandbox".to_owned(),
        ),
        (header::CACHE_CONTROL, "private, no-cache".to_owned()),
        (header::ACCEPT_RANGES, "bytes".to_owned()),
        (header::ETAG, tag.clone()),
    ];
    let length = file.bytes();
    // A stretch of another version than the one that is known would not fit.
    let same = text(header::IF_RANGE).is_none_or(|known| known == tag);
    let range = text(header::RANGE).filter(|_| same);
    let (status, stretch) = match range.map_or(Stretch::Whole, |range| stretch(range, length)) {
        Stretch::Whole => (StatusCode::OK, 0..length),
        Stretch::Part(part) => (StatusCode::PARTIAL_CONTENT, part),
        Stretch::Beyond => {
            let range = [(header::CONTENT_RANGE, format!("bytes */{length}"))];
            return (range, Rejection::beyond(length)).into_response();
        }
    };
    let mut response = (status, headers).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_LENGTH, (stretch.end - stretch.start).into());
    if status == StatusCode::PARTIAL_CONTENT {
        let range = format!("bytes {}-{}/{length}", stretch.start, stretch.end - 1);
        headers.extend(HeaderValue::from_str(&range).map(|range| (header::CONTENT_RANGE, range)));
    }
    *response.body_mut() = body(Arc::clone(office), file, stretch);
    response
}

/// Opens chunk after chunk as the reader takes them. One that is broken breaks the answer off.
fn body(office: Arc<Office>, file: OpenFile, stretch: Range<u64>) -> Body {
    let chunks = stretch.start / CHUNK_BYTES..stretch.end.div_ceil(CHUNK_BYTES);
    let state = (office, file, chunks);
    Body::from_stream(stream::try_unfold(
        state,
        move |(office, file, mut chunks)| {
            let stretch = stretch.clone();
            async move {
                let Some(index) = chunks.next() else {
                    return Ok(None);
                };
                let chunk = office.file_chunk(&file, index).await?;
                let begins = index * CHUNK_BYTES;
                let from = stretch.start.saturating_sub(begins) as usize;
                let to = (stretch.end - begins).min(chunk.len() as u64) as usize;
                let chunk = chunk.slice(from.min(to)..to);
                Ok::<_, OfficeError>(Some((chunk, (office, file, chunks))))
            }
        },
    ))
}

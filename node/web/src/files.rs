//! Files: uploads and attachments.

use std::{collections::BTreeMap, ops::Range, sync::Arc};

use api::{
    FileLine, FileLines, Named, OFFSET_STREAM, UPLOAD_LENGTH, UPLOAD_OFFSET, UploadRequest,
    UploadView, problem::ProblemCode,
};
use axum::{
    Json,
    body::{Body, Bytes},
    response::{IntoResponse, Response},
};
use data_encoding::HEXLOWER;
use domain::{
    attachment::{CHUNK_BYTES, FileNo, Media, Part, UploadId},
    ids::MatterId,
    people::Permission,
};
use futures::stream;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use office::{Failed, Fault, FileRefusal, Looked, Office, OpenFile, Reader};

use super::{
    SOCKET_BODY_BYTES,
    ask::{Asked, Authenticated, Given, Headers, NodePath, Person},
    credentials::Credentials,
    gate::{Kept, Principal},
    openapi::{FileParams, MatterParams, NodeParams, UploadParams},
    problem::Rejection,
    range::{Stretch, stretch},
};

/// What a file is for.
#[derive(Clone, Copy, Debug, Default, serde::Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct BesideQuery {
    /// Whether it is to stand beside a disclosure, which takes texts whatever policy allows with matters; for those who
    /// write disclosures.
    #[serde(default)]
    disclosure: bool,
}

impl BesideQuery {
    /// Checks that a text is for a disclosure, or that policy allows it.
    pub(super) async fn check(
        self,
        at: &NodePath,
        media: Media,
        guest: &Principal,
    ) -> Result<bool, Rejection> {
        if media != Media::Text {
            return Ok(false);
        }
        if self.disclosure && guest.may(Permission::WriteDisclosure).is_ok() {
            return Ok(true);
        }
        let limits = at.node.office.files().attachment_limits().await?;
        limits.check(media, 1).map_err(FileRefusal::from)?;
        Ok(false)
    }
}

/// Begin an upload
///
/// Send the content in chunks afterwards. Then name the upload in the report or remark that it
/// belongs to.
#[utoipa::path(post, path = "/v1/nodes/{code}/uploads", tag = "files", params(NodeParams, BesideQuery),
    request_body = UploadRequest, responses((status = 201, body = UploadView)))]
pub(super) async fn begin(
    at: NodePath,
    Person(by): Person,
    Authenticated(guest): Authenticated,
    Asked(beside): Asked<BesideQuery>,
    Given(UploadRequest { media, bytes }): Given<UploadRequest>,
) -> Result<Response, Rejection> {
    let media = Media::of_type(&media)
        .map_err(|error| Rejection::new(ProblemCode::UnsupportedMediaType, &error))?;
    let (files, actor) = (at.node.office.files(), by.actor().clone());
    let view = match beside.check(&at, media, &guest).await? {
        true => files.begin_wide_upload(media, bytes, actor).await?,
        false => files.begin_upload(media, bytes, actor).await?,
    };
    let place = format!("/v1/nodes/{}/uploads/{}", at.division, view.id);
    let mut response = shown(StatusCode::CREATED, &view);
    response.extensions_mut().insert(Kept::Whole);
    if let Ok(place) = HeaderValue::from_str(&place) {
        response.headers_mut().insert(header::LOCATION, place);
    }
    Ok(response)
}

/// Get the progress of an upload
#[utoipa::path(get, path = "/v1/nodes/{code}/uploads/{upload}", tag = "files", params(UploadParams),
    responses((status = 200, body = UploadView)))]
pub(super) async fn upload(at: NodePath, Person(by): Person) -> Result<Response, Rejection> {
    let id: UploadId = at.param("upload")?;
    let view = at.node.office.files().upload(id, by.actor()).await?;
    Ok(shown(StatusCode::OK, &view))
}

/// Send a chunk of a file
///
/// `Upload-Offset` is the position of the chunk. The file is checked after its last chunk.
#[utoipa::path(patch, path = "/v1/nodes/{code}/uploads/{upload}", tag = "files", params(UploadParams),
    request_body(content = Vec<u8>, content_type = "application/offset+octet-stream"),
    responses((status = 200, body = UploadView)))]
pub(super) async fn go_on(
    at: NodePath,
    Person(by): Person,
    Headers(headers): Headers,
    chunk: Result<Bytes, axum::extract::rejection::BytesRejection>,
) -> Result<Response, Rejection> {
    let id: UploadId = at.param("upload")?;
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if text("content-type") != Some(OFFSET_STREAM) {
        let told = (
            format!("a chunk must have the type {OFFSET_STREAM}; send it in Content-Type"),
            format!("分块的类型要是 {OFFSET_STREAM}；请写在 Content-Type 里"),
        );
        return Err(Rejection::new(ProblemCode::UnsupportedMediaType, told));
    }
    let offset = text(UPLOAD_OFFSET).and_then(|offset| offset.parse().ok());
    let offset = offset.ok_or_else(|| {
        Rejection::unfit((
            "the position of the chunk is missing; send it in Upload-Offset",
            "没有写明分块的位置；请写在 Upload-Offset 里",
        ))
    })?;
    let chunk = chunk.map_err(|rejection| {
        let why = rejection.body_text();
        let told = (
            format!(
                "the chunk was not read ({why}); send at most {SOCKET_BODY_BYTES} bytes per chunk"
            ),
            format!("分块没有读完（{why}）；每块最多 {SOCKET_BODY_BYTES} 字节"),
        );
        Rejection::unread(rejection.status(), told)
    })?;
    let office = &at.node.office;
    match office
        .files()
        .continue_upload(id, offset, chunk, by.actor())
        .await
    {
        Ok(view) => Ok(shown(StatusCode::OK, &view)),
        Err(error) => {
            let have = match &error {
                Failed::Refused(FileRefusal::Offset { have, .. }) => Some(*have),
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

/// Delete an upload
#[utoipa::path(delete, path = "/v1/nodes/{code}/uploads/{upload}", tag = "files", params(UploadParams),
    responses((status = 204, description = "Deleted")))]
pub(super) async fn throw_away(at: NodePath, Person(by): Person) -> Result<StatusCode, Rejection> {
    let id: UploadId = at.param("upload")?;
    at.node.office.files().drop_upload(id, by.actor()).await?;
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

/// List the files of a matter that you may see here
#[utoipa::path(get, path = "/v1/nodes/{code}/matters/{id}/attachments", tag = "files",
    params(MatterParams), responses((status = 200, body = Named<FileLines>)))]
pub(super) async fn list(
    at: NodePath,
    Authenticated(guest): Authenticated,
) -> Result<Json<Named<FileLines>>, Rejection> {
    let id: MatterId = at.param("id")?;
    let mut files = BTreeMap::new();
    for reader in readers(&guest) {
        files.extend(at.node.office.files().files_of(id, reader).await?);
    }
    let line = |(no, file): (FileNo, _)| FileLine {
        no: no.to_string(),
        file,
    };
    let lines = FileLines {
        files: files.into_iter().map(line).collect(),
    };
    Ok(Json(Named::new(lines, &at.app_state.tree)))
}

/// Get one file of a matter
///
/// A file at another node is fetched first; 504 means that this node cannot be reached now.
#[utoipa::path(get, path = "/v1/nodes/{code}/matters/{id}/attachments/{no}", tag = "files",
    params(FileParams), responses((status = 200, description = "The file", body = Vec<u8>,
    content_type = "application/octet-stream")))]
pub(super) async fn whole(
    at: NodePath,
    Authenticated(guest): Authenticated,
    Headers(headers): Headers,
) -> Result<Response, Rejection> {
    show(&at, &guest, Part::Whole, &headers).await
}

/// Get the thumbnail of a picture
#[utoipa::path(get, path = "/v1/nodes/{code}/matters/{id}/attachments/{no}/thumb", tag = "files",
    params(FileParams), responses((status = 200, description = "A small JPEG", body = Vec<u8>,
    content_type = "image/jpeg")))]
pub(super) async fn thumb(
    at: NodePath,
    Authenticated(guest): Authenticated,
    Headers(headers): Headers,
) -> Result<Response, Rejection> {
    show(&at, &guest, Part::Thumb, &headers).await
}

/// Returns on which rights the caller reads: whoever uploaded the file may always see it. Somebody of the
/// office who reported a matter reads in both ways.
fn readers(guest: &Principal) -> Vec<Reader> {
    let own = match guest.credentials {
        Credentials::ReporterToken(slip) => Some(slip),
        _ => None,
    };
    let is_clerk = guest.may(Permission::CommentInside).is_ok();
    match guest.reported() {
        true if is_clerk => vec![Reader::Reporter(own), Reader::Clerk],
        true => vec![Reader::Reporter(own)],
        false => vec![Reader::Clerk],
    }
}

async fn show(
    at: &NodePath,
    guest: &Principal,
    part: Part,
    headers: &HeaderMap,
) -> Result<Response, Rejection> {
    let (id, no): (MatterId, FileNo) = (at.param("id")?, at.param("no")?);
    let mut file = Err(FileRefusal::NoSuchFile(id, no).into());
    for reader in readers(guest) {
        file = find(at, (id, no, part), reader).await;
        if file.is_ok() {
            break;
        }
    }
    let file = file?;
    let name = match part {
        Part::Whole => format!("{id}-{no}.{}", file.media().extension()),
        Part::Thumb => format!("{id}-{no}-small.jpg"),
    };
    Ok(answer(&at.node.office, file, &name, headers))
}

/// Opens a file, and fetches it first if it is at another node.
async fn find(
    at: &NodePath,
    (id, no, part): (MatterId, FileNo, Part),
    reader: Reader,
) -> Result<OpenFile, Rejection> {
    let office = &at.node.office;
    let wanted = match office.files().attachment(id, no, part, reader).await? {
        Looked::Here(file) => return Ok(file),
        Looked::Elsewhere(wanted) => wanted,
    };
    let held_by = wanted.fetch.held_by;
    at.node.fetches.bring(wanted).await?;
    match office.files().attachment(id, no, part, reader).await? {
        Looked::Here(file) => Ok(file),
        Looked::Elsewhere(_) => Err(FileRefusal::Missing(held_by).into()),
    }
}

/// Returns the file, or the requested range of it. The headers tell browsers to run no scripts in
/// it.
pub(super) fn answer(
    office: &Arc<Office>,
    file: OpenFile,
    name: &str,
    asked: &HeaderMap,
) -> Response {
    let tag = format!("\"{}\"", HEXLOWER.encode(&file.digest()[..16]));
    let text = |name: HeaderName| asked.get(name).and_then(|value| value.to_str().ok());
    let media = file.media();
    let way = if media.is_image() {
        "inline"
    } else {
        "attachment"
    };
    let kind = match media {
        Media::Text => "text/plain; charset=utf-8",
        other => other.code(),
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
    // A range of a different version would not fit the part that the client has.
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

/// Streams the file and decrypts chunk after chunk. A damaged chunk breaks the answer off.
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
                let chunk = office.files().file_chunk(&file, index).await?;
                let begins = index * CHUNK_BYTES;
                let from = stretch.start.saturating_sub(begins) as usize;
                let to = (stretch.end - begins).min(chunk.len() as u64) as usize;
                let chunk = chunk.slice(from.min(to)..to);
                Ok::<_, Fault>(Some((chunk, (office, file, chunks))))
            }
        },
    ))
}

//! Drafts of reports. Whoever has the key of a draft may do everything with it; an account is not
//! needed.

use std::{collections::BTreeMap, time::Duration};

use api::{
    DraftDocument, DraftMatter, DraftPhoto, DraftRequest, DraftView, ReportRequest,
    problem::ProblemCode,
};
use axum::{
    Json,
    body::{Body, Bytes},
    response::{IntoResponse, Response},
};
use bytes::BytesMut;
use domain::{
    attachment::{Media, UploadId},
    draft::Fields,
    people::Permission,
};
use futures::StreamExt;
use http::{StatusCode, header};
use tokio::{
    sync::Semaphore,
    time::{Instant, timeout_at},
};
use tracing::{Instrument, info_span};

use super::{
    ask::{Asked, Authenticated, Given, Headers, NodePath, Reporting, Traced, draft_key},
    files,
    matters::{check_report, in_named_place, new_report, trace},
    openapi::{DraftPhotoPath, NodeParams},
    problem::Rejection,
};

/// Photos that arrive at a time, over all listeners of the process.
static ARRIVING: Semaphore = Semaphore::const_new(32);
/// The longest pause of a photo's bytes.
const GRACE: Duration = Duration::from_secs(30);
/// Bytes after which a photo may take a second more: the slowest line that is waited for.
const LEAST_RATE: u64 = 8 * 1024;
/// Bytes written to disk at once.
const PIECE: usize = 512 * 1024;

/// Returns how much longer than others a request with a photo may take: the slowest line that is
/// waited for, with the largest file.
pub(super) fn patience(path: &str) -> Duration {
    match path.starts_with("/v1/") && path.ends_with("/draft/photos") {
        true => GRACE + Duration::from_secs(domain::attachment::MOST_BYTES / LEAST_RATE),
        false => Duration::ZERO,
    }
}

/// Get a draft
#[utoipa::path(get, path = "/v1/nodes/{code}/draft", tag = "drafts", params(NodeParams),
    responses((status = 200, body = DraftView)))]
pub(super) async fn read(
    at: NodePath,
    Headers(headers): Headers,
) -> Result<Json<DraftView>, Rejection> {
    let draft = at.node.office.drafts().read(&draft_key(&headers)?).await?;
    let fields = draft.fields.iter();
    Ok(Json(DraftView {
        fields: fields
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
        photos: draft.photos,
        documents: draft.documents.into_iter().map(document).collect(),
        handed_in: draft.handed_in.map(shown),
    }))
}

const fn document(kept: office::DraftDocument) -> DraftDocument {
    DraftDocument {
        id: kept.id,
        media: kept.media,
        bytes: kept.bytes,
    }
}

fn shown(done: office::HandedIn) -> DraftMatter {
    DraftMatter {
        id: done.matter.to_string(),
        token: done.slip.map(|slip| slip.to_string()),
    }
}

/// Keep what was typed
///
/// Begins a draft if there is none under this key. It is kept for a day; only whoever has the key can
/// read it.
#[utoipa::path(put, path = "/v1/nodes/{code}/draft", tag = "drafts", params(NodeParams),
    request_body = DraftRequest, responses((status = 204, description = "Kept")))]
pub(super) async fn write(
    at: NodePath,
    Authenticated(guest): Authenticated,
    Headers(headers): Headers,
    Given(DraftRequest { fields }): Given<DraftRequest>,
) -> Result<StatusCode, Rejection> {
    let fields: Fields = typed(fields);
    let whence = guest.request.whence;
    let office = &at.node.office;
    office
        .drafts()
        .write(&draft_key(&headers)?, &fields, whence)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

fn typed(fields: BTreeMap<String, String>) -> Fields {
    let mut typed = Fields::default();
    for (name, value) in fields {
        typed.set(&name, &value);
    }
    typed
}

/// Forget a draft
#[utoipa::path(delete, path = "/v1/nodes/{code}/draft", tag = "drafts", params(NodeParams),
    responses((status = 204, description = "Forgotten")))]
pub(super) async fn forget(
    at: NodePath,
    Headers(headers): Headers,
) -> Result<StatusCode, Rejection> {
    at.node
        .office
        .drafts()
        .forget(&draft_key(&headers)?)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Add a photo to a draft
///
/// The body is the photo, with its type in `Content-Type`. Place and device are taken out of it. Those who may
/// see the list of matters may also add a PDF or a plain text, which is kept as it is. A photo may take as long as its bytes come in; a pause of half a minute ends it.
#[utoipa::path(post, path = "/v1/nodes/{code}/draft/photos", tag = "drafts",
    params(NodeParams, files::BesideQuery),
    request_body(content = Vec<u8>, content_type = "image/jpeg"),
    responses((status = 201, body = DraftPhoto)))]
pub(super) async fn add_photo(
    at: NodePath,
    Authenticated(guest): Authenticated,
    Asked(beside): Asked<files::BesideQuery>,
    Headers(headers): Headers,
    body: Body,
) -> Result<Response, Rejection> {
    let key = draft_key(&headers)?;
    let told = headers
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok());
    let kind = told
        .and_then(|kind| kind.split(';').next())
        .unwrap_or_default();
    let media = Media::of_type(kind.trim())
        .map_err(|error| Rejection::new(ProblemCode::UnsupportedMediaType, &error))?;
    beside.check(&at, media, &guest).await?;
    let _place = ARRIVING.try_acquire().map_err(|_| {
        let told = (
            "many photos are arriving at this node; send yours again in a minute",
            "此刻上传照片的人太多；请过一分钟再传",
        );
        Rejection::new(ProblemCode::TooBusy, told)
    })?;
    let drafts = at.node.office.drafts();
    let by_official = guest.may(Permission::ViewList).is_ok();
    let begun = drafts.begin_photo(&key, (media, by_official), u64::MAX);
    let id = begun.await?;
    let taken = async {
        let (mut offset, mut due) = (0, Instant::now() + GRACE);
        let mut pieces = Pieces::of(body);
        while let Some(piece) = pieces.next(&mut due).await? {
            let bytes = piece.len() as u64;
            drafts.continue_photo(&key, id, offset, piece).await?;
            offset += bytes;
        }
        Ok::<_, Rejection>(())
    };
    if let Err(rejection) = taken.await {
        drafts.drop_photo(&key, id).await?;
        return Err(rejection);
    }
    drafts.end_photo(&key, id).await?;
    Ok((StatusCode::CREATED, Json(DraftPhoto { id })).into_response())
}

/// The bytes of a body, in pieces for the disk.
struct Pieces {
    stream: axum::body::BodyDataStream,
    gathered: BytesMut,
    ended: bool,
}

impl Pieces {
    fn of(body: Body) -> Self {
        Self {
            stream: body.into_data_stream(),
            gathered: BytesMut::new(),
            ended: false,
        }
    }

    /// Returns the next piece; `None` at the end. Every piece that arrives puts `due` off.
    async fn next(&mut self, due: &mut Instant) -> Result<Option<Bytes>, Rejection> {
        while self.gathered.len() < PIECE && !self.ended {
            let next = timeout_at(*due, self.stream.next()).await;
            let next = next.map_err(|_| {
                Rejection::unfit((
                    "the photo stopped arriving; send it again, or a smaller one",
                    "照片没有传完；请重新上传，或发小一些的",
                ))
            })?;
            match next.transpose() {
                Ok(Some(some)) => {
                    *due = (*due).max(Instant::now() + GRACE);
                    self.gathered.extend_from_slice(&some);
                }
                Ok(None) => self.ended = true,
                Err(error) => {
                    return Err(Rejection::unfit((
                        format!("the photo broke off ({error}); send it again"),
                        format!("照片传到一半断了（{error}）；请重新上传"),
                    )));
                }
            }
        }
        let most = self.gathered.len().min(PIECE);
        let piece = self.gathered.split_to(most).freeze();
        Ok(Some(piece).filter(|piece| !piece.is_empty()))
    }
}

/// Get the small picture of a draft's photo
#[utoipa::path(get, path = "/v1/nodes/{code}/draft/photos/{upload}", tag = "drafts",
    params(DraftPhotoPath), responses((status = 200, description = "A small JPEG", body = Vec<u8>,
    content_type = "image/jpeg")))]
pub(super) async fn thumb(at: NodePath, Headers(headers): Headers) -> Result<Response, Rejection> {
    let id: UploadId = at.param("upload")?;
    let file = at.node.office.drafts().thumb(id).await?;
    let name = format!("{id}-small.jpg");
    Ok(files::answer(&at.node.office, file, &name, &headers))
}

/// Remove a photo from a draft
#[utoipa::path(delete, path = "/v1/nodes/{code}/draft/photos/{upload}", tag = "drafts",
    params(DraftPhotoPath), responses((status = 204, description = "Removed")))]
pub(super) async fn drop_photo(
    at: NodePath,
    Headers(headers): Headers,
) -> Result<StatusCode, Rejection> {
    let id: UploadId = at.param("upload")?;
    at.node
        .office
        .drafts()
        .drop_photo(&draft_key(&headers)?, id)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Hand a draft in 上报
///
/// Reports a matter with the photos of the draft. A repetition gets the same number and, for ten
/// minutes, the same slip, whatever its body is. `attachments` and `slip` are ignored; `escalate_to` needs the
/// permission to escalate.
#[utoipa::path(post, path = "/v1/nodes/{code}/draft/matter", tag = "drafts", params(NodeParams),
    request_body = ReportRequest, responses((status = 201, body = DraftMatter)))]
pub(super) async fn hand_in(
    at: NodePath,
    Reporting(by): Reporting,
    Authenticated(guest): Authenticated,
    Headers(headers): Headers,
    Traced(incoming): Traced,
    Given(request): Given<ReportRequest>,
) -> Result<(StatusCode, Json<DraftMatter>), Rejection> {
    let key = draft_key(&headers)?;
    check_report(&guest, &request).await?;
    let escalate_to = request.escalate_to;
    let mut new = new_report(in_named_place(&at, request).await?)?;
    let span = info_span!("report", division = %at.division, category = new.category.as_str());
    new.trace = trace(&span, incoming.as_deref());
    let drafts = at.node.office.drafts();
    let handed_in = drafts.hand_in(&key, new, escalate_to, by);
    let done = handed_in.instrument(span).await?;
    Ok((StatusCode::CREATED, Json(shown(done))))
}

//! A form with files (`multipart/form-data`, RFC 7578): its texts are those of any other form, and its
//! files go to the disk as they come, like uploads over `/v1`.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{
    body::Body,
    extract::{
        FromRequest, Multipart, Request,
        multipart::{Field, MultipartError},
    },
};
use bytes::{Bytes, BytesMut};
use domain::{
    actor::Actor,
    attachment::{Media, UploadId},
    people::{Permission, Who},
    suite::Suite,
};
use futures::TryStreamExt;
use http::{Method, header};
use office::{FileTrouble, Office, OfficeError};
use tokio::time::{Instant, timeout_at};
use web::credentials::Credentials;

use super::{MOST_BODY, Visit, fault::Fault};

/// Longest form with its files, in bytes: what one person may have waiting.
pub(crate) const MOST_FORM: usize = 200 << 20;
/// Bytes that may come without ending a field's header.
const MOST_HEADER: usize = 1 << 20;
/// Characters of a field's name that are told back.
const MOST_SAID: usize = 64;
/// What goes to the disk at once.
const PIECE: usize = 512 * 1024;
/// How long a form may take beside its files.
const PATIENCE: Duration = Duration::from_secs(10);
/// Files come at least so fast, in bytes per second.
const LEAST_RATE: usize = 64 * 1024;
/// Where photos stand.
const FIELDS: [&str; 2] = ["media", "media[]"];

/// How long a request may take that brings files, besides what any other may.
pub(crate) fn patience(path: &str, headers: &http::HeaderMap) -> Duration {
    match path.starts_with(super::PATH) && is_multipart(headers) {
        true => PATIENCE + Duration::from_secs((MOST_FORM / LEAST_RATE) as u64),
        false => Duration::ZERO,
    }
}

pub(super) fn is_multipart(headers: &http::HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let media = kind.split(';').next().unwrap_or_default().trim();
    media.eq_ignore_ascii_case("multipart/form-data")
}

/// Files that came with a report and are part of nothing yet. What is not used is thrown away.
pub(super) struct Photos {
    office: Arc<Office>,
    actor: Actor,
    ids: Vec<UploadId>,
    /// What they are, for the repetition of the request.
    said: Vec<u8>,
}

impl Drop for Photos {
    fn drop(&mut self) {
        let (office, actor) = (Arc::clone(&self.office), self.actor.clone());
        let unused = std::mem::take(&mut self.ids);
        if unused.is_empty() {
            return;
        }
        tokio::spawn(async move {
            for id in unused {
                if let Err(error) = office.drop_upload(id, &actor).await {
                    tracing::debug!(%error, "an upload is left to expire");
                }
            }
        });
    }
}

impl Photos {
    /// What they are, however they were sent.
    pub(super) fn said(&self) -> &[u8] {
        &self.said
    }

    /// Has each looked into and kept; gives their names.
    pub(super) async fn keep(&self) -> Result<Vec<UploadId>, Fault> {
        for id in &self.ids {
            self.office.end_upload(*id, &self.actor).await?;
        }
        Ok(self.ids.clone())
    }

    /// They are part of a matter now.
    pub(super) fn used(mut self) {
        self.ids.clear();
    }
}

/// How fast a form comes, and how much of it was handed on.
struct Pace {
    due: Instant,
    files: usize,
    /// Bytes that came since something was handed on.
    unread: Arc<AtomicUsize>,
}

impl Pace {
    async fn wait<T>(
        &mut self,
        next: impl Future<Output = Result<T, MultipartError>>,
    ) -> Result<T, Fault> {
        let next = timeout_at(self.due, next).await;
        let endless = self.unread.swap(0, Ordering::Relaxed) > MOST_HEADER;
        let next = next.map_err(|_| {
            Fault::unfit(
                "the form came too slowly; send it again over a faster line, or smaller files",
            )
        })?;
        next.map_err(|error| match error.status().as_u16() {
            _ if endless => {
                Fault::unfit("the header of a field does not end; send it as multipart/form-data")
            }
            413 => Fault::too_long(MOST_FORM),
            _ => Fault::unfit(&format!(
                "the form cannot be read ({}); send it as multipart/form-data (RFC 7578)",
                error.body_text()
            )),
        })
    }

    /// So much of a file came.
    fn got(&mut self, bytes: usize) {
        let before = self.files / LEAST_RATE;
        self.files += bytes;
        let seconds = self.files / LEAST_RATE - before;
        self.due += Duration::from_secs(seconds as u64);
    }
}

impl Visit<'_> {
    /// Reads a form with files. Who asks must be known before the first of them.
    pub(super) async fn read_parts(&mut self, body: Body) -> Result<(), Fault> {
        let unread = Arc::<AtomicUsize>::default();
        let mut pace = Pace {
            due: Instant::now() + PATIENCE,
            files: 0,
            unread: Arc::clone(&unread),
        };
        // The reader gathers a header until it ends, however long it is.
        let bounded = body.into_data_stream().and_then(move |some: Bytes| {
            let now = unread.fetch_add(some.len(), Ordering::Relaxed) + some.len();
            std::future::ready(match now > MOST_HEADER {
                true => Err(axum::Error::new("too much at once")),
                false => Ok(some),
            })
        });
        let request = Request::from_parts(self.parts.clone(), Body::from_stream(bounded));
        let form = Multipart::from_request(request, &()).await;
        let mut form = form.map_err(|_| {
            Fault::unfit(
                "this multipart form has no boundary; let the program that sends it make one",
            )
        })?;
        let mut texts = 0;
        while let Some(mut field) = pace.wait(form.next_field()).await? {
            let name = field.name().unwrap_or_default().to_owned();
            if is_file(&field) {
                self.take_file(&name, field, &mut pace).await?;
                continue;
            }
            texts += name.len();
            let (mut value, mut next) = (vec![], Some(Bytes::new()));
            while let Some(chunk) = next {
                texts += chunk.len();
                if texts > MOST_BODY {
                    return Err(Fault::too_long(MOST_BODY));
                }
                value.extend_from_slice(&chunk);
                next = pace.wait(field.chunk()).await?;
            }
            let value = String::from_utf8(value).map_err(|_| Fault::not_utf8())?;
            self.form.add(name, value)?;
        }
        Ok(())
    }

    async fn take_file(
        &mut self,
        name: &str,
        mut field: Field<'_>,
        pace: &mut Pace,
    ) -> Result<(), Fault> {
        let mut first = pace.wait(field.chunk()).await?;
        while first.as_ref().is_some_and(Bytes::is_empty) {
            first = pace.wait(field.chunk()).await?;
        }
        // So browsers send a choice of files where none was chosen.
        if first.is_none() && field.file_name().unwrap_or_default().is_empty() {
            return Ok(());
        }
        if !FIELDS.contains(&name) {
            let name: String = name.chars().take(MOST_SAID).collect();
            return Err(Fault::unfit(&format!(
                "a file came in the field `{name}`; send photos in the field media"
            )));
        }
        let media = media_of(&field)?;
        let length = self.parts.headers.get(header::CONTENT_LENGTH);
        let length: Option<u64> = length.and_then(|value| value.to_str().ok()?.parse().ok());
        let rest = length.unwrap_or(u64::MAX).saturating_sub(pace.files as u64);
        let mut photos = match self.photos.take() {
            Some(photos) => photos,
            None => self.begin_photos().await?,
        };
        let office = Arc::clone(&photos.office);
        let limits = office.attachment_limits().await?;
        let count = limits.check_count(photos.ids.len() + 1);
        count.map_err(|error| OfficeError::from(FileTrouble::from(error)))?;
        let begun = office.begin_open_upload(media, rest, photos.actor.clone());
        let id = begun.await?.id;
        photos.ids.push(id);
        let mut digest = Suite::Ed25519Blake3.digesting();
        let (mut piece, mut next) = (BytesMut::new(), first);
        let mut offset = 0;
        loop {
            let ended = next.is_none();
            if let Some(chunk) = next {
                pace.got(chunk.len());
                digest.update(&chunk);
                piece.extend_from_slice(&chunk);
            }
            while piece.len() >= PIECE || ended && !piece.is_empty() {
                let some = piece.split_to(piece.len().min(PIECE)).freeze();
                let bytes = some.len() as u64;
                let taken = office.continue_upload(id, offset, some, &photos.actor);
                taken.await.map_err(too_long)?;
                offset += bytes;
            }
            if ended {
                break;
            }
            next = pace.wait(field.chunk()).await?;
        }
        photos.said.extend_from_slice(media.name().as_bytes());
        photos.said.extend_from_slice(&digest.finish());
        self.photos = Some(photos);
        Ok(())
    }

    /// Nothing of a file is kept for somebody who may not report.
    async fn begin_photos(&self) -> Result<Photos, Fault> {
        let early = |fault: Fault| match fault.status.as_u16() {
            400 | 403 | 404 => fault.with(
                "send api_key, and jurisdiction_id where there are several, before the first file",
            ),
            _ => fault,
        };
        let mut form = self.form.clone();
        form.read(self.parts.uri.query().unwrap_or_default())?;
        let so_far = Visit {
            form,
            parts: self.parts.clone(),
            photos: None,
            ..*self
        };
        let asker = so_far.asker(Permission::Report).await.map_err(early)?;
        let (Who::Key(_), Credentials::Bearer(_), Some(actor)) = (
            &asker.guest.known.who,
            asker.guest.credentials,
            asker.guest.known.actor(),
        ) else {
            return Err(early(Fault::no_key()));
        };
        asker.guest.check(Permission::Report, &Method::POST).await?;
        Ok(Photos {
            office: asker.node.office,
            actor,
            ids: vec![],
            said: vec![],
        })
    }
}

/// Whether a field brings a file and not one of the form's texts.
fn is_file(field: &Field<'_>) -> bool {
    let plain = |kind: &str| {
        kind.split(';')
            .next()
            .is_some_and(|kind| kind.trim() == "text/plain")
    };
    field.file_name().is_some() || field.content_type().is_some_and(|kind| !plain(kind))
}

/// What a file says it is; by its name where nothing better is said.
fn media_of(field: &Field<'_>) -> Result<Media, Fault> {
    let kind = field.content_type().unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    let name = field.file_name().unwrap_or_default();
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    let media = match kind {
        "" | "application/octet-stream" => Media::of_ending(ending),
        kind => kind.parse(),
    };
    media.map_err(|bad| Fault::unfit(&bad.to_string()))
}

/// How long it would have been was not said.
fn too_long(error: OfficeError) -> Fault {
    match error {
        OfficeError::File(FileTrouble::Beyond { announced }) => Fault::too_long_file(announced),
        error => error.into(),
    }
}

//! Forms with files. Texts are treated as in any other form; files are written to disk as they arrive,
//! like uploads over `/v1`.

use std::{sync::Arc, time::Duration};

use axum::{body::Body, extract::Request};
use bytes::BytesMut;
use domain::{
    actor::Actor,
    attachment::{Media, UploadId},
    people::{Permission, Who},
    suite::Suite,
};
use http::{Method, header};
use office::{Failed, FileRefusal, Office};
use web::{
    credentials::Credentials,
    parts::{Bounds, Broken, File, Form, Part, has_parts},
};

use super::{MOST_BODY, Visit, fault::Fault};

/// The bounds of a form; its length equals the upload limit of one person.
pub(crate) const BOUNDS: Bounds = Bounds {
    form: 200 << 20,
    texts: MOST_BODY,
    grace: Duration::from_secs(30),
    least_rate: 64 * 1024,
};
/// The most characters of a field's name that are repeated in an error.
const MOST_SAID: usize = 64;
/// Bytes written to disk at once.
const PIECE: usize = 512 * 1024;
/// Fields of photos.
const FIELDS: [&str; 2] = ["media", "media[]"];

/// Returns how much longer than others a request with files may take.
pub(crate) fn patience(path: &str, headers: &http::HeaderMap) -> Duration {
    match path.starts_with(super::PATH) && has_parts(headers) {
        true => BOUNDS.patience(),
        false => Duration::ZERO,
    }
}

impl From<Broken> for Fault {
    fn from(broken: Broken) -> Self {
        match broken {
            Broken::TooLong(most) => Self::too_long(most),
            _ => Self::unfit(&format!("the form was not read: {broken}")),
        }
    }
}

/// Files that came with a report and do not belong to a matter yet. Unused ones are deleted.
pub(super) struct Photos {
    office: Arc<Office>,
    actor: Actor,
    ids: Vec<UploadId>,
    /// Media types and digests of the files, to identify repetitions of the request.
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
                if let Err(error) = office.files().drop_upload(id, &actor).await {
                    tracing::debug!(%error, "could not delete an upload; it will expire");
                }
            }
        });
    }
}

impl Photos {
    /// Returns media types and digests of the files, which do not depend on how they were sent.
    pub(super) fn said(&self) -> &[u8] {
        &self.said
    }

    /// Has each file checked and stored; returns their ids.
    pub(super) async fn keep(&self) -> Result<Vec<UploadId>, Fault> {
        for id in &self.ids {
            self.office.files().end_upload(*id, &self.actor).await?;
        }
        Ok(self.ids.clone())
    }

    /// Marks the files as part of a matter.
    pub(super) fn used(mut self) {
        self.ids.clear();
    }
}

impl Visit<'_> {
    /// Reads a form with files. The caller must be known before the first file.
    pub(super) async fn read_parts(&mut self, body: Body) -> Result<(), Fault> {
        let request = Request::from_parts(self.parts.clone(), body);
        let mut form = Form::begin(request, BOUNDS).await?;
        while let Some(part) = form.next().await? {
            match part {
                Part::Text(name, value) => {
                    let value = String::from_utf8(value).map_err(|_| Fault::not_utf8())?;
                    self.form.add(name, value)?;
                }
                Part::File(file) => self.take_file(file).await?,
            }
        }
        Ok(())
    }

    async fn take_file(&mut self, mut file: File<'_>) -> Result<(), Fault> {
        let before = file.so_far();
        let first = file.chunk().await?;
        // Browsers send an empty file field like this if no file was chosen.
        if first.is_none() && file.name().is_empty() {
            return Ok(());
        }
        let name = file.field();
        if !FIELDS.contains(&name) {
            let name: String = name.chars().take(MOST_SAID).collect();
            return Err(Fault::unfit(&format!(
                "a file came in the field `{name}`; send photos in the field media"
            )));
        }
        let media = media_of(&file)?;
        let length = self.parts.headers.get(header::CONTENT_LENGTH);
        let length: Option<u64> = length.and_then(|value| value.to_str().ok()?.parse().ok());
        let rest = length.unwrap_or(u64::MAX).saturating_sub(before as u64);
        let mut photos = match self.photos.take() {
            Some(photos) => photos,
            None => self.begin_photos().await?,
        };
        let office = Arc::clone(&photos.office);
        let limits = office.files().attachment_limits().await?;
        let count = limits.check_count(photos.ids.len() + 1);
        count.map_err(|error| Fault::of(&FileRefusal::from(error).into()))?;
        let begun = office
            .files()
            .begin_open_upload((media, false), rest, photos.actor.clone());
        let id = begun.await?.id;
        photos.ids.push(id);
        let mut digest = Suite::Ed25519Blake3.digesting();
        let (mut piece, mut next) = (BytesMut::new(), first);
        let mut offset = 0;
        loop {
            let ended = next.is_none();
            if let Some(chunk) = next {
                digest.update(&chunk);
                piece.extend_from_slice(&chunk);
            }
            while piece.len() >= PIECE || ended && !piece.is_empty() {
                let some = piece.split_to(piece.len().min(PIECE)).freeze();
                let bytes = some.len() as u64;
                let taken = office
                    .files()
                    .continue_upload(id, offset, some, &photos.actor);
                taken.await.map_err(too_long)?;
                offset += bytes;
            }
            if ended {
                break;
            }
            next = file.chunk().await?;
        }
        photos.said.extend_from_slice(media.code().as_bytes());
        photos.said.extend_from_slice(&digest.finish());
        self.photos = Some(photos);
        Ok(())
    }

    /// Begins the uploads. Fails before storing anything if the caller may not report.
    async fn begin_photos(&self) -> Result<Photos, Fault> {
        let early = |fault: Fault| match fault.status.as_u16() {
            400 | 403 | 404 => fault.with(
                "send api_key, and jurisdiction_id if there are several, before the first file",
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

/// Returns the media type of a file; guesses it from the file name if none is given.
fn media_of(file: &File<'_>) -> Result<Media, Fault> {
    let kind = file.media();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    let name = file.name();
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    let media = match kind {
        "" | "application/octet-stream" => Media::of_ending(ending),
        kind => Media::of_type(kind),
    };
    media.map_err(|bad| Fault::unfit(&bad.to_string()))
}

/// Converts the error of a file that is too long; its full length is unknown.
fn too_long(error: Failed<FileRefusal>) -> Fault {
    match error {
        Failed::Refused(FileRefusal::Beyond { announced }) => Fault::too_long_file(announced),
        error => error.into(),
    }
}

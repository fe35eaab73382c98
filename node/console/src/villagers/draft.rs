//! The draft behind a form with photos: what was typed in a report, and the photos of a report or an
//! act, kept by the node under a key in a hidden field.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use api::{
    DRAFT_KEY, DraftDocument, DraftMatter, DraftRequest, DraftView, Media, ReportRequest, UploadId,
    problem::{Problem, ProblemCode},
};
use axum::{
    body::Body,
    extract::{DefaultBodyLimit, Request},
};
use bytes::Bytes;
use futures::{SinkExt, channel::mpsc};
use http::{Extensions, HeaderMap, Method};
use web::{
    calls::Calls,
    parts::{Bounds, Broken, File, Form, Part, has_parts},
    problem::Rejection,
};

use crate::{
    answer::Answer,
    frame,
    sheet_file::brings,
    visit::{CSRF_FIELD, Visit},
};

/// Field of a form with the key of the draft.
pub(crate) const DRAFT_FIELD: &str = "draft";
/// Field of the button that removes a photo, with its id.
const REMOVE_FIELD: &str = "remove";
/// Field of a form with photos.
pub(crate) const PHOTO_FIELD: &str = "photo";
/// The bounds of a form with photos: four of 12 MiB, and what is typed.
const BOUNDS: Bounds = Bounds {
    form: 49 << 20,
    texts: 256 * 1024,
    grace: Duration::from_secs(30),
    least_rate: 8 * 1024,
};

/// Returns the limit of the body of a route that takes such a form.
pub(crate) fn limit() -> DefaultBodyLimit {
    DefaultBodyLimit::max(BOUNDS.form)
}

/// Returns how much longer than others a request with such a form may take.
pub(crate) fn patience(path: &str, headers: &HeaderMap) -> Duration {
    if let Some(form) = brings(path) {
        return form.bounds.patience();
    }
    let takes = ["/report", "/desk/report"].contains(&path)
        || path.starts_with("/desk/m/") && path.contains("/act/")
        || path.starts_with("/boards/") && path.ends_with("/write")
        || is_beside_disclosure(path)
        || path.starts_with("/points/h/");
    match takes && has_parts(headers) {
        true => BOUNDS.patience(),
        false => Duration::ZERO,
    }
}

/// Returns whether a form at this path brings a file beside a disclosure.
fn is_beside_disclosure(path: &str) -> bool {
    path.starts_with("/desk/disclosures/") && path.ends_with("/files")
}

/// A draft as the pages need it.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    /// The key.
    pub(crate) key: String,
    /// What was typed, by the names of the fields.
    pub(crate) fields: BTreeMap<String, String>,
    /// Photos that are kept.
    pub(crate) photos: Vec<UploadId>,
    /// Documents that are kept.
    pub(crate) documents: Vec<DraftDocument>,
    /// What it became, if it was handed in.
    pub(crate) handed_in: Option<DraftMatter>,
}

impl Draft {
    /// Returns a draft that nothing was typed in. The node learns of it when something is.
    pub(crate) fn fresh() -> Self {
        Self::under(format!("wjd_{}", frame::key()))
    }

    fn under(key: String) -> Self {
        Self {
            key,
            fields: BTreeMap::new(),
            photos: vec![],
            documents: vec![],
            handed_in: None,
        }
    }

    /// Returns the number of its files.
    pub(crate) const fn files(&self) -> usize {
        self.photos.len() + self.documents.len()
    }

    /// Returns the draft of the form that was sent.
    ///
    /// # Errors
    /// The problem that the API answered, unless there is no such draft: then it is begun.
    pub(crate) async fn of(visit: &Visit) -> Result<Self, Problem> {
        let key = visit.form.typed(DRAFT_FIELD).to_owned();
        let calls = visit.calls.clone().with(DRAFT_KEY, &key);
        match calls.get::<DraftView>(&visit.api("draft")?).await {
            Ok(known) => Ok(Self {
                key,
                fields: known.fields,
                photos: known.photos,
                documents: known.documents,
                handed_in: known.handed_in,
            }),
            Err(problem) if problem.status == 404 => Ok(Self::under(key)),
            Err(problem) => Err(problem),
        }
    }

    /// Returns the draft that a form names; a fresh one if it names none.
    ///
    /// # Errors
    /// The problem that the API answered.
    pub(crate) async fn of_form(visit: &Visit) -> Result<Self, Problem> {
        match visit.form.get(DRAFT_FIELD) {
            Some(_) => Self::of(visit).await,
            None => Ok(Self::fresh()),
        }
    }

    /// Removes the photo that the button of the form names. Returns whether there was one.
    ///
    /// # Errors
    /// The problem that the API answered.
    pub(crate) async fn remove_named(&mut self, visit: &Visit) -> Result<bool, Problem> {
        let Some(photo) = visit.form.get(REMOVE_FIELD) else {
            return Ok(false);
        };
        self.remove(visit, photo).await?;
        Ok(true)
    }

    /// Returns the way to send the form, with the draft if photos wait in it.
    pub(crate) fn calls(&self, visit: &Visit) -> Calls {
        let calls = visit.with_form_headers();
        match self.photos.is_empty() {
            true => calls,
            false => calls.with(DRAFT_KEY, &self.key),
        }
    }

    /// Returns a value; empty if nothing was typed.
    pub(crate) fn get(&self, name: &str) -> &str {
        self.fields.get(name).map_or("", String::as_str)
    }

    /// Keeps what was typed.
    ///
    /// # Errors
    /// The problem that the API answered.
    pub(crate) async fn keep(&self, visit: &Visit) -> Result<(), Problem> {
        let calls = visit.calls.clone().with(DRAFT_KEY, &self.key);
        let fields = self.fields.clone();
        let said = DraftRequest { fields };
        calls.ask(Method::PUT, &visit.api("draft")?, &said).await?;
        Ok(())
    }

    /// Removes a photo.
    ///
    /// # Errors
    /// The problem that the API answered.
    pub(crate) async fn remove(&mut self, visit: &Visit, photo: &str) -> Result<(), Problem> {
        let Ok(id) = photo.parse::<UploadId>() else {
            return Ok(());
        };
        let calls = visit.calls.clone().with(DRAFT_KEY, &self.key);
        let path = visit.api(&format!("draft/photos/{id}"))?;
        calls.send(Method::DELETE, &path, Body::empty()).await?;
        self.photos.retain(|known| *known != id);
        self.documents.retain(|known| known.id != id);
        Ok(())
    }

    /// Hands it in.
    ///
    /// # Errors
    /// The problem that the API answered; the draft stays as it was.
    pub(crate) async fn hand_in(
        &self,
        visit: &Visit,
        report: &ReportRequest,
    ) -> Result<DraftMatter, Problem> {
        let calls = visit.calls.clone().with(DRAFT_KEY, &self.key);
        let path = visit.api("draft/matter")?;
        calls.ask(Method::POST, &path, report).await?.read()
    }
}

/// Shows the small picture of a photo that is kept for a draft.
pub(crate) async fn thumb(visit: Arc<Visit>) -> Answer {
    let photo = visit.param("upload");
    let path = visit.api(&format!("draft/photos/{photo}"))?;
    visit.calls.relay(&path).await
}

impl From<Broken> for Taken {
    fn from(broken: Broken) -> Self {
        Self::Broken(unread(&broken))
    }
}

fn unread(broken: &Broken) -> Problem {
    let code = match broken {
        Broken::TooLong(_) => ProblemCode::PayloadTooLarge,
        _ => ProblemCode::InvalidRequest,
    };
    *Rejection::new(code, broken).0
}

impl Visit {
    /// Reads a form with photos. The photos are kept in the draft that the form names before the
    /// first of them; a photo that is not taken is told in `photo_problems` and loses nothing else.
    ///
    /// # Errors
    /// A problem if the form cannot be read to its end.
    pub(crate) async fn read_photos(
        &mut self,
        extensions: Extensions,
        body: Body,
    ) -> Result<(), Problem> {
        self.check_own_page()?;
        let mut request = Request::new(body);
        *request.headers_mut() = self.headers.clone();
        *request.extensions_mut() = extensions;
        let broken = |broken| unread(&broken);
        let mut form = Form::begin(request, BOUNDS).await.map_err(broken)?;
        let mut is_begun = false;
        while let Some(part) = form.next().await.map_err(broken)? {
            let mut file = match part {
                Part::File(file) => file,
                Part::Text(name, value) => {
                    let value = String::from_utf8_lossy(&value).replace("\r\n", "\n");
                    if name == CSRF_FIELD {
                        self.prove(&value);
                    }
                    self.form.0.push((name, value));
                    continue;
                }
            };
            let first = file.chunk().await.map_err(broken)?;
            // Browsers send an empty file field like this if no file was chosen.
            let Some(first) = first.filter(|_| file.field() == PHOTO_FIELD) else {
                continue;
            };
            if !is_begun {
                let draft = Draft::of(self).await?;
                if draft.handed_in.is_none() && draft.fields.is_empty() {
                    draft.keep(self).await?;
                }
                is_begun = true;
            }
            match self.take_photo(file, first).await {
                Ok(()) => {}
                Err(Taken::Not(problem)) => self.photo_problems.push(problem),
                Err(Taken::Broken(problem)) => return Err(problem),
            }
        }
        Ok(())
    }

    /// Hands one photo on to the node while it arrives.
    async fn take_photo(&self, mut file: File<'_>, first: Bytes) -> Result<(), Taken> {
        let key = self.form.typed(DRAFT_FIELD);
        let calls = self.calls.clone().with(DRAFT_KEY, key);
        // Browsers say what the name of a file ends with; what it is, it says itself.
        let found = Media::of_beginning(&first);
        // Some call a table in CSV a workbook; beside a disclosure, what is nothing else has to be a text.
        let otherwise = || match is_beside_disclosure(&self.path) {
            true => Media::Text.code().to_owned(),
            false => file.media().to_owned(),
        };
        let kind = found.map_or_else(otherwise, |media| media.code().to_owned());
        let path = match is_beside_disclosure(&self.path) {
            true => "draft/photos?disclosure=true",
            false => "draft/photos",
        };
        let path = self.api(path).map_err(Taken::Broken)?;
        let (mut pipe, piped) = mpsc::channel::<Result<Bytes, std::io::Error>>(2);
        let sending = calls.upload(&path, &kind, Body::from_stream(piped));
        let reading = async {
            let mut next = Some(first);
            while let Some(some) = next {
                // The node does not take it; what follows is read and thrown away.
                let _refused = pipe.send(Ok(some)).await;
                next = file.chunk().await?;
            }
            drop(pipe);
            Ok::<_, Broken>(())
        };
        let (sent, read) = futures::join!(sending, reading);
        read?;
        sent.map(|_| ()).map_err(Taken::Not)
    }
}

/// Why a photo is not kept.
enum Taken {
    /// The node does not take it.
    Not(Problem),
    /// The form broke off.
    Broken(Problem),
}

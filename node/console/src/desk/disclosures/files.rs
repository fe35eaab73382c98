//! Files beside the form of a draft: added, looked at, taken out.

use std::sync::Arc;

use api::{AttachFile, AttachedView, DRAFT_KEY};
use http::Method;
use web::problem::Rejection;

use super::{beside, path, read, show};
use crate::{
    answer::{Answer, lead_to},
    disclosures::about,
    form::odd,
    villagers::draft::{DRAFT_FIELD, Draft},
    visit::Visit,
    words::Words,
};

/// A file as the page shows it.
pub(super) struct Row {
    pub(super) href: String,
    pub(super) name: String,
    pub(super) about: String,
    /// What is to be done about it.
    pub(super) warns: Option<String>,
}

pub(super) fn row(w: Words, number: &str, one: &AttachedView) -> Row {
    Row {
        href: format!("/desk/disclosures/{number}/files/{}", one.file.number),
        name: one.file.name.clone(),
        about: about(w, &one.file),
        warns: match (one.personal, one.opaque) {
            (0, true) => Some(w.open_file_opaque().to_owned()),
            (0, false) => None,
            (lines, _) => Some(w.open_file_personal(lines)),
        },
    }
}

fn version(visit: &Visit) -> Option<u32> {
    let version = visit.form.get("version");
    version.and_then(|text| text.parse().ok())
}

/// Adds the file that was sent.
pub(crate) async fn add(visit: Arc<Visit>) -> Answer {
    if let Some(problem) = visit.photo_problems.first() {
        let problem = problem.clone().in_language(visit.view.language);
        return show(&visit, &read(&visit).await?, Some(problem), None);
    }
    let request = AttachFile {
        name: visit.form.typed("file-name").trim().to_owned(),
        upload: None,
        version: version(&visit),
    };
    let calls = visit.with_form_headers();
    let calls = calls.with(DRAFT_KEY, visit.form.typed(DRAFT_FIELD));
    let to = visit.api(&path(&visit, "/attachments"))?;
    match beside(calls.ask(Method::POST, &to, &request).await) {
        Ok(reply) => {
            reply?;
            lead_to(&page_of(&visit))
        }
        Err(problem) => {
            // Nobody hands the draft in any more, so its file need not wait for the sweep.
            let mut draft = Draft::of(&visit).await?;
            let documents = draft.documents.iter().map(|one| one.id);
            let files: Vec<_> = draft.photos.iter().copied().chain(documents).collect();
            for file in files {
                draft.remove(&visit, &file.to_string()).await?;
            }
            show(&visit, &read(&visit).await?, Some(problem), None)
        }
    }
}

fn page_of(visit: &Visit) -> String {
    format!("/desk/disclosures/{}", odd(visit.param("number")))
}

fn rest(visit: &Visit) -> String {
    format!("/attachments/{}", odd(visit.param("file")))
}

/// Hands out a file of a draft.
pub(crate) async fn get(visit: Arc<Visit>) -> Answer {
    let from = visit.api(&path(&visit, &rest(&visit)))?;
    visit.calls.relay(&from).await
}

/// Takes a file out.
pub(crate) async fn remove(visit: Arc<Visit>) -> Answer {
    let Some(version) = version(&visit) else {
        let told = (
            "the page is not complete; open the draft again",
            "页面不完整；请重新打开草稿",
        );
        return Err(*Rejection::unfit(told).0);
    };
    let rest = format!("{}?version={version}", rest(&visit));
    let to = visit.api(&path(&visit, &rest))?;
    let gone = visit.calls.send(Method::DELETE, &to, "".into()).await;
    match beside(gone) {
        Ok(reply) => {
            reply?;
            lead_to(&page_of(&visit))
        }
        Err(problem) => show(&visit, &read(&visit).await?, Some(problem), None),
    }
}

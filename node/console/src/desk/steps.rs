//! The steps of a matter, as its path through the tiers.

use api::{AttachmentView, BodyView, FileLine, FileNo, MatterView};
use domain::matter::{Act, Outcome};

use crate::{
    visit::Visit,
    when::{When, size},
    words::Words,
};

/// One step.
pub(crate) struct Step {
    pub(crate) at: When,
    pub(crate) by: String,
    pub(crate) act: String,
    pub(crate) note: Option<String>,
    /// Whether the text of the step is there but not to be seen here.
    pub(crate) is_masked: bool,
    /// Files that belong to its text.
    pub(crate) photos: Vec<Photo>,
}

/// A file of a matter.
#[derive(Clone, Debug)]
pub(crate) struct Photo {
    /// Path of the whole file.
    pub(crate) full: String,
    /// Path of its small picture, if it is a picture.
    pub(crate) thumb: Option<String>,
    pub(crate) label: String,
}

/// Returns the files of a step; 0 for the report.
pub(crate) fn photos(visit: &Visit, id: &str, files: &[FileLine], step: usize) -> Vec<Photo> {
    let Ok(base) = visit.api(&format!("matters/{id}/attachments")) else {
        return vec![];
    };
    let of_step = |line: &&FileLine| {
        let no = line.no.parse::<FileNo>();
        no.is_ok_and(|no| usize::from(no.step) == step)
    };
    let lines: Vec<_> = files.iter().filter(of_step).collect();
    let photo = |(n, line): (usize, &&FileLine)| Photo {
        full: format!("{base}/{}", line.no),
        thumb: line
            .file
            .pixels
            .map(|_| format!("{base}/{}/thumb", line.no)),
        label: match line.file.media.is_image() {
            true => visit.w.desk_photo(n + 1, lines.len()),
            false => named(visit.w, n + 1, &line.file),
        },
    };
    lines.iter().enumerate().map(photo).collect()
}

/// Names a document by its position, its type and its length.
pub(crate) fn named(w: Words, number: usize, file: &AttachmentView) -> String {
    w.document_named(number, w.file_kind(&file.media), size(&file.bytes))
}

/// Returns the steps, the latest first. The files of the report, step 0, are shown with its text.
pub(crate) fn of(visit: &Visit, matter: &MatterView, files: &[FileLine]) -> Vec<Step> {
    let step = |(n, step): (usize, &api::StepView)| Step {
        at: visit.when(step.at_ms),
        by: visit.name_of(step.by),
        act: told(visit, step.act),
        note: step.note.as_ref().and_then(|note| text(visit.w, note)),
        is_masked: matches!(step.note, Some(BodyView::Masked)),
        photos: match n {
            0 => vec![],
            n => photos(visit, &matter.id, files, n),
        },
    };
    matter.steps.iter().enumerate().rev().map(step).collect()
}

/// Returns a text, or why it is not shown; `None` if only others see it.
pub(crate) fn text(w: Words, body: &BodyView) -> Option<String> {
    match body {
        BodyView::Text(text) => Some(text.clone()),
        BodyView::Masked => None,
        BodyView::Erased => Some(w.desk_erased().to_owned()),
        BodyView::Absent => Some(w.desk_absent().to_owned()),
        BodyView::Unreadable => Some(w.desk_unreadable().to_owned()),
    }
}

/// Tells an act with what it names.
fn told(visit: &Visit, act: Act) -> String {
    let w = visit.w;
    let name = w.short(act.name());
    let more = match act {
        Act::Escalate(to)
        | Act::Assign(to)
        | Act::Return(to)
        | Act::Yield(to)
        | Act::Relay(to)
        | Act::Arbitrate(to) => w.desk_to_division(visit.name_of(to)),
        Act::Object(to, ground) => format!(
            "{}, {}",
            w.desk_to_division(visit.name_of(to)),
            w.short(ground)
        ),
        Act::Close(outcome) => ended(w, outcome),
        Act::Dispatch(target) => {
            let department = target.department.map(|department| department.to_string());
            let officer = target.officer.map(|officer| w.desk_officer(officer));
            let all = [Some(w.short(target.platform)), department, officer];
            all.into_iter().flatten().collect::<Vec<_>>().join(", ")
        }
        Act::Verify(true) => w.desk_verified().to_owned(),
        Act::Verify(false) => w.desk_not_verified().to_owned(),
        Act::Reopen(appeal) => w.short(appeal),
        Act::Supervise(by) => visit.name_of(by),
        Act::Rate(satisfaction) => w.short(satisfaction),
        Act::Remark(audience) => w.short(audience),
        Act::Reply(publicity) => w.short(publicity),
        Act::Prioritise(priority) => w.short(priority),
        Act::Pause(reason) => w.short(reason),
        Act::Extend(stage, reason) => format!("{}, {}", w.short(stage), w.short(reason)),
        Act::Warn(stage) | Act::Overdue(stage) => w.short(stage),
        Act::Absorb(other) | Act::OpenPart(other) | Act::Join(other) => other.to_string(),
        Act::EndPart(other, outcome) => format!("{other}, {}", ended(w, outcome)),
        Act::Erase(reason) => w.short(reason),
        Act::Report
        | Act::Accept
        | Act::Handle
        | Act::Take
        | Act::TakeBack
        | Act::Feedback
        | Act::Visit
        | Act::Recategorise
        | Act::Resume => return name.to_owned(),
    };
    w.desk_act_with(name, more)
}

/// Tells how a matter ended.
pub(crate) fn ended(w: Words, outcome: Outcome) -> String {
    let name = w.short(outcome.name());
    match outcome {
        Outcome::Rejected(reason) => format!("{name}, {}", w.short(reason)),
        Outcome::Merged(into) => format!("{name} {into}"),
        Outcome::Solved | Outcome::Unfounded | Outcome::Unsolvable | Outcome::Withdrawn => name,
    }
}

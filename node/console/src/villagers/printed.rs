//! A proof on paper: what the public log proves of a matter or a disclosure, in words and as a QR code.

use std::sync::Arc;

use api::{Named, PrintedProof};
use askama::Template;

use super::qr::{Picture, draw};
use crate::{answer::Answer, form::odd, frame::Frame, visit::Visit, when::When, words::Words};

#[derive(Template)]
#[template(path = "printed.html")]
struct PrintedPage {
    frame: Frame,
    w: Words,
    /// The division whose log it is.
    place: String,
    /// What was made public, if it is about that.
    about: Option<String>,
    /// The numbers of what it is about.
    facts: Vec<(&'static str, String)>,
    steps: Vec<ProvenStep>,
    /// Position of the entry, from 1, and number of entries.
    entry: (u64, u64),
    countersigned: String,
    is_pending: bool,
    /// `None` if it is longer than a code can hold.
    picture: Option<Picture>,
    /// The address without the digits.
    address: String,
}

/// A step that is proven, in words.
pub(super) struct ProvenStep {
    pub(super) at: When,
    pub(super) by: String,
    pub(super) act: String,
}

/// Returns a step in words.
pub(super) fn step(visit: &Visit, line: &api::StepLine) -> ProvenStep {
    ProvenStep {
        at: visit.when(line.at_ms),
        by: visit.name_of(line.by),
        act: visit.w.short(line.act),
    }
}

/// Shows the proof of a matter to whoever sees it on the desk.
pub(crate) async fn of_matter(visit: Arc<Visit>) -> Answer {
    let path = format!("matters/{}/receipt/printed", odd(visit.param("id")));
    let proof: Named<PrintedProof> = visit.calls.get(&visit.api(&path)?).await?;
    let number = (visit.w.receipt_number(), visit.param("id").to_owned());
    show(&visit, (None, vec![number]), &proof.facts)
}

/// Shows a proof of what was made public, by name, or of something else, and its numbers.
pub(crate) fn show(
    visit: &Visit,
    (about, facts): (Option<String>, Vec<(&'static str, String)>),
    proof: &PrintedProof,
) -> Answer {
    let address = visit.address("/v");
    let digest = proof.sha256.iter();
    let digest = digest.map(|digest| (visit.w.open_file_digest(), digest.clone()));
    let steps = proof.steps.iter().map(|line| step(visit, line));
    let by = proof.countersigned.iter().map(|by| visit.name_of(*by));
    let by: Vec<_> = by.collect();
    visit.show(&PrintedPage {
        frame: Frame::of(visit, visit.w.printed_title()),
        w: visit.w,
        place: visit.name_of(proof.division),
        about,
        facts: facts.into_iter().chain(digest).collect(),
        steps: steps.collect(),
        entry: (proof.index + 1, proof.size),
        countersigned: by.join(visit.w.of("、", ", ")),
        is_pending: proof.pending,
        picture: draw(&format!("{address}#{}", proof.digits)),
        address,
    })
}

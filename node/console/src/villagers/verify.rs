//! The check of a receipt: what the signatures in it prove, in words.

use std::sync::Arc;

use api::{CheckLine, DisclosureDocument, Named, ReceiptCheck, problem::Problem};
use askama::Template;
use axum::body::Body;
use domain::receipt::{Finding, Kind};
use http::{Method, StatusCode};

use super::printed::{ProvenStep, step};
use crate::{
    answer::Answer,
    disclosures::{self, Document},
    frame::Frame,
    visit::Visit,
    when::When,
    words::Words,
};

#[derive(Template)]
#[template(path = "verify.html")]
struct VerifyPage {
    frame: Frame,
    w: Words,
    typed: String,
    is_empty: bool,
    problem: Option<Problem>,
    proof: Option<Proof>,
}

/// What a receipt proves, in words.
struct Proof {
    holds: bool,
    /// Whether countersignatures are missing.
    pending: bool,
    /// The number of the matter, or the number and edition of the disclosure.
    numbers: Vec<(&'static str, String)>,
    /// Which document it is, if it is one of a disclosure.
    told: Option<String>,
    document: Option<Document>,
    made_by: String,
    as_of: When,
    passed: usize,
    open: usize,
    receipts: Vec<Taken>,
    /// What a proof on paper holds.
    steps: Vec<ProvenStep>,
    checks: Vec<Line>,
}

/// What one division signed.
struct Taken {
    at: When,
    by: String,
    what: String,
}

/// A check, in words.
struct Line {
    finding: String,
    class: &'static str,
    what: String,
    about: Option<String>,
    detail: String,
}

/// Shows the form that takes a receipt.
pub(crate) async fn form(visit: Arc<Visit>) -> Answer {
    page(&visit, String::new(), false, None, None)
}

/// Checks the receipt of a form.
pub(crate) async fn check(visit: Arc<Visit>) -> Answer {
    visit.check_own_page()?;
    let typed = visit.form.typed("receipt").trim().to_owned();
    match typed.is_empty() {
        true => page(&visit, typed, true, None, None),
        false => checked(&visit, typed.clone().into(), typed).await,
    }
}

/// Checks a receipt that the node just made, and shows what it proves.
pub(super) async fn show_for(visit: &Visit, file: Body) -> Answer {
    checked(visit, file, String::new()).await
}

async fn checked(visit: &Visit, file: Body, typed: String) -> Answer {
    let path = visit.api("receipt-checks")?;
    match visit.calls.send(Method::POST, &path, file).await {
        Ok(reply) => page(visit, typed, false, None, Some(proof(visit, reply.read()?))),
        Err(problem) if problem.status < 500 => page(visit, typed, false, Some(problem), None),
        Err(problem) => Err(problem),
    }
}

fn proof(visit: &Visit, found: Named<ReceiptCheck>) -> Proof {
    let (w, mut found) = (visit.w, found.facts);
    let count = |finding| {
        let checks = found.checks.iter();
        checks.filter(|check| check.finding == finding).count()
    };
    let (passed, open) = (count(Finding::Ok), count(Finding::NotChecked));
    let receipts = found.receipts.iter().map(|receipt| Taken {
        at: visit.when(receipt.at_ms),
        by: visit.name_of(receipt.division),
        what: match (receipt.kind, receipt.outcome) {
            (Kind::End, Some(outcome)) => w.verify_decided(w.short(outcome.name())),
            _ => w.verify_taken().to_owned(),
        },
    });
    let receipts = receipts.collect();
    // What does not hold comes first.
    let rank = |check: &CheckLine| match check.finding {
        Finding::Failed => 0,
        Finding::NotChecked => 1,
        Finding::Ok => 2,
    };
    let mut checks = std::mem::take(&mut found.checks);
    checks.sort_by_key(rank);
    let line = |check: CheckLine| Line {
        finding: w.short(check.finding),
        class: match check.finding {
            Finding::Failed => "late",
            Finding::NotChecked => "paused",
            Finding::Ok => "fine",
        },
        what: w.short(check.what),
        about: check.about.map(|about| visit.name_of(about)),
        detail: w.of(&check.detail_chinese, &check.detail).to_owned(),
    };
    let steps = found.steps.iter().map(|line| step(visit, line)).collect();
    let numbers = numbers(w, &found);
    let document = found.disclosure.and_then(|one| one.document);
    let document = document.filter(is_table);
    Proof {
        holds: found.holds,
        pending: found.pending,
        numbers,
        told: document.as_ref().map(|document| told(visit, document)),
        document: document.map(|document| Document::of(visit, document).without_links()),
        made_by: visit.name_of(found.exported_by),
        as_of: visit.when(found.as_of_ms),
        passed,
        open,
        receipts,
        steps,
        checks: checks.into_iter().map(line).collect(),
    }
}

fn numbers(w: Words, found: &ReceiptCheck) -> Vec<(&'static str, String)> {
    let matter = found.matter.iter();
    let matter = matter.map(|number| (w.receipt_number(), number.clone()));
    let disclosure = found.disclosure.iter().flat_map(|one| {
        [
            (w.verify_disclosure_number(), one.number.clone()),
            (w.verify_edition(), one.edition.to_string()),
            (w.open_file_digest(), one.sha256.clone()),
        ]
    });
    matter.chain(disclosure).collect()
}

/// Returns whether each row of a document has a cell for each column. It was made elsewhere.
fn is_table(document: &DisclosureDocument) -> bool {
    let columns = document.columns.len();
    document.rows.iter().all(|row| row.len() == columns)
}

/// Says which document of which division it is.
fn told(visit: &Visit, document: &DisclosureDocument) -> String {
    let w = visit.w;
    let by = visit.name_of(document.division);
    let item = disclosures::named(w, &document.item, document.english.as_deref());
    let days = (&*document.from, &*document.to, &*document.title);
    w.verify_disclosure(by, item, disclosures::period(days), document.edition)
}

fn page(
    visit: &Visit,
    typed: String,
    is_empty: bool,
    problem: Option<Problem>,
    proof: Option<Proof>,
) -> Answer {
    let frame = Frame::of(visit, visit.w.verify_title());
    let (frame, status) = match is_empty {
        true => (frame.after_failure(), StatusCode::UNPROCESSABLE_ENTITY),
        false => frame.after(problem.as_ref()),
    };
    visit.page(
        status,
        &VerifyPage {
            frame,
            w: visit.w,
            typed,
            is_empty,
            problem,
            proof,
        },
    )
}

//! The record of a household: for whoever has its slip, and for the account that belongs to it.

use std::sync::Arc;

use api::{
    Channel, DraftMatter, HOUSEHOLD_SLIP, HouseholdRecord, ObjectedRating, RatingView,
    ReportRequest, Reported, problem::Problem,
};
use askama::Template;
use http::{Method, StatusCode};

use super::{LedgerRow, ledger, purse};
use crate::{
    answer::Answer,
    disclosures::named,
    form::{is_beside, odd},
    frame::Frame,
    villagers::{matter::PASSES, receipt},
    visit::Visit,
    when::When,
    words::Words,
};

/// The category of objections, which the shipped policy lists.
const CATEGORY: &str = "service/points";
/// What stands in the address of a photo for whoever is signed in.
const SIGNED_IN: &str = "own";

/// A rating as a household reads it.
pub(crate) struct RatingRow {
    pub(crate) number: String,
    pub(crate) name: String,
    pub(crate) at: When,
    pub(crate) mark: String,
    pub(crate) is_poor: bool,
    pub(crate) remark: String,
    pub(crate) photos: Vec<String>,
    pub(crate) past: Vec<(String, When)>,
    pub(crate) until: When,
    pub(crate) object_until: Option<When>,
    pub(crate) objection: Option<String>,
}

/// Tells a mark with its points.
fn marked(w: Words, mark: Option<domain::points::Mark>, points: i16) -> String {
    match mark {
        Some(mark) => w.pt_mark_points(w.short(mark), points),
        None => w.pt_cancelled().to_owned(),
    }
}

/// Returns ratings as people read them. `pass` stands in the addresses of photos.
pub(crate) fn ratings(visit: &Visit, record: &HouseholdRecord, pass: &str) -> Vec<RatingRow> {
    let w = visit.w;
    let row = |rating: &RatingView| {
        let past = rating.past.iter().map(|past| {
            let was = marked(w, past.mark, past.points);
            (w.pt_corrected(was, &past.reason), visit.when(past.at_ms))
        });
        let photo = |at| format!("/points/photo/{pass}/{}/{at}", rating.number);
        RatingRow {
            number: rating.number.clone(),
            name: named(w, &rating.name, rating.english.as_deref()),
            at: visit.when(rating.at_ms),
            mark: marked(w, rating.mark, rating.points),
            is_poor: rating.mark == Some(domain::points::Mark::Poor),
            remark: rating.remark.clone(),
            photos: (0..rating.photos).map(photo).collect(),
            past: past.collect(),
            until: visit.when(rating.until_ms),
            object_until: (record.as_of_ms < rating.object_until_ms)
                .then(|| visit.when(rating.object_until_ms)),
            objection: rating.objection.clone(),
        }
    };
    record.ratings.iter().map(row).collect()
}

#[derive(Template)]
#[template(path = "points/ask.html")]
struct AskPage<'a> {
    frame: Frame,
    w: Words,
    is_wrong: bool,
    number: &'a str,
}

#[derive(Template)]
#[template(path = "points/own.html")]
struct OwnPage<'a> {
    frame: Frame,
    w: Words,
    as_of: When,
    number: u32,
    slip: &'a str,
    period: String,
    standing: Option<String>,
    ratings: Vec<RatingRow>,
    purse: Option<String>,
    ledger: Vec<LedgerRow>,
    /// The rating that is objected to, and what was typed, if that was refused.
    typed: (&'a str, &'a str),
    problem: Option<Problem>,
}

/// Shows the record of the household of whoever is signed in, or asks for number and slip.
pub(super) async fn form(visit: Arc<Visit>) -> Answer {
    if visit.is_signed_in() {
        match visit.calls.get(&visit.api("own-household")?).await {
            Ok(record) => return shown(&visit, &record, "", None),
            Err(problem) if matches!(problem.status, 403 | 404 | 409) => {}
            Err(problem) => return Err(problem),
        }
    }
    ask(&visit, false)
}

fn ask(visit: &Visit, is_wrong: bool) -> Answer {
    let frame = Frame::of(visit, visit.w.pt_own());
    let (frame, status) = match is_wrong {
        true => (frame.after_failure(), StatusCode::NOT_FOUND),
        false => (frame, StatusCode::OK),
    };
    let typed = visit.form.get("number").or(visit.query.get("number"));
    visit.page(
        status,
        &AskPage {
            frame,
            w: visit.w,
            is_wrong,
            number: typed.unwrap_or_default(),
        },
    )
}

fn shown(visit: &Visit, record: &HouseholdRecord, slip: &str, problem: Option<Problem>) -> Answer {
    let w = visit.w;
    let number = record.household.household;
    let pass = match slip {
        "" => SIGNED_IN.to_owned(),
        slip => PASSES.hand_out(&number.to_string(), slip),
    };
    let standing = record.household.standing;
    let standing = standing.map(|one| w.pt_own_place(one.place, one.points));
    let title = w.pt_household_number(number);
    let (frame, status) = Frame::of(visit, title).after(problem.as_ref());
    visit.page(
        status,
        &OwnPage {
            frame,
            w,
            as_of: visit.when(record.as_of_ms),
            number,
            slip,
            period: w.pt_period(&record.from, &record.to),
            standing,
            ratings: ratings(visit, record, &pass),
            purse: purse(w, record),
            ledger: ledger(visit, record),
            typed: (visit.form.typed("rating"), visit.form.typed("text")),
            problem,
        },
    )
}

/// Reads a slip as people copy it: with or without groups and mark, in either case.
pub(crate) fn plain(slip: &str) -> String {
    let digits = slip.trim().to_ascii_lowercase();
    let digits = digits.trim_start_matches("wjh_");
    let digits = digits.chars().filter(char::is_ascii_hexdigit);
    format!("wjh_{}", digits.collect::<String>())
}

/// Shows the record that number and slip open, or objects to a rating of it.
pub(super) async fn act(visit: Arc<Visit>) -> Answer {
    visit.check_own_page()?;
    let typed = visit.form.typed("slip");
    let slip = match typed.trim() {
        "" => String::new(),
        typed => plain(typed),
    };
    let found = match &*slip {
        "" => visit.calls.get(&visit.api("own-household")?).await,
        slip => {
            let calls = visit.calls.clone().with(HOUSEHOLD_SLIP, slip);
            let number = odd(visit.form.get("number").unwrap_or("0"));
            let path = visit.api(&format!("households/{number}/record"))?;
            calls.get(&path).await
        }
    };
    let record: HouseholdRecord = match found {
        Ok(record) => record,
        Err(problem) if matches!(problem.status, 401 | 403 | 404 | 422) => {
            return ask(&visit, true);
        }
        Err(problem) => return Err(problem),
    };
    let rating = visit.form.get("rating").unwrap_or_default();
    let named = record.ratings.iter().find(|one| one.number == rating);
    match named {
        Some(rating) => object(&visit, &record, rating, &slip).await,
        None => shown(&visit, &record, &slip, None),
    }
}

/// Sends an objection, and shows its number and slip.
async fn object(
    visit: &Visit,
    record: &HouseholdRecord,
    rating: &RatingView,
    slip: &str,
) -> Answer {
    // Offices read it in Chinese, whoever writes.
    let chinese = Words::default();
    let at = When::new(rating.at_ms, chinese.0).text();
    let household = record.household.household;
    let about = chinese.pt_object_about(&rating.name, at, household, &rating.number);
    let typed = visit.form.typed("text").trim();
    let text = if typed.is_empty() {
        String::new()
    } else {
        format!("{about}\n{typed}")
    };
    let request = ReportRequest {
        channel: Channel::Mailbox,
        slip: true,
        objects_to_rating: Some(ObjectedRating {
            rating: rating.number.clone(),
            slip: Some(slip.to_owned()).filter(|slip| !slip.is_empty()),
        }),
        ..ReportRequest::new(CATEGORY, &text)
    };
    let sent = visit
        .calls
        .ask(Method::POST, &visit.api("matters")?, &request)
        .await;
    let reported: Reported = match sent {
        Ok(reply) => reply.read()?,
        Err(problem) if is_beside(&problem) || matches!(problem.status, 429 | 503) => {
            return shown(visit, record, slip, Some(problem));
        }
        Err(problem) => return Err(problem),
    };
    let token = reported
        .token
        .filter(|token| *token != web::gate::SHOWN_ONCE);
    let done = DraftMatter {
        id: reported.id,
        token,
    };
    receipt::show(visit, &done).await
}

/// Shows a photo of a rating to whoever opened the record some minutes ago, or is signed in.
pub(super) async fn photo(visit: Arc<Visit>) -> Answer {
    let (rating, photo) = (odd(visit.param("rating")), odd(visit.param("photo")));
    let path = visit.api(&format!("ratings/{rating}/photos/{photo}"))?;
    let calls = match visit.param("pass") {
        SIGNED_IN => visit.calls.clone(),
        pass => {
            let known = PASSES.take(pass);
            let (_, slip) = known.ok_or_else(|| *web::problem::Rejection::no_such_path().0)?;
            visit.calls.clone().with(HOUSEHOLD_SLIP, &slip)
        }
    };
    calls.relay(&path).await
}

//! The page behind the code of a household: a grid worker rates it, everybody else learns what the code is for.

use std::sync::Arc;

use api::{HouseholdRecord, PointsView, RateHousehold, RatingView, problem::Problem};
use askama::Template;
use domain::{
    people::Permission,
    points::{MOST_RATING_PHOTOS, Mark},
};
use http::Method;

use crate::{
    answer::{Answer, lead_to},
    desk::Choice,
    disclosures::named,
    form::{is_beside, odd},
    frame::Frame,
    villagers::draft::Draft,
    visit::Visit,
    words::Words,
};

#[derive(Template)]
#[template(path = "points/door.html")]
struct DoorPage<'a> {
    frame: Frame,
    w: Words,
    number: String,
    form: Option<RateForm<'a>>,
}

struct RateForm<'a> {
    name: String,
    done: Option<String>,
    items: Vec<Choice>,
    marks: Vec<Choice>,
    remark: &'a str,
    draft: Draft,
    problem: Option<Problem>,
    photo_problems: &'a [Problem],
}

/// Shows the form to whoever may rate.
pub(super) async fn show(visit: Arc<Visit>) -> Answer {
    shown(&visit, Draft::fresh(), None).await
}

async fn shown(visit: &Visit, draft: Draft, problem: Option<Problem>) -> Answer {
    let w = visit.w;
    let number = visit.param("household").to_owned();
    let may = visit.may(Permission::RateHousehold) && visit.may(Permission::ViewHouseholds);
    let failed = problem.as_ref().or(visit.photo_problems.first());
    let (frame, status) = Frame::of(visit, w.pt_door(&number)).after(failed);
    let form = match may {
        true => Some(form(visit, &number, draft, problem).await?),
        false => None,
    };
    visit.page(
        status,
        &DoorPage {
            frame,
            w,
            number,
            form,
        },
    )
}

async fn form<'a>(
    visit: &'a Visit,
    number: &str,
    draft: Draft,
    problem: Option<Problem>,
) -> Result<RateForm<'a>, Problem> {
    let w = visit.w;
    let path = visit.api(&format!("households/{}/record", odd(number)))?;
    let record: HouseholdRecord = visit.calls.get(&path).await?;
    let view: PointsView = visit.calls.get(&visit.api("points")?).await?;
    let chosen = visit.form.typed("item");
    let items = view.rules.items.iter().map(|item| Choice {
        value: item.code.clone(),
        label: format!(
            "{} {}/{}/{}",
            named(w, &item.name, item.english.as_deref()),
            item.good,
            item.fair,
            item.poor
        ),
        chosen: item.code == chosen,
    });
    let marks = Mark::ALL.iter().map(|mark| Choice {
        value: mark.to_string(),
        label: w.short(*mark),
        chosen: mark.code() == visit.form.typed("mark"),
    });
    let done = visit.query.get("done");
    let done = done.and_then(|code| view.rules.items.iter().find(|item| item.code == code));
    Ok(RateForm {
        name: record.household.name,
        done: done.map(|item| w.pt_rate_done(named(w, &item.name, item.english.as_deref()))),
        items: items.collect(),
        marks: marks.collect(),
        remark: visit.form.typed("remark"),
        draft,
        problem,
        photo_problems: &visit.photo_problems,
    })
}

impl RateForm<'_> {
    /// Whether one more photo may be added.
    fn takes_photos(&self) -> bool {
        self.draft.photos.len() < MOST_RATING_PHOTOS
    }
}

/// Rates the household. Photos that came with the form are kept whatever happens.
pub(super) async fn rate(visit: Arc<Visit>) -> Answer {
    let mut draft = Draft::of_form(&visit).await?;
    if draft.remove_named(&visit).await? || !visit.photo_problems.is_empty() {
        return shown(&visit, draft, None).await;
    }
    let number = visit.param("household");
    let mark = visit.form.typed("mark").parse::<Mark>();
    let request = RateHousehold {
        item: visit.form.typed("item").to_owned(),
        mark: mark.map_err(|unknown| *web::problem::Rejection::unfit(&unknown).0)?,
        remark: visit.form.typed("remark").trim().to_owned(),
        photos: vec![],
    };
    let path = visit.api(&format!("households/{}/ratings", odd(number)))?;
    match draft.calls(&visit).ask(Method::POST, &path, &request).await {
        Ok(reply) => {
            let rating: RatingView = reply.read()?;
            lead_to(&format!("/points/h/{number}?done={}", rating.item))
        }
        Err(problem) if is_beside(&problem) => shown(&visit, draft, Some(problem)).await,
        Err(problem) => Err(problem),
    }
}

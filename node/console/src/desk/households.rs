//! Households on the desk: the list, their codes to print, and one with its record.

use std::sync::Arc;

use api::{
    AddHousehold, AddHouseholds, ChangeHousehold, CorrectRating, HouseholdList, HouseholdRecord,
    HouseholdSlip, HouseholdView, problem::Problem,
};
use askama::Template;
use domain::{people::Permission, points::Mark};
use http::Method;
use web::problem::Rejection;

use super::Choice;
use crate::{
    answer::{Answer, lead_to},
    form::{is_beside, odd},
    frame::Frame,
    points::{RatingRow, ratings},
    villagers::{
        qr::{Picture, draw},
        receipt::grouped,
    },
    visit::Visit,
    when::When,
    words::Words,
};

/// A household in the list.
struct Row {
    number: u32,
    name: String,
    grid: String,
    standing: Option<(u32, i64)>,
}

impl Row {
    fn of(view: &HouseholdView) -> Self {
        Self {
            number: view.household,
            name: view.name.clone(),
            grid: view.grid.map(|grid| grid.to_string()).unwrap_or_default(),
            standing: view.standing.map(|one| (one.place, one.points)),
        }
    }
}

#[derive(Template)]
#[template(path = "desk/households.html")]
struct ListPage<'a> {
    frame: Frame,
    w: Words,
    as_of: When,
    rows: Vec<Row>,
    may_manage: bool,
    names: &'a str,
    grid: &'a str,
    problem: Option<Problem>,
}

fn check(visit: &Visit) -> Result<(), Problem> {
    match visit.may(Permission::ViewHouseholds) {
        true => Ok(()),
        false => Err(*Rejection::unknown_caller((
            "this page is for those who look after households; sign in",
            "这一页供管理住户的人使用；请登录",
        ))
        .0),
    }
}

/// Lists the households.
pub(super) async fn list(visit: Arc<Visit>) -> Answer {
    check(&visit)?;
    listed(&visit, None).await
}

async fn listed(visit: &Visit, problem: Option<Problem>) -> Answer {
    let w = visit.w;
    let found: HouseholdList = visit.calls.get(&visit.api("households")?).await?;
    let (frame, status) = Frame::desk(visit, w.pt_desk()).after(problem.as_ref());
    visit.page(
        status,
        &ListPage {
            frame,
            w,
            as_of: visit.when(found.as_of_ms),
            rows: found.households.iter().map(Row::of).collect(),
            may_manage: visit.may(Permission::ManageHouseholds),
            names: visit.form.typed("names"),
            grid: visit.form.typed("grid"),
            problem,
        },
    )
}

/// Adds households, one a line.
pub(super) async fn add(visit: Arc<Visit>) -> Answer {
    check(&visit)?;
    let grid = visit.form.get("grid").and_then(|text| text.parse().ok());
    let names = visit.form.typed("names").lines();
    let names = names.map(str::trim).filter(|name| !name.is_empty());
    let one = |name: &str| AddHousehold {
        name: name.to_owned(),
        grid,
    };
    let request = AddHouseholds {
        households: names.map(one).collect(),
    };
    let path = visit.api("households")?;
    match visit.calls.ask(Method::POST, &path, &request).await {
        Ok(_) => lead_to("/desk/households"),
        Err(problem) if is_beside(&problem) => listed(&visit, Some(problem)).await,
        Err(problem) => Err(problem),
    }
}

/// A label with the code of a household.
struct Label {
    number: u32,
    address: String,
    picture: Option<Picture>,
}

#[derive(Template)]
#[template(path = "desk/labels.html")]
struct LabelsPage {
    frame: Frame,
    w: Words,
    place: String,
    labels: Vec<Label>,
}

/// Shows the codes of all households, or of those of one grid, to print. A label has no name, because it hangs outside.
pub(super) async fn labels(visit: Arc<Visit>) -> Answer {
    check(&visit)?;
    let found: HouseholdList = visit.calls.get(&visit.api("households")?).await?;
    let grid = visit
        .query
        .get("grid")
        .and_then(|text| text.parse::<u32>().ok());
    let chosen = found.households.iter();
    let chosen = chosen.filter(|one| grid.is_none() || one.grid == grid);
    let label = |one: &HouseholdView| {
        let address = visit.address(&format!("/points/h/{}", one.household));
        Label {
            number: one.household,
            picture: draw(&address),
            address,
        }
    };
    visit.show(&LabelsPage {
        frame: Frame::desk(&visit, visit.w.pt_labels()),
        w: visit.w,
        place: visit.name_of(visit.division()?),
        labels: chosen.map(label).collect(),
    })
}

#[derive(Template)]
#[template(path = "desk/household.html")]
struct OnePage<'a> {
    frame: Frame,
    w: Words,
    as_of: When,
    number: u32,
    name: String,
    grid: String,
    account: String,
    is_gone: bool,
    standing: Option<String>,
    ratings: Vec<RatingRow>,
    marks: Vec<Choice>,
    may_manage: bool,
    may_correct: bool,
    may_rate: bool,
    /// A new slip: in groups, or `None` if it was shown already.
    slip: Option<Option<String>>,
    /// The rating whose correction was refused, and what was typed.
    typed: (&'a str, &'a str),
    problem: Option<Problem>,
}

/// Shows one household with its record.
pub(super) async fn one(visit: Arc<Visit>) -> Answer {
    check(&visit)?;
    shown(&visit, None, None).await
}

async fn shown(visit: &Visit, problem: Option<Problem>, slip: Option<Option<String>>) -> Answer {
    let w = visit.w;
    let number = odd(visit.param("household"));
    let path = visit.api(&format!("households/{number}/record"))?;
    let record: HouseholdRecord = visit.calls.get(&path).await?;
    let household = &record.household;
    let marks = Mark::ALL.iter().map(|mark| Choice {
        value: mark.to_string(),
        label: w.short(*mark),
        chosen: false,
    });
    let standing = household.standing;
    let text = |number: Option<u64>| number.map(|one| one.to_string()).unwrap_or_default();
    let title = w.pt_household_number(household.household);
    let (frame, status) = Frame::desk(visit, title).after(problem.as_ref());
    visit.page(
        status,
        &OnePage {
            frame,
            w,
            as_of: visit.when(record.as_of_ms),
            number: household.household,
            name: household.name.clone(),
            grid: text(household.grid.map(u64::from)),
            account: text(household.account),
            is_gone: household.gone,
            standing: standing.map(|one| w.pt_own_place(one.place, one.points)),
            ratings: ratings(visit, &record, "own"),
            marks: marks.collect(),
            may_manage: visit.may(Permission::ManageHouseholds),
            may_correct: visit.may(Permission::CorrectRating),
            may_rate: visit.may(Permission::RateHousehold) && !household.gone,
            slip,
            typed: (visit.form.typed("rating"), visit.form.typed("reason")),
            problem,
        },
    )
}

/// Draws a slip, changes the household, or corrects a rating.
pub(super) async fn act(visit: Arc<Visit>) -> Answer {
    check(&visit)?;
    let number = odd(visit.param("household"));
    let path = visit.api(&format!("households/{number}"))?;
    let done = match visit.form.typed("go") {
        "slip" => {
            let path = format!("{path}/slip");
            let sent = visit
                .calls
                .send(Method::POST, &path, axum::body::Body::empty());
            match sent.await {
                Ok(reply) => {
                    let drawn: HouseholdSlip = reply.read()?;
                    let slip = Some(drawn.slip).filter(|slip| *slip != web::gate::SHOWN_ONCE);
                    let slip = slip.map(|slip| grouped(slip.trim_start_matches("wjh_")));
                    return shown(&visit, None, Some(slip)).await;
                }
                refused => refused,
            }
        }
        "change" => {
            // An empty field takes away what was there.
            let typed = |name: &str| visit.form.get(name).unwrap_or("0");
            let unfit = |_| {
                *Rejection::unfit((
                    "grid and account are numbers; correct them",
                    "网格和账号要写编号；请更正",
                ))
                .0
            };
            let request = ChangeHousehold {
                name: visit.form.get("name").map(str::to_owned),
                grid: Some(typed("grid").parse().map_err(unfit)?),
                account: Some(typed("account").parse().map_err(unfit)?),
                gone: Some(visit.form.get("gone").is_some()),
            };
            visit.calls.ask(Method::PATCH, &path, &request).await
        }
        _ => {
            let rating = odd(visit.form.typed("rating"));
            let path = visit.api(&format!("ratings/{rating}/correct"))?;
            let request = CorrectRating {
                mark: visit.form.typed("mark").parse().ok(),
                reason: visit.form.typed("reason").to_owned(),
            };
            visit.calls.ask(Method::POST, &path, &request).await
        }
    };
    match done {
        Ok(_) => lead_to(&format!("/desk/households/{}", visit.param("household"))),
        Err(problem) if is_beside(&problem) => shown(&visit, Some(problem), None).await,
        Err(problem) => Err(problem),
    }
}
